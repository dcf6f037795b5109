//! `Server`: the only code that sees sockets and the chat at once. The loop is [`Server::tick`]; its calls are the
//! phases.

mod config;
mod connections;
pub mod fanout;
mod handle;

pub use config::Config;
pub use handle::{Handle, Stats};

use std::io::{self, Read, Write};
use std::mem;
use std::net::{Shutdown, SocketAddr};
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use mio::event::Source;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

use crate::chat::{Audience, Effect, Effects, Event, Hub, Rules};
use crate::error::{CloseReason, Error};
use crate::id::PeerId;
use crate::limits::{
    ACCEPT_RETRY, ACCEPTS_PER_TICK, EVENTS_PER_POLL, LOG_BYTES, READ_TURN_BYTES, SHORT_WRITE_PHASE,
};
use crate::message::Message;
use crate::net::{Accepted, Listener, Received, State};
use crate::wire::{Input, render};

use connections::Connections;
use fanout::Fanout;
use handle::Requests;

/// Tokens below are slots of peers; from here on, listeners.
const LISTENERS: usize = 1 << 30;
const WAKER: Token = Token(LISTENERS - 1);
const WATCHED: Token = Token(LISTENERS - 2);

/// A chat server, bound to its addresses.
#[derive(Debug)]
pub struct Server {
    config: Config,
    poll: Poll,
    events: Events,
    listeners: Vec<Listener>,
    /// No descriptor was left; do not accept before this.
    accept_again: Option<Instant>,
    handle: Handle,
    requests: Requests,
    connections: Connections,
    hub: Hub,
    effects: Effects,
    fanout: Fanout,
    /// What is read lands here before it is cut into lines; one for all peers.
    scratch: Box<[u8]>,
    /// Peers to write to, in the write phase; kept for its allocation.
    readers: Vec<u32>,
    /// Whether this tick accepted or read anything.
    got_input: bool,
    /// Since when the write phase has been put off.
    unwritten_since: Option<Instant>,
    /// How long the last write phase took.
    last_write: Duration,
    /// By when to stop, once a shutdown has begun.
    stop_by: Option<Instant>,
    stats: Stats,
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
        let poll = Poll::new().map_err(Error::Poll)?;
        let mut listeners = Vec::new();
        for (i, &addr) in config.listen.iter().enumerate() {
            let listen = |source| Error::Listen { addr, source };
            let mut listener = Listener::bind(addr).map_err(listen)?;
            let token = Token(LISTENERS + i);
            listener.register(poll.registry(), token).map_err(listen)?;
            listeners.push(listener);
        }
        let (handle, requests) = handle::handle(poll.registry(), WAKER).map_err(Error::Poll)?;
        let hub = Hub::new(Rules {
            anonymous: config.anonymous,
            login_timeout: config.login_timeout,
        });
        Ok(Server {
            config,
            poll,
            events: Events::with_capacity(EVENTS_PER_POLL),
            listeners,
            accept_again: None,
            handle,
            requests,
            connections: Connections::default(),
            hub,
            effects: Effects::default(),
            fanout: Fanout::default(),
            scratch: vec![0; READ_TURN_BYTES].into(),
            readers: Vec::new(),
            got_input: false,
            unwritten_since: None,
            last_write: Duration::ZERO,
            stop_by: None,
            stats: Stats::default(),
        })
    }

    /// The addresses listened on, with their real ports, in the order of the configuration.
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
        self.poll
            .registry()
            .register(source, WATCHED, Interest::READABLE)
            .map_err(Error::Poll)
    }

    /// Serves until [`Handle::shutdown`].
    ///
    /// # Errors
    ///
    /// [`Error::Poll`] when the kernel's event queue fails. What happens to one peer is never an error here.
    pub fn run(&mut self) -> Result<(), Error> {
        while self.tick()?.is_continue() {}
        Ok(())
    }

    /// One round of the loop: waits for events, and acts on them. Breaks when a shutdown is complete.
    ///
    /// # Errors
    ///
    /// As for [`run`](Self::run).
    pub fn tick(&mut self) -> Result<ControlFlow<()>, Error> {
        self.poll()?;
        let now = Instant::now();
        self.got_input = false;

        self.mark();
        self.take_requests(now);
        self.accept(now);
        self.read(now);
        self.time(now);
        self.farewell(now);
        if self.may_read_on(now) {
            return Ok(ControlFlow::Continue(()));
        }
        self.write(now);
        self.reap();
        self.publish();
        Ok(self.stop_or_go_on(now))
    }

    /// Waits for events: not at all when there is work that no event will announce.
    fn poll(&mut self) -> Result<(), Error> {
        let timeout = if self.has_work() {
            Some(Duration::ZERO)
        } else {
            let deadlines = [
                self.hub.next_timeout(),
                self.connections.next_timeout(),
                self.accept_again,
                self.stop_by,
            ];
            let next = deadlines.into_iter().flatten().min();
            next.map(|at| at.saturating_duration_since(Instant::now()))
        };
        match self.poll.poll(&mut self.events, timeout) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => Err(Error::Poll(error)),
            _ => Ok(()),
        }
    }

    fn has_work(&self) -> bool {
        self.unwritten_since.is_some()
            || self.connections.has_work()
            || self.accept_again.is_none() && self.listeners.iter().any(|l| l.ready)
    }

    /// Latches what the events say, and lists whom they make runnable or dirty. Nothing else happens per event.
    fn mark(&mut self) {
        for event in &self.events {
            let token = event.token();
            if let Some(connection) = self.connections.by_token(token) {
                connection.mark(event);
                let readable = connection.readiness.readable;
                let has_queue = connection.queued() > 0;
                let slot = token.0 as u32;
                if readable {
                    self.connections.mark_runnable(slot);
                }
                if has_queue && event.is_writable() {
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
    fn take_requests(&mut self, now: Instant) {
        for text in self.requests.notices() {
            self.hub.notice(&text, &mut self.effects);
        }
        if self.requests.shutdown() && self.stop_by.is_none() {
            self.stop_by = Some(now + self.config.drain);
            for mut listener in self.listeners.drain(..) {
                if let Err(error) = listener.deregister(self.poll.registry()) {
                    log::debug!("cannot deregister {}: {error}", listener.addr());
                }
            }
            log::info!("shutting down, {} online", self.hub.online());
            self.hub.shut_down(&mut self.effects);
        }
        self.apply(now);
    }

    /// Accepts those who wait, within a budget.
    fn accept(&mut self, now: Instant) {
        if self.accept_again.is_some_and(|at| now < at) {
            return;
        }
        self.accept_again = None;
        for i in 0..self.listeners.len() {
            for _ in 0..ACCEPTS_PER_TICK {
                if !self.listeners[i].ready {
                    break;
                }
                match self.listeners[i].accept() {
                    Accepted::Connection(stream, addr) => self.admit(now, stream, addr),
                    Accepted::Failed(error) => log::debug!("a connection failed early: {error}"),
                    Accepted::Nobody => {}
                    Accepted::Exhausted(error) => {
                        log::warn!("cannot accept for now: {error}");
                        self.accept_again = Some(now + ACCEPT_RETRY);
                        return;
                    }
                }
            }
        }
    }

    fn admit(&mut self, now: Instant, stream: TcpStream, addr: SocketAddr) {
        self.got_input = true;
        self.stats.accepted += 1;
        if self.connections.len() >= self.config.max_clients {
            log::info!("{addr} turned away: {}", CloseReason::ServerFull);
            return turn_away(stream);
        }
        match self.connections.insert(stream, addr, self.poll.registry()) {
            Ok(peer) => {
                log::debug!("{addr} connected");
                let event = Event::Connected(addr);
                self.hub.handle(now, peer, event, &mut self.effects);
                self.apply(now);
            }
            Err(error) => log::warn!("cannot watch {addr}, closing it: {error}"),
        }
    }

    /// Gives every runnable peer a bounded turn, until the log of the tick is long enough.
    fn read(&mut self, now: Instant) {
        for _ in 0..self.connections.runnable() {
            if self.fanout.bytes() >= LOG_BYTES {
                break;
            }
            let Some(slot) = self.connections.pop_runnable() else {
                break;
            };
            self.read_turn(now, slot);
            if self.connections.connection(slot).readiness.readable {
                self.connections.mark_runnable(slot);
            }
        }
    }

    fn read_turn(&mut self, now: Instant, slot: u32) {
        let mut scratch = mem::take(&mut self.scratch);
        match self.connections.connection(slot).receive(&mut scratch) {
            Received::Bytes(n) => self.decode(now, slot, &scratch[..n]),
            Received::Nothing => {}
            Received::End(reason) => self.end_input(now, slot, reason),
        }
        self.scratch = scratch;
    }

    /// Cuts what a peer sent into lines, and passes them to the hub one by one.
    fn decode(&mut self, now: Instant, slot: u32, bytes: &[u8]) {
        self.got_input = true;
        let peer = self.connections.id(slot);
        let mut decoder = mem::take(&mut self.connections.connection(slot).decoder);
        for input in decoder.feed(now, bytes, self.config.max_line) {
            self.hear(now, peer, input);
            // What comes behind a `/quit` is thrown away.
            if self.connections.connection(slot).state != State::Open {
                break;
            }
        }
        self.connections.connection(slot).decoder = decoder;
    }

    fn hear(&mut self, now: Instant, peer: PeerId, input: Input<'_>) {
        let event = match &input {
            Input::Line(text) => Event::Line(text),
            Input::TooLong => Event::LineTooLong {
                limit: self.config.max_line,
            },
            Input::Interrupt => Event::Interrupt,
            Input::EndOfInput => Event::EndOfInput,
            Input::AreYouThere => Event::AreYouThere,
            Input::Reply(bytes) => return self.fanout.reply_raw(peer.slot, bytes),
        };
        self.hub.handle(now, peer, event, &mut self.effects);
        self.apply(now);
    }

    /// No byte will come any more. A last line without a line end counts, unless the connection broke in its middle.
    fn end_input(&mut self, now: Instant, slot: u32, reason: CloseReason) {
        self.got_input = true;
        let connection = self.connections.connection(slot);
        if connection.state == State::Open
            && reason == CloseReason::EndOfInput
            && let Some(input) = connection.decoder.finish(self.config.max_line)
        {
            let peer = self.connections.id(slot);
            self.hear(now, peer, input);
        }
        self.connections.doom(slot, reason);
        self.connections.advance_closing(slot, now);
    }

    fn time(&mut self, now: Instant) {
        self.hub.handle_timeout(now, &mut self.effects);
        self.apply(now);
        self.connections.handle_timeout(now);
    }

    /// Tells the hub of those whose input has ended. Those who said all they had to are still sent what they are owed.
    fn farewell(&mut self, now: Instant) {
        while let Some((slot, reason)) = self.connections.pop_doomed() {
            let peer = self.connections.id(slot);
            let event = Event::Disconnected(reason);
            self.hub.handle(now, peer, event, &mut self.effects);
            self.apply(now);
            if reason == CloseReason::EndOfInput {
                self.connections.drain(slot, now);
            } else {
                self.connections.finish(slot);
            }
        }
    }

    /// Whether to go round once more before writing. Where a burst of lines finds a big room, reading on for as long
    /// as the last write phase took saves whole write phases; where nothing more comes, the next tick writes.
    fn may_read_on(&mut self, now: Instant) -> bool {
        let worthwhile = self.got_input
            && self.last_write >= SHORT_WRITE_PHASE
            && self.fanout.bytes() < LOG_BYTES;
        let since = *self.unwritten_since.get_or_insert(now);
        let put_off = worthwhile && since.elapsed() < self.last_write;
        if !put_off {
            self.unwritten_since = None;
        }
        put_off
    }

    /// Writes to each dirty peer once: their share of the tick's logs, and what they were owed before.
    fn write(&mut self, now: Instant) {
        let begun = Instant::now();
        let mut readers = mem::take(&mut self.readers);
        let logs = self.fanout.freeze(&mut readers);
        self.connections.take_dirty(&mut readers);
        let mut pieces = Vec::new();
        for slot in readers.drain(..) {
            self.fanout.take_share(slot, &logs, &mut pieces);
            let connection = self.connections.connection(slot);
            connection.send(&pieces);
            pieces.clear();
            let readable = connection.readiness.readable;
            let queued = connection.queued();
            if queued > self.config.send_queue {
                self.stats.dropped += 1;
                self.connections.doom(slot, CloseReason::SendQueueFull);
            }
            if readable {
                self.connections.mark_runnable(slot);
            }
            self.connections.advance_closing(slot, now);
        }
        drop(pieces);
        self.fanout.thaw(logs);
        self.readers = readers;
        self.last_write = begun.elapsed();
    }

    fn reap(&mut self) {
        if self.connections.reap(self.poll.registry()) > 0 {
            // A descriptor is free again: whoever could not be accepted can be now.
            self.accept_again = None;
        }
    }

    fn publish(&mut self) {
        self.stats.connections = self.connections.len() as u64;
        self.stats.online = self.hub.online() as u64;
        self.requests.publish(&self.stats);
    }

    fn stop_or_go_on(&self, now: Instant) -> ControlFlow<()> {
        match self.stop_by {
            Some(at) if now >= at || self.connections.is_flushed() => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    }

    /// Does what the hub asks for.
    fn apply(&mut self, now: Instant) {
        let mut effects = mem::take(&mut self.effects);
        for effect in effects.drain() {
            match effect {
                Effect::Send { to, message } => self.queue(to, &message),
                Effect::Enter { peer, room } => self.fanout.enter(peer.slot, room),
                Effect::Exit { peer } => self.fanout.exit(peer.slot),
                Effect::Close { peer, reason } => {
                    let addr = self.connections.connection(peer.slot).addr();
                    log::debug!("closing {addr}: {reason}");
                    self.connections.drain(peer.slot, now);
                }
                Effect::CameOnline { peer, name } => {
                    let addr = self.connections.connection(peer.slot).addr();
                    log::info!("{name} came from {addr}, {} online", self.hub.online());
                }
                Effect::WentOffline { name, reason, .. } => {
                    log::info!("{name} left: {reason}, {} online", self.hub.online());
                }
            }
        }
        self.effects = effects;
    }

    /// Logs a message for its audience; the write phase sends it.
    fn queue(&mut self, to: Audience, message: &Message) {
        match to {
            Audience::Peer(peer) => self.fanout.reply(peer.slot, message),
            Audience::Room { room, except } => {
                self.stats.said += u64::from(matches!(message, Message::Said { .. }));
                self.fanout.say(room, except.map(|peer| peer.slot), message);
            }
        }
    }
}

/// Tells a newcomer that the server is full. A fresh socket takes one short line; where it does not, the peer is gone
/// already, so errors have nobody to reach. What they sent is read first, as else the close would be a reset.
fn turn_away(mut stream: TcpStream) {
    let mut line = BytesMut::new();
    render(&Message::ServerFull, &mut line);
    let _ = stream.read(&mut [0; 1024]);
    let _ = stream.write(&line);
    let _ = stream.shutdown(Shutdown::Write);
}
