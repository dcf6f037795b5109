//! `Late`: a journal that answers late, as one does that other machines write to, for unit tests and the fuzzer, in no other
//! build. An act is out until it is [answered](Alone::answer); who changes by it who or where they are is held meanwhile.

use std::collections::VecDeque;

use crate::id::PeerId;
use crate::moment::Moment;

use super::{Alone, Effect, Effects, Proposal};

/// The acts that are out, in their order.
#[derive(Debug, Default)]
pub(super) struct Late {
    out: VecDeque<Proposal>,
}

impl Alone {
    /// Applies no act from now on before it is answered.
    pub fn be_late(&mut self) {
        self.late.get_or_insert_default();
    }

    /// How many acts are out.
    pub fn out(&self) -> usize {
        self.late.as_ref().map_or(0, |late| late.out.len())
    }

    /// Whether an act is out that holds this peer.
    pub fn is_held(&self, peer: PeerId) -> bool {
        let mut out = self.late.iter().flat_map(|late| &late.out);
        out.any(|it| it.holds() == Some(peer))
    }

    /// Applies the act that has been out for longest, if any is. What is proposed because of it goes out.
    pub fn answer(&mut self, now: Moment, effects: &mut Effects) {
        let out = self.late.as_mut().and_then(|late| late.out.pop_front());
        let Some(it) = out else { return };
        let (held, before) = (it.holds(), effects.len());
        self.enter(now, it, effects);
        self.settle(now, before, effects);
        let released = held.filter(|it| !self.is_held(*it));
        if let Some(peer) = released.filter(|it| self.hub.roster.session(*it).is_some()) {
            effects.push(Effect::Release { peer });
        }
    }

    /// Puts an act off, where the journal is late, or else gives it back.
    pub(super) fn put_off(&mut self, it: Proposal, effects: &mut Effects) -> Option<Proposal> {
        let Some(late) = &mut self.late else {
            return Some(it);
        };
        if let Some(peer) = it.holds() {
            effects.push(Effect::Hold { peer });
        }
        late.out.push_back(it);
        None
    }
}
