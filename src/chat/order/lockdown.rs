//! Lockdown: for a while only members come in, and guests who have just come are silent.

use std::time::Instant;

use crate::limits::order::{LOCKDOWN_BEFORE, LOCKDOWN_REMINDER, SILENCED_TOLD};
use crate::message::{AboutOrder, Audit, KeepOrder, Silence, Why};
use crate::moment::Moment;

use super::aiming::came_since;
use super::{Order, audit, millis};
use crate::chat::event::Effects;
use crate::chat::person::Person;
use crate::chat::{Author, Hub};

/// A lockdown. Times are milliseconds since 1970-01-01 00:00 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::chat) struct Lockdown {
    /// When it began. `None`: before the server started.
    pub(in crate::chat) began: Option<i64>,
    /// When it ends.
    pub(in crate::chat) until: i64,
}

impl Order {
    /// Sets the time at which something is to be said about the lockdown.
    pub(in crate::chat) fn set_wake(&mut self, now: Moment) {
        let left = self.lockdown.map(|it| it.until - now.unix_millis());
        let left = left.and_then(|it| u64::try_from(it).ok());
        let left = left.map(std::time::Duration::from_millis);
        self.wake = left.map(|it| now.instant + it.min(LOCKDOWN_REMINDER));
    }

    /// When something is to be said about the lockdown.
    pub(in crate::chat) fn wake(&self) -> Option<Instant> {
        self.wake
    }
}

impl Hub {
    /// Until when only members come in, if that is so at a time in milliseconds since 1970-01-01 00:00 UTC.
    pub(in crate::chat) fn locked_down(&self, at: i64) -> Option<i64> {
        let lockdown = self.order.lockdown.filter(|it| at < it.until);
        lockdown.map(|it| it.until)
    }

    /// Lets in nobody but members for a time, or guests again.
    pub(super) fn lock_down(&mut self, author: &Author, until: Option<i64>, effects: &mut Effects) {
        if !self.may_order(author, effects) {
            return;
        }
        let before = self.order.lockdown.filter(|it| author.at < it.until);
        if until.is_none() && before.is_none() {
            return effects.answer(author.peer, AboutOrder::NotLockedDown);
        }
        let began = before.and_then(|it| it.began).unwrap_or(author.at);
        let began = Some(began);
        self.order.lockdown = until.map(|until| Lockdown { began, until });
        self.order.set_wake(author.now);
        self.keep_order(KeepOrder::LockedDown(until), effects);
        let done: Audit = match until {
            Some(_) => audit(author, "lockdown"),
            None => audit(author, "lockdown off"),
        };
        self.keep_audit(done, effects);
        let by = Some(author.name.clone());
        let (answer, news) = match until {
            Some(until) => (
                AboutOrder::LockedDown(until),
                AboutOrder::StillLockedDown { until, by },
            ),
            None => (AboutOrder::Opened(None), AboutOrder::Opened(by)),
        };
        self.tell_operators(Some(author.place), &news, effects);
        self.tell_silenced(author, before.is_some(), effects);
        self.confirm(author, answer, effects);
    }

    /// Tells guests that they are silent during the lockdown, or heard again: as many as one line may cost.
    fn tell_silenced(&self, author: &Author, was_locked: bool, effects: &mut Effects) {
        let is_locked = self.order.lockdown.is_some();
        if is_locked == was_locked {
            return;
        }
        let since = author.at - millis(LOCKDOWN_BEFORE);
        for place in self.guests_since(since).into_iter().take(SILENCED_TOLD) {
            let Some(person) = self.roster.get(place) else {
                continue;
            };
            let about = match self.silence_of_lockdown(person, author.at) {
                Some(silence) => AboutOrder::Silenced(silence),
                None => AboutOrder::Heard,
            };
            effects.answer(self.roster.peer(person), about);
        }
    }

    /// What keeps a person silent because of a lockdown.
    pub(super) fn silence_of_lockdown(&self, person: &Person, at: i64) -> Option<Silence> {
        let Lockdown { began, until } = self.order.lockdown?;
        let is_new = came_since(person, began? - millis(LOCKDOWN_BEFORE));
        (at < until && is_new && person.account.is_none()).then_some(Silence {
            until: Some(until),
            room: None,
            why: Why::Lockdown,
        })
    }

    /// Says what is due about the lockdown, if something is. Returns whether it was.
    pub(in crate::chat) fn say_of_lockdown(&mut self, now: Moment, effects: &mut Effects) -> bool {
        if self.order.wake.is_none_or(|it| it > now.instant) {
            return false;
        }
        self.order.wake = None;
        let Some(Lockdown { until, .. }) = self.order.lockdown else {
            return true;
        };
        let about = match now.unix_millis() < until {
            true => AboutOrder::StillLockedDown { until, by: None },
            false => AboutOrder::Opened(None),
        };
        self.tell_operators(None, &about, effects);
        if now.unix_millis() < until {
            self.order.set_wake(now);
        }
        true
    }
}
