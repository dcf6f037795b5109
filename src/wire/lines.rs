//! `LineDecoder`: cuts a peer's input into lines.
//!
//! It searches each byte once for a line end, lends lines that lie whole in one read, and keeps only the tail of a line
//! that has not ended. Invariant: the tail holds no line end and is at most as long as the limit.

use std::borrow::Cow;
use std::mem;

use memchr::memchr2;

use crate::limits::accounts::SECRET_BYTES;

use super::secret::{Raw, wipe_all};
use super::text::{clean, clean_typed};

/// Input from a peer: a line, or something else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input<'a> {
    /// A line as clean text, without its end.
    Line(Cow<'a, str>),
    /// A line that answers a question for a password, as it was typed, without its end.
    Secret(Raw<'a>),
    /// A line grew past the limit. Reported once per line; the bytes of the line are discarded as they come.
    TooLong,
    /// The person pressed the key that interrupts. Any incomplete line of theirs is dropped.
    Interrupt,
    /// The person pressed the key that ends their input.
    EndOfInput,
    /// A telnet client asks whether we are still there.
    AreYouThere,
    /// Bytes of the telnet protocol for the peer, to be sent after its waiting output.
    Reply(Vec<u8>),
}

/// A key that acts on the line being typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Key {
    EraseCharacter,
    EraseWord,
    EraseLine,
    Interrupt,
    EndOfInput,
}

/// Which control characters are keys, and not text.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keys {
    /// None of them: the bytes come from a server.
    #[default]
    None,
    /// Ctrl-C at the start of a line, and Ctrl-D alone on a line. Clients that speak no telnet send them there.
    AtLineStart,
    /// All editing keys: a telnet client may send every key as it is typed.
    All,
}

const CTRL_C: u8 = 0x03;
const CTRL_D: u8 = 0x04;
const BACKSPACE: u8 = 0x08;
const CTRL_U: u8 = 0x15;
const CTRL_W: u8 = 0x17;
const DELETE: u8 = 0x7f;

/// Splits bytes after the first line end, or after this many bytes without one. A read may be split anywhere, and this
/// split makes each part give one line at most.
pub(crate) fn split_line(bytes: &[u8], most: usize) -> (&[u8], &[u8]) {
    let most = most.min(bytes.len());
    let end = match memchr2(b'\n', b'\r', &bytes[..most]) {
        None => most,
        Some(at) if bytes[at..].starts_with(b"\r\n") => at + 2,
        Some(at) => at + 1,
    };
    bytes.split_at(end)
}

/// The state between two reads of one peer.
#[derive(Debug, Default)]
pub(crate) struct LineDecoder {
    /// The beginning of a line that has not ended.
    tail: Vec<u8>,
    /// The last byte was a CR that ended a line. An LF or NUL right after it belongs to it (RFC 854, RFC 1123 §3.3.1).
    after_cr: bool,
    /// The present line is too long and already reported.
    discarding: bool,
    /// Nothing precedes the present line: it may begin with a byte order mark.
    is_first: bool,
    /// Lines are passed on as they come, because a password was asked for.
    is_secret: bool,
    keys: Keys,
}

impl LineDecoder {
    /// Takes the next line out of `input`, which shrinks by the bytes used. `None` when `input` is used up.
    ///
    /// A line ends at LF, CR LF, CR NUL, or at a CR followed by anything else. `limit` is the longest line accepted,
    /// in bytes without its end; secret lines have a limit of their own.
    pub(crate) fn next<'a>(&mut self, input: &mut &'a [u8], limit: usize) -> Option<Input<'a>> {
        let limit = if self.is_secret { SECRET_BYTES } else { limit };
        while let Some(&first) = input.first() {
            if mem::take(&mut self.after_cr) && matches!(first, b'\n' | b'\0') {
                *input = &input[1..];
                continue;
            }
            if let Some(key) = self.key(first) {
                *input = &input[1..];
                match self.press(key) {
                    None => continue,
                    pressed => return pressed,
                }
            }
            let end = self.find_end(input);
            let (part, rest) = input.split_at(end.unwrap_or(input.len()));
            *input = rest;
            let line = match rest.first() {
                Some(&end @ (b'\n' | b'\r')) => {
                    self.after_cr = end == b'\r';
                    *input = &rest[1..];
                    self.end_line(part, limit)
                }
                _ => self.keep(part, limit),
            };
            if line.is_some() {
                self.is_first = false;
                return line;
            }
        }
        None
    }

    /// Acts on a key.
    pub(super) fn press(&mut self, key: Key) -> Option<Input<'static>> {
        self.is_first = false;
        match key {
            Key::EraseCharacter => self.erase(end_of_last_but_one),
            Key::EraseWord => self.erase(end_of_word_before),
            Key::EraseLine => self.erase_line(),
            Key::Interrupt => {
                self.erase_line();
                return Some(Input::Interrupt);
            }
            Key::EndOfInput => return Some(Input::EndOfInput),
        }
        None
    }

    /// Sets which control characters are keys from now on. A decoder begins without any.
    pub(super) fn set_keys(&mut self, keys: Keys) {
        self.keys = keys;
    }

    /// Sets whether lines are secret from now on. What has come of a secret line that is none any more is dropped, and so is
    /// the rest of it: it must not be taken for a line like any other.
    pub(super) fn set_secret(&mut self, is_secret: bool) {
        if self.is_secret && !is_secret && !self.tail.is_empty() {
            self.drop_tail();
            self.discarding = true;
        }
        self.is_secret = is_secret;
    }

    /// Notes that the next bytes are the first of their stream: a byte order mark before them is dropped.
    pub(super) fn begin_stream(&mut self) {
        self.is_first = true;
    }

    /// Ends the input: text without a line end is a line too.
    pub(crate) fn finish(&mut self) -> Option<Input<'static>> {
        let tail = mem::take(&mut self.tail);
        if self.is_secret && !tail.is_empty() && !self.is_end(&tail) {
            return Some(Input::Secret(Raw::new(tail)));
        }
        (!tail.is_empty()).then(|| match self.line(&tail) {
            Input::Line(text) => Input::Line(Cow::Owned(text.into_owned())),
            _ => Input::EndOfInput,
        })
    }

    /// Whether the kept bytes may be the key that ends the input: byte 04 at the start of a line, and nothing after it
    /// yet. More may be on its way, so the caller, who has a clock, decides that nothing has come.
    pub(super) fn awaits_end(&self) -> bool {
        self.is_end(&self.tail)
    }

    /// Takes that key, if nothing has followed it.
    pub(super) fn end_alone(&mut self) -> Option<Input<'static>> {
        let is_alone = self.awaits_end();
        is_alone.then(|| {
            self.drop_tail();
            Input::EndOfInput
        })
    }

    /// Whether a line is the key that ends the input, however often it was pressed. Before other text it is a byte of
    /// that text.
    fn is_end(&self, line: &[u8]) -> bool {
        let is_key = |byte: &u8| *byte == CTRL_D;
        self.keys != Keys::None && !line.is_empty() && line.iter().all(is_key)
    }

    /// The result of a whole line.
    fn line<'a>(&self, line: &'a [u8]) -> Input<'a> {
        const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();
        let line = match self.is_first && !self.is_secret {
            true => line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line),
            false => line,
        };
        match self.keys {
            _ if self.is_end(line) => Input::EndOfInput,
            _ if self.is_secret => Input::Secret(Raw::new(line)),
            // A server lays its text out in columns.
            Keys::None => Input::Line(clean(line)),
            _ => Input::Line(clean_typed(line)),
        }
    }

    /// Whether nothing has to be kept until the next read.
    pub(super) fn is_idle(&self) -> bool {
        self.tail.is_empty() && !self.after_cr && !self.discarding
    }

    /// Bytes kept of a line that has not ended.
    pub(crate) fn pending(&self) -> usize {
        self.tail.len()
    }

    fn end_line<'a>(&mut self, part: &'a [u8], limit: usize) -> Option<Input<'a>> {
        if mem::take(&mut self.discarding) {
            return None;
        }
        if self.pending() + part.len() > limit {
            self.drop_tail();
            return Some(Input::TooLong);
        }
        if self.tail.is_empty() {
            return Some(self.line(part));
        }
        self.tail.extend_from_slice(part);
        self.finish()
    }

    fn keep(&mut self, part: &[u8], limit: usize) -> Option<Input<'static>> {
        if self.discarding {
            return None;
        }
        if self.pending() + part.len() > limit {
            self.drop_tail();
            self.discarding = true;
            return Some(Input::TooLong);
        }
        if self.is_secret {
            // It never moves, and so leaves nothing behind.
            self.tail.reserve_exact(limit - self.tail.len());
        }
        self.tail.extend_from_slice(part);
        debug_assert!(self.pending() <= limit && memchr2(b'\n', b'\r', part).is_none());
        None
    }

    /// The key that a byte stands for at this point of the input.
    fn key(&self, byte: u8) -> Option<Key> {
        let edits = self.keys == Keys::All;
        let begins_line = self.keys != Keys::None && self.tail.is_empty() && !self.discarding;
        match byte {
            CTRL_C if edits || begins_line => Some(Key::Interrupt),
            BACKSPACE | DELETE if edits => Some(Key::EraseCharacter),
            CTRL_U if edits => Some(Key::EraseLine),
            CTRL_W if edits => Some(Key::EraseWord),
            _ => None,
        }
    }

    /// The offset where the text ends, at a line end or a key.
    fn find_end(&self, input: &[u8]) -> Option<usize> {
        const KEYS: [u8; 5] = [CTRL_C, BACKSPACE, DELETE, CTRL_U, CTRL_W];
        if self.keys != Keys::All {
            return memchr2(b'\n', b'\r', input);
        }
        let ends = |byte: &u8| matches!(byte, b'\n' | b'\r') || KEYS.contains(byte);
        input.iter().position(ends)
    }

    /// Cuts the tail at the offset that `end` returns.
    fn erase(&mut self, end: fn(&[u8]) -> usize) {
        self.tail.truncate(end(&self.tail));
    }

    fn erase_line(&mut self) {
        self.drop_tail();
        self.discarding = false;
    }

    fn drop_tail(&mut self) {
        if self.is_secret {
            wipe_all(&mut self.tail);
        }
        self.tail = Vec::new();
    }
}

/// The offset where the text ends without its last character. A UTF-8 character has at most three bytes after its
/// first.
fn end_of_last_but_one(text: &[u8]) -> usize {
    let continues = |byte: &&u8| **byte & 0xc0 == 0x80;
    let behind_first = text.iter().rev().take_while(continues).count().min(3);
    text.len().saturating_sub(behind_first + 1)
}

/// The offset where the text ends without its last word and the space after it.
fn end_of_word_before(text: &[u8]) -> usize {
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let word_end = text.iter().rposition(|byte| !blank(byte));
    let word = &text[..word_end.map_or(0, |last| last + 1)];
    word.iter().rposition(blank).map_or(0, |gap| gap + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: usize = 16;

    /// Feeds the chunks, then the end, and collects the lines; a line too long reads `<too long>`.
    fn decode<'a>(keys: Keys, chunks: impl IntoIterator<Item = &'a [u8]>) -> Vec<String> {
        let mut decoder = LineDecoder::default();
        decoder.set_keys(keys);
        let mut lines = Vec::new();
        let mut push = |input| match input {
            Input::Line(text) => lines.push(String::from(text)),
            Input::TooLong => lines.push("<too long>".into()),
            Input::Interrupt => lines.push("<interrupt>".into()),
            Input::EndOfInput => lines.push("<end>".into()),
            Input::Secret(_) | Input::AreYouThere | Input::Reply(_) => {
                unreachable!("no telnet here")
            }
        };
        for mut chunk in chunks {
            while let Some(line) = decoder.next(&mut chunk, LIMIT) {
                push(line);
            }
            assert!(decoder.pending() <= LIMIT);
        }
        if let Some(line) = decoder.finish() {
            push(line);
        }
        lines
    }

    /// Checks that each input gives the same lines whole, byte by byte, and cut in two anywhere.
    fn assert_lines(input: &[u8], lines: &[&str]) {
        assert_decodes(Keys::AtLineStart, input, lines);
    }

    /// The same for a client whose control characters are keys.
    fn assert_edits(input: &[u8], lines: &[&str]) {
        assert_decodes(Keys::All, input, lines);
    }

    fn assert_decodes(keys: Keys, input: &[u8], lines: &[&str]) {
        assert_eq!(decode(keys, [input]), lines, "whole: {input:?}");
        assert_eq!(
            decode(keys, input.chunks(1)),
            lines,
            "byte by byte: {input:?}"
        );
        for at in 0..=input.len() {
            let (head, tail) = input.split_at(at);
            assert_eq!(decode(keys, [head, tail]), lines, "cut at {at}: {input:?}");
        }
    }

    #[test]
    fn keys_edit_the_line_of_a_telnet_client() {
        assert_edits(b"hellp\x7fo\r\n", &["hello"]);
        assert_edits("Zoë\x08e\n".as_bytes(), &["Zoe"]);
        assert_edits("花\x08\x08\x08a\n".as_bytes(), &["a"]);
        assert_edits(b"one two  \x17three\n", &["one three"]);
        assert_edits(b"one\x17\x17two\n", &["two"]);
        assert_edits(b"wrong\x15right\n", &["right"]);
        assert_edits(b"half\x03whole\n", &["<interrupt>", "whole"]);
        assert_edits(b"a\x04b\n\x04", &["a\u{2404}b", "<end>"]);
        assert_edits(b"0123456789abcdefg\x15ok\n", &["<too long>", "ok"]);
    }

    #[test]
    fn a_decoder_knows_no_keys_unless_it_is_told_to() {
        assert_decodes(Keys::None, b"\x03a\x08\n\x04\n", &["␃a␈", "␄"]);
    }

    #[test]
    fn of_other_clients_only_two_keys_count_and_only_where_a_line_begins() {
        assert_lines(b"a\x08\x7f\x15\x17\n", &["a␈␡␕␗"]);
        assert_lines(b"a\x03\x04\n", &["a␃␄"]);
        assert_lines(b"\x03a\n\x04", &["<interrupt>", "a", "<end>"]);
        assert_lines(b"a\r\n\x04", &["a", "<end>"]);
        // Ctrl-C is answered, and the rest of its line is not lost.
        assert_lines(b"a\n\x03b\n", &["a", "<interrupt>", "b"]);
    }

    #[test]
    fn input_is_split_behind_the_first_line_end() {
        let split = |bytes: &'static [u8]| split_line(bytes, 4).0;
        assert_eq!(split(b"a\nb\n"), b"a\n");
        assert_eq!(split(b"a\r\nb"), b"a\r\n");
        assert_eq!(split(b"abc\r\nb"), b"abc\r\n");
        assert_eq!(split(b"a\rb"), b"a\r");
        assert_eq!(split(b"\n\n"), b"\n");
        assert_eq!(split(b"abcdef\n"), b"abcd");
        assert_eq!(split(b"ab"), b"ab");
        assert_eq!(split(b""), b"");
    }

    #[test]
    fn every_line_end_ends_one_line() {
        assert_lines(
            b"a\nb\r\nc\r\0d\re\r\rf",
            &["a", "b", "c", "d", "e", "", "f"],
        );
        assert_lines(b"\n\r\n\r\0\r", &["", "", "", ""]);
        assert_lines(b"", &[]);
    }

    #[test]
    fn a_nul_that_follows_no_cr_is_text() {
        assert_lines(b"a\n\0b\n", &["a", "\u{2400}b"]);
        assert_lines(b"a\r\n\0b\n", &["a", "\u{2400}b"]);
    }

    #[test]
    fn a_line_of_the_limit_passes_and_one_more_byte_does_not() {
        assert_lines(b"0123456789abcdef\nok\n", &["0123456789abcdef", "ok"]);
        assert_lines(b"0123456789abcdef", &["0123456789abcdef"]);
        assert_lines(b"0123456789abcdefg\nok\n", &["<too long>", "ok"]);
        assert_lines(b"0123456789abcdefg", &["<too long>"]);
    }

    #[test]
    fn a_long_line_is_reported_once_and_never_stored() {
        let mut decoder = LineDecoder::default();
        let mut reports = 0;
        for _ in 0..1024 {
            let mut chunk = &[b'x'; 8192][..];
            while let Some(line) = decoder.next(&mut chunk, LIMIT) {
                assert_eq!(line, Input::TooLong);
                reports += 1;
            }
            assert!(decoder.tail.capacity() == 0);
        }
        assert_eq!(reports, 1);
        let mut rest = &b"xx\nok\n"[..];
        assert_eq!(
            decoder.next(&mut rest, LIMIT),
            Some(Input::Line("ok".into()))
        );
    }

    #[test]
    fn a_character_split_between_reads_stays_whole() {
        assert_lines("Zoë 花\n".as_bytes(), &["Zoë 花"]);
    }

    #[test]
    fn a_line_that_lies_whole_in_one_read_is_lent() {
        let mut decoder = LineDecoder::default();
        let mut input = &b"hello\n"[..];
        assert!(matches!(
            decoder.next(&mut input, LIMIT),
            Some(Input::Line(Cow::Borrowed("hello")))
        ));
    }
}
