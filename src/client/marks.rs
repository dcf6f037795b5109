//! Timing marks (RFC 860): how the client learns that the server has taken in what it sent. Behind a line goes `DO
//! TIMING-MARK`; the answer comes when the server has come to it, behind all that it had to say until then.
//!
//! Whatever else of telnet (RFC 854) a server sends is taken out of the text. Bytes in, pieces out; no socket.

use memchr::memchr;

const IAC: u8 = 255;
const DONT: u8 = 254;
const DO: u8 = 253;
const WONT: u8 = 252;
const WILL: u8 = 251;
/// End of a subnegotiation, the lowest of the commands of RFC 854.
const SE: u8 = 240;
/// RFC 860.
const TIMING_MARK: u8 = 6;

/// Asks the server to say when it has come here.
pub(super) const ASK: [u8; 3] = [IAC, DO, TIMING_MARK];

/// A stretch of what a server sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    Text(&'a [u8]),
    /// It has come to the next of the marks.
    Mark,
}

/// The state between two reads: the commands that were not whole.
#[derive(Debug, Default, Clone, Copy)]
pub(super) enum Marks {
    #[default]
    Text,
    /// Behind an IAC.
    Command,
    /// Behind a verb; the option comes.
    Option(u8),
}

impl Marks {
    /// Takes the next piece out of `input`, which shrinks by what was used. `None` when it is used up.
    pub(super) fn next<'a>(&mut self, input: &mut &'a [u8]) -> Option<Piece<'a>> {
        while let Some(&byte) = input.first() {
            match std::mem::take(self) {
                Marks::Text if byte != IAC => {
                    let end = memchr(IAC, input).unwrap_or(input.len());
                    let (text, rest) = input.split_at(end);
                    *input = rest;
                    return Some(Piece::Text(text));
                }
                Marks::Text => *self = Marks::Command,
                Marks::Command if matches!(byte, WILL | WONT | DO | DONT) => {
                    *self = Marks::Option(byte);
                }
                // Other commands say nothing to us.
                Marks::Command if (SE..IAC).contains(&byte) => {}
                // A doubled IAC, or none of telnet: it was text.
                Marks::Command => {
                    if byte == IAC {
                        *input = &input[1..];
                    }
                    return Some(Piece::Text(&[IAC]));
                }
                Marks::Option(WILL | WONT) if byte == TIMING_MARK => {
                    *input = &input[1..];
                    return Some(Piece::Mark);
                }
                Marks::Option(_) => {}
            }
            *input = &input[1..];
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text with a `|` for each mark.
    fn read(chunks: &[&[u8]]) -> Vec<u8> {
        let mut marks = Marks::default();
        let mut read = Vec::new();
        for chunk in chunks {
            let mut input = *chunk;
            while let Some(piece) = marks.next(&mut input) {
                match piece {
                    Piece::Text(text) => read.extend_from_slice(text),
                    Piece::Mark => read.push(b'|'),
                }
            }
        }
        read
    }

    #[test]
    fn marks_are_told_from_text_wherever_they_are_cut() {
        let input = b"a\xff\xfc\x06b\xff\xfb\x06\xff\xfb\x01c\xff\xf9d\xff\xff\xffe";
        let expected = b"a|b|cd\xff\xffe";
        assert_eq!(read(&[input]), expected);
        for at in 0..=input.len() {
            let (head, tail) = input.split_at(at);
            assert_eq!(read(&[head, tail]), expected, "cut at {at}");
        }
        let bytes: Vec<&[u8]> = input.chunks(1).collect();
        assert_eq!(read(&bytes), expected);
    }
}
