//! Keeping what is said in a directory: what was asked for, the two threads of the store, and what became of it at the
//! end.
//!
//! A disk may be slow, or never answer again. It holds up the chat at no time, and the end no longer than `--drain` and
//! [`LAST_COMMIT`].

use std::fmt::Display;
use std::fs;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

use chinwag::store::{self, Ended, Options, Report, Store, Writer};
use chinwag::{Server, limits};
use getopts::Matches;

use crate::args::{self, Given};
use crate::command_line::switched_on;
use crate::control::Control;
use crate::output::Job;

/// How long the end waits for the disk beyond `--drain`. Slow readers may have taken all of that, while the last lines
/// came a moment ago.
const LAST_COMMIT: Duration = Duration::from_secs(1);

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// The longest age: a hundred years.
const LONGEST_AGE: u64 = 36_500 * DAY;

/// How to keep what is said, if that was asked for. `lines` is how many of each room are in memory.
pub(crate) fn given(matches: &Matches, lines: usize) -> Result<Option<Options>, String> {
    let dir = directory(matches)?;
    let age = args::given(matches, "keep-lines", "CHAT_KEEP_LINES")?;
    let keep = age.as_ref().map(parse_age).transpose()?;
    let durable = switched_on(matches, "durable", "CHAT_DURABLE")?;
    let anywhere = switched_on(matches, "data-anywhere", "CHAT_DATA_ANYWHERE")?;
    let Some(dir) = dir else {
        let age = age.map(|it| it.source);
        return match age.or(durable).or(anywhere) {
            Some(source) => Err(format!("{source} needs a directory; give --data DIR")),
            None => Ok(None),
        };
    };
    Ok(Some(Options {
        dir: dir.into(),
        is_durable: durable.is_some(),
        keep: keep.flatten(),
        may_be_network: anywhere.is_some(),
        // Those that a newcomer is shown. Older ones are read once somebody asks.
        lines: lines.clamp(1, limits::REPLAYED_LINES),
    }))
}

/// The directory that was given, if one was. An option in its place is a value forgotten.
pub(crate) fn directory(matches: &Matches) -> Result<Option<String>, String> {
    match args::given(matches, "data", "CHAT_DATA")? {
        Some(Given { source, text }) if text.is_empty() || text.starts_with('-') => {
            Err(format!("{source} takes a directory, not '{text}'"))
        }
        dir => Ok(dir.map(|it| it.text)),
    }
}

/// Reads the age from which on lines are removed. None is removed for `all`.
fn parse_age(given: &Given) -> Result<Option<Duration>, String> {
    let Given { source, text } = given;
    if text == "all" {
        return Ok(None);
    }
    let units = [('d', DAY), ('h', HOUR), ('m', MINUTE)];
    let read = |(unit, seconds)| {
        let digits = text.strip_suffix(unit)?;
        let is_number = digits.bytes().all(|it| it.is_ascii_digit());
        let number: u64 = digits.parse().ok().filter(|_| is_number)?;
        number.checked_mul(seconds)
    };
    let age = units.into_iter().find_map(read);
    let age = age.filter(|age| (MINUTE..=LONGEST_AGE).contains(age));
    let age = age.ok_or_else(|| {
        format!(
            "{source} takes an age, such as 90d, 12h or 30m, at most 36500d, or all, not '{text}'"
        )
    })?;
    Ok(Some(Duration::from_secs(age)))
}

/// An age in the largest unit that divides it.
fn age(age: Duration) -> String {
    match age.as_secs() {
        seconds if seconds % DAY == 0 => format!("{}d", seconds / DAY),
        seconds if seconds % HOUR == 0 => format!("{}h", seconds / HOUR),
        seconds => format!("{}m", seconds / MINUTE),
    }
}

/// How what is said is kept, for the first line of the log.
pub(crate) fn in_force(options: Option<&Options>) -> String {
    let Some(options) = options else {
        return "data off".into();
    };
    let dir = options.dir.display();
    let lines = options.keep.map_or_else(|| "all".into(), age);
    let durable = if options.is_durable { "on" } else { "off" };
    format!("data {dir}; keep-lines {lines}; durable {durable}")
}

/// Refuses something else than a directory. One that is not there yet can be made.
pub(crate) fn check_kind(dir: &Path) -> Result<(), String> {
    match fs::metadata(dir) {
        Ok(found) if !found.is_dir() => Err(format!("{} is not a directory", dir.display())),
        _ => Ok(()),
    }
}

/// Opens the directory, or says why that cannot be done.
pub(crate) fn open(options: &Options) -> Result<Opened, String> {
    check_kind(&options.dir)?;
    let store = store::open(options).map_err(|why| {
        let advice = match why {
            store::Error::Network { .. } => "; give --data-anywhere to use it all the same",
            _ => "",
        };
        sentence(&why) + advice
    })?;
    let dir = options.dir.display().to_string();
    Ok(Opened { store, dir })
}

/// What is wrong with a directory or a file, in one line and without the system's numbers.
pub(crate) fn sentence(why: &store::Error) -> String {
    args::words(&why.to_string()).replace('\n', ": ")
}

/// A directory that is open, and its name.
pub(crate) struct Opened {
    store: Store,
    dir: String,
}

/// A directory in use.
pub(crate) struct Keeping {
    dir: String,
    end: Receiver<End>,
    /// The threads that answer questions.
    answers: Vec<Job>,
    /// The socket by which a shell asks, if there could be one.
    control: Option<Control>,
}

/// How the writer ended, and why nothing was kept any more, if that happened.
#[derive(Debug, PartialEq)]
struct End {
    ended: Ended,
    off: Option<String>,
}

impl Keeping {
    /// Has a server keep what is said, before its first tick.
    pub(crate) fn start(server: &mut Server, opened: Opened) -> Result<Keeping, String> {
        let Opened { store, dir } = opened;
        let (writer, mut answers) = server.keep(store);
        let checks = answers.password_checks();
        let (sender, end) = sync_channel(1);
        let write = move || {
            // Nobody waits for this if the disk took too long.
            let _ = sender.send(write(writer));
        };
        let writing = Job::start("writer", write);
        let answers = Job::start("answers", move || answers.run());
        let checks = checks.map(|it| Job::start("passwords", move || it.run()));
        let jobs = writing.and_then(|_| [Some(answers), checks].into_iter().flatten().collect());
        match jobs {
            Ok(answers) => Ok(Keeping {
                control: listen(&dir, server),
                dir,
                end,
                answers,
            }),
            Err(why) => Err(format!("cannot keep what is said: {}", args::cause(&why))),
        }
    }

    /// Takes no more requests of shells.
    pub(crate) fn end_control(&mut self) {
        self.control = None;
    }

    /// Waits until what was said is kept, once the server has ended, but not for long beyond this moment. Returns what to
    /// say if some of it is not kept.
    pub(crate) fn end(self, by: Instant) -> Option<String> {
        let begun = Instant::now();
        let by = by.max(begun) + LAST_COMMIT;
        let wait = |by: Instant| {
            let left = by.saturating_duration_since(Instant::now());
            self.end.recv_timeout(left)
        };
        let mut end = wait(begun + LAST_COMMIT);
        let left = by.saturating_duration_since(Instant::now());
        if end == Err(RecvTimeoutError::Timeout) && !left.is_zero() {
            let left = left.as_secs_f32().ceil();
            log::warn!("the disk has not taken the last lines yet; waiting for {left} s at most");
            end = wait(by);
        }
        // As long as a connection is open, the log stays beside the file.
        self.answers.into_iter().for_each(|it| it.wait(by));
        let dir = &self.dir;
        match end {
            Ok(end) => end.lost(dir),
            Err(RecvTimeoutError::Timeout) => Some(format!(
                "what was said last may not be kept in {dir}, as the disk did not take it in time"
            )),
            Err(RecvTimeoutError::Disconnected) => {
                Some(format!("what was said last may not be kept in {dir}"))
            }
        }
    }
}

/// Has shells ask the server. Without that it serves all the same.
fn listen(dir: &str, server: &Server) -> Option<Control> {
    let control = Control::start(Path::new(dir), server.handle());
    let failed = |why: &std::io::Error| {
        let why = args::cause(why);
        log::warn!(
            "'server account' cannot ask this server, as there is no socket in {dir}: {why}"
        );
    };
    control.inspect_err(failed).ok()
}

/// Keeps lines until the server has ended. The log gets the reports.
fn write(writer: Writer) -> End {
    let mut off = None;
    let ended = writer.run(|report| {
        match report.is_trouble() {
            true => log::warn!("{report}"),
            false => log::info!("{report}"),
        }
        if let Report::Off(why) = report {
            off = Some(why);
        }
    });
    End { ended, off }
}

impl End {
    /// Logs how many lines were not kept. Returns what to say if the file does not show where they are missing: lines that
    /// were refused while the disk was too slow have a gap in their places, while the last lines are missing without a
    /// trace.
    fn lost(&self, dir: &impl Display) -> Option<String> {
        let Ended { left, refused, .. } = self.ended;
        if refused > 0 {
            let lines = lines(refused);
            log::warn!("{lines} not kept since the start, as too many waited for the disk");
        }
        if left > 0 {
            log::warn!(
                "{} not kept, as the disk did not take them",
                lines(left as u64)
            );
        }
        match &self.off {
            Some(why) => Some(format!("what was said last is not kept in {dir}: {why}")),
            None => (left > 0).then(|| format!("what was said last is not kept in {dir}")),
        }
    }
}

fn lines(count: u64) -> String {
    match count {
        1 => "1 line was".into(),
        count => format!("{count} lines were"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lost(left: usize, refused: u64, off: Option<&str>) -> Option<String> {
        let ended = Ended {
            kept: 0,
            left,
            refused,
            is_all: left == 0,
        };
        let off = off.map(String::from);
        End { ended, off }.lost(&"chat")
    }

    #[test]
    fn the_end_is_clean_unless_the_last_lines_are_missing_without_a_trace() {
        assert_eq!(lost(0, 0, None), None);
        assert_eq!(lost(0, 9, None), None);
        let sentence = Some("what was said last is not kept in chat".into());
        assert_eq!(lost(1, 0, None), sentence);
        let sentence = Some("what was said last is not kept in chat: it is gone".into());
        assert_eq!(lost(0, 0, Some("it is gone")), sentence);
    }

    #[test]
    fn a_writer_that_never_answers_is_not_waited_for() {
        let (sender, end) = sync_channel(1);
        let (stuck, never) = sync_channel::<()>(0);
        let answers = Job::start("answers", move || {
            let _ = never.recv();
        })
        .expect("a thread");
        let dir = "chat".into();
        let answers = vec![answers];
        let control = None;
        let keeping = Keeping {
            dir,
            end,
            answers,
            control,
        };
        let lost = keeping
            .end(Instant::now())
            .expect("nothing is known of the last lines");
        assert!(lost.ends_with("did not take it in time"), "{lost}");
        drop((sender, stuck));
    }

    #[test]
    fn a_writer_that_failed_is_told() {
        let (_, end) = sync_channel(1);
        let answers = Job::start("answers", || ()).expect("a thread");
        let dir = "chat".into();
        let answers = vec![answers];
        let control = None;
        let keeping = Keeping {
            dir,
            end,
            answers,
            control,
        };
        let lost = keeping.end(Instant::now());
        assert_eq!(
            lost,
            Some("what was said last may not be kept in chat".into())
        );
    }

    #[test]
    fn an_age_is_shown_in_its_largest_unit() {
        for (seconds, text) in [(60, "1m"), (5400, "90m"), (7200, "2h"), (172_800, "2d")] {
            assert_eq!(age(Duration::from_secs(seconds)), text);
        }
    }
}
