//! The only writer of the file: a loop for a thread that may wait.
//!
//! What has come is kept until a transaction with it is over, whatever the disk does. A disk that is slow, full or
//! locked by another process only makes lines wait. If the file cannot be written for another reason, it is opened once
//! more; if that does not help, nothing is kept any longer, and the chat goes on.

use std::collections::HashMap;
use std::fs;
use std::mem::{self, Discriminant, discriminant};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode};

use crate::limits::store::{GATHERING, REMOVAL_REST, RETRY, TELL_AGAIN, WAL_BYTES};

use super::Clock;
use super::addresses;
use super::batch::Batch;
use super::erasing::Eraser;
use super::error::{Report, sentence};
use super::item::Item;
use super::lock::Lock;
use super::open;
use super::queue::{Condition, Feed, Next, Stop};
use super::retention::{Reckoning, Retention};
use super::wal::Wal;

/// The writer, and the lock of the directory.
pub struct Writer {
    pub(super) feed: Feed,
    pub(super) file: PathBuf,
    /// The first connection. A second one is opened if it breaks.
    pub(super) conn: Option<Connection>,
    pub(super) is_durable: bool,
    pub(super) identity: Identity,
    pub(super) retention: Option<Retention>,
    pub(super) eraser: Eraser,
    pub(super) reckoning: Reckoning,
    /// When something may be too old next, as far as is known.
    pub(super) due: Instant,
    pub(super) gate: Arc<RwLock<()>>,
    pub(super) clock: Clock,
    pub(super) reports: Vec<Report>,
    pub(super) _lock: Lock,
}

/// What became of the lines when the writer ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// The number of the last entry that is in the file for certain.
    pub kept: u64,
    /// Lines that waited and were not kept.
    pub left: usize,
    /// Lines that were refused since the start.
    pub refused: u64,
    /// Whether all that waited, lines or not, is in the file.
    pub is_all: bool,
}

/// Which file was opened, whatever stands under its name by now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Identity(u64, u64);

/// What a failure means.
#[derive(Debug, PartialEq, Eq)]
enum Trouble {
    /// Another process holds the file.
    Busy,
    /// The disk is full.
    Full,
    /// Anything else.
    Broken(String),
}

/// How the work with one connection ended.
enum Served {
    Stopped,
    Broken(String),
    /// The file is not where it was.
    Gone,
}

/// What outlasts a connection.
#[derive(Default)]
struct Work {
    /// What was taken from the queue and is not in the file yet.
    items: Vec<Item>,
    kept: u64,
    /// The number of the transaction that they belong to, once one was begun.
    number: Option<i64>,
    /// Whether nothing was kept since the file was opened again.
    has_failed: bool,
    /// Since when another process holds the file.
    busy: Option<Instant>,
}

impl Identity {
    pub(super) fn of(file: &Path) -> Option<Identity> {
        let found = fs::metadata(file).ok()?;
        Some(Identity(found.dev(), found.ino()))
    }
}

impl Trouble {
    fn of(why: &rusqlite::Error) -> Trouble {
        /// No room for the file that the connections share (`SQLITE_IOERR_SHMSIZE`).
        const NO_SHARED_ROOM: i32 = 4874;
        let code = match why {
            rusqlite::Error::SqliteFailure(code, _) => *code,
            _ => return Trouble::Broken(sentence(why)),
        };
        match code.code {
            ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::FileLockingProtocolFailed
            | ErrorCode::OutOfMemory => Trouble::Busy,
            ErrorCode::DiskFull => Trouble::Full,
            _ if code.extended_code == NO_SHARED_ROOM => Trouble::Full,
            _ => Trouble::Broken(sentence(why)),
        }
    }
}

/// Tells an operator, but of one kind of trouble no more than once a minute.
struct Teller<'a> {
    tell: &'a mut dyn FnMut(Report),
    told: HashMap<Discriminant<Report>, Instant>,
    /// Refused lines that were told.
    refused: u64,
    /// Whether it was told that lines wait.
    is_waiting: bool,
}

impl Teller<'_> {
    /// Tells a trouble. Returns whether it was due.
    fn tell(&mut self, now: Instant, report: Report) -> bool {
        let kind = discriminant(&report);
        let is_due = |told: &Instant| now.saturating_duration_since(*told) >= TELL_AGAIN;
        if !self.told.get(&kind).is_none_or(is_due) {
            return false;
        }
        self.told.insert(kind, now);
        (self.tell)(report);
        true
    }

    /// Tells why lines wait.
    fn wait(&mut self, now: Instant, report: Report) {
        self.is_waiting |= self.tell(now, report);
    }

    /// Tells that lines wait no more, if it was told that they do.
    fn go_on(&mut self) {
        if self.is_waiting {
            self.is_waiting = false;
            (self.tell)(Report::Again);
        }
    }

    /// Tells how many lines were refused.
    fn refuse(&mut self, now: Instant, refused: u64) {
        let more = refused - self.refused;
        if more > 0 && self.tell(now, Report::Refused(more)) {
            self.refused = refused;
        }
    }
}

impl Writer {
    /// Keeps lines until the [`Sink`](super::Sink) stops, or until nothing can be kept any more. Tells what an operator
    /// should know.
    pub fn run(mut self, mut tell: impl FnMut(Report)) -> Ended {
        self.reports.drain(..).for_each(&mut tell);
        let mut teller = Teller {
            tell: &mut tell,
            told: HashMap::new(),
            refused: 0,
            is_waiting: false,
        };
        let mut work = Work::default();
        let mut conn = self.conn.take();
        let why = loop {
            let opened = conn.take().map_or_else(|| self.open(), Ok);
            let served = match opened {
                Ok(conn) => self.serve(&conn, &mut work, &mut teller),
                Err(served) => served,
            };
            match served {
                Served::Stopped => break None,
                Served::Gone => break Some(format!("{} is gone", self.file.display())),
                Served::Broken(why) if work.has_failed => break Some(why),
                Served::Broken(why) => {
                    work.has_failed = true;
                    teller.tell((self.clock)().instant, Report::Broken(why));
                }
            }
        };
        if let Some(why) = why {
            (teller.tell)(Report::Off(why));
        }
        let (left, refused) = self.feed.waiting();
        let (kept, is_all) = (work.kept, self.feed.is_idle());
        self.feed.give_up(work.items);
        Ended {
            kept,
            left,
            refused,
            is_all,
        }
    }

    /// Opens the file again.
    fn open(&self) -> Result<Connection, Served> {
        if Identity::of(&self.file) != Some(self.identity) {
            return Err(Served::Gone);
        }
        let opened = open::to_write(&self.file, self.is_durable);
        opened.map_err(|why| Served::Broken(sentence(&why)))
    }

    fn serve(&mut self, conn: &Connection, work: &mut Work, teller: &mut Teller<'_>) -> Served {
        let prepared = Batch::new(conn).and_then(|batch| Ok((batch, Wal::new(conn)?)));
        let (mut batch, mut wal) = match prepared {
            Ok(prepared) => prepared,
            Err(why) => return Served::Broken(sentence(&why)),
        };
        if let Some(number) = work.number {
            batch.set_number(number);
        }
        loop {
            if work.items.is_empty() {
                match self.feed.next(self.rest()) {
                    Next::Items => self.gather(work),
                    Next::Rest => match self.rested(conn, &mut batch, &mut wal, teller) {
                        Ok(()) => {}
                        Err(Trouble::Broken(why)) => return Served::Broken(why),
                        Err(_) => self.feed.pause(RETRY),
                    },
                    Next::Stop => {
                        drop(batch.note_last(self.feed.last()));
                        drop(self.note_time(conn, Duration::ZERO));
                        self.erase_rest(conn, &mut wal, teller);
                        wal.finish(&self.gate);
                        return Served::Stopped;
                    }
                }
            }
            let now = (self.clock)().instant;
            teller.refuse(now, self.feed.waiting().1);
            if Identity::of(&self.file) != Some(self.identity) {
                return Served::Gone;
            }
            let written = match work.items.is_empty() {
                true => Ok(work.kept),
                false => batch.write(&work.items, self.feed.last()),
            };
            work.number = Some(batch.number());
            match written.map_err(|why| Trouble::of(&why)) {
                Ok(kept) => {
                    self.note_kept(kept, work, teller);
                    // A failure here is made good behind the next lines.
                    drop(self.note_time(conn, REMOVAL_REST));
                    if mem::take(&mut batch.has_erasures) {
                        self.eraser.begin();
                    }
                    let tended = self.tend(&mut wal, now, teller);
                    let erased = tended.and_then(|()| self.erase(conn, &mut wal, teller));
                    if let Err(Trouble::Broken(why)) = erased {
                        return Served::Broken(why);
                    }
                }
                Err(Trouble::Broken(why)) => return Served::Broken(why),
                Err(_) if self.is_over(now) => return Served::Stopped,
                Err(trouble) => self.wait_out(&trouble, now, work, teller),
            }
        }
    }

    /// Waits for further items, and takes them.
    fn gather(&self, work: &mut Work) {
        self.feed.gather();
        work.items = self.feed.take();
    }

    fn note_kept(&self, kept: u64, work: &mut Work, teller: &mut Teller<'_>) {
        if work.items.is_empty() {
            return;
        }
        self.feed.kept(&work.items, kept);
        work.items.clear();
        (work.kept, work.has_failed, work.busy) = (kept, false, None);
        if self.feed.set(Condition::Keeping) != Condition::Keeping {
            teller.go_on();
        }
    }

    /// Waits before the next attempt to keep the same items.
    fn wait_out(&self, trouble: &Trouble, now: Instant, work: &mut Work, teller: &mut Teller<'_>) {
        let (rows, _) = self.feed.waiting();
        if *trouble == Trouble::Full {
            self.feed.set(Condition::Full);
            teller.wait(now, Report::Full(rows));
            self.feed.pause(RETRY);
            return;
        }
        let since = *work.busy.get_or_insert(now);
        // A moment is nothing to tell: somebody looks into the file.
        if now.saturating_duration_since(since) >= RETRY {
            self.feed.set(Condition::Busy);
            teller.wait(now, Report::Busy(rows));
        }
        self.feed.pause(GATHERING);
    }

    /// Whether the writer must not try again.
    fn is_over(&self, now: Instant) -> bool {
        match self.feed.stop() {
            None => false,
            Some(Stop::Now) => true,
            Some(Stop::By(by)) => now >= by,
        }
    }

    /// Copies the write-ahead log into the file, if that is due.
    fn tend(
        &self,
        wal: &mut Wal<'_>,
        now: Instant,
        teller: &mut Teller<'_>,
    ) -> Result<(), Trouble> {
        let bytes = wal.tend(&self.gate).map_err(|why| Trouble::of(&why))?;
        if bytes > WAL_BYTES && wal.is_held() {
            teller.tell(now, Report::LargeLog(bytes));
        }
        Ok(())
    }

    /// How long to wait for items before old ones are removed.
    fn rest(&self) -> Duration {
        let now = (self.clock)().instant;
        let due = self.eraser.due(now).map_or(self.due, |it| it.min(self.due));
        due.saturating_duration_since(now)
    }

    /// Does what is due while no item waits.
    fn rested(
        &mut self,
        conn: &Connection,
        batch: &mut Batch<'_>,
        wal: &mut Wal<'_>,
        teller: &mut Teller<'_>,
    ) -> Result<(), Trouble> {
        match self.eraser.is_due((self.clock)().instant) {
            true => self.erase(conn, wal, teller),
            false => self.remove_old(conn, batch),
        }
    }

    /// Erases some of what is to go.
    fn erase(
        &mut self,
        conn: &Connection,
        wal: &mut Wal<'_>,
        teller: &mut Teller<'_>,
    ) -> Result<(), Trouble> {
        let now = (self.clock)().instant;
        if !self.eraser.is_due(now) {
            return Ok(());
        }
        let erased = self.eraser.step(conn, now, || wal.empty(&self.gate));
        match erased {
            Ok(reports) => reports.into_iter().for_each(|it| (teller.tell)(it)),
            Err(why) => {
                self.eraser.wait(now);
                return Err(Trouble::of(&why));
            }
        }
        Ok(())
    }

    /// Erases what is to go before the end, unless something is in the way. The next start does it then.
    fn erase_rest(&mut self, conn: &Connection, wal: &mut Wal<'_>, teller: &mut Teller<'_>) {
        while !self.is_over((self.clock)().instant)
            && self.eraser.is_due((self.clock)().instant)
            && self.erase(conn, wal, teller).is_ok()
        {}
    }

    fn note_time(&mut self, conn: &Connection, step: Duration) -> rusqlite::Result<()> {
        self.reckoning.note(conn, (self.clock)(), step)
    }

    fn remove_old(&mut self, conn: &Connection, batch: &mut Batch<'_>) -> Result<(), Trouble> {
        let now = (self.clock)();
        let failed = |why: rusqlite::Error| Trouble::of(&why);
        if let Some(retention) = &mut self.retention {
            let has_more = retention.remove(conn, &self.reckoning, now);
            if has_more.map_err(failed)? {
                batch.forget();
                return Ok(());
            }
        }
        addresses::remove(conn, self.reckoning.now(now)).map_err(failed)?;
        self.due = now.instant + REMOVAL_REST;
        let noted = self.note_time(conn, REMOVAL_REST);
        noted.map_err(failed)?;
        batch.forget();
        Ok(())
    }
}
