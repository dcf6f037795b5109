//! Commands about what a person reads.

use crate::chat::event::Effects;
use crate::chat::person::Person;
use crate::chat::{Caller, Hub};
use crate::limits::ZONE_BYTES;
use crate::message::AboutReading;
use crate::moment::{Format, Offset, Stamp};

use super::{shorten, usage};

pub(super) fn time(hub: &mut Hub, caller: &Caller, args: &str, effects: &mut Effects) {
    let (word, rest) = args.split_once(char::is_whitespace).unwrap_or((args, ""));
    let (stamp, zone) = match word.to_ascii_lowercase().as_str() {
        "" => return show_format(hub, caller, effects, AboutReading::TimeSet),
        "off" => (Some(Stamp::Off), rest),
        "on" => (Some(Stamp::Clock), rest),
        "full" => (Some(Stamp::Full), rest),
        _ => (None, args),
    };
    let zone = zone.trim();
    let offset = match zone {
        "" => None,
        zone => match hub.zone(zone, caller.now.unix) {
            Some(offset) => Some(offset),
            None => {
                let typed = shorten(zone);
                let by_name = hub.rules.zones.is_some();
                return effects.answer(caller.peer, AboutReading::NoZone { typed, by_name });
            }
        },
    };
    if let (Some(person), false) = (hub.roster.get_mut(caller.place), zone.is_empty()) {
        let named = Offset::parse(zone).is_none().then(|| zone.into());
        if named.is_some() || person.extras.is_some() {
            person.extras_mut().zone = named;
        }
    }
    set_format(hub, caller, effects, |format| {
        // A person who names only a zone wants to see its time.
        let shown = match format.stamp {
            Stamp::Off => Stamp::Clock,
            stamp @ (Stamp::Clock | Stamp::Full) => stamp,
        };
        if !format.is_for_programs() {
            format.stamp = stamp.unwrap_or(shown);
        }
        format.offset = offset.unwrap_or(format.offset);
        AboutReading::TimeSet(*format)
    });
}

impl Hub {
    /// How far the clocks of a typed zone are ahead at a time in seconds since 1970-01-01 00:00 UTC.
    pub(in crate::chat) fn zone(&self, typed: &str, unix: i64) -> Option<Offset> {
        let by_name = |zones: fn(&str, i64) -> Option<Offset>| zones(typed, unix);
        let is_short = typed.len() <= ZONE_BYTES;
        let named = || self.rules.zones.filter(|_| is_short).and_then(by_name);
        Offset::parse(typed).or_else(named)
    }
}

pub(super) fn quiet(hub: &mut Hub, caller: &Caller, args: &str, effects: &mut Effects) {
    let quiet = match args.to_ascii_lowercase().as_str() {
        "" => return show_format(hub, caller, effects, |it| AboutReading::QuietSet(it.quiet)),
        "on" => true,
        "off" => false,
        _ => return effects.answer(caller.peer, usage("/quiet")),
    };
    set_format(hub, caller, effects, |format| {
        format.quiet = quiet;
        AboutReading::QuietSet(quiet)
    });
}

fn show_format(
    hub: &Hub,
    caller: &Caller,
    effects: &mut Effects,
    answer: impl FnOnce(Format) -> AboutReading,
) {
    if let Some(person) = hub.roster.at(caller.peer) {
        effects.answer(caller.peer, answer(person.format));
    }
}

/// Changes the format of what the caller reads, and answers.
fn set_format(
    hub: &mut Hub,
    caller: &Caller,
    effects: &mut Effects,
    change: impl FnOnce(&mut Format) -> AboutReading,
) {
    let Some(person) = hub.roster.get_mut(caller.place) else {
        return;
    };
    let before = person.format;
    let answer = change(&mut person.format);
    let is_changed = person.format != before;
    let rooms = hub.roster.get(caller.place).into_iter();
    for room in rooms.flat_map(Person::rooms) {
        hub.read(caller.place, room, effects);
    }
    if is_changed {
        let now = (caller.now.unix_millis(), hub.last());
        hub.keep_left(caller.place, now, effects);
    }
    effects.answer(caller.peer, answer);
}
