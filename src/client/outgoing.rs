//! `Outgoing`: typed lines on their way to the server. Some wait for their turn; others were sent and are not
//! confirmed. No line is forgotten before the server has confirmed it or the person was told.
//!
//! After a command, nothing is sent until the server has answered it, as the command may lead to another room.

use std::collections::VecDeque;
use std::mem;

use super::marks;

/// The most bytes that may wait for their turn: two of the longest pastes.
const QUEUE_BYTES: usize = 2 * 1024 * 1024;

/// From this many unconfirmed bytes on, no more is sent.
const UNCONFIRMED_BYTES: usize = 64 * 1024;

/// A line as it was entered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entered {
    pub(super) text: String,
    /// It came in a paste, so it is text, whatever it begins with.
    pub(super) pasted: bool,
}

/// A line that was sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Sent {
    pub(super) text: String,
    /// It is text for the current room, and not a command.
    pub(super) is_said: bool,
}

/// The lines of one person.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    queue: VecDeque<Entered>,
    queue_bytes: usize,
    /// Lines that were sent, each with the number of the next mark after it.
    unconfirmed: VecDeque<(u64, Sent)>,
    unconfirmed_bytes: usize,
    /// How many marks were sent on this connection, and how many the server has reached.
    marks_sent: u64,
    marks_heard: u64,
    /// Nothing is sent before the server has reached this mark.
    barrier: Option<u64>,
}

impl Outgoing {
    /// Puts lines after those that wait. If too much waits already, returns false and does nothing.
    pub(super) fn push(&mut self, lines: Vec<Entered>) -> bool {
        let bytes = bytes_of(&lines);
        if self.queue_bytes > 0 && self.queue_bytes + bytes > QUEUE_BYTES {
            return false;
        }
        self.queue_bytes += bytes;
        self.queue.extend(lines);
        true
    }

    /// The next line to send, if one may go.
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
    pub(super) fn sent(&mut self, line: Sent) {
        self.unconfirmed_bytes += line.text.len();
        self.unconfirmed.push_back((self.marks_sent + 1, line));
    }

    /// Notes that a mark is sent, and returns the mark.
    pub(super) fn mark(&mut self) -> &'static [u8] {
        self.marks_sent += 1;
        &marks::ASK
    }

    /// Whether lines were sent without a mark after them.
    pub(super) fn lacks_mark(&self) -> bool {
        let last = self.unconfirmed.back();
        last.is_some_and(|(mark, _)| *mark > self.marks_sent)
    }

    /// Holds everything back until the server has reached the next mark.
    pub(super) fn hold(&mut self) {
        self.barrier = Some(self.marks_sent + 1);
    }

    /// Whether lines wait for an answer.
    pub(super) fn is_held(&self) -> bool {
        self.barrier.is_some()
    }

    /// Stops waiting for the answer.
    pub(super) fn release(&mut self) {
        self.barrier = None;
    }

    /// The server has reached one more mark. Returns the lines that this confirms, and whether others waited for it.
    pub(super) fn confirm(&mut self) -> (Vec<Sent>, bool) {
        // Marks beyond those that were sent mean nothing.
        self.marks_heard = self.marks_sent.min(self.marks_heard + 1);
        let mut confirmed = Vec::new();
        while let Some((mark, _)) = self.unconfirmed.front()
            && *mark <= self.marks_heard
            && let Some((_, line)) = self.unconfirmed.pop_front()
        {
            self.unconfirmed_bytes -= line.text.len();
            confirmed.push(line);
        }
        let reached = self.barrier.is_some_and(|mark| mark <= self.marks_heard);
        if reached {
            self.barrier = None;
        }
        (confirmed, reached)
    }

    /// Another connection begins: forgets the marks of the old one.
    pub(super) fn begin(&mut self) {
        (self.marks_sent, self.marks_heard) = (0, 0);
        self.barrier = None;
    }

    /// Takes away the lines that were sent and not confirmed.
    pub(super) fn take_unconfirmed(&mut self) -> Vec<String> {
        self.unconfirmed_bytes = 0;
        let lines = mem::take(&mut self.unconfirmed).into_iter();
        lines.map(|(_, line)| line.text).collect()
    }

    /// Takes away those of the lines that wait for their turn that are meant.
    pub(super) fn extract(&mut self, mut is_meant: impl FnMut(&Entered) -> bool) -> Vec<Entered> {
        let (taken, kept): (Vec<_>, Vec<_>) =
            self.take_queue().into_iter().partition(|it| is_meant(it));
        self.queue_bytes = bytes_of(&kept);
        self.queue = VecDeque::from(kept);
        taken
    }

    /// Takes away the lines that wait for their turn.
    pub(super) fn take_queue(&mut self) -> Vec<Entered> {
        self.queue_bytes = 0;
        mem::take(&mut self.queue).into()
    }
}

fn bytes_of(lines: &[Entered]) -> usize {
    lines.iter().map(|line| line.text.len()).sum()
}
