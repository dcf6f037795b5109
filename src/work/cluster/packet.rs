//! `Packet`: some acts of one server as one entry of the stream. This file knows nothing of Redis but that an entry has
//! fields.
//!
//! What always holds: an entry has at least one act; its acts have numbers in a row, which begin with 1 in each epoch.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::limits::cluster::{PACKET_ACTS, PACKET_BYTES};

/// The version of the fields. The acts have versions of their own.
const VERSION: &[u8] = b"1";

/// Some acts of one server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet<A> {
    /// The server.
    pub node: Arc<str>,
    /// Its epoch: a random number for each start.
    pub epoch: u64,
    /// The number of the first act.
    pub first: u64,
    /// The acts, with numbers in a row.
    pub acts: Vec<A>,
}

/// Acts as they are sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sealed {
    pub(super) first: u64,
    /// At least one.
    pub(super) count: u64,
    /// An array.
    pub(super) json: String,
}

/// Why an entry cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unreadable {
    Version(String),
    Missing(&'static str),
    Wrong(&'static str),
    Acts(String),
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unreadable::Version(version) => {
                write!(f, "it is of version {version}, which is not known here")
            }
            Unreadable::Missing(field) => write!(f, "it has no field {field}"),
            Unreadable::Wrong(field) => write!(f, "its field {field} is wrong"),
            Unreadable::Acts(why) => write!(f, "its acts are not known here: {why}"),
        }
    }
}

impl<A> Packet<A> {
    /// The number of the last act.
    pub fn last(&self) -> u64 {
        self.first + self.acts.len() as u64 - 1
    }
}

impl<A: DeserializeOwned> Packet<A> {
    /// Reads an entry from its fields: a name and a value in turn. Further fields are left to later versions.
    pub(super) fn read(fields: &[&[u8]]) -> Result<Packet<A>, Unreadable> {
        let field = |name: &'static str| {
            let mut pairs = fields.chunks_exact(2);
            let found = pairs.find(|pair| pair[0] == name.as_bytes());
            found.map(|pair| pair[1]).ok_or(Unreadable::Missing(name))
        };
        let text = |name: &'static str| {
            std::str::from_utf8(field(name)?).map_err(|_| Unreadable::Wrong(name))
        };
        let version = field("v")?;
        if version != VERSION {
            let version: String = String::from_utf8_lossy(version).chars().take(20).collect();
            return Err(Unreadable::Version(version.escape_default().to_string()));
        }
        let node = text("n")?;
        if !super::options::is_node(node) {
            return Err(Unreadable::Wrong("n"));
        }
        let epoch = u64::from_str_radix(text("e")?, 16).map_err(|_| Unreadable::Wrong("e"))?;
        let first = text("f")?.parse().ok().filter(|&it: &u64| it > 0);
        let first = first.ok_or(Unreadable::Wrong("f"))?;
        let count = text("c")?.parse().ok().filter(|&it: &u64| it > 0);
        let count = count.ok_or(Unreadable::Wrong("c"))?;
        let acts: Vec<A> =
            serde_json::from_slice(field("a")?).map_err(|why| Unreadable::Acts(why.to_string()))?;
        if acts.len() as u64 != count || first.checked_add(count).is_none() {
            return Err(Unreadable::Wrong("c"));
        }
        Ok(Packet {
            node: node.into(),
            epoch,
            first,
            acts,
        })
    }
}

impl Sealed {
    /// Cuts acts with numbers in a row into as few entries as the bounds allow.
    ///
    /// # Errors
    ///
    /// An act cannot be written as JSON.
    pub(super) fn cut<A: Serialize>(first: u64, acts: &[A]) -> Result<Vec<Sealed>, String> {
        let mut cut: Vec<Sealed> = Vec::new();
        for (number, act) in (first..).zip(acts) {
            let act = serde_json::to_string(act).map_err(|why| why.to_string())?;
            let room = cut.last_mut().filter(|it| {
                // A comma, and the bracket that is taken out and put back.
                it.count < PACKET_ACTS as u64 && it.json.len() + 1 + act.len() <= PACKET_BYTES
            });
            match room {
                Some(open) => {
                    open.json.pop();
                    open.json.push(',');
                    open.json.push_str(&act);
                    open.json.push(']');
                    open.count += 1;
                }
                None => cut.push(Sealed {
                    first: number,
                    count: 1,
                    json: format!("[{act}]"),
                }),
            }
        }
        Ok(cut)
    }

    /// The number of the last act.
    pub(super) fn last(&self) -> u64 {
        self.first + self.count - 1
    }

    /// The fields of the entry, with their names.
    pub(super) fn fields(&self, node: &str, epoch: u64) -> [Vec<u8>; 12] {
        let epoch = format!("{epoch:016x}");
        let (first, count) = (self.first.to_string(), self.count.to_string());
        let v = String::from_utf8_lossy(VERSION);
        let pairs = [
            "v", &*v, "n", node, "e", &epoch, "f", &first, "c", &count, "a", &self.json,
        ];
        pairs.map(|it| it.as_bytes().to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{Strategy, any, proptest};

    fn read<A: DeserializeOwned>(fields: &[Vec<u8>]) -> Result<Packet<A>, Unreadable> {
        let fields: Vec<&[u8]> = fields.iter().map(Vec::as_slice).collect();
        Packet::read(&fields)
    }

    fn acts() -> impl Strategy<Value = Vec<String>> {
        let act = (any::<String>(), 0..3000usize).prop_map(|(text, more)| text + &"x".repeat(more));
        proptest::collection::vec(act, 1..100)
    }

    proptest! {
        #[test]
        fn acts_are_read_as_they_were_cut(acts in acts(), first in 1..u64::MAX / 2, epoch: u64) {
            let cut = Sealed::cut(first, &acts).expect("texts");
            let mut next = first;
            let mut back = Vec::new();
            for sealed in &cut {
                assert!(sealed.count <= PACKET_ACTS as u64);
                assert!(sealed.json.len() <= PACKET_BYTES || sealed.count == 1);
                let packet: Packet<String> = read(&sealed.fields("n1", epoch)).expect("a packet");
                assert_eq!((packet.first, packet.epoch, &*packet.node), (next, epoch, "n1"));
                assert_eq!(packet.last(), sealed.last());
                next = packet.last() + 1;
                back.extend(packet.acts);
            }
            assert_eq!(back, acts);
            for pair in cut.windows(2) {
                let together = pair[0].json.len() + pair[1].json.len() - 1;
                let fits = together <= PACKET_BYTES && pair[0].count + pair[1].count <= PACKET_ACTS as u64;
                assert!(!fits, "two entries where one would do");
            }
        }
    }

    #[test]
    fn what_cannot_be_read_says_why() {
        let sealed = Sealed::cut(7, &["a", "b"]).expect("texts").remove(0);
        let good = sealed.fields("n1", 5);
        assert!(read::<String>(&good).is_ok());
        let with = |field: usize, value: &str| {
            let mut fields = good.to_vec();
            fields[field] = value.into();
            read::<String>(&fields).expect_err("a fault")
        };
        assert_eq!(with(1, "2"), Unreadable::Version("2".into()));
        assert_eq!(with(3, "a b"), Unreadable::Wrong("n"));
        assert_eq!(with(5, "g"), Unreadable::Wrong("e"));
        assert_eq!(with(7, "0"), Unreadable::Wrong("f"));
        assert_eq!(with(9, "3"), Unreadable::Wrong("c"));
        assert_eq!(with(10, "z"), Unreadable::Missing("a"));
        assert!(matches!(with(11, "[1,2]"), Unreadable::Acts(_)));
        let fields: Vec<Vec<u8>> = good[..10].to_vec();
        assert_eq!(read::<String>(&fields), Err(Unreadable::Missing("a")));
    }
}
