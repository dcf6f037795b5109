//! Newcomers, until their protocol is known. Their first bytes are kept until these are enough to tell. The hub hears
//! of a newcomer when that is known, or when they have been silent for so long that they must be a person.

use std::time::Instant;

use crate::id::{PeerId, Slot};
use crate::wire::{Codec, Tongue};

use super::{Connections, ListenKind, Timer};

impl Connections {
    /// Whether the protocol of a peer is not known yet.
    pub(in crate::server) fn is_opening(&self, slot: Slot) -> bool {
        self.peers[slot.index()].is_opening
    }

    /// What is spoken where a peer came in.
    pub(in crate::server) fn kind(&self, slot: Slot) -> ListenKind {
        self.peers[slot.index()].kind
    }

    pub(in crate::server) fn set_kind(&mut self, slot: Slot, kind: ListenKind) {
        self.peers[slot.index()].kind = kind;
    }

    /// Whether the hub has been told of a peer.
    pub(in crate::server) fn is_introduced(&self, slot: Slot) -> bool {
        self.peers[slot.index()].is_introduced
    }

    /// The peer is to be greeted at this time, unless their protocol is known before.
    pub(in crate::server) fn greet_at(&mut self, peer: PeerId, at: Instant) {
        self.timers.set(Timer::Greeting, peer, at);
    }

    /// The hub is told of a peer from now on.
    pub(in crate::server) fn introduce(&mut self, peer: PeerId) {
        self.timers.unset(Timer::Greeting, peer);
        self.timers.unset(Timer::Head, peer);
        self.peers[peer.index()].is_introduced = true;
    }

    /// A newcomer is sent away: they are not greeted, even if they send more.
    pub(in crate::server) fn expect_nothing(&mut self, peer: PeerId) {
        self.timers.unset(Timer::Greeting, peer);
        self.timers.unset(Timer::Head, peer);
        self.end_header(peer);
    }

    /// All bytes that a peer has sent so far, the last of which are given.
    pub(in crate::server) fn first_bytes(&mut self, slot: Slot, bytes: &[u8]) -> Vec<u8> {
        let kept = self.peers[slot.index()].undecoded.take();
        let mut first = kept.map_or_else(Vec::new, |it| it.into_bytes());
        first.extend_from_slice(bytes);
        first
    }

    /// Keeps the first bytes of a peer, as they do not tell its protocol.
    pub(in crate::server) fn keep_first_bytes(&mut self, slot: Slot, first: &[u8]) {
        self.put_codec(slot, Codec::new(Tongue::default()), first);
    }

    /// The protocol of a peer is known.
    pub(in crate::server) fn end_opening(&mut self, slot: Slot) {
        self.peers[slot.index()].is_opening = false;
    }

    /// Newcomers of whom the hub has not been told.
    pub(in crate::server) fn not_introduced(&self) -> Vec<Slot> {
        let slots = self.peers.iter().map(|(slot, _)| Slot::new(slot));
        let open = slots.filter(|slot| self.is_open(*slot));
        open.filter(|slot| !self.is_introduced(*slot)).collect()
    }
}
