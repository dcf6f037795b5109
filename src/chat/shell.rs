//! What the system's users ask of accounts, from a shell on the server's machine. They need not be in the chat.

use std::sync::Arc;

use crate::account::{AccountId, Hashed, Role};
use crate::id::PersonId;
use crate::journal::{AccountAct, Act};
use crate::name::Username;

use super::Hub;
use super::accounts::Account;
use super::event::Effects;

/// What somebody asks of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// To make it.
    Add(Role, Hashed),
    /// To give it another password.
    Password(Hashed),
    /// To let its owner do more, or less.
    Role(Role),
    /// To remove it, and to free its name.
    Remove,
}

/// What somebody asks of the account of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShellRequest {
    /// The name.
    pub name: Username,
    /// What is asked.
    pub wanted: Wanted,
    /// The user of the system who asks.
    pub by: Arc<str>,
}

impl Hub {
    /// Proposes what somebody asks for. Returns a sentence that says what was done then, or why that cannot be done. Neither
    /// has an end.
    pub fn shell(
        &mut self,
        request: &ShellRequest,
        effects: &mut Effects,
    ) -> Result<String, String> {
        let ShellRequest { name, wanted, by } = request;
        let by = by.clone();
        let (act, told) = match wanted {
            Wanted::Add(role, hash) => {
                self.check_new(name)?;
                self.hashes.insert(PersonId::HOUSE, hash.clone());
                let (name, role) = (name.clone(), *role);
                let told = format!("{name} has an account now, as {}", a_role(role));
                (AccountAct::Add { name, role, by }, told)
            }
            Wanted::Password(hash) => {
                let (account, name) = self.owned_account(name)?;
                let told = format!("{name} has another password now");
                self.hashes.insert(PersonId::HOUSE, hash.clone());
                (AccountAct::Reset { account, by }, told)
            }
            Wanted::Role(role) => {
                let (account, name) = self.owned_account(name)?;
                let (role, told) = (*role, format!("{name} is {} now", a_role(*role)));
                (AccountAct::SetRole { account, role, by }, told)
            }
            Wanted::Remove => {
                let account = self.account_named(name)?;
                let (account, name) = (account.id, &account.name);
                let told = format!("{name} has no account any more, and the name is free");
                (AccountAct::Remove { account, by }, told)
            }
        };
        effects.propose(None, Some(PersonId::HOUSE), Act::Account(act));
        Ok(told)
    }

    /// Why nobody can be given an account of this name, if so.
    fn check_new(&self, name: &Username) -> Result<(), String> {
        let index = self.accounts.find_alike(name);
        if let Some(account) = index.and_then(|it| self.accounts.get(it)) {
            let other = &account.name;
            return Err(match (account.is_owned(), other.has_key_of(name)) {
                (true, true) => format!("{other} has an account already"),
                (true, false) => {
                    format!("{name} looks like {other}, which is somebody's; choose another name")
                }
                (false, _) => format!("{other} is reserved; 'account remove {other}' frees it"),
            });
        }
        match self.roster.is_free(name, None) {
            true => Ok(()),
            false => Err(format!(
                "somebody is in the chat under {name} or a name that looks like it; have them type /register there, or try again when they have left"
            )),
        }
    }

    fn account_named(&self, name: &Username) -> Result<&Account, String> {
        let found = self.accounts.find(name);
        let account = found.and_then(|it| self.accounts.get(it));
        account.ok_or_else(|| format!("{name} has no account; 'account list' shows all"))
    }

    fn owned_account(&self, name: &Username) -> Result<(AccountId, &Username), String> {
        let account = self.account_named(name)?;
        let name = &account.name;
        match account.is_owned() {
            true => Ok((account.id, name)),
            false => Err(format!(
                "{name} is nobody's any more; 'account remove {name}' frees the name"
            )),
        }
    }
}

fn a_role(role: Role) -> &'static str {
    match role {
        Role::Member => "a member",
        Role::Operator => "an operator",
    }
}
