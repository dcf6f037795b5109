//! `History`: what was typed before, kept between runs in a file that its owner alone can read.
//!
//! A file that cannot be read or written is no reason not to chat: then the history lasts as long as the run.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::wire::clean;

/// Lines kept.
const LINES: usize = 1000;

/// How much of the end of the file is read. What is longer is cut down to the lines kept.
const FILE_BYTES: u64 = 1024 * 1024;

/// Lines typed, the newest last, and where among them the reader looks.
#[derive(Debug, Default)]
pub(super) struct History {
    lines: Vec<String>,
    /// The line looked at; as many as there are lines when none is.
    at: usize,
    /// What was being typed before looking.
    draft: String,
    file: Option<File>,
}

impl History {
    /// Reads the history of former runs, and opens it to be added to.
    pub(super) fn open(path: Option<PathBuf>) -> History {
        let mut history = History::default();
        if let Some(path) = path
            && let Ok(mut file) = open_private(&path)
        {
            if let Ok(lines) = read_lines(&mut file) {
                history.lines = lines;
            }
            history.file = Some(file);
        }
        history.at = history.lines.len();
        history
    }

    /// Adds a line that was sent. The same line twice in a row is kept once.
    pub(super) fn add(&mut self, line: &str) {
        if self.lines.last().is_none_or(|last| last != line) {
            if self.lines.len() == LINES {
                self.lines.remove(0);
            }
            self.lines.push(line.into());
            if let Some(file) = &mut self.file
                && file.write_all(format!("{line}\n").as_bytes()).is_err()
            {
                self.file = None;
            }
        }
        self.at = self.lines.len();
        self.draft.clear();
    }

    /// The line before the one looked at. `typed` is what stands at the prompt.
    pub(super) fn older(&mut self, typed: &str) -> Option<&str> {
        if self.at == 0 {
            return None;
        }
        if self.at == self.lines.len() {
            self.draft = typed.into();
        }
        self.at -= 1;
        Some(&self.lines[self.at])
    }

    /// The line after the one looked at; behind the last, what was being typed.
    pub(super) fn newer(&mut self) -> Option<&str> {
        if self.at == self.lines.len() {
            return None;
        }
        self.at += 1;
        Some(self.lines.get(self.at).unwrap_or(&self.draft))
    }
}

/// Where the history is kept (XDG Base Directory Specification, state).
pub(super) fn default_path() -> Option<PathBuf> {
    let absolute = |variable| {
        std::env::var_os(variable)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let state = absolute("XDG_STATE_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".local/state")))?;
    Some(state.join("chinwag").join("history"))
}

/// Opens the file to be read and added to. Whoever else could read it cannot any more.
fn open_private(path: &Path) -> io::Result<File> {
    if let Some(directory) = path.parent() {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)?;
    }
    let file = OpenOptions::new()
        .read(true)
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)?;
    if file.metadata()?.permissions().mode() & 0o077 != 0 {
        file.set_permissions(Permissions::from_mode(0o600))?;
    }
    if file.metadata()?.len() > FILE_BYTES {
        return shorten(path, file);
    }
    Ok(file)
}

/// Replaces a file that has grown long by its last lines.
fn shorten(path: &Path, mut file: File) -> io::Result<File> {
    let lines = read_lines(&mut file)?;
    let next = path.with_extension(format!("new{}", std::process::id()));
    let mut shorter = OpenOptions::new()
        .read(true)
        .append(true)
        .create_new(true)
        .mode(0o600)
        .open(&next)?;
    let text: String = lines.iter().flat_map(|line| [line, "\n"]).collect();
    shorter.write_all(text.as_bytes())?;
    fs::rename(&next, path)?;
    Ok(shorter)
}

fn read_lines(file: &mut File) -> io::Result<Vec<String>> {
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(FILE_BYTES)))?;
    let mut bytes = Vec::new();
    file.take(FILE_BYTES).read_to_end(&mut bytes)?;
    let mut lines: Vec<String> = bytes
        .split(|&byte| byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| clean(line).into_owned())
        .collect();
    lines.drain(..lines.len().saturating_sub(LINES));
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_being_typed_waits_below_the_history() {
        let mut history = History::open(None);
        assert_eq!(history.older("draft"), None);
        history.add("one");
        history.add("two");
        history.add("two");
        assert_eq!(history.older("draft"), Some("two"));
        assert_eq!(history.older("two"), Some("one"));
        assert_eq!(history.older("one"), None);
        assert_eq!(history.newer(), Some("two"));
        assert_eq!(history.newer(), Some("draft"));
        assert_eq!(history.newer(), None);
    }

    #[test]
    fn a_history_outlives_its_run_and_only_its_owner_can_read_it() {
        let directory =
            std::env::temp_dir().join(format!("chinwag-history-{}", std::process::id()));
        let path = directory.join("deep").join("history");
        let mut history = History::open(Some(path.clone()));
        history.add("one");
        fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();

        let mut second = History::open(Some(path.clone()));
        assert_eq!(second.older(""), Some("one"));
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let mode = fs::metadata(path.parent().unwrap())
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o700);

        // One that has grown long is cut down to its last lines.
        let long: String = (0..200_000).map(|i| format!("line {i}\n")).collect();
        fs::write(&path, long).unwrap();
        let mut third = History::open(Some(path.clone()));
        assert_eq!(third.lines.len(), LINES);
        assert_eq!(third.older(""), Some("line 199999"));
        third.add("new");
        let kept = fs::read_to_string(&path).unwrap();
        assert!(kept.len() < 20_000 && kept.ends_with("line 199999\nnew\n"));
        fs::remove_dir_all(&directory).unwrap();
    }
}
