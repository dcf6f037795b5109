//! Pages: what the reader asks the file, and how the answer is cut.

use std::sync::Arc;

use rusqlite::{Connection, ErrorCode, OptionalExtension, Params, Row};

use crate::id::PersonId;
use crate::limits::HISTORY_BYTES;
use crate::limits::store::{PAGE_LINES, TOPIC_READ};
use crate::message::{Before, News, Page, Past, Unseen};
use crate::name::{RoomName, Username};

use super::erasing::not_erased;
use super::line::{COLUMNS, Kind, Lines, NAMES, number};
use super::queue::Untold;

/// The last lines of a room, and what is not in the file yet.
pub(super) fn history(
    conn: &Connection,
    name: &RoomName,
    unseen: &Unseen,
    before: Before,
    count: usize,
    untold: Untold,
) -> rusqlite::Result<Page> {
    if unseen.rooms.contains(name) {
        return Ok(Page::default());
    }
    let since = since(unseen, name);
    let gap = untold.gap.as_ref().filter(|gap| gap.seq >= since);
    let gap = gap.filter(|gap| match before {
        Before::End => true,
        Before::Seq(seq) => gap.seq < seq,
        Before::At(at) => gap.at < at,
        // That line is in the file, and older.
        Before::Id(_) => false,
    });
    let gap = match gap {
        Some(gap) if !has_line(conn, gap.seq)? => Some(Arc::new(gap.clone())),
        _ => None,
    };
    let count = count.saturating_sub(gap.iter().len());
    let mut page = match find_room(conn, name, &untold)? {
        Some(id) => {
            let from = match since {
                0 => i64::MIN,
                since => first_from(conn, "seq", i64::try_from(since).unwrap_or(i64::MAX))?,
            };
            room(conn, id, unseen, (from, end(conn, before)?), count)?
        }
        None => Page::default(),
    };
    page.lines.extend(gap);
    Ok(page)
}

/// The number of the first entry in a room that the reader may read.
fn since(unseen: &Unseen, name: &RoomName) -> u64 {
    let mut hidden = unseen.hidden_before.iter();
    let found = hidden.find(|(it, _)| it == name);
    found.map_or(0, |(_, seq)| *seq)
}

/// The condition that leaves out lines of rooms from before the reader may read them.
pub(super) fn not_before(conn: &Connection, unseen: &Unseen) -> rusqlite::Result<String> {
    let mut condition = String::new();
    for (name, seq) in &unseen.hidden_before {
        let from = first_from(conn, "seq", i64::try_from(*seq).unwrap_or(i64::MAX))?;
        for id in rooms(conn, [name].into_iter())? {
            condition += &format!(" AND (message.room <> {id} OR message.id >= {from})");
        }
    }
    Ok(condition)
}

fn has_line(conn: &Connection, seq: u64) -> rusqlite::Result<bool> {
    let first = first_from(conn, "seq", seq as i64)?;
    let sql = "SELECT seq FROM message WHERE id >= ?1 ORDER BY id LIMIT 1";
    let found = conn.query_row(sql, [first], |row| number(row, 0));
    Ok(found.optional()?.flatten() == Some(seq as i64))
}

/// The last lines of the room of this number, from a line on and before another one.
pub(super) fn room(
    conn: &Connection,
    id: i64,
    unseen: &Unseen,
    (from, end): (i64, i64),
    count: usize,
) -> rusqlite::Result<Page> {
    let sql = format!(
        "SELECT {COLUMNS}, message.kind IN ({}, {}, {}) {} FROM message INDEXED BY message_room {NAMES}
            WHERE message.room = ?1 AND message.id < ?2 AND message.id >= ?3 ORDER BY message.id DESC",
        Kind::Said.number(),
        Kind::Did.number(),
        Kind::Gap.number(),
        by_others(conn, unseen)?,
    );
    let mut read = conn.prepare(&sql)?;
    let is_seen = read.column_count() - 1;
    let mut rows = read.query((id, end, from))?;
    let (mut names, mut cut) = (Lines::default(), Cut::new(count));
    let mut last = None;
    loop {
        let row = match rows.next() {
            Ok(Some(row)) => row,
            Ok(None) => break,
            // Nearly all lines may be by people whom the reader ignores.
            Err(why) if is_late(&why) && last.is_some() => {
                cut.page.older = last;
                break;
            }
            Err(why) => return Err(why),
        };
        last = Some(row.get(0)?);
        if row.get::<_, Option<bool>>(is_seen)?.unwrap_or_default() {
            let (id, past) = names.read(row)?;
            if !cut.take(id, past) {
                break;
            }
        }
    }
    Ok(cut.page())
}

/// The line that set the topic of a room, if it is among the last ones, and whether it is erased.
pub(super) fn topic(conn: &Connection, room: i64) -> rusqlite::Result<Option<(Past, bool)>> {
    let sql = format!(
        "SELECT {COLUMNS}, (TRUE {}) FROM (SELECT * FROM message INDEXED BY message_room
            WHERE room = ?1 ORDER BY id DESC LIMIT ?2) AS message {NAMES}
            WHERE message.kind = ?3 ORDER BY message.id DESC LIMIT 1",
        not_erased(conn)?
    );
    let mut read = conn.prepare(&sql)?;
    let is_kept = read.column_count() - 1;
    let mut rows = read.query((room, TOPIC_READ as i64, Kind::Topic.number()))?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    let (_, line) = Lines::default().read(row)?;
    Ok(Some((
        line,
        row.get::<_, Option<bool>>(is_kept)? == Some(false),
    )))
}

/// Whether a question has taken as long as it may.
pub(super) fn is_late(why: &rusqlite::Error) -> bool {
    why.sqlite_error_code() == Some(ErrorCode::OperationInterrupted)
}

/// The number of a room that has not ended.
pub(super) fn find_room(
    conn: &Connection,
    name: &RoomName,
    untold: &Untold,
) -> rusqlite::Result<Option<i64>> {
    let ended = untold.ended.iter().find(|(it, _)| it == name);
    // One that was made after this end is another one.
    let made_after = ended.map_or(-1, |(_, seq)| *seq as i64);
    let sql = "SELECT id FROM room WHERE key = ?1 AND ended IS NULL AND coalesce(made, 0) > ?2";
    let found = conn.query_row(sql, (name.folded(), made_after), |row| row.get(0));
    found.optional()
}

/// The numbers of the rooms of these names that have not ended.
pub(super) fn rooms<'a>(
    conn: &Connection,
    names: impl Iterator<Item = &'a RoomName>,
) -> rusqlite::Result<Vec<i64>> {
    let mut read = conn.prepare("SELECT id FROM room WHERE key = ?1 AND ended IS NULL")?;
    let mut found = Vec::new();
    for name in names {
        let id = read.query_row([name.folded()], |row| row.get::<_, i64>(0));
        found.extend(id.optional()?);
    }
    Ok(found)
}

/// The numbers of people of these names, in all ways in which they were written.
pub(super) fn senders(conn: &Connection, names: &[Username]) -> rusqlite::Result<Vec<i64>> {
    let mut read = conn.prepare("SELECT id FROM person WHERE key = ?1")?;
    let mut found = Vec::new();
    for name in names {
        for id in read.query_map([name.folded()], |row| row.get(0))? {
            found.push(id?);
        }
    }
    Ok(found)
}

/// The number of the line before which a page ends.
pub(super) fn end(conn: &Connection, before: Before) -> rusqlite::Result<i64> {
    match before {
        Before::End => Ok(i64::MAX),
        Before::Id(id) => Ok(id),
        Before::At(at) => first_from(conn, "at", at),
        Before::Seq(seq) => first_from(conn, "seq", i64::try_from(seq).unwrap_or(i64::MAX)),
    }
}

/// A number with the lines whose entry, or time, is below a value before it, and the others from it on. Lines stand in
/// the order of both, but for times of a clock that was wrong; so it is found by halves, and no index is needed.
pub(super) fn first_from(conn: &Connection, column: &str, value: i64) -> rusqlite::Result<i64> {
    let ends = "SELECT (SELECT coalesce(min(id), 0) FROM message), (SELECT coalesce(max(id), 0) FROM message)";
    let (mut low, last): (_, i64) =
        conn.query_row(ends, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let mut high = last.saturating_add(1);
    let mut read = conn.prepare(&format!(
        "SELECT id, {column} FROM message WHERE id >= ?1 AND id < ?2 ORDER BY id LIMIT 1"
    ))?;
    while low < high {
        let middle = i64::midpoint(low, high);
        let row = |row: &Row<'_>| Ok((row.get::<_, i64>(0)?, number(row, 1)?.unwrap_or(0)));
        match read.query_row((middle, high), row).optional()? {
            Some((id, then)) if then < value => low = id.saturating_add(1),
            _ => high = middle,
        }
    }
    Ok(low)
}

/// The condition that leaves out lines of people whom the reader does not see, and lines that are to go.
pub(super) fn by_others(conn: &Connection, unseen: &Unseen) -> rusqlite::Result<String> {
    let numbers = |people: &[PersonId]| people.iter().map(|it| it.0 as i64).collect();
    let people: Vec<i64> = numbers(&unseen.people);
    let mut condition = not_in("message.person", &people);
    let names = senders(conn, &unseen.names)?;
    if !names.is_empty() {
        let mut but: Vec<i64> = numbers(&unseen.but);
        but.push(PersonId::HOUSE.0 as i64);
        let (names, but) = (list(&names), list(&but));
        condition +=
            &format!(" AND (message.sender NOT IN ({names}) OR message.person IN ({but}))");
    }
    Ok(condition + &not_erased(conn)?)
}

/// A condition that leaves some rows out.
pub(super) fn not_in(column: &str, ids: &[i64]) -> String {
    match ids.is_empty() {
        true => String::new(),
        false => format!("AND {column} NOT IN ({})", list(ids)),
    }
}

/// Numbers need no quoting.
pub(super) fn list(ids: &[i64]) -> String {
    let ids: Vec<String> = ids.iter().map(i64::to_string).collect();
    ids.join(", ")
}

/// One line more than is shown tells whether there are older ones.
pub(super) fn limit(count: usize) -> i64 {
    count.min(PAGE_LINES) as i64 + 1
}

/// Reads a page, the newest line first.
pub(super) fn page(
    conn: &Connection,
    sql: &str,
    params: impl Params,
    count: usize,
) -> rusqlite::Result<Page> {
    let mut read = conn.prepare(sql)?;
    let mut rows = read.query(params)?;
    let (mut names, mut cut) = (Lines::default(), Cut::new(count));
    while let Some(row) = rows.next()? {
        let (id, past) = names.read(row)?;
        if !cut.take(id, past) {
            break;
        }
    }
    Ok(cut.page())
}

/// A page that is filled from its newest line on. It ends with as many lines, or with as many bytes as an answer may
/// take.
pub(super) struct Cut {
    page: Page,
    count: usize,
    bytes: usize,
    oldest: Option<i64>,
}

impl Cut {
    pub(super) fn new(count: usize) -> Cut {
        Cut {
            page: Page::default(),
            count: count.min(PAGE_LINES),
            bytes: 0,
            oldest: None,
        }
    }

    /// Takes the next line. Returns whether there is room for more: this line is on the next page otherwise.
    pub(super) fn take(&mut self, id: i64, past: Past) -> bool {
        self.bytes += held(&past);
        let is_too_large = self.bytes > HISTORY_BYTES && self.oldest.is_some();
        if self.page.lines.len() >= self.count || is_too_large {
            // This line is the first one on the page of older ones.
            self.page.older = Some(self.oldest.unwrap_or(id + 1));
            return false;
        }
        self.page.lines.push(Arc::new(past));
        self.oldest = Some(id);
        true
    }

    pub(super) fn page(mut self) -> Page {
        self.page.lines.reverse();
        self.page
    }
}

/// The bytes of the texts and names of a line.
fn held(past: &Past) -> usize {
    let room = past.room.as_ref().map_or(0, |it| it.name().len());
    let (author, text) = match &past.news {
        News::Said { from, text } | News::Action { from, text } => {
            (from.as_str().len(), text.len())
        }
        _ => (0, 0),
    };
    room + author + text
}
