//! Joining: the blocking start of a server, and its return after it lost its place.
//!
//! 1. It looks at Redis: its version, the kind of the key, its memory.
//! 2. It takes the lease of its name, as one that waits.
//! 3. It says `Hello` in the stream, and waits for the state of a server that stands. Each second it says Hello again, to
//!    the next one.
//! 4. If nobody stands, it writes `Found`, and its lease says in the same transaction that it stands. If no other `Found`
//!    comes first behind its last Hello, it has founded the chat with what it has. Otherwise it waits again.
//!
//! Why two never found: let the one whose `Found` comes first be the founder. Whoever said its last Hello before that finds
//! the `Found` in the stream behind it; whoever said it later has looked at the leases later, and saw the founder stand.
//!
//! A name without a lease may be a server that died, or one that is cut off while Redis was away. Nobody founds before such
//! a name had the time of a lease to come back.
//!
//! Whatever fails behind the first Hello, nobody knows which acts came through. So it begins anew with another epoch.

use std::time::{Duration, Instant};

use redis::cmd;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::limits::cluster::{
    ANSWER_TIMEOUT, HELLO_TURNS, HELLO_WAIT, LEASE_WAIT, SIZE_FIRST, START_TIMEOUT, STREAM_BYTES,
};

use super::Clock;
use super::connection::{Connection, Trouble, bytes, out_of_step, text};
use super::error::Error;
use super::id::{Position, StreamId};
use super::lease::{self, Lease};
use super::options::Options;
use super::pace::{Pace, most_entries};
use super::packet::Sealed;
use super::state;
use super::stream::{self, Shape};

/// How often a newcomer looks for the state.
const LOOK: Duration = Duration::from_millis(20);

/// What a server says when it comes.
pub struct Entrance<A> {
    /// A random number, never the same: the next epoch.
    pub epochs: Box<dyn FnMut() -> u64 + Send>,
    /// The act that greets the others, and asks the one whose turn it is for the state: 0 for the first.
    pub hello: Box<dyn Fn(u32) -> A + Send>,
    /// The act that says that this server stands with what it has itself.
    pub found: Box<dyn Fn() -> A + Send>,
    /// Whether an act is such an act.
    pub is_found: Box<dyn Fn(&A) -> bool + Send>,
}

/// A server that is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joined {
    /// Its epoch.
    pub epoch: u64,
    /// The number of its next act.
    pub next: u64,
    /// The entry behind which it reads on.
    pub position: Position,
    /// What the chat begins with.
    pub start: Start,
    /// What an operator should know about this Redis, as sentences.
    pub warnings: Vec<String>,
}

impl Joined {
    /// Whether this server founded the chat.
    pub fn is_founded(&self) -> bool {
        matches!(self.start, Start::Founded)
    }
}

/// What the chat of a newcomer begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// The state of the others, as of the position.
    State(Vec<u8>),
    /// What it has itself: it has founded the chat. The position is its first Hello. Behind that it finds the Hellos of
    /// others that came at the same time, and its own `Found`. A `Found` of another one may come behind it, and means
    /// nothing: whoever stands passes over it.
    Founded,
}

/// Joins a cluster, and waits until it is in. This may take as long as a lease, and longer while other servers start.
/// `wait` waits for a time, and returns whether to go on.
///
/// # Errors
///
/// [`Error`]. A Redis that is away for ten seconds is one.
pub fn join<A: Serialize + DeserializeOwned>(
    options: &Options,
    clock: &Clock,
    entrance: &mut Entrance<A>,
    wait: &mut dyn FnMut(Duration) -> bool,
) -> Result<Joined, Error> {
    join_from(options, clock, entrance, wait, None)
}

/// Joins, or joins again with the lease of an epoch that is given up. The latter waits for Redis as long as it takes.
pub(super) fn join_from<A: Serialize + DeserializeOwned>(
    options: &Options,
    clock: &Clock,
    entrance: &mut Entrance<A>,
    wait: &mut dyn FnMut(Duration) -> bool,
    before: Option<u64>,
) -> Result<Joined, Error> {
    let mut good = clock().instant;
    let mut mine: Vec<u64> = before.into_iter().collect();
    let mut pace = None;
    loop {
        let epoch = (entrance.epochs)();
        let mut attempt = Attempt {
            options,
            clock,
            entrance,
            wait,
            epoch,
            next: 1,
            hellos: Vec::new(),
            good: &mut good,
        };
        let why = match attempt.run(&mine) {
            Ok(joined) => return Ok(joined),
            Err(Trouble::Refused(why)) if before.is_none() => {
                let place = options.place().into();
                return Err(Error::Refused { place, why });
            }
            Err(Trouble::Away(why) | Trouble::Refused(why)) => why,
            Err(Trouble::Never(error)) => return Err(error),
        };
        let is_late = clock().instant.saturating_duration_since(good) >= START_TIMEOUT;
        if before.is_none() && is_late {
            let place = options.place().into();
            return Err(Error::Away { place, why });
        }
        // The lease may hold this one by now.
        mine.push(epoch);
        if !wait(pace.get_or_insert_with(|| Pace::new(epoch)).next()) {
            return Err(Error::Stopped);
        }
    }
}

/// One attempt, with one epoch and one connection.
struct Attempt<'a, A> {
    options: &'a Options,
    clock: &'a Clock,
    entrance: &'a Entrance<A>,
    wait: &'a mut dyn FnMut(Duration) -> bool,
    epoch: u64,
    /// The number of the next act.
    next: u64,
    hellos: Vec<Position>,
    /// When Redis last gave a good answer.
    good: &'a mut Instant,
}

impl<A: Serialize + DeserializeOwned> Attempt<'_, A> {
    fn run(&mut self, mine: &[u64]) -> Result<Joined, Trouble> {
        let mut connection = Connection::open(self.options, ANSWER_TIMEOUT)?;
        let warnings = look(&mut connection, self.options)?;
        *self.good = (self.clock)().instant;
        let lease = self.lease(false);
        lease::take(&mut connection, self.options, lease, mine, self.wait)?;
        let began = (self.clock)().instant;
        for turn in 0..HELLO_TURNS {
            let hello = self.say(&mut connection, (self.entrance.hello)(turn), None)?;
            self.hellos.push(hello);
            *self.good = (self.clock)().instant;
            let found = self.await_state(&mut connection)?;
            let start = match found {
                Some((position, state)) => Some((position, Start::State(state))),
                None if self.may_found(&mut connection, began)? => self.found(&mut connection)?,
                None => None,
            };
            if let Some((position, start)) = start {
                return Ok(Joined {
                    epoch: self.epoch,
                    next: self.next,
                    position,
                    start,
                    warnings,
                });
            }
            lease::renew(&mut connection, self.options, lease)?;
        }
        Err(Trouble::Never(Error::Unanswered))
    }

    fn lease(&self, is_standing: bool) -> Lease {
        let epoch = self.epoch;
        Lease { epoch, is_standing }
    }

    /// Says something in the stream. With a lease, it is set in the same transaction.
    fn say(
        &mut self,
        connection: &mut Connection,
        act: A,
        lease: Option<Lease>,
    ) -> Result<Position, Trouble> {
        let sealed = Sealed::cut(self.next, &[act]);
        let sealed = sealed.map_err(|why| Trouble::Never(Error::Unwritable(why)))?;
        let packet = sealed.first().ok_or_else(out_of_step)?;
        let (key, node) = (self.options.key(), self.options.node());
        let add = stream::add(key, most_entries(SIZE_FIRST), node, self.epoch, packet);
        let lease = lease.unwrap_or(self.lease(false));
        let commands = vec![add, stream::ask_shape(key)];
        let answers = lease::set_and(connection, self.options, lease, commands)?;
        let Some(answers) = answers else {
            let node = node.into();
            return Err(Trouble::Never(Error::Taken { node }));
        };
        self.next += 1;
        let id = answers.first().and_then(bytes).and_then(StreamId::parse);
        let shape = Shape::read(answers.get(1).ok_or_else(out_of_step)?)?;
        Ok(Position {
            id: id.ok_or_else(out_of_step)?,
            ordinal: shape.added,
            print: None,
        })
    }

    /// Waits for the answer to one of the Hellos.
    fn await_state(
        &mut self,
        connection: &mut Connection,
    ) -> Result<Option<(Position, Vec<u8>)>, Trouble> {
        let mut waited = Duration::ZERO;
        // Nobody is waited for who is not there.
        let leases = lease::all(connection, self.options)?;
        let others = leases
            .iter()
            .filter(|(node, _)| **node != *self.options.node());
        let is_alone = others.count() == 0;
        while waited < HELLO_WAIT && !is_alone {
            if let Some((hello, state)) = state::take(connection, self.options, self.epoch)? {
                let position = self.hellos.iter().find(|it| it.id == hello);
                if let Some(position) = position {
                    return Ok(Some((*position, state)));
                }
            }
            let leases = lease::all(connection, self.options)?;
            let mut others = leases
                .iter()
                .filter(|(node, _)| **node != *self.options.node());
            if others.all(|(_, lease)| lease.is_some_and(|it| !it.is_standing)) {
                break;
            }
            self.pause(LOOK)?;
            waited += LOOK;
        }
        Ok(None)
    }

    fn pause(&mut self, time: Duration) -> Result<(), Trouble> {
        let goes_on = (self.wait)(time);
        goes_on.then_some(()).ok_or(Trouble::Never(Error::Stopped))
    }

    /// Whether nobody stands, and nobody can still turn out to.
    fn may_found(&self, connection: &mut Connection, began: Instant) -> Result<bool, Trouble> {
        let now = (self.clock)().instant;
        let is_long = now.saturating_duration_since(began) >= LEASE_WAIT;
        for (node, lease) in lease::all(connection, self.options)? {
            let is_own = *node == *self.options.node();
            match lease {
                _ if is_own => {}
                Some(lease) if lease.is_standing => return Ok(false),
                Some(_) => {}
                None if is_long => lease::forget(connection, self.options, &node)?,
                None => return Ok(false),
            }
        }
        Ok(true)
    }

    /// Writes `Found`. `None`: another one was first.
    fn found(&mut self, connection: &mut Connection) -> Result<Option<(Position, Start)>, Trouble> {
        let (Some(first), Some(last)) = (self.hellos.first(), self.hellos.last()) else {
            return Err(out_of_step());
        };
        let (first, mut behind) = (*first, last.id);
        let found = self.say(connection, (self.entrance.found)(), Some(self.lease(true)))?;
        loop {
            let asked = stream::ask_behind(self.options.key(), behind, None);
            let answer = connection.ask(&asked)?;
            let entries = stream::entries_behind(&answer)?;
            // It was removed already: nobody knows who was first.
            let Some(end) = entries.last() else {
                return Err(Trouble::Away("the stream is too short".into()));
            };
            behind = end.id;
            for raw in &entries {
                let entry = raw.open::<A>(self.options.key())?;
                if entry.id == found.id {
                    return Ok(Some((first, Start::Founded)));
                }
                if entry.packet.acts.iter().any(&self.entrance.is_found) {
                    let lease = self.lease(false);
                    lease::renew(connection, self.options, lease)?;
                    return Ok(None);
                }
            }
        }
    }
}

/// Looks whether this Redis can be used, and returns what an operator should know about it.
fn look(connection: &mut Connection, options: &Options) -> Result<Vec<String>, Trouble> {
    let info = text(&connection.ask(&cmd("INFO"))?).ok_or_else(out_of_step)?;
    let field = |name: &str| {
        let mut lines = info.lines().filter_map(|it| it.split_once(':'));
        lines.find(|it| it.0 == name).map(|it| it.1.trim())
    };
    // Valkey tells the version of Redis that it is like, too.
    let version = field("redis_version").unwrap_or("unknown");
    let major = version
        .split('.')
        .next()
        .and_then(|it| it.parse::<u32>().ok());
    if major.is_none_or(|it| it < 7) {
        let (place, version) = (options.place().into(), version.into());
        return Err(Trouble::Never(Error::Version { place, version }));
    }
    let mut kind = cmd("TYPE");
    kind.arg(options.key());
    let kind = text(&connection.ask(&kind)?).ok_or_else(out_of_step)?;
    if kind != "stream" && kind != "none" {
        let key = options.key().into();
        return Err(Trouble::Never(Error::Kind { key, kind }));
    }
    let mut warnings = Vec::new();
    let place = options.place();
    if let Some(policy) = field("maxmemory_policy").filter(|&it| it != "noeviction") {
        warnings.push(format!(
            "Redis at {place} removes keys when it is full (maxmemory-policy {policy}), the chat's too; set it to noeviction"
        ));
    }
    let most: Option<u64> = field("maxmemory").and_then(|it| it.parse().ok());
    if let Some(most) = most.filter(|&it| it > 0 && it < STREAM_BYTES) {
        warnings.push(format!(
            "Redis at {place} may take {most} bytes (maxmemory), and the chat alone takes up to {STREAM_BYTES}; let it have more"
        ));
    }
    Ok(warnings)
}
