//! The stream: what is asked of it, and how the answers are read.

use std::hash::{DefaultHasher, Hasher};

use redis::{Cmd, Value, cmd};
use serde::de::DeserializeOwned;

use crate::limits::cluster::READ_ENTRIES;

use super::connection::{Trouble, array, bytes, number, out_of_step, refusal};
use super::error::Error;
use super::id::{Position, StreamId};
use super::packet::{Packet, Sealed};

/// An entry of the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry<A> {
    /// Where it stands.
    pub id: StreamId,
    /// What it says.
    pub packet: Packet<A>,
}

/// An entry as Redis has it.
pub(super) struct Raw<'a> {
    pub(super) id: StreamId,
    /// Names and values in turn.
    fields: Vec<&'a [u8]>,
}

/// What the stream is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Shape {
    pub(super) length: u64,
    /// The last entry that ever was.
    pub(super) tail: StreamId,
    /// How many ever were.
    pub(super) added: u64,
    /// The first that is there.
    pub(super) first: Option<StreamId>,
}

/// Asks for what the stream is.
pub(super) fn ask_shape(key: &str) -> Cmd {
    let mut it = cmd("XINFO");
    it.arg("STREAM").arg(key);
    it
}

/// Asks for the entries behind an id, of which there may be none. With `block`, it waits so many milliseconds for one.
pub(super) fn ask_behind(key: &str, id: StreamId, block: Option<u128>) -> Cmd {
    let mut it = cmd("XREAD");
    it.arg("COUNT").arg(READ_ENTRIES);
    if let Some(millis) = block {
        it.arg("BLOCK").arg(millis.to_string());
    }
    it.arg("STREAMS").arg(key).arg(id.to_string());
    it
}

/// Asks for one entry.
pub(super) fn ask_at(key: &str, id: StreamId) -> Cmd {
    let mut it = cmd("XRANGE");
    it.arg(key).arg(id.to_string()).arg(id.to_string());
    it
}

/// Adds an entry.
pub(super) fn add(key: &str, most: u64, node: &str, epoch: u64, packet: &Sealed) -> Cmd {
    let mut it = cmd("XADD");
    it.arg(key).arg("MAXLEN").arg("~").arg(most).arg("*");
    for field in packet.fields(node, epoch) {
        it.arg(field);
    }
    it
}

/// Removes what is older than a time, in Unix milliseconds. Not only about so old: of a quiet stream nothing would ever be
/// removed then, as Redis removes a hundred entries together.
pub(super) fn trim(key: &str, millis: u64) -> Cmd {
    let mut it = cmd("XTRIM");
    it.arg(key).arg("MINID").arg("=").arg(millis.to_string());
    it
}

impl Shape {
    /// Reads an answer. There may be no stream yet, which is as if it were empty.
    pub(super) fn read(answer: &Value) -> Result<Shape, Trouble> {
        if let Value::ServerError(error) = answer
            && error.details().is_some_and(|it| it.contains("no such key"))
        {
            return Ok(Shape::default());
        }
        if let Some(trouble) = refusal(answer) {
            return Err(trouble);
        }
        let field = |name: &str| {
            let mut pairs = array(answer).chunks_exact(2);
            let found = pairs.find(|pair| bytes(&pair[0]) == Some(name.as_bytes()));
            found.map(|pair| &pair[1])
        };
        let count = |name| {
            field(name)
                .and_then(number)
                .and_then(|it| it.try_into().ok())
        };
        let tail = field("last-generated-id").and_then(bytes);
        let first = field("first-entry").map(array).and_then(<[Value]>::first);
        Ok(Shape {
            length: count("length").ok_or_else(out_of_step)?,
            tail: tail.and_then(StreamId::parse).ok_or_else(out_of_step)?,
            added: count("entries-added").ok_or_else(out_of_step)?,
            first: first.and_then(bytes).and_then(StreamId::parse),
        })
    }

    /// Why a position is no longer one of this stream, if it is not. `here` is the hash of the entry that is there now, if
    /// there is one.
    pub(super) fn misses(&self, at: &Position, here: Option<u64>) -> Option<&'static str> {
        if at.id > self.tail {
            return Some("Redis came back with an older state, or an empty one");
        }
        let is_another = matches!((at.print, here), (Some(then), Some(now)) if then != now);
        let is_missing = here.is_none() && self.first.is_some_and(|it| it <= at.id);
        if at.id != StreamId::default() && (is_another || is_missing) {
            return Some("Redis came back with another state");
        }
        // How many entries ever were before the first that is there.
        let removed = self.added.saturating_sub(self.length);
        if removed > at.ordinal {
            return Some("entries were removed before they were read");
        }
        (at.ordinal > self.added).then_some("Redis came back with another state")
    }
}

impl<'a> Raw<'a> {
    fn read(value: &'a Value) -> Result<Raw<'a>, Trouble> {
        let [id, fields] = array(value) else {
            return Err(out_of_step());
        };
        let id = bytes(id).and_then(StreamId::parse);
        let fields = array(fields).iter().map(bytes).collect();
        match (id, fields) {
            (Some(id), Some(fields)) => Ok(Raw { id, fields }),
            _ => Err(out_of_step()),
        }
    }

    /// A hash that differs where the entries differ.
    pub(super) fn print(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        for field in &self.fields {
            hasher.write_usize(field.len());
            hasher.write(field);
        }
        hasher.finish()
    }

    /// The bytes of its values.
    pub(super) fn size(&self) -> usize {
        self.fields.chunks_exact(2).map(|pair| pair[1].len()).sum()
    }

    pub(super) fn open<A: DeserializeOwned>(&self, key: &str) -> Result<Entry<A>, Trouble> {
        let packet = Packet::read(&self.fields).map_err(|why| {
            let (key, id) = (key.to_string(), self.id);
            let why = format!("entry {id}: {why}");
            Trouble::Never(Error::Unreadable { key, why })
        })?;
        let id = self.id;
        Ok(Entry { id, packet })
    }
}

/// The entries of an answer to [`ask_at`].
pub(super) fn entries(answer: &Value) -> Result<Vec<Raw<'_>>, Trouble> {
    match refusal(answer) {
        Some(trouble) => Err(trouble),
        None => array(answer).iter().map(Raw::read).collect(),
    }
}

/// The entries of an answer to [`ask_behind`].
pub(super) fn entries_behind(answer: &Value) -> Result<Vec<Raw<'_>>, Trouble> {
    if let Some(trouble) = refusal(answer) {
        return Err(trouble);
    }
    match array(answer) {
        [] => Ok(Vec::new()),
        [stream] => entries(array(stream).get(1).ok_or_else(out_of_step)?),
        _ => Err(out_of_step()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(millis: u64) -> StreamId {
        StreamId { millis, seq: 0 }
    }

    #[test]
    fn a_position_is_looked_for_in_the_stream_that_is_there() {
        // Ten entries were added, of which the last four are there: 7 to 10.
        let shape = Shape {
            length: 4,
            tail: id(10),
            added: 10,
            first: Some(id(7)),
        };
        let at = |millis, ordinal| Position {
            id: id(millis),
            ordinal,
            print: Some(3),
        };
        assert_eq!(shape.misses(&at(8, 8), Some(3)), None);
        assert_eq!(shape.misses(&at(6, 6), None), None, "the next is there");
        let cases = [
            (at(11, 11), None, "older"),
            (at(8, 8), Some(4), "another"),
            (at(8, 8), None, "another"),
            (at(5, 5), None, "removed"),
            (at(8, 11), Some(3), "another"),
        ];
        for (position, here, why) in cases {
            let said = shape.misses(&position, here).expect(why);
            assert!(said.contains(why), "{position:?}: {said}");
        }
        let empty = Shape {
            length: 0,
            first: None,
            ..shape
        };
        assert_eq!(empty.misses(&at(10, 10), None), None, "it was only old");
        assert!(empty.misses(&at(9, 9), None).is_some());
        assert_eq!(Shape::default().misses(&Position::default(), None), None);
        assert!(Shape::default().misses(&at(1, 1), None).is_some());
    }
}
