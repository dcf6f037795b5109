//! `Told`: an object of the server, as the client understands it. What it does not know is passed over.
//!
//! Names, codes and ids have bounds of their own, so that what is kept of them has one too.

use jiff::Timestamp;

use crate::limits::USERNAME_CHARS;
use crate::name::RoomName;

use super::value::Object;

/// Bytes of a name: 32 characters, or an address.
const NAME_BYTES: usize = 4 * USERNAME_CHARS;

/// The longest time for which a seat is kept, in seconds, as far as we are concerned: a day.
const LONGEST_KEEP: u64 = 24 * 60 * 60;

/// Bytes of a code, an id or a word.
const WORD_BYTES: usize = 128;

/// Bytes of a token, or of the name of a journal.
const TOKEN_BYTES: usize = 512;

/// Bytes of a topic, or of anything else that stands beside the text of a line.
const SIDE_BYTES: usize = 4096;

/// An object, and what stands around its event.
#[derive(Debug, PartialEq)]
pub(in super::super) struct Told {
    pub(in super::super) event: Event,
    /// The id of the object of ours that it answers.
    pub(in super::super) re: Option<String>,
    /// Its number in the journal.
    pub(in super::super) seq: Option<u64>,
    /// When it happened: milliseconds since 1970-01-01 00:00 UTC.
    pub(in super::super) at: Option<i64>,
    /// The room in which it is told.
    pub(in super::super) room: Option<RoomName>,
    /// It is told again.
    pub(in super::super) past: bool,
}

/// A person in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Someone {
    pub(in super::super) name: String,
    pub(in super::super) person: u64,
}

/// A room that we are in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Facts {
    pub(in super::super) room: RoomName,
    pub(in super::super) topic: Option<String>,
    pub(in super::super) people: Vec<Someone>,
    /// How many people are missing in the list.
    pub(in super::super) more: usize,
}

/// We are in.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) struct Welcome {
    pub(in super::super) name: String,
    pub(in super::super) person: u64,
    pub(in super::super) current: Option<RoomName>,
    pub(in super::super) rooms: Vec<Facts>,
    pub(in super::super) journal: Option<String>,
    pub(in super::super) token: Option<Token>,
    /// For how many seconds the seat of a lost connection is kept.
    pub(in super::super) keep: u64,
    pub(in super::super) resumed: bool,
    pub(in super::super) motd: Option<String>,
}

/// What gives a seat back. Debugging shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub(in super::super) struct Token(pub(in super::super) String);

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token")
    }
}

/// An answer to a command, or to an op without an event of its own.
#[derive(Debug, PartialEq)]
pub(in super::super) struct Answer {
    /// The command without its slash, or the op.
    pub(in super::super) to: String,
    pub(in super::super) text: Vec<String>,
    pub(in super::super) count: Option<u64>,
    pub(in super::super) rooms: Vec<RoomName>,
    pub(in super::super) people: Vec<Someone>,
    /// What was said earlier, if that was asked for.
    pub(in super::super) lines: Option<Vec<Told>>,
    pub(in super::super) more: bool,
}

/// The end of the connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Goodbye {
    pub(in super::super) code: String,
    pub(in super::super) text: String,
    /// Whether coming back makes sense.
    pub(in super::super) again: bool,
    /// How many milliseconds to wait before that.
    pub(in super::super) after: u64,
}

/// What happened.
#[derive(Debug, PartialEq)]
pub(in super::super) enum Event {
    Hello {
        /// How many lines a second we may send in the long run.
        rate: Option<u64>,
    },
    Welcome(Box<Welcome>),
    Said {
        from: String,
        text: String,
    },
    Did {
        from: String,
        text: String,
    },
    Private {
        from: String,
        text: String,
    },
    Written {
        to: String,
        text: String,
    },
    Joined(Someone),
    Left {
        who: Someone,
        why: Option<String>,
    },
    /// A server that was a part of the chat is gone, and these people with it.
    Lost {
        people: Vec<Someone>,
        text: String,
    },
    /// Somebody was sent away.
    SentAway {
        who: Someone,
        is_banned: bool,
        by: String,
        reason: Option<String>,
    },
    Entered {
        who: Someone,
        listens: bool,
    },
    Went {
        who: Someone,
        /// Where they went, if they did not only stop to listen.
        to: Option<RoomName>,
    },
    Away {
        name: String,
    },
    Renamed {
        from: String,
        to: String,
        person: u64,
    },
    Topic {
        by: String,
        topic: Option<String>,
    },
    Notice(String),
    Room {
        is_current: bool,
        facts: Facts,
    },
    Out {
        current: Option<RoomName>,
    },
    Erased {
        text: Option<String>,
    },
    Skipped {
        count: Option<u64>,
    },
    Answer(Box<Answer>),
    Refused {
        code: String,
        text: String,
    },
    Error {
        code: String,
        text: String,
    },
    Pong,
    /// We are back on our seat, and have read all that we missed.
    CaughtUp,
    Goodbye(Goodbye),
    /// A line of the kind `gap` among others: so many could not be kept.
    Gap {
        count: u64,
    },
    Unknown,
}

impl Told {
    /// Reads an object.
    pub(super) fn read(it: &Object) -> Told {
        let event = event(it).unwrap_or(Event::Unknown);
        Told::around(it, event, it.flag("past"))
    }

    fn around(it: &Object, event: Event, past: bool) -> Told {
        Told {
            event,
            re: it.text("re").map(|it| cut(it, WORD_BYTES)),
            seq: it.number("seq"),
            at: it.text("at").and_then(time),
            room: room(it, "room"),
            past,
        }
    }

    /// A line among others.
    fn of_line(it: &Object) -> Option<Told> {
        let event = match it.text("kind")? {
            "gap" => Event::Gap {
                count: it.number("count")?,
            },
            kind => spoken(kind, it)?,
        };
        Some(Told::around(it, event, true))
    }
}

/// The event of an object. `None`: it is unknown, or lacks something.
fn event(it: &Object) -> Option<Event> {
    Some(match it.text("event")? {
        "hello" => Event::Hello {
            rate: it.object("limits").and_then(|it| it.number("rate")),
        },
        "welcome" => Event::Welcome(welcome(it)?.into()),
        kind @ ("said" | "did" | "private" | "written") => spoken(kind, it)?,
        "joined" => Event::Joined(someone(it)?),
        "left" => left(it)?,
        "lost" => lost(it)?,
        "entered" => Event::Entered {
            who: someone(it)?,
            listens: it.flag("listens"),
        },
        "went" => Event::Went {
            who: someone(it)?,
            to: room(it, "to"),
        },
        "away" => Event::Away {
            name: name(it, "name")?,
        },
        "renamed" => Event::Renamed {
            from: name(it, "from")?,
            to: name(it, "to")?,
            person: it.number("person")?,
        },
        "topic" => Event::Topic {
            by: name(it, "by")?,
            topic: side(it, "topic"),
        },
        "notice" => Event::Notice(it.text("text")?.into()),
        "room" => Event::Room {
            is_current: it.flag("current"),
            facts: facts(it)?,
        },
        "out" => Event::Out {
            current: room(it, "current"),
        },
        "erased" => Event::Erased {
            text: it.text("text").map(String::from),
        },
        "skipped" => Event::Skipped {
            count: it.number("count"),
        },
        "answer" => Event::Answer(answer(it).into()),
        "refused" => Event::Refused {
            code: word(it, "code"),
            text: it.text("text")?.into(),
        },
        "error" => Event::Error {
            code: word(it, "code"),
            text: it.text("text")?.into(),
        },
        "pong" => Event::Pong,
        "caught-up" => Event::CaughtUp,
        "goodbye" => Event::Goodbye(goodbye(it)),
        _ => return None,
    })
}

/// A line that somebody said or wrote.
fn spoken(kind: &str, it: &Object) -> Option<Event> {
    let text = it.text("text")?.into();
    let from = || name(it, "from");
    Some(match kind {
        "said" => Event::Said {
            from: from()?,
            text,
        },
        "did" => Event::Did {
            from: from()?,
            text,
        },
        "private" => Event::Private {
            from: from()?,
            text,
        },
        "written" => Event::Written {
            to: name(it, "to")?,
            text,
        },
        _ => return None,
    })
}

fn lost(it: &Object) -> Option<Event> {
    Some(Event::Lost {
        people: it.objects("people").filter_map(someone).collect(),
        text: it.text("text")?.into(),
    })
}

fn left(it: &Object) -> Option<Event> {
    let who = someone(it)?;
    Some(match it.text("sent") {
        None => Event::Left {
            who,
            why: it.text("why").map(String::from),
        },
        Some(sent) => Event::SentAway {
            who,
            is_banned: sent == "banned",
            by: name(it, "by")?,
            reason: side(it, "reason"),
        },
    })
}

fn goodbye(it: &Object) -> Goodbye {
    Goodbye {
        code: word(it, "code"),
        text: it.text("text").unwrap_or("Goodbye!").into(),
        again: it.flag("again"),
        after: it.number("after").unwrap_or(0),
    }
}

fn welcome(it: &Object) -> Option<Welcome> {
    let token = it.text("resume").filter(|it| it.len() <= TOKEN_BYTES);
    Some(Welcome {
        name: name(it, "name")?,
        person: it.number("person").unwrap_or(0),
        current: room(it, "current"),
        rooms: it.objects("rooms").filter_map(facts).collect(),
        journal: it.text("journal").map(|it| cut(it, TOKEN_BYTES)),
        token: token.map(|it| Token(it.into())),
        keep: it.number("keep").unwrap_or(0).min(LONGEST_KEEP),
        resumed: it.flag("resumed"),
        motd: it.text("motd").map(String::from),
    })
}

fn facts(it: &Object) -> Option<Facts> {
    Some(Facts {
        room: room(it, "room")?,
        topic: side(it, "topic"),
        people: it.objects("people").filter_map(someone).collect(),
        more: it.number("more").unwrap_or(0) as usize,
    })
}

fn answer(it: &Object) -> Answer {
    let lines = it.list("lines");
    let lines = lines.map(|_| it.objects("lines").filter_map(Told::of_line).collect());
    Answer {
        to: word(it, "to"),
        text: it.texts("text").map(String::from).collect(),
        count: it.number("count"),
        rooms: it
            .objects("rooms")
            .filter_map(|it| room(it, "room"))
            .collect(),
        people: it.objects("people").filter_map(someone).collect(),
        lines,
        more: it.flag("more"),
    }
}

fn someone(it: &Object) -> Option<Someone> {
    Some(Someone {
        name: name(it, "name")?,
        person: it.number("person").unwrap_or(0),
    })
}

fn name(it: &Object, member: &str) -> Option<String> {
    it.text(member).map(|it| cut(it, NAME_BYTES))
}

fn side(it: &Object, member: &str) -> Option<String> {
    it.text(member).map(|it| cut(it, SIDE_BYTES))
}

fn word(it: &Object, member: &str) -> String {
    cut(it.text(member).unwrap_or_default(), WORD_BYTES)
}

fn room(it: &Object, member: &str) -> Option<RoomName> {
    RoomName::parse(it.text(member)?).ok()
}

/// As much of a text as fits into so many bytes.
fn cut(text: &str, bytes: usize) -> String {
    let mut end = text.len().min(bytes);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].into()
}

/// Milliseconds since 1970-01-01 00:00 UTC, of a time as of RFC 3339.
fn time(text: &str) -> Option<i64> {
    let time: Timestamp = cut(text, WORD_BYTES).parse().ok()?;
    Some(time.as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(line: &str) -> Told {
        Told::read(&Object::parse(line.as_bytes()).expect(line))
    }

    /// Every example in the reference of the protocol is understood.
    #[test]
    fn the_reference_is_understood() {
        let reference = include_str!("../../../docs/PROTOCOL.md");
        let mut count = 0;
        for line in reference.lines().filter(|it| it.starts_with("{\"event\"")) {
            let event = told(line).event;
            assert_ne!(event, Event::Unknown, "{line}");
            count += 1;
        }
        assert!(count > 20, "{count}");
    }

    #[test]
    fn what_stands_around_an_event_is_read() {
        let it = told(
            r#"{"event":"said","re":"x-1","seq":1883274428284929,"at":"2026-11-30T09:20:53.319Z","room":"tea","from":"ann","person":1,"text":"hi","past":true,"new":1}"#,
        );
        assert_eq!(it.re.as_deref(), Some("x-1"));
        assert_eq!(it.seq, Some(1_883_274_428_284_929));
        assert_eq!(it.at, Some(1_796_030_453_319));
        assert_eq!(it.room, RoomName::parse("tea").ok());
        assert!(it.past);
        let (from, text) = ("ann".into(), "hi".into());
        assert_eq!(it.event, Event::Said { from, text });
    }

    #[test]
    fn what_is_unknown_or_lacks_something_is_passed_over() {
        for line in [
            r#"{}"#,
            r#"{"event":"sung","text":"la"}"#,
            r#"{"event":7}"#,
            r#"{"event":"said","from":"ann"}"#,
            r#"{"event":"joined"}"#,
            r#"{"event":"room","room":"not a room"}"#,
        ] {
            assert_eq!(told(line).event, Event::Unknown, "{line}");
        }
        assert_eq!(told(r#"{"event":"pong","at":"x","room":7}"#).at, None);
    }

    #[test]
    fn what_is_kept_has_bounds() {
        let long = "é".repeat(1000);
        let line = format!(
            r#"{{"event":"welcome","name":"{long}","resume":"{long}","journal":"{long}"}}"#
        );
        let Event::Welcome(it) = told(&line).event else {
            panic!("{line}");
        };
        assert!(it.name.len() <= NAME_BYTES && it.name.len() > NAME_BYTES - 2);
        assert_eq!(it.token, None);
        assert!(it.journal.is_some_and(|it| it.len() <= TOKEN_BYTES));
        assert_eq!(format!("{:?}", Token("secret".into())), "Token");
    }
}
