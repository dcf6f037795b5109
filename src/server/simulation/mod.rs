//! The whole server in a simulated world: real loop, real chat, real queues; simulated sockets and clocks, and clients that do
//! what clients do, driven by a seed. Beside it a plain model says what must have been heard, and what is owed to whom.
//!
//! `CHINWAG_SEED=17 cargo test --lib simulation` replays one seed and tells its story; `CHINWAG_SEEDS=100000 cargo test
//! --release --lib simulation` plays many.

mod asking;
mod client;
mod end_key;
mod floods;
#[cfg(feature = "accounts")]
mod guard;
#[cfg(feature = "accounts")]
mod hush;
mod late;
#[cfg(feature = "accounts")]
mod members;
mod model;
mod naive;
mod numbers;
mod objects;
#[cfg(feature = "accounts")]
mod order;
mod play;
mod queues;
mod record;
mod scene;
mod script;
mod setting;
mod sightings;
mod stage;
#[cfg(feature = "store")]
mod storing;
mod story;
#[cfg(feature = "tls")]
mod tls;
mod traffic;
#[cfg(feature = "accounts")]
mod watch;

pub(super) use asking::answer;
pub(super) use record::Record;
pub(crate) use scene::Scene;

use std::env;

use sightings::{Sight, Sightings};
use stage::Stage;
use story::Kind;

use super::Stats;

/// Seeds of an ordinary run.
const SEEDS: u64 = 256;

/// The outcome of a play.
struct Played {
    /// The figures of its server at the end.
    stats: Stats,
    seen: Sightings,
}

fn play(seed: u64, kind: Kind, is_told: bool) -> Played {
    let mut stage = Stage::new(seed, kind, is_told);
    if kind.asks {
        stage.begin_to_ask();
    }
    #[cfg(feature = "store")]
    if kind.keeps {
        stage.begin_to_keep();
    }
    if let Err(what) = stage.play() {
        panic!("{what}");
    }
    Played {
        stats: stage.stats,
        seen: stage.sightings(),
    }
}

/// Plays so many seeds, or those that the environment says: one of them is played by the test that it failed in alone.
fn play_all(seeds: u64, kind: Kind) -> Vec<Played> {
    let number = |name| {
        let text = env::var(name).ok()?;
        Some(text.parse().expect("a number"))
    };
    match number("CHINWAG_SEED") {
        Some(seed) => {
            let mut variables = kind.variables().into_iter();
            let is_this = variables.all(|(name, is_so)| number(name).is_some() == is_so);
            let played = is_this.then(|| play(seed, kind, true));
            played.into_iter().collect()
        }
        None => {
            let seeds = number("CHINWAG_SEEDS").unwrap_or(seeds);
            let all = (0..seeds).map(|seed| play(seed, kind, false));
            all.collect()
        }
    }
}

/// Whether these sights came up in these plays so often at least. A sample of fewer seeds than these is too small to tell.
fn check_seen(played: &[Played], seeds: u64, least: usize, sights: &[Sight]) {
    let mut seen = Sightings::default();
    played.iter().for_each(|it| seen.add_all(&it.seen));
    println!("{seen:?}");
    let rare = seen.rarer_than(least, sights);
    let is_sample = (played.len() as u64) < seeds;
    assert!(rare.is_empty() || is_sample, "{rare:?} of {seen:?}");
}

#[test]
fn everything_is_heard_once_and_everyone_reads_what_they_are_owed() {
    let played = play_all(SEEDS, Kind::default());
    let count =
        |figure: fn(&Stats) -> u64| played.iter().filter(|it| figure(&it.stats) > 0).count();
    let (skipped, dropped) = (count(|it| it.skipped), count(|it| it.dropped));
    // Queues are as long as an operator may choose them, and yet are filled.
    let is_enough = skipped >= played.len() / 8 && dropped >= played.len() / 20;
    let is_sample = (played.len() as u64) < SEEDS;
    assert!(
        is_enough || is_sample,
        "{skipped} skipped, {dropped} dropped"
    );
    check_seen(&played, SEEDS, 10, &Sight::ALWAYS);
}
