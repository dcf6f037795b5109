//! The chat as pure state: events in, effects out, time as an argument.
//!
//! There is no socket here, no clock, no byte of any wire, and no list of recipients. What always holds: no two people
//! have the same name; a peer is announced as joined once and as left once; nothing is asked for a peer after
//! [`Effect::Close`] or after [`Event::Disconnected`].

mod commands;
mod event;
mod roster;

pub use event::{Audience, Effect, Effects, Event};

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::deadlines::Deadlines;
use crate::error::CloseReason;
use crate::id::{PeerId, RoomId};
use crate::limits::LOGIN_ATTEMPTS;
use crate::message::Message;
use crate::name::Username;
use crate::wire::Command;

use roster::{Roster, Session};

/// What the operator decides about the chat.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// No login: people are named by their address.
    pub anonymous: bool,
    /// Time in which a newcomer must give a username. `None`: no limit.
    pub login_timeout: Option<Duration>,
}

/// The state of the chat.
#[derive(Debug, Default)]
pub struct Hub {
    rules: Rules,
    roster: Roster,
    /// Until when each newcomer must have given a name.
    logins: Deadlines,
}

/// Where someone who is in the chat sits: who they are, and in which room.
#[derive(Debug, Clone, Copy)]
struct Seat {
    peer: PeerId,
    room: RoomId,
}

impl Hub {
    /// An empty chat.
    pub fn new(rules: Rules) -> Hub {
        Hub {
            rules,
            ..Hub::default()
        }
    }

    /// Takes in what happened to a peer. An event of a peer whom the hub has closed already is ignored.
    pub fn handle(&mut self, now: Instant, peer: PeerId, event: Event<'_>, effects: &mut Effects) {
        match event {
            Event::Connected(addr) => self.connect(now, peer, addr, effects),
            Event::Line(line) => self.line(peer, line, effects),
            Event::LineTooLong { limit } => self.too_long(peer, limit, effects),
            Event::WrongProtocol(protocol) => {
                let reason = CloseReason::WrongProtocol(protocol);
                self.dismiss(peer, Message::WrongProtocol(protocol), reason, effects);
            }
            Event::Interrupt => self.answer(peer, Message::HowToQuit, effects),
            Event::AreYouThere => {
                let still_here = Message::StillHere(self.online());
                self.answer(peer, still_here, effects);
            }
            Event::EndOfInput => self.end_of_input(peer, effects),
            Event::Disconnected(reason) => self.leave(peer, reason, effects),
        }
    }

    /// Acts on what is due by now.
    pub fn handle_timeout(&mut self, now: Instant, effects: &mut Effects) {
        while let Some(peer) = self.logins.pop_due(now) {
            self.break_prompt(peer, effects);
            let reason = CloseReason::LoginTimedOut;
            self.dismiss(peer, Message::LoginTimedOut, reason, effects);
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) is to be called next, if nothing else happens.
    pub fn next_timeout(&self) -> Option<Instant> {
        self.logins.next()
    }

    /// Says something to everyone who is in the chat, as the server. The text must be clean.
    pub fn notice(&mut self, text: &str, effects: &mut Effects) {
        effects.tell_room(RoomId::LOBBY, None, Message::Notice(text.into()));
    }

    /// Says goodbye to everyone and closes every connection.
    pub fn shut_down(&mut self, effects: &mut Effects) {
        let peers: Vec<PeerId> = self.roster.peers().collect();
        for peer in peers {
            self.break_prompt(peer, effects);
            self.forget(peer, CloseReason::Shutdown, effects);
            effects.tell(peer, Message::ShuttingDown);
            let reason = CloseReason::Shutdown;
            effects.push(Effect::Close { peer, reason });
        }
    }

    /// How many people have a name.
    pub fn online(&self) -> usize {
        self.roster.online()
    }

    fn connect(&mut self, now: Instant, peer: PeerId, addr: SocketAddr, effects: &mut Effects) {
        self.roster.connect(peer);
        if self.rules.anonymous {
            return self.take_name(peer, Username::from_addr(addr), effects);
        }
        if let Some(timeout) = self.rules.login_timeout {
            self.logins.set(peer, now + timeout);
        }
        effects.tell(peer, Message::UsernamePrompt);
    }

    fn line(&mut self, peer: PeerId, line: &str, effects: &mut Effects) {
        let (seat, name) = match self.roster.session(peer) {
            None => return,
            Some(Session::Naming { .. }) => return self.login(peer, line, effects),
            Some(Session::Chatting { name, room }) => (Seat { peer, room: *room }, name),
        };
        match Command::parse(line) {
            Command::Blank => {}
            Command::Say(text) => {
                let from = name.clone();
                let text = text.into();
                effects.tell_room(seat.room, Some(peer), Message::Said { from, text });
            }
            Command::Slash { word, args } => commands::run(self, seat, word, args, effects),
        }
    }

    fn login(&mut self, peer: PeerId, line: &str, effects: &mut Effects) {
        if line.trim().eq_ignore_ascii_case("/quit") {
            return self.dismiss(peer, Message::Goodbye, CloseReason::Quit, effects);
        }
        match Username::parse(line) {
            Ok(name) => self.take_name(peer, name, effects),
            Err(_) => self.refuse(peer, Message::UsernameInvalid, effects),
        }
    }

    /// Lets a newcomer in under a name, unless someone has it.
    fn take_name(&mut self, peer: PeerId, name: Username, effects: &mut Effects) {
        let room = RoomId::LOBBY;
        if self.roster.name(peer, name.clone(), room).is_err() {
            return self.refuse(peer, Message::UsernameTaken, effects);
        }
        self.logins.clear(peer);
        effects.tell(peer, Message::Welcome);
        effects.push(Effect::Enter { peer, room });
        let joined = Message::Joined(name.clone());
        effects.push(Effect::CameOnline { peer, name });
        effects.tell_room(room, None, joined);
    }

    fn refuse(&mut self, peer: PeerId, refusal: Message, effects: &mut Effects) {
        effects.tell(peer, refusal);
        if self.roster.count_attempt(peer) >= LOGIN_ATTEMPTS {
            let reason = CloseReason::TooManyAttempts;
            return self.dismiss(peer, Message::TooManyAttempts, reason, effects);
        }
        effects.tell(peer, Message::UsernamePrompt);
    }

    fn too_long(&mut self, peer: PeerId, limit: usize, effects: &mut Effects) {
        match self.roster.session(peer) {
            None => {}
            Some(Session::Naming { .. }) => self.refuse(peer, Message::UsernameInvalid, effects),
            Some(Session::Chatting { .. }) => effects.tell(peer, Message::TooLong { limit }),
        }
    }

    /// Answers a key, which left the cursor within a line, and prompts again where a prompt stood.
    fn answer(&mut self, peer: PeerId, answer: Message, effects: &mut Effects) {
        let Some(session) = self.roster.session(peer) else {
            return;
        };
        effects.tell(peer, Message::LineBreak);
        effects.tell(peer, answer);
        if let Session::Naming { .. } = session {
            effects.tell(peer, Message::UsernamePrompt);
        }
    }

    fn end_of_input(&mut self, peer: PeerId, effects: &mut Effects) {
        self.break_prompt(peer, effects);
        self.dismiss(peer, Message::Goodbye, CloseReason::Quit, effects);
    }

    /// Ends the line that the username prompt stands on, where it does, as nobody typed its end.
    fn break_prompt(&self, peer: PeerId, effects: &mut Effects) {
        if let Some(Session::Naming { .. }) = self.roster.session(peer) {
            effects.tell(peer, Message::LineBreak);
        }
    }

    /// Sends a peer away with a last word.
    fn dismiss(&mut self, peer: PeerId, word: Message, reason: CloseReason, effects: &mut Effects) {
        if self.roster.session(peer).is_none() {
            return;
        }
        effects.tell(peer, word);
        self.leave(peer, reason, effects);
        effects.push(Effect::Close { peer, reason });
    }

    /// Forgets a peer and tells those who stay.
    fn leave(&mut self, peer: PeerId, reason: CloseReason, effects: &mut Effects) {
        if let Some(Session::Chatting { name, room }) = self.forget(peer, reason, effects) {
            effects.tell_room(room, None, Message::Left(name));
        }
    }

    /// Forgets a peer without a word to the others.
    fn forget(
        &mut self,
        peer: PeerId,
        reason: CloseReason,
        effects: &mut Effects,
    ) -> Option<Session> {
        self.logins.clear(peer);
        let session = self.roster.disconnect(peer)?;
        if let Session::Chatting { name, .. } = &session {
            effects.push(Effect::Exit { peer });
            let name = name.clone();
            effects.push(Effect::WentOffline { peer, name, reason });
        }
        Some(session)
    }
}

#[cfg(test)]
mod tests;
