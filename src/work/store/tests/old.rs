//! Lines go when they are too old, and only then.

use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;

use super::{DAY, Directory, Time, assert_whole, row, said, sqlite3};
use crate::message::{Keep, Past};
use crate::work::store::batch::Batch;
use crate::work::store::error::Report;
use crate::work::store::item::Item;
use crate::work::store::open::{self, open};
use crate::work::store::retention::{self, Reckoning, Retention};

const HOUR: i64 = 3_600_000;
const KEEP: Duration = Duration::from_secs(24 * 3600);

/// A file with a line every hour of four days, the last of them at [`DAY`], and its connection.
fn file() -> (Directory, Connection) {
    let dir = Directory::new();
    drop(open(&dir.options(), Time::new().clock()).expect("it opens"));
    let conn = open::to_write(&dir.file(), false).expect("it opens");
    let line = |hour: i64| {
        let (room, from) = match hour < 48 {
            true => ("tea", "Bob"),
            false => ("lobby", "Ann"),
        };
        let line = said(hour as u64 + 1, room, from, "déjà 東京 vu");
        Item::Keep(Keep::Line(Arc::new(Past {
            at: DAY - (95 - hour) * HOUR,
            ..line
        })))
    };
    let items: Vec<Item> = (0..96).map(line).collect();
    let mut batch = Batch::new(&conn).expect("it is prepared");
    batch.write(&items, 0).expect("it is written");
    drop(batch);
    (dir, conn)
}

fn remove_all((retention, reckoning): &mut (Retention, Reckoning), conn: &Connection, time: &Time) {
    let now = (time.clock())();
    while retention.remove(conn, reckoning, now).expect("it works") {}
}

fn retention(keep: Duration, newest: Option<i64>, time: &Time) -> (Retention, Reckoning) {
    let reckoning = Reckoning::new(newest, None, (time.clock())());
    (Retention::new(keep), reckoning)
}

fn left(dir: &Directory) -> String {
    sqlite3(&dir.file(), "SELECT count(*), min(id) FROM message")
}

#[test]
fn what_is_too_old_goes_and_is_not_found_any_more() {
    let (dir, conn) = file();
    let time = Time::new();
    // A topic keeps a room, unless it has ended.
    sqlite3(
        &dir.file(),
        "UPDATE room SET topic = 'x', ended = 49 WHERE key = 'tea'",
    );
    let newest = retention::newest(&conn).expect("it is read");
    assert_eq!(newest, Some(DAY));
    let mut retention = retention(KEEP, newest, &time);
    assert_eq!(retention.1.report((time.clock())()), None);
    remove_all(&mut retention, &conn, &time);
    assert_eq!(left(&dir), "25|72");
    let found = "SELECT count(*) FROM found WHERE found MATCH 'deja'";
    assert_eq!(sqlite3(&dir.file(), found), "25");
    assert_whole(&dir.file());
    time.pass(Duration::from_secs(2 * 3600));
    remove_all(&mut retention, &conn, &time);
    assert_eq!(left(&dir), "23|74");
    assert_eq!(sqlite3(&dir.file(), "SELECT name FROM person"), "Ann");
    assert_eq!(sqlite3(&dir.file(), "SELECT name FROM room"), "lobby");
}

#[test]
fn a_clock_that_jumps_removes_nothing() {
    let (dir, conn) = file();
    let time = Time::new();
    time.set(DAY + 3650 * 24 * HOUR);
    let newest = retention::newest(&conn).expect("it is read");
    let mut retention = retention(KEEP * 30, newest, &time);
    let report = retention.1.report((time.clock())());
    assert_eq!(report, Some(Report::ClockAhead(3650)));
    remove_all(&mut retention, &conn, &time);
    assert_eq!(left(&dir), "96|1");
    time.set(DAY - 3650 * 24 * HOUR);
    remove_all(&mut retention, &conn, &time);
    assert_eq!(left(&dir), "96|1");
}

/// Lines of a clock that was ahead keep no older ones.
#[test]
fn lines_from_the_future_are_passed() {
    let (dir, conn) = file();
    let time = Time::new();
    sqlite3(
        &dir.file(),
        "UPDATE message SET at = at + 900000000000 WHERE id <= 3",
    );
    let mut retention = retention(KEEP, Some(DAY), &time);
    remove_all(&mut retention, &conn, &time);
    assert_eq!(left(&dir), "28|1");
    assert_whole(&dir.file());
}

#[test]
fn the_writer_removes_while_nothing_waits() {
    let (dir, conn) = file();
    drop(conn);
    let options = super::Options {
        keep: Some(KEEP),
        ..dir.options()
    };
    let mut store = super::Running::start(&options);
    super::until(|| left(&dir) == "25|72");
    store.keep(&[row(1000, "more")]);
    store.stop();
    assert_eq!(left(&dir), "26|72");
    assert_whole(&dir.file());
}

/// A clock that stays ahead counts for no more at the next starts either, whatever was said by it.
#[test]
fn lines_of_a_clock_that_is_ahead_make_no_others_old() {
    let (dir, conn) = file();
    drop(conn);
    let options = super::Options {
        keep: Some(KEEP * 30),
        ..dir.options()
    };
    let time = Time::new();
    let run = |seq: u64, at: i64| {
        time.set(at);
        // A line that goes in any case shows that the removal is over.
        let sql = "INSERT INTO message VALUES (0, 0, 1, 0, 0, 0, 2, '', NULL)";
        sqlite3(&dir.file(), sql);
        let store = open(&options, time.clock()).expect("it opens");
        let mut store = super::Running::run(store, time.clone(), |_| {});
        let line = Past {
            at,
            ..row(seq, "more")
        };
        super::until(|| !left(&dir).ends_with("|0"));
        store.keep(&[line]);
        time.pass(Duration::from_secs(60));
        store.stop();
        left(&dir)
    };
    assert_eq!(run(1000, DAY), "97|1");
    let ahead = DAY + 3650 * 24 * HOUR;
    assert_eq!(run(1001, ahead), "98|1");
    assert_eq!(run(1002, ahead + 60_000), "99|1");
    assert_eq!(run(1003, ahead + 120_000), "100|1");
    // It is right again, and a month later the others are old.
    assert_eq!(run(1004, DAY + HOUR), "101|1");
    assert_eq!(run(1005, DAY + 29 * 24 * HOUR), "102|1");
    run(1006, DAY + 29 * 24 * HOUR);
    assert_eq!(left(&dir).split('|').next_back(), Some("72"));
}
