//! People with their usual clients: telnet, PuTTY, netcat and ncat, each in a terminal as on someone's desk.
//!
//! A machine may lack a client. Then standard error says which tests are left out, past the test runner's capture; with
//! `CHINWAG_REQUIRE_CLIENTS=1` in the environment, the tests fail.

use std::env;
use std::fs;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Stdio;

use rexpect::reader::Options;
use rexpect::session::{PtySession, spawn_with_options};

use crate::daemon::{Daemon, start};
use crate::harness::{DEADLINE, Person, until_seen};
use crate::program::program;

/// A program that people chat with.
pub(crate) struct Client {
    pub(crate) program: &'static str,
    /// A text in its help that distinguishes it from other programs of that name.
    pub(crate) is_known_by: &'static str,
    pub(crate) asks_help: &'static str,
    /// Its arguments; HOST and PORT stand for the server's.
    pub(crate) args: &'static [&'static str],
    /// Whether it ends by itself when the server has closed. The others wait for the end of their input.
    pub(crate) ends_with_server: bool,
}

pub(crate) const TELNET: Client = Client {
    program: "telnet",
    is_known_by: "GNU inetutils",
    asks_help: "--version",
    args: &["HOST", "PORT"],
    ends_with_server: true,
};
pub(crate) const NETCAT: Client = Client {
    program: "nc",
    is_known_by: "OpenBSD",
    asks_help: "-h",
    args: &["HOST", "PORT"],
    ends_with_server: false,
};
const NCAT: Client = Client {
    program: "ncat",
    is_known_by: "Ncat",
    asks_help: "--version",
    args: &["HOST", "PORT"],
    ends_with_server: false,
};
const PLINK: Client = Client {
    program: "plink",
    is_known_by: "plink: ",
    asks_help: "-V",
    args: &["-telnet", "-P", "PORT", "HOST"],
    ends_with_server: true,
};
/// Not for chatting.
pub(crate) const CURL: Client = Client {
    program: "curl",
    is_known_by: "curl ",
    asks_help: "--version",
    args: &["-s", "-i", "--noproxy", "*", "http://HOST:PORT/"],
    ends_with_server: true,
};
/// Not a client, but the terminal in which one runs.
pub(crate) const TMUX: Client = Client {
    program: "tmux",
    is_known_by: "tmux ",
    asks_help: "-V",
    args: &[],
    ends_with_server: false,
};

impl Client {
    /// Its arguments to reach a server.
    pub(crate) fn args(&self, addr: SocketAddr) -> impl Iterator<Item = String> {
        let (host, port) = (addr.ip().to_string(), addr.port().to_string());
        let args = self.args.iter();
        args.map(move |arg| arg.replace("HOST", &host).replace("PORT", &port))
    }

    fn is_installed(&self) -> bool {
        let Ok(output) = program(self.program).arg(self.asks_help).output() else {
            return false;
        };
        let said = [output.stdout, output.stderr].concat();
        String::from_utf8_lossy(&said).contains(self.is_known_by)
    }
}

/// Whether the test can run here. If not, says so or fails.
pub(crate) fn can_play(test: &str, clients: &[&Client]) -> bool {
    let missing: Vec<_> = clients.iter().filter(|c| !c.is_installed()).collect();
    let Some(client) = missing.first() else {
        return true;
    };
    let client = format!("{} ({})", client.program, client.is_known_by);
    leave_out(test, &client);
    false
}

/// Says that the test is left out, as the program is not installed, or fails.
pub(crate) fn leave_out(test: &str, program: &str) {
    let sentence = format!("left out: {test}, as {program} is not installed");
    let required = env::var_os("CHINWAG_REQUIRE_CLIENTS").is_some_and(|value| value == "1");
    assert!(!required, "{sentence}");
    // Through the handle, as the test runner keeps what is printed with a macro to itself.
    let _ = writeln!(std::io::stderr(), "{sentence}");
}

/// Someone at a terminal.
pub(crate) struct Desk {
    terminal: PtySession,
    program: &'static str,
}

impl Desk {
    pub(crate) fn connect(client: &Client, addr: SocketAddr) -> Desk {
        let mut command = program(client.program);
        command.args(client.args(addr));
        command.env("LC_ALL", "C.UTF-8");
        let timeout = u64::try_from(DEADLINE.as_millis()).ok();
        let options = Options::new().timeout_ms(timeout);
        let terminal = spawn_with_options(command, options).expect("a pseudo-terminal can be had");
        let program = client.program;
        Desk { terminal, program }
    }

    pub(crate) fn login(client: &Client, addr: SocketAddr, name: &str) -> Desk {
        let mut desk = Desk::connect(client, addr);
        desk.reads("Enter your username: ");
        desk.types(name);
        desk.reads("Welcome to the chat!");
        desk.reads("Type /help for the list of commands.");
        desk.reads(&format!("{name} has joined the chat."));
        desk
    }

    pub(crate) fn types(&mut self, line: &str) {
        self.terminal
            .send_line(line)
            .unwrap_or_else(|error| panic!("{}: {error}", self.program));
    }

    /// Presses keys, and not Enter.
    fn presses(&mut self, keys: &str) {
        let sent = self.terminal.send(keys);
        sent.and_then(|_| self.terminal.flush())
            .unwrap_or_else(|error| panic!("{}: {error}", self.program));
    }

    fn presses_control(&mut self, key: char) {
        self.terminal
            .send_control(key)
            .unwrap_or_else(|error| panic!("{}: {error}", self.program));
    }

    /// Waits until these words are on the screen, and returns the text before them.
    pub(crate) fn reads(&mut self, words: &str) -> String {
        // The terminal is read byte by byte, each as the character of that number.
        let bytes: String = words.bytes().map(char::from).collect();
        self.terminal
            .exp_string(&bytes)
            .unwrap_or_else(|error| panic!("{}: {error}", self.program))
    }

    pub(crate) fn ends(&mut self) {
        self.terminal
            .exp_eof()
            .unwrap_or_else(|error| panic!("{}: {error}", self.program));
    }
}

/// Ann, with this client, talks with bob at a server with these options. The test looks at every byte that he gets.
pub(crate) fn one_talks(client: &Client, options: &[&str]) {
    let (_daemon, addr) = start(options);
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
        one_talks(&TELNET, &[]);
    }
}

#[test]
fn ann_has_netcat() {
    if can_play("ann_has_netcat", &[&NETCAT]) {
        one_talks(&NETCAT, &[]);
    }
}

#[test]
fn ann_has_ncat() {
    if can_play("ann_has_ncat", &[&NCAT]) {
        one_talks(&NCAT, &[]);
    }
}

#[test]
fn ann_has_putty() {
    if can_play("ann_has_putty", &[&PLINK]) {
        one_talks(&PLINK, &[]);
    }
}

#[test]
fn telnet_lives_on_after_ctrl_c() {
    if !can_play("telnet_lives_on_after_ctrl_c", &[&TELNET]) {
        return;
    }
    let (_daemon, addr) = start(&[]);
    let mut bob = Person::login(addr, "bob");
    let mut ann = Desk::login(&TELNET, addr, "ann");
    bob.reads("ann has joined the chat.");
    for _ in 0..3 {
        ann.presses("half a li");
        ann.presses_control('c');
        ann.reads("Type /quit to leave.");
        ann.types("whole");
        bob.reads("ann: whole");
        bob.types("Is your screen alive?");
        ann.reads("bob: Is your screen alive?");
    }
    ann.presses_control('d');
    ann.reads("Goodbye!");
    ann.ends();
    bob.reads("ann has left the chat.");
}

#[test]
fn what_telnet_can_be_told_to_send_is_understood() {
    let test = "what_telnet_can_be_told_to_send_is_understood";
    if !can_play(test, &[&TELNET]) {
        return;
    }
    let (_daemon, addr) = start(&[]);
    let mut bob = Person::login(addr, "bob");
    let mut ann = Desk::login(&TELNET, addr, "ann");
    bob.reads("ann has joined the chat.");
    for (command, answer) in [
        ("ayt", "Yes, 2 online."),
        ("ip", "Type /quit to leave."),
        ("brk", "Type /quit to leave."),
        ("synch", ""),
        ("nop", ""),
        ("ga", ""),
        ("do 86", ""),
        ("will 86", ""),
        ("eof", "Goodbye!"),
    ] {
        ann.presses_control(']');
        ann.reads("telnet> ");
        ann.types(&format!("send {command}"));
        ann.reads(answer);
        if command != "eof" {
            ann.types(command);
            bob.reads(&format!("ann: {command}"));
        }
    }
    ann.ends();
    bob.reads("ann has left the chat.");
}

#[test]
fn putty_edits_by_itself() {
    if !can_play("putty_edits_by_itself", &[&PLINK]) {
        return;
    }
    let (_daemon, addr) = start(&[]);
    let mut bob = Person::login(addr, "bob");
    let mut ann = Desk::login(&PLINK, addr, "ann");
    bob.reads("ann has joined the chat.");
    ann.presses("hellp\u{7f}o");
    // Shown before Enter is pressed, as the terminal does it, since the server sends nothing of the kind.
    ann.reads("hellp\u{8} \u{8}o");
    ann.types("!");
    bob.reads("ann: hello!");
    // It ends itself on this key, so that the half line is never sent.
    ann.presses("half");
    ann.presses_control('c');
    ann.ends();
    bob.reads("ann has left the chat.");
}

/// A terminal that reports its content and its title.
pub(crate) struct Window {
    /// The socket of its tmux, which distinguishes it from others.
    socket: PathBuf,
}

impl Window {
    /// Opens a terminal with a title, and a client in it.
    fn open(client: &Client, addr: SocketAddr, title: &str) -> Window {
        let args: Vec<String> = client.args(addr).collect();
        let program = format!("exec {} {}", client.program, args.join(" "));
        let script = format!(r"printf '\033]0;{title}\007'; {program}");
        Window::run(client.program, &script)
    }

    /// Opens a terminal for a script, under a name that no other terminal has.
    pub(crate) fn run(name: &str, script: &str) -> Window {
        let name = format!("chinwag-{}-{name}", std::process::id());
        let socket = env::temp_dir().join(name);
        let window = Window { socket };
        window.tmux(&["-u", "-f", "/dev/null", "new-session", "-d", script]);
        window
    }

    /// Makes tmux run a command, and returns its output.
    pub(crate) fn tmux(&self, args: &[&str]) -> String {
        let output = program(TMUX.program)
            .arg("-S")
            .arg(&self.socket)
            .args(args)
            .env("LC_ALL", "C.UTF-8")
            .env_remove("TMUX")
            .stdin(Stdio::null())
            .output()
            .expect("tmux can be run");
        assert!(output.status.success(), "{args:?}: {output:?}");
        String::from_utf8(output.stdout).expect("tmux prints UTF-8")
    }

    pub(crate) fn types(&self, line: &str) {
        self.tmux(&["send-keys", "-l", line]);
        self.tmux(&["send-keys", "Enter"]);
    }

    /// Waits until these words stand on the screen.
    pub(crate) fn shows(&self, words: &str) {
        self.waits_for(words, true);
    }

    /// Waits until these words stand on the screen no more.
    pub(crate) fn shows_no_more(&self, words: &str) {
        self.waits_for(words, false);
    }

    fn waits_for(&self, words: &str, is_shown: bool) {
        until_seen(|| {
            let screen = self.tmux(&["capture-pane", "-p"]);
            match screen.contains(words) == is_shown {
                true => Ok(()),
                false => Err(format!("{words:?} shown: {}\n{screen}", !is_shown)),
            }
        });
    }

    fn title(&self) -> String {
        let title = self.tmux(&["display-message", "-p", "#{pane_title}"]);
        title.trim_end().into()
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        // Fails if the client has ended, and the terminal with it, which is fine.
        let mut tmux = program(TMUX.program);
        let _ = tmux.arg("-S").arg(&self.socket).arg("kill-server").output();
        let _ = fs::remove_file(&self.socket);
    }
}

#[test]
fn nobody_changes_the_title_of_anothers_window() {
    let test = "nobody_changes_the_title_of_anothers_window";
    if !can_play(test, &[&TMUX, &TELNET, &NETCAT]) {
        return;
    }
    for client in [&TELNET, &NETCAT] {
        let (_daemon, addr) = start(&[]);
        let window = Window::open(client, addr, "mine");
        window.shows("Enter your username:");
        // So this terminal obeys such bytes.
        assert_eq!(window.title(), "mine");
        window.types("ann");
        window.shows("ann has joined the chat.");
        let mut bob = Person::login(addr, "bob");
        bob.sends(b"\x1b]0;gotcha\x07\x1b]2;gotcha\x1b\\\x1b[2J\n");
        bob.sends("\u{9d}0;gotcha\u{9c}\n".as_bytes());
        bob.types("Done");
        window.shows("bob: Done");
        assert_eq!(window.title(), "mine");
        window.shows("bob: ␛]0;gotcha␇␛]2;gotcha␛\\␛[2J");
        window.shows("bob: \u{fffd}0;gotcha\u{fffd}");
        window.shows("ann has joined the chat.");
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
    let mut shell = program("sh");
    shell.args(["-c", &script]).stdin(Stdio::null());
    shell.stdout(Stdio::piped()).stderr(Stdio::piped());
    let (status, out, errors) = Daemon::spawn(shell).ends();
    assert_eq!(
        out,
        [
            "Enter your username: Welcome to the chat!",
            "Type /help for the list of commands.",
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
