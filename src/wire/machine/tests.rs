//! Objects of programs and for programs.

use bytes::BytesMut;
use serde_json::{Value, json};

use super::*;
use crate::account::Secret;
use crate::id::{PeerId, PersonId};
use crate::limits::accounts::SECRET_BYTES;
use crate::message::{
    AboutChat, AboutConnection, AboutHearing, AboutInput, AboutPeople, Answer, Cause, MisuseCode,
    News, Past,
};
use crate::name::Username;

const SLOT: usize = 3;

fn cause() -> Cause {
    Cause {
        entry: Some(EntryFacts {
            seq: 5,
            at: 1_795_276_799_007,
            author: PersonId(3),
        }),
        request: Some(std::sync::Arc::new(Request {
            peer: PeerId {
                slot: Slot::new(SLOT),
                generation: 1,
            },
            id: Some("\"a\"".into()),
            command: Some("/users".into()),
        })),
    }
}

/// The object that one reader reads, if it is any.
fn read(message: impl Into<Message>, reader: Option<Slot>) -> Option<Value> {
    let (message, cause) = (message.into(), cause());
    let told = Told {
        message: &message,
        cause: &cause,
        unix: 0,
    };
    let room = RoomName::lobby();
    let mut out = BytesMut::new();
    render(&told, Some(&room), reader, &mut out);
    (!out.is_empty()).then(|| serde_json::from_slice(&out).expect("it is JSON"))
}

fn ann() -> Username {
    Username::parse("ann").unwrap()
}

#[test]
fn an_event_tells_where_it_stands_in_the_journal_and_only_its_author_reads_an_id() {
    let said = || News::Said {
        from: ann(),
        text: "a \"b\"".into(),
    };
    let expected = json!({
        "event": "said", "seq": 5, "at": "2026-11-21T15:59:59.007Z", "room": "lobby", "from": "ann", "person": 3,
        "text": "a \"b\"",
    });
    assert_eq!(read(said(), None), Some(expected.clone()));
    assert_eq!(read(said(), Some(Slot::new(7))), Some(expected.clone()));
    let mut own = expected;
    own["re"] = "a".into();
    assert_eq!(read(said(), Some(Slot::new(SLOT))), Some(own));
}

#[test]
fn what_was_said_before_keeps_its_number_and_its_time() {
    let past = Past {
        seq: 2,
        at: 0,
        author: PersonId(9),
        account: None,
        room: RoomName::parse("den").ok(),
        news: News::Action {
            from: ann(),
            text: "waves".into(),
        },
    };
    let past = Message::Past {
        past: past.into(),
        is_elsewhere: true,
    };
    let expected = json!({
        "event": "did", "seq": 2, "at": "1970-01-01T00:00:00.000Z", "room": "den", "from": "ann", "person": 9,
        "text": "waves", "past": true,
    });
    assert_eq!(read(past, None), Some(expected));
}

#[test]
fn lines_that_are_gone_are_told_by_their_numbers() {
    let erased = |count| News::Erased {
        whose: ann(),
        by: ann(),
        count,
        seqs: [2, 4].into(),
    };
    let mut expected = json!({
        "event": "erased", "seq": 5, "at": "2026-11-21T15:59:59.007Z", "room": "lobby", "seqs": [2, 4],
        "text": "2 messages of ann were removed by ann.",
    });
    assert_eq!(read(erased(Some(2)), None), Some(expected.clone()));
    expected.as_object_mut().map(|it| it.remove("text"));
    assert_eq!(read(erased(None), None), Some(expected));
}

#[test]
fn an_answer_has_the_words_for_people_and_the_data() {
    let answer = |it: Answer| read(it, Some(Slot::new(SLOT))).expect("an object");
    let expected = json!({
        "event": "answer", "re": "a", "to": "users", "text": ["Users online: 2"], "count": 2,
    });
    assert_eq!(answer(AboutChat::UsersOnline(2).into()), expected);
    let code = |it: Answer| answer(it)["code"].as_str().map(String::from);
    let room = RoomName::lobby;
    for (refusal, expected) in [
        (AboutInput::TooLong { limit: 9 }.into(), "too-long"),
        (AboutInput::Usage("/x").into(), "usage"),
        (AboutPeople::JustLeft.into(), "nobody"),
        (AboutHearing::NotSent(room()).into(), "no-room"),
        (AboutHearing::TooMany.into(), "not-allowed"),
    ] {
        assert_eq!(code(refusal).as_deref(), Some(expected));
    }
    // Nobody asked for that.
    let notice = read(Message::Answer(AboutChat::UsersOnline(2).into()), None);
    let expected = json!({"event": "notice", "text": "Users online: 2"});
    assert_eq!(notice, Some(expected));
}

#[test]
fn the_last_word_says_whether_to_come_again() {
    let goodbye = |it: AboutConnection, slot| read(it, Some(Slot::new(slot))).expect("an object");
    let expected = json!({
        "event": "goodbye", "code": "idle", "text": "You have been silent for too long. Goodbye!", "again": false,
        "after": 0,
    });
    assert_eq!(goodbye(AboutConnection::IdleTimedOut, 7), expected);
    let after = |slot| goodbye(AboutConnection::ShuttingDown, slot)["after"].as_u64();
    let all: Vec<u64> = (1..1000).filter_map(after).collect();
    assert!(all.iter().all(|it| crate::limits::COME_AGAIN.contains(it)));
    let early = all.iter().filter(|it| **it < 2000).count();
    assert!((200..500).contains(&early), "{early}");
}

#[test]
fn what_is_for_people_is_nothing_for_programs() {
    for about in [AboutConnection::UsernamePrompt, AboutConnection::LineBreak] {
        assert_eq!(read(about, Some(Slot::new(SLOT))), None);
    }
}

fn misuse(line: &str) -> (Option<String>, MisuseCode, String) {
    let (id, misuse) = parse(line.as_bytes(), 100).expect_err(line);
    let id = id.map(|it| it.to_string());
    (id, misuse.code, misuse.sentence.into())
}

#[test]
fn an_object_asks_for_one_thing() {
    let say = |text: &str, room: Option<&str>| Op::Say {
        text: text.into(),
        room: room.map(String::from),
    };
    let long = format!("{{\"op\":\"say\",\"text\":\"{}\"}}", "x".repeat(101));
    for (line, op) in [
        ("{\"op\":\"ping\"}", Op::Ping),
        ("{\"op\":\"ping\",\"more\":[{}],\"id\":null}", Op::Ping),
        ("{\"text\":\"a\",\"op\":\"say\"}", say("a", None)),
        (
            "{\"op\":\"say\",\"text\":\"a\\u001b[1m\\nb\\u202e\",\"room\":\"den\"}",
            say("a␛[1m␊b\u{fffd}", Some("den")),
        ),
        (&long, Op::TooLong { limit: 100 }),
        (
            "{\"op\":\"join\",\"room\":\"den\"}",
            Op::Join {
                room: "den".into(),
                is_current: true,
            },
        ),
        ("{\"op\":\"quit\"}", Op::Quit { text: None }),
    ] {
        let object = parse(line.as_bytes(), 100).expect(line);
        assert_eq!((object.id, object.op), (None, op), "{line}");
    }
    let longest = format!("\"{}\"", "x".repeat(64));
    for (id, kept) in [
        (&*longest, &*longest),
        ("-9007199254740991", "-9007199254740991"),
        ("7", "7"),
        ("\"a\\\"b\"", "\"a\\\"b\""),
        ("\"\\u00e9\"", "\"é\""),
    ] {
        let line = format!("{{\"op\":\"ping\",\"id\":{id}}}");
        let object = parse(line.as_bytes(), 100).expect("an object");
        assert_eq!(object.id.as_deref(), Some(kept));
    }
}

#[test]
fn passwords_are_taken_as_they_are() {
    let secret = Secret::new;
    let login = |password: Option<&str>| Op::Login {
        position: None,
        name: "ann".into(),
        password: password.map(secret),
    };
    let resume = |seq: Option<u64>, journal| Op::Resume {
        token: secret("4d-a5"),
        position: seq.map(|seq| Position { seq, journal }),
    };
    for (line, op) in [
        ("{\"op\":\"login\",\"name\":\"ann\"}", login(None)),
        (
            "{\"op\":\"login\",\"name\":\"ann\",\"password\":\" a\\u0000b\\u202e \"}",
            login(Some(" a\0b\u{202e} ")),
        ),
        (
            "{\"password\":\"      \",\"op\":\"register\"}",
            Op::Register {
                password: secret("      "),
            },
        ),
        (
            "{\"op\":\"password\",\"old\":\"\",\"new\":\"x\"}",
            Op::Password {
                old: secret(""),
                new: secret("x"),
            },
        ),
        (
            "{\"op\":\"login\",\"resume\":\"4d-a5\",\"since\":7,\"journal\":\"6b0d3ff5\"}",
            resume(Some(7), Some(0x6b0d_3ff5)),
        ),
        (
            "{\"op\":\"login\",\"resume\":\"4d-a5\",\"name\":\"ann\",\"since\":7,\"journal\":\"mine\"}",
            resume(Some(7), Some(u64::MAX)),
        ),
        (
            "{\"op\":\"login\",\"resume\":\"4d-a5\",\"journal\":\"1\"}",
            resume(None, None),
        ),
        (
            "{\"op\":\"unregister\",\"password\":\"x\",\"to\":\"bob\"}",
            Op::Unregister {
                password: secret("x"),
                to: Some("bob".into()),
            },
        ),
    ] {
        let object = parse(line.as_bytes(), 100).expect(line);
        assert_eq!(object.op, op, "{line}");
    }
}

#[test]
fn passwords_are_never_shown_and_have_a_limit_of_their_own() {
    let register = |text: &str| format!("{{\"op\":\"register\",\"password\":{text}}}");
    let object = parse(register("\"tea at four\"").as_bytes(), 100).expect("an object");
    assert!(!format!("{object:?}").contains("tea"), "{object:?}");
    // The limit of a text is none for a password.
    let long = |bytes: usize| register(&format!("\"{}\"", "x".repeat(bytes)));
    let parsed = |line: &str| parse(line.as_bytes(), 100).expect("an object").op;
    assert!(matches!(parsed(&long(SECRET_BYTES)), Op::Register { .. }));
    let limit = SECRET_BYTES;
    assert_eq!(parsed(&long(SECRET_BYTES + 1)), Op::TooLong { limit });
    for (line, expected) in [
        ("{\"op\":\"register\"}", "\"password\" is missing."),
        (
            "{\"op\":\"register\",\"password\":7}",
            "\"password\" takes a string.",
        ),
        ("{\"op\":\"password\",\"old\":\"x\"}", "\"new\" is missing."),
        (
            "{\"op\":\"password\",\"new\":\"tea\"}",
            "\"old\" is missing.",
        ),
        (
            "{\"op\":\"login\",\"password\":\"tea\"}",
            "\"name\" is missing.",
        ),
    ] {
        let (_, code, sentence) = misuse(line);
        assert_eq!((code, &*sentence), (MisuseCode::Member, expected), "{line}");
    }
    for line in [
        "{\"op\":\"register\",\"password\":\"tea",
        "{\"password\":\"tea\",\"op\":\"tee\"}",
    ] {
        let (_, _, sentence) = misuse(line);
        assert!(!sentence.contains("tea"), "{sentence}");
    }
}

#[test]
fn what_means_nothing_is_told_with_its_id() {
    for line in [
        "{",
        "[]",
        "7",
        "{\"op\":\"ping\"} x",
        "{\"op\":\"say\",\"text\":\"\u{7}\"}",
    ] {
        let (id, code, sentence) = misuse(line);
        assert_eq!((id, code), (None, MisuseCode::Json), "{line}");
        assert!(sentence.ends_with('.'), "{sentence}");
    }
    let deep = format!("{{\"a\":{}", "[".repeat(10_000));
    assert_eq!(misuse(&deep).1, MisuseCode::Json);
    let (id, code, sentence) = misuse("{\"op\":\"fly\",\"id\":1}");
    assert_eq!((id.as_deref(), code), (Some("1"), MisuseCode::Op));
    assert!(sentence.starts_with("There is no op \"fly\". Send login, "));
    for (line, expected) in [
        ("{}", "\"op\" is missing."),
        ("{\"op\":\"say\"}", "\"text\" is missing."),
        ("{\"op\":\"say\",\"text\":7}", "\"text\" takes a string."),
        ("{\"op\":\"say\",\"text\":\" \\t\"}", "\"text\" is blank."),
        (
            "{\"op\":\"join\",\"room\":\"a\",\"current\":0}",
            "\"current\" takes true or false.",
        ),
        (
            "{\"op\":\"ping\",\"id\":9007199254740992}",
            "\"id\" takes a string or a whole number below 2^53.",
        ),
        (
            "{\"op\":\"ping\",\"id\":1.5}",
            "\"id\" takes a string or a whole number below 2^53.",
        ),
        (
            "{\"op\":\"ping\",\"id\":{}}",
            "\"id\" takes a string or a whole number below 2^53.",
        ),
    ] {
        let (_, code, sentence) = misuse(line);
        assert_eq!((code, &*sentence), (MisuseCode::Member, expected), "{line}");
    }
    let id = "x".repeat(65);
    let (_, code, sentence) = misuse(&format!("{{\"op\":\"ping\",\"id\":\"{id}\"}}"));
    assert_eq!(
        (code, &*sentence),
        (MisuseCode::Member, "\"id\" has at most 64 bytes.")
    );
}
