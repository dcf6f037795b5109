//! `Reader`: pages of what was kept, by room or by words, each in bounded time.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use rusqlite::{Connection, OptionalExtension, Row};

#[cfg(feature = "accounts")]
use crate::account::{AccountId, Proof};
use crate::limits::store::{SEARCH_STEPS, SEARCH_TIME};
#[cfg(feature = "accounts")]
use crate::message::AccountFacts;
use crate::message::{Audit, Before, Page, Seen, Unseen};
use crate::name::{RoomName, Username};
use crate::query::Query;
#[cfg(feature = "accounts")]
use crate::token::Token;

use super::Clock;
#[cfg(feature = "accounts")]
use super::accounts::{self, Owner};
use super::error::{Refused, sentence};
use super::house;
use super::line::{text, username};
use super::open::{self, Loaded};
use super::pages;
#[cfg(feature = "accounts")]
use super::passwords::Checker;
use super::queue::{Behind, Untold, Watch};
use super::rooms;
use super::search;
#[cfg(feature = "accounts")]
use super::tokens;

/// The reader of the file: one question at a time. Each answer has all that was handed over before the question.
pub struct Reader {
    file: PathBuf,
    gate: Arc<RwLock<()>>,
    clock: Clock,
    watch: Watch,
    /// When the present question is given up.
    deadline: Arc<Mutex<Option<Instant>>>,
    conn: Option<Connection>,
}

impl Reader {
    pub(super) fn new(file: PathBuf, gate: Arc<RwLock<()>>, clock: Clock, watch: Watch) -> Reader {
        Reader {
            file,
            gate,
            clock,
            watch,
            deadline: Arc::default(),
            conn: None,
        }
    }

    /// The newest lines before `before` that a search finds, at most `count`. `here` is the reader's current room.
    ///
    /// # Errors
    ///
    /// [`Refused`].
    pub fn search(
        &mut self,
        query: &Query,
        here: &RoomName,
        unseen: &Unseen,
        before: Before,
        count: usize,
    ) -> Result<Page, Refused> {
        self.ask(None, |conn, untold| {
            search::search(conn, query, here, unseen, before, count, &untold)
        })
    }

    /// The last lines of a room before `before`, at most `count`, without changes of the topic.
    ///
    /// # Errors
    ///
    /// [`Refused`].
    pub fn history(
        &mut self,
        room: &RoomName,
        unseen: &Unseen,
        before: Before,
        count: usize,
    ) -> Result<Page, Refused> {
        self.ask(Some(room), |conn, untold| {
            pages::history(conn, room, unseen, before, count, untold)
        })
    }

    /// When somebody of this name was last here.
    ///
    /// # Errors
    ///
    /// [`Refused`].
    pub fn seen(&mut self, name: &Username) -> Result<Option<Seen>, Refused> {
        let sql = "SELECT name, last FROM person WHERE key = ?1 ORDER BY last DESC LIMIT 1";
        let seen = |row: &Row<'_>| {
            let name = username(&text(row, 0)?).ok_or(rusqlite::Error::InvalidQuery)?;
            let at = row.get(1)?;
            Ok(Seen { name, at })
        };
        self.ask(None, |conn, _| {
            conn.query_row(sql, [name.folded()], seen).optional()
        })
    }

    /// What was done to people, the last so many acts, the oldest first.
    ///
    /// # Errors
    ///
    /// [`Refused`].
    pub fn audit(&mut self, count: usize) -> Result<Vec<Audit>, Refused> {
        self.ask(None, |conn, _| house::audit(conn, count))
    }

    /// Waits until the file has all that was handed over before.
    ///
    /// # Errors
    ///
    /// [`Refused::Behind`].
    pub fn kept(&self) -> Result<(), Refused> {
        self.watch.kept().map_err(|Behind| Refused::Behind)
    }

    /// What the file has about the owner of an account whose password was set by the entry `changed`, or a later one. It
    /// needs not have all that was handed over before the question, unless it does not have that entry. `None`: there is
    /// no such account.
    ///
    /// # Errors
    ///
    /// [`Refused`].
    #[cfg(feature = "accounts")]
    pub(super) fn owner(
        &mut self,
        account: AccountId,
        changed: u64,
    ) -> Result<Option<Owner>, Refused> {
        let kept = self.watch.kept();
        let owner = self.look(|conn| accounts::owner(conn, account))?;
        match owner {
            Some(it) if it.changed >= changed => Ok(Some(it)),
            _ => kept.map(|()| None).map_err(|Behind| Refused::Behind),
        }
    }

    /// The account whose token it is, by an encrypted connection or another one, and what it has.
    ///
    /// # Errors
    ///
    /// [`Refused`].
    #[cfg(feature = "accounts")]
    pub fn owner_by(
        &mut self,
        token: &Token,
        is_tls: bool,
    ) -> Result<Option<(Proof, AccountFacts)>, Refused> {
        let at = (self.clock)().unix_millis();
        let found = self.ask(None, |conn, _| {
            let Some(account) = tokens::account(conn, token, is_tls, at)? else {
                return Ok(None);
            };
            let owner = accounts::owner(conn, account)?;
            Ok(owner.map(|it| (account, it)))
        })?;
        Ok(found.map(|(account, it)| {
            let changed = it.changed;
            (Proof { account, changed }, it.facts)
        }))
    }

    /// Checks passwords against the same file.
    #[cfg(feature = "accounts")]
    pub fn checker(&self) -> Checker {
        let (file, gate) = (self.file.clone(), self.gate.clone());
        let reader = Reader::new(file, gate, self.clock.clone(), self.watch.clone());
        Checker::new(reader)
    }

    /// What a server needs before it listens. Rooms whose lines could not be read in this time come without.
    pub(super) fn load(&mut self, lines: usize, time: Duration) -> rusqlite::Result<Loaded> {
        let conn = self.connect()?;
        let now = (self.clock)();
        let until = now.instant + time;
        let has_time = || (self.clock)().instant < until;
        let loaded = rooms::load(&conn, lines, now.unix_millis(), has_time)?;
        self.conn = Some(conn);
        Ok(loaded)
    }

    /// Asks the file something, in bounded time. The log of the file is not started over meanwhile.
    fn ask<T>(
        &mut self,
        room: Option<&RoomName>,
        question: impl FnOnce(&Connection, Untold) -> rusqlite::Result<T>,
    ) -> Result<T, Refused> {
        let settled = self.watch.settle(room);
        let untold = settled.map_err(|Behind| Refused::Behind)?;
        self.look(|conn| question(conn, untold))
    }

    /// Looks into the file as it is now, in bounded time.
    fn look<T>(
        &mut self,
        question: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, Refused> {
        let gate = self.gate.clone();
        let _open = gate.read().unwrap_or_else(PoisonError::into_inner);
        let conn = self.conn.take().map_or_else(|| self.connect(), Ok);
        let failed = |why: rusqlite::Error| Refused::Failed(sentence(&why));
        let conn = conn.map_err(failed)?;
        self.set_deadline(Some((self.clock)().instant + SEARCH_TIME));
        // All that one question reads is of one moment.
        let moment = conn.unchecked_transaction();
        let answer = moment.and_then(|_moment| question(&conn));
        self.set_deadline(None);
        match answer {
            Ok(answer) => {
                self.conn = Some(conn);
                Ok(answer)
            }
            Err(why) if pages::is_late(&why) => {
                self.conn = Some(conn);
                Err(Refused::TooMuch)
            }
            // The next question opens the file again.
            Err(why) => Err(failed(why)),
        }
    }

    fn set_deadline(&self, deadline: Option<Instant>) {
        *self.deadline.lock().unwrap_or_else(PoisonError::into_inner) = deadline;
    }

    fn connect(&self) -> rusqlite::Result<Connection> {
        let mut conn = open::connect(&self.file)?;
        conn.pragma_update(None, "query_only", true)?;
        let (deadline, clock) = (self.deadline.clone(), self.clock.clone());
        let is_late = move || {
            let deadline = *deadline.lock().unwrap_or_else(PoisonError::into_inner);
            deadline.is_some_and(|it| clock().instant >= it)
        };
        conn.progress_handler(SEARCH_STEPS, Some(is_late))?;
        Ok(conn)
    }
}
