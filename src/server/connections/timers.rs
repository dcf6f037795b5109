//! `Timers`: the table of everything that comes due. It never reads a clock.
//!
//! For one peer ([`Timers::clear`] removes all of them when the slot is freed):
//!
//! | timer | who sets it | what happens when it is due |
//! |---|---|---|
//! | [`Timer::Header`] | accept, where a proxy must tell on whose behalf it connects | it has not, and is turned away |
//! | [`Timer::Greeting`] | accept, where newcomers are not greeted at once; read, behind a handshake | they have said nothing, so they are greeted |
//! | [`Timer::Handshake`] | read, when a newcomer speaks TLS | it is not set up, so the peer is dropped |
//! | [`Timer::Haste`] | read, when a handshake begins | if others wait for their turn, the peer is dropped; if not, it is set again |
//! | [`Timer::Head`] | read, when a newcomer sends a request | its head has not come, and is refused |
//! | [`Timer::EndKey`] | read, if the last byte may be a key that ends the input | nothing followed it: it was the key |
//! | [`Timer::Pause`] | read, if a peer or its address has sent too fast | the peer waits for a turn again |
//! | [`Timer::Answer`] | the hub, when it asks a worker something for a peer | the hub is told that there is no answer |
//! | [`Timer::Linger`] | write, with our FIN; read, if input comes after that | the slot is freed |
//! | [`Timer::Close`] | any code that closes a peer, and once more write, with our FIN | the slot is freed |
//!
//! For all together:
//!
//! | timer | who keeps it | who sets it | what happens when it is due |
//! |---|---|---|---|
//! | stall check | `Timers` | write, while output waits for anyone | time drops the peers that read nothing |
//! | `pings` | `Connections` | read, behind an upgrade to WebSocket | the peer is sent a ping |
//! | logins | `Hub` | a newcomer | a newcomer who has given no name is closed |
//! | idles | `Hub` | a line | a person who has typed nothing since is closed |
//! | `accept_again` | `Door` | accept, if nobody can be let in; unset when a slot is freed | accept tries again |
//! | `until`, `accept_again` | `Metrics` | metrics, for each of its connections; if none can be accepted | the connection is dropped; it tries again |
//! | `stop_by` | `Server` | take, when a shutdown begins | the server ends |
//!
//! The loop sleeps until the earliest of them: `Server::timeout` has a line for each struct that keeps some. The time
//! phase acts on all but the last three.

use std::time::Instant;

use crate::deadlines::Deadlines;
use crate::id::PeerId;
use crate::limits::STALL_CHECK;

/// A timer of a peer. Each is set at most once at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::server) enum Timer {
    /// A newcomer has been silent for so long that they are greeted.
    Greeting,
    /// A proxy has not told in time on whose behalf it connects.
    Header,
    /// A handshake of TLS has had its time.
    Handshake,
    /// A handshake of TLS must not keep others waiting any longer.
    Haste,
    /// The head of a request has had its time.
    Head,
    /// The last key ends the input, if nothing has followed it.
    EndKey,
    /// A peer that has sent too fast may be read again.
    Pause,
    /// A peer has waited for an answer for long enough.
    Answer,
    /// A peer that was sent all its output is no longer waited for.
    Linger,
    /// A peer that is being closed has had its time.
    Close,
}

impl Timer {
    /// All timers, in the order in which a tick acts on them.
    pub(in crate::server) const ALL: [Timer; 10] = [
        Timer::Greeting,
        Timer::Header,
        Timer::Handshake,
        Timer::Haste,
        Timer::Head,
        Timer::EndKey,
        Timer::Pause,
        Timer::Answer,
        Timer::Linger,
        Timer::Close,
    ];
}

/// The timers of all connections.
#[derive(Debug, Default)]
pub(super) struct Timers {
    /// By [`Timer`].
    of_peers: [Deadlines; Timer::ALL.len()],
    /// The next time to look for peers that read nothing, and for slow peers that have caught up.
    stall_check: Option<Instant>,
}

impl Timers {
    /// Sets a timer of a peer, which replaces its earlier time.
    pub(super) fn set(&mut self, timer: Timer, peer: PeerId, at: Instant) {
        self.of_peers[timer as usize].set(peer, at);
    }

    /// Removes a timer of a peer, if it is set.
    pub(super) fn unset(&mut self, timer: Timer, peer: PeerId) {
        self.of_peers[timer as usize].clear(peer);
    }

    /// Removes all timers of a peer.
    pub(super) fn clear(&mut self, peer: PeerId) {
        for deadlines in &mut self.of_peers {
            deadlines.clear(peer);
        }
    }

    /// Takes out one peer for which this timer is due.
    pub(super) fn pop_due(&mut self, timer: Timer, now: Instant) -> Option<PeerId> {
        self.of_peers[timer as usize].pop_due(now)
    }

    /// The earliest time of all.
    pub(super) fn next_timeout(&self) -> Option<Instant> {
        let of_peers = self.of_peers.iter().filter_map(Deadlines::next);
        of_peers.chain(self.stall_check).min()
    }

    /// Sets the time for the next look for stalls, unless it is set already.
    pub(super) fn check_for_stalls(&mut self, now: Instant) {
        self.stall_check.get_or_insert(now + STALL_CHECK);
    }

    /// Whether it is time to look for stalls. If so, the timer is unset.
    pub(super) fn is_stall_check_due(&mut self, now: Instant) -> bool {
        self.stall_check.take_if(|at| *at <= now).is_some()
    }
}

#[cfg(test)]
impl Timers {
    pub(super) fn is_set(&self, timer: Timer, peer: PeerId) -> bool {
        self.of_peers[timer as usize].is_set(peer)
    }

    pub(super) fn is_stall_check_set(&self) -> bool {
        self.stall_check.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Slot;

    #[test]
    fn every_timer_wakes_the_loop_and_goes_with_its_peer() {
        let (slot, generation) = (Slot::new(1), 1);
        let peer = PeerId { slot, generation };
        let now = Instant::now();
        for (number, timer) in Timer::ALL.into_iter().enumerate() {
            assert_eq!(timer as usize, number);
            let mut timers = Timers::default();
            timers.set(timer, peer, now);
            assert_eq!(timers.next_timeout(), Some(now));
            timers.clear(peer);
            assert_eq!(timers.next_timeout(), None);
            assert_eq!(timers.pop_due(timer, now), None);
        }
        let mut timers = Timers::default();
        timers.check_for_stalls(now);
        assert_eq!(timers.next_timeout(), Some(now + STALL_CHECK));
        assert!(!timers.is_stall_check_due(now));
        assert!(timers.is_stall_check_due(now + STALL_CHECK));
        assert_eq!(timers.next_timeout(), None);
    }
}
