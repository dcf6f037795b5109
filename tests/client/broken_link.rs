//! The client when its server is killed, or the way there breaks: it comes back to where it was with the line being typed,
//! others are told nothing that did not happen, and each line is read once.

use crate::harness::{ChatServer, Home, Person, Relay, client};

/// The rows that end like this.
fn with<'a>(rows: &'a [String], end: &str) -> Vec<&'a str> {
    let rows = rows.iter().map(String::as_str);
    rows.filter(|row| row.ends_with(end)).collect()
}

/// Waits until the server's file has a word.
fn until_kept(person: &mut Person, word: &str) {
    let answers = ["-- end --", "-- nothing was found --"];
    let has = |rows: &[String], answer: &str| rows.iter().any(|row| row == answer);
    while !has(&person.rows(), answers[0]) {
        person.keys(&format!("\x0c/search {word}\r"));
        person.until("an answer", |screen| {
            answers.iter().any(|it| screen.contents().contains(it))
        });
    }
}

#[test]
fn after_a_kill_the_client_is_where_it_was_and_says_nothing_elsewhere() {
    let homes = [0; 4].map(|_| Home::new());
    let [data, ann_home, bob_home, cid_home] = &homes;
    let data = ["--data", data.0.to_str().unwrap()];
    let server = ChatServer::start_on(0, &data);
    let port = server.port;
    let mut ann = Person::join(port, ann_home, "Ann", 100, 30);
    for (keys, answer) in [
        ("/join #den", "You are in #den now."),
        ("/listen tea", "You hear #tea too."),
        ("/away at lunch", "You are away."),
        ("before", "Ann: before"),
    ] {
        ann.keys(&format!("{keys}\r"));
        ann.until_seen(answer);
    }
    until_kept(&mut ann, "before");
    ann.keys("half a li");
    ann.until_rows(&["> half a li"]);
    // Kills it: dropping does no less.
    drop(server);
    ann.until_rows(&["(offline) > half a li"]);
    ann.keys("ne\r");
    ann.until_seen("-- Not connected: the line stays here");

    let _server = ChatServer::start_on(port, &data);
    let mut bob = Person::join(port, bob_home, "Bob", 100, 30);
    let mut cid = Person::join(port, cid_home, "Cid", 100, 30);
    cid.keys("/join #den\r");
    ann.keys("\x0c");
    ann.until_seen("You are away.");
    ann.until_seen("You hear #tea too.");
    ann.until_rows(&["> half a line"]);
    cid.until_seen("Ann has come in.");
    ann.keys(" to the end\r");
    cid.until_seen("Ann: half a line to the end");
    ann.keys("/in tea and there\r");
    ann.until_seen("#tea Ann: and there");
    // What was said before the end is kept, and she has read it.
    bob.keys("/join #den\r");
    bob.until_seen("Ann: half a line to the end");
    let rows = bob.rows();
    assert_eq!(with(&rows, " Ann: before").len(), 1, "{rows:#?}");
    assert_eq!(
        with(&rows, "Ann: half a line to the end").len(),
        1,
        "{rows:#?}"
    );
    let entered = rows.iter().position(|row| row == "You are in #den now.");
    let above = &rows[..entered.unwrap()];
    assert!(!above.iter().any(|row| row.contains("Ann: ")), "{rows:#?}");
    let rows = ann.rows();
    assert_eq!(with(&rows, "Ann: before"), [""; 0], "{rows:#?}");
    // She can still be asked where she is, and how.
    ann.keys("/whois ann\r");
    ann.until_seen("at lunch");
}

#[test]
fn while_the_way_is_broken_nobody_reads_a_leave_or_a_join_and_nothing_is_missing() {
    let server = ChatServer::start();
    let homes = [0; 2].map(|_| Home::new());
    let mut relay = Relay::to(server.port);
    let mut ann = Person::sit_down(client(relay.port, &homes[0].0, &["-n", "Ann"]), 80, 60);
    let mut link = relay.connect();
    ann.until_rows(&["Ann has joined the chat.", ">"]);
    let mut bob = Person::join(server.port, &homes[1], "Bob", 80, 60);
    let mut lines = Vec::new();
    for round in 0..4 {
        for i in 0..3 {
            lines.push(format!("Bob: {round}.{i}"));
            bob.keys(&format!("{round}.{i}\r"));
            bob.until_seen(lines.last().unwrap());
            // Some of these come before the break, and some behind it.
            if i == round % 3 {
                relay.forget(link);
                ann.until_rows(&["(offline) >"]);
                ann.keys(&format!("from Ann {round}\r"));
                link = relay.connect();
            }
        }
        ann.until_rows(&[&format!("> from Ann {round}")]);
        ann.keys("\r");
        lines.push(format!("Ann: from Ann {round}"));
        bob.until_seen(lines.last().unwrap());
        ann.until_rows(&[lines.last().unwrap(), ">"]);
    }
    let said = |rows: &[String]| -> Vec<String> {
        let behind = |row: &String| {
            row.find("Bob: ")
                .or(row.find("Ann: "))
                .map(|at| row[at..].into())
        };
        rows.iter().filter_map(behind).collect()
    };
    assert_eq!(said(&bob.rows()), lines);
    assert_eq!(said(&ann.rows()), lines);
    for row in bob.rows() {
        assert!(!row.contains("Ann has") && !row.contains("lost"), "{row}");
    }
}
