//! Applying an entry of the journal: the only code that changes the state that people share. The same entries in the
//! same order give the same state anywhere.
//!
//! Besides the entry and that state, this code reads the time on this server's clock and the connection that the act
//! came from. Both matter only to people who are connected here, and change nothing for others.

use std::sync::Arc;

use crate::error::CloseReason;
use crate::id::{PeerId, PersonId, RoomId};
use crate::journal::{Act, Entry};
use crate::message::{
    AboutConnection, AboutHearing, AboutIgnoring, AboutPeople, AboutRooms, Keep, News, Past,
};
use crate::moment::Moment;
use crate::name::{RoomName, Username};

use super::event::{Effect, Effects};
use super::person::{Person, Place};
use super::{Author, Hub};

impl Hub {
    /// Applies an entry. `origin` is the connection that its act came from, if it is a connection of this server.
    pub fn apply(
        &mut self,
        now: Moment,
        entry: &Entry,
        origin: Option<PeerId>,
        effects: &mut Effects,
    ) {
        self.last = entry.seq;
        effects.set_entry(Some(entry.into()));
        self.act_on(now, entry, origin, effects);
        self.note_ended(entry, effects);
        effects.set_entry(None);
    }

    /// Has the file know of rooms that have vanished by an entry. When the server stops, rooms only lose their people.
    fn note_ended(&mut self, entry: &Entry, effects: &mut Effects) {
        for room in self.rooms.take_ended() {
            let is_stop = matches!(
                entry.act,
                Act::Leave {
                    reason: CloseReason::Shutdown,
                    ..
                }
            );
            if self.has_file && !is_stop {
                let seq = entry.seq;
                effects.keep(Keep::End { room, seq });
            }
        }
    }

    /// Has the file know that somebody is here, or was until now.
    fn keep_seen(&self, name: &Username, at: i64, effects: &mut Effects) {
        if self.has_file {
            let name = name.clone();
            effects.keep(Keep::Seen { name, at });
        }
    }

    /// Has the file keep a line.
    pub(super) fn keep_line(&self, past: &Arc<Past>, effects: &mut Effects) {
        if self.has_file {
            effects.keep(Keep::Line(past.clone()));
        }
    }

    fn act_on(
        &mut self,
        now: Moment,
        entry: &Entry,
        origin: Option<PeerId>,
        effects: &mut Effects,
    ) {
        if entry.author == PersonId::HOUSE {
            return self.apply_house(entry, effects);
        }
        if let Act::ComeIn { name } = &entry.act {
            return self.come_in(now, entry, name, origin, effects);
        }
        let place = self.roster.place_by(entry.author, origin);
        let Some((place, person)) = place.and_then(|it| Some((it, self.roster.get(it)?))) else {
            return;
        };
        let author = Author::new(now, entry, place, person, self.roster.peer(person));
        if self.is_repeated(&author, entry, effects) {
            return;
        }
        match &entry.act {
            // `come_in` handles the first. The others come only from the house.
            Act::ComeIn { .. } | Act::Notice { .. } | Act::Announce { .. } => {}
            Act::Say { room, text } => {
                let (from, text) = (author.name.clone(), text.clone());
                self.say(&author, entry, room, News::Said { from, text }, effects);
            }
            Act::Do { room, text } => {
                let (from, text) = (author.name.clone(), text.clone());
                self.say(&author, entry, room, News::Action { from, text }, effects);
            }
            Act::Write { to, is_reply, text } => {
                if *is_reply {
                    self.note_correspondent(&author, *to);
                }
                self.write(&author, entry, *to, text, effects);
            }
            Act::Go { room } => self.go(&author, room, effects),
            Act::Listen { room } => self.listen(&author, room, effects),
            Act::Unlisten { room } => self.unlisten(&author, room, effects),
            Act::Switch { room } => self.switch(&author, room, effects),
            Act::Rename { name } => self.rename(&author, name, effects),
            Act::SetTopic { topic } => self.set_topic(&author, topic, effects),
            Act::GoAway { text } => self.go_away(&author, text, effects),
            Act::ComeBack => self.come_back(&author, effects),
            Act::Ignore { whom } => self.begin_to_ignore(&author, *whom, effects),
            Act::Unignore { name } => self.cease_to_ignore(&author, name, effects),
            Act::Leave { reason, word } => {
                self.go_offline(&author, *reason, word, origin, effects);
            }
        }
    }

    /// Lets a newcomer in under a name, unless someone has it or a name that looks like it. The connection may have
    /// ended since the newcomer gave the name. Only this server can know that, so it proposes that they leave at once.
    fn come_in(
        &mut self,
        now: Moment,
        entry: &Entry,
        name: &Username,
        origin: Option<PeerId>,
        effects: &mut Effects,
    ) {
        let room = RoomId::LOBBY;
        let person = Person::new(entry.author, name.clone(), room, entry.unix());
        let Ok(place) = self.roster.admit(person) else {
            if let Some(peer) = origin {
                self.name_again(name, peer, effects);
            }
            return;
        };
        self.rooms.enter(room, place, |it| self.roster.number(it));
        self.name_taken(place, name);
        self.keep_seen(name, entry.at, effects);
        let is_seated = origin.map(|peer| self.seat(now, place, peer, effects));
        let joined = News::Joined(name.clone());
        let program = self.roster.get(place).filter(|it| it.is_program());
        let except = program.and_then(|it| self.roster.peer(it));
        effects.tell_room(room, except, self.hidden_from(place), joined);
        if is_seated == Some(false) {
            let (reason, word) = (CloseReason::EndOfInput, None);
            effects.propose(None, Some(entry.author), Act::Leave { reason, word });
        }
    }

    /// Shows a newcomer who has just got a name the first messages, unless their connection has ended meanwhile.
    fn seat(&mut self, now: Moment, place: Place, peer: PeerId, effects: &mut Effects) -> bool {
        let active = self.seconds(now);
        if !self.roster.seat(place, peer) {
            return false;
        }
        let Some(person) = self.roster.get_mut(place) else {
            return false;
        };
        person.active = active;
        let (name, room, is_program) = (person.name.clone(), person.room, person.is_program());
        self.logins.clear(peer);
        if let Some(timeout) = self.rules.idle_timeout {
            self.idles.set(peer, now.instant + timeout);
        }
        if is_program {
            self.programs += 1;
            self.welcome(now, place, peer, effects);
        } else {
            effects.tell(peer, AboutConnection::Welcome);
            if let Some(motd) = &self.motd {
                effects.tell(peer, AboutConnection::Motd(motd.clone()));
            }
        }
        self.show_room(place, room, effects);
        self.read(place, room, effects);
        effects.push(Effect::CameOnline { peer, name });
        true
    }

    /// Says something in a room that the author named and hears, or else in their current one, and keeps it as history.
    fn say(
        &mut self,
        author: &Author,
        entry: &Entry,
        named: &Option<RoomName>,
        news: News,
        effects: &mut Effects,
    ) {
        let id = match named {
            None => author.room,
            Some(name) => match self.heard(author.place, name) {
                Some((id, _)) => id,
                None => {
                    let not_sent = AboutHearing::NotSent(name.clone());
                    return effects.answer(author.peer, not_sent);
                }
            },
        };
        let Some(room) = self.rooms.get_mut(id) else {
            return;
        };
        let past = author.past(Some(&room.name), &news);
        room.history.push(author.id, past.clone());
        self.keep_line(&past, effects);
        self.note_mentions(author, id, &past, effects);
        self.remember(author, entry, past);
        let is_echo = matches!(entry.act, Act::Say { .. });
        self.tell_of_author(author, id, is_echo, news, effects);
    }

    /// The author now knows the person to whom they reply by that person's current name.
    fn note_correspondent(&mut self, author: &Author, to: PersonId) {
        let reader = self.roster.place(to).and_then(|it| self.roster.get(it));
        if let Some(name) = reader.map(|it| it.name.clone())
            && let Some(person) = self.roster.get_mut(author.place)
        {
            person.extras_mut().correspondent = Some((to, name));
        }
    }

    /// Writes to one person, unless they have left meanwhile or ignore the author.
    fn write(
        &mut self,
        author: &Author,
        entry: &Entry,
        to: PersonId,
        text: &Arc<str>,
        effects: &mut Effects,
    ) {
        let to = self.roster.place(to);
        let Some((to, reader)) = to.and_then(|it| Some((it, self.roster.get(it)?))) else {
            return effects.answer(author.peer, AboutPeople::JustLeft);
        };
        let (name, peer) = (reader.name.clone(), self.roster.peer(reader));
        if self.does_ignore(to, author.place) {
            return effects.answer(author.peer, AboutPeople::NotTaken(name));
        }
        let (from, text) = (author.name.clone(), text.clone());
        let news = News::Private {
            from,
            text: text.clone(),
        };
        let past = author.past(None, &news);
        if let Some(reader) = self.roster.get_mut(to) {
            reader.extras_mut().correspondent = Some((author.id, author.name.clone()));
        }
        let absent = self.note_missed(author, to, &past);
        self.tell_away(author, absent.into_iter().collect(), effects);
        effects.tell(peer, news);
        let sent = News::PrivateSent { to: name, text };
        self.remember(author, entry, author.past(None, &sent));
        effects.tell(author.peer, sent);
    }

    fn rename(&mut self, author: &Author, to: &Username, effects: &mut Effects) {
        self.unlist_away(author.place);
        let renamed = self.roster.rename(author.place, to.clone());
        self.list_away(author.place);
        let from = match renamed {
            Err(_) => return effects.tell(author.peer, AboutConnection::UsernameTaken),
            Ok(from) if from.as_str() == to.as_str() => {
                return effects.answer(author.peer, AboutPeople::NamedSoAlready);
            }
            Ok(from) => from,
        };
        let to = to.clone();
        if !from.has_key_of(&to) {
            self.name_taken(author.place, &to);
        }
        self.keep_seen(&from, author.at, effects);
        self.keep_seen(&to, author.at, effects);
        if let Some(peer) = author.peer {
            let (from, to) = (from.clone(), to.clone());
            effects.push(Effect::Renamed { peer, from, to });
        }
        let news = News::Renamed { from, to };
        let rooms = self.roster.get(author.place).into_iter();
        for room in rooms.flat_map(Person::rooms) {
            self.tell_of_author(author, room, false, news.clone(), effects);
        }
    }

    fn set_topic(&mut self, author: &Author, topic: &Option<Arc<str>>, effects: &mut Effects) {
        let Some(room) = self.rooms.get_mut(author.room) else {
            return;
        };
        let topic = topic.clone();
        if topic.is_none() && room.topic.is_none() {
            let room = room.name.clone();
            return effects.answer(author.peer, AboutRooms::Topic { room, topic });
        }
        room.topic = topic.clone();
        let by = author.name.clone();
        let news = News::TopicSet { by, topic };
        let past = author.past(Some(&room.name), &news);
        self.keep_line(&past, effects);
        self.tell_of_author(author, author.room, false, news, effects);
    }

    fn begin_to_ignore(&mut self, author: &Author, whom: PersonId, effects: &mut Effects) {
        let Some(whom) = self.roster.place(whom) else {
            return effects.answer(author.peer, AboutPeople::JustLeft);
        };
        let Some(name) = self.roster.get(whom).map(|it| it.name.clone()) else {
            return;
        };
        let answer = match self.ignore(author.place, whom, &name) {
            Ok(()) => AboutIgnoring::IgnoreSet(name),
            Err(_) => AboutIgnoring::TooManyIgnored,
        };
        effects.answer(author.peer, answer);
    }

    fn cease_to_ignore(&mut self, author: &Author, name: &Username, effects: &mut Effects) {
        let answer = match self.unignore(author.place, name) {
            Some(name) => AboutIgnoring::IgnoreLifted(name),
            None => AboutIgnoring::NotIgnored(name.as_str().into()),
        };
        effects.answer(author.peer, answer);
    }

    /// Removes an author who has left, and tells the people who stay.
    fn go_offline(
        &mut self,
        author: &Author,
        reason: CloseReason,
        word: &Option<Arc<str>>,
        origin: Option<PeerId>,
        effects: &mut Effects,
    ) {
        // If this server is shutting down, nobody here is left to read it.
        let is_read = reason != CloseReason::Shutdown || origin.is_none();
        let hidden_from = is_read.then(|| self.hidden_from(author.place));
        let rooms = self.roster.get(author.place);
        let rooms: Vec<RoomId> = rooms.iter().flat_map(|it| it.rooms()).collect();
        self.unlist_away(author.place);
        for room in &rooms {
            let number = |it| self.roster.number(it);
            self.rooms.leave(*room, author.place, number);
        }
        let Some(person) = self.roster.remove(author.place) else {
            return;
        };
        self.forget_ignores(author.place, &person);
        self.keep_seen(&person.name, author.at, effects);
        if let Some(peer) = origin {
            let name = person.name.clone();
            effects.push(Effect::WentOffline { peer, name, reason });
        }
        if let Some(hidden_from) = hidden_from {
            let (who, word) = (person.name, word.clone());
            let left = News::Left { who, word };
            effects.tell_rooms(rooms.into_iter(), &hidden_from, &left);
        }
    }
}
