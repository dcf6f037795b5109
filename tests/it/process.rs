//! Linux's view of a running process. A test can also hold the process still, so that everything from the network in
//! the meantime is there at once when it goes on.

use std::collections::BTreeSet;
use std::fs;

use nix::sys::signal::Signal;

use crate::daemon::Daemon;
use crate::harness::until;

impl Daemon {
    /// Stops the process at once.
    pub(crate) fn hold(&self) {
        self.signal(Signal::SIGSTOP);
        until("the process stands still", || {
            self.status("State").starts_with('T')
        });
    }

    /// Whether the thread that serves waits for something to happen.
    pub(crate) fn is_asleep(&self) -> bool {
        self.status("State").starts_with('S')
    }

    /// How often the thread that serves has begun to wait.
    pub(crate) fn wakes(&self) -> u64 {
        let count = self.status("voluntary_ctxt_switches");
        count.parse().expect("a number")
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

    /// How many of these are sockets.
    pub(crate) fn sockets(&self) -> usize {
        let folder = format!("/proc/{}/fd", self.id());
        let held = fs::read_dir(folder).expect("the process runs");
        let links = held.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
        links
            .filter(|it| it.to_string_lossy().starts_with("socket:"))
            .count()
    }

    /// The memory in use, in KiB.
    pub(crate) fn memory(&self) -> usize {
        kilobytes(&self.status("VmRSS"))
    }

    /// The peak of memory in use, in KiB.
    pub(crate) fn peak_memory(&self) -> usize {
        kilobytes(&self.status("VmHWM"))
    }

    fn status(&self, field: &str) -> String {
        status(&self.id().to_string(), field)
    }
}

/// A line of the status of a process or a thread in proc(5), without its name.
fn status(of: &str, field: &str) -> String {
    let path = format!("/proc/{of}/status");
    let text = fs::read_to_string(path).expect("it is there");
    let named = |line: &str| {
        line.strip_prefix(field)?
            .strip_prefix(":\t")
            .map(Into::into)
    };
    text.lines().find_map(named).expect("a field of proc(5)")
}

/// A thread of the tests.
pub(crate) struct Thread(String);

impl Thread {
    /// The thread that calls this.
    pub(crate) fn current() -> Thread {
        let place = fs::read_link("/proc/thread-self").expect("proc(5) is there");
        Thread(place.to_str().expect("numbers").into())
    }

    /// Whether it waits for something to happen.
    pub(crate) fn is_asleep(&self) -> bool {
        status(&self.0, "State").starts_with('S')
    }
}

fn kilobytes(value: &str) -> usize {
    let number = value.trim().strip_suffix(" kB");
    number.and_then(|it| it.parse().ok()).expect("a size")
}
