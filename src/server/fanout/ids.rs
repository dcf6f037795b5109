//! Numbers of the parts of a tick. Each kind has a type of its own, so that none is taken for another.

use crate::id::Index;

/// A channel. Ids are dense and reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct ChannelId(Index);

impl ChannelId {
    pub(super) fn new(index: usize) -> ChannelId {
        ChannelId(Index::new(index))
    }

    pub(super) fn index(self) -> usize {
        self.0.get()
    }
}

/// One of the tick's room logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LogId(Index);

impl LogId {
    pub(super) fn new(index: usize) -> LogId {
        LogId(Index::new(index))
    }

    pub(super) fn index(self) -> usize {
        self.0.get()
    }
}

/// One of the tick's spans.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SpanId(Index);

impl SpanId {
    pub(super) fn new(index: usize) -> SpanId {
        SpanId(Index::new(index))
    }

    pub(super) fn index(self) -> usize {
        self.0.get()
    }
}

/// The place of a line among all lines of the tick, in all rooms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Place(u32);

impl Place {
    /// Behind every line.
    pub(super) const END: Place = Place(u32::MAX);

    pub(super) fn next(self) -> Place {
        Place(self.0 + 1)
    }
}

/// The number of a line in its room log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Line(u32);

impl Line {
    pub(super) const FIRST: Line = Line(0);

    pub(super) fn new(index: usize) -> Line {
        Line(index as u32)
    }

    pub(super) fn index(self) -> usize {
        self.0 as usize
    }

    pub(super) fn next(self) -> Line {
        Line(self.0 + 1)
    }
}
