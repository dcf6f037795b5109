//! `Levels`: which lines of the log to print, as `RUST_LOG` says: a level, or `TARGET=LEVEL` for the parts of the
//! program whose names begin so, separated by commas.

use log::LevelFilter;
use simple_logger::SimpleLogger;

/// Which messages are worth a line. By default, all except those for debugging.
#[derive(Debug, PartialEq)]
pub(crate) struct Levels {
    others: LevelFilter,
    targets: Vec<(String, LevelFilter)>,
    /// The parts of the setting that make no sense.
    junk: Vec<String>,
}

impl Levels {
    /// This level for all targets.
    pub(crate) fn all(level: LevelFilter) -> Levels {
        Levels {
            others: level,
            targets: Vec::new(),
            junk: Vec::new(),
        }
    }

    /// Reads `RUST_LOG`. A target that it does not mention keeps the default.
    pub(crate) fn parse(text: &str) -> Levels {
        let mut levels = Levels::all(LevelFilter::Info);
        let asked = text.split(',').map(str::trim);
        for asked in asked.filter(|asked| !asked.is_empty()) {
            let (target, level) = match asked.split_once('=') {
                Some((target, level)) => (target.trim_end(), level.trim_start()),
                None => ("", asked),
            };
            match level.parse() {
                Ok(level) if !asked.contains('=') => levels.others = level,
                Ok(level) if !target.is_empty() => levels.targets.push((target.into(), level)),
                _ => levels.junk.push(asked.into()),
            }
        }
        levels
    }

    /// A remark on the parts of the setting that make no sense.
    pub(crate) fn remark(&self) -> Option<String> {
        let junk = self.junk.join(",");
        (!junk.is_empty()).then(|| {
            format!(
                "RUST_LOG takes off, error, warn, info, debug, trace or TARGET=LEVEL, not '{junk}'"
            )
        })
    }

    pub(crate) fn logger(&self) -> SimpleLogger {
        let logger = SimpleLogger::new().with_level(self.others);
        let targets = self.targets.iter();
        targets
            .fold(logger, |logger, (target, level)| {
                logger.with_module_level(target, *level)
            })
            .with_utc_timestamps()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rust_log_has_levels_and_targets_and_junk_is_kept_to_be_told() {
        for (text, others, targets, junk) in [
            ("debug", LevelFilter::Debug, &[][..], &[][..]),
            ("OFF", LevelFilter::Off, &[], &[]),
            ("", LevelFilter::Info, &[], &[]),
            (
                "chinwag=debug",
                LevelFilter::Info,
                &[("chinwag", LevelFilter::Debug)],
                &[],
            ),
            (
                " warn , chinwag::server = trace, mio=off,",
                LevelFilter::Warn,
                &[
                    ("chinwag::server", LevelFilter::Trace),
                    ("mio", LevelFilter::Off),
                ],
                &[],
            ),
            (
                "loud,chinwag=loud,=debug,error",
                LevelFilter::Error,
                &[],
                &["loud", "chinwag=loud", "=debug"],
            ),
        ] {
            let expected = Levels {
                others,
                targets: targets
                    .iter()
                    .map(|&(t, level)| (t.into(), level))
                    .collect(),
                junk: junk.iter().map(|&word| word.into()).collect(),
            };
            assert_eq!(Levels::parse(text), expected, "{text}");
        }
    }
}
