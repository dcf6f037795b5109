//! `Connections`: the slab of peers, and the lists that the phases of a tick work through. Its parts:
//!
//! | module | what it keeps |
//! |---|---|
//! | [`slots`] | the slots of peers, until they are reaped |
//! | [`turns`] | runnable peers: which is read next, and which have to wait |
//! | here | dirty peers: those with something to write |
//! | [`held`] | peers that are not read, because the outcome of an act or the answer to a question is awaited |
//! | [`secrets`] | peers who are asked for a password |
//! | [`opening`] | newcomers, until their protocol is known |
//! | [`proxied`] | connections from proxies, and the address behind each |
//! | [`handshakes`] | newcomers who speak TLS, until it is set up |
//! | `web` | when a request, or the next ping of a WebSocket, is due |
//! | [`undecoded`] | input that is received and not decoded |
//! | [`laggards`] | peers that output waits for, how much waits, and which take nothing |
//! | [`leaving`] | how far a peer is on the way out; doomed and finished peers |
//! | [`timers`] | what is due, and when |
//!
//! Invariants: a peer is in each list at most once, as its flags show; a slot that is in a list is not freed; only
//! [`reap`](Connections::reap) frees a slot, at the end of a tick, so that within a tick a slot is one peer.

mod handshakes;
mod held;
mod laggards;
mod leaving;
mod opening;
mod proxied;
mod secrets;
mod slots;
mod timers;
mod turns;
mod undecoded;
#[cfg(feature = "web")]
mod web;

pub(super) use held::Awaited;
pub(super) use timers::Timer;
pub(super) use turns::Turn;

use std::collections::{BTreeMap, VecDeque};
use std::time::Instant;

use mio::Token;
use slab::Slab;

use crate::error::CloseReason;
use crate::id::{PeerId, Slot};
use crate::net::{Connection, Gauge, Unsent};
use crate::rate::{Bucket, Rate};
use crate::wire::Tongue;

use super::ListenKind;
use super::addresses::{Addresses, Traffic};
use super::figures::Reasons;
use super::workers::Wait;
use held::Held;
use leaving::Leaving;
use secrets::Secrecy;
use timers::Timers;
use turns::Turns;
use undecoded::Undecoded;

/// All peers, and the work to do for each.
#[derive(Debug)]
pub(super) struct Connections {
    /// How fast a peer may send before others go first, and before it is not read, if a rate applies to it.
    turn_rate: Rate,
    /// Whether a rate applies to any peer.
    is_rated: bool,
    began: Instant,
    peers: Slab<Peer>,
    /// The number of slots handed out so far, which is the next generation.
    generation: u32,
    /// Peers with something to read.
    turns: Turns,
    /// Peers with something to write, or to be closed.
    dirty: Vec<Slot>,
    /// Peers whose input has ended, or which are to be dropped, and of which the hub has not been told.
    doomed: VecDeque<(Slot, CloseReason)>,
    /// Peers whose slots can be freed.
    finished: Vec<Slot>,
    /// Peers that the hub never hears of: they are told why they cannot come in, and closed. At most a few.
    turned_away: Vec<(Slot, CloseReason)>,
    /// Handshakes of TLS that are on.
    handshakes: usize,
    /// How many of the other connections each address holds, if that is limited.
    addresses: Option<Addresses>,
    /// How much came recently from each address to which the rate applies.
    traffic: Traffic,
    /// The number of peers that output waits for, and the bytes of it that they do not share, all together.
    laggards: usize,
    own: usize,
    /// Measures the output that they share.
    gauge: Gauge,
    /// Asks the kernel whether a slow reader has been sent everything.
    unsent: Unsent,
    /// The slot from which the kernel is asked next time.
    next_asked: usize,
    /// Why connections ended, since the start.
    closed: Reasons,
    /// Bytes that sockets have taken since the start.
    pub(super) sent: u64,
    timers: Timers,
    #[cfg(feature = "web")]
    pings: web::Pings,
    /// The peers that wait for an answer.
    asked: BTreeMap<PeerId, Wait>,
}

#[derive(Debug)]
struct Peer {
    connection: Connection,
    /// Present while something has to be remembered.
    undecoded: Option<Box<Undecoded>>,
    generation: u32,
    /// How much they have sent recently.
    bucket: Bucket,
    leaving: Leaving,
    held: Held,
    secrecy: Secrecy,
    /// What is spoken where they came in.
    kind: ListenKind,
    /// The protocol in which they send, once it is known.
    tongue: Tongue,
    /// Their protocol is not known yet.
    is_opening: bool,
    /// They come from a proxy, which has not told yet on whose behalf it connects.
    awaits_header: bool,
    /// The address of their connection is that of a person, and not of a proxy that many people share.
    has_own_address: bool,
    /// The hub has been told of them.
    is_introduced: bool,
    is_runnable: bool,
    is_dirty: bool,
    /// Whether their last key may have ended the input.
    awaits_end: bool,
    /// Output has waited for them for a while, and the kernel may still hold some of it. This stays set as long as that
    /// takes.
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
            doomed: VecDeque::new(),
            finished: Vec::new(),
            turned_away: Vec::new(),
            handshakes: 0,
            addresses: max_per_ip.map(Addresses::new),
            traffic: Traffic::default(),
            laggards: 0,
            own: 0,
            gauge: Gauge::default(),
            unsent: Unsent::default(),
            next_asked: 0,
            closed: Reasons::closings(),
            sent: 0,
            timers: Timers::default(),
            #[cfg(feature = "web")]
            pings: web::Pings::default(),
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

    /// Takes the dirty peers out. The list is not kept, because its capacity would cost memory while people are idle.
    pub(super) fn take_dirty(&mut self) -> Vec<Slot> {
        for &slot in &self.dirty {
            self.peers[slot.index()].is_dirty = false;
        }
        std::mem::take(&mut self.dirty)
    }

    /// Takes out a peer whose timer is due.
    pub(super) fn pop_due(&mut self, timer: Timer, now: Instant) -> Option<PeerId> {
        self.timers.pop_due(timer, now)
    }

    /// The time at which the earliest of all timers is due.
    pub(super) fn next_timeout(&self) -> Option<Instant> {
        #[cfg(feature = "web")]
        let ping = self.next_ping();
        #[cfg(not(feature = "web"))]
        let ping = None;
        self.timers.next_timeout().into_iter().chain(ping).min()
    }

    /// Whether a phase has work that no event will announce.
    pub(super) fn has_work(&self) -> bool {
        self.has_turns()
            || !(self.dirty.is_empty() && self.doomed.is_empty() && self.finished.is_empty())
    }

    fn check(&self) {
        debug_assert!(self.addresses.as_ref().is_none_or(|addresses| {
            let counted = self.peers.iter().filter(|(_, it)| it.has_own_address);
            addresses.sum() == counted.count()
        }));
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
