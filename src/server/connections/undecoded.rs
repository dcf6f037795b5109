//! What a peer sent and is not decoded: the line that it is in the middle of, and bytes that wait for its next turn.

use crate::id::Slot;
use crate::wire::Decoder;

use super::Connections;

/// What of a peer's input has to be remembered until its next turn.
#[derive(Debug)]
pub(super) struct Undecoded {
    decoder: Decoder,
    /// Bytes that were received and not decoded. At most one turn's.
    bytes: Vec<u8>,
}

impl Connections {
    /// Whether there is something to decode, or may be something to receive.
    pub(in crate::server) fn has_input(&self, slot: Slot) -> bool {
        let peer = &self.peers[slot.index()];
        let undecoded = peer.undecoded.as_deref();
        peer.connection.readiness.readable || undecoded.is_some_and(|it| !it.bytes.is_empty())
    }

    /// Takes out what was received and not decoded, if there is any.
    pub(in crate::server) fn take_undecoded(&mut self, slot: Slot) -> Option<Vec<u8>> {
        let undecoded = self.peers[slot.index()].undecoded.as_mut()?;
        let bytes = std::mem::take(&mut undecoded.bytes);
        (!bytes.is_empty()).then_some(bytes)
    }

    /// Takes the decoder out, to be put back after use.
    pub(in crate::server) fn take_decoder(&mut self, slot: Slot) -> Decoder {
        let undecoded = self.peers[slot.index()].undecoded.take();
        undecoded.map_or_else(Decoder::default, |it| it.decoder)
    }

    /// Puts the decoder back, with what is to be decoded in the next turn. Nothing is kept of one that is idle.
    pub(in crate::server) fn put_decoder(&mut self, slot: Slot, decoder: Decoder, bytes: &[u8]) {
        let is_worth = !bytes.is_empty() || !decoder.is_idle();
        let bytes = bytes.to_vec();
        let undecoded = is_worth.then(|| Undecoded { decoder, bytes }.into());
        self.peers[slot.index()].undecoded = undecoded;
    }
}
