//! The words of what is answered to one person.

use bytes::{BufMut, BytesMut};

use crate::limits::{AWAY_CHARS, QUIT_CHARS, ROOMS_MADE, TOPIC_CHARS};
use crate::message::{Answer, HelpRow, IgnoredRow, Presence, RoomRow, Whois};
use crate::moment::{Civil, Format, Offset, Stamp};
use crate::name::{RoomName, Username};

use super::refusal;

/// Where a list of names is wrapped, in columns of the screen.
const WRAP: usize = 72;

pub(super) fn render(answer: &Answer, format: Format, out: &mut BytesMut) {
    match answer {
        Answer::Help(rows) => help(out, rows),
        Answer::Rooms { rows, more } => rooms(out, rows, *more),
        Answer::Who { room, people, more } => who(out, room, people, *more),
        Answer::Whois(whois) => tell_of(out, whois, format),
        Answer::History(lines) => {
            let lines = match lines {
                1 => "last message".into(),
                lines => format!("last {lines} messages"),
            };
            header(out, &lines, format);
        }
        Answer::Back {
            shown,
            missed: missed @ 1..,
        } => {
            let lines = match missed {
                1 => "1 message you missed".into(),
                missed if shown < missed => {
                    format!("last {shown} of the {missed} messages you missed")
                }
                missed => format!("{missed} messages you missed"),
            };
            header(out, &lines, format);
        }
        _ => line(out, &[&sentence(answer)]),
    }
}

/// What stands over lines with dates, which are of the reader's time zone.
fn header(out: &mut BytesMut, lines: &str, format: Format) {
    let utc = match format.offset == Offset::default() {
        true => "",
        false => "UTC",
    };
    let zone = format!("times in {utc}{}", format.offset);
    line(out, &["-- ", lines, ", ", &zone, " --"]);
}

/// Answers of one line.
fn sentence(answer: &Answer) -> String {
    match answer {
        Answer::UnknownCommand(word) => {
            format!("Unknown command: {word}. Type /help for the list.")
        }
        Answer::Usage(usage) => format!("How to use it: {usage}"),
        Answer::TooLong { limit } => {
            format!("Message too long: the limit is {limit} bytes. Not sent.")
        }
        Answer::TooFast { of_address: false } => {
            "You are sending too fast; slowing you down.".into()
        }
        Answer::TooFast { of_address: true } => {
            "Too much is coming from your address; slowing everyone there down.".into()
        }
        Answer::QuitTooLong => {
            format!("A last word has at most {QUIT_CHARS} characters. Type a shorter one, or none.")
        }
        Answer::HowToQuit => "Type /quit to leave.".into(),
        Answer::StillHere(online) => format!("Yes, {online} online."),
        Answer::UsersOnline(online) => format!("Users online: {online}"),
        _ => about_rooms(answer).unwrap_or_else(|| about_people(answer)),
    }
}

fn about_rooms(answer: &Answer) -> Option<String> {
    Some(match answer {
        Answer::InRoom(room) => format!("You are in {room} now."),
        Answer::InRoomAlready(room) => format!("You are already in {room}."),
        Answer::RoomInvalid(why) => refusal::no_name("A room's name", *why),
        Answer::RoomLooksLike { typed, room } => {
            format!(
                "{typed} looks like {room}. Type /join {room} to go there, or choose another name."
            )
        }
        Answer::NoSuchRoom {
            name,
            meant: Some(meant),
        } => format!("There is no room {name}. Did you mean {meant}?"),
        Answer::NoSuchRoom { name, meant: None } => {
            format!("There is no room {name}. Type /rooms for the list.")
        }
        Answer::TooManyRooms => {
            "There are too many rooms already. Type /rooms for the list, and join one.".into()
        }
        Answer::TooManyRoomsMade => format!(
            "You have made {ROOMS_MADE} rooms that are still there. Go to one and type /topic - to let it go."
        ),
        Answer::Topic {
            room,
            topic: Some(topic),
        } => format!("The topic of {room}: {topic}"),
        Answer::Topic { room, topic: None } => {
            format!("{room} has no topic. Type /topic TEXT to set one.")
        }
        Answer::TopicTooLong => {
            format!("A topic has at most {TOPIC_CHARS} characters. Not set.")
        }
        Answer::NoHistory => "This room has no history yet.".into(),
        Answer::End => "-- end --".into(),
        _ => return None,
    })
}

fn about_people(answer: &Answer) -> String {
    match answer {
        Answer::Nobody {
            typed,
            meant: Some(meant),
        } => format!("Nobody here is called {typed}. Did you mean {meant}?"),
        Answer::Nobody { typed, meant: None } => format!("Nobody here is called {typed}."),
        Answer::Yourself => "That's you.".into(),
        Answer::NamedSoAlready => "That is already your name.".into(),
        Answer::NotTaken(name) => format!("{name} is ignoring you. Not sent."),
        Answer::NothingToReplyTo => {
            "Nobody has written to you privately. Type /msg NAME TEXT to write first.".into()
        }
        Answer::Gone(name) => format!("{name} has left. Not sent."),
        Answer::JustLeft => "They have just left. Nothing was sent or changed.".into(),
        Answer::Away(name, Some(text)) => format!("{name} is away: {text}"),
        Answer::Away(name, None) => format!("{name} is away."),
        Answer::SeveralAway { names, more } => several_away(names, *more),
        Answer::AwaySet => "You are away. Type /back when you return.".into(),
        Answer::AwayTooLong => {
            format!("An away message has at most {AWAY_CHARS} characters. Not set.")
        }
        Answer::Back { .. } => "You are back. You missed nothing.".into(),
        Answer::NotAway => "You were not away.".into(),
        _ => about_reading(answer),
    }
}

/// Of whom and how someone reads.
fn about_reading(answer: &Answer) -> String {
    match answer {
        Answer::Ignored(rows) if rows.is_empty() => "You are not ignoring anybody.".into(),
        Answer::Ignored(rows) => {
            let entry = |row: &IgnoredRow| match &row.now {
                Some(now) => format!("{} (now {now})", row.name),
                None => row.name.to_string(),
            };
            let entries: Vec<String> = rows.iter().map(entry).collect();
            format!("You are ignoring: {}", entries.join(", "))
        }
        Answer::IgnoreSet(name) => {
            format!("You are now ignoring {name}. Type /unignore {name} to undo it.")
        }
        Answer::TooManyIgnored => {
            "You cannot ignore more people. Type /unignore NAME to make room.".into()
        }
        Answer::IgnoreLifted(name) => format!("You are no longer ignoring {name}."),
        Answer::NotIgnored(name) => format!("You are not ignoring {name}."),
        Answer::TimeSet(format) => match format.stamp {
            Stamp::Off => "Timestamps are off.".into(),
            Stamp::Clock => format!("Timestamps are on ({}).", format.offset),
            Stamp::Full => format!("Timestamps are on, with the date ({}).", format.offset),
        },
        Answer::NoZone { typed, by_name } => {
            let named = if *by_name {
                ", UTC or Europe/Berlin"
            } else {
                " or UTC"
            };
            format!("There is no time zone {typed}. Type one such as +2, +05:45{named}.")
        }
        Answer::QuietSet(true) => "Join and leave notices are off.".into(),
        Answer::QuietSet(false) => "Join and leave notices are on.".into(),
        _ => {
            debug_assert!(false, "{answer:?} has no words");
            String::new()
        }
    }
}

/// `Ann and Bob are away.`, `Ann, Bob and 298 others are away.`
fn several_away(names: &[Username], more: usize) -> String {
    let mut entries: Vec<String> = names.iter().map(|name| name.to_string()).collect();
    if more > 0 {
        entries.push(format!("{more} others"));
    }
    let last = entries.pop().unwrap_or_default();
    format!("{} and {last} are away.", entries.join(", "))
}

fn help(out: &mut BytesMut, rows: &[HelpRow]) {
    let width = rows.iter().map(|row| row.usage.chars().count()).max();
    let width = width.unwrap_or(0);
    for row in rows {
        let also = match row.aliases {
            [] => String::new(),
            aliases => format!("; also {}", aliases.join(", ")),
        };
        line(out, &[&format!("{:width$}  {}{also}", row.usage, row.does)]);
    }
}

fn rooms(out: &mut BytesMut, rows: &[RoomRow], more: usize) {
    let names: Vec<String> = rows.iter().map(|row| row.name.to_string()).collect();
    let counts: Vec<String> = rows.iter().map(|row| row.people.to_string()).collect();
    let widest = |texts: &[String]| texts.iter().map(|text| columns(text)).max();
    let name_width = widest(&names).unwrap_or(0);
    let count_width = widest(&counts).unwrap_or(0);
    for ((name, count), row) in names.iter().zip(&counts).zip(rows) {
        let topic = row.topic.as_deref().unwrap_or("");
        let padding = " ".repeat(name_width - columns(name));
        let text = format!("{name}{padding}  {count:>count_width$}  {topic}");
        line(out, &[text.trim_end()]);
    }
    if more > 0 {
        line(out, &[&format!("and {more} more")]);
    }
}

fn who(out: &mut BytesMut, room: &RoomName, people: &[Presence], more: usize) {
    let count = people.len() + more;
    line(out, &[&format!("In {room}: {count}")]);
    let mut text = String::new();
    for (i, presence) in people.iter().enumerate() {
        let last = i + 1 == people.len() && more == 0;
        let entry = format!(
            "{}{}{}",
            presence.name,
            state(presence),
            if last { "" } else { "," }
        );
        if !text.is_empty() && columns(&text) + columns(&entry) >= WRAP {
            line(out, &[" ", &text]);
            text.clear();
        }
        text.push(' ');
        text.push_str(&entry);
    }
    if more > 0 {
        text.push_str(&format!(" and {more} more"));
    }
    if !text.is_empty() {
        line(out, &[" ", &text]);
    }
}

/// Whether a person is away or idle, in brackets.
fn state(presence: &Presence) -> String {
    match (presence.away, idle(presence.idle)) {
        (false, None) => String::new(),
        (true, None) => " (away)".into(),
        (false, Some(idle)) => format!(" (idle {idle})"),
        (true, Some(idle)) => format!(" (away, idle {idle})"),
    }
}

fn tell_of(out: &mut BytesMut, whois: &Whois, format: Format) {
    let Whois {
        presence,
        room,
        since,
        away,
    } = whois;
    let since = Civil::at(*since, format.offset);
    let idle = match idle(presence.idle) {
        Some(idle) => format!(", idle {idle}"),
        None => String::new(),
    };
    let name = presence.name.as_str();
    let offset = format.offset;
    line(
        out,
        &[
            name,
            &format!(" is in {room}, online since {since} ({offset}){idle}."),
        ],
    );
    if presence.away {
        let away = Answer::Away(presence.name.clone(), away.clone());
        line(out, &[&sentence(&away)]);
    }
}

/// How many columns of the screen a text takes.
#[cfg(feature = "unicode-names")]
fn columns(text: &str) -> usize {
    unicode_width::UnicodeWidthStr::width(text)
}

#[cfg(not(feature = "unicode-names"))]
fn columns(text: &str) -> usize {
    text.chars().count()
}

/// Appends one line of these parts.
pub(super) fn line(out: &mut BytesMut, parts: &[&str]) {
    for part in parts {
        out.put_slice(part.as_bytes());
    }
    out.put_slice(b"\r\n");
}

/// How long someone has been idle, once it is worth telling.
fn idle(seconds: u32) -> Option<String> {
    const MINUTE: u32 = 60;
    const HOUR: u32 = 60 * MINUTE;
    const DAY: u32 = 24 * HOUR;
    match seconds {
        0..MINUTE => None,
        MINUTE..HOUR => Some(format!("{} min", seconds / MINUTE)),
        HOUR..DAY => Some(format!("{} h", seconds / HOUR)),
        _ => Some(format!("{} d", seconds / DAY)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(answer: Answer) -> String {
        let mut out = BytesMut::new();
        render(&answer, Format::default(), &mut out);
        String::from_utf8(out.to_vec()).unwrap()
    }

    fn presence(name: &str, away: bool, idle: u32) -> Presence {
        let name = Username::parse(name).unwrap();
        Presence { name, away, idle }
    }

    #[test]
    fn lists_are_aligned() {
        const ROWS: &[HelpRow] = &[
            HelpRow {
                usage: "/a",
                does: "one",
                aliases: &[],
            },
            HelpRow {
                usage: "/long X",
                does: "two",
                aliases: &["/l", "/x"],
            },
        ];
        assert_eq!(
            text(Answer::Help(ROWS)),
            "/a       one\r\n/long X  two; also /l, /x\r\n"
        );
        let row = |name: &str, people, topic: Option<&str>| RoomRow {
            name: RoomName::parse(name).unwrap(),
            people,
            topic: topic.map(Into::into),
        };
        let rows = vec![row("lobby", 12, None), row("tea", 3, Some("milk first?"))];
        let listed = "#lobby  12\r\n#tea     3  milk first?\r\nand 7 more\r\n";
        assert_eq!(text(Answer::Rooms { rows, more: 7 }), listed);
    }

    #[test]
    fn people_are_listed_with_what_they_are_up_to() {
        let people = vec![
            presence("Alice", false, 59),
            presence("Bob", true, 7200),
            presence("Carol", false, 300),
        ];
        let room = RoomName::lobby();
        let listed = "In #lobby: 3\r\n  Alice, Bob (away, idle 2 h), Carol (idle 5 min)\r\n";
        assert_eq!(
            text(Answer::Who {
                room,
                people,
                more: 0
            }),
            listed
        );
    }

    #[test]
    fn several_who_are_away_are_one_sentence() {
        let several = |names: &[&str], more| {
            let names = names
                .iter()
                .map(|it| Username::parse(it).unwrap())
                .collect();
            text(Answer::SeveralAway { names, more })
        };
        for (line, sentence) in [
            (several(&["Ann", "Bob"], 0), "Ann and Bob are away."),
            (
                several(&["Ann", "Bob", "Carl"], 0),
                "Ann, Bob and Carl are away.",
            ),
            (
                several(&["Ann", "Bob"], 298),
                "Ann, Bob and 298 others are away.",
            ),
        ] {
            assert_eq!(line, format!("{sentence}\r\n"));
        }
    }

    #[test]
    fn what_stands_over_dates_says_whose_they_are() {
        let headers = [
            (Answer::History(1), "last message"),
            (Answer::History(3), "last 3 messages"),
            (back(1, 1), "1 message you missed"),
            (back(3, 3), "3 messages you missed"),
            (back(50, 70), "last 50 of the 70 messages you missed"),
        ];
        for (answer, lines) in headers {
            for (offset, zone) in [("utc", "UTC"), ("+2", "UTC+02:00"), ("-0330", "UTC-03:30")] {
                let mut out = BytesMut::new();
                let format = Format {
                    offset: Offset::parse(offset).unwrap(),
                    ..Format::default()
                };
                render(&answer, format, &mut out);
                assert_eq!(out, format!("-- {lines}, times in {zone} --\r\n"));
            }
        }
    }

    fn back(shown: usize, missed: usize) -> Answer {
        Answer::Back { shown, missed }
    }

    #[cfg(feature = "unicode-names")]
    #[test]
    fn columns_are_those_of_the_screen() {
        let row = |name: &str| RoomRow {
            name: RoomName::parse(name).unwrap(),
            people: 1,
            topic: Some("x".into()),
        };
        let rows = ["lobby", "\u{53f0}\u{6240}", "Zoe\u{308}", "\u{939}\u{93f}"].map(row);
        let rows = rows.to_vec();
        let listed = text(Answer::Rooms { rows, more: 0 });
        let expected = [
            "#lobby  1  x",
            "#\u{53f0}\u{6240}   1  x",
            "#Zo\u{eb}    1  x",
            "#\u{939}\u{93f}     1  x",
        ];
        assert_eq!(listed.lines().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn long_lists_of_people_are_wrapped() {
        let people = (0..50)
            .map(|i| presence(&format!("person{i}"), false, 0))
            .collect();
        let room = RoomName::lobby();
        let listed = text(Answer::Who {
            room,
            people,
            more: 50,
        });
        assert!(listed.starts_with("In #lobby: 100\r\n"));
        assert!(listed.ends_with(" person49, and 50 more\r\n"), "{listed}");
        assert!(
            listed.lines().all(|line| line.len() <= WRAP + 16),
            "{listed}"
        );
    }
}
