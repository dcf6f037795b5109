//! Handshakes of TLS: from a newcomer's first bytes until text can pass.
//!
//! Invariant: `handshakes` is the number of peers whose handshake has begun and is not over.

use std::time::Instant;

use crate::id::{PeerId, Slot};
use crate::limits::{HANDSHAKE_HASTE, HANDSHAKE_TIMEOUT, HANDSHAKES};
use crate::net::TlsIdentity;

use super::{Connections, Timer};

impl Connections {
    /// A peer speaks TLS. These are its first bytes.
    pub(in crate::server) fn start_tls(
        &mut self,
        slot: Slot,
        identity: &TlsIdentity,
        first: Vec<u8>,
        now: Instant,
    ) {
        let peer = self.id(slot);
        self.timers.unset(Timer::Greeting, peer);
        self.await_handshake(peer, now);
        self.connection(slot).start_tls(identity, first);
    }

    /// TLS has to be set up in time.
    pub(in crate::server) fn await_handshake(&mut self, peer: PeerId, now: Instant) {
        self.timers
            .set(Timer::Handshake, peer, now + HANDSHAKE_TIMEOUT);
    }

    /// How many handshakes are on.
    pub(in crate::server) fn handshakes(&self) -> usize {
        self.handshakes
    }

    /// A handshake begins. From now on it may keep others waiting.
    pub(super) fn begin_handshake(&mut self, slot: Slot, now: Instant) {
        self.handshakes += 1;
        self.connection(slot).begin_handshake();
        self.hurry(self.id(slot), now);
    }

    fn hurry(&mut self, peer: PeerId, now: Instant) {
        self.timers.set(Timer::Haste, peer, now + HANDSHAKE_HASTE);
    }

    /// A handshake has been on for a while. Returns whether it keeps others waiting; if not, it may go on.
    pub(in crate::server) fn is_stuck(&mut self, peer: PeerId, now: Instant) -> bool {
        let is_stuck = self.handshakes >= HANDSHAKES && self.turns.has_hellos();
        if !is_stuck {
            self.hurry(peer, now);
        }
        is_stuck
    }

    /// Counts a handshake no more if it is over, whatever came of it. Returns whether text can pass now.
    pub(in crate::server) fn end_handshake(&mut self, slot: Slot) -> bool {
        if self.connection(slot).handshake().is_some() {
            return false;
        }
        self.handshakes -= 1;
        self.timers.unset(Timer::Handshake, self.id(slot));
        self.timers.unset(Timer::Haste, self.id(slot));
        self.can_wait(slot)
    }
}
