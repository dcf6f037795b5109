//! `Op`: what the client asks of the server, and the object that it sends for it.

use bytes::BytesMut;

use crate::account::Secret;
use crate::name::RoomName;
use crate::wire::machine::Writer;

use super::event::Token;

/// How to come in.
#[derive(Debug, Default)]
pub(in super::super) struct Login<'a> {
    pub(in super::super) name: &'a str,
    pub(in super::super) password: Option<&'a Secret>,
    /// What gives the former seat back, and the position up to which everything was read.
    pub(in super::super) resume: Option<(&'a Token, u64)>,
    pub(in super::super) journal: Option<&'a str>,
}

/// What is said or written to others. Under the same id it is said once, however often it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) enum Spoken {
    Say { room: RoomName, text: String },
    Do { room: RoomName, text: String },
    Write { to: String, text: String },
}

/// What the client asks for.
#[derive(Debug)]
pub(in super::super) enum Op<'a> {
    Login(Login<'a>),
    Spoken(&'a Spoken),
    Join {
        room: &'a RoomName,
        is_current: bool,
    },
    /// A command, as a person types it.
    Command(&'a str),
    Register(&'a Secret),
    Password {
        old: &'a Secret,
        new: &'a Secret,
    },
    Unregister {
        password: &'a Secret,
        /// The member who gets the rooms.
        to: Option<&'a str>,
    },
    Ping,
    /// To leave, with a last word.
    Quit(Option<&'a str>),
}

/// The line of an op. Its id comes back in what answers it.
pub(in super::super) fn encode(op: &Op<'_>, id: &str) -> Vec<u8> {
    let mut out = BytesMut::new();
    let mut it = Writer::new(&mut out);
    it.text("op", word(op));
    it.text("id", id);
    match op {
        Op::Login(login) => members_of_login(login, &mut it),
        Op::Spoken(Spoken::Say { room, text } | Spoken::Do { room, text }) => {
            it.text("room", room.name());
            it.text("text", text);
        }
        Op::Spoken(Spoken::Write { to, text }) => {
            it.text("to", to);
            it.text("text", text);
        }
        Op::Join { room, is_current } => {
            it.text("room", room.name());
            it.flag("current", *is_current);
        }
        Op::Command(line) => it.text("line", line),
        Op::Register(password) => it.text("password", password.reveal()),
        Op::Password { old, new } => {
            it.text("old", old.reveal());
            it.text("new", new.reveal());
        }
        Op::Unregister { password, to } => {
            it.text("password", password.reveal());
            if let Some(to) = to {
                it.text("to", to);
            }
        }
        Op::Ping | Op::Quit(None) => {}
        Op::Quit(Some(text)) => it.text("text", text),
    }
    it.end();
    let mut line: Vec<u8> = out.into();
    line.push(b'\n');
    line
}

fn word(op: &Op<'_>) -> &'static str {
    match op {
        Op::Login(_) => "login",
        Op::Spoken(Spoken::Say { .. }) => "say",
        Op::Spoken(Spoken::Do { .. }) => "do",
        Op::Spoken(Spoken::Write { .. }) => "write",
        Op::Join { .. } => "join",
        Op::Command(_) => "command",
        Op::Register(_) => "register",
        Op::Password { .. } => "password",
        Op::Unregister { .. } => "unregister",
        Op::Ping => "ping",
        Op::Quit(_) => "quit",
    }
}

fn members_of_login(login: &Login<'_>, it: &mut Writer<'_>) {
    it.text("name", login.name);
    if let Some(password) = login.password {
        it.text("password", password.reveal());
    }
    if let Some((token, since)) = login.resume {
        it.text("resume", &token.0);
        it.number("since", since);
        if let Some(journal) = login.journal {
            it.text("journal", journal);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::machine::parse;

    #[test]
    fn the_server_understands_each_op() {
        let secret = Secret::new("tea \" at\u{7}");
        let room = RoomName::parse("den").unwrap();
        let text = || "a \"b\" \\ \u{1f600}\t".to_string();
        let said = Spoken::Say {
            room: room.clone(),
            text: text(),
        };
        let done = Spoken::Do {
            room: room.clone(),
            text: text(),
        };
        let written = Spoken::Write {
            to: "bob".into(),
            text: text(),
        };
        let login = Login {
            name: "ann",
            password: Some(&secret),
            resume: None,
            journal: Some("j"),
        };
        for op in [
            Op::Login(login),
            Op::Spoken(&said),
            Op::Spoken(&done),
            Op::Spoken(&written),
            Op::Join {
                room: &room,
                is_current: false,
            },
            Op::Command("/who"),
            Op::Register(&secret),
            Op::Password {
                old: &secret,
                new: &secret,
            },
            Op::Unregister {
                password: &secret,
                to: Some("bob"),
            },
            Op::Ping,
            Op::Quit(None),
            Op::Quit(Some("bye")),
        ] {
            let line = encode(&op, "x-1");
            let line = line.strip_suffix(b"\n").unwrap();
            assert!(!line.contains(&b'\n'));
            let object = parse(line, 8192).unwrap_or_else(|it| panic!("{op:?}: {it:?}"));
            assert_eq!(object.id.as_deref(), Some("\"x-1\""), "{op:?}");
        }
        let line = encode(&Op::Spoken(&said), "1");
        let line = String::from_utf8(line).unwrap();
        let expected = r#"{"op":"say","id":"1","room":"den","text":"a \"b\" \\ 😀\t"}"#;
        assert_eq!(line.trim_end(), expected);
    }

    #[test]
    fn a_seat_is_asked_for_by_its_token_and_the_position() {
        let token = Token("abc".into());
        let login = Login {
            name: "ann",
            password: None,
            resume: Some((&token, 7)),
            journal: Some("j"),
        };
        let line = String::from_utf8(encode(&Op::Login(login), "1")).unwrap();
        let expected =
            r#"{"op":"login","id":"1","name":"ann","resume":"abc","since":7,"journal":"j"}"#;
        assert_eq!(line.trim_end(), expected);
    }
}
