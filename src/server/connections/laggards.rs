//! Laggards: the peers that output waits for, how much waits, and which of them take nothing at all.

use std::time::Instant;

use crate::id::Slot;
use crate::limits::{SLOW_ASKED, STALL};
use crate::net::{Connection, Gauge, SendQueue};

use super::Connections;

impl Connections {
    /// Changes the waiting output of a peer, and keeps the sums in step.
    pub(in crate::server) fn change_queue<R>(
        &mut self,
        slot: Slot,
        change: impl FnOnce(&mut Connection) -> R,
    ) -> R {
        let connection = &mut self.peers[slot.index()].connection;
        let before = connection.own();
        let result = change(connection);
        let after = connection.own();
        self.laggards =
            self.laggards + usize::from(after.is_some()) - usize::from(before.is_some());
        self.own = self.own + after.unwrap_or(0) - before.unwrap_or(0);
        result
    }

    /// Measures the copies that queues share.
    pub(in crate::server) fn gauge(&self) -> &Gauge {
        &self.gauge
    }

    /// The memory that all queues take together, in bytes. Copies that they share count once.
    pub(in crate::server) fn held(&self) -> usize {
        self.own + self.gauge.bytes()
    }

    /// The output that waits for one peer, in bytes.
    pub(in crate::server) fn held_by(&self, slot: Slot) -> usize {
        let queue = self.peers[slot.index()].connection.queue();
        queue.map_or(0, SendQueue::held)
    }

    /// The number of peers that output waits for.
    pub(in crate::server) fn behind(&self) -> usize {
        self.laggards
    }

    /// Whether no output waits for anyone.
    pub(in crate::server) fn is_flushed(&self) -> bool {
        self.laggards == 0
    }

    /// The peers that output waits for.
    pub(in crate::server) fn laggards(&self) -> impl Iterator<Item = Slot> {
        let peers = self.peers.iter();
        let laggards = peers.filter(|(_, peer)| peer.connection.queue().is_some());
        laggards.map(|(slot, _)| Slot::new(slot))
    }

    /// From now on looks for peers that read nothing, if output waits for anyone.
    pub(in crate::server) fn watch_for_stalls(&mut self, now: Instant) {
        if self.laggards > 0 {
            self.timers.check_for_stalls(now);
        }
    }

    /// The peers whose sockets have taken nothing for too long. The server looks for them now and then, as long as
    /// anyone is behind or slow.
    pub(in crate::server) fn stalled(&mut self, now: Instant) -> Vec<Slot> {
        if !self.timers.is_stall_check_due(now) {
            return Vec::new();
        }
        if self.note_slow() || self.laggards > 0 {
            self.timers.check_for_stalls(now);
        }
        let mut laggards: Vec<Slot> = self.laggards().collect();
        laggards.retain(|&slot| self.is_stalled(slot, now));
        laggards
    }

    /// Makes the kernel wait for laggards until they have caught up, and asks it about them by turns. Returns whether
    /// it waits for anyone.
    fn note_slow(&mut self) -> bool {
        let (mut is_any, mut asked) = (false, 0);
        for (slot, peer) in &mut self.peers {
            let connection = &peer.connection;
            if !peer.is_slow {
                peer.is_slow = connection.queue().is_some() && connection.wait_for_slow_reader();
            } else if slot >= self.next_asked && asked < SLOW_ASKED {
                asked += 1;
                self.next_asked = slot + 1;
                peer.is_slow = !connection.has_caught_up(&mut self.unsent);
            }
            is_any |= peer.is_slow;
        }
        if asked < SLOW_ASKED {
            self.next_asked = 0;
        }
        is_any
    }

    fn is_stalled(&mut self, slot: Slot, now: Instant) -> bool {
        let is_stuck = |connection: &Connection| {
            let since = connection.stuck_since();
            since.is_some_and(|since| now.duration_since(since) >= STALL)
        };
        if !is_stuck(self.connection(slot)) {
            return false;
        }
        // The kernel reports room only when there is a lot, which can take a slow reader longer than the limit.
        let sent = self.change_queue(slot, |connection| connection.retry(now));
        self.sent += sent as u64;
        self.mark_dirty(slot);
        is_stuck(self.connection(slot))
    }
}
