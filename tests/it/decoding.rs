//! The meaning of a peer's bytes, and the properties that hold for any bytes. The fuzzer checks the same.

use std::time::Instant;

use chinwag::inner::wire::{Decoder, Input};
use chinwag::limits::accounts::SECRET_BYTES;
use chinwag::limits::{SUBNEGOTIATION_BYTES, TELNET_REPLIES};

const IAC: u8 = 255;
/// The longest answer: that UTF-8 is accepted.
const LONGEST_REPLY: usize = b"\xff\xfa\x2a\x02UTF-8\xff\xf0".len();
const ASKED_FOR_MARK: &[u8] = b"\xff\xfd\x06";
const NO_MARK: &[u8] = b"\xff\xfc\x06";

/// The decoded lines, and the replies to the bytes.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Heard {
    /// Keys stand among the lines in the order in which they were pressed, in angle brackets.
    pub(crate) lines: Vec<String>,
    pub(crate) replies: Vec<Vec<u8>>,
    /// Passwords that were asked for.
    pub(crate) secrets: Vec<Vec<u8>>,
}

impl Heard {
    /// Decodes the bytes of these reads, all within one instant, and then their end.
    pub(crate) fn of(reads: &[&[u8]], limit: usize) -> Heard {
        Heard::asked(reads, limit, false)
    }

    /// The same, where a password is asked for behind each line of an even length, if `asks`.
    fn asked(reads: &[&[u8]], limit: usize, asks: bool) -> Heard {
        let now = Instant::now();
        let mut decoder = Decoder::default();
        let mut heard = Heard::default();
        let mut is_secret = false;
        let first = reads.iter().position(|bytes| !bytes.is_empty());
        for (i, bytes) in reads.iter().enumerate() {
            if Some(i) == first {
                decoder.begin_stream();
            }
            let mut inputs = decoder.feed(now, bytes, limit);
            loop {
                inputs.set_secret(is_secret);
                let Some(input) = inputs.next() else {
                    break;
                };
                if !matches!(input, Input::Reply(_)) {
                    let is_even = |line: &str| line.len().is_multiple_of(2);
                    is_secret = asks && matches!(&input, Input::Line(line) if is_even(line));
                }
                heard.note(input);
            }
            assert!(decoder.pending() <= limit.max(SECRET_BYTES) + SUBNEGOTIATION_BYTES);
            // As the server does: forgets a decoder that has nothing to remember.
            if decoder.is_idle() {
                decoder = Decoder::default();
            }
        }
        decoder.set_secret(is_secret);
        if let Some(input) = decoder.finish(limit) {
            heard.note(input);
        }
        heard
    }

    fn note(&mut self, input: Input<'_>) {
        let line = match input {
            Input::Line(text) => text.into(),
            Input::Secret(line) => return self.secrets.push(line.reveal().into()),
            Input::Reply(bytes) => return self.replies.push(bytes),
            Input::Interrupt => "<interrupt>".into(),
            Input::EndOfInput => "<end>".into(),
            Input::AreYouThere => "<are you there>".into(),
            Input::TooLong => "<too long>".into(),
        };
        self.lines.push(line);
    }
}

/// Checks all properties of any bytes, and that they mean the same in these reads, whole, and byte by byte.
pub(crate) fn assert_sound<'a>(
    bytes: &'a [u8],
    cuts: impl IntoIterator<Item = Vec<&'a [u8]>>,
    limit: usize,
) {
    let whole = Heard::of(&[bytes], limit);
    let asked = Heard::asked(&[bytes], limit, true);
    let single: Vec<&[u8]> = bytes.chunks(1).collect();
    for reads in cuts.into_iter().chain([single]) {
        assert_eq!(Heard::of(&reads, limit), whole, "cut as {reads:x?}");
        let again = Heard::asked(&reads, limit, true);
        assert_eq!(again, asked, "asked, and cut as {reads:x?}");
    }
    let longest = asked.secrets.iter().map(Vec::len).max();
    assert!(longest.unwrap_or_default() <= SECRET_BYTES);
    assert_lines_are_harmless(&asked, bytes, limit);
    assert_lines_are_harmless(&whole, bytes, limit);
    assert_replies_are_bounded(&whole, bytes);
}

fn assert_lines_are_harmless(heard: &Heard, bytes: &[u8], limit: usize) {
    assert!(heard.lines.len() <= bytes.len(), "a line from nothing");
    for line in &heard.lines {
        // Each byte becomes three at most, as U+FFFD and the pictures of control characters are that long.
        assert!(line.len() <= 3 * limit, "{} bytes", line.len());
        let harms = |c: char| {
            c.is_control() && c != '\t'
                || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}')
                || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        };
        assert!(!line.contains("         "), "{line:?}");
        assert!(!line.contains(harms), "{line:?}");
    }
}

fn assert_replies_are_bounded(heard: &Heard, bytes: &[u8]) {
    let is_command = |two: &[u8]| two[0] == IAC && (0xec..=0xfe).contains(&two[1]);
    let speaks_telnet = bytes.windows(2).any(is_command);
    assert!(speaks_telnet || heard.replies.is_empty(), "{heard:x?}");

    let asked = bytes.windows(3).filter(|&it| it == ASKED_FOR_MARK).count();
    let (marks, others): (Vec<_>, Vec<_>) =
        heard.replies.iter().partition(|&reply| reply == NO_MARK);
    assert!(marks.len() <= asked);
    assert!(others.len() <= TELNET_REPLIES as usize);
    for reply in &heard.replies {
        assert!(reply.starts_with(&[IAC]) && reply.len() <= LONGEST_REPLY);
    }
}
