//! An account of a file, as its owner needs it.

use rusqlite::{Connection, OptionalExtension, Row};

use crate::account::{AccountId, Hashed};
use crate::id::PersonId;
use crate::message::{AccountFacts, Settings, Waiting};
use crate::name::{RoomName, Username};

use super::erasing;
use super::line::{a_name, address, number, positive, room_name, text};

/// What the file has about the owner of an account.
#[derive(Debug)]
pub(super) struct Owner {
    /// The number of the entry that set the password.
    pub(super) changed: u64,
    /// `None`: nobody can come in by a password.
    pub(super) hash: Option<Hashed>,
    pub(super) facts: AccountFacts,
}

/// What the file has about the owner of an account, if it has the account.
pub(super) fn owner(conn: &Connection, account: AccountId) -> rusqlite::Result<Option<Owner>> {
    let id = account.0 as i64;
    let sql = "SELECT changed, CASE WHEN ended IS NULL THEN password END, last, wrong, wrong_from, time, is_quiet, room
        FROM account WHERE id = ?1";
    let owner = |row: &Row<'_>| {
        let hash = text(row, 1)?;
        let settings = Settings {
            time: (*text(row, 5)?).into(),
            is_quiet: number(row, 6)? == Some(1),
            room: RoomName::parse(&text(row, 7)?).ok(),
        };
        let facts = AccountFacts {
            last: number(row, 2)?,
            wrong: number(row, 3)?.map_or(0, |it| it.try_into().unwrap_or(0)),
            wrong_from: address(&text(row, 4)?),
            settings,
            ..AccountFacts::default()
        };
        Ok(Owner {
            changed: positive(number(row, 0)?),
            hash: (!hash.is_empty()).then(|| Hashed::new(&hash)),
            facts,
        })
    };
    let Some(mut owner) = conn.query_row(sql, [id], owner).optional()? else {
        return Ok(None);
    };
    owner.facts.ignores = ignores(conn, id)?;
    owner.facts.waiting = waiting(conn, id)?;
    owner.facts.left = left(conn, id)?;
    Ok(Some(owner))
}

fn ignores(conn: &Connection, account: i64) -> rusqlite::Result<Vec<Username>> {
    let mut read =
        conn.prepare("SELECT name FROM account_ignore WHERE account = ?1 ORDER BY number")?;
    let names = read.query_map([account], |row| Ok(Username::parse_any(&text(row, 0)?)))?;
    names.filter_map(Result::transpose).collect()
}

fn waiting(conn: &Connection, account: i64) -> rusqlite::Result<Vec<Waiting>> {
    let sql = "SELECT seq, at, sender, body, author, author_account FROM waiting WHERE account = ?1 ORDER BY id";
    let mut read = conn.prepare(sql)?;
    let waiting = |row: &Row<'_>| {
        Ok(Waiting {
            seq: positive(number(row, 0)?),
            at: number(row, 1)?.unwrap_or(0),
            author: PersonId(positive(number(row, 4)?)),
            author_account: erasing::account(row, 5)?,
            from: a_name(&text(row, 2)?)?,
            text: text(row, 3)?,
        })
    };
    read.query_map([account], waiting)?.collect()
}

fn left(conn: &Connection, account: i64) -> rusqlite::Result<Vec<(RoomName, u64)>> {
    let sql = "SELECT room.name, room_member.last FROM room_member JOIN room ON room.id = room_member.room
        WHERE room_member.account = ?1 AND room_member.last IS NOT NULL AND room.ended IS NULL ORDER BY room.id";
    let mut read = conn.prepare(sql)?;
    let left = |row: &Row<'_>| {
        let room = room_name(&text(row, 0)?).ok_or(rusqlite::Error::InvalidQuery)?;
        Ok((room, positive(number(row, 1)?)))
    };
    read.query_map([account], left)?.collect()
}
