//! `Session`: the dialogue of one connection, from the server's first question to its goodbye. Bytes go in, facts come
//! out; there is no socket and no clock.

use crate::limits::LINE_BYTES_RANGE;
use crate::name::Username;
use crate::wire::{Input, LineDecoder};

use super::line::{self, Fact};
use super::marks::{Marks, Piece};

/// The question for a username. It ends without a line end.
pub(super) const PROMPT: &str = "Enter your username: ";

/// The questions for a password at the door. They end without a line end.
const PASSWORD_PROMPTS: [&str; 2] = ["Password: ", "Password (it shows as you type): "];

/// The password is another one.
const WRONG_PASSWORD: &str = "That is not the password.";

/// The server says one of these when a password was not taken, and asks again.
const NO_PASSWORD: [&str; 5] = [
    WRONG_PASSWORD,
    "Too many attempts. Try again in ",
    "Many people are coming in.",
    "Passwords cannot be checked right now.",
    "That took too long and was given up.",
];

/// The owner of a name is in: again, or for the first time.
const WELCOME_BACK: [&str; 2] = ["Welcome back, ", "Welcome, "];

const WELCOME: &str = "Welcome to the chat!";
/// Follows the welcome of a server that answers [timing marks](super::marks).
const HELP_HINT: &str = "Type /help for the list of commands.";
/// The server says one of these when a name was not taken, and asks for another.
const NO_NAME: [&str; 4] = [
    "That username is taken.",
    "That username is for operators.",
    "A username has ",
    "This server is for members",
];
const GOODBYE: &str = "Goodbye!";
/// Does not send anybody away: the server itself stops, and usually comes back.
const SHUTTING_DOWN: &str = "Server is shutting down. Goodbye!";
const IDLE: &str = "You have been silent for too long. Goodbye!";

/// So begin the last words to people who came in from elsewhere, or were sent away.
const FINAL: [&str; 5] = [
    "You came in from elsewhere.",
    "You were kicked",
    "You are banned",
    "Your password was changed.",
    "Your account was removed.",
];

/// The server says this once, before it reads from a person only as fast as they may send.
const SLOWED_DOWN: [&str; 2] = [
    "You are sending too fast;",
    "Too much is coming from your address;",
];

/// In the line about a newcomer, these words follow the name.
const JOINED: &str = "has joined ";

/// The server says one of these before it closes, to people whom it does not let in.
const TURNED_AWAY: [&str; 4] = [
    "Server is full.",
    "Too many connections from your address.",
    "Too many attempts. Goodbye!",
    "Login timed out.",
];

/// The server says this, and how to connect with another program, to people who come without TLS.
const TLS_ONLY: [&str; 2] = [
    "This server speaks TLS only.",
    "Connect with: openssl s_client ",
];

/// The longest line to accept from a server, in bytes: the longest that any server may pass on, and the name of the
/// person who said it.
const RECEIVED_BYTES: usize = *LINE_BYTES_RANGE.end() + 1024;

/// A message from the server, as the client understands it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// The server wants a username.
    Asked,
    /// The name is somebody's, and the server wants the password.
    AskedPassword,
    /// The server did not take the password; this is why. It asks again.
    PasswordRefused(String),
    /// Whether what is typed is to be hidden from now on, because the server asks for a password.
    Hides(bool),
    /// The server did not take the name; this is why. It asks again.
    Refused(String),
    /// The server lets nobody in, or no longer us; this is why. It closes the connection.
    TurnedAway(String),
    /// We are in. The line should be shown.
    Welcomed(String),
    /// A line to show.
    Line(String),
    /// The server has reached the next mark.
    Mark,
    /// The server has answered our goodbye. The line should be shown.
    Goodbye(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Only a greeting or a question can come.
    Naming,
    /// The line after the welcome comes next.
    Welcomed,
    Chatting,
}

/// The state of one connection's dialogue.
#[derive(Debug)]
pub(super) struct Session {
    stage: Stage,
    marks: Marks,
    decoder: LineDecoder,
    /// The line that has not ended, as much of it as can be the question; only while naming.
    unended: Vec<u8>,
    /// The name that the server has not answered yet.
    offered: Option<String>,
    /// The name under which we are in.
    name: Option<String>,
    /// The name is ours, by a password.
    is_member: bool,
    answers_marks: bool,
    /// The last line was a goodbye, and we had not asked for it.
    sent_away: bool,
    leaving: bool,
}

impl Session {
    pub(super) fn new() -> Session {
        Session {
            stage: Stage::Naming,
            marks: Marks::default(),
            decoder: LineDecoder::default(),
            unended: Vec::new(),
            offered: None,
            name: None,
            is_member: false,
            answers_marks: false,
            sent_away: false,
            leaving: false,
        }
    }

    /// Whether the server has let us in.
    pub(super) fn is_in(&self) -> bool {
        self.stage != Stage::Naming
    }

    /// The name the server knows us by, if we know it.
    pub(super) fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Whether the server answers marks, as soon as the line after the welcome tells.
    pub(super) fn answers_marks(&self) -> Option<bool> {
        (self.stage == Stage::Chatting).then_some(self.answers_marks)
    }

    /// Whether the server has sent us away, should the connection end now.
    pub(super) fn is_sent_away(&self) -> bool {
        self.sent_away
    }

    /// Answers the question for a name. Returns the line to send.
    pub(super) fn offer(&mut self, name: &str) -> String {
        self.offered = Some(as_written(name));
        self.unended.clear();
        format!("{name}\n")
    }

    /// The name that the server has not answered yet.
    pub(super) fn offered(&self) -> Option<&str> {
        self.offered.as_deref()
    }

    /// Whether the name is ours, by a password.
    pub(super) fn is_member(&self) -> bool {
        self.is_member
    }

    /// Notes that the question for a password is answered. What follows stands on the same line.
    pub(super) fn answer_password(&mut self) {
        self.unended.clear();
    }

    /// Notes that we asked the server to let us go.
    pub(super) fn leave(&mut self) {
        self.leaving = true;
    }

    pub(super) fn is_leaving(&self) -> bool {
        self.leaving
    }

    /// Takes in bytes of the server.
    pub(super) fn receive(&mut self, mut bytes: &[u8], heard: &mut Vec<Heard>) {
        let mut asked = None;
        while let Some(piece) = self.marks.next(&mut bytes) {
            match piece {
                Piece::Mark => heard.push(Heard::Mark),
                Piece::Text(text) => {
                    self.receive_text(text, heard);
                    asked = match self.stage {
                        Stage::Naming => self.question(text),
                        Stage::Welcomed | Stage::Chatting => None,
                    };
                }
                Piece::Hides(hides) if self.is_in() => heard.push(Heard::Hides(hides)),
                Piece::Hides(_) => {}
            }
        }
        heard.extend(asked);
    }

    fn receive_text(&mut self, mut text: &[u8], heard: &mut Vec<Heard>) {
        let mut decoder = std::mem::take(&mut self.decoder);
        while let Some(line) = decoder.next(&mut text, RECEIVED_BYTES) {
            let line = match line {
                Input::Line(line) => line.into_owned(),
                _ => "-- a line of the server was too long to be shown --".into(),
            };
            heard.extend(self.line(line));
        }
        self.decoder = decoder;
    }

    /// The server will send no more. A last line without an end counts, but does not tell whether the server answers
    /// marks.
    pub(super) fn finish(&mut self, heard: &mut Vec<Heard>) {
        if let Some(Input::Line(text)) = self.decoder.finish() {
            let text = text.into_owned();
            heard.extend(match self.stage {
                Stage::Welcomed => Some(Heard::Line(text)),
                _ => self.line(text),
            });
        }
    }

    fn line(&mut self, line: String) -> Option<Heard> {
        self.sent_away = is_last_word(&line);
        match self.stage {
            Stage::Naming => return self.line_while_naming(line),
            Stage::Welcomed => {
                self.answers_marks = line == HELP_HINT;
                self.stage = Stage::Chatting;
            }
            Stage::Chatting => {}
        }
        Some(self.line_while_chatting(line))
    }

    fn line_while_naming(&mut self, line: String) -> Option<Heard> {
        // The answer stands on the same line as the question.
        let mut line = &line[..];
        let questions = || PASSWORD_PROMPTS.into_iter().chain([PROMPT]);
        while let Some(rest) = questions().find_map(|it| line.strip_prefix(it)) {
            line = rest;
        }
        self.sent_away = is_last_word(line);
        let mut backs = WELCOME_BACK.iter();
        let back = backs.find_map(|it| line.strip_prefix(it)?.split_once('!'));
        if let (Some((name, _)), true) = (back, self.offered.is_some()) {
            // A server that has accounts answers marks.
            self.stage = Stage::Chatting;
            self.answers_marks = true;
            self.is_member = true;
            self.offered = None;
            self.name = Some(name.into());
            return Some(Heard::Welcomed(line.into()));
        }
        if self.offered.is_some() && NO_PASSWORD.iter().any(|it| line.starts_with(it)) {
            return Some(Heard::PasswordRefused(line.into()));
        }
        if line == WELCOME {
            self.stage = Stage::Welcomed;
            self.name = self.offered.take();
            return Some(Heard::Welcomed(line.into()));
        }
        if self.offered.is_some() && NO_NAME.iter().any(|it| line.starts_with(it)) {
            self.offered = None;
            return Some(Heard::Refused(line.into()));
        }
        if is_final(line) || TURNED_AWAY.iter().any(|words| line.starts_with(words)) {
            return Some(Heard::TurnedAway(line.into()));
        }
        if line == TLS_ONLY[0] {
            return Some(Heard::TurnedAway(format!("{line} Connect with --tls")));
        }
        if line.starts_with(TLS_ONLY[1]) {
            return None;
        }
        if self.leaving && line == GOODBYE {
            return Some(Heard::Goodbye(line.into()));
        }
        (!line.is_empty()).then(|| Heard::Line(line.into()))
    }

    fn line_while_chatting(&mut self, line: String) -> Heard {
        if self.leaving && line == GOODBYE {
            return Heard::Goodbye(line);
        }
        let read = line::read(&line);
        match read.fact {
            _ if read.past => {}
            Fact::Renamed { from, to } if self.name.as_deref() == Some(from) => {
                self.name = Some(to.into());
            }
            // A server without login calls us by our address. The first newcomer after the welcome is us.
            Fact::Event { name, what } if self.name.is_none() && what.starts_with(JOINED) => {
                self.name = Some(name.into());
            }
            _ => {}
        }
        Heard::Line(line)
    }

    /// The question that the bytes so far end in, with nothing after it.
    fn question(&mut self, bytes: &[u8]) -> Option<Heard> {
        let line_start = memchr::memrchr2(b'\n', b'\r', bytes).map(|end| end + 1);
        if line_start.is_some() {
            self.unended.clear();
        }
        let part = &bytes[line_start.unwrap_or(0)..];
        // One byte more than the longest question is enough to see that this is none.
        let longest = PASSWORD_PROMPTS[1].len();
        let room = (longest + 1).saturating_sub(self.unended.len());
        self.unended
            .extend_from_slice(&part[..part.len().min(room)]);
        let is = |question: &str| !part.is_empty() && self.unended == question.as_bytes();
        match is(PROMPT) {
            true => Some(Heard::Asked),
            false if self.offered.is_none() => None,
            false => {
                let mut prompts = PASSWORD_PROMPTS.into_iter();
                prompts.any(is).then_some(Heard::AskedPassword)
            }
        }
    }
}

/// A typed name as the server writes it.
pub(super) fn as_written(name: &str) -> String {
    let parsed = Username::parse(name);
    parsed.map_or_else(|_| name.trim().into(), |it| it.as_str().into())
}

/// Whether a line is the server's last word to people who did not ask to go.
pub(super) fn is_dismissal(line: &str) -> bool {
    line == SHUTTING_DOWN || is_final(line)
}

/// Whether a line is the last word to people who did not stop the server.
fn is_last_word(line: &str) -> bool {
    line == GOODBYE || is_final(line)
}

/// Whether a line is the last word to somebody who is not to come back by themselves. Nobody can say such a line: a name
/// and a colon would stand before it.
fn is_final(line: &str) -> bool {
    let begins = |words: &str| line.starts_with(words) && line.ends_with("Goodbye!");
    line == IDLE || FINAL.iter().any(|words| begins(words))
}

/// Whether a line says that the password is another one, and not only that it could not be looked at.
pub(super) fn is_wrong_password(line: &str) -> bool {
    line.starts_with(WRONG_PASSWORD)
}

/// Whether a line says that the server reads from us more slowly than we send.
pub(super) fn is_slowed_down(line: &str) -> bool {
    SLOWED_DOWN.iter().any(|words| line.starts_with(words))
}

#[cfg(test)]
mod tests;
