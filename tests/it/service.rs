//! The `server` program under a service manager: the sockets that it gets, and the notices that it sends.

use std::ffi::OsStr;
use std::fs;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use chinwag::{Config, limits};
use nix::sys::signal::Signal;

use crate::daemon::{Daemon, command, command_after};
use crate::harness::{DEADLINE, Person, room};
use crate::output::{ends_cleanly, full_pipe, stdio};

/// The program with a socket handed over this many times. The shell has it as its standard input, and duplicates it to
/// the descriptors from 3 on.
fn given(socket: OwnedFd, count: usize, args: &[&str]) -> Command {
    let from_3_on: String = (3..3 + count).map(|fd| format!(" {fd}<&0")).collect();
    let script = format!("exec{from_3_on} </dev/null; export LISTEN_PID=$$ LISTEN_FDS={count}");
    let mut shell = command_after(&script, args);
    shell.stdin(socket);
    shell
}

fn listener() -> (OwnedFd, SocketAddr) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let addr = listener.local_addr().unwrap();
    (listener.into(), addr)
}

/// Where a service manager listens to notices; removed when dropped.
struct NoticeSocket {
    socket: UnixDatagram,
    path: PathBuf,
}

impl NoticeSocket {
    fn new() -> NoticeSocket {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let n = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("chinwag-notices-{}-{n}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_read_timeout(Some(DEADLINE)).unwrap();
        NoticeSocket { socket, path }
    }

    fn name(&self) -> &OsStr {
        self.path.as_os_str()
    }

    fn next(&self) -> String {
        let mut notice = [0; 1024];
        let n = self.socket.recv(&mut notice).expect("a notice in time");
        String::from_utf8(notice[..n].into()).unwrap()
    }
}

impl Drop for NoticeSocket {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

#[test]
fn a_socket_given_is_served_and_named_with_its_real_address() {
    let (socket, addr) = listener();
    // Someone who came before the server was started for them.
    let mut early = Person::connect(addr);
    let mut daemon = Daemon::spawn(given(socket, 1, &[]));
    assert_eq!(daemon.listens_on(), addr);
    early.logs_in("early");
    Person::login(addr, "ann");
    early.reads("ann has joined the chat.");
    early.reads("ann has left the chat.");
    ends_cleanly(daemon);
}

#[test]
fn sockets_given_win_over_addresses_asked_for() {
    let (socket, addr) = listener();
    let mut daemon = Daemon::spawn(given(socket, 2, &["--listen", "127.0.0.1:0"]));
    daemon.logs("listening on the sockets given, and not where --listen or CHAT_LISTEN says");
    for _ in 0..2 {
        assert_eq!(daemon.listens_on(), addr);
    }
    Person::login(addr, "ann");
    daemon.signal(Signal::SIGTERM);
    let (status, out, _) = daemon.ends();
    assert_eq!(status.code(), Some(0));
    assert_eq!(out, [""; 0], "nowhere else");
}

#[test]
fn sockets_given_to_another_process_are_none_of_ours() {
    let (socket, addr) = listener();
    let mut command = command(&["--listen", "127.0.0.1:0"]);
    command.stdin(socket);
    command.env("LISTEN_PID", "1").env("LISTEN_FDS", "1");
    let mut daemon = Daemon::spawn(command);
    let own = daemon.listens_on();
    assert_ne!(own, addr);
    Person::login(own, "ann");
}

#[test]
fn what_cannot_be_listened_on_is_refused_with_one_line_and_exit_code_1() {
    let (peer, addr) = listener();
    let connected = TcpStream::connect(addr).unwrap();
    let (file, _) = std::io::pipe().unwrap();
    for (socket, why) in [
        (OwnedFd::from(connected), "the socket does not listen"),
        (file.into(), "fd 3 is not a socket"),
    ] {
        let (status, out, log) = Daemon::spawn(given(socket, 1, &[])).ends();
        assert_eq!((status.code(), out.len()), (Some(1), 0));
        let line = format!("server: cannot listen on a socket given: {why}");
        assert_eq!(log, [line]);
    }
    drop(peer);
}

#[test]
fn standard_output_that_nobody_reads_is_no_reason_not_to_serve() {
    let (_unread, full, _) = full_pipe();
    let (socket, addr) = listener();
    let mut command = given(socket, 1, &["--history", "0"]);
    command.stdout(stdio(full));
    let daemon = Daemon::spawn(command);
    let [mut ann, mut bob] = room(addr, ["ann", "bob"]);
    ann.types("hi");
    bob.reads("ann: hi");
    ends_cleanly(daemon);
}

#[test]
fn standard_output_that_nobody_can_read_is_no_reason_not_to_serve() {
    let (reader, gone) = std::io::pipe().unwrap();
    drop(reader);
    let (socket, addr) = listener();
    let mut command = given(socket, 1, &[]);
    command.stdout(gone);
    let daemon = Daemon::spawn(command);
    Person::login(addr, "ann");
    ends_cleanly(daemon);
}

#[test]
fn closed_standard_streams_are_no_reason_not_to_serve() {
    let (socket, addr) = listener();
    let script = "exec 3<&0 <&- >&- 2>&-; export LISTEN_PID=$$ LISTEN_FDS=1";
    let mut closing = command_after(script, &[]);
    closing.stdin(socket);
    let daemon = Daemon::spawn(closing);
    Person::login(addr, "ann");
    ends_cleanly(daemon);
}

#[test]
fn systemd_is_told_of_the_beginning_and_the_end() {
    let notices = NoticeSocket::new();
    let mut command = command(&["--listen", "127.0.0.1:0"]);
    command.env("NOTIFY_SOCKET", notices.name());
    let mut daemon = Daemon::spawn(command);
    let addr = daemon.listens_on();
    assert_eq!(
        notices.next(),
        format!("READY=1\nSTATUS=listening on {addr}\n")
    );
    Person::login(addr, "ann");
    daemon.signal(Signal::SIGTERM);
    // If there were a watchdog that nobody asked for, its notice would come first.
    assert_eq!(notices.next(), "STOPPING=1\n");
    assert_eq!(daemon.ends().0.code(), Some(0));
}

#[test]
fn a_watchdog_hears_from_a_loop_that_has_nothing_to_do() {
    let notices = NoticeSocket::new();
    let mut command = command(&["--listen", "127.0.0.1:0", "--login-timeout", "0"]);
    command
        .env("NOTIFY_SOCKET", notices.name())
        .env("WATCHDOG_USEC", "20000");
    let mut daemon = Daemon::spawn(command);
    let addr = daemon.listens_on();
    assert!(notices.next().starts_with("READY=1\n"));
    let nobody = "WATCHDOG=1\nSTATUS=online: 0, connections: 0\n";
    for _ in 0..10 {
        assert_eq!(notices.next(), nobody);
    }
    let _ann = Person::login(addr, "ann");
    let figures = "WATCHDOG=1\nSTATUS=online: 1, connections: 1\n";
    while notices.next() != figures {}
    daemon.signal(Signal::SIGTERM);
    while notices.next() != "STOPPING=1\n" {}
    assert_eq!(daemon.ends().0.code(), Some(0));
}

#[test]
fn a_watchdog_of_another_process_hears_nothing() {
    let notices = NoticeSocket::new();
    let mut command = command(&["--listen", "127.0.0.1:0"]);
    command
        .env("NOTIFY_SOCKET", notices.name())
        .env("WATCHDOG_USEC", "2000")
        .env("WATCHDOG_PID", "1");
    let mut daemon = Daemon::spawn(command);
    let addr = daemon.listens_on();
    assert!(notices.next().starts_with("READY=1\n"));
    Person::login(addr, "ann");
    daemon.signal(Signal::SIGTERM);
    assert_eq!(notices.next(), "STOPPING=1\n");
    assert_eq!(daemon.ends().0.code(), Some(0));
}

#[test]
fn notices_that_nobody_reads_hold_up_nobody() {
    let notices = NoticeSocket::new();
    let other = UnixDatagram::unbound().unwrap();
    other.set_nonblocking(true).unwrap();
    let full = loop {
        if let Err(error) = other.send_to(b"another service", &notices.path) {
            break error;
        }
    };
    assert_eq!(full.kind(), ErrorKind::WouldBlock);
    let mut command = command(&["--listen", "127.0.0.1:0", "--history", "0"]);
    command
        .env("NOTIFY_SOCKET", notices.name())
        .env("WATCHDOG_USEC", "2000");
    let mut daemon = Daemon::spawn(command);
    let addr = daemon.listens_on();
    daemon.logs("the service manager takes no notice");
    let [mut ann, mut bob] = room(addr, ["ann", "bob"]);
    ann.types("hi");
    bob.reads("ann: hi");
    ends_cleanly(daemon);
}

#[test]
fn notices_that_nobody_can_read_are_no_reason_not_to_serve() {
    let gone = NoticeSocket::new().path.clone();
    let mut command = command(&["--listen", "127.0.0.1:0"]);
    command.env("NOTIFY_SOCKET", gone);
    let mut daemon = Daemon::spawn(command);
    daemon.logs("cannot tell the service manager: No such file or directory");
    Person::login(daemon.listens_on(), "ann");
    ends_cleanly(daemon);
}

/// The values of a setting in a unit file.
fn values<'a>(unit: &'a str, setting: &str) -> Vec<&'a str> {
    let lines = unit.lines().filter_map(|line| line.split_once('='));
    lines
        .filter(|(name, _)| *name == setting)
        .map(|(_, value)| value)
        .collect()
}

#[test]
fn the_unit_files_fit_the_defaults() {
    let service = include_str!("../../docs/systemd/chinwag.service");
    let socket = include_str!("../../docs/systemd/chinwag.socket");
    let number = |unit, setting| -> u64 {
        let [value] = values(unit, setting)[..] else {
            panic!("{setting} stands there once");
        };
        value.parse().expect("a number")
    };
    let descriptors = (limits::CLIENTS + limits::RESERVED_DESCRIPTORS) as u64;
    assert!(number(service, "LimitNOFILE") >= descriptors);
    assert!(number(service, "TimeoutStopSec") > limits::DRAIN.as_secs());
    assert_eq!(number(socket, "Backlog"), limits::BACKLOG as u64);
    assert_eq!(values(service, "Type"), ["notify"]);
    let listen = Config::default().listen.into_iter();
    let listen: Vec<String> = listen.map(|it| it.addr.to_string()).collect();
    assert_eq!(values(socket, "ListenStream"), listen);
}
