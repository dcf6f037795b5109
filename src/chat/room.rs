//! `Rooms`: what people are in. A room appears with its first person, and vanishes with its last, unless someone gave it
//! a topic; the lobby is always there.
//!
//! Invariant: `names` holds exactly the rooms there are, each with its place.

use std::collections::HashMap;
use std::sync::Arc;

use crate::id::RoomId;
use crate::limits::{HISTORY_BYTES, ROOMS};
use crate::name::RoomName;

use super::history::History;

#[derive(Debug)]
pub(super) struct Rooms {
    rooms: Vec<Option<Room>>,
    names: HashMap<RoomName, RoomId>,
    /// Lines that each room keeps.
    history: usize,
}

#[derive(Debug)]
pub(super) struct Room {
    pub(super) name: RoomName,
    pub(super) people: usize,
    pub(super) topic: Option<Arc<str>>,
    pub(super) history: History,
}

/// Why there is no such room.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NoRoom {
    /// There are as many rooms as there may be.
    TooMany,
    /// It could be mistaken for this one.
    LooksLike(RoomName),
}

impl Rooms {
    /// The lobby alone.
    pub(super) fn new(history: usize) -> Rooms {
        let mut rooms = Rooms {
            rooms: Vec::new(),
            names: HashMap::new(),
            history,
        };
        rooms.put(RoomId::LOBBY, RoomName::lobby());
        rooms
    }

    pub(super) fn find(&self, name: &RoomName) -> Option<RoomId> {
        self.names.get(name).copied()
    }

    /// A room whose name could be mistaken for this one, which is the name of none.
    pub(super) fn find_alike(&self, name: &RoomName) -> Option<RoomName> {
        let mut names = self.iter().map(|(_, room)| &room.name);
        names.find(|other| other.looks_like(name)).cloned()
    }

    /// The room of that name, made if need be. Where there are too many, one with nobody in it makes way.
    pub(super) fn find_or_make(&mut self, name: RoomName) -> Result<RoomId, NoRoom> {
        if let Some(id) = self.find(&name) {
            return Ok(id);
        }
        if let Some(other) = self.find_alike(&name) {
            return Err(NoRoom::LooksLike(other));
        }
        let is_free = |slot: &Option<Room>| slot.is_none();
        let place = match self.rooms.iter().position(is_free) {
            Some(place) => place,
            None if self.rooms.len() < ROOMS => self.rooms.len(),
            None => self.evict().ok_or(NoRoom::TooMany)?,
        };
        let id = RoomId(place as u32);
        self.put(id, name);
        Ok(id)
    }

    pub(super) fn get(&self, id: RoomId) -> Option<&Room> {
        self.rooms.get(id.index())?.as_ref()
    }

    pub(super) fn get_mut(&mut self, id: RoomId) -> Option<&mut Room> {
        self.rooms.get_mut(id.index())?.as_mut()
    }

    pub(super) fn enter(&mut self, id: RoomId) {
        if let Some(room) = self.get_mut(id) {
            room.people += 1;
        }
    }

    /// Someone goes; the room may vanish with them.
    pub(super) fn leave(&mut self, id: RoomId) {
        let Some(room) = self.get_mut(id) else { return };
        debug_assert!(room.people > 0);
        room.people -= 1;
        if room.people == 0 && room.topic.is_none() && id != RoomId::LOBBY {
            self.remove(id);
        }
    }

    /// Every room there is.
    pub(super) fn iter(&self) -> impl Iterator<Item = (RoomId, &Room)> {
        let ids = (0..).map(RoomId);
        ids.zip(&self.rooms)
            .filter_map(|(id, room)| Some((id, room.as_ref()?)))
    }

    fn put(&mut self, id: RoomId, name: RoomName) {
        if id.index() == self.rooms.len() {
            self.rooms.push(None);
        }
        self.names.insert(name.clone(), id);
        self.rooms[id.index()] = Some(Room {
            name,
            people: 0,
            topic: None,
            history: History::new(self.history, HISTORY_BYTES),
        });
    }

    fn remove(&mut self, id: RoomId) {
        if let Some(room) = self.rooms[id.index()].take() {
            self.names.remove(&room.name);
        }
    }

    /// Removes a room with nobody in it, though it has a topic. Returns its place.
    fn evict(&mut self) -> Option<usize> {
        let (id, _) = self
            .iter()
            .find(|(id, room)| room.people == 0 && *id != RoomId::LOBBY)?;
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

    #[test]
    fn a_room_vanishes_with_its_last_person_unless_it_has_a_topic() {
        let mut rooms = Rooms::new(0);
        for topic in [None, Some("tea".into())] {
            let id = rooms.find_or_make(name("tea")).unwrap();
            rooms.enter(id);
            rooms.get_mut(id).unwrap().topic = topic.clone();
            rooms.leave(id);
            assert_eq!(rooms.find(&name("TEA")).is_some(), topic.is_some());
        }
        rooms.enter(RoomId::LOBBY);
        rooms.leave(RoomId::LOBBY);
        assert!(rooms.get(RoomId::LOBBY).is_some());
    }

    #[test]
    fn rooms_are_bounded_and_the_empty_ones_make_way() {
        let mut rooms = Rooms::new(0);
        for i in 1..ROOMS {
            let id = rooms.find_or_make(name(&format!("room{i}"))).unwrap();
            rooms.enter(id);
            rooms.get_mut(id).unwrap().topic = Some("x".into());
        }
        assert_eq!(rooms.find_or_make(name("more")), Err(NoRoom::TooMany));
        let seven = rooms.find(&name("room7")).unwrap();
        rooms.leave(seven);
        assert_eq!(rooms.find_or_make(name("more")).unwrap(), seven);
        assert_eq!(rooms.find(&name("room7")), None);
        assert_eq!(rooms.iter().count(), ROOMS);
    }
}
