//! What floods cost the people beside them, counted in ticks of the loop and in work done in each: no clock is asked.

use std::net::SocketAddr;
use std::time::Duration;

use mio::Token;

use crate::limits::{ADDRESS_SHARES, RATE_BURST, RATE_LINES, TICK_STEPS, TURN_STEPS};
use crate::net::simulated::{Nature, World};
use crate::net::{Listener, Poller};
use crate::server::{Config, LISTENERS, Server};

use super::record::{Happened, What};

/// A server, and its clients by their pairs of sockets.
struct Flooded {
    world: World,
    server: Server,
}

impl Flooded {
    fn with(config: Config) -> Flooded {
        let nature = Nature {
            outbound: 1 << 20,
            inbound: 1 << 16,
            interrupts: 0,
            write_takes: Duration::ZERO,
            events: 1024,
            reset_discards: false,
        };
        let world = World::new(nature, 0);
        let poller = Poller::simulated(world.clone()).expect("an event queue for the waker");
        let addr = SocketAddr::from(([127, 0, 0, 1], 8080));
        let mut listener = Listener::simulated(world.backlog(), addr);
        let listened = listener.register(poller.registry(), Token(LISTENERS));
        listened.expect("the world takes a listener");
        let mut server = Server::with(config, poller, vec![listener]).expect("the server starts");
        server.record.begin();
        Flooded { world, server }
    }

    /// Somebody at this address comes in.
    fn enter(&mut self, host: [u8; 4], name: &str) -> usize {
        let addr = SocketAddr::from((host, 1024));
        let pair = self.world.connect(addr).expect("the server listens");
        self.say(pair, &format!("{name}\n"));
        self.until(|flooded| flooded.heard(pair).contains("Welcome to the chat!"));
        pair
    }

    fn say(&self, pair: usize, text: &str) {
        assert_eq!(self.world.send(pair, text.as_bytes()), text.len());
    }

    fn heard(&self, pair: usize) -> String {
        let (bytes, _) = self.world.receive(pair, usize::MAX);
        String::from_utf8(bytes).expect("text")
    }

    /// One round of the loop. Returns how many lines it took in.
    fn tick(&mut self) -> usize {
        let flow = self.server.tick().expect("nothing goes wrong");
        assert!(flow.is_continue());
        let is_line = |what: &What| matches!(what, What::Event(_, Happened::Line(_)));
        let told = self.server.record.take();
        told.iter().filter(|told| is_line(&told.what)).count()
    }

    /// Ticks until something is so. Returns how many ticks it took, and how many lines were taken in.
    fn until(&mut self, mut is_so: impl FnMut(&Flooded) -> bool) -> (usize, usize) {
        let mut lines = 0;
        for ticks in 1..1000 {
            lines += self.tick();
            if is_so(self) {
                return (ticks, lines);
            }
        }
        panic!("it is not so after a thousand ticks");
    }
}

/// Eight KiB of the shortest lines, or of a command.
fn flood(line: &str) -> String {
    line.repeat(8192 / line.len())
}

/// So many people on this machine, each at an address of their own.
fn crowd(flooded: &mut Flooded, people: u8) -> Vec<usize> {
    let names = (0..people).map(|i| (i, format!("f{i}")));
    names
        .map(|(i, name)| flooded.enter([127, 0, 1, i], &name))
        .collect()
}

#[test]
fn a_tick_takes_in_so_much_whoever_sends_it() {
    let mut flooded = Flooded::with(Config::default());
    let floods = crowd(&mut flooded, 40);
    for &pair in &floods {
        flooded.say(pair, &flood("\n"));
    }
    let mut left = floods.len() * 8192;
    while left > 0 {
        let lines = flooded.tick();
        assert!(lines > 0 && lines <= TICK_STEPS + TURN_STEPS, "{lines}");
        left -= lines;
    }
}

#[test]
fn people_who_send_little_are_served_before_a_flood() {
    for line in ["\n", "/who\n", "/history\n", "half a line"] {
        let mut flooded = Flooded::with(Config::default());
        let floods = crowd(&mut flooded, 60);
        let ann = flooded.enter([127, 0, 0, 2], "ann");
        let bob = flooded.enter([127, 0, 0, 3], "bob");
        // It takes a while until it shows who floods.
        for _ in 0..100 {
            for &pair in &floods {
                flooded.world.send(pair, flood(line).as_bytes());
                flooded.heard(pair);
            }
            flooded.tick();
        }
        flooded.heard(bob);
        flooded.say(ann, "hello, bob\n");
        let (ticks, lines) = flooded.until(|it| it.heard(bob).contains("ann: hello, bob"));
        assert!(ticks <= 2, "{line:?}: {ticks} ticks");
        let most = 2 * (TICK_STEPS + TURN_STEPS);
        assert!(lines <= most, "{line:?}: {lines} lines");
    }
}

#[test]
fn coming_back_over_a_new_connection_is_no_way_to_send_faster() {
    const SECONDS: usize = 10;
    let mut flooded = Flooded::with(Config::default());
    let mut lines = 0;
    for i in 0..SECONDS * 5 {
        let addr = SocketAddr::from(([192, 0, 2, 7], 1024 + i as u16));
        let pair = flooded.world.connect(addr).expect("the server listens");
        flooded.say(pair, &format!("f{i}\n{}", flood("\n")));
        for _ in 0..5 {
            lines += flooded.tick();
        }
        flooded.world.reset(pair);
        flooded.tick();
        flooded.world.pass(Duration::from_millis(200));
    }
    let shares = ADDRESS_SHARES as usize;
    let (rate, burst) = (RATE_LINES as usize, RATE_BURST as usize);
    let most = shares * (burst + SECONDS * rate) + TURN_STEPS;
    assert!(
        lines > most / 2 && lines <= most,
        "{lines} lines, not {most}"
    );
}
