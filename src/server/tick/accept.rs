//! The accept phase: newcomers come in, within a budget, or learn why they cannot.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr};
use std::time::Instant;

use bytes::BytesMut;
use mio::Registry;

use crate::error::CloseReason;
use crate::id::PeerId;
use crate::limits::{ACCEPT_RETRY, ACCEPTS_PER_TICK, PROXY_TIMEOUT, TURNED_AWAY, UNREAD_TURNS};
use crate::message::{AboutConnection, Message};
use crate::moment::{Format, Moment};
use crate::net::{Accepted, Listener, Socket, Spare};
use crate::wire::render;

use super::Talk;
use crate::server::ListenKind;

/// The listeners, and the state of accepting.
#[derive(Debug)]
pub(in crate::server) struct Door {
    pub(in crate::server) listeners: Vec<(ListenKind, Listener)>,
    /// The time before which not to accept, if nobody could be let in, not even to be turned away.
    accept_again: Option<Instant>,
    /// Whether the operator has been told that nobody can be let in.
    is_short_of_room: bool,
    /// A spare descriptor, used to turn newcomers away when no other is left.
    spare: Spare,
}

impl Door {
    pub(in crate::server) fn new(listeners: Vec<(ListenKind, Listener)>) -> Door {
        Door {
            listeners,
            accept_again: None,
            is_short_of_room: false,
            spare: Spare::default(),
        }
    }

    /// Accepts waiting newcomers, within a budget. If none can be accepted, no event will tell when that changes. So
    /// the server tries again after a while, or when a peer goes.
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
        if !self.listeners[i].1.ready {
            return true;
        }
        self.spare.hold();
        let mut failed = 0;
        for _ in 0..ACCEPTS_PER_TICK {
            let (kind, listener) = &mut self.listeners[i];
            if !listener.ready {
                break;
            }
            match listener.accept() {
                Accepted::Connection(socket, addr) => {
                    self.is_short_of_room = false;
                    talk.admit(now, *kind, socket, addr, registry);
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
        // If every attempt failed, the connections themselves are unlikely to be the cause.
        failed < ACCEPTS_PER_TICK
    }

    /// Warns once, until someone can be let in again.
    fn warn_of_shortage(&mut self, error: &io::Error) {
        if !std::mem::replace(&mut self.is_short_of_room, true) {
            log::warn!("cannot let anyone in for now: {error}");
        }
    }

    /// Uses the spare descriptor to accept one waiting newcomer and tell them that there is no other. Returns whether
    /// the next one can be told in the same way.
    fn turn_one_away(&mut self, i: usize, talk: &mut Talk) -> bool {
        if !self.spare.give_up() {
            return false;
        }
        let accepted = self.listeners[i].1.accept();
        let went_well = matches!(accepted, Accepted::Connection(..) | Accepted::Nobody);
        if let Accepted::Connection(socket, addr) = accepted {
            talk.stats.accepted += 1;
            talk.figures.refused.count(CloseReason::ServerFull);
            log::info!("{addr} turned away: {}", CloseReason::ServerFull);
            talk.tell_and_close(socket, &AboutConnection::ServerFull.into());
        }
        self.spare.hold() && went_well
    }

    /// A slot was freed, and with it a descriptor: a newcomer who could not be accepted before can be now.
    pub(super) fn try_again(&mut self) {
        self.accept_again = None;
    }

    /// The time to try again, if nobody could be let in.
    pub(super) fn next_timeout(&self) -> Option<Instant> {
        self.accept_again
    }

    /// Whether somebody may be waiting to be let in.
    pub(super) fn has_work(&self) -> bool {
        self.accept_again.is_none() && self.listeners.iter().any(|(_, it)| it.ready)
    }
}

impl Talk {
    fn admit(
        &mut self,
        now: Moment,
        kind: ListenKind,
        socket: Socket,
        addr: SocketAddr,
        registry: &Registry,
    ) {
        self.got_input = true;
        self.stats.accepted += 1;
        let is_proxy = self.config.proxy_from.contains(addr.ip());
        if let Some(why) = self.refusal((!is_proxy).then_some(addr.ip())) {
            log::info!("{addr} turned away: {why}");
            return self.turn_away(now, socket, addr, why, registry);
        }
        let added = match is_proxy {
            true => {
                let by = now.instant + PROXY_TIMEOUT;
                let connections = &mut self.connections;
                connections.insert_from_proxy(socket, addr, by, registry)
            }
            false => {
                let is_limited = self.is_limited(addr.ip());
                self.connections.insert(socket, addr, is_limited, registry)
            }
        };
        match added {
            Ok(peer) => {
                log::debug!("{addr} connected");
                self.fanout.introduce(peer.slot, Format::default());
                self.connections.set_kind(peer.slot, kind);
                if !is_proxy {
                    self.begin_opening(now, peer);
                }
            }
            Err(error) => {
                let reason = CloseReason::Broken(error.kind());
                self.figures.refused.count(reason);
                log::warn!("cannot watch {addr}, closing it: {error}");
            }
        }
    }

    /// Whether the rate applies to people of this address.
    pub(super) fn is_limited(&self, ip: IpAddr) -> bool {
        self.config.rate_on_loopback || !ip.is_loopback()
    }

    /// The reason to let nobody in now, if there is one. A proxy's own address, which is not given, is no reason.
    fn refusal(&self, ip: Option<IpAddr>) -> Option<CloseReason> {
        if ip.is_some_and(|ip| self.connections.has_all_of(ip)) {
            return Some(CloseReason::TooManyFromAddress);
        }
        let is_full = self.connections.len() >= self.config.max_clients;
        is_full.then_some(CloseReason::ServerFull)
    }

    /// Tells a newcomer why they cannot come in, in what they speak, and closes the connection like any other, so that
    /// they can read it whatever they send meanwhile. There are few places for that. Without one, they are told in plain
    /// text, and the connection is closed at once.
    fn turn_away(
        &mut self,
        now: Moment,
        socket: Socket,
        addr: SocketAddr,
        why: CloseReason,
        registry: &Registry,
    ) {
        if self.connections.turned_away() >= TURNED_AWAY {
            self.figures.refused.count(why);
            return self.tell_and_close(socket, &about_refusal(why));
        }
        match self
            .connections
            .insert_turned_away(socket, addr, why, registry)
        {
            Ok(peer) => {
                self.fanout.introduce(peer.slot, Format::default());
                self.begin_opening(now, peer);
            }
            Err(error) => {
                self.figures.refused.count(why);
                log::debug!("cannot watch {addr}, closing it: {error}");
            }
        }
    }

    /// Tells a newcomer who is turned away why, in the format that is known to be theirs by now.
    pub(super) fn dismiss_refused(&mut self, now: Moment, peer: PeerId, why: CloseReason) {
        self.figures.refused.count(why);
        self.dismiss_newcomer(now, peer, &about_refusal(why));
    }

    /// Tells a newcomer why they cannot come in, and closes the connection at once. A fresh socket takes one short
    /// line. If it does not, the peer is gone already, and nobody is left to learn of errors. Input that has arrived is
    /// read first, because the close would be a reset otherwise. Later input causes a reset, but our line is on its way
    /// before that.
    fn tell_and_close(&mut self, mut socket: Socket, why: &Message) {
        let mut line = BytesMut::new();
        render(why, 0, Format::default(), &mut line);
        for _ in 0..UNREAD_TURNS {
            if !matches!(socket.read(&mut self.scratch), Ok(1..)) {
                break;
            }
        }
        let _ = socket.write(&line);
        let _ = socket.shutdown(Shutdown::Write);
    }
}

/// What a newcomer is told who cannot come in.
fn about_refusal(why: CloseReason) -> Message {
    match why {
        CloseReason::TooManyFromAddress => AboutConnection::TooManyFromAddress.into(),
        _ => AboutConnection::ServerFull.into(),
    }
}
