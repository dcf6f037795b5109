//! `Deadlines`: at most one point in time per peer, the earliest first. It never reads a clock.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use crate::id::PeerId;

/// Points in time at which something is due for a peer. Each peer has at most one, so the number of peers bounds them.
#[derive(Debug, Default)]
pub(crate) struct Deadlines {
    /// In the order in which they are due.
    due: BTreeSet<(Instant, PeerId)>,
    /// The same pairs, by peer. Both are trees, because trees give memory back when a rush of newcomers is over.
    of: BTreeMap<PeerId, Instant>,
}

impl Deadlines {
    /// Gives the peer a deadline, which replaces the one it may have.
    pub(crate) fn set(&mut self, peer: PeerId, at: Instant) {
        self.clear(peer);
        self.due.insert((at, peer));
        self.of.insert(peer, at);
    }

    /// Takes the peer's deadline away, if it has one.
    pub(crate) fn clear(&mut self, peer: PeerId) {
        if let Some(at) = self.of.remove(&peer) {
            self.due.remove(&(at, peer));
        }
    }

    /// Whether the peer has a deadline.
    #[cfg(test)]
    pub(crate) fn is_set(&self, peer: PeerId) -> bool {
        self.of.contains_key(&peer)
    }

    /// The earliest deadline.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.due.first().map(|&(at, _)| at)
    }

    /// Takes out one peer whose deadline has come.
    pub(crate) fn pop_due(&mut self, now: Instant) -> Option<PeerId> {
        let &(at, peer) = self.due.first()?;
        if at > now {
            return None;
        }
        self.clear(peer);
        Some(peer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Slot;
    use std::time::Duration;

    #[test]
    fn peers_come_out_in_the_order_of_their_deadlines() {
        let peer = |slot| PeerId {
            slot: Slot::new(slot),
            generation: 0,
        };
        let start = Instant::now();
        let at = |s| start + Duration::from_secs(s);
        let mut deadlines = Deadlines::default();
        deadlines.set(peer(1), at(3));
        deadlines.set(peer(2), at(2));
        deadlines.set(peer(3), at(2));
        deadlines.set(peer(1), at(1));
        deadlines.clear(peer(3));

        assert_eq!(deadlines.next(), Some(at(1)));
        assert_eq!(deadlines.pop_due(at(0)), None);
        assert_eq!(deadlines.pop_due(at(5)), Some(peer(1)));
        assert_eq!(deadlines.pop_due(at(5)), Some(peer(2)));
        assert_eq!(deadlines.pop_due(at(5)), None);
        assert_eq!(deadlines.next(), None);
    }
}
