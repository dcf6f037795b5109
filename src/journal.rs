//! The journal: the state that people share changes only when one of its entries is applied, one after the other.
//!
//! An [`Act`] is what somebody wants to happen; an [`Entry`] is what did happen. The order of acts is decided by the
//! server that numbers them. A server that is alone numbers its own.

#![warn(clippy::wildcard_enum_match_arm)]

mod accounts;
#[cfg(feature = "cluster")]
mod fit;
mod order;
mod owning;
mod servers;
// Only servers of a cluster pass them on.
#[cfg_attr(not(feature = "cluster"), allow(unreachable_pub))]
mod wanted;
mod words;

pub use accounts::AccountAct;
pub use accounts::Returning;
#[cfg(feature = "cluster")]
pub(crate) use fit::{TYPED_BYTES, check_text, check_time};
pub use order::OrderAct;
pub use owning::{Invited, OwnAct};
pub use servers::ServerAct;
#[cfg(not(feature = "cluster"))]
pub(crate) use wanted::Wanted;
#[cfg(feature = "cluster")]
pub use wanted::Wanted;
#[cfg(feature = "cluster")]
pub(crate) use wanted::is_id;
pub(crate) use words::Words;

use std::sync::Arc;

use crate::account::{Origin, Proof};
use crate::error::CloseReason;
use crate::id::{PER_SECOND, PersonId, ServerId};
use crate::name::{RoomName, Username};

/// Something that somebody wants to happen. Names carry their keys, so applying an act needs no tables.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "cluster", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "cluster",
    serde(rename_all = "snake_case", deny_unknown_fields)
)]
pub enum Act {
    /// To come in under a name. The name may be taken.
    ComeIn {
        /// The name.
        name: Username,
        /// Where they come from.
        from: Origin,
        /// That the name is theirs, and what they get back. `None`: they are a guest.
        proof: Option<(Proof, Box<Returning>)>,
    },
    /// To say something in a room.
    Say {
        /// The room, if they named one that they hear. `None`: their current room.
        room: Option<RoomName>,
        /// The text, clean.
        text: Arc<str>,
    },
    /// To tell a room what they are doing.
    Do {
        /// The room, if they named one that they hear. `None`: their current room.
        room: Option<RoomName>,
        /// What they do, clean.
        text: Arc<str>,
    },
    /// To write to one person.
    Write {
        /// To whom.
        to: PersonId,
        /// Whether it answers the last message that this person wrote to them.
        is_reply: bool,
        /// The text, clean.
        text: Arc<str>,
    },
    /// To leave their current room for another one, which is made if need be.
    Go {
        /// The room.
        room: RoomName,
    },
    /// To hear a room besides their current one. The room is made if need be.
    Listen {
        /// The room.
        room: RoomName,
    },
    /// To no longer hear a room that is not their current one.
    Unlisten {
        /// The room. `None`: every such room.
        room: Option<RoomName>,
    },
    /// To make a room that they hear their current one, and go on hearing the other.
    Switch {
        /// The room.
        room: RoomName,
    },
    /// To take another name. The name may be taken.
    Rename {
        /// The name.
        name: Username,
    },
    /// To set what their current room is about, or to clear it.
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
    /// To ignore a person under the name that the person has at that moment.
    Ignore {
        /// Whom.
        whom: PersonId,
    },
    /// To stop ignoring the person whom they ignored under this name, or who has it now.
    Unignore {
        /// The name.
        name: Username,
    },
    /// To leave, for whatever reason.
    Leave {
        /// The reason.
        reason: CloseReason,
        /// A last word to the others.
        word: Option<Arc<str>>,
    },
    /// To have lost the connection. Their seat is kept, and they may [return](Act::Return) to it.
    Lose {
        /// How.
        reason: CloseReason,
        /// The entry by which they had come in, or returned, with that connection. `None`: that by which they are here.
        came: Option<u64>,
    },
    /// To take their own seat again, by another connection.
    Return {
        /// Where they come from now.
        from: Origin,
    },
    /// To tell everyone something. Only the [server](PersonId::HOUSE) wants this.
    Notice {
        /// The text, clean.
        text: Arc<str>,
    },
    /// To say something in a room on behalf of a program that is not in it. Only the [server](PersonId::HOUSE) wants
    /// this.
    Announce {
        /// The room. If there is no room of that name, nobody reads the text.
        room: RoomName,
        /// The name of the author, as people read it.
        name: Username,
        /// The text, clean.
        text: Arc<str>,
    },
    /// Something about accounts.
    Account(AccountAct),
    /// To keep order.
    Order(OrderAct),
    /// Something about a room that is somebody's.
    Own(OwnAct),
    /// Something about the servers that are one chat.
    Server(ServerAct),
}

impl Act {
    /// The text that a person or program said or wrote with the act.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Act::Say { text, .. }
            | Act::Do { text, .. }
            | Act::Write { text, .. }
            | Act::Notice { text }
            | Act::Announce { text, .. } => Some(text),
            Act::SetTopic { topic: text }
            | Act::GoAway { text }
            | Act::Leave { word: text, .. } => text.as_deref(),
            Act::Account(act) => act.text(),
            Act::Order(act) => act.text(),
            Act::Own(act) => act.text(),
            Act::ComeIn { .. }
            | Act::Go { .. }
            | Act::Listen { .. }
            | Act::Unlisten { .. }
            | Act::Switch { .. }
            | Act::Rename { .. }
            | Act::ComeBack
            | Act::Lose { .. }
            | Act::Return { .. }
            | Act::Ignore { .. }
            | Act::Unignore { .. }
            | Act::Server(_) => None,
        }
    }
}

/// Something that did happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its number: below 2^53, rising, and never given twice.
    pub seq: u64,
    /// When: milliseconds since 1970-01-01 00:00 UTC.
    pub at: i64,
    /// The author of the act. Somebody who comes in is the author of that act: its number becomes their id.
    pub author: PersonId,
    /// The server whose people, or which itself, wanted it.
    pub server: ServerId,
    /// The act.
    pub act: Act,
    /// The id that a program gave the act: a JSON string or number. What the same person says or writes again under the
    /// same id is not said again.
    pub id: Option<Arc<str>>,
}

impl Entry {
    /// When, in whole seconds since 1970-01-01 00:00 UTC.
    pub fn unix(&self) -> i64 {
        self.at.div_euclid(1000)
    }
}

/// What a program that listens to the journal hears.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Heard {
    /// Something happened.
    Entry {
        /// The entry. Its act may have had no effect, for example if a name was taken; `author` shows that.
        entry: Entry,
        /// The author after the entry, or before it if they left. `None` for the server itself and for people who did
        /// not come in.
        author: Option<Person>,
    },
    /// This many entries were dropped, because too many were waiting.
    Missed(u64),
}

impl Heard {
    /// About how many bytes it takes to keep this. Names are not counted, as they are shared and short.
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
    /// Their id.
    pub id: PersonId,
    /// Their name.
    pub name: Username,
    /// Their current room.
    pub room: RoomName,
    /// The other rooms that they hear, in the order in which they began to.
    pub hears: Vec<RoomName>,
}

/// Numbers acts as they arrive. Servers that share a journal number them alike.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    last: u64,
    /// Whether there may be numbers of this second that are not known, as they were given before a start.
    is_behind: bool,
}

impl Journal {
    /// The journal of a server that goes on. The first entry is of a later second than the last one that is known, and than
    /// that in which it is made, as there may have been others in the same.
    pub(crate) fn behind(last: u64) -> Journal {
        let next = (last / PER_SECOND + 1).saturating_mul(PER_SECOND);
        let (last, is_behind) = (next - 1, last > 0);
        Journal { last, is_behind }
    }

    /// The journal behind an entry that is known.
    #[cfg(feature = "cluster")]
    pub(crate) fn at(last: u64) -> Journal {
        let is_behind = false;
        Journal { last, is_behind }
    }

    /// Turns an act of a server into an entry. An act without an author is that of somebody who comes in.
    pub(crate) fn enter(&mut self, at: i64, server: ServerId, wanted: Wanted) -> Entry {
        let Wanted { author, act, id } = wanted;
        let second = u64::try_from(at.div_euclid(1000)).unwrap_or(0);
        let second = second.saturating_add(u64::from(self.is_behind));
        self.is_behind = false;
        // After a start the numbers continue from the clock, which is ahead of all numbers given before.
        self.last = (self.last + 1).max(second.saturating_mul(PER_SECOND));
        Entry {
            seq: self.last,
            at,
            author: author.unwrap_or(PersonId(self.last)),
            server,
            act,
            id,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Enters an act whose author is not told.
    fn enter(journal: &mut Journal, at: i64, author: Option<PersonId>) -> Entry {
        let (act, id) = (Act::ComeBack, None);
        journal.enter(at, ServerId::ALONE, Wanted { author, act, id })
    }

    #[test]
    fn numbers_rise_whatever_the_clock_does() {
        let mut journal = Journal::default();
        let mut seqs = Vec::new();
        for at in [0, 1_795_276_799_999, 1_795_276_800_000, 5, -5_000, i64::MIN] {
            let entry = enter(&mut journal, at, Some(PersonId::HOUSE));
            assert_eq!((entry.at, entry.unix()), (at, at.div_euclid(1000)));
            seqs.push(entry.seq);
        }
        assert!(seqs.is_sorted_by(|a, b| a < b), "{seqs:?}");
        assert_eq!(seqs[1], 1_795_276_799 << 20);
        assert!(seqs[5] < 1 << 53);
        let came = enter(&mut journal, 0, None);
        assert_eq!(came.author, PersonId(came.seq));
    }

    #[test]
    fn a_number_that_a_killed_server_gave_is_not_given_again() {
        let at = 1_795_276_799_500;
        let mut killed = Journal::default();
        let enter = |journal: &mut Journal| enter(journal, at, None).seq;
        let [kept, lost] = [enter(&mut killed), enter(&mut killed)];
        for known in [7, kept] {
            let mut again = Journal::behind(known);
            let next = enter(&mut again);
            assert!(next > lost, "{next}, {lost}");
            assert_eq!(enter(&mut again), next + 1);
        }
    }
}
