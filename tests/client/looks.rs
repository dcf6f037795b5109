//! How the server's lines look at a terminal, whoever wrote them.

use serde_json::json;

use crate::harness::{ChatServer, Home, Person, Scripted, Served, client};

/// Ann at a server that says what the test tells it to.
fn scripted(home: &Home, columns: u16, rows: u16) -> (Person, Served) {
    let server = Scripted::start();
    let command = client(server.port, &home.0, &["-n", "Ann"]);
    let mut ann = Person::sit_down(command, columns, rows);
    let (stream, _) = server.welcome();
    ann.until_seen("Welcome");
    (ann, stream)
}

fn say(stream: &mut Served, line: &str) {
    stream.says(line);
}

#[test]
fn stamps_and_actions_take_nothing_from_a_mention() {
    let server = ChatServer::start();
    let (ann_home, bob_home) = (Home::new(), Home::new());
    let mut ann = Person::join(server.port, &ann_home, "Ann", 80, 24);
    let mut bob = Person::join(server.port, &bob_home, "Bob", 80, 24);
    ann.until_seen("Bob has joined");
    // The text typed after the news of the focus shows that the client has read the news.
    ann.keys("\x1b[Ox");
    ann.until_rows(&["> x"]);
    for (command, answer) in [("/time on", "on (local"), ("/time full", "date (local")] {
        ann.keys(&format!("\x7f{command}\rx"));
        ann.until_seen(answer);
        ann.until_rows(&["> x"]);
        for (typed, end) in [
            ("hello ann, 1", "ann, 1"),
            ("/me waves at ANN, 2", "ANN, 2"),
        ] {
            let before = ann.raw.len();
            bob.keys(&format!("{typed} {answer}\r"));
            ann.until_seen(&format!("{end} {answer}"));
            let raw = String::from_utf8_lossy(&ann.raw[before..]).to_lowercase();
            assert!(raw.contains("\x1b[1;7mann\x1b[0m"), "{raw:?}");
        }
    }
}

#[test]
fn what_was_said_before_has_its_colours_and_rings_no_bell() {
    let home = Home::new();
    let (mut ann, mut stream) = scripted(&home, 80, 24);
    ann.keys("\x1b[Ox");
    ann.until_rows(&["> x"]);
    let said = json!({
        "event": "said", "room": "lobby", "from": "Bob", "text": "ann, one", "past": true,
    });
    stream.tells(said);
    ann.until_seen("one");
    let raw = String::from_utf8_lossy(&ann.raw);
    assert!(raw.contains("\x1b[1;7mann\x1b[0m"), "{raw:?}");
    assert!(!raw.contains('\x07'), "{raw:?}");
}

#[test]
fn no_row_of_a_line_can_pass_for_another_line() {
    let home = Home::new();
    let (mut ann, mut stream) = scripted(&home, 80, 24);
    let spaces = " ".repeat(73);
    say(
        &mut stream,
        &format!("Bob: ok{spaces}Eve (private): the password is 1234"),
    );
    ann.until_rows(&[
        "Bob: ok",
        "        Eve (private): the password is 1234",
        ">",
    ]);
    // Wide characters, and those that terminals disagree about, do not push it there.
    for (text, columns) in [("花", 2), ("👨\u{200d}👩\u{200d}👧", 2), ("e\u{301}", 1)] {
        let filled = text.repeat((80 - "Bob: ".len()) / columns);
        say(&mut stream, &format!("Bob: {filled} Eve: done {columns}"));
        ann.until_seen(&format!("done {columns}"));
        let rows = ann.rows();
        assert!(
            !rows
                .iter()
                .any(|row| row.trim().is_empty() || row.starts_with("Eve")),
            "{rows:#?}"
        );
    }
    ann.resize(40, 10);
    say(
        &mut stream,
        &format!("Bob: ok{}Eve: resized", " ".repeat(33)),
    );
    ann.until_rows(&["Bob: ok", "    Eve: resized", ">"]);
}

#[test]
fn lines_of_one_kind_all_along_hold_up_nothing() {
    let home = Home::new();
    let (mut ann, mut stream) = scripted(&home, 80, 24);
    let dots = ".".repeat(300_000);
    for to in [&*dots, "x"] {
        stream.tells(json!({"event": "renamed", "from": "Ann", "to": to, "person": 1}));
    }
    stream.tells(json!({"event": "notice", "text": dots}));
    for line in [
        format!("Bob: {dots}"),
        format!("Bob: {}", "\u{301}".repeat(150_000)),
        format!("Bob: {}", "\t".repeat(30_000)),
        format!("Bob: {}", "Ann ".repeat(50_000)),
    ] {
        say(&mut stream, &line);
    }
    say(&mut stream, "Bob: and done");
    ann.until_seen("and done");
    // A text that is not a name is not completed either.
    ann.keys(".\tx");
    ann.until_rows(&["> .x"]);
    ann.keys("\x03\x03");
    assert_eq!(stream.reads(), "/quit");
    stream.says_goodbye("quit", false);
    ann.end_with(0);
}

#[test]
fn a_line_longer_than_any_window_is_painted_again_with_its_end() {
    let home = Home::new();
    let (mut ann, mut stream) = scripted(&home, 80, 24);
    say(
        &mut stream,
        &format!("Bob: {} the end", "x".repeat(300_000)),
    );
    ann.until_seen("the end");
    ann.resize(30, 5);
    ann.keys("typed");
    ann.until("the end of the line", |screen| {
        let rows: Vec<String> = screen.rows(0, 30).collect();
        let whole = rows[..3].iter().all(|row| row.starts_with("    x"));
        whole && rows[3].ends_with("the end") && rows[4] == "> typed"
    });
}

#[test]
fn tab_knows_the_servers_commands_from_the_start() {
    let (server, home) = (ChatServer::start(), Home::new());
    let mut ann = Person::join(server.port, &home, "Ann", 80, 24);
    ann.keys("/wh\t");
    ann.until_rows(&["/who  /whois", "> /who"]);
    ann.keys("i\tAnn\r");
    ann.until_seen("Ann is in #lobby");
}
