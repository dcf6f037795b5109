//! Connections from proxies. A proxy tells by a header on whose behalf it connects. Until then its connection counts for
//! no address, and no rate applies to it: it is read no further than the header.

use std::net::SocketAddr;
use std::time::Instant;

use crate::id::{PeerId, Slot};

use super::{Connections, Timer};

impl Connections {
    /// Whether the header of a proxy has to come first.
    pub(in crate::server) fn awaits_header(&self, slot: Slot) -> bool {
        self.peers[slot.index()].awaits_header
    }

    /// Whether the address of the connection is that of a person.
    pub(in crate::server) fn has_own_address(&self, slot: Slot) -> bool {
        self.peers[slot.index()].has_own_address
    }

    /// The header has to come by this time.
    pub(super) fn await_header(&mut self, peer: PeerId, by: Instant) {
        self.timers.set(Timer::Header, peer, by);
        self.peers[peer.index()].awaits_header = true;
    }

    /// The header has come, or is not waited for any more.
    pub(in crate::server) fn end_header(&mut self, peer: PeerId) {
        self.timers.unset(Timer::Header, peer);
        self.peers[peer.index()].awaits_header = false;
    }

    /// The peer is known by the address that connected to the proxy. It does not count for that yet.
    pub(in crate::server) fn set_source(&mut self, slot: Slot, source: SocketAddr) {
        self.connection(slot).set_addr(source);
    }

    /// Counts a peer for the address that connected to the proxy, if the proxy told it. `is_limited`: whether the rate
    /// applies to the peer.
    pub(in crate::server) fn count_proxied(
        &mut self,
        slot: Slot,
        source: Option<SocketAddr>,
        is_limited: bool,
    ) {
        self.limit(slot, is_limited);
        if let Some(addr) = source {
            self.count_address(slot, addr);
        }
    }
}
