//! The chat without a link and a terminal: the errands that it gives.

use super::*;
use crate::client::desk::Desk;
use crate::client::tests::{MARK, WELCOME, config};

const SIZE: (usize, usize) = (80, 24);

/// A person whom the server has let in.
fn chat() -> Chat {
    let mut chat = Chat::new(&config(Some("Ann")), History::open(None), SIZE, || 0);
    hears(&mut chat, "Enter your username: ");
    hears(&mut chat, "Welcome to the chat!\r\n");
    chat.errands.clear();
    chat
}

fn hears(chat: &mut Chat, text: &str) {
    let event = Some(LinkEvent::Received(text.len()));
    chat.follow(event, text.as_bytes(), Instant::now());
}

#[test]
fn a_server_that_slows_us_down_is_waited_for() {
    let mut chat = chat();
    hears(&mut chat, "Bob: You are sending too fast;\r\n");
    assert_eq!(chat.take_errand(), None);
    let line = "You are sending too fast; slowing you down.\r\n";
    hears(&mut chat, line);
    assert_eq!(chat.take_errand(), Some(Errand::ExpectSlowReads));
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
    desk: Desk,
    terminal: vt100::Parser,
}

impl Person {
    /// The client asks her for a username unless she has one.
    fn new(name: Option<&str>) -> Person {
        let mut desk = Desk::new(&config(name), SIZE, Instant::now());
        desk.accept();
        let terminal = terminal();
        Person { desk, terminal }
    }

    fn welcomed() -> Person {
        let mut ann = Person::new(Some("Ann"));
        ann.hears(PROMPT);
        ann.hears(WELCOME);
        ann.sent();
        ann
    }

    /// A person who was in `#den` and has come back to the lobby, because the room no longer lets her in.
    fn refused_by_her_room() -> Person {
        let mut ann = Person::welcomed();
        ann.types("/join #den\r");
        ann.hears("You are in #den now.\r\n");
        ann.desk.receive(MARK);
        ann.desk.lose("the server closed the connection");
        ann.types("\r");
        ann.desk.accept();
        ann.hears(PROMPT);
        ann.hears(WELCOME);
        ann
    }

    fn hears(&mut self, text: &str) {
        self.desk.receive(text.as_bytes());
    }

    fn types(&mut self, keys: &str) {
        self.desk.type_in(keys.as_bytes());
    }

    fn sent(&mut self) -> String {
        String::from_utf8_lossy(&self.desk.take_sent()).into()
    }

    fn rows(&mut self) -> Vec<String> {
        self.terminal.process(self.desk.take_shown().as_bytes());
        rows(&self.terminal)
    }

    fn last_row(&mut self) -> String {
        self.rows().pop().unwrap_or_default()
    }
}

const PROMPT: &str = "Enter your username: ";
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
    alex.hears(PROMPT);
    alex.types("Al");
    alex.hears(&format!("\r\n{PROMPT}"));
    alex.types("ex");
    assert_eq!(alex.last_row(), "Enter your username: Alex");
    alex.types("\r");
    assert_eq!(alex.sent(), "Alex\n");
    alex.hears(WELCOME);
    assert_eq!(alex.last_row(), "> a line");
}

#[test]
fn a_paste_is_asked_about_again_behind_the_question_for_a_name() {
    let mut alex = Person::new(None);
    alex.types(&format!("a line{PASTE}"));
    alex.hears(PROMPT);
    assert_eq!(alex.last_row(), "Enter your username:");
    alex.types("Alex\r");
    alex.hears(WELCOME);
    let question = "Send these 2 lines? Enter sends them, any other key drops them.";
    assert_eq!(alex.last_row(), question);
    alex.types("\r");
    assert_eq!(alex.last_row(), "> a line");
    let sent = alex.sent();
    assert!(sent.contains("one\n") && sent.contains("two\n"), "{sent}");
}

#[test]
fn what_is_only_listed_is_not_said_to_be_sent_by_enter() {
    let mut ann = Person::refused_by_her_room();
    ann.types(PASTE);
    ann.desk.receive(MARK);
    ann.desk.receive(MARK);
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
    ann.desk.receive(MARK);
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
    for (typed, unsent, sent) in [
        ("leave\r", None, "/quit\n"),
        ("/q \r", None, "/quit\n"),
        ("/quit for the den\r", Some("/quit for the den"), "/quit\n"),
        ("for the den\rleave\r", Some("for the den"), "/quit\n"),
        (&format!("{PASTE}\rleave\r"), Some("two"), "/quit\n"),
    ] {
        let mut ann = Person::refused_by_her_room();
        ann.desk.receive(MARK);
        ann.sent();
        ann.types(typed);
        let rows = ann.rows();
        assert_eq!(ann.sent(), sent, "{rows:#?}");
        let listed = rows.iter().rev().find_map(|row| row.strip_prefix("| "));
        assert_eq!(listed, unsent, "{rows:#?}");
        ann.hears("Goodbye!\r\n");
        assert_eq!(ann.desk.outcome(), Some(&Outcome::left()));
    }
}

#[test]
fn a_typed_line_of_many_rows_stands_once_after_a_stop() {
    let text = "x".repeat(3 * SIZE.0);
    let once = text.len();
    // Whether the process was stopped or only told to go on, and whether it draws before it learns that.
    for (stops, draws) in [(false, false), (true, false), (true, true)] {
        let (mut chat, mut terminal) = (chat(), terminal());
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

const PASSWORD: &str = "Password (it shows as you type): ";
const BACK: &str = "Welcome back, Ann! You were last here on 2026-11-20 18:02 (UTC).\r\nType /help for the list of commands.\r\n";
const HIDE: &[u8] = b"\xff\xfb\x01";
const SHOW: &[u8] = b"\xff\xfc\x01";

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

#[test]
fn a_password_at_the_door_is_hidden_and_kept_to_come_back_with() {
    let mut ann = Person::new(Some("Ann"));
    ann.hears(PROMPT);
    assert_eq!(ann.sent(), "Ann\n");
    ann.hears(PASSWORD);
    assert_eq!(ann.last_row(), "Password:");
    ann.types("wrongest\r");
    assert_eq!(ann.sent(), "wrongest\n");
    ann.hears(&format!(
        "That is not the password. 2 attempts left.\r\n{PASSWORD}"
    ));
    ann.types("tea at thre\x7fee\x17four");
    ann.assert_hidden("tea");
    ann.types("\r");
    assert_eq!(ann.sent(), "tea at four\n");
    ann.hears(BACK);
    ann.assert_hidden("wrongest");
    ann.assert_hidden("tea");
    ann.sent();
    ann.desk.lose("the server closed the connection");
    ann.types("\r");
    ann.desk.accept();
    ann.hears(PROMPT);
    ann.hears(PASSWORD);
    assert_eq!(ann.sent(), "Ann\ntea at four\n");
    // Somebody has changed it.
    ann.hears(&format!(
        "That is not the password. 2 attempts left.\r\n{PASSWORD}"
    ));
    assert_eq!(ann.sent(), "");
    assert_eq!(ann.last_row(), "Password:");
}

#[test]
fn an_empty_password_leads_back_to_the_name() {
    let mut ann = Person::new(Some("Ann"));
    ann.hears(PROMPT);
    ann.hears(PASSWORD);
    ann.types("\r");
    assert_eq!(ann.sent(), "Ann\n\n");
    ann.hears(PROMPT);
    assert_eq!(ann.last_row(), "Enter your username:");
    ann.types("Zoe\r");
    assert_eq!(ann.sent(), "Zoe\n");
    ann.hears(WELCOME);
    assert_eq!(ann.last_row(), ">");
}

#[test]
fn ctrl_c_leaves_at_a_question_for_a_password_at_the_door() {
    let mut ann = Person::new(Some("Ann"));
    ann.hears(PROMPT);
    ann.hears(PASSWORD);
    ann.types("tea\x03");
    assert_eq!(ann.desk.outcome(), Some(&Outcome::left()));
}

#[test]
fn a_password_in_the_chat_is_hidden_and_what_is_entered_next_does_not_answer() {
    let mut ann = Person::welcomed();
    ann.types("/register\rhello\r");
    let sent = ann.sent();
    assert!(
        sent.starts_with("/register\n") && !sent.contains("hello"),
        "{sent}"
    );
    ann.desk.receive(HIDE);
    ann.hears("New password:\r\n");
    ann.desk.receive(MARK);
    assert_eq!(ann.last_row(), "(hidden) >");
    ann.types("tea at four");
    ann.assert_hidden("tea");
    assert_eq!(ann.sent(), "");
    ann.types("\r");
    assert!(ann.sent().starts_with("tea at four\n"));
    ann.desk.receive(SHOW);
    ann.desk.receive(HIDE);
    ann.hears("Once more:\r\n");
    ann.desk.receive(MARK);
    assert_eq!(ann.sent(), "");
    ann.types("tea at four\r");
    assert!(ann.sent().starts_with("tea at four\n"));
    ann.desk.receive(SHOW);
    ann.hears("Ann is yours from now on.\r\n");
    ann.desk.receive(MARK);
    assert!(ann.sent().starts_with("hello\n"));
    ann.assert_hidden("tea at");
    ann.desk.lose("the server closed the connection");
    ann.types("\r");
    ann.desk.accept();
    ann.hears(PROMPT);
    ann.hears(PASSWORD);
    assert_eq!(ann.sent(), "Ann\ntea at four\n");
}

#[test]
fn an_answer_is_hidden_from_a_server_that_thinks_it_shows() {
    let mut ann = Person::welcomed();
    ann.types("/register\r");
    ann.sent();
    for question in ["New password", "Once more", "Password"] {
        ann.hears(&format!("{question} (it shows as you type):\r\n"));
        ann.desk.receive(MARK);
        assert!(ann.rows().contains(&format!("{question}:")));
        assert_eq!(ann.last_row(), "(hidden) >");
        ann.types("tea at four");
        ann.assert_hidden("tea");
        ann.types("\r");
        assert!(ann.sent().starts_with("tea at four\n"));
    }
    ann.hears("New password (it shows as you type):\r\n");
    ann.types("tea at");
    ann.hears("Nothing was changed. Type /register to try again.\r\n");
    assert_eq!(ann.last_row(), ">");
    ann.hears("Bob: New password (it shows as you type):\r\n");
    assert_eq!(ann.last_row(), ">");
    ann.assert_hidden("tea");
}

#[test]
fn a_password_behind_its_command_is_not_sent() {
    let mut ann = Person::welcomed();
    ann.types("/register tea at four\r");
    assert_eq!(ann.sent(), "");
    let notice = "-- Type /register alone; you are asked for the password. --";
    assert!(ann.rows().iter().any(|row| row == notice));
    ann.assert_hidden("tea");
}

#[test]
fn who_is_replaced_does_not_come_back_by_themselves() {
    for line in [
        "You came in from elsewhere. Goodbye!",
        "You were kicked by Bob: spam. Come back in 60 s. Goodbye!",
        "You are banned until 2026-11-25 12:00 (UTC): spam. Goodbye!",
    ] {
        let mut ann = Person::welcomed();
        ann.hears(&format!("{line}\r\n"));
        ann.desk.lose("the server closed the connection");
        let attempts = ann.desk.attempt();
        ann.desk.pass(Duration::from_secs(3600));
        assert_eq!((attempts, ann.desk.attempt()), (None, None), "{line}");
    }
}

#[test]
fn what_is_typed_behind_a_refused_password_is_not_in_the_history() {
    for line in [
        "These are two different passwords. Nothing was changed. Type /register to try again.",
        "Nothing was changed. Type /password to try again.",
    ] {
        let mut ann = Person::welcomed();
        ann.hears(&format!("{line}\r\n"));
        ann.types("tea at four\r");
        assert!(ann.sent().starts_with("tea at four\n"));
        ann.types("hello\r");
        ann.types(UP);
        assert_eq!(ann.last_row(), "> hello");
        ann.types(UP);
        assert_eq!(ann.last_row(), "> hello");
    }
}

#[test]
fn enter_sends_what_the_server_has_held_back() {
    let mut ann = Person::welcomed();
    ann.types("\r");
    assert_eq!(ann.sent(), "");
    ann.hears("You are in #lobby now. Enter sends it here.\r\n");
    ann.types("\r\r");
    assert_eq!(ann.sent(), "\n");
}

#[test]
fn who_is_banned_while_away_does_not_try_again() {
    let mut ann = Person::welcomed();
    ann.desk.lose("the server closed the connection");
    ann.types("\r");
    ann.desk.accept();
    ann.hears(PROMPT);
    ann.hears("You are banned for ever: spam. Goodbye!\r\n");
    let said = "You are banned for ever: spam. Goodbye!";
    assert!(ann.rows().iter().any(|row| row == said));
    let attempts = ann.desk.attempt();
    ann.desk.pass(Duration::from_secs(3600));
    assert_eq!((attempts, ann.desk.attempt()), (None, None));
}
