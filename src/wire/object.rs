//! A message in the medium of its reader: as text, as an object a line, or as an object a WebSocket frame.

use bytes::BytesMut;

use crate::id::Slot;
use crate::message::Told;
use crate::moment::{Format, Medium};
use crate::name::RoomName;

use super::{machine, render, websocket};

/// Longest header of a frame that the server sends with a message of less than 64 KiB, in bytes (RFC 6455 §5.2).
pub(crate) const FRAME_HEADER_BYTES: usize = 4;

/// Appends a message to one reader in their format. The room is known if the message is told in one.
pub(crate) fn write_message(
    told: &Told<'_>,
    format: Format,
    room: Option<&RoomName>,
    reader: Slot,
    out: &mut BytesMut,
) {
    match format.medium {
        Medium::Text => render(told.message, told.unix, format, out),
        Medium::Json => write_object(told, room, Some(reader), out),
        Medium::WebSocket => {
            let mut object = BytesMut::new();
            write_object(told, room, Some(reader), &mut object);
            put_object(&object, format.medium, out);
        }
    }
}

/// Appends a message as an object and a line end, or nothing if it is for people alone.
pub(crate) fn write_object(
    told: &Told<'_>,
    room: Option<&RoomName>,
    reader: Option<Slot>,
    out: &mut BytesMut,
) {
    let start = out.len();
    machine::render(told, room, reader, out);
    if out.len() > start {
        out.extend_from_slice(b"\n");
    }
}

/// Appends an object that has a line end, in a medium of programs.
pub(crate) fn put_object(object: &[u8], medium: Medium, out: &mut BytesMut) {
    match (medium, object.strip_suffix(b"\n")) {
        (Medium::WebSocket, Some(text)) => {
            websocket::text_header(text.len(), out);
            out.extend_from_slice(text);
        }
        _ => out.extend_from_slice(object),
    }
}
