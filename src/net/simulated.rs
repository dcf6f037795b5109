//! `World`: a network and two clocks in memory, in place of the kernel's, for a simulation of the whole server.
//!
//! Nothing happens here by itself: the code that runs the simulation moves the clocks and acts for the clients. Sockets
//! behave like those of Linux wherever the server can notice: buffers are bounded, so that writes are short or would
//! block; readiness is edge-triggered; an event reports all that is true when it is taken, and without an edge there is
//! none; calls may be interrupted; data that came before a reset is still read, and the reset is reported once.

mod socket;
#[cfg(feature = "tls")]
pub(crate) mod tls;

pub(crate) use socket::{Backlog, Socket};

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use mio::Token;

use crate::dice::Dice;
use crate::moment::Moment;

use super::Event;

/// The world; clones are the same world.
#[derive(Debug, Clone)]
pub(crate) struct World(Arc<Mutex<State>>);

/// The ways in which a world is out of the ordinary.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Nature {
    /// Bytes that a socket holds unread by the client, and unread by the server.
    pub(crate) outbound: usize,
    pub(crate) inbound: usize,
    /// One call in this many is interrupted; none if 0.
    pub(crate) interrupts: usize,
    /// How long a write takes.
    pub(crate) write_takes: Duration,
    /// Events returned at once.
    pub(crate) events: usize,
    /// A reset also discards input that the server has not read.
    pub(crate) reset_discards: bool,
}

/// How a client's input ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Open,
    Fin,
    Reset,
}

#[derive(Debug)]
struct State {
    nature: Nature,
    dice: Dice,
    began: Instant,
    now: Instant,
    /// The wall clock at the beginning, or as it would have been then, given its jumps since.
    unix: i64,
    pairs: Vec<Pair>,
    backlog: Queue,
    /// Pairs with an edge that was not taken, in the order of the edges.
    edges: Vec<usize>,
}

/// The server's listener.
#[derive(Debug, Default)]
struct Queue {
    token: Option<Token>,
    edge: bool,
    waiting: Vec<usize>,
    /// The errors of the next attempts to accept, the last one first.
    failures: Vec<io::Error>,
    /// The last attempt failed for lack of descriptors.
    is_short: bool,
}

/// A connection, with the state of both ends.
#[derive(Debug)]
struct Pair {
    addr: SocketAddr,
    token: Option<Token>,
    has_edge: bool,
    /// From the client to the server, and back.
    inbound: Pipe,
    outbound: Pipe,
    /// The offset at which a read stops short, before urgent data.
    urgent: Option<usize>,
    /// A write of the server found too little room; an edge is to come.
    wants_room: bool,
    /// The connection is broken, and the server has not been told.
    error: Option<ErrorKind>,
    is_broken: bool,
    /// Whether each end has let go of its socket.
    client_closed: bool,
    server_closed: bool,
    closed_at: Option<Instant>,
    had_room: bool,
    /// The other connections that the server held when it accepted this one, and whether it had just failed to.
    held_then: Vec<usize>,
    was_short: bool,
    /// The client was sent a reset.
    refused: bool,
    accepted: bool,
    /// When the server sent its FIN.
    fin_at: Option<Instant>,
    /// When a write was last taken.
    took_at: Instant,
    /// The server makes the kernel wait for the client, however long it takes.
    is_waited_for: bool,
}

#[derive(Debug, Default)]
struct Pipe {
    bytes: Vec<u8>,
    fin: bool,
}

impl World {
    pub(crate) fn new(nature: Nature, seed: u64) -> World {
        let began = Instant::now();
        World(Arc::new(Mutex::new(State {
            nature,
            dice: Dice::new(seed),
            began,
            now: began,
            unix: 1_795_276_799,
            pairs: Vec::new(),
            backlog: Queue::default(),
            edges: Vec::new(),
        })))
    }

    pub(crate) fn backlog(&self) -> Backlog {
        Backlog(self.clone())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("one thread at a time")
    }

    pub(crate) fn now(&self) -> Moment {
        let state = self.state();
        let since = state.now.duration_since(state.began);
        Moment {
            instant: state.now,
            unix: state.unix + since.as_secs() as i64,
            millis: since.subsec_millis() as u16,
        }
    }

    /// Moves both clocks forward.
    pub(crate) fn pass(&self, time: Duration) {
        self.state().now += time;
    }

    /// Moves the wall clock, either way.
    pub(crate) fn jump(&self, seconds: i64) {
        self.state().unix += seconds;
    }

    /// The events for the server's poller, up to the limit.
    pub(super) fn wait(&self, events: &mut Vec<Event>) -> io::Result<()> {
        events.clear();
        let mut state = self.state();
        state.interrupt()?;
        // The shortage counts only for attempts in the same tick.
        state.backlog.is_short = false;
        let most = state.nature.events;
        if state.backlog.edge
            && let Some(token) = state.backlog.token
        {
            state.backlog.edge = false;
            if !state.backlog.waiting.is_empty() {
                events.push(Event {
                    token,
                    readable: true,
                    writable: false,
                    read_closed: false,
                    priority: false,
                    error: false,
                });
            }
        }
        while events.len() < most && !state.edges.is_empty() {
            let pair = state.edges.remove(0);
            state.pairs[pair].has_edge = false;
            events.extend(state.event(pair));
        }
        Ok(())
    }

    /// Whether an event waits to be taken.
    pub(crate) fn has_events(&self) -> bool {
        let state = self.state();
        let accepts = state.backlog.edge && state.backlog.token.is_some();
        accepts && !state.backlog.waiting.is_empty() || !state.edges.is_empty()
    }

    /// Makes the next attempt to accept fail with this error.
    pub(crate) fn fail_accept(&self, failure: io::Error) {
        self.state().backlog.failures.push(failure);
    }
}

/// The actions of clients.
impl World {
    /// Connects a client. `None` if nobody listens.
    pub(crate) fn connect(&self, addr: SocketAddr) -> Option<usize> {
        let mut state = self.state();
        state.backlog.token?;
        let pair = state.pairs.len();
        let now = state.now;
        state.pairs.push(Pair::new(addr, now));
        state.backlog.waiting.push(pair);
        state.backlog.edge = true;
        Some(pair)
    }

    /// Sends what fits, and returns how much that was.
    pub(crate) fn send(&self, pair: usize, bytes: &[u8]) -> usize {
        let mut state = self.state();
        let most = state.nature.inbound;
        let it = &mut state.pairs[pair];
        if it.is_broken || it.refused {
            return 0;
        }
        if it.server_closed {
            it.refuse();
            return bytes.len();
        }
        let n = bytes.len().min(most.saturating_sub(it.inbound.bytes.len()));
        it.inbound.bytes.extend_from_slice(&bytes[..n]);
        if n > 0 {
            state.edge(pair);
        }
        n
    }

    /// Sends one byte as urgent data. Returns whether it fitted.
    pub(crate) fn send_urgent(&self, pair: usize, byte: u8) -> bool {
        let at = self.state().pairs[pair].inbound.bytes.len();
        let sent = self.send(pair, &[byte]) == 1;
        let mut state = self.state();
        if sent && !state.pairs[pair].server_closed {
            state.pairs[pair].urgent = Some(at);
        }
        sent
    }

    /// Ends the client's output.
    pub(crate) fn finish(&self, pair: usize) {
        let mut state = self.state();
        let it = &mut state.pairs[pair];
        if !it.is_broken && !std::mem::replace(&mut it.inbound.fin, true) {
            state.edge(pair);
        }
    }

    /// Closes the client's socket: with a FIN, or with a reset if the client has not read everything.
    pub(crate) fn close(&self, pair: usize) {
        let has_unread = !self.state().pairs[pair].outbound.bytes.is_empty();
        if has_unread {
            return self.reset(pair);
        }
        self.finish(pair);
        self.state().pairs[pair].client_closed = true;
    }

    /// Breaks the connection from the client's side.
    pub(crate) fn reset(&self, pair: usize) {
        let mut state = self.state();
        let discards = state.nature.reset_discards;
        state.pairs[pair].client_closed = true;
        state.shatter(pair, discards);
    }

    /// Takes received bytes, up to a limit, and tells whether the input ends there.
    pub(crate) fn receive(&self, pair: usize, most: usize) -> (Vec<u8>, End) {
        let mut state = self.state();
        let capacity = state.nature.outbound;
        let it = &mut state.pairs[pair];
        let n = most.min(it.outbound.bytes.len());
        let bytes = it.outbound.bytes.drain(..n).collect();
        let end = match () {
            () if !it.outbound.bytes.is_empty() => End::Open,
            () if it.refused || it.is_broken => End::Reset,
            () if it.outbound.fin => End::Fin,
            () => End::Open,
        };
        if it.wants_room && it.is_writable(capacity) {
            it.wants_room = false;
            state.edge(pair);
        }
        (bytes, end)
    }

    /// Whether the server accepted the connection.
    pub(crate) fn is_accepted(&self, pair: usize) -> bool {
        self.state().pairs[pair].accepted
    }

    /// When the server let go of its socket, if it has.
    pub(crate) fn closed_at(&self, pair: usize) -> Option<Instant> {
        self.state().pairs[pair].closed_at
    }

    /// The other connections that the server held when it accepted this one.
    pub(crate) fn held_then(&self, pair: usize) -> Vec<usize> {
        self.state().pairs[pair].held_then.clone()
    }

    /// Whether the server had just failed to accept a peer for lack of descriptors when it accepted this one.
    pub(crate) fn was_short(&self, pair: usize) -> bool {
        self.state().pairs[pair].was_short
    }

    /// When the server sent its FIN, if it has.
    pub(crate) fn fin_at(&self, pair: usize) -> Option<Instant> {
        self.state().pairs[pair].fin_at
    }

    /// When the server's socket last took a write, or the client connected.
    pub(crate) fn took_at(&self, pair: usize) -> Instant {
        self.state().pairs[pair].took_at
    }

    /// Whether the kernel waits for the client however long it takes.
    pub(crate) fn is_waited_for(&self, pair: usize) -> bool {
        self.state().pairs[pair].is_waited_for
    }

    /// Whether the server could write when it let go of its socket, or can now.
    pub(crate) fn had_room(&self, pair: usize) -> bool {
        let state = self.state();
        let it = &state.pairs[pair];
        match it.server_closed {
            true => it.had_room,
            false => it.is_writable(state.nature.outbound),
        }
    }

    /// How many bytes the server has not read.
    pub(crate) fn unread(&self, pair: usize) -> usize {
        self.state().pairs[pair].inbound.bytes.len()
    }

    /// Whether the client has unread bytes.
    pub(crate) fn has_unread(&self, pair: usize) -> bool {
        !self.state().pairs[pair].outbound.bytes.is_empty()
    }

    /// Whether a peer waits to be accepted.
    pub(crate) fn has_newcomers(&self) -> bool {
        !self.state().backlog.waiting.is_empty()
    }

    /// How many sockets the server holds.
    pub(crate) fn held(&self) -> usize {
        self.state().held().len()
    }
}

impl State {
    fn held(&self) -> Vec<usize> {
        let is_held = |pair: &Pair| pair.accepted && !pair.server_closed;
        let all = self.pairs.iter().enumerate();
        all.filter(|(_, pair)| is_held(pair))
            .map(|(i, _)| i)
            .collect()
    }

    fn interrupt(&mut self) -> io::Result<()> {
        let one_in = self.nature.interrupts;
        if one_in > 0 && self.dice.below(one_in) == 0 {
            return Err(ErrorKind::Interrupted.into());
        }
        Ok(())
    }

    fn edge(&mut self, pair: usize) {
        let it = &mut self.pairs[pair];
        if it.token.is_some() && !std::mem::replace(&mut it.has_edge, true) {
            self.edges.push(pair);
        }
    }

    /// All that is true of a socket now, if anything is.
    fn event(&mut self, pair: usize) -> Option<Event> {
        let capacity = self.nature.outbound;
        let it = &mut self.pairs[pair];
        let read_closed = it.inbound.fin || it.is_broken;
        let writable = it.is_writable(capacity) || it.is_broken;
        it.wants_room |= !writable;
        let event = Event {
            token: it.token?,
            readable: read_closed || !it.inbound.bytes.is_empty(),
            writable,
            read_closed,
            priority: it.urgent.is_some(),
            error: it.error.is_some(),
        };
        (event.readable || event.writable).then_some(event)
    }

    /// The connection breaks from the client's side.
    fn shatter(&mut self, pair: usize, discards: bool) {
        let it = &mut self.pairs[pair];
        if std::mem::replace(&mut it.is_broken, true) {
            return;
        }
        // As in `tcp_reset` of Linux.
        it.error = Some(match it.inbound.fin {
            true => ErrorKind::BrokenPipe,
            false => ErrorKind::ConnectionReset,
        });
        it.outbound.bytes.clear();
        if discards && !it.inbound.fin {
            it.inbound.bytes.clear();
            it.urgent = None;
        }
        self.edge(pair);
    }
}

impl Pair {
    fn new(addr: SocketAddr, now: Instant) -> Pair {
        Pair {
            addr,
            token: None,
            has_edge: false,
            inbound: Pipe::default(),
            outbound: Pipe::default(),
            urgent: None,
            wants_room: false,
            error: None,
            is_broken: false,
            client_closed: false,
            server_closed: false,
            closed_at: None,
            had_room: true,
            held_then: Vec::new(),
            was_short: false,
            refused: false,
            accepted: false,
            fin_at: None,
            took_at: now,
            is_waited_for: false,
        }
    }

    /// The kernel reports room only once a third of the buffer is free.
    fn is_writable(&self, capacity: usize) -> bool {
        capacity.saturating_sub(self.outbound.bytes.len()) * 3 >= capacity
    }

    /// Sends the client a reset: its input came to a socket that no longer exists, or was never read.
    fn refuse(&mut self) {
        self.refused = true;
        self.inbound.bytes.clear();
    }
}
