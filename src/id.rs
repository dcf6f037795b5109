//! Which peer, which person, and which room.

use std::fmt;
use std::num::NonZeroU32;

/// A place in a table, in 32 bits. An `Option` of it takes no more.
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

/// A connection, never mistaken for whoever gets its slot next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PeerId {
    /// Which slot it has.
    pub slot: Slot,
    /// How often the server has handed out a slot before this one.
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

/// Numbers of entries that are given in one second, before those of the next begin.
pub(crate) const PER_SECOND: u64 = 1 << 20;

/// Somebody who is online, from their coming to their leaving, whatever name they have and whatever connection they use:
/// the number of the [entry](crate::Entry) by which they came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PersonId(pub u64);

impl PersonId {
    /// The server itself, which speaks to everyone and is nobody.
    pub const HOUSE: PersonId = PersonId(0);

    /// The second that their number is of, since 1970-01-01 00:00 UTC. They came in it, unless the clock had been set back.
    pub(crate) fn second(self) -> i64 {
        (self.0 / PER_SECOND) as i64
    }
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
