//! The read phase: bytes become lines, lines become events for the hub.

use std::mem;
use std::time::Instant;

use crate::chat::Event;
use crate::error::CloseReason;
use crate::id::{PeerId, Slot};
use crate::limits::{
    END_KEY_WAIT, PART_BYTES, READ_PHASE, STEP_BYTES, TICK_STEPS, TURN_BYTES, TURN_STEPS,
};
use crate::moment::Moment;
use crate::net::{Connection, Poller, Received, SendQueue};
use crate::wire::{Decoder, END_OF_INPUT, Input, split_line};

use super::Talk;
use crate::server::connections::Turn;

/// How long the turns of a tick may take.
#[derive(Clone, Copy)]
struct Phase<'a> {
    clock: &'a Poller,
    until: Instant,
}

impl Phase<'_> {
    fn is_over(self) -> bool {
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
                let Some(slot) = self.connections.next_turn(kind) else {
                    break;
                };
                steps += self.read_peer(now, phase, slot);
                if kind == Turn::Handshake && self.connections.end_handshake(slot) {
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
        if let Some(unread) = self.connections.take_undecoded(slot) {
            return self.decode(now, phase, slot, &unread);
        }
        let mut scratch = mem::take(&mut self.scratch);
        let mut steps = 1;
        let receive = |it: &mut Connection| it.receive(now.instant, &mut scratch);
        match self.connections.change_queue(slot, receive) {
            Received::Bytes(n) => {
                self.figures.received += n as u64;
                steps += self.decode(now, phase, slot, &scratch[..n]);
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

    /// Cuts a peer's input into lines, and passes them to the hub one by one, until the peer or the tick has had
    /// enough. Input of a peer that is leaving is thrown away. Returns how much work that was.
    fn decode(&mut self, now: Moment, phase: Phase<'_>, slot: Slot, bytes: &[u8]) -> usize {
        let peer = self.connections.id(slot);
        if !self.connections.is_open(slot) {
            self.connections.linger_on(slot, now.instant);
            return 0;
        }
        self.got_input = true;
        let is_first = self.connections.is_opening(slot);
        let first;
        let mut unread = bytes;
        if is_first {
            match self.open(now, peer, bytes) {
                Some(bytes) => first = bytes,
                None => return 1,
            }
            unread = &first;
        }
        let mut decoder = self.connections.take_decoder(slot);
        if is_first {
            decoder.begin_stream();
        }
        let (mut all_lines, mut all_bytes, mut steps) = (0, 0, 0);
        while !unread.is_empty() && steps < TURN_STEPS {
            let (line, behind) = split_line(unread, PART_BYTES);
            unread = behind;
            let told = self.fanout.reply_bytes();
            let uncharged = self.uncharged;
            let was_named = self.connections.is_named(slot);
            let (lines, ends) = self.decode_line(now, peer, &mut decoder, line);
            let told = self.fanout.reply_bytes() - told;
            // Input after a `/quit` is thrown away.
            if !self.connections.is_open(slot) {
                return steps + 1;
            }
            // Nobody asks for the welcome, and a room's history may be long.
            let charged = match was_named == self.connections.is_named(slot) {
                true => told - (self.uncharged - uncharged),
                false => 0,
            };
            let bytes = line.len() + charged;
            all_lines += lines;
            all_bytes += bytes;
            steps += 1 + told / STEP_BYTES;
            let is_too_fast = self.connections.charge(slot, now.instant, lines, bytes);
            if ends {
                unread = END_OF_INPUT;
            }
            let is_held = self.connections.is_held(slot);
            if is_held || is_too_fast || phase.is_over() || self.fanout.is_full() {
                break;
            }
        }
        self.connections
            .charge_turn(slot, now.instant, all_lines, all_bytes);
        let wait = (unread.is_empty() && decoder.awaits_end()).then_some(END_KEY_WAIT);
        self.connections.await_end(slot, wait, now.instant);
        self.connections.put_decoder(slot, decoder, unread);
        steps
    }

    /// Takes the last key of a peer as the key that ends the input, because nothing has followed it for a moment.
    pub(super) fn take_end_key(&mut self, now: Moment, peer: PeerId) {
        let slot = peer.slot;
        self.connections.await_end(slot, None, now.instant);
        if self.connections.has_input(slot) || !self.connections.is_open(slot) {
            return;
        }
        let mut decoder = self.connections.take_decoder(slot);
        match decoder.end_alone() {
            Some(input) => self.hear(now, peer, input),
            None => self.connections.put_decoder(slot, decoder, &[]),
        }
    }

    /// Passes on the result of a part of the input, which is one line at most. Returns how many lines it was, keys
    /// included. Also returns whether the input ends after a line that holds the peer; the hub must then hear of the
    /// end later.
    pub(super) fn decode_line(
        &mut self,
        now: Moment,
        peer: PeerId,
        decoder: &mut Decoder,
        bytes: &[u8],
    ) -> (usize, bool) {
        let mut lines = 0;
        let mut inputs = decoder.feed(now.instant, bytes, self.config.max_line);
        while let Some(input) = inputs.next() {
            lines += usize::from(!matches!(input, Input::Reply(_)));
            self.hear(now, peer, input);
            if !self.connections.is_open(peer.slot) {
                break;
            }
            // Only lines hold a peer. After a line without a line end, only the note that it was the last can follow.
            if self.connections.is_held(peer.slot) {
                return (lines, inputs.next().is_some());
            }
        }
        (lines, false)
    }

    fn hear(&mut self, now: Moment, peer: PeerId, input: Input<'_>) {
        self.figures.lines += u64::from(matches!(input, Input::Line(_) | Input::TooLong));
        let event = match &input {
            Input::Line(text) => Event::Line(text),
            Input::TooLong => Event::LineTooLong {
                limit: self.config.max_line,
            },
            Input::Interrupt => Event::Interrupt,
            Input::EndOfInput => Event::EndOfInput,
            Input::AreYouThere => Event::AreYouThere,
            Input::Reply(bytes) => {
                #[cfg(test)]
                self.record.reply(now, peer, bytes);
                return self.fanout.reply_raw(peer.slot, bytes);
            }
        };
        self.tell_hub(now, peer, event);
    }

    /// No byte will come any more. A last line without a line end counts, unless the connection broke in its middle, or
    /// TLS did not say that it ends there.
    fn end_input(&mut self, now: Moment, slot: Slot, reason: CloseReason) {
        self.got_input = true;
        let limit = self.config.max_line;
        let is_whole = !self.connections.connection(slot).is_cut();
        if self.connections.is_open(slot) && reason == CloseReason::EndOfInput && is_whole {
            let peer = self.connections.id(slot);
            let decoder = match self.connections.is_opening(slot) {
                true => self.open_at_end(now, peer),
                false => Some(self.connections.take_decoder(slot)),
            };
            if let Some(input) = decoder.and_then(|mut it| it.finish(limit)) {
                self.hear(now, peer, input);
            }
        }
        if reason == CloseReason::EndOfInput && self.connections.hold_end(slot) {
            return;
        }
        self.connections.doom(slot, reason);
        // The write phase continues the closing, once it has sent this tick's output.
        self.connections.mark_dirty(slot);
    }
}
