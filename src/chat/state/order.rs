//! What keeps order, as it travels.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::chat::order::{Lockdown, Order, SentAway, WhySentAway};
use crate::erasure::{Erasure, Whose};
use crate::id::PersonId;
use crate::message::Report;
use crate::moment::Moment;
use crate::name::{RoomName, Username};
use crate::sanction::{Sanction, SanctionKind, Target};

use super::InvalidState;
use super::form::{Text, Time, text};

/// What keeps order; see [`Order`].
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::chat) struct OrderForm {
    pub(in crate::chat) bans: Vec<SanctionForm>,
    pub(in crate::chat) mutes: Vec<SanctionForm>,
    pub(in crate::chat) kicks: Vec<SanctionForm>,
    pub(in crate::chat) sent_away: Vec<SentAwayForm>,
    pub(in crate::chat) followed: BTreeMap<PersonId, BTreeSet<u64>>,
    pub(in crate::chat) lockdown: Option<LockdownForm>,
    pub(in crate::chat) reports: Vec<ReportForm>,
    /// The oldest first, each with its time.
    pub(in crate::chat) erased: Vec<(Time, ErasureForm)>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::chat) struct SanctionForm {
    id: u64,
    kind: SanctionKind,
    target: Target,
    name: Option<Username>,
    room: Option<RoomName>,
    is_for_all: bool,
    by: Text,
    reason: Option<Text>,
    at: Time,
    until: Option<Time>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::chat) struct SentAwayForm {
    who: PersonId,
    by: Text,
    /// Whether it is a ban.
    is_banned: bool,
    /// When the ban ends. `None`: never.
    until: Option<Time>,
    reason: Option<Text>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::chat) struct LockdownForm {
    began: Option<Time>,
    until: Time,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::chat) struct ReportForm {
    at: Time,
    by: Username,
    text: Text,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::chat) struct ErasureForm {
    seq: u64,
    whose: Whose,
    room: Option<RoomName>,
    since: Option<Time>,
}

impl SanctionForm {
    pub(super) fn of(it: &Sanction) -> SanctionForm {
        SanctionForm {
            id: it.id,
            kind: it.kind,
            target: it.target.clone(),
            name: it.name.clone(),
            room: it.room.clone(),
            is_for_all: it.is_for_all,
            by: (&*it.by).into(),
            reason: text(&it.reason),
            at: Time(it.at),
            until: it.until.map(Time),
        }
    }

    /// The same of several.
    pub(in crate::chat) fn of_all<'a>(
        all: impl Iterator<Item = &'a Arc<Sanction>>,
    ) -> Vec<SanctionForm> {
        all.map(|it| SanctionForm::of(it)).collect()
    }

    /// Sanctions in the order of their numbers, which may be the same.
    pub(in crate::chat) fn all(
        forms: Vec<SanctionForm>,
    ) -> Result<Vec<Arc<Sanction>>, InvalidState> {
        match forms.is_sorted_by_key(|it| it.id) {
            true => Ok(forms.into_iter().map(|it| Arc::new(it.into())).collect()),
            false => Err(InvalidState("sanctions in no order")),
        }
    }
}

impl From<SanctionForm> for Sanction {
    fn from(it: SanctionForm) -> Sanction {
        Sanction {
            id: it.id,
            kind: it.kind,
            target: it.target,
            name: it.name,
            room: it.room,
            is_for_all: it.is_for_all,
            by: it.by.into(),
            reason: it.reason.map(Into::into),
            at: it.at.0,
            until: it.until.map(|it| it.0),
        }
    }
}

impl SentAwayForm {
    pub(in crate::chat) fn of(who: PersonId, it: &SentAway) -> SentAwayForm {
        let (is_banned, until) = match it.why {
            WhySentAway::Kicked => (false, None),
            WhySentAway::Banned(until) => (true, until),
        };
        SentAwayForm {
            who,
            by: (&it.by).into(),
            is_banned,
            until: until.map(Time),
            reason: text(&it.reason),
        }
    }

    pub(in crate::chat) fn load(self) -> (PersonId, Arc<SentAway>) {
        let until = self.until.map(|it| it.0);
        let sent = SentAway {
            by: self.by.into(),
            why: match self.is_banned {
                true => WhySentAway::Banned(until),
                false => WhySentAway::Kicked,
            },
            reason: self.reason.map(Into::into),
        };
        (self.who, Arc::new(sent))
    }
}

impl From<Lockdown> for LockdownForm {
    fn from(it: Lockdown) -> LockdownForm {
        LockdownForm {
            began: it.began.map(Time),
            until: Time(it.until),
        }
    }
}

impl From<LockdownForm> for Lockdown {
    fn from(it: LockdownForm) -> Lockdown {
        Lockdown {
            began: it.began.map(|it| it.0),
            until: it.until.0,
        }
    }
}

impl From<&Report> for ReportForm {
    fn from(it: &Report) -> ReportForm {
        ReportForm {
            at: Time(it.at),
            by: it.by.clone(),
            text: (&it.text).into(),
        }
    }
}

impl From<ReportForm> for Report {
    fn from(it: ReportForm) -> Report {
        Report {
            at: it.at.0,
            by: it.by,
            text: it.text.into(),
        }
    }
}

impl From<&Erasure> for ErasureForm {
    fn from(it: &Erasure) -> ErasureForm {
        ErasureForm {
            seq: it.seq,
            whose: it.whose.clone(),
            room: it.room.clone(),
            since: it.since.map(Time),
        }
    }
}

impl From<ErasureForm> for Erasure {
    fn from(it: ErasureForm) -> Erasure {
        Erasure {
            seq: it.seq,
            whose: it.whose,
            room: it.room,
            since: it.since.map(|it| it.0),
        }
    }
}

impl Order {
    /// What is shared.
    pub(in crate::chat) fn as_form(&self) -> OrderForm {
        OrderForm {
            bans: SanctionForm::of_all(self.bans.iter()),
            mutes: SanctionForm::of_all(self.mutes.iter()),
            kicks: SanctionForm::of_all(self.kicks.iter()),
            sent_away: self
                .sent_away
                .iter()
                .map(|(who, it)| SentAwayForm::of(*who, it))
                .collect(),
            followed: self.followed.clone(),
            lockdown: self.lockdown.map(Into::into),
            reports: self.reports.iter().map(Into::into).collect(),
            erased: self
                .erased
                .iter()
                .map(|(at, it)| (Time(*at), it.into()))
                .collect(),
        }
    }

    /// The order of a server on which nobody has done anything yet.
    pub(super) fn of_form(form: OrderForm, now: Moment) -> Result<Order, InvalidState> {
        let mut order = Order::default();
        for it in SanctionForm::all(form.bans)? {
            order.bans.push(it);
        }
        for it in SanctionForm::all(form.mutes)? {
            order.mutes.push(it);
        }
        for it in SanctionForm::all(form.kicks)? {
            order.kicks.push(it);
        }
        let sent_away = form.sent_away.into_iter().map(SentAwayForm::load);
        order.sent_away = sent_away.collect();
        order.followed = form.followed;
        order.lockdown = form.lockdown.map(Into::into);
        order.reports = form.reports.into_iter().map(Into::into).collect();
        let erased = form.erased.into_iter();
        order.erased = erased.map(|(at, it)| (at.0, it.into())).collect();
        order.set_wake(now);
        Ok(order)
    }
}
