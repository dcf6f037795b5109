//! What always holds in the hub between two calls, checked in full: for unit tests and the fuzzer, in no other build.
//!
//! It only looks, and fails where something does not hold. It knows nothing of effects: what holds of those is checked by
//! whoever takes them.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::id::{PeerId, RoomId};
use crate::name::Username;

use super::Hub;
use super::roster::Person;

/// Everyone who is in the chat.
type Here<'a> = [(PeerId, &'a Person)];

impl Hub {
    /// Checks everything that always holds.
    ///
    /// # Panics
    ///
    /// Where something does not hold.
    pub fn check(&self) {
        let person = |peer| Some((peer, self.roster.person(peer)?));
        let here: Vec<(PeerId, &Person)> = self.roster.peers().filter_map(person).collect();
        self.check_names(&here);
        self.check_rooms(&here);
        self.check_ignores(&here);
        let away = here.iter().filter(|(_, it)| it.away().is_some()).count();
        assert_eq!(self.away, away);
    }

    fn check_names(&self, here: &Here<'_>) {
        let names: HashSet<&Username> = here.iter().map(|(_, it)| &it.name).collect();
        assert_eq!(names.len(), here.len(), "a name is there twice");
        assert_eq!(self.online(), here.len());
        for (peer, it) in here {
            assert_eq!(self.roster.find(&it.name), Some(*peer));
        }
    }

    fn check_rooms(&self, here: &Here<'_>) {
        let mut counts = BTreeMap::new();
        for (_, it) in here {
            *counts.entry(it.room).or_insert(0) += 1;
        }
        for (id, room) in self.rooms.iter() {
            let people = counts.remove(&id).unwrap_or(0);
            assert_eq!(room.people, people, "{}", room.name);
            let has_reason = people > 0 || room.topic.is_some() || id == RoomId::LOBBY;
            assert!(has_reason, "{} has nobody in it", room.name);
            assert_eq!(self.rooms.find(&room.name), Some(id));
        }
        assert!(counts.is_empty(), "people are in no room: {counts:?}");
    }

    fn check_ignores(&self, here: &Here<'_>) {
        let mut links = BTreeSet::new();
        let mut awaited = 0;
        for &(by, it) in here {
            let names: HashSet<&Username> = it.ignores().iter().map(|it| &it.name).collect();
            assert_eq!(names.len(), it.ignores().len(), "{} ignores twice", it.name);
            for ignored in it.ignores() {
                let holder = self.roster.find(&ignored.name);
                if ignored.is_here {
                    assert_eq!(holder, Some(ignored.peer), "{} is not here", ignored.name);
                    let whom = self.roster.person(ignored.peer);
                    let written = whom.map(|it| it.name.as_str());
                    assert_eq!(written, Some(ignored.name.as_str()));
                    assert_ne!(ignored.peer, by, "{} ignores themselves", it.name);
                    assert!(links.insert((by, ignored.peer)));
                } else {
                    assert!(holder.is_none_or(|holder| holder == by), "not linked");
                    assert!(self.awaited[&ignored.name].contains(&by));
                    awaited += 1;
                }
            }
        }
        let waiting: usize = self.awaited.values().map(Vec::len).sum();
        assert_eq!(awaited, waiting);
        assert!(self.awaited.values().all(|by| !by.is_empty()));
        for &(whom, it) in here {
            for &by in it.ignored_by() {
                let is_linked = links.remove(&(by, whom));
                assert!(is_linked, "{} is ignored by nobody", it.name);
            }
        }
        assert!(links.is_empty(), "links of one side: {links:?}");
    }
}
