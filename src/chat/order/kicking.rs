//! Kicks: sending people away for a moment.

use std::collections::HashMap;
use std::sync::Arc;

use crate::account::AccountId;
use crate::id::PersonId;
use crate::limits::order::{KICK_TIME, KICKS};
use crate::message::{AboutOrder, AboutPeople, Answer, Audit};
use crate::name::Username;
use crate::network::Network;
use crate::sanction::{Sanction, SanctionKind, Target};
use crate::tally;

use super::crowd::{SentAway, Why};
use super::{audit, millis};
use crate::chat::event::Effects;
use crate::chat::person::{Person, Place};
use crate::chat::{Author, Hub};

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
        let mut places = Vec::new();
        let mut first = None;
        for (id, target) in whom {
            tally::steps(1);
            match self.kick_one(author, *id, target, reason, effects) {
                Ok((place, name)) => {
                    places.push(place);
                    first.get_or_insert(name);
                }
                Err(why) if whom.len() == 1 => return effects.answer(author.peer, why),
                Err(_) => {}
            }
        }
        let sent = SentAway {
            by: author.name.as_str().into(),
            why: Why::Kicked,
            reason: reason.clone(),
        };
        self.send_away(&places, sent, author.now.instant, effects);
        match self.kicked(author, first, places.len()) {
            Some((Some(name), count)) => {
                self.confirm(author, AboutOrder::Kicked(name, count), effects);
            }
            Some((None, _)) => effects.answer(author.peer, AboutPeople::JustLeft),
            None => {}
        }
    }

    /// Keeps a person out for a moment.
    fn kick_one(
        &mut self,
        author: &Author,
        id: PersonId,
        target: &Target,
        reason: &Option<Arc<str>>,
        effects: &mut Effects,
    ) -> Result<(Place, Username), Answer> {
        let place = self.roster.place(id);
        let place = place.filter(|_| !self.order.has_sent_away(id));
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
        Ok((place, name))
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
