//! `server account`: accounts from a shell, while a server runs or not.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::Stdio;

use nix::sys::signal::Signal;
use rexpect::session::spawn_command;

use crate::daemon::{Daemon, command};
use crate::keeping::{Folder, has_sqlite};
use crate::output::ends_cleanly;
use crate::program::program;

const SERVER: &str = env!("CARGO_BIN_EXE_server");

const PASSWORD: &str = "correct horse";

/// Runs `server account` with a folder and this on standard input. Returns its exit code, standard output and standard error.
fn account(folder: &Folder, args: &[&str], input: &str) -> (i32, String, String) {
    let mut command = program(SERVER);
    command.arg("account").args(args);
    command.args(["--data", folder.path()]);
    command.env("USER", "root").env_remove("SUDO_USER");
    command.stdin(Stdio::piped());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("it can be run");
    let mut stdin = child.stdin.take().expect("a pipe");
    // It may end without reading.
    drop(stdin.write_all(input.as_bytes()));
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    let code = output.status.code().expect("ended by itself");
    (code, text(output.stdout), text(output.stderr))
}

fn does(folder: &Folder, args: &[&str], sentence: &str) {
    let input = format!("{PASSWORD}\n");
    let done = account(folder, args, &input);
    assert_eq!(
        done,
        (0, format!("{sentence}\n"), String::new()),
        "{args:?}"
    );
}

fn refuses(folder: &Folder, args: &[&str], input: &str, code: i32, sentence: &str) {
    let done = account(folder, args, input);
    let sentence = format!("server: {sentence}\n");
    assert_eq!(done, (code, String::new(), sentence), "{args:?}");
}

/// The names and roles of all accounts.
fn listed(folder: &Folder) -> Vec<String> {
    let (code, out, _) = account(folder, &["list"], "");
    assert_eq!(code, 0);
    let row = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().take(2).collect();
        words.join(" ")
    };
    out.lines().map(row).collect()
}

/// What every account can be asked, with a server or without one.
fn asks_everything(folder: &Folder) {
    let password = format!("{PASSWORD}\n");
    does(
        folder,
        &["add", "Alice", "operator"],
        "Alice has an account now, as an operator.",
    );
    does(
        folder,
        &["add", "Bob"],
        "Bob has an account now, as a member.",
    );
    // The names of the house can be given here.
    does(
        folder,
        &["add", "admin"],
        "admin has an account now, as a member.",
    );
    refuses(
        folder,
        &["add", "alice"],
        &password,
        1,
        "Alice has an account already.",
    );
    refuses(
        folder,
        &["add", "A1ice"],
        &password,
        1,
        "A1ice looks like Alice, which is somebody's; choose another name.",
    );
    does(
        folder,
        &["role", "BOB", "operator"],
        "Bob is an operator now.",
    );
    does(
        folder,
        &["role", "Alice", "member"],
        "Alice is a member now.",
    );
    does(
        folder,
        &["password", "alice"],
        "Alice has another password now.",
    );
    can_free_names(folder);
}

fn can_free_names(folder: &Folder) {
    assert_eq!(
        listed(folder),
        ["NAME ROLE", "admin member", "Alice member", "Bob operator"]
    );
    does(
        folder,
        &["remove", "alice"],
        "Alice has no account any more, and the name is free.",
    );
    refuses(
        folder,
        &["role", "Alice", "member"],
        "",
        1,
        "Alice has no account; 'account list' shows all.",
    );
    does(
        folder,
        &["add", "ALICE"],
        "ALICE has an account now, as a member.",
    );
    assert_eq!(
        listed(folder),
        ["NAME ROLE", "admin member", "ALICE member", "Bob operator"]
    );
    is_all_in_the_file(folder);
}

fn is_all_in_the_file(folder: &Folder) {
    if has_sqlite("is_all_in_the_file") {
        let sql = "SELECT by || ' ' || act || ' ' || whom FROM audit ORDER BY id";
        assert_eq!(
            folder.ask(sql).replace('\n', ", "),
            "root account add Alice, root account add Bob, root account add admin, root role operator Bob, \
             root role member Alice, root account password Alice, root account remove Alice, root account add ALICE"
        );
        let sql =
            "SELECT count(*) FROM account WHERE password LIKE '$argon2id$v=19$m=19456,t=2,p=1$%'";
        assert_eq!(folder.ask(sql), "3");
    }
    let file = fs::read(folder.file()).expect("it is there");
    assert!(
        !file
            .windows(PASSWORD.len())
            .any(|it| it == PASSWORD.as_bytes())
    );
}

#[test]
fn accounts_are_changed_in_the_file_while_no_server_runs() {
    let folder = Folder::new("accounts-file");
    asks_everything(&folder);
    let (server, _) = folder.serve(&[]);
    assert_eq!(listed(&folder).len(), 4);
    ends_cleanly(server);
}

#[test]
fn a_running_server_changes_accounts_and_has_them_in_the_file() {
    let folder = Folder::new("accounts-server");
    let (server, _) = folder.serve(&[]);
    let socket = folder.at("control");
    let found = fs::metadata(&socket).expect("it is there");
    assert!(found.file_type().is_socket());
    assert_eq!(found.permissions().mode() & 0o7777, 0o600);
    asks_everything(&folder);
    // What is no request harms nothing.
    let mut stream = UnixStream::connect(&socket).expect("somebody listens");
    stream
        .write_all(b"remove everything now\n")
        .expect("it is read");
    drop(UnixStream::connect(&socket));
    does(
        &folder,
        &["remove", "Bob"],
        "Bob has no account any more, and the name is free.",
    );
    ends_cleanly(server);
    assert!(!socket.exists());
    assert_eq!(
        listed(&folder),
        ["NAME ROLE", "admin member", "ALICE member"]
    );
}

#[test]
fn a_socket_that_nobody_listens_on_is_in_nobodys_way() {
    let folder = Folder::used("accounts-stale");
    drop(UnixListener::bind(folder.at("control")).expect("it is made"));
    does(
        &folder,
        &["add", "Ann"],
        "Ann has an account now, as a member.",
    );
    assert!(!folder.at("control").exists());
    // A server that was killed leaves one too.
    let (server, _) = folder.serve(&[]);
    server.signal(Signal::SIGKILL);
    server.ends();
    assert!(folder.at("control").exists());
    let (server, _) = folder.serve(&[]);
    does(
        &folder,
        &["role", "Ann", "operator"],
        "Ann is an operator now.",
    );
    ends_cleanly(server);
}

#[test]
fn what_is_no_password_is_refused() {
    let folder = Folder::new("accounts-passwords");
    let refused = |input: &str, sentence: &str| {
        refuses(&folder, &["add", "Annabella"], input, 1, sentence);
    };
    refused("", "A password has 8 bytes at least.");
    refused("1234567\n", "A password has 8 bytes at least.");
    refused(&"x".repeat(257), "A password has 256 bytes at most.");
    refused("annabella\n", "The name cannot be the password.");
    assert!(!folder.file().exists());
    let (code, ..) = account(&folder, &["add", "Annabella"], &"x".repeat(256));
    assert_eq!(code, 0);
}

#[test]
fn a_wrong_command_line_is_refused() {
    let folder = Folder::new("accounts-words");
    let acts = "account takes add, password, role, list or remove";
    for (args, sentence) in [
        (&[][..], acts.to_string()),
        (&["frob"], format!("{acts}, not 'frob'")),
        (&["add"], "account add takes a name".into()),
        (
            &["add", "Ann", "king"],
            "a role is member or operator, not 'king'".into(),
        ),
        (
            &["role", "Ann"],
            "account role takes a name, and member or operator".into(),
        ),
        (&["list", "Ann"], "unexpected argument 'Ann'".into()),
        (
            &["remove", "Ann", "Bob"],
            "unexpected argument 'Bob'".into(),
        ),
        (
            &["add", "Ann", "member", "now"],
            "unexpected argument 'now'".into(),
        ),
    ] {
        let sentence = format!("{sentence}. Try 'server account --help'.");
        refuses(&folder, args, "", 2, &sentence);
    }
    let (status, _, log) = Daemon::spawn(command(&["account", "list"])).ends();
    let sentence =
        "server: account list needs a directory; give --data DIR. Try 'server account --help'.";
    assert_eq!((status.code(), log), (Some(2), vec![sentence.into()]));
}

#[test]
fn a_terminal_is_asked_twice_and_shows_no_password() {
    let folder = Folder::new("accounts-terminal");
    let session = |name: &str| {
        let mut command = program(SERVER);
        command.args(["account", "add", name, "--data", folder.path()]);
        spawn_command(command, Some(30_000)).expect("a pseudo-terminal")
    };
    let mut typing = session("Ann");
    typing.exp_string("New password: ").expect("it asks");
    typing.send_line(PASSWORD).expect("it is typed");
    let shown = typing.exp_string("Once more: ").expect("it asks again");
    assert_eq!(shown.trim(), "");
    typing.send_line(PASSWORD).expect("it is typed");
    let shown = typing
        .exp_string("Ann has an account now, as a member.")
        .expect("it is done");
    assert_eq!(shown.trim(), "");
    typing.exp_eof().expect("it ends");
    let mut typing = session("Bob");
    typing.exp_string("New password: ").expect("it asks");
    typing.send_line(PASSWORD).expect("it is typed");
    typing.exp_string("Once more: ").expect("it asks again");
    typing.send_line("battery staple").expect("it is typed");
    typing
        .exp_string("these were two passwords; type the same one twice.")
        .expect("it is refused");
    let mut typing = session("Bob");
    typing.exp_string("New password: ").expect("it asks");
    typing.send_control('c').expect("it is typed");
    typing
        .exp_string("no password was given.")
        .expect("it ends");
    typing.exp_eof().expect("it ends");
    assert_eq!(listed(&folder), ["NAME ROLE", "Ann member"]);
}

#[test]
fn accounts_need_a_directory() {
    let refused = |args: &[&str], sentence: &str| {
        let (status, _, log) = Daemon::spawn(command(args)).ends();
        let sentence = format!("server: {sentence}. Try 'server --help'.");
        assert_eq!((status.code(), log), (Some(2), vec![sentence]));
    };
    for kind in ["on", "required"] {
        let sentence =
            format!("--accounts {kind} needs a directory that keeps the accounts; give --data DIR");
        refused(&["--accounts", kind], &sentence);
    }
    refused(
        &["--accounts", "some"],
        "--accounts takes off, on or required, not 'some'",
    );
    refused(
        &["--registration", "shut"],
        "--registration takes open or closed, not 'shut'",
    );
}
