//! What a worker found out about a password, and what comes of it.

use crate::account::{Hashed, Proof, Secret};
use crate::error::{CloseReason, Unanswered};
use crate::id::PeerId;
use crate::journal::{AccountAct, Act, Returning};
use crate::limits::accounts::{ASKED_FOR, PASSWORDS_AT_DOOR};
use crate::message::{
    AboutAccount, AboutConnection, AccountFacts, Keep, KeepAccount, SecretQuestion,
};
use crate::moment::Moment;
use crate::name::Username;

use super::{Asking, Purpose, Stage};
use crate::chat::event::{Effect, Effects};
use crate::chat::{Finding, Hub};

impl Hub {
    /// Acts on the answer of a worker about a password. Returns whether it was one.
    pub(in crate::chat) fn answered_secret(
        &mut self,
        now: Moment,
        peer: PeerId,
        finding: Result<&Finding, Unanswered>,
        effects: &mut Effects,
    ) -> bool {
        let Some(asking) = self.askings.get_mut(&peer) else {
            return false;
        };
        let new = match &mut asking.stage {
            Stage::Verifying(new) => new.take(),
            Stage::Hashing => None,
            Stage::Naming | Stage::Present | Stage::New | Stage::Again(_) | Stage::Right(_) => {
                return false;
            }
        };
        effects.set_request(asking.request.clone());
        match finding {
            Ok(Finding::Right(facts, rehashed)) => {
                self.right(now, peer, facts.clone(), rehashed.clone(), new, effects);
            }
            Ok(Finding::Wrong) => self.wrong(now, peer, effects),
            Ok(Finding::Hashed(hash)) => self.hashed(peer, hash.clone(), effects),
            Ok(_) => self.unanswered_secret(peer, Unanswered::Failed, effects),
            Err(why) => self.unanswered_secret(peer, why, effects),
        }
        effects.set_request(None);
        true
    }

    fn right(
        &mut self,
        now: Moment,
        peer: PeerId,
        facts: Box<AccountFacts>,
        rehashed: Option<Hashed>,
        new: Option<Secret>,
        effects: &mut Effects,
    ) {
        let Some((proof, attempt)) = self.tried(peer) else {
            return;
        };
        self.attempts.give_back(attempt);
        if let Some(hash) = rehashed {
            let seq = proof.changed;
            let password = KeepAccount::Password { hash, seq };
            effects.keep(Keep::Account(proof.account, password));
        }
        let Some(asking) = self.askings.get_mut(&peer) else {
            return;
        };
        match (asking.purpose.clone(), new) {
            (Purpose::Login { name, proof, .. }, _) => {
                self.want_in_as_owner(peer, name, proof, facts, effects);
            }
            (Purpose::Register, _) => {}
            (Purpose::Change, Some(new)) => self.hash(now, peer, new, effects),
            (Purpose::Change, None) => {
                asking.stage = Stage::New;
                self.asked_until.set(peer, now.instant + ASKED_FOR);
                self.ask_secret(peer, SecretQuestion::New, effects);
            }
            (Purpose::Unregister { heir }, _) => {
                self.askings.remove(&peer);
                self.want(peer, AccountAct::Unregister { heir }, effects);
            }
        }
    }

    /// The owner of an account wants to come in, and has proved that they are.
    pub(in crate::chat) fn want_in_as_owner(
        &mut self,
        peer: PeerId,
        name: Username,
        proof: Proof,
        facts: Box<AccountFacts>,
        effects: &mut Effects,
    ) {
        let Some(from) = self.roster.origin(peer) else {
            return;
        };
        let returning = Returning {
            room: facts.settings.room.clone(),
            ignores: facts.ignores.clone(),
        };
        let asking = Asking {
            purpose: Purpose::Login {
                name: name.clone(),
                proof,
                left: PASSWORDS_AT_DOOR,
            },
            stage: Stage::Right(facts),
            request: effects.request(),
        };
        self.askings.insert(peer, asking);
        let proof = Some((proof, returning.into()));
        effects.append(peer, None, Act::ComeIn { name, from, proof });
    }

    fn hashed(&mut self, peer: PeerId, hash: Hashed, effects: &mut Effects) {
        let Some(asking) = self.askings.remove(&peer) else {
            return;
        };
        let act = match asking.purpose {
            Purpose::Register => AccountAct::Register,
            Purpose::Change => AccountAct::SetPassword,
            Purpose::Login { .. } | Purpose::Unregister { .. } => return,
        };
        if let Some(person) = self.roster.at(peer).map(|it| it.id) {
            self.hashes.insert(person, hash);
            self.want(peer, act, effects);
        }
    }

    fn want(&self, peer: PeerId, act: AccountAct, effects: &mut Effects) {
        if let Some(person) = self.roster.at(peer).map(|it| it.id) {
            effects.append(peer, Some(person), Act::Account(act));
        }
    }

    /// A password was wrong.
    pub(super) fn wrong(&mut self, now: Moment, peer: PeerId, effects: &mut Effects) {
        if let (Some((proof, _)), Some(from)) = (self.tried(peer), self.roster.origin(peer)) {
            let (at, address) = (now.unix_millis(), from.address);
            let wrong = KeepAccount::Wrong { at, address };
            effects.keep(Keep::Account(proof.account, wrong));
            let index = self.accounts.index(proof.account);
            if let Some(account) = index.and_then(|it| self.accounts.get(it)) {
                let name = account.name.clone();
                effects.push(Effect::WrongPassword { peer, name });
            }
        }
        match self.one_less(peer) {
            Some(0) => self.too_many(peer, effects),
            Some(left) => {
                effects.tell(peer, AboutConnection::WrongPassword { left });
                self.ask_again(peer, effects);
            }
            None => self.stop_asking(peer, Some(AboutAccount::WrongPassword), effects),
        }
    }

    /// Counts one of the passwords that may be tried at the door, and returns how many are left. `None`: they are in.
    fn one_less(&mut self, peer: PeerId) -> Option<u8> {
        let asking = self.askings.get_mut(&peer)?;
        asking.stage = Stage::Present;
        match &mut asking.purpose {
            Purpose::Login { left, .. } => {
                *left = left.saturating_sub(1);
                Some(*left)
            }
            Purpose::Register | Purpose::Change | Purpose::Unregister { .. } => None,
        }
    }

    fn too_many(&mut self, peer: PeerId, effects: &mut Effects) {
        let reason = CloseReason::TooManyAttempts;
        self.dismiss(peer, AboutConnection::TooManyAttempts, reason, effects);
    }

    /// Passwords are tried too often.
    pub(super) fn too_often(&mut self, peer: PeerId, seconds: u64, effects: &mut Effects) {
        match self.one_less(peer) {
            Some(0) => self.too_many(peer, effects),
            Some(_) => {
                effects.tell(peer, AboutConnection::PasswordsTooOften { seconds });
                self.ask_again(peer, effects);
            }
            None => {
                let why = AboutAccount::TooOften { seconds };
                self.stop_asking(peer, Some(why), effects);
            }
        }
    }

    /// A worker did not answer.
    fn unanswered_secret(&mut self, peer: PeerId, why: Unanswered, effects: &mut Effects) {
        if let Some((_, attempt)) = self.tried(peer) {
            self.attempts.give_back(attempt);
        }
        let Some(asking) = self.askings.get_mut(&peer) else {
            return;
        };
        asking.stage = Stage::Present;
        match asking.purpose {
            Purpose::Login { .. } => {
                effects.tell(peer, AboutConnection::PasswordUnanswered(why));
                self.ask_again(peer, effects);
            }
            Purpose::Register | Purpose::Change | Purpose::Unregister { .. } => {
                let why = AboutAccount::Unanswered(why);
                self.stop_asking(peer, Some(why), effects);
            }
        }
    }

    /// Asks somebody at the door for the password again. A program sends it unasked.
    fn ask_again(&self, peer: PeerId, effects: &mut Effects) {
        if !self.is_program(peer) {
            self.ask_secret(peer, SecretQuestion::Login, effects);
        }
    }

    /// What the account has of somebody who has just come in by this connection.
    pub(in crate::chat) fn take_facts(&mut self, peer: PeerId) -> Option<Box<AccountFacts>> {
        match self.askings.remove(&peer)?.stage {
            Stage::Right(facts) => Some(facts),
            Stage::Naming
            | Stage::Present
            | Stage::Verifying(_)
            | Stage::New
            | Stage::Again(_)
            | Stage::Hashing => None,
        }
    }
}
