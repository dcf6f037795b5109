//! `Members`: the members of an object that mean something. Everything else in it is read and forgotten, however large or
//! deep it is.

use std::fmt;

use serde_core::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::account::Secret;

/// The members that any object may have.
const NAMES: [&str; 17] = [
    "id", "op", "name", "text", "room", "current", "to", "line", "before", "count", "query",
    "password", "old", "new", "resume", "since", "journal",
];

/// Those of them that are passwords or tokens.
const SECRETS: [&str; 4] = ["password", "old", "new", "resume"];

/// A value, as far as it matters.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Member {
    Text(String),
    /// A text that is shown to nobody.
    Secret(Secret),
    /// A whole number.
    Number(i64),
    Flag(bool),
    Null,
    /// Of another type, or another number.
    Other,
}

impl Member {
    /// The same, but a text is shown to nobody.
    fn hidden(self) -> Member {
        match self {
            Member::Text(text) => Member::Secret(Secret::new(&text)),
            Member::Secret(_)
            | Member::Number(_)
            | Member::Flag(_)
            | Member::Null
            | Member::Other => self,
        }
    }
}

/// If a member comes twice, the last one counts.
#[derive(Debug, Default)]
pub(super) struct Members([Option<Member>; NAMES.len()]);

impl Members {
    /// A member that is there and not null. Its name is one of [`NAMES`].
    pub(super) fn get(&self, name: &str) -> Option<&Member> {
        let at = NAMES.iter().position(|it| *it == name)?;
        self.0[at].as_ref().filter(|it| **it != Member::Null)
    }

    /// All passwords.
    pub(super) fn secrets(&self) -> impl Iterator<Item = &Secret> {
        self.0.iter().filter_map(|it| match it {
            Some(Member::Secret(secret)) => Some(secret),
            _ => None,
        })
    }

    /// A member, if it is a text.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        match self.get(name)? {
            Member::Text(text) => Some(text),
            Member::Secret(_)
            | Member::Number(_)
            | Member::Flag(_)
            | Member::Null
            | Member::Other => None,
        }
    }
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Members, D::Error> {
        from.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
        let mut members = Members::default();
        while let Some(name) = map.next_key::<String>()? {
            match NAMES.iter().position(|it| *it == name) {
                Some(at) => {
                    let value: Member = map.next_value()?;
                    let hides = SECRETS.contains(&name.as_str());
                    let value = if hides { value.hidden() } else { value };
                    members.0[at] = Some(value);
                }
                None => _ = map.next_value::<IgnoredAny>()?,
            }
        }
        Ok(members)
    }
}

impl<'de> Deserialize<'de> for Member {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Member, D::Error> {
        from.deserialize_any(MemberVisitor)
    }
}

struct MemberVisitor;

impl<'de> Visitor<'de> for MemberVisitor {
    type Value = Member;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_str<E>(self, text: &str) -> Result<Member, E> {
        Ok(Member::Text(text.into()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Member, E> {
        Ok(Member::Number(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Member, E> {
        Ok(i64::try_from(number).map_or(Member::Other, Member::Number))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Member, E> {
        Ok(Member::Other)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Member, E> {
        Ok(Member::Flag(flag))
    }

    fn visit_unit<E>(self) -> Result<Member, E> {
        Ok(Member::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Member, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Member::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Member, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Member::Other)
    }
}
