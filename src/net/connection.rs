//! `Connection`: one peer's socket, what is known of its readiness, and what it is still owed.

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

/// One connection. It holds nothing on the heap while it is idle and up to date.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: Stream,
    addr: Address,
    /// Present while something waits to be written.
    backlog: Option<Box<Backlog>>,
    pub(crate) readiness: Readiness,
    /// Bytes have come, and the first of them were looked at.
    pub(crate) heard: bool,
    /// The peer's FIN was read, or its socket failed: no byte will come any more.
    input_ended: bool,
    /// Why nothing can be written any more. What is sent from then on is dropped; what came in before is still read.
    broken: Option<ErrorKind>,
    /// A write was told of a reset. The kernel tells of it once: what looks like a FIN to those who read then is none.
    was_reset: bool,
}

/// What waits to be written.
#[derive(Debug)]
struct Backlog {
    queue: SendQueue,
    /// Since when the socket has taken no byte.
    stuck_since: Instant,
}

/// A peer's address, in half the room of a [`SocketAddr`] where it is of IPv4: there is one for every idle connection.
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

/// What a turn of reading gave.
#[derive(Debug)]
pub(crate) enum Received {
    /// So many bytes were read.
    Bytes(usize),
    /// Nothing there.
    Nothing,
    /// No byte will come any more.
    End(CloseReason),
}

impl Connection {
    pub(crate) fn new(stream: Stream, addr: SocketAddr) -> Connection {
        Connection {
            stream,
            addr: addr.into(),
            backlog: None,
            readiness: Readiness::ACCEPTED,
            heard: false,
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
            // Reading tells better, where it comes to that.
            self.broken.get_or_insert(ErrorKind::ConnectionReset);
        }
    }

    /// What waits to be written, if anything does.
    pub(crate) fn queue(&self) -> Option<&SendQueue> {
        self.backlog.as_ref().map(|backlog| &backlog.queue)
    }

    /// Whether something waits, and the socket may take it: no event will tell.
    pub(crate) fn has_output(&self) -> bool {
        self.backlog.is_some() && self.readiness.writable
    }

    /// Since when the socket has taken no byte of what waits.
    pub(crate) fn stuck_since(&self) -> Option<Instant> {
        self.backlog.as_ref().map(|backlog| backlog.stuck_since)
    }

    /// Skips lines of what waits, as far as needed for `limit` bytes. `notice` writes what stands in the place of so many.
    /// Returns how many.
    pub(crate) fn skip_to(&mut self, limit: usize, notice: &impl Fn(u64, &mut BytesMut)) -> u64 {
        let backlog = self.backlog.as_mut();
        backlog.map_or(0, |backlog| backlog.queue.skip_to(limit, notice))
    }

    pub(crate) fn input_ended(&self) -> bool {
        self.input_ended
    }

    /// Why the connection is known to be broken, though there may be input left to read.
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
                // Except in front of the peer's FIN and of urgent data, whose edges may be spent already.
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

    /// Writes the pieces straight from the log, and queues what the socket does not take. Where something waits already, they
    /// wait behind it.
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

    /// Writes what waits, as far as the socket takes it and a turn goes. Returns how many bytes.
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

    /// Writes what waits though there was no word of room.
    pub(crate) fn retry(&mut self, now: Instant) {
        self.readiness.writable = true;
        self.flush(now);
    }

    /// Something has waited for the peer for a while: the kernel is to wait for it too, as long as it answers. Returns
    /// whether that is so only for a time, until the peer [has caught up](Self::has_caught_up).
    pub(crate) fn wait_for_slow_reader(&self) -> bool {
        let can_vanish = !self.addr().ip().is_loopback();
        can_vanish && self.set_user_timeout(None)
    }

    /// Whether a slow reader has been sent everything, and can be told again from one that vanished.
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

    /// Drops what waits.
    pub(crate) fn drop_queue(&mut self) {
        self.backlog = None;
    }

    /// Drops what waits, and what would be sent from now on: the peer may have read half a line, and nothing else may go on
    /// from there.
    pub(crate) fn stop_output(&mut self) {
        self.drop_queue();
        self.broken.get_or_insert(ErrorKind::TimedOut);
    }

    /// Sends our FIN: nothing more will be written.
    pub(crate) fn finish_output(&mut self) -> io::Result<()> {
        self.stream.shutdown(Shutdown::Write)
    }

    /// Queues what stands behind the first `written` bytes of the pieces.
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
                // What came in before is still to be read, and the end with it.
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
