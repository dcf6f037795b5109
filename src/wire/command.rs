//! `Command`: what a line asks for. No policy: which commands there are is not known here.

/// A line of someone who is in the chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command<'a> {
    /// Nothing but white space.
    Blank,
    /// Text for the room.
    Say(&'a str),
    /// A line that begins with one `/`, whatever stands before it that shows nothing: a slip of the finger must not tell
    /// the room what was meant for one person.
    Slash {
        /// The first word, with its `/`.
        word: &'a str,
        /// What follows it, without the space around it.
        args: &'a str,
    },
}

impl<'a> Command<'a> {
    /// Reads a line. One that begins with `//` is text with one slash less.
    pub fn parse(line: &'a str) -> Command<'a> {
        if line.trim().is_empty() {
            return Command::Blank;
        }
        if line.starts_with("//") {
            return Command::Say(&line[1..]);
        }
        let unindented = line.trim_start_matches(stands_for_nothing);
        if !unindented.starts_with('/') || unindented.starts_with("//") {
            return Command::Say(line);
        }
        let line = unindented;
        let (word, args) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        Command::Slash {
            word,
            args: args.trim(),
        }
    }
}

/// White space, and what [`clean`](super::clean) puts in place of what shows nothing: of bad UTF-8 too, and of a control
/// character, which nobody types in front of a `/` on purpose.
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
}
