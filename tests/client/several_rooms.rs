//! A person who hears several rooms of a real server.

use crate::harness::{ChatServer, Home, Person, Relay, client, text_of};

/// Ann in `#den`, who hears the lobby and `#tea` too.
fn ann_in_three_rooms(port: u16, home: &Home) -> Person {
    let mut ann = Person::join(port, home, "Ann", 100, 24);
    for (command, answer) in [
        ("/join den", "You are in #den now."),
        ("/listen lobby", "You hear #lobby too."),
        ("/listen tea", "You hear #tea too."),
        ("/quiet on", "Join and leave notices are off."),
    ] {
        ann.keys(&format!("{command}\r"));
        ann.until_seen(answer);
    }
    ann
}

fn come(port: u16, home: &Home, name: &str, room: &str) -> Person {
    let mut person = Person::join(port, home, name, 100, 24);
    person.keys(&format!("/join {room}\r"));
    person.until_seen(&format!(" in #{room}"));
    person.keys("\x0c");
    person
}

#[test]
fn lines_of_other_rooms_stand_behind_their_tags() {
    let server = ChatServer::start();
    let homes = [Home::new(), Home::new(), Home::new()];
    let mut ann = ann_in_three_rooms(server.port, &homes[0]);
    let mut bob = come(server.port, &homes[1], "Bob", "tea");
    let mut cid = come(server.port, &homes[2], "Cid", "lobby");
    ann.keys("\x0c");
    bob.keys("milk first?\r");
    ann.until_rows(&["#tea Bob: milk first?", ">"]);
    ann.keys("/in t\tnever, B\t\r");
    ann.until_rows(&["#tea Ann: never, Bob", ">"]);
    bob.until_rows(&["Bob: milk first?", "┃ Ann: never, Bob", ">"]);
    bob.keys("/me shrugs\r");
    ann.until_rows(&["#tea * Bob shrugs", ">"]);
    ann.keys("/in lobby /me waves\r");
    cid.until_rows(&["* Ann waves", ">"]);
    ann.until_rows(&["#lobby * Ann waves", ">"]);
    cid.keys("/nick Dan\r");
    ann.until_rows(&["#lobby Cid is now known as Dan.", ">"]);
    ann.keys("/switch t\t\rin tea\r/in den in den\r");
    ann.until_rows(&[
        "> /switch #tea",
        "You are in #tea now.",
        "You hear #den too. Say something there with /in den TEXT.",
        "Ann: in tea",
        "#den Ann: in den",
        ">",
    ]);
    bob.until_rows(&["Ann: in tea", ">"]);
}

#[test]
fn after_a_restart_all_rooms_are_heard_again_before_a_line_is_sent() {
    let server = ChatServer::start();
    let port = server.port;
    let homes = [Home::new(), Home::new(), Home::new()];
    let mut ann = ann_in_three_rooms(port, &homes[0]);
    ann.keys("half a li");
    server.stop();
    ann.until_rows(&["(offline) > half a li"]);

    let _server = ChatServer::start_on(port, &[]);
    let mut bob = come(port, &homes[1], "Bob", "tea");
    let mut cid = come(port, &homes[2], "Cid", "lobby");
    ann.keys("\x0cne\r");
    ann.until("all rooms", |screen| {
        let seen = screen.contents();
        ["are in #den now.", "hear #lobby too.", "hear #tea too."]
            .iter()
            .all(|it| seen.contains(it))
    });
    ann.until_rows(&["> half a line"]);
    ann.keys("\r/in tea for tea\r/in lobby for all\r");
    ann.until_rows(&[
        "Ann: half a line",
        "#tea Ann: for tea",
        "#lobby Ann: for all",
        ">",
    ]);
    bob.until_rows(&["Ann: for tea", ">"]);
    cid.until_rows(&["Ann: for all", ">"]);
    for (person, said) in [(&mut bob, "#tea Bob: hi"), (&mut cid, "#lobby Cid: hi")] {
        person.keys("hi\r");
        ann.until_rows(&[said, ">"]);
    }
    for person in [bob, cid] {
        let rows = person.rows();
        assert!(
            !rows.iter().any(|row| row.contains("half a line")),
            "{rows:#?}"
        );
    }
}

#[test]
fn what_was_read_of_each_room_is_not_shown_again_after_the_link_has_broken() {
    // She comes in anew: there is no seat to come back to.
    let server = ChatServer::start_on(0, &["--keep-seat", "0"]);
    let homes = [Home::new(), Home::new(), Home::new()];
    let mut relay = Relay::to(server.port);
    let mut ann = Person::sit_down(client(relay.port, &homes[0].0, &["-n", "Ann"]), 100, 40);
    let link = relay.connect();
    let mut bob = come(server.port, &homes[1], "Bob", "tea");
    let mut cid = come(server.port, &homes[2], "Cid", "lobby");
    for (keys, answer) in [
        ("/join den", "You are in #den now."),
        ("/listen tea", "You hear #tea too."),
        ("/listen lobby", "You hear #lobby too."),
    ] {
        ann.keys(&format!("{keys}\r"));
        ann.until_seen(answer);
    }
    ann.keys("den 1\r/in tea tea 1\r");
    bob.until_seen("Ann: tea 1");
    bob.keys("tea 2\r");
    cid.keys("lobby 1\r");
    ann.until_seen("#tea Bob: tea 2");
    ann.until_seen("#lobby Cid: lobby 1");
    ann.keys("den 2\rhalf");
    ann.until_rows(&["Ann: den 2", "> half"]);

    relay.forget(link);
    ann.until_rows(&["(offline) > half"]);
    bob.until_seen("Ann has left the chat.");
    bob.keys("tea 3\r");
    bob.until_rows(&["Bob: tea 3", ">"]);
    ann.keys("\x0c\x15");
    ann.until("an empty screen", |screen| {
        text_of(screen).trim().ends_with(" >") && !text_of(screen).contains("den 1")
    });
    ann.keys("\r");
    let _link = relay.connect();
    ann.until_seen("You hear #lobby too.");
    ann.keys("den 3\r");
    ann.until_rows(&["Ann: den 3", ">"]);
    let rows = ann.rows();
    let with = |text: &str| rows.iter().filter(|row| row.contains(text)).count();
    for (text, count) in [
        ("#tea Bob: tea 3", 1),
        (" new ──", 1),
        ("tea 1", 0),
        ("tea 2", 0),
        ("den 1", 0),
        ("den 2", 0),
        ("lobby 1", 0),
    ] {
        assert_eq!(with(text), count, "{text}: {rows:#?}");
    }
}
