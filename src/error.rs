//! What can go wrong for the embedder, and why a peer leaves.
//!
//! The two never mix: a peer's failure is data, a [`CloseReason`], and never an [`Error`] that stops the server.

use std::fmt;
use std::io;
use std::net::SocketAddr;

/// Why the server cannot start or go on.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// A value of the [`Config`](crate::Config) is out of its range. The sentence says which, and what to do.
    Config(String),
    /// An address could not be listened on.
    Listen {
        /// The address as configured.
        addr: SocketAddr,
        /// The system's reason.
        source: io::Error,
    },
    /// A socket handed over by the embedder cannot be listened on.
    Given(io::Error),
    /// The kernel's event queue failed; no connection can be served.
    Poll(io::Error),
    /// The server behind a [`Handle`](crate::Handle) has as many requests waiting as it takes. Try again later.
    Busy,
    /// The server behind a [`Handle`](crate::Handle) has stopped.
    Stopped,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Config(sentence) => f.write_str(sentence),
            Error::Listen { addr, source } => {
                write!(f, "cannot listen on {addr}: {}", Cause(source))
            }
            Error::Given(source) => {
                write!(f, "cannot listen on a socket given: {}", Cause(source))
            }
            Error::Poll(source) => write!(f, "cannot wait for events: {}", Cause(source)),
            Error::Busy => f.write_str("the server has too many requests waiting; try again later"),
            Error::Stopped => f.write_str("the server has stopped"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Listen { source, .. } | Error::Given(source) | Error::Poll(source) => {
                Some(source)
            }
            Error::Config(_) | Error::Busy | Error::Stopped => None,
        }
    }
}

/// An [`io::Error`] in the system's words alone, without the number that the standard library adds behind them.
struct Cause<'a>(&'a io::Error);

impl fmt::Display for Cause<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.to_string();
        let words = text.split(" (os error ").next().unwrap_or(&text);
        f.write_str(words)
    }
}

/// Why a question of the chat has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unanswered {
    /// As many are asked already as there is room for.
    Busy,
    /// Nobody answers it: the worker could not, or is gone.
    Failed,
    /// No answer came in time.
    Late,
}

/// Why a peer left. Its `Display` is the log's word for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CloseReason {
    /// They typed `/quit`.
    Quit,
    /// They sent FIN: everything they had to say was read.
    EndOfInput,
    /// The connection broke: a reset, or a peer that vanished.
    Broken(io::ErrorKind),
    /// No username within the time for it.
    LoginTimedOut,
    /// No line in a long time.
    IdleTimedOut,
    /// Too many refused usernames.
    TooManyAttempts,
    /// The first bytes were of another protocol.
    WrongProtocol(Protocol),
    /// They read too slowly: what was told to them alone, which is not skipped, came to more than `--send-queue` allows.
    SendQueueFull,
    /// They read nothing at all for a minute while something waited for them.
    Stalled,
    /// They took too long to accept the last of what was owed to them, after their connection had ended.
    CloseTimedOut,
    /// As many connections as the server holds were there already.
    ServerFull,
    /// As many connections as one address may hold were there already.
    TooManyFromAddress,
    /// The program that runs the server sent them away.
    ByOperator,
    /// The server shuts down.
    Shutdown,
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = match self {
            CloseReason::Quit => "quit",
            CloseReason::EndOfInput => "closed the connection",
            CloseReason::Broken(kind) => return write!(f, "connection lost: {kind}"),
            CloseReason::LoginTimedOut => "gave no username in time",
            CloseReason::IdleTimedOut => "silent for too long",
            CloseReason::TooManyAttempts => "too many refused usernames",
            CloseReason::WrongProtocol(protocol) => return write!(f, "spoke {protocol}, not chat"),
            CloseReason::SendQueueFull => "read too slowly, send queue full",
            CloseReason::Stalled => "read nothing for a minute",
            CloseReason::CloseTimedOut => "did not take what was owed before closing",
            CloseReason::ServerFull => "server full",
            CloseReason::TooManyFromAddress => "too many connections from its address",
            CloseReason::ByOperator => "sent away",
            CloseReason::Shutdown => "server shutting down",
        };
        f.write_str(words)
    }
}

/// A protocol that is not spoken here, though some client tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// A web browser, or the like.
    Http,
    /// Anything that begins with encryption.
    Tls,
    /// A secure shell.
    Ssh,
    /// A proxy that tells whom it speaks for.
    Proxy,
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Protocol::Http => "HTTP",
            Protocol::Tls => "TLS",
            Protocol::Ssh => "SSH",
            Protocol::Proxy => "the PROXY protocol",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listen_error_is_one_plain_sentence() {
        let error = Error::Listen {
            addr: "127.0.0.1:8080".parse().unwrap(),
            source: io::Error::from_raw_os_error(98),
        };
        let text = error.to_string();
        assert!(text.starts_with("cannot listen on 127.0.0.1:8080: "));
        assert!(!text.contains("os error"), "{text}");
    }
}
