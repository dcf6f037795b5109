//! `Shares`: the channels that each peer reads, and their share of a tick. The part of a share that goes on to the end of
//! the peer's channel is a number. Sealed parts before it are a list of spans. A peer who reads one channel has it in
//! their share. A peer who reads several has a list of them in a table beside it.
//!
//! If a peer reads several channels, their spans between two replies may stand in another order than the lines were
//! said in. A reply seals all earlier lines, so no line is on the wrong side of a reply.
//!
//! Invariants: between ticks every share is empty; a list in use has at least two memberships.

use std::ops::Range;

use crate::id::Slot;
use crate::limits::{CHUNK_BYTES, END_BYTES};
use crate::moment::Format;

use super::ids::{ChannelId, Line, LogId, SpanId};

/// A channel that a peer reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Membership {
    pub(super) channel: ChannelId,
    /// The peer's place among the members of the channel.
    pub(super) seat: u32,
    /// The line from which on the log of the channel's room is still theirs.
    pub(super) from: Line,
}

/// One peer's share of the tick.
#[derive(Debug, Clone, Copy)]
pub(super) struct Share {
    /// The channel that the peer reads, if they read exactly one.
    channel: Option<ChannelId>,
    /// The peer's place among its members. Without a channel: one more than the place of the peer's list in `several`, or
    /// 0 for somebody who reads nothing.
    seat: u32,
    /// As in [`Membership`].
    from: Line,
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

    /// The channel that the peer reads, if it is only one.
    pub(super) fn only(&self) -> Option<Membership> {
        let Share { seat, from, .. } = *self;
        self.channel.map(|channel| Membership {
            channel,
            seat,
            from,
        })
    }

    fn set_only(&mut self, only: Membership) {
        self.channel = Some(only.channel);
        (self.seat, self.from) = (only.seat, only.from);
    }

    /// Where the list of the peer's channels is, if they read several.
    fn several(&self) -> Option<usize> {
        match self.channel {
            None => (self.seat as usize).checked_sub(1),
            Some(_) => None,
        }
    }
}

/// The content of a span.
#[derive(Debug)]
pub(super) enum Part {
    Lines(Lines),
    /// Bytes of the replies.
    Replies(Range<u32>),
}

/// Lines of a room log, as people of a channel read them.
#[derive(Debug, Clone)]
pub(super) struct Lines {
    pub(super) log: LogId,
    pub(super) channel: ChannelId,
    pub(super) range: Range<Line>,
}

impl Part {
    /// The bytes of it that only this peer is told, with the bytes that it takes to keep them in order.
    fn own(&self) -> u32 {
        match self {
            Part::Lines(_) => 0,
            Part::Replies(bytes) => bytes.end - bytes.start + END_BYTES as u32,
        }
    }

    /// Extends to the end of the next part, if that begins at the end of this one. Returns whether it does.
    fn extend(&mut self, next: &Part) -> bool {
        match (self, next) {
            (Part::Lines(it), Part::Lines(next))
                if (it.log, it.channel, it.range.end)
                    == (next.log, next.channel, next.range.start) =>
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
    /// The bytes that only this peer was told up to here in this tick, with the bytes that it takes to keep them in order.
    told: u32,
    /// This span, or one before it, is not in the form that everyone reads.
    is_formatted: bool,
    /// The peer's output must be put together for them alone. Either they have changed channels after such a span, so that
    /// not all spans are in the view of the channel that they read now, or one of the spans is from a time when they read
    /// several channels.
    is_alone: bool,
}

#[derive(Debug, Default)]
pub(super) struct Shares {
    shares: Vec<Share>,
    /// The channels of those who read several, in the order of their numbers.
    several: Vec<Vec<Membership>>,
    /// Lists of `several` that are not in use.
    free: Vec<usize>,
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

    /// The share of a peer, if they ever had one.
    pub(super) fn find(&self, slot: Slot) -> Option<&Share> {
        self.shares.get(slot.index())
    }

    /// Appends lines of a channel to a peer's share.
    pub(super) fn push_lines(&mut self, slot: Slot, lines: Lines, is_formatted: bool) {
        let is_alone = self.hears_several(slot);
        self.push(slot, Part::Lines(lines), is_formatted, is_alone);
    }

    /// Appends bytes for a single peer to their share. All their earlier lines must be in it already.
    pub(super) fn push_replies(&mut self, slot: Slot, bytes: Range<u32>) {
        self.push(slot, Part::Replies(bytes), false, false);
    }

    fn push(&mut self, slot: Slot, part: Part, is_formatted: bool, is_alone: bool) {
        let id = SpanId::new(self.spans.len());
        let (last, own) = (self.get(slot).last, part.own());
        let mut span = Span {
            next: id,
            told: own + 2 * CHUNK_BYTES as u32,
            is_formatted,
            is_alone,
            part,
        };
        if let Some(before) = last {
            let before = &mut self.spans[before.index()];
            if before.part.extend(&span.part) {
                before.told += own;
                before.is_alone |= is_alone;
                return;
            }
            span.told += before.told;
            span.is_formatted |= before.is_formatted;
            span.is_alone |= before.is_alone;
            span.next = std::mem::replace(&mut before.next, id);
        } else {
            self.sealed.push(slot);
        }
        self.get(slot).last = Some(id);
        self.spans.push(span);
    }

    /// The peer reads one more channel.
    pub(super) fn join(&mut self, slot: Slot, joined: Membership) {
        self.note_move(slot);
        let share = *self.get(slot);
        if let Some(list) = share.several() {
            let several = &mut self.several[list];
            let at = several.partition_point(|it| it.channel < joined.channel);
            return several.insert(at, joined);
        }
        let Some(only) = share.only() else {
            return self.get(slot).set_only(joined);
        };
        let list = self.free.pop().unwrap_or_else(|| {
            self.several.push(Vec::new());
            self.several.len() - 1
        });
        let mut both = vec![only, joined];
        both.sort_unstable_by_key(|it| it.channel);
        self.several[list] = both;
        let share = self.get(slot);
        (share.channel, share.from) = (None, Line::FIRST);
        share.seat = list as u32 + 1;
    }

    /// The peer does not read a channel any more. Their lines of it must be in their share already.
    pub(super) fn leave(&mut self, slot: Slot, left: ChannelId) {
        self.note_move(slot);
        let share = self.get(slot);
        let Some(list) = share.several() else {
            (share.channel, share.seat, share.from) = (None, 0, Line::FIRST);
            return;
        };
        let several = &mut self.several[list];
        several.retain(|it| it.channel != left);
        if let &[only] = &several[..] {
            *several = Vec::new();
            self.free.push(list);
            self.get(slot).set_only(only);
        }
    }

    /// Whether the peer reads several channels.
    pub(super) fn hears_several(&self, slot: Slot) -> bool {
        self.find(slot).is_some_and(|it| it.several().is_some())
    }

    /// Whether anyone reads several channels.
    pub(super) fn some_hear_several(&self) -> bool {
        self.free.len() < self.several.len()
    }

    /// The channels that a peer reads, in the order of their numbers.
    pub(super) fn memberships(&self, slot: Slot) -> impl Iterator<Item = Membership> {
        let only = self.find(slot).and_then(Share::only);
        only.into_iter().chain(self.several(slot).iter().copied())
    }

    /// The same if they read several, and nothing otherwise.
    pub(super) fn several(&self, slot: Slot) -> &[Membership] {
        let several = self.find(slot).and_then(Share::several);
        several.map_or(&[], |list| &self.several[list])
    }

    /// Sets the line from which on the log of a channel's room is the peer's.
    pub(super) fn set_from(&mut self, slot: Slot, channel: ChannelId, from: Line) {
        let share = self.get(slot);
        match share.several() {
            None => share.from = from,
            Some(list) => self.in_several(list, channel, |it| it.from = from),
        }
    }

    /// The peer has another place among the members of a channel.
    pub(super) fn set_seat(&mut self, slot: Slot, channel: ChannelId, seat: u32) {
        let share = self.get(slot);
        match share.several() {
            None => share.seat = seat,
            Some(list) => self.in_several(list, channel, |it| it.seat = seat),
        }
    }

    fn in_several(
        &mut self,
        list: usize,
        channel: ChannelId,
        change: impl FnOnce(&mut Membership),
    ) {
        let mut several = self.several[list].iter_mut();
        let found = several.find(|it| it.channel == channel);
        debug_assert!(found.is_some());
        found.map(change);
    }

    /// The peer changes channels.
    fn note_move(&mut self, slot: Slot) {
        if let Some(last) = self.get(slot).last {
            let span = &mut self.spans[last.index()];
            span.is_alone |= span.is_formatted;
        }
    }

    /// The bytes that only this peer was told in this tick.
    pub(super) fn told(&self, slot: Slot) -> usize {
        self.last(slot).map_or(0, |span| span.told as usize)
    }

    /// Whether the peer's output must be put together for them alone.
    pub(super) fn is_alone(&self, slot: Slot) -> bool {
        self.last(slot).is_some_and(|span| span.is_alone)
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
        let Some(share) = self.shares.get_mut(slot.index()) else {
            return;
        };
        (share.from, share.last) = (Line::FIRST, None);
        if let Some(list) = share.several() {
            let several = self.several[list].iter_mut();
            several.for_each(|it| it.from = Line::FIRST);
        }
    }

    /// Begins the next tick.
    pub(super) fn clear(&mut self) {
        self.spans.clear();
        self.sealed.clear();
        debug_assert!(self.are_empty());
    }

    fn are_empty(&self) -> bool {
        let mut several = self.several.iter().flatten();
        self.shares.iter().all(Share::is_empty) && several.all(|it| it.from == Line::FIRST)
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
        is_empty && self.are_empty()
    }

    /// Checks that those who read several channels have a list of their own each. Returns how many they are.
    pub(super) fn check_several(&self) -> usize {
        let lists = self.shares.iter().filter_map(Share::several);
        let lists: std::collections::HashSet<usize> = lists.collect();
        let counts = self.several.iter().map(Vec::len);
        for (list, count) in counts.enumerate() {
            assert_eq!(lists.contains(&list), count > 1, "{count}");
            assert_eq!(self.free.contains(&list), count == 0);
        }
        lists.len()
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
