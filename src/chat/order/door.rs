//! The door: who is not let in, and what operators are told as they come in.

use crate::account::Origin;
use crate::error::CloseReason;
use crate::id::PeerId;
use crate::journal::Entry;
use crate::message::{AboutConnection, AboutOrder, KeepOrder};
use crate::name::Username;

use crate::chat::Hub;
use crate::chat::accounts::AccountIndex;
use crate::chat::event::Effects;
use crate::chat::person::Place;

impl Hub {
    /// What somebody is told who is not let in, and why their connection ends. Without such a reason they are asked
    /// for another name.
    pub(in crate::chat) fn bar(
        &self,
        name: &Username,
        account: Option<AccountIndex>,
        from: Origin,
        at: i64,
    ) -> Option<(AboutConnection, Option<CloseReason>)> {
        let account = account.and_then(|it| self.accounts.get(it)).map(|it| it.id);
        if let Some(ban) = self.ban_on(name, account, from.address, at) {
            let (until, reason) = (ban.until, ban.reason.clone());
            let word = AboutConnection::Banned { until, reason };
            return Some((word, Some(CloseReason::Banned)));
        }
        if let Some(kick) = self.kick_on(name, account, from.address, at) {
            let left = kick.until.unwrap_or(at).saturating_sub(at);
            let word = AboutConnection::Kicked {
                by: (&*kick.by).into(),
                reason: kick.reason.clone(),
                seconds: u64::try_from(left).unwrap_or(0).div_ceil(1000),
            };
            return Some((word, Some(CloseReason::Kicked)));
        }
        let until = self.locked_down(at).filter(|_| account.is_none())?;
        Some((AboutConnection::LockedDown(until), None))
    }

    /// Turns somebody away who is not to come in now. Returns whether it did.
    pub(in crate::chat) fn is_barred(
        &mut self,
        entry: &Entry,
        (name, from): (&Username, Origin),
        account: Option<AccountIndex>,
        origin: Option<PeerId>,
        effects: &mut Effects,
    ) -> bool {
        let Some((word, reason)) = self.bar(name, account, from, entry.at) else {
            return false;
        };
        match (origin, reason) {
            (None, _) => {}
            (Some(peer), Some(reason)) => self.dismiss(peer, word, reason, effects),
            (Some(peer), None) => self.refuse(peer, word, effects),
        }
        true
    }

    /// Tells an operator who has come in what was reported meanwhile, and whether guests come in.
    pub(in crate::chat) fn tell_reports(&mut self, place: Place, at: i64, effects: &mut Effects) {
        let person = self.roster.get(place).filter(|it| self.is_operator(it));
        let Some(peer) = person.map(|it| self.roster.peer(it)) else {
            return;
        };
        if let Some(until) = self.locked_down(at) {
            let by = None;
            effects.answer(peer, AboutOrder::StillLockedDown { until, by });
        }
        if self.order.reports.is_empty() {
            return;
        }
        for report in std::mem::take(&mut self.order.reports) {
            effects.answer(peer, AboutOrder::Reported(report));
        }
        self.keep_order(KeepOrder::ReportsRead, effects);
    }
}
