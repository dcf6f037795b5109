//! The words of answers and news about rooms that are somebody's.

use std::sync::Arc;

use crate::limits::owning::{ROOMS_OWNED, SENT_OUT_FOR, SLOW_SECONDS};
use crate::message::{AboutKeeping, AboutOwning, RoomNews};
use crate::name::{RoomName, Username};

use super::names;

pub(super) fn words(about: &AboutOwning) -> String {
    match about {
        AboutOwning::ForInvited => "That room is for those who are invited.".into(),
        AboutOwning::Lobby => {
            "The lobby is nobody's, and open to everyone. Type that in another room.".into()
        }
        AboutOwning::NobodysRoom(room) => format!(
            "{ROOMS_OWNED} rooms are yours, and that is the most: {room} is nobody's. Give one away with /owner NAME."
        ),
        AboutOwning::NotAMember(name) => {
            format!("{name} has no account. They can type /register first.")
        }
        AboutOwning::TooManyOwned => {
            format!("{ROOMS_OWNED} rooms are yours, and that is the most. Give one away first.")
        }
        AboutOwning::Keeping(about) => to_keepers(about),
        AboutOwning::YouAreInvited { by, room } => {
            let name = room.name();
            format!("{by} invites you to {room}. Type /join {name} to go there.")
        }
        AboutOwning::WereInvited { rooms, more } => were_invited(rooms, *more),
        AboutOwning::YouAreTrusted { by, room } => {
            format!("{by} trusts you to keep order in {room}: type /kick NAME or /mute NAME there.")
        }
        AboutOwning::YouAreOffered { by, room } => offer(by.as_ref(), room),
        AboutOwning::Yours(room) => format!("{room} is yours."),
        AboutOwning::Declined(room) => format!("{room} is not yours."),
        AboutOwning::DeclinedBy { who, room } => format!("{who} does not want {room}."),
        AboutOwning::NothingOffered => "No room is offered to you.".into(),
        AboutOwning::YouAreSentOut { room, by, reason } => {
            let why = because(reason);
            format!("You were kicked from {room} by {by}{why}. Come back in {SENT_OUT_FOR} min.")
        }
        AboutOwning::NotYet {
            room,
            reason,
            minutes,
        } => {
            let why = because(reason);
            format!("You were kicked from {room}{why}. Come back in {minutes} min.")
        }
        AboutOwning::Moved(room) => moved(room, "Enter sends it here."),
        AboutOwning::MovedAlone(room) => moved(room, "Enter sends this line alone here."),
        AboutOwning::MovedTopic(room) => moved(room, "Type that again to set its topic."),
        AboutOwning::TopicIsLocked(room) => {
            format!("The topic of {room} is locked. Ask its owner to set it.")
        }
        AboutOwning::TooSoon {
            room,
            wait,
            seconds,
            text,
        } => format!(
            "Wait {wait} s. {room} is slow: one line every {seconds} s.\r\nNot sent: {text}"
        ),
    }
}

fn moved(room: &RoomName, then: &str) -> String {
    format!("You are in {room} now. {then}")
}

fn were_invited(rooms: &[RoomName], more: usize) -> String {
    if let ([room], 0) = (rooms, more) {
        let name = room.name();
        return format!("You were invited to {room}. Type /join {name} to go there.");
    }
    let mut all: Vec<String> = rooms.iter().map(RoomName::to_string).collect();
    all.extend((more > 0).then(|| format!("{more} more")));
    let all = super::names(all);
    format!("You were invited to {all}. Type /rooms for the list, and /join ROOM to go to one.")
}

/// To people who keep a room.
fn to_keepers(about: &AboutKeeping) -> String {
    match about {
        AboutKeeping::Locked { room, is_locked } => match is_locked {
            true => format!("{room} is locked. Type /invite NAME to let somebody in."),
            false => {
                format!("{room} is unlocked: everyone may come in and read what was said there.")
            }
        },
        AboutKeeping::TopicLocked { room, is_locked } => match is_locked {
            true => format!("The topic of {room} is locked."),
            false => format!("Everyone in {room} may set its topic."),
        },
        AboutKeeping::Past { room, is_open } => match is_open {
            true => format!("Those who are invited read all that was said in {room}."),
            false => format!("Those who are invited read {room} from then on."),
        },
        AboutKeeping::Slowed { room, seconds: 0 } => format!("{room} is no longer slow."),
        AboutKeeping::Slowed { room, seconds } => {
            format!("{room} is slow: one line every {seconds} s.")
        }
        AboutKeeping::NoSeconds => {
            format!("Type /slow and a number of seconds up to {SLOW_SECONDS}, or /slow off.")
        }
        AboutKeeping::Trusted {
            who,
            room,
            is_trusted,
        } => match is_trusted {
            true => format!("{who} keeps order in {room} too now."),
            false => format!("{who} no longer keeps order in {room}."),
        },
        AboutKeeping::Invited {
            who,
            room,
            is_invited,
            stays,
        } => invited(who, room, *is_invited, *stays),
        AboutKeeping::WhoIsInvited { room, who, more } => list("invited to", room, who, *more),
        AboutKeeping::WhoIsTrusted { room, who, more } => list("trusted in", room, who, *more),
        AboutKeeping::Pause { room, seconds } => pause(room, *seconds),
        AboutKeeping::Kept { .. } => kept(about),
        AboutKeeping::TooManyInvited(room) => {
            format!("{room} has as many people as it can remember. Type /invite NAME off first.")
        }
        AboutKeeping::SentOut { who, room } => format!("{who} is out of {room}."),
        AboutKeeping::MayNotBeSentOut(who) => {
            format!("{who} keeps order here too. Ask the owner or an operator.")
        }
        AboutKeeping::NotInRoom { who, room } => format!("{who} is not in {room}."),
        AboutKeeping::Offered { who, room } => {
            format!("{room} is offered to {who}. It is theirs if they accept within a day.")
        }
        AboutKeeping::HasOwner(room) => format!(
            "{room} has an owner, who may give it away. Operators may once the owner has been away for 180 days."
        ),
        AboutKeeping::OwnAlready(room) => format!("{room} is theirs already."),
    }
}

fn invited(who: &Username, room: &RoomName, is_invited: bool, stays: bool) -> String {
    match (is_invited, stays) {
        (true, _) => format!("{who} is invited to {room}."),
        (false, false) => format!("{who} is not invited to {room} any more."),
        (false, true) => {
            let but = format!("but is still in it: type /kick {who} to send them out");
            format!("{who} is not invited to {room} any more, {but}.")
        }
    }
}

fn pause(room: &RoomName, seconds: u32) -> String {
    match seconds {
        0 => format!("{room} is not slow."),
        seconds => format!("{room} is slow: one line every {seconds} s."),
    }
}

/// Whose a room is, and what is locked. Nothing else has words here.
fn kept(about: &AboutKeeping) -> String {
    let AboutKeeping::Kept {
        room,
        owner,
        is_locked,
        is_topic_locked,
    } = about
    else {
        return String::new();
    };
    let owner = match owner {
        Some(owner) => format!("The owner of {room} is {owner}."),
        None => format!("{room} has no owner; operators keep it."),
    };
    match (is_locked, is_topic_locked) {
        (false, false) => format!("{owner} It is open to everyone."),
        (false, true) => format!("{owner} It is open to everyone, and its topic is locked."),
        (true, false) => format!("{owner} It is locked."),
        (true, true) => format!("{owner} It is locked, and so is its topic."),
    }
}

/// `Invited to #tea: Ann, Bob and 3 more.`
fn list(what: &str, room: &RoomName, who: &[Username], more: usize) -> String {
    if who.is_empty() {
        return format!("Nobody is {what} {room}.");
    }
    let more = (more > 0).then(|| format!("{more} more"));
    let who = names(who.iter().map(Username::to_string).chain(more).collect());
    let (first, rest) = what.split_at(1);
    format!("{}{rest} {room}: {who}.", first.to_uppercase())
}

fn offer(by: Option<&Username>, room: &RoomName) -> String {
    let name = room.name();
    let offer = match by {
        Some(by) => format!("{by} offers you {room}."),
        None => format!("{room} is offered to you."),
    };
    format!("{offer} Type /owner accept {name} within a day, or /owner decline {name}.")
}

fn because(reason: &Option<Arc<str>>) -> String {
    reason
        .as_ref()
        .map(|it| format!(": {it}"))
        .unwrap_or_default()
}

/// What a room is told.
pub(super) fn news(news: &RoomNews) -> String {
    match news {
        RoomNews::Locked { by, is_locked } => match is_locked {
            true => format!("{by} has locked the room: only those who are invited come in."),
            false => {
                format!("{by} has unlocked the room: everyone may come in and read what was said.")
            }
        },
        RoomNews::TopicLocked { by, is_locked } => match is_locked {
            true => format!("{by} has locked the topic."),
            false => format!("{by} has unlocked the topic."),
        },
        RoomNews::PastOpened { by, is_open } => match is_open {
            true => {
                format!("{by} has opened the past: those who are invited read all of it.")
            }
            false => {
                format!("{by} has closed the past: people read it from their invitation on.")
            }
        },
        RoomNews::Slowed { by, seconds: 0 } => format!("{by} has made the room as fast as ever."),
        RoomNews::Slowed { by, seconds } => {
            format!("{by} has made the room slow: one line every {seconds} s.")
        }
        RoomNews::SentOut { who, by, reason } => {
            let why = because(reason);
            format!("{who} was kicked from the room by {by}{why}.")
        }
        RoomNews::Owner(Some(who)) => format!("{who} is the owner of the room now."),
        RoomNews::Owner(None) => "The room has no owner now. Operators keep it.".into(),
    }
}
