//! Output for people whose lines are not those of one channel: they hear several rooms, or they have changed channels in
//! the middle of the tick.
//!
//! Each line has a place among all lines of the tick. Between two replies to the reader, the lines of all their rooms are
//! merged by these places. The work grows with the number of turns from one room to another, and not with the number of
//! lines. Short pieces are copied into one buffer. A long piece that needs no change is written from where it is.

use std::cmp::Reverse;
use std::mem;
use std::ops::Range;

use crate::id::Slot;
use crate::limits::MERGED_PIECE_BYTES;
use crate::net::{Log, Piece};
use crate::tally;

use super::Fanout;
use super::channels::Channels;
use super::deal::Logs;
use super::ids::{Line, LogId, Place};
use super::room_log::{Buffer, Stamped, View};
use super::shares::{Lines, Part};

/// The output for a peer, in order.
#[derive(Debug)]
pub(super) struct Together {
    pub(super) copied: Log,
    pub(super) parts: Vec<Placed>,
}

/// The source of a part of it.
#[derive(Debug)]
pub(super) enum Placed {
    /// Copied bytes.
    Copied(Range<usize>),
    /// Lines of a room log, as they are.
    Plain(LogId, Range<Line>),
    /// Bytes of the replies.
    Replies(Range<u32>),
}

/// The output that was put together so far. Its buffers serve one peer after the other.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) buffer: Buffer,
    pub(super) parts: Vec<Placed>,
    pub(super) stamped: Stamped,
    /// Lines to be merged behind that.
    runs: Vec<Run>,
}

/// Lines that begin at this place in the tick.
#[derive(Debug)]
struct Run {
    place: Place,
    lines: Lines,
}

impl Fanout {
    /// Puts together the output for a peer.
    pub(super) fn put_together(&mut self, logs: &Logs, slot: Slot) -> Together {
        let Fanout {
            channels,
            shares,
            draft,
            ..
        } = self;
        for span in shares.spans(slot) {
            match &span.part {
                Part::Lines(lines) => draft.runs.push(Run::new(logs, lines.clone())),
                Part::Replies(bytes) => {
                    draft.merge(logs, channels);
                    draft.parts.push(Placed::Replies(bytes.clone()));
                }
            }
        }
        for it in shares.memberships(slot) {
            if let Some(lines) = channels.unsealed(&logs.said, it) {
                draft.runs.push(Run::new(logs, lines));
            }
        }
        draft.merge(logs, channels);
        let (bytes, ends) = mem::take(&mut draft.buffer);
        tally::write(bytes.len());
        Together {
            copied: Log::new(bytes, ends, true, &logs.gauge),
            parts: mem::take(&mut draft.parts),
        }
    }
}

impl Run {
    fn new(logs: &Logs, lines: Lines) -> Run {
        let place = logs.said[lines.log.index()].place(lines.range.start);
        Run { place, lines }
    }
}

impl Draft {
    /// Appends the runs of lines in the order in which the lines were said.
    fn merge(&mut self, logs: &Logs, channels: &Channels) {
        // The first of them is the last of the list.
        self.runs.sort_unstable_by_key(|run| Reverse(run.place));
        while let Some(mut run) = self.runs.pop() {
            tally::steps(1);
            let Lines {
                log,
                channel,
                range,
            } = &mut run.lines;
            let said = &logs.said[log.index()];
            let next = self.runs.last().map_or(Place::END, |run| run.place);
            let end = said.end_before(range.clone(), next);
            let view = &channels.get(*channel).view;
            self.append(logs, *log, view, range.start..end);
            range.start = end;
            if range.is_empty() {
                continue;
            }
            run.place = said.place(end);
            // The runs that are earlier now are of other rooms. A run is passed at most once by each other room.
            let earlier = self.runs.iter().rev();
            let earlier = earlier.take_while(|it| it.place < run.place).count();
            self.runs.insert(self.runs.len() - earlier, run);
        }
    }

    fn append(&mut self, logs: &Logs, log: LogId, view: &View, lines: Range<Line>) {
        let said = &logs.said[log.index()];
        if said.is_plain(view) {
            if let Some(Placed::Plain(before, range)) = self.parts.last_mut()
                && (*before, range.end) == (log, lines.start)
            {
                range.end = lines.end;
                return;
            }
            if said.plain.range(lines.clone()).len() >= MERGED_PIECE_BYTES {
                self.parts.push(Placed::Plain(log, lines));
                return;
            }
        }
        let start = self.buffer.0.len();
        said.write(lines, view, &mut self.stamped, &mut self.buffer);
        let end = self.buffer.0.len();
        match self.parts.last_mut() {
            Some(Placed::Copied(range)) => range.end = end,
            _ if start < end => self.parts.push(Placed::Copied(start..end)),
            _ => {}
        }
    }
}

impl Together {
    /// The pieces, in order.
    pub(super) fn pieces<'a>(&'a self, logs: &'a Logs) -> impl Iterator<Item = Piece<'a>> {
        self.parts.iter().map(|part| match part {
            Placed::Copied(range) => Piece {
                log: &self.copied,
                range: range.clone(),
            },
            Placed::Plain(log, lines) => logs.said[log.index()].plain.piece(lines.clone()),
            Placed::Replies(bytes) => logs.reply(bytes),
        })
    }
}
