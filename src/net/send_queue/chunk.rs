//! `Chunk` and `Tail`: messages for one peer. The first may have lost its beginning.

use std::collections::VecDeque;
use std::ops::{AddAssign, Range, SubAssign};
use std::sync::Arc;

use bytes::{Buf, Bytes, BytesMut};

use crate::limits::{END_BYTES, PIN_RATIO};

use super::log::{Log, Messages};

/// Sizes of messages, in bytes.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sums {
    /// The bytes to write.
    pub(super) bytes: usize,
    /// The same, with the overhead of knowing where the messages end.
    pub(super) size: usize,
    /// The part of `size` that may be skipped.
    pub(super) skippable: usize,
    /// The part of `size` in copies that other queues may share.
    pub(super) shared: usize,
}

impl Sums {
    fn new(bytes: usize, messages: usize, is_lines: bool, is_shared: bool) -> Sums {
        let size = bytes + messages * END_BYTES;
        Sums {
            bytes,
            size,
            skippable: if is_lines { size } else { 0 },
            shared: if is_shared { size } else { 0 },
        }
    }

    pub(super) fn plus(mut self, other: Sums) -> Sums {
        self += other;
        self
    }
}

impl AddAssign for Sums {
    fn add_assign(&mut self, other: Sums) {
        self.bytes += other.bytes;
        self.size += other.size;
        self.skippable += other.skippable;
        self.shared += other.shared;
    }
}

impl SubAssign for Sums {
    fn sub_assign(&mut self, other: Sums) {
        self.bytes -= other.bytes;
        self.size -= other.size;
        self.skippable -= other.skippable;
        self.shared -= other.shared;
    }
}

/// The number of a message in its copy. It is not an offset, which counts bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct MessageNumber(u32);

impl MessageNumber {
    fn index(self) -> usize {
        self.0 as usize
    }
}

/// A part of messages that no longer change. It ends where one of them does.
#[derive(Debug)]
pub(super) struct Chunk {
    messages: Arc<Messages>,
    /// The bytes of the part.
    range: Range<u32>,
    /// The messages that end within the range.
    numbers: Range<MessageNumber>,
    /// The number of messages skipped here, if this chunk is the notice that says so; otherwise 0.
    pub(super) skipped: u32,
    /// Whether they may be skipped.
    pub(super) is_lines: bool,
}

impl Chunk {
    pub(super) fn new(messages: Arc<Messages>, range: Range<usize>, is_lines: bool) -> Chunk {
        let number = |at| {
            let passed = messages.ends.partition_point(|&end| end as usize <= at);
            MessageNumber(passed as u32)
        };
        Chunk {
            numbers: number(range.start)..number(range.end),
            range: range.start as u32..range.end as u32,
            messages,
            skipped: 0,
            is_lines,
        }
    }

    /// A message that is never skipped and that this queue does not share.
    pub(super) fn kept(bytes: Bytes) -> Chunk {
        let range = 0..bytes.len();
        let messages = Messages::new(bytes, [range.end as u32].into());
        Chunk::new(messages, range, false)
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.messages.bytes[self.range.start as usize..self.range.end as usize]
    }

    pub(super) fn is_empty(&self) -> bool {
        self.range.is_empty()
    }

    pub(super) fn is_shared(&self) -> bool {
        self.messages.are_shared()
    }

    pub(super) fn sums(&self) -> Sums {
        let (bytes, messages) = (self.range.len(), self.count());
        Sums::new(bytes, messages, self.is_lines, self.is_shared())
    }

    /// The length of the first message, as far as it is left.
    pub(super) fn first_len(&self) -> usize {
        let end = self.ends().first();
        end.map_or(0, |&end| (end - self.range.start) as usize)
    }

    /// Removes the first bytes. Returns whether that cuts a message.
    pub(super) fn take(&mut self, count: usize) -> bool {
        let start = self.range.start + count as u32;
        let passed = self.ends().partition_point(|&end| end <= start);
        let is_cut = !self.ends()[..passed].ends_with(&[start]);
        self.range.start = start;
        self.pass(passed);
        is_cut
    }

    /// Removes whole messages from the front, until they add up to this size. Returns how many.
    pub(super) fn skip(&mut self, size: usize) -> u32 {
        let reaches = |(count, end): (usize, &u32)| {
            (end - self.range.start) as usize + (count + 1) * END_BYTES >= size
        };
        let last = self.ends().iter().enumerate().position(reaches);
        let count = last.map_or(self.count(), |last| last + 1);
        if let Some(&end) = self.ends()[..count].last() {
            self.range.start = end;
        }
        self.pass(count);
        count as u32
    }

    /// Moves the first message into a chunk of its own, which is kept.
    pub(super) fn split_first(&mut self) -> Chunk {
        let start = self.range.start as usize;
        let end = start + self.first_len();
        self.take(end - start);
        Chunk::new(self.messages.clone(), start..end, false)
    }

    /// The number of messages.
    fn count(&self) -> usize {
        self.numbers.end.index() - self.numbers.start.index()
    }

    /// Drops the first `count` messages from the chunk.
    fn pass(&mut self, count: usize) {
        self.numbers.start.0 += count as u32;
    }

    /// The ends of the messages.
    fn ends(&self) -> &[u32] {
        &self.messages.ends[self.numbers.start.index()..self.numbers.end.index()]
    }
}

/// Copied messages, open for more.
#[derive(Debug, Default)]
pub(super) struct Tail {
    bytes: BytesMut,
    /// Where each message ends, as if no byte had been removed.
    ends: VecDeque<u32>,
    taken: u32,
    /// Whether they may be skipped.
    pub(super) is_lines: bool,
}

impl Tail {
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub(super) fn sums(&self) -> Sums {
        Sums::new(self.bytes.len(), self.ends.len(), self.is_lines, false)
    }

    /// The length of the first message, as far as it is left.
    pub(super) fn first_len(&self) -> usize {
        let end = self.ends.front();
        end.map_or(0, |&end| (end - self.taken) as usize)
    }

    /// Whether this many more bytes fit the present allocation.
    pub(super) fn has_room(&self, bytes: usize) -> bool {
        self.bytes.capacity() - self.bytes.len() >= bytes
    }

    /// Begins a new allocation, if the present one is empty and has no room for this many bytes.
    pub(super) fn reserve(&mut self, bytes: usize, allocation: usize) {
        debug_assert!(self.has_room(bytes) || self.is_empty());
        if !self.has_room(bytes) {
            self.bytes = BytesMut::with_capacity(allocation);
        }
    }

    /// Appends a part of a log that ends where a message does.
    pub(super) fn push(&mut self, log: &Log, range: Range<usize>) {
        let before = self.taken + self.bytes.len() as u32;
        let ends = log.ends_in(range.clone());
        self.ends
            .extend(ends.map(|end| end - range.start as u32 + before));
        self.bytes.extend_from_slice(&log.bytes()[range]);
    }

    /// Removes the first bytes. Returns whether that cuts a message.
    pub(super) fn take(&mut self, count: usize) -> bool {
        self.taken += count as u32;
        self.bytes.advance(count);
        let passed = self.ends.partition_point(|&end| end <= self.taken);
        let is_cut = self.ends.drain(..passed).next_back() != Some(self.taken);
        if self.is_empty() {
            self.taken = 0;
        }
        is_cut
    }

    /// Takes everything out. If it fills only a small part of its allocation, the allocation is kept for the next
    /// messages.
    pub(super) fn seal(&mut self) -> Chunk {
        let taken = std::mem::take(&mut self.taken);
        let ends = std::mem::take(&mut self.ends).into_iter();
        let ends = ends.map(|end| end - taken).collect();
        let sealed = if self.bytes.len() * PIN_RATIO >= self.bytes.capacity() {
            std::mem::take(&mut self.bytes).freeze()
        } else {
            let copied = Bytes::copy_from_slice(&self.bytes);
            self.bytes.clear();
            copied
        };
        let range = 0..sealed.len();
        Chunk::new(Messages::new(sealed, ends), range, self.is_lines)
    }
}
