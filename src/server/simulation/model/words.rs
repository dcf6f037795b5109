//! Words and lists of the model.

use crate::limits::ECHOED_CHARS;
use crate::moment::Offset;
use crate::name::{InvalidUsername, Username};

use super::Person;

pub(super) const HELP: &str = "\
/help                       show this list
/users                      tell how many people are online
/rooms                      list the rooms; also /list
/join ROOM                  go to a room, or make one
/leave                      go back to the lobby; also /part
/topic [TEXT]               show or set the room's topic; - clears it
/who [ROOM]                 list who is in a room; also /names
/msg NAME TEXT              write to one person, privately; also /m, /w, /tell
/reply TEXT                 answer the last private message; also /r
/me ACTION                  say what you are doing
/nick NAME                  change your name
/away [TEXT]                say that you are away
/back                       come back, and read what you missed
/whois NAME                 show where a person is, and since when
/ignore [NAME]              hide what a person says, or list whom you ignore
/unignore NAME              stop ignoring a person
/history [N]                show the room's last lines
/time [on|off|full] [ZONE]  show when things are said, in your time zone
/quiet [on|off]             hide join and leave notices
/quit [TEXT]                leave the chat, with a last word; also /q, /exit";

/// Why something is no name of this kind.
pub(super) fn no_name(kind: &str, why: InvalidUsername) -> String {
    let why = match why {
        InvalidUsername::Empty => "".into(),
        InvalidUsername::TooLong(count) => format!("; that one has {count}"),
        InvalidUsername::WholeLine => "; that one is far too long".into(),
        InvalidUsername::Begins(c) => format!("; it cannot begin with '{c}'"),
        InvalidUsername::Space => "; it cannot have a space".into(),
        InvalidUsername::Character(c @ ('!'..='~' | '␀'..='␦' | '\u{fffd}')) => {
            format!("; it cannot have '{c}'")
        }
        InvalidUsername::Character(c) => {
            format!("; it cannot have the character U+{:04X}", c as u32)
        }
        InvalidUsername::Invisible(c) => {
            format!("; it cannot have U+{:04X}, which shows nothing", c as u32)
        }
        InvalidUsername::Mark(c) => {
            let number = c as u32;
            format!("; the mark U+{number:04X} does not belong to the letter before it")
        }
        InvalidUsername::Directions => "; its letters must all run in one direction".into(),
        why => panic!("the script has no such name: {why:?}"),
    };
    format!("{kind} has 1 to 32 letters, digits, '_', '-' or '.'{why}.")
}

/// What someone reads whose client speaks another protocol.
pub(super) fn wrong_protocol(protocol: &str) -> String {
    let head = match protocol {
        "HTTP" => {
            "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n"
        }
        _ => "",
    };
    format!("{head}This is a chat server and does not speak {protocol}. Connect with telnet or nc.")
}

/// What is one slip of the finger away from a name: place by place a letter less, two swapped, another, one more.
pub(super) fn slips(typed: &str) -> Vec<String> {
    let letters: Vec<char> = typed.to_uppercase().to_lowercase().chars().collect();
    let mut all: Vec<Vec<char>> = Vec::new();
    let folded = typed.to_lowercase().chars().count();
    if !(3..=20).contains(&typed.chars().count()) || folded > 20 {
        return Vec::new();
    }
    let keys: Vec<char> = "abcdefghijklmnopqrstuvwxyz0123456789_-.".chars().collect();
    for place in 0..=letters.len() {
        if place < letters.len() {
            let mut less = letters.clone();
            less.remove(place);
            all.push(less);
        }
        if place + 1 < letters.len() {
            let mut swapped = letters.clone();
            swapped.swap(place, place + 1);
            all.push(swapped);
        }
        for &key in &keys {
            if place < letters.len() {
                let mut other = letters.clone();
                other[place] = key;
                all.push(other);
            }
            let mut more = letters.clone();
            more.insert(place, key);
            all.push(more);
        }
    }
    all.into_iter().map(String::from_iter).collect()
}

/// How a command is used, if there is one that is called so.
pub(super) fn usage(word: &str) -> Option<&'static str> {
    let mut rows = HELP.lines().filter(|line| {
        let (usage, rest) = line.split_at(28);
        let (_, also) = rest.split_once("; also ").unwrap_or((rest, ""));
        let first = usage.split(' ').next().into_iter();
        let mut words = first.chain(also.split(", "));
        words.any(|it| it.eq_ignore_ascii_case(word))
    });
    rows.next().map(|line| line[..28].trim_end())
}

pub(super) fn shorten(typed: &str) -> String {
    if typed.chars().count() <= ECHOED_CHARS {
        return typed.into();
    }
    let begin: String = typed.chars().take(ECHOED_CHARS).collect();
    begin + "…"
}

pub(super) fn away(name: &Username, text: Option<&str>) -> String {
    match text {
        Some(text) => format!("{name} is away: {text}"),
        None => format!("{name} is away."),
    }
}

pub(super) fn idle(seconds: u64) -> Option<String> {
    let minutes = seconds / 60;
    match (minutes, minutes / 60, minutes / 60 / 24) {
        (0, _, _) => None,
        (minutes, 0, _) => Some(format!("{minutes} min")),
        (_, hours, 0) => Some(format!("{hours} h")),
        (_, _, days) => Some(format!("{days} d")),
    }
}

/// A person on the list of a room.
pub(super) fn presence(it: &Person, seconds: u64) -> String {
    let idle = idle(seconds - it.active).map(|idle| format!("idle {idle}"));
    let away = it.away.as_ref().map(|_| "away".to_string());
    let states: Vec<String> = away.into_iter().chain(idle).collect();
    match states.is_empty() {
        true => it.name().to_string(),
        false => format!("{} ({})", it.name(), states.join(", ")),
    }
}

/// How many columns of the screen a text of the script takes.
pub(super) fn width(text: &str) -> usize {
    let of = |c: char| match c {
        '\u{300}'..='\u{36f}' | '\u{941}'..='\u{948}' | '\u{94d}' => 0,
        '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' => 2,
        _ => 1,
    };
    text.chars().map(of).sum()
}

/// What stands over lines with dates.
pub(super) fn header(lines: &str, offset: Offset) -> String {
    let utc = match offset.to_string().as_str() {
        "UTC" => "UTC".into(),
        offset => format!("UTC{offset}"),
    };
    format!("-- {lines}, times in {utc} --")
}

/// Entries with commas between them, in lines of some 72 characters.
pub(super) fn wrapped(entries: Vec<String>, more: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let last = entries.len();
    for (i, entry) in entries.into_iter().enumerate() {
        let comma = if i + 1 == last && more == 0 { "" } else { "," };
        let entry = format!("{entry}{comma}");
        match lines.last_mut() {
            Some(line) if width(line) - 1 + width(&entry) < 72 => {
                line.push(' ');
                line.push_str(&entry);
            }
            _ => lines.push(format!("  {entry}")),
        }
    }
    if more > 0 {
        match lines.last_mut() {
            Some(line) => line.push_str(&format!(" and {more} more")),
            None => lines.push(format!("  and {more} more")),
        }
    }
    lines
}
