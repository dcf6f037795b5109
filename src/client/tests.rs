//! A person's dialogue with a real server. Something goes wrong on the way, at every byte in turn: no line reaches a
//! room other than the one that it was typed for, and no line is lost without a word.
//!
//! `CHINWAG_RELAY=1 cargo test --release --lib relay_fails` puts a fault at every byte, an ordinary run only at some.

mod coming_back;
mod dialogue;
pub(super) mod host;
mod person;
mod relay;
mod screen;
mod seeds;
mod several_rooms;

use std::env;

use super::Config;
use dialogue::{Dialogue, Pace, play};
use relay::{Fault, Kind, Side, Swap};

/// An ordinary run has a fault at one byte in this many. It shares no divisor with the number of kinds of faults.
const EVERY: usize = 241;

/// How many bytes after the first fault the second one comes: enough for the client to be back where it was, and more.
const BEHIND: usize = 300;

/// All the faults.
const KINDS: [Kind; 18] = [
    Kind::Drop,
    Kind::DropOneSide,
    Kind::Cut,
    Kind::Leave,
    Kind::Refuse,
    halt(1, false),
    halt(1, true),
    halt(9, false),
    halt(10, true),
    halt(100, false),
    halt(100, true),
    Kind::Swap(Swap::Fresh),
    Kind::Swap(Swap::Restarted),
    Kind::Swap(Swap::Absent),
    Kind::Swap(Swap::Full),
    Kind::Swap(Swap::NameTaken),
    Kind::Swap(Swap::Refuses),
    Kind::Swap(Swap::Anonymous),
];

/// How a person starts the client.
pub(super) fn config(name: Option<&str>) -> Config {
    Config {
        host: "server".into(),
        port: 8080,
        tls: None,
        name: name.map(String::from),
        color: false,
        time: false,
        reconnect: true,
        raw: false,
        password: None,
        drawing: true,
        signals: Vec::new(),
    }
}

const fn halt(seconds: u64, breaks: bool) -> Kind {
    Kind::Halt { seconds, breaks }
}

fn check(pace: Pace, fault: Option<Fault>) -> Dialogue {
    let dialogue = play(pace, fault);
    if let Err(what) = dialogue.check() {
        panic!(
            "{pace:?}, {fault:?}: {what}\nseen:\n  {}\nheard:\n  {}",
            dialogue.person.rows.join("\n  "),
            dialogue.person.relay.heard_rows().join("\n  ")
        );
    }
    dialogue
}

/// A fault happens at one byte in this many.
fn every() -> usize {
    let every = env::var("CHINWAG_RELAY").ok();
    every.map_or(EVERY, |every| every.parse().expect("a number"))
}

#[test]
fn wherever_the_relay_fails_each_line_is_read_in_its_room_or_accounted_for() {
    let mut runs = 0;
    for pace in [Pace::Careful, Pace::Eager] {
        let undisturbed = check(pace, None);
        assert!(undisturbed.is_all_read(), "something was not read");
        for (number, kind) in KINDS.into_iter().enumerate() {
            for side in [Side::Up, Side::Down] {
                let bytes = undisturbed.person.relay.passed(side);
                for at in (number % every()..=bytes).step_by(every()) {
                    runs += 1;
                    let then = None;
                    let fault = Fault {
                        side,
                        at,
                        kind,
                        then,
                    };
                    check(pace, Some(fault));
                }
            }
        }
    }
    assert!(runs > 100, "only {runs} runs");
}

#[test]
fn wherever_the_relay_fails_again_each_line_is_read_in_its_room_or_accounted_for() {
    let firsts = [
        Kind::Drop,
        Kind::DropOneSide,
        halt(10, true),
        Kind::Swap(Swap::Fresh),
    ];
    let mut number = 0;
    let every = every() * 5;
    for pace in [Pace::Careful, Pace::Eager] {
        let undisturbed = check(pace, None);
        for side in [Side::Up, Side::Down] {
            let bytes = undisturbed.person.relay.passed(side);
            let places = [2, 3, 4, 5].map(|part| bytes * part / 6);
            for (kind, at) in firsts
                .into_iter()
                .flat_map(|kind| places.map(|at| (kind, at)))
            {
                for second in KINDS {
                    number += 1;
                    for behind in (7 * number % every..=BEHIND).step_by(every) {
                        let then = Some((behind, second));
                        let fault = Fault {
                            side,
                            at,
                            kind,
                            then,
                        };
                        check(pace, Some(fault));
                    }
                }
            }
        }
    }
}
