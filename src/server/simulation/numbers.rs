//! `Numbers`: objects are compared with those that are owed, apart from numbers that only the server gives. The model has
//! numbers of its own for entries and people; which of them is which of the server's must be the same for all readers.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use crate::dice::Dice;
use crate::wire::machine::Op;

use super::record::{Happened, Told, What};

/// What stands for the number of an entry, or of a person, is more than this, so that an object of the model is never
/// shorter than that of the server.
pub(super) const OWN: u64 = 4_000_000_000_000_000;

/// The server's numbers by those of the model.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    /// Entries come in the same order here and there.
    entries: BTreeMap<u64, u64>,
    people: HashMap<u64, u64>,
    /// The other way round.
    own: HashMap<u64, u64>,
    /// The life of the journal.
    journal: Option<String>,
    /// The last entry of a server that was killed.
    lost: Option<u64>,
}

impl Numbers {
    /// Compares the line that stands first in what was read with an object that is owed. Returns its length if it is that.
    pub(super) fn meet(&mut self, read: &[u8], owed: &[u8]) -> Result<Option<usize>, String> {
        let Some(end) = read.iter().position(|&byte| byte == b'\n') else {
            return Ok(None);
        };
        let Ok(read) = serde_json::from_slice::<Value>(&read[..end]) else {
            return Ok(None);
        };
        let owed: Value = serde_json::from_slice(owed).map_err(|error| error.to_string())?;
        let mut met = Vec::new();
        if !is_alike("", &read, &owed, &mut met) {
            return Ok(None);
        }
        for (name, read_there, owed_there) in met {
            match (name, owed["event"].as_str()) {
                ("seq", Some("pong" | "welcome")) => self.check_pong(read_there, owed_there)?,
                _ => self.note(name, read_there, owed_there)?,
            }
        }
        Ok(Some(end + 1))
    }

    /// Another server goes on, with another journal. It may not know the numbers up to this entry.
    pub(super) fn go_on(&mut self, lost: Option<u64>) {
        (self.journal, self.lost) = (None, lost);
    }

    /// Whether this was the last entry of a server that was killed.
    pub(super) fn is_lost(&self, entry: u64) -> bool {
        self.lost == Some(entry)
    }

    /// A number of the server that somebody was told, or one that is before or behind all of them.
    pub(super) fn pick(&self, dice: &mut Dice) -> u64 {
        let known = self.entries.len();
        match dice.below(6) {
            0 => 0,
            1 => 1 << 52,
            _ if known == 0 => 0,
            _ => self
                .entries
                .values()
                .nth(dice.below(known))
                .copied()
                .unwrap_or(0),
        }
    }

    /// What the hub was told, with the model's number in place of the server's, if it has one.
    pub(super) fn own(&self, told: &Told) -> Option<Told> {
        let What::Event(peer, Happened::Object(object)) = &told.what else {
            return None;
        };
        let mut object = object.clone();
        let (Op::History { before, .. } | Op::Search { before, .. }) = &mut object.op else {
            return None;
        };
        let before = before.as_mut()?;
        let mut entries = self.entries.iter();
        *before = match entries.find(|(_, read)| **read == *before) {
            Some((own, _)) => *own,
            None => before.saturating_mul(2 * OWN),
        };
        Some(Told {
            now: told.now,
            what: What::Event(*peer, Happened::Object(object)),
            is_put_off: told.is_put_off,
        })
    }

    fn note(&mut self, name: &str, read: &Value, owed: &Value) -> Result<(), String> {
        if name == "journal" {
            let read = read.as_str().ok_or("a journal is no text")?;
            let known = self.journal.get_or_insert_with(|| read.into());
            return is(*known == read, || "another journal".into());
        }
        let (Some(read), Some(owed)) = (read.as_u64(), owed.as_u64()) else {
            return Err(format!("{name} is {read}, not {owed}"));
        };
        let (known, back) = match name {
            "seq" => (self.entries.insert(owed, read), None),
            _ => (self.people.insert(owed, read), self.own.insert(read, owed)),
        };
        let is_known = known.is_none_or(|it| it == read) && back.is_none_or(|it| it == owed);
        is(is_known, || {
            format!("{name} is {read} here, and was {known:?}")
        })?;
        if name != "seq" {
            return Ok(());
        }
        let before = self.entries.range(..owed).next_back();
        let behind = self.entries.range(owed + 1..).next();
        let is_between =
            before.is_none_or(|(_, it)| *it < read) && behind.is_none_or(|(_, it)| *it > read);
        is(is_between, || format!("seq {read} is not in order"))
    }

    /// A pong has the number of the last entry, and so does a welcome. Nobody may have been told of that one.
    fn check_pong(&self, read: &Value, owed: &Value) -> Result<(), String> {
        let (read, owed) = (read.as_u64().unwrap_or(0), owed.as_u64().unwrap_or(0));
        let before = self.entries.range(..=owed).next_back();
        let before = before.filter(|_| !self.is_lost(owed));
        let behind = self.entries.range(owed + 1..).next();
        let is_between =
            before.is_none_or(|(_, it)| *it <= read) && behind.is_none_or(|(_, it)| *it > read);
        is(is_between, || format!("a pong has the number {read}"))
    }
}

fn is(is_so: bool, else_what: impl FnOnce() -> String) -> Result<(), String> {
    is_so.then_some(()).ok_or_else(else_what)
}

/// Whether two values are alike apart from such numbers, which are gathered.
fn is_alike<'v>(
    name: &'v str,
    read: &'v Value,
    owed: &'v Value,
    met: &mut Vec<(&'v str, &'v Value, &'v Value)>,
) -> bool {
    match (read, owed) {
        _ if ["seq", "person", "journal"].contains(&name) && !owed.is_object() => {
            met.push((name, read, owed));
            true
        }
        (Value::Object(read), Value::Object(owed)) => {
            read.len() == owed.len()
                && owed.iter().all(|(name, owed)| {
                    let read = read.get(name);
                    read.is_some_and(|read| is_alike(name, read, owed, met))
                })
        }
        (Value::Array(read), Value::Array(owed)) => {
            read.len() == owed.len()
                && read
                    .iter()
                    .zip(owed)
                    .all(|(read, owed)| is_alike("", read, owed, met))
        }
        (read, owed) => read == owed,
    }
}
