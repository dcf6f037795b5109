//! Names that are somebody's, as the model knows them: how people are asked for passwords, and what comes of it.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use crate::account::{InvalidSecret, Rank, Secret};
use crate::id::PeerId;
use crate::limits::accounts::{ASKED_FOR, PASSWORDS_AT_DOOR};
use crate::message::{AboutAccount, AboutConnection, AboutOrder, Answer, Request, SecretQuestion};
use crate::moment::Moment;
use crate::name::Username;

use crate::server::simulation::sightings::Sight;

use super::attempts::Attempt;
use super::commands::Typed;
use super::past::Question;
use super::{Model, words};

/// A name that is somebody's, or was.
#[derive(Debug, Clone)]
pub(super) struct Account {
    /// The entry that made it.
    pub(super) id: u64,
    pub(super) name: Username,
    pub(super) password: Option<Secret>,
    /// The entry that set the password.
    pub(super) changed: u64,
    pub(super) has_ended: bool,
    pub(super) is_operator: bool,
    /// How many messages wait.
    pub(super) waiting: usize,
    pub(super) addresses: Vec<IpAddr>,
}

/// Somebody who is asked for a password.
#[derive(Debug)]
pub(super) struct Asking {
    pub(super) purpose: Purpose,
    pub(super) stage: Stage,
    pub(super) request: Option<Arc<Request>>,
    /// When it is over.
    by: Option<Instant>,
}

#[derive(Debug, Clone)]
pub(super) enum Purpose {
    Login {
        account: u64,
        changed: u64,
        left: u8,
    },
    Register,
    Change,
    Unregister {
        heir: Option<u64>,
    },
}

#[derive(Debug)]
pub(super) enum Stage {
    /// They went back to the name.
    Naming,
    Present,
    /// Behind it, the new password, if it is known.
    Verifying(Option<Secret>),
    New,
    Again(Secret),
    Hashing,
}

impl Model {
    pub(super) fn account(&self, id: u64) -> &Account {
        let mut accounts = self.accounts.iter();
        accounts.find(|it| it.id == id).expect("it was made")
    }

    pub(super) fn account_mut(&mut self, id: u64) -> &mut Account {
        let mut accounts = self.accounts.iter_mut();
        accounts.find(|it| it.id == id).expect("it was made")
    }

    /// The account whose name this is, or looks like it.
    pub(super) fn account_alike(&self, name: &Username) -> Option<&Account> {
        let exact = self.accounts.iter().find(|it| it.name == *name);
        exact.or_else(|| self.accounts.iter().find(|it| it.name.looks_like(name)))
    }

    /// What somebody may do in their room, where people have accounts.
    pub(super) fn rank(&self, peer: PeerId) -> Option<Rank> {
        if self.rules.anonymous {
            return None;
        }
        self.file.as_ref()?;
        let me = self.person(peer);
        Some(self.rank_in(me, self.room(me.room)))
    }

    /// Whether somebody may not type a command, and is told so.
    pub(super) fn is_forbidden(&mut self, peer: PeerId, usage: &str) -> bool {
        let mut rows = words::HELP.iter();
        let row = rows.find(|it| it.usage == usage).expect("it is a command");
        let Some(least) = row.least else {
            return false;
        };
        let why: Answer = match self.rank(peer) {
            None => AboutAccount::NoAccounts.into(),
            Some(rank) if rank < least => AboutOrder::NotAllowed(least).into(),
            Some(_) => return false,
        };
        if ["/register", "/password", "/unregister"]
            .iter()
            .any(|it| usage.starts_with(it))
        {
            self.expect_late_answer(peer);
        }
        self.answer(peer, why);
        true
    }

    /// What peers are asked on their screens.
    pub(in crate::server::simulation) fn asked_for_password(
        &self,
        peer: PeerId,
    ) -> Option<SecretQuestion> {
        let person = self.people.iter().find(|it| it.peer == peer)?;
        if person.is_program() {
            return None;
        }
        let asking = person.asking.as_ref()?;
        match (&asking.stage, &asking.purpose) {
            (Stage::Present, Purpose::Login { .. }) => Some(SecretQuestion::Login),
            (Stage::Present, _) => Some(SecretQuestion::Present),
            (Stage::New, _) => Some(SecretQuestion::New),
            (Stage::Again(_), _) => Some(SecretQuestion::Again),
            (Stage::Naming | Stage::Verifying(_) | Stage::Hashing, _) => None,
        }
    }

    pub(in crate::server::simulation) fn asked_for_passwords(&self) -> Vec<PeerId> {
        let people = self.people.iter().map(|it| it.peer);
        people
            .filter(|it| self.asked_for_password(*it).is_some())
            .collect()
    }

    pub(super) fn ask_secret(&mut self, peer: PeerId, question: SecretQuestion) {
        if !self.person(peer).is_program() {
            let shows = true;
            self.tell(peer, AboutConnection::Secret { question, shows });
        }
    }

    /// Shows again what somebody is asked.
    pub(super) fn prompt(&mut self, peer: PeerId) {
        if let Some(question) = self.asked_for_password(peer) {
            self.ask_secret(peer, question);
        } else if self.person(peer).name.is_none() {
            self.tell(peer, AboutConnection::UsernamePrompt);
        }
    }

    /// A newcomer has chosen a name.
    pub(super) fn choose(
        &mut self,
        now: Moment,
        peer: PeerId,
        name: Username,
        password: Option<&Secret>,
    ) {
        let Some(account) = self.account_alike(&name).cloned() else {
            return self.come_in(now, peer, name);
        };
        if account.has_ended {
            return self.refuse(peer, AboutConnection::UsernameTaken);
        }
        let left = match self.person(peer).asking.as_ref().map(|it| &it.purpose) {
            Some(Purpose::Login { left, .. }) => *left,
            _ => PASSWORDS_AT_DOOR,
        };
        let purpose = Purpose::Login {
            account: account.id,
            changed: account.changed,
            left,
        };
        self.begin_asking(peer, purpose, Stage::Present);
        match password {
            Some(password) => self.try_password(now, peer, password.clone(), None),
            None if self.person(peer).is_program() => {
                self.tell(peer, AboutConnection::PasswordNeeded(account.name));
            }
            None => self.ask_secret(peer, SecretQuestion::Login),
        }
    }

    fn begin_asking(&mut self, peer: PeerId, purpose: Purpose, stage: Stage) {
        let request = self.request.clone();
        self.person_mut(peer).asking = Some(Asking {
            purpose,
            stage,
            request,
            by: None,
        });
    }

    /// Asks somebody who is in the chat, who has a minute.
    pub(super) fn ask_within(&mut self, now: Moment, peer: PeerId, stage: Stage) {
        let question = match stage {
            Stage::Present => SecretQuestion::Present,
            Stage::New => SecretQuestion::New,
            _ => SecretQuestion::Again,
        };
        let asking = self
            .person_mut(peer)
            .asking
            .as_mut()
            .expect("they are asked");
        (asking.stage, asking.by) = (stage, Some(now.instant + ASKED_FOR));
        self.ask_secret(peer, question);
    }

    pub(super) fn begin_to_register(&mut self, typed: &Typed, new: Option<&Secret>) {
        let (peer, name) = (typed.peer, typed.name.clone());
        let me = self.person(peer);
        let address = me.household();
        let refused = match (me.account, self.account_alike(&name)) {
            (Some(it), _) => Some(AboutAccount::HasAccount(self.account(it).name.clone())),
            (None, Some(_)) => Some(AboutAccount::NameTaken(name)),
            (None, None) => {
                let wait = self.attempts.may_register(typed.now.instant, address).err();
                let seconds = wait.map(|it| it.as_secs().max(1));
                seconds.map(|seconds| AboutAccount::TooManyRegistered { seconds })
            }
        };
        if let Some(why) = refused {
            let is_too_often = matches!(why, AboutAccount::TooManyRegistered { .. });
            self.seen.add(Sight::TooOften, is_too_often.into());
            self.expect_late_answer(peer);
            return self.answer(peer, why);
        }
        self.begin_asking(peer, Purpose::Register, Stage::New);
        match new {
            Some(new) => self.hash_to_register(typed.now, peer, new.clone()),
            None => self.ask_within(typed.now, peer, Stage::New),
        }
    }

    pub(super) fn begin_to_change(&mut self, typed: &Typed, both: Option<(&Secret, &Secret)>) {
        self.begin_asking(typed.peer, Purpose::Change, Stage::Present);
        match both {
            Some((old, new)) => {
                let (old, new) = (old.clone(), Some(new.clone()));
                self.try_password(typed.now, typed.peer, old, new);
            }
            None => self.ask_within(typed.now, typed.peer, Stage::Present),
        }
    }

    pub(super) fn begin_to_unregister(
        &mut self,
        typed: &Typed,
        to: Option<&str>,
        password: Option<&Secret>,
    ) {
        let peer = typed.peer;
        let id = self.person(peer).account.expect("they may");
        let mut heir = None;
        if let Some(to) = to {
            let name = Username::parse(to).ok();
            let found = self.accounts.iter();
            let mut found = found.filter(|it| !it.has_ended && it.id != id);
            match found.find(|it| name.as_ref() == Some(&it.name)) {
                Some(it) => heir = Some((it.id, it.name.clone())),
                None => {
                    let typed = words::shorten(to).into();
                    return self.answer(peer, AboutAccount::NoMember(typed));
                }
            }
        }
        let (heir, heir_name) = heir.unzip();
        if password.is_none() {
            let operators = self.accounts.iter();
            let operators = operators.filter(|it| it.is_operator && !it.has_ended);
            let is_last_operator = self.account(id).is_operator && operators.count() == 1;
            let unregistering = AboutAccount::Unregistering {
                name: self.account(id).name.clone(),
                rooms: self.rooms_owned(id).into_iter().map(|it| it.2).collect(),
                heir: heir_name,
                is_last_operator,
            };
            self.answer(peer, unregistering);
        }
        self.begin_asking(peer, Purpose::Unregister { heir }, Stage::Present);
        match password {
            Some(password) => self.try_password(typed.now, peer, password.clone(), None),
            None => self.ask_within(typed.now, peer, Stage::Present),
        }
    }

    /// A program may not have this as its new password, or may not ask at all.
    pub(super) fn may_have(&mut self, typed: &Typed, usage: &str, new: &Secret) -> bool {
        if self.is_forbidden(typed.peer, usage) {
            return false;
        }
        let parsed = Secret::parse(new.reveal().as_bytes(), typed.name.as_str());
        if let Err(why) = parsed {
            self.answer(typed.peer, AboutAccount::NoPassword(why));
        }
        parsed.is_ok()
    }

    fn parse_new(&self, peer: PeerId, typed: &[u8]) -> Result<Secret, InvalidSecret> {
        let name = self.person(peer).name.as_ref();
        Secret::parse(typed, name.map_or("", Username::as_str))
    }

    /// Somebody answers what they are asked.
    pub(super) fn secret(&mut self, now: Moment, peer: PeerId, typed: &[u8]) {
        let new = self.parse_new(peer, typed);
        let asking = self
            .person_mut(peer)
            .asking
            .as_mut()
            .expect("they are asked");
        asking.by = None;
        let is_login = matches!(asking.purpose, Purpose::Login { .. });
        match std::mem::replace(&mut asking.stage, Stage::Present) {
            Stage::Present if typed.is_empty() && is_login => {
                asking.stage = Stage::Naming;
                self.tell(peer, AboutConnection::UsernamePrompt);
            }
            _ if typed.is_empty() => self.stop_asking(peer, None),
            Stage::Present => match std::str::from_utf8(typed) {
                Ok(text) => self.try_password(now, peer, Secret::new(text), None),
                Err(_) => self.wrong(peer),
            },
            Stage::New => match new {
                Ok(new) => self.ask_within(now, peer, Stage::Again(new)),
                Err(why) => self.stop_asking(peer, Some(AboutAccount::NoPassword(why))),
            },
            Stage::Again(first) => match new {
                Ok(new) if new == first => self.hash_to_register(now, peer, first),
                _ => self.stop_asking(peer, Some(AboutAccount::NotTheSame)),
            },
            stage => panic!("{peer} answered in {stage:?}"),
        }
    }

    /// The answer is too long.
    pub(super) fn secret_too_long(&mut self, peer: PeerId, question: SecretQuestion) {
        match question {
            SecretQuestion::Login | SecretQuestion::Present => self.wrong(peer),
            SecretQuestion::New | SecretQuestion::Again => {
                let why = AboutAccount::NoPassword(InvalidSecret::TooLong);
                self.stop_asking(peer, Some(why));
            }
        }
    }

    pub(super) fn stop_asking(&mut self, peer: PeerId, why: Option<AboutAccount>) {
        let me = self.person_mut(peer);
        let asking = me.asking.take().expect("they are asked");
        let word = match asking.purpose {
            Purpose::Login { .. } => "",
            Purpose::Register => "/register",
            Purpose::Change => "/password",
            Purpose::Unregister { .. } => "/unregister",
        };
        self.expect_late_answer(peer);
        let before = std::mem::replace(&mut self.request, asking.request);
        let why = why.map(Box::new);
        self.answer(peer, AboutAccount::NothingChanged { why, word });
        self.request = before;
    }

    /// What somebody says next may be a password that is not asked for any more.
    pub(super) fn expect_late_answer(&mut self, peer: PeerId) {
        let me = self.person_mut(peer);
        if !me.is_program() {
            me.late = Some((0, None));
        }
    }

    /// Those who have not answered in a minute.
    pub(super) fn time_out_asking(&mut self, now: Moment) {
        let by = |it: &super::Person| Some((it.asking.as_ref()?.by?, it.peer));
        let mut late: Vec<_> = self.people.iter().filter_map(by).collect();
        late.retain(|(by, _)| *by <= now.instant);
        late.sort();
        for (_, peer) in late {
            self.stop_asking(peer, None);
        }
    }

    /// The account whose password somebody tries.
    pub(super) fn tried(&self, peer: PeerId) -> Option<(u64, Attempt)> {
        let me = self.person(peer);
        let id = match me.asking.as_ref()?.purpose {
            Purpose::Login { account, .. } => account,
            Purpose::Register => return None,
            Purpose::Change | Purpose::Unregister { .. } => me.account?,
        };
        let address = me.household();
        let is_known = self.account(id).addresses.contains(&address);
        let attempt = Attempt {
            account: id,
            address,
            is_known,
        };
        Some((id, attempt))
    }

    fn try_password(&mut self, now: Moment, peer: PeerId, password: Secret, new: Option<Secret>) {
        let Some((account, attempt)) = self.tried(peer) else {
            return self.stop_asking(peer, None);
        };
        if let Err(wait) = self.attempts.take(now.instant, attempt) {
            self.seen.add(Sight::TooOften, 1);
            let seconds = wait.as_secs().max(1);
            return match self.one_less(peer) {
                Some(0) => self.dismiss(peer, AboutConnection::TooManyAttempts),
                Some(_) => {
                    self.tell(peer, AboutConnection::PasswordsTooOften { seconds });
                    self.ask_secret(peer, SecretQuestion::Login);
                }
                None => self.stop_asking(peer, Some(AboutAccount::TooOften { seconds })),
            };
        }
        self.set_stage(peer, Stage::Verifying(new));
        let changed = self.account(account).changed;
        // The password may have been changed since they gave the name.
        let asking = self.person_mut(peer).asking.as_mut();
        if let Some(Purpose::Login { changed: known, .. }) = asking.map(|it| &mut it.purpose) {
            *known = changed;
        }
        let found = None;
        self.ask(
            peer,
            Question::Verify {
                account,
                changed,
                password,
                found,
            },
        );
    }

    /// A new password is hashed, unless too many accounts were made, if it is for one.
    fn hash_to_register(&mut self, now: Moment, peer: PeerId, new: Secret) {
        let me = self.person(peer);
        let asking = me.asking.as_ref().expect("they are asked");
        let is_first = matches!(asking.purpose, Purpose::Register);
        let address = me.household();
        if is_first && let Err(wait) = self.attempts.register(now.instant, address) {
            let seconds = wait.as_secs().max(1);
            let why = AboutAccount::TooManyRegistered { seconds };
            return self.stop_asking(peer, Some(why));
        }
        self.hash(peer, new);
    }

    pub(super) fn hash(&mut self, peer: PeerId, new: Secret) {
        self.set_stage(peer, Stage::Hashing);
        self.ask(peer, Question::Hash(new));
    }

    pub(super) fn set_stage(&mut self, peer: PeerId, stage: Stage) {
        let asking = self.person_mut(peer).asking.as_mut();
        asking.expect("they are asked").stage = stage;
    }
}
