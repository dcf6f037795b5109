//! `Scene`: a server in a simulated world that a test sets up by hand, with nothing left to the dice.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use mio::Token;

use crate::net::simulated::{Nature, World};
use crate::net::{Listener, Poller};
use crate::server::{Config, LISTENERS, Server};

use super::record::{Happened, What};

/// Starts a server in a world, if it would start in this one.
pub(super) fn serve(world: &World, config: Config) -> Server {
    config.check().expect("the server takes the configuration");
    let kind = config.listen[0].kind;
    let poller = Poller::simulated(world.clone()).expect("an event queue for the waker");
    let addr = SocketAddr::from(([127, 0, 0, 1], 8080));
    let mut listener = Listener::simulated(world.backlog(), addr);
    let listened = listener.register(poller.registry(), Token(LISTENERS));
    listened.expect("the world takes a listener");
    let mut server =
        Server::with(config, poller, vec![(kind, listener)]).expect("the server starts");
    server.talk.record.begin();
    server
}

/// A server, and its clients by their pairs of sockets.
pub(crate) struct Scene {
    pub(crate) world: World,
    pub(crate) server: Server,
    /// What the hub was told when it had asked for a password.
    pub(crate) secrets: Vec<Vec<u8>>,
}

impl Scene {
    pub(crate) fn with(config: Config) -> Scene {
        Scene::taking(1 << 20, config)
    }

    /// The clients' sockets take so many bytes until they are read.
    pub(crate) fn taking(outbound: usize, config: Config) -> Scene {
        Scene::ahead(0, outbound, config)
    }

    /// The server begins when the clock is so many seconds ahead.
    pub(crate) fn ahead(ahead: i64, outbound: usize, config: Config) -> Scene {
        let nature = Nature {
            outbound,
            inbound: 1 << 16,
            interrupts: 0,
            write_takes: Duration::ZERO,
            events: 1024,
            reset_discards: false,
        };
        let world = World::new(nature, 0);
        world.jump(ahead);
        let server = serve(&world, config);
        Scene {
            world,
            server,
            secrets: Vec::new(),
        }
    }

    /// A client connects from this address, and all that follows from that is done.
    pub(crate) fn connect(&mut self, host: &str) -> usize {
        let host: IpAddr = host.parse().expect("an address");
        let pair = self.world.connect(SocketAddr::from((host, 1024)));
        self.rest();
        pair.expect("the server listens")
    }

    /// A client sends this, and all that follows from that is done.
    pub(crate) fn send(&mut self, pair: usize, bytes: impl AsRef<[u8]>) {
        let bytes = bytes.as_ref();
        assert_eq!(self.world.send(pair, bytes), bytes.len());
        self.rest();
    }

    /// This time passes, and all that follows from that is done.
    pub(crate) fn pass(&mut self, time: Duration) {
        self.world.pass(time);
        self.rest();
    }

    /// Somebody at this address comes in.
    pub(crate) fn enter(&mut self, host: [u8; 4], name: &str) -> usize {
        let addr = SocketAddr::from((host, 1024));
        let pair = self.world.connect(addr).expect("the server listens");
        self.say(pair, &format!("{name}\n"));
        self.until(|scene| scene.heard(pair).contains("Welcome to the chat!"));
        pair
    }

    pub(crate) fn say(&self, pair: usize, text: &str) {
        assert_eq!(self.world.send(pair, text.as_bytes()), text.len());
    }

    pub(crate) fn heard(&self, pair: usize) -> String {
        String::from_utf8(self.heard_bytes(pair)).expect("text")
    }

    pub(crate) fn heard_bytes(&self, pair: usize) -> Vec<u8> {
        self.world.receive(pair, usize::MAX).0
    }

    /// One round of the loop. Returns how many lines it took in.
    pub(crate) fn tick(&mut self) -> usize {
        let flow = self.server.tick().expect("nothing goes wrong");
        assert!(flow.is_continue());
        let is_line = |what: &What| matches!(what, What::Event(_, Happened::Line(_)));
        let told = self.server.talk.record.take();
        self.secrets
            .extend(told.iter().filter_map(|it| match &it.what {
                What::Event(_, Happened::Secret(typed)) => Some(typed.clone()),
                _ => None,
            }));
        told.iter().filter(|told| is_line(&told.what)).count()
    }

    /// Ticks until there is nothing left to do.
    pub(crate) fn rest(&mut self) {
        self.tick();
        while self.world.has_events() || self.server.has_work() {
            self.tick();
        }
        self.server.talk.check_figures();
    }

    /// Ticks until something is so. Returns how many ticks it took, and how many lines were taken in.
    pub(crate) fn until(&mut self, mut is_so: impl FnMut(&Scene) -> bool) -> (usize, usize) {
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
