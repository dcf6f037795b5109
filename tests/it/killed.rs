//! The server, killed in the middle of talk. Nothing that was in the file before may be missing in it afterwards, and
//! the file must be whole.
//!
//! `CHINWAG_KILLS=50 CHINWAG_TALKERS=100 cargo test --test it killed -- --nocapture` kills more often, in more talk.

use std::collections::BTreeMap;
use std::env;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread::{self, JoinHandle};

use nix::sys::signal::Signal;

use crate::harness::{Person, until};
use crate::keeping::{Folder, has_sqlite};
use crate::output::ends_cleanly;

/// Lines that one person says between two kills, unless the second one comes first.
const SAID: usize = 10_000;

/// Says numbered lines until the server is gone.
fn talk(mut socket: TcpStream, round: usize) -> JoinHandle<()> {
    thread::spawn(move || {
        for number in 0..SAID {
            let line = format!("{round} {number} tea\n");
            if socket.write_all(line.as_bytes()).is_err() {
                break;
            }
        }
    })
}

/// Reads all lines of the others until the server is gone.
fn listen(socket: TcpStream) -> JoinHandle<Vec<String>> {
    socket.set_read_timeout(None).expect("it need not time out");
    thread::spawn(move || {
        let lines = BufReader::new(socket).lines();
        lines.map_while(Result::ok).collect()
    })
}

/// What was kept of one round: `ann: 0 17 tea`, one line each, in the order of the file.
fn kept(folder: &Folder, round: usize) -> Vec<String> {
    let lines =
        format!("SELECT name || ': ' || body FROM line WHERE body LIKE '{round} %' ORDER BY id");
    folder.ask(&lines).lines().map(String::from).collect()
}

/// The lines of each person are there from the first on, in order, each once, with no line between them missing.
fn is_whole(kept: &[String], round: usize) {
    let mut next = BTreeMap::<&str, usize>::new();
    for line in kept {
        let (name, text) = line.split_once(": ").expect("a name and a text");
        let number = next.entry(name).or_default();
        assert_eq!(text, format!("{round} {number} tea"), "{name}");
        *number += 1;
    }
}

/// One is the beginning of the other.
fn agree(kept: &[String], heard: &[String]) {
    for (at, (kept, heard)) in kept.iter().zip(heard).enumerate() {
        assert_eq!(kept, heard, "line {at}");
    }
}

/// What the real `sqlite3` says about the file and its index.
fn is_sound(folder: &Folder) {
    assert_eq!(folder.ask("PRAGMA integrity_check"), "ok");
    folder.ask("INSERT INTO found (found) VALUES ('integrity-check')");
    let found = "SELECT rowid FROM found WHERE found MATCH 'tea'";
    for (all, others) in [
        ("SELECT id FROM message", found),
        (found, "SELECT id FROM message"),
    ] {
        let missing = format!("SELECT count(*) FROM ({all} EXCEPT {others})");
        assert_eq!(folder.ask(&missing), "0", "{missing}");
    }
}

/// Somebody in the room of a round. Nothing was said there before.
fn comes(addr: SocketAddr, name: &str, round: usize) -> Person {
    let mut person = Person::connect(addr);
    person.types(&format!("{name}\n/join r{round}"));
    person.reads_to(format!("You are in #r{round} now.\r\n").as_bytes());
    person
}

/// A number from the environment.
fn number(name: &str, default: usize) -> usize {
    env::var(name).map_or(default, |it| it.parse().expect("a number"))
}

/// Serves, and kills the server once at least so many lines are in the file. Returns the lines of this round that were
/// seen there before, and those that a listener heard.
fn round(folder: &Folder, number: usize, lines: usize) -> (Vec<String>, Vec<String>) {
    let (server, addr) = folder.serve(&["--history", "0"]);
    is_sound(folder);
    let talkers = self::number("CHINWAG_TALKERS", 3);
    let people: Vec<Person> = (0..talkers)
        .map(|it| comes(addr, &format!("talker{it}"), number))
        .collect();
    let ear = comes(addr, "ear", number);
    let listening = listen(ear.stream());
    // Talkers read too, as readers who stop would be skipped and in the end dropped.
    let reading: Vec<_> = people.iter().map(|it| listen(it.stream())).collect();
    let talking: Vec<_> = people.iter().map(|it| talk(it.stream(), number)).collect();
    let mut seen = Vec::new();
    until("enough is kept", || {
        seen = kept(folder, number);
        seen.len() >= lines
    });
    server.signal(Signal::SIGKILL);
    assert_eq!(server.ends().0.code(), None, "it was killed");
    talking
        .into_iter()
        .for_each(|it| it.join().expect("it talked"));
    reading
        .into_iter()
        .for_each(|it| drop(it.join().expect("it read")));
    let mut heard = listening.join().expect("it listened");
    // The kill may have cut the last line.
    heard.pop();
    (seen, heard)
}

#[test]
fn lines_seen_in_the_file_are_there_after_a_kill_in_order_and_each_once() {
    let test = "lines_seen_in_the_file_are_there_after_a_kill_in_order_and_each_once";
    if !has_sqlite(test) {
        return;
    }
    let kills = number("CHINWAG_KILLS", 3);
    let folder = Folder::new("killed");
    let mut past: Vec<Vec<String>> = Vec::new();
    for number in 0..kills {
        // Some kills come before the first transaction, some in the middle of many.
        let lines = number * 1777 % 9000;
        let (seen, heard) = round(&folder, number, lines);
        let (server, _) = folder.serve(&["--history", "0"]);
        let kept = kept(&folder, number);
        assert!(
            kept.starts_with(&seen),
            "{} lines were seen before the kill",
            seen.len()
        );
        is_whole(&kept, number);
        agree(&kept, &heard);
        println!(
            "{} seen, {} kept, {} heard",
            seen.len(),
            kept.len(),
            heard.len()
        );
        past.push(kept);
        server.signal(Signal::SIGKILL);
        assert_eq!(server.ends().0.code(), None, "it was killed");
    }
    is_sound(&folder);
    for (number, past) in past.iter().enumerate() {
        assert!(
            kept(&folder, number) == *past,
            "round {number} changed later"
        );
    }
    ends_cleanly(folder.serve(&[]).0);
}
