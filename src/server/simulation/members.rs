//! Members: people who register, and come back with their passwords; and that nobody ever reads a password.
//!
//! What stands in the place of the thread that checks passwords compares them with what the file has, and its hashes are
//! no hashes. It is late, out of order, or never answers, as the others are.

use std::collections::BTreeSet;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::json;

use crate::account::{Hashed, Secret};
use crate::chat::{Finding, Question};
use crate::dice::Dice;
use crate::id::PeerId;
use crate::message::SecretQuestion;
use crate::server::workers::Job;
use crate::work::store::simulated::check;
use crate::work::store::{Reader, Refused};

use super::record::Happened;
use super::script;
use super::sightings::Sight;
use super::stage::{Checked, Stage};
use super::story::Kind;
use super::{check_seen, play_all};

/// Seeds of an ordinary run.
const SEEDS: u64 = 24;

/// With what every password begins, and nothing else.
const MARK: &str = "S3same-";

/// The passwords that were typed.
#[derive(Debug, Default)]
pub(super) struct Secrets {
    made: usize,
    /// Those that were typed where anything else may be typed, so that others may read them.
    spoken: BTreeSet<String>,
}

impl Secrets {
    pub(super) fn fresh(&mut self) -> String {
        self.made += 1;
        format!("{MARK}{:04}", self.made)
    }

    /// Those in a text that nobody may read.
    fn unspoken(&self, text: &str) -> Option<String> {
        all_in(text).find(|it| !self.spoken.contains(it))
    }
}

/// The passwords in a text. The last one may be cut, and does not count then.
fn all_in(text: &str) -> impl Iterator<Item = String> {
    text.match_indices(MARK).filter_map(|(at, _)| {
        let number = text[at + MARK.len()..].split(|c: char| !c.is_ascii_digit());
        let number = number.into_iter().next().filter(|it| it.len() == 4)?;
        Some(format!("{MARK}{number}"))
    })
}

/// What stands for the hash of a password.
pub(super) fn hash(password: &Secret) -> Hashed {
    let mut hasher = DefaultHasher::new();
    password.reveal().hash(&mut hasher);
    Hashed::new(&format!("hash {}", hasher.finish()))
}

/// Answers a question about a password from the file.
pub(super) fn answer(reader: &mut Reader, job: Job) {
    let finding = match job.question() {
        Question::Hash(password) => Finding::Hashed(hash(password)),
        Question::Verify {
            account,
            changed,
            password,
        } => match check(reader, *account, *changed, |it| *it == hash(password)) {
            Ok(Some(facts)) => Finding::Right(facts.into(), None),
            Ok(None) => Finding::Wrong,
            Err(Refused::Behind) => Finding::Behind,
            Err(why) => panic!("{why:?}"),
        },
        other => panic!("{other:?} is about no password"),
    };
    job.answer(finding);
}

impl Stage {
    /// Whoever is asked for a password is heard to type one, and nobody else is.
    pub(super) fn note_secret(&mut self, peer: PeerId, happened: &Happened) -> Checked {
        let is_asked = self.model.asked_for_password(peer).is_some();
        match happened {
            Happened::Line(line) if is_asked => Err(format!("{line:?} is a password")),
            Happened::Secret(_) if !is_asked => Err("nobody asked for a password".into()),
            Happened::Line(line) => {
                self.secrets.spoken.extend(all_in(line));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// What a client reads has no password.
    pub(super) fn check_no_secret(&self, place: usize, bytes: &[u8]) -> Checked {
        match self.secrets.unspoken(&String::from_utf8_lossy(bytes)) {
            None => Ok(()),
            Some(it) => Err(format!("client {place} reads the password {it}")),
        }
    }

    /// The file has no password.
    pub(super) fn check_no_secret_in_file(&self) -> Checked {
        let keeping = self.keeping.as_ref().ok_or("nothing is kept")?;
        let files = fs::read_dir(&keeping.place.0).map_err(|why| why.to_string())?;
        for file in files.flatten().filter(|it| it.path().is_file()) {
            let bytes = fs::read(file.path()).map_err(|why| why.to_string())?;
            // Behind it, anything may stand in a file.
            let text = String::from_utf8_lossy(&bytes);
            let is_spoken = |it: &String| {
                self.secrets
                    .spoken
                    .iter()
                    .any(|known| it.starts_with(known))
            };
            if let Some(it) = all_in(&text).find(|it| !is_spoken(it)) {
                return Err(format!("{:?} has the password {it}", file.file_name()));
            }
        }
        Ok(())
    }

    /// Somebody does what members do. Returns whether so.
    pub(super) fn act_as_member(&mut self, place: usize) -> bool {
        let client = &self.clients[place];
        let (Some(peer), true) = (client.peer, client.unsent.is_empty()) else {
            return false;
        };
        let is_named = self.model.is_named(peer);
        let text = match (client.is_program, self.model.asked_for_password(peer)) {
            (false, Some(question)) => self.answer_to(peer, question),
            _ if self.story.kind.has_order && is_named && self.dice.below(4) > 0 => {
                self.lines_about_order(peer)
            }
            _ if self.dice.below(3) > 0 => return false,
            // Operators stay.
            _ if is_named && self.model.is_operator_here(peer) => self.lines_about_order(peer),
            (true, _) => self.object_of_member(peer, is_named),
            (false, None) if is_named => self.line_of_member(peer),
            (false, None) if self.story.kind.has_order && self.dice.below(4) == 0 => {
                self.name_kept_out() + "\n"
            }
            (false, None) => {
                let mut owners = self.model.owners(peer).0;
                if self.story.kind.has_order && self.dice.below(2) == 0 {
                    owners = self.model.absent_operator().map_or(owners, |it| vec![it]);
                } else if self.story.kind.has_order && self.dice.below(3) == 0 {
                    let awaited = self.model.awaited();
                    owners = Some(awaited).filter(|it| !it.is_empty()).unwrap_or(owners);
                }
                if owners.is_empty() {
                    return false;
                }
                let (name, password) = &owners[self.dice.below(owners.len())];
                format!("{name}\n{password}\n")
            }
        };
        self.type_bytes(place, |_| text.into());
        true
    }

    fn answer_to(&mut self, peer: PeerId, question: SecretQuestion) -> String {
        match self.dice.below(16) {
            0 => "\n".into(),
            1 | 2 => self.secrets.fresh() + "\n",
            3 => "\u{3}".into(),
            4 => script::talk(&mut self.dice, self.rooms) + "\n",
            5 => "\u{e9}\n".into(),
            _ if question == SecretQuestion::New => self.secrets.fresh() + "\n",
            _ => self.model.right_answer(peer).unwrap_or_default() + "\n",
        }
    }

    pub(super) fn is_program(&self, peer: PeerId) -> bool {
        let client = self.clients.iter().find(|it| it.peer == Some(peer));
        client.is_some_and(|it| it.is_program)
    }

    /// Somebody makes an account.
    pub(super) fn lines_to_register(&mut self, peer: PeerId) -> String {
        let new = self.secrets.fresh();
        match self.is_program(peer) {
            true => json!({"op": "register", "password": new}).to_string() + "\n",
            false => format!("/register\n{new}\n{new}\n"),
        }
    }

    fn line_of_member(&mut self, peer: PeerId) -> String {
        let (owners, own) = self.model.owners(peer);
        let new = self.secrets.fresh();
        let name = |dice: &mut Dice| match owners.is_empty() {
            true => script::name(dice),
            false => owners[dice.below(owners.len())].0.clone(),
        };
        let own = own.map(|it| it.1);
        match (self.dice.below(10), own) {
            (0..5, None) => format!("/register\n{new}\n{new}\n"),
            (5, None) => "/register\n".into(),
            (0..2, Some(old)) => format!("/password\n{old}\n{new}\n{new}\n"),
            (2, Some(old)) => format!("/unregister\n{old}\n"),
            (3, Some(old)) => format!("/unregister to {}\n{old}\n", name(&mut self.dice)),
            (4, Some(_)) => "/quit\n".into(),
            (5, Some(_)) => format!("/password\n{new}\n").repeat(12),
            (6, _) => "/help\n/register x\n/password x\n/unregister x\n".into(),
            _ => format!("/msg {} psst\n", name(&mut self.dice)),
        }
    }

    fn object_of_member(&mut self, peer: PeerId, is_named: bool) -> String {
        let (owners, own) = self.model.owners(peer);
        let new = self.secrets.fresh();
        let old = own.map_or_else(|| new.clone(), |it| it.1);
        let object = match self.dice.below(6) {
            _ if !is_named && !owners.is_empty() => {
                let (name, password) = &owners[self.dice.below(owners.len())];
                match self.dice.below(4) {
                    0 => json!({"op": "login", "name": name, "password": new}),
                    1 => json!({"op": "login", "name": name}),
                    _ => json!({"op": "login", "name": name, "password": password}),
                }
            }
            0 => json!({"op": "password", "old": old, "new": new}),
            1 => json!({"op": "password", "old": old, "new": "short"}),
            2 => json!({"op": "unregister", "password": old, "to": script::name(&mut self.dice)}),
            _ => json!({"op": "register", "password": new}),
        };
        object.to_string() + "\n"
    }
}

#[test]
fn names_are_their_owners_and_nobody_reads_a_password() {
    let kind = Kind {
        keeps: true,
        has_members: true,
        ..Kind::default()
    };
    check_seen(&play_all(SEEDS, kind), SEEDS, 3, &Sight::MEMBERS);
}
