//! `Process`: what the kernel knows of the process, from proc(5). Elsewhere than on Linux, nothing is known.

use std::fs;
use std::time::Instant;

use crate::limits::PROCESS_FIGURES_AGE;

/// The figures, and when they were read.
#[derive(Debug)]
pub(super) struct Process {
    units: Units,
    read_at: Option<Instant>,
    figures: ProcessFigures,
}

/// Figures of the process, as far as they are known.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct ProcessFigures {
    /// CPU time of all threads, in seconds.
    pub(super) cpu: Option<f64>,
    /// Memory, in bytes.
    pub(super) resident: Option<u64>,
    pub(super) virtual_size: Option<u64>,
    /// Open descriptors, and how many there may be.
    pub(super) descriptors: Option<u64>,
    pub(super) most_descriptors: Option<u64>,
    /// When the process started, in seconds since 1970-01-01 00:00 UTC.
    pub(super) started: f64,
}

/// The units in which the kernel tells its figures.
#[derive(Debug, Clone, Copy)]
struct Units {
    ticks_per_second: u64,
    page: u64,
}

impl Process {
    /// `unix` is the time, which counts as the start of the process if the kernel does not tell that.
    pub(super) fn new(unix: i64) -> Process {
        let auxv = fs::read("/proc/self/auxv").unwrap_or_default();
        let units = Units::parse(&auxv);
        let started = started(units).unwrap_or(unix as f64);
        Process {
            units,
            read_at: None,
            figures: ProcessFigures {
                started,
                ..ProcessFigures::default()
            },
        }
    }

    /// The figures. They may be a moment old.
    pub(super) fn read(&mut self, now: Instant) -> ProcessFigures {
        let is_fresh = |at: Instant| now.saturating_duration_since(at) < PROCESS_FIGURES_AGE;
        if !self.read_at.is_some_and(is_fresh) {
            self.read_at = Some(now);
            let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
            let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
            // Since Linux 6.2, the size of this folder is their number. To list them would take as long as there are
            // connections.
            let descriptors = fs::metadata("/proc/self/fd").map_or(0, |it| it.len());
            self.figures = ProcessFigures {
                descriptors: Some(descriptors).filter(|it| *it > 0),
                most_descriptors: most_descriptors(&limits),
                started: self.figures.started,
                ..parse(&stat, self.units)
            };
        }
        self.figures
    }
}

impl Units {
    /// From the auxiliary vector of getauxval(3): pairs of a key and a value, each as wide as an address.
    fn parse(auxv: &[u8]) -> Units {
        const PAGE_SIZE: usize = 6;
        const TICKS: usize = 17;
        const WIDTH: usize = size_of::<usize>();
        let mut words = auxv.chunks_exact(WIDTH).map(|word| {
            let word = word.try_into().unwrap_or_default();
            usize::from_ne_bytes(word)
        });
        let mut units = Units {
            ticks_per_second: 100,
            page: 4096,
        };
        while let (Some(key), Some(value)) = (words.next(), words.next()) {
            match key {
                PAGE_SIZE => units.page = value as u64,
                TICKS => units.ticks_per_second = value.max(1) as u64,
                _ => {}
            }
        }
        units
    }
}

/// A field of proc_pid_stat(5), by its number there.
fn field(stat: &str, number: usize) -> Option<u64> {
    // The second field is the name of the program, in parentheses, and may hold anything.
    let (_, behind) = stat.rsplit_once(')')?;
    behind.split_whitespace().nth(number - 3)?.parse().ok()
}

fn parse(stat: &str, units: Units) -> ProcessFigures {
    let cpu = field(stat, 14).zip(field(stat, 15));
    let cpu = cpu.map(|(user, system)| (user + system) as f64 / units.ticks_per_second as f64);
    ProcessFigures {
        cpu,
        virtual_size: field(stat, 23),
        resident: field(stat, 24).map(|pages| pages * units.page),
        ..ProcessFigures::default()
    }
}

/// The soft limit on open files, from proc_pid_limits(5).
fn most_descriptors(limits: &str) -> Option<u64> {
    let mut lines = limits.lines();
    let values = lines.find_map(|line| line.strip_prefix("Max open files"))?;
    values.split_whitespace().next()?.parse().ok()
}

/// When the process started. A sandbox may hide when the system did.
fn started(units: Units) -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    let of_system = fs::read_to_string("/proc/stat").ok()?;
    let mut lines = of_system.lines();
    let boot: u64 = lines
        .find_map(|it| it.strip_prefix("btime "))?
        .parse()
        .ok()?;
    let since_boot = field(&stat, 22)? as f64 / units.ticks_per_second as f64;
    Some(boot as f64 + since_boot)
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNITS: Units = Units {
        ticks_per_second: 100,
        page: 4096,
    };

    #[test]
    fn a_program_may_have_any_name() {
        let stat = "7 (a) R (b) S 1 1 1 0 -1 4194560 100 0 0 0 150 50 0 0 20 0 1 0 900 8192 3 18446744073709551615";
        let figures = parse(stat, UNITS);
        assert_eq!(figures.cpu, Some(2.0));
        assert_eq!(figures.virtual_size, Some(8192));
        assert_eq!(figures.resident, Some(3 * 4096));
        assert_eq!(field(stat, 22), Some(900));
        assert_eq!(parse("", UNITS), ProcessFigures::default());
        assert_eq!(parse("7 (a", UNITS), ProcessFigures::default());
    }

    #[test]
    fn the_soft_limit_is_that_in_force() {
        let limits = "Limit  Soft Limit  Hard Limit  Units\n\
            Max processes             1  2  processes\n\
            Max open files            1024                 4096                 files\n";
        assert_eq!(most_descriptors(limits), Some(1024));
        assert_eq!(most_descriptors("Max open files  unlimited  x"), None);
        assert_eq!(most_descriptors(""), None);
    }

    #[test]
    fn units_are_found_in_the_vector_or_usual() {
        let words: [usize; 8] = [3, 1, 6, 16384, 17, 1000, 0, 0];
        let auxv: Vec<u8> = words.iter().flat_map(|it| it.to_ne_bytes()).collect();
        let units = Units::parse(&auxv);
        assert_eq!((units.page, units.ticks_per_second), (16384, 1000));
        let units = Units::parse(&[6, 0, 0]);
        assert_eq!((units.page, units.ticks_per_second), (4096, 100));
    }

    #[test]
    fn the_kernel_is_asked_once_in_a_while() {
        let mut process = Process::new(5);
        let now = Instant::now();
        let first = process.read(now);
        process.units.page *= 2;
        assert_eq!(process.read(now + PROCESS_FIGURES_AGE / 2), first);
        let later = process.read(now + PROCESS_FIGURES_AGE);
        #[cfg(target_os = "linux")]
        assert!(later.resident > first.resident, "{first:?}, {later:?}");
        assert_eq!(later.started, first.started);
    }
}
