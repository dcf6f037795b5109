//! What always holds of the connections between two ticks.

use super::{Connections, State};

impl Connections {
    /// Whether lists and flags agree, and no queue is over its bound but those of peers who are being dropped for it.
    pub(in crate::server) fn check_between_ticks(&self, send_queue: usize) {
        let doomed: Vec<u32> = self.doomed.iter().map(|(slot, _)| *slot).collect();
        let runnable: Vec<u32> = self.runnable.iter().copied().collect();
        assert!(self.finished.is_empty(), "slots were not freed");
        for (slot, peer) in &self.peers {
            let count = |list: &[u32]| list.iter().filter(|it| **it == slot as u32).count();
            assert_eq!(count(&runnable), peer.is_runnable.into(), "runnable {slot}");
            assert_eq!(count(&self.dirty), peer.is_dirty.into(), "dirty {slot}");
            assert_eq!(count(&doomed), peer.is_doomed.into(), "doomed {slot}");
            assert!(!peer.is_finished && peer.connection.state != State::Doomed);
            let queued = peer.connection.queued();
            let is_kept = peer.connection.state == State::Open && !peer.is_doomed;
            assert!(queued <= send_queue || !is_kept, "{slot}: {queued} queued");
            if peer.connection.readiness.readable {
                assert!(peer.is_runnable, "{slot} has something to read and no turn");
            }
            if peer.connection.readiness.writable && queued > 0 {
                assert!(peer.is_dirty, "{slot} could be written to");
            }
        }
        let listed = runnable.iter().chain(&doomed).chain(&self.dirty);
        for slot in listed {
            assert!(self.peers.contains(*slot as usize), "{slot} is nobody");
        }
    }
}
