//! The way to a server, over real sockets of this machine.

use super::*;
use crate::net::simulated::tls::CERTIFICATE;
use mio::{Events, Poll};
use std::net::TcpListener;
use std::sync::mpsc::channel;
use std::thread;

const WAKER: Token = Token(0);
const SOCKETS: Token = Token(1);

fn link(host: &str) -> (Link, Poll) {
    let poll = Poll::new().unwrap();
    let target = Target {
        host: host.into(),
        port: 8080,
        tls: None,
    };
    let registry = poll.registry().try_clone().unwrap();
    let link = Link::new(registry, SOCKETS, WAKER, target).unwrap();
    (link, poll)
}

/// Connects to these addresses, until the first word or the failure. The clock stands still at `later`, counted from
/// the beginning.
fn connect_by(addrs: Vec<SocketAddr>, later: Duration) -> (LinkEvent, Link) {
    follow(link("chat.example"), addrs, later)
}

fn follow(
    (mut link, mut poll): (Link, Poll),
    addrs: Vec<SocketAddr>,
    later: Duration,
) -> (LinkEvent, Link) {
    let mut events = Events::with_capacity(8);
    let begin = Instant::now();
    let now = begin + later;
    let mut happened = link.race(addrs, begin);
    happened = happened.or_else(|| link.handle_timeout(now));
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        if let Some(event) = happened {
            return (event, link);
        }
        assert!(Instant::now() < deadline, "nothing happened");
        poll.poll(&mut events, Some(Duration::from_secs(1)))
            .unwrap();
        for event in &events {
            happened = happened.or_else(|| link.ready(event.token(), now));
        }
        happened = happened.or_else(|| link.receive(&mut [0; 64]));
    }
}

fn connect(addrs: Vec<SocketAddr>) -> LinkEvent {
    connect_by(addrs, Duration::ZERO).0
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

/// A listener that takes no more connections, and the connections that it took. The kernel lets further ones wait
/// forever.
#[cfg(target_os = "linux")]
fn silent() -> (socket2::Socket, Vec<TcpStream>) {
    use socket2::{Domain, Socket, Type};

    let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    listener.bind(&any.into()).unwrap();
    listener.listen(0).unwrap();
    let addr = listener.local_addr().unwrap().as_socket().unwrap();
    // The kernel takes the first connection, whatever the backlog; the ones after it make sure that there is no room.
    let first = std::net::TcpStream::connect(addr).unwrap();
    let mut held = vec![TcpStream::from_std(first)];
    held.extend((0..4).map(|_| TcpStream::connect(addr).unwrap()));
    (listener, held)
}

#[test]
#[cfg(target_os = "linux")]
fn an_address_that_does_not_answer_is_overtaken_by_the_next() {
    let (silent, _held) = silent();
    let silent = silent.local_addr().unwrap().as_socket().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    let server = thread::spawn(move || listener.accept().unwrap().0.write_all(b"hello"));
    // The clock never comes to the end of the first attempt.
    let (event, mut link) = connect_by(vec![silent, addr], Duration::from_millis(250));
    assert!(matches!(event, LinkEvent::Received(5)), "{event:?}");
    link.greeted();
    assert_eq!(link.next_timeout(), None, "the first attempt is gone");
    server.join().unwrap().unwrap();

    // If it is the only one, the link gives it up.
    let (event, _) = connect_by(vec![silent], Duration::from_secs(10));
    let LinkEvent::Unreachable(sentence) = event else {
        panic!("it was reached");
    };
    assert!(sentence.contains(": no answer within 10 s. "), "{sentence}");
}

#[test]
#[cfg(target_os = "linux")]
fn the_kernel_is_told_to_give_up_a_vanished_server() {
    use crate::limits;

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(b"hello").unwrap();
        stream
    });
    let (_, link) = connect_by(vec![addr], Duration::ZERO);
    let State::Open { stream, .. } = &link.state else {
        panic!("it is open");
    };
    let socket = SockRef::from(&stream.socket);
    let user_timeout = || socket.tcp_user_timeout().unwrap();
    assert_eq!(user_timeout(), Some(limits::PEER_TIMEOUT));
    assert!(socket.keepalive().unwrap());
    let keepalive = (
        socket.tcp_keepalive_time().unwrap(),
        socket.tcp_keepalive_interval().unwrap(),
        socket.tcp_keepalive_retries().unwrap(),
    );
    let expected = (
        limits::KEEPALIVE_IDLE,
        limits::KEEPALIVE_INTERVAL,
        limits::KEEPALIVE_PROBES,
    );
    assert_eq!(keepalive, expected);
    // A server that reads slowly, and says so, has not vanished.
    link.expect_slow_reads();
    assert_eq!(user_timeout(), None);
    server.join().unwrap();
}

#[test]
fn a_resolver_that_never_answers_holds_nobody() {
    let (mut link, _poll) = link("chat.example");
    let (_never, question) = channel::<()>();
    let find = move || {
        let _ = question.recv();
        Ok(Vec::new())
    };
    link.lookup.begin(find, || {}).unwrap();
    // The link asks the resolver once, however often we start.
    for _ in 0..2 {
        let now = Instant::now();
        assert!(link.start(now).is_none() && link.resolved(now).is_none());
        assert_eq!(link.next_timeout(), Some(now + LOOKUP_TIMEOUT));
        let event = link.handle_timeout(now + LOOKUP_TIMEOUT);
        let Some(LinkEvent::Unreachable(sentence)) = event else {
            panic!("{event:?}");
        };
        let expected = "cannot find the host 'chat.example': no answer within 30 s. Check --host";
        assert_eq!(sentence, expected);
        assert_eq!(link.next_timeout(), None);
    }
}

/// A link that speaks TLS with a server that says only this, and the event by the time that is given.
fn by_tls(says: &'static [u8], later: Duration) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    let server = thread::spawn(move || {
        let mut stream = listener.accept().unwrap().0;
        stream.write_all(says).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        // The first bytes of a handshake (RFC 8446 §5.1).
        let mut first = [0; 3];
        stream.read_exact(&mut first).unwrap();
        assert_eq!(first[..2], [22, 3]);
        stream.read_to_end(&mut Vec::new()).unwrap();
    });
    let (mut link, poll) = link("chat.example");
    link.target.tls = Some(Trust::from_pem(CERTIFICATE).unwrap());
    let (event, link) = follow((link, poll), vec![addr], later);
    assert_eq!(link.next_timeout(), None);
    server.join().unwrap();
    let LinkEvent::Unreachable(sentence) = event else {
        panic!("{event:?}");
    };
    sentence
}

#[test]
fn a_handshake_fails_with_a_sentence() {
    let ended = "cannot connect to chat.example:8080: it closed the connection before TLS had begun. \
                 Check --port, or connect without TLS";
    assert_eq!(by_tls(b"", Duration::ZERO), ended);
    assert_eq!(by_tls(b"\x16\x03", Duration::ZERO), ended);
    assert_eq!(
        by_tls(b"Enter your username: ", Duration::ZERO),
        "cannot connect to chat.example:8080: it does not speak TLS. Check --port, or connect without TLS"
    );
    let alert = by_tls(b"\x15\x03\x03\0\x02\x02\x28", Duration::ZERO);
    let expected =
        "cannot connect to chat.example:8080: TLS failed: received fatal alert: HandshakeFailure";
    assert!(alert.starts_with(expected), "{alert}");
}

#[test]
fn a_server_that_does_not_begin_tls_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (mut link, mut poll) = link("chat.example");
    link.target.tls = Some(Trust::from_pem(CERTIFICATE).unwrap());
    let now = Instant::now();
    let mut happened = link.race(vec![listener.local_addr().unwrap()], now);
    let mut events = Events::with_capacity(8);
    while !matches!(link.state, State::Open { .. }) {
        poll.poll(&mut events, None).unwrap();
        for event in &events {
            happened = happened.or_else(|| link.ready(event.token(), now));
        }
    }
    assert!(happened.is_none(), "{happened:?}");
    assert_eq!(link.next_timeout(), Some(now + GREETING_TIMEOUT));
    let event = link.handle_timeout(now + GREETING_TIMEOUT);
    let Some(LinkEvent::Unreachable(sentence)) = event else {
        panic!("{event:?}");
    };
    let expected = "chat.example:8080 took the connection but did not begin TLS within 10 s. \
                    Check --port, or connect without TLS";
    assert_eq!(sentence, expected);
}

/// A link to a server that says a word and reads nothing. The stream is the server's end.
fn link_to_idler() -> (Link, std::net::TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    let server = thread::spawn(move || {
        let mut stream = listener.accept().unwrap().0;
        stream.write_all(b"hello").unwrap();
        stream
    });
    let (_, link) = connect_by(vec![addr], Duration::ZERO);
    (link, server.join().unwrap())
}

/// If the peer does not read, the kernel still takes some bytes, as many as it likes; but fewer than this many lines of
/// a KiB.
const LINES: usize = 1 << 20;

fn line() -> Vec<u8> {
    [[b'x'; 1023].as_slice(), b"\n"].concat()
}

#[test]
fn what_was_not_sent_is_dropped_when_the_connection_ends() {
    let (mut link, server) = link_to_idler();
    let line = line();
    let is_full = (0..LINES).any(|_| {
        assert!(link.send(&line).is_none());
        link.queued() > 4 * line.len()
    });
    assert!(is_full);
    // If the server closes with unread bytes, it resets the connection.
    drop(server);
    let event = loop {
        let event = link.receive(&mut [0; 64]);
        if event.is_some() {
            break event;
        }
    };
    assert!(matches!(event, Some(LinkEvent::Lost(_))), "{event:?}");
    assert_eq!(link.queued(), 0);
}

#[test]
fn a_server_that_reads_nothing_is_given_up_at_a_limit() {
    let (mut link, _server) = link_to_idler();
    let line = line();
    let lost = (0..LINES).find_map(|_| {
        assert!(link.queued() <= QUEUE_BYTES);
        link.send(&line)
    });
    let Some(LinkEvent::Lost(words)) = lost else {
        panic!("{lost:?}");
    };
    assert_eq!(words, "the server reads nothing of what it is sent");
    assert_eq!(link.queued(), 0);
}
