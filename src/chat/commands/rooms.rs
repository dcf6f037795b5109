//! Commands about rooms.

use std::cmp::Reverse;

use crate::account::Accounts;
use crate::chat::event::Effects;
use crate::chat::room::Room;
use crate::chat::{Caller, Hub};
use crate::id::RoomId;
use crate::journal::Act;
use crate::limits::{ROOMS_LISTED, TOPIC_CHARS};
use crate::message::{AboutHearing, AboutRooms, Here, RoomRow};
use crate::name::RoomName;
use crate::wire::Command;

use super::owning::lock_topic;
use super::{is_action, usage};

pub(super) fn rooms(hub: &mut Hub, caller: &Caller, _: &str, effects: &mut Effects) {
    let Some(person) = hub.roster.get(caller.place) else {
        return;
    };
    let own: Vec<RoomId> = person.rooms().collect();
    let here = |id: RoomId| match own.contains(&id) {
        true if id == caller.room => Some(Here::Current),
        true => Some(Here::Hears),
        false => None,
    };
    let rooms = hub.rooms.iter().filter(|(id, _)| hub.may_see(person, *id));
    let mut rooms: Vec<(RoomId, &Room)> = rooms.collect();
    rooms.sort_by_key(|(_, room)| (Reverse(room.members.len()), room.made));
    let row = |(id, room): &(RoomId, &Room)| RoomRow {
        name: room.name.clone(),
        people: room.members.len(),
        here: here(*id),
        topic: room.topic.clone(),
    };
    // The rooms that the caller is in are listed, however small they are.
    let is_listed =
        |(i, (id, _)): &(usize, &(RoomId, &Room))| *i < ROOMS_LISTED || here(*id).is_some();
    let listed = rooms.iter().enumerate().filter(is_listed);
    let rows: Vec<RoomRow> = listed.map(|(_, it)| row(it)).collect();
    let more = rooms.len() - rows.len();
    effects.answer(caller.peer, AboutRooms::Rooms { rows, more });
}

pub(in crate::chat) fn join(_: &mut Hub, caller: &Caller, args: &str, effects: &mut Effects) {
    if let Some(room) = room_named(caller, args, effects) {
        caller.wants(Act::Go { room }, effects);
    }
}

pub(in crate::chat) fn leave(_: &mut Hub, caller: &Caller, _: &str, effects: &mut Effects) {
    let room = RoomName::lobby();
    caller.wants(Act::Go { room }, effects);
}

pub(in crate::chat) fn listen(_: &mut Hub, caller: &Caller, args: &str, effects: &mut Effects) {
    if let Some(room) = room_named(caller, args, effects) {
        caller.wants(Act::Listen { room }, effects);
    }
}

pub(super) fn unlisten(_: &mut Hub, caller: &Caller, args: &str, effects: &mut Effects) {
    if args.eq_ignore_ascii_case("all") {
        return caller.wants(Act::Unlisten { room: None }, effects);
    }
    let room = room_named(caller, args, effects);
    if room.is_some() {
        caller.wants(Act::Unlisten { room }, effects);
    }
}

pub(super) fn switch(_: &mut Hub, caller: &Caller, args: &str, effects: &mut Effects) {
    if let Some(room) = room_named(caller, args, effects) {
        caller.wants(Act::Switch { room }, effects);
    }
}

/// Says something in a room that the caller hears: text, or an action after `/me`.
pub(super) fn within(hub: &mut Hub, caller: &Caller, args: &str, effects: &mut Effects) {
    let Some((typed, line)) = args.split_once(char::is_whitespace) else {
        return effects.answer(caller.peer, usage("/in"));
    };
    let Some(typed) = room_named(caller, typed, effects) else {
        return;
    };
    let Some((_, room)) = hub.heard(caller.place, &typed) else {
        return effects.answer(caller.peer, AboutHearing::NotSent(typed));
    };
    let room = Some(room);
    match Command::parse(line.trim_start()) {
        Command::Blank => {}
        Command::Say(text) => {
            let text = text.into();
            caller.wants(Act::Say { room, text }, effects);
        }
        Command::Slash { word, args } if is_action(word) && !args.is_empty() => {
            let text = args.into();
            caller.wants(Act::Do { room, text }, effects);
        }
        Command::Slash { .. } => effects.answer(caller.peer, AboutHearing::OnlySaid),
    }
}

/// The room that somebody typed. Answers if no room can have that name.
pub(in crate::chat) fn room_named(
    caller: &Caller,
    typed: &str,
    effects: &mut Effects,
) -> Option<RoomName> {
    let room = RoomName::parse(typed);
    room.inspect_err(|why| effects.answer(caller.peer, AboutRooms::RoomInvalid(*why)))
        .ok()
}

pub(super) fn topic(hub: &mut Hub, caller: &Caller, args: &str, effects: &mut Effects) {
    if args.is_empty() {
        let Some(room) = hub.rooms.get(caller.room) else {
            return;
        };
        let (room, topic) = (room.name.clone(), room.topic.clone());
        return effects.answer(caller.peer, AboutRooms::Topic { room, topic });
    }
    if let Some(is_locked) = locks(args).filter(|_| hub.accounts_kind() != Accounts::Off) {
        return lock_topic(hub, caller, is_locked, effects);
    }
    if args.chars().count() > TOPIC_CHARS {
        return effects.answer(caller.peer, AboutRooms::TopicTooLong);
    }
    let topic = (args != "-").then(|| args.into());
    caller.wants(Act::SetTopic { topic }, effects);
}

/// Whether a word locks or unlocks the topic. `None`: it is a topic.
fn locks(word: &str) -> Option<bool> {
    let is = |it: &str| word.eq_ignore_ascii_case(it);
    (is("lock") || is("unlock")).then(|| is("lock"))
}

pub(super) fn who(hub: &mut Hub, caller: &Caller, args: &str, effects: &mut Effects) {
    let room = match (args, RoomName::parse(args)) {
        ("", _) => caller.room,
        (_, Err(why)) => return effects.answer(caller.peer, AboutRooms::RoomInvalid(why)),
        (_, Ok(name)) => match hub
            .rooms
            .find(&name)
            .filter(|it| hub.sees_room(caller, *it))
        {
            Some(room) => room,
            None => {
                let meant = hub.seen_alike(caller.place, &name);
                return effects.answer(caller.peer, AboutRooms::NoSuchRoom { name, meant });
            }
        },
    };
    let Some(found) = hub.rooms.get(room) else {
        return;
    };
    let people = hub.people_in(caller.now, room, caller.place);
    let more = found.members.len() - people.len();
    let room = found.name.clone();
    effects.answer(caller.peer, AboutRooms::Who { room, people, more });
}
