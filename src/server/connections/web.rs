//! Browsers: the time for the head of a request, and for the next ping of a WebSocket.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::id::PeerId;
use crate::limits::PING_INTERVAL;

use super::{Connections, Timer};

/// WebSockets in the order in which they are to be pinged, each with its time in milliseconds since the server began. All
/// wait for the same time, so a queue does, and takes little for each of many who are idle. Those who have left are dropped
/// from it when they are due.
pub(super) type Pings = VecDeque<(u64, PeerId)>;

impl Connections {
    /// The head of a request has to come by this time.
    pub(in crate::server) fn await_head(&mut self, peer: PeerId, by: Instant) {
        self.timers.unset(Timer::Greeting, peer);
        self.timers.set(Timer::Head, peer, by);
    }

    /// A WebSocket is pinged after a while.
    pub(in crate::server) fn ping_later(&mut self, peer: PeerId, now: Instant) {
        let at = self.millis(now + PING_INTERVAL);
        self.pings.push_back((at, peer));
    }

    /// Takes out one WebSocket that is to be pinged by now.
    pub(in crate::server) fn pop_due_ping(&mut self, now: Instant) -> Option<PeerId> {
        let now = self.millis(now);
        while let Some((at, peer)) = self.pings.front().copied()
            && at <= now
        {
            self.pings.pop_front();
            let found = self.peers.get(peer.index());
            if found.is_some_and(|it| it.generation == peer.generation) {
                return Some(peer);
            }
        }
        // A rush of them leaves no memory behind.
        if self.pings.capacity() > 4 * self.pings.len().max(16) {
            self.pings.shrink_to(2 * self.pings.len());
        }
        None
    }

    /// When the next WebSocket is to be pinged.
    pub(super) fn next_ping(&self) -> Option<Instant> {
        let &(at, _) = self.pings.front()?;
        Some(self.began + Duration::from_millis(at))
    }

    fn millis(&self, at: Instant) -> u64 {
        let since = at.saturating_duration_since(self.began);
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }
}
