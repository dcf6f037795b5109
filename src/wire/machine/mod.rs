//! The machine protocol: one JSON object (RFC 8259) a line or a WebSocket message, for programs. `docs/PROTOCOL.md` is its
//! reference.
//!
//! An object never contains a line end, as the writer escapes it.

#![warn(clippy::wildcard_enum_match_arm)]

mod answer;
mod connection;
mod decoder;
#[cfg(feature = "machine")]
mod members;
mod news;
mod object;
#[cfg(feature = "machine")]
mod parse;
mod program;
mod writer;

use bytes::BytesMut;

use crate::id::Slot;
use crate::message::{EntryFacts, Message, Request, Told};
use crate::name::RoomName;

pub use decoder::{ObjectDecoder, ObjectLine};
pub use object::{Object, Op, Position};
#[cfg(feature = "machine")]
pub use parse::parse;

#[cfg(feature = "client")]
pub(crate) use writer::Writer;
#[cfg(not(feature = "client"))]
use writer::Writer;

/// What stands around a message.
#[derive(Debug, Clone, Copy)]
struct Context<'a> {
    /// The reader's object that it answers.
    request: Option<&'a Request>,
    /// The entry that it tells of.
    entry: Option<EntryFacts>,
    /// The room in which it is told.
    room: Option<&'a RoomName>,
}

impl<'a> Context<'a> {
    /// Begins an object, with the id of the object that it answers.
    fn begin<'o>(&self, event: &str, out: &'o mut BytesMut) -> Writer<'o> {
        let mut writer = Writer::event(out, event);
        if let Some(id) = self.request.and_then(|it| it.id.as_deref()) {
            writer.raw("re", id);
        }
        writer
    }

    /// Begins an object that tells of an entry.
    fn begin_entry<'o>(&self, event: &str, out: &'o mut BytesMut) -> Writer<'o> {
        let mut writer = self.begin(event, out);
        if let Some(entry) = self.entry {
            writer.number("seq", entry.seq);
            writer.time("at", entry.at);
        }
        writer
    }

    /// The word of the command that the message answers.
    fn command(&self) -> Option<&'a str> {
        self.request?.command.as_deref()
    }
}

/// Appends a message as an object, without anything behind it. Some messages are for people alone, and have no bytes. The
/// reader is known if there is only one; the room, if the message is told in one.
pub(crate) fn render(
    told: &Told<'_>,
    room: Option<&RoomName>,
    reader: Option<Slot>,
    out: &mut BytesMut,
) {
    let request = told.cause.request.as_deref();
    let context = Context {
        request: request.filter(|it| Some(it.peer.slot) == reader),
        entry: told.cause.entry,
        room,
    };
    match told.message {
        Message::News(news) => news::render(news, &context, out),
        Message::Past { past, .. } => news::render_past(past, &context, out),
        Message::Connection(about) => connection::render(about, reader, &context, out),
        Message::Answer(answer) => answer::render(answer, &context, out),
        Message::Program(it) => program::render(it, &context, out),
    }
}

#[cfg(all(test, feature = "machine"))]
mod tests;
