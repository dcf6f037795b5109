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

use super::wrap::Wrap;

/// Bytes of lines that may wait for the next drawing, with the memory to hold them: a hundred times what is read from
/// the server in between. A paste of many lines can be more.
const WAITING_BYTES: usize = 8 * 1024 * 1024;

/// The bar at the side of a line, and what stands there in its first row.
const BAR: char = '┃';
const FIRST_BAR: &str = "┃ ";

/// A line ready to be shown.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Shown {
    /// The whole line, for a window of any width.
    pub(super) text: String,
    /// The parts of the text that have a style, in order.
    spans: Vec<Span>,
    /// It is the end of a line, so its first row is indented too.
    continues: bool,
    /// A bar stands at the side of all its rows that have room for one.
    has_bar: bool,
    /// Whether it addresses the reader, by name or privately.
    pub(super) mention: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Span {
    range: Range<usize>,
    /// The parameters of an SGR sequence.
    style: &'static str,
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

    /// Sets a bar at the side of its rows.
    pub(super) fn set_bar(&mut self) {
        self.has_bar = true;
        self.text.insert_str(0, FIRST_BAR);
        for Span { range, .. } in &mut self.spans {
            *range = range.start + FIRST_BAR.len()..range.end + FIRST_BAR.len();
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
        self.wrap(columns).rows(&self.text).count()
    }

    /// Appends its rows with line ends, except this many of the first.
    pub(super) fn print(&self, columns: usize, skip: usize, out: &mut String) {
        let wrap = self.wrap(columns);
        for (number, row) in wrap.rows(&self.text).enumerate().skip(skip) {
            let indent = wrap.indent(number);
            match self.has_bar && indent > 0 {
                true => out.push(BAR),
                false => out.extend(std::iter::repeat_n(' ', indent.min(1))),
            }
            out.extend(std::iter::repeat_n(' ', indent.saturating_sub(1)));
            self.print_row(row, indent, wrap, out);
            out.push_str("\r\n");
        }
    }

    fn wrap(&self, columns: usize) -> Wrap {
        let others = indent(columns);
        Wrap {
            columns,
            first: if self.continues { others } else { 0 },
            others,
        }
    }

    fn print_row(&self, row: Range<usize>, indent: usize, wrap: Wrap, out: &mut String) {
        let mut column = indent;
        let behind = self.spans.partition_point(|it| it.range.end <= row.start);
        let mut spans = self.spans[behind..].iter().peekable();
        let mut style = "";
        let mut at = row.start;
        while at < row.end {
            while spans.next_if(|it| it.range.end <= at).is_some() {}
            let here = spans.peek().filter(|it| it.range.start <= at);
            change(&mut style, here.map_or("", |it| it.style), out);
            let piece = wrap.piece(&self.text[at..], column);
            column = wrap.print(&piece, column, out);
            at += piece.text.len();
        }
        change(&mut style, "", out);
    }
}

/// Columns by which all rows of a line after its first are indented: more than the two of the server's own lists, so
/// that no text can pass for a row of one. A window that is too narrow even for one column has none.
fn indent(columns: usize) -> usize {
    match columns {
        0..4 => 0,
        4..20 => 1,
        20..60 => 4,
        _ => 8,
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

    use unicode_width::UnicodeWidthStr;

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
        assert_eq!(rows80, [first.as_str(), "        bob (private): psst"]);
        assert_eq!(rows("", 20), [""]);
        assert_eq!(rows(&"x".repeat(20), 20), ["x".repeat(20)]);
        let long = rows(&"x".repeat(37), 20);
        assert_eq!(
            long,
            [
                "x".repeat(20),
                format!("    {}", "x".repeat(16)),
                "    x".into()
            ]
        );
        assert_eq!(rows("abcdefg", 4), ["abcd", " efg"]);
        // A narrow window has no column to spare.
        assert_eq!(rows("abcdefg", 3), ["abc", "def", "g"]);
    }

    #[test]
    fn a_tab_leads_to_a_stop_and_no_further_than_the_row() {
        assert_eq!(rows("a\tb", 20), ["a       b"]);
        let full = format!("{}\tb", "x".repeat(18));
        assert_eq!(
            rows(&full, 20),
            [format!("{}  ", "x".repeat(18)), "    b".into()]
        );
        let tabs = rows(&"\t".repeat(10), 20);
        assert_eq!(tabs, [" ".repeat(20)]);
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
            "Bob: \x1b[1;7m{}\x1b[0m\r\n    \x1b[1;7m{}\x1b[0my\r\n",
            "x".repeat(15),
            "x".repeat(10)
        );
        assert_eq!(out, expected);
        let mut rest = String::new();
        shown.print(20, 1, &mut rest);
        assert!(expected.ends_with(&rest) && rest.starts_with("    "));
    }

    #[test]
    fn a_bar_stands_at_the_side_of_each_row_that_has_room_for_it() {
        let mut shown = Shown::plain("Bob: ");
        shown.push("1;7", "Ann");
        shown.push("", ", this goes on");
        shown.set_bar();
        assert_eq!(printed(&shown, 16), ["┃ Bob: Ann, this", "┃goes on"]);
        assert_eq!(printed(&shown, 20), ["┃ Bob: Ann, this ", "┃   goes on"]);
        assert_eq!(printed(&shown, 3)[..3], ["┃ B", "ob:", "Ann"]);
        let mut out = String::new();
        shown.print(20, 0, &mut out);
        assert!(
            out.starts_with("┃ Bob: \x1b[1;7mAnn\x1b[0m, this "),
            "{out:?}"
        );
        // The end of a line that was too long still has it.
        let end = shown.keep_end(10);
        assert_eq!(printed(&end, 20), ["┃   is goes on"]);
    }

    #[test]
    fn the_column_is_set_again_where_terminals_disagree() {
        let mut out = String::new();
        Shown::plain(&"花".repeat(11)).print(20, 0, &mut out);
        let (first, second) = out.split_once("\r\n").unwrap();
        assert!(first.starts_with("花\x1b[3G花\x1b[5G") && first.ends_with("\x1b[19G花"));
        assert_eq!(second, "    花\x1b[7G\r\n");
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
                let wrap = shown.wrap(columns);
                let mut end = 0;
                for (number, row) in wrap.rows(&line).enumerate() {
                    assert_eq!(row.start, end);
                    assert!(row.end > row.start);
                    let mut column = wrap.indent(number);
                    let mut at = row.start;
                    while at < row.end {
                        let piece = wrap.piece(&line[at..], column);
                        at += piece.text.len();
                        column += piece.columns;
                        let hangs = [" ", "\t"].contains(&piece.text);
                        assert!(hangs || column <= columns.max(1), "{columns} {row:?}");
                    }
                    end = row.end;
                }
                assert_eq!(end, line.len());
                for row in printed(&shown, columns) {
                    assert!(columns < 2 || row.width() <= columns, "{columns} {row:?}");
                }
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
        assert_eq!(out, "    \x1b[2mbc\x1b[0m\x1b[1mdef\x1b[0m\r\n");
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
