//! `Output`: everything that the server prints while it serves. Separate threads print it, so that a slow reader delays
//! nobody.
//!
//! It knows nothing of the chat. Nothing here blocks the serving thread: a line of the log that does not fit at once is
//! counted and lost. At the end, the waiting lines are printed as far as [`PATIENCE`] allows.

mod levels;

pub(crate) use levels::Levels;

use std::convert::Infallible;
use std::error::Error;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use log::{Level, Log, Metadata, Record};
use simple_logger::SimpleLogger;

use crate::args;

/// Lines of the log that may wait for standard error: as many as a thousand newcomers cause at once, and some hundred
/// kilobytes at most.
const WAITING_LINES: usize = 4096;

/// How long the program waits at its end for the readers of its output.
pub(crate) const PATIENCE: Duration = Duration::from_secs(1);

/// The name of the thread that prints the log.
const PRINTER: &str = "log";

/// The output of a program. Dropping it waits, for a while, until everything is printed.
pub(crate) struct Output {
    log: Option<Arc<Mutex<Queue>>>,
    jobs: Vec<Job>,
}

impl Output {
    /// Starts the log on standard error.
    pub(crate) fn start(levels: &Levels) -> Output {
        let mut output = Output {
            log: None,
            jobs: Vec::new(),
        };
        if let Err(error) = output.start_log(levels.logger()) {
            complain(format!("server: cannot log: {error}"));
        }
        output
    }

    fn start_log(&mut self, logger: SimpleLogger) -> Result<(), Box<dyn Error>> {
        let (sender, lines) = sync_channel(WAITING_LINES);
        let queue = Arc::new(Mutex::new(Queue {
            sender: Some(sender),
            lost: 0,
        }));
        let logger = Arc::new(logger);
        log::set_max_level(logger.max_level());
        log::set_boxed_logger(Box::new(Sender {
            logger: logger.clone(),
            queue: queue.clone(),
        }))?;
        self.log = Some(queue.clone());
        hush_printer();
        self.jobs.push(Job::start(PRINTER, move || {
            let mut printer = Printer { logger, lost: 0 };
            for line in lines {
                printer.print(line);
            }
            let lost = queue.lock().map_or(0, |queue| queue.lost);
            printer.tell_lost(lost);
        })?);
        Ok(())
    }

    /// Prints on standard output. If that fails, `failed` gets the reason.
    pub(crate) fn announce(&mut self, text: String, failed: impl FnOnce(String) + Send + 'static) {
        let job = Job::start("announcement", move || {
            if let Err(sentence) = args::print(&text) {
                failed(sentence);
            }
        });
        match job {
            Ok(job) => self.jobs.push(job),
            Err(error) => log::warn!("cannot print where people can connect: {error}"),
        }
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        let by = Instant::now() + PATIENCE;
        if let Some(Ok(mut queue)) = self.log.as_ref().map(|queue| queue.lock()) {
            // Without a sender, the printer ends once it has printed the lines it has.
            queue.sender = None;
        }
        for job in self.jobs.drain(..) {
            job.wait(by);
        }
    }
}

/// Says on standard error why the program ends, as far as the reader takes it soon.
pub(crate) fn complain(sentence: String) {
    if let Ok(job) = Job::start("complaint", move || args::complain(&sentence)) {
        job.wait(Instant::now() + PATIENCE);
    }
}

/// A thread; other code can wait for its end.
pub(crate) struct Job(Receiver<Infallible>);

impl Job {
    pub(crate) fn start(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<Job> {
        let (alive, done) = sync_channel(0);
        thread::Builder::new().name(name.into()).spawn(move || {
            let _alive = alive;
            work();
        })?;
        Ok(Job(done))
    }

    /// Waits for its end, but not beyond this moment.
    pub(crate) fn wait(self, by: Instant) {
        let left = by.saturating_duration_since(Instant::now());
        // Nothing is ever sent: the end of the work and the end of our patience are both an error here.
        let _ = self.0.recv_timeout(left);
    }
}

/// A line of the log, and how many were lost just before it.
struct Line {
    lost: u64,
    level: Level,
    target: String,
    text: String,
}

/// The lines that wait to be printed.
struct Queue {
    /// None once the program ends.
    sender: Option<SyncSender<Line>>,
    /// Lines lost since the last one that fit.
    lost: u64,
}

impl Queue {
    fn push(&mut self, record: &Record<'_>) {
        let Some(sender) = &self.sender else {
            return;
        };
        let line = Line {
            lost: self.lost,
            level: record.level(),
            target: record.target().into(),
            text: record.args().to_string(),
        };
        self.lost = match sender.try_send(line) {
            Ok(()) => 0,
            Err(_) => self.lost + 1,
        };
    }
}

/// The logger of the program: it decides which messages are worth a line, and leaves the printing to another thread.
struct Sender {
    logger: Arc<SimpleLogger>,
    queue: Arc<Mutex<Queue>>,
}

impl Log for Sender {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.logger.enabled(metadata)
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata())
            && let Ok(mut queue) = self.queue.lock()
        {
            queue.push(record);
        }
    }

    /// Standard error has no buffer, and nobody should wait for it here.
    fn flush(&self) {}
}

/// Lets the printer panic in silence. It panics for each line that standard error does not take, and the report would
/// have the same fate.
fn hush_printer() {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if thread::current().name() != Some(PRINTER) {
            report(panic);
        }
    }));
}

/// Prints lines of the log, dated when they are printed. It goes on after a line that failed: a full disk may have room
/// again, and a named pipe may get another reader.
struct Printer {
    logger: Arc<SimpleLogger>,
    /// Lines lost and not reported yet.
    lost: u64,
}

impl Printer {
    fn print(&mut self, line: Line) {
        self.tell_lost(line.lost);
        if !self.is_printed(line.level, &line.target, &line.text) {
            self.lost += 1;
        }
    }

    fn tell_lost(&mut self, more: u64) {
        self.lost += more;
        if self.lost == 0 {
            return;
        }
        let text = match self.lost {
            1 => "1 line of the log was lost".into(),
            lost => format!("{lost} lines of the log were lost"),
        };
        if self.is_printed(Level::Warn, module_path!(), &text) {
            self.lost = 0;
        }
    }

    /// Whether the line was printed, or was not worth printing at the level of the log.
    fn is_printed(&self, level: Level, target: &str, text: &str) -> bool {
        // The logger panics if standard error fails.
        let print = || {
            self.logger.log(
                &Record::builder()
                    .level(level)
                    .target(target)
                    .args(format_args!("{text}"))
                    .build(),
            );
        };
        catch_unwind(AssertUnwindSafe(print)).is_ok()
    }
}
