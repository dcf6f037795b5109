//! `Person`: someone in the chat, and what the hub keeps about them.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::account::Origin;
use crate::erasure::Erasure;
use crate::id::{PersonId, RoomId, Slot};
use crate::limits::seats::{PRIVATE_BYTES, PRIVATE_LINES};
use crate::limits::{ABSENCE_TOLD_FOR, ABSENCES_TOLD};
use crate::message::Past;
use crate::moment::Format;
use crate::name::{RoomName, Username};
use crate::tally;

use super::accounts::AccountIndex;
use super::history::{History, size};
use super::owning::Moved;
use super::recall::Recall;
use super::repeats::Repeats;

/// The place of a person in the roster while they are here. A later person may get the same place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Place(pub(super) u32);

impl Place {
    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

/// Where the hub keeps a person who is ignored, under one name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct TargetId(pub(super) u32);

impl TargetId {
    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

/// Someone in the chat.
#[derive(Debug)]
pub(super) struct Person {
    pub(super) id: PersonId,
    /// The slot of their connection, until the connection has ended.
    pub(super) slot: Option<Slot>,
    pub(super) name: Username,
    /// Their current room.
    pub(super) room: RoomId,
    /// The format of everything they read.
    pub(super) format: Format,
    /// When they last typed something: seconds since the hub's first event.
    pub(super) active: u32,
    /// Their account, if they are no guest.
    pub(super) account: Option<AccountIndex>,
    /// Where they came in from.
    pub(super) from: Origin,
    /// Data that most people never have.
    pub(super) extras: Option<Box<Extras>>,
}

/// Data that few people have.
#[derive(Debug, Default)]
pub(super) struct Extras {
    /// When they came, if their number has a different second, because the clock had been set back.
    since: Option<i64>,
    /// The rooms that they hear besides their current one.
    pub(super) hears: Vec<RoomId>,
    /// Set while they are away.
    pub(super) away: Option<Away>,
    /// The targets that they ignore.
    pub(super) ignores: Vec<TargetId>,
    /// The targets under which others ignore them.
    pub(super) ignored_as: Vec<TargetId>,
    /// Absences of others that they were told of.
    pub(super) told: Told,
    /// Set when their current room is another one by somebody else's doing, until they know.
    pub(super) moved: Option<Box<Moved>>,
    /// Rooms that they left, the last one at the end.
    pub(super) visits: Vec<Visit>,
    /// What they said under ids.
    pub(super) repeats: Option<Box<Repeats>>,
    /// What they read of the past.
    pub(super) recall: Option<Box<Recall>>,
    /// The person who last wrote to them privately.
    pub(super) correspondent: Option<(PersonId, Username)>,
    /// What was written to them, if they may have to be told again.
    pub(super) privates: Option<Box<History>>,
    /// The entry by which they last took their seat again, if they did.
    pub(super) came: Option<u64>,
    /// Set while their connection is lost and their seat is kept.
    pub(super) lost: Option<Box<Lost>>,
    /// The time zone that they named, if it has a name.
    pub(super) zone: Option<Box<str>>,
    /// The rooms that a member left when they were last here, each with the entry by which they did.
    pub(super) left: Vec<(RoomName, u64)>,
}

#[derive(Debug)]
pub(super) struct Away {
    pub(super) text: Option<Arc<str>>,
    /// The number of this absence among all absences.
    pub(super) absence: u64,
    /// The lines said to or about them meanwhile.
    pub(super) missed: History,
}

/// That somebody has lost their connection, and what was written to them since.
#[derive(Debug, Default)]
pub(super) struct Lost {
    /// The private messages, the oldest first.
    pub(super) unread: Vec<Arc<Past>>,
    /// Their bytes, as they are read later.
    pub(super) bytes: usize,
}

impl Lost {
    /// Keeps a message, if there is room for it. Returns whether there is.
    pub(super) fn keep(&mut self, past: &Arc<Past>) -> bool {
        let bytes = self.bytes + size(&past.news).unwrap_or(0);
        let has_room = self.unread.len() < PRIVATE_LINES && bytes <= PRIVATE_BYTES;
        if has_room {
            self.unread.push(past.clone());
            self.bytes = bytes;
        }
        has_room
    }

    /// Forgets what an erasure takes back.
    pub(super) fn erase(&mut self, erasure: &Erasure) {
        tally::steps(self.unread.len());
        self.unread.retain(|it| !erasure.meets(it));
    }

    /// What was not read.
    pub(super) fn unread(self) -> Vec<Arc<Past>> {
        self.unread
    }

    #[cfg(any(test, fuzzing))]
    pub(super) fn waiting(&self) -> (usize, usize) {
        (self.unread.len(), self.bytes)
    }

    /// The numbers of the entries that were not read.
    #[cfg(any(test, fuzzing))]
    pub(super) fn seqs(&self) -> Vec<u64> {
        self.unread.iter().map(|it| it.seq).collect()
    }
}

/// A room that a person has left, and how far they have read it.
#[derive(Debug, Clone, Copy, Hash)]
pub(super) struct Visit {
    /// The number of the entry that made it.
    pub(super) made: u64,
    /// The number of lines that had been said in it by then.
    pub(super) lines: usize,
}

/// Absences of which a person was recently told, and when, in seconds since the hub's first event.
#[derive(Debug, Default)]
pub(super) struct Told(VecDeque<(u64, u32)>);

impl Told {
    /// Whether to tell them of this absence. It is news unless they were told of it recently.
    pub(super) fn is_news(&mut self, absence: u64, now: u32) -> bool {
        let is_over = |at: u32| u64::from(now.saturating_sub(at)) >= ABSENCE_TOLD_FOR.as_secs();
        while self.0.front().is_some_and(|(_, at)| is_over(*at)) {
            self.0.pop_front();
        }
        tally::steps(self.0.len());
        if self.0.iter().any(|(told, _)| *told == absence) {
            return false;
        }
        if self.0.len() >= ABSENCES_TOLD {
            self.0.pop_front();
        }
        self.0.push_back((absence, now));
        true
    }
}

impl Person {
    /// A person who comes in at a time in seconds since 1970-01-01 00:00 UTC.
    pub(super) fn new(id: PersonId, name: Username, room: RoomId, since: i64) -> Person {
        let mut person = Person {
            id,
            slot: None,
            name,
            room,
            format: Format::default(),
            active: 0,
            account: None,
            from: Origin::default(),
            extras: None,
        };
        let since = since.max(0);
        if since != id.second() {
            person.extras_mut().since = Some(since);
        }
        person
    }

    /// When they came online: seconds since 1970-01-01 00:00 UTC.
    pub(super) fn since(&self) -> i64 {
        let other = self.extras.as_ref().and_then(|it| it.since);
        other.unwrap_or_else(|| self.id.second())
    }

    /// The rooms that they hear besides their current one.
    pub(super) fn hears(&self) -> &[RoomId] {
        self.extras.as_ref().map_or(&[], |it| &it.hears)
    }

    /// All rooms that they are in, their current one first.
    pub(super) fn rooms(&self) -> impl Iterator<Item = RoomId> + '_ {
        [self.room].into_iter().chain(self.hears().iter().copied())
    }

    /// Takes a room off the list of those that they hear besides their current one.
    pub(super) fn forget_heard(&mut self, room: RoomId) {
        if let Some(extras) = &mut self.extras {
            extras.hears.retain(|it| *it != room);
        }
    }

    /// The entry by which they last took their seat again, if they did.
    pub(super) fn came(&self) -> Option<u64> {
        self.extras.as_ref()?.came
    }

    /// Notes that they take their seat again by an entry.
    pub(super) fn come_again(&mut self, seq: u64) {
        let extras = self.extras_mut();
        extras.came = Some(seq);
        extras.lost = None;
    }

    /// Whether their connection is lost, and their seat is kept.
    pub(super) fn is_lost(&self) -> bool {
        self.extras.as_ref().is_some_and(|it| it.lost.is_some())
    }

    pub(super) fn away(&self) -> Option<&Away> {
        self.extras.as_ref()?.away.as_ref()
    }

    pub(super) fn away_mut(&mut self) -> Option<&mut Away> {
        self.extras.as_mut()?.away.as_mut()
    }

    pub(super) fn ignores(&self) -> &[TargetId] {
        self.extras.as_ref().map_or(&[], |it| &it.ignores)
    }

    pub(super) fn ignored_as(&self) -> &[TargetId] {
        self.extras.as_ref().map_or(&[], |it| &it.ignored_as)
    }

    pub(super) fn extras_mut(&mut self) -> &mut Extras {
        self.extras.get_or_insert_default()
    }
}
