//! Commands that keep order.

use std::sync::Arc;

use crate::account::{Rank, Role};
use crate::chat::event::Effects;
use crate::chat::order::{Aim, NoAim, millis};
use crate::chat::person::Place;
use crate::chat::{Caller, Hub};
use crate::erasure::Erasure;
use crate::journal::{Act, OrderAct};
use crate::limits::order::{AUDIT_SHOWN, AUDIT_SHOWN_MOST, LOCKDOWN, LOCKDOWN_MOST, REPORT_CHARS};
use crate::message::{AboutOrder, AboutPeople, Answer, Retype};
use crate::name::RoomName;
use crate::sanction::{Sanction, SanctionKind, Target};

use super::people::nobody;
use super::spans::{Span, first, reason, span, span_and_reason};
use super::{Args, Row, row, shorten, usage};

pub(super) const TABLE: [Row; 12] = [
    row(
        "/report TEXT",
        Args::Required,
        report,
        "tell the operators something",
    )
    .by(Rank::Guest),
    row(
        "/kick NAME [REASON]",
        Args::Required,
        kick,
        "send a person away for a moment; new 10m: all guests of that time",
    )
    .by(Rank::Trusted),
    row(
        "/mute NAME [FOR] [REASON]",
        Args::Required,
        mute,
        "silence a person for a time: 30m, 12h, 7d or forever",
    )
    .by(Rank::Trusted),
    row(
        "/unmute NAME",
        Args::Required,
        unmute,
        "let a person be heard again",
    )
    .by(Rank::Trusted),
    row(
        "/ban NAME|ADDRESS|NET [all] [FOR] [REASON]",
        Args::Required,
        ban,
        "keep a person or guests at addresses out; all: members too",
    )
    .by(Rank::Operator),
    row(
        "/unban NAME|ADDRESS|NET|NUMBER",
        Args::Required,
        unban,
        "let a person or addresses in again",
    )
    .by(Rank::Operator),
    row("/bans", Args::None, bans, "list who is banned or muted").by(Rank::Trusted),
    row(
        "/erase NAME [FOR]",
        Args::Required,
        erase,
        "remove what a person said, or said in that time",
    )
    .by(Rank::Trusted),
    row(
        "/lockdown [FOR]|off",
        Args::Optional,
        lockdown,
        "let in nobody but members for a time",
    )
    .by(Rank::Operator),
    row(
        "/announce TEXT",
        Args::Required,
        announce,
        "tell everyone something",
    )
    .by(Rank::Operator),
    row(
        "/people [new FOR]",
        Args::Optional,
        people,
        "list who is here, and from where",
    )
    .by(Rank::Operator),
    row(
        "/audit [N]",
        Args::Optional,
        audit,
        "show what was done to people",
    )
    .by(Rank::Operator),
];

/// When a time from now on ends.
fn end(caller: &Caller, span: Span) -> Option<i64> {
    match span {
        Span::Time(time) => Some(caller.now.unix_millis().saturating_add(millis(time))),
        Span::Forever => None,
    }
}

/// Whether the caller keeps order everywhere, and not only in their room.
fn is_operator(hub: &Hub, caller: &Caller) -> bool {
    hub.rank_of(caller) == Some(Rank::Operator)
}

/// Answers if what was to be done is refused.
fn or_answer(result: Result<(), Answer>, caller: &Caller, effects: &mut Effects) {
    if let Err(why) = result {
        effects.answer(caller.peer, why);
    }
}

fn kick(hub: &mut Hub, caller: &Caller, args: &str, effects: &mut Effects) {
    let result = match first(args) {
        ("new", rest) if is_operator(hub, caller) && span(first(rest).0).is_some() => {
            kick_new(hub, caller, rest, effects)
        }
        (typed, rest) => kick_one(hub, caller, typed, rest, effects),
    };
    or_answer(result, caller, effects);
}

fn kick_one(
    hub: &mut Hub,
    caller: &Caller,
    typed: &str,
    rest: &str,
    effects: &mut Effects,
) -> Result<(), Answer> {
    let reason = reason(rest)?;
    let Some(person) = hub.find(typed) else {
        return Err(nobody(hub, caller, typed).into());
    };
    let id = person.id;
    if id == caller.id {
        return Err(AboutPeople::Yourself.into());
    }
    if !is_operator(hub, caller) {
        hub.kick_from_room(caller, id, reason, effects);
        return Ok(());
    }
    if hub.is_operator(person) {
        return Err(AboutOrder::NotAnOperator(person.name.clone()).into());
    }
    let place = hub.roster.place(id);
    want_kick(hub, caller, place.as_slice(), reason, effects);
    Ok(())
}

/// Kicks the guests who came in a time, if the line is typed twice.
fn kick_new(
    hub: &mut Hub,
    caller: &Caller,
    args: &str,
    effects: &mut Effects,
) -> Result<(), Answer> {
    let (time, rest) = first(args);
    let reason = reason(rest)?;
    let places = new_guests(hub, caller, time)?;
    match places.len() {
        0 => Err(AboutOrder::NobodyNew.into()),
        count if count > 1 && !hub.is_typed_again(caller, &format!("/kick {args}")) => {
            Err(AboutOrder::TypeAgain(count).into())
        }
        _ => {
            want_kick(hub, caller, &places, reason, effects);
            Ok(())
        }
    }
}

/// The guests who came in a time up to now.
fn new_guests(hub: &Hub, caller: &Caller, typed: &str) -> Result<Vec<Place>, Answer> {
    match span(typed) {
        Some(Ok(Span::Time(time))) => Ok(hub.guests_since(caller.now.unix_millis() - millis(time))),
        Some(_) | None => Err(AboutOrder::Retype(Retype::Time(shorten(typed))).into()),
    }
}

fn want_kick(
    hub: &mut Hub,
    caller: &Caller,
    places: &[Place],
    reason: Option<Arc<str>>,
    effects: &mut Effects,
) {
    let targets = hub.targets_of(places);
    let ids = places.iter().map(|it| hub.roster.number(*it));
    let whom = ids.zip(targets).collect();
    hub.want_kicks(caller, whom, reason, effects);
}

fn ban(hub: &mut Hub, caller: &Caller, args: &str, effects: &mut Effects) {
    let result = sanction(hub, caller, SanctionKind::Ban, args, effects);
    or_answer(result, caller, effects);
}

fn mute(hub: &mut Hub, caller: &Caller, args: &str, effects: &mut Effects) {
    let result = match is_operator(hub, caller) {
        true => sanction(hub, caller, SanctionKind::Mute, args, effects),
        false => mute_here(hub, caller, args, effects),
    };
    or_answer(result, caller, effects);
}

/// Silences a person in the room that the caller keeps.
fn mute_here(
    hub: &mut Hub,
    caller: &Caller,
    args: &str,
    effects: &mut Effects,
) -> Result<(), Answer> {
    let (typed, rest) = first(args);
    let (span, reason) = span_and_reason(rest)?;
    let Some(person) = hub.find(typed) else {
        return Err(nobody(hub, caller, typed).into());
    };
    if person.id == caller.id {
        return Err(AboutPeople::Yourself.into());
    }
    let id = person.id;
    hub.mute_in_room(caller, id, end(caller, span), reason, effects);
    Ok(())
}

/// Keeps somebody out or silent everywhere. If that meets several people, the line must be typed twice.
fn sanction(
    hub: &mut Hub,
    caller: &Caller,
    kind: SanctionKind,
    args: &str,
    effects: &mut Effects,
) -> Result<(), Answer> {
    let (typed, rest) = first(args);
    let Aim { target, name } = hub.aim(typed).map_err(|why| match why {
        NoAim::Nobody => Answer::from(nobody(hub, caller, typed)),
        NoAim::Shared(network) => AboutOrder::Shared(network).into(),
        NoAim::NoNetwork(meant) => {
            let typed = shorten(typed);
            AboutOrder::NoNetwork { typed, meant }.into()
        }
    })?;
    let (is_for_all, rest) = match first(rest) {
        ("all", rest) if name.is_none() => (true, rest),
        _ => (false, rest),
    };
    let (span, reason) = span_and_reason(rest)?;
    let until = end(caller, span);
    may_be_met(hub, caller, &target)?;
    let draft = Sanction {
        id: 0,
        kind,
        target,
        name,
        room: None,
        is_for_all,
        by: "".into(),
        reason,
        at: caller.now.unix_millis(),
        until,
    };
    let count = hub.met(&draft).len();
    let line = format!("/{} {args}", kind.word());
    if count > 1 && !hub.is_typed_again(caller, &line) {
        return Err(AboutOrder::TypeAgain(count).into());
    }
    let Sanction {
        target,
        name,
        room,
        reason,
        ..
    } = draft;
    let act = OrderAct::Sanction {
        kind,
        target,
        name,
        room,
        is_for_all,
        until,
        reason,
    };
    caller.wants(Act::Order(act), effects);
    Ok(())
}

/// Nobody keeps themselves or an operator out.
fn may_be_met(hub: &Hub, caller: &Caller, target: &Target) -> Result<(), Answer> {
    let Target::Account(id) = target else {
        return Ok(());
    };
    let own = hub.roster.get(caller.place);
    let own = own.and_then(|it| hub.account_of(it));
    if own.is_some_and(|it| it.id == *id) {
        return Err(AboutPeople::Yourself.into());
    }
    match hub.accounts.owned(*id) {
        Some(it) if it.role == Role::Operator => {
            Err(AboutOrder::NotAnOperator(it.name.clone()).into())
        }
        Some(_) | None => Ok(()),
    }
}

fn unban(hub: &mut Hub, caller: &Caller, args: &str, effects: &mut Effects) {
    lift(hub, caller, SanctionKind::Ban, args, effects);
}

fn unmute(hub: &mut Hub, caller: &Caller, args: &str, effects: &mut Effects) {
    lift(hub, caller, SanctionKind::Mute, args, effects);
}

/// Ends the sanctions that a text means: an operator's everywhere, or else those of the room that the caller keeps.
fn lift(hub: &mut Hub, caller: &Caller, kind: SanctionKind, args: &str, effects: &mut Effects) {
    let room = room_kept(hub, caller);
    let ids = hub.sanctions_meant(caller, kind, room.as_ref(), args);
    if ids.is_empty() {
        return effects.answer(caller.peer, AboutOrder::NoSuch(kind, shorten(args)));
    }
    caller.wants(Act::Order(OrderAct::Lift { ids }), effects);
}

/// The room that the caller keeps, unless they are an operator, who keep order everywhere.
fn room_kept(hub: &Hub, caller: &Caller) -> Option<RoomName> {
    match is_operator(hub, caller) {
        true => None,
        false => hub.room_name(caller.room),
    }
}

fn bans(hub: &mut Hub, caller: &Caller, _: &str, effects: &mut Effects) {
    let room = room_kept(hub, caller);
    let list = hub.list_sanctions(caller, room.as_ref());
    effects.answer(caller.peer, list);
}

fn erase(hub: &mut Hub, caller: &Caller, args: &str, effects: &mut Effects) {
    let result = want_erasure(hub, caller, args, effects);
    or_answer(result, caller, effects);
}

/// Takes back what somebody said: everywhere for an operator, or else in the room that the caller keeps. If that is more
/// than a line, it must be typed twice.
fn want_erasure(
    hub: &mut Hub,
    caller: &Caller,
    args: &str,
    effects: &mut Effects,
) -> Result<(), Answer> {
    let (typed, rest) = first(args);
    let since = match span(rest) {
        Some(Ok(Span::Time(time))) => Some(caller.now.unix_millis().saturating_sub(millis(time))),
        Some(Ok(Span::Forever)) => None,
        None if rest.is_empty() => None,
        Some(Err(())) | None => return Err(AboutOrder::NoTime(shorten(rest)).into()),
    };
    let Some(whose) = hub.whose(typed) else {
        return Err(nobody(hub, caller, typed).into());
    };
    let room = room_kept(hub, caller);
    hub.may_erase(caller.place, &whose, room.as_ref())?;
    let draft = Erasure {
        seq: u64::MAX,
        whose,
        room,
        since,
    };
    let (count, in_file) = hub.erasable(&draft);
    // A time is counted back from now, so the words are compared as they were typed.
    let is_much = count > 1 || in_file;
    if is_much && !hub.is_typed_again(caller, &format!("/erase {args}")) {
        return Err(AboutOrder::Retype(Retype::Erasure { count, in_file }).into());
    }
    let Erasure {
        whose, room, since, ..
    } = draft;
    caller.wants(Act::Order(OrderAct::Erase { whose, room, since }), effects);
    Ok(())
}

fn lockdown(hub: &mut Hub, caller: &Caller, args: &str, effects: &mut Effects) {
    let (word, rest) = first(args);
    let until = match (word, span(word)) {
        _ if !rest.is_empty() => return effects.answer(caller.peer, usage("/lockdown")),
        ("", _) => end(caller, Span::Time(LOCKDOWN)),
        (off, _) if off.eq_ignore_ascii_case("off") => None,
        (_, Some(Ok(Span::Time(time)))) if time <= LOCKDOWN_MOST => end(caller, Span::Time(time)),
        (_, Some(_) | None) => {
            return effects.answer(caller.peer, AboutOrder::Retype(Retype::Time(shorten(word))));
        }
    };
    if until.is_none() && hub.locked_down(caller.now.unix_millis()).is_none() {
        return effects.answer(caller.peer, AboutOrder::NotLockedDown);
    }
    caller.wants(Act::Order(OrderAct::LockDown { until }), effects);
}

fn announce(_: &mut Hub, caller: &Caller, args: &str, effects: &mut Effects) {
    if args.chars().count() > REPORT_CHARS {
        return effects.answer(caller.peer, AboutOrder::TooLong(REPORT_CHARS));
    }
    let text = args.into();
    caller.wants(Act::Order(OrderAct::Proclaim { text }), effects);
}

fn report(hub: &mut Hub, caller: &Caller, args: &str, effects: &mut Effects) {
    if args.chars().count() > REPORT_CHARS {
        return effects.answer(caller.peer, AboutOrder::TooLong(REPORT_CHARS));
    }
    if hub.may_report(caller, effects) {
        let text = args.into();
        caller.wants(Act::Order(OrderAct::Report { text }), effects);
    }
}

fn people(hub: &mut Hub, caller: &Caller, args: &str, effects: &mut Effects) {
    let these = match first(args) {
        ("", _) => Ok(None),
        (word, time) if word.eq_ignore_ascii_case("new") && span(time).is_some() => {
            new_guests(hub, caller, time).map(Some)
        }
        _ => Err(AboutOrder::Retype(Retype::List).into()),
    };
    match these {
        Ok(these) => effects.answer(caller.peer, hub.list_people(these)),
        Err(why) => effects.answer(caller.peer, why),
    }
}

fn audit(hub: &mut Hub, caller: &Caller, args: &str, effects: &mut Effects) {
    let count = match args {
        "" => AUDIT_SHOWN,
        args => match args.parse() {
            Ok(count) if count > 0 => count,
            _ => return effects.answer(caller.peer, usage("/audit")),
        },
    };
    hub.ask_audit(caller, count.min(AUDIT_SHOWN_MOST), effects);
}
