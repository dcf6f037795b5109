//! An object of a program to what it asks for. What the server does not know in it is ignored.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::limits::{ECHOED_CHARS, ID_BYTES};
use crate::message::{Misuse, MisuseCode};
use crate::wire::clean_typed;

use super::{Object, Op};

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
    let members = match serde_json::from_slice(line) {
        Ok(Value::Object(members)) => members,
        Ok(_) => {
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
fn id(members: &Map<String, Value>) -> Result<Option<Arc<str>>, String> {
    let id = match members.get("id") {
        None | Some(Value::Null) => return Ok(None),
        Some(id @ (Value::String(_) | Value::Number(_))) => id.to_string(),
        Some(_) => return Err("\"id\" takes a string or a number.".into()),
    };
    match id.len() <= ID_BYTES {
        true => Ok(Some(id.into())),
        false => Err(format!("\"id\" has at most {ID_BYTES} bytes.")),
    }
}

type Wrong = (MisuseCode, String);

fn op(members: &Map<String, Value>, limit: usize) -> Result<Op, Wrong> {
    let is_long = |name: &str| {
        let text = members.get(name).and_then(Value::as_str);
        text.is_some_and(|it| it.len() > limit)
    };
    if is_long("text") || is_long("line") {
        return Ok(Op::TooLong { limit });
    }
    let word = text(members, "op")?;
    let op = match word.as_str() {
        "login" => Op::Login {
            name: text(members, "name")?,
        },
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
        "command" => Op::Command {
            line: text(members, "line")?,
        },
        "ping" => Op::Ping,
        "quit" => Op::Quit {
            text: optional(members, "text")?,
        },
        _ => {
            let word: String = word.chars().take(ECHOED_CHARS).collect();
            return Err((MisuseCode::Op, format!("There is no op {word:?}.")));
        }
    };
    Ok(op)
}

/// A member that must be there, and not be blank.
fn text(members: &Map<String, Value>, name: &str) -> Result<String, Wrong> {
    let is = |wrong| (MisuseCode::Member, format!("{name:?} is {wrong}."));
    let text = optional(members, name)?.ok_or_else(|| is("missing"))?;
    match text.trim().is_empty() {
        true => Err(is("blank")),
        false => Ok(text),
    }
}

/// A member of text, made clean.
fn optional(members: &Map<String, Value>, name: &str) -> Result<Option<String>, Wrong> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(clean_typed(text.as_bytes()).into_owned())),
        Some(_) => Err((MisuseCode::Member, format!("{name:?} takes a string."))),
    }
}

fn flag(members: &Map<String, Value>, name: &str) -> Result<Option<bool>, Wrong> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Bool(flag)) => Ok(Some(*flag)),
        Some(_) => Err((MisuseCode::Member, format!("{name:?} takes true or false."))),
    }
}
