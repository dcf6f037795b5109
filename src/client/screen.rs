//! `Screen`: lines above, and the line being typed below them. It turns both into bytes for a terminal and remembers
//! what it drew last; it never writes the bytes itself.
//!
//! This holds between two calls: the cursor is where the reader types, `above` rows below the first row of the line
//! being typed, and nothing stands below that line. So to print a new line, the screen goes up, erases to the end of
//! the screen, prints, and draws the typed line again, all in one write.

use std::collections::VecDeque;
use std::fmt::Write;
use std::mem;

use super::layout::layout;
use super::shown::Shown;

/// Lines kept to paint the screen again when the window changes its size. No window has more rows.
const KEPT_LINES: usize = 500;

/// Bytes kept of one line: more than the cells of any window can hold.
const KEPT_LINE_BYTES: usize = 256 * 1024;

/// Bytes kept of all lines, with the memory to hold them: some of the longest.
const KEPT_BYTES: usize = 1024 * 1024;

/// A window of so many rows, or fewer, has no row to spare for the status.
const LOW: usize = 5;

/// The cursor is hidden during a drawing, and the terminal's own wrapping is off. This file cuts the rows, and a
/// character that the terminal thinks is wider than we do must not begin a row of its own.
const BEGIN: &str = "\x1b[?25l\x1b[?7l";
const END: &str = "\x1b[?7h\x1b[?25h";

/// The part to type at: a question or a prompt, and the text with its cursor.
#[derive(Debug, Clone, Copy)]
pub(super) struct View<'a> {
    /// The row above it, as wide as the window. If it is empty, there is none.
    pub(super) status: &'a str,
    pub(super) prompt: &'a str,
    pub(super) text: &'a str,
    pub(super) cursor: usize,
}

/// The state of one terminal's window.
#[derive(Debug)]
pub(super) struct Screen {
    columns: usize,
    height: usize,
    out: String,
    /// How many rows of the typed line are above the cursor.
    above: usize,
    lines: VecDeque<Shown>,
    /// Bytes of the lines.
    bytes: usize,
    /// Nothing that stood on the screen before we started is left there.
    owned: bool,
}

impl Screen {
    pub(super) fn new(columns: usize, height: usize) -> Screen {
        Screen {
            columns,
            height,
            out: String::new(),
            above: 0,
            lines: VecDeque::new(),
            bytes: 0,
            owned: false,
        }
    }

    /// Shows lines above the typed one, and the typed one in its present state.
    pub(super) fn show(&mut self, lines: impl IntoIterator<Item = Shown>, view: View<'_>) {
        self.out.push_str(BEGIN);
        self.erase();
        for line in lines {
            line.print(self.columns, 0, &mut self.out);
            self.keep(line);
        }
        self.draw(view);
    }

    /// Takes the typed line off the screen and leaves the cursor at the beginning of an empty row.
    pub(super) fn clear_typed(&mut self) {
        self.erase();
    }

    /// The window changes its size. Terminals differ in what they then do with their content. They do it at once, but
    /// we learn about it late. So the screen assumes nothing, and paints everything again.
    pub(super) fn resize(&mut self, columns: usize, height: usize, view: View<'_>) {
        (self.columns, self.height) = (columns, height);
        let mut rows = 0;
        self.owned |= self.lines.iter().rev().any(|line| {
            rows += line.rows(columns);
            rows >= height
        });
        if !self.owned {
            // Text that others left on the screen scrolls up, where the reader can get it back.
            let _ = write!(self.out, "\x1b[{height};1H");
            self.out.extend(std::iter::repeat_n('\n', height));
            self.owned = true;
        }
        self.paint(view);
    }

    /// Paints the whole screen again: the last lines, and the typed one.
    pub(super) fn paint(&mut self, view: View<'_>) {
        self.out.push_str(BEGIN);
        // Goes row by row, since terminals save a screen that is erased as a whole among the lines scrolled away.
        for row in 1..=self.height {
            let _ = write!(self.out, "\x1b[{row};1H\x1b[2K");
        }
        self.out.push_str("\x1b[H");
        let typed = self.layout(view).rows.len() + self.status_rows(view);
        let mut room = self.height - typed.min(self.height);
        // The first visible line, and how many of its rows are hidden.
        let (mut first, mut unseen) = (self.lines.len(), 0);
        while room > 0 && first > 0 {
            first -= 1;
            let rows = self.lines[first].rows(self.columns);
            unseen = rows.saturating_sub(room);
            room = room.saturating_sub(rows);
        }
        for line in self.lines.range(first..) {
            line.print(self.columns, mem::take(&mut unseen), &mut self.out);
        }
        self.draw(view);
    }

    /// Leaves only the typed line on an empty screen, as Ctrl-L does.
    pub(super) fn clear(&mut self, view: View<'_>) {
        self.lines.clear();
        self.bytes = 0;
        self.owned = true;
        self.paint(view);
    }

    pub(super) fn bell(&mut self) {
        self.out.push('\x07');
    }

    /// The output for the terminal.
    pub(super) fn take_output(&mut self) -> String {
        mem::take(&mut self.out)
    }

    pub(super) fn size(&self) -> (usize, usize) {
        (self.columns, self.height)
    }

    fn layout(&self, view: View<'_>) -> super::layout::Layout {
        // One row stays free for incoming lines.
        let height = self.height.saturating_sub(1 + self.status_rows(view));
        layout(view.prompt, view.text, view.cursor, self.columns, height)
    }

    fn status_rows(&self, view: View<'_>) -> usize {
        usize::from(self.height > LOW && !view.status.is_empty())
    }

    fn erase(&mut self) {
        self.out.push('\r');
        if self.above > 0 {
            let _ = write!(self.out, "\x1b[{}A", self.above);
        }
        self.out.push_str("\x1b[J");
        self.above = 0;
    }

    fn keep(&mut self, line: Shown) {
        let line = line.keep_end(KEPT_LINE_BYTES);
        self.bytes += line.bytes();
        self.lines.push_back(line);
        while (self.lines.len() > KEPT_LINES || self.bytes > KEPT_BYTES)
            && let Some(oldest) = self.lines.pop_front()
        {
            self.bytes -= oldest.bytes();
        }
    }

    /// Draws the typed line at the beginning of the cursor's row.
    fn draw(&mut self, view: View<'_>) {
        let layout = self.layout(view);
        let (row, column) = layout.cursor;
        let status_rows = self.status_rows(view);
        if status_rows > 0 {
            self.out.push_str(view.status);
            self.out.push_str("\r\n");
        }
        self.out.push_str(&layout.rows.join("\r\n"));
        self.out.push('\r');
        let below = layout.rows.len() - 1 - row;
        if below > 0 {
            let _ = write!(self.out, "\x1b[{below}A");
        }
        if column > 0 {
            let _ = write!(self.out, "\x1b[{column}C");
        }
        self.out.push_str(END);
        self.above = row + status_rows;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::num::NonZero;

    /// A terminal of the given size that received everything the screen put out.
    struct Seen {
        screen: Screen,
        terminal: vt100::Parser,
    }

    impl Seen {
        fn new(columns: usize, height: usize) -> Seen {
            Seen {
                screen: Screen::new(columns, height),
                terminal: vt100::Parser::new(cells(height), cells(columns), 100),
            }
        }

        fn show(&mut self, lines: &[&str], text: &str, cursor: usize) {
            let lines = lines.iter().map(|text| Shown::plain(text));
            self.screen.show(lines, view(text, cursor));
            self.update();
        }

        fn update(&mut self) {
            let out = self.screen.take_output();
            self.terminal.process(out.as_bytes());
        }

        fn rows(&self) -> Vec<String> {
            let screen = self.terminal.screen();
            let (_, columns) = screen.size();
            let mut rows: Vec<String> = screen.rows(0, columns.into()).collect();
            let last = rows.iter().rposition(|row| !row.is_empty());
            rows.truncate(last.map_or(0, |last| last + 1));
            rows
        }
    }

    fn cells(n: usize) -> NonZero<u16> {
        NonZero::new(n as u16).unwrap()
    }

    fn view(text: &str, cursor: usize) -> View<'_> {
        View {
            status: "",
            prompt: "> ",
            text,
            cursor,
        }
    }

    #[test]
    fn a_line_appears_above_the_typed_one_which_stays() {
        let mut seen = Seen::new(20, 6);
        seen.show(&[], "hello", 2);
        seen.show(&["bob: hi"], "hello", 2);
        assert_eq!(seen.rows(), ["bob: hi", "> hello"]);
        assert_eq!(seen.terminal.screen().cursor_position(), (1, 4));
    }

    #[test]
    fn a_typed_line_of_many_rows_stays_whole_wherever_its_cursor_is() {
        let text = "花子 wrote a line that is longer than the window 🎉 is wide";
        for (cursor, _) in text.char_indices().chain([(text.len(), ' ')]) {
            let mut seen = Seen::new(20, 10);
            seen.show(&[], text, cursor);
            let typed = seen.rows();
            let (row, column) = seen.terminal.screen().cursor_position();
            seen.show(&["one", "a line of exactly 20", "three"], text, cursor);
            let lines = ["one", "a line of exactly 20", "three"].map(String::from);
            assert_eq!(seen.rows(), [&lines[..], &typed].concat());
            assert_eq!(seen.terminal.screen().cursor_position(), (row + 3, column));
        }
    }

    #[test]
    fn the_status_stands_above_the_prompt_and_never_scrolls() {
        let mut seen = Seen::new(20, 6);
        let status = "#den            here";
        for i in 0..30 {
            let line = Shown::plain(&format!("line {i}"));
            let view = View {
                status,
                ..view("typed text of two rows", 3)
            };
            seen.screen.show([line], view);
            seen.update();
        }
        let rows = seen.rows();
        let typed = ["> typed text of two ", "  rows"];
        assert_eq!(rows[..3], ["line 27", "line 28", "line 29"]);
        assert_eq!(rows[3..], [&[status], &typed[..]].concat());
        // A low window has no room for it.
        seen.terminal.screen_mut().set_size(cells(5), cells(20));
        let view = View {
            status,
            ..view("x", 1)
        };
        seen.screen.resize(20, 5, view);
        seen.update();
        assert!(!seen.rows().contains(&status.into()));
    }

    #[test]
    fn words_stay_whole_and_rows_behind_the_first_are_indented() {
        let mut seen = Seen::new(80, 8);
        let said = "12:31 Bob: it is: 10,000 people on one thread, and this line is so long that it \
                    goes on where the text of the first row began to be read";
        let typed =
            "what I am typing stays whole, 花子 and 🎉 and all, and wraps with the same indent";
        seen.show(&[said], typed, typed.len());
        let expected = [
            "12:31 Bob: it is: 10,000 people on one thread, and this line is so long that it",
            "        goes on where the text of the first row began to be read",
            "> what I am typing stays whole, 花子 and 🎉 and all, and wraps with the same",
            "  indent",
        ];
        let rows = seen.rows();
        let trimmed: Vec<&str> = rows.iter().map(|row| row.trim_end()).collect();
        assert_eq!(trimmed, expected);
        assert_eq!(seen.terminal.screen().cursor_position(), (3, 8));
    }

    #[test]
    fn lines_scroll_away_at_the_top_and_nothing_is_torn() {
        let mut seen = Seen::new(12, 4);
        let text = "typed text of two rows";
        for i in 0..50 {
            seen.show(&[&format!("line {i}")], text, 3);
        }
        assert_eq!(
            seen.rows(),
            ["line 48", "line 49", "> typed text", "of two rows"]
        );
    }

    #[test]
    fn a_typed_line_higher_than_the_window_leaves_a_row_for_what_comes() {
        let mut seen = Seen::new(4, 3);
        let text = "abcdefghijklmnopqrstuvwxyz";
        seen.show(&[], text, text.len());
        seen.show(&["new"], text, text.len());
        assert_eq!(seen.rows(), ["new", "wxyz"]);
        assert_eq!(seen.terminal.screen().cursor_position(), (2, 0));
    }

    #[test]
    fn after_a_resize_the_screen_holds_the_last_lines_and_the_typed_one() {
        let mut seen = Seen::new(20, 4);
        for i in 0..9 {
            seen.show(&[&format!("a line {i} of the chat")], "typed text", 5);
        }
        for (columns, rows, expected) in [
            (12, 5, vec!["a line 8 of ", " the chat", "> typed text"]),
            (19, 3, vec!["a line 8 of the ", " chat", "> typed text"]),
            (20, 3, vec!["a line 8 of the chat", "> typed text"]),
            (
                40,
                3,
                vec![
                    "a line 7 of the chat",
                    "a line 8 of the chat",
                    "> typed text",
                ],
            ),
        ] {
            // Whatever the terminal has done to its content.
            seen.terminal.process(b"\x1b[2;3Htorn and torn again");
            seen.terminal
                .screen_mut()
                .set_size(cells(rows), cells(columns));
            seen.screen.resize(columns, rows, view("typed text", 5));
            seen.update();
            let shown = seen.rows();
            assert_eq!(shown[shown.len() - expected.len()..], expected);
            assert!(!shown.iter().any(|row| row.contains("torn")), "{shown:?}");
        }
    }

    #[test]
    fn what_stood_there_before_can_be_scrolled_back_to_after_a_resize() {
        let mut seen = Seen::new(20, 4);
        seen.terminal.process(b"$ make\r\n$ client\r\n");
        seen.show(&["Welcome"], "x", 1);
        seen.screen.resize(20, 4, view("x", 1));
        seen.update();
        assert_eq!(seen.rows(), ["Welcome", "> x"]);
        seen.terminal.screen_mut().set_scrollback(4);
        assert_eq!(seen.rows()[..2], ["$ make", "$ client"]);
    }

    #[test]
    fn nothing_in_a_line_stands_where_another_one_begins() {
        let mut seen = Seen::new(40, 8);
        let forged = format!("Ann: ok{}bob (private): 1234", " ".repeat(33));
        seen.show(&[&forged], "", 0);
        let expected = ["Ann: ok", "    bob (private): 1234", ">"];
        let trimmed = |seen: &Seen| -> Vec<String> {
            let rows = seen.rows();
            rows.iter().map(|row| row.trim_end().into()).collect()
        };
        assert_eq!(trimmed(&seen), expected);
        seen.terminal.screen_mut().set_size(cells(8), cells(24));
        seen.screen.resize(24, 8, view("", 0));
        seen.update();
        let expected = ["Ann: ok", "    bob (private): 1234", ">"];
        assert_eq!(trimmed(&seen), expected);
    }

    #[test]
    fn of_a_line_higher_than_the_window_its_end_is_painted_again() {
        let mut seen = Seen::new(20, 4);
        let long = format!("Bob: {}the end", "x".repeat(2 * KEPT_LINE_BYTES));
        let lines = ["before", &long].map(Shown::plain);
        seen.screen.show(lines, view("typed", 5));
        seen.screen.take_output();
        seen.screen.paint(view("typed", 5));
        seen.update();
        let painted = seen.rows();
        assert_eq!(painted.len(), 4);
        assert!(
            painted[..3].iter().all(|row| row.starts_with("    x")),
            "{painted:?}"
        );
        assert!(painted[2].ends_with("the end") && painted[3] == "> typed");
    }

    #[test]
    fn what_is_kept_is_bounded_in_lines_and_in_bytes() {
        let mut screen = Screen::new(80, 24);
        let long = Shown::plain(&"x".repeat(KEPT_LINE_BYTES + 1));
        for _ in 0..6 {
            screen.show([long.clone()], view("", 0));
            screen.take_output();
            assert!(screen.bytes <= KEPT_BYTES);
            let bytes: usize = screen.lines.iter().map(Shown::bytes).sum();
            assert_eq!(screen.bytes, bytes);
        }
        assert_eq!(screen.lines.len(), 3);
        screen.clear(view("", 0));
        assert_eq!(screen.bytes, 0);
        screen.show((0..2000).map(|_| Shown::plain("x")), view("", 0));
        assert_eq!(screen.lines.len(), KEPT_LINES);
    }

    #[test]
    fn a_window_of_any_size_holds_the_cursor_and_the_typed_line() {
        let lines = [
            "one",
            "a longer line\tof 花子 e\u{301} 👨\u{200d}👩\u{200d}👧",
            "",
        ];
        let text = "typed 花子 🎉";
        let sizes = (1..24).flat_map(|columns| (1..5).map(move |height| (columns, height)));
        let mut seen = Seen::new(30, 6);
        for (columns, height) in sizes {
            seen.terminal
                .screen_mut()
                .set_size(cells(height), cells(columns));
            for cursor in [0, text.len()] {
                seen.screen.resize(columns, height, view(text, cursor));
                seen.update();
                seen.show(&lines, text, cursor);
                let (row, column) = seen.terminal.screen().cursor_position();
                assert!(usize::from(row) < height && usize::from(column) < columns);
            }
        }
    }
}
