//! `Host`: a server whose every object is written by the test, and the desk of the person there.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::client::desk::Desk;
use crate::client::protocol::{Heard, Protocol, Told};

use super::config;

/// What an object of the server tells.
pub(in super::super) fn told_of(line: &str) -> Told {
    let mut heard = Vec::new();
    Protocol::default().receive(format!("{line}\n").as_bytes(), &mut heard);
    match heard.pop() {
        Some(Heard::Told(told)) => told,
        it => panic!("{line}: {it:?}"),
    }
}

/// A person at their desk, and their server.
pub(in super::super) struct Host {
    pub(in super::super) desk: Desk,
    /// The id of what was sent last, and of the last login.
    pub(in super::super) last: Value,
    pub(in super::super) login: Value,
    /// The position in the last login.
    pub(in super::super) since: Value,
    /// The ids of the pings that were not answered.
    pings: Vec<Value>,
    seq: u64,
}

impl Host {
    /// The client connects, with or without a name.
    pub(in super::super) fn new(name: Option<&str>, size: (usize, usize)) -> Host {
        let mut desk = Desk::new(&config(name), size, Instant::now());
        desk.accept();
        let mut host = Host {
            desk,
            last: Value::Null,
            login: Value::Null,
            since: Value::Null,
            pings: Vec::new(),
            seq: 1000,
        };
        host.sent();
        host
    }

    /// A person whom the server has let in under their name.
    pub(in super::super) fn welcomed(name: &str, size: (usize, usize)) -> Host {
        let mut host = Host::new(Some(name), size);
        host.let_in(name);
        host.pong();
        host
    }

    /// Sends an object, with the next number of the journal unless it has one.
    pub(in super::super) fn tells(&mut self, mut object: Value) {
        self.seq += 1;
        if object.get("seq").is_none() {
            object["seq"] = self.seq.into();
        }
        self.desk.receive(format!("{object}\n").as_bytes());
    }

    /// Answers what was sent last.
    pub(in super::super) fn answers(&mut self, mut object: Value) {
        object["re"] = self.last.clone();
        self.tells(object);
    }

    pub(in super::super) fn let_in(&mut self, name: &str) {
        let people = json!([{"name": name, "person": 1}]);
        self.tells(json!({
            "event": "welcome", "re": self.login, "name": name, "person": 1, "current": "lobby", "journal": "j",
            "rooms": [{"room": "lobby", "people": people}],
        }));
        self.sent();
    }

    /// Answers all pings.
    pub(in super::super) fn pong(&mut self) {
        self.sent();
        for id in std::mem::take(&mut self.pings) {
            self.tells(json!({"event": "pong", "re": id}));
        }
    }

    /// Somebody says something. Returns its number.
    pub(in super::super) fn said(&mut self, room: &str, from: &str, text: &str) -> u64 {
        self.tells(json!({"event": "said", "room": room, "from": from, "person": 2, "text": text}));
        self.seq
    }

    /// Lets the person into a room, in answer to what was sent last.
    pub(in super::super) fn room(&mut self, room: &str, is_current: bool) {
        self.answers(json!({"event": "room", "room": room, "current": is_current, "people": []}));
    }

    /// The person goes from one room to another, in answer to what was sent last.
    pub(in super::super) fn moves(&mut self, from: &str, to: &str) {
        self.answers(json!({"event": "out", "room": from, "current": to}));
        self.room(to, true);
    }

    pub(in super::super) fn types(&mut self, keys: &str) {
        self.desk.type_in(keys.as_bytes());
    }

    /// What was sent, a line for each op, but for pings and the silent question for rooms.
    pub(in super::super) fn sent(&mut self) -> Vec<String> {
        let sent = String::from_utf8(self.desk.take_sent()).unwrap();
        let ops = sent.lines().map(|it| serde_json::from_str(it).unwrap());
        let ops: Vec<Value> = ops.collect();
        ops.iter().filter_map(|op| self.read(op)).collect()
    }

    fn read(&mut self, op: &Value) -> Option<String> {
        let text = |member: &str| op[member].as_str().unwrap_or_default();
        let line = match op["op"].as_str().unwrap() {
            "ping" => {
                self.pings.push(op["id"].clone());
                self.login = op["id"].clone();
                return None;
            }
            "login" => {
                self.login = op["id"].clone();
                self.since = op["since"].clone();
                format!("login {}{}", text("name"), text("resume"))
            }
            "say" => format!("#{}: {}", text("room"), text("text")),
            "do" => format!("#{} * {}", text("room"), text("text")),
            "write" => format!("to {}: {}", text("to"), text("text")),
            "join" if op["current"] == true => format!("/join #{}", text("room")),
            "join" => format!("/listen #{}", text("room")),
            "command" if text("line") == "/rooms" => return None,
            "command" => text("line").into(),
            "quit" => "/quit".into(),
            other => other.into(),
        };
        self.last = op["id"].clone();
        Some(line)
    }

    /// The connection breaks, and the server accepts the next one.
    pub(in super::super) fn comes_again(&mut self) {
        self.desk.lose("the server closed the connection");
        self.desk.take_shown();
        let mut seconds = 0..60;
        while !self.desk.is_connecting() {
            assert!(seconds.next().is_some(), "it does not come again");
            self.desk.pass(Duration::from_secs(1));
        }
        self.desk.accept();
    }

    /// The connection breaks, and the server lets the person in again. Returns what is sent behind that.
    pub(in super::super) fn returns(&mut self, name: &str) -> Vec<String> {
        self.comes_again();
        assert_eq!(self.sent(), [format!("login {name}")]);
        let people = json!([{"name": name, "person": 1}]);
        self.tells(json!({
            "event": "welcome", "re": self.login, "name": name, "person": 1, "current": "lobby", "journal": "j",
            "rooms": [{"room": "lobby", "people": people}],
        }));
        self.sent()
    }

    /// Types a line, and the server answers it with this object. Returns what was sent.
    pub(in super::super) fn typed(&mut self, line: &str, answer: Value) -> Vec<String> {
        self.types(&format!("{line}\r"));
        let sent = self.sent();
        self.answers(answer);
        sent
    }

    pub(in super::super) fn shown(&mut self) -> String {
        self.desk.take_shown()
    }
}
