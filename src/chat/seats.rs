//! Seats that are kept: the connection of a person is lost, and they may take their seat again.
//!
//! Such a person is in the chat like any other, without a connection, so that what is said costs nothing for them. That
//! they have lost it is an entry. When the seat ends, and what proves that it is theirs, is known to this server alone.
//!
//! Invariant: who is kept has no connection, and is in exactly one of `guests` and `members`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::error::CloseReason;
use crate::id::{PeerId, PersonId, ServerId};
use crate::journal::Act;
use crate::limits::seats::{KEPT_SHARE, PRIVATE_BYTES, PRIVATE_LINES};
use crate::message::{AboutConnection, AboutPeople, Message, Past, Request};
use crate::moment::Moment;
use crate::wire::machine::Position;

use super::Hub;
use super::author::Author;
use super::event::{Effect, Effects};
use super::history::{History, Mark};
use super::person::{Lost, Person, Place};
use super::tokens::{Ticket, Tickets};

/// The word with which somebody leaves who did not come back.
const LINK_LOST: &str = "link lost";

/// What somebody reads whose seat ended as they took it again.
const SEAT_OVER: &str = "Your seat was kept no longer. Come in again.";

/// Seats that are kept, and what proves whose they are.
#[derive(Debug, Default)]
pub(super) struct Seats {
    kept: BTreeMap<PersonId, Kept>,
    /// When the seats of guests end.
    guests: BTreeSet<(Instant, PersonId)>,
    /// When those of members end.
    members: BTreeSet<(Instant, PersonId)>,
    pub(super) tickets: Tickets,
    /// What peers sent who want a seat again.
    claims: BTreeMap<PeerId, Claim>,
}

/// A seat that is kept.
#[derive(Debug)]
pub(super) struct Kept {
    until: Instant,
    /// The last entry before the connection was lost.
    pub(super) since: u64,
    /// How far the rooms had come by then.
    pub(super) marks: Vec<Mark>,
}

/// What a peer sent who wants a seat again.
#[derive(Debug, Default)]
pub(super) struct Claim {
    pub(super) position: Option<Position>,
    pub(super) ticket: Option<Ticket>,
    /// Whether the file is asked whose token it is, for this object.
    pub(super) sought: Option<Option<Arc<Request>>>,
}

impl Seats {
    /// Whether none is kept.
    #[cfg(feature = "cluster")]
    pub(super) fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// When the first of the seats ends.
    pub(super) fn next(&self) -> Option<Instant> {
        let first = [&self.guests, &self.members].map(|it| it.first());
        first.into_iter().flatten().map(|(at, _)| *at).min()
    }

    fn pop_due(&mut self, now: Instant) -> Option<PersonId> {
        let first = [&self.guests, &self.members].map(|it| it.first());
        let (at, id) = first.into_iter().flatten().min().copied()?;
        (at <= now).then_some(id)
    }

    /// Keeps a seat. If it was kept already, it is only kept longer.
    fn keep(&mut self, id: PersonId, is_guest: bool, kept: Kept) {
        let until = kept.until;
        let before = self.release(id);
        let kept = before.map_or(kept, |it| Kept { until, ..it });
        match is_guest {
            true => self.guests.insert((until, id)),
            false => self.members.insert((until, id)),
        };
        self.kept.insert(id, kept);
    }

    /// Keeps a seat no more.
    pub(super) fn release(&mut self, id: PersonId) -> Option<Kept> {
        let kept = self.kept.remove(&id)?;
        self.guests.remove(&(kept.until, id));
        self.members.remove(&(kept.until, id));
        Some(kept)
    }

    /// Whether the seat of somebody is kept here.
    pub(super) fn is_kept(&self, id: PersonId) -> bool {
        self.kept.contains_key(&id)
    }

    /// The guest whose connection was lost first.
    fn longest_lost(&self) -> Option<PersonId> {
        self.guests.first().map(|(_, id)| *id)
    }

    pub(super) fn claim(&mut self, peer: PeerId, claim: Option<Claim>) {
        self.claims.remove(&peer);
        self.claims.extend(claim.map(|it| (peer, it)));
    }

    pub(super) fn take_claim(&mut self, peer: PeerId) -> Option<Claim> {
        self.claims.remove(&peer)
    }

    pub(super) fn claim_mut(&mut self, peer: PeerId) -> Option<&mut Claim> {
        self.claims.get_mut(&peer)
    }
}

impl Hub {
    /// How long the seat of a person is kept.
    pub(super) fn keeps_for(&self, person: &Person) -> Option<Duration> {
        let keep = match person.account {
            Some(_) => self.rules.keep.members,
            None => self.rules.keep.guests,
        };
        Some(keep).filter(|it| !it.is_zero() && !self.rules.anonymous)
    }

    /// The connection of a peer has ended. The person leaves, unless their seat is kept.
    pub(super) fn end_of_link(
        &mut self,
        now: Moment,
        peer: PeerId,
        reason: CloseReason,
        effects: &mut Effects,
    ) {
        if !self.lose(now, peer, reason, effects) {
            self.leave(peer, reason, None, effects);
        }
    }

    /// Whether a seat is kept behind such an end.
    fn is_kept_behind(&self, person: &Person, reason: CloseReason) -> bool {
        let is_program = person.is_program();
        let can_return = person.account.is_some() || self.seats.tickets.has(person.id);
        // People end a connection by a FIN.
        let is_end = reason == CloseReason::EndOfInput;
        let is_loss = matches!(
            reason,
            CloseReason::Broken(_) | CloseReason::TlsFailed | CloseReason::Stalled
        );
        let is_loss = is_loss || is_end && is_program;
        is_loss && can_return
    }

    fn lose(
        &mut self,
        now: Moment,
        peer: PeerId,
        reason: CloseReason,
        effects: &mut Effects,
    ) -> bool {
        let Some((place, person)) = self.at_with_place(peer) else {
            return false;
        };
        let Some(time) = self.keeps_for(person) else {
            return false;
        };
        let is_going = self.is_sent_away(peer) || !self.is_kept_behind(person, reason);
        if is_going || !self.can_keep() {
            return false;
        }
        let Some(person) = self.roster.get_mut(place) else {
            return false;
        };
        if let Some(extras) = &mut person.extras {
            extras.recall = None;
        }
        let (id, name, came) = (person.id, person.name.clone(), person.came());
        self.stop_reading(peer, effects);
        self.make_place_to_keep(effects);
        self.keep_seat(now, place, time);
        self.part(peer, effects);
        effects.push(Effect::LinkLost { peer, name, reason });
        effects.append(peer, Some(id), Act::Lose { reason, came });
        true
    }

    fn at_with_place(&self, peer: PeerId) -> Option<(Place, &Person)> {
        let place = self.roster.place_at(peer)?;
        Some((place, self.roster.get(place)?))
    }

    /// The most seats that are kept.
    fn most_kept(&self) -> usize {
        self.rules.clients / KEPT_SHARE
    }

    /// Whether one more seat can be kept, if need be in place of a guest's.
    fn can_keep(&self) -> bool {
        let most = self.most_kept();
        self.seats.kept.len() < most || most > 0 && self.seats.longest_lost().is_some()
    }

    /// The guest whose connection was lost first makes way for one more seat.
    fn make_place_to_keep(&mut self, effects: &mut Effects) {
        if self.seats.kept.len() >= self.most_kept()
            && let Some(first) = self.seats.longest_lost()
        {
            self.end_seat(first, CloseReason::LinkLost, effects);
        }
    }

    /// Somebody has come in here, to this server as others know it. If there are more people here now than may be, a guest
    /// whose connection is lost makes way.
    pub(super) fn make_way(&mut self, server: ServerId, effects: &mut Effects) {
        let here = self.servers.count(server).unwrap_or(self.online());
        if here > self.rules.clients
            && let Some(first) = self.seats.longest_lost()
        {
            self.end_seat(first, CloseReason::LinkLost, effects);
        }
    }

    /// Keeps the seat of a person for some time.
    fn keep_seat(&mut self, now: Moment, place: Place, time: Duration) {
        let Some(person) = self.roster.get(place) else {
            return;
        };
        let rooms = person.rooms().filter_map(|it| self.rooms.get(it));
        let kept = Kept {
            until: now.instant + time,
            since: self.last,
            marks: rooms.map(|it| it.history.mark(it.made)).collect(),
        };
        self.seats.keep(person.id, person.account.is_none(), kept);
    }

    /// Somebody took a seat again by a connection that has ended by now.
    pub(super) fn lose_again(
        &mut self,
        now: Moment,
        place: Place,
        came: u64,
        effects: &mut Effects,
    ) {
        let Some(person) = self.roster.get(place) else {
            return;
        };
        let (id, reason, word) = (person.id, CloseReason::EndOfInput, None);
        let act = match self.keeps_for(person) {
            Some(time) => {
                self.keep_seat(now, place, time);
                let came = Some(came);
                Act::Lose { reason, came }
            }
            None => Act::Leave { reason, word },
        };
        effects.propose(None, Some(id), act);
    }

    /// Notes that the author of an entry has lost the connection by which they came.
    pub(super) fn note_lost(&mut self, author: &Author, came: Option<u64>) {
        if let Some(person) = self.roster.get_mut(author.place)
            && person.came() == came
        {
            person.extras_mut().lost = Some(Box::new(Lost::default()));
        }
    }

    /// Ends the seat that is due first, if one is due by now. Returns whether it did.
    pub(super) fn end_due_seat(&mut self, now: Moment, effects: &mut Effects) -> bool {
        let due = self.seats.pop_due(now.instant);
        due.inspect(|it| self.end_seat(*it, CloseReason::LinkLost, effects))
            .is_some()
    }

    /// Ends a seat that is kept: the person leaves.
    pub(super) fn end_seat(&mut self, id: PersonId, reason: CloseReason, effects: &mut Effects) {
        if self.seats.release(id).is_none() {
            return;
        }
        self.seats.tickets.forget(id);
        let place = self.roster.place(id);
        if let Some(name) = place.and_then(|it| self.roster.get(it)).map(|it| &it.name) {
            let name = name.clone();
            effects.push(Effect::SeatEnded { name, reason });
        }
        let word = (reason == CloseReason::LinkLost).then(|| LINK_LOST.into());
        effects.propose(None, Some(id), Act::Leave { reason, word });
    }

    /// Ends the connection of somebody who leaves, and took their seat again when that was decided already.
    pub(super) fn end_connection(
        &mut self,
        peer: PeerId,
        reason: CloseReason,
        effects: &mut Effects,
    ) {
        let name = self.roster.at(peer).map(|it| it.name.clone());
        self.stop_reading(peer, effects);
        self.part(peer, effects);
        effects.tell(peer, AboutConnection::SentAway(SEAT_OVER.into()));
        if let Some(name) = name {
            effects.push(Effect::LinkLost { peer, name, reason });
        }
        effects.push(Effect::Close { peer, reason });
    }

    /// Ends all seats that are kept, as the server stops.
    pub(super) fn end_seats(&mut self, effects: &mut Effects) {
        let ids: Vec<PersonId> = self.seats.kept.keys().copied().collect();
        for id in ids {
            self.end_seat(id, CloseReason::Shutdown, effects);
        }
    }

    /// Sends a person away with a last word, also one whose seat is kept.
    pub(super) fn dismiss_person(
        &mut self,
        id: PersonId,
        word: impl Into<Message>,
        reason: CloseReason,
        effects: &mut Effects,
    ) {
        match self.roster.peer_of(id) {
            Some(peer) => self.dismiss(peer, word, reason, effects),
            None => self.end_seat(id, reason, effects),
        }
    }

    /// Keeps what is written to a person, if it may have to be told again.
    pub(super) fn keep_private(&mut self, to: Place, past: &Arc<Past>) {
        let Some(person) = self.roster.get_mut(to) else {
            return;
        };
        if person.slot.is_none() || self.seats.tickets.has(person.id) {
            let privates = &mut person.extras_mut().privates;
            let privates =
                privates.get_or_insert_with(|| History::new(PRIVATE_LINES, PRIVATE_BYTES).into());
            privates.push(past.author, past.clone());
        }
    }

    /// Keeps what is written to somebody whose connection is lost. Returns whether there was room for it. `None`: it is not
    /// lost.
    pub(super) fn await_return(&mut self, to: Place, past: &Arc<Past>) -> Option<bool> {
        let lost = self.roster.get_mut(to)?.extras.as_mut()?.lost.as_mut()?;
        Some(lost.keep(past))
    }

    /// The author of an entry leaves. If their connection was lost, what they did not read waits for a member; of a guest,
    /// those who wrote it are told.
    pub(super) fn tell_unread(
        &mut self,
        author: &Author,
        reason: CloseReason,
        effects: &mut Effects,
    ) {
        let person = self.roster.get_mut(author.place);
        let lost = person.and_then(|it| it.extras.as_mut()?.lost.take());
        let unread = lost.map(|it| it.unread()).unwrap_or_default();
        for past in unread {
            match author.account {
                Some(account) => self.leave_unread(account, &past, effects),
                None if reason == CloseReason::Shutdown => {}
                None => {
                    let text = past.news.text().unwrap_or_default().into();
                    let not_read = AboutPeople::NotRead(author.name.clone(), text);
                    effects.answer(self.roster.peer_of(past.author), not_read);
                }
            }
        }
    }

    pub(super) fn is_lost(&self, place: Place) -> bool {
        self.roster.get(place).is_some_and(Person::is_lost)
    }
}

#[cfg(any(test, fuzzing))]
impl Seats {
    /// How many are kept.
    #[cfg(test)]
    pub(super) fn lost(&self) -> usize {
        self.kept.len()
    }

    /// Checks that the lists have the same seats.
    pub(super) fn check(&self, has_connection: impl Fn(PersonId) -> Option<bool>) {
        assert_eq!(self.kept.len(), self.guests.len() + self.members.len());
        for (id, kept) in &self.kept {
            let listed = [&self.guests, &self.members].map(|it| it.contains(&(kept.until, *id)));
            assert!(
                listed[0] != listed[1],
                "{id:?} is listed twice, or not at all"
            );
            assert_eq!(has_connection(*id), Some(false), "{id:?} is not lost");
        }
        let mut owners = self.tickets.owners();
        assert!(owners.all(|it| has_connection(*it).is_some()));
    }
}
