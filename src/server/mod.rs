//! `Server`: the only code that sees sockets and the chat at once. The loop is [`Server::turn`]. Its calls are the
//! phases, each of which has a file in [`tick`]; they share a [`Talk`]. [`metrics`] shows the figures.

mod addresses;
#[cfg(feature = "web")]
mod browsers;
#[cfg(feature = "cluster")]
mod cluster;
mod config;
mod connections;
mod entries;
pub mod fanout;
mod figures;
mod handle;
mod inbox;
#[cfg(feature = "store")]
mod keeping;
mod listen;
mod metrics;
#[cfg(feature = "accounts")]
mod shell;
mod talk;
mod tick;
mod tokens;
mod workers;
mod zones;

#[cfg(feature = "cluster")]
pub use cluster::ClusterThreads;
pub use config::Config;
pub use entries::Entries;
pub use handle::{Handle, Stats};
#[cfg(feature = "accounts")]
pub use keeping::PasswordChecks;
#[cfg(feature = "store")]
pub use keeping::{Answers, open};
pub use listen::{InvalidListen, Listen, ListenKind};
#[cfg(feature = "accounts")]
pub use shell::{AccountChange, AccountRequest, CONTROL, change_account};
pub use workers::Job;

use std::net::{SocketAddr, TcpListener};
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use mio::event::Source;
use mio::{Interest, Token};

use crate::chat::{Journaled, Keeping, Rules};
use crate::error::Error;
use crate::moment::Moment;
use crate::net::{Listener, Poller};

#[cfg(feature = "cluster")]
use cluster::Cluster;
use handle::motd;
use inbox::Inbox;
#[cfg(feature = "cluster")]
use inbox::Outside;
use metrics::Metrics;
use talk::Talk;
use tick::{Door, Pace};
use workers::Workers;

/// Tokens below are slots of peers; from here on, the listener for figures and its connections.
const METRICS: usize = 1 << 29;
/// From here on, listeners.
const LISTENERS: usize = 1 << 30;
const WAKER: Token = Token(LISTENERS - 1);
const WATCHED: Token = Token(LISTENERS - 2);

/// A chat server, bound to its addresses.
#[derive(Debug)]
pub struct Server {
    poller: Poller,
    door: Door,
    inbox: Inbox,
    handle: Handle,
    /// The way of other threads to this one.
    #[cfg(feature = "cluster")]
    outside: Outside,
    talk: Talk,
    pace: Pace,
    metrics: Option<Metrics>,
    /// The time by which to stop, once a shutdown has begun.
    stop_by: Option<Instant>,
}

impl Server {
    /// Listens on every address of the configuration. People who connect from now on wait until the server runs.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] for a value out of its range, [`Error::Listen`] if the server cannot listen on an address,
    /// [`Error::Poll`] if the kernel gives no event queue.
    pub fn bind(config: Config) -> Result<Server, Error> {
        config.check()?;
        let bind = |&Listen { kind, addr }: &Listen| {
            let listener = Listener::bind(addr);
            let listener = listener.map_err(|source| Error::Listen { addr, source })?;
            Ok((kind, listener))
        };
        let listeners = config.listen.iter().map(bind).collect::<Result<_, _>>()?;
        Server::listen(config, listeners)
    }

    /// Serves on sockets that are already listening, for example from a service manager, in place of the
    /// configuration's addresses. They are set to be non-blocking, also for any other process that holds them, and to
    /// keep urgent data in line.
    ///
    /// # Errors
    ///
    /// As for [`bind`](Self::bind), and [`Error::Given`] if the server cannot listen on a socket.
    pub fn with_listeners(mut config: Config, given: Vec<TcpListener>) -> Result<Server, Error> {
        let adopt = |socket| Listener::adopt(socket).map_err(Error::Given);
        let listeners: Vec<_> = given.into_iter().map(adopt).collect::<Result<_, _>>()?;
        config.listen = listeners.iter().map(|it| it.addr().into()).collect();
        config.check()?;
        let listeners = listeners.into_iter();
        let listeners = listeners.map(|it| (ListenKind::Auto, it)).collect();
        Server::listen(config, listeners)
    }

    fn listen(config: Config, mut listeners: Vec<(ListenKind, Listener)>) -> Result<Server, Error> {
        let poller = Poller::new().map_err(Error::Poll)?;
        for (i, (_, listener)) in listeners.iter_mut().enumerate() {
            let addr = listener.addr();
            let token = Token(LISTENERS + i);
            listener
                .register(poller.registry(), token)
                .map_err(|source| Error::Listen { addr, source })?;
        }
        let bind = |addr| {
            let metrics = Metrics::bind(addr, poller.registry(), poller.unix());
            metrics.map_err(|source| Error::Listen { addr, source })
        };
        let metrics = config.metrics.map(bind).transpose()?;
        let mut server = Server::with(config, poller, listeners)?;
        server.metrics = metrics;
        Ok(server)
    }

    /// A server with listeners that are registered with the poller.
    fn with(
        config: Config,
        poller: Poller,
        listeners: Vec<(ListenKind, Listener)>,
    ) -> Result<Server, Error> {
        let (inbox, outside) = inbox::inbox(poller.registry(), WAKER).map_err(Error::Poll)?;
        let mut hub = Journaled::new(Rules {
            anonymous: config.anonymous,
            login_timeout: config.login_timeout,
            idle_timeout: config.idle_timeout,
            history: config.history,
            keep: Keeping {
                guests: config.keep_guests,
                members: config.keep_members,
            },
            clients: config.max_clients,
            token: tokens::token,
            accounts: config.accounts,
            is_registration_open: config.is_registration_open,
            shared: config.proxy_from.clone(),
            journal: u64::try_from(poller.unix()).unwrap_or(0),
            zones: zones::ZONES,
        });
        hub.set_motd(config.motd.as_deref().map(motd));
        Ok(Server {
            talk: Talk::new(config, hub, Workers::new(outside.clone()), poller.instant()),
            poller,
            door: Door::new(listeners),
            inbox,
            #[cfg(feature = "cluster")]
            outside: outside.clone(),
            handle: Handle::new(outside),
            pace: Pace::default(),
            metrics: None,
            stop_by: None,
        })
    }

    /// The addresses on which the server listens, with their real ports, in the order in which they were given.
    pub fn local_addrs(&self) -> Vec<SocketAddr> {
        self.listens().iter().map(|it| it.addr).collect()
    }

    /// The same with what is spoken there.
    pub fn listens(&self) -> Vec<Listen> {
        let listeners = self.door.listeners.iter();
        let listen = |(kind, listener): &(ListenKind, Listener)| Listen {
            kind: *kind,
            addr: listener.addr(),
        };
        listeners.map(listen).collect()
    }

    /// The address where the server shows its figures, with its real port, if it does.
    pub fn metrics_addr(&self) -> Option<SocketAddr> {
        self.metrics.as_ref().map(Metrics::addr)
    }

    /// A handle to this server, for other threads.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Registers an event source of the embedding program on the server's own poll. When the source becomes ready (by
    /// edge), [`tick`](Self::tick) returns. The source must live as long as the server.
    ///
    /// # Errors
    ///
    /// [`Error::Poll`] if the kernel does not accept the source.
    pub fn watch(&mut self, source: &mut impl Source) -> Result<(), Error> {
        self.poller
            .registry()
            .register(source, WATCHED, Interest::READABLE)
            .map_err(Error::Poll)
    }

    /// Serves until [`Handle::shutdown`]. Once the server has ended, it returns at once.
    ///
    /// # Errors
    ///
    /// [`Error::Poll`] if the kernel's event queue fails. A failure of one peer is never an error here.
    pub fn run(&mut self) -> Result<(), Error> {
        while self.tick()?.is_continue() {}
        Ok(())
    }

    /// One round of the loop: waits for events, and acts on them. It breaks when a shutdown is complete, and at once
    /// from then on.
    ///
    /// # Errors
    ///
    /// As for [`run`](Self::run).
    pub fn tick(&mut self) -> Result<ControlFlow<()>, Error> {
        self.turn(None)
    }

    /// Like [`tick`](Self::tick), but waits for events no longer than this. It is for a program that has to act now and
    /// then itself, for example to tell a watchdog that the loop turns.
    ///
    /// # Errors
    ///
    /// As for [`run`](Self::run).
    pub fn tick_within(&mut self, longest: Duration) -> Result<ControlFlow<()>, Error> {
        self.turn(Some(longest))
    }

    fn turn(&mut self, longest: Option<Duration>) -> Result<ControlFlow<()>, Error> {
        if self.inbox.has_ended() {
            return Ok(ControlFlow::Break(()));
        }
        if self.poll(longest)?.is_break() {
            return Ok(ControlFlow::Continue(()));
        }
        let now = self.poller.now();
        let flow = self.act(now);
        let took = self.poller.instant().saturating_duration_since(now.instant);
        self.talk.figures.tick.observe(took);
        #[cfg(feature = "cluster")]
        if let Some(why) = self.talk.cluster.as_mut().and_then(Cluster::take_failure) {
            return Err(Error::Cluster(why));
        }
        Ok(flow)
    }

    /// The phases behind the poll.
    fn act(&mut self, now: Moment) -> ControlFlow<()> {
        self.talk.got_input = false;
        self.mark(now.instant);
        self.take(now);
        let Server {
            door,
            talk,
            pace,
            poller,
            ..
        } = self;
        door.accept(now, talk, poller.registry());
        talk.read(now, poller);
        talk.time(now);
        talk.farewell(now);
        if pace.may_read_on(now.instant, talk, poller) {
            return ControlFlow::Continue(());
        }
        pace.write(now.instant, talk, poller);
        talk.hand_over();
        if let Some(metrics) = &mut self.metrics {
            metrics.serve(now.instant, talk, poller, self.stop_by.is_some());
        }
        self.reap();
        self.publish();
        self.stop_or_go_on(now.instant)
    }
}

#[cfg(test)]
pub(crate) mod simulation;
