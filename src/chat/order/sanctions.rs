//! Bans and mutes: making them, lifting them, and what keeps somebody out.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use crate::account::{AccountId, Rank, Role};
use crate::limits::order::{BANS, MUTES};
use crate::message::{
    AboutOrder, AboutPeople, Answer, Audit, Keep, KeepAccount, KeepOrder, Silence,
};
use crate::name::{RoomName, Username};
use crate::sanction::{Sanction, SanctionKind, Target};

use super::audit;
use super::crowd::{SentAway, Why};
use crate::chat::event::Effects;
use crate::chat::{Author, Hub};

impl Hub {
    /// Keeps somebody out or silent from now on.
    pub(super) fn sanction(&mut self, author: &Author, made: Sanction, effects: &mut Effects) {
        if let Err(why) = self.may_sanction(author, &made) {
            return effects.answer(author.peer, why);
        }
        let most = match made.kind {
            SanctionKind::Ban => BANS,
            SanctionKind::Mute => MUTES,
        };
        let replaced = self.drop_ended(&made);
        if self.order.all(made.kind).len() - replaced.len() >= most {
            return effects.answer(author.peer, AboutOrder::TooMany);
        }
        for id in replaced {
            self.order.all_mut(made.kind).retain(|it| it.id != id);
            self.keep_order(KeepOrder::Lifted(made.kind, id), effects);
        }
        let made = Arc::new(made);
        self.order.all_mut(made.kind).push(made.clone());
        self.keep_order(KeepOrder::Made(made.clone()), effects);
        self.keep_audit(audit_of(author, made.kind.word(), &made), effects);
        if let (SanctionKind::Ban, None, Target::Account(id)) =
            (made.kind, &made.room, &made.target)
        {
            effects.keep(Keep::Account(*id, KeepAccount::TokensOver));
        }
        let count = match made.kind {
            SanctionKind::Ban => self.send_banned_away(&made, author.now.instant, effects),
            SanctionKind::Mute => self.tell_muted(&made, effects),
        };
        self.confirm(author, AboutOrder::Made(made, count), effects);
    }

    /// Whether the author of an entry may make a sanction. Nobody keeps an operator out or silent.
    fn may_sanction(&self, author: &Author, made: &Sanction) -> Result<(), Answer> {
        match &made.room {
            Some(room) => _ = self.may_keep_out(author.place, room, &made.target)?,
            None => self.may_keep(author, None)?,
        }
        if let Target::Account(id) = made.target {
            let account = self.accounts.owned(id).ok_or(AboutPeople::JustLeft)?;
            if account.role == Role::Operator {
                return Err(AboutOrder::NotAnOperator(account.name.clone()).into());
            }
        }
        Ok(())
    }

    /// Whether the author of an entry keeps order everywhere, or in this room.
    fn may_keep(&self, author: &Author, room: Option<&RoomName>) -> Result<(), Answer> {
        let person = self.roster.get(author.place);
        let rank = person.map(|it| match room.map(|it| self.rooms.find(it)) {
            Some(Some(room)) => self.rank(it, room),
            Some(None) | None if self.is_operator(it) => Rank::Operator,
            Some(None) | None => Rank::Guest,
        });
        let least = match room {
            Some(_) => Rank::Trusted,
            None => Rank::Operator,
        };
        match rank.is_some_and(|it| it >= least) {
            true => Ok(()),
            false => Err(AboutOrder::NotAllowed(least).into()),
        }
    }

    /// Drops what has ended. Returns the numbers of those that a new sanction replaces.
    fn drop_ended(&mut self, made: &Sanction) -> Vec<u64> {
        let all = self.order.all_mut(made.kind);
        all.retain(|it| it.holds(made.at));
        let same = all.on(&made.target).filter(|it| it.room == made.room);
        same.map(|it| it.id).collect()
    }

    fn send_banned_away(
        &mut self,
        ban: &Arc<Sanction>,
        now: Instant,
        effects: &mut Effects,
    ) -> usize {
        if ban.room.is_some() {
            return 0;
        }
        let met = self.met(ban);
        let sent = SentAway {
            by: (&*ban.by).into(),
            why: Why::Banned(ban.until),
            reason: ban.reason.clone(),
        };
        self.send_away(&met, sent, now, effects);
        met.len()
    }

    fn tell_muted(&mut self, mute: &Arc<Sanction>, effects: &mut Effects) -> usize {
        let met = self.met(mute);
        let follows = mute.room.is_some() || matches!(mute.target, Target::Name(_));
        for place in &met {
            if follows {
                self.follow(self.roster.number(*place), mute.id);
            }
            let peer = self.roster.get(*place).and_then(|it| self.roster.peer(it));
            effects.answer(peer, AboutOrder::Silenced(Silence::from(&**mute)));
        }
        met.len()
    }

    /// Ends sanctions.
    pub(super) fn lift(&mut self, author: &Author, ids: &[u64], effects: &mut Effects) {
        let mut lifted = Vec::new();
        for id in ids {
            let (bans, mutes) = (self.order.bans.iter(), self.order.mutes.iter());
            let Some(it) = bans.chain(mutes).find(|it| it.id == *id).cloned() else {
                continue;
            };
            if let Err(why) = self.may_keep(author, it.room.as_ref()) {
                return effects.answer(author.peer, why);
            }
            self.order.all_mut(it.kind).retain(|it| it.id != *id);
            self.keep_order(KeepOrder::Lifted(it.kind, *id), effects);
            let act = match it.kind {
                SanctionKind::Ban => "unban",
                SanctionKind::Mute => "unmute",
            };
            let done = Audit {
                reason: None,
                ..audit_of(author, act, &it)
            };
            self.keep_audit(done, effects);
            if it.kind == SanctionKind::Mute && it.holds(author.at) {
                self.tell_heard(&it, author.at, effects);
            }
            lifted.push(it);
        }
        match lifted.is_empty() {
            true => effects.answer(author.peer, AboutPeople::JustLeft),
            false => self.confirm(author, AboutOrder::Lifted(lifted), effects),
        }
    }

    /// Tells the people whom a mute met that they are heard again, unless another one meets them.
    fn tell_heard(&self, lifted: &Sanction, at: i64, effects: &mut Effects) {
        for place in self.met(lifted) {
            let Some(person) = self.roster.get(place) else {
                continue;
            };
            let is_muted = self.mute_on(person, at, |it| it == lifted.room.as_ref());
            if is_muted.is_none() {
                effects.answer(self.roster.peer(person), AboutOrder::Heard);
            }
        }
    }

    /// The ban that keeps somebody out at a time in milliseconds since 1970-01-01 00:00 UTC.
    pub(in crate::chat) fn ban_on(
        &self,
        name: &Username,
        account: Option<AccountId>,
        address: IpAddr,
        at: i64,
    ) -> Option<Arc<Sanction>> {
        let owned = account.and_then(|it| self.accounts.owned(it));
        if owned.is_some_and(|it| it.role == Role::Operator) {
            return None;
        }
        let counts = |it: &Sanction| it.room.is_none() && it.holds(at);
        let bans = &self.order.bans;
        bans.find(name, account, address, counts).cloned()
    }
}

fn audit_of(author: &Author, act: &str, it: &Sanction) -> Audit {
    let network = match &it.target {
        Target::Network(network) => Some(network.to_string().into()),
        Target::Account(_) | Target::Name(_) => None,
    };
    Audit {
        whom: it.name.as_ref().map(|it| it.as_str().into()),
        network,
        room: it.room.clone(),
        reason: it.reason.clone(),
        ..audit(author, act)
    }
}
