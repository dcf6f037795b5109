//! `Disk`: the writer's end for a simulation of the whole server. It writes when it is told to, as much as it is told to,
//! with the transactions of the real writer, and is full when it is told to be. Each order is carried out before the
//! call returns.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};

use rusqlite::{Connection, ErrorCode};

#[cfg(feature = "accounts")]
use crate::account::{AccountId, Hashed};
#[cfg(feature = "accounts")]
use crate::message::AccountFacts;

use super::batch::Batch;
#[cfg(feature = "accounts")]
use super::error::Refused;
use super::item::Item;
use super::open::{self, Options, Store};
use super::queue::{Condition, Feed};
#[cfg(feature = "accounts")]
use super::reader::Reader;
use super::writer::Writer;
use super::{Clock, Error, Keep};

/// What becomes of rows that are to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Written {
    /// So many of the oldest are in the file.
    Kept(usize),
    /// There is no room, and nothing was written.
    Full,
}

#[derive(Debug, Clone, Copy)]
enum Order {
    Write { count: usize, is_twice: bool },
    Fill { pages: i64 },
    Free,
    Stall,
    GiveUp,
    NoteLast,
}

/// The disk, which has the lock of the directory.
pub(crate) struct Disk {
    orders: Option<Sender<Order>>,
    done: Receiver<Written>,
    /// A transaction's statements belong to a connection that stands still.
    thread: Option<JoinHandle<()>>,
}

/// A line of the file, as plain SQL tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) id: i64,
    pub(crate) seq: i64,
    pub(crate) at: i64,
    /// The number of its room, and the name.
    pub(crate) room: i64,
    pub(crate) name: String,
    pub(crate) author: String,
    pub(crate) kind: String,
    pub(crate) body: String,
}

/// Opens a directory for a server of which so many rows may wait.
pub(crate) fn open_with(options: &Options, clock: Clock, most: usize) -> Result<Store, Error> {
    let store = open::open(options, clock)?;
    store.sink.set_most(most, usize::MAX);
    Ok(store)
}

/// All lines of the file in a directory, and whether SQLite finds the file whole.
pub(crate) fn read_all(dir: &Path) -> rusqlite::Result<(Vec<Told>, bool)> {
    let conn = Connection::open(open::file_in(dir))?;
    let sql = "SELECT message.id, seq, at, message.room, line.room, ifnull(line.name, ''), line.kind, line.body
        FROM message JOIN line ON line.id = message.id ORDER BY message.id";
    let mut read = conn.prepare(sql)?;
    let told = |row: &rusqlite::Row<'_>| {
        Ok(Told {
            id: row.get(0)?,
            seq: row.get(1)?,
            at: row.get(2)?,
            room: row.get(3)?,
            name: row.get(4)?,
            author: row.get(5)?,
            kind: row.get(6)?,
            body: row.get(7)?,
        })
    };
    let lines = read.query_map([], told)?.collect::<Result<_, _>>()?;
    let sound: String = conn.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
    Ok((lines, sound == "ok"))
}

/// What the file has for the owner of an account, if its hash is the right one.
#[cfg(feature = "accounts")]
pub(crate) fn check(
    reader: &mut Reader,
    account: AccountId,
    changed: u64,
    is_right: impl Fn(&Hashed) -> bool,
) -> Result<Option<AccountFacts>, Refused> {
    let owner = reader.owner(account, changed)?;
    Ok(owner.and_then(|it| {
        it.hash
            .is_some_and(|hash| is_right(&hash))
            .then_some(it.facts)
    }))
}

impl Disk {
    pub(crate) fn new(writer: Writer) -> Disk {
        let (orders, taken) = channel();
        let (tell, done) = channel();
        let thread = thread::spawn(move || serve(writer, &taken, &tell));
        Disk {
            orders: Some(orders),
            done,
            thread: Some(thread),
        }
    }

    fn order(&mut self, order: Order) -> Written {
        let orders = self.orders.as_ref().expect("it is there");
        orders.send(order).expect("it works");
        self.done.recv().expect("it works")
    }

    /// Writes so many rows that wait, the oldest of them, in one transaction. It may be written twice, as if it had been
    /// reported as failed at first.
    pub(crate) fn write(&mut self, count: usize, is_twice: bool) -> Written {
        self.order(Order::Write { count, is_twice })
    }

    /// From now on there is room for so many pages more.
    pub(crate) fn fill(&mut self, pages: i64) {
        self.order(Order::Fill { pages });
    }

    /// There is room again.
    pub(crate) fn free(&mut self) {
        self.order(Order::Free);
    }

    /// Something else holds the file.
    pub(crate) fn stall(&mut self) {
        self.order(Order::Stall);
    }

    /// Nothing is kept any more.
    pub(crate) fn give_up(&mut self) {
        self.order(Order::GiveUp);
    }

    /// Writes the number of the last entry, as at a stop.
    pub(crate) fn note_last(&mut self) {
        self.order(Order::NoteLast);
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        self.orders = None;
        // If it has panicked, somebody has noticed.
        drop(self.thread.take().map(JoinHandle::join));
    }
}

fn serve(mut writer: Writer, orders: &Receiver<Order>, done: &Sender<Written>) {
    let conn = writer.conn.take().expect("it is new");
    let mut batch = Batch::new(&conn).expect("it is prepared");
    let feed = &writer.feed;
    let mut taken = Vec::new();
    let limit = |pages: i64| {
        let sql = format!("PRAGMA max_page_count = {pages}");
        conn.query_row(&sql, [], |_| Ok(())).expect("it is set");
    };
    for order in orders {
        let mut written = Written::Kept(0);
        match order {
            Order::Write { count, is_twice } => {
                taken.extend(feed.take());
                written = write(feed, &mut batch, &mut taken, count, is_twice);
            }
            Order::Fill { pages } => {
                let sql = "PRAGMA page_count";
                let count: i64 = conn.query_row(sql, [], |row| row.get(0)).expect("a number");
                limit(count + pages);
            }
            Order::Free => limit(1 << 30),
            Order::Stall => drop(feed.set(Condition::Busy)),
            Order::GiveUp => feed.give_up(std::mem::take(&mut taken)),
            Order::NoteLast => drop(batch.note_last(feed.last())),
        }
        if done.send(written).is_err() {
            return;
        }
    }
}

fn write(
    feed: &Feed,
    batch: &mut Batch<'_>,
    taken: &mut Vec<Item>,
    count: usize,
    is_twice: bool,
) -> Written {
    let mut count = count.min(taken.len());
    // These are in no order.
    while 0 < count && count < taken.len() && are_one(&taken[count - 1], &taken[count]) {
        count += 1;
    }
    let mut written = Ok(0);
    let number = batch.number();
    for _ in 0..1 + usize::from(is_twice) {
        batch.set_number(number);
        written = written.and_then(|_| batch.write(&taken[..count], feed.last()));
    }
    match written {
        Ok(kept) => {
            feed.kept(&taken[..count], kept);
            feed.set(Condition::Keeping);
            taken.drain(..count);
            Written::Kept(count)
        }
        Err(why) => {
            assert_eq!(why.sqlite_error_code(), Some(ErrorCode::DiskFull), "{why}");
            feed.set(Condition::Full);
            Written::Full
        }
    }
}

/// Whether one entry ended both rooms.
fn are_one(first: &Item, second: &Item) -> bool {
    let ended_by = |it: &Item| match it {
        Item::Keep(Keep::End { seq, .. }) => Some(*seq),
        _ => None,
    };
    ended_by(first).is_some() && ended_by(first) == ended_by(second)
}

/// A directory of one play, in memory if this machine has one there. It is removed when dropped.
#[derive(Debug)]
pub(crate) struct Place(pub(crate) PathBuf);

impl Place {
    pub(crate) fn new() -> Place {
        static MADE: AtomicUsize = AtomicUsize::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let memory = Path::new("/dev/shm");
        let base = match memory.is_dir() {
            true => memory.into(),
            false => std::env::temp_dir(),
        };
        let path = base.join(format!("chinwag-play-{}-{number}", std::process::id()));
        drop(std::fs::remove_dir_all(&path));
        Place(path)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}
