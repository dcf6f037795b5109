//! Going from room to room: entries that change which rooms a person is in, and which of them is their current one.

use crate::id::{PeerId, RoomId};
use crate::limits::ROOMS_HEARD;
use crate::message::{AboutHearing, AboutRooms, Answer, ForProgram, News};
use crate::name::RoomName;

use super::event::{Effect, Effects};
use super::person::Place;
use super::room::NoRoom;
use super::{Author, Hub};

impl Hub {
    /// Moves the author from their current room to another one, and tells both rooms. They keep the other rooms that
    /// they hear.
    pub(super) fn go(&mut self, author: &Author, typed: &RoomName, effects: &mut Effects) {
        let room = match self.way_to(author, typed) {
            Ok(room) => room,
            Err(why) => return effects.answer(author.peer, why),
        };
        let Some(name) = self.room_name(room) else {
            return;
        };
        if room == author.room {
            return self.tell_in(author, room, AboutRooms::InRoomAlready(name), effects);
        }
        let who = author.name.clone();
        let gone = |room| News::WentTo {
            who: author.name.clone(),
            room,
        };
        self.tell_where(author, author.room, room, gone, effects);
        self.knows_room(author);
        let hidden_from = self.hidden_from(author.place);
        // It may vanish with them.
        let left = self.room_name(author.room);
        self.exit(author.place, author.peer, author.room, effects);
        let Some(person) = self.roster.get_mut(author.place) else {
            return;
        };
        let is_heard = person.hears().contains(&room);
        if is_heard {
            person.forget_heard(room);
        }
        person.room = room;
        if !is_heard {
            self.add_member(room, author.place);
        }
        self.read(author.place, room, effects);
        if let (true, Some(room)) = (author.is_program, left) {
            let current = name.clone();
            effects.tell(author.peer, ForProgram::OutOf { room, current });
        }
        self.tell_in(author, room, AboutRooms::InRoom(name), effects);
        if !is_heard {
            self.show_room(author.place, room, effects);
            effects.tell_room(room, author.peer, hidden_from, News::Entered(who));
        }
        self.own_if_new(author, room, effects);
        self.keep_set(author, effects);
    }

    /// Lets the author hear a room besides their current one, and tells the people there.
    pub(super) fn listen(&mut self, author: &Author, typed: &RoomName, effects: &mut Effects) {
        if let Some((room, name)) = self.heard(author.place, typed) {
            let already: Answer = match room == author.room {
                true => AboutRooms::InRoomAlready(name).into(),
                false => AboutHearing::Already(name).into(),
            };
            return self.tell_in(author, room, already, effects);
        }
        let person = self.roster.get(author.place);
        if person.is_none_or(|it| it.rooms().count() >= ROOMS_HEARD) {
            return effects.answer(author.peer, AboutHearing::TooMany);
        }
        let room = match self.way_to(author, typed) {
            Ok(room) => room,
            Err(why) => return effects.answer(author.peer, why),
        };
        let Some(name) = self.room_name(room) else {
            return;
        };
        if let Some(person) = self.roster.get_mut(author.place) {
            person.extras_mut().hears.push(room);
        }
        self.add_member(room, author.place);
        self.read(author.place, room, effects);
        self.tell_in(author, room, AboutHearing::Too(name), effects);
        self.show_room(author.place, room, effects);
        let listens = |from| News::ListensIn {
            who: author.name.clone(),
            from,
        };
        self.tell_where(author, room, author.room, listens, effects);
        self.own_if_new(author, room, effects);
        self.keep_set(author, effects);
    }

    /// The author no longer hears a room, or any room but their current one. Tells the people there.
    pub(super) fn unlisten(
        &mut self,
        author: &Author,
        typed: &Option<RoomName>,
        effects: &mut Effects,
    ) {
        let left = match typed {
            None => self.roster.get(author.place).map(|it| it.hears().to_vec()),
            Some(typed) => match self.heard(author.place, typed) {
                None => {
                    let not_heard = AboutHearing::NotHeard(typed.clone());
                    return effects.answer(author.peer, not_heard);
                }
                Some((room, _)) => Some(vec![room]),
            },
        };
        let left = left.unwrap_or_default();
        let names: Vec<RoomName> = left.iter().filter_map(|it| self.room_name(*it)).collect();
        let answer = match names.first() {
            None => AboutHearing::NoOther,
            Some(name) if left.contains(&author.room) => AboutHearing::Current(name.clone()),
            Some(_) => AboutHearing::NoMore(names),
        };
        match (&answer, author.is_program) {
            (AboutHearing::NoMore(_), true) => {
                left.iter()
                    .for_each(|it| self.tell_out(author, *it, effects));
            }
            _ => effects.answer(author.peer, answer),
        }
        let hidden_from = self.hidden_from(author.place);
        let left: Vec<RoomId> = left.into_iter().filter(|it| *it != author.room).collect();
        for room in left.iter().copied() {
            let listens_no_more = News::ListensNoMore(author.name.clone());
            effects.tell_room(room, author.peer, hidden_from.clone(), listens_no_more);
            self.exit(author.place, author.peer, room, effects);
        }
        if !left.is_empty() {
            self.keep_set(author, effects);
        }
    }

    /// Makes a room that the author hears their current one. They go on hearing the other.
    pub(super) fn switch(&mut self, author: &Author, typed: &RoomName, effects: &mut Effects) {
        let Some((room, name)) = self.heard(author.place, typed) else {
            return effects.answer(author.peer, AboutHearing::NotHeard(typed.clone()));
        };
        if room == author.room {
            return self.tell_in(author, room, AboutRooms::InRoomAlready(name), effects);
        }
        if let Some(person) = self.roster.get_mut(author.place) {
            person.room = room;
            let hears = &mut person.extras_mut().hears;
            hears.retain(|it| *it != room);
            hears.push(author.room);
        }
        self.knows_room(author);
        self.read(author.place, author.room, effects);
        self.read(author.place, room, effects);
        self.tell_in(author, room, AboutRooms::InRoom(name), effects);
        if let Some(before) = self.room_name(author.room) {
            self.tell_in(author, author.room, AboutHearing::Too(before), effects);
        }
        self.keep_set(author, effects);
    }

    /// The room that a typed name means, and its own name, if the person is in it.
    pub(super) fn heard(&self, place: Place, typed: &RoomName) -> Option<(RoomId, RoomName)> {
        let room = self.rooms.find(typed)?;
        let mut rooms = self.roster.get(place)?.rooms();
        rooms.find(|it| *it == room)?;
        Some((room, self.room_name(room)?))
    }

    /// The name of a room, as its maker spelled it.
    pub(super) fn room_name(&self, room: RoomId) -> Option<RoomName> {
        Some(self.rooms.get(room)?.name.clone())
    }

    /// Has a person read a room in their format. Its name stands before each line unless it is their current room.
    pub(super) fn read(&self, place: Place, room: RoomId, effects: &mut Effects) {
        let Some(person) = self.roster.get(place) else {
            return;
        };
        if let Some(peer) = self.roster.peer(person) {
            let Some(name) = self.room_name(room) else {
                return;
            };
            effects.push(Effect::Enter {
                peer,
                room,
                format: person.format,
                name,
                is_current: room == person.room,
            });
        }
    }

    /// Adds a person to a room, and to its list of people who are away if they are.
    pub(super) fn add_member(&mut self, room: RoomId, place: Place) {
        self.rooms.enter(room, place, |it| self.roster.number(it));
        if let Some(person) = self.roster.get(place) {
            self.rooms.list_away(room, place, person);
        }
    }

    /// Takes somebody out of a room. The room may vanish with them.
    pub(super) fn exit(
        &mut self,
        place: Place,
        peer: Option<PeerId>,
        room: RoomId,
        effects: &mut Effects,
    ) {
        self.note_visit(place, room);
        if let Some(person) = self.roster.get(place) {
            self.rooms.strike_away(room, place, person);
        }
        let number = |it| self.roster.number(it);
        self.rooms.leave(room, place, number);
        if let Some(person) = self.roster.get_mut(place) {
            person.forget_heard(room);
        }
        if let Some(peer) = peer {
            effects.push(Effect::Exit { peer, room });
        }
    }
}

/// The reason why somebody could not go to the room that they typed.
pub(super) fn no_room(typed: &RoomName, why: NoRoom) -> AboutRooms {
    match why {
        NoRoom::TooMany => AboutRooms::TooManyRooms,
        NoRoom::TooManyMade => AboutRooms::TooManyRoomsMade,
        NoRoom::LooksLike(room) => AboutRooms::RoomLooksLike {
            typed: typed.clone(),
            room,
        },
    }
}
