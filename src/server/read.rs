//! The read phase: bytes become lines, lines become events for the hub.

use std::mem;

use crate::chat::Event;
use crate::error::CloseReason;
use crate::id::PeerId;
use crate::limits::LOG_BYTES;
use crate::moment::Moment;
use crate::net::{Received, State};
use crate::wire::{Input, recognise};

use super::Server;

impl Server {
    /// Gives every runnable peer a bounded turn, until the log of the tick is long enough.
    pub(super) fn read(&mut self, now: Moment) {
        for _ in 0..self.connections.runnable() {
            if self.fanout.bytes() >= LOG_BYTES {
                break;
            }
            let Some(slot) = self.connections.pop_runnable() else {
                break;
            };
            self.read_turn(now, slot);
            if self.connections.connection(slot).readiness.readable {
                self.connections.mark_runnable(slot);
            }
        }
    }

    fn read_turn(&mut self, now: Moment, slot: u32) {
        let mut scratch = mem::take(&mut self.scratch);
        match self.connections.connection(slot).receive(&mut scratch) {
            Received::Bytes(n) => self.decode(now, slot, &scratch[..n]),
            Received::Nothing => {}
            Received::End(reason) => self.end_input(now, slot, reason),
        }
        self.scratch = scratch;
    }

    /// Cuts what a peer sent into lines, and passes them to the hub one by one. What someone sends who is on the way out
    /// is thrown away.
    fn decode(&mut self, now: Moment, slot: u32, bytes: &[u8]) {
        let peer = self.connections.id(slot);
        let connection = self.connections.connection(slot);
        if connection.state != State::Open {
            return;
        }
        self.got_input = true;
        if !mem::replace(&mut connection.heard, true)
            && let Some(protocol) = recognise(bytes)
        {
            return self.tell_hub(now, peer, Event::WrongProtocol(protocol));
        }
        let mut decoder = connection.take_decoder();
        let before = self.fanout.reply_bytes();
        for input in decoder.feed(now.instant, bytes, self.config.max_line) {
            self.hear(now, peer, input);
            // What comes behind a `/quit` is thrown away.
            if self.connections.connection(slot).state != State::Open {
                break;
            }
            // A short line can ask for a long answer: who asks for more than may wait for them is too slow a reader.
            if self.fanout.reply_bytes() - before > self.config.send_queue {
                let is_new = self.connections.doom(slot, CloseReason::SendQueueFull);
                self.stats.dropped += u64::from(is_new);
                break;
            }
        }
        self.connections.connection(slot).put_decoder(decoder);
    }

    fn hear(&mut self, now: Moment, peer: PeerId, input: Input<'_>) {
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

    /// No byte will come any more. A last line without a line end counts, unless the connection broke in its middle.
    fn end_input(&mut self, now: Moment, slot: u32, reason: CloseReason) {
        self.got_input = true;
        let connection = self.connections.connection(slot);
        if connection.state == State::Open
            && reason == CloseReason::EndOfInput
            && let Some(input) = connection.take_decoder().finish(self.config.max_line)
        {
            let peer = self.connections.id(slot);
            self.hear(now, peer, input);
        }
        self.connections.doom(slot, reason);
        // The write phase goes on closing, once it has sent what this tick still owes.
        self.connections.mark_dirty(slot);
    }
}
