//! Commands about rooms.

use std::cmp::Reverse;

use crate::chat::event::Effects;
use crate::chat::room::Room;
use crate::chat::{Caller, Hub};
use crate::journal::Act;
use crate::limits::{PEOPLE_LISTED, ROOMS_LISTED, TOPIC_CHARS};
use crate::message::{AboutRooms, Presence, RoomRow};
use crate::name::RoomName;
use crate::tally;

pub(super) fn rooms(hub: &mut Hub, caller: &Caller, _: &str, effects: &mut Effects) {
    let mut rooms: Vec<&Room> = hub.rooms.iter().map(|(_, room)| room).collect();
    rooms.sort_by_key(|room| (Reverse(room.members.len()), room.made));
    let more = rooms.len().saturating_sub(ROOMS_LISTED);
    rooms.truncate(ROOMS_LISTED);
    let row = |room: &Room| RoomRow {
        name: room.name.clone(),
        people: room.members.len(),
        topic: room.topic.clone(),
    };
    let rows = rooms.into_iter().map(row).collect();
    effects.answer(caller.peer, AboutRooms::Rooms { rows, more });
}

pub(super) fn join(_: &mut Hub, caller: &Caller, args: &str, effects: &mut Effects) {
    match RoomName::parse(args) {
        Ok(room) => caller.wants(Act::Go { room }, effects),
        Err(why) => effects.answer(caller.peer, AboutRooms::RoomInvalid(why)),
    }
}

pub(super) fn leave(_: &mut Hub, caller: &Caller, _: &str, effects: &mut Effects) {
    let room = RoomName::lobby();
    caller.wants(Act::Go { room }, effects);
}

pub(super) fn topic(hub: &mut Hub, caller: &Caller, args: &str, effects: &mut Effects) {
    if args.is_empty() {
        let Some(room) = hub.rooms.get(caller.room) else {
            return;
        };
        let (room, topic) = (room.name.clone(), room.topic.clone());
        return effects.answer(caller.peer, AboutRooms::Topic { room, topic });
    }
    if args.chars().count() > TOPIC_CHARS {
        return effects.answer(caller.peer, AboutRooms::TopicTooLong);
    }
    let topic = (args != "-").then(|| args.into());
    caller.wants(Act::SetTopic { topic }, effects);
}

pub(super) fn who(hub: &mut Hub, caller: &Caller, args: &str, effects: &mut Effects) {
    let room = match (args, RoomName::parse(args)) {
        ("", _) => caller.room,
        (_, Err(why)) => return effects.answer(caller.peer, AboutRooms::RoomInvalid(why)),
        (_, Ok(name)) => match hub.rooms.find(&name) {
            Some(room) => room,
            None => {
                let meant = hub.rooms.find_alike(&name);
                return effects.answer(caller.peer, AboutRooms::NoSuchRoom { name, meant });
            }
        },
    };
    let Some(found) = hub.rooms.get(room) else {
        return;
    };
    let listed = found.members.iter().inspect(|_| tally::steps(1));
    let listed = listed.take(PEOPLE_LISTED);
    let people: Vec<Presence> = listed
        .filter_map(|it| hub.roster.get(it))
        .map(|person| hub.presence(caller.now, person))
        .collect();
    let more = found.members.len() - people.len();
    let room = found.name.clone();
    effects.answer(caller.peer, AboutRooms::Who { room, people, more });
}
