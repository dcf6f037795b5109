//! How often passwords may be tried, as the model knows it: for each key, how much of the time is taken.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use crate::limits::accounts::{
    ATTEMPT_INTERVAL, ATTEMPTS, REGISTERED_WITHIN, REGISTRATIONS, UNKNOWN_WAIT,
};

/// Somebody who tries a password.
#[derive(Debug, Clone, Copy)]
pub(super) struct Attempt {
    pub(super) account: u64,
    pub(super) address: IpAddr,
    pub(super) is_known: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    Address(IpAddr),
    Account(u64),
    Pair(u64, IpAddr),
    Registrations(Option<IpAddr>),
}

#[derive(Debug, Default)]
pub(super) struct Attempts {
    taken: HashMap<Key, (Duration, Instant)>,
    /// When an address may try again.
    passes: HashMap<(u64, IpAddr), Instant>,
}

impl Attempts {
    fn taken(&self, now: Instant, key: Key) -> Duration {
        let taken = self.taken.get(&key);
        taken.map_or(Duration::ZERO, |(taken, since)| {
            taken.saturating_sub(now.duration_since(*since))
        })
    }

    fn may(&self, now: Instant, key: Key, most: u32, each: Duration) -> Result<(), Duration> {
        let over = (self.taken(now, key) + each).saturating_sub(each * most);
        if over.is_zero() { Ok(()) } else { Err(over) }
    }

    fn add(&mut self, now: Instant, key: Key, most: u32, each: Duration) -> Result<(), Duration> {
        self.may(now, key, most, each)?;
        let taken = self.taken(now, key) + each;
        self.taken.insert(key, (taken, now));
        Ok(())
    }

    /// Counts an attempt, or says how long to wait.
    pub(super) fn take(&mut self, now: Instant, it: Attempt) -> Result<(), Duration> {
        let (most, each) = (ATTEMPTS, ATTEMPT_INTERVAL);
        let pair = (it.account, it.address);
        if it.is_known {
            return self.add(now, Key::Pair(pair.0, pair.1), most, each);
        }
        let address = Key::Address(it.address);
        self.may(now, address, most, each)?;
        match self.passes.get(&pair) {
            Some(at) if *at > now => return Err(*at - now),
            Some(_) => drop(self.passes.remove(&pair)),
            None => {
                if self.add(now, Key::Account(it.account), most, each).is_err() {
                    self.passes.insert(pair, now + UNKNOWN_WAIT);
                    return Err(UNKNOWN_WAIT);
                }
            }
        }
        self.add(now, address, most, each)
    }

    pub(super) fn give_back(&mut self, it: Attempt) {
        let keys = match it.is_known {
            true => vec![Key::Pair(it.account, it.address)],
            false => vec![Key::Address(it.address), Key::Account(it.account)],
        };
        for key in keys {
            if let Some((taken, _)) = self.taken.get_mut(&key) {
                *taken = taken.saturating_sub(ATTEMPT_INTERVAL);
            }
        }
    }

    /// Whether somebody may make an account, or how long to wait.
    pub(super) fn may_register(&self, now: Instant, address: IpAddr) -> Result<(), Duration> {
        for (key, most) in registrations(address) {
            self.may(now, key, most, REGISTERED_WITHIN / most)?;
        }
        Ok(())
    }

    /// Counts the making of an account, or says how long to wait.
    pub(super) fn register(&mut self, now: Instant, address: IpAddr) -> Result<(), Duration> {
        self.may_register(now, address)?;
        for (key, most) in registrations(address) {
            self.add(now, key, most, REGISTERED_WITHIN / most)?;
        }
        Ok(())
    }
}

/// What counts the accounts that are made: all of them, and those from one address.
fn registrations(address: IpAddr) -> [(Key, u32); 2] {
    [
        (Key::Registrations(None), REGISTRATIONS.0),
        (Key::Registrations(Some(address)), REGISTRATIONS.1),
    ]
}
