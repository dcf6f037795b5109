//! The chat as pure state: events in, effects out, time as an argument.
//!
//! There is no socket here, no clock, no byte of any wire, and no list of recipients except of the few who ignore
//! someone.
//!
//! Invariants: no two people have the same name; a peer is announced as joined once and as left once; the chat asks
//! nothing for a peer after [`Effect::Close`] or after [`Event::Disconnected`].

// A match over acts or messages names every variant. Only tests match some of them.
#![cfg_attr(not(test), warn(clippy::wildcard_enum_match_arm))]

mod absent;
mod accounts;
#[cfg(feature = "cluster")]
mod anew;
mod apply;
mod arrivals;
mod arriving;
mod attempts;
mod author;
mod away;
mod coming_in;
mod commands;
mod confirming;
#[cfg(any(test, fuzzing))]
mod digest;
mod directory;
mod event;
mod history;
mod house;
mod ignore;
#[cfg(any(test, fuzzing))]
mod invariants;
mod journaling;
mod leaving;
mod login;
mod moving;
mod order;
#[cfg(any(test, fuzzing, feature = "cluster"))]
mod out;
mod owning;
mod person;
mod programs;
mod question;
#[cfg(any(test, fuzzing))]
mod readers;
mod recall;
mod registering;
mod repeats;
mod replay;
mod returning;
mod room;
mod roster;
mod rules;
mod seats;
mod servers;
#[cfg(feature = "cluster")]
mod sharing;
#[cfg(feature = "accounts")]
mod shell;
#[cfg(feature = "cluster")]
mod state;
mod timeouts;
mod tokens;
#[cfg(any(test, fuzzing))]
mod twin;

#[cfg(feature = "client")]
pub(crate) use commands::{named as command_named, words as command_words};
pub use event::{Audience, Effect, Effects, Event, Proposal};
pub use journaling::Journaled;
pub use question::{Finding, Question};
#[cfg(any(test, fuzzing))]
pub use readers::Readers;
pub use rules::{Keeping, Rules};
#[cfg(feature = "accounts")]
pub(crate) use shell::{ShellRequest, Wanted};
#[cfg(feature = "cluster")]
pub use state::{InvalidState, State};
#[cfg(any(test, fuzzing))]
pub use twin::Twin;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use crate::account::{Hashed, Origin};
use crate::deadlines::Deadlines;
use crate::error::CloseReason;
use crate::id::{PeerId, PersonId, RoomId};
use crate::journal::Act;
use crate::limits::PEOPLE_LISTED;
use crate::message::{AboutConnection, AboutInput, Elsewhere, KeptHouse, KeptRoom, Presence};
use crate::moment::Moment;
use crate::name::{InvalidUsername, Username};
use crate::tally;
use crate::wire::Command;

use accounts::AccountTable;
use attempts::Attempts;
use author::{Author, Caller};
use coming_in::{Asking, LateAnswers};
use ignore::Targets;
use order::Order;
use person::{Person, Place};
use room::Rooms;
use roster::{Roster, Session};
use seats::Seats;
use servers::Servers;

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
    /// The names that are somebody's.
    accounts: AccountTable,
    /// Everyone who is asked for a password.
    askings: BTreeMap<PeerId, Asking>,
    /// The time by which those of them who are in the chat must answer.
    asked_until: Deadlines,
    /// Those whose next line may be the answer to a question that has ended.
    late_answers: BTreeMap<PeerId, LateAnswers>,
    /// How often passwords were tried.
    attempts: Attempts,
    /// Hashes of new passwords, until the acts that set them are applied.
    hashes: BTreeMap<PersonId, Hashed>,
    /// Who is kept out or silent, and the like.
    order: Order,
    /// Seats that are kept, and what proves whose they are.
    seats: Seats,
    /// The servers that are one chat, if there may be several.
    servers: Servers,
    /// Those who come in again since this server came to the others anew, and know all of it.
    anew: BTreeSet<PeerId>,
    /// How many programs are in the chat by connections of this server.
    programs: usize,
    /// Whether a file keeps what is said.
    has_file: bool,
    /// The number of the last entry.
    last: u64,
    /// The time of the hub's first event.
    began: Option<Instant>,
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
            accounts: AccountTable::default(),
            askings: BTreeMap::new(),
            asked_until: Deadlines::default(),
            late_answers: BTreeMap::new(),
            attempts: Attempts::default(),
            hashes: BTreeMap::new(),
            order: Order::default(),
            seats: Seats::default(),
            servers: Servers::default(),
            anew: BTreeSet::new(),
            programs: 0,
            has_file: false,
            last: 0,
            began: None,
        }
    }

    /// Handles an event of a peer. Events of a peer that the hub has already closed are ignored.
    pub fn handle(&mut self, now: Moment, peer: PeerId, event: Event<'_>, effects: &mut Effects) {
        if self.is_sent_away(peer) && !matches!(event, Event::Disconnected(_)) {
            return;
        }
        match event {
            Event::Connected {
                addr,
                is_tls,
                format,
            } => {
                if self.began.is_none() {
                    self.began = Some(now.instant);
                    self.order.set_wake(now);
                }
                let address = addr.ip().to_canonical();
                let from = Origin { address, is_tls };
                self.roster.connect(peer, from, format);
                self.greet(now, peer, addr, effects);
            }
            Event::Line(line) => self.line(now, peer, line, effects),
            Event::Secret(typed) => self.secret(now, peer, typed, effects),
            Event::LineTooLong { limit } => self.too_long(now, peer, limit, effects),
            Event::Object(object) => self.object(now, peer, object, effects),
            Event::Misused(id, misuse) => self.misused(peer, id, misuse, effects),
            Event::Program(format) => self.become_program(now, peer, format, effects),
            Event::WrongProtocol(protocol) => {
                let word = AboutConnection::WrongProtocol(protocol);
                self.dismiss(peer, word, CloseReason::WrongProtocol(protocol), effects);
            }
            Event::Interrupt => self.interrupt(peer, effects),
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
            Event::Answered(finding) => {
                let is_of_newcomer = self.answered_secret(now, peer, finding, effects)
                    || self.answered_owner(peer, finding, effects);
                if !is_of_newcomer {
                    self.answered(peer, finding, effects);
                }
            }
            Event::Disconnected(reason) => self.end_of_link(now, peer, reason, effects),
        }
    }

    /// Sets the message that every newcomer reads. The text must be clean but for its line ends.
    pub fn set_motd(&mut self, text: Option<Arc<str>>) {
        self.motd = text;
    }

    /// Goes on from what a file has: its rooms, with their topics and last lines. From now on the file is to keep what
    /// happens, by [`Effect::Keep`], and answers questions about what happened before.
    pub fn go_on(&mut self, rooms: Vec<KeptRoom>, house: KeptHouse) {
        self.has_file = true;
        self.rooms.load(rooms);
        self.order.load(&house);
        self.rules.journal = house.journal.unwrap_or(self.rules.journal);
        self.accounts.load(house.accounts);
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
        #[cfg(test)]
        if let Some(question) = question::typed_secret(line) {
            return effects.push(Effect::AskSecret { peer, question });
        }
        let Some(caller) = self.caller(now, peer) else {
            return self.login(now, peer, line, effects);
        };
        match Command::parse(line) {
            Command::Blank => self.release_held(&caller, effects),
            Command::Say(_) if self.is_late_answer(now, peer, true, effects) => {}
            Command::Say(text) => {
                let (room, text) = (None, text.into());
                caller.wants(Act::Say { room, text }, effects);
            }
            Command::Slash { word, args } => {
                self.is_late_answer(now, peer, false, effects);
                commands::run(self, &caller, word, args, effects);
            }
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

    /// The people in a room, or the first of them, as somebody sees them.
    fn people_in(&self, now: Moment, room: RoomId, reader: Place) -> Vec<Presence> {
        let Some(reader) = self.roster.get(reader) else {
            return Vec::new();
        };
        let members = self.rooms.get(room).into_iter();
        let members = members.flat_map(|it| it.members.iter());
        let listed = members.inspect(|_| tally::steps(1)).take(PEOPLE_LISTED);
        listed
            .filter_map(|it| self.roster.get(it))
            .map(|person| {
                let elsewhere = self.elsewhere(person, room, reader);
                self.presence(now, person, elsewhere)
            })
            .collect()
    }

    /// The person whom a typed name means.
    fn find(&self, typed: &str) -> Option<&Person> {
        self.roster
            .get(self.roster.find(&Username::parse_any(typed)?)?)
    }

    /// The facts about a person that others are told. `elsewhere` is the person's current room, if it has to be told.
    fn presence(&self, now: Moment, person: &Person, elsewhere: Option<Elsewhere>) -> Presence {
        Presence {
            id: person.id,
            name: person.name.clone(),
            elsewhere,
            away: person.away().is_some(),
            lost: person.is_lost(),
            idle: self.seconds(now).saturating_sub(person.active),
        }
    }

    fn too_long(&mut self, now: Moment, peer: PeerId, limit: usize, effects: &mut Effects) {
        if self.question_for(peer).is_some() {
            return self.secret_too_long(now, peer, effects);
        }
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
        self.prompt(peer, session, effects);
    }

    /// Shows the question that the peer has to answer, if there is one.
    fn prompt(&self, peer: PeerId, session: Session, effects: &mut Effects) {
        match (self.question_for(peer), session) {
            (Some(question), _) => effects.push(Effect::AskSecret { peer, question }),
            (None, Session::Naming) => effects.tell(peer, AboutConnection::UsernamePrompt),
            (None, Session::Chatting(_)) => {}
        }
    }

    /// Handles the key that interrupts. It ends a question for a password.
    fn interrupt(&mut self, peer: PeerId, effects: &mut Effects) {
        match (self.roster.session(peer), self.question_for(peer)) {
            (Some(Session::Chatting(_)), Some(_)) => self.give_up_asking(peer, effects),
            // There `/quit` would be taken for a password.
            (_, Some(_)) => self.answer_key(peer, AboutInput::HowToGoBack, effects),
            (_, None) => self.answer_key(peer, AboutInput::HowToQuit, effects),
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
