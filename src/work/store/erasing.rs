//! Erasing: what somebody said goes from the file, some lines at a time, so that others do not wait for it.
//!
//! An erasure is a row from the transaction on that has it. From then on no answer has a line that it takes back. The row
//! goes when no file of the directory has a byte of those lines: they are removed, then the index is merged, as it only
//! notes that words are gone, and then the log is emptied. All of that is done again after a crash.

use std::time::Instant;

use rusqlite::{Connection, OptionalExtension, Row, Transaction, TransactionBehavior};

use crate::account::AccountId;
use crate::erasure::{Erasure, messages};
use crate::id::PersonId;
use crate::limits::store::{ERASED_ROWS, ERASURE_READ, MERGED_PAGES, RETRY};
use crate::message::Waiting;

use super::error::Report;
use super::line::{Kind, a_name, indexed_text, number, positive, text};
use super::pages::list;
use super::schema::TAKE_FROM_INDEX;
use super::words::{indexed, room_word, sender_word};

/// How far the erasing is.
#[derive(Debug)]
pub(super) struct Eraser {
    todo: Todo,
    /// When to go on, if something is in the way.
    wake: Option<Instant>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Todo {
    Nothing,
    /// To remove lines, if there is an erasure.
    Lines,
    /// To merge the index. Whether that was begun.
    Merge(bool),
    /// To empty the log.
    Empty,
}

/// A row of an erasure.
struct Pending {
    seq: i64,
    /// Where the lines begin that were not looked at.
    next: i64,
    condition: String,
}

/// A line as it stands in the table.
struct Taken {
    id: i64,
    room: i64,
    sender: i64,
    is_indexed: bool,
    is_topic: bool,
    body: String,
}

impl Eraser {
    /// There may be erasures that are not done.
    pub(super) fn new() -> Eraser {
        Eraser {
            todo: Todo::Lines,
            wake: None,
        }
    }

    /// There is a new erasure.
    pub(super) fn begin(&mut self) {
        (self.todo, self.wake) = (Todo::Lines, None);
    }

    /// Whether there is something to do now.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.todo != Todo::Nothing && self.wake.is_none_or(|it| it <= now)
    }

    /// When there is something to do.
    pub(super) fn due(&self, now: Instant) -> Option<Instant> {
        (self.todo != Todo::Nothing).then(|| self.wake.unwrap_or(now))
    }

    /// Something is in the way.
    pub(super) fn wait(&mut self, now: Instant) {
        self.wake = Some(now + RETRY);
    }

    /// Does a part of it. `empty` empties the log, and returns whether it could. Returns what an operator should know.
    pub(super) fn step(
        &mut self,
        conn: &Connection,
        now: Instant,
        empty: impl FnOnce() -> rusqlite::Result<bool>,
    ) -> rusqlite::Result<Vec<Report>> {
        self.wake = None;
        match self.todo {
            Todo::Nothing => {}
            Todo::Lines => self.todo = remove(conn)?,
            Todo::Merge(is_begun) => {
                self.todo = match merge(conn, is_begun)? {
                    true => Todo::Empty,
                    false => Todo::Merge(true),
                }
            }
            Todo::Empty if empty()? => {
                self.todo = Todo::Nothing;
                return finish(conn);
            }
            Todo::Empty => self.wait(now),
        }
        Ok(Vec::new())
    }
}

/// Notes an erasure. What waits for others goes at once. `room`: the number of its room.
pub(super) fn note(conn: &Connection, it: &Erasure, room: Option<i64>) -> rusqlite::Result<()> {
    let (account, person) = (it.whose.account, it.whose.person);
    let row = (
        it.seq as i64,
        account.map(|it| it.0 as i64),
        person.map(|it| it.0 as i64),
        it.whose.name.as_str(),
        it.whose.name.folded(),
        room,
        it.since,
    );
    conn.execute(
        "INSERT OR REPLACE INTO erasure (seq, account, person, name, key, room, since, next)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0)",
        row,
    )?;
    remove_waiting(conn, it)
}

/// Removes the messages for others that an erasure takes back.
fn remove_waiting(conn: &Connection, it: &Erasure) -> rusqlite::Result<()> {
    let sql = "SELECT id, seq, at, sender, author, author_account FROM waiting WHERE seq < ?1";
    let mut read = conn.prepare(sql)?;
    let mut found = read.query([it.seq as i64])?;
    let mut gone = Vec::new();
    while let Some(row) = found.next()? {
        let waiting = Waiting {
            seq: positive(number(row, 1)?),
            at: number(row, 2)?.unwrap_or(0),
            author: PersonId(positive(number(row, 4)?)),
            author_account: account(row, 5)?,
            from: a_name(&text(row, 3)?)?,
            text: "".into(),
        };
        if it.meets_waiting(&waiting) {
            gone.push(row.get::<_, i64>(0)?);
        }
    }
    let mut delete = conn.prepare("DELETE FROM waiting WHERE id = ?1")?;
    for id in gone {
        delete.execute([id])?;
    }
    Ok(())
}

/// The number of an account, if the column has one.
pub(super) fn account(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<AccountId>> {
    let id = number(row, column)?;
    Ok(id.map(|it| AccountId(positive(Some(it)))))
}

/// The condition that leaves out lines that are to go.
pub(super) fn not_erased(conn: &Connection) -> rusqlite::Result<String> {
    let pending = pending(conn, "")?.into_iter();
    let conditions = pending.map(|it| format!(" AND ({}) IS NOT TRUE", it.condition));
    Ok(conditions.collect())
}

/// Erasures, the oldest first.
fn pending(conn: &Connection, which: &str) -> rusqlite::Result<Vec<Pending>> {
    let sql = format!(
        "SELECT seq, account, person, key, room, since, next FROM erasure {which} ORDER BY seq"
    );
    let mut read = conn.prepare(&sql)?;
    let mut found = read.query([])?;
    let mut all = Vec::new();
    while let Some(row) = found.next()? {
        let seq = number(row, 0)?.unwrap_or(0);
        let whose = match number(row, 1)? {
            Some(account) => format!("message.account IS {account}"),
            None => {
                let names = senders(conn, &text(row, 3)?)?;
                format!(
                    "message.account IS NULL AND message.sender IN ({})",
                    list(&names)
                )
            }
        };
        let person = number(row, 2)?.filter(|it| *it != 0);
        let person = person.map(|it| format!(" OR message.person IS {it}"));
        let room = number(row, 4)?.map(|it| format!(" AND message.room IS {it}"));
        let since = number(row, 5)?.map(|it| format!(" AND message.at >= {it}"));
        let [person, room, since] = [person, room, since].map(Option::unwrap_or_default);
        all.push(Pending {
            seq,
            next: number(row, 6)?.unwrap_or(0),
            condition: format!("(({whose}){person}) AND message.seq < {seq}{room}{since}"),
        });
    }
    Ok(all)
}

/// The numbers of a name, in all ways in which it was written.
fn senders(conn: &Connection, key: &str) -> rusqlite::Result<Vec<i64>> {
    let mut read = conn.prepare("SELECT id FROM person WHERE key = ?1")?;
    let ids = read.query_map([key], |row| row.get(0))?;
    ids.collect()
}

/// Removes some lines of the oldest erasure. Returns what is to be done next.
fn remove(conn: &Connection) -> rusqlite::Result<Todo> {
    let all = Transaction::new_unchecked(conn, TransactionBehavior::Immediate)?;
    let Some(it) = pending(&all, "WHERE next IS NOT NULL")?.into_iter().next() else {
        let sql = "SELECT EXISTS (SELECT * FROM erasure)";
        let has_any: bool = all.query_row(sql, [], |row| row.get(0))?;
        return Ok(if has_any {
            Todo::Merge(false)
        } else {
            Todo::Nothing
        });
    };
    let sql = "SELECT id FROM message WHERE id >= ?1 ORDER BY id LIMIT 1 OFFSET ?2";
    let end = all.query_row(sql, (it.next, ERASURE_READ as i64), |row| row.get(0));
    let end: Option<i64> = end.optional()?;
    let taken = lines(&all, &it, end.unwrap_or(i64::MAX))?;
    let mut count = 0;
    {
        let mut take = all.prepare(TAKE_FROM_INDEX)?;
        let mut delete = all.prepare("DELETE FROM message WHERE id = ?1")?;
        let sql = "UPDATE room SET topic = NULL WHERE id = ?1 AND topic = ?2";
        let mut clear = all.prepare(sql)?;
        for line in &taken {
            if line.is_indexed {
                let (room, sender) = (room_word(line.room), sender_word(line.sender));
                take.execute((line.id, room, sender, indexed(&line.body)))?;
                count += 1;
            }
            if line.is_topic {
                clear.execute((line.room, &line.body))?;
            }
            delete.execute([line.id])?;
        }
    }
    let next = match taken.last() {
        Some(last) if taken.len() >= ERASED_ROWS => last.id.checked_add(1),
        _ => end,
    };
    let sql = "UPDATE erasure SET next = ?2, count = count + ?3 WHERE seq = ?1";
    all.execute(sql, (it.seq, next, count))?;
    all.commit()?;
    Ok(Todo::Lines)
}

/// The first lines before `end` that an erasure takes back.
fn lines(conn: &Connection, it: &Pending, end: i64) -> rusqlite::Result<Vec<Taken>> {
    let sql = format!(
        "SELECT id, room, sender, kind, body FROM message NOT INDEXED
            WHERE id >= ?1 AND id < ?2 AND {} ORDER BY id LIMIT ?3",
        it.condition
    );
    let mut read = conn.prepare(&sql)?;
    let line = |row: &Row<'_>| {
        let kind = number(row, 3)?.and_then(Kind::of);
        Ok(Taken {
            id: row.get(0)?,
            room: number(row, 1)?.unwrap_or(0),
            sender: number(row, 2)?.unwrap_or(0),
            is_indexed: kind.is_some_and(Kind::is_indexed),
            is_topic: kind == Some(Kind::Topic),
            body: indexed_text(row, 4)?.into(),
        })
    };
    read.query_map((it.next, end, ERASED_ROWS as i64), line)?
        .collect()
}

/// Merges some of the index. Its oldest part has no words of removed lines in the end. Returns whether that is done.
fn merge(conn: &Connection, is_begun: bool) -> rusqlite::Result<bool> {
    let changes = || conn.query_row("SELECT total_changes()", [], |row| row.get::<_, i64>(0));
    // A negative number puts all parts together first. Parts that come meanwhile are not waited for.
    let pages = if is_begun {
        MERGED_PAGES
    } else {
        -MERGED_PAGES
    };
    if !is_begun {
        let sql = "INSERT INTO found (found, rank) VALUES ('usermerge', 2)";
        conn.execute(sql, [])?;
    }
    let before = changes()?;
    let sql = "INSERT INTO found (found, rank) VALUES ('merge', ?1)";
    conn.execute(sql, [pages])?;
    // The statement itself counts as one.
    Ok(changes()? - before < 2)
}

/// No file has a byte of what was taken back. The audit has how much it was.
fn finish(conn: &Connection) -> rusqlite::Result<Vec<Report>> {
    let all = Transaction::new_unchecked(conn, TransactionBehavior::Immediate)?;
    let mut reports = Vec::new();
    {
        let sql = "SELECT seq, name, count FROM erasure WHERE next IS NULL ORDER BY seq";
        let mut read = all.prepare(sql)?;
        let mut found = read.query([])?;
        while let Some(row) = found.next()? {
            let count = positive(number(row, 2)?);
            let name = text(row, 1)?.to_string();
            let sql = "UPDATE audit SET reason = ?2 WHERE seq = ?1 AND act = 'erase'";
            all.execute(sql, (row.get::<_, i64>(0)?, messages(count)))?;
            reports.push(Report::Erased { name, count });
        }
    }
    all.execute("DELETE FROM erasure WHERE next IS NULL", [])?;
    all.commit()?;
    Ok(reports)
}
