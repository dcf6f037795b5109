//! How long to wait before connecting again: 1 s, doubling to 60 s. Chance spreads each wait, so that a thousand
//! clients do not come back at the same moment. The chance is an argument.

use std::time::Duration;

const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(60);

/// The waits between attempts.
#[derive(Debug)]
pub(super) struct Backoff {
    next: Duration,
}

impl Default for Backoff {
    fn default() -> Backoff {
        Backoff { next: FIRST }
    }
}

impl Backoff {
    /// The next wait: up to a quarter shorter or longer than its step, and never longer than the longest. `chance` is
    /// any number.
    pub(super) fn next(&mut self, chance: u64) -> Duration {
        let step = self.next;
        self.next = (step * 2).min(LONGEST);
        let quarter = step / 4;
        let jitter = quarter * 2 * (chance % 1024) as u32 / 1023;
        (step - quarter + jitter).min(LONGEST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_minute_and_are_drawn_apart() {
        for chance in [0, 511, 1023, u64::MAX] {
            let mut backoff = Backoff::default();
            for step in [1, 2, 4, 8, 16, 32, 60, 60] {
                let step = Duration::from_secs(step);
                let wait = backoff.next(chance);
                assert!(wait >= step * 3 / 4 && wait <= step * 5 / 4, "{wait:?}");
                assert!(wait <= LONGEST);
            }
        }
        assert_ne!(Backoff::default().next(0), Backoff::default().next(1));
    }
}
