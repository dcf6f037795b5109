//! What Linux tells of a running process, and holding one still, so that what the network brings meanwhile is there all
//! at once when it goes on.

use std::collections::BTreeSet;
use std::fs;

use nix::sys::signal::Signal;

use crate::daemon::Daemon;
use crate::harness::until;

impl Daemon {
    /// Stops the process where it stands.
    pub(crate) fn hold(&self) {
        self.signal(Signal::SIGSTOP);
        until("the process stands still", || {
            self.status("State").starts_with('T')
        });
    }

    /// Lets the process go on.
    pub(crate) fn release(&self) {
        self.signal(Signal::SIGCONT);
    }

    /// The numbers of the descriptors that the process holds.
    pub(crate) fn descriptors(&self) -> BTreeSet<u64> {
        let folder = format!("/proc/{}/fd", self.id());
        let held = fs::read_dir(folder).expect("the process runs");
        held.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
            .collect()
    }

    /// The memory in use, in KiB.
    pub(crate) fn memory(&self) -> usize {
        kilobytes(&self.status("VmRSS"))
    }

    /// The most memory that was ever in use, in KiB.
    pub(crate) fn peak_memory(&self) -> usize {
        kilobytes(&self.status("VmHWM"))
    }

    /// A line of the process's status in proc(5), without its name.
    fn status(&self, field: &str) -> String {
        let path = format!("/proc/{}/status", self.id());
        let text = fs::read_to_string(path).expect("the process is there");
        let named = |line: &str| {
            line.strip_prefix(field)?
                .strip_prefix(":\t")
                .map(Into::into)
        };
        text.lines().find_map(named).expect("a field of proc(5)")
    }
}

fn kilobytes(value: &str) -> usize {
    let number = value.trim().strip_suffix(" kB");
    number.and_then(|it| it.parse().ok()).expect("a size")
}
