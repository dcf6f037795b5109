//! The write phase: everyone is sent their share of the tick's logs, and what waits for those who are behind is kept
//! within bounds.

use std::time::Instant;

use crate::error::CloseReason;
use crate::limits::{LOG_BYTES, SHORT_WRITE_PHASE};
use crate::net::{Connection, Piece};

use super::Server;

impl Server {
    /// Whether to go round once more before writing. Where a burst of lines finds a big room, reading on for as long
    /// as the last write phase took saves whole write phases; where nothing more comes, the next tick writes.
    pub(super) fn may_read_on(&mut self, now: Instant) -> bool {
        let worthwhile = self.got_input
            && self.last_write >= SHORT_WRITE_PHASE
            && self.fanout.bytes() < LOG_BYTES;
        let since = *self.unwritten_since.get_or_insert(now);
        let put_off =
            worthwhile && self.poller.instant().saturating_duration_since(since) < self.last_write;
        if !put_off {
            self.unwritten_since = None;
        }
        put_off
    }

    /// Writes to each dirty peer once: their share of the tick's logs, and what they were owed before.
    pub(super) fn write(&mut self, now: Instant) {
        let begun = self.poller.instant();
        let logs = self.fanout.freeze(|slot| self.connections.mark_dirty(slot));
        let mut pieces = Vec::new();
        for slot in self.connections.take_dirty() {
            self.fanout.take_share(slot, &logs, &mut pieces);
            self.send(now, slot, &pieces);
            pieces.clear();
        }
        drop(pieces);
        self.fanout.thaw(logs);
        self.bound_all_queues();
        self.connections.watch_for_stalls(now);
        self.last_write = self.poller.instant().saturating_duration_since(begun);
    }

    fn send(&mut self, now: Instant, slot: u32, pieces: &[Piece<'_>]) {
        let send = |connection: &mut Connection| connection.send(now, pieces);
        self.connections.change_queue(slot, send);
        self.bound_queue(slot, self.config.send_queue);
        // A socket that cannot be written is still to be read, and one that was behind may be read again.
        if self.connections.connection(slot).has_input() {
            self.connections.mark_runnable(slot, now);
        }
        self.connections.advance_closing(slot, now);
    }

    /// Keeps a peer's queue within a bound: lines of the room are skipped, and who is owed more besides is dropped.
    fn bound_queue(&mut self, slot: u32, limit: usize) {
        let queue = self.connections.connection(slot).queue();
        if queue.is_none_or(|queue| queue.held() <= limit) {
            return;
        }
        let skip = |connection: &mut Connection| connection.skip_to(limit);
        self.stats.skipped += self.connections.change_queue(slot, skip);
        let queue = self.connections.connection(slot).queue();
        if queue.is_some_and(|queue| queue.held() > limit) {
            self.drop_slow(slot, CloseReason::SendQueueFull);
        }
    }

    /// Keeps all queues together within their bound: nobody is left more than an equal share of it.
    fn bound_all_queues(&mut self) {
        let limit = self.config.all_queues.max(self.config.send_queue);
        if self.connections.held() <= limit {
            return;
        }
        let laggards: Vec<u32> = self.connections.laggards().collect();
        let share = limit / laggards.len().max(1);
        for slot in laggards {
            self.bound_queue(slot, share);
        }
    }

    /// Drops a peer who reads too slowly or not at all, with what waits for it.
    pub(super) fn drop_slow(&mut self, slot: u32, reason: CloseReason) {
        self.connections.change_queue(slot, Connection::stop_output);
        let is_new = self.connections.doom(slot, reason);
        self.stats.dropped += u64::from(is_new);
        // One that was being closed already has nothing to wait for any more.
        self.connections.mark_dirty(slot);
    }
}
