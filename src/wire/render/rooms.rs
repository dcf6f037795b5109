//! The words of answers about rooms.

use bytes::BytesMut;

use crate::limits::{ROOMS_MADE, TOPIC_CHARS};
use crate::message::{AboutRooms, Elsewhere, Here, Presence, RoomRow};
use crate::name::RoomName;
use crate::wire::refusal;

use super::line;
use super::people::idle;

/// The column of the screen at which a list of names is wrapped.
pub(super) const WRAP: usize = 72;

pub(super) fn render(about: &AboutRooms, out: &mut BytesMut) {
    let words = match about {
        AboutRooms::Rooms { rows, more } => return list(out, rows, *more),
        AboutRooms::Who { room, people, more } => return who(out, room, people, *more),
        AboutRooms::InRoom(room) => format!("You are in {room} now."),
        AboutRooms::InRoomAlready(room) => format!("You are already in {room}."),
        AboutRooms::RoomInvalid(why) => refusal::no_name("A room's name", *why),
        AboutRooms::RoomLooksLike { typed, room } => {
            format!(
                "{typed} looks like {room}. Type /join {room} to go there, or choose another name."
            )
        }
        AboutRooms::NoSuchRoom {
            name,
            meant: Some(meant),
        } => format!("There is no room {name}. Did you mean {meant}?"),
        AboutRooms::NoSuchRoom { name, meant: None } => {
            format!("There is no room {name}. Type /rooms for the list.")
        }
        AboutRooms::TooManyRooms => {
            "There are too many rooms already. Type /rooms for the list, and join one.".into()
        }
        AboutRooms::TooManyRoomsMade => format!(
            "You have made {ROOMS_MADE} rooms that are still there. Go to one and type /topic - to let it go."
        ),
        AboutRooms::Topic {
            room,
            topic: Some(topic),
        } => format!("The topic of {room}: {topic}"),
        AboutRooms::Topic { room, topic: None } => {
            format!("{room} has no topic. Type /topic TEXT to set one.")
        }
        AboutRooms::TopicTooLong => {
            format!("A topic has at most {TOPIC_CHARS} characters. Not set.")
        }
    };
    line(out, &[&words]);
}

fn list(out: &mut BytesMut, rows: &[RoomRow], more: usize) {
    let names: Vec<String> = rows.iter().map(|row| row.name.to_string()).collect();
    let counts: Vec<String> = rows.iter().map(|row| row.people.to_string()).collect();
    let widest = |texts: &[String]| texts.iter().map(|text| columns(text)).max();
    let name_width = widest(&names).unwrap_or(0);
    let count_width = widest(&counts).unwrap_or(0);
    let marks: Vec<&str> = rows.iter().map(|row| mark(row.here)).collect();
    let mark_width = marks.iter().map(|mark| mark.len()).max().unwrap_or(0);
    for (((name, count), mark), row) in names.iter().zip(&counts).zip(marks).zip(rows) {
        let topic = row.topic.as_deref().unwrap_or("");
        let padding = " ".repeat(name_width - columns(name));
        let text = format!("{name}{padding}  {count:>count_width$}  {mark:mark_width$}  {topic}");
        line(out, &[text.trim_end()]);
    }
    if more > 0 {
        line(out, &[&format!("and {more} more")]);
    }
}

/// How the reader is in a room.
fn mark(here: Option<Here>) -> &'static str {
    match here {
        Some(Here::Current) => "you are here",
        Some(Here::Hears) => "you hear it",
        None => "",
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

/// Where else a person is, and whether they are away or idle, in brackets.
fn state(presence: &Presence) -> String {
    let elsewhere = presence.elsewhere.as_ref().map(|it| match it {
        Elsewhere::In(room) => format!("in {room}"),
        Elsewhere::Unseen => "elsewhere".into(),
    });
    let away = presence.away.then(|| "away".into());
    let lost = presence.lost.then(|| "link lost".into());
    let idle = idle(presence.idle).map(|idle| format!("idle {idle}"));
    let parts: Vec<String> = [elsewhere, away, lost, idle]
        .into_iter()
        .flatten()
        .collect();
    match parts.is_empty() {
        true => String::new(),
        false => format!(" ({})", parts.join(", ")),
    }
}

/// The number of columns of the screen that a text takes.
#[cfg(feature = "unicode-names")]
pub(crate) fn columns(text: &str) -> usize {
    unicode_width::UnicodeWidthStr::width(text)
}

#[cfg(not(feature = "unicode-names"))]
pub(crate) fn columns(text: &str) -> usize {
    text.chars().count()
}
