//! `Directory`: places of people by the keys of their names. One table holds them all. A name is in it once for each
//! distinct key: most names have only two or three.
//!
//! It keeps only places, four bytes a key. The caller tells it who has which name.

use std::hash::{BuildHasher, RandomState};

use hashbrown::HashTable;

use crate::name::Username;

use super::person::Place;

/// The names of some people.
#[derive(Debug, Default)]
pub(super) struct Directory {
    table: HashTable<Listed>,
    /// The keys of names are the same everywhere, so people could choose names that collide in a table with a fixed
    /// hash.
    hasher: RandomState,
}

/// A place, and which key of the name there this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Listed(u32);

/// Bits that it takes to number the keys of a name.
const KEY_BITS: u32 = Username::KEYS.next_power_of_two().ilog2();

impl Listed {
    fn new(place: Place, key: usize) -> Listed {
        debug_assert!(place.0 >> (u32::BITS - KEY_BITS) == 0, "so many people");
        Listed(place.0 << KEY_BITS | key as u32)
    }

    fn place(self) -> Place {
        Place(self.0 >> KEY_BITS)
    }

    fn key_of(self, name: &Username) -> u64 {
        name.keys()[(self.0 & ((1 << KEY_BITS) - 1)) as usize]
    }
}

impl Directory {
    /// A person who has a name with this key. `is_it` rejects people who have the same key for another reason.
    pub(super) fn find(&self, key: u64, is_it: impl Fn(Place) -> bool) -> Option<Place> {
        let found = self
            .table
            .find(self.hasher.hash_one(key), |it| is_it(it.place()));
        found.map(|it| it.place())
    }

    /// Lists the person in this place under the name that `names` gives for them.
    pub(super) fn insert<'a>(
        &mut self,
        place: Place,
        names: impl Fn(Place) -> Option<&'a Username>,
    ) {
        let Some(name) = names(place) else {
            return;
        };
        let hasher = &self.hasher;
        let hash = |it: &Listed| {
            let name = names(it.place());
            hasher.hash_one(name.map_or(0, |name| it.key_of(name)))
        };
        for (i, key) in distinct(name) {
            let hashed = hasher.hash_one(key);
            self.table
                .insert_unique(hashed, Listed::new(place, i), hash);
        }
    }

    /// Removes the person in this place from under a name that they had.
    pub(super) fn remove(&mut self, place: Place, name: &Username) {
        for (i, key) in distinct(name) {
            let listed = Listed::new(place, i);
            let hash = self.hasher.hash_one(key);
            if let Ok(entry) = self.table.find_entry(hash, |it| *it == listed) {
                entry.remove();
            }
        }
    }
}

#[cfg(any(test, fuzzing))]
impl Directory {
    /// Checks that these names are listed, once for each key that differs, and nothing else is.
    pub(super) fn check<'a>(&self, names: impl Iterator<Item = (Place, &'a Username)>) {
        let mut listed = 0;
        for (place, name) in names {
            let keys = std::collections::HashSet::from(name.keys());
            listed += keys.len();
            for key in keys {
                assert_eq!(self.find(key, |it| it == place), Some(place), "{name}");
            }
        }
        assert_eq!(self.table.len(), listed);
    }
}

/// The distinct keys of a name: the first of each group of equal ones.
fn distinct(name: &Username) -> impl Iterator<Item = (usize, u64)> {
    let keys = name.keys();
    let all = keys.into_iter().enumerate();
    all.filter(move |(i, key)| !keys[..*i].contains(key))
}
