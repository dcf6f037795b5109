//! `Seen`: which acts of the stream were applied. It is a part of the state that all servers share, so that all of them
//! drop the same repeats. It knows nothing of Redis.
//!
//! What always holds: no act is let through twice; none of an epoch that is gone is let through.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use crate::limits::cluster::EPOCHS_GONE;

/// Who wrote what so far.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// The last number of each epoch that lives.
    last: BTreeMap<u64, u64>,
    /// The epochs that are gone, the oldest first. The very oldest are forgotten.
    gone: VecDeque<u64>,
}

/// What to do with some acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// All of them are next.
    Next,
    /// They were seen, but for so many at the end, which are next. This may be none.
    Repeated {
        /// How many are next.
        new: u64,
    },
    /// All of them are to be applied, but so many before them were lost.
    Jumped {
        /// How many were lost.
        lost: u64,
    },
    /// None of them is to be applied: the epoch is gone.
    Void,
}

impl Seen {
    /// Nothing was seen.
    pub fn new() -> Seen {
        Seen::default()
    }

    /// It as JSON, in one line.
    ///
    /// # Errors
    ///
    /// None today.
    pub fn write(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(self)
    }

    /// Reads what [`write`](Self::write) wrote.
    ///
    /// # Errors
    ///
    /// A sentence about what is wrong with it.
    pub fn read(bytes: &[u8]) -> Result<Seen, serde_json::Error> {
        serde_json::from_slice(bytes)
    }

    /// Takes acts of an epoch, which have numbers in a row from `first` on. From now on they were seen.
    pub fn take(&mut self, epoch: u64, first: u64, count: u64) -> Verdict {
        // Few epochs live, and many may be gone.
        if !self.last.contains_key(&epoch) && self.is_gone(epoch) {
            return Verdict::Void;
        }
        let last = self.last.entry(epoch).or_default();
        let through = first.saturating_add(count).saturating_sub(1);
        let before = *last;
        *last = before.max(through);
        if first > before.saturating_add(1) {
            Verdict::Jumped {
                lost: first - before - 1,
            }
        } else if first == before.saturating_add(1) {
            Verdict::Next
        } else {
            let new = through.saturating_sub(before);
            Verdict::Repeated { new }
        }
    }

    /// Notes that a server is gone: further acts of its epoch are void. Returns whether the epoch was not gone before.
    pub fn gone(&mut self, epoch: u64) -> bool {
        if self.is_gone(epoch) {
            return false;
        }
        self.last.remove(&epoch);
        if self.gone.len() >= EPOCHS_GONE {
            self.gone.pop_front();
        }
        self.gone.push_back(epoch);
        true
    }

    /// Whether a server is gone.
    pub fn is_gone(&self, epoch: u64) -> bool {
        self.gone.contains(&epoch)
    }

    /// The last number that was seen of an epoch that lives. `None`: nothing was seen of it.
    pub fn last(&self, epoch: u64) -> Option<u64> {
        self.last.get(&epoch).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    use proptest::prelude::{Strategy, prop_oneof, proptest};

    #[derive(Debug, Clone)]
    enum Step {
        Take(u64, u64, u64),
        Gone(u64),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            9 => (0..4u64, 1..30u64, 1..6u64).prop_map(|(e, f, c)| Step::Take(e, f, c)),
            1 => (0..4u64).prop_map(Step::Gone),
        ];
        proptest::collection::vec(step, 0..80)
    }

    proptest! {
        /// The model has a set of all acts that were let through or passed over.
        #[test]
        fn an_act_is_let_through_once(steps in steps()) {
            let mut seen = Seen::new();
            let mut passed: HashSet<(u64, u64)> = HashSet::new();
            let mut gone = HashSet::new();
            for step in steps {
                let (epoch, first, count) = match step {
                    Step::Take(epoch, first, count) => (epoch, first, count),
                    Step::Gone(epoch) => {
                        assert_eq!(seen.gone(epoch), gone.insert(epoch));
                        continue;
                    }
                };
                let text = serde_json::to_string(&seen).expect("JSON");
                seen = serde_json::from_str(&text).expect("the same");
                let new = (first..first + count).filter(|&n| !passed.contains(&(epoch, n)));
                let new = new.count() as u64;
                let lost = (1..first).filter(|&n| !passed.contains(&(epoch, n))).count() as u64;
                let expected = if gone.contains(&epoch) {
                    Verdict::Void
                } else if lost > 0 {
                    Verdict::Jumped { lost }
                } else if new == count {
                    Verdict::Next
                } else {
                    Verdict::Repeated { new }
                };
                assert_eq!(seen.take(epoch, first, count), expected);
                passed.extend((1..first + count).map(|n| (epoch, n)));
            }
        }
    }

    #[test]
    fn the_oldest_of_the_gone_are_forgotten() {
        let mut seen = Seen::new();
        let most = EPOCHS_GONE as u64;
        (0..=most).for_each(|epoch| assert!(seen.gone(epoch)));
        assert!(!seen.is_gone(0) && seen.is_gone(1) && seen.is_gone(most));
    }
}
