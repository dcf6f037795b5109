//! Commands about rooms that are somebody's.

use crate::account::{AccountId, Rank};
use crate::chat::accounts::AccountState;
use crate::chat::event::Effects;
use crate::chat::room::Room;
use crate::chat::{Caller, Hub};
use crate::id::RoomId;
use crate::journal::{Act, Invited, OwnAct};
use crate::limits::owning::{PEOPLE_SHOWN, SLOW_SECONDS};
use crate::message::{AboutKeeping, AboutOwning, AboutPeople, Answer, RoomMember};
use crate::name::{RoomName, Username};
use crate::tally;

use super::people::nobody;
use super::{Args, Row, room_named, row, usage};

pub(super) const TABLE: [Row; 8] = [
    row(
        "/lock",
        Args::None,
        lock,
        "let only those into this room who are invited",
    )
    .by(Rank::Trusted),
    row(
        "/unlock",
        Args::None,
        unlock,
        "let everyone into this room again",
    )
    .by(Rank::Trusted),
    row(
        "/invite [NAME] [off]",
        Args::Optional,
        invite,
        "let somebody into this room although it is locked",
    )
    .by(Rank::Trusted)
    .or(show_invite),
    row(
        "/slow [SECONDS|off]",
        Args::Optional,
        slow,
        "let each person say one line in so many seconds here",
    )
    .by(Rank::Trusted)
    .or(show_slow),
    row(
        "/past open|closed",
        Args::Required,
        past,
        "let those who are invited read what was said before",
    )
    .by(Rank::Owner),
    row(
        "/trust [NAME] [off]",
        Args::Optional,
        trust,
        "let a member keep order in this room",
    )
    .by(Rank::Owner)
    .or(show_trust),
    row(
        "/untrust NAME",
        Args::Required,
        untrust,
        "let them keep order here no longer",
    )
    .by(Rank::Owner),
    row(
        "/owner [NAME|accept|decline]",
        Args::Optional,
        owner,
        "offer this room to a member, or answer an offer",
    )
    .by(Rank::Member)
    .or(show_owner),
];

/// Answers with how the author's current room is kept.
fn show(
    hub: &Hub,
    caller: &Caller,
    about: impl FnOnce(&Room) -> AboutKeeping,
    effects: &mut Effects,
) {
    if let Some(room) = hub.rooms.get(caller.room) {
        effects.answer(caller.peer, about(room));
    }
}

/// Members of a room, by what makes them that, the first of them and how many more there are.
fn members(
    hub: &Hub,
    room: &Room,
    since: impl Fn(&RoomMember) -> Option<u64>,
) -> (Vec<Username>, usize) {
    let mut those: Vec<(u64, AccountId)> = room
        .ranks
        .iter()
        .filter_map(|it| Some((since(it)?, it.account)))
        .collect();
    tally::steps(room.ranks.len());
    those.sort();
    let names = those.iter().take(PEOPLE_SHOWN);
    let names = names.filter_map(|it| Some(hub.accounts.owned(it.1)?.name.clone()));
    (names.collect(), those.len().saturating_sub(PEOPLE_SHOWN))
}

fn show_invite(hub: &mut Hub, caller: &Caller, _: &str, effects: &mut Effects) {
    let about = |room: &Room| {
        let (mut who, mut more) = members(hub, room, |it| it.invited);
        tally::steps(room.guests.len());
        let guests = room.guests.keys().filter_map(|it| hub.roster.place(*it));
        for guest in guests.filter_map(|it| hub.roster.get(it)) {
            match who.len() < PEOPLE_SHOWN {
                true => who.push(guest.name.clone()),
                false => more += 1,
            }
        }
        let room = room.name.clone();
        AboutKeeping::WhoIsInvited { room, who, more }
    };
    show(hub, caller, about, effects);
}

fn show_trust(hub: &mut Hub, caller: &Caller, _: &str, effects: &mut Effects) {
    let about = |room: &Room| {
        let (who, more) = members(hub, room, |it| it.trusted);
        let room = room.name.clone();
        AboutKeeping::WhoIsTrusted { room, who, more }
    };
    show(hub, caller, about, effects);
}

fn show_slow(hub: &mut Hub, caller: &Caller, _: &str, effects: &mut Effects) {
    let about = |room: &Room| AboutKeeping::Pause {
        room: room.name.clone(),
        seconds: room.owning.slow,
    };
    show(hub, caller, about, effects);
}

fn show_owner(hub: &mut Hub, caller: &Caller, _: &str, effects: &mut Effects) {
    let about = |room: &Room| {
        let owner = room.owning.owner.and_then(|it| hub.accounts.owned(it));
        AboutKeeping::Kept {
            room: room.name.clone(),
            owner: owner.map(|it| it.name.clone()),
            is_locked: room.owning.is_locked,
            is_topic_locked: room.owning.is_topic_locked,
        }
    };
    show(hub, caller, about, effects);
}

/// The author's current room, if it may be somebody's.
fn own_room(hub: &Hub, caller: &Caller, effects: &mut Effects) -> Option<RoomName> {
    if caller.room == RoomId::LOBBY {
        effects.answer(caller.peer, AboutOwning::Lobby);
        return None;
    }
    hub.room_name(caller.room)
}

fn set_locked(hub: &Hub, caller: &Caller, is_locked: bool, effects: &mut Effects) {
    if let Some(room) = own_room(hub, caller, effects) {
        caller.wants(Act::Own(OwnAct::Lock { room, is_locked }), effects);
    }
}

fn lock(hub: &mut Hub, caller: &Caller, _: &str, effects: &mut Effects) {
    set_locked(hub, caller, true, effects);
}

fn unlock(hub: &mut Hub, caller: &Caller, _: &str, effects: &mut Effects) {
    set_locked(hub, caller, false, effects);
}

/// Locks the topic of the author's current room, or unlocks it.
pub(super) fn lock_topic(hub: &Hub, caller: &Caller, is_locked: bool, effects: &mut Effects) {
    if let Err(why) = hub.authorize(caller, Rank::Trusted) {
        return effects.answer(caller.peer, why);
    }
    if let Some(room) = hub.room_name(caller.room) {
        caller.wants(Act::Own(OwnAct::LockTopic { room, is_locked }), effects);
    }
}

/// A name, and whether `off` stands behind it. `None`: something else does.
fn name_and_off(args: &str) -> Option<(&str, bool)> {
    match args.split_once(char::is_whitespace) {
        None => Some((args, false)),
        Some((name, rest)) => {
            let is_off = rest.trim().eq_ignore_ascii_case("off");
            is_off.then_some((name, true))
        }
    }
}

/// The account of a member of this name, whether they are here or not.
fn member(hub: &Hub, typed: &str) -> Option<AccountId> {
    if let Some(account) = hub.find(typed).and_then(|it| hub.account_of(it)) {
        return Some(account.id);
    }
    let name = Username::parse(typed).ok()?;
    let account = hub.accounts.get(hub.accounts.find(&name)?)?;
    (account.state == AccountState::Owned).then_some(account.id)
}

/// Why there is no member of this name.
fn no_member(hub: &Hub, caller: &Caller, typed: &str) -> Answer {
    match hub.find(typed) {
        Some(guest) => AboutOwning::NotAMember(guest.name.clone()).into(),
        None => nobody(hub, caller, typed).into(),
    }
}

fn invite(hub: &mut Hub, caller: &Caller, args: &str, effects: &mut Effects) {
    let Some((name, is_off)) = name_and_off(args) else {
        return effects.answer(caller.peer, usage("/invite"));
    };
    let Some(room) = own_room(hub, caller, effects) else {
        return;
    };
    let present = hub.find(name);
    let guest = present.filter(|it| it.account.is_none()).map(|it| it.id);
    let whom = match (guest, member(hub, name)) {
        (Some(guest), _) => Invited::Guest(guest),
        (None, Some(member)) => Invited::Member(member),
        (None, None) => return effects.answer(caller.peer, nobody(hub, caller, name)),
    };
    if present.is_some_and(|it| it.id == caller.id) {
        return effects.answer(caller.peer, AboutPeople::Yourself);
    }
    let is_invited = !is_off;
    let act = OwnAct::Invite {
        room,
        whom,
        is_invited,
    };
    caller.wants(Act::Own(act), effects);
}

fn slow(hub: &mut Hub, caller: &Caller, args: &str, effects: &mut Effects) {
    let seconds = match args.parse() {
        _ if args.eq_ignore_ascii_case("off") => 0,
        Ok(seconds) if (1..=SLOW_SECONDS).contains(&seconds) => seconds,
        _ => return effects.answer(caller.peer, AboutKeeping::NoSeconds),
    };
    if let Some(room) = hub.room_name(caller.room) {
        caller.wants(Act::Own(OwnAct::Slow { room, seconds }), effects);
    }
}

fn past(hub: &mut Hub, caller: &Caller, args: &str, effects: &mut Effects) {
    let is_open = match &*args.to_ascii_lowercase() {
        "open" => true,
        "closed" => false,
        _ => return effects.answer(caller.peer, usage("/past")),
    };
    if let Some(room) = own_room(hub, caller, effects) {
        caller.wants(Act::Own(OwnAct::OpenPast { room, is_open }), effects);
    }
}

fn trust(hub: &mut Hub, caller: &Caller, args: &str, effects: &mut Effects) {
    match name_and_off(args) {
        Some((name, is_off)) => set_trusted(hub, caller, name, !is_off, effects),
        None => effects.answer(caller.peer, usage("/trust")),
    }
}

fn untrust(hub: &mut Hub, caller: &Caller, args: &str, effects: &mut Effects) {
    set_trusted(hub, caller, args, false, effects);
}

fn set_trusted(hub: &Hub, caller: &Caller, typed: &str, is_trusted: bool, effects: &mut Effects) {
    let Some(room) = own_room(hub, caller, effects) else {
        return;
    };
    let Some(account) = member(hub, typed) else {
        return effects.answer(caller.peer, no_member(hub, caller, typed));
    };
    let act = OwnAct::Trust {
        room,
        account,
        is_trusted,
    };
    caller.wants(Act::Own(act), effects);
}

fn owner(hub: &mut Hub, caller: &Caller, args: &str, effects: &mut Effects) {
    let (word, rest) = args.split_once(char::is_whitespace).unwrap_or((args, ""));
    let is_accepted = word.eq_ignore_ascii_case("accept");
    if is_accepted || word.eq_ignore_ascii_case("decline") {
        let room = match rest.trim() {
            "" => hub.offered_room(caller.place, caller.room, caller.now.unix_millis()),
            typed => match room_named(caller, typed, effects) {
                None => return,
                room => room,
            },
        };
        let Some(room) = room else {
            return effects.answer(caller.peer, AboutOwning::NothingOffered);
        };
        let act = OwnAct::Answer { room, is_accepted };
        return caller.wants(Act::Own(act), effects);
    }
    if let Err(why) = hub.authorize(caller, Rank::Owner) {
        return effects.answer(caller.peer, why);
    }
    let Some(room) = own_room(hub, caller, effects) else {
        return;
    };
    match member(hub, args) {
        Some(account) => caller.wants(Act::Own(OwnAct::Offer { room, account }), effects),
        None => effects.answer(caller.peer, no_member(hub, caller, args)),
    }
}
