//! `Shown`: a line ready to be shown, and how to cut it into rows. Text goes in, rows with SGR and CHA sequences come
//! out; this file writes nothing.
//!
//! This holds for every row, whatever the line contains: it takes at most the window's columns, and all rows of a line
//! except its first are indented, so that nothing within a line can look like the beginning of another one. Every text
//! that reaches this file has no control characters, so the only escapes in its output are ours. The work is linear in
//! the length of the line.

use std::collections::VecDeque;
use std::fmt::Write;
use std::mem;
use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::layout::is_disputed;

/// Columns by which all rows of a line after its first are indented.
const INDENT: usize = 2;

/// Columns of the narrowest window that has room for the indent.
const INDENTED_COLUMNS: usize = 20;

/// TAB stops stand this many columns apart.
const TAB_STOP: usize = 8;

/// Bytes that stay together as one character of a reader. The longest emoji takes 35. With a limit, endless marks on
/// one letter are cut in time linear in their number.
const CLUSTER_BYTES: usize = 128;

/// Bytes of lines that may wait for the next drawing, with the memory to hold them: a hundred times what is read from
/// the server in between. A paste of many lines can be more.
const WAITING_BYTES: usize = 8 * 1024 * 1024;

/// A line ready to be shown.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Shown {
    /// The whole line, for a window of any width.
    pub(super) text: String,
    /// The parts of the text that have a style, in order.
    spans: Vec<Span>,
    /// It is the end of a line, so its first row is indented too.
    continues: bool,
    /// Whether it addresses the reader, by name or privately.
    pub(super) mention: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Span {
    range: Range<usize>,
    /// The parameters of an SGR sequence.
    style: &'static str,
}

/// A part of a row that is never cut in two.
struct Piece<'a> {
    text: &'a str,
    columns: usize,
}

impl Shown {
    /// A line without colours.
    pub(super) fn plain(text: &str) -> Shown {
        let mut shown = Shown::default();
        shown.push("", text);
        shown
    }

    /// Appends text in a style, or in none.
    pub(super) fn push(&mut self, style: &'static str, text: &str) {
        let start = self.text.len();
        self.text.push_str(text);
        if !style.is_empty() && !text.is_empty() {
            let range = start..self.text.len();
            self.spans.push(Span { range, style });
        }
    }

    /// The bytes that it takes in memory.
    pub(super) fn bytes(&self) -> usize {
        size_of::<Shown>() + self.text.len() + self.spans.len() * size_of::<Span>()
    }

    /// Keeps at most this many bytes of its end.
    pub(super) fn keep_end(mut self, most: usize) -> Shown {
        let from = self.text.len().saturating_sub(most);
        let Some(start) = (from..=self.text.len()).find(|at| self.text.is_char_boundary(*at))
        else {
            return self;
        };
        if start > 0 {
            self.text = self.text[start..].into();
            self.spans.retain(|span| span.range.end > start);
            for Span { range, .. } in &mut self.spans {
                *range = range.start.saturating_sub(start)..range.end - start;
            }
            self.continues = true;
        }
        // Returns the unused memory of both.
        self.text.shrink_to_fit();
        self.spans.shrink_to_fit();
        self
    }

    /// How many rows it takes in a window of this width.
    pub(super) fn rows(&self, columns: usize) -> usize {
        self.cut(columns).count()
    }

    /// Appends its rows with line ends, except this many of the first.
    pub(super) fn print(&self, columns: usize, skip: usize, out: &mut String) {
        for (number, row) in self.cut(columns).enumerate().skip(skip) {
            let indent = self.indent(number, columns);
            out.extend(std::iter::repeat_n(' ', indent));
            self.print_row(row, indent, columns, out);
            out.push_str("\r\n");
        }
    }

    /// The rows, as ranges of the text. There is at least one.
    fn cut(&self, columns: usize) -> impl Iterator<Item = Range<usize>> {
        let mut next = Some(0);
        (0..).map_while(move |number| {
            let start = next?;
            let end = self.end_of_row(start, self.indent(number, columns), columns);
            next = Some(end).filter(|end| *end < self.text.len());
            Some(start..end)
        })
    }

    fn indent(&self, number: usize, columns: usize) -> usize {
        match number {
            0 if !self.continues => 0,
            _ if columns < INDENTED_COLUMNS => 0,
            _ => INDENT,
        }
    }

    fn end_of_row(&self, start: usize, indent: usize, columns: usize) -> usize {
        let (mut at, mut column) = (start, indent);
        while at < self.text.len() {
            let piece = Piece::first(&self.text[at..], column, columns);
            // The first piece of a row always fits, because no piece is wider than a row.
            if column + piece.columns > columns && at > start {
                break;
            }
            at += piece.text.len();
            column += piece.columns;
        }
        at
    }

    fn print_row(&self, row: Range<usize>, indent: usize, columns: usize, out: &mut String) {
        let mut column = indent;
        let behind = self.spans.partition_point(|it| it.range.end <= row.start);
        let mut spans = self.spans[behind..].iter().peekable();
        let mut style = "";
        let mut at = row.start;
        while at < row.end {
            while spans.next_if(|it| it.range.end <= at).is_some() {}
            let here = spans.peek().filter(|it| it.range.start <= at);
            change(&mut style, here.map_or("", |it| it.style), out);
            let piece = Piece::first(&self.text[at..], column, columns);
            column += piece.columns;
            at += piece.text.len();
            if piece.text == "\t" {
                out.extend(std::iter::repeat_n(' ', piece.columns));
                continue;
            }
            out.push_str(piece.text);
            if is_disputed(piece.text, piece.columns) && column < columns {
                // CHA, which counts from 1.
                let _ = write!(out, "\x1b[{}G", column + 1);
            }
        }
        change(&mut style, "", out);
    }
}

/// Appends the sequence that changes one style to another.
fn change(style: &mut &'static str, to: &'static str, out: &mut String) {
    if *style == to {
        return;
    }
    if !style.is_empty() {
        out.push_str("\x1b[0m");
    }
    if !to.is_empty() {
        // Writing to a string cannot fail.
        let _ = write!(out, "\x1b[{to}m");
    }
    *style = to;
}

impl Piece<'_> {
    /// The first piece of a nonempty text that continues in this column of a row.
    fn first(text: &str, column: usize, columns: usize) -> Piece<'_> {
        let ascii = |at: usize| text.as_bytes().get(at).is_none_or(u8::is_ascii);
        if text.starts_with('\t') {
            // Spaces, because the effect of a TAB would depend on the terminal. A TAB fills a row, but never begins
            // one.
            let room = columns.saturating_sub(column).max(1);
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
        Piece::narrow(cluster, columns)
    }

    /// A cluster, or as much of it as fits a row: letters of some scripts join endlessly.
    fn narrow(cluster: &str, columns: usize) -> Piece<'_> {
        let room = match columns {
            0..INDENTED_COLUMNS => columns.max(1),
            _ => columns - INDENT,
        };
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
}

/// Lines that wait for the next drawing.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    lines: VecDeque<Shown>,
    bytes: usize,
    /// How many were dropped for later ones.
    left_out: usize,
}

impl Waiting {
    pub(super) fn push(&mut self, line: Shown) {
        self.bytes += line.bytes();
        self.lines.push_back(line);
        while self.bytes > WAITING_BYTES
            && self.lines.len() > 1
            && let Some(oldest) = self.lines.pop_front()
        {
            self.bytes -= oldest.bytes();
            self.left_out += 1;
        }
    }

    /// Takes all of them out, after a word on those that were dropped.
    pub(super) fn take(&mut self) -> impl Iterator<Item = Shown> + use<> {
        let Waiting {
            lines, left_out, ..
        } = mem::take(self);
        let notice = match left_out {
            0 => None,
            1 => Some("-- 1 line was left out: too much came at once --".into()),
            count => Some(format!(
                "-- {count} lines were left out: too much came at once --"
            )),
        };
        let notice = notice.map(|words: String| Shown::plain(&words));
        notice.into_iter().chain(lines)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The printed rows, without the sequences.
    fn printed(shown: &Shown, columns: usize) -> Vec<String> {
        let mut out = String::new();
        shown.print(columns, 0, &mut out);
        let rows: Vec<String> = out.split_terminator("\r\n").map(bare).collect();
        assert_eq!(rows.len(), shown.rows(columns));
        rows
    }

    fn bare(row: &str) -> String {
        let mut parts = row.split("\x1b[");
        let mut text = parts.next().unwrap().to_string();
        let behind = |part: &str| part.split_once(['m', 'G']).unwrap().1.to_string();
        text.extend(parts.map(behind));
        text
    }

    fn rows(text: &str, columns: usize) -> Vec<String> {
        printed(&Shown::plain(text), columns)
    }

    #[test]
    fn rows_behind_the_first_are_indented() {
        let forged = format!("Ann: ok{}bob (private): psst", " ".repeat(73));
        let rows80 = rows(&forged, 80);
        let first = format!("Ann: ok{}", " ".repeat(73));
        assert_eq!(rows80, [first.as_str(), "  bob (private): psst"]);
        assert_eq!(rows("", 20), [""]);
        assert_eq!(rows(&"x".repeat(20), 20), ["x".repeat(20)]);
        let long = rows(&"x".repeat(39), 20);
        assert_eq!(
            long,
            [
                "x".repeat(20),
                format!("  {}", "x".repeat(18)),
                "  x".into()
            ]
        );
        // A narrow window has no column to spare.
        assert_eq!(rows("abcdefg", 3), ["abc", "def", "g"]);
    }

    #[test]
    fn a_tab_leads_to_a_stop_and_no_further_than_the_row() {
        assert_eq!(rows("a\tb", 20), ["a       b"]);
        let full = format!("{}\tb", "x".repeat(18));
        assert_eq!(
            rows(&full, 20),
            [format!("{}  ", "x".repeat(18)), "  b".into()]
        );
        let tabs = rows(&"\t".repeat(10), 20);
        assert_eq!(tabs.len(), 4);
        assert!(
            tabs.iter()
                .all(|row| row.trim().is_empty() && row.len() <= 20)
        );
    }

    #[test]
    fn neither_a_wide_character_nor_a_cluster_is_cut() {
        let family = "👨\u{200d}👩\u{200d}👧";
        for text in ["花", "e\u{301}", family, "🇩🇪", "क्षि"] {
            let line = text.repeat(40);
            for columns in 4..60 {
                for row in rows(&line, columns) {
                    let row = row.trim_start();
                    assert_eq!(row, text.repeat(row.len() / text.len()), "{columns}");
                }
            }
        }
    }

    #[test]
    fn a_style_goes_on_behind_the_break_and_not_through_the_indent() {
        let mut shown = Shown::plain("Bob: ");
        shown.push("1;7", &"x".repeat(25));
        shown.push("", "y");
        let mut out = String::new();
        shown.print(20, 0, &mut out);
        let expected = format!(
            "Bob: \x1b[1;7m{}\x1b[0m\r\n  \x1b[1;7m{}\x1b[0my\r\n",
            "x".repeat(15),
            "x".repeat(10)
        );
        assert_eq!(out, expected);
        let mut rest = String::new();
        shown.print(20, 1, &mut rest);
        assert!(expected.ends_with(&rest) && rest.starts_with("  "));
    }

    #[test]
    fn the_column_is_set_again_where_terminals_disagree() {
        let mut out = String::new();
        Shown::plain(&"花".repeat(11)).print(20, 0, &mut out);
        let (first, second) = out.split_once("\r\n").unwrap();
        assert!(first.starts_with("花\x1b[3G花\x1b[5G") && first.ends_with("\x1b[19G花"));
        assert_eq!(second, "  花\x1b[5G\r\n");
    }

    /// Lines that consist of one kind of character.
    fn monotonous(bytes: usize) -> Vec<String> {
        let family = "👩\u{200d}👩\u{200d}";
        let zalgo = "e\u{301}\u{302}";
        [
            "x", ".", " ", "\t", "花", "ᄒ", "क्", "\u{301}", "\u{200d}", "🇩", family, zalgo, "Ann ",
        ]
        .map(|text| text.repeat(bytes / text.len()))
        .into()
    }

    #[test]
    fn any_line_in_any_window_stays_inside_and_loses_nothing() {
        let mut lines = monotonous(600);
        lines.push("ab花\te\u{301}🎉子 \u{200b}x👨\u{200d}👩\u{200d}👧क्क्क्क्क्क्क्क्क्क्क्क्क्क् ".repeat(9));
        for line in lines {
            let shown = Shown::plain(&line);
            for columns in (0..25).chain([79, 80, 81, 1000]) {
                let mut end = 0;
                for (number, row) in shown.cut(columns).enumerate() {
                    assert_eq!(row.start, end);
                    assert!(row.end > row.start);
                    let mut column = shown.indent(number, columns);
                    let mut at = row.start;
                    while at < row.end {
                        let piece = Piece::first(&line[at..], column, columns);
                        at += piece.text.len();
                        column += piece.columns;
                    }
                    assert!(column <= columns.max(1), "{columns} {row:?}");
                    end = row.end;
                }
                assert_eq!(end, line.len());
                printed(&shown, columns);
            }
        }
    }

    #[test]
    fn what_is_left_of_a_long_line_is_its_end_and_looks_like_it() {
        let mut shown = Shown::plain("é: ");
        shown.push("2", "abc");
        shown.push("1", "def");
        assert_eq!(shown.clone().keep_end(100), shown);
        let end = shown.clone().keep_end(5);
        let mut out = String::new();
        end.print(20, 0, &mut out);
        assert_eq!(out, "  \x1b[2mbc\x1b[0m\x1b[1mdef\x1b[0m\r\n");
        // A letter is never cut.
        assert_eq!(shown.clone().keep_end(9).text, ": abcdef");
        assert_eq!(shown.keep_end(0).text, "");
    }

    #[test]
    fn what_waits_is_bounded_and_a_word_says_what_was_left_out() {
        let mut waiting = Waiting::default();
        waiting.push(Shown::plain("one"));
        waiting.push(Shown::plain("two"));
        let texts = |waiting: &mut Waiting| -> Vec<String> {
            waiting.take().map(|shown| shown.text).collect()
        };
        assert_eq!(texts(&mut waiting), ["one", "two"]);
        let line = Shown::plain(&"x".repeat(1000));
        for _ in 0..10_000 {
            waiting.push(line.clone());
        }
        let shown = texts(&mut waiting);
        let left_out = 10_001 - shown.len();
        assert_eq!(shown.len() - 1, WAITING_BYTES / line.bytes());
        assert_eq!(
            shown[0],
            format!("-- {left_out} lines were left out: too much came at once --")
        );
        assert!(texts(&mut waiting).is_empty());
        // A single line is shown however long it is.
        waiting.push(Shown::plain("first"));
        waiting.push(Shown::plain(&"x".repeat(WAITING_BYTES)));
        assert_eq!(texts(&mut waiting).len(), 2);
    }
}
