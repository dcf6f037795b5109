//! `RoomLog`: what was said in one room in a tick. Each line is rendered once, without a stamp; what a format makes of the
//! lines is put together from that when it is written, a stamp in front of each.

use std::ops::Range;

use bytes::BytesMut;

use crate::limits::END_BYTES;
use crate::message::Message;
use crate::moment::{Format, Stamp};
use crate::net::{Gauge, Log, Piece};
use crate::tally;
use crate::wire::{is_hidden, is_stamped, render, stamp};

use super::ids::Line;

/// A buffer of this size, in bytes, is kept however little of it was used.
pub(super) const MIN_LOG: usize = 4 * 1024;

/// The lines of one room in the present tick.
#[derive(Debug, Default)]
pub(super) struct RoomLog {
    /// The lines as they read without stamps.
    bytes: BytesMut,
    /// Where each of them ends.
    ends: Vec<u32>,
    notes: Vec<Note>,
    /// How many of them the quiet are not told of.
    hidden: usize,
}

/// What is known of a line besides its text.
#[derive(Debug, Clone, Copy)]
struct Note {
    unix: i64,
    is_stamped: bool,
    is_hidden: bool,
}

impl RoomLog {
    /// The number behind that of the last line: the next has it.
    pub(super) fn end(&self) -> Line {
        Line::new(self.notes.len())
    }

    /// Appends a line. Returns its bytes, with a stamp of this length if it has one.
    pub(super) fn append(&mut self, message: &Message, unix: i64, stamp: usize) -> usize {
        let start = self.bytes.len();
        render(message, unix, Format::default(), &mut self.bytes);
        self.ends.push(self.bytes.len() as u32);
        let note = Note {
            unix,
            is_stamped: is_stamped(message),
            is_hidden: is_hidden(message, QUIET),
        };
        self.notes.push(note);
        self.hidden += usize::from(note.is_hidden);
        self.bytes.len() - start + if note.is_stamped { stamp } else { 0 }
    }

    pub(super) fn freeze(self, gauge: &Gauge) -> Said {
        let RoomLog {
            bytes, ends, notes, ..
        } = self;
        let (log, first) = (Log::new(bytes, ends, true, gauge), Line::FIRST);
        Said {
            plain: Rendered { log, first },
            notes,
            hidden: self.hidden,
        }
    }
}

#[cfg(test)]
impl RoomLog {
    pub(super) fn capacity(&self) -> usize {
        self.bytes.capacity()
    }
}

const QUIET: Format = Format {
    quiet: true,
    ..Format::PLAIN
};

/// A room log at the end of its tick.
#[derive(Debug)]
pub(super) struct Said {
    /// The lines without stamps.
    pub(super) plain: Rendered,
    notes: Vec<Note>,
    hidden: usize,
}

impl Said {
    /// The number behind that of the last line.
    pub(super) fn end(&self) -> Line {
        Line::new(self.notes.len())
    }

    /// Whether people of this format read the lines as they are.
    pub(super) fn is_plain(&self, format: Format) -> bool {
        format.stamp == Stamp::Off && !(format.quiet && self.hidden > 0)
    }

    /// Whether people of this format read none of the lines.
    pub(super) fn is_hidden(&self, format: Format) -> bool {
        format.quiet && self.hidden == self.notes.len()
    }

    /// Some of the lines as people of this format read them.
    pub(super) fn render(
        &self,
        lines: Range<Line>,
        format: Format,
        (mut bytes, mut ends): Buffer,
        gauge: &Gauge,
    ) -> Rendered {
        let first = lines.start;
        let all = self.plain.range(lines.clone()).len();
        let notes = &self.notes[first.index()..lines.end.index()];
        bytes.reserve(all + notes.len() * format.stamp.len());
        // There is one for each second.
        let mut stamped = (i64::MIN, BytesMut::new());
        let mut line = first;
        for note in notes {
            if note.is_stamped && stamped.0 != note.unix {
                stamped.0 = note.unix;
                stamped.1.clear();
                stamp(&mut stamped.1, note.unix, format);
            }
            if !(format.quiet && note.is_hidden) {
                if note.is_stamped {
                    bytes.extend_from_slice(&stamped.1);
                }
                let range = self.plain.range(line..line.next());
                bytes.extend_from_slice(&self.plain.log.bytes()[range]);
            }
            ends.push(bytes.len() as u32);
            line = line.next();
        }
        tally::write(bytes.len());
        let log = Log::new(bytes, ends, true, gauge);
        Rendered { log, first }
    }

    /// Buffers for another log, unless a burst made them large.
    pub(super) fn thaw(self) -> Option<RoomLog> {
        let (bytes, ends) = self.plain.into_buffer()?;
        let mut notes = self.notes;
        notes.clear();
        Some(RoomLog {
            bytes,
            ends,
            notes,
            hidden: 0,
        })
    }
}

/// Buffers for messages, and for where each of them ends.
pub(super) type Buffer = (BytesMut, Vec<u32>);

/// A log's buffers, emptied to be used again, unless a burst made them large.
pub(super) fn take_buffer(log: Log) -> Option<Buffer> {
    let (mut bytes, mut ends) = log.into_buffers();
    let most = 4 * bytes.len().max(MIN_LOG);
    let is_worth = bytes.capacity() <= most && ends.capacity() * END_BYTES <= most;
    bytes.clear();
    ends.clear();
    is_worth.then_some((bytes, ends))
}

/// Lines of a room log, as some people read them.
#[derive(Debug)]
pub(super) struct Rendered {
    /// A message a line. One that is hidden has no bytes.
    log: Log,
    /// The number of the first line.
    first: Line,
}

impl Rendered {
    pub(super) fn piece(&self, lines: Range<Line>) -> Piece<'_> {
        Piece {
            log: &self.log,
            range: self.range(lines),
        }
    }

    /// No queue shares the present copy of the lines from now on; the next to share them makes another.
    pub(super) fn let_go(&mut self) {
        self.log.let_go();
    }

    /// The buffers, to be used again, unless a burst made them large.
    pub(super) fn into_buffer(self) -> Option<Buffer> {
        take_buffer(self.log)
    }

    fn range(&self, lines: Range<Line>) -> Range<usize> {
        let start = |line: Line| match line.index() - self.first.index() {
            0 => 0,
            behind => self.log.ends()[behind - 1] as usize,
        };
        start(lines.start)..start(lines.end)
    }
}
