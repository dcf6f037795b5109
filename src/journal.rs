//! The journal: all that people share changes by its entries, one after the other, and by nothing else.
//!
//! An [`Act`] is what somebody wants to happen, an [`Entry`] what did happen. Who numbers the acts decides their order;
//! a server that is alone does so itself.

#![warn(clippy::wildcard_enum_match_arm)]

use std::sync::Arc;

use crate::error::CloseReason;
use crate::id::{PER_SECOND, PersonId};
use crate::name::{RoomName, Username};

/// What somebody wants to happen. Names carry their keys, so that whoever applies it needs no tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// To come in under a name, which may be taken.
    ComeIn {
        /// The name.
        name: Username,
    },
    /// To say something in the room where they are.
    Say {
        /// The text, clean.
        text: Arc<str>,
    },
    /// To tell what they do, in the room where they are.
    Do {
        /// What they do, clean.
        text: Arc<str>,
    },
    /// To write to one person.
    Write {
        /// To whom.
        to: PersonId,
        /// It answers what they wrote last.
        is_reply: bool,
        /// The text, clean.
        text: Arc<str>,
    },
    /// To go to a room, which is made if need be.
    Go {
        /// The room.
        room: RoomName,
    },
    /// To take another name, which may be taken.
    Rename {
        /// The name.
        name: Username,
    },
    /// To set what their room is about, or to clear it.
    SetTopic {
        /// What it is about.
        topic: Option<Arc<str>>,
    },
    /// To be away.
    GoAway {
        /// Why.
        text: Option<Arc<str>>,
    },
    /// To be back.
    ComeBack,
    /// To ignore a person, under the name that they have then.
    Ignore {
        /// Whom.
        whom: PersonId,
    },
    /// To ignore a person no more, whom they began to ignore under this name or who has it now.
    Unignore {
        /// The name.
        name: Username,
    },
    /// To leave, however it came to that.
    Leave {
        /// How.
        reason: CloseReason,
        /// A last word to the others.
        word: Option<Arc<str>>,
    },
    /// To be told to everyone. It is the [server](PersonId::HOUSE) that wants it.
    Notice {
        /// The text, clean.
        text: Arc<str>,
    },
    /// To be said in a room by a program that is not there. It is the [server](PersonId::HOUSE) that wants it.
    Announce {
        /// The room. Where there is none of that name, nobody reads it.
        room: RoomName,
        /// By whom, as people read it.
        name: Username,
        /// The text, clean.
        text: Arc<str>,
    },
}

impl Act {
    /// What a person or program said or wrote with it.
    fn text(&self) -> Option<&str> {
        match self {
            Act::Say { text }
            | Act::Do { text }
            | Act::Write { text, .. }
            | Act::Notice { text }
            | Act::Announce { text, .. } => Some(text),
            Act::SetTopic { topic: text }
            | Act::GoAway { text }
            | Act::Leave { word: text, .. } => text.as_deref(),
            Act::ComeIn { .. }
            | Act::Go { .. }
            | Act::Rename { .. }
            | Act::ComeBack
            | Act::Ignore { .. }
            | Act::Unignore { .. } => None,
        }
    }
}

/// What did happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its number: below 2^53, rising, and never given twice.
    pub seq: u64,
    /// When: milliseconds since 1970-01-01 00:00 UTC.
    pub at: i64,
    /// Whose act it was. The act by which somebody comes in is their own: it is by its number that they are known.
    pub author: PersonId,
    /// The act.
    pub act: Act,
}

impl Entry {
    /// When, in whole seconds since 1970-01-01 00:00 UTC.
    pub fn unix(&self) -> i64 {
        self.at.div_euclid(1000)
    }
}

/// What a program hears that listens to the journal.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Heard {
    /// What did happen.
    Entry {
        /// The entry. Its act may have come to nothing, as a name that was taken: the author tells.
        entry: Entry,
        /// The author behind it, or before they left. `None` of the server's own, and of those who did not come in.
        author: Option<Person>,
    },
    /// So many entries found no room, as too many waited.
    Missed(u64),
}

impl Heard {
    /// What it takes to keep it, in bytes, about: names aside, as they are shared and short.
    pub(crate) fn held(&self) -> usize {
        let text = match self {
            Heard::Entry { entry, .. } => entry.act.text(),
            Heard::Missed(_) => None,
        };
        size_of::<Heard>() + text.map_or(0, |it| it.len())
    }
}

/// Somebody who is in the chat.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Person {
    /// Who.
    pub id: PersonId,
    /// By what name.
    pub name: Username,
    /// In which room.
    pub room: RoomName,
}

/// The journal of a server that is alone: it numbers acts as they come.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    last: u64,
}

impl Journal {
    /// Makes an act an entry. Without an author it is the act of somebody who comes in.
    pub(crate) fn enter(&mut self, at: i64, author: Option<PersonId>, act: Act) -> Entry {
        let second = u64::try_from(at.div_euclid(1000)).unwrap_or(0);
        // After a start the numbers go on from the clock, which outran those that were given before.
        self.last = (self.last + 1).max(second.saturating_mul(PER_SECOND));
        Entry {
            seq: self.last,
            at,
            author: author.unwrap_or(PersonId(self.last)),
            act,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_rise_whatever_the_clock_does() {
        let mut journal = Journal::default();
        let mut seqs = Vec::new();
        for at in [0, 1_795_276_799_999, 1_795_276_800_000, 5, -5_000, i64::MIN] {
            let entry = journal.enter(at, Some(PersonId::HOUSE), Act::ComeBack);
            assert_eq!((entry.at, entry.unix()), (at, at.div_euclid(1000)));
            seqs.push(entry.seq);
        }
        assert!(seqs.is_sorted_by(|a, b| a < b), "{seqs:?}");
        assert_eq!(seqs[1], 1_795_276_799 << 20);
        assert!(seqs[5] < 1 << 53);
        let came = journal.enter(0, None, Act::ComeBack);
        assert_eq!(came.author, PersonId(came.seq));
    }
}
