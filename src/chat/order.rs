//! Order: what operators, and those who keep a room, do to people.
//!
//! What decides an act is in memory. Everything that lasts ends by the time of an entry; what has ended is dropped when
//! something is added.

mod aiming;
mod crowd;
mod door;
mod erasing;
mod following;
mod kicking;
mod listing;
mod lockdown;
mod met;
mod reporting;
mod sanctions;
mod silence;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use crate::account::{Rank, Role};
use crate::erasure::Erasure;
use crate::id::PersonId;
use crate::journal::{Entry, OrderAct};
use crate::message::{AboutOrder, Audit, Keep, KeepOrder, KeptHouse, News, Report};
use crate::sanction::{Sanction, SanctionKind, Target};
use crate::tally;

use super::event::Effects;
use super::person::{Person, Place};
use super::{Author, Hub};

pub(super) use aiming::{Aim, NoAim};
use crowd::Crowd;
pub(super) use crowd::SentAway;
#[cfg(any(test, fuzzing, feature = "cluster"))]
pub(super) use crowd::Why as WhySentAway;
use listing::Notes;
pub(super) use lockdown::Lockdown;
pub(super) use met::Sanctions;

/// What keeps order.
#[derive(Debug, Default)]
pub(super) struct Order {
    /// Bans, by their numbers.
    pub(super) bans: Sanctions,
    /// Mutes, by their numbers.
    pub(super) mutes: Sanctions,
    /// Who was kicked, and stays out for a moment: bans that are on no list and in no file, since they end in a minute.
    pub(super) kicks: Sanctions,
    /// People who were sent away, and whose leaving is still to be applied.
    pub(super) sent_away: BTreeMap<PersonId, Arc<SentAway>>,
    /// Sanctions, by their numbers, that met people who are here, and go on to meet them whatever becomes of their names.
    pub(super) followed: BTreeMap<PersonId, BTreeSet<u64>>,
    /// The last lockdown.
    pub(super) lockdown: Option<Lockdown>,
    /// Reports that no operator has read.
    pub(super) reports: Vec<Report>,
    /// What was taken back a moment ago, and when: the file may have been asked before.
    pub(super) erased: VecDeque<(i64, Erasure)>,
    // What follows is this server's own.
    /// Those who are still to be sent away.
    pub(super) crowd: Crowd,
    /// When something is to be said about the lockdown.
    wake: Option<Instant>,
    /// What is remembered of what operators typed, while they are here.
    notes: HashMap<PersonId, Notes>,
    /// When each of those who reported something may do so as often at once as anybody.
    reporters: Vec<(Target, Instant)>,
}

impl Order {
    /// Takes in what a file has.
    pub(super) fn load(&mut self, house: &KeptHouse) {
        let mut sanctions = house.sanctions.clone();
        sanctions.sort_by_key(|it| it.id);
        for it in sanctions {
            self.all_mut(it.kind).push(it);
        }
        self.lockdown = house
            .locked_down
            .map(|until| Lockdown { began: None, until });
        self.reports.clone_from(&house.reports);
    }

    /// Whether a person was sent away, and nothing that they do counts any more.
    pub(super) fn has_sent_away(&self, id: PersonId) -> bool {
        self.sent_away.contains_key(&id)
    }

    /// Forgets a person who has left. Returns why they were sent away, if they were.
    fn forget(&mut self, id: PersonId) -> Option<Arc<SentAway>> {
        self.notes.remove(&id);
        self.followed.remove(&id);
        self.crowd.forget(id);
        self.sent_away.remove(&id)
    }

    fn all(&self, kind: SanctionKind) -> &Sanctions {
        match kind {
            SanctionKind::Ban => &self.bans,
            SanctionKind::Mute => &self.mutes,
        }
    }

    fn all_mut(&mut self, kind: SanctionKind) -> &mut Sanctions {
        match kind {
            SanctionKind::Ban => &mut self.bans,
            SanctionKind::Mute => &mut self.mutes,
        }
    }
}

#[cfg(any(test, fuzzing))]
impl Order {
    /// Whether nothing is kept of people who have left.
    #[cfg(test)]
    pub(super) fn remembers_nobody(&self) -> bool {
        self.sent_away.is_empty() && self.notes.is_empty() && self.followed.is_empty()
    }

    /// Adds what all servers know to a hash.
    pub(super) fn add_to(&self, state: &mut impl std::hash::Hasher) {
        use super::digest::hash_sanction;
        use crate::erasure::Whose;
        use std::hash::Hash;
        for all in [&self.bans, &self.mutes, &self.kicks] {
            all.len().hash(state);
            all.iter().for_each(|it| hash_sanction(it, state));
        }
        for (who, it) in &self.sent_away {
            let until = match it.why {
                WhySentAway::Kicked => None,
                WhySentAway::Banned(until) => Some(until),
            };
            (who, &it.by, until, &it.reason).hash(state);
        }
        self.followed.hash(state);
        self.lockdown.hash(state);
        for it in &self.reports {
            (it.at, it.by.as_str(), &it.text).hash(state);
        }
        for (at, it) in &self.erased {
            let room = it.room.as_ref().map(|it| it.key());
            let Whose {
                account,
                person,
                name,
            } = &it.whose;
            (at, it.seq, room, it.since, account, person, name.key()).hash(state);
        }
    }
}

impl Hub {
    /// Applies an act of a person that keeps order.
    pub(super) fn apply_order(
        &mut self,
        author: &Author,
        entry: &Entry,
        act: &OrderAct,
        effects: &mut Effects,
    ) {
        match act {
            OrderAct::Kick { whom, reason } => self.kick(author, whom, reason, effects),
            OrderAct::Sanction {
                kind,
                target,
                name,
                room,
                is_for_all,
                until,
                reason,
            } => {
                let made = Sanction {
                    id: entry.seq,
                    kind: *kind,
                    target: target.clone(),
                    name: name.clone(),
                    room: room.clone(),
                    is_for_all: *is_for_all,
                    by: author.name.as_str().into(),
                    reason: reason.clone(),
                    at: entry.at,
                    until: *until,
                };
                self.sanction(author, made, effects);
            }
            OrderAct::Lift { ids } => self.lift(author, ids, effects),
            OrderAct::Erase { whose, room, since } => {
                let erasure = Erasure {
                    seq: entry.seq,
                    whose: whose.clone(),
                    room: room.clone(),
                    since: *since,
                };
                self.erase(author, erasure, effects);
            }
            OrderAct::LockDown { until } => self.lock_down(author, *until, effects),
            OrderAct::Report { text } => self.report(author, text, effects),
            OrderAct::Proclaim { text } => self.proclaim(author, text, effects),
        }
    }

    /// Applies an act of the house that keeps order. There are none: the shell's are about accounts.
    pub(super) fn apply_order_of_house(
        &mut self,
        _entry: &Entry,
        _act: &OrderAct,
        _effects: &mut Effects,
    ) {
    }

    fn proclaim(&mut self, author: &Author, text: &str, effects: &mut Effects) {
        if !self.may_order(author, effects) {
            return;
        }
        let words: Arc<str> = format!("{} announces: {text}", author.name).into();
        for (room, _) in self.rooms.iter() {
            effects.tell_room(room, None, Vec::new(), News::Notice(words.clone()));
        }
        let done = Audit {
            reason: Some(text.into()),
            ..audit(author, "announce")
        };
        self.keep_audit(done, effects);
        self.confirm(author, AboutOrder::Announced(self.online()), effects);
    }

    /// Whether the author of an entry is an operator. If not, they are told.
    fn may_order(&self, author: &Author, effects: &mut Effects) -> bool {
        let person = self.roster.get(author.place);
        let may = person.is_some_and(|it| self.is_operator(it));
        if !may {
            effects.answer(author.peer, AboutOrder::NotAllowed(Rank::Operator));
        }
        may
    }

    /// Whether a person is an operator.
    pub(super) fn is_operator(&self, person: &Person) -> bool {
        let account = self.account_of(person);
        account.is_some_and(|it| it.role == Role::Operator)
    }

    /// The operators who are here, in the order in which their accounts were made.
    fn operators(&self) -> Vec<Place> {
        let operators = self.accounts.operators().inspect(|_| tally::steps(1));
        operators.filter_map(|it| it.place).collect()
    }

    /// Tells the operators who are here something.
    fn tell_operators(&self, but: Option<Place>, about: &AboutOrder, effects: &mut Effects) {
        let others = self.operators().into_iter();
        for place in others.filter(|it| Some(*it) != but) {
            let peer = self.roster.get(place).and_then(|it| self.roster.peer(it));
            effects.answer(peer, about.clone());
        }
    }

    /// Has the file keep something about order.
    fn keep_order(&self, it: KeepOrder, effects: &mut Effects) {
        if self.has_file {
            effects.keep(Keep::Order(it));
        }
    }

    /// Has the file keep what was done to somebody.
    pub(super) fn keep_audit(&self, done: Audit, effects: &mut Effects) {
        self.keep_order(KeepOrder::Audit(done), effects);
    }
}

/// What the author of an entry did, to nobody in particular.
pub(super) fn audit(author: &Author, act: &str) -> Audit {
    Audit {
        seq: author.seq,
        at: author.at,
        by: author.name.as_str().into(),
        act: act.into(),
        whom: None,
        network: None,
        room: None,
        reason: None,
    }
}

/// A time span in milliseconds.
pub(super) fn millis(time: std::time::Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}
