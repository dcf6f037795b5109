//! Leaving: by one's own choice, for being idle, or with everyone else.

use std::sync::Arc;
use std::time::Duration;

use crate::error::CloseReason;
use crate::id::{PeerId, PersonId};
use crate::journal::Act;
use crate::message::{AboutConnection, Message};
use crate::moment::Moment;

use super::Hub;
use super::event::{Effect, Effects};
use super::person::Person;

impl Hub {
    /// Says goodbye to everyone and closes every connection.
    pub fn shut_down(&mut self, effects: &mut Effects) {
        let peers: Vec<PeerId> = self.roster.peers().collect();
        // Nobody is told that the others leave.
        for &peer in peers.iter().filter(|it| !self.is_hushed(**it)) {
            self.stop_reading(peer, effects);
        }
        let reason = CloseReason::Shutdown;
        self.end_seats(effects);
        for peer in peers {
            self.break_prompt(peer, effects);
            self.forget(peer, reason, None, effects);
            effects.tell(peer, AboutConnection::ShuttingDown);
            effects.push(Effect::Close { peer, reason });
        }
    }

    /// Handles the moment at which a person may have been idle for too long.
    pub(super) fn idle(&mut self, now: Moment, peer: PeerId, effects: &mut Effects) {
        let (Some(person), Some(timeout)) = (self.roster.at(peer), self.rules.idle_timeout) else {
            return;
        };
        // Both are rounded down to whole seconds, so that a second may be missing.
        let idle = self.seconds(now).saturating_sub(person.active);
        let idle = Duration::from_secs(idle.saturating_sub(1).into());
        if idle >= timeout {
            let reason = CloseReason::IdleTimedOut;
            self.dismiss(peer, AboutConnection::IdleTimedOut, reason, effects);
        } else {
            self.idles.set(peer, now.instant + (timeout - idle));
        }
    }

    /// Sends a peer away with a last word.
    pub(super) fn dismiss(
        &mut self,
        peer: PeerId,
        word: impl Into<Message>,
        reason: CloseReason,
        effects: &mut Effects,
    ) {
        if self.roster.session(peer).is_none() {
            return;
        }
        effects.tell(peer, word);
        self.leave(peer, reason, None, effects);
        effects.push(Effect::Close { peer, reason });
    }

    /// Sends a peer away with a last word, who is told nothing of what is said any more.
    pub(super) fn dismiss_hushed(
        &mut self,
        peer: PeerId,
        word: impl Into<Message>,
        reason: CloseReason,
        effects: &mut Effects,
    ) {
        effects.tell(peer, word);
        self.forget(peer, reason, None, effects);
        effects.push(Effect::Close { peer, reason });
    }

    /// Lets someone leave, with or without a last word to the others.
    pub(super) fn quit(&mut self, peer: PeerId, word: Option<Arc<str>>, effects: &mut Effects) {
        let reason = CloseReason::Quit;
        effects.tell(peer, AboutConnection::Goodbye);
        self.leave(peer, reason, word, effects);
        effects.push(Effect::Close { peer, reason });
    }

    /// The connection of a peer has ended, or is about to.
    pub(super) fn leave(
        &mut self,
        peer: PeerId,
        reason: CloseReason,
        word: Option<Arc<str>>,
        effects: &mut Effects,
    ) {
        if !self.is_hushed(peer) {
            self.stop_reading(peer, effects);
        }
        self.forget(peer, reason, word, effects);
    }

    /// From now on a peer is told nothing of what is said.
    pub(super) fn stop_reading(&self, peer: PeerId, effects: &mut Effects) {
        let rooms = self.roster.at(peer).into_iter().flat_map(Person::rooms);
        for room in rooms {
            effects.push(Effect::Exit { peer, room });
        }
    }

    /// Forgets a peer. The person whose connection it was leaves.
    fn forget(
        &mut self,
        peer: PeerId,
        reason: CloseReason,
        word: Option<Arc<str>>,
        effects: &mut Effects,
    ) {
        if let Some(person) = self.part(peer, effects) {
            effects.append(peer, Some(person), Act::Leave { reason, word });
        }
    }

    /// Forgets a peer, and returns the person whose connection it was.
    pub(super) fn part(&mut self, peer: PeerId, effects: &mut Effects) -> Option<PersonId> {
        self.logins.clear(peer);
        self.idles.clear(peer);
        self.seats.claim(peer, None);
        self.anew.remove(&peer);
        self.forget_asking(peer, effects);
        let person = self.roster.at(peer);
        self.programs -= usize::from(person.is_some_and(Person::is_program));
        let person = person.map(|it| it.id);
        self.roster.disconnect(peer);
        person
    }
}
