//! A crowd: people of one way, or several, and one poll for all of them.

use std::io;
use std::net::SocketAddr;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use memchr::memchr_iter;
use mio::{Events, Poll, Token};
use rustls::ClientConfig;

use super::way::{Someone, Way, client_config, session};
use crate::load::MARK;

const READ_BYTES: usize = 256 * 1024;

/// After this long a silence of all, the crowd counts as settled.
const SILENCE: Duration = Duration::from_millis(400);

/// Newcomers who may be on their way in at the same time.
const AT_ONCE: usize = 100;

#[derive(Debug)]
pub(super) struct Crowd {
    addr: SocketAddr,
    poll: Poll,
    events: Events,
    scratch: Box<[u8]>,
    config: Arc<ClientConfig>,
    people: Vec<Someone>,
    /// Marks that each of them read, bytes of text, and how often they read anything.
    pub(super) marks: Vec<u64>,
    pub(super) text: Vec<u64>,
    pub(super) reads: Vec<u64>,
    /// Bytes of all.
    bytes: u64,
}

impl Crowd {
    pub(super) fn new(addr: SocketAddr) -> io::Result<Crowd> {
        Ok(Crowd {
            addr,
            poll: Poll::new()?,
            events: Events::with_capacity(1024),
            scratch: vec![0; READ_BYTES].into(),
            config: client_config(),
            people: Vec::new(),
            marks: Vec::new(),
            text: Vec::new(),
            reads: Vec::new(),
            bytes: 0,
        })
    }

    /// So many newcomers say their hello. Returns the place of the first.
    pub(super) fn connect(&mut self, way: Way, count: usize) -> io::Result<usize> {
        let first = self.people.len();
        for place in first..first + count {
            let session = match way.has_tls() {
                true => Some(session(&self.config)?),
                false => None,
            };
            let someone = Someone::connect(self.addr, session, self.poll.registry(), Token(place))?;
            self.people.push(someone);
            self.marks.push(0);
            self.text.push(0);
            self.reads.push(0);
            self.send(place, &way.hello())?;
            if self.people.len().is_multiple_of(AT_ONCE) {
                self.settle_briefly()?;
            }
        }
        self.settle()?;
        match self.people.iter().any(Someone::is_handshaking) {
            true => Err(io::Error::other("a handshake does not end")),
            false => Ok(first),
        }
    }

    /// These look no more at what they read.
    pub(super) fn skim(&mut self, places: Range<usize>) {
        self.people[places].iter_mut().for_each(Someone::skim);
    }

    pub(super) fn send(&mut self, place: usize, bytes: &[u8]) -> io::Result<()> {
        self.people[place].send(bytes)
    }

    /// Gives many people what they are to send, a few at a time.
    pub(super) fn send_each(
        &mut self,
        places: Range<usize>,
        bytes: impl Fn(usize) -> Vec<u8>,
    ) -> io::Result<()> {
        for place in places {
            self.send(place, &bytes(place))?;
            if place.is_multiple_of(AT_ONCE) {
                self.settle_briefly()?;
            }
        }
        self.settle()
    }

    fn settle_briefly(&mut self) -> io::Result<()> {
        while self.turn(Duration::from_millis(20))? > 0 {}
        Ok(())
    }

    /// Reads until nobody has received anything for a while.
    pub(super) fn settle(&mut self) -> io::Result<()> {
        let mut silent_since = Instant::now();
        while silent_since.elapsed() < SILENCE {
            if self.turn(SILENCE / 4)? > 0 {
                silent_since = Instant::now();
            }
        }
        Ok(())
    }

    /// Waits for events, and reads. Returns how many bytes came.
    pub(super) fn turn(&mut self, timeout: Duration) -> io::Result<u64> {
        let before = self.bytes;
        match self.poll.poll(&mut self.events, Some(timeout)) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
            _ => {}
        }
        for event in &self.events {
            let place = event.token().0;
            let someone = &mut self.people[place];
            if event.is_writable() {
                someone.flush()?;
            }
            if event.is_readable() {
                let marks = &mut self.marks[place];
                let hear = |bytes: &[u8]| *marks += memchr_iter(MARK, bytes).count() as u64;
                let read = someone.read(&mut self.scratch, hear)?;
                self.bytes += read.all;
                self.text[place] += read.text;
                self.reads[place] += u64::from(read.all > 0);
            }
        }
        Ok(self.bytes - before)
    }
}
