//! `Connection`: one peer's socket, its latched readiness, and its waiting output.

use std::io::{self, ErrorKind, Read};
use std::net::{Shutdown, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::time::{Duration, Instant};

use bytes::BytesMut;
use mio::{Registry, Token};

use crate::error::CloseReason;
use crate::limits::{PEER_TIMEOUT, WRITE_TURN_BYTES};

use super::readiness::{INTERESTS, Readiness};
use super::send_queue::{Piece, SendQueue, write_slices};
use super::{Event, Stream, Unsent};

/// One connection. It holds nothing on the heap while no output waits.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: Stream,
    addr: Address,
    /// The other end is on this machine, so it cannot vanish unnoticed.
    is_local: bool,
    /// Present while output waits.
    backlog: Option<Box<Backlog>>,
    pub(crate) readiness: Readiness,
    /// The peer's FIN was read, or its socket failed: no byte will come any more.
    input_ended: bool,
    /// Why nothing can be written any more. From then on output is dropped; earlier input is still read.
    broken: Option<ErrorKind>,
    /// A write reported a reset. The kernel reports it only once: if a later read sees a FIN, it is not one.
    was_reset: bool,
}

/// Output that waits to be written.
#[derive(Debug)]
struct Backlog {
    queue: SendQueue,
    /// The time since when the socket has taken no byte.
    stuck_since: Instant,
}

/// A peer's address. For IPv4 it takes half the space of a [`SocketAddr`], as there is one for every idle connection.
#[derive(Debug)]
enum Address {
    V4(SocketAddrV4),
    V6(Box<SocketAddrV6>),
}

impl From<SocketAddr> for Address {
    fn from(addr: SocketAddr) -> Address {
        match addr {
            SocketAddr::V4(addr) => Address::V4(addr),
            SocketAddr::V6(addr) => Address::V6(addr.into()),
        }
    }
}

/// The result of one read.
#[derive(Debug)]
pub(crate) enum Received {
    /// This many bytes were read.
    Bytes(usize),
    /// There was nothing to read.
    Nothing,
    /// No byte will come any more.
    End(CloseReason),
}

impl Connection {
    pub(crate) fn new(stream: Stream, addr: SocketAddr) -> Connection {
        Connection {
            stream,
            addr: addr.into(),
            is_local: addr.ip().is_loopback(),
            backlog: None,
            readiness: Readiness::ACCEPTED,
            input_ended: false,
            broken: None,
            was_reset: false,
        }
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        match &self.addr {
            Address::V4(addr) => (*addr).into(),
            Address::V6(addr) => (**addr).into(),
        }
    }

    /// The address behind a proxy takes the place of the socket's own.
    pub(crate) fn set_addr(&mut self, addr: SocketAddr) {
        self.addr = addr.into();
    }

    pub(crate) fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        registry.register(&mut self.stream, token, INTERESTS)
    }

    pub(crate) fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        registry.deregister(&mut self.stream)
    }

    /// Latches what an event says.
    pub(crate) fn mark(&mut self, event: Event) {
        self.readiness.mark(event);
        if event.error {
            // If it comes to reading, that gives a better reason.
            self.broken.get_or_insert(ErrorKind::ConnectionReset);
        }
    }

    /// The waiting output, if there is any.
    pub(crate) fn queue(&self) -> Option<&SendQueue> {
        self.backlog.as_ref().map(|backlog| &backlog.queue)
    }

    /// Whether output waits and the socket may take it. No event will announce this.
    pub(crate) fn has_output(&self) -> bool {
        self.backlog.is_some() && self.readiness.writable
    }

    /// The time since when the socket has taken no byte of the waiting output.
    pub(crate) fn stuck_since(&self) -> Option<Instant> {
        self.backlog.as_ref().map(|backlog| backlog.stuck_since)
    }

    /// Skips waiting lines, as far as needed for `limit` bytes. `notice` writes the notice that stands in for a number
    /// of lines. Returns how many were skipped.
    pub(crate) fn skip_to(&mut self, limit: usize, notice: &impl Fn(u64, &mut BytesMut)) -> u64 {
        let backlog = self.backlog.as_mut();
        backlog.map_or(0, |backlog| backlog.queue.skip_to(limit, notice))
    }

    pub(crate) fn input_ended(&self) -> bool {
        self.input_ended
    }

    /// Why the connection is known to be broken, although input may be left to read.
    pub(crate) fn broken(&self) -> Option<ErrorKind> {
        self.broken
    }

    /// Reads once into the scratch.
    pub(crate) fn receive(&mut self, scratch: &mut [u8]) -> Received {
        match self.stream.read(scratch) {
            Ok(0) if self.was_reset => {
                self.end_input(CloseReason::Broken(ErrorKind::ConnectionReset))
            }
            Ok(0) => self.end_input(CloseReason::EndOfInput),
            Ok(n) => {
                // Not before the peer's FIN or urgent data, whose edges may be spent already.
                if n < scratch.len() && self.readiness.short_read_empties() {
                    self.readiness.readable = false;
                }
                Received::Bytes(n)
            }
            Err(error) => match (error.kind(), self.broken) {
                (ErrorKind::Interrupted, _) => Received::Nothing,
                (ErrorKind::WouldBlock, None) => {
                    self.readiness.readable = false;
                    Received::Nothing
                }
                (ErrorKind::WouldBlock, Some(kind)) | (kind, _) => {
                    self.end_input(CloseReason::Broken(kind))
                }
            },
        }
    }

    /// Writes the pieces straight from the log, and queues the bytes that the socket does not take. If output waits
    /// already, the pieces are queued behind it.
    pub(crate) fn send(&mut self, now: Instant, pieces: &[Piece<'_>]) {
        let mut written = 0;
        let may_write = self.backlog.is_none() && self.readiness.writable;
        if may_write && self.broken.is_none() && !pieces.is_empty() {
            match write_slices(&mut self.stream, pieces.iter().map(Piece::bytes)) {
                Ok(n) => written = n,
                Err(error) => self.not_written(&error),
            }
        }
        self.enqueue(now, pieces, written);
    }

    /// Writes waiting output until the socket takes no more or the turn is over. Returns how many bytes.
    pub(crate) fn flush(&mut self, now: Instant) -> usize {
        let Some(backlog) = self.backlog.as_mut().filter(|_| self.readiness.writable) else {
            return 0;
        };
        let before = backlog.queue.len();
        let result = backlog.queue.write_to(&mut self.stream, WRITE_TURN_BYTES);
        let written = before - backlog.queue.len();
        if written > 0 {
            backlog.stuck_since = now;
        }
        match result {
            Ok(()) if !backlog.queue.is_empty() => {}
            Ok(()) => self.backlog = None,
            Err(error) => self.not_written(&error),
        }
        written
    }

    /// Writes waiting output although no event has announced room.
    pub(crate) fn retry(&mut self, now: Instant) {
        self.readiness.writable = true;
        self.flush(now);
    }

    /// Output has waited for the peer for a while. Makes the kernel wait for the peer too, as long as it answers.
    /// Returns whether that must end later, when the peer [has caught up](Self::has_caught_up).
    pub(crate) fn wait_for_slow_reader(&self) -> bool {
        !self.is_local && self.set_user_timeout(None)
    }

    /// Whether a slow reader has been sent everything, so that a peer that vanished can be told from it again.
    pub(crate) fn has_caught_up(&self, unsent: &mut Unsent) -> bool {
        let is_sent = self.backlog.is_none() && matches!(self.stream.has_unsent(unsent), Ok(false));
        is_sent && self.set_user_timeout(Some(PEER_TIMEOUT))
    }

    fn set_user_timeout(&self, timeout: Option<Duration>) -> bool {
        let result = self.stream.set_user_timeout(timeout);
        if let Err(error) = &result {
            log::debug!("{}: cannot set the user timeout: {error}", self.addr());
        }
        result.is_ok()
    }

    /// Drops the waiting output.
    pub(crate) fn drop_queue(&mut self) {
        self.backlog = None;
    }

    /// Drops the waiting output and all later output: the peer may have read half a line, and nothing else may follow
    /// that.
    pub(crate) fn stop_output(&mut self) {
        self.drop_queue();
        self.broken.get_or_insert(ErrorKind::TimedOut);
    }

    /// Sends our FIN: nothing more will be written.
    pub(crate) fn finish_output(&mut self) -> io::Result<()> {
        self.stream.shutdown(Shutdown::Write)
    }

    /// Queues everything after the first `written` bytes of the pieces.
    fn enqueue(&mut self, now: Instant, pieces: &[Piece<'_>], mut written: usize) {
        if self.broken.is_some() {
            return;
        }
        for piece in pieces {
            let taken = written.min(piece.range.len());
            written -= taken;
            if taken < piece.range.len() {
                let backlog = self.backlog.get_or_insert_with(|| {
                    Box::new(Backlog {
                        queue: SendQueue::default(),
                        stuck_since: now,
                    })
                });
                backlog.queue.push(piece, taken);
            }
        }
    }

    fn not_written(&mut self, error: &io::Error) {
        match error.kind() {
            ErrorKind::Interrupted => {}
            ErrorKind::WouldBlock => self.readiness.writable = false,
            kind => {
                self.broken = Some(kind);
                self.was_reset |= kind == ErrorKind::ConnectionReset;
                self.backlog = None;
                // Earlier input must still be read, and then the end.
                self.readiness.readable = true;
            }
        }
    }

    fn end_input(&mut self, reason: CloseReason) -> Received {
        self.readiness.readable = false;
        self.input_ended = true;
        Received::End(reason)
    }
}
