//! `Sanctions`: some sanctions, found by whom they may meet. A line, or a newcomer, is not held against all of them.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::Arc;

use crate::account::AccountId;
use crate::name::Username;
use crate::network::Network;
use crate::sanction::{Sanction, Target};
use crate::tally;

/// Sanctions in the order in which they were made.
///
/// Invariant: `by` has each of them under all of its keys, and `prefixes` counts the networks of each length.
#[derive(Debug, Default)]
pub(in crate::chat) struct Sanctions {
    all: VecDeque<Arc<Sanction>>,
    by: HashMap<Key, Vec<Arc<Sanction>>>,
    prefixes: BTreeMap<(bool, u8), usize>,
}

/// What somebody and a sanction that meets them have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    Account(AccountId),
    Network(Network),
    /// One of the keys of a name, by its place among them.
    Name(usize, u64),
}

fn keys_of_name(name: &Username) -> impl Iterator<Item = Key> {
    let keys = name.keys().into_iter().enumerate();
    keys.map(|(place, key)| Key::Name(place, key))
}

fn keys(target: &Target) -> Vec<Key> {
    match target {
        Target::Account(id) => vec![Key::Account(*id)],
        Target::Network(network) => vec![Key::Network(*network)],
        Target::Name(name) => keys_of_name(name).collect(),
    }
}

impl Sanctions {
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    pub(in crate::chat) fn iter(&self) -> impl Iterator<Item = &Arc<Sanction>> + Clone {
        self.all.iter()
    }

    /// Adds one. It is the newest.
    pub(in crate::chat) fn push(&mut self, it: Arc<Sanction>) {
        for key in keys(&it.target) {
            self.by.entry(key).or_default().push(it.clone());
        }
        if let Target::Network(network) = &it.target {
            *self.prefixes.entry(network.length()).or_default() += 1;
        }
        self.all.push_back(it);
    }

    /// Drops the oldest.
    pub(super) fn pop_front(&mut self) {
        if let Some(it) = self.all.pop_front() {
            self.strike(&it);
        }
    }

    /// Drops those that do not count.
    pub(super) fn retain(&mut self, counts: impl Fn(&Sanction) -> bool) {
        tally::steps(self.all.len());
        if self.all.iter().all(|it| counts(it)) {
            return;
        }
        let (stay, go) = std::mem::take(&mut self.all)
            .into_iter()
            .partition(|it| counts(it));
        self.all = stay;
        let go: VecDeque<Arc<Sanction>> = go;
        go.iter().for_each(|it| self.strike(it));
    }

    /// Takes one out of the index.
    fn strike(&mut self, it: &Arc<Sanction>) {
        for key in keys(&it.target) {
            if let Some(some) = self.by.get_mut(&key) {
                some.retain(|other| !Arc::ptr_eq(it, other));
                if some.is_empty() {
                    self.by.remove(&key);
                }
            }
        }
        if let Target::Network(network) = &it.target
            && let Some(count) = self.prefixes.get_mut(&network.length())
        {
            *count -= 1;
            if *count == 0 {
                self.prefixes.remove(&network.length());
            }
        }
    }

    /// Those on this target.
    pub(super) fn on(&self, target: &Target) -> impl Iterator<Item = &Arc<Sanction>> {
        let key = keys(target).into_iter().next();
        let some = key.and_then(|it| self.by.get(&it)).into_iter().flatten();
        some.filter(move |it| it.target == *target)
    }

    /// The one of this number.
    pub(super) fn get(&self, id: u64) -> Option<&Arc<Sanction>> {
        let at = self.all.binary_search_by_key(&id, |it| it.id).ok()?;
        self.all.get(at)
    }

    /// The oldest of those that meet somebody, and that count.
    pub(super) fn find(
        &self,
        name: &Username,
        account: Option<AccountId>,
        address: IpAddr,
        counts: impl Fn(&Sanction) -> bool,
    ) -> Option<&Arc<Sanction>> {
        if self.all.is_empty() {
            return None;
        }
        let address = address.to_canonical();
        let lengths = self
            .prefixes
            .keys()
            .filter(|(is_v4, _)| *is_v4 == address.is_ipv4());
        let networks = lengths.map(|(_, prefix)| Key::Network(Network::around(address, *prefix)));
        let names = keys_of_name(name).filter(|_| account.is_none());
        let keys = account
            .map(Key::Account)
            .into_iter()
            .chain(networks)
            .chain(names);
        let found = keys
            .inspect(|_| tally::steps(1))
            .filter_map(|it| self.by.get(&it))
            .flatten();
        let found = found.inspect(|_| tally::steps(1));
        let met = found.filter(|it| counts(it) && it.meets(name, account, address));
        met.min_by_key(|it| it.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dice::Dice;
    use crate::sanction::SanctionKind;

    fn name(number: usize) -> Username {
        // Two of them look alike.
        let names = ["bob", "Bob", "b0b", "alice", "a1ice", "eve"];
        Username::parse(names[number % names.len()]).unwrap()
    }

    fn address(number: usize) -> IpAddr {
        let texts = [
            "192.0.2.1",
            "192.0.2.9",
            "192.0.3.1",
            "2001:db8::1",
            "2001:db8:0:1::1",
            "::ffff:192.0.2.1",
        ];
        texts[number % texts.len()].parse().unwrap()
    }

    fn made(id: u64, dice: &mut Dice) -> Sanction {
        let target = match dice.below(3) {
            0 => Target::Account(AccountId(dice.below(4) as u64)),
            1 => Target::Name(name(dice.below(6))),
            _ => {
                let address = address(dice.below(6)).to_canonical();
                let lengths: &[u8] = if address.is_ipv4() {
                    &[0, 8, 24, 32]
                } else {
                    &[32, 64, 128]
                };
                let length = lengths[dice.below(lengths.len())];
                Target::Network(Network::around(address, length))
            }
        };
        Sanction {
            id,
            kind: SanctionKind::Mute,
            target,
            name: None,
            room: None,
            is_for_all: dice.below(2) == 0,
            by: "olga".into(),
            reason: None,
            at: 0,
            until: Some(dice.below(50) as i64),
        }
    }

    #[test]
    fn they_are_found_as_if_all_were_looked_through() {
        let mut dice = Dice::new(17);
        let mut some = Sanctions::default();
        let mut hits = 0;
        for id in 0..2000 {
            match dice.below(8) {
                0 => some.pop_front(),
                1 => some.retain(|it| it.id % 7 != id % 7),
                _ => some.push(Arc::new(made(id, &mut dice))),
            }
            let account = Some(AccountId(dice.below(4) as u64)).filter(|_| dice.below(2) == 0);
            let (name, address, at) = (
                name(dice.below(6)),
                address(dice.below(6)),
                dice.below(50) as i64,
            );
            let counts = |it: &Sanction| it.holds(at);
            let expected = some
                .iter()
                .find(|it| counts(it) && it.meets(&name, account, address));
            let found = some.find(&name, account, address, counts);
            assert_eq!(found.map(|it| it.id), expected.map(|it| it.id));
            hits += usize::from(found.is_some());
        }
        assert!((500..2000).contains(&hits), "{hits}");
        some.retain(|_| false);
        assert!(some.is_empty() && some.by.is_empty() && some.prefixes.is_empty());
    }
}
