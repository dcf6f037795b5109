//! The take phase: acts on items from other threads, in order.

use crate::moment::Moment;

use super::Server;
use crate::server::inbox::{Incoming, Request};

impl Server {
    /// Carries out the requests of handles, and passes the results of workers to the hub.
    pub(in crate::server) fn take(&mut self, now: Moment) {
        let talk = &mut self.talk;
        #[cfg(test)]
        talk.answer_late(now);
        for incoming in self.inbox.take() {
            let request = match incoming {
                Incoming::Request(request) => request,
                Incoming::Result(asked, result) => {
                    talk.take_result(now, asked, &result);
                    continue;
                }
            };
            #[cfg(test)]
            talk.record.request(now, &request);
            match request {
                Request::Motd(text) => talk.hub.set_motd(text),
                Request::Listen(listener) => talk.listen(listener),
                // The thread that asked may have given up.
                Request::People(asker) => drop(asker.try_send(talk.hub.people())),
                Request::Notice(text) => talk.have(now, |hub, out| hub.notice(&text, out)),
                Request::Announce { room, name, text } => {
                    talk.have(now, |hub, out| hub.announce(room, name, &text, out));
                }
                Request::Write { to, text } => {
                    talk.have(now, |hub, out| hub.write_to(to, &text, out));
                }
                Request::Close { person, why } => {
                    talk.have(now, |hub, out| hub.close(person, &why, out));
                }
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
            talk.have(now, |hub, out| hub.shut_down(out));
        }
    }
}
