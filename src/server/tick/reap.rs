//! The reap phase ends a tick: it frees slots, publishes figures, and completes a shutdown.

use std::ops::ControlFlow;
use std::time::Instant;

use super::Server;

impl Server {
    /// Frees the slots of peers that are gone.
    pub(in crate::server) fn reap(&mut self) {
        if self.talk.connections.reap(self.poller.registry()) > 0 {
            self.door.try_again();
        }
    }

    /// Publishes the figures to the handles, and the new entries to the listeners.
    pub(in crate::server) fn publish(&mut self) {
        let talk = &mut self.talk;
        talk.stats.connections = talk.connections.len() as u64;
        talk.stats.online = talk.hub.online() as u64;
        self.handle.publish(&talk.stats);
        talk.tell_listeners();
    }

    /// Breaks if a shutdown is complete, or the time for it is over.
    pub(in crate::server) fn stop_or_go_on(&mut self, now: Instant) -> ControlFlow<()> {
        match self.stop_by {
            Some(at) if now >= at || self.has_parted() => {
                self.inbox.end();
                self.talk.end_listening();
                #[cfg(feature = "store")]
                self.talk.stop_keeping(at);
                self.metrics = None;
                ControlFlow::Break(())
            }
            _ => ControlFlow::Continue(()),
        }
    }

    /// Whether everything is written, all input is read, and no peer is still sending. Closing a socket that holds
    /// unread input, or gets some later, is a reset, which can overtake the goodbye.
    fn has_parted(&self) -> bool {
        let connections = &self.talk.connections;
        connections.is_flushed() && !connections.has_work() && !connections.is_lingering()
    }
}
