//! `Shares`: what of a tick each peer is to be sent. A share that goes on to the end of the peer's channel is a number;
//! what was sealed before is a list of spans.
//!
//! Invariant: between ticks every share is empty.

use std::ops::Range;

use crate::id::Slot;
use crate::limits::{CHUNK_BYTES, END_BYTES};
use crate::moment::Format;

use super::ids::{ChannelId, Line, LogId, SpanId};

/// One peer's share of the tick.
#[derive(Debug, Clone, Copy)]
pub(super) struct Share {
    /// The channel that the peer reads, and the peer's place among its members.
    pub(super) channel: Option<ChannelId>,
    pub(super) seat: u32,
    /// From which line on the log of the channel's room is still to be theirs.
    pub(super) from: Line,
    /// The last of the sealed spans; the first stands behind it.
    last: Option<SpanId>,
    /// As the peer wants it: a channel knows only what shows.
    pub(super) format: Format,
}

impl Share {
    const EMPTY: Share = Share {
        channel: None,
        seat: 0,
        from: Line::FIRST,
        last: None,
        format: Format::PLAIN,
    };

    fn is_empty(&self) -> bool {
        self.from == Line::FIRST && self.last.is_none()
    }
}

/// What a span is of.
#[derive(Debug)]
pub(super) enum Part {
    Lines(Lines),
    /// Bytes of the replies.
    Replies(Range<u32>),
}

/// Lines of a room log in a format.
#[derive(Debug)]
pub(super) struct Lines {
    pub(super) log: LogId,
    pub(super) format: Format,
    pub(super) range: Range<Line>,
}

impl Part {
    /// What of it the peer alone is told, in bytes, with what it takes to keep that in order.
    fn own(&self) -> u32 {
        match self {
            Part::Lines(_) => 0,
            Part::Replies(bytes) => bytes.end - bytes.start + END_BYTES as u32,
        }
    }

    fn is_formatted(&self) -> bool {
        matches!(self, Part::Lines(lines) if lines.format != Format::PLAIN)
    }

    /// Goes on to the end of the next part, where that begins at the end of this one. Returns whether it does.
    fn extend(&mut self, next: &Part) -> bool {
        match (self, next) {
            (Part::Lines(it), Part::Lines(next))
                if (it.log, it.format, it.range.end)
                    == (next.log, next.format, next.range.start) =>
            {
                it.range.end = next.range.end;
            }
            (Part::Replies(it), Part::Replies(next)) if it.end == next.start => it.end = next.end,
            _ => return false,
        }
        true
    }
}

/// A sealed part of a share.
#[derive(Debug)]
pub(super) struct Span {
    pub(super) part: Part,
    /// The next of the same share; behind the last, the first.
    next: SpanId,
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
    sealed: Vec<Slot>,
}

impl Shares {
    pub(super) fn get(&mut self, slot: Slot) -> &mut Share {
        let index = slot.index();
        if index >= self.shares.len() {
            self.shares.resize(index + 1, Share::EMPTY);
        }
        &mut self.shares[index]
    }

    pub(super) fn all(&self) -> &[Share] {
        &self.shares
    }

    /// Appends a span to the share of a peer.
    pub(super) fn push(&mut self, slot: Slot, part: Part) {
        let id = SpanId::new(self.spans.len());
        let (last, own) = (self.get(slot).last, part.own());
        let mut span = Span {
            next: id,
            told: own + 2 * CHUNK_BYTES as u32,
            is_formatted: part.is_formatted(),
            has_moved: false,
            part,
        };
        if let Some(before) = last {
            let before = &mut self.spans[before.index()];
            if before.part.extend(&span.part) {
                before.told += own;
                return;
            }
            span.told += before.told;
            span.is_formatted |= before.is_formatted;
            span.has_moved = before.has_moved;
            span.next = std::mem::replace(&mut before.next, id);
        } else {
            self.sealed.push(slot);
        }
        self.get(slot).last = Some(id);
        self.spans.push(span);
    }

    /// The peer changes channels.
    pub(super) fn note_move(&mut self, slot: Slot) {
        if let Some(last) = self.get(slot).last {
            let span = &mut self.spans[last.index()];
            span.has_moved |= span.is_formatted;
        }
    }

    /// What the peer alone was told in this tick, in bytes.
    pub(super) fn told(&self, slot: Slot) -> usize {
        self.last(slot).map_or(0, |span| span.told as usize)
    }

    /// Whether some of what the peer is to be sent is not in the format of their channel.
    pub(super) fn has_moved(&self, slot: Slot) -> bool {
        self.last(slot).is_some_and(|span| span.has_moved)
    }

    /// The sealed spans of a peer, in order.
    pub(super) fn spans(&self, slot: Slot) -> impl Iterator<Item = &Span> {
        let last = self.shares.get(slot.index()).and_then(|it| it.last);
        let mut next = last.map(|last| self.spans[last.index()].next);
        std::iter::from_fn(move || {
            let this = next?;
            let span = &self.spans[this.index()];
            next = (Some(this) != last).then_some(span.next);
            Some(span)
        })
    }

    /// Peers who have sealed spans.
    pub(super) fn sealed(&self) -> &[Slot] {
        &self.sealed
    }

    /// The peer's share was taken.
    pub(super) fn empty(&mut self, slot: Slot) {
        let share = self.get(slot);
        (share.from, share.last) = (Line::FIRST, None);
    }

    /// Begins the next tick.
    pub(super) fn clear(&mut self) {
        self.spans.clear();
        self.sealed.clear();
        debug_assert!(self.shares.iter().all(Share::is_empty));
    }

    fn last(&self, slot: Slot) -> Option<&Span> {
        let last = self.shares.get(slot.index())?.last?;
        Some(&self.spans[last.index()])
    }
}

#[cfg(test)]
impl Shares {
    /// Whether nobody has a share in anything, as between two ticks.
    pub(super) fn is_empty(&self) -> bool {
        let is_empty = self.spans.is_empty() && self.sealed.is_empty();
        is_empty && self.shares.iter().all(Share::is_empty)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_there_is_for_every_peer_and_for_every_span_is_small() {
        assert_eq!(size_of::<Share>(), 20);
        assert_eq!(size_of::<Span>(), 28);
    }
}
