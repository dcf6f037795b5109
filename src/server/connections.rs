//! `Connections`: the slab of peers, and the lists that the phases of a tick work off.
//!
//! Invariants: a peer is in each list at most once, which its flags tell; a slot that is in a list is not freed; a
//! slot is freed only by [`reap`](Connections::reap), at the end of a tick, so that within a tick a slot is one peer.

mod laggards;
mod turns;
mod undecoded;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use mio::{Registry, Token};
use slab::Slab;

use crate::deadlines::Deadlines;
use crate::error::CloseReason;
use crate::id::PeerId;
use crate::limits::{CLOSE_TIMEOUT, LINGER, LINGER_MOST};
use crate::net::{Connection, Gauge, State, Stream, Unsent};
use crate::rate::{Bucket, Rate};

use super::addresses::{Addresses, Traffic};
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
    dirty: Vec<u32>,
    /// Peers whose input has ended, or who are to be dropped, and of whom the hub has not been told.
    doomed: Vec<(u32, CloseReason)>,
    /// Peers whose slots can be freed.
    finished: Vec<u32>,
    /// Peers of whom the hub never hears: they are told why they cannot come in, and closed. A few at most.
    turned_away: Vec<u32>,
    /// How many of the others each address holds, where that is limited.
    addresses: Option<Addresses>,
    /// How much came from each address of late, of those whom the rate applies to.
    traffic: Traffic,
    /// Until when peers who are being closed may take.
    closing: Deadlines,
    /// Until when peers are waited for who have been sent all they are owed.
    lingering: Deadlines,
    /// Until when peers who have sent too fast are not read.
    paused: Deadlines,
    /// When the last key of a peer will have ended the input, if nothing comes behind it.
    awaited_ends: Deadlines,
    /// How many peers something waits for, and how much of it each has for itself, in bytes, all of them together.
    laggards: usize,
    own: usize,
    /// How much of it they share.
    gauge: Gauge,
    /// Asks the kernel whether a slow reader has been sent everything.
    unsent: Unsent,
    /// From which slot on it is asked next time.
    next_asked: usize,
    /// When to look next for those who read nothing, and for those who were slow and have caught up.
    stall_check: Option<Instant>,
}

#[derive(Debug)]
pub(super) struct Peer {
    pub(super) connection: Connection,
    /// Present while something has to be remembered.
    undecoded: Option<Box<Undecoded>>,
    generation: u32,
    /// What they have sent of late.
    bucket: Bucket,
    is_runnable: bool,
    is_dirty: bool,
    is_doomed: bool,
    is_finished: bool,
    /// Their last key may have ended the input.
    awaits_end: bool,
    /// Something came from them while they were being closed.
    talks_on: bool,
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
            closing: Deadlines::default(),
            lingering: Deadlines::default(),
            paused: Deadlines::default(),
            awaited_ends: Deadlines::default(),
            laggards: 0,
            own: 0,
            gauge: Gauge::default(),
            unsent: Unsent::default(),
            next_asked: 0,
            stall_check: None,
        }
    }

    /// Takes in an accepted connection and registers it. `is_limited`: whether the rate applies to it.
    pub(super) fn insert(
        &mut self,
        stream: Stream,
        addr: SocketAddr,
        is_limited: bool,
        registry: &Registry,
    ) -> io::Result<PeerId> {
        let peer = self.place(stream, addr, registry)?;
        self.peers[peer.slot as usize].bucket = Bucket::new(is_limited && self.is_rated);
        if let Some(addresses) = &mut self.addresses {
            addresses.add(addr.ip());
        }
        Ok(peer)
    }

    /// Takes in a connection that is only told why it cannot come in. It counts for no limit but that on its like.
    pub(super) fn insert_turned_away(
        &mut self,
        stream: Stream,
        addr: SocketAddr,
        registry: &Registry,
    ) -> io::Result<PeerId> {
        let peer = self.place(stream, addr, registry)?;
        self.turned_away.push(peer.slot);
        Ok(peer)
    }

    fn place(
        &mut self,
        stream: Stream,
        addr: SocketAddr,
        registry: &Registry,
    ) -> io::Result<PeerId> {
        let entry = self.peers.vacant_entry();
        let slot = entry.key();
        let mut connection = Connection::new(stream, addr);
        connection.register(registry, Token(slot))?;
        self.generation = self.generation.wrapping_add(1);
        entry.insert(Peer {
            connection,
            undecoded: None,
            generation: self.generation,
            bucket: Bucket::default(),
            is_runnable: false,
            is_dirty: false,
            is_doomed: false,
            is_finished: false,
            awaits_end: false,
            talks_on: false,
            is_slow: false,
        });
        Ok(PeerId {
            slot: slot as u32,
            generation: self.generation,
        })
    }

    /// How many there are, without those who are turned away.
    pub(super) fn len(&self) -> usize {
        self.peers.len() - self.turned_away.len()
    }

    /// How many are being turned away.
    pub(super) fn turned_away(&self) -> usize {
        self.turned_away.len()
    }

    /// Whether an address holds as many connections as it may.
    pub(super) fn has_all_of(&self, ip: IpAddr) -> bool {
        let addresses = self.addresses.as_ref();
        addresses.is_some_and(|addresses| addresses.has_all_of(ip))
    }

    pub(super) fn id(&self, slot: u32) -> PeerId {
        let generation = self.peers[slot as usize].generation;
        PeerId { slot, generation }
    }

    pub(super) fn connection(&mut self, slot: u32) -> &mut Connection {
        &mut self.peers[slot as usize].connection
    }

    /// The connection behind a token of a readiness event.
    pub(super) fn by_token(&mut self, token: Token) -> Option<&mut Connection> {
        self.peers.get_mut(token.0).map(|peer| &mut peer.connection)
    }

    pub(super) fn mark_dirty(&mut self, slot: u32) {
        let peer = &mut self.peers[slot as usize];
        if !std::mem::replace(&mut peer.is_dirty, true) {
            self.dirty.push(slot);
        }
    }

    /// Takes the dirty peers out. The list is not kept, as idle people would pay for its length.
    pub(super) fn take_dirty(&mut self) -> Vec<u32> {
        for &slot in &self.dirty {
            self.peers[slot as usize].is_dirty = false;
        }
        std::mem::take(&mut self.dirty)
    }

    /// The peer's input has ended, or they are to be dropped: the hub is to be told. Returns whether that is new; a
    /// peer who is on the way out already stays on it.
    pub(super) fn doom(&mut self, slot: u32, reason: CloseReason) -> bool {
        let peer = &mut self.peers[slot as usize];
        let is_new =
            peer.connection.state == State::Open && !std::mem::replace(&mut peer.is_doomed, true);
        if is_new {
            self.doomed.push((slot, reason));
        }
        is_new
    }

    /// Takes out the peers of whom the hub is to be told, in the order in which it came to that.
    pub(super) fn take_doomed(&mut self) -> Vec<(u32, CloseReason)> {
        for &(slot, _) in &self.doomed {
            self.peers[slot as usize].is_doomed = false;
        }
        std::mem::take(&mut self.doomed)
    }

    /// The peer is to be closed once everything owed has been written.
    pub(super) fn drain(&mut self, slot: u32, now: Instant) {
        let connection = self.connection(slot);
        if connection.state == State::Open {
            connection.state = State::Draining;
            self.closing.set(self.id(slot), now + CLOSE_TIMEOUT);
            self.mark_dirty(slot);
        }
    }

    /// Takes the next step of closing a peer, if there is one to take: our FIN when all is written, the end when the
    /// peer's has come.
    pub(super) fn advance_closing(&mut self, slot: u32, now: Instant) {
        let connection = self.connection(slot);
        if connection.state == State::Draining && connection.queue().is_none() {
            connection.state = match connection.finish_output() {
                Ok(()) => State::Lingering,
                Err(_) => State::Doomed,
            };
            self.lingering.set(self.id(slot), now + LINGER);
            self.closing.set(self.id(slot), now + LINGER_MOST);
        }
        let connection = self.connection(slot);
        match connection.state {
            State::Open | State::Draining => {}
            State::Lingering if !connection.input_ended() => {}
            State::Lingering | State::Doomed => self.finish(slot),
        }
    }

    /// A peer who is being closed talks on: they have not read our FIN yet, and a close would reset what is on its way
    /// to them before it. They are waited for, up to the time for closing.
    pub(super) fn linger_on(&mut self, slot: u32, now: Instant) {
        self.peers[slot as usize].talks_on = true;
        if self.connection(slot).state == State::Lingering {
            self.lingering.set(self.id(slot), now + LINGER);
        }
    }

    /// Whether anyone is waited for who may lose by it where the process ends.
    pub(super) fn is_lingering(&self) -> bool {
        self.peers.iter().any(|(_, peer)| peer.talks_on)
    }

    /// The peer's slot is to be freed at the end of the tick.
    pub(super) fn finish(&mut self, slot: u32) {
        let peer = &mut self.peers[slot as usize];
        peer.connection.state = State::Doomed;
        if !std::mem::replace(&mut peer.is_finished, true) {
            self.finished.push(slot);
        }
    }

    /// Lets those be read again who have waited for it, and ends those who have taken too long to close.
    pub(super) fn handle_timeout(&mut self, now: Instant) {
        self.resume(now);
        while let Some(peer) = self.lingering.pop_due(now) {
            self.finish(peer.slot);
        }
        while let Some(peer) = self.closing.pop_due(now) {
            let connection = self.connection(peer.slot);
            if connection.state == State::Draining {
                log::info!("{}: {}", connection.addr(), CloseReason::CloseTimedOut);
            }
            self.finish(peer.slot);
        }
    }

    pub(super) fn next_timeout(&self) -> Option<Instant> {
        let due = [
            self.closing.next(),
            self.lingering.next(),
            self.paused.next(),
            self.awaited_ends.next(),
            self.stall_check,
        ];
        due.into_iter().flatten().min()
    }

    /// Whether a phase has work that no event will announce.
    pub(super) fn has_work(&self) -> bool {
        !(self.turns.is_empty()
            && self.dirty.is_empty()
            && self.doomed.is_empty()
            && self.finished.is_empty())
    }

    /// Frees the slots of those who are finished. Returns how many.
    pub(super) fn reap(&mut self, registry: &Registry) -> usize {
        let finished = std::mem::take(&mut self.finished);
        let (mut was_runnable, mut was_dirty) = (false, false);
        for &slot in &finished {
            self.closing.clear(self.id(slot));
            self.lingering.clear(self.id(slot));
            self.paused.clear(self.id(slot));
            self.awaited_ends.clear(self.id(slot));
            self.change_queue(slot, Connection::drop_queue);
            let mut peer = self.peers.remove(slot as usize);
            was_runnable |= peer.is_runnable;
            was_dirty |= peer.is_dirty;
            self.uncount(slot, peer.connection.addr().ip());
            if let Err(error) = peer.connection.deregister(registry) {
                log::debug!("cannot deregister {}: {error}", peer.connection.addr());
            }
        }
        if was_runnable {
            let peers = &self.peers;
            self.turns.retain(|slot| peers.contains(slot as usize));
        }
        // The write phase itself may drop one who is finished, for what they were owed in this tick.
        if was_dirty {
            let peers = &self.peers;
            self.dirty.retain(|&slot| peers.contains(slot as usize));
        }
        self.check();
        finished.len()
    }

    /// A peer has gone.
    fn uncount(&mut self, slot: u32, ip: IpAddr) {
        if let Some(i) = self.turned_away.iter().position(|&it| it == slot) {
            self.turned_away.swap_remove(i);
        } else if let Some(addresses) = &mut self.addresses {
            addresses.remove(ip);
        }
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
                .all(|slot| self.peers[slot as usize].is_runnable)
        );
        debug_assert!(
            self.dirty
                .iter()
                .all(|&slot| self.peers[slot as usize].is_dirty)
        );
        debug_assert!(
            self.doomed
                .iter()
                .all(|&(slot, _)| self.peers[slot as usize].is_doomed)
        );
    }
}

#[cfg(test)]
mod consistency;
