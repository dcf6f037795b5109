//! `Editor`: the line being typed. Keys come in, text and cursor change; this file draws nothing.
//!
//! Invariants: the cursor stands between two characters as a reader sees them (grapheme clusters), and the text is one
//! line of at most [`LINE_BYTES`] without control characters.

use std::mem;

use unicode_segmentation::{GraphemeCursor, UnicodeSegmentation};

use crate::limits::LINE_BYTES;
use crate::wire::clean;

use super::keys::Key;

/// The line being typed.
#[derive(Debug, Default)]
pub(super) struct Editor {
    text: String,
    /// A byte offset into the text.
    cursor: usize,
    /// The text cut last, which Ctrl-Y puts back.
    cut: String,
}

/// The effect of a key on the line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Edit {
    /// It was an editing key.
    Done,
    /// The key would have made the line too long.
    Full,
    /// It is not an editing key.
    NotMine,
}

impl Editor {
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn cursor(&self) -> usize {
        self.cursor
    }

    /// Replaces the line and puts the cursor after it.
    pub(super) fn set(&mut self, text: &str) {
        self.text.clear();
        self.cursor = 0;
        self.insert(text);
    }

    /// Takes the line away.
    pub(super) fn take(&mut self) -> String {
        self.cursor = 0;
        mem::take(&mut self.text)
    }

    /// Types text at the cursor. If the line would grow too long, returns false and types nothing.
    pub(super) fn insert(&mut self, text: &str) -> bool {
        let text = clean(text.as_bytes());
        if self.text.len() + text.len() > LINE_BYTES {
            return false;
        }
        self.text.insert_str(self.cursor, &text);
        self.cursor += text.len();
        // The typed text may have joined with the text after it, as an accent does.
        if !self.is_boundary(self.cursor) {
            self.cursor = self.next(self.cursor);
        }
        self.check();
        true
    }

    /// Replaces the text between an offset and the cursor.
    pub(super) fn replace_from(&mut self, start: usize, text: &str) -> bool {
        let tail = self.text.split_off(self.cursor);
        let head = self.text.clone();
        self.text.truncate(start);
        self.cursor = start;
        let fits = self.text.len() + text.len() + tail.len() <= LINE_BYTES && self.insert(text);
        if !fits {
            self.text = head;
            self.cursor = self.text.len();
        }
        self.text.push_str(&tail);
        if !self.is_boundary(self.cursor) {
            self.cursor = self.next(self.cursor);
        }
        self.check();
        fits
    }

    /// Acts on an editing key.
    pub(super) fn handle(&mut self, key: &Key) -> Edit {
        match key {
            Key::Char(c) => {
                if !self.insert(c.encode_utf8(&mut [0; 4])) {
                    return Edit::Full;
                }
            }
            Key::Left | Key::Ctrl('b') => self.cursor = self.previous(self.cursor),
            Key::Right | Key::Ctrl('f') => self.cursor = self.next(self.cursor),
            Key::WordLeft | Key::Alt('b') => self.cursor = self.word_start(),
            Key::WordRight | Key::Alt('f') => self.cursor = self.word_end(),
            Key::Home | Key::Ctrl('a') => self.cursor = 0,
            Key::End | Key::Ctrl('e') => self.cursor = self.text.len(),
            Key::Backspace => self.remove(self.previous(self.cursor), self.cursor),
            Key::Delete | Key::Ctrl('d') => self.remove(self.cursor, self.next(self.cursor)),
            Key::Ctrl('w') => self.cut(self.spaced_word_start(), self.cursor),
            Key::Alt('d') => self.cut(self.cursor, self.word_end()),
            Key::Ctrl('u') => self.cut(0, self.cursor),
            Key::Ctrl('k') => self.cut(self.cursor, self.text.len()),
            Key::Ctrl('y') => {
                let cut = self.cut.clone();
                if !self.insert(&cut) {
                    return Edit::Full;
                }
            }
            _ => return Edit::NotMine,
        }
        self.check();
        Edit::Done
    }

    fn remove(&mut self, start: usize, end: usize) {
        self.text.drain(start..end);
        self.cursor = start;
        // Neighbours may have joined into one character around the cursor.
        if !self.is_boundary(start) {
            self.cursor = self.previous(start);
        }
    }

    fn cut(&mut self, start: usize, end: usize) {
        if start < end {
            self.cut = self.text[start..end].into();
            self.remove(start, end);
        }
    }

    fn is_boundary(&self, at: usize) -> bool {
        GraphemeCursor::new(at, self.text.len(), true)
            .is_boundary(&self.text, 0)
            .unwrap_or(true)
    }

    fn previous(&self, at: usize) -> usize {
        GraphemeCursor::new(at, self.text.len(), true)
            .prev_boundary(&self.text, 0)
            .ok()
            .flatten()
            .unwrap_or(0)
    }

    fn next(&self, at: usize) -> usize {
        GraphemeCursor::new(at, self.text.len(), true)
            .next_boundary(&self.text, 0)
            .ok()
            .flatten()
            .unwrap_or(self.text.len())
    }

    /// Where the word before the cursor begins.
    fn word_start(&self) -> usize {
        self.last_run(is_word)
    }

    /// Where the run without spaces before the cursor begins.
    fn spaced_word_start(&self) -> usize {
        self.last_run(|cluster| !cluster.trim().is_empty())
    }

    /// Where the last run of matching characters before the cursor begins.
    fn last_run(&self, belongs: impl Fn(&str) -> bool) -> usize {
        let mut start = self.cursor;
        let mut inside = false;
        for (at, cluster) in self.text[..self.cursor].grapheme_indices(true).rev() {
            if !belongs(cluster) && inside {
                break;
            }
            inside |= belongs(cluster);
            start = at;
        }
        start
    }

    /// Where the word after the cursor ends.
    fn word_end(&self) -> usize {
        let mut inside = false;
        for (at, cluster) in self.text[self.cursor..].grapheme_indices(true) {
            if !is_word(cluster) && inside {
                return self.cursor + at;
            }
            inside |= is_word(cluster);
        }
        self.text.len()
    }

    fn check(&self) {
        debug_assert!(self.text.len() <= LINE_BYTES);
        debug_assert!(self.is_boundary(self.cursor));
        debug_assert!(!self.text.chars().any(|c| c.is_control() && c != '\t'));
    }
}

fn is_word(cluster: &str) -> bool {
    cluster.chars().next().is_some_and(char::is_alphanumeric)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The line with a `|` at the cursor, after these keys.
    fn typed(start: &str, keys: &[Key]) -> String {
        let (head, tail) = start.split_once('|').unwrap();
        let mut editor = Editor::default();
        editor.set(&format!("{head}{tail}"));
        editor.cursor = head.len();
        for key in keys {
            editor.handle(key);
        }
        let (head, tail) = editor.text.split_at(editor.cursor);
        format!("{head}|{tail}")
    }

    #[test]
    fn keys_edit_at_the_cursor() {
        for (start, key, end) in [
            ("ab|c", Key::Char('x'), "abx|c"),
            ("ab|c", Key::Left, "a|bc"),
            ("|abc", Key::Left, "|abc"),
            ("abc|", Key::Right, "abc|"),
            ("ab|c", Key::Home, "|abc"),
            ("ab|c", Key::End, "abc|"),
            ("ab|c", Key::Backspace, "a|c"),
            ("|abc", Key::Backspace, "|abc"),
            ("ab|c", Key::Delete, "ab|"),
            ("one two, | x", Key::WordLeft, "one |two,  x"),
            ("one| two, x", Key::WordRight, "one two|, x"),
            ("one two,  |x", Key::Ctrl('w'), "one |x"),
            ("one| two x", Key::Alt('d'), "one| x"),
            ("one |two", Key::Ctrl('u'), "|two"),
            ("one |two", Key::Ctrl('k'), "one |"),
        ] {
            assert_eq!(typed(start, std::slice::from_ref(&key)), end, "{key:?}");
        }
    }

    #[test]
    fn what_a_reader_sees_as_one_character_moves_and_goes_as_one() {
        let family = "👨\u{200d}👩\u{200d}👧";
        assert_eq!(typed(&format!("a{family}|"), &[Key::Backspace]), "a|");
        assert_eq!(
            typed(&format!("a{family}|b"), &[Key::Left]),
            format!("a|{family}b")
        );
        assert_eq!(typed("e\u{301}|", &[Key::Left]), "|e\u{301}");
        assert_eq!(typed("花子|", &[Key::Backspace]), "花|");
    }

    #[test]
    fn an_accent_typed_before_text_leaves_the_cursor_at_a_boundary() {
        assert_eq!(typed("e|x", &[Key::Char('\u{301}')]), "e\u{301}|x");
        assert_eq!(typed("🇩|🇪", &[Key::Char('🇫')]), "🇩🇫|🇪");
    }

    #[test]
    fn what_was_cut_is_put_back() {
        assert_eq!(
            typed("one two|", &[Key::Ctrl('w'), Key::Home, Key::Ctrl('y')]),
            "two|one "
        );
    }

    #[test]
    fn controls_become_visible_and_a_full_line_takes_no_more() {
        let mut editor = Editor::default();
        assert!(editor.insert("a\x1b[2J"));
        assert_eq!(editor.text(), "a␛[2J");
        editor.set(&"x".repeat(LINE_BYTES));
        assert_eq!(editor.handle(&Key::Char('y')), Edit::Full);
        assert_eq!(editor.take().len(), LINE_BYTES);
    }

    #[test]
    fn a_completion_replaces_the_word_before_the_cursor() {
        let mut editor = Editor::default();
        editor.set("hi al there");
        editor.cursor = 5;
        assert!(editor.replace_from(3, "Alice"));
        assert_eq!((editor.text(), editor.cursor()), ("hi Alice there", 8));
    }

    #[test]
    fn any_keys_in_any_order_keep_the_invariants() {
        let keys = [
            Key::Char('a'),
            Key::Char('e'),
            Key::Char('\u{301}'),
            Key::Char('🇩'),
            Key::Char('\u{200d}'),
            Key::Char('👩'),
            Key::Char(' '),
            Key::Char('ᄒ'),
            Key::Char('ᅡ'),
            Key::Left,
            Key::Right,
            Key::WordLeft,
            Key::WordRight,
            Key::Home,
            Key::Backspace,
            Key::Delete,
            Key::Ctrl('w'),
            Key::Ctrl('y'),
            Key::Alt('d'),
        ];
        let mut editor = Editor::default();
        let mut state = 1u64;
        for _ in 0..20_000 {
            state = state
                .wrapping_mul(6364136223846793005)
                .wrapping_add(1442695040888963407);
            editor.handle(&keys[(state >> 33) as usize % keys.len()]);
        }
    }
}
