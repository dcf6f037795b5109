//! Sending people away: a few at once, and a crowd in slices, between which everyone else is served.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use crate::error::CloseReason;
use crate::id::{PeerId, PersonId};
use crate::journal::{Act, OrderAct};
use crate::limits::order::{KICK_TIME, SENT_AWAY_AT_ONCE};
use crate::message::{AboutConnection, News, Request};
use crate::name::Username;
use crate::sanction::Target;
use crate::tally;

use crate::chat::event::Effects;
use crate::chat::person::Place;
use crate::chat::{Author, Caller, Hub};

/// How somebody was sent away.
#[derive(Debug)]
pub(in crate::chat) struct SentAway {
    /// The name of the operator.
    pub(in crate::chat) by: Arc<str>,
    pub(in crate::chat) why: Why,
    pub(in crate::chat) reason: Option<Arc<str>>,
}

/// Why somebody was sent away.
#[derive(Debug, Clone, Copy)]
pub(in crate::chat) enum Why {
    Kicked,
    /// Until a time in milliseconds since 1970-01-01 00:00 UTC, or forever.
    Banned(Option<i64>),
}

impl SentAway {
    fn close_reason(&self) -> CloseReason {
        match self.why {
            Why::Kicked => CloseReason::Kicked,
            Why::Banned(_) => CloseReason::Banned,
        }
    }

    /// What they are told.
    fn last_word(&self) -> AboutConnection {
        match self.why {
            Why::Kicked => AboutConnection::Kicked {
                by: self.by.clone(),
                reason: self.reason.clone(),
                seconds: KICK_TIME.as_secs(),
            },
            Why::Banned(until) => AboutConnection::Banned {
                until,
                reason: self.reason.clone(),
            },
        }
    }
}

/// Those who were sent away from this server, and whose connections are still to be closed.
#[derive(Debug, Default)]
pub(in crate::chat) struct Crowd {
    /// Kicks that are still to be entered into the journal.
    kicks: VecDeque<Kicks>,
    /// Those who still read what is said.
    readers: VecDeque<PeerId>,
    /// Those who do not. None of them is told that the others go: each of them would read something else.
    hushed: BTreeSet<PeerId>,
    /// Those who have no connection, and whose seats are still to be given up.
    lost: BTreeSet<PersonId>,
    /// When there was something to do first.
    since: Option<Instant>,
}

/// What one line of an operator has to do with many people.
#[derive(Debug)]
struct Kicks {
    by: PersonId,
    peer: PeerId,
    request: Option<Arc<Request>>,
    whom: VecDeque<(PersonId, Target)>,
    reason: Option<Arc<str>>,
    /// How many entries of it are still to be applied.
    out: usize,
    /// Who was kicked first, and how many have been.
    first: Option<Username>,
    count: usize,
}

impl Crowd {
    /// When there is something to do.
    pub(in crate::chat) fn since(&self) -> Option<Instant> {
        self.since
    }

    /// Forgets what a person who has left still wanted.
    pub(super) fn forget(&mut self, id: PersonId) {
        self.kicks.retain(|it| it.by != id);
    }

    fn is_done(&self) -> bool {
        let is_entered = self.kicks.iter().all(|it| it.whom.is_empty());
        is_entered && self.waiting() == 0
    }

    /// How many are still to be sent away.
    fn waiting(&self) -> usize {
        self.readers.len() + self.hushed.len() + self.lost.len()
    }
}

/// Takes as many as may be sent away at once.
fn slice<T>(all: &mut VecDeque<T>) -> Vec<T> {
    all.drain(..all.len().min(SENT_AWAY_AT_ONCE)).collect()
}

impl Hub {
    /// Enters kicks into the journal: those of a crowd in slices.
    pub(in crate::chat) fn want_kicks(
        &mut self,
        caller: &Caller,
        whom: Vec<(PersonId, Target)>,
        reason: Option<Arc<str>>,
        effects: &mut Effects,
    ) {
        if whom.len() <= SENT_AWAY_AT_ONCE {
            let whom = whom.into();
            return caller.wants(Act::Order(OrderAct::Kick { whom, reason }), effects);
        }
        self.order.crowd.kicks.push_back(Kicks {
            by: caller.id,
            peer: caller.peer,
            request: effects.request(),
            whom: whom.into(),
            reason,
            out: 0,
            first: None,
            count: 0,
        });
        self.order.crowd.since.get_or_insert(caller.now.instant);
    }

    /// Kicks were applied. Returns what their author is told: if they are of a crowd, once all of it is kicked.
    pub(super) fn kicked(
        &mut self,
        author: &Author,
        first: Option<Username>,
        count: usize,
    ) -> Option<(Option<Username>, usize)> {
        let all = &mut self.order.crowd.kicks;
        let is_theirs = |it: &Kicks| it.by == author.id && it.out > 0;
        let Some(at) = all.iter().position(is_theirs) else {
            return Some((first, count));
        };
        let kicks = all.get_mut(at)?;
        kicks.out -= 1;
        kicks.count += count;
        kicks.first = kicks.first.take().or(first);
        if kicks.out > 0 || !kicks.whom.is_empty() {
            return None;
        }
        let kicks = all.remove(at)?;
        Some((kicks.first, kicks.count))
    }

    /// Sends people away. What they still say is not heard, and their rooms read why they leave.
    pub(super) fn send_away(
        &mut self,
        places: &[Place],
        sent: SentAway,
        now: Instant,
        effects: &mut Effects,
    ) {
        let sent = Arc::new(sent);
        for person in places.iter().filter_map(|it| self.roster.get(*it)) {
            tally::steps(1);
            self.order.sent_away.insert(person.id, sent.clone());
            match self.roster.peer(person) {
                Some(peer) => self.order.crowd.readers.push_back(peer),
                None => _ = self.order.crowd.lost.insert(person.id),
            }
        }
        let crowd = &mut self.order.crowd;
        crowd.since.get_or_insert(now);
        if crowd.kicks.is_empty() && crowd.waiting() <= SENT_AWAY_AT_ONCE {
            // That they leave is not what a program of the author asked for.
            let request = effects.request();
            effects.set_request(None);
            while !self.order.crowd.is_done() {
                self.send_slice_away(effects);
            }
            effects.set_request(request);
        }
    }

    /// Goes on with a crowd, if there is one: a slice of it.
    pub(in crate::chat) fn send_some_away(&mut self, effects: &mut Effects) {
        if self.order.crowd.is_done() {
            self.order.crowd.since = None;
        } else if !self.enter_kicks(effects) {
            self.send_slice_away(effects);
        }
    }

    /// Hushes some of the crowd, or else closes the connections of some who are hushed.
    fn send_slice_away(&mut self, effects: &mut Effects) {
        let crowd = &mut self.order.crowd;
        let readers = slice(&mut crowd.readers);
        if readers.is_empty() {
            for _ in 0..SENT_AWAY_AT_ONCE {
                tally::steps(1);
                if let Some(peer) = self.order.crowd.hushed.pop_first() {
                    self.send_off(peer, effects);
                } else if let Some(id) = self.order.crowd.lost.pop_first() {
                    self.give_up_seat(id, effects);
                } else {
                    return;
                }
            }
        }
        for peer in readers {
            tally::steps(1);
            self.stop_reading(peer, effects);
            self.order.crowd.hushed.insert(peer);
        }
    }

    /// Enters some kicks of a crowd into the journal. Returns whether there were any.
    fn enter_kicks(&mut self, effects: &mut Effects) -> bool {
        let mut all = self.order.crowd.kicks.iter_mut();
        let Some(kicks) = all.find(|it| !it.whom.is_empty()) else {
            return false;
        };
        let whom = slice(&mut kicks.whom).into();
        let reason = kicks.reason.clone();
        kicks.out += 1;
        let act = Act::Order(OrderAct::Kick { whom, reason });
        let request = effects.request();
        effects.set_request(kicks.request.clone());
        effects.append(kicks.peer, Some(kicks.by), act);
        effects.set_request(request);
        true
    }

    /// Closes the connection of somebody who was sent away, unless they have gone.
    fn send_off(&mut self, peer: PeerId, effects: &mut Effects) {
        let person = self.roster.at(peer).map(|it| it.id);
        let sent = person.and_then(|it| self.order.sent_away.get(&it));
        if let Some(sent) = sent.cloned() {
            self.dismiss_hushed(peer, sent.last_word(), sent.close_reason(), effects);
        }
    }

    /// The same for somebody who has no connection, and whose seat is kept.
    fn give_up_seat(&mut self, id: PersonId, effects: &mut Effects) {
        if let Some(sent) = self.order.sent_away.get(&id).cloned() {
            self.end_seat(id, sent.close_reason(), effects);
        }
    }

    /// Whether a peer was sent away and reads nothing more, while their connection is still to be closed.
    pub fn is_hushed(&self, peer: PeerId) -> bool {
        self.order.crowd.hushed.contains(&peer)
    }

    /// Whether a peer's connection is about to be closed, and what they still send is not heard.
    pub(in crate::chat) fn is_sent_away(&self, peer: PeerId) -> bool {
        // Nearly always there is nobody.
        let has_some = !self.order.sent_away.is_empty();
        let person = self.roster.at(peer).filter(|_| has_some);
        person.is_some_and(|it| self.order.has_sent_away(it.id))
    }

    /// What the rooms of a person who has left read: that they left, or that they were sent away.
    pub(in crate::chat) fn news_of_leaving(
        &mut self,
        id: PersonId,
        who: Username,
        word: Option<Arc<str>>,
    ) -> News {
        match self.order.forget(id) {
            None => News::Left { who, word },
            Some(sent) => News::SentAway {
                who,
                by: sent.by.clone(),
                is_banned: matches!(sent.why, Why::Banned(_)),
                reason: sent.reason.clone(),
            },
        }
    }
}
