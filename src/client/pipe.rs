//! The loop for input or output that is not a terminal to draw on. It sends each line that it reads, prints each line
//! that it receives, and says goodbye to the server at the end of the input.

mod awaited;
mod password;

use std::collections::VecDeque;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::time::{Duration, Instant};

use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};

use crate::limits::LINE_BYTES_RANGE;
use crate::wire::{Command, Input, LineDecoder};

use super::link::{Link, LinkEvent, SEND_BYTES, cause};
use super::session::{Heard, PROMPT, Session, is_dismissal, is_slowed_down};
use super::style::Styler;
use super::words::{QUIT, SEND_USAGE, Wish, is_quit, leads_elsewhere, line_to_say, secret_behind};
use super::{Config, Outcome, Status, terminal, time_of_day};

use awaited::{Awaited, Wanted};

const WAKER: Token = Token(0);
const INPUT: Token = Token(1);
const OUTPUT: Token = Token(2);
/// The first of the link's sockets. The others have the tokens after it.
const SOCKETS: Token = Token(3);

/// Bytes read at once.
const READ_BYTES: usize = 16 * 1024;

/// Reads of the input after the connection has ended, to count the lines that were not sent: 16 MiB.
const REST_READS: usize = 1024;

/// The input, the output, and the server.
struct Pipe<'a> {
    config: &'a Config,
    link: Link,
    session: Session,
    styler: Styler,
    /// The name, until the server gets it.
    name: Option<String>,
    /// The server waits for a name.
    asked: bool,
    /// The server got the password, and this is why it did not take it.
    refusal: Option<String>,
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
    /// A line for the room was sent.
    has_said: bool,
    /// The last line heard is a dismissal, and not an answer to our goodbye.
    dismissed: bool,
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
    let mut pipe = Pipe {
        config,
        link,
        session: Session::new(),
        styler: Styler::new(false),
        name: config.name.clone(),
        asked: false,
        refusal: None,
        awaited: None,
        person: terminal::is_terminal(),
        input: LineDecoder::default(),
        waiting: VecDeque::new(),
        input_ended: false,
        input_failure: None,
        input_polled,
        out: String::new(),
        has_said: false,
        dismissed: false,
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

    /// How long the loop may sleep if nothing happens.
    fn timeout(&self) -> Option<Duration> {
        let more_input = self.wants_input() && (!self.input_polled || terminal::input_waits());
        if more_input || self.link.is_readable() {
            return Some(Duration::ZERO);
        }
        let next = self.link.next_timeout()?;
        Some(next.saturating_duration_since(Instant::now()))
    }

    /// Whether the loop could use a line of the input now.
    fn wants_input(&self) -> bool {
        let needs_name = self.asked && self.name.is_none();
        let can_send =
            self.session.is_in() && self.awaited.is_none() && self.link.queued() < SEND_BYTES;
        let is_over = self.input_ended || self.session.is_leaving() || self.outcome.is_some();
        (needs_name || can_send) && !is_over
    }

    /// Reads once from the input. An input that cannot be read counts as ended, and the reason is reported at the end.
    fn read_input(&mut self, buffer: &mut [u8]) {
        match terminal::read_in(buffer) {
            Ok(Some(n)) => {
                let mut bytes = &buffer[..n];
                while let Some(line) = self.input.next(&mut bytes, *LINE_BYTES_RANGE.end()) {
                    if self.asked && self.waiting.is_empty() && line == Input::TooLong {
                        let sentence =
                            "the first line is too long for a name. Give one with --name";
                        return self.end(Status::Refused, sentence);
                    }
                    self.waiting.extend(text_of(line));
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
        self.waiting.extend(self.input.finish().and_then(text_of));
    }

    /// Uses the lines read: as a name if the server wants one, otherwise to send them.
    fn use_input(&mut self) {
        while !self.session.is_leaving() && self.outcome.is_none() {
            self.give_name();
            let needs_name = self.asked;
            if !needs_name && !self.session.is_in() || self.awaited.is_some() {
                break;
            }
            match self.waiting.pop_front() {
                None => break,
                Some(line) if needs_name => self.use_name(line),
                Some(line) => self.use_line(&line),
            }
        }
        let is_over = self.session.is_leaving() || self.outcome.is_some();
        if self.input_ended && self.waiting.is_empty() && self.awaited.is_none() && !is_over {
            if self.session.is_in() {
                self.leave(QUIT);
            } else if self.asked {
                self.end(
                    Status::Refused,
                    "the server asks for a username. Give one with --name",
                );
            }
        }
    }

    /// Uses a line where the server wants a name. Blank lines are skipped, as everywhere.
    fn use_name(&mut self, line: String) {
        match Command::parse(&line) {
            Command::Blank => self.ask_person(),
            Command::Slash { word, .. } if is_quit(word) => self.leave(&line),
            _ => self.name = Some(line),
        }
    }

    fn use_line(&mut self, line: &str) {
        if let Some(sentence) = secret_behind(line) {
            return complain(&format!("client: {sentence}\n"));
        }
        match Wish::parse(line) {
            Wish::Nothing => {}
            Wish::SendUsage => complain(&format!("client: {SEND_USAGE}\n")),
            Wish::Leave(line) => self.leave(line),
            Wish::Say(text) => self.say(&line_to_say(text)),
            Wish::Command(command) => {
                self.say(&format!("{command}\n"));
                if leads_elsewhere(command) {
                    self.wait_for_answer(Wanted::Room, command);
                }
            }
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

    fn say(&mut self, line: &str) {
        self.has_said = true;
        self.send(line);
    }

    fn leave(&mut self, line: &str) {
        self.session.leave();
        self.send(&format!("{line}\n"));
    }

    fn send(&mut self, text: &str) {
        let event = self.link.send(text.as_bytes());
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
        if let Some(words) = lost {
            self.lose(&words);
        }
    }

    /// The connection is gone. After a goodbye of ours that is not a loss, if the server has read everything said
    /// before it: a server that answers marks also answers a goodbye, once it has read what stood before it.
    fn lose(&mut self, words: &str) {
        let undelivered = self.link.undelivered();
        let answers = self.session.answers_marks() == Some(true);
        let unheard = (self.dismissed || answers) && self.session.is_leaving();
        if self.has_said && (undelivered.in_doubt || unheard) {
            let sentence = format!("{words}; what was sent last may not have arrived");
            self.end(Status::Closed, sentence);
        } else if self.session.is_leaving() && undelivered.lines == 0 {
            self.outcome.get_or_insert(Outcome::left());
        } else {
            self.end(Status::Closed, words);
        }
    }

    fn hear(&mut self, heard: Heard) {
        match heard {
            // The server did not understand our goodbye, and has nothing of ours.
            Heard::Asked | Heard::AskedPassword | Heard::Refused(_)
                if self.session.is_leaving() =>
            {
                self.outcome.get_or_insert(Outcome::left());
            }
            Heard::Asked => {
                self.asked = true;
                self.give_name();
                if self.asked {
                    self.link.greeted();
                    self.ask_person();
                }
            }
            Heard::AskedPassword => self.give_password(),
            Heard::PasswordRefused(why) => self.refusal = Some(why),
            // Whoever writes the lines sees them anyway.
            Heard::Hides(_) => {}
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
                self.link.greeted();
                self.print(&line);
                // A server without login knows us by our address, until we say otherwise.
                if let Some(name) = self.name.take() {
                    let command = format!("/nick {name}");
                    self.send(&format!("{command}\n"));
                    self.wait_for_answer(Wanted::Name, &command);
                }
            }
            Heard::Line(line) => {
                self.dismissed = is_dismissal(&line);
                if is_slowed_down(&line) {
                    self.link.expect_slow_reads();
                }
                self.print(&line);
                if let Some(awaited) = &mut self.awaited {
                    awaited.hear(&line);
                }
                self.mark_awaited();
            }
            Heard::Mark => self.hear_mark(),
            Heard::Goodbye(line) => {
                self.print(&line);
                self.outcome = Some(Outcome::left());
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

    /// The outcome, and what it means for the input.
    fn ended(&mut self, outcome: Outcome, buffer: &mut [u8]) -> Outcome {
        let at_prompt = outcome.status == Status::Refused && self.asked;
        if (outcome.status == Status::Left || at_prompt)
            && let Some(failure) = self.input_failure.take()
        {
            return Outcome::because(Status::Failed, failure);
        }
        match &outcome.reason {
            Some(reason) if outcome.status == Status::Closed && self.session.is_in() => {
                let reason = with_unsent(reason, self.unsent(buffer));
                Outcome::because(Status::Closed, reason)
            }
            _ => outcome,
        }
    }

    /// How many lines of the input were not sent, and whether there may be more. This does not wait for input that is
    /// still to come.
    fn unsent(&mut self, buffer: &mut [u8]) -> (usize, bool) {
        let undelivered = self.link.undelivered().lines;
        if self.session.is_leaving() {
            // The last of them is our goodbye.
            return (undelivered.saturating_sub(1), false);
        }
        let mut count = undelivered;
        for _ in 0..REST_READS {
            for line in self.waiting.drain(..) {
                match Wish::parse(&line) {
                    Wish::Nothing | Wish::SendUsage => {}
                    Wish::Leave(_) => return (count, false),
                    Wish::Say(_) | Wish::Command(_) => count += 1,
                }
            }
            if self.input_ended || !terminal::input_waits() {
                break;
            }
            self.read_input(buffer);
        }
        (count, !self.input_ended)
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

/// The reason, and the number of lines that were not sent.
fn with_unsent(reason: &str, (lines, or_more): (usize, bool)) -> String {
    let between = match reason.ends_with(['.', '!', '?']) {
        true => "",
        false => ";",
    };
    let at_least = if or_more { "at least " } else { "" };
    match lines {
        0 => reason.into(),
        1 => format!("{reason}{between} {at_least}1 line was not sent"),
        lines => format!("{reason}{between} {at_least}{lines} lines were not sent"),
    }
}

/// Tells the user something. If standard error is closed, nobody reads it.
fn complain(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}

/// A line of the input. A line that is too long for any server is not sent, and the user is told.
fn text_of(line: Input<'_>) -> Option<String> {
    match line {
        Input::Line(text) => Some(text.into_owned()),
        _ => {
            complain("client: a line of the input is too long for any server; it was not sent\n");
            None
        }
    }
}

#[cfg(test)]
mod tests;
