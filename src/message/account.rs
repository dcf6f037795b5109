//! What people are told about accounts and passwords.

use crate::account::{InvalidSecret, Role};
use crate::error::Unanswered;
use crate::name::{RoomName, Username};

/// A question for a password. The next line answers it, and is not shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SecretQuestion {
    /// At the door: the password of the account whose name they typed.
    Login,
    /// The present password of their account.
    Present,
    /// A new password.
    New,
    /// The same once more.
    Again,
}

/// Answers about accounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AboutAccount {
    /// Nobody has an account here.
    NoAccounts,
    /// The name is theirs from now on.
    Registered(Username),
    /// They have an account already, of this name.
    HasAccount(Username),
    /// Only the operator makes accounts.
    RegistrationClosed,
    /// Nobody makes an account during a lockdown.
    RegistrationLocked,
    /// They are named by their address, and cannot register that.
    NeedsName,
    /// Too many accounts were made of late.
    TooManyRegistered {
        /// When to try again.
        seconds: u64,
    },
    /// The name is an account's, or looks like one.
    NameTaken(Username),
    /// They typed a password behind the word of this command.
    TypedBehind(&'static str),
    /// They are a program, which sends an op of the name of this command.
    TakesOp(&'static str),
    /// That is no password, for this reason.
    NoPassword(InvalidSecret),
    /// They typed two different passwords.
    NotTheSame,
    /// That is not their password.
    WrongPassword,
    /// Passwords of this account are tried too often.
    TooOften {
        /// When to try again.
        seconds: u64,
    },
    /// Whether the password is right could not be found out.
    Unanswered(Unanswered),
    /// Nothing was changed, for a reason or because they typed nothing.
    NothingChanged {
        /// The reason.
        why: Option<Box<AboutAccount>>,
        /// The command to type again.
        word: &'static str,
    },
    /// Their line was not sent, as it may be the answer to a question that has just ended.
    LateAnswer,
    /// They have another password from now on.
    PasswordSet,
    /// What unregistering does, before they are asked for the password.
    Unregistering {
        /// Their name.
        name: Username,
        /// Their rooms.
        rooms: Vec<RoomName>,
        /// The member who gets the rooms.
        heir: Option<Username>,
        /// Whether nobody else is an operator.
        is_last_operator: bool,
    },
    /// They have no account any more.
    Unregistered(Username),
    /// Nobody has an account of this name. It is repeated as typed, and cut if it is long.
    NoMember(Box<str>),
    /// They may do something else from now on.
    RoleIs(Role),
    /// The person to whom they wrote is not here, and reads it later.
    Left(Username),
    /// As many messages wait for this person as may.
    TooManyWaiting(Username),
    /// So many messages came while they were away. They follow.
    Waiting(usize),
    /// The end of these messages.
    WaitingEnd,
    /// So much was said in their room since they left.
    Missed {
        /// The number of lines.
        count: usize,
        /// Whether there are more, which are in the file alone.
        has_more: bool,
    },
    /// Nothing was said in their room since they left, as far as is known.
    NothingMissed,
}
