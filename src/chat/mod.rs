//! The chat as pure state: events in, effects out, time as an argument.
//!
//! There is no socket here, no clock, no byte of any wire, and no list of recipients except of the few who ignore
//! someone.
//!
//! Invariants: no two people have the same name; a peer is announced as joined once and as left once; the chat asks
//! nothing for a peer after [`Effect::Close`] or after [`Event::Disconnected`].

// A match over acts or messages names every variant. Only tests match some of them.
#![cfg_attr(not(test), warn(clippy::wildcard_enum_match_arm))]

mod alone;
mod apply;
mod arrivals;
mod away;
mod commands;
#[cfg(any(test, fuzzing))]
mod digest;
mod directory;
mod event;
mod history;
mod house;
mod ignore;
#[cfg(any(test, fuzzing))]
mod invariants;
#[cfg(any(test, fuzzing))]
mod late;
mod leaving;
mod login;
mod moving;
mod person;
mod programs;
mod question;
#[cfg(any(test, fuzzing))]
mod readers;
mod recall;
mod repeats;
mod replay;
mod room;
mod roster;
#[cfg(any(test, fuzzing))]
mod twin;

pub use alone::Alone;
#[cfg(feature = "client")]
pub(crate) use commands::{named as command_named, words as command_words};
pub use event::{Audience, Effect, Effects, Event, Proposal};
pub use question::{Finding, Question};
#[cfg(any(test, fuzzing))]
pub use readers::Readers;
#[cfg(any(test, fuzzing))]
pub use twin::Twin;

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::deadlines::Deadlines;
use crate::error::CloseReason;
use crate::id::{PeerId, PersonId, RoomId};
use crate::journal::{Act, Entry};
use crate::limits::{HISTORY_LINES, PEOPLE_LISTED};
use crate::message::{AboutConnection, AboutInput, KeptRoom, News, Past, Presence};
use crate::moment::{Moment, Offset};
use crate::name::{InvalidUsername, RoomName, Username};
use crate::tally;
use crate::wire::Command;

use ignore::Targets;
use person::{Person, Place};
use room::Rooms;
use roster::{Roster, Session};

/// The operator's settings for the chat.
#[derive(Debug, Clone)]
pub struct Rules {
    /// No login: people are named by their address.
    pub anonymous: bool,
    /// Time in which a newcomer must give a username. `None`: no limit.
    pub login_timeout: Option<Duration>,
    /// Time after which a person who has typed nothing is dropped. `None`: no limit.
    pub idle_timeout: Option<Duration>,
    /// Lines that each room keeps.
    pub history: usize,
    /// Tells programs which numbers are of the same life of the server: no two lives have the same.
    pub journal: u64,
    /// Looks up how far ahead the clocks of a named time zone are, at a time in seconds since 1970-01-01 00:00 UTC.
    /// `None`: zones have no names here.
    pub zones: Option<fn(&str, i64) -> Option<Offset>>,
}

impl Default for Rules {
    fn default() -> Rules {
        Rules {
            anonymous: false,
            login_timeout: None,
            idle_timeout: None,
            history: HISTORY_LINES,
            journal: 0,
            zones: None,
        }
    }
}

/// The state of the chat.
#[derive(Debug)]
pub struct Hub {
    rules: Rules,
    roster: Roster,
    rooms: Rooms,
    /// The message that every newcomer reads.
    motd: Option<Arc<str>>,
    /// The time by which each newcomer must give a name.
    logins: Deadlines,
    /// The time at which each person will have been idle for too long, unless they have typed something meanwhile.
    idles: Deadlines,
    /// Everyone whom someone ignores.
    targets: Targets,
    /// How many programs are in the chat by connections of this server.
    programs: usize,
    /// Whether a file keeps what is said.
    has_file: bool,
    /// The number of the last entry.
    last: u64,
    /// The time of the hub's first event.
    began: Option<Instant>,
}

/// The person whose line is being handled.
#[derive(Debug)]
struct Caller {
    now: Moment,
    id: PersonId,
    place: Place,
    peer: PeerId,
    room: RoomId,
}

impl Caller {
    /// Proposes an act of this person.
    fn wants(&self, act: Act, effects: &mut Effects) {
        effects.append(self.peer, Some(self.id), act);
    }
}

/// The author of the entry that is being applied.
#[derive(Debug)]
struct Author {
    now: Moment,
    /// The number of the entry.
    seq: u64,
    /// When it was made: milliseconds since 1970-01-01 00:00 UTC.
    at: i64,
    id: PersonId,
    place: Place,
    peer: Option<PeerId>,
    /// Whether a program has their connection.
    is_program: bool,
    name: Username,
    room: RoomId,
}

impl Author {
    /// The author of an entry as they are before it, with their connection if it is here.
    fn new(
        now: Moment,
        entry: &Entry,
        place: Place,
        person: &Person,
        peer: Option<PeerId>,
    ) -> Author {
        Author {
            now,
            seq: entry.seq,
            at: entry.at,
            id: person.id,
            place,
            peer,
            is_program: person.is_program(),
            name: person.name.clone(),
            room: person.room,
        }
    }

    /// Their line in the form in which it is kept, with the room where they said it.
    fn past(&self, room: Option<&RoomName>, news: &News) -> Arc<Past> {
        Arc::new(Past {
            seq: self.seq,
            at: self.at,
            author: self.id,
            room: room.cloned(),
            news: news.clone(),
        })
    }
}

impl Hub {
    /// An empty chat.
    pub fn new(rules: Rules) -> Hub {
        Hub {
            rooms: Rooms::new(rules.history),
            rules,
            roster: Roster::default(),
            motd: None,
            logins: Deadlines::default(),
            idles: Deadlines::default(),
            targets: Targets::default(),
            programs: 0,
            has_file: false,
            last: 0,
            began: None,
        }
    }

    /// Handles an event of a peer. Events of a peer that the hub has already closed are ignored.
    pub fn handle(&mut self, now: Moment, peer: PeerId, event: Event<'_>, effects: &mut Effects) {
        match event {
            Event::Connected { addr, format } => {
                self.began.get_or_insert(now.instant);
                self.roster.connect(peer, format);
                self.greet(now, peer, addr, effects);
            }
            Event::Line(line) => self.line(now, peer, line, effects),
            Event::LineTooLong { limit } => self.too_long(now, peer, limit, effects),
            Event::Object(object) => self.object(now, peer, object, effects),
            Event::Misused(id, misuse) => self.misused(peer, id, misuse, effects),
            Event::Program(format) => self.become_program(now, peer, format, effects),
            Event::WrongProtocol(protocol) => {
                let word = AboutConnection::WrongProtocol(protocol);
                self.dismiss(peer, word, CloseReason::WrongProtocol(protocol), effects);
            }
            Event::Interrupt => self.answer_key(peer, AboutInput::HowToQuit, effects),
            Event::AreYouThere => {
                let still_here = AboutInput::StillHere(self.online());
                self.answer_key(peer, still_here, effects);
            }
            Event::EndOfInput => {
                self.break_prompt(peer, effects);
                self.dismiss(peer, AboutConnection::Goodbye, CloseReason::Quit, effects);
            }
            Event::TooFast { of_address } => {
                self.break_prompt(peer, effects);
                self.answer_and_prompt(peer, AboutInput::TooFast { of_address }, effects);
            }
            #[cfg(test)]
            Event::Answered(Ok(Finding::Echo(line))) => self.line(now, peer, line, effects),
            Event::Answered(finding) => self.answered(peer, finding, effects),
            Event::Disconnected(reason) => self.leave(peer, reason, None, effects),
        }
    }

    /// Acts on the one thing that was due first, if it is due by now, and returns whether it was. The caller must carry
    /// out the effects before the next call, so that people who go at the same time leave one after the other.
    pub fn handle_timeout(&mut self, now: Moment, effects: &mut Effects) -> bool {
        if let Some(peer) = self.logins.pop_due(now.instant) {
            self.break_prompt(peer, effects);
            let reason = CloseReason::LoginTimedOut;
            self.dismiss(peer, AboutConnection::LoginTimedOut, reason, effects);
            return true;
        }
        let silent = self.idles.pop_due(now.instant);
        silent
            .inspect(|peer| self.idle(now, *peer, effects))
            .is_some()
    }

    /// The time of the next call of [`handle_timeout`](Self::handle_timeout), if nothing else happens.
    pub fn next_timeout(&self) -> Option<Instant> {
        let due = [self.logins.next(), self.idles.next()];
        due.into_iter().flatten().min()
    }

    /// Sets the message that every newcomer reads. The text must be clean but for its line ends.
    pub fn set_motd(&mut self, text: Option<Arc<str>>) {
        self.motd = text;
    }

    /// Goes on from what a file has: its rooms, with their topics and last lines. From now on the file is to keep what
    /// happens, by [`Effect::Keep`], and answers questions about what happened before.
    pub fn go_on(&mut self, rooms: Vec<KeptRoom>) {
        self.has_file = true;
        self.rooms.load(rooms);
    }

    /// The number of the last entry.
    pub fn last(&self) -> u64 {
        self.last
    }

    /// The number of people who have a name.
    pub fn online(&self) -> usize {
        self.roster.online()
    }

    /// The number of rooms, the lobby and empty ones included.
    pub fn rooms(&self) -> usize {
        self.rooms.len()
    }

    fn line(&mut self, now: Moment, peer: PeerId, line: &str, effects: &mut Effects) {
        #[cfg(test)]
        if let Some(question) = Question::typed(line) {
            return self.ask(peer, question, effects);
        }
        let Some(caller) = self.caller(now, peer) else {
            return self.login(peer, line, effects);
        };
        match Command::parse(line) {
            Command::Blank => {}
            Command::Say(text) => {
                let (room, text) = (None, text.into());
                caller.wants(Act::Say { room, text }, effects);
            }
            Command::Slash { word, args } => commands::run(self, &caller, word, args, effects),
        }
    }

    /// The person who has this connection, and sends something just now.
    fn caller(&mut self, now: Moment, peer: PeerId) -> Option<Caller> {
        let active = self.seconds(now);
        let place = self.roster.place_at(peer)?;
        let person = self.roster.get_mut(place)?;
        person.active = active;
        Some(Caller {
            now,
            id: person.id,
            place,
            peer,
            room: person.room,
        })
    }

    /// The people in a room, or the first of them.
    fn people_in(&self, now: Moment, room: RoomId) -> Vec<Presence> {
        let members = self.rooms.get(room).into_iter();
        let members = members.flat_map(|it| it.members.iter());
        let listed = members.inspect(|_| tally::steps(1)).take(PEOPLE_LISTED);
        listed
            .filter_map(|it| self.roster.get(it))
            .map(|person| {
                let is_elsewhere = person.room != room;
                let elsewhere = is_elsewhere.then(|| self.room_name(person.room));
                self.presence(now, person, elsewhere.flatten())
            })
            .collect()
    }

    /// The person whom a typed name means.
    fn find(&self, typed: &str) -> Option<&Person> {
        self.roster
            .get(self.roster.find(&Username::parse_any(typed)?)?)
    }

    /// The facts about a person that others are told. `elsewhere` is the person's current room, if it has to be told.
    fn presence(&self, now: Moment, person: &Person, elsewhere: Option<RoomName>) -> Presence {
        Presence {
            id: person.id,
            name: person.name.clone(),
            elsewhere,
            away: person.away().is_some(),
            idle: self.seconds(now).saturating_sub(person.active),
        }
    }

    fn too_long(&mut self, now: Moment, peer: PeerId, limit: usize, effects: &mut Effects) {
        let active = self.seconds(now);
        match self.roster.at_mut(peer) {
            Some(person) => {
                person.active = active;
                effects.answer(peer, AboutInput::TooLong { limit });
            }
            None => {
                let why = InvalidUsername::WholeLine;
                self.refuse(peer, AboutConnection::UsernameInvalid(why), effects);
            }
        }
    }

    /// Answers a key press, which left the cursor within a line.
    fn answer_key(&mut self, peer: PeerId, answer: AboutInput, effects: &mut Effects) {
        if self.roster.session(peer).is_some() {
            effects.tell(peer, AboutConnection::LineBreak);
            self.answer_and_prompt(peer, answer, effects);
        }
    }

    /// Answers, and prompts again if a prompt stood there.
    fn answer_and_prompt(&self, peer: PeerId, answer: AboutInput, effects: &mut Effects) {
        let Some(session) = self.roster.session(peer) else {
            return;
        };
        effects.answer(peer, answer);
        if session == Session::Naming {
            effects.tell(peer, AboutConnection::UsernamePrompt);
        }
    }

    /// Ends the line of the username prompt, if there is one, because nobody typed a line end there.
    fn break_prompt(&self, peer: PeerId, effects: &mut Effects) {
        if self.roster.session(peer) == Some(Session::Naming) {
            effects.tell(peer, AboutConnection::LineBreak);
        }
    }

    /// Whole seconds since the hub's first event.
    fn seconds(&self, now: Moment) -> u32 {
        let began = self.began.unwrap_or(now.instant);
        let since = now.instant.saturating_duration_since(began);
        u32::try_from(since.as_secs()).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests;
