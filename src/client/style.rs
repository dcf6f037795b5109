//! The look of a line: names in steady colours, mentions of the reader highlighted. Text goes in, styled spans come
//! out.

use crate::limits::MENTION_BYTES;
use crate::name::{Addressed, Username, addresses, beginning, words};

use super::protocol::{Event, Told};
use super::shown::Shown;

/// Colours for names: those of the 16 that are legible on dark and on light, without red, which is for mentions.
const NAME_COLORS: [&str; 10] = ["32", "33", "34", "35", "36", "92", "93", "94", "95", "96"];

const DIM: &str = "2";
const BOLD: &str = "1";
const MENTION: &str = "1;7";

/// What stands before a line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Before<'a> {
    pub(super) stamp: &'a str,
    /// The room, as in `#den `, of a line that comes from a room other than the reader's current one; or nothing.
    pub(super) tag: &'a str,
    /// The reader has said or done it.
    pub(super) is_own: bool,
}

/// Shows lines in the way that the user chose.
#[derive(Debug)]
pub(super) struct Styler {
    color: bool,
}

impl Styler {
    pub(super) fn new(color: bool) -> Styler {
        Styler { color }
    }

    /// What happened, behind its stamp and the tag of its room. `own` is the reader's name, and `is_own` whether they
    /// did it. Nothing for what is shown otherwise, or not at all.
    pub(super) fn told(&self, before: Before<'_>, told: &Told, own: Option<&str>) -> Option<Shown> {
        let own = own.and_then(Username::parse_any);
        let own = own.as_ref().filter(|_| !before.is_own);
        // People who name themselves do not mention the reader.
        let others = |name: &str| own.filter(|own| own.as_str() != name);
        let mut out = self.begin(before.stamp);
        out.is_own = before.is_own;
        out.styled(DIM, before.tag);
        let mention = match &told.event {
            Event::Said { from, text } => {
                out.name(from);
                out.text(": ");
                out.naming(others(from), text)
            }
            Event::Did { from, text } => {
                out.text("* ");
                out.name(from);
                out.text(" ");
                out.naming(others(from), text)
            }
            Event::Private { from, text } => {
                out.name(from);
                out.styled(MENTION, " (private)");
                out.text(": ");
                out.text(text);
                true
            }
            Event::Written { to, text } => {
                out.text("To ");
                out.is_own = false;
                out.name(to);
                out.text(" (private): ");
                out.text(text);
                false
            }
            Event::Renamed { from, to, .. } => {
                out.name(from);
                out.styled(DIM, " is now known as ");
                out.name(to);
                out.styled(DIM, ".");
                false
            }
            event => {
                happened(event, told.past, &mut out)?;
                false
            }
        };
        if mention && matches!(told.event, Event::Said { .. } | Event::Did { .. }) {
            out.shown.set_bar();
        }
        out.shown.mention = mention && !told.past;
        Some(out.shown)
    }

    /// A line of the server for the reader alone.
    pub(super) fn answer(&self, stamp: &str, text: &str) -> Shown {
        let mut out = self.begin(stamp);
        out.text(text);
        out.shown
    }

    /// The event that the reader has come in.
    pub(super) fn came_in(&self, stamp: &str, name: &str) -> Shown {
        let mut out = self.begin(stamp);
        out.name(name);
        out.styled(DIM, " has joined the chat.");
        out.shown
    }

    /// A command that the reader typed.
    pub(super) fn command(&self, stamp: &str, text: &str) -> Shown {
        let mut out = self.begin(stamp);
        out.text("> ");
        out.text(text);
        out.shown
    }

    /// The row above the prompt.
    pub(super) fn status(&self, row: &str) -> String {
        match self.color {
            true => format!("\x1b[{DIM}m{row}\x1b[0m"),
            false => row.into(),
        }
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
            is_own: false,
            shown: Shown::default(),
        };
        if !time.is_empty() {
            painter.styled(DIM, time);
            painter.text(" ");
        }
        painter
    }
}

/// Writes what happened, in the words of the server. `None`: that is not shown in a sentence.
fn happened(event: &Event, past: bool, out: &mut Painter) -> Option<()> {
    let (who, what) = match event {
        Event::Joined(who) => (who, "has joined the chat.".into()),
        Event::Left { who, why: None } => (who, "has left the chat.".into()),
        Event::Left {
            who,
            why: Some(why),
        } => (who, format!("has left the chat: {why}")),
        Event::SentAway {
            who,
            is_banned,
            by,
            reason,
        } => {
            let was = if *is_banned { "banned" } else { "kicked" };
            let reason = reason.as_ref().map_or(".".into(), |it| format!(": {it}"));
            (who, format!("was {was} by {by}{reason}"))
        }
        Event::Entered {
            who,
            listens: false,
        } => (who, "has come in.".into()),
        Event::Entered { who, listens: true } => (who, "listens in.".into()),
        Event::Went { who, to: Some(to) } => (who, format!("has gone to {to}.")),
        Event::Went { who, to: None } => (who, "has left the room.".into()),
        event => return set_or_told(event, past, out),
    };
    out.name(&who.name);
    out.styled(DIM, " ");
    out.styled(DIM, &what);
    Some(())
}

fn set_or_told(event: &Event, past: bool, out: &mut Painter) -> Option<()> {
    match event {
        Event::Topic { by, topic } => {
            out.name(by);
            out.styled(DIM, " ");
            match topic {
                Some(topic) => out.styled(DIM, &format!("has set the topic: {topic}")),
                None => out.styled(DIM, "has cleared the topic."),
            }
        }
        Event::Notice(text) | Event::Erased { text: Some(text) } => out.text(text),
        Event::Lost { text, .. } => out.styled(DIM, text),
        Event::Skipped { count: Some(count) } if past => out.styled(DIM, &not_kept(*count)),
        Event::Gap { count } => out.styled(DIM, &not_kept(*count)),
        Event::Skipped { count: Some(1) } => out.styled(DIM, "-- 1 message skipped --"),
        Event::Skipped { count: Some(count) } => {
            out.styled(DIM, &format!("-- {count} messages skipped --"));
        }
        Event::Skipped { count: None } => {
            out.styled(DIM, "-- some messages are missing here --");
        }
        _ => return None,
    }
    Some(())
}

fn not_kept(count: u64) -> String {
    match count {
        1 => "-- 1 line was not kept --".into(),
        count => format!("-- {count} lines were not kept --"),
    }
}

/// Collects the pieces of a line.
struct Painter {
    color: bool,
    /// The names are the reader's.
    is_own: bool,
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
        let style = if self.is_own { BOLD } else { name_color(name) };
        self.styled(style, name);
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
mod tests;
