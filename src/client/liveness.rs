//! `Liveness`: whether the server is still there. A silent one is asked, and given up if it does not answer: within two
//! minutes after its machine vanished. Times go in.

use std::time::{Duration, Instant};

use crate::limits::BYTES_PER_LINE;

/// After so much silence the server is asked, and after as much again it is given up.
const SILENCE: Duration = Duration::from_secs(45);

/// The longest time that a server may take for what it reads slowly on purpose.
const MOST_PATIENCE: Duration = Duration::from_secs(600);

/// What is due.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// To ask whether the server is there.
    Ask,
    /// To give it up, after so many seconds.
    GiveUp(u64),
}

/// When the server was last heard.
#[derive(Debug, Default)]
pub(super) struct Liveness {
    heard: Option<Instant>,
    /// When it was asked, if it has not been heard since.
    asked: Option<Instant>,
    /// It is to be asked at once.
    is_doubted: bool,
    /// How much longer the server may take, as it reads what we send slowly.
    patience: Duration,
}

impl Liveness {
    /// The server has said something.
    pub(super) fn heard(&mut self, now: Instant) {
        self.heard = Some(now);
        (self.asked, self.is_doubted) = (None, false);
    }

    /// The way to the server may be another one now, so that it is to be asked.
    pub(super) fn doubt(&mut self) {
        self.is_doubted = true;
    }

    /// So many bytes are not confirmed, and the server reads so many lines a second: it may take as much longer. Without a
    /// rate it reads as fast as it can.
    pub(super) fn set_patience(&mut self, bytes: usize, rate: Option<u64>) {
        let seconds = rate.map_or(0, |rate| bytes as u64 / BYTES_PER_LINE / rate.max(1));
        self.patience = Duration::from_secs(seconds).min(MOST_PATIENCE);
    }

    /// When to [`check`](Self::check) next.
    pub(super) fn next_timeout(&self) -> Option<Instant> {
        let heard = self.heard?;
        Some(match self.asked {
            Some(asked) => asked + SILENCE + self.patience,
            None if self.is_doubted => heard,
            None => heard + SILENCE,
        })
    }

    /// What is due by now, if anything is.
    pub(super) fn check(&mut self, now: Instant) -> Option<Due> {
        self.next_timeout().filter(|due| *due <= now)?;
        if self.asked.is_some() {
            let silence = now.saturating_duration_since(self.heard?);
            self.heard = None;
            return Some(Due::GiveUp(silence.as_secs()));
        }
        self.asked = Some(now);
        Some(Due::Ask)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silent_server_is_asked_once_and_given_up_within_two_minutes() {
        let begun = Instant::now();
        let at = |seconds| begun + Duration::from_secs(seconds);
        let mut liveness = Liveness::default();
        assert_eq!(
            (liveness.next_timeout(), liveness.check(begun)),
            (None, None)
        );
        liveness.heard(begun);
        assert_eq!(liveness.check(at(44)), None);
        assert_eq!(liveness.check(at(45)), Some(Due::Ask));
        assert_eq!(liveness.check(at(60)), None);
        liveness.heard(at(70));
        assert_eq!(liveness.check(at(115)), Some(Due::Ask));
        assert_eq!(liveness.check(at(159)), None);
        assert_eq!(liveness.check(at(160)), Some(Due::GiveUp(90)));
        assert_eq!(liveness.check(at(1000)), None);
    }

    #[test]
    fn a_server_that_is_doubted_is_asked_at_once() {
        let begun = Instant::now();
        let at = |seconds| begun + Duration::from_secs(seconds);
        let mut liveness = Liveness::default();
        liveness.doubt();
        assert_eq!(liveness.check(begun), None);
        liveness.heard(begun);
        assert_eq!(liveness.check(at(9)), None);
        liveness.doubt();
        assert_eq!(liveness.check(at(10)), Some(Due::Ask));
        liveness.doubt();
        assert_eq!(liveness.check(at(54)), None);
        assert_eq!(liveness.check(at(55)), Some(Due::GiveUp(55)));
        liveness.heard(at(60));
        assert_eq!(liveness.check(at(104)), None);
    }

    #[test]
    fn a_server_that_reads_slowly_has_longer() {
        let begun = Instant::now();
        let mut liveness = Liveness::default();
        liveness.heard(begun);
        liveness.set_patience(51_200, Some(1));
        assert_eq!(liveness.check(begun + SILENCE), Some(Due::Ask));
        assert_eq!(liveness.check(begun + 3 * SILENCE), None);
        let due = liveness.check(begun + Duration::from_secs(190));
        assert_eq!(due, Some(Due::GiveUp(190)));
    }
}
