//! Removing lines for their age, some at a time, while no line waits.
//!
//! Age counts to the clock, but to no later than the newest line of the last run plus the time since the start. So a
//! clock that jumps ahead removes nothing. Each run notes the time in the file, and the next one counts from there if the
//! newest line is of a later time. So a clock that stays ahead removes nothing either, whatever was said by it.

use std::time::{Duration, Instant};

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior};

use crate::limits::store::{CLOCK_AHEAD, REMOVED_ROWS};
use crate::moment::Moment;

use super::error::Report;
use super::line::{Kind, indexed_text, number};
use super::schema::TAKE_FROM_INDEX;
use super::words::{indexed, room_word, sender_word};

/// Removes the rooms without lines, except those of which the file has more to tell.
const REMOVE_ROOMS: &str = "DELETE FROM room WHERE last > 0 AND last < (SELECT coalesce(min(id), 1 << 62) FROM message)
    AND (ended IS NOT NULL OR topic IS NULL AND owner IS NULL AND slow = 0 AND NOT is_locked AND NOT is_topic_locked
        AND id NOT IN (SELECT room FROM room_member WHERE trusted IS NOT NULL OR invited IS NOT NULL))";

/// What counts as the time, however wrong the clock is.
#[derive(Debug)]
pub(super) struct Reckoning {
    /// The last time that counted as now before the start, or when the newest line was said, if that is earlier.
    base: i64,
    /// What the noted time begins with: the clock at the start, unless it was too far ahead to be believed.
    noted_base: i64,
    start: Instant,
    /// What the file has.
    noted: i64,
}

/// How far the removal is.
#[derive(Debug)]
pub(super) struct Retention {
    keep: i64,
    /// The last line that is kept although it stands before older ones, as the clock was wrong.
    passed: i64,
}

/// A line as it stands in the table.
struct Old {
    id: i64,
    room: i64,
    sender: i64,
    /// Somebody may have put something else there.
    at: Option<i64>,
    kind: Option<Kind>,
    body: String,
}

impl Reckoning {
    /// `newest` is when the newest line of the file was said. A file without lines has nothing to lose. `noted` is what
    /// the last run noted.
    pub(super) fn new(newest: Option<i64>, noted: Option<i64>, now: Moment) -> Reckoning {
        let clock = now.unix_millis();
        let base = newest.unwrap_or(clock).min(noted.unwrap_or(i64::MAX));
        let is_believed = clock.saturating_sub(base) <= millis(CLOCK_AHEAD);
        Reckoning {
            base,
            noted_base: if is_believed { clock } else { base },
            start: now.instant,
            noted: noted.unwrap_or(i64::MIN),
        }
    }

    /// What an operator should know about the clock.
    pub(super) fn report(&self, now: Moment) -> Option<Report> {
        let ahead = now.unix_millis().saturating_sub(self.base);
        let days = ahead / (24 * 3600 * 1000);
        (ahead > millis(CLOCK_AHEAD)).then_some(Report::ClockAhead(days as u64))
    }

    /// The time that counts as now.
    pub(super) fn now(&self, now: Moment) -> i64 {
        self.at_most(self.base, now)
    }

    fn at_most(&self, base: i64, now: Moment) -> i64 {
        let uptime = millis(now.instant.saturating_duration_since(self.start));
        now.unix_millis().min(base.saturating_add(uptime))
    }

    /// Notes the time in the file, if as much has passed since the last note.
    pub(super) fn note(
        &mut self,
        conn: &Connection,
        now: Moment,
        step: Duration,
    ) -> rusqlite::Result<()> {
        let counted = self.at_most(self.noted_base, now);
        if counted.saturating_sub(self.noted) > millis(step) {
            let sql = "INSERT OR REPLACE INTO meta VALUES ('now', ?1)";
            conn.execute(sql, [counted])?;
            self.noted = counted;
        }
        Ok(())
    }
}

impl Retention {
    pub(super) fn new(keep: Duration) -> Retention {
        Retention {
            keep: millis(keep),
            passed: i64::MIN,
        }
    }

    /// Removes some lines. Returns whether there may be more.
    pub(super) fn remove(
        &mut self,
        conn: &Connection,
        reckoning: &Reckoning,
        now: Moment,
    ) -> rusqlite::Result<bool> {
        let until = reckoning.now(now).saturating_sub(self.keep);
        let all = Transaction::new_unchecked(conn, TransactionBehavior::Immediate)?;
        let oldest = oldest(&all, self.passed)?;
        let is_all = oldest.len() < REMOVED_ROWS;
        let mut has_more = !is_all;
        let mut passed = self.passed;
        {
            let mut take = all.prepare(TAKE_FROM_INDEX)?;
            let mut delete = all.prepare("DELETE FROM message WHERE id = ?1")?;
            for line in oldest {
                // A line whose time is unknown stays too.
                let Some(at) = line.at.filter(|it| *it <= now.unix_millis()) else {
                    passed = line.id;
                    continue;
                };
                if at >= until {
                    has_more = false;
                    break;
                }
                if line.kind.is_some_and(Kind::is_indexed) {
                    let (room, sender) = (room_word(line.room), sender_word(line.sender));
                    take.execute((line.id, room, sender, indexed(&line.body)))?;
                }
                delete.execute([line.id])?;
            }
        }
        if !has_more {
            all.execute("DELETE FROM person WHERE last < ?1", [until])?;
            all.execute(REMOVE_ROOMS, [])?;
            let sql = "DELETE FROM room_member WHERE room NOT IN (SELECT id FROM room)";
            all.execute(sql, [])?;
        }
        all.commit()?;
        self.passed = passed;
        Ok(has_more)
    }
}

/// The oldest lines behind this one.
fn oldest(conn: &Connection, passed: i64) -> rusqlite::Result<Vec<Old>> {
    let mut read = conn.prepare(
        "SELECT id, room, sender, at, kind, body FROM message WHERE id > ?1 ORDER BY id LIMIT ?2",
    )?;
    let line = |row: &rusqlite::Row<'_>| {
        Ok(Old {
            id: row.get(0)?,
            room: number(row, 1)?.unwrap_or(0),
            sender: number(row, 2)?.unwrap_or(0),
            at: number(row, 3)?,
            kind: number(row, 4)?.and_then(Kind::of),
            body: indexed_text(row, 5)?.into(),
        })
    };
    read.query_map((passed, REMOVED_ROWS as i64), line)?
        .collect()
}

/// When the newest line was said.
pub(super) fn newest(conn: &Connection) -> rusqlite::Result<Option<i64>> {
    let newest = conn.query_row(
        "SELECT at FROM message WHERE typeof(at) = 'integer' ORDER BY id DESC LIMIT 1",
        [],
        |row| row.get(0),
    );
    newest.optional()
}

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}
