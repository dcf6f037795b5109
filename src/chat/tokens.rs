//! Tokens: what proves whose seat it is, and by what a member comes in whose seat has ended.
//!
//! This server alone knows the tokens of seats. Those of members are in the file too, as hashes, and outlive the seat and the
//! server: whoever has one comes in as with the password.

use std::collections::BTreeMap;

use crate::account::{AccountId, Accounts};
use crate::error::{CloseReason, Unanswered};
use crate::id::{PeerId, PersonId};
use crate::message::{AboutConnection, Keep, KeepAccount, SeatFacts};
use crate::moment::Moment;
use crate::token::Token;
use crate::wire::machine::Position;

use super::author::Author;
use super::event::{Effect, Effects};
use super::person::Place;
use super::seats::Claim;
use super::{Finding, Hub, Question};

/// The tokens of those who are here, also of those whose connection is lost.
#[derive(Debug, Default)]
pub(super) struct Tickets {
    /// What a program sends to take its seat again.
    present: BTreeMap<PersonId, Ticket>,
    /// The same, where a program took its seat by it and has not shown yet that it has the new one.
    former: BTreeMap<PersonId, Ticket>,
}

/// A token, and how it was given.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ticket {
    token: Token,
    is_tls: bool,
}

impl Tickets {
    /// From now on nothing proves whose seat it is but a password.
    pub(super) fn forget(&mut self, id: PersonId) -> [Option<Ticket>; 2] {
        [self.present.remove(&id), self.former.remove(&id)]
    }

    pub(super) fn has(&self, id: PersonId) -> bool {
        self.present.contains_key(&id)
    }

    pub(super) fn of(&self, id: PersonId) -> Option<&Ticket> {
        self.present.get(&id)
    }

    /// The ticket of a person that this token is.
    fn find(&self, id: PersonId, token: &Token, is_tls: bool) -> Option<Ticket> {
        let theirs = [self.present.get(&id), self.former.get(&id)];
        let mut theirs = theirs.into_iter().flatten();
        let found = theirs.find(|it| it.token == *token && (is_tls || !it.is_tls));
        found.cloned()
    }

    /// Gives a person a new token in place of the one by which they came, if they did. Returns those that replaced it and
    /// were never read.
    fn give(
        &mut self,
        id: PersonId,
        new: Option<Ticket>,
        used: Option<Ticket>,
    ) -> impl Iterator<Item = Ticket> + use<> {
        let unread = self.forget(id).into_iter().flatten();
        self.present.extend(new.map(|it| (id, it)));
        self.former.extend(used.clone().map(|it| (id, it)));
        // Who came by a password may have the others elsewhere.
        unread.filter(move |it| used.as_ref().is_some_and(|used| used != it))
    }

    #[cfg(any(test, fuzzing))]
    pub(super) fn owners(&self) -> impl Iterator<Item = &PersonId> {
        self.present.keys().chain(self.former.keys())
    }
}

impl Hub {
    /// The ticket that this token of a person is, who is here.
    pub(super) fn find_seat(&self, id: PersonId, token: &Token, is_tls: bool) -> Option<Ticket> {
        self.roster.place(id)?;
        self.seats.tickets.find(id, token, is_tls)
    }

    /// Gives a program a new token, if its seat would be kept, in place of the one by which it came.
    pub(super) fn give_token(
        &mut self,
        now: Moment,
        place: Place,
        used: Option<Ticket>,
        effects: &mut Effects,
    ) -> Option<SeatFacts> {
        let person = self.roster.get(place)?;
        let (id, is_tls) = (person.id, person.from.is_tls);
        let account = self.account_of(person).map(|it| it.id);
        let keep = self.keeps_for(person)?.as_secs();
        let new = (self.rules.token)().map(|token| Ticket { token, is_tls });
        let token = new.as_ref().map(|it| it.token.write(id).into());
        if let (Some(account), Some(Ticket { token, is_tls })) = (account, new.clone()) {
            let at = now.unix_millis();
            let token = KeepAccount::Token { token, is_tls, at };
            effects.keep(Keep::Account(account, token));
        }
        let used = used.filter(|_| new.is_some());
        let over = self.seats.tickets.give(id, new, used);
        end_tokens(account, over, effects);
        Some(SeatFacts { token, keep })
    }

    /// A program has sent something by its connection: it has the token that was given with it.
    pub(super) fn note_object(&mut self, peer: PeerId, effects: &mut Effects) {
        if !self.seats.tickets.former.is_empty()
            && let Some(person) = self.roster.at(peer)
        {
            let account = self.account_of(person).map(|it| it.id);
            let over = self.seats.tickets.former.remove(&person.id);
            end_tokens(account, over, effects);
        }
    }

    /// The author of an entry leaves. By quitting they give up the token of their seat; who is kicked or banned has none any
    /// more.
    pub(super) fn end_tokens_of(
        &mut self,
        author: &Author,
        reason: CloseReason,
        effects: &mut Effects,
    ) {
        let theirs = self.seats.tickets.forget(author.id).into_iter().flatten();
        match (reason, author.account) {
            (CloseReason::Quit, account) => end_tokens(account, theirs, effects),
            (CloseReason::Kicked | CloseReason::Banned, Some(account)) => {
                effects.keep(Keep::Account(account, KeepAccount::TokensOver));
            }
            _ => {}
        }
    }

    /// Has the file asked whose token it is, as it is of no seat here.
    pub(super) fn seek_owner(
        &mut self,
        peer: PeerId,
        token: Token,
        position: Option<Position>,
        effects: &mut Effects,
    ) {
        let Some(is_tls) = self.roster.origin(peer).map(|it| it.is_tls) else {
            return;
        };
        if self.accounts_kind() == Accounts::Off || self.rules.keep.members.is_zero() {
            return self.refuse(peer, AboutConnection::SeatGone, effects);
        }
        let ticket = Ticket { token, is_tls };
        let claim = Claim {
            position,
            ticket: Some(ticket),
            sought: Some(effects.request()),
        };
        self.seats.claim(peer, Some(claim));
        let question = Question::Owner { token, is_tls };
        effects.push(Effect::Ask { peer, question });
    }

    /// Acts on the answer of a worker about a token. Returns whether it was one.
    pub(super) fn answered_owner(
        &mut self,
        peer: PeerId,
        finding: Result<&Finding, Unanswered>,
        effects: &mut Effects,
    ) -> bool {
        let sought = self.seats.claim_mut(peer).and_then(|it| it.sought.take());
        let Some(request) = sought else {
            return false;
        };
        effects.set_request(request);
        match finding {
            Ok(Finding::Owner(proof, facts)) => {
                let (proof, facts) = (*proof, facts.clone());
                let owned = self.accounts.owned(proof.account);
                match owned.filter(|it| it.changed == proof.changed) {
                    Some(it) => {
                        let name = it.name.clone();
                        self.want_in_as_owner(peer, name, proof, facts, effects);
                    }
                    None => self.refuse(peer, AboutConnection::SeatGone, effects),
                }
            }
            Ok(Finding::Wrong) => self.refuse(peer, AboutConnection::SeatGone, effects),
            Ok(_) => self.refuse(peer, unanswered(Unanswered::Failed), effects),
            Err(why) => self.refuse(peer, unanswered(why), effects),
        }
        effects.set_request(None);
        true
    }
}

fn unanswered(why: Unanswered) -> AboutConnection {
    AboutConnection::PasswordUnanswered(why)
}

/// Tokens of a member are good no more.
fn end_tokens(
    account: Option<AccountId>,
    tickets: impl IntoIterator<Item = Ticket>,
    effects: &mut Effects,
) {
    let Some(account) = account else { return };
    for Ticket { token, .. } in tickets {
        effects.keep(Keep::Account(account, KeepAccount::TokenOver(token)));
    }
}
