//! Input that no polite client sends, and its effects.

use chinwag::Server;
use chinwag::limits::SEND_QUEUE_BYTES_RANGE;

use crate::harness::{Person, config, run, serve, serve_with};

const TOO_LONG: &str = "Message too long: the limit is 8192 bytes. Not sent.";

#[test]
fn a_line_of_the_limit_is_delivered_and_one_byte_more_is_not() {
    let server = serve();
    let [mut ann, mut bob] = server.room(["ann", "bob"]);
    for end in ["\n", "\r\n"] {
        ann.sends(format!("{}{end}", "x".repeat(8192)).as_bytes());
        bob.reads(&format!("ann: {}", "x".repeat(8192)));
        ann.sends(format!("{}{end}", "y".repeat(8193)).as_bytes());
        ann.reads(TOO_LONG);
        ann.types("ok");
        bob.reads("ann: ok");
    }
}

#[test]
fn the_limit_is_the_operators() {
    let server = serve_with(|config| config.max_line = 100);
    let [mut ann, mut bob] = server.room(["ann", "bob"]);
    ann.types(&"ß".repeat(50));
    bob.reads(&format!("ann: {}", "ß".repeat(50)));
    ann.types(&format!("{}x", "ß".repeat(50)));
    ann.reads("Message too long: the limit is 100 bytes. Not sent.");
}

#[test]
fn a_line_without_an_end_is_refused_once_and_the_next_one_works() {
    let server = serve();
    let [mut ann, mut bob] = server.room(["ann", "bob"]);
    let megabyte = vec![b'x'; 1 << 20];
    for _ in 0..8 {
        ann.sends(&megabyte);
    }
    ann.reads(TOO_LONG);
    ann.sends(b"\nok\n/users\n");
    bob.reads("ann: ok");
    ann.reads("Users online: 2");
}

/// What others read instead of a byte that stands alone in a line.
fn shown(byte: u8) -> char {
    match byte {
        b'\t' => '\t',
        0..0x20 => char::from_u32(0x2400 + u32::from(byte)).unwrap(),
        0x7f => '␡',
        0x80.. => '\u{fffd}',
        _ => char::from(byte),
    }
}

#[test]
fn every_byte_value_is_shown_harmlessly() {
    let server = serve();
    let [mut ann, mut bob] = server.room(["ann", "bob"]);
    for byte in 0..=255u8 {
        ann.sends(&[b'x', byte, b'y', b'\n']);
        if matches!(byte, b'\n' | b'\r') {
            bob.reads("ann: x");
            bob.reads("ann: y");
        } else {
            bob.reads(&format!("ann: x{}y", shown(byte)));
        }
    }
}

#[test]
fn every_byte_value_in_one_line_is_one_line() {
    let server = serve();
    let [mut ann, mut bob] = server.room(["ann", "bob"]);
    let mut line: Vec<u8> = (0..=255).filter(|b| !b"\r\n".contains(b)).collect();
    // Reversed, no two bytes from 0x80 on make a character together; and the byte after 0xFF is not a telnet command.
    line.reverse();
    line.rotate_left(1);
    let text: String = line.iter().map(|&byte| shown(byte)).collect();
    ann.sends(&[&line[..], b"\n"].concat());
    bob.reads(&format!("ann: {text}"));
}

#[test]
fn what_drives_a_terminal_or_reorders_text_is_replaced() {
    let server = serve();
    let [mut ann, mut bob] = server.room(["ann", "bob"]);
    for (typed, read) in [
        ("\u{1b}[2J\u{1b}]0;gotcha\u{7}", "␛[2J␛]0;gotcha␇"),
        ("a\u{8}b\u{7f}", "a␈b␡"),
        ("\u{9b}2J and \u{85}", "\u{fffd}2J and \u{fffd}"),
        (
            "\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}x",
            "\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}x",
        ),
        (
            "\u{2066}\u{2067}\u{2068}\u{2069}x",
            "\u{fffd}\u{fffd}\u{fffd}\u{fffd}x",
        ),
        (
            "me\u{2028}bob: forged\u{2029}",
            "me\u{fffd}bob: forged\u{fffd}",
        ),
    ] {
        ann.types(typed);
        bob.reads(&format!("ann: {read}"));
    }
}

#[test]
fn bad_utf_8_is_replaced_sequence_by_sequence() {
    let server = serve();
    let [mut ann, mut bob] = server.room(["ann", "bob"]);
    for (typed, read) in [
        (&b"cut \xf0\x9f\x8e"[..], "cut \u{fffd}"),
        (b"\xc3(", "\u{fffd}("),
        (b"\xed\xa0\x80", "\u{fffd}\u{fffd}\u{fffd}"),
        (b"\xc0\xaf", "\u{fffd}\u{fffd}"),
        (b"ok \xc3\xa9 \xff", "ok é \u{fffd}"),
    ] {
        ann.sends(&[typed, b"\n"].concat());
        bob.reads(&format!("ann: {read}"));
    }
}

#[test]
fn every_line_end_ends_one_line() {
    let server = serve();
    let [mut ann, mut bob] = server.room(["ann", "bob"]);
    ann.sends(b"one\ntwo\r\nthree\r\0four\rfive\n");
    for word in ["one", "two", "three", "four", "five"] {
        bob.reads(&format!("ann: {word}"));
    }
    // A NUL after a mere LF is text.
    ann.sends(b"six\n\0seven\n");
    bob.reads("ann: six");
    bob.reads("ann: ␀seven");
}

#[test]
fn text_that_comes_byte_by_byte_is_the_same_text() {
    let server = serve();
    let mut ann = server.connect();
    let mut bob = server.login("bob");
    for byte in "ann\r\nZoë 花子\r\0two\r\n/users\n//x\n".bytes() {
        ann.sends(&[byte]);
    }
    ann.sees("Enter your username: Welcome to the chat!\r\nType /help for the list of commands.\r\nann has joined the chat.\r\n");
    ann.reads("Users online: 2");
    bob.reads("ann has joined the chat.");
    for line in ["Zoë 花子", "two", "/x"] {
        bob.reads(&format!("ann: {line}"));
    }
}

#[test]
fn the_last_line_needs_no_line_end() {
    let server = serve();
    let [mut ann, mut bob] = server.room(["ann", "bob"]);
    ann.sends(b"first\nlast words");
    ann.ends_input();
    bob.reads("ann: first");
    bob.reads("ann: last words");
    bob.reads("ann has left the chat.");
    ann.is_closed();
}

#[test]
fn a_name_needs_no_line_end_either() {
    let server = serve();
    let mut bob = server.login("bob");
    let mut ann = server.connect();
    ann.sends(b"ann");
    ann.ends_input();
    ann.sees("Enter your username: Welcome to the chat!\r\nType /help for the list of commands.\r\nann has joined the chat.\r\n");
    ann.is_closed();
    bob.reads("ann has joined the chat.");
    bob.reads("ann has left the chat.");
}

#[test]
fn what_is_owed_is_sent_before_the_close() {
    let server = serve();
    let mut ann = server.login("ann");
    const TIMES: usize = 5000;
    ann.sends("/users\n".repeat(TIMES).as_bytes());
    ann.sends(b"/users x");
    ann.ends_input();
    ann.sees(&"Users online: 1\r\n".repeat(TIMES));
    ann.reads("How to use it: /users");
    ann.is_closed();
}

#[test]
fn a_reset_is_read_as_leaving() {
    let server = serve();
    let [mut ann, mut bob, carl] = server.room(["ann", "bob", "carl"]);
    carl.vanishes();
    for person in [&mut ann, &mut bob] {
        person.reads("carl has left the chat.");
    }
    ann.types("where did carl go?");
    bob.reads("ann: where did carl go?");
}

#[test]
fn half_a_line_before_a_reset_is_not_delivered() {
    let server = serve();
    let [mut ann, mut bob] = server.room(["ann", "bob"]);
    ann.sends(b"/users\nhalf a li");
    ann.reads("Users online: 2");
    ann.vanishes();
    bob.reads("ann has left the chat.");
}

#[test]
fn half_a_line_is_not_delivered_where_a_write_learns_of_the_reset() {
    let anonymous = config(|config| config.anonymous = true);
    let server = Server::bind(anonymous).expect("a free port can be listened on");
    let addr = server.local_addrs()[0];
    let mut ann = Person::connect(addr);
    let mut bob = Person::connect(addr);
    bob.sends(b"half a li");
    let named = [ann.addr(), bob.addr()];
    bob.vanishes();
    // The server writes to people who are welcomed before it reads from them.
    let _running = run(server);
    ann.is_welcomed();
    for name in named {
        ann.reads(&format!("{name} has joined the chat."));
    }
    ann.reads(&format!("{} has left the chat.", named[1]));
}

#[test]
fn people_at_the_prompt_may_vanish_too() {
    let server = serve();
    let mut ann = server.login("ann");
    for _ in 0..20 {
        server.connect().vanishes();
        let mut half = server.connect();
        half.sends(b"half a na");
        half.vanishes();
    }
    Person::login(server.addr(), "bob").types("hi");
    ann.reads("bob has joined the chat.");
    ann.reads("bob: hi");
}

#[test]
fn who_asks_for_more_than_may_wait_for_them_is_answered_as_they_read() {
    const ASKED: usize = 200;
    let server = serve_with(|config| {
        config.history = 1000;
        config.send_queue = *SEND_QUEUE_BYTES_RANGE.start();
    });
    let [mut ann, mut bob] = server.room(["ann", "bob"]);
    for i in 0..60 {
        ann.types(&format!("{i} {}", "x".repeat(1000)));
    }
    ann.types("/users");
    ann.reads("Users online: 2");
    // Each of these asks for 60 KB, and all come in one read.
    bob.sends("/history 1000\n".repeat(ASKED).as_bytes());
    bob.ends_input();
    ann.types("/users");
    ann.reads("Users online: 2");
    let mut answers = 0;
    while answers < ASKED {
        answers += usize::from(bob.reads_line() == "-- end --");
    }
    ann.reads("bob has left the chat.");
    assert_eq!(server.handle().stats().dropped, 0);
}
