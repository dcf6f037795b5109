//! Coming in: from a connection to a person with a name.

use std::net::SocketAddr;

use crate::account::{Accounts, Secret};
use crate::error::CloseReason;
use crate::id::PeerId;
use crate::journal::Act;
use crate::limits::LOGIN_ATTEMPTS;
use crate::message::AboutConnection;
use crate::moment::Moment;
use crate::name::{Username, is_of_house};

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
            return self.want_in(peer, name, effects);
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
                self.want_in(peer, name, effects);
            }
            Some(_) => {}
            None => self.refuse(peer, AboutConnection::UsernameTaken, effects),
        }
    }

    /// Handles a line of a newcomer: the name they want, or a wish to leave.
    pub(super) fn login(&mut self, now: Moment, peer: PeerId, line: &str, effects: &mut Effects) {
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
            Ok(name) => self.choose(now, peer, name, None, effects),
            Err(why) => self.refuse(peer, AboutConnection::UsernameInvalid(why), effects),
        }
    }

    /// A newcomer has chosen a name. Somebody's name needs its password.
    pub(super) fn choose(
        &mut self,
        now: Moment,
        peer: PeerId,
        name: Username,
        password: Option<&Secret>,
        effects: &mut Effects,
    ) {
        let claimed = match self.accounts_kind() {
            Accounts::Off => None,
            Accounts::On | Accounts::Required => self.accounts.find_alike(&name),
        };
        match claimed {
            Some(account) => self.claim(now, peer, account, password, effects),
            None if self.accounts_kind() == Accounts::Required => {
                self.refuse(peer, AboutConnection::ForMembers, effects);
            }
            None if is_of_house(&name) => {
                self.refuse(peer, AboutConnection::UsernameOfHouse, effects);
            }
            None => self.want_in(peer, name, effects),
        }
    }

    /// A newcomer wants to come in under a name, as a guest.
    pub(super) fn want_in(&mut self, peer: PeerId, name: Username, effects: &mut Effects) {
        if let Some(from) = self.roster.origin(peer) {
            let proof = None;
            effects.append(peer, None, Act::ComeIn { name, from, proof });
        }
    }

    pub(super) fn refuse(&mut self, peer: PeerId, refusal: AboutConnection, effects: &mut Effects) {
        if self.roster.session(peer).is_none() {
            return;
        }
        // Whoever comes in again under another name than they had is told that they are in.
        self.anew.remove(&peer);
        effects.tell(peer, refusal);
        if self.roster.count_attempt(peer) >= LOGIN_ATTEMPTS.into() {
            let reason = CloseReason::TooManyAttempts;
            return self.dismiss(peer, AboutConnection::TooManyAttempts, reason, effects);
        }
        effects.tell(peer, AboutConnection::UsernamePrompt);
    }
}
