//! `Rules`: what the operator has set for the chat.

use std::time::Duration;

use crate::account::Accounts;
use crate::limits::{CLIENTS, HISTORY_LINES};
use crate::moment::Offset;
use crate::network::Networks;
use crate::token::Token;

/// How long a seat is kept whose connection is lost. Zero: it is not kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Keeping {
    /// That of a guest.
    pub guests: Duration,
    /// That of a member.
    pub members: Duration,
}

/// The operator's settings for the chat.
#[derive(Debug, Clone)]
pub struct Rules {
    /// No login: people are named by their address.
    pub anonymous: bool,
    /// Time in which a newcomer must give a username. `None`: no limit.
    pub login_timeout: Option<Duration>,
    /// Time after which a person who has typed nothing is dropped. `None`: no limit.
    pub idle_timeout: Option<Duration>,
    /// Lines that each room keeps.
    pub history: usize,
    /// How long a seat is kept whose connection is lost.
    pub keep: Keeping,
    /// The most people who have a connection. Those whose seats are kept are a quarter of that at most.
    pub clients: usize,
    /// Makes a token by which a program takes its seat again. `None`: there are none, or none can be made now.
    pub token: fn() -> Option<Token>,
    /// Whether people have accounts. They need a file.
    pub accounts: Accounts,
    /// Whether guests may register.
    pub is_registration_open: bool,
    /// Addresses that are those of proxies, which many people share.
    pub shared: Networks,
    /// Tells programs which numbers are of the same life of the server: no two lives have the same.
    pub journal: u64,
    /// Looks up how far ahead the clocks of a named time zone are, at a time in seconds since 1970-01-01 00:00 UTC.
    /// `None`: zones have no names here.
    pub zones: Option<fn(&str, i64) -> Option<Offset>>,
}

impl Default for Rules {
    fn default() -> Rules {
        Rules {
            anonymous: false,
            login_timeout: None,
            idle_timeout: None,
            history: HISTORY_LINES,
            keep: Keeping::default(),
            clients: CLIENTS,
            token: || None,
            accounts: Accounts::On,
            is_registration_open: true,
            shared: Networks::default(),
            journal: 0,
            zones: None,
        }
    }
}
