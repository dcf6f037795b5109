//! The rooms of a file, as a server needs them before it listens.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use rusqlite::{Connection, Row};

use crate::account::AccountId;
use crate::limits::store::ROOMS_LOADED;
use crate::message::{KeptRoom, Owning, RoomMember, Unseen};
use crate::name::RoomName;

use super::house;
use super::line::{number, positive, room_name, text};
use super::open::Loaded;
use super::pages;

/// Rooms that have not ended: the lobby, then those that are somebody's, those with a topic, and the others, each by their
/// last lines.
const ALIVE: &str = "SELECT id, name, coalesce(made, 0), topic, owner, is_locked, is_topic_locked, is_past_open, slow,
    offered, offered_at FROM room WHERE ended IS NULL ORDER BY key <> ?1, owner IS NULL, topic IS NULL, last DESC";

/// The largest number of an entry ever given, as far as the file knows.
pub(super) fn last(conn: &Connection) -> rusqlite::Result<u64> {
    let sql = "SELECT max((SELECT coalesce(max(CAST(seq AS INTEGER)), 0) FROM numbers),
        (SELECT coalesce(max(seq), 0) FROM (SELECT CAST(seq AS INTEGER) AS seq FROM message ORDER BY id DESC LIMIT 1)),
        (SELECT coalesce(max(id), 0) FROM account))";
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
    now: i64,
    has_time: impl Fn() -> bool,
) -> rusqlite::Result<Loaded> {
    let mut rooms = Vec::new();
    let mut members = members(conn)?;
    let mut read = conn.prepare(ALIVE)?;
    let mut found = read.query([RoomName::lobby().folded()])?;
    while let Some(row) = found.next()? {
        let mut topic = Some(text(row, 3)?).filter(|it| !it.is_empty());
        let topic_line = match topic.is_some() && has_time() {
            true => pages::topic(conn, row.get(0)?)?,
            false => None,
        };
        // It is erased, and its line is still to be removed.
        topic = topic.filter(|_| topic_line.as_ref().is_none_or(|(_, is_erased)| !is_erased));
        let topic_line = topic_line.map(|(line, _)| Arc::new(line));
        let page = match has_time() {
            true => {
                let page = pages::room(
                    conn,
                    row.get(0)?,
                    &Unseen::default(),
                    (i64::MIN, i64::MAX),
                    lines,
                );
                Some(page?)
            }
            false => None,
        };
        rooms.push(KeptRoom {
            name: room_name(&text(row, 1)?).ok_or(rusqlite::Error::InvalidQuery)?,
            made: number(row, 2)?.map_or(0, |it| it.max(0) as u64),
            topic,
            topic_line,
            page,
            owning: owning(row)?,
            members: members.remove(&row.get(0)?).unwrap_or_default(),
        });
    }
    let seq = last(conn)?;
    let house = house::load(conn, now)?;
    Ok(Loaded { seq, rooms, house })
}

/// How a room of [`ALIVE`] is kept.
fn owning(row: &Row<'_>) -> rusqlite::Result<Owning> {
    let account = |column| number(row, column).map(|it| it.map(|id| AccountId(positive(Some(id)))));
    let is_set = |column| number(row, column).map(|it| it == Some(1));
    let at = number(row, 10)?;
    Ok(Owning {
        owner: account(4)?,
        is_locked: is_set(5)?,
        is_topic_locked: is_set(6)?,
        is_past_open: is_set(7)?,
        slow: number(row, 8)?.map_or(0, |it| it.try_into().unwrap_or(0)),
        offered: account(9)?.zip(at),
    })
}

/// What members are in the rooms, by the numbers of the rooms.
fn members(conn: &Connection) -> rusqlite::Result<HashMap<i64, Vec<RoomMember>>> {
    let mut members: HashMap<i64, Vec<RoomMember>> = HashMap::new();
    let sql = "SELECT room, account, trusted, invited FROM room_member
        WHERE trusted IS NOT NULL OR invited IS NOT NULL ORDER BY room, account";
    let mut read = conn.prepare(sql)?;
    let mut found = read.query([])?;
    while let Some(row) = found.next()? {
        let since = |column| number(row, column).map(|it| it.map(|seq| positive(Some(seq))));
        members.entry(row.get(0)?).or_default().push(RoomMember {
            account: AccountId(positive(number(row, 1)?)),
            trusted: since(2)?,
            invited: since(3)?,
        });
    }
    Ok(members)
}
