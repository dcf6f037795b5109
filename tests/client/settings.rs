//! Where the client goes and how it looks: by the command line, the environment and the file of settings.

use std::fs;
use std::process::Command;

use crate::harness::{ChatServer, Home, Person};
use crate::pipe::{run, text};
use crate::program::program;

/// The client without a port. The file of settings says this.
fn client(home: &Home, settings: &str) -> Command {
    let folder = home.0.join("chinwag");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("client.toml"), settings).unwrap();
    let mut command = program(env!("CARGO_BIN_EXE_client"));
    command
        .env_clear()
        .env("TERM", "xterm-256color")
        .env("XDG_STATE_HOME", &home.0)
        .env("XDG_CONFIG_HOME", &home.0);
    command
}

#[test]
fn a_server_is_given_as_a_word() {
    let (server, home) = (ChatServer::start(), Home::new());
    let port = server.port;
    let joins = |command: Command, name: &str| {
        let output = run(command, "");
        let joined = format!("{name} has joined the chat.");
        assert!(text(&output.stdout).contains(&joined), "{output:?}");
    };
    let mut by_word = client(&home, "port = 1");
    by_word.args([&format!("127.0.0.1:{port}"), "-n", "ann"]);
    by_word.env("CHAT_PORT", "1");
    joins(by_word, "ann");
    let mut host_alone = client(&home, "host = 'nobody.invalid'");
    host_alone.args(["-n", "bob", "127.0.0.1"]);
    host_alone.env("CHAT_PORT", port.to_string());
    joins(host_alone, "bob");

    for (args, told) in [
        (
            &["a:b:c"][..],
            "a server is given as HOST, HOST:PORT or [ADDRESS]:PORT, not 'a:b:c'",
        ),
        (
            &["a:0"],
            "HOST:PORT takes a number from 1 to 65535, not '0'",
        ),
        (&["a", "b"], "unexpected argument 'b'"),
        (
            &["a", "--host", "b"],
            "the host is given twice; leave --host away",
        ),
        (
            &["a:1", "-p", "1"],
            "the port is given twice; leave --port away",
        ),
        (
            &["--time", "--no-time"],
            "--time and --no-time are opposites; give one of them",
        ),
        (
            &["--ca", "x", "--no-tls"],
            "--ca asks for TLS, and --no-tls is against it",
        ),
    ] {
        let mut command = client(&home, "");
        command.args(args);
        is_refused(command, told);
    }
}

fn is_refused(command: Command, told: &str) {
    let output = run(command, "");
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let sentence = text(&output.stderr);
    assert!(
        sentence.starts_with("client: ") && sentence.contains(told),
        "{sentence}"
    );
    assert!(sentence.ends_with(". Try 'client --help'.\n"), "{sentence}");
}

#[test]
fn the_command_line_goes_before_the_environment_and_both_before_the_file() {
    let (server, home) = (ChatServer::start(), Home::new());
    let port = server.port;
    let settings = format!("host = '127.0.0.1'\nport = {port}\nname = 'ann'\ntime = true\n");
    let seen = |change: &dyn Fn(&mut Command)| {
        let mut command = client(&home, &settings);
        change(&mut command);
        let output = run(command, "");
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        text(&output.stdout).to_string()
    };
    let by_file = seen(&|_| {});
    assert!(by_file.contains(" ann has joined the chat."), "{by_file}");
    let begins_with_time = |seen: &str| seen.as_bytes()[2] == b':';
    assert!(begins_with_time(&by_file), "{by_file}");
    let by_variable = seen(&|command| {
        command.env("CHAT_NAME", "bob").arg("--no-time");
    });
    assert!(
        by_variable.contains("\nbob has joined the chat."),
        "{by_variable}"
    );
    let by_option = seen(&|command| {
        command.env("CHAT_NAME", "bob").args(["-n", "carl"]);
    });
    assert!(
        by_option.contains(" carl has joined the chat."),
        "{by_option}"
    );

    // Nothing but TLS goes to a server when the file asks for it.
    let tls = format!("{settings}tls = true\n");
    let mut by_file = client(&home, &tls);
    by_file.args(["--no-reconnect", "--ca", "nowhere.pem"]);
    is_refused(by_file, "--ca: cannot read nowhere.pem");
    for off in [["CHAT_TLS", "off"], ["CHAT_NAME", "dora"]] {
        let mut command = client(&home, &tls);
        command.env(off[0], off[1]);
        if off[0] == "CHAT_NAME" {
            command.arg("--no-tls");
        }
        assert_eq!(run(command, "").status.code(), Some(0));
    }
}

#[test]
fn a_mistake_in_the_file_is_told_with_its_line() {
    let home = Home::new();
    let path = home.0.join("chinwag/client.toml");
    let line = |number: u8| format!("client: {}, line {number}: ", path.display());
    for (settings, number, told) in [
        (
            "# mine\nprot = 1\n",
            2,
            "there is no setting 'prot'. There are host, port,",
        ),
        (
            "port = 65536\n",
            1,
            "port takes a number from 1 to 65535, not '65536'",
        ),
        (
            "\n\ntime = 'on'\n",
            3,
            "time takes true or false, without quotes",
        ),
        ("ca = 'none.pem'\n", 1, "ca: cannot read "),
    ] {
        is_refused(
            client(&home, settings),
            &[&line(number), told].concat()["client: ".len()..],
        );
    }
    let mut folder = client(&home, "");
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    folder.arg("127.0.0.1:1");
    is_refused(folder, "it is no regular file");
}

#[test]
fn colours_and_drawing_are_as_one_wishes() {
    let (server, home) = (ChatServer::start(), Home::new());
    let word = format!("127.0.0.1:{}", server.port);
    let looks = |settings: &str, args: &[&str], no_color: &str| {
        let mut command = client(&home, settings);
        command
            .args([&word, "-n", "ann"])
            .args(args)
            .env("NO_COLOR", no_color);
        let mut ann = Person::sit_down(command, 80, 24);
        ann.until_seen("ann has joined the chat.");
        ann.keys("leave\r");
        ann.end_with(0);
        let raw = String::from_utf8_lossy(&ann.raw).into_owned();
        (raw.contains("\x1b[2m"), raw.contains('\x1b'))
    };
    assert_eq!(looks("", &[], ""), (true, true));
    assert_eq!(looks("colours = false", &[], ""), (false, true));
    assert_eq!(looks("colours = false", &["--color"], "1"), (true, true));
    assert_eq!(looks("colours = true", &[], "1"), (false, true));
    assert_eq!(looks("", &["--plain"], ""), (false, false));
}
