//! Removing addresses from what was done to people, once that has held no more for long enough.
//!
//! An address stands in a ban or a mute, and in what tells that somebody made it. It goes from there [`ADDRESSES_KEPT`]
//! after the ban or mute has ended, or after it was told, whichever is later.

use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::limits::accounts::ADDRESSES_KEPT;

/// The statements that remove them. `?1` is the time before which they held no more.
const REMOVALS: [&str; 4] = [
    "DELETE FROM ban WHERE until < ?1",
    "DELETE FROM mute WHERE until < ?1",
    "UPDATE audit SET net = NULL WHERE net IS NOT NULL AND at < ?1 AND NOT EXISTS (SELECT * FROM ban WHERE ban.id = seq)
        AND NOT EXISTS (SELECT * FROM mute WHERE mute.id = seq)",
    "DELETE FROM report WHERE is_read AND at < ?1",
];

/// Removes what is too old. `now` is the time: milliseconds since 1970-01-01 00:00 UTC.
pub(super) fn remove(conn: &Connection, now: i64) -> rusqlite::Result<()> {
    let kept = i64::try_from(ADDRESSES_KEPT.as_millis()).unwrap_or(i64::MAX);
    let before = now.saturating_sub(kept);
    let sql = "SELECT EXISTS (SELECT * FROM ban WHERE until < ?1) OR EXISTS (SELECT * FROM mute WHERE until < ?1)
        OR EXISTS (SELECT * FROM audit WHERE net IS NOT NULL AND at < ?1)
        OR EXISTS (SELECT * FROM report WHERE is_read AND at < ?1)";
    let is_any: bool = conn.query_row(sql, [before], |row| row.get(0))?;
    if !is_any {
        return Ok(());
    }
    let all = Transaction::new_unchecked(conn, TransactionBehavior::Immediate)?;
    for sql in REMOVALS {
        all.execute(sql, [before])?;
    }
    all.commit()
}
