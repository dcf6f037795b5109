//! `SendQueue`: the bytes that one peer is owed and its socket did not take.
//!
//! What is owed of a large log is kept as a slice of the log's own allocation, shared with every other peer that is
//! behind. What is owed of it is a small part only is copied, so that nobody keeps a large allocation alive for the
//! sake of a few bytes: a queue pins at most [`PIN_RATIO`] times what it holds, and one log.
//!
//! Invariant: `bytes` is the sum of the lengths of the chunks and of the tail; no chunk is empty.

use std::collections::VecDeque;
use std::io::{self, IoSlice, Write};
use std::ops::Range;

use bytes::{Buf, Bytes, BytesMut};

use crate::limits::{PIN_RATIO, SHARED_PIECE_BYTES, SLICES_PER_WRITE};

/// Bytes that many peers are to be sent, frozen.
#[derive(Debug)]
pub struct Log {
    /// The bytes.
    pub bytes: Bytes,
    /// The size of the allocation that a slice of them keeps alive.
    pub allocated: usize,
}

/// A part of a log.
#[derive(Debug, Clone)]
pub struct Piece<'a> {
    /// The log.
    pub log: &'a Log,
    /// Which bytes of it.
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
    chunks: VecDeque<Bytes>,
    /// Copied bytes behind the last chunk, open for more.
    tail: BytesMut,
    bytes: usize,
}

impl SendQueue {
    /// Smallest and largest allocation for copied bytes; between them it follows the length of the queue.
    const COPY_CHUNK: Range<usize> = 512..16 * 1024;

    /// How many bytes wait.
    pub fn len(&self) -> usize {
        self.bytes
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    /// Appends a piece, by reference or as a copy, whichever costs less memory.
    pub fn push(&mut self, piece: &Piece<'_>) {
        let len = piece.range.len();
        if len >= SHARED_PIECE_BYTES && len * PIN_RATIO >= piece.log.allocated {
            self.seal_tail();
            self.chunks
                .push_back(piece.log.bytes.slice(piece.range.clone()));
        } else if len > 0 {
            self.copy(piece.bytes());
        }
        self.bytes += len;
        self.check();
    }

    /// Writes until everything is written, or until the writer would block or fails.
    ///
    /// # Errors
    ///
    /// What the writer returned, `WouldBlock` included; what was written before that has left the queue.
    pub fn write_to(&mut self, writer: &mut impl Write) -> io::Result<()> {
        while !self.is_empty() {
            let tail = (!self.tail.is_empty()).then_some(&self.tail[..]);
            let chunks = self.chunks.iter().map(|chunk| &chunk[..]);
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
            let chunk = self
                .bytes
                .clamp(Self::COPY_CHUNK.start, Self::COPY_CHUNK.end);
            self.tail = BytesMut::with_capacity(chunk.max(bytes.len()));
        }
        self.tail.extend_from_slice(bytes);
    }

    fn seal_tail(&mut self) {
        if !self.tail.is_empty() {
            let tail = std::mem::take(&mut self.tail);
            self.chunks.push_back(tail.freeze());
        }
    }

    fn advance(&mut self, mut written: usize) {
        self.bytes -= written;
        while let Some(front) = self.chunks.front_mut() {
            if written < front.len() {
                front.advance(written);
                return self.check();
            }
            written -= front.len();
            self.chunks.pop_front();
        }
        self.tail.advance(written);
        self.check();
    }

    fn check(&self) {
        debug_assert_eq!(
            self.bytes,
            self.chunks.iter().map(Bytes::len).sum::<usize>() + self.tail.len()
        );
        debug_assert!(self.chunks.iter().all(|chunk| !chunk.is_empty()));
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
mod tests {
    use super::*;

    fn log(bytes: Vec<u8>) -> Log {
        Log {
            allocated: bytes.capacity(),
            bytes: bytes.into(),
        }
    }

    /// Takes a few bytes a call, and blocks every other call.
    struct Trickle {
        taken: Vec<u8>,
        per_call: usize,
        blocked: bool,
    }

    impl Write for Trickle {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.blocked = !self.blocked;
            if self.blocked {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            let n = bytes.len().min(self.per_call);
            self.taken.extend_from_slice(&bytes[..n]);
            Ok(n)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn bytes_come_out_in_order_however_little_the_writer_takes() {
        for per_call in [1, 7, 1000, 1 << 20] {
            let mut queue = SendQueue::default();
            let mut owed = Vec::new();
            for (i, len) in [5, 4000, 0, 3, 100, 5000, 1].into_iter().enumerate() {
                let log = log(vec![i as u8; len]);
                let piece = Piece {
                    range: 0..len,
                    log: &log,
                };
                owed.extend_from_slice(piece.bytes());
                queue.push(&piece);
            }
            let mut writer = Trickle {
                taken: Vec::new(),
                per_call,
                blocked: false,
            };
            while let Err(error) = queue.write_to(&mut writer) {
                assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
            }
            assert!(queue.is_empty());
            assert_eq!(writer.taken, owed);
        }
    }

    #[test]
    fn a_large_part_of_a_log_is_shared_and_a_small_part_copied() {
        let log = log(vec![b'x'; 100_000]);
        let inside = |chunk: &[u8]| log.bytes.as_ptr_range().contains(&chunk.as_ptr());
        let push = |range: Range<usize>| {
            let mut queue = SendQueue::default();
            queue.push(&Piece { log: &log, range });
            queue
        };
        assert!(inside(&push(50_000..100_000).chunks[0]));
        assert!(!inside(&push(90_000..100_000).tail));
        assert!(!inside(&push(0..1).tail));
    }

    #[test]
    fn small_copies_share_allocations() {
        let mut queue = SendQueue::default();
        let log = log(vec![b'x'; 80]);
        for _ in 0..1000 {
            queue.push(&Piece {
                log: &log,
                range: 0..80,
            });
        }
        assert_eq!(queue.len(), 80_000);
        assert!(queue.chunks.len() < 20, "{}", queue.chunks.len());
    }
}
