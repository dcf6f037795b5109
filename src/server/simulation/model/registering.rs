//! What comes of passwords: what workers say of them, and the acts that follow.

use crate::account::Secret;
use crate::chat::Finding;
use crate::error::Unanswered;
use crate::id::PeerId;
use crate::limits::accounts::MESSAGES_WAITING;
use crate::message::{AboutAccount, AboutConnection, Answer, SecretQuestion, Waiting};
use crate::moment::Moment;
use crate::name::Username;
use crate::server::simulation::sightings::Sight;

use super::Model;
use super::accounts::{Account, Purpose, Stage};
use super::commands::Typed;
use super::members::{Change, Facts};
use super::past::{Found, Question};

impl Model {
    /// A worker has said something of a password, or will not.
    pub(super) fn answered_secret(
        &mut self,
        now: Moment,
        peer: PeerId,
        finding: &Result<Finding, Unanswered>,
    ) {
        let asked = self.person_mut(peer).asked.take().expect("they had asked");
        let asking = self.person(peer).asking.as_ref();
        self.request = asking.expect("they are asked").request.clone();
        match (finding, asked.what) {
            (Ok(Finding::Hashed(_)), Question::Hash(new)) => self.hashed(peer, new),
            (
                Ok(Finding::Right(..)),
                Question::Verify {
                    found: Some(Found::This(Some(facts))),
                    ..
                },
            ) => self.right(now, peer, *facts),
            (
                Ok(Finding::Wrong),
                Question::Verify {
                    found: Some(Found::This(None)),
                    ..
                },
            ) => self.wrong(peer),
            (
                Ok(Finding::Behind),
                Question::Verify {
                    found: Some(Found::Behind),
                    ..
                },
            ) => self.unanswered_secret(peer, Unanswered::Failed),
            (Err(why), _) => self.unanswered_secret(peer, *why),
            (finding, what) => panic!("{peer} was told {finding:?}, and had asked {what:?}"),
        }
        self.request = None;
    }

    fn right(&mut self, now: Moment, peer: PeerId, facts: Facts) {
        let (id, attempt) = self.tried(peer).expect("they tried it");
        self.attempts.give_back(attempt);
        let asking = self
            .person_mut(peer)
            .asking
            .as_mut()
            .expect("they are asked");
        let stage = std::mem::replace(&mut asking.stage, Stage::Present);
        match (asking.purpose.clone(), stage) {
            (Purpose::Login { changed, .. }, _) => self.come_back(now, peer, (id, changed), facts),
            (Purpose::Change, Stage::Verifying(Some(new))) => self.hash(peer, new),
            (Purpose::Change, _) => self.ask_within(now, peer, Stage::New),
            (Purpose::Unregister { heir }, _) => {
                self.person_mut(peer).asking = None;
                self.begin_entry(Some(peer));
                self.unregister(peer, id, heir);
            }
            (Purpose::Register, _) => panic!("{peer} has no password"),
        }
    }

    fn hashed(&mut self, peer: PeerId, new: Secret) {
        let asking = self.person_mut(peer).asking.take();
        let purpose = asking.expect("they are asked").purpose;
        self.begin_entry(Some(peer));
        match purpose {
            Purpose::Register => self.register(peer, new),
            Purpose::Change => {
                let Some(id) = self.person(peer).account else {
                    return;
                };
                let seq = self.entry.seq;
                let account = self.account_mut(id);
                (account.changed, account.password) = (seq, Some(new.clone()));
                self.keep_change(id, Change::Password(new, seq));
                self.seen.add(Sight::PasswordSet, 1);
                self.confirm(peer, AboutAccount::PasswordSet);
            }
            purpose => panic!("{peer} has a new password for {purpose:?}"),
        }
    }

    fn register(&mut self, peer: PeerId, new: Secret) {
        let name = self.person(peer).name().clone();
        if self.account_alike(&name).is_some() {
            return self.answer(peer, AboutAccount::NameTaken(name));
        }
        let (id, address) = (self.entry.seq, self.person(peer).household());
        self.accounts.push(Account {
            id,
            name: name.clone(),
            password: Some(new.clone()),
            changed: id,
            has_ended: false,
            is_operator: false,
            waiting: 0,
            addresses: vec![address],
        });
        self.mute_registered(peer);
        self.person_mut(peer).account = Some(id);
        self.keep_change(id, Change::Made(name.clone(), new));
        self.keep_came(peer, id);
        self.seen.add(Sight::Registered, 1);
        self.confirm(peer, AboutAccount::Registered(name));
    }

    fn unregister(&mut self, peer: PeerId, id: u64, heir: Option<u64>) {
        let seq = self.entry.seq;
        let account = self.account_mut(id);
        (account.has_ended, account.changed, account.waiting) = (true, seq, 0);
        account.is_operator = false;
        (account.password, account.addresses) = (None, Vec::new());
        let name = account.name.clone();
        self.person_mut(peer).account = None;
        self.inherit(id, heir);
        self.keep_change(id, Change::Ended);
        self.seen.add(Sight::Unregistered, 1);
        self.confirm(peer, AboutAccount::Unregistered(name));
    }

    pub(super) fn wrong(&mut self, peer: PeerId) {
        self.seen.add(Sight::WrongPassword, 1);
        if let Some((account, _)) = self.tried(peer) {
            let address = self.person(peer).address;
            self.keep_change(account, Change::Wrong(address));
        }
        match self.one_less(peer) {
            Some(0) => self.dismiss(peer, AboutConnection::TooManyAttempts),
            Some(left) => {
                self.tell(peer, AboutConnection::WrongPassword { left });
                self.ask_secret(peer, SecretQuestion::Login);
            }
            None => self.stop_asking(peer, Some(AboutAccount::WrongPassword)),
        }
    }

    pub(super) fn one_less(&mut self, peer: PeerId) -> Option<u8> {
        let asking = self.person_mut(peer).asking.as_mut()?;
        asking.stage = Stage::Present;
        match &mut asking.purpose {
            Purpose::Login { left, .. } => {
                *left -= 1;
                Some(*left)
            }
            _ => None,
        }
    }

    fn unanswered_secret(&mut self, peer: PeerId, why: Unanswered) {
        self.seen.add(Sight::Unchecked, 1);
        if let Some((_, attempt)) = self.tried(peer) {
            self.attempts.give_back(attempt);
        }
        self.set_stage(peer, Stage::Present);
        let asking = self.person(peer).asking.as_ref();
        match asking.expect("they are asked").purpose {
            Purpose::Login { .. } => {
                self.tell(peer, AboutConnection::PasswordUnanswered(why));
                self.ask_secret(peer, SecretQuestion::Login);
            }
            _ => self.stop_asking(peer, Some(AboutAccount::Unanswered(why))),
        }
    }

    /// Tells somebody that something was done, once the file has it.
    pub(super) fn confirm(&mut self, peer: PeerId, answer: impl Into<Answer>) {
        if self.file.is_none() || self.person(peer).asked.is_some() {
            return self.answer(peer, answer);
        }
        self.ask(peer, Question::Kept(answer.into().into(), None));
    }

    /// Writes to a member who is not here under that name. Returns whether there is one.
    pub(super) fn write_to_absent(&mut self, typed: &Typed, name: &str, text: &str) -> bool {
        let Ok(name) = Username::parse(name) else {
            return false;
        };
        let mut accounts = self.accounts.iter();
        let Some(account) = accounts.find(|it| it.name == name && !it.has_ended) else {
            return false;
        };
        let (id, name, waiting) = (account.id, account.name.clone(), account.waiting);
        if let Some(person) = self.people.iter().find(|it| it.account == Some(id)) {
            self.write_to(typed, person.peer, text);
        } else if self.is_silenced(typed.peer, Sight::SilentPrivately) {
        } else if waiting >= MESSAGES_WAITING.into() {
            self.answer(typed.peer, AboutAccount::TooManyWaiting(name));
        } else {
            self.account_mut(id).waiting += 1;
            let waiting = Waiting {
                seq: self.entry.seq,
                at: self.entry.at,
                author: self.entry.author,
                author_account: None,
                from: typed.name.clone(),
                text: text.into(),
            };
            self.keep_change(id, Change::Waiting(waiting));
            self.confirm(typed.peer, AboutAccount::Left(name));
        }
        true
    }
}
