//! `Search`: looking for a line that was typed before, as Ctrl-R does. Keys come in, a line comes out; this file draws
//! nothing.
//!
//! The line that was being typed is kept all the while: only Enter, or a key that edits, gives it up for a line found.

use crate::limits::LINE_BYTES;
use crate::wire::clean;

use super::keys::Key;

/// A search that has begun.
#[derive(Debug)]
pub(super) struct Search {
    /// The text to look for, in any case.
    wanted: String,
    /// The place of the line found among those typed before.
    at: Option<usize>,
    /// The line that was being typed, and its cursor.
    pub(super) before: (String, usize),
    pub(super) prompt: String,
}

/// The effect of a key on a search.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found<'a> {
    /// It goes on, and this is the line found, unless that stays the same.
    More(Option<&'a str>),
    /// It is over, and the line found is taken.
    Taken,
    /// It is over, and the line that was being typed is back.
    GivenUp,
    /// It is over, and the key acts on the line found.
    TakenFor,
}

impl Search {
    /// Begins, while this text is being typed.
    pub(super) fn new(before: (String, usize)) -> Search {
        let mut search = Search {
            wanted: String::new(),
            at: None,
            before,
            prompt: String::new(),
        };
        search.show(true);
        search
    }

    /// Acts on a key. `lines` were typed before, the newest last.
    pub(super) fn handle<'a>(&mut self, key: &Key, lines: &'a [String]) -> Found<'a> {
        let newest = lines.len().saturating_sub(1);
        match key {
            Key::Enter => Found::Taken,
            Key::Escape | Key::Ctrl('g' | 'c') => Found::GivenUp,
            Key::Other | Key::Focus(_) => Found::More(None),
            Key::Char(c) => {
                let c = clean(c.encode_utf8(&mut [0; 4]).as_bytes()).into_owned();
                if self.wanted.len() + c.len() <= LINE_BYTES {
                    self.wanted.push_str(&c);
                }
                self.find(self.at.unwrap_or(newest), lines)
            }
            Key::Backspace => {
                self.wanted.pop();
                self.find(newest, lines)
            }
            // The line found is not looked at again, nor is any that is the same.
            Key::Ctrl('r') => match self.at {
                Some(at) => self.find_other(&lines[at], (0..at).rev(), lines),
                None => self.find(newest, lines),
            },
            Key::Ctrl('s') => match self.at {
                Some(at) => self.find_other(&lines[at], at + 1..lines.len(), lines),
                None => self.find(newest, lines),
            },
            _ => Found::TakenFor,
        }
    }

    /// Finds the latest line that has the text, among this one and those before it.
    fn find<'a>(&mut self, from: usize, lines: &'a [String]) -> Found<'a> {
        self.look((0..lines.len().min(from + 1)).rev(), lines, |_| true)
    }

    fn find_other<'a>(
        &mut self,
        than: &str,
        places: impl Iterator<Item = usize>,
        lines: &'a [String],
    ) -> Found<'a> {
        self.look(places, lines, |line| line != than)
    }

    fn look<'a>(
        &mut self,
        mut places: impl Iterator<Item = usize>,
        lines: &'a [String],
        may_be: impl Fn(&str) -> bool,
    ) -> Found<'a> {
        let wanted = self.wanted.to_lowercase();
        let has = |line: &str| may_be(line) && line.to_lowercase().contains(&wanted);
        let found = places.find(|&at| !wanted.is_empty() && has(&lines[at]));
        self.at = found.or(self.at);
        self.show(found.is_some() || wanted.is_empty());
        Found::More(found.map(|at| lines[at].as_str()))
    }

    fn show(&mut self, is_found: bool) {
        let words = if is_found { "search" } else { "not found" };
        self.prompt = format!("({words}: {}) > ", self.wanted);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines() -> Vec<String> {
        ["deploy den", "hello", "Deploy lab", "Deploy lab", "bye"]
            .map(String::from)
            .into()
    }

    fn search() -> Search {
        Search::new((String::new(), 0))
    }

    fn more(line: &str) -> Found<'_> {
        Found::More(Some(line))
    }

    #[test]
    fn each_letter_narrows_it_and_ctrl_r_goes_further_back() {
        let (lines, mut search) = (lines(), search());
        assert_eq!(search.prompt, "(search: ) > ");
        assert_eq!(search.handle(&Key::Char('e'), &lines), more("bye"));
        assert_eq!(search.handle(&Key::Char('p'), &lines), more("Deploy lab"));
        assert_eq!(search.prompt, "(search: ep) > ");
        // Twice the same line is one.
        let again = Key::Ctrl('r');
        assert_eq!(search.handle(&again, &lines), more("deploy den"));
        assert_eq!(search.handle(&again, &lines), Found::More(None));
        assert_eq!(search.prompt, "(not found: ep) > ");
        assert_eq!(search.handle(&Key::Ctrl('s'), &lines), more("Deploy lab"));
        assert_eq!(search.handle(&Key::Backspace, &lines), more("bye"));
        assert_eq!(search.handle(&Key::Char('x'), &lines), Found::More(None));
        assert_eq!(search.handle(&Key::Enter, &lines), Found::Taken);
    }

    #[test]
    fn the_letters_are_found_in_any_case_and_nothing_finds_nothing() {
        let (lines, mut search) = (lines(), search());
        assert_eq!(search.handle(&Key::Ctrl('r'), &lines), Found::More(None));
        for c in "DEPLOY D".chars() {
            search.handle(&Key::Char(c), &lines);
        }
        assert_eq!(search.at, Some(0));
        assert_eq!(search.handle(&Key::Char('x'), &[]), Found::More(None));
        assert_eq!(search.handle(&Key::Escape, &lines), Found::GivenUp);
        assert_eq!(search.handle(&Key::Left, &lines), Found::TakenFor);
    }
}
