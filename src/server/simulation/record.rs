//! `Record`: what the server told the hub, in its order. The server writes it, the simulation reads it.

use std::net::SocketAddr;

use crate::chat::Event;
use crate::error::{CloseReason, Protocol};
use crate::id::PeerId;
use crate::moment::Moment;
use crate::server::inbox::Request;

/// What the hub was told since the record was last taken out. Nothing is kept unless someone asked for it.
#[derive(Debug, Default)]
pub(in crate::server) struct Record(Option<Vec<Told>>);

/// One thing that was told, and when.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) now: Moment,
    pub(super) what: What,
}

#[derive(Debug)]
pub(super) enum What {
    Event(PeerId, Happened),
    /// Bytes of the telnet protocol. They bypass the hub, but have their place among its answers.
    Reply(PeerId, Vec<u8>),
    Notice(String),
    Motd(Option<String>),
    Timeout,
    ShutDown,
}

/// An [`Event`] that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Happened {
    Connected(SocketAddr),
    Line(String),
    TooLong,
    WrongProtocol(Protocol),
    Interrupt,
    EndOfInput,
    AreYouThere,
    TooFast { of_address: bool },
    Disconnected(CloseReason),
}

impl From<Event<'_>> for Happened {
    fn from(event: Event<'_>) -> Happened {
        match event {
            Event::Connected(addr) => Happened::Connected(addr),
            Event::Line(text) => Happened::Line(text.into()),
            Event::LineTooLong { .. } => Happened::TooLong,
            Event::WrongProtocol(protocol) => Happened::WrongProtocol(protocol),
            Event::Interrupt => Happened::Interrupt,
            Event::EndOfInput => Happened::EndOfInput,
            Event::AreYouThere => Happened::AreYouThere,
            Event::TooFast { of_address } => Happened::TooFast { of_address },
            Event::Disconnected(reason) => Happened::Disconnected(reason),
        }
    }
}

impl Record {
    pub(super) fn begin(&mut self) {
        self.0 = Some(Vec::new());
    }

    pub(super) fn take(&mut self) -> Vec<Told> {
        self.0.as_mut().map(std::mem::take).unwrap_or_default()
    }

    pub(in crate::server) fn event(&mut self, now: Moment, peer: PeerId, event: Event<'_>) {
        self.push(now, || What::Event(peer, event.into()));
    }

    pub(in crate::server) fn reply(&mut self, now: Moment, peer: PeerId, bytes: &[u8]) {
        self.push(now, || What::Reply(peer, bytes.into()));
    }

    pub(in crate::server) fn request(&mut self, now: Moment, request: &Request) {
        let what = match request {
            Request::Notice(text) => What::Notice(text.clone()),
            Request::Motd(text) => What::Motd(text.as_deref().map(Into::into)),
            // Nobody asks for that here.
            _ => return,
        };
        self.push(now, || what);
    }

    pub(in crate::server) fn timeout(&mut self, now: Moment) {
        self.push(now, || What::Timeout);
    }

    pub(in crate::server) fn shut_down(&mut self, now: Moment) {
        self.push(now, || What::ShutDown);
    }

    fn push(&mut self, now: Moment, what: impl FnOnce() -> What) {
        if let Some(told) = &mut self.0 {
            let what = what();
            told.push(Told { now, what });
        }
    }
}
