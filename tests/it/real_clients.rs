//! People with the clients they have: telnet, netcat and ncat, each in a pseudo-terminal as on someone's desk.
//!
//! A machine may lack a client. What that leaves out is said on standard error, past the test runner's capture; with
//! `CHINWAG_REQUIRE_CLIENTS=1` in the environment it is a failure.

use std::env;
use std::io::Write as _;
use std::net::SocketAddr;
use std::process::{Command, Stdio};

use rexpect::reader::Options;
use rexpect::session::{PtySession, spawn_with_options};

use crate::daemon::{Daemon, start};
use crate::harness::{DEADLINE, Person};

/// A program that people chat with.
struct Client {
    program: &'static str,
    /// What tells it from other programs of that name, in what it prints when asked for help.
    is_known_by: &'static str,
    asks_help: &'static str,
    /// Whether it ends by itself when the server has closed. The others wait for the end of what is typed.
    ends_with_server: bool,
}

const TELNET: Client = Client {
    program: "telnet",
    is_known_by: "GNU inetutils",
    asks_help: "--version",
    ends_with_server: true,
};
const NETCAT: Client = Client {
    program: "nc",
    is_known_by: "OpenBSD",
    asks_help: "-h",
    ends_with_server: false,
};
const NCAT: Client = Client {
    program: "ncat",
    is_known_by: "Ncat",
    asks_help: "--version",
    ends_with_server: false,
};

impl Client {
    fn is_installed(&self) -> bool {
        let Ok(output) = Command::new(self.program).arg(self.asks_help).output() else {
            return false;
        };
        let said = [output.stdout, output.stderr].concat();
        String::from_utf8_lossy(&said).contains(self.is_known_by)
    }
}

/// Whether the test can be done here. Where not, says so or fails.
fn can_play(test: &str, clients: &[&Client]) -> bool {
    let missing: Vec<_> = clients.iter().filter(|c| !c.is_installed()).collect();
    let Some(client) = missing.first() else {
        return true;
    };
    let sentence = format!(
        "left out: real_clients::{test}, as {} ({}) is not installed",
        client.program, client.is_known_by
    );
    let required = env::var_os("CHINWAG_REQUIRE_CLIENTS").is_some_and(|value| value == "1");
    assert!(!required, "{sentence}");
    // Through the handle, as the test runner keeps what is printed with a macro to itself.
    let _ = writeln!(std::io::stderr(), "{sentence}");
    false
}

/// Someone at a terminal.
struct Desk {
    terminal: PtySession,
    program: &'static str,
}

impl Desk {
    fn connect(client: &Client, addr: SocketAddr) -> Desk {
        let mut command = Command::new(client.program);
        command.arg(addr.ip().to_string());
        command.arg(addr.port().to_string());
        command.env("LC_ALL", "C.UTF-8");
        let timeout = u64::try_from(DEADLINE.as_millis()).ok();
        let options = Options::new().timeout_ms(timeout);
        let terminal = spawn_with_options(command, options).expect("a pseudo-terminal can be had");
        let program = client.program;
        Desk { terminal, program }
    }

    fn login(client: &Client, addr: SocketAddr, name: &str) -> Desk {
        let mut desk = Desk::connect(client, addr);
        desk.reads("Enter your username: ");
        desk.types(name);
        desk.reads("Welcome to the chat!");
        desk.reads(&format!("{name} has joined the chat."));
        desk
    }

    fn types(&mut self, line: &str) {
        self.terminal
            .send_line(line)
            .unwrap_or_else(|error| panic!("{}: {error}", self.program));
    }

    fn presses_control(&mut self, key: char) {
        self.terminal
            .send_control(key)
            .unwrap_or_else(|error| panic!("{}: {error}", self.program));
    }

    /// Waits until these words stand on the screen, and returns what stood before them.
    fn reads(&mut self, words: &str) -> String {
        // The terminal is read byte by byte, each as the character of that number.
        let bytes: String = words.bytes().map(char::from).collect();
        self.terminal
            .exp_string(&bytes)
            .unwrap_or_else(|error| panic!("{}: {error}", self.program))
    }

    fn ends(&mut self) {
        self.terminal
            .exp_eof()
            .unwrap_or_else(|error| panic!("{}: {error}", self.program));
    }
}

/// Ann, with this client, talks with bob, whose every byte is looked at.
fn one_talks(client: &Client) {
    let (_daemon, addr) = start(&[]);
    let mut bob = Person::login(addr, "bob");
    let mut ann = Desk::login(client, addr, "ann");
    bob.reads("ann has joined the chat.");
    for line in ["Hello, bob!", "Zoë says: grüß Gott 花子", "a\tb", "//slash"] {
        ann.types(line);
        let text = line.strip_prefix('/').unwrap_or(line);
        bob.reads(&format!("ann: {text}"));
    }
    bob.types("Hi ann");
    ann.reads("bob: Hi ann");
    bob.types("Ольга 🎉");
    ann.reads("bob: Ольга 🎉");
    ann.types("/users");
    let between = ann.reads("Users online: 2");
    assert!(!between.contains('\u{ff}'), "telnet's escape byte is shown");
    ann.types("/quit");
    ann.reads("Goodbye!");
    bob.reads("ann has left the chat.");
    if !client.ends_with_server {
        ann.presses_control('d');
    }
    ann.ends();
}

#[test]
fn ann_has_telnet() {
    if can_play("ann_has_telnet", &[&TELNET]) {
        one_talks(&TELNET);
    }
}

#[test]
fn ann_has_netcat() {
    if can_play("ann_has_netcat", &[&NETCAT]) {
        one_talks(&NETCAT);
    }
}

#[test]
fn ann_has_ncat() {
    if can_play("ann_has_ncat", &[&NCAT]) {
        one_talks(&NCAT);
    }
}

#[test]
fn telnet_netcat_and_ncat_meet() {
    if !can_play("telnet_netcat_and_ncat_meet", &[&TELNET, &NETCAT, &NCAT]) {
        return;
    }
    let (_daemon, addr) = start(&[]);
    let mut ann = Desk::login(&TELNET, addr, "ann");
    let mut bob = Desk::login(&NETCAT, addr, "bob");
    ann.reads("bob has joined the chat.");
    let mut carl = Desk::login(&NCAT, addr, "carl");
    for desk in [&mut ann, &mut bob] {
        desk.reads("carl has joined the chat.");
    }
    ann.types("I have telnet");
    bob.reads("ann: I have telnet");
    carl.reads("ann: I have telnet");
    bob.types("I have netcat");
    carl.reads("bob: I have netcat");
    ann.reads("bob: I have netcat");
    carl.types("I have ncat");
    ann.reads("carl: I have ncat");
    bob.reads("carl: I have ncat");
    carl.types("/quit");
    carl.reads("Goodbye!");
    ann.reads("carl has left the chat.");
    bob.reads("carl has left the chat.");
}

#[test]
fn a_pipe_into_netcat_says_its_line_and_leaves() {
    if !can_play("a_pipe_into_netcat_says_its_line_and_leaves", &[&NETCAT]) {
        return;
    }
    let (_daemon, addr) = start(&[]);
    let mut ann = Person::login(addr, "ann");
    let script = format!(r"printf 'bob\nhi\n' | nc -N {} {}", addr.ip(), addr.port());
    let mut shell = Command::new("sh");
    shell.args(["-c", &script]).stdin(Stdio::null());
    shell.stdout(Stdio::piped()).stderr(Stdio::piped());
    let (status, out, errors) = Daemon::spawn(shell).ends();
    assert_eq!(
        out,
        [
            "Enter your username: Welcome to the chat!",
            "bob has joined the chat."
        ]
    );
    assert!(status.success(), "{status}: {errors:?}");
    ann.reads("bob has joined the chat.");
    ann.reads("bob: hi");
    ann.reads("bob has left the chat.");
}

#[test]
fn a_client_that_is_not_there_is_missed() {
    const NONE: Client = Client {
        program: "no-such-client",
        ..TELNET
    };
    // The right name alone is not enough: `sh` is there, and is no telnet.
    const OTHER: Client = Client {
        program: "sh",
        ..TELNET
    };
    assert!(!NONE.is_installed());
    assert!(!OTHER.is_installed());
}
