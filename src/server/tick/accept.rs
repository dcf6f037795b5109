//! The accept phase: newcomers come in, within a budget, or learn why they cannot.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr};
use std::time::Instant;

use bytes::BytesMut;
use mio::Registry;

use crate::chat::Event;
use crate::error::CloseReason;
use crate::id::PeerId;
use crate::limits::{ACCEPT_RETRY, ACCEPTS_PER_TICK, TURNED_AWAY, UNREAD_TURNS};
use crate::message::{AboutConnection, Message};
use crate::moment::{Format, Moment};
use crate::net::{Accepted, Listener, Spare, Stream};
use crate::wire::render;

use super::Talk;

/// Where newcomers come in.
#[derive(Debug)]
pub(in crate::server) struct Door {
    pub(in crate::server) listeners: Vec<Listener>,
    /// Nobody could be let in, not even to be turned away; do not accept before this.
    accept_again: Option<Instant>,
    /// Whether the operator was told that nobody can be let in.
    is_short_of_room: bool,
    /// What newcomers are turned away by where no descriptor is left.
    spare: Spare,
}

impl Door {
    pub(in crate::server) fn new(listeners: Vec<Listener>) -> Door {
        Door {
            listeners,
            accept_again: None,
            is_short_of_room: false,
            spare: Spare::default(),
        }
    }

    /// Accepts those who wait, within a budget. Where nothing can be accepted, no event will tell when that changes: it
    /// is tried again after a while, or when a peer goes.
    pub(in crate::server) fn accept(&mut self, now: Moment, talk: &mut Talk, registry: &Registry) {
        if self.accept_again.is_some_and(|at| now.instant < at) {
            return;
        }
        self.accept_again = None;
        for i in 0..self.listeners.len() {
            if !self.accept_from(now, i, talk, registry) {
                self.accept_again = Some(now.instant + ACCEPT_RETRY);
                return;
            }
        }
    }

    /// Accepts from one listener. Returns whether it makes sense to go on.
    fn accept_from(&mut self, now: Moment, i: usize, talk: &mut Talk, registry: &Registry) -> bool {
        if !self.listeners[i].ready {
            return true;
        }
        self.spare.hold();
        let mut failed = 0;
        for _ in 0..ACCEPTS_PER_TICK {
            if !self.listeners[i].ready {
                break;
            }
            match self.listeners[i].accept() {
                Accepted::Connection(stream, addr) => {
                    self.is_short_of_room = false;
                    talk.admit(now, stream, addr, registry);
                }
                Accepted::Failed(error) => {
                    failed += 1;
                    log::debug!("a connection failed early: {error}");
                }
                Accepted::Nobody => {}
                Accepted::OutOfDescriptors(error) => {
                    self.warn_of_shortage(&error);
                    if !self.turn_one_away(i, talk) {
                        return false;
                    }
                }
                Accepted::Exhausted(error) => {
                    self.warn_of_shortage(&error);
                    return false;
                }
            }
        }
        // Where every attempt failed, the fault is hardly that of so many connections.
        failed < ACCEPTS_PER_TICK
    }

    /// Warns once, until someone can be let in again.
    fn warn_of_shortage(&mut self, error: &io::Error) {
        if !std::mem::replace(&mut self.is_short_of_room, true) {
            log::warn!("cannot let anyone in for now: {error}");
        }
    }

    /// Accepts one of those who wait in place of the spare descriptor, to tell them that there is no other. Returns
    /// whether that can be done for the next one too.
    fn turn_one_away(&mut self, i: usize, talk: &mut Talk) -> bool {
        if !self.spare.give_up() {
            return false;
        }
        let accepted = self.listeners[i].accept();
        let went_well = matches!(accepted, Accepted::Connection(..) | Accepted::Nobody);
        if let Accepted::Connection(stream, addr) = accepted {
            talk.stats.accepted += 1;
            log::info!("{addr} turned away: {}", CloseReason::ServerFull);
            talk.tell_and_close(stream, &AboutConnection::ServerFull.into());
        }
        self.spare.hold() && went_well
    }

    /// A slot was freed, and with it a descriptor: whoever could not be accepted can be now.
    pub(super) fn try_again(&mut self) {
        self.accept_again = None;
    }

    /// When to try again, where nobody could be let in.
    pub(super) fn next_timeout(&self) -> Option<Instant> {
        self.accept_again
    }

    /// Whether there may be someone to let in.
    pub(super) fn has_work(&self) -> bool {
        self.accept_again.is_none() && self.listeners.iter().any(|l| l.ready)
    }
}

impl Talk {
    fn admit(&mut self, now: Moment, stream: Stream, addr: SocketAddr, registry: &Registry) {
        self.got_input = true;
        self.stats.accepted += 1;
        if let Some((reason, message)) = self.refusal(addr.ip()) {
            log::info!("{addr} turned away: {reason}");
            return self.turn_away(now, stream, addr, &message, registry);
        }
        let is_limited = self.config.rate_on_loopback || !addr.ip().is_loopback();
        match self.connections.insert(stream, addr, is_limited, registry) {
            Ok(peer) => {
                log::debug!("{addr} connected");
                self.introduce(now, peer, addr, Format::default());
            }
            Err(error) => log::warn!("cannot watch {addr}, closing it: {error}"),
        }
    }

    /// Tells the chat of a newcomer, now that it is known what they speak. Until then it does not know of them.
    fn introduce(&mut self, now: Moment, peer: PeerId, addr: SocketAddr, format: Format) {
        self.fanout.introduce(peer.slot, format);
        self.tell_hub(now, peer, Event::Connected { addr, format });
    }

    /// Why nobody is let in from this address now, if so, and how they are told.
    fn refusal(&self, ip: IpAddr) -> Option<(CloseReason, Message)> {
        if self.connections.has_all_of(ip) {
            let reason = CloseReason::TooManyFromAddress;
            return Some((reason, AboutConnection::TooManyFromAddress.into()));
        }
        let is_full = self.connections.len() >= self.config.max_clients;
        is_full.then_some((CloseReason::ServerFull, AboutConnection::ServerFull.into()))
    }

    /// Tells a newcomer why they cannot come in, and closes the connection as any other, so that they can read it
    /// whatever they send meanwhile. There are few places for that; without one, it is done at once.
    fn turn_away(
        &mut self,
        now: Moment,
        stream: Stream,
        addr: SocketAddr,
        why: &Message,
        registry: &Registry,
    ) {
        if self.connections.turned_away() >= TURNED_AWAY {
            return self.tell_and_close(stream, why);
        }
        match self.connections.insert_turned_away(stream, addr, registry) {
            Ok(peer) => {
                self.fanout.introduce(peer.slot, Format::default());
                self.fanout.reply(peer.slot, why, now.unix);
                self.connections.drain(peer.slot, now.instant);
            }
            Err(error) => log::debug!("cannot watch {addr}, closing it: {error}"),
        }
    }

    /// Tells a newcomer why they cannot come in, and closes the connection at once. A fresh socket takes one short line;
    /// where it does not, the peer is gone already, so errors have nobody to reach. What they sent so far is read first, as
    /// else the close would be a reset. What they send later is answered by one, but our line is on its way before that.
    fn tell_and_close(&mut self, mut stream: Stream, why: &Message) {
        let mut line = BytesMut::new();
        render(why, 0, Format::default(), &mut line);
        for _ in 0..UNREAD_TURNS {
            if !matches!(stream.read(&mut self.scratch), Ok(1..)) {
                break;
            }
        }
        let _ = stream.write(&line);
        let _ = stream.shutdown(Shutdown::Write);
    }
}
