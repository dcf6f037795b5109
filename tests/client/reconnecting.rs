//! The client when the way to its server breaks: a typed line reaches the place that it was meant for, or nobody.

use std::net::Shutdown;

use serde_json::json;

use crate::harness::{ChatServer, Home, Person, Relay, Scripted, Served, client, text_of};

/// Ann in `#den`, with all her settings, and Bob in the lobby.
fn ann_in_the_den(port: u16, home: &Home) -> Person {
    let mut ann = Person::join(port, home, "Ann", 80, 24);
    for (command, answer) in [
        ("/time on +2", "Timestamps are on (+02:00)."),
        ("/quiet on", "Join and leave notices are off."),
        ("/away at lunch", "You are away."),
        ("/join #den", "You are in #den now."),
    ] {
        ann.keys(&format!("{command}\r"));
        ann.until_seen(answer);
    }
    ann
}

/// A person in the lobby who sees the lines said there.
fn bob(port: u16, home: &Home) -> Person {
    Person::join(port, home, "Bob", 80, 24)
}

#[test]
fn after_a_restart_a_line_is_read_in_the_room_it_was_typed_for() {
    let (server, home) = (ChatServer::start(), Home::new());
    let port = server.port;
    let mut ann = ann_in_the_den(port, &home);
    ann.keys("half a li");
    server.stop();
    ann.until_seen("Server is shutting down. Goodbye!");
    ann.until_rows(&["(offline) > half a li"]);
    ann.keys("ne\r");
    ann.until_seen("-- Not connected: the line stays here");

    let _server = ChatServer::start_on(port, &[]);
    let mut bob = bob(port, &home);
    ann.keys("\x0c");
    ann.until("the room and the settings", |screen| {
        let seen = screen.contents();
        seen.contains("You are away.") && seen.contains("You are in #den now.")
    });
    ann.until_rows(&["> half a line"]);
    ann.keys("\r");
    // Her clock, and the notices that she does not want, are her own business.
    ann.until("the line", |screen| {
        let rows = screen.contents();
        let line = rows.lines().find(|row| row.ends_with(" Ann: half a line"));
        line.is_some_and(|row| row.find(':') == Some(2))
    });
    bob.keys("/join #den\r");
    bob.until_seen("Ann: half a line");
    let rows = bob.rows();
    let row = |text: &str| rows.iter().position(|row| row.contains(text));
    assert!(
        row("You are in #den now.") < row("Ann: half a line"),
        "{rows:#?}"
    );
}

#[test]
fn enter_before_the_room_is_there_again_sends_nothing_to_another() {
    let (server, home) = (Scripted::start(), Home::new());
    let mut ann = Person::sit_down(client(server.port, &home.0, &["-n", "Ann"]), 80, 24);
    let (mut served, _) = server.welcome();
    ann.until_seen("Ann has joined");
    ann.keys("/join #den\rin the den\r");
    let join = served.reads_op();
    assert_eq!(join["line"], "/join #den");
    served.moves(&join, "den");
    let said = served.reads_op();
    assert_eq!(
        (&said["text"], &said["room"]),
        (&json!("in the den"), &json!("den"))
    );
    drop(served);

    let (mut served, _) = server.welcome();
    ann.until_seen("| in the den");
    // Nothing is answered before the room.
    let join = first_op(&mut served);
    assert_eq!(
        (&join["op"], &join["room"]),
        (&json!("join"), &json!("den"))
    );
    ann.until_rows(&["(coming back) >"]);
    ann.keys("for the den\r");
    ann.until_rows(&["(coming back) >"]);
    // This server has another mind.
    let no = "There are too many rooms already.";
    served.tells(json!({"event": "refused", "re": join["id"], "code": "not-allowed", "text": no}));
    let ping = first_op(&mut served);
    served.tells(json!({"event": "pong", "re": ping["id"]}));
    ann.until_rows(&[
        "-- You are in #lobby now, not in #den. Nothing was sent; Enter sends it here. --",
        "> for the den",
    ]);
    ann.keys(" after all\r");
    let said = served.reads_op();
    assert_eq!(said["text"], "for the den after all");
    assert_eq!(said["room"], "lobby");
}

/// The next object, whatever it is, but for the silent question for rooms.
fn first_op(served: &mut Served) -> serde_json::Value {
    loop {
        let line = crate::harness::read_line(&mut served.stream);
        let op: serde_json::Value = serde_json::from_str(&line).unwrap();
        if op["line"] != "/rooms" {
            return op;
        }
    }
}

#[test]
fn an_ignored_person_who_comes_back_later_is_ignored_again() {
    let (server, home) = (ChatServer::start(), Home::new());
    let port = server.port;
    let (bob_home, eve_home) = (Home::new(), Home::new());
    let mut ann = Person::join(port, &home, "Ann", 80, 24);
    let bob = Person::join(port, &bob_home, "Bob", 80, 24);
    let eve = Person::join(port, &eve_home, "Eve", 80, 24);
    ann.until_seen("Eve has joined the chat.");
    ann.keys("/ignore Bob\r/ignore Eve\r/quiet on\r");
    ann.until_seen("Join and leave notices are off.");
    drop((bob, eve));
    server.stop();
    let _server = ChatServer::start_on(port, &[]);
    ann.keys("\r");
    ann.until_seen("Nobody here is called Bob.");
    let mut bob = Person::join(port, &bob_home, "Bob", 80, 24);
    let mut eve = Person::join(port, &eve_home, "Eve", 80, 24);
    let mut cid = Person::join(port, &Home::new(), "Cid", 80, 24);
    ann.keys("\x0c");
    ann.until("an empty screen", |screen| text_of(screen).trim() == ">");
    bob.keys("one\r");
    ann.until_seen("You are now ignoring Bob.");
    bob.keys("two\r/me waves\r");
    eve.until_seen("* Bob waves");
    // Another name is no way out.
    eve.keys("/nick Zoe\rthree\r");
    cid.until_seen("Zoe: three");
    cid.keys("four\r");
    ann.until_seen("Cid: four");
    let rows = ann.rows();
    let of_ignored = |row: &String| {
        ["Bob: ", "waves", "three"]
            .iter()
            .any(|it| row.contains(it))
    };
    assert!(!rows.iter().any(of_ignored), "{rows:#?}");
}

#[test]
fn a_line_that_the_server_has_not_confirmed_is_shown_when_the_connection_breaks() {
    let (server, home) = (Scripted::start(), Home::new());
    let mut ann = Person::sit_down(client(server.port, &home.0, &["-n", "Ann"]), 80, 24);
    let (mut served, _) = server.welcome();
    ann.until_seen("Ann has joined");
    ann.keys("one\rtwo\r");
    assert_eq!(served.reads(), "one");
    served.confirms = false;
    assert_eq!(served.reads(), "two");
    ann.until_seen("1 not confirmed · online");
    served.stream.shutdown(Shutdown::Both).unwrap();
    ann.until_seen("-- The server has not confirmed this; perhaps nobody has read it: --");
    ann.until_seen("| two");
    assert!(!ann.rows().contains(&"| one".into()));
}

#[test]
fn what_was_not_confirmed_is_said_again_under_its_id_on_the_same_seat() {
    let (server, home) = (Scripted::start(), Home::new());
    let mut ann = Person::sit_down(client(server.port, &home.0, &["-n", "Ann"]), 80, 24);
    let mut served = Served::new(server.accept());
    let login = served.reads_op();
    assert_eq!(login["resume"], json!(null));
    let welcome = |login: &serde_json::Value, token: &str, resumed: bool| {
        json!({
            "event": "welcome", "re": login["id"], "name": "Ann", "person": 1, "current": "den", "journal": "j",
            "rooms": [{"room": "den", "people": []}, {"room": "tea", "people": []}], "resume": token, "resumed": resumed,
        })
    };
    served.tells(welcome(&login, "first", false));
    ann.until_seen("Ann has joined");
    served.tells(json!({"event": "said", "room": "den", "from": "Bob", "text": "one"}));
    ann.until_seen("Bob: one");
    ann.keys("two\r/topic T\rthree\rhalf");
    let [two, _, three] = [0; 3].map(|_| served.reads_op());
    ann.until_rows(&["> half"]);
    drop(served);
    ann.until_rows(&["        tries now. --", "(offline) > half"]);
    ann.until_seen("| /topic T");

    let mut served = Served::new(server.accept());
    let login = served.reads_op();
    assert_eq!(
        (&login["resume"], &login["journal"]),
        (&json!("first"), &json!("j"))
    );
    assert_eq!(login["since"], 1003);
    served.tells(welcome(&login, "second", true));
    // The server had read the first one.
    let past = |seq: u64, re: &serde_json::Value, from: &str, text: &str| {
        json!({
            "event": "said", "seq": seq, "re": re, "room": "den", "from": from, "text": text, "past": true,
            "at": "2026-11-21T16:59:59.000Z",
        })
        .to_string()
            + "\n"
    };
    served.writes(&past(1004, &two["id"], "Ann", "two"));
    served.writes(&past(1005, &json!(null), "Bob", "missed"));
    assert_eq!(first_op(&mut served), two);
    assert_eq!(first_op(&mut served), three);
    served.writes(&past(1004, &two["id"], "Ann", "two").replace(",\"past\":true", ""));
    let said =
        json!({"event": "said", "re": three["id"], "room": "den", "from": "Ann", "text": "three"});
    served.tells(said);
    let ping = first_op(&mut served);
    served.tells(json!({"event": "pong", "re": ping["id"]}));
    ann.until_rows(&[
        "-- Back in #den. --",
        "2026-11-21 16:59 Ann: two",
        "─────────────────────────────── new ───────────────────────────────",
        "2026-11-21 16:59 Bob: missed",
        "Ann: three",
        "> half",
    ]);
}

#[test]
fn a_seat_that_is_gone_is_left_for_a_new_one_in_the_same_rooms() {
    let (server, home) = (Scripted::start(), Home::new());
    let mut ann = Person::sit_down(client(server.port, &home.0, &["-n", "Ann"]), 80, 24);
    let mut served = Served::new(server.accept());
    let login = served.reads_op();
    served.tells(json!({
        "event": "welcome", "re": login["id"], "name": "Ann", "person": 1, "current": "den", "journal": "j",
        "rooms": [{"room": "den", "people": []}, {"room": "tea", "people": []}], "resume": "first",
    }));
    ann.until_seen("Ann has joined");
    ann.keys("one\rhalf");
    served.reads_op();
    drop(served);
    ann.until_rows(&["(offline) > half"]);

    let mut served = Served::new(server.accept());
    let login = served.reads_op();
    assert_eq!(login["resume"], "first");
    let gone =
        json!({"event": "refused", "re": login["id"], "code": "resume-gone", "text": "Gone."});
    served.tells(gone);
    let login = served.reads_op();
    assert_eq!(
        (&login["name"], &login["resume"]),
        (&json!("Ann"), &json!(null))
    );
    served.lets_in(&login);
    assert_eq!(served.reads(), "/join #den");
    let tea = served.reads_op();
    assert_eq!(
        (&tea["room"], &tea["current"]),
        (&json!("tea"), &json!(false))
    );
    ann.until_seen("-- The server has not confirmed this; perhaps nobody has read it: --");
    ann.until_seen("| one");
}

#[test]
fn its_name_held_by_a_lost_connection_is_tried_again() {
    // There is no seat to come back to.
    let server = ChatServer::start_on(0, &["--keep-seat", "0"]);
    let home = Home::new();
    let mut relay = Relay::to(server.port);
    let command = client(relay.port, &home.0, &["-n", "Ann"]);
    let mut ann = Person::sit_down(command, 80, 24);
    let broken = relay.connect();
    ann.until_seen("Ann has joined the chat.");
    ann.keys("typed");
    broken.shutdown(Shutdown::Both).unwrap();
    // The server's end stays open.
    let _again = relay.connect();
    ann.until_seen("-- Not let in: That username is taken. Trying again in");
    ann.until_rows(&["(offline) > typed"]);
    // A second refusal is no second row.
    ann.keys("\r");
    let _again = relay.connect();
    ann.keys("\x0c!");
    ann.until_rows(&["(offline) > typed!"]);
    assert!(!ann.rows().iter().any(|row| row.contains("Not let in")));
    // Another name, since the server holds the old one for good here.
    ann.keys("\x15/nick Bea\r");
    let _again = relay.connect();
    ann.until_rows(&["Bea has joined the chat.", ">"]);
}

#[test]
fn a_full_server_is_tried_again() {
    let (server, home) = (Scripted::start(), Home::new());
    let mut ann = Person::sit_down(client(server.port, &home.0, &["-n", "Ann"]), 80, 24);
    let (served, _) = server.welcome();
    ann.until_seen("Welcome");
    ann.keys("typed");
    drop(served);
    for _ in 0..2 {
        let mut served = Served::new(server.accept());
        served.says_goodbye("full", true);
        ann.until_seen("-- Not let in: Server is full. Try again later. Trying again in");
        ann.until_rows(&["(offline) > typed"]);
        ann.keys("\r");
    }
    let (mut served, name) = server.welcome();
    assert_eq!(name, "Ann");
    served.settles();
    ann.until_rows(&["Ann has joined the chat.", "> typed"]);
    let rows = ann.rows();
    let told = rows.iter().filter(|row| row.contains("Not let in"));
    assert_eq!(told.count(), 1, "{rows:#?}");
}

#[test]
fn a_person_who_was_sent_away_comes_back_at_the_press_of_a_key() {
    let server = ChatServer::start_on(0, &["--idle-timeout", "1"]);
    let home = Home::new();
    let mut ann = Person::join(server.port, &home, "Ann", 80, 24);
    ann.keys("typed");
    ann.until_rows(&[
        "You have been silent for too long. Goodbye!",
        "-- The server has sent you away. Press Enter to come back, Ctrl-C to leave. --",
        "(offline) > typed",
    ]);
    ann.keys("\r");
    ann.until_seen("Ann has joined the chat.");
    ann.until_seen("Press Enter to come back");
    ann.keys("\x03\x03");
    ann.end_with(0);
}

#[test]
fn quit_is_no_name() {
    let (server, home) = (ChatServer::start(), Home::new());
    let mut ann = Person::sit_down(client(server.port, &home.0, &[]), 80, 24);
    ann.until_rows(&["Enter your username:"]);
    ann.keys("/quit\r");
    ann.end_with(0);
}

#[test]
fn what_was_typed_behind_a_room_that_there_is_not_is_not_said_in_this_one() {
    let (server, home) = (ChatServer::start(), Home::new());
    let bob_home = Home::new();
    let mut bob = Person::join(server.port, &bob_home, "Bob", 80, 24);
    let mut ann = Person::join(server.port, &home, "Ann", 80, 24);
    ann.keys("/join no such room\rfor that room\r");
    ann.until_rows(&[
        "-- You are still in #lobby. What you typed for the other room was not sent. --",
        "> for that room",
    ]);
    ann.keys("\x15for the lobby\r");
    bob.until_seen("Ann: for the lobby");
    assert!(!bob.rows().iter().any(|row| row.contains("that room")));
}
