//! Accounts: names that are somebody's, what they may do, and the secrets that prove it. No secret is ever shown.

mod known;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use crate::limits::accounts::PASSWORD_BYTES;

pub use known::KnownAddresses;

/// An account, whatever name it has. It is the number of the [entry](crate::Entry) that made it, and never given twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "cluster", derive(serde::Serialize, serde::Deserialize))]
pub struct AccountId(pub u64);

/// What an account may do everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
#[cfg_attr(feature = "cluster", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "cluster",
    serde(rename_all = "snake_case", deny_unknown_fields)
)]
pub enum Role {
    /// What everyone may, under a name of their own.
    #[default]
    Member,
    /// To keep order.
    Operator,
}

impl Role {
    /// The role in one word.
    pub fn word(self) -> &'static str {
        match self {
            Role::Member => "member",
            Role::Operator => "operator",
        }
    }

    /// The role that a word names.
    pub fn parse(word: &str) -> Option<Role> {
        let all = [Role::Member, Role::Operator];
        all.into_iter().find(|it| it.word() == word)
    }
}

/// What somebody may do in a room, from the least to the most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Rank {
    /// They have no account.
    Guest,
    /// They have one.
    Member,
    /// The owner of the room trusts them.
    Trusted,
    /// The room is theirs.
    Owner,
    /// They keep order everywhere.
    Operator,
}

/// Whether people have accounts here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Accounts {
    /// Nobody has one.
    Off,
    /// Some have. Others are guests.
    #[default]
    On,
    /// All have. There are no guests.
    Required,
}

/// Where somebody came in from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "cluster", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "cluster", serde(deny_unknown_fields))]
pub struct Origin {
    /// Their address.
    pub address: IpAddr,
    /// Whether their connection is encrypted.
    pub is_tls: bool,
}

impl Default for Origin {
    fn default() -> Origin {
        Origin {
            address: Ipv4Addr::UNSPECIFIED.into(),
            is_tls: false,
        }
    }
}

/// That somebody knows the password of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "cluster", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "cluster", serde(deny_unknown_fields))]
pub struct Proof {
    /// The account.
    pub account: AccountId,
    /// The number of the entry that set the password.
    pub changed: u64,
}

/// A password, in the form in which it is hashed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Arc<str>);

impl Secret {
    /// A password of a text, of which it does not matter how its letters are composed.
    pub fn new(text: &str) -> Secret {
        Secret((&*crate::name::composed(text)).into())
    }

    /// A new password for the account of this name.
    ///
    /// # Errors
    ///
    /// [`InvalidSecret`] unless it has 8 to 256 bytes and is not the name.
    pub fn parse(typed: &[u8], name: &str) -> Result<Secret, InvalidSecret> {
        let text = std::str::from_utf8(typed).map_err(|_| InvalidSecret::NoText)?;
        let secret = Secret::new(text);
        match secret.reveal().len() {
            length if length < *PASSWORD_BYTES.start() => Err(InvalidSecret::TooShort),
            length if length > *PASSWORD_BYTES.end() => Err(InvalidSecret::TooLong),
            _ if secret.reveal().to_lowercase() == name.to_lowercase() => {
                Err(InvalidSecret::IsName)
            }
            _ => Ok(secret),
        }
    }

    /// The password.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

/// Why a text cannot be a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidSecret {
    /// It is not UTF-8.
    NoText,
    /// It has fewer than 8 bytes.
    TooShort,
    /// It has more than 256 bytes.
    TooLong,
    /// It is the name.
    IsName,
}

impl fmt::Display for InvalidSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (least, most) = (PASSWORD_BYTES.start(), PASSWORD_BYTES.end());
        match self {
            InvalidSecret::NoText => f.write_str("A password is text in UTF-8."),
            InvalidSecret::TooShort => write!(f, "A password has {least} bytes at least."),
            InvalidSecret::TooLong => write!(f, "A password has {most} bytes at most."),
            InvalidSecret::IsName => f.write_str("The name cannot be the password."),
        }
    }
}

impl std::error::Error for InvalidSecret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// A hash of a password, as a PHC string.
#[derive(Clone, PartialEq, Eq)]
pub struct Hashed(Arc<str>);

impl Hashed {
    /// A hash.
    pub fn new(text: &str) -> Hashed {
        Hashed(text.into())
    }

    /// The hash.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Hashed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hashed")
    }
}

/// A password as it was typed: any bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Typed<'a>(pub &'a [u8]);

impl fmt::Debug for Typed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Typed")
    }
}
