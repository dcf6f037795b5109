//! The CPU time of this thread.

use nix::time::{ClockId, clock_gettime};

/// A moment of that time, in nanoseconds.
#[derive(Clone, Copy)]
pub(crate) struct Cpu(u64);

impl Cpu {
    pub(crate) fn now() -> Cpu {
        let time = clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).expect("the kernel keeps it");
        Cpu(time.tv_sec() as u64 * 1_000_000_000 + time.tv_nsec() as u64)
    }

    /// Nanoseconds since an earlier one.
    pub(crate) fn since(self, earlier: Cpu) -> u64 {
        self.0 - earlier.0
    }
}
