//! Passwords: what the client does when the server asks for one.

use std::time::Instant;

use super::super::keys::Key;
use super::super::masked::Masked;
use super::super::shown::Shown;
use super::typing::NextEnter;
use super::{Chat, Errand, LATE_ANSWER, Way};

/// What the server says once it has taken a new password.
const PASSWORD_SET: &str = "You have a new password from now on.";
const REGISTERED: &str = " is yours from now on.";

/// The questions for a password in the chat, and what stands behind them as long as the server does not know that we hide
/// the answer.
const QUESTIONS: [&str; 3] = ["Password", "New password", "Once more"];
const SHOWS: &str = " (it shows as you type):";

impl Chat {
    /// The name is somebody's: the server gets the password that we know, or one that the person types.
    pub(super) fn asked_password(&mut self) {
        let known = self.password.clone().filter(|_| !self.has_tried);
        match known {
            Some(password) => self.give_password(password.reveal()),
            None => {
                self.errands.push_back(Errand::Stay);
                self.masked.get_or_insert_with(|| Masked::new(true));
            }
        }
    }

    fn give_password(&mut self, password: &str) {
        self.has_tried = true;
        self.session.answer_password();
        self.send(format!("{password}\n"));
    }

    /// The server asks for a password in the chat, or no longer does.
    pub(super) fn hide(&mut self, hides: bool) {
        self.masked = hides.then(|| Masked::new(false));
    }

    /// Hides the answer to a question that says that it shows. Returns the line as it is true here.
    pub(super) fn note_question(&mut self, line: String) -> String {
        match line.strip_suffix(SHOWS) {
            Some(question) if QUESTIONS.contains(&question) => {
                self.hide(true);
                format!("{question}:")
            }
            _ => line,
        }
    }

    /// Acts on a key while a password is being typed.
    pub(super) fn key_masked(&mut self, key: &Key, mut masked: Masked, now: Instant) {
        match key {
            Key::Enter => return self.submit_masked(&masked, now),
            Key::Ctrl('c') if masked.at_door => return self.leave_now(now),
            // The server takes an empty answer for none.
            Key::Ctrl('c') => return self.submit_masked(&Masked::new(false), now),
            Key::Ctrl('d') if masked.is_empty() => {
                if !masked.at_door {
                    self.send("\n");
                }
                return self.leave_now(now);
            }
            Key::Ctrl('z') => self.suspend = true,
            Key::PasteTooLong => self.screen.bell(),
            key => {
                if !masked.edit(key) {
                    self.screen.bell();
                }
            }
        }
        self.masked = Some(masked);
    }

    fn submit_masked(&mut self, masked: &Masked, now: Instant) {
        if masked.at_door {
            self.lines.push(Shown::plain(masked.prompt()));
            match masked.is_empty() {
                // The server asks for a name again.
                true => self.name = None,
                false => self.password = Some(masked.secret()),
            }
            return self.give_password(masked.text());
        }
        self.typed = (!masked.is_empty()).then(|| masked.secret());
        self.next_enter = NextEnter::MayBeSecret;
        let mut bytes = format!("{}\n", masked.text()).into_bytes();
        // The server may ask again, and what is entered next must not become the answer.
        if self.session.answers_marks() == Some(true) && self.way == Way::In {
            self.outgoing.hold();
            bytes.extend_from_slice(self.outgoing.mark());
            self.late_at = Some(now + LATE_ANSWER);
        }
        self.send(bytes);
    }

    /// Keeps a new password that the server has taken, to come back with it.
    pub(super) fn note_password(&mut self, line: &str) {
        if line == PASSWORD_SET || line.ends_with(REGISTERED) {
            self.password = self.typed.take().or(self.password.take());
            self.next_enter = NextEnter::Nothing;
        }
    }
}
