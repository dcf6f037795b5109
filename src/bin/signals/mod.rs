//! Which signals a program listens to. It knows nothing of what they are to do.

use std::fs;

/// Of these signals, those to listen to, and those left ignored. Whoever starts a program with one of them ignored means
/// it to go on: `nohup` when the terminal closes, a shell's `&` when Ctrl-C is pressed. To be asked before any is listened
/// to.
///
/// Linux alone tells without `unsafe` what is ignored; elsewhere all of them are listened to.
pub(crate) fn heeded(signals: &[i32]) -> (Vec<i32>, Vec<i32>) {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = ignored(&status);
    signals
        .iter()
        .partition(|&signal| mask >> (signal - 1) & 1 == 0)
}

/// The mask of ignored signals in a process's status in proc(5), where the lowest bit is for signal 1.
fn ignored(status: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    line.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or(0)
}
