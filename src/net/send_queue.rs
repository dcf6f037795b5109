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
//! Invariants: `bytes` is the sum of the lengths of the chunks and of the tail, and `skippable` of those of lines among
//! them; no chunk is empty; the chunks before `settled` are no lines; a chunk of lines holds whole lines, but that the
//! first chunk begins within a line where `mid_line` says so.

use std::cell::OnceCell;
use std::collections::VecDeque;
use std::io::{self, IoSlice, Write};
use std::ops::Range;

use bytes::{Buf, Bytes, BytesMut};
use memchr::{memchr, memchr_iter};

use crate::limits::{CHUNK_BYTES, PIN_RATIO, SHARED_PIECE_BYTES, SLICES_PER_WRITE};
use crate::message::Message;
use crate::moment::Format;
use crate::wire::render;

/// Bytes that many peers are to be sent.
#[derive(Debug)]
pub struct Log {
    bytes: BytesMut,
    /// The same bytes, for those who are behind.
    shared: OnceCell<Bytes>,
    skippable: bool,
}

impl Log {
    /// `skippable`: whether these are lines that a peer who is behind need not be sent.
    pub fn new(bytes: BytesMut, skippable: bool) -> Log {
        Log {
            bytes,
            shared: OnceCell::new(),
            skippable,
        }
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The buffer that the bytes are in, to be used again: no queue has any of it.
    pub fn into_buffer(self) -> BytesMut {
        self.bytes
    }

    /// A part of an allocation that is as large as the log, and the same for all who are behind.
    fn share(&self, range: Range<usize>) -> Bytes {
        let shared = || Bytes::copy_from_slice(&self.bytes);
        self.shared.get_or_init(shared).slice(range)
    }
}

/// A part of a log.
#[derive(Debug, Clone)]
pub struct Piece<'a> {
    /// The log.
    pub log: &'a Log,
    /// Which bytes of it: of a log that is skippable, whole lines.
    pub range: Range<usize>,
}

impl<'a> Piece<'a> {
    /// The bytes themselves.
    pub fn bytes(&self) -> &'a [u8] {
        &self.log.bytes[self.range.clone()]
    }
}

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
    /// The first bytes are the rest of a line whose beginning was written.
    mid_line: bool,
    /// How many chunks at the front are known not to be lines.
    settled: usize,
}

#[derive(Debug)]
enum Chunk {
    /// To be written come what may.
    Kept(Bytes),
    /// Lines that may be skipped.
    Lines(Bytes),
    /// In a box, as there are few, and every laggard has many of the others.
    Skipped(Box<Skipped>),
}

/// So many lines were skipped here, and that is what is to be written.
#[derive(Debug)]
struct Skipped {
    count: u64,
    notice: Bytes,
}

impl Chunk {
    fn bytes(&self) -> &Bytes {
        match self {
            Chunk::Kept(bytes) | Chunk::Lines(bytes) => bytes,
            Chunk::Skipped(skipped) => &skipped.notice,
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
        self.mid_line |= log.skippable && begun.is_some_and(|&byte| byte != b'\n');
        if self.tail_is_skippable != log.skippable {
            self.seal_tail();
            self.tail_is_skippable = log.skippable;
        }
        if len >= SHARED_PIECE_BYTES && len * PIN_RATIO >= log.bytes.len() {
            self.seal_tail();
            self.push_chunk(log.share(range));
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
            match &self.chunks[self.settled] {
                Chunk::Lines(_) if self.mid_line => self.keep_begun_line(),
                Chunk::Lines(_) => skipped += self.skip_first(limit),
                Chunk::Kept(_) | Chunk::Skipped(_) => self.settled += 1,
            }
        }
        self.check();
        skipped
    }

    /// Writes until everything is written, or until the writer would block or fails. `Ok` tells that it was all.
    ///
    /// # Errors
    ///
    /// What the writer returned, `WouldBlock` included; what was written before that has left the queue.
    pub fn write_to(&mut self, writer: &mut impl Write) -> io::Result<()> {
        while !self.is_empty() {
            let tail = (!self.tail.is_empty()).then_some(&self.tail[..]);
            let chunks = self.chunks.iter().map(|chunk| &chunk.bytes()[..]);
            match write_slices(writer, chunks.chain(tail)) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => self.advance(written),
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
        self.push_chunk(sealed);
    }

    fn push_chunk(&mut self, bytes: Bytes) {
        self.chunks.push_back(if self.tail_is_skippable {
            Chunk::Lines(bytes)
        } else {
            Chunk::Kept(bytes)
        });
    }

    /// Makes a chunk of its own of the line that has begun to be written: it is not skipped.
    fn keep_begun_line(&mut self) {
        self.mid_line = false;
        let Some(Chunk::Lines(lines)) = self.chunks.front_mut() else {
            return;
        };
        let begun = lines.split_to(line_end(lines, 0));
        self.skippable -= begun.len();
        if lines.is_empty() {
            self.chunks.pop_front();
        }
        self.chunks.push_front(Chunk::Kept(begun));
    }

    /// Skips lines of the first chunk that holds any, all of them or as many as needed. Returns how many.
    fn skip_first(&mut self, limit: usize) -> u64 {
        let at = self.settled;
        let over = self.held() - limit;
        let Chunk::Lines(lines) = &mut self.chunks[at] else {
            return 0;
        };
        let part = lines.split_to(line_end(lines, over - 1));
        if lines.is_empty() {
            self.chunks.remove(at);
        }
        self.skippable -= part.len();
        self.bytes -= part.len();
        let count = memchr_iter(b'\n', &part).count() as u64;
        self.note_skipped(at, count);
        count
    }

    /// Says in front of the chunk at this place that so many lines were skipped.
    fn note_skipped(&mut self, at: usize, more: u64) {
        let mut count = more;
        if let Some(before) = at.checked_sub(1)
            && let Chunk::Skipped(so_far) = &self.chunks[before]
        {
            count += so_far.count;
            self.bytes -= so_far.notice.len();
            self.chunks.remove(before);
            self.settled = before;
        }
        let mut notice = BytesMut::new();
        render(&Message::Skipped(count), 0, Format::default(), &mut notice);
        self.bytes += notice.len();
        let notice = notice.freeze();
        let skipped = Skipped { count, notice };
        self.chunks
            .insert(self.settled, Chunk::Skipped(skipped.into()));
        self.settled += 1;
    }

    fn advance(&mut self, mut written: usize) {
        self.bytes -= written;
        self.mid_line = false;
        while let Some(front) = self.chunks.front_mut() {
            let len = front.bytes().len();
            if written < len {
                if written > 0 {
                    self.begin_front(written);
                }
                return self.check();
            }
            written -= len;
            let front = self.chunks.pop_front();
            self.settled = self.settled.saturating_sub(1);
            if matches!(front, Some(Chunk::Lines(_))) {
                self.skippable -= len;
            }
        }
        if self.tail_is_skippable {
            self.skippable -= written;
            self.mid_line = self.tail[..written]
                .last()
                .is_some_and(|&byte| byte != b'\n');
        }
        self.tail.advance(written);
        self.check();
    }

    /// The first bytes of the first chunk, but not all, were written.
    fn begin_front(&mut self, written: usize) {
        let Some(front) = self.chunks.front_mut() else {
            return;
        };
        match front {
            Chunk::Kept(bytes) => bytes.advance(written),
            Chunk::Lines(lines) => {
                self.skippable -= written;
                self.mid_line = lines.split_to(written).last() != Some(&b'\n');
            }
            // What was not yet told of more lines is told by a notice of its own.
            Chunk::Skipped(skipped) => *front = Chunk::Kept(skipped.notice.split_off(written)),
        }
    }

    fn check(&self) {
        let chunks = || self.chunks.iter();
        let sum =
            |it: &mut dyn Iterator<Item = &Chunk>| it.map(|it| it.bytes().len()).sum::<usize>();
        debug_assert_eq!(self.bytes, sum(&mut chunks()) + self.tail.len());
        let is_lines = |it: &&Chunk| matches!(it, Chunk::Lines(_));
        let tail = if self.tail_is_skippable {
            self.tail.len()
        } else {
            0
        };
        debug_assert_eq!(self.skippable, sum(&mut chunks().filter(is_lines)) + tail);
        debug_assert!(chunks().all(|chunk| !chunk.bytes().is_empty()));
        debug_assert!(!chunks().take(self.settled).any(|it| is_lines(&it)));
        debug_assert!(self.settled <= self.chunks.len());
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
mod tests;
