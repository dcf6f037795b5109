//! What a person keeps and loses when the connection breaks. Each word of the server is written here.

use std::time::{Duration, Instant};

use crate::client::desk::Desk;

use super::{MARK, WELCOME, config};

/// A request for a mark, as it looks in text.
const ASKED: &str = "\u{fffd}\u{fffd}\u{6}";

fn desk(name: &str) -> Desk {
    let mut desk = Desk::new(&config(Some(name)), (200, 50), Instant::now());
    desk.accept();
    desk
}

/// A person whom the server has let in under the name that they gave.
pub(super) fn come_in(name: &str) -> Desk {
    let mut desk = desk(name);
    let_in(&mut desk);
    desk
}

pub(super) fn let_in(desk: &mut Desk) {
    desk.accept();
    desk.receive(b"Enter your username: ");
    assert!(sent(desk).ends_with('\n'));
    desk.receive(WELCOME.as_bytes());
}

/// The connection breaks, and the server accepts the next one.
pub(super) fn come_again(desk: &mut Desk) {
    desk.lose("the server closed the connection");
    desk.take_shown();
    let mut seconds = 0..60;
    while !desk.is_connecting() {
        assert!(seconds.next().is_some(), "it does not come again");
        desk.pass(Duration::from_secs(1));
    }
}

/// Everything sent, without the marks.
pub(super) fn sent(desk: &mut Desk) -> String {
    String::from_utf8_lossy(&desk.take_sent()).replace(ASKED, "")
}

/// Types a line, and the server answers with these lines. Returns the text sent.
pub(super) fn say(desk: &mut Desk, line: &str, answer: &str) -> String {
    desk.type_in(format!("{line}\r").as_bytes());
    let sent = sent(desk);
    desk.receive(answer.as_bytes());
    desk.receive(MARK);
    sent
}

#[test]
fn what_was_typed_last_is_not_sent_again_for_being_away() {
    let away = "You are away. Type /back when you return.\r\n";
    let mut ann = come_in("Ann");
    say(&mut ann, "/away at lunch", away);
    say(&mut ann, "/msg Bob secret", "To Bob (private): secret\r\n");
    for _ in 0..3 {
        come_again(&mut ann);
        let_in(&mut ann);
        assert_eq!(sent(&mut ann), "/away at lunch\n");
        ann.receive(away.as_bytes());
        ann.receive(MARK);
    }
}

#[test]
fn what_somebody_wrote_is_no_goodbye_of_the_server() {
    for last in [
        "Bob is away: See you. Goodbye!",
        "The topic of #lobby is: Goodbye!",
        "-- Goodbye!",
    ] {
        let mut ann = come_in("Ann");
        ann.receive(format!("{last}\r\n").as_bytes());
        come_again(&mut ann);
    }
    let mut ann = come_in("Ann");
    ann.receive(b"You have been silent for too long. Goodbye!\r\n");
    ann.lose("the server closed the connection");
    ann.pass(Duration::from_secs(3600));
    assert_eq!(ann.attempt(), None);
}

#[test]
fn a_server_that_asks_and_does_not_let_us_in_is_tried_again() {
    for words in [
        "Enter your username: ",
        "\r\n",
        "220 mail.example.com ESMTP\r\n",
    ] {
        let mut ann = come_in("Ann");
        come_again(&mut ann);
        ann.accept();
        ann.receive(words.as_bytes());
        let attempt = ann.attempt();
        ann.pass(Duration::from_secs(60));
        assert_ne!(ann.attempt(), attempt, "{words:?}");
        assert_eq!(ann.outcome(), None);
        // The first time, these words end the client.
        let mut ann = desk("Ann");
        ann.receive(words.as_bytes());
        ann.pass(Duration::from_secs(60));
        assert!(ann.outcome().is_some(), "{words:?}");
    }
}

#[test]
fn a_person_may_think_about_a_name_for_as_long_as_they_like() {
    let mut ann = desk("a b");
    ann.receive(b"Enter your username: ");
    ann.receive(b"A username has 1 to 32 letters.\r\nEnter your username: ");
    ann.pass(Duration::from_secs(3600));
    ann.type_in(b"Ann\r");
    assert_eq!(sent(&mut ann), "a b\nAnn\n");
}

#[test]
fn a_server_without_login_is_told_the_name() {
    let mut ann = desk("Ann");
    ann.receive(format!("{WELCOME}127.0.0.1:5000 has joined the chat.\r\n").as_bytes());
    assert_eq!(sent(&mut ann), "/nick Ann\n");
}

#[test]
fn a_name_in_another_spelling_is_followed() {
    let mut ann = come_in("Zoe\u{308}");
    assert_eq!(sent(&mut ann), "");
    say(&mut ann, "/nick Bea", "Zo\u{eb} is now known as Bea.\r\n");
    come_again(&mut ann);
    ann.accept();
    ann.receive(b"Enter your username: ");
    assert_eq!(sent(&mut ann), "Bea\n");
}

#[test]
fn a_name_chosen_while_the_welcome_is_awaited_is_taken_behind_it() {
    let mut ann = come_in("Ann");
    come_again(&mut ann);
    ann.accept();
    ann.receive(b"Enter your username: ");
    assert_eq!(sent(&mut ann), "Ann\n");
    ann.type_in(b"/nick Bea\r");
    ann.receive(WELCOME.as_bytes());
    assert_eq!(sent(&mut ann), "/nick Bea\n");
}

#[test]
fn what_was_typed_behind_a_room_that_was_not_answered_does_not_come_back_to_the_line() {
    let mut ann = come_in("Ann");
    ann.type_in(b"/join #den\rsecret for den\r");
    assert_eq!(sent(&mut ann), "/join #den\n");
    ann.lose("the connection was lost: Connection reset by peer");
    let shown = ann.take_shown();
    assert!(shown.contains("-- Not sent: --") && shown.contains("| secret for den"));
    ann.pass(Duration::from_secs(2));
    let_in(&mut ann);
    ann.type_in(b"\r\r");
    assert_eq!(sent(&mut ann), "");
}

#[test]
fn a_person_who_is_ignored_no_more_is_not_ignored_again() {
    let ignoring = "You are now ignoring Bob. Type /unignore Bob to undo it.\r\n";
    let mut ann = come_in("Ann");
    say(&mut ann, "/ignore Bob", ignoring);
    come_again(&mut ann);
    let_in(&mut ann);
    assert_eq!(sent(&mut ann), "/ignore Bob\n");
    ann.receive(b"Nobody here is called Bob.\r\n\xff\xfc\x06");
    // In another spelling they are the same.
    ann.receive(b"bob has joined the chat.\r\n");
    assert_eq!(sent(&mut ann), "/ignore bob\n");
    say(&mut ann, "/unignore Bob", "You are not ignoring Bob.\r\n");
    come_again(&mut ann);
    let_in(&mut ann);
    ann.receive(b"Bob has joined the chat.\r\n");
    assert_eq!(sent(&mut ann), "");
}
