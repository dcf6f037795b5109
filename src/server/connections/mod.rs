//! `Connections`: the slab of peers, and the lists that the phases of a tick work off. What each room of it is for:
//!
//! | room | what it keeps |
//! |---|---|
//! | [`slots`] | who has a slot, until it is reaped |
//! | [`turns`] | runnable peers: whose turn it is to be read, and who has to wait |
//! | here | dirty peers: whom something is to be written to |
//! | [`held`] | who is not read, as what they want is not known to have happened, or as a question of theirs is with a worker |
//! | [`undecoded`] | what was received and not decoded |
//! | [`laggards`] | whom something waits for, how much, and who takes nothing |
//! | [`leaving`] | how far a peer is on the way out; doomed and finished peers |
//! | [`timers`] | what comes due, and when |
//!
//! Invariants: a peer is in each list at most once, which its flags tell; a slot that is in a list is not freed; a
//! slot is freed only by [`reap`](Connections::reap), at the end of a tick, so that within a tick a slot is one peer.

mod held;
mod laggards;
mod leaving;
mod slots;
mod timers;
mod turns;
mod undecoded;

pub(super) use held::Awaited;
pub(super) use timers::Timer;

use std::collections::BTreeMap;
use std::time::Instant;

use mio::Token;
use slab::Slab;

use crate::error::CloseReason;
use crate::id::{PeerId, Slot};
use crate::net::{Connection, Gauge, Unsent};
use crate::rate::{Bucket, Rate};

use super::addresses::{Addresses, Traffic};
use held::Held;
use leaving::Leaving;
use timers::Timers;
use turns::Turns;
use undecoded::Undecoded;

/// Every peer, and what is to be done with whom.
#[derive(Debug)]
pub(super) struct Connections {
    /// How fast a peer may send before others go first, or before they are not read, where that applies to them.
    turn_rate: Rate,
    /// Whether there is a rate that some have to keep.
    is_rated: bool,
    began: Instant,
    peers: Slab<Peer>,
    /// How many slots were handed out, as the next generation.
    generation: u32,
    /// Peers with something to read.
    turns: Turns,
    /// Peers with something to write, or to be closed.
    dirty: Vec<Slot>,
    /// Peers whose input has ended, or who are to be dropped, and of whom the hub has not been told.
    doomed: Vec<(Slot, CloseReason)>,
    /// Peers whose slots can be freed.
    finished: Vec<Slot>,
    /// Peers of whom the hub never hears: they are told why they cannot come in, and closed. A few at most.
    turned_away: Vec<Slot>,
    /// How many of the others each address holds, where that is limited.
    addresses: Option<Addresses>,
    /// How much came from each address of late, of those whom the rate applies to.
    traffic: Traffic,
    /// How many peers something waits for, and how much of it each has for itself, in bytes, all of them together.
    laggards: usize,
    own: usize,
    /// How much of it they share.
    gauge: Gauge,
    /// Asks the kernel whether a slow reader has been sent everything.
    unsent: Unsent,
    /// From which slot on it is asked next time.
    next_asked: usize,
    timers: Timers,
    /// Who waits for an answer, and to which question.
    asked: BTreeMap<PeerId, u64>,
}

#[derive(Debug)]
struct Peer {
    connection: Connection,
    /// Present while something has to be remembered.
    undecoded: Option<Box<Undecoded>>,
    generation: u32,
    /// What they have sent of late.
    bucket: Bucket,
    leaving: Leaving,
    held: Held,
    is_runnable: bool,
    is_dirty: bool,
    /// Their last key may have ended the input.
    awaits_end: bool,
    /// Something waited for them for a while, and the kernel may hold some of it still: it waits as long as it takes.
    is_slow: bool,
}

impl Connections {
    pub(super) fn new(
        rate: Option<Rate>,
        max_per_ip: Option<usize>,
        began: Instant,
    ) -> Connections {
        Connections {
            turn_rate: rate.unwrap_or_default(),
            is_rated: rate.is_some(),
            began,
            peers: Slab::new(),
            generation: 0,
            turns: Turns::default(),
            dirty: Vec::new(),
            doomed: Vec::new(),
            finished: Vec::new(),
            turned_away: Vec::new(),
            addresses: max_per_ip.map(Addresses::new),
            traffic: Traffic::default(),
            laggards: 0,
            own: 0,
            gauge: Gauge::default(),
            unsent: Unsent::default(),
            next_asked: 0,
            timers: Timers::default(),
            asked: BTreeMap::new(),
        }
    }

    pub(super) fn id(&self, slot: Slot) -> PeerId {
        let generation = self.peers[slot.index()].generation;
        PeerId { slot, generation }
    }

    pub(super) fn connection(&mut self, slot: Slot) -> &mut Connection {
        &mut self.peers[slot.index()].connection
    }

    /// The connection behind a token of a readiness event.
    pub(super) fn by_token(&mut self, token: Token) -> Option<&mut Connection> {
        self.peers.get_mut(token.0).map(|peer| &mut peer.connection)
    }

    pub(super) fn mark_dirty(&mut self, slot: Slot) {
        let peer = &mut self.peers[slot.index()];
        if !std::mem::replace(&mut peer.is_dirty, true) {
            self.dirty.push(slot);
        }
    }

    /// Takes the dirty peers out. The list is not kept, as idle people would pay for its length.
    pub(super) fn take_dirty(&mut self) -> Vec<Slot> {
        for &slot in &self.dirty {
            self.peers[slot.index()].is_dirty = false;
        }
        std::mem::take(&mut self.dirty)
    }

    /// Takes out a peer for whom a timer is due.
    pub(super) fn pop_due(&mut self, timer: Timer, now: Instant) -> Option<PeerId> {
        self.timers.pop_due(timer, now)
    }

    /// When the earliest of all timers is due.
    pub(super) fn next_timeout(&self) -> Option<Instant> {
        self.timers.next_timeout()
    }

    /// Whether a phase has work that no event will announce.
    pub(super) fn has_work(&self) -> bool {
        !(self.turns.is_empty()
            && self.dirty.is_empty()
            && self.doomed.is_empty()
            && self.finished.is_empty())
    }

    fn check(&self) {
        debug_assert!(
            self.addresses
                .as_ref()
                .is_none_or(|addresses| addresses.sum() == self.len())
        );
        debug_assert!(
            self.turns
                .iter()
                .all(|slot| self.peers[slot.index()].is_runnable)
        );
        debug_assert!(
            self.dirty
                .iter()
                .all(|&slot| self.peers[slot.index()].is_dirty)
        );
        debug_assert!(
            self.doomed
                .iter()
                .all(|&(slot, _)| self.peers[slot.index()].leaving.is_doomed())
        );
    }
}

#[cfg(test)]
mod consistency;
