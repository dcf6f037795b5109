//! `Outgoing`: what a person typed, on its way to the server: lines that wait for their turn, and lines that were sent
//! and are not confirmed. No line is forgotten before the server has confirmed it or the person was told.
//!
//! Behind a command, nothing is sent until the server has answered it, as it may lead to another room.

use std::collections::VecDeque;
use std::mem;

use super::marks;

/// What may wait for its turn, in bytes: two of the longest pastes.
const QUEUE_BYTES: usize = 2 * 1024 * 1024;

/// What may be unconfirmed before no more is sent, in bytes.
const UNCONFIRMED_BYTES: usize = 64 * 1024;

/// A line as it was entered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entered {
    pub(super) text: String,
    /// It came with a paste: text, whatever it begins with.
    pub(super) pasted: bool,
}

/// The lines of one person.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    queue: VecDeque<Entered>,
    queue_bytes: usize,
    /// Lines that were sent, each with the number of the next mark behind it.
    unconfirmed: VecDeque<(u64, String)>,
    unconfirmed_bytes: usize,
    /// How many marks were sent on this connection, and how many the server has come to.
    marks_sent: u64,
    marks_heard: u64,
    /// Nothing is sent before the server has come to this mark.
    barrier: Option<u64>,
}

impl Outgoing {
    /// Puts lines behind those that wait. False, and nothing done, where too much waits already.
    pub(super) fn push(&mut self, lines: Vec<Entered>) -> bool {
        let bytes: usize = lines.iter().map(|line| line.text.len()).sum();
        if self.queue_bytes > 0 && self.queue_bytes + bytes > QUEUE_BYTES {
            return false;
        }
        self.queue_bytes += bytes;
        self.queue.extend(lines);
        true
    }

    /// The next line to be sent, if one may be.
    pub(super) fn next(&mut self) -> Option<Entered> {
        if self.barrier.is_some() || self.unconfirmed_bytes >= UNCONFIRMED_BYTES {
            return None;
        }
        let line = self.queue.pop_front()?;
        self.queue_bytes -= line.text.len();
        Some(line)
    }

    /// Whether lines wait for their turn.
    pub(super) fn waits(&self) -> bool {
        !self.queue.is_empty()
    }

    /// Notes that this line was sent. The next mark confirms it.
    pub(super) fn sent(&mut self, text: &str) {
        self.unconfirmed_bytes += text.len();
        self.unconfirmed
            .push_back((self.marks_sent + 1, text.into()));
    }

    /// Notes that a mark is sent, which is returned.
    pub(super) fn mark(&mut self) -> &'static [u8] {
        self.marks_sent += 1;
        &marks::ASK
    }

    /// Whether lines were sent without a mark behind them.
    pub(super) fn lacks_mark(&self) -> bool {
        let last = self.unconfirmed.back();
        last.is_some_and(|(mark, _)| *mark > self.marks_sent)
    }

    /// Holds back everything until the server has come to the next mark that is sent.
    pub(super) fn hold(&mut self) {
        self.barrier = Some(self.marks_sent + 1);
    }

    /// Whether an answer is waited for.
    pub(super) fn is_held(&self) -> bool {
        self.barrier.is_some()
    }

    /// Waits no more.
    pub(super) fn release(&mut self) {
        self.barrier = None;
    }

    /// The server has come to one more mark. Returns whether that was the one waited for.
    pub(super) fn confirm(&mut self) -> bool {
        // More than were sent say nothing.
        self.marks_heard = self.marks_sent.min(self.marks_heard + 1);
        while let Some((mark, line)) = self.unconfirmed.front()
            && *mark <= self.marks_heard
        {
            self.unconfirmed_bytes -= line.len();
            self.unconfirmed.pop_front();
        }
        let reached = self.barrier.is_some_and(|mark| mark <= self.marks_heard);
        if reached {
            self.barrier = None;
        }
        reached
    }

    /// Another connection begins: forgets the marks of the last one.
    pub(super) fn begin(&mut self) {
        (self.marks_sent, self.marks_heard) = (0, 0);
        self.barrier = None;
    }

    /// Takes away the lines that were sent and not confirmed.
    pub(super) fn take_unconfirmed(&mut self) -> Vec<String> {
        self.unconfirmed_bytes = 0;
        let lines = mem::take(&mut self.unconfirmed).into_iter();
        lines.map(|(_, line)| line).collect()
    }

    /// Takes away the lines that wait for their turn.
    pub(super) fn take_queue(&mut self) -> Vec<Entered> {
        self.queue_bytes = 0;
        mem::take(&mut self.queue).into()
    }
}
