//! The follower: a loop for a thread that reads the stream.
//!
//! What always holds: entries are told in the stream's order, each once, whatever happens to the connection. If some cannot
//! be told any more, that is told instead, and nothing else until the server has come in again.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError};
use std::time::{Duration, Instant};

use redis::Value;
use serde::de::DeserializeOwned;

use crate::limits::cluster::{LOOK_INTERVAL, READ_BLOCK, READ_ENTRIES, READ_TIMEOUT};

use super::connection::{Connection, Trouble, out_of_step};
use super::id::Position;
use super::join::Joined;
use super::link::{Batch, News, Note, Order, Shared, Side, Slot, Slots};
use super::pace::{Pace, Sizes};
use super::stream::{self, Shape};

/// How often a follower that waits for room looks whether it is to stop.
const LOOK: Duration = Duration::from_millis(100);

/// Reads the stream.
pub struct Follower<A> {
    shared: Arc<Shared<A>>,
    notes: Sender<Note<A>>,
    orders: Receiver<Order>,
    slots: Slots,
    /// Room for the next batch, if it was found.
    slot: Option<Slot>,
    position: Position,
    epoch: u64,
    sizes: Sizes,
    pace: Pace,
}

/// Why the follower does not read.
enum Halt {
    Trouble(Trouble),
    Lost(&'static str),
    Ordered(Order),
}

impl From<Trouble> for Halt {
    fn from(trouble: Trouble) -> Halt {
        Halt::Trouble(trouble)
    }
}

impl<A> Follower<A> {
    pub(super) fn new(
        shared: Arc<Shared<A>>,
        notes: Sender<Note<A>>,
        orders: Receiver<Order>,
        joined: &Joined,
    ) -> Follower<A> {
        Follower {
            shared,
            notes,
            orders,
            slots: Slots::new(),
            slot: None,
            position: joined.position,
            epoch: joined.epoch,
            sizes: Sizes::default(),
            pace: Pace::new(!joined.epoch),
        }
    }
}

impl<A: DeserializeOwned> Follower<A> {
    /// Reads until the publisher stops.
    pub fn run(mut self) {
        loop {
            let order = match self.read() {
                Halt::Ordered(order) => Some(order),
                Halt::Lost(why) => {
                    let (epoch, why) = (self.epoch, why.into());
                    drop(self.notes.send(Note::Lost(epoch)));
                    self.shared.tell(News::Lost { epoch, why });
                    self.orders.recv().ok()
                }
                Halt::Trouble(Trouble::Never(error)) => {
                    drop(self.notes.send(Note::Failed));
                    self.shared.tell(News::Failed(error.to_string()));
                    return;
                }
                Halt::Trouble(Trouble::Away(why) | Trouble::Refused(why)) => {
                    self.shared.away(Side::Follower, &why);
                    match self.orders.recv_timeout(self.pace.next()) {
                        Ok(order) => Some(order),
                        Err(RecvTimeoutError::Timeout) => continue,
                        Err(RecvTimeoutError::Disconnected) => None,
                    }
                }
            };
            match order {
                Some(Order::Go(position, epoch)) => (self.position, self.epoch) = (position, epoch),
                Some(Order::Stop) | None => return,
            }
        }
    }

    /// Reads on one connection for as long as possible.
    fn read(&mut self) -> Halt {
        self.try_to_read().unwrap_or_else(|halt| halt)
    }

    fn try_to_read(&mut self) -> Result<Halt, Halt> {
        let mut connection = Connection::open(&self.shared.options, READ_TIMEOUT)?;
        let key = self.shared.options.key().to_string();
        let mut looked: Option<Instant> = None;
        loop {
            // With room found first, nothing that was read ever waits here.
            self.await_room()?;
            let now = self.now();
            let is_due = |then: Instant| now.saturating_duration_since(then) >= LOOK_INTERVAL;
            let is_full = if looked.is_none_or(is_due) {
                let (shape, here, behind) = self.look(&mut connection, &key)?;
                if let Some(why) = shape.misses(&self.position, here) {
                    return Err(Halt::Lost(why));
                }
                looked = Some(now);
                self.tell(&key, &behind)?
            } else {
                let block = Some(READ_BLOCK.as_millis());
                let asked = stream::ask_behind(&key, self.position.id, block);
                self.tell(&key, &connection.ask(&asked)?)?
            };
            self.pace.start_over();
            self.shared.back(Side::Follower);
            if is_full {
                // Behind as it is, entries may be removed before it has read them.
                looked = None;
            }
        }
    }

    fn now(&self) -> Instant {
        (self.shared.clock)().instant
    }

    /// Waits until the loop has room for a batch, or there is an order.
    fn await_room(&mut self) -> Result<(), Halt> {
        loop {
            match self.orders.try_recv() {
                Ok(order) => return Err(Halt::Ordered(order)),
                Err(TryRecvError::Empty) => {}
                Err(TryRecvError::Disconnected) => {
                    return Err(Halt::Ordered(Order::Stop));
                }
            }
            if self.slot.is_none() {
                self.slot = self.slots.take(LOOK).ok();
            }
            if self.slot.is_some() {
                return Ok(());
            }
        }
    }

    /// Looks at the stream, and at the entry at the position, and reads what is behind it, all at the same moment.
    fn look(
        &self,
        connection: &mut Connection,
        key: &str,
    ) -> Result<(Shape, Option<u64>, Value), Trouble> {
        let commands = [
            stream::ask_shape(key),
            stream::ask_at(key, self.position.id),
            stream::ask_behind(key, self.position.id, None),
        ];
        let answers = connection.transact(&commands)?.ok_or_else(out_of_step)?;
        let Ok([shape, here, behind]) = <[Value; 3]>::try_from(answers) else {
            return Err(out_of_step());
        };
        let here = stream::entries(&here)?.first().map(|it| it.print());
        Ok((Shape::read(&shape)?, here, behind))
    }

    /// Tells what was read. Returns whether there may be more already.
    fn tell(&mut self, key: &str, answer: &Value) -> Result<bool, Trouble> {
        let raw = stream::entries_behind(answer)?;
        let mut entries = Vec::with_capacity(raw.len());
        let mut own = None;
        for raw in &raw {
            let entry = raw.open::<A>(key)?;
            if entry.packet.epoch == self.epoch {
                own = own.max(Some(entry.packet.last()));
            }
            self.sizes.add(raw.size());
            entries.push(entry);
        }
        let Some(last) = raw.last() else {
            return Ok(false);
        };
        self.position = Position {
            id: last.id,
            ordinal: self.position.ordinal + raw.len() as u64,
            print: Some(last.print()),
        };
        self.shared.set_mean(self.sizes.mean());
        if let Some(_slot) = self.slot.take() {
            let epoch = self.epoch;
            let batch = Batch {
                epoch,
                entries: entries.into(),
                _slot,
            };
            self.shared.tell(News::Read(batch));
        }
        let note = Note::Read(self.epoch, self.position.id, own);
        drop(self.notes.send(note));
        Ok(raw.len() >= READ_ENTRIES)
    }
}
