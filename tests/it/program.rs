//! Programs that tests run, with the signals that a person's shell would give them.
//!
//! A program ignores the signals at its start that its parent ignored. So tests in the background of a script would run
//! clients that no Ctrl-C ends. But if a process has a handler for a signal, its children begin with the default, and a
//! handler can be set without `unsafe`.

use std::ffi::OsStr;
use std::fs;
use std::process::Command;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Once};

use signal_hook::consts::{FORBIDDEN, SIGPIPE};

/// A program to run, with the default for every signal. A server greets newcomers at once, as most tests are not about
/// what they say first.
pub(crate) fn program(path: impl AsRef<OsStr>) -> Command {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        for signal in ignored() {
            let unread = Arc::new(AtomicBool::new(false));
            signal_hook::flag::register(signal, unread).expect("a handler can be set");
        }
    });
    let mut command = Command::new(path);
    command.env("CHAT_GREET_AFTER", "0");
    command
}

/// The signals that this process ignores, as Linux shows them in proc(5). Elsewhere none is known. Rust itself ignores
/// SIGPIPE, and resets it in children as well.
fn ignored() -> impl Iterator<Item = i32> {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.map_or(0, |mask| {
        u64::from_str_radix(mask.trim(), 16).expect("a mask in proc(5)")
    });
    let settable = (1..32).filter(|signal| *signal != SIGPIPE && !FORBIDDEN.contains(signal));
    settable.filter(move |signal| mask >> (signal - 1) & 1 == 1)
}
