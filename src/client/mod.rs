//! The terminal client, for a person who types all day, and for a script that pipes lines into it. One thread, one poll
//! over the socket, the input and the signals.
//!
//! It speaks the machine protocol: objects come from the server, and ops go to it. Nothing is read out of text.
//!
//! The parts that decide know no terminal and no socket: `keys` (bytes to keys), `editor` (the line being typed),
//! `search` (a line typed before), `masked` (a password being typed), `layout`, `shown`, `wrap` and `screen` (what to
//! draw), `protocol` (bytes to facts, ops to bytes), `style`, `sentences` and `clock` (how facts are shown), `words`
//! (the meaning of a typed line), `complete`, `ids`, `outgoing` (what was sent and is not confirmed), `world` (the
//! rooms and people that there are), `standing` (where we want to be), `position` (what was read), `status` (what is
//! unread), `bell`, `liveness` and `backoff` (when to give a server up, and when to come back), `trust` (which servers
//! to trust by TLS), and `link::race` (which address to try when). Around them stand `link` (the way to the server),
//! `network` (whether that may be another one now), `terminal`, `history`, and the two loops: `interactive` with its
//! `chat` for a person at a terminal, `pipe` for everything else.

mod backoff;
mod bell;
mod chat;
mod clock;
mod complete;
#[cfg(any(test, fuzzing))]
pub mod desk;
mod editor;
mod history;
mod ids;
mod interactive;
mod keys;
mod layout;
mod link;
mod liveness;
mod masked;
mod network;
mod outgoing;
mod pipe;
mod position;
mod protocol;
mod screen;
mod search;
mod sentences;
mod shown;
mod standing;
mod status;
mod style;
mod terminal;
mod trust;
mod words;
mod world;
mod wrap;

use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP};

use crate::account::Secret;

pub use trust::{NoTrust, Trust};

use link::Target;

/// What the command line and the environment ask for.
#[derive(Debug, Clone)]
pub struct Config {
    /// The server's name or address; an IPv6 address may stand in brackets.
    pub host: String,
    /// The server's port.
    pub port: u16,
    /// The certificates to trust, if the server is to speak TLS.
    pub tls: Option<Trust>,
    /// The username; if there is none, the client asks for it.
    pub name: Option<String>,
    /// The password, if the username is somebody's.
    pub password: Option<Secret>,
    /// Whether colours may be used at a terminal.
    pub color: bool,
    /// Whether lines are shown with the local time.
    pub time: bool,
    /// Whether to connect again when the connection is lost.
    pub reconnect: bool,
    /// Whether a pipe says its lines as they are, whatever they begin with.
    pub raw: bool,
    /// Whether the terminal can be drawn on. If not, it counts as a pipe with a person at its end.
    pub drawing: bool,
    /// The members of [`SIGNALS`] that were not ignored when the program began. The others stay ignored.
    pub signals: Vec<i32>,
}

/// The signals that end the client at a terminal. The last one stops it.
pub const SIGNALS: [i32; 5] = [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP];

impl Config {
    fn target(&self) -> Target {
        let host = self.host.trim();
        let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
        Target {
            host: bare.unwrap_or(host).into(),
            port: self.port,
            tls: self.tls.clone(),
        }
    }
}

/// How the client ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The exit status.
    pub status: Status,
    /// One line that says why it ended, and what to do.
    pub reason: Option<String>,
}

/// The exit status, in the words of the manual.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// The person left.
    Left,
    /// The server closed the connection, it was lost, or it leads to a room other than the one that the input was meant
    /// for.
    Closed,
    /// The input could not be read, or the output could not be written.
    Failed,
    /// There was no way to the server.
    Unreachable,
    /// The server did not take the name.
    Refused,
    /// A signal ended the client; the process should end by it too.
    Signal(i32),
}

impl Outcome {
    fn left() -> Outcome {
        Outcome {
            status: Status::Left,
            reason: None,
        }
    }

    fn because(status: Status, reason: impl Into<String>) -> Outcome {
        let reason = Some(reason.into());
        Outcome { status, reason }
    }
}

/// Chats until the person leaves, the input ends, or the server is gone for good.
///
/// # Errors
///
/// When the terminal or the system's event queue fails.
pub fn run(config: &Config) -> io::Result<Outcome> {
    if terminal::is_terminal() && config.drawing {
        interactive::run(config)
    } else {
        pipe::run(config)
    }
}

/// An unpredictable number, for spreading attempts.
fn chance() -> u64 {
    RandomState::new().build_hasher().finish()
}

#[cfg(test)]
mod tests;
