//! The write-ahead log: when the writer copies it into the file, and starts it over.
//!
//! A search that reads the log keeps it from being started over. So searches and copies exclude each other, by a gate.

use std::sync::{PoisonError, RwLock};

use rusqlite::{Connection, Row, Statement};

use crate::limits::store::{WAL_COPIED, WAL_RESTARTED};

/// The log of the writer's connection.
#[derive(Debug)]
pub(super) struct Wal<'c> {
    size: Statement<'c>,
    copy: Statement<'c>,
    restart: Statement<'c>,
    finish: Statement<'c>,
    /// Pages from which on another attempt makes sense, as another process kept the last one from its end.
    again: i64,
    /// Whether the last attempt to start it over failed.
    is_held: bool,
    page: i64,
}

/// Pages of the log, and how many of them are in the file.
struct Pages {
    /// Whether a reader kept the log from being started over.
    is_held: bool,
    all: i64,
    copied: i64,
}

fn pages(row: &Row<'_>) -> rusqlite::Result<Pages> {
    let (all, copied) = (row.get(1)?, row.get(2)?);
    let is_held = row.get::<_, i64>(0)? != 0;
    Ok(Pages {
        is_held,
        all,
        copied,
    })
}

impl<'c> Wal<'c> {
    pub(super) fn new(conn: &'c Connection) -> rusqlite::Result<Wal<'c>> {
        let page = conn.query_row("PRAGMA page_size", [], |row| row.get(0))?;
        Ok(Wal {
            size: conn.prepare("PRAGMA wal_checkpoint(NOOP)")?,
            copy: conn.prepare("PRAGMA wal_checkpoint(PASSIVE)")?,
            restart: conn.prepare("PRAGMA wal_checkpoint(RESTART)")?,
            finish: conn.prepare("PRAGMA wal_checkpoint(TRUNCATE)")?,
            again: 0,
            is_held: false,
            page,
        })
    }

    /// Copies the log and starts it over, if that is due. Returns its size in bytes.
    pub(super) fn tend(&mut self, gate: &RwLock<()>) -> rusqlite::Result<i64> {
        let Pages { all, copied, .. } = self.size.query_row([], pages)?;
        if all < self.again - WAL_COPIED {
            (self.again, self.is_held) = (0, false);
        }
        let is_due = all - copied >= WAL_COPIED || all >= WAL_RESTARTED;
        if !is_due || all < self.again {
            return Ok(all * self.page);
        }
        let _alone = gate.write().unwrap_or_else(PoisonError::into_inner);
        if all >= WAL_RESTARTED {
            self.is_held = self.restart.query_row([], pages)?.is_held;
        } else {
            self.copy.query_row([], pages)?;
        }
        // It is as long as before until the next transaction, which starts it over.
        self.again = all + WAL_COPIED;
        Ok(all * self.page)
    }

    /// Whether a reader of another process keeps the log from being started over.
    pub(super) fn is_held(&self) -> bool {
        self.is_held
    }

    /// Copies all of the log, and empties it. Returns whether nobody kept it from that.
    pub(super) fn empty(&mut self, gate: &RwLock<()>) -> rusqlite::Result<bool> {
        let _alone = gate.write().unwrap_or_else(PoisonError::into_inner);
        Ok(!self.finish.query_row([], pages)?.is_held)
    }

    /// Copies all of the log, and empties it. That may fail: the next start does it then.
    pub(super) fn finish(&mut self, gate: &RwLock<()>) {
        drop(self.empty(gate));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::RwLock;
    use std::sync::mpsc::channel;
    use std::time::Duration;

    use rusqlite::Connection;

    use super::Wal;
    use crate::limits::store::{WAL_COPIED, WAL_RESTARTED};
    use crate::work::store::tests::Directory;

    /// Writes as many pages to the log.
    fn write(conn: &Connection, pages: i64) {
        let sql = "INSERT INTO x VALUES (zeroblob(?1))";
        let count = conn.execute(sql, [pages * 4096]).expect("it is written");
        assert_eq!(count, 1);
    }

    #[test]
    fn the_log_waits_for_a_search_and_starts_over_behind_it() {
        let dir = Directory::new();
        std::fs::create_dir_all(&dir.0).expect("a directory");
        let conn = Connection::open(dir.file()).expect("it opens");
        conn.pragma_update(None, "journal_mode", "WAL")
            .expect("it is set");
        conn.pragma_update(None, "wal_autocheckpoint", 0)
            .expect("it is set");
        conn.execute_batch("CREATE TABLE x (y)").expect("a table");
        let mut wal = Wal::new(&conn).expect("it is prepared");
        let gate = RwLock::new(());
        write(&conn, WAL_COPIED / 2);
        let size = wal.tend(&gate).expect("it works");
        assert!(size > WAL_COPIED / 2 * 4096, "it is not due: {size}");
        write(&conn, WAL_COPIED);
        wal.tend(&gate).expect("it works");
        write(&conn, 1);
        let size = wal.tend(&gate).expect("it works");
        assert!(size < 100 * 4096, "it was copied and starts over: {size}");
        write(&conn, WAL_RESTARTED);
        std::thread::scope(|scope| {
            let ((begin, begun), (end, ended)) = (channel(), channel());
            let gate = &gate;
            scope.spawn(move || {
                let search = gate.read().expect("it is open");
                begin.send(()).expect("it is awaited");
                let early: Result<(), _> = ended.recv_timeout(Duration::from_millis(100));
                drop(search);
                assert!(early.is_err(), "it did not wait");
            });
            begun.recv().expect("it searches");
            wal.tend(gate).expect("it works");
            let _ = end.send(());
        });
        write(&conn, 1);
        let size = wal.tend(&gate).expect("it works");
        assert!(size < 100 * 4096, "{size}");
    }

    #[test]
    fn a_log_is_held_while_somebody_reads_it_and_no_longer() {
        let dir = Directory::new();
        std::fs::create_dir_all(&dir.0).expect("a directory");
        let conn = Connection::open(dir.file()).expect("it opens");
        let sql =
            "PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; PRAGMA busy_timeout = 0";
        conn.execute_batch(sql).expect("it is set");
        conn.execute_batch("CREATE TABLE x (y)").expect("a table");
        let mut wal = Wal::new(&conn).expect("it is prepared");
        let gate = RwLock::new(());
        let other = Connection::open(dir.file()).expect("it opens");
        other
            .execute_batch("BEGIN; SELECT count(*) FROM x")
            .expect("it reads");
        write(&conn, WAL_RESTARTED - 100);
        wal.tend(&gate).expect("it works");
        assert!(!wal.is_held(), "nothing was tried");
        write(&conn, WAL_COPIED);
        wal.tend(&gate).expect("it works");
        assert!(wal.is_held());
        other.execute_batch("COMMIT").expect("it ends");
        write(&conn, WAL_COPIED);
        wal.tend(&gate).expect("it works");
        assert!(!wal.is_held());
    }
}
