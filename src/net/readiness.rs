//! What the kernel said of a socket, kept until the socket itself says otherwise.
//!
//! Sockets are registered once, edge-triggered: an edge comes once, so it is latched here, and only a call that would
//! have blocked (or a short read, which proves the same while the peer has not closed) clears it.

use mio::event::Event;

/// Latched readiness of one socket.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Readiness {
    pub(crate) readable: bool,
    /// Assumed until a write would block.
    pub(crate) writable: bool,
    /// The peer's FIN or a reset has arrived, though unread bytes may stand before it. No further edge will come.
    pub(crate) read_closed: bool,
}

impl Readiness {
    /// A socket that was just accepted: nothing known to read, and room to write.
    pub(crate) const ACCEPTED: Readiness = Readiness {
        readable: false,
        writable: true,
        read_closed: false,
    };

    /// Latches what an event says.
    pub(crate) fn mark(&mut self, event: &Event) {
        self.read_closed |= event.is_read_closed();
        // An error is found, and its reason learnt, by reading.
        self.readable |= event.is_readable() || event.is_read_closed() || event.is_error();
        self.writable |= event.is_writable();
    }
}
