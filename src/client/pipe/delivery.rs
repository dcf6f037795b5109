//! From a line of the input to the server, and what is told of lines that did not arrive.

use std::mem;
use std::time::{Duration, Instant};

use super::super::outgoing::{Entered, Sent};
use super::super::protocol::{Login, Op, Protocol, Spoken, encode};
use super::super::standing::Restore;
use super::super::terminal;
use super::super::words::{Reading, SEND_USAGE, Wish, leads_elsewhere, secret_behind, spoken};
use super::super::{Outcome, Status, chance};
use super::{Awaited, Backoff, GOODBYE_TIMEOUT, OFFLINE, Pipe, REST_READS, Way, complain};

impl Pipe<'_> {
    pub(super) fn connect(&mut self, now: Instant) {
        self.way = Way::Connecting;
        self.protocol = Protocol::default();
        let event = self.link.start(now);
        self.follow(event, &[], now);
        if self.way == Way::Connecting && self.outcome.is_none() {
            self.log_in();
        }
    }

    /// Asks to come in, and for our former seat if there was one. Without a name, asks only whether anybody is there.
    pub(super) fn log_in(&mut self) {
        let Some(name) = self.name.clone() else {
            self.login = self.send(Op::Ping, 'l');
            return;
        };
        let token = self.token.clone();
        let (journal, since) = self.position.since();
        let journal = journal.map(String::from);
        let login = Login {
            name: &name,
            password: self.config.password.as_ref(),
            resume: token.as_ref().map(|it| (it, since)),
            journal: journal.as_deref(),
        };
        self.login = self.send(Op::Login(login), 'l');
    }

    /// Sends an op, and returns the id that it has. The kind is the beginning of that.
    pub(super) fn send(&mut self, op: Op<'_>, kind: char) -> String {
        let id = self.ids.next(kind);
        self.send_bytes(&encode(&op, &id));
        id
    }

    fn send_bytes(&mut self, bytes: &[u8]) {
        let event = self.link.send(bytes);
        self.follow(event, &[], Instant::now());
    }

    pub(super) fn use_line(&mut self, text: &str) {
        if self.config.raw {
            if !text.trim().is_empty() {
                self.say(text, text);
            }
            return;
        }
        if let Some(sentence) = secret_behind(text) {
            return complain(&format!("client: {sentence}\n"));
        }
        match Wish::parse(text) {
            Wish::Nothing => {}
            Wish::SendUsage => complain(&format!("client: {SEND_USAGE}\n")),
            Wish::Leave(line) => {
                let word = line.split_once(char::is_whitespace).map(|it| it.1.trim());
                self.leaving = Some(word.unwrap_or_default().into());
            }
            Wish::Say(words) => self.say(words, text),
            Wish::Command(command) => self.command(command),
        }
    }

    fn say(&mut self, words: &str, line: &str) {
        let spoken = Spoken::Say {
            room: self.room().clone(),
            text: words.into(),
        };
        self.speak(spoken, line);
    }

    fn speak(&mut self, spoken: Spoken, line: &str) {
        let id = self.send(Op::Spoken(&spoken), 's');
        self.note_sent(id, line, Some(spoken));
    }

    fn note_sent(&mut self, id: String, line: &str, spoken: Option<Spoken>) {
        let line = Entered {
            text: line.into(),
            pasted: false,
        };
        self.outgoing.sent(Sent { id, line, spoken });
    }

    fn command(&mut self, command: &str) {
        match Reading::parse(command) {
            Some(Reading::Time(args)) => {
                let answer = self.clock.set(args);
                return self.print(&answer);
            }
            Some(Reading::Quiet(quiet)) => {
                self.quiet = quiet.unwrap_or(self.quiet);
                return;
            }
            None => {}
        }
        if let Some(spoken) = spoken(command, self.room()) {
            return self.speak(spoken, command);
        }
        self.standing.follow(command);
        let id = self.send(Op::Command(command), 'c');
        self.note_sent(id.clone(), command, None);
        if leads_elsewhere(command) {
            self.wait_for_answer(id, command, false);
        }
    }

    /// Sends nothing before the server has answered this command.
    pub(super) fn wait_for_answer(&mut self, id: String, command: &str, wants_name: bool) {
        self.awaited = Some(Awaited {
            id,
            command: command.trim().into(),
            wants_name,
        });
    }

    /// We are in again. What the server has not confirmed is sent again under the same ids if the seat is the same one;
    /// else it may not have arrived. Then we go back to our rooms.
    pub(super) fn come_back(&mut self, is_resumed: bool) {
        self.awaited = None;
        if is_resumed {
            self.in_doubt += self.outgoing.take_commands().len();
            let spoken = self.outgoing.spoken();
            let again: Vec<u8> = spoken
                .flat_map(|(id, spoken)| encode(&Op::Spoken(spoken), id))
                .collect();
            self.send_bytes(&again);
        } else {
            self.in_doubt += self.outgoing.take_unconfirmed().len();
            for restore in self.standing.restore() {
                match restore {
                    Restore::Command(line) => {
                        let id = self.send(Op::Command(&line), 'j');
                        self.standing.typed_again(id, &line);
                    }
                    Restore::Join { room, is_current } => {
                        let room = &room;
                        self.send(Op::Join { room, is_current }, 'j');
                    }
                }
            }
        }
        self.returning = Some(self.send(Op::Ping, 'p'));
    }

    /// Leaves once everything is confirmed.
    pub(super) fn leave_if_delivered(&mut self) {
        let is_delivered = self.outgoing.spoken().next().is_none();
        let may_leave = self.way == Way::In && self.returning.is_none() && self.leave_by.is_none();
        if self.leaving.is_some() && may_leave && is_delivered && self.outcome.is_none() {
            self.leave_now();
        }
    }

    pub(super) fn leave_now(&mut self) {
        let word = self.leaving.clone().filter(|it| !it.is_empty());
        self.send(Op::Quit(word.as_deref()), 'q');
        self.leave_by = Some(Instant::now() + GOODBYE_TIMEOUT);
    }

    /// Acts on what is due by now.
    pub(super) fn handle_timeout(&mut self, now: Instant) {
        if self.leave_by.is_some_and(|by| by <= now) {
            self.outcome.get_or_insert(Outcome::left());
        }
        match self.way {
            Way::Waiting(until) if until <= now && self.outcome.is_none() => self.connect(now),
            Way::In => self.check_liveness(now),
            _ => {}
        }
    }

    fn check_liveness(&mut self, now: Instant) {
        use super::super::liveness::Due;
        match self.liveness.check(now) {
            None => {}
            Some(Due::Ask) => {
                self.send(Op::Ping, 'p');
            }
            Some(Due::GiveUp(seconds)) => {
                self.link.close();
                self.lose(&format!("the server has not answered for {seconds} s"), now);
            }
        }
    }

    /// The connection is gone. After a goodbye of ours everything was confirmed, so that is no loss.
    pub(super) fn lose(&mut self, words: &str, now: Instant) {
        if self.outcome.is_some() {
            return;
        }
        if self.leave_by.is_some() {
            self.outcome = Some(Outcome::left());
        } else if !self.was_in || !self.config.reconnect {
            self.end(Status::Closed, words);
        } else {
            self.try_later(words, Duration::ZERO, now);
        }
    }

    /// Comes back later, unless we have tried for too long already.
    pub(super) fn try_later(&mut self, why: &str, after: Duration, now: Instant) {
        self.returning = None;
        if mem::replace(&mut self.way, Way::Connecting) == Way::In {
            self.backoff = Backoff::default();
            self.backoff.begin(self.keep, now);
            self.offline_until = Some(now + OFFLINE);
            self.told.clear();
        }
        if self.offline_until.is_some_and(|until| until <= now) || !self.config.reconnect {
            return self.end(Status::Closed, why);
        }
        let wait = self.backoff.next_behind(after, chance, now);
        self.way = Way::Waiting(now + wait);
        if mem::replace(&mut self.told, why.into()) != why {
            let why = why.trim_end_matches('.');
            complain(&format!("client: {why}. Trying again.\n"));
        }
    }

    /// The outcome, and what it means for the input.
    pub(super) fn ended(&mut self, outcome: Outcome, buffer: &mut [u8]) -> Outcome {
        let at_prompt = outcome.status == Status::Refused && self.way == Way::Asked;
        if (outcome.status == Status::Left || at_prompt)
            && let Some(failure) = self.input_failure.take()
        {
            return Outcome::because(Status::Failed, failure);
        }
        let was_left = outcome.status == Status::Left;
        if !self.was_in || !(was_left || outcome.status == Status::Closed) {
            return outcome;
        }
        let in_doubt = self.in_doubt + self.outgoing.spoken().count();
        let unsent = match self.leave_by {
            Some(_) => (0, false),
            None => self.unsent(buffer),
        };
        let reason = outcome.reason.unwrap_or_default();
        let refused = (self.refused, &*self.refusal);
        match undelivered(&reason, in_doubt, refused, unsent) {
            words if words.is_empty() => Outcome::left(),
            words => Outcome::because(Status::Closed, words),
        }
    }

    /// How many lines of the input were not sent, and whether there may be more. This does not wait for input that is
    /// still to come.
    fn unsent(&mut self, buffer: &mut [u8]) -> (usize, bool) {
        let mut count = 0;
        for _ in 0..REST_READS {
            for line in mem::take(&mut self.waiting) {
                match Wish::parse(&line) {
                    _ if self.config.raw => count += usize::from(!line.trim().is_empty()),
                    Wish::Nothing | Wish::SendUsage => {}
                    Wish::Leave(_) => return (count, false),
                    Wish::Say(_) | Wish::Command(_) => count += 1,
                }
            }
            if self.leaving.is_some() || self.input_ended {
                return (count, false);
            }
            if !terminal::input_waits() {
                break;
            }
            self.read_input(buffer);
        }
        (count, !self.input_ended)
    }
}

/// The reason, and how many lines may not have arrived, were refused, or were not sent. Empty if all is well.
pub(super) fn undelivered(
    reason: &str,
    in_doubt: usize,
    (refused, why): (usize, &str),
    (unsent, or_more): (usize, bool),
) -> String {
    let lines = |count: usize| match count {
        1 => "1 line".into(),
        count => format!("{count} lines"),
    };
    let mut parts: Vec<String> = Vec::new();
    if in_doubt > 0 {
        parts.push(format!("{} may not have arrived", lines(in_doubt)));
    }
    if refused > 0 {
        let were = if refused == 1 { "was" } else { "were" };
        let why = why.trim_end_matches('.');
        parts.push(format!("{} {were} not taken: {why}", lines(refused)));
    }
    if unsent > 0 {
        let at_least = if or_more { "at least " } else { "" };
        let were = if unsent == 1 { "was" } else { "were" };
        parts.push(format!("{at_least}{} {were} not sent", lines(unsent)));
    }
    let told = parts.join("; ");
    match (reason, &*told) {
        ("", _) => told,
        (_, "") => reason.into(),
        _ if reason.ends_with(['.', '!', '?']) => format!("{reason} {told}"),
        _ => format!("{reason}; {told}"),
    }
}
