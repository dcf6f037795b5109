//! What the file has for the owners of accounts, as the model knows it.

use crate::account::Secret;
use crate::message::{AccountFacts, RoomMember, Settings};
use crate::name::{RoomName, Username};

use super::Model;
use super::accounts::Account;
use super::keeping::File;
use super::members::{Change, Facts, Owned, Owner, household};
use super::past::Found;

impl Owner {
    fn new(id: u64, name: Username, password: Secret) -> Owner {
        Owner {
            account: Account {
                id,
                name,
                password: Some(password),
                changed: id,
                has_ended: false,
                is_operator: false,
                waiting: 0,
                addresses: Vec::new(),
            },
            last: None,
            wrong: 0,
            wrong_from: None,
            left: None,
            waiting: Vec::new(),
            rooms: Vec::new(),
        }
    }
}

impl Model {
    /// The file has an operator whom a shell made, before anybody comes.
    pub(in crate::server::simulation) fn add_operator(&mut self, name: Username, password: Secret) {
        self.begin_entry(None);
        let mut owner = Owner::new(self.entry.seq, name, password);
        owner.account.is_operator = true;
        self.accounts.push(owner.account.clone());
        self.file.as_mut().expect("there is one").owners.push(owner);
    }
}

impl File {
    pub(super) fn change(&mut self, id: u64, change: Change) {
        if let Change::Made(name, password) = change {
            return self.owners.push(Owner::new(id, name, password));
        }
        let known = self.alive_rooms();
        let mut owners = self.owners.iter_mut();
        let Some(it) = owners.find(|it| it.account.id == id) else {
            panic!("there is no account for {change:?}");
        };
        if it.account.has_ended {
            return;
        }
        match change {
            Change::Made(..) => {}
            Change::Password(password, seq) => {
                (it.account.password, it.account.changed) = (Some(password), seq);
            }
            Change::Ended => {
                (it.account.has_ended, it.account.password) = (true, None);
                it.account.is_operator = false;
                it.account.addresses.clear();
                (it.last, it.wrong, it.wrong_from, it.left) = (None, 0, None, None);
                it.waiting.clear();
                it.rooms.clear();
                self.members.retain(|it| it.1.account.0 != id);
            }
            Change::CameIn(at, address) => {
                (it.last, it.wrong, it.wrong_from) = (Some(at), 0, None);
                it.account
                    .addresses
                    .retain(|known| *known != household(address));
                it.account.addresses.push(household(address));
            }
            Change::Wrong(address) => {
                it.wrong += 1;
                it.wrong_from = Some(address);
            }
            Change::Left(leaving) => {
                it.last = Some(leaving.at);
                for (life, name) in known {
                    if leaving.rooms.contains(&name) {
                        it.rooms.retain(|(known, ..)| *known != life);
                        it.rooms.push((life, name, leaving.seq));
                    }
                }
                it.left = Some(*leaving);
            }
            Change::Waiting(waiting) => it.waiting.push(waiting),
            Change::Read(seq) => it.waiting.retain(|it| it.seq > seq),
        }
    }

    /// The rooms that the file knows and that have not ended there.
    pub(super) fn alive_rooms(&self) -> Vec<(usize, RoomName)> {
        let lines = self.alive().into_iter();
        let mut all: Vec<_> = lines.map(|it| (it.life, it.room().clone())).collect();
        for it in &self.owned {
            let is_known = all.iter().any(|(life, _)| *life == it.life);
            if !is_known && !self.ended.contains(&it.life) {
                all.push((it.life, it.room.clone()));
            }
        }
        all
    }

    /// What members are in a room.
    pub(super) fn members(&self, life: usize) -> Vec<RoomMember> {
        let all = self.members.iter().filter(|it| it.0 == life);
        all.map(|it| it.1).collect()
    }

    pub(super) fn owned(&self, life: usize) -> Option<&Owned> {
        self.owned.iter().find(|it| it.life == life)
    }

    /// What a worker finds that looks for the owner of an account.
    pub(super) fn check(
        &self,
        id: u64,
        changed: u64,
        password: &Secret,
    ) -> Found<Option<Box<Facts>>> {
        let mut owners = self.owners.iter();
        let found = owners.find(|it| it.account.id == id);
        match found.filter(|it| it.account.changed >= changed) {
            Some(it) if it.account.password.as_ref() == Some(password) => {
                let format = it.left.as_ref().map(|it| it.format);
                Found::This(Some(Box::new((self.facts(it), format))))
            }
            Some(_) => Found::This(None),
            None if self.is_all_kept() => Found::This(None),
            None => Found::Behind,
        }
    }

    fn facts(&self, it: &Owner) -> AccountFacts {
        let is_there = |life| !self.ended.contains(&life);
        let rooms = it.rooms.iter().filter(|(life, ..)| is_there(*life));
        let left = it.left.as_ref();
        AccountFacts {
            last: it.last,
            wrong: it.wrong,
            wrong_from: it.wrong_from,
            settings: Settings {
                time: "".into(),
                is_quiet: false,
                room: left.and_then(|it| it.rooms.first().cloned()),
            },
            ignores: left.map(|it| it.ignores.clone()).unwrap_or_default(),
            waiting: it.waiting.clone(),
            left: rooms.map(|(_, name, seq)| (name.clone(), *seq)).collect(),
        }
    }

    /// The accounts, as a server reads them that begins.
    pub(super) fn accounts(&self) -> Vec<Account> {
        let owners = self.owners.iter();
        let account = |it: &Owner| Account {
            waiting: it.waiting.len(),
            ..it.account.clone()
        };
        owners.map(account).collect()
    }
}
