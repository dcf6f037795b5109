//! Programs that tests run, with the signals that a person's shell would give them.
//!
//! A program begins with those signals ignored that whoever started it had ignored, so that tests in the background of a
//! script would run clients that no Ctrl-C ends. What a process has a handler for begins with the default in its
//! children, and a handler can be set without `unsafe`.

use std::ffi::OsStr;
use std::fs;
use std::process::Command;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Once};

use signal_hook::consts::{FORBIDDEN, SIGPIPE};

/// A program to run, with the default for every signal.
pub(crate) fn program(path: impl AsRef<OsStr>) -> Command {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        for signal in ignored() {
            let unread = Arc::new(AtomicBool::new(false));
            signal_hook::flag::register(signal, unread).expect("a handler can be set");
        }
    });
    Command::new(path)
}

/// The signals that this process ignores, as Linux tells in proc(5). Elsewhere none is known. SIGPIPE is ignored by Rust's
/// own doing, and reset in children as well.
fn ignored() -> impl Iterator<Item = i32> {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.map_or(0, |mask| {
        u64::from_str_radix(mask.trim(), 16).expect("a mask in proc(5)")
    });
    let settable = (1..32).filter(|signal| *signal != SIGPIPE && !FORBIDDEN.contains(signal));
    settable.filter(move |signal| mask >> (signal - 1) & 1 == 1)
}
