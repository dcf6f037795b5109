//! Timing marks (RFC 860): how the client learns that the server has read what it sent. After a line, the client sends
//! `DO TIMING-MARK`. The server answers when it reaches the mark, after everything that it had to say until then.
//!
//! A server that asks for a password says that it shows what is typed, so that the client does not. All other telnet
//! commands (RFC 854) of a server are removed from the text. Bytes go in, pieces come out; there is no
//! socket.

use memchr::memchr;

const IAC: u8 = 255;
const DONT: u8 = 254;
const DO: u8 = 253;
const WONT: u8 = 252;
const WILL: u8 = 251;
/// End of a subnegotiation, the lowest of the commands of RFC 854.
const SE: u8 = 240;
/// RFC 857.
const ECHO: u8 = 1;
/// RFC 860.
const TIMING_MARK: u8 = 6;

/// Asks the server to say when it has reached this point.
pub(super) const ASK: [u8; 3] = [IAC, DO, TIMING_MARK];

/// A piece of the server's bytes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    Text(&'a [u8]),
    /// The server has reached the next mark.
    Mark,
    /// Whether the server wants what is typed to be hidden from now on (RFC 857).
    Hides(bool),
}

/// The state between two reads: an incomplete command.
#[derive(Debug, Default, Clone, Copy)]
pub(super) enum Marks {
    #[default]
    Text,
    /// After an IAC.
    Command,
    /// After a verb, before the option.
    Option(u8),
}

impl Marks {
    /// Takes the next piece out of `input`, and shortens `input` by the bytes used. `None` when no bytes are left.
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
                // Other commands mean nothing to us.
                Marks::Command if (SE..IAC).contains(&byte) => {}
                // A doubled IAC, or not a telnet command: it was text.
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
                Marks::Option(verb @ (WILL | WONT)) if byte == ECHO => {
                    *input = &input[1..];
                    return Some(Piece::Hides(verb == WILL));
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
                    Piece::Hides(hides) => read.push(if hides { b'(' } else { b')' }),
                }
            }
        }
        read
    }

    #[test]
    fn marks_are_told_from_text_wherever_they_are_cut() {
        let input = b"a\xff\xfc\x06b\xff\xfb\x06\xff\xfb\x01c\xff\xfc\x01\xff\xf9d\xff\xff\xffe";
        let expected = b"a|b|(c)d\xff\xffe";
        assert_eq!(read(&[input]), expected);
        for at in 0..=input.len() {
            let (head, tail) = input.split_at(at);
            assert_eq!(read(&[head, tail]), expected, "cut at {at}");
        }
        let bytes: Vec<&[u8]> = input.chunks(1).collect();
        assert_eq!(read(&bytes), expected);
    }
}
