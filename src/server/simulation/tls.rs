//! Newcomers who speak TLS, over simulated sockets.

use std::time::Duration;

use crate::limits::{
    HANDSHAKE_HASTE, HANDSHAKE_TIMEOUT, HANDSHAKE_TURNS, HANDSHAKES, SEND_QUEUE_BYTES_RANGE,
};
use crate::net::simulated::End;
use crate::net::simulated::tls::{TlsClient, VERSIONS, identity};
use crate::server::Config;

use super::Scene;

const SILENCE: Duration = Duration::from_millis(300);
const PROMPT: &str = "Enter your username: ";

fn config() -> Config {
    Config {
        tls: Some(identity()),
        greet_after: SILENCE,
        ..Config::default()
    }
}

fn connect(scene: &Scene, host: [u8; 4], version: usize) -> TlsClient {
    connect_by(scene, host, version, None)
}

fn connect_by(scene: &Scene, host: [u8; 4], version: usize, longest: Option<usize>) -> TlsClient {
    let addr = (host, 1024).into();
    let pair = scene.world.connect(addr).expect("the server listens");
    let mut client = TlsClient::new(&scene.world, pair, VERSIONS[version], longest);
    client.pull();
    client
}

/// Lets everything pass that both sides have to say.
fn exchange(scene: &mut Scene, client: &mut TlsClient) {
    loop {
        scene.rest();
        check(scene);
        client.receive(usize::MAX);
        if client.send(usize::MAX) == 0 {
            break;
        }
    }
}

fn check(scene: &Scene) {
    let config = &scene.server.talk.config;
    let connections = &scene.server.talk.connections;
    connections.check_between_ticks(config.send_queue, config.all_queues);
}

/// Somebody who has come in by TLS.
fn enter(scene: &mut Scene, name: &str, version: usize) -> TlsClient {
    let mut client = connect(scene, [192, 0, 2, 1], version);
    client.say(&format!("{name}\n"));
    exchange(scene, &mut client);
    let heard = client.heard();
    assert!(heard.contains("Welcome to the chat!"), "{heard}");
    client
}

#[test]
fn people_talk_with_and_without_tls() {
    for version in 0..VERSIONS.len() {
        let mut scene = Scene::with(config());
        let bob = scene.enter([127, 0, 0, 1], "bob");
        let mut ann = connect(&scene, [127, 0, 0, 2], version);
        exchange(&mut scene, &mut ann);
        assert!(!ann.is_handshaking());
        assert_eq!(ann.heard(), "");
        scene.world.pass(SILENCE);
        exchange(&mut scene, &mut ann);
        assert_eq!(ann.heard(), PROMPT);
        ann.say("ann\nhello\n");
        exchange(&mut scene, &mut ann);
        scene.say(bob, "hi\n");
        exchange(&mut scene, &mut ann);
        assert!(
            ann.heard()
                .ends_with("ann has joined the chat.\r\nbob: hi\r\n")
        );
        let heard = scene.heard(bob);
        assert!(
            heard.ends_with("ann has joined the chat.\r\nann: hello\r\n"),
            "{heard}"
        );
        ann.say("/quit\n");
        exchange(&mut scene, &mut ann);
        assert_eq!(ann.heard(), "Goodbye!\r\n");
        assert!(ann.is_closed && ann.end == End::Fin);
    }
}

#[test]
fn records_come_cut_anywhere() {
    for version in 0..VERSIONS.len() {
        for step in [1, 2, 3, 7, 100] {
            // Messages of the handshake may be cut into several records, too.
            let longest = (step > 2).then_some(30 + step);
            let mut scene = Scene::with(config());
            let mut ann = connect_by(&scene, [127, 0, 0, 1], version, longest);
            let mut is_said = false;
            for _ in 0..10_000 {
                ann.send(step);
                scene.rest();
                check(&scene);
                ann.receive(step);
                if !is_said && !ann.is_handshaking() {
                    is_said = true;
                    ann.say("ann\n");
                    ann.say("/users\n/quit\n");
                }
                if ann.end != End::Open {
                    break;
                }
            }
            let heard = ann.heard();
            assert!(heard.starts_with(PROMPT), "{heard}");
            assert!(
                heard.ends_with("Users online: 1\r\nGoodbye!\r\n"),
                "{heard}"
            );
            assert!(ann.is_closed, "in steps of {step}");
        }
    }
}

#[test]
fn several_records_that_come_as_one_are_all_read() {
    let mut scene = Scene::with(config());
    let mut ann = enter(&mut scene, "ann", 1);
    let long = "x".repeat(8000);
    ann.say(&format!("{long}\n{long}\n/users\n"));
    (0..10).for_each(|_| ann.say("/users\n"));
    exchange(&mut scene, &mut ann);
    assert_eq!(ann.heard(), "Users online: 1\r\n".repeat(11));
    assert_eq!(scene.server.handle().stats().said, 2);
}

#[test]
fn a_last_line_counts_if_tls_says_that_it_is_the_last() {
    for (is_closed, said) in [
        (true, "bob has joined the chat.\r\nbob: last"),
        (false, "bob has joined the chat."),
    ] {
        let mut scene = Scene::with(config());
        let ann = scene.enter([127, 0, 0, 1], "ann");
        scene.heard(ann);
        let mut bob = enter(&mut scene, "bob", 1);
        bob.say("last");
        if is_closed {
            bob.close();
        }
        bob.send(usize::MAX);
        scene.world.finish(bob.pair);
        exchange(&mut scene, &mut bob);
        let expected = format!("{said}\r\nbob has left the chat.\r\n");
        assert_eq!(scene.heard(ann), expected);
        assert!(bob.is_closed && bob.end == End::Fin);
    }
}

#[test]
fn first_bytes_that_are_cut_off_are_nobody() {
    let mut scene = Scene::with(config());
    let mut eve = connect(&scene, [127, 0, 0, 1], 1);
    eve.say("GET");
    exchange(&mut scene, &mut eve);
    scene.world.finish(eve.pair);
    exchange(&mut scene, &mut eve);
    assert_eq!(eve.heard(), "");
    assert_eq!(scene.world.held(), 0);
}

#[test]
fn what_is_no_person_inside_is_turned_away_there() {
    let mut scene = Scene::with(config());
    let mut eve = connect(&scene, [127, 0, 0, 1], 1);
    eve.say("GET / HTTP/1.1\r\n\r\n");
    exchange(&mut scene, &mut eve);
    assert!(eve.heard().starts_with("HTTP/1.1 400 Bad Request\r\n"));
    assert!(eve.is_closed);
}

#[test]
fn a_peer_that_breaks_the_protocol_is_told_so_and_closed() {
    // In the handshake, and behind it.
    for is_open in [false, true] {
        let mut scene = Scene::with(config());
        let mut eve = connect(&scene, [127, 0, 0, 1], 1);
        let nonsense = match is_open {
            true => [&[23, 3, 3, 0, 40][..], &[7; 40]].concat(),
            // A hello.
            false => [&[22, 3, 1, 0, 40, 1, 0, 0, 36][..], &[7; 36]].concat(),
        };
        if is_open {
            exchange(&mut scene, &mut eve);
        }
        eve.held = nonsense;
        eve.send(usize::MAX);
        scene.rest();
        eve.receive(usize::MAX);
        let failed = eve.failed.as_deref().unwrap_or("not at all");
        assert!(failed.starts_with("received fatal alert"), "{failed}");
        assert_eq!(eve.end, End::Fin);
        scene.world.close(eve.pair);
        scene.rest();
        check(&scene);
        assert_eq!(scene.world.held(), 0);
    }
}

#[test]
fn resets_and_silence_end_a_handshake() {
    let mut scene = Scene::with(config());
    let mut gone = connect(&scene, [127, 0, 0, 1], 1);
    let half = gone.held.len() / 2;
    gone.send(half);
    scene.rest();
    scene.world.reset(gone.pair);
    scene.rest();
    check(&scene);
    assert_eq!(scene.world.held(), 0);
    // Half a hello, and a hello whose answer is not answered.
    for most in [half, usize::MAX] {
        let mut silent = connect(&scene, [127, 0, 0, 1], 1);
        silent.send(most);
        scene.rest();
        scene
            .world
            .pass(HANDSHAKE_TIMEOUT - Duration::from_millis(1));
        scene.rest();
        assert_eq!(scene.world.held(), 1);
        scene.world.pass(Duration::from_millis(1));
        scene.rest();
        check(&scene);
        assert_eq!(scene.world.held(), 0);
    }
}

#[test]
fn a_slow_reader_loses_whole_lines_and_is_told_how_many() {
    let mut config = config();
    config.send_queue = *SEND_QUEUE_BYTES_RANGE.start();
    config.rate = None;
    let mut scene = Scene::taking(20_000, config);
    let mut ann = enter(&mut scene, "ann", 1);
    let bob = scene.enter([127, 0, 0, 1], "bob");
    let lines = 1200;
    for number in 0..lines {
        scene.say(bob, &format!("{number} {}\n", "x".repeat(1000)));
        scene.rest();
        check(&scene);
    }
    let mut heard = ann.heard();
    while !heard.contains(&format!("bob: {} ", lines - 1)) {
        ann.receive(3000);
        scene.rest();
        check(&scene);
        heard += &ann.heard();
    }
    let skipped = scene.server.handle().stats().skipped;
    let whole = heard
        .lines()
        .filter(|line| line.starts_with("bob: ") && line.len() > 1000);
    assert_eq!(whole.count() as u64 + skipped, lines);
    assert!(
        heard.contains(&format!("-- {skipped} messages skipped --\r\n")),
        "{skipped}"
    );
}

#[test]
fn the_rest_of_a_record_is_written_though_nothing_follows_it() {
    let mut scene = Scene::taking(3000, config());
    let mut ann = enter(&mut scene, "ann", 1);
    let bob = scene.enter([127, 0, 0, 1], "bob");
    exchange(&mut scene, &mut ann);
    ann.heard();
    let line = "x".repeat(8000);
    scene.say(bob, &format!("{line}\n"));
    let reads_on = |scene: &mut Scene, ann: &mut TlsClient| {
        for _ in 0..20 {
            scene.rest();
            check(scene);
            ann.receive(1000);
            ann.send(usize::MAX);
        }
        ann.heard()
    };
    assert_eq!(reads_on(&mut scene, &mut ann), format!("bob: {line}\r\n"));
    // The last record of all waits for the socket, too.
    scene.say(bob, &format!("{line}\n"));
    scene.rest();
    ann.say("/quit\n");
    ann.send(usize::MAX);
    let heard = reads_on(&mut scene, &mut ann);
    assert_eq!(heard, format!("bob: {line}\r\nGoodbye!\r\n"));
    assert!(ann.is_closed && ann.end == End::Fin);
}

#[test]
fn a_tick_has_few_turns_for_handshakes_and_not_too_many_are_on() {
    let mut scene = Scene::with(config());
    let count = HANDSHAKES + 100;
    let mut crowd: Vec<_> = (0..count)
        .map(|_| connect(&scene, [127, 0, 0, 1], 1))
        .collect();
    crowd.iter_mut().for_each(|it| _ = it.send(usize::MAX));
    let answered = |crowd: &mut [TlsClient]| {
        crowd.iter_mut().for_each(|it| it.receive(usize::MAX));
        crowd.iter().filter(|it| !it.held.is_empty()).count()
    };
    while scene.server.talk.connections.len() < count {
        let before = answered(&mut crowd);
        scene.tick();
        assert!(answered(&mut crowd) <= before + HANDSHAKE_TURNS);
    }
    scene.rest();
    check(&scene);
    assert_eq!(answered(&mut crowd), HANDSHAKES);
    while crowd
        .iter()
        .any(|it| it.is_handshaking() || !it.held.is_empty())
    {
        crowd.iter_mut().for_each(|it| {
            it.send(usize::MAX);
        });
        scene.rest();
        answered(&mut crowd);
    }
    check(&scene);
    assert_eq!(scene.world.held(), count);
}

#[test]
fn handshakes_that_are_stuck_keep_nobody_out_for_long() {
    let mut scene = Scene::with(config());
    let mut crowd: Vec<_> = (0..HANDSHAKES)
        .map(|_| connect(&scene, [127, 0, 0, 1], 1))
        .collect();
    crowd.iter_mut().for_each(|it| _ = it.send(usize::MAX));
    while scene.server.talk.connections.handshakes() < HANDSHAKES {
        scene.tick();
    }
    let mut ann = connect(&scene, [192, 0, 2, 1], 1);
    exchange(&mut scene, &mut ann);
    assert!(ann.is_handshaking());
    scene.world.pass(HANDSHAKE_HASTE);
    exchange(&mut scene, &mut ann);
    assert!(!ann.is_handshaking());
    // The others have their time as soon as nobody waits.
    let left = scene.server.talk.connections.handshakes();
    assert!(left < HANDSHAKES, "{left}");
    check(&scene);
}

#[test]
fn tls_only_is_for_people_from_other_machines() {
    let mut config = config();
    config.tls_only = true;
    let words = "This server speaks TLS only.\r\nConnect with: openssl s_client -quiet -connect HOST:PORT\r\n";
    for said in ["", "eve\n", "GE"] {
        let mut scene = Scene::with(config.clone());
        scene.enter([127, 0, 0, 1], "near");
        enter(&mut scene, "ann", 1);
        let eve = scene
            .world
            .connect(([192, 0, 2, 7], 1).into())
            .expect("a listener");
        scene.say(eve, said);
        scene.rest();
        match said {
            "GE" => scene.world.finish(eve),
            _ => scene.world.pass(SILENCE),
        }
        scene.rest();
        assert_eq!(scene.heard(eve), words, "{said:?}");
        assert_eq!(scene.server.talk.hub.online(), 2);
    }
}

#[test]
fn a_proxy_on_this_machine_needs_no_tls_whomever_it_speaks_for() {
    let mut config = config();
    config.tls_only = true;
    config.proxy_from = "127.0.0.1, 192.0.2.1".parse().expect("networks");
    let mut scene = Scene::with(config);
    for (proxy, told, is_heard) in [
        ([127, 0, 0, 1], "192.0.2.7", true),
        ([192, 0, 2, 1], "127.0.0.1", false),
    ] {
        let pair = scene.world.connect((proxy, 1024).into());
        let pair = pair.expect("the server listens");
        scene.say(pair, &format!("PROXY TCP4 {told} {told} 9 80\r\nann\n"));
        scene.rest();
        let heard = scene.heard(pair);
        assert_eq!(heard.starts_with(PROMPT), is_heard, "{heard}");
    }
}

#[test]
fn a_proxy_may_tell_for_whom_it_speaks_before_tls_begins() {
    let mut config = config();
    config.tls_only = true;
    config.proxy_from = "192.0.2.1".parse().expect("a network");
    for step in [7, 50, usize::MAX] {
        let mut scene = Scene::with(config.clone());
        let mut ann = connect(&scene, [192, 0, 2, 1], 1);
        ann.say("ann\n");
        let header = b"PROXY TCP6 2001:db8::7 ::1 9 80\r\n";
        ann.held.splice(..0, header.iter().copied());
        for _ in 0..2000 {
            ann.send(step);
            scene.rest();
            ann.receive(usize::MAX);
            if !ann.is_handshaking() || ann.end != End::Open {
                break;
            }
        }
        assert!(
            !ann.is_handshaking(),
            "{step}: {:?} {:?}",
            ann.end,
            ann.failed
        );
        exchange(&mut scene, &mut ann);
        let heard = ann.heard();
        assert!(heard.ends_with("ann has joined the chat.\r\n"), "{heard}");
        ann.say("/quit\n");
        exchange(&mut scene, &mut ann);
        assert!(ann.is_closed);
    }
}

#[test]
fn another_certificate_is_for_newcomers_and_a_shutdown_for_all() {
    let mut scene = Scene::with(config());
    let mut ann = enter(&mut scene, "ann", 1);
    let handle = scene.server.handle();
    handle.set_tls(identity()).expect("room");
    let mut bob = enter(&mut scene, "bob", 0);
    let mut late = connect(&scene, [127, 0, 0, 1], 1);
    late.send(20);
    scene.rest();
    handle.shutdown();
    for client in [&mut ann, &mut bob, &mut late] {
        for _ in 0..3 {
            _ = scene.server.tick().expect("nothing goes wrong");
            client.receive(usize::MAX);
            client.send(usize::MAX);
        }
    }
    let goodbye = "Server is shutting down. Goodbye!\r\n";
    assert!(ann.heard().ends_with(goodbye) && ann.is_closed);
    assert!(bob.heard().ends_with(goodbye) && bob.is_closed);
    assert_eq!((late.heard().as_str(), late.end != End::Open), ("", true));
}
