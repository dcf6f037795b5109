//! The signals that a program handles. It does not know what each of them should do.

use std::fs;

/// Sorts these signals into those to handle, and those left ignored. A program that starts with one of them ignored is
/// meant to survive it: `nohup` does this for the closing of the terminal, a shell's `&` for Ctrl-C. Call this before
/// handling any signal.
///
/// Only Linux reveals without `unsafe` which signals are ignored; elsewhere the program handles all of them.
pub(crate) fn heeded(signals: &[i32]) -> (Vec<i32>, Vec<i32>) {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = ignored(&status);
    signals
        .iter()
        .partition(|&signal| mask >> (signal - 1) & 1 == 0)
}

/// The mask of ignored signals in a process's status in proc(5). The lowest bit is for signal 1.
fn ignored(status: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    line.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or(0)
}
