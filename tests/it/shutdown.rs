//! The end of the server, by signal.
//!
//! No test measures a duration: where a shutdown must not wait for the drain limit, the limit is longer than any test
//! waits, so that a server that waits for it fails the test.

use std::net::{SocketAddr, TcpStream};

use nix::sys::signal::Signal;

use crate::daemon::start;
use crate::harness::Person;

const LAST_WORDS: &str = "Server is shutting down. Goodbye!";

fn everyone_is_told(signal: Signal) {
    let (daemon, addr) = start(&["--anonymous", "--drain", "3600"]);
    let mut people: Vec<Person> = (0..100).map(|_| Person::connect(addr)).collect();
    let mut last = people.pop().unwrap();
    last.reads_until(&format!("{} has joined the chat.", last.addr()));
    people.push(last);

    daemon.signal(signal);
    for person in &mut people {
        person.reads_until(LAST_WORDS);
        person.is_closed();
    }
    let (status, _, _) = daemon.ends();
    assert_eq!(status.code(), Some(0));
}

#[test]
fn a_hundred_people_are_told_of_sigterm() {
    everyone_is_told(Signal::SIGTERM);
}

#[test]
fn a_hundred_people_are_told_of_sigint() {
    everyone_is_told(Signal::SIGINT);
}

#[test]
fn people_at_the_prompt_are_told_on_a_line_of_its_own() {
    let (daemon, addr) = start(&[]);
    let mut ann = Person::connect(addr);
    ann.sees("Enter your username: ");
    daemon.signal(Signal::SIGTERM);
    ann.sees("\r\nServer is shutting down. Goodbye!\r\n");
    ann.is_closed();
    assert_eq!(daemon.ends().0.code(), Some(0));
}

#[test]
fn nobody_is_let_in_any_more() {
    let (daemon, addr) = start(&["--drain", "3600", "--send-queue", "1073741824"]);
    let (mut ann, _sleeper) = someone_owed_much(addr);
    daemon.signal(Signal::SIGTERM);
    ann.reads(LAST_WORDS);
    ann.is_closed();
    assert!(TcpStream::connect(addr).is_err(), "still listening");
}

/// Two people: one who talks, and one who reads nothing and has more to read than their socket takes.
fn someone_owed_much(addr: SocketAddr) -> (Person, Person) {
    let sleeper = Person::sleeper(addr);
    let mut ann = Person::login(addr, "ann");
    let lines = format!("{}\n", "z".repeat(8000)).repeat(128);
    for _ in 0..16 {
        ann.sends(lines.as_bytes());
    }
    // The answer comes after the server has handled everything.
    ann.types("/users");
    ann.reads("Users online: 2");
    (ann, sleeper)
}

#[test]
fn someone_who_reads_nothing_holds_it_no_longer_than_the_drain_limit() {
    let (daemon, addr) = start(&["--drain", "1", "--send-queue", "1073741824"]);
    let (mut ann, _sleeper) = someone_owed_much(addr);
    daemon.signal(Signal::SIGTERM);
    ann.reads(LAST_WORDS);
    ann.is_closed();
    assert_eq!(daemon.ends().0.code(), Some(0));
}

#[test]
fn a_second_signal_ends_it_at_once() {
    for (signal, code) in [(Signal::SIGTERM, 143), (Signal::SIGINT, 130)] {
        let (daemon, addr) = start(&["--drain", "3600", "--send-queue", "1073741824"]);
        let (mut ann, _sleeper) = someone_owed_much(addr);
        daemon.signal(signal);
        ann.reads(LAST_WORDS);
        ann.is_closed();
        daemon.signal(signal);
        // The code shows that the second signal ended the server, not the end of the queues.
        assert_eq!(daemon.ends().0.code(), Some(code));
    }
}
