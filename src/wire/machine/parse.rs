//! An object of a program to what it asks for. What the server does not know in it is ignored.

use std::sync::Arc;

use crate::account::Secret;
use crate::limits::accounts::SECRET_BYTES;
use crate::limits::{ECHOED_CHARS, ID_BYTES, ID_NUMBER};
use crate::message::{Misuse, MisuseCode};
use crate::wire::clean_typed;

use super::members::{Member, Members};
use super::{Object, Op, Position};

/// No server has this journal.
const NO_JOURNAL: u64 = u64::MAX;

/// Reads an object, which is one line or one message. `limit` is the longest text, in bytes.
///
/// # Errors
///
/// What is wrong with it, and its id if that could be read.
pub fn parse(line: &[u8], limit: usize) -> Result<Object, (Option<Arc<str>>, Misuse)> {
    let misuse = |id, code, sentence: String| {
        let sentence = sentence.into();
        Err((id, Misuse { code, sentence }))
    };
    let members: Members = match serde_json::from_slice(line) {
        Ok(members) => members,
        Err(error) if error.is_data() => {
            let sentence = "Send a JSON object, such as {\"op\":\"ping\"}.";
            return misuse(None, MisuseCode::Json, sentence.into());
        }
        Err(error) => {
            let sentence = format!("This is no JSON: {error}.");
            return misuse(None, MisuseCode::Json, sentence);
        }
    };
    let id = match id(&members) {
        Ok(id) => id,
        Err(sentence) => return misuse(None, MisuseCode::Member, sentence),
    };
    match op(&members, limit) {
        Ok(op) => Ok(Object { id, op }),
        Err((code, sentence)) => misuse(id, code, sentence),
    }
}

/// The `id` as it is written back.
fn id(members: &Members) -> Result<Option<Arc<str>>, String> {
    match members.get("id") {
        None => Ok(None),
        Some(Member::Text(text)) if text.len() > ID_BYTES => {
            Err(format!("\"id\" has at most {ID_BYTES} bytes."))
        }
        Some(Member::Text(text)) => {
            let written = serde_json::to_string(text);
            written
                .map(|it| Some(it.into()))
                .map_err(|it| it.to_string())
        }
        Some(Member::Number(number)) if number.unsigned_abs() < ID_NUMBER => {
            Ok(Some(number.to_string().into()))
        }
        Some(_) => Err("\"id\" takes a string or a whole number below 2^53.".into()),
    }
}

/// What to send in place of an op that there is not.
const OPS: &str = "Send login, say, do, join, leave, write, history, search, command, register, password, unregister, ping or quit; a command takes what people type.";

type Wrong = (MisuseCode, String);

fn op(members: &Members, limit: usize) -> Result<Op, Wrong> {
    let word = text(members, "op")?;
    let takes = match word.as_str() {
        "say" | "do" | "write" | "quit" => members.text("text"),
        "command" => members.text("line"),
        "search" => members.text("query"),
        _ => None,
    };
    if takes.is_some_and(|it| it.len() > limit) {
        return Ok(Op::TooLong { limit });
    }
    if let Some(op) = account_op(&word, members)? {
        return Ok(op);
    }
    let op = match word.as_str() {
        "say" => Op::Say {
            text: text(members, "text")?,
            room: optional(members, "room")?,
        },
        "do" => Op::Do {
            text: text(members, "text")?,
            room: optional(members, "room")?,
        },
        "join" => Op::Join {
            room: text(members, "room")?,
            is_current: flag(members, "current")?.unwrap_or(true),
        },
        "leave" => Op::Leave {
            room: optional(members, "room")?,
        },
        "write" => Op::Write {
            to: text(members, "to")?,
            text: text(members, "text")?,
        },
        "history" => Op::History {
            room: optional(members, "room")?,
            before: number(members, "before")?,
            count: number(members, "count")?,
        },
        "search" => Op::Search {
            query: text(members, "query")?,
            before: number(members, "before")?,
        },
        "command" => Op::Command {
            line: text(members, "line")?,
        },
        "ping" => Op::Ping,
        "quit" => Op::Quit {
            text: optional(members, "text")?,
        },
        _ => {
            let word: String = word.chars().take(ECHOED_CHARS).collect();
            let sentence = format!("There is no op {word:?}. {OPS}");
            return Err((MisuseCode::Op, sentence));
        }
    };
    Ok(op)
}

/// An op that is about a name, or the account behind it.
fn account_op(word: &str, members: &Members) -> Result<Option<Op>, Wrong> {
    let op = match word {
        "login" if members.get("resume").is_some() => Op::Resume {
            token: needed(secret(members, "resume")?, "resume")?,
            position: position(members)?,
        },
        "login" => Op::Login {
            name: text(members, "name")?,
            password: secret(members, "password")?,
            position: position(members)?,
        },
        "register" => Op::Register {
            password: needed(secret(members, "password")?, "password")?,
        },
        "password" => Op::Password {
            old: needed(secret(members, "old")?, "old")?,
            new: needed(secret(members, "new")?, "new")?,
        },
        "unregister" => Op::Unregister {
            password: needed(secret(members, "password")?, "password")?,
            to: optional(members, "to")?,
        },
        _ => return Ok(None),
    };
    let limit = SECRET_BYTES;
    let is_long = members.secrets().any(|it| it.reveal().len() > limit);
    Ok(Some(if is_long { Op::TooLong { limit } } else { op }))
}

/// A member that must be there, and not be blank.
fn text(members: &Members, name: &str) -> Result<String, Wrong> {
    let text = needed(optional(members, name)?, name)?;
    match text.trim().is_empty() {
        true => Err((MisuseCode::Member, format!("{name:?} is blank."))),
        false => Ok(text),
    }
}

fn needed<T>(value: Option<T>, name: &str) -> Result<T, Wrong> {
    value.ok_or_else(|| (MisuseCode::Member, format!("{name:?} is missing.")))
}

/// A password, as it is: it may be blank, and nothing in it is made clean.
fn secret(members: &Members, name: &str) -> Result<Option<Secret>, Wrong> {
    match members.get(name) {
        None => Ok(None),
        Some(Member::Secret(secret)) => Ok(Some(secret.clone())),
        Some(_) => Err((MisuseCode::Member, format!("{name:?} takes a string."))),
    }
}

/// A member of text, made clean.
fn optional(members: &Members, name: &str) -> Result<Option<String>, Wrong> {
    match members.get(name) {
        None => Ok(None),
        Some(Member::Text(text)) => Ok(Some(clean_typed(text.as_bytes()).into_owned())),
        Some(_) => Err((MisuseCode::Member, format!("{name:?} takes a string."))),
    }
}

fn number(members: &Members, name: &str) -> Result<Option<u64>, Wrong> {
    match members.get(name) {
        None => Ok(None),
        Some(Member::Number(number @ 1..)) => Ok(Some(number.unsigned_abs())),
        Some(_) => {
            let sentence = format!("{name:?} takes a whole number from 1 on.");
            Err((MisuseCode::Member, sentence))
        }
    }
}

/// How far a program has read, and in which journal.
fn position(members: &Members) -> Result<Option<Position>, Wrong> {
    let journal = optional(members, "journal")?;
    let journal = journal.map(|it| u64::from_str_radix(&it, 16).unwrap_or(NO_JOURNAL));
    let seq = number(members, "since")?;
    Ok(seq.map(|seq| Position { seq, journal }))
}

fn flag(members: &Members, name: &str) -> Result<Option<bool>, Wrong> {
    match members.get(name) {
        None => Ok(None),
        Some(Member::Flag(flag)) => Ok(Some(*flag)),
        Some(_) => Err((MisuseCode::Member, format!("{name:?} takes true or false."))),
    }
}
