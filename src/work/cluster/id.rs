//! `StreamId`: where an entry stands in the stream, and `Position`: how far somebody has read.

use std::fmt;

/// The id of an entry. Redis gives it: its own time, and a number within the millisecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct StreamId {
    /// Milliseconds since 1970-01-01 00:00 UTC.
    pub millis: u64,
    /// The number within the millisecond.
    pub seq: u64,
}

impl StreamId {
    /// Reads `1700000000000-3`.
    pub fn parse(text: &[u8]) -> Option<StreamId> {
        let (millis, seq) = std::str::from_utf8(text).ok()?.split_once('-')?;
        Some(StreamId {
            millis: millis.parse().ok()?,
            seq: seq.parse().ok()?,
        })
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.millis, self.seq)
    }
}

/// How far somebody has read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Position {
    /// The last entry that was read.
    pub id: StreamId,
    /// How many entries were ever added up to it, itself included. It tells whether entries behind it were removed.
    pub(super) ordinal: u64,
    /// A hash of that entry, if it was read and not written.
    pub(super) print: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_as_it_is_written() {
        let id = StreamId { millis: 17, seq: 3 };
        assert_eq!(StreamId::parse(id.to_string().as_bytes()), Some(id));
        assert!(id < StreamId { millis: 17, seq: 4 } && id > StreamId { millis: 9, seq: 9 });
        for bad in ["", "17", "17-", "-3", "17-x", "17-3-1"] {
            assert_eq!(StreamId::parse(bad.as_bytes()), None, "{bad}");
        }
    }
}
