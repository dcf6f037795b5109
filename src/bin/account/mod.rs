//! `server account`: accounts from a shell. A server that runs is asked; else the file is changed.

mod password;

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use chinwag::Role;
use chinwag::store::{self, AccountChange, AccountRequest};
use getopts::Matches;

use crate::args;
use crate::command_line::run_task;
use crate::control;
use crate::data;
use crate::keeping;

const HELP: &str = "\
Looks after the accounts of a server, while it runs or not.

server account add NAME [ROLE]   makes an account, as member or operator  [member]
server account password NAME     sets another password; whoever came in by the old one is sent away
server account role NAME ROLE    makes a member an operator, or an operator a member
server account remove NAME       removes an account, and frees its name
server account list              lists all accounts, and the names that are reserved

      --data DIR    the directory, as the server has it    [CHAT_DATA]
  -h, --help    -V, --version

A password is asked for twice, and not shown. From a pipe it is read once, up to the end of the first line.

Exit status: 0 when it is done; 1 when it cannot be done, and nothing was changed; 2 for a wrong command line.
";

/// What to do, and with which directory.
struct Task {
    act: Act,
    dir: PathBuf,
}

enum Act {
    Add(String, Role),
    Password(String),
    Role(String, Role),
    Remove(String),
    List,
}

/// Does what the command line says, and tells the outcome.
pub(crate) fn run(args: impl Iterator<Item = OsString>) -> ExitCode {
    run_task("account", HELP, args, task, Task::run)
}

fn task(matches: &Matches) -> Result<Task, String> {
    const ACTS: &str = "account takes add, password, role, list or remove";
    let words: Vec<&str> = matches.free.iter().map(String::as_str).collect();
    let act = match words[..] {
        [] => return Err(ACTS.into()),
        ["add", name] => Act::Add(name.into(), Role::Member),
        ["add", name, word] => Act::Add(name.into(), role(word)?),
        ["password", name] => Act::Password(name.into()),
        ["role", name, word] => Act::Role(name.into(), role(word)?),
        ["remove", name] => Act::Remove(name.into()),
        ["list"] => Act::List,
        [act @ ("add" | "password" | "role" | "remove")] => {
            return Err(format!("account {act} takes a name"));
        }
        ["role", _] => return Err("account role takes a name, and member or operator".into()),
        ["list", extra, ..]
        | ["password" | "remove", _, extra, ..]
        | ["add" | "role", _, _, extra, ..] => {
            return Err(format!("unexpected argument '{extra}'"));
        }
        [other, ..] => return Err(format!("{ACTS}, not '{other}'")),
    };
    match keeping::directory(matches)? {
        Some(dir) => Ok(Task {
            act,
            dir: dir.into(),
        }),
        None => Err(format!(
            "account {} needs a directory; give --data DIR",
            words[0]
        )),
    }
}

fn role(word: &str) -> Result<Role, String> {
    Role::parse(word).ok_or_else(|| format!("a role is member or operator, not '{word}'"))
}

impl Task {
    /// Does it. Returns text with a line end, or a sentence without one if it cannot be done.
    fn run(&self) -> Result<String, String> {
        keeping::check_kind(&self.dir)?;
        let (name, password) = match &self.act {
            Act::List => {
                let rows = store::list_accounts(&self.dir);
                return rows.map_err(|why| keeping::sentence(&why));
            }
            Act::Add(name, _) | Act::Password(name) => (name, password::read()?),
            Act::Role(name, _) | Act::Remove(name) => (name, Vec::new()),
        };
        let change = match &self.act {
            Act::Add(_, role) => AccountChange::Add(*role, &password),
            Act::Password(_) => AccountChange::Password(&password),
            Act::Role(_, role) => AccountChange::Role(*role),
            Act::Remove(_) | Act::List => AccountChange::Remove,
        };
        let request = AccountRequest::new(name, &user(), change)?;
        let done = match control::ask(&self.dir, &request) {
            Some(done) => done?,
            None => self.change(&request)?,
        };
        Ok(format!("{done}.\n"))
    }

    /// Changes the file itself.
    fn change(&self, request: &AccountRequest) -> Result<String, String> {
        let dir: &Path = &self.dir;
        let options = store::Options {
            dir: dir.into(),
            is_durable: true,
            keep: None,
            may_be_network: true,
            lines: 1,
        };
        let done = store::change_account(&options, request);
        let done = done.map_err(|why| keeping::sentence(&why))?;
        data::give_to_owner(dir).map_err(|why| {
            let (dir, why) = (dir.display(), args::cause(&why));
            format!("the files of {dir} cannot be given to its owner: {why}")
        })?;
        done
    }
}

/// The user of the system who runs this: their name, or else their number.
fn user() -> String {
    let uid = rustix::process::getuid().as_raw().to_string();
    let named = ["SUDO_USER", "USER"].map(|it| env::var(it).ok());
    let named = named.into_iter().flatten().find(|it| !it.is_empty());
    let listed = || name_of(&uid, &std::fs::read_to_string("/etc/passwd").ok()?);
    named
        .or_else(listed)
        .unwrap_or_else(|| format!("uid-{uid}"))
}

/// The name of a user in a list such as /etc/passwd (passwd(5)).
fn name_of(uid: &str, users: &str) -> Option<String> {
    let mut users = users.lines().map(|it| it.split(':'));
    users.find_map(|mut it| {
        let name = it.next()?;
        (it.nth(1) == Some(uid)).then(|| name.into())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_found_by_number() {
        let users = "root:x:0:0:root:/root:/bin/sh\nann:x:1000:100::/home/ann:/bin/sh\n";
        assert_eq!(name_of("0", users).as_deref(), Some("root"));
        assert_eq!(name_of("1000", users).as_deref(), Some("ann"));
        assert_eq!(name_of("100", users), None);
    }
}
