//! `Session`: the dialogue of one connection, from the server's first question to its goodbye. Bytes in, facts out; no
//! socket and no clock.

use crate::limits::LINE_BYTES_RANGE;
use crate::wire::{Input, LineDecoder};

/// The question for a username. It ends without a line end.
pub(super) const PROMPT: &str = "Enter your username: ";

const WELCOME: &str = "Welcome to the chat!";
const TAKEN: &str = "That username is taken.";
const INVALID: &str = "A username has ";
const GOODBYE: &str = "Goodbye!";

/// What the server says, before it closes, to those whom it does not let in.
const TURNED_AWAY: [&str; 4] = [
    "Server is full.",
    "Too many connections from your address.",
    "Too many attempts.",
    "Login timed out.",
];

/// Longest line taken from a server, in bytes: the longest that any server can be told to pass on, and the name of
/// who said it.
const RECEIVED_BYTES: usize = *LINE_BYTES_RANGE.end() + 1024;

/// What the server said.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// It wants a username.
    Asked,
    /// It did not take the name it was given; this is why. It asks again.
    Refused(String),
    /// It lets nobody in, or no longer us; this is why. It closes the connection.
    TurnedAway(String),
    /// We are in. The line is to be shown.
    Welcomed(String),
    /// A line to be shown.
    Line(String),
    /// It has said goodbye to us, who wanted to go. The line is to be shown.
    Goodbye(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Nothing but a greeting or a question can come.
    Naming,
    Chatting,
}

/// The state of one connection's dialogue.
#[derive(Debug)]
pub(super) struct Session {
    stage: Stage,
    decoder: LineDecoder,
    /// The line that has not ended, as far as it can be the question; only while naming.
    unended: Vec<u8>,
    /// The name that was given and not answered yet.
    offered: Option<String>,
    /// Under which name we are in.
    name: Option<String>,
    leaving: bool,
}

impl Session {
    pub(super) fn new() -> Session {
        Session {
            stage: Stage::Naming,
            decoder: LineDecoder::default(),
            unended: Vec::new(),
            offered: None,
            name: None,
            leaving: false,
        }
    }

    /// Whether the server has let us in.
    pub(super) fn is_in(&self) -> bool {
        self.stage == Stage::Chatting
    }

    /// The name we are known by, where that is known.
    pub(super) fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Gives the name by which a server without login knows us.
    pub(super) fn set_name(&mut self, name: String) {
        self.name = Some(name);
    }

    /// Answers the question for a name. Returns the line to send.
    pub(super) fn offer(&mut self, name: &str) -> String {
        self.offered = Some(name.trim().into());
        format!("{name}\n")
    }

    /// Notes that the server was asked to let us go.
    pub(super) fn leave(&mut self) {
        self.leaving = true;
    }

    pub(super) fn is_leaving(&self) -> bool {
        self.leaving
    }

    /// Takes in what the server sent.
    pub(super) fn receive(&mut self, bytes: &[u8], heard: &mut Vec<Heard>) {
        let mut input = bytes;
        let mut decoder = std::mem::take(&mut self.decoder);
        while let Some(line) = decoder.next(&mut input, RECEIVED_BYTES) {
            let text = match line {
                Input::Line(text) => text.into_owned(),
                _ => "-- a line of the server was too long to be shown --".into(),
            };
            heard.extend(self.line(text));
        }
        self.decoder = decoder;
        if self.stage == Stage::Naming && self.ends_in_question(bytes) {
            heard.push(Heard::Asked);
        }
    }

    /// The server will send no more. A last line without an end counts.
    pub(super) fn finish(&mut self, heard: &mut Vec<Heard>) {
        if let Some(Input::Line(text)) = self.decoder.finish() {
            heard.extend(self.line(text.into_owned()));
        }
    }

    fn line(&mut self, line: String) -> Option<Heard> {
        match self.stage {
            Stage::Naming => self.line_while_naming(&line),
            Stage::Chatting => Some(self.line_while_chatting(line)),
        }
    }

    fn line_while_naming(&mut self, line: &str) -> Option<Heard> {
        // The answer stands on the same line as the question.
        let line = line.strip_prefix(PROMPT).unwrap_or(line);
        if line == WELCOME {
            self.stage = Stage::Chatting;
            self.name = self.offered.take();
            return Some(Heard::Welcomed(line.into()));
        }
        if self.offered.is_some() && (line == TAKEN || line.starts_with(INVALID)) {
            self.offered = None;
            return Some(Heard::Refused(line.into()));
        }
        if TURNED_AWAY.iter().any(|words| line.starts_with(words)) {
            return Some(Heard::TurnedAway(line.into()));
        }
        (!line.is_empty()).then(|| Heard::Line(line.into()))
    }

    fn line_while_chatting(&mut self, line: String) -> Heard {
        if self.leaving && line == GOODBYE {
            return Heard::Goodbye(line);
        }
        if let Some(own) = &self.name
            && let Some(rest) = line.strip_prefix(own.as_str())
            && let Some(new) = rest.strip_prefix(" is now known as ")
        {
            self.name = Some(new.trim_end_matches('.').into());
        }
        Heard::Line(line)
    }

    /// Whether what was received so far ends in the question and nothing behind it.
    fn ends_in_question(&mut self, bytes: &[u8]) -> bool {
        let line_start = memchr::memrchr2(b'\n', b'\r', bytes).map(|end| end + 1);
        if line_start.is_some() {
            self.unended.clear();
        }
        let part = &bytes[line_start.unwrap_or(0)..];
        // One byte more than the question is enough to tell that it is none.
        let room = (PROMPT.len() + 1).saturating_sub(self.unended.len());
        self.unended
            .extend_from_slice(&part[..part.len().min(room)]);
        !part.is_empty() && self.unended == PROMPT.as_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is heard when the bytes come whole, which must be what is heard when they come one by one.
    fn hear(session: fn() -> Session, bytes: &str) -> (Vec<Heard>, Session) {
        let (mut whole, mut single) = (Vec::new(), Vec::new());
        let (mut one, mut other) = (session(), session());
        one.receive(bytes.as_bytes(), &mut whole);
        for byte in bytes.as_bytes().chunks(1) {
            other.receive(byte, &mut single);
        }
        assert_eq!(whole, single);
        (whole, one)
    }

    fn named() -> Session {
        let mut session = Session::new();
        session.receive(PROMPT.as_bytes(), &mut Vec::new());
        assert_eq!(session.offer(" Ann "), " Ann \n");
        session
    }

    fn welcomed() -> Session {
        let mut session = named();
        session.receive(b"Welcome to the chat!\r\n", &mut Vec::new());
        assert!(session.is_in());
        session
    }

    #[test]
    fn the_question_is_heard_though_its_line_does_not_end() {
        assert_eq!(hear(Session::new, PROMPT).0, [Heard::Asked]);
        assert_eq!(hear(Session::new, "Enter your").0, []);
        assert_eq!(
            hear(Session::new, "Hello\r\nEnter your username: ").0,
            [Heard::Line("Hello".into()), Heard::Asked]
        );
    }

    #[test]
    fn a_name_is_taken_or_refused() {
        let (heard, session) = hear(
            named,
            "Welcome to the chat!\r\nAnn has joined the chat.\r\n",
        );
        assert_eq!(
            heard,
            [
                Heard::Welcomed(WELCOME.into()),
                Heard::Line("Ann has joined the chat.".into())
            ]
        );
        assert_eq!(session.name(), Some("Ann"));
        for refusal in [
            TAKEN,
            "A username has 1 to 32 letters, digits, '_', '-' or '.'.",
        ] {
            let (heard, session) = hear(named, &format!("{refusal}\r\n{PROMPT}"));
            assert_eq!(heard, [Heard::Refused(refusal.into()), Heard::Asked]);
            assert_eq!(session.name(), None);
        }
    }

    #[test]
    fn those_who_are_turned_away_hear_why() {
        for (start, words) in [
            (
                Session::new as fn() -> Session,
                "Server is full. Try again later.",
            ),
            (
                Session::new,
                "Too many connections from your address. Close one and try again.",
            ),
            (named, "Too many attempts. Goodbye!"),
            (named, "Login timed out. Goodbye!"),
        ] {
            let heard = hear(start, &format!("{words}\r\n")).0;
            assert_eq!(heard, [Heard::TurnedAway(words.into())]);
        }
    }

    #[test]
    fn a_server_without_login_welcomes_at_once() {
        let (heard, session) = hear(Session::new, "Welcome to the chat!\r\n");
        assert_eq!(heard, [Heard::Welcomed(WELCOME.into())]);
        assert_eq!(session.name(), None);
    }

    #[test]
    fn a_new_name_is_followed() {
        let (_, session) = hear(welcomed, "Bob is now known as Rob.\r\n");
        assert_eq!(session.name(), Some("Ann"));
        let (_, session) = hear(welcomed, "Ann is now known as Zoë.\r\n");
        assert_eq!(session.name(), Some("Zoë"));
    }

    #[test]
    fn goodbye_counts_when_we_asked_for_it() {
        assert_eq!(
            hear(welcomed, "Goodbye!\r\n").0,
            [Heard::Line(GOODBYE.into())]
        );
        let leaving = || {
            let mut session = welcomed();
            session.leave();
            session
        };
        assert_eq!(
            hear(leaving, "Goodbye!\r\n").0,
            [Heard::Goodbye(GOODBYE.into())]
        );
    }

    #[test]
    fn what_could_drive_a_terminal_becomes_visible() {
        let heard = hear(welcomed, "Bob: \x1b]0;x\x07\u{9b}2J\r\n").0;
        assert_eq!(heard, [Heard::Line("Bob: ␛]0;x␇\u{fffd}2J".into())]);
    }

    #[test]
    fn the_question_is_plain_text_once_we_are_in() {
        let heard = hear(welcomed, "Enter your username: \r\n").0;
        assert_eq!(heard, [Heard::Line(PROMPT.into())]);
    }
}
