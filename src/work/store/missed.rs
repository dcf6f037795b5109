//! Lines that were refused, by room, until they stand in the file as gaps.

use std::collections::HashMap;
use std::sync::Arc;

use crate::id::PersonId;
use crate::limits::store::GAPS;
use crate::message::{Keep, News, Past};
use crate::name::RoomName;

use super::item::Item;
use super::line::{Kind, Line};

/// Lines of a room that were refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Gap {
    pub(super) room: RoomName,
    /// The number of the first of them, in whose place the gap stands.
    pub(super) seq: u64,
    /// The number of the last of them.
    pub(super) last: u64,
    /// When the first of them was said.
    pub(super) at: i64,
    pub(super) lines: u64,
    /// The room's topic, if it changed meanwhile. It is empty if it was removed.
    pub(super) topic: Option<Arc<str>>,
}

/// What was refused.
#[derive(Debug, Default)]
pub(super) struct Missed {
    rooms: HashMap<RoomName, Missing>,
}

/// What was refused of the rooms of one name.
#[derive(Debug, Default)]
struct Missing {
    /// Lines of the room that the file has, if that room has ended.
    before: Option<Gap>,
    /// The end of that room.
    end: Option<u64>,
    /// Lines of the room that is there now. Those of rooms between the two are nobody's to read.
    now: Option<Gap>,
}

impl Missed {
    /// Takes an item that is not kept. One that is only about somebody's presence is no line.
    pub(super) fn add(&mut self, item: Item) {
        match item {
            Item::Keep(Keep::Line(past)) => {
                if let Some(gap) = Gap::of(&past) {
                    self.add_gap(gap);
                }
            }
            Item::Gap(gap) => self.add_gap(gap),
            Item::Keep(Keep::End { room, seq }) => self.end(&room, seq),
            Item::Keep(
                Keep::Seen { .. } | Keep::Account(..) | Keep::Order(_) | Keep::Owning(..),
            ) => {}
        }
    }

    fn add_gap(&mut self, more: Gap) {
        let Some(missing) = self.missing(&more.room) else {
            return;
        };
        match &mut missing.now {
            None => missing.now = Some(more),
            Some(gap) => {
                gap.last = more.last;
                gap.lines += more.lines;
                gap.topic = more.topic.or(gap.topic.take());
            }
        }
    }

    fn end(&mut self, room: &RoomName, seq: u64) {
        let Some(missing) = self.missing(room) else {
            return;
        };
        let gap = missing.now.take();
        if missing.end.is_none() {
            (missing.before, missing.end) = (gap, Some(seq));
        }
    }

    /// What is known of the rooms of a name. There is a bound.
    fn missing(&mut self, room: &RoomName) -> Option<&mut Missing> {
        if self.rooms.len() >= GAPS && !self.rooms.contains_key(room) {
            return None;
        }
        Some(self.rooms.entry(room.clone()).or_default())
    }

    /// Takes all of it out, in the order of its numbers.
    pub(super) fn take(&mut self) -> Vec<Item> {
        let mut items = Vec::new();
        for (room, it) in self.rooms.drain() {
            let gaps = [it.before, it.now].into_iter().flatten();
            items.extend(gaps.map(|gap| (gap.seq, Item::Gap(gap))));
            items.extend(it.end.map(|seq| (seq, Item::Keep(Keep::End { room, seq }))));
        }
        items.sort_by_key(|(seq, _)| *seq);
        items.into_iter().map(|(_, item)| item).collect()
    }

    /// The gap of a room, as it is told to a reader.
    pub(super) fn gap(&self, room: &RoomName) -> Option<Past> {
        self.rooms.get(room)?.now.as_ref().map(Gap::past)
    }

    /// The rooms whose end the file does not know, with the numbers of their ends.
    pub(super) fn ended(&self) -> Vec<(RoomName, u64)> {
        let ended = |(room, it): (&RoomName, &Missing)| Some((room.clone(), it.end?));
        self.rooms.iter().filter_map(ended).collect()
    }
}

impl Gap {
    fn of(past: &Past) -> Option<Gap> {
        let line = Line::of(past)?;
        Some(Gap {
            room: line.room.clone(),
            seq: past.seq,
            last: past.seq,
            at: past.at,
            lines: 1,
            topic: (line.kind == Kind::Topic).then(|| line.text.into()),
        })
    }

    fn past(&self) -> Past {
        Past {
            seq: self.seq,
            at: self.at,
            author: PersonId::HOUSE,
            account: None,
            room: Some(self.room.clone()),
            news: News::NotKept(self.lines),
        }
    }
}
