//! Control sequences: which of them are keys, and which are reports of a terminal. This file keeps no state.
//!
//! With a private prefix (`<`, `=`, `>`, `?`) or an intermediate byte, a sequence is never a key.

use vte::{Params, Perform};

use super::Key;

/// The kind of a sequence or string, as `vte` reports it.
#[derive(Debug, Default)]
pub(super) struct Heard {
    ss3: bool,
    /// Whether this was its last byte.
    pub(super) ended: bool,
    pub(super) found: Found,
}

/// What a control sequence means here.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) enum Found {
    /// A report of the terminal, or something unknown.
    #[default]
    Nothing,
    Key(Key),
    /// The beginning of a paste.
    Paste,
    /// The beginning of a mouse report in X10's form: three bytes follow that are not part of the sequence.
    Mouse,
    /// The beginning of a function key of the Linux console: a letter follows.
    FunctionKey,
}

impl Heard {
    pub(super) fn new(ss3: bool) -> Heard {
        let (ended, found) = (false, Found::Nothing);
        Heard { ss3, ended, found }
    }
}

impl Perform for Heard {
    fn print(&mut self, _: char) {
        self.ended = true;
    }

    fn csi_dispatch(&mut self, params: &Params, intermediates: &[u8], ignore: bool, last: char) {
        // A private prefix counts among the intermediates.
        if !intermediates.is_empty() || ignore {
            return;
        }
        let mut heads = [0; 3];
        for (head, param) in heads.iter_mut().zip(params) {
            *head = param.first().copied().unwrap_or_default();
        }
        let released = params.iter().nth(1).and_then(|param| param.get(1)) == Some(&RELEASED);
        let bare = params.len() == 1 && heads[0] == 0;
        self.found = match (last, heads) {
            _ if released => Found::Nothing,
            _ if self.ss3 => Found::Key(shifted_key(last, heads)),
            ('~', [200, 0, 0]) if params.len() == 1 => Found::Paste,
            // The end of a paste that has no beginning.
            ('~', [201, ..]) => Found::Nothing,
            ('M', _) if bare => Found::Mouse,
            ('[', _) if bare => Found::FunctionKey,
            ('I', _) if bare => Found::Key(Key::Focus(true)),
            ('O', _) if bare => Found::Key(Key::Focus(false)),
            ('a'..='d', _) if !bare => Found::Nothing,
            _ => csi_key(last, heads).map_or(Found::Nothing, Found::Key),
        };
    }
}

/// How the protocol of kitty marks that a key was released, after the modifiers.
const RELEASED: u16 = 3;

/// The key of a control sequence.
fn csi_key(last: char, heads: [u16; 3]) -> Option<Key> {
    let [first, modifiers, code] = heads;
    Some(match (last, first) {
        ('~', 1 | 7) => Key::Home,
        ('~', 4 | 8) => Key::End,
        // With Alt or Ctrl, as far as the word goes.
        ('~', 3) if matches!(modifiers, 3 | 5) => Key::Alt('d'),
        ('~', 3) => Key::Delete,
        // The two forms in which terminals report every modifier, once a program asked for it.
        ('~', 27) => with_ctrl(code, modifiers),
        ('u', _) => with_ctrl(first, modifiers),
        // Function keys, and the codes that rxvt sends for them with Ctrl and Shift.
        ('~' | '^' | '@' | 'E' | 'G' | 'P' | 'Q' | 'S' | 'Z' | 'a' | 'b', _) => Key::Other,
        ('A'..='D' | 'F' | 'H' | 'c' | 'd', _) => cursor_key(last, modifiers),
        // The others are reports: R of the cursor, n of the state, t of the window, M of the mouse in urxvt's form.
        _ => return None,
    })
}

/// The key after SS3, where a number gives the modifiers.
fn shifted_key(last: char, [first, second, _]: [u16; 3]) -> Key {
    match last {
        // Enter on the keypad.
        'M' => Key::Enter,
        _ => cursor_key(last, first.max(second)),
    }
}

/// A cursor key by its final byte, with the modifiers as xterm counts them: 3 is Alt, 5 is Ctrl.
fn cursor_key(last: char, modifiers: u16) -> Key {
    match (last, modifiers) {
        ('A', _) => Key::Up,
        ('B', _) => Key::Down,
        ('C', 3 | 5) | ('c', _) => Key::WordRight,
        ('D', 3 | 5) | ('d', _) => Key::WordLeft,
        ('C', _) => Key::Right,
        ('D', _) => Key::Left,
        ('H', _) => Key::Home,
        ('F', _) => Key::End,
        _ => Key::Other,
    }
}

/// A key given by the number of its character. Only letters with Ctrl act, so that Ctrl-C always does. The terminal
/// does not tell which character Shift would make, and only the character itself may type or send anything.
fn with_ctrl(code: u16, modifiers: u16) -> Key {
    let ctrl = modifiers.saturating_sub(1) & 4 != 0;
    match u8::try_from(code) {
        Ok(letter) if ctrl && letter.is_ascii_alphabetic() => {
            Key::Ctrl(char::from(letter.to_ascii_lowercase()))
        }
        _ => Key::Other,
    }
}
