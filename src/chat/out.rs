//! `Out`: acts that are out, as several servers share the journal: an act becomes an entry only when it comes back from
//! there. Meanwhile some peers are held: those whose act changes who or where they are, those who have as many acts out as
//! one person may have, and those who want something more while too much is out.

use std::collections::{BTreeSet, HashMap, VecDeque};

use crate::id::PeerId;
#[cfg(test)]
use crate::id::ServerId;
use crate::journal::Act;
#[cfg(feature = "cluster")]
use crate::journal::Wanted;
use crate::limits::ACTS_OUT;
use crate::limits::cluster::{OUTBOX_ACTS, OUTBOX_BYTES};
#[cfg(any(test, fuzzing))]
use crate::moment::Moment;

use super::{Effect, Effects, Hub, Journaled, Proposal};

/// The acts that are out, in order. Their numbers have no gap.
#[derive(Debug, Default)]
pub(super) struct Out {
    acts: VecDeque<Proposal>,
    /// How many have come back.
    back: u64,
    /// How many of those that are out were taken already, to be sent to the others.
    taken: usize,
    /// Bytes of their texts, and of what is around them.
    bytes: usize,
    /// What is out for each peer that has something out.
    peers: HashMap<PeerId, Theirs>,
    /// Those who are held until less is out.
    crowded: BTreeSet<PeerId>,
}

/// An act that has come back.
#[derive(Debug)]
pub(super) struct Came {
    pub(super) it: Proposal,
    /// Its peer, if they were held until now.
    pub(super) held: Option<PeerId>,
}

/// What is out for one peer.
#[derive(Debug, Default)]
struct Theirs {
    acts: usize,
    /// How many of them hold the peer.
    holding: usize,
}

impl Theirs {
    fn hold(&self) -> bool {
        self.holding > 0 || self.acts >= ACTS_OUT
    }
}

impl Out {
    /// Nothing is out yet, but so many acts have come back.
    #[cfg(feature = "cluster")]
    pub(super) fn behind(back: u64) -> Out {
        Out {
            back,
            ..Out::default()
        }
    }

    /// The number of acts that are out.
    pub(super) fn len(&self) -> usize {
        self.acts.len()
    }

    /// Whether as much is out as may be.
    fn is_full(&self) -> bool {
        self.acts.len() >= OUTBOX_ACTS || self.bytes >= OUTBOX_BYTES
    }

    /// Whether there is room again, and not only for a moment.
    fn has_room(&self) -> bool {
        self.acts.len() <= OUTBOX_ACTS / 2 && self.bytes <= OUTBOX_BYTES / 2
    }

    /// Whether a peer is held.
    pub(super) fn is_held(&self, peer: PeerId) -> bool {
        self.peers.get(&peer).is_some_and(Theirs::hold) || self.crowded.contains(&peer)
    }

    /// Lets an act be out.
    pub(super) fn push(&mut self, it: Proposal, effects: &mut Effects) {
        // A person who leaves is not read any more anyway.
        let peer = it.peer.filter(|_| !matches!(it.act, Act::Leave { .. }));
        self.bytes += size(&it);
        if let Some(peer) = it.peer {
            let theirs = self.peers.entry(peer).or_default();
            theirs.acts += 1;
            theirs.holding += usize::from(it.holds().is_some());
        }
        self.acts.push_back(it);
        if let Some(peer) = peer {
            if self.is_full() {
                self.crowded.insert(peer);
            }
            if self.is_held(peer) {
                effects.push(Effect::Hold { peer });
            }
        }
    }

    /// The acts that have not been taken, and the number of the first of them.
    #[cfg(feature = "cluster")]
    pub(super) fn take(&mut self) -> Option<(u64, Vec<Wanted>)> {
        let first = self.back + self.taken as u64 + 1;
        let new = self.acts.iter().skip(self.taken);
        let wanted: Vec<Wanted> = new.map(wanted).collect();
        self.taken = self.acts.len();
        (!wanted.is_empty()).then_some((first, wanted))
    }

    /// Takes out the first act, since it has come back.
    pub(super) fn pop(&mut self) -> Option<Came> {
        let it = self.acts.pop_front()?;
        self.back += 1;
        self.taken = self.taken.saturating_sub(1);
        self.bytes -= size(&it);
        let held = it.peer.filter(|it| self.is_held(*it));
        if let Some(peer) = it.peer
            && let Some(theirs) = self.peers.get_mut(&peer)
        {
            theirs.acts -= 1;
            theirs.holding -= usize::from(it.holds().is_some());
            if theirs.acts == 0 {
                self.peers.remove(&peer);
            }
        }
        Some(Came { it, held })
    }

    /// Takes out the act of this number, since it has come back. Those before it never will.
    #[cfg(feature = "cluster")]
    pub(super) fn pop_at(&mut self, number: u64) -> Option<Came> {
        while self.back + 1 < number {
            self.pop()?;
        }
        (self.back < number).then(|| self.pop())?
    }

    /// What was out, in order.
    #[cfg(feature = "cluster")]
    pub(super) fn into_acts(self) -> VecDeque<Proposal> {
        self.acts
    }

    /// Has peers read again who are held no more: that of an act that has come back, and those who waited for room. The
    /// effects of the act stand before that.
    pub(super) fn release(&mut self, held: Option<PeerId>, hub: &Hub, effects: &mut Effects) {
        let mut free: BTreeSet<PeerId> = held.into_iter().collect();
        if self.has_room() {
            free.append(&mut self.crowded);
        }
        for peer in free {
            if !self.is_held(peer) && hub.roster.session(peer).is_some() {
                effects.push(Effect::Release { peer });
            }
        }
    }
}

/// An act as it travels.
#[cfg(feature = "cluster")]
fn wanted(it: &Proposal) -> Wanted {
    Wanted {
        author: it.author,
        act: it.act.clone(),
        id: it.request.as_ref().and_then(|it| it.id.clone()),
    }
}

/// About how many bytes an act takes.
fn size(it: &Proposal) -> usize {
    size_of::<Proposal>() + it.act.text().map_or(0, str::len)
}

impl Journaled {
    /// The number of acts that are out.
    pub fn out(&self) -> usize {
        self.out.as_ref().map_or(0, Out::len)
    }

    pub(super) fn release(&mut self, peer: Option<PeerId>, effects: &mut Effects) {
        if let Some(out) = &mut self.out {
            out.release(peer, &self.hub, effects);
        }
    }
}

/// A journal that answers late, like one that other servers write too.
#[cfg(any(test, fuzzing))]
impl Journaled {
    /// Whether acts are out that only [`answer`](Self::answer) enters.
    #[cfg(test)]
    pub(crate) fn is_to_answer(&self) -> bool {
        self.server == ServerId::ALONE && self.out() > 0
    }

    /// From now on, applies an act only when it is answered.
    pub fn be_late(&mut self) {
        self.out.get_or_insert_default();
    }

    /// Whether an act that is out holds this peer, or as many acts of theirs are out as may be.
    pub fn is_held(&self, peer: PeerId) -> bool {
        self.out.as_ref().is_some_and(|it| it.is_held(peer))
    }

    /// Applies the oldest act that is out, if any is. Acts proposed as a result go out in turn.
    pub fn answer(&mut self, now: Moment, effects: &mut Effects) {
        let Some(came) = self.out.as_mut().and_then(Out::pop) else {
            return;
        };
        self.enter(now, came.it, effects);
        self.release(came.held, effects);
    }
}
