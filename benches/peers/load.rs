//! The load generator: one thread, one poll, and every person of a scenario.
//!
//! It must not be the bottleneck, so it reads large pieces and looks at no more than necessary. For most people it only
//! counts one byte that stands once in each line ([`MARK`]). Only for people who listen does it take the lines apart,
//! to learn who said them and how long they took.

use std::io::{self, ErrorKind, Read, Write};
use std::mem;
use std::time::{Duration, Instant};

use memchr::memmem;
use memchr::{memchr_iter, memrchr};
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

use crate::servers::{Kind, Server};

/// The last character of each line that is said. It is in no other word of any of the protocols.
pub(crate) const MARK: u8 = b'|';

/// A line without its end. With it, 64 bytes.
const TEXT_BYTES: usize = 63;

/// Where a line says who said it and when, both in hexadecimal digits.
const FROM: std::ops::Range<usize> = 0..4;
const SENT: std::ops::Range<usize> = 5..21;

const READ_BYTES: usize = 256 * 1024;

/// After this many waits without a byte, the load generator stops waiting for more. It counts waits and not time, so
/// that it does not take it for silence when it did not get its core.
const PATIENCE: u32 = 100;
const WAIT: Duration = Duration::from_millis(100);

/// After this long a silence of all, the load counts as settled.
const SILENCE: Duration = Duration::from_millis(200);

/// A line that a listener heard.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Heard {
    pub(crate) by: usize,
    pub(crate) from: usize,
    pub(crate) latency: Duration,
}

/// How to treat the bytes that a person receives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ear {
    /// Counts marks.
    Counts,
    /// Counts marks and takes lines apart.
    Listens,
    /// Reads nothing.
    Shut,
}

#[derive(Debug)]
struct Person {
    stream: TcpStream,
    ear: Ear,
    /// The bytes before the welcome; `None` once the welcome was read.
    joining: Option<Vec<u8>>,
    marks: u64,
    said: u64,
    /// The bytes that the socket refused.
    unsent: Vec<u8>,
    /// The end of the last read, if a line may have begun there.
    tail: Vec<u8>,
    gone: bool,
}

/// People, and their connections to one server.
#[derive(Debug)]
pub(crate) struct Load {
    kind: Kind,
    poll: Poll,
    events: Events,
    scratch: Box<[u8]>,
    /// The people of the scenario come first; after them come the connections that talkers need beside the one they
    /// listen on.
    people: Vec<Person>,
    /// How many people listen.
    listening: usize,
    mark: u8,
    base: Instant,
    welcomed: usize,
    /// Bytes read from anyone since the start.
    bytes: u64,
    /// Marks counted for anyone since [`begin`](Self::begin).
    pub(crate) deliveries: u64,
    pub(crate) lines: u64,
}

impl Load {
    /// Makes the people join the server, and waits until all are in.
    pub(crate) fn join(server: &Server, people: usize, mark: u8) -> io::Result<Load> {
        let mut load = Load {
            kind: server.kind,
            poll: Poll::new()?,
            events: Events::with_capacity(1024),
            scratch: vec![0; READ_BYTES].into(),
            people: Vec::new(),
            listening: people,
            mark,
            base: Instant::now(),
            welcomed: 0,
            bytes: 0,
            deliveries: 0,
            lines: 0,
        };
        let most = server.kind.joining_at_once();
        let mut heard = Vec::new();
        let mut silence = 0;
        while load.welcomed < people {
            let before = load.bytes;
            while load.people.len() < people.min(load.welcomed + most) {
                load.connect(server, true)?;
                if load.people.len().is_multiple_of(32) {
                    load.turn(Duration::ZERO, &mut heard)?;
                }
            }
            load.turn(WAIT, &mut heard)?;
            if load.bytes > before {
                silence = 0;
                continue;
            }
            silence += 1;
            if silence > PATIENCE {
                let sentence = format!("only {} of {people} could join", load.welcomed);
                return Err(io::Error::other(sentence));
            }
        }
        Ok(load)
    }

    /// Gives the first people the second connection that they need to talk, if the protocol needs one.
    pub(crate) fn add_voices(&mut self, server: &Server, talkers: usize) -> io::Result<()> {
        if self.kind.talks_apart() {
            for _ in 0..talkers {
                self.connect(server, false)?;
            }
        }
        Ok(())
    }

    fn connect(&mut self, server: &Server, joins: bool) -> io::Result<()> {
        let stream = std::net::TcpStream::connect(server.addr)?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        let mut stream = TcpStream::from_std(stream);
        let place = self.people.len();
        let interests = Interest::READABLE | Interest::WRITABLE;
        self.poll
            .registry()
            .register(&mut stream, Token(place), interests)?;
        self.people.push(Person {
            stream,
            ear: Ear::Counts,
            joining: joins.then(Vec::new),
            marks: 0,
            said: 0,
            unsent: Vec::new(),
            tail: Vec::new(),
            gone: false,
        });
        if joins {
            self.people[place].send(&self.kind.greeting(place));
        }
        Ok(())
    }

    /// Reads until nobody has received anything for a while.
    pub(crate) fn settle(&mut self) -> io::Result<()> {
        let mut heard = Vec::new();
        loop {
            let before = self.bytes;
            let begun = Instant::now();
            while begun.elapsed() < SILENCE {
                self.turn(SILENCE, &mut heard)?;
            }
            if self.bytes == before {
                return Ok(());
            }
        }
    }

    /// Forgets the counts so far: from now on, everyone should get every line.
    pub(crate) fn begin(&mut self) {
        self.deliveries = 0;
        for person in &mut self.people {
            person.marks = 0;
            person.tail.clear();
        }
    }

    pub(crate) fn set_ear(&mut self, person: usize, ear: Ear) {
        self.people[person].ear = ear;
    }

    /// Sends bytes as one person.
    pub(crate) fn send(&mut self, person: usize, bytes: &[u8]) {
        self.people[person].send(bytes);
    }

    /// Says this many lines as one person, each with its time, in one write. `voice` is the person's place among the
    /// talkers; `padding` makes the lines this much longer than 64 bytes.
    pub(crate) fn say(&mut self, person: usize, voice: usize, lines: usize, padding: usize) {
        let mut bytes = Vec::with_capacity(lines * (padding + 128));
        let (before, behind) = self.kind.frame(padding + TEXT_BYTES);
        for _ in 0..lines {
            bytes.extend_from_slice(before.as_bytes());
            bytes.resize(bytes.len() + padding, b'x');
            self.write_text(person, &mut bytes);
            bytes.extend_from_slice(behind.as_bytes());
        }
        let place = if self.kind.talks_apart() {
            self.listening + voice
        } else {
            person
        };
        self.people[place].send(&bytes);
    }

    /// Says a line of 64 bytes as one person, behind the words that tell where.
    pub(crate) fn say_to(&mut self, room: &str, person: usize) {
        let mut bytes = Vec::with_capacity(128);
        bytes.extend_from_slice(room.as_bytes());
        self.write_text(person, &mut bytes);
        bytes.push(b'\n');
        self.people[person].send(&bytes);
    }

    /// Writes a line without its end, and counts it.
    fn write_text(&mut self, person: usize, bytes: &mut Vec<u8>) {
        const FILLER: &str = "the quick brown fox jumps over the lazy.";
        const { assert!(SENT.end + 1 + FILLER.len() + 1 == TEXT_BYTES) };
        let sent = self.base.elapsed().as_nanos() as u64;
        let text = format!("{person:04x} {sent:016x} {FILLER}|");
        bytes.extend_from_slice(text.as_bytes());
        self.people[person].said += 1;
        self.lines += 1;
    }

    /// Waits for events and reads the available bytes. Appends the lines that the listeners heard.
    pub(crate) fn turn(&mut self, timeout: Duration, heard: &mut Vec<Heard>) -> io::Result<()> {
        let mut events = mem::replace(&mut self.events, Events::with_capacity(0));
        if let Err(error) = self.poll.poll(&mut events, Some(timeout))
            && error.kind() != ErrorKind::Interrupted
        {
            return Err(error);
        }
        for event in &events {
            let place = event.token().0;
            if event.is_writable() {
                self.people[place].flush();
            }
            if event.is_readable() && self.people[place].ear != Ear::Shut {
                self.read(place, heard);
            }
        }
        self.events = events;
        Ok(())
    }

    fn read(&mut self, place: usize, heard: &mut Vec<Heard>) {
        let mut scratch = mem::take(&mut self.scratch);
        while !self.people[place].gone {
            match self.people[place].stream.read(&mut scratch) {
                Ok(0) => self.people[place].gone = true,
                Ok(n) => {
                    self.hear(place, &scratch[..n], heard);
                    // A short read has emptied the socket.
                    if n < scratch.len() {
                        break;
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => self.people[place].gone = true,
            }
        }
        self.scratch = scratch;
    }

    fn hear(&mut self, place: usize, bytes: &[u8], heard: &mut Vec<Heard>) {
        self.bytes += bytes.len() as u64;
        let person = &mut self.people[place];
        let marks = memchr_iter(self.mark, bytes).count() as u64;
        person.marks += marks;
        self.deliveries += marks;
        if let Some(before) = &mut person.joining {
            before.extend_from_slice(bytes);
            if memmem::find(before, self.kind.welcome()).is_some() {
                person.joining = None;
                self.welcomed += 1;
            }
        } else if person.ear == Ear::Listens {
            let now = self.base.elapsed();
            person.take_apart(bytes, |from, sent| {
                let latency = now.saturating_sub(sent);
                let by = place;
                heard.push(Heard { by, from, latency });
            });
        }
    }

    /// Reads on until everyone has received all lines, or nothing comes any more. Returns how many deliveries never
    /// came, or came too often. People who do not read are not counted.
    pub(crate) fn lost(&mut self) -> io::Result<u64> {
        let people = self.people[..self.listening].iter();
        let owed = people.map(|person| match self.kind.echoes() {
            true => self.lines,
            false => self.lines - person.said,
        });
        let owed: Vec<u64> = owed.collect();
        self.lost_of(&owed)
    }

    /// The same if each person should receive this many lines.
    pub(crate) fn lost_of(&mut self, owed: &[u64]) -> io::Result<u64> {
        let mut heard = Vec::new();
        let mut silence = 0;
        loop {
            let before = self.bytes;
            let people = self.people.iter().zip(owed);
            let open = people.filter(|(person, _)| person.ear != Ear::Shut);
            let lost = open.map(|(person, owed)| owed.abs_diff(person.marks)).sum();
            if lost == 0 || silence > PATIENCE {
                return Ok(lost);
            }
            self.turn(WAIT, &mut heard)?;
            silence = if self.bytes > before { 0 } else { silence + 1 };
        }
    }

    /// How many marks each person received.
    pub(crate) fn marks(&self) -> Vec<u64> {
        self.people.iter().map(|person| person.marks).collect()
    }
}

impl Person {
    fn send(&mut self, bytes: &[u8]) {
        self.unsent.extend_from_slice(bytes);
        self.flush();
    }

    fn flush(&mut self) {
        while !self.unsent.is_empty() && !self.gone {
            match self.stream.write(&self.unsent) {
                Ok(written) => drop(self.unsent.drain(..written)),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    self.gone = error.kind() != ErrorKind::WouldBlock;
                    return;
                }
            }
        }
    }

    /// Finds the lines in the bytes read. A line may begin or end in the middle of one.
    fn take_apart(&mut self, bytes: &[u8], mut line: impl FnMut(usize, Duration)) {
        self.tail.extend_from_slice(bytes);
        for mark in memchr_iter(MARK, &self.tail) {
            let Some(begin) = (mark + 1).checked_sub(TEXT_BYTES) else {
                continue;
            };
            let text = &self.tail[begin..=mark];
            if let (Some(from), Some(sent)) = (hex(&text[FROM]), hex(&text[SENT])) {
                line(from as usize, Duration::from_nanos(sent));
            }
        }
        let done = memrchr(MARK, &self.tail).map_or(0, |mark| mark + 1);
        self.tail.drain(..done);
    }
}

fn hex(digits: &[u8]) -> Option<u64> {
    u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}
