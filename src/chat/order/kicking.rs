//! Kicks: sending people away for a moment.

use std::collections::HashMap;
use std::sync::Arc;

use crate::account::AccountId;
use crate::error::CloseReason;
use crate::id::PersonId;
use crate::limits::order::{KICK_TIME, KICKS};
use crate::message::{AboutConnection, AboutOrder, AboutPeople, Audit, News};
use crate::name::Username;
use crate::network::Network;
use crate::sanction::{Sanction, SanctionKind, Target};
use crate::tally;

use super::{audit, millis};
use crate::chat::event::Effects;
use crate::chat::person::{Person, Place};
use crate::chat::{Author, Hub};

/// How somebody was sent away.
#[derive(Debug)]
pub(super) struct SentAway {
    /// The name of the operator.
    pub(super) by: Arc<str>,
    pub(super) is_banned: bool,
    pub(super) reason: Option<Arc<str>>,
}

impl Hub {
    /// Sends people away for a moment.
    pub(super) fn kick(
        &mut self,
        author: &Author,
        whom: &[(PersonId, Target)],
        reason: &Option<Arc<str>>,
        effects: &mut Effects,
    ) {
        if !self.may_order(author, effects) {
            return;
        }
        self.order.kicks.retain(|it| it.holds(author.at));
        let mut first = None;
        let mut count = 0;
        let places: Vec<Place> = whom
            .iter()
            .filter_map(|(id, _)| self.roster.place(*id))
            .collect();
        self.hush(&places, effects);
        for (id, target) in whom {
            tally::steps(1);
            match self.kick_one(author, *id, target, reason, effects) {
                Ok(name) => {
                    count += 1;
                    first.get_or_insert(name);
                }
                Err(why) if whom.len() == 1 => return effects.answer(author.peer, why),
                Err(_) => {}
            }
        }
        match first {
            Some(name) => self.confirm(author, AboutOrder::Kicked(name, count), effects),
            None => effects.answer(author.peer, AboutPeople::JustLeft),
        }
    }

    fn kick_one(
        &mut self,
        author: &Author,
        id: PersonId,
        target: &Target,
        reason: &Option<Arc<str>>,
        effects: &mut Effects,
    ) -> Result<Username, crate::message::Answer> {
        let place = self.roster.place(id);
        let place = place.filter(|_| !self.order.sent_away.contains_key(&id));
        let Some((place, person)) = place.and_then(|it| Some((it, self.roster.get(it)?))) else {
            return Err(AboutPeople::JustLeft.into());
        };
        let name = person.name.clone();
        if self.is_operator(person) {
            return Err(AboutOrder::NotAnOperator(name).into());
        }
        let done = Audit {
            whom: Some(name.as_str().into()),
            network: Some(person.from.address.to_string().into()),
            reason: reason.clone(),
            ..audit(author, "kick")
        };
        self.keep_audit(done, effects);
        if self.order.kicks.len() >= KICKS {
            self.order.kicks.pop_front();
        }
        self.order.kicks.push(Arc::new(Sanction {
            id: author.seq,
            kind: SanctionKind::Ban,
            target: target.clone(),
            name: Some(name.clone()),
            room: None,
            is_for_all: false,
            by: author.name.as_str().into(),
            reason: reason.clone(),
            at: author.at,
            until: Some(author.at.saturating_add(millis(KICK_TIME))),
        }));
        let by: Arc<str> = author.name.as_str().into();
        let word = AboutConnection::Kicked {
            by: by.clone(),
            reason: reason.clone(),
            seconds: KICK_TIME.as_secs(),
        };
        let sent = SentAway {
            by,
            is_banned: false,
            reason: reason.clone(),
        };
        self.send_away(place, sent, word, CloseReason::Kicked, effects);
        Ok(name)
    }

    /// Of people who are sent away at once, none is told that the others go: each of them would read something else.
    pub(super) fn hush(&self, places: &[Place], effects: &mut Effects) {
        let people = places.iter().filter_map(|it| self.roster.get(*it));
        let people = people.filter(|it| !self.is_operator(it));
        for peer in people.filter_map(|it| self.roster.peer(it)) {
            self.stop_reading(peer, effects);
        }
    }

    /// Sends a person away who is [hushed](Self::hush). What they still say is not heard, and their rooms read why they leave.
    pub(super) fn send_away(
        &mut self,
        place: Place,
        sent: SentAway,
        word: AboutConnection,
        reason: CloseReason,
        effects: &mut Effects,
    ) {
        let Some(person) = self.roster.get(place) else {
            return;
        };
        let peer = self.roster.peer(person);
        self.order.sent_away.insert(person.id, sent);
        if let Some(peer) = peer {
            // That they leave is not what a program of the author asked for.
            let request = effects.request();
            effects.set_request(None);
            self.dismiss_hushed(peer, word, reason, effects);
            effects.set_request(request);
        }
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
            Some(SentAway {
                by,
                is_banned,
                reason,
            }) => News::SentAway {
                who,
                by,
                is_banned,
                reason,
            },
        }
    }

    /// What keeps somebody out because they were kicked a moment ago.
    pub(super) fn kick_on(
        &self,
        name: &Username,
        account: Option<AccountId>,
        address: std::net::IpAddr,
        at: i64,
    ) -> Option<&Arc<Sanction>> {
        let holds = |it: &Sanction| it.holds(at);
        self.order.kicks.find(name, account, address, holds)
    }

    /// What a kick of a person, or a ban by their name, goes by: the account, or else the address where it is theirs
    /// alone, or else the name.
    pub(in crate::chat) fn target_of(&self, place: Place) -> Option<Target> {
        self.targets_of(&[place]).pop()
    }

    /// The same for several people. If there are others at an address, also among these, it is nobody's alone.
    pub(in crate::chat) fn targets_of(&self, places: &[Place]) -> Vec<Target> {
        let network = |it: &Person| Network::of_subscriber(it.from.address);
        let mut at: HashMap<Network, usize> = HashMap::new();
        let people = places.iter().filter_map(|it| self.roster.get(*it));
        at.extend(people.clone().map(|it| (network(it), 0)));
        for (_, person) in self.roster.people() {
            tally::steps(1);
            if let Some(count) = at.get_mut(&network(person)) {
                *count += 1;
            }
        }
        let target = |person: &Person| {
            let network = network(person);
            match self.account_of(person) {
                Some(account) => Target::Account(account.id),
                None if at.get(&network) == Some(&1) && !self.is_shared(&network) => {
                    Target::Network(network)
                }
                None => Target::Name(person.name.clone()),
            }
        };
        people.map(target).collect()
    }
}
