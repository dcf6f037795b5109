//! What always holds in the hub between two calls, checked in full: for unit tests and the fuzzer, in no other build.
//!
//! It only looks, and fails where something does not hold. It knows nothing of effects: what holds of those is checked by
//! whoever takes them.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::id::{PersonId, RoomId};
use crate::limits::{IGNORED, IGNORED_NAMES};
use crate::name::Username;

use super::Hub;
use super::roster::Person;

/// Everyone who is in the chat.
type Here<'a> = [(PersonId, &'a Person)];

impl Hub {
    /// Checks everything that always holds.
    ///
    /// # Panics
    ///
    /// Where something does not hold.
    pub fn check(&self) {
        let here: Vec<(PersonId, &Person)> = self.roster.people().map(|it| (it.id, it)).collect();
        self.check_connections(&here);
        self.check_names(&here);
        self.check_rooms(&here);
        self.check_ignores(&here);
        self.check_away(&here);
    }

    fn check_connections(&self, here: &Here<'_>) {
        for (id, it) in here {
            let at = it.peer().and_then(|peer| self.roster.at(peer));
            assert_eq!(at.map(|it| it.id), it.peer().map(|_| *id), "{}", it.name);
            assert_eq!(self.roster.person(*id).map(|it| it.id), Some(*id));
        }
        let connected = self.roster.peers().filter_map(|peer| self.roster.at(peer));
        let here = here.iter().filter(|(_, it)| it.peer().is_some());
        assert_eq!(
            connected.count(),
            here.count(),
            "somebody has two connections"
        );
    }

    fn check_names(&self, here: &Here<'_>) {
        let names: HashSet<&Username> = here.iter().map(|(_, it)| &it.name).collect();
        assert_eq!(names.len(), here.len(), "a name is there twice");
        assert_eq!(self.online(), here.len());
        for (id, it) in here {
            let found = self.roster.find(&it.name);
            assert_eq!(found.map(|it| it.id), Some(*id));
            assert!(self.roster.is_free(&it.name, Some(*id)), "{}", it.name);
        }
    }

    fn check_rooms(&self, here: &Here<'_>) {
        let mut members: BTreeMap<RoomId, BTreeSet<PersonId>> = BTreeMap::new();
        for (id, it) in here {
            members.entry(it.room).or_default().insert(*id);
        }
        let mut made = HashSet::new();
        for (id, room) in self.rooms.iter() {
            assert_eq!(
                members.remove(&id).unwrap_or_default(),
                room.members,
                "{}",
                room.name
            );
            let has_reason =
                !room.members.is_empty() || room.topic.is_some() || id == RoomId::LOBBY;
            assert!(has_reason, "{} has nobody in it", room.name);
            assert_eq!(self.rooms.find(&room.name), Some(id));
            assert!(made.insert(room.made), "{} is another room too", room.name);
        }
        assert!(members.is_empty(), "people are in no room: {members:?}");
    }

    fn check_away(&self, here: &Here<'_>) {
        let mut listed = BTreeSet::new();
        for (id, room) in self.rooms.iter() {
            listed.extend(room.away.people().map(|person| (id, person)));
        }
        let away = here.iter().filter(|(_, it)| it.away().is_some());
        let away: BTreeSet<(RoomId, PersonId)> = away.map(|(id, it)| (it.room, *id)).collect();
        assert_eq!(listed, away);
    }

    fn check_ignores(&self, here: &Here<'_>) {
        let mut links = BTreeSet::new();
        let mut owned = BTreeSet::new();
        for &(peer, it) in here {
            assert!(it.ignores().len() <= IGNORED && it.ignored_as().len() <= IGNORED_NAMES);
            for id in it.ignores() {
                assert!(links.insert((*id, peer)), "{} ignores twice", it.name);
            }
            owned.extend(it.ignored_as().iter().map(|id| (*id, peer)));
        }
        for (id, target) in self.targets.iter() {
            assert!(
                !target.by.is_empty(),
                "{} is ignored by nobody",
                target.name
            );
            for by in &target.by {
                assert!(links.remove(&(id, *by)), "{} is on no list", target.name);
            }
            let is_awaited = self.targets.awaiting(&target.name).any(|it| it == id);
            assert_eq!(is_awaited, !target.is_here, "{}", target.name);
            if target.is_here {
                assert!(
                    owned.remove(&(id, target.person)),
                    "{} is nobody",
                    target.name
                );
                assert!(!target.by.contains(&target.person), "it is themselves");
            }
        }
        assert!(links.is_empty() && owned.is_empty(), "{links:?} {owned:?}");
    }
}
