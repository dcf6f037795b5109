//! The lines of the file: how news are written there, and how they are read again.
//!
//! Anybody may have edited the file. So what is read has no control character, and its names are names.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;
use std::sync::Arc;

use rusqlite::Row;
use rusqlite::types::ValueRef;

use crate::id::PersonId;
use crate::limits::HISTORY_BYTES;
use crate::message::{News, Past};
use crate::name::{RoomName, Username};
use crate::wire::clean;

use super::erasing::account;

/// The kind of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Somebody said it.
    Said,
    /// Somebody did it.
    Did,
    /// Somebody set the topic of the room. It becomes the topic in the file too.
    Topic,
    /// Lines were not kept here. The text is their number.
    Gap,
}

/// What of a message goes into the file.
#[derive(Debug)]
pub(super) struct Line<'a> {
    pub(super) room: &'a RoomName,
    pub(super) from: &'a Username,
    pub(super) kind: Kind,
    /// What is said or done, or a room's topic, which is empty if it was removed.
    pub(super) text: &'a str,
}

/// The columns of a line as they are read, by [`Lines::read`].
pub(super) const COLUMNS: &str =
    "message.id, message.seq, message.at, message.room, room.name, message.sender, person.name,
    message.person, message.kind, message.body, message.account";

/// What belongs to them. The tables stand in the order in which they are to be read.
pub(super) const NAMES: &str =
    "CROSS JOIN room ON room.id = message.room LEFT JOIN person ON person.id = message.sender";

/// Reads lines. Names that many lines share are taken apart once.
#[derive(Debug, Default)]
pub(super) struct Lines {
    rooms: HashMap<i64, RoomName>,
    people: HashMap<i64, Username>,
}

impl Kind {
    /// The kind as the file has it.
    pub(super) fn number(self) -> i64 {
        match self {
            Kind::Said => 0,
            Kind::Did => 1,
            Kind::Topic => 2,
            Kind::Gap => 3,
        }
    }

    /// The kind of a number in the file.
    pub(super) fn of(number: i64) -> Option<Kind> {
        let kinds = [Kind::Said, Kind::Did, Kind::Topic, Kind::Gap];
        kinds.into_iter().find(|it| it.number() == number)
    }

    /// Whether lines of this kind are found by their words.
    pub(super) fn is_indexed(self) -> bool {
        matches!(self, Kind::Said | Kind::Did)
    }

    fn news(self, from: Username, text: Arc<str>) -> News {
        match self {
            Kind::Said => News::Said { from, text },
            Kind::Did => News::Action { from, text },
            Kind::Topic => {
                let topic = Some(text).filter(|it| !it.is_empty());
                News::TopicSet { by: from, topic }
            }
            Kind::Gap => News::NotKept(text.parse().unwrap_or_default()),
        }
    }
}

impl<'a> Line<'a> {
    /// The line, if messages of this kind are kept.
    pub(super) fn of(past: &'a Past) -> Option<Line<'a>> {
        let (kind, from, text) = match &past.news {
            News::Said { from, text } => (Kind::Said, from, &**text),
            News::Action { from, text } => (Kind::Did, from, &**text),
            News::TopicSet { by, topic } => (Kind::Topic, by, topic.as_deref().unwrap_or("")),
            _ => return None,
        };
        let room = past.room.as_ref()?;
        Some(Line {
            room,
            from,
            kind,
            text,
        })
    }
}

impl Lines {
    /// Reads a line of [`COLUMNS`], with its number in the file.
    pub(super) fn read(&mut self, row: &Row<'_>) -> rusqlite::Result<(i64, Past)> {
        let none = || rusqlite::Error::InvalidQuery;
        let kind = number(row, 8)?.and_then(Kind::of).ok_or_else(none)?;
        let room = match self.rooms.entry(row.get(3)?) {
            Entry::Occupied(it) => it.get().clone(),
            Entry::Vacant(it) => {
                let name = room_name(&text(row, 4)?).ok_or_else(none)?;
                it.insert(name).clone()
            }
        };
        let from = match self.people.entry(number(row, 5)?.unwrap_or(0)) {
            Entry::Occupied(it) => it.get().clone(),
            Entry::Vacant(it) => {
                let name = username(&text(row, 6)?).ok_or_else(none)?;
                it.insert(name).clone()
            }
        };
        let past = Past {
            seq: number(row, 1)?.map_or(0, |it| it.max(0) as u64),
            at: number(row, 2)?.unwrap_or(0),
            author: PersonId(number(row, 7)?.unwrap_or(0) as u64),
            account: account(row, 10)?,
            room: Some(room),
            news: kind.news(from, text(row, 9)?),
        };
        Ok((row.get(0)?, past))
    }
}

/// A text of the file, clean and of bounded size. It is empty if there is none.
pub(super) fn text(row: &Row<'_>, column: usize) -> rusqlite::Result<Arc<str>> {
    let bytes = match row.get_ref(column)? {
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes,
        ValueRef::Null | ValueRef::Integer(_) | ValueRef::Real(_) => &[],
    };
    let text = clean(bytes);
    let mut end = text.len().min(HISTORY_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    Ok(text[..end].into())
}

/// A text of the file as the index has it. It is empty if there is none.
pub(super) fn indexed_text<'r>(row: &'r Row<'_>, column: usize) -> rusqlite::Result<Cow<'r, str>> {
    Ok(match row.get_ref(column)? {
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => String::from_utf8_lossy(bytes),
        ValueRef::Null | ValueRef::Integer(_) | ValueRef::Real(_) => "".into(),
    })
}

/// A number of the file, if there is one.
pub(super) fn number(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<i64>> {
    Ok(match row.get_ref(column)? {
        ValueRef::Integer(number) => Some(number),
        _ => None,
    })
}

/// A name of a person in the file.
pub(super) fn username(text: &str) -> Option<Username> {
    Username::parse_any(text).or_else(|| Username::parse(UNKNOWN).ok())
}

/// A name that must be one.
pub(super) fn a_name(text: &Arc<str>) -> rusqlite::Result<Username> {
    username(text).ok_or(rusqlite::Error::InvalidQuery)
}

/// An address in the form in which the file has it.
pub(super) fn address(text: &str) -> Option<IpAddr> {
    text.parse().ok()
}

/// The number of an entry.
pub(super) fn positive(number: Option<i64>) -> u64 {
    number.map_or(0, |it| it.max(0) as u64)
}

/// A name of a room in the file.
pub(super) fn room_name(text: &str) -> Option<RoomName> {
    let name = RoomName::parse(text).or_else(|_| RoomName::parse(UNKNOWN));
    name.ok()
}

/// The name in place of one that is none.
const UNKNOWN: &str = "unknown";
