//! Seats that are kept while a connection is lost, with real sockets.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};
use tungstenite::protocol::CloseFrame;
use tungstenite::protocol::frame::coding::CloseCode;

use crate::harness::{Person, Running, serve_with};
use crate::members::{self, password};
use crate::robots::{Robot, lasting};
use crate::web::Web;

fn serve() -> Running {
    serve_with(|config| config.history = 200)
}

/// Takes a seat again as `login` does it that a welcome belongs to.
fn back(welcome: &Value, since: &Value) -> Value {
    json!({
        "op": "login",
        "resume": welcome["resume"],
        "since": since,
        "journal": welcome["journal"],
        "id": "back",
    })
}

fn resumes(addr: SocketAddr, welcome: &Value, since: &Value) -> (Robot, Value) {
    let mut robot = Robot::connect(addr);
    robot.asks(&back(welcome, since));
    let again = robot.hears();
    let told = (&again["event"], &again["resumed"], &again["re"]);
    assert_eq!(
        told,
        (&"welcome".into(), &true.into(), &"back".into()),
        "{again}"
    );
    assert_eq!(again["person"], welcome["person"]);
    assert_ne!(again["resume"], welcome["resume"]);
    (robot, again)
}

fn caught_up() -> Value {
    json!({"event": "caught-up", "re": "back"})
}

#[test]
fn a_program_that_was_cut_off_reads_what_it_missed() {
    for cut in [Person::vanishes as fn(Person), drop] {
        let server = serve();
        let mut ann = server.login("ann");
        let mut robot = Robot::connect(server.addr());
        let welcome = robot.logs_in("robot");
        ann.reads("robot has joined the chat.");
        robot.asks(&json!({"op": "say", "text": "I am here.", "id": 1}));
        let since = robot.hears()["seq"].clone();
        ann.reads("robot: I am here.");
        cut(robot.into_person());
        ann.types("hello?");
        ann.types("/msg robot psst");
        // The server may not have noticed the cut yet.
        let told = ann.reads_line();
        if told.contains("robot's link is lost; they read it when it is back.") {
            ann.reads("To robot (private): psst");
        }
        let (mut robot, again) = resumes(server.addr(), &welcome, &since);
        assert_eq!(again["seq"], since);
        robot.reads(&json!({
            "event": "said", "room": "lobby", "from": "ann", "text": "hello?", "past": true,
        }));
        robot.reads(&json!({"event": "private", "from": "ann", "text": "psst", "past": true}));
        let end = robot.reads(&caught_up());
        // What was said before is not said again.
        robot.asks(&json!({"op": "say", "text": "I am here.", "id": 1}));
        assert_eq!(robot.hears()["seq"], since);
        robot.asks(&json!({"op": "say", "text": "Back."}));
        robot.hears();
        ann.reads("robot: Back.");
        // And once more, over the connection that still stands.
        let (mut other, _) = resumes(server.addr(), &again, &end["seq"]);
        other.reads(&json!({
            "event": "said", "room": "lobby", "from": "robot", "text": "Back.", "past": true,
        }));
        other.reads(&caught_up());
        assert_eq!(robot.hears()["code"], "replaced");
        robot.is_closed();
    }
}

#[test]
fn a_websocket_that_is_closed_keeps_the_seat_whatever_its_code() {
    let server = serve_with(|config| {
        config.history = 200;
        config.greet_after = Duration::from_secs(5);
    });
    let mut ann = Person::connect(server.addr());
    ann.speaks_first("ann");
    let mut web = Web::connect(server.addr());
    web.hears();
    web.asks(&json!({"op": "login", "name": "web"}));
    let mut welcome = web.hears();
    ann.reads("web has joined the chat.");
    for code in [None, Some(1000), Some(1001), Some(4000)] {
        let frame = code.map(|code| CloseFrame {
            code: CloseCode::from(code),
            reason: "".into(),
        });
        web.closes(frame);
        web.is_closed(code);
        ann.types("/me waits");
        ann.reads("* ann waits");
        web = Web::connect(server.addr());
        web.hears();
        web.asks(&back(&welcome, &welcome["seq"]));
        let again = web.hears();
        assert_eq!(
            (&again["resumed"], &again["name"]),
            (&json!(true), &json!("web"))
        );
        web.reads(&json!({
            "event": "did", "room": "lobby", "from": "ann", "text": "waits", "past": true,
        }));
        let end = web.hears();
        assert_eq!(end["event"], "caught-up");
        welcome = again;
        welcome["seq"] = end["seq"].clone();
    }
    web.asks(&json!({"op": "quit"}));
    ann.reads("web has left the chat.");
}

#[test]
fn a_seat_ends_when_its_time_is_over() {
    let server = serve_with(|config| config.keep_guests = Duration::from_secs(1));
    let mut ann = server.login("ann");
    let mut robot = Robot::connect(server.addr());
    let welcome = robot.logs_in("robot");
    assert_eq!(welcome["keep"], 1);
    ann.reads("robot has joined the chat.");
    drop(robot);
    ann.reads("robot has left the chat: link lost");
    let mut robot = Robot::connect(server.addr());
    robot.asks(&back(&welcome, &welcome["seq"]));
    assert_eq!(robot.hears()["code"], "resume-gone");
    assert_eq!(robot.logs_in("robot")["resumed"], false);
}

#[test]
fn a_member_at_a_telnet_that_is_reset_comes_back_by_the_password() {
    let (_folder, mut daemon, addr) = members::serve("seats-of-members", &["Bob"], &[]);
    let mut eve = Person::guest(addr, 5, "eve");
    let bob = Person::member(addr, "Bob");
    eve.hears("Bob has joined the chat.");
    bob.vanishes();
    daemon.logs("Bob lost the link: connection lost");
    eve.answered("/whois Bob", "Bob's link is lost.");
    eve.types("Are you there?");
    eve.answered("/msg Bob psst", "To Bob (private): psst");
    let mut bob = Person::connect(addr);
    bob.gives("Bob", &password("Bob"));
    let read = bob.reads_until("-- end --");
    let missed = read
        .iter()
        .position(|it| it.contains("2 messages you missed"));
    let missed = &read[missed.unwrap_or_else(|| panic!("{read:?}"))..];
    assert!(missed[1].ends_with("eve: Are you there?"), "{missed:?}");
    assert!(missed[2].ends_with("psst"), "{missed:?}");
    bob.types("Yes.");
    eve.reads("Bob: Yes.");
    // A FIN is how people go.
    drop(bob);
    eve.reads("Bob has left the chat.");
}

#[test]
fn a_program_of_a_member_comes_in_by_its_token_after_a_restart() {
    let (folder, daemon, addr) = members::serve("tokens", &["Bob"], &[]);
    let login = json!({"op": "login", "name": "Bob", "password": password("Bob")});
    let mut bob = Robot::connect(addr);
    bob.asks(&login);
    let welcome = bob.hears();
    let (mut daemon, addr) = members::restarts(&folder, daemon);
    let mut bob = Robot::connect(addr);
    bob.asks(&back(&welcome, &welcome["seq"]));
    let again = bob.hears();
    let (name, journal) = ("Bob", &welcome["journal"]);
    let expected = json!({"event": "welcome", "re": "back", "name": name, "resumed": false, "journal": journal});
    for (member, value) in expected.as_object().expect("an object") {
        assert_eq!(again[member], *value, "{again}");
    }
    // The token is good once.
    bob.asks(&json!({"op": "ping"}));
    bob.hears_event("pong");
    let mut other = Robot::connect(addr);
    other.asks(&back(&welcome, &welcome["seq"]));
    let refused = other.hears();
    assert_eq!(refused["code"], "resume-gone", "{refused}");
    // A new password ends the new one too.
    let told = members::account(&folder, &["password", "Bob"], "another good one");
    assert!(told.contains("Bob"), "{told}");
    daemon.logs("Bob");
    let mut bob = Robot::connect(addr);
    bob.asks(&back(&again, &again["seq"]));
    assert_eq!(lasting(&bob.hears()), lasting(&refused));
}
