//! `Pace`: when to write, and when to read on instead.

use std::time::{Duration, Instant};

use crate::limits::SHORT_WRITE_PHASE;
use crate::net::Poller;

use super::Talk;

/// How long writing takes, and has been put off.
#[derive(Debug, Default)]
pub(in crate::server) struct Pace {
    /// Since when the write phase has been put off.
    unwritten_since: Option<Instant>,
    /// How long the last write phase took.
    last_write: Duration,
}

impl Pace {
    /// Whether to go round once more before writing. Where a burst of lines finds a big room, reading on for as long
    /// as the last write phase took saves whole write phases; where nothing more comes, the next tick writes.
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
    }

    /// Whether something waits to be written that was put off.
    pub(in crate::server) fn has_put_off(&self) -> bool {
        self.unwritten_since.is_some()
    }
}
