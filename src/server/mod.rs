//! `Server`: the only code that sees sockets and the chat at once. The loop is [`Server::tick`]; its calls are the
//! phases, and the large ones have a file each.

mod accept;
mod addresses;
mod apply;
mod config;
mod connections;
pub mod fanout;
mod handle;
mod read;
mod write;
mod zones;

pub use config::Config;
pub use handle::{Handle, Stats};

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use mio::event::Source;
use mio::{Interest, Token};

use crate::chat::{Alone, Effects, Event, Rules};
use crate::error::{CloseReason, Error};
use crate::limits::READ_TURN_BYTES;
use crate::moment::Moment;
use crate::net::{Listener, Poller, Spare};

use connections::Connections;
use fanout::Fanout;
use handle::{Request, Requests, motd};

/// Tokens below are slots of peers; from here on, listeners.
const LISTENERS: usize = 1 << 30;
const WAKER: Token = Token(LISTENERS - 1);
const WATCHED: Token = Token(LISTENERS - 2);

/// A chat server, bound to its addresses.
#[derive(Debug)]
pub struct Server {
    config: Config,
    poller: Poller,
    listeners: Vec<Listener>,
    /// Nobody could be let in, not even to be turned away; do not accept before this.
    accept_again: Option<Instant>,
    /// Whether the operator was told that nobody can be let in.
    is_short_of_room: bool,
    /// What newcomers are turned away by where no descriptor is left.
    spare: Spare,
    handle: Handle,
    requests: Requests,
    connections: Connections,
    hub: Alone,
    effects: Effects,
    fanout: Fanout,
    /// Bytes that were told to single peers since the start and count for nobody's rate.
    uncharged: usize,
    /// What is read lands here before it is cut into lines; one for all peers.
    scratch: Box<[u8]>,
    /// Whether this tick accepted or read anything.
    got_input: bool,
    /// When the turns of this tick have taken long enough.
    read_until: Instant,
    /// Who was written last of those who are behind.
    flushed_last: u32,
    /// Since when the write phase has been put off.
    unwritten_since: Option<Instant>,
    /// How long the last write phase took.
    last_write: Duration,
    /// By when to stop, once a shutdown has begun.
    stop_by: Option<Instant>,
    stats: Stats,
    /// What the hub was told, where someone wants to know.
    #[cfg(test)]
    record: simulation::Record,
}

impl Server {
    /// Listens on every address of the configuration. People who connect from now on wait until the server runs.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] for a value out of its range, [`Error::Listen`] for an address that cannot be listened on,
    /// [`Error::Poll`] when the kernel gives no event queue.
    pub fn bind(config: Config) -> Result<Server, Error> {
        config.check()?;
        let bind = |&addr| Listener::bind(addr).map_err(|source| Error::Listen { addr, source });
        let listeners = config.listen.iter().map(bind).collect::<Result<_, _>>()?;
        Server::listen(config, listeners)
    }

    /// Serves on sockets that listen already, such as a service manager hands over, in place of the configuration's
    /// addresses. They are made non-blocking, for whoever else holds them too, and to keep urgent data in line.
    ///
    /// # Errors
    ///
    /// As for [`bind`](Self::bind), and [`Error::Given`] for a socket that cannot be listened on.
    pub fn with_listeners(mut config: Config, given: Vec<TcpListener>) -> Result<Server, Error> {
        let adopt = |socket| Listener::adopt(socket).map_err(Error::Given);
        let listeners: Vec<_> = given.into_iter().map(adopt).collect::<Result<_, _>>()?;
        config.listen = listeners.iter().map(Listener::addr).collect();
        config.check()?;
        Server::listen(config, listeners)
    }

    fn listen(config: Config, mut listeners: Vec<Listener>) -> Result<Server, Error> {
        let poller = Poller::new().map_err(Error::Poll)?;
        for (i, listener) in listeners.iter_mut().enumerate() {
            let addr = listener.addr();
            let token = Token(LISTENERS + i);
            listener
                .register(poller.registry(), token)
                .map_err(|source| Error::Listen { addr, source })?;
        }
        Server::with(config, poller, listeners)
    }

    /// A server of listeners that are registered with the poller.
    fn with(config: Config, poller: Poller, listeners: Vec<Listener>) -> Result<Server, Error> {
        let (handle, requests) = handle::handle(poller.registry(), WAKER).map_err(Error::Poll)?;
        let mut hub = Alone::new(Rules {
            anonymous: config.anonymous,
            login_timeout: config.login_timeout,
            idle_timeout: config.idle_timeout,
            history: config.history,
            zones: zones::ZONES,
        });
        let began = poller.instant();
        let connections = Connections::new(config.rate, config.max_per_ip, began);
        hub.set_motd(config.motd.as_deref().map(motd));
        Ok(Server {
            config,
            poller,
            listeners,
            accept_again: None,
            is_short_of_room: false,
            spare: Spare::default(),
            handle,
            requests,
            connections,
            hub,
            effects: Effects::default(),
            fanout: Fanout::default(),
            uncharged: 0,
            scratch: vec![0; READ_TURN_BYTES].into(),
            got_input: false,
            read_until: began,
            flushed_last: 0,
            unwritten_since: None,
            last_write: Duration::ZERO,
            stop_by: None,
            stats: Stats::default(),
            #[cfg(test)]
            record: simulation::Record::default(),
        })
    }

    /// The addresses listened on, with their real ports, in the order in which they were given.
    pub fn local_addrs(&self) -> Vec<SocketAddr> {
        self.listeners.iter().map(Listener::addr).collect()
    }

    /// A handle to this server, for other threads.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Registers an event source of the embedding program on the server's own poll: when it becomes ready (by edge),
    /// [`tick`](Self::tick) returns. The source must stay alive as long as the server.
    ///
    /// # Errors
    ///
    /// [`Error::Poll`] when the kernel does not take the source.
    pub fn watch(&mut self, source: &mut impl Source) -> Result<(), Error> {
        self.poller
            .registry()
            .register(source, WATCHED, Interest::READABLE)
            .map_err(Error::Poll)
    }

    /// Serves until [`Handle::shutdown`]. Once it has ended it returns at once.
    ///
    /// # Errors
    ///
    /// [`Error::Poll`] when the kernel's event queue fails. What happens to one peer is never an error here.
    pub fn run(&mut self) -> Result<(), Error> {
        while self.tick()?.is_continue() {}
        Ok(())
    }

    /// One round of the loop: waits for events, and acts on them. Breaks when a shutdown is complete, and at once from
    /// then on.
    ///
    /// # Errors
    ///
    /// As for [`run`](Self::run).
    pub fn tick(&mut self) -> Result<ControlFlow<()>, Error> {
        self.turn(None)
    }

    /// As [`tick`](Self::tick), but waits for events no longer than this, for a program that has to do something of its
    /// own now and then, such as to tell a watchdog that the loop turns.
    ///
    /// # Errors
    ///
    /// As for [`run`](Self::run).
    pub fn tick_within(&mut self, longest: Duration) -> Result<ControlFlow<()>, Error> {
        self.turn(Some(longest))
    }

    fn turn(&mut self, longest: Option<Duration>) -> Result<ControlFlow<()>, Error> {
        if self.requests.has_ended() {
            return Ok(ControlFlow::Break(()));
        }
        if self.poll(longest)?.is_break() {
            return Ok(ControlFlow::Continue(()));
        }
        let now = self.poller.now();
        self.got_input = false;

        self.mark(now.instant);
        self.take_requests(now);
        self.accept(now);
        self.read(now);
        self.time(now);
        self.farewell(now);
        if self.may_read_on(now.instant) {
            return Ok(ControlFlow::Continue(()));
        }
        self.write(now.instant);
        self.reap();
        self.publish();
        Ok(self.stop_or_go_on(now.instant))
    }

    /// Waits for events: not at all when there is work that no event will announce. Breaks where a signal interrupted it:
    /// after a stop that was long, nobody is to be timed out before it is known what they did meanwhile.
    fn poll(&mut self, longest: Option<Duration>) -> Result<ControlFlow<()>, Error> {
        let timeout = self.timeout().into_iter().chain(longest).min();
        match self.poller.wait(timeout) {
            Ok(()) => Ok(ControlFlow::Continue(())),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(ControlFlow::Break(())),
            Err(error) => Err(Error::Poll(error)),
        }
    }

    fn timeout(&self) -> Option<Duration> {
        if self.has_work() {
            return Some(Duration::ZERO);
        }
        let deadlines = [
            self.hub.next_timeout(),
            self.connections.next_timeout(),
            self.accept_again,
            self.stop_by,
        ];
        let next = deadlines.into_iter().flatten().min();
        next.map(|at| at.saturating_duration_since(self.poller.instant()))
    }

    fn has_work(&self) -> bool {
        self.unwritten_since.is_some()
            || self.connections.has_work()
            || self.accept_again.is_none() && self.listeners.iter().any(|l| l.ready)
    }

    /// Latches what the events say, and lists whom they make runnable or dirty. Nothing else happens per event.
    fn mark(&mut self, now: Instant) {
        for event in self.poller.events() {
            let token = event.token;
            if let Some(connection) = self.connections.by_token(token) {
                connection.mark(event);
                let readable = connection.readiness.readable;
                let has_queue = connection.queue().is_some();
                let slot = token.0 as u32;
                if readable {
                    self.connections.mark_runnable(slot, now);
                }
                if has_queue && event.writable {
                    self.connections.mark_dirty(slot);
                }
            } else if let Some(i) = token.0.checked_sub(LISTENERS)
                && let Some(listener) = self.listeners.get_mut(i)
            {
                listener.ready = true;
            }
        }
    }

    /// Does what was asked through the handles.
    fn take_requests(&mut self, now: Moment) {
        for request in self.requests.iter() {
            #[cfg(test)]
            self.record.request(now, &request);
            match request {
                Request::Notice(text) => self.hub.notice(now, &text, &mut self.effects),
                Request::Motd(text) => self.hub.set_motd(text),
            }
        }
        if self.requests.shutdown() && self.stop_by.is_none() {
            self.stop_by = Some(now.instant + self.config.drain);
            for mut listener in self.listeners.drain(..) {
                if let Err(error) = listener.deregister(self.poller.registry()) {
                    log::debug!("cannot deregister {}: {error}", listener.addr());
                }
            }
            log::info!("shutting down, {} online", self.hub.online());
            #[cfg(test)]
            self.record.shut_down(now);
            self.hub.shut_down(now, &mut self.effects);
        }
        self.apply(now);
    }

    fn time(&mut self, now: Moment) {
        #[cfg(test)]
        self.record.timeout(now);
        self.hub.handle_timeout(now, &mut self.effects);
        self.apply(now);
        self.take_end_keys(now);
        self.connections.handle_timeout(now.instant);
        for slot in self.connections.stalled(now.instant) {
            self.drop_slow(slot, CloseReason::Stalled);
        }
    }

    /// Tells the hub of those whose input has ended. Those who said all they had to are still sent what they are owed.
    fn farewell(&mut self, now: Moment) {
        for (slot, reason) in self.connections.take_doomed() {
            let peer = self.connections.id(slot);
            self.tell_hub(now, peer, Event::Disconnected(reason));
            if reason == CloseReason::EndOfInput {
                self.connections.drain(slot, now.instant);
            } else {
                self.connections.finish(slot);
            }
        }
    }

    fn reap(&mut self) {
        if self.connections.reap(self.poller.registry()) > 0 {
            // A descriptor is free again: whoever could not be accepted can be now.
            self.accept_again = None;
        }
    }

    fn publish(&mut self) {
        self.stats.connections = self.connections.len() as u64;
        self.stats.online = self.hub.online() as u64;
        self.requests.publish(&self.stats);
    }

    fn stop_or_go_on(&mut self, now: Instant) -> ControlFlow<()> {
        match self.stop_by {
            Some(at) if now >= at || self.has_parted() => {
                self.requests.end();
                ControlFlow::Break(())
            }
            _ => ControlFlow::Continue(()),
        }
    }

    /// Whether everything is written, everything that came is read, and nobody talks on: closing a socket that holds
    /// unread input, or gets some later, is a reset, which can overtake the goodbye.
    fn has_parted(&self) -> bool {
        let connections = &self.connections;
        connections.is_flushed() && !connections.has_work() && !connections.is_lingering()
    }
}

#[cfg(test)]
pub(crate) mod simulation;
