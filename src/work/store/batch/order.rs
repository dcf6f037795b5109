//! What keeps order becomes rows.

use crate::erasure::Erasure;
use crate::message::{Audit, KeepOrder};
use crate::name::{RoomName, Username};
use crate::sanction::{Sanction, SanctionKind, Target};

use super::Batch;
use crate::work::store::erasing;

/// The key under which the file has when a lockdown ends.
pub(in crate::work::store) const LOCKED_DOWN: &str = "locked_down";

/// The table of sanctions of a kind.
pub(in crate::work::store) fn table(kind: SanctionKind) -> &'static str {
    match kind {
        SanctionKind::Ban => "ban",
        SanctionKind::Mute => "mute",
    }
}

impl Batch<'_> {
    pub(super) fn keep_order(&mut self, it: &KeepOrder) -> rusqlite::Result<()> {
        match it {
            KeepOrder::Made(sanction) => self.keep_sanction(sanction)?,
            KeepOrder::Lifted(kind, id) => {
                let sql = format!("DELETE FROM {} WHERE id = ?1", table(*kind));
                self.conn.execute(&sql, [*id as i64])?;
            }
            KeepOrder::LockedDown(None) => {
                let sql = "DELETE FROM meta WHERE key = ?1";
                self.conn.execute(sql, [LOCKED_DOWN])?;
            }
            KeepOrder::LockedDown(Some(until)) => {
                let sql = "INSERT OR REPLACE INTO meta VALUES (?1, ?2)";
                self.conn.execute(sql, (LOCKED_DOWN, until))?;
            }
            KeepOrder::Report(report) => {
                let sql = "INSERT INTO report (at, by, body) VALUES (?1, ?2, ?3)";
                let row = (report.at, report.by.as_str(), &*report.text);
                self.conn.execute(sql, row)?;
            }
            KeepOrder::ReportsRead => {
                let sql = "UPDATE report SET is_read = 1 WHERE NOT is_read";
                self.conn.execute(sql, [])?;
            }
            KeepOrder::Erase(erasure) => self.keep_erasure(erasure)?,
            KeepOrder::Audit(audit) => self.keep_audit(audit)?,
        }
        Ok(())
    }

    /// A room that is not in the file has nothing to erase.
    fn keep_erasure(&mut self, it: &Erasure) -> rusqlite::Result<()> {
        let room = match &it.room {
            None => None,
            Some(name) => match self.known_room(name)? {
                None => return Ok(()),
                id => id,
            },
        };
        self.has_erasures = true;
        erasing::note(self.conn, it, room)
    }

    fn keep_sanction(&self, it: &Sanction) -> rusqlite::Result<()> {
        let sql = format!(
            "INSERT OR REPLACE INTO {} (id, account, net, guest, name, room, is_for_all, by, reason, at, until)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
            table(it.kind)
        );
        let (mut account, mut net, mut guest) = (None, None, None);
        match &it.target {
            Target::Account(id) => account = Some(id.0 as i64),
            Target::Network(network) => net = Some(network.to_string()),
            Target::Name(name) => guest = Some(name.as_str()),
        }
        let row = (
            it.id as i64,
            account,
            net,
            guest,
            it.name.as_ref().map(Username::as_str),
            it.room.as_ref().map(RoomName::name),
            it.is_for_all,
            &*it.by,
            it.reason.as_deref(),
            it.at,
            it.until,
        );
        self.conn.execute(&sql, row)?;
        Ok(())
    }

    fn keep_audit(&self, it: &Audit) -> rusqlite::Result<()> {
        let sql = "INSERT INTO audit (seq, at, by, act, whom, net, room, reason)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
        let row = (
            it.seq as i64,
            it.at,
            &*it.by,
            &*it.act,
            it.whom.as_deref(),
            it.network.as_deref(),
            it.room.as_ref().map(RoomName::name),
            it.reason.as_deref(),
        );
        self.conn.execute(sql, row)?;
        Ok(())
    }
}
