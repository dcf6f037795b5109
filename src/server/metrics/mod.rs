//! `Metrics`: shows the server's figures to programs that watch it, over HTTP on a listener of its own.
//!
//! It is a phase of the loop, behind the writing, and does a bounded amount of work in a round: one read from each of a few
//! connections, and the text of the figures once at most. It changes nothing that people notice. A connection gets one
//! answer and is then closed. It is dropped when its time is over, or when a newcomer finds all places taken and it is
//! the oldest. So nobody who connects and is silent keeps others out.
//!
//! | module | what it is |
//! |---|---|
//! | [`scraper`] | one connection |
//! | [`request`] | from the head of a request to its meaning, and the answers in HTTP |
//! | [`figures`] | all figures, as text |
//! | [`text`] | Prometheus' text format |
//! | [`process`] | figures of the process, from the kernel |

mod figures;
mod process;
mod request;
mod scraper;
mod text;

use std::io;
use std::net::SocketAddr;
use std::time::Instant;

use mio::{Registry, Token};

use crate::limits::{ACCEPT_RETRY, SCRAPERS};
use crate::net::{Accepted, Event, Listener, Poller, Socket};

use super::METRICS;
use super::talk::Talk;
use process::Process;
use request::Request;
use scraper::Scraper;

/// The listener and its connections.
#[derive(Debug)]
pub(super) struct Metrics {
    listener: Listener,
    scrapers: [Option<Scraper>; SCRAPERS],
    /// The time before which not to accept, if no descriptor or no memory was left.
    accept_again: Option<Instant>,
    process: Process,
}

impl Metrics {
    /// Listens on this address. `unix` is the time.
    pub(super) fn bind(addr: SocketAddr, registry: &Registry, unix: i64) -> io::Result<Metrics> {
        let mut listener = Listener::bind(addr)?;
        listener.register(registry, Token(METRICS))?;
        Ok(Metrics {
            listener,
            scrapers: Default::default(),
            accept_again: None,
            process: Process::new(unix),
        })
    }

    /// The address, with the real port.
    pub(super) fn addr(&self) -> SocketAddr {
        self.listener.addr()
    }

    /// Latches what an event says, if it is for the listener or one of its connections.
    pub(super) fn mark(&mut self, event: Event) {
        match event.token.0.checked_sub(METRICS) {
            None => {}
            Some(0) => self.listener.ready = true,
            Some(place) => {
                if let Some(Some(scraper)) = self.scrapers.get_mut(place - 1) {
                    scraper.mark(event);
                }
            }
        }
    }

    /// The earliest time at which there is something to do without an event.
    pub(super) fn next_timeout(&self) -> Option<Instant> {
        let scrapers = self.scrapers.iter().flatten();
        let times = scrapers.map(|it| it.until).chain(self.accept_again);
        times.min()
    }

    /// Whether there is something to do that no event will announce.
    pub(super) fn has_work(&self) -> bool {
        let may_accept = self.listener.ready && self.accept_again.is_none();
        may_accept || self.scrapers.iter().flatten().any(Scraper::has_work)
    }

    /// The phase: answers requests, and lets newcomers in. `is_stopping`: the server is shutting down.
    pub(super) fn serve(
        &mut self,
        now: Instant,
        talk: &mut Talk,
        poller: &Poller,
        is_stopping: bool,
    ) {
        let is_due = self.next_timeout().is_some_and(|at| at <= now);
        if !is_due && !self.has_work() {
            return;
        }
        let begun = poller.instant();
        self.answer(now, talk, poller.registry(), is_stopping);
        self.accept(now, poller.registry());
        let took = poller.instant().saturating_duration_since(begun);
        talk.figures.metrics.observe(took);
    }

    /// Gives each connection a turn.
    fn answer(&mut self, now: Instant, talk: &mut Talk, registry: &Registry, is_stopping: bool) {
        // It is the same for everyone who asks in this round.
        let mut text = None;
        for place in &mut self.scrapers {
            let Some(scraper) = place else { continue };
            if let Some(request) = scraper.read(now, &mut talk.scratch) {
                let body = match request {
                    Request::Figures { .. } => {
                        text.get_or_insert_with(|| figures::render(talk, self.process.read(now)))
                    }
                    _ => "",
                };
                scraper.send(now, request.answer(body, is_stopping));
            }
            scraper.go_on(now);
            if scraper.is_done(now) {
                drop_scraper(place, registry);
            }
        }
    }

    /// Accepts waiting newcomers, at most as many as there are places.
    fn accept(&mut self, now: Instant, registry: &Registry) {
        self.accept_again = self.accept_again.filter(|at| now < *at);
        for _ in 0..SCRAPERS {
            if !self.listener.ready || self.accept_again.is_some() {
                break;
            }
            match self.listener.accept() {
                Accepted::Connection(socket, addr) => self.admit(now, socket, addr, registry),
                Accepted::Nobody => {}
                Accepted::Failed(error) => log::debug!("a scraper failed early: {error}"),
                Accepted::OutOfDescriptors(error) | Accepted::Exhausted(error) => {
                    log::debug!("cannot let a scraper in for now: {error}");
                    self.accept_again = Some(now + ACCEPT_RETRY);
                }
            }
        }
    }

    /// Gives a newcomer a free place, or that of the connection which has been there for the longest time.
    fn admit(&mut self, now: Instant, socket: Socket, addr: SocketAddr, registry: &Registry) {
        let since = |place: &Option<Scraper>| place.as_ref().map(|it| it.until);
        let places = self.scrapers.iter_mut().enumerate();
        let Some((number, place)) = places.min_by_key(|(_, place)| since(place)) else {
            return;
        };
        drop_scraper(place, registry);
        let mut scraper = Scraper::new(socket, addr, now);
        match scraper.register(registry, Token(METRICS + 1 + number)) {
            Ok(()) => *place = Some(scraper),
            Err(error) => log::debug!("cannot watch {addr}, closing it: {error}"),
        }
    }
}

fn drop_scraper(place: &mut Option<Scraper>, registry: &Registry) {
    if let Some(mut scraper) = place.take() {
        scraper.deregister(registry);
    }
}
