//! `Scraper`: one connection to the listener for figures. It is sent one answer. Then the server closes its side, reads on
//! until the other side is closed too, and throws that away: to close a socket with unread input would be a reset, which
//! can overtake the answer.

use std::net::SocketAddr;
use std::time::Instant;

use bytes::BytesMut;
use mio::{Registry, Token};

use crate::limits::{SCRAPE_TIME, SCRAPE_UNREAD_BYTES};
use crate::net::{Connection, Event, Gauge, Log, Piece, Received, Socket};

use super::request::{self, Request};

#[derive(Debug)]
pub(super) struct Scraper {
    connection: Connection,
    /// The bytes that came before the answer.
    head: Vec<u8>,
    /// How many came behind it.
    thrown_away: usize,
    state: State,
    /// When it is dropped, however far it got.
    pub(super) until: Instant,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Its request is awaited.
    Asking,
    /// Its answer is being written.
    Answered,
    /// It has been sent our FIN.
    Closing,
    Done,
}

impl Scraper {
    pub(super) fn new(socket: Socket, addr: SocketAddr, now: Instant) -> Scraper {
        Scraper {
            connection: Connection::new(socket, addr),
            head: Vec::new(),
            thrown_away: 0,
            state: State::Asking,
            until: now + SCRAPE_TIME,
        }
    }

    pub(super) fn register(&mut self, registry: &Registry, token: Token) -> std::io::Result<()> {
        self.connection.register(registry, token)
    }

    pub(super) fn deregister(&mut self, registry: &Registry) {
        if let Err(error) = self.connection.deregister(registry) {
            log::debug!("cannot deregister {}: {error}", self.connection.addr());
        }
    }

    pub(super) fn mark(&mut self, event: Event) {
        self.connection.mark(event);
    }

    /// Whether there is something to do that no event will announce.
    pub(super) fn has_work(&self) -> bool {
        self.connection.readiness.readable || self.connection.has_output()
    }

    /// Whether it can be dropped.
    pub(super) fn is_done(&self, now: Instant) -> bool {
        self.state == State::Done || self.until <= now
    }

    /// Reads once. Returns the request if it is complete by then, or known to be none.
    pub(super) fn read(&mut self, now: Instant, scratch: &mut [u8]) -> Option<Request> {
        if !self.connection.readiness.readable {
            return None;
        }
        match self.connection.receive(now, scratch) {
            Received::Nothing | Received::NoText => None,
            Received::Bytes(n) if self.state == State::Asking => {
                self.head.extend_from_slice(&scratch[..n]);
                request::read(&self.head)
            }
            Received::Bytes(n) => {
                self.thrown_away += n;
                if self.thrown_away > SCRAPE_UNREAD_BYTES {
                    self.state = State::Done;
                }
                None
            }
            Received::End(_) => {
                let is_half = self.state == State::Asking && !self.head.is_empty();
                if self.state == State::Asking && !is_half {
                    self.state = State::Done;
                }
                is_half.then_some(Request::Malformed)
            }
        }
    }

    /// Sends the answer.
    pub(super) fn send(&mut self, now: Instant, answer: String) {
        self.state = State::Answered;
        self.head = Vec::new();
        let range = 0..answer.len();
        let log = Log::new(
            BytesMut::from(answer.as_str()),
            vec![range.end as u32],
            false,
            &Gauge::default(),
        );
        self.connection.send(now, &[Piece { log: &log, range }]);
    }

    /// Takes the next step towards the end, if there is one.
    pub(super) fn go_on(&mut self, now: Instant) {
        self.connection.flush(now);
        if self.state == State::Answered && self.connection.queue().is_none() {
            self.state = match self.connection.finish_output(now) {
                Ok(true) => State::Closing,
                // A plain connection has nothing to write before its FIN.
                Ok(false) => State::Answered,
                Err(_) => State::Done,
            };
        }
        let is_over = self.state == State::Closing && self.connection.input_ended();
        if is_over || self.connection.broken().is_some() {
            self.state = State::Done;
        }
    }
}
