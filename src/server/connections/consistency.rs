//! The invariants of the connections between two ticks.

use crate::id::{PeerId, Slot};
use crate::limits::ALL_QUEUES_BYTES;
use crate::net::{Handshake, SendQueue};

use super::{Connections, Timer};

impl Connections {
    /// The peers whose input is heard, and who are not about to leave.
    pub(in crate::server) fn open(&self) -> impl Iterator<Item = PeerId> {
        let slots = self.peers.iter().map(|(slot, _)| Slot::new(slot));
        let open = slots.filter(|slot| self.is_open(*slot));
        let is_doomed = |slot: Slot| self.peers[slot.index()].leaving.is_doomed();
        open.filter(move |slot| !is_doomed(*slot))
            .map(|slot| self.id(slot))
    }

    /// Whether lists, flags and sums agree, no queue is over its bound, and every peer without a turn waits for
    /// something that will come.
    pub(in crate::server) fn check_between_ticks(&self, send_queue: usize, all_queues: usize) {
        let doomed: Vec<Slot> = self.doomed.iter().map(|(slot, _)| *slot).collect();
        let runnable: Vec<Slot> = self.turns.iter().collect();
        assert!(self.finished.is_empty(), "slots were not freed");
        let (mut laggards, mut slow, mut sum) = (0, 0, 0);
        let (mut shared, mut pinned, mut handshakes) = (0, 0, 0);
        for (slot, peer) in &self.peers {
            let slot = Slot::new(slot);
            let is_doomed = peer.leaving.is_doomed();
            let count = |list: &[Slot]| list.iter().filter(|it| **it == slot).count();
            assert_eq!(
                count(&runnable),
                usize::from(peer.is_runnable),
                "runnable {slot}"
            );
            assert_eq!(
                count(&self.dirty),
                usize::from(peer.is_dirty),
                "dirty {slot}"
            );
            assert_eq!(count(&doomed), usize::from(is_doomed), "doomed {slot}");
            assert!(!peer.leaving.is_finished());
            let queue = peer.connection.queue();
            let held = queue.map_or(0, SendQueue::held);
            let is_tls = peer.connection.is_tls();
            assert!(queue.is_none_or(|queue| is_tls || !queue.is_empty()));
            let begun = queue.map_or(0, SendQueue::begun);
            assert!(held - begun <= send_queue, "{slot}: {held} bytes held");
            laggards += usize::from(queue.is_some());
            slow += usize::from(peer.is_slow);
            sum += peer.connection.own().unwrap_or(0);
            handshakes += usize::from(peer.connection.handshake() == Some(Handshake::Begun));
            pinned += queue.map_or(0, SendQueue::pins_at_most);
            shared = shared.max(queue.map_or(0, |queue| queue.held() - queue.own()));
            let is_behind = queue.map_or(0, SendQueue::kept) > send_queue / 2;
            // Skipping for the bound of all queues can bring a queue below that; the peer still waits for it to drain.
            let may_have_been = queue.is_some() && all_queues < ALL_QUEUES_BYTES;
            let waits = is_behind
                || may_have_been
                || self.is_held(slot)
                || self.timers.is_set(Timer::Pause, self.id(slot));
            let may_wait = (waits || is_doomed) && self.is_open(slot);
            if self.has_input(slot) && !may_wait {
                assert!(peer.is_runnable, "{slot} has something to read and no turn");
            }
            if peer.connection.has_output() {
                assert!(peer.is_dirty, "{slot} could be written to");
            }
        }
        assert_eq!((laggards, sum), (self.laggards, self.own));
        assert_eq!(handshakes, self.handshakes);
        for peer in self.asked.keys() {
            assert!(self.can_wait(peer.slot) && self.is_held(peer.slot));
            assert!(self.timers.is_set(Timer::Answer, *peer));
            assert_eq!(self.id(peer.slot), *peer);
        }
        let copies = self.gauge.bytes();
        assert!(
            shared <= copies && copies <= pinned,
            "{copies} bytes shared, not {shared} to {pinned}"
        );
        assert!(
            sum + copies <= all_queues,
            "{sum} bytes held, {copies} shared"
        );
        assert!(self.timers.is_stall_check_set() || laggards + slow == 0);
        let listed = runnable.iter().chain(&doomed).chain(&self.dirty);
        for slot in listed {
            assert!(self.peers.contains(slot.index()), "{slot} is nobody");
        }
    }
}
