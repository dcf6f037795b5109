//! Programs in the chat: what they ask for by objects, and what they and the people beside them read.

use std::collections::BTreeSet;

use chinwag::Rate;
use chinwag::limits::{ID_BYTES, IDS_REMEMBERED, LINE_BYTES, OBJECT_BYTES, REMEMBERED_BYTES};
use serde_json::{Value, json};

use crate::harness::{Person, Running, serve, serve_with, until};
use crate::robots::Robot;

/// Robots who came in one after the other, and have read of it.
pub(crate) fn robots<const N: usize>(server: &Running, names: [&str; N]) -> [Robot; N] {
    let mut robots: Vec<Robot> = Vec::new();
    for name in names {
        let newcomer = Robot::login(server.addr(), name);
        for robot in &mut robots {
            robot.reads(&json!({"event": "joined", "room": "lobby", "name": name}));
        }
        robots.push(newcomer);
    }
    let robots = robots.try_into();
    robots.unwrap_or_else(|_| unreachable!("one robot per name"))
}

/// What others read when ann says something.
fn said(text: &str) -> Value {
    json!({"event": "said", "room": "lobby", "from": "ann", "text": text})
}

/// The same with the id of the object that asked for it.
fn with_re(mut object: Value, re: impl Into<Value>) -> Value {
    object["re"] = re.into();
    object
}

#[test]
fn everybody_reads_the_same_number_and_only_the_author_an_id() {
    let server = serve();
    let [mut ann, mut bob] = robots(&server, ["ann", "bob"]);
    let mut last = 0;
    let mut same = |own: &Value, others: &Value| {
        for name in ["seq", "at", "person"] {
            assert_eq!(own[name], others[name], "{name}");
        }
        let seq = own["seq"].as_u64().expect("a number");
        assert!(seq > last, "{seq} comes behind {last}");
        last = seq;
    };
    for (i, text) in ["hi", "", " x ", "\"\\é台🎉"].into_iter().enumerate() {
        if text.is_empty() {
            let text = "\"text\" is blank.";
            let error = json!({"event": "error", "re": i, "code": "member", "text": text});
            ann.asks_and_reads(&json!({"op": "say", "text": "", "id": i}), &error);
            continue;
        }
        let own = with_re(said(text), i);
        let own = ann.asks_and_reads(&json!({"op": "say", "text": text, "id": i}), &own);
        same(&own, &bob.reads(&said(text)));
    }
    let did = json!({"event": "did", "room": "lobby", "from": "bob", "text": "waves"});
    let own = with_re(did.clone(), "a");
    let own = bob.asks_and_reads(&json!({"op": "do", "text": "waves", "id": "a"}), &own);
    same(&own, &ann.reads(&did));
    // Without an id there is no `re`.
    let own = ann.asks_and_reads(&json!({"op": "say", "text": "ho"}), &said("ho"));
    same(&own, &bob.reads(&said("ho")));
    let line = json!({"op": "command", "line": "/me waves", "id": null});
    let did = json!({"event": "did", "room": "lobby", "from": "ann", "text": "waves"});
    let own = ann.asks_and_reads(&line, &did);
    same(&own, &bob.reads(&did));
}

#[test]
fn a_program_goes_to_rooms_and_writes_to_people() {
    let server = serve();
    let [mut ann, mut bob] = robots(&server, ["ann", "bob"]);
    let listen = json!({"op": "join", "room": "tea", "current": false, "id": 1});
    ann.asks(&listen);
    let room = ann.hears();
    let told = ["re", "room", "current", "topic"].map(|it| room[it].clone());
    assert_eq!(told, [1.into(), "tea".into(), false.into(), Value::Null]);
    assert_eq!(room["people"][0]["listens"], true);
    bob.asks(&json!({"op": "join", "room": "tea", "id": 2}));
    bob.reads(&json!({"event": "out", "re": 2, "room": "lobby", "current": "tea"}));
    assert_eq!(bob.hears()["people"].as_array().map(Vec::len), Some(2));
    ann.reads(&json!({"event": "went", "room": "lobby", "name": "bob", "to": "tea"}));
    ann.reads(&json!({"event": "entered", "room": "tea", "name": "bob"}));
    for (id, room) in [(3, "tea"), (4, "lobby")] {
        let said = json!({"event": "said", "room": room, "from": "ann", "text": "hi"});
        let say = json!({"op": "say", "room": room, "text": "hi", "id": id});
        ann.asks_and_reads(&say, &with_re(said.clone(), id));
        if room == "tea" {
            bob.reads(&said);
        }
    }
    let write = json!({"op": "write", "to": "bob", "text": "psst", "id": 5});
    let written = json!({"event": "written", "re": 5, "to": "bob", "text": "psst"});
    let own = ann.asks_and_reads(&write, &written);
    let private = bob.reads(&json!({"event": "private", "from": "ann", "text": "psst"}));
    assert_eq!(own["seq"], private["seq"]);
    ann.asks(&json!({"op": "leave", "room": "tea", "id": 5}));
    ann.reads(&json!({"event": "out", "re": 5, "room": "tea", "current": "lobby"}));
    bob.reads(&json!({"event": "went", "room": "tea", "name": "ann"}));
    ann.asks(&json!({"op": "leave", "room": "tea", "id": 6}));
    let refused = ann.hears();
    assert_eq!(
        (&refused["event"], &refused["code"]),
        (&"refused".into(), &"no-room".into())
    );
    bob.asks(&json!({"op": "quit", "text": "good night"}));
    let goodbye = "Goodbye!";
    bob.reads(
        &json!({"event": "goodbye", "code": "quit", "text": goodbye, "again": false, "after": 0}),
    );
    bob.is_closed();
    ann.reads_nothing();
}

#[test]
fn what_was_said_before_is_told_with_its_number() {
    let server = serve_with(|config| config.history = 9);
    let [mut ann] = robots(&server, ["ann"]);
    let first = ann.asks_and_reads(&json!({"op": "say", "text": "hi"}), &said("hi"));
    let mut bob = Robot::connect(server.addr());
    bob.logs_in("bob");
    let mut past = said("hi");
    past["past"] = true.into();
    let again = bob.reads(&past);
    for name in ["seq", "at", "person"] {
        assert_eq!(again[name], first[name]);
    }
    ann.reads(&json!({"event": "joined", "room": "lobby", "name": "bob"}));
    // People who come back read what is new. One's own lines come under one's own name.
    ann.asks_and_reads(&json!({"op": "command", "line": "/history"}), &json!({
        "event": "answer", "to": "history", "text": ["-- last message, times in UTC --"], "count": 1,
    }));
    assert_eq!(ann.reads(&past)["seq"], first["seq"]);
    let events = |robot: &mut Robot| [robot.hears(), robot.hears()].map(|it| it["event"].clone());
    bob.asks(&json!({"op": "join", "room": "tea"}));
    assert_eq!(events(&mut bob), ["out", "room"]);
    assert_eq!(ann.hears()["event"], "went");
    ann.asks_and_reads(&json!({"op": "say", "text": "ho"}), &said("ho"));
    bob.asks(&json!({"op": "join", "room": "lobby", "id": 1}));
    assert_eq!(events(&mut bob), ["out", "room"]);
    past["text"] = "ho".into();
    bob.reads(&with_re(past, 1));
    bob.reads_nothing();
}

#[test]
fn the_same_id_again_does_nothing() {
    let server = serve();
    let [mut ann, mut bob] = robots(&server, ["ann", "bob"]);
    let say = |id: Value, text: &str| json!({"op": "say", "id": id, "text": text});
    let first = ann.asks_and_reads(&say("a".into(), "hi"), &with_re(said("hi"), "a"));
    bob.reads(&said("hi"));
    for text in ["hi", "something else"] {
        ann.asks(&say("a".into(), text));
        assert_eq!(ann.hears(), first);
    }
    let write = json!({"op": "write", "to": "bob", "text": "psst", "id": "b"});
    let written = json!({"event": "written", "re": "b", "to": "bob", "text": "psst"});
    let own = ann.asks_and_reads(&write, &written);
    ann.asks(&write);
    assert_eq!(ann.hears(), own);
    bob.reads(&json!({"event": "private", "from": "ann", "text": "psst"}));
    // Another one has ids of its own, and a number is not a string.
    let others = json!({"event": "said", "room": "lobby", "from": "bob", "text": "ho"});
    bob.asks_and_reads(&say("a".into(), "ho"), &with_re(others.clone(), "a"));
    ann.reads(&others);
    for id in [json!(1), json!("1")] {
        ann.asks_and_reads(&say(id.clone(), "hi"), &with_re(said("hi"), id));
        bob.reads(&said("hi"));
    }
    // "a" is remembered until 64 others have come behind it.
    for id in 4..IDS_REMEMBERED {
        ann.asks(&say("a".into(), "hi"));
        assert_eq!(ann.hears(), first);
        ann.asks_and_reads(&say(id.into(), "x"), &with_re(said("x"), id));
        bob.reads(&said("x"));
    }
    ann.asks(&say("a".into(), "hi"));
    assert_eq!(ann.hears(), first);
    ann.asks_and_reads(&say("last".into(), "x"), &with_re(said("x"), "last"));
    bob.reads(&said("x"));
    let again = ann.asks_and_reads(&say("a".into(), "hi"), &with_re(said("hi"), "a"));
    assert!(again["seq"].as_u64() > first["seq"].as_u64());
    bob.reads(&said("hi"));
}

#[test]
fn fewer_ids_are_remembered_of_long_texts() {
    let server = serve();
    let [mut ann] = robots(&server, ["ann"]);
    let long = "x".repeat(REMEMBERED_BYTES / 4);
    let say = |id: usize| json!({"op": "say", "id": id, "text": long});
    let mut ask = |id: usize| {
        ann.asks(&say(id));
        ann.hears()["seq"].as_u64().expect("a number")
    };
    let firsts: Vec<u64> = (0..4).map(&mut ask).collect();
    let again: Vec<u64> = (0..4).map(&mut ask).collect();
    assert_eq!(firsts, again);
    ask(4);
    assert_eq!((1..4).map(&mut ask).collect::<Vec<_>>(), firsts[1..]);
    assert!(ask(0) > firsts[3]);
}

#[test]
fn what_is_not_the_protocol_is_told_and_loses_nothing() {
    let server = serve();
    let [mut ann] = robots(&server, ["ann"]);
    let most = 2 * LINE_BYTES + OBJECT_BYTES;
    let longest = format!("{{\"op\":\"ping\",\"x\":\"{}\"}}", "x".repeat(most - 20));
    assert_eq!(longest.len(), most);
    let too_long = longest.replace("xx\"}", "xxx\"}");
    let deep = "[".repeat(10_000);
    let long_id = json!({"op": "ping", "id": "x".repeat(ID_BYTES + 1)}).to_string();
    let mut lines = String::new();
    let mut codes = Vec::new();
    for (line, code) in [
        ("{", Some("json")),
        ("hello", Some("json")),
        ("[]", Some("json")),
        ("{\"op\":\"ping\"} {}", Some("json")),
        (&deep, Some("json")),
        ("{}", Some("member")),
        ("{\"op\":7}", Some("member")),
        ("{\"op\":\"say\"}", Some("member")),
        ("{\"op\":\"say\",\"text\":[]}", Some("member")),
        (
            "{\"op\":\"join\",\"room\":\"x\",\"current\":1}",
            Some("member"),
        ),
        (&long_id, Some("member")),
        ("{\"op\":\"sing\"}", Some("op")),
        (&too_long, Some("size")),
        (&longest, None),
        ("", None),
        (" \t\r", None),
        (" {\"op\":\"ping\",\"unknown\":{\"op\":\"quit\"}}\r", None),
    ] {
        lines += &format!("{line}\n{{\"op\":\"ping\",\"id\":\"next\"}}\n");
        codes.push((line, code));
    }
    ann.sends(lines.as_bytes());
    for (line, code) in codes {
        let start: String = line.chars().take(50).collect();
        match code {
            Some(code) => {
                let error = ann.hears();
                assert_eq!(
                    (&error["event"], &error["code"]),
                    (&"error".into(), &code.into()),
                    "{start}"
                );
                assert!(error["text"].as_str().is_some_and(|it| it.ends_with('.')));
            }
            None if line.trim().is_empty() => {}
            None => _ = ann.reads(&json!({"event": "pong"})),
        }
        ann.reads(&json!({"event": "pong", "re": "next"}));
    }
    let text = "x".repeat(LINE_BYTES + 1);
    ann.asks(&json!({"op": "say", "text": text, "id": 1}));
    let refused = ann.hears();
    let told = (&refused["event"], &refused["code"], &refused["re"]);
    assert_eq!(told, (&"refused".into(), &"too-long".into(), &1.into()));
}

/// How many of these lines are answered before the robot is slowed down, which comes from an address of its own.
fn answered_at_once(server: &Running, host: u8, line: &str) -> usize {
    let person = Person::connect_from([127, 0, 0, host].into(), server.addr());
    let mut robot = Robot::over(person);
    robot.begins();
    robot.logs_in(&format!("robot-{host}"));
    robot.sends(format!("{line}\n").repeat(40).as_bytes());
    let answers = std::iter::from_fn(|| Some(robot.hears()).filter(|it| it["event"] != "notice"));
    answers.count()
}

#[test]
fn what_means_nothing_costs_as_much_as_what_does() {
    let server = serve_with(|config| {
        config.rate = Rate::new(1, 20);
        config.rate_on_loopback = true;
    });
    let usual = answered_at_once(&server, 2, "{\"op\":\"ping\"}");
    assert!((10..40).contains(&usual), "{usual}");
    for (host, line) in (3..).zip(["{", "{}", "[]", "{\"op\":\"sing\"}", "{\"op\":\"say\"}"]) {
        let count = answered_at_once(&server, host, line);
        // A line comes back each second.
        assert!(
            count.abs_diff(usual) < 5,
            "{line}: {count}, and not {usual}"
        );
    }
    let long = "x".repeat(2 * LINE_BYTES + OBJECT_BYTES + 1);
    assert!(answered_at_once(&server, 9, &long) < usual);
}

#[test]
fn people_and_programs_read_each_other() {
    let server = serve();
    let mut ann = server.login("ann");
    let mut robot = Robot::login(server.addr(), "robot");
    ann.reads("robot has joined the chat.");
    ann.types("Hello, \"robot\"!\u{7}");
    robot.reads(&said("Hello, \"robot\"!␇"));
    let text = "a\u{1b}[2J\r\nb\u{202e}c\u{9b}d\u{2028}e";
    robot.asks(&json!({"op": "say", "text": text}));
    let clean = "a␛[2J␍␊b\u{fffd}c\u{fffd}d\u{fffd}e";
    ann.reads(&format!("robot: {clean}"));
    robot.reads(&json!({"event": "said", "room": "lobby", "from": "robot", "text": clean}));
    robot.asks(&json!({"op": "do", "text": "waves"}));
    ann.reads("* robot waves");
    robot.hears();
    robot.asks(&json!({"op": "write", "to": "ann", "text": "psst"}));
    ann.reads("robot (private): psst");
    robot.hears();
    ann.types("/reply yes?");
    ann.reads("To robot (private): yes?");
    robot.reads(&json!({"event": "private", "from": "ann", "text": "yes?"}));
    robot.asks(&json!({"op": "join", "room": "tea"}));
    ann.reads("robot has gone to #tea.");
    assert_eq!(
        [robot.hears(), robot.hears()].map(|it| it["event"].clone()),
        ["out", "room"]
    );
    robot.asks(&json!({"op": "quit", "text": "bye\nall"}));
    assert_eq!(robot.hears()["code"], "quit");
    ann.types("/users");
    ann.reads("Users online: 1");
}

#[test]
fn what_a_slow_program_misses_is_counted() {
    let server = serve();
    let [mut ann] = robots(&server, ["ann"]);
    let mut slow = Robot::over(Person::taking(server.addr(), 4096));
    slow.begins();
    slow.logs_in("slow");
    assert_eq!(ann.hears()["event"], "joined");
    const COUNT: usize = 1500;
    let text = "x".repeat(8000);
    for _ in 0..COUNT {
        ann.asks(&json!({"op": "say", "text": text}));
        assert_eq!(ann.hears()["event"], "said");
    }
    until("lines are skipped", || server.handle().stats().skipped > 0);
    ann.asks(&json!({"op": "write", "to": "slow", "text": "the end"}));
    assert_eq!(ann.hears()["event"], "written");
    let (mut said, mut skipped, mut notices) = (0, 0, BTreeSet::new());
    loop {
        let object = slow.hears();
        match object["event"].as_str() {
            Some("said") => said += 1,
            Some("skipped") => {
                let count = object["count"].as_u64().expect("a number");
                assert_eq!(object, json!({"event": "skipped", "count": count}));
                skipped += count;
                notices.insert(said);
            }
            _ => break assert_eq!(object["event"], "private"),
        }
    }
    assert!(skipped > 0 && !notices.contains(&0), "{notices:?}");
    assert_eq!(said + skipped, COUNT as u64);
    slow.reads_nothing();
}
