//! Programs: their objects become events for the hub.

use std::sync::Arc;

use crate::chat::Event;
use crate::id::{PeerId, Slot};
use crate::limits::OBJECT_BYTES;
use crate::message::{ForProgram, Hello, Misuse, MisuseCode, Told};
use crate::moment::{Format, Medium, Moment};
use crate::rate::Rate;
use crate::server::ListenKind;
use crate::wire::machine::{ObjectDecoder, ObjectLine, parse};
use crate::wire::{Opening, opening};

use super::Talk;
use super::decode::Decoded;

impl Talk {
    /// A newcomer turns out to be a program. Perhaps it was greeted as a person before.
    pub(super) fn introduce_program(&mut self, now: Moment, peer: PeerId, medium: Medium) {
        let format = Format {
            medium,
            ..Format::default()
        };
        match self.connections.is_introduced(peer.slot) {
            false => self.introduce(now, peer, format),
            true => {
                self.fanout.introduce(peer.slot, format);
                // Its first object is not to stand behind the prompt.
                self.fanout.reply_raw(peer.slot, b"\r\n");
                self.say_hello(now, peer);
                self.tell_hub(now, peer, Event::Program(format));
            }
        }
    }

    /// A newcomer who is about to be refused began with these bytes. If they are those of a program, it reads an object.
    pub(super) fn answer_in_kind(&mut self, slot: Slot, first: &[u8]) {
        if opening(first) == Opening::Objects && self.connections.kind(slot) != ListenKind::Line {
            let format = Format {
                medium: Medium::Json,
                ..Format::default()
            };
            self.fanout.introduce(slot, format);
        }
    }

    /// Tells a program what the server is.
    pub(super) fn say_hello(&mut self, now: Moment, peer: PeerId) {
        let connection = self.connections.connection(peer.slot);
        let (tls, ip) = (connection.is_tls(), connection.addr().ip());
        let rate = self.config.rate.filter(|_| self.is_limited(ip));
        let hello = Hello {
            line: self.config.max_line,
            rate: rate.map(Rate::lines),
            accounts: self.accounts(),
            tls,
        };
        let hello = ForProgram::Hello(hello).into();
        self.fanout.reply(peer.slot, &Told::new(&hello, now.unix));
    }

    /// The longest object, in bytes: each byte of a text may take two.
    fn longest_object(&self) -> usize {
        2 * self.config.max_line + OBJECT_BYTES
    }

    /// The longest object that is read. A letter of two bytes takes six where a program writes no letters but those of
    /// ASCII, as many do; so a text that is short enough may still make an object longer than the others.
    pub(super) fn longest_escaped(&self) -> usize {
        3 * self.config.max_line + OBJECT_BYTES
    }

    /// Passes on the result of a part of the input, which is one object at most.
    pub(super) fn decode_object(
        &mut self,
        now: Moment,
        peer: PeerId,
        decoder: &mut ObjectDecoder,
        mut part: &[u8],
    ) -> Decoded {
        let mut decoded = Decoded::default();
        while let Some(line) = decoder.next(&mut part, self.longest_escaped()) {
            decoded.lines += 1;
            self.hear_object(now, peer, &line);
        }
        decoded
    }

    pub(super) fn hear_object(&mut self, now: Moment, peer: PeerId, line: &ObjectLine<'_>) {
        match line {
            ObjectLine::Whole(line) => _ = self.hear_json(now, peer, line),
            ObjectLine::TooLong => self.hear_too_long(now, peer),
        }
    }

    /// Tells the hub of an object, unless it is too long. Returns whether it is not.
    pub(super) fn hear_json(&mut self, now: Moment, peer: PeerId, json: &[u8]) -> bool {
        let parsed = parse(json, self.config.max_line);
        let is_sound = matches!(&parsed, Ok(it) if it.op.has_text());
        if json.len() > self.longest_object() && !is_sound {
            self.hear_too_long(now, peer);
            return false;
        }
        self.figures.lines += 1;
        match parsed {
            Ok(object) => self.tell_hub(now, peer, Event::Object(&object)),
            Err((id, misuse)) => self.tell_misuse(now, peer, id.as_ref(), &misuse),
        }
        true
    }

    pub(super) fn hear_too_long(&mut self, now: Moment, peer: PeerId) {
        self.figures.lines += 1;
        let most = self.longest_object();
        let misuse = Misuse {
            code: MisuseCode::Size,
            sentence: format!("An object has at most {most} bytes.").into(),
        };
        self.tell_misuse(now, peer, None, &misuse);
    }

    fn tell_misuse(&mut self, now: Moment, peer: PeerId, id: Option<&Arc<str>>, misuse: &Misuse) {
        self.tell_hub(now, peer, Event::Misused(id, misuse));
    }
}
