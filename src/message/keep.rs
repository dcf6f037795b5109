//! `Keep`: what a file is to keep.

use std::net::IpAddr;
use std::sync::Arc;

use crate::account::{AccountId, Hashed, KnownAddresses, Role};
use crate::erasure::Erasure;
use crate::id::PersonId;
use crate::name::{RoomName, Username};
use crate::sanction::{Sanction, SanctionKind};
use crate::token::Token;

use super::Past;

/// Something to keep in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Keep {
    /// What somebody said or did in a room, or a topic that they set. Numbers rise from line to line.
    Line(Arc<Past>),
    /// Somebody is here, or was until now.
    Seen {
        /// Their name.
        name: Username,
        /// When: milliseconds since 1970-01-01 00:00 UTC.
        at: i64,
    },
    /// A room has vanished. A room that is made under this name later is another one.
    End {
        /// The room.
        room: RoomName,
        /// The number of the entry that ended it.
        seq: u64,
    },
    /// About an account.
    Account(AccountId, KeepAccount),
    /// About order.
    Order(KeepOrder),
    /// About a room that is somebody's.
    Owning(RoomName, KeepOwning),
}

/// Something about an account. Times are milliseconds since 1970-01-01 00:00 UTC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeepAccount {
    /// It was made.
    Made {
        /// Its name.
        name: Username,
        /// What it may do.
        role: Role,
        /// When.
        at: i64,
        /// The hash of its password.
        hash: Option<Hashed>,
    },
    /// It has another password. Its tokens end.
    Password {
        /// The hash.
        hash: Hashed,
        /// The number of the entry.
        seq: u64,
    },
    /// It may do something else.
    Role(Role),
    /// It is forgotten, with all that hangs on it. The name stays reserved.
    Ended {
        /// When.
        at: i64,
    },
    /// Its row goes, and the name is free.
    Freed,
    /// Its owner came in. No wrong password was tried since.
    CameIn {
        /// When.
        at: i64,
        /// From where. The last few such addresses are kept.
        address: IpAddr,
    },
    /// A wrong password was tried.
    Wrong {
        /// When.
        at: i64,
        /// From where.
        address: IpAddr,
    },
    /// Programs may come in as its owner by this token. The file has only a hash of it.
    Token {
        /// The token.
        token: Token,
        /// Whether it is good by encrypted connections alone.
        is_tls: bool,
        /// When it was given.
        at: i64,
    },
    /// A token of it is good no more.
    TokenOver(Token),
    /// None of its tokens is.
    TokensOver,
    /// Its owner left.
    Left {
        /// When.
        at: i64,
        /// The number of the entry.
        seq: u64,
        /// The rooms that they were in, the current one first.
        rooms: Vec<RoomName>,
        /// What they had set: words of which [`Settings`] knows the meaning.
        settings: Settings,
        /// The names that they ignored.
        ignores: Vec<Username>,
    },
    /// Somebody wrote to its owner, who is not here.
    Waiting(Waiting),
    /// What waited was read, up to this entry.
    Read {
        /// The number of the entry.
        seq: u64,
    },
}

/// What the owner of an account has set.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settings {
    /// What they type behind `/time`.
    pub time: Box<str>,
    /// Whether join and leave notices are hidden.
    pub is_quiet: bool,
    /// Their current room.
    pub room: Option<RoomName>,
}

/// A private message for somebody who is not here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// The number of its entry.
    pub seq: u64,
    /// When: milliseconds since 1970-01-01 00:00 UTC.
    pub at: i64,
    /// Its author.
    pub author: PersonId,
    /// The author's account, if they had one.
    pub author_account: Option<AccountId>,
    /// The name of its author.
    pub from: Username,
    /// The text.
    pub text: Arc<str>,
}

/// Something about order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeepOrder {
    /// Somebody is kept out or silent.
    Made(Arc<Sanction>),
    /// No longer.
    Lifted(SanctionKind, u64),
    /// Only members come in, until then (milliseconds). `None`: guests too.
    LockedDown(Option<i64>),
    /// Somebody told the operators something, which nobody has read yet.
    Report(Report),
    /// The operators have read it.
    ReportsRead,
    /// What somebody said is taken back.
    Erase(Erasure),
    /// Something for those who look at what was done.
    Audit(Audit),
}

/// What somebody told the operators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// When: milliseconds since 1970-01-01 00:00 UTC.
    pub at: i64,
    /// The name of its author.
    pub by: Username,
    /// The text.
    pub text: Arc<str>,
}

/// What was done to somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audit {
    /// The number of the entry.
    pub seq: u64,
    /// When: milliseconds since 1970-01-01 00:00 UTC.
    pub at: i64,
    /// The name of the person who did it, or of the system's user.
    pub by: Box<str>,
    /// What, in a word or two.
    pub act: Box<str>,
    /// To whom.
    pub whom: Option<Box<str>>,
    /// The addresses that it meets.
    pub network: Option<Box<str>>,
    /// In which room.
    pub room: Option<RoomName>,
    /// Why.
    pub reason: Option<Arc<str>>,
}

/// Something about a room that is somebody's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeepOwning {
    /// How it is kept, and that it exists.
    State {
        /// The number of the entry that made it.
        made: u64,
        /// How it is kept.
        owning: Box<Owning>,
    },
    /// What a member is in it.
    Member(RoomMember),
    /// Somebody is nothing in it any more.
    MemberGone(AccountId),
}

/// How a room is kept.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Owning {
    /// Whose it is.
    pub owner: Option<AccountId>,
    /// Whether only those who are invited come in.
    pub is_locked: bool,
    /// Whether only those who keep order in it set its topic.
    pub is_topic_locked: bool,
    /// Whether those who are invited read what was said before.
    pub is_past_open: bool,
    /// Seconds between two lines of one person.
    pub slow: u32,
    /// To whom it is offered, and when: milliseconds since 1970-01-01 00:00 UTC.
    pub offered: Option<(AccountId, i64)>,
}

/// What a member is in a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RoomMember {
    /// The account.
    pub account: AccountId,
    /// Since which entry they are trusted.
    pub trusted: Option<u64>,
    /// Since which entry they are invited.
    pub invited: Option<u64>,
}

/// An account as it was when the server stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptAccount {
    /// The account.
    pub id: AccountId,
    /// Its name.
    pub name: Username,
    /// What it may do.
    pub role: Role,
    /// The entry that set its password.
    pub changed: u64,
    /// Whether it is forgotten, and only its name is reserved.
    pub has_ended: bool,
    /// The last addresses from which its owner came in.
    pub addresses: KnownAddresses,
    /// How many messages wait.
    pub waiting: usize,
    /// When its owner was last here, or else when it was made: milliseconds since 1970-01-01 00:00 UTC. 0: it is
    /// forgotten.
    pub last: i64,
}

/// What a file has about accounts and order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeptHouse {
    /// All accounts, by their numbers.
    pub accounts: Vec<KeptAccount>,
    /// All sanctions, by their numbers.
    pub sanctions: Vec<Arc<Sanction>>,
    /// Until when only members come in: milliseconds since 1970-01-01 00:00 UTC.
    pub locked_down: Option<i64>,
    /// What the operators have not read.
    pub reports: Vec<Report>,
    /// The journal whose numbers the file has, if it has one.
    pub journal: Option<u64>,
}

/// What its owner has, read when a password is right.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AccountFacts {
    /// When they were last here: milliseconds since 1970-01-01 00:00 UTC.
    pub last: Option<i64>,
    /// How many wrong passwords were tried since, and from where the last one.
    pub wrong: u32,
    /// Where the last wrong password came from.
    pub wrong_from: Option<IpAddr>,
    /// What they had set.
    pub settings: Settings,
    /// The names that they ignored.
    pub ignores: Vec<Username>,
    /// What waits for them, the oldest first.
    pub waiting: Vec<Waiting>,
    /// Their rooms, each with the number of the entry with which they left it.
    pub left: Vec<(RoomName, u64)>,
}
