//! `Keyboard`: turns the bytes of a terminal into keys. It knows no terminal and no clock.
//!
//! A terminal sends the keys that a person types, and reports of its own: those of the mouse, and answers to an earlier
//! program's questions. This file reads text, a lone Escape and Alt, as a screen knows none of them. A control sequence
//! or control string (ECMA-48 §5.4 and §5.6) goes to the crate `vte`, which knows where it ends.
//!
//! This always holds, wherever the bytes are cut:
//! - No byte of a sequence, string or report is text, and none of a report is a key. A report gives no [`Key`] at all,
//!   not even [`Key::Other`], which would answer a question.
//! - Nothing inside a paste is a key.
//! - Only a lone Escape depends on a moment ([`ESCAPE_TIMEOUT`]). Everything else that is unfinished waits for the rest
//!   of its bytes, as a network may delay them. But it does not wait for bytes that only others can send: silence ends
//!   it ([`SEQUENCE_TIMEOUT`], [`PASTE_TIMEOUT`]), and so does Ctrl-C, which then means nothing else. Any Escape also
//!   ends an unfinished sequence or string, so an arrow key helps a person who pressed Alt-`]` by mistake.
//! - It stores only a paste of at most [`PASTE_BYTES`], the beginning of a character, and the state of `vte`, which
//!   gets no text of control strings. So sequences and strings need no limit in bytes, which would type the rest of a
//!   long one.

mod paste;
mod sequence;

use std::mem;
use std::time::{Duration, Instant};

use paste::Paste;
use sequence::{Found, Heard};

/// The bytes that belong to an Escape come within this time.
const ESCAPE_TIMEOUT: Duration = Duration::from_millis(50);

/// A sequence or string is given up this long after its last byte. This is longer than a network delays the rest of
/// one, and short enough for a person to wait.
const SEQUENCE_TIMEOUT: Duration = Duration::from_secs(2);

/// A paste without an end is over this long after its last byte. This is longer than for sequences, because the rest of
/// a paste that was only delayed would be typed.
const PASTE_TIMEOUT: Duration = Duration::from_secs(5);

/// The same for a paste with a Ctrl-C in it. A program may put that byte into a paste, but then more bytes follow at
/// once.
const CTRL_C_TIMEOUT: Duration = Duration::from_millis(500);

/// Longest paste taken, in bytes. More is a mistake at a chat's prompt.
pub(super) const PASTE_BYTES: usize = 1024 * 1024;

/// The most bytes that a person can type after a Ctrl-C in [`CTRL_C_TIMEOUT`]. If there are more, nobody typed them.
const TYPED_BYTES: usize = 1024;

const CTRL_C: u8 = 0x03;
const ESC: u8 = 0x1b;
const DEL: u8 = 0x7f;
const CAN: u8 = 0x18;

/// An act of the person at the keyboard, or a report of the terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Key {
    /// A character to be typed.
    Char(char),
    /// A letter with Ctrl, in lower case.
    Ctrl(char),
    /// A character with Alt, or typed after Escape.
    Alt(char),
    Enter,
    Tab,
    Backspace,
    /// Backspace with Alt.
    WordBackspace,
    Delete,
    Left,
    Right,
    WordLeft,
    WordRight,
    Home,
    End,
    Up,
    Down,
    Escape,
    /// Text from the clipboard, with line ends as the terminal gave them.
    Paste(Vec<u8>),
    /// Text from the clipboard that is longer than [`PASTE_BYTES`], and was dropped.
    PasteTooLong,
    /// The terminal's window got the focus or lost it.
    Focus(bool),
    /// A key with no meaning here.
    Other,
}

/// What the next byte belongs to.
#[derive(Debug)]
enum State {
    Text {
        /// Whether an Escape came before the character that has begun.
        alt: bool,
    },
    Escape {
        /// Whether it interrupted a control string, which `ESC \` ends.
        in_string: bool,
    },
    /// A control sequence, or the keys that SS3 introduces (`ESC O`). After the introducer, both look alike.
    Sequence {
        ss3: bool,
    },
    /// A control string: OSC, DCS, SOS, PM or APC.
    String,
    /// A mouse report in X10's form: this many of its bytes are still to come, whatever they are.
    Mouse(u8),
    /// A function key of the Linux console, `ESC [ [` and a letter.
    FunctionKey,
    Paste(Paste),
}

impl State {
    /// Between two keys.
    const START: State = State::Text { alt: false };
}

/// The state between two reads of a terminal.
pub(super) struct Keyboard {
    state: State,
    /// In its ground state, except within a sequence or string.
    parser: vte::Parser,
    /// The beginning of a character in UTF-8.
    partial: Vec<u8>,
    /// When the last bytes came.
    heard: Option<Instant>,
}

impl Keyboard {
    pub(super) fn new() -> Keyboard {
        Keyboard {
            state: State::START,
            parser: vte::Parser::new(),
            partial: Vec::new(),
            heard: None,
        }
    }

    /// Takes in bytes and appends the keys that they complete. Feed all bytes that have come before calling
    /// [`handle_timeout`](Self::handle_timeout), because bytes that were read late may not have come late.
    pub(super) fn feed(&mut self, bytes: &[u8], now: Instant, keys: &mut Vec<Key>) {
        let mut rest = bytes;
        while let [byte, tail @ ..] = rest {
            self.heard = Some(now);
            if let State::Paste(paste) = &mut self.state {
                let (taken, key) = paste.take(rest);
                if let Some(key) = key {
                    keys.push(key);
                    self.state = State::START;
                }
                rest = &rest[taken..];
                continue;
            }
            self.take(*byte, keys);
            rest = tail;
        }
    }

    /// When to call [`handle_timeout`](Self::handle_timeout) next.
    pub(super) fn next_timeout(&self) -> Option<Instant> {
        let wait = match &self.state {
            State::Text { .. } if self.partial.is_empty() => return None,
            State::Escape { in_string: false } => ESCAPE_TIMEOUT,
            State::Paste(paste) if paste.has_ctrl_c() => CTRL_C_TIMEOUT,
            State::Paste(_) => PASTE_TIMEOUT,
            _ => SEQUENCE_TIMEOUT,
        };
        Some(self.heard? + wait)
    }

    /// Nothing has followed for long enough: gives up the unfinished state, unless it is a lone Escape or a paste.
    pub(super) fn handle_timeout(&mut self, now: Instant, keys: &mut Vec<Key>) {
        if self.next_timeout().is_none_or(|by| by > now) {
            return;
        }
        match self.give_up() {
            State::Escape { in_string: false } => keys.push(Key::Escape),
            State::Paste(paste) => match paste.give_up() {
                Ok(key) => keys.push(key),
                Err(typed) => self.feed(&typed, now, keys),
            },
            _ => {}
        }
    }

    /// Leaves the unfinished state, and returns it.
    fn give_up(&mut self) -> State {
        self.partial.clear();
        // Cancels whatever the parser is in.
        self.parser.advance(&mut Heard::default(), &[CAN]);
        mem::replace(&mut self.state, State::START)
    }

    fn take(&mut self, byte: u8, keys: &mut Vec<Key>) {
        match self.state {
            State::Text { alt } => self.take_text(byte, alt, keys),
            State::Escape { in_string } => self.take_escaped(byte, in_string, keys),
            _ if byte == ESC => {
                let in_string = matches!(self.give_up(), State::String);
                self.state = State::Escape { in_string };
            }
            _ if byte == CTRL_C => drop(self.give_up()),
            State::Mouse(left) => {
                self.state = match left {
                    0 | 1 => State::START,
                    more => State::Mouse(more - 1),
                }
            }
            State::FunctionKey => {
                self.state = State::START;
                if !matches!(byte, b'A'..=b'E') {
                    self.take_text(byte, false, keys);
                }
            }
            State::Sequence { ss3 } => self.take_sequence(byte, ss3, keys),
            // The text of a string means nothing to us; only a control character can end it.
            State::String if byte < b' ' => self.advance(byte, false, keys),
            State::String | State::Paste(_) => {}
        }
    }

    /// Takes a byte of a character in UTF-8, or a control character. Any other byte types nothing.
    fn take_text(&mut self, byte: u8, alt: bool, keys: &mut Vec<Key>) {
        if byte < b' ' || byte == DEL {
            self.partial.clear();
            self.state = State::START;
            match byte {
                ESC => self.state = State::Escape { in_string: false },
                _ => keys.push(control_key(byte)),
            }
            return;
        }
        self.partial.push(byte);
        let character = match str::from_utf8(&self.partial) {
            Ok(text) => text.chars().next(),
            Err(error) if error.error_len().is_none() => return,
            Err(_) => None,
        };
        let cut_off = character.is_none() && self.partial.len() > 1;
        self.partial.clear();
        self.state = State::START;
        match character {
            Some(c) if c.is_control() => {}
            Some(c) if alt => keys.push(Key::Alt(c)),
            Some(c) => keys.push(Key::Char(c)),
            None if cut_off => self.take_text(byte, false, keys),
            None => {}
        }
    }

    /// Takes the byte after an Escape.
    fn take_escaped(&mut self, byte: u8, in_string: bool, keys: &mut Vec<Key>) {
        match byte {
            // Escape twice: the second one may begin a sequence, as Alt with an arrow does in some terminals.
            ESC => {}
            b'[' => self.begin(State::Sequence { ss3: false }, byte),
            b'O' => self.begin(State::Sequence { ss3: true }, b'['),
            b']' | b'P' | b'X' | b'^' | b'_' => self.begin(State::String, byte),
            // `ESC \` ends a string. A person did not cause any other end either.
            _ if in_string => self.state = State::START,
            0..b' ' | DEL => {
                self.state = State::START;
                keys.push(match byte {
                    DEL | 0x08 => Key::WordBackspace,
                    _ => Key::Other,
                });
            }
            _ => {
                self.state = State::Text { alt: true };
                self.take_text(byte, true, keys);
            }
        }
    }

    /// Makes `vte` begin a sequence or string, with the byte after the Escape that introduces it.
    fn begin(&mut self, state: State, introducer: u8) {
        self.state = state;
        self.parser
            .advance(&mut Heard::default(), &[ESC, introducer]);
    }

    fn take_sequence(&mut self, byte: u8, ss3: bool, keys: &mut Vec<Key>) {
        // SS3 shifts one character. Some terminals put numbers before it.
        if ss3 && !matches!(byte, b'0'..=b'9' | b';' | b'@'..=b'~') {
            return drop(self.give_up());
        }
        self.advance(byte, ss3, keys);
    }

    /// Makes `vte` take a byte of a sequence or string, and acts on its end.
    fn advance(&mut self, byte: u8, ss3: bool, keys: &mut Vec<Key>) {
        let mut heard = Heard::new(ss3);
        // `vte` skips DEL in anything unfinished, and prints it otherwise. So DEL reveals the end.
        self.parser.advance(&mut heard, &[byte, DEL]);
        if !heard.ended {
            return;
        }
        self.state = match heard.found {
            Found::Paste => State::Paste(Paste::default()),
            Found::Mouse => State::Mouse(3),
            Found::FunctionKey => State::FunctionKey,
            Found::Nothing | Found::Key(_) => State::START,
        };
        match heard.found {
            Found::Key(key) => keys.push(key),
            Found::FunctionKey => keys.push(Key::Other),
            _ => {}
        }
    }
}

fn control_key(byte: u8) -> Key {
    match byte {
        b'\r' | b'\n' => Key::Enter,
        b'\t' => Key::Tab,
        0x08 | DEL => Key::Backspace,
        1..=26 => Key::Ctrl(char::from(b'a' + byte - 1)),
        _ => Key::Other,
    }
}

#[cfg(test)]
mod tests;
