//! What the file has, as it is read: a page of lines, a time, a name.

use crate::limits::HISTORY_BYTES;
use crate::message::Before;
use crate::name::{RoomName, Username};

use super::Line;
use super::keeping::File;
use super::past::Eyes;
use super::rows::{Row, Shelved};

/// What is read at once.
#[derive(Debug, Clone)]
pub(super) struct Page {
    pub(super) lines: Vec<Line>,
    pub(super) older: Option<i64>,
    /// Whether some lines are not to be seen, or are in a room that is locked.
    pub(super) hides: bool,
    pub(super) locks: bool,
}

impl File {
    /// When somebody of this name was last here, in all ways in which it is written.
    pub(super) fn last_seen(&self, name: &Username) -> Option<(Username, i64)> {
        let of_name = self.seen.iter().filter(|(it, _)| it == name);
        of_name.rev().max_by_key(|(_, at)| *at).cloned()
    }

    /// Whether the file has all that was handed over and not refused.
    pub(super) fn is_settled(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(super) fn has_ended(&self, life: usize) -> bool {
        let refused = self
            .missed
            .iter()
            .any(|row| matches!(row, Row::End { life: ended, .. } if *ended == life));
        refused || self.ended.contains(&life)
    }

    /// The gap at the end of a room's lines that the file does not know yet.
    pub(super) fn untold(&self, life: usize) -> Option<Line> {
        File::gap_in(&self.missed, life).map(|it| it.line)
    }

    /// The last lines that fit before an end.
    pub(super) fn page(
        &self,
        eyes: &Eyes,
        end: usize,
        count: usize,
        fits: impl Fn(&Shelved) -> bool,
    ) -> Page {
        let mut page = Page {
            lines: Vec::new(),
            older: None,
            hides: false,
            locks: false,
        };
        let (mut bytes, mut oldest) = (0, end);
        for (place, it) in self.lines[..end].iter().enumerate().rev() {
            if !fits(it) || !eyes.may_read(&it.line) {
                page.locks |= fits(it);
                continue;
            }
            if !eyes.see(&it.line) {
                page.hides = true;
                continue;
            }
            bytes += it.held();
            let is_full = bytes > HISTORY_BYTES && !page.lines.is_empty();
            if is_full || page.lines.len() == count {
                page.older = Some(oldest as i64 + 1);
                break;
            }
            oldest = place;
            page.lines.insert(0, it.line.clone());
        }
        page
    }

    /// Whether the file has lines of another life of this room.
    pub(super) fn has_former(&self, life: usize, room: &RoomName) -> bool {
        let mut lines = self.lines.iter();
        lines.any(|it| it.life != life && it.room() == room)
    }

    /// How many lines stand before such an end.
    pub(super) fn end(&self, before: Before) -> usize {
        match before {
            Before::End => self.lines.len(),
            Before::Id(id) => id as usize - 1,
            Before::Seq(seq) => {
                let older = self.lines.iter().filter(|it| it.line.entry.seq < seq);
                older.count()
            }
            Before::At(at) => self.first_from(at),
        }
    }

    /// The first line from a time on. It is found by halves, which matters where the clock was wrong.
    pub(super) fn first_from(&self, at: i64) -> usize {
        let (mut low, mut high) = (0, self.lines.len());
        while low < high {
            let middle = low + (high - low) / 2;
            match self.lines[middle].line.entry.at < at {
                true => low = middle + 1,
                false => high = middle,
            }
        }
        low
    }

    /// Whether this many lines of the file stand before a line, at least.
    pub(super) fn is_behind(&self, it: &Shelved, count: usize) -> bool {
        let first = self.lines.get(count);
        first.is_some_and(|first| it.line.entry.seq >= first.line.entry.seq)
    }

    /// The lives of rooms that the file has and that have not ended there, with their first lines.
    pub(super) fn alive(&self) -> Vec<&Shelved> {
        let mut alive: Vec<&Shelved> = Vec::new();
        for it in &self.lines {
            let is_known = alive.iter().any(|other| other.life == it.life);
            if !is_known && !self.ended.contains(&it.life) {
                alive.push(it);
            }
        }
        alive
    }
}
