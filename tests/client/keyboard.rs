//! Bytes of a terminal that the person did not type, and that must not count as typed.

use crate::harness::{Home, Person, Scripted, client};

/// The mouse's reports in the three forms there are, and late answers of a terminal.
const REPORTS: [&str; 9] = [
    "\x1b[<64;10;5M",
    "\x1b[32;10;5M",
    "\x1b[M !!",
    "\x1b]11;rgb:1e1e/1e1e/2e2e\x1b\\",
    "\x1b[12;40R",
    "\x1b[?2026;2$y",
    "\x1bP>|XTerm(379)\x1b\\",
    "\x1b_Gi=31;OK\x1b\\",
    "\x1b[>41;354;0c",
];

#[test]
fn a_report_over_a_half_typed_line_does_nothing() {
    let (server, home) = (Scripted::start(), Home::new());
    let mut ann = Person::sit_down(client(server.port, &home.0, &["-n", "Ann"]), 80, 24);
    let (mut stream, _) = server.welcome();
    for report in REPORTS {
        ann.keys("half");
        ann.until_rows(&["> half"]);
        ann.keys(report);
        ann.keys(" a line\r");
        assert_eq!(stream.reads(), "half a line", "{report:?}");
        // And the same if the client reads the keyboard in the middle of it.
        let (head, tail) = report.split_at(report.len() - 1);
        ann.keys(head);
        stream.says("Bob: so be it");
        ann.until_rows(&["Bob: so be it", ">"]);
        ann.keys(tail);
        ann.keys("whole\r");
        assert_eq!(stream.reads(), "whole", "{report:?}");
        ann.until_rows(&["Ann: whole", ">"]);
        ann.keys("/clear\r\x0c");
        assert_eq!(stream.reads(), "/clear");
    }
}

#[test]
fn a_report_does_not_answer_what_is_asked() {
    let (server, home) = (Scripted::start(), Home::new());
    let mut ann = Person::sit_down(client(server.port, &home.0, &["-n", "Ann"]), 80, 24);
    let (mut stream, _) = server.welcome();
    for report in REPORTS {
        ann.keys("\x1b[200~one\rtwo\x1b[201~");
        ann.until_seen("Send these 2 lines?");
        ann.keys(report);
        ann.keys("\r");
        assert_eq!(stream.reads(), "one", "{report:?}");
        assert_eq!(stream.reads(), "two");
        ann.until_rows(&["Ann: two", ">"]);

        ann.keys("\x1b[200~three\rfour\x1b[201~");
        ann.until_seen("| four");
        ann.keys(report);
        ann.keys("n");
        ann.until_rows(&["-- Nothing was sent. --", ">"]);
        ann.keys("five\r\x0c");
        assert_eq!(stream.reads(), "five", "{report:?}");
    }
}

#[test]
fn a_paste_that_comes_in_pieces_is_asked_about() {
    let (server, home) = (Scripted::start(), Home::new());
    let mut ann = Person::sit_down(client(server.port, &home.0, &["-n", "Ann"]), 80, 24);
    let (mut stream, _) = server.welcome();
    let pieces = ["\x1b[20", "0~one", "\rtwo\r\x1b[", "201", "~"];
    for (i, piece) in pieces.into_iter().enumerate() {
        ann.keys(piece);
        // A line from the server in between shows that the client has read this by itself.
        stream.says(&format!("Bob: {i}"));
        ann.until_seen(&format!("Bob: {i}"));
    }
    ann.until_seen("Send these 2 lines?");
    ann.keys("nthree\r");
    assert_eq!(stream.reads(), "three");
}

#[test]
fn nothing_that_has_no_end_leaves_the_keyboard_dead() {
    let (server, home) = (Scripted::start(), Home::new());
    let mut ann = Person::sit_down(client(server.port, &home.0, &["-n", "Ann"]), 80, 24);
    let (mut stream, _) = server.welcome();
    for unfinished in [
        "\x1b[200~one\rtwo\r",
        "\x1b]11;rgb",
        "\x1b[20",
        "\x1bP",
        "\x1b[M",
    ] {
        ann.keys(unfinished);
        ann.keys("\x03");
        ann.keys("hello\r");
        assert_eq!(stream.reads(), "hello", "{unfinished:?}");
    }
    // By itself, too: these bytes are a paste.
    ann.keys("\x1b[200~three\rfour");
    ann.until_seen("Send these 2 lines?");
    ann.keys("\r");
    assert_eq!(stream.reads(), "three");
    assert_eq!(stream.reads(), "four");
}

#[test]
fn a_paste_that_is_too_long_is_not_cut_in_silence() {
    let (server, home) = (Scripted::start(), Home::new());
    let mut ann = Person::sit_down(client(server.port, &home.0, &["-n", "Ann"]), 80, 24);
    let (mut stream, _) = server.welcome();
    ann.keys("kept\x1b[200~");
    ann.keys(&"one\rtwo\r".repeat(150_000));
    ann.keys("\x1b[201~");
    ann.until_rows(&[
        "-- That paste is longer than 1 MiB. Nothing was taken. --",
        "> kept",
    ]);
    ann.keys("\r");
    assert_eq!(stream.reads(), "kept");
}
