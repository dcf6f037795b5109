//! `Past`: what was said, as it is kept and read again; and how it is asked for.

use std::sync::Arc;

use crate::account::AccountId;
use crate::id::PersonId;
use crate::name::{RoomName, Username};

use super::{News, Owning, RoomMember};

/// A message that was told before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    /// The number of its [entry](crate::Entry).
    pub seq: u64,
    /// When: milliseconds since 1970-01-01 00:00 UTC.
    pub at: i64,
    /// The author.
    pub author: PersonId,
    /// The author's account, if they had one.
    pub account: Option<AccountId>,
    /// The room in which it was said. `None`: it was private.
    pub room: Option<RoomName>,
    /// The message.
    pub news: News,
}

/// Lines that belong together, the oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Page {
    /// The lines.
    pub lines: Vec<Arc<Past>>,
    /// Where the page of older lines begins: [`Before::Id`]. `None`: there are no older ones.
    pub older: Option<i64>,
}

/// The end of a page: only older lines are on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Before {
    /// The newest line is the last one.
    End,
    /// The line of this number in the file.
    Id(i64),
    /// The line of this entry.
    Seq(u64),
    /// This time: milliseconds since 1970-01-01 00:00 UTC.
    At(i64),
}

/// A room as it was when the server stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptRoom {
    /// Its name.
    pub name: RoomName,
    /// The number of the entry that made it.
    pub made: u64,
    /// What it is about.
    pub topic: Option<Arc<str>>,
    /// The line that set it, if that is found.
    pub topic_line: Option<Arc<Past>>,
    /// Its last lines, without changes of the topic. `None`: there was no time to read them at the start.
    pub page: Option<Page>,
    /// How it is kept.
    pub owning: Owning,
    /// What members are in it.
    pub members: Vec<RoomMember>,
}

/// When somebody was last here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The name as they wrote it.
    pub name: Username,
    /// When: milliseconds since 1970-01-01 00:00 UTC.
    pub at: i64,
}

/// The lines of the past that somebody does not see.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Unseen {
    /// Those in these rooms.
    pub rooms: Vec<RoomName>,
    /// Those in these rooms with a lower number than this.
    pub hidden_before: Vec<(RoomName, u64)>,
    /// Those of these people, under whatever name.
    pub people: Vec<PersonId>,
    /// Those under these names,
    pub names: Vec<Username>,
    /// unless they are of these people, who have such a name now, or of a program.
    pub but: Vec<PersonId>,
}

impl Past {
    /// When, in whole seconds since 1970-01-01 00:00 UTC.
    pub fn unix(&self) -> i64 {
        self.at.div_euclid(1000)
    }

    /// Whether it is on a page that ends so. Only the file knows the numbers of its lines.
    pub(crate) fn is_before(&self, before: Before) -> bool {
        match before {
            Before::End => true,
            Before::Seq(seq) => self.seq < seq,
            Before::At(at) => self.at < at,
            Before::Id(_) => false,
        }
    }
}
