//! Programs at the door: how they come in, why they cannot, and how they leave.

use std::collections::BTreeSet;
use std::time::Duration;

use chinwag::limits::{COME_AGAIN, LINE_BYTES, LOGIN_ATTEMPTS};
use serde_json::{Value, json};

use crate::harness::{PROMPT, invalid, serve, serve_with};
use crate::programs::robots;
use crate::robots::{Robot, lasting};

#[test]
fn a_program_says_hello_and_comes_in() {
    let server = serve_with(|config| config.motd = Some("Tea at five.".into()));
    let mut robot = Robot::over(server.connect());
    robot.person().sees(PROMPT);
    robot.asks(&json!({"op": "login", "name": "robot", "id": "a"}));
    robot.person().sees("\r\n");
    let limits = json!({"line": LINE_BYTES, "name": 32, "rate": null});
    robot.reads(&json!({
        "event": "hello", "protocol": 1, "server": concat!("chinwag ", env!("CARGO_PKG_VERSION")), "limits": limits,
        "accounts": "off", "tls": false,
    }));
    let welcome = robot.hears();
    let person = welcome["person"].as_u64().expect("a number");
    assert_eq!(welcome["seq"], person);
    assert!(welcome["journal"].is_string() && person < 1 << 53);
    let me =
        json!({"name": "robot", "person": person, "away": false, "listens": false, "lost": false});
    let mut expected = json!({
        "event": "welcome", "re": "a", "name": "robot", "current": "lobby",
        "rooms": [{"room": "lobby", "topic": null, "people": [me]}], "keep": 60, "resumed": false, "motd": "Tea at five.",
    });
    for given in ["journal", "resume"] {
        assert!(welcome[given].is_string());
        expected[given] = welcome[given].clone();
    }
    assert_eq!(lasting(&welcome), expected);
    robot.reads_nothing();
}

#[test]
fn a_newcomer_is_refused_in_words_and_codes() {
    let server = serve();
    let mut ann = server.login("ann");
    let mut robot = Robot::connect(server.addr());
    let refused = |code: &str, text: &str| json!({"event": "refused", "code": code, "text": text});
    let login = |name: &str| json!({"op": "login", "name": name});
    let taken = refused("name-taken", "That username is taken.");
    robot.asks_and_reads(&login("Ann"), &taken);
    let spaced = invalid("it cannot have a space");
    robot.asks_and_reads(&login("a b"), &refused("name-invalid", &spaced));
    let first = "Come in first: {\"op\":\"login\",\"name\":\"NAME\"}.";
    for op in [
        json!({"op": "say", "text": "hi"}),
        json!({"op": "do", "text": "hi"}),
        json!({"op": "join", "room": "tea"}),
        json!({"op": "leave"}),
        json!({"op": "write", "to": "ann", "text": "hi"}),
        json!({"op": "command", "line": "/quit"}),
    ] {
        robot.asks_and_reads(&op, &refused("not-allowed", first));
    }
    // These were not attempts at a name.
    for _ in 3..LOGIN_ATTEMPTS {
        robot.asks_and_reads(&login("ann"), &taken);
        robot.asks_and_reads(&json!({"op": "ping"}), &json!({"event": "pong"}));
    }
    robot.asks(&login("ann"));
    robot.reads(&taken);
    let text = "Too many attempts. Goodbye!";
    let code = "too-many-attempts";
    robot
        .reads(&json!({"event": "goodbye", "code": code, "text": text, "again": true, "after": 0}));
    robot.is_closed();
    ann.types("/users");
    ann.reads("Users online: 1");
}

#[test]
fn a_line_that_is_too_long_is_told_before_the_login_too() {
    let server = serve();
    let mut robot = Robot::over(server.connect());
    robot.person().sees(PROMPT);
    let long = "x".repeat(5 * LINE_BYTES);
    robot.sends(format!("{{\"op\":\"login\",\"name\":\"{long}\"}}\n").as_bytes());
    robot.person().sees("\r\n");
    assert_eq!(robot.hears()["event"], "hello");
    assert_eq!(robot.hears()["code"], "size");
    robot.logs_in("robot");
}

#[test]
fn an_object_is_the_same_wherever_it_is_cut() {
    let server = serve_with(|config| config.greet_after = Duration::from_secs(5));
    let script = b" {\"op\":\"login\",\"name\":\"ann\"}\r\n{\"op\":\"say\",\"text\":\"h\\u00e9\\\"\",\"id\":\"1\"}\n\n\
        {\"op\":\"fly\"}\n{\"op\":\"quit\"}";
    let mut first = None;
    for at in 0..script.len() {
        let mut robot = Robot::over(server.connect());
        let (front, back) = script.split_at(at);
        robot.sends(front);
        robot.sends(back);
        robot.person().ends_input();
        let heard = robot.person().reads_to_end();
        let heard: Vec<Value> = heard
            .lines()
            .map(|line| serde_json::from_str(line).expect(line))
            .collect();
        let events: Vec<&str> = heard.iter().filter_map(|it| it["event"].as_str()).collect();
        assert_eq!(
            events,
            ["hello", "welcome", "said", "error", "goodbye"],
            "cut at {at}"
        );
        let said = lasting(&heard[2]);
        assert_eq!(*first.get_or_insert(said.clone()), said, "cut at {at}");
    }
}

/// Checks the last object and the end. Returns how long to wait.
fn leaves(robot: &mut Robot, code: &str, again: bool) -> u64 {
    let goodbye = robot.hears();
    let told = ["event", "code", "again"].map(|it| goodbye[it].clone());
    assert_eq!(told, [json!("goodbye"), json!(code), json!(again)]);
    assert!(goodbye["text"].as_str().is_some_and(|it| !it.is_empty()));
    robot.is_closed();
    goodbye["after"].as_u64().expect("a number")
}

#[test]
fn a_shutdown_says_when_to_come_again() {
    let server = serve();
    let mut all: Vec<Robot> = robots(&server, ["ann", "bob", "cleo"]).into();
    // One who has not come in, and one who is taken for a person so far.
    all.push(Robot::connect(server.addr()));
    let mut person = server.connect();
    person.sees(PROMPT);
    // Those who came before read of those behind them.
    all.iter_mut().for_each(Robot::reads_nothing);
    server.handle().shutdown();
    let times: BTreeSet<u64> = all
        .iter_mut()
        .map(|it| leaves(it, "shutdown", true))
        .collect();
    assert!(times.iter().all(|it| COME_AGAIN.contains(it)), "{times:?}");
    assert_eq!(times.len(), all.len());
    person.reads("");
    person.reads("Server is shutting down. Goodbye!");
    person.is_closed();
}

#[test]
fn who_was_greeted_is_a_program_by_the_first_line_alone() {
    let server = serve();
    let mut ann = server.login("ann");
    ann.types("{\"op\":\"quit\"}");
    ann.types("/users");
    ann.reads("Users online: 1");
    // A blank line is none.
    let mut robot = Robot::over(server.connect());
    robot.person().sees(PROMPT);
    robot.sends(b"\r\n \n");
    robot.begins_behind("");
    robot.logs_in("robot");
    ann.reads("robot has joined the chat.");
    robot.reads_nothing();
    // Behind a refused name it is too late.
    let mut bob = server.connect();
    bob.sees(PROMPT);
    bob.types("ann");
    bob.reads("That username is taken.");
    bob.sees(PROMPT);
    bob.types("{\"op\":\"ping\"}");
    bob.reads(&invalid("it cannot have '{'"));
}

#[test]
fn a_program_has_no_name_where_nobody_has() {
    let server = serve_with(|config| {
        config.anonymous = true;
        config.greet_after = Duration::from_secs(5);
    });
    let mut robot = Robot::over(server.connect());
    let addr = robot.person().addr();
    robot.asks(&json!({"op": "say", "text": "hi", "id": 1}));
    assert_eq!(robot.hears()["event"], "hello");
    let welcome = robot.hears();
    assert_eq!(welcome["name"], addr.to_string());
    assert_eq!(welcome.get("re"), None);
    let said =
        json!({"event": "said", "re": 1, "room": "lobby", "from": addr.to_string(), "text": "hi"});
    robot.reads(&said);
    let mut other = Robot::over(server.connect());
    let name = other.person().addr().to_string();
    other.asks(&json!({"op": "ping"}));
    robot.reads(&json!({"event": "joined", "room": "lobby", "name": name}));
}

#[test]
fn who_cannot_come_in_reads_goodbye_alone() {
    let server = serve_with(|config| {
        config.max_clients = 1;
        config.greet_after = Duration::from_secs(5);
    });
    let mut ann = Robot::over(server.connect());
    ann.asks(&json!({"op": "ping"}));
    assert_eq!(
        [ann.hears(), ann.hears()].map(|it| it["event"].clone()),
        ["hello", "pong"]
    );
    let mut bob = Robot::over(server.connect());
    bob.asks(&json!({"op": "login", "name": "bob"}));
    assert!(COME_AGAIN.contains(&leaves(&mut bob, "full", true)));
}

#[test]
fn who_gives_no_name_in_time_reads_goodbye() {
    let server = serve_with(|config| config.login_timeout = Some(Duration::from_millis(200)));
    let mut robot = Robot::connect(server.addr());
    assert_eq!(leaves(&mut robot, "login-timeout", true), 0);
}
