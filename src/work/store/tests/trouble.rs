//! A disk that is slow, full, broken or gone.

use std::fs;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode};

use super::{Directory, LONG, Running, Time, assert_whole, keep, row, search, sqlite3, until};
use crate::message::{Keep, Past};
use crate::work::store::batch::Batch;
use crate::work::store::error::{Refused, Report};
use crate::work::store::item::Item;
use crate::work::store::open::{self, open};
use crate::work::store::queue::Condition;

fn rows(seqs: std::ops::RangeInclusive<u64>) -> Vec<Past> {
    seqs.map(|seq| row(seq, "some words of a line")).collect()
}

fn count(dir: &Directory) -> String {
    sqlite3(
        &dir.file(),
        "SELECT count(*), count(DISTINCT seq), max(seq) FROM message",
    )
}

#[test]
fn lines_wait_while_another_process_holds_the_file() {
    let dir = Directory::new();
    let mut store = Running::start(&dir.options());
    store.keep(&rows(1..=10));
    let other = Connection::open(dir.file()).expect("it opens");
    other.execute_batch("BEGIN IMMEDIATE").expect("it locks");
    store.give(&rows(11..=20));
    let time = store.time.clone();
    until(|| {
        time.pass(Duration::from_millis(1));
        store.sink.status().condition == Condition::Busy
    });
    assert_eq!(store.report(), Report::Busy(10));
    store.give(&rows(21..=30));
    assert_eq!(store.sink.status().waiting.0, 20);
    other.execute_batch("COMMIT").expect("it unlocks");
    assert_eq!(store.report(), Report::Again);
    until(|| store.sink.status().kept == 30);
    assert_eq!(store.sink.status().condition, Condition::Keeping);
    store.stop();
    assert_eq!(count(&dir), "30|30|30");
}

#[test]
fn the_end_does_not_wait_for_ever() {
    let dir = Directory::new();
    let mut store = Running::start(&dir.options());
    store.keep(&rows(1..=10));
    let other = Connection::open(dir.file()).expect("it opens");
    other.execute_batch("BEGIN IMMEDIATE").expect("it locks");
    store.give(&rows(11..=20));
    let time = store.time.clone();
    store.sink.stop(time.now() + Duration::from_secs(2));
    until(|| {
        time.pass(Duration::from_millis(1));
        store.writer.is_finished()
    });
    let ended = store.writer.join().expect("it ends");
    assert_eq!((ended.kept, ended.left), (10, 10));
    other.execute_batch("ROLLBACK").expect("it unlocks");
    assert_eq!(count(&dir), "10|10|10");
}

#[test]
fn a_full_file_takes_the_same_lines_later() {
    let dir = Directory::new();
    drop(open(&dir.options(), Time::new().clock()).expect("it opens"));
    let conn = open::to_write(&dir.file(), false).expect("it opens");
    let pages: i64 = conn
        .query_row("PRAGMA page_count", [], |row| row.get(0))
        .expect("a number");
    let limit = |pages: i64| {
        let sql = format!("PRAGMA max_page_count = {pages}");
        conn.query_row(&sql, [], |_| Ok(())).expect("it is set");
    };
    let mut batch = Batch::new(&conn).expect("it is prepared");
    let items: Vec<Item> = rows(1..=2000)
        .into_iter()
        .map(|it| Item::Keep(Keep::Line(Arc::new(it))))
        .collect();
    limit(pages + 4);
    for _ in 0..3 {
        let why = batch.write(&items, 0).expect_err("it is full");
        assert_eq!(why.sqlite_error_code(), Some(ErrorCode::DiskFull));
        assert!(conn.is_autocommit());
    }
    limit(pages + 4000);
    assert_eq!(batch.write(&items, 0), Ok(2000));
    assert_eq!(count(&dir), "2000|2000|2000");
    assert_whole(&dir.file());
}

/// A small file system in memory, if this machine lets a test have one.
struct Small(Directory);

impl Small {
    fn new() -> Option<Small> {
        let dir = Directory::new();
        fs::create_dir_all(&dir.0).expect("a directory");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=2m", "tmpfs"]);
        let output = mount.arg(&dir.0).output().ok()?;
        output.status.success().then_some(Small(dir))
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("-l").arg(&self.0.0).output());
    }
}

#[test]
fn a_full_disk_gets_all_lines_once_it_has_room() {
    let Some(small) = Small::new() else {
        return;
    };
    let mut store = Running::start(&small.0.options());
    store.keep(&rows(1..=100));
    let ballast = small.0.0.join("ballast");
    // It takes all that is left, whatever the file system says.
    drop(fs::write(&ballast, vec![0; 4 << 20]));
    for seqs in [101..=3000, 3001..=5000] {
        store.give(&rows(seqs));
    }
    let first = store.report();
    assert!(matches!(first, Report::Full(_)), "{first:?}");
    assert_eq!(store.sink.status().condition, Condition::Full);
    assert_eq!(search(&mut store.reader, "words"), Err(Refused::Behind));
    fs::remove_file(&ballast).expect("it goes");
    assert_eq!(store.report(), Report::Again);
    until(|| store.sink.status().kept == 5000);
    store.stop();
    assert_eq!(count(&small.0), "5000|5000|5000");
    assert_whole(&small.0.file());
}

#[test]
fn a_file_that_breaks_for_a_moment_is_opened_again() {
    let dir = Directory::new();
    let time = Time::new();
    let store = open(&dir.options(), time.clock()).expect("it opens");
    let other = Connection::open(dir.file()).expect("it opens");
    let rename = |conn: &Connection, from: &str, to: &str| {
        let sql = format!("ALTER TABLE {from} RENAME TO {to}");
        conn.execute_batch(&sql).expect("it is renamed");
    };
    rename(&other, "numbers", "broken");
    let mut store = Running::run(store, time, move |report| {
        if matches!(report, Report::Broken(_)) {
            rename(&other, "broken", "numbers");
        }
    });
    store.keep(&rows(1..=10));
    let report = store.report();
    assert!(
        matches!(&report, Report::Broken(why) if why.contains("no such table")),
        "{report:?}"
    );
    store.stop();
    assert_eq!(count(&dir), "10|10|10");
}

#[test]
fn a_file_that_stays_broken_is_given_up_and_the_chat_goes_on() {
    let dir = Directory::new();
    let mut store = Running::start(&dir.options());
    store.keep(&rows(1..=10));
    sqlite3(&dir.file(), "DROP TABLE numbers");
    store.give(&rows(11..=20));
    assert!(matches!(store.report(), Report::Broken(_)));
    assert!(matches!(store.report(), Report::Off(_)));
    until(|| store.sink.status().condition == Condition::Off);
    store.give(&rows(21..=25));
    let status = store.sink.status();
    assert_eq!(
        (status.kept, status.refused, status.waiting),
        (10, 5, (0, 0))
    );
    let ended = store.writer.join().expect("it ends");
    assert_eq!((ended.kept, ended.left), (10, 10));
    assert!(
        open(&dir.options(), Time::new().clock()).is_err(),
        "a table is missing"
    );
}

#[test]
fn a_file_that_is_gone_is_not_made_again() {
    let dir = Directory::new();
    let mut store = Running::start(&dir.options());
    store.keep(&rows(1..=10));
    let aside = dir.0.join("aside");
    fs::rename(dir.file(), &aside).expect("it is moved");
    store.give(&rows(11..=20));
    let report = store.report();
    assert!(
        matches!(&report, Report::Off(why) if why.ends_with("chinwag.db is gone")),
        "{report:?}"
    );
    assert!(!dir.file().exists());
    // The writer looks by itself too, and may have done so before the rows came.
    let refused = store.sink.status().refused;
    let ended = store.writer.join().expect("it ends");
    assert_eq!((ended.kept, ended.left as u64 + refused), (10, 10));
}

/// Searches back to back do not let the log grow.
#[test]
fn the_log_starts_over_whoever_reads() {
    let dir = Directory::new();
    let mut store = Running::start(&dir.options());
    let is_done = std::sync::atomic::AtomicBool::new(false);
    let most = std::thread::scope(|scope| {
        let (reader, is_done) = (&mut store.reader, &is_done);
        scope.spawn(move || {
            while !is_done.load(std::sync::atomic::Ordering::Relaxed) {
                search(reader, "words").expect("in time");
            }
        });
        let wal = dir.0.join("chinwag.db-wal");
        let mut most = 0;
        for batch in 0..60 {
            let rows = rows(batch * 500 + 1..=batch * 500 + 500);
            let last = rows.last().map_or(0, |row| row.seq);
            rows.iter().for_each(|it| store.sink.keep(keep(it)));
            store.sink.hand_over(last);
            until(|| store.sink.status().kept >= last);
            most = most.max(fs::metadata(&wal).map_or(0, |it| it.len()));
        }
        is_done.store(true, std::sync::atomic::Ordering::Relaxed);
        most
    });
    assert!(most < 20 << 20, "the log had {most} bytes");
    let size = fs::metadata(dir.file()).expect("the file").len();
    assert!(size > 1 << 20, "{size} bytes were copied");
    let time = store.time.now();
    store.sink.stop(time + LONG);
    store.writer.join().expect("it ends");
    assert_whole(&dir.file());
}
