//! The server's figures as programs read them, over HTTP, and what hostile clients get there.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpStream};
use std::thread;

use chinwag::Server;
use chinwag::limits::{SCRAPE_HEAD_BYTES, SCRAPERS};
use chinwag::store::{Options, open};

use crate::harness::{DEADLINE, Person, Running, config, run, until, until_seen};
use crate::keeping::{Folder, has_sqlite};
use crate::kept::hold;

/// A server that shows its figures at the address returned.
pub(crate) fn serve() -> (Running, SocketAddr) {
    serve_with(|_| ())
}

/// A server that listens, for people and for readers of its figures.
fn bind(change: impl FnOnce(&mut chinwag::Config)) -> Server {
    let server = Server::bind(config(|config| {
        config.metrics = Some(SocketAddr::from(([127, 0, 0, 1], 0)));
        change(config);
    }));
    server.expect("free ports can be listened on")
}

fn serve_with(change: impl FnOnce(&mut chinwag::Config)) -> (Running, SocketAddr) {
    let server = bind(change);
    let metrics = server.metrics_addr().expect("it shows its figures");
    assert_ne!(metrics.port(), 0);
    (run(server), metrics)
}

/// The whole answer to these bytes.
fn answer(metrics: SocketAddr, request: &[u8]) -> String {
    let mut scraper = Person::connect(metrics);
    scraper.sends(request);
    scraper.reads_to_end()
}

pub(crate) fn get(metrics: SocketAddr, path: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nHost: {metrics}\r\n\r\n");
    answer(metrics, request.as_bytes())
}

/// Every value by its name and labels.
pub(crate) fn figures(metrics: SocketAddr) -> BTreeMap<String, f64> {
    let answer = get(metrics, "/metrics");
    let (_, text) = answer.split_once("\r\n\r\n").expect("a body");
    let values = text.lines().filter(|line| !line.starts_with('#'));
    let values = values.filter_map(|line| line.rsplit_once(' '));
    values
        .map(|(name, value)| (name.into(), value.parse().expect("a number")))
        .collect()
}

/// Waits until figures are as expected.
pub(crate) fn shows(metrics: SocketAddr, expected: &[(&str, f64)]) {
    until_seen(|| {
        let figures = figures(metrics);
        let is_other = |(name, value): &&(&str, f64)| figures.get(*name) != Some(value);
        match expected.iter().find(is_other) {
            Some((name, value)) => Err(format!("{name} {:?}, not {value}", figures.get(*name))),
            None => Ok(()),
        }
    });
}

#[test]
fn figures_are_those_of_the_dialogue() {
    let (server, metrics) = serve_with(|config| config.max_clients = 3);
    let before = figures(metrics);
    assert_eq!(before["chinwag_connections_accepted_total"], 0.0);
    assert_eq!(before["chinwag_places_left"], 3.0);
    assert_eq!(before["chinwag_deliveries_total"], 0.0);

    let [mut ann, mut bob] = server.room(["ann", "bob"]);
    bob.types("/quiet on");
    bob.reads("Join and leave notices are off.");
    let mut cat = server.login("cat");
    ann.reads("cat has joined the chat.");
    let mut dan = server.connect();
    dan.reads("Server is full. Try again later.");
    dan.is_closed();
    ann.types("hello");
    for person in [&mut bob, &mut cat] {
        person.reads("ann: hello");
    }
    cat.types("/join den");
    cat.reads("You are in #den now.");
    ann.reads("cat has gone to #den.");
    shows(
        metrics,
        &[
            ("chinwag_people_online", 3.0),
            ("chinwag_connections{transport=\"line\",tls=\"false\"}", 3.0),
            ("chinwag_places_left", 0.0),
            ("chinwag_rooms", 2.0),
            ("chinwag_connections_accepted_total", 4.0),
            (
                "chinwag_connections_refused_total{reason=\"server_full\"}",
                1.0,
            ),
            // Three names, two commands, a line.
            ("chinwag_lines_received_total", 6.0),
            ("chinwag_lines_said_total", 1.0),
            // Ann: three who came, one who went. Bob: his own coming, a line. Cat: her own coming, a line.
            ("chinwag_deliveries_total", 8.0),
            ("chinwag_deliveries_skipped_total", 0.0),
            (
                "chinwag_received_bytes_total",
                4.0 * 3.0 + 10.0 + 6.0 + 10.0,
            ),
            ("chinwag_laggards", 0.0),
            ("chinwag_queued_bytes", 0.0),
        ],
    );
}

#[test]
fn what_waits_for_the_disk_is_told() {
    if !has_sqlite("what_waits_for_the_disk_is_told") {
        return;
    }
    let folder = Folder::used("figures");
    let mut server = bind(|_| ());
    let metrics = server.metrics_addr().expect("it shows its figures");
    let options = Options {
        dir: folder.path().into(),
        is_durable: false,
        keep: None,
        may_be_network: false,
        lines: 1,
    };
    let store = open(&options).expect("nobody else uses it");
    let (writer, answers) = server.keep(store);
    let writing = thread::spawn(move || writer.run(drop));
    let answering = thread::spawn(move || answers.run());
    let server = run(server);
    let mut ann = server.login("ann");
    let holder = hold(&folder);
    ann.types("hello");
    let is = |condition: &str| format!("chinwag_keeping{{condition=\"{condition}\"}}");
    let waiting = "chinwag_keeping_waiting";
    shows(metrics, &[(&is("busy"), 1.0), (&is("keeping"), 0.0)]);
    assert!(figures(metrics)[waiting] >= 1.0);
    drop(holder);
    let refused = "chinwag_keeping_refused_total";
    shows(
        metrics,
        &[(&is("keeping"), 1.0), (waiting, 0.0), (refused, 0.0)],
    );
    drop(server);
    let ended = writing.join().expect("it ends with the server");
    assert_eq!((ended.left, ended.refused), (0, 0));
    answering.join().expect("it ends with the server");
}

#[test]
fn a_closing_is_counted_by_its_reason() {
    let (server, metrics) = serve();
    let [mut ann, bob, mut cat] = server.room(["ann", "bob", "cat"]);
    cat.types("/quit");
    cat.reads("Goodbye!");
    cat.is_closed();
    ann.reads("cat has left the chat.");
    bob.vanishes();
    ann.reads("bob has left the chat.");
    drop(ann);
    shows(
        metrics,
        &[
            ("chinwag_people_online", 0.0),
            ("chinwag_connections{transport=\"line\",tls=\"false\"}", 0.0),
            ("chinwag_connections_closed_total{reason=\"quit\"}", 1.0),
            ("chinwag_connections_closed_total{reason=\"broken\"}", 1.0),
            (
                "chinwag_connections_closed_total{reason=\"end_of_input\"}",
                1.0,
            ),
            ("chinwag_connections_closed_total{reason=\"stalled\"}", 0.0),
        ],
    );
}

/// Somebody who talks, and somebody who has read so little of it that lines were skipped.
fn with_laggard(server: &Running) -> (Person, Person) {
    let mut ann = server.login("ann");
    let sleeper = Person::sleeper(server.addr());
    ann.reads("sleeper has joined the chat.");
    let text = "x".repeat(8000);
    for _ in 0..600 {
        ann.types(&text);
    }
    ann.types("/users");
    ann.reads("Users online: 2");
    until("lines are skipped", || server.handle().stats().skipped > 0);
    (ann, sleeper)
}

#[test]
fn what_is_sent_skipped_and_waits_is_counted() {
    let (server, metrics) = serve_with(|config| config.send_queue = 1 << 20);
    let (_ann, _sleeper) = with_laggard(&server);
    let seen = figures(metrics);
    let skipped = server.handle().stats().skipped as f64;
    assert!(seen["chinwag_deliveries_skipped_total"] <= skipped);
    assert!(seen["chinwag_deliveries_skipped_total"] > 0.0);
    assert_eq!(seen["chinwag_laggards"], 1.0);
    let queued = seen["chinwag_queued_bytes"];
    assert!(queued > 100_000.0 && queued < 3e6, "{queued}");
    let sent = seen["chinwag_sent_bytes_total"];
    assert!(sent > 8000.0 && sent < 600.0 * 8010.0, "{sent}");
}

#[test]
fn every_round_is_measured() {
    let (server, metrics) = serve();
    let [mut ann, mut bob] = server.room(["ann", "bob"]);
    let before = figures(metrics);
    ann.types("hi");
    bob.reads("ann: hi");
    let after = figures(metrics);
    for name in [
        "chinwag_tick_seconds_count",
        "chinwag_tick_seconds_bucket{le=\"+Inf\"}",
        "chinwag_tick_seconds_sum",
        "chinwag_tick_phase_seconds_count{phase=\"read\"}",
        "chinwag_tick_phase_seconds_count{phase=\"write\"}",
        "chinwag_tick_phase_seconds_count{phase=\"metrics\"}",
    ] {
        assert!(after[name] > before[name], "{name}");
    }
    let bounds = after
        .iter()
        .filter(|(name, _)| name.starts_with("chinwag_tick_seconds_bucket"));
    assert!(bounds.clone().count() > 10);
    let all = after["chinwag_tick_seconds_count"];
    assert!(bounds.clone().all(|(_, count)| *count <= all));
}

#[test]
fn no_figure_names_a_person_a_room_or_an_address() {
    let (server, metrics) = serve();
    let mut ann = server.login("annabelle");
    ann.types("/join hideaway");
    ann.reads("You are in #hideaway now.");
    let text = get(metrics, "/metrics");
    let (_, text) = text.split_once("\r\n\r\n").expect("a body");
    for word in ["annabelle", "hideaway", "127.0.0.1"] {
        assert!(!text.contains(word), "{text}");
    }
}

#[test]
fn anything_else_has_an_answer_too() {
    let (_server, metrics) = serve();
    let long = format!(
        "GET /metrics HTTP/1.1\r\nX: {}\r\n\r\n",
        "y".repeat(SCRAPE_HEAD_BYTES)
    );
    let endless = "x".repeat(SCRAPE_HEAD_BYTES + 1);
    let posted = format!(
        "POST /metrics HTTP/1.1\r\nContent-Length: 30000\r\n\r\n{}",
        "z".repeat(30_000)
    );
    for (request, status) in [
        ("GET /metrics HTTP/1.1\r\n\r\n", "200 OK"),
        ("GET /healthz HTTP/1.0\r\n\r\n", "200 OK"),
        ("GET / HTTP/1.1\r\n\r\n", "404 Not Found"),
        (&*posted, "405 Method Not Allowed"),
        ("GET /metrics\r\n", "400 Bad Request"),
        ("ann\n", "400 Bad Request"),
        ("\x16\x03\x01\n", "400 Bad Request"),
        (
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            "505 HTTP Version Not Supported",
        ),
        (&*long, "431 Request Header Fields Too Large"),
        (&*endless, "431 Request Header Fields Too Large"),
    ] {
        let answer = answer(metrics, request.as_bytes());
        let first = answer.lines().next().unwrap_or_default();
        assert_eq!(first, format!("HTTP/1.1 {status}"), "{request:.40}");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
        assert!(head.contains("\r\nConnection: close"), "{head}");
        let length = format!("\r\nContent-Length: {}\r\n", body.len());
        assert!(head.contains(&length), "{head}");
    }
}

#[test]
fn a_request_that_is_broken_off_is_answered_or_forgotten() {
    let (_server, metrics) = serve();
    let mut half = Person::connect(metrics);
    half.sends(b"GET /met");
    half.ends_input();
    assert!(half.reads_to_end().starts_with("HTTP/1.1 400 "));
    let mut silent = Person::connect(metrics);
    silent.ends_input();
    silent.is_closed();
    Person::connect(metrics).vanishes();
    let mut whole = Person::connect(metrics);
    whole.sends(b"GET /healthz HTTP/1.1\r\n\r\n");
    whole.ends_input();
    assert!(whole.reads_to_end().ends_with("\r\n\r\nok\n"));
}

#[test]
fn scrapers_who_are_silent_or_slow_hold_nobody_up() {
    let (server, metrics) = serve();
    let mut silent: Vec<_> = (0..3 * SCRAPERS)
        .map(|_| Person::connect(metrics))
        .collect();
    for scraper in &mut silent {
        // Only the last of them have a place by now.
        scraper.sends_or_fails(b"GET /metrics HTTP/1.1\r\n");
    }
    assert!(get(metrics, "/healthz").ends_with("ok\n"));
    let [mut ann, mut bob] = server.room(["ann", "bob"]);
    ann.types("hi");
    bob.reads("ann: hi");
    // The others are closed when their time is over.
    for mut scraper in silent {
        let ended = scraper.ends();
        assert_ne!(ended, Err("the deadline passed".into()));
    }
    assert!(get(metrics, "/healthz").ends_with("ok\n"));
    // Nobody of them was in the chat.
    assert_eq!(server.handle().stats().accepted, 2);
}

#[test]
fn a_connection_gets_one_answer_however_often_it_asks() {
    let (server, metrics) = serve();
    let mut deaf = Person::taking(metrics, 1);
    for _ in 0..20 {
        deaf.sends_or_fails(b"GET /metrics HTTP/1.1\r\n\r\n");
    }
    let mut ann = server.login("ann");
    ann.types("/users");
    ann.reads("Users online: 1");
    assert!(get(metrics, "/healthz").ends_with("ok\n"));
    let answer = deaf.reads_to_end();
    assert_eq!(answer.matches("HTTP/1.1 ").count(), 1);
}

#[test]
fn health_tells_of_a_shutdown_and_the_listener_ends_with_it() {
    let (server, metrics) = serve_with(|config| config.drain = 2 * DEADLINE);
    let (mut ann, sleeper) = with_laggard(&server);
    server.handle().shutdown();
    ann.reads("Server is shutting down. Goodbye!");
    let answer = get(metrics, "/healthz");
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    assert_eq!(figures(metrics)["chinwag_laggards"], 1.0);
    sleeper.vanishes();
    drop(ann);
    until("the port is closed", || {
        TcpStream::connect(metrics).is_err()
    });
}
