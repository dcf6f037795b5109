//! How long to wait before connecting again: 1 s, doubling to 60 s. While the server keeps a seat, no wait is longer than
//! a part of that time, so that the seat is not lost to a way that has long been good again. Chance spreads each wait, so
//! that a thousand clients do not come back at the same moment. The chance and the time are arguments.

use std::time::{Duration, Instant};

const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(60);

/// A wait is at most this part of the time for which a seat is kept.
const PART: u32 = 4;

/// The waits between attempts.
#[derive(Debug)]
pub(super) struct Backoff {
    next: Duration,
    /// Until when the server keeps our seat, and the longest wait until then.
    seat: Option<(Instant, Duration)>,
}

impl Default for Backoff {
    fn default() -> Backoff {
        Backoff {
            next: FIRST,
            seat: None,
        }
    }
}

impl Backoff {
    /// The connection is lost, and from now on the server keeps our seat for so long.
    pub(super) fn begin(&mut self, keep: Duration, now: Instant) {
        self.seat = Some((now + keep, (keep / PART).max(FIRST)));
    }

    /// The next wait: up to a quarter shorter or longer than its step, and never longer than the longest. `chance` is
    /// any number.
    pub(super) fn next(&mut self, chance: u64, now: Instant) -> Duration {
        let step = self.next;
        self.next = (step * 2).min(LONGEST);
        let quarter = step / 4;
        let jitter = quarter * 2 * (chance % 1024) as u32 / 1023;
        let seat = self.seat.filter(|(until, _)| now < *until);
        let longest = seat.map_or(LONGEST, |it| it.1.min(LONGEST));
        (step - quarter + jitter).min(longest)
    }

    /// The same, but no less than the server asked for. People whom it asked come back spread over half as long again.
    pub(super) fn next_behind(
        &mut self,
        after: Duration,
        chance: fn() -> u64,
        now: Instant,
    ) -> Duration {
        let wait = self.next(chance(), now);
        let spread = after / 2 * (chance() % 1024) as u32 / 1024;
        wait.max(after + spread)
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
                let wait = backoff.next(chance, Instant::now());
                assert!(wait >= step * 3 / 4 && wait <= step * 5 / 4, "{wait:?}");
                assert!(wait <= LONGEST);
            }
        }
        let next = |chance| Backoff::default().next(chance, Instant::now());
        assert_ne!(next(0), next(1));
    }

    #[test]
    fn who_was_asked_to_wait_does_so_for_up_to_half_as_long_again() {
        let (asked, now) = (Duration::from_secs(100), Instant::now());
        let wait = |chance| Backoff::default().next_behind(asked, chance, now);
        assert_eq!(wait(|| 0), asked);
        let longest = wait(|| 1023);
        assert!(longest > asked * 149 / 100 && longest < asked * 3 / 2);
        let mut backoff = Backoff::default();
        let unasked = backoff.next_behind(Duration::ZERO, || 511, now);
        assert_eq!(unasked, Backoff::default().next(511, now));
    }

    #[test]
    fn a_seat_that_is_kept_is_asked_for_again_and_again() {
        for chance in [0, 1023] {
            let mut backoff = Backoff::default();
            let begun = Instant::now();
            (0..10).for_each(|_| _ = backoff.next(chance, begun));
            backoff.begin(Duration::from_secs(60), begun);
            let mut now = begun;
            for _ in 0..4 {
                let wait = backoff.next(chance, now);
                assert_eq!(wait, Duration::from_secs(15));
                now += wait;
            }
            let behind = backoff.next(chance, now);
            assert!(behind > Duration::from_secs(40), "{behind:?}");
            // A seat that is not kept at all makes nobody hurry.
            backoff.begin(Duration::ZERO, begun);
            assert_eq!(backoff.next(chance, begun), behind);
        }
    }
}
