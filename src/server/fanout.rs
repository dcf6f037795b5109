//! `Fanout`: who is to be sent which bytes of this tick. No socket is touched here.
//!
//! The people of a room who read it in the same format form a channel. What is said in a room is rendered once for each of
//! its channels, and appended to the channel's log of the tick. For each peer there is kept only where in the log their
//! share begins, and a list of spans that were sealed before that: a share is sealed where a line is left out, their own
//! or one they ignore, where a reply to them alone has its place, and where they change channels. So a message costs the
//! same in a room of any size, nothing is allocated for a delivery, and what each peer reads has the order in which the
//! hub handled the lines.
//!
//! At the end of the tick the logs are frozen, and each member of a channel is given the same slices. Invariants: a
//! channel's `members` and the shares that name the channel agree; between ticks every log and every share is empty.

use bytes::BytesMut;

use crate::id::RoomId;
use crate::message::Message;
use crate::moment::Format;
use crate::net::{Log, Piece};
use crate::wire::{is_hidden, render};

/// No channel, no span: the end of a list.
const NONE: u32 = u32::MAX;

/// Buffers kept from one tick for the next; with more channels than that talking at once, the rest are allocated anew.
const SPARE_LOGS: usize = 8;

/// A buffer of this size, in bytes, is kept however little of it was used.
const MIN_LOG: usize = 4 * 1024;

/// The log of what is told to single peers, among the logs of a tick.
const REPLIES: u32 = 0;

/// The logs of the present tick, and everyone's share in them. Peers are known by their slots.
#[derive(Debug)]
pub struct Fanout {
    /// The logs of this tick: replies first, then one for each of the channels in `spoken`.
    logs: Vec<BytesMut>,
    /// Channels in which something was said in this tick.
    spoken: Vec<u32>,
    channels: Vec<Channel>,
    /// Channels that are not in use.
    free: Vec<u32>,
    /// The channels of each room.
    rooms: Vec<Vec<u32>>,
    shares: Vec<Share>,
    /// The sealed spans of all shares, each with the place of the next one of the same share.
    spans: Vec<Span>,
    /// Peers who have sealed spans.
    sealed: Vec<u32>,
    /// Empty buffers of former ticks.
    spare: Vec<BytesMut>,
    /// The sum of the logs' lengths.
    bytes: usize,
}

/// Those in a room who read it in the same format.
#[derive(Debug)]
struct Channel {
    room: RoomId,
    format: Format,
    members: Vec<u32>,
    /// The channel's place among the logs of this tick; [`REPLIES`] while nothing was said.
    log: u32,
    /// Where in the log the last message begins.
    last: u32,
}

/// One peer's share of the tick.
#[derive(Debug, Clone, Copy)]
struct Share {
    /// The channel that the peer reads, and the peer's place among its members.
    channel: u32,
    seat: u32,
    /// From where on the channel's log is still to be theirs.
    from: u32,
    /// First and last of the sealed spans.
    first: u32,
    last: u32,
}

#[derive(Debug, Clone, Copy)]
struct Span {
    log: u32,
    start: u32,
    end: u32,
    next: u32,
}

/// The frozen logs of a tick.
#[derive(Debug)]
pub struct Logs(Vec<Log>);

impl Logs {
    fn piece(&self, log: u32, start: u32, end: u32) -> Piece<'_> {
        Piece {
            log: &self.0[log as usize],
            range: start as usize..end as usize,
        }
    }
}

impl Default for Fanout {
    fn default() -> Fanout {
        Fanout {
            logs: vec![BytesMut::new()],
            spoken: Vec::new(),
            channels: Vec::new(),
            free: Vec::new(),
            rooms: Vec::new(),
            shares: Vec::new(),
            spans: Vec::new(),
            sealed: Vec::new(),
            spare: Vec::new(),
            bytes: 0,
        }
    }
}

impl Fanout {
    /// From now on the peer reads the room, in this format.
    pub fn enter(&mut self, slot: u32, room: RoomId, format: Format) {
        self.exit(slot);
        let channel = self.find_or_make(room, format);
        let from = self.end(channel);
        let members = &mut self.channels[channel as usize].members;
        let seat = members.len() as u32;
        members.push(slot);
        let share = self.share(slot);
        (share.channel, share.seat, share.from) = (channel, seat, from);
    }

    /// From now on the peer reads no room. What was said before is still theirs.
    pub fn exit(&mut self, slot: u32) {
        let Share { channel, seat, .. } = *self.share(slot);
        if channel == NONE {
            return;
        }
        self.seal(slot, self.end(channel));
        let share = self.share(slot);
        (share.channel, share.from) = (NONE, 0);
        let left = &mut self.channels[channel as usize];
        left.members.swap_remove(seat as usize);
        if let Some(&moved) = left.members.get(seat as usize) {
            self.shares[moved as usize].seat = seat;
        }
        self.free_if_unused(channel);
    }

    /// Says something to everyone in the room but those who are not to read it. `unix` is when: seconds since
    /// 1970-01-01 00:00 UTC.
    pub fn say(
        &mut self,
        room: RoomId,
        except: impl Iterator<Item = u32>,
        message: &Message,
        unix: i64,
    ) {
        for i in 0..self.rooms.get(room.index()).map_or(0, Vec::len) {
            let channel = self.rooms[room.index()][i];
            let heard = &mut self.channels[channel as usize];
            let format = heard.format;
            if heard.members.is_empty() || is_hidden(message, format) {
                continue;
            }
            if heard.log == REPLIES {
                heard.log = self.logs.len() as u32;
                self.logs.push(self.spare.pop().unwrap_or_default());
                self.spoken.push(channel);
            }
            let log = heard.log;
            let (start, _) = self.append(log, |log| render(message, unix, format, log));
            self.channels[channel as usize].last = start;
        }
        for slot in except {
            self.leave_out(slot, room, message);
        }
    }

    /// Tells one peer something, in its place behind what they were told before.
    pub fn reply(&mut self, slot: u32, message: &Message, unix: i64) {
        let channel = self.share(slot).channel;
        let format = self.channels.get(channel as usize).map(|it| it.format);
        let format = format.unwrap_or_default();
        self.reply_with(slot, |log| render(message, unix, format, log));
    }

    /// Sends one peer bytes of the protocol, in their place behind what the peer was told before.
    pub fn reply_raw(&mut self, slot: u32, bytes: &[u8]) {
        self.reply_with(slot, |log| log.extend_from_slice(bytes));
    }

    /// How many bytes were told to single peers in this tick.
    pub fn reply_bytes(&self) -> usize {
        self.logs[REPLIES as usize].len()
    }

    /// How many bytes were logged in this tick.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Ends the tick: freezes the logs, and passes everyone who has a share in them to `reader`, some of them twice.
    /// Each share is then to be taken once.
    pub fn freeze(&mut self, mut reader: impl FnMut(u32)) -> Logs {
        self.bytes = 0;
        self.sealed.drain(..).for_each(&mut reader);
        for &channel in &self.spoken {
            let members = &self.channels[channel as usize].members;
            members.iter().copied().for_each(&mut reader);
        }
        let logs = self.logs.drain(..).enumerate();
        let frozen = logs.map(|(i, log)| Log::new(log, i != REPLIES as usize));
        Logs(frozen.collect())
    }

    /// Takes a peer's share out: the pieces of the logs, in order, that they are to be sent.
    pub fn take_share<'a>(&mut self, slot: u32, logs: &'a Logs, pieces: &mut Vec<Piece<'a>>) {
        let share = self.share(slot);
        let mut next = share.first;
        let (channel, from) = (share.channel, std::mem::take(&mut share.from));
        (share.first, share.last) = (NONE, NONE);

        while next != NONE {
            let span = self.spans[next as usize];
            pieces.push(logs.piece(span.log, span.start, span.end));
            next = span.next;
        }
        if let Some(log) = self.log(channel) {
            let end = logs.0[log as usize].bytes().len() as u32;
            if from < end {
                pieces.push(logs.piece(log, from, end));
            }
        }
    }

    /// Begins the next tick, when every share was taken, with the buffers of this one.
    pub fn thaw(&mut self, logs: Logs) {
        for channel in std::mem::take(&mut self.spoken) {
            self.channels[channel as usize].log = REPLIES;
            self.free_if_unused(channel);
        }
        self.spans.clear();
        for log in logs.0 {
            let mut buffer = log.into_buffer();
            // A buffer that a burst made large goes with it.
            let worth_keeping = buffer.capacity() <= 4 * buffer.len().max(MIN_LOG);
            if worth_keeping && self.spare.len() < SPARE_LOGS {
                buffer.clear();
                self.spare.push(buffer);
            }
        }
        self.logs.push(self.spare.pop().unwrap_or_default());
        debug_assert!(
            self.shares
                .iter()
                .all(|share| share.from == 0 && share.first == NONE)
        );
    }

    fn reply_with(&mut self, slot: u32, write: impl FnOnce(&mut BytesMut)) {
        let channel = self.share(slot).channel;
        if channel != NONE {
            self.seal(slot, self.end(channel));
        }
        let (start, end) = self.append(REPLIES, write);
        self.push_span(slot, REPLIES, start, end);
    }

    /// Appends to a log of this tick. Returns where it began and ended.
    fn append(&mut self, log: u32, write: impl FnOnce(&mut BytesMut)) -> (u32, u32) {
        let log = &mut self.logs[log as usize];
        let start = log.len();
        write(log);
        self.bytes += log.len() - start;
        (start as u32, log.len() as u32)
    }

    /// Leaves the message that was just said in the room out of a peer's share, if it is there.
    fn leave_out(&mut self, slot: u32, room: RoomId, message: &Message) {
        let channel = self.share(slot).channel;
        let Some(heard) = self.channels.get(channel as usize) else {
            return;
        };
        if heard.room == room && !is_hidden(message, heard.format) {
            self.seal(slot, heard.last);
            self.share(slot).from = self.end(channel);
        }
    }

    /// Makes a span of what the peer has read of their channel up to `end`.
    fn seal(&mut self, slot: u32, end: u32) {
        let share = self.share(slot);
        let (channel, start) = (share.channel, std::mem::replace(&mut share.from, end));
        if start < end
            && let Some(log) = self.log(channel)
        {
            self.push_span(slot, log, start, end);
        }
    }

    fn push_span(&mut self, slot: u32, log: u32, start: u32, end: u32) {
        let last = self.share(slot).last;
        if let Some(span) = self.spans.get_mut(last as usize)
            && (span.log, span.end) == (log, start)
        {
            span.end = end;
            return;
        }
        let this = self.spans.len() as u32;
        let next = NONE;
        self.spans.push(Span {
            log,
            start,
            end,
            next,
        });
        if last == NONE {
            self.share(slot).first = this;
            self.sealed.push(slot);
        } else {
            self.spans[last as usize].next = this;
        }
        self.share(slot).last = this;
    }

    /// The channel of a room and a format, made if need be.
    fn find_or_make(&mut self, room: RoomId, format: Format) -> u32 {
        if self.rooms.len() <= room.index() {
            self.rooms.resize_with(room.index() + 1, Vec::new);
        }
        let mut channels = self.rooms[room.index()].iter();
        if let Some(&found) = channels.find(|it| self.channels[**it as usize].format == format) {
            return found;
        }
        let made = Channel {
            room,
            format,
            members: Vec::new(),
            log: REPLIES,
            last: 0,
        };
        let channel = match self.free.pop() {
            Some(channel) => {
                self.channels[channel as usize] = made;
                channel
            }
            None => {
                self.channels.push(made);
                self.channels.len() as u32 - 1
            }
        };
        self.rooms[room.index()].push(channel);
        channel
    }

    /// Frees a channel that nobody reads, once its log is written.
    fn free_if_unused(&mut self, channel: u32) {
        let it = &self.channels[channel as usize];
        if it.members.is_empty() && it.log == REPLIES {
            self.rooms[it.room.index()].retain(|&other| other != channel);
            self.free.push(channel);
        }
    }

    /// Where the channel's log ends so far.
    fn end(&self, channel: u32) -> u32 {
        let log = self.log(channel);
        log.map_or(0, |log| self.logs[log as usize].len()) as u32
    }

    /// The channel's place among the logs, if something was said there in this tick.
    fn log(&self, channel: u32) -> Option<u32> {
        let log = self.channels.get(channel as usize)?.log;
        (log != REPLIES).then_some(log)
    }

    fn share(&mut self, slot: u32) -> &mut Share {
        const EMPTY: Share = Share {
            channel: NONE,
            seat: 0,
            from: 0,
            first: NONE,
            last: NONE,
        };
        let index = slot as usize;
        if index >= self.shares.len() {
            self.shares.resize(index + 1, EMPTY);
        }
        &mut self.shares[index]
    }
}

#[cfg(test)]
mod tests;
