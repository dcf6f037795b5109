//! The slots of the slab and their life: a new connection gets one, and only [`reap`](Connections::reap) frees it.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use mio::{Registry, Token};

use crate::error::CloseReason;
use crate::id::{PeerId, Slot};
use crate::net::{Connection, Handshake, Socket};
use crate::rate::Bucket;
use crate::wire::Tongue;

use super::{Connections, Held, Leaving, ListenKind, Peer, Secrecy};

/// What a peer speaks, for the figures.
#[derive(Clone, Copy)]
enum Transport {
    New,
    Line,
    Json,
    WebSocket,
}

impl Transport {
    const ALL: [Transport; 4] = [
        Transport::New,
        Transport::Line,
        Transport::Json,
        Transport::WebSocket,
    ];

    fn of(peer: &Peer) -> Transport {
        match peer.tongue {
            _ if !peer.is_introduced => Transport::New,
            Tongue::Lines => Transport::Line,
            #[cfg(feature = "machine")]
            Tongue::Objects => Transport::Json,
            #[cfg(feature = "web")]
            Tongue::Http => Transport::New,
            #[cfg(feature = "web")]
            Tongue::Frames => Transport::WebSocket,
        }
    }

    fn label(self) -> &'static str {
        match self {
            Transport::New => "new",
            Transport::Line => "line",
            Transport::Json => "json",
            Transport::WebSocket => "websocket",
        }
    }
}

impl Connections {
    /// Adds an accepted connection and registers it. `is_limited`: whether the rate applies to it.
    pub(in crate::server) fn insert(
        &mut self,
        socket: Socket,
        addr: SocketAddr,
        is_limited: bool,
        registry: &Registry,
    ) -> io::Result<PeerId> {
        let peer = self.place(socket, addr, registry)?;
        self.limit(peer.slot, is_limited);
        self.count_address(peer.slot, addr);
        Ok(peer)
    }

    /// Adds a connection from a proxy, which must tell by a certain time on whose behalf it connects.
    pub(in crate::server) fn insert_from_proxy(
        &mut self,
        socket: Socket,
        addr: SocketAddr,
        by: Instant,
        registry: &Registry,
    ) -> io::Result<PeerId> {
        let peer = self.place(socket, addr, registry)?;
        self.await_header(peer, by);
        Ok(peer)
    }

    /// Adds a connection that is only told why it cannot come in. It counts only for the limit on such connections.
    pub(in crate::server) fn insert_turned_away(
        &mut self,
        socket: Socket,
        addr: SocketAddr,
        why: CloseReason,
        registry: &Registry,
    ) -> io::Result<PeerId> {
        let peer = self.place(socket, addr, registry)?;
        self.turn_away(peer.slot, why);
        Ok(peer)
    }

    /// From now on a peer is only told why it cannot come in.
    pub(in crate::server) fn turn_away(&mut self, slot: Slot, why: CloseReason) {
        self.turned_away.push((slot, why));
    }

    /// Why a peer cannot come in, if it is one that is only told so.
    pub(in crate::server) fn refusal(&self, slot: Slot) -> Option<CloseReason> {
        let mut turned_away = self.turned_away.iter();
        turned_away.find(|it| it.0 == slot).map(|it| it.1)
    }

    fn place(
        &mut self,
        socket: Socket,
        addr: SocketAddr,
        registry: &Registry,
    ) -> io::Result<PeerId> {
        let entry = self.peers.vacant_entry();
        let slot = entry.key();
        let mut connection = Connection::new(socket, addr);
        connection.register(registry, Token(slot))?;
        self.generation = self.generation.wrapping_add(1);
        entry.insert(Peer {
            connection,
            undecoded: None,
            generation: self.generation,
            bucket: Bucket::default(),
            leaving: Leaving::NOT,
            held: Held::default(),
            secrecy: Secrecy::default(),
            kind: ListenKind::Auto,
            tongue: Tongue::default(),
            is_opening: true,
            awaits_header: false,
            has_own_address: false,
            is_introduced: false,
            is_runnable: false,
            is_dirty: false,
            awaits_end: false,
            is_slow: false,
        });
        Ok(PeerId {
            slot: Slot::new(slot),
            generation: self.generation,
        })
    }

    /// The address that a peer connected from, unless their slot was freed.
    pub(in crate::server) fn addr(&self, peer: PeerId) -> Option<SocketAddr> {
        let found = self.peers.get(peer.index());
        let found = found.filter(|it| it.generation == peer.generation);
        Some(found?.connection.addr())
    }

    /// The number of peers, without those that are turned away.
    pub(in crate::server) fn len(&self) -> usize {
        self.peers.len() - self.turned_away.len()
    }

    /// The number of peers by what they speak, and by whether that is encrypted. Those of whom the hub has not been told are
    /// `new`. Peers that are turned away do not count.
    pub(in crate::server) fn by_transport(&self) -> Vec<(&'static str, bool, usize)> {
        let all = Transport::ALL.into_iter();
        let all = all.flat_map(|it| [false, true].map(|is_tls| (it.label(), is_tls, 0)));
        let mut counts: Vec<_> = all.collect();
        for (slot, peer) in &self.peers {
            if self.refusal(Slot::new(slot)).is_none() {
                let transport = Transport::of(peer) as usize;
                let is_tls = usize::from(peer.connection.is_tls());
                counts[2 * transport + is_tls].2 += 1;
            }
        }
        counts
    }

    /// The number of peers that are being turned away.
    pub(in crate::server) fn turned_away(&self) -> usize {
        self.turned_away.len()
    }

    /// Whether an address holds as many connections as it may.
    pub(in crate::server) fn has_all_of(&self, ip: IpAddr) -> bool {
        let addresses = self.addresses.as_ref();
        addresses.is_some_and(|addresses| addresses.has_all_of(ip))
    }

    /// Frees the slots of finished peers. Returns how many.
    pub(in crate::server) fn reap(&mut self, registry: &Registry) -> usize {
        let finished = std::mem::take(&mut self.finished);
        let (mut was_runnable, mut was_dirty) = (false, false);
        for &slot in &finished {
            self.timers.clear(self.id(slot));
            self.change_queue(slot, Connection::drop_queue);
            let mut peer = self.peers.remove(slot.index());
            was_runnable |= peer.is_runnable;
            was_dirty |= peer.is_dirty;
            self.uncount(slot, &peer);
            self.handshakes -= usize::from(peer.connection.handshake() == Some(Handshake::Begun));
            if let Err(error) = peer.connection.deregister(registry) {
                log::debug!("cannot deregister {}: {error}", peer.connection.addr());
            }
        }
        if was_runnable {
            let peers = &self.peers;
            self.turns.retain(|slot| peers.contains(slot.index()));
        }
        // The write phase itself may drop a peer that is already finished, for its output in this tick.
        if was_dirty {
            let peers = &self.peers;
            self.dirty.retain(|&slot| peers.contains(slot.index()));
        }
        self.check();
        finished.len()
    }

    /// Sets whether the rate applies to a peer.
    pub(super) fn limit(&mut self, slot: Slot, is_limited: bool) {
        self.peers[slot.index()].bucket = Bucket::new(is_limited && self.is_rated);
    }

    /// Counts a peer among the connections of the address that it comes from.
    pub(super) fn count_address(&mut self, slot: Slot, addr: SocketAddr) {
        self.peers[slot.index()].has_own_address = true;
        if let Some(addresses) = &mut self.addresses {
            addresses.add(addr.ip());
        }
    }

    /// Takes a peer that has gone out of the counts.
    fn uncount(&mut self, slot: Slot, peer: &Peer) {
        if let Some(i) = self.turned_away.iter().position(|it| it.0 == slot) {
            self.turned_away.swap_remove(i);
        }
        if let Some(addresses) = self.addresses.as_mut().filter(|_| peer.has_own_address) {
            addresses.remove(peer.connection.addr().ip());
        }
    }
}
