//! The whole server in a simulated world: real loop, real chat, real queues; simulated sockets and clocks, and clients that do
//! what clients do, driven by a seed. Beside it a plain model says what must have been heard, and what is owed to whom.
//!
//! `CHINWAG_SEED=17 cargo test --lib simulation` replays one seed and tells its story; `CHINWAG_SEEDS=100000 cargo test
//! --release --lib simulation` plays many.

mod asking;
mod client;
mod end_key;
mod floods;
mod late;
mod model;
mod naive;
mod play;
mod queues;
mod record;
mod scene;
mod script;
mod setting;
mod stage;
mod story;

pub(super) use asking::answer;
pub(super) use record::Record;
pub(crate) use scene::Scene;

use std::env;

use stage::Stage;

/// Seeds of an ordinary run.
const SEEDS: u64 = 256;

fn play(seed: u64, is_late: bool, asks: bool, is_told: bool) {
    let mut stage = Stage::new(seed, is_late, is_told);
    if asks {
        stage.begin_to_ask();
    }
    if let Err(what) = stage.play() {
        panic!("{what}");
    }
}

/// Plays so many seeds, or those that the environment says: one of them is played by the test that it failed in alone.
fn play_all(seeds: u64, is_late: bool, asks: bool) {
    let number = |name| {
        let text = env::var(name).ok()?;
        Some(text.parse().expect("a number"))
    };
    match number("CHINWAG_SEED") {
        Some(seed) => {
            let is_this = number("CHINWAG_LATE").is_some() == is_late
                && number("CHINWAG_ASKS").is_some() == asks;
            if is_this {
                play(seed, is_late, asks, true);
            }
        }
        None => {
            let seeds = number("CHINWAG_SEEDS").unwrap_or(seeds);
            (0..seeds).for_each(|seed| play(seed, is_late, asks, false));
        }
    }
}

#[test]
fn everything_is_heard_once_and_everyone_reads_what_they_are_owed() {
    play_all(SEEDS, false, false);
}
