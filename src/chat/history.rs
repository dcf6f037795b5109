//! `History`: the last lines of a conversation, bounded in number and in bytes of text.
//!
//! Invariant: `bytes` is the sum of the sizes of the lines, and within the bound.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::erasure::Erasure;
use crate::id::PersonId;
use crate::message::{Before, News, Past};
use crate::tally;

#[cfg(feature = "cluster")]
use super::state::{HistoryForm, PastForm};

/// The date, `(private)`, and the line end.
const AROUND: usize = "[2026-11-21 15:28]  (private): \r\n".len();

#[derive(Debug)]
pub(super) struct History {
    lines: VecDeque<Line>,
    bytes: usize,
    /// How many lines came, including those that are gone.
    total: usize,
    max_lines: usize,
    max_bytes: usize,
    /// Whether there were lines before these, which a file may have.
    is_cut: bool,
    /// The last entry whose line came, and the last one whose line came and is gone because of the bounds.
    last: u64,
    dropped: u64,
}

/// How far a room had come at some moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    /// The entry that made the room.
    pub(super) made: u64,
    /// How many lines had come.
    lines: usize,
    /// The entry of the last of them.
    last: u64,
}

/// A line, and its author, whatever the author's name is by now.
#[derive(Debug)]
struct Line {
    /// How many lines came before it.
    number: usize,
    author: PersonId,
    past: Arc<Past>,
}

impl History {
    pub(super) fn new(max_lines: usize, max_bytes: usize) -> History {
        History {
            lines: VecDeque::new(),
            bytes: 0,
            total: 0,
            max_lines,
            max_bytes,
            is_cut: false,
            last: 0,
            dropped: 0,
        }
    }

    /// The last lines that a file has, the oldest first. `is_cut` tells whether it has older ones.
    pub(super) fn load(&mut self, lines: &[Arc<Past>], is_cut: bool) {
        lines.iter().for_each(|it| self.push(it.author, it.clone()));
        self.is_cut |= is_cut;
    }

    /// The lines and what is known of those that are gone, as they travel.
    #[cfg(feature = "cluster")]
    pub(super) fn as_form(&self) -> HistoryForm {
        let form = |it: &Line| Some((it.number, PastForm::of(&it.past)?));
        HistoryForm {
            total: self.total,
            is_cut: self.is_cut,
            last: self.last,
            dropped: self.dropped,
            lines: self.lines.iter().filter_map(form).collect(),
        }
    }

    /// What has travelled, as far as the bounds hold. The numbers of the lines rise, and are below the total.
    #[cfg(feature = "cluster")]
    pub(super) fn of_form(form: HistoryForm, max_lines: usize, max_bytes: usize) -> History {
        let mut history = History::new(max_lines, max_bytes);
        (history.is_cut, history.dropped) = (form.is_cut, form.dropped);
        for (number, past) in form.lines {
            let past: Arc<Past> = past.into();
            history.total = number;
            history.push(past.author, past);
        }
        (history.total, history.last) = (form.total, form.last);
        history
    }

    /// Keeps a line that a person wrote, and drops the oldest lines until the bounds hold.
    pub(super) fn push(&mut self, author: PersonId, past: Arc<Past>) {
        let Some(size) = size(&past.news) else {
            return;
        };
        let number = self.total;
        self.total += 1;
        self.last = past.seq;
        if self.max_lines == 0 || size > self.max_bytes {
            self.is_cut = true;
            self.dropped = past.seq;
            return;
        }
        while self.lines.len() >= self.max_lines || self.bytes + size > self.max_bytes {
            let Some(oldest) = self.lines.pop_front() else {
                break;
            };
            self.bytes -= self::size(&oldest.past.news).unwrap_or(0);
            self.is_cut = true;
            self.dropped = self.dropped.max(oldest.past.seq);
        }
        self.lines.push_back(Line {
            number,
            author,
            past,
        });
        self.bytes += size;
        debug_assert!(self.bytes <= self.max_bytes && self.lines.len() <= self.max_lines);
    }

    /// Drops the lines that an erasure takes back. Returns their numbers. How many lines came stays as it was.
    pub(super) fn erase(&mut self, erasure: &Erasure) -> Vec<u64> {
        tally::steps(self.lines.len());
        let (mut gone, mut bytes) = (Vec::new(), 0);
        self.lines.retain(|line| {
            let is_gone = erasure.meets(&line.past);
            if is_gone {
                gone.push(line.past.seq);
                bytes += size(&line.past.news).unwrap_or(0);
            }
            !is_gone
        });
        self.bytes -= bytes;
        gone
    }

    /// How many lines an erasure would take back.
    pub(super) fn count(&self, erasure: &Erasure) -> usize {
        tally::steps(self.lines.len());
        let lines = self.lines.iter();
        lines.filter(|it| erasure.meets(&it.past)).count()
    }

    /// Whether there were lines before these.
    pub(super) fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// The last visible lines, the oldest first: at most `count`, and none of the first `known` lines.
    pub(super) fn last(
        &self,
        known: usize,
        count: usize,
        is_seen: impl FnMut(PersonId, &News) -> bool,
    ) -> Vec<Arc<Past>> {
        self.last_within((0, Before::End), known, count, is_seen)
    }

    /// The same of the lines from an entry on and before some line.
    pub(super) fn last_within(
        &self,
        (since, before): (u64, Before),
        known: usize,
        count: usize,
        mut is_seen: impl FnMut(PersonId, &News) -> bool,
    ) -> Vec<Arc<Past>> {
        let seen = |line: &&Line| is_seen(line.author, &line.past.news);
        let new = self.lines.iter().rev().inspect(|_| tally::steps(1));
        let new = new.take_while(|line| line.number >= known && line.past.seq >= since);
        let new = new.filter(|line| line.past.is_before(before));
        let lines = new.filter(seen).take(count);
        let mut lines: Vec<Arc<Past>> = lines.map(|it| it.past.clone()).collect();
        lines.reverse();
        lines
    }

    /// How many visible lines came behind an entry, and whether there may be more that are not here.
    pub(super) fn since(
        &self,
        seq: u64,
        mut is_seen: impl FnMut(PersonId, &News) -> bool,
    ) -> (usize, bool) {
        let new = self.lines.iter().rev().inspect(|_| tally::steps(1));
        let new = new.take_while(|line| line.past.seq > seq);
        let seen = |line: &&Line| is_seen(line.author, &line.past.news);
        let oldest = self.lines.front();
        let has_more = self.is_cut && oldest.is_none_or(|it| it.past.seq > seq);
        (new.filter(seen).count(), has_more)
    }

    /// The visible lines behind an entry, the oldest first.
    pub(super) fn behind(
        &self,
        seq: u64,
        mut is_seen: impl FnMut(PersonId, &News) -> bool,
    ) -> Vec<Arc<Past>> {
        let new = self.lines.iter().rev().inspect(|_| tally::steps(1));
        let new = new.take_while(|line| line.past.seq > seq);
        let seen = new.filter(|line| is_seen(line.author, &line.past.news));
        let mut lines: Vec<Arc<Past>> = seen.map(|it| it.past.clone()).collect();
        lines.reverse();
        lines
    }

    /// How many lines that came behind an entry are here no more, as far as that is known: a mark tells how many had come
    /// at some moment behind it.
    pub(super) fn gone(&self, seq: u64, mark: Option<&Mark>) -> Option<u64> {
        if self.dropped <= seq {
            return Some(0);
        }
        let mark = mark.filter(|it| it.last <= seq)?;
        let first = self.lines.front().map_or(self.total, |it| it.number);
        Some(first.saturating_sub(mark.lines) as u64)
    }

    /// How far the room, which this entry made, has come.
    pub(super) fn mark(&self, made: u64) -> Mark {
        Mark {
            made,
            lines: self.total,
            last: self.last,
        }
    }

    /// The end of the lines from an entry on that only a file has, if it may have any before these.
    pub(super) fn in_file(&self, (since, before): (u64, Before)) -> Option<Before> {
        let oldest = self.lines.front().map(|it| it.past.seq);
        if oldest.is_some_and(|it| it < since) {
            return None;
        }
        let first = self.lines.front().filter(|_| self.is_cut);
        match (self.is_cut, first) {
            (false, _) => None,
            (true, Some(line)) if !line.past.is_before(before) => Some(before),
            (true, Some(line)) => Some(Before::Seq(line.past.seq)),
            (true, None) => Some(before),
        }
    }

    /// Whether a file may have lines, and memory has none.
    pub(super) fn is_only_in_file(&self) -> bool {
        self.is_cut && self.lines.is_empty()
    }

    /// The numbers of the entries that its lines are from.
    #[cfg(any(test, fuzzing))]
    pub(super) fn seqs(&self) -> Vec<u64> {
        self.lines.iter().map(|it| it.past.seq).collect()
    }

    /// How many lines came, including those that are gone.
    pub(super) fn total(&self) -> usize {
        self.total
    }
}

/// The size of a line as it is read later, in bytes. The text around name and line counts as [`AROUND`]. `None`: nobody
/// wrote the line, and it does not stand for such lines, so it is not kept.
pub(super) fn size(news: &News) -> Option<usize> {
    if let News::NotKept(_) = news {
        return Some(AROUND);
    }
    let (author, text) = news.written()?;
    Some(AROUND + author.as_str().len() + text.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::Username;

    fn said(text: &str) -> Arc<Past> {
        let from = Username::parse("x").unwrap();
        let text = text.into();
        let news = News::Said { from, text };
        Past {
            seq: 1,
            at: 0,
            author: ANN,
            account: None,
            room: None,
            news,
        }
        .into()
    }

    const ANN: PersonId = PersonId(1);

    fn texts(history: &History, count: usize) -> Vec<usize> {
        let lines = history.last(0, count, |_, _| true);
        let text = |line: &Arc<Past>| size(&line.news).unwrap() - AROUND - 1;
        lines.iter().map(text).collect()
    }

    #[test]
    fn the_oldest_lines_go_first() {
        let bytes = 3 * (AROUND + 1) + 10;
        let mut history = History::new(3, bytes);
        for text in ["1", "22", "333", "4444"] {
            history.push(ANN, said(text));
        }
        assert_eq!(texts(&history, 10), [2, 3, 4]);
        assert_eq!(texts(&history, 2), [3, 4]);
        history.push(ANN, said("55555"));
        assert_eq!(texts(&history, 10), [4, 5]);
        history.push(ANN, said(&"x".repeat(bytes)));
        assert_eq!(texts(&history, 10), [4, 5]);
        assert_eq!(history.total(), 6);
        assert_eq!(history.last(4, 10, |_, _| true).len(), 1);
        assert_eq!(history.last(5, 10, |_, _| true).len(), 0);
    }

    #[test]
    fn what_is_not_to_be_seen_does_not_count() {
        let bob = PersonId(2);
        let mut history = History::new(10, 1000);
        for (author, text) in [(ANN, "1"), (ANN, "22"), (bob, "333"), (bob, "4444")] {
            history.push(author, said(text));
        }
        let seen = history.last(0, 1, |author, _| author == ANN);
        assert_eq!(seen, [said("22")]);
    }

    #[test]
    fn nothing_is_kept_where_nothing_is_to_be() {
        let mut history = History::new(0, 10);
        history.push(ANN, said("x"));
        assert_eq!(texts(&history, 10), [0; 0]);
    }
}
