//! Three whole servers over a stream in memory, driven by a seed. It delays, repeats, stalls and forgets; servers are killed,
//! cut off, stopped and started. What everyone reads is compared with the stream; at the end all servers know the same.
//!
//! `CHINWAG_SERVERS=1 CHINWAG_SEED=17 cargo test --lib cluster::simulation` replays one seed and tells its story.

mod joining;
mod model;
mod node;
mod people;
mod play;
mod redis;
mod script;

use std::env;

use play::Play;

/// Seeds of an ordinary run.
const SEEDS: u64 = 128;

#[test]
fn several_servers_are_one_chat() {
    let number = |name| {
        let text = env::var(name).ok()?;
        Some(text.parse::<u64>().expect("a number"))
    };
    let mut sights = play::Sights::default();
    match number("CHINWAG_SEED") {
        Some(seed) if number("CHINWAG_SERVERS").is_some() => {
            Play::new(seed, true).run(&mut sights);
        }
        Some(_) => {}
        None => {
            let seeds = number("CHINWAG_SEEDS").unwrap_or(SEEDS);
            (0..seeds).for_each(|seed| Play::new(seed, false).run(&mut sights));
            println!("{sights:?}");
            assert!(seeds < SEEDS || sights.is_enough(), "{sights:?}");
        }
    }
}
