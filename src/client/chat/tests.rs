//! The chat without a link and a terminal: the errands that it gives.

use super::*;
use serde_json::{Value, json};

use super::typing::MAY_BE_SECRET;

use crate::client::tests::config;
use crate::client::tests::host::Host;

const SIZE: (usize, usize) = (80, 24);

#[test]
fn a_server_that_limits_how_fast_we_send_is_waited_for() {
    for (rate, errand) in [
        (json!(16), Some(Errand::ExpectSlowReads)),
        (Value::Null, None),
    ] {
        let mut chat = Chat::new(&config(Some("Ann")), History::open(None), SIZE, || 0);
        chat.errands.clear();
        let hello = json!({"event": "hello", "limits": {"rate": rate}}).to_string() + "\n";
        let event = Some(LinkEvent::Received(hello.len()));
        chat.follow(event, hello.as_bytes(), Instant::now());
        assert_eq!(chat.take_errand(), errand);
    }
}

/// A terminal that has shown nothing.
fn terminal() -> vt100::Parser {
    let [rows, columns] = [SIZE.1, SIZE.0].map(|n| u16::try_from(n).unwrap().try_into().unwrap());
    vt100::Parser::new(rows, columns, 0)
}

fn rows(terminal: &vt100::Parser) -> Vec<String> {
    let contents = terminal.screen().contents();
    let rows = contents.trim_end().lines();
    rows.map(|row| row.trim_end().into()).collect()
}

/// A person at a terminal, and the content of its screen.
struct Person {
    host: Host,
    terminal: vt100::Parser,
}

impl Person {
    /// The client asks her for a username unless she has one.
    fn new(name: Option<&str>) -> Person {
        let host = Host::new(name, SIZE);
        let terminal = terminal();
        Person { host, terminal }
    }

    fn welcomed() -> Person {
        let host = Host::welcomed("Ann", SIZE);
        let terminal = terminal();
        Person { host, terminal }
    }

    /// A person who was in `#den` and has come back to the lobby, because the room no longer lets her in.
    fn refused_by_her_room() -> Person {
        let mut ann = Person::welcomed();
        ann.types("/join #den\r");
        ann.host.sent();
        ann.host.moves("lobby", "den");
        ann.host.returns("Ann");
        ann
    }

    /// The server says that she is back, or not.
    fn is_back(&mut self) {
        self.host.pong();
    }

    fn types(&mut self, keys: &str) {
        self.host.types(keys);
    }

    fn sent(&mut self) -> Vec<String> {
        self.host.sent()
    }

    fn rows(&mut self) -> Vec<String> {
        self.terminal.process(self.host.shown().as_bytes());
        let mut rows = rows(&self.terminal);
        rows.retain(|row| !(row.starts_with('#') && row.ends_with("  online")));
        rows
    }

    fn last_row(&mut self) -> String {
        self.rows().pop().unwrap_or_default()
    }
}

const UP: &str = "\x1b[A";
const DOWN: &str = "\x1b[B";
const PASTE: &str = "\x1b[200~one\rtwo\x1b[201~";

#[test]
fn text_typed_in_the_place_of_a_line_that_was_looked_at_is_not_lost() {
    // Ctrl-C, Ctrl-U, and Ctrl-U with an empty line sent behind it.
    for away in ["\x03", "\x15", "\x15\r"] {
        let mut ann = Person::welcomed();
        ann.types("one\rtwo\rthree\r");
        ann.types(&format!("{UP}{UP}{away}precious text{UP}{DOWN}"));
        assert_eq!(ann.last_row(), "> precious text");
        ann.types(&DOWN.repeat(3));
        // A line that was only changed is still the current one of the history.
        let last = if away == "\x15" {
            ">"
        } else {
            "> precious text"
        };
        assert_eq!(ann.last_row(), last, "{away:?}");
    }
}

#[test]
fn what_was_typed_before_looking_outlives_a_line_that_is_thrown_away() {
    for away in ["\x03", "\r"] {
        let mut ann = Person::welcomed();
        ann.types(&format!("one\rprecious text{UP}{away}"));
        assert_eq!(ann.last_row(), ">");
        ann.types(UP);
        if away == "\r" {
            ann.types(UP);
        }
        assert_eq!(ann.last_row(), "> precious text", "{away:?}");
    }
}

#[test]
fn a_name_being_typed_outlives_a_second_question_for_it() {
    let mut alex = Person::new(None);
    alex.types("a line");
    alex.host.pong();
    alex.types("Al");
    alex.host
        .tells(json!({"event": "pong", "re": alex.host.login}));
    alex.types("ex");
    assert_eq!(alex.last_row(), "Enter your username: Alex");
    alex.types("\r");
    assert_eq!(alex.sent(), ["login Alex"]);
    alex.host.let_in("Alex");
    assert_eq!(alex.last_row(), "> a line");
}

#[test]
fn a_paste_is_asked_about_again_behind_the_question_for_a_name() {
    let mut alex = Person::new(None);
    alex.types(&format!("a line{PASTE}"));
    alex.host.pong();
    assert_eq!(alex.last_row(), "Enter your username:");
    alex.types("Alex\r");
    alex.sent();
    alex.host.let_in("Alex");
    let question = "Send these 2 lines? Enter sends them, any other key drops them.";
    assert_eq!(alex.last_row(), question);
    alex.types("\r");
    assert_eq!(alex.last_row(), "> a line");
    assert_eq!(alex.sent(), ["#lobby: one", "#lobby: two"]);
}

#[test]
fn what_is_only_listed_is_not_said_to_be_sent_by_enter() {
    let mut ann = Person::refused_by_her_room();
    ann.types(PASTE);
    ann.is_back();
    ann.types("\r");
    let rows = ann.rows();
    let expected = [
        "-- You are in #lobby now, not in #den. Nothing was sent. --",
        "-- Not sent: --",
        "| one",
        "| two",
        ">",
    ];
    assert_eq!(rows[rows.len() - expected.len()..], expected);

    let mut ann = Person::refused_by_her_room();
    ann.is_back();
    ann.types("for the den\r");
    let rows = ann.rows();
    let expected = [
        "-- You are in #lobby now, not in #den. Nothing was sent; Enter sends it here. --",
        "> for the den",
    ];
    assert_eq!(rows[rows.len() - expected.len()..], expected);
}

#[test]
fn who_leaves_another_room_than_expected_is_let_go_at_once() {
    for (typed, unsent) in [
        ("leave\r", None),
        ("/q \r", None),
        ("/quit for the den\r", Some("/quit for the den")),
        ("for the den\rleave\r", Some("for the den")),
        (&format!("{PASTE}\rleave\r"), Some("two")),
    ] {
        let mut ann = Person::refused_by_her_room();
        ann.is_back();
        ann.sent();
        ann.types(typed);
        let rows = ann.rows();
        assert_eq!(ann.sent(), ["/quit"], "{rows:#?}");
        let listed = rows.iter().rev().find_map(|row| row.strip_prefix("| "));
        assert_eq!(listed, unsent, "{rows:#?}");
        ann.host
            .tells(json!({"event": "goodbye", "code": "quit", "text": "Goodbye!", "again": false}));
        assert_eq!(ann.host.desk.outcome(), Some(&Outcome::left()));
    }
}

#[test]
fn a_typed_line_of_many_rows_stands_once_after_a_stop() {
    let text = "x".repeat(3 * SIZE.0);
    let once = text.len();
    // Whether the process was stopped or only told to go on, and whether it draws before it learns that.
    for (stops, draws) in [(false, false), (true, false), (true, true)] {
        let config = config(Some("Ann"));
        let mut chat = Chat::new(&config, History::open(None), SIZE, || 0);
        let mut terminal = terminal();
        chat.editor.set(&text);
        terminal.process(chat.draw(SIZE).as_bytes());
        if stops {
            terminal.process(chat.clear_typed(SIZE).as_bytes());
            terminal.process(b"[1]+ Stopped\r\n");
        }
        if draws {
            terminal.process(chat.draw(SIZE).as_bytes());
        }
        chat.resume();
        terminal.process(chat.draw(SIZE).as_bytes());
        let rows = rows(&terminal);
        let seen = rows.concat().matches('x').count();
        assert_eq!(seen, once, "{stops}, {draws}: {rows:#?}");
    }
}

impl Person {
    /// Checks that a word is neither on the screen nor behind the keys for former lines.
    #[track_caller]
    fn assert_hidden(&mut self, word: &str) {
        for _ in 0..3 {
            let rows = self.rows().concat();
            assert!(!rows.contains(word), "{rows}");
            self.types(UP);
        }
        self.types(&DOWN.repeat(3));
    }
}

/// The server refuses the password, or wants one.
fn refuse(ann: &mut Person, text: &str) {
    let refused =
        json!({"event": "refused", "re": ann.host.login, "code": "password", "text": text});
    ann.host.tells(refused);
}

/// The connection breaks, and the server accepts the next one. Returns the password that is sent.
fn password_on_return(ann: &mut Person) -> Value {
    ann.host.desk.lose("the server closed the connection");
    ann.types("\r");
    ann.host.desk.accept();
    let sent = String::from_utf8(ann.host.desk.take_sent()).unwrap();
    let login: Value = serde_json::from_str(sent.lines().next().unwrap()).unwrap();
    assert_eq!(login["name"], "Ann");
    ann.host.login = login["id"].clone();
    login["password"].clone()
}

#[test]
fn a_password_at_the_door_is_hidden_and_kept_to_come_back_with() {
    let mut ann = Person::new(Some("Ann"));
    refuse(&mut ann, "Ann is a member's name.");
    assert_eq!(ann.last_row(), "Password:");
    ann.types("wrongest\r");
    assert_eq!(ann.sent(), ["login Ann"]);
    refuse(&mut ann, "That is not the password. 2 attempts left.");
    ann.types("tea at thre\x7fee\x17four");
    ann.assert_hidden("tea");
    ann.types("\r");
    assert_eq!(ann.sent(), ["login Ann"]);
    ann.host.let_in("Ann");
    ann.assert_hidden("wrongest");
    ann.assert_hidden("tea");
    ann.sent();
    assert_eq!(password_on_return(&mut ann), "tea at four");
    // Somebody has changed it.
    refuse(&mut ann, "That is not the password. 2 attempts left.");
    assert_eq!(ann.sent(), [""; 0]);
    assert_eq!(ann.last_row(), "Password:");
}

#[test]
fn an_empty_password_leads_back_to_the_name() {
    let mut ann = Person::new(Some("Ann"));
    refuse(&mut ann, "Ann is a member's name.");
    ann.types("\r");
    assert_eq!(ann.last_row(), "Enter your username:");
    ann.types("Zoe\r");
    assert_eq!(ann.sent(), ["login Zoe"]);
    ann.host.let_in("Zoe");
    assert_eq!(ann.last_row(), ">");
}

#[test]
fn ctrl_c_leaves_at_a_question_for_a_password_at_the_door() {
    let mut ann = Person::new(Some("Ann"));
    refuse(&mut ann, "Ann is a member's name.");
    ann.types("tea\x03");
    assert_eq!(ann.host.desk.outcome(), Some(&Outcome::left()));
}

#[test]
fn a_password_in_the_chat_is_hidden_and_what_is_entered_next_does_not_answer() {
    let mut ann = Person::welcomed();
    ann.types("/register\rhello\r");
    assert_eq!(ann.sent(), [""; 0]);
    assert_eq!(ann.last_row(), "(hidden) >");
    ann.types("tea at four");
    ann.assert_hidden("tea");
    ann.types("\r");
    assert_eq!(ann.sent(), [""; 0]);
    ann.types("tea at four\r");
    let sent = String::from_utf8(ann.host.desk.take_sent()).unwrap();
    let ops: Vec<Value> = sent
        .lines()
        .map(|it| serde_json::from_str(it).unwrap())
        .collect();
    assert_eq!(ops[0]["op"], "register");
    assert_eq!(ops[0]["password"], "tea at four");
    assert_eq!(ops[1]["text"], "hello");
    let answer =
        json!({"event": "answer", "re": ops[0]["id"], "to": "register", "text": ["Ann is yours."]});
    ann.host.tells(answer);
    ann.assert_hidden("tea at");
    assert_eq!(password_on_return(&mut ann), "tea at four");
}

#[test]
fn nothing_is_changed_by_an_answer_that_is_empty_or_another_one() {
    for (typed, word) in [
        ("/register\r\r", "/register"),
        ("/register\rtea at four\rtea at five\r", "/register"),
        ("/password\rtea\x03", "/password"),
        ("/unregister\r\r", "/unregister"),
    ] {
        let mut ann = Person::welcomed();
        for keys in typed.split_inclusive('\r') {
            ann.types(keys);
        }
        assert_eq!(ann.sent(), [""; 0], "{typed:?}");
        let told = format!("Nothing was changed. Type {word} to");
        let rows = ann.rows();
        assert!(rows.iter().any(|row| row.contains(&told)), "{rows:#?}");
        assert_eq!(ann.last_row(), ">");
    }
}

#[test]
fn a_password_behind_its_command_is_not_sent() {
    let mut ann = Person::welcomed();
    ann.types("/register tea at four\r");
    assert_eq!(ann.sent(), [""; 0]);
    let notice = "-- Type /register alone; you are asked for the password. --";
    assert!(ann.rows().iter().any(|row| row == notice));
    ann.assert_hidden("tea");
}

#[test]
fn what_is_typed_behind_a_refused_password_is_neither_said_nor_in_the_history() {
    for refusal in [true, false] {
        let mut ann = Person::welcomed();
        ann.types("/unregister\r");
        ann.types("tea at five\r");
        if refusal {
            ann.sent();
            ann.host
                .answers(json!({"event": "refused", "code": "password", "text": "No."}));
        }
        ann.sent();
        ann.types("tea at four\r");
        assert_eq!(ann.sent(), [""; 0]);
        assert!(ann.rows().contains(&MAY_BE_SECRET.into()));
        ann.types("hello\r");
        assert_eq!(ann.sent(), ["#lobby: hello"]);
        ann.types(UP);
        assert_eq!(ann.last_row(), "> hello");
        ann.types(UP);
        assert_eq!(ann.last_row(), "> /unregister");
    }
}

#[test]
fn who_is_banned_while_away_does_not_try_again() {
    let mut ann = Person::welcomed();
    ann.host.comes_again();
    ann.sent();
    let said = "You are banned for ever: spam. Goodbye!";
    ann.host
        .tells(json!({"event": "goodbye", "code": "banned", "text": said, "again": false}));
    assert!(ann.rows().iter().any(|row| row == said));
    let attempts = ann.host.desk.attempt();
    ann.host.desk.pass(Duration::from_secs(3600));
    assert_eq!((attempts, ann.host.desk.attempt()), (None, None));
}

#[test]
fn times_are_shown_and_comings_hidden_as_the_person_likes() {
    let mut ann = Person::welcomed();
    ann.types("/time on UTC\r/quiet on\r");
    assert_eq!(ann.sent(), [""; 0]);
    ann.host
        .tells(json!({"event": "joined", "room": "lobby", "name": "Bob", "person": 2}));
    ann.host.tells(json!({
        "event": "said", "room": "lobby", "from": "Bob", "text": "hi", "at": "2026-11-21T16:59:59.000Z",
    }));
    let rows = ann.rows();
    assert!(rows.contains(&"16:59 Bob: hi".into()), "{rows:#?}");
    assert!(
        !rows.iter().any(|row| row.contains("Bob has joined")),
        "{rows:#?}"
    );
    // Tab knows him all the same.
    ann.types("/msg b\t");
    assert_eq!(ann.last_row(), "> /msg Bob");
}

#[test]
fn a_rule_stands_above_what_came_while_the_window_had_no_focus() {
    let mut ann = Person::welcomed();
    ann.host.said("lobby", "Bob", "one");
    ann.types("\x1b[O");
    ann.host.said("lobby", "Bob", "two");
    ann.host.said("lobby", "Bob", "three");
    ann.types("\x1b[I");
    ann.host.said("lobby", "Bob", "four");
    let rows = ann.rows();
    let of = |text: &str| rows.iter().position(|row| row.contains(text)).unwrap();
    assert_eq!((of(" new "), of("two")), (of("one") + 1, of("one") + 2));
    assert_eq!(rows.iter().filter(|row| row.contains(" new ")).count(), 1);
}

#[test]
fn a_change_of_the_network_brings_the_next_attempt() {
    let mut ann = Person::welcomed();
    ann.types("half a line");
    let desk = &mut ann.host.desk;
    desk.lose("the connection broke");
    let second = Duration::from_secs(1);
    // The waits become long.
    for _ in 0..5 {
        while desk.attempt().is_none() {
            desk.pass(second);
        }
        desk.refuse();
    }
    desk.pass(2 * second);
    assert_eq!(desk.attempt(), None);
    desk.network_changed();
    desk.network_changed();
    assert_eq!(desk.attempt(), None);
    desk.pass(second);
    assert!(desk.is_connecting());
    assert_eq!(ann.last_row(), "(connecting) > half a line");
}

#[test]
fn a_change_of_the_network_makes_sure_of_the_server() {
    let mut ann = Person::welcomed();
    ann.host.desk.take_sent();
    ann.host.desk.network_changed();
    ann.host.desk.network_changed();
    ann.host.desk.pass(Duration::ZERO);
    let sent = String::from_utf8(ann.host.desk.take_sent()).unwrap();
    assert_eq!(sent.matches("ping").count(), 1, "{sent}");
    ann.host.desk.pass(Duration::from_secs(44));
    assert!(ann.host.desk.attempt().is_some());
    ann.host.desk.pass(Duration::from_secs(1));
    assert_eq!(ann.host.desk.attempt(), None);
    assert!(
        ann.rows()
            .iter()
            .any(|it| it.contains("has not answered for 45 s"))
    );
}
