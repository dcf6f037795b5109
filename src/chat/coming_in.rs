//! Passwords: asking for them at the door and in the chat, and what comes of it.
//!
//! A password goes from the line that has it to the worker, and is kept meanwhile only where it has to be typed twice. No
//! act, no message and no entry has one.

mod verdicts;

use std::sync::Arc;
use std::time::Instant;

use crate::account::{AccountId, InvalidSecret, Proof, Secret, Typed};
use crate::id::PeerId;
use crate::limits::accounts::{ANSWERS_DUE, ASKED_FOR, PASSWORDS_AT_DOOR, TYPED_AHEAD};
use crate::message::{AboutAccount, AboutConnection, AccountFacts, Request, SecretQuestion};
use crate::moment::Moment;
use crate::name::Username;
use crate::network;

use super::accounts::AccountIndex;
use super::attempts::Attempt;
use super::event::{Effect, Effects};
use super::question::Question;
use super::{Caller, Hub};

/// Somebody who is asked for a password.
#[derive(Debug)]
pub(super) struct Asking {
    purpose: Purpose,
    stage: Stage,
    /// The object that asked, if a program did.
    request: Option<Arc<Request>>,
}

/// Lines that were kept back, as they may be passwords.
#[derive(Debug, Default)]
pub(super) struct LateAnswers {
    count: u8,
    /// When the last one came.
    last: Option<Instant>,
}

/// What a password is asked for.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Purpose {
    /// To come in under a name that is somebody's.
    Login {
        /// The name of the account.
        name: Username,
        /// The account, as it was then.
        proof: Proof,
        /// How many wrong passwords are left.
        left: u8,
    },
    /// To have one's name as one's own.
    Register,
    /// To have another password.
    Change,
    /// To have no account any more.
    Unregister {
        /// The account that gets the rooms.
        heir: Option<AccountId>,
    },
}

/// How far the asking is.
#[derive(Debug)]
enum Stage {
    /// They went back to the name. How many passwords are left stays what it was.
    Naming,
    /// The present password is awaited.
    Present,
    /// A worker looks whether it is right. Behind it, this is the new password, if it is known.
    Verifying(Option<Secret>),
    /// A new password is awaited.
    New,
    /// The same once more.
    Again(Secret),
    /// A worker hashes it.
    Hashing,
    /// It was right. The act that follows is out.
    Right(Box<AccountFacts>),
}

impl Purpose {
    /// The command to type again.
    fn word(&self) -> &'static str {
        match self {
            Purpose::Login { .. } => "",
            Purpose::Register => "/register",
            Purpose::Change => "/password",
            Purpose::Unregister { .. } => "/unregister",
        }
    }
}

impl Hub {
    /// A newcomer wants to come in under a name that is somebody's.
    pub(super) fn claim(
        &mut self,
        now: Moment,
        peer: PeerId,
        index: AccountIndex,
        password: Option<&Secret>,
        effects: &mut Effects,
    ) {
        let Some(account) = self.accounts.get(index) else {
            return;
        };
        if !account.is_owned() {
            return self.refuse(peer, AboutConnection::UsernameTaken, effects);
        }
        let (name, proof) = (account.name.clone(), account.proof());
        let before = self.askings.get(&peer).map(|it| &it.purpose);
        let left = match before {
            Some(Purpose::Login { left, .. }) => *left,
            _ => PASSWORDS_AT_DOOR,
        };
        let is_program = self.is_program(peer);
        let asking = Asking {
            purpose: Purpose::Login { name, proof, left },
            stage: Stage::Present,
            request: effects.request(),
        };
        let Purpose::Login { name, .. } = &asking.purpose else {
            return;
        };
        let needed = AboutConnection::PasswordNeeded(name.clone());
        self.askings.insert(peer, asking);
        match password {
            Some(password) => self.try_password(now, peer, password.clone(), None, effects),
            None if is_program => effects.tell(peer, needed),
            None => self.ask_secret(peer, SecretQuestion::Login, effects),
        }
    }

    /// Asks the author of a line for a password.
    pub(super) fn begin_asking(
        &mut self,
        caller: &Caller,
        purpose: Purpose,
        password: Option<Secret>,
        new: Option<Secret>,
        effects: &mut Effects,
    ) {
        if password.is_none() && new.is_none() && self.is_program(caller.peer) {
            let word = purpose.word();
            return effects.answer(caller.peer, AboutAccount::TakesOp(word));
        }
        let stage = match purpose {
            Purpose::Register => Stage::New,
            Purpose::Login { .. } | Purpose::Change | Purpose::Unregister { .. } => Stage::Present,
        };
        let (peer, request) = (caller.peer, effects.request());
        let question = match purpose {
            Purpose::Register => SecretQuestion::New,
            Purpose::Login { .. } | Purpose::Change | Purpose::Unregister { .. } => {
                SecretQuestion::Present
            }
        };
        let asking = Asking {
            purpose,
            stage,
            request,
        };
        self.askings.insert(peer, asking);
        match (password, new) {
            (Some(password), new) => self.try_password(caller.now, peer, password, new, effects),
            (None, Some(new)) => self.hash(caller.now, peer, new, effects),
            (None, None) => {
                self.asked_until.set(peer, caller.now.instant + ASKED_FOR);
                self.ask_secret(peer, question, effects);
            }
        }
    }

    fn ask_secret(&self, peer: PeerId, question: SecretQuestion, effects: &mut Effects) {
        effects.push(Effect::AskSecret { peer, question });
    }

    /// The question that a peer has on the screen.
    pub(super) fn question_for(&self, peer: PeerId) -> Option<SecretQuestion> {
        let asking = self.askings.get(&peer)?;
        match (&asking.stage, &asking.purpose) {
            (Stage::Present, Purpose::Login { .. }) => Some(SecretQuestion::Login),
            (Stage::Present, _) => Some(SecretQuestion::Present),
            (Stage::New, _) => Some(SecretQuestion::New),
            (Stage::Again(_), _) => Some(SecretQuestion::Again),
            (Stage::Naming | Stage::Verifying(_) | Stage::Hashing | Stage::Right(_), _) => None,
        }
    }

    /// Handles the answer to a question for a password.
    pub(super) fn secret(
        &mut self,
        now: Moment,
        peer: PeerId,
        typed: Typed<'_>,
        effects: &mut Effects,
    ) {
        if self.roster.session(peer).is_none() {
            return;
        }
        effects.push(Effect::SecretOver { peer });
        self.asked_until.clear(peer);
        let Some(asking) = self.askings.get_mut(&peer) else {
            return;
        };
        let is_login = matches!(asking.purpose, Purpose::Login { .. });
        match std::mem::replace(&mut asking.stage, Stage::Present) {
            Stage::Present if typed.0.is_empty() && is_login => {
                asking.stage = Stage::Naming;
                effects.tell(peer, AboutConnection::UsernamePrompt);
            }
            _ if typed.0.is_empty() => self.stop_asking(peer, None, effects),
            Stage::Present => match std::str::from_utf8(typed.0) {
                Ok(text) => self.try_password(now, peer, Secret::new(text), None, effects),
                Err(_) => self.wrong(now, peer, effects),
            },
            Stage::New => match self.parse_new(peer, typed.0) {
                Ok(secret) => {
                    self.set_stage(peer, Stage::Again(secret));
                    self.asked_until.set(peer, now.instant + ASKED_FOR);
                    self.ask_secret(peer, SecretQuestion::Again, effects);
                }
                Err(why) => {
                    let why = AboutAccount::NoPassword(why);
                    self.stop_asking(peer, Some(why), effects);
                }
            },
            Stage::Again(first) => match self.parse_new(peer, typed.0) {
                Ok(again) if again == first => self.hash(now, peer, first, effects),
                _ => self.stop_asking(peer, Some(AboutAccount::NotTheSame), effects),
            },
            stage @ (Stage::Naming | Stage::Verifying(_) | Stage::Hashing | Stage::Right(_)) => {
                asking.stage = stage;
            }
        }
    }

    /// A password was too long to be read.
    pub(super) fn secret_too_long(&mut self, now: Moment, peer: PeerId, effects: &mut Effects) {
        match self.question_for(peer) {
            Some(SecretQuestion::Login | SecretQuestion::Present) => {
                effects.push(Effect::SecretOver { peer });
                self.wrong(now, peer, effects);
            }
            Some(SecretQuestion::New | SecretQuestion::Again) => {
                effects.push(Effect::SecretOver { peer });
                let why = AboutAccount::NoPassword(InvalidSecret::TooLong);
                self.stop_asking(peer, Some(why), effects);
            }
            None => {}
        }
    }

    fn parse_new(&self, peer: PeerId, typed: &[u8]) -> Result<Secret, InvalidSecret> {
        let name = self.roster.at(peer).map_or("", |it| it.name.as_str());
        Secret::parse(typed, name)
    }

    /// Ends the asking without a change, and says why.
    fn stop_asking(&mut self, peer: PeerId, why: Option<AboutAccount>, effects: &mut Effects) {
        self.asked_until.clear(peer);
        let Some(asking) = self.askings.remove(&peer) else {
            return;
        };
        self.expect_late_answer(peer);
        let before = effects.request();
        effects.set_request(asking.request);
        let why = why.map(Box::new);
        let word = asking.purpose.word();
        effects.answer(peer, AboutAccount::NothingChanged { why, word });
        effects.set_request(before);
    }

    /// The next line of a peer may be the answer to a question for a password that is not asked any more, and lines right
    /// behind it the answers to further ones.
    pub(super) fn expect_late_answer(&mut self, peer: PeerId) {
        if !self.is_program(peer) {
            self.late_answers.insert(peer, LateAnswers::default());
        }
    }

    /// Somebody who was asked for a password did not answer in time.
    pub(super) fn time_out_asking(&mut self, peer: PeerId, effects: &mut Effects) {
        self.give_up_asking(peer, effects);
    }

    /// Whether a line is kept back, as it may be the answer to a question for a password that has just ended. A command
    /// is not.
    pub(super) fn is_late_answer(
        &mut self,
        now: Moment,
        peer: PeerId,
        is_said: bool,
        effects: &mut Effects,
    ) -> bool {
        let Some(late) = self.late_answers.get_mut(&peer) else {
            return false;
        };
        let is_typed_ahead = |last: Instant| now.instant - last < TYPED_AHEAD;
        let is_late = late.last.is_none_or(is_typed_ahead) && late.count < ANSWERS_DUE;
        if !is_said || !is_late {
            self.late_answers.remove(&peer);
            return false;
        }
        (late.count, late.last) = (late.count + 1, Some(now.instant));
        effects.answer(peer, AboutAccount::LateAnswer);
        true
    }

    /// Somebody who was asked for a password pressed the key that interrupts.
    pub(super) fn give_up_asking(&mut self, peer: PeerId, effects: &mut Effects) {
        if self.question_for(peer).is_some() {
            effects.push(Effect::SecretOver { peer });
            self.stop_asking(peer, None, effects);
        }
    }

    /// Forgets that a peer is asked for a password.
    pub(super) fn forget_asking(&mut self, peer: PeerId, effects: &mut Effects) {
        if self.question_for(peer).is_some() {
            effects.push(Effect::SecretOver { peer });
        }
        self.asked_until.clear(peer);
        self.askings.remove(&peer);
        self.late_answers.remove(&peer);
    }

    fn set_stage(&mut self, peer: PeerId, stage: Stage) {
        if let Some(asking) = self.askings.get_mut(&peer) {
            asking.stage = stage;
        }
    }

    /// The account whose password a peer types, as it is tried now.
    fn tried(&self, peer: PeerId) -> Option<(Proof, Attempt)> {
        let index = match &self.askings.get(&peer)?.purpose {
            Purpose::Login { proof, .. } => self.accounts.index(proof.account),
            Purpose::Register => None,
            Purpose::Change | Purpose::Unregister { .. } => self.roster.at(peer)?.account,
        };
        let account = self.accounts.get(index?)?;
        let address = network::household(self.roster.origin(peer)?.address);
        let attempt = Attempt {
            account: account.id,
            address,
            is_known: account.addresses.contains(address),
        };
        Some((account.proof(), attempt))
    }

    /// Has a worker look whether a password is right, unless there were too many wrong ones.
    fn try_password(
        &mut self,
        now: Moment,
        peer: PeerId,
        password: Secret,
        new: Option<Secret>,
        effects: &mut Effects,
    ) {
        let Some((proof, attempt)) = self.tried(peer) else {
            return self.stop_asking(peer, None, effects);
        };
        if let Err(wait) = self.attempts.take(now.instant, attempt) {
            return self.too_often(peer, wait.as_secs().max(1), effects);
        }
        if let Some(asking) = self.askings.get_mut(&peer) {
            asking.stage = Stage::Verifying(new);
            // The password may have been changed since they gave the name.
            if let Purpose::Login { proof: known, .. } = &mut asking.purpose {
                *known = proof;
            }
        }
        let question = Question::Verify {
            account: proof.account,
            changed: proof.changed,
            password,
        };
        effects.push(Effect::Ask { peer, question });
    }

    /// Has a worker hash a new password, unless too many accounts were made.
    pub(super) fn hash(&mut self, now: Moment, peer: PeerId, new: Secret, effects: &mut Effects) {
        let registers = self
            .askings
            .get(&peer)
            .is_some_and(|it| it.purpose == Purpose::Register);
        if let (true, Some(from)) = (registers, self.roster.origin(peer)) {
            let address = network::household(from.address);
            if let Err(wait) = self.attempts.register(now.instant, address) {
                let seconds = wait.as_secs().max(1);
                let why = AboutAccount::TooManyRegistered { seconds };
                return self.stop_asking(peer, Some(why), effects);
            }
        }
        self.set_stage(peer, Stage::Hashing);
        let question = Question::Hash(new);
        effects.push(Effect::Ask { peer, question });
    }
}
