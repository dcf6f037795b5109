//! The machine protocol, as the client speaks it: bytes of the server go in, facts come out, and ops become bytes. It knows
//! no socket and no clock. `docs/PROTOCOL.md` is the reference.
//!
//! This holds for every input, however it is cut: it takes time in proportion to its length, and what is kept of it stays
//! below [`OBJECT_BYTES`].

mod event;
mod op;
mod value;

use crate::limits::LINE_BYTES_RANGE;
use crate::wire::clean;
use crate::wire::machine::{ObjectDecoder, ObjectLine};

pub(super) use event::{Answer, Event, Facts, Goodbye, Someone, Token, Told, Welcome};
pub(super) use op::{Login, Op, Spoken, encode};

use value::Object;

/// The longest object to accept, in bytes: twice the longest line that any server may pass on, as each byte may need an
/// escape, and room for everything around it.
const OBJECT_BYTES: usize = 2 * *LINE_BYTES_RANGE.end() + 64 * 1024;

/// The lines that may stand before the first object: the greeting of a server that took us for a person.
const GREETING_LINES: usize = 100;

/// Characters of a line that is no object to repeat.
const REPEATED_CHARS: usize = 100;

/// A message from the server.
#[derive(Debug, PartialEq)]
pub(super) enum Heard {
    Told(Told),
    /// An object was too long.
    TooLong,
    /// This is no server that speaks the protocol. This is what it said.
    Stranger(String),
}

/// What one connection has heard.
#[derive(Debug, Default)]
pub(super) struct Protocol {
    decoder: ObjectDecoder,
    /// An object has come.
    has_begun: bool,
    /// How many lines came before, and the beginning of the first of them.
    skipped: usize,
    greeting: Option<String>,
}

impl Protocol {
    /// Takes in bytes of the server.
    pub(super) fn receive(&mut self, mut bytes: &[u8], heard: &mut Vec<Heard>) {
        let mut decoder = std::mem::take(&mut self.decoder);
        while let Some(line) = decoder.next(&mut bytes, OBJECT_BYTES) {
            heard.extend(self.line(line));
        }
        self.decoder = decoder;
    }

    /// The server will send no more. A part of an object means nothing.
    pub(super) fn finish(&mut self, heard: &mut Vec<Heard>) {
        if let Some(line) = self.decoder.finish() {
            heard.extend(self.line(line));
        }
        let greeting = self.greeting.take().filter(|_| !self.has_begun);
        heard.extend(greeting.map(Heard::Stranger));
    }

    fn line(&mut self, line: ObjectLine<'_>) -> Option<Heard> {
        let line = match line {
            ObjectLine::Whole(line) => line,
            ObjectLine::TooLong => return Some(Heard::TooLong),
        };
        if let Some(object) = Object::parse(&line) {
            self.has_begun = true;
            return Some(Heard::Told(Told::read(&object)));
        }
        if self.has_begun {
            return None;
        }
        let greeting = self.greeting.get_or_insert_with(|| {
            let words = line.trim_ascii();
            let words = clean(&words[..words.len().min(4 * REPEATED_CHARS)]);
            words.trim().chars().take(REPEATED_CHARS).collect()
        });
        self.skipped += 1;
        (self.skipped > GREETING_LINES).then(|| Heard::Stranger(greeting.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(parts: &[&[u8]]) -> Vec<Heard> {
        let mut protocol = Protocol::default();
        let mut heard = Vec::new();
        for part in parts {
            protocol.receive(part, &mut heard);
        }
        protocol.finish(&mut heard);
        heard
    }

    #[test]
    fn objects_are_read_wherever_they_are_cut_and_behind_a_greeting() {
        let all = b"Enter your username: \r\n{\"event\":\"pong\"}\r\nno object\n{\"event\":\"notice\",\"text\":\"x\"}\n{\"ev";
        let expected = heard(&[all]);
        let events: Vec<&Event> = expected
            .iter()
            .map(|it| match it {
                Heard::Told(told) => &told.event,
                it => panic!("{it:?}"),
            })
            .collect();
        assert_eq!(events, [&Event::Pong, &Event::Notice("x".into())]);
        for at in 0..all.len() {
            let (head, tail) = all.split_at(at);
            assert_eq!(heard(&[head, tail]), expected, "cut at {at}");
        }
    }

    #[test]
    fn what_speaks_otherwise_is_a_stranger() {
        let said = |words: &str| Heard::Stranger(words.into());
        let smtp = "220 \x1bmail ESMTP\r\n".to_string() + &"500 what?\r\n".repeat(GREETING_LINES);
        assert_eq!(heard(&[smtp.as_bytes()])[0], said("220 ␛mail ESMTP"));
        for short in [&b"SSH-2.0-x\r\n"[..], b"SSH-2.0-x", b"\nSSH-2.0-x\n\n"] {
            assert_eq!(heard(&[short]), [said("SSH-2.0-x")]);
        }
        assert_eq!(heard(&[b""]), []);
    }

    #[test]
    fn an_object_that_is_too_long_is_told_once_and_left_out() {
        let long = vec![b'x'; OBJECT_BYTES + 1];
        let parts: [&[u8]; 3] = [&long, &long, b"\n{\"event\":\"pong\"}\n"];
        let heard = heard(&parts);
        assert_eq!(heard[0], Heard::TooLong);
        assert!(matches!(&heard[1..], [Heard::Told(_)]));
    }
}
