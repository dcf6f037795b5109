//! A Redis in memory, with what a chat has in it: the stream, the leases, the states on their way. It can go away, act late on
//! what was sent long ago, and come back without what was written last, or empty.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use crate::limits::cluster::LEASE;
use crate::work::cluster::StreamId;
use crate::work::cluster::simulated::Fields;

/// The time at which a play begins, as the worlds of the servers have it.
const BEGAN: u64 = 1_795_276_799;

/// An entry.
pub(super) struct Stored {
    pub(super) at: Place,
    pub(super) fields: Fields,
}

/// Where an entry stands. The number is never the same for two, even if one of them was forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Place {
    pub(super) id: StreamId,
    pub(super) number: u64,
}

pub(super) struct Lease {
    pub(super) epoch: u64,
    pub(super) is_standing: bool,
    until: Duration,
}

#[derive(Default)]
pub(super) struct Redis {
    entries: Vec<Stored>,
    added: u64,
    /// Since the play began.
    pub(super) now: Duration,
    /// Until when it is away.
    pub(super) away: Duration,
    leases: BTreeMap<Arc<str>, Lease>,
    pub(super) names: BTreeSet<Arc<str>>,
    /// By the epoch of the newcomer.
    pub(super) states: BTreeMap<u64, (StreamId, Vec<u8>)>,
    /// In the sockets of connections that were given up.
    pub(super) late: Vec<Vec<Fields>>,
    /// What was added and not looked at by whoever watches.
    added_now: Vec<(u64, Fields)>,
}

impl Redis {
    pub(super) fn is_up(&self) -> bool {
        self.now >= self.away
    }

    pub(super) fn tail(&self) -> Place {
        self.entries.last().map(|it| it.at).unwrap_or_default()
    }

    pub(super) fn add(&mut self, fields: Fields) -> Place {
        let last = self.tail().id;
        let millis = BEGAN * 1000 + self.now.as_millis() as u64;
        let id = match millis > last.millis {
            true => StreamId { millis, seq: 0 },
            false => StreamId {
                seq: last.seq + 1,
                ..last
            },
        };
        self.added += 1;
        let number = self.added;
        let at = Place { id, number };
        self.added_now.push((number, fields.clone()));
        self.entries.push(Stored { at, fields });
        at
    }

    /// What was added since the last call.
    pub(super) fn take_added(&mut self) -> Vec<(u64, Fields)> {
        std::mem::take(&mut self.added_now)
    }

    /// Acts on something that was sent long ago.
    pub(super) fn act_late(&mut self, which: usize) {
        for it in self.late.swap_remove(which) {
            self.add(it);
        }
    }

    /// Whether the stream still has what somebody read last.
    pub(super) fn has(&self, place: Place) -> bool {
        self.entries.iter().any(|it| it.at == place)
    }

    /// The entries behind a place.
    pub(super) fn behind(&self, id: StreamId) -> &[Stored] {
        let at = self.entries.partition_point(|it| it.at.id <= id);
        &self.entries[at..]
    }

    /// Forgets the newest entries.
    pub(super) fn forget(&mut self, count: usize) {
        let left = self.entries.len().saturating_sub(count);
        self.entries.truncate(left);
        self.late.clear();
        if left == 0 {
            self.leases.clear();
            self.names.clear();
            self.states.clear();
        }
    }

    /// All entries, with their numbers.
    pub(super) fn all(&self) -> impl Iterator<Item = (u64, &Fields)> {
        self.entries.iter().map(|it| (it.at.number, &it.fields))
    }

    pub(super) fn length(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn lease(&self, name: &str) -> Option<&Lease> {
        self.leases.get(name).filter(|it| it.until > self.now)
    }

    /// Takes or renews a lease, unless an epoch has it that is not one of these.
    pub(super) fn renew(
        &mut self,
        name: &Arc<str>,
        epoch: u64,
        stands: bool,
        mine: &[u64],
    ) -> bool {
        if self
            .lease(name)
            .is_some_and(|it| it.epoch != epoch && !mine.contains(&it.epoch))
        {
            return false;
        }
        let lease = Lease {
            epoch,
            is_standing: stands,
            until: self.now + LEASE,
        };
        self.leases.insert(name.clone(), lease);
        self.names.insert(name.clone());
        true
    }

    pub(super) fn release(&mut self, name: &str, epoch: u64) {
        if self.lease(name).is_some_and(|it| it.epoch == epoch) {
            self.leases.remove(name);
            self.names.remove(name);
        }
    }
}
