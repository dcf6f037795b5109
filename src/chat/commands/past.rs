//! Commands about what was said before, and about people who were here.

use crate::chat::event::Effects;
use crate::chat::recall::{Sought, Way, What};
use crate::chat::{Caller, Hub};
use crate::limits::REPLAYED_LINES;
use crate::limits::past::HISTORY_SHOWN;
use crate::message::{AboutPast, Before};
use crate::name::Username;
use crate::query::{self, InvalidQuery};

use super::{shorten, usage};

pub(super) fn history(hub: &mut Hub, caller: &Caller, args: &str, effects: &mut Effects) {
    let (count, date) = match split_before(args) {
        Some((count, date)) => (count, Some(date)),
        None => (args, None),
    };
    let count = match count {
        "" => REPLAYED_LINES,
        count => match count.parse() {
            Ok(count) if count > 0 => count,
            _ => return effects.answer(caller.peer, usage("/history")),
        },
    };
    let (before, way) = match date {
        None => (Before::End, Way::Last),
        Some(date) => match hub.time(caller, date) {
            Some(at) => (Before::At(at), Way::Page),
            None => {
                let why = InvalidQuery::Date(shorten(date).into());
                return effects.answer(caller.peer, AboutPast::NoQuery(why));
            }
        },
    };
    let Some(room) = hub.room_name(caller.room) else {
        return;
    };
    let sought = Sought {
        what: What::History(room),
        before,
        count: count.min(HISTORY_SHOWN),
    };
    hub.recall(caller.place, sought, way, effects);
}

/// What stands before and behind the word `before`.
fn split_before(args: &str) -> Option<(&str, &str)> {
    let (first, rest) = args.split_once(char::is_whitespace)?;
    if first.eq_ignore_ascii_case("before") {
        return Some(("", rest.trim()));
    }
    let (word, date) = rest.trim_start().split_once(char::is_whitespace)?;
    let is_before = word.eq_ignore_ascii_case("before");
    is_before.then(|| (first, date.trim()))
}

pub(super) fn search(hub: &mut Hub, caller: &Caller, args: &str, effects: &mut Effects) {
    hub.search(caller, args, Before::End, effects);
}

pub(super) fn more(hub: &mut Hub, caller: &Caller, _: &str, effects: &mut Effects) {
    hub.recall_more(caller, effects);
}

pub(super) fn seen(hub: &mut Hub, caller: &Caller, args: &str, effects: &mut Effects) {
    let here = hub.find(args).map(|it| it.name.clone());
    match (here, Username::parse_any(args)) {
        (Some(name), _) => effects.answer(caller.peer, AboutPast::Here(name)),
        (None, Some(name)) => hub.tell_seen(caller, name, effects),
        (None, None) => effects.answer(caller.peer, AboutPast::Seen(None)),
    }
}

impl Hub {
    /// The time that a person means by a date.
    fn time(&self, caller: &Caller, typed: &str) -> Option<i64> {
        let person = self.roster.get(caller.place)?;
        query::time(typed, person.format.offset)
    }
}
