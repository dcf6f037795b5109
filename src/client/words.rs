//! The meaning of a typed line: `send <MSG>`, `leave`, a command for the server, or text.

use crate::chat::command_named;
use crate::limits::LINE_BYTES_RANGE;
use crate::name::RoomName;
use crate::wire::{Command, Input, LineDecoder};

use super::protocol::Spoken;

/// The message for a person whose clipboard held more than [`PASTE_BYTES`](super::keys::PASTE_BYTES).
pub(super) const PASTE_TOO_LONG: &str = "-- That paste is longer than 1 MiB. Nothing was taken. --";

/// How to use `send`; the answer to a `send` without a message.
pub(super) const SEND_USAGE: &str =
    "How to use it: send <MSG>. Plain text is sent as well, without 'send' before it.";

/// The line that asks the server to let us go.
pub(super) const QUIT: &str = "/quit";

/// The command that tells what one is doing.
const ME: &str = "/me";

/// The meaning of a typed line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wish<'a> {
    Nothing,
    /// To read how to use `send`.
    SendUsage,
    /// To leave, with this line for the server.
    Leave(&'a str),
    /// Text for the room.
    Say(&'a str),
    /// A command for the server, with its slash.
    Command(&'a str),
}

impl<'a> Wish<'a> {
    pub(super) fn parse(line: &'a str) -> Wish<'a> {
        match line.trim() {
            "" => return Wish::Nothing,
            "send" => return Wish::SendUsage,
            "leave" => return Wish::Leave(QUIT),
            _ => {}
        }
        if let Some(message) = line.trim_start().strip_prefix("send")
            && message.starts_with(char::is_whitespace)
        {
            return Wish::Say(message.trim_start());
        }
        match Command::parse(line) {
            Command::Blank => Wish::Nothing,
            Command::Slash { word, .. } if is_quit(word) => Wish::Leave(line),
            Command::Slash { .. } => Wish::Command(line),
            Command::Say(text) => Wish::Say(text),
        }
    }
}

/// Whether a command asks the server to let us go.
pub(super) fn is_quit(word: &str) -> bool {
    command_named(word) == Some(QUIT)
}

/// Whether a line that asks the server to let us go has words for the room.
pub(super) fn has_last_word(line: &str) -> bool {
    matches!(Command::parse(line), Command::Slash { args, .. } if !args.is_empty())
}

/// What is said of a line with a password behind a command, which asks for it. Nothing of the line is used.
pub(super) fn secret_behind(line: &str) -> Option<String> {
    let Command::Slash { word, args } = Command::parse(line) else {
        return None;
    };
    let word = word
        .trim_start_matches(['/', '\u{ff0f}'])
        .to_ascii_lowercase();
    let has_secret = match &*word {
        "register" | "password" => !args.is_empty(),
        "unregister" => !matches!(
            args.split_whitespace().collect::<Vec<_>>()[..],
            [] | ["to", _]
        ),
        _ => false,
    };
    has_secret.then(|| format!("Type /{word} alone; you are asked for the password."))
}

/// The command in a line, by the word that the server lists it under, and the text after it.
pub(super) fn command_of(line: &str) -> Option<(&'static str, &str)> {
    match Command::parse(line) {
        Command::Slash { word, args } => Some((command_named(word)?, args)),
        _ => None,
    }
}

/// Whether a command asks for another room.
pub(super) fn leads_elsewhere(command: &str) -> bool {
    matches!(
        command_of(command),
        Some(("/join" | "/leave" | "/switch", _))
    )
}

/// The room that a command says something in, and the text.
pub(super) fn said_in(command: &str) -> Option<(RoomName, &str)> {
    let Some(("/in", args)) = command_of(command) else {
        return None;
    };
    let (room, text) = args.split_once(char::is_whitespace)?;
    Some((RoomName::parse(room).ok()?, text.trim_start()))
}

/// The rooms that can come next after some text.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Rooms {
    /// Every room.
    All,
    /// Those that the person hears besides the current one.
    Heard,
}

/// Which rooms can come next after this text, if any can.
pub(super) fn takes_room(before: &str) -> Option<Rooms> {
    match command_of(before).filter(|_| before.ends_with(char::is_whitespace))? {
        ("/join" | "/who" | "/listen", "") => Some(Rooms::All),
        ("/in" | "/switch" | "/unlisten", "") => Some(Rooms::Heard),
        _ => None,
    }
}

/// What a command says or writes to others, if it has all that this needs. What it says, it says in this room unless it
/// names another one.
pub(super) fn spoken(command: &str, room: &RoomName) -> Option<Spoken> {
    match command_of(command)? {
        (ME, text) if !text.is_empty() => Some(Spoken::Do {
            room: room.clone(),
            text: text.into(),
        }),
        ("/in", _) => {
            let (room, text) = said_in(command)?;
            match Command::parse(text) {
                Command::Say(text) => Some(Spoken::Say {
                    room,
                    text: text.into(),
                }),
                Command::Slash { word, args } if command_named(word) == Some(ME) => {
                    let text = args.into();
                    (!args.is_empty()).then_some(Spoken::Do { room, text })
                }
                _ => None,
            }
        }
        ("/msg", args) => {
            let (to, text) = args.split_once(char::is_whitespace)?;
            Some(Spoken::Write {
                to: to.into(),
                text: text.trim_start().into(),
            })
        }
        _ => None,
    }
}

/// A command that needs passwords, which are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Accounts {
    Register,
    Password,
    /// The member who gets the rooms.
    Unregister(Option<String>),
}

impl Accounts {
    pub(super) fn parse(command: &str) -> Option<Accounts> {
        match command_of(command)? {
            ("/register", "") => Some(Accounts::Register),
            ("/password", "") => Some(Accounts::Password),
            ("/unregister", args) => match args.split_whitespace().collect::<Vec<_>>()[..] {
                [] => Some(Accounts::Unregister(None)),
                ["to", name] => Some(Accounts::Unregister(Some(name.into()))),
                _ => None,
            },
            _ => None,
        }
    }

    /// The word to type.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Accounts::Register => "/register",
            Accounts::Password => "/password",
            Accounts::Unregister(_) => "/unregister",
        }
    }

    /// What is asked for, one after the other.
    pub(super) fn questions(&self) -> &'static [&'static str] {
        match self {
            Accounts::Register => &["New password:", "Once more:"],
            Accounts::Password => &["Password:", "New password:", "Once more:"],
            Accounts::Unregister(_) => &["Password:"],
        }
    }

    /// The member who gets the rooms.
    pub(super) fn heir(&self) -> Option<&str> {
        match self {
            Accounts::Unregister(heir) => heir.as_deref(),
            Accounts::Register | Accounts::Password => None,
        }
    }
}

/// A command about how this person reads, which the server has nothing to do with.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reading<'a> {
    /// The text behind `/time`.
    Time(&'a str),
    /// Whether comings and goings are hidden from now on. `None`: to be told whether they are.
    Quiet(Option<bool>),
}

impl<'a> Reading<'a> {
    pub(super) fn parse(command: &'a str) -> Option<Reading<'a>> {
        match command_of(command)? {
            ("/time", args) => Some(Reading::Time(args)),
            ("/quiet", args) => match &*args.to_ascii_lowercase() {
                "" => Some(Reading::Quiet(None)),
                "on" => Some(Reading::Quiet(Some(true))),
                "off" => Some(Reading::Quiet(Some(false))),
                // The server tells how to use it.
                _ => None,
            },
            _ => None,
        }
    }
}

/// The lines of a paste, without blank ones.
pub(super) fn lines_of(mut bytes: &[u8]) -> Vec<String> {
    let mut decoder = LineDecoder::default();
    let mut lines = Vec::new();
    let mut push = |line: Input<'_>| match line {
        Input::Line(text) if !text.trim().is_empty() => lines.push(text.into_owned()),
        _ => {}
    };
    while let Some(line) = decoder.next(&mut bytes, *LINE_BYTES_RANGE.end()) {
        push(line);
    }
    if let Some(line) = decoder.finish() {
        push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_wish() {
        for (line, wish) in [
            ("", Wish::Nothing),
            ("  \t", Wish::Nothing),
            ("hello", Wish::Say("hello")),
            ("send hello", Wish::Say("hello")),
            ("  send  hello  all", Wish::Say("hello  all")),
            ("send", Wish::SendUsage),
            ("send  ", Wish::SendUsage),
            ("sender unknown", Wish::Say("sender unknown")),
            ("send leave", Wish::Say("leave")),
            ("send /users", Wish::Say("/users")),
            ("leave", Wish::Leave("/quit")),
            ("leave ", Wish::Leave("/quit")),
            ("leave me", Wish::Say("leave me")),
            ("/quit", Wish::Leave("/quit")),
            ("/Q good night", Wish::Leave("/Q good night")),
            ("\u{ff0f}exit", Wish::Leave("\u{ff0f}exit")),
            ("/users", Wish::Command("/users")),
            ("/nick Bob", Wish::Command("/nick Bob")),
            ("//etc/hosts", Wish::Say("/etc/hosts")),
        ] {
            assert_eq!(Wish::parse(line), wish, "{line:?}");
        }
    }

    #[test]
    fn a_password_behind_a_command_is_not_read() {
        for line in [
            "/register x",
            "/PASSWORD a b",
            "\u{ff0f}register x",
            "/unregister x",
            "/unregister to bob x",
        ] {
            let sentence = secret_behind(line).expect(line);
            assert!(sentence.ends_with("alone; you are asked for the password."));
        }
        for line in [
            "/register",
            "/password ",
            "/unregister to bob",
            "register x",
            "//register x",
            "/me x",
        ] {
            assert_eq!(secret_behind(line), None, "{line}");
        }
    }

    #[test]
    fn another_room_is_asked_for_in_all_the_words_for_it() {
        for command in [
            "/join #den",
            "/JOIN",
            "/leave",
            "/part",
            "\u{ff0f}join #den",
            "/Switch den",
        ] {
            assert!(leads_elsewhere(command), "{command}");
        }
        for command in ["/joined", "/me leaves", "hello", "/listen den", "/in den x"] {
            assert!(!leads_elsewhere(command), "{command}");
        }
    }

    #[test]
    fn the_room_of_a_text_for_another_room_is_known() {
        let den = || RoomName::parse("den").unwrap();
        for (command, text) in [
            ("/in den hi", "hi"),
            ("\u{ff0f}IN #Den  hi all ", "hi all"),
            ("/in den /me waves", "/me waves"),
        ] {
            assert_eq!(said_in(command), Some((den(), text)), "{command}");
        }
        for command in ["/in den", "/in", "/in no.: x", "/join den x", "in den x"] {
            assert_eq!(said_in(command), None, "{command}");
        }
    }

    #[test]
    fn a_paste_is_cut_into_its_lines_without_blank_ones() {
        assert_eq!(lines_of(b"one\r\r\n  \rtwo\x1b\n"), ["one", "two␛"]);
        assert!(lines_of(b"\r\n").is_empty());
    }

    #[test]
    fn what_is_said_names_its_room_and_what_is_written_its_reader() {
        let room = |name| RoomName::parse(name).unwrap();
        let say = |name, text: &str| Spoken::Say {
            room: room(name),
            text: text.into(),
        };
        let does = |name, text: &str| Spoken::Do {
            room: room(name),
            text: text.into(),
        };
        let write = |to: &str, text: &str| Spoken::Write {
            to: to.into(),
            text: text.into(),
        };
        for (command, expected) in [
            ("/me waves", Some(does("tea", "waves"))),
            ("\u{ff0f}ME  waves", Some(does("tea", "waves"))),
            ("/in den hi  all", Some(say("den", "hi  all"))),
            ("/in #den //x", Some(say("den", "/x"))),
            ("/in den /me waves", Some(does("den", "waves"))),
            ("/in den /who", None),
            ("/in den", None),
            ("/msg Bob  hi all", Some(write("Bob", "hi all"))),
            ("/tell Bob /who", Some(write("Bob", "/who"))),
            ("/msg Bob", None),
            ("/me", None),
            ("/reply x", None),
            ("/who", None),
        ] {
            assert_eq!(spoken(command, &room("tea")), expected, "{command}");
        }
    }

    #[test]
    fn passwords_are_asked_for_behind_the_commands_that_need_them() {
        for (command, expected) in [
            ("/register", Some(Accounts::Register)),
            ("/PASSWORD ", Some(Accounts::Password)),
            ("/unregister", Some(Accounts::Unregister(None))),
            (
                "/unregister to Bob",
                Some(Accounts::Unregister(Some("Bob".into()))),
            ),
            ("/register x", None),
            ("/who", None),
        ] {
            assert_eq!(Accounts::parse(command), expected, "{command}");
        }
    }

    #[test]
    fn how_a_person_reads_is_no_matter_of_the_server() {
        for (command, expected) in [
            ("/time on +2", Some(Reading::Time("on +2"))),
            ("/time", Some(Reading::Time(""))),
            ("/Quiet ON", Some(Reading::Quiet(Some(true)))),
            ("/quiet off", Some(Reading::Quiet(Some(false)))),
            ("/quiet", Some(Reading::Quiet(None))),
            ("/quiet please", None),
            ("/who", None),
        ] {
            assert_eq!(Reading::parse(command), expected, "{command}");
        }
    }
}
