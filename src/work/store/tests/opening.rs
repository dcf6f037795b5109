//! What a directory may be, and what is refused.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use super::{DAY, Directory, LONG, Running, Time, assert_whole, keep, room, row, search, sqlite3};
use crate::dice::Dice;
use crate::message::{Before, Past, Unseen};
use crate::work::store::error::{Error, Report};
use crate::work::store::open::{self, Options, Store, open};
use crate::work::store::schema;

fn refused(dir: &Directory) -> Error {
    match open(&dir.options(), Time::new().clock()) {
        Ok(_) => panic!("it opens"),
        Err(why) => why,
    }
}

/// A store with some lines, stopped.
fn filled() -> Directory {
    let dir = Directory::new();
    let mut store = Running::start(&dir.options());
    let rows = (1..=500).map(|seq| row(seq, &format!("line {seq} 東京")));
    store.keep(&rows.collect::<Vec<Past>>());
    store.stop();
    dir
}

#[test]
fn the_directory_and_its_files_are_for_their_owner_alone() {
    let dir = Directory::new();
    let mut store = Running::start(&dir.options());
    store.keep(&[row(1, "x")]);
    let mode = |path: &Path| {
        fs::metadata(path)
            .expect("it is there")
            .permissions()
            .mode()
            & 0o777
    };
    assert_eq!(mode(&dir.0), 0o700);
    let files = fs::read_dir(&dir.0).expect("it can be listed");
    let mut names: Vec<String> = Vec::new();
    for file in files {
        let file = file.expect("it can be read");
        assert_eq!(mode(&file.path()), 0o600, "{file:?}");
        names.push(file.file_name().to_string_lossy().into());
    }
    names.sort();
    assert_eq!(
        names,
        ["chinwag.db", "chinwag.db-shm", "chinwag.db-wal", "lock"]
    );
    store.stop();
}

#[test]
fn one_server_has_one_directory() {
    let dir = Directory::new();
    let store = Running::start(&dir.options());
    let why = refused(&dir).to_string();
    let (path, process) = (dir.0.display(), std::process::id());
    assert_eq!(
        why,
        format!("{path} is in use by another server (process {process})")
    );
    fs::remove_file(dir.0.join("lock")).expect("it is removed");
    for _ in 0..2 {
        assert!(matches!(refused(&dir), Error::InUse { process: None, .. }));
    }
    store.stop();
    drop(open(&dir.options(), Time::new().clock()).expect("it is free"));
}

#[test]
fn other_files_are_refused_and_left_alone() {
    let dir = filled();
    let whole = fs::read(dir.file()).expect("it is read");
    let foreign = Directory::new();
    fs::create_dir_all(&foreign.0).expect("a directory");
    sqlite3(
        &foreign.file(),
        "CREATE TABLE x (y); INSERT INTO x VALUES (1)",
    );
    let foreign = fs::read(foreign.file()).expect("it is read");
    let mut cases: Vec<(&str, Vec<u8>)> = vec![
        (
            "is not a file of Chinwag",
            b"what somebody wrote\n".to_vec(),
        ),
        ("is not a file of Chinwag", foreign),
    ];
    let mut newer = whole.clone();
    newer[60..64].copy_from_slice(&99_u32.to_be_bytes());
    cases.push((
        "is of a newer version (99) than this server reads; update the server",
        newer,
    ));
    let mut damaged = whole.clone();
    damaged[100..600].fill(0xaa);
    cases.push(("is damaged", damaged));
    cases.push(("is damaged", whole[..whole.len() / 3].to_vec()));
    for (expected, bytes) in cases {
        fs::write(dir.file(), &bytes).expect("it is written");
        let why = refused(&dir).to_string();
        assert!(why.starts_with(&dir.file().display().to_string()), "{why}");
        assert!(why.contains(expected), "{why} for {expected}");
        assert_eq!(
            fs::read(dir.file()).expect("it is read"),
            bytes,
            "{expected}"
        );
    }
    fs::write(dir.file(), &whole).expect("it is written");
    drop(open(&dir.options(), Time::new().clock()).expect("it opens"));
}

/// Whatever is damaged, there is a sentence for it, and nothing worse.
#[test]
fn damage_anywhere_stops_nothing_else() {
    let dir = filled();
    let whole = fs::read(dir.file()).expect("it is read");
    let (mut refused, mut opened) = (0, 0);
    for seed in 0..150 {
        let mut dice = Dice::new(seed);
        let mut bytes = whole.clone();
        for _ in 0..1 + dice.below(40) {
            let at = dice.below(bytes.len());
            bytes[at] = dice.below(256) as u8;
        }
        fs::write(dir.file(), &bytes).expect("it is written");
        let time = Time::new();
        let Ok(store) = open(&dir.options(), time.clock()) else {
            refused += 1;
            continue;
        };
        opened += 1;
        let Store {
            mut sink,
            writer,
            mut reader,
            ..
        } = store;
        drop(search(&mut reader, "line 東京"));
        drop(reader.history(&room("lobby"), &Unseen::default(), Before::End, 20));
        sink.keep(keep(&row(u64::from(u32::MAX) << 20, "more")));
        sink.stop(time.now() + LONG);
        let ended = writer.run(|_| {});
        assert!(ended.kept > 0 || ended.left == 1, "seed {seed}: {ended:?}");
    }
    assert!(refused > 5 && opened > 5, "{refused} and {opened}");
}

#[test]
fn a_migration_copies_first() {
    let dir = filled();
    let prepare = |steps: &[schema::Step]| {
        let mut conn = open::connect(&dir.file()).expect("it opens");
        let mut reports = Vec::new();
        let result = schema::prepare(&mut conn, &dir.file(), steps, &mut reports);
        result.map(|()| reports)
    };
    let step = "SELECT 1";
    let bad = [
        step,
        "CREATE TABLE later (x); INSERT INTO nowhere VALUES (1)",
    ];
    assert!(prepare(&bad).is_err());
    assert_eq!(sqlite3(&dir.file(), "PRAGMA user_version"), "2");
    let good = [
        step,
        "CREATE TABLE later (x)",
        "INSERT INTO later VALUES (7)",
    ];
    let reports = prepare(&good).expect("it works");
    let copy = dir.0.join("chinwag.db.v2-2");
    assert_eq!(
        reports,
        [Report::Migrated {
            to: 4,
            copy: copy.clone()
        }]
    );
    assert_eq!(
        sqlite3(&dir.file(), "PRAGMA user_version; SELECT x FROM later"),
        "4\n7"
    );
    assert_eq!(
        sqlite3(&copy, "SELECT count(*) FROM message; PRAGMA user_version"),
        "500\n2"
    );
    assert!(matches!(refused(&dir), Error::Newer { version: 4, .. }));
}

#[test]
fn an_index_of_another_version_is_made_anew() {
    let dir = filled();
    // As a version that did not know of 東京 as two words would have left it, and was stopped in the middle of its work.
    let old = "INSERT INTO found (found) VALUES ('delete-all');
        INSERT INTO found (rowid, room, sender, body) VALUES (7, 'r1', 's1', 'line 7 東京');
        UPDATE meta SET value = 0 WHERE key = 'index'";
    sqlite3(&dir.file(), old);
    let mut store = Running::start(&dir.options());
    assert_eq!(store.report(), Report::Indexed(500));
    assert_eq!(store.texts("\"7 東\""), ["line 7 東京"]);
    assert_eq!(store.texts("499 京"), ["line 499 東京"]);
    store.stop();
    assert_whole(&dir.file());
    let store = Running::start(&dir.options());
    assert!(store.reports.try_recv().is_err(), "it is done once");
    store.stop();
}

#[test]
fn numbers_that_leave_no_room_for_others_are_refused() {
    let dir = filled();
    let whole = fs::read(dir.file()).expect("it is read");
    let end = 1_i64 << 53;
    for (sql, column) in [
        (format!("UPDATE numbers SET id = {end}"), "numbers.id"),
        (
            format!("UPDATE numbers SET seq = {}", i64::MAX),
            "numbers.seq",
        ),
        (format!("UPDATE numbers SET line = {end}"), "numbers.line"),
        (
            format!("UPDATE message SET id = {} WHERE id = 500", i64::MAX),
            "message.id",
        ),
        (
            format!("UPDATE message SET seq = {end} WHERE id = 500"),
            "message.seq",
        ),
        (
            format!("UPDATE sqlite_sequence SET seq = {end} WHERE name = 'room'"),
            "room.id",
        ),
    ] {
        sqlite3(&dir.file(), &sql);
        let why = refused(&dir).to_string();
        assert!(why.contains(&format!("is damaged ({column} is ")), "{why}");
        fs::write(dir.file(), &whole).expect("it is written");
    }
    let below = format!("UPDATE numbers SET id = {}", end - 1);
    sqlite3(&dir.file(), &below);
    drop(open(&dir.options(), Time::new().clock()).expect("it opens"));
}

/// Whatever somebody wrote into a row, the others are read, kept and removed.
#[test]
fn odd_rows_stop_nothing() {
    let dir = filled();
    let odd = "UPDATE message SET kind = 'x' WHERE id = 3;
        UPDATE message SET body = x'ff41' WHERE id = 4;
        UPDATE message SET at = 'noon' WHERE id = 5;
        UPDATE message SET seq = 'x', sender = 'x', person = x'00' WHERE id >= 499;
        UPDATE room SET made = 'x';
        UPDATE numbers SET line = 'x';
        UPDATE meta SET value = 'x'";
    sqlite3(&dir.file(), odd);
    let options = Options {
        keep: Some(Duration::from_secs(24 * 3600)),
        ..dir.options()
    };
    let mut store = Running::start(&options);
    assert_eq!(store.report(), Report::Indexed(499));
    assert_eq!(store.texts("\"line 498\""), ["line 498 東京"]);
    assert_eq!(store.texts("500"), ["line 500 東京"]);
    store.keep(&[row(1_000_000, "more")]);
    assert_eq!(store.history("lobby", Before::End, 1).lines.len(), 1);
    assert!(store.reports.try_recv().is_err());
    store.stop();
    // Lines count from the time of the run before.
    let time = Time::new();
    time.set(DAY + 12 * 24 * 3_600_000);
    let left = || sqlite3(&dir.file(), "SELECT id FROM message");
    for ids in [None, Some("5\n501")] {
        let store = open(&options, time.clock()).expect("it opens");
        let store = Running::run(store, time.clone(), |_| {});
        super::until(|| ids.is_none_or(|ids| left() == ids));
        assert!(store.reports.try_recv().is_err());
        store.stop();
    }
    assert_whole(&dir.file());
}

#[test]
fn a_file_has_one_journal_for_good() {
    let [dir, other] = [Directory::new(), Directory::new()];
    let journal = |dir: &Directory, millis| {
        let time = Time::new();
        time.set(millis);
        let store = open(&dir.options(), time.clock()).expect("it opens");
        store.loaded.house.journal
    };
    assert_eq!(journal(&dir, 7_000), Some(7));
    assert_eq!(journal(&dir, 9_000), Some(7));
    assert_eq!(journal(&other, 9_000), Some(9));
}
