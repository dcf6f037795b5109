//! Passwords: what the client does where one is needed. They are typed unseen, and sent by ops of their own.

use std::mem;
use std::time::Instant;

use crate::account::Secret;

use super::super::keys::Key;
use super::super::masked::Masked;
use super::super::protocol::Op;
use super::super::words::Accounts;
use super::typing::NextEnter;
use super::{Chat, Way};

/// What the passwords are for that are asked for in the chat, and those that were typed already.
#[derive(Debug)]
pub(super) struct Asking {
    command: Accounts,
    typed: Vec<Secret>,
    /// The op was sent under this id, and is not answered.
    sent: Option<String>,
}

impl Chat {
    /// The person has typed a command that needs passwords.
    pub(super) fn begin_asking(&mut self, command: Accounts) {
        let asking = Asking {
            command,
            typed: Vec::new(),
            sent: None,
        };
        self.asking = Some(asking);
        self.ask_next();
    }

    /// Asks for the next password, if one is missing.
    fn ask_next(&mut self) {
        let Some(asking) = &self.asking else {
            return;
        };
        let typed = asking.typed.len();
        if let Some(question) = asking.command.questions().get(typed) {
            self.show_text(question);
            self.masked = Some(Masked::new(false));
        }
    }

    /// Acts on a key while a password is being typed.
    pub(super) fn key_masked(&mut self, key: &Key, mut masked: Masked, now: Instant) {
        match key {
            Key::Enter if masked.at_door && self.way != Way::Connecting => {
                self.password = Some(masked.secret()).filter(|_| !masked.is_empty());
                return self.connect();
            }
            Key::Enter if masked.at_door => return self.submit_password(&masked),
            Key::Enter => return self.submit_masked(&masked),
            Key::Ctrl('c') if masked.at_door => return self.leave_now(now),
            Key::Ctrl('c') => return self.change_nothing("", false),
            Key::Ctrl('d') if masked.is_empty() => return self.leave_now(now),
            Key::Ctrl('z') => self.suspend = true,
            Key::PasteTooLong => self.screen.bell(),
            key => {
                if !masked.edit(key) {
                    self.screen.bell();
                }
            }
        }
        self.masked = Some(masked);
    }

    fn submit_masked(&mut self, masked: &Masked) {
        let Some(asking) = &mut self.asking else {
            return;
        };
        if masked.is_empty() {
            return self.change_nothing("", false);
        }
        asking.typed.push(masked.secret());
        if asking.typed.len() < asking.command.questions().len() {
            return self.ask_next();
        }
        let typed: Vec<Secret> = asking.typed.clone();
        let to = asking.command.heir().map(String::from);
        let id = match (&asking.command, &typed[..]) {
            (Accounts::Register, [new, again]) if new == again => self.send(Op::Register(new), 'a'),
            (Accounts::Password, [old, new, again]) if new == again => {
                self.send(Op::Password { old, new }, 'a')
            }
            (Accounts::Unregister(_), [password]) => {
                let to = to.as_deref();
                self.send(Op::Unregister { password, to }, 'a')
            }
            _ => return self.change_nothing("These are two different passwords. ", true),
        };
        if let Some(asking) = &mut self.asking {
            asking.sent = Some(id);
        }
        self.next_enter = NextEnter::MayBeSecret;
    }

    /// The asking is over. What is typed next may be a password that belonged here.
    fn change_nothing(&mut self, why: &str, may_be_secret: bool) {
        if let Some(asking) = mem::take(&mut self.asking) {
            let word = asking.command.word();
            self.show_text(&format!(
                "{why}Nothing was changed. Type {word} to try again."
            ));
        }
        if may_be_secret {
            self.next_enter = NextEnter::MayBeSecret;
        }
    }

    /// The server has answered. If it has taken a new password, we come back with that.
    pub(super) fn note_password(&mut self, re: Option<&str>, is_granted: bool) {
        let sent = self.asking.as_ref().and_then(|it| it.sent.as_deref());
        if sent.is_none() || sent != re {
            return;
        }
        let asking = self.asking.take();
        if let (Some(mut asking), true) = (asking, is_granted) {
            self.next_enter = NextEnter::Nothing;
            self.password = match asking.command {
                Accounts::Unregister(_) => None,
                Accounts::Register | Accounts::Password => asking.typed.pop(),
            };
        }
    }
}
