//! One transaction: items become rows, and what is found by words.
//!
//! The numbers of the last line are read from the file and written there in the same transaction. So a transaction that
//! was reported as failed and is in the file all the same is not written a second time. What is no line is known by the
//! number of its transaction.

mod accounts;
mod order;
mod owning;

pub(super) use order::{LOCKED_DOWN, table};

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, Statement};

use crate::limits::store::NAMES_REMEMBERED;
use crate::message::{Keep, Past};
use crate::name::{RoomName, Username};

use super::item::Item;
use super::line::{Kind, Line};
use super::missed::Gap;
use super::schema::ADD_TO_INDEX;
use super::words::{indexed, room_word, sender_word};

/// The statements of a transaction, and the numbers of names.
#[derive(Debug)]
pub(super) struct Batch<'c> {
    conn: &'c Connection,
    /// The number of the next transaction.
    number: i64,
    begin: Statement<'c>,
    commit: Statement<'c>,
    numbers: Statement<'c>,
    set_numbers: Statement<'c>,
    add_message: Statement<'c>,
    add_to_index: Statement<'c>,
    find_room: Statement<'c>,
    end_room: Statement<'c>,
    add_room: Statement<'c>,
    set_last: Statement<'c>,
    set_topic: Statement<'c>,
    find_person: Statement<'c>,
    add_person: Statement<'c>,
    set_seen: Statement<'c>,
    rooms: HashMap<RoomName, i64>,
    people: HashMap<Box<str>, i64>,
    /// Whether something is to be erased.
    pub(super) has_erasures: bool,
}

/// What changes as a transaction goes on, and is written at its end.
#[derive(Debug, Default)]
struct Totals {
    id: i64,
    /// The number of the last line. Those of lines and gaps rise, so an earlier one is in the file already.
    line: i64,
    /// The number of the last entry that is in the file, or was refused and is counted there.
    kept: i64,
    /// The last line of each room.
    last: HashMap<i64, i64>,
    /// When each person was last seen.
    seen: HashMap<i64, i64>,
}

/// A line for the table.
struct Record<'a> {
    seq: i64,
    at: i64,
    room: i64,
    sender: i64,
    person: i64,
    account: Option<i64>,
    kind: Kind,
    body: &'a str,
}

impl<'c> Batch<'c> {
    pub(super) fn new(conn: &'c Connection) -> rusqlite::Result<Batch<'c>> {
        let sql = "SELECT coalesce(max(CAST(batch AS INTEGER)), 0) + 1 FROM numbers";
        let number = conn.query_row(sql, [], |row| row.get(0))?;
        Ok(Batch {
            conn,
            number,
            begin: conn.prepare("BEGIN IMMEDIATE")?,
            commit: conn.prepare("COMMIT")?,
            numbers: conn.prepare(
                "SELECT max((SELECT coalesce(max(CAST(id AS INTEGER)), 0) FROM numbers), (SELECT coalesce(max(id), 0) FROM message)),
                    max((SELECT coalesce(max(CAST(line AS INTEGER)), 0) FROM numbers),
                        (SELECT coalesce(max(seq), 0) FROM (SELECT CAST(seq AS INTEGER) AS seq FROM message ORDER BY id DESC LIMIT 1))),
                    (SELECT coalesce(max(CAST(seq AS INTEGER)), 0) FROM numbers),
                    (SELECT coalesce(max(CAST(batch AS INTEGER)), 0) FROM numbers)",
            )?,
            set_numbers: conn.prepare("INSERT OR REPLACE INTO numbers VALUES (1, ?1, ?2, ?3, ?4)")?,
            add_message: conn.prepare(
                "INSERT INTO message (id, seq, room, at, sender, person, kind, body, account)
                    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )?,
            add_to_index: conn.prepare(ADD_TO_INDEX)?,
            find_room: conn.prepare("SELECT id FROM room WHERE key = ?1 AND ended IS NULL")?,
            end_room: conn.prepare(
                "UPDATE room SET ended = ?2 WHERE key = ?1 AND ended IS NULL AND made < ?2",
            )?,
            add_room: conn.prepare("INSERT INTO room (name, key, made) VALUES (?1, ?2, ?3)")?,
            set_last: conn.prepare("UPDATE room SET last = ?2 WHERE id = ?1")?,
            set_topic: conn.prepare("UPDATE room SET topic = nullif(?2, '') WHERE id = ?1")?,
            find_person: conn.prepare("SELECT id FROM person WHERE name = ?1")?,
            add_person: conn
                .prepare("INSERT INTO person (name, key, last) VALUES (?1, ?2, ?3)")?,
            set_seen: conn.prepare("UPDATE person SET last = max(last, ?2) WHERE id = ?1")?,
            rooms: HashMap::new(),
            people: HashMap::new(),
            has_erasures: false,
        })
    }

    /// Writes items in one transaction, and the number of the last entry. Returns that of the last entry of the items.
    pub(super) fn write(&mut self, items: &[Item], last: u64) -> rusqlite::Result<u64> {
        self.begin.execute([])?;
        let written = self.write_all(items, last as i64);
        match written {
            Ok(_) => self.number += 1,
            Err(_) => self.undo(),
        }
        written
    }

    /// The number of the next transaction.
    pub(super) fn number(&self) -> i64 {
        self.number
    }

    /// Goes on with this number. If the file has it already, the transaction with it is there.
    pub(super) fn set_number(&mut self, number: i64) {
        self.number = number;
    }

    /// Writes the number of the last entry, if the file has a lower one.
    pub(super) fn note_last(&mut self, last: u64) -> rusqlite::Result<()> {
        let sql = "UPDATE numbers SET seq = ?1 WHERE seq < ?1";
        self.conn.execute(sql, [last as i64])?;
        Ok(())
    }

    /// Forgets the numbers of names, as some may be gone from the file.
    pub(super) fn forget(&mut self) {
        self.rooms.clear();
        self.people.clear();
    }

    /// Undoes the transaction, unless SQLite has done so, as it does when the disk is full.
    fn undo(&mut self) {
        self.forget();
        if !self.conn.is_autocommit() {
            drop(self.conn.execute_batch("ROLLBACK"));
        }
    }

    fn write_all(&mut self, items: &[Item], last: i64) -> rusqlite::Result<u64> {
        let numbers =
            |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?));
        let (id, line, highest, number): (_, _, i64, i64) = self.numbers.query_row([], numbers)?;
        let is_there = number == self.number;
        let mut totals = Totals {
            id,
            line,
            kept: line,
            ..Totals::default()
        };
        for item in items {
            match item {
                Item::Keep(Keep::Line(past)) => self.write_line(past, &mut totals)?,
                Item::Gap(gap) => self.write_gap(gap, &mut totals)?,
                Item::Keep(Keep::End { room, seq }) => self.end(room, *seq as i64)?,
                Item::Keep(Keep::Seen { name, at }) => {
                    self.see(name, *at, &mut totals)?;
                }
                Item::Keep(Keep::Account(..) | Keep::Order(_) | Keep::Owning(..)) if is_there => {}
                Item::Keep(Keep::Account(account, it)) => self.keep_account(*account, it)?,
                Item::Keep(Keep::Order(it)) => self.keep_order(it)?,
                Item::Keep(Keep::Owning(room, it)) => self.keep_owning(room, it)?,
            }
        }
        for (room, last) in &totals.last {
            self.set_last.execute((room, last))?;
        }
        for (person, at) in &totals.seen {
            self.set_seen.execute((person, at))?;
        }
        let highest = highest.max(last).max(totals.kept);
        self.set_numbers
            .execute((totals.id, highest, totals.line, self.number))?;
        self.commit.execute([])?;
        Ok(totals.kept as u64)
    }

    fn write_line(&mut self, past: &Past, totals: &mut Totals) -> rusqlite::Result<()> {
        let seq = past.seq as i64;
        let line = Line::of(past).filter(|_| seq > totals.line);
        let Some(line) = line else {
            return Ok(());
        };
        let room = self.room(line.room, seq)?;
        let sender = self.see(line.from, past.at, totals)?;
        if line.kind == Kind::Topic {
            self.set_topic.execute((room, line.text))?;
        }
        totals.kept = totals.kept.max(seq);
        let record = Record {
            seq,
            at: past.at,
            room,
            sender,
            person: past.author.0 as i64,
            account: past.account.map(|it| it.0 as i64),
            kind: line.kind,
            body: line.text,
        };
        self.add(&record, totals)
    }

    fn write_gap(&mut self, gap: &Gap, totals: &mut Totals) -> rusqlite::Result<()> {
        let seq = gap.seq as i64;
        totals.kept = totals.kept.max(gap.last as i64);
        if seq <= totals.line {
            return Ok(());
        }
        let room = self.room(&gap.room, seq)?;
        if let Some(topic) = &gap.topic {
            self.set_topic.execute((room, topic))?;
        }
        let record = Record {
            seq,
            at: gap.at,
            room,
            sender: 0,
            person: 0,
            account: None,
            kind: Kind::Gap,
            body: &gap.lines.to_string(),
        };
        self.add(&record, totals)
    }

    /// Ends a room, but none that was made since.
    fn end(&mut self, room: &RoomName, seq: i64) -> rusqlite::Result<()> {
        self.rooms.remove(room);
        match self.end_room.execute((room.folded(), seq))? {
            0 => Ok(()),
            _ => self.forget_members(room, seq),
        }
    }

    fn add(&mut self, it: &Record<'_>, totals: &mut Totals) -> rusqlite::Result<()> {
        let id = totals.id.checked_add(1);
        let id = id.ok_or(rusqlite::Error::IntegralValueOutOfRange(0, totals.id))?;
        let kind = it.kind.number();
        let row = (
            id, it.seq, it.room, it.at, it.sender, it.person, kind, it.body, it.account,
        );
        self.add_message.execute(row)?;
        if it.kind.is_indexed() {
            let (room, sender) = (room_word(it.room), sender_word(it.sender));
            let row = (id, room, sender, indexed(it.body));
            self.add_to_index.execute(row)?;
        }
        (totals.id, totals.line) = (id, it.seq);
        totals.last.insert(it.room, id);
        Ok(())
    }

    /// The number of a room, which is made if need be.
    fn room(&mut self, name: &RoomName, made: i64) -> rusqlite::Result<i64> {
        if let Some(id) = self.known_room(name)? {
            return Ok(id);
        }
        let id = self.add_room.insert((name.name(), name.folded(), made))?;
        self.remember(name, id);
        Ok(id)
    }

    /// The number of a room, if it is in the file.
    fn known_room(&mut self, name: &RoomName) -> rusqlite::Result<Option<i64>> {
        if let Some(id) = self.rooms.get(name) {
            return Ok(Some(*id));
        }
        let found = self.find_room.query_row([name.folded()], |row| row.get(0));
        let found = found.optional()?;
        if let Some(id) = found {
            self.remember(name, id);
        }
        Ok(found)
    }

    fn remember(&mut self, name: &RoomName, id: i64) {
        if self.rooms.len() >= NAMES_REMEMBERED {
            self.rooms.clear();
        }
        self.rooms.insert(name.clone(), id);
    }

    /// The number of a person's name as they write it. Notes that they are here.
    fn see(&mut self, name: &Username, at: i64, totals: &mut Totals) -> rusqlite::Result<i64> {
        let id = match self.people.get(name.as_str()) {
            Some(id) => *id,
            None => self.person(name, at)?,
        };
        let last = totals.seen.entry(id).or_insert(at);
        *last = at.max(*last);
        Ok(id)
    }

    fn person(&mut self, name: &Username, at: i64) -> rusqlite::Result<i64> {
        let text = name.as_str();
        let found = self.find_person.query_row([text], |row| row.get(0));
        let id = match found.optional()? {
            Some(id) => id,
            None => self.add_person.insert((text, name.folded(), at))?,
        };
        if self.people.len() >= NAMES_REMEMBERED {
            self.people.clear();
        }
        self.people.insert(text.into(), id);
        Ok(id)
    }
}
