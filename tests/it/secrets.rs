//! Passwords that are used in every way, and looked for everywhere: in the log, in the files, in the figures, in what
//! anybody is sent, and in what the system shows of the programs.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Stdio};

use nix::sys::signal::Signal;

use crate::daemon::{Daemon, command};
use crate::harness::{DEADLINE, PROMPT, Person, until};
use crate::keeping::Folder;
use crate::program::program;

/// The beginnings of all passwords that are typed here.
const ALL: [&str; 13] = [
    "orchid-lantern",
    "walnut-ferry",
    "plum-kettle",
    "maple-thimble",
    "cedar-button",
    "birch-ribbon",
    "olive-anchor",
    "hazel-copper",
    "fig-basket",
    "sorrel spoon",
    "quince-hammer",
    "rowan-pebble",
    "tansy-bucket",
];

/// A connection that remembers all that it was sent.
struct Tapped {
    stream: TcpStream,
    heard: Vec<u8>,
    /// Up to where it was looked at.
    seen: usize,
}

impl Tapped {
    fn connect(addr: SocketAddr) -> Tapped {
        let stream = TcpStream::connect(addr).expect("the server accepts");
        stream
            .set_read_timeout(Some(DEADLINE))
            .expect("it can be set");
        let (heard, seen) = (Vec::new(), 0);
        Tapped {
            stream,
            heard,
            seen,
        }
    }

    fn sends(&mut self, line: &str) {
        let line = format!("{line}\r\n");
        self.stream.write_all(line.as_bytes()).expect("it is taken");
    }

    /// Waits for these words.
    fn hears(&mut self, words: &str) {
        loop {
            let new = &self.heard[self.seen..];
            let mut places = new.windows(words.len());
            if let Some(at) = places.position(|it| it == words.as_bytes()) {
                self.seen += at + words.len();
                return;
            }
            let mut buffer = [0; 4096];
            let read = self.stream.read(&mut buffer).unwrap_or(0);
            let told = String::from_utf8_lossy(&self.heard);
            assert!(read > 0, "no {words:?} in {told}");
            self.heard.extend_from_slice(&buffer[..read]);
        }
    }

    fn dialogue(&mut self, turns: &[(&str, &str)]) {
        for (line, answer) in turns {
            self.sends(line);
            self.hears(answer);
        }
    }
}

/// Fails if any password is in these bytes.
#[track_caller]
fn has_none(what: &str, bytes: &[u8]) {
    for secret in ALL {
        let is_there = bytes
            .windows(secret.len())
            .any(|it| it == secret.as_bytes());
        assert!(
            !is_there,
            "{secret:?} in {what}: {}",
            String::from_utf8_lossy(bytes)
        );
    }
}

fn files_have_none(dir: &Path) {
    for entry in fs::read_dir(dir).expect("it is a directory") {
        let path = entry.expect("it can be read").path();
        if path.is_dir() {
            files_have_none(&path);
        } else if let Ok(bytes) = fs::read(&path) {
            let what = path.display().to_string();
            has_none(&what, &bytes);
        }
    }
}

/// What everybody on the machine, or at least its owner, can read of a process.
fn process_has_none(id: u32) {
    for file in ["cmdline", "environ"] {
        let path = format!("/proc/{id}/{file}");
        // A program that has just begun shows nothing yet.
        let mut bytes = Vec::new();
        until("the program shows what it was given", || {
            bytes = fs::read(&path).expect(&path);
            !bytes.is_empty()
        });
        has_none(&path, &bytes);
    }
}

/// Changes accounts by the shell.
fn shell(folder: &Folder, args: &[&str], password: &str) {
    let args = [&["account"], args, &["--data", folder.path()]].concat();
    let mut child = command(&args)
        .stdin(Stdio::piped())
        .spawn()
        .expect("it runs");
    process_has_none(child.id());
    let mut stdin = child.stdin.take().expect("it is piped");
    writeln!(stdin, "{password}").expect("it reads");
    drop(stdin);
    let done = child.wait_with_output().expect("it ends");
    assert!(done.status.success(), "{done:?}");
    has_none("the shell's output", &[done.stdout, done.stderr].concat());
}

/// Every way of a person at the door and in the chat.
fn person_types(addr: SocketAddr) -> Tapped {
    let mut ann = Tapped::connect(addr);
    let long = format!("plum-kettle{}", "x".repeat(2000));
    ann.hears(PROMPT);
    ann.dialogue(&[
        ("Ann", ": "),
        ("walnut-ferry-22", "2 attempts left."),
        ("", PROMPT),
        // Typed where it shows, and no name.
        ("sorrel spoon 10", PROMPT),
        ("Ann", ": "),
        (&long, "1 attempt left."),
        ("orchid-lantern-71", "Welcome, Ann!"),
        ("/register maple-thimble-44", "Type /register alone"),
        ("/password maple-thimble-44", "Type /password alone"),
        ("/unregister maple-thimble-44", "Type /unregister alone"),
        ("/password", "Password"),
        ("walnut-ferry-22", "Nothing was changed."),
        (
            "hazel-copper-88",
            "That was not sent, in case it is a password.",
        ),
        ("/password", "Password"),
        (&long, "Nothing was changed."),
        (&long, "That was not sent, in case it is a password."),
        ("/password", "Password"),
        ("orchid-lantern-71", "New password"),
        ("quince-hammer-12", "Once more"),
        ("quince-hammer-12", "You have a new password from now on."),
        ("/unregister", "Password"),
        ("walnut-ferry-22", "Nothing was changed."),
        ("/back", "You were not away."),
    ]);
    ann
}

/// Every way of a program, and objects that are broken or not understood.
fn program_sends(addr: SocketAddr) -> Tapped {
    let mut robot = Tapped::connect(addr);
    robot.dialogue(&[
        (
            r#"{"op":"login","name":"Ann","password":"walnut-ferry-22"}"#,
            "2 attempts left.",
        ),
        (
            r#"{"op":"login","name":"rob ot","password":"walnut-ferry-22"}"#,
            "name-invalid",
        ),
        (
            r#"{"op":"login","name":"robot","password":"fig-basket-99"}"#,
            "welcome",
        ),
        (r#"{"op":"register","password":"fig-basket-99""#, "json"),
        (
            r#"{"op":"register","password":["fig-basket-99"]}"#,
            "member",
        ),
        (
            r#"{"op":"password","old":"fig-basket-99","new":5}"#,
            "member",
        ),
        (
            r#"{"op":"register","password":"cedar-button-55"}"#,
            "robot is yours from now on.",
        ),
        (
            r#"{"op":"password","old":"cedar-button-55","new":"birch-ribbon-66"}"#,
            "You have a new password from now on.",
        ),
        (
            r#"{"op":"unregister","password":"cedar-button-55"}"#,
            r#""code":"password""#,
        ),
        (
            r#"{"op":"command","line":"/register maple-thimble-44"}"#,
            "alone",
        ),
        (
            r#"{"op":"unregister","password":"birch-ribbon-66"}"#,
            "Your account is gone.",
        ),
        (r#"{"op":"ping"}"#, "pong"),
    ]);
    robot
}

/// The client in a pipe, which gets the password by a file or in the environment.
fn client(addr: SocketAddr, home: &Path, password: &str, by_file: bool) -> Child {
    let file = home.join("password");
    let mut client = program(env!("CARGO_BIN_EXE_client"));
    client.env_clear().env("XDG_STATE_HOME", home);
    client.args(["-p", &addr.port().to_string(), "-n", "Ann"]);
    match by_file {
        true => {
            fs::write(&file, format!("{password}\n")).expect("it can be written");
            client.arg("--password-file").arg(&file);
        }
        false => drop(client.env("CHAT_PASSWORD", password)),
    }
    client.stdin(Stdio::piped()).stdout(Stdio::piped());
    client.stderr(Stdio::piped()).spawn().expect("it runs")
}

fn clients_have_none(addr: SocketAddr, home: &Folder, bob: &mut Tapped) {
    fs::create_dir(home.path()).expect("it can be made");
    for (by_file, count) in [(true, 1), (false, 2)] {
        let mut child = client(addr, home.at("").as_path(), "olive-anchor-77", by_file);
        let mut stdin = child.stdin.take().expect("it is piped");
        writeln!(stdin, "line {count}\n/password rowan-pebble-13").expect("it reads");
        bob.hears(&format!("Ann: line {count}"));
        if by_file {
            process_has_none(child.id());
        }
        drop(stdin);
        let done = child.wait_with_output().expect("it ends");
        has_none("the client's output", &[done.stdout, done.stderr].concat());
    }
    drop(fs::remove_file(home.at("password")));
    files_have_none(home.at("").as_path());
}

#[test]
fn no_password_is_anywhere_but_where_it_was_typed() {
    let folder = Folder::new("secrets");
    shell(&folder, &["add", "Ann", "operator"], "orchid-lantern-71");
    let args = [
        "-l",
        "127.0.0.1:0",
        "--metrics",
        "127.0.0.1:0",
        "-vv",
        "--data",
        folder.path(),
    ];
    let mut daemon = Daemon::spawn(command(&args));
    let addr = daemon.listens_on();
    let metrics = daemon.prints();
    let mut bob = Tapped::connect(addr);
    bob.hears(PROMPT);
    bob.dialogue(&[("Bob", "Bob has joined the chat.")]);
    let mut ann = person_types(addr);
    let robot = program_sends(addr);
    shell(&folder, &["password", "Ann"], "olive-anchor-77");
    ann.hears("Your password was changed.");
    clients_have_none(addr, &Folder::new("secrets-home"), &mut bob);
    shell(&folder, &["add", "Mia"], "tansy-bucket-14");
    process_has_none(daemon.id());
    files_have_none(Path::new(folder.path()));
    bob.dialogue(&[("/back", "You were not away.")]);
    for (who, it) in [("Ann", &ann), ("Bob", &bob), ("a program", &robot)] {
        has_none(&format!("what {who} was sent"), &it.heard);
    }
    let shown = metrics.strip_prefix("Metrics on http://");
    let figures = shown.and_then(|it| it.strip_suffix("/metrics")?.parse().ok());
    let mut reader = Person::connect(figures.expect("an address"));
    reader.sends(b"GET /metrics HTTP/1.0\r\n\r\n");
    let figures = reader.reads_to_end();
    assert!(figures.contains("chinwag_"), "{figures}");
    has_none("the figures", figures.as_bytes());
    daemon.signal(Signal::SIGTERM);
    let (status, out, log) = daemon.ends();
    assert!(status.success());
    assert!(
        log.iter()
            .any(|it| it.contains("TRACE") || it.contains("DEBUG")),
        "{log:#?}"
    );
    has_none("the log", log.join("\n").as_bytes());
    has_none("standard output", out.join("\n").as_bytes());
    files_have_none(Path::new(folder.path()));
}
