//! Every way out of the client gives the terminal back as it was.

use std::io::{ErrorKind, Read};

use rexpect::process::{PtyProcess, Signal, WaitStatus};

use serde_json::json;

use crate::harness::{ChatServer, Home, Person, Scripted, Served, client};

/// The modes that the client switches off when it starts and ends: cursor keys, the mouse, focus, pastes, keys reported
/// by numbers, the keypad, inserting, other characters.
const OFF: &str = "\x1b[?1;9;1000;1001;1002;1003;1004;1005;1006;1015;1016;2004l\
                   \x1b[>4;0m\x1b[=0u\x1b>\x1b[4l\x1b(B\x0f";

pub(crate) fn is_given_back(person: &Person) {
    assert!(person.terminal_edits());
    let raw = String::from_utf8_lossy(&person.raw);
    let begun = format!("{OFF}\x1b[?2004h\x1b[?1004h");
    assert!(raw.contains(&begun), "{raw:?}");
    let left = format!("{OFF}\x1b[?7h\x1b[?25h\x1b[0m");
    let (_, behind) = raw.rsplit_once(&left).expect("what was switched on is off");
    assert!(!behind.contains('\x1b'), "{behind:?}");
}

#[test]
fn a_goodbye() {
    let (server, home) = (ChatServer::start(), Home::new());
    for keys in ["leave\r", "/quit\r", "\x04", "\x03"] {
        let mut ann = Person::join(server.port, &home, "Ann", 80, 24);
        assert!(!ann.terminal_edits());
        ann.keys(keys);
        ann.end_with(0);
        is_given_back(&ann);
    }
}

#[test]
fn a_server_that_closes() {
    let (server, home) = (ChatServer::start(), Home::new());
    let command = client(server.port, &home.0, &["-n", "Ann", "--no-reconnect"]);
    let mut ann = Person::sit_down(command, 80, 24);
    ann.until_seen("Ann has joined");
    drop(server);
    ann.end_with(1);
    is_given_back(&ann);
}

#[test]
fn a_server_that_is_not_there() {
    let (server, home) = (ChatServer::start(), Home::new());
    let port = server.port;
    drop(server);
    let mut ann = Person::sit_down(client(port, &home.0, &["-n", "Ann"]), 80, 24);
    ann.end_with(3);
    is_given_back(&ann);
}

#[test]
fn a_name_that_is_refused() {
    let (server, home) = (Scripted::start(), Home::new());
    let mut ann = Person::sit_down(client(server.port, &home.0, &["-n", "Ann"]), 80, 24);
    let mut served = Served::new(server.accept());
    served.reads_op();
    served.says_goodbye("too-many-attempts", true);
    drop(served);
    ann.end_with(4);
    is_given_back(&ann);
}

#[test]
fn a_signal() {
    let (server, home) = (ChatServer::start(), Home::new());
    for signal in [
        Signal::SIGTERM,
        Signal::SIGINT,
        Signal::SIGHUP,
        Signal::SIGQUIT,
    ] {
        // The server may hear of the end of one only together with the next one.
        let mut ann = Person::join(server.port, &home, signal.as_str(), 80, 24);
        ann.keys("typed\x1b[200~ and half a paste");
        ann.signal(signal);
        let status = ann.end();
        assert!(
            matches!(status, WaitStatus::Signaled(_, s, _) if s == signal),
            "{status:?}"
        );
        is_given_back(&ann);
    }
}

#[test]
fn a_signal_tells_the_server_too() {
    let (server, home) = (Scripted::start(), Home::new());
    let mut ann = Person::sit_down(client(server.port, &home.0, &["-n", "Ann"]), 80, 24);
    let (mut served, _) = server.welcome();
    ann.until_seen("Ann has joined");
    ann.signal(Signal::SIGHUP);
    assert_eq!(served.reads(), "/quit");
    ann.end();
}

/// Nobody reads the client's output.
#[test]
fn a_signal_while_the_terminal_takes_nothing() {
    let (server, home) = (Scripted::start(), Home::new());
    let mut process = PtyProcess::new(client(server.port, &home.0, &["-n", "Ann"])).unwrap();
    process.set_kill_timeout(Some(1000));
    let mut terminal = process.get_file_handle().unwrap();
    let (mut served, _) = server.welcome();
    let much = json!({"event": "said", "room": "lobby", "from": "Bob", "text": "much"});
    served.writes(&format!("{much}\n").repeat(20_000));
    let mut stream = served.stream;
    let mut seen = Vec::new();
    let mut byte = [0];
    while !seen.ends_with(b"much") {
        terminal.read_exact(&mut byte).unwrap();
        seen.push(byte[0]);
    }
    process.signal(Signal::SIGTERM).unwrap();
    // Its end closes the connection, with a reset if something was unread.
    loop {
        match stream.read(&mut [0; 4096]) {
            Ok(0) => break,
            Ok(_) => {}
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::ConnectionReset, "it does not end");
                break;
            }
        }
    }
    let status = process.wait().unwrap();
    let ended = matches!(status, WaitStatus::Signaled(_, Signal::SIGTERM, _));
    assert!(ended, "{status:?}");
}

#[test]
#[cfg(target_os = "linux")]
fn not_by_a_signal_that_was_ignored_at_the_start() {
    let (server, home) = (ChatServer::start(), Home::new());
    for (ignored, heeded) in [
        (Signal::SIGHUP, Signal::SIGTERM),
        (Signal::SIGINT, Signal::SIGQUIT),
        (Signal::SIGQUIT, Signal::SIGHUP),
        (Signal::SIGTERM, Signal::SIGINT),
        (Signal::SIGTSTP, Signal::SIGTERM),
    ] {
        let command = client(server.port, &home.0, &["-n", "Ann"]);
        let mut shell = crate::program::program("sh");
        let name = ignored.as_str().trim_start_matches("SIG");
        shell
            .args(["-c", &format!(r#"trap "" {name}; exec "$0" "$@""#)])
            .arg(command.get_program())
            .args(command.get_args())
            .env("TERM", "xterm")
            .env("XDG_STATE_HOME", &home.0);
        let mut ann = Person::sit_down(shell, 80, 24);
        ann.until_seen("Ann has joined");
        ann.signal(ignored);
        for line in ["one", "two"] {
            ann.keys(&format!("{line}\r"));
            ann.until_rows(&[&format!("Ann: {line}"), ">"]);
        }
        ann.signal(heeded);
        let status = ann.end();
        let ended = matches!(status, WaitStatus::Signaled(_, s, _) if s == heeded);
        assert!(ended, "{status:?}");
        is_given_back(&ann);
    }
}
