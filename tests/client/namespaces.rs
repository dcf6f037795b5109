//! The client and a server on another machine, as far as the kernel can tell: two network namespaces with a wire between
//! them, which goes down. A machine that lets nobody make namespaces leaves these tests out.

use std::io::{self, BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::harness::{ChatServer, Home, Person, client};
use crate::program::program;

/// How soon a server whose machine has vanished is to be noticed.
const NOTICED: Duration = Duration::from_secs(120);

const HERE: &str = "10.77.0.1/24";
const MOVED: &str = "10.77.0.3/24";
const THERE: &str = "10.77.0.2";

/// Two namespaces, held by a process each, and the wire between them.
struct Wire {
    here: Child,
    there: Child,
    is_root: bool,
}

impl Wire {
    /// `None`, and a word about it, where this machine allows no namespaces.
    fn make(test: &str) -> Option<Wire> {
        let made = Wire::try_to_make();
        if let Err(why) = &made {
            let sentence = format!("left out: {test}, as no network namespace can be made: {why}");
            let required = std::env::var_os("CHINWAG_REQUIRE_CLIENTS").is_some_and(|it| it == "1");
            assert!(!required, "{sentence}");
            // Through the handle, as the test runner keeps what is printed with a macro to itself.
            let _ = writeln!(io::stderr(), "{sentence}");
        }
        made.ok()
    }

    fn try_to_make() -> io::Result<Wire> {
        let is_root = rustix::process::geteuid().is_root();
        let mut unshare = program("unshare");
        if !is_root {
            // In a user namespace of our own, we may do everything that root may do there.
            unshare.args(["--user", "--map-root-user"]);
        }
        let here = hold(unshare.arg("--net"))?;
        let mut unshare = inside(&here, is_root, "unshare");
        let there = hold(unshare.arg("--net"))?;
        let wire = Wire {
            here,
            there,
            is_root,
        };
        let there = wire.there.id().to_string();
        let in_there = ["ip", "link", "set", "far", "netns", &there];
        wire.runs(
            &wire.here,
            &[
                "ip", "link", "add", "near", "type", "veth", "peer", "name", "far",
            ],
        )?;
        wire.runs(&wire.here, &in_there)?;
        wire.runs(&wire.here, &["ip", "addr", "add", HERE, "dev", "near"])?;
        wire.runs(&wire.here, &["ip", "link", "set", "near", "up"])?;
        let address = format!("{THERE}/24");
        wire.runs(&wire.there, &["ip", "addr", "add", &address, "dev", "far"])?;
        for device in ["far", "lo"] {
            wire.runs(&wire.there, &["ip", "link", "set", device, "up"])?;
        }
        Ok(wire)
    }

    fn runs(&self, at: &Child, args: &[&str]) -> io::Result<()> {
        let mut command = inside(at, self.is_root, args[0]);
        let done = command.args(&args[1..]).output()?;
        match done.status.success() {
            true => Ok(()),
            false => {
                let said = String::from_utf8_lossy(&done.stderr);
                Err(io::Error::other(format!("{args:?}: {}", said.trim())))
            }
        }
    }

    /// The far end of the wire is plugged out, or in again.
    fn set(&self, state: &str) {
        let args = ["ip", "link", "set", "far", state];
        self.runs(&self.there, &args).unwrap();
    }

    /// The near end gets another address in place of its first.
    fn moves(&self) {
        for (verb, address) in [("del", HERE), ("add", MOVED)] {
            let args = ["ip", "addr", verb, address, "dev", "near"];
            self.runs(&self.here, &args).unwrap();
        }
    }

    fn server(&self) -> ChatServer {
        let mut command = inside(&self.there, self.is_root, env!("CARGO_BIN_EXE_server"));
        command.env("CHAT_GREET_AFTER", "0");
        command.args(["--quiet", "--listen", &format!("{THERE}:0")]);
        ChatServer::spawn(command)
    }

    /// Somebody at a client on this side or on that one.
    fn person(&self, at: &Child, port: u16, home: &Home, name: &str) -> Person {
        let plain = client(port, &home.0, &["--host", THERE, "--name", name]);
        let mut command = inside(at, self.is_root, "env");
        command.env_clear();
        command.envs(
            plain
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        );
        command.arg(plain.get_program()).args(plain.get_args());
        let mut person = Person::sit_down(command, 80, 60);
        person.until_seen(&format!("{name} has joined the chat."));
        person
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        for child in [&mut self.here, &mut self.there] {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Runs a process that does nothing, and waits until it is in its namespace.
fn hold(unshare: &mut Command) -> io::Result<Child> {
    unshare.args(["sh", "-c", "echo; exec sleep 1000"]);
    let mut child = unshare
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut line = String::new();
    let out = child.stdout.take().expect("it has an output");
    if BufReader::new(out).read_line(&mut line)? > 0 {
        return Ok(child);
    }
    let done = child.wait_with_output()?;
    let said = String::from_utf8_lossy(&done.stderr);
    Err(io::Error::other(said.trim().to_string()))
}

/// A program in the namespace of a process.
fn inside(of: &Child, is_root: bool, name: &str) -> Command {
    let mut command = program("nsenter");
    command.args(["--target", &of.id().to_string(), "--net"]);
    if !is_root {
        command.args(["--user", "--preserve-credentials"]);
    }
    command.args(["--", name]);
    command
}

/// Each of these lines was read once, in this order, and nobody was told that somebody left.
fn check(person: &Person, lines: &[String]) {
    let rows = person.rows();
    let behind = |row: &String| {
        row.find("Bob: ")
            .or(row.find("Ann: "))
            .map(|at| row[at..].into())
    };
    let heard: Vec<String> = rows.iter().filter_map(behind).collect();
    assert_eq!(heard, lines);
    assert!(
        !rows.iter().any(|row| row.contains("has left")),
        "{rows:#?}"
    );
}

#[test]
#[ignore = "takes two minutes; .ci/run runs it"]
fn a_server_whose_machine_has_vanished_is_noticed_within_two_minutes() {
    let test = "a_server_whose_machine_has_vanished_is_noticed_within_two_minutes";
    let Some(wire) = Wire::make(test) else {
        return;
    };
    let homes = [0; 3].map(|_| Home::new());
    let server = wire.server();
    let mut bob = wire.person(&wire.there, server.port, &homes[0], "Bob");
    // One of them says nothing, and the other one does not know that nothing arrives.
    let mut ida = wire.person(&wire.here, server.port, &homes[1], "Ida");
    let mut ann = wire.person(&wire.here, server.port, &homes[2], "Ann");
    bob.until_seen("Ann has joined");
    wire.set("down");
    let deadline = Instant::now() + NOTICED;
    ann.keys("from Ann\r");
    ida.keys("half");
    for person in [&mut ida, &mut ann] {
        let left = deadline.saturating_duration_since(Instant::now());
        person.until_within(left, "the end of the link", |screen| {
            screen.contents().contains("-- Disconnected: ")
        });
    }
    bob.keys("from Bob\r");
    bob.until_seen("Bob: from Bob");
    wire.set("up");
    for person in [&mut ida, &mut ann] {
        person.keys("\r");
        person.until_within(NOTICED, "the way back", |screen| {
            screen.contents().contains("-- Back in #lobby. --")
        });
        person.until_seen("Bob: from Bob");
        person.until_seen("Ann: from Ann");
    }
    ida.until_rows(&["> half"]);
    bob.until_seen("Ann: from Ann");
    let lines = ["Bob: from Bob", "Ann: from Ann"].map(String::from);
    for person in [&bob, &ida, &ann] {
        check(person, &lines);
    }
}

/// Somebody takes their computer from one Wi-Fi to another in the middle of a talk.
fn a_talk_over_a_break(test: &str, moves: bool) {
    let Some(wire) = Wire::make(test) else {
        return;
    };
    let homes = [0; 2].map(|_| Home::new());
    let server = wire.server();
    let mut bob = wire.person(&wire.there, server.port, &homes[0], "Bob");
    let mut ann = wire.person(&wire.here, server.port, &homes[1], "Ann");
    bob.until_seen("Ann has joined");
    wire.set("down");
    if moves {
        wire.moves();
    }
    // The break is as long as this; meanwhile both go on.
    let mut time = inside(&wire.here, wire.is_root, "sleep");
    let mut time = time.arg("20").spawn().unwrap();
    let mut lines = Vec::new();
    for i in 0..20 {
        ann.keys(&format!("{i}\r"));
        lines.push(format!("Bob: {i}"));
        bob.keys(&format!("{i}\r"));
        bob.until_seen(lines.last().unwrap());
    }
    assert!(time.wait().unwrap().success());
    wire.set("up");
    lines.extend((0..20).map(|i| format!("Ann: {i}")));
    for person in [&mut ann, &mut bob] {
        person.until_within(NOTICED + NOTICED, "the last line", |screen| {
            screen.contents().contains("Ann: 19")
        });
    }
    check(&bob, &lines);
    // What she said is in its place among what she missed.
    check(&ann, &lines);
}

#[test]
#[ignore = "takes half a minute; .ci/run runs it"]
fn nobody_notices_a_link_that_is_down_for_a_while() {
    a_talk_over_a_break("nobody_notices_a_link_that_is_down_for_a_while", false);
}

#[test]
#[ignore = "takes two minutes; .ci/run runs it"]
fn nobody_notices_a_change_of_the_address_in_the_middle_of_a_talk() {
    let test = "nobody_notices_a_change_of_the_address_in_the_middle_of_a_talk";
    a_talk_over_a_break(test, true);
}
