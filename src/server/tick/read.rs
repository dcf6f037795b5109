//! The read phase: peers that have sent something get their turns. What they sent is decoded in [`decode`](super::decode).

use std::mem;
use std::time::Instant;

use crate::chat::Event;
use crate::error::CloseReason;
use crate::id::Slot;
use crate::limits::{READ_PHASE, STEP_BYTES, TICK_STEPS, TURN_BYTES, TURN_STEPS};
use crate::moment::Moment;
use crate::net::{Connection, Poller, Received, SendQueue};

use super::Talk;
use crate::server::connections::Turn;

/// How long the turns of a tick may take.
#[derive(Clone, Copy)]
pub(super) struct Phase<'a> {
    clock: &'a Poller,
    until: Instant,
}

impl Phase<'_> {
    pub(super) fn is_over(self) -> bool {
        self.clock.instant() >= self.until
    }
}

impl Talk {
    /// Gives a bounded turn to everyone who has sent something. Peers that have sent little recently go first. It ends
    /// when the tick has had enough: of work, of time, or of logged output.
    pub(in crate::server) fn read(&mut self, now: Moment, clock: &Poller) {
        let begun = clock.instant();
        let until = begun + READ_PHASE;
        let phase = Phase { clock, until };
        let mut steps = 0;
        for kind in Turn::ALL {
            for turn in 0..self.connections.turns(kind) {
                let is_over = steps >= TICK_STEPS || phase.is_over();
                // However many peers send little, each tick reads one that floods, and goes on with one handshake.
                let has_right = kind != Turn::Ordinary && turn == 0;
                if self.fanout.is_full() || is_over && !has_right {
                    break;
                }
                let Some(slot) = self.connections.next_turn(kind, now.instant) else {
                    break;
                };
                steps += self.read_peer(now, phase, slot);
                if kind == Turn::Handshake && self.connections.end_handshake(slot) {
                    self.figures.handshakes += 1;
                    self.go_on_in_tls(now, slot);
                }
            }
        }
        let took = clock.instant().saturating_duration_since(begun);
        self.figures.read.observe(took);
    }

    /// Gives a peer its turn. Returns how much work that was.
    fn read_peer(&mut self, now: Moment, phase: Phase<'_>, slot: Slot) -> usize {
        if !self.may_read(now, slot) {
            return 1;
        }
        let steps = self.read_turn(now, phase, slot);
        if self.connections.has_input(slot) {
            self.connections.mark_runnable(slot, now.instant);
        }
        steps
    }

    /// Whether to read a peer now. If not, it becomes runnable again when its queue drains, its bucket fills or it is
    /// released.
    fn may_read(&mut self, now: Moment, slot: Slot) -> bool {
        if !self.connections.is_open(slot) {
            return true;
        }
        // A peer that was told a lot in this tick is read again once that was written.
        if self.fanout.told(slot) > TURN_STEPS * STEP_BYTES {
            return false;
        }
        if self.connections.is_held(slot) {
            // A reset does not wait for the answer to their last line.
            if let Some(kind) = self.connections.connection(slot).broken() {
                self.end_input(now, slot, CloseReason::Broken(kind));
            }
            return false;
        }
        let connection = self.connections.connection(slot);
        let kept = connection.queue().map_or(0, SendQueue::kept);
        let is_behind = kept > self.config.send_queue / 2;
        let too_fast = self.connections.too_fast(slot, now.instant);
        if !is_behind && too_fast.is_none() {
            return true;
        }
        // Nobody waits for the answers, and the rest of the input may be long.
        if let Some(kind) = self.connections.connection(slot).broken() {
            self.end_input(now, slot, CloseReason::Broken(kind));
        } else if let Some(pause) = too_fast
            && self.connections.pause(slot, pause)
            && self.connections.is_introduced(slot)
        {
            let peer = self.connections.id(slot);
            let of_address = pause.is_address;
            self.tell_hub(now, peer, Event::TooFast { of_address });
        }
        false
    }

    /// Decodes earlier input that is not yet decoded, or else receives some and decodes it. Returns how much work that
    /// was.
    fn read_turn(&mut self, now: Moment, phase: Phase<'_>, slot: Slot) -> usize {
        if let Some(mut unread) = self.connections.take_undecoded(slot) {
            return self.decode(now, phase, slot, &mut unread);
        }
        let mut scratch = mem::take(&mut self.scratch);
        let mut steps = 1;
        let receive = |it: &mut Connection| it.receive(now.instant, &mut scratch);
        match self.connections.change_queue(slot, receive) {
            Received::Bytes(n) => {
                self.figures.received += n as u64;
                steps += self.decode(now, phase, slot, &mut scratch[..n]);
            }
            Received::Nothing => {}
            Received::NoText => _ = self.connections.charge(slot, now.instant, 0, TURN_BYTES),
            Received::End(reason) => self.end_input(now, slot, reason),
        }
        self.scratch = scratch;
        if self.connections.connection(slot).has_output() {
            self.connections.mark_dirty(slot);
        }
        steps
    }
}
