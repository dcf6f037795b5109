//! What programs send, and what their bytes come to: objects that ask for something, ids that come again, and nonsense.

use serde_json::json;

use crate::dice::Dice;
use crate::limits::{IDS_REMEMBERED, OBJECT_BYTES};
use crate::message::{Misuse, MisuseCode};
use crate::wire::machine::parse;

use super::record::Happened;
use super::script::{self, Rooms};

/// The naive decoder of a program: byte by byte, whatever the reads they come in. What a whole line asks for is the
/// business of the wire, whose own tests have every member.
#[derive(Debug)]
pub(super) struct Objects {
    limit: usize,
    line: Vec<u8>,
    /// The line was too long; the rest of it is lost.
    is_lost: bool,
}

impl Objects {
    pub(super) fn new(limit: usize) -> Objects {
        Objects {
            limit,
            line: Vec::new(),
            is_lost: false,
        }
    }

    pub(super) fn hear(&mut self, bytes: &[u8], heard: &mut Vec<Happened>) {
        // So much is read, where letters are written as escapes.
        let most = 3 * self.limit + OBJECT_BYTES;
        for &byte in bytes {
            if byte == b'\n' {
                self.end(heard);
                self.is_lost = false;
            } else if !self.is_lost {
                self.line.push(byte);
                if self.line.len() > most {
                    self.line.clear();
                    self.is_lost = true;
                    heard.push(self.too_long());
                }
            }
        }
    }

    /// What has a text that is short enough may be longer.
    fn longest(&self) -> usize {
        2 * self.limit + OBJECT_BYTES
    }

    fn too_long(&self) -> Happened {
        let sentence = format!("An object has at most {} bytes.", self.longest()).into();
        let code = MisuseCode::Size;
        Happened::Misused(None, Misuse { code, sentence })
    }

    /// What stands without a line end is an object.
    pub(super) fn end(&mut self, heard: &mut Vec<Happened>) {
        let line = std::mem::take(&mut self.line);
        if line.iter().all(|byte| b" \t\r\x0c".contains(byte)) {
            return;
        }
        let parsed = parse(&line, self.limit);
        let is_sound = parsed.as_ref().is_ok_and(|it| it.op.has_text());
        heard.push(match parsed {
            _ if line.len() > self.longest() && !is_sound => self.too_long(),
            Ok(object) => Happened::Object(object),
            Err((id, misuse)) => Happened::Misused(id, misuse),
        });
    }
}

/// What a program sends first, with a line end. It is an object in any case, so that the server knows a program by it.
pub(super) fn first(dice: &mut Dice, rooms: Rooms) -> String {
    match dice.below(4) {
        0 => object(dice, rooms) + "\n",
        _ => login(dice) + "\n",
    }
}

fn login(dice: &mut Dice) -> String {
    json!({"op": "login", "name": script::name(dice), "id": id(dice)}).to_string()
}

/// A line without its end, which may be nonsense.
pub(super) fn line(dice: &mut Dice, rooms: Rooms) -> String {
    const NONSENSE: [&str; 12] = [
        "{",
        "[]",
        "7",
        " \t",
        "hello",
        "{\"op\":\"say\",\"text\":\"x\"} x",
        "{\"op\":\"fly\",\"id\":1}",
        "{\"op\":\"say\",\"id\":\"x\"}",
        "{\"op\":\"say\",\"text\":7,\"id\":2.5}",
        "{\"op\":\"do\",\"text\":\" \",\"id\":{}}",
        "{\"op\":\"join\",\"room\":\"tea\",\"current\":1}",
        "{\"op\":\"ping\",\"id\":\"0123456789012345678901234567890123456789012345678901234567890123\"}",
    ];
    match dice.below(12) {
        0 => dice.pick(&NONSENSE).into(),
        _ => object(dice, rooms),
    }
}

/// A few objects one behind the other, with line ends.
pub(super) fn round(dice: &mut Dice, rooms: Rooms) -> String {
    match dice.below(10) {
        // More ids than are remembered, and the first of them again.
        0 => {
            let ids = (0..IDS_REMEMBERED + 6).chain([3, IDS_REMEMBERED - 1]);
            let say = |id| json!({"op": "say", "text": "x", "id": id}).to_string() + "\n";
            ids.map(say).collect()
        }
        _ => {
            let count = 1 + dice.below(12);
            let join = |dice: &mut Dice| {
                let room = rooms.name(dice);
                json!({"op": "join", "room": room, "current": dice.below(5) == 0}).to_string()
            };
            (0..count).map(|_| join(dice) + "\n").collect()
        }
    }
}

/// An object. Some of its members are those that a person would type.
fn object(dice: &mut Dice, rooms: Rooms) -> String {
    let text = script::text(dice);
    let room = rooms.name(dice);
    let mut object = match dice.below(24) {
        0 => json!({"op": "login", "name": script::name(dice)}),
        1..5 => json!({"op": "say", "text": text}),
        5..8 => json!({"op": "say", "text": text, "room": room}),
        8 => json!({"op": "do", "text": text}),
        9 => json!({"op": "do", "text": text, "room": room}),
        10 | 11 => json!({"op": "join", "room": room}),
        12 | 13 => json!({"op": "join", "room": room, "current": false}),
        14 => json!({"op": "leave"}),
        15 => json!({"op": "leave", "room": room}),
        16 | 17 => json!({"op": "write", "to": script::name(dice), "text": text}),
        18 => json!({"op": "ping", "more": [{}, null]}),
        19 => json!({"op": "say", "text": "long ".repeat(dice.below(60))}),
        20 if dice.below(6) == 0 => json!({"op": "quit", "text": text}),
        20 if dice.below(6) == 0 => json!({"op": "say", "text": "l".repeat(20_000)}),
        _ => json!({"op": "command", "line": script::talk(dice, rooms)}),
    };
    if dice.below(3) > 0 {
        object["id"] = id(dice);
    }
    object.to_string()
}

/// An object that asks for lines of the past, perhaps before the entry of this number.
pub(super) fn past(dice: &mut Dice, rooms: Rooms, number: u64) -> String {
    let mut object = match dice.below(2) {
        0 => json!({"op": "history"}),
        _ => json!({"op": "search", "query": script::sought(dice)}),
    };
    if object["op"] == "history" && dice.below(2) == 0 {
        object["room"] = rooms.name(dice).into();
    }
    if object["op"] == "history" && dice.below(2) == 0 {
        object["count"] = [1, 2, 7, 100][dice.below(4)].into();
    }
    if dice.below(2) == 0 {
        object["before"] = number.into();
    }
    if dice.below(2) == 0 {
        object["id"] = id(dice);
    }
    object.to_string()
}

/// An id that was perhaps there before.
fn id(dice: &mut Dice) -> serde_json::Value {
    match dice.below(3) {
        0 => dice.below(4).into(),
        1 => format!("{}\u{e9}\"", dice.below(3)).into(),
        _ => dice.below(500).into(),
    }
}
