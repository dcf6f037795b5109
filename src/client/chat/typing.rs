//! What each key does.

use std::mem;
use std::time::Instant;

use crate::limits::LINE_BYTES;
use crate::name::RoomName;

use super::super::editor::{Edit, Editor};
use super::super::keys::Key;
use super::super::masked::Masked;
use super::super::outgoing::Entered;
use super::super::screen::View;
use super::super::shown::Shown;
use super::super::words::{PASTE_TOO_LONG, Reading, Wish, is_quit, lines_of, secret_behind};
use super::{Chat, Question, Way};

/// The question for a username.
const PROMPT: &str = "Enter your username: ";

/// What is said of words that may be a password.
pub(super) const MAY_BE_SECRET: &str =
    "That was not sent, in case it is a password. Type it again to send it.";

/// What Enter means besides, once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum NextEnter {
    #[default]
    Nothing,
    /// What is said may be a password that was asked for until now. It is not sent, and the history does not keep it.
    MayBeSecret,
}

impl Chat {
    /// Acts on a key.
    pub(in super::super) fn key(&mut self, key: Key, now: Instant) {
        if let Key::Focus(focused) = key {
            return self.focus(focused);
        }
        if let Some(masked) = self.masked.take() {
            return self.key_masked(&key, masked, now);
        }
        if let Question::Paste { lines, .. } = &mut self.question {
            let lines = mem::take(lines);
            self.question = Question::Line;
            return self.answer_paste(lines, key == Key::Enter);
        }
        let at_line = self.question == Question::Line;
        if at_line && self.editor.search(&key, self.history.lines()) {
            return;
        }
        match key {
            // Nothing can be said any more; but people need not wait for the goodbye.
            Key::Enter if self.is_leaving => {}
            Key::Enter if at_line => self.submit(now),
            Key::Enter => self.submit_name(now),
            Key::Ctrl('c') if !self.editor.text().is_empty() => self.throw_away(),
            Key::Ctrl('c') => self.leave_now(now),
            Key::Ctrl('d') if self.editor.text().is_empty() => self.leave_now(now),
            Key::Ctrl('l') => {
                let status = self.status(self.screen.size().0);
                let prompt = (self.prompt(), &*status);
                let view = view(&self.question, &self.masked, prompt, &self.editor);
                self.screen.clear(view);
            }
            Key::Ctrl('z') => self.suspend = true,
            Key::Paste(bytes) => self.paste(&bytes),
            Key::PasteTooLong => self.notice(PASTE_TOO_LONG),
            Key::Tab if at_line => self.complete(),
            Key::Alt(digit @ '1'..='9') if at_line => self.go_to(digit),
            Key::Up | Key::Ctrl('p') if at_line => {
                if let Some(line) = self.history.older(self.editor.text()) {
                    self.editor.set(line);
                }
            }
            Key::Down | Key::Ctrl('n') if at_line => {
                if let Some(line) = self.history.newer(self.editor.text()) {
                    self.editor.set(line);
                }
            }
            key => self.edit(&key),
        }
    }

    /// Ctrl-C takes the text at the prompt.
    fn throw_away(&mut self) {
        self.editor.take();
        if self.question == Question::Line {
            self.history.look_away();
        }
    }

    fn edit(&mut self, key: &Key) {
        match self.editor.handle(key) {
            Edit::Full => {
                self.screen.bell();
                if !mem::replace(&mut self.full, true) {
                    self.notice(&format!(
                        "-- The line is full: it has at most {LINE_BYTES} bytes. Enter sends it. --"
                    ));
                }
            }
            Edit::Done => self.full = false,
            Edit::NotMine => {}
        }
    }

    fn submit(&mut self, now: Instant) {
        let line = self.editor.text().to_string();
        if let Some(sentence) = secret_behind(&line) {
            self.throw_away();
            return self.notice(&format!("-- {sentence} --"));
        }
        let wish = Wish::parse(&line);
        let reading = match wish {
            Wish::Command(command) => Reading::parse(command),
            _ => None,
        };
        match wish {
            Wish::Leave(_) | Wish::SendUsage => {}
            _ if reading.is_some() => {}
            _ if self.way != Way::In => return self.submit_offline(&wish),
            _ => {}
        }
        self.editor.take();
        let next_enter = mem::take(&mut self.next_enter);
        if line.trim().is_empty() {
            self.unread.read_all();
            return self.history.look_away();
        }
        match wish {
            Wish::Say(_) if next_enter == NextEnter::MayBeSecret => {
                self.history.look_away();
                return self.show_text(MAY_BE_SECRET);
            }
            _ => self.history.add(&line),
        }
        if let Some(reading) = reading {
            return self.change_reading(reading);
        }
        match wish {
            Wish::Leave(line) if self.way != Way::In => self.leave(line, now),
            _ => self.enter_lines(vec![Entered {
                text: line,
                pasted: false,
            }]),
        }
    }

    /// The person changes how they read.
    fn change_reading(&mut self, reading: Reading<'_>) {
        match reading {
            Reading::Time(args) => {
                let answer = self.clock.set(args);
                self.show_text(&answer);
            }
            Reading::Quiet(quiet) => {
                self.quiet = quiet.unwrap_or(self.quiet);
                self.show_text(match self.quiet {
                    true => "Join and leave notices are off.",
                    false => "Join and leave notices are on.",
                });
            }
        }
    }

    /// A line that cannot be sent stays. A blank line tries to connect at once, and the person can choose a new name.
    fn submit_offline(&mut self, wish: &Wish<'_>) {
        let name = match wish {
            Wish::Command(command) => command.strip_prefix("/nick "),
            _ => None,
        };
        if let Some(name) = name.map(str::trim).filter(|name| !name.is_empty()) {
            self.name = Some(name.into());
            self.notice(&format!("-- You come in as {name} now. --"));
            self.throw_away();
        } else if *wish != Wish::Nothing {
            self.screen.bell();
            self.notice("-- Not connected: the line stays here until it can be sent. --");
        }
        if self.way != Way::Connecting {
            self.connect();
        }
    }

    fn submit_name(&mut self, now: Instant) {
        let name = self.editor.take();
        if name.trim().is_empty() {
            return;
        }
        if name.split_whitespace().next().is_some_and(is_quit) {
            return self.leave_now(now);
        }
        self.lines.push(Shown::plain(&format!("{PROMPT}{name}")));
        self.put_back_aside();
        self.name = Some(name.trim().into());
        match self.way {
            Way::Connecting | Way::In => self.log_in(),
            Way::Waiting(_) | Way::SentAway => self.connect(),
        }
    }

    /// One line goes in at the cursor. Several lines are sent once the person has agreed.
    fn paste(&mut self, bytes: &[u8]) {
        let lines = lines_of(bytes);
        match &lines[..] {
            [] => {}
            [line] => self.insert(line),
            _ if self.question == Question::Username => {
                self.notice("-- A username is one line: nothing was taken. --");
            }
            _ => self.ask_about_paste(lines),
        }
    }

    fn insert(&mut self, line: &str) {
        if self.editor.insert(line) {
            return;
        }
        self.screen.bell();
        let bytes = self.editor.text().len() + line.len();
        self.notice(&format!(
            "-- A line has at most {LINE_BYTES} bytes; this would make {bytes}. Nothing was taken. --"
        ));
    }

    /// Shows the pasted lines, and asks whether to send them.
    fn ask_about_paste(&mut self, lines: Vec<String>) {
        self.show_some(&lines);
        let count = lines.len();
        let prompt =
            format!("Send these {count} lines? Enter sends them, any other key drops them. ");
        self.question = Question::Paste { lines, prompt };
    }

    fn answer_paste(&mut self, lines: Vec<String>, send: bool) {
        if !send {
            return self.notice("-- Nothing was sent. --");
        }
        if self.way != Way::In {
            self.screen.bell();
            return self.notice("-- Not connected: nothing was sent. --");
        }
        let pasted = |text| Entered { text, pasted: true };
        self.enter_lines(lines.into_iter().map(pasted).collect());
    }

    /// Goes to the room with this number among those that we hear. The line being typed comes along.
    fn go_to(&mut self, digit: char) {
        let rooms: Vec<RoomName> = self.world.rooms().take(9).cloned().collect();
        if self.way != Way::In || self.returning.is_some() {
            return self.screen.bell();
        }
        let mut numbers = '1'..='9';
        match numbers
            .position(|it| it == digit)
            .and_then(|at| rooms.get(at))
        {
            Some(room) if *room == self.standing.room && self.going.is_none() => {}
            Some(room) => self.enter_lines(vec![Entered {
                text: format!("/switch {room}"),
                pasted: false,
            }]),
            None => {
                let rooms = rooms.iter().zip(1..);
                let rooms: Vec<String> = rooms.map(|(it, n)| format!("Alt-{n} {it}")).collect();
                self.screen.bell();
                self.notice(&rooms.join("  "));
            }
        }
    }

    fn complete(&mut self) {
        let typed = &self.editor.text()[..self.editor.cursor()];
        let Some(found) = self.completer.complete(typed, &self.standing.others) else {
            return self.screen.bell();
        };
        if !self.editor.replace_from(found.start, &found.text) {
            self.screen.bell();
        }
        if !found.choices.is_empty() {
            self.notice(&found.choices.join("  "));
        }
    }
}

/// The appearance of the typed line.
pub(super) fn view<'a>(
    question: &'a Question,
    masked: &Option<Masked>,
    (prompt, status): (&'a str, &'a str),
    editor: &'a Editor,
) -> View<'a> {
    let (prompt, text, cursor) = match (masked, question) {
        (Some(masked), _) => (masked.prompt(), "", 0),
        (None, Question::Paste { prompt, .. }) => (prompt.as_str(), "", 0),
        (None, Question::Username) => (PROMPT, editor.text(), editor.cursor()),
        (None, Question::Line) => (editor.prompt(prompt), editor.text(), editor.cursor()),
    };
    View {
        status,
        prompt,
        text,
        cursor,
    }
}
