//! `Fanout`: who is to be sent which bytes of this tick. No socket is touched here.
//!
//! What is said in a room is rendered once, without a stamp, and appended to the room's log of the tick. The people of a
//! room who read it in the same format form a channel. For each peer there is kept only from which line on the log is
//! theirs, and a list of spans that were sealed before that: a share is sealed where a line is left out, their own or
//! one they ignore, where a reply to them alone has its place, and where they change channels. So a message costs the same
//! in a room of any size and of any number of formats, nothing is allocated for a delivery, and what each peer reads has
//! the order in which the hub handled the lines.
//!
//! At the end of the tick the room logs are frozen, and peers are served in groups of those who read the same bytes. Where a
//! format adds stamps or hides lines, its bytes are put together when its group is served, and dropped behind it: so many
//! formats cost one more copy of what is written anyway, and the memory of one of them. Somebody who changed formats in
//! the middle of the tick is a group of their own.
//!
//! Invariants: a channel's `members` and the shares that name the channel agree; a room has one channel for each format
//! that shows, and none without members; between ticks every room log and every share is empty.

mod audience;
mod ids;
mod room_log;
mod shares;

use bytes::BytesMut;

use crate::id::{RoomId, Slot};
use crate::limits::{LOG_BYTES, REPLIES_BYTES};
use crate::message::Message;
use crate::moment::Format;
use crate::net::{Gauge, Log, Piece};
use crate::tally;
use crate::wire::{is_hidden, render};

use ids::{ChannelId, Line, LogId};
use room_log::{Buffer, Rendered, RoomLog, Said, take_buffer};
use shares::{Lines, Part, Shares};

/// Buffers kept from one tick for the next; with more rooms than that talking at once, the rest are allocated anew.
const SPARE_LOGS: usize = 8;

/// The room logs of the present tick, and everyone's share in them. Peers are known by their slots.
#[derive(Debug, Default)]
pub struct Fanout {
    /// What is told to single peers.
    replies: Buffer,
    /// What is said in rooms, a log for each of the rooms in `spoken`.
    logs: Vec<RoomLog>,
    spoken: Vec<RoomId>,
    rooms: Vec<Room>,
    channels: Vec<Channel>,
    /// Channels that are not in use.
    free: Vec<ChannelId>,
    shares: Shares,
    /// Empty buffers of former ticks.
    spare: Vec<RoomLog>,
    spare_buffer: Buffer,
    /// What was said in rooms, in bytes, each line in its longest format.
    bytes: usize,
    /// The most that one peer alone was told, in bytes.
    most_told: usize,
}

#[derive(Debug, Default)]
struct Room {
    channels: Vec<ChannelId>,
    /// What was said in this tick, if anything was.
    log: Option<LogId>,
    /// The longest stamp that anyone reads there.
    stamp: usize,
}

/// Those in a room who read the same bytes.
#[derive(Debug)]
struct Channel {
    room: RoomId,
    format: Format,
    members: Vec<Slot>,
}

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
    /// Somebody comes who is told everything in this format, until they enter a room in another.
    pub fn introduce(&mut self, slot: Slot, format: Format) {
        self.shares.get(slot).format = format;
    }

    /// From now on the peer reads the room, in this format.
    pub fn enter(&mut self, slot: Slot, room: RoomId, format: Format) {
        self.exit(slot);
        let channel = self.find_or_make(room, format.shown());
        let from = self.end(channel);
        let members = &mut self.channels[channel.index()].members;
        let seat = members.len() as u32;
        members.push(slot);
        let share = self.shares.get(slot);
        (share.channel, share.seat, share.from) = (Some(channel), seat, from);
        share.format = format;
    }

    /// From now on the peer reads no room. What was said before is still theirs.
    pub fn exit(&mut self, slot: Slot) {
        let share = *self.shares.get(slot);
        let Some(channel) = share.channel else {
            return;
        };
        self.seal(slot, self.end(channel));
        self.shares.note_move(slot);
        let empty = self.shares.get(slot);
        (empty.channel, empty.from) = (None, Line::FIRST);
        let left = &mut self.channels[channel.index()];
        left.members.swap_remove(share.seat as usize);
        if let Some(&moved) = left.members.get(share.seat as usize) {
            self.shares.get(moved).seat = share.seat;
        } else if left.members.is_empty() {
            self.free(channel);
        }
    }

    /// Says something to everyone in the room but those who are not to read it. It reads the same for all, but for its
    /// stamp. `unix` is when: seconds since 1970-01-01 00:00 UTC.
    pub fn say(
        &mut self,
        room: RoomId,
        except: impl Iterator<Item = Slot>,
        message: &Message,
        unix: i64,
    ) {
        let Some(heard) = self.rooms.get_mut(room.index()) else {
            return;
        };
        if heard.channels.is_empty() {
            return;
        }
        let log = *heard.log.get_or_insert_with(|| {
            self.logs.push(self.spare.pop().unwrap_or_default());
            self.spoken.push(room);
            LogId::new(self.logs.len() - 1)
        });
        let log = &mut self.logs[log.index()];
        let line = log.end();
        let bytes = log.append(message, unix, heard.stamp);
        self.bytes += bytes;
        tally::write(bytes);
        for slot in except {
            self.leave_out(slot, room, message, line);
        }
    }

    /// Tells one peer something, in its place behind what they were told before.
    pub fn reply(&mut self, slot: Slot, message: &Message, unix: i64) {
        let format = self.shares.get(slot).format;
        self.reply_with(slot, |log| render(message, unix, format, log));
    }

    /// Sends one peer bytes of the protocol, in their place behind what the peer was told before.
    pub fn reply_raw(&mut self, slot: Slot, bytes: &[u8]) {
        self.reply_with(slot, |log| log.extend_from_slice(bytes));
    }

    /// How many bytes were told to single peers in this tick.
    pub fn reply_bytes(&self) -> usize {
        self.replies.0.len()
    }

    /// How many bytes one peer alone was told in this tick, with what it takes to keep them in order.
    pub fn told(&self, slot: Slot) -> usize {
        self.shares.told(slot)
    }

    /// Whether enough was told in this tick: it is time to write. What is said in a room is bounded for the sake of
    /// everyone there, and what is told to single peers for its memory, and for the sake of each.
    pub fn is_full(&self) -> bool {
        self.bytes >= LOG_BYTES
            || self.reply_bytes() >= REPLIES_BYTES
            || self.most_told >= LOG_BYTES
    }

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
            for &channel in &self.rooms[room.index()].channels {
                let channel = &self.channels[channel.index()];
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
        let Some((log, format)) = self.heard(share.channel) else {
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
        if let Some((log, format)) = self.heard(share.channel) {
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
            self.rooms[room.index()].log = None;
        }
        self.shares.clear();
        for said in logs.said {
            if self.spare.len() < SPARE_LOGS {
                self.spare.extend(said.thaw());
            }
        }
        self.replies = take_buffer(logs.replies).unwrap_or_default();
    }

    fn reply_with(&mut self, slot: Slot, write: impl FnOnce(&mut BytesMut)) {
        if let Some(channel) = self.shares.get(slot).channel {
            self.seal(slot, self.end(channel));
        }
        let (replies, ends) = &mut self.replies;
        let start = replies.len() as u32;
        write(replies);
        let end = replies.len() as u32;
        ends.push(end);
        tally::write((end - start) as usize);
        self.shares.push(slot, Part::Replies(start..end));
        self.most_told = self.most_told.max(self.shares.told(slot));
    }

    /// Leaves the line that was just said in the room out of a peer's share, if it is there.
    fn leave_out(&mut self, slot: Slot, room: RoomId, message: &Message, line: Line) {
        tally::leave_out();
        let Some(channel) = self.shares.get(slot).channel else {
            return;
        };
        let heard = &self.channels[channel.index()];
        if heard.room == room && !is_hidden(message, heard.format) {
            self.seal(slot, line);
            self.shares.get(slot).from = line.next();
        }
    }

    /// Makes a span of what the peer has read of their channel up to the line `end`.
    fn seal(&mut self, slot: Slot, end: Line) {
        let share = self.shares.get(slot);
        let (channel, start) = (share.channel, std::mem::replace(&mut share.from, end));
        if start < end
            && let Some((log, format)) = self.heard(channel)
        {
            let range = start..end;
            let lines = Lines { log, format, range };
            self.shares.push(slot, Part::Lines(lines));
        }
    }

    /// The channel of a room and a format, made if need be.
    fn find_or_make(&mut self, room: RoomId, format: Format) -> ChannelId {
        if self.rooms.len() <= room.index() {
            self.rooms.resize_with(room.index() + 1, Room::default);
        }
        let heard = &mut self.rooms[room.index()];
        let mut channels = heard.channels.iter().inspect(|_| tally::steps(1));
        if let Some(&found) = channels.find(|it| self.channels[it.index()].format == format) {
            return found;
        }
        let made = Channel {
            room,
            format,
            members: Vec::new(),
        };
        let channel = match self.free.pop() {
            Some(channel) => {
                self.channels[channel.index()] = made;
                channel
            }
            None => {
                self.channels.push(made);
                ChannelId::new(self.channels.len() - 1)
            }
        };
        heard.stamp = heard.stamp.max(format.stamp.len());
        heard.channels.push(channel);
        channel
    }

    /// Frees a channel that nobody reads any more.
    fn free(&mut self, channel: ChannelId) {
        let room = self.channels[channel.index()].room;
        let heard = &mut self.rooms[room.index()];
        tally::steps(2 * heard.channels.len());
        heard.channels.retain(|&other| other != channel);
        let channels = heard.channels.iter();
        let stamps = channels.map(|&it| self.channels[it.index()].format.stamp.len());
        heard.stamp = stamps.max().unwrap_or(0);
        self.free.push(channel);
    }

    /// Where the log of the channel's room ends so far.
    fn end(&self, channel: ChannelId) -> Line {
        let heard = self.heard(Some(channel));
        heard.map_or(Line::FIRST, |(log, _)| self.logs[log.index()].end())
    }

    /// The log that a channel hears, if something was said in this tick, and in which format.
    fn heard(&self, channel: Option<ChannelId>) -> Option<(LogId, Format)> {
        let channel = &self.channels[channel?.index()];
        Some((self.rooms[channel.room.index()].log?, channel.format))
    }

    /// Peers of the same number read the same bytes.
    fn group(&self, logs: &Logs, slot: Slot) -> u64 {
        const MOVED: u64 = 1 << 32;
        if self.shares.has_moved(slot) {
            return MOVED + slot.index() as u64;
        }
        let share = self.shares.all().get(slot.index());
        let channel = share.and_then(|share| share.channel);
        match channel.zip(self.heard(channel)) {
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

#[cfg(test)]
mod tests;
