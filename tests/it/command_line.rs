//! The output of the `server` program, and its status for a shell.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::net::{SocketAddr, TcpListener};

use chinwag::limits;
use nix::sys::signal::Signal;

use crate::daemon::{Daemon, command, command_after, start};
use crate::harness::{PROMPT, Person};
use crate::program::program;

/// Runs the program to its end. Returns its exit code, standard output and standard error.
fn run(args: &[&str]) -> (i32, String, String) {
    let (status, out, log) = Daemon::spawn(command(args)).ends();
    let code = status.code().expect("ended by itself");
    (code, out.join("\n"), log.join("\n"))
}

#[test]
fn a_port_in_use_is_named_and_the_exit_code_is_1() {
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = holder.local_addr().unwrap();
    let (code, out, log) = run(&["--listen", &addr.to_string()]);
    assert_eq!(code, 1);
    assert_eq!(out, "");
    assert_eq!(
        log,
        format!(
            "server: cannot listen on {addr}: Address already in use; \
             choose another with --listen, or stop what listens there"
        )
    );
}

#[test]
fn help_is_printed_on_standard_output() {
    for option in ["-h", "--help"] {
        let (code, out, log) = run(&[option]);
        assert_eq!((code, &*log), (0, ""));
        assert!(out.contains("server [OPTIONS]\n"), "{out}");
    }
}

#[test]
fn version_is_printed_on_standard_output() {
    for option in ["-V", "--version"] {
        let (code, out, log) = run(&[option]);
        assert_eq!((code, &*log), (0, ""));
        assert_eq!(
            out,
            concat!("chinwag server ", env!("CARGO_PKG_VERSION")),
            "{option}"
        );
    }
}

/// A Redis that need not be there, as the command line is wrong.
const REDIS: &str = "redis://127.0.0.1:1/0";

#[test]
fn a_wrong_command_line_is_refused_with_one_line_and_exit_code_2() {
    for (args, word) in [
        (&["--bogus"][..], "bogus"),
        (&["-x"], "x"),
        (&["extra"], "'extra'"),
        (&["--listen"], "listen"),
        (&["--listen", "nowhere"], "'nowhere'"),
        (&["--listen", "127.0.0.1"], "'127.0.0.1'"),
        (&["--max-clients", "many"], "'many'"),
        (&["--max-clients", "0"], "clients"),
        (&["--max-per-ip", "-1"], "'-1'"),
        (&["--max-per-ip", "1000001"], "address"),
        (&["--max-line", "-1"], "'-1'"),
        (&["--max-line", "63"], "63"),
        (&["--max-line", "1048577"], "1048577"),
        (&["--send-queue", "1"], "'1'"),
        (
            &["--max-line", "1048576", "--send-queue", "1048576"],
            "give 6554624 or more",
        ),
        (&["--rate", "fast"], "'fast'"),
        (&["--rate", "0"], "'0'"),
        (&["--rate", "16:"], "'16:'"),
        (&["--rate", "16:1000001"], "'16:1000001'"),
        (&["--greet-after", "5001"], "'5001'"),
        (&["--login-timeout", "soon"], "'soon'"),
        (&["--login-timeout", "99999999999"], "log in"),
        (&["--proxy-from", "localhost"], "'localhost'"),
        (&["--proxy-from", "10.0.0.0/33"], "'10.0.0.0/33'"),
        (&["--proxy-from", "10.0.0.1/8"], "give 10.0.0.0/8"),
        (&["--proxy-from", "::1", "--proxy-from", ""], "''"),
        (&["--node", "n1"], "give --cluster URL too"),
        (&["--cluster", REDIS], "give --node NAME"),
        (
            &["--cluster", "http://x", "--node", "n1"],
            "redis://HOST:6379/0",
        ),
        (&["--cluster", REDIS, "--node", "n 1"], "letters, digits"),
        (
            &["--cluster", REDIS, "--node", "n1", "--anonymous"],
            "--anonymous",
        ),
        (
            &["--cluster", REDIS, "--node", "n1", "--accounts", "on"],
            "give --accounts off",
        ),
        (&["--drain", "1.5"], "'1.5'"),
        (&["--drain", "1", "--drain", "2"], "drain"),
    ] {
        let (code, out, log) = run(args);
        assert_eq!((code, &*out), (2, ""), "{args:?}: {log}");
        assert!(log.starts_with("server: ") && log.contains(word), "{log}");
        assert!(log.ends_with("Try 'server --help'."), "{log}");
        assert!(!log.contains('\n'), "{log}");
    }
}

#[test]
fn a_number_out_of_its_range_is_told_the_range() {
    for (option, takes, junk) in [
        ("max-clients", "a number of clients, 1 to 1000000", "0"),
        (
            "max-per-ip",
            "a number of connections from one address, 0 to 1000000",
            "1000001",
        ),
        ("max-line", "bytes, 64 to 1048576", "12"),
        ("send-queue", "bytes, 524288 to 1073741824", "1"),
        ("greet-after", "milliseconds of silence, 0 to 5000", "5001"),
        ("login-timeout", "seconds to log in, 0 to 31536000", "soon"),
        ("idle-timeout", "seconds, 0 to 31536000", "31536001"),
        (
            "keep-seat",
            "seconds to keep a seat, 0 to 31536000",
            "31536001",
        ),
        ("history", "lines, 0 to 10000", "99999"),
        ("drain", "seconds, 0 to 31536000", "1.5"),
    ] {
        let option = format!("--{option}");
        for junk in [junk, "", "-1", "99999999999999999999999"] {
            let (code, _, log) = run(&[&option, junk]);
            let told =
                format!("server: {option} takes {takes}, not '{junk}'. Try 'server --help'.");
            assert_eq!((code, log), (2, told));
        }
    }
}

#[test]
fn the_exit_code_is_the_same_where_nobody_reads_standard_error() {
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = holder.local_addr().unwrap().to_string();
    for (args, code) in [(["--listen", "nowhere"], 2), (["--listen", &taken], 1)] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let status = command(&args).stderr(writer).status().unwrap();
        assert_eq!(status.code(), Some(code), "{args:?}");
    }
}

#[test]
fn chat_listen_sets_the_default_of_listen() {
    let mut by_env = command(&[]);
    by_env.env("CHAT_LISTEN", "127.0.0.1:0, 127.0.0.2:0");
    let mut daemon = Daemon::spawn(by_env);
    for host in ["127.0.0.1", "127.0.0.2"] {
        let addr = daemon.listens_on();
        assert_eq!(addr.ip().to_string(), host);
        Person::login(addr, &host.replace('.', "-"));
    }

    let mut overridden = command(&["--listen", "127.0.0.1:0"]);
    overridden.env("CHAT_LISTEN", "nowhere");
    let addr = Daemon::spawn(overridden).listens_on();
    assert_eq!(addr.ip().to_string(), "127.0.0.1");

    let mut wrong = command(&[]);
    wrong.env("CHAT_LISTEN", "nowhere");
    let (status, _, log) = Daemon::spawn(wrong).ends();
    assert_eq!(status.code(), Some(2), "{log:?}");
}

#[test]
fn localhost_stands_for_every_address_that_it_has_here() {
    let mut daemon = Daemon::spawn(command(&["-l", "localhost:0"]));
    let mut addrs = vec![daemon.listens_on()];
    Person::login(addrs[0], "ann");
    daemon.signal(Signal::SIGTERM);
    let (status, out, _) = daemon.ends();
    assert_eq!(status.code(), Some(0));
    let others = out.iter().filter_map(|line| line.rsplit(' ').next());
    addrs.extend(others.map(|addr| addr.parse::<SocketAddr>().unwrap()));
    let distinct: BTreeSet<_> = addrs.iter().map(SocketAddr::ip).collect();
    assert_eq!(distinct.len(), addrs.len(), "{addrs:?}");
}

/// The loopback interface does not have this address, so that the error tells how its name was understood.
#[test]
#[cfg(target_os = "linux")]
fn an_address_can_have_the_name_of_an_interface() {
    let (code, out, log) = run(&["-l", "[fe80::1%lo]:0"]);
    assert_eq!((code, &*out), (1, ""));
    assert!(
        log.starts_with("server: cannot listen on [fe80::1%1]:0: "),
        "{log}"
    );
    let (code, out, log) = run(&["-l", "[fe80::1%nowhere]:0"]);
    assert_eq!((code, &*out), (2, ""));
    let words = "server: --listen cannot be '[fe80::1%nowhere]:0': ";
    assert!(log.starts_with(words), "{log}");
}

#[test]
fn people_on_every_listener_meet_in_one_chat() {
    let mut hosts = vec!["127.0.0.1:0", "127.0.0.1:0"];
    if TcpListener::bind("[::1]:0").is_ok() {
        hosts.push("[::1]:0");
    } else {
        // Through the handle, as the test runner keeps what is printed with a macro to itself.
        let _ = writeln!(
            std::io::stderr(),
            "left out: listening on [::1], as this machine has no IPv6 loopback"
        );
    }
    let args: Vec<&str> = hosts.iter().flat_map(|host| ["-l", host]).collect();
    let mut daemon = Daemon::spawn(command(&args));
    let mut ann: Option<Person> = None;
    for (i, host) in hosts.iter().enumerate() {
        let addr = daemon.listens_on();
        assert_ne!(addr.port(), 0);
        let asked: SocketAddr = host.parse().unwrap();
        assert_eq!(addr.ip(), asked.ip());
        let name = format!("person{i}");
        let newcomer = Person::login(addr, &name);
        match &mut ann {
            Some(ann) => {
                ann.reads(&format!("{name} has joined the chat."));
                drop(newcomer);
                ann.reads(&format!("{name} has left the chat."));
            }
            None => ann = Some(newcomer),
        }
    }
}

#[test]
fn the_log_tells_who_came_from_where_and_why_they_left() {
    let (mut daemon, addr) = start(&[]);
    let mut ann = Person::login(addr, "ann");
    let from = ann.addr();
    let line = daemon.logs("ann");
    assert!(line.contains(&format!("ann came from {from}, 1 online")));
    let bob = Person::login(addr, "bob");
    let bob_from = bob.addr();
    daemon.logs(&format!("bob came from {bob_from}, 2 online"));
    bob.vanishes();
    daemon.logs(&format!(
        "bob left: connection lost: connection reset, 1 online; came from {bob_from}"
    ));
    ann.reads("bob has joined the chat.");
    ann.reads("bob has left the chat.");
    // A person can be followed through all their names.
    for (old, new) in [("ann", "bea"), ("bea", "cat"), ("cat", "Cat")] {
        ann.types(&format!("/nick {new}"));
        ann.reads(&format!("{old} is now known as {new}."));
        daemon.logs(&format!("{old} is now {new}; came from {from}"));
    }
    ann.types("/quit");
    ann.reads("Goodbye!");
    daemon.logs(&format!("Cat left: quit, 0 online; came from {from}"));
    drop(Person::login(addr, "carl"));
    daemon.logs("carl left: closed the connection, 0 online; came from 127.0.0.1:");

    daemon.signal(Signal::SIGTERM);
    let (status, out, log) = daemon.ends();
    assert_eq!(status.code(), Some(0));
    assert_eq!(out, [""; 0], "standard output is not for the log");
    assert!(log.iter().any(|line| line.contains("shutting down")));
}

#[test]
fn the_log_begins_with_the_version_and_every_limit_in_force() {
    let (mut daemon, _) = start(&[]);
    let first = daemon.logs("");
    let limits = "anonymous off; tls off; max-clients 10000; max-per-ip off; max-line 8192; send-queue 1048576; \
                  all send queues 268435456; greet-after 0; proxy-from off; page on; login-timeout 60; \
                   idle-timeout off; keep-seat 60 and 600 for members; rate 16:128, off for loopback; history 200 in 65536 bytes; drain 5; \
                   accounts off; data off";
    let words = format!("chinwag server {}; {limits}", env!("CARGO_PKG_VERSION"));
    assert!(first.ends_with(&words), "{first}");

    // As far as the machine allows, and before it says so.
    let args = ["-l", "127.0.0.1:0", "--rate", "off", "--max-per-ip", "3"];
    let mut limited = Daemon::spawn(command_after("ulimit -n 64", &args));
    let first = limited.logs("");
    assert!(
        first.contains("; max-clients 32; max-per-ip 3; "),
        "{first}"
    );
    assert!(first.contains("; rate off; "), "{first}");
    limited.logs("the limit on open files is 64: holding 32 clients, not 10000");
}

#[test]
fn quiet_silences_all_but_warnings() {
    for option in ["-q", "--quiet"] {
        let (daemon, addr) = start(&[option]);
        let mut ann = Person::login(addr, "ann");
        ann.types("/quit");
        ann.reads("Goodbye!");
        ann.is_closed();
        daemon.signal(Signal::SIGTERM);
        let (status, _, log) = daemon.ends();
        assert_eq!(status.code(), Some(0));
        assert_eq!(log, [""; 0]);
    }
}

#[test]
fn verbose_tells_of_people_who_have_no_name_yet() {
    let (mut daemon, addr) = start(&["-v"]);
    let mut stranger = Person::connect(addr);
    stranger.sees(PROMPT);
    daemon.logs(&format!("{} connected", stranger.addr()));
}

#[test]
fn options_reach_the_server() {
    let (_daemon, addr) = start(&[
        "--anonymous",
        "--max-clients",
        "1",
        "--max-line",
        "64",
        "--send-queue",
        "524288",
        "--login-timeout",
        "0",
    ]);
    let mut ann = Person::connect(addr);
    ann.is_welcomed();
    ann.reads(&format!("{} has joined the chat.", ann.addr()));
    ann.types(&"x".repeat(65));
    ann.reads("Message too long: the limit is 64 bytes. Not sent.");
    let mut bob = Person::connect(addr);
    bob.reads("Server is full. Try again later.");
    bob.is_closed();
}

#[test]
fn max_per_ip_reaches_the_server_and_the_log_tells_whom_it_turned_away() {
    let (mut daemon, addr) = start(&["--max-per-ip", "1"]);
    let _ann = Person::login(addr, "ann");
    let mut bob = Person::connect(addr);
    bob.reads("Too many connections from your address. Close one and try again.");
    bob.is_closed();
    let (who, why) = (bob.addr(), "too many connections from its address");
    daemon.logs(&format!("{who} turned away: {why}"));
}

/// The long options that the source of the program takes.
fn options_in_source(source: &str) -> BTreeSet<String> {
    let calls = source.split(".opt").skip(1);
    calls
        .filter(|call| {
            ["multi(", "flag(", "opt(", "flagmulti("]
                .iter()
                .any(|f| call.starts_with(f))
        })
        .filter_map(|call| call.split('"').nth(3))
        .map(|long| format!("--{long}"))
        .collect()
}

/// The long options that a help text lists.
fn options_in_help(help: &str) -> BTreeSet<String> {
    help.lines()
        .filter(|line| line.trim_start().starts_with('-'))
        .flat_map(|line| line.split([' ', ',']))
        .filter(|word| word.starts_with("--"))
        .map(String::from)
        .collect()
}

#[test]
fn help_tells_of_every_option_that_the_parser_takes() {
    let (_, help, _) = run(&["--help"]);
    let told = options_in_help(&help);
    let taken = options_in_source(concat!(
        include_str!("../../src/bin/command_line/mod.rs"),
        include_str!("../../src/bin/args/mod.rs")
    ));
    assert!(taken.len() >= 11, "{taken:?}");
    assert_eq!(told, taken);
    for option in &told {
        // With a value or without: if the parser knows the option, it goes on and prints something.
        let print = if option == "--help" {
            "--version"
        } else {
            "--help"
        };
        let accepted = [&[option, print][..], &[option, "1", print]]
            .iter()
            .any(|args| run(args).0 == 0);
        assert!(accepted, "{option}");
    }
}

/// The text in brackets after an option in the help.
fn default_in_help<'a>(help: &'a str, option: &str) -> &'a str {
    let line = help.lines().find(|line| line.contains(option));
    let (_, default) = line.and_then(|line| line.rsplit_once('[')).expect(option);
    default.trim_end_matches(']')
}

#[test]
fn help_tells_every_default_and_bound_as_it_is() {
    let (_, help, _) = run(&["--help"]);
    let config = chinwag::Config::default();
    let rate = config.rate.expect("people are slowed down by default");
    for (option, default) in [
        ("--listen", config.listen[0].to_string()),
        (
            "--max-clients",
            format!("{}, within the fd limit", config.max_clients),
        ),
        ("--max-per-ip", "0".into()),
        ("--max-line", config.max_line.to_string()),
        ("--send-queue", config.send_queue.to_string()),
        (
            "--greet-after",
            format!("{}; 0 = at once", limits::GREET_AFTER.as_millis()),
        ),
        (
            "--login-timeout",
            limits::LOGIN_TIMEOUT.as_secs().to_string(),
        ),
        ("--idle-timeout", "0".into()),
        (
            "--keep-seat",
            format!(
                "{}, and {} for members",
                config.keep_guests.as_secs(),
                config.keep_members.as_secs()
            ),
        ),
        ("--rate", format!("{rate}; off for loopback")),
        ("--history", config.history.to_string()),
        ("--drain", config.drain.as_secs().to_string()),
        ("--keep-lines", "all".into()),
    ] {
        assert_eq!(default_in_help(&help, option), default, "{option}");
    }
    for (option, bound) in [
        (
            "--send-queue",
            format!("for all of them {} MiB", config.all_queues >> 20),
        ),
        (
            "--history",
            format!("of {} KiB together", limits::HISTORY_BYTES >> 10),
        ),
    ] {
        let is_told = |line: &str| line.contains(option) && line.contains(&bound);
        assert!(help.lines().any(is_told), "{option}: {bound}");
    }
}

#[test]
fn the_readme_shows_the_options_as_the_help_does() {
    let readme = include_str!("../../README.md");
    let client = program(env!("CARGO_BIN_EXE_client")).arg("--help").output();
    let client = String::from_utf8(client.expect("it can be run").stdout).expect("text");
    for help in [run(&["--help"]).1, client] {
        let from = help.find("[OPTIONS]\n").expect("a list of options");
        let list = &help[from..];
        let to = list.find("\n\n").expect("its end");
        assert!(readme.contains(&list[..to]), "{}", &list[..to]);
    }
}

#[test]
fn an_option_missing_from_either_side_would_be_found() {
    let source = r#"options.optflag("q", "quiet", "").optopt("", "motd", "", "FILE")"#;
    assert_eq!(
        options_in_source(source),
        ["--motd", "--quiet"].map(String::from).into()
    );
    let help = "Use --this.\n  -q, --quiet   hush\n      --motd FILE  text\n";
    assert_eq!(
        options_in_help(help),
        ["--motd", "--quiet"].map(String::from).into()
    );
}
