//! Commands about people: names, private messages, who is away, who is ignored.

use crate::account::Rank;
use crate::chat::event::Effects;
use crate::chat::{Caller, Hub};
use crate::id::PersonId;
use crate::journal::{AccountAct, Act};
use crate::limits::AWAY_CHARS;
use crate::message::{AboutAway, AboutConnection, AboutIgnoring, AboutPeople, Answer, Whois};
use crate::name::{Username, is_of_house};

use super::{shorten, usage};

pub(super) fn msg(hub: &mut Hub, caller: &Caller, args: &str, effects: &mut Effects) {
    let Some((name, text)) = args.split_once(char::is_whitespace) else {
        return effects.answer(caller.peer, usage("/msg"));
    };
    write(hub, caller, name, text.trim_start(), effects);
}

/// Writes to the person of this name.
pub(in crate::chat) fn write(
    hub: &Hub,
    caller: &Caller,
    name: &str,
    text: &str,
    effects: &mut Effects,
) {
    if let Some(to) = hub.find(name).map(|it| it.id) {
        return write_to(caller, to, false, text, effects);
    }
    let account = match hub.accounts.is_empty() {
        true => None,
        false => Username::parse(name).ok(),
    };
    let account = account.and_then(|it| hub.accounts.get(hub.accounts.find(&it)?));
    let Some(account) = account.filter(|it| it.is_owned()) else {
        return effects.answer(caller.peer, nobody(hub, caller, name));
    };
    match account.place {
        // They have another name just now.
        Some(place) => write_to(caller, hub.roster.number(place), false, text, effects),
        None => {
            let (to, text) = (account.id, text.into());
            caller.wants(Act::Account(AccountAct::Leave { to, text }), effects);
        }
    }
}

fn write_to(caller: &Caller, to: PersonId, is_reply: bool, text: &str, effects: &mut Effects) {
    if to == caller.id {
        return effects.answer(caller.peer, AboutPeople::Yourself);
    }
    let text = text.into();
    caller.wants(Act::Write { to, is_reply, text }, effects);
}

/// Nobody has that name, but the caller may have meant someone else.
pub(super) fn nobody(hub: &Hub, caller: &Caller, typed: &str) -> AboutPeople {
    AboutPeople::Nobody {
        typed: shorten(typed),
        meant: hub.roster.suggest(typed, caller.id),
    }
}

pub(super) fn reply(hub: &mut Hub, caller: &Caller, args: &str, effects: &mut Effects) {
    let author = hub.roster.at(caller.peer);
    let extras = author.and_then(|it| it.extras.as_ref());
    let Some((to, name)) = extras.and_then(|it| it.correspondent.clone()) else {
        return effects.answer(caller.peer, AboutPeople::NothingToReplyTo);
    };
    match hub.roster.place(to) {
        Some(_) => write_to(caller, to, true, args, effects),
        None => effects.answer(caller.peer, AboutPeople::Gone(name)),
    }
}

pub(super) fn me(_: &mut Hub, caller: &Caller, args: &str, effects: &mut Effects) {
    let (room, text) = (None, args.into());
    caller.wants(Act::Do { room, text }, effects);
}

pub(super) fn nick(hub: &mut Hub, caller: &Caller, args: &str, effects: &mut Effects) {
    let is_operator = hub.rank_of(caller) == Some(Rank::Operator);
    match Username::parse(args) {
        Ok(name) if !is_operator && is_of_house(&name) => {
            effects.tell(caller.peer, AboutConnection::UsernameOfHouse);
        }
        Ok(name) => caller.wants(Act::Rename { name }, effects),
        Err(why) => effects.tell(caller.peer, AboutConnection::UsernameInvalid(why)),
    }
}

pub(super) fn away(_: &mut Hub, caller: &Caller, args: &str, effects: &mut Effects) {
    if args.chars().count() > AWAY_CHARS {
        return effects.answer(caller.peer, AboutAway::AwayTooLong);
    }
    let text = (!args.is_empty()).then(|| args.into());
    caller.wants(Act::GoAway { text }, effects);
}

pub(super) fn back(_: &mut Hub, caller: &Caller, _: &str, effects: &mut Effects) {
    caller.wants(Act::ComeBack, effects);
}

pub(super) fn whois(hub: &mut Hub, caller: &Caller, args: &str, effects: &mut Effects) {
    let Some(person) = hub.find(args) else {
        return effects.answer(caller.peer, nobody(hub, caller, args));
    };
    let reader = hub.roster.get(caller.place);
    let whois = Whois {
        presence: hub.presence(caller.now, person, None),
        room: reader.and_then(|it| hub.name_for(it, person.room)),
        since: person.since(),
        away: person.away().and_then(|away| away.text.clone()),
    };
    effects.answer(caller.peer, AboutPeople::Whois(whois.into()));
}

pub(super) fn ignore(hub: &mut Hub, caller: &Caller, args: &str, effects: &mut Effects) {
    let answer: Answer = match (args, hub.find(args).map(|it| it.id)) {
        ("", _) => AboutIgnoring::Ignored(hub.ignored(caller.place)).into(),
        (_, None) => nobody(hub, caller, args).into(),
        (_, Some(whom)) if whom == caller.id => AboutPeople::Yourself.into(),
        (_, Some(whom)) => return caller.wants(Act::Ignore { whom }, effects),
    };
    effects.answer(caller.peer, answer);
}

pub(super) fn unignore(_: &mut Hub, caller: &Caller, args: &str, effects: &mut Effects) {
    match Username::parse_any(args) {
        Some(name) => caller.wants(Act::Unignore { name }, effects),
        None => effects.answer(caller.peer, AboutIgnoring::NotIgnored(shorten(args))),
    }
}
