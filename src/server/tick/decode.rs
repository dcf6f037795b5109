//! What a peer sends, once its protocol is known: it is cut into lines or messages, and the hub hears of each.

use crate::account::Typed;
use crate::chat::Event;
use crate::error::CloseReason;
use crate::id::{PeerId, Slot};
use crate::limits::accounts::SECRET_BYTES;
use crate::limits::{END_KEY_WAIT, PART_BYTES, STEP_BYTES, TURN_STEPS};
use crate::moment::Moment;
use crate::wire::{Codec, Decoder, END_OF_INPUT, Input, split_line, wipe};

use super::Talk;
use super::read::Phase;

/// The result of decoding a part of the input.
#[derive(Debug, Default)]
pub(super) struct Decoded {
    /// How many lines or messages it was, keys included: one, as a rule.
    pub(super) lines: usize,
    /// The input ends after a line that holds the peer. The hub must hear of the end later.
    pub(super) ends: bool,
}

impl Talk {
    /// Cuts a peer's input into lines or messages, and passes them to the hub one by one, until the peer or the tick has
    /// had enough. Input of a peer that is leaving is thrown away. Returns how much work that was.
    pub(super) fn decode(
        &mut self,
        now: Moment,
        phase: Phase<'_>,
        slot: Slot,
        bytes: &mut [u8],
    ) -> usize {
        let peer = self.connections.id(slot);
        if !self.connections.is_open(slot) {
            self.connections.linger_on(slot, now.instant);
            return 0;
        }
        self.got_input = true;
        if !self.connections.is_opening(slot) {
            let codec = self.connections.take_codec(slot);
            return self.decode_all(now, phase, peer, codec, bytes);
        }
        let Some(mut first) = self.open(now, peer, bytes) else {
            return 1;
        };
        let codec = Codec::at_first(self.connections.tongue(slot));
        self.decode_all(now, phase, peer, codec, &mut first)
    }

    fn decode_all(
        &mut self,
        now: Moment,
        phase: Phase<'_>,
        peer: PeerId,
        mut codec: Codec,
        mut unread: &mut [u8],
    ) -> usize {
        let slot = peer.slot;
        let (mut all_lines, mut all_bytes, mut steps) = (0, 0, 0);
        let mut has_ended = false;
        while !unread.is_empty() && steps < TURN_STEPS {
            let before = unread.len();
            let told = self.fanout.reply_bytes();
            let uncharged = self.uncharged;
            let was_named = self.connections.is_named(slot);
            let decoded = self.decode_part(now, peer, &mut codec, &mut unread);
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
            let bytes = before - unread.len() + charged;
            all_lines += decoded.lines;
            all_bytes += bytes;
            steps += 1 + told / STEP_BYTES;
            let is_too_fast = self
                .connections
                .charge(slot, now.instant, decoded.lines, bytes);
            has_ended |= decoded.ends;
            let is_held = self.connections.is_held(slot);
            if is_held || is_too_fast || phase.is_over() || self.fanout.is_full() {
                break;
            }
        }
        self.connections
            .charge_turn(slot, now.instant, all_lines, all_bytes);
        let unread = if has_ended { END_OF_INPUT } else { unread };
        let wait = (unread.is_empty() && codec.awaits_end()).then_some(END_KEY_WAIT);
        self.connections.await_end(slot, wait, now.instant);
        self.connections.put_codec(slot, codec, unread);
        steps
    }

    /// Takes the next part out of the input, which is one line or message at most, and passes its result on. `unread`
    /// shrinks by the bytes used.
    fn decode_part(
        &mut self,
        now: Moment,
        peer: PeerId,
        codec: &mut Codec,
        unread: &mut &mut [u8],
    ) -> Decoded {
        match codec {
            Codec::Lines(decoder) => {
                let part = take_line(unread);
                let is_secret = self.connections.is_asked_secret(peer.slot);
                let decoded = self.decode_line(now, peer, decoder, part);
                if is_secret {
                    wipe(part);
                }
                decoded
            }
            #[cfg(feature = "machine")]
            Codec::Objects(decoder) => {
                let part = take_line(unread);
                self.decode_object(now, peer, decoder, part)
            }
            #[cfg(feature = "web")]
            Codec::Http(decoder) => {
                let decoded = self.decode_head(now, peer, decoder, unread);
                let tongue = self.connections.tongue(peer.slot);
                if tongue != crate::wire::Tongue::Http {
                    *codec = Codec::new(tongue);
                }
                decoded
            }
            #[cfg(feature = "web")]
            Codec::Frames(decoder) => self.decode_frame(now, peer, decoder, unread),
        }
    }

    /// No byte will come any more from a peer whose protocol is known. The rest may be a last line.
    pub(super) fn decode_end(&mut self, now: Moment, peer: PeerId, codec: Codec) {
        match codec {
            Codec::Lines(mut decoder) => {
                decoder.set_secret(self.connections.is_asked_secret(peer.slot));
                if let Some(input) = decoder.finish(self.config.max_line) {
                    self.hear(now, peer, input);
                }
            }
            #[cfg(feature = "machine")]
            Codec::Objects(mut decoder) => {
                if let Some(line) = decoder.finish() {
                    self.hear_object(now, peer, &line);
                }
            }
            #[cfg(feature = "web")]
            Codec::Http(_) | Codec::Frames(_) => {}
        }
    }

    /// Takes the last key of a peer as the key that ends the input, because nothing has followed it for a moment.
    pub(super) fn take_end_key(&mut self, now: Moment, peer: PeerId) {
        let slot = peer.slot;
        self.connections.await_end(slot, None, now.instant);
        if self.connections.has_input(slot) || !self.connections.is_open(slot) {
            return;
        }
        let mut codec = self.connections.take_codec(slot);
        let key = match &mut codec {
            Codec::Lines(decoder) => decoder.end_alone(),
            #[cfg(feature = "machine")]
            _ => None,
        };
        match key {
            Some(input) => self.hear(now, peer, input),
            None => self.connections.put_codec(slot, codec, &[]),
        }
    }

    /// Passes on the result of a part of the input of a person, which is one line at most.
    pub(super) fn decode_line(
        &mut self,
        now: Moment,
        peer: PeerId,
        decoder: &mut Decoder,
        bytes: &[u8],
    ) -> Decoded {
        let slot = peer.slot;
        let mut decoded = Decoded::default();
        decoder.note_wills(self.connections.take_wills(slot));
        self.connections.note_line_end(slot, bytes);
        let mut inputs = decoder.feed(now.instant, bytes, self.config.max_line);
        loop {
            // What the last input led to may have changed it: a key may stand before a line.
            inputs.set_secret(self.connections.is_asked_secret(slot));
            let input = inputs.next();
            if inputs.speaks_telnet() {
                self.connections.note_telnet(slot);
            }
            let Some(input) = input else {
                break;
            };
            decoded.lines += usize::from(!matches!(input, Input::Reply(_)));
            self.hear(now, peer, input);
            if !self.connections.is_open(slot) {
                break;
            }
            // Only lines hold a peer. After a line without a line end, only the note that it was the last can follow.
            if self.connections.is_held(slot) {
                decoded.ends = inputs.next().is_some();
                break;
            }
        }
        decoded
    }

    pub(super) fn hear(&mut self, now: Moment, peer: PeerId, input: Input<'_>) {
        let is_key = matches!(
            input,
            Input::Interrupt | Input::EndOfInput | Input::AreYouThere | Input::Reply(_)
        );
        self.figures.lines += u64::from(!is_key);
        let event = match &input {
            Input::Line(text) => Event::Line(text),
            Input::Secret(line) => {
                self.answer_secret(peer.slot);
                Event::Secret(Typed(line.reveal()))
            }
            Input::TooLong if self.connections.is_asked_secret(peer.slot) => {
                self.end_secret_line(peer.slot);
                Event::LineTooLong {
                    limit: SECRET_BYTES,
                }
            }
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
    pub(super) fn end_input(&mut self, now: Moment, slot: Slot, reason: CloseReason) {
        self.got_input = true;
        let is_whole = !self.connections.connection(slot).is_cut();
        if self.connections.is_open(slot) && reason == CloseReason::EndOfInput && is_whole {
            let peer = self.connections.id(slot);
            let codec = match self.connections.is_opening(slot) {
                true => self.open_at_end(now, peer),
                false => Some(self.connections.take_codec(slot)),
            };
            if let Some(codec) = codec {
                self.decode_end(now, peer, codec);
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

/// Takes a part out of the input that holds one line at most.
fn take_line<'b>(unread: &mut &'b mut [u8]) -> &'b mut [u8] {
    let (line, _) = split_line(unread, PART_BYTES);
    let length = line.len();
    let (part, behind) = std::mem::take(unread).split_at_mut(length);
    *unread = behind;
    part
}
