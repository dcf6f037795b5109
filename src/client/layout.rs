//! How the line being typed is laid out in rows of the terminal. Widths go in, rows come out; this file writes nothing.

use super::wrap::Wrap;

/// Columns by which the rows after the first are indented: they stand below the text behind `> `.
const INDENT: usize = 2;

/// Columns of the narrowest window that has room for the indent.
const INDENTED_COLUMNS: usize = 20;

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
    let (text, cursor) = ([prompt, text].concat(), prompt.len() + cursor);
    let wrap = Wrap {
        columns,
        first: 0,
        others: match columns {
            0..INDENTED_COLUMNS => 0,
            _ => INDENT,
        },
    };
    let mut rows = Vec::new();
    let mut at_cursor = (0, 0);
    let mut column = 0;
    for (number, range) in wrap.rows(&text).enumerate() {
        column = wrap.indent(number);
        let mut row = " ".repeat(column);
        let mut at = range.start;
        while at < range.end {
            let piece = wrap.piece(&text[at..], column);
            let end = at + piece.text.len();
            if (at..end).contains(&cursor) {
                // A cursor on white space that does not fit into the row still needs a column.
                at_cursor = (number, column.min(columns.saturating_sub(1)));
            }
            column = wrap.print(&piece, column, &mut row);
            at = end;
        }
        rows.push(row);
    }
    if cursor == text.len() {
        if column >= columns {
            rows.push(" ".repeat(wrap.others));
            column = wrap.others;
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

#[cfg(test)]
mod tests {
    use super::*;

    use unicode_segmentation::UnicodeSegmentation;

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
    fn words_stay_whole_below_the_text_of_the_first_row() {
        let text = "one two three four five six";
        let l = layout("> ", text, text.len(), 20, 10);
        assert_eq!(plain(&l), ["> one two three four", "  five six"]);
        assert_eq!(l.cursor, (1, 10));
        // At the edge, the cursor goes where the next word will stand.
        let text = "one two three four";
        assert_eq!(layout("> ", text, text.len(), 20, 10).cursor, (1, 2));
        let l = layout("> ", "one two three four ", 19, 20, 10);
        assert_eq!((plain(&l).len(), l.cursor), (2, (1, 2)));
        let l = layout("> ", "one two three four  x", 19, 20, 10);
        assert_eq!(plain(&l), ["> one two three four", "  x"]);
        assert_eq!(l.cursor, (0, 19));
    }

    #[test]
    fn a_mark_at_the_beginning_of_the_text_hides_neither_prompt_nor_cursor() {
        let l = layout("> ", "\u{301}a", 0, 20, 10);
        assert_eq!(plain(&l), ["> \u{301}a"]);
        assert_eq!(l.cursor, (0, 1));
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
