//! What can go wrong with Redis, as sentences. None of them shows a URL, since a password may stand in it.

use std::fmt;

/// Why a server cannot join a cluster, or cannot stay in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// The URL of Redis is none. The text says what is wrong with it.
    Url(&'static str),
    /// The name of the server is none.
    Node,
    /// The key of the stream is none.
    Key,
    /// Redis does not answer.
    Away {
        /// Where it should be.
        place: String,
        /// What stands in the way.
        why: String,
    },
    /// Redis refuses this user, or what it is to do.
    Refused {
        /// Where it is.
        place: String,
        /// What it says.
        why: String,
    },
    /// Redis is too old.
    Version {
        /// Where it is.
        place: String,
        /// Its version.
        version: String,
    },
    /// The key is something else than a stream.
    Kind {
        /// The key.
        key: String,
        /// What it is.
        kind: String,
    },
    /// Another server has this name.
    Taken {
        /// The name.
        node: String,
    },
    /// Something in Redis cannot be read.
    Unreadable {
        /// The key.
        key: String,
        /// Which part, and why.
        why: String,
    },
    /// The servers that are there do not answer.
    Unanswered,
    /// An act cannot be written down.
    Unwritable(String),
    /// It was told to stop.
    Stopped,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Url(why) => write!(
                f,
                "{why}; give a URL such as redis://HOST:6379/0, rediss://HOST:6379/0, unix:/PATH or redis+sentinel://HOST:26379/MASTER/0"
            ),
            Error::Node => f.write_str(
                "the name of a server has 1 to 32 letters, digits, '-', '_' or '.'; give another one",
            ),
            Error::Key => f.write_str(
                "the key of a cluster has 1 to 64 letters, digits, '-', '_', '.' or ':'; give another one",
            ),
            Error::Away { place, why } => write!(
                f,
                "Redis at {place} does not answer ({why}); start it, or give another URL"
            ),
            Error::Refused { place, why } => write!(
                f,
                "Redis at {place} refuses this server ({why}); check the user, the password and what they may do"
            ),
            Error::Version { place, version } => write!(
                f,
                "Redis at {place} is of version {version}; update it to 7.0 or later"
            ),
            Error::Kind { key, kind } => write!(
                f,
                "{key} in Redis is a {kind} and no stream; give another key, or delete it"
            ),
            Error::Taken { node } => write!(
                f,
                "another server is called {node}; stop it, or give another name"
            ),
            Error::Unreadable { key, why } => write!(
                f,
                "{key} in Redis cannot be read ({why}); update this server, or give another key"
            ),
            Error::Unanswered => f.write_str(
                "the other servers did not tell what they know within a minute; look at their logs",
            ),
            Error::Unwritable(why) => write!(f, "an act cannot be written into the stream: {why}"),
            Error::Stopped => f.write_str("it was told to stop"),
        }
    }
}

impl std::error::Error for Error {}
