//! How messages read.

mod order;
mod words;

use super::*;
use crate::id::PersonId;
use crate::message::{
    AboutAway, AboutChat, AboutConnection, AboutReading, AboutRooms, Answer, Elsewhere, HelpRow,
    Here, Message, News, Past, Presence, RoomRow,
};
use crate::name::{RoomName, Username};
use rooms::WRAP;

fn said() -> News {
    News::Said {
        from: Username::parse("Alice").unwrap(),
        text: "Hello, everyone!".into(),
    }
}

fn text(message: &Message, format: Format) -> String {
    let mut out = BytesMut::new();
    render(message, 1_795_276_799, format, &mut out);
    String::from_utf8(out.to_vec()).unwrap()
}

#[test]
fn lines_end_in_cr_lf_and_the_prompt_does_not() {
    let plain = Format::default();
    assert_eq!(text(&said().into(), plain), "Alice: Hello, everyone!\r\n");
    let alice = Username::parse("Alice").unwrap();
    let joined = text(&News::Joined(alice).into(), plain);
    assert_eq!(joined, "Alice has joined the chat.\r\n");
    assert_eq!(
        text(&AboutConnection::UsernamePrompt.into(), plain),
        "Enter your username: "
    );
    let motd = AboutConnection::Motd("one\n\ntwo".into()).into();
    assert_eq!(text(&motd, plain), "one\r\n\r\ntwo\r\n");
}

#[test]
fn stamps_stand_before_what_others_cause_and_nothing_else() {
    let mut format = Format {
        stamp: Stamp::Clock,
        offset: Offset::parse("+01:00").unwrap(),
        ..Format::default()
    };
    assert_eq!(
        text(&said().into(), format),
        "[16:59] Alice: Hello, everyone!\r\n"
    );
    let welcome = text(&AboutConnection::Welcome.into(), format);
    assert!(welcome.starts_with("Welcome to the chat!\r\n"));
    format.stamp = Stamp::Full;
    let full = "[2026-11-21 16:59:59] Alice: Hello, everyone!\r\n";
    assert_eq!(text(&said().into(), format), full);
}

#[test]
fn the_past_is_dated_for_everyone() {
    let past = Past {
        seq: 1,
        at: 0,
        author: PersonId::HOUSE,
        account: None,
        room: Some(RoomName::lobby()),
        news: said(),
    };
    let past = |is_elsewhere| Message::Past {
        past: past.clone().into(),
        is_elsewhere,
    };
    let dated = "[1970-01-01 00:00] Alice: Hello, everyone!\r\n";
    assert_eq!(text(&past(false), Format::default()), dated);
    let tagged = "[1970-01-01 00:00] #lobby Alice: Hello, everyone!\r\n";
    assert_eq!(text(&past(true), Format::default()), tagged);
}

fn answered(answer: impl Into<Answer>) -> String {
    text(&Message::Answer(answer.into()), Format::default())
}

fn presence(name: &str, away: bool, idle: u32) -> Presence {
    Presence {
        id: PersonId::HOUSE,
        name: Username::parse(name).unwrap(),
        elsewhere: None,
        away,
        lost: false,
        idle,
    }
}

#[test]
fn lists_are_aligned() {
    const ROWS: &[HelpRow] = &[
        HelpRow {
            usage: "/a",
            does: "one",
            aliases: &[],
            least: None,
        },
        HelpRow {
            usage: "/long X",
            does: "two",
            aliases: &["/l", "/x"],
            least: None,
        },
    ];
    assert_eq!(
        answered(AboutChat::Help {
            rows: ROWS,
            rank: None
        }),
        "/a       one\r\n/long X  two; also /l, /x\r\n"
    );
    let row = |name: &str, people, here, topic: Option<&str>| RoomRow {
        name: RoomName::parse(name).unwrap(),
        people,
        here,
        topic: topic.map(Into::into),
    };
    let rows = vec![
        row("lobby", 12, Some(Here::Current), None),
        row("tea", 3, Some(Here::Hears), Some("milk first?")),
        row("ops", 1, None, Some("the pager")),
    ];
    let listed = "#lobby  12  you are here\r\n\
        #tea     3  you hear it   milk first?\r\n\
        #ops     1                the pager\r\n\
        and 7 more\r\n";
    assert_eq!(answered(AboutRooms::Rooms { rows, more: 7 }), listed);
}

#[test]
fn people_are_listed_with_what_they_are_up_to() {
    let people = vec![
        presence("Alice", false, 59),
        presence("Bob", true, 7200),
        presence("Carol", false, 300),
        Presence {
            elsewhere: RoomName::parse("tea").ok().map(Elsewhere::In),
            ..presence("Dora", true, 0)
        },
    ];
    let room = RoomName::lobby();
    let listed = "In #lobby: 4\r\n  \
        Alice, Bob (away, idle 2 h), Carol (idle 5 min), Dora (in #tea, away)\r\n";
    assert_eq!(
        answered(AboutRooms::Who {
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
        answered(AboutAway::SeveralAway { names, more })
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
        (AboutReading::History(1).into(), "last message"),
        (AboutReading::History(3).into(), "last 3 messages"),
        (back(1, 1), "1 message you missed"),
        (back(3, 3), "3 messages you missed"),
        (back(50, 70), "last 50 of the 70 messages you missed"),
    ];
    for (answer, lines) in headers {
        for (offset, zone) in [("utc", "UTC"), ("+2", "UTC+02:00"), ("-0330", "UTC-03:30")] {
            let format = Format {
                offset: Offset::parse(offset).unwrap(),
                ..Format::default()
            };
            let out = text(&Message::Answer(answer.clone()), format);
            assert_eq!(out, format!("-- {lines}, times in {zone} --\r\n"));
        }
    }
}

fn back(shown: usize, missed: usize) -> Answer {
    AboutAway::Back { shown, missed }.into()
}

#[cfg(feature = "unicode-names")]
#[test]
fn columns_are_those_of_the_screen() {
    let row = |name: &str| RoomRow {
        name: RoomName::parse(name).unwrap(),
        people: 1,
        here: None,
        topic: Some("x".into()),
    };
    let rows = ["lobby", "\u{53f0}\u{6240}", "Zoe\u{308}", "\u{939}\u{93f}"].map(row);
    let rows = rows.to_vec();
    let listed = answered(AboutRooms::Rooms { rows, more: 0 });
    let expected = [
        "#lobby  1    x",
        "#\u{53f0}\u{6240}   1    x",
        "#Zo\u{eb}    1    x",
        "#\u{939}\u{93f}     1    x",
    ];
    assert_eq!(listed.lines().collect::<Vec<_>>(), expected);
}

#[test]
fn long_lists_of_people_are_wrapped() {
    let people = (0..50)
        .map(|i| presence(&format!("person{i}"), false, 0))
        .collect();
    let room = RoomName::lobby();
    let listed = answered(AboutRooms::Who {
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
