//! `Command`: what a line asks for. It has no policy: it does not know which commands exist.

/// A line of a person who is in the chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Command<'a> {
    /// Nothing but white space.
    Blank,
    /// Text for the room.
    Say(&'a str),
    /// A line that begins with one `/`, possibly after characters that show nothing: a slip of the finger must not tell
    /// the room what was meant for one person.
    Slash {
        /// The first word, with its `/`.
        word: &'a str,
        /// The text after it, without the space around it.
        args: &'a str,
    },
}

impl<'a> Command<'a> {
    /// Reads a line. One that begins with `//` is text with one slash less.
    pub(crate) fn parse(line: &'a str) -> Command<'a> {
        if line.trim().is_empty() {
            return Command::Blank;
        }
        if line.starts_with("//") {
            return Command::Say(&line[1..]);
        }
        let unindented = behind_nothing(line);
        match unindented.strip_prefix(is_slash) {
            Some(behind) if !behind.starts_with(is_slash) => {}
            _ => return Command::Say(line),
        }
        let line = unindented;
        let (word, args) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        Command::Slash {
            word,
            args: args.trim(),
        }
    }
}

/// A slash, or the wide one that Chinese and Japanese input methods type.
fn is_slash(c: char) -> bool {
    matches!(c, '/' | '\u{ff0f}')
}

/// The rest of a line after everything that shows nothing or that nobody types on purpose. That includes keys that a
/// terminal sends as sequences (ECMA-48 §5.4, such as the arrow keys).
fn behind_nothing(line: &str) -> &str {
    let mut rest = line;
    loop {
        let behind = rest.trim_start_matches(stands_for_nothing);
        let is_escaped = rest[..rest.len() - behind.len()].ends_with('␛');
        match key_length(behind) {
            Some(length) if is_escaped => rest = &behind[length..],
            _ => return behind,
        }
    }
}

/// The length of the rest of a key's sequence, after its ESC.
fn key_length(behind: &str) -> Option<usize> {
    let mut bytes = behind.bytes();
    match bytes.next()? {
        b'[' => Some(bytes.position(|byte| matches!(byte, b'@'..=b'~'))? + 2),
        b'O' => bytes.next().filter(u8::is_ascii_graphic).map(|_| 2),
        _ => None,
    }
}

/// Whether a character is white space or a replacement by [`clean`](super::clean). It replaces invisible characters,
/// bad UTF-8 and control characters, which nobody types before a `/` on purpose.
fn stands_for_nothing(c: char) -> bool {
    c.is_whitespace() || matches!(c, char::REPLACEMENT_CHARACTER | '\u{2400}'..='\u{2421}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_text_unless_they_begin_with_one_slash() {
        for (line, command) in [
            ("", Command::Blank),
            (" \t ", Command::Blank),
            ("hi", Command::Say("hi")),
            ("hi /quit", Command::Say("hi /quit")),
            ("  // so", Command::Say("  // so")),
            (
                " \t/msg bob x",
                Command::Slash {
                    word: "/msg",
                    args: "bob x",
                },
            ),
            (
                "\u{fffd} /msg bob x",
                Command::Slash {
                    word: "/msg",
                    args: "bob x",
                },
            ),
            (
                "␀␛\u{3000}/quit",
                Command::Slash {
                    word: "/quit",
                    args: "",
                },
            ),
            ("\u{fffd}hi /quit", Command::Say("\u{fffd}hi /quit")),
            ("\u{fffd}//x", Command::Say("\u{fffd}//x")),
            ("//quit", Command::Say("/quit")),
            ("///", Command::Say("//")),
            (
                "/",
                Command::Slash {
                    word: "/",
                    args: "",
                },
            ),
            (
                "/users",
                Command::Slash {
                    word: "/users",
                    args: "",
                },
            ),
            (
                "/nick\t Al  B ",
                Command::Slash {
                    word: "/nick",
                    args: "Al  B",
                },
            ),
        ] {
            assert_eq!(Command::parse(line), command);
        }
    }

    #[test]
    fn neither_a_key_nor_a_wide_slash_makes_text_of_a_command() {
        for (line, command) in [
            (
                "␛[A␛OD␛[200~/quit",
                Command::Slash {
                    word: "/quit",
                    args: "",
                },
            ),
            (
                "\u{ff0f}msg bob x",
                Command::Slash {
                    word: "\u{ff0f}msg",
                    args: "bob x",
                },
            ),
            ("\u{ff0f}/ so", Command::Say("\u{ff0f}/ so")),
            ("␛[é/x", Command::Say("␛[é/x")),
        ] {
            assert_eq!(Command::parse(line), command);
        }
    }
}
