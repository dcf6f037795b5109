//! What people read about the past, which stamps stand before their lines, and which lines nobody can fake.

use std::fs;
use std::path::PathBuf;

use nix::sys::signal::Signal;

use crate::conversation::reads_replay;
use crate::daemon::start;
use crate::harness::{PROMPT, Person, TAKEN, room, serve, serve_with};

/// Comes in where there is something to read first: its last line is this one.
fn comes_in(person: &mut Person, name: &str) {
    person.sees(PROMPT);
    person.types(name);
    person.is_welcomed();
}

#[test]
fn a_newcomer_reads_the_last_twenty_lines_and_then_live_ones() {
    let server = serve_with(|config| config.history = 200);
    let [mut ann, mut bob] = server.room(["ann", "bob"]);
    for i in 0..25 {
        ann.types(&format!("line {i}"));
        bob.reads(&format!("ann: line {i}"));
    }
    bob.types("/me waves");
    bob.reads("* bob waves");
    let mut carl = server.connect();
    comes_in(&mut carl, "carl");
    let lines: Vec<String> = (6..25).map(|i| format!("ann: line {i}")).collect();
    let mut lines: Vec<&str> = lines.iter().map(|it| &**it).collect();
    lines.push("* bob waves");
    reads_replay(&mut carl, "-- last 20 messages, times in UTC --", &lines);
    carl.reads("carl has joined the chat.");
    bob.reads("carl has joined the chat.");
    bob.types("live");
    carl.reads("bob: live");

    // Another room has its own past, and a room that vanished has none.
    carl.types("/join tea");
    carl.reads("You are in #tea now.");
    carl.types("/history");
    carl.reads("This room has no history yet.");
    carl.types("alone");
    carl.types("/history 1");
    reads_replay(
        &mut carl,
        "-- last message, times in UTC --",
        &["carl: alone"],
    );
    carl.types("/leave");
    // Lines that are not new are not shown again.
    carl.reads("You are in #lobby now.");
    carl.types("/history 1");
    let header = "-- last message, times in UTC --";
    reads_replay(&mut carl, header, &["bob: live"]);
    carl.types("/join tea");
    carl.reads("You are in #tea now.");
    carl.types("/history");
    carl.reads("This room has no history yet.");
}

#[test]
fn history_takes_a_number_and_tells_when_it_is_none() {
    let server = serve_with(|config| config.history = 3);
    let [mut ann, _bob] = server.room(["ann", "bob"]);
    for i in 0..5 {
        ann.types(&i.to_string());
    }
    ann.types("/history 2");
    reads_replay(
        &mut ann,
        "-- last 2 messages, times in UTC --",
        &["ann: 3", "ann: 4"],
    );
    ann.types("/history 1000000");
    let kept = ["ann: 2", "ann: 3", "ann: 4"];
    reads_replay(&mut ann, "-- last 3 messages, times in UTC --", &kept);
    for typed in ["0", "-1", "x", "1 2", "99999999999999999999999"] {
        ann.types(&format!("/history {typed}"));
        ann.reads("How to use it: /history [N] [before DATE]");
    }
}

#[test]
fn private_messages_and_notices_are_no_history() {
    let server = serve_with(|config| config.history = 10);
    let [mut ann, mut bob] = server.room(["ann", "bob"]);
    ann.types("/msg bob secret");
    ann.reads("To bob (private): secret");
    bob.reads("ann (private): secret");
    bob.types("/nick rob");
    bob.reads("bob is now known as rob.");
    ann.reads("bob is now known as rob.");
    ann.types("/history");
    ann.reads("This room has no history yet.");
}

#[test]
fn timestamps_stand_before_what_others_cause() {
    let server = serve();
    let [mut ann, mut bob] = server.room(["ann", "bob"]);
    ann.types("/time on +05:45");
    ann.reads("Timestamps are on (+05:45).");
    bob.types("hello");
    let line = ann.reads_line();
    let (stamp, text) = line.split_at("[13:05] ".len());
    assert_eq!(text, "bob: hello");
    assert!(stamp.starts_with('[') && stamp.ends_with("] "), "{line}");
    ann.types("/users");
    ann.reads("Users online: 2");
    ann.types("/time FULL");
    ann.reads("Timestamps are on, with the date (+05:45).");
    bob.types("/msg ann psst");
    bob.reads("To ann (private): psst");
    let line = ann.reads_line();
    let (stamp, text) = line.split_at("[2026-11-21 13:05:07] ".len());
    assert_eq!(text, "bob (private): psst");
    assert!(stamp.starts_with("[2") && stamp.ends_with("] "), "{line}");
    ann.types("/time off");
    ann.reads("Timestamps are off.");
    bob.types("again");
    ann.reads("bob: again");
    for typed in ["yes", "05:45", "+15:00", "+01:07", "+01:00 x"] {
        for word in ["", "on ", "FULL "] {
            ann.types(&format!("/time {word}{typed}"));
            ann.reads(&format!(
                "There is no time zone {typed}. Type one such as +2, +05:45, UTC or Europe/Berlin."
            ));
        }
    }
}

#[test]
fn a_zone_is_typed_as_people_do() {
    let server = serve_with(|config| config.history = 10);
    let [mut ann, mut bob] = server.room(["ann", "bob"]);
    for (typed, answer) in [
        ("", "Timestamps are off."),
        ("+2", "Timestamps are on (+02:00)."),
        ("utc", "Timestamps are on (UTC)."),
        ("full", "Timestamps are on, with the date (UTC)."),
        ("-0330", "Timestamps are on, with the date (-03:30)."),
        ("asia/kolkata", "Timestamps are on, with the date (+05:30)."),
        ("", "Timestamps are on, with the date (+05:30)."),
        ("on Asia/Tokyo", "Timestamps are on (+09:00)."),
        ("off", "Timestamps are off."),
    ] {
        ann.types(&format!("/time {typed}"));
        ann.reads(answer);
    }
    // Dates say whose they are.
    bob.types("hello");
    ann.reads("bob: hello");
    ann.types("/history");
    reads_replay(
        &mut ann,
        "-- last message, times in UTC+09:00 --",
        &["bob: hello"],
    );
    for typed in ["/quiet", "/quiet off", "/Quiet"] {
        ann.types(typed);
        ann.reads("Join and leave notices are on.");
    }
}

#[test]
fn the_quiet_do_not_read_who_comes_and_goes() {
    let server = serve();
    let [mut ann, mut bob] = server.room(["ann", "bob"]);
    ann.types("/quiet on");
    ann.reads("Join and leave notices are off.");
    let mut carl = server.login("carl");
    bob.reads("carl has joined the chat.");
    carl.types("/join tea");
    carl.reads("You are in #tea now.");
    carl.types("/leave");
    carl.reads("You are in #lobby now.");
    carl.types("hello");
    ann.reads("carl: hello");
    drop(carl);
    for line in [
        "carl has gone to #tea.",
        "carl has come in.",
        "carl: hello",
        "carl has left the chat.",
    ] {
        bob.reads(line);
    }
    bob.types("/nick rob");
    ann.reads("bob is now known as rob.");
    ann.types("/quiet OFF");
    ann.reads("Join and leave notices are on.");
    let _dora = server.login("dora");
    ann.reads("dora has joined the chat.");
    ann.types("/quiet maybe");
    ann.reads("How to use it: /quiet [on|off]");
}

/// Whatever one person types, another reads it after the first one's name, in one line, without control characters.
#[test]
fn nothing_that_is_typed_passes_for_something_else() {
    let server = serve();
    let [mut ann, mut bob] = server.room(["ann", "bob"]);
    for fake in [
        "carl: hello",
        "carl has joined the chat.",
        "-- end --",
        "-- last 20 messages, times in UTC --",
        "-- Server: type your password --",
        "carl (private): psst",
        "To carl (private): psst",
        "* carl waves",
        "[2026-11-21 13:05] carl: hello",
        "bob is now known as carl.",
        "carl has set the topic: x",
        "Users online: 2",
        "Server is shutting down. Goodbye!",
    ] {
        ann.types(fake);
        bob.reads(&format!("ann: {fake}"));
        ann.types(&format!("/me {fake}"));
        ann.reads(&format!("* ann {fake}"));
        bob.reads(&format!("* ann {fake}"));
    }
    ann.sends(b"x\x1b[1A\x1b[2Kcarl: hi\x08\x7f\n/me \x1b]0;x\x07\n");
    bob.reads("ann: x␛[1A␛[2Kcarl: hi␈␡");
    bob.reads("* ann ␛]0;x␇");
    ann.reads("* ann ␛]0;x␇");
    ann.sends("/topic a\u{2028}carl: b\u{202e}c\n".as_bytes());
    for person in [&mut ann, &mut bob] {
        person.reads("ann has set the topic: a\u{fffd}carl: b\u{fffd}c");
    }
}

/// No line of the server begins like the lines of a person with a fitting name.
#[test]
fn no_name_makes_a_line_that_the_server_says() {
    let server = serve();
    let [mut usage, mut bob] = server.room(["Usage", "bob"]);
    usage.types("//nick NAME");
    bob.reads("Usage: /nick NAME");
    bob.types("/nick");
    bob.reads("How to use it: /nick NAME");
    for word in ["To", "You", "Unknown", "The", "In", "There", "Users"] {
        usage.types(&format!("/nick {word}"));
        assert!(bob.reads_line().ends_with(&format!(" as {word}.")));
        usage.types("bob (private): x");
        bob.reads(&format!("{word}: bob (private): x"));
    }
}

#[test]
#[cfg(feature = "unicode-names")]
fn names_that_look_alike_are_taken() {
    let server = serve();
    let [mut ann, _paypal] = server.room(["Alice", "paypal"]);
    let mut other = server.connect();
    other.sees(PROMPT);
    for name in [
        "p\u{430}yp\u{430}l",
        "PAYPAL",
        "AIice",
        "a1ice",
        "\u{410}lice",
    ] {
        other.types(name);
        other.reads(TAKEN);
        other.sees(PROMPT);
    }
    other.types("bob");
    other.is_welcomed();
    other.reads("bob has joined the chat.");
    other.types("/nick AL1CE");
    other.reads(TAKEN);
    ann.reads("bob has joined the chat.");
    ann.types("/msg \u{410}lice x");
    ann.reads("Nobody here is called \u{410}lice.");
}

/// A file for the test of this name, removed when dropped.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new(name: &str, text: &str) -> Scratch {
        let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
        let path = dir.join(format!("{name}-{}", std::process::id()));
        fs::write(&path, text).expect("a file can be written");
        Scratch(path)
    }

    pub(crate) fn path(&self) -> &str {
        self.0.to_str().expect("the path is text")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // It is in the build's own directory, so that nothing is lost if this fails.
        let _ = fs::remove_file(&self.0);
    }
}

#[test]
fn the_message_of_the_day_is_read_again_on_a_hangup() {
    let file = Scratch::new("motd", "Be kind.\n\n  Tea at five. \x1b[2J\n");
    let (mut daemon, addr) = start(&["--motd", file.path()]);
    let mut ann = Person::connect(addr);
    comes_in(&mut ann, "ann");
    for line in [
        "Be kind.",
        "",
        "  Tea at five. ␛[2J",
        "ann has joined the chat.",
    ] {
        ann.reads(line);
    }
    fs::write(&file.0, "Tea at six.").expect("a file can be written");
    daemon.signal(Signal::SIGHUP);
    daemon.logs(" again");
    let mut bob = Person::connect(addr);
    comes_in(&mut bob, "bob");
    bob.reads("Tea at six.");
    bob.reads("bob has joined the chat.");

    // A file that is gone leaves the text as it was, and people where they are.
    fs::remove_file(&file.0).expect("the file can be removed");
    daemon.signal(Signal::SIGHUP);
    daemon.logs("keeping the message of the day as it was");
    let mut carl = Person::connect(addr);
    comes_in(&mut carl, "carl");
    carl.reads("Tea at six.");
    ann.reads("bob has joined the chat.");
    ann.reads("carl has joined the chat.");
}

#[test]
fn without_a_file_a_hangup_ends_the_server_cleanly() {
    let (daemon, addr) = start(&[]);
    let [mut ann] = room(addr, ["ann"]);
    daemon.signal(Signal::SIGHUP);
    ann.reads("Server is shutting down. Goodbye!");
    ann.is_closed();
    let (status, ..) = daemon.ends();
    assert_eq!(status.code(), Some(0));
}

#[test]
fn who_is_silent_for_too_long_is_dropped() {
    let (mut daemon, addr) = start(&["--idle-timeout", "1"]);
    let [mut ann] = room(addr, ["ann"]);
    ann.types("/users");
    ann.reads("Users online: 1");
    ann.reads("You have been silent for too long. Goodbye!");
    ann.is_closed();
    daemon.logs("ann left");
    let mut again = Person::login(addr, "ann");
    again.types("/users");
    again.reads("Users online: 1");
}
