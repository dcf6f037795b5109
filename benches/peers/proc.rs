//! What the kernel knows about a process, from `/proc`.

use std::fs;
use std::path::Path;
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
        threads.flatten().map(|it| cpu_of(&it.path())).sum()
    }

    /// The same of its first thread alone.
    pub(crate) fn cpu_of_main_thread(self) -> Duration {
        let id = self.0;
        cpu_of(Path::new(&format!("/proc/{id}/task/{id}")))
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

/// The processor time of a thread. Of one that has ended it is not known.
fn cpu_of(thread: &Path) -> Duration {
    let stat = fs::read_to_string(thread.join("schedstat")).unwrap_or_default();
    let nanos = stat.split(' ').next().unwrap_or_default().parse();
    Duration::from_nanos(nanos.unwrap_or_default())
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
