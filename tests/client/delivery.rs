//! What becomes of the lines of a pipe: each arrives once, or the user is told.

use std::fs::File;
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::harness::{ChatServer, Home, Person, Scripted, Served, client};
use crate::pipe::{run, start, text};

#[test]
fn a_lost_server_ends_it_with_1_after_its_last_words() {
    let (server, home) = (Scripted::start(), Home::new());
    let child = client(server.port, &home.0, &["-n", "ann", "--no-reconnect"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut served, _) = server.welcome();
    served.says("bob: hello");
    served.says_goodbye("shutdown", true);
    served.writes("{\"event\":\"no end");
    drop(served);
    let output = child.wait_with_output().unwrap();
    assert!(text(&output.stdout).ends_with("bob: hello\nServer is shutting down. Goodbye!\n"));
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        text(&output.stderr),
        "client: the server closed the connection.\n"
    );
}

#[test]
fn a_pipe_comes_back_and_everything_arrives_once() {
    let (server, home) = (Scripted::start(), Home::new());
    let child = start(server.port, &home, "one\n/join den\ntwo\nthree\n");
    let mut served = Served::new(server.accept());
    let welcome = |login: &Value, room: &str, resumed: bool| {
        json!({
            "event": "welcome", "re": login["id"], "name": "ann", "person": 1, "current": room, "journal": "j",
            "rooms": [{"room": room, "people": []}], "resume": "token", "resumed": resumed,
        })
    };
    let login = served.reads_op();
    served.tells(welcome(&login, "lobby", false));
    assert_eq!(served.reads(), "one");
    let join = served.reads_op();
    served.moves(&join, "den");
    let [two, three] = [0; 2].map(|_| served.reads_op());
    assert_eq!(
        (&two["room"], &three["text"]),
        (&json!("den"), &json!("three"))
    );
    drop(served);

    let mut served = Served::new(server.accept());
    let login = served.reads_op();
    assert_eq!(login["resume"], "token");
    served.tells(welcome(&login, "den", true));
    assert_eq!(
        (served.reads_op(), served.reads_op()),
        (two.clone(), three.clone())
    );
    for op in [two, three] {
        served.tells(json!({"event": "said", "re": op["id"], "room": "den", "from": "ann", "text": op["text"]}));
    }
    assert_eq!(served.reads(), "/quit");
    served.says_goodbye("quit", false);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(
        text(&output.stderr),
        "client: the server closed the connection. Trying again.\n"
    );
}

#[test]
fn what_may_not_have_arrived_is_not_said_again_on_another_seat() {
    let (server, home) = (Scripted::start(), Home::new());
    let child = start(server.port, &home, "one\n/join den\ntwo\nthree\n");
    let (mut served, _) = server.welcome();
    assert_eq!(served.reads(), "one");
    let join = served.reads_op();
    served.moves(&join, "den");
    assert_eq!(served.reads(), "two");
    served.reads_op();
    drop(served);
    let (mut served, _) = server.welcome();
    let join = served.reads_op();
    assert_eq!(
        (&join["op"], &join["room"]),
        (&json!("join"), &json!("den"))
    );
    served.moves(&join, "den");
    assert_eq!(served.reads(), "/quit");
    served.says_goodbye("quit", false);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let told = "client: the server closed the connection. Trying again.\nclient: 1 line may not have arrived.\n";
    assert_eq!(text(&output.stderr), told);
}

#[test]
fn a_line_that_the_server_refuses_is_told() {
    let (server, home) = (ChatServer::start_on(0, &["--max-line", "512"]), Home::new());
    let long = "x".repeat(600);
    let output = run(
        client(server.port, &home.0, &["-n", "ann"]),
        &format!("one\n{long}\ntwo\n"),
    );
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let told =
        "client: 1 line was not taken: Message too long: the limit is 512 bytes. Not sent.\n";
    assert_eq!(text(&output.stderr), told);
}

#[test]
fn raw_lines_are_said_as_they_are() {
    let (server, home) = (ChatServer::start(), Home::new());
    let mut bob = Person::join(server.port, &home, "Bob", 80, 24);
    let lines = ["/quit", "//etc", "leave", "send x", "/etc/passwd: 3"];
    let input = lines.map(|it| format!("{it}\n")).concat();
    let output = run(
        client(server.port, &home.0, &["-n", "ann", "--raw"]),
        &input,
    );
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    for line in lines {
        bob.until_seen(&format!("ann: {line}"));
    }
}

#[test]
fn lines_that_a_closed_connection_kept_from_being_sent_are_counted() {
    let (server, home) = (Scripted::start(), Home::new());
    let path = home.0.join("input");
    let line = "x".repeat(8 * 1024 - 1) + "\n";
    let lines = 1000;
    std::fs::write(&path, line.repeat(lines)).unwrap();
    let child = client(server.port, &home.0, &["-n", "ann", "--no-reconnect"])
        .stdin(File::open(&path).unwrap())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut served, _) = server.welcome();
    assert_eq!(served.reads().len(), line.len() - 1);
    served.confirms = false;
    (0..3).for_each(|_| drop(served.reads()));
    drop(served);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let told = format!(
        "client: the server closed the connection; 3 lines may not have arrived; {} lines were not sent.\n",
        lines - 4
    );
    assert_eq!(text(&output.stderr), told);
}

#[test]
fn leaving_is_no_loss_once_everything_is_confirmed() {
    for has_goodbye in [true, false] {
        let (server, home) = (Scripted::start(), Home::new());
        let child = start(server.port, &home, "hello\n");
        let (mut served, _) = server.welcome();
        let said = served.reads_op();
        // It does not leave before.
        assert_eq!(said["text"], "hello");
        served.tells(json!({"event": "said", "re": said["id"], "room": "lobby", "from": "ann", "text": "hello"}));
        assert_eq!(served.reads(), "/quit");
        if has_goodbye {
            served.says_goodbye("quit", false);
        }
        drop(served);
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0));
        assert_eq!(text(&output.stderr), "");
    }
}

#[test]
fn a_signal_ends_it_and_the_server_is_told() {
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        let (server, home) = (Scripted::start(), Home::new());
        let mut child = client(server.port, &home.0, &["-n", "ann"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let (mut served, _) = server.welcome();
        child.stdin.as_mut().unwrap().write_all(b"hello\n").unwrap();
        assert_eq!(served.reads(), "hello");
        kill_process(Pid::from_child(&child), signal).unwrap();
        assert_eq!(served.reads(), "/quit");
        let status = child.wait().unwrap();
        assert_eq!(status.signal(), Some(signal.as_raw()));
    }
}
