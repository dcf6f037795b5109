//! The output of the `server` program when nobody reads it, when nobody can, and when someone reads late.

#[cfg(target_os = "linux")]
use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::process::Stdio;

use mio::unix::pipe::{Receiver, Sender};
use nix::sys::signal::Signal;

use crate::daemon::{Daemon, command, command_after};
use crate::harness::{Person, room};

/// A pipe that takes no more bytes until someone reads from it, and how many it holds.
pub(crate) fn full_pipe() -> (Receiver, Sender, usize) {
    let (mut sender, receiver) = mio::unix::pipe::new().unwrap();
    let mut size = 0;
    // Single bytes come last: a pipe may still have room for one when it has no room for more.
    for chunk in [&[b'x'; 4096][..], b"x"] {
        loop {
            match sender.write(chunk) {
                Ok(n) => size += n,
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::WouldBlock);
                    break;
                }
            }
        }
    }
    for end in [
        sender.set_nonblocking(false),
        receiver.set_nonblocking(false),
    ] {
        end.expect("a pipe can be told to block");
    }
    (receiver, sender, size)
}

pub(crate) fn stdio(sender: Sender) -> Stdio {
    OwnedFd::from(sender).into()
}

/// Serves on a free port. Its log goes elsewhere.
fn start_logging_to(log: Stdio, args: &[&str]) -> (Daemon, SocketAddr) {
    let mut command = command(&[&["-l", "127.0.0.1:0", "--history", "0"], args].concat());
    command.stderr(log);
    let mut daemon = Daemon::spawn(command);
    let addr = daemon.listens_on();
    (daemon, addr)
}

/// People come, talk and go. Each of these has a line in the log.
fn talk(addr: SocketAddr) {
    let [mut ann, mut bob] = room(addr, ["ann", "bob"]);
    for round in 0..50 {
        let line = format!("line {round}");
        ann.types(&line);
        bob.reads(&format!("ann: {line}"));
        let mut carl = Person::login(addr, "carl");
        for person in [&mut ann, &mut bob] {
            person.reads("carl has joined the chat.");
        }
        carl.types("/quit");
        for person in [&mut ann, &mut bob] {
            person.reads("carl has left the chat.");
        }
    }
}

pub(crate) fn ends_cleanly(daemon: Daemon) {
    daemon.signal(Signal::SIGTERM);
    let (status, _, _) = daemon.ends();
    assert_eq!(status.code(), Some(0), "{status}");
}

#[test]
fn a_log_whose_reader_has_gone_ends_nobody() {
    for backtrace in ["0", "1"] {
        let (reader, log) = io::pipe().unwrap();
        drop(reader);
        let mut command = command(&["-l", "127.0.0.1:0", "--history", "0", "-vv"]);
        command.stderr(log).env("RUST_BACKTRACE", backtrace);
        let mut daemon = Daemon::spawn(command);
        talk(daemon.listens_on());
        ends_cleanly(daemon);
    }
}

#[test]
fn a_log_that_nobody_reads_holds_up_nobody() {
    let (_unread, log, _) = full_pipe();
    let (daemon, addr) = start_logging_to(stdio(log), &["-vv"]);
    talk(addr);
    ends_cleanly(daemon);
}

#[test]
fn a_log_that_is_read_late_tells_what_was_lost() {
    let (mut log, sender, filling) = full_pipe();
    let (mut daemon, addr) = start_logging_to(stdio(sender), &["--anonymous", "-v"]);
    let mut ann = Person::connect(addr);
    ann.is_welcomed();
    ann.reads(&format!("{} has joined the chat.", ann.addr()));
    // Each newcomer has three lines in the log, and about four thousand lines can wait.
    let newcomers: Vec<SocketAddr> = (0..2000)
        .map(|_| {
            let newcomer = Person::connect(addr);
            let from = newcomer.addr();
            ann.reads(&format!("{from} has joined the chat."));
            drop(newcomer);
            ann.reads(&format!("{from} has left the chat."));
            from
        })
        .collect();

    let skipped = io::copy(&mut (&mut log).take(filling as u64), &mut io::sink());
    assert_eq!(skipped.unwrap(), filling as u64);
    daemon.reads_log(log);
    daemon.logs(&format!("{} connected", ann.addr()));
    // By now there is room for more lines.
    daemon.logs(&format!("{} left: ", newcomers[1000]));
    ann.types("/quit");
    ann.reads("Goodbye!");
    daemon.logs("lines of the log were lost");
    daemon.logs(&format!("{} left: quit", ann.addr()));
    ends_cleanly(daemon);
}

#[test]
fn a_closed_standard_error_is_no_reason_not_to_serve() {
    let args = ["-l", "127.0.0.1:0", "--history", "0"];
    let mut daemon = Daemon::spawn(command_after("exec 2>&-", &args));
    talk(daemon.listens_on());
    ends_cleanly(daemon);
}

#[test]
fn a_last_word_that_nobody_reads_keeps_nobody_from_ending() {
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = holder.local_addr().unwrap().to_string();
    for (args, code) in [
        (["-vv", "--listen", &taken], 1),
        (["-vv", "--listen", "x"], 2),
    ] {
        let (_unread, log, _) = full_pipe();
        let mut command = command(&args);
        command.stderr(stdio(log));
        let (status, _, _) = Daemon::spawn(command).ends();
        assert_eq!(status.code(), Some(code), "{args:?}");
    }
}

#[test]
fn the_last_word_comes_behind_the_log() {
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = holder.local_addr().unwrap().to_string();
    // The shell does not let the program hold a million connections, which is worth a warning.
    let args = ["--max-clients", "1000000", "--listen", &taken];
    let limited = command_after("ulimit -n 64", &args);
    let (status, _, log) = Daemon::spawn(limited).ends();
    assert_eq!(status.code(), Some(1));
    let [warning, last] = &log[..] else {
        panic!("two lines: {log:#?}");
    };
    assert!(warning.contains("the limit on open files is 64: holding 32 clients"));
    let words = format!("server: cannot listen on {taken}: Address already in use");
    assert!(last.starts_with(&words), "{last}");
}

/// Places to print: one takes nothing, like a full disk, and one cannot be written to.
#[cfg(target_os = "linux")]
fn unwritable() -> [(File, &'static str); 2] {
    let full = File::options().write(true).open("/dev/full").unwrap();
    let read_only = File::open("/dev/null").unwrap();
    [
        (full, "No space left on device"),
        (read_only, "Bad file descriptor"),
    ]
}

#[test]
#[cfg(target_os = "linux")]
fn what_cannot_be_printed_ends_the_program_with_a_sentence() {
    for args in [
        &["--help"][..],
        &["--version"],
        &["-q", "-l", "127.0.0.1:0"],
    ] {
        for (out, why) in unwritable() {
            let mut command = command(args);
            command.stdout(out);
            let (status, _, log) = Daemon::spawn(command).ends();
            assert_eq!(status.code(), Some(1), "{args:?}");
            let sentence = format!(
                "server: cannot print on standard output: {why}. Send the output where it can be written."
            );
            assert_eq!(log, [sentence]);
        }
    }
}

#[test]
fn a_reader_of_standard_output_who_has_gone_is_no_reason_not_to_serve() {
    let (reader, writer) = io::pipe().unwrap();
    drop(reader);
    let mut command = command(&["-l", "127.0.0.1:0"]);
    command.stdout(writer);
    let mut daemon = Daemon::spawn(command);
    daemon.logs("chinwag server ");
    ends_cleanly(daemon);
}
