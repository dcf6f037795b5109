//! Output for people whose lines are not those of one channel: they hear several rooms, or they have changed channels in
//! the middle of the tick.
//!
//! Each line has a place among all lines of the tick. Between two replies to the reader, the lines of all their rooms are
//! merged by these places. The work grows with the number of turns from one room to another, and not with the number of
//! lines. Short pieces are copied into one buffer. A long piece that needs no change is written from where it is.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::Range;

use crate::id::Slot;
use crate::limits::MERGED_PIECE_BYTES;
use crate::net::{Log, Piece};
use crate::tally;

use super::Fanout;
use super::deal::Logs;
use super::ids::{Line, LogId, Place};
use super::room_log::{Buffer, View};
use super::shares::{Lines, Part};

/// The output for a peer, in order.
#[derive(Debug)]
pub(super) struct Together {
    copied: Log,
    parts: Vec<Placed>,
}

/// The source of a part of it.
#[derive(Debug)]
enum Placed {
    /// Copied bytes.
    Copied(Range<usize>),
    /// Lines of a room log, as they are.
    Plain(LogId, Range<Line>),
    /// Bytes of the replies.
    Replies(Range<u32>),
}

/// The output that was put together so far.
#[derive(Debug)]
struct Draft {
    buffer: Buffer,
    parts: Vec<Placed>,
}

impl Fanout {
    /// Puts together the output for a peer.
    pub(super) fn put_together(&self, logs: &Logs, slot: Slot, buffer: Buffer) -> Together {
        let parts = Vec::new();
        let mut draft = Draft { buffer, parts };
        let mut runs = Vec::new();
        for span in self.shares.spans(slot) {
            match &span.part {
                Part::Lines(lines) => runs.push(lines.clone()),
                Part::Replies(bytes) => {
                    self.merge(logs, &mut runs, &mut draft);
                    draft.parts.push(Placed::Replies(bytes.clone()));
                }
            }
        }
        runs.extend(self.unsealed(logs, slot));
        self.merge(logs, &mut runs, &mut draft);
        let (bytes, ends) = draft.buffer;
        tally::write(bytes.len());
        Together {
            copied: Log::new(bytes, ends, true, &logs.gauge),
            parts: draft.parts,
        }
    }

    /// Appends runs of lines in the order in which the lines were said, and empties the list of them.
    fn merge(&self, logs: &Logs, runs: &mut Vec<Lines>, draft: &mut Draft) {
        let place = |run: &Lines| logs.said[run.log.index()].place(run.range.start);
        let heads = runs.iter().enumerate();
        let mut heads: BinaryHeap<_> = heads.map(|(i, run)| Reverse((place(run), i))).collect();
        while let Some(Reverse((_, i))) = heads.pop() {
            tally::steps(1);
            let run = &mut runs[i];
            let next = heads
                .peek()
                .map_or(Place::END, |&Reverse((place, _))| place);
            let end = logs.said[run.log.index()].end_before(run.range.clone(), next);
            let lines = run.range.start..end;
            draft.append(logs, run.log, &self.channels.get(run.channel).view, lines);
            run.range.start = end;
            if !run.range.is_empty() {
                heads.push(Reverse((place(run), i)));
            }
        }
        runs.clear();
    }
}

impl Draft {
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
        said.write(lines, view, &mut self.buffer);
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

    /// The log of the copied bytes.
    pub(super) fn into_log(self) -> Log {
        self.copied
    }
}
