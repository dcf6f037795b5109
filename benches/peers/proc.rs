//! What the kernel knows about a process, from `/proc`.

use std::fs;
use std::time::Duration;

/// A process, by its id.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Process(pub(crate) u32);

impl Process {
    /// The bench itself.
    pub(crate) fn this() -> Process {
        Process(std::process::id())
    }

    /// Processor time since the start, of all threads that still run.
    pub(crate) fn cpu(self) -> Duration {
        let Ok(threads) = fs::read_dir(format!("/proc/{}/task", self.0)) else {
            return Duration::ZERO;
        };
        let nanos = threads.flatten().filter_map(|thread| {
            let stat = fs::read_to_string(thread.path().join("schedstat")).ok()?;
            stat.split(' ').next()?.parse::<u64>().ok()
        });
        Duration::from_nanos(nanos.sum())
    }

    /// The peak of resident memory, in bytes.
    pub(crate) fn peak_memory(self) -> u64 {
        self.kilobytes("status", "VmHWM:") * 1024
    }

    /// Resident memory now, in bytes. Of pages shared with other processes, it counts this one's part.
    pub(crate) fn memory(self) -> u64 {
        self.kilobytes("smaps_rollup", "Pss:") * 1024
    }

    fn kilobytes(self, file: &str, field: &str) -> u64 {
        let text = fs::read_to_string(format!("/proc/{}/{file}", self.0)).unwrap_or_default();
        let value = text.lines().find_map(|line| line.strip_prefix(field));
        let number = value.and_then(|value| value.split_whitespace().next());
        number.and_then(|number| number.parse().ok()).unwrap_or(0)
    }
}

/// The machine, in one line, for the head of a report.
pub(crate) fn machine() -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let cpus = read("/proc/cpuinfo");
    let models: Vec<&str> = cpus
        .lines()
        .filter(|line| line.starts_with("model name"))
        .filter_map(|line| line.split_once(": ").map(|(_, model)| model))
        .collect();
    let kernel = read("/proc/sys/kernel/osrelease");
    let load = read("/proc/loadavg");
    format!(
        "{} x {}, Linux {}, load average {}",
        models.len(),
        models.first().unwrap_or(&"unknown processor"),
        kernel.trim(),
        load.split(' ').next().unwrap_or_default(),
    )
}
