//! Commands about what one reads.

use crate::chat::event::{Effect, Effects};
use crate::chat::{Caller, Hub};
use crate::limits::REPLAYED_LINES;
use crate::message::Answer;
use crate::moment::{Format, Offset, Stamp};

use super::usage;

pub(super) fn history(hub: &mut Hub, caller: &Caller, args: &str, effects: &mut Effects) {
    let count = match args {
        "" => REPLAYED_LINES,
        args => match args.parse() {
            Ok(count) if count > 0 => count,
            _ => return effects.answer(caller.peer, usage("/history")),
        },
    };
    if !hub.replay(caller.peer, caller.room, 0, count, effects) {
        effects.answer(caller.peer, Answer::NoHistory);
    }
}

pub(super) fn time(hub: &mut Hub, caller: &Caller, args: &str, effects: &mut Effects) {
    let (word, zone) = args.split_once(char::is_whitespace).unwrap_or((args, ""));
    let stamp = match word.to_ascii_lowercase().as_str() {
        "off" => Stamp::Off,
        "on" => Stamp::Clock,
        "full" => Stamp::Full,
        _ => return effects.answer(caller.peer, usage("/time")),
    };
    let offset = match zone.trim() {
        "" => None,
        zone => match Offset::parse(zone) {
            Some(offset) => Some(offset),
            None => return effects.answer(caller.peer, usage("/time")),
        },
    };
    set_format(hub, caller, effects, |format| {
        format.stamp = stamp;
        format.offset = offset.unwrap_or(format.offset);
        Answer::TimeSet(*format)
    });
}

pub(super) fn quiet(hub: &mut Hub, caller: &Caller, args: &str, effects: &mut Effects) {
    let quiet = match args.to_ascii_lowercase().as_str() {
        "on" => true,
        "off" => false,
        _ => return effects.answer(caller.peer, usage("/quiet")),
    };
    set_format(hub, caller, effects, |format| {
        format.quiet = quiet;
        Answer::QuietSet(quiet)
    });
}

/// Changes how what the caller reads is rendered, and answers.
fn set_format(
    hub: &mut Hub,
    caller: &Caller,
    effects: &mut Effects,
    change: impl FnOnce(&mut Format) -> Answer,
) {
    let (peer, room) = (caller.peer, caller.room);
    if let Some(person) = hub.roster.person_mut(peer) {
        let answer = change(&mut person.format);
        let format = person.format;
        effects.push(Effect::Enter { peer, room, format });
        effects.answer(peer, answer);
    }
}
