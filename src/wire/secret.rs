//! `Raw`: a line that answers a question for a password. It is passed on as it was typed, is never shown, and what was
//! kept of it is wiped.

use std::borrow::Cow;
use std::fmt;
use std::hint::black_box;

/// A line without its end, whatever bytes it has.
#[derive(Clone, PartialEq, Eq)]
pub struct Raw<'a>(Cow<'a, [u8]>);

impl<'a> Raw<'a> {
    pub(super) fn new(line: impl Into<Cow<'a, [u8]>>) -> Raw<'a> {
        Raw(line.into())
    }

    /// The bytes of the line.
    pub fn reveal(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Raw<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Raw")
    }
}

impl Drop for Raw<'_> {
    fn drop(&mut self) {
        if let Cow::Owned(line) = &mut self.0 {
            wipe_all(line);
        }
    }
}

/// Overwrites bytes that nobody is to read again.
pub(crate) fn wipe(bytes: &mut [u8]) {
    bytes.fill(0);
    // Without this the compiler may leave it out, as nobody reads them again.
    black_box(bytes);
}

/// Empties a buffer, and overwrites it as far as it was ever filled.
pub(super) fn wipe_all(buffer: &mut Vec<u8>) {
    buffer.clear();
    buffer.resize(buffer.capacity(), 0);
    wipe(buffer);
    buffer.clear();
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use crate::limits::accounts::SECRET_BYTES;
    use crate::wire::{Decoder, Input};

    /// What these reads come to where the answer to `?` is a secret. A secret stands in angle brackets.
    fn hear<'a>(reads: impl IntoIterator<Item = &'a [u8]>) -> Vec<String> {
        let mut decoder = Decoder::default();
        let mut heard = Vec::new();
        let mut is_secret = false;
        for read in reads {
            let mut inputs = decoder.feed(Instant::now(), read, 64);
            loop {
                inputs.set_secret(is_secret);
                let Some(input) = inputs.next() else { break };
                is_secret = matches!(&input, Input::Line(text) if text == "?");
                heard.push(written(&input));
            }
            assert!(decoder.pending() <= SECRET_BYTES);
            if decoder.is_idle() {
                decoder = Decoder::default();
            }
        }
        decoder.set_secret(is_secret);
        heard.extend(decoder.finish(64).map(|it| written(&it)));
        heard
    }

    fn written(input: &Input<'_>) -> String {
        assert!(!format!("{input:?}").contains("pass"));
        match input {
            Input::Line(text) => text.to_string(),
            Input::Secret(line) => format!("<{}>", line.reveal().escape_ascii()),
            other => format!("{other:?}"),
        }
    }

    /// Checks the same whole, byte by byte, and cut in two anywhere.
    fn assert_heard(bytes: &[u8], heard: &[&str]) {
        assert_eq!(hear([bytes]), heard, "whole: {bytes:x?}");
        assert_eq!(hear(bytes.chunks(1)), heard, "byte by byte: {bytes:x?}");
        for at in 0..=bytes.len() {
            let (head, tail) = bytes.split_at(at);
            assert_eq!(hear([head, tail]), heard, "cut at {at}: {bytes:x?}");
        }
    }

    #[test]
    fn the_line_behind_a_question_is_passed_on_as_it_was_typed() {
        assert_heard(b"?\n  a\0 pass\t\nhi\n", &["?", "<  a\\x00 pass\\t>", "hi"]);
        assert_heard(b"?\r\n      \r\n\r\n", &["?", "<      >", ""]);
        assert_heard(b"?\n\nhi\n", &["?", "<>", "hi"]);
        let unseen = "?\n\u{feff}\u{200b}\u{e9}\n".as_bytes();
        assert_heard(unseen, &["?", "<\\xef\\xbb\\xbf\\xe2\\x80\\x8b\\xc3\\xa9>"]);
        assert_heard(b"?\npass\xff\xff\xe9", &["?", "<pass\\xff\\xe9>"]);
    }

    #[test]
    fn keys_work_in_it_as_in_any_line() {
        assert_heard(b"?\n\x04\r\n", &["?", "EndOfInput"]);
        assert_heard(b"?\n\x03hi\n", &["?", "Interrupt", "hi"]);
        assert_heard(b"?\nab\x08\x7f\x15\n", &["?", "<ab\\x08\\x7f\\x15>"]);
        let telnet = |bytes: &[u8]| [b"\xff\xf1?\r\n", bytes].concat();
        assert_heard(&telnet(b"pasz\x7fs\r\n"), &["?", "<pass>"]);
        assert_heard(&telnet(b"a b\x17c\xff\xf7d\n"), &["?", "<a d>"]);
        assert_heard(&telnet(b"no\x15pass\n"), &["?", "<pass>"]);
        assert_heard(&telnet(b"no\xff\xf8pass\n"), &["?", "<pass>"]);
        assert_heard(&telnet(b"pass\x03hi\n"), &["?", "Interrupt", "hi"]);
        assert_heard(&telnet(b"pass\xff\xf4hi\n"), &["?", "Interrupt", "hi"]);
        assert_heard(&telnet(b"pass\xff\xec"), &["?", "<pass>", "EndOfInput"]);
    }

    #[test]
    fn its_length_has_a_bound_of_its_own() {
        let most = vec![b'x'; SECRET_BYTES];
        let answer = format!("<{}>", "x".repeat(SECRET_BYTES));
        let fits = [b"?\n", &most[..], b"\nhi\n"].concat();
        assert_eq!(hear([&fits[..]]), ["?", &answer, "hi"]);
        assert_eq!(hear(fits.chunks(7)), ["?", &answer, "hi"]);
        let more = [b"?\nx", &most[..], b"\nhi\n"].concat();
        assert_eq!(hear([&more[..]]), ["?", "TooLong", "hi"]);
        assert_eq!(hear(more.chunks(7)), ["?", "TooLong", "hi"]);
    }

    #[test]
    fn the_rest_of_a_secret_that_is_asked_for_no_more_never_becomes_a_line() {
        let mut decoder = Decoder::default();
        decoder.set_secret(true);
        decoder.feed(Instant::now(), b"pass", 64).count();
        assert_eq!(decoder.pending(), 4);
        decoder.set_secret(false);
        assert_eq!(decoder.pending(), 0);
        let heard = decoder.feed(Instant::now(), b"word\nhi\n", 64);
        assert_eq!(heard.map(|it| written(&it)).collect::<Vec<_>>(), ["hi"]);
    }

    #[test]
    fn what_is_wiped_is_gone() {
        let mut line = b"password".to_vec();
        line.truncate(2);
        super::wipe_all(&mut line);
        line.resize(line.capacity(), 1);
        assert!(!line.is_empty());
        let mut buffer = *b"pass";
        super::wipe(&mut buffer);
        assert_eq!(buffer, [0; 4]);
    }
}
