//! Lists for operators, and what is remembered of what they typed.

use std::sync::Arc;
use std::time::Instant;

use crate::limits::PEOPLE_LISTED;
use crate::limits::order::{SANCTIONS_LISTED, TYPE_AGAIN};
use crate::message::{AboutOrder, PersonRow};
use crate::name::{RoomName, Username};
use crate::sanction::{Sanction, SanctionKind, Target};

use super::aiming::typed_network;
use crate::chat::person::{Person, Place};
use crate::chat::{Caller, Hub};

/// What is remembered of what somebody typed.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// A line that does something if it is typed again by then.
    again: Option<(Box<str>, Instant)>,
    /// The numbers of the sanctions that they were shown last, in this order.
    shown: Vec<u64>,
}

impl Hub {
    /// Whether somebody types a line again that does something the second time. If they do not, it is remembered.
    pub(in crate::chat) fn is_typed_again(&mut self, caller: &Caller, line: &str) -> bool {
        let now = caller.now.instant;
        let notes = self.order.notes.entry(caller.id).or_default();
        let before = notes.again.take();
        let is_again = before.is_some_and(|(it, until)| *it == *line && now < until);
        if !is_again {
            notes.again = Some((line.into(), now + TYPE_AGAIN));
        }
        is_again
    }

    /// The list of bans and mutes, of one room or of all.
    pub(in crate::chat) fn list_sanctions(
        &mut self,
        caller: &Caller,
        room: Option<&RoomName>,
    ) -> AboutOrder {
        let at = caller.now.unix_millis();
        let all = self.order.bans.iter().chain(self.order.mutes.iter());
        let is_listed = |it: &&Arc<Sanction>| {
            it.holds(at) && room.is_none_or(|room| it.room.as_ref() == Some(room))
        };
        let mut rows: Vec<Arc<Sanction>> = all.filter(is_listed).cloned().collect();
        rows.sort_by_key(|it| std::cmp::Reverse(it.id));
        let more = rows.len().saturating_sub(SANCTIONS_LISTED);
        rows.truncate(SANCTIONS_LISTED);
        let notes = self.order.notes.entry(caller.id).or_default();
        notes.shown = rows.iter().map(|it| it.id).collect();
        let shows_addresses = room.is_none();
        AboutOrder::Sanctions {
            rows,
            more,
            shows_addresses,
        }
    }

    /// The numbers of the sanctions, of one room or of all, that a text means: a name, an address, a network, or a place in the last list.
    pub(in crate::chat) fn sanctions_meant(
        &self,
        caller: &Caller,
        kind: SanctionKind,
        room: Option<&RoomName>,
        typed: &str,
    ) -> Arc<[u64]> {
        let at = caller.now.unix_millis();
        let all = self.order.all(kind).iter();
        let counts = |it: &Sanction| room.is_none_or(|room| it.room.as_ref() == Some(room));
        let all = all.filter(|it| it.holds(at) && counts(it));
        let network = typed_network(typed).and_then(Result::ok);
        let name = Username::parse_any(typed);
        let here = name.as_ref().and_then(|it| self.roster.find(it));
        let here = here.and_then(|it| self.account_of(self.roster.get(it)?));
        let member = name.as_ref().and_then(|it| self.member_called(it));
        let account = here.map(|it| it.id).or(member.map(|(id, _)| id));
        let is_meant = |it: &&Arc<Sanction>| match &it.target {
            Target::Network(of) if network == Some(*of) => true,
            Target::Account(id) if account == Some(*id) => true,
            Target::Name(of) if name.as_ref() == Some(of) => true,
            Target::Network(_) | Target::Account(_) | Target::Name(_) => {
                name.is_some() && it.name == name
            }
        };
        let mut meant: Vec<u64> = all.clone().filter(is_meant).map(|it| it.id).collect();
        if meant.is_empty() {
            let number = typed.parse::<u64>().ok();
            let notes = self.order.notes.get(&caller.id);
            let shown = number.and_then(|it| {
                let place = usize::try_from(it.checked_sub(1)?).ok()?;
                notes?.shown.get(place).copied()
            });
            let id = shown.or(number);
            meant.extend(all.filter(|it| Some(it.id) == id).map(|it| it.id));
        }
        meant.into()
    }

    /// The list of people, of all or of these.
    pub(in crate::chat) fn list_people(&self, these: Option<Vec<Place>>) -> AboutOrder {
        let (all, count): (Vec<&Person>, usize) = match these {
            Some(places) => {
                let listed = places.iter().take(PEOPLE_LISTED);
                let people = listed.filter_map(|it| self.roster.get(*it));
                (people.collect(), places.len())
            }
            None => {
                let people = self.roster.people().take(PEOPLE_LISTED);
                (people.map(|(_, it)| it).collect(), self.online())
            }
        };
        let rows: Vec<PersonRow> = all.into_iter().map(|it| self.row_of(it)).collect();
        let more = count - rows.len();
        AboutOrder::People { rows, more }
    }

    fn row_of(&self, person: &Person) -> PersonRow {
        let is_here = person.slot.is_some() || self.seats.is_kept(person.id);
        PersonRow {
            name: person.name.clone(),
            role: self.account_of(person).map_or("guest", |it| it.role.word()),
            address: person.from.address,
            is_tls: person.from.is_tls,
            medium: is_here.then_some(person.format.medium),
            since: person.since(),
            server: self.server_of(person),
        }
    }
}
