//! Many people send text that is not talk at once: megabytes without a line end, the hellos of other protocols, noise.
//! Two people talk beside them all the time.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Barrier};
use std::thread::{self, JoinHandle};

use chinwag::limits::{LINE_BYTES, READ_TURN_BYTES};

use crate::daemon::start;
use crate::harness::{PROMPT, Person, room};
use crate::telnet::STRANGERS;

const TOO_LONG: &str = "Message too long: the limit is 8192 bytes. Not sent.";

/// Turns of talk that must come through while the flood goes on.
const TURNS: usize = 50;

/// The first bytes of `openssl s_client -servername chat.example` (OpenSSL 3.0).
const CLIENT_HELLO: &[u8] = include_bytes!("../strangers/client-hello.bin");

/// Sends at least a mebibyte without a line end, and goes on until it may stop. Returns the answers.
fn flood(mut person: Person, together: &Barrier, calm: &AtomicBool) -> (Person, Vec<String>) {
    const CHUNK: usize = 64 * 1024;
    let chunk = [b'x'; CHUNK];
    let mut sent = 0;
    together.wait();
    while sent < 1 << 20 || !calm.load(Relaxed) {
        person.sends(&chunk);
        sent += CHUNK;
    }
    person.sends(b"\n/users\n");
    let answers = person.reads_until("Users online: 102");
    (person, answers)
}

#[test]
fn a_hundred_mebibytes_without_a_line_end_take_no_memory_and_hold_up_nobody() {
    const FLOODERS: usize = 100;
    let (daemon, addr) = start(&[]);
    let [mut ann, mut bob] = room(addr, ["ann", "bob"]);
    let login = |i| Person::login(addr, &format!("f{i:02}"));
    let flooders: Vec<Person> = (0..FLOODERS).map(login).collect();
    for person in [&mut ann, &mut bob] {
        person.reads_until("f99 has joined the chat.");
    }
    let before = daemon.memory();

    let together = Arc::new(Barrier::new(FLOODERS + 1));
    let calm = Arc::new(AtomicBool::new(false));
    let spawn = |flooder| -> JoinHandle<(Person, Vec<String>)> {
        let (together, calm) = (together.clone(), calm.clone());
        thread::spawn(move || flood(flooder, &together, &calm))
    };
    let floods: Vec<_> = flooders.into_iter().map(spawn).collect();
    together.wait();
    for turn in 0..TURNS {
        ann.types(&format!("question {turn}"));
        bob.reads(&format!("ann: question {turn}"));
        bob.types(&format!("answer {turn}"));
        ann.reads(&format!("bob: answer {turn}"));
    }
    calm.store(true, Relaxed);
    // Nobody leaves before the server has answered all.
    let mut flooders = Vec::new();
    for (i, flood) in floods.into_iter().enumerate() {
        let (mut flooder, answers) = flood.join().unwrap();
        let refusals = answers.iter().filter(|line| *line == TOO_LONG);
        assert_eq!(refusals.count(), 1, "f{i:02} read {answers:?}");
        flooder.types("sorry");
        bob.reads(&format!("f{i:02}: sorry"));
        flooders.push(flooder);
    }

    let grown = daemon.peak_memory().saturating_sub(before);
    println!("{before} KiB before, at most {grown} KiB more");
    // A line and a read for each, in vectors that grow by doubling, and as much for all the rest.
    let most = 2 * 2 * FLOODERS * (LINE_BYTES + READ_TURN_BYTES) / 1024;
    assert!(grown < most, "{grown} KiB more, and not {most} at most");
}

/// Noise that is the same each time.
fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed | 1;
    let mut byte = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    (0..len).map(|_| byte()).collect()
}

/// Comes as a stranger and says something. The server tells speakers of another protocol so.
fn stranger(mut person: Person, first: &[u8], protocol: &str) {
    person.sends(first);
    person.sees(PROMPT);
    let answer =
        format!("This is a chat server and does not speak {protocol}. Connect with telnet or nc.");
    let before = person.reads_until(&answer);
    let is_http = protocol == "HTTP";
    let status = before.first().map(|line| &**line);
    assert_eq!(status, is_http.then_some("HTTP/1.1 400 Bad Request"));
    person.is_closed();
}

/// Sends noise until the server turns it away, or everything is sent. A reset is fine.
fn noisy_stranger(person: Person, seed: u64) {
    let mut stream = person.stream();
    let _ = stream.write_all(&noise(seed, 64 * 1024));
    let _ = stream.shutdown(Shutdown::Write);
    let mut buffer = [0; 4096];
    while stream.read(&mut buffer).is_ok_and(|n| n > 0) {}
}

/// Checks that nothing in the line controls a terminal.
fn is_clean(line: &str) -> bool {
    line.chars().all(|c| c == '\t' || !c.is_control())
}

#[test]
fn strangers_and_noise_disturb_nobody_who_talks() {
    const EACH: usize = 10;
    let (_daemon, addr) = start(&[]);
    let [mut ann, mut bob, noisy] = room(addr, ["ann", "bob", "noisy"]);
    let mut threads = Vec::new();
    let hellos = STRANGERS.into_iter().chain([(CLIENT_HELLO, "TLS")]);
    for (seed, (first, protocol)) in (0..EACH).flat_map(|_| hellos.clone()).enumerate() {
        let (known, unknown) = (Person::connect(addr), Person::connect(addr));
        threads.push(thread::spawn(move || {
            stranger(known, first, protocol);
            noisy_stranger(unknown, seed as u64);
        }));
    }
    threads.push(thread::spawn(move || noisy_stranger(noisy, 12345)));

    let mut turn = 0;
    let mut has_left = false;
    while threads.iter().any(|it| !it.is_finished()) || turn < TURNS || !has_left {
        turn += 1;
        ann.types(&format!("question {turn}"));
        for line in bob.reads_until(&format!("ann: question {turn}")) {
            assert!(is_clean(&line), "{line:?}");
        }
        bob.types(&format!("answer {turn}"));
        for line in ann.reads_until(&format!("bob: answer {turn}")) {
            assert!(is_clean(&line), "{line:?}");
            has_left |= line == "noisy has left the chat.";
        }
    }
    for thread in threads {
        thread.join().unwrap();
    }
}
