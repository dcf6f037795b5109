//! `Pace`: decides when to write, and when to read on first.

use std::time::{Duration, Instant};

use crate::limits::SHORT_WRITE_PHASE;
use crate::net::Poller;

use super::Talk;

/// How long writing takes, and how long it has been put off.
#[derive(Debug, Default)]
pub(in crate::server) struct Pace {
    /// The time at which the write phase was first put off.
    unwritten_since: Option<Instant>,
    /// How long the last write phase took.
    last_write: Duration,
}

impl Pace {
    /// Whether to go round once more before writing. If a burst of lines arrives in a big room, reading on for as long
    /// as the last write phase took saves whole write phases. If nothing more arrives, the next tick writes.
    pub(in crate::server) fn may_read_on(
        &mut self,
        now: Instant,
        talk: &Talk,
        clock: &Poller,
    ) -> bool {
        let worthwhile =
            talk.got_input && self.last_write >= SHORT_WRITE_PHASE && !talk.fanout.is_full();
        let since = *self.unwritten_since.get_or_insert(now);
        let put_off =
            worthwhile && clock.instant().saturating_duration_since(since) < self.last_write;
        if !put_off {
            self.unwritten_since = None;
        }
        put_off
    }

    /// The write phase.
    pub(in crate::server) fn write(&mut self, now: Instant, talk: &mut Talk, clock: &Poller) {
        let begun = clock.instant();
        talk.write(now);
        self.last_write = clock.instant().saturating_duration_since(begun);
        talk.figures.write.observe(self.last_write);
    }

    /// Whether output waits that was put off.
    pub(in crate::server) fn has_put_off(&self) -> bool {
        self.unwritten_since.is_some()
    }
}
