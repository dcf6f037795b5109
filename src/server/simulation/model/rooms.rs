//! The rooms, and the commands about them: going from room to room, and hearing several at once.

use std::cmp::Reverse;
use std::sync::Arc;

use crate::id::PeerId;
use crate::limits::{
    HISTORY_BYTES, PEOPLE_LISTED, ROOMS_HEARD, ROOMS_LISTED, ROOMS_MADE, ROOMS_REMEMBERED,
    TOPIC_CHARS,
};
use crate::message::{AboutHearing, AboutOwning, AboutRooms, Here, News, Presence, RoomRow};
use crate::moment::Moment;
use crate::name::RoomName;
use crate::server::simulation::sightings::Sight;

use super::commands::{Typed, as_command};
use super::locks::Kept;
use super::{Line, Model, Person, Readers, Room, words};

impl Model {
    /// In how many rooms somebody is.
    pub(in crate::server::simulation) fn rooms_of(&self, peer: PeerId) -> usize {
        let person = self.people.iter().find(|it| it.peer == peer);
        person.map_or(0, |it| it.rooms().len())
    }

    pub(super) fn room(&self, room: usize) -> &Room {
        self.rooms[room].as_ref().expect("the room is there")
    }

    /// The people who are in a room, whether it is their current one or not.
    fn people_in(&self, room: usize) -> impl Iterator<Item = &Person> {
        let people = self.people.iter();
        people.filter(move |it| it.name.is_some() && it.is_in(room))
    }

    pub(super) fn make_room(&mut self, name: RoomName, maker: Option<PeerId>) -> Room {
        self.lives += 1;
        Room {
            life: self.lives,
            made: self.entry.seq,
            began: self.entry.seq,
            kept: Kept::default(),
            ranks: Vec::new(),
            guests: Vec::new(),
            name,
            maker,
            topic: None,
            history: super::Kept::new(self.rules.history, HISTORY_BYTES),
        }
    }

    pub(super) fn find_room(&self, name: &RoomName) -> Option<usize> {
        let is_it = |room: &Option<Room>| room.as_ref().is_some_and(|room| room.name == *name);
        self.rooms.iter().position(is_it)
    }

    /// The room of that name, if somebody is in it.
    pub(super) fn find_own(&self, peer: PeerId, name: &RoomName) -> Option<usize> {
        let room = self.find_room(name)?;
        self.person(peer).is_in(room).then_some(room)
    }

    /// The rooms whose names look like this one, the oldest first.
    fn alike(&self, name: &RoomName) -> Vec<usize> {
        let is_alike = |it: &usize| {
            let room = self.rooms[*it].as_ref();
            room.is_some_and(|it| it.name.looks_like(name))
        };
        let mut alike: Vec<usize> = (0..self.rooms.len()).filter(is_alike).collect();
        alike.sort_by_key(|it| self.room(*it).made);
        alike
    }

    /// The oldest one of them that somebody may see.
    fn seen_alike(&self, peer: PeerId, name: &RoomName) -> Option<RoomName> {
        let mut alike = self.alike(name).into_iter();
        let found = alike.find(|it| self.may_see(self.person(peer), *it))?;
        Some(self.room(found).name.clone())
    }

    /// The room of that name, which is made if there is none. If it cannot be made, they are told why.
    fn find_or_make(&mut self, peer: PeerId, name: RoomName) -> Option<usize> {
        match self.find_room(&name) {
            Some(room) if self.may_see(self.person(peer), room) => return Some(room),
            Some(_) => {
                self.seen.add(Sight::NotInvited, 1);
                self.answer(peer, AboutOwning::ForInvited);
                return None;
            }
            None => {}
        }
        let rooms = self.rooms.iter().flatten();
        let made = rooms.filter(|room| room.maker == Some(peer)).count();
        let is_like = !self.alike(&name).is_empty();
        let refusal = match self.seen_alike(peer, &name) {
            Some(room) => AboutRooms::RoomLooksLike { typed: name, room },
            None if is_like => {
                self.answer(peer, AboutOwning::ForInvited);
                return None;
            }
            None if made >= ROOMS_MADE => AboutRooms::TooManyRoomsMade,
            None => {
                let free = self.rooms.iter().position(Option::is_none);
                let room = free.unwrap_or(self.rooms.len());
                if free.is_none() {
                    self.rooms.push(None);
                }
                let woken = self.wake(&name).map(|it| Room {
                    maker: Some(peer),
                    made: self.entry.seq,
                    ..it
                });
                let is_new = woken.is_none();
                let made = woken.unwrap_or_else(|| self.make_room(name, Some(peer)));
                self.rooms[room] = Some(made);
                if is_new {
                    self.own(peer, room);
                }
                return Some(room);
            }
        };
        self.answer(peer, refusal);
        None
    }

    pub(super) fn close_if_empty(&mut self, room: usize) {
        let is_empty = self.people_in(room).next().is_none();
        let lasts = self.room(room).topic.is_some() || self.room(room).kept.is_locked;
        if room != 0 && is_empty && !lasts {
            let ended = self.rooms[room].take();
            let Room { life, name, .. } = ended.expect("it was there");
            self.keep_end(life, name);
        }
    }

    pub(super) fn show_room(&mut self, peer: PeerId, room: usize) {
        if self.room(room).topic.is_some() && !self.person(peer).is_program() {
            self.show_topic(peer, room);
        }
        let life = self.room(room).life;
        let mut visits = self.person(peer).visits.iter();
        let known = visits.find(|(it, _)| *it == life).map(|it| it.1);
        if known.is_some() || !self.arrive_by_file(peer, room) {
            self.replay(peer, room, known.unwrap_or(0));
        }
    }

    fn show_topic(&mut self, peer: PeerId, room: usize) {
        let Room { name, topic, .. } = self.room(room);
        let (room, topic) = (name.clone(), topic.clone());
        self.answer(peer, AboutRooms::Topic { room, topic });
    }

    pub(super) fn list_rooms(&mut self, peer: PeerId) {
        let me = self.person(peer);
        let here = |place: usize| match place {
            place if place == me.room => Some(Here::Current),
            place if me.hears.contains(&place) => Some(Here::Hears),
            _ => None,
        };
        let (mut all, mut hidden) = (Vec::new(), 0);
        for (place, room) in self.rooms.iter().enumerate() {
            if room.is_none() || !self.may_see(me, place) {
                hidden += usize::from(room.is_some());
                continue;
            }
            let people = self.people_in(place).count();
            all.extend(room.as_ref().map(|room| (people, room, here(place))));
        }
        all.sort_by_key(|(people, room, _)| (Reverse(*people), room.made));
        let mut rows = Vec::new();
        for (number, (people, room, here)) in all.iter().enumerate() {
            if number < ROOMS_LISTED || here.is_some() {
                rows.push(RoomRow {
                    name: room.name.clone(),
                    people: *people,
                    here: *here,
                    topic: room.topic.clone(),
                });
            }
        }
        let more = all.len() - rows.len();
        self.seen.add(Sight::NotListed, hidden);
        self.answer(peer, AboutRooms::Rooms { rows, more });
    }

    /// The name of a room as it was typed. If it is none, they are told why.
    pub(super) fn parse_room(&mut self, peer: PeerId, typed: &str) -> Option<RoomName> {
        match RoomName::parse(typed) {
            Ok(name) => Some(name),
            Err(why) => {
                self.answer(peer, AboutRooms::RoomInvalid(why));
                None
            }
        }
    }

    pub(super) fn join(&mut self, typed: &Typed, args: &str) {
        let Some(name) = self.parse_room(typed.peer, args) else {
            return;
        };
        if self.find_room(&name).is_none() && self.is_silenced(typed.peer, Sight::SilentRoom) {
            return;
        }
        if let Some(room) = self.find_or_make(typed.peer, name) {
            self.go(typed, room);
        }
    }

    /// Somebody leaves their current room for another one. If they hear that already, only the room that they leave is told.
    pub(super) fn go(&mut self, typed: &Typed, room: usize) {
        let Typed { peer, name, .. } = typed.clone();
        let there = self.room(room).name.clone();
        if room == typed.room {
            return self.tell_that_in(typed, room, AboutRooms::InRoomAlready(there));
        }
        let is_new = !self.person(peer).is_in(room);
        let gone = |room| News::WentTo {
            who: name.clone(),
            room,
        };
        self.tell_where(peer, typed.room, room, gone);
        let it = self.person_mut(peer);
        it.room = room;
        it.hears.retain(|it| *it != room);
        let left = self.room(typed.room).name.clone();
        self.has_left(peer, typed.room);
        self.tell_that_out(peer, left);
        self.tell_that_in(typed, room, AboutRooms::InRoom(there));
        if is_new {
            self.show_room(peer, room);
            self.tell_room(room, Some(peer), Readers::Comings, News::Entered(name));
        }
        self.keep_left(peer);
    }

    /// Somebody is in a room no longer. How many lines had been said there is remembered.
    fn has_left(&mut self, peer: PeerId, room: usize) {
        let Room { life, history, .. } = self.room(room);
        let visit = (*life, history.total);
        let it = self.person_mut(peer);
        it.visits.retain(|(life, _)| *life != visit.0);
        it.visits.push(visit);
        let forgotten = it.visits.len().saturating_sub(ROOMS_REMEMBERED);
        it.visits.drain(..forgotten);
        self.close_if_empty(room);
    }

    pub(super) fn listen(&mut self, typed: &Typed, args: &str) {
        let peer = typed.peer;
        let Some(name) = self.parse_room(peer, args) else {
            return;
        };
        if self.find_room(&name).is_none() && self.is_silenced(peer, Sight::SilentRoom) {
            return;
        }
        if let Some(room) = self.find_own(peer, &name) {
            let name = self.room(room).name.clone();
            return match room == typed.room {
                true => self.tell_that_in(typed, room, AboutRooms::InRoomAlready(name)),
                false => self.tell_that_in(typed, room, AboutHearing::Already(name)),
            };
        }
        if self.person(peer).rooms().len() >= ROOMS_HEARD {
            return self.answer(peer, AboutHearing::TooMany);
        }
        let Some(room) = self.find_or_make(peer, name) else {
            return;
        };
        self.person_mut(peer).hears.push(room);
        let there = self.room(room).name.clone();
        self.tell_that_in(typed, room, AboutHearing::Too(there));
        self.show_room(peer, room);
        let listens = |from| News::ListensIn {
            who: typed.name.clone(),
            from,
        };
        self.tell_where(peer, room, typed.room, listens);
        self.keep_left(peer);
    }

    pub(super) fn unlisten(&mut self, typed: &Typed, args: &str) {
        let peer = typed.peer;
        if args.eq_ignore_ascii_case("all") {
            let rooms = self.person(peer).hears.clone();
            return match rooms.is_empty() {
                true => self.answer(peer, AboutHearing::NoOther),
                false => self.hear_no_more(typed, &rooms),
            };
        }
        if let Some(name) = self.parse_room(peer, args) {
            self.unlisten_to(typed, name);
        }
    }

    pub(super) fn unlisten_to(&mut self, typed: &Typed, name: RoomName) {
        let peer = typed.peer;
        match self.find_own(peer, &name) {
            None => self.answer(peer, AboutHearing::NotHeard(name)),
            Some(room) if room == typed.room => {
                let name = self.room(room).name.clone();
                self.answer(peer, AboutHearing::Current(name));
            }
            Some(room) => self.hear_no_more(typed, &[room]),
        }
    }

    fn hear_no_more(&mut self, typed: &Typed, rooms: &[usize]) {
        let names = rooms.iter().map(|it| self.room(*it).name.clone());
        let names: Vec<RoomName> = names.collect();
        match self.person(typed.peer).is_program() {
            true => names
                .into_iter()
                .for_each(|it| self.tell_that_out(typed.peer, it)),
            false => self.answer(typed.peer, AboutHearing::NoMore(names)),
        }
        for &room in rooms {
            let it = self.person_mut(typed.peer);
            it.hears.retain(|it| *it != room);
            let no_more = News::ListensNoMore(typed.name.clone());
            self.tell_room(room, Some(typed.peer), Readers::Comings, no_more);
            self.has_left(typed.peer, room);
        }
        self.keep_left(typed.peer);
    }

    pub(super) fn switch(&mut self, typed: &Typed, args: &str) {
        let peer = typed.peer;
        let Some(name) = self.parse_room(peer, args) else {
            return;
        };
        let Some(room) = self.find_own(peer, &name) else {
            return self.answer(peer, AboutHearing::NotHeard(name));
        };
        let there = self.room(room).name.clone();
        if room == typed.room {
            return self.tell_that_in(typed, room, AboutRooms::InRoomAlready(there));
        }
        let before = self.room(typed.room).name.clone();
        let it = self.person_mut(peer);
        it.hears.retain(|it| *it != room);
        it.hears.push(typed.room);
        it.room = room;
        self.tell_that_in(typed, room, AboutRooms::InRoom(there));
        self.tell_that_in(typed, typed.room, AboutHearing::Too(before));
        self.keep_left(peer);
    }

    /// Somebody says something in a room that they name.
    pub(super) fn say_in(&mut self, typed: &Typed, args: &str) {
        let peer = typed.peer;
        let Some((room, line)) = args.split_once(char::is_whitespace) else {
            return self.misused(peer, "/in");
        };
        let Some(name) = self.parse_room(peer, room) else {
            return;
        };
        let Some(room) = self.find_own(peer, &name) else {
            return self.answer(peer, AboutHearing::NotSent(name));
        };
        let line = line.trim_start();
        match as_command(line) {
            None => self.say(typed, room, line),
            Some((word, action)) => match words::usage(&word) {
                Some("/me ACTION") if !action.is_empty() => self.act(typed, room, action),
                _ => self.answer(peer, AboutHearing::OnlySaid),
            },
        }
    }

    pub(super) fn topic(&mut self, typed: &Typed, args: &str) {
        if args.is_empty() || args == "-" && self.room(typed.room).topic.is_none() {
            return self.show_topic(typed.peer, typed.room);
        }
        if args.chars().count() > TOPIC_CHARS {
            return self.answer(typed.peer, AboutRooms::TopicTooLong);
        }
        let topic: Option<Arc<str>> = Some(args).filter(|it| *it != "-").map(Into::into);
        if topic.is_some() && self.is_silenced(typed.peer, Sight::SilentTopic) {
            return;
        }
        let set = News::TopicSet {
            by: typed.name.clone(),
            topic: topic.clone(),
        };
        let room = self.rooms[typed.room].as_mut().expect("they are in it");
        room.topic = topic;
        let line = Line {
            number: 0,
            entry: self.entry,
            name: Some(typed.name.clone()),
            room: Some(room.name.clone()),
            news: set.clone(),
            typed: args.len(),
        };
        let life = room.life;
        self.keep_line(life, &line);
        self.tell_room(typed.room, Some(typed.peer), Readers::All, set.clone());
        self.tell_author(typed.peer, typed.room, set);
    }

    pub(super) fn who(&mut self, typed: &Typed, args: &str) {
        let room = match (args, RoomName::parse(args)) {
            ("", _) => typed.room,
            (_, Err(why)) => return self.answer(typed.peer, AboutRooms::RoomInvalid(why)),
            (_, Ok(name)) => match self.find_room(&name) {
                Some(room) if self.may_see(self.person(typed.peer), room) => room,
                found => {
                    self.seen.add(Sight::AskedInVain, found.is_some().into());
                    let meant = self.seen_alike(typed.peer, &name);
                    return self.answer(typed.peer, AboutRooms::NoSuchRoom { name, meant });
                }
            },
        };
        let (people, more) = self.list_people(typed.now, room, typed.peer);
        let room = self.room(room).name.clone();
        self.answer(typed.peer, AboutRooms::Who { room, people, more });
    }

    /// The people in a room, or the first of them, and how many are not listed.
    pub(super) fn list_people(
        &self,
        now: Moment,
        room: usize,
        reader: PeerId,
    ) -> (Vec<Presence>, usize) {
        let mut here: Vec<&Person> = self.people_in(room).collect();
        let count = here.len();
        here.sort_by_key(|it| it.came);
        here.truncate(PEOPLE_LISTED);
        let more = count - here.len();
        let seconds = self.seconds(now);
        let mut people = Vec::new();
        for it in here {
            let elsewhere = self.elsewhere(it, room, self.person(reader));
            people.push(it.presence(seconds, elsewhere));
        }
        (people, more)
    }
}
