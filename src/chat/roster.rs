//! `Roster`: who is here. People are in the chat under names that nobody else has. A peer is unknown, has no name yet,
//! or is the connection of one of these people. This is the only map between peers and people.

use std::collections::HashMap;

use slab::Slab;

use crate::account::Origin;
use crate::id::{PeerId, PersonId, Slot};
use crate::moment::Format;
use crate::name::{LOOKS, Username, find_slip};
use crate::tally;

use super::arrivals::Arrivals;
use super::directory::Directory;
use super::person::{Person, Place};

/// All connected peers, by slot, and all people in the chat, by name and by number.
///
/// Invariants: `arrivals` and `names` hold exactly the places of the people. Names are not stored twice, because the
/// memory of a server with many idle people is mostly this. No two people have a key of the same kind in common. A seat
/// and a person refer to each other, or neither does.
#[derive(Debug, Default)]
pub(super) struct Roster {
    seats: Vec<Seat>,
    /// The formats of peers at the prompt that do not have the most common one, by slot. Later the person holds the
    /// format.
    formats: HashMap<Slot, Format>,
    /// Where peers at the prompt come from, by slot. Later the person holds it.
    newcomers: HashMap<Slot, Origin>,
    people: Slab<Person>,
    arrivals: Arrivals,
    names: Directory,
}

/// The hub's knowledge of one slot. Eight bytes, as there is one for every connection.
#[derive(Debug, Clone, Copy)]
struct Seat {
    /// The peer's generation.
    generation: u32,
    /// The place of the person who has this connection, or one of the numbers that are not places.
    state: u32,
}

/// Nobody is connected.
const VACANT: u32 = u32::MAX;

/// At the username prompt, with no username refused so far. Each refused username subtracts one.
const NAMING: u32 = VACANT - 1;

/// Newcomers for whom there is always memory.
const FEW: usize = 16;

/// The highest count of refused usernames. All places are below these numbers.
const ATTEMPTS: u32 = u8::MAX as u32;

/// The state of a connected peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Session {
    /// At the username prompt.
    Naming,
    /// The connection of the person in this place.
    Chatting(Place),
}

/// Someone else has that name, or a name that looks like it.
#[derive(Debug)]
pub(super) struct NameTaken;

impl Roster {
    /// Adds a newcomer at the username prompt, with the format that they read.
    pub(super) fn connect(&mut self, peer: PeerId, from: Origin, format: Format) {
        let index = peer.index();
        if index >= self.seats.len() {
            let vacant = Seat {
                generation: 0,
                state: VACANT,
            };
            self.seats.resize(index + 1, vacant);
        }
        let seat = &mut self.seats[index];
        debug_assert_eq!(seat.state, VACANT, "the slot was not left");
        (seat.generation, seat.state) = (peer.generation, NAMING);
        self.newcomers.insert(peer.slot, from);
        if format != Format::default() {
            self.formats.insert(peer.slot, format);
        }
    }

    /// The format that a peer reads.
    pub(super) fn format(&self, peer: PeerId) -> Format {
        match self.at(peer) {
            Some(person) => person.format,
            None => self.formats.get(&peer.slot).copied().unwrap_or_default(),
        }
    }

    /// Changes the format that a peer at the username prompt reads.
    pub(super) fn set_format(&mut self, peer: PeerId, format: Format) {
        if self.session(peer) == Some(Session::Naming) {
            self.formats.insert(peer.slot, format);
        }
    }

    /// Where a peer comes from.
    pub(super) fn origin(&self, peer: PeerId) -> Option<Origin> {
        match self.session(peer)? {
            Session::Naming => self.newcomers.get(&peer.slot).copied(),
            Session::Chatting(place) => Some(self.get(place)?.from),
        }
    }

    /// Takes a person's connection away, as another one has their seat now.
    pub(super) fn unseat(&mut self, place: Place) -> Option<PeerId> {
        let peer = self.peer(self.get(place)?)?;
        self.disconnect(peer);
        Some(peer)
    }

    /// Forgets a peer. The person who had this connection stays, without one.
    pub(super) fn disconnect(&mut self, peer: PeerId) {
        let Some(session) = self.session(peer) else {
            return;
        };
        self.seats[peer.index()].state = VACANT;
        self.formats.remove(&peer.slot);
        self.forget_newcomer(peer.slot);
        if let Session::Chatting(place) = session
            && let Some(person) = self.get_mut(place)
        {
            person.slot = None;
        }
    }

    /// Forgets where somebody comes from who is at the prompt no more. Many who came at once leave no memory behind.
    fn forget_newcomer(&mut self, slot: Slot) {
        self.newcomers.remove(&slot);
        let few = self.newcomers.len().max(FEW);
        if self.newcomers.capacity() > 8 * few {
            self.newcomers.shrink_to(2 * few);
        }
    }

    /// Forgets a person. Their name is free from now on.
    pub(super) fn remove(&mut self, place: Place) -> Option<Person> {
        let people = &self.people;
        self.arrivals.remove(place, |it| number(people, it));
        let person = self.people.try_remove(place.index())?;
        self.names.remove(place, &person.name);
        debug_assert_eq!(person.slot, None, "their connection is still here");
        Some(person)
    }

    /// The state of a peer, if they are connected.
    pub(super) fn session(&self, peer: PeerId) -> Option<Session> {
        let seat = self.seats.get(peer.index())?;
        match seat.state {
            _ if seat.generation != peer.generation => None,
            VACANT => None,
            state if state >= NAMING - ATTEMPTS => Some(Session::Naming),
            place => Some(Session::Chatting(Place(place))),
        }
    }

    /// The place of the person who has this connection.
    pub(super) fn place_at(&self, peer: PeerId) -> Option<Place> {
        match self.session(peer)? {
            Session::Chatting(place) => Some(place),
            Session::Naming => None,
        }
    }

    /// The person who has this connection.
    pub(super) fn at(&self, peer: PeerId) -> Option<&Person> {
        self.get(self.place_at(peer)?)
    }

    /// The person who has this connection.
    pub(super) fn at_mut(&mut self, peer: PeerId) -> Option<&mut Person> {
        self.get_mut(self.place_at(peer)?)
    }

    pub(super) fn get(&self, place: Place) -> Option<&Person> {
        self.people.get(place.index())
    }

    pub(super) fn get_mut(&mut self, place: Place) -> Option<&mut Person> {
        self.people.get_mut(place.index())
    }

    /// The connection of a person, if they have one.
    pub(super) fn peer(&self, person: &Person) -> Option<PeerId> {
        let slot = person.slot?;
        let generation = self.seats[slot.index()].generation;
        Some(PeerId { slot, generation })
    }

    /// The connection of the person with this number, if they are here and have one.
    pub(super) fn peer_of(&self, id: PersonId) -> Option<PeerId> {
        self.peer(self.get(self.place(id)?)?)
    }

    /// The connection of the person in a place, if it is the one in this slot.
    pub(super) fn peer_in(&self, slot: Slot, place: Place) -> Option<PeerId> {
        let seat = self.seats.get(slot.index())?;
        let generation = seat.generation;
        (seat.state == place.0).then_some(PeerId { slot, generation })
    }

    /// The place of a person who is here. The cost grows slightly with the number of people.
    pub(super) fn place(&self, id: PersonId) -> Option<Place> {
        self.arrivals.find(id, |it| self.number(it))
    }

    /// The same for a person who has, or recently had, this connection. If they still have it, they are found at once.
    pub(super) fn place_by(&self, id: PersonId, peer: Option<PeerId>) -> Option<Place> {
        let seated = peer.and_then(|it| self.place_at(it));
        let seated = seated.filter(|it| self.number(*it) == id);
        seated.or_else(|| self.place(id))
    }

    /// The person in a place.
    pub(super) fn number(&self, place: Place) -> PersonId {
        number(&self.people, place)
    }

    /// The person whom this name addresses.
    pub(super) fn find(&self, name: &Username) -> Option<Place> {
        self.find_by(name.key(), |it| it == name)
    }

    /// The person who has this name, by its key alone.
    pub(super) fn holder(&self, name: &Username) -> Option<Place> {
        self.find_by(name.key(), |it| it.has_key_of(name))
    }

    /// A person other than `but` whose name could be mistaken for this one, by their keys alone.
    pub(super) fn find_alike(&self, name: &Username, but: Option<PersonId>) -> Option<&Person> {
        let by_look = |look| {
            let key = name.look_key(look);
            self.find_by(key, |it| it.look_key(look) == key)
        };
        let same = self.holder(name).into_iter();
        let found = same.chain(LOOKS.into_iter().filter_map(by_look));
        let mut found = found.filter_map(|it| self.get(it));
        found.find(|person| Some(person.id) != but)
    }

    /// Whether this person, or a newcomer, can have the name.
    pub(super) fn is_free(&self, name: &Username, person: Option<PersonId>) -> bool {
        self.find_alike(name, person).is_none()
    }

    /// The person whom `asker` may have meant by a name that nobody has: another person whose name looks like it, or is
    /// one slip of the finger away. The cost does not grow with the number of people.
    pub(super) fn suggest(&self, typed: &str, asker: PersonId) -> Option<Username> {
        let parsed = Username::parse(typed).ok();
        let alike = parsed.and_then(|name| self.find_alike(&name, Some(asker)));
        let meant = alike.or_else(|| {
            let mut meant = None;
            find_slip(typed, |slip| {
                let found = self.find_by(slip.key(), |it| slip.is_of(it));
                let found = found.and_then(|it| self.get(it));
                meant = found.filter(|person| person.id != asker);
                meant.map(|_| ())
            });
            meant
        });
        Some(meant?.name.clone())
    }

    fn find_by(&self, key: u64, is_it: impl Fn(&Username) -> bool) -> Option<Place> {
        let has_it = |place| self.get(place).is_some_and(|it| is_it(&it.name));
        self.names.find(key, has_it)
    }

    /// Counts one more refused username, and returns how many there were.
    pub(super) fn count_attempt(&mut self, peer: PeerId) -> u32 {
        if self.session(peer) != Some(Session::Naming) {
            return 0;
        }
        let state = &mut self.seats[peer.index()].state;
        *state = (*state - 1).max(NAMING - ATTEMPTS);
        NAMING - *state
    }

    /// Lets a newcomer into the chat.
    pub(super) fn admit(&mut self, person: Person) -> Result<Place, NameTaken> {
        if !self.is_free(&person.name, None) {
            return Err(NameTaken);
        }
        let place = Place(self.people.insert(person) as u32);
        let people = &self.people;
        self.arrivals.insert(place, |it| number(people, it));
        self.enrol(place);
        Ok(place)
    }

    /// Gives a person a connection, if it exists and belongs to nobody. They read in the format given when it was made.
    pub(super) fn seat(&mut self, place: Place, peer: PeerId) -> bool {
        let is_free = self.session(peer) == Some(Session::Naming);
        if is_free && let Some(person) = self.people.get_mut(place.index()) {
            person.slot = Some(peer.slot);
            person.format = self.formats.remove(&peer.slot).unwrap_or_default();
            self.forget_newcomer(peer.slot);
            self.seats[peer.index()].state = place.0;
        }
        is_free
    }

    /// Gives a person another name, or a new spelling of their own. Returns the name before.
    pub(super) fn rename(&mut self, place: Place, to: Username) -> Result<Username, NameTaken> {
        let Some(person) = self.get(place) else {
            return Ok(to);
        };
        if !self.is_free(&to, Some(person.id)) {
            return Err(NameTaken);
        }
        let before = std::mem::replace(&mut self.people[place.index()].name, to);
        self.names.remove(place, &before);
        self.enrol(place);
        Ok(before)
    }

    /// The person who came last.
    #[cfg(feature = "cluster")]
    pub(super) fn last(&self) -> Option<PersonId> {
        self.arrivals.last().map(|it| self.number(it))
    }

    /// The number of people who have a name.
    pub(super) fn online(&self) -> usize {
        self.people.len()
    }

    /// All connected peers, with or without a name.
    pub(super) fn peers(&self) -> impl Iterator<Item = PeerId> + '_ {
        let seats = self.seats.iter().inspect(|_| tally::steps(1));
        let seats = seats.enumerate().filter(|(_, it)| it.state != VACANT);
        seats.map(|(index, seat)| PeerId {
            slot: Slot::new(index),
            generation: seat.generation,
        })
    }

    /// All people in the chat, in the order in which they came.
    pub(super) fn people(&self) -> impl Iterator<Item = (Place, &Person)> {
        let arrivals = self.arrivals.iter();
        arrivals.filter_map(|place| Some((place, self.get(place)?)))
    }

    /// Lists the person in this place under their current name.
    fn enrol(&mut self, place: Place) {
        let people = &self.people;
        let name = |it: Place| people.get(it.index()).map(|it| &it.name);
        self.names.insert(place, name);
    }
}

#[cfg(any(test, fuzzing))]
impl Roster {
    /// Checks that everyone is listed under their current name and under no other.
    pub(super) fn check_names(&self) {
        self.names
            .check(self.people().map(|(place, it)| (place, &it.name)));
    }
}

/// The person in a place.
fn number(people: &Slab<Person>, place: Place) -> PersonId {
    let person = people.get(place.index());
    person.map_or(PersonId::HOUSE, |it| it.id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_there_is_for_every_idle_person_is_small() {
        assert_eq!(size_of::<Seat>(), 8);
        assert_eq!(size_of::<Person>(), 72);
        // The slab marks a free place in bytes that a person has anyway.
        assert_eq!(size_of::<Result<Person, usize>>(), 72);
    }
}
