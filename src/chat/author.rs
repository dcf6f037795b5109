//! `Caller` and `Author`: the person whose line is handled, and the one whose act is applied.

use std::sync::Arc;

use crate::account::AccountId;
use crate::id::{PeerId, PersonId, RoomId};
use crate::journal::{Act, Entry};
use crate::message::{News, Past};
use crate::moment::Moment;
use crate::name::{RoomName, Username};

use super::event::Effects;
use super::person::{Person, Place};

/// The person whose line is being handled.
#[derive(Debug)]
pub(super) struct Caller {
    pub(super) now: Moment,
    pub(super) id: PersonId,
    pub(super) place: Place,
    pub(super) peer: PeerId,
    pub(super) room: RoomId,
}

impl Caller {
    /// Proposes an act of this person.
    pub(super) fn wants(&self, act: Act, effects: &mut Effects) {
        effects.append(self.peer, Some(self.id), act);
    }
}

/// The author of the entry that is being applied.
#[derive(Debug)]
pub(super) struct Author {
    pub(super) now: Moment,
    /// The number of the entry.
    pub(super) seq: u64,
    /// When it was made: milliseconds since 1970-01-01 00:00 UTC.
    pub(super) at: i64,
    pub(super) id: PersonId,
    pub(super) account: Option<AccountId>,
    pub(super) place: Place,
    pub(super) peer: Option<PeerId>,
    /// Whether a program has their connection.
    pub(super) is_program: bool,
    pub(super) name: Username,
    pub(super) room: RoomId,
}

impl Author {
    /// The author of an entry as they are before it, with their connection if it is here.
    pub(super) fn new(
        now: Moment,
        entry: &Entry,
        place: Place,
        person: &Person,
        account: Option<AccountId>,
        peer: Option<PeerId>,
    ) -> Author {
        Author {
            now,
            seq: entry.seq,
            at: entry.at,
            id: person.id,
            account,
            place,
            peer,
            is_program: person.is_program(),
            name: person.name.clone(),
            room: person.room,
        }
    }

    /// What others read who hear them say this.
    pub(super) fn said(&self, text: &Arc<str>) -> News {
        let (from, text) = (self.name.clone(), text.clone());
        News::Said { from, text }
    }

    /// What others read whom they tell that they are doing this.
    pub(super) fn did(&self, text: &Arc<str>) -> News {
        let (from, text) = (self.name.clone(), text.clone());
        News::Action { from, text }
    }

    /// Their line in the form in which it is kept, with the room where they said it.
    pub(super) fn past(&self, room: Option<&RoomName>, news: &News) -> Arc<Past> {
        Arc::new(Past {
            seq: self.seq,
            at: self.at,
            author: self.id,
            account: self.account,
            room: room.cloned(),
            news: news.clone(),
        })
    }
}
