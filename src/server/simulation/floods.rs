//! What floods cost the people beside them, counted in ticks of the loop and in work done in each: no clock is asked.

use std::net::SocketAddr;
use std::time::Duration;

use crate::limits::{ADDRESS_SHARES, RATE_BURST, RATE_LINES, TICK_STEPS, TURN_STEPS};
use crate::server::Config;

use super::scene::Scene;

/// Eight KiB of the shortest lines, or of a command.
fn flood(line: &str) -> String {
    line.repeat(8192 / line.len())
}

/// So many people on this machine, each at an address of their own.
fn crowd(scene: &mut Scene, people: u8) -> Vec<usize> {
    let names = (0..people).map(|i| (i, format!("f{i}")));
    names
        .map(|(i, name)| scene.enter([127, 0, 1, i], &name))
        .collect()
}

#[test]
fn a_tick_takes_in_so_much_whoever_sends_it() {
    let mut scene = Scene::with(Config::default());
    let floods = crowd(&mut scene, 40);
    for &pair in &floods {
        scene.say(pair, &flood("\n"));
    }
    let mut left = floods.len() * 8192;
    while left > 0 {
        let lines = scene.tick();
        assert!(lines > 0 && lines <= TICK_STEPS + TURN_STEPS, "{lines}");
        left -= lines;
    }
}

#[test]
fn people_who_send_little_are_served_before_a_flood() {
    for line in ["\n", "/who\n", "/history\n", "half a line"] {
        let mut scene = Scene::with(Config::default());
        let floods = crowd(&mut scene, 60);
        let ann = scene.enter([127, 0, 0, 2], "ann");
        let bob = scene.enter([127, 0, 0, 3], "bob");
        // It takes a while until it shows who floods.
        for _ in 0..100 {
            for &pair in &floods {
                scene.world.send(pair, flood(line).as_bytes());
                scene.heard(pair);
            }
            scene.tick();
        }
        scene.heard(bob);
        scene.say(ann, "hello, bob\n");
        let (ticks, lines) = scene.until(|it| it.heard(bob).contains("ann: hello, bob"));
        assert!(ticks <= 2, "{line:?}: {ticks} ticks");
        let most = 2 * (TICK_STEPS + TURN_STEPS);
        assert!(lines <= most, "{line:?}: {lines} lines");
    }
}

#[test]
fn coming_back_over_a_new_connection_is_no_way_to_send_faster() {
    const SECONDS: usize = 10;
    let mut scene = Scene::with(Config::default());
    let mut lines = 0;
    for i in 0..SECONDS * 5 {
        let addr = SocketAddr::from(([192, 0, 2, 7], 1024 + i as u16));
        let pair = scene.world.connect(addr).expect("the server listens");
        scene.say(pair, &format!("f{i}\n{}", flood("\n")));
        for _ in 0..5 {
            lines += scene.tick();
        }
        scene.world.reset(pair);
        scene.tick();
        scene.world.pass(Duration::from_millis(200));
    }
    let shares = ADDRESS_SHARES as usize;
    let (rate, burst) = (RATE_LINES as usize, RATE_BURST as usize);
    let most = shares * (burst + SECONDS * rate) + TURN_STEPS;
    assert!(
        lines > most / 2 && lines <= most,
        "{lines} lines, not {most}"
    );
}

#[test]
fn what_a_room_replays_counts_for_nobody_who_comes_in() {
    let mut scene = Scene::with(Config::default());
    let ann = scene.enter([127, 0, 0, 1], "ann");
    for _ in 0..20 {
        scene.say(ann, &format!("{}\n", "x".repeat(3000)));
        scene.until(|it| !it.server.has_work());
        scene.heard(ann);
    }
    for i in 0..50 {
        let addr = SocketAddr::from(([192, 0, 2, 7], 1024 + i));
        let pair = scene.world.connect(addr).expect("the server listens");
        scene.say(pair, &format!("f{i}\nhi\n"));
        scene.until(|it| it.heard(ann).contains(&format!("f{i}: hi")));
    }
}
