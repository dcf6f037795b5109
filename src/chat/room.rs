//! `Rooms`: the rooms that people are in. A room appears with its first person, and vanishes with its last, unless
//! someone gave it a topic or locked it. The lobby is always there.
//!
//! Invariant: `names` holds exactly the existing rooms, each with its place.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::account::AccountId;
use crate::id::{PersonId, RoomId};
use crate::limits::{HISTORY_BYTES, ROOMS, ROOMS_MADE};
use crate::message::{KeptRoom, Owning, Past, RoomMember};
use crate::name::RoomName;
use crate::sanction::Sanction;
use crate::tally;

use super::arrivals::Arrivals;
use super::history::History;
use super::person::{Person, Place};

#[derive(Debug)]
pub(super) struct Rooms {
    rooms: Vec<Option<Room>>,
    /// By the keys of their names.
    names: HashMap<u64, RoomId>,
    /// Lines that each room keeps.
    history: usize,
    /// Rooms that a file has, and that nobody has come into since the start. By the keys of their names.
    asleep: HashMap<u64, KeptRoom>,
    /// Rooms that have vanished since the last call of [`take_ended`](Self::take_ended).
    ended: Vec<RoomName>,
}

#[derive(Debug)]
pub(super) struct Room {
    pub(super) name: RoomName,
    /// The number of the entry that made it. Nobody made the lobby. A room that is made again under the same name is
    /// another room.
    pub(super) made: u64,
    /// Who made it. Nobody made the lobby.
    pub(super) maker: Option<PersonId>,
    /// The people in it.
    pub(super) members: Arrivals,
    pub(super) away: AwayPeople,
    pub(super) topic: Option<Arc<str>>,
    /// The line that set or removed it last, if that is known.
    pub(super) topic_line: Option<Arc<Past>>,
    pub(super) history: History,
    /// How it is kept.
    pub(super) owning: Owning,
    /// What members are in it, whether they are here or not. In the order of their accounts.
    pub(super) ranks: Vec<RoomMember>,
    /// Guests who are invited, and since which entry.
    pub(super) guests: BTreeMap<PersonId, u64>,
    /// Those who were sent out and may not come back yet.
    pub(super) sent_out: Vec<Sanction>,
    /// When each person last said something here, while it is slow: milliseconds since 1970-01-01 00:00 UTC.
    pub(super) spoke: BTreeMap<PersonId, i64>,
    /// The number of the entry that made it, whenever the server was started since.
    pub(super) life: u64,
}

impl Room {
    /// Whether its owner trusts somebody.
    pub(super) fn is_trusted(&self, account: AccountId) -> bool {
        let member = self.rank_of(account);
        member.is_some_and(|it| it.trusted.is_some())
    }

    /// What a member is in it.
    pub(super) fn rank_of(&self, account: AccountId) -> Option<&RoomMember> {
        let found = self.ranks.binary_search_by_key(&account, |it| it.account);
        self.ranks.get(found.ok()?)
    }

    /// Whether it stays when nobody is in it.
    pub(super) fn lasts(&self) -> bool {
        self.topic.is_some() || self.owning.is_locked
    }
}

/// Why a room does not exist and was not made.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NoRoom {
    /// There are as many rooms as there may be.
    TooMany,
    /// This person has made as many rooms as one person may.
    TooManyMade,
    /// The name could be mistaken for that of this room.
    LooksLike(RoomName),
}

/// The people of a room who are away, by the keys of their names.
#[derive(Debug, Default)]
pub(super) struct AwayPeople {
    people: HashMap<u64, Vec<Place>>,
    /// How many of them are named by their address.
    addresses: usize,
}

impl AwayPeople {
    pub(super) fn add(&mut self, place: Place, person: &Person) {
        let people = self.people.entry(person.name.key()).or_default();
        people.push(place);
        self.addresses += usize::from(person.name.is_addr());
    }

    pub(super) fn remove(&mut self, place: Place, person: &Person) {
        if let Some(people) = self.people.get_mut(&person.name.key()) {
            tally::steps(people.len());
            people.retain(|it| *it != place);
            if people.is_empty() {
                self.people.remove(&person.name.key());
            }
            self.addresses -= usize::from(person.name.is_addr());
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.people.is_empty()
    }

    /// The people whose names have this key.
    pub(super) fn named(&self, key: u64) -> Option<&[Place]> {
        Some(self.people.get(&key)?)
    }

    /// Whether any of them is named by their address.
    pub(super) fn has_addresses(&self) -> bool {
        self.addresses > 0
    }

    #[cfg(any(test, fuzzing))]
    pub(super) fn people(&self) -> impl Iterator<Item = Place> {
        self.people.values().flatten().copied()
    }
}

impl Rooms {
    /// The lobby alone.
    pub(super) fn new(history: usize) -> Rooms {
        let mut rooms = Rooms {
            rooms: Vec::new(),
            names: HashMap::new(),
            history,
            asleep: HashMap::new(),
            ended: Vec::new(),
        };
        rooms.put(RoomId::LOBBY, RoomName::lobby(), 0, None);
        rooms
    }

    /// Takes in the rooms of a file. Rooms that last without people are there at once, others once somebody comes in.
    pub(super) fn load(&mut self, rooms: Vec<KeptRoom>) {
        for room in rooms {
            if self.find(&room.name) == Some(RoomId::LOBBY) {
                self.wake(RoomId::LOBBY, room);
            } else if room.topic.is_some() && self.rooms.len() < ROOMS || room.owning.is_locked {
                let id = RoomId(self.rooms.len() as u32);
                self.put(id, room.name.clone(), room.made, None);
                self.wake(id, room);
            } else {
                self.asleep.insert(room.name.key(), room);
            }
        }
    }

    /// Gives a room the topic and the lines that it had in a file.
    fn wake(&mut self, id: RoomId, kept: KeptRoom) {
        let Some(room) = self.get_mut(id) else { return };
        (room.topic, room.topic_line) = (kept.topic, kept.topic_line);
        room.life = kept.made;
        room.owning = kept.owning;
        room.ranks = kept.members;
        room.ranks.sort_by_key(|it| it.account);
        match kept.page {
            Some(page) => room.history.load(&page.lines, page.older.is_some()),
            None => room.history.load(&[], true),
        }
    }

    /// Every place, with the room that is there.
    #[cfg(feature = "cluster")]
    pub(super) fn places(&self) -> impl Iterator<Item = Option<&Room>> {
        self.rooms.iter().map(Option::as_ref)
    }

    /// Leaves a place free, which is behind all others.
    #[cfg(feature = "cluster")]
    pub(super) fn leave_gap(&mut self, id: RoomId) {
        if id.index() == self.rooms.len() {
            self.rooms.push(None);
        }
    }

    /// Adds a room that nobody has come into since the start. Returns whether it is the only one of its name.
    #[cfg(feature = "cluster")]
    pub(super) fn lay(&mut self, room: KeptRoom) -> bool {
        self.asleep.insert(room.name.key(), room).is_none()
    }

    /// Takes out the rooms that have vanished since the last call.
    pub(super) fn take_ended(&mut self) -> Vec<RoomName> {
        std::mem::take(&mut self.ended)
    }

    pub(super) fn find(&self, name: &RoomName) -> Option<RoomId> {
        self.names.get(&name.key()).copied()
    }

    /// The oldest room among some whose name could be mistaken for this one. No room has exactly this name.
    pub(super) fn find_alike(
        &self,
        name: &RoomName,
        is_one: impl Fn(RoomId) -> bool,
    ) -> Option<RoomName> {
        let alike = self.iter().filter(|(_, it)| it.name.excludes(name));
        let alike = alike.filter(|(id, _)| is_one(*id));
        let (_, oldest) = alike.min_by_key(|(_, it)| it.made)?;
        Some(oldest.name.clone())
    }

    /// The room of that name. If there is none, the entry of this number makes it, and an empty room gives way if there
    /// are too many.
    pub(super) fn find_or_make(
        &mut self,
        name: &RoomName,
        seq: u64,
        maker: PersonId,
    ) -> Result<RoomId, NoRoom> {
        if let Some(id) = self.find(name) {
            return Ok(id);
        }
        if let Some(other) = self.find_alike(name, |_| true) {
            return Err(NoRoom::LooksLike(other));
        }
        let made = self.iter().filter(|(_, it)| it.maker == Some(maker));
        if made.count() >= ROOMS_MADE {
            return Err(NoRoom::TooManyMade);
        }
        let is_free = |slot: &Option<Room>| {
            tally::steps(1);
            slot.is_none()
        };
        let place = match self.rooms.iter().position(is_free) {
            Some(place) => place,
            None if self.rooms.len() < ROOMS => self.rooms.len(),
            None => self.evict().ok_or(NoRoom::TooMany)?,
        };
        let id = RoomId(place as u32);
        let kept = self.asleep.remove(&name.key());
        let name = kept.as_ref().map_or(name, |it| &it.name).clone();
        self.put(id, name, seq, Some(maker));
        if let Some(kept) = kept {
            self.wake(id, kept);
        }
        Ok(id)
    }

    pub(super) fn get(&self, id: RoomId) -> Option<&Room> {
        self.rooms.get(id.index())?.as_ref()
    }

    pub(super) fn get_mut(&mut self, id: RoomId) -> Option<&mut Room> {
        self.rooms.get_mut(id.index())?.as_mut()
    }

    /// Adds a person to a room. `number` tells who is in a place.
    pub(super) fn enter(&mut self, id: RoomId, place: Place, number: impl Fn(Place) -> PersonId) {
        if let Some(room) = self.get_mut(id) {
            room.members.insert(place, number);
        }
    }

    /// Removes a person from a room. The room may vanish with them.
    pub(super) fn leave(&mut self, id: RoomId, place: Place, number: impl Fn(Place) -> PersonId) {
        let Some(room) = self.get_mut(id) else { return };
        let was_in = room.members.remove(place, number);
        debug_assert!(was_in);
        self.end_if_over(id);
    }

    /// Removes a room in which nobody is, if it does not last.
    pub(super) fn end_if_over(&mut self, id: RoomId) {
        let Some(room) = self.get(id) else { return };
        if room.members.is_empty() && !room.lasts() && id != RoomId::LOBBY {
            self.remove(id);
        }
    }

    /// Puts a person who is away on a room's list of such people, under their current name.
    pub(super) fn list_away(&mut self, id: RoomId, place: Place, person: &Person) {
        if person.away().is_some()
            && let Some(room) = self.get_mut(id)
        {
            room.away.add(place, person);
        }
    }

    /// Takes a person off a room's list of people who are away, if they are on it.
    pub(super) fn strike_away(&mut self, id: RoomId, place: Place, person: &Person) {
        if person.away().is_some()
            && let Some(room) = self.get_mut(id)
        {
            room.away.remove(place, person);
        }
    }

    /// How many rooms there are. No two have the same key.
    pub(super) fn len(&self) -> usize {
        self.names.len()
    }

    /// How many rooms belong to an account, whether people are in them or not.
    pub(super) fn owned_by(&self, account: AccountId) -> usize {
        let awake = self.iter().map(|(_, room)| &room.owning);
        let asleep = self.asleep.values().map(|room| &room.owning);
        let owned = awake.chain(asleep);
        owned.filter(|it| it.owner == Some(account)).count()
    }

    /// The rooms that nobody has come into since the start, in any order.
    pub(super) fn asleep(&self) -> impl Iterator<Item = &KeptRoom> {
        self.asleep.values()
    }

    /// The rooms that nobody has come into since the start, the oldest first.
    pub(super) fn asleep_mut(&mut self) -> Vec<&mut KeptRoom> {
        let mut rooms: Vec<&mut KeptRoom> = self.asleep.values_mut().collect();
        rooms.sort_by_key(|it| (it.made, it.name.key()));
        rooms
    }

    /// Every existing room.
    pub(super) fn iter(&self) -> impl Iterator<Item = (RoomId, &Room)> {
        let ids = (0..).map(RoomId).inspect(|_| tally::steps(1));
        ids.zip(&self.rooms)
            .filter_map(|(id, room)| Some((id, room.as_ref()?)))
    }

    /// Puts a room without anybody in it at a place, which is there or the next.
    pub(super) fn put(&mut self, id: RoomId, name: RoomName, made: u64, maker: Option<PersonId>) {
        if id.index() == self.rooms.len() {
            self.rooms.push(None);
        }
        self.names.insert(name.key(), id);
        self.rooms[id.index()] = Some(Room {
            name,
            made,
            maker,
            members: Arrivals::default(),
            away: AwayPeople::default(),
            topic: None,
            topic_line: None,
            history: History::new(self.history, HISTORY_BYTES),
            owning: Owning::default(),
            ranks: Vec::new(),
            guests: BTreeMap::new(),
            sent_out: Vec::new(),
            spoke: BTreeMap::new(),
            life: made,
        });
    }

    fn remove(&mut self, id: RoomId) {
        if let Some(room) = self.rooms[id.index()].take() {
            self.names.remove(&room.name.key());
            self.ended.push(room.name);
        }
    }

    /// Removes an empty room, although it has a topic, or is locked if all others are. It is the newest room of the
    /// makers who left the most empty rooms behind. Returns its place.
    fn evict(&mut self) -> Option<usize> {
        let is_empty =
            |(id, room): &(RoomId, &Room)| room.members.is_empty() && *id != RoomId::LOBBY;
        let mut left_behind: HashMap<Option<PersonId>, usize> = HashMap::new();
        for (_, room) in self.iter().filter(is_empty) {
            *left_behind.entry(room.maker).or_default() += 1;
        }
        let empty = self.iter().filter(is_empty);
        let (id, _) = empty.max_by_key(|(_, room)| {
            let is_open = !room.owning.is_locked;
            (is_open, left_behind[&room.maker], room.made)
        })?;
        self.remove(id);
        Some(id.index())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> RoomName {
        RoomName::parse(text).unwrap()
    }

    fn person(number: u32) -> PersonId {
        PersonId(number.into())
    }

    fn number(place: Place) -> PersonId {
        person(place.0)
    }

    fn enter(rooms: &mut Rooms, id: RoomId, person: PersonId) {
        rooms.enter(id, Place(person.0 as u32), number);
    }

    fn leave(rooms: &mut Rooms, id: RoomId, person: PersonId) {
        rooms.leave(id, Place(person.0 as u32), number);
    }

    /// The room of that name. A room that is made now is newer than all others.
    fn find_or_make(rooms: &mut Rooms, text: &str, maker: PersonId) -> Result<RoomId, NoRoom> {
        let newest = rooms.iter().map(|(_, room)| room.made).max();
        rooms.find_or_make(&name(text), newest.unwrap() + 1, maker)
    }

    #[test]
    fn a_room_vanishes_with_its_last_person_unless_it_has_a_topic() {
        let mut rooms = Rooms::new(0);
        let ann = person(0);
        for topic in [None, Some("tea".into())] {
            let id = find_or_make(&mut rooms, "tea", ann).unwrap();
            enter(&mut rooms, id, ann);
            rooms.get_mut(id).unwrap().topic = topic.clone();
            leave(&mut rooms, id, ann);
            assert_eq!(rooms.find(&name("TEA")).is_some(), topic.is_some());
        }
        enter(&mut rooms, RoomId::LOBBY, ann);
        leave(&mut rooms, RoomId::LOBBY, ann);
        assert!(rooms.get(RoomId::LOBBY).is_some());
    }

    /// Makes rooms with topics. Their maker leaves them.
    fn make(rooms: &mut Rooms, maker: PersonId, numbers: std::ops::Range<usize>) {
        for i in numbers {
            let id = find_or_make(rooms, &format!("room{i}"), maker).unwrap();
            enter(rooms, id, maker);
            rooms.get_mut(id).unwrap().topic = Some("x".into());
            leave(rooms, id, maker);
        }
    }

    #[test]
    fn one_person_makes_so_many_rooms_and_no_more() {
        let mut rooms = Rooms::new(0);
        let (ann, bob) = (person(0), person(1));
        make(&mut rooms, ann, 0..ROOMS_MADE);
        let refused = find_or_make(&mut rooms, "more", ann);
        assert_eq!(refused, Err(NoRoom::TooManyMade));
        assert!(find_or_make(&mut rooms, "more", bob).is_ok());
        let found = find_or_make(&mut rooms, "more", ann);
        assert!(found.is_ok(), "it is there now");
        let seven = rooms.find(&name("room7")).unwrap();
        enter(&mut rooms, seven, bob);
        rooms.get_mut(seven).unwrap().topic = None;
        leave(&mut rooms, seven, bob);
        assert!(find_or_make(&mut rooms, "another", ann).is_ok());
    }

    #[test]
    fn rooms_are_bounded_and_of_the_empty_ones_those_of_who_left_most_make_way() {
        let mut rooms = Rooms::new(0);
        let few = 3;
        make(&mut rooms, person(0), 0..1);
        make(&mut rooms, person(1), 1..1 + few);
        for i in 1 + few..ROOMS - 2 {
            let id = find_or_make(&mut rooms, &format!("full{i}"), person(i as u32));
            enter(&mut rooms, id.unwrap(), person(i as u32));
        }
        assert_eq!(rooms.iter().count(), ROOMS - 1);
        make(&mut rooms, person(2), few + 1..few + 2);
        assert_eq!(rooms.iter().count(), ROOMS);
        let mut gone = Vec::new();
        for i in 0..few + 2 {
            let id = find_or_make(&mut rooms, &format!("more{i}"), person(3));
            enter(&mut rooms, id.unwrap(), person(3));
            let is_gone = |it: &usize| rooms.find(&name(&format!("room{it}"))).is_none();
            gone.extend((0..few + 2).filter(is_gone).find(|it| !gone.contains(it)));
        }
        // Two rooms of the person who left three behind; then the newest first of the people who left one each.
        assert_eq!(gone, [3, 2, 4, 1, 0]);
        let none = find_or_make(&mut rooms, "more", person(4));
        assert_eq!(none, Err(NoRoom::TooMany));
        assert_eq!(rooms.iter().count(), ROOMS);
    }
}
