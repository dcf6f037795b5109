//! Programs: what their objects ask for, and what they are told where people read a sentence.

use std::sync::Arc;

use crate::account::Secret;
use crate::error::CloseReason;
use crate::id::{PeerId, RoomId};
use crate::journal::Act;
use crate::limits::past::{FOUND_LINES, LINES_ANSWERED};
use crate::message::{
    AboutConnection, AboutHearing, AboutInput, Answer, Before, EntryFacts, ForProgram, Misuse,
    News, Request, RoomFacts, SeatFacts, Welcome,
};
use crate::moment::{Format, Moment};
use crate::name::{RoomName, Username};
use crate::wire::Command;
use crate::wire::machine::{Object, Op};

use super::event::Effects;
use super::person::{Person, Place};
use super::recall::{Sought, Way, What};
use super::returning::{Back, from_where};
use super::roster::Session;
use super::seats::Claim;
use super::{Author, Caller, Hub, commands};

impl Hub {
    /// A peer turns out to be a program. Where people are named by their address it is in the chat already, and reads
    /// its rooms as objects from now on.
    pub(super) fn become_program(
        &mut self,
        now: Moment,
        peer: PeerId,
        format: Format,
        effects: &mut Effects,
    ) {
        self.roster.set_format(peer, format);
        let Some(place) = self.roster.place_at(peer) else {
            return;
        };
        let Some(person) = self.roster.get_mut(place) else {
            return;
        };
        self.programs += usize::from(!person.is_program());
        person.format = format;
        let (author, rooms) = (person.id, person.rooms().collect::<Vec<_>>());
        for room in rooms {
            self.read(place, room, effects);
        }
        let (seq, at) = (self.last, now.unix_millis());
        effects.set_entry(Some(EntryFacts { seq, at, author }));
        let used = self.seats.tickets.of(author).cloned();
        let seat = self.give_token(now, place, used, effects);
        self.welcome(now, place, peer, seat, None, effects);
        effects.set_entry(None);
    }

    /// Handles an object of a program.
    pub(super) fn object(
        &mut self,
        now: Moment,
        peer: PeerId,
        object: &Object,
        effects: &mut Effects,
    ) {
        let command = match &object.op {
            Op::Command { line } => commands::word_of(line),
            Op::Register { .. } => Some("/register"),
            Op::Password { .. } => Some("/password"),
            Op::Unregister { .. } => Some("/unregister"),
            Op::Login { .. }
            | Op::Resume { .. }
            | Op::Say { .. }
            | Op::Do { .. }
            | Op::Join { .. }
            | Op::Leave { .. }
            | Op::Write { .. }
            | Op::History { .. }
            | Op::Search { .. }
            | Op::Ping
            | Op::Quit { .. }
            | Op::TooLong { .. } => None,
        };
        self.note_object(peer, effects);
        effects.set_request(Some(Arc::new(Request {
            peer,
            id: object.id.clone(),
            command: command.map(Box::from),
        })));
        match self.roster.session(peer) {
            None => {}
            // It says nothing about the program's user.
            Some(_) if object.op == Op::Ping => effects.tell(peer, ForProgram::Pong(self.last)),
            Some(Session::Naming) => self.op_of_newcomer(now, peer, &object.op, effects),
            Some(Session::Chatting(_)) => {
                if let Some(caller) = self.caller(now, peer) {
                    self.op(&caller, &object.op, effects);
                }
            }
        }
        effects.set_request(None);
    }

    /// Tells a program that what it sent means nothing.
    pub(super) fn misused(
        &mut self,
        peer: PeerId,
        id: Option<&Arc<str>>,
        misuse: &Misuse,
        effects: &mut Effects,
    ) {
        if self.roster.session(peer).is_none() {
            return;
        }
        self.note_object(peer, effects);
        let (id, command) = (id.cloned(), None);
        effects.set_request(Some(Arc::new(Request { peer, id, command })));
        effects.tell(peer, ForProgram::Misused(misuse.clone()));
        effects.set_request(None);
    }

    fn op_of_newcomer(&mut self, now: Moment, peer: PeerId, op: &Op, effects: &mut Effects) {
        match op {
            Op::Login {
                name,
                password,
                position,
            } => {
                let claim = position.map(|it| Claim {
                    position: Some(it),
                    ..Claim::default()
                });
                self.seats.claim(peer, claim);
                self.take_name(now, peer, name, password.as_ref(), effects);
            }
            Op::Resume { token, position } => {
                self.resume(peer, token.reveal(), *position, effects);
            }
            Op::Quit { .. } => {
                let reason = CloseReason::Quit;
                self.dismiss(peer, AboutConnection::Goodbye, reason, effects);
            }
            Op::TooLong { limit } => effects.answer(peer, AboutInput::TooLong { limit: *limit }),
            Op::Register { .. }
            | Op::Password { .. }
            | Op::Unregister { .. }
            | Op::Say { .. }
            | Op::Do { .. }
            | Op::Join { .. }
            | Op::Leave { .. }
            | Op::Write { .. }
            | Op::History { .. }
            | Op::Search { .. }
            | Op::Ping
            | Op::Command { .. } => effects.tell(peer, ForProgram::LogInFirst),
        }
    }

    fn op(&mut self, caller: &Caller, op: &Op, effects: &mut Effects) {
        match op {
            Op::Login { .. } | Op::Resume { .. } => {
                effects.tell(caller.peer, ForProgram::InAlready);
            }
            Op::Register { password } => self.register_with(caller, password, effects),
            Op::Password { old, new } => self.change_password(caller, old, new, effects),
            Op::Unregister { password, to } => {
                self.unregister_with(caller, password, to.as_deref(), effects);
            }
            Op::Say { text, room } => {
                if let Some(room) = self.named_room(caller, room.as_deref(), effects) {
                    let text = text.as_str().into();
                    caller.wants(Act::Say { room, text }, effects);
                }
            }
            Op::Do { text, room } => {
                if let Some(room) = self.named_room(caller, room.as_deref(), effects) {
                    let text = text.as_str().into();
                    caller.wants(Act::Do { room, text }, effects);
                }
            }
            Op::Join { room, is_current } => match is_current {
                true => commands::join(self, caller, room, effects),
                false => commands::listen(self, caller, room, effects),
            },
            Op::Leave { room } => self.leave_room(caller, room.as_deref(), effects),
            Op::Write { to, text } => commands::write(self, caller, to, text, effects),
            Op::History {
                room,
                before,
                count,
            } => self.read_history(caller, room.as_deref(), *before, *count, effects),
            Op::Search { query, before } => {
                let before = before.map_or(Before::End, Before::Seq);
                self.search(caller, query, before, effects);
            }
            Op::Command { line } => match Command::parse(line) {
                Command::Slash { word, args } => commands::run(self, caller, word, args, effects),
                Command::Say(_) | Command::Blank => commands::unknown(caller, line, effects),
            },
            // Answered already.
            Op::Ping => {}
            Op::Quit { text } => {
                let text = text.as_deref().unwrap_or_default().trim();
                commands::quit(self, caller, text, effects);
            }
            Op::TooLong { limit } => {
                effects.answer(caller.peer, AboutInput::TooLong { limit: *limit });
            }
        }
    }

    /// The room that an object names, which must be one that the program hears. The inner `None` is the current one.
    fn named_room(
        &self,
        caller: &Caller,
        typed: Option<&str>,
        effects: &mut Effects,
    ) -> Option<Option<RoomName>> {
        let Some(typed) = typed else {
            return Some(None);
        };
        let typed = commands::room_named(caller, typed, effects)?;
        match self.heard(caller.place, &typed) {
            Some((_, room)) => Some(Some(room)),
            None => {
                effects.answer(caller.peer, AboutHearing::NotSent(typed));
                None
            }
        }
    }

    /// The room that an object wants to read, which must be one that the program hears.
    fn room_to_read(
        &self,
        caller: &Caller,
        typed: Option<&str>,
        effects: &mut Effects,
    ) -> Option<RoomName> {
        let Some(typed) = typed else {
            return self.room_name(caller.room);
        };
        let typed = commands::room_named(caller, typed, effects)?;
        let heard = self.heard(caller.place, &typed).map(|(_, room)| room);
        if heard.is_none() {
            effects.answer(caller.peer, AboutHearing::NotHeard(typed));
        }
        heard
    }

    /// Shows a program the last lines of a room, or of those before an entry.
    fn read_history(
        &mut self,
        caller: &Caller,
        room: Option<&str>,
        before: Option<u64>,
        count: Option<u64>,
        effects: &mut Effects,
    ) {
        if let Some(room) = self.room_to_read(caller, room, effects) {
            let count = count.map_or(FOUND_LINES, |it| it as usize);
            let sought = Sought {
                what: What::History(room),
                before: before.map_or(Before::End, Before::Seq),
                count: count.min(LINES_ANSWERED),
            };
            self.recall(caller.place, sought, Way::Page, effects);
        }
    }

    fn leave_room(&mut self, caller: &Caller, typed: Option<&str>, effects: &mut Effects) {
        let room = match typed {
            None => None,
            Some(typed) => match commands::room_named(caller, typed, effects) {
                None => return,
                room => room,
            },
        };
        let heard = room.as_ref().and_then(|it| self.heard(caller.place, it));
        match (room, heard) {
            (None, _) => commands::leave(self, caller, "", effects),
            (Some(_), Some((id, _))) if id == caller.room => {
                commands::leave(self, caller, "", effects);
            }
            (room, _) => caller.wants(Act::Unlisten { room }, effects),
        }
    }

    /// Takes the name that a program wants to come in under.
    fn take_name(
        &mut self,
        now: Moment,
        peer: PeerId,
        typed: &str,
        password: Option<&Secret>,
        effects: &mut Effects,
    ) {
        match Username::parse(typed) {
            Ok(name) => self.choose(now, peer, name, password, effects),
            Err(why) => self.refuse(peer, AboutConnection::UsernameInvalid(why), effects),
        }
    }

    /// Welcomes a program that has just got a name, or its seat again.
    pub(super) fn welcome(
        &self,
        now: Moment,
        place: Place,
        peer: PeerId,
        seat: Option<SeatFacts>,
        back: Option<&Back>,
        effects: &mut Effects,
    ) {
        let Some(person) = self.roster.get(place) else {
            return;
        };
        let rooms = person
            .rooms()
            .filter_map(|it| self.room_facts(now, it, place));
        let welcome = Welcome {
            name: person.name.clone(),
            rooms: rooms.collect(),
            journal: self.rules.journal,
            seat,
            is_resumed: back.is_some(),
            motd: self.motd.clone(),
        };
        let entry = effects.entry();
        effects.set_entry(entry.map(|it| from_where(it, back)));
        effects.tell(peer, ForProgram::Welcome(welcome.into()));
        effects.set_entry(entry);
    }

    /// Tells the author that they are in a room: people by a sentence, programs by what there is in it.
    pub(super) fn tell_in(
        &self,
        author: &Author,
        room: RoomId,
        sentence: impl Into<Answer>,
        effects: &mut Effects,
    ) {
        self.tell_in_at(author.now, author.place, room, sentence, effects);
    }

    /// Tells somebody that they are in a room, likewise.
    pub(super) fn tell_in_at(
        &self,
        now: Moment,
        place: Place,
        room: RoomId,
        sentence: impl Into<Answer>,
        effects: &mut Effects,
    ) {
        let Some(person) = self.roster.get(place) else {
            return;
        };
        let peer = self.roster.peer(person);
        if !person.is_program() {
            return effects.answer(peer, sentence);
        }
        let is_current = person.room == room;
        if let Some(room) = self.room_facts(now, room, place) {
            let room = room.into();
            effects.tell(peer, ForProgram::InRoom { room, is_current });
        }
    }

    /// Tells the author, if it is a program, that it is in a room no more.
    pub(super) fn tell_out(&self, author: &Author, room: RoomId, effects: &mut Effects) {
        let current = self.roster.get(author.place).map(|it| it.room);
        let current = current.and_then(|it| self.room_name(it));
        if let (true, Some(room), Some(current)) =
            (author.is_program, self.room_name(room), current)
        {
            effects.tell(author.peer, ForProgram::OutOf { room, current });
        }
    }

    /// Tells a room what the author did there. They read it like everyone, unless it is an echo of what they typed. A
    /// program always does, as the answer to its object.
    pub(super) fn tell_of_author(
        &self,
        author: &Author,
        room: RoomId,
        is_echo: bool,
        news: News,
        effects: &mut Effects,
    ) {
        let except = author.peer.filter(|_| is_echo || author.is_program);
        let hidden_from = self.hidden_from(author.place);
        let program = author.peer.filter(|_| author.is_program);
        // Nothing is cloned for people, who are most of them.
        let named = program.and_then(|peer| Some((peer, self.room_name(room)?)));
        let Some((peer, name)) = named else {
            return effects.tell_room(room, except, hidden_from, news);
        };
        effects.tell_room(room, except, hidden_from, news.clone());
        effects.tell_author(peer, name, news);
    }

    fn room_facts(&self, now: Moment, id: RoomId, reader: Place) -> Option<RoomFacts> {
        let room = self.rooms.get(id)?;
        let people = self.people_in(now, id, reader);
        Some(RoomFacts {
            name: room.name.clone(),
            topic: room.topic.clone(),
            more: room.members.len() - people.len(),
            people,
        })
    }
}

impl Hub {
    /// Whether a program has a connection.
    pub(super) fn is_program(&self, peer: PeerId) -> bool {
        self.roster.format(peer).is_for_programs()
    }
}

impl Person {
    /// Whether a program has their connection.
    pub(super) fn is_program(&self) -> bool {
        self.format.is_for_programs()
    }
}
