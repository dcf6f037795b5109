//! `Shares`: what of a tick each peer is to be sent. A share that goes on to the end of the peer's channel is a number;
//! what was sealed before is a list of spans.
//!
//! Invariant: between ticks every share is empty.

use crate::limits::{CHUNK_BYTES, END_BYTES};
use crate::moment::Format;

/// No channel, no room log, no span.
pub(super) const NONE: u32 = u32::MAX;

/// One peer's share of the tick.
#[derive(Debug, Clone, Copy)]
pub(super) struct Share {
    /// The channel that the peer reads, and the peer's place among its members.
    pub(super) channel: u32,
    pub(super) seat: u32,
    /// From which line on the log of the channel's room is still to be theirs.
    pub(super) from: u32,
    /// The last of the sealed spans; the first stands behind it.
    last: u32,
    /// As the peer wants it: a channel knows only what shows.
    pub(super) format: Format,
}

impl Share {
    const EMPTY: Share = Share {
        channel: NONE,
        seat: 0,
        from: 0,
        last: NONE,
        format: Format::PLAIN,
    };
}

/// A sealed part of a share: lines of a room log in a format, or bytes of the replies.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    /// Which of the tick's room logs; [`NONE`] for the replies.
    pub(super) log: u32,
    pub(super) format: Format,
    pub(super) start: u32,
    pub(super) end: u32,
    /// The next of the same share; behind the last, the first.
    next: u32,
    /// What the peer alone was told up to here in this tick, in bytes, with what it takes to keep it in order.
    told: u32,
    /// This one, or one before it, is not what everyone reads.
    is_formatted: bool,
    /// The peer has changed channels behind such a span: not all of them are in the format of the channel they read now.
    has_moved: bool,
}

#[derive(Debug, Default)]
pub(super) struct Shares {
    shares: Vec<Share>,
    spans: Vec<Span>,
    /// Peers who have sealed spans.
    sealed: Vec<u32>,
}

impl Shares {
    pub(super) fn get(&mut self, slot: u32) -> &mut Share {
        let index = slot as usize;
        if index >= self.shares.len() {
            self.shares.resize(index + 1, Share::EMPTY);
        }
        &mut self.shares[index]
    }

    pub(super) fn all(&self) -> &[Share] {
        &self.shares
    }

    /// Appends a span to the share of a peer.
    pub(super) fn push(&mut self, slot: u32, log: u32, format: Format, start: u32, end: u32) {
        let last = self.get(slot).last;
        let own = match log {
            NONE => end - start + END_BYTES as u32,
            _ => 0,
        };
        let mut span = Span {
            log,
            format,
            start,
            end,
            next: self.spans.len() as u32,
            told: own + 2 * CHUNK_BYTES as u32,
            is_formatted: format != Format::PLAIN,
            has_moved: false,
        };
        if let Some(before) = self.spans.get_mut(last as usize) {
            if (before.log, before.format, before.end) == (log, format, start) {
                before.end = end;
                before.told += own;
                return;
            }
            span.told += before.told;
            span.is_formatted |= before.is_formatted;
            span.has_moved = before.has_moved;
            span.next = std::mem::replace(&mut before.next, span.next);
        } else {
            self.sealed.push(slot);
        }
        self.get(slot).last = self.spans.len() as u32;
        self.spans.push(span);
    }

    /// The peer changes channels.
    pub(super) fn note_move(&mut self, slot: u32) {
        let last = self.get(slot).last;
        if let Some(span) = self.spans.get_mut(last as usize) {
            span.has_moved |= span.is_formatted;
        }
    }

    /// What the peer alone was told in this tick, in bytes.
    pub(super) fn told(&self, slot: u32) -> usize {
        self.last(slot).map_or(0, |span| span.told as usize)
    }

    /// Whether some of what the peer is to be sent is not in the format of their channel.
    pub(super) fn has_moved(&self, slot: u32) -> bool {
        self.last(slot).is_some_and(|span| span.has_moved)
    }

    /// The sealed spans of a peer, in order.
    pub(super) fn spans(&self, slot: u32) -> impl Iterator<Item = &Span> {
        let last = self.shares.get(slot as usize).map_or(NONE, |it| it.last);
        let mut next = self.spans.get(last as usize).map(|span| span.next);
        std::iter::from_fn(move || {
            let this = next?;
            let span = &self.spans[this as usize];
            next = (this != last).then_some(span.next);
            Some(span)
        })
    }

    /// Peers who have sealed spans.
    pub(super) fn sealed(&self) -> &[u32] {
        &self.sealed
    }

    /// The peer's share was taken.
    pub(super) fn empty(&mut self, slot: u32) {
        let share = self.get(slot);
        (share.from, share.last) = (0, NONE);
    }

    /// Begins the next tick.
    pub(super) fn clear(&mut self) {
        self.spans.clear();
        self.sealed.clear();
        debug_assert!(self.shares.iter().all(|it| it.from == 0 && it.last == NONE));
    }

    fn last(&self, slot: u32) -> Option<&Span> {
        let share = self.shares.get(slot as usize)?;
        self.spans.get(share.last as usize)
    }
}

#[cfg(test)]
impl Shares {
    /// Whether nobody has a share in anything, as between two ticks.
    pub(super) fn is_empty(&self) -> bool {
        let is_empty = |share: &Share| share.from == 0 && share.last == NONE;
        self.spans.is_empty() && self.sealed.is_empty() && self.shares.iter().all(is_empty)
    }
}
