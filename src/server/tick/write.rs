//! The write phase: sends everyone their share of the tick's logs, and keeps the waiting output of laggards within its
//! bounds.

use std::cmp::Reverse;
use std::mem;
use std::time::Instant;

use bytes::BytesMut;

use crate::error::CloseReason;
use crate::id::Slot;
use crate::limits::{FLUSH_BYTES, FLUSH_CALL_BYTES};
use crate::message::{AboutConnection, Message, Told};
use crate::moment::Format;
use crate::net::Connection;
use crate::server::fanout::Dealt;
use crate::wire::write_message;

use super::Talk;

impl Talk {
    /// Writes to each dirty peer once: its share of the tick's logs, and then the output that waited for it before.
    /// Peers that read the same bytes are served one after the other.
    pub(in crate::server) fn write(&mut self, now: Instant) {
        let gauge = self.connections.gauge().clone();
        let mark = |slot| self.connections.mark_dirty(slot);
        let logs = self.fanout.freeze(&gauge, mark);
        let mut dirty = self.connections.take_dirty();
        let mut behind = Vec::new();
        let mut fanout = mem::take(&mut self.fanout);
        fanout.deal(logs, &mut dirty, |dealt| match dealt {
            Dealt::Share(slot, pieces) => {
                let send = |connection: &mut Connection| connection.send(now, pieces);
                let sent = self.connections.change_queue(slot, send);
                self.connections.sent += sent as u64;
                match self.connections.connection(slot).has_output() {
                    true => behind.push(slot),
                    false => self.written(now, slot),
                }
            }
            Dealt::GroupEnd => self.skip_of_all(),
        });
        self.fanout = fanout;
        self.flush(now, behind);
        self.bound_all_queues();
        self.connections.watch_for_stalls(now);
    }

    /// Writes the waiting output of laggards, by turns, until the tick has had enough. The next tick begins with the
    /// laggards that had no turn.
    fn flush(&mut self, now: Instant, mut behind: Vec<Slot>) {
        behind.sort_unstable();
        let next = behind.partition_point(|&slot| slot <= self.flushed_last);
        behind.rotate_left(next);
        let mut written = 0;
        for slot in behind {
            if written < FLUSH_BYTES {
                let flush = |connection: &mut Connection| connection.flush(now);
                let sent = self.connections.change_queue(slot, flush);
                self.connections.sent += sent as u64;
                written += FLUSH_CALL_BYTES + sent;
                self.flushed_last = slot;
            }
            self.written(now, slot);
        }
    }

    /// Updates the state of a peer that was written to.
    fn written(&mut self, now: Instant, slot: Slot) {
        self.bound_queue(slot);
        let connection = self.connections.connection(slot);
        let has_output = connection.has_output();
        // A socket that cannot be written must still be read, and a peer that has caught up may be read again.
        if self.connections.has_input(slot) {
            self.connections.mark_runnable(slot, now);
        }
        // The next tick writes the rest, if the socket takes more.
        if has_output {
            self.connections.mark_dirty(slot);
        }
        self.connections.advance_closing(slot, now);
    }

    /// Keeps a peer's queue within its bound. Lines of the room are skipped; a peer with too much other output waiting
    /// is dropped. The rest of a partly written line never counts as too much, however long it is.
    fn bound_queue(&mut self, slot: Slot) {
        let limit = self.config.send_queue;
        let queue = self.connections.connection(slot).queue();
        if queue.is_none_or(|queue| queue.held() <= limit) {
            return;
        }
        self.skip_to(slot, limit);
        let queue = self.connections.connection(slot).queue();
        if queue.is_some_and(|queue| queue.held() - queue.begun() > limit) {
            self.drop_slow(slot, CloseReason::SendQueueFull);
        }
    }

    fn skip_to(&mut self, slot: Slot, limit: usize) {
        let format = Format {
            medium: self.connections.tongue(slot).medium(),
            ..Format::default()
        };
        let notice = |count, out: &mut BytesMut| {
            let notice: Message = AboutConnection::Skipped(count).into();
            write_message(&Told::new(&notice, 0), format, None, slot, out);
        };
        let skip = |connection: &mut Connection| connection.skip_to(limit, &notice);
        self.stats.skipped += self.connections.change_queue(slot, skip);
    }

    /// Keeps the memory of all queues together within its bound, as far as skipping lines of rooms can. The longest
    /// queues are cut by half, again and again, until there is some room. This frees memory that several queues share,
    /// because all of them skip the oldest lines.
    fn skip_of_all(&mut self) {
        let limit = self.config.all_queues;
        if self.connections.held() <= limit {
            return;
        }
        let laggards: Vec<Slot> = self.connections.laggards().collect();
        let lengths = laggards.iter().map(|&slot| self.connections.held_by(slot));
        let mut level = lengths.max().unwrap_or(0);
        while level > 0 && self.connections.held() > limit - limit / 4 {
            level /= 2;
            for &slot in &laggards {
                if self.connections.held_by(slot) > level {
                    self.skip_to(slot, level);
                }
            }
        }
    }

    /// Keeps the memory of all queues together within its bound. Lines of rooms go first. If too much is left, the
    /// peers with the most of it are dropped.
    fn bound_all_queues(&mut self) {
        self.skip_of_all();
        let limit = self.config.all_queues;
        if self.connections.held() <= limit {
            return;
        }
        let mut laggards: Vec<Slot> = self.connections.laggards().collect();
        laggards.sort_by_cached_key(|&slot| Reverse(self.connections.held_by(slot)));
        for slot in laggards {
            if self.connections.held() <= limit {
                break;
            }
            self.drop_slow(slot, CloseReason::SendQueueFull);
        }
    }

    /// Drops a peer that reads too slowly or not at all, with its waiting output.
    pub(super) fn drop_slow(&mut self, slot: Slot, reason: CloseReason) {
        self.connections.change_queue(slot, Connection::stop_output);
        let is_new = self.connections.doom(slot, reason);
        self.stats.dropped += u64::from(is_new);
        // If it was being closed already, it has nothing to wait for any more.
        self.connections.mark_dirty(slot);
    }
}
