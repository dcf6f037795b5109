//! The invariants of the hub between two calls, checked in full, only in builds of unit tests and the fuzzer.
//!
//! The check changes nothing, and fails if an invariant does not hold. It knows nothing of effects: code that takes
//! effects checks theirs.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::id::{PeerId, PersonId, RoomId};
use crate::limits::owning::{ROOM_KICKS, ROOM_PEOPLE, ROOMS_OWNED};
use crate::limits::{IGNORED, IGNORED_NAMES, ROOMS_HEARD};
use crate::name::Username;

use super::person::{Person, Place};
use super::room::Room;
use super::{Audience, Hub};

/// Everyone who is in the chat.
type Here<'a> = [(Place, &'a Person)];

impl Hub {
    /// Checks all invariants.
    ///
    /// # Panics
    ///
    /// If an invariant does not hold.
    pub fn check(&self) {
        let here: Vec<(Place, &Person)> = self.roster.people().collect();
        self.check_connections(&here);
        self.check_names(&here);
        self.check_rooms(&here);
        self.check_ignores(&here);
        self.check_away(&here);
        self.check_accounts(&here);
        self.seats.check(|id| {
            let person = self.roster.get(self.roster.place(id)?)?;
            Some(person.slot.is_some())
        });
    }

    fn check_accounts(&self, here: &Here<'_>) {
        for (place, it) in here {
            let account = self.account_of(it);
            assert!(account.is_none_or(|it| it.is_owned() && it.place == Some(*place)));
            let alike = self.accounts.find_alike(&it.name);
            let alike = alike.and_then(|it| self.accounts.get(it));
            let is_theirs = alike.is_none_or(|found| {
                !found.is_owned() || account.is_some_and(|it| it.id == found.id)
            });
            assert!(is_theirs, "{} is somebody else", it.name);
        }
        self.accounts.check();
        let seated = self.accounts.iter().filter(|it| it.place.is_some()).count();
        let members = here.iter().filter(|(_, it)| it.account.is_some());
        assert_eq!(seated, members.count());
    }

    /// Checks that somebody who has just been told something may see the room in which it was said.
    ///
    /// # Panics
    ///
    /// If they may not.
    pub fn check_reader(&self, peer: PeerId, to: &Audience) {
        let Audience::Room { room, .. } = to else {
            return;
        };
        // Rooms vanish and people leave by the same line.
        if let (Some(person), Some(it)) = (self.roster.at(peer), self.rooms.get(*room)) {
            let may_see = self.may_see(person, *room);
            assert!(may_see, "{} reads {}", person.name, it.name);
        }
    }

    fn check_connections(&self, here: &Here<'_>) {
        for (place, it) in here {
            let peer = self.roster.peer(it);
            let at = peer.map(|it| self.roster.place_at(it));
            assert_eq!(at, peer.map(|_| Some(*place)), "{}", it.name);
            assert_eq!(self.roster.place(it.id), Some(*place));
        }
        let connected = self.roster.peers().filter_map(|peer| self.roster.at(peer));
        let here = here.iter();
        let here = here.filter(|(_, it)| self.roster.peer(it).is_some());
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
        self.roster.check_names();
        for (place, it) in here {
            assert_eq!(self.roster.find(&it.name), Some(*place));
            assert!(self.roster.is_free(&it.name, Some(it.id)), "{}", it.name);
        }
    }

    fn check_rooms(&self, here: &Here<'_>) {
        let mut members: BTreeMap<RoomId, BTreeSet<PersonId>> = BTreeMap::new();
        for (_, it) in here {
            let mut rooms = it.rooms();
            let is_new = |room| members.entry(room).or_default().insert(it.id);
            assert!(rooms.all(is_new), "{} is in a room twice", it.name);
            assert!(it.rooms().count() <= ROOMS_HEARD, "{}", it.name);
        }
        let mut made = HashSet::new();
        for (id, room) in self.rooms.iter() {
            let listed = room.members.iter().map(|it| self.roster.number(it));
            let members = members.remove(&id).unwrap_or_default();
            assert!(listed.eq(members), "{}", room.name);
            let has_reason = !room.members.is_empty() || room.lasts() || id == RoomId::LOBBY;
            assert!(has_reason, "{} has nobody in it", room.name);
            assert_eq!(self.rooms.find(&room.name), Some(id));
            assert!(made.insert(room.made), "{} is another room too", room.name);
            self.check_owning(id, room);
        }
        assert!(members.is_empty(), "people are in no room: {members:?}");
    }

    fn check_owning(&self, id: RoomId, room: &Room) {
        let owning = &room.owning;
        assert!(room.ranks.is_sorted_by(|a, b| a.account < b.account));
        assert!(room.ranks.len() <= ROOM_PEOPLE && room.guests.len() <= ROOM_PEOPLE);
        assert!(room.sent_out.len() <= ROOM_KICKS);
        assert!(owning.slow > 0 || room.spoke.is_empty(), "{}", room.name);
        let is_lobby = id == RoomId::LOBBY;
        assert!(!is_lobby || owning.owner.is_none() && !owning.is_locked);
        if let Some(owner) = owning.owner {
            assert!(self.accounts.owned(owner).is_some(), "{}", room.name);
            assert!(self.rooms.owned_by(owner) <= ROOMS_OWNED, "{}", room.name);
        }
        for member in &room.ranks {
            let is_something = member.trusted.is_some() || member.invited.is_some();
            assert!(is_something, "{} lists nobody", room.name);
        }
    }

    fn check_away(&self, here: &Here<'_>) {
        let mut listed = BTreeSet::new();
        for (id, room) in self.rooms.iter() {
            listed.extend(room.away.people().map(|person| (id, person)));
        }
        let away = here.iter().filter(|(_, it)| it.away().is_some());
        let away = away.flat_map(|(place, it)| it.rooms().map(|room| (room, *place)));
        let away: BTreeSet<(RoomId, Place)> = away.collect();
        assert_eq!(listed, away);
    }

    fn check_ignores(&self, here: &Here<'_>) {
        let mut links = BTreeSet::new();
        let mut owned = BTreeSet::new();
        for &(place, it) in here {
            assert!(it.ignores().len() <= IGNORED && it.ignored_as().len() <= IGNORED_NAMES);
            for id in it.ignores() {
                assert!(links.insert((*id, place)), "{} ignores twice", it.name);
            }
            owned.extend(it.ignored_as().iter().map(|id| (*id, place)));
        }
        for (id, target) in self.targets.iter() {
            assert!(
                !target.by.is_empty(),
                "{} is ignored by nobody",
                target.name
            );
            for (by, slot) in &target.by {
                let slot_now = self.roster.get(*by).map(|it| it.slot);
                assert!(slot_now == Some(*slot) || slot_now == Some(None));
                assert!(links.remove(&(id, *by)), "{} is on no list", target.name);
            }
            let is_awaited = self.targets.awaiting(&target.name).any(|it| it == id);
            assert_eq!(is_awaited, target.here.is_none(), "{}", target.name);
            if let Some(here) = target.here {
                assert_eq!(self.roster.number(here), target.person);
                assert!(owned.remove(&(id, here)), "{} is nobody", target.name);
                assert!(!target.by.contains_key(&here), "it is themselves");
            }
        }
        assert!(links.is_empty() && owned.is_empty(), "{links:?} {owned:?}");
    }
}
