//! `Cause`: what a message comes from. People do not read it; programs do, so that they can tell events apart, and know
//! which of their objects is answered.

use std::sync::Arc;

use crate::id::{PeerId, PersonId};
use crate::journal::Entry;

use super::Message;

/// What a message comes from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cause {
    /// The entry of the journal that it tells of. `None`: it changes nothing that people share.
    pub entry: Option<EntryFacts>,
    /// The object of a program that asked for it. Only that program reads which one it was.
    pub request: Option<Arc<Request>>,
}

impl Cause {
    /// Nothing in particular.
    pub const NONE: Cause = Cause {
        entry: None,
        request: None,
    };
}

/// An entry without its act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntryFacts {
    /// Its number.
    pub seq: u64,
    /// When: milliseconds since 1970-01-01 00:00 UTC.
    pub at: i64,
    /// Its author.
    pub author: PersonId,
}

impl From<&Entry> for EntryFacts {
    fn from(it: &Entry) -> EntryFacts {
        EntryFacts {
            seq: it.seq,
            at: it.at,
            author: it.author,
        }
    }
}

/// An object of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The connection that it came from.
    pub peer: PeerId,
    /// Its id: a JSON string or number, as it was written.
    pub id: Option<Arc<str>>,
    /// The word of the command that it types, such as `/who`.
    pub command: Option<Box<str>>,
}

/// A message on its way to its readers.
#[derive(Debug, Clone, Copy)]
pub struct Told<'a> {
    /// The message.
    pub message: &'a Message,
    /// What it comes from.
    pub cause: &'a Cause,
    /// When it is told: seconds since 1970-01-01 00:00 UTC.
    pub unix: i64,
}

impl<'a> Told<'a> {
    /// A message that comes from nothing in particular.
    pub fn new(message: &'a Message, unix: i64) -> Told<'a> {
        let cause = &Cause::NONE;
        Told {
            message,
            cause,
            unix,
        }
    }
}
