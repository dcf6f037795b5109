//! Texts and times in a state, which are checked as they are read.

use std::sync::Arc;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

use crate::journal::{TYPED_BYTES, check_text, check_time, is_id};

/// One line of clean text, which people read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(in crate::chat) struct Text(Arc<str>);

/// Milliseconds since 1970-01-01 00:00 UTC, not so far away that a sum could overflow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(in crate::chat) struct Time(pub(in crate::chat) i64);

/// The id of an object of a program, as it is written back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(in crate::chat) struct Id(pub(in crate::chat) Arc<str>);

/// The same text, if there is one.
pub(in crate::chat) fn text(it: &Option<Arc<str>>) -> Option<Text> {
    it.clone().map(Text)
}

/// Whether a number can be one of entries, of lines or the like: one can be added to it.
pub(super) fn is_counted(number: u64) -> bool {
    number < 1 << 53
}

impl From<&str> for Text {
    fn from(it: &str) -> Text {
        Text(it.into())
    }
}

impl From<&Arc<str>> for Text {
    fn from(it: &Arc<str>) -> Text {
        Text(it.clone())
    }
}

impl From<Text> for Arc<str> {
    fn from(it: Text) -> Arc<str> {
        it.0
    }
}

impl From<Text> for Box<str> {
    fn from(it: Text) -> Box<str> {
        (&*it.0).into()
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Text, D::Error> {
        let text = <Arc<str>>::deserialize(from)?;
        check_text(&text, TYPED_BYTES).map_err(D::Error::custom)?;
        Ok(Text(text))
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Time, D::Error> {
        let time = i64::deserialize(from)?;
        check_time(Some(time)).map_err(D::Error::custom)?;
        Ok(Time(time))
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Id, D::Error> {
        let id = <Arc<str>>::deserialize(from)?;
        match is_id(&id) {
            true => Ok(Id(id)),
            false => Err(D::Error::custom("no id")),
        }
    }
}
