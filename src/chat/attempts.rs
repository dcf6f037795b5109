//! `Attempts`: how many passwords may be tried, before any is hashed; and how many accounts may be made. Only this server
//! counts them, by its clock.
//!
//! A bucket holds so many attempts, and one comes back after each interval. It is kept as the one time at which it will
//! be full, so that a bucket that is full is not kept.
//!
//! Guesses of others never keep the owner of an account out: from an address that they came from before only what was
//! tried from there counts, and from any other they wait for half a minute at most.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use crate::account::AccountId;
use crate::limits::accounts::{
    ATTEMPT_INTERVAL, ATTEMPTS, COUNTED, REGISTERED_WITHIN, REGISTRATIONS, UNKNOWN_WAIT,
};

/// The buckets.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    addresses: Buckets<IpAddr>,
    accounts: Buckets<AccountId>,
    pairs: Buckets<(AccountId, IpAddr)>,
    /// When an address may try the password of an account that had no attempts left for unknown addresses.
    passes: HashMap<(AccountId, IpAddr), Instant>,
    registrations: Buckets<Option<IpAddr>>,
}

/// Somebody who tries a password.
#[derive(Debug, Clone, Copy)]
pub(super) struct Attempt {
    pub(super) account: AccountId,
    /// Their address: of IPv6 its /64.
    pub(super) address: IpAddr,
    /// Whether the owner came from there before.
    pub(super) is_known: bool,
}

impl Attempts {
    /// Counts an attempt. If there have been too many, says how long to wait.
    pub(super) fn take(&mut self, now: Instant, it: Attempt) -> Result<(), Duration> {
        let Attempt {
            account,
            address,
            is_known,
        } = it;
        let pair = (account, address);
        if is_known {
            return self.pairs.take(now, pair, ATTEMPTS, ATTEMPT_INTERVAL);
        }
        self.addresses
            .may(now, address, ATTEMPTS, ATTEMPT_INTERVAL)?;
        match self.passes.get(&pair) {
            Some(at) if *at > now => return Err(*at - now),
            Some(_) => drop(self.passes.remove(&pair)),
            None => {
                let taken = self.accounts.take(now, account, ATTEMPTS, ATTEMPT_INTERVAL);
                if taken.is_err() {
                    make_room(&mut self.passes, |at| *at + ATTEMPT_INTERVAL > now);
                    self.passes.insert(pair, now + UNKNOWN_WAIT);
                    return Err(UNKNOWN_WAIT);
                }
            }
        }
        self.addresses
            .take(now, address, ATTEMPTS, ATTEMPT_INTERVAL)
    }

    /// Gives an attempt back: the password was right, or nobody found out.
    pub(super) fn give_back(&mut self, it: Attempt) {
        if it.is_known {
            return self
                .pairs
                .give_back((it.account, it.address), ATTEMPT_INTERVAL);
        }
        self.addresses.give_back(it.address, ATTEMPT_INTERVAL);
        self.accounts.give_back(it.account, ATTEMPT_INTERVAL);
    }

    /// Whether an account may be made from an address. If there have been too many, says how long to wait.
    pub(super) fn may_register(&self, now: Instant, address: IpAddr) -> Result<(), Duration> {
        for (key, most) in registrations(address) {
            let interval = REGISTERED_WITHIN / most;
            self.registrations.may(now, key, most, interval)?;
        }
        Ok(())
    }

    /// Counts the making of an account, if it may be made.
    pub(super) fn register(&mut self, now: Instant, address: IpAddr) -> Result<(), Duration> {
        self.may_register(now, address)?;
        for (key, most) in registrations(address) {
            let interval = REGISTERED_WITHIN / most;
            self.registrations.take(now, key, most, interval)?;
        }
        Ok(())
    }
}

/// The buckets of everyone and of an address, with the accounts that may be made from there.
fn registrations(address: IpAddr) -> [(Option<IpAddr>, u32); 2] {
    let (all, one) = REGISTRATIONS;
    [(None, all), (Some(address), one)]
}

/// The buckets of some kind that are not full, each with the time at which it will be.
#[derive(Debug)]
struct Buckets<K>(HashMap<K, Instant>);

impl<K> Default for Buckets<K> {
    fn default() -> Buckets<K> {
        Buckets(HashMap::new())
    }
}

impl<K: Hash + Eq> Buckets<K> {
    /// Whether one more may be taken, or how long to wait.
    fn may(&self, now: Instant, key: K, most: u32, interval: Duration) -> Result<(), Duration> {
        let full = self.0.get(&key).map_or(now, |it| (*it).max(now));
        let wait = (full + interval).saturating_duration_since(now + interval * most);
        if wait.is_zero() { Ok(()) } else { Err(wait) }
    }

    fn take(&mut self, now: Instant, key: K, most: u32, interval: Duration) -> Result<(), Duration>
    where
        K: Copy,
    {
        self.may(now, key, most, interval)?;
        make_room(&mut self.0, |full| *full > now);
        let full = self.0.entry(key).or_insert(now);
        *full = (*full).max(now) + interval;
        Ok(())
    }

    fn give_back(&mut self, key: K, interval: Duration) {
        if let Some(full) = self.0.get_mut(&key) {
            *full = full.checked_sub(interval).unwrap_or(*full);
        }
    }
}

/// Removes what no longer counts, if there is much. If all counts, it begins anew: so many addresses have other means.
fn make_room<K: Hash + Eq>(map: &mut HashMap<K, Instant>, counts: impl Fn(&Instant) -> bool) {
    if map.len() >= COUNTED {
        map.retain(|_, at| counts(at));
        if map.len() >= COUNTED {
            map.clear();
        }
        map.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANN: AccountId = AccountId(1);

    fn attempt(last: u8, is_known: bool) -> Attempt {
        Attempt {
            account: ANN,
            address: [192, 0, 2, last].into(),
            is_known,
        }
    }

    fn fails(attempts: &mut Attempts, now: Instant, it: Attempt, times: u32) {
        (0..times).for_each(|_| attempts.take(now, it).expect("there is one"));
    }

    #[test]
    fn an_address_has_ten_and_one_comes_back_each_minute() {
        let (mut attempts, now) = (Attempts::default(), Instant::now());
        let (other, guest) = (AccountId(2), attempt(1, false));
        (0..ATTEMPTS).for_each(|number| {
            let account = [ANN, other][number as usize % 2];
            let it = Attempt { account, ..guest };
            attempts.take(now, it).expect("there is one");
        });
        assert_eq!(attempts.take(now, guest), Err(ATTEMPT_INTERVAL));
        let later = now + ATTEMPT_INTERVAL;
        assert_eq!(attempts.take(later, guest), Ok(()));
        assert!(attempts.take(later, guest).is_err());
    }

    #[test]
    fn guesses_from_elsewhere_do_not_keep_the_owner_out() {
        let (mut attempts, now) = (Attempts::default(), Instant::now());
        (0..200).for_each(|last| _ = attempts.take(now, attempt(last, false)));
        assert_eq!(attempts.take(now, attempt(250, true)), Ok(()));
        // From an address that she never came from she waits, whatever the others go on doing.
        let new = attempt(251, false);
        assert_eq!(attempts.take(now, new), Err(UNKNOWN_WAIT));
        let later = now + UNKNOWN_WAIT;
        (0..200).for_each(|last| _ = attempts.take(later, attempt(last, false)));
        assert_eq!(attempts.take(later, new), Ok(()));
    }

    #[test]
    fn a_right_password_takes_none() {
        let (mut attempts, now) = (Attempts::default(), Instant::now());
        for is_known in [false, true] {
            for _ in 0..3 * ATTEMPTS {
                fails(&mut attempts, now, attempt(1, is_known), 1);
                attempts.give_back(attempt(1, is_known));
            }
        }
    }

    #[test]
    fn three_accounts_an_hour_come_from_an_address_and_thirty_from_all() {
        let (mut attempts, now) = (Attempts::default(), Instant::now());
        for number in 0..30 {
            let address = [192, 0, 2, number / 3].into();
            assert_eq!(attempts.register(now, address), Ok(()), "{number}");
            let is_last = number % 3 == 2;
            assert!(!is_last || attempts.register(now, address).is_err());
        }
        assert!(attempts.register(now, [192, 0, 2, 99].into()).is_err());
    }
}
