//! `Fanout`: who is to be sent which bytes of this tick. No socket is touched here.
//!
//! What is said in a room is rendered once and appended to the room's log of the tick. For each peer there is kept only
//! where in the log their share begins, and a list of spans that were sealed before that: a share is sealed where a
//! line of their own is left out, where a reply to them alone has its place, and where they change rooms. So a message
//! costs the same in a room of any size, nothing is allocated for a delivery, and what each peer reads has the order
//! in which the hub handled the lines.
//!
//! At the end of the tick the logs are frozen, and each member of a room is given the same slices. Invariants: a room's
//! `members` and the shares that name the room agree; between ticks every log and every share is empty.

use bytes::BytesMut;

use crate::id::RoomId;
use crate::message::Message;
use crate::net::{Log, Piece};
use crate::wire::render;

/// No room, no span: the end of a list.
const NONE: u32 = u32::MAX;

/// Buffers kept from one tick for the next; with more rooms than that talking at once, the rest are allocated anew.
const SPARE_LOGS: usize = 8;

/// A buffer of this size, in bytes, is kept however little of it was used.
const MIN_LOG: usize = 4 * 1024;

/// The log of what is told to single peers, among the logs of a tick.
const REPLIES: u32 = 0;

/// The logs of the present tick, and everyone's share in them. Peers are known by their slots.
#[derive(Debug)]
pub struct Fanout {
    /// The logs of this tick: replies first, then one for each of the rooms in `spoken`.
    logs: Vec<BytesMut>,
    /// Rooms in which something was said in this tick.
    spoken: Vec<RoomId>,
    rooms: Vec<Room>,
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

#[derive(Debug, Default)]
struct Room {
    members: Vec<u32>,
    /// The room's place among the logs of this tick; [`REPLIES`] while nothing was said.
    log: u32,
}

/// One peer's share of the tick.
#[derive(Debug, Clone, Copy)]
struct Share {
    /// The room that the peer reads, and the peer's place among its members.
    room: u32,
    seat: u32,
    /// From where on the room's log is still to be theirs.
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
    /// From now on the peer reads the room.
    pub fn enter(&mut self, slot: u32, room: RoomId) {
        self.exit(slot);
        if self.rooms.len() <= room.index() {
            self.rooms.resize_with(room.index() + 1, Room::default);
        }
        let from = self.room_end(room.0);
        let members = &mut self.rooms[room.index()].members;
        let seat = members.len() as u32;
        members.push(slot);
        let share = self.share(slot);
        (share.room, share.seat, share.from) = (room.0, seat, from);
    }

    /// From now on the peer reads no room. What was said before is still theirs.
    pub fn exit(&mut self, slot: u32) {
        let Share { room, seat, .. } = *self.share(slot);
        if room == NONE {
            return;
        }
        self.seal(slot, self.room_end(room));
        let share = self.share(slot);
        (share.room, share.from) = (NONE, 0);
        let members = &mut self.rooms[room as usize].members;
        members.swap_remove(seat as usize);
        if let Some(&moved) = members.get(seat as usize) {
            self.shares[moved as usize].seat = seat;
        }
    }

    /// Says something to everyone in the room but one.
    pub fn say(&mut self, room: RoomId, except: Option<u32>, message: &Message) {
        let Some(heard) = self.rooms.get_mut(room.index()) else {
            return;
        };
        if heard.members.is_empty() {
            return;
        }
        if heard.log == REPLIES {
            heard.log = self.logs.len() as u32;
            self.logs.push(self.spare.pop().unwrap_or_default());
            self.spoken.push(room);
        }
        let log = self.rooms[room.index()].log;
        let (start, end) = self.append(log, |log| render(message, log));
        if let Some(slot) = except
            && self.share(slot).room == room.0
        {
            self.seal(slot, start);
            self.share(slot).from = end;
        }
    }

    /// Tells one peer something, in its place behind what they were told before.
    pub fn reply(&mut self, slot: u32, message: &Message) {
        self.reply_with(slot, |log| render(message, log));
    }

    /// Sends one peer bytes of the protocol, in their place behind what the peer was told before.
    pub fn reply_raw(&mut self, slot: u32, bytes: &[u8]) {
        self.reply_with(slot, |log| log.extend_from_slice(bytes));
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
        for room in &self.spoken {
            let members = &self.rooms[room.index()].members;
            members.iter().copied().for_each(&mut reader);
        }
        let frozen = self.logs.drain(..).map(|log| Log {
            allocated: log.capacity(),
            bytes: log.freeze(),
        });
        Logs(frozen.collect())
    }

    /// Takes a peer's share out: the pieces of the logs, in order, that they are to be sent.
    pub fn take_share<'a>(&mut self, slot: u32, logs: &'a Logs, pieces: &mut Vec<Piece<'a>>) {
        let share = self.share(slot);
        let mut next = share.first;
        let (room, from) = (share.room, std::mem::take(&mut share.from));
        (share.first, share.last) = (NONE, NONE);

        while next != NONE {
            let span = self.spans[next as usize];
            pieces.push(logs.piece(span.log, span.start, span.end));
            next = span.next;
        }
        let end = self.room_log(room).map_or(0, |log| logs.0[log].bytes.len()) as u32;
        if from < end {
            pieces.push(logs.piece(self.rooms[room as usize].log, from, end));
        }
    }

    /// Begins the next tick, when every share was taken. A log that nobody keeps a slice of is used again.
    pub fn thaw(&mut self, logs: Logs) {
        for room in self.spoken.drain(..) {
            self.rooms[room.index()].log = REPLIES;
        }
        self.spans.clear();
        for log in logs.0 {
            // A buffer that a burst made large goes with it.
            let worth_keeping = log.allocated <= 4 * log.bytes.len().max(MIN_LOG);
            if worth_keeping
                && self.spare.len() < SPARE_LOGS
                && let Ok(mut buffer) = log.bytes.try_into_mut()
            {
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
        let room = self.share(slot).room;
        if room != NONE {
            self.seal(slot, self.room_end(room));
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

    /// Makes a span of what the peer has read of their room up to `end`.
    fn seal(&mut self, slot: u32, end: u32) {
        let share = self.share(slot);
        let (room, start) = (share.room, std::mem::replace(&mut share.from, end));
        if start < end
            && let Some(log) = self.room_log(room)
        {
            self.push_span(slot, log as u32, start, end);
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

    /// Where the room's log ends so far.
    fn room_end(&self, room: u32) -> u32 {
        self.room_log(room).map_or(0, |log| self.logs[log].len()) as u32
    }

    /// The room's place among the logs, if something was said there in this tick.
    fn room_log(&self, room: u32) -> Option<usize> {
        let log = self.rooms.get(room as usize)?.log;
        (log != REPLIES).then_some(log as usize)
    }

    fn share(&mut self, slot: u32) -> &mut Share {
        const EMPTY: Share = Share {
            room: NONE,
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
mod tests {
    use super::*;
    use crate::name::Username;

    const LOBBY: RoomId = RoomId::LOBBY;

    fn said(text: &str) -> Message {
        Message::Said {
            from: Username::parse("x").unwrap(),
            text: text.into(),
        }
    }

    /// Ends the tick and returns what each of the slots reads, without the line ends.
    fn read<const N: usize>(fanout: &mut Fanout, slots: [u32; N]) -> [String; N] {
        let mut readers = Vec::new();
        let logs = fanout.freeze(|slot| readers.push(slot));
        readers.extend(slots);
        readers.sort_unstable();
        readers.dedup();
        let mut texts = [const { String::new() }; N];
        for slot in readers {
            let mut pieces = Vec::new();
            fanout.take_share(slot, &logs, &mut pieces);
            assert!(pieces.iter().all(|piece| !piece.range.is_empty()));
            if let Some(i) = slots.iter().position(|&s| s == slot) {
                let bytes: Vec<u8> = pieces.iter().flat_map(|p| p.bytes()).copied().collect();
                texts[i] = String::from_utf8(bytes).unwrap().replace("\r\n", "|");
            }
        }
        fanout.thaw(logs);
        texts
    }

    fn lobby_of(people: u32) -> Fanout {
        let mut fanout = Fanout::default();
        for slot in 0..people {
            fanout.enter(slot, LOBBY);
        }
        fanout
    }

    #[test]
    fn everyone_reads_every_line_but_their_own() {
        let mut fanout = lobby_of(3);
        for (slot, text) in [(0, "a"), (1, "b"), (1, "c"), (0, "d")] {
            fanout.say(LOBBY, Some(slot), &said(text));
        }
        let texts = read(&mut fanout, [0, 1, 2]);
        assert_eq!(texts, ["x: b|x: c|", "x: a|x: d|", "x: a|x: b|x: c|x: d|"]);
        assert_eq!(read(&mut fanout, [0, 1, 2]), ["", "", ""]);
    }

    #[test]
    fn a_reply_keeps_its_place_among_the_lines_of_the_room() {
        let mut fanout = lobby_of(2);
        fanout.say(LOBBY, Some(1), &said("before"));
        fanout.reply(0, &Message::UsersOnline(2));
        fanout.reply(0, &Message::UsersOnline(3));
        fanout.say(LOBBY, Some(1), &said("after"));
        let [text, _] = read(&mut fanout, [0, 1]);
        assert_eq!(text, "x: before|Users online: 2|Users online: 3|x: after|");
        assert_eq!(fanout.spans.len(), 0);
    }

    #[test]
    fn who_comes_reads_from_then_on_and_who_goes_until_then() {
        let mut fanout = lobby_of(2);
        fanout.say(LOBBY, None, &said("one"));
        fanout.enter(2, LOBBY);
        fanout.say(LOBBY, None, &said("two"));
        fanout.exit(0);
        fanout.say(LOBBY, None, &said("three"));
        fanout.reply(0, &Message::Goodbye);
        let texts = read(&mut fanout, [0, 1, 2]);
        assert_eq!(
            texts,
            [
                "x: one|x: two|Goodbye!|",
                "x: one|x: two|x: three|",
                "x: two|x: three|"
            ]
        );
    }

    #[test]
    fn changing_rooms_keeps_the_order() {
        let other = RoomId(3);
        let mut fanout = lobby_of(2);
        fanout.enter(2, other);
        fanout.say(LOBBY, None, &said("here"));
        fanout.say(other, None, &said("missed"));
        fanout.enter(0, other);
        fanout.say(LOBBY, None, &said("gone"));
        fanout.say(other, Some(0), &said("mine"));
        fanout.say(other, None, &said("there"));
        let texts = read(&mut fanout, [0, 1, 2]);
        assert_eq!(
            texts,
            [
                "x: here|x: there|",
                "x: here|x: gone|",
                "x: missed|x: mine|x: there|"
            ]
        );
    }

    #[test]
    fn a_log_is_used_again_unless_a_slice_of_it_is_kept() {
        let mut fanout = lobby_of(1);
        fanout.say(LOBBY, None, &said(&"x".repeat(1000)));
        let logs = fanout.freeze(|_| {});
        fanout.take_share(0, &logs, &mut Vec::new());
        let kept = logs.0[1].bytes.clone();
        fanout.thaw(logs);
        assert!(fanout.spare.iter().all(|log| log.capacity() < 1000));

        fanout.say(LOBBY, None, &said(&"y".repeat(1000)));
        read(&mut fanout, [0]);
        assert!(
            fanout
                .spare
                .iter()
                .chain(&fanout.logs)
                .any(|log| log.capacity() >= 1000)
        );
        assert!(kept.starts_with(b"x: x"));
    }
}
