//! The poll phase waits for events of sockets, and marking latches them.

use std::io;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use crate::error::Error;
use crate::id::Slot;

use super::{LISTENERS, Server};
use crate::server::metrics::Metrics;

impl Server {
    /// Waits for events, but not at all when there is work that no event will announce. Breaks if a signal interrupted
    /// the wait: the process may have been stopped for long, and nobody may be timed out before the server knows what
    /// they sent meanwhile.
    pub(in crate::server) fn poll(
        &mut self,
        longest: Option<Duration>,
    ) -> Result<ControlFlow<()>, Error> {
        let timeout = self.timeout().into_iter().chain(longest).min();
        match self.poller.wait(timeout) {
            Ok(()) => Ok(ControlFlow::Continue(())),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(ControlFlow::Break(())),
            Err(error) => Err(Error::Poll(error)),
        }
    }

    /// How long the loop may sleep: until the earliest of all timers.
    pub(in crate::server) fn timeout(&self) -> Option<Duration> {
        if self.has_work() {
            return Some(Duration::ZERO);
        }
        let deadlines = [
            self.talk.hub.next_timeout(),
            self.talk.connections.next_timeout(),
            self.door.next_timeout(),
            self.metrics.as_ref().and_then(Metrics::next_timeout),
            self.talk.others_timeout(),
            self.stop_by,
        ];
        let next = deadlines.into_iter().flatten().min();
        next.map(|at| at.saturating_duration_since(self.poller.instant()))
    }

    pub(in crate::server) fn has_work(&self) -> bool {
        #[cfg(test)]
        if self.talk.hub.is_to_answer() {
            return true;
        }
        self.pace.has_put_off()
            || self.inbox.is_behind()
            || self.talk.connections.has_work()
            || self.door.has_work()
            || self.talk.has_read()
            || self.metrics.as_ref().is_some_and(Metrics::has_work)
    }

    /// Latches what the events say, and lists the peers that become runnable or dirty. Nothing else happens per event.
    pub(in crate::server) fn mark(&mut self, now: Instant) {
        let connections = &mut self.talk.connections;
        for event in self.poller.events() {
            let token = event.token;
            if let Some(connection) = connections.by_token(token) {
                connection.mark(event);
                let readable = connection.readiness.readable;
                let has_queue = connection.queue().is_some();
                let slot = Slot::new(token.0);
                if readable {
                    connections.mark_runnable(slot, now);
                }
                if has_queue && event.writable {
                    connections.mark_dirty(slot);
                }
            } else if let Some(i) = token.0.checked_sub(LISTENERS)
                && let Some(listener) = self.door.listeners.get_mut(i)
            {
                listener.1.ready = true;
            } else if let Some(metrics) = &mut self.metrics {
                metrics.mark(event);
            }
        }
    }
}
