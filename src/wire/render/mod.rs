//! `Message` to bytes: the words that people read. Every line ends in CR LF (RFC 854); a prompt has no line end.
//!
//! A person can type only lines that look like their own: everything people say begins with their name and a colon, and
//! no name holds a space or a colon, addresses aside. Every other line begins differently or continues differently. So
//! no other line may begin with one word and a colon.

#![warn(clippy::wildcard_enum_match_arm)]

mod account;
mod away;
mod chat;
mod connection;
mod hearing;
mod ignoring;
mod input;
mod news;
mod order;
mod owning;
mod past;
mod people;
mod reading;
mod rooms;

#[cfg(feature = "accounts")]
pub(crate) use rooms::columns;

use std::fmt::Write;

use bytes::{BufMut, BytesMut};

use crate::message::{Answer, Message, Past};
use crate::moment::{Civil, Format, Offset, Stamp};
use crate::name::RoomName;

/// Appends the message in the format of a reader. `unix` is the time at which it is told: seconds since 1970-01-01
/// 00:00 UTC.
pub fn render(message: &Message, unix: i64, format: Format, out: &mut BytesMut) {
    match message {
        Message::News(news) if news.is_for_programs() => {}
        Message::News(news) => {
            stamp(out, unix, format);
            news::render(news, out);
        }
        Message::Past { past, is_elsewhere } => dated(out, past, *is_elsewhere, format),
        Message::Connection(about) => connection::render(about, format, out),
        Message::Answer(answer) => self::answer(out, answer, format),
        Message::Program(_) => {}
    }
}

/// Whether the message is told as it happens, so that a stamp may stand before it.
pub(crate) fn is_stamped(message: &Message) -> bool {
    match message {
        Message::News(_) => true,
        Message::Past { .. }
        | Message::Connection(_)
        | Message::Answer(_)
        | Message::Program(_) => false,
    }
}

/// Whether people with this format do not see the message of a room. `is_elsewhere` tells that the room is not their
/// current one.
pub(crate) fn is_hidden(message: &Message, format: Format, is_elsewhere: bool) -> bool {
    match message {
        Message::News(news) => {
            format.quiet && news.is_coming_or_going()
                || is_elsewhere && news.is_for_everyone()
                || !format.is_for_programs() && news.is_for_programs()
        }
        Message::Past { .. }
        | Message::Connection(_)
        | Message::Answer(_)
        | Message::Program(_) => false,
    }
}

fn answer(out: &mut BytesMut, answer: &Answer, format: Format) {
    match answer {
        Answer::Input(about) => line(out, &[&input::words(about)]),
        Answer::Chat(about) => chat::render(about, out),
        Answer::Rooms(about) => rooms::render(about, out),
        Answer::Hearing(about) => line(out, &[&hearing::words(about)]),
        Answer::People(about) => people::render(about, format, out),
        Answer::Away(about) => away::render(about, format, out),
        Answer::Ignoring(about) => line(out, &[&ignoring::words(about)]),
        Answer::Reading(about) => reading::render(about, format, out),
        Answer::Past(about) => past::render(about, format, out),
        Answer::Account(about) => line(out, &[&account::words(about)]),
        Answer::Order(about) => order::render(about, format, out),
        Answer::Owning(about) => line(out, &[&owning::words(about)]),
    }
}

/// An earlier message, after its date and the tag of a room that is not the reader's current one.
fn dated(out: &mut BytesMut, past: &Past, is_elsewhere: bool, format: Format) {
    let date = format!("[{}] ", Civil::at(past.unix(), format.offset));
    out.put_slice(date.as_bytes());
    let room = past.room.as_ref().filter(|_| is_elsewhere);
    out.put_slice(room.map(tag).unwrap_or_default().as_bytes());
    news::render(&past.news, out);
}

/// Appends the stamp of a format.
pub(crate) fn stamp(out: &mut BytesMut, unix: i64, format: Format) {
    let it = Civil::at(unix, format.offset);
    // Writing to a buffer that grows never fails.
    let _ = match format.stamp {
        Stamp::Off => Ok(()),
        Stamp::Clock => write!(out, "[{:02}:{:02}] ", it.hour, it.minute),
        Stamp::Full => write!(out, "[{it}:{:02}] ", it.second),
    };
}

/// The header over lines with dates, which names the reader's time zone.
fn header(out: &mut BytesMut, lines: &str, format: Format) {
    let utc = match format.offset == Offset::default() {
        true => "",
        false => "UTC",
    };
    let zone = format!("times in {utc}{}", format.offset);
    line(out, &["-- ", lines, ", ", &zone, " --"]);
}

/// What stands before a line of a room that is not the reader's current one. Nobody can type a line that begins so,
/// because no name begins with a `#`.
pub(crate) fn tag(room: &RoomName) -> String {
    format!("{room} ")
}

/// Several names in a sentence: `#den, #tea and #ops`.
fn names(mut names: Vec<String>) -> String {
    let last = names.pop().unwrap_or_default();
    match names.is_empty() {
        true => last,
        false => format!("{} and {last}", names.join(", ")),
    }
}

/// Appends one line of these parts.
fn line(out: &mut BytesMut, parts: &[&str]) {
    for part in parts {
        out.put_slice(part.as_bytes());
    }
    out.put_slice(b"\r\n");
}

#[cfg(test)]
mod tests;
