//! Coming in: from a connection to a person with a name.

use std::net::SocketAddr;

use crate::error::CloseReason;
use crate::id::PeerId;
use crate::journal::Act;
use crate::limits::LOGIN_ATTEMPTS;
use crate::message::AboutConnection;
use crate::moment::Moment;
use crate::name::Username;

use super::Hub;
use super::commands;
use super::event::Effects;
use super::roster::Session;

impl Hub {
    /// Asks a newcomer for a name, or gives them one if people are named by their address.
    pub(super) fn greet(
        &mut self,
        now: Moment,
        peer: PeerId,
        addr: SocketAddr,
        effects: &mut Effects,
    ) {
        if self.rules.anonymous {
            let name = self.name_of(addr);
            return effects.append(peer, None, Act::ComeIn { name });
        }
        if let Some(timeout) = self.rules.login_timeout {
            self.logins.set(peer, now.instant + timeout);
        }
        effects.tell(peer, AboutConnection::UsernamePrompt);
    }

    /// A free name for someone who is named by their address. With several listeners, two people can have the same
    /// address. One of them may take the name before the other's act is applied; the other then has to [take the
    /// next](Self::name_again).
    fn name_of(&self, addr: SocketAddr) -> Username {
        let mut name = Username::from_addr(addr);
        let mut number = 2;
        while !self.roster.is_free(&name, None) {
            name = Username::from_addr_again(addr, number);
            number += 1;
        }
        name
    }

    /// A newcomer could not have a name. If they had not chosen it themselves, they come in under the next free name.
    pub(super) fn name_again(&mut self, taken: &Username, peer: PeerId, effects: &mut Effects) {
        match taken.addr() {
            Some(addr) if self.roster.session(peer) == Some(Session::Naming) => {
                let name = self.name_of(addr);
                effects.append(peer, None, Act::ComeIn { name });
            }
            Some(_) => {}
            None => self.refuse(peer, AboutConnection::UsernameTaken, effects),
        }
    }

    /// Handles a line of a newcomer: the name they want, or a wish to leave.
    pub(super) fn login(&mut self, peer: PeerId, line: &str, effects: &mut Effects) {
        if self.roster.session(peer).is_none() {
            return;
        }
        if line
            .split_whitespace()
            .next()
            .is_some_and(commands::is_quit)
        {
            return self.dismiss(peer, AboutConnection::Goodbye, CloseReason::Quit, effects);
        }
        match Username::parse(line) {
            Ok(name) => effects.append(peer, None, Act::ComeIn { name }),
            Err(why) => self.refuse(peer, AboutConnection::UsernameInvalid(why), effects),
        }
    }

    pub(super) fn refuse(&mut self, peer: PeerId, refusal: AboutConnection, effects: &mut Effects) {
        if self.roster.session(peer).is_none() {
            return;
        }
        effects.tell(peer, refusal);
        if self.roster.count_attempt(peer) >= LOGIN_ATTEMPTS.into() {
            let reason = CloseReason::TooManyAttempts;
            return self.dismiss(peer, AboutConnection::TooManyAttempts, reason, effects);
        }
        effects.tell(peer, AboutConnection::UsernamePrompt);
    }
}
