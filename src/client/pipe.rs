//! The loop for everything that is no terminal to draw on: each line that comes in is sent, each line received is
//! printed, and at the end of the input the server is told goodbye.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::time::{Duration, Instant};

use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};

use crate::limits::LINE_BYTES_RANGE;
use crate::wire::{Input, LineDecoder};

use super::link::{Link, LinkEvent, SEND_BYTES};
use super::session::{Heard, PROMPT, Session};
use super::style::Styler;
use super::words::{QUIT, SEND_USAGE, Wish, line_to_say};
use super::{Config, Outcome, Status, terminal, time_of_day};

const WAKER: Token = Token(0);
const INPUT: Token = Token(1);
const OUTPUT: Token = Token(2);
/// The first of the link's sockets. The others have the tokens behind it.
const SOCKETS: Token = Token(3);

/// Bytes read at once.
const READ_BYTES: usize = 16 * 1024;

/// What goes in, what comes out, and the server.
struct Pipe<'a> {
    config: &'a Config,
    link: Link,
    session: Session,
    styler: Styler,
    /// The name that was not given to the server yet.
    name: Option<String>,
    /// The server waits for a name.
    asked: bool,
    /// A person sits at both ends, at a terminal that cannot be drawn on.
    person: bool,
    input: LineDecoder,
    /// Lines read and not sent yet: none but what one read gave beyond what could be sent.
    waiting: VecDeque<String>,
    input_ended: bool,
    /// The poll tells when there is input. It cannot for a file, which is always ready.
    input_polled: bool,
    /// What is to be printed.
    out: String,
    outcome: Option<Outcome>,
}

/// Chats until the input has ended and the server has said goodbye.
pub(super) fn run(config: &Config) -> io::Result<Outcome> {
    let mut poll = Poll::new()?;
    let registry = poll.registry();
    let link = Link::new(registry.try_clone()?, SOCKETS, WAKER, config.target())?;
    let input_polled = match registry.register(&mut SourceFd(&0), INPUT, Interest::READABLE) {
        Ok(()) => true,
        Err(error) if error.kind() == ErrorKind::PermissionDenied => false,
        Err(error) => return Err(error),
    };
    // Only to be told when the reader of our output has gone; a file's reader cannot go.
    let _ = registry.register(&mut SourceFd(&1), OUTPUT, Interest::WRITABLE);
    let mut pipe = Pipe {
        config,
        link,
        session: Session::new(),
        styler: Styler::new(false),
        name: config.name.clone(),
        asked: false,
        person: terminal::is_terminal(),
        input: LineDecoder::default(),
        waiting: VecDeque::new(),
        input_ended: false,
        input_polled,
        out: String::new(),
        outcome: None,
    };
    pipe.attend(&mut poll)
}

impl Pipe<'_> {
    fn attend(&mut self, poll: &mut Poll) -> io::Result<Outcome> {
        let mut events = Events::with_capacity(16);
        let mut buffer = vec![0; READ_BYTES];
        let event = self.link.start(Instant::now());
        self.follow(event, &buffer);
        loop {
            self.read_input(&mut buffer)?;
            if !self.out.is_empty() {
                let out = std::mem::take(&mut self.out);
                if terminal::write_out(out.as_bytes()).is_err() {
                    return Ok(Outcome::left());
                }
            }
            if let Some(outcome) = self.outcome.take() {
                return Ok(outcome);
            }
            if let Err(error) = poll.poll(&mut events, self.timeout())
                && error.kind() != ErrorKind::Interrupted
            {
                return Err(error);
            }
            let now = Instant::now();
            for event in &events {
                let happened = match event.token() {
                    token if token >= SOCKETS => self.link.ready(token, now),
                    WAKER => self.link.resolved(now),
                    OUTPUT if event.is_error() || event.is_write_closed() => {
                        return Ok(Outcome::left());
                    }
                    _ => None,
                };
                self.follow(happened, &buffer);
            }
            if self.link.is_readable() {
                let event = self.link.receive(&mut buffer);
                self.follow(event, &buffer);
            }
            let event = self.link.handle_timeout(now);
            self.follow(event, &buffer);
        }
    }

    /// How long nothing needs to be done if nothing happens.
    fn timeout(&self) -> Option<Duration> {
        let more_input = self.wants_input() && (!self.input_polled || terminal::input_waits());
        if more_input || self.link.is_readable() {
            return Some(Duration::ZERO);
        }
        let next = self.link.next_timeout()?;
        Some(next.saturating_duration_since(Instant::now()))
    }

    /// Whether a line of the input could be used now.
    fn wants_input(&self) -> bool {
        let needs_name = self.asked && self.name.is_none();
        let can_send = self.session.is_in() && self.link.queued() < SEND_BYTES;
        (needs_name || can_send) && !self.input_ended && !self.session.is_leaving()
    }

    fn read_input(&mut self, buffer: &mut [u8]) -> io::Result<()> {
        self.use_input();
        if !self.wants_input() || !terminal::input_waits() {
            return Ok(());
        }
        let limit = *LINE_BYTES_RANGE.end();
        match terminal::read_in(buffer)? {
            Some(n) => {
                let mut bytes = &buffer[..n];
                while let Some(line) = self.input.next(&mut bytes, limit) {
                    self.waiting.extend(text_of(line));
                }
            }
            None => {
                self.input_ended = true;
                self.waiting.extend(self.input.finish().and_then(text_of));
            }
        }
        self.use_input();
        Ok(())
    }

    /// Uses the lines read: as a name where one is wanted, and to be sent.
    fn use_input(&mut self) {
        while !self.session.is_leaving() {
            if self.asked && self.name.is_none() {
                let Some(name) = self.waiting.pop_front() else {
                    break;
                };
                self.name = Some(name);
            }
            self.give_name();
            if !self.session.is_in() {
                break;
            }
            let Some(line) = self.waiting.pop_front() else {
                break;
            };
            self.use_line(&line);
        }
        if self.input_ended && self.waiting.is_empty() && !self.session.is_leaving() {
            if self.session.is_in() {
                self.leave(QUIT);
            } else if self.asked && self.name.is_none() {
                self.end(
                    Status::Refused,
                    "the server asks for a username. Give one with --name",
                );
            }
        }
    }

    fn use_line(&mut self, line: &str) {
        match Wish::parse(line) {
            Wish::Nothing => {}
            Wish::SendUsage => complain(&format!("client: {SEND_USAGE}\n")),
            Wish::Leave(line) => self.leave(line),
            Wish::Say(text) => self.send(&line_to_say(text)),
            Wish::Command(command) => self.send(&format!("{command}\n")),
        }
    }

    fn give_name(&mut self) {
        if self.asked
            && let Some(name) = self.name.take()
        {
            self.asked = false;
            let line = self.session.offer(&name);
            self.send(&line);
        }
    }

    fn leave(&mut self, line: &str) {
        self.session.leave();
        self.send(&format!("{line}\n"));
    }

    fn send(&mut self, text: &str) {
        let event = self.link.send(text);
        self.follow(event, &[]);
    }

    fn follow(&mut self, event: Option<LinkEvent>, buffer: &[u8]) {
        let mut heard = Vec::new();
        let mut lost = None;
        match event {
            None => {}
            Some(LinkEvent::Received(n)) => self.session.receive(&buffer[..n], &mut heard),
            Some(LinkEvent::Unreachable(sentence)) => self.end(Status::Unreachable, sentence),
            Some(LinkEvent::Lost(words)) => {
                self.session.finish(&mut heard);
                lost = Some(words);
            }
        }
        for heard in heard {
            self.hear(heard);
        }
        match lost {
            Some(_) if self.session.is_leaving() => {
                self.outcome.get_or_insert(Outcome::left());
            }
            Some(words) => self.end(Status::Closed, words),
            None => {}
        }
    }

    fn hear(&mut self, heard: Heard) {
        match heard {
            Heard::Asked => {
                self.asked = true;
                self.give_name();
                if self.asked {
                    self.ask_person();
                }
            }
            Heard::Refused(why) if self.person => self.print(&why),
            Heard::Refused(why) => {
                let sentence = format!("the server refused the name: {why} Choose another --name");
                self.end(Status::Refused, sentence);
            }
            Heard::TurnedAway(why) if why.starts_with("Too many attempts") => {
                self.end(Status::Refused, why);
            }
            Heard::TurnedAway(why) => self.end(Status::Closed, why),
            Heard::Welcomed(line) => {
                self.print(&line);
                // A server without login knows us by our address, until we say otherwise.
                if let Some(name) = self.name.take() {
                    self.send(&format!("/nick {name}\n"));
                }
            }
            Heard::Line(line) => self.print(&line),
            Heard::Goodbye(line) => {
                self.print(&line);
                self.outcome = Some(Outcome::left());
            }
        }
    }

    /// Asks for a name whoever types the input, if someone does.
    fn ask_person(&mut self) {
        if self.person {
            self.out.push_str(PROMPT);
        } else if io::stdin().is_terminal() {
            complain(PROMPT);
        }
    }

    fn print(&mut self, line: &str) {
        let time = time_of_day(self.config.time);
        let line = if time.is_empty() {
            line.into()
        } else {
            self.styler.received(&time, line, None).text
        };
        self.out.push_str(&line);
        self.out.push('\n');
    }

    fn end(&mut self, status: Status, reason: impl Into<String>) {
        self.outcome.get_or_insert(Outcome::because(status, reason));
    }
}

/// Says something to whoever started the client. Where standard error is closed, that is nobody.
fn complain(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}

/// A line of the input; one that is longer than any server takes is not sent, and said to be so.
fn text_of(line: Input<'_>) -> Option<String> {
    match line {
        Input::Line(text) => Some(text.into_owned()),
        _ => {
            complain("client: a line of the input is too long for any server; it was not sent\n");
            None
        }
    }
}
