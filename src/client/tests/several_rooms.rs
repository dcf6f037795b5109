//! A person who hears several rooms, and whose connection breaks. Each object of the server is written here.

use std::time::Duration;

use serde_json::{Value, json};

use super::host::Host;

/// Ann in `#den`, who hears the lobby and `#tea` too.
fn ann() -> Host {
    let mut ann = Host::welcomed("Ann", (200, 50));
    ann.types("/join den\r");
    ann.sent();
    ann.moves("lobby", "den");
    for room in ["lobby", "tea"] {
        ann.types(&format!("/listen {room}\r"));
        ann.sent();
        ann.room(room, false);
    }
    ann.shown();
    ann
}

/// The connection breaks, and Ann is let in again and into her room; the other ones are answered with these.
fn again(ann: &mut Host, others: &[&str]) {
    ann.returns("Ann");
    ann.moves("lobby", "den");
    for room in others {
        ann.room(room, false);
    }
    ann.pong();
}

const ROOMS: [&str; 3] = ["/join #den", "/listen #lobby", "/listen #tea"];

#[test]
fn all_rooms_are_heard_again_before_a_line_is_sent() {
    let mut ann = ann();
    for _ in 0..3 {
        assert_eq!(ann.returns("Ann"), ROOMS);
        ann.types("for the den\r/in tea for tea\r");
        ann.moves("lobby", "den");
        ann.room("lobby", false);
        ann.room("tea", false);
        assert_eq!(ann.sent(), [""; 0]);
        ann.pong();
        assert_eq!(ann.sent(), ["#den: for the den", "#tea: for tea"]);
        assert!(!ann.shown().contains("-- You "));
    }
    // A connection that breaks before they were all answered changes nothing.
    assert_eq!(ann.returns("Ann"), ROOMS);
    ann.moves("lobby", "den");
    assert_eq!(ann.returns("Ann"), ROOMS);
}

#[test]
fn a_room_that_is_heard_no_more_is_not_listened_to_again() {
    let mut one = ann();
    one.types("/unlisten all\r");
    one.sent();
    for room in ["lobby", "tea"] {
        one.answers(json!({"event": "out", "room": room, "current": "den"}));
    }
    let shown = one.shown();
    assert!(shown.contains("You no longer hear #lobby.") && shown.contains("hear #tea."));
    assert_eq!(one.returns("Ann"), ["/join #den"]);
    // The room that one goes to is no other room any more, and the old one is left.
    let mut one = ann();
    one.types("/join tea\r");
    one.sent();
    one.moves("den", "tea");
    assert_eq!(one.returns("Ann"), ["/join #tea", "/listen #lobby"]);
}

#[test]
fn the_room_that_was_switched_from_is_heard_even_if_the_object_that_says_so_is_lost() {
    for is_lost in [true, false] {
        let mut ann = ann();
        ann.types("/switch lobby\r");
        ann.sent();
        ann.room("lobby", true);
        if !is_lost {
            ann.room("den", false);
        }
        let mut heard = ann.returns("Ann");
        heard.sort();
        assert_eq!(heard, ["/listen #den", "/listen #tea"]);
    }
    // Neither is a room heard twice.
    let mut ann = ann();
    ann.types("/switch den\r");
    ann.sent();
    ann.room("den", true);
    let mut heard = ann.returns("Ann");
    heard.sort();
    assert_eq!(heard, ROOMS);
}

#[test]
fn what_was_typed_behind_a_switch_that_was_refused_is_not_said_here() {
    let mut ann = ann();
    ann.types("/switch ops\rfor ops\r");
    assert_eq!(ann.sent(), ["/switch ops"]);
    ann.answers(json!({"event": "refused", "code": "no-room", "text": "You do not hear #ops."}));
    assert_eq!(ann.sent(), [""; 0]);
    let shown = ann.shown();
    assert!(shown.contains("-- You are still in #den. What you typed for the other room"));
    assert!(shown.contains("> for ops"));
}

#[test]
fn what_was_typed_for_a_room_that_another_has_taken_us_from_is_held() {
    let mut ann = ann();
    ann.types("for the d");
    ann.tells(json!({"event": "out", "room": "den", "current": "lobby"}));
    ann.tells(json!({"event": "room", "room": "lobby", "current": true, "people": []}));
    ann.types("en\r");
    assert_eq!(ann.sent(), [""; 0]);
    let shown = ann.shown();
    let told = "-- You are in #lobby now, not in #den. Nothing was sent; Enter sends it here. --";
    assert!(shown.contains(told), "{shown:?}");
    ann.types("\r");
    assert_eq!(ann.sent(), ["#lobby: for the den"]);
    // And if it crosses: the server says that we are not there.
    let refused =
        json!({"event": "refused", "code": "no-room", "text": "You do not hear #lobby. Not sent."});
    ann.answers(refused);
    assert!(ann.shown().contains("> for the den"));
}

#[test]
fn a_room_that_cannot_be_heard_again_is_told_and_nothing_typed_for_it_is_lost() {
    for (typed, words, kept, sends) in [
        ("", "-- You no longer hear #tea. --", "> ", &[][..]),
        (
            "/in tea one\r",
            "-- You no longer hear #tea. What you typed for it was not sent. --",
            "> /in tea one",
            &[],
        ),
        (
            "/in TEA one\rfor the den\r/in #tea two\r/in lobby three\r",
            "-- Not sent: --\r\n| /in TEA one\r\n| /in #tea two",
            "> ",
            &["#den: for the den", "#lobby: three"],
        ),
    ] {
        let mut ann = ann();
        ann.returns("Ann");
        ann.shown();
        ann.types(typed);
        ann.moves("lobby", "den");
        ann.room("lobby", false);
        ann.answers(json!({"event": "refused", "code": "not-allowed", "text": "Too many."}));
        ann.pong();
        let shown = ann.shown();
        assert!(shown.contains(words), "{shown:?}");
        assert!(shown.contains(kept), "{shown:?}");
        assert_eq!(ann.sent(), sends);
        // It is told once, and not asked for again.
        assert_eq!(ann.returns("Ann"), ROOMS[..2]);
    }
}

#[test]
fn words_for_a_room_by_its_name_go_there_wherever_we_are() {
    let mut ann = ann();
    ann.returns("Ann");
    ann.answers(json!({"event": "refused", "code": "not-allowed", "text": "Too many."}));
    ann.room("tea", false);
    ann.pong();
    let shown = ann.shown();
    assert!(shown.contains("-- You are in #lobby now, not in #den. --"));
    assert!(!shown.contains("no longer hear"), "{shown:?}");
    ann.types("/in tea one\r");
    assert_eq!(ann.sent(), ["#tea: one"]);
    ann.types("for the den\r");
    assert_eq!(ann.sent(), [""; 0]);
    assert!(ann.shown().contains("> for the den"));
}

#[test]
fn words_for_another_room_are_shown_as_others_read_them() {
    for (typed, sent, kind, shown) in [
        ("/in tea hello", "#tea: hello", "said", "#tea Ann: hello"),
        ("/in #TEA  //who", "#TEA: /who", "said", "#tea Ann: /who"),
        ("/in den hello", "#den: hello", "said", "\x1b[JAnn: hello"),
        (
            "/in tea /me hello",
            "#tea * hello",
            "did",
            "#tea * Ann hello",
        ),
    ] {
        let mut ann = ann();
        ann.types(&format!("{typed}\r"));
        assert_eq!(ann.sent(), [sent]);
        let room = if sent.contains("den") { "den" } else { "tea" };
        let text = shown.split_once(": ").map_or("hello", |it| it.1);
        ann.answers(json!({"event": kind, "room": room, "from": "Ann", "person": 1, "text": text}));
        let rows = ann.shown();
        assert!(rows.contains(&format!("{shown}\r\n")), "{rows:?}");
    }
    let mut ann = ann();
    ann.types("/in ops hello\r");
    ann.sent();
    ann.answers(
        json!({"event": "refused", "code": "no-room", "text": "You do not hear #ops. Not sent."}),
    );
    assert!(ann.shown().contains("> /in ops hello"));
}

#[test]
fn what_was_not_confirmed_is_shown_with_the_room_that_it_was_for() {
    let mut ann = ann();
    ann.types("/in tea one\r/in lobby two\r");
    ann.desk.lose("the server closed the connection");
    let shown = ann.shown();
    let told = "perhaps nobody has read it: --\r\n| /in tea one\r\n| /in lobby two\r\n";
    assert!(shown.contains(told), "{shown:?}");
}

#[test]
fn what_was_read_of_a_room_is_not_shown_again_on_coming_back() {
    let mut ann = ann();
    let past = |room: &str, seq: u64, text: &str, re: Value| {
        json!({
            "event": "said", "room": room, "from": "Bob", "text": text, "seq": seq, "past": true, "re": re,
        })
    };
    let den = ann.said("den", "Bob", "den 1");
    let tea = ann.said("tea", "Bob", "tea 1");
    ann.returns("Ann");
    ann.moves("lobby", "den");
    ann.shown();
    for (seq, text) in [(900, "den 0"), (den, "den 1"), (1500, "den 2")] {
        ann.tells(past("den", seq, text, json!("j1")));
    }
    ann.room("lobby", false);
    ann.room("tea", false);
    for (seq, text) in [(tea, "tea 1"), (1400, "tea 2")] {
        ann.tells(past("tea", seq, text, json!("j1")));
    }
    ann.pong();
    let shown = ann.shown();
    for (text, count) in [
        ("den 0", 0),
        ("den 1", 0),
        ("Bob: tea 1", 0),
        (" Bob: den 2", 1),
        (" #tea Bob: tea 2", 1),
        ("─ new ─", 1),
    ] {
        assert_eq!(shown.matches(text).count(), count, "{text}: {shown:?}");
    }
    // She asks for these, so they are shown.
    ann.types("/history 4\r");
    ann.sent();
    ann.answers(json!({"event": "answer", "to": "history", "text": ["x"], "count": 1}));
    let mut asked = past("den", den, "den 1", Value::Null);
    asked["re"] = ann.last.clone();
    ann.tells(asked);
    let shown = ann.shown();
    assert!(shown.contains("-- last 1 message --") && shown.contains(" Bob: den 1"));
    again(&mut ann, &["lobby", "tea"]);
}

#[test]
fn what_is_said_elsewhere_is_counted_until_it_is_answered() {
    let mut ann = ann();
    ann.said("tea", "Bob", "one");
    ann.said("tea", "Bob", "two");
    ann.said("den", "Bob", "here");
    ann.tells(json!({"event": "private", "from": "Carol", "text": "psst"}));
    let status = |ann: &mut Host| {
        let shown = ann.shown();
        let row = shown.lines().rev().find(|it| it.ends_with(" online"));
        row.map(|it| {
            it.rsplit('J')
                .next()
                .unwrap()
                .split("   ")
                .next()
                .unwrap()
                .to_string()
        })
    };
    assert_eq!(
        status(&mut ann).unwrap(),
        "#den · 0 here · #tea 2 · private Carol 1"
    );
    ann.types("/in tea three\r");
    assert_eq!(status(&mut ann).unwrap(), "#den · 0 here · private Carol 1");
    ann.types("\r");
    assert_eq!(status(&mut ann).unwrap(), "#den · 0 here");
}

#[test]
fn alt_and_a_digit_goes_to_a_room_and_the_typed_line_comes_along() {
    let mut ann = ann();
    ann.types("half a l");
    // Her rooms, in the order in which she came into them.
    for (digit, room, left) in [(2, "lobby", "den"), (1, "den", "lobby"), (3, "tea", "den")] {
        ann.types("\x1b");
        ann.types(&digit.to_string());
        assert_eq!(ann.sent(), [format!("/switch #{room}")]);
        ann.room(room, true);
        ann.room(left, false);
    }
    ann.types("\x1b3");
    assert_eq!(ann.sent(), [""; 0]);
    ann.types("ine\r");
    assert_eq!(ann.sent(), ["#tea: half a line"]);
    // Up brings back what was typed, and not this.
    ann.types("\x1b[A");
    assert!(ann.shown().contains("> half a line"));
    ann.types("\x15\x1b4");
    let shown = ann.shown();
    assert!(
        shown.contains("Alt-1 #den  Alt-2 #lobby  Alt-3 #tea"),
        "{shown:?}"
    );
    assert_eq!(ann.sent(), [""; 0]);
}

#[test]
fn alt_and_a_digit_is_no_way_while_the_link_is_broken() {
    let mut ann = ann();
    ann.types("for the den");
    ann.comes_again();
    for _ in 0..2 {
        ann.types("\x1b2");
        assert!(ann.shown().contains('\x07'));
        // The bell rings once for a burst.
        ann.desk.pass(Duration::from_secs(2));
        ann.sent();
        if ann.desk.attempt().is_some() {
            ann.let_in("Ann");
        }
    }
    ann.moves("lobby", "den");
    ann.room("lobby", false);
    ann.room("tea", false);
    ann.pong();
    ann.types("\r");
    assert_eq!(ann.sent(), ["#den: for the den"]);
}
