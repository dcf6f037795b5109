//! The take phase: acts on items from other threads, in order.

use crate::moment::Moment;

use super::Server;
use crate::server::inbox::{Incoming, Request};

impl Server {
    /// Carries out the requests of handles, and passes the results of workers to the hub. When enough was said, the rest
    /// waits for the next tick, unless a shutdown begins: what was requested before it is still done.
    pub(in crate::server) fn take(&mut self, now: Moment) {
        let talk = &mut self.talk;
        #[cfg(test)]
        talk.answer_late(now);
        let is_shutdown = self.inbox.shutdown();
        let mut items = self.inbox.take();
        while (is_shutdown || !talk.fanout.is_full())
            && let Some(incoming) = items.next()
        {
            let request = match incoming {
                Incoming::Request(request) => request,
                #[cfg(feature = "cluster")]
                Incoming::News(news) => {
                    talk.take_news(now, news);
                    continue;
                }
                Incoming::Result(asked, took, result) => {
                    talk.take_result(now, asked, took, &result);
                    continue;
                }
            };
            #[cfg(test)]
            talk.record.request(now, &request);
            match request {
                Request::Motd(text) => talk.hub.set_motd(text),
                #[cfg(feature = "tls")]
                Request::Identity(identity) => talk.identity = Some(identity),
                Request::Listen(listener) => talk.listen(listener),
                // The thread that asked may have given up.
                Request::People(asker) => drop(asker.try_send(talk.hub.people())),
                #[cfg(feature = "accounts")]
                Request::Account(request, asker) => talk.shell(now, &request, asker),
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
        drop(items);
        #[cfg(feature = "cluster")]
        talk.enter_read(now);
        let is_behind = !is_shutdown && talk.fanout.is_full();
        self.inbox.set_behind(is_behind);
        if is_shutdown && self.stop_by.is_none() {
            self.stop_by = Some(now.instant + talk.config.drain);
            for mut listener in self.door.listeners.drain(..) {
                if let Err(error) = listener.1.deregister(self.poller.registry()) {
                    log::debug!("cannot deregister {}: {error}", listener.1.addr());
                }
            }
            log::info!("shutting down, {} online", talk.hub.online());
            #[cfg(test)]
            talk.record.shut_down(now);
            talk.hub.shut_down(now, &mut talk.effects);
            talk.apply(now);
            talk.shut_the_door(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::limits::{LOG_BYTES, NOTICE_BYTES, REQUESTS};
    use crate::server::simulation::Scene;
    use crate::server::{Config, Handle};

    /// A server with as many of the longest notices as may wait, and somebody who reads them.
    fn scene() -> (Scene, usize, Handle) {
        let mut scene = Scene::with(Config::default());
        let ann = scene.enter([127, 0, 0, 1], "ann");
        scene.rest();
        scene.heard(ann);
        let handle = scene.server.handle();
        let notice = "x".repeat(NOTICE_BYTES);
        (0..REQUESTS).for_each(|_| handle.notice(&notice).expect("room"));
        (scene, ann, handle)
    }

    #[test]
    fn a_tick_says_so_much_for_handles_and_the_next_goes_on_at_once() {
        let (mut scene, ann, _) = scene();
        scene.tick();
        let first = scene.heard(ann);
        assert!(
            first.len() <= LOG_BYTES + 2 * NOTICE_BYTES,
            "{}",
            first.len()
        );
        scene.rest();
        let heard = first + &scene.heard(ann);
        assert_eq!(heard.lines().count(), REQUESTS);
    }

    #[test]
    fn what_was_requested_before_a_shutdown_is_done() {
        let (mut scene, ann, handle) = scene();
        handle.shutdown();
        while scene.server.tick().is_ok_and(|it| it.is_continue()) {}
        let heard = scene.heard(ann);
        assert_eq!(heard.lines().count(), REQUESTS + 1);
        assert!(heard.ends_with("Server is shutting down. Goodbye!\r\n"));
    }
}
