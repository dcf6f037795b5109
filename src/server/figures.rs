//! `Figures`: what the server counts and measures about itself, as it happens. On the path of a message that only adds to
//! numbers. [`metrics`](super::metrics) shows the figures; no decision depends on them.

use std::io::ErrorKind;
use std::time::Duration;

use crate::error::{CloseReason, Protocol, ProxyFault};

/// Figures since the start that no other part of the server keeps.
#[derive(Debug)]
pub(super) struct Figures {
    /// Newcomers who were not let in.
    pub(super) refused: Reasons,
    /// Handshakes of TLS that went well.
    pub(super) handshakes: u64,
    /// Lines that came in, commands of every kind included.
    pub(super) lines: u64,
    /// Bytes that were read from sockets.
    pub(super) received: u64,
    /// How long each round of the loop took, without the wait for events.
    pub(super) tick: Histogram,
    pub(super) read: Histogram,
    pub(super) write: Histogram,
    /// How long answering requests for these figures took, in the rounds that had any.
    pub(super) metrics: Histogram,
}

impl Default for Figures {
    fn default() -> Figures {
        Figures {
            refused: Reasons::refusals(),
            handshakes: 0,
            lines: 0,
            received: 0,
            tick: Histogram::default(),
            read: Histogram::default(),
            write: Histogram::default(),
            metrics: Histogram::default(),
        }
    }
}

/// How often something happened, by its reason. The reasons that are known from the start are there with 0.
#[derive(Debug)]
pub(super) struct Reasons(Vec<(&'static str, u64)>);

impl Reasons {
    /// Why newcomers are not let in.
    pub(super) fn refusals() -> Reasons {
        Reasons::new(&[
            CloseReason::Broken(ErrorKind::Other),
            CloseReason::NoProxyHeader(ProxyFault::Broken),
            CloseReason::ServerFull,
            CloseReason::TooManyFromAddress,
        ])
    }

    /// Why connections end.
    pub(super) fn closings() -> Reasons {
        Reasons::new(&[
            CloseReason::Quit,
            CloseReason::EndOfInput,
            CloseReason::Broken(ErrorKind::Other),
            CloseReason::LoginTimedOut,
            CloseReason::IdleTimedOut,
            CloseReason::TooManyAttempts,
            CloseReason::TlsFailed,
            CloseReason::TlsTimedOut,
            CloseReason::NoTls,
            CloseReason::WrongProtocol(Protocol::Http),
            CloseReason::BrokeProtocol,
            CloseReason::Answered,
            CloseReason::SendQueueFull,
            CloseReason::Stalled,
            CloseReason::ByOperator,
            CloseReason::Kicked,
            CloseReason::Banned,
            CloseReason::Replaced,
            CloseReason::AccountChanged,
            CloseReason::Shutdown,
        ])
    }

    fn new(reasons: &[CloseReason]) -> Reasons {
        let mut all: Vec<_> = reasons.iter().map(|it| (it.label(), 0)).collect();
        all.sort_unstable();
        Reasons(all)
    }

    pub(super) fn count(&mut self, reason: CloseReason) {
        let label = reason.label();
        match self.0.binary_search_by_key(&label, |it| it.0) {
            Ok(at) => self.0[at].1 += 1,
            Err(at) => self.0.insert(at, (label, 1)),
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.0.iter().copied()
    }

    #[cfg(test)]
    pub(super) fn sum(&self) -> u64 {
        self.0.iter().map(|it| it.1).sum()
    }
}

/// Times, counted by how long they were.
#[derive(Debug, Default)]
pub(super) struct Histogram {
    /// By the first bound that is not below them, and behind those the longer ones.
    counts: [u64; BOUNDS.len() + 1],
    sum: Duration,
}

/// The bounds, in microseconds. A round for one line takes some tens of them, one that writes to 10,000 people some tens
/// of thousands.
const BOUNDS: [u64; 13] = [
    10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 100_000, 1_000_000,
];

impl Histogram {
    pub(super) fn observe(&mut self, time: Duration) {
        let is_within = |&bound: &u64| time <= Duration::from_micros(bound);
        let place = BOUNDS.iter().position(is_within);
        self.counts[place.unwrap_or(BOUNDS.len())] += 1;
        self.sum += time;
    }

    /// Each bound in seconds, and how many times were no longer.
    pub(super) fn buckets(&self) -> impl Iterator<Item = (f64, u64)> {
        let bounds = BOUNDS.iter().map(|&it| it as f64 / 1e6);
        let counts = self.counts.iter().scan(0, |sum, count| {
            *sum += count;
            Some(*sum)
        });
        bounds.zip(counts)
    }

    /// How many times there were.
    pub(super) fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// All times together, in seconds.
    pub(super) fn sum(&self) -> f64 {
        self.sum.as_secs_f64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_counts_for_every_bound_that_it_is_within() {
        let mut histogram = Histogram::default();
        for micros in [0, 10, 11, 1_000_000, 2_000_000] {
            histogram.observe(Duration::from_micros(micros));
        }
        let buckets: Vec<_> = histogram.buckets().collect();
        assert_eq!(buckets[..2], [(0.00001, 2), (0.000025, 3)]);
        assert_eq!(buckets[11..], [(0.1, 3), (1.0, 4)]);
        assert_eq!((histogram.count(), histogram.sum()), (5, 3.000021));
    }

    #[test]
    fn every_known_reason_is_there_before_it_happens() {
        let mut closed = Reasons::closings();
        let before = closed.iter().count();
        closed.count(CloseReason::Quit);
        closed.count(CloseReason::Broken(ErrorKind::TimedOut));
        closed.count(CloseReason::WrongProtocol(Protocol::Ssh));
        assert_eq!((closed.iter().count(), closed.sum()), (before, 3));
        assert!(closed.iter().any(|it| it == ("wrong_protocol", 1)));
        // A reason that nobody thought of is counted all the same.
        closed.count(CloseReason::CloseTimedOut);
        assert_eq!((closed.iter().count(), closed.sum()), (before + 1, 4));
    }
}
