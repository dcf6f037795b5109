//! `Record`: what the server told the hub, in its order. The server writes it, the simulation reads it.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::chat::{Event, Finding};
use crate::dice::Dice;
use crate::error::{CloseReason, Protocol, Unanswered};
use crate::id::PeerId;
use crate::message::Misuse;
use crate::moment::{Format, Moment};
use crate::server::inbox::Request;
use crate::wire::machine::Object;

/// What the hub was told since the record was last taken out. Nothing is kept unless someone asked for it.
#[derive(Debug, Default)]
pub(in crate::server) struct Record {
    told: Option<Vec<Told>>,
    /// How many acts were out last.
    out: usize,
    /// By which the journal answers late, if it does.
    late: Option<Dice>,
}

/// One thing that was told, and when.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) now: Moment,
    pub(super) what: What,
    /// What is wanted by it was not applied, and will be.
    pub(super) is_put_off: bool,
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
    /// The act that was out for longest is applied.
    Entered,
    /// What is to be kept was handed over.
    HandedOver,
}

/// An [`Event`] that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Happened {
    Connected(SocketAddr),
    Line(String),
    TooLong,
    /// What they typed, when they were asked for a password.
    Secret(Vec<u8>),
    WrongProtocol(Protocol),
    Interrupt,
    EndOfInput,
    AreYouThere,
    TooFast {
        of_address: bool,
    },
    Answered(Result<Finding, Unanswered>),
    Disconnected(CloseReason),
    Object(Object),
    Misused(Option<Arc<str>>, Misuse),
    Program(Format),
}

impl From<Event<'_>> for Happened {
    fn from(event: Event<'_>) -> Happened {
        match event {
            Event::Connected { addr, .. } => Happened::Connected(addr),
            Event::Line(text) => Happened::Line(text.into()),
            Event::Secret(typed) => Happened::Secret(typed.0.into()),
            Event::LineTooLong { .. } => Happened::TooLong,
            Event::WrongProtocol(protocol) => Happened::WrongProtocol(protocol),
            Event::Interrupt => Happened::Interrupt,
            Event::EndOfInput => Happened::EndOfInput,
            Event::AreYouThere => Happened::AreYouThere,
            Event::TooFast { of_address } => Happened::TooFast { of_address },
            Event::Answered(finding) => Happened::Answered(finding.cloned()),
            Event::Disconnected(reason) => Happened::Disconnected(reason),
            Event::Object(object) => Happened::Object(object.clone()),
            Event::Misused(id, misuse) => Happened::Misused(id.cloned(), misuse.clone()),
            Event::Program(format) => Happened::Program(format),
        }
    }
}

impl Record {
    pub(super) fn begin(&mut self) {
        self.told = Some(Vec::new());
    }

    /// The journal answers late from now on.
    pub(super) fn be_late(&mut self, dice: Dice) {
        self.late = Some(dice);
    }

    /// So many acts are out, now that the hub was told what was recorded last.
    pub(in crate::server) fn note_out(&mut self, out: usize) {
        let before = std::mem::replace(&mut self.out, out);
        if let Some(last) = self.told.as_mut().and_then(|told| told.last_mut()) {
            last.is_put_off |= out > before;
        }
    }

    /// How many of those acts that are out are to be applied in this tick: often none, else any number.
    pub(in crate::server) fn answers(&mut self, out: usize) -> usize {
        self.out = out;
        match &mut self.late {
            Some(dice) if out > 0 => dice.below(2) * (1 + dice.below(out)),
            _ => 0,
        }
    }

    pub(in crate::server) fn entered(&mut self, now: Moment) {
        self.out -= 1;
        self.push(now, || What::Entered);
    }

    /// What is to be kept was handed over, at the time of what was recorded last.
    #[cfg(feature = "store")]
    pub(in crate::server) fn handed_over(&mut self) {
        let last = self.told.as_ref().and_then(|told| told.last());
        if let Some(now) = last.map(|it| it.now) {
            self.push(now, || What::HandedOver);
        }
    }

    pub(super) fn take(&mut self) -> Vec<Told> {
        self.told.as_mut().map(std::mem::take).unwrap_or_default()
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
        if let Some(told) = &mut self.told {
            told.push(Told {
                now,
                what: what(),
                is_put_off: false,
            });
        }
    }
}
