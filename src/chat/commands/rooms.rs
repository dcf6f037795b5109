//! Commands about rooms.

use std::cmp::Reverse;
use std::sync::Arc;

use crate::chat::event::{Effect, Effects};
use crate::chat::room::NoRoom;
use crate::chat::{Caller, Hub};
use crate::id::RoomId;
use crate::limits::{PEOPLE_LISTED, ROOMS_LISTED, TOPIC_CHARS};
use crate::message::{Answer, Message, Presence, RoomRow};
use crate::name::RoomName;
use crate::tally;

pub(super) fn rooms(hub: &mut Hub, caller: &Caller, _: &str, effects: &mut Effects) {
    let mut rows: Vec<RoomRow> = hub
        .rooms
        .iter()
        .map(|(_, room)| RoomRow {
            name: room.name.clone(),
            people: room.members.len(),
            topic: room.topic.clone(),
        })
        .collect();
    rows.sort_by_key(|row| Reverse(row.people));
    let more = rows.len().saturating_sub(ROOMS_LISTED);
    rows.truncate(ROOMS_LISTED);
    effects.answer(caller.peer, Answer::Rooms { rows, more });
}

pub(super) fn join(hub: &mut Hub, caller: &Caller, args: &str, effects: &mut Effects) {
    let typed = match RoomName::parse(args) {
        Ok(typed) => typed,
        Err(why) => return effects.answer(caller.peer, Answer::RoomInvalid(why)),
    };
    match hub.rooms.find_or_make(typed.clone(), caller.peer) {
        Ok(room) => go(hub, caller, room, effects),
        Err(NoRoom::TooMany) => effects.answer(caller.peer, Answer::TooManyRooms),
        Err(NoRoom::TooManyMade) => effects.answer(caller.peer, Answer::TooManyRoomsMade),
        Err(NoRoom::LooksLike(room)) => {
            effects.answer(caller.peer, Answer::RoomLooksLike { typed, room });
        }
    }
}

pub(super) fn leave(hub: &mut Hub, caller: &Caller, _: &str, effects: &mut Effects) {
    go(hub, caller, RoomId::LOBBY, effects);
}

pub(super) fn topic(hub: &mut Hub, caller: &Caller, args: &str, effects: &mut Effects) {
    let Some(room) = hub.rooms.get_mut(caller.room) else {
        return;
    };
    if args.is_empty() {
        let (room, topic) = (room.name.clone(), room.topic.clone());
        return effects.answer(caller.peer, Answer::Topic { room, topic });
    }
    if args.chars().count() > TOPIC_CHARS {
        return effects.answer(caller.peer, Answer::TopicTooLong);
    }
    let topic: Option<Arc<str>> = (args != "-").then(|| args.into());
    if topic.is_none() && room.topic.is_none() {
        let room = room.name.clone();
        return effects.answer(caller.peer, Answer::Topic { room, topic });
    }
    room.topic = topic.clone();
    let by = caller.name.clone();
    let message = Message::TopicSet { by, topic };
    effects.tell_room(caller.room, None, hub.hidden_from(caller.peer), message);
}

pub(super) fn who(hub: &mut Hub, caller: &Caller, args: &str, effects: &mut Effects) {
    let room = match (args, RoomName::parse(args)) {
        ("", _) => caller.room,
        (_, Err(why)) => return effects.answer(caller.peer, Answer::RoomInvalid(why)),
        (_, Ok(name)) => match hub.rooms.find(&name) {
            Some(room) => room,
            None => {
                let meant = hub.rooms.find_alike(&name);
                return effects.answer(caller.peer, Answer::NoSuchRoom { name, meant });
            }
        },
    };
    let Some(found) = hub.rooms.get(room) else {
        return;
    };
    let listed = found.members.iter().inspect(|_| tally::steps(1));
    let listed = listed.take(PEOPLE_LISTED);
    let people: Vec<Presence> = listed
        .filter_map(|slot| hub.roster.occupant(*slot))
        .map(|person| hub.presence(caller.now, person))
        .collect();
    let more = found.members.len() - people.len();
    let room = found.name.clone();
    effects.answer(caller.peer, Answer::Who { room, people, more });
}

/// Moves the caller to another room, and tells both rooms.
fn go(hub: &mut Hub, caller: &Caller, room: RoomId, effects: &mut Effects) {
    let peer = caller.peer;
    let Some(name) = hub.rooms.get(room).map(|room| room.name.clone()) else {
        return;
    };
    if room == caller.room {
        return effects.answer(peer, Answer::InRoomAlready(name));
    }
    hub.note_visit(peer);
    hub.unlist_away(peer);
    let Some(person) = hub.roster.person_mut(peer) else {
        return;
    };
    person.room = room;
    let format = person.format;
    hub.list_away(peer);
    let who = caller.name.clone();
    let hidden_from = hub.hidden_from(peer);
    let gone = Message::WentTo {
        who: who.clone(),
        room: name.clone(),
    };
    effects.tell_room(caller.room, Some(peer), hidden_from.clone(), gone);
    hub.rooms.leave(caller.room, peer);
    hub.rooms.enter(room, peer);
    effects.push(Effect::Enter { peer, room, format });
    effects.answer(peer, Answer::InRoom(name));
    hub.show_room(peer, room, effects);
    effects.tell_room(room, Some(peer), hidden_from, Message::Entered(who));
}
