//! What the kernel said of a socket, kept until the socket itself says otherwise.
//!
//! Sockets are registered once, edge-triggered: an edge comes once, so it is latched here, and only a call that would
//! have blocked (or a short read, which proves the same while the peer has neither closed nor sent urgent data) clears it.

use mio::Interest;

use super::Event;

/// What a socket is registered for: to read, to write, and where the kernel says so, to learn of urgent data.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) const INTERESTS: Interest = Interest::READABLE
    .add(Interest::WRITABLE)
    .add(Interest::PRIORITY);
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) const INTERESTS: Interest = Interest::READABLE.add(Interest::WRITABLE);

/// Latched readiness of one socket.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Readiness {
    pub(crate) readable: bool,
    /// Assumed until a write would block.
    pub(crate) writable: bool,
    /// The peer's FIN or a reset has arrived, though unread bytes may stand before it. No further edge will come.
    pub(crate) read_closed: bool,
    /// Urgent data has come, or may have come without word of it. A read stops short in front of it (tcp(7)), with more
    /// bytes behind.
    urgent: bool,
}

impl Readiness {
    /// A socket that was just accepted: nothing known to read, and room to write.
    pub(crate) const ACCEPTED: Readiness = Readiness {
        readable: false,
        writable: true,
        read_closed: false,
        urgent: cfg!(not(any(target_os = "linux", target_os = "android"))),
    };

    /// Latches what an event says.
    pub(crate) fn mark(&mut self, event: Event) {
        self.read_closed |= event.read_closed;
        self.urgent |= event.priority;
        // An error is found, and its reason learnt, by reading.
        self.readable |= event.readable || event.read_closed || event.error;
        self.writable |= event.writable;
    }

    /// Whether a read that filled less than it could has emptied the socket, so that what comes later is a new edge.
    pub(super) fn short_read_empties(&self) -> bool {
        !self.read_closed && !self.urgent
    }
}
