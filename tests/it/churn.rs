//! People who talk and lose nothing, while others connect and disconnect as fast as the machine can do it.

use std::collections::{HashMap, VecDeque};
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::harness::{DEADLINE, Person, reset_on_close, serve, until};

const TALKERS: usize = 100;

/// One in this many talkers also reads who comes and goes.
const WATCHERS_ARE_EVERY: usize = 10;

/// A talker, and the lines that they have heard so far.
struct Talker {
    person: Person,
    number: usize,
    /// How many lines of each other talker they have heard.
    heard: [usize; TALKERS],
    /// How often the others joined, less how often they left.
    present: HashMap<String, i32>,
    comings: usize,
    /// After this many lines the talk is over.
    last: Option<usize>,
}

impl Talker {
    fn come_in(addr: SocketAddr, number: usize) -> Talker {
        Talker {
            person: Person::login(addr, &format!("p{number}")),
            number,
            heard: [0; TALKERS],
            present: HashMap::new(),
            comings: 0,
            last: None,
        }
    }

    fn is_watcher(&self) -> bool {
        self.number.is_multiple_of(WATCHERS_ARE_EVERY)
    }

    /// Reads about everyone who came before the talk begins.
    fn settle(&mut self) {
        let (command, answer) = if self.is_watcher() {
            ("/quiet off", "Join and leave notices are on.")
        } else {
            ("/quiet on", "Join and leave notices are off.")
        };
        self.person.types(command);
        self.person.reads_until(answer);
    }

    /// Says one line after another. Each waits until all others were heard saying theirs, so that nobody falls behind.
    /// The first line of them says when it is the last.
    fn talk(mut self, over: &AtomicBool) -> Talker {
        let mut said = 0;
        while self.last.is_none_or(|last| said < last) {
            said += 1;
            let is_last = self.number == 0 && over.load(Relaxed);
            let word = if is_last { "last" } else { "line" };
            self.last = is_last.then_some(said).or(self.last);
            self.person.types(&format!("{word} {said}"));
            while (0..TALKERS).any(|it| it != self.number && self.heard[it] < said) {
                let line = self.person.reads_line();
                self.hear(&line);
            }
        }
        self
    }

    fn hear(&mut self, line: &str) {
        if let Some(name) = line.strip_suffix(" has joined the chat.") {
            self.comings += 1;
            *self.present.entry(name.into()).or_default() += 1;
        } else if let Some(name) = line.strip_suffix(" has left the chat.") {
            *self.present.entry(name.into()).or_default() -= 1;
            assert_eq!(self.present.remove(name), Some(0), "{line}");
        } else {
            let (name, text) = line.split_once(": ").expect("someone's line");
            let speaker: usize = name[1..].parse().expect("a talker's name");
            let (word, number) = text.split_once(' ').expect("two words");
            self.heard[speaker] += 1;
            assert_eq!(number, self.heard[speaker].to_string(), "{line}");
            if word == "last" {
                self.last = Some(self.heard[speaker]);
            }
        }
    }

    /// Checks that nothing comes any more, once everyone else has gone.
    fn finish(&mut self) {
        self.person.types("/users");
        let answer = format!("Users online: {TALKERS}");
        for line in self.person.reads_until(&answer) {
            self.hear(&line);
        }
        let said = self.last.unwrap();
        let mut expected = [said; TALKERS];
        expected[self.number] = 0;
        assert_eq!(self.heard, expected, "what p{} heard", self.number);
        assert!(self.present.is_empty(), "still here: {:?}", self.present);
    }
}

/// Connections that have said goodbye, and wait for the server to close.
#[derive(Default)]
struct Leaving(VecDeque<TcpStream>);

impl Leaving {
    const MOST: usize = 64;

    /// Sends FIN. In return, waits until the server has closed a connection that did so before.
    fn push(&mut self, stream: TcpStream) {
        stream.shutdown(Shutdown::Write).unwrap();
        self.0.push_back(stream);
        if self.0.len() > Leaving::MOST {
            self.wait_for_first();
        }
    }

    fn wait_for_first(&mut self) {
        let Some(mut stream) = self.0.pop_front() else {
            return;
        };
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        let mut sink = Vec::new();
        let came = stream.read_to_end(&mut sink);
        came.expect("the server closes in order");
    }

    fn wait(mut self) {
        while !self.0.is_empty() {
            self.wait_for_first();
        }
    }
}

/// Connects and disconnects, over and over: every other time with a reset, and sometimes after a name or half a line.
/// Returns the number of times.
fn come_and_go(addr: SocketAddr, thread: usize, end: Instant) -> usize {
    let mut leaving = Leaving::default();
    let mut count = 0;
    while Instant::now() < end {
        let mut stream = TcpStream::connect(addr).expect("the server accepts");
        let name = format!("guest{thread}.{count}");
        let said = match count % 6 {
            2 => format!("{name}\nhalf a li"),
            3 => format!("{name}\n"),
            4 => "half".into(),
            5 => "no name\nhalf a".into(),
            _ => String::new(),
        };
        stream.write_all(said.as_bytes()).unwrap();
        if count % 2 == 0 {
            reset_on_close(&stream);
        } else {
            leaving.push(stream);
        }
        count += 1;
    }
    leaving.wait();
    count
}

fn people_talk_while_others_come_and_go(time: Duration) {
    let server = serve();
    let addr = server.addr();
    let mut talkers: Vec<Talker> = (0..TALKERS).map(|it| Talker::come_in(addr, it)).collect();
    talkers.iter_mut().for_each(Talker::settle);
    let over = Arc::new(AtomicBool::new(false));
    let talk = |talker: Talker| -> JoinHandle<Talker> {
        let over = over.clone();
        thread::spawn(move || talker.talk(&over))
    };
    let talks: Vec<_> = talkers.into_iter().map(talk).collect();

    let cores = thread::available_parallelism().map_or(2, usize::from);
    let begun = Instant::now();
    let churn = |thread| -> JoinHandle<usize> {
        thread::spawn(move || come_and_go(addr, thread, begun + time))
    };
    let churns: Vec<_> = (0..cores).map(churn).collect();
    let connects: usize = churns.into_iter().map(|it| it.join().unwrap()).sum();
    let took = begun.elapsed();
    until("all guests are gone", || {
        server.handle().stats().connections == TALKERS as u64
    });
    over.store(true, Relaxed);
    let talkers = talks.into_iter().map(|it| it.join().unwrap());
    let mut talkers: Vec<Talker> = talkers.collect();
    talkers.iter_mut().for_each(Talker::finish);
    let rounds = talkers[0].heard[1];
    let comings = talkers[0].comings;
    println!("{connects} came and went in {took:?}, {comings} of them with a name;");
    println!("{TALKERS} people said {rounds} lines each, and lost none");
    let stats = server.handle().stats();
    assert_eq!((stats.dropped, stats.skipped), (0, 0));
    assert!(rounds > 1 && connects > 0 && comings > 0);
}

#[test]
fn a_second_of_coming_and_going_costs_the_talkers_nothing() {
    people_talk_while_others_come_and_go(Duration::from_secs(1));
}

#[test]
#[ignore = "takes ten seconds and all cores; .ci/run runs it"]
fn ten_seconds_of_coming_and_going_cost_the_talkers_nothing() {
    people_talk_while_others_come_and_go(Duration::from_secs(10));
}
