//! `Link`: the way to the server, from a host's name to an open socket. It knows bytes and addresses, but nothing of
//! the conversation.

mod lookup;
mod race;
mod stream;

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Interest, Registry, Token, Waker};
use socket2::SockRef;

use crate::net::options::{give_up_vanished_peers, set_user_timeout};

use super::trust::Trust;

use lookup::Lookup;
use race::Race;
use stream::Stream;

/// How long the resolver may take to find the addresses of a host. A resolver that has lost its servers takes 10 s and
/// more for each way to complete a name.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a server that accepted the connection may take to let us in, or to ask for a name that the person must
/// still give.
pub(super) const GREETING_TIMEOUT: Duration = Duration::from_secs(10);

/// From this many waiting bytes on, callers should send no more.
pub(super) const SEND_BYTES: usize = 64 * 1024;

/// The most bytes that may wait: the longest line after [`SEND_BYTES`], and much room for answers to a server that asks
/// again and again but does not read them.
const QUEUE_BYTES: usize = 4 * 1024 * 1024;

/// Where the server is.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub(super) host: String,
    pub(super) port: u16,
    /// The certificates to trust, if it is to speak TLS.
    pub(super) tls: Option<Trust>,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// An event on the way.
#[derive(Debug)]
pub(super) enum LinkEvent {
    /// No address of the host could be reached. The sentence says why, and what to do.
    Unreachable(String),
    /// The caller's buffer holds this many bytes from the server.
    Received(usize),
    /// The connection has ended. The words say how.
    Lost(String),
}

#[derive(Debug)]
enum State {
    Idle,
    /// The resolver is looking up the addresses of the host, until then.
    Resolving(Instant),
    /// Boxed, as it is large and short-lived.
    Connecting(Box<Race<TcpStream>>),
    Open {
        stream: Stream,
        /// The server must have let us in by then, the handshake of TLS included; `None` once it has.
        greeting: Option<Instant>,
        /// Bytes have come.
        heard: bool,
        readable: bool,
        /// Why no more can be written, if that is so.
        broken: Option<io::Error>,
    },
}

/// The way to the server.
#[derive(Debug)]
pub(super) struct Link {
    registry: Registry,
    /// The token of the first attempt to connect. Each further attempt has the next one.
    base: Token,
    waker: Arc<Waker>,
    target: Target,
    state: State,
    lookup: Lookup,
    /// The bytes that wait to be sent, from `sent` on.
    queue: Vec<u8>,
    sent: usize,
}

impl Link {
    /// A link that has not begun. Events of its sockets come with `base` and the [`ADDRESSES`](race::ADDRESSES) tokens
    /// from there on; the waker is for this link alone.
    pub(super) fn new(
        registry: Registry,
        base: Token,
        waker_token: Token,
        target: Target,
    ) -> io::Result<Link> {
        let waker = Arc::new(Waker::new(&registry, waker_token)?);
        Ok(Link {
            registry,
            base,
            waker,
            target,
            state: State::Idle,
            lookup: Lookup::default(),
            queue: Vec::new(),
            sent: 0,
        })
    }

    /// Starts to connect.
    pub(super) fn start(&mut self, now: Instant) -> Option<LinkEvent> {
        self.close();
        let Target { host, port, .. } = self.target.clone();
        if let Ok(ip) = host.parse::<IpAddr>() {
            return self.race(vec![SocketAddr::new(ip, port)], now);
        }
        let find = move || {
            (host.as_str(), port)
                .to_socket_addrs()
                .map(Iterator::collect)
        };
        let waker = self.waker.clone();
        let wake = move || drop(waker.wake());
        match self.lookup.begin(find, wake) {
            Ok(()) => {
                self.state = State::Resolving(now + LOOKUP_TIMEOUT);
                None
            }
            Err(error) => Some(LinkEvent::Unreachable(cause(&error))),
        }
    }

    /// Acts on an event of the waker.
    pub(super) fn resolved(&mut self, now: Instant) -> Option<LinkEvent> {
        // An answer that came too late is taken too: the next question starts anew.
        let found = self.lookup.take()?;
        let State::Resolving(_) = self.state else {
            return None;
        };
        match found {
            Ok(addrs) if !addrs.is_empty() => self.race(addrs, now),
            Ok(_) => {
                let host = &self.target.host;
                self.fail(format!("the host '{host}' has no address. Check --host"))
            }
            Err(error) => self.not_found(&cause(&error)),
        }
    }

    /// Acts on an event of the socket with this token. Reading is a separate call.
    pub(super) fn ready(&mut self, token: Token, now: Instant) -> Option<LinkEvent> {
        match &mut self.state {
            State::Connecting(_) => {
                let number = token.0.checked_sub(self.base.0)?;
                self.finish_connecting(number, now)
            }
            State::Open { readable, .. } => {
                *readable = true;
                self.flush();
                None
            }
            State::Idle | State::Resolving(_) => None,
        }
    }

    /// Acts on what is due by now.
    pub(super) fn handle_timeout(&mut self, now: Instant) -> Option<LinkEvent> {
        if self.next_timeout().is_none_or(|due| now < due) {
            return None;
        }
        match self.state {
            State::Idle => None,
            State::Resolving(_) => {
                let seconds = LOOKUP_TIMEOUT.as_secs();
                self.not_found(&format!("no answer within {seconds} s"))
            }
            State::Connecting(_) => self.advance(now),
            State::Open {
                ref stream, heard, ..
            } => {
                let (silence, way_out) = match (stream.is_handshaking(), heard) {
                    (true, _) => ("did not begin TLS within", ", or connect without TLS"),
                    (_, true) => ("said nothing that a chat server says to a program for", ""),
                    _ => ("said nothing for", ""),
                };
                self.fail(format!(
                    "{} took the connection but {silence} {} s. Check --port{way_out}",
                    self.target,
                    GREETING_TIMEOUT.as_secs()
                ))
            }
        }
    }

    /// When to call [`handle_timeout`](Self::handle_timeout) next.
    pub(super) fn next_timeout(&self) -> Option<Instant> {
        match &self.state {
            State::Idle => None,
            State::Resolving(by) => Some(*by),
            State::Connecting(race) => race.next_timeout(),
            State::Open { greeting, .. } => *greeting,
        }
    }

    /// Whether [`receive`](Self::receive) may have bytes.
    pub(super) fn is_readable(&self) -> bool {
        matches!(&self.state, State::Open { readable: true, .. })
    }

    /// Reads once.
    pub(super) fn receive(&mut self, buffer: &mut [u8]) -> Option<LinkEvent> {
        let State::Open {
            stream,
            heard,
            readable,
            broken,
            ..
        } = &mut self.state
        else {
            return None;
        };
        let was_handshaking = stream.is_handshaking();
        let error = match stream.read(buffer) {
            // An error is reported once, and a write may already have reported it.
            Ok(0) => broken
                .take()
                .filter(|it| it.kind() != ErrorKind::BrokenPipe),
            Ok(n) => {
                *heard = true;
                return Some(LinkEvent::Received(n));
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {
                // TLS may have an answer to what it read. At the end of its handshake, text can pass.
                self.flush();
                return None;
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                *readable = false;
                return None;
            }
            Err(error) => Some(error),
        };
        if was_handshaking {
            return self.refuse(error.as_ref());
        }
        let words = match &error {
            None => "the server closed the connection".into(),
            Some(error) => format!("the connection was lost: {}", cause(error)),
        };
        self.close();
        Some(LinkEvent::Lost(words))
    }

    /// Sends bytes, or keeps them to send later. Gives up a server for which more than [`QUEUE_BYTES`] wait.
    pub(super) fn send(&mut self, bytes: &[u8]) -> Option<LinkEvent> {
        self.queue.extend_from_slice(bytes);
        self.flush();
        if self.queued() <= QUEUE_BYTES {
            return None;
        }
        self.close();
        Some(LinkEvent::Lost(
            "the server reads nothing of what it is sent".into(),
        ))
    }

    /// How many bytes wait to be sent.
    pub(super) fn queued(&self) -> usize {
        self.queue.len() - self.sent
    }

    /// The server has let us in, or the person has to think of a name.
    pub(super) fn greeted(&mut self) {
        if let State::Open { greeting, .. } = &mut self.state {
            *greeting = None;
        }
    }

    /// The server may read from us more slowly than we send. A user timeout would end the connection although it works:
    /// see [`options`](crate::net::options). Without one, only asking the server tells whether it has vanished.
    pub(super) fn expect_slow_reads(&self) {
        if let State::Open { stream, .. } = &self.state {
            // If there is no such option, there is nothing to undo.
            let _ = set_user_timeout(&SockRef::from(&stream.socket), None);
        }
    }

    /// Closes the connection, or the attempt to make one.
    pub(super) fn close(&mut self) {
        if let State::Open { stream, .. } = &mut self.state {
            // If deregistering fails, closing the socket removes it from the poll.
            let _ = self.registry.deregister(&mut stream.socket);
        }
        self.state = State::Idle;
        self.queue.clear();
        self.sent = 0;
    }

    fn flush(&mut self) {
        let State::Open { stream, broken, .. } = &mut self.state else {
            return;
        };
        while broken.is_none() && (self.sent < self.queue.len() || stream.wants_write()) {
            match stream.write(&self.queue[self.sent..]) {
                Ok(n) => self.sent += n,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                // The reading side tells how the connection ended, after the last words of the server.
                Err(error) => *broken = Some(error),
            }
        }
        if self.sent * 2 >= self.queue.len() {
            self.queue.drain(..self.sent);
            self.sent = 0;
        }
    }

    fn race(&mut self, addrs: Vec<SocketAddr>, now: Instant) -> Option<LinkEvent> {
        self.state = State::Connecting(Box::new(Race::new(addrs, now)));
        self.advance(now)
    }

    /// Begins and ends attempts when it is time. If none is left, tells why none succeeded.
    fn advance(&mut self, now: Instant) -> Option<LinkEvent> {
        let State::Connecting(race) = &mut self.state else {
            return None;
        };
        race.advance(now, |number, addr| {
            let mut stream = TcpStream::connect(addr)?;
            let interests = Interest::READABLE | Interest::WRITABLE;
            let token = Token(self.base.0 + number);
            self.registry.register(&mut stream, token, interests)?;
            Ok(stream)
        });
        if !race.is_lost() {
            return None;
        }
        let State::Connecting(race) = std::mem::replace(&mut self.state, State::Idle) else {
            return None;
        };
        let (addr, error) = race.into_failure()?;
        let why = cause(&error);
        let target = self.target.to_string();
        let through = if target == addr.to_string() {
            String::new()
        } else {
            format!(" ({addr})")
        };
        self.fail(format!(
            "cannot connect to {target}{through}: {why}. Is the server running there? Check --host and --port"
        ))
    }

    /// The handshake of TLS has failed.
    fn refuse(&mut self, error: Option<&io::Error>) -> Option<LinkEvent> {
        let trust = self.target.tls.as_ref()?;
        let (target, why) = (&self.target, trust.refusal(error));
        self.fail(format!("cannot connect to {target}: {why}"))
    }

    fn not_found(&mut self, why: &str) -> Option<LinkEvent> {
        let host = &self.target.host;
        self.fail(format!(
            "cannot find the host '{host}': {why}. Check --host"
        ))
    }

    fn fail(&mut self, sentence: String) -> Option<LinkEvent> {
        self.close();
        Some(LinkEvent::Unreachable(sentence))
    }

    fn finish_connecting(&mut self, number: usize, now: Instant) -> Option<LinkEvent> {
        let State::Connecting(race) = &mut self.state else {
            return None;
        };
        let stream = race.socket(number)?;
        let error = match stream.take_error() {
            Ok(None) => match stream.peer_addr() {
                Ok(_) => None,
                Err(error) if error.kind() == ErrorKind::NotConnected => return None,
                Err(error) => Some(error),
            },
            Ok(error) => error,
            Err(error) => Some(error),
        };
        if let Some(error) = error {
            race.fail(number, error, now);
            return self.advance(now);
        }
        let State::Connecting(race) = std::mem::replace(&mut self.state, State::Idle) else {
            return None;
        };
        let stream = race.win(number)?;
        // These only improve the connection: it works without them.
        let _ = stream.set_nodelay(true);
        let _ = give_up_vanished_peers(&SockRef::from(&stream));
        let trust = self.target.tls.as_ref();
        let session = match trust.map(|it| it.begin(&self.target.host)).transpose() {
            Ok(session) => session,
            Err(sentence) => return self.fail(sentence),
        };
        self.state = State::Open {
            stream: Stream::new(stream, session),
            greeting: Some(now + GREETING_TIMEOUT),
            heard: false,
            readable: true,
            broken: None,
        };
        self.flush();
        None
    }
}

/// The system's words alone, without the number that the standard library appends.
pub(super) fn cause(error: &io::Error) -> String {
    let text = error.to_string();
    let words = text.split(" (os error ").next().unwrap_or(&text);
    words
        .trim_start_matches("failed to lookup address information: ")
        .into()
}

#[cfg(test)]
mod tests;
