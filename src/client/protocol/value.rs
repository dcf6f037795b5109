//! `Value`: an object of the server, as far as it matters here. Members that mean nothing are read and forgotten, however
//! large or deep they are.
//!
//! This holds for every object, whoever sent it: its values take memory in proportion to its length, and there are at most
//! [`VALUES`] of them. Every text is clean: it drives no terminal.

use std::cell::Cell;
use std::fmt;

use serde_core::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::limits::LINE_BYTES_RANGE;
use crate::wire::clean;

/// Bytes of a text: the longest line that any server may pass on. What is beyond is cut off.
const TEXT_BYTES: usize = *LINE_BYTES_RANGE.end() + 1024;

/// How many values one object may have: more than a welcome to 16 rooms with 200 people each.
const VALUES: usize = 32 * 1024;

/// How deep values may stand in each other: a name in a person in the people of a room among the rooms.
const DEPTH: usize = 6;

/// The members that mean something.
#[rustfmt::skip]
const NAMES: [&str; 39] = [
    "event", "re", "seq", "at", "past", "room", "from", "to", "by", "name", "person", "text", "why", "sent", "reason",
    "topic", "current", "rooms", "people", "more", "away", "listens", "count", "lines", "kind", "code", "again", "after",
    "limits", "rate", "journal", "resume", "keep", "resumed", "motd", "protocol", "accounts", "tls", "seqs",
];

/// A value of JSON.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Text(String),
    /// A whole number that is not negative.
    Number(u64),
    Flag(bool),
    List(Vec<Value>),
    Object(Object),
    /// Anything else.
    Other,
}

/// If a member comes twice, the last one counts.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Object(Vec<(&'static str, Value)>);

impl Object {
    /// Reads a line that is an object.
    pub(super) fn parse(line: &[u8]) -> Option<Object> {
        let left = Cell::new(VALUES);
        let seed = Seed {
            depth: DEPTH,
            left: &left,
        };
        let mut json = serde_json::Deserializer::from_slice(line);
        match seed.deserialize(&mut json).ok()? {
            Value::Object(object) => json.end().is_ok().then_some(object),
            _ => None,
        }
    }

    fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().rev().find(|it| it.0 == name).map(|it| &it.1)
    }

    /// A member, if it is a text.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        match self.get(name)? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A member, if it is a number.
    pub(super) fn number(&self, name: &str) -> Option<u64> {
        match self.get(name)? {
            Value::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// Whether a member is `true`.
    pub(super) fn flag(&self, name: &str) -> bool {
        self.get(name) == Some(&Value::Flag(true))
    }

    /// A member, if it is an object.
    pub(super) fn object(&self, name: &str) -> Option<&Object> {
        match self.get(name)? {
            Value::Object(object) => Some(object),
            _ => None,
        }
    }

    /// The values of a member, if it is a list. `None`: it is none.
    pub(super) fn list(&self, name: &str) -> Option<&[Value]> {
        match self.get(name)? {
            Value::List(values) => Some(values),
            _ => None,
        }
    }

    /// The objects in a list.
    pub(super) fn objects(&self, name: &str) -> impl Iterator<Item = &Object> {
        let values = self.list(name).unwrap_or_default().iter();
        values.filter_map(|it| match it {
            Value::Object(object) => Some(object),
            _ => None,
        })
    }

    /// The texts in a list.
    pub(super) fn texts(&self, name: &str) -> impl Iterator<Item = &str> {
        let values = self.list(name).unwrap_or_default().iter();
        values.filter_map(|it| match it {
            Value::Text(text) => Some(text.as_str()),
            _ => None,
        })
    }
}

/// Reads a value that may have so much in it.
#[derive(Clone, Copy)]
struct Seed<'a> {
    depth: usize,
    /// How many more values the whole object may have.
    left: &'a Cell<usize>,
}

impl Seed<'_> {
    /// The seed of a value within this one. `None`: what stands there is left out.
    fn within(self) -> Option<Self> {
        let left = self.left.get().checked_sub(1)?;
        self.left.set(left);
        let depth = self.depth.checked_sub(1)?;
        Some(Seed { depth, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        let mut end = text.len().min(TEXT_BYTES);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        Ok(Value::Text(clean(&text.as_bytes()[..end]).into_owned()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(Value::Number(number))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Value, E> {
        Ok(Value::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Value, E> {
        Ok(Value::Other)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Flag(flag))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(within) = self.within() {
            match list.next_element_seed(within)? {
                Some(value) => values.push(value),
                None => return Ok(Value::List(values)),
            }
        }
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Value::List(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut members = Vec::new();
        while let Some(name) = map.next_key_seed(NameSeed)? {
            match name.and_then(|name| Some((name, self.within()?))) {
                Some((name, within)) => members.push((name, map.next_value_seed(within)?)),
                None => _ = map.next_value::<IgnoredAny>()?,
            }
        }
        Ok(Value::Object(Object(members)))
    }
}

/// Reads the name of a member. `None`: it means nothing.
struct NameSeed;

impl<'de> DeserializeSeed<'de> for NameSeed {
    type Value = Option<&'static str>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_str(self)
    }
}

impl Visitor<'_> for NameSeed {
    type Value = Option<&'static str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(NAMES.into_iter().find(|it| *it == name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(line: &str) -> Object {
        Object::parse(line.as_bytes()).expect(line)
    }

    #[test]
    fn what_means_nothing_is_left_out_and_texts_are_clean() {
        let it = object(
            r#"{"event":"said","text":"a\u001b[2Jb","seq":7,"past":true,"new":{"text":[1,{}]},"away":null,
                "seq":8,"rate":-1,"after":1.5,"rooms":["x",{"room":"den","listens":false}]}"#,
        );
        assert_eq!(it.text("event"), Some("said"));
        assert_eq!(it.text("text"), Some("a␛[2Jb"));
        assert_eq!(it.number("seq"), Some(8));
        assert!(it.flag("past") && !it.flag("current"));
        assert_eq!(it.get("new"), None);
        for name in ["away", "rate", "after"] {
            assert_eq!(it.get(name), Some(&Value::Other), "{name}");
        }
        assert_eq!(it.texts("rooms").collect::<Vec<_>>(), ["x"]);
        let rooms: Vec<&Object> = it.objects("rooms").collect();
        assert_eq!(rooms[0].text("room"), Some("den"));
    }

    #[test]
    fn only_one_whole_object_is_one() {
        for line in ["", "1", "[]", "{", "{} {}", "{}x", "null", "\"{}\""] {
            assert_eq!(Object::parse(line.as_bytes()), None, "{line}");
        }
        assert_eq!(Object::parse(b"{}"), Some(Object::default()));
    }

    #[test]
    fn no_object_takes_more_than_its_share() {
        let many = format!("{{\"rooms\":[{}0]}}", "0,".repeat(10 * VALUES));
        let listed = object(&many);
        assert!(listed.list("rooms").is_some_and(|it| it.len() < VALUES));
        let deep = "{\"text\":".repeat(50) + "1" + &"}".repeat(50);
        let mut depth = 0;
        let mut it = Some(&object(&deep)).cloned();
        while let Some(object) = it {
            depth += 1;
            it = object.object("text").cloned();
        }
        assert_eq!(depth, DEPTH + 1);
        let deeper = "{\"x\":".repeat(5_000) + "1" + &"}".repeat(5_000);
        assert!(Object::parse(deeper.as_bytes()).is_some());
    }
}
