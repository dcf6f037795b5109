//! `History`: the lines typed before. A file keeps them between runs, and only its owner can read it.
//!
//! If the file cannot be read or written, the chat goes on, and the history lasts as long as the run. The same is true
//! of anything but a regular file of one's own, through a link or not: this code neither reads nor writes it, nor
//! changes its permissions.
//!
//! Several clients may add to one file at the same time. Each holds a shared lock on it (`flock`), and a client
//! shortens the file only if it is alone with it.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, Metadata, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::mem;
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, OFlags, fcntl_setfl, flock};
use rustix::io::Errno;
use rustix::process::geteuid;

use crate::limits::LINE_BYTES;
use crate::wire::clean;

/// Lines kept.
const LINES: usize = 1000;

/// How much of the end of the file is read. A longer file is cut down to its last lines.
const FILE_BYTES: u64 = 1024 * 1024;

/// How many bytes to keep of a file that is cut down. While the client writes these lines over the beginning of the
/// file, they still stand at its end.
const KEPT_BYTES: usize = FILE_BYTES as usize / 2;

/// Lines typed, the newest last, and the reader's place among them.
#[derive(Debug, Default)]
pub(super) struct History {
    lines: Vec<String>,
    /// The line that the reader looks at; the number of lines if there is none.
    at: usize,
    /// The text typed in place of the lines that the reader looked at. In the place after the last line: the text being
    /// typed before looking.
    typed: BTreeMap<usize, String>,
    file: Option<File>,
}

impl History {
    /// Reads the history of former runs, and opens the file for adding.
    pub(super) fn open(path: Option<PathBuf>) -> History {
        let mut history = History::default();
        if let Some((file, lines)) = path.and_then(|path| open_private(&path).ok()) {
            history.lines = lines;
            history.file = Some(file);
        }
        history.at = history.lines.len();
        history
    }

    /// Adds a line that was sent. The same line twice in a row counts once.
    pub(super) fn add(&mut self, line: &str) {
        self.look_away();
        if self.lines.last().is_none_or(|last| last != line) {
            self.push(line);
            if let Some(file) = &mut self.file
                && file.write_all(format!("{line}\n").as_bytes()).is_err()
            {
                self.file = None;
            }
        }
        self.at = self.lines.len();
    }

    /// Stops looking at a line, because the text at the prompt was sent or thrown away. The text being typed before
    /// looking was not, and becomes the last line of this run.
    pub(super) fn look_away(&mut self) {
        let draft = mem::take(&mut self.typed).remove(&self.lines.len());
        if self.at < self.lines.len()
            && let Some(draft) = draft
            && !draft.trim().is_empty()
        {
            self.push(&draft);
        }
        self.at = self.lines.len();
    }

    /// The lines, the newest last.
    pub(super) fn lines(&self) -> &[String] {
        &self.lines
    }

    /// The line before the current one. `typed` is the text at the prompt.
    pub(super) fn older(&mut self, typed: &str) -> Option<&str> {
        self.look(self.at.checked_sub(1)?, typed)
    }

    /// The line after the current one; after the last, the text that was being typed. `typed` is the text at the
    /// prompt.
    pub(super) fn newer(&mut self, typed: &str) -> Option<&str> {
        self.look(self.at + 1, typed)
    }

    fn look(&mut self, at: usize, typed: &str) -> Option<&str> {
        if at > self.lines.len() {
            return None;
        }
        self.typed.remove(&self.at);
        if self.lines.get(self.at).is_none_or(|line| line != typed) {
            self.typed.insert(self.at, typed.into());
        }
        self.at = at;
        let line = self.typed.get(&at).or(self.lines.get(at));
        Some(line.map_or("", String::as_str))
    }

    fn push(&mut self, line: &str) {
        if self.lines.len() == LINES {
            self.lines.remove(0);
        }
        self.lines.push(line.into());
    }
}

/// The path of the history (XDG Base Directory Specification, state).
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

/// Opens the file for adding, and reads its last lines. Other people who could read it no longer can.
fn open_private(path: &Path) -> io::Result<(File, Vec<String>)> {
    if let Some(directory) = path.parent() {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)?;
    }
    // Opening something other than a file can have an effect, or wait for somebody.
    match fs::metadata(path) {
        Ok(found) => check_own(&found)?,
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let quietly = OFlags::NONBLOCK | OFlags::NOCTTY;
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .custom_flags(quietly.bits() as i32)
        .open(path)?;
    let found = file.metadata()?;
    check_own(&found)?;
    if found.permissions().mode() & 0o077 != 0 {
        file.set_permissions(Permissions::from_mode(0o600))?;
    }
    let is_alone = lock(&file, FlockOperation::NonBlockingLockExclusive);
    let lines = read_lines(&mut file)?;
    if is_alone {
        // A file that cannot be shortened can still be added to.
        let _ = tidy(&file, &lines);
    }
    lock(&file, FlockOperation::NonBlockingLockShared);
    fcntl_setfl(&file, OFlags::APPEND)?;
    Ok((file, lines))
}

/// Refuses anything but a regular file, and files of other people.
fn check_own(found: &Metadata) -> io::Result<()> {
    if found.is_file() && found.uid() == geteuid().as_raw() {
        return Ok(());
    }
    Err(io::Error::other("it is not a regular file of your own"))
}

/// Whether no other client's lock is in the way. Without support for locks, none is known to be.
fn lock(file: &File, how: FlockOperation) -> bool {
    flock(file, how) != Err(Errno::WOULDBLOCK)
}

/// Shortens a file that has grown long to its last lines, and ends the last line of any file.
///
/// It stays the same file, so links to it still work. The lines are written over its beginning before the rest is cut
/// off. So a crash in between leaves some of them twice but loses none, unless a lot that is not a line stands between
/// them.
fn tidy(file: &File, lines: &[String]) -> io::Result<()> {
    let length = file.metadata()?.len();
    let mut last = [b'\n'];
    if length <= FILE_BYTES {
        if length > 0 {
            file.read_exact_at(&mut last, length - 1)?;
        }
        return match last {
            [b'\n'] => Ok(()),
            _ => file.write_all_at(b"\n", length),
        };
    }
    let mut kept = 0;
    let fits = |line: &&String| {
        kept += line.len() + 1;
        kept <= KEPT_BYTES
    };
    let count = lines.iter().rev().take_while(fits).count();
    let lines = lines[lines.len() - count..].iter();
    let text: String = lines.flat_map(|line| [line, "\n"]).collect();
    file.write_all_at(text.as_bytes(), 0)?;
    file.set_len(text.len() as u64)
}

/// The last lines of the file, without any that are too long to be typed.
fn read_lines(file: &mut File) -> io::Result<Vec<String>> {
    let begin = file.metadata()?.len().saturating_sub(FILE_BYTES);
    file.seek(SeekFrom::Start(begin))?;
    let mut bytes = Vec::new();
    file.take(FILE_BYTES).read_to_end(&mut bytes)?;
    let mut lines: Vec<String> = bytes
        .split(|&byte| byte == b'\n')
        // The text before the first line end may be the rest of a line.
        .skip(usize::from(begin > 0))
        .filter(|line| !line.is_empty() && line.len() <= LINE_BYTES)
        .map(|line| clean(line).into_owned())
        .filter(|line| line.len() <= LINE_BYTES)
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
        assert_eq!(history.newer("one"), Some("two"));
        assert_eq!(history.newer("two"), Some("draft"));
        assert_eq!(history.newer("draft"), None);
    }

    #[test]
    fn a_line_that_was_changed_is_found_as_it_was_left_until_another_one_is_sent() {
        let mut history = History::open(None);
        history.add("one");
        history.add("two");
        assert_eq!(history.older(""), Some("two"));
        assert_eq!(history.older("two and a half"), Some("one"));
        assert_eq!(history.newer("one"), Some("two and a half"));
        assert_eq!(history.newer("two"), Some(""));
        assert_eq!(history.older(""), Some("two"));
        assert_eq!(history.newer("two again"), Some(""));
        history.add("three");
        assert_eq!(history.lines, ["one", "two", "three"]);
        assert_eq!(history.older("draft"), Some("three"));
        assert_eq!(history.older("three"), Some("two"));
        history.look_away();
        assert_eq!(history.lines, ["one", "two", "three", "draft"]);
    }

    /// A directory of one test, removed when dropped.
    struct Directory(PathBuf);

    impl Directory {
        fn new(name: &str) -> Directory {
            let name = format!("chinwag-history-{}-{name}", std::process::id());
            let path = std::env::temp_dir().join(name);
            fs::create_dir_all(&path).unwrap();
            Directory(path)
        }
    }

    impl Drop for Directory {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    fn long() -> String {
        (0..200_000).map(|i| format!("line {i}\n")).collect()
    }

    #[test]
    fn a_history_outlives_its_run_and_only_its_owner_can_read_it() {
        let directory = Directory::new("own");
        set_mode(&directory.0, 0o755);
        let path = directory.0.join("deep").join("history");
        let mut history = History::open(Some(path.clone()));
        history.add("one");
        set_mode(&path, 0o644);
        drop(history);

        let mut second = History::open(Some(path.clone()));
        assert_eq!(second.older(""), Some("one"));
        assert_eq!(mode(&path), 0o600);
        assert_eq!(mode(path.parent().unwrap()), 0o700);
        assert_eq!(mode(&directory.0), 0o755, "it was there before");
        drop(second);

        // A file that has grown long is cut down to its last lines.
        fs::write(&path, long()).unwrap();
        let mut third = History::open(Some(path.clone()));
        assert_eq!(third.lines.len(), LINES);
        assert_eq!(third.older(""), Some("line 199999"));
        third.add("new");
        let kept = fs::read_to_string(&path).unwrap();
        assert!(kept.starts_with("line 199000\n"));
        assert!(kept.len() < 20_000 && kept.ends_with("line 199999\nnew\n"));
    }

    #[test]
    fn links_of_either_kind_still_lead_to_a_file_that_was_cut_down() {
        let directory = Directory::new("links");
        let [file, symbolic, hard] = ["file", "symbolic", "hard"].map(|it| directory.0.join(it));
        fs::write(&file, long()).unwrap();
        std::os::unix::fs::symlink(&file, &symbolic).unwrap();
        fs::hard_link(&file, &hard).unwrap();
        for link in [&symbolic, &hard] {
            let before = fs::metadata(&file).unwrap().ino();
            let mut history = History::open(Some(link.clone()));
            history.add(&format!("by {}", link.display()));
            assert_eq!(fs::metadata(link).unwrap().ino(), before);
            let kept = fs::read_to_string(&file).unwrap();
            assert!(kept.ends_with(&format!("by {}\n", link.display())));
            drop(history);
            fs::write(&file, long()).unwrap();
        }
        assert!(fs::symlink_metadata(&symbolic).unwrap().is_symlink());
        assert_eq!(fs::metadata(&file).unwrap().nlink(), 2);
    }

    #[test]
    fn what_is_no_file_is_left_alone() {
        use rustix::fs::{CWD, FileType, Mode, makedev, mknodat};
        use std::os::unix::net::UnixListener;

        let directory = Directory::new("special");
        let make = |name: &str, kind, device| {
            let path = directory.0.join(name);
            mknodat(CWD, &path, kind, Mode::empty(), device).map(|()| path)
        };
        let mut special = vec![make("fifo", FileType::Fifo, 0).unwrap()];
        // Only root can make devices: this one is that of /dev/null.
        special.extend(make("device", FileType::CharacterDevice, makedev(1, 3)));
        special.push(directory.0.join("directory"));
        fs::create_dir(special.last().unwrap()).unwrap();
        special.push(directory.0.join("socket"));
        let _socket = UnixListener::bind(special.last().unwrap()).unwrap();

        for path in special {
            set_mode(&path, 0o666);
            let link = path.with_extension("link");
            std::os::unix::fs::symlink(&path, &link).unwrap();
            for path in [&path, &link] {
                let mut history = History::open(Some(path.clone()));
                assert!(history.file.is_none(), "{}", path.display());
                history.add("one");
                assert_eq!(history.older(""), Some("one"));
                assert_eq!(mode(path), 0o666);
            }
        }
    }

    #[test]
    fn a_file_of_somebody_else_is_left_alone() {
        let directory = Directory::new("other");
        let path = directory.0.join("history");
        fs::write(&path, "theirs\n").unwrap();
        set_mode(&path, 0o666);
        // Only root can give a file away.
        if std::os::unix::fs::chown(&path, Some(12_345), None).is_err() {
            return;
        }
        let mut history = History::open(Some(path.clone()));
        history.add("mine");
        assert_eq!(history.lines, ["mine"]);
        assert_eq!(fs::read_to_string(&path).unwrap(), "theirs\n");
        assert_eq!(mode(&path), 0o666);
    }

    #[test]
    fn a_line_that_nobody_can_type_is_left_out() {
        let directory = Directory::new("lines");
        let path = directory.0.join("history");
        let longest = "y".repeat(LINE_BYTES);
        let bad = vec![0xff; LINE_BYTES];
        let one = [b"one\n\n", longest.as_bytes(), b"\n", &bad, b"\ntwo\n"].concat();
        fs::write(&path, [&one[..], &vec![b'x'; 100_000]].concat()).unwrap();
        let mut history = History::open(Some(path.clone()));
        assert_eq!(history.lines, ["one", &longest, "two"]);
        // The next text has a line of its own.
        history.add("three");
        assert!(fs::read(&path).unwrap().ends_with(b"x\nthree\n"));
        drop(history);

        // A file that is one line, or ends in the middle of one.
        for size in [FILE_BYTES as usize, 2 * FILE_BYTES as usize] {
            fs::write(&path, vec![b'x'; size]).unwrap();
            let mut history = History::open(Some(path.clone()));
            assert_eq!(history.older("draft"), None);
            history.add("four");
            drop(history);
            assert_eq!(History::open(Some(path.clone())).lines, ["four"]);
        }

        // As many long lines are kept as fit into half the file.
        fs::write(&path, format!("{longest}\n").repeat(200)).unwrap();
        assert_eq!(History::open(Some(path.clone())).lines.len(), 127);
        assert_eq!(
            fs::metadata(&path).unwrap().len(),
            63 * (LINE_BYTES as u64 + 1)
        );
    }

    #[test]
    fn a_file_that_another_client_adds_to_is_not_cut_down() {
        let directory = Directory::new("two");
        let path = directory.0.join("history");
        let mut first = History::open(Some(path.clone()));
        fs::write(&path, long()).unwrap();
        let mut second = History::open(Some(path.clone()));
        assert_eq!(second.older(""), Some("line 199999"));
        first.add("of the first");
        second.add("of the second");
        let added = "of the first\nof the second\n";
        assert_eq!(fs::read_to_string(&path).unwrap(), long() + added);
        drop((first, second));
        let third = History::open(Some(path.clone()));
        assert!(fs::metadata(&path).unwrap().len() < 20_000);
        assert_eq!(third.lines[LINES - 2..], ["of the first", "of the second"]);
    }
}
