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
    AboutConnection, AboutHearing, AboutIgnoring, AboutOrder, AboutOwning, AboutPeople, AboutRooms,
    Keep, News, Past,
};
use crate::moment::Moment;
use crate::name::{RoomName, Username};

use super::arriving::Newcomer;
use super::event::{Effect, Effects};
use super::person::Person;
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
    pub(super) fn keep_seen(&self, name: &Username, at: i64, effects: &mut Effects) {
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
            return self.apply_house(now, entry, effects);
        }
        if self.arrive(now, entry, origin, effects) {
            return;
        }
        let Some(author) = self.author_here(now, entry, origin) else {
            return;
        };
        if self.is_repeated(&author, entry, effects) {
            return;
        }
        let silence = self.silence(&author, &entry.act);
        if let Act::Leave { reason, word } = &entry.act {
            let word = word.as_ref().filter(|_| silence.is_none());
            return self.go_offline(&author, *reason, word.cloned(), origin, effects);
        }
        if self.order.has_sent_away(author.id) {
            return;
        }
        if let Some(silence) = silence {
            return effects.answer(author.peer, AboutOrder::Muted(silence));
        }
        match &entry.act {
            // The first three are done above. The others come only from the house.
            Act::ComeIn { .. }
            | Act::Return { .. }
            | Act::Leave { .. }
            | Act::Notice { .. }
            | Act::Announce { .. }
            | Act::Server(_) => {}
            Act::Lose { came, .. } => self.note_lost(&author, *came),
            Act::Say { room, text } => self.say(&author, entry, room, author.said(text), effects),
            Act::Do { room, text } => self.say(&author, entry, room, author.did(text), effects),
            Act::Write { to, is_reply, text } => {
                self.note_correspondent(&author, *to, *is_reply);
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
            Act::Account(act) => self.apply_account(&author, entry, act, effects),
            Act::Order(act) => self.apply_order(&author, entry, act, effects),
            Act::Own(act) => self.apply_own(&author, entry, act, effects),
        }
    }

    /// Lets somebody in, if that is what the entry does. Returns whether it is.
    fn arrive(
        &mut self,
        now: Moment,
        entry: &Entry,
        origin: Option<PeerId>,
        effects: &mut Effects,
    ) -> bool {
        if let Act::ComeIn { name, from, proof } = &entry.act {
            let newcomer = Newcomer {
                name,
                from: *from,
                proof: proof.as_ref(),
            };
            self.come_in(now, entry, newcomer, origin, effects);
            return true;
        }
        if let Act::Return { from } = &entry.act {
            self.return_to_seat(now, entry, *from, origin, effects);
            return true;
        }
        false
    }

    /// The author of an entry, if they are still here.
    fn author_here(&self, now: Moment, entry: &Entry, origin: Option<PeerId>) -> Option<Author> {
        let place = self.roster.place_by(entry.author, origin)?;
        let person = self.roster.get(place)?;
        let account = self.account_of(person).map(|it| it.id);
        let peer = self.roster.peer(person);
        Some(Author::new(now, entry, place, person, account, peer))
    }

    /// Says something in a room that the author named and hears, or else in their current one, and keeps it as history.
    pub(super) fn say(
        &mut self,
        author: &Author,
        entry: &Entry,
        named: &Option<RoomName>,
        news: News,
        effects: &mut Effects,
    ) {
        if named.is_none() && self.holds_back(author, &news, effects) {
            return;
        }
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
        if id == author.room {
            self.knows_room(author);
        }
        if self.is_too_soon(author, id, &news, effects) {
            return;
        }
        let Some(room) = self.rooms.get_mut(id) else {
            return;
        };
        let past = author.past(Some(&room.name), &news);
        room.history.push(author.id, past.clone());
        self.keep_line(&past, effects);
        self.note_mentions(author, id, &past, effects);
        self.remember(author, entry, past);
        let is_echo = matches!(news, News::Said { .. });
        self.tell_of_author(author, id, is_echo, news, effects);
    }

    /// The author now knows the person to whom they reply, if they do, by that person's current name.
    fn note_correspondent(&mut self, author: &Author, to: PersonId, is_reply: bool) {
        let reader = self.roster.place(to).filter(|_| is_reply);
        let reader = reader.and_then(|it| self.roster.get(it));
        if let Some(name) = reader.map(|it| it.name.clone())
            && let Some(person) = self.roster.get_mut(author.place)
        {
            person.extras_mut().correspondent = Some((to, name));
        }
    }

    /// Writes to one person, unless they have left meanwhile or ignore the author.
    pub(super) fn write(
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
        match self.await_return(to, &past) {
            None => {}
            Some(true) => effects.answer(author.peer, AboutPeople::LinkLost(name.clone())),
            Some(false) => return effects.answer(author.peer, AboutPeople::TooManyWait(name)),
        }
        if let Some(reader) = self.roster.get_mut(to) {
            reader.extras_mut().correspondent = Some((author.id, author.name.clone()));
        }
        self.keep_private(to, &past);
        let absent = self.note_missed(author, to, &past);
        self.tell_away(author, absent.into_iter().collect(), effects);
        effects.tell(peer, news);
        let sent = News::PrivateSent { to: name, text };
        self.remember(author, entry, author.past(None, &sent));
        effects.tell(author.peer, sent);
    }

    fn rename(&mut self, author: &Author, to: &Username, effects: &mut Effects) {
        let account = self.roster.get(author.place).and_then(|it| it.account);
        if self
            .accounts
            .find_alike(to)
            .is_some_and(|it| Some(it) != account)
        {
            return effects.tell(author.peer, AboutConnection::UsernameTaken);
        }
        if let Some(why) = self.is_kept_out_as(author, to) {
            return effects.answer(author.peer, why);
        }
        self.follow_renamed(author);
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
        if self.holds_topic(author, effects) {
            return;
        }
        if let Some(room) = self.topic_lock(author) {
            return effects.answer(author.peer, AboutOwning::TopicIsLocked(room));
        }
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
        room.topic_line = Some(past.clone());
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
        let is_set = self.ignore(author.place, whom, &name);
        if is_set.is_ok() {
            self.keep_set(author, effects);
        }
        let answer = match is_set {
            Ok(()) => AboutIgnoring::IgnoreSet(name),
            Err(_) => AboutIgnoring::TooManyIgnored,
        };
        effects.answer(author.peer, answer);
    }

    fn cease_to_ignore(&mut self, author: &Author, name: &Username, effects: &mut Effects) {
        let lifted = self.unignore(author.place, name);
        if lifted.is_some() {
            self.keep_set(author, effects);
        }
        let answer = match lifted {
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
        word: Option<Arc<str>>,
        origin: Option<PeerId>,
        effects: &mut Effects,
    ) {
        if reason == CloseReason::LinkLost && !self.is_lost(author.place) {
            // They came back at the last moment.
            return;
        }
        if let Some(peer) = author.peer {
            self.end_connection(peer, reason, effects);
        }
        // If this server is shutting down, nobody here is left to read it.
        let is_read = reason != CloseReason::Shutdown || origin.is_none();
        let hidden_from = is_read.then(|| self.hidden_from(author.place));
        let Some((person, rooms)) = self.remove_person(author, reason, effects) else {
            return;
        };
        if let Some(peer) = origin {
            let name = person.name.clone();
            effects.push(Effect::WentOffline { peer, name, reason });
        }
        let left = self.news_of_leaving(author.id, person.name, word);
        if let Some(hidden_from) = hidden_from {
            effects.tell_rooms(rooms.into_iter(), &hidden_from, &left);
        }
    }

    /// Forgets an author who has left. Returns who they were, and in which rooms.
    pub(super) fn remove_person(
        &mut self,
        author: &Author,
        reason: CloseReason,
        effects: &mut Effects,
    ) -> Option<(Person, Vec<RoomId>)> {
        let rooms = self.roster.get(author.place);
        let rooms: Vec<RoomId> = rooms.iter().flat_map(|it| it.rooms()).collect();
        self.keep_left(author.place, (author.at, author.seq), effects);
        self.unlist_away(author.place);
        for room in &rooms {
            let number = |it| self.roster.number(it);
            self.rooms.leave(*room, author.place, number);
        }
        self.tell_unread(author, reason, effects);
        let person = self.roster.remove(author.place)?;
        self.forget_ignores(author.place, &person);
        self.end_tokens_of(author, reason, effects);
        self.servers.forget(author.id);
        self.seats.release(author.id);
        self.hashes.remove(&author.id);
        if let Some(account) = person.account.and_then(|it| self.accounts.get_mut(it)) {
            account.place = None;
            account.last = author.at;
        }
        self.keep_seen(&person.name, author.at, effects);
        Some((person, rooms))
    }
}
