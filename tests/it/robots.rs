//! Robots: programs that speak the machine protocol, for dialogues.

use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::harness::{PROMPT, Person};

/// Members whose values are different in each run.
const ANY: [&str; 3] = ["seq", "at", "person"];

/// A program at the other end of a socket.
pub(crate) struct Robot {
    person: Person,
}

impl Robot {
    /// A program that has not sent anything yet. It need not be greeted, or has skipped that.
    pub(crate) fn over(person: Person) -> Robot {
        Robot { person }
    }

    /// A program that connects to a server that greets everyone at once, and skips that.
    pub(crate) fn connect(addr: SocketAddr) -> Robot {
        let mut robot = Robot::over(Person::connect(addr));
        robot.begins();
        robot
    }

    /// Sees whether the server speaks with programs, and skips what it says to people.
    pub(crate) fn begins(&mut self) {
        self.begins_behind(PROMPT);
    }

    /// The same behind this text.
    pub(crate) fn begins_behind(&mut self, greeting: &str) {
        self.person.sees(greeting);
        self.asks(&json!({"op": "ping"}));
        self.person.sees("\r\n");
        assert_eq!(self.hears()["event"], "hello");
        assert_eq!(self.hears()["event"], "pong");
    }

    pub(crate) fn login(addr: SocketAddr, name: &str) -> Robot {
        let mut robot = Robot::connect(addr);
        robot.logs_in(name);
        robot
    }

    /// Comes in, and returns the welcome.
    pub(crate) fn logs_in(&mut self, name: &str) -> Value {
        self.asks(&json!({"op": "login", "name": name}));
        let welcome = self.hears();
        let told = (&welcome["event"], &welcome["name"]);
        assert_eq!(told, (&"welcome".into(), &name.into()), "{welcome}");
        welcome
    }

    /// Sends an object.
    pub(crate) fn asks(&mut self, object: &Value) {
        self.person.types(&object.to_string());
    }

    /// Sends bytes as they are.
    pub(crate) fn sends(&mut self, bytes: &[u8]) {
        self.person.sends(bytes);
    }

    /// The next object, whatever it is.
    pub(crate) fn hears(&mut self) -> Value {
        let line = self.hears_line();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }

    /// The next object of such an event. Those before it are passed over.
    pub(crate) fn hears_event(&mut self, event: &str) -> Value {
        loop {
            let heard = self.hears();
            if heard["event"] == event {
                return heard;
            }
        }
    }

    /// The next object, as it was sent.
    pub(crate) fn hears_line(&mut self) -> String {
        self.person.reads_to(b"\n")
    }

    /// The next object is this one, apart from what is different in each run. Returns it whole.
    #[track_caller]
    pub(crate) fn reads(&mut self, expected: &Value) -> Value {
        let heard = self.hears();
        assert_eq!(lasting(&heard), *expected);
        heard
    }

    /// Sends an object, and the next object is that.
    #[track_caller]
    pub(crate) fn asks_and_reads(&mut self, object: &Value, expected: &Value) -> Value {
        self.asks(object);
        self.reads(expected)
    }

    /// Nothing has come that was not looked at.
    #[track_caller]
    pub(crate) fn reads_nothing(&mut self) {
        self.asks(&json!({"op": "ping", "id": "nothing"}));
        self.reads(&json!({"event": "pong", "re": "nothing"}));
    }

    pub(crate) fn is_closed(&mut self) {
        self.person.is_closed();
    }

    pub(crate) fn into_person(self) -> Person {
        self.person
    }

    /// The person without the protocol.
    pub(crate) fn person(&mut self) -> &mut Person {
        &mut self.person
    }
}

/// An object without the members that are different in each run.
pub(crate) fn lasting(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(members) = object.as_object_mut() {
        members.retain(|name, _| !ANY.contains(&name.as_str()));
    }
    object
}
