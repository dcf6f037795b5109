//! `Link`: the way to the server, from a host's name to an open socket. It knows bytes and addresses, nothing of what
//! is said.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Interest, Registry, Token, Waker};
use socket2::{SockRef, TcpKeepalive};

/// How long one address may take to accept a connection, and then to say its first word.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A server that vanished without a word is noticed after about this long, and a few probes.
const KEEPALIVE: Duration = Duration::from_secs(60);

/// What may wait to be sent before no more should be given, in bytes.
pub(super) const SEND_BYTES: usize = 64 * 1024;

/// Where the server is.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub(super) host: String,
    pub(super) port: u16,
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

/// What happened on the way.
#[derive(Debug)]
pub(super) enum LinkEvent {
    /// No address of the host could be reached. The sentence says why, and what to do.
    Unreachable(String),
    /// Bytes of the server stand in the buffer that was lent.
    Received(usize),
    /// The connection was there and is no more. The words say how it ended.
    Lost(String),
}

#[derive(Debug)]
enum State {
    Idle,
    /// The host's name is being looked up, by a thread, since the system's resolver may take its time.
    Resolving(Receiver<io::Result<Vec<SocketAddr>>>),
    Connecting {
        stream: TcpStream,
        addr: SocketAddr,
        deadline: Instant,
    },
    Open {
        stream: TcpStream,
        /// The first word must have come by then; `None` when it has.
        greeting: Option<Instant>,
        readable: bool,
    },
}

/// The way to the server.
#[derive(Debug)]
pub(super) struct Link {
    registry: Registry,
    token: Token,
    waker: Arc<Waker>,
    target: Target,
    state: State,
    /// Addresses not tried yet.
    addrs: VecDeque<SocketAddr>,
    /// Why the last address could not be reached.
    failure: Option<(SocketAddr, io::Error)>,
    /// What waits to be sent, from `sent` on.
    queue: Vec<u8>,
    sent: usize,
}

impl Link {
    /// A link that has not begun. Events of its socket come with `token`; the waker is its own.
    pub(super) fn new(
        registry: Registry,
        token: Token,
        waker_token: Token,
        target: Target,
    ) -> io::Result<Link> {
        let waker = Arc::new(Waker::new(&registry, waker_token)?);
        Ok(Link {
            registry,
            token,
            waker,
            target,
            state: State::Idle,
            addrs: VecDeque::new(),
            failure: None,
            queue: Vec::new(),
            sent: 0,
        })
    }

    /// Begins to connect.
    pub(super) fn start(&mut self, now: Instant) -> Option<LinkEvent> {
        self.close();
        let Target { host, port } = self.target.clone();
        if let Ok(ip) = host.parse::<IpAddr>() {
            self.addrs = [SocketAddr::new(ip, port)].into();
            return self.try_next(now);
        }
        let (sender, receiver) = channel();
        let waker = self.waker.clone();
        let resolve = move || {
            let found = (host.as_str(), port).to_socket_addrs();
            // Who gave up waiting for the answer needs none.
            if sender.send(found.map(Iterator::collect)).is_ok() {
                let _ = waker.wake();
            }
        };
        match thread::Builder::new()
            .name("resolver".into())
            .spawn(resolve)
        {
            Ok(_) => {
                self.state = State::Resolving(receiver);
                None
            }
            Err(error) => Some(LinkEvent::Unreachable(cause(&error))),
        }
    }

    /// Acts on an event of the waker.
    pub(super) fn resolved(&mut self, now: Instant) -> Option<LinkEvent> {
        let State::Resolving(answer) = &self.state else {
            return None;
        };
        let found = answer.try_recv().ok()?;
        self.state = State::Idle;
        let host = &self.target.host;
        match found {
            Ok(addrs) if !addrs.is_empty() => {
                self.addrs = addrs.into();
                self.try_next(now)
            }
            Ok(_) => Some(LinkEvent::Unreachable(format!(
                "the host '{host}' has no address. Check --host"
            ))),
            Err(error) => Some(LinkEvent::Unreachable(format!(
                "cannot find the host '{host}': {}. Check --host",
                cause(&error)
            ))),
        }
    }

    /// Acts on an event of the socket. Reading is a call of its own.
    pub(super) fn ready(&mut self, now: Instant) -> Option<LinkEvent> {
        match &mut self.state {
            State::Connecting { .. } => self.finish_connecting(now),
            State::Open { readable, .. } => {
                *readable = true;
                self.flush()
            }
            State::Idle | State::Resolving(_) => None,
        }
    }

    /// Acts on what is due by now.
    pub(super) fn handle_timeout(&mut self, now: Instant) -> Option<LinkEvent> {
        if self.next_timeout().is_none_or(|due| now < due) {
            return None;
        }
        let seconds = CONNECT_TIMEOUT.as_secs();
        if let State::Connecting { addr, .. } = self.state {
            let error = io::Error::other(format!("no answer within {seconds} s"));
            self.failure = Some((addr, error));
            return self.try_next(now);
        }
        self.close();
        Some(LinkEvent::Unreachable(format!(
            "{} took the connection but said nothing for {seconds} s. Check --port",
            self.target
        )))
    }

    /// When [`handle_timeout`](Self::handle_timeout) is to be called next.
    pub(super) fn next_timeout(&self) -> Option<Instant> {
        match &self.state {
            State::Connecting { deadline, .. } => Some(*deadline),
            State::Open { greeting, .. } => *greeting,
            State::Idle | State::Resolving(_) => None,
        }
    }

    /// Whether [`receive`](Self::receive) may have something.
    pub(super) fn is_readable(&self) -> bool {
        matches!(&self.state, State::Open { readable: true, .. })
    }

    /// Reads once.
    pub(super) fn receive(&mut self, buffer: &mut [u8]) -> Option<LinkEvent> {
        let State::Open {
            stream,
            greeting,
            readable,
        } = &mut self.state
        else {
            return None;
        };
        let lost = match stream.read(buffer) {
            Ok(0) => "the server closed the connection".into(),
            Ok(n) => {
                *greeting = None;
                return Some(LinkEvent::Received(n));
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => return None,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                *readable = false;
                return None;
            }
            Err(error) => format!("the connection was lost: {}", cause(&error)),
        };
        self.close();
        Some(LinkEvent::Lost(lost))
    }

    /// Sends, or keeps to be sent.
    pub(super) fn send(&mut self, bytes: &[u8]) -> Option<LinkEvent> {
        self.queue.extend_from_slice(bytes);
        self.flush()
    }

    /// How many bytes wait to be sent.
    pub(super) fn queued(&self) -> usize {
        self.queue.len() - self.sent
    }

    /// Closes the connection, if there is one.
    pub(super) fn close(&mut self) {
        if let State::Connecting { stream, .. } | State::Open { stream, .. } = &mut self.state {
            // A socket that cannot be deregistered is gone from the poll when it is closed.
            let _ = self.registry.deregister(stream);
        }
        self.state = State::Idle;
        self.queue.clear();
        self.sent = 0;
    }

    fn flush(&mut self) -> Option<LinkEvent> {
        let State::Open { stream, .. } = &mut self.state else {
            return None;
        };
        while self.sent < self.queue.len() {
            match stream.write(&self.queue[self.sent..]) {
                Ok(n) => self.sent += n,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                // The reading side tells how it ended, behind the last words of the server.
                Err(_) => self.sent = self.queue.len(),
            }
        }
        if self.sent * 2 >= self.queue.len() {
            self.queue.drain(..self.sent);
            self.sent = 0;
        }
        None
    }

    /// Tries the next address; without one, tells why the last was not reached.
    fn try_next(&mut self, now: Instant) -> Option<LinkEvent> {
        let failure = self.failure.take();
        self.close();
        self.failure = failure;
        while let Some(addr) = self.addrs.pop_front() {
            match self.connect(addr, now) {
                Ok(()) => return None,
                Err(error) => self.failure = Some((addr, error)),
            }
        }
        let (addr, error) = self.failure.take()?;
        let why = cause(&error);
        let target = self.target.to_string();
        let through = if target == addr.to_string() {
            String::new()
        } else {
            format!(" ({addr})")
        };
        Some(LinkEvent::Unreachable(format!(
            "cannot connect to {target}{through}: {why}. Is the server running there? Check --host and --port"
        )))
    }

    fn connect(&mut self, addr: SocketAddr, now: Instant) -> io::Result<()> {
        let mut stream = TcpStream::connect(addr)?;
        let interests = Interest::READABLE | Interest::WRITABLE;
        self.registry.register(&mut stream, self.token, interests)?;
        self.state = State::Connecting {
            stream,
            addr,
            deadline: now + CONNECT_TIMEOUT,
        };
        Ok(())
    }

    fn finish_connecting(&mut self, now: Instant) -> Option<LinkEvent> {
        let State::Connecting { stream, addr, .. } = &self.state else {
            return None;
        };
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
            self.failure = Some((*addr, error));
            return self.try_next(now);
        }
        let State::Connecting { stream, .. } = std::mem::replace(&mut self.state, State::Idle)
        else {
            return None;
        };
        // Comforts of the connection: it works without them.
        let _ = stream.set_nodelay(true);
        let keepalive = TcpKeepalive::new().with_time(KEEPALIVE);
        let _ = SockRef::from(&stream).set_tcp_keepalive(&keepalive);
        self.state = State::Open {
            stream,
            greeting: Some(now + CONNECT_TIMEOUT),
            readable: true,
        };
        None
    }
}

/// The system's words alone, without the number that the standard library adds behind them.
pub(super) fn cause(error: &io::Error) -> String {
    let text = error.to_string();
    let words = text.split(" (os error ").next().unwrap_or(&text);
    words
        .trim_start_matches("failed to lookup address information: ")
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use mio::{Events, Poll};
    use std::net::TcpListener;

    /// Connects to these addresses, until the first word or the failure.
    fn connect(addrs: Vec<SocketAddr>) -> LinkEvent {
        let mut poll = Poll::new().unwrap();
        let mut events = Events::with_capacity(8);
        let target = Target {
            host: "chat.example".into(),
            port: 8080,
        };
        let registry = poll.registry().try_clone().unwrap();
        let mut link = Link::new(registry, Token(0), Token(1), target).unwrap();
        link.addrs = addrs.into();
        let mut happened = link.try_next(Instant::now());
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            if let Some(event) = happened {
                return event;
            }
            assert!(Instant::now() < deadline, "nothing happened");
            poll.poll(&mut events, Some(Duration::from_secs(1)))
                .unwrap();
            if !events.is_empty() {
                happened = link.ready(Instant::now());
            }
            happened = happened.or_else(|| link.receive(&mut [0; 64]));
        }
    }

    /// An address that was free a moment ago.
    fn nobody() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    }

    #[test]
    fn the_addresses_of_a_host_are_tried_in_turn() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let server = thread::spawn(move || listener.accept().unwrap().0.write_all(b"hello"));
        let event = connect(vec![nobody(), nobody(), addr]);
        assert!(matches!(event, LinkEvent::Received(5)), "{event:?}");
        server.join().unwrap().unwrap();
    }

    #[test]
    fn when_none_answers_the_last_is_told() {
        let last = nobody();
        let LinkEvent::Unreachable(sentence) = connect(vec![nobody(), last]) else {
            panic!("it was reached");
        };
        let expected = format!("cannot connect to chat.example:8080 ({last}): Connection refused.");
        assert!(sentence.starts_with(&expected), "{sentence}");
    }
}
