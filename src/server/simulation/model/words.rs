//! The commands as the model knows them, and what becomes of words that are typed.

use crate::account::Rank;
use crate::limits::ECHOED_CHARS;
use crate::message::HelpRow;

pub(super) const HELP: [HelpRow; 51] = [
    row("/help", "show this list", &[]),
    row("/users", "tell how many people are online", &[]),
    row("/rooms", "list the rooms", &["/list"]),
    row("/join ROOM", "go to a room, or make one", &[]),
    row("/leave", "go back to the lobby", &["/part"]),
    row("/listen ROOM", "hear another room too, or make one", &[]),
    row("/unlisten ROOM|all", "stop hearing another room", &[]),
    row(
        "/switch ROOM",
        "make a room that you hear your current one",
        &[],
    ),
    row(
        "/in ROOM TEXT",
        "say something in another room that you hear",
        &[],
    ),
    row(
        "/topic [TEXT]",
        "show or set the room's topic; - clears it",
        &[],
    ),
    row("/who [ROOM]", "list who is in a room", &["/names"]),
    row(
        "/msg NAME TEXT",
        "write to one person, privately",
        &["/m", "/w", "/tell"],
    ),
    row("/reply TEXT", "answer the last private message", &["/r"]),
    row("/me ACTION", "say what you are doing", &[]),
    row("/nick NAME", "change your name", &[]),
    row("/away [TEXT]", "say that you are away", &[]),
    row("/back", "come back, and read what you missed", &[]),
    row("/whois NAME", "show where a person is, and since when", &[]),
    row(
        "/ignore [NAME]",
        "hide what a person says, or list whom you ignore",
        &[],
    ),
    row("/unignore NAME", "stop ignoring a person", &[]),
    row(
        "/history [N] [before DATE]",
        "show the room's last lines",
        &[],
    ),
    row(
        "/search WORDS",
        "find lines of the room that contain all the words",
        &[],
    ),
    row("/more", "show older lines", &[]),
    row("/seen NAME", "tell when a person was last here", &[]),
    row(
        "/time [on|off|full] [ZONE]",
        "show when things are said, in your time zone",
        &[],
    ),
    row("/quiet [on|off]", "hide join and leave notices", &[]),
    of(
        Rank::Guest,
        "/register",
        "have your name as your own, with a password",
    ),
    of(Rank::Member, "/password", "change your password"),
    of(
        Rank::Member,
        "/unregister [to NAME]",
        "give your account up, and your rooms to a member",
    ),
    of(
        Rank::Member,
        "/catchup [N]",
        "show what was said in this room since you left",
    ),
    of(
        Rank::Trusted,
        "/lock",
        "let only those into this room who are invited",
    ),
    of(
        Rank::Trusted,
        "/unlock",
        "let everyone into this room again",
    ),
    of(
        Rank::Trusted,
        "/invite [NAME] [off]",
        "let somebody into this room although it is locked",
    ),
    of(
        Rank::Trusted,
        "/slow [SECONDS|off]",
        "let each person say one line in so many seconds here",
    ),
    of(
        Rank::Owner,
        "/past open|closed",
        "let those who are invited read what was said before",
    ),
    of(
        Rank::Owner,
        "/trust [NAME] [off]",
        "let a member keep order in this room",
    ),
    of(
        Rank::Owner,
        "/untrust NAME",
        "let them keep order here no longer",
    ),
    of(
        Rank::Member,
        "/owner [NAME|accept|decline]",
        "offer this room to a member, or answer an offer",
    ),
    of(Rank::Guest, "/report TEXT", "tell the operators something"),
    of(
        Rank::Trusted,
        "/kick NAME [REASON]",
        "send a person away for a moment; new 10m: all guests of that time",
    ),
    of(
        Rank::Trusted,
        "/mute NAME [FOR] [REASON]",
        "silence a person for a time: 30m, 12h, 7d or forever",
    ),
    of(Rank::Trusted, "/unmute NAME", "let a person be heard again"),
    of(
        Rank::Operator,
        "/ban NAME|ADDRESS|NET [all] [FOR] [REASON]",
        "keep a person or guests at addresses out; all: members too",
    ),
    of(
        Rank::Operator,
        "/unban NAME|ADDRESS|NET|NUMBER",
        "let a person or addresses in again",
    ),
    of(Rank::Trusted, "/bans", "list who is banned or muted"),
    of(
        Rank::Trusted,
        "/erase NAME [FOR]",
        "remove what a person said, or said in that time",
    ),
    of(
        Rank::Operator,
        "/lockdown [FOR]|off",
        "let in nobody but members for a time",
    ),
    of(Rank::Operator, "/announce TEXT", "tell everyone something"),
    of(
        Rank::Operator,
        "/people [new FOR]",
        "list who is here, and from where",
    ),
    of(Rank::Operator, "/audit [N]", "show what was done to people"),
    row(
        "/quit [TEXT]",
        "leave the chat, with a last word",
        &["/q", "/exit"],
    ),
];

const fn row(usage: &'static str, does: &'static str, aliases: &'static [&'static str]) -> HelpRow {
    HelpRow {
        usage,
        does,
        aliases,
        least: None,
    }
}

/// A command for people who are at least this, where people have accounts.
const fn of(least: Rank, usage: &'static str, does: &'static str) -> HelpRow {
    HelpRow {
        least: Some(least),
        ..row(usage, does, &[])
    }
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
    let is_called = |row: &&HelpRow| {
        let first = row.usage.split(' ').next().into_iter();
        let mut words = first.chain(row.aliases.iter().copied());
        words.any(|it| it.eq_ignore_ascii_case(word))
    };
    HELP.iter().find(is_called).map(|row| row.usage)
}

/// Whether a command is not for everybody.
pub(super) fn is_of_rank(usage: &str) -> bool {
    HELP.iter()
        .any(|it| it.usage == usage && it.least.is_some())
}

pub(super) fn shorten(typed: &str) -> String {
    if typed.chars().count() <= ECHOED_CHARS {
        return typed.into();
    }
    let begin: String = typed.chars().take(ECHOED_CHARS).collect();
    begin + "…"
}
