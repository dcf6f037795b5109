//! Browsers: the time for the head of a request, and for the next ping of a WebSocket.

use std::time::Instant;

use crate::id::PeerId;
use crate::limits::PING_INTERVAL;

use super::{Connections, Timer};

impl Connections {
    /// The head of a request has to come by this time.
    pub(in crate::server) fn await_head(&mut self, peer: PeerId, by: Instant) {
        self.timers.unset(Timer::Greeting, peer);
        self.timers.set(Timer::Head, peer, by);
    }

    /// A WebSocket is pinged after a while.
    pub(in crate::server) fn ping_later(&mut self, peer: PeerId, now: Instant) {
        self.timers.set(Timer::Ping, peer, now + PING_INTERVAL);
    }
}
