//! Rooms that are somebody's become rows.

use crate::message::{KeepOwning, Owning, RoomMember};
use crate::name::RoomName;

use super::Batch;

impl Batch<'_> {
    pub(super) fn keep_owning(&mut self, room: &RoomName, it: &KeepOwning) -> rusqlite::Result<()> {
        match it {
            KeepOwning::State { made, owning } => self.keep_state(room, *made as i64, owning),
            KeepOwning::Member(member) => self.keep_member(room, member),
            KeepOwning::MemberGone(account) => {
                let Some(room) = self.known_room(room)? else {
                    return Ok(());
                };
                let row = (room, account.0 as i64);
                let sql = "UPDATE room_member SET trusted = NULL, invited = NULL WHERE room = ?1 AND account = ?2";
                self.conn.execute(sql, row)?;
                let sql =
                    "DELETE FROM room_member WHERE room = ?1 AND account = ?2 AND last IS NULL";
                self.conn.execute(sql, row)?;
                Ok(())
            }
        }
    }

    fn keep_state(&mut self, name: &RoomName, made: i64, it: &Owning) -> rusqlite::Result<()> {
        let mut room = self.room(name, made)?;
        // The end of the room before may have been refused so far.
        let sql = "UPDATE room SET ended = ?2 WHERE id = ?1 AND made < ?2";
        if self.conn.execute(sql, (room, made))? > 0 {
            self.forget_members(name, made)?;
            room = self.room(name, made)?;
        }
        let sql = "UPDATE room SET made = ?2, owner = ?3, is_locked = ?4, is_topic_locked = ?5, is_past_open = ?6,
            slow = ?7, offered = ?8, offered_at = ?9 WHERE id = ?1";
        let (offered, offered_at) = it.offered.map(|(id, at)| (id.0 as i64, at)).unzip();
        let row = (
            room,
            made,
            it.owner.map(|it| it.0 as i64),
            it.is_locked,
            it.is_topic_locked,
            it.is_past_open,
            it.slow,
            offered,
            offered_at,
        );
        self.conn.execute(sql, row)?;
        Ok(())
    }

    fn keep_member(&mut self, room: &RoomName, it: &RoomMember) -> rusqlite::Result<()> {
        let (trusted, invited) = (
            it.trusted.map(|it| it as i64),
            it.invited.map(|it| it as i64),
        );
        let made = trusted.into_iter().chain(invited).min();
        let room = self.room(room, made.unwrap_or(0))?;
        let sql =
            "INSERT INTO room_member (room, account, trusted, invited) VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT (room, account) DO UPDATE SET trusted = ?3, invited = ?4";
        self.conn
            .execute(sql, (room, it.account.0 as i64, trusted, invited))?;
        Ok(())
    }

    /// Forgets what members were in the room that ended by this entry.
    pub(super) fn forget_members(&mut self, name: &RoomName, ended: i64) -> rusqlite::Result<()> {
        self.rooms.remove(name);
        let sql = "DELETE FROM room_member WHERE room IN (SELECT id FROM room WHERE key = ?1 AND ended = ?2)";
        self.conn.execute(sql, (name.folded(), ended))?;
        Ok(())
    }
}
