//! `LineDecoder`: cuts what a peer sent into lines.
//!
//! It looks for a line end once in each byte, lends lines that lie whole in one read, and keeps only the tail of a line
//! that has not ended. Invariant: the tail holds no line end and is at most the limit long.

use std::borrow::Cow;
use std::mem;

use memchr::memchr2;

use super::text::clean;

/// What came in: a line, or word of one that was not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line<'a> {
    /// A line as [`clean`] text, without its end.
    Text(Cow<'a, str>),
    /// A line grew past the limit. Said once per line; the line's bytes are discarded as they come.
    TooLong,
}

/// The state between two reads of one peer: two words, and on the heap the tail of a line that has not ended.
#[derive(Debug, Default)]
pub struct LineDecoder {
    tail: Option<Box<Tail>>,
    /// The last byte was a CR, which ended a line; an LF or NUL right behind it belongs to it (RFC 854, RFC 1123 §3.3.1).
    after_cr: bool,
    /// The present line is too long and already reported.
    discarding: bool,
}

/// The beginning of a line that has not ended. Never empty.
#[derive(Debug, Default)]
struct Tail(Vec<u8>);

impl LineDecoder {
    /// Takes the next line out of `input`, which shrinks by what was used. `None` when `input` is used up.
    ///
    /// A line ends at LF, CR LF, CR NUL, or at a CR followed by anything else. `limit` is the longest line accepted,
    /// in bytes without its end.
    pub fn next<'a>(&mut self, input: &mut &'a [u8], limit: usize) -> Option<Line<'a>> {
        while let Some(&first) = input.first() {
            if mem::take(&mut self.after_cr) && matches!(first, b'\n' | b'\0') {
                *input = &input[1..];
                continue;
            }
            let end = memchr2(b'\n', b'\r', input);
            let (part, rest) = input.split_at(end.unwrap_or(input.len()));
            *input = rest.get(1..).unwrap_or_default();
            self.after_cr = rest.first() == Some(&b'\r');

            let line = if end.is_some() {
                self.end_line(part, limit)
            } else {
                self.keep(part, limit)
            };
            if line.is_some() {
                return line;
            }
        }
        None
    }

    /// The peer has sent all it will: what stands without a line end is a line too.
    pub fn finish(&mut self) -> Option<Line<'static>> {
        let tail = self.tail.take()?;
        Some(Line::Text(Cow::Owned(clean(&tail.0).into_owned())))
    }

    /// Bytes kept of a line that has not ended.
    pub fn pending(&self) -> usize {
        self.tail.as_ref().map_or(0, |tail| tail.0.len())
    }

    fn end_line<'a>(&mut self, part: &'a [u8], limit: usize) -> Option<Line<'a>> {
        if mem::take(&mut self.discarding) {
            return None;
        }
        if self.pending() + part.len() > limit {
            self.tail = None;
            return Some(Line::TooLong);
        }
        if self.tail.is_none() {
            return Some(Line::Text(clean(part)));
        }
        self.append(part);
        self.finish()
    }

    fn keep(&mut self, part: &[u8], limit: usize) -> Option<Line<'static>> {
        if self.discarding {
            return None;
        }
        if self.pending() + part.len() > limit {
            self.tail = None;
            self.discarding = true;
            return Some(Line::TooLong);
        }
        self.append(part);
        debug_assert!(self.pending() <= limit && memchr2(b'\n', b'\r', part).is_none());
        None
    }

    fn append(&mut self, part: &[u8]) {
        self.tail.get_or_insert_default().0.extend_from_slice(part);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: usize = 16;

    /// Feeds the chunks, then the end, and collects the lines; a line too long reads `<too long>`.
    fn decode<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Vec<String> {
        let mut decoder = LineDecoder::default();
        let mut lines = Vec::new();
        let mut push = |line| match line {
            Line::Text(text) => lines.push(String::from(text)),
            Line::TooLong => lines.push("<too long>".into()),
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

    /// Each input gives the same lines whole, byte by byte, and cut in two anywhere.
    fn assert_lines(input: &[u8], lines: &[&str]) {
        assert_eq!(decode([input]), lines, "whole: {input:?}");
        assert_eq!(decode(input.chunks(1)), lines, "byte by byte: {input:?}");
        for at in 0..=input.len() {
            let (head, tail) = input.split_at(at);
            assert_eq!(decode([head, tail]), lines, "cut at {at}: {input:?}");
        }
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
                assert_eq!(line, Line::TooLong);
                reports += 1;
            }
            assert!(decoder.tail.is_none());
        }
        assert_eq!(reports, 1);
        let mut rest = &b"xx\nok\n"[..];
        assert_eq!(
            decoder.next(&mut rest, LIMIT),
            Some(Line::Text("ok".into()))
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
            Some(Line::Text(Cow::Borrowed("hello")))
        ));
    }
}
