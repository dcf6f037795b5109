//! The publisher: a loop for a thread that writes the stream, holds the lease, and watches those of others.
//!
//! What always holds: whatever fails, what has not come back is kept; behind a failure a new connection is made; and what is
//! told to be well is so, as the lease was renewed and what was due was sent.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use redis::cmd;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::limits::cluster::{
    ANSWER_TIMEOUT, LEASE, LEASE_RENEWED, STOP_DRAIN, STREAM_AGE, STREAM_TRIMMED,
};

use super::connection::{Connection, Trouble, array, number, out_of_step, refusal, text};
use super::error::Error;
use super::join::{Entrance, Joined, join_from};
use super::lease::{self, Lease};
use super::link::{Errand, News, Note, Order, Shared, Side};
use super::outbox::Outbox;
use super::pace::{Pace, most_entries};
use super::packet::Sealed;
use super::state::Writing;
use super::stream::{self, Shape};

/// How long the publisher waits at most for a note.
const REST: Duration = Duration::from_secs(1);

/// Writes the stream.
pub struct Publisher<A> {
    shared: Arc<Shared<A>>,
    notes: Receiver<Note<A>>,
    /// Errands that came while it was busy with another one.
    errands: VecDeque<Errand<A>>,
    orders: Sender<Order>,
    outbox: Outbox,
    lease: Lease,
    watched: Vec<(Arc<str>, u64)>,
    states: VecDeque<Writing>,
    line: Option<Line>,
    pace: Pace,
    /// When it connects again.
    retry: Instant,
    /// When it stops at the latest, once it is to stop.
    stop: Option<Instant>,
}

/// A connection, and what is due on it.
struct Line {
    connection: Connection,
    /// When it was made. Leases of others may have run out while Redis was away, and get time from then on.
    since: Instant,
    renew: Instant,
    trim: Instant,
}

/// What ends the loop.
enum End {
    Stopped,
    Failed(Error),
    /// The follower has told why.
    Told,
}

impl<A> Publisher<A> {
    pub(super) fn new(
        shared: Arc<Shared<A>>,
        notes: Receiver<Note<A>>,
        orders: Sender<Order>,
        joined: &Joined,
    ) -> Publisher<A> {
        Publisher {
            notes,
            errands: VecDeque::new(),
            orders,
            outbox: Outbox::new(joined.position.id),
            lease: Lease {
                epoch: joined.epoch,
                is_standing: joined.is_founded(),
            },
            watched: Vec::new(),
            states: VecDeque::new(),
            line: None,
            pace: Pace::new(joined.epoch),
            retry: (shared.clock)().instant,
            stop: None,
            shared,
        }
    }
}

impl<A: Serialize + DeserializeOwned> Publisher<A> {
    /// Writes until the loop says that it is to stop, or is gone.
    pub fn run(mut self) {
        let end = loop {
            if let Err(end) = self.turn() {
                break end;
            }
        };
        match end {
            End::Failed(error) => self.shared.tell(News::Failed(error.to_string())),
            End::Told | End::Stopped => {}
        }
        self.release();
        drop(self.orders.send(Order::Stop));
        let left = self.outbox.acts();
        self.shared.tell(News::Stopped { left });
    }

    fn now(&self) -> Instant {
        (self.shared.clock)().instant
    }

    /// Hears what there is, and does what is due.
    fn turn(&mut self) -> Result<(), End> {
        self.hear()?;
        while let Some(errand) = self.errands.pop_front() {
            self.take(errand)?;
        }
        let now = self.now();
        if self
            .stop
            .is_some_and(|by| self.outbox.is_empty() || now >= by)
        {
            return Err(End::Stopped);
        }
        if self.line.is_none() && now < self.retry {
            return Ok(());
        }
        match self.work() {
            Ok(is_done) => {
                if is_done {
                    self.pace.start_over();
                    self.shared.back(Side::Publisher);
                }
                Ok(())
            }
            Err(Trouble::Away(why) | Trouble::Refused(why)) => {
                self.line = None;
                self.outbox.cut();
                self.states.clear();
                self.retry = self.now() + self.pace.next();
                self.shared.away(Side::Publisher, &why);
                Ok(())
            }
            Err(Trouble::Never(error)) => Err(End::Failed(error)),
        }
    }

    /// Waits for a note until something is due, and takes all notes that are there.
    fn hear(&mut self) -> Result<(), End> {
        let now = self.now();
        let wait = if !self.errands.is_empty() {
            Duration::ZERO
        } else if self.line.is_none() {
            self.retry.saturating_duration_since(now)
        } else if self.outbox.next().next().is_some() || !self.states.is_empty() {
            Duration::ZERO
        } else {
            let due = self.line.as_ref().map(|it| it.renew.min(it.trim));
            due.map_or(REST, |it| it.saturating_duration_since(now))
        };
        let wait = match self.stop {
            Some(by) => wait.min(by.saturating_duration_since(now)),
            None => wait,
        };
        let mut next = self.notes.recv_timeout(wait.min(REST));
        loop {
            match next {
                Ok(note) => self.note(note)?,
                Err(RecvTimeoutError::Timeout) => return Ok(()),
                Err(RecvTimeoutError::Disconnected) => return Err(End::Stopped),
            }
            next = self.notes.recv_timeout(Duration::ZERO);
        }
    }

    fn note(&mut self, note: Note<A>) -> Result<(), End> {
        match note {
            Note::Errands(errands) => self.errands.extend(errands),
            Note::Read(epoch, position, own) => {
                if epoch == self.lease.epoch {
                    self.outbox.read(position, own);
                }
            }
            Note::Lost(epoch) if epoch != self.lease.epoch => {}
            Note::Lost(_) => {
                self.line = None;
                self.outbox.cut();
                self.outbox.bar();
            }
            Note::Failed => return Err(End::Told),
        }
        Ok(())
    }

    fn take(&mut self, errand: Errand<A>) -> Result<(), End> {
        match errand {
            Errand::Publish(first, acts) => {
                let cut = Sealed::cut(first, &acts);
                let cut = cut.map_err(|why| End::Failed(Error::Unwritable(why)))?;
                self.outbox.push(cut);
            }
            Errand::Watch(watched) => self.watched = watched,
            Errand::State {
                epoch,
                hello,
                bytes,
            } => {
                let options = &self.shared.options;
                let writing = Writing::new(options, epoch, hello, &bytes);
                self.states.push_back(writing);
            }
            Errand::Stand => {
                self.lease.is_standing = true;
                self.renew_now();
            }
            Errand::Return(entrance) => self.come_back(entrance)?,
            Errand::Stop => {
                let by = self.now() + STOP_DRAIN;
                self.stop.get_or_insert(by);
            }
        }
        Ok(())
    }

    fn renew_now(&mut self) {
        let now = self.now();
        if let Some(line) = &mut self.line {
            line.renew = now;
        }
    }

    /// Joins again. What comes meanwhile is done later, but for a stop.
    fn come_back(&mut self, mut entrance: Entrance<A>) -> Result<(), End> {
        self.line = None;
        let shared = self.shared.clone();
        let mut later = VecDeque::new();
        let mut is_stopped = false;
        let mut wait = |time: Duration| {
            match self.notes.recv_timeout(time) {
                Ok(Note::Errands(errands)) => {
                    is_stopped |= errands.iter().any(|it| matches!(it, Errand::Stop));
                    later.extend(errands);
                }
                Ok(Note::Read(..) | Note::Lost(_)) | Err(RecvTimeoutError::Timeout) => {}
                Ok(Note::Failed) | Err(RecvTimeoutError::Disconnected) => is_stopped = true,
            }
            !is_stopped
        };
        let before = Some(self.lease.epoch);
        let joined = join_from(
            &shared.options,
            &shared.clock,
            &mut entrance,
            &mut wait,
            before,
        );
        self.errands.extend(later);
        let joined = joined.map_err(|error| match error {
            Error::Stopped => End::Stopped,
            error => End::Failed(error),
        })?;
        let is_standing = joined.is_founded();
        let epoch = joined.epoch;
        self.lease = Lease { epoch, is_standing };
        self.outbox = Outbox::new(joined.position.id);
        let position = joined.position;
        // The loop drops what is read under an epoch that it does not know yet.
        self.shared.tell(News::Returned(joined));
        drop(self.orders.send(Order::Go(position, epoch)));
        Ok(())
    }

    /// Does what is due. Returns whether everything went out that should.
    fn work(&mut self) -> Result<bool, Trouble> {
        let now = self.now();
        // Behind a pause of the whole process, it first reads what became of it meanwhile.
        let is_fresh = |it: &Line| now < it.renew + 2 * LEASE_RENEWED;
        let mut line = match self.line.take().filter(is_fresh) {
            Some(line) => line,
            None => self.connect()?,
        };
        if now >= line.renew {
            lease::renew(&mut line.connection, &self.shared.options, self.lease)?;
            line.renew = now + LEASE_RENEWED;
            self.watch(&mut line)?;
        }
        if now >= line.trim {
            self.trim(&mut line.connection)?;
            line.trim = now + STREAM_TRIMMED;
        }
        let has_sent = self.send(&mut line.connection)?;
        if let Some(writing) = self.states.front_mut()
            && writing.go_on(&mut line.connection)?
        {
            self.states.pop_front();
        }
        self.line = Some(line);
        Ok(has_sent || !self.outbox.is_waiting())
    }

    /// Connects, and notes what is the tail now.
    fn connect(&mut self) -> Result<Line, Trouble> {
        let options = &self.shared.options;
        let mut connection = Connection::open(options, ANSWER_TIMEOUT)?;
        let asked = [stream::ask_shape(options.key())];
        let answers = connection.transact(&asked)?.ok_or_else(out_of_step)?;
        let shape = Shape::read(answers.first().ok_or_else(out_of_step)?)?;
        self.outbox.connected(shape.tail);
        let now = self.now();
        Ok(Line {
            connection,
            since: now,
            renew: now,
            trim: now + STREAM_TRIMMED,
        })
    }

    /// Sends what is to be sent, all or nothing. Returns whether there was something.
    fn send(&mut self, connection: &mut Connection) -> Result<bool, Trouble> {
        let options = &self.shared.options;
        let most = most_entries(self.shared.mean());
        let packets = self.outbox.next();
        let add = |it| stream::add(options.key(), most, options.node(), self.lease.epoch, it);
        let commands: Vec<_> = packets.map(add).collect();
        if commands.is_empty() {
            return Ok(false);
        }
        let answers = connection.transact(&commands)?.ok_or_else(out_of_step)?;
        if let Some(trouble) = answers.iter().find_map(refusal) {
            return Err(trouble);
        }
        self.outbox.sent(commands.len());
        Ok(true)
    }

    /// Tells whose lease ran out.
    fn watch(&mut self, line: &mut Line) -> Result<(), Trouble> {
        let options = &self.shared.options;
        let names = self.watched.iter().map(|it| it.0.clone()).collect();
        let leases = lease::of(&mut line.connection, options, names)?;
        let is_early = self.now().saturating_duration_since(line.since) < LEASE;
        for ((node, lease), (_, epoch)) in leases.iter().zip(&self.watched) {
            let (node, epoch) = (node.clone(), *epoch);
            match lease {
                Some(lease) if lease.epoch == epoch => {}
                None if is_early => {}
                Some(_) => self.shared.tell(News::Expired { node, epoch }),
                None => {
                    lease::forget(&mut line.connection, options, &node)?;
                    self.shared.tell(News::Expired { node, epoch });
                }
            }
        }
        Ok(())
    }

    /// Removes entries that are too old, by the clock of Redis, which gave them their ids.
    fn trim(&self, connection: &mut Connection) -> Result<(), Trouble> {
        let time = connection.ask(&cmd("TIME"))?;
        let seconds = array(&time).first().and_then(text);
        let seconds = seconds.and_then(|it| it.parse::<u64>().ok());
        let seconds = seconds.ok_or_else(out_of_step)?;
        let oldest = seconds.saturating_sub(STREAM_AGE.as_secs()) * 1000;
        let removed = connection.ask(&stream::trim(self.shared.options.key(), oldest))?;
        number(&removed).map(drop).ok_or_else(out_of_step)
    }

    /// Gives up the lease, if Redis answers.
    fn release(&mut self) {
        let options = &self.shared.options;
        let line = self.line.take().map(|it| it.connection);
        let connection = line.map_or_else(|| Connection::open(options, ANSWER_TIMEOUT), Ok);
        let released =
            connection.and_then(|mut it| lease::release(&mut it, options, self.lease.epoch));
        // Without an answer it runs out by itself.
        drop(released);
    }
}
