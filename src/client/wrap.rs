//! `Wrap`: where a text is cut into rows. Text and widths go in, ranges come out; this file writes nothing.
//!
//! A row ends behind white space, or where the rules of the script allow it (UAX #14), so that no word is broken; but
//! those rules never break a word of ASCII, such as a link. A word that is wider than a row is cut. White space at the
//! end of a row takes no columns beyond the window's, and so none begins a row.
//!
//! This holds for every row, whatever the text contains: it takes at most the window's columns. The work is linear in
//! the length of the text.

use std::fmt::Write;
use std::ops::Range;

use unicode_linebreak::linebreaks;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// TAB stops stand this many columns apart.
const TAB_STOP: usize = 8;

/// Bytes that stay together as one character of a reader. The longest emoji takes 35. With a limit, endless marks on
/// one letter are cut in time linear in their number.
const CLUSTER_BYTES: usize = 128;

/// The room for a text: the columns of the window, and by how many of them its rows are indented.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wrap {
    pub(super) columns: usize,
    /// The indent of the first row.
    pub(super) first: usize,
    /// The indent of the others.
    pub(super) others: usize,
}

/// A part of a row that is never cut in two.
#[derive(Debug)]
pub(super) struct Piece<'a> {
    pub(super) text: &'a str,
    pub(super) columns: usize,
}

impl Wrap {
    /// The rows, as ranges of the text. There is at least one.
    pub(super) fn rows(self, text: &str) -> impl Iterator<Item = Range<usize>> {
        let mut next = Some(0);
        (0..).map_while(move |number| {
            let start = next?;
            let end = self.end_of_row(text, start, self.indent(number));
            next = Some(end).filter(|end| *end < text.len());
            Some(start..end)
        })
    }

    pub(super) fn indent(self, number: usize) -> usize {
        match number {
            0 => self.first,
            _ => self.others,
        }
    }

    fn end_of_row(self, text: &str, start: usize, indent: usize) -> usize {
        let mut may_break = opportunities(text, start);
        let (mut at, mut column, mut word) = (start, indent, start);
        while at < text.len() {
            let piece = self.piece(&text[at..], column);
            if at > start && may_break(at) {
                word = at;
            }
            // The first piece of a row always fits, because no piece is wider than a row.
            if column + piece.columns > self.columns && at > start {
                let rest = &text[at..];
                return match piece.is_space() {
                    true => text.len() - rest.trim_start_matches(is_space).len(),
                    false if word > start && self.is_within_a_row(text, word) => word,
                    false => at,
                };
            }
            at += piece.text.len();
            column += piece.columns;
        }
        at
    }

    /// Whether the word that begins here has room in a row of its own.
    fn is_within_a_row(self, text: &str, word: usize) -> bool {
        let mut may_break = opportunities(text, word);
        let (mut at, mut column) = (word, self.others);
        while at < text.len() && !(at > word && may_break(at)) {
            let piece = self.piece(&text[at..], column);
            if piece.is_space() {
                return true;
            }
            at += piece.text.len();
            column += piece.columns;
            if column > self.columns {
                return false;
            }
        }
        true
    }

    /// The first piece of a nonempty text that continues in this column of a row.
    pub(super) fn piece(self, text: &str, column: usize) -> Piece<'_> {
        let ascii = |at: usize| text.as_bytes().get(at).is_none_or(u8::is_ascii);
        if text.starts_with('\t') {
            // A TAB fills a row, but never begins one.
            let room = self.columns.saturating_sub(column).max(1);
            let columns = room.min(TAB_STOP - column % TAB_STOP);
            return Piece {
                text: &text[..1],
                columns,
            };
        }
        if ascii(0) && ascii(1) {
            return Piece {
                text: &text[..1],
                columns: 1,
            };
        }
        let most = (0..=text.len().min(CLUSTER_BYTES)).rev();
        let most = most.clone().find(|at| text.is_char_boundary(*at));
        let head = &text[..most.unwrap_or(text.len())];
        let cluster = head.graphemes(true).next().unwrap_or(head);
        self.narrow(cluster)
    }

    /// A cluster, or as much of it as fits a row: letters of some scripts join endlessly.
    fn narrow(self, cluster: &str) -> Piece<'_> {
        let room = self.columns.saturating_sub(self.others).max(1);
        let width = cluster.width();
        if width <= room {
            return Piece {
                text: cluster,
                columns: width,
            };
        }
        let mut width = 0;
        for (at, c) in cluster.char_indices() {
            let wider = width + c.width().unwrap_or(0);
            if wider > room && at > 0 {
                return Piece {
                    text: &cluster[..at],
                    columns: width,
                };
            }
            width = wider.min(room);
        }
        Piece {
            text: cluster,
            columns: width,
        }
    }

    /// Appends a piece that begins in this column. Returns the column after it.
    ///
    /// This file cuts the rows, not the terminal, so that their number does not depend on how wide the terminal thinks
    /// a character is. So the column is set again after each character that terminals disagree about.
    pub(super) fn print(self, piece: &Piece<'_>, column: usize, out: &mut String) -> usize {
        let end = column + piece.columns;
        if piece.is_space() {
            // Spaces, because the effect of a TAB would depend on the terminal.
            let room = self.columns.saturating_sub(column);
            out.extend(std::iter::repeat_n(' ', piece.columns.min(room)));
            return end;
        }
        out.push_str(piece.text);
        if is_disputed(piece.text, piece.columns) && end < self.columns {
            // CHA, which counts from 1. Writing to a string cannot fail.
            let _ = write!(out, "\x1b[{}G", end + 1);
        }
        end
    }
}

impl Piece<'_> {
    fn is_space(&self) -> bool {
        matches!(self.text, " " | "\t")
    }
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t')
}

/// Tells for one offset after another whether a row may end there, in a text that is read from this offset on.
fn opportunities(text: &str, start: usize) -> impl FnMut(usize) -> bool {
    let mut by_script = linebreaks(&text[start..]).peekable();
    move |at| {
        let before = text[..at].chars().next_back();
        let (Some(before), Some(behind)) = (before, text[at..].chars().next()) else {
            return false;
        };
        if is_space(behind) || is_space(before) {
            return !is_space(behind);
        }
        if before.is_ascii() && behind.is_ascii() {
            return false;
        }
        while by_script.next_if(|(end, _)| start + end < at).is_some() {}
        by_script.next_if(|(end, _)| start + end == at).is_some()
    }
}

/// Whether terminals disagree about the width of this.
fn is_disputed(cluster: &str, width: usize) -> bool {
    !cluster.is_ascii() && (width != 1 || cluster.chars().nth(1).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rows of a text, with an indent of two columns.
    fn rows(text: &str, columns: usize) -> Vec<&str> {
        let (first, others) = (0, 2);
        let wrap = Wrap {
            columns,
            first,
            others,
        };
        wrap.rows(text).map(|row| &text[row]).collect()
    }

    #[test]
    fn a_row_ends_between_words_and_takes_the_white_space_with_it() {
        let text = "Bob: is the new build up?";
        assert_eq!(rows(text, 15), ["Bob: is the new ", "build up?"]);
        assert_eq!(rows(text, 11), ["Bob: is the ", "new build ", "up?"]);
        assert_eq!(rows("a   \t   b", 3), ["a   \t   ", "b"]);
        assert_eq!(rows("ab       ", 3), ["ab       "]);
        assert_eq!(rows("ab \t", 20), ["ab \t"]);
    }

    #[test]
    fn a_word_wider_than_a_row_is_cut_and_a_narrower_one_never() {
        assert_eq!(rows("Bob: abcdefghij k", 10), ["Bob: abcde", "fghij k"]);
        assert_eq!(rows("Bob: abcdefgh ij", 10), ["Bob: ", "abcdefgh ", "ij"]);
        let link = "https://example.org/a-b/c?d=e";
        assert_eq!(rows(&format!("see {link}"), 31), ["see ", link]);
    }

    #[test]
    fn other_scripts_break_by_their_own_rules() {
        assert_eq!(rows("ab 花子花子", 7), ["ab 花子", "花子"]);
        // No row begins with a full stop.
        assert_eq!(rows("ab 花子。花", 8), ["ab 花", "子。花"]);
        assert_eq!(rows("long—dash", 7), ["long—", "dash"]);
        let family = "👨\u{200d}👩\u{200d}👧";
        let families = format!("{family}{family}");
        assert_eq!(
            rows(&format!("ab {families}"), 5),
            [&format!("ab {family}"), family]
        );
        // Between letters there is no place for it.
        assert_eq!(rows("ab één", 5), ["ab ", "één"]);
    }
}
