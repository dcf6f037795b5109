//! `SendQueue`: the messages for one peer that its socket did not take.
//!
//! A part of a log is kept by reference to one copy of the log, which all laggards share. If it is only a small part,
//! it is copied for the peer instead, so that nobody keeps a large allocation alive for a few bytes: a queue pins at
//! most [`PIN_RATIO`] times its contents, and one log.
//!
//! If too much waits, lines said to a room may be skipped, the oldest first; a notice in their place says how many.
//! Messages to this peer alone are kept. A message is skipped whole or not at all, and not once its writing has begun.
//! The log says where a message ends. The queue does not look into messages, and does not know the words of a notice.
//!
//! Invariants: `sums` is the sum of those of the chunks and of the tail; no chunk is empty; the chunks before `settled`
//! may not be skipped; every chunk holds whole messages, except that the first begins within one if `mid_message` is
//! set.

use std::collections::VecDeque;
use std::io::{self, IoSlice, Write};
use std::ops::Range;

use bytes::{Bytes, BytesMut};

use crate::limits::{CHUNK_BYTES, LOG_BYTES, PIN_RATIO, SHARED_PIECE_BYTES, SLICES_PER_WRITE};

mod chunk;
mod log;

use chunk::{Chunk, Sums, Tail};
pub use log::{Gauge, Log, Piece};

/// Messages in the order in which they are written.
#[derive(Debug, Default)]
pub struct SendQueue {
    chunks: VecDeque<Chunk>,
    /// Copied messages behind the last chunk, open for more.
    tail: Tail,
    sums: Sums,
    /// The first bytes are the rest of a message whose beginning was written.
    mid_message: bool,
    /// How many chunks at the front are known not to be lines.
    settled: usize,
}

impl SendQueue {
    /// Smallest and largest allocation for copied bytes. Between them the size follows the length of the queue, in
    /// powers of two, so that memory freed by one queue fits the next.
    const COPY_CHUNK: Range<usize> = 512..16 * 1024;

    /// How many bytes wait.
    pub fn len(&self) -> usize {
        self.sums.bytes
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The size of the queue against its bound, in bytes: the waiting bytes, and the overhead of keeping them in order.
    pub fn held(&self) -> usize {
        self.sums.size + self.chunks.len() * CHUNK_BYTES
    }

    /// The part of it that cannot be skipped, in bytes.
    pub fn kept(&self) -> usize {
        self.held() - self.sums.skippable
    }

    /// The part of it that this queue does not share, in bytes. A [`Gauge`] counts the rest, which is in shared copies.
    pub fn own(&self) -> usize {
        self.held() - self.sums.shared
    }

    /// The rest of a partly written message, in bytes.
    pub fn begun(&self) -> usize {
        match (self.mid_message, self.chunks.front()) {
            (false, _) => 0,
            (true, Some(front)) => front.first_len(),
            (true, None) => self.tail.first_len(),
        }
    }

    /// Appends everything after the first `written` bytes of a piece, by reference or as a copy, whichever takes less
    /// memory. Part of a piece can have been written only while the queue is empty.
    pub fn push(&mut self, piece: &Piece<'_>, written: usize) {
        debug_assert!(written == 0 || self.is_empty());
        let Piece { log, range } = piece.clone();
        debug_assert!(log.is_border(range.start) && log.is_border(range.end));
        let range = range.start + written..range.end;
        if range.is_empty() {
            return;
        }
        self.mid_message |= written > 0 && !log.is_border(range.start);
        if self.tail.is_lines != log.skippable {
            self.seal_tail();
            self.tail.is_lines = log.skippable;
        }
        // Anything that is not a line of a room is for this peer alone.
        let len = range.len();
        if log.skippable && len >= SHARED_PIECE_BYTES && len * PIN_RATIO >= log.size() {
            self.seal_tail();
            self.push_chunk(Chunk::new(log.share(), range, true));
        } else {
            self.copy(log, range);
        }
        self.check();
    }

    /// Skips the oldest lines, as far as they may be skipped and as needed for at most `limit` bytes to be
    /// [held](Self::held). `notice` writes the notice that stands in for a number of lines. Returns how many were
    /// skipped.
    pub fn skip_to(&mut self, limit: usize, notice: &impl Fn(u64, &mut BytesMut)) -> u64 {
        let mut skipped = 0;
        while self.held() > limit && self.sums.skippable > 0 {
            if self.settled == self.chunks.len() {
                self.seal_tail();
            }
            match self.chunks[self.settled].is_lines {
                true if self.mid_message && self.settled == 0 => self.keep_begun_message(),
                true => skipped += self.skip_first(limit, notice),
                false => self.settled += 1,
            }
        }
        self.check();
        skipped
    }

    /// Writes until everything is written, or this many bytes are, or the writer would block or fails.
    ///
    /// # Errors
    ///
    /// The writer's error, including `WouldBlock`. Bytes written before that have left the queue.
    pub fn write_to(&mut self, writer: &mut impl Write, mut most: usize) -> io::Result<()> {
        while !self.is_empty() && most > 0 {
            let tail = (!self.tail.is_empty()).then_some(self.tail.bytes());
            let chunks = self.chunks.iter().map(Chunk::bytes);
            let slices = chunks.chain(tail).scan(most, |left, slice| {
                let slice = &slice[..slice.len().min(*left)];
                *left -= slice.len();
                (!slice.is_empty()).then_some(slice)
            });
            match write_slices(writer, slices) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => {
                    self.advance(written);
                    most -= written;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn copy(&mut self, log: &Log, range: Range<usize>) {
        if !self.tail.has_room(range.len()) {
            self.seal_tail();
        }
        let Range { start, end } = Self::COPY_CHUNK;
        let allocation = self.len().clamp(start, end).next_power_of_two();
        let allocation = allocation.max(range.len());
        self.tail.reserve(range.len(), allocation);
        self.sums -= self.tail.sums();
        self.tail.push(log, range);
        self.sums += self.tail.sums();
    }

    /// Turns the tail into a chunk.
    fn seal_tail(&mut self) {
        if !self.tail.is_empty() {
            self.sums -= self.tail.sums();
            let sealed = self.tail.seal();
            self.push_chunk(sealed);
        }
    }

    fn push_chunk(&mut self, chunk: Chunk) {
        self.sums += chunk.sums();
        self.chunks.push_back(chunk);
    }

    /// Changes the chunk at this place, and drops it if nothing of it is left.
    fn change<R>(&mut self, at: usize, change: impl FnOnce(&mut Chunk) -> R) -> R {
        let chunk = &mut self.chunks[at];
        self.sums -= chunk.sums();
        let result = change(chunk);
        self.sums += chunk.sums();
        if chunk.is_empty() {
            self.chunks.remove(at);
        }
        result
    }

    /// Moves a partly written message into a chunk of its own, which is not skipped. Unless the message is long, it is
    /// copied, so that it does not keep a whole log alive.
    fn keep_begun_message(&mut self) {
        let mut begun = self.change(0, Chunk::split_first);
        if begun.is_shared() && begun.bytes().len() * PIN_RATIO < LOG_BYTES {
            begun = Chunk::kept(Bytes::copy_from_slice(begun.bytes()));
        }
        self.sums += begun.sums();
        self.chunks.push_front(begun);
    }

    /// Skips lines of the first chunk that holds any, all of them or as many as needed. Returns how many.
    fn skip_first(&mut self, limit: usize, notice: &impl Fn(u64, &mut BytesMut)) -> u64 {
        let (at, over) = (self.settled, self.held() - limit);
        let mut count = self.change(at, |chunk| chunk.skip(over));
        let skipped = count.into();
        if let Some(before) = at.checked_sub(1)
            && self.chunks[before].skipped > 0
        {
            count = count.saturating_add(self.chunks[before].skipped);
            self.sums -= self.chunks[before].sums();
            self.chunks.remove(before);
            self.settled = before;
        }
        let mut bytes = BytesMut::new();
        notice(count.into(), &mut bytes);
        let mut chunk = Chunk::kept(bytes.freeze());
        chunk.skipped = count;
        self.sums += chunk.sums();
        self.chunks.insert(self.settled, chunk);
        self.settled += 1;
        skipped
    }

    fn advance(&mut self, mut written: usize) {
        self.mid_message = false;
        while let Some(front) = self.chunks.front().filter(|_| written > 0) {
            let taken = written.min(front.bytes().len());
            written -= taken;
            if taken == front.bytes().len() {
                self.settled = self.settled.saturating_sub(1);
            }
            self.mid_message = self.change(0, |front| {
                // If this is a notice, its count is fixed now: lines skipped later get a notice of their own.
                front.skipped = 0;
                front.take(taken)
            });
        }
        if written > 0 {
            self.sums -= self.tail.sums();
            self.mid_message = self.tail.take(written);
            self.sums += self.tail.sums();
        }
        self.check();
    }

    fn check(&self) {
        let sums = || {
            let chunks = self.chunks.iter().map(Chunk::sums);
            chunks.fold(self.tail.sums(), Sums::plus)
        };
        debug_assert_eq!(self.sums, sums());
        debug_assert!(self.chunks.iter().all(|chunk| !chunk.is_empty()));
        debug_assert!(self.settled <= self.chunks.len());
        debug_assert!(!self.chunks.iter().take(self.settled).any(|it| it.is_lines));
    }
}

/// One `write` or `writev` of the first slices. Returns how many bytes were taken.
pub(super) fn write_slices<'a>(
    writer: &mut impl Write,
    mut slices: impl Iterator<Item = &'a [u8]>,
) -> io::Result<usize> {
    let Some(first) = slices.next() else {
        return Ok(0);
    };
    let Some(second) = slices.next() else {
        return writer.write(first);
    };
    let mut gathered = [IoSlice::new(&[]); SLICES_PER_WRITE];
    let mut count = 0;
    for (place, slice) in gathered
        .iter_mut()
        .zip([first, second].into_iter().chain(slices))
    {
        *place = IoSlice::new(slice);
        count += 1;
    }
    writer.write_vectored(&gathered[..count])
}

#[cfg(test)]
impl SendQueue {
    /// How much memory of shared copies the queue can keep alive, in bytes.
    pub(crate) fn pins_at_most(&self) -> usize {
        // A part that is partly written or partly skipped was larger.
        PIN_RATIO * self.sums.shared + self.sums.shared.min(1) * 8 * LOG_BYTES
    }
}

#[cfg(test)]
mod tests;
