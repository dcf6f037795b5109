//! Opening a directory: its lock, its file, and what a server needs of it before it listens.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::Read;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::limits::store::{BUSY, LOAD_TIME, WAL_SHRUNK};
use crate::message::{KeptHouse, KeptRoom};

use super::Clock;
use super::backup;
use super::erasing::Eraser;
use super::error::Error;
use super::house;
use super::lock::{self, Lock};
use super::queue::{self, Sink};
use super::reader::Reader;
use super::retention::{self, Reckoning, Retention};
use super::rooms;
use super::schema;
use super::writer::{Identity, Writer};

/// The name of the file.
pub(super) const NAME: &str = "chinwag.db";

/// Has the opening of a pipe not wait for its other end.
pub(super) const NONBLOCK: i32 = rustix::fs::OFlags::NONBLOCK.bits() as i32;

/// How a directory is to be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The directory. It is made if need be.
    pub dir: PathBuf,
    /// Whether each transaction is to reach the disk before it counts as kept.
    pub is_durable: bool,
    /// The age from which on lines are removed.
    pub keep: Option<Duration>,
    /// Whether the directory may be on another machine, whatever comes of it.
    pub may_be_network: bool,
    /// Lines of each room to load.
    pub lines: usize,
}

/// A directory in use.
pub struct Store {
    /// Takes what is to be kept.
    pub sink: Sink,
    /// Keeps it, in a thread of its own.
    pub writer: Writer,
    /// Answers questions, in another thread.
    pub reader: Reader,
    /// What the file has.
    pub loaded: Loaded,
}

/// What a server needs of the file before it listens.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Loaded {
    /// The largest number of an entry ever given, as far as the file knows.
    pub seq: u64,
    /// All rooms that have not ended: the lobby, then those that are somebody's, those with a topic, and the others, each
    /// by their last lines.
    pub rooms: Vec<KeptRoom>,
    /// What it has about accounts and order.
    pub house: KeptHouse,
}

/// Opens a directory for a server. Rooms beyond the loaded ones are ended. This takes the lock of the directory, which the writer holds from then on.
///
/// # Errors
///
/// [`Error`], and nothing was changed in the file, unless a migration failed half-way: then a copy of it is there.
pub fn open(options: &Options, clock: Clock) -> Result<Store, Error> {
    let (lock, file) = claim(&options.dir, options.may_be_network)?;
    if let Some(left) = backup::left(&file).filter(|_| !file.exists()) {
        return Err(Error::Missing { file, left });
    }
    touch(&file)?;
    let failed = |why: rusqlite::Error| Error::sqlite(&file, &why);
    let mut conn = to_write_new(&file).map_err(failed)?;
    let mut reports = Vec::new();
    schema::prepare(&mut conn, &file, schema::STEPS, &mut reports)?;
    set(&conn, options.is_durable).map_err(failed)?;
    let now = clock();
    schema::note_journal(&conn, now.unix).map_err(failed)?;
    let newest = retention::newest(&conn).map_err(failed)?;
    let noted = schema::meta(&conn, "now").map_err(failed)?;
    let reckoning = Reckoning::new(newest, noted, now);
    let retention = options.keep.map(Retention::new);
    reports.extend(retention.as_ref().and_then(|_| reckoning.report(now)));
    let gate = Arc::new(RwLock::new(()));
    rooms::end_others(&mut conn).map_err(failed)?;
    house::renew_keys(&mut conn, &mut reports).map_err(failed)?;
    let last = rooms::last(&conn).map_err(failed)?;
    let (sink, feed, watch) = queue::queue(last);
    let mut reader = Reader::new(file.clone(), gate.clone(), clock.clone(), watch);
    let loaded = reader.load(options.lines, LOAD_TIME);
    let loaded = loaded.map_err(failed)?;
    let missing = || Error::disk(&file, &std::io::ErrorKind::NotFound.into());
    let identity = Identity::of(&file).ok_or_else(missing)?;
    let writer = Writer {
        feed,
        file,
        conn: Some(conn),
        is_durable: options.is_durable,
        identity,
        due: now.instant,
        retention,
        eraser: Eraser::new(),
        reckoning,
        gate,
        clock,
        reports,
        _lock: lock,
    };
    Ok(Store {
        sink,
        writer,
        reader,
        loaded,
    })
}

/// The file of a directory.
pub(super) fn file_in(dir: &Path) -> PathBuf {
    dir.join(NAME)
}

/// Makes a directory if need be, and locks it. Returns the path of its file too.
pub(super) fn claim(dir: &Path, may_be_network: bool) -> Result<(Lock, PathBuf), Error> {
    let mut builder = DirBuilder::new();
    let made = builder.recursive(true).mode(0o700).create(dir);
    made.map_err(|why| Error::disk(dir, &why))?;
    if let Some(kind) = lock::network(dir).filter(|_| !may_be_network) {
        let dir = dir.into();
        return Err(Error::Network { dir, kind });
    }
    Ok((Lock::take(dir)?, file_in(dir)))
}

/// Makes the file if there is none, readable by its owner alone. Anything but a file of SQLite is refused.
fn touch(file: &Path) -> Result<(), Error> {
    let failed = |why: std::io::Error| Error::disk(file, &why);
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    options.mode(0o600).custom_flags(NONBLOCK);
    let opened = options.open(file).map_err(failed)?;
    check_kind(file, opened)
}

/// Refuses what is no file of SQLite. An empty one is.
pub(super) fn check_kind(file: &Path, opened: fs::File) -> Result<(), Error> {
    const HEADER: &[u8] = b"SQLite format 3\0";
    let failed = |why: std::io::Error| Error::disk(file, &why);
    if !opened.metadata().map_err(failed)?.is_file() {
        return Err(Error::Foreign { file: file.into() });
    }
    let mut header = Vec::new();
    let mut begin = opened.take(HEADER.len() as u64);
    begin.read_to_end(&mut header).map_err(failed)?;
    match header.is_empty() || header == HEADER {
        true => Ok(()),
        false => Err(Error::Foreign { file: file.into() }),
    }
}

/// Opens the file to write to it. Nothing is changed yet.
fn to_write_new(file: &Path) -> rusqlite::Result<Connection> {
    let conn = connect(file)?;
    // Pages and words that were removed are overwritten.
    conn.pragma_update(None, "secure_delete", true)?;
    Ok(conn)
}

/// Opens the file again to write to it.
pub(super) fn to_write(file: &Path, is_durable: bool) -> rusqlite::Result<Connection> {
    let conn = to_write_new(file)?;
    set(&conn, is_durable)?;
    Ok(conn)
}

fn set(conn: &Connection, is_durable: bool) -> rusqlite::Result<()> {
    let synchronous = if is_durable { "FULL" } else { "NORMAL" };
    conn.pragma_update(None, "synchronous", synchronous)?;
    conn.pragma_update(None, "wal_autocheckpoint", 0)?;
    conn.pragma_update(None, "journal_size_limit", WAL_SHRUNK)
}

/// A connection to a file that is there.
pub(super) fn connect(file: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(file, flags)?;
    conn.busy_timeout(BUSY)?;
    // A damaged file can hold a schema that does anything.
    conn.pragma_update(None, "trusted_schema", false)?;
    conn.pragma_update(None, "cell_size_check", true)?;
    conn.pragma_update(None, "mmap_size", 0)?;
    Ok(conn)
}
