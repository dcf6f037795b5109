//! `Bell`: lets the terminal's bell ring once for a burst. It knows no terminal and no clock.

use std::time::{Duration, Instant};

const BELL: char = '\x07';

/// A burst is over after so much time without a cause to ring.
const BURST: Duration = Duration::from_secs(1);

/// When there was last a cause to ring.
#[derive(Debug, Default)]
pub(super) struct Bell(Option<Instant>);

impl Bell {
    /// Leaves one ring in the output for the terminal, or none if the last one belongs to the same burst.
    pub(super) fn calm(&mut self, mut out: String, now: Instant) -> String {
        let Some(first) = out.find(BELL) else {
            return out;
        };
        let is_heard = self.0.is_some_and(|last| now < last + BURST);
        self.0 = Some(now);
        out.retain(|c| c != BELL);
        if !is_heard {
            out.insert(first, BELL);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_rings_once_until_there_was_a_second_of_quiet() {
        let (mut bell, t) = (Bell::default(), Instant::now());
        for (after, out, left) in [
            (0, "a\x07b\x07", "a\x07b"),
            (900, "\x07", ""),
            (1800, "x\x07y", "xy"),
            (2000, "quiet", "quiet"),
            (2800, "\x07", "\x07"),
        ] {
            let now = t + Duration::from_millis(after);
            assert_eq!(bell.calm(out.into(), now), left, "{after}");
        }
    }
}
