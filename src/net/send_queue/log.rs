//! `Log`: messages for many peers, and the one copy of them that all laggards share.
//!
//! A log does not look into its messages, for a line end or any other byte: it is told where each of them ends.

use std::cell::OnceCell;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use bytes::{Bytes, BytesMut};

use crate::limits::END_BYTES;

/// The memory that shared copies take, in bytes. Each copy counts once, for as long as any queue has a part of it.
#[derive(Debug, Clone, Default)]
pub struct Gauge(Arc<AtomicUsize>);

impl Gauge {
    /// The memory of all copies.
    pub fn bytes(&self) -> usize {
        self.0.load(Relaxed)
    }
}

/// Messages that no longer change.
#[derive(Debug)]
pub(super) struct Messages {
    pub(super) bytes: Bytes,
    /// Where each message ends. The ends rise, because a message has at least one byte.
    pub(super) ends: Box<[u32]>,
    /// The gauge that counts them, if several queues may share them.
    gauge: Option<Gauge>,
}

impl Messages {
    /// Messages that one queue does not share.
    pub(super) fn new(bytes: Bytes, ends: Box<[u32]>) -> Arc<Messages> {
        Arc::new(Messages {
            bytes,
            ends,
            gauge: None,
        })
    }

    pub(super) fn are_shared(&self) -> bool {
        self.gauge.is_some()
    }

    fn size(&self) -> usize {
        self.bytes.len() + self.ends.len() * END_BYTES
    }
}

impl Drop for Messages {
    fn drop(&mut self) {
        if let Some(gauge) = &self.gauge {
            gauge.0.fetch_sub(self.size(), Relaxed);
        }
    }
}

/// Messages for many peers.
#[derive(Debug)]
pub struct Log {
    bytes: BytesMut,
    ends: Vec<u32>,
    /// The same messages, for laggards.
    shared: OnceCell<Arc<Messages>>,
    pub(super) skippable: bool,
    gauge: Gauge,
}

impl Log {
    /// `ends`: where each message ends, in order; a message without bytes does not count. `skippable`: whether laggards
    /// may miss them.
    pub fn new(bytes: BytesMut, ends: Vec<u32>, skippable: bool, gauge: &Gauge) -> Log {
        debug_assert!(ends.is_sorted());
        debug_assert_eq!(ends.last().copied().unwrap_or(0) as usize, bytes.len());
        Log {
            bytes,
            ends,
            shared: OnceCell::new(),
            skippable,
            gauge: gauge.clone(),
        }
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Where each message ends.
    pub fn ends(&self) -> &[u32] {
        &self.ends
    }

    /// The buffers of the messages, to be used again: no queue has any part of them.
    pub fn into_buffers(self) -> (BytesMut, Vec<u32>) {
        (self.bytes, self.ends)
    }

    /// The size of the log, in bytes.
    pub(super) fn size(&self) -> usize {
        self.bytes.len() + self.ends.len() * END_BYTES
    }

    /// An allocation that holds the whole log, the same one for all laggards.
    pub(super) fn share(&self) -> Arc<Messages> {
        let shared = || {
            let messages = Messages {
                bytes: Bytes::copy_from_slice(&self.bytes),
                ends: self.ends_in(0..self.bytes.len()).collect(),
                gauge: Some(self.gauge.clone()),
            };
            self.gauge.0.fetch_add(messages.size(), Relaxed);
            Arc::new(messages)
        };
        self.shared.get_or_init(shared).clone()
    }

    /// Lets go of the shared copy: only queues that have a part of it keep it. If another is needed, it is made anew.
    pub fn let_go(&mut self) {
        self.shared.take();
    }

    /// Whether no message has bytes on both sides of this offset.
    pub(super) fn is_border(&self, at: usize) -> bool {
        at == 0 || self.ends.binary_search(&(at as u32)).is_ok()
    }

    /// The ends of the messages with bytes in this range. The range ends where one of them does.
    pub(super) fn ends_in(&self, range: Range<usize>) -> impl Iterator<Item = u32> {
        let first = self.ends.partition_point(|&it| it as usize <= range.start);
        let ends = self.ends[first..].iter().copied();
        let mut last = 0;
        ends.take_while(move |&end| end as usize <= range.end)
            .filter(move |&end| std::mem::replace(&mut last, end) < end)
    }
}

/// A part of a log.
#[derive(Debug, Clone)]
pub struct Piece<'a> {
    /// The log.
    pub log: &'a Log,
    /// Its bytes in the log: whole messages.
    pub range: Range<usize>,
}

impl<'a> Piece<'a> {
    /// The bytes themselves.
    pub fn bytes(&self) -> &'a [u8] {
        &self.log.bytes[self.range.clone()]
    }
}
