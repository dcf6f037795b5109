//! `Rate`: how fast one person may send, and the `Bucket` that tells whether they do. It never reads a clock.
//!
//! The bucket is stored as the one point in time at which it will be full again, as in the generic cell rate algorithm
//! (ITU-T I.371): taking a token out moves that point forward by the time that a token takes to come back. So it needs
//! no timer and no counter, and is exact however often it is read.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::limits::{
    ADDRESS_SHARES, BYTES_PER_LINE, NEWCOMER_LINES, RATE_BURST, RATE_LINES, RATE_RANGE,
};

/// How fast one person may send, in lines: a number a second in the long run, and a number at once after a while of
/// silence. A line longer than 512 bytes counts as several, and the output that a line causes counts with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    lines: u32,
    burst: u32,
}

impl Rate {
    /// A rate of lines a second and lines at once, each of them 1 to 1,000,000.
    pub fn new(lines: u32, burst: u32) -> Option<Rate> {
        let is_valid = RATE_RANGE.contains(&lines) && RATE_RANGE.contains(&burst);
        is_valid.then_some(Rate { lines, burst })
    }

    /// Lines a second.
    pub fn lines(self) -> u32 {
        self.lines
    }

    /// The rate of all people of one address together.
    pub(crate) fn of_address(self) -> Rate {
        let times = |lines: u32| lines.saturating_mul(ADDRESS_SHARES).min(*RATE_RANGE.end());
        Rate {
            lines: times(self.lines),
            burst: times(self.burst),
        }
    }

    /// The time that one line's worth takes to come back, in nanoseconds.
    fn interval(self) -> u64 {
        1_000_000_000 / u64::from(self.lines)
    }
}

impl Default for Rate {
    /// 16 lines a second, 128 at once.
    fn default() -> Rate {
        Rate {
            lines: RATE_LINES,
            burst: RATE_BURST,
        }
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.lines, self.burst)
    }
}

/// The text is not `RATE` or `RATE:BURST`, each 1 to 1,000,000.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidRate;

impl FromStr for Rate {
    type Err = InvalidRate;

    /// Reads `RATE:BURST`, or `RATE`, whose burst is eight seconds' worth.
    fn from_str(text: &str) -> Result<Rate, InvalidRate> {
        let number = |text: &str| text.parse::<u32>().map_err(|_| InvalidRate);
        let (lines, burst) = match text.split_once(':') {
            Some((lines, burst)) => (number(lines)?, number(burst)?),
            None => {
                let lines = number(text)?;
                (lines, lines.saturating_mul(8).min(*RATE_RANGE.end()))
            }
        };
        Rate::new(lines, burst).ok_or(InvalidRate)
    }
}

/// How much one person has sent recently. It begins full. It is small, as there is one for every idle connection:
/// points in time are counted from the start of the server.
#[derive(Debug, Default)]
pub(crate) struct Bucket {
    /// When it will be full again, in nanoseconds.
    full_at: u64,
    /// Whether they are not read while it is empty. Otherwise it only tells whether they have to wait for others.
    pub(crate) is_limited: bool,
    /// Whether they have a name, and may send as much as anybody. Before that they may send little at once.
    pub(crate) is_named: bool,
    /// Whether they have been told that they send too fast, and the bucket has not been full since.
    is_told: bool,
}

impl Bucket {
    /// The bucket of a newcomer, full.
    pub(crate) fn new(is_limited: bool) -> Bucket {
        Bucket {
            is_limited,
            ..Bucket::default()
        }
    }

    /// Takes out the worth of a number of lines, of `bytes` together. There is always enough, because the bucket may
    /// run into debt: input of one read was sent already.
    pub(crate) fn take(&mut self, now: Duration, rate: Rate, lines: usize, bytes: usize) {
        let now = nanos(now);
        let for_lines = rate.interval().saturating_mul(lines as u64);
        let for_bytes = rate.interval().saturating_mul(bytes as u64) / BYTES_PER_LINE;
        self.is_told &= self.full_at > now;
        self.full_at = self
            .full_at
            .max(now)
            .saturating_add(for_lines.max(for_bytes));
        if !self.is_limited {
            // Nothing makes them stop, so without a bound the debt would grow forever, and they would go last for as
            // long.
            let most = rate.interval() * u64::from(rate.burst) * 2;
            self.full_at = self.full_at.min(now.saturating_add(most));
        }
    }

    /// Whether nothing about it has to be remembered.
    pub(crate) fn is_full(&self, now: Duration) -> bool {
        self.full_at <= nanos(now)
    }

    /// When the next line may be taken, if not now.
    pub(crate) fn empty_until(&self, now: Duration, rate: Rate) -> Option<Duration> {
        let most = if self.is_named {
            u32::MAX
        } else {
            NEWCOMER_LINES
        };
        let burst = rate.interval() * u64::from(rate.burst.min(most));
        let until = self.full_at.checked_sub(burst)?;
        (until >= nanos(now)).then_some(Duration::from_nanos(until + 1))
    }

    /// Whether to tell them that they send too fast: once a spell, which ends when the bucket is full again.
    pub(crate) fn tell(&mut self) -> bool {
        !std::mem::replace(&mut self.is_told, true)
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate {
        lines: 16,
        burst: 128,
    };

    fn named() -> Bucket {
        Bucket {
            is_named: true,
            is_limited: true,
            ..Bucket::default()
        }
    }

    /// Takes lines of this many bytes as long as there is something in the bucket. Returns how many.
    fn pour(bucket: &mut Bucket, now: Duration, bytes: usize) -> usize {
        let mut lines = 0;
        while bucket.empty_until(now, RATE).is_none() {
            bucket.take(now, RATE, 1, bytes);
            lines += 1;
        }
        lines
    }

    #[test]
    fn a_burst_goes_through_and_then_so_many_a_second() {
        let start = Duration::from_secs(7);
        let mut bucket = named();
        assert_eq!(pour(&mut bucket, start, 512), 128);
        let mut now = start;
        for _ in 0..160 {
            let until = bucket.empty_until(now, RATE).unwrap();
            assert!(until > now);
            now = until;
            assert_eq!(pour(&mut bucket, now, 60), 1);
        }
        let took = now - start;
        assert!(took >= Duration::from_secs(159) / 16 && took <= Duration::from_secs(161) / 16);
        let later = now + Duration::from_secs(8);
        assert_eq!(pour(&mut bucket, later, 60), 128);
    }

    #[test]
    fn a_long_line_counts_as_several_and_goes_through_whole() {
        let now = Duration::from_secs(7);
        let mut bucket = named();
        assert_eq!(pour(&mut bucket, now, 8192), 8);
        bucket.take(now, RATE, 1, 1 << 20);
        let until = bucket.empty_until(now, RATE).unwrap();
        assert_eq!((until - now).as_secs(), (1 << 20) / 512 / 16);
    }

    #[test]
    fn a_newcomer_may_send_little_until_they_have_a_name() {
        let now = Duration::from_secs(7);
        let mut bucket = Bucket {
            is_named: false,
            ..named()
        };
        assert_eq!(pour(&mut bucket, now, 60), 16);
        bucket.is_named = true;
        assert_eq!(pour(&mut bucket, now, 60), 128 - 16);
    }

    #[test]
    fn one_is_told_once_until_the_bucket_was_full() {
        let start = Duration::from_secs(7);
        let mut bucket = named();
        pour(&mut bucket, start, 60);
        assert!(bucket.tell());
        let mut now = start;
        for _ in 0..1000 {
            now = bucket.empty_until(now, RATE).unwrap();
            bucket.take(now, RATE, 1, 60);
            assert!(!bucket.tell());
        }
        now += Duration::from_secs(9);
        bucket.take(now, RATE, 1, 60);
        assert!(bucket.tell());
    }

    #[test]
    fn the_debt_of_those_who_are_not_limited_has_an_end() {
        let now = Duration::from_secs(7);
        let mut bucket = Bucket {
            is_limited: false,
            ..named()
        };
        bucket.take(now, RATE, 1_000_000, 0);
        assert!(bucket.empty_until(now, RATE).is_some());
        assert_eq!(bucket.empty_until(now + Duration::from_secs(9), RATE), None);
        assert!(bucket.is_full(now + Duration::from_secs(16)));
    }

    #[test]
    fn a_rate_reads_as_it_is_written() {
        let read = |text: &str| text.parse::<Rate>();
        assert_eq!(read("16:128"), Ok(RATE));
        assert_eq!(read("16"), Ok(RATE));
        assert_eq!(RATE.to_string(), "16:128");
        assert_eq!(read("1000000").unwrap().burst, 1_000_000);
        for wrong in [
            "",
            "0",
            "0:1",
            "1:0",
            "1000001",
            "1:1000001",
            "-1",
            "1:2:3",
            "off",
            " 1",
        ] {
            assert_eq!(read(wrong), Err(InvalidRate), "{wrong}");
        }
    }
}
