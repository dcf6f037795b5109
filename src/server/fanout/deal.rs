//! The end of a tick: the logs are frozen and dealt out to their readers.
//!
//! Peers are served in groups that read the same bytes. If a view adds stamps or a tag, or hides lines, its bytes are put
//! together when its group is served, and dropped afterwards. So many formats cost one more copy of the output, and the
//! memory of one format. A peer who changed channels in the middle of the tick is a group of their own. People who hear
//! several rooms form a group if they read all lines of the same channels, and nothing else. If only one of their rooms
//! was spoken in, they belong to the group of its channel.

use std::mem;
use std::ops::Range;

use crate::id::Slot;
use crate::net::{Gauge, Log, Piece};

use super::Fanout;
use super::channels::Channel;
use super::ids::{ChannelId, Line, Place};
use super::room_log::{Rendered, Said, take_buffer};
use super::shares::{Lines, Membership, Part, Share};
use super::together::{Draft, Together};

/// Buffers kept from one tick for the next; with more rooms than that talking at once, the rest are allocated anew.
pub(super) const SPARE_LOGS: usize = 8;

/// Everything that was told in a tick.
#[derive(Debug)]
pub struct Logs {
    replies: Log,
    pub(super) said: Vec<Said>,
    /// Everyone reads the lines as they are.
    is_plain: bool,
    pub(super) gauge: Gauge,
}

/// A step in dealing out a tick.
#[derive(Debug)]
pub enum Dealt<'a> {
    /// A peer, and the pieces to send to them, in order.
    Share(Slot, &'a [Piece<'a>]),
    /// All peers of a group have had their share: the bytes put together for them are in no buffer any more.
    GroupEnd,
}

/// The lines that a group of peers reads.
#[derive(Debug)]
enum Rendering {
    /// The lines as they are.
    Plain,
    /// The lines of their room in their view.
    Viewed(Rendered),
    Together(Together),
}

/// The numbers of groups. The first group reads the lines as they are. After it come the groups of the channels, of the
/// combinations of channels, and of peers who are a group of their own. The number of a combination is a hash, so two
/// combinations may have the same.
const PLAIN: u64 = 0;
const CHANNELS: u64 = 1;
const COMBINATIONS: u64 = 1 << 33;
const ALONE: u64 = 1 << 63;

/// How many numbers combinations may have. In tests there are few, so that different ones have the same.
const COMBINATION_NUMBERS: u64 = if cfg!(test) { 2 } else { ALONE - COMBINATIONS };

/// 2^64 divided by the golden ratio: spreads numbers that are near each other (Knuth, The Art of Computer Programming,
/// §6.4).
const HASH_FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

impl Fanout {
    /// Ends the tick: freezes the logs, and passes every peer with a share in them to `reader`, some of them twice. Each
    /// share must then be [dealt](Self::deal). The gauge counts the copies that queues share.
    pub fn freeze(&mut self, gauge: &Gauge, mut reader: impl FnMut(Slot)) -> Logs {
        (self.bytes, self.most_told, self.place) = (0, 0, Place::default());
        let (replies, ends) = mem::take(&mut self.replies);
        let said = self.logs.drain(..).map(|log| log.freeze(gauge));
        let mut logs = Logs {
            replies: Log::new(replies, ends, false, gauge),
            said: said.collect(),
            is_plain: true,
            gauge: gauge.clone(),
        };
        for &slot in self.shares.sealed() {
            logs.is_plain &= !self.shares.is_alone(slot);
            reader(slot);
        }
        for (said, room) in logs.said.iter().zip(&self.spoken) {
            for &channel in &self.channels.rooms[room.index()].channels {
                let Channel { view, members, .. } = self.channels.get(channel);
                let is_hidden = said.is_hidden(view);
                logs.is_plain &= members.is_empty() || said.is_plain(view);
                for &slot in members {
                    match is_hidden {
                        // They may have come in the middle of it.
                        true => self.shares.set_from(slot, channel, Line::FIRST),
                        false => reader(slot),
                    }
                }
            }
        }
        logs
    }

    /// Passes each of these peers their share, group by group, and begins the next tick. Every peer with a share must be
    /// among them, and no peer twice.
    pub fn deal(&mut self, mut logs: Logs, slots: &mut [Slot], mut take: impl FnMut(Dealt<'_>)) {
        if logs.is_plain && !self.shares.some_hear_several() {
            self.serve(&mut logs, PLAIN, slots, &mut take);
        } else {
            let sorted = self.sort(&logs, slots);
            let mut done = 0;
            while let Some((&(group, first), rest)) = sorted[done..].split_first() {
                let is_in = |&&(number, slot): &&(u64, Slot)| {
                    number == group && self.read_the_same(&logs, group, first, slot)
                };
                let end = done + 1 + rest.iter().take_while(is_in).count();
                self.serve(&mut logs, group, &slots[done..end], &mut take);
                done = end;
            }
        }
        self.thaw(logs);
    }

    /// Sorts peers by their groups. Returns them with the numbers of their groups.
    fn sort(&self, logs: &Logs, slots: &mut [Slot]) -> Vec<(u64, Slot)> {
        let numbered = slots.iter().map(|&slot| (self.group(logs, slot), slot));
        let mut numbered: Vec<_> = numbered.collect();
        numbered.sort_unstable_by_key(|&(group, _)| group);
        let sorted = numbered.iter().map(|&(_, slot)| slot);
        slots
            .iter_mut()
            .zip(sorted)
            .for_each(|(it, slot)| *it = slot);
        numbered
    }

    /// Passes the peers of a group their share.
    fn serve(
        &mut self,
        logs: &mut Logs,
        group: u64,
        slots: &[Slot],
        take: &mut impl FnMut(Dealt<'_>),
    ) {
        let Some(&first) = slots.first() else {
            return;
        };
        let rendering = self.render(logs, group, first);
        let mut pieces = Vec::new();
        for &slot in slots {
            self.take_share(slot, logs, &rendering, &mut pieces);
            take(Dealt::Share(slot, &pieces));
            pieces.clear();
        }
        drop(pieces);
        self.take_back(logs, rendering);
        take(Dealt::GroupEnd);
    }

    /// The number of a peer's group.
    fn group(&self, logs: &Logs, slot: Slot) -> u64 {
        if self.shares.is_alone(slot) {
            return ALONE + slot.index() as u64;
        }
        match self.shares.find(slot).and_then(Share::only) {
            Some(only) => self.group_of_channel(logs, only.channel),
            None => self.group_of_several(logs, slot),
        }
    }

    /// The group of people who read a channel and no other.
    fn group_of_channel(&self, logs: &Logs, channel: ChannelId) -> u64 {
        match self.channels.heard(channel) {
            Some((log, view)) if !logs.said[log.index()].is_plain(view) => {
                CHANNELS + channel.index() as u64
            }
            _ => PLAIN,
        }
    }

    /// The group of somebody who hears several rooms or none.
    fn group_of_several(&self, logs: &Logs, slot: Slot) -> u64 {
        let (mut count, mut last, mut is_all, mut hash) = (0, None, true, 0_u64);
        for &it in self.shares.several(slot) {
            let Some(it) = self.channels.unsealed(&logs.said, it) else {
                continue;
            };
            count += 1;
            last = Some(it.channel);
            is_all &= it.range.start == Line::FIRST;
            let next = hash.rotate_left(5) ^ (it.channel.index() as u64 + 1);
            hash = next.wrapping_mul(HASH_FACTOR);
        }
        match last {
            None => PLAIN,
            Some(only) if count == 1 => self.group_of_channel(logs, only),
            Some(_) if is_all && self.shares.spans(slot).next().is_none() => {
                COMBINATIONS + hash % COMBINATION_NUMBERS
            }
            Some(_) => ALONE + slot.index() as u64,
        }
    }

    /// Whether two peers whose groups have the same number read the same bytes.
    fn read_the_same(&self, logs: &Logs, group: u64, one: Slot, other: Slot) -> bool {
        let channels = |slot| {
            let several = self.shares.several(slot).iter();
            let unsealed = several.filter_map(|&it| self.channels.unsealed(&logs.said, it));
            unsealed.map(|it| it.channel)
        };
        !(COMBINATIONS..ALONE).contains(&group) || channels(one).eq(channels(other))
    }

    /// Puts together the lines for a group. This peer is in it.
    fn render(&mut self, logs: &Logs, group: u64, slot: Slot) -> Rendering {
        if group == PLAIN {
            return Rendering::Plain;
        }
        if group >= COMBINATIONS {
            return Rendering::Together(self.put_together(logs, slot));
        }
        let channel = ChannelId::new((group - CHANNELS) as usize);
        match self.channels.heard(channel) {
            Some((log, view)) => {
                let Draft {
                    buffer, stamped, ..
                } = &mut self.draft;
                let (buffer, gauge) = (mem::take(buffer), &logs.gauge);
                Rendering::Viewed(logs.said[log.index()].render(view, stamped, buffer, gauge))
            }
            None => Rendering::Plain,
        }
    }

    /// Takes a peer's share out: the pieces to send to them, in order.
    fn take_share<'a>(
        &mut self,
        slot: Slot,
        logs: &'a Logs,
        rendering: &'a Rendering,
        pieces: &mut Vec<Piece<'a>>,
    ) {
        let viewed = match rendering {
            Rendering::Plain => None,
            Rendering::Viewed(viewed) => Some(viewed),
            Rendering::Together(together) => {
                pieces.extend(together.pieces(logs));
                return self.shares.empty(slot);
            }
        };
        let push_lines = |it: &Lines, pieces: &mut Vec<Piece<'a>>| {
            let said = &logs.said[it.log.index()];
            let viewed = viewed.filter(|_| !said.is_plain(&self.channels.get(it.channel).view));
            let piece = viewed.unwrap_or(&said.plain).piece(it.range.clone());
            if !piece.range.is_empty() {
                pieces.push(piece);
            }
        };
        for span in self.shares.spans(slot) {
            match &span.part {
                Part::Lines(it) => push_lines(it, pieces),
                Part::Replies(bytes) => pieces.push(logs.reply(bytes)),
            }
        }
        // Nearly everyone reads one channel, and pays nothing for people who read several.
        let push_unsealed = |it: Membership, pieces: &mut Vec<Piece<'a>>| {
            if let Some(it) = self.channels.unsealed(&logs.said, it) {
                push_lines(&it, pieces);
            }
        };
        match self.shares.find(slot).and_then(Share::only) {
            Some(only) => push_unsealed(only, pieces),
            None => {
                let several = self.shares.several(slot).iter();
                several.for_each(|&it| push_unsealed(it, pieces));
            }
        }
        self.shares.empty(slot);
    }

    /// Takes the buffer back when a group was served. No buffer holds its bytes any more.
    fn take_back(&mut self, logs: &mut Logs, rendering: Rendering) {
        let log = match rendering {
            Rendering::Plain => return logs.said.iter_mut().for_each(|said| said.plain.let_go()),
            Rendering::Viewed(viewed) => viewed.into_log(),
            Rendering::Together(Together { copied, mut parts }) => {
                parts.clear();
                self.draft.parts = parts;
                copied
            }
        };
        self.draft.buffer = take_buffer(log).unwrap_or_default();
    }

    /// Begins the next tick with the buffers of this one. Every share must have been taken.
    fn thaw(&mut self, logs: Logs) {
        for room in self.spoken.drain(..) {
            self.channels.rooms[room.index()].log = None;
        }
        self.shares.clear();
        self.channels.free_emptied();
        for said in logs.said {
            if self.spare.len() < SPARE_LOGS {
                self.spare.extend(said.thaw());
            }
        }
        self.replies = take_buffer(logs.replies).unwrap_or_default();
    }
}

impl Logs {
    /// A part of the replies.
    pub(super) fn reply(&self, bytes: &Range<u32>) -> Piece<'_> {
        Piece {
            log: &self.replies,
            range: bytes.start as usize..bytes.end as usize,
        }
    }
}
