//! Accounts become rows.

use std::net::IpAddr;

use crate::account::{AccountId, Hashed, Role};
use crate::limits::accounts::KNOWN_ADDRESSES;
use crate::message::{KeepAccount, Settings, Waiting};
use crate::name::{self, RoomName, Username};

use super::Batch;
#[cfg(feature = "accounts")]
use crate::work::store::tokens;

/// What hangs on an account.
const BELONGINGS: [&str; 5] = [
    "account_address",
    "account_ignore",
    "token",
    "room_member",
    "waiting",
];

impl Batch<'_> {
    pub(super) fn keep_account(
        &mut self,
        account: AccountId,
        it: &KeepAccount,
    ) -> rusqlite::Result<()> {
        let id = account.0 as i64;
        let conn = self.conn;
        match it {
            KeepAccount::Made {
                name,
                role,
                at,
                hash,
            } => self.make_account(id, name, (*role, *at), hash.as_ref())?,
            KeepAccount::Password { hash, seq } => self.set_password(id, hash, *seq as i64)?,
            KeepAccount::Role(role) => {
                let sql = "UPDATE account SET role = ?2 WHERE id = ?1";
                conn.execute(sql, (id, role.word()))?;
            }
            KeepAccount::Ended { at } => self.end_account(id, *at)?,
            KeepAccount::Freed => {
                self.remove_belongings(id)?;
                conn.execute("DELETE FROM account WHERE id = ?1", [id])?;
            }
            KeepAccount::CameIn { at, address } => self.come_in(id, *at, *address)?,
            KeepAccount::Wrong { address, .. } => {
                let sql = "UPDATE account SET wrong = min(wrong + 1, 1000000), wrong_from = ?2
                    WHERE id = ?1 AND ended IS NULL";
                conn.execute(sql, (id, address.to_string()))?;
            }
            #[cfg(feature = "accounts")]
            KeepAccount::Token { token, is_tls, at } => {
                tokens::keep(conn, id, token, *is_tls, *at)?;
            }
            #[cfg(feature = "accounts")]
            KeepAccount::TokenOver(token) => tokens::end(conn, token)?,
            // Nobody has an account.
            #[cfg(not(feature = "accounts"))]
            KeepAccount::Token { .. } | KeepAccount::TokenOver(_) => {}
            KeepAccount::TokensOver => self.end_tokens(id)?,
            KeepAccount::Left {
                at,
                seq,
                rooms,
                settings,
                ignores,
            } => {
                if self.keep_settings(id, *at, settings)? {
                    self.keep_ignores(id, ignores)?;
                    self.keep_left(id, *seq as i64, rooms)?;
                }
            }
            KeepAccount::Waiting(it) => self.keep_waiting(id, it)?,
            KeepAccount::Read { seq } => {
                let sql = "DELETE FROM waiting WHERE account = ?1 AND seq <= ?2";
                conn.execute(sql, (id, *seq as i64))?;
            }
        }
        Ok(())
    }

    fn end_account(&self, account: i64, at: i64) -> rusqlite::Result<()> {
        self.remove_belongings(account)?;
        let sql = "UPDATE account SET password = NULL, last = NULL, time = NULL, is_quiet = 0, room = NULL,
            wrong = 0, wrong_from = NULL, role = 'member', ended = ?2 WHERE id = ?1";
        self.conn.execute(sql, (account, at))?;
        Ok(())
    }

    fn end_tokens(&self, account: i64) -> rusqlite::Result<()> {
        let sql = "DELETE FROM token WHERE account = ?1";
        self.conn.execute(sql, [account])?;
        Ok(())
    }

    fn keep_waiting(&self, account: i64, it: &Waiting) -> rusqlite::Result<()> {
        let sql = "INSERT INTO waiting (account, seq, at, author, author_account, sender, body)
            SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7 WHERE EXISTS (SELECT * FROM account WHERE id = ?1 AND ended IS NULL)";
        let (author, by) = (it.author.0 as i64, it.author_account.map(|it| it.0 as i64));
        let (name, text) = (it.from.as_str(), &*it.text);
        let row = (account, it.seq as i64, it.at, author, by, name, text);
        self.conn.execute(sql, row)?;
        Ok(())
    }

    fn make_account(
        &self,
        account: i64,
        name: &Username,
        (role, at): (Role, i64),
        hash: Option<&Hashed>,
    ) -> rusqlite::Result<()> {
        let sql = "INSERT OR REPLACE INTO account (id, name, key, keys, unicode, password, changed, role, made)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?1, ?7, ?8)";
        let (text, key, unicode) = (name.as_str(), name.folded(), name::tables());
        let hash = hash.map(Hashed::reveal);
        let keys = name.key_bytes();
        let row = (account, text, key, keys, unicode, hash, role.word(), at);
        self.conn.execute(sql, row)?;
        Ok(())
    }

    fn set_password(&self, account: i64, hash: &Hashed, seq: i64) -> rusqlite::Result<()> {
        self.conn.execute(
            "DELETE FROM token WHERE account = ?1
                AND EXISTS (SELECT * FROM account WHERE id = ?1 AND changed < ?2)",
            (account, seq),
        )?;
        // The same password may have been hashed again after a later one was set.
        let sql = "UPDATE account SET password = ?2, changed = ?3
            WHERE id = ?1 AND changed <= ?3 AND ended IS NULL";
        self.conn.execute(sql, (account, hash.reveal(), seq))?;
        Ok(())
    }

    fn remove_belongings(&self, account: i64) -> rusqlite::Result<()> {
        for table in BELONGINGS {
            let sql = format!("DELETE FROM {table} WHERE account = ?1");
            self.conn.execute(&sql, [account])?;
        }
        Ok(())
    }

    fn come_in(&self, account: i64, at: i64, address: IpAddr) -> rusqlite::Result<()> {
        let sql = "UPDATE account SET last = ?2, wrong = 0, wrong_from = NULL WHERE id = ?1 AND ended IS NULL";
        if self.conn.execute(sql, (account, at))? == 0 {
            return Ok(());
        }
        let address = address.to_string();
        self.conn.execute(
            "DELETE FROM account_address WHERE account = ?1 AND address = ?2",
            (account, &address),
        )?;
        self.conn.execute(
            "INSERT INTO account_address (account, number, address, last)
                SELECT ?1, coalesce(max(number), 0) + 1, ?2, ?3 FROM account_address WHERE account = ?1",
            (account, &address, at),
        )?;
        self.conn.execute(
            "DELETE FROM account_address WHERE account = ?1 AND number NOT IN
                (SELECT number FROM account_address WHERE account = ?1 ORDER BY number DESC LIMIT ?2)",
            (account, KNOWN_ADDRESSES as i64),
        )?;
        Ok(())
    }

    /// Returns whether the account has an owner.
    fn keep_settings(&self, account: i64, at: i64, settings: &Settings) -> rusqlite::Result<bool> {
        let sql = "UPDATE account SET last = ?2, time = nullif(?3, ''), is_quiet = ?4, room = ?5
            WHERE id = ?1 AND ended IS NULL";
        let room = settings.room.as_ref().map(RoomName::name);
        let row = (account, at, &*settings.time, settings.is_quiet, room);
        Ok(self.conn.execute(sql, row)? > 0)
    }

    fn keep_ignores(&self, account: i64, names: &[Username]) -> rusqlite::Result<()> {
        let sql = "DELETE FROM account_ignore WHERE account = ?1";
        self.conn.execute(sql, [account])?;
        let mut add = self
            .conn
            .prepare("INSERT INTO account_ignore (account, number, name) VALUES (?1, ?2, ?3)")?;
        for (number, name) in names.iter().enumerate() {
            add.execute((account, number as i64, name.as_str()))?;
        }
        Ok(())
    }

    /// Notes up to which entry somebody has heard rooms. A room that is not in the file had nothing to hear.
    fn keep_left(&mut self, account: i64, seq: i64, rooms: &[RoomName]) -> rusqlite::Result<()> {
        for room in rooms {
            if let Some(room) = self.known_room(room)? {
                let sql = "INSERT INTO room_member (room, account, last) VALUES (?1, ?2, ?3)
                    ON CONFLICT (room, account) DO UPDATE SET last = ?3";
                self.conn.execute(sql, (room, account, seq))?;
            }
        }
        Ok(())
    }
}
