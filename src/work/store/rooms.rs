//! The rooms of a file, as a server needs them before it listens.

use std::collections::HashSet;

use rusqlite::Connection;

use crate::limits::store::ROOMS_LOADED;
use crate::message::{KeptRoom, Unseen};
use crate::name::RoomName;

use super::line::{number, room_name, text};
use super::open::Loaded;
use super::pages;

/// Rooms that have not ended: the lobby, then those with a topic, then the others, each by their last lines.
const ALIVE: &str = "SELECT id, name, coalesce(made, 0), topic FROM room WHERE ended IS NULL
    ORDER BY key <> ?1, topic IS NULL, last DESC";

/// The largest number of an entry ever given, as far as the file knows.
pub(super) fn last(conn: &Connection) -> rusqlite::Result<u64> {
    let sql = "SELECT max((SELECT coalesce(max(CAST(seq AS INTEGER)), 0) FROM numbers),
        (SELECT coalesce(max(seq), 0) FROM (SELECT CAST(seq AS INTEGER) AS seq FROM message ORDER BY id DESC LIMIT 1)))";
    let last: i64 = conn.query_row(sql, [], |row| row.get(0))?;
    Ok(last.max(0) as u64)
}

/// Ends the rooms that are not loaded: those behind the first, and all but one of those that have the same name because
/// somebody edited the file.
pub(super) fn end_others(conn: &mut Connection) -> rusqlite::Result<()> {
    let (mut names, mut others) = (HashSet::new(), Vec::new());
    {
        let mut read = conn.prepare(ALIVE)?;
        let mut found = read.query([RoomName::lobby().folded()])?;
        while let Some(row) = found.next()? {
            let name = room_name(&text(row, 1)?);
            let is_loaded = names.len() < ROOMS_LOADED && name.is_some_and(|it| names.insert(it));
            if !is_loaded {
                others.push(row.get::<_, i64>(0)?);
            }
        }
    }
    if others.is_empty() {
        return Ok(());
    }
    let all = conn.transaction()?;
    let last = last(&all)? as i64;
    {
        let mut end = all.prepare("UPDATE room SET ended = ?2 WHERE id = ?1")?;
        for room in others {
            end.execute((room, last))?;
        }
    }
    all.commit()
}

/// Reads what a server needs. Rooms come without lines once there is no time for them.
pub(super) fn load(
    conn: &Connection,
    lines: usize,
    has_time: impl Fn() -> bool,
) -> rusqlite::Result<Loaded> {
    let mut rooms = Vec::new();
    let mut read = conn.prepare(ALIVE)?;
    let mut found = read.query([RoomName::lobby().folded()])?;
    while let Some(row) = found.next()? {
        let topic = Some(text(row, 3)?).filter(|it| !it.is_empty());
        let page = match has_time() {
            true => {
                let page = pages::room(conn, row.get(0)?, &Unseen::default(), i64::MAX, lines);
                Some(page?)
            }
            false => None,
        };
        rooms.push(KeptRoom {
            name: room_name(&text(row, 1)?).ok_or(rusqlite::Error::InvalidQuery)?,
            made: number(row, 2)?.map_or(0, |it| it.max(0) as u64),
            topic,
            page,
        });
    }
    let seq = last(conn)?;
    Ok(Loaded { seq, rooms })
}
