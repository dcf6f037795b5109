//! The client in a pipe: no prompt, no colour, every line in and out.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::{Child, Command, Output, Stdio};

use crate::harness::{ChatServer, Home, Person, Scripted, client};

/// Runs the client with this input.
pub(crate) fn run(mut command: Command, input: &str) -> Output {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A client that has ended already reads no input.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

/// Starts the client as ann with a file of this input, which is complete from the start.
pub(crate) fn start(port: u16, home: &Home, input: &str) -> Child {
    let path = home.0.join("input");
    std::fs::write(&path, input).unwrap();
    client(port, &home.0, &["-n", "ann"])
        .stdin(File::open(&path).unwrap())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

pub(crate) fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn a_command_can_speak_through_a_pipe() {
    let (server, home) = (ChatServer::start(), Home::new());
    let output = run(
        client(server.port, &home.0, &["-n", "web1"]),
        "load is fine\nlast line",
    );
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(
        text(&output.stdout),
        "Welcome to the chat!\nType /help for the list of commands.\nweb1 has joined the chat.\nGoodbye!\n"
    );
    assert_eq!(text(&output.stderr), "");
}

#[test]
fn ten_thousand_lines_go_in_and_come_out_with_none_lost() {
    let (server, home) = (ChatServer::start(), Home::new());
    let mut reader = client(server.port, &home.0, &["-n", "log"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut seen = BufReader::new(reader.stdout.take().unwrap()).lines();
    let mut next = || seen.next().unwrap().unwrap();
    assert_eq!(next(), "Welcome to the chat!");
    assert_eq!(next(), "Type /help for the list of commands.");
    assert_eq!(next(), "log has joined the chat.");

    // From a file, which no poll can watch.
    let path = home.0.join("input");
    let lines: String = (0..10_000).map(|i| format!("line {i}\n")).collect();
    std::fs::write(&path, lines).unwrap();
    let output = client(server.port, &home.0, &["-n", "feeder"])
        .stdin(std::fs::File::open(&path).unwrap())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0));

    assert_eq!(next(), "feeder has joined the chat.");
    for i in 0..10_000 {
        assert_eq!(next(), format!("feeder: line {i}"));
    }
    assert_eq!(next(), "feeder has left the chat.");
    drop(reader.stdin.take());
    assert_eq!(next(), "Goodbye!");
    assert_eq!(reader.wait().unwrap().code(), Some(0));
}

#[test]
fn send_leave_and_commands_mean_the_same_as_at_the_prompt() {
    let (server, home) = (Scripted::start(), Home::new());
    let port = server.port;
    let said = std::thread::spawn(move || {
        let (mut stream, name) = server.welcome();
        let lines: Vec<String> = (0..4).map(|_| stream.reads()).collect();
        stream.says_goodbye("quit", false);
        (name, lines)
    });
    let output = run(
        client(port, &home.0, &["-n", "ann"]),
        "send hi all\nsend\nplain \u{1b}[2J\n/users\nleave\nnever sent\n",
    );
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stderr).contains("How to use it: send <MSG>"));
    let (name, lines) = said.join().unwrap();
    assert_eq!(name, "ann");
    assert_eq!(lines, ["hi all", "plain ␛[2J", "/users", "/quit"]);
}

#[test]
fn a_name_can_come_from_the_environment_or_the_first_line() {
    let (server, home) = (ChatServer::start(), Home::new());
    let mut command = client(server.port, &home.0, &[]);
    command.env("CHAT_NAME", "Zoë");
    assert!(text(&run(command, "").stdout).contains("Zoë has joined the chat."));
    let output = run(client(server.port, &home.0, &[]), "花子\nhello\n");
    assert!(text(&output.stdout).contains("花子 has joined the chat."));
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn a_refused_name_ends_it_with_4() {
    let (server, home) = (ChatServer::start(), Home::new());
    let output = run(client(server.port, &home.0, &["-n", "a b"]), "hello\n");
    assert_eq!(output.status.code(), Some(4));
    assert!(text(&output.stderr).starts_with("client: the server refused the name: "));
    assert_eq!(text(&output.stderr).lines().count(), 1);
    assert_eq!(text(&output.stdout), "");
}

#[test]
fn a_server_that_is_not_there_ends_it_with_3() {
    // A port that was free a moment ago.
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let home = Home::new();
    let output = run(client(free.port(), &home.0, &["-n", "ann"]), "");
    assert_eq!(output.status.code(), Some(3));
    let expected = format!("client: cannot connect to {free}: Connection refused.");
    assert!(text(&output.stderr).starts_with(&expected), "{output:?}");
}

#[test]
fn a_host_may_be_a_name() {
    let (server, home) = (ChatServer::start(), Home::new());
    let output = run(
        client(server.port, &home.0, &["-n", "ann", "-H", "localhost"]),
        "",
    );
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}

#[test]
fn a_server_that_speaks_something_else_is_told() {
    let (server, home) = (Scripted::start(), Home::new());
    for (words, told) in [
        ("SSH-2.0-OpenSSH_9.2\r\n", "SSH-2.0-OpenSSH_9.2"),
        (
            "Enter your username: A username has 1 to 32 letters.\r\nEnter your username: ",
            "Enter your username: A username has 1 to 32 letters.",
        ),
    ] {
        let child = start(server.port, &home, "hello\n");
        let mut stream = server.accept();
        stream.write_all(words.as_bytes()).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(3), "{output:?}");
        let sentence = format!(
            "client: the server does not speak the machine protocol of Chinwag; it said '{told}'. Check --host and --port.\n"
        );
        assert_eq!(text(&output.stderr), sentence);
    }
}

#[test]
fn a_reader_who_goes_ends_it_quietly() {
    let (server, home) = (ChatServer::start(), Home::new());
    let mut child = client(server.port, &home.0, &["-n", "ann"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    out.read_line(&mut line).unwrap();
    drop(out);
    // The input stays open, and nobody says anything.
    let status = child.wait().unwrap();
    let mut err = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut err)
        .unwrap();
    assert_eq!((status.code(), err.as_str()), (Some(0), ""));
}

#[test]
fn the_exit_status_is_the_same_where_nobody_reads_standard_error() {
    let server = ChatServer::start();
    for (args, code) in [(&["--bogus"][..], 2), (&["-n", "a b"], 4)] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = client(server.port, &Home::new().0, args);
        let status = command.stdin(Stdio::null()).stderr(writer).status();
        assert_eq!(status.unwrap().code(), Some(code), "{args:?}");
    }

    let (server, home) = (ChatServer::start(), Home::new());
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut child = client(server.port, &home.0, &["-n", "ann"])
        .stdin(Stdio::piped())
        .stderr(writer)
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(b"send\n").unwrap();
    drop(input);
    assert_eq!(child.wait().unwrap().code(), Some(0), "told how to send");
}

#[test]
fn a_wrong_command_line_ends_it_with_2() {
    let home = Home::new();
    for args in [
        &["--bogus"][..],
        &["a", "extra"],
        &["-p", "0"],
        &["-p", "x"],
    ] {
        let output = run(client(1, &home.0, args), "");
        assert_eq!(output.status.code(), Some(2), "{args:?}: {output:?}");
        assert_eq!(text(&output.stderr).lines().count(), 1);
    }
}

/// Places to print: one takes nothing, like a full disk, and one cannot be written to.
#[cfg(target_os = "linux")]
fn unwritable() -> [(File, &'static str); 2] {
    let full = File::options().write(true).open("/dev/full").unwrap();
    let read_only = File::open("/dev/null").unwrap();
    [
        (full, "No space left on device"),
        (read_only, "Bad file descriptor"),
    ]
}

#[test]
#[cfg(target_os = "linux")]
fn output_that_cannot_be_written_ends_it_with_a_sentence_and_1() {
    let (server, home) = (ChatServer::start(), Home::new());
    for (args, what) in [
        (&["-n", "ann"][..], "what the server says"),
        (&["--help"], "on standard output"),
        (&["--version"], "on standard output"),
    ] {
        for (out, why) in unwritable() {
            let mut command = client(server.port, &home.0, args);
            let output = command.stdin(Stdio::null()).stdout(out).output().unwrap();
            assert_eq!(output.status.code(), Some(1), "{args:?}");
            let sentence = format!(
                "client: cannot print {what}: {why}. Send the output where it can be written.\n"
            );
            assert_eq!(text(&output.stderr), sentence);
        }
    }
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = client(server.port, &home.0, &["--help"]);
    let output = command.stdout(writer).output().unwrap();
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""));
}

#[test]
#[cfg(target_os = "linux")]
fn input_that_cannot_be_read_ends_it_with_a_sentence_and_1() {
    let (server, home) = (ChatServer::start(), Home::new());
    for args in [&["-n", "ann"][..], &[]] {
        let write_only = File::options().write(true).open("/dev/null").unwrap();
        for (input, why) in [
            (File::open("/").unwrap(), "Is a directory"),
            // Nothing is mapped at its beginning.
            (File::open("/proc/self/mem").unwrap(), "Input/output error"),
            (write_only, "Bad file descriptor"),
        ] {
            let mut command = client(server.port, &home.0, args);
            let output = command.stdin(input).output().unwrap();
            assert_eq!(output.status.code(), Some(1), "{args:?}");
            let sentence = format!(
                "client: cannot read the input: {why}. Give a file or a pipe that can be read.\n"
            );
            assert_eq!(text(&output.stderr), sentence);
        }
    }
}

#[test]
fn one_can_leave_where_a_name_is_asked_for() {
    let (server, home) = (ChatServer::start(), Home::new());
    for (input, code) in [
        ("/quit\n", 0),
        ("/q\r\n", 0),
        ("/EXIT", 0),
        (" /quit see you\nnever read\n", 0),
        ("\n \r\n/quit\n", 0),
        ("Ann\n/quit\n", 0),
        // A line that is another kind of command is not a name either, and the server says so.
        ("/users\n", 4),
    ] {
        let output = run(client(server.port, &home.0, &[]), input);
        assert_eq!(output.status.code(), Some(code), "{input:?}: {output:?}");
        if code == 0 {
            assert!(text(&output.stdout).ends_with("Goodbye!\n"), "{output:?}");
            assert_eq!(text(&output.stderr), "");
        }
    }
    for input in ["", "\n", " \r\n\n"] {
        let output = run(client(server.port, &home.0, &[]), input);
        assert_eq!(output.status.code(), Some(4), "{input:?}");
        let sentence = "client: the server asks for a username. Give one with --name.\n";
        assert_eq!(text(&output.stderr), sentence);
    }
}

#[test]
fn blank_lines_before_a_name_are_left_out() {
    let (server, home) = (ChatServer::start(), Home::new());
    let output = run(client(server.port, &home.0, &[]), "\n  \r\nAnn\n\nhi\n");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(text(&output.stdout).contains("Ann has joined the chat.\n"));
}

#[test]
fn what_stands_behind_a_room_that_there_is_not_is_said_nowhere() {
    let (server, home) = (ChatServer::start(), Home::new());
    let mut bob = Person::join(server.port, &home, "Bob", 80, 24);
    let input = "/join #bad!name\nsecret\nand more\n";
    let output = run(client(server.port, &home.0, &["-n", "ann"]), input);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let (before, after) = text(&output.stderr).split_once(": ").unwrap();
    assert_eq!(before, "client");
    assert!(
        after.starts_with("'/join #bad!name' led to no other room: "),
        "{after}"
    );
    assert!(after.ends_with(". 2 lines were not sent.\n"), "{after}");

    let input = "/join #den\nhello\n/leave\n/leave\nback\n";
    let output = run(client(server.port, &home.0, &["-n", "cid"]), input);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    bob.until_seen("cid: back");
    let seen = bob.rows().join("\n");
    assert!(
        !seen.contains("secret") && !seen.contains("hello"),
        "{seen}"
    );
}

#[test]
fn a_name_that_a_server_without_login_refuses_ends_it_with_4() {
    let (server, home) = (ChatServer::start_on(0, &["--anonymous"]), Home::new());
    for (name, code) in [("bad name", 4), (" ", 4), ("ann", 0)] {
        let output = run(client(server.port, &home.0, &["-n", name]), "hello\n");
        assert_eq!(output.status.code(), Some(code), "{output:?}");
        let is_told = text(&output.stderr).starts_with("client: the server refused the name: ");
        assert_eq!(is_told, code == 4, "{output:?}");
    }
}

#[test]
fn a_text_that_looks_like_a_command_is_said() {
    let (server, home) = (ChatServer::start(), Home::new());
    let mut bob = Person::join(server.port, &home, "Bob", 80, 24);
    let texts = [
        "\u{ff0f}quit one",
        "\u{200b}/quit two",
        " \u{feff}/quit three",
        "//quit four",
    ];
    let input: String = texts.iter().map(|text| format!("send {text}\n")).collect();
    let output = run(client(server.port, &home.0, &["-n", "ann"]), &input);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    for said in [
        "\u{ff0f}quit one",
        "/quit two",
        "/quit three",
        "//quit four",
    ] {
        bob.until_seen(&format!("ann: {said}"));
    }
}

#[test]
fn a_first_line_that_is_too_long_for_a_name_ends_it_with_4() {
    let (server, home) = (ChatServer::start(), Home::new());
    let path = home.0.join("input");
    std::fs::write(&path, "a".repeat(2 * 1024 * 1024) + "\nbob\nhi\n").unwrap();
    let output = client(server.port, &home.0, &[])
        .stdin(File::open(&path).unwrap())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(4), "{output:?}");
    let told = "client: the first line is too long for a name. Give one with --name.\n";
    assert_eq!(text(&output.stderr), told);
}
