//! The tables of the file, their version, and that of the index.
//!
//! SQLite 3.40, as Debian 12 has it, can read the file, write it and delete from it. So the index does without what came
//! later.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension};

use crate::limits::store::COMMIT_ROWS;

use super::backup;
use super::error::{Error, Report};
use super::line::{Kind, indexed_text, number, text};
use super::words::{VERSION, indexed, room_word, sender_word};

/// What the header of the file says that it is: `Chin`.
pub(super) const APPLICATION: i64 = 0x4368_696e;

/// One step of a migration: what brings the tables of one version to the next.
pub(super) type Step = &'static str;

/// The tables of accounts and of order. The first version had others of these names, which were never written to.
macro_rules! house {
    () => {
        "
CREATE TABLE account (id INTEGER PRIMARY KEY, name TEXT NOT NULL, key TEXT NOT NULL, keys BLOB NOT NULL,
    unicode TEXT NOT NULL, password TEXT, changed INTEGER NOT NULL, role TEXT NOT NULL, made INTEGER NOT NULL,
    last INTEGER, ended INTEGER, time TEXT, is_quiet INTEGER NOT NULL DEFAULT 0, room TEXT,
    wrong INTEGER NOT NULL DEFAULT 0, wrong_from TEXT);
CREATE INDEX account_key ON account (key);
CREATE TABLE account_address (account INTEGER NOT NULL, number INTEGER NOT NULL, address TEXT NOT NULL,
    last INTEGER NOT NULL, PRIMARY KEY (account, number)) WITHOUT ROWID;
CREATE TABLE account_ignore (account INTEGER NOT NULL, number INTEGER NOT NULL, name TEXT NOT NULL,
    PRIMARY KEY (account, number)) WITHOUT ROWID;
CREATE TABLE token (hash BLOB PRIMARY KEY, account INTEGER NOT NULL, made INTEGER NOT NULL, is_tls INTEGER NOT NULL)
    WITHOUT ROWID;
CREATE INDEX token_account ON token (account);
CREATE TABLE room_member (room INTEGER NOT NULL, account INTEGER NOT NULL, trusted INTEGER, invited INTEGER,
    last INTEGER, PRIMARY KEY (room, account)) WITHOUT ROWID;
CREATE INDEX room_member_account ON room_member (account);
CREATE TABLE ban (id INTEGER PRIMARY KEY, account INTEGER, net TEXT, guest TEXT, name TEXT, room TEXT,
    is_for_all INTEGER NOT NULL DEFAULT 0, by TEXT NOT NULL, reason TEXT, at INTEGER NOT NULL, until INTEGER);
CREATE TABLE mute (id INTEGER PRIMARY KEY, account INTEGER, net TEXT, guest TEXT, name TEXT, room TEXT,
    is_for_all INTEGER NOT NULL DEFAULT 0, by TEXT NOT NULL, reason TEXT, at INTEGER NOT NULL, until INTEGER);
CREATE TABLE audit (id INTEGER PRIMARY KEY AUTOINCREMENT, seq INTEGER NOT NULL, at INTEGER NOT NULL, by TEXT NOT NULL,
    act TEXT NOT NULL, whom TEXT, net TEXT, room TEXT, reason TEXT);
CREATE INDEX audit_net ON audit (at) WHERE net IS NOT NULL;
CREATE TABLE report (id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, by TEXT NOT NULL, body TEXT NOT NULL,
    is_read INTEGER NOT NULL DEFAULT 0);
CREATE INDEX report_unread ON report (id) WHERE NOT is_read;
CREATE TABLE waiting (id INTEGER PRIMARY KEY AUTOINCREMENT, account INTEGER NOT NULL, seq INTEGER NOT NULL,
    at INTEGER NOT NULL, author INTEGER NOT NULL, author_account INTEGER, sender TEXT NOT NULL, body TEXT NOT NULL);
CREATE INDEX waiting_account ON waiting (account);
CREATE TABLE erasure (seq INTEGER PRIMARY KEY, account INTEGER, person INTEGER, name TEXT NOT NULL, key TEXT NOT NULL,
    room INTEGER, since INTEGER, next INTEGER, count INTEGER NOT NULL DEFAULT 0);
"
    };
}

/// Makes the tables of accounts and of order.
const HOUSE: Step = house!();

/// What brings the first version to the second: its lines stay as they are.
const TO_HOUSE: Step = concat!(
    "
ALTER TABLE message ADD COLUMN account INTEGER;
ALTER TABLE numbers ADD COLUMN batch INTEGER NOT NULL DEFAULT 0;
DROP TABLE account;
DROP TABLE account_address;
DROP TABLE account_ignore;
DROP TABLE token;
DROP TABLE room_member;
DROP TABLE ban;
DROP TABLE mute;
DROP TABLE audit;
DROP TABLE report;
DROP TABLE waiting;
",
    house!()
);

/// Step `n` brings an older file from version `n + 1` to version `n + 2`.
pub(super) const STEPS: &[Step] = &[TO_HOUSE];

/// The version that these steps lead to.
pub(super) const NEWEST: i64 = 1 + STEPS.len() as i64;

/// A file without tables gets these, and those of accounts and of order.
///
/// `message` and its index come first; what accounts, rooms with owners and order need stands behind it. An `id` of a
/// room or a person is never given twice, since other rows and the index have it. That of an account, a ban or a mute is
/// the number of the entry that made it. `numbers` has the highest ones ever given to a line (`id`) and to an entry
/// (`seq`), and the entry of the last line (`line`). They are more than those of the newest line if somebody deletes it.
/// `batch` is the number of the last transaction.
///
/// In `erasure` is what is being erased. `next` is the first line that was not looked at, if any may be left.
///
/// In `account`, `keys` are those of the name by the tables of the version in `unicode`.
///
/// In `message`, `seq` rises with `id`, and so does `at` while the clock is right. So lines are found by them without an
/// index. In `found`, the column that most words are in comes first, as its number is then not written beside each.
const TABLES: &str = "
CREATE TABLE numbers (one INTEGER PRIMARY KEY CHECK (one = 1), id INTEGER NOT NULL, seq INTEGER NOT NULL,
    line INTEGER NOT NULL, batch INTEGER NOT NULL DEFAULT 0);
INSERT INTO numbers VALUES (1, 0, 0, 0, 0);
CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE room (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, key TEXT NOT NULL, topic TEXT,
    last INTEGER NOT NULL DEFAULT 0, made INTEGER, ended INTEGER, owner INTEGER, is_locked INTEGER NOT NULL DEFAULT 0,
    is_topic_locked INTEGER NOT NULL DEFAULT 0, is_past_open INTEGER NOT NULL DEFAULT 0,
    slow INTEGER NOT NULL DEFAULT 0, offered INTEGER, offered_at INTEGER);
CREATE UNIQUE INDEX room_key ON room (key) WHERE ended IS NULL;
CREATE INDEX room_last ON room (last);
CREATE TABLE person (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, key TEXT NOT NULL,
    last INTEGER NOT NULL);
CREATE INDEX person_key ON person (key);
CREATE TABLE message (id INTEGER PRIMARY KEY, seq INTEGER NOT NULL, room INTEGER NOT NULL, at INTEGER NOT NULL,
    sender INTEGER NOT NULL, person INTEGER NOT NULL, kind INTEGER NOT NULL, body TEXT NOT NULL, account INTEGER);
CREATE INDEX message_room ON message (room);
CREATE VIRTUAL TABLE found USING fts5 (body, room, sender, content='', columnsize=0, prefix='3',
    tokenize='unicode61 remove_diacritics 2');
CREATE VIEW line AS SELECT message.id, datetime(at / 1000, 'unixepoch') AS utc, '#' || room.name AS room,
    person.name AS name, CASE kind WHEN 0 THEN 'said' WHEN 1 THEN 'did' WHEN 2 THEN 'topic' ELSE 'gap' END AS kind, body
    FROM message JOIN room ON room.id = message.room LEFT JOIN person ON person.id = message.sender;
";

/// Says what the file is, makes its tables or brings them to the present version, and makes the index anew if it has
/// another version. Nothing is changed in a file that is something else or newer.
pub(super) fn prepare(
    conn: &mut Connection,
    file: &Path,
    steps: &[Step],
    reports: &mut Vec<Report>,
) -> Result<(), Error> {
    let failed = |why: rusqlite::Error| Error::sqlite(file, &why);
    let newest = 1 + steps.len() as i64;
    let version = version(conn, file)?;
    if version > newest {
        let file = file.into();
        return Err(Error::Newer { file, version });
    }
    if version > 0 {
        check_numbers(conn, file)?;
    }
    // Only now may the file be touched.
    let mode: String = conn
        .query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))
        .map_err(failed)?;
    if mode != "wal" {
        let (file, why) = (file.into(), "it takes no write-ahead log".into());
        return Err(Error::Disk { file, why });
    }
    if version == 0 {
        make(conn, newest).map_err(failed)?;
    } else if version < newest {
        let copy = copy_before(conn, file, version)?;
        migrate(conn, version, steps).map_err(failed)?;
        reports.push(Report::Migrated { to: newest, copy });
    }
    if meta(conn, "index").map_err(failed)? != Some(VERSION) {
        let rows = index_anew(conn).map_err(failed)?;
        reports.push(Report::Indexed(rows));
    }
    Ok(())
}

/// The key of the journal.
pub(super) const JOURNAL: &str = "journal";

/// Gives the file a journal, which its numbers belong to from now on, unless it has one.
pub(super) fn note_journal(conn: &Connection, journal: i64) -> rusqlite::Result<()> {
    let sql = "INSERT OR IGNORE INTO meta VALUES (?1, ?2)";
    conn.execute(sql, (JOURNAL, journal))?;
    Ok(())
}

/// A number that the file notes under this key.
pub(super) fn meta(conn: &Connection, key: &str) -> rusqlite::Result<Option<i64>> {
    let sql = "SELECT value FROM meta WHERE key = ?1";
    let found = conn.query_row(sql, [key], |row| number(row, 0));
    Ok(found.optional()?.flatten())
}

/// Refuses a file whose numbers leave no room for further ones, as somebody edited them.
fn check_numbers(conn: &Connection, file: &Path) -> Result<(), Error> {
    /// Programs read numbers below this one exactly.
    const END: i64 = 1 << 53;
    let failed = |why: rusqlite::Error| Error::sqlite(file, &why);
    let sql = "SELECT 'numbers.id', CAST(id AS INTEGER) FROM numbers
        UNION ALL SELECT 'numbers.seq', CAST(seq AS INTEGER) FROM numbers
        UNION ALL SELECT 'numbers.line', CAST(line AS INTEGER) FROM numbers
        UNION ALL SELECT 'numbers.batch', CAST(batch AS INTEGER) FROM numbers
        UNION ALL SELECT 'message.id', max(id) FROM message
        UNION ALL SELECT 'account.id', max(id) FROM account
        UNION ALL SELECT * FROM (SELECT 'message.seq', CAST(seq AS INTEGER) FROM message ORDER BY id DESC LIMIT 1)
        UNION ALL SELECT name || '.id', CAST(seq AS INTEGER) FROM sqlite_sequence";
    let mut read = conn.prepare(sql).map_err(failed)?;
    let mut found = read.query([]).map_err(failed)?;
    while let Some(row) = found.next().map_err(failed)? {
        if let Some(number) = number(row, 1).map_err(failed)?.filter(|it| *it >= END) {
            let column = text(row, 0).map_err(failed)?;
            let (file, why) = (file.into(), format!("{column} is {number}"));
            return Err(Error::Damaged { file, why });
        }
    }
    Ok(())
}

/// The version of the tables. 0: there are none.
pub(super) fn version(conn: &Connection, file: &Path) -> Result<i64, Error> {
    let failed = |why: rusqlite::Error| Error::sqlite(file, &why);
    let pragma = |name| conn.query_row(name, [], |row| row.get::<_, i64>(0));
    let application = pragma("PRAGMA application_id").map_err(failed)?;
    let version = pragma("PRAGMA user_version").map_err(failed)?;
    let tables = pragma("SELECT count(*) FROM sqlite_schema").map_err(failed)?;
    match (application, version, tables) {
        (0, 0, 0) => Ok(0),
        (APPLICATION, 1.., 1..) => Ok(version),
        _ => Err(Error::Foreign { file: file.into() }),
    }
}

fn make(conn: &mut Connection, version: i64) -> rusqlite::Result<()> {
    let all = conn.transaction()?;
    all.execute_batch(TABLES)?;
    all.execute_batch(HOUSE)?;
    all.execute("INSERT INTO meta VALUES ('index', ?1)", [VERSION])?;
    all.pragma_update(None, "application_id", APPLICATION)?;
    all.pragma_update(None, "user_version", version)?;
    all.commit()
}

/// Keeps the file as it was beside itself, under a name that is free.
fn copy_before(conn: &Connection, file: &Path, version: i64) -> Result<PathBuf, Error> {
    let copy = backup::create(file, &format!(".v{version}"))?;
    backup::copy(conn, &copy)?;
    Ok(copy)
}

/// Each step is a transaction of its own, with the version in it.
fn migrate(conn: &mut Connection, from: i64, steps: &[Step]) -> rusqlite::Result<()> {
    for (version, step) in (2..).zip(steps) {
        if version > from {
            let all = conn.transaction()?;
            all.execute_batch(step)?;
            all.pragma_update(None, "user_version", version)?;
            all.commit()?;
        }
    }
    Ok(())
}

/// Makes the index anew. The version is noted last, so one that was not finished is begun again.
fn index_anew(conn: &mut Connection) -> rusqlite::Result<u64> {
    let all = conn.transaction()?;
    all.execute("DELETE FROM meta WHERE key = 'index'", [])?;
    all.execute_batch("INSERT INTO found (found) VALUES ('delete-all')")?;
    all.commit()?;
    let (mut last, mut rows) = (i64::MIN, 0);
    loop {
        let all = conn.transaction()?;
        let mut count = 0;
        {
            let mut read = all.prepare(
                "SELECT id, room, sender, kind, body FROM message WHERE id > ?1 ORDER BY id LIMIT ?2",
            )?;
            let mut add = all.prepare(ADD_TO_INDEX)?;
            let mut found = read.query((last, COMMIT_ROWS as i64))?;
            while let Some(row) = found.next()? {
                count += 1;
                last = row.get(0)?;
                if number(row, 3)?
                    .and_then(Kind::of)
                    .is_some_and(Kind::is_indexed)
                {
                    let room = room_word(number(row, 1)?.unwrap_or(0));
                    let sender = sender_word(number(row, 2)?.unwrap_or(0));
                    add.execute((last, room, sender, indexed(&indexed_text(row, 4)?)))?;
                    rows += 1;
                }
            }
        }
        if count == 0 {
            all.execute("INSERT INTO meta VALUES ('index', ?1)", [VERSION])?;
            all.commit()?;
            return Ok(rows);
        }
        all.commit()?;
        conn.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?;
    }
}

/// Puts a line into the index.
pub(super) const ADD_TO_INDEX: &str =
    "INSERT INTO found (rowid, room, sender, body) VALUES (?1, ?2, ?3, ?4)";

/// Takes a line out of the index. All must be what was put in.
pub(super) const TAKE_FROM_INDEX: &str =
    "INSERT INTO found (found, rowid, room, sender, body) VALUES ('delete', ?1, ?2, ?3, ?4)";
