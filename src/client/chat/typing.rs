//! What each key does.

use std::mem;
use std::time::Instant;

use crate::limits::LINE_BYTES;

use super::super::editor::{Edit, Editor};
use super::super::keys::Key;
use super::super::masked::Masked;
use super::super::outgoing::Entered;
use super::super::screen::View;
use super::super::session::PROMPT;
use super::super::shown::Shown;
use super::super::words::{PASTE_TOO_LONG, Wish, is_quit, lines_of, secret_behind};
use super::{Chat, Question, Way};

/// What Enter means besides, once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum NextEnter {
    #[default]
    Nothing,
    /// What is said may be a password that was asked for until now. The history does not keep it.
    MayBeSecret,
    /// Alone, it has the server say a line that was held back there.
    SendsHeld,
}

impl Chat {
    /// Acts on a key.
    pub(in super::super) fn key(&mut self, key: Key, now: Instant) {
        if let Key::Focus(focused) = key {
            self.focused = Some(focused);
            return;
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
        match key {
            // Nothing can be said any more; but people need not wait for the goodbye.
            Key::Enter if self.session.is_leaving() => {}
            Key::Enter if at_line => self.submit(now),
            Key::Enter => self.submit_name(now),
            Key::Ctrl('c') if !self.editor.text().is_empty() => self.throw_away(),
            Key::Ctrl('c') => self.leave_now(now),
            Key::Ctrl('d') if self.editor.text().is_empty() => self.leave_now(now),
            Key::Ctrl('l') => {
                let view = view(&self.question, &self.masked, self.prompt(), &self.editor);
                self.screen.clear(view);
            }
            Key::Ctrl('z') => self.suspend = true,
            Key::Paste(bytes) => self.paste(&bytes),
            Key::PasteTooLong => self.notice(PASTE_TOO_LONG),
            Key::Tab if at_line => self.complete(),
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
        match wish {
            Wish::Leave(_) | Wish::SendUsage => {}
            _ if self.way != Way::In => return self.submit_offline(&wish),
            _ => {}
        }
        self.editor.take();
        let next_enter = mem::take(&mut self.next_enter);
        if line.trim().is_empty() {
            if next_enter == NextEnter::SendsHeld {
                self.send("\n");
            }
            return self.history.look_away();
        }
        // The server does not say it either.
        match wish {
            Wish::Say(_) if next_enter == NextEnter::MayBeSecret => self.history.look_away(),
            _ => self.history.add(&line),
        }
        match wish {
            Wish::Leave(line) if self.way != Way::In => self.leave(line, now),
            _ => self.enter_lines(vec![Entered {
                text: line,
                pasted: false,
            }]),
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
        self.give_name(&name);
        self.name = Some(name.trim().into());
    }

    /// Asks for a username. The current question and the typed line wait meanwhile. If a name is being typed already,
    /// it stays.
    pub(super) fn ask_for_name(&mut self) {
        if self.question != Question::Username {
            let question = mem::replace(&mut self.question, Question::Username);
            self.aside = (question, self.editor.take());
        }
    }

    /// Ends the question for a username, if there is one: the line that was being typed comes back, and so does the
    /// question.
    pub(super) fn put_back_aside(&mut self) {
        if self.question == Question::Username {
            let (question, text) = mem::take(&mut self.aside);
            self.question = question;
            self.editor.set(&text);
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

    fn complete(&mut self) {
        let typed = &self.editor.text()[..self.editor.cursor()];
        let Some(found) = self.completer.complete(typed, &self.standing.others()) else {
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
    prompt: &'a str,
    editor: &'a Editor,
) -> View<'a> {
    let (prompt, text, cursor) = match (masked, question) {
        (Some(masked), _) => (masked.prompt(), "", 0),
        (None, Question::Paste { prompt, .. }) => (prompt.as_str(), "", 0),
        (None, Question::Username) => (PROMPT, editor.text(), editor.cursor()),
        (None, Question::Line) => (prompt, editor.text(), editor.cursor()),
    };
    View {
        prompt,
        text,
        cursor,
    }
}
