//! Accounts as they travel.

use serde::{Deserialize, Serialize};

use crate::account::{AccountId, KnownAddresses, Role};
use crate::chat::accounts::{Account, AccountState, AccountTable};
use crate::name::Username;

use super::InvalidState;
use super::form::Time;

/// An account. Whether its owner is here follows from who is.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AccountForm {
    id: AccountId,
    name: Username,
    changed: u64,
    role: Role,
    state: StateForm,
    last: Time,
    waiting: u8,
    addresses: KnownAddresses,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StateForm {
    Owned,
    Ended,
    Freed,
}

impl AccountForm {
    pub(super) fn of(it: &Account) -> AccountForm {
        AccountForm {
            id: it.id,
            name: it.name.clone(),
            changed: it.changed,
            role: it.role,
            state: match it.state {
                AccountState::Owned => StateForm::Owned,
                AccountState::Ended => StateForm::Ended,
                AccountState::Freed => StateForm::Freed,
            },
            last: Time(it.last),
            waiting: it.waiting,
            addresses: it.addresses.clone(),
        }
    }
}

pub(super) fn load(forms: Vec<AccountForm>) -> Result<AccountTable, InvalidState> {
    let mut table = AccountTable::default();
    table.reserve(forms.len());
    for it in forms {
        // Names may look alike by newer tables.
        let index = table.push(it.id, it.name, it.role);
        let index = index.ok_or(InvalidState("accounts in no order"))?;
        if let Some(account) = table.get_mut(index) {
            account.changed = it.changed;
            account.last = it.last.0;
            account.waiting = it.waiting;
            account.addresses = it.addresses;
            if let StateForm::Ended = it.state {
                account.state = AccountState::Ended;
            }
        }
        if let StateForm::Freed = it.state {
            table.free(index);
        }
    }
    Ok(table)
}
