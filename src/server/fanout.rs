//! `Fanout`: decides which bytes of this tick each peer is sent. It touches no socket.
//!
//! A line of a room is rendered once, without a stamp, and appended to the room's log of the tick. The people of a room
//! who read it in the same view form a channel: in the same format, and behind the same tag or none. For each peer the
//! fan-out keeps only the line from which on the log is theirs, and a list of spans that were sealed before that. A
//! share is sealed where a line is left out (the peer's own, or one that they ignore), where a reply to them alone has
//! its place, and where they change channels. So a message costs the same in a room of any size and with any number of
//! formats. A delivery allocates nothing. Each peer reads lines in the order in which the hub handled them.
//!
//! A peer may hear several rooms. Each line has a place among all lines of the tick. `together.rs` merges the lines of
//! several rooms by these places, for the people who hear them. Other people pay nothing for that.
//!
//! At the end of the tick the room logs are frozen, and each peer is [dealt](Fanout::deal) their share.
//!
//! Invariants: a channel's `members` and the shares that name the channel agree; between ticks every room log and every
//! share is empty.

mod audience;
mod channels;
mod deal;
mod ids;
mod room_log;
mod shares;
mod together;

use bytes::BytesMut;

use crate::id::{RoomId, Slot};
use crate::limits::{LOG_BYTES, REPLIES_BYTES, ROOMS_HEARD};
use crate::message::{Message, Told};
use crate::moment::Format;
use crate::name::RoomName;
use crate::tally;
use crate::wire::{is_hidden, write_message};

use channels::Channels;
use ids::{ChannelId, Line, LogId, Place};
use room_log::{Buffer, RoomLog, View};
use shares::{Lines, Membership, Shares};
use together::Draft;

pub use deal::{Dealt, Logs};

/// The room logs of the present tick, and everyone's share in them. Peers are known by their slots.
#[derive(Debug, Default)]
pub struct Fanout {
    /// Messages to single peers.
    replies: Buffer,
    /// The logs of the rooms in `spoken`.
    logs: Vec<RoomLog>,
    spoken: Vec<RoomId>,
    /// The place of the next line.
    place: Place,
    channels: Channels,
    shares: Shares,
    /// Empty buffers of former ticks.
    spare: Vec<RoomLog>,
    draft: Draft,
    /// The bytes of all lines of rooms, each line in its longest format.
    bytes: usize,
    /// The most bytes that a single peer was told.
    most_told: usize,
    /// Lines of rooms since the start, each once for everyone who reads it.
    deliveries: u64,
}

impl Fanout {
    /// Sets the format of a newcomer. It holds until they enter a room in another one.
    pub fn introduce(&mut self, slot: Slot, format: Format) {
        self.shares.get(slot).format = format;
    }

    /// From now on the peer reads the room too, in this format. If they read it already, this changes how. In a room that
    /// is not the peer's current one, its name stands before each line.
    pub fn enter(
        &mut self,
        slot: Slot,
        room: RoomId,
        name: &RoomName,
        is_current: bool,
        format: Format,
    ) {
        self.shares.get(slot).format = format;
        self.channels.set_name(room, name);
        let view = View::new(format, (!is_current).then_some(name));
        if let Some(before) = self.membership(slot, room) {
            if self.channels.get(before.channel).view == view {
                return;
            }
            self.exit(slot, room);
        }
        let channel = self.channels.find_or_make(room, view);
        let joined = Membership {
            channel,
            seat: self.channels.add(channel, slot),
            from: self.end(channel),
        };
        self.shares.join(slot, joined);
        debug_assert!(self.shares.memberships(slot).count() <= ROOMS_HEARD);
    }

    /// From now on the peer does not read the room. Earlier lines are still theirs.
    pub fn exit(&mut self, slot: Slot, room: RoomId) {
        let Some(left) = self.membership(slot, room) else {
            return;
        };
        let channel = left.channel;
        self.seal(slot, left, self.end(channel));
        self.shares.leave(slot, channel);
        if let Some(moved) = self.channels.remove(channel, left.seat) {
            self.shares.set_seat(moved, channel, left.seat);
        }
    }

    /// Drops the share of a peer who is gone: nobody would read it.
    pub fn forget(&mut self, slot: Slot) {
        self.shares.empty(slot);
    }

    /// Says something to everyone in the room except `except`. All people read the same line, apart from its stamp and tag;
    /// all programs read the same object.
    pub fn say(&mut self, room: RoomId, except: impl Iterator<Item = Slot>, told: &Told<'_>) {
        let Some(heard) = self.channels.rooms.get_mut(room.index()) else {
            return;
        };
        let is_unread = heard.programs == 0 && is_hidden(told.message, Format::PLAIN, false);
        if heard.readers == 0 || is_unread {
            return;
        }
        let log = *heard.log.get_or_insert_with(|| {
            self.logs.push(self.spare.pop().unwrap_or_default());
            self.spoken.push(room);
            LogId::new(self.logs.len() - 1)
        });
        let log = &mut self.logs[log.index()];
        let line = log.end();
        let name = heard.name.as_ref().filter(|_| heard.programs > 0);
        let bytes = log.append(told, self.place, heard.stamp + heard.tag, name);
        self.place = self.place.next();
        self.bytes += bytes;
        tally::write(bytes);
        self.deliveries += u64::from(heard.readers);
        if log.hides_last() {
            tally::steps(heard.channels.len());
            let channels = heard.channels.iter();
            let channels = channels.map(|it| &self.channels.channels[it.index()]);
            let hiding = channels.filter(|it| it.view.hides(told.message));
            self.deliveries -= hiding.map(|it| it.members.len() as u64).sum::<u64>();
        }
        for slot in except {
            self.leave_out(slot, room, told.message, line);
        }
    }

    /// Tells one peer something, after everything that they were told before.
    pub fn reply(&mut self, slot: Slot, told: &Told<'_>) {
        let format = self.shares.get(slot).format;
        self.reply_with(slot, |log| write_message(told, format, None, slot, log));
    }

    /// Tells one peer alone what happened in a room.
    pub fn reply_in(&mut self, slot: Slot, room: &RoomName, told: &Told<'_>) {
        let format = self.shares.get(slot).format;
        self.reply_with(slot, |log| {
            write_message(told, format, Some(room), slot, log)
        });
    }

    /// Sends one peer bytes of the protocol, after everything that they were told before.
    pub fn reply_raw(&mut self, slot: Slot, bytes: &[u8]) {
        self.reply_with(slot, |log| log.extend_from_slice(bytes));
    }

    /// How many bytes were said to rooms in this tick, each line in its longest format.
    pub fn said_bytes(&self) -> usize {
        self.bytes
    }

    /// How many bytes were told to single peers in this tick.
    pub fn reply_bytes(&self) -> usize {
        self.replies.0.len()
    }

    /// The lines of rooms since the start, each once for everyone who was to read it.
    pub fn deliveries(&self) -> u64 {
        self.deliveries
    }

    /// How many bytes one peer alone was told in this tick, with what it takes to keep them in order.
    pub fn told(&self, slot: Slot) -> usize {
        self.shares.told(slot)
    }

    /// Whether enough was told in this tick, so that it is time to write. Lines of rooms are bounded for the sake of
    /// everyone there. Messages to single peers are bounded for their memory, and for the sake of each peer.
    pub fn is_full(&self) -> bool {
        self.bytes >= LOG_BYTES
            || self.reply_bytes() >= REPLIES_BYTES
            || self.most_told >= LOG_BYTES
    }

    fn reply_with(&mut self, slot: Slot, write: impl FnOnce(&mut BytesMut)) {
        for i in 0.. {
            let it = self.shares.memberships(slot).nth(i);
            let Some(it) = it else { break };
            self.seal(slot, it, self.end(it.channel));
        }
        let (replies, ends) = &mut self.replies;
        let start = replies.len() as u32;
        write(replies);
        let end = replies.len() as u32;
        if start == end {
            return;
        }
        ends.push(end);
        tally::write((end - start) as usize);
        self.shares.push_replies(slot, start..end);
        self.most_told = self.most_told.max(self.shares.told(slot));
    }

    /// Leaves the room's last line out of a peer's share, if it is there.
    fn leave_out(&mut self, slot: Slot, room: RoomId, message: &Message, line: Line) {
        tally::leave_out();
        if let Some(it) = self.membership(slot, room)
            && !self.channels.get(it.channel).view.hides(message)
        {
            // Somebody may be named twice.
            self.deliveries -= u64::from(it.from <= line);
            self.seal(slot, it, line);
            self.shares.set_from(slot, it.channel, line.next());
        }
    }

    /// Makes a span of the peer's lines of a channel up to the line `end`.
    fn seal(&mut self, slot: Slot, it: Membership, end: Line) {
        if it.from >= end {
            return;
        }
        let Membership { channel, from, .. } = it;
        self.shares.set_from(slot, channel, end);
        if let Some((log, view)) = self.channels.heard(channel) {
            let range = from..end;
            let lines = Lines {
                log,
                channel,
                range,
            };
            self.shares.push_lines(slot, lines, !view.is_plain());
        }
    }

    /// The peer's membership in the channel by which they read the room, if they do.
    fn membership(&self, slot: Slot, room: RoomId) -> Option<Membership> {
        let mut memberships = self.shares.memberships(slot);
        memberships.find(|it| self.channels.get(it.channel).room == room)
    }

    /// Where the log of the channel's room ends so far.
    fn end(&self, channel: ChannelId) -> Line {
        let heard = self.channels.heard(channel);
        heard.map_or(Line::FIRST, |(log, _)| self.logs[log.index()].end())
    }
}

#[cfg(test)]
mod tests;
