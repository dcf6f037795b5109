//! Passwords: hidden at a terminal, and given by a file or the environment in a pipe.

use std::io::Write;
use std::thread::{JoinHandle, spawn};

use serde_json::{Value, json};

use crate::harness::{ChatServer, Home, Person, Scripted, Served, client};
use crate::pipe::{run, text};

/// Refuses a login, and everyone but Ann.
fn refuse(served: &mut Served, login: &Value, text: &str) {
    assert_eq!(login["name"], "Ann", "{login}");
    let refused = json!({"event": "refused", "re": login["id"], "code": "password", "text": text});
    served.tells(refused);
}

/// A server that takes this password, and refuses any other. Returns what it was given.
fn serve(server: Scripted, password: &'static str) -> JoinHandle<String> {
    spawn(move || {
        let mut served = Served::new(server.accept());
        let login = served.reads_op();
        let given = login["password"].as_str().unwrap_or_default().to_string();
        if given == password {
            served.lets_in(&login);
            served.tells(json!({"event": "notice", "text": "Welcome back, Ann!"}));
            assert_eq!(served.reads(), "hello");
            assert_eq!(served.reads(), "/quit");
            served.says_goodbye("quit", false);
        } else if given.is_empty() {
            refuse(&mut served, &login, "Ann is a member's name.");
        } else {
            refuse(
                &mut served,
                &login,
                "That is not the password. 2 attempts left.",
            );
        }
        given
    })
}

#[test]
fn a_pipe_takes_the_password_from_the_environment_or_a_file() {
    let home = Home::new();
    let path = home.0.join("password");
    std::fs::write(&path, " tea at four\nmore\n").unwrap();
    let path = path.to_str().unwrap();
    for by_file in [true, false] {
        let server = Scripted::start();
        let mut command = client(server.port, &home.0, &["-n", "Ann"]);
        match by_file {
            true => command.args(["--password-file", path]),
            false => command.env("CHAT_PASSWORD", " tea at four"),
        };
        let served = serve(server, " tea at four");
        let output = run(command, "hello\n");
        assert_eq!(text(&output.stderr), "");
        assert_eq!(output.status.code(), Some(0));
        assert!(text(&output.stdout).contains("Welcome back, Ann!\n"));
        assert_eq!(served.join().unwrap(), " tea at four");
    }
}

#[test]
fn a_pipe_without_the_password_says_where_to_give_it() {
    let (server, home) = (Scripted::start(), Home::new());
    let command = client(server.port, &home.0, &["-n", "Ann"]);
    let served = serve(server, "tea at four");
    let output = run(command, "hello\n");
    let expected = "client: Ann has a password. Give it in CHAT_PASSWORD or --password-file.\n";
    assert_eq!(text(&output.stderr), expected);
    assert_eq!(output.status.code(), Some(4));
    assert_eq!(served.join().unwrap(), "");
}

#[test]
fn a_pipe_gives_a_wrong_password_once() {
    let (server, home) = (Scripted::start(), Home::new());
    let mut command = client(server.port, &home.0, &["-n", "Ann"]);
    command.env("CHAT_PASSWORD", "coffee");
    let served = serve(server, "tea at four");
    let output = run(command, "hello\n");
    let expected =
        "client: the server refused the password: That is not the password. 2 attempts left.\n";
    assert_eq!(text(&output.stderr), expected);
    assert_eq!(output.status.code(), Some(4));
    assert_eq!(served.join().unwrap(), "coffee");
}

#[test]
fn a_file_without_a_password_is_told_of() {
    let home = Home::new();
    let path = home.0.join("password");
    let refusal = |contents: &[u8]| {
        std::fs::write(&path, contents).unwrap();
        let args = ["--password-file", path.to_str().unwrap()];
        let output = run(client(1, &home.0, &args), "");
        assert_eq!(output.status.code(), Some(2));
        text(&output.stderr).to_string()
    };
    assert!(refusal(b"\n").contains("it is empty. Try"));
    assert!(refusal(b"t\xe9a\n").contains("it is not UTF-8. Try"));
    assert!(refusal(&[b'x'; 1025]).contains("it has more than 1024 bytes. Try"));
}

#[test]
fn a_password_reaches_neither_the_screen_nor_the_history() {
    let (server, home) = (Scripted::start(), Home::new());
    let command = client(server.port, &home.0, &["-n", "Ann"]);
    let mut ann = Person::sit_down(command, 60, 12);
    let mut served = Served::new(server.accept());
    let login = served.reads_op();
    assert_eq!(login["password"], json!(null));
    refuse(&mut served, &login, "Ann is a member's name.");
    ann.until_rows(&["Ann is a member's name.", "Password:"]);
    ann.keys("tea at five\x17four\r");
    let login = served.reads_op();
    assert_eq!(login["password"], "tea at four");
    served.lets_in(&login);
    ann.until_rows(&[">"]);
    ann.keys("/password\r");
    ann.until_rows(&["Password:", "(hidden) >"]);
    ann.keys("tea at four\r");
    ann.until_rows(&["New password:", "(hidden) >"]);
    ann.keys("four o'clock tea\r");
    ann.until_rows(&["Once more:", "(hidden) >"]);
    ann.keys("four o'clock tea\r");
    let op = served.reads_op();
    assert_eq!(
        (&op["op"], &op["old"]),
        (&json!("password"), &json!("tea at four"))
    );
    assert_eq!(op["new"], "four o'clock tea");
    let set = json!({"event": "answer", "re": op["id"], "to": "password", "text": ["You have a new one."]});
    served.tells(set);
    ann.until_rows(&["You have a new one.", ">"]);
    ann.keys("\x1b[A");
    ann.until_rows(&["> /password"]);
    ann.keys("\x03");
    ann.until_rows(&[">"]);
    // It comes back with the new one.
    drop(served);
    let mut served = Served::new(server.accept());
    let login = served.reads_op();
    assert_eq!(login["password"], "four o'clock tea");
    served.lets_in(&login);
    served.settles();
    ann.until_rows(&["Ann has joined the chat.", ">"]);
    ann.keys("leave\r");
    assert_eq!(served.reads(), "/quit");
    served.says_goodbye("quit", false);
    ann.end_with(0);
    let raw = String::from_utf8_lossy(&ann.raw);
    assert!(!raw.contains("tea") && !raw.contains("four"), "{raw}");
    for entry in std::fs::read_dir(home.0.join("chinwag")).unwrap() {
        let kept = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        assert!(
            kept.contains("/password") && !kept.contains("tea"),
            "{kept}"
        );
    }
}

/// Has the shell do something with an account, with this on standard input.
fn account(dir: &std::path::Path, args: &[&str], password: &str) {
    let mut command = crate::program::program(env!("CARGO_BIN_EXE_server"));
    command.arg("account").args(args).arg("--data").arg(dir);
    let piped = std::process::Stdio::piped;
    let mut child = command.stdin(piped()).stdout(piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    drop(writeln!(stdin, "{password}"));
    drop(stdin);
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_member_comes_in_and_changes_the_password_at_the_real_server() {
    let home = Home::new();
    let data = home.0.join("data");
    account(&data, &["add", "Ann", "operator"], "tea at four");
    let server = ChatServer::start_on(0, &["--data", data.to_str().unwrap()]);
    let command = client(server.port, &home.0, &["-n", "Ann"]);
    let mut ann = Person::sit_down(command, 100, 20);
    ann.until_rows(&["Password:"]);
    ann.keys("coffee\r");
    ann.until_rows(&["That is not the password. 2 attempts left.", "Password:"]);
    ann.keys("tea at four\r");
    ann.until_rows(&[
        "Ann has joined the chat.",
        "Welcome, Ann! 1 wrong password since then, last from 127.0.0.1.",
        ">",
    ]);
    ann.keys("/join den\r");
    ann.until_rows(&["You are in #den now.", ">"]);
    ann.keys("/password\r");
    ann.until_rows(&["Password:", "(hidden) >"]);
    ann.keys("tea at four\r");
    ann.until_rows(&["New password:", "(hidden) >"]);
    ann.keys("coffee at five\r");
    ann.until_rows(&["Once more:", "(hidden) >"]);
    ann.keys("coffee at six\r");
    ann.until_rows(&[">"]);
    // Typed again where it shows, it is neither said nor kept.
    ann.keys("coffee at five\r");
    ann.until_rows(&[
        "That was not sent, in case it is a password. Type it again to send it.",
        ">",
    ]);
    account(&data, &["password", "Ann"], "cake at seven");
    ann.until("the end", |screen| {
        screen.contents().contains("Press Enter to come back")
    });
    ann.keys("\r");
    ann.until_rows(&["Password:"]);
    ann.keys("cake at seven\r");
    ann.until_rows(&["You are in #den now.", ">"]);
    ann.keys("leave\r");
    ann.end_with(0);
    let raw = String::from_utf8_lossy(&ann.raw);
    assert!(!raw.contains("tea at") && !raw.contains("cake at"), "{raw}");
    for entry in std::fs::read_dir(home.0.join("chinwag")).unwrap() {
        let kept = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        assert!(
            kept.contains("/password") && !kept.contains("coffee"),
            "{kept}"
        );
    }
}
