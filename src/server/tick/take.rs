//! The take phase: what has come in from other threads.

use crate::moment::Moment;

use super::Server;
use crate::server::inbox::{Incoming, Request};

impl Server {
    /// Does what was asked through the handles.
    pub(in crate::server) fn take(&mut self, now: Moment) {
        let talk = &mut self.talk;
        for incoming in self.inbox.take() {
            let Incoming::Request(request) = incoming;
            #[cfg(test)]
            talk.record.request(now, &request);
            match request {
                Request::Notice(text) => talk.hub.notice(now, &text, &mut talk.effects),
                Request::Motd(text) => talk.hub.set_motd(text),
            }
        }
        if self.inbox.shutdown() && self.stop_by.is_none() {
            self.stop_by = Some(now.instant + talk.config.drain);
            for mut listener in self.door.listeners.drain(..) {
                if let Err(error) = listener.deregister(self.poller.registry()) {
                    log::debug!("cannot deregister {}: {error}", listener.addr());
                }
            }
            log::info!("shutting down, {} online", talk.hub.online());
            #[cfg(test)]
            talk.record.shut_down(now);
            talk.hub.shut_down(now, &mut talk.effects);
        }
        talk.apply(now);
    }
}
