//! `Accounts`: all accounts, by their names and numbers, as far as applying an entry needs them.
//!
//! Invariant: `all` is sorted by number, and nothing is ever removed from it, so that an index stays what it is. A
//! freed account has no name in `names`.

use crate::account::{AccountId, Accounts, KnownAddresses, Proof, Rank, Role};
use crate::id::{PersonId, RoomId};
use crate::message::{AboutAccount, AboutOrder, Answer, KeptAccount};
use crate::name::{LOOKS, Username};

use super::directory::Directory;
use super::person::{Person, Place};
use super::{Caller, Hub};

/// The index of an account. It costs four bytes.
pub(super) type AccountIndex = crate::id::Index;

/// All accounts.
#[derive(Debug, Default)]
pub(super) struct AccountTable {
    all: Vec<Account>,
    /// The names of those that are not freed. A [`Place`] here is an index of `all`.
    names: Directory,
    /// Those of operators, the oldest first.
    operators: Vec<AccountIndex>,
}

/// A name that is somebody's.
#[derive(Debug)]
pub(super) struct Account {
    pub(super) id: AccountId,
    pub(super) name: Username,
    /// The number of the entry that set its password.
    pub(super) changed: u64,
    pub(super) role: Role,
    pub(super) state: AccountState,
    /// When its owner was last here, or else when it was made: milliseconds since 1970-01-01 00:00 UTC.
    pub(super) last: i64,
    /// How many messages wait for its owner.
    pub(super) waiting: u8,
    /// The owner, while they are here.
    pub(super) place: Option<Place>,
    /// From where its owner came in.
    pub(super) addresses: KnownAddresses,
}

/// Whether an account has an owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum AccountState {
    /// It has.
    Owned,
    /// It is forgotten, and its name is reserved.
    Ended,
    /// It is forgotten, and its name is free.
    Freed,
}

impl Account {
    pub(super) fn is_owned(&self) -> bool {
        self.state == AccountState::Owned
    }

    /// What somebody who knows the password now can prove.
    pub(super) fn proof(&self) -> Proof {
        Proof {
            account: self.id,
            changed: self.changed,
        }
    }
}

impl AccountTable {
    /// Takes in the accounts of a file.
    pub(super) fn load(&mut self, mut kept: Vec<KeptAccount>) {
        if !kept.is_sorted_by_key(|it| it.id) {
            kept.sort_by_key(|it| it.id);
        }
        self.all.reserve_exact(kept.len());
        for it in kept {
            // Names may look alike by newer tables, and nobody loses theirs.
            if let Some(index) = self.push(it.id, it.name, it.role) {
                let account = &mut self.all[index.get()];
                account.changed = it.changed;
                account.last = it.last;
                account.addresses = it.addresses;
                account.waiting = it.waiting.try_into().unwrap_or(u8::MAX);
                if it.has_ended {
                    account.state = AccountState::Ended;
                }
            }
        }
    }

    /// Makes an account, whose number must be the highest so far, unless the name is somebody's.
    pub(super) fn add(
        &mut self,
        id: AccountId,
        name: Username,
        role: Role,
    ) -> Option<AccountIndex> {
        match self.find_alike(&name) {
            Some(_) => None,
            None => self.push(id, name, role),
        }
    }

    /// Makes an account, whose number must be the highest so far.
    pub(super) fn push(
        &mut self,
        id: AccountId,
        name: Username,
        role: Role,
    ) -> Option<AccountIndex> {
        if self.all.last().is_some_and(|it| it.id >= id) {
            return None;
        }
        let index = self.all.len();
        self.all.push(Account {
            id,
            name,
            changed: id.0,
            role,
            state: AccountState::Owned,
            // Its number has the second in which it was made.
            last: PersonId(id.0).second() * 1000,
            waiting: 0,
            place: None,
            addresses: KnownAddresses::default(),
        });
        if role == Role::Operator {
            self.operators.push(AccountIndex::new(index));
        }
        let all = &self.all;
        let name = |it: Place| all.get(it.index()).map(|it| &it.name);
        self.names.insert(Place(index as u32), name);
        Some(AccountIndex::new(index))
    }

    /// Makes room for so many accounts and no more.
    #[cfg(feature = "cluster")]
    pub(super) fn reserve(&mut self, count: usize) {
        self.all.reserve_exact(count);
    }

    /// Frees the name of an account, which nobody owns any more.
    pub(super) fn free(&mut self, index: AccountIndex) {
        if let Some(account) = self.all.get_mut(index.get())
            && account.state != AccountState::Freed
        {
            account.state = AccountState::Freed;
            let place = Place(index.get() as u32);
            self.names.remove(place, &account.name);
        }
    }

    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    pub(super) fn get(&self, index: AccountIndex) -> Option<&Account> {
        self.all.get(index.get())
    }

    pub(super) fn get_mut(&mut self, index: AccountIndex) -> Option<&mut Account> {
        self.all.get_mut(index.get())
    }

    /// The account of this number.
    pub(super) fn index(&self, id: AccountId) -> Option<AccountIndex> {
        let found = self.all.binary_search_by_key(&id, |it| it.id);
        found.ok().map(AccountIndex::new)
    }

    /// The account of this number, if it has an owner.
    pub(super) fn owned(&self, id: AccountId) -> Option<&Account> {
        let account = self.get(self.index(id)?)?;
        account.is_owned().then_some(account)
    }

    /// The account that a typed name means, by its key alone.
    pub(super) fn find(&self, name: &Username) -> Option<AccountIndex> {
        self.find_by(name.key(), |it| it.has_key_of(name))
    }

    /// An account whose name could be mistaken for this one, by their keys alone.
    pub(super) fn find_alike(&self, name: &Username) -> Option<AccountIndex> {
        let by_look = |look| {
            let key = name.look_key(look);
            self.find_by(key, |it| it.look_key(look) == key)
        };
        let found = self.find(name).into_iter();
        found.chain(LOOKS.into_iter().filter_map(by_look)).next()
    }

    /// Sets what the owner of an account may do. Returns what it was before.
    pub(super) fn set_role(&mut self, index: AccountIndex, role: Role) -> Option<Role> {
        let account = self.all.get_mut(index.get())?;
        let before = std::mem::replace(&mut account.role, role);
        let place = self.operators.binary_search(&index);
        match (role, place) {
            (Role::Operator, Err(place)) => self.operators.insert(place, index),
            (Role::Member, Ok(place)) => drop(self.operators.remove(place)),
            (Role::Operator, Ok(_)) | (Role::Member, Err(_)) => {}
        }
        Some(before)
    }

    /// The accounts of operators, the oldest first.
    pub(super) fn operators(&self) -> impl Iterator<Item = &Account> {
        self.operators.iter().filter_map(|it| self.get(*it))
    }

    /// Every account, the oldest first.
    #[cfg(any(test, fuzzing, feature = "cluster"))]
    pub(super) fn iter(&self) -> impl Iterator<Item = &Account> {
        self.all.iter()
    }

    fn find_by(&self, key: u64, is_it: impl Fn(&Username) -> bool) -> Option<AccountIndex> {
        let has_it = |place: Place| {
            self.all
                .get(place.index())
                .is_some_and(|it| is_it(&it.name))
        };
        let found = self.names.find(key, has_it)?;
        Some(AccountIndex::new(found.index()))
    }
}

#[cfg(any(test, fuzzing))]
impl AccountTable {
    /// Checks that the list of operators has those who are.
    pub(super) fn check(&self) {
        let operators = self.iter().filter(|it| it.role == Role::Operator);
        assert!(
            self.operators()
                .map(|it| it.id)
                .eq(operators.map(|it| it.id))
        );
    }
}

impl Hub {
    /// The account of a person.
    pub(super) fn account_of(&self, person: &Person) -> Option<&Account> {
        self.accounts.get(person.account?)
    }

    /// Whether people have accounts here.
    pub(super) fn accounts_kind(&self) -> Accounts {
        match self.has_file && !self.rules.anonymous {
            true => self.rules.accounts,
            false => Accounts::Off,
        }
    }

    /// What the author of a line may do in their current room. `None`: nobody has an account here.
    pub(super) fn rank_of(&self, caller: &Caller) -> Option<Rank> {
        let person = self.roster.get(caller.place)?;
        let has_accounts = self.accounts_kind() != Accounts::Off;
        has_accounts.then(|| self.rank(person, caller.room))
    }

    /// Whether the author of a line may type a command for people who are at least this.
    pub(super) fn authorize(&self, caller: &Caller, least: Rank) -> Result<(), Answer> {
        match self.rank_of(caller) {
            None => Err(AboutAccount::NoAccounts.into()),
            Some(rank) if rank >= least => Ok(()),
            Some(_) => Err(AboutOrder::NotAllowed(least).into()),
        }
    }

    /// What a person may do in a room.
    pub(super) fn rank(&self, person: &Person, room: RoomId) -> Rank {
        let Some(account) = self.account_of(person) else {
            return Rank::Guest;
        };
        match (account.role, self.rooms.get(room)) {
            (Role::Operator, _) => Rank::Operator,
            (Role::Member, Some(room)) if room.owning.owner == Some(account.id) => Rank::Owner,
            (Role::Member, Some(room)) if room.is_trusted(account.id) => Rank::Trusted,
            (Role::Member, _) => Rank::Member,
        }
    }
}
