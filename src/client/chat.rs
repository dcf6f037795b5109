//! `Chat`: stands between a person at a terminal and a server. Keys and objects come in; errands for the link and the
//! output for the screen go out. It knows no terminal, no socket and no clock.
//!
//! This always holds, whatever happens on the way to the server:
//!
//! - Only Enter takes the text being typed from the person (or a key that is meant to). While the client asks something
//!   else, the text waits in `aside`.
//! - A line reaches the room that it was typed for. Otherwise it stays with the person, and the client tells them.
//! - The server confirms each line that was entered, or the client tells the person that it did not.

mod asked;
mod door;
mod reading;
mod returning;
mod sending;
mod typing;

use std::collections::VecDeque;
use std::mem;
use std::time::{Duration, Instant};

use crate::account::Secret;

use super::backoff::Backoff;
use super::clock::Clock;
use super::complete::Completer;
use super::editor::Editor;
use super::history::History;
use super::ids::Ids;
use super::link::LinkEvent;
use super::liveness::{self, Liveness};
use super::masked::Masked;
use super::outgoing::{Entered, Outgoing};
use super::position::Position;
use super::protocol::{Heard, Op, Protocol, Token, encode};
use super::screen::Screen;
use super::shown::Waiting;
use super::standing::Standing;
use super::status::{self, Unread};
use super::style::Styler;
use super::world::World;
use super::{Config, Outcome, Status};

use asked::Asking;
pub(super) use door::stranger;
use typing::{NextEnter, view};

/// How long to wait for the server's goodbye.
const GOODBYE_TIMEOUT: Duration = Duration::from_secs(5);

/// After this long without an answer, the person reads that it is late.
const LATE_ANSWER: Duration = Duration::from_secs(5);

/// A connection that lasted this long was a good one: the waits between attempts start again from the shortest.
const LASTED: Duration = Duration::from_secs(60);

/// What the loop is to do for the chat.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Errand {
    /// To start connecting.
    Connect,
    /// To send these bytes.
    Send(Vec<u8>),
    /// To stay connected: the server has let us in, or the person still has to give the name that it waits for.
    Stay,
    /// To wait longer for a server that reads slowly.
    ExpectSlowReads,
    /// To close the connection.
    Close,
}

/// Where we are on the way to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Connecting,
    /// The server has let us in.
    In,
    /// The next attempt starts at this time.
    Waiting(Instant),
    /// The server has sent us away: only the person can start the next attempt.
    SentAway,
}

/// What the person is asked to type.
#[derive(Debug, Default, PartialEq, Eq)]
enum Question {
    /// Nothing special: a line.
    #[default]
    Line,
    Username,
    /// Whether to send these pasted lines.
    Paste {
        lines: Vec<String>,
        prompt: String,
    },
}

/// A person, a screen and a server.
#[derive(Debug)]
pub(super) struct Chat {
    errands: VecDeque<Errand>,
    protocol: Protocol,
    way: Way,
    /// When the server last let us in.
    in_since: Option<Instant>,
    liveness: Liveness,
    /// How many lines a second the server reads from us, if it has told.
    rate: Option<u64>,
    backoff: Backoff,
    /// Returns an unpredictable number, for spreading attempts.
    chance: fn() -> u64,
    reconnect: bool,
    /// How long the server wants us to wait before we come back.
    after: Duration,
    /// The reason that the person was last told why we are not in again yet.
    told: String,
    clock: Clock,
    /// Comings and goings are not shown.
    quiet: bool,
    is_encrypted: bool,
    /// The name to log in with.
    name: Option<String>,
    /// The password to log in with. It is kept nowhere else.
    password: Option<Secret>,
    /// What gives our seat back.
    token: Option<Token>,
    /// For how long the server keeps it.
    keep: Duration,
    ids: Ids,
    /// The id under which we asked to come in.
    login: String,
    /// A password is being typed, in place of everything else.
    masked: Option<Masked>,
    /// What the passwords are for that are asked for in the chat.
    asking: Option<Asking>,
    standing: Standing,
    world: World,
    position: Position,
    /// We are coming back to where we were before the connection broke, until this is answered.
    returning: Option<String>,
    /// What was sent under this id asks to go to another room, and is not answered.
    going: Option<String>,
    outgoing: Outgoing,
    unread: Unread,
    /// When the answer that lines wait for becomes late.
    late_at: Option<Instant>,
    editor: Editor,
    /// The question and the typed line that wait while the client asks for a username.
    aside: (Question, String),
    question: Question,
    /// The person knows that the line is full.
    full: bool,
    next_enter: NextEnter,
    history: History,
    completer: Completer,
    styler: Styler,
    screen: Screen,
    /// Lines to show with the next drawing.
    lines: Waiting,
    /// Whether the terminal's window has the focus, if the terminal tells.
    focused: Option<bool>,
    /// We asked the server to let us go.
    is_leaving: bool,
    leave_by: Option<Instant>,
    outcome: Option<Outcome>,
    suspend: bool,
}

impl Chat {
    /// A chat that is about to connect, in a window of this many columns and rows.
    pub(super) fn new(
        config: &Config,
        history: History,
        (columns, height): (usize, usize),
        chance: fn() -> u64,
    ) -> Chat {
        let mut chat = Chat {
            errands: VecDeque::new(),
            protocol: Protocol::default(),
            way: Way::Connecting,
            in_since: None,
            liveness: Liveness::default(),
            rate: None,
            backoff: Backoff::default(),
            chance,
            reconnect: config.reconnect,
            after: Duration::ZERO,
            told: String::new(),
            clock: Clock::new(config.time),
            quiet: false,
            is_encrypted: config.tls.is_some(),
            name: config.name.clone(),
            password: config.password.clone(),
            token: None,
            keep: Duration::ZERO,
            ids: Ids::new(chance()),
            login: String::new(),
            masked: None,
            asking: None,
            standing: Standing::new(),
            world: World::new(),
            position: Position::default(),
            returning: None,
            going: None,
            outgoing: Outgoing::default(),
            unread: Unread::default(),
            late_at: None,
            editor: Editor::default(),
            aside: Default::default(),
            question: Question::Line,
            full: false,
            next_enter: NextEnter::default(),
            history,
            completer: Completer::new(),
            styler: Styler::new(config.color),
            screen: Screen::new(columns, height),
            lines: Waiting::default(),
            focused: None,
            is_leaving: false,
            leave_by: None,
            outcome: None,
            suspend: false,
        };
        chat.connect();
        chat
    }

    /// The next errand for the loop.
    pub(super) fn take_errand(&mut self) -> Option<Errand> {
        self.errands.pop_front()
    }

    /// How it ended, once it has.
    pub(super) fn take_outcome(&mut self) -> Option<Outcome> {
        self.outcome.take()
    }

    /// Whether the person asked for the process to be stopped.
    pub(super) fn take_suspend(&mut self) -> bool {
        mem::take(&mut self.suspend)
    }

    /// When to call [`handle_timeout`](Self::handle_timeout) next.
    pub(super) fn next_timeout(&self) -> Option<Instant> {
        let again = match self.way {
            Way::Waiting(until) => Some(until),
            _ => None,
        };
        let alive = self.liveness.next_timeout().filter(|_| self.way == Way::In);
        let due = [again, self.late_at, self.leave_by, alive];
        due.into_iter().flatten().min()
    }

    /// Acts on what is due by now.
    pub(super) fn handle_timeout(&mut self, now: Instant) {
        if self.leave_by.is_some_and(|by| by <= now) {
            self.outcome = Some(Outcome::left());
            return self.tell_all_undelivered();
        }
        if self.late_at.is_some_and(|at| at <= now) {
            self.late_at = None;
            self.notice(
                "-- The server has not answered yet. What you enter waits until it does. --",
            );
        }
        if self.way == Way::In {
            self.check_liveness(now);
        }
        if let Way::Waiting(until) = self.way
            && until <= now
        {
            self.connect();
        }
    }

    /// Asks a silent server whether it is there. Gives it up if it does not answer.
    fn check_liveness(&mut self, now: Instant) {
        match self.liveness.check(now) {
            None => {}
            Some(liveness::Due::Ask) => {
                self.send(Op::Ping, 'p');
            }
            Some(liveness::Due::GiveUp(seconds)) => {
                self.errands.push_back(Errand::Close);
                self.lose(&format!("the server has not answered for {seconds} s"), now);
            }
        }
    }

    /// Begins to connect. What we want to say first waits for the connection.
    fn connect(&mut self) {
        self.way = Way::Connecting;
        self.masked = None;
        self.protocol = Protocol::default();
        self.errands.push_back(Errand::Connect);
        self.log_in();
    }

    /// Acts on an event of the link. `buffer` holds the bytes that were received.
    pub(super) fn follow(&mut self, event: Option<LinkEvent>, buffer: &[u8], now: Instant) {
        match event {
            None => {}
            Some(LinkEvent::Received(n)) => {
                self.liveness.heard(now);
                let mut heard = Vec::new();
                self.protocol.receive(&buffer[..n], &mut heard);
                self.hear(heard, now);
            }
            Some(LinkEvent::Lost(words)) => {
                let mut heard = Vec::new();
                self.protocol.finish(&mut heard);
                self.hear(heard, now);
                if let Way::Connecting | Way::In = self.way {
                    self.lose(&words, now);
                }
            }
            Some(LinkEvent::Unreachable(sentence)) if self.was_in() => {
                // The rest of the sentence is about the command line.
                let why = sentence.split(". ").next().unwrap_or(&sentence);
                self.try_later("Still offline", why, now);
            }
            Some(LinkEvent::Unreachable(sentence)) => self.end(Status::Unreachable, sentence),
        }
    }

    fn hear(&mut self, heard: Vec<Heard>, now: Instant) {
        for heard in heard {
            match (heard, self.way) {
                (Heard::Told(told), Way::Connecting) => self.hear_at_door(told, now),
                (Heard::Told(told), Way::In) => self.hear_inside(told, now),
                (Heard::TooLong, Way::In) => {
                    self.notice("-- What the server sent was too long to be shown. --");
                }
                (Heard::Stranger(words), Way::Connecting) => self.meet_stranger(&words, now),
                // The result of an attempt that was given up does not matter.
                _ => {}
            }
        }
    }

    /// Whether the server ever let us in.
    fn was_in(&self) -> bool {
        self.in_since.is_some()
    }

    /// The connection is gone: for good, or until the next one.
    fn lose(&mut self, words: &str, now: Instant) {
        if self.outcome.is_some() {
            return;
        }
        self.masked = None;
        self.asking = None;
        if self.is_leaving {
            self.outcome = Some(Outcome::left());
        } else if !self.was_in() || !self.reconnect {
            self.end(Status::Closed, words);
        }
        if self.outcome.is_some() {
            return self.tell_all_undelivered();
        }
        self.tell_undelivered();
        if self.way == Way::Connecting {
            return self.try_later("Still offline", words, now);
        }
        self.put_back_aside();
        if self.in_since.is_some_and(|since| now >= since + LASTED) {
            self.backoff = Backoff::default();
        }
        self.backoff.begin(self.keep, now);
        let wait = self.wait(now);
        self.notice(&format!(
            "-- Disconnected: {words}. Trying again in {wait} s; Enter tries now. --"
        ));
    }

    /// The server has sent us away, so that we do not come back by ourselves.
    fn wait_for_person(&mut self) {
        self.errands.push_back(Errand::Close);
        self.masked = None;
        self.asking = None;
        self.token = None;
        self.tell_undelivered();
        self.put_back_aside();
        self.way = Way::SentAway;
        self.notice(
            "-- The server has sent you away. Press Enter to come back, Ctrl-C to leave. --",
        );
    }

    fn try_later(&mut self, what: &str, why: &str, now: Instant) {
        self.try_later_or(what, why, "", now);
    }

    /// We are not in again, for this reason. One row says so, and whether there is a way out, however many attempts there
    /// are.
    fn try_later_or(&mut self, what: &str, why: &str, way_out: &str, now: Instant) {
        self.masked = None;
        self.put_back_aside();
        let wait = self.wait(now);
        if self.told == why {
            return;
        }
        self.told = why.into();
        let why = why.trim_end_matches('.');
        self.notice(&format!(
            "-- {what}: {why}. Trying again in {wait} s, then less often.{way_out} --"
        ));
    }

    /// Sends an op, and returns the id that it has. The kind is the beginning of that.
    fn send(&mut self, op: Op<'_>, kind: char) -> String {
        let id = self.ids.next(kind);
        self.errands.push_back(Errand::Send(encode(&op, &id)));
        id
    }

    /// Ends the chat, even in the middle of a typed line, which stays visible.
    fn end(&mut self, status: Status, reason: impl Into<String>) {
        self.outcome.get_or_insert(Outcome::because(status, reason));
        self.masked = None;
        self.put_back_aside();
        let text = self.editor.take();
        if !text.is_empty() {
            let pasted = false;
            self.give_back(vec![Entered { text, pasted }]);
        }
    }

    /// The output that brings a window of this size up to date. The caller must write it at once.
    pub(super) fn draw(&mut self, size: (usize, usize)) -> String {
        let status = self.status(size.0);
        let view = view(
            &self.question,
            &self.masked,
            (self.prompt(), &status),
            &self.editor,
        );
        if size != self.screen.size() {
            self.screen.resize(size.0, size.1, view);
        }
        self.screen.show(self.lines.take(), view);
        self.screen.take_output()
    }

    /// Draws what is still to be shown, and takes the typed line off the screen.
    pub(super) fn clear_typed(&mut self, size: (usize, usize)) -> String {
        let mut out = self.draw(size);
        self.screen.clear_typed();
        out.push_str(&self.screen.take_output());
        out
    }

    /// The process goes on. Draws the typed line anew, wherever the cursor is. A line that was drawn in between, or was
    /// never taken off the screen, does not stand there twice.
    pub(super) fn resume(&mut self) {
        self.screen.clear_typed();
    }

    /// The prompt before the typed line.
    fn prompt(&self) -> &'static str {
        match self.way {
            Way::In if self.returning.is_some() => "(coming back) > ",
            Way::In if self.outgoing.waits() => "(waiting) > ",
            Way::In => "> ",
            Way::Connecting => "(connecting) > ",
            Way::Waiting(_) | Way::SentAway => "(offline) > ",
        }
    }

    /// The row above the prompt; nothing before we were in.
    fn status(&self, columns: usize) -> String {
        if !self.was_in() {
            return String::new();
        }
        let (here, link) = match self.way {
            Way::In if self.returning.is_some() => (None, "coming back"),
            Way::In => (self.world.people_here(), "online"),
            Way::Connecting => (None, "connecting"),
            Way::Waiting(_) | Way::SentAway => (None, "offline"),
        };
        let link = match self.outgoing.unconfirmed().0 {
            0 => link.into(),
            count => format!("{count} not confirmed · {link}"),
        };
        let row = status::row(&self.standing.room, here, &self.unread, &link, columns);
        self.styler.status(&row)
    }
}

#[cfg(test)]
mod tests;
