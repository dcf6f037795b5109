//! The telnet protocol (RFC 854): tells commands from text.
//!
//! A peer counts as a telnet client only after its first valid command. Until then the server sends nothing of the
//! protocol, so that `nc` never sees a byte 0xFF and every client keeps its best mode. While no 0xFF comes, a read
//! costs one `memchr`, and nothing is copied or kept. 0xFF never occurs in UTF-8, so text is never mistaken for a
//! command.
//!
//! Invariant: a command may be split between reads anywhere; nothing of a command reaches the text, except bytes past
//! the bound of a subnegotiation that did not end.

use std::mem;
use std::time::Instant;

use memchr::memchr;

use super::lines::{Key, Keys};
use super::negotiation::{DO, DONT, ECHO, IAC, Negotiation, SB, SE, WILL, WONT};

/// RFC 854.
const ERASE_LINE: u8 = 248;
const ERASE_CHARACTER: u8 = 247;
const ARE_YOU_THERE: u8 = 246;
const INTERRUPT_PROCESS: u8 = 244;
const BREAK: u8 = 243;
/// RFC 1184. The lowest command: a lower byte after an IAC makes no command.
const END_OF_FILE: u8 = 236;

/// Tells the peer that the input ends here.
pub(crate) const END_OF_INPUT: &[u8] = &[IAC, END_OF_FILE];

/// RFC 857: the server says that it shows what is typed, so the client does not.
pub(crate) const WILL_ECHO: &[u8] = &[IAC, WILL, ECHO];
/// The client shows again what is typed.
pub(crate) const WONT_ECHO: &[u8] = &[IAC, WONT, ECHO];

/// A stretch of input.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// Text, lent from the input.
    Text(&'a [u8]),
    /// A command that acts on the line as a key would.
    Key(Key),
    /// Are you there?
    AreYouThere,
    /// Bytes for the client, to be sent after its waiting output.
    Reply(Vec<u8>),
}

/// The state between two reads of one peer. Only peers that speak telnet have it on the heap.
#[derive(Debug, Default)]
pub(super) struct Telnet {
    negotiation: Option<Box<Negotiation>>,
    state: State,
}

/// The meaning of the next byte.
#[derive(Debug, Default, Clone, Copy)]
enum State {
    /// Text, or an IAC.
    #[default]
    Text,
    /// After an IAC.
    Command,
    /// The option of this verb.
    Option(u8),
    /// Inside a subnegotiation.
    Subnegotiation,
    /// After an IAC inside a subnegotiation.
    SubnegotiationCommand,
}

impl Telnet {
    /// Which control characters are keys: all editing keys, once a valid command has come.
    pub(super) fn keys(&self) -> Keys {
        match self.is_spoken() {
            true => Keys::All,
            false => Keys::AtLineStart,
        }
    }

    /// Whether a valid command has come.
    pub(super) fn is_spoken(&self) -> bool {
        self.negotiation.as_ref().is_some_and(|it| it.is_spoken)
    }

    /// Notes that the client was told so many times that it is not to show what is typed.
    pub(super) fn note_wills(&mut self, count: u8) {
        if count > 0 {
            self.negotiation.get_or_insert_default().note_wills(count);
        }
    }

    /// Whether nothing has to be kept until the next read.
    pub(super) fn is_idle(&self) -> bool {
        self.negotiation.is_none() && matches!(self.state, State::Text)
    }

    /// The number of bytes kept of a subnegotiation that has not ended.
    pub(super) fn pending(&self) -> usize {
        self.negotiation.as_ref().map_or(0, |it| it.gathered())
    }

    /// Takes the next token out of `input`, which shrinks by the bytes used. `None` when `input` is used up.
    pub(super) fn next<'a>(&mut self, now: Instant, input: &mut &'a [u8]) -> Option<Token<'a>> {
        while let Some(&byte) = input.first() {
            match mem::take(&mut self.state) {
                State::Text if byte != IAC => {
                    let end = memchr(IAC, input).unwrap_or(input.len());
                    let (text, rest) = input.split_at(end);
                    *input = rest;
                    return Some(Token::Text(text));
                }
                State::Text => self.state = State::Command,
                State::Command if byte == IAC => {
                    *input = &input[1..];
                    return Some(Token::Text(&[IAC]));
                }
                // This is not a command: the 0xFF was text, and so is the byte after it.
                State::Command if byte < END_OF_FILE => return Some(Token::Text(&[IAC])),
                State::Command => {
                    *input = &input[1..];
                    match self.command(byte) {
                        None => continue,
                        token => return token,
                    }
                }
                State::Option(verb) => {
                    *input = &input[1..];
                    if let Some(reply) = self.heard().option(now, verb, byte) {
                        return Some(Token::Reply(reply));
                    }
                    continue;
                }
                State::Subnegotiation if byte == IAC => self.state = State::SubnegotiationCommand,
                State::Subnegotiation => match self.gather(now, input) {
                    None => continue,
                    token => return token,
                },
                State::SubnegotiationCommand if byte == SE => {
                    *input = &input[1..];
                    match self.heard().subnegotiation(now) {
                        None => continue,
                        reply => return reply.map(Token::Reply),
                    }
                }
                // A doubled IAC is a 0xFF.
                State::SubnegotiationCommand if byte == IAC && self.heard().gather(&[IAC]) > 0 => {
                    self.state = State::Subnegotiation;
                }
                // Anything else ends the subnegotiation, and means what it means elsewhere.
                State::SubnegotiationCommand => {
                    self.heard().begin_subnegotiation();
                    self.state = State::Command;
                    continue;
                }
            }
            *input = &input[1..];
        }
        None
    }

    /// Ends the input: an IAC without a command was text.
    pub(super) fn finish(&mut self) -> Option<Token<'static>> {
        matches!(self.state, State::Command).then_some(Token::Text(&[IAC]))
    }

    /// Keeps bytes of a subnegotiation, up to its bound. If it has not ended there, it was not a subnegotiation, and
    /// text follows. There is one exception: a client that does not double the last 255 of its window leaves the second
    /// byte of the end, which is recognised then.
    fn gather(&mut self, now: Instant, input: &mut &[u8]) -> Option<Token<'static>> {
        let end = memchr(IAC, input).unwrap_or(input.len());
        let gathered = self.heard().gather(&input[..end]);
        *input = &input[gathered..];
        if gathered > 0 {
            self.state = State::Subnegotiation;
            return None;
        }
        let Some(rest) = input.strip_prefix(&[SE]) else {
            self.heard().begin_subnegotiation();
            return None;
        };
        *input = rest;
        self.heard().subnegotiation(now).map(Token::Reply)
    }

    /// Handles a command byte after an IAC.
    fn command(&mut self, byte: u8) -> Option<Token<'static>> {
        self.state = match byte {
            WILL | WONT | DO | DONT => State::Option(byte),
            SB => State::Subnegotiation,
            _ => State::Text,
        };
        self.heard().begin_subnegotiation();
        match byte {
            ERASE_CHARACTER => Some(Token::Key(Key::EraseCharacter)),
            ERASE_LINE => Some(Token::Key(Key::EraseLine)),
            INTERRUPT_PROCESS | BREAK => Some(Token::Key(Key::Interrupt)),
            END_OF_FILE => Some(Token::Key(Key::EndOfInput)),
            ARE_YOU_THERE => Some(Token::AreYouThere),
            _ => None,
        }
    }

    /// A valid command has come.
    fn heard(&mut self) -> &mut Negotiation {
        let negotiation = self.negotiation.get_or_insert_default();
        negotiation.is_spoken = true;
        negotiation
    }
}
