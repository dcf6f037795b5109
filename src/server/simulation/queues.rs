//! What waits for those who are behind, counted in bytes and in ticks.

use std::time::Duration;

use crate::limits::{SEND_QUEUE_BYTES_RANGE, WRITE_TURN_BYTES};
use crate::server::Config;

use super::scene::Scene;

#[test]
fn others_are_served_while_somebody_catches_up() {
    const LINES: usize = 1000;
    const ROOM: usize = 4 * WRITE_TURN_BYTES;
    let mut config = Config {
        send_queue: 1 << 24,
        ..Config::default()
    };
    config.fit_queues();
    let mut scene = Scene::taking(ROOM, config);
    let people = ["ann", "bob", "eve"].map(|name| scene.enter([127, 0, 0, 1], name));
    let [ann, bob, eve] = people;
    let line = format!("{}\n", "x".repeat(8000));
    for _ in 0..LINES {
        scene.say(ann, &line);
        scene.until(|scene| scene.heard(eve).contains("ann: xx"));
    }
    // Bob reads at last: his socket takes far more than a turn.
    scene.heard(bob);
    let (mut ticks, mut is_behind) = (0, true);
    while is_behind {
        scene.say(ann, "still here\n");
        scene.tick();
        ticks += 1;
        assert!(scene.heard(eve).contains("ann: still here"), "tick {ticks}");
        let read = scene.heard(bob).len();
        assert!(read <= WRITE_TURN_BYTES, "{read} bytes in a turn");
        // No event tells that there is room, as there is all the time.
        is_behind = scene.server.talk.connections.held() > 0;
        assert!(!is_behind || scene.server.timeout() == Some(Duration::ZERO));
    }
    assert!(ticks >= (LINES * 8000 - ROOM) / WRITE_TURN_BYTES);
}

#[test]
fn lines_of_rooms_go_first_and_then_those_who_are_owed_the_most() {
    const ALL: usize = *SEND_QUEUE_BYTES_RANGE.start();
    let config = Config {
        max_line: 16 * 1024,
        send_queue: ALL,
        all_queues: ALL,
        ..Config::default()
    };
    let mut scene = Scene::taking(6000, config);
    let people = ["ann", "bob", "eve", "dan"].map(|name| scene.enter([127, 0, 0, 1], name));
    let ann = people[0];
    let text = "x".repeat(15_990);
    let say = |scene: &mut Scene, line: &str| {
        scene.say(ann, line);
        for _ in 0..3 {
            scene.tick();
            scene.heard(ann);
        }
    };
    // All of this is of the room, for three who do not read.
    for _ in 0..100 {
        say(&mut scene, &format!("{text}\n"));
    }
    let figures = |scene: &Scene| {
        let stats = scene.server.handle().stats();
        (stats.dropped, stats.skipped > 150)
    };
    assert_eq!(figures(&scene), (0, true));
    // What is told to some alone takes its place, until it is too much.
    for i in 0..30 {
        let name = if i % 4 == 0 { "bob" } else { "eve" };
        assert_eq!(figures(&scene), (0, true), "{i} messages");
        say(&mut scene, &format!("/msg {name} {text}\n"));
    }
    for _ in 0..4 {
        say(&mut scene, &format!("/msg eve {text}\n"));
    }
    assert_eq!(figures(&scene), (1, true));
    scene.say(ann, "/users\n/msg bob x\n/msg eve x\n");
    scene.tick();
    let heard = scene.heard(ann);
    assert!(heard.contains("To bob (private): x"), "{heard}");
    assert!(heard.contains("Nobody here is called eve"), "{heard}");
}
