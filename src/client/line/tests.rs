//! The client reads every line back as the server writes it.

mod house;

use super::*;
use crate::id::PersonId;
use crate::message::{
    AboutAway, AboutChat, AboutHearing, AboutIgnoring, AboutInput, AboutPeople, AboutReading,
    AboutRooms, Answer, Elsewhere, HelpRow, Here, Message, News, Past, Presence, RoomRow,
};
use crate::moment::Format;
use crate::wire::{render, tag};
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

fn room_names() -> [RoomName; 3] {
    ["den", "den.", "花子"].map(|it| RoomName::parse(it).unwrap())
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
            ..Format::default()
        })
    })
}

/// Reads an event back from its written line, with every stamp and as an event of the past, without and with a tag.
fn assert_event(news: News, fact: Fact<'_>) {
    for (format, room) in formats().zip(room_names().iter().cycle()) {
        let line = written(&news.clone().into(), format);
        let it = read(&line);
        assert_eq!((&it.fact, it.past), (&fact, false), "{line}");
        assert_eq!((it.stamp.len(), it.tag), (format.stamp.len(), ""), "{line}");
        let (stamp, told) = line.split_at(it.stamp.len());
        assert_tagged(&format!("{stamp}{}{told}", tag(room)), room, false, &fact);
        let past = Past {
            seq: 1,
            at: 0,
            author: PersonId::HOUSE,
            account: None,
            room: Some(room.clone()),
            news: news.clone(),
        };
        let past = |is_elsewhere| Message::Past {
            past: past.clone().into(),
            is_elsewhere,
        };
        let line = written(&past(false), format);
        let it = read(&line);
        assert_eq!((&it.fact, it.past, it.tag), (&fact, true, ""), "{line}");
        assert_eq!(it.stamp.len(), "[1970-01-01 00:00] ".len(), "{line}");
        assert_tagged(&written(&past(true), format), room, true, &fact);
    }
}

/// Reads a line back that has a tag. Private messages and notices to everybody have none, and with one they are not
/// taken for such.
fn assert_tagged(line: &str, room: &RoomName, past: bool, fact: &Fact<'_>) {
    let it = read(line);
    let (tag, fact) = match fact {
        Fact::Private { .. } | Fact::PrivateSent { .. } | Fact::Other => {
            (String::new(), &Fact::Other)
        }
        _ => (tag(room), fact),
    };
    assert_eq!((it.tag, &it.fact, it.past), (&*tag, fact, past), "{line}");
}

/// Reads an answer back from its written line. With a stamp or a tag, it is not an answer.
fn assert_answer(answer: impl Into<Answer>, fact: Fact<'_>) {
    assert_answered(
        &written(&Message::Answer(answer.into()), Format::default()),
        fact,
    );
}

fn assert_answered(line: &str, fact: Fact<'_>) {
    let expected = Line {
        stamp: "",
        past: false,
        tag: "",
        fact,
    };
    assert_eq!(read(line), expected, "{line}");
    for before in ["[12:30] ", "#den ", "[12:30] #den "] {
        let line = format!("{before}{line}");
        let read = read(&line);
        assert_eq!((read.tag, read.fact), ("", Fact::Other), "{line}");
    }
}

#[test]
fn what_people_write_is_read_back() {
    for who in names() {
        let name = who.as_str();
        for text in ["hi", "a: b", "(private): x", "Bob: x", "* x", "[12:30] x"] {
            let (from, to) = (who.clone(), who.clone());
            let said = News::Said {
                from: from.clone(),
                text: text.into(),
            };
            assert_event(said, Fact::Said { name, text });
            let action = News::Action {
                from: from.clone(),
                text: text.into(),
            };
            assert_event(action, Fact::Action { name, text });
            let private = News::Private {
                from,
                text: text.into(),
            };
            assert_event(private, Fact::Private { name, text });
            let sent = News::PrivateSent {
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
        let left = |word| News::Left { who: by(), word };
        let set = |topic| News::TopicSet { by: by(), topic };
        let went = News::WentTo {
            who: by(),
            room: Some(room.clone()),
        };
        let hidden = News::WentTo {
            who: by(),
            room: None,
        };
        assert_event(hidden, of("has gone elsewhere."));
        let (who, from) = (by(), None);
        let hidden = News::ListensIn { who, from };
        assert_event(hidden, of("listens in."));
        assert_event(News::Joined(by()), of("has joined the chat."));
        assert_event(left(None), of("has left the chat."));
        assert_event(left(word), of("has left the chat: so: long"));
        assert_event(News::Entered(by()), of("has come in."));
        let (from, who) = (Some(room.clone()), by());
        let listens = News::ListensIn { who, from };
        assert_event(went, of("has gone to #den.."));
        assert_event(listens, of("listens in from #den.."));
        assert_event(News::ListensNoMore(by()), of("no longer listens."));
        assert_event(set(topic), of("has set the topic: tea: now"));
        assert_event(set(None), of("has cleared the topic."));
        for other in names() {
            let renamed = News::Renamed {
                from: by(),
                to: other.clone(),
            };
            let to = other.as_str();
            assert_event(renamed, Fact::Renamed { from: name, to });
        }
    }
    assert_event(News::Notice("x: y".into()), Fact::Other);
}

#[test]
fn answers_about_the_reader_are_read_back() {
    for typed in ["lobby", "den.", "x..", "花子"] {
        let room = RoomName::parse(typed).unwrap();
        let fact = || Fact::InRoom(room.clone());
        assert_answer(AboutRooms::InRoom(room.clone()), fact());
        assert_answer(AboutRooms::InRoomAlready(room.clone()), fact());
    }
    for format in formats() {
        let stamp = format.stamp;
        let offset = (stamp != Stamp::Off).then_some(format.offset);
        assert_answer(
            AboutReading::TimeSet(format),
            Fact::Timestamps { stamp, offset },
        );
    }
    for quiet in [true, false] {
        assert_answer(AboutReading::QuietSet(quiet), Fact::Quiet(quiet));
    }
    assert_answer(AboutAway::AwaySet, Fact::AwaySet);
    assert_answer(AboutAway::NotAway, Fact::Back);
    for (shown, missed) in [(0, 0), (1, 1), (3, 3), (50, 70)] {
        assert_answer(AboutAway::Back { shown, missed }, Fact::Back);
    }
    for who in names() {
        let name = who.as_str();
        assert_answer(AboutIgnoring::IgnoreSet(who.clone()), Fact::IgnoreSet(name));
        assert_answer(
            AboutIgnoring::IgnoreLifted(who.clone()),
            Fact::IgnoreLifted(name),
        );
    }
}

#[test]
fn answers_about_other_rooms_are_read_back() {
    let rooms = room_names();
    for room in &rooms {
        let fact = || Fact::Hears(room.clone());
        assert_answer(AboutHearing::Too(room.clone()), fact());
        assert_answer(AboutHearing::Already(room.clone()), fact());
    }
    for count in 1..=rooms.len() {
        let gone = rooms[..count].to_vec();
        let answer = Message::Answer(AboutHearing::NoMore(gone.clone()).into());
        let line = written(&answer, Format::default());
        let Fact::HearsNoLonger(list) = read(&line).fact else {
            panic!("{line}");
        };
        assert_eq!(super::rooms(list).collect::<Vec<_>>(), gone, "{line}");
        assert_answered(&line, Fact::HearsNoLonger(list));
    }
    let room = || rooms[0].clone();
    for other in [
        AboutHearing::NoOther,
        AboutHearing::Current(room()),
        AboutHearing::NotHeard(room()),
        AboutHearing::NotSent(room()),
        AboutHearing::OnlySaid,
        AboutHearing::TooMany,
    ] {
        assert_answer(other, Fact::Other);
    }
    for line in [
        "You hear #den too. Say something there with /in tea TEXT.",
        "You hear #den too.",
        "You hear den already.",
        "You hear #den already",
        "You no longer hear #den",
        "You no longer hear #den, #tea.",
        "You no longer hear den.",
        "You no longer hear .",
    ] {
        assert_answered(line, Fact::Other);
    }
}

#[test]
fn a_tag_stands_in_front_of_lines_of_rooms_alone() {
    for line in [
        "#den",
        "#den ",
        "#den  Ann: x",
        "# den Ann: x",
        "#-den Ann: x",
        "#den: Ann: x",
        "#den #tea Ann: x",
        "#den has no topic. Type /topic TEXT to set one.",
        "#den looks like #dem. Type /join #dem to go there, or choose another name.",
        "#den Ann is away: x",
        "#den -- 3 messages skipped --",
        "#den [12:30] Ann: x",
    ] {
        let read = read(line);
        assert_eq!((read.tag, read.fact), ("", Fact::Other), "{line}");
    }
    // Text that looks like a tag is text.
    let (name, text) = ("Ann", "#den Bob: x");
    assert_eq!(read("Ann: #den Bob: x").fact, Fact::Said { name, text });
    assert_eq!(read("Ann: #den Bob: x").tag, "");
}

#[test]
fn the_two_ends_of_a_replay_are_read_back() {
    let times = "times in UTC";
    for count in [1, 2, 20] {
        assert_answer(AboutReading::History(count), Fact::Replay { times });
    }
    assert_answer(AboutReading::End, Fact::ReplayEnd);
    for line in [
        "-- last 50 messages --",
        "-- last messages, times in UTC --",
        "-- last 2 messages, times in UTC",
        "-- end",
    ] {
        assert_answered(line, Fact::Other);
    }
}

#[test]
fn rows_of_help_are_read_back() {
    const ROW: HelpRow = HelpRow {
        usage: "/msg NAME TEXT",
        does: "write to one person",
        aliases: &["/m"],
        least: None,
    };
    let fact = Fact::Help {
        command: "/msg",
        rest: "NAME TEXT  write to one person; also /m",
    };
    assert_answer(
        AboutChat::Help {
            rows: &[ROW],
            rank: None,
        },
        fact,
    );
    for line in ["/", "/ x  y", "/x", "/x y", "/X  y", "/a/b  c", "//x  y"] {
        assert_eq!(read(line).fact, Fact::Other, "{line}");
    }
}

#[test]
fn lists_of_rooms_are_read_back() {
    let rooms = room_names();
    let row = |name: &RoomName, people, here, topic: Option<&str>| RoomRow {
        name: name.clone(),
        people,
        here,
        topic: topic.map(Into::into),
    };
    for topic in [None, Some("x"), Some("12  y"), Some("* Ann: x")] {
        let rows = vec![
            row(&rooms[0], 120, Some(Here::Current), None),
            row(&rooms[1], 3, Some(Here::Hears), topic),
            row(&rooms[2], 1, None, topic),
        ];
        let list = written(
            &Message::Answer(AboutRooms::Rooms { rows, more: 2 }.into()),
            Format::default(),
        );
        let facts: Vec<_> = list.split("\r\n").map(|line| read(line).fact).collect();
        let expected = rooms
            .clone()
            .map(Fact::Room)
            .into_iter()
            .chain([Fact::Other]);
        assert_eq!(facts, expected.collect::<Vec<_>>(), "{list}");
    }
}

#[test]
fn lists_of_people_are_read_back() {
    let room = RoomName::parse("den.").unwrap();
    for (elsewhere, away, idle, more) in [
        (None, false, 0, 0),
        (None, true, 7200, 0),
        (None, false, 300, 50),
        (None, true, 0, 50),
        (Some(&room), false, 0, 0),
        (Some(&room), true, 7200, 50),
        (Some(&room), true, 0, 0),
    ] {
        let people_of = names().into_iter().map(|name| Presence {
            id: PersonId::HOUSE,
            name,
            elsewhere: elsewhere.cloned().map(Elsewhere::In),
            away,
            idle,
        });
        let who = AboutRooms::Who {
            room: room.clone(),
            people: people_of.collect(),
            more,
        };
        let list = written(&Message::Answer(who.into()), Format::default());
        let (header, list) = list.split_once("\r\n").unwrap();
        let room = room.clone();
        let count = names().len() + more;
        assert_eq!(read(header).fact, Fact::Who { room, count });
        let listed: Vec<&str> = list.split("\r\n").flat_map(people).collect();
        assert_eq!(
            listed,
            names().iter().map(Username::as_str).collect::<Vec<_>>()
        );
        for row in list.split("\r\n") {
            assert_eq!(read(row).fact, Fact::People(row));
        }
    }
}

#[test]
fn what_only_looks_like_a_row_of_a_list_is_none() {
    for line in [
        "#den",
        "#den 3",
        "#den  3 x",
        "#den  x",
        "# den  3",
        "In den: 3",
        "In #den: x",
        "In #den: 3 ",
        "  ",
        "  a b",
        "  and 50 more",
        "  idle 2 h)",
    ] {
        assert_eq!(read(line).fact, Fact::Other, "{line}");
    }
}

#[test]
fn other_answers_tell_nothing_else() {
    let typed = || "Ann: x".into();
    let answers: [Answer; 7] = [
        AboutInput::UnknownCommand("/foo".into()).into(),
        AboutInput::Usage("/nick NAME").into(),
        AboutChat::UsersOnline(3).into(),
        AboutIgnoring::NotIgnored(typed()).into(),
        AboutPeople::Nobody {
            typed: typed(),
            meant: None,
        }
        .into(),
        AboutAway::Away(names()[0].clone(), Some("(private): x".into())).into(),
        AboutRooms::Topic {
            room: RoomName::lobby(),
            topic: Some("x".into()),
        }
        .into(),
    ];
    for answer in answers {
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
        &format!("#{dots} Ann: x"),
        &format!("You hear #{dots} already."),
        &format!("You no longer hear #{dots}."),
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
