//! The words about accounts and passwords.

use super::*;
use crate::account::{InvalidSecret, Role};
use crate::error::Unanswered;
use crate::message::{AboutAccount, SecretQuestion};

#[rustfmt::skip]
pub(super) fn at_the_door() -> Vec<Read> {
    use AboutConnection as It;
    let secret = |question, shows| It::Secret { question, shows };
    let back = |last, wrong| It::WelcomeBack {
        name: ann(),
        last,
        wrong,
        wrong_from: Some([192, 0, 2, 7].into()).filter(|_| wrong > 0),
    };
    [
        (secret(SecretQuestion::Login, false), "Password: "),
        (secret(SecretQuestion::Login, true), "Password (it shows as you type): "),
        (secret(SecretQuestion::Present, false), "Password:"),
        (secret(SecretQuestion::New, true), "New password (it shows as you type):"),
        (secret(SecretQuestion::Again, false), "Once more:"),
        (back(None, 0), "Welcome, Ann!\r\nType /help for the list of commands."),
        (
            back(Some(0), 1),
            "Welcome back, Ann! You were last here on 1970-01-01 00:00 (UTC).\r\n\
            1 wrong password since then, last from 192.0.2.7.\r\nType /help for the list of commands.",
        ),
        (It::UsernameOfHouse, "That username is for operators. Choose another."),
        (It::SeatGone, "Your seat is not kept any more. Log in again."),
        (It::PasswordNeeded(ann()), "Ann is a member's name. Type the password to come in."),
        (It::WrongPassword { left: 2 }, "That is not the password. 2 attempts left."),
        (It::WrongPassword { left: 1 }, "That is not the password. 1 attempt left. If you forgot it, whoever runs this server can set a new one."),
        (It::PasswordsTooOften { seconds: 40 }, "Too many attempts. Try again in 40 s."),
        (
            It::PasswordUnanswered(Unanswered::Busy),
            "Many people are coming in. Try again in a few seconds.",
        ),
        (
            It::ForMembers,
            "This server is for members. Give the name of your account, or ask an operator for one.",
        ),
        (It::PasswordChanged, "Your password was changed. Come in again with the new one. Goodbye!"),
        (It::AccountRemoved, "Your account was removed. Goodbye!"),
        (It::Replaced, "You came in from elsewhere. Goodbye!"),
    ]
    .map(|(it, words)| (it.into(), words))
    .into()
}

#[rustfmt::skip]
pub(super) fn about_accounts() -> Vec<Read> {
    use AboutAccount as It;
    let tea = || RoomName::parse("tea").unwrap();
    let nothing = |why: Option<It>| It::NothingChanged {
        why: why.map(Box::new),
        word: "/register",
    };
    let unregistering = |rooms, heir| It::Unregistering { name: ann(), rooms, heir, is_last_operator: false };
    of_answers([
        (It::NoAccounts, "Nobody has an account here: the server keeps none. Ask whoever runs it."),
        (It::Registered(ann()), "Ann is yours from now on."),
        (It::HasAccount(ann()), "You have an account: Ann. Type /password to change its password."),
        (It::RegistrationClosed, "Registration is closed here. Ask an operator for an account."),
        (It::RegistrationLocked, "Nobody can register at the moment: guests are kept out. Try again later."),
        (It::NeedsName, "Choose a name first: /nick NAME."),
        (
            It::TooManyRegistered { seconds: 1200 },
            "Too many names were registered of late. Ask an operator for an account, or try again in 20 minutes.",
        ),
        (It::NameTaken(ann()), "Ann is taken, or looks like a name that is. Choose another."),
        (It::TakesOp("/register"), "A program sends the op register, with its passwords."),
        (It::TypedBehind("/register"), "Type /register alone; you are asked for the password."),
        (
            nothing(Some(It::NoPassword(InvalidSecret::TooShort))),
            "A password has 8 bytes at least. Nothing was changed. Type /register to try again.",
        ),
        (nothing(Some(It::NotTheSame)), "These are two different passwords. Nothing was changed. Type /register to try again."),
        (
            nothing(Some(It::WrongPassword)),
            "That is not the password. Nothing was changed. Type /register to try again.",
        ),
        (
            nothing(Some(It::TooOften { seconds: 7 })),
            "Too many attempts. Try again in 7 s. Nothing was changed. Type /register to try again.",
        ),
        (
            nothing(Some(It::Unanswered(Unanswered::Failed))),
            "Passwords cannot be checked right now. Try again later. Nothing was changed. Type /register to try again.",
        ),
        (nothing(None), "Nothing was changed. Type /register to try again."),
        (It::LateAnswer, "That was not sent, in case it is a password. Type it again to send it."),
        (It::PasswordSet, "You have a new password from now on."),
        (
            unregistering(Vec::new(), None),
            "Your password, your settings and the messages that wait for you will be deleted. What you said stays, and so does the \
            name Ann: nobody else can take it.",
        ),
        (
            unregistering(vec![tea()], Some(bob())),
            "Your password, your settings and the messages that wait for you will be deleted. What you said stays, and so does the \
            name Ann: nobody else can take it. Bob gets #tea.",
        ),
        (It::Unregistered(ann()), "Your account is gone. Nobody else can take the name Ann."),
        (It::NoMember("bo".into()), "Nobody has an account called bo."),
        (It::RoleIs(Role::Operator), "You are an operator now. Type /help for what you can do."),
        (It::RoleIs(Role::Member), "You are no longer an operator."),
    ])
}

#[rustfmt::skip]
pub(super) fn about_absence() -> Vec<Read> {
    use AboutAccount as It;
    of_answers([
        (It::Left(bob()), "Bob is not here. They read it when they come."),
        (It::TooManyWaiting(bob()), "Bob has 100 messages waiting, and that is the most. Not sent."),
        (It::Waiting(2), "-- 2 messages came while you were not here --"),
        (It::WaitingEnd, "-- end --"),
        (
            It::Missed { count: 132, has_more: false },
            "-- 132 lines since you left; /catchup shows them --",
        ),
        (
            It::Missed { count: 200, has_more: true },
            "-- more than 200 lines since you left; /catchup shows them --",
        ),
        (It::NothingMissed, "Nothing was said in this room since you left."),
    ])
}
