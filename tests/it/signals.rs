//! Signals to the `server` program other than those that end it: ignored ones, and the one that makes it read a file
//! again.

use std::fs;
use std::process::Stdio;

use chinwag::limits;
use nix::sys::signal::Signal;

use crate::daemon::{Daemon, command, command_after, start};
use crate::harness::Person;
use crate::output::ends_cleanly;
use crate::program::program;
use crate::reading::Scratch;

/// If the server had acted on a signal, the talk would have ended by the second round.
fn talks_on(ann: &mut Person) {
    for _ in 0..3 {
        ann.types("/users");
        ann.reads("Users online: 1");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn what_was_ignored_at_the_start_stays_ignored() {
    use Signal::{SIGHUP, SIGINT};
    for (script, ignored, heeded) in [
        (r#"trap "" HUP"#, &[SIGHUP][..], SIGINT),
        (r#"trap "" INT"#, &[SIGINT], SIGHUP),
        (
            r#"trap "" HUP INT TERM"#,
            &[SIGHUP, SIGINT],
            Signal::SIGTERM,
        ),
    ] {
        let mut daemon = Daemon::spawn(command_after(script, &["-l", "127.0.0.1:0"]));
        let mut ann = Person::login(daemon.listens_on(), "ann");
        for &signal in ignored {
            daemon.logs(&format!("{signal} was ignored at the start, and stays so"));
            daemon.signal(signal);
            talks_on(&mut ann);
        }
        daemon.signal(heeded);
        ann.reads("Server is shutting down. Goodbye!");
        assert_eq!(daemon.ends().0.code(), Some(0), "{script}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn nohup_outlives_its_terminal() {
    let server = command(&["-l", "127.0.0.1:0"]);
    let mut nohup = program("nohup");
    nohup.arg(server.get_program()).args(server.get_args());
    nohup.stdin(Stdio::null());
    nohup.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut daemon = Daemon::spawn(nohup);
    let mut ann = Person::login(daemon.listens_on(), "ann");
    daemon.signal(Signal::SIGHUP);
    talks_on(&mut ann);
    ends_cleanly(daemon);
}

/// Things that are not files to read to the end: a pipe without a writer, a folder, a device that never ends.
fn replace_by(kind: &str, path: &str) {
    fs::remove_file(path).expect("the file can be removed");
    let done = match kind {
        "a pipe" => program("mkfifo").arg(path).status(),
        "a folder" => program("mkdir").arg(path).status(),
        _ => program("ln").args(["-s", "/dev/zero", path]).status(),
    };
    assert!(done.expect("it can be run").success(), "{kind}");
}

#[test]
fn a_message_of_the_day_that_is_no_file_any_more_holds_up_nobody() {
    for kind in ["a pipe", "a folder", "a device"] {
        let name = format!("motd-{}", kind.replace(' ', "-"));
        let file = Scratch::new(&name, "Tea at five.");
        let (mut daemon, addr) = start(&["--motd", file.path(), "--history", "0"]);
        replace_by(kind, file.path());
        daemon.signal(Signal::SIGHUP);
        daemon.logs(&format!(
            "cannot read {}: it is no regular file; keeping the message of the day as it was",
            file.path()
        ));
        let mut ann = Person::connect(addr);
        ann.sees("Enter your username: ");
        ann.types("ann");
        ann.is_welcomed();
        ann.reads("Tea at five.");
        ann.reads("ann has joined the chat.");
        talks_on(&mut ann);

        if kind == "a folder" {
            fs::remove_dir(file.path()).expect("the folder can be removed");
        } else {
            fs::remove_file(file.path()).expect("it can be removed");
        }
        fs::write(file.path(), "Tea at six.").expect("a file can be written");
        daemon.signal(Signal::SIGHUP);
        daemon.logs(&format!("read {} again", file.path()));
        ends_cleanly(daemon);
    }
}

#[test]
fn a_message_of_the_day_that_is_no_file_is_refused_at_the_start() {
    for kind in ["a pipe", "a device"] {
        let name = format!("no-motd-{}", kind.replace(' ', "-"));
        let file = Scratch::new(&name, "");
        replace_by(kind, file.path());
        let (status, out, log) = Daemon::spawn(command(&["--motd", file.path()])).ends();
        assert_eq!((status.code(), out.len()), (Some(2), 0), "{kind}");
        let words = format!(
            "server: --motd: cannot read {}: it is no regular file.",
            file.path()
        );
        assert!(log[0].starts_with(&words), "{log:?}");
    }
}

#[test]
fn a_message_of_the_day_that_is_too_long_is_refused_by_the_name_of_its_file() {
    let most = "x".repeat(limits::MOTD_BYTES);
    let file = Scratch::new("long-motd", &format!("{most}x"));
    let (status, _, log) = Daemon::spawn(command(&["--motd", file.path()])).ends();
    assert_eq!(status.code(), Some(2));
    let words = format!(
        "server: --motd: cannot read {}: it has more than 16384 bytes.",
        file.path()
    );
    assert!(log[0].starts_with(&words), "{log:?}");

    fs::write(file.path(), &most).expect("a file can be written");
    let (daemon, _) = start(&["--motd", file.path()]);
    ends_cleanly(daemon);
}
