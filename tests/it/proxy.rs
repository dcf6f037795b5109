//! People who come through a proxy that the server trusts: HAProxy itself, and netcat in its place.

use std::env;
use std::fs;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::Stdio;

use crate::daemon::{Daemon, command, start};
use crate::harness::{PROMPT, Person};
use crate::program::program;
use crate::real_clients::{Client, NETCAT, can_play};

pub(crate) const HAPROXY: Client = Client {
    program: "haproxy",
    is_known_by: "HAProxy version",
    asks_help: "-v",
    args: &[],
    ends_with_server: false,
};

/// A running HAProxy. Dropping it ends it.
pub(crate) struct Proxy {
    _process: Daemon,
    file: PathBuf,
    addr: SocketAddr,
}

impl Proxy {
    /// Connects people to the server, with these words behind its address in the configuration.
    fn start(server: SocketAddr, words: &str) -> Proxy {
        Proxy::start_in("tcp", server, words)
    }

    /// The same in one of HAProxy's modes, which tells what it understands of what passes.
    pub(crate) fn start_in(mode: &str, server: SocketAddr, words: &str) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port can be listened on");
        let addr = listener.local_addr().expect("it has an address");
        // It listens on the socket that is its standard input.
        let config = format!(
            "defaults\n mode {mode}\n timeout connect 10s\n timeout client 1m\n timeout server 1m\n\
             listen chat\n bind fd@0\n server chat {server} {words}\n"
        );
        let name = format!("chinwag-{}-{}.cfg", std::process::id(), addr.port());
        let file = env::temp_dir().join(name);
        fs::write(&file, config).expect("a file can be written");
        let mut haproxy = program(HAPROXY.program);
        haproxy.arg("-db").arg("-f").arg(&file);
        haproxy.stdin(OwnedFd::from(listener)).stdout(Stdio::null());
        haproxy.stderr(Stdio::piped());
        let _process = Daemon::spawn(haproxy);
        Proxy {
            _process,
            file,
            addr,
        }
    }
}

impl Proxy {
    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.file);
    }
}

/// Somebody at another address of this machine, through the proxy.
fn connect(proxy: &Proxy, host: u8) -> Person {
    Person::connect_from(IpAddr::from([127, 0, 0, host]), proxy.addr)
}

#[test]
fn haproxy_tells_who_connects_through_it() {
    let test = "haproxy_tells_who_connects_through_it";
    if !can_play(test, &[&HAPROXY]) {
        return;
    }
    for words in [
        "send-proxy",
        "send-proxy-v2",
        "send-proxy-v2 proxy-v2-options crc32c,unique-id",
    ] {
        let args = ["--proxy-from", "127.0.0.1", "--max-per-ip", "1"];
        let (mut daemon, addr) = start(&args);
        let proxy = Proxy::start(addr, words);
        let mut ann = connect(&proxy, 2);
        ann.logs_in("ann");
        let came = format!("ann came from {}, 1 online", ann.addr());
        daemon.logs(&came);
        let mut again = connect(&proxy, 2);
        again.reads("Too many connections from your address. Close one and try again.");
        again.is_closed();
        daemon.logs(&format!("{} turned away: too many", again.addr()));
        let mut bob = connect(&proxy, 3);
        bob.logs_in("bob");
        ann.reads("bob has joined the chat.");
        bob.types("hi");
        ann.reads("bob: hi");
        ann.types("/quit");
        ann.reads("Goodbye!");
        ann.is_closed();
        bob.reads("ann has left the chat.");
    }
}

#[test]
fn haproxy_may_look_whether_the_server_is_alive() {
    let test = "haproxy_may_look_whether_the_server_is_alive";
    if !can_play(test, &[&HAPROXY]) {
        return;
    }
    for words in ["send-proxy-v2 check inter 10", "send-proxy check inter 10"] {
        let args = ["-v", "--anonymous", "--greet-after", "5000"];
        let (mut daemon, addr) = start(&[&args[..], &["--proxy-from", "127.0.0.1"]].concat());
        // From elsewhere, so that no header is awaited.
        let mut ann = Person::connect_from(IpAddr::from([127, 0, 0, 9]), addr);
        ann.types("");
        ann.is_welcomed();
        ann.reads(&format!("{} has joined the chat.", ann.addr()));
        let proxy = Proxy::start(addr, words);
        (0..5).for_each(|_| drop(daemon.logs("127.0.0.1:")));
        let mut bob = connect(&proxy, 2);
        bob.types("hi");
        bob.is_welcomed();
        // Nobody else has come.
        ann.reads(&format!("{} has joined the chat.", bob.addr()));
        ann.reads(&format!("{}: hi", bob.addr()));
    }
}

#[test]
fn haproxy_without_a_header_is_told_so() {
    if !can_play("haproxy_without_a_header_is_told_so", &[&HAPROXY]) {
        return;
    }
    let (mut daemon, addr) = start(&["--proxy-from", "127.0.0.0/8"]);
    let proxy = Proxy::start(addr, "");
    let mut ann = connect(&proxy, 2);
    ann.types("ann");
    ann.reads("From your address a PROXY header must come first. Goodbye!");
    ann.is_closed();
    let line = daemon.logs("turned away");
    assert!(
        line.ends_with(" turned away: sent no PROXY header"),
        "{line}"
    );
}

/// What netcat prints that sends these words, as printf takes them.
fn nc(addr: SocketAddr, words: &str) -> String {
    let script = format!("printf '{words}' | nc -N {} {}", addr.ip(), addr.port());
    let output = program("sh").args(["-c", &script]).output();
    String::from_utf8(output.expect("a shell can be run").stdout).expect("text")
}

#[test]
fn netcat_sends_headers_by_hand() {
    if !can_play("netcat_sends_headers_by_hand", &[&NETCAT]) {
        return;
    }
    let mut by_env = command(&["-l", "127.0.0.1:0"]);
    by_env.env("CHAT_PROXY_FROM", "10.0.0.0/8, 127.0.0.1");
    let mut daemon = Daemon::spawn(by_env);
    let addr = daemon.listens_on();
    for (header, from) in [
        (
            r"PROXY TCP4 192.0.2.1 192.0.2.2 5000 8080\r\n",
            "192.0.2.1:5000",
        ),
        (
            r"PROXY TCP6 2001:db8::1 ::1 5000 8080\r\n",
            "[2001:db8::1]:5000",
        ),
        (r"PROXY UNKNOWN\r\n", "127.0.0.1:"),
        (
            r"\r\n\r\n\000\r\nQUIT\n\041\021\000\014\300\000\002\001\300\000\002\002\023\210\037\220",
            "192.0.2.1:5000",
        ),
    ] {
        let heard = nc(addr, &format!(r"{header}ann\nhi\n"));
        assert!(
            heard.starts_with(&format!("{PROMPT}Welcome to the chat!\r\n")),
            "{heard}"
        );
        daemon.logs(&format!("ann came from {from}"));
    }
    for (said, told, logged) in [
        (
            r"ann\n",
            "From your address a PROXY header must come first. Goodbye!\r\n",
            "turned away: sent no PROXY header",
        ),
        (
            r"PROXY TCP4 192.0.2.1\r\nann\n",
            "The PROXY header from your address is not valid. Goodbye!\r\n",
            "turned away: sent a PROXY header that is not valid",
        ),
    ] {
        assert_eq!(nc(addr, said), told);
        daemon.logs(logged);
    }
}

#[test]
fn the_log_says_which_addresses_are_proxies() {
    let args = ["--proxy-from", "10.0.0.0/8", "--proxy-from", "::1"];
    let (mut daemon, _) = start(&args);
    let first = daemon.logs("");
    assert!(
        first.contains("; proxy-from 10.0.0.0/8, ::1/128; "),
        "{first}"
    );
}

#[test]
fn a_wrong_network_is_told_what_is_wrong_with_it() {
    for (text, told) in [
        (
            "localhost",
            "CHAT_PROXY_FROM takes a network, such as 10.0.0.0/8 or 2001:db8::/32, or an address, not 'localhost'",
        ),
        (
            "::1, 10.0.0.1/8",
            "CHAT_PROXY_FROM cannot be '10.0.0.1/8', as that is one address of a network; give 10.0.0.0/8",
        ),
    ] {
        let mut wrong = command(&[]);
        wrong.env("CHAT_PROXY_FROM", text);
        let (status, _, log) = Daemon::spawn(wrong).ends();
        assert_eq!(status.code(), Some(2));
        assert_eq!(log, [format!("server: {told}. Try 'server --help'.")]);
    }
}
