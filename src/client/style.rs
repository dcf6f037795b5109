//! The look of a line: names in steady colours, mentions of the reader highlighted. Text goes in, styled spans come
//! out.

use crate::limits::MENTION_BYTES;
use crate::name::{Addressed, Username, addresses, beginning, words};

use super::line::{Fact, Line, read};
use super::shown::Shown;

/// Colours for names: those of the 16 that are legible on dark and on light, without red, which is for mentions.
const NAME_COLORS: [&str; 10] = ["32", "33", "34", "35", "36", "92", "93", "94", "95", "96"];

const DIM: &str = "2";
const BOLD: &str = "1";
const MENTION: &str = "1;7";

/// Shows lines in the way that the user chose.
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
        let own = own.and_then(Username::parse_any);
        // People who name themselves do not mention the reader.
        let others = |name: &str| own.as_ref().filter(|own| own.as_str() != name);
        let mut out = self.begin(time);
        let Line {
            stamp,
            past,
            tag,
            fact,
        } = read(line);
        out.styled(DIM, stamp);
        out.styled(DIM, tag);
        let mention = match fact {
            Fact::Said { name, text } => {
                out.name(name);
                out.text(": ");
                out.naming(others(name), text)
            }
            Fact::Action { name, text } => {
                out.text("* ");
                out.name(name);
                out.text(" ");
                out.naming(others(name), text)
            }
            Fact::Private { name, text } => {
                out.name(name);
                out.styled(MENTION, " (private)");
                out.text(": ");
                out.text(text);
                true
            }
            Fact::PrivateSent { name, text } => {
                out.text("To ");
                out.name(name);
                out.text(" (private): ");
                out.text(text);
                false
            }
            Fact::Renamed { from, to } => {
                out.name(from);
                out.styled(DIM, " is now known as ");
                out.name(to);
                out.styled(DIM, ".");
                false
            }
            Fact::Event { name, what } => {
                out.name(name);
                out.styled(DIM, " ");
                out.styled(DIM, what);
                false
            }
            _ => {
                out.text(&line[stamp.len()..]);
                false
            }
        };
        out.shown.mention = mention && !past;
        out.shown
    }

    /// A line that the reader said, behind the tag of its room.
    pub(super) fn own(&self, time: &str, tag: &str, name: Option<&str>, text: &str) -> Shown {
        let mut out = self.begin(time);
        out.styled(DIM, tag);
        match name {
            Some(name) => {
                out.styled(BOLD, name);
                out.text(": ");
            }
            None => out.text("> "),
        }
        out.text(text);
        out.shown
    }

    /// A message of the client itself.
    pub(super) fn notice(&self, time: &str, text: &str) -> Shown {
        let mut out = self.begin(time);
        out.styled(DIM, text);
        out.shown
    }

    fn begin(&self, time: &str) -> Painter {
        let mut painter = Painter {
            color: self.color,
            shown: Shown::default(),
        };
        if !time.is_empty() {
            painter.styled(DIM, time);
            painter.text(" ");
        }
        painter
    }
}

/// Collects the pieces of a line.
struct Painter {
    color: bool,
    shown: Shown,
}

impl Painter {
    fn text(&mut self, text: &str) {
        self.shown.push("", text);
    }

    fn styled(&mut self, style: &'static str, text: &str) {
        let style = if self.color { style } else { "" };
        self.shown.push(style, text);
    }

    fn name(&mut self, name: &str) {
        self.styled(name_color(name), name);
    }

    /// Text with the reader's name highlighted. Returns whether the name stands there.
    fn naming(&mut self, own: Option<&Username>, text: &str) -> bool {
        let mut at = 0;
        for (start, word) in own.into_iter().flat_map(|own| mentions(text, own)) {
            self.text(&text[at..start]);
            self.styled(MENTION, word);
            at = start + word.len();
        }
        self.text(&text[at..]);
        at > 0
    }
}

/// The colour of a name. It is the same in every run and on every machine: FNV-1a over the name without case.
fn name_color(name: &str) -> &'static str {
    let hash = name
        .chars()
        .flat_map(char::to_lowercase)
        .fold(0xcbf2_9ce4_8422_2325u64, |hash, c| {
            (hash ^ u64::from(c)).wrapping_mul(0x0100_0000_01b3)
        });
    NAME_COLORS[(hash >> 32) as usize % NAME_COLORS.len()]
}

/// Where a text names a person, found as the server finds people who are away: within this many bytes of words, as
/// compared.
fn mentions<'a>(text: &'a str, own: &Username) -> Vec<(usize, &'a str)> {
    let mut compared = 0;
    let mut is_own = |word: &&str| {
        let word = Some(word).filter(|_| compared < MENTION_BYTES);
        let word = word.and_then(|it| Addressed::new(it));
        compared += word.as_ref().map_or(0, Addressed::bytes);
        word.is_some_and(|it| it.is_of(own))
    };
    let text = beginning(text);
    if own.is_addr() {
        return addresses(text).filter(|(_, it)| is_own(it)).collect();
    }
    let named = |(start, word, bare): (usize, &'a str, Option<&'a str>)| {
        let own = Some(word).filter(&mut is_own);
        own.or_else(|| bare.filter(&mut is_own))
            .map(|own| (start, own))
    };
    words(text).filter_map(named).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The printed form of a line in a wide window.
    fn printed(shown: &Shown) -> String {
        let mut out = String::new();
        shown.print(1000, 0, &mut out);
        out
    }

    fn found<'a>(text: &'a str, own: &str) -> Vec<&'a str> {
        let own = Username::parse_any(own).unwrap();
        let found = mentions(text, &own).into_iter();
        found
            .inspect(|(start, word)| assert!(text[*start..].starts_with(word)))
            .map(|(_, word)| word)
            .collect()
    }

    #[test]
    fn a_mention_is_the_whole_name_in_any_case() {
        let text = "ZOË, zoë! Zoëlle zoë-2 xzoë";
        assert_eq!(found(text, "Zoë"), ["ZOË", "zoë"]);
        assert_eq!(found("(...zoë...) #zoë", "Zoë"), ["zoë", "zoë"]);
        assert_eq!(found("a. or a", "a."), ["a."]);
        assert_eq!(found("nobody", "Zoë"), [""; 0]);
        let text = "127.0.0.1:5000-2, 127.0.0.1:5000, ([::1]:5000)";
        assert_eq!(found(text, "127.0.0.1:5000"), ["127.0.0.1:5000"]);
        assert_eq!(found(text, "127.0.0.1:5000-2"), ["127.0.0.1:5000-2"]);
        assert_eq!(found(text, "[::1]:5000"), ["[::1]:5000"]);
    }

    #[cfg(feature = "unicode-names")]
    #[test]
    fn marks_and_joiners_are_part_of_a_word_as_they_are_of_a_name() {
        assert_eq!(found("Zoe\u{301} zoe Zoe\u{308}", "Zoe"), ["zoe"]);
        assert_eq!(found("Zoe\u{308} zoe", "Zoë"), ["Zoe\u{308}"]);
        assert_eq!(found("Zoe\u{200d} Zoe\u{200d}y", "Zoe"), ["Zoe\u{200d}"]);
        assert_eq!(found("ｗｉｄｅ", "wide"), ["ｗｉｄｅ"]);
    }

    #[test]
    fn names_are_looked_for_in_as_much_of_a_text_as_by_the_server() {
        let text = "Ann ".repeat(300_000);
        assert_eq!(found(&text, "Ann").len(), MENTION_BYTES / 4);
        // A sign may stand for many letters, and each of them is compared.
        let text = format!("{} Ann", "x ".repeat(MENTION_BYTES / 3));
        assert_eq!(found(&text, "Ann"), ["Ann"]);
        let text = format!("{} Ann", "ﷺ ".repeat(MENTION_BYTES / 8));
        let few = cfg!(not(feature = "unicode-names"));
        assert_eq!(found(&text, "Ann").len(), usize::from(few));
    }

    #[test]
    fn without_colour_a_line_is_the_text_alone() {
        let shown = Styler::new(false).received("12:00:00", "Alice: hi\tBob", Some("bob"));
        assert_eq!(shown.text, "12:00:00 Alice: hi\tBob");
        assert_eq!(printed(&shown), "12:00:00 Alice: hi      Bob\r\n");
        assert!(shown.mention);
    }

    #[test]
    fn a_name_keeps_its_colour_and_a_mention_is_set_off() {
        let styler = Styler::new(true);
        let one = printed(&styler.received("", "Alice: hi Bob", Some("bob")));
        assert!(one.contains("\x1b[1;7mBob\x1b[0m"), "{one:?}");
        let color = one.split("Alice").next().unwrap();
        for line in [
            "alice has joined the chat.",
            "alice is now known as Bob.",
            "alice (private): x",
        ] {
            let other = printed(&styler.received("", line, None));
            assert!(other.starts_with(color), "{other:?}");
        }
        for (line, before) in [("* alice waves", "* "), ("To alice (private): x", "To ")] {
            let other = printed(&styler.received("", line, None));
            assert!(other.starts_with(&format!("{before}{color}")), "{other:?}");
        }
    }

    #[test]
    fn what_a_line_says_is_no_matter_of_what_stands_before_it() {
        let styler = Styler::new(true);
        let own = Some("Ann");
        for line in [
            "Bob: hi ann",
            "* Bob waves at ANN",
            "Bob (private): psst",
            "Bob: nothing",
            "Ann: I am Ann",
            "To Bob (private): Ann",
        ] {
            let plain = styler.received("", line, own);
            let is_private = line.contains("(private)");
            let stamps = ["[12:30] ", "[2026-11-21 16:59:59] "];
            for stamp in stamps {
                let stamped = styler.received("", &format!("{stamp}{line}"), own);
                assert_eq!(stamped.mention, plain.mention, "{line}");
                let expected = format!("\x1b[2m{stamp}\x1b[0m{}", printed(&plain));
                assert_eq!(printed(&stamped), expected);
            }
            let old = "[2026-11-21 16:59] ";
            let past = styler.received("", &format!("{old}{line}"), own);
            assert!(!past.mention, "{line}");
            assert!(printed(&past).ends_with(&printed(&plain)), "{line}");
            for before in ["#den ", "[12:30] #den ", &format!("{old}#den ")] {
                let tagged = styler.received("", &format!("{before}{line}"), own);
                if is_private {
                    // No such line has a tag.
                    assert!(!tagged.mention, "{line}");
                    continue;
                }
                let mention = plain.mention && !before.starts_with(old);
                assert_eq!(tagged.mention, mention, "{before}{line}");
                let expected = format!("\x1b[2m{before}\x1b[0m{}", printed(&plain));
                assert_eq!(printed(&tagged), expected);
            }
        }
    }

    #[test]
    fn a_line_speaks_to_the_reader_by_name_or_privately() {
        let styler = Styler::new(true);
        let speaks = |line| styler.received("", line, Some("Ann")).mention;
        assert!(speaks("Bob (private): psst"));
        assert!(speaks("* Bob waves at ann."));
        assert!(!speaks("Bob: psst"));
        assert!(!speaks("* Ann is Ann"));
        assert!(!speaks("Bob has set the topic: Ann"));
    }
}
