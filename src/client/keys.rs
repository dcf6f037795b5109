//! `KeyDecoder`: bytes of a terminal to keys. It knows no terminal and no clock.
//!
//! Invariant: what is kept between two calls is an unfinished sequence of at most [`SEQUENCE_BYTES`], or a paste of at
//! most [`PASTE_BYTES`].

use std::mem;

/// Longest escape sequence that is waited for, in bytes. Longer ones are no keys.
const SEQUENCE_BYTES: usize = 64;

/// Longest paste taken, in bytes. More is a mistake at a chat's prompt, and is cut.
const PASTE_BYTES: usize = 1024 * 1024;

/// What begins and ends a paste once the terminal was asked to mark them (`CSI ? 2004 h`).
const PASTE_BEGIN: &[u8] = b"\x1b[200~";
const PASTE_END: &[u8] = b"\x1b[201~";

const ESC: u8 = 0x1b;

/// What a person did at the keyboard, or the terminal told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Key {
    /// A character to be typed.
    Char(char),
    /// A letter with Ctrl, in lower case.
    Ctrl(char),
    /// A character with Alt, or typed behind Escape.
    Alt(char),
    Enter,
    Tab,
    Backspace,
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
    /// Text from the clipboard, its line ends as the terminal gave them.
    Paste(Vec<u8>),
    /// The terminal's window got the focus or lost it.
    Focus(bool),
    /// A key with no meaning here.
    Other,
}

/// The state between two reads of a terminal.
#[derive(Debug, Default)]
pub(super) struct KeyDecoder {
    pending: Vec<u8>,
    paste: Option<Vec<u8>>,
}

impl KeyDecoder {
    /// Takes in bytes and appends the keys that they complete.
    pub(super) fn feed(&mut self, bytes: &[u8], keys: &mut Vec<Key>) {
        self.pending.extend_from_slice(bytes);
        let pending = mem::take(&mut self.pending);
        let mut rest = &pending[..];
        while !rest.is_empty() {
            let taken = if self.paste.is_some() {
                self.take_paste(rest, keys)
            } else {
                self.take_key(rest, keys)
            };
            if taken == 0 {
                break;
            }
            rest = &rest[taken..];
        }
        self.pending = rest.to_vec();
        debug_assert!(self.pending.len() <= SEQUENCE_BYTES);
    }

    /// Whether an Escape, or a sequence that Escape began, waits for more.
    pub(super) fn waits(&self) -> bool {
        self.paste.is_none() && self.pending.first() == Some(&ESC)
    }

    /// Nothing followed for a while: an Escape alone was the key, and an unfinished sequence was none.
    pub(super) fn give_up_waiting(&mut self) -> Option<Key> {
        if !self.waits() {
            return None;
        }
        let alone = mem::take(&mut self.pending).len() == 1;
        Some(if alone { Key::Escape } else { Key::Other })
    }

    /// Collects a paste up to its end. Returns how many bytes were used; 0 to wait for more.
    fn take_paste(&mut self, bytes: &[u8], keys: &mut Vec<Key>) -> usize {
        let end = memchr::memmem::find(bytes, PASTE_END);
        // The last bytes may be the beginning of the end.
        let kept_back = (1..PASTE_END.len().min(bytes.len() + 1))
            .rev()
            .find(|&n| bytes.ends_with(&PASTE_END[..n]))
            .unwrap_or(0);
        let text = &bytes[..end.unwrap_or(bytes.len() - kept_back)];
        let paste = self.paste.get_or_insert_default();
        let room = PASTE_BYTES - paste.len();
        paste.extend_from_slice(&text[..text.len().min(room)]);
        if end.is_none() {
            return text.len();
        }
        keys.extend(self.paste.take().map(Key::Paste));
        text.len() + PASTE_END.len()
    }

    /// Takes one key. Returns how many bytes were used; 0 to wait for more.
    fn take_key(&mut self, bytes: &[u8], keys: &mut Vec<Key>) -> usize {
        match bytes[0] {
            ESC => self.take_escape(bytes, keys),
            control @ (0..0x20 | 0x7f) => {
                keys.push(control_key(control));
                1
            }
            _ => take_char(bytes, keys),
        }
    }

    fn take_escape(&mut self, bytes: &[u8], keys: &mut Vec<Key>) -> usize {
        match bytes.get(1) {
            None => 0,
            Some(b'[') => self.take_csi(bytes, keys),
            Some(b'O') => match bytes.get(2) {
                None => 0,
                Some(&last) => {
                    keys.push(cursor_key(last, 1));
                    3
                }
            },
            // Escape twice: the second one may begin a sequence, as Alt with an arrow does in some terminals.
            Some(&ESC) => 1,
            Some(0x7f | 0x08) => {
                keys.push(Key::Ctrl('w'));
                2
            }
            Some(&byte) if byte < 0x20 => {
                keys.push(Key::Other);
                2
            }
            Some(_) => {
                let mut chars = Vec::new();
                let taken = take_char(&bytes[1..], &mut chars);
                keys.extend(chars.into_iter().map(|key| match key {
                    Key::Char(c) => Key::Alt(c),
                    other => other,
                }));
                if taken == 0 { 0 } else { taken + 1 }
            }
        }
    }

    /// A control sequence: `CSI`, parameters, one final byte (ECMA-48 §5.4).
    fn take_csi(&mut self, bytes: &[u8], keys: &mut Vec<Key>) -> usize {
        let body = &bytes[2..];
        let Some(length) = body.iter().position(|byte| (0x40..=0x7e).contains(byte)) else {
            if bytes.len() < SEQUENCE_BYTES {
                return 0;
            }
            keys.push(Key::Other);
            return bytes.len().min(SEQUENCE_BYTES);
        };
        if body[length] == b'[' {
            // The function keys of the Linux console: one more byte.
            keys.push(Key::Other);
            return if bytes.len() > length + 3 {
                length + 4
            } else {
                0
            };
        }
        let taken = length + 3;
        if &bytes[..taken] == PASTE_BEGIN {
            self.paste = Some(Vec::new());
            return taken;
        }
        keys.push(csi_key(&body[..length], body[length]));
        taken
    }
}

fn control_key(byte: u8) -> Key {
    match byte {
        b'\r' | b'\n' => Key::Enter,
        b'\t' => Key::Tab,
        0x08 | 0x7f => Key::Backspace,
        1..=26 => Key::Ctrl(char::from(b'a' + byte - 1)),
        _ => Key::Other,
    }
}

/// The key of a control sequence without its introducer.
fn csi_key(parameters: &[u8], last: u8) -> Key {
    let mut numbers = parameters.split(|&byte| byte == b';').map(|digits| {
        std::str::from_utf8(digits)
            .ok()
            .and_then(|d| d.parse::<u8>().ok())
    });
    let first = numbers.next().flatten().unwrap_or(1);
    let modifiers = numbers.next().flatten().unwrap_or(1);
    match (last, first) {
        (b'I', _) if parameters.is_empty() => Key::Focus(true),
        (b'O', _) if parameters.is_empty() => Key::Focus(false),
        (b'~', 1 | 7) => Key::Home,
        (b'~', 4 | 8) => Key::End,
        (b'~', 3) => Key::Delete,
        (b'~', _) => Key::Other,
        _ => cursor_key(last, modifiers),
    }
}

/// A cursor key by its final byte, with the modifiers as xterm counts them: 3 is Alt, 5 is Ctrl.
fn cursor_key(last: u8, modifiers: u8) -> Key {
    match (last, modifiers) {
        (b'A', _) => Key::Up,
        (b'B', _) => Key::Down,
        (b'C', 3 | 5) | (b'c', _) => Key::WordRight,
        (b'D', 3 | 5) | (b'd', _) => Key::WordLeft,
        (b'C', _) => Key::Right,
        (b'D', _) => Key::Left,
        (b'H', _) => Key::Home,
        (b'F', _) => Key::End,
        (b'M', _) => Key::Enter,
        _ => Key::Other,
    }
}

/// A character in UTF-8. What is none is passed over byte by byte.
fn take_char(bytes: &[u8], keys: &mut Vec<Key>) -> usize {
    let length = match bytes[0] {
        0..0x80 => 1,
        0xc2..0xe0 => 2,
        0xe0..0xf0 => 3,
        0xf0..0xf5 => 4,
        _ => {
            keys.push(Key::Other);
            return 1;
        }
    };
    let sequence = &bytes[..length.min(bytes.len())];
    match std::str::from_utf8(sequence) {
        Ok(text) => {
            keys.extend(text.chars().map(Key::Char));
            length
        }
        Err(error) if error.error_len().is_none() => 0,
        Err(_) => {
            keys.push(Key::Other);
            1
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(chunks: &[&[u8]]) -> Vec<Key> {
        let mut decoder = KeyDecoder::default();
        let mut keys = Vec::new();
        for chunk in chunks {
            decoder.feed(chunk, &mut keys);
        }
        keys
    }

    #[test]
    fn keys_are_the_same_whole_and_byte_by_byte() {
        let input = "aß花🎉\x01\r\x7f\t\x1b[A\x1bOB\x1b[1;5C\x1b[1;3D\x1b[3~\x1b[I\x1b[O\x1bb\x1bé\x1b[99;99xz";
        let keys = [
            Key::Char('a'),
            Key::Char('ß'),
            Key::Char('花'),
            Key::Char('🎉'),
            Key::Ctrl('a'),
            Key::Enter,
            Key::Backspace,
            Key::Tab,
            Key::Up,
            Key::Down,
            Key::WordRight,
            Key::WordLeft,
            Key::Delete,
            Key::Focus(true),
            Key::Focus(false),
            Key::Alt('b'),
            Key::Alt('é'),
            Key::Other,
            Key::Char('z'),
        ];
        assert_eq!(decode(&[input.as_bytes()]), keys);
        let bytes: Vec<&[u8]> = input.as_bytes().chunks(1).collect();
        assert_eq!(decode(&bytes), keys);
    }

    #[test]
    fn a_paste_is_one_key_wherever_it_is_cut() {
        let input = b"x\x1b[200~one\rtwo\x1b[A\x1b[20\x1b[201~y";
        let keys = [
            Key::Char('x'),
            Key::Paste(b"one\rtwo\x1b[A\x1b[20".to_vec()),
            Key::Char('y'),
        ];
        for at in 0..=input.len() {
            let (head, tail) = input.split_at(at);
            assert_eq!(decode(&[head, tail]), keys, "cut at {at}");
        }
    }

    #[test]
    fn a_huge_paste_is_cut_and_not_stored() {
        let mut decoder = KeyDecoder::default();
        let mut keys = Vec::new();
        decoder.feed(PASTE_BEGIN, &mut keys);
        for _ in 0..2 * PASTE_BYTES / 4096 {
            decoder.feed(&[b'x'; 4096], &mut keys);
        }
        decoder.feed(PASTE_END, &mut keys);
        assert!(matches!(&keys[..], [Key::Paste(text)] if text.len() == PASTE_BYTES));
    }

    #[test]
    fn escape_alone_is_a_key_only_when_nothing_follows() {
        let mut decoder = KeyDecoder::default();
        let mut keys = Vec::new();
        decoder.feed(b"\x1b", &mut keys);
        assert!(keys.is_empty() && decoder.waits());
        assert_eq!(decoder.give_up_waiting(), Some(Key::Escape));
        decoder.feed(b"\x1b[1", &mut keys);
        assert_eq!(decoder.give_up_waiting(), Some(Key::Other));
        decoder.feed(b"a", &mut keys);
        assert_eq!(keys, [Key::Char('a')]);
        assert_eq!(decoder.give_up_waiting(), None);
    }

    #[test]
    fn bytes_that_are_no_text_type_nothing() {
        assert_eq!(
            decode(&[b"\xff\xc3(a\x80"]),
            [
                Key::Other,
                Key::Other,
                Key::Char('('),
                Key::Char('a'),
                Key::Other
            ]
        );
        let mut endless = b"\x1b[".to_vec();
        endless.resize(1000, b'1');
        assert!(decode(&[&endless]).contains(&Key::Other));
    }
}
