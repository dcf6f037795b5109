//! Bans, mutes and kicks as the model knows them: whom they meet, and whom they keep out.

use std::net::IpAddr;
use std::sync::Arc;

use crate::account::AccountId;
use crate::id::PeerId;
use crate::message::{AboutConnection, AboutOrder};
use crate::name::Username;
use crate::network::Network;
use crate::sanction::{self, SanctionKind};
use crate::server::simulation::sightings::Sight;

use super::members::household;
use super::{Model, Person};

/// What keeps somebody out, or silent.
#[derive(Debug, Clone)]
pub(super) struct Sanction {
    /// The entry that made it.
    pub(super) id: u64,
    pub(super) kind: SanctionKind,
    pub(super) target: Target,
    /// The name by which it was made, if it was by a name.
    pub(super) name: Option<Username>,
    /// Whether members at its addresses are met too.
    pub(super) is_for_all: bool,
    pub(super) by: Username,
    pub(super) reason: Option<Arc<str>>,
    /// When it ends, if it does: milliseconds since 1970-01-01 00:00 UTC.
    pub(super) until: Option<i64>,
    /// It was made by an earlier server.
    pub(super) is_old: bool,
}

/// Whom it meets.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Target {
    Account(u64),
    /// What is read as one address.
    Household(IpAddr),
    Name(Username),
}

impl Sanction {
    pub(super) fn holds(&self, at: i64) -> bool {
        self.until.is_none_or(|until| at < until)
    }

    pub(super) fn meets(&self, name: &Username, account: Option<u64>, address: IpAddr) -> bool {
        match &self.target {
            Target::Account(id) => account == Some(*id),
            Target::Household(it) => {
                (account.is_none() || self.is_for_all) && household(address) == *it
            }
            Target::Name(it) => account.is_none() && it.looks_like(name),
        }
    }

    /// The same as people are told of it.
    pub(super) fn told(&self) -> Arc<sanction::Sanction> {
        Arc::new(sanction::Sanction {
            id: self.id,
            kind: self.kind,
            target: match &self.target {
                Target::Account(id) => sanction::Target::Account(AccountId(*id)),
                Target::Household(it) => sanction::Target::Network(Network::of_subscriber(*it)),
                Target::Name(name) => sanction::Target::Name(name.clone()),
            },
            name: self.name.clone(),
            room: None,
            is_for_all: self.is_for_all,
            by: self.by.as_str().into(),
            reason: self.reason.clone(),
            at: 0,
            until: self.until,
        })
    }
}

impl Model {
    pub(super) fn is_operator(&self, me: &Person) -> bool {
        me.account.is_some_and(|it| self.account(it).is_operator)
    }

    /// Whether a sanction meets somebody who is here. None meets an operator.
    pub(super) fn is_met(&self, it: &Sanction, me: &Person) -> bool {
        let is_meant = it.meets(me.name(), me.account, me.address);
        (is_meant || me.followed.contains(&it.id)) && !self.is_operator(me)
    }

    /// Those whom a sanction meets.
    pub(super) fn met(&self, it: &Sanction) -> Vec<PeerId> {
        let here = self.people.iter().filter(|it| it.name.is_some());
        let met = here.filter(|me| self.is_met(it, me));
        met.map(|it| it.peer).collect()
    }

    /// The oldest ban that keeps somebody out.
    fn ban_on(&self, name: &Username, account: Option<u64>, address: IpAddr) -> Option<&Sanction> {
        if account.is_some_and(|it| self.account(it).is_operator) {
            return None;
        }
        let mut bans = self
            .sanctions
            .iter()
            .filter(|it| it.kind == SanctionKind::Ban);
        bans.find(|it| it.holds(self.at) && it.meets(name, account, address))
    }

    fn kick_on(&self, name: &Username, account: Option<u64>, address: IpAddr) -> Option<&Sanction> {
        let mut kicks = self.kicks.iter();
        kicks.find(|it| it.holds(self.at) && it.meets(name, account, address))
    }

    /// Turns a newcomer away who is banned, or was kicked a moment ago. Returns whether so.
    pub(super) fn is_barred(
        &mut self,
        peer: PeerId,
        name: &Username,
        account: Option<u64>,
    ) -> bool {
        let address = self.person(peer).address;
        let (why, sights) = if let Some(ban) = self.ban_on(name, account, address) {
            let by = match ban.target {
                Target::Account(_) => Sight::BarredByAccount,
                Target::Household(_) => Sight::BarredByAddress,
                Target::Name(_) => Sight::BarredByName,
            };
            let word = AboutConnection::Banned {
                until: ban.until,
                reason: ban.reason.clone(),
            };
            (word, (by, ban.is_old))
        } else if let Some(kick) = self.kick_on(name, account, address) {
            let left = kick.until.expect("it ends") - self.at;
            let word = AboutConnection::Kicked {
                by: kick.by.as_str().into(),
                reason: kick.reason.clone(),
                seconds: (left as u64).div_ceil(1000),
            };
            (word, (Sight::BarredByKick, false))
        } else {
            return false;
        };
        self.seen.add(sights.0, 1);
        self.seen.add(Sight::BanKept, sights.1.into());
        self.dismiss(peer, why);
        true
    }

    /// Whether somebody may not take a name since those of that name are kept out. They are told.
    pub(super) fn is_kept_out_as(&mut self, peer: PeerId, name: &Username) -> bool {
        let me = self.person(peer);
        let (account, address) = (me.account, me.address);
        let is_out = self.ban_on(name, account, address).is_some()
            || self.kick_on(name, account, address).is_some();
        if is_out {
            self.seen.add(Sight::NameKeptOut, 1);
            self.answer(peer, AboutOrder::NameKeptOut(name.clone()));
        }
        is_out
    }

    /// What the file has of those that hold is known to a server that begins at this time.
    pub(in crate::server::simulation) fn load_sanctions(&mut self, at: i64) {
        let file = self.file.as_ref().expect("there is one");
        let holding = file.sanctions.iter().filter(|it| it.holds(at)).cloned();
        self.sanctions = holding.map(|it| Sanction { is_old: true, ..it }).collect();
    }
}
