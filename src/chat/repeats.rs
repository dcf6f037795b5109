//! What a program said or wrote under an id, so that the same id again does nothing: the program may not know whether its
//! object arrived before the connection broke.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::erasure::Erasure;
use crate::journal::{Act, Entry};
use crate::limits::{IDS_REMEMBERED, REMEMBERED_BYTES};
use crate::message::{AboutOrder, EntryFacts, Past};
use crate::tally;

use super::event::Effects;
use super::{Author, Hub};

/// The last ids of a person, the oldest first, each with what was said under it.
#[derive(Debug, Default)]
pub(super) struct Repeats {
    said: VecDeque<Said>,
    /// Bytes of the texts.
    bytes: usize,
}

/// What was said under an id.
#[derive(Debug)]
struct Said {
    id: Arc<str>,
    /// The number of its entry.
    seq: u64,
    /// `None`: it was taken back.
    past: Option<Arc<Past>>,
}

impl Repeats {
    fn find(&self, id: &str) -> Option<&Said> {
        self.said.iter().find(|it| *it.id == *id)
    }

    /// The id under which an entry was made.
    pub(super) fn id_of(&self, seq: u64) -> Option<Arc<str>> {
        let said = self.said.iter().find(|it| it.seq == seq)?;
        Some(said.id.clone())
    }

    /// Forgets what an erasure takes back. The ids stay, so that it is not said again.
    pub(super) fn erase(&mut self, erasure: &Erasure) {
        tally::steps(self.said.len());
        for it in &mut self.said {
            let gone = it.past.take_if(|past| erasure.meets(past));
            self.bytes -= gone.map_or(0, |past| size(&past));
        }
    }

    /// What was said, the oldest first: the ids, the numbers of the entries, and the texts that were not taken back.
    #[cfg(feature = "cluster")]
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Arc<str>, u64, Option<&Past>)> {
        self.said
            .iter()
            .map(|it| (&it.id, it.seq, it.past.as_deref()))
    }

    /// The same put together, as far as the bounds hold.
    #[cfg(feature = "cluster")]
    pub(super) fn of(all: impl Iterator<Item = (Arc<str>, u64, Option<Arc<Past>>)>) -> Repeats {
        let mut repeats = Repeats::default();
        all.for_each(|(id, seq, past)| repeats.add(Said { id, seq, past }));
        repeats
    }

    fn push(&mut self, id: Arc<str>, past: Arc<Past>) {
        self.add(Said {
            id,
            seq: past.seq,
            past: Some(past),
        });
    }

    fn add(&mut self, it: Said) {
        self.bytes += it.past.as_deref().map_or(0, size);
        self.said.push_back(it);
        while self.said.len() > IDS_REMEMBERED || self.bytes > REMEMBERED_BYTES {
            let Some(oldest) = self.said.pop_front() else {
                break;
            };
            self.bytes -= oldest.past.map_or(0, |it| size(&it));
        }
    }

    /// The ids with the numbers of their entries.
    #[cfg(any(test, fuzzing))]
    pub(super) fn ids(&self) -> Vec<(&str, u64)> {
        self.said.iter().map(|it| (&*it.id, it.seq)).collect()
    }
}

fn size(past: &Past) -> usize {
    past.news.text().map_or(0, str::len)
}

impl Hub {
    /// Whether the author said or wrote this before, under the same id. If so, tells them again what came of it.
    pub(super) fn is_repeated(
        &self,
        author: &Author,
        entry: &Entry,
        effects: &mut Effects,
    ) -> bool {
        let Some(said) = self.repeated(author, entry) else {
            return false;
        };
        let Some(past) = &said.past else {
            effects.answer(author.peer, AboutOrder::WasErased);
            return true;
        };
        let Past {
            seq,
            at,
            author: id,
            ..
        } = **past;
        effects.set_entry(Some(EntryFacts {
            seq,
            at,
            author: id,
        }));
        match (author.peer, &past.room) {
            (Some(peer), Some(room)) => {
                effects.tell_author(peer, room.clone(), past.news.clone());
            }
            (peer, _) => effects.tell(peer, past.news.clone()),
        }
        true
    }

    fn repeated(&self, author: &Author, entry: &Entry) -> Option<&Said> {
        let id = entry.id.as_ref().filter(|_| counts(&entry.act))?;
        let extras = self.roster.get(author.place)?.extras.as_ref()?;
        extras.repeats.as_ref()?.find(id)
    }

    /// Remembers what the author said or wrote, if it has an id.
    pub(super) fn remember(&mut self, author: &Author, entry: &Entry, past: Arc<Past>) {
        if let Some(id) = &entry.id
            && let Some(person) = self.roster.get_mut(author.place)
        {
            let repeats = &mut person.extras_mut().repeats;
            repeats.get_or_insert_default().push(id.clone(), past);
        }
    }
}

/// Whether it matters that an act is not done twice.
fn counts(act: &Act) -> bool {
    matches!(act, Act::Say { .. } | Act::Do { .. } | Act::Write { .. })
}
