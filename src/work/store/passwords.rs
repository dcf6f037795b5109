//! `Checker`: who knows the password of an account, and what the account has then. It is for a thread of its own.

use crate::account::{AccountId, Hashed, Secret};
use crate::message::AccountFacts;
use crate::work::passwords::{Checked, NoHash, Passwords};

use super::error::Refused;
use super::reader::Reader;

/// Checks passwords against a file.
pub struct Checker {
    reader: Reader,
    passwords: Passwords,
}

/// What an account has, and another hash if its present one has old parameters.
pub(crate) type Right = (Box<AccountFacts>, Option<Hashed>);

impl Checker {
    pub(super) fn new(reader: Reader) -> Checker {
        let passwords = Passwords::new();
        Checker { reader, passwords }
    }

    /// What an account has, if this is its password, which was set by the entry `changed` or a later one. An account that
    /// is not there has no password, which takes as long to tell.
    ///
    /// # Errors
    ///
    /// [`Refused`].
    pub(crate) fn check(
        &mut self,
        account: AccountId,
        changed: u64,
        password: &Secret,
    ) -> Result<Option<Right>, Refused> {
        let owner = self.reader.owner(account, changed)?;
        let hash = owner.as_ref().and_then(|it| it.hash.as_ref());
        let checked = self.passwords.check(password, hash).map_err(failed)?;
        Ok(match (checked, owner) {
            (Checked::Right(anew), Some(owner)) => Some((owner.facts.into(), anew)),
            _ => None,
        })
    }

    /// The hash of a new password.
    ///
    /// # Errors
    ///
    /// [`Refused::Failed`].
    pub(crate) fn hash(&mut self, password: &Secret) -> Result<Hashed, Refused> {
        self.passwords.hash(password).map_err(failed)
    }
}

fn failed(NoHash: NoHash) -> Refused {
    Refused::Failed("the system gives no random numbers".into())
}
