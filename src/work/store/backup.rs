//! A copy of the file while it is in use, and the way back.
//!
//! The file alone is no copy: what was kept last is in its log. A copy that is made here is whole, has no log, and was
//! checked.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use super::error::Error;
use super::open;
use super::schema;

/// The endings of what was moved aside, and of a copy that is not in its place yet.
const BEFORE: &str = ".before";
const RESTORED: &str = ".restored";

/// The names of all files of a database, behind its own.
const PARTS: [&str; 4] = ["", "-wal", "-shm", "-journal"];

/// Those that have what is not in the file itself.
const LOGS: [&str; 2] = ["-wal", "-journal"];

/// Attempts to copy a file that another process writes to, each of which waits for a lock.
const ATTEMPTS: usize = 100;

/// Copies the file of a directory to a new file, whether or not a server uses it. The copy is checked. Returns the
/// number of its lines.
///
/// # Errors
///
/// [`Error`], and there is no new file.
pub fn backup(dir: &Path, to: &Path) -> Result<u64, Error> {
    let file = open::file_in(dir);
    let conn = source(&file)?;
    let taken = || Error::Exists { file: to.into() };
    if to.symlink_metadata().is_ok() {
        return Err(taken());
    }
    let part = create(to, ".part")?;
    let made = copy(&conn, &part).and_then(|()| {
        let lines = check(&part)?;
        publish(&part, to).map_err(|why| match why.kind() {
            io::ErrorKind::AlreadyExists => taken(),
            _ => Error::disk(to, &why),
        })?;
        Ok(lines)
    });
    drop(fs::remove_file(&part));
    sync(
        to.parent()
            .filter(|it| *it != Path::new(""))
            .unwrap_or(Path::new(".")),
    );
    made
}

/// Gives a copy that is whole its name, which no file may have.
fn publish(part: &Path, to: &Path) -> io::Result<()> {
    match fs::hard_link(part, to) {
        Err(why) if why.kind() != io::ErrorKind::AlreadyExists => {
            // The file system has no links. There the name is taken first.
            drop(new_file(to)?);
            fs::rename(part, to).inspect_err(|_| drop(fs::remove_file(to)))
        }
        done => done,
    }
}

/// Puts a copy in the place of the file of a directory, which no server may use. The file that was there is moved aside,
/// with its log. Returns its new name, if there was one.
///
/// # Errors
///
/// [`Error`], and the file is as it was.
pub fn restore(dir: &Path, from: &Path) -> Result<Option<PathBuf>, Error> {
    let conn = source(from)?;
    let (_lock, file) = open::claim(dir, true)?;
    let part = create(&file, RESTORED)?;
    let made = copy(&conn, &part).and_then(|()| check(&part));
    if let Err(why) = made {
        drop(fs::remove_file(&part));
        return Err(why);
    }
    drop(conn);
    settle(&file);
    let aside = free(&file, BEFORE);
    let is_there = PARTS.map(|it| with_ending(&file, it).symlink_metadata().is_ok());
    let put = move_aside(&file, &aside).and_then(|()| fs::rename(&part, &file));
    put.map_err(|why| Error::disk(&file, &why))?;
    sync(dir);
    Ok(is_there[0].then_some(aside))
}

/// Makes way for another file, so that an end at any moment leaves no file with the log of another.
///
/// A file whose log is empty gets a second name, and keeps the first one until the other file takes it. A file with a log
/// that could not be brought into it goes before its log goes: a start finds no file then, and says so.
fn move_aside(file: &Path, aside: &Path) -> io::Result<()> {
    let has_log = LOGS.iter().any(|it| is_filled(&with_ending(file, it)));
    if has_log || fs::hard_link(file, aside).is_err() {
        return PARTS.iter().try_for_each(|part| {
            match fs::rename(with_ending(file, part), with_ending(aside, part)) {
                Err(why) if why.kind() != io::ErrorKind::NotFound => Err(why),
                _ => Ok(()),
            }
        });
    }
    PARTS[1..]
        .iter()
        .try_for_each(|part| match fs::remove_file(with_ending(file, part)) {
            Err(why) if why.kind() != io::ErrorKind::NotFound => Err(why),
            _ => Ok(()),
        })
}

fn is_filled(file: &Path) -> bool {
    file.symlink_metadata().is_ok_and(|it| it.len() > 0)
}

/// What a restore that did not end, or one that did, left in a directory that has no file: what was moved aside last,
/// or else a copy that may not be whole.
pub(super) fn left(file: &Path) -> Option<PathBuf> {
    let last = |ending: &str| {
        let next = free(file, ending);
        let names = names(file, ending).take_while(|it| *it != next);
        names.filter(|it| it.exists()).last()
    };
    last(BEFORE).or_else(|| last(RESTORED))
}

/// A file of this program, to copy from.
pub(super) fn source(file: &Path) -> Result<Connection, Error> {
    let failed = |why: io::Error| Error::disk(file, &why);
    let mut options = OpenOptions::new();
    // A pipe is refused, and not waited for.
    options.read(true).custom_flags(open::NONBLOCK);
    open::check_kind(file, options.open(file).map_err(failed)?)?;
    let conn = open::connect(file).map_err(|why| Error::sqlite(file, &why))?;
    let version = schema::version(&conn, file)?;
    let file = file.into();
    match version {
        0 => Err(Error::Foreign { file }),
        version if version > schema::NEWEST => Err(Error::Newer { file, version }),
        _ => Ok(conn),
    }
}

/// Copies all that a connection sees at this moment to an empty file, which is removed if that fails.
pub(super) fn copy(from: &Connection, to: &Path) -> Result<(), Error> {
    let copied = copy_pages(from, to).map_err(|why| Error::sqlite(to, &why));
    let copied = copied.and_then(|is_whole| match is_whole {
        true => without_log(to).map_err(|why| Error::disk(to, &why)),
        false => Err(Error::Disk {
            file: to.into(),
            why: "another program holds what is to be copied".into(),
        }),
    });
    if copied.is_err() {
        drop(fs::remove_file(to));
    }
    copied
}

/// Notes in a file that nobody uses that it has no log, so that it is one file.
fn without_log(file: &Path) -> io::Result<()> {
    /// Where the header says by which versions the file can be written and read. 1: those without a log.
    const VERSIONS: u64 = 18;
    let file = OpenOptions::new().write(true).open(file)?;
    file.write_all_at(&[1, 1], VERSIONS)?;
    file.sync_all()
}

/// All pages in one step, so that no line comes between. Returns whether it was done.
fn copy_pages(from: &Connection, to: &Path) -> rusqlite::Result<bool> {
    let mut conn = open::connect(to)?;
    // A copy that is not whole is thrown away, so it needs no journal, which would be left behind.
    conn.query_row("PRAGMA journal_mode = OFF", [], |_| Ok(()))?;
    let is_whole = {
        let copy = Backup::new(from, &mut conn)?;
        let step = |_| copy.step(-1);
        let mut steps = (0..ATTEMPTS).map(step);
        let is_end = |it: &rusqlite::Result<StepResult>| {
            !matches!(it, Ok(StepResult::Busy | StepResult::Locked))
        };
        let last = steps.find(is_end).transpose()?;
        last.is_some_and(|it| matches!(it, StepResult::Done))
    };
    Ok(is_whole)
}

/// Checks a file and its index. Returns the number of its lines.
fn check(file: &Path) -> Result<u64, Error> {
    let failed = |why: rusqlite::Error| Error::sqlite(file, &why);
    let conn = open::connect(file).map_err(failed)?;
    conn.query_row("PRAGMA journal_mode = MEMORY", [], |_| Ok(()))
        .map_err(failed)?;
    let found = conn.query_row("PRAGMA integrity_check(1)", [], |row| {
        row.get::<_, String>(0)
    });
    let why = found.map_err(failed)?;
    if why != "ok" {
        let file = file.into();
        return Err(Error::Damaged { file, why });
    }
    conn.execute_batch("INSERT INTO found (found) VALUES ('integrity-check')")
        .map_err(failed)?;
    let count = conn.query_row("SELECT count(*) FROM message", [], |row| {
        row.get::<_, i64>(0)
    });
    Ok(count.map_err(failed)? as u64)
}

/// Brings the log into the file, as the two belong together. A file that is damaged is moved as it is.
fn settle(file: &Path) {
    let is_kind = || File::open(file).is_ok_and(|it| open::check_kind(file, it).is_ok());
    let is_sqlite = file.is_file() && is_filled(file) && is_kind();
    if is_sqlite && let Ok(conn) = open::connect(file) {
        // A journal is played back at the first look into the file.
        for sql in [
            "SELECT count(*) FROM sqlite_schema",
            "PRAGMA wal_checkpoint(TRUNCATE)",
        ] {
            drop(conn.query_row(sql, [], |_| Ok(())));
        }
    }
}

/// A new file with this ending, readable by its owner alone.
pub(super) fn create(file: &Path, ending: &str) -> Result<PathBuf, Error> {
    loop {
        let name = free(file, ending);
        match new_file(&name) {
            Ok(_) => return Ok(name),
            Err(why) if why.kind() == io::ErrorKind::AlreadyExists => {}
            Err(why) => return Err(Error::disk(file, &why)),
        }
    }
}

fn new_file(file: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600).open(file)
}

/// A name with this ending that no file has, and no file that belongs to one of it.
fn free(file: &Path, ending: &str) -> PathBuf {
    let is_taken = |it: &PathBuf| {
        let mut parts = PARTS.iter().map(|part| with_ending(it, part));
        parts.any(|it| it.symlink_metadata().is_ok())
    };
    let mut names = names(file, ending);
    names
        .find(|it| !is_taken(it))
        .unwrap_or_else(|| with_ending(file, ending))
}

/// The names with this ending, from the first on.
fn names(file: &Path, ending: &str) -> impl Iterator<Item = PathBuf> {
    let further = (2_u64..).map(move |number| format!("{ending}-{number}"));
    let endings = std::iter::once(ending.to_string()).chain(further);
    endings.map(move |it| with_ending(file, &it))
}

fn with_ending(file: &Path, ending: &str) -> PathBuf {
    let mut name: OsString = file.into();
    name.push(ending);
    name.into()
}

/// Has the names of a directory reach the disk, where that can be asked for.
fn sync(dir: &Path) {
    if let Ok(dir) = File::open(dir) {
        drop(dir.sync_all());
    }
}
