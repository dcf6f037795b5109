//! Storms: both ends send any bytes to the real client, and then a key, a signal or the server ends it. Afterwards the
//! terminal is as it was before, and the status is as documented.
//!
//! `CHINWAG_STORMS=500 cargo test --test client storm -- --nocapture` runs many, each with its own seed.

use std::env;
use std::io::Write;
use std::process::Command;

use rexpect::process::{Signal, WaitStatus};

use crate::dice::Dice;
use crate::harness::{Home, Person, Scripted, client};
use crate::program::program;
use crate::ways_out::is_given_back;

/// Storms of an ordinary run.
const STORMS: usize = 16;

/// How often each end sends something.
const GUSTS: usize = 12;

/// The pieces that a terminal may send, between meaningless bytes.
#[rustfmt::skip]
const TYPED: [&str; 20] = [
    "\r", "hello", "\x1b[200~", "\x1b[201~", "one\rtwo", "\x1b", "\x1b[A", "\x1b[<64;10;5M", "\x1b[M ", "\x1b]11;rgb:1e1e",
    "\x1b\\", "\x07", "\x1a", "\x0c", "\t", "/join #den\r", "花子", "e\u{301}", "\x1b[I", "\x15",
];

/// The pieces that a server may send.
#[rustfmt::skip]
const SENT: [&str; 16] = [
    r#"{"event":"said","seq":7,"room":"lobby","from":"Bob","text":"hello, Ann\u001b[2J花子"}"#, "\n",
    r#"{"event":"private","from":"Bob","text":"psst"}"#, "\r\n", "\x1b[2J", "\x1b]0;x\x07", "\u{9b}31m", "{", "}", "\"",
    r#"{"event":"room","room":"den","current":true,"people":[{"name":"x","person":7}]}"#, "[[[[",
    r#"{"event":"renamed","from":"Ann","to":"Bea","person":1}"#,
    r#"{"event":"goodbye","code":"idle","text":"Goodbye!","again":false,"after":0}"#,
    r#"{"event":"answer","to":"search","lines":[{"kind":"said","from":"Bob","text":"x","seq":1}]}"#, "{\"event\":",
];

fn gust(dice: &mut Dice, known: &[&str]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for _ in 0..dice.below(40) {
        match dice.below(3) {
            0 => bytes.push(dice.below(256) as u8),
            _ => bytes.extend(dice.pick(known).bytes()),
        }
    }
    bytes
}

/// The same in a terminal without keys that make signals or stop the output. The storm may continue after the client
/// has given the terminal back. There, at such a key, the kernel would drop the output that was not read yet.
fn without_keys(command: Command) -> Command {
    let mut shell = program("sh");
    shell
        .args([
            "-c",
            "stty intr undef quit undef susp undef stop undef && exec \"$0\" \"$@\"",
        ])
        .arg(command.get_program())
        .args(command.get_args());
    for (name, value) in command.get_envs() {
        shell.env(name, value.unwrap_or_default());
    }
    shell
}

fn storm(seed: u64, modes: &str) {
    println!("storm {seed}");
    let mut dice = Dice::new(seed);
    let (server, home) = (Scripted::start(), Home::new());
    let command = client(server.port, &home.0, &["-n", "Ann", "--no-reconnect"]);
    let mut ann = Person::sit_down(without_keys(command), 80, 24);
    let (served, _) = server.welcome();
    let mut stream = served.stream;
    ann.until_seen("Ann has joined");
    for _ in 0..GUSTS {
        // Either end may have given up by now.
        let _ = ann.send(&gust(&mut dice, &TYPED));
        let _ = stream.write_all(&gust(&mut dice, &SENT));
    }
    let signals = [
        Signal::SIGTERM,
        Signal::SIGINT,
        Signal::SIGHUP,
        Signal::SIGQUIT,
    ];
    let (signal, code) = match dice.below(3) {
        0 => {
            let signal = signals[dice.below(signals.len())];
            ann.signal(signal);
            (Some(signal), 0)
        }
        1 => {
            // Ends a sequence and a paste, drops the paste that waits for an answer, drops the typed line, leaves, and
            // waits for nobody.
            let _ = ann.send(b"\x1b[201~\x03\x03\x03\x03");
            (None, 0)
        }
        _ => {
            drop(stream);
            (None, 1)
        }
    };
    let status = ann.end();
    let is_right = match status {
        // The client may have left during the storm.
        WaitStatus::Exited(_, status) => status == 0 || status == code,
        WaitStatus::Signaled(_, by, _) => Some(by) == signal,
        _ => false,
    };
    assert!(is_right, "storm {seed} ended with {status:?}");
    is_given_back(&ann);
    assert_eq!(ann.modes(), modes, "storm {seed} has changed the terminal");
}

#[test]
fn a_storm_leaves_the_terminal_as_it_was() {
    let mut nobody = Person::sit_down(without_keys(program("true")), 80, 24);
    nobody.end_with(0);
    let untouched = nobody.modes();
    let storms = env::var("CHINWAG_STORMS").ok();
    let storms = storms.map_or(STORMS, |storms| storms.parse().expect("a number"));
    (0..storms as u64).for_each(|seed| storm(seed, &untouched));
}
