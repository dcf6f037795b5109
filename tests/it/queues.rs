//! The lines that wait for people who are behind: nobody is dropped because a line is long, or for answers that they
//! asked for themselves.

use std::net::SocketAddr;
use std::thread;

use chinwag::limits::{LINE_BYTES_RANGE, SEND_QUEUE_BYTES_RANGE};

use crate::daemon::start;
use crate::harness::{Person, room, serve_with, until};

/// How many bytes a reader's socket takes: little compared with the longest line.
const RECEIVE_BUFFER: usize = 256 * 1024;

/// Comes in over a socket that takes this many bytes.
fn login(addr: SocketAddr, name: &str, takes: usize) -> Person {
    let mut person = Person::taking(addr, takes);
    person.logs_in(name);
    person
}

/// The longest line that may be typed, of one byte, and how it reads.
const LONGEST: [(&[u8], &str); 2] = [(b"x", "x"), (b"\x80", "\u{fffd}")];

#[test]
fn the_longest_line_drops_nobody_who_reads() {
    const READERS: usize = 8;
    let longest = *LINE_BYTES_RANGE.end();
    let server = serve_with(|config| {
        config.max_line = longest;
        config.fit_queues();
    });
    let mut ann = login(server.addr(), "ann", RECEIVE_BUFFER);
    let mut readers: Vec<Person> = (0..READERS)
        .map(|i| login(server.addr(), &format!("r{i}"), RECEIVE_BUFFER))
        .collect();
    for i in 0..READERS {
        ann.reads(&format!("r{i} has joined the chat."));
        for reader in &mut readers[..i] {
            reader.reads(&format!("r{i} has joined the chat."));
        }
    }
    for (typed, read) in LONGEST {
        let said = format!("ann: {}\r\n", read.repeat(longest));
        ann.sends(&[&typed.repeat(longest)[..], b"\n"].concat());
        thread::scope(|scope| {
            for reader in &mut readers {
                scope.spawn(|| reader.sees(&said));
            }
        });
        ann.sends(&[b"/msg r0 ", &typed.repeat(longest - 8)[..], b"\n"].concat());
        let text = read.repeat(longest - 8);
        readers[0].reads(&format!("ann (private): {text}"));
        ann.reads(&format!("To r0 (private): {text}"));
    }
    let stats = server.handle().stats();
    assert_eq!((stats.dropped, stats.skipped), (0, 0));
}

#[test]
fn a_longer_line_comes_with_a_longer_queue() {
    let (_daemon, addr) = start(&["--max-line", "1048576"]);
    let [mut ann, mut bob] = room(addr, ["ann", "bob"]);
    let text = "x".repeat(*LINE_BYTES_RANGE.end());
    ann.types(&text);
    bob.reads(&format!("ann: {text}"));
}

#[test]
fn who_asks_for_something_is_not_dropped_beside_many_who_never_read() {
    const SLEEPERS: usize = 20;
    let least = *SEND_QUEUE_BYTES_RANGE.start();
    let server = serve_with(|config| {
        config.send_queue = least;
        config.all_queues = least;
        config.history = 1000;
    });
    let [mut ann, mut bob] = server.room(["ann", "bob"]);
    let mut slow = login(server.addr(), "slow", 4096);
    let sleepers: Vec<Person> = (0..SLEEPERS)
        .map(|i| login(server.addr(), &format!("s{i}"), 4096))
        .collect();
    for person in [&mut ann, &mut bob] {
        person.reads_until(&format!("s{} has joined the chat.", SLEEPERS - 1));
    }
    let text = "x".repeat(1000);
    let line = format!("ann: {text}");
    let mut say = |lines| {
        for _ in 0..lines {
            ann.types(&text);
            bob.reads(&line);
        }
    };
    // More than any kernel keeps for people who do not read.
    say(20_000);
    until("lines are skipped", || server.handle().stats().skipped > 0);
    slow.types("/history 1000");
    say(2000);
    let lines = slow.reads_until("-- end --");
    assert!(lines.iter().filter(|it| it.contains(&line)).count() > 60);
    assert_eq!(server.handle().stats().dropped, 0);
    drop(sleepers);
}
