//! Questions from the chat to a worker, and the answers.
//!
//! A peer has at most one question out. What it was about is kept with the person who asked, so that the answer needs to
//! hold nothing but what was found.

#[cfg(test)]
use std::sync::Arc;

use crate::account::{AccountId, Hashed, Proof, Secret};
#[cfg(test)]
use crate::message::SecretQuestion;
use crate::message::{AccountFacts, Audit, Before, Page, Seen, Unseen};
use crate::name::{RoomName, Username};
use crate::query::Query;
use crate::token::Token;

/// A question that a worker answers for a waiting peer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// The last lines of a room.
    History {
        /// The room.
        room: RoomName,
        /// Where they end.
        before: Before,
        /// How many, at most.
        count: usize,
        /// The lines that are left out.
        unseen: Unseen,
    },
    /// The last lines that a search finds.
    Search {
        /// What is searched for.
        query: Query,
        /// The reader's current room.
        here: RoomName,
        /// Where they end.
        before: Before,
        /// How many, at most.
        count: usize,
        /// The lines that are left out.
        unseen: Unseen,
    },
    /// When somebody of this name was last here.
    Seen(Username),
    /// Whether all that was handed over so far is in the file.
    Kept,
    /// What was done to people, the last so many acts.
    Audit(usize),
    /// Whether this is the password of an account.
    Verify {
        /// The account.
        account: AccountId,
        /// The entry that set its password: the file may not have it yet.
        changed: u64,
        /// What was typed.
        password: Secret,
    },
    /// The hash of a new password.
    Hash(Secret),
    /// Whose token this is.
    Owner {
        /// The token.
        token: Token,
        /// Whether it came by an encrypted connection. Otherwise one that was given by such a connection is nobody's.
        is_tls: bool,
    },
    /// To give back a line, which the hub then handles as if it had been typed.
    #[cfg(test)]
    Echo(Arc<str>),
}

/// The answer of a worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// Lines.
    Page(Page),
    /// When somebody was last here, if they ever were.
    Seen(Option<Seen>),
    /// All is in the file.
    Kept,
    /// What was done to people, the oldest first.
    Audit(Vec<Audit>),
    /// The password is right, and this is what the account has. If the hash has old parameters, another one.
    Right(Box<AccountFacts>, Option<Hashed>),
    /// The account whose token it is, and what it has.
    Owner(Proof, Box<AccountFacts>),
    /// The password is wrong, or the token nobody's.
    Wrong,
    /// The hash.
    Hashed(Hashed),
    /// The answer would take too long to find.
    TooMuch,
    /// What was said last is not in the file yet, as the disk is slow.
    Behind,
    /// The line of the question.
    #[cfg(test)]
    Echo(Arc<str>),
}

impl Question {
    /// Whether it is about a password, and so takes a processor a while.
    pub(crate) fn is_secret(&self) -> bool {
        matches!(self, Question::Verify { .. } | Question::Hash(_))
    }
}

#[cfg(test)]
impl Question {
    /// The question that a typed line asks in the tests: to give back the rest of the line.
    pub(super) fn typed(line: &str) -> Option<Question> {
        let rest = line.strip_prefix("/ask ")?;
        Some(Question::Echo(rest.into()))
    }
}

/// The question for a password that a typed line has the tests ask: that of its second word.
#[cfg(test)]
pub(super) fn typed_secret(line: &str) -> Option<SecretQuestion> {
    match line.strip_prefix("/secret ")? {
        "login" => Some(SecretQuestion::Login),
        "new" => Some(SecretQuestion::New),
        "again" => Some(SecretQuestion::Again),
        _ => Some(SecretQuestion::Present),
    }
}

#[cfg(test)]
impl super::Hub {
    /// Asks a question for a peer, unless they are gone.
    pub(super) fn ask(
        &self,
        peer: crate::id::PeerId,
        question: Question,
        effects: &mut super::Effects,
    ) {
        if self.roster.session(peer).is_some() {
            effects.push(super::Effect::Ask { peer, question });
        }
    }
}
