//! A terminal sends anything, cut anywhere, to the client of a person on a friendly server. Only the client's own
//! sequences reach the terminal, the client's memory has a limit, and Ctrl-C ends it.

#![no_main]

#[path = "client/heap.rs"]
mod heap;
#[path = "client/seat.rs"]
mod seat;
#[path = "client/seen.rs"]
mod seen;

use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

use seat::{Seat, next_step};

/// The pieces that a byte of the terminal may stand for.
#[rustfmt::skip]
const PIECES: [&[u8]; 68] = [
    b"\r", b"\n", b"\t", b"\x7f", b"\x08", b"\x1b", b"\x1b[A", b"\x1b[B", b"\x1b[C", b"\x1b[D", b"\x1b[H", b"\x1b[F", b"\x1b[3~",
    b"\x1b[1;5C", b"\x1b[1;3D", b"\x1bb", b"\x1bf", b"\x1bd", b"\x01", b"\x05", b"\x0b", b"\x15", b"\x17", b"\x19", b"\x0c", b"\x1a",
    b"\x1b[200~", b"\x1b[201~", b"one\rtwo\rthree", b"\x1b[I", b"\x1b[O", b"\x1b[<64;10;5M", b"\x1b[M !!", b"\x1b]11;rgb:1e1e/1e1e",
    b"\x1b\\", b"\x07", b"\x1bP", b"\x1b[?62;c", b"\x1bO", b"\x1b[[A", b"\x9b", b"\xc2\x9b", b"\x1b[99999999;5u", b"\0", b"\xff", b"\xc3",
    "\u{e9}".as_bytes(), "\u{6f22}".as_bytes(), "\u{301}".as_bytes(), "\u{1f468}\u{200d}\u{1f469}".as_bytes(),
    "\u{1f1e9}\u{1f1ea}".as_bytes(), "\u{202e}".as_bytes(), "\u{200d}".as_bytes(), "\u{fdfa}".as_bytes(), b"hello ", b"/join ", b"#den",
    b"/nick Bea\r", b"/leave\r", b"send ", b"/wh", b"Ann", b"x", b" ",
    b"/listen tea\r", b"/switch tea\r", b"/in tea hello\r", b"/unlisten ",
];

/// What somebody says.
const SAID: &[u8] =
    b"{\"event\":\"said\",\"room\":\"lobby\",\"from\":\"Bob\",\"text\":\"hello, Ann\"}\n";

/// A server that lets people in and answers their objects.
#[derive(Default)]
struct Server {
    /// The current room of the person.
    room: String,
    part: Vec<u8>,
    seq: u64,
}

impl Server {
    /// The server's answer to these bytes, and whether it then closes the connection.
    fn answer(&mut self, bytes: &[u8]) -> (Vec<u8>, bool) {
        let mut out = Vec::new();
        for &byte in bytes {
            self.part.push(byte);
            if byte != b'\n' {
                continue;
            }
            let line = std::mem::take(&mut self.part);
            let op: Value = serde_json::from_slice(&line).expect("the client sends objects");
            for mut answer in self.answers(&op) {
                self.seq += 1;
                answer["re"] = op["id"].clone();
                answer["seq"] = self.seq.into();
                out.extend(format!("{answer}\n").bytes());
            }
            if op["op"] == "quit" {
                return (out, true);
            }
        }
        (out, false)
    }

    fn answers(&mut self, op: &Value) -> Vec<Value> {
        let line = op["line"].as_str().unwrap_or_default();
        let (word, args) = line.split_once(' ').unwrap_or((line, ""));
        let room = op["room"].as_str().unwrap_or(args.trim_start_matches('#'));
        let is_current = op["current"] == true;
        match (op["op"].as_str().expect("each object has one"), word) {
            ("login", _) => {
                self.room = "lobby".into();
                vec![json!({
                    "event": "welcome", "name": op["name"], "person": 1, "current": "lobby", "journal": "j",
                    "rooms": [{"room": "lobby", "people": []}], "resume": "t", "resumed": op["resume"] == "t",
                })]
            }
            ("quit", _) => {
                vec![
                    json!({"event": "goodbye", "code": "quit", "text": "Goodbye!", "again": false}),
                ]
            }
            ("ping", _) => vec![json!({"event": "pong"})],
            ("say", _) => {
                vec![
                    json!({"event": "said", "room": room, "from": "Ann", "person": 1, "text": op["text"]}),
                ]
            }
            ("join", _) if is_current => self.go(room),
            ("join", _) => vec![hear(room)],
            (_, "/join") => self.go(room),
            (_, "/leave") => self.go("lobby"),
            (_, "/listen") => vec![hear(room)],
            (_, "/switch") => {
                let left = self.room.clone();
                let mut answers = self.go(room);
                answers.remove(0);
                answers.push(hear(&left));
                answers
            }
            (_, "/unlisten") => {
                vec![json!({"event": "out", "room": room, "current": self.room})]
            }
            _ => vec![
                json!({"event": "refused", "code": "unknown-command", "text": "Unknown command."}),
            ],
        }
    }

    fn go(&mut self, room: &str) -> Vec<Value> {
        let left = std::mem::replace(&mut self.room, room.into());
        vec![
            json!({"event": "out", "room": left, "current": room}),
            json!({"event": "room", "room": room, "current": true, "people": []}),
        ]
    }
}

fn hear(room: &str) -> Value {
    json!({"event": "room", "room": room, "current": false, "people": []})
}

fn serve(seat: &mut Seat, server: &mut Server) {
    if seat.desk.is_connecting() {
        *server = Server::default();
        seat.desk.accept();
        seat.receive(b"{\"event\":\"hello\",\"protocol\":1}\n");
    }
    let sent = seat.desk.take_sent();
    let (answer, closes) = server.answer(&sent);
    seat.receive(&answer);
    if closes {
        seat.lose();
    }
}

fuzz_target!(|script: &[u8]| {
    let Some((&how, mut script)) = script.split_first() else {
        return;
    };
    let mut seat = Seat::new(how);
    let mut server = Server::default();
    serve(&mut seat, &mut server);
    while seat.desk.outcome().is_none()
        && let Some((what, typed)) = next_step(&mut script, &PIECES)
    {
        match what {
            0..12 => seat.pass(what),
            12..20 => seat.resize(what),
            20..24 => seat.lose(),
            24..28 => seat.receive(SAID),
            28..40 => seat.paste(&typed, what % 4 != 0),
            _ => seat.type_in(&typed),
        }
        // Sometimes the server is slow.
        if what % 8 != 7 {
            serve(&mut seat, &mut server);
        }
    }
    seat.end();
});
