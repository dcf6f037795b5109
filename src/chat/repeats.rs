//! What a program said or wrote under an id, so that the same id again does nothing: the program may not know whether its
//! object arrived before the connection broke.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::journal::{Act, Entry};
use crate::limits::{IDS_REMEMBERED, REMEMBERED_BYTES};
use crate::message::{EntryFacts, Past};

use super::event::Effects;
use super::{Author, Hub};

/// The last ids of a person, the oldest first, each with what was said under it.
#[derive(Debug, Default)]
pub(super) struct Repeats {
    said: VecDeque<(Arc<str>, Arc<Past>)>,
    /// Bytes of the texts.
    bytes: usize,
}

impl Repeats {
    fn find(&self, id: &str) -> Option<&Arc<Past>> {
        let (_, past) = self.said.iter().find(|(it, _)| **it == *id)?;
        Some(past)
    }

    fn push(&mut self, id: Arc<str>, past: Arc<Past>) {
        self.bytes += size(&past);
        self.said.push_back((id, past));
        while self.said.len() > IDS_REMEMBERED || self.bytes > REMEMBERED_BYTES {
            let Some((_, oldest)) = self.said.pop_front() else {
                break;
            };
            self.bytes -= size(&oldest);
        }
    }

    /// The ids with the numbers of their entries.
    #[cfg(any(test, fuzzing))]
    pub(super) fn ids(&self) -> Vec<(&str, u64)> {
        self.said
            .iter()
            .map(|(id, past)| (&**id, past.seq))
            .collect()
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
        let Some(past) = self.repeated(author, entry) else {
            return false;
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

    fn repeated(&self, author: &Author, entry: &Entry) -> Option<&Arc<Past>> {
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
