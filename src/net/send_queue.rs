//! `SendQueue`: the bytes that one peer is owed and its socket did not take.
//!
//! What is owed of a log is kept as a slice of one copy of it, shared by all peers that are behind. Where that is a
//! small part only it is copied for the peer, so that nobody keeps a large allocation alive for the sake of a few
//! bytes: a queue pins at most [`PIN_RATIO`] times what it holds, and one log.
//!
//! Lines that were said to a room may be skipped where too much waits, the oldest first; a notice in their place says
//! how many. What was told to this peer alone is kept. A line is skipped whole or not at all: not when it has begun to
//! be written.
//!
//! Invariants: `bytes` is the sum of the lengths of the chunks and of the tail, `skippable` of those of lines among them,
//! and `shared` of those that are parts of a log's copy; no chunk is empty; the chunks before `settled` are no lines; a
//! chunk of lines holds whole lines, but that the first chunk begins within a line where `mid_line` says so.

use std::collections::VecDeque;
use std::io::{self, IoSlice, Write};
use std::ops::Range;

use bytes::{Buf, Bytes, BytesMut};
use memchr::{memchr, memchr_iter};

use crate::limits::{CHUNK_BYTES, LOG_BYTES, PIN_RATIO, SHARED_PIECE_BYTES, SLICES_PER_WRITE};
use crate::message::Message;
use crate::moment::Format;
use crate::wire::render;

mod log;

pub use log::{Gauge, Log, Piece};

/// Bytes in the order in which they are to be written.
#[derive(Debug, Default)]
pub struct SendQueue {
    chunks: VecDeque<Chunk>,
    /// Copied bytes behind the last chunk, open for more.
    tail: BytesMut,
    tail_is_skippable: bool,
    bytes: usize,
    /// How many of the bytes are lines that may be skipped.
    skippable: usize,
    /// How many of the bytes are parts of copies that others may have too.
    shared: usize,
    /// The first bytes are the rest of a line whose beginning was written.
    mid_line: bool,
    /// How many chunks at the front are known not to be lines.
    settled: usize,
}

#[derive(Debug)]
struct Chunk {
    bytes: Bytes,
    /// So many lines were skipped here, which is what the bytes say; 0 of other chunks.
    skipped: u32,
    /// They may be skipped.
    is_lines: bool,
    is_shared: bool,
}

impl Chunk {
    /// Bytes that are written come what may, and that nobody else has.
    fn kept(bytes: Bytes) -> Chunk {
        Chunk {
            bytes,
            skipped: 0,
            is_lines: false,
            is_shared: false,
        }
    }
}

impl SendQueue {
    /// Smallest and largest allocation for copied bytes; between them it follows the length of the queue, in powers of
    /// two, so that what one queue frees fits the next.
    const COPY_CHUNK: Range<usize> = 512..16 * 1024;

    /// How many bytes wait.
    pub fn len(&self) -> usize {
        self.bytes
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    /// What the queue counts for against its bound, in bytes: what waits, and what it takes to keep it in order.
    pub fn held(&self) -> usize {
        self.bytes + self.chunks.len() * CHUNK_BYTES
    }

    /// What of it cannot be skipped, in bytes.
    pub fn kept(&self) -> usize {
        self.held() - self.skippable
    }

    /// What of it nobody else has, in bytes. The rest is in copies that a [`Gauge`] counts.
    pub fn own(&self) -> usize {
        self.held() - self.shared
    }

    /// What is left of a line that has begun to be written, in bytes.
    pub fn begun(&self) -> usize {
        if !self.mid_line {
            return 0;
        }
        let front = self.chunks.front().map(|chunk| &chunk.bytes[..]);
        line_end(front.unwrap_or(&self.tail), 0)
    }

    /// Appends what stands behind the first `written` bytes of a piece, by reference or as a copy, whichever costs less
    /// memory. Something of a piece can have been written only while the queue is empty.
    pub fn push(&mut self, piece: &Piece<'_>, written: usize) {
        debug_assert!(written == 0 || self.is_empty());
        let range = piece.range.start + written..piece.range.end;
        let (log, len) = (piece.log, range.len());
        if len == 0 {
            return;
        }
        let begun = piece.bytes()[..written].last();
        self.mid_line |= begun.is_some_and(|&byte| byte != b'\n');
        if self.tail_is_skippable != log.skippable {
            self.seal_tail();
            self.tail_is_skippable = log.skippable;
        }
        // What is no line of a room is for this peer alone.
        let is_large = len >= SHARED_PIECE_BYTES && len * PIN_RATIO >= log.bytes.len();
        if log.skippable && is_large {
            self.seal_tail();
            self.push_chunk(log.share(range), true);
            self.shared += len;
        } else {
            self.copy(&log.bytes[range]);
        }
        self.bytes += len;
        self.skippable += if log.skippable { len } else { 0 };
        self.check();
    }

    /// Skips the oldest lines, as far as they may be skipped and as needed for at most `limit` bytes to be
    /// [held](Self::held). Returns how many.
    pub fn skip_to(&mut self, limit: usize) -> u64 {
        let mut skipped = 0;
        while self.held() > limit && self.skippable > 0 {
            if self.settled == self.chunks.len() {
                self.seal_tail();
            }
            match self.chunks[self.settled].is_lines {
                true if self.mid_line && self.settled == 0 => self.keep_begun_line(),
                true => skipped += self.skip_first(limit),
                false => self.settled += 1,
            }
        }
        self.check();
        skipped
    }

    /// Writes until everything is written or so many bytes are, or until the writer would block or fails.
    ///
    /// # Errors
    ///
    /// What the writer returned, `WouldBlock` included; what was written before that has left the queue.
    pub fn write_to(&mut self, writer: &mut impl Write, mut most: usize) -> io::Result<()> {
        while !self.is_empty() && most > 0 {
            let tail = (!self.tail.is_empty()).then_some(&self.tail[..]);
            let chunks = self.chunks.iter().map(|chunk| &chunk.bytes[..]);
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

    fn copy(&mut self, bytes: &[u8]) {
        if self.tail.capacity() - self.tail.len() < bytes.len() {
            self.seal_tail();
        }
        if self.tail.capacity() < bytes.len() {
            let Range { start, end } = Self::COPY_CHUNK;
            let chunk = self.bytes.clamp(start, end).next_power_of_two();
            self.tail = BytesMut::with_capacity(chunk.max(bytes.len()));
        }
        self.tail.extend_from_slice(bytes);
    }

    /// Makes a chunk of the tail. Where it fills a small part of its allocation only, that is kept for the next tail.
    fn seal_tail(&mut self) {
        if self.tail.is_empty() {
            return;
        }
        let sealed = if self.tail.len() * PIN_RATIO >= self.tail.capacity() {
            std::mem::take(&mut self.tail).freeze()
        } else {
            let copied = Bytes::copy_from_slice(&self.tail);
            self.tail.clear();
            copied
        };
        self.push_chunk(sealed, false);
    }

    fn push_chunk(&mut self, bytes: Bytes, is_shared: bool) {
        self.chunks.push_back(Chunk {
            bytes,
            skipped: 0,
            is_lines: self.tail_is_skippable,
            is_shared,
        });
    }

    /// Makes a chunk of its own of the line that has begun to be written: it is not skipped. Unless it is long, it is
    /// copied, so that it does not keep a whole log alive.
    fn keep_begun_line(&mut self) {
        let Some(front) = self.chunks.front_mut() else {
            return;
        };
        let lines = &mut front.bytes;
        let mut begun = Chunk {
            bytes: lines.split_to(line_end(lines, 0)),
            skipped: 0,
            is_lines: false,
            is_shared: front.is_shared,
        };
        if front.bytes.is_empty() {
            self.chunks.pop_front();
        }
        let len = begun.bytes.len();
        self.skippable -= len;
        if begun.is_shared && len * PIN_RATIO < LOG_BYTES {
            self.shared -= len;
            begun = Chunk::kept(Bytes::copy_from_slice(&begun.bytes));
        }
        self.chunks.push_front(begun);
    }

    /// Skips lines of the first chunk that holds any, all of them or as many as needed. Returns how many.
    fn skip_first(&mut self, limit: usize) -> u64 {
        let at = self.settled;
        let over = self.held() - limit;
        let chunk = &mut self.chunks[at];
        let part = chunk.bytes.split_to(line_end(&chunk.bytes, over - 1));
        self.skippable -= part.len();
        self.bytes -= part.len();
        self.shared -= if chunk.is_shared { part.len() } else { 0 };
        if chunk.bytes.is_empty() {
            self.chunks.remove(at);
        }
        let count = memchr_iter(b'\n', &part).count();
        self.note_skipped(at, count as u32);
        count as u64
    }

    /// Says in front of the chunk at this place that so many lines were skipped.
    fn note_skipped(&mut self, at: usize, mut count: u32) {
        if let Some(before) = at.checked_sub(1)
            && self.chunks[before].skipped > 0
        {
            count = count.saturating_add(self.chunks[before].skipped);
            self.bytes -= self.chunks[before].bytes.len();
            self.chunks.remove(before);
            self.settled = before;
        }
        let (message, mut notice) = (Message::Skipped(count.into()), BytesMut::new());
        render(&message, 0, Format::default(), &mut notice);
        self.bytes += notice.len();
        let mut chunk = Chunk::kept(notice.freeze());
        chunk.skipped = count;
        self.chunks.insert(self.settled, chunk);
        self.settled += 1;
    }

    fn advance(&mut self, mut written: usize) {
        self.bytes -= written;
        self.mid_line = false;
        while let Some(front) = self.chunks.front_mut() {
            let taken = written.min(front.bytes.len());
            written -= taken;
            self.skippable -= if front.is_lines { taken } else { 0 };
            self.shared -= if front.is_shared { taken } else { 0 };
            if taken < front.bytes.len() {
                if taken > 0 {
                    self.mid_line = front.bytes.split_to(taken).last() != Some(&b'\n');
                    // What was not yet told of more lines is told by a notice of its own.
                    front.skipped = 0;
                }
                return self.check();
            }
            self.chunks.pop_front();
            self.settled = self.settled.saturating_sub(1);
        }
        if self.tail_is_skippable {
            self.skippable -= written;
        }
        let last = self.tail[..written].last();
        self.mid_line = last.is_some_and(|&byte| byte != b'\n');
        self.tail.advance(written);
        self.check();
    }

    fn check(&self) {
        let sum = |is_counted: fn(&Chunk) -> bool| {
            let chunks = self.chunks.iter().filter(|it| is_counted(it));
            chunks.map(|it| it.bytes.len()).sum::<usize>()
        };
        debug_assert_eq!(self.bytes, sum(|_| true) + self.tail.len());
        let is_skippable = self.tail_is_skippable;
        let tail = if is_skippable { self.tail.len() } else { 0 };
        debug_assert_eq!(self.skippable, sum(|it| it.is_lines) + tail);
        debug_assert_eq!(self.shared, sum(|it| it.is_shared));
        debug_assert!(self.chunks.iter().all(|chunk| !chunk.bytes.is_empty()));
        debug_assert!(self.settled <= self.chunks.len());
        debug_assert!(!self.chunks.iter().take(self.settled).any(|it| it.is_lines));
    }
}

/// Where the line ends that the byte at `from` belongs to, or the last line where there are fewer bytes.
fn line_end(lines: &[u8], from: usize) -> usize {
    let behind = lines.get(from..).unwrap_or_default();
    memchr(b'\n', behind).map_or(lines.len(), |at| from + at + 1)
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
        let chunks = self.chunks.iter().filter(|chunk| chunk.is_shared);
        let pinned = |chunk: &Chunk| PIN_RATIO * chunk.bytes.len();
        // A part that is begun, or was skipped in part, was larger.
        chunks.map(pinned).sum::<usize>() + self.shared.min(1) * 8 * LOG_BYTES
    }
}

#[cfg(test)]
mod tests;
