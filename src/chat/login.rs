//! Coming in: from a connection to a person with a name.

use std::net::SocketAddr;

use crate::error::CloseReason;
use crate::id::{PeerId, RoomId};
use crate::limits::LOGIN_ATTEMPTS;
use crate::message::Message;
use crate::moment::{Format, Moment};
use crate::name::Username;

use super::Hub;
use super::commands;
use super::event::{Effect, Effects};
use super::roster::Person;

impl Hub {
    pub(super) fn connect(
        &mut self,
        now: Moment,
        peer: PeerId,
        addr: SocketAddr,
        effects: &mut Effects,
    ) {
        self.began.get_or_insert(now.instant);
        self.roster.connect(peer);
        if self.rules.anonymous {
            let name = self.name_of(peer, addr);
            return self.take_name(now, peer, name, effects);
        }
        if let Some(timeout) = self.rules.login_timeout {
            self.logins.set(peer, now.instant + timeout);
        }
        effects.tell(peer, Message::UsernamePrompt);
    }

    /// A free name for someone who is named by their address. Several have the same one where there are several listeners.
    fn name_of(&self, peer: PeerId, addr: SocketAddr) -> Username {
        let mut name = Username::from_addr(addr);
        let mut number = 2;
        while !self.roster.is_free(&name, peer) {
            name = Username::from_addr_again(addr, number);
            number += 1;
        }
        name
    }

    /// A line of a newcomer: the name they want, or that they want to leave.
    pub(super) fn login(&mut self, now: Moment, peer: PeerId, line: &str, effects: &mut Effects) {
        if line
            .split_whitespace()
            .next()
            .is_some_and(commands::is_quit)
        {
            return self.dismiss(peer, Message::Goodbye, CloseReason::Quit, effects);
        }
        match Username::parse(line) {
            Ok(name) => self.take_name(now, peer, name, effects),
            Err(why) => self.refuse(peer, Message::UsernameInvalid(why), effects),
        }
    }

    /// Lets a newcomer in under a name, unless someone has it or one that looks like it.
    fn take_name(&mut self, now: Moment, peer: PeerId, name: Username, effects: &mut Effects) {
        if self.roster.session(peer).is_none() {
            return;
        }
        let room = RoomId::LOBBY;
        let person = Person::new(name.clone(), room, now.unix, self.seconds(now));
        if self.roster.admit(peer, person).is_err() {
            return self.refuse(peer, Message::UsernameTaken, effects);
        }
        self.rooms.enter(room, peer);
        self.logins.clear(peer);
        if let Some(timeout) = self.rules.idle_timeout {
            self.idles.set(peer, now.instant + timeout);
        }
        self.name_taken(peer, &name);

        effects.tell(peer, Message::Welcome);
        if let Some(motd) = &self.motd {
            effects.tell(peer, Message::Motd(motd.clone()));
        }
        self.show_room(peer, room, effects);
        let format = Format::default();
        effects.push(Effect::Enter { peer, room, format });
        let joined = Message::Joined(name.clone());
        effects.push(Effect::CameOnline { peer, name });
        effects.tell_room(room, None, self.hidden_from(peer), joined);
    }

    pub(super) fn refuse(&mut self, peer: PeerId, refusal: Message, effects: &mut Effects) {
        if self.roster.session(peer).is_none() {
            return;
        }
        effects.tell(peer, refusal);
        if self.roster.count_attempt(peer) >= LOGIN_ATTEMPTS {
            let reason = CloseReason::TooManyAttempts;
            return self.dismiss(peer, Message::TooManyAttempts, reason, effects);
        }
        effects.tell(peer, Message::UsernamePrompt);
    }
}
