//! `Decoder`: turns the bytes of a peer into lines, first through telnet, then by cutting.

use std::mem;
use std::time::Instant;

use super::lines::{Input, Key, LineDecoder};
use super::telnet::{Telnet, Token};

/// The state between two reads of one peer. While it [is idle](Decoder::is_idle), it need not be kept.
#[derive(Debug, Default)]
pub struct Decoder {
    telnet: Telnet,
    lines: LineDecoder,
}

/// The contents of one read, in order.
#[derive(Debug)]
pub struct Inputs<'d, 'a> {
    decoder: &'d mut Decoder,
    now: Instant,
    limit: usize,
    bytes: &'a [u8],
    /// The text before `bytes`.
    text: &'a [u8],
    /// An interrupt that was not passed on yet. A telnet client may throw away all output between its interrupt and the
    /// answer to its `DO TIMING-MARK`, which comes right after. So replies go first.
    interrupted: bool,
    /// The next token after that interrupt that is not a reply.
    held: Option<Token<'a>>,
    /// The input ends after a last line without a line end.
    ended: bool,
}

impl Decoder {
    /// Decodes the bytes of one read. `limit` is the longest line accepted, in bytes without its end.
    pub fn feed<'d, 'a>(
        &'d mut self,
        now: Instant,
        bytes: &'a [u8],
        limit: usize,
    ) -> Inputs<'d, 'a> {
        self.lines.set_keys(self.telnet.keys());
        Inputs {
            decoder: self,
            now,
            limit,
            bytes,
            text: &[],
            interrupted: false,
            held: None,
            ended: false,
        }
    }

    /// Sets whether lines are [secret](Input::Secret) from now on. What has come of a secret line that is none any more is
    /// dropped, and so is the rest of it.
    pub fn set_secret(&mut self, is_secret: bool) {
        self.lines.set_secret(is_secret);
    }

    /// Whether a valid command of telnet has come.
    pub fn speaks_telnet(&self) -> bool {
        self.telnet.is_spoken()
    }

    /// Notes that the peer was sent `WILL ECHO` so many times. What answers it is not answered.
    pub fn note_wills(&mut self, count: u8) {
        self.telnet.note_wills(count);
    }

    /// Notes that the next bytes are the first of their stream: a byte order mark before them is dropped.
    pub fn begin_stream(&mut self) {
        self.lines.begin_stream();
    }

    /// Whether the kept bytes are the key that ends the input, unless more follows: byte 04 at the start of a line. The
    /// caller, who has a clock, waits a moment and then takes it with [`end_alone`](Self::end_alone).
    pub fn awaits_end(&self) -> bool {
        self.lines.awaits_end()
    }

    /// Takes the key that ends the input, if nothing has followed it.
    pub fn end_alone(&mut self) -> Option<Input<'static>> {
        self.lines.end_alone()
    }

    /// Ends the input: text without a line end is a line too.
    pub fn finish(&mut self, limit: usize) -> Option<Input<'static>> {
        if let Some(Token::Text(mut rest)) = self.telnet.finish() {
            let too_long = self.lines.next(&mut rest, limit);
            if too_long.is_some() {
                return too_long;
            }
        }
        self.lines.finish()
    }

    /// Whether nothing has to be kept until the next read: no line is incomplete, and the peer speaks no telnet.
    pub fn is_idle(&self) -> bool {
        self.telnet.is_idle() && self.lines.is_idle()
    }

    /// Bytes kept between two reads: of a line and of a telnet subnegotiation that have not ended. At most the longest
    /// line and [`SUBNEGOTIATION_BYTES`](crate::limits::SUBNEGOTIATION_BYTES).
    pub fn pending(&self) -> usize {
        self.lines.pending() + self.telnet.pending()
    }
}

impl Inputs<'_, '_> {
    /// As [`Decoder::set_secret`], for what follows.
    pub fn set_secret(&mut self, is_secret: bool) {
        self.decoder.set_secret(is_secret);
    }

    /// As [`Decoder::speaks_telnet`], by now.
    pub fn speaks_telnet(&self) -> bool {
        self.decoder.speaks_telnet()
    }
}

impl<'a> Iterator for Inputs<'_, 'a> {
    type Item = Input<'a>;

    fn next(&mut self) -> Option<Input<'a>> {
        let Decoder { telnet, lines } = &mut *self.decoder;
        loop {
            if mem::take(&mut self.ended) {
                return Some(Input::EndOfInput);
            }
            if let Some(input) = lines.next(&mut self.text, self.limit) {
                return Some(input);
            }
            let token = self.held.take();
            let token = token.or_else(|| telnet.next(self.now, &mut self.bytes));
            if self.interrupted && !matches!(token, Some(Token::Reply(_))) {
                self.interrupted = false;
                self.held = token;
                return Some(Input::Interrupt);
            }
            lines.set_keys(telnet.keys());
            match token? {
                Token::Text(text) => self.text = text,
                Token::Reply(bytes) => return Some(Input::Reply(bytes)),
                Token::AreYouThere => return Some(Input::AreYouThere),
                Token::Key(Key::Interrupt) => {
                    lines.press(Key::Interrupt);
                    self.interrupted = true;
                }
                Token::Key(Key::EndOfInput) => {
                    self.ended = true;
                    if let Some(line @ (Input::Line(_) | Input::Secret(_))) = lines.finish() {
                        return Some(line);
                    }
                }
                Token::Key(key) => {
                    lines.press(key);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: usize = 64;

    /// The result of a client's bytes: lines and keys, and the replies to the client.
    #[derive(Debug, Default, PartialEq)]
    struct Heard {
        lines: Vec<String>,
        replies: Vec<u8>,
    }

    fn hear<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Heard {
        let now = Instant::now();
        let mut decoder = Decoder::default();
        let mut heard = Heard::default();
        for chunk in chunks {
            for input in decoder.feed(now, chunk, LIMIT) {
                heard.note(input);
            }
        }
        if let Some(input) = decoder.finish(LIMIT) {
            heard.note(input);
        }
        heard
    }

    impl Heard {
        fn note(&mut self, input: Input<'_>) {
            match input {
                Input::Line(text) => self.lines.push(text.into()),
                Input::Reply(bytes) => self.replies.extend(bytes),
                other => self.lines.push(format!("{other:?}")),
            }
        }
    }

    /// Checks the same whole, byte by byte, and cut in two anywhere.
    fn assert_heard(bytes: &[u8], lines: &[&str], replies: &[u8]) {
        let expected = Heard {
            lines: lines.iter().map(|&line| line.into()).collect(),
            replies: replies.into(),
        };
        assert_eq!(hear([bytes]), expected, "whole: {bytes:x?}");
        assert_eq!(hear(bytes.chunks(1)), expected, "byte by byte: {bytes:x?}");
        for at in 0..=bytes.len() {
            let (head, tail) = bytes.split_at(at);
            assert_eq!(hear([head, tail]), expected, "cut at {at}: {bytes:x?}");
        }
    }

    #[test]
    fn who_sends_no_command_is_answered_nothing() {
        assert_heard(b"hi\n\xff\xff\n", &["hi", "\u{fffd}"], &[]);
        assert_heard(b"a\xffb\n\xff\n", &["a\u{fffd}b", "\u{fffd}"], &[]);
        assert_heard(b"a\xff\x7f\n\xff", &["a\u{fffd}␡", "\u{fffd}"], &[]);
    }

    #[test]
    fn an_interrupt_is_told_of_behind_the_timing_mark() {
        let inputs = |bytes: &[u8]| {
            let mut decoder = Decoder::default();
            let all = decoder.feed(Instant::now(), bytes, LIMIT);
            all.map(|input| format!("{input:?}")).collect::<Vec<_>>()
        };
        let all = inputs(b"half\xff\xf4\xff\xfd\x06whole\n");
        let mark = "Reply([255, 252, 6])";
        assert_eq!(all, [mark, "Interrupt", "Line(\"whole\")"]);
        assert_eq!(inputs(b"\xff\xf4"), ["Interrupt"]);
        assert_heard(b"\xff\xf4\xff\xf4", &["Interrupt", "Interrupt"], &[]);
        assert_heard(b"\xff\xf3\xff\xf6", &["Interrupt", "AreYouThere"], &[]);
        assert_heard(b"\xff\xf4\xff\xec", &["Interrupt", "EndOfInput"], &[]);
        assert_heard(
            b"half\xff\xf4\xff\xfd\x06whole\n",
            &["Interrupt", "whole"],
            b"\xff\xfc\x06",
        );
    }

    #[test]
    fn commands_act_as_keys_and_never_reach_the_text() {
        assert_heard(b"ab\xff\xf7c\xff\xf8d\xff\xf1\n", &["d"], &[]);
        assert_heard(b"\xff\xf6\xff\xf3", &["AreYouThere", "Interrupt"], &[]);
        assert_heard(b"last\xff\xec", &["last", "EndOfInput"], &[]);
        assert_heard(b"a\xff\xfa\x1f\0P\0\x18\xff\xf0b\n", &["ab"], &[]);
        assert_heard(b"a\xff\xfa\x18\xff\xff\n\r\xff\xf0b\n", &["ab"], &[]);
    }

    #[test]
    fn the_hello_of_putty_is_answered_so_that_it_edits_by_itself() {
        let hello =
            b"\xff\xfb\x1f\xff\xfb\x20\xff\xfb\x18\xff\xfb\x27\xff\xfd\x01\xff\xfb\x03\xff\xfd\x03";
        let answers = b"\xff\xfd\x1f\xff\xfe\x20\xff\xfd\x18\xff\xfa\x18\x01\xff\xf0\xff\xfe\x27\xff\xfc\x01\xff\xfe\x03\xff\xfc\x03";
        assert_heard(hello, &[], answers);
    }

    /// The opening of a subnegotiation of this option, and a number of its bytes.
    fn opening(option: u8, count: usize) -> Vec<u8> {
        [&[255, 250, option][..], &vec![b'x'; count]].concat()
    }

    #[test]
    fn behind_a_subnegotiation_that_does_not_end_text_is_text_again() {
        let list = crate::limits::CHARSET_LIST_BYTES + 1;
        for (option, bound) in [(31, 4), (24, 41), (42, list), (39, 1023), (0, 1023)] {
            let mut bytes = opening(option, bound);
            let ended = [&bytes[..], b"\xff\xf0hello\r\n"].concat();
            assert_heard(&ended, &["hello"], &[]);
            bytes.extend_from_slice(b"hello\r\n");
            assert_heard(&bytes, &["hello"], &[]);
        }
        // The last 255 of a window was not doubled, so half of the end is missing.
        let window = b"\xff\xfb\x1f\xff\xfa\x1f\0P\0\xff\xff\xf0hello\r\n";
        assert_heard(window, &["hello"], b"\xff\xfd\x1f");
        assert_heard(b"\xff\xfa\x1f\0P\0\x18\xff\xffhi\n", &["\u{fffd}hi"], &[]);
    }

    #[test]
    fn a_command_within_a_subnegotiation_ends_it_and_acts() {
        assert_heard(b"\xff\xfa\x18\0vt\xff\xf6hi\n", &["AreYouThere", "hi"], &[]);
        assert_heard(
            b"\xff\xfa\x18\0vt\xff\xfd\x01hi\n",
            &["hi"],
            b"\xff\xfc\x01",
        );
        let twice = b"\xff\xfa\x18\0vt\xff\xfa\x1f\0P\0\x18\xff\xf0hi\n";
        assert_heard(twice, &["hi"], &[]);
        assert_heard(b"\xff\xfa\x18\0vt\xff\x01hi\n", &["\u{fffd}␁hi"], &[]);
    }

    #[test]
    fn ctrl_d_in_data_is_data() {
        let data = b"before\n\x04hello\nworld\n";
        assert_heard(data, &["before", "␄hello", "world"], &[]);
        assert_heard(b"a\x04\n\x04\x04b\n", &["a␄", "␄␄b"], &[]);
        for alone in [
            &b"a\n\x04\n"[..],
            b"a\n\x04\r\n",
            b"a\r\n\x04",
            b"a\n\x04\x04\n",
        ] {
            assert_heard(alone, &["a", "EndOfInput"], &[]);
        }
        assert_heard(b"\xff\xf1\x04\r\n", &["EndOfInput"], &[]);
        assert_heard(b"\x04\xff\xec", &["EndOfInput"], &[]);
    }

    #[test]
    fn ctrl_d_waits_for_what_may_follow_it() {
        let mut decoder = Decoder::default();
        let mut feed = |bytes: &[u8]| {
            let heard = decoder.feed(Instant::now(), bytes, LIMIT).count();
            let awaits = decoder.awaits_end();
            (heard, awaits, decoder.is_idle())
        };
        assert_eq!(feed(b"hi\n\x04"), (1, true, false));
        assert_eq!(feed(b"x"), (0, false, false));
        assert_eq!(feed(b"\n"), (1, false, true));
        assert_eq!(feed(b"a\x04"), (0, false, false));
        assert_eq!(decoder.end_alone(), None);
        assert_eq!(decoder.pending(), 2);
        decoder.feed(Instant::now(), b"\n\x04", LIMIT).count();
        assert_eq!(decoder.end_alone(), Some(Input::EndOfInput));
        assert!(decoder.is_idle() && decoder.end_alone().is_none());
    }

    #[test]
    fn a_byte_order_mark_at_the_head_of_a_stream_is_dropped() {
        let bytes = "\u{feff}bob\n\u{feff}hi\n".as_bytes();
        for at in 1..bytes.len() {
            let mut decoder = Decoder::default();
            let mut heard = Heard::default();
            decoder.begin_stream();
            for part in [&bytes[..at], &bytes[at..]] {
                let inputs = decoder.feed(Instant::now(), part, LIMIT);
                inputs.for_each(|input| heard.note(input));
                if decoder.is_idle() {
                    decoder = Decoder::default();
                }
            }
            assert_eq!(heard.lines, ["bob", "\u{fffd}hi"], "cut at {at}");
        }
    }

    #[test]
    fn a_window_may_be_told_of_with_a_doubled_byte() {
        let mut decoder = Decoder::default();
        let mut heard = Heard::default();
        let bytes = b"\xff\xfb\x1f\xff\xfa\x1f\0\xff\xff\0\x18\xff\xf0hi\n";
        let inputs = decoder.feed(Instant::now(), bytes, LIMIT);
        inputs.for_each(|input| heard.note(input));
        assert_eq!(heard.lines, ["hi"]);
    }
}
