//! A hash of all state that people share, only in builds of unit tests and the fuzzer. Hubs that applied the same
//! entries have the same hash, whoever is connected to them and whatever their rules are.
//!
//! It leaves out the lines kept as history, as each server keeps as many as it likes. It also leaves out the places in
//! which a hub keeps things, which mean nothing.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use crate::id::{PersonId, RoomId};
use crate::message::{KeptRoom, Past};
use crate::sanction::{Sanction, Target};

use super::Hub;
use super::accounts::Account;
use super::ignore;
use super::person::{Extras, Person, Place, TargetId};
use super::repeats::Repeats;
use super::room::Room;

impl Hub {
    /// A hash of all state that people share.
    pub fn digest(&self) -> u64 {
        let mut state = DefaultHasher::new();
        self.roster.online().hash(&mut state);
        let people = self.roster.people();
        people.for_each(|(_, it)| self.add_person(it, &mut state));
        let mut rooms: Vec<&Room> = self.rooms.iter().map(|(_, room)| room).collect();
        rooms.sort_by_key(|it| it.made);
        rooms.len().hash(&mut state);
        rooms.iter().for_each(|it| self.add_room(it, &mut state));
        let mut targets: Vec<&ignore::Target> =
            self.targets.iter().map(|(_, target)| target).collect();
        targets.sort_by_key(|it| it.number);
        for it in targets {
            (it.number, it.name.as_str(), it.person).hash(&mut state);
            let by = self.people(it.by.keys().copied());
            (it.here.is_some(), by).hash(&mut state);
        }
        self.targets.made.hash(&mut state);
        self.add_asleep(&mut state);
        self.accounts
            .iter()
            .for_each(|it| self.hash_account(it, &mut state));
        self.order.add_to(&mut state);
        self.servers.greeted.hash(&mut state);
        for it in self.servers.iter() {
            (it.id, &it.name, &it.people).hash(&mut state);
        }
        state.finish()
    }

    fn add_asleep(&self, state: &mut DefaultHasher) {
        let mut asleep: Vec<&KeptRoom> = self.rooms.asleep().collect();
        asleep.sort_by_key(|it| (it.made, it.name.key()));
        for it in asleep {
            (it.made, it.name.to_string(), &it.topic).hash(state);
            let has_page = it.page.is_some();
            (seq_of(&it.topic_line), has_page, &it.owning, &it.members).hash(state);
        }
    }

    fn hash_account(&self, it: &Account, state: &mut DefaultHasher) {
        (it.id, it.name.as_str(), it.changed, it.role).hash(state);
        let owner = it.place.map(|it| self.roster.number(it));
        (it.state, it.waiting, it.last, owner, &it.addresses).hash(state);
    }

    fn add_person(&self, it: &Person, state: &mut DefaultHasher) {
        (it.id, it.name.as_str(), it.since(), it.from).hash(state);
        self.account_of(it).map(|it| it.id).hash(state);
        let rooms: Vec<Option<u64>> = it.rooms().map(|room| self.made(room)).collect();
        rooms.hash(state);
        let nothing = Extras::default();
        let extras = it.extras.as_deref().unwrap_or(&nothing);
        let away = extras.away.as_ref();
        away.map(|it| (&it.text, it.absence, it.missed.seqs(), it.missed.total()))
            .hash(state);
        self.numbers(&extras.ignores).hash(state);
        self.numbers(&extras.ignored_as).hash(state);
        let lost = extras.lost.as_ref().map(|it| (it.waiting(), it.seqs()));
        (it.came(), lost).hash(state);
        extras.visits.hash(state);
        extras.moved.hash(state);
        let repeats = extras.repeats.as_deref();
        repeats.map(Repeats::ids).hash(state);
        let correspondent = extras.correspondent.as_ref();
        let correspondent = correspondent.map(|(id, name)| (id, name.as_str()));
        correspondent.hash(state);
    }

    /// The entry that made a room.
    fn made(&self, id: RoomId) -> Option<u64> {
        self.rooms.get(id).map(|it| it.made)
    }

    fn numbers(&self, targets: &[TargetId]) -> Vec<Option<u64>> {
        let number = |id: &TargetId| self.targets.get(*id).map(|it| it.number);
        targets.iter().map(number).collect()
    }

    /// The people in these places, in the order in which they came.
    fn people(&self, places: impl Iterator<Item = Place>) -> Vec<PersonId> {
        let mut people: Vec<PersonId> = places.map(|it| self.roster.number(it)).collect();
        people.sort();
        people
    }

    fn add_room(&self, it: &Room, state: &mut DefaultHasher) {
        (it.made, it.name.to_string(), it.maker).hash(state);
        (&it.topic, seq_of(&it.topic_line), it.history.total()).hash(state);
        self.people(it.members.iter()).hash(state);
        self.people(it.away.people()).hash(state);
        (it.life, &it.owning, &it.ranks).hash(state);
        (&it.guests, &it.spoke).hash(state);
        it.sent_out.iter().for_each(|it| hash_sanction(it, state));
    }
}

fn seq_of(line: &Option<Arc<Past>>) -> Option<u64> {
    line.as_ref().map(|it| it.seq)
}

/// Adds everything that a sanction does.
pub(super) fn hash_sanction(it: &Sanction, state: &mut impl Hasher) {
    (it.id, it.kind, it.until, it.is_for_all).hash(state);
    match &it.target {
        Target::Account(id) => id.hash(state),
        Target::Network(network) => network.hash(state),
        Target::Name(name) => name.keys().hash(state),
    }
    let name = it.name.as_ref().map(|it| it.as_str());
    (name, it.room.as_ref().map(|it| it.key())).hash(state);
    (it.at, &it.by, &it.reason).hash(state);
}
