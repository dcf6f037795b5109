//! Programs: what their objects ask for, and what they are told where people read a sentence.

use std::sync::Arc;

use crate::id::PeerId;
use crate::limits::{IDS_REMEMBERED, REMEMBERED_BYTES};
use crate::message::{
    AboutConnection, AboutHearing, AboutInput, Answer, EntryFacts, ForProgram, Misuse, News,
    Request, RoomFacts, Welcome,
};
use crate::moment::{Format, Moment};
use crate::name::{RoomName, Username};
use crate::wire::machine::{Object, Op};

use super::commands::{Typed, as_command};
use super::late::usage_of;
use super::{Model, Readers, words};

/// What a program said or wrote, with its id.
#[derive(Debug)]
pub(super) struct Remembered {
    id: Arc<str>,
    entry: EntryFacts,
    room: Option<RoomName>,
    news: News,
    bytes: usize,
}

pub(super) fn request_of(peer: PeerId, object: &Object) -> Arc<Request> {
    let command = match &object.op {
        Op::Command { line } => usage_of(line).map(Box::from),
        Op::Register { .. } => Some("/register".into()),
        Op::Password { .. } => Some("/password".into()),
        Op::Unregister { .. } => Some("/unregister".into()),
        _ => None,
    };
    let id = object.id.clone();
    Arc::new(Request { peer, id, command })
}

impl Model {
    /// Somebody who was greeted like a person turns out to be a program.
    pub(super) fn become_program(&mut self, now: Moment, peer: PeerId, format: Format) {
        self.person_mut(peer).format = format;
        if self.person(peer).name.is_some() {
            self.begin_entry(Some(peer));
            self.welcome_program(now, peer);
        }
    }

    pub(super) fn tell_misuse(&mut self, peer: PeerId, id: &Option<Arc<str>>, misuse: &Misuse) {
        let (id, command) = (id.clone(), None);
        self.request = Some(Arc::new(Request { peer, id, command }));
        self.tell(peer, ForProgram::Misused(misuse.clone()));
        self.request = None;
    }

    pub(super) fn object(&mut self, now: Moment, peer: PeerId, object: &Object) {
        self.request = Some(request_of(peer, object));
        match self.person(peer).name.is_some() {
            _ if object.op == Op::Ping => self.tell(peer, ForProgram::Pong(self.entry.seq)),
            true => self.op(now, peer, &object.op),
            false => self.op_of_newcomer(now, peer, &object.op),
        }
        self.request = None;
    }

    fn op_of_newcomer(&mut self, now: Moment, peer: PeerId, op: &Op) {
        match op {
            Op::Login { name, password, .. } => match Username::parse(name) {
                Ok(name) => self.choose(now, peer, name, password.as_ref()),
                Err(why) => self.refuse(peer, AboutConnection::UsernameInvalid(why)),
            },
            Op::Quit { .. } => self.dismiss(peer, AboutConnection::Goodbye),
            Op::TooLong { limit } => self.answer(peer, AboutInput::TooLong { limit: *limit }),
            _ => self.tell(peer, ForProgram::LogInFirst),
        }
    }

    fn op(&mut self, now: Moment, peer: PeerId, op: &Op) {
        let typed = &self.typed(now, peer);
        match op {
            Op::Login { .. } | Op::Resume { .. } => self.tell(peer, ForProgram::InAlready),
            Op::Say { text, room } => {
                if let Some(room) = self.room_for(typed, room.as_deref()) {
                    let (from, text) = (typed.name.clone(), text.as_str());
                    let said = News::Said {
                        from,
                        text: text.into(),
                    };
                    self.keep_and_tell(typed, room, said, text, Readers::Others);
                }
            }
            Op::Do { text, room } => {
                if let Some(room) = self.room_for(typed, room.as_deref()) {
                    self.act(typed, room, text);
                }
            }
            Op::Join { room, is_current } => match is_current {
                true => self.join(typed, room),
                false => self.listen(typed, room),
            },
            Op::Leave { room: None } => self.go(typed, 0),
            Op::Leave { room: Some(room) } => match self.parse_room(peer, room) {
                Some(name) if self.find_own(peer, &name) == Some(typed.room) => self.go(typed, 0),
                Some(name) => self.unlisten_to(typed, name),
                None => {}
            },
            Op::Write { to, text } => match self.find(to) {
                Some((to, _)) => self.write_to(typed, to, text),
                None if self.write_to_absent(typed, to, text) => {}
                None => self.nobody(peer, to),
            },
            Op::Command { line } => match as_command(line) {
                Some((word, args)) => self.command(typed, &word, args),
                None => {
                    let word = words::shorten(line).into();
                    self.answer(peer, AboutInput::UnknownCommand(word));
                }
            },
            Op::Register { .. } | Op::Password { .. } | Op::Unregister { .. } => {
                self.op_about_account(typed, op);
            }
            // Answered already.
            Op::Ping => {}
            Op::History {
                room,
                before,
                count,
            } => {
                if let Some(room) = self.room_to_read(typed, room.as_deref()) {
                    self.history_of(typed, room, *before, *count);
                }
            }
            Op::Search { query, before } => self.search(typed, query, *before),
            Op::Quit { text } => self.quit(peer, text.as_deref().unwrap_or("").trim()),
            Op::TooLong { limit } => self.answer(peer, AboutInput::TooLong { limit: *limit }),
        }
    }

    fn op_about_account(&mut self, typed: &Typed, op: &Op) {
        match op {
            Op::Register { password } if self.may_have(typed, "/register", password) => {
                self.begin_to_register(typed, Some(password));
            }
            Op::Password { old, new } if self.may_have(typed, "/password", new) => {
                self.begin_to_change(typed, Some((old, new)));
            }
            Op::Unregister { password, to }
                if !self.is_forbidden(typed.peer, "/unregister [to NAME]") =>
            {
                self.begin_to_unregister(typed, to.as_deref(), Some(password));
            }
            // Refused.
            _ => {}
        }
    }

    /// The room that an object wants to read, if the program is in it.
    fn room_to_read(&mut self, typed: &Typed, room: Option<&str>) -> Option<usize> {
        let Some(room) = room else {
            return Some(typed.room);
        };
        let name = self.parse_room(typed.peer, room)?;
        let found = self.find_own(typed.peer, &name);
        if found.is_none() {
            self.answer(typed.peer, AboutHearing::NotHeard(name));
        }
        found
    }

    /// The room that an object names, if the program is in it.
    fn room_for(&mut self, typed: &Typed, room: Option<&str>) -> Option<usize> {
        let Some(room) = room else {
            return Some(typed.room);
        };
        let name = self.parse_room(typed.peer, room)?;
        let found = self.find_own(typed.peer, &name);
        if found.is_none() {
            self.answer(typed.peer, AboutHearing::NotSent(name));
        }
        found
    }

    /// Tells a program again what it said or wrote under the id of its object, if it did.
    pub(super) fn is_repeated(&mut self, peer: PeerId) -> bool {
        let Some(id) = self.id_of(peer) else {
            return false;
        };
        let mut remembered = self.person(peer).remembered.iter();
        let Some(it) = remembered.find(|it| it.id == id) else {
            return false;
        };
        let (news, room, entry) = (it.news.clone(), it.room.clone(), it.entry);
        let now = std::mem::replace(&mut self.entry, entry);
        self.tell_in(peer, news, room.as_ref());
        self.entry = now;
        self.told_again += 1;
        true
    }

    pub(super) fn remember(&mut self, peer: PeerId, room: Option<RoomName>, news: News) {
        let Some(id) = self.id_of(peer) else {
            return;
        };
        let bytes = news.text().map_or(0, str::len);
        let entry = self.entry;
        let all = &mut self.person_mut(peer).remembered;
        all.push(Remembered {
            id,
            entry,
            room,
            news,
            bytes,
        });
        let is_over = |all: &[Remembered]| {
            let bytes: usize = all.iter().map(|it| it.bytes).sum();
            all.len() > IDS_REMEMBERED || bytes > REMEMBERED_BYTES
        };
        while is_over(all) {
            all.remove(0);
        }
    }

    /// The id of the object that is acted on.
    fn id_of(&self, peer: PeerId) -> Option<Arc<str>> {
        let request = self.request.as_ref()?;
        assert_eq!(request.peer, peer, "somebody acts on another's object");
        request.id.clone()
    }

    pub(super) fn welcome_program(&mut self, now: Moment, peer: PeerId) {
        let it = self.person(peer);
        let rooms = it.rooms();
        let welcome = Welcome {
            seat: None,
            is_resumed: false,
            name: it.name().clone(),
            rooms: rooms
                .iter()
                .map(|it| self.room_facts(now, *it, peer))
                .collect(),
            journal: 0,
            motd: self.motd.as_deref().map(Into::into),
        };
        self.tell(peer, ForProgram::Welcome(welcome.into()));
    }

    /// Somebody is in a room: people read a sentence, programs what there is in it.
    pub(super) fn tell_that_in(&mut self, typed: &Typed, room: usize, words: impl Into<Answer>) {
        let it = self.person(typed.peer);
        if !it.is_program() {
            return self.answer(typed.peer, words);
        }
        let is_current = it.room == room;
        let room = self.room_facts(typed.now, room, typed.peer).into();
        self.tell(typed.peer, ForProgram::InRoom { room, is_current });
    }

    pub(super) fn tell_that_out(&mut self, peer: PeerId, room: RoomName) {
        let it = self.person(peer);
        if it.is_program() {
            let current = self.room(it.room).name.clone();
            self.tell(peer, ForProgram::OutOf { room, current });
        }
    }

    fn room_facts(&self, now: Moment, room: usize, reader: PeerId) -> RoomFacts {
        let (people, more) = self.list_people(now, room, reader);
        let room = self.room(room);
        RoomFacts {
            name: room.name.clone(),
            topic: room.topic.clone(),
            people,
            more,
        }
    }
}
