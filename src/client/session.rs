//! `Session`: the dialogue of one connection, from the server's first question to its goodbye. Bytes go in, facts come
//! out; there is no socket and no clock.

use crate::limits::LINE_BYTES_RANGE;
use crate::name::Username;
use crate::wire::{Input, LineDecoder};

use super::line::{self, Fact};
use super::marks::{Marks, Piece};

/// The question for a username. It ends without a line end.
pub(super) const PROMPT: &str = "Enter your username: ";

const WELCOME: &str = "Welcome to the chat!";
/// Follows the welcome of a server that answers [timing marks](super::marks).
const HELP_HINT: &str = "Type /help for the list of commands.";
const TAKEN: &str = "That username is taken.";
const INVALID: &str = "A username has ";
const GOODBYE: &str = "Goodbye!";
/// Does not send anybody away: the server itself stops, and usually comes back.
const SHUTTING_DOWN: &str = "Server is shutting down. Goodbye!";
const IDLE: &str = "You have been silent for too long. Goodbye!";

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
    "Too many attempts.",
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
        format!("{name}\n")
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
        let mut asked = false;
        while let Some(piece) = self.marks.next(&mut bytes) {
            match piece {
                Piece::Mark => heard.push(Heard::Mark),
                Piece::Text(text) => {
                    self.receive_text(text, heard);
                    asked = self.stage == Stage::Naming && self.ends_in_question(text);
                }
            }
        }
        if asked {
            heard.push(Heard::Asked);
        }
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
        self.sent_away = line == GOODBYE || line == IDLE;
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
        let line = line.strip_prefix(PROMPT).unwrap_or(&line);
        if line == WELCOME {
            self.stage = Stage::Welcomed;
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

    /// Whether the bytes so far end in the question and nothing after it.
    fn ends_in_question(&mut self, bytes: &[u8]) -> bool {
        let line_start = memchr::memrchr2(b'\n', b'\r', bytes).map(|end| end + 1);
        if line_start.is_some() {
            self.unended.clear();
        }
        let part = &bytes[line_start.unwrap_or(0)..];
        // One byte more than the question is enough to see that this is not the question.
        let room = (PROMPT.len() + 1).saturating_sub(self.unended.len());
        self.unended
            .extend_from_slice(&part[..part.len().min(room)]);
        !part.is_empty() && self.unended == PROMPT.as_bytes()
    }
}

/// A typed name as the server writes it.
pub(super) fn as_written(name: &str) -> String {
    let parsed = Username::parse(name);
    parsed.map_or_else(|_| name.trim().into(), |it| it.as_str().into())
}

/// Whether a line is the server's last word to people who did not ask to go.
pub(super) fn is_dismissal(line: &str) -> bool {
    line == IDLE || line == SHUTTING_DOWN
}

/// Whether a line says that the server reads from us more slowly than we send.
pub(super) fn is_slowed_down(line: &str) -> bool {
    SLOWED_DOWN.iter().any(|words| line.starts_with(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks that whole bytes and single bytes are heard alike, and returns what was heard.
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
    fn those_who_come_without_tls_hear_of_the_option() {
        let lines = "This server speaks TLS only.\r\n\
                     Connect with: openssl s_client -quiet -connect HOST:PORT\r\n";
        let words = "This server speaks TLS only. Connect with --tls";
        let heard = hear(Session::new, lines).0;
        assert_eq!(heard, [Heard::TurnedAway(words.into())]);
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
    fn a_server_that_answers_marks_says_so_behind_the_welcome() {
        let lines = format!("{WELCOME}\r\n{HELP_HINT}\r\nBob: hi\r\n");
        let (_, session) = hear(named, &lines);
        assert_eq!(session.answers_marks(), Some(true));
        // Words that somebody says later change nothing.
        let lines = format!("{WELCOME}\r\nBob: hi\r\n{HELP_HINT}\r\n");
        let (_, session) = hear(named, &lines);
        assert_eq!(session.answers_marks(), Some(false));
        let mut heard = Vec::new();
        welcomed().receive(b"Bob: h\xff\xfc\x06i\r\n", &mut heard);
        assert_eq!(heard, [Heard::Mark, Heard::Line("Bob: hi".into())]);
    }

    #[test]
    fn a_server_without_login_tells_our_name_when_we_come_in() {
        let lines = format!(
            "{WELCOME}\r\n[2026-11-25 12:00] 127.0.0.1:1 has joined the chat.\r\n\
             127.0.0.1:5000-2 has joined the chat.\r\n127.0.0.1:6000 has joined the chat.\r\n"
        );
        let (_, session) = hear(Session::new, &lines);
        assert_eq!(session.name(), Some("127.0.0.1:5000-2"));
    }

    #[test]
    fn a_goodbye_that_nobody_asked_for_sends_us_away_if_nothing_follows() {
        for (lines, sent_away) in [
            ("You have been silent for too long. Goodbye!", true),
            (
                "You have been silent for too long. Goodbye!\r\nBob: hi",
                false,
            ),
            ("Server is shutting down. Goodbye!", false),
            ("Bob: Goodbye!", false),
            ("[12:30] Bob: Goodbye!", false),
            ("Bob is away: See you. Goodbye!", false),
            ("The topic of #den is: Goodbye!", false),
            ("Goodbye!", true),
        ] {
            let (_, session) = hear(welcomed, &format!("{lines}\r\n"));
            assert_eq!(session.is_sent_away(), sent_away, "{lines}");
        }
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
