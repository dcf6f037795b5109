//! What people are told about order.

use std::net::IpAddr;
use std::sync::Arc;

use crate::account::Rank;
use crate::moment::Medium;
use crate::name::{RoomName, Username};
use crate::network::Network;
use crate::sanction::{Sanction, SanctionKind};

use super::{Audit, Report};

/// Answers about order. Times are milliseconds since 1970-01-01 00:00 UTC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AboutOrder {
    // Refusals.
    /// They may not type this command here: it is for people who are at least this.
    NotAllowed(Rank),
    /// They wanted to send away or silence an operator.
    NotAnOperator(Username),
    /// The network is typed wrongly. Perhaps this one is meant.
    NoNetwork {
        /// As it was typed, cut if it is long.
        typed: Box<str>,
        /// The network that may be meant.
        meant: Option<Network>,
    },
    /// The network has addresses that many people share: those of this machine or of a proxy.
    Shared(Network),
    /// The time is typed wrongly, or too long.
    NoTime(Box<str>),
    /// The reason or the report is too long. This is the limit in characters.
    TooLong(usize),
    /// It would meet so many people. Typed again, it does.
    TypeAgain(usize),
    /// They have to type it in another way, or again.
    Retype(Retype),
    /// Guests of the name that they wanted are kept out.
    NameKeptOut(Username),
    /// It would meet nobody.
    NobodyNew,
    /// As many bans and mutes hold as may.
    TooMany,
    /// There is no ban or mute for what they typed.
    NoSuch(SanctionKind, Box<str>),
    /// There is no lockdown.
    NotLockedDown,
    /// They made too many reports. They may make one again in this many seconds.
    TooManyReports(u64),
    /// Too many reports wait for an operator.
    ReportsFull,
    /// They are muted, and what they typed was not sent.
    Muted(Silence),

    /// What they said under that id was taken back, and is not said again.
    WasErased,

    // What was done.
    /// People were sent away: one, or this many.
    Kicked(Username, usize),
    /// Somebody is kept out or silent from now on, and so many people who were here are met.
    Made(Arc<Sanction>, usize),
    /// Sanctions hold no more.
    Lifted(Vec<Arc<Sanction>>),
    /// So many messages of somebody are gone from memory, in this room or everywhere, and the file loses its own.
    Erased {
        /// Whose they were.
        whose: Username,
        /// The room.
        room: Option<RoomName>,
        /// How many.
        count: usize,
        /// How many topics are cleared.
        topics: usize,
    },
    /// Only members come in, until then.
    LockedDown(i64),
    /// Guests come in again, as an operator said.
    Opened(Option<Username>),
    /// Only members come in, as somebody else said or the time for a reminder has come.
    StillLockedDown {
        /// Until when.
        until: i64,
        /// The operator who said so just now.
        by: Option<Username>,
    },
    /// So many people read the announcement.
    Announced(usize),
    /// The report was told to so many operators. None: it waits.
    Sent(usize),
    /// It holds, and the disk is too slow to tell that it has it.
    NotOnDisk,

    // Without being asked for.
    /// They are muted from now on.
    Silenced(Silence),
    /// They are muted no more.
    Heard,
    /// What somebody reported.
    Reported(Report),

    // Lists.
    /// Bans and mutes.
    Sanctions {
        /// The first of them, with the number by which they can be lifted.
        rows: Vec<Arc<Sanction>>,
        /// The number of those that are not listed.
        more: usize,
        /// Whether the reader may see addresses.
        shows_addresses: bool,
    },
    /// The people who are here.
    People {
        /// The first of them.
        rows: Vec<PersonRow>,
        /// The number of people who are not listed.
        more: usize,
    },
    /// What was done to people, the oldest first.
    Audited(Vec<Audit>),
}

/// What somebody has to type in another way, or again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Retype {
    /// The time is typed wrongly, or without an end where there must be one.
    Time(Box<str>),
    /// They want a list of people that there is not.
    List,
    /// So many lines would be taken back. Typed again, they are.
    Erasure {
        /// How many are in memory.
        count: usize,
        /// Whether the file may have others.
        in_file: bool,
    },
}

/// Until when and why somebody is silent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Silence {
    /// Until when: milliseconds since 1970-01-01 00:00 UTC.
    pub until: Option<i64>,
    /// In which room. `None`: everywhere.
    pub room: Option<RoomName>,
    /// Why.
    pub why: Why,
}

/// Why somebody is silent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// An operator, or somebody who keeps a room, gave this reason, or none.
    Reason(Option<Arc<str>>),
    /// They are a guest who came shortly before a lockdown.
    Lockdown,
}

impl From<&Sanction> for Silence {
    fn from(it: &Sanction) -> Silence {
        Silence {
            until: it.until,
            room: it.room.clone(),
            why: Why::Reason(it.reason.clone()),
        }
    }
}

/// A person in the list of `/people`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonRow {
    /// Their name.
    pub name: Username,
    /// What they may do everywhere: the word of their role, or `guest`.
    pub role: &'static str,
    /// Where they come from.
    pub address: IpAddr,
    /// Whether their connection is encrypted.
    pub is_tls: bool,
    /// What they read. `None`: they are on another server, which knows.
    pub medium: Option<Medium>,
    /// When they came: seconds since 1970-01-01 00:00 UTC.
    pub since: i64,
    /// The name of the server on which they are, if several are one chat.
    pub server: Option<Arc<str>>,
}
