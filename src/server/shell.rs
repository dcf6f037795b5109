//! Accounts from a shell on this machine: asked of a running server, or changed in the file while no server runs. The same
//! code of the chat decides in both cases.

use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};

use crate::account::{Hashed, InvalidSecret, Role, Secret};
use crate::chat::{Effect, Effects, Journaled, Rules, ShellRequest, Wanted};
use crate::error::Error;
use crate::limits::DRAIN;
use crate::limits::accounts::USER_CHARS;
use crate::moment::Moment;
use crate::name::Username;
use crate::net;
use crate::wire::no_name;
use crate::work::passwords::{NoHash, Passwords};
use crate::work::store::{self, Options, Report, Watch};

use super::handle::{ANSWER_TIMEOUT, Handle};
use super::inbox::Request;
use super::talk::Talk;

/// The name of the socket of a directory by which a running server is asked.
pub const CONTROL: &str = "control";

/// What a shell asks for, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountRequest(ShellRequest);

/// What a shell asks of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountChange<'a> {
    /// To make it, with this password.
    Add(Role, &'a [u8]),
    /// To give it this password.
    Password(&'a [u8]),
    /// To let its owner do more, or less.
    Role(Role),
    /// To remove it, and to free its name.
    Remove,
}

/// What was done, and what tells when the file has it; or why nothing was done.
pub(super) type Done = Result<(String, Option<Watch>), String>;

/// An answer to a request that is told once what was done is handed over to the store.
pub(super) type Told = (SyncSender<Done>, Done);

impl AccountRequest {
    /// Takes a request as typed. `by` is the user of the system who asks. A password is hashed here, and only its hash is
    /// sent.
    ///
    /// # Errors
    ///
    /// A sentence without an end that says what is wrong.
    pub fn new(name: &str, by: &str, change: AccountChange<'_>) -> Result<AccountRequest, String> {
        let without_end = |sentence: String| sentence.trim_end_matches('.').to_string();
        let name = Username::parse(name).map_err(|why| without_end(no_name("A username", why)))?;
        let hash = |password: &[u8]| {
            let invalid = |why: InvalidSecret| without_end(why.to_string());
            let secret = Secret::parse(password, name.as_str()).map_err(invalid)?;
            let hashed = Passwords::new().hash(&secret);
            hashed.map_err(|NoHash| "the system gives no random numbers".to_string())
        };
        let wanted = match change {
            AccountChange::Add(role, password) => Wanted::Add(role, hash(password)?),
            AccountChange::Password(password) => Wanted::Password(hash(password)?),
            AccountChange::Role(role) => Wanted::Role(role),
            AccountChange::Remove => Wanted::Remove,
        };
        let by = user(by);
        Ok(AccountRequest(ShellRequest { name, wanted, by }))
    }

    /// The request in one line, without its end.
    pub fn to_line(&self) -> String {
        let ShellRequest { name, wanted, by } = &self.0;
        match wanted {
            Wanted::Add(role, hash) => {
                format!("add {name} {by} {} {}", role.word(), hash.reveal())
            }
            Wanted::Password(hash) => format!("password {name} {by} {}", hash.reveal()),
            Wanted::Role(role) => format!("role {name} {by} {}", role.word()),
            Wanted::Remove => format!("remove {name} {by}"),
        }
    }

    /// Reads such a line.
    pub fn from_line(line: &str) -> Option<AccountRequest> {
        let words: Vec<&str> = line.split(' ').collect();
        let (&[act, name, by], more) = words.split_first_chunk()?;
        let wanted = match (act, more) {
            ("add", [role, hash]) => Wanted::Add(Role::parse(role)?, Hashed::new(hash)),
            ("password", [hash]) => Wanted::Password(Hashed::new(hash)),
            ("role", [role]) => Wanted::Role(Role::parse(role)?),
            ("remove", []) => Wanted::Remove,
            _ => return None,
        };
        let name = Username::parse(name).ok()?;
        let by = user(by);
        Some(AccountRequest(ShellRequest { name, wanted, by }))
    }
}

/// The name of a user of the system, in a form that breaks no line.
fn user(name: &str) -> Arc<str> {
    let is_plain = |c: char| c.is_ascii_graphic() || c.is_alphanumeric();
    let name: String = name
        .chars()
        .filter(|c| is_plain(*c))
        .take(USER_CHARS)
        .collect();
    match name.is_empty() {
        true => "somebody".into(),
        false => name.into(),
    }
}

impl Handle {
    /// Changes an account as a shell asks for it. Returns a sentence without an end that says what was done, once it is in
    /// the file. The thread that runs the server must not call it.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] with a sentence that says why it cannot be done, [`Error::Busy`] when 64 requests wait already or the
    /// server has not answered after 10 s, [`Error::Stopped`] when the server has ended.
    pub fn account(&self, request: &AccountRequest) -> Result<String, Error> {
        let (asker, answer) = sync_channel(1);
        self.request(Request::Account(request.0.clone(), asker))?;
        let done = answer
            .recv_timeout(ANSWER_TIMEOUT)
            .map_err(|error| match error {
                RecvTimeoutError::Timeout => Error::Busy,
                RecvTimeoutError::Disconnected => Error::Stopped,
            })?;
        let (told, watch) = done.map_err(Error::Config)?;
        match watch.map(|it| it.kept()) {
            Some(Ok(())) => Ok(told),
            _ => Err(Error::Config(format!(
                "{told}, but the disk has not taken it yet"
            ))),
        }
    }
}

impl Talk {
    /// Does what a shell asks for. The answer is told at the end of the tick.
    pub(super) fn shell(&mut self, now: Moment, request: &ShellRequest, asker: SyncSender<Done>) {
        let mut done = Err("the server keeps nothing; give it --data DIR".into());
        if let Some(watch) = self.sink.as_ref().map(|it| it.watch()) {
            self.have(now, |hub, effects| {
                done = hub.shell(request, effects).map(|told| (told, Some(watch)))
            });
        }
        if let Ok((told, _)) = &done {
            log::info!("{told}; done by {}", request.by);
        }
        self.told.push((asker, done));
    }

    /// Tells those who asked from a shell what was done, now that the store has it.
    pub(super) fn tell_shells(&mut self) {
        for (asker, done) in self.told.drain(..) {
            // The thread that asked may have given up.
            drop(asker.try_send(done));
        }
    }
}

/// Changes an account in the file of a directory, while no server uses it. Returns a sentence without an end that says
/// what was done.
///
/// # Errors
///
/// [`store::Error`] if the directory cannot be used, or else a sentence.
pub fn change_account(
    options: &Options,
    request: &AccountRequest,
) -> Result<Result<String, String>, store::Error> {
    let opened = store::open(options, Arc::new(net::now))?;
    // This process has the lock, so nobody listens there.
    drop(std::fs::remove_file(options.dir.join(CONTROL)));
    let mut chat = Journaled::new(Rules::default());
    let loaded = opened.loaded;
    chat.go_on(loaded.seq, loaded.rooms, loaded.house);
    let (now, mut effects) = (net::now(), Effects::default());
    let mut done = Err(String::new());
    chat.with_hub(now, &mut effects, |hub, effects| {
        done = hub.shell(&request.0, effects)
    });
    let mut sink = opened.sink;
    for effect in effects.drain() {
        if let Effect::Keep(it) = effect {
            sink.keep(it);
        }
    }
    sink.hand_over(chat.last());
    sink.stop(now.instant + DRAIN);
    let mut off = None;
    let ended = opened.writer.run(|report| {
        if let Report::Off(why) = report {
            off = Some(why);
        }
    });
    Ok(match done {
        Ok(_) if !ended.is_all => {
            let why = off.unwrap_or_else(|| "the disk is full, or another program holds it".into());
            let dir = options.dir.display();
            Err(format!("{dir} cannot be written: {why}"))
        }
        done => done,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_a_line_and_back() {
        let password = b"correct horse";
        for change in [
            AccountChange::Add(Role::Operator, password),
            AccountChange::Password(password),
            AccountChange::Role(Role::Member),
            AccountChange::Remove,
        ] {
            let request = AccountRequest::new("Ольга", "ro ot\n", change).expect("it is one");
            let line = request.to_line();
            assert!(!line.contains("horse") && !line.contains('\n'), "{line}");
            assert_eq!(AccountRequest::from_line(&line), Some(request));
        }
        for line in [
            "",
            "add",
            "list",
            "add ann root member",
            "role ann root king",
            "remove ann root now",
        ] {
            assert_eq!(AccountRequest::from_line(line), None, "{line}");
        }
    }

    #[test]
    fn what_is_wrong_is_told() {
        let refused = |name, password| {
            let change = AccountChange::Add(Role::Member, password);
            AccountRequest::new(name, "root", change).expect_err("it is wrong")
        };
        assert_eq!(refused("ann", b"short"), "A password has 8 bytes at least");
        assert_eq!(
            refused("ann", b"\xff\xff\xff\xff\xff\xff\xff\xff"),
            "A password is text in UTF-8"
        );
        assert_eq!(
            refused("annabella", b"Annabella"),
            "The name cannot be the password"
        );
        assert!(refused("a b", b"correct horse").starts_with("A username has"));
    }
}
