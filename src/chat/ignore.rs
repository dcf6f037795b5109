//! Who ignores whom. All who ignore a person under one name share a [`Target`]. So the cost of the person leaving or
//! taking another name does not depend on how many ignore them.
//!
//! A target has the name under which the person was ignored, never one that they chose later. While that person is
//! here, the target is theirs, whatever their current name. Once they are gone, it awaits the next person who takes the
//! name.
//!
//! Invariants: a target that belongs to a person is in their `ignored_as`; any other is in `awaited` under its name. A
//! person is in a target's `by` exactly when the target is in their `ignores`, and never in the `by` of a target of
//! their own. Every target has somebody who ignores it.

use std::collections::{BTreeMap, HashMap, HashSet};

use slab::Slab;

use crate::id::{PeerId, PersonId, Slot};
use crate::limits::{IGNORED, IGNORED_NAMES};
use crate::message::{IgnoredRow, News, Unseen};
use crate::name::Username;
use crate::tally;

use super::Hub;
use super::person::{Person, Place, TargetId};

/// Everyone whom someone ignores.
#[derive(Debug, Default)]
pub(super) struct Targets {
    targets: Slab<Target>,
    /// Targets whose person is gone, by the key of their name and by age.
    awaited: HashMap<u64, BTreeMap<u64, TargetId>>,
    /// How many targets there have been.
    pub(super) made: u64,
    /// Entries of lists and targets visited so far. Tests count them as the cost.
    #[cfg(test)]
    pub(super) steps: usize,
}

/// A person who is ignored, under one name.
#[derive(Debug)]
pub(super) struct Target {
    /// How many targets were made before it. The place of a target says nothing about this order.
    pub(super) number: u64,
    pub(super) name: Username,
    /// The person, or the last person it belonged to.
    pub(super) person: PersonId,
    /// Their place, while they are here.
    pub(super) here: Option<Place>,
    /// The people who ignore them, each with the slot of their connection, if they have one. So a line need not look at
    /// every one of these people.
    pub(super) by: BTreeMap<Place, Option<Slot>>,
}

/// The person ignores as many people as they may.
#[derive(Debug)]
pub(super) struct TooMany;

impl Targets {
    pub(super) fn get(&self, id: TargetId) -> Option<&Target> {
        self.targets.get(id.index())
    }

    fn get_mut(&mut self, id: TargetId) -> Option<&mut Target> {
        #[cfg(test)]
        {
            self.steps += 1;
        }
        tally::steps(1);
        self.targets.get_mut(id.index())
    }

    #[cfg(any(test, fuzzing, feature = "cluster"))]
    pub(super) fn iter(&self) -> impl Iterator<Item = (TargetId, &Target)> {
        self.targets
            .iter()
            .map(|(id, target)| (TargetId(id as u32), target))
    }

    /// The targets that await somebody of this name, the oldest first.
    pub(super) fn awaiting(&self, name: &Username) -> impl Iterator<Item = TargetId> {
        let ids = self.awaited.get(&name.key());
        ids.into_iter().flat_map(BTreeMap::values).copied()
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.targets.is_empty() && self.awaited.is_empty()
    }

    /// A target of a person whom nobody ignores yet.
    fn add(&mut self, name: Username, person: PersonId, here: Option<Place>) -> TargetId {
        self.made += 1;
        self.put(self.made, name, person, here)
    }

    /// A target of this number, which no other has.
    pub(super) fn put(
        &mut self,
        number: u64,
        name: Username,
        person: PersonId,
        here: Option<Place>,
    ) -> TargetId {
        let id = self.targets.insert(Target {
            number,
            name,
            person,
            here,
            by: BTreeMap::new(),
        });
        TargetId(id as u32)
    }

    /// The person of a target has left: it awaits its name.
    fn await_name(&mut self, id: TargetId) {
        if let Some(target) = self.get_mut(id) {
            target.here = None;
            let (name, number) = (target.name.key(), target.number);
            self.awaited.entry(name).or_default().insert(number, id);
        }
    }

    /// Ends the wait of a target that belongs to somebody again, or is removed.
    fn await_no_more(&mut self, name: &Username, number: u64) {
        if let Some(ids) = self.awaited.get_mut(&name.key()) {
            ids.remove(&number);
            if ids.is_empty() {
                self.awaited.remove(&name.key());
            }
        }
    }
}

/// Putting together what has travelled.
#[cfg(feature = "cluster")]
impl Targets {
    /// Has somebody without a connection ignore a target. Returns whether they did not yet.
    pub(super) fn add_reader(&mut self, id: TargetId, by: Place) -> bool {
        let target = self.get_mut(id);
        target.is_some_and(|it| it.by.insert(by, None).is_none())
    }

    /// Gives a target to its person, who is here. Returns whether it is theirs, and can be.
    pub(super) fn give(&mut self, id: TargetId, person: PersonId, place: Place) -> bool {
        let target = self
            .get_mut(id)
            .filter(|it| it.person == person && it.here.is_none() && !it.by.contains_key(&place));
        target.map(|it| it.here = Some(place)).is_some()
    }

    /// Has all whose person is gone await their names. Returns whether each is ignored by somebody.
    pub(super) fn await_absent(&mut self) -> bool {
        let all = self.targets.iter().filter(|(_, it)| it.here.is_none());
        let absent: Vec<TargetId> = all.map(|(id, _)| TargetId(id as u32)).collect();
        absent.into_iter().for_each(|it| self.await_name(it));
        self.targets.iter().all(|(_, it)| !it.by.is_empty())
    }
}

impl Hub {
    /// The connections of the people who do not read what this person says.
    pub(super) fn hidden_from(&self, place: Place) -> Vec<PeerId> {
        let ids = self.ignored_as(place);
        let targets = ids.iter().filter_map(|id| self.targets.get(*id));
        let readers = targets.flat_map(|it| &it.by);
        let mut readers: Vec<(Place, Slot)> = readers
            .filter_map(|(by, slot)| Some((*by, (*slot)?)))
            .collect();
        tally::steps(readers.len());
        if ids.len() > 1 {
            // Each target has them in order, which makes this sort cheap.
            readers.sort();
            readers.dedup();
        }
        let peers = readers.into_iter();
        let peers = peers.filter_map(|(by, slot)| self.roster.peer_in(slot, by));
        peers.collect()
    }

    pub(super) fn does_ignore(&self, by: Place, whom: Place) -> bool {
        let ids = self.ignored_as(whom).iter().inspect(|_| tally::steps(1));
        let mut targets = ids.filter_map(|id| self.targets.get(*id));
        targets.any(|it| it.by.contains_key(&by))
    }

    /// The people whom a person ignores, in the order in which they began to.
    pub(super) fn ignored(&self, by: Place) -> Vec<IgnoredRow> {
        let row = |id: &TargetId| {
            let target = self.targets.get(*id)?;
            let person = target.here.and_then(|it| self.roster.get(it));
            let present = person.map(|it| &it.name);
            Some(IgnoredRow {
                name: target.name.clone(),
                now: present.filter(|it| **it != target.name).cloned(),
            })
        };
        self.ignores(by).iter().filter_map(row).collect()
    }

    pub(super) fn ignore(
        &mut self,
        by: Place,
        whom: Place,
        name: &Username,
    ) -> Result<(), TooMany> {
        if self.does_ignore(by, whom) {
            return Ok(());
        }
        if self.ignores(by).len() >= IGNORED {
            return Err(TooMany);
        }
        let id = self.target(whom, name);
        if let (Some(person), Some(target)) = (self.roster.get_mut(by), self.targets.get_mut(id)) {
            target.by.insert(by, person.slot);
            person.extras_mut().ignores.push(id);
        }
        Ok(())
    }

    /// A person has another connection now. It is the one that does not read the people whom they ignore.
    pub(super) fn note_connection(&mut self, by: Place) {
        let Some(slot) = self.roster.get(by).map(|it| it.slot) else {
            return;
        };
        let ids: Vec<TargetId> = self.ignores(by).to_vec();
        for id in ids {
            if let Some(target) = self.targets.get_mut(id) {
                target.by.insert(by, slot);
            }
        }
    }

    /// Has a person ignore somebody under this name, who may not be here.
    pub(super) fn ignore_name(&mut self, by: Place, name: &Username) {
        let here = self.roster.holder(name).filter(|it| *it != by);
        if let Some(whom) = here {
            // The list was no longer than it may be.
            return drop(self.ignore(by, whom, name));
        }
        let slot = match self.roster.get(by) {
            Some(person) if person.ignores().len() < IGNORED => person.slot,
            _ => return,
        };
        let awaiting = self.targets.awaiting(name).next();
        let id = match awaiting {
            Some(id) => id,
            None => {
                let id = self.targets.add(name.clone(), PersonId::HOUSE, None);
                self.targets.await_name(id);
                id
            }
        };
        let target = self.targets.get_mut(id);
        let is_new = target.is_some_and(|it| it.by.insert(by, slot).is_none());
        if let (Some(person), true) = (self.roster.get_mut(by), is_new) {
            person.extras_mut().ignores.push(id);
        }
    }

    /// Removes the present holder of this name from a person's list, or else the entry under this name. Returns the
    /// name, if there was such an entry.
    pub(super) fn unignore(&mut self, by: Place, name: &Username) -> Option<Username> {
        let present = self.roster.holder(name);
        let listed = |id: &TargetId| Some((*id, self.targets.get(*id)?));
        let all: Vec<(TargetId, &Target)> = self.ignores(by).iter().filter_map(listed).collect();
        let is_present = |it: &Target| it.here.is_some() && it.here == present;
        let (lifted, name) = match all.iter().any(|(_, it)| is_present(it)) {
            true => (ids_of(&all, is_present), &self.roster.get(present?)?.name),
            false => {
                let ids = ids_of(&all, |it| it.name.has_key_of(name));
                let first = ids.first().and_then(|id| self.targets.get(*id));
                (ids, &first?.name)
            }
        };
        let name = name.clone();
        for id in &lifted {
            self.let_go(by, *id);
        }
        let ignores = &mut self.roster.get_mut(by)?.extras_mut().ignores;
        ignores.retain(|id| !lifted.contains(id));
        Some(name)
    }

    /// A person has taken a name that nobody had. People who ignored an earlier holder of that name, who is gone, now
    /// ignore this person.
    pub(super) fn name_taken(&mut self, who: Place, name: &Username) {
        // At most this many targets belong to one list alone, and stay.
        let waiting = self.targets.awaiting(name).take(IGNORED + IGNORED_NAMES);
        let waiting: Vec<TargetId> = waiting.collect();
        let person = self.roster.number(who);
        for id in waiting {
            if self.ignored_as(who).len() >= IGNORED_NAMES {
                break;
            }
            self.keep_own(id, who);
            let target = self.targets.get_mut(id);
            let Some(target) = target.filter(|it| !it.by.contains_key(&who)) else {
                continue;
            };
            (target.person, target.here) = (person, Some(who));
            let number = target.number;
            self.targets.await_no_more(name, number);
            if let Some(person) = self.roster.get_mut(who) {
                person.extras_mut().ignored_as.push(id);
            }
        }
    }

    /// A person has left. They ignore nobody any more, and their names are awaited.
    pub(super) fn forget_ignores(&mut self, place: Place, person: &Person) {
        for &id in person.ignores() {
            self.let_go(place, id);
        }
        for &id in person.ignored_as() {
            self.targets.await_name(id);
        }
    }

    /// Which lines of the past a person sees. They see no line of a person whom they ignore, under whatever name, and
    /// no line under an ignored name, unless someone else has that name now. They see what a program said under any
    /// name, because they have read it.
    pub(super) fn sees(&self, who: Place) -> impl FnMut(PersonId, &News) -> bool + use<> {
        let unseen = self.unseen(who);
        let people: HashSet<PersonId> = unseen.people.into_iter().collect();
        let names: HashSet<Username> = unseen.names.into_iter().collect();
        let others: HashSet<PersonId> = unseen.but.into_iter().collect();
        move |author, line| {
            let is_person = author != PersonId::HOUSE;
            let is_ignored = |name| is_person && names.contains(name) && !others.contains(&author);
            !people.contains(&author) && !line.author().is_some_and(is_ignored)
        }
    }

    /// The same for the file.
    pub(super) fn unseen(&self, who: Place) -> Unseen {
        let ids = self.ignores(who).iter();
        let targets: Vec<&Target> = ids.filter_map(|id| self.targets.get(*id)).collect();
        let names: HashSet<Username> = targets.iter().map(|it| it.name.clone()).collect();
        let holders = names.iter().filter_map(|name| self.roster.find(name));
        let people = targets.iter().map(|it| it.person);
        let others = holders.filter(|it| !self.does_ignore(who, *it));
        Unseen {
            rooms: Vec::new(),
            hidden_before: Vec::new(),
            people: people.filter(|it| *it != PersonId::HOUSE).collect(),
            but: others.map(|it| self.roster.number(it)).collect(),
            names: names.into_iter().collect(),
        }
    }

    fn ignores(&self, who: Place) -> &[TargetId] {
        let ignores = self.roster.get(who).map_or(&[][..], Person::ignores);
        tally::steps(ignores.len());
        ignores
    }

    fn ignored_as(&self, who: Place) -> &[TargetId] {
        self.roster.get(who).map_or(&[], Person::ignored_as)
    }

    /// The target of a person under this name, made if need be. Once they have the most names allowed, it is their
    /// newest target.
    fn target(&mut self, whom: Place, name: &Username) -> TargetId {
        let ids = self.ignored_as(whom);
        let is_it = |id: &&TargetId| {
            let target = self.targets.get(**id);
            // In their lists people read the name as it was spelled when they ignored it.
            target.is_some_and(|it| it.name.as_str() == name.as_str())
        };
        let newest = || ids.last().filter(|_| ids.len() >= IGNORED_NAMES);
        if let Some(id) = ids.iter().find(is_it).or_else(newest) {
            return *id;
        }
        let person = self.roster.number(whom);
        let id = self.targets.add(name.clone(), person, Some(whom));
        if let Some(person) = self.roster.get_mut(whom) {
            person.extras_mut().ignored_as.push(id);
        }
        id
    }

    /// A person takes a name that they ignore themselves. Their list then gets a target of its own. It goes on waiting
    /// for the next person of that name.
    fn keep_own(&mut self, id: TargetId, who: Place) {
        let Some(target) = self.targets.get_mut(id) else {
            return;
        };
        if target.by.len() == 1 {
            return;
        }
        let Some(slot) = target.by.remove(&who) else {
            return;
        };
        let (name, person) = (target.name.clone(), target.person);
        let own = self.targets.add(name, person, None);
        self.targets.await_name(own);
        if let Some(target) = self.targets.get_mut(own) {
            target.by.insert(who, slot);
        }
        let person = self.roster.get_mut(who);
        let ignores = person.map(|it| &mut it.extras_mut().ignores);
        for listed in ignores.into_iter().flatten().filter(|it| **it == id) {
            *listed = own;
        }
    }

    /// One person fewer ignores a target. The target goes with the last of them.
    fn let_go(&mut self, by: Place, id: TargetId) {
        let Some(target) = self.targets.get_mut(id) else {
            return;
        };
        target.by.remove(&by);
        if !target.by.is_empty() {
            return;
        }
        let target = self.targets.targets.remove(id.index());
        let Some(here) = target.here else {
            return self.targets.await_no_more(&target.name, target.number);
        };
        if let Some(person) = self.roster.get_mut(here) {
            person.extras_mut().ignored_as.retain(|it| *it != id);
        }
    }
}

fn ids_of(all: &[(TargetId, &Target)], is_it: impl Fn(&Target) -> bool) -> Vec<TargetId> {
    let found = all.iter().filter(|(_, target)| is_it(target));
    found.map(|(id, _)| *id).collect()
}
