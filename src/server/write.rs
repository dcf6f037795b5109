//! The write phase: everyone is sent their share of the tick's logs.

use std::time::Instant;

use crate::error::CloseReason;
use crate::limits::{LOG_BYTES, SHORT_WRITE_PHASE};

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
            let connection = self.connections.connection(slot);
            connection.send(&pieces);
            pieces.clear();
            let readable = connection.readiness.readable;
            let queued = connection.queued();
            if queued > self.config.send_queue {
                let is_new = self.connections.doom(slot, CloseReason::SendQueueFull);
                self.stats.dropped += u64::from(is_new);
            }
            if readable {
                self.connections.mark_runnable(slot);
            }
            self.connections.advance_closing(slot, now);
        }
        drop(pieces);
        self.fanout.thaw(logs);
        self.last_write = self.poller.instant().saturating_duration_since(begun);
    }
}
