//! Accounts: making them, changing them, forgetting them.

use std::sync::Arc;

use crate::account::{AccountId, Accounts, InvalidSecret, KnownAddresses, Rank, Role, Secret};
use crate::error::CloseReason;
use crate::journal::{AccountAct, Entry};
use crate::message::{AboutAccount, AboutConnection, Answer, Audit, Keep, KeepAccount, KeepOrder};
use crate::name::Username;

use super::accounts::{AccountIndex, AccountState};
use super::coming_in::Purpose;
use super::event::{Effect, Effects};
use super::{Author, Caller, Hub};

/// Told to an operator whose role was taken while they were in a room that they may not read without it.
const IN_LOCKED_ROOM: &str = "You were in a room that is locked. Come in again.";

impl Hub {
    /// A program wants its name as its own, with this password.
    pub(super) fn register_with(&mut self, caller: &Caller, new: &Secret, effects: &mut Effects) {
        match self.may_have(caller, Rank::Guest, new) {
            Ok(new) => self.begin_to_register(caller, Some(new), effects),
            Err(why) => effects.answer(caller.peer, why),
        }
    }

    /// A program wants another password.
    pub(super) fn change_password(
        &mut self,
        caller: &Caller,
        old: &Secret,
        new: &Secret,
        effects: &mut Effects,
    ) {
        match self.may_have(caller, Rank::Member, new) {
            Ok(new) => {
                let old = Some(old.clone());
                self.begin_asking(caller, Purpose::Change, old, Some(new), effects);
            }
            Err(why) => effects.answer(caller.peer, why),
        }
    }

    /// A program wants to have no account any more.
    pub(super) fn unregister_with(
        &mut self,
        caller: &Caller,
        password: &Secret,
        to: Option<&str>,
        effects: &mut Effects,
    ) {
        match self.authorize(caller, Rank::Member) {
            Ok(()) => self.begin_to_unregister(caller, to, Some(password.clone()), effects),
            Err(why) => effects.answer(caller.peer, why),
        }
    }

    /// Whether the author of an object may do this, and have that password.
    fn may_have(&self, caller: &Caller, least: Rank, new: &Secret) -> Result<Secret, Answer> {
        self.authorize(caller, least)?;
        let person = self.roster.get(caller.place);
        let name = person.map_or("", |it| it.name.as_str());
        let parsed = Secret::parse(new.reveal().as_bytes(), name);
        parsed.map_err(|why: InvalidSecret| AboutAccount::NoPassword(why).into())
    }

    /// Applies an act of a person about accounts.
    pub(super) fn apply_account(
        &mut self,
        author: &Author,
        entry: &Entry,
        act: &AccountAct,
        effects: &mut Effects,
    ) {
        match act {
            AccountAct::Register => self.register(author, effects),
            AccountAct::SetPassword => self.set_password(author, effects),
            AccountAct::Unregister { heir } => self.unregister(author, *heir, effects),
            AccountAct::Leave { to, text } => self.leave_word(author, entry, *to, text, effects),
            // Only the house wants these.
            AccountAct::Add { .. }
            | AccountAct::Reset { .. }
            | AccountAct::SetRole { .. }
            | AccountAct::Remove { .. } => debug_assert!(false, "{entry:?}"),
        }
    }

    fn register(&mut self, author: &Author, effects: &mut Effects) {
        let hash = self.hashes.remove(&author.id);
        let id = AccountId(author.seq);
        let name = author.name.clone();
        let account = self.roster.get(author.place).and_then(|it| it.account);
        if account.is_some() {
            return effects.answer(author.peer, AboutAccount::HasAccount(name));
        }
        if self.locked_down(author.at).is_some() {
            return effects.answer(author.peer, AboutAccount::RegistrationLocked);
        }
        let Some(index) = self.accounts.add(id, name.clone(), Role::Member) else {
            return effects.answer(author.peer, AboutAccount::NameTaken(name));
        };
        self.make_member(author, index);
        self.mute_follows(author, effects);
        let made = KeepAccount::Made {
            name: name.clone(),
            role: Role::Member,
            at: author.at,
            hash,
        };
        effects.keep(Keep::Account(id, made));
        self.keep_here(author, id, effects);
        self.confirm(author, AboutAccount::Registered(name), effects);
    }

    /// The author is the owner of an account from now on.
    fn make_member(&mut self, author: &Author, index: AccountIndex) {
        let Some(person) = self.roster.get_mut(author.place) else {
            return;
        };
        person.account = Some(index);
        let address = person.from.address;
        if let Some(account) = self.accounts.get_mut(index) {
            account.place = Some(author.place);
            account.addresses.note(address);
        }
    }

    fn keep_here(&self, author: &Author, id: AccountId, effects: &mut Effects) {
        if let Some(person) = self.roster.get(author.place) {
            let (at, address) = (author.at, person.from.address);
            effects.keep(Keep::Account(id, KeepAccount::CameIn { at, address }));
        }
    }

    fn set_password(&mut self, author: &Author, effects: &mut Effects) {
        let hash = self.hashes.remove(&author.id);
        let index = self.roster.get(author.place).and_then(|it| it.account);
        let Some(account) = index.and_then(|it| self.accounts.get_mut(it)) else {
            return;
        };
        // Whoever types the former one now is too late.
        account.changed = author.seq;
        self.seats.tickets.forget(author.id);
        let (id, seq) = (account.id, author.seq);
        if let Some(hash) = hash {
            effects.keep(Keep::Account(id, KeepAccount::Password { hash, seq }));
        }
        self.confirm(author, AboutAccount::PasswordSet, effects);
    }

    fn unregister(&mut self, author: &Author, heir: Option<AccountId>, effects: &mut Effects) {
        let index = self.roster.get(author.place).and_then(|it| it.account);
        let Some(index) = index else { return };
        self.seats.tickets.forget(author.id);
        let Some(name) = self.end_account(index, heir, author.at, author.seq, effects) else {
            return;
        };
        if let (Some(peer), Accounts::Required) = (author.peer, self.accounts_kind()) {
            effects.answer(peer, AboutAccount::Unregistered(name));
            let reason = CloseReason::AccountChanged;
            return self.dismiss(peer, AboutConnection::AccountRemoved, reason, effects);
        }
        self.confirm(author, AboutAccount::Unregistered(name), effects);
    }

    /// Forgets an account. Its name stays reserved, and the owner is a guest, if they are here.
    fn end_account(
        &mut self,
        index: AccountIndex,
        heir: Option<AccountId>,
        at: i64,
        seq: u64,
        effects: &mut Effects,
    ) -> Option<Username> {
        self.accounts.set_role(index, Role::Member);
        let account = self.accounts.get_mut(index)?;
        account.state = AccountState::Ended;
        account.changed = seq;
        account.waiting = 0;
        account.addresses = KnownAddresses::default();
        let (id, name, place) = (account.id, account.name.clone(), account.place.take());
        if let Some(person) = place.and_then(|it| self.roster.get_mut(it)) {
            person.account = None;
        }
        self.inherit_rooms(id, heir, effects);
        effects.keep(Keep::Account(id, KeepAccount::Ended { at }));
        Some(name)
    }

    /// Applies an act of the house about accounts.
    pub(super) fn apply_account_of_house(
        &mut self,
        entry: &Entry,
        act: &AccountAct,
        effects: &mut Effects,
    ) {
        match act {
            AccountAct::Add { name, role, by } => self.add_account(entry, name, *role, by, effects),
            AccountAct::Reset { account, by } => self.reset(entry, *account, by, effects),
            AccountAct::SetRole { account, role, by } => {
                self.set_role(entry, *account, *role, by, effects);
            }
            AccountAct::Remove { account, by } => self.remove_account(entry, *account, by, effects),
            // Only people want these.
            AccountAct::Register
            | AccountAct::SetPassword
            | AccountAct::Unregister { .. }
            | AccountAct::Leave { .. } => {}
        }
    }

    fn add_account(
        &mut self,
        entry: &Entry,
        name: &Username,
        role: Role,
        by: &Arc<str>,
        effects: &mut Effects,
    ) {
        let hash = self.hashes.remove(&entry.author);
        let id = AccountId(entry.seq);
        if !self.roster.is_free(name, None) || self.accounts.add(id, name.clone(), role).is_none() {
            return;
        }
        let (name, at) = (name.clone(), entry.at);
        self.audit_of_house(entry, "account add", &name, by, effects);
        let made = KeepAccount::Made {
            name,
            role,
            at,
            hash,
        };
        effects.keep(Keep::Account(id, made));
    }

    fn reset(&mut self, entry: &Entry, id: AccountId, by: &Arc<str>, effects: &mut Effects) {
        let hash = self.hashes.remove(&entry.author);
        let index = self.accounts.index(id);
        let Some(account) = index.and_then(|it| self.accounts.get_mut(it)) else {
            return;
        };
        account.changed = entry.seq;
        let (name, place, seq) = (account.name.clone(), account.place, entry.seq);
        if let Some(hash) = hash {
            effects.keep(Keep::Account(id, KeepAccount::Password { hash, seq }));
        }
        self.audit_of_house(entry, "account password", &name, by, effects);
        if let Some(person) = place.map(|it| self.roster.number(it)) {
            let reason = CloseReason::AccountChanged;
            self.dismiss_person(person, AboutConnection::PasswordChanged, reason, effects);
        }
    }

    fn set_role(
        &mut self,
        entry: &Entry,
        id: AccountId,
        role: Role,
        by: &Arc<str>,
        effects: &mut Effects,
    ) {
        let Some(account) = self.accounts.owned(id) else {
            return;
        };
        let (name, place) = (account.name.clone(), account.place);
        let index = self.accounts.index(id);
        let before = index.and_then(|it| self.accounts.set_role(it, role));
        effects.keep(Keep::Account(id, KeepAccount::Role(role)));
        self.audit_of_house(entry, &format!("role {}", role.word()), &name, by, effects);
        let person = place.and_then(|it| self.roster.get(it));
        let Some((person, true)) = person.map(|it| (it, before != Some(role))) else {
            return;
        };
        let (id, peer) = (person.id, self.roster.peer(person));
        let reads = |room| self.reads_from(person, room).is_some();
        let reads_all = person.rooms().all(reads);
        effects.answer(peer, AboutAccount::RoleIs(role));
        if !reads_all {
            let why = AboutConnection::SentAway(IN_LOCKED_ROOM.into());
            self.dismiss_person(id, why, CloseReason::ByOperator, effects);
        }
    }

    /// Forgets an account and frees its name. The owner becomes a guest of another name at their next coming.
    fn remove_account(
        &mut self,
        entry: &Entry,
        id: AccountId,
        by: &Arc<str>,
        effects: &mut Effects,
    ) {
        let Some(index) = self.accounts.index(id) else {
            return;
        };
        let Some(account) = self.accounts.get(index) else {
            return;
        };
        let (name, place) = (account.name.clone(), account.place);
        if account.is_owned() {
            self.end_account(index, None, entry.at, entry.seq, effects);
        }
        self.accounts.free(index);
        effects.keep(Keep::Account(id, KeepAccount::Freed));
        self.audit_of_house(entry, "account remove", &name, by, effects);
        if let Some(person) = place.map(|it| self.roster.number(it)) {
            let reason = CloseReason::AccountChanged;
            self.dismiss_person(person, AboutConnection::AccountRemoved, reason, effects);
        }
    }

    fn audit_of_house(
        &self,
        entry: &Entry,
        act: &str,
        whom: &Username,
        by: &Arc<str>,
        effects: &mut Effects,
    ) {
        let audit = Audit {
            seq: entry.seq,
            at: entry.at,
            by: (&**by).into(),
            act: act.into(),
            whom: Some(whom.as_str().into()),
            network: None,
            room: None,
            reason: None,
        };
        effects.push(Effect::Keep(Keep::Order(KeepOrder::Audit(audit))));
    }
}
