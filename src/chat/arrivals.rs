//! `Arrivals`: places of people, in the order in which they came in. That is the order of their numbers, which only
//! rise: a newcomer goes last, and a number is found by binary search.
//!
//! It keeps only places, four bytes a person. The caller tells it who is in a place.

use std::collections::VecDeque;

use crate::id::PersonId;

use super::person::Place;

/// Some of the people who are here. Removing one moves the people before or after them, whichever are fewer.
#[derive(Debug, Default)]
pub(super) struct Arrivals(VecDeque<Place>);

impl Arrivals {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The place of the person who came last.
    #[cfg(feature = "cluster")]
    pub(super) fn last(&self) -> Option<Place> {
        self.0.back().copied()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Place> {
        self.0.iter().copied()
    }

    /// The position of the person with this number, or the position that they would have. It is known at once at either
    /// end: newcomers stand there, and so do the people who leave when everyone does.
    fn position(&self, id: PersonId, number: impl Fn(Place) -> PersonId) -> Result<usize, usize> {
        let last = self.0.back().map(|it| number(*it));
        if last.is_none_or(|it| it < id) {
            return Err(self.0.len());
        }
        match self.0.front() {
            Some(first) if number(*first) == id => Ok(0),
            _ => self.0.binary_search_by_key(&id, |it| number(*it)),
        }
    }

    /// The place of the person with this number, if they are among them.
    pub(super) fn find(&self, id: PersonId, number: impl Fn(Place) -> PersonId) -> Option<Place> {
        let at = self.position(id, number).ok()?;
        self.0.get(at).copied()
    }

    /// Adds the person in this place.
    pub(super) fn insert(&mut self, place: Place, number: impl Fn(Place) -> PersonId) {
        if let Err(at) = self.position(number(place), number) {
            self.0.insert(at, place);
        }
    }

    /// Removes the person in this place, and returns whether they were among them.
    pub(super) fn remove(&mut self, place: Place, number: impl Fn(Place) -> PersonId) -> bool {
        let Ok(at) = self.position(number(place), number) else {
            return false;
        };
        self.0.remove(at);
        if self.0.capacity() > 4 * self.0.len() {
            self.0.shrink_to(2 * self.0.len());
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_stand_by_their_numbers_whatever_their_places_are() {
        let numbers = [50, 20, 40, 10, 30].map(PersonId);
        let number = |place: Place| numbers[place.0 as usize];
        let mut some = Arrivals::default();
        for place in [3, 0, 4, 1] {
            some.insert(Place(place), number);
        }
        let in_order = |it: &Arrivals| it.iter().map(|it| number(it).0).collect::<Vec<u64>>();
        assert_eq!(in_order(&some), [10, 20, 30, 50]);
        assert_eq!(some.find(PersonId(30), number), Some(Place(4)));
        assert_eq!(some.find(PersonId(40), number), None);
        assert!(!some.remove(Place(2), number));
        assert!(some.remove(Place(4), number) && some.remove(Place(3), number));
        assert_eq!(in_order(&some), [20, 50]);
    }

    #[test]
    fn those_who_went_leave_little_memory_behind() {
        let number = |place: Place| PersonId(place.0.into());
        let mut some = Arrivals::default();
        (0..10_000).for_each(|it| some.insert(Place(it), number));
        (0..10_000).for_each(|it| assert!(some.remove(Place(it), number)));
        assert!(
            some.is_empty() && some.0.capacity() < 8,
            "{}",
            some.0.capacity()
        );
    }
}
