//! The words of answers about accounts, and of questions for passwords.

use crate::account::Role;
use crate::error::Unanswered;
use crate::limits::accounts::MESSAGES_WAITING;
use crate::message::{AboutAccount, SecretQuestion};
use crate::name::{RoomName, Username};

use super::names;

pub(super) fn words(about: &AboutAccount) -> String {
    match about {
        AboutAccount::NoAccounts => {
            "Nobody has an account here: the server keeps none. Ask whoever runs it.".into()
        }
        AboutAccount::Registered(name) => format!("{name} is yours from now on."),
        AboutAccount::HasAccount(name) => {
            format!("You have an account: {name}. Type /password to change its password.")
        }
        AboutAccount::RegistrationClosed => {
            "Registration is closed here. Ask an operator for an account.".into()
        }
        AboutAccount::RegistrationLocked => {
            "Nobody can register at the moment: guests are kept out. Try again later.".into()
        }
        AboutAccount::NeedsName => "Choose a name first: /nick NAME.".into(),
        AboutAccount::TooManyRegistered { seconds } => too_many_registered(*seconds),
        AboutAccount::NameTaken(name) => {
            format!("{name} is taken, or looks like a name that is. Choose another.")
        }
        AboutAccount::TypedBehind(word) => {
            format!("Type {word} alone; you are asked for the password.")
        }
        AboutAccount::TakesOp(word) => {
            let op = word.trim_start_matches('/');
            format!("A program sends the op {op}, with its passwords.")
        }
        AboutAccount::NoPassword(why) => why.to_string(),
        AboutAccount::NotTheSame => "These are two different passwords.".into(),
        AboutAccount::WrongPassword => "That is not the password.".into(),
        AboutAccount::TooOften { seconds } => too_often(*seconds),
        AboutAccount::Unanswered(why) => unanswered(*why).into(),
        AboutAccount::NothingChanged { why, word } => {
            let why = why.as_ref().map(|it| words(it) + " ").unwrap_or_default();
            format!("{why}Nothing was changed. Type {word} to try again.")
        }
        AboutAccount::LateAnswer => {
            "That was not sent, in case it is a password. Type it again to send it.".into()
        }
        AboutAccount::PasswordSet => "You have a new password from now on.".into(),
        AboutAccount::Unregistering { .. } => warned(about),
        AboutAccount::Unregistered(name) => {
            format!("Your account is gone. Nobody else can take the name {name}.")
        }
        AboutAccount::NoMember(typed) => format!("Nobody has an account called {typed}."),
        AboutAccount::RoleIs(role) => role_is(*role).into(),
        AboutAccount::Left(name) => format!("{name} is not here. They read it when they come."),
        AboutAccount::TooManyWaiting(name) => too_many_waiting(name),
        AboutAccount::Waiting(count) => waiting(*count),
        AboutAccount::WaitingEnd => "-- end --".into(),
        AboutAccount::Missed { count, has_more } => missed(*count, *has_more),
        AboutAccount::NothingMissed => "Nothing was said in this room since you left.".into(),
    }
}

fn too_many_registered(seconds: u64) -> String {
    let wait = wait(seconds);
    format!(
        "Too many names were registered of late. Ask an operator for an account, or try again in {wait}."
    )
}

fn role_is(role: Role) -> &'static str {
    match role {
        Role::Operator => "You are an operator now. Type /help for what you can do.",
        Role::Member => "You are no longer an operator.",
    }
}

fn too_many_waiting(name: &Username) -> String {
    format!("{name} has {MESSAGES_WAITING} messages waiting, and that is the most. Not sent.")
}

fn waiting(count: usize) -> String {
    match count {
        1 => "-- 1 message came while you were not here --".into(),
        count => format!("-- {count} messages came while you were not here --"),
    }
}

fn missed(count: usize, has_more: bool) -> String {
    match (count, has_more) {
        (1, false) => "-- 1 line since you left; /catchup shows it --".into(),
        (count, true) => {
            format!("-- more than {count} lines since you left; /catchup shows them --")
        }
        (count, false) => format!("-- {count} lines since you left; /catchup shows them --"),
    }
}

/// What somebody reads at the door who wants a name that is somebody's.
pub(super) fn needed(name: &Username) -> String {
    format!("{name} is a member's name. Type the password to come in.")
}

/// What somebody reads at the door whose password was wrong.
pub(super) fn wrong(left: u8) -> String {
    match left {
        1 => "That is not the password. 1 attempt left. If you forgot it, whoever runs this server can set a new one.".into(),
        left => format!("That is not the password. {left} attempts left."),
    }
}

const LAST_OPERATOR: &str = "You are the last operator: nobody will keep order here before whoever runs the server makes another one. ";

/// What unregistering does. Nothing else has words here.
fn warned(about: &AboutAccount) -> String {
    let AboutAccount::Unregistering {
        name,
        rooms,
        heir,
        is_last_operator,
    } = about
    else {
        return String::new();
    };
    let warning = if *is_last_operator { LAST_OPERATOR } else { "" };
    warning.to_string() + &unregistering(name, rooms, heir.as_ref())
}

fn unregistering(name: &Username, rooms: &[RoomName], heir: Option<&Username>) -> String {
    let gone = format!(
        "Your password, your settings and the messages that wait for you will be deleted. What you said stays, and so does the name {name}: nobody else can take it."
    );
    if rooms.is_empty() {
        return gone;
    }
    let rooms = names(rooms.iter().map(RoomName::to_string).collect());
    match heir {
        Some(heir) => format!("{gone} {heir} gets {rooms}."),
        None => format!(
            "{gone} The member whom you have trusted the longest gets {rooms}, or else the operators; /unregister to NAME gives them to somebody."
        ),
    }
}

/// A question for a password, without a line end.
pub(super) fn question(question: SecretQuestion) -> &'static str {
    match question {
        SecretQuestion::Login | SecretQuestion::Present => "Password",
        SecretQuestion::New => "New password",
        SecretQuestion::Again => "Once more",
    }
}

/// That passwords are tried too often.
pub(super) fn too_often(seconds: u64) -> String {
    format!("Too many attempts. Try again in {}.", wait(seconds))
}

/// Why it could not be found out whether a password is right.
pub(super) fn unanswered(why: Unanswered) -> &'static str {
    match why {
        Unanswered::Busy => "Many people are coming in. Try again in a few seconds.",
        Unanswered::Failed => "Passwords cannot be checked right now. Try again later.",
        Unanswered::Late => "That took too long and was given up. Try again later.",
    }
}

fn wait(seconds: u64) -> String {
    match seconds {
        0..=119 => format!("{seconds} s"),
        _ => format!("{} minutes", seconds.div_ceil(60)),
    }
}
