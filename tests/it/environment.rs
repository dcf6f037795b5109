//! The environment of both programs, and how they report mistakes in it.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStringExt;
use std::process::{Command, Stdio};

use crate::daemon::{Daemon, command, start};
use crate::harness::Person;
use crate::output::ends_cleanly;
use crate::program::program;

/// The client, for a server that is not there.
fn client() -> Command {
    let mut client = program(env!("CARGO_BIN_EXE_client"));
    client
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    client
}

/// Bytes that are not text.
fn no_text() -> OsString {
    OsString::from_vec(b"a\xff:1".into())
}

/// Checks that the program ends with status 2 and this one line.
fn is_refused(command: Command, line: &str) {
    let (status, out, log) = Daemon::spawn(command).ends();
    assert_eq!((status.code(), out.len()), (Some(2), 0), "{log:?}");
    let [told] = &log[..] else {
        panic!("one line: {log:?}");
    };
    let told = told.strip_suffix("--help'.").expect("what to try");
    assert!(told.contains(line), "{told}");
}

#[test]
fn a_value_of_the_environment_is_blamed_on_its_variable() {
    for (name, value, line) in [
        (
            "CHAT_LISTEN",
            "junk",
            "server: CHAT_LISTEN takes ADDR:PORT, ",
        ),
        (
            "CHAT_LISTEN",
            "127.0.0.1:0,junk",
            "[::1]:8080, or tls:ADDR:PORT, not 'junk'. Try",
        ),
        (
            "CHAT_LISTEN",
            "nobody.invalid:1",
            "server: CHAT_LISTEN cannot be 'nobody.invalid:1': ",
        ),
    ] {
        let mut command = command(&[]);
        command.env(name, value);
        is_refused(command, line);
    }
    let mut by_option = command(&["-l", "junk"]);
    by_option.env("CHAT_LISTEN", "127.0.0.1:0");
    is_refused(by_option, "server: --listen takes ADDR:PORT, ");

    for port in ["abc", "0", "65536", " "] {
        let line =
            |source| format!("client: {source} takes a number from 1 to 65535, not '{port}'.");
        let mut by_variable = client();
        by_variable.env("CHAT_PORT", port);
        is_refused(by_variable, &line("CHAT_PORT"));
        let mut by_option = client();
        by_option.args(["-p", port]).env("CHAT_PORT", "1");
        is_refused(by_option, &line("--port"));
    }
}

#[test]
fn a_value_that_is_no_text_is_refused_by_the_name_of_what_gave_it() {
    type Program = fn() -> Command;
    let server: Program = || command(&[]);
    for (program, variable) in [
        (server, "CHAT_LISTEN"),
        (server, "RUST_LOG"),
        (client, "CHAT_HOST"),
        (client, "CHAT_PORT"),
        (client, "CHAT_NAME"),
    ] {
        let mut command = program();
        command.env(variable, no_text());
        let line = format!(r#"{variable} takes text in UTF-8, not "a\xFF:1"."#);
        is_refused(command, &line);
    }
    for (program, option) in [
        (server, "--listen"),
        (server, "--motd"),
        (server, "-l"),
        (client, "--name"),
        (client, "-H"),
    ] {
        let mut apart = program();
        apart.arg(option).arg(no_text());
        is_refused(apart, &format!("{option} takes text in UTF-8"));
        let sign = if option.starts_with("--") { "=" } else { "" };
        let mut joined = OsString::from(format!("{option}{sign}"));
        joined.push(no_text());
        let mut command = program();
        command.arg(joined);
        is_refused(command, &format!("{option} takes text in UTF-8"));
    }
    let mut stray = server();
    stray.arg(no_text());
    is_refused(stray, "the command line takes text in UTF-8");
}

#[test]
fn an_empty_variable_is_not_set() {
    for list in ["", "127.0.0.1:0,", " , 127.0.0.1:0"] {
        let args = if list.is_empty() {
            &["-l", "127.0.0.1:0"][..]
        } else {
            &[]
        };
        let mut command = command(args);
        command.env("CHAT_LISTEN", list).env("RUST_LOG", "");
        let mut daemon = Daemon::spawn(command);
        Person::login(daemon.listens_on(), "ann");
        daemon.logs("INFO ");
        ends_cleanly(daemon);
    }
    let (_daemon, addr) = start(&[]);
    let mut ann = Person::login(addr, "ann");
    let mut to_the_default_host = client();
    to_the_default_host.args(["--port", &addr.port().to_string()]);
    to_the_default_host
        .args(["--name", "bob"])
        .env("CHAT_HOST", "");
    let (status, ..) = Daemon::spawn(to_the_default_host).ends();
    assert_eq!(status.code(), Some(0));
    ann.reads("bob has joined the chat.");
    let mut nowhere = client();
    nowhere.args(["--host", "nobody.invalid", "--no-reconnect"]);
    nowhere.env("CHAT_PORT", "").env("CHAT_NAME", "");
    let (status, _, log) = Daemon::spawn(nowhere).ends();
    assert_eq!(status.code(), Some(3), "it could not connect: {log:?}");
}

/// Serves with this in `RUST_LOG`, on a free port, while somebody comes and goes. Returns the log.
fn log_of(rust_log: impl AsRef<OsStr>) -> Vec<String> {
    let mut command = command(&["-l", "127.0.0.1:0"]);
    command.env("RUST_LOG", rust_log);
    let mut daemon = Daemon::spawn(command);
    let mut ann = Person::login(daemon.listens_on(), "ann");
    ann.types("/quit");
    ann.reads("Goodbye!");
    ann.is_closed();
    daemon.signal(nix::sys::signal::Signal::SIGTERM);
    let (status, _, log) = daemon.ends();
    assert_eq!(status.code(), Some(0));
    log
}

#[test]
fn rust_log_has_a_level_for_all_or_for_a_target() {
    let has = |log: &[String], words: &str| log.iter().any(|line| line.contains(words));
    let by_default = log_of("");
    assert!(has(&by_default, "ann came from") && has(&by_default, "[server]"));
    assert!(!has(&by_default, "DEBUG"));

    let debug = log_of("chinwag=debug");
    assert!(has(&debug, " connected"), "{debug:#?}");
    assert!(has(&debug, "[server]"), "others are as they were");

    let server = log_of("warn,chinwag::server=info");
    assert!(has(&server, "ann came from"), "{server:#?}");
    assert!(!has(&server, "[server]"), "{server:#?}");

    assert_eq!(log_of("off"), [""; 0]);

    let junk = log_of("loud,chinwag=warn,chinwag=loud");
    assert!(!has(&junk, "ann came from"), "{junk:#?}");
    let told = "RUST_LOG takes off, error, warn, info, debug, trace or TARGET=LEVEL, not 'loud,chinwag=loud'";
    assert!(has(&junk, told), "{junk:#?}");
}
