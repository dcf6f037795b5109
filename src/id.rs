//! Ids of peers, people and rooms.

use std::fmt;
use std::num::NonZeroU32;

/// A place in a table, in 32 bits. An `Option` of it takes no more space.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Index(NonZeroU32);

impl Index {
    pub(crate) fn new(index: usize) -> Index {
        Index(NonZeroU32::MIN.saturating_add(index as u32))
    }

    pub(crate) fn get(self) -> usize {
        self.0.get() as usize - 1
    }
}

impl fmt::Debug for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}

/// A place in the server's tables of connections. Slots are dense and reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slot(Index);

impl Slot {
    /// The slot of this index.
    pub fn new(index: usize) -> Slot {
        Slot(Index::new(index))
    }

    /// The slot as an index.
    pub fn index(self) -> usize {
        self.0.get()
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.index().fmt(f)
    }
}

/// A connection. It is never mistaken for the connection that gets its slot next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PeerId {
    /// The slot that it has.
    pub slot: Slot,
    /// The number of slots that the server had handed out before this one.
    pub generation: u32,
}

impl PeerId {
    /// The slot as an index.
    pub fn index(self) -> usize {
        self.slot.index()
    }
}

impl fmt::Display for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}.{}", self.slot, self.generation)
    }
}

/// A room. Ids are dense and reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RoomId(pub u32);

impl RoomId {
    /// The room where everyone begins.
    pub const LOBBY: RoomId = RoomId(0);

    /// The id as an index.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Numbers of entries in one second. Those of the next second begin after them.
pub(crate) const PER_SECOND: u64 = 1 << 20;

/// Somebody who is online, from when they come to when they leave, whatever name they have and whatever connection they
/// use. It is the number of the [entry](crate::Entry) with which they came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "cluster", derive(serde::Serialize, serde::Deserialize))]
pub struct PersonId(pub u64);

impl PersonId {
    /// The server itself. It speaks to everyone and is not a person.
    pub const HOUSE: PersonId = PersonId(0);

    /// The second of their number, since 1970-01-01 00:00 UTC. They came in that second, unless the clock had been set
    /// back.
    pub(crate) fn second(self) -> i64 {
        (self.0 / PER_SECOND) as i64
    }
}

/// A server, from its start to its end: a random number. It has another one when it starts again, or comes back to others
/// that counted it as gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "cluster", derive(serde::Serialize, serde::Deserialize))]
pub struct ServerId(pub u64);

impl ServerId {
    /// A server that is alone.
    pub const ALONE: ServerId = ServerId(0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn that_there_is_no_slot_takes_no_room() {
        assert_eq!(size_of::<Option<Slot>>(), size_of::<u32>());
        assert_eq!(size_of::<Option<PeerId>>(), size_of::<u64>());
        let slots = [None, Some(0), Some(1)].map(|it| it.map(Slot::new));
        assert!(slots.is_sorted());
        assert_eq!(
            slots.map(|it| it.map(Slot::index)),
            [None, Some(0), Some(1)]
        );
    }
}
