//! Acts of the program that runs the server. Their author is the house.

use std::sync::Arc;

use crate::error::CloseReason;
use crate::id::PersonId;
use crate::journal::{Act, Entry, Person};
use crate::message::{AboutConnection, News, Past};
use crate::moment::Moment;
use crate::name::{RoomName, Username};

use super::Hub;
use super::event::Effects;
use super::person;

impl Hub {
    /// Says something to everyone who is in the chat, as the server. The text must be clean.
    pub fn notice(&self, text: &str, effects: &mut Effects) {
        self.propose(Act::Notice { text: text.into() }, effects);
    }

    /// Says something in a room on behalf of a program that is not in it. The text must be clean.
    pub fn announce(&self, room: RoomName, name: Username, text: &str, effects: &mut Effects) {
        let text = text.into();
        self.propose(Act::Announce { room, name, text }, effects);
    }

    /// Tells one person something, as the server. The text must be clean.
    pub fn write_to(&self, to: PersonId, text: &str, effects: &mut Effects) {
        let text = text.into();
        let is_reply = false;
        self.propose(Act::Write { to, text, is_reply }, effects);
    }

    /// Sends a person away with a reason that they read. The text must be clean.
    pub fn close(&mut self, person: PersonId, why: &str, effects: &mut Effects) {
        let why = AboutConnection::SentAway(why.into());
        self.dismiss_person(person, why, CloseReason::ByOperator, effects);
    }

    /// Tells everyone who is connected to this server something that is no entry, as the server. The text must be clean.
    pub fn tell_everyone(&self, text: &str, effects: &mut Effects) {
        let text: Arc<str> = text.into();
        for (room, _) in self.rooms.iter() {
            effects.tell_room(room, None, Vec::new(), News::Notice(text.clone()));
        }
    }

    /// Everyone who has a name, in the order in which they came.
    pub(super) fn everyone(&self) -> Vec<Person> {
        let people = self.roster.people();
        people.map(|(_, it)| self.shown(it)).collect()
    }

    /// The author of an entry as they are now.
    pub(super) fn author(&self, entry: &Entry) -> Option<Person> {
        let place = self.roster.place(entry.author)?;
        Some(self.shown(self.roster.get(place)?))
    }

    fn shown(&self, person: &person::Person) -> Person {
        let hears = person.hears().iter();
        Person {
            id: person.id,
            name: person.name.clone(),
            room: self.room_name(person.room).unwrap_or_else(RoomName::lobby),
            hears: hears.filter_map(|it| self.room_name(*it)).collect(),
        }
    }

    /// Wants an act of the server itself.
    pub(crate) fn propose(&self, act: Act, effects: &mut Effects) {
        effects.propose(None, Some(PersonId::HOUSE), act);
    }

    /// Applies an entry of the house.
    pub(super) fn apply_house(&mut self, now: Moment, entry: &Entry, effects: &mut Effects) {
        match &entry.act {
            Act::Notice { text } => {
                for (room, _) in self.rooms.iter() {
                    effects.tell_room(room, None, Vec::new(), News::Notice(text.clone()));
                }
            }
            Act::Announce { room, name, text } => {
                let news = News::Said {
                    from: name.clone(),
                    text: text.clone(),
                };
                self.tell_of(entry, room, news, effects);
            }
            Act::Write { to, text, .. } => {
                effects.tell(self.roster.peer_of(*to), News::Notice(text.clone()));
            }
            // These are acts of people, and the house is not a person.
            Act::ComeIn { .. }
            | Act::Say { .. }
            | Act::Do { .. }
            | Act::Go { .. }
            | Act::Listen { .. }
            | Act::Unlisten { .. }
            | Act::Switch { .. }
            | Act::Rename { .. }
            | Act::SetTopic { .. }
            | Act::GoAway { .. }
            | Act::ComeBack
            | Act::Ignore { .. }
            | Act::Unignore { .. }
            | Act::Own(_)
            | Act::Lose { .. }
            | Act::Return { .. }
            | Act::Leave { .. } => {}
            Act::Account(act) => self.apply_account_of_house(entry, act, effects),
            Act::Order(act) => self.apply_order_of_house(entry, act, effects),
            Act::Server(act) => self.apply_server(now, entry, act, effects),
        }
    }

    /// Tells a room, if there is one of that name, and keeps it as history.
    fn tell_of(&mut self, entry: &Entry, room: &RoomName, news: News, effects: &mut Effects) {
        let Some(id) = self.rooms.find(room) else {
            return;
        };
        if let Some(room) = self.rooms.get_mut(id) {
            let past = Past {
                seq: entry.seq,
                at: entry.at,
                author: entry.author,
                account: None,
                room: Some(room.name.clone()),
                news: news.clone(),
            };
            let past = Arc::new(past);
            room.history.push(entry.author, past.clone());
            self.keep_line(&past, effects);
        }
        effects.tell_room(id, None, Vec::new(), news);
    }
}
