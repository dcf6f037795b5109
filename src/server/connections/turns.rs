//! Whose turn it is to be read, and who has to wait: for peers that send less, or until they may send again.
//!
//! Everyone has a [`Bucket`](crate::rate::Bucket), which tells whether they have sent too much recently. Peers to which
//! the rate applies are then not read until they may send again. All others are read on, behind peers that have sent
//! little. So a flood costs the people beside it next to nothing, wherever it comes from.
//!
//! Handshakes of TLS are dear, so their turns come last, and there are few of them in a tick. A newcomer whose handshake
//! has not begun waits behind those whose handshake has, and as long as too many have.
//!
//! Invariant: a peer waits for one turn at most, in one of the lists.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::id::Slot;
use crate::limits::{ADDRESS_PAUSE, HANDSHAKE_TURNS, HANDSHAKES, TURN_BYTES};
use crate::net::Handshake;

use super::{Connections, Timer};

/// A kind of turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::server) enum Turn {
    /// Of a peer that has sent little recently.
    Ordinary,
    /// Of a peer that has sent a lot.
    Flooding,
    /// Of a peer whose handshake of TLS is not over.
    Handshake,
}

impl Turn {
    /// All kinds, in the order in which they have their turns.
    pub(in crate::server) const ALL: [Turn; 3] = [Turn::Ordinary, Turn::Flooding, Turn::Handshake];
}

/// Peers that wait for a turn, each list in the order of their turns.
#[derive(Debug, Default)]
pub(super) struct Turns {
    /// Peers that have sent little recently.
    ordinary: VecDeque<Slot>,
    /// Peers that have sent a lot. They have their turns after the others.
    flooding: VecDeque<Slot>,
    /// Peers whose handshake has begun.
    handshakes: VecDeque<Slot>,
    /// Peers whose handshake has not begun.
    hellos: VecDeque<Slot>,
}

impl Turns {
    pub(super) fn iter(&self) -> impl Iterator<Item = Slot> {
        let text = self.ordinary.iter().chain(&self.flooding);
        text.chain(&self.handshakes).chain(&self.hellos).copied()
    }

    /// Whether a handshake has not begun that could.
    pub(super) fn has_hellos(&self) -> bool {
        !self.hellos.is_empty()
    }

    pub(super) fn retain(&mut self, mut keep: impl FnMut(Slot) -> bool) {
        self.ordinary.retain(|&slot| keep(slot));
        self.flooding.retain(|&slot| keep(slot));
        self.handshakes.retain(|&slot| keep(slot));
        self.hellos.retain(|&slot| keep(slot));
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
        let list = match peer.connection.handshake() {
            Some(Handshake::Waiting) => &mut self.turns.hellos,
            Some(Handshake::Begun) => &mut self.turns.handshakes,
            None => match peer.bucket.empty_until(since, self.turn_rate) {
                None => &mut self.turns.ordinary,
                Some(_) => &mut self.turns.flooding,
            },
        };
        list.push_back(slot);
    }

    /// Whether anyone may have a turn.
    pub(super) fn has_turns(&self) -> bool {
        Turn::ALL.into_iter().any(|turn| self.turns(turn) > 0)
    }

    /// How many peers may have such a turn in this tick.
    pub(in crate::server) fn turns(&self, turn: Turn) -> usize {
        match turn {
            Turn::Ordinary => self.turns.ordinary.len(),
            Turn::Flooding => self.turns.flooding.len(),
            Turn::Handshake => {
                let room = HANDSHAKES.saturating_sub(self.handshakes);
                let all = self.turns.handshakes.len() + self.turns.hellos.len().min(room);
                all.min(HANDSHAKE_TURNS)
            }
        }
    }

    /// Takes out the peer with the next turn of this kind. If it is for the first turn of a handshake, that begins.
    pub(in crate::server) fn next_turn(&mut self, turn: Turn, now: Instant) -> Option<Slot> {
        let slot = match turn {
            Turn::Ordinary => self.turns.ordinary.pop_front()?,
            Turn::Flooding => self.turns.flooding.pop_front()?,
            Turn::Handshake => match self.turns.handshakes.pop_front() {
                Some(slot) => slot,
                None => self.next_hello(now)?,
            },
        };
        self.peers[slot.index()].is_runnable = false;
        Some(slot)
    }

    fn next_hello(&mut self, now: Instant) -> Option<Slot> {
        if self.handshakes >= HANDSHAKES {
            return None;
        }
        let slot = self.turns.hellos.pop_front()?;
        self.begin_handshake(slot, now);
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
