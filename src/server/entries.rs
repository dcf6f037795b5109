//! `Entries`: a program's end of the journal. The loop hands entries over once a tick, and waits for nobody.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};

use crate::journal::Heard;
use crate::limits::{ENTRIES, ENTRIES_BYTES};

/// Entries of the journal, in order and each once, from [`Handle::entries`](crate::Handle::entries). At most 65,536
/// wait, and 64 MiB. Entries that do not fit are counted by a [`Heard::Missed`] in their place.
///
/// As an iterator it waits for each entry, and ends with the server.
#[derive(Debug)]
pub struct Entries(Arc<Shared>);

#[derive(Debug, Default)]
pub(super) struct Shared {
    queue: Mutex<Queue>,
    filled: Condvar,
}

#[derive(Debug, Default)]
struct Queue {
    heard: VecDeque<Heard>,
    /// Bytes that it takes to keep them.
    bytes: usize,
    /// Entries after these that did not fit.
    missed: u64,
    has_ended: bool,
}

impl Queue {
    fn next(&mut self) -> Option<Heard> {
        if let Some(heard) = self.heard.pop_front() {
            self.bytes -= heard.held();
            return Some(heard);
        }
        let missed = std::mem::take(&mut self.missed);
        (missed > 0).then_some(Heard::Missed(missed))
    }

    fn push(&mut self, heard: &Heard) {
        if self.heard.len() >= ENTRIES || self.bytes >= ENTRIES_BYTES {
            self.missed += 1;
            return;
        }
        if self.missed > 0 {
            let missed = Heard::Missed(std::mem::take(&mut self.missed));
            self.bytes += missed.held();
            self.heard.push_back(missed);
        }
        self.bytes += heard.held();
        self.heard.push_back(heard.clone());
    }
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entries {
    pub(super) fn new() -> (Entries, Listener) {
        let shared = Arc::<Shared>::default();
        let listener = Listener(Arc::downgrade(&shared));
        (Entries(shared), listener)
    }

    /// The next entry, if one is there already.
    pub fn try_next(&mut self) -> Option<Heard> {
        self.0.queue().next()
    }
}

impl Iterator for Entries {
    type Item = Heard;

    fn next(&mut self) -> Option<Heard> {
        let mut queue = self.0.queue();
        loop {
            let next = queue.next();
            if next.is_some() || queue.has_ended {
                return next;
            }
            let filled = self.0.filled.wait(queue);
            queue = filled.unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// The loop's end. If the program has dropped its own end, it no longer listens. The server drops this end when it
/// ends, which ends the program's.
#[derive(Debug)]
pub(super) struct Listener(Weak<Shared>);

impl Listener {
    /// Whether anybody listens.
    pub(super) fn is_heard(&self) -> bool {
        self.0.strong_count() > 0
    }

    /// Hands over the entries of a tick. Returns whether anybody listens.
    pub(super) fn hear(&self, heard: &[Heard]) -> bool {
        let Some(shared) = self.0.upgrade() else {
            return false;
        };
        let mut queue = shared.queue();
        heard.iter().for_each(|heard| queue.push(heard));
        drop(queue);
        shared.filled.notify_all();
        true
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Some(shared) = self.0.upgrade() {
            shared.queue().has_ended = true;
            shared.filled.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{PersonId, ServerId};
    use crate::journal::{Act, Entry};

    fn heard(seq: u64) -> Heard {
        said(seq, "")
    }

    fn said(seq: u64, text: &str) -> Heard {
        Heard::Entry {
            entry: Entry {
                seq,
                at: 0,
                author: PersonId::HOUSE,
                server: ServerId::ALONE,
                act: Act::Notice { text: text.into() },
                id: None,
            },
            author: None,
        }
    }

    #[test]
    fn what_finds_no_room_is_counted_in_its_place() {
        let (mut entries, listener) = Entries::new();
        let all: Vec<Heard> = (0..ENTRIES as u64 + 3).map(heard).collect();
        assert!(listener.hear(&all));
        assert!(listener.hear(&all[..2]));
        let seq = |heard: Option<Heard>| match heard {
            Some(Heard::Entry { entry, .. }) => Ok(entry.seq),
            Some(Heard::Missed(n)) => Err(n),
            None => Err(0),
        };
        assert_eq!(seq(entries.try_next()), Ok(0));
        assert_eq!(seq(entries.try_next()), Ok(1));
        // There is room for the count, and one more.
        assert!(listener.hear(&[heard(7), heard(8)]));
        drop(listener);
        let rest: Vec<_> = entries.map(|it| seq(Some(it))).collect();
        assert_eq!(rest.len(), ENTRIES - 2 + 3);
        assert_eq!(rest[ENTRIES - 2..], [Err(5), Ok(7), Err(1)]);
    }

    #[test]
    fn long_texts_take_as_much_room_as_they_are_long() {
        let (mut entries, listener) = Entries::new();
        let long = said(1, &"x".repeat(1 << 20));
        let all = vec![long; 100];
        assert!(listener.hear(&all));
        let kept = std::iter::from_fn(|| entries.try_next()).collect::<Vec<_>>();
        assert_eq!(kept.len(), (ENTRIES_BYTES >> 20) + 1);
        assert!(
            matches!(kept.last(), Some(Heard::Missed(36))),
            "{}",
            kept.len()
        );
        // Taking entries out makes room again.
        assert!(listener.hear(&all[..3]));
        assert_eq!(std::iter::from_fn(|| entries.try_next()).count(), 3);
    }

    #[test]
    fn whoever_is_gone_listens_no_more() {
        let (entries, listener) = Entries::new();
        drop(entries);
        assert!(!listener.hear(&[heard(1)]));
    }
}
