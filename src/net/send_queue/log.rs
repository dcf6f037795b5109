//! `Log`: bytes that many peers are to be sent, and the one copy of them that all who are behind share.

use std::cell::OnceCell;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use bytes::{Bytes, BytesMut};

/// How much memory the copies take that queues share, in bytes: each counts once, for as long as any queue has a part
/// of it.
#[derive(Debug, Clone, Default)]
pub struct Gauge(Arc<AtomicUsize>);

impl Gauge {
    /// The sum of the copies' lengths.
    pub fn bytes(&self) -> usize {
        self.0.load(Relaxed)
    }
}

/// A copy that counts.
struct Counted {
    bytes: Box<[u8]>,
    gauge: Gauge,
}

impl Counted {
    fn share(bytes: &[u8], gauge: &Gauge) -> Bytes {
        gauge.0.fetch_add(bytes.len(), Relaxed);
        Bytes::from_owner(Counted {
            bytes: bytes.into(),
            gauge: gauge.clone(),
        })
    }
}

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.gauge.0.fetch_sub(self.bytes.len(), Relaxed);
    }
}

/// Bytes that many peers are to be sent.
#[derive(Debug)]
pub struct Log {
    pub(super) bytes: BytesMut,
    /// The same bytes, for those who are behind.
    shared: OnceCell<Bytes>,
    pub(super) skippable: bool,
    gauge: Gauge,
}

impl Log {
    /// `skippable`: whether these are lines that a peer who is behind need not be sent.
    pub fn new(bytes: BytesMut, skippable: bool, gauge: &Gauge) -> Log {
        Log {
            bytes,
            shared: OnceCell::new(),
            skippable,
            gauge: gauge.clone(),
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
    pub(super) fn share(&self, range: Range<usize>) -> Bytes {
        let shared = || Counted::share(&self.bytes, &self.gauge);
        self.shared.get_or_init(shared).slice(range)
    }

    /// The copy that was shared so far is kept by those alone who have a part of it. Another is made where it is needed.
    pub fn let_go(&mut self) {
        self.shared.take();
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
