//! The kernel's word on the readiness of a socket, kept until the socket itself says otherwise.
//!
//! Sockets are registered once, edge-triggered: an edge comes once, so it is latched here. Only a call that would have
//! blocked clears it, or a short read, which proves the same while the peer has neither closed nor sent urgent data.

use mio::Interest;

use super::Event;

/// The interests of a socket: to read, to write, and, where the kernel reports it, urgent data.
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
    /// Urgent data has come, or may have come unannounced. A read stops short before it (tcp(7)), with more bytes after
    /// it.
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
        // Reading finds an error and its reason.
        self.readable |= event.readable || event.read_closed || event.error;
        self.writable |= event.writable;
    }

    /// Whether a read that did not fill its buffer has emptied the socket, so that later input causes a new edge.
    pub(super) fn short_read_empties(&self) -> bool {
        !self.read_closed && !self.urgent
    }
}
