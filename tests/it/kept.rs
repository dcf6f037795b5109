//! What is said, in the file: at once, at the end, and while the disk makes trouble.

use std::fs;
use std::process::Stdio;

use nix::sys::signal::Signal;

use crate::conversation::reads_replay;
use crate::daemon::Daemon;
use crate::data::does;
use crate::harness::{PROMPT, Person, room, until};
use crate::keeping::{Folder, has_sqlite};
use crate::output::ends_cleanly;
use crate::program::program;

/// Waits until this many lines are in the file.
fn keeps(folder: &Folder, lines: usize) {
    let lines = lines.to_string();
    until("the lines are kept", || {
        folder.ask("SELECT count(*) FROM line") == lines
    });
}

/// Says so many lines, until the other has read the last one.
fn say(ann: &mut Person, bob: &mut Person, count: usize) {
    for number in 0..count {
        ann.types(&format!("line {number}"));
        bob.reads(&format!("ann: line {number}"));
    }
}

/// Another process that keeps the server from writing, until it is dropped.
pub(crate) fn hold(folder: &Folder) -> Daemon {
    let mut sqlite = program("sqlite3");
    sqlite.args(["-cmd", ".timeout 10000"]).arg(folder.file());
    sqlite.stdin(Stdio::piped());
    sqlite.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut holder = Daemon::spawn(sqlite);
    holder.types("BEGIN IMMEDIATE; SELECT 'held';");
    assert_eq!(holder.prints(), "held");
    holder
}

/// Ends the server. Returns its exit code and the rest of its log.
fn stop(server: Daemon) -> (Option<i32>, Vec<String>) {
    server.signal(Signal::SIGTERM);
    let (status, _, log) = server.ends();
    (status.code(), log)
}

fn has(log: &[String], words: &str) -> bool {
    log.iter().any(|line| line.contains(words))
}

#[test]
fn what_is_said_can_be_read_with_sqlite_while_the_server_runs() {
    if !has_sqlite("what_is_said_can_be_read_with_sqlite_while_the_server_runs") {
        return;
    }
    let folder = Folder::new("kept");
    let (server, addr) = folder.serve(&["--history", "0"]);
    let [mut ann, mut bob] = room(addr, ["ann", "bob"]);
    ann.types("hello");
    bob.reads("ann: hello");
    bob.types("/me waves");
    ann.reads("* bob waves");
    bob.reads("* bob waves");
    // What nobody else reads, and who comes and goes, is not kept.
    ann.types("/msg bob a secret");
    bob.reads("ann (private): a secret");
    ann.reads("To bob (private): a secret");
    bob.types("/quit");
    ann.reads("bob has left the chat.");
    ann.types("Grüße, 東京");
    keeps(&folder, 3);
    let lines = folder.ask("SELECT id, room, name, kind, body FROM line");
    assert_eq!(
        lines,
        "1|#lobby|ann|said|hello\n2|#lobby|bob|did|waves\n3|#lobby|ann|said|Grüße, 東京"
    );
    let is_now = "SELECT count(*) FROM line WHERE abs(julianday('now') - julianday(utc)) < 1";
    assert_eq!(folder.ask(is_now), "3");
    ends_cleanly(server);
    let all = fs::read(folder.file()).expect("it is there");
    assert!(!all.windows(8).any(|it| it == b"a secret"));
}

#[test]
fn the_last_lines_are_kept_at_the_end_whatever_drain_says() {
    if !has_sqlite("the_last_lines_are_kept_at_the_end_whatever_drain_says") {
        return;
    }
    const LINES: usize = 500;
    for drain in ["0", "3600"] {
        let folder = Folder::new(&format!("last-lines-{drain}"));
        let (server, addr) = folder.serve(&["--history", "0", "--drain", drain]);
        let [mut ann, mut bob] = room(addr, ["ann", "bob"]);
        say(&mut ann, &mut bob, LINES);
        let (code, log) = stop(server);
        assert_eq!(code, Some(0), "{log:#?}");
        let lines = folder.ask("SELECT body FROM line ORDER BY id");
        let said: Vec<String> = (0..LINES).map(|number| format!("line {number}")).collect();
        assert_eq!(lines, said.join("\n"));
    }
}

#[test]
fn a_copy_has_what_was_said_until_then_and_brings_it_back() {
    if !has_sqlite("a_copy_has_what_was_said_until_then_and_brings_it_back") {
        return;
    }
    let folder = Folder::new("copy-of-lines");
    let (server, addr) = folder.serve(&["--history", "0"]);
    let [mut ann, mut bob] = room(addr, ["ann", "bob"]);
    say(&mut ann, &mut bob, 1100);
    keeps(&folder, 1100);
    let (copy, dir) = (folder.at("copy"), folder.path());
    let copy = copy.to_str().expect("text");
    does(
        &["backup", copy, "--data", dir],
        &format!("Copied 1,100 lines to {copy}."),
    );
    say(&mut ann, &mut bob, 1);
    keeps(&folder, 1101);
    ends_cleanly(server);
    let sentence =
        format!("Restored {dir} from {copy}; what was there is in {dir}/chinwag.db.before.");
    does(&["restore", copy, "--data", dir], &sentence);
    assert_eq!(
        folder.ask("SELECT count(*), max(id) FROM line"),
        "1100|1100"
    );
    // What was there is whole, with its log.
    let before =
        crate::keeping::sqlite(&folder.at("chinwag.db.before"), "SELECT count(*) FROM line");
    assert_eq!(before, "1101");
    let (server, addr) = folder.serve(&[]);
    let mut ann = Person::connect(addr);
    ann.types("ann");
    ann.reads_to(b"-- end --\r\n");
    ann.types("again");
    keeps(&folder, 1101);
    ends_cleanly(server);
}

#[test]
fn people_read_after_a_restart_what_was_said_before() {
    let folder = Folder::new("restart");
    let (server, addr) = folder.serve(&[]);
    let mut ann = Person::login(addr, "ann");
    ann.types("hello");
    ann.types("/me waves");
    ann.reads("* ann waves");
    ends_cleanly(server);
    let (server, addr) = folder.serve(&[]);
    let mut bob = Person::connect(addr);
    bob.sees(PROMPT);
    bob.types("bob");
    bob.is_welcomed();
    let lines = ["ann: hello", "* ann waves"];
    reads_replay(&mut bob, "-- last 2 messages, times in UTC --", &lines);
    bob.reads("bob has joined the chat.");
    ends_cleanly(server);
}

#[test]
fn lines_of_an_age_that_was_asked_for_are_removed() {
    if !has_sqlite("lines_of_an_age_that_was_asked_for_are_removed") {
        return;
    }
    let folder = Folder::new("old-lines");
    let (server, addr) = folder.serve(&["--history", "0"]);
    let [mut ann, mut bob] = room(addr, ["ann", "bob"]);
    say(&mut ann, &mut bob, 3);
    ends_cleanly(server);
    // One is two hours old, one half an hour, and one is of now.
    folder.ask("UPDATE message SET at = at - 7200000 WHERE id = 1");
    folder.ask("UPDATE message SET at = at - 1800000 WHERE id = 2");
    let (server, _) = folder.serve(&["--history", "0", "--keep-lines", "1h"]);
    keeps(&folder, 2);
    ends_cleanly(server);
    assert_eq!(
        folder.ask("SELECT body FROM line ORDER BY id"),
        "line 1\nline 2"
    );
}

#[test]
fn while_another_process_holds_the_file_the_chat_goes_on_and_lines_wait() {
    let test = "while_another_process_holds_the_file_the_chat_goes_on_and_lines_wait";
    if !has_sqlite(test) {
        return;
    }
    let folder = Folder::new("held");
    let (mut server, addr) = folder.serve(&["--history", "0"]);
    let [mut ann, mut bob] = room(addr, ["ann", "bob"]);
    let holder = hold(&folder);
    say(&mut ann, &mut bob, 10);
    let line = server.logs("another process holds the file; ");
    assert!(line.contains("WARN "), "{line}");
    say(&mut ann, &mut bob, 10);
    drop(holder);
    let line = server.logs("lines are kept again");
    assert!(line.contains("INFO "), "{line}");
    let (code, log) = stop(server);
    assert_eq!(code, Some(0), "{log:#?}");
    assert_eq!(folder.ask("SELECT count(*) FROM line"), "20");
}

#[test]
fn lines_that_are_not_kept_at_the_end_are_counted_and_the_exit_code_is_1() {
    let test = "lines_that_are_not_kept_at_the_end_are_counted_and_the_exit_code_is_1";
    if !has_sqlite(test) {
        return;
    }
    let folder = Folder::new("lost");
    let (server, addr) = folder.serve(&["--history", "0", "--drain", "1"]);
    let [mut ann, mut bob] = room(addr, ["ann", "bob"]);
    say(&mut ann, &mut bob, 1);
    keeps(&folder, 1);
    let holder = hold(&folder);
    say(&mut ann, &mut bob, 10);
    let (code, log) = stop(server);
    assert_eq!(code, Some(1), "{log:#?}");
    assert!(
        has(
            &log,
            "10 lines were not kept, as the disk did not take them"
        ),
        "{log:#?}"
    );
    let last = format!(
        "server: what was said last is not kept in {}.",
        folder.path()
    );
    assert_eq!(log.last(), Some(&last));
    drop(holder);
    assert_eq!(folder.ask("SELECT count(*) FROM line"), "1");
}

#[test]
fn a_second_signal_ends_a_server_that_waits_for_the_disk() {
    if !has_sqlite("a_second_signal_ends_a_server_that_waits_for_the_disk") {
        return;
    }
    let signals = [
        (Signal::SIGTERM, 143),
        (Signal::SIGINT, 130),
        (Signal::SIGHUP, 129),
    ];
    for (signal, code) in signals {
        let folder = Folder::new(&format!("second-signal-{code}"));
        let (mut server, addr) = folder.serve(&["--history", "0", "--drain", "3600"]);
        let [mut ann, mut bob] = room(addr, ["ann", "bob"]);
        let holder = hold(&folder);
        say(&mut ann, &mut bob, 10);
        server.signal(Signal::SIGTERM);
        // By now nobody is served any more.
        let line = server.logs("the disk has not taken the last lines yet; waiting for 36");
        assert!(line.contains("WARN "), "{line}");
        server.signal(signal);
        assert_eq!(server.ends().0.code(), Some(code));
        drop(holder);
    }
}

#[test]
fn a_file_that_is_gone_ends_the_keeping_and_not_the_chat() {
    if !has_sqlite("a_file_that_is_gone_ends_the_keeping_and_not_the_chat") {
        return;
    }
    let folder = Folder::new("gone");
    let (mut server, addr) = folder.serve(&["--history", "0"]);
    let [mut ann, mut bob] = room(addr, ["ann", "bob"]);
    say(&mut ann, &mut bob, 1);
    keeps(&folder, 1);
    fs::rename(folder.file(), folder.at("away")).expect("it can be moved");
    say(&mut ann, &mut bob, 1);
    let gone = format!("{} is gone", folder.file().display());
    let line = server.logs(&format!("what is said is no longer kept: {gone}"));
    assert!(line.contains("WARN "), "{line}");
    say(&mut ann, &mut bob, 10);
    let (code, log) = stop(server);
    assert_eq!(code, Some(1));
    let dir = folder.path();
    let last = format!("server: what was said last is not kept in {dir}: {gone}.");
    assert_eq!(log.last(), Some(&last));
    assert!(!folder.file().exists(), "nothing is made in its place");
}
