//! Acts about accounts.

use std::sync::Arc;

use crate::account::{AccountId, Role};
use crate::name::{RoomName, Username};

/// What the owner of an account gets back with their seat.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[cfg_attr(feature = "cluster", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "cluster", serde(deny_unknown_fields))]
pub struct Returning {
    /// The room where they were.
    pub room: Option<RoomName>,
    /// The names that they ignored.
    pub ignores: Vec<Username>,
}

/// An act about accounts. None has a password or a hash.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "cluster", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "cluster",
    serde(rename_all = "snake_case", deny_unknown_fields)
)]
pub enum AccountAct {
    /// To have one's name as one's own from now on. The entry's number becomes the account.
    Register,
    /// To have another password. All other connections of the account end.
    SetPassword,
    /// To have no account any more. The name stays reserved.
    Unregister {
        /// The account that gets one's rooms.
        heir: Option<AccountId>,
    },
    /// To write to a member who is not here.
    Leave {
        /// To whom.
        to: AccountId,
        /// The text, clean.
        text: Arc<str>,
    },
    /// To make an account. Only the [server](crate::PersonId::HOUSE) wants this and what follows.
    Add {
        /// Its name.
        name: Username,
        /// What it may do.
        role: Role,
        /// The user of the system who did it.
        by: Arc<str>,
    },
    /// To give an account another password.
    Reset {
        /// The account.
        account: AccountId,
        /// The user of the system who did it.
        by: Arc<str>,
    },
    /// To let an account do more, or less.
    SetRole {
        /// The account.
        account: AccountId,
        /// What it may do.
        role: Role,
        /// The user of the system who did it.
        by: Arc<str>,
    },
    /// To remove an account, and to free its name.
    Remove {
        /// The account, or the one that had the name.
        account: AccountId,
        /// The user of the system who did it.
        by: Arc<str>,
    },
}

impl AccountAct {
    /// The text that somebody wrote with the act.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            AccountAct::Leave { text, .. } => Some(text),
            AccountAct::Register
            | AccountAct::SetPassword
            | AccountAct::Unregister { .. }
            | AccountAct::Add { .. }
            | AccountAct::Reset { .. }
            | AccountAct::SetRole { .. }
            | AccountAct::Remove { .. } => None,
        }
    }
}
