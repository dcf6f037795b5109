//! `Editor`: the line being typed. Keys come in, text and cursor change; this file draws nothing.
//!
//! Invariants: the cursor stands between two characters as a reader sees them (grapheme clusters), and the text is one
//! line of at most [`LINE_BYTES`] without control characters.

use std::mem;

use unicode_segmentation::{GraphemeCursor, UnicodeSegmentation};

use crate::limits::LINE_BYTES;
use crate::wire::clean;

use super::keys::Key;
use super::search::{Found, Search};

/// The line being typed.
#[derive(Debug, Default)]
pub(super) struct Editor {
    text: String,
    /// A byte offset into the text.
    cursor: usize,
    /// The text cut last, which Ctrl-Y puts back. What keys cut one after another is one text.
    cut: String,
    /// The last key cut.
    cutting: bool,
    /// The line is looked for among those typed before.
    search: Option<Search>,
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
        self.search = None;
        self.text.clear();
        self.cursor = 0;
        self.insert(text);
    }

    /// Takes the line away. If another one was looked for, that is not taken.
    pub(super) fn take(&mut self) -> String {
        self.give_up_search();
        self.cursor = 0;
        mem::take(&mut self.text)
    }

    /// The prompt before the text: this one, or that of a search.
    pub(super) fn prompt<'a>(&'a self, prompt: &'a str) -> &'a str {
        self.search.as_ref().map_or(prompt, |it| &it.prompt)
    }

    /// Acts on a key that looks for a line among those typed before. Returns false if it is no such key.
    pub(super) fn search(&mut self, key: &Key, lines: &[String]) -> bool {
        let Some(search) = &mut self.search else {
            let begins = *key == Key::Ctrl('r');
            if begins {
                self.search = Some(Search::new((self.text.clone(), self.cursor)));
            }
            return begins;
        };
        match search.handle(key, lines) {
            Found::More(None) => {}
            Found::More(Some(line)) => {
                let search = self.search.take();
                self.set(line);
                self.search = search;
            }
            Found::Taken => self.search = None,
            Found::GivenUp => self.give_up_search(),
            Found::TakenFor => {
                self.search = None;
                return false;
            }
        }
        true
    }

    fn give_up_search(&mut self) {
        if let Some(search) = self.search.take() {
            (self.text, self.cursor) = search.before;
        }
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
        let cutting = mem::take(&mut self.cutting);
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
            Key::Ctrl('w') => self.cut(self.spaced_word_start(), self.cursor, cutting),
            Key::WordBackspace => self.cut(self.word_start(), self.cursor, cutting),
            Key::Alt('d') => self.cut(self.cursor, self.word_end(), cutting),
            Key::Ctrl('u') => self.cut(0, self.cursor, cutting),
            Key::Ctrl('k') => self.cut(self.cursor, self.text.len(), cutting),
            Key::Ctrl('t') => self.exchange(),
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

    /// Cuts the text between two offsets, and joins it to the text that was cut just before.
    fn cut(&mut self, start: usize, end: usize, joins: bool) {
        if !joins && start < end {
            self.cut.clear();
        }
        let at = if end == self.cursor {
            0
        } else {
            self.cut.len()
        };
        self.cut.insert_str(at, &self.text[start..end]);
        self.cutting = true;
        self.remove(start, end);
    }

    /// Exchanges the characters around the cursor; at the end of the line, the two before it.
    fn exchange(&mut self) {
        let middle = match self.cursor == self.text.len() {
            true => self.previous(self.cursor),
            false => self.cursor,
        };
        let (start, end) = (self.previous(middle), self.next(middle));
        if start == middle {
            return;
        }
        let exchanged = [&self.text[middle..end], &self.text[start..middle]].concat();
        self.text.replace_range(start..end, &exchanged);
        self.cursor = end;
        if !self.is_boundary(end) {
            self.cursor = self.next(end);
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
            ("one two,  |x", Key::WordBackspace, "one |x"),
            ("one-two|", Key::WordBackspace, "one-|"),
            ("ab|cd", Key::Ctrl('t'), "acb|d"),
            ("abc|", Key::Ctrl('t'), "acb|"),
            ("|abc", Key::Ctrl('t'), "|abc"),
            ("a花|", Key::Ctrl('t'), "花a|"),
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
    fn what_is_cut_key_by_key_is_put_back_as_one() {
        let cuts = [Key::Ctrl('w'), Key::Alt('d'), Key::WordBackspace];
        let start = "one two |three four";
        assert_eq!(typed(start, &cuts), "| four");
        let keys = [&cuts[..], &[Key::End, Key::Ctrl('y')]].concat();
        assert_eq!(typed(start, &keys), " fourone two three|");
        let apart = [Key::Ctrl('w'), Key::Left, Key::Ctrl('w'), Key::Ctrl('y')];
        assert_eq!(typed(start, &apart), "one| three four");
    }

    #[test]
    fn a_search_takes_a_line_or_gives_back_the_one_being_typed() {
        let lines = ["deploy den".to_string(), "hello".to_string()];
        let mut editor = Editor::default();
        editor.set("a draft");
        editor.handle(&Key::Left);
        let mut press = |keys: &[Key]| {
            let taken = keys.iter().all(|key| editor.search(key, &lines));
            let (head, tail) = editor.text.split_at(editor.cursor);
            let seen = format!("{}{head}|{tail}", editor.prompt("> "));
            (taken, seen)
        };
        let [start, d] = [Key::Ctrl('r'), Key::Char('d')];
        assert!(!press(std::slice::from_ref(&d)).0);
        let found = (true, "(search: d) > deploy den|".into());
        assert_eq!(press(&[start.clone(), d.clone()]), found);
        for give_up in [Key::Ctrl('g'), Key::Escape, Key::Ctrl('c')] {
            assert_eq!(press(&[give_up]), (true, "> a draf|t".into()));
            assert_eq!(press(&[start.clone(), d.clone()]), found);
        }
        assert_eq!(press(&[Key::Left]), (false, "> deploy den|".into()));
        let taken = (true, "> deploy den|".into());
        assert_eq!(press(&[start.clone(), d.clone(), Key::Enter]), taken);
        // The client takes the line away in order to ask something: it is the one that was being typed.
        editor.set("a draft");
        editor.search(&start, &lines);
        editor.search(&d, &lines);
        assert_eq!(editor.take(), "a draft");
        assert_eq!(editor.prompt("> "), "> ");
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
            Key::Ctrl('t'),
            Key::Alt('d'),
            Key::WordBackspace,
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
