//! `ObjectDecoder`: cuts a program's input into lines, which hold an object each. Unlike a person's line, such a line is
//! passed on as it came: a string of JSON says by itself which characters it has.

use std::borrow::Cow;
use std::mem;

use memchr::memchr;

/// The state between two reads of one program.
#[derive(Debug, Default)]
pub struct ObjectDecoder {
    /// The beginning of a line that has not ended. At most as long as the limit.
    tail: Vec<u8>,
    /// The present line is too long and already reported.
    discarding: bool,
}

/// A line of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ObjectLine<'a> {
    /// A line that is not blank, without its end.
    Whole(Cow<'a, [u8]>),
    /// A line grew past the limit. Reported once per line; the bytes of the line are discarded as they come.
    TooLong,
}

impl ObjectDecoder {
    /// Takes the next line out of `input`, which shrinks by the bytes used. `None` when `input` is used up. `limit` is the
    /// longest line accepted, in bytes without its end.
    pub fn next<'a>(&mut self, input: &mut &'a [u8], limit: usize) -> Option<ObjectLine<'a>> {
        while !input.is_empty() {
            let end = memchr(b'\n', input);
            let (part, rest) = input.split_at(end.unwrap_or(input.len()));
            *input = rest.get(1..).unwrap_or_default();
            let was_discarding = mem::replace(&mut self.discarding, false);
            if was_discarding || self.tail.len() + part.len() > limit {
                self.tail = Vec::new();
                self.discarding = end.is_none();
                if !was_discarding {
                    return Some(ObjectLine::TooLong);
                }
                continue;
            }
            if end.is_none() {
                self.tail.extend_from_slice(part);
                return None;
            }
            let line = match self.tail.is_empty() {
                true => Cow::Borrowed(part),
                false => {
                    self.tail.extend_from_slice(part);
                    Cow::Owned(mem::take(&mut self.tail))
                }
            };
            if !line.trim_ascii().is_empty() {
                return Some(ObjectLine::Whole(line));
            }
        }
        None
    }

    /// Ends the input: a line without a line end is a line too.
    pub fn finish(&mut self) -> Option<ObjectLine<'static>> {
        let tail = mem::take(&mut self.tail);
        let is_blank = tail.trim_ascii().is_empty();
        (!is_blank).then_some(ObjectLine::Whole(Cow::Owned(tail)))
    }

    /// Whether nothing has to be kept until the next read.
    pub fn is_idle(&self) -> bool {
        self.tail.is_empty() && !self.discarding
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: usize = 12;

    /// Everything that comes of these parts, with `-` for a line that is too long.
    fn lines<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Vec<String> {
        let mut decoder = ObjectDecoder::default();
        let mut lines = Vec::new();
        for mut part in parts {
            while let Some(line) = decoder.next(&mut part, LIMIT) {
                lines.push(line);
            }
        }
        lines.extend(decoder.finish());
        assert!(decoder.finish().is_none());
        let text = |line: ObjectLine<'_>| match line {
            ObjectLine::Whole(line) => String::from_utf8_lossy(&line).trim().into(),
            ObjectLine::TooLong => "-".into(),
        };
        lines.into_iter().map(text).collect()
    }

    #[test]
    fn lines_are_the_same_wherever_they_are_cut() {
        let all = b"{\"a\":1}\r\n\n \r\n{}\n{\"long\":\"xxxxxxxx\"}\n{\"b\":\"12345\"}\n{\"b\":\"1234\"}\n{\"c\"";
        let expected = ["{\"a\":1}", "{}", "-", "-", "{\"b\":\"1234\"}", "{\"c\""];
        assert_eq!(lines([&all[..]]), expected);
        assert_eq!(lines(all.chunks(1)), expected);
        for at in 0..all.len() {
            let (head, tail) = all.split_at(at);
            assert_eq!(lines([head, tail]), expected, "cut at {at}");
        }
    }

    #[test]
    fn a_line_that_never_ends_takes_no_memory() {
        let mut decoder = ObjectDecoder::default();
        for _ in 0..1000 {
            let mut part = &[b'x'; 100][..];
            while decoder.next(&mut part, LIMIT).is_some() {}
            assert!(decoder.tail.capacity() <= LIMIT && !decoder.is_idle());
        }
        assert_eq!(decoder.next(&mut &b"\n"[..], LIMIT), None);
        assert!(decoder.is_idle());
    }
}
