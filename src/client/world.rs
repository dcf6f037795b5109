//! `World`: what the server has told of the rooms that we are in, and of the people there. Facts go in.
//!
//! This holds whatever a server says: there are at most [`ROOMS_HEARD`] rooms, with at most [`PEOPLE`] names each.

use std::collections::BTreeMap;

use crate::limits::ROOMS_HEARD;
use crate::name::RoomName;

use super::protocol::{Event, Facts, Someone, Told, Welcome};

/// How many people of a room to know by name. The others are counted.
const PEOPLE: usize = 1000;

/// The rooms that we are in.
#[derive(Debug)]
pub(super) struct World {
    /// The name under which we are in.
    name: Option<String>,
    /// Our number.
    person: u64,
    current: RoomName,
    rooms: Vec<Room>,
}

#[derive(Debug)]
struct Room {
    name: RoomName,
    people: BTreeMap<u64, String>,
    /// How many more people are there.
    more: usize,
}

impl World {
    pub(super) fn new() -> World {
        World {
            name: None,
            person: 0,
            current: RoomName::lobby(),
            rooms: Vec::new(),
        }
    }

    /// The name under which we are in.
    pub(super) fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The room that we are in.
    pub(super) fn current(&self) -> &RoomName {
        &self.current
    }

    /// The rooms that we hear besides the current one.
    pub(super) fn others(&self) -> Vec<RoomName> {
        let rooms = self.rooms();
        rooms.filter(|it| **it != self.current).cloned().collect()
    }

    /// All rooms that we hear, with the current one. A room keeps its place as long as we hear it.
    pub(super) fn rooms(&self) -> impl Iterator<Item = &RoomName> {
        self.rooms.iter().map(|it| &it.name)
    }

    /// This room as the server writes it, if we are in it.
    pub(super) fn room(&self, room: &RoomName) -> Option<&RoomName> {
        self.find(room).map(|it| &it.name)
    }

    /// How many people are in the room that we are in.
    pub(super) fn people_here(&self) -> Option<usize> {
        let room = self.find(&self.current)?;
        Some(room.people.len() + room.more)
    }

    /// Takes note of what happened.
    pub(super) fn learn(&mut self, told: &Told) {
        match &told.event {
            Event::Welcome(welcome) => self.begin(welcome),
            _ if told.past => {}
            Event::Renamed { from, to, person } => self.rename(from, to, *person),
            Event::Joined(who) | Event::Entered { who, .. } => {
                if let Some(room) = self.told_in(told) {
                    room.add(who);
                }
            }
            Event::Left { who, .. } | Event::SentAway { who, .. } | Event::Went { who, .. } => {
                if let Some(room) = self.told_in(told) {
                    room.remove(who);
                }
            }
            Event::Lost { people, .. } => {
                if let Some(room) = self.told_in(told) {
                    people.iter().for_each(|it| room.remove(it));
                }
            }
            Event::Room { is_current, facts } => {
                self.add(facts);
                if *is_current {
                    self.current = facts.room.clone();
                }
            }
            Event::Out { current } => {
                self.rooms.retain(|it| Some(&it.name) != told.room.as_ref());
                if let Some(current) = current
                    && told.room.as_ref() == Some(&self.current)
                {
                    self.current = current.clone();
                }
            }
            _ => {}
        }
    }

    fn begin(&mut self, welcome: &Welcome) {
        self.name = Some(welcome.name.clone());
        self.person = welcome.person;
        self.rooms.clear();
        welcome.rooms.iter().for_each(|it| self.add(it));
        self.current = welcome.current.clone().unwrap_or_else(RoomName::lobby);
    }

    fn add(&mut self, facts: &Facts) {
        let mut room = Room {
            name: facts.room.clone(),
            people: BTreeMap::new(),
            more: facts.more,
        };
        facts.people.iter().for_each(|it| room.add(it));
        match self.rooms.iter().position(|it| it.name == room.name) {
            Some(at) => self.rooms[at] = room,
            None if self.rooms.len() < ROOMS_HEARD => self.rooms.push(room),
            None => {}
        }
    }

    fn find(&self, room: &RoomName) -> Option<&Room> {
        self.rooms.iter().find(|it| it.name == *room)
    }

    /// The room in which this is told, if we are in it.
    fn told_in(&mut self, told: &Told) -> Option<&mut Room> {
        let room = told.room.as_ref()?;
        self.rooms.iter_mut().find(|it| it.name == *room)
    }

    fn rename(&mut self, from: &str, to: &str, person: u64) {
        let is_own = self.name.as_deref() == Some(from);
        if is_own && (person == self.person || self.person == 0) {
            self.name = Some(to.into());
        }
        for room in &mut self.rooms {
            if let Some(name) = room.people.get_mut(&person) {
                *name = to.into();
            }
        }
    }
}

impl Room {
    fn add(&mut self, who: &Someone) {
        if self.people.len() < PEOPLE || self.people.contains_key(&who.person) {
            self.people.insert(who.person, who.name.clone());
        } else {
            self.more = self.more.saturating_add(1);
        }
    }

    fn remove(&mut self, who: &Someone) {
        if self.people.remove(&who.person).is_none() {
            self.more = self.more.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::tests::host::told_of;

    fn world(objects: &[&str]) -> World {
        let mut world = World::new();
        objects.iter().for_each(|it| world.learn(&told_of(it)));
        world
    }

    const WELCOME: &str = r#"{"event":"welcome","name":"ann","person":1,"current":"lobby","rooms":[{"room":"lobby","topic":"T","more":7,"people":[{"name":"ann","person":1},{"name":"bob","person":2}]}]}"#;

    #[test]
    fn people_are_counted_as_they_come_and_go() {
        let mut world = world(&[WELCOME]);
        assert_eq!(world.people_here(), Some(9));
        for (object, here) in [
            (
                r#"{"event":"joined","room":"lobby","name":"cid","person":3}"#,
                10,
            ),
            (
                r#"{"event":"entered","room":"lobby","name":"cid","person":3,"listens":true}"#,
                10,
            ),
            (
                r#"{"event":"left","room":"tea","name":"cid","person":3}"#,
                10,
            ),
            (
                r#"{"event":"left","room":"lobby","name":"cid","person":3}"#,
                9,
            ),
            (
                r#"{"event":"went","room":"lobby","name":"one of the seven","person":4}"#,
                8,
            ),
            (
                r#"{"event":"left","room":"lobby","name":"bob","person":2,"sent":"kicked","by":"olga"}"#,
                7,
            ),
        ] {
            world.learn(&told_of(object));
            assert_eq!(world.people_here(), Some(here), "{object}");
        }
    }

    #[test]
    fn rooms_are_followed_on_all_ways() {
        let mut world = world(&[WELCOME]);
        let mut goes = |objects: &[&str], current: &str, others: &[&str]| {
            objects.iter().for_each(|it| world.learn(&told_of(it)));
            assert_eq!(world.current().name(), current);
            let heard: Vec<String> = world.others().iter().map(|it| it.name().into()).collect();
            assert_eq!(heard, others);
        };
        let join = [
            r#"{"event":"out","room":"lobby","current":"tea"}"#,
            r#"{"event":"room","room":"tea","current":true,"people":[]}"#,
        ];
        goes(&join, "tea", &[]);
        let listen = [r#"{"event":"room","room":"den","current":false,"people":[]}"#];
        goes(&listen, "tea", &["den"]);
        let switch = [
            r#"{"event":"room","room":"den","current":true,"people":[]}"#,
            r#"{"event":"room","room":"tea","current":false,"people":[]}"#,
        ];
        goes(&switch[..1], "den", &["tea"]);
        goes(&switch, "den", &["tea"]);
        goes(
            &[r#"{"event":"out","room":"tea","current":"den"}"#],
            "den",
            &[],
        );
    }

    #[test]
    fn a_room_keeps_its_place_wherever_we_go() {
        let world = world(&[
            WELCOME,
            r#"{"event":"room","room":"den","current":false,"people":[]}"#,
            r#"{"event":"room","room":"tea","current":false,"people":[]}"#,
            r#"{"event":"room","room":"den","current":true,"people":[]}"#,
            r#"{"event":"room","room":"lobby","current":false,"people":[]}"#,
        ]);
        let rooms: Vec<&str> = world.rooms().map(RoomName::name).collect();
        assert_eq!(rooms, ["lobby", "den", "tea"]);
    }

    #[test]
    fn only_our_own_new_name_is_ours() {
        let mut world = world(&[WELCOME]);
        world.learn(&told_of(
            r#"{"event":"renamed","from":"bob","to":"rob","person":2}"#,
        ));
        assert_eq!(world.name(), Some("ann"));
        let past = r#"{"event":"renamed","from":"ann","to":"eve","person":1,"past":true}"#;
        world.learn(&told_of(past));
        assert_eq!(world.name(), Some("ann"));
        world.learn(&told_of(
            r#"{"event":"renamed","from":"ann","to":"bea","person":1}"#,
        ));
        assert_eq!(world.name(), Some("bea"));
    }

    #[test]
    fn no_server_makes_the_client_know_endlessly_much() {
        let mut world = world(&[WELCOME]);
        for i in 0..100 {
            let room = format!(r#"{{"event":"room","room":"r{i}","current":false,"people":[]}}"#);
            world.learn(&told_of(&room));
        }
        assert_eq!(world.rooms.len(), ROOMS_HEARD);
        for i in 0..2 * PEOPLE {
            let who = format!(r#"{{"event":"joined","room":"lobby","name":"p{i}","person":{i}}}"#);
            world.learn(&told_of(&who));
        }
        assert_eq!(world.rooms[0].people.len(), PEOPLE);
        assert_eq!(world.people_here(), Some(7 + 2 * PEOPLE));
    }
}
