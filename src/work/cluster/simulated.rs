//! What a simulation of several servers needs to stand in the place of the two threads: the loop's other end, what is out,
//! and how entries are written and read. Redis alone is missing.

use std::sync::mpsc::Receiver;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::id::StreamId;
use super::link::{Batch, Errand, Link, Note, Slots};
use super::outbox::Outbox;
use super::packet::{Packet, Sealed};
use super::stream::Entry;

/// The fields of an entry, with their names.
pub(crate) type Fields = Vec<Vec<u8>>;

/// The other end of a loop.
pub(crate) struct Desk<A> {
    notes: Receiver<Note<A>>,
    slots: Slots,
}

/// Both ends.
pub(crate) fn desk<A>() -> (Link<A>, Desk<A>) {
    let (link, notes) = Link::simulated();
    let slots = Slots::new();
    (link, Desk { notes, slots })
}

impl<A> Desk<A> {
    /// What the loop has handed over since.
    pub(crate) fn errands(&self) -> Vec<Errand<A>> {
        let errands = |note| match note {
            Note::Errands(errands) => errands,
            Note::Read(..) | Note::Lost(_) | Note::Failed => Vec::new(),
        };
        self.notes.try_iter().flat_map(errands).collect()
    }

    /// A batch for the loop, made of what `read` returns, unless it has as many as it may.
    pub(crate) fn batch(
        &self,
        epoch: u64,
        read: impl FnOnce() -> Vec<Entry<A>>,
    ) -> Option<Batch<A>> {
        let _slot = self.slots.take(Duration::ZERO).ok()?;
        let entries = read();
        Some(Batch {
            epoch,
            entries: entries.into(),
            _slot,
        })
    }
}

/// What is out, for one epoch of a server.
pub(crate) struct Outgoing(Outbox);

impl Outgoing {
    pub(crate) fn new(position: StreamId) -> Outgoing {
        Outgoing(Outbox::new(position))
    }

    pub(crate) fn push<A: Serialize>(&mut self, first: u64, acts: &[A]) {
        self.0.push(Sealed::cut(first, acts).expect("JSON"));
    }

    pub(crate) fn cut(&mut self) {
        self.0.cut();
    }

    pub(crate) fn bar(&mut self) {
        self.0.bar();
    }

    pub(crate) fn connected(&mut self, tail: StreamId) {
        self.0.connected(tail);
    }

    pub(crate) fn read(&mut self, position: StreamId, own: Option<u64>) {
        self.0.read(position, own);
    }

    /// What is to be sent now.
    pub(crate) fn next(&self, node: &str, epoch: u64) -> Vec<Fields> {
        let fields = |it: &Sealed| it.fields(node, epoch).into();
        self.0.next().map(fields).collect()
    }

    pub(crate) fn sent(&mut self, count: usize) {
        self.0.sent(count);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// An entry that is written by itself.
pub(crate) fn entry<A: Serialize>(node: &str, epoch: u64, first: u64, act: A) -> Fields {
    let sealed = Sealed::cut(first, &[act]).expect("JSON");
    sealed[0].fields(node, epoch).into()
}

/// Reads an entry.
pub(crate) fn open<A: DeserializeOwned>(fields: &[Vec<u8>]) -> Packet<A> {
    let fields: Vec<&[u8]> = fields.iter().map(Vec::as_slice).collect();
    Packet::read(&fields).expect("an entry that a server wrote")
}
