//! The end of a tick: the logs are frozen and dealt out to their readers.
//!
//! Peers are served in groups that read the same bytes. If a view adds stamps or a tag, or hides lines, its bytes are put
//! together when its group is served, and dropped afterwards. So many formats cost one more copy of the output, and the
//! memory of one format. A peer who changed channels in the middle of the tick is a group of their own. People who hear
//! several rooms form a group if they read all lines of the same channels, and nothing else. If only one of their rooms
//! was spoken in, they belong to the group of its channel.

use std::collections::HashMap;
use std::ops::Range;

use crate::id::Slot;
use crate::net::{Gauge, Log, Piece};

use super::Fanout;
use super::channels::Channel;
use super::ids::{ChannelId, Line, Place};
use super::room_log::{Rendered, Said, take_buffer};
use super::shares::{Lines, Membership, Part, Share};
use super::together::Together;

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
/// combinations of channels, and of peers who are a group of their own.
const PLAIN: u64 = 0;
const CHANNELS: u64 = 1;
const COMBINATIONS: u64 = 1 << 33;
const ALONE: u64 = 1 << 34;

/// The combinations of channels that were met in a tick.
#[derive(Debug, Default)]
struct Combinations {
    numbers: HashMap<Vec<ChannelId>, u64>,
    /// The one that is looked up.
    present: Vec<ChannelId>,
}

impl Fanout {
    /// Ends the tick: freezes the logs, and passes every peer with a share in them to `reader`, some of them twice. Each
    /// share must then be [dealt](Self::deal). The gauge counts the copies that queues share.
    pub fn freeze(&mut self, gauge: &Gauge, mut reader: impl FnMut(Slot)) -> Logs {
        (self.bytes, self.most_told, self.place) = (0, 0, Place::default());
        let (replies, ends) = std::mem::take(&mut self.replies);
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
        if self.shares.some_hear_several() {
            self.group_several(&mut logs, slots);
        }
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

    /// Sorts peers by their groups.
    fn sort(&self, logs: &Logs, slots: &mut [Slot]) {
        if !logs.is_plain {
            slots.sort_unstable_by_key(|&slot| self.group(logs, slot));
        }
    }

    /// How many of these, from the first on, are of its group.
    fn first_group(&self, logs: &Logs, slots: &[Slot]) -> usize {
        let Some(&first) = slots.first().filter(|_| !logs.is_plain) else {
            return slots.len();
        };
        let group = self.group(logs, first);
        let is_in = |&&slot: &&Slot| self.group(logs, slot) == group;
        slots.iter().take_while(is_in).count()
    }

    /// Groups the people who hear several rooms by what they read.
    fn group_several(&mut self, logs: &mut Logs, slots: &[Slot]) {
        let mut met = Combinations::default();
        for &slot in slots {
            if self.shares.hears_several(slot) {
                let group = self.group_of_several(logs, slot, &mut met);
                self.shares.set_group(slot, group);
                logs.is_plain &= group == PLAIN;
            }
        }
    }

    fn group_of_several(&self, logs: &Logs, slot: Slot, met: &mut Combinations) -> u64 {
        let alone = ALONE + slot.index() as u64;
        if self.shares.is_alone(slot) {
            return alone;
        }
        met.present.clear();
        let mut is_all = true;
        for it in self.unsealed(logs, slot) {
            met.present.push(it.channel);
            is_all &= it.range.start == Line::FIRST;
        }
        match met.present[..] {
            [] => PLAIN,
            [only] => self.group_of_channel(logs, only),
            _ if is_all && self.shares.spans(slot).next().is_none() => met.number(),
            _ => alone,
        }
    }

    /// The lines of a peer's channels that are in none of their spans. Channels whose lines are all hidden are left out.
    pub(super) fn unsealed(&self, logs: &Logs, slot: Slot) -> impl Iterator<Item = Lines> {
        let memberships = self.shares.memberships(slot);
        memberships.filter_map(|it| self.unsealed_in(logs, it))
    }

    /// The same in one channel.
    fn unsealed_in(&self, logs: &Logs, it: Membership) -> Option<Lines> {
        let (log, view) = self.channels.heard(it.channel)?;
        let said = &logs.said[log.index()];
        (it.from < said.end() && !said.is_hidden(view)).then(|| Lines {
            log,
            channel: it.channel,
            range: it.from..said.end(),
        })
    }

    /// Puts together the lines for the group of this peer.
    fn render(&mut self, logs: &Logs, slot: Slot) -> Rendering {
        let group = self.group(logs, slot);
        if group == PLAIN {
            return Rendering::Plain;
        }
        let buffer = std::mem::take(&mut self.spare_buffer);
        if group >= COMBINATIONS {
            return Rendering::Together(self.put_together(logs, slot, buffer));
        }
        let channel = ChannelId::new((group - CHANNELS) as usize);
        match self.channels.heard(channel) {
            Some((log, view)) => {
                Rendering::Viewed(logs.said[log.index()].render(view, buffer, &logs.gauge))
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
        match self.shares.find(slot).and_then(Share::only) {
            Some(only) => {
                if let Some(it) = self.unsealed_in(logs, only) {
                    push_lines(&it, pieces);
                }
            }
            None => {
                let all = self.unsealed(logs, slot);
                all.for_each(|it| push_lines(&it, pieces));
            }
        }
        self.shares.empty(slot);
    }

    /// Takes the buffer back when a group was served. No buffer holds its bytes any more.
    fn take_back(&mut self, logs: &mut Logs, rendering: Rendering) {
        let log = match rendering {
            Rendering::Plain => return logs.said.iter_mut().for_each(|said| said.plain.let_go()),
            Rendering::Viewed(viewed) => viewed.into_log(),
            Rendering::Together(together) => together.into_log(),
        };
        self.spare_buffer = take_buffer(log).unwrap_or_default();
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

    /// Peers of the same number read the same bytes.
    fn group(&self, logs: &Logs, slot: Slot) -> u64 {
        if self.shares.is_alone(slot) {
            return ALONE + slot.index() as u64;
        }
        let Some(share) = self.shares.find(slot) else {
            return PLAIN;
        };
        let several = self.shares.group(share);
        let only = || Some(self.group_of_channel(logs, share.only()?.channel));
        several.or_else(only).unwrap_or(PLAIN)
    }

    fn group_of_channel(&self, logs: &Logs, channel: ChannelId) -> u64 {
        match self.channels.heard(channel) {
            Some((log, view)) if !logs.said[log.index()].is_plain(view) => {
                CHANNELS + channel.index() as u64
            }
            _ => PLAIN,
        }
    }
}

impl Combinations {
    /// The number of the present one.
    fn number(&mut self) -> u64 {
        self.present.sort_unstable();
        if let Some(&number) = self.numbers.get(&self.present) {
            return number;
        }
        let number = COMBINATIONS + self.numbers.len() as u64;
        self.numbers.insert(self.present.clone(), number);
        number
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
