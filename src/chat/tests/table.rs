//! Every command, with every kind of text after it, from everyone who might type it.

use super::*;
use crate::chat::commands::{USAGES, needs_accounts};
use crate::message::{AboutAccount, AboutInput, Message, News};

/// Texts that no command's usage has after the word. They must do no harm there.
const HOSTILE: [&str; 18] = [
    "-",
    "--",
    "#",
    "##x",
    "/",
    "//quit",
    ":",
    "-- end --",
    "0",
    "-1",
    "99999999999999999999999999",
    "+99:99",
    "on +25:00",
    "\u{5d0}\u{5d1}\u{5d2}",
    "\u{202e}evil \u{2066}more",
    "\u{1b}[2J\u{7} \u{0}",
    "\u{2401}\u{fffd}\u{3164}",
    "bob\u{a0}x",
];

/// Where someone may be when they type.
#[derive(Debug, Clone, Copy, PartialEq)]
enum State {
    NoName,
    InTheLobby,
    InARoom,
    AloneInARoom,
    HearingARoom,
    Away,
    IgnoredByTheOther,
    IgnoringTheOther,
}

const STATES: [State; 8] = [
    State::NoName,
    State::InTheLobby,
    State::InARoom,
    State::AloneInARoom,
    State::HearingARoom,
    State::Away,
    State::IgnoredByTheOther,
    State::IgnoringTheOther,
];

/// Ann in that state; Bob, who has written to her, in the lobby; Carl in a room. Nobody has anything left to read.
fn people(state: State) -> (Chat, PeerId, [PeerId; 2]) {
    let mut chat = Chat::new();
    let bob = chat.login(1, "bob");
    let carl = chat.login(2, "carl");
    chat.types(carl, "/join tea");
    chat.types(carl, "/topic leaves");
    let ann = match state {
        State::NoName => chat.connect(0),
        _ => chat.login(0, "ann"),
    };
    chat.types(bob, "/msg ann hello");
    match state {
        State::NoName | State::InTheLobby => {}
        State::InARoom => chat.types(ann, "/join tea"),
        State::AloneInARoom => chat.types(ann, "/join den"),
        State::HearingARoom => chat.types(ann, "/listen tea"),
        State::Away => chat.types(ann, "/away tea"),
        State::IgnoredByTheOther => chat.types(bob, "/ignore ann"),
        State::IgnoringTheOther => chat.types(ann, "/ignore bob"),
    }
    for peer in [ann, bob, carl] {
        chat.reads(peer);
    }
    (chat, ann, [bob, carl])
}

/// The texts that may follow the word: nothing, what it asks for, too little, too much, and hostile texts.
fn shapes(usage: &str) -> Vec<String> {
    let right: &[&str] = match usage.split_once(' ').map_or("", |(_, rest)| rest) {
        "ROOM" | "[ROOM]" | "ROOM|all" => &["tea", "#tea", "new", "lobby", "all"],
        "ROOM TEXT" => &[
            "tea hi",
            "#TEA  /me waves",
            "new hi",
            "tea /users",
            "lobby //x",
        ],
        "NAME TEXT" => &["bob hi", "BOB  hi there", "carl x", "nobody x", "ann x"],
        "NAME" | "[NAME]" => &["bob", "CARL", "nobody", "ann"],
        "[N]" => &["1", "20", "1000000"],
        "[on|off|full] [ZONE]" => &["off", "ON", "full", "on +05:45", "full -12:00", "+2", "utc"],
        "[on|off]" => &["on", "OFF"],
        _ => &["some words", "bob: carl?"],
    };
    let mut shapes: Vec<String> = right.iter().map(|it| it.to_string()).collect();
    shapes.extend(
        right
            .iter()
            .map(|it| format!("{it} and more than is asked for")),
    );
    shapes.extend(HOSTILE.map(String::from));
    shapes.extend(HOSTILE.map(|it| format!("bob {it}")));
    shapes.push(String::new());
    shapes.push("x".repeat(8000));
    shapes.push("x ".repeat(4000));
    shapes.push(format!("bob {}", "\u{5d0}".repeat(4000)));
    shapes
}

/// Whether others may get this message when someone types the command.
fn may_reach_others(word: &str, message: &Message) -> bool {
    let Message::News(news) = message else {
        return false;
    };
    match word {
        "/join" | "/leave" => matches!(news, News::WentTo { .. } | News::Entered(_)),
        "/listen" => matches!(news, News::ListensIn { .. }),
        "/unlisten" => matches!(news, News::ListensNoMore(_)),
        "/in" => matches!(news, News::Said { .. } | News::Action { .. }),
        "/topic" => matches!(news, News::TopicSet { .. }),
        "/msg" | "/reply" => matches!(news, News::Private { .. }),
        "/me" => matches!(news, News::Action { .. }),
        "/nick" => matches!(news, News::Renamed { .. }),
        "/quit" => matches!(news, News::Left { .. }),
        _ => false,
    }
}

/// Types the line, and checks its effects.
fn try_line(state: State, word: &str, line: &str) {
    let (mut chat, ann, others) = people(state);
    let shown: String = line.chars().take(60).collect();
    chat.types(ann, line);
    chat.alone.check();
    let answer = chat.reads(ann);
    let read = others.map(|it| chat.reads(it));
    // A line in a room has readers instead of an answer, unless all of them ignore its author.
    let is_read = state == State::IgnoredByTheOther || read.iter().any(|it| !it.is_empty());
    let is_answered = !answer.is_empty() || word == "/in" && is_read;
    assert!(is_answered, "{state:?}: no answer to {shown:?}");
    for (other, read) in others.into_iter().zip(read) {
        let has_name = state != State::NoName;
        let allowed = |it| has_name && may_reach_others(word, it);
        assert!(read.iter().all(allowed), "{state:?}, {shown:?}: {read:?}");
        assert!(read.len() <= 1, "{state:?}, {shown:?}: {read:?}");
        if state == State::IgnoredByTheOther && other == others[0] {
            assert_eq!(read, [], "{shown:?} of someone who is ignored");
        }
    }
    for peer in [ann, others[0], others[1]] {
        chat.event(peer, Event::Disconnected(CloseReason::EndOfInput));
    }
    walk::is_as_new(&chat);
}

#[test]
fn every_command_answers_whatever_stands_behind_it_wherever_one_is() {
    for state in STATES {
        for usage in USAGES {
            let word = usage.split(' ').next().unwrap();
            for args in shapes(usage) {
                try_line(state, word, &format!("{word} {args}"));
                try_line(
                    state,
                    word,
                    &format!(" \t{}\u{a0}{args} ", word.to_uppercase()),
                );
            }
        }
    }
}

#[test]
fn a_typo_in_a_command_reaches_nobody() {
    for state in STATES {
        for usage in USAGES {
            let word = usage.split(' ').next().unwrap();
            for typo in [
                format!("{word}x"),
                format!("/x{}", &word[1..]),
                format!("/ {}", &word[1..]),
                format!("{word},"),
                format!("{word}bob"),
                format!(" {word}."),
            ] {
                try_line(state, "", &format!("{typo} bob the secret"));
            }
        }
    }
}

#[test]
fn without_what_it_needs_a_command_tells_how_to_use_it_and_does_nothing() {
    for usage in USAGES {
        let (word, rest) = usage.split_once(' ').unwrap_or((usage, ""));
        let lines = match rest {
            "" => vec![format!("{word} x")],
            "[N]" => vec![format!("{word} x"), format!("{word} 1 2")],
            "NAME TEXT" => vec![word.into(), format!("{word} bob"), format!("{word} bob  ")],
            "[on|off]" => ["x", "on off"].map(|it| format!("{word} {it}")).into(),
            rest if rest.starts_with('[') => continue,
            _ => vec![word.into()],
        };
        for line in lines {
            let (mut chat, ann, others) = people(State::InTheLobby);
            chat.types(ann, &line);
            // Nobody has an account here.
            let expected: Answer = match needs_accounts(usage) {
                true => AboutAccount::NoAccounts.into(),
                false => AboutInput::Usage(usage).into(),
            };
            assert_eq!(chat.reads(ann), [Message::Answer(expected)], "{line}");
            for other in others {
                assert_eq!(chat.reads(other), [], "{line}");
            }
        }
    }
}
