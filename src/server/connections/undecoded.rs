//! Input of a peer that is not decoded: the line or message that is not complete, and bytes that wait for the next turn.

use crate::id::Slot;
use crate::wire::{Codec, Tongue};

use super::Connections;

/// The part of a peer's input that is kept until its next turn.
#[derive(Debug)]
pub(super) struct Undecoded {
    codec: Codec,
    /// Bytes that are received and not decoded. At most those of one turn. While it is not known what the peer speaks,
    /// these are its first bytes, and they wait for more.
    bytes: Vec<u8>,
}

impl Undecoded {
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

impl Connections {
    /// Whether there is something to decode, or may be something to receive.
    pub(in crate::server) fn has_input(&self, slot: Slot) -> bool {
        let peer = &self.peers[slot.index()];
        let undecoded = peer.undecoded.as_deref().filter(|_| !peer.is_opening);
        peer.connection.has_input() || undecoded.is_some_and(|it| !it.bytes.is_empty())
    }

    /// Takes out bytes that are received and not decoded, if there are any.
    pub(in crate::server) fn take_undecoded(&mut self, slot: Slot) -> Option<Vec<u8>> {
        let peer = &mut self.peers[slot.index()];
        let undecoded = peer.undecoded.as_mut().filter(|_| !peer.is_opening)?;
        let bytes = std::mem::take(&mut undecoded.bytes);
        (!bytes.is_empty()).then_some(bytes)
    }

    /// The protocol in which a peer sends.
    pub(in crate::server) fn tongue(&self, slot: Slot) -> Tongue {
        self.peers[slot.index()].tongue
    }

    /// From now on a peer sends in this protocol. Nothing of the former one is kept.
    #[cfg(feature = "machine")]
    pub(in crate::server) fn set_tongue(&mut self, slot: Slot, tongue: Tongue) {
        self.peers[slot.index()].tongue = tongue;
    }

    /// Takes the codec out, to be put back after use.
    pub(in crate::server) fn take_codec(&mut self, slot: Slot) -> Codec {
        let peer = &mut self.peers[slot.index()];
        let undecoded = peer.undecoded.take();
        undecoded.map_or_else(|| Codec::new(peer.tongue), |it| it.codec)
    }

    /// Puts the codec back, with the bytes to decode in the next turn. Nothing is kept for an idle peer.
    pub(in crate::server) fn put_codec(&mut self, slot: Slot, codec: Codec, bytes: &[u8]) {
        let is_worth = !bytes.is_empty() || !codec.is_idle();
        let bytes = bytes.to_vec();
        let undecoded = is_worth.then(|| Undecoded { codec, bytes }.into());
        self.peers[slot.index()].undecoded = undecoded;
    }
}
