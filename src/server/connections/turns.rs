//! Whose turn it is to be read, and who has to wait: for peers that send less, or until they may send again.
//!
//! Everyone has a [`Bucket`](crate::rate::Bucket), which tells whether they have sent too much recently. Peers to which
//! the rate applies are then not read until they may send again. All others are read on, behind peers that have sent
//! little. So a flood costs the people beside it next to nothing, wherever it comes from.
//!
//! Invariant: a peer waits for one turn at most, in one of the two lists.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::id::Slot;
use crate::limits::{ADDRESS_PAUSE, TURN_BYTES};

use super::{Connections, Timer};

/// Peers that wait for a turn, each list in the order of their turns.
#[derive(Debug, Default)]
pub(super) struct Turns {
    /// Peers that have sent little recently.
    ordinary: VecDeque<Slot>,
    /// Peers that have sent a lot. They have their turns after the others.
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

/// The limit that a peer that sends too fast has reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::server) struct Pause {
    until: Instant,
    /// Whether the limit is that of everyone at their address together, not their own.
    pub(in crate::server) is_address: bool,
}

impl Connections {
    /// Gives a peer that has something to read a place in the queue for turns.
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

    /// How many peers wait for a turn: those that have sent little, and those that have sent a lot.
    pub(in crate::server) fn turns(&self) -> [usize; 2] {
        [self.turns.ordinary.len(), self.turns.flooding.len()]
    }

    /// Takes out the peer with the next turn, from the list of peers that have sent little, or from the other one.
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

    /// Notes that they have a name.
    pub(in crate::server) fn set_named(&mut self, slot: Slot) {
        self.peers[slot.index()].bucket.is_named = true;
    }

    /// Counts a peer's input, and the output that it caused. Returns whether that is too much for now.
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
        // All people who come through a tunnel on this machine, or a proxy that does not name them, have the same address.
        if peer.bucket.is_limited && peer.has_own_address && !ip.is_loopback() {
            let since = now.duration_since(self.began);
            let rate = self.turn_rate.of_address();
            self.traffic.charge(ip, since, rate, lines, bytes);
        }
    }

    /// The limit that makes a peer wait now, if the peer or its address has sent too fast.
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

    /// Stops reading the peer for a while. Returns whether to tell them why.
    pub(in crate::server) fn pause(&mut self, slot: Slot, pause: Pause) -> bool {
        self.timers.set(Timer::Pause, self.id(slot), pause.until);
        self.peers[slot.index()].bucket.tell()
    }

    /// Sets whether the server waits for input after the last key of a peer.
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
