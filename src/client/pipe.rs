//! The loop for input or output that is not a terminal to draw on. It says each line that it reads, prints each line that it
//! hears, and says goodbye to the server once that has confirmed everything. When the connection breaks, it comes back.

mod delivery;
mod hearing;

use std::collections::VecDeque;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::time::{Duration, Instant};

use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use signal_hook::consts::SIGTSTP;
use signal_hook_mio::v1_0::Signals;

use crate::limits::LINE_BYTES_RANGE;
use crate::name::RoomName;
use crate::wire::{Command, Input, LineDecoder};

use super::backoff::Backoff;
use super::clock::Clock;
use super::ids::Ids;
use super::link::{Link, SEND_BYTES, cause};
use super::liveness::Liveness;
use super::outgoing::Outgoing;
use super::position::Position;
use super::protocol::{self, Protocol};
use super::standing::Standing;
use super::style::Styler;
use super::words::is_quit;
use super::world::World;
use super::{Config, Outcome, Status, chance, terminal};

const WAKER: Token = Token(0);
const INPUT: Token = Token(1);
const OUTPUT: Token = Token(2);
const SIGNALS: Token = Token(3);
/// The first of the link's sockets. The others have the tokens after it.
const SOCKETS: Token = Token(4);

/// The question for a username.
const PROMPT: &str = "Enter your username: ";

/// Bytes read at once.
const READ_BYTES: usize = 16 * 1024;

/// Reads of the input after the connection has ended, to count the lines that were not sent: 16 MiB.
const REST_READS: usize = 1024;

/// How long to try to come back: as long as a server keeps a seat.
const OFFLINE: Duration = Duration::from_secs(600);

/// How long to wait for the server's goodbye.
const GOODBYE_TIMEOUT: Duration = Duration::from_secs(5);

/// Where we are on the way to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Connecting,
    /// The server waits for a name.
    Asked,
    /// The server has let us in.
    In,
    /// The next attempt starts at this time.
    Waiting(Instant),
}

/// A command whose answer decides what becomes of the lines after it: they are meant for a room, or under a name, that
/// the server may refuse.
#[derive(Debug)]
struct Awaited {
    id: String,
    command: String,
    wants_name: bool,
}

/// The input, the output, and the server.
struct Pipe<'a> {
    config: &'a Config,
    link: Link,
    signals: Signals,
    protocol: Protocol,
    way: Way,
    liveness: Liveness,
    rate: Option<u64>,
    backoff: Backoff,
    /// Until when we try to come back.
    offline_until: Option<Instant>,
    /// Why we are not in.
    told: String,
    ids: Ids,
    /// The id under which we asked to come in.
    login: String,
    token: Option<protocol::Token>,
    /// For how long the server keeps it.
    keep: Duration,
    position: Position,
    world: World,
    standing: Standing,
    /// We are coming back to where we were, until this is answered.
    returning: Option<String>,
    clock: Clock,
    styler: Styler,
    quiet: bool,
    name: Option<String>,
    was_in: bool,
    /// No line is sent before the server has answered this command.
    awaited: Option<Awaited>,
    /// A person sits at both ends, at a terminal that cannot be drawn on.
    person: bool,
    input: LineDecoder,
    /// Lines read and not sent yet. They are only those that one read gave beyond the ones that could be sent.
    waiting: VecDeque<String>,
    input_ended: bool,
    /// Why the input could not be read to its end.
    input_failure: Option<String>,
    /// The poll reports input. It cannot do so for a file, which is always ready.
    input_polled: bool,
    /// The text to print.
    out: String,
    outgoing: Outgoing,
    /// How many lines may not have arrived, and how many did not for sure, with the last reason.
    in_doubt: usize,
    refused: usize,
    refusal: String,
    /// The last word with which we leave once everything is confirmed.
    leaving: Option<String>,
    /// We have asked the server to let us go, and wait for so long.
    leave_by: Option<Instant>,
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
    // This is only to learn that the reader of our output is gone; the reader of a file cannot go.
    let _ = registry.register(&mut SourceFd(&1), OUTPUT, Interest::WRITABLE);
    let ending: Vec<i32> = config
        .signals
        .iter()
        .copied()
        .filter(|it| *it != SIGTSTP)
        .collect();
    terminal::heed(&ending)?;
    let mut signals = Signals::new(&ending)?;
    registry.register(&mut signals, SIGNALS, Interest::READABLE)?;
    let mut pipe = Pipe::new(config, link, signals, input_polled);
    let outcome = pipe.attend(&mut poll)?;
    // A server that is not told keeps the seat of somebody who does not come back.
    if pipe.way == Way::In && pipe.leave_by.is_none() {
        pipe.leave_now();
    }
    // Writing fails once a signal has asked for the end. Then the signal is the reason.
    Ok(pipe.take_signal().unwrap_or(outcome))
}

impl<'a> Pipe<'a> {
    fn new(config: &'a Config, link: Link, signals: Signals, input_polled: bool) -> Pipe<'a> {
        Pipe {
            config,
            link,
            signals,
            protocol: Protocol::default(),
            way: Way::Connecting,
            liveness: Liveness::default(),
            rate: None,
            backoff: Backoff::default(),
            offline_until: None,
            told: String::new(),
            ids: Ids::new(chance()),
            login: String::new(),
            token: None,
            keep: Duration::ZERO,
            position: Position::default(),
            world: World::new(),
            standing: Standing::new(),
            returning: None,
            clock: Clock::new(config.time),
            styler: Styler::new(false),
            quiet: false,
            name: config.name.clone(),
            was_in: false,
            awaited: None,
            person: terminal::is_terminal(),
            input: LineDecoder::default(),
            waiting: VecDeque::new(),
            input_ended: false,
            input_failure: None,
            input_polled,
            out: String::new(),
            outgoing: Outgoing::default(),
            in_doubt: 0,
            refused: 0,
            refusal: String::new(),
            leaving: None,
            leave_by: None,
            outcome: None,
        }
    }
}

impl Pipe<'_> {
    fn attend(&mut self, poll: &mut Poll) -> io::Result<Outcome> {
        let mut events = Events::with_capacity(16);
        let mut buffer = vec![0; READ_BYTES];
        self.connect(Instant::now());
        loop {
            self.use_input();
            if self.wants_input() && terminal::input_waits() {
                self.read_input(&mut buffer);
                self.use_input();
            }
            if !self.out.is_empty() {
                let out = std::mem::take(&mut self.out);
                if let Err(error) = terminal::write_out(out.as_bytes()) {
                    return Ok(unprintable(&error));
                }
            }
            if let Some(outcome) = self.outcome.take() {
                return Ok(self.ended(outcome, &mut buffer));
            }
            if let Err(error) = poll.poll(&mut events, self.timeout())
                && error.kind() != ErrorKind::Interrupted
            {
                return Err(error);
            }
            if let Some(outcome) = self.take_signal() {
                return Ok(outcome);
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
                self.follow(happened, &buffer, now);
            }
            if self.link.is_readable() {
                let event = self.link.receive(&mut buffer);
                self.follow(event, &buffer, now);
            }
            let event = self.link.handle_timeout(now);
            self.follow(event, &buffer, now);
            self.handle_timeout(now);
        }
    }

    /// The outcome if a signal asks for the end.
    fn take_signal(&mut self) -> Option<Outcome> {
        let status = Status::Signal(self.signals.pending().next()?);
        let reason = None;
        Some(Outcome { status, reason })
    }

    /// How long the loop may sleep if nothing happens.
    fn timeout(&self) -> Option<Duration> {
        let more_input = self.wants_input() && (!self.input_polled || terminal::input_waits());
        if more_input || self.link.is_readable() {
            return Some(Duration::ZERO);
        }
        let own = match self.way {
            Way::Waiting(until) => Some(until),
            Way::In => self.liveness.next_timeout(),
            Way::Connecting | Way::Asked => None,
        };
        let due = [self.link.next_timeout(), own, self.leave_by];
        let next = due.into_iter().flatten().min()?;
        Some(next.saturating_duration_since(Instant::now()))
    }

    /// Whether lines may be sent now.
    fn can_send(&self) -> bool {
        self.way == Way::In
            && self.returning.is_none()
            && self.awaited.is_none()
            && self.leaving.is_none()
            && self.outgoing.has_room()
            && self.link.queued() < SEND_BYTES
    }

    /// Whether the loop could use a line of the input now.
    fn wants_input(&self) -> bool {
        let needs_name = self.way == Way::Asked && self.leave_by.is_none();
        let is_over = self.input_ended || self.outcome.is_some();
        (needs_name || self.can_send()) && !is_over && self.waiting.is_empty()
    }

    /// Reads once from the input. An input that cannot be read counts as ended, and the reason is reported at the end.
    fn read_input(&mut self, buffer: &mut [u8]) {
        match terminal::read_in(buffer) {
            Ok(Some(n)) => {
                let mut bytes = &buffer[..n];
                while let Some(line) = self.input.next(&mut bytes, *LINE_BYTES_RANGE.end()) {
                    if self.way == Way::Asked && self.waiting.is_empty() && line == Input::TooLong {
                        let sentence =
                            "the first line is too long for a name. Give one with --name";
                        return self.end(Status::Refused, sentence);
                    }
                    self.take_line(line);
                }
                return;
            }
            Ok(None) => {}
            Err(error) => {
                let why = cause(&error);
                self.input_failure = Some(format!(
                    "cannot read the input: {why}. Give a file or a pipe that can be read"
                ));
            }
        }
        self.input_ended = true;
        if let Some(line) = self.input.finish() {
            self.take_line(line);
        }
    }

    /// Takes a line of the input. A line that is too long for any server is not sent, and the user is told.
    fn take_line(&mut self, line: Input<'_>) {
        match line {
            Input::Line(text) => self.waiting.push_back(text.into_owned()),
            _ => {
                self.refused += 1;
                self.refusal = "a line of the input is too long for any server".into();
            }
        }
    }

    /// Uses the lines read: as a name if the server wants one, otherwise to send them.
    fn use_input(&mut self) {
        while self.outcome.is_none() {
            let needs_name = self.way == Way::Asked && self.leave_by.is_none();
            if !needs_name && !self.can_send() {
                break;
            }
            match self.waiting.pop_front() {
                None => break,
                Some(line) if needs_name => self.use_name(line),
                Some(line) => self.use_line(&line),
            }
        }
        let is_over = self.leaving.is_some() || self.outcome.is_some();
        if self.input_ended && self.waiting.is_empty() && !is_over {
            match self.way {
                Way::Asked if self.leave_by.is_none() => self.end(
                    Status::Refused,
                    "the server asks for a username. Give one with --name",
                ),
                Way::In if self.awaited.is_none() && self.returning.is_none() => {
                    self.leaving = Some(String::new());
                }
                _ => {}
            }
        }
        self.leave_if_delivered();
    }

    /// Uses a line where the server wants a name. Blank lines are skipped, as everywhere.
    fn use_name(&mut self, line: String) {
        match Command::parse(&line) {
            Command::Blank => self.ask_person(),
            Command::Slash { word, args } if is_quit(word) => {
                self.leaving = Some(args.into());
                self.leave_now();
            }
            _ => {
                self.name = Some(line);
                self.way = Way::Connecting;
                self.log_in();
            }
        }
    }

    /// Asks the person who types the input for a name, if there is one.
    fn ask_person(&mut self) {
        if self.person {
            self.out.push_str(PROMPT);
        } else if io::stdin().is_terminal() {
            complain(PROMPT);
        }
    }

    fn print(&mut self, line: &str) {
        self.out.push_str(line);
        self.out.push('\n');
    }

    fn end(&mut self, status: Status, reason: impl Into<String>) {
        self.outcome.get_or_insert(Outcome::because(status, reason));
    }

    /// The room that lines are said in.
    fn room(&self) -> &RoomName {
        &self.standing.room
    }
}

/// The outcome if the server's lines cannot be printed. If the reader is gone, they want no more, and nothing is wrong.
fn unprintable(error: &io::Error) -> Outcome {
    if let ErrorKind::BrokenPipe | ErrorKind::ConnectionReset = error.kind() {
        return Outcome::left();
    }
    let why = cause(error);
    Outcome::because(
        Status::Failed,
        format!(
            "cannot print what the server says: {why}. Send the output where it can be written"
        ),
    )
}

/// Tells the user something. If standard error is closed, nobody reads it.
fn complain(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}

#[cfg(test)]
mod tests;
