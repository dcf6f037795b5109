//! The grammar of the server's lines: the one place in the client that knows how [`wire`](crate::wire) writes them. A
//! line goes in, one fact comes out; nothing is stored.
//!
//! This holds for every line, whoever sent it: reading it takes time linear in its length, and memory that does not
//! depend on the length. Every name or room in a fact parses as one, and is written as the server writes it.

use memchr::memchr;

use crate::limits::USERNAME_CHARS;
use crate::moment::{Offset, Stamp};
use crate::name::{RoomName, Username};

/// Length in bytes of the longest name: 32 characters, or an address.
const NAME_BYTES: usize = 4 * USERNAME_CHARS;

/// The longest word in bytes that counts as a command.
const COMMAND_BYTES: usize = 32;

/// A line of the server.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line<'a> {
    /// The stamp of the line, as in `[12:30] `, `[2026-11-21 16:59:59] ` or `[2026-11-21 16:59] `; or nothing.
    pub(super) stamp: &'a str,
    /// The line is old news: its stamp has a date without seconds.
    pub(super) past: bool,
    /// The room, as in `#den `, of a line that comes from a room other than the reader's current one; or nothing.
    pub(super) tag: &'a str,
    pub(super) fact: Fact<'a>,
}

/// The meaning of a line. Answers to the reader have neither a stamp nor a tag, and private messages have no tag.
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
    /// `NAME has joined the chat.` and the like: a name, and the event.
    Event { name: &'a str, what: &'a str },
    /// The reader's current room is this one.
    InRoom(RoomName),
    /// The reader hears this room too.
    Hears(RoomName),
    /// The reader no longer hears these rooms, which [`rooms`] reads.
    HearsNoLonger(&'a str),
    /// The stamp before each line. If there is one, the answer also tells how far the clock is ahead.
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
    /// The reader now ignores this person.
    IgnoreSet(&'a str),
    /// The reader no longer ignores this person.
    IgnoreLifted(&'a str),
    /// A line was not said yet, because somebody else brought its author into this room. An empty line says it.
    HeldBack(RoomName),
    /// The server asked for a password, and does so no more.
    NothingChanged,
    /// A line was not said, because it may be that password.
    NotSent,
    /// The header of a replay of a room's last lines, with its words about their times.
    Replay { times: &'a str },
    /// The end of a replay.
    ReplayEnd,
    /// A row of `/rooms`.
    Room(RoomName),
    /// The header of the rows of `/who`: the room, and how many people are in it.
    Who { room: RoomName, count: usize },
    /// A row of `/who`, which [`people`] reads.
    People(&'a str),
    /// A row of `/help`: the word of a command, and the text after it.
    Help { command: &'a str, rest: &'a str },
    /// Anything else.
    Other,
}

/// Reads a line of the server, without its end.
pub(super) fn read(line: &str) -> Line<'_> {
    let form = STAMPS.iter().find(|(form, _)| has_form(line, form));
    let (length, past) = form.map_or((0, false), |(form, past)| (form.len(), *past));
    let (stamp, told) = line.split_at(length);
    let (tag, fact) = match tagged(told) {
        Some((tag, fact)) => (tag, Some(fact)),
        None => ("", event(told)),
    };
    let answer = || answer(told).filter(|_| stamp.is_empty());
    let fact = fact.or_else(answer).unwrap_or(Fact::Other);
    Line {
        stamp,
        past,
        tag,
        fact,
    }
}

impl Line<'_> {
    /// The room of a line that comes from a room.
    pub(super) fn room(&self, current: &RoomName) -> RoomName {
        let tagged = room_named(self.tag.trim_end());
        tagged.unwrap_or_else(|| current.clone())
    }
}

/// The forms of a stamp, with a 0 for each digit, and whether the stamp marks an old line.
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

/// A tag, and the event of its room.
fn tagged(told: &str) -> Option<(&str, Fact<'_>)> {
    let (room, behind) = first_word(told).filter(|_| told.starts_with('#'))?;
    let is_private =
        |fact: &Fact<'_>| matches!(fact, Fact::Private { .. } | Fact::PrivateSent { .. });
    let fact = event(behind).filter(|fact| !is_private(fact))?;
    room_named(room)?;
    Some((&told[..=room.len()], fact))
}

/// A line that someone caused.
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

/// Whether the server says this about a person, after their name.
fn happens(what: &str) -> bool {
    let whole = [
        "has joined the chat.",
        "has left the chat.",
        "has come in.",
        "has cleared the topic.",
        "no longer listens.",
        "has gone elsewhere.",
        "listens in.",
        "is the owner of the room now.",
    ];
    let begun = [
        "has left the chat: ",
        "has set the topic: ",
        "was kicked by ",
        "was banned by ",
        "was kicked from the room by ",
        "has locked the ",
        "has unlocked the ",
        "has opened the past: ",
        "has closed the past: ",
        "has made the room ",
    ];
    let ways = ["has gone to ", "listens in from "];
    let room = ways.iter().find_map(|it| what.strip_prefix(it));
    whole.contains(&what)
        || begun.iter().any(|it| what.starts_with(it))
        || room
            .and_then(|it| room_named(it.strip_suffix('.')?))
            .is_some()
}

/// An answer to the reader alone.
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
        "-- end --" => Fact::ReplayEnd,
        "That was not sent, in case it is a password. Type it again to send it." => Fact::NotSent,
        _ if is_header_of_missed(told) => Fact::Back,
        _ if told.starts_with("-- last ") => replay(told)?,
        _ if told.starts_with('/') => help(told)?,
        _ if told.starts_with('#') => room_row(told)?,
        _ if told.starts_with("In #") => who_header(told)?,
        _ if told.starts_with("  ") => people(told).next().map(|_| Fact::People(told))?,
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
    if let Some(behind) = told.strip_prefix("You hear ") {
        return heard(behind).map(Fact::Hears);
    }
    if let Some(behind) = told.strip_prefix("You no longer hear ") {
        let list = behind.strip_suffix('.')?;
        let is_list = entries(list).all(|it| room_named(it).is_some());
        return is_list.then_some(Fact::HearsNoLonger(list));
    }
    if let Some((_, word)) = told.split_once("Nothing was changed. Type /") {
        let word = word.strip_suffix(" to try again.")?;
        return (word.len() < COMMAND_BYTES).then_some(Fact::NothingChanged);
    }
    if let Some(behind) = told.strip_suffix(" Enter sends it here.") {
        let room = behind.strip_prefix("You are in ")?.strip_suffix(" now.")?;
        return room_named(room).map(Fact::HeldBack);
    }
    let room = match told.strip_prefix("You are already in ") {
        Some(behind) => behind.strip_suffix('.')?,
        None => told.strip_prefix("You are in ")?.strip_suffix(" now.")?,
    };
    room_named(room).map(Fact::InRoom)
}

/// `#den too. Say something there with /in den TEXT.`, or `#den already.`
fn heard(behind: &str) -> Option<RoomName> {
    let (word, behind) = first_word(behind)?;
    let room = room_named(word)?;
    let hint = behind.strip_prefix("too. Say something there with /in ");
    let is_told = match hint.and_then(|it| it.strip_suffix(" TEXT.")) {
        Some(again) => again == &word[1..],
        None => behind == "already.",
    };
    is_told.then_some(room)
}

/// The rooms in a list such as `#den, #tea and #ops`.
pub(super) fn rooms(list: &str) -> impl Iterator<Item = RoomName> {
    entries(list).filter_map(room_named)
}

fn entries(list: &str) -> impl Iterator<Item = &str> {
    let (most, last) = match list.rsplit_once(" and ") {
        Some((most, last)) => (Some(most), last),
        None => (None, list),
    };
    let most = most.into_iter().flat_map(|it| it.split(", "));
    most.chain([last])
}

/// `-- 3 messages you missed, times in UTC --`, also with `last 50 of the 70` instead of the number.
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

/// `-- last 20 messages, times in UTC --` or `-- last message, times in UTC --`
fn replay(told: &str) -> Option<Fact<'_>> {
    let header = told.strip_prefix("-- last ")?.strip_suffix(" --")?;
    let times = match header.strip_prefix("message, ") {
        Some(times) => times,
        None => behind_number(header)?.strip_prefix(" messages, ")?,
    };
    times
        .starts_with("times in ")
        .then_some(Fact::Replay { times })
}

fn behind_number(text: &str) -> Option<&str> {
    let behind = text.trim_start_matches(|c: char| c.is_ascii_digit());
    (behind.len() < text.len()).then_some(behind)
}

/// `/word …  does`, with at least two spaces before the description.
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

/// `#tea     3  milk first?`, with at least two spaces before the number of people and before the topic.
fn room_row(told: &str) -> Option<Fact<'_>> {
    let (room, behind) = first_word(told)?;
    let behind = behind.strip_prefix(' ')?.trim_start_matches(' ');
    let topic = behind_number(behind)?;
    let is_row = topic.is_empty() || topic.starts_with("  ");
    room_named(room).filter(|_| is_row).map(Fact::Room)
}

/// `In #lobby: 3`
fn who_header(told: &str) -> Option<Fact<'_>> {
    let (room, count) = first_word(told.strip_prefix("In ")?)?;
    let room = room_named(room.strip_suffix(':')?)?;
    let count = count.parse().ok()?;
    Some(Fact::Who { room, count })
}

/// The people in a row of `/who`, such as `  Alice, Bob (in #den, away, idle 2 h), and 50 more`.
pub(super) fn people(row: &str) -> impl Iterator<Item = &str> {
    let mut is_state = false;
    row.trim().split(", ").filter_map(move |entry| {
        let entry = entry.strip_suffix(',').unwrap_or(entry);
        let is_rest = is_state;
        is_state = (is_state || entry.contains('(')) && !entry.ends_with(')');
        if is_rest {
            return None;
        }
        let (name, state) = entry.split_once(' ').unwrap_or((entry, "("));
        (state.starts_with('(') && is_name(name)).then_some(name)
    })
}

/// A name, and the text after the space that follows it.
fn named(text: &str) -> Option<(&str, &str)> {
    first_word(text).filter(|(name, _)| is_name(name))
}

/// The text before and after the first space, if the former can be a name and a sign after it.
fn first_word(text: &str) -> Option<(&str, &str)> {
    let head = &text.as_bytes()[..text.len().min(NAME_BYTES + 2)];
    let end = memchr(b' ', head)?;
    Some((&text[..end], &text[end + 1..]))
}

/// Whether this is a name as the server writes it. The server calls people without a name by their address.
fn is_name(text: &str) -> bool {
    text.len() <= NAME_BYTES && Username::parse_any(text).is_some_and(|name| name.as_str() == text)
}

/// A room as the server writes it, after its `#`.
fn room_named(text: &str) -> Option<RoomName> {
    let name = text.strip_prefix('#').filter(|it| it.len() <= NAME_BYTES)?;
    let room = RoomName::parse(name).ok()?;
    (room.to_string() == text).then_some(room)
}

#[cfg(test)]
mod tests;
