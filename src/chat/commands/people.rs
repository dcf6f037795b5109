//! Commands about people: names, private messages, who is away, who is ignored.

use std::sync::Arc;

use crate::chat::event::{Effect, Effects};
use crate::chat::{Caller, Hub};
use crate::id::PeerId;
use crate::limits::{AWAY_CHARS, MISSED_LINES};
use crate::message::{Answer, Message, Past, Whois};
use crate::name::Username;

use super::{shorten, usage};

pub(super) fn msg(hub: &mut Hub, caller: &Caller, args: &str, effects: &mut Effects) {
    let Some((name, text)) = args.split_once(char::is_whitespace) else {
        return effects.answer(caller.peer, usage("/msg"));
    };
    match hub.find(name) {
        Some((to, name)) => write_privately(hub, caller, to, name, text.trim_start(), effects),
        None => effects.answer(caller.peer, nobody(hub, caller, name)),
    }
}

/// There is nobody of that name; but there may be someone whom they meant.
fn nobody(hub: &Hub, caller: &Caller, typed: &str) -> Answer {
    Answer::Nobody {
        typed: shorten(typed),
        meant: hub.roster.suggest(typed, caller.peer),
    }
}

pub(super) fn reply(hub: &mut Hub, caller: &Caller, args: &str, effects: &mut Effects) {
    let extras = hub
        .roster
        .person(caller.peer)
        .and_then(|it| it.extras.as_ref());
    let Some((to, name)) = extras.and_then(|it| it.correspondent.clone()) else {
        return effects.answer(caller.peer, Answer::NothingToReplyTo);
    };
    match hub.roster.person(to) {
        Some(person) => {
            let name = person.name.clone();
            if let Some(author) = hub.roster.person_mut(caller.peer) {
                author.extras_mut().correspondent = Some((to, name.clone()));
            }
            write_privately(hub, caller, to, name, args, effects);
        }
        None => effects.answer(caller.peer, Answer::Gone(name)),
    }
}

fn write_privately(
    hub: &mut Hub,
    caller: &Caller,
    to: PeerId,
    name: Username,
    text: &str,
    effects: &mut Effects,
) {
    if to == caller.peer {
        return effects.answer(caller.peer, Answer::Yourself);
    }
    if hub.does_ignore(to, caller.peer) {
        return effects.answer(caller.peer, Answer::NotTaken(name));
    }
    let text: Arc<str> = text.into();
    let from = caller.name.clone();
    let message = Message::Private {
        from,
        text: text.clone(),
    };
    let past = Arc::new(Past {
        unix: caller.now.unix,
        message: message.clone(),
    });
    if let Some(person) = hub.roster.person_mut(to) {
        person.extras_mut().correspondent = Some((caller.peer, caller.name.clone()));
    }
    let absent = hub.note_missed(caller, to, &past);
    hub.tell_away(caller, absent.into_iter().collect(), effects);
    effects.tell(to, message);
    effects.tell(caller.peer, Message::PrivateSent { to: name, text });
}

pub(super) fn me(hub: &mut Hub, caller: &Caller, args: &str, effects: &mut Effects) {
    let from = caller.name.clone();
    let text = args.into();
    hub.say(caller, Message::Action { from, text }, args, None, effects);
}

pub(super) fn nick(hub: &mut Hub, caller: &Caller, args: &str, effects: &mut Effects) {
    let to = match Username::parse(args) {
        Ok(to) => to,
        Err(why) => return effects.tell(caller.peer, Message::UsernameInvalid(why)),
    };
    hub.unlist_away(caller.peer);
    let renamed = hub.roster.rename(caller.peer, to.clone());
    hub.list_away(caller.peer);
    match renamed {
        Err(_) => effects.tell(caller.peer, Message::UsernameTaken),
        Ok(from) if from.as_str() == to.as_str() => {
            effects.answer(caller.peer, Answer::NamedSoAlready);
        }
        Ok(from) => {
            if from != to {
                hub.name_taken(caller.peer, &to);
            }
            effects.push(Effect::Renamed {
                peer: caller.peer,
                from: from.clone(),
                to: to.clone(),
            });
            let hidden_from = hub.hidden_from(caller.peer);
            let message = Message::Renamed { from, to };
            effects.tell_room(caller.room, None, hidden_from, message);
        }
    }
}

pub(super) fn away(hub: &mut Hub, caller: &Caller, args: &str, effects: &mut Effects) {
    if args.chars().count() > AWAY_CHARS {
        return effects.answer(caller.peer, Answer::AwayTooLong);
    }
    let text = (!args.is_empty()).then(|| args.into());
    hub.go_away(caller.peer, text);
    effects.answer(caller.peer, Answer::AwaySet);
}

pub(super) fn back(hub: &mut Hub, caller: &Caller, _: &str, effects: &mut Effects) {
    let Some(away) = hub.come_back(caller.peer) else {
        return effects.answer(caller.peer, Answer::NotAway);
    };
    // Whom they came to ignore while they were away is not counted either.
    let kept = away.missed.last(0, MISSED_LINES, |_, _| true).len();
    let lines = away.missed.last(0, MISSED_LINES, hub.sees(caller.peer));
    let shown = lines.len();
    let missed = away.missed.total() - (kept - shown);
    effects.answer(caller.peer, Answer::Back { shown, missed });
    if missed > 0 {
        lines
            .into_iter()
            .for_each(|line| effects.tell(caller.peer, line));
        effects.answer(caller.peer, Answer::End);
    }
}

pub(super) fn whois(hub: &mut Hub, caller: &Caller, args: &str, effects: &mut Effects) {
    let found = hub.find(args).and_then(|(peer, _)| hub.roster.person(peer));
    let Some(person) = found else {
        return effects.answer(caller.peer, nobody(hub, caller, args));
    };
    let Some(room) = hub.rooms.get(person.room) else {
        return;
    };
    let whois = Whois {
        presence: hub.presence(caller.now, person),
        room: room.name.clone(),
        since: person.since.into(),
        away: person.away().and_then(|away| away.text.clone()),
    };
    effects.answer(caller.peer, Answer::Whois(whois.into()));
}

pub(super) fn ignore(hub: &mut Hub, caller: &Caller, args: &str, effects: &mut Effects) {
    let answer = match (args, hub.find(args)) {
        ("", _) => Answer::Ignored(hub.ignored(caller.peer)),
        (_, None) => nobody(hub, caller, args),
        (_, Some((peer, _))) if peer == caller.peer => Answer::Yourself,
        (_, Some((peer, name))) => match hub.ignore(caller.peer, peer, &name) {
            Ok(()) => Answer::IgnoreSet(name),
            Err(_) => Answer::TooManyIgnored,
        },
    };
    effects.answer(caller.peer, answer);
}

pub(super) fn unignore(hub: &mut Hub, caller: &Caller, args: &str, effects: &mut Effects) {
    let name = hub.parse_name(args);
    let lifted = name.and_then(|name| hub.unignore(caller.peer, &name));
    let answer = match lifted {
        Some(name) => Answer::IgnoreLifted(name),
        None => Answer::NotIgnored(shorten(args)),
    };
    effects.answer(caller.peer, answer);
}
