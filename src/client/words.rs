//! The meaning of a typed line: `send <MSG>`, `leave`, a command for the server, or text.

use crate::chat::command_named;
use crate::limits::LINE_BYTES_RANGE;
use crate::name::RoomName;
use crate::wire::{Command, Input, LineDecoder, clean_typed};

/// The message for a person whose clipboard held more than [`PASTE_BYTES`](super::keys::PASTE_BYTES).
pub(super) const PASTE_TOO_LONG: &str = "-- That paste is longer than 1 MiB. Nothing was taken. --";

/// How to use `send`; the answer to a `send` without a message.
pub(super) const SEND_USAGE: &str =
    "How to use it: send <MSG>. Plain text is sent as well, without 'send' before it.";

/// The line that asks the server to let us go.
pub(super) const QUIT: &str = "/quit";

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

/// Whether a command goes to another room, and still hears the room that was left.
pub(super) fn keeps_room(command: &str) -> bool {
    matches!(command_of(command), Some(("/switch", _)))
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

/// The line that makes the server pass on this text, whatever it begins with. If the server would take it for a
/// command, a slash goes before it. Invisible characters there are left out, and a wide slash becomes a plain one.
pub(super) fn line_to_say(text: &str) -> String {
    // The text as the server reads it.
    let read = clean_typed(text.as_bytes());
    match Command::parse(&read) {
        Command::Slash { .. } => {
            let behind = read.split_once(['/', '\u{ff0f}']).map_or("", |it| it.1);
            format!("//{behind}\n")
        }
        Command::Say(_) if text.starts_with('/') => format!("/{text}\n"),
        _ => format!("{text}\n"),
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
    fn text_that_begins_with_a_slash_is_no_command() {
        assert_eq!(line_to_say("/users"), "//users\n");
        assert_eq!(line_to_say("users"), "users\n");
        for (text, said) in [
            ("/users", "/users"),
            ("//etc", "//etc"),
            ("/", "/"),
            (" /me", "/me"),
            ("\u{ff0f}users", "/users"),
            ("\u{200b}/msg Bob x", "/msg Bob x"),
            ("\u{1b}[A\t/msg Bob x", "/msg Bob x"),
            ("\u{ff0f}\u{ff0f}x", "\u{ff0f}\u{ff0f}x"),
            (" //x", " //x"),
        ] {
            let line = line_to_say(text);
            let line = clean_typed(line.trim_end().as_bytes());
            assert_eq!(Command::parse(&line), Command::Say(said), "{text:?}");
        }
    }
}
