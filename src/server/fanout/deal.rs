//! The end of a tick: what was told is frozen and dealt out to those who read it.
//!
//! Peers are served in groups of those who read the same bytes. Where a format adds stamps or hides lines, its bytes are
//! put together when its group is served, and dropped behind it: so many formats cost one more copy of what is written
//! anyway, and the memory of one of them. Somebody who changed formats in the middle of the tick is a group of their own.

use crate::id::Slot;
use crate::net::{Gauge, Log, Piece};

use super::Fanout;
use super::ids::Line;
use super::room_log::{Buffer, Rendered, Said, take_buffer};
use super::shares::{Lines, Part};

/// Buffers kept from one tick for the next; with more rooms than that talking at once, the rest are allocated anew.
pub(super) const SPARE_LOGS: usize = 8;

/// What was told in a tick.
#[derive(Debug)]
pub struct Logs {
    replies: Log,
    said: Vec<Said>,
    /// Everyone reads what was said as it is.
    is_plain: bool,
    gauge: Gauge,
}

/// What is passed on when a tick is dealt out.
#[derive(Debug)]
pub enum Dealt<'a> {
    /// The pieces, in order, that a peer is to be sent.
    Share(Slot, &'a [Piece<'a>]),
    /// All of those who read the same bytes have had theirs: what was put together for them is in no buffer any more.
    GroupEnd,
}

/// What was said in the formats of one group of peers, where they do not read it as it is.
#[derive(Debug)]
struct Rendering(Vec<Rendered>);

impl Fanout {
    /// Ends the tick: freezes what was told, and passes everyone who has a share in it to `reader`, some of them twice.
    /// Each share is then to be [dealt](Self::deal). The gauge is to show the copies that queues share.
    pub fn freeze(&mut self, gauge: &Gauge, mut reader: impl FnMut(Slot)) -> Logs {
        (self.bytes, self.most_told) = (0, 0);
        let (replies, ends) = std::mem::take(&mut self.replies);
        let said = self.logs.drain(..).map(|log| log.freeze(gauge));
        let mut logs = Logs {
            replies: Log::new(replies, ends, false, gauge),
            said: said.collect(),
            is_plain: true,
            gauge: gauge.clone(),
        };
        for &slot in self.shares.sealed() {
            logs.is_plain &= !self.shares.has_moved(slot);
            reader(slot);
        }
        for (said, room) in logs.said.iter().zip(&self.spoken) {
            for &channel in &self.channels.rooms[room.index()].channels {
                let channel = self.channels.get(channel);
                let is_hidden = said.is_hidden(channel.format);
                logs.is_plain &= said.is_plain(channel.format);
                for &slot in &channel.members {
                    match is_hidden {
                        // They may have come in the middle of it.
                        true => self.shares.get(slot).from = Line::FIRST,
                        false => reader(slot),
                    }
                }
            }
        }
        logs
    }

    /// Passes each of these peers their share, those who read the same bytes one after the other, and begins the next
    /// tick. Everybody who has a share is among them, and nobody twice.
    pub fn deal(&mut self, mut logs: Logs, slots: &mut [Slot], mut take: impl FnMut(Dealt<'_>)) {
        self.sort(&logs, slots);
        let mut rest = &slots[..];
        while let Some(&first) = rest.first() {
            let group;
            (group, rest) = rest.split_at(self.first_group(&logs, rest));
            let rendering = self.render(&logs, first);
            let mut pieces = Vec::new();
            for &slot in group {
                self.take_share(slot, &logs, &rendering, &mut pieces);
                take(Dealt::Share(slot, &pieces));
                pieces.clear();
            }
            drop(pieces);
            self.take_back(&mut logs, rendering);
            take(Dealt::GroupEnd);
        }
        self.thaw(logs);
    }

    /// Brings those together who read the same bytes.
    fn sort(&self, logs: &Logs, slots: &mut [Slot]) {
        if !logs.is_plain {
            slots.sort_unstable_by_key(|&slot| self.group(logs, slot));
        }
    }

    /// How many of these, from the first on, read the same bytes.
    fn first_group(&self, logs: &Logs, slots: &[Slot]) -> usize {
        let Some(&first) = slots.first().filter(|_| !logs.is_plain) else {
            return slots.len();
        };
        let group = self.group(logs, first);
        let is_in = |&&slot: &&Slot| self.group(logs, slot) == group;
        slots.iter().take_while(is_in).count()
    }

    /// Puts together what those read who are of the same group as this peer.
    fn render(&mut self, logs: &Logs, slot: Slot) -> Rendering {
        let mut rendering = Rendering(Vec::new());
        let share = *self.shares.get(slot);
        if self.shares.has_moved(slot) {
            for span in self.shares.spans(slot) {
                rendering.0.extend(logs.render_part(&span.part));
            }
        }
        let Some((log, format)) = self.channels.heard(share.channel) else {
            return rendering;
        };
        let said = &logs.said[log.index()];
        if !said.is_plain(format) {
            let buffer = std::mem::take(&mut self.spare_buffer);
            let lines = Line::FIRST..said.end();
            rendering
                .0
                .push(said.render(lines, format, buffer, &logs.gauge));
        }
        rendering
    }

    /// Takes a peer's share out: the pieces, in order, that they are to be sent.
    fn take_share<'a>(
        &mut self,
        slot: Slot,
        logs: &'a Logs,
        rendering: &'a Rendering,
        pieces: &mut Vec<Piece<'a>>,
    ) {
        let share = *self.shares.get(slot);
        let present = rendering.0.last();
        let mut moved = rendering.0.iter();
        let mut push = |piece: Piece<'a>| {
            if !piece.range.is_empty() {
                pieces.push(piece);
            }
        };
        for span in self.shares.spans(slot) {
            let rendered = match self.shares.has_moved(slot) {
                _ if logs.is_as_it_is(&span.part) => None,
                true => moved.next(),
                false => present,
            };
            push(logs.piece(&span.part, rendered));
        }
        if let Some((log, format)) = self.channels.heard(share.channel) {
            let said = &logs.said[log.index()];
            let rendered = present.filter(|_| !said.is_plain(format));
            if share.from < said.end() {
                let lines = share.from..said.end();
                push(rendered.unwrap_or(&said.plain).piece(lines));
            }
        }
        self.shares.empty(slot);
    }

    /// A group was served: its bytes are kept in no buffer any more.
    fn take_back(&mut self, logs: &mut Logs, rendering: Rendering) {
        if rendering.0.is_empty() {
            logs.said.iter_mut().for_each(|said| said.plain.let_go());
        }
        let last = rendering.0.into_iter().next_back();
        self.spare_buffer = last.and_then(Rendered::into_buffer).unwrap_or_default();
    }

    /// Begins the next tick, when every share was taken, with the buffers of this one.
    fn thaw(&mut self, logs: Logs) {
        for room in self.spoken.drain(..) {
            self.channels.rooms[room.index()].log = None;
        }
        self.shares.clear();
        for said in logs.said {
            if self.spare.len() < SPARE_LOGS {
                self.spare.extend(said.thaw());
            }
        }
        self.replies = take_buffer(logs.replies).unwrap_or_default();
    }

    /// Peers of the same number read the same bytes.
    fn group(&self, logs: &Logs, slot: Slot) -> u64 {
        const MOVED: u64 = 1 << 32;
        if self.shares.has_moved(slot) {
            return MOVED + slot.index() as u64;
        }
        let share = self.shares.all().get(slot.index());
        let channel = share.and_then(|share| share.channel);
        match channel.zip(self.channels.heard(channel)) {
            Some((channel, (log, format))) if !logs.said[log.index()].is_plain(format) => {
                1 + channel.index() as u64
            }
            _ => 0,
        }
    }
}

impl Logs {
    /// Whether a part is of replies, or of lines that are read as they are.
    fn is_as_it_is(&self, part: &Part) -> bool {
        match part {
            Part::Lines(it) => self.said[it.log.index()].is_plain(it.format),
            Part::Replies(_) => true,
        }
    }

    /// The lines of a part, where they are not read as they are.
    fn render_part(&self, part: &Part) -> Option<Rendered> {
        match part {
            Part::Lines(Lines { log, format, range }) if !self.is_as_it_is(part) => {
                let (buffer, gauge) = (Buffer::default(), &self.gauge);
                Some(self.said[log.index()].render(range.clone(), *format, buffer, gauge))
            }
            _ => None,
        }
    }

    fn piece<'a>(&'a self, part: &Part, rendered: Option<&'a Rendered>) -> Piece<'a> {
        match part {
            Part::Lines(it) => {
                let plain = &self.said[it.log.index()].plain;
                rendered.unwrap_or(plain).piece(it.range.clone())
            }
            Part::Replies(bytes) => Piece {
                log: &self.replies,
                range: bytes.start as usize..bytes.end as usize,
            },
        }
    }
}
