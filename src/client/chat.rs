//! `Chat`: a person at a terminal and a server, between them. Keys and lines come in; what is to be sent goes to the
//! link, what is to be seen to the screen.
//!
//! What holds whatever happens on the way to the server: the text being typed is taken from the person by Enter alone
//! (or by a key that says so). While something else is asked, it waits in `aside`.

use std::io;
use std::mem;
use std::time::{Duration, Instant};

use super::backoff::Backoff;
use super::complete::Completer;
use super::editor::{Edit, Editor};
use super::history::{self, History};
use super::keys::Key;
use super::link::{Link, LinkEvent};
use super::screen::{Screen, View};
use super::session::{Heard, PROMPT, Session};
use super::shown::{Shown, Waiting};
use super::style::Styler;
use super::words::{QUIT, SEND_USAGE, Wish, line_to_say, lines_of};
use super::{Config, Outcome, Status, chance, terminal, time_of_day};

/// How long the server's goodbye is waited for.
const GOODBYE_TIMEOUT: Duration = Duration::from_secs(5);

/// Lines of a paste that are shown when it is asked whether to send them.
const SHOWN_PASTED_LINES: usize = 10;

/// Where we are on the way to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Connecting,
    /// The server has let us in.
    In,
    /// The next attempt is made then.
    Waiting(Instant),
}

/// What the person is asked to type.
#[derive(Debug, PartialEq, Eq)]
enum Question {
    /// Nothing special: a line.
    Line,
    Username,
    /// Whether these pasted lines are to be sent.
    Paste {
        lines: Vec<String>,
        prompt: String,
    },
}

/// A person, a screen and a server.
#[derive(Debug)]
pub(super) struct Chat {
    link: Link,
    session: Session,
    way: Way,
    /// Whether the server ever let us in.
    was_in: bool,
    backoff: Backoff,
    reconnect: bool,
    time: bool,
    /// The name to come in under.
    name: Option<String>,
    editor: Editor,
    /// The typed line and its question, while a username is asked for.
    aside: String,
    question: Question,
    history: History,
    completer: Completer,
    styler: Styler,
    screen: Screen,
    /// Lines to be shown with the next drawing.
    lines: Waiting,
    /// Whether the terminal's window has the focus, where it tells.
    focused: Option<bool>,
    leave_by: Option<Instant>,
    outcome: Option<Outcome>,
    suspend: bool,
}

impl Chat {
    /// A chat that has begun to connect.
    pub(super) fn new(config: &Config, link: Link, now: Instant) -> Chat {
        let (columns, height) = terminal::size();
        let mut chat = Chat {
            link,
            session: Session::new(),
            way: Way::Connecting,
            was_in: false,
            backoff: Backoff::default(),
            reconnect: config.reconnect,
            time: config.time,
            name: config.name.clone(),
            editor: Editor::default(),
            aside: String::new(),
            question: Question::Line,
            history: History::open(history::default_path()),
            completer: Completer::new(),
            styler: Styler::new(config.color),
            screen: Screen::new(columns, height),
            lines: Waiting::default(),
            focused: None,
            leave_by: None,
            outcome: None,
            suspend: false,
        };
        let event = chat.link.start(now);
        chat.follow(event, &[], now);
        chat
    }

    pub(super) fn link(&mut self) -> &mut Link {
        &mut self.link
    }

    /// How it ended, once it has.
    pub(super) fn take_outcome(&mut self) -> Option<Outcome> {
        self.outcome.take()
    }

    /// Whether the person asked for the process to be stopped.
    pub(super) fn take_suspend(&mut self) -> bool {
        mem::take(&mut self.suspend)
    }

    /// When [`handle_timeout`](Self::handle_timeout) is to be called next.
    pub(super) fn next_timeout(&self) -> Option<Instant> {
        let again = match self.way {
            Way::Waiting(until) => Some(until),
            Way::Connecting | Way::In => None,
        };
        let due = [again, self.link.next_timeout(), self.leave_by];
        due.into_iter().flatten().min()
    }

    /// Acts on what is due by now.
    pub(super) fn handle_timeout(&mut self, now: Instant) {
        if self.leave_by.is_some_and(|by| by <= now) {
            self.outcome = Some(Outcome::left());
            return;
        }
        if let Way::Waiting(until) = self.way
            && until <= now
        {
            self.way = Way::Connecting;
            self.session = Session::new();
            let event = self.link.start(now);
            self.follow(event, &[], now);
        }
        let event = self.link.handle_timeout(now);
        self.follow(event, &[], now);
    }

    /// Acts on what happened on the way. What was received stands in the buffer.
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
            Some(LinkEvent::Unreachable(sentence)) => {
                if self.was_in {
                    let wait = self.wait(now);
                    self.notice(&format!(
                        "-- Not connected yet; trying again in {wait} s. --"
                    ));
                } else {
                    self.end(Status::Unreachable, sentence);
                }
            }
        }
    }

    fn hear(&mut self, heard: Vec<Heard>, now: Instant) {
        for heard in heard {
            match heard {
                Heard::Asked => self.asked(now),
                Heard::Refused(why) => {
                    self.name = None;
                    self.show_received(&why);
                }
                Heard::TurnedAway(why) if why.starts_with("Too many attempts") => {
                    self.end(Status::Refused, why);
                }
                Heard::TurnedAway(why) => self.end(Status::Closed, why),
                Heard::Welcomed(line) => self.come_in(&line, now),
                Heard::Line(line) => self.show_received(&line),
                Heard::Goodbye(line) => {
                    self.show_received(&line);
                    self.outcome = Some(Outcome::left());
                }
            }
        }
    }

    /// The server wants a name: the one we know, or one that the person types.
    fn asked(&mut self, now: Instant) {
        match self.name.clone() {
            Some(name) => self.give_name(&name, now),
            None => {
                self.aside = self.editor.take();
                self.question = Question::Username;
            }
        }
    }

    fn give_name(&mut self, name: &str, now: Instant) {
        let line = self.session.offer(name);
        self.send(&line, now);
    }

    fn come_in(&mut self, line: &str, now: Instant) {
        self.way = Way::In;
        self.was_in = true;
        self.backoff = Backoff::default();
        self.show_received(line);
        if self.session.name().is_some() {
            return;
        }
        // A server without login: it knows us by our address, until we say otherwise.
        if let Some(addr) = self.link.local_addr() {
            self.session.set_name(addr.to_string());
        }
        if let Some(name) = self.name.clone() {
            self.send(&format!("/nick {name}\n"), now);
        }
    }

    /// The connection is gone: for good, or until it is there again.
    fn lose(&mut self, words: &str, now: Instant) {
        if self.outcome.is_some() {
            return;
        }
        if self.session.is_leaving() {
            self.outcome = Some(Outcome::left());
            return;
        }
        if !self.was_in || !self.reconnect {
            return self.end(Status::Closed, words);
        }
        self.put_back_aside();
        let wait = self.wait(now);
        self.notice(&format!(
            "-- Disconnected: {words}. Trying again in {wait} s. --"
        ));
    }

    /// Waits for the next attempt. Returns how many seconds, rounded up.
    fn wait(&mut self, now: Instant) -> u64 {
        let wait = self.backoff.next(chance());
        self.way = Way::Waiting(now + wait);
        wait.as_secs_f32().ceil() as u64
    }

    /// Acts on a key.
    pub(super) fn key(&mut self, key: Key, now: Instant) {
        if let Key::Focus(focused) = key {
            self.focused = Some(focused);
            return;
        }
        if let Question::Paste { lines, .. } = &mut self.question {
            let lines = mem::take(lines);
            self.question = Question::Line;
            return self.answer_paste(&lines, key == Key::Enter, now);
        }
        let at_line = self.question == Question::Line;
        match key {
            // Nothing can be said any more; whoever does not want to wait for the goodbye need not.
            Key::Enter if self.session.is_leaving() => {}
            Key::Enter if at_line => self.submit(now),
            Key::Enter => self.submit_name(now),
            Key::Ctrl('c') if !self.editor.text().is_empty() => drop(self.editor.take()),
            Key::Ctrl('c') => self.leave(QUIT, now),
            Key::Ctrl('d') if self.editor.text().is_empty() => self.leave(QUIT, now),
            Key::Ctrl('l') => {
                let view = view(&self.question, self.way, &self.editor);
                self.screen.clear(view);
            }
            Key::Ctrl('z') => self.suspend = true,
            Key::Paste(bytes) => self.paste(&bytes),
            Key::Tab if at_line => self.complete(),
            Key::Up | Key::Ctrl('p') if at_line => {
                if let Some(line) = self.history.older(self.editor.text()) {
                    self.editor.set(line);
                }
            }
            Key::Down | Key::Ctrl('n') if at_line => {
                if let Some(line) = self.history.newer() {
                    self.editor.set(line);
                }
            }
            key => {
                if self.editor.handle(&key) == Edit::Full {
                    self.screen.bell();
                }
            }
        }
    }

    fn submit(&mut self, now: Instant) {
        let line = self.editor.text().to_string();
        match Wish::parse(&line) {
            Wish::Nothing => {}
            Wish::SendUsage => self.notice(SEND_USAGE),
            Wish::Leave(line) => self.leave(line, now),
            Wish::Say(_) | Wish::Command(_) if self.way != Way::In => {
                self.screen.bell();
                return self
                    .notice("-- Not connected: the line stays here until it can be sent. --");
            }
            Wish::Say(text) => self.say(text, now),
            Wish::Command(command) => {
                let time = time_of_day(self.time);
                self.lines.push(self.styler.own(&time, None, command));
                self.send(&format!("{command}\n"), now);
            }
        }
        if !line.trim().is_empty() {
            self.history.add(&line);
        }
        self.editor.take();
    }

    /// Sends text to the room. The server does not send it back, so it is shown here.
    fn say(&mut self, text: &str, now: Instant) {
        let time = time_of_day(self.time);
        let shown = self.styler.own(&time, self.session.name(), text);
        self.lines.push(shown);
        self.send(&line_to_say(text), now);
    }

    fn submit_name(&mut self, now: Instant) {
        let name = self.editor.take();
        if name.trim().is_empty() {
            return;
        }
        self.lines.push(Shown::plain(&format!("{PROMPT}{name}")));
        self.put_back_aside();
        self.give_name(&name, now);
        self.name = Some(name.trim().into());
    }

    /// Ends the question for a username, if it is asked: the line that was being typed comes back.
    fn put_back_aside(&mut self) {
        if self.question == Question::Username {
            self.question = Question::Line;
            let aside = mem::take(&mut self.aside);
            self.editor.set(&aside);
        }
    }

    fn leave(&mut self, line: &str, now: Instant) {
        if self.way != Way::In || self.session.is_leaving() {
            self.outcome = Some(Outcome::left());
            return;
        }
        self.session.leave();
        self.leave_by = Some(now + GOODBYE_TIMEOUT);
        self.send(&format!("{line}\n"), now);
    }

    /// One line is typed where the cursor is; several are sent once the person has said so.
    fn paste(&mut self, bytes: &[u8]) {
        let lines = lines_of(bytes);
        match &lines[..] {
            [] => {}
            [line] => {
                if !self.editor.insert(line) {
                    self.screen.bell();
                }
            }
            _ if self.question == Question::Username => self.screen.bell(),
            _ => self.ask_about_paste(lines),
        }
    }

    /// Shows what was pasted, and asks whether to send it.
    fn ask_about_paste(&mut self, lines: Vec<String>) {
        let count = lines.len();
        for line in lines.iter().take(SHOWN_PASTED_LINES) {
            self.notice(&format!("| {line}"));
        }
        if count > SHOWN_PASTED_LINES {
            self.notice("| …");
        }
        let prompt =
            format!("Send these {count} lines? Enter sends them, any other key drops them. ");
        self.question = Question::Paste { lines, prompt };
    }

    fn answer_paste(&mut self, lines: &[String], send: bool, now: Instant) {
        if !send {
            return self.notice("-- Nothing was sent. --");
        }
        if self.way != Way::In {
            self.screen.bell();
            return self.notice("-- Not connected: nothing was sent. --");
        }
        for line in lines {
            self.say(line, now);
        }
    }

    fn complete(&mut self) {
        let typed = &self.editor.text()[..self.editor.cursor()];
        let Some(found) = self.completer.complete(typed) else {
            return self.screen.bell();
        };
        if !self.editor.replace_from(found.start, &found.text) {
            self.screen.bell();
        }
        if !found.choices.is_empty() {
            self.notice(&found.choices.join("  "));
        }
    }

    fn send(&mut self, text: &str, now: Instant) {
        let event = self.link.send(text);
        self.follow(event, &[], now);
    }

    fn show_received(&mut self, line: &str) {
        self.completer.learn(line);
        if let Some(name) = self.session.name()
            && name.parse::<std::net::SocketAddr>().is_err()
        {
            // Also the name of the next connection.
            self.name = Some(name.into());
        }
        let time = time_of_day(self.time);
        let shown = self.styler.received(&time, line, self.session.name());
        if shown.mention && self.focused == Some(false) {
            self.screen.bell();
        }
        self.lines.push(shown);
    }

    fn notice(&mut self, text: &str) {
        let time = time_of_day(self.time);
        self.lines.push(self.styler.notice(&time, text));
    }

    fn end(&mut self, status: Status, reason: impl Into<String>) {
        self.outcome.get_or_insert(Outcome::because(status, reason));
    }

    /// Brings the terminal up to date with one write.
    pub(super) fn draw(&mut self) -> io::Result<()> {
        let view = view(&self.question, self.way, &self.editor);
        let size = terminal::size();
        if size != self.screen.size() {
            self.screen.resize(size.0, size.1, view);
        }
        self.screen.show(self.lines.take(), view);
        terminal::write_out(self.screen.take_output().as_bytes())
    }

    /// Draws what is left to be seen, and takes the typed line off the screen.
    pub(super) fn clear_typed(&mut self) -> io::Result<()> {
        self.draw()?;
        self.screen.clear_typed();
        terminal::write_out(self.screen.take_output().as_bytes())
    }

    /// The process was stopped and goes on: what stands on the screen is not ours.
    pub(super) fn resume(&mut self) {
        self.screen.forget_typed();
    }
}

fn view<'a>(question: &'a Question, way: Way, editor: &'a Editor) -> View<'a> {
    let prompt = match (question, way) {
        (Question::Paste { prompt, .. }, _) => {
            return View {
                prompt,
                text: "",
                cursor: 0,
            };
        }
        (Question::Username, _) => PROMPT,
        (Question::Line, Way::In) => "> ",
        (Question::Line, Way::Connecting) => "(connecting) > ",
        (Question::Line, Way::Waiting(_)) => "(offline) > ",
    };
    View {
        prompt,
        text: editor.text(),
        cursor: editor.cursor(),
    }
}
