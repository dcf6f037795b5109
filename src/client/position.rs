//! `Position`: up to where everything was read, so that coming back shows what was missed, and shows it once. The numbers of
//! events go in.

use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};

use super::protocol::{Event, Told, Welcome};

/// How many lines to remember, as they may come a second time: more than come with a return.
const SHOWN: usize = 2048;

/// How far a person has read.
#[derive(Debug, Default)]
pub(super) struct Position {
    /// The life of the journal that the numbers are of.
    journal: Option<String>,
    /// Everything up to this number was read, or never told to us.
    seen: u64,
    /// The largest number that came.
    top: u64,
    catching_up: CatchingUp,
    /// The last events that are told once for each shared room.
    shared: u64,
    /// The last lines that were shown, as hashes of their numbers and words. A server that was started again counts in
    /// another journal, and may tell the same lines.
    shown: VecDeque<u64>,
    hasher: RandomState,
}

/// What comes that may be known already.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum CatchingUp {
    /// Nothing.
    #[default]
    No,
    /// The last lines of each room that we come back into.
    ByRoom,
    /// What was missed in all rooms, merged.
    Merged,
}

impl Position {
    /// The life of the journal, and the position in it, for a server that is to give the seat back. No number is below 1.
    pub(super) fn since(&self) -> (Option<&str>, u64) {
        (self.journal.as_deref(), self.seen.max(1))
    }

    /// The server has let us in. `again`: we were in before.
    pub(super) fn begin(&mut self, welcome: &Welcome, seq: Option<u64>, again: bool) {
        let is_same = welcome.journal == self.journal;
        self.journal = welcome.journal.clone();
        let top = seq.unwrap_or(0);
        self.catching_up = match (again, welcome.resumed) {
            (false, _) => CatchingUp::No,
            (true, false) => CatchingUp::ByRoom,
            (true, true) => CatchingUp::Merged,
        };
        if !is_same {
            (self.seen, self.top, self.shared) = (0, 0, 0);
        }
        self.top = self.top.max(top);
        if !again {
            self.seen = self.top;
        }
    }

    /// Whether we are catching up with what was missed.
    pub(super) fn is_catching_up(&self) -> bool {
        self.catching_up != CatchingUp::No
    }

    /// Everything that was missed has come. It has no effect to say so again.
    pub(super) fn settle(&mut self) {
        self.catching_up = CatchingUp::No;
        self.seen = self.seen.max(self.top);
    }

    /// Takes note of an event. Returns whether it is new to the person. `asked`: the person asks for it. `own`: it is what
    /// they said or wrote.
    pub(super) fn is_new(&mut self, told: &Told, asked: bool, own: bool) -> bool {
        let Some(seq) = told.seq else {
            return true;
        };
        if told.past && asked {
            return true;
        }
        if let Some(line) = self.line(seq, &told.event) {
            let may_be_known = told.past && self.is_catching_up();
            let was_shown = (may_be_known || own) && self.shown.contains(&line);
            if was_shown || may_be_known && seq <= self.seen {
                return false;
            }
            if self.shown.len() == SHOWN {
                self.shown.pop_front();
            }
            self.shown.push_back(line);
        }
        if told.past {
            if self.catching_up == CatchingUp::Merged {
                self.seen = self.seen.max(seq);
            }
            return true;
        }
        self.top = self.top.max(seq);
        if !self.is_catching_up() {
            self.seen = self.seen.max(seq);
        }
        match told.event {
            Event::Renamed { .. } | Event::Left { .. } | Event::SentAway { .. } => {
                std::mem::replace(&mut self.shared, seq) != seq
            }
            _ => true,
        }
    }

    /// The number and the words of a line that may come a second time.
    fn line(&self, seq: u64, event: &Event) -> Option<u64> {
        let words = match event {
            Event::Said { from, text } => (":", from, text),
            Event::Did { from, text } => ("*", from, text),
            Event::Private { from, text } => ("(private)", from, text),
            Event::Written { to, text } => ("To", to, text),
            _ => return None,
        };
        Some(self.hasher.hash_one((seq, words)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::tests::host::told_of;

    fn said(seq: u64, past: bool) -> Told {
        told_of(&format!(
            r#"{{"event":"said","seq":{seq},"room":"den","from":"bob","text":"x","past":{past}}}"#
        ))
    }

    fn comes(position: &mut Position, journal: &str, seq: u64, resumed: bool, again: bool) {
        let welcome = format!(
            r#"{{"event":"welcome","seq":{seq},"name":"ann","journal":"{journal}","resumed":{resumed}}}"#
        );
        let told = told_of(&welcome);
        let Event::Welcome(welcome) = &told.event else {
            panic!("{told:?}");
        };
        position.begin(welcome, told.seq, again);
    }

    fn news(position: &mut Position, seqs: &[u64], past: bool) -> Vec<u64> {
        let seqs = seqs.iter().copied();
        seqs.filter(|seq| position.is_new(&said(*seq, past), false, false))
            .collect()
    }

    #[test]
    fn what_was_read_is_not_new_on_coming_back() {
        let mut position = Position::default();
        comes(&mut position, "j", 10, false, false);
        // What was said before we came for the first time.
        assert_eq!(news(&mut position, &[7, 8], true), [7, 8]);
        assert_eq!(news(&mut position, &[11, 12], false), [11, 12]);
        assert_eq!(position.since(), (Some("j"), 12));
        comes(&mut position, "j", 20, false, true);
        // One room after the other.
        assert_eq!(news(&mut position, &[11, 12, 15, 18], true), [15, 18]);
        assert_eq!(news(&mut position, &[8, 14], true), [14]);
        assert_eq!(news(&mut position, &[21], false), [21]);
        // The connection breaks before that is over.
        assert_eq!(position.since(), (Some("j"), 12));
        comes(&mut position, "j", 30, false, true);
        assert_eq!(news(&mut position, &[12, 14, 15, 18, 21, 25], true), [25]);
        position.settle();
        assert_eq!(position.since(), (Some("j"), 30));
    }

    #[test]
    fn a_seat_that_is_given_back_goes_on_where_it_was() {
        let mut position = Position::default();
        comes(&mut position, "j", 10, false, false);
        comes(&mut position, "j", 20, true, true);
        assert_eq!(news(&mut position, &[10, 11, 13], true), [11, 13]);
        assert_eq!(position.since(), (Some("j"), 13));
        comes(&mut position, "j", 20, true, true);
        assert_eq!(news(&mut position, &[13, 14], true), [14]);
        position.settle();
        assert_eq!(position.since(), (Some("j"), 20));
    }

    #[test]
    fn numbers_of_another_journal_mean_nothing_but_with_the_same_words() {
        let mut position = Position::default();
        comes(&mut position, "j", 100, false, false);
        assert_eq!(news(&mut position, &[101], false), [101]);
        comes(&mut position, "k", 5, false, true);
        assert_eq!(news(&mut position, &[3, 4, 101], true), [3, 4]);
        // If the connection breaks now, what else there was is still missing.
        assert_eq!(position.since(), (Some("k"), 1));
        position.settle();
        assert_eq!(position.since(), (Some("k"), 5));
    }

    #[test]
    fn own_lines_are_shown_once_and_what_is_asked_for_each_time() {
        let mut position = Position::default();
        comes(&mut position, "j", 10, false, false);
        assert!(position.is_new(&said(11, false), false, true));
        assert!(!position.is_new(&said(11, false), false, true));
        assert!(!position.is_new(&said(11, true), false, true));
        assert!(position.is_new(&said(11, true), true, false));
        for i in 0..2 * SHOWN as u64 {
            position.is_new(&said(12 + i, false), false, true);
        }
        assert_eq!(position.shown.len(), SHOWN);
    }

    #[test]
    fn what_is_told_in_each_shared_room_is_new_once() {
        let mut position = Position::default();
        comes(&mut position, "j", 10, false, false);
        let left = |room: &str| {
            told_of(&format!(
                r#"{{"event":"left","seq":11,"room":"{room}","name":"bob","person":2}}"#
            ))
        };
        assert!(position.is_new(&left("den"), false, false));
        assert!(!position.is_new(&left("tea"), false, false));
    }
}
