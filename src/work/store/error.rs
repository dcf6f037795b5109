//! What can go wrong, as sentences: at a start, while the writer works, and for a reader's question.

use std::fmt;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

use crate::erasure::messages;

use super::open::NAME;

/// Why a directory cannot be used, or a copy cannot be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// Another server uses it.
    InUse {
        /// The directory.
        dir: PathBuf,
        /// The process, if it can be told.
        process: Option<u32>,
    },
    /// It is on a file system where the locks of SQLite do not work.
    Network {
        /// The directory.
        dir: PathBuf,
        /// The kind of the file system.
        kind: &'static str,
    },
    /// The file is damaged.
    Damaged {
        /// The file.
        file: PathBuf,
        /// What SQLite says about it.
        why: String,
    },
    /// The file was written by a later version.
    Newer {
        /// The file.
        file: PathBuf,
        /// The version of its tables.
        version: i64,
    },
    /// The file is something else.
    Foreign {
        /// The file.
        file: PathBuf,
    },
    /// There is a file already where one would have to be written.
    Exists {
        /// The file.
        file: PathBuf,
    },
    /// There is no file, but what a restore moved aside or did not put in its place.
    Missing {
        /// The file.
        file: PathBuf,
        /// What is there.
        left: PathBuf,
    },
    /// The file, or its directory, cannot be read or written.
    Disk {
        /// The file.
        file: PathBuf,
        /// Why not.
        why: String,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::InUse { dir, process } => {
                write!(f, "{} is in use by another server", dir.display())?;
                match process {
                    Some(process) => write!(f, " (process {process})"),
                    None => Ok(()),
                }
            }
            Error::Network { dir, kind } => {
                let dir = dir.display();
                write!(f, "{dir} is on {kind}, where a file can be damaged by use")
            }
            Error::Damaged { file, why } => {
                let file = file.display();
                write!(f, "{file} is damaged ({why}); restore it from a backup")
            }
            Error::Newer { file, version } => {
                let file = file.display();
                write!(
                    f,
                    "{file} is of a newer version ({version}) than this server reads; update the server"
                )
            }
            Error::Foreign { file } => {
                let what = if file.ends_with(NAME) {
                    "directory"
                } else {
                    "file"
                };
                let file = file.display();
                write!(f, "{file} is not a file of Chinwag; give another {what}")
            }
            Error::Exists { file } => write!(
                f,
                "{} exists already; choose another name, or move it away",
                file.display()
            ),
            Error::Missing { file, left } => {
                let (file, left) = (file.display(), left.display());
                write!(
                    f,
                    "{file} is missing, but {left} is there; restore a backup, rename that file to {NAME}, or move it away"
                )
            }
            Error::Disk { file, why } => {
                write!(f, "{} cannot be used: {why}", file.display())
            }
        }
    }
}

impl std::error::Error for Error {}

impl Error {
    /// A failure of the system.
    pub(super) fn disk(file: &Path, why: &std::io::Error) -> Error {
        Error::Disk {
            file: file.into(),
            why: why.to_string(),
        }
    }

    /// A failure of SQLite.
    pub(super) fn sqlite(file: &Path, why: &rusqlite::Error) -> Error {
        let file = file.into();
        let code = why.sqlite_error_code();
        let why = sentence(why);
        match code {
            // Code of SQLite that reads wrong data can find anything wrong, so the other codes prove no health.
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::Unknown) => {
                Error::Damaged { file, why }
            }
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Error::Disk {
                file,
                why: "another program holds it".into(),
            },
            _ => Error::Disk { file, why },
        }
    }
}

/// What SQLite says about a failure.
pub(super) fn sentence(why: &rusqlite::Error) -> String {
    match why {
        rusqlite::Error::SqliteFailure(_, Some(text)) => text.clone(),
        other => other.to_string(),
    }
}

/// What an operator is told while the chat goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Report {
    /// Another process holds the file, and this many lines wait.
    Busy(usize),
    /// The disk is full, and this many lines wait.
    Full(usize),
    /// Lines are kept again.
    Again,
    /// This many lines were refused since the last such report, as too many waited.
    Refused(u64),
    /// The file cannot be written. It is opened once more.
    Broken(String),
    /// Nothing is kept any more.
    Off(String),
    /// The write-ahead log has this many bytes, as another process reads the file for a long time.
    LargeLog(i64),
    /// The clock is ahead of the newest line by this many days, so no line is removed for its age yet.
    ClockAhead(u64),
    /// The tables were brought to this version. The file as it was is kept.
    Migrated {
        /// The version.
        to: i64,
        /// The file as it was.
        copy: PathBuf,
    },
    /// The index of this many lines was rebuilt.
    Indexed(u64),
    /// What somebody said is in no file of the directory any more.
    Erased {
        /// Their name.
        name: String,
        /// How many lines the file had.
        count: u64,
    },
    /// The names of so many accounts look like those of others now, as what looks alike is known better.
    Alike {
        /// How many.
        count: usize,
        /// Such a name.
        one: String,
        /// One that looks like it.
        other: String,
    },
}

impl Report {
    /// Whether it is a trouble that somebody should look after.
    pub fn is_trouble(&self) -> bool {
        !matches!(
            self,
            Report::Again | Report::Migrated { .. } | Report::Indexed(_) | Report::Erased { .. }
        )
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Report::Busy(rows) => {
                write!(
                    f,
                    "another process holds the file; {} for it",
                    waiting(*rows)
                )
            }
            Report::Full(rows) => {
                write!(f, "the disk is full; {} until it has room", waiting(*rows))
            }
            Report::Again => write!(f, "lines are kept again"),
            Report::Refused(1) => write!(f, "1 line was not kept, as too many wait for the disk"),
            Report::Refused(rows) => {
                write!(
                    f,
                    "{rows} lines were not kept, as too many wait for the disk"
                )
            }
            Report::Broken(why) => {
                write!(f, "the file cannot be written ({why}); opening it again")
            }
            Report::Off(why) => write!(f, "what is said is no longer kept: {why}"),
            Report::LargeLog(bytes) => {
                let mib = bytes / (1024 * 1024);
                write!(
                    f,
                    "another process has been reading the file for a long time; its log has {mib} MiB"
                )
            }
            Report::ClockAhead(days) => write!(
                f,
                "the clock is {days} days ahead of the newest line; no line is removed for its age yet"
            ),
            Report::Migrated { to, copy } => {
                let copy = copy.display();
                write!(
                    f,
                    "the file was brought to version {to}; {copy} is what it was"
                )
            }
            Report::Alike { count, one, other } => {
                let accounts = match count {
                    1 => "1 account has".into(),
                    count => format!("{count} accounts have"),
                };
                write!(
                    f,
                    "{accounts} a name that looks like another's by the tables of this version, such as {one} and {other}; each keeps its name"
                )
            }
            Report::Erased { name, count } => {
                let messages = messages(*count);
                write!(f, "{messages} of {name} were removed from the file")
            }
            Report::Indexed(1) => write!(f, "the index of 1 line was rebuilt"),
            Report::Indexed(rows) => write!(f, "the index of {rows} lines was rebuilt"),
        }
    }
}

/// How many lines wait.
fn waiting(rows: usize) -> String {
    match rows {
        1 => "1 line waits".into(),
        rows => format!("{rows} lines wait"),
    }
}

/// Why a reader's question has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// It would take too long.
    TooMuch,
    /// The disk is slow, so the file does not have what was said last.
    Behind,
    /// The file cannot be read.
    Failed(String),
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Error, Report};

    #[test]
    fn one_line_is_one() {
        for (report, sentence) in [
            (
                Report::Busy(1),
                "another process holds the file; 1 line waits for it",
            ),
            (
                Report::Busy(2),
                "another process holds the file; 2 lines wait for it",
            ),
            (
                Report::Full(1),
                "the disk is full; 1 line waits until it has room",
            ),
            (
                Report::Refused(1),
                "1 line was not kept, as too many wait for the disk",
            ),
            (Report::Indexed(1), "the index of 1 line was rebuilt"),
        ] {
            assert_eq!(report.to_string(), sentence);
        }
    }

    #[test]
    fn a_file_that_is_locked_is_held_by_another_program() {
        let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY);
        let why = rusqlite::Error::SqliteFailure(code, Some("database is locked".into()));
        let why = Error::sqlite(Path::new("x"), &why).to_string();
        assert_eq!(why, "x cannot be used: another program holds it");
    }
}
