//! Copies of a file in use, and the way back.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{Directory, Running, Time, assert_whole, row, sqlite3};
use crate::message::Past;
use crate::work::store::error::Error;
use crate::work::store::open::open;
use crate::work::store::{backup, restore};

fn rows(seqs: std::ops::RangeInclusive<u64>) -> Vec<Past> {
    seqs.map(|seq| row(seq, &format!("line {seq}"))).collect()
}

fn count(path: &std::path::Path) -> String {
    sqlite3(path, "SELECT count(*) FROM message")
}

#[test]
fn a_copy_is_made_while_lines_are_kept() {
    let dir = Directory::new();
    let mut store = Running::start(&dir.options());
    store.keep(&rows(1..=3000));
    let copy = dir.0.join("copy.db");
    let made = std::thread::scope(|scope| {
        let (from, to) = (&dir.0, &copy);
        let copying = scope.spawn(move || backup(from, to));
        for batch in 0..20 {
            store.keep(&rows(3001 + batch * 50..=3050 + batch * 50));
        }
        copying.join().expect("it ends")
    });
    let lines = made.expect("it works");
    assert!((3000..=4000).contains(&lines), "{lines}");
    assert_eq!(count(&copy), lines.to_string());
    assert_whole(&copy);
    let mode = fs::metadata(&copy)
        .expect("it is there")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(sqlite3(&copy, "PRAGMA journal_mode"), "delete");
    let again = backup(&dir.0, &copy);
    assert_eq!(again, Err(Error::Exists { file: copy.clone() }));
    let in_use = restore(&dir.0, &copy);
    assert!(matches!(in_use, Err(Error::InUse { .. })), "{in_use:?}");
    store.stop();
    assert_eq!(count(&dir.file()), "4000");
}

#[test]
fn a_copy_takes_the_place_of_a_file_and_its_log() {
    let dir = Directory::new();
    let mut store = Running::start(&dir.options());
    store.keep(&rows(1..=10));
    let copy = dir.0.join("copy.db");
    assert_eq!(backup(&dir.0, &copy), Ok(10));
    store.keep(&rows(11..=20));
    // As a crash leaves it: the last lines are in the log alone.
    let crashed = Directory::new();
    fs::create_dir_all(&crashed.0).expect("a directory");
    for part in ["chinwag.db", "chinwag.db-wal"] {
        fs::copy(dir.0.join(part), crashed.0.join(part)).expect("it is copied");
    }
    store.stop();
    let aside = restore(&crashed.0, &copy)
        .expect("it works")
        .expect("a file was there");
    assert_eq!(aside, crashed.0.join("chinwag.db.before"));
    assert_eq!(count(&crashed.file()), "10");
    assert_eq!(count(&aside), "20");
    assert_whole(&crashed.file());
    let mut store = Running::start(&crashed.options());
    assert_eq!(store.loaded.seq, 10);
    store.keep(&rows(11..=12));
    store.stop();
    let aside = restore(&crashed.0, &copy).expect("it works");
    assert_eq!(aside, Some(crashed.0.join("chinwag.db.before-2")));
    let empty = Directory::new();
    assert_eq!(restore(&empty.0, &copy), Ok(None));
    assert_eq!(count(&empty.file()), "10");
}

#[test]
fn what_is_no_copy_changes_nothing() {
    let dir = Directory::new();
    let mut store = Running::start(&dir.options());
    store.keep(&rows(1..=200));
    store.stop();
    let copy = dir.0.join("copy.db");
    assert_eq!(backup(&dir.0, &copy), Ok(200));
    let mut bytes = fs::read(&copy).expect("it is read");
    let size = bytes.len();
    // In the middle of the tables, where only a check finds it.
    let page = sqlite3(
        &copy,
        "SELECT rootpage FROM sqlite_schema WHERE name = 'person_key'",
    );
    let at = (page.parse::<usize>().expect("a number") - 1) * 4096;
    bytes[at + 40..at + 4096].fill(0x77);
    let bad = dir.0.join("bad.db");
    fs::write(&bad, &bytes).expect("it is written");
    let text = dir.0.join("text");
    fs::write(&text, vec![b'x'; size]).expect("it is written");
    let before = fs::read(dir.file()).expect("it is read");
    assert!(matches!(restore(&dir.0, &bad), Err(Error::Damaged { .. })));
    assert!(matches!(restore(&dir.0, &text), Err(Error::Foreign { .. })));
    let missing = dir.0.join("missing");
    assert!(matches!(restore(&dir.0, &missing), Err(Error::Disk { .. })));
    assert_eq!(fs::read(dir.file()).expect("it is read"), before);
    fs::copy(&bad, dir.file()).expect("it is copied");
    let to = dir.0.join("of-bad.db");
    assert!(matches!(backup(&dir.0, &to), Err(Error::Damaged { .. })));
    let mut left: Vec<_> = fs::read_dir(&dir.0)
        .expect("it can be listed")
        .flatten()
        .collect();
    left.retain(|it| it.path().to_string_lossy().contains("of-bad"));
    assert!(left.is_empty(), "{left:?}");
}

fn names(dir: &Directory) -> Vec<String> {
    let files = fs::read_dir(&dir.0).expect("it can be listed").flatten();
    let mut names: Vec<String> = files
        .map(|it| it.file_name().to_string_lossy().into())
        .collect();
    names.sort();
    names
}

/// A directory with ten lines, stopped, and a copy of them elsewhere.
fn copied() -> (Directory, Directory, std::path::PathBuf) {
    let (dir, other) = (Directory::new(), Directory::new());
    let mut store = Running::start(&dir.options());
    store.keep(&rows(1..=10));
    store.stop();
    fs::create_dir_all(&other.0).expect("a directory");
    let copy = other.0.join("copy.db");
    assert_eq!(backup(&dir.0, &copy), Ok(10));
    (dir, other, copy)
}

#[test]
fn only_what_a_copy_made_is_removed_and_its_name_is_taken_last() {
    let (dir, other, _) = copied();
    let foreign = other.0.join("m.db.part");
    fs::write(&foreign, "mine").expect("it is written");
    let to = other.0.join("m.db");
    // Nobody ever sees a file of this name that is not whole.
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                let size = fs::metadata(&to).map(|it| it.len());
                assert!(!matches!(size, Ok(0)), "it is empty");
            }
        });
        let copies = (0..20).map(|_| {
            drop(fs::remove_file(&to));
            backup(&dir.0, &to)
        });
        let copies: Vec<_> = copies.collect();
        is_over.store(true, Ordering::Relaxed);
        assert_eq!(copies, vec![Ok(10); 20]);
    });
    assert_eq!(fs::read(&foreign).expect("it is there"), b"mine");
    assert_eq!(names(&other), ["copy.db", "m.db", "m.db.part"]);
    let again = backup(&dir.0, &to).expect_err("it is there").to_string();
    assert!(again.ends_with("m.db exists already; choose another name, or move it away"));
    assert_eq!(names(&other), ["copy.db", "m.db", "m.db.part"]);
}

/// An end at any moment leaves a file under the name.
#[test]
fn a_file_is_there_all_the_while_another_takes_its_place() {
    let (dir, _other, copy) = copied();
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                assert!(dir.file().exists(), "it is gone");
            }
        });
        // A program that another test starts has the lock too, for a moment.
        let restored = std::iter::repeat_with(|| restore(&dir.0, &copy));
        let restored = restored.filter(|it| !matches!(it, Err(Error::InUse { .. })));
        let restored: Vec<_> = restored.take(40).collect();
        is_over.store(true, Ordering::Relaxed);
        assert!(restored.iter().all(Result::is_ok), "{restored:?}");
    });
    assert_eq!(count(&dir.0.join("chinwag.db.before-40")), "10");
}

#[test]
fn a_log_never_belongs_to_another_file() {
    let (dir, _other, copy) = copied();
    // A log that cannot be brought into its file, as that is damaged.
    fs::write(dir.file(), "damaged").expect("it is written");
    for log in ["chinwag.db-wal", "chinwag.db-journal"] {
        fs::write(dir.0.join(log), log).expect("it is written");
    }
    let aside = restore(&dir.0, &copy).expect("it works");
    assert_eq!(aside, Some(dir.0.join("chinwag.db.before")));
    assert_eq!(
        names(&dir),
        [
            "chinwag.db",
            "chinwag.db.before",
            "chinwag.db.before-journal",
            "chinwag.db.before-wal",
            "lock"
        ]
    );
    assert_eq!(count(&dir.file()), "10");
    // One without a file is moved too, to a name of its own.
    fs::remove_file(dir.file()).expect("it is removed");
    fs::write(dir.0.join("chinwag.db-wal"), "x").expect("it is written");
    assert_eq!(restore(&dir.0, &copy), Ok(None));
    assert!(dir.0.join("chinwag.db.before-2-wal").exists());
    assert_eq!(count(&dir.file()), "10");
}

#[test]
fn a_start_makes_no_new_file_beside_what_a_restore_left() {
    for left in ["chinwag.db.before", "chinwag.db.restored"] {
        let (dir, _other, copy) = copied();
        fs::rename(dir.file(), dir.0.join(left)).expect("it is renamed");
        let why = open(&dir.options(), Time::new().clock()).err();
        let path = dir.0.display();
        let sentence = format!(
            "{path}/chinwag.db is missing, but {path}/{left} is there; restore a backup, rename that file to chinwag.db, or move it away"
        );
        assert_eq!(why.map(|it| it.to_string()), Some(sentence));
        assert_eq!(names(&dir), [left, "lock"]);
        assert_eq!(restore(&dir.0, &copy), Ok(None));
        drop(open(&dir.options(), Time::new().clock()).expect("it opens"));
    }
}

#[test]
fn a_pipe_is_refused_and_not_waited_for() {
    let (dir, other, _) = copied();
    let pipe = other.0.join("pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.expect("it runs").success());
    assert!(matches!(restore(&dir.0, &pipe), Err(Error::Foreign { .. })));
    fs::rename(&pipe, dir.file()).expect("it is renamed");
    let opened = open(&dir.options(), Time::new().clock()).err();
    assert!(matches!(opened, Some(Error::Foreign { .. })), "{opened:?}");
}
