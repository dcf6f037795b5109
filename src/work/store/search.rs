//! Searches: which way through the index is taken for one.
//!
//! The index has the room of each line as a word. It is a good word to begin with, unless most lines are of that room:
//! then it only adds work, and the room is better looked up for each line that has the other words.

use rusqlite::{Connection, OptionalExtension};

use crate::limits::store::{BUSY_LINES, BUSY_SAMPLE, LINES_TRIED};
use crate::message::{Before, Page, Unseen};
use crate::name::RoomName;
use crate::query::{Place, Query};

use super::line::{COLUMNS, Kind, Lines, NAMES};
use super::pages::{
    Cut, by_others, end, find_room, first_from, limit, not_before, not_in, page, rooms, senders,
};
use super::queue::Untold;
use super::words::{expression, room_word, sender_word};

/// What is asked, but for the place.
struct Asked {
    /// What the index is asked.
    words: String,
    /// The lines from the first number on, and before the second one.
    from: i64,
    end: i64,
    /// What else a line must be.
    condition: String,
    count: usize,
}

/// The newest lines that a search finds.
pub(super) fn search(
    conn: &Connection,
    query: &Query,
    here: &RoomName,
    unseen: &Unseen,
    before: Before,
    count: usize,
    untold: &Untold,
) -> rusqlite::Result<Page> {
    let Some(words) = words(conn, query)? else {
        return Ok(Page::default());
    };
    let mut end = end(conn, before)?;
    if let Some(at) = query.before {
        end = end.min(first_from(conn, "at", at)?);
    }
    let (said, done) = (Kind::Said.number(), Kind::Did.number());
    let others = by_others(conn, unseen)? + &not_before(conn, unseen)?;
    let mut asked = Asked {
        words,
        from: query.after.map_or(Ok(0), |at| first_from(conn, "at", at))?,
        end,
        condition: format!("message.kind IN ({said}, {done}) {others}"),
        count,
    };
    let room = match &query.place {
        Place::Here => here,
        Place::Room(room) => room,
        Place::Everywhere => {
            let ended = untold.ended.iter().map(|(name, _)| name);
            let without = rooms(conn, unseen.rooms.iter().chain(ended))?;
            let places = not_in("message.room", &without);
            asked.condition += &format!(" AND room.ended IS NULL {places}");
            return by_words(conn, &asked, &asked.words);
        }
    };
    match find_room(conn, room, untold)? {
        Some(id) if !unseen.rooms.contains(room) => in_room(conn, &asked, id),
        _ => Ok(Page::default()),
    }
}

/// What the index is asked for the words and the author. `None`: nobody has that name, so nothing is found.
fn words(conn: &Connection, query: &Query) -> rusqlite::Result<Option<String>> {
    let mut all = Vec::new();
    if let Some(name) = &query.from {
        let ids = senders(conn, std::slice::from_ref(name))?;
        if ids.is_empty() {
            return Ok(None);
        }
        let words = ids.into_iter().map(|id| format!("\"{}\"", sender_word(id)));
        let words: Vec<String> = words.collect();
        all.push(format!("sender : ({})", words.join(" OR ")));
    }
    all.extend(Some(expression(query)).filter(|it| !it.is_empty()));
    Ok(Some(all.join(" AND ")))
}

fn in_room(conn: &Connection, asked: &Asked, room: i64) -> rusqlite::Result<Page> {
    if is_busy(conn, asked, room)?
        && let Some(page) = among_newest(conn, asked, room)?
    {
        return Ok(page);
    }
    let words = format!("room : \"{}\" AND {}", room_word(room), asked.words);
    by_words(conn, asked, &words)
}

/// Whether much is said in a room, as far as a few lines show.
fn is_busy(conn: &Connection, asked: &Asked, room: i64) -> rusqlite::Result<bool> {
    let sql = format!(
        "SELECT count(*) FROM (SELECT room FROM message WHERE id < ?1 ORDER BY id DESC LIMIT {BUSY_SAMPLE}) WHERE room = ?2"
    );
    let lines: i64 = conn.query_row(&sql, (asked.end, room), |row| row.get(0))?;
    Ok(lines >= BUSY_LINES)
}

/// What is found among the newest lines that have the words, wherever they were said. `None`: too many of them were said
/// elsewhere.
fn among_newest(conn: &Connection, asked: &Asked, room: i64) -> rusqlite::Result<Option<Page>> {
    let mut with_words = conn.prepare(
        "SELECT rowid FROM found WHERE found MATCH ?1 AND rowid >= ?2 AND rowid < ?3 ORDER BY rowid DESC LIMIT ?4",
    )?;
    let mut read = conn.prepare(&format!(
        "SELECT {COLUMNS} FROM message {NAMES} WHERE message.id = ?1 AND message.room = ?2 AND {}",
        asked.condition
    ))?;
    let (mut names, mut cut) = (Lines::default(), Cut::new(asked.count));
    let mut tried = 0;
    let params = (&asked.words, asked.from, asked.end, LINES_TRIED);
    let mut ids = with_words.query(params)?;
    while let Some(row) = ids.next()? {
        tried += 1;
        let id: i64 = row.get(0)?;
        let line = read.query_row((id, room), |row| names.read(row));
        if let Some((id, past)) = line.optional()?
            && !cut.take(id, past)
        {
            return Ok(Some(cut.page()));
        }
    }
    Ok((tried < LINES_TRIED).then(|| cut.page()))
}

/// What the index finds, the newest lines of it.
fn by_words(conn: &Connection, asked: &Asked, words: &str) -> rusqlite::Result<Page> {
    let sql = format!(
        "SELECT {COLUMNS} FROM found CROSS JOIN message ON message.id = found.rowid {NAMES}
            WHERE found MATCH ?1 AND found.rowid >= ?2 AND found.rowid < ?3 AND {}
            ORDER BY found.rowid DESC LIMIT ?4",
        asked.condition
    );
    let params = (words, asked.from, asked.end, limit(asked.count));
    page(conn, &sql, params, asked.count)
}
