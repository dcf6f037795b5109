//! How a line is shown: names in steady colours, mentions of the reader set off. Text in, text with SGR sequences out.
//!
//! Every line that reaches this file is clean of control characters, so the only escapes in what leaves it are ours.

use unicode_segmentation::UnicodeSegmentation;

use super::layout::columns_of;
use super::line::{Fact, read};

/// Colours for names: those of the 16 that can be read on dark and on light, none of them red, which is for mentions.
const NAME_COLORS: [&str; 10] = ["32", "33", "34", "35", "36", "92", "93", "94", "95", "96"];

const DIM: &str = "2";
const BOLD: &str = "1";
const MENTION: &str = "1;7";

/// TAB stops stand this many columns apart.
const TAB_STOP: usize = 8;

/// A line ready to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shown {
    /// With its colours, without a line end.
    pub(super) text: String,
    /// How many columns it takes, were the window wide enough.
    columns: usize,
    /// Whether it speaks to the reader, by name or privately.
    pub(super) mention: bool,
}

impl Shown {
    /// A line without colours.
    pub(super) fn plain(text: &str) -> Shown {
        Shown {
            text: text.into(),
            columns: columns_of(text),
            mention: false,
        }
    }

    /// How many rows it takes in a window so wide.
    pub(super) fn rows(&self, columns: usize) -> usize {
        self.columns.div_ceil(columns.max(1)).max(1)
    }
}

/// Shows lines in the way that was asked for.
#[derive(Debug)]
pub(super) struct Styler {
    color: bool,
}

impl Styler {
    pub(super) fn new(color: bool) -> Styler {
        Styler { color }
    }

    /// A line from the server. `own` is the reader's name.
    pub(super) fn received(&self, time: &str, line: &str, own: Option<&str>) -> Shown {
        let mut out = self.begin(time);
        let mut mention = false;
        match read(line).fact {
            Fact::Said { name, text } => {
                out.styled(name_color(name), name);
                out.text(": ");
                let mut at = 0;
                for (start, end) in mentions(text, own) {
                    out.text(&text[at..start]);
                    out.styled(MENTION, &text[start..end]);
                    at = end;
                    mention = true;
                }
                out.text(&text[at..]);
            }
            Fact::Private { name, text } => {
                out.styled(name_color(name), name);
                out.styled(MENTION, " (private)");
                out.text(": ");
                out.text(text);
                mention = true;
            }
            Fact::Event { name, what } => {
                out.styled(name_color(name), name);
                out.styled(DIM, " ");
                out.styled(DIM, what);
            }
            _ => out.text(line),
        }
        out.finish(mention)
    }

    /// What the reader said themselves.
    pub(super) fn own(&self, time: &str, name: Option<&str>, text: &str) -> Shown {
        let mut out = self.begin(time);
        match name {
            Some(name) => {
                out.styled(BOLD, name);
                out.text(": ");
            }
            None => out.text("> "),
        }
        out.text(text);
        out.finish(false)
    }

    /// A word of the client itself.
    pub(super) fn notice(&self, time: &str, text: &str) -> Shown {
        let mut out = self.begin(time);
        out.styled(DIM, text);
        out.finish(false)
    }

    fn begin(&self, time: &str) -> Painter {
        let mut painter = Painter {
            color: self.color,
            out: String::new(),
            columns: 0,
        };
        if !time.is_empty() {
            painter.styled(DIM, time);
            painter.text(" ");
        }
        painter
    }
}

/// Collects the pieces of a line, and counts their columns.
struct Painter {
    color: bool,
    out: String,
    columns: usize,
}

impl Painter {
    fn text(&mut self, text: &str) {
        let mut parts = text.split('\t');
        self.piece(parts.next().unwrap_or_default());
        for part in parts {
            // Spaces, since where a TAB leads would depend on the width of the window.
            let spaces = TAB_STOP - self.columns % TAB_STOP;
            self.piece(&" ".repeat(spaces));
            self.piece(part);
        }
    }

    fn piece(&mut self, text: &str) {
        self.out.push_str(text);
        self.columns += columns_of(text);
    }

    fn styled(&mut self, style: &str, text: &str) {
        if !self.color {
            return self.text(text);
        }
        self.out.push_str("\x1b[");
        self.out.push_str(style);
        self.out.push('m');
        self.text(text);
        self.out.push_str("\x1b[0m");
    }

    fn finish(self, mention: bool) -> Shown {
        Shown {
            text: self.out,
            columns: self.columns,
            mention,
        }
    }
}

/// The same name has the same colour in every run and on every machine: FNV-1a over the name without case.
fn name_color(name: &str) -> &'static str {
    let hash = name
        .chars()
        .flat_map(char::to_lowercase)
        .fold(0xcbf2_9ce4_8422_2325u64, |hash, c| {
            (hash ^ u64::from(c)).wrapping_mul(0x0100_0000_01b3)
        });
    NAME_COLORS[(hash >> 32) as usize % NAME_COLORS.len()]
}

/// Where the reader's name stands in a text as a word of its own, in any case.
fn mentions(text: &str, own: Option<&str>) -> Vec<(usize, usize)> {
    let Some(own) = own else { return Vec::new() };
    let folded = own.to_lowercase();
    let part_of_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
    let mut found = Vec::new();
    let mut from = 0;
    for (start, _) in text.grapheme_indices(true) {
        if start < from || text[..start].chars().next_back().is_some_and(part_of_name) {
            continue;
        }
        let Some(end) = end_of_match(&text[start..], &folded).map(|end| start + end) else {
            continue;
        };
        if !text[end..].chars().next().is_some_and(part_of_name) {
            found.push((start, end));
            from = end;
        }
    }
    found
}

/// How many bytes of the text are, in lower case, the folded name.
fn end_of_match(text: &str, folded: &str) -> Option<usize> {
    let mut rest = folded.chars();
    for (at, c) in text.char_indices() {
        if rest.as_str().is_empty() {
            return Some(at);
        }
        for lower in c.to_lowercase() {
            if rest.next() != Some(lower) {
                return None;
            }
        }
    }
    rest.as_str().is_empty().then_some(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mention_is_the_whole_name_in_any_case() {
        let found = |text: &'static str| -> Vec<&str> {
            mentions(text, Some("Zoë"))
                .into_iter()
                .map(|(start, end)| &text[start..end])
                .collect()
        };
        assert_eq!(found("ZOË, zoë! Zoëlle zoë-2 xzoë"), ["ZOË", "zoë"]);
        assert_eq!(found("Zoë."), ["Zoë"]);
        assert_eq!(found("nobody"), [""; 0]);
        assert!(mentions("anything", None).is_empty());
    }

    #[test]
    fn without_colour_a_line_is_the_text_alone() {
        let shown = Styler::new(false).received("12:00:00", "Alice: hi Bob", Some("bob"));
        assert_eq!(shown.text, "12:00:00 Alice: hi Bob");
        assert!(shown.mention);
        assert_eq!((shown.rows(22), shown.rows(21)), (1, 2));
    }

    #[test]
    fn a_name_keeps_its_colour_and_a_mention_is_set_off() {
        let styler = Styler::new(true);
        let one = styler.received("", "Alice: hi Bob", Some("bob")).text;
        assert!(one.contains("\x1b[1;7mBob\x1b[0m"), "{one:?}");
        let color = one.split("Alice").next().unwrap();
        let other = styler.received("", "alice has joined the chat.", None).text;
        assert!(other.starts_with(color), "{other:?}");
    }

    #[test]
    fn a_private_message_speaks_to_the_reader() {
        let styler = Styler::new(true);
        assert!(styler.received("", "Bob (private): psst", None).mention);
        assert!(!styler.received("", "Bob: psst", None).mention);
    }

    #[test]
    fn a_tab_becomes_the_spaces_it_stands_for() {
        let shown = Styler::new(false).received("", "a: b\tc", None);
        assert_eq!(shown.text, "a: b    c");
    }
}
