//! The loop's end of a cluster, and what its two threads share: what the loop hands over, what it is told, and whether
//! Redis answers.
//!
//! What always holds: `Away` and `Back` are told in turn, and not by each thread for itself; no more batches are out than
//! the loop may have at a time.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::limits::cluster::{BATCHES, SIZE_FIRST};

use super::Clock;
use super::follower::Follower;
use super::id::{Position, StreamId};
use super::join::{Entrance, Joined};
use super::options::Options;
use super::publisher::Publisher;
use super::stream::Entry;

/// What the loop hands over.
pub enum Errand<A> {
    /// Acts of this server, with numbers in a row from the first on. They follow those before.
    Publish(u64, Vec<A>),
    /// The servers whose leases are watched from now on, each with its epoch: those that live, by the stream.
    Watch(Vec<(Arc<str>, u64)>),
    /// The state of the chat as of a `Hello`, for the epoch that said it.
    State {
        /// The newcomer.
        epoch: u64,
        /// Its Hello.
        hello: StreamId,
        /// The state.
        bytes: Vec<u8>,
    },
    /// This server has the state, and answers others from now on.
    Stand,
    /// Come in again, with another epoch. What was handed over before is dropped, unless it was sent already.
    Return(Entrance<A>),
    /// Stop: what was handed over goes out within two seconds, and the lease is given up.
    Stop,
}

/// What the loop is told.
#[derive(Debug)]
pub enum News<A> {
    /// Entries of the stream, in order.
    Read(Batch<A>),
    /// Redis does not answer, or not well. What is handed over waits.
    Away(String),
    /// It does again.
    Back,
    /// A server no longer has its lease. It is told again as long as it is watched and this is so.
    Expired {
        /// Its name.
        node: Arc<str>,
        /// Its epoch.
        epoch: u64,
    },
    /// The position of this server is no longer in the stream. Nothing is read or sent until [`Errand::Return`].
    Lost {
        /// The epoch that this server had.
        epoch: u64,
        /// What became of the stream.
        why: String,
    },
    /// The server has come in again.
    Returned(Joined),
    /// The cluster cannot go on with this server. Nothing else is told by this thread.
    Failed(String),
    /// It has stopped.
    Stopped {
        /// Acts that have not come back. They may be in the stream.
        left: u64,
    },
}

/// Entries of the stream. When it is dropped, there is room for another one.
#[derive(Debug)]
pub struct Batch<A> {
    /// The epoch that this server had when it read them. Batches of an epoch that it gave up are to be dropped.
    pub epoch: u64,
    /// The entries, in order.
    pub entries: VecDeque<Entry<A>>,
    pub(super) _slot: Slot,
}

/// Room for one batch.
#[derive(Debug)]
pub(super) struct Slot(SyncSender<()>);

/// The loop's end. When it is dropped, the threads stop.
pub struct Link<A> {
    notes: Sender<Note<A>>,
}

/// What the publisher hears.
pub(super) enum Note<A> {
    /// A batch of the loop.
    Errands(Vec<Errand<A>>),
    /// Under which epoch and how far the follower has read, and the last number of this server among it.
    Read(u64, StreamId, Option<u64>),
    /// The follower lost its place under this epoch.
    Lost(u64),
    /// The follower cannot go on.
    Failed,
}

/// What the follower hears.
pub(super) enum Order {
    Go(Position, u64),
    Stop,
}

/// The two threads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Publisher,
    Follower,
}

/// What both threads have.
pub(super) struct Shared<A> {
    pub(super) options: Options,
    pub(super) clock: Clock,
    news: Box<dyn Fn(News<A>) + Send + Sync>,
    health: Mutex<Health>,
    /// The mean size of an entry, in bytes.
    mean: Mutex<u64>,
}

/// Who has no answer, and what was told of it.
#[derive(Debug, Default)]
struct Health {
    away: [bool; 2],
    is_told: bool,
}

impl Health {
    /// Notes how it is on one side. Returns whether that is to be told.
    fn set(&mut self, side: Side, is_away: bool) -> bool {
        self.away[side as usize] = is_away;
        let is_any = self.away.contains(&true);
        let is_new = is_any != self.is_told;
        self.is_told = is_any;
        is_new
    }
}

/// The three ends of a cluster that this server has joined: the loop's, and two for threads that the caller starts. What
/// they have to tell is told to `news`, which must not wait.
pub fn link<A>(
    options: &Options,
    clock: Clock,
    joined: &Joined,
    news: impl Fn(News<A>) + Send + Sync + 'static,
) -> (Link<A>, Publisher<A>, Follower<A>) {
    let (notes, heard) = channel();
    let (orders, ordered) = channel();
    let shared = Arc::new(Shared {
        options: options.clone(),
        clock,
        news: Box::new(news),
        health: Mutex::default(),
        mean: Mutex::new(SIZE_FIRST),
    });
    let publisher = Publisher::new(shared.clone(), heard, orders, joined);
    let follower = Follower::new(shared, notes.clone(), ordered, joined);
    (Link { notes }, publisher, follower)
}

impl<A> Link<A> {
    /// The loop's end, and what comes out at the other one, for a test that plays both threads.
    #[cfg(test)]
    pub(super) fn simulated() -> (Link<A>, Receiver<Note<A>>) {
        let (notes, heard) = channel();
        (Link { notes }, heard)
    }

    /// Hands over the errands of a tick, all at once. If the publisher is gone, they are dropped.
    pub fn hand_over(&self, errands: Vec<Errand<A>>) {
        if !errands.is_empty() {
            drop(self.notes.send(Note::Errands(errands)));
        }
    }
}

impl<A> Drop for Link<A> {
    fn drop(&mut self) {
        self.hand_over(vec![Errand::Stop]);
    }
}

impl<A> Shared<A> {
    pub(super) fn tell(&self, news: News<A>) {
        (self.news)(news);
    }

    /// Notes that a side has no good answer.
    pub(super) fn away(&self, side: Side, why: &str) {
        self.set(side, true, || News::Away(why.into()));
    }

    /// Notes that a side has one.
    pub(super) fn back(&self, side: Side) {
        self.set(side, false, || News::Back);
    }

    fn set(&self, side: Side, is_away: bool, news: impl FnOnce() -> News<A>) {
        let mut health = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        // It is told while the lock is held, so that both sides tell it in order.
        if health.set(side, is_away) {
            self.tell(news());
        }
    }

    pub(super) fn mean(&self) -> u64 {
        *self.mean.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set_mean(&self, mean: u64) {
        *self.mean.lock().unwrap_or_else(PoisonError::into_inner) = mean;
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        // There is room for as many as were ever taken.
        let _ = self.0.try_send(());
    }
}

/// The places for batches.
pub(super) struct Slots {
    free: Receiver<()>,
    give_back: SyncSender<()>,
}

impl Slots {
    pub(super) fn new() -> Slots {
        let (give_back, free) = sync_channel(BATCHES);
        for _ in 0..BATCHES {
            let _ = give_back.try_send(());
        }
        Slots { free, give_back }
    }

    /// Waits for a place.
    pub(super) fn take(&self, time: Duration) -> Result<Slot, RecvTimeoutError> {
        self.free.recv_timeout(time)?;
        Ok(Slot(self.give_back.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn away_and_back_are_told_in_turn_for_both_together() {
        let mut health = Health::default();
        let steps = [
            (Side::Publisher, false, false),
            (Side::Publisher, true, true),
            (Side::Follower, true, false),
            (Side::Publisher, false, false),
            (Side::Follower, true, false),
            (Side::Follower, false, true),
            (Side::Follower, false, false),
        ];
        for (side, is_away, is_told) in steps {
            assert_eq!(health.set(side, is_away), is_told, "{side:?} {is_away}");
        }
    }

    #[test]
    fn a_batch_that_is_dropped_makes_room() {
        let slots = Slots::new();
        let take = || slots.take(Duration::ZERO);
        let mut out: Vec<Slot> = (0..BATCHES).map(|_| take().expect("room")).collect();
        assert!(take().is_err());
        out.pop();
        out.push(take().expect("room"));
        assert!(take().is_err());
    }
}
