//! `Sanction`: what keeps somebody out, or silent, for a time.

use std::net::IpAddr;
use std::sync::Arc;

use crate::account::AccountId;
use crate::name::{RoomName, Username};
use crate::network::Network;

/// What a sanction does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "cluster", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "cluster",
    serde(rename_all = "snake_case", deny_unknown_fields)
)]
pub enum SanctionKind {
    /// It keeps them out.
    Ban,
    /// It keeps them silent.
    Mute,
}

/// Whom a sanction meets.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "cluster", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "cluster",
    serde(rename_all = "snake_case", deny_unknown_fields)
)]
pub enum Target {
    /// The person who has this account, under whatever name.
    Account(AccountId),
    /// Guests at these addresses.
    Network(Network),
    /// A guest of this name, or of one that looks like it.
    Name(Username),
}

/// What keeps somebody out, or silent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sanction {
    /// Its number: that of the entry that made it.
    pub id: u64,
    /// What it does.
    pub kind: SanctionKind,
    /// Whom it meets.
    pub target: Target,
    /// The name of the person whom it was meant for, if it was made by a name.
    pub name: Option<Username>,
    /// The room in which it holds. `None`: everywhere.
    pub room: Option<RoomName>,
    /// Whether a network's members are met too.
    pub is_for_all: bool,
    /// The name of its author.
    pub by: Box<str>,
    /// The reason.
    pub reason: Option<Arc<str>>,
    /// When it began: milliseconds since 1970-01-01 00:00 UTC.
    pub at: i64,
    /// When it ends, likewise. `None`: never by itself.
    pub until: Option<i64>,
}

impl Sanction {
    /// Whether it holds at this time.
    pub fn holds(&self, at: i64) -> bool {
        self.until.is_none_or(|until| at < until)
    }

    /// Whether it meets somebody of this name, account and address.
    pub fn meets(&self, name: &Username, account: Option<AccountId>, address: IpAddr) -> bool {
        match &self.target {
            Target::Account(id) => account == Some(*id),
            Target::Network(network) => {
                (account.is_none() || self.is_for_all) && network.contains(address.to_canonical())
            }
            Target::Name(of) => account.is_none() && of.excludes(name),
        }
    }
}

impl SanctionKind {
    /// What was done to somebody, in a word.
    pub fn word(self) -> &'static str {
        match self {
            SanctionKind::Ban => "ban",
            SanctionKind::Mute => "mute",
        }
    }
}
