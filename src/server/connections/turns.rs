//! Whose turn it is to be read, and who has to wait: for those who send less, or until they may send again.
//!
//! Everyone has a [`Bucket`](crate::rate::Bucket), which tells whether they have sent too much of late. Where the rate applies to them, they
//! are not read until they may send again. Everyone else goes on, behind those who have sent little: so a flood costs the
//! people beside it next to nothing, wherever it comes from.
//!
//! Invariant: a peer waits for one turn at most, in one of the two lists.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::id::Slot;
use crate::limits::{ADDRESS_PAUSE, TURN_BYTES};

use super::{Connections, Timer};

/// Peers who wait for a turn, each list in the order of their turns.
#[derive(Debug, Default)]
pub(super) struct Turns {
    /// Those who have sent little of late.
    ordinary: VecDeque<Slot>,
    /// Those who have sent a lot. They have their turns when the others have had theirs.
    flooding: VecDeque<Slot>,
}

impl Turns {
    pub(super) fn is_empty(&self) -> bool {
        self.ordinary.is_empty() && self.flooding.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Slot> {
        self.ordinary.iter().chain(&self.flooding).copied()
    }

    pub(super) fn retain(&mut self, mut keep: impl FnMut(Slot) -> bool) {
        self.ordinary.retain(|&slot| keep(slot));
        self.flooding.retain(|&slot| keep(slot));
    }
}

/// What makes a peer wait who sends too fast.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::server) struct Pause {
    until: Instant,
    /// It is not they alone, but everyone at their address.
    pub(in crate::server) is_address: bool,
}

impl Connections {
    /// The peer has something to read, and waits for a turn.
    pub(in crate::server) fn mark_runnable(&mut self, slot: Slot, now: Instant) {
        let since = now.duration_since(self.began);
        let peer = &mut self.peers[slot.index()];
        if std::mem::replace(&mut peer.is_runnable, true) {
            return;
        }
        match peer.bucket.empty_until(since, self.turn_rate) {
            None => self.turns.ordinary.push_back(slot),
            Some(_) => self.turns.flooding.push_back(slot),
        }
    }

    /// How many wait for a turn: of those who have sent little, and of those who have sent a lot.
    pub(in crate::server) fn turns(&self) -> [usize; 2] {
        [self.turns.ordinary.len(), self.turns.flooding.len()]
    }

    /// Takes out the peer whose turn has come, of those who have sent little, or else of the others.
    pub(in crate::server) fn next_turn(&mut self, is_flooding: bool) -> Option<Slot> {
        let list = match is_flooding {
            false => &mut self.turns.ordinary,
            true => &mut self.turns.flooding,
        };
        let slot = list.pop_front()?;
        self.peers[slot.index()].is_runnable = false;
        Some(slot)
    }

    /// Whether they have a name.
    pub(in crate::server) fn is_named(&self, slot: Slot) -> bool {
        self.peers[slot.index()].bucket.is_named
    }

    /// They have a name from now on.
    pub(in crate::server) fn set_named(&mut self, slot: Slot) {
        self.peers[slot.index()].bucket.is_named = true;
    }

    /// Counts what a peer sent, and what was told because of it. Returns whether that is too much for now.
    pub(in crate::server) fn charge(
        &mut self,
        slot: Slot,
        now: Instant,
        lines: usize,
        bytes: usize,
    ) -> bool {
        let since = now.duration_since(self.began);
        let bucket = &mut self.peers[slot.index()].bucket;
        bucket.take(since, self.turn_rate, lines, bytes);
        bucket.is_limited && bucket.empty_until(since, self.turn_rate).is_some()
    }

    /// Counts a turn, for the peer and for their address. `lines` and `bytes` are what the peer was charged in it.
    pub(in crate::server) fn charge_turn(
        &mut self,
        slot: Slot,
        now: Instant,
        lines: usize,
        bytes: usize,
    ) {
        self.charge(slot, now, 0, TURN_BYTES);
        let peer = &self.peers[slot.index()];
        let ip = peer.connection.addr().ip();
        // Everyone who comes through a tunnel or a proxy of this machine has the same address.
        if peer.bucket.is_limited && !ip.is_loopback() {
            let since = now.duration_since(self.began);
            let rate = self.turn_rate.of_address();
            self.traffic.charge(ip, since, rate, lines, bytes);
        }
    }

    /// What makes a peer wait for now, if they, or everyone at their address, have sent too fast.
    pub(in crate::server) fn too_fast(&self, slot: Slot, now: Instant) -> Option<Pause> {
        let peer = &self.peers[slot.index()];
        if !peer.bucket.is_limited {
            return None;
        }
        let since = now.duration_since(self.began);
        if let Some(until) = peer.bucket.empty_until(since, self.turn_rate) {
            return Some(Pause {
                until: self.began + until,
                is_address: false,
            });
        }
        let ip = peer.connection.addr().ip();
        let rate = self.turn_rate.of_address();
        let until = self.traffic.empty_until(ip, since, rate)?;
        Some(Pause {
            until: (self.began + until).max(now + ADDRESS_PAUSE),
            is_address: true,
        })
    }

    /// The peer is not read for a while. Returns whether they are to be told why.
    pub(in crate::server) fn pause(&mut self, slot: Slot, pause: Pause) -> bool {
        self.timers.set(Timer::Pause, self.id(slot), pause.until);
        self.peers[slot.index()].bucket.tell()
    }

    /// From now on it is waited whether something comes behind the last key of a peer, or not any more.
    pub(in crate::server) fn await_end(
        &mut self,
        slot: Slot,
        wait: Option<Duration>,
        now: Instant,
    ) {
        let peer = self.id(slot);
        let awaits_end = &mut self.peers[slot.index()].awaits_end;
        let awaited = std::mem::replace(awaits_end, wait.is_some());
        match wait {
            Some(wait) => self.timers.set(Timer::EndKey, peer, now + wait),
            None if awaited => self.timers.unset(Timer::EndKey, peer),
            None => {}
        }
    }
}
