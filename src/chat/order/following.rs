//! What goes by a name goes on to meet the person who had it, under whatever name, while they are here.

use std::sync::Arc;

use crate::account::AccountId;
use crate::id::PersonId;
use crate::limits::order::FOLLOWED;
use crate::message::{AboutOrder, KeepOrder};
use crate::name::Username;
use crate::sanction::{Sanction, Target};
use crate::tally;

use crate::chat::event::Effects;
use crate::chat::person::Person;
use crate::chat::{Author, Hub};

impl Hub {
    /// A sanction of this number met a person, and goes on to meet them.
    pub(in crate::chat) fn follow(&mut self, id: PersonId, sanction: u64) {
        let followed = self.order.followed.entry(id).or_default();
        followed.insert(sanction);
        if followed.len() > FOLLOWED {
            followed.pop_first();
        }
    }

    /// Whether a sanction of this number met a person earlier.
    pub(in crate::chat) fn is_followed(&self, person: &Person, sanction: u64) -> bool {
        let followed = self.order.followed.get(&person.id);
        followed.is_some_and(|it| it.contains(&sanction))
    }

    /// The author of an entry is to have another name: what meets them by the one that they have goes on to do so.
    pub(in crate::chat) fn follow_renamed(&mut self, author: &Author) {
        let Some(person) = self.roster.get(author.place) else {
            return;
        };
        let mutes = self.order.mutes.iter().inspect(|_| tally::steps(1));
        let by_name = mutes.filter(|it| matches!(it.target, Target::Name(_)));
        let met = by_name.filter(|it| it.holds(author.at) && self.is_met(it, person));
        let met: Vec<u64> = met.map(|it| it.id).collect();
        met.into_iter().for_each(|it| self.follow(author.id, it));
    }

    /// Why the author of an entry cannot have a name: guests of that name are kept out.
    pub(in crate::chat) fn is_kept_out_as(
        &self,
        author: &Author,
        name: &Username,
    ) -> Option<AboutOrder> {
        let person = self.roster.get(author.place)?;
        let account = self.account_of(person).map(|it| it.id);
        let address = person.from.address;
        let ban = self.ban_on(name, account, address, author.at);
        let kick = || self.kick_on(name, account, address, author.at);
        let is_out = ban.is_some() || kick().is_some();
        is_out.then(|| AboutOrder::NameKeptOut(name.clone()))
    }

    /// A guest has an account from now on: what keeps them silent goes on to meet them. The account's number is that of
    /// the entry.
    pub(in crate::chat) fn mute_follows(&mut self, author: &Author, effects: &mut Effects) {
        let Some(person) = self.roster.get(author.place) else {
            return;
        };
        let (name, address) = (&author.name, person.from.address);
        let meets = |it: &&Arc<Sanction>| {
            let is_met = it.meets(name, None, address) || self.is_followed(person, it.id);
            it.room.is_none() && it.holds(author.at) && is_met
        };
        let Some(mute) = self.order.mutes.iter().find(meets) else {
            return;
        };
        let mute = Arc::new(Sanction {
            id: author.seq,
            target: Target::Account(AccountId(author.seq)),
            name: Some(author.name.clone()),
            ..Sanction::clone(mute)
        });
        self.order.mutes.push(mute.clone());
        self.keep_order(KeepOrder::Made(mute), effects);
    }
}
