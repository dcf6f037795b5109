//! `Roster`: who is here. People are in the chat under names that nobody else has. A peer is unknown, has no name yet, or is
//! the connection of one of these people. This is the one map between the two.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use hashbrown::HashTable;
use slab::Slab;

use crate::id::{PeerId, PersonId, RoomId};
use crate::moment::Format;
use crate::name::{LOOKS, Look, Username, find_slip};
use crate::tally;

use super::away::Told;
use super::history::History;
use super::replay::Visit;

/// Everyone who is connected, by slot, and everyone who is in the chat, by name and by number.
///
/// Invariants: `numbers`, `names` and each of `looks` hold exactly the places of the people, each by that key. The names
/// themselves are not kept twice, as a server of many idle people holds little else. No two people have a key of the same
/// kind in common. A session and a person name each other or neither does.
#[derive(Debug, Default)]
pub(super) struct Roster {
    sessions: Vec<Session>,
    people: Slab<Person>,
    numbers: HashTable<u32>,
    names: HashTable<u32>,
    looks: [HashTable<u32>; LOOKS.len()],
    /// The names' keys are the same everywhere, so that people could choose names whose places in a table are the same.
    hasher: RandomState,
}

/// What the hub knows of one slot.
#[derive(Debug, Clone, Copy, Default)]
pub(super) enum Session {
    /// Nobody is connected.
    #[default]
    Vacant,
    /// At the username prompt.
    Naming {
        /// The peer's.
        generation: u32,
        /// Usernames refused so far.
        attempts: u8,
    },
    /// The connection of the person in this place, who knows which it is.
    Chatting(u32),
}

/// The peer of those who have no connection. It stands in place of an `Option`, which takes four bytes more.
const NO_PEER: PeerId = PeerId {
    slot: u32::MAX,
    generation: u32::MAX,
};

/// Someone in the chat.
#[derive(Debug)]
pub(super) struct Person {
    pub(super) id: PersonId,
    /// Their connection, until it has ended.
    peer: PeerId,
    pub(super) name: Username,
    pub(super) room: RoomId,
    /// How what they read is rendered.
    pub(super) format: Format,
    /// Since when they are online: seconds since 1970-01-01 00:00 UTC.
    pub(super) since: u32,
    /// When they last typed something: seconds since the hub's first event.
    pub(super) active: u32,
    /// What most people never have.
    pub(super) extras: Option<Box<Extras>>,
}

/// What few people have.
#[derive(Debug, Default)]
pub(super) struct Extras {
    /// They are away.
    pub(super) away: Option<Away>,
    /// Whom they ignore.
    pub(super) ignores: Vec<u32>,
    /// As whom they are ignored.
    pub(super) ignored_as: Vec<u32>,
    /// Absences of others that they were told of.
    pub(super) told: Told,
    /// Rooms that they left, the last one at the end.
    pub(super) visits: Vec<Visit>,
    /// Who wrote to them privately last.
    pub(super) correspondent: Option<(PersonId, Username)>,
}

#[derive(Debug)]
pub(super) struct Away {
    pub(super) text: Option<Arc<str>>,
    /// Which of all absences this is.
    pub(super) absence: u64,
    /// What was said to or about them meanwhile.
    pub(super) missed: History,
}

/// Someone else has that name, or one that looks like it.
#[derive(Debug)]
pub(super) struct NameTaken;

impl Person {
    pub(super) fn new(id: PersonId, name: Username, room: RoomId, since: i64) -> Person {
        Person {
            id,
            peer: NO_PEER,
            name,
            room,
            format: Format::default(),
            since: u32::try_from(since).unwrap_or(0),
            active: 0,
            extras: None,
        }
    }

    /// Their connection, if they have one.
    pub(super) fn peer(&self) -> Option<PeerId> {
        Some(self.peer).filter(|peer| *peer != NO_PEER)
    }

    pub(super) fn away(&self) -> Option<&Away> {
        self.extras.as_ref()?.away.as_ref()
    }

    pub(super) fn away_mut(&mut self) -> Option<&mut Away> {
        self.extras.as_mut()?.away.as_mut()
    }

    pub(super) fn ignores(&self) -> &[u32] {
        self.extras.as_ref().map_or(&[], |it| &it.ignores)
    }

    pub(super) fn ignored_as(&self) -> &[u32] {
        self.extras.as_ref().map_or(&[], |it| &it.ignored_as)
    }

    pub(super) fn extras_mut(&mut self) -> &mut Extras {
        self.extras.get_or_insert_default()
    }
}

impl Roster {
    /// Takes in a newcomer, at the username prompt.
    pub(super) fn connect(&mut self, peer: PeerId) {
        let index = peer.index();
        if index >= self.sessions.len() {
            self.sessions.resize(index + 1, Session::Vacant);
        }
        let session = &mut self.sessions[index];
        debug_assert!(matches!(session, Session::Vacant), "the slot was not left");
        *session = Session::Naming {
            generation: peer.generation,
            attempts: 0,
        };
    }

    /// Forgets a peer. The person whose connection it was stays, without one.
    pub(super) fn disconnect(&mut self, peer: PeerId) {
        let Some(session) = self.session(peer) else {
            return;
        };
        self.sessions[peer.index()] = Session::Vacant;
        if let Session::Chatting(place) = session {
            self.people[place as usize].peer = NO_PEER;
        }
    }

    /// Forgets a person; their name is free from now on.
    pub(super) fn remove(&mut self, id: PersonId) -> Option<Person> {
        let place = self.place(id)?;
        let person = self.people.try_remove(place as usize)?;
        self.strike(place, &person.name);
        strike_from(&mut self.numbers, spread(id), place);
        if let Some(peer) = person.peer() {
            self.sessions[peer.index()] = Session::Vacant;
        }
        Some(person)
    }

    /// What is known of a peer who is connected.
    pub(super) fn session(&self, peer: PeerId) -> Option<Session> {
        let session = *self.sessions.get(peer.index())?;
        let is_theirs = match session {
            Session::Vacant => false,
            Session::Naming { generation, .. } => generation == peer.generation,
            Session::Chatting(place) => self.people.get(place as usize)?.peer == peer,
        };
        is_theirs.then_some(session)
    }

    /// The person whose connection this is.
    pub(super) fn at(&self, peer: PeerId) -> Option<&Person> {
        match self.session(peer)? {
            Session::Chatting(place) => self.people.get(place as usize),
            Session::Vacant | Session::Naming { .. } => None,
        }
    }

    /// The person whose connection this is.
    pub(super) fn at_mut(&mut self, peer: PeerId) -> Option<&mut Person> {
        match self.session(peer)? {
            Session::Chatting(place) => self.people.get_mut(place as usize),
            Session::Vacant | Session::Naming { .. } => None,
        }
    }

    pub(super) fn person(&self, id: PersonId) -> Option<&Person> {
        self.people.get(self.place(id)? as usize)
    }

    pub(super) fn person_mut(&mut self, id: PersonId) -> Option<&mut Person> {
        let place = self.place(id)?;
        self.people.get_mut(place as usize)
    }

    /// The connection of a person, if they have one.
    pub(super) fn peer(&self, id: PersonId) -> Option<PeerId> {
        self.person(id)?.peer()
    }

    fn place(&self, id: PersonId) -> Option<u32> {
        let is_it = |place: &u32| {
            self.people
                .get(*place as usize)
                .is_some_and(|it| it.id == id)
        };
        self.numbers.find(spread(id), is_it).copied()
    }

    /// Who is addressed by this name.
    pub(super) fn find(&self, name: &Username) -> Option<&Person> {
        self.find_in(&self.names, name.key(), |it| it == name)
    }

    /// Who has this name, by its key alone.
    pub(super) fn holder(&self, name: &Username) -> Option<&Person> {
        self.find_in(&self.names, name.key(), |it| it.has_key_of(name))
    }

    /// Someone other than `but` whose name could be mistaken for this one, by their keys alone.
    pub(super) fn find_alike(&self, name: &Username, but: Option<PersonId>) -> Option<&Person> {
        let by_look = |look: Look| {
            let key = name.look_key(look);
            let table = &self.looks[look as usize];
            self.find_in(table, key, |it| it.look_key(look) == key)
        };
        let same = self.holder(name).into_iter();
        let mut found = same.chain(LOOKS.into_iter().filter_map(by_look));
        found.find(|person| Some(person.id) != but)
    }

    /// Whether this person, or a newcomer, can have the name.
    pub(super) fn is_free(&self, name: &Username, person: Option<PersonId>) -> bool {
        self.find_alike(name, person).is_none()
    }

    /// Whom someone may have meant by what they typed, which is nobody's name: themselves aside, the person whose name
    /// looks like it, or is one slip of the finger away. The price does not grow with the number of people.
    pub(super) fn suggest(&self, typed: &str, asker: PersonId) -> Option<Username> {
        let parsed = Username::parse(typed).ok();
        let alike = parsed.and_then(|name| self.find_alike(&name, Some(asker)));
        let meant = alike.or_else(|| {
            let mut meant = None;
            find_slip(typed, |slip| {
                let found = self.find_in(&self.names, slip.key(), |it| slip.is_of(it));
                meant = found.filter(|person| person.id != asker);
                meant.map(|_| ())
            });
            meant
        });
        Some(meant?.name.clone())
    }

    fn find_in(
        &self,
        table: &HashTable<u32>,
        key: u64,
        is_it: impl Fn(&Username) -> bool,
    ) -> Option<&Person> {
        let has_it = |place: &u32| {
            let person = self.people.get(*place as usize);
            person.is_some_and(|it| is_it(&it.name))
        };
        let place = *table.find(self.hasher.hash_one(key), has_it)?;
        self.people.get(place as usize)
    }

    /// Counts one more refused username, and tells how many there were.
    pub(super) fn count_attempt(&mut self, peer: PeerId) -> u8 {
        match self.sessions.get_mut(peer.index()) {
            Some(Session::Naming {
                generation,
                attempts,
            }) if *generation == peer.generation => {
                *attempts = attempts.saturating_add(1);
                *attempts
            }
            _ => 0,
        }
    }

    /// Lets a newcomer into the chat.
    pub(super) fn admit(&mut self, person: Person) -> Result<(), NameTaken> {
        if !self.is_free(&person.name, None) {
            return Err(NameTaken);
        }
        let id = person.id;
        let place = self.people.insert(person) as u32;
        let people = &self.people;
        let number = |place: &u32| people.get(*place as usize).map_or(id, |it| it.id);
        let hash = |place: &u32| spread(number(place));
        self.numbers.insert_unique(spread(id), place, hash);
        self.enrol(place);
        Ok(())
    }

    /// Gives a person a connection, which had no name until now.
    pub(super) fn seat(&mut self, id: PersonId, peer: PeerId) {
        if let Some(place) = self.place(id)
            && let Some(Session::Naming { .. }) = self.session(peer)
        {
            self.sessions[peer.index()] = Session::Chatting(place);
            self.people[place as usize].peer = peer;
        }
    }

    /// Gives a person another name, or their own in another spelling, and returns the one before.
    pub(super) fn rename(&mut self, id: PersonId, to: Username) -> Result<Username, NameTaken> {
        if !self.is_free(&to, Some(id)) {
            return Err(NameTaken);
        }
        let Some(place) = self.place(id) else {
            return Ok(to);
        };
        let before = std::mem::replace(&mut self.people[place as usize].name, to);
        self.strike(place, &before);
        self.enrol(place);
        Ok(before)
    }

    /// How many people have a name.
    pub(super) fn online(&self) -> usize {
        self.people.len()
    }

    /// Everyone who is connected, with or without a name.
    pub(super) fn peers(&self) -> impl Iterator<Item = PeerId> + '_ {
        let sessions = (0..).zip(&self.sessions).inspect(|_| tally::steps(1));
        sessions.filter_map(|(slot, session)| match *session {
            Session::Vacant => None,
            Session::Naming { generation, .. } => Some(PeerId { slot, generation }),
            Session::Chatting(place) => self.people.get(place as usize)?.peer(),
        })
    }

    /// Everyone who is in the chat.
    #[cfg(any(test, fuzzing))]
    pub(super) fn people(&self) -> impl Iterator<Item = &Person> {
        self.people.iter().map(|(_, person)| person)
    }

    /// Lists the person in this place under the name they have.
    fn enrol(&mut self, place: u32) {
        let (people, hasher) = (&self.people, &self.hasher);
        let list = |table: &mut HashTable<u32>, key: fn(&Username, Look) -> u64, look| {
            let key_at = |place: &u32| {
                let person = people.get(*place as usize);
                person.map_or(0, |it| key(&it.name, look))
            };
            let hash = |place: &u32| hasher.hash_one(key_at(place));
            table.insert_unique(hash(&place), place, hash);
        };
        list(&mut self.names, |name, _| name.key(), Look::Typed);
        for look in LOOKS {
            list(&mut self.looks[look as usize], Username::look_key, look);
        }
    }

    /// Lists the person in this place no longer under a name they had.
    fn strike(&mut self, place: u32, name: &Username) {
        strike_from(&mut self.names, self.hasher.hash_one(name.key()), place);
        for look in LOOKS {
            let hash = self.hasher.hash_one(name.look_key(look));
            strike_from(&mut self.looks[look as usize], hash, place);
        }
    }
}

/// The hash of a person's number. Nobody chooses these, so that it is to be fast alone: a second's first number ends in
/// twenty zeros, and all of its bits are to count.
fn spread(id: PersonId) -> u64 {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    let product = id.0.wrapping_mul(ODD);
    product ^ product >> 32
}

fn strike_from(table: &mut HashTable<u32>, hash: u64, place: u32) {
    if let Ok(listed) = table.find_entry(hash, |&it| it == place) {
        listed.remove();
    }
}
