//! The grammar of the server's lines: the one place of the client that knows how [`wire`](crate::wire) writes them. A line
//! in, one fact out; nothing is kept.
//!
//! What holds for every line, whoever sent it: reading takes time linear in its length, and memory that does not depend
//! on it; a name or a room that leaves here parses as one, and is written as the server writes it.

use memchr::memchr;

use crate::limits::USERNAME_CHARS;
use crate::moment::{Offset, Stamp};
use crate::name::{RoomName, Username};

/// Bytes of the longest name: of 32 characters, or an address.
const NAME_BYTES: usize = 4 * USERNAME_CHARS;

/// Bytes of the longest command that is taken for one.
const COMMAND_BYTES: usize = 32;

/// A line of the server.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line<'a> {
    /// When it was told, as in `[12:30] `, `[2026-11-21 16:59:59] ` or `[2026-11-21 16:59] `; or nothing.
    pub(super) stamp: &'a str,
    /// It was told before, as its date without seconds shows: it is no news.
    pub(super) past: bool,
    pub(super) fact: Fact<'a>,
}

/// What a line tells. Answers to the reader have no stamp.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fact<'a> {
    /// `NAME: TEXT`
    Said { name: &'a str, text: &'a str },
    /// `* NAME TEXT`
    Action { name: &'a str, text: &'a str },
    /// `NAME (private): TEXT`
    Private { name: &'a str, text: &'a str },
    /// `To NAME (private): TEXT`
    PrivateSent { name: &'a str, text: &'a str },
    /// `NAME is now known as NAME.`
    Renamed { from: &'a str, to: &'a str },
    /// `NAME has joined the chat.` and the like: a name, and what happened.
    Event { name: &'a str, what: &'a str },
    /// The reader is in this room.
    InRoom(RoomName),
    /// What stands before each line. How far the clock is ahead is told while something does.
    Timestamps {
        stamp: Stamp,
        offset: Option<Offset>,
    },
    /// Whether join and leave notices are hidden.
    Quiet(bool),
    /// The reader is away.
    AwaySet,
    /// The reader is not away.
    Back,
    /// The reader ignores this person.
    IgnoreSet(&'a str),
    /// The reader does not ignore this person any more.
    IgnoreLifted(&'a str),
    /// A row of `/help`: the word of a command, and what stands behind it.
    Help { command: &'a str, rest: &'a str },
    /// Anything else.
    Other,
}

/// Reads a line of the server, without its end.
pub(super) fn read(line: &str) -> Line<'_> {
    let form = STAMPS.iter().find(|(form, _)| has_form(line, form));
    let (length, past) = form.map_or((0, false), |(form, past)| (form.len(), *past));
    let (stamp, told) = line.split_at(length);
    let answer = || answer(told).filter(|_| stamp.is_empty());
    let fact = event(told).or_else(answer).unwrap_or(Fact::Other);
    Line { stamp, past, fact }
}

/// What stands before a line, with a 0 for each digit, and whether it says that the line was told before.
const STAMPS: [(&str, bool); 3] = [
    ("[00:00] ", false),
    ("[0000-00-00 00:00:00] ", false),
    ("[0000-00-00 00:00] ", true),
];

fn has_form(line: &str, form: &str) -> bool {
    let fits = |(form, byte): (u8, u8)| match form {
        b'0' => byte.is_ascii_digit(),
        _ => byte == form,
    };
    line.len() >= form.len() && form.bytes().zip(line.bytes()).all(fits)
}

/// What someone caused.
fn event(told: &str) -> Option<Fact<'_>> {
    if let Some(behind) = told.strip_prefix("* ") {
        let (name, text) = named(behind)?;
        return Some(Fact::Action { name, text });
    }
    if let Some(behind) = told.strip_prefix("To ")
        && let Some((name, behind)) = named(behind)
        && let Some(text) = behind.strip_prefix("(private): ")
    {
        return Some(Fact::PrivateSent { name, text });
    }
    let (word, text) = first_word(told)?;
    if let Some(name) = word.strip_suffix(':') {
        return is_name(name).then_some(Fact::Said { name, text });
    }
    let (name, what) = named(told)?;
    if let Some(text) = what.strip_prefix("(private): ") {
        return Some(Fact::Private { name, text });
    }
    if let Some(to) = what.strip_prefix("is now known as ") {
        let (from, to) = (name, to.strip_suffix('.')?);
        return is_name(to).then_some(Fact::Renamed { from, to });
    }
    happens(what).then_some(Fact::Event { name, what })
}

/// Whether the server says this of a person, behind their name.
fn happens(what: &str) -> bool {
    let whole = [
        "has joined the chat.",
        "has left the chat.",
        "has come in.",
        "has cleared the topic.",
    ];
    let begun = ["has left the chat: ", "has set the topic: "];
    let room = what.strip_prefix("has gone to ");
    whole.contains(&what)
        || begun.iter().any(|it| what.starts_with(it))
        || room
            .and_then(|it| room_named(it.strip_suffix('.')?))
            .is_some()
}

/// What is answered to the reader alone.
fn answer(told: &str) -> Option<Fact<'_>> {
    Some(match told {
        "Timestamps are off." => Fact::Timestamps {
            stamp: Stamp::Off,
            offset: None,
        },
        "Join and leave notices are off." => Fact::Quiet(true),
        "Join and leave notices are on." => Fact::Quiet(false),
        "You are away. Type /back when you return." => Fact::AwaySet,
        "You are back. You missed nothing." | "You were not away." => Fact::Back,
        _ if is_header_of_missed(told) => Fact::Back,
        _ if told.starts_with('/') => help(told)?,
        _ => about_reader(told)?,
    })
}

fn about_reader(told: &str) -> Option<Fact<'_>> {
    if let Some(behind) = told.strip_prefix("Timestamps are on") {
        let (stamp, behind) = match behind.strip_prefix(", with the date") {
            Some(behind) => (Stamp::Full, behind),
            None => (Stamp::Clock, behind),
        };
        let written = behind.strip_prefix(" (")?.strip_suffix(").")?;
        let offset = Offset::parse(written).filter(|it| it.to_string() == written);
        return offset.map(|offset| Fact::Timestamps {
            stamp,
            offset: Some(offset),
        });
    }
    if let Some(behind) = told.strip_prefix("You are now ignoring ") {
        let (word, behind) = first_word(behind)?;
        let again = behind.strip_prefix("Type /unignore ")?;
        let name = word.strip_suffix('.').filter(|it| is_name(it))?;
        return (again.strip_suffix(" to undo it.")? == name).then_some(Fact::IgnoreSet(name));
    }
    if let Some(behind) = told.strip_prefix("You are no longer ignoring ") {
        let name = behind.strip_suffix('.').filter(|it| is_name(it))?;
        return Some(Fact::IgnoreLifted(name));
    }
    let room = match told.strip_prefix("You are already in ") {
        Some(behind) => behind.strip_suffix('.')?,
        None => told.strip_prefix("You are in ")?.strip_suffix(" now.")?,
    };
    room_named(room).map(Fact::InRoom)
}

/// `-- 3 messages you missed, times in UTC --`, and `last 50 of the 70` in place of the number.
fn is_header_of_missed(told: &str) -> bool {
    let Some(header) = told.strip_prefix("-- ") else {
        return false;
    };
    let count = header
        .strip_prefix("last ")
        .and_then(behind_number)
        .and_then(|it| it.strip_prefix(" of the "))
        .unwrap_or(header);
    behind_number(count).is_some_and(|behind| {
        let one = behind.strip_prefix(" message you missed, times in ");
        let missed = one.or_else(|| behind.strip_prefix(" messages you missed, times in "));
        missed.is_some_and(|it| it.ends_with(" --"))
    })
}

fn behind_number(text: &str) -> Option<&str> {
    let behind = text.trim_start_matches(|c: char| c.is_ascii_digit());
    (behind.len() < text.len()).then_some(behind)
}

/// `/word …  does`, with at least two spaces before what it does.
fn help(told: &str) -> Option<Fact<'_>> {
    let (command, rest) = first_word(told)?;
    let word = command.strip_prefix('/')?;
    let is_command = (1..COMMAND_BYTES).contains(&word.len())
        && word.bytes().all(|it| it.is_ascii_lowercase() || it == b'-');
    let is_row = rest.starts_with(' ') || rest.contains("  ");
    (is_command && is_row).then(|| Fact::Help {
        command,
        rest: rest.trim_start(),
    })
}

/// A name, and what stands behind the space that follows it.
fn named(text: &str) -> Option<(&str, &str)> {
    first_word(text).filter(|(name, _)| is_name(name))
}

/// What stands before and behind the first space, where that can be a name and a sign behind it.
fn first_word(text: &str) -> Option<(&str, &str)> {
    let head = &text.as_bytes()[..text.len().min(NAME_BYTES + 2)];
    let end = memchr(b' ', head)?;
    Some((&text[..end], &text[end + 1..]))
}

/// Whether this is a name as the server writes it. People without one are known by their address.
fn is_name(text: &str) -> bool {
    let is_written_so = |name: Username| name.as_str() == text;
    text.len() <= NAME_BYTES
        && (Username::parse(text).is_ok_and(is_written_so)
            || Username::parse_addr(text).is_some_and(is_written_so))
}

/// A room as the server writes it, behind its `#`.
fn room_named(text: &str) -> Option<RoomName> {
    let name = text.strip_prefix('#').filter(|it| it.len() <= NAME_BYTES)?;
    let room = RoomName::parse(name).ok()?;
    (room.to_string() == text).then_some(room)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Answer, HelpRow, Message, Past};
    use crate::moment::Format;
    use crate::wire::render;
    use bytes::BytesMut;

    /// Names that could lead a reader astray.
    const NAMES: [&str; 9] = [
        "Ann",
        "To",
        "You",
        "a.",
        "x..",
        "has",
        "Zoë",
        "علی\u{200c}رضا",
        "花子",
    ];

    fn names() -> Vec<Username> {
        let typed = NAMES.into_iter().filter_map(|it| Username::parse(it).ok());
        let addrs = ["127.0.0.1:5000", "[::1]:5000", "[fe80::1%3]:65535"];
        let addrs = addrs.map(|it| it.parse().unwrap());
        let first = addrs.iter().map(|addr| Username::from_addr(*addr));
        let again = addrs.iter().map(|addr| Username::from_addr_again(*addr, 2));
        typed.chain(first).chain(again).collect()
    }

    fn written(message: &Message, format: Format) -> String {
        let mut out = BytesMut::new();
        render(message, 1_795_276_799, format, &mut out);
        let text = String::from_utf8(out.to_vec()).unwrap();
        text.strip_suffix("\r\n").unwrap().into()
    }

    fn formats() -> impl Iterator<Item = Format> {
        let offsets = ["UTC", "+05:45", "-12:00", "+14:00"];
        let offsets = offsets.map(|it| Offset::parse(it).unwrap());
        let stamps = [Stamp::Off, Stamp::Clock, Stamp::Full];
        stamps.into_iter().flat_map(move |stamp| {
            offsets.into_iter().map(move |offset| Format {
                stamp,
                offset,
                quiet: false,
            })
        })
    }

    /// What happens is read back from how it is written, with every stamp and as something past.
    fn assert_event(message: Message, fact: Fact<'_>) {
        for format in formats() {
            let line = written(&message, format);
            let it = read(&line);
            assert_eq!((&it.fact, it.past), (&fact, false), "{line}");
            assert_eq!(it.stamp.len(), format.stamp.len(), "{line}");
            let past = Past {
                seq: 1,
                at: 0,
                message: message.clone(),
            };
            let line = written(&Message::Past(past.into()), format);
            let it = read(&line);
            assert_eq!((&it.fact, it.past), (&fact, true), "{line}");
            assert_eq!(it.stamp.len(), "[1970-01-01 00:00] ".len(), "{line}");
        }
    }

    /// An answer is read back from how it is written, and behind a stamp it is none.
    fn assert_answer(answer: Answer, fact: Fact<'_>) {
        let line = written(&Message::Answer(answer), Format::default());
        let expected = Line {
            stamp: "",
            past: false,
            fact,
        };
        assert_eq!(read(&line), expected, "{line}");
        assert_eq!(read(&format!("[12:30] {line}")).fact, Fact::Other);
    }

    #[test]
    fn what_people_write_is_read_back() {
        for who in names() {
            let name = who.as_str();
            for text in ["hi", "a: b", "(private): x", "Bob: x", "* x", "[12:30] x"] {
                let (from, to) = (who.clone(), who.clone());
                let said = Message::Said {
                    from: from.clone(),
                    text: text.into(),
                };
                assert_event(said, Fact::Said { name, text });
                let action = Message::Action {
                    from: from.clone(),
                    text: text.into(),
                };
                assert_event(action, Fact::Action { name, text });
                let private = Message::Private {
                    from,
                    text: text.into(),
                };
                assert_event(private, Fact::Private { name, text });
                let sent = Message::PrivateSent {
                    to,
                    text: text.into(),
                };
                assert_event(sent, Fact::PrivateSent { name, text });
            }
        }
    }

    #[test]
    fn what_happens_to_people_is_read_back() {
        let room = RoomName::parse("den.").unwrap();
        for who in names() {
            let (name, word) = (who.as_str(), Some("so: long".into()));
            let topic = Some("tea: now".into());
            let (by, of) = (|| who.clone(), |what| Fact::Event { name, what });
            let left = |word| Message::Left { who: by(), word };
            let set = |topic| Message::TopicSet { by: by(), topic };
            let went = Message::WentTo {
                who: by(),
                room: room.clone(),
            };
            assert_event(Message::Joined(by()), of("has joined the chat."));
            assert_event(left(None), of("has left the chat."));
            assert_event(left(word), of("has left the chat: so: long"));
            assert_event(Message::Entered(by()), of("has come in."));
            assert_event(went, of("has gone to #den.."));
            assert_event(set(topic), of("has set the topic: tea: now"));
            assert_event(set(None), of("has cleared the topic."));
            for other in names() {
                let renamed = Message::Renamed {
                    from: by(),
                    to: other.clone(),
                };
                let to = other.as_str();
                assert_event(renamed, Fact::Renamed { from: name, to });
            }
        }
        assert_event(Message::Notice("x: y".into()), Fact::Other);
    }

    #[test]
    fn answers_about_the_reader_are_read_back() {
        for typed in ["lobby", "den.", "x..", "花子"] {
            let room = RoomName::parse(typed).unwrap();
            let fact = || Fact::InRoom(room.clone());
            assert_answer(Answer::InRoom(room.clone()), fact());
            assert_answer(Answer::InRoomAlready(room.clone()), fact());
        }
        for format in formats() {
            let stamp = format.stamp;
            let offset = (stamp != Stamp::Off).then_some(format.offset);
            assert_answer(Answer::TimeSet(format), Fact::Timestamps { stamp, offset });
        }
        for quiet in [true, false] {
            assert_answer(Answer::QuietSet(quiet), Fact::Quiet(quiet));
        }
        assert_answer(Answer::AwaySet, Fact::AwaySet);
        assert_answer(Answer::NotAway, Fact::Back);
        for (shown, missed) in [(0, 0), (1, 1), (3, 3), (50, 70)] {
            assert_answer(Answer::Back { shown, missed }, Fact::Back);
        }
        for who in names() {
            let name = who.as_str();
            assert_answer(Answer::IgnoreSet(who.clone()), Fact::IgnoreSet(name));
            assert_answer(Answer::IgnoreLifted(who.clone()), Fact::IgnoreLifted(name));
        }
    }

    #[test]
    fn rows_of_help_are_read_back() {
        const ROW: HelpRow = HelpRow {
            usage: "/msg NAME TEXT",
            does: "write to one person",
            aliases: &["/m"],
        };
        let fact = Fact::Help {
            command: "/msg",
            rest: "NAME TEXT  write to one person; also /m",
        };
        assert_answer(Answer::Help(&[ROW]), fact);
        for line in ["/", "/ x  y", "/x", "/x y", "/X  y", "/a/b  c", "//x  y"] {
            assert_eq!(read(line).fact, Fact::Other, "{line}");
        }
    }

    #[test]
    fn other_answers_tell_nothing_else() {
        let typed = || "Ann: x".into();
        for answer in [
            Answer::UnknownCommand("/foo".into()),
            Answer::Usage("/nick NAME"),
            Answer::History(3),
            Answer::UsersOnline(3),
            Answer::NotIgnored(typed()),
            Answer::Nobody {
                typed: typed(),
                meant: None,
            },
            Answer::Away(names()[0].clone(), Some("(private): x".into())),
            Answer::Topic {
                room: RoomName::lobby(),
                topic: Some("x".into()),
            },
        ] {
            assert_answer(answer, Fact::Other);
        }
        for line in ["", " ", ":", ": x", " Ann: x", "* ", "To ", "-- x: y --"] {
            assert_eq!(read(line).fact, Fact::Other, "{line:?}");
        }
    }

    #[test]
    fn what_only_looks_like_a_name_or_stamp_is_none() {
        let dots = ".".repeat(300_000);
        for line in [
            &format!("Ann is now known as {dots}"),
            &format!("You are now ignoring {dots}"),
            &format!("You are no longer ignoring x{dots}"),
            &format!("You are in #{dots} now."),
            &format!("Ann has gone to #{dots}"),
            &format!("{dots}: x"),
            &format!("-- {} messages", "1".repeat(300_000)),
            "Ann is now known as a b.",
            "Ann is now known as Zoe\u{308}.",
            "Ann has joined the chat",
            "127.0.0.1:05: x",
            "127.0.0.1:5000-+2: x",
            "You are now ignoring Ann. Type /unignore Bob to undo it.",
            "You are in # den now.",
            "Timestamps are on (+2).",
        ] {
            assert_eq!(read(line).fact, Fact::Other, "{line:.40}");
        }
        for line in ["[1a:00] Ann: x", "[12:30]Ann: x", "[12:30:00] Ann: x"] {
            assert_eq!((read(line).stamp, read(line).fact), ("", Fact::Other));
        }
    }
}
