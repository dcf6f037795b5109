//! What happens to accounts, order and rooms, made up by dice, and what a file must have of it.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use super::super::{DAY, name, room};
use crate::account::{AccountId, Hashed, KnownAddresses, Role};
use crate::dice::Dice;
use crate::id::PersonId;
use crate::message::{
    AccountFacts, Audit, Keep, KeepAccount, KeepOrder, KeepOwning, KeptAccount, KeptHouse, Owning,
    Report as Told, RoomMember, Settings, Waiting,
};
use crate::name::{RoomName, Username};
use crate::sanction::{Sanction, SanctionKind, Target};

/// What a file must have, as plain maps.
#[derive(Debug, Default)]
pub(super) struct Model {
    pub(super) accounts: BTreeMap<u64, (KeptAccount, AccountFacts, Option<Hashed>)>,
    pub(super) sanctions: BTreeMap<u64, Arc<Sanction>>,
    pub(super) locked_down: Option<i64>,
    pub(super) reports: Vec<Told>,
    pub(super) audit: Vec<Audit>,
    /// Rooms that were made, and have not ended.
    pub(super) rooms: HashMap<RoomName, (u64, Owning, BTreeMap<u64, RoomMember>)>,
}

impl Model {
    fn keep(&mut self, it: &Keep) {
        match it {
            Keep::Account(account, it) => self.keep_account(*account, it),
            Keep::Order(it) => self.keep_order(it),
            Keep::Owning(room, it) => self.keep_owning(room, it),
            Keep::End { room, .. } => {
                self.rooms.remove(room);
                let accounts = self.accounts.values_mut();
                accounts.for_each(|it| it.1.left.retain(|(left, _)| left != room));
            }
            Keep::Line(_) | Keep::Seen { .. } => {}
        }
    }

    fn keep_account(&mut self, account: AccountId, it: &KeepAccount) {
        if let KeepAccount::Made {
            name,
            role,
            at,
            hash,
        } = it
        {
            let kept = new(account, name, *role, *at);
            let made = (kept, AccountFacts::default(), hash.clone());
            self.accounts.insert(account.0, made);
            return;
        }
        if let KeepAccount::Ended { .. } | KeepAccount::Freed = it {
            let rooms = self.rooms.values_mut();
            rooms.for_each(|(_, _, members)| _ = members.remove(&account.0));
        }
        let Some((kept, facts, hash)) = self.accounts.get_mut(&account.0) else {
            return;
        };
        match it {
            KeepAccount::Role(role) => kept.role = *role,
            KeepAccount::Ended { .. } => {
                (kept.has_ended, kept.waiting, kept.last) = (true, 0, 0);
                kept.role = Role::Member;
                kept.addresses = KnownAddresses::default();
                (*facts, *hash) = (AccountFacts::default(), None);
            }
            KeepAccount::Freed => _ = self.accounts.remove(&account.0),
            _ if kept.has_ended => {}
            KeepAccount::Made { .. } => unreachable!("it is made already"),
            KeepAccount::Password { seq, .. } if *seq < kept.changed => {}
            KeepAccount::Password { hash: new, seq } => {
                (kept.changed, *hash) = (*seq, Some(new.clone()));
            }
            KeepAccount::CameIn { at, address } => {
                (facts.last, facts.wrong, facts.wrong_from) = (Some(*at), 0, None);
                kept.last = *at;
                kept.addresses.note(*address);
            }
            KeepAccount::Wrong { address, .. } => {
                (facts.wrong, facts.wrong_from) = (facts.wrong + 1, Some(*address));
            }
            KeepAccount::Left { at, .. } => {
                leave(facts, it, |it| self.rooms.contains_key(it));
                kept.last = *at;
            }
            KeepAccount::Waiting(it) => {
                facts.waiting.push(it.clone());
                kept.waiting += 1;
            }
            KeepAccount::Read { seq } => {
                facts.waiting.retain(|it| it.seq > *seq);
                kept.waiting = facts.waiting.len();
            }
            KeepAccount::Token { .. } | KeepAccount::TokenOver(_) | KeepAccount::TokensOver => {
                panic!("none is played")
            }
        }
    }

    fn keep_order(&mut self, it: &KeepOrder) {
        match it {
            KeepOrder::Made(it) => drop(self.sanctions.insert(it.id, it.clone())),
            KeepOrder::Lifted(_, id) => drop(self.sanctions.remove(id)),
            KeepOrder::LockedDown(until) => self.locked_down = *until,
            KeepOrder::Report(it) => self.reports.push(it.clone()),
            KeepOrder::ReportsRead => self.reports.clear(),
            KeepOrder::Erase(_) => panic!("none is played"),
            KeepOrder::Audit(it) => self.audit.push(it.clone()),
        }
    }

    fn keep_owning(&mut self, room: &RoomName, it: &KeepOwning) {
        match it {
            KeepOwning::State { made, owning } => {
                let of = self.rooms.entry(room.clone()).or_default();
                (of.0, of.1) = (*made, (**owning).clone());
            }
            KeepOwning::Member(it) => {
                if let Some(of) = self.rooms.get_mut(room) {
                    of.2.insert(it.account.0, *it);
                }
            }
            KeepOwning::MemberGone(account) => {
                if let Some(of) = self.rooms.get_mut(room) {
                    of.2.remove(&account.0);
                }
            }
        }
    }

    /// What a start at this time gives.
    pub(super) fn house(&self, now: i64) -> KeptHouse {
        let sanctions = self.sanctions.values();
        KeptHouse {
            accounts: self.accounts.values().map(|it| it.0.clone()).collect(),
            sanctions: sanctions.filter(|it| it.holds(now)).cloned().collect(),
            locked_down: self.locked_down.filter(|it| now < *it),
            reports: self.reports.clone(),
            journal: None,
        }
    }
}

fn new(id: AccountId, name: &Username, role: Role, last: i64) -> KeptAccount {
    KeptAccount {
        id,
        name: name.clone(),
        role,
        changed: id.0,
        has_ended: false,
        addresses: KnownAddresses::default(),
        waiting: 0,
        last,
    }
}

fn leave(facts: &mut AccountFacts, it: &KeepAccount, is_there: impl Fn(&RoomName) -> bool) {
    let KeepAccount::Left {
        at,
        seq,
        rooms,
        settings,
        ignores,
    } = it
    else {
        return;
    };
    facts.last = Some(*at);
    (facts.settings, facts.ignores) = (settings.clone(), ignores.clone());
    for room in rooms.iter().filter(|it| is_there(it)) {
        facts.left.retain(|(left, _)| left != room);
        facts.left.push((room.clone(), *seq));
    }
}

/// Makes up what happens, one entry after the other.
pub(super) struct Play {
    pub(super) dice: Dice,
    pub(super) seq: u64,
    pub(super) accounts: Vec<u64>,
    pub(super) sanctions: Vec<(SanctionKind, u64)>,
    pub(super) names: usize,
    pub(super) model: Model,
}

const ROOMS: [&str; 3] = ["tea", "Кухня", "lobby"];

impl Play {
    pub(super) fn at(&self) -> i64 {
        DAY + self.seq as i64
    }

    fn name(&mut self) -> Username {
        self.names += 1;
        let begin = self.dice.pick(&["Ann", "Bóbé", "東京", "Ольга"]);
        name(&format!("{begin}-{}", self.names))
    }

    fn text(&mut self) -> Arc<str> {
        let text = self.dice.pick(&["spam", "déjà vu", "it's \"so\"", "😀"]);
        text.into()
    }

    fn address(&mut self) -> IpAddr {
        let last = self.dice.below(20) as u16;
        match self.dice.below(2) {
            0 => Ipv4Addr::new(192, 0, 2, last as u8).into(),
            _ => Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, last).into(),
        }
    }

    fn room(&mut self) -> RoomName {
        room(self.dice.pick(&ROOMS))
    }

    fn account(&mut self) -> AccountId {
        match self.accounts.is_empty() {
            true => AccountId(0),
            false => AccountId(self.accounts[self.dice.below(self.accounts.len())]),
        }
    }

    pub(super) fn step(&mut self) -> Keep {
        self.seq += 1 + self.dice.below(3) as u64;
        let it = match self.dice.below(10) {
            0 => {
                let (name, at, seq) = (self.name(), self.at(), self.seq);
                let role = [Role::Member, Role::Operator][self.dice.below(2)];
                let hash = (self.dice.below(3) > 0).then(|| Hashed::new("$argon2id$made"));
                self.accounts.push(seq);
                let made = KeepAccount::Made {
                    name,
                    role,
                    at,
                    hash,
                };
                Keep::Account(AccountId(seq), made)
            }
            1..6 => Keep::Account(self.account(), self.of_account()),
            6..8 => Keep::Order(self.of_order()),
            _ => self.of_room(),
        };
        self.model.keep(&it);
        it
    }

    fn of_account(&mut self) -> KeepAccount {
        let (at, seq) = (self.at(), self.seq);
        match self.dice.below(16) {
            0 => KeepAccount::Ended { at },
            1 => KeepAccount::Freed,
            2 => KeepAccount::Role([Role::Member, Role::Operator][self.dice.below(2)]),
            3 | 4 => KeepAccount::Password {
                hash: Hashed::new(&format!("$argon2id${seq}")),
                seq: seq - self.dice.below(9) as u64,
            },
            5..9 => KeepAccount::CameIn {
                at,
                address: self.address(),
            },
            9 | 10 => KeepAccount::Wrong {
                at,
                address: self.address(),
            },
            11 | 12 => KeepAccount::Waiting(Waiting {
                seq,
                at,
                author: PersonId(self.dice.below(seq as usize) as u64),
                author_account: (seq % 2 == 0).then_some(AccountId(seq / 2)),
                from: self.name(),
                text: self.text(),
            }),
            13 => KeepAccount::Read {
                seq: seq - self.dice.below(30) as u64,
            },
            _ => KeepAccount::Left {
                at,
                seq,
                rooms: (0..self.dice.below(3)).map(|_| self.room()).collect(),
                settings: Settings {
                    time: self.dice.pick(&["", "Europe/Berlin", "+5:30"]).into(),
                    is_quiet: self.dice.below(2) == 0,
                    room: (self.dice.below(2) == 0).then(|| self.room()),
                },
                ignores: (0..self.dice.below(3)).map(|_| self.name()).collect(),
            },
        }
    }

    fn of_order(&mut self) -> KeepOrder {
        let (at, seq) = (self.at(), self.seq);
        match self.dice.below(8) {
            0..3 => KeepOrder::Made(self.sanction().into()),
            3 if !self.sanctions.is_empty() => {
                let (kind, id) = self.sanctions[self.dice.below(self.sanctions.len())];
                KeepOrder::Lifted(kind, id)
            }
            4 => {
                let until = at + self.dice.below(2000) as i64;
                KeepOrder::LockedDown((self.dice.below(3) > 0).then_some(until))
            }
            5 => KeepOrder::Report(Told {
                at,
                by: self.name(),
                text: self.text(),
            }),
            6 => KeepOrder::ReportsRead,
            _ => KeepOrder::Audit(Audit {
                seq,
                at,
                by: self.name().as_str().into(),
                act: "ban".into(),
                whom: (self.dice.below(2) == 0).then(|| "eve".into()),
                network: (self.dice.below(2) == 0).then(|| "192.0.2.0/24".into()),
                room: (self.dice.below(2) == 0).then(|| self.room()),
                reason: (self.dice.below(2) == 0).then(|| self.text()),
            }),
        }
    }

    fn sanction(&mut self) -> Sanction {
        let (at, id) = (self.at(), self.seq);
        let kind = [SanctionKind::Ban, SanctionKind::Mute][self.dice.below(2)];
        self.sanctions.push((kind, id));
        Sanction {
            id,
            kind,
            target: match self.dice.below(3) {
                0 => Target::Account(self.account()),
                1 => Target::Network("2001:db8::/32".parse().expect("a network")),
                _ => Target::Name(self.name()),
            },
            name: (self.dice.below(2) == 0).then(|| self.name()),
            room: (self.dice.below(2) == 0).then(|| self.room()),
            is_for_all: self.dice.below(2) == 0,
            by: self.name().as_str().into(),
            reason: (self.dice.below(2) == 0).then(|| self.text()),
            at,
            until: (self.dice.below(2) == 0).then_some(at + self.dice.below(2000) as i64),
        }
    }

    fn of_room(&mut self) -> Keep {
        let (room, seq) = (self.room(), self.seq);
        let of = self.model.rooms.get(&room);
        let made = of.map_or(seq, |it| it.0);
        let has_room = of.is_some();
        let it = match self.dice.below(8) {
            0 if has_room => return Keep::End { room, seq },
            1 | 2 if has_room => KeepOwning::Member(RoomMember {
                account: self.account(),
                trusted: (self.dice.below(2) == 0).then_some(seq),
                invited: Some(seq),
            }),
            3 if has_room => KeepOwning::MemberGone(self.account()),
            _ => KeepOwning::State {
                made,
                owning: Box::new(Owning {
                    owner: (self.dice.below(3) > 0).then(|| self.account()),
                    is_locked: self.dice.below(2) == 0,
                    is_topic_locked: self.dice.below(2) == 0,
                    is_past_open: self.dice.below(2) == 0,
                    slow: self.dice.below(60) as u32,
                    offered: (self.dice.below(3) == 0).then(|| (self.account(), self.at())),
                }),
            },
        };
        Keep::Owning(room, it)
    }
}
