//! Leases: who lives. `KEY:lease:NODE` holds the epoch of a server and whether it stands, and runs out unless the server
//! renews it. `KEY:nodes` is the set of names that have leases or had them.
//!
//! What always holds: a lease is set only where there is none, and changed only by the one whose epoch it holds. That is
//! watched by Redis itself (`WATCH`), without a script.

use std::sync::Arc;
use std::time::Duration;

use redis::{Cmd, Value, cmd};

use crate::limits::cluster::{LEASE, LEASE_SLACK, LEASE_WAIT};

use super::connection::{Connection, Trouble, array, bytes, number, out_of_step, refusal, text};
use super::error::Error;
use super::options::Options;

/// How often a lease that is to be changed may change by itself meanwhile.
const TRIES: u32 = 5;

/// What a lease says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lease {
    pub(super) epoch: u64,
    /// Whether the server has the state, and answers those that come.
    pub(super) is_standing: bool,
}

/// The name of a server, and its lease if it has one.
pub(super) type Named = (Arc<str>, Option<Lease>);

impl Lease {
    fn write(self) -> String {
        let word = if self.is_standing {
            "standing"
        } else {
            "waiting"
        };
        format!("{:016x} {word}", self.epoch)
    }

    fn parse(text: &[u8]) -> Option<Lease> {
        let (epoch, word) = std::str::from_utf8(text).ok()?.split_once(' ')?;
        let is_standing = match word {
            "standing" => true,
            "waiting" => false,
            _ => return None,
        };
        let epoch = u64::from_str_radix(epoch, 16).ok()?;
        Some(Lease { epoch, is_standing })
    }
}

fn key(options: &Options, node: &str) -> String {
    options.under(&format!("lease:{node}"))
}

fn set(options: &Options, lease: Lease) -> Cmd {
    let mut it = cmd("SET");
    it.arg(key(options, options.node())).arg(lease.write());
    it.arg("PX").arg(LEASE.as_millis().to_string());
    it
}

fn of_names(options: &Options, what: &str) -> Cmd {
    let mut it = cmd(what);
    it.arg(options.under("nodes")).arg(options.node());
    it
}

fn taken(options: &Options) -> Trouble {
    let node = options.node().into();
    Trouble::Never(Error::Taken { node })
}

/// Takes the lease of this server's name. `mine` are epochs that this server had and gives up. If another server has
/// the lease, it waits until it runs out, with `wait`, which returns whether to go on.
pub(super) fn take(
    connection: &mut Connection,
    options: &Options,
    lease: Lease,
    mine: &[u64],
    wait: &mut dyn FnMut(Duration) -> bool,
) -> Result<(), Trouble> {
    let mut waited = Duration::ZERO;
    let mut known: Option<(Vec<u8>, Duration)> = None;
    loop {
        if swap(connection, options, Some(lease), mine)? {
            return Ok(());
        }
        let lease_key = key(options, options.node());
        let mut get = cmd("GET");
        get.arg(&lease_key);
        let mut left = cmd("PTTL");
        left.arg(&lease_key);
        let answers = connection.ask_all(&[get, left])?;
        let held = answers.first().and_then(bytes).map(<[u8]>::to_vec);
        let left = answers.get(1).and_then(number).unwrap_or(0);
        let left = Duration::from_millis(left.try_into().unwrap_or(0));
        let Some(held) = held else { continue };
        let is_renewed =
            known.is_some_and(|(then, had)| then != held || left > had.saturating_add(LEASE_SLACK));
        if is_renewed || waited >= LEASE_WAIT {
            return Err(taken(options));
        }
        known = Some((held, left));
        let pause = left.clamp(Duration::from_millis(10), Duration::from_millis(250));
        waited += pause;
        if !wait(pause) {
            return Err(Trouble::Never(Error::Stopped));
        }
    }
}

/// Renews the lease of this server, or takes it again where it ran out.
///
/// # Errors
///
/// [`Error::Taken`], if another epoch has it.
pub(super) fn renew(
    connection: &mut Connection,
    options: &Options,
    lease: Lease,
) -> Result<(), Trouble> {
    let is_renewed = swap(connection, options, Some(lease), &[lease.epoch])?;
    is_renewed.then_some(()).ok_or_else(|| taken(options))
}

/// Gives up the lease of an epoch, if it has it.
pub(super) fn release(
    connection: &mut Connection,
    options: &Options,
    epoch: u64,
) -> Result<(), Trouble> {
    swap(connection, options, None, &[epoch]).map(drop)
}

/// Sets or removes the lease, if there is none or it holds an epoch of `mine`. Returns whether it did.
fn swap(
    connection: &mut Connection,
    options: &Options,
    lease: Option<Lease>,
    mine: &[u64],
) -> Result<bool, Trouble> {
    for _ in 0..TRIES {
        if !may_write(connection, options, mine)? {
            return Ok(false);
        }
        let commands = match lease {
            Some(lease) => [set(options, lease), of_names(options, "SADD")],
            None => {
                let mut remove = cmd("DEL");
                remove.arg(key(options, options.node()));
                [remove, of_names(options, "SREM")]
            }
        };
        if all_done(connection.transact(&commands)?)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Watches the lease of this server, and tells whether it may be changed by the one that had the epochs
/// `mine`.
fn may_write(
    connection: &mut Connection,
    options: &Options,
    mine: &[u64],
) -> Result<bool, Trouble> {
    let (mut watch, mut get) = (cmd("WATCH"), cmd("GET"));
    watch.arg(key(options, options.node()));
    get.arg(key(options, options.node()));
    let held = connection.ask_all(&[watch, get])?;
    let held = held.get(1).and_then(bytes);
    let may = held.is_none_or(|it| Lease::parse(it).is_some_and(|it| mine.contains(&it.epoch)));
    if !may {
        connection.ask(&cmd("UNWATCH"))?;
    }
    Ok(may)
}

/// Whether a transaction was done, without an error.
fn all_done(answers: Option<Vec<Value>>) -> Result<bool, Trouble> {
    match answers {
        None => Ok(false),
        Some(answers) => match answers.iter().find_map(refusal) {
            Some(trouble) => Err(trouble),
            None => Ok(true),
        },
    }
}

/// Adds an entry while the lease says something new, both or none. `None`: the lease is another's by now.
pub(super) fn set_and(
    connection: &mut Connection,
    options: &Options,
    lease: Lease,
    commands: Vec<Cmd>,
) -> Result<Option<Vec<Value>>, Trouble> {
    for _ in 0..TRIES {
        if !may_write(connection, options, &[lease.epoch])? {
            return Ok(None);
        }
        let mut all = commands.clone();
        all.push(set(options, lease));
        if let Some(answers) = connection.transact(&all)? {
            return match answers.iter().find_map(refusal) {
                Some(trouble) => Err(trouble),
                None => Ok(Some(answers)),
            };
        }
    }
    Ok(None)
}

/// All names, each with its lease if it has one.
pub(super) fn all(connection: &mut Connection, options: &Options) -> Result<Vec<Named>, Trouble> {
    let mut names = cmd("SMEMBERS");
    names.arg(options.under("nodes"));
    let names = connection.ask(&names)?;
    let names: Option<Vec<String>> = array(&names).iter().map(text).collect();
    let names = names.ok_or_else(out_of_step)?;
    let names = names.into_iter().map(Arc::from).collect();
    of(connection, options, names)
}

/// These names, each with its lease if it has one.
pub(super) fn of(
    connection: &mut Connection,
    options: &Options,
    names: Vec<Arc<str>>,
) -> Result<Vec<Named>, Trouble> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let mut get = cmd("MGET");
    for name in &names {
        get.arg(key(options, name));
    }
    let leases = connection.ask(&get)?;
    let leases = array(&leases);
    if leases.len() != names.len() {
        return Err(out_of_step());
    }
    let leases = leases.iter().map(|it| bytes(it).and_then(Lease::parse));
    Ok(names.into_iter().zip(leases).collect())
}

/// Forgets a name that has no lease any more. If it gets one again, it is noted again with the next renewal.
pub(super) fn forget(
    connection: &mut Connection,
    options: &Options,
    node: &str,
) -> Result<(), Trouble> {
    let mut it = cmd("SREM");
    it.arg(options.under("nodes")).arg(node);
    connection.ask(&it).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_is_read_as_it_is_written() {
        for (epoch, is_standing) in [(0, true), (u64::MAX, false), (0xabc, true)] {
            let lease = Lease { epoch, is_standing };
            assert_eq!(Lease::parse(lease.write().as_bytes()), Some(lease));
        }
        for bad in ["", "abc", "x standing", "abc sitting"] {
            assert_eq!(Lease::parse(bad.as_bytes()), None, "{bad}");
        }
    }
}
