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
    /// A value of the [`Config`](crate::Config) is out of its range. The sentence names the value and the remedy.
    Config(String),
    /// The server cannot listen on an address.
    Listen {
        /// The address as configured.
        addr: SocketAddr,
        /// The system's reason.
        source: io::Error,
    },
    /// The server cannot listen on a socket that the embedder gave it.
    Given(io::Error),
    /// The kernel's event queue failed; no connection can be served.
    Poll(io::Error),
    /// The server cannot be one of several, or no longer. The sentence says why.
    Cluster(String),
    /// The server behind a [`Handle`](crate::Handle) already has as many requests waiting as it takes. Try again later.
    Busy,
    /// The server behind a [`Handle`](crate::Handle) has stopped.
    Stopped,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Config(sentence) | Error::Cluster(sentence) => f.write_str(sentence),
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
            Error::Config(_) | Error::Cluster(_) | Error::Busy | Error::Stopped => None,
        }
    }
}

/// An [`io::Error`] in the system's words alone, without the number that the standard library appends.
struct Cause<'a>(&'a io::Error);

impl fmt::Display for Cause<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.to_string();
        let words = text.split(" (os error ").next().unwrap_or(&text);
        f.write_str(words)
    }
}

/// Why a question from the chat has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unanswered {
    /// The queue of questions is full.
    Busy,
    /// The worker failed to answer, or no longer exists.
    Failed,
    /// No answer came in time.
    Late,
}

/// Why a peer left. Its `Display` is the log's word for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "cluster", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "cluster",
    serde(rename_all = "snake_case", deny_unknown_fields)
)]
pub enum CloseReason {
    /// They typed `/quit`.
    Quit,
    /// They sent FIN. Everything that they had sent was read.
    EndOfInput,
    /// The connection broke: it was reset, or the peer vanished.
    Broken(#[cfg_attr(feature = "cluster", serde(with = "kind"))] io::ErrorKind),
    /// They gave no username in time.
    LoginTimedOut,
    /// They typed no line for a long time.
    IdleTimedOut,
    /// They gave too many usernames that were refused.
    TooManyAttempts,
    /// Their handshake of TLS failed, or they broke its rules later.
    TlsFailed,
    /// Their handshake of TLS took too long.
    TlsTimedOut,
    /// They came in plain text, and the server takes TLS only.
    NoTls,
    /// Their first bytes were of another protocol.
    WrongProtocol(Protocol),
    /// They broke the rules of WebSocket.
    BrokeProtocol,
    /// They sent a request of HTTP, and were answered.
    Answered,
    /// They came from the address of a proxy, which did not tell on whose behalf.
    NoProxyHeader(ProxyFault),
    /// They read too slowly: the messages to them alone, which are never skipped, exceeded what `--send-queue` allows.
    SendQueueFull,
    /// They read nothing at all for a minute while output waited for them.
    Stalled,
    /// They took too long to accept the last of their output after their connection had ended.
    CloseTimedOut,
    /// The server already held as many connections as it may.
    ServerFull,
    /// The address already held as many connections as one address may.
    TooManyFromAddress,
    /// The program that runs the server dismissed them.
    ByOperator,
    /// They were kicked.
    Kicked,
    /// They are banned.
    Banned,
    /// They came in from elsewhere, and took their seat along.
    Replaced,
    /// Their account, or its password, is another one now.
    AccountChanged,
    /// They lost the connection, and did not come back while their seat was kept.
    LinkLost,
    /// The server was shutting down.
    Shutdown,
}

impl CloseReason {
    /// The reason in one word, without what differs from case to case.
    pub(crate) fn label(self) -> &'static str {
        match self {
            CloseReason::Quit => "quit",
            CloseReason::EndOfInput => "end_of_input",
            CloseReason::Broken(_) => "broken",
            CloseReason::LoginTimedOut => "login_timed_out",
            CloseReason::IdleTimedOut => "idle_timed_out",
            CloseReason::TooManyAttempts => "too_many_attempts",
            CloseReason::TlsFailed => "tls_failed",
            CloseReason::TlsTimedOut => "tls_timed_out",
            CloseReason::NoTls => "no_tls",
            CloseReason::WrongProtocol(_) => "wrong_protocol",
            CloseReason::BrokeProtocol => "broke_protocol",
            CloseReason::Answered => "answered",
            CloseReason::NoProxyHeader(_) => "no_proxy_header",
            CloseReason::SendQueueFull => "send_queue_full",
            CloseReason::Stalled => "stalled",
            CloseReason::CloseTimedOut => "close_timed_out",
            CloseReason::ServerFull => "server_full",
            CloseReason::TooManyFromAddress => "too_many_from_address",
            CloseReason::ByOperator => "by_operator",
            CloseReason::Kicked => "kicked",
            CloseReason::Banned => "banned",
            CloseReason::Replaced => "replaced",
            CloseReason::AccountChanged => "account_changed",
            CloseReason::LinkLost => "link_lost",
            CloseReason::Shutdown => "shutdown",
        }
    }
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = match self {
            CloseReason::Quit => "quit",
            CloseReason::EndOfInput => "closed the connection",
            CloseReason::Broken(kind) => return write!(f, "connection lost: {kind}"),
            CloseReason::LoginTimedOut => "gave no username in time",
            CloseReason::IdleTimedOut => "silent for too long",
            CloseReason::TooManyAttempts => "too many refused names or passwords",
            CloseReason::WrongProtocol(protocol) => return write!(f, "spoke {protocol}, not chat"),
            CloseReason::BrokeProtocol => "broke the rules of WebSocket",
            CloseReason::Answered => "was answered a request",
            CloseReason::NoProxyHeader(fault) => return write!(f, "sent {fault}"),
            CloseReason::TlsFailed => "TLS failed",
            CloseReason::TlsTimedOut => "TLS took too long to begin",
            CloseReason::NoTls => "came without TLS",
            CloseReason::SendQueueFull => "read too slowly, send queue full",
            CloseReason::Stalled => "read nothing for a minute",
            CloseReason::CloseTimedOut => "did not take what was owed before closing",
            CloseReason::ServerFull => "server full",
            CloseReason::TooManyFromAddress => "too many connections from its address",
            CloseReason::ByOperator => "sent away",
            CloseReason::Kicked => "kicked",
            CloseReason::Banned => "banned",
            CloseReason::Replaced => "came in from elsewhere",
            CloseReason::AccountChanged => "account changed",
            CloseReason::LinkLost => "did not come back in time",
            CloseReason::Shutdown => "server shutting down",
        };
        f.write_str(words)
    }
}

/// A protocol that some clients try but that the server does not speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "cluster", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "cluster",
    serde(rename_all = "snake_case", deny_unknown_fields)
)]
pub enum Protocol {
    /// A web browser, or the like.
    Http,
    /// Any protocol that begins with encryption.
    Tls,
    /// A secure shell.
    Ssh,
    /// A proxy that tells the server whom it connects.
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

/// Why it is not known on whose behalf a proxy connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "cluster", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "cluster",
    serde(rename_all = "snake_case", deny_unknown_fields)
)]
pub enum ProxyFault {
    /// Something else came in place of the header of the PROXY protocol, or nothing before the end.
    Missing,
    /// The header was not there in time.
    Late,
    /// There is a header, but it is not a valid one.
    Broken,
}

impl fmt::Display for ProxyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ProxyFault::Missing => "no PROXY header",
            ProxyFault::Late => "no PROXY header in time",
            ProxyFault::Broken => "a PROXY header that is not valid",
        })
    }
}

/// Kinds of errors as other servers read them. Only logs tell them apart, so a kind without a word here is another one.
#[cfg(feature = "cluster")]
mod kind {
    use std::io::ErrorKind;

    use serde::{Deserialize, Deserializer, Serializer};

    /// Those that break connections.
    const WORDS: [(ErrorKind, &str); 13] = [
        (ErrorKind::ConnectionReset, "reset"),
        (ErrorKind::ConnectionAborted, "aborted"),
        (ErrorKind::ConnectionRefused, "refused"),
        (ErrorKind::BrokenPipe, "broken_pipe"),
        (ErrorKind::NotConnected, "not_connected"),
        (ErrorKind::TimedOut, "timed_out"),
        (ErrorKind::HostUnreachable, "host_unreachable"),
        (ErrorKind::NetworkUnreachable, "network_unreachable"),
        (ErrorKind::NetworkDown, "network_down"),
        (ErrorKind::UnexpectedEof, "unexpected_eof"),
        (ErrorKind::InvalidData, "invalid_data"),
        (ErrorKind::OutOfMemory, "out_of_memory"),
        (ErrorKind::PermissionDenied, "permission_denied"),
    ];

    const OTHER: &str = "other";

    pub(super) fn serialize<S: Serializer>(it: &ErrorKind, to: S) -> Result<S::Ok, S::Error> {
        let word = WORDS.iter().find(|(kind, _)| kind == it);
        to.serialize_str(word.map_or(OTHER, |(_, word)| word))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<ErrorKind, D::Error> {
        let text = String::deserialize(from)?;
        let kind = WORDS.iter().find(|(_, word)| *word == text);
        Ok(kind.map_or(ErrorKind::Other, |(kind, _)| *kind))
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
