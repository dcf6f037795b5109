//! How long to wait behind a failure, and how long the stream may be. Neither knows Redis, a clock or where randomness
//! comes from.

use std::collections::VecDeque;
use std::time::Duration;

use crate::limits::cluster::{
    RETRY_FIRST, RETRY_MOST, SIZE_AROUND, SIZE_FIRST, SIZES, STREAM_BYTES,
};

/// The waits behind failures: each is longer than the one before, until something went well.
#[derive(Debug)]
pub(super) struct Pace {
    failures: u32,
    /// What the next random number is made from (SplitMix64).
    random: u64,
}

impl Pace {
    /// `random` differs from server to server, so that not all come at once.
    pub(super) fn new(random: u64) -> Pace {
        Pace {
            failures: 0,
            random,
        }
    }

    /// How long to wait now: at least half of the full wait.
    pub(super) fn next(&mut self) -> Duration {
        let full = RETRY_FIRST.saturating_mul(2_u32.saturating_pow(self.failures + 1));
        let half = full.min(RETRY_MOST) / 2;
        self.failures = self.failures.saturating_add(1).min(30);
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let share = ((z ^ (z >> 31)) % 1001) as u32;
        half + half * share / 1000
    }

    /// Something went well.
    pub(super) fn start_over(&mut self) {
        self.failures = 0;
    }
}

/// The sizes of the last entries.
#[derive(Debug, Default)]
pub(super) struct Sizes {
    sizes: VecDeque<u64>,
    sum: u64,
}

impl Sizes {
    /// Notes the size of an entry, in bytes of its fields.
    pub(super) fn add(&mut self, bytes: usize) {
        let size = bytes as u64 + SIZE_AROUND;
        if self.sizes.len() >= SIZES {
            self.sum -= self.sizes.pop_front().unwrap_or(0);
        }
        self.sizes.push_back(size);
        self.sum += size;
    }

    /// The mean size of an entry.
    pub(super) fn mean(&self) -> u64 {
        // A few entries tell little: the rest is taken for usual ones.
        let missing = (SIZES / 10).saturating_sub(self.sizes.len()) as u64;
        let count = self.sizes.len() as u64 + missing;
        (self.sum + missing * SIZE_FIRST) / count.max(1)
    }
}

/// How many entries of this mean size the stream may have.
pub(super) fn most_entries(mean: u64) -> u64 {
    STREAM_BYTES / mean.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::proptest;

    proptest! {
        #[test]
        fn waits_grow_within_their_bounds(seed: u64) {
            let mut pace = Pace::new(seed);
            for round in 0..2 {
                let waits: Vec<Duration> = (0..40).map(|_| pace.next()).collect();
                assert!(waits.iter().all(|it| (RETRY_FIRST..=RETRY_MOST).contains(it)), "{waits:?}");
                assert!(waits[0] <= 2 * RETRY_FIRST, "{round}: {waits:?}");
                assert!(waits[10..].iter().all(|&it| it >= RETRY_MOST / 2), "{waits:?}");
                pace.start_over();
            }
        }

        #[test]
        fn the_mean_is_that_of_the_last_ones(sizes in proptest::collection::vec(0..10_000usize, 100..3000)) {
            let mut seen = Sizes::default();
            sizes.iter().for_each(|&it| seen.add(it));
            let last = &sizes[sizes.len().saturating_sub(SIZES)..];
            let sum: u64 = last.iter().map(|&it| it as u64 + SIZE_AROUND).sum();
            assert_eq!(seen.mean(), sum / last.len() as u64);
            assert!(most_entries(seen.mean()) * seen.mean() <= STREAM_BYTES);
        }
    }

    #[test]
    fn entries_of_8_kib_are_far_fewer_than_short_ones() {
        let mut sizes = Sizes::default();
        assert_eq!(sizes.mean(), SIZE_FIRST);
        (0..SIZES).for_each(|_| sizes.add(8 * 1024));
        assert_eq!(most_entries(sizes.mean()), 8065);
        (0..SIZES).for_each(|_| sizes.add(100));
        assert!(most_entries(sizes.mean()) > 290_000);
    }
}
