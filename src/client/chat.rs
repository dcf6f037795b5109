//! `Chat`: stands between a person at a terminal and a server. Keys and lines come in; errands for the link and the
//! output for the screen go out. It knows no terminal, no socket and no clock.
//!
//! This always holds, whatever happens on the way to the server:
//!
//! - Only Enter takes the text being typed from the person (or a key that is meant to). While the client asks something
//!   else, the text waits in `aside`.
//! - A line reaches the room that it was typed for. Otherwise it stays with the person, and the client tells them.
//! - The server confirms each line that was entered, or the client tells the person that it did not.

mod asked;
mod reading;
mod sending;
mod typing;

use std::collections::VecDeque;
use std::mem;
use std::time::{Duration, Instant};

use crate::account::Secret;
use crate::name::RoomName;

use super::backoff::Backoff;
use super::complete::Completer;
use super::editor::Editor;
use super::history::History;
use super::link::LinkEvent;
use super::masked::Masked;
use super::outgoing::{Entered, Outgoing};
use super::replays::Replays;
use super::screen::Screen;
use super::session::{Heard, Session, as_written, is_slowed_down, is_wrong_password};
use super::shown::Waiting;
use super::standing::Standing;
use super::style::Styler;
use super::{Config, Outcome, Status};

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

/// How far we are in coming back to where we were before the connection broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Returning {
    /// We are not coming back from anywhere.
    Done,
    /// The commands were sent. We do not know yet whether the server answers marks.
    Sent,
    /// A mark was sent after them.
    Marked,
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
    session: Session,
    way: Way,
    /// When the server last let us in.
    in_since: Option<Instant>,
    backoff: Backoff,
    /// Returns an unpredictable number, for spreading attempts.
    chance: fn() -> u64,
    reconnect: bool,
    /// The reason that the person was last told why we are not in again yet.
    told: String,
    time: bool,
    /// The name to log in with.
    name: Option<String>,
    /// The password to log in with. It is kept nowhere else.
    password: Option<Secret>,
    /// This connection was given it.
    has_tried: bool,
    /// The password that was typed last in the chat, until the server has taken it.
    typed: Option<Secret>,
    /// A password is being typed, in place of everything else.
    masked: Option<Masked>,
    standing: Standing,
    /// The room that we are in.
    room: RoomName,
    returning: Returning,
    /// The command that was sent last.
    command: String,
    /// This command asks to go to another room, and the server has not said yet that we are in one.
    going: bool,
    outgoing: Outgoing,
    replays: Replays,
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
        Chat {
            errands: [Errand::Connect].into(),
            session: Session::new(),
            way: Way::Connecting,
            in_since: None,
            backoff: Backoff::default(),
            chance,
            reconnect: config.reconnect,
            told: String::new(),
            time: config.time,
            name: config.name.clone(),
            password: config.password.clone(),
            has_tried: false,
            typed: None,
            masked: None,
            standing: Standing::new(),
            room: RoomName::lobby(),
            returning: Returning::Done,
            command: String::new(),
            going: false,
            outgoing: Outgoing::default(),
            replays: Replays::default(),
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
            leave_by: None,
            outcome: None,
            suspend: false,
        }
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
        let due = [again, self.late_at, self.leave_by];
        due.into_iter().flatten().min()
    }

    /// Acts on what is due by now.
    pub(super) fn handle_timeout(&mut self, now: Instant) {
        if self.leave_by.is_some_and(|by| by <= now) {
            self.outcome = Some(Outcome::left());
            return self.tell_undelivered();
        }
        if self.late_at.is_some_and(|at| at <= now) {
            self.late_at = None;
            self.answer_is_late(now);
        }
        if let Way::Waiting(until) = self.way
            && until <= now
        {
            self.connect();
        }
    }

    fn connect(&mut self) {
        self.way = Way::Connecting;
        self.masked = None;
        self.has_tried = false;
        self.session = Session::new();
        self.errands.push_back(Errand::Connect);
    }

    /// Acts on an event of the link. `buffer` holds the bytes that were received.
    pub(super) fn follow(&mut self, event: Option<LinkEvent>, buffer: &[u8], now: Instant) {
        match event {
            None => {}
            Some(LinkEvent::Received(n)) => {
                let mut heard = Vec::new();
                self.session.receive(&buffer[..n], &mut heard);
                self.hear(heard, now);
            }
            Some(LinkEvent::Lost(words)) => {
                let mut heard = Vec::new();
                self.session.finish(&mut heard);
                self.hear(heard, now);
                self.lose(&words, now);
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
            match heard {
                // The result of an attempt that was given up does not matter.
                _ if self.way != Way::Connecting && self.way != Way::In => {}
                Heard::Asked => self.asked(),
                Heard::AskedPassword => self.asked_password(),
                Heard::PasswordRefused(why) => {
                    if is_wrong_password(&why) {
                        self.password = None;
                    }
                    self.show_received(&why);
                }
                Heard::Hides(hides) => self.hide(hides),
                Heard::TurnedAway(why) if self.was_in() && self.session.is_sent_away() => {
                    self.errands.push_back(Errand::Close);
                    self.show_received(&why);
                    self.wait_for_person();
                }
                Heard::Refused(why) | Heard::TurnedAway(why) if self.was_in() => {
                    self.errands.push_back(Errand::Close);
                    self.try_later("Not let in", &why, now);
                }
                Heard::Refused(why) => {
                    self.name = None;
                    self.show_received(&why);
                }
                Heard::TurnedAway(why) if why.starts_with("Too many attempts") => {
                    self.end(Status::Refused, why);
                }
                Heard::TurnedAway(why) => self.end(Status::Closed, why),
                Heard::Welcomed(line) => self.come_in(&line, now),
                Heard::Line(line) => {
                    if is_slowed_down(&line) {
                        self.errands.push_back(Errand::ExpectSlowReads);
                    }
                    self.note_password(&line);
                    let line = self.note_question(line);
                    self.show_received(&line);
                    self.learn_marks();
                }
                Heard::Mark => self.confirm(),
                Heard::Goodbye(line) => {
                    self.show_received(&line);
                    self.outcome = Some(Outcome::left());
                }
            }
        }
    }

    /// Whether the server ever let us in.
    fn was_in(&self) -> bool {
        self.in_since.is_some()
    }

    /// The server wants a name: the one we know, or one that the person types.
    fn asked(&mut self) {
        match self.name.clone() {
            Some(name) => self.give_name(&name),
            None => {
                self.errands.push_back(Errand::Stay);
                self.ask_for_name();
            }
        }
    }

    fn give_name(&mut self, name: &str) {
        let line = self.session.offer(name);
        self.send(line);
    }

    fn come_in(&mut self, line: &str, now: Instant) {
        let again = self.was_in();
        self.errands.push_back(Errand::Stay);
        self.way = Way::In;
        self.in_since = Some(now);
        self.told.clear();
        self.command.clear();
        self.room = RoomName::lobby();
        self.outgoing.begin();
        // A server without login knows us by our address, and another name may have been chosen meanwhile.
        if let Some(name) = &self.name
            && !self.session.is_member()
            && self.session.name() != Some(&as_written(name))
        {
            self.send(format!("/nick {name}\n"));
        }
        self.show_received(line);
        if again {
            self.return_there(now);
        }
    }

    /// The connection is gone: for good, or until the next one.
    fn lose(&mut self, words: &str, now: Instant) {
        if self.outcome.is_some() {
            return;
        }
        self.masked = None;
        if self.session.is_leaving() {
            self.outcome = Some(Outcome::left());
        } else if !self.was_in() || !self.reconnect {
            self.end(Status::Closed, words);
        }
        self.tell_undelivered();
        if self.outcome.is_some() {
            return;
        }
        if self.way == Way::Connecting {
            return self.try_later("Still offline", words, now);
        }
        self.put_back_aside();
        if self.session.is_sent_away() {
            return self.wait_for_person();
        }
        if self.in_since.is_some_and(|since| now >= since + LASTED) {
            self.backoff = Backoff::default();
        }
        let wait = self.wait(now);
        self.notice(&format!(
            "-- Disconnected: {words}. Trying again in {wait} s; Enter tries now. --"
        ));
    }

    /// The server has sent us away, so that we do not come back by ourselves.
    fn wait_for_person(&mut self) {
        self.masked = None;
        self.way = Way::SentAway;
        self.notice(
            "-- The server has sent you away. Press Enter to come back, Ctrl-C to leave. --",
        );
    }

    /// We are not in again, for this reason. One row says so, however many attempts there are.
    fn try_later(&mut self, what: &str, why: &str, now: Instant) {
        self.masked = None;
        self.put_back_aside();
        let wait = self.wait(now);
        if self.told == why {
            return;
        }
        self.told = why.into();
        let why = why.trim_end_matches('.');
        let way_out = if why.contains("username") {
            " Type /nick and another name to come in under that one."
        } else {
            ""
        };
        self.notice(&format!(
            "-- {what}: {why}. Trying again in {wait} s, then less often.{way_out} --"
        ));
    }

    /// Waits for the next attempt. Returns the number of seconds, rounded up.
    fn wait(&mut self, now: Instant) -> u64 {
        let wait = self.backoff.next((self.chance)());
        self.way = Way::Waiting(now + wait);
        wait.as_secs_f32().ceil() as u64
    }

    fn send(&mut self, bytes: impl Into<Vec<u8>>) {
        self.errands.push_back(Errand::Send(bytes.into()));
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
        let view = view(&self.question, &self.masked, self.prompt(), &self.editor);
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
            Way::In if self.returning != Returning::Done => "(coming back) > ",
            Way::In if self.outgoing.is_held() && self.outgoing.waits() => "(waiting) > ",
            Way::In => "> ",
            Way::Connecting => "(connecting) > ",
            Way::Waiting(_) | Way::SentAway => "(offline) > ",
        }
    }
}

#[cfg(test)]
mod tests;
