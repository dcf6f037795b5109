//! `History`: the last lines of something, bounded in number and in bytes of text.
//!
//! Invariant: `bytes` is the sum of the sizes of the lines, and within the bound.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::message::{Message, Past};

#[derive(Debug)]
pub(super) struct History {
    lines: VecDeque<Arc<Past>>,
    bytes: usize,
    /// How many lines came, those that are gone included.
    total: usize,
    max_lines: usize,
    max_bytes: usize,
}

impl History {
    pub(super) fn new(max_lines: usize, max_bytes: usize) -> History {
        History {
            lines: VecDeque::new(),
            bytes: 0,
            total: 0,
            max_lines,
            max_bytes,
        }
    }

    /// Keeps a line, and drops the oldest ones as far as the bounds ask for it.
    pub(super) fn push(&mut self, unix: i64, message: &Message) {
        self.total += 1;
        let size = size(message);
        if self.max_lines == 0 || size > self.max_bytes {
            return;
        }
        while self.lines.len() >= self.max_lines || self.bytes + size > self.max_bytes {
            let Some(oldest) = self.lines.pop_front() else {
                break;
            };
            self.bytes -= self::size(&oldest.message);
        }
        let message = message.clone();
        self.lines.push_back(Arc::new(Past { unix, message }));
        self.bytes += size;
        debug_assert!(self.bytes <= self.max_bytes && self.lines.len() <= self.max_lines);
    }

    /// The last lines, at most `count`, the oldest first.
    pub(super) fn last(&self, count: usize) -> impl ExactSizeIterator<Item = Message> + '_ {
        let from = self.lines.len().saturating_sub(count);
        self.lines.range(from..).cloned().map(Message::Past)
    }

    /// How many lines came, those that are gone included.
    pub(super) fn total(&self) -> usize {
        self.total
    }
}

/// The size of what a person wrote, in bytes.
fn size(message: &Message) -> usize {
    match message {
        Message::Said { text, .. }
        | Message::Action { text, .. }
        | Message::Private { text, .. } => text.len(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::Username;

    fn said(text: &str) -> Message {
        let from = Username::parse("x").unwrap();
        Message::Said {
            from,
            text: text.into(),
        }
    }

    fn texts(history: &History, count: usize) -> Vec<usize> {
        let past = |message| match message {
            Message::Past(past) => size(&past.message),
            _ => unreachable!("only the past is kept"),
        };
        history.last(count).map(past).collect()
    }

    #[test]
    fn the_oldest_lines_go_first() {
        let mut history = History::new(3, 10);
        for text in ["1", "22", "333", "4444"] {
            history.push(0, &said(text));
        }
        assert_eq!(texts(&history, 10), [2, 3, 4]);
        assert_eq!(texts(&history, 2), [3, 4]);
        history.push(0, &said("55555"));
        assert_eq!(texts(&history, 10), [4, 5]);
        history.push(0, &said(&"x".repeat(11)));
        assert_eq!(texts(&history, 10), [4, 5]);
        assert_eq!(history.total(), 6);
    }

    #[test]
    fn nothing_is_kept_where_nothing_is_to_be() {
        let mut history = History::new(0, 10);
        history.push(0, &said("x"));
        assert_eq!(history.last(10).len(), 0);
    }
}
