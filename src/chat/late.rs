//! `Late`: a journal that answers late, like one to which other machines write too; only in builds of unit tests and
//! the fuzzer. An act is out until it is [answered](Alone::answer). Meanwhile two kinds of peers are held: those whose
//! act changes who or where they are, and those who have as many acts out as one person may have.

use std::collections::VecDeque;

use crate::id::PeerId;
use crate::journal::Act;
use crate::limits::ACTS_OUT;
use crate::moment::Moment;

use super::{Alone, Effect, Effects, Proposal};

/// The acts that are out, in order.
#[derive(Debug, Default)]
pub(super) struct Late {
    out: VecDeque<Proposal>,
}

impl Alone {
    /// From now on, applies an act only when it is answered.
    pub fn be_late(&mut self) {
        self.late.get_or_insert_default();
    }

    /// The number of acts that are out.
    pub fn out(&self) -> usize {
        self.late.as_ref().map_or(0, |late| late.out.len())
    }

    /// Whether an act that is out holds this peer, or as many acts of theirs are out as may be.
    pub fn is_held(&self, peer: PeerId) -> bool {
        let out = self.late.iter().flat_map(|late| &late.out);
        let mut theirs = out.filter(|it| it.peer == Some(peer));
        theirs.clone().any(|it| it.holds().is_some()) || theirs.nth(ACTS_OUT - 1).is_some()
    }

    /// Applies the oldest act that is out, if any is. Acts proposed as a result go out in turn.
    pub fn answer(&mut self, now: Moment, effects: &mut Effects) {
        let first = self.late.as_ref().and_then(|late| late.out.front());
        let peer = first.and_then(|it| it.peer);
        let held = peer.filter(|it| self.is_held(*it));
        let out = self.late.as_mut().and_then(|late| late.out.pop_front());
        let Some(it) = out else { return };
        let before = effects.len();
        self.enter(now, it, effects);
        self.settle(now, before, effects);
        let released = held.filter(|it| !self.is_held(*it));
        if let Some(peer) = released.filter(|it| self.hub.roster.session(*it).is_some()) {
            effects.push(Effect::Release { peer });
        }
    }

    /// Puts an act off if the journal is late; otherwise gives it back.
    pub(super) fn put_off(&mut self, it: Proposal, effects: &mut Effects) -> Option<Proposal> {
        let Some(late) = &mut self.late else {
            return Some(it);
        };
        // A person who leaves is not read any more anyway.
        let peer = it.peer.filter(|_| !matches!(it.act, Act::Leave { .. }));
        late.out.push_back(it);
        if let Some(peer) = peer.filter(|it| self.is_held(*it)) {
            effects.push(Effect::Hold { peer });
        }
        None
    }
}
