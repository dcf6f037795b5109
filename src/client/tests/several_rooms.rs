//! A person who hears several rooms, and whose connection breaks. Each word of the server is written here.

use crate::client::desk::Desk;

use super::MARK;
use super::coming_back::{come_again, come_in, let_in, say, sent};

fn in_room(room: &str) -> String {
    format!("You are in #{room} now.\r\n")
}

fn hears(room: &str) -> String {
    format!("You hear #{room} too. Say something there with /in {room} TEXT.\r\n")
}

/// Ann in `#den`, who hears the lobby and `#tea` too.
fn ann() -> Desk {
    let mut ann = come_in("Ann");
    say(&mut ann, "/join den", &in_room("den"));
    say(&mut ann, "/listen lobby", &hears("lobby"));
    say(&mut ann, "/listen tea", &hears("tea"));
    ann.take_shown();
    ann
}

/// The connection breaks, and the server lets Ann in again. Returns the commands that she sends.
fn again(ann: &mut Desk) -> String {
    come_again(ann);
    let_in(ann);
    sent(ann)
}

/// The server answers the commands of a person who comes back, and the mark after them.
fn answer(ann: &mut Desk, lines: &[&str]) {
    ann.receive(lines.concat().as_bytes());
    ann.receive(MARK);
}

#[test]
fn all_rooms_are_heard_again_before_a_line_is_sent() {
    let mut ann = ann();
    let commands = "/join #den\n/listen #lobby\n/listen #tea\n";
    for _ in 0..3 {
        assert_eq!(again(&mut ann), commands);
        ann.type_in(b"for the den\r/in tea for tea\r");
        let answers = [&*in_room("den"), &hears("lobby"), &hears("tea")];
        ann.receive(answers.concat().as_bytes());
        assert_eq!(sent(&mut ann), "");
        ann.receive(MARK);
        assert_eq!(sent(&mut ann), "for the den\n/in tea for tea\n");
        ann.receive(MARK);
        ann.receive(MARK);
        assert!(!ann.take_shown().contains("-- You "));
    }
    // A connection that breaks before they were all answered changes nothing.
    assert_eq!(again(&mut ann), commands);
    ann.receive(in_room("den").as_bytes());
    assert_eq!(again(&mut ann), commands);
}

#[test]
fn a_room_that_is_heard_no_more_is_not_listened_to_again() {
    let gone = "You no longer hear #lobby and #tea.\r\n";
    let mut one = ann();
    say(&mut one, "/unlisten all", gone);
    assert_eq!(again(&mut one), "/join #den\n");
    // The room that one goes to is no other room any more, and the old one is left.
    let mut one = ann();
    say(&mut one, "/join tea", &in_room("tea"));
    assert_eq!(again(&mut one), "/join #tea\n/listen #lobby\n");
}

#[test]
fn the_room_that_was_switched_from_is_heard_even_if_the_line_that_says_so_is_lost() {
    for behind in [&*hears("den"), ""] {
        let mut ann = ann();
        ann.type_in(b"/switch lobby\r");
        ann.receive(format!("{}{behind}", in_room("lobby")).as_bytes());
        assert_eq!(again(&mut ann), "/listen #tea\n/listen #den\n");
    }
    // Neither is a room heard twice.
    let mut ann = ann();
    say(&mut ann, "/switch den", "You are already in #den.\r\n");
    assert_eq!(
        again(&mut ann),
        "/join #den\n/listen #lobby\n/listen #tea\n"
    );
}

#[test]
fn what_was_typed_behind_a_switch_that_was_refused_is_not_said_here() {
    let mut ann = ann();
    ann.type_in(b"/switch ops\rfor ops\r");
    assert_eq!(sent(&mut ann), "/switch ops\n");
    answer(
        &mut ann,
        &["You do not hear #ops. Type /listen ops first.\r\n"],
    );
    assert_eq!(sent(&mut ann), "");
    let shown = ann.take_shown();
    assert!(shown.contains("-- You are still in #den. What you typed for the other room"));
    assert!(shown.contains("> for ops"));
}

#[test]
fn a_room_that_cannot_be_heard_again_is_told_and_nothing_typed_for_it_is_lost() {
    let refused = "There are too many rooms already. Type /rooms for the list, and join one.\r\n";
    for (typed, words, kept, sends) in [
        ("", "-- You no longer hear #tea. --", "> ", ""),
        (
            "/in tea one\r",
            "-- You no longer hear #tea. What you typed for it was not sent. --",
            "> /in tea one",
            "",
        ),
        (
            "/in TEA one\rfor the den\r/in #tea two\r/in lobby three\r",
            "-- Not sent: --\r\n| /in TEA one\r\n| /in #tea two",
            "> ",
            "for the den\n/in lobby three\n",
        ),
    ] {
        let mut ann = ann();
        again(&mut ann);
        ann.take_shown();
        ann.type_in(typed.as_bytes());
        answer(&mut ann, &[&in_room("den"), &hears("lobby"), refused]);
        let shown = ann.take_shown();
        assert!(shown.contains(words), "{shown:?}");
        assert!(shown.contains(kept), "{shown:?}");
        assert_eq!(sent(&mut ann), sends);
        // It is told once, and not asked for again.
        assert_eq!(again(&mut ann), "/join #den\n/listen #lobby\n");
    }
}

#[test]
fn words_for_a_room_by_its_name_go_there_wherever_we_are() {
    let mut ann = ann();
    again(&mut ann);
    let refused = "There are too many rooms already. Type /rooms for the list, and join one.\r\n";
    let already = "You are already in #lobby.\r\n";
    answer(&mut ann, &[refused, already, &hears("tea")]);
    let shown = ann.take_shown();
    assert!(shown.contains("-- You are in #lobby now, not in #den. --"));
    assert!(!shown.contains("no longer hear"), "{shown:?}");
    assert_eq!(say(&mut ann, "/in tea one", ""), "/in tea one\n");
    ann.type_in(b"for the den\r");
    assert_eq!(sent(&mut ann), "");
    assert!(ann.take_shown().contains("> for the den"));
}

#[test]
fn words_for_another_room_are_shown_as_others_read_them() {
    for (typed, shown) in [
        ("/in tea hello", "#tea Ann: hello"),
        ("/in #TEA  //who is there", "#tea Ann: /who is there"),
        ("/in den hello", "\x1b[JAnn: hello"),
        ("/in tea /me waves", "> /in tea /me waves"),
        ("/in ops hello", "> /in ops hello"),
    ] {
        let mut ann = ann();
        assert_eq!(say(&mut ann, typed, ""), format!("{typed}\n"));
        let rows = ann.take_shown();
        assert!(rows.contains(&format!("{shown}\r\n")), "{rows:?}");
    }
}

#[test]
fn what_was_not_confirmed_is_shown_with_the_room_that_it_was_for() {
    let mut ann = ann();
    ann.type_in(b"/in tea one\r/in lobby two\r");
    ann.lose("the server closed the connection");
    let shown = ann.take_shown();
    let told = "perhaps nobody has read it: --\r\n| /in tea one\r\n| /in lobby two\r\n";
    assert!(shown.contains(told), "{shown:?}");
}

/// A replay of these lines of a room.
fn replay(tag: &str, lines: &[&str]) -> String {
    let past = lines
        .iter()
        .map(|it| format!("[2026-11-21 13:05] {tag}{it}\r\n"));
    let header = format!("-- last {} messages, times in UTC --\r\n", lines.len());
    let past: String = past.collect();
    format!("{header}{past}-- end --\r\n")
}

#[test]
fn what_was_read_of_a_room_is_not_shown_again_on_coming_back() {
    let mut ann = ann();
    ann.receive(b"Bob: den 1\r\n#tea Bob: tea 1\r\n");
    say(&mut ann, "den 2", "");
    say(&mut ann, "/in tea  tea 2", "");
    ann.receive(b"Bob: den 3\r\n#tea Bob: tea 3\r\n");
    again(&mut ann);
    let den = ["Bob: den 1", "Ann: den 2", "Bob: den 3", "Bob: den 4"];
    let tea = ["Bob: tea 1", "Ann: tea 2", "Bob: tea 3", "Bob: tea 4"];
    let answers = [
        &*in_room("den"),
        &replay("", &den),
        &hears("lobby"),
        &replay("#lobby ", &["Bob: lobby 1", "Bob: lobby 2"]),
        &hears("tea"),
        &replay("#tea ", &tea),
    ];
    ann.take_shown();
    answer(&mut ann, &answers);
    let shown = ann.take_shown();
    for new in [
        "-- last message, times in UTC --\r\n[2026-11-21 13:05] Bob: den 4\r\n-- end --",
        "-- last message, times in UTC --\r\n[2026-11-21 13:05] #tea Bob: tea 4\r\n-- end --",
        "[2026-11-21 13:05] #lobby Bob: lobby 1\r\n[2026-11-21 13:05] #lobby Bob: lobby 2\r\n",
    ] {
        assert!(shown.contains(new), "{shown:?}");
    }
    for old in ["den 1", "den 2", "den 3", "tea 1", "tea 2", "tea 3"] {
        assert!(!shown.contains(old), "{shown:?}");
    }
    // She asks for these, so they are shown.
    say(&mut ann, "/history 4", &replay("", &den));
    assert!(ann.take_shown().contains("Ann: den 2"));
}
