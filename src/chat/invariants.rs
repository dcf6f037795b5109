//! What always holds in the hub between two calls, checked in full: for unit tests and the fuzzer, in no other build.
//!
//! It only looks, and fails where something does not hold. It knows nothing of effects: what holds of those is checked by
//! whoever takes them.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::id::{PeerId, RoomId};
use crate::limits::{IGNORED, IGNORED_NAMES};
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
        self.check_away(&here);
    }

    fn check_names(&self, here: &Here<'_>) {
        let names: HashSet<&Username> = here.iter().map(|(_, it)| &it.name).collect();
        assert_eq!(names.len(), here.len(), "a name is there twice");
        assert_eq!(self.online(), here.len());
        for (peer, it) in here {
            assert_eq!(self.roster.find(&it.name), Some(*peer));
            assert_eq!(self.roster.find_alike(&it.name, *peer), None, "{}", it.name);
        }
    }

    fn check_rooms(&self, here: &Here<'_>) {
        let mut members: BTreeMap<RoomId, BTreeSet<u32>> = BTreeMap::new();
        for (peer, it) in here {
            members.entry(it.room).or_default().insert(peer.slot);
        }
        let mut lives = HashSet::new();
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
            assert!(lives.insert(room.life), "{} lives twice", room.name);
        }
        assert!(members.is_empty(), "people are in no room: {members:?}");
    }

    fn check_away(&self, here: &Here<'_>) {
        let mut listed = BTreeSet::new();
        for (id, room) in self.rooms.iter() {
            listed.extend(room.away.people().map(|peer| (id, peer)));
        }
        let away = here.iter().filter(|(_, it)| it.away().is_some());
        let away: BTreeSet<(RoomId, PeerId)> = away.map(|(peer, it)| (it.room, *peer)).collect();
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
