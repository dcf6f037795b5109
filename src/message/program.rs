//! `ForProgram`: what programs are told in place of words that people read.

use std::sync::Arc;

use crate::account::Accounts;
use crate::name::{RoomName, Username};

use super::{Past, Presence};

/// What a program is told in place of words that people read. People are never told it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ForProgram {
    /// What the server is, before anything else.
    Hello(Hello),
    /// It is in.
    Welcome(Box<Welcome>),
    /// It is in a room now, or is there already.
    InRoom {
        /// The room.
        room: Box<RoomFacts>,
        /// Whether it is its current room.
        is_current: bool,
    },
    /// It is in a room no more.
    OutOf {
        /// The room.
        room: RoomName,
        /// Its current room.
        current: RoomName,
    },
    /// Lines of the past that it asked for.
    Lines {
        /// Their room. `None`: it searched for them.
        room: Option<RoomName>,
        /// The lines, the oldest first.
        lines: Vec<Arc<Past>>,
        /// Whether there are older ones.
        has_more: bool,
    },
    /// So many lines were left out of what it is told again.
    Skipped {
        /// Of this room. `None`: private messages.
        room: Option<RoomName>,
        /// How many. `None`: nobody knows.
        count: Option<u64>,
    },
    /// It has been told again what it missed: the number of the last entry.
    CaughtUp(u64),
    /// The answer to a ping: the number of the last entry.
    Pong(u64),
    /// It has to come in before it can do that.
    LogInFirst,
    /// It is in already.
    InAlready,
    /// It sent what is not the protocol.
    Misused(Misuse),
}

/// What a program is told of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hello {
    /// The longest text, in bytes.
    pub line: usize,
    /// How many lines a second it may send, if that is limited.
    pub rate: Option<u32>,
    /// Whether people have accounts.
    pub accounts: Accounts,
    /// Whether the connection is encrypted.
    pub tls: bool,
}

/// What a program is told when it is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Welcome {
    /// Its name.
    pub name: Username,
    /// Its rooms, the current one first.
    pub rooms: Vec<RoomFacts>,
    /// The journal of which all numbers are.
    pub journal: u64,
    /// How its seat is kept, if it is.
    pub seat: Option<SeatFacts>,
    /// Whether it has its own seat again.
    pub is_resumed: bool,
    /// The message of the day.
    pub motd: Option<Arc<str>>,
}

/// How the seat of a program is kept when it loses the connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeatFacts {
    /// The token by which it takes its seat again, if it can.
    pub token: Option<Box<str>>,
    /// For how long, in seconds.
    pub keep: u64,
}

/// A room as a program sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomFacts {
    /// Its name.
    pub name: RoomName,
    /// What it is about.
    pub topic: Option<Arc<str>>,
    /// The people in it, or the first of them.
    pub people: Vec<Presence>,
    /// The number of people who are not listed.
    pub more: usize,
}

/// Why an object means nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misuse {
    /// What is wrong.
    pub code: MisuseCode,
    /// The same in words.
    pub sentence: Box<str>,
}

/// What is wrong with an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MisuseCode {
    /// It is not a JSON object.
    Json,
    /// There is no such `op`.
    Op,
    /// A member is missing, or is not what it has to be.
    Member,
    /// It is too large.
    Size,
}
