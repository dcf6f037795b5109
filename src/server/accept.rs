//! The accept phase: newcomers come in, within a budget, or learn that there is no room.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr};

use bytes::BytesMut;

use crate::chat::Event;
use crate::error::CloseReason;
use crate::limits::{ACCEPT_RETRY, ACCEPTS_PER_TICK};
use crate::message::Message;
use crate::moment::{Format, Moment};
use crate::net::{Accepted, Stream};
use crate::wire::render;

use super::Server;

impl Server {
    /// Accepts those who wait, within a budget.
    pub(super) fn accept(&mut self, now: Moment) {
        if self.accept_again.is_some_and(|at| now.instant < at) {
            return;
        }
        self.accept_again = None;
        for i in 0..self.listeners.len() {
            for _ in 0..ACCEPTS_PER_TICK {
                if !self.listeners[i].ready {
                    break;
                }
                match self.listeners[i].accept() {
                    Accepted::Connection(stream, addr) => self.admit(now, stream, addr),
                    Accepted::Failed(error) => log::debug!("a connection failed early: {error}"),
                    Accepted::Nobody => {}
                    Accepted::Exhausted(error) => {
                        log::warn!("cannot accept for now: {error}");
                        self.accept_again = Some(now.instant + ACCEPT_RETRY);
                        return;
                    }
                }
            }
        }
    }

    fn admit(&mut self, now: Moment, stream: Stream, addr: SocketAddr) {
        self.got_input = true;
        self.stats.accepted += 1;
        if self.connections.len() >= self.config.max_clients {
            log::info!("{addr} turned away: {}", CloseReason::ServerFull);
            return turn_away(stream);
        }
        let is_limited = self.config.rate_on_loopback || !addr.ip().to_canonical().is_loopback();
        let registry = self.poller.registry();
        match self.connections.insert(stream, addr, is_limited, registry) {
            Ok(peer) => {
                log::debug!("{addr} connected");
                self.tell_hub(now, peer, Event::Connected(addr));
            }
            Err(error) => log::warn!("cannot watch {addr}, closing it: {error}"),
        }
    }
}

/// Tells a newcomer that the server is full. A fresh socket takes one short line; where it does not, the peer is gone
/// already, so errors have nobody to reach. What they sent is read first, as else the close would be a reset.
fn turn_away(mut stream: Stream) {
    let mut line = BytesMut::new();
    render(&Message::ServerFull, 0, Format::default(), &mut line);
    let _ = stream.read(&mut [0; 1024]);
    let _ = stream.write(&line);
    let _ = stream.shutdown(Shutdown::Write);
}
