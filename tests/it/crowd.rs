//! Many people at once, and people who behave badly among them.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Barrier};
use std::thread::{self, JoinHandle};

use chinwag::limits::SEND_QUEUE_BYTES_RANGE;

use crate::harness::{DEADLINE, Person, serve, serve_with, until};

const PEOPLE: usize = 50;
const LINES: usize = 200;

/// The lines that one person has read from the others.
#[derive(Default)]
struct Heard {
    joined: usize,
    left: Vec<String>,
    /// By sender, the numbers of their lines, in the order in which they came.
    lines: HashMap<String, Vec<usize>>,
}

impl Heard {
    fn note(&mut self, line: &str) {
        if let Some((from, number)) = line.split_once(": ") {
            let number = number.parse().expect("people say numbers");
            self.lines.entry(from.into()).or_default().push(number);
        } else if let Some(name) = line.strip_suffix(" has left the chat.") {
            self.left.push(name.into());
        } else {
            assert!(line.ends_with(" has joined the chat."), "{line}");
            self.joined += 1;
        }
    }

    fn said_by(&self, name: &str) -> &[usize] {
        self.lines.get(name).map_or(&[], Vec::as_slice)
    }

    fn count(&self) -> usize {
        self.lines.values().map(Vec::len).sum()
    }
}

/// Lets everyone connect and come in at once, each on a thread of their own.
fn come_in(addr: SocketAddr) -> Vec<Person> {
    let together = Arc::new(Barrier::new(PEOPLE));
    let people: Vec<JoinHandle<Person>> = (0..PEOPLE)
        .map(|i| {
            let together = together.clone();
            thread::spawn(move || {
                together.wait();
                Person::login(addr, &format!("p{i}"))
            })
        })
        .collect();
    people.into_iter().map(|p| p.join().unwrap()).collect()
}

/// Says every line and reads at the same time, until `done` says that enough was heard.
fn chat(mut person: Person, done: fn(&Heard) -> bool) -> JoinHandle<(Person, Heard)> {
    thread::spawn(move || {
        let mut typing = person.stream();
        let typist = thread::spawn(move || {
            for number in 0..LINES {
                writeln!(typing, "{number}").unwrap();
            }
        });
        let mut heard = Heard::default();
        while !done(&heard) {
            heard.note(&person.reads_line());
        }
        typist.join().unwrap();
        // The caller gets the person back, so that nobody leaves before all have read everything.
        (person, heard)
    })
}

fn everything_is_heard_once_and_in_order(heard: &Heard, from: impl Iterator<Item = String>) {
    let all: Vec<usize> = (0..LINES).collect();
    for name in from {
        assert_eq!(heard.said_by(&name), all, "what {name} said");
    }
}

#[test]
fn fifty_people_talking_at_once_lose_nothing() {
    let server = serve();
    let people = come_in(server.addr()).into_iter();
    let chats: Vec<_> = people
        .map(|person| chat(person, |heard| heard.count() == (PEOPLE - 1) * LINES))
        .collect();
    let done: Vec<(Person, Heard)> = chats.into_iter().map(|c| c.join().unwrap()).collect();
    let mut joined = 0;
    for (i, (_, heard)) in done.iter().enumerate() {
        let others = (0..PEOPLE).filter(|&other| other != i);
        everything_is_heard_once_and_in_order(heard, others.map(|other| format!("p{other}")));
        assert_eq!(heard.lines.len(), PEOPLE - 1);
        assert_eq!(heard.left, [""; 0]);
        joined += heard.joined;
    }
    // In each pair of people, one was there when the other came.
    assert_eq!(joined, PEOPLE * (PEOPLE - 1) / 2);
    until("every line is counted", || {
        server.handle().stats().said == (PEOPLE * LINES) as u64
    });
}

#[test]
fn the_others_lose_nothing_by_one_who_vanishes() {
    let server = serve();
    let mut people = come_in(server.addr());
    // The names are numbered by the places in the list: the last one is the person who goes.
    let leaver_is = format!("p{}", PEOPLE - 1);
    let mut leaver = people.pop().unwrap();
    let chats: Vec<_> = people
        .into_iter()
        .map(|person| {
            chat(person, |heard| {
                let of_leaver = heard.said_by(&format!("p{}", PEOPLE - 1)).len();
                heard.count() - of_leaver == (PEOPLE - 2) * LINES && !heard.left.is_empty()
            })
        })
        .collect();
    for number in 0..LINES / 2 {
        leaver.types(&number.to_string());
    }
    leaver.vanishes();

    let done: Vec<(Person, Heard)> = chats.into_iter().map(|c| c.join().unwrap()).collect();
    for (i, (_, heard)) in done.iter().enumerate() {
        let others = (0..PEOPLE - 1).filter(|&other| other != i);
        everything_is_heard_once_and_in_order(heard, others.map(|other| format!("p{other}")));
        assert_eq!(heard.left, [&*leaver_is]);
        // A reset may destroy bytes that the server had not read yet, but it leaves no gap.
        let of_leaver = heard.said_by(&leaver_is);
        assert!(of_leaver.iter().copied().eq(0..of_leaver.len()));
    }
}

/// How many messages a line says were skipped.
pub(crate) fn skipped(line: &str) -> Option<usize> {
    let (count, words) = line.strip_prefix("-- ")?.split_once(' ')?;
    ["message skipped --", "messages skipped --"]
        .contains(&words)
        .then(|| count.parse().unwrap())
}

#[test]
fn whoever_reads_too_slowly_is_told_how_many_lines_they_missed() {
    const BATCHES: usize = 500;
    const BATCH: usize = 128;
    let server = serve_with(|config| config.send_queue = *SEND_QUEUE_BYTES_RANGE.start());
    let [mut ann, mut bob, mut sleeper] = server.room(["ann", "bob", "sleeper"]);
    // Far more than any kernel keeps for one socket. A person who reads loses nothing of it.
    for batch in 0..BATCHES {
        let texts: Vec<String> = (0..BATCH)
            .map(|i| format!("{:05} {:01000}", batch * BATCH + i, 0))
            .collect();
        ann.types(&texts.join("\n"));
        if batch == BATCHES / 2 {
            sleeper.types("/users");
        }
        for text in texts {
            bob.reads(&format!("ann: {text}"));
        }
    }
    let (mut next, mut missed, mut answers) = (0, 0, 0);
    while next < BATCHES * BATCH {
        let line = sleeper.reads_line();
        if let Some(count) = skipped(&line) {
            missed += count;
            next += count;
        } else if line == "Users online: 3" {
            answers += 1;
        } else {
            assert!(line.starts_with(&format!("ann: {next:05} ")), "{line}");
            next += 1;
        }
    }
    assert!(missed > 0, "everything fits the kernel's buffers");
    assert_eq!(answers, 1);
    let stats = server.handle().stats();
    assert_eq!((stats.skipped, stats.dropped), (missed as u64, 0));
    ann.types("awake?");
    sleeper.reads("ann: awake?");
}

#[test]
fn whoever_is_owed_too_much_that_cannot_be_skipped_is_dropped() {
    let server = serve_with(|config| config.send_queue = *SEND_QUEUE_BYTES_RANGE.start());
    let sleeper = Person::sleeper(server.addr());
    let [mut ann, mut bob] = server.room(["ann", "bob"]);
    let text = "x".repeat(8000);
    let writes: Vec<String> = (0..100).map(|_| format!("/msg sleeper {text}")).collect();
    let left = "sleeper has left the chat.";
    let mut has_left = false;
    while !has_left {
        ann.types(&writes.join("\n"));
        for _ in 0..100 {
            let line = ann.reads_line();
            if line == left {
                has_left = true;
                break;
            }
            assert!(line.starts_with("To sleeper (private): "), "{line}");
        }
    }
    bob.reads(left);
    assert_eq!(server.handle().stats().dropped, 1);
    drop(sleeper);
}

#[test]
fn people_can_talk_beside_one_who_floods() {
    // The two read as fast as they can, but on a busy machine that may not be fast.
    let server = serve_with(|config| {
        config.send_queue = *SEND_QUEUE_BYTES_RANGE.end();
        config.fit_queues();
    });
    let [ann, bob, flooder] = server.room(["ann", "bob", "flooder"]);
    let calm = Arc::new(AtomicBool::new(false));
    let flood = {
        let (calm, mut stream) = (calm.clone(), flooder.stream());
        let lines = format!("{}\n", "z".repeat(1000)).repeat(64);
        thread::spawn(move || {
            while !calm.load(Relaxed) {
                stream.write_all(lines.as_bytes()).unwrap();
            }
        })
    };
    let deaf = listen(flooder.stream(), |_| true);
    let others = |line: &str| !line.starts_with("flooder: ");
    let (ann_hears, bob_hears) = (listen(ann.stream(), others), listen(bob.stream(), others));
    let (mut ann, mut bob) = (ann.stream(), bob.stream());
    for turn in 0..50 {
        writeln!(ann, "question {turn}").unwrap();
        let heard = bob_hears.recv_timeout(DEADLINE);
        assert_eq!(heard, Ok(format!("ann: question {turn}")));
        writeln!(bob, "answer {turn}").unwrap();
        let heard = ann_hears.recv_timeout(DEADLINE);
        assert_eq!(heard, Ok(format!("bob: answer {turn}")));
    }
    calm.store(true, Relaxed);
    flood.join().unwrap();
    drop(deaf);
    assert_eq!(server.handle().stats().dropped, 0);
}

/// Reads everything, and passes on the `wanted` lines.
fn listen(stream: TcpStream, wanted: fn(&str) -> bool) -> Receiver<String> {
    let (sender, receiver) = channel();
    stream.set_read_timeout(None).unwrap();
    thread::spawn(move || {
        let mut reader = BufReader::with_capacity(1 << 16, stream);
        let mut line = String::new();
        while reader.read_line(&mut line).is_ok_and(|n| n > 0) {
            let text = line.trim_end_matches("\r\n");
            if wanted(text) {
                // The test may have ended; reading on is what matters.
                let _ = sender.send(text.into());
            }
            line.clear();
        }
    });
    receiver
}

#[test]
fn people_come_and_go_while_others_talk() {
    let server = serve();
    let [mut ann, mut bob] = server.room(["ann", "bob"]);
    let addr = server.addr();
    const GUESTS: usize = 100;
    let guests = thread::spawn(move || {
        for i in 0..GUESTS {
            let guest = Person::login(addr, &format!("guest{i}"));
            if i % 2 == 0 {
                guest.vanishes();
            }
        }
    });
    let (mut came, mut went) = (0, 0);
    let mut number = 0;
    while went < GUESTS {
        ann.types(&number.to_string());
        loop {
            let line = bob.reads_line();
            if line == format!("ann: {number}") {
                break;
            }
            came += usize::from(line.ends_with(" has joined the chat."));
            went += usize::from(line.ends_with(" has left the chat."));
        }
        number += 1;
    }
    guests.join().unwrap();
    assert_eq!((came, went), (GUESTS, GUESTS));
    for _ in 0..2 * GUESTS {
        let line = ann.reads_line();
        assert!(line.starts_with("guest"), "{line}");
    }
}

#[test]
fn the_last_words_reach_those_who_leave_a_big_room() {
    let server = serve_with(|config| config.anonymous = true);
    // Writing to so many takes long enough for the server to read on before it writes again.
    let _room: Vec<Person> = (0..200).map(|_| server.connect()).collect();
    for (typed, answer) in [("/quit\n", "Goodbye!"), ("/users", "Users online: 201")].repeat(20) {
        let mut guest = server.connect();
        guest.is_welcomed();
        guest.reads(&format!("{} has joined the chat.", guest.addr()));
        guest.sends(typed.as_bytes());
        guest.ends_input();
        guest.reads(answer);
        guest.is_closed();
    }
}
