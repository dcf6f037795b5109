//! How the line being typed is laid out in rows of the terminal. Widths go in, rows come out; this file writes nothing.
//!
//! This file cuts the rows, not the terminal, so that their number does not depend on how wide the terminal thinks a
//! character is. After each character that terminals disagree about, the column is set again.

use std::fmt::Write;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Columns that a TAB takes while it is being typed.
const TAB: &str = "    ";

/// The rows of a line, and where the cursor is in them.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Layout {
    /// The output for each row, without a line end.
    pub(super) rows: Vec<String>,
    /// Row and column of the cursor, counted from 0.
    pub(super) cursor: (usize, usize),
}

/// Lays out a prompt and a text whose cursor stands at a byte offset. Returns at most `height` rows: those around the
/// cursor.
pub(super) fn layout(
    prompt: &str,
    text: &str,
    cursor: usize,
    columns: usize,
    height: usize,
) -> Layout {
    let mut rows = vec![String::new()];
    let mut column = 0;
    let mut at_cursor = (0, 0);
    let clusters = prompt.graphemes(true).map(|cluster| (None, cluster));
    let typed = text
        .grapheme_indices(true)
        .map(|(at, cluster)| (Some(at), cluster));
    for (at, cluster) in clusters.chain(typed) {
        let shown = if cluster == "\t" { TAB } else { cluster };
        let width = shown.width().min(columns);
        // A cursor on a character without width still needs a column.
        if column + width > columns || at == Some(cursor) && column >= columns {
            rows.push(String::new());
            column = 0;
        }
        if at == Some(cursor) {
            at_cursor = (rows.len() - 1, column);
        }
        let Some(row) = rows.last_mut() else { break };
        row.push_str(shown);
        column += width;
        if is_disputed(shown, width) && column < columns {
            // CHA, which counts from 1.
            let _ = write!(row, "\x1b[{}G", column + 1);
        }
    }
    if cursor == text.len() {
        if column >= columns {
            rows.push(String::new());
            column = 0;
        }
        at_cursor = (rows.len() - 1, column);
    }
    around_cursor(rows, at_cursor, height.max(1))
}

/// Keeps as many rows as fit.
fn around_cursor(mut rows: Vec<String>, (row, column): (usize, usize), height: usize) -> Layout {
    let first = row
        .saturating_sub(height / 2)
        .min(rows.len().saturating_sub(height));
    rows.drain(..first);
    rows.truncate(height);
    Layout {
        rows,
        cursor: (row - first, column),
    }
}

/// Whether terminals disagree about the width of this.
pub(super) fn is_disputed(cluster: &str, width: usize) -> bool {
    !cluster.is_ascii() && (width != 1 || cluster.chars().nth(1).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(layout: &Layout) -> Vec<String> {
        let strip = |row: &String| {
            let mut parts = row.split("\x1b[");
            let mut text = parts.next().unwrap().to_string();
            for part in parts {
                text.push_str(part.split_once('G').unwrap().1);
            }
            text
        };
        layout.rows.iter().map(strip).collect()
    }

    #[test]
    fn a_line_longer_than_the_terminal_is_wide_takes_rows() {
        let l = layout("> ", "abcdefgh", 3, 5, 10);
        assert_eq!(plain(&l), ["> abc", "defgh"]);
        assert_eq!(l.cursor, (1, 0));
        let l = layout("> ", "abcdefgh", 8, 5, 10);
        assert_eq!(plain(&l), ["> abc", "defgh", ""]);
        assert_eq!(l.cursor, (2, 0));
        assert_eq!(layout("> ", "", 0, 5, 10).cursor, (0, 2));
    }

    #[test]
    fn a_wide_character_is_never_cut_in_two() {
        let l = layout("> ", "花子花", "花子".len(), 5, 10);
        assert_eq!(plain(&l), ["> 花", "子花"]);
        assert_eq!(l.cursor, (1, 2));
        let l = layout("", "ab👨\u{200d}👩\u{200d}👧c", 2, 4, 10);
        assert_eq!(plain(&l), ["ab👨\u{200d}👩\u{200d}👧", "c"]);
        assert_eq!(l.cursor, (0, 2));
    }

    #[test]
    fn the_column_is_set_again_where_terminals_disagree() {
        let l = layout("", "花x", 0, 10, 10);
        assert_eq!(l.rows, ["花\x1b[3Gx"]);
    }

    #[test]
    fn only_the_rows_around_the_cursor_are_shown_where_there_is_no_room_for_all() {
        let text = "aabbccddeeff";
        for (cursor, rows, row) in [
            (0, ["aa", "bb"], 0),
            (5, ["bb", "cc"], 1),
            (11, ["ee", "ff"], 1),
        ] {
            let l = layout("", text, cursor, 2, 2);
            assert_eq!(
                (&l.rows[..], l.cursor.0),
                (&rows.map(String::from)[..], row)
            );
        }
    }

    #[test]
    fn any_width_and_any_cursor_stay_inside_the_terminal() {
        let text = "ab花\te\u{301}🎉子 \u{200b}x👨\u{200d}👩\u{200d}👧";
        for columns in 1..30 {
            for (cursor, _) in text.grapheme_indices(true) {
                for height in 1..5 {
                    let l = layout("> ", text, cursor, columns, height);
                    assert!(l.rows.len() <= height);
                    assert!(
                        l.cursor.0 < l.rows.len() && l.cursor.1 < columns.max(1),
                        "{l:?}"
                    );
                }
            }
        }
    }
}
