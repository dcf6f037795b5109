//! `Connection`: one peer's socket, its latched readiness, and its waiting output.

use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use mio::{Registry, Token};

use crate::error::CloseReason;
use crate::limits::{PEER_TIMEOUT, WRITE_TURN_BYTES};

use super::readiness::{INTERESTS, Readiness};
use super::send_queue::{Piece, SendQueue, write_slices};
use super::stream::{Handshake, Socket, Stream, TlsIdentity};
use super::{Event, Unsent};

/// One connection. A plain one from IPv4 holds nothing on the heap while no output waits.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: Stream,
    /// The other end is on this machine, so it cannot vanish unnoticed.
    is_local: bool,
    /// Present while output waits. If the stream has taken the last of it but could not write that out, the queue is
    /// empty.
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

impl Backlog {
    fn since(now: Instant) -> Box<Backlog> {
        Box::new(Backlog {
            queue: SendQueue::default(),
            stuck_since: now,
        })
    }
}

/// The result of one read.
#[derive(Debug)]
pub(crate) enum Received {
    /// This many bytes were read.
    Bytes(usize),
    /// There was nothing to read.
    Nothing,
    /// Something came that was not for us to read. There may be more.
    NoText,
    /// No byte will come any more.
    End(CloseReason),
}

impl Connection {
    pub(crate) fn new(socket: Socket, addr: SocketAddr) -> Connection {
        Connection {
            stream: Stream::new(socket, addr),
            is_local: addr.ip().is_loopback(),
            backlog: None,
            readiness: Readiness::ACCEPTED,
            input_ended: false,
            broken: None,
            was_reset: false,
        }
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.stream.addr()
    }

    /// The address behind a proxy takes the place of the socket's own.
    pub(crate) fn set_addr(&mut self, addr: SocketAddr) {
        self.stream.set_addr(addr);
    }

    pub(crate) fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        registry.register(&mut self.stream.socket, token, INTERESTS)
    }

    pub(crate) fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        registry.deregister(&mut self.stream.socket)
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

    /// The memory that the waiting output takes and that it does not share, in bytes, if there is any output.
    pub(crate) fn own(&self) -> Option<usize> {
        let queue = self.queue()?;
        Some(queue.own() + self.stream.unsent())
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

    /// From now on this is TLS, beginning with these bytes. The handshake waits until it [begins](Self::begin_handshake).
    pub(crate) fn start_tls(&mut self, identity: &TlsIdentity, first: Vec<u8>) {
        self.stream.start_tls(identity, first);
    }

    /// Whether the other end is on this machine, whomever it speaks for.
    pub(crate) fn is_local(&self) -> bool {
        self.is_local
    }

    pub(crate) fn is_tls(&self) -> bool {
        self.stream.is_tls()
    }

    /// How far the handshake of TLS is, if one is on.
    pub(crate) fn handshake(&self) -> Option<Handshake> {
        self.stream.handshake()
    }

    pub(crate) fn begin_handshake(&mut self) {
        self.stream.begin();
    }

    /// Whether there is something to read, or may be.
    pub(crate) fn has_input(&self) -> bool {
        self.readiness.readable || self.stream.has_input()
    }

    /// Whether the input ended in a way that somebody else may have caused: its last line may not be whole.
    pub(crate) fn is_cut(&self) -> bool {
        self.stream.is_cut()
    }

    pub(crate) fn input_ended(&self) -> bool {
        self.input_ended
    }

    /// Why the connection is known to be broken, although input may be left to read.
    pub(crate) fn broken(&self) -> Option<ErrorKind> {
        self.broken
    }

    /// Reads once into the scratch. Under TLS, that may leave an answer of the handshake to be written.
    pub(crate) fn receive(&mut self, now: Instant, scratch: &mut [u8]) -> Received {
        let read = self.stream.read(scratch);
        self.await_stream(now);
        let error = match read {
            Ok(0) if self.was_reset => {
                return self.end_input(CloseReason::Broken(ErrorKind::ConnectionReset));
            }
            Ok(0) => return self.end_input(CloseReason::EndOfInput),
            Ok(n) => {
                // Not before the peer's FIN or urgent data, whose edges may be spent already.
                let is_short = n < scratch.len() && !self.stream.is_tls();
                if is_short && self.readiness.short_read_empties() {
                    self.readiness.readable = false;
                }
                return Received::Bytes(n);
            }
            Err(error) => error,
        };
        match (error.kind(), self.broken) {
            (ErrorKind::Interrupted, _) => Received::NoText,
            (ErrorKind::WouldBlock, None) => {
                self.readiness.readable = false;
                Received::Nothing
            }
            // The rest of the input is read, and dropped, so that the peer is told why.
            (ErrorKind::InvalidData, _) => {
                log::info!("{}: TLS failed: {error}", self.addr());
                Received::End(CloseReason::TlsFailed)
            }
            (ErrorKind::WouldBlock, Some(kind)) | (kind, _) => {
                self.end_input(CloseReason::Broken(kind))
            }
        }
    }

    /// Writes the pieces straight from the log, and queues the bytes that the socket does not take. If output waits
    /// already, the pieces are queued behind it. Returns how many bytes the socket took.
    pub(crate) fn send(&mut self, now: Instant, pieces: &[Piece<'_>]) -> usize {
        let mut written = 0;
        let may_write = self.backlog.is_none() && self.readiness.writable;
        if may_write && self.broken.is_none() && !pieces.is_empty() {
            match write_slices(&mut self.stream, pieces.iter().map(Piece::bytes)) {
                Ok(n) => written = n,
                Err(error) => self.not_written(&error),
            }
        }
        self.enqueue(now, pieces, written);
        self.await_stream(now);
        written
    }

    /// Writes waiting output until the socket takes no more or the turn is over. Returns how many bytes.
    pub(crate) fn flush(&mut self, now: Instant) -> usize {
        let Some(backlog) = self.backlog.as_mut().filter(|_| self.readiness.writable) else {
            return 0;
        };
        let (before, unsent) = (backlog.queue.len(), self.stream.unsent());
        let result = backlog.queue.write_to(&mut self.stream, WRITE_TURN_BYTES);
        let result = result.and_then(|()| self.stream.flush());
        let written = before - backlog.queue.len();
        if written > 0 || self.stream.unsent() < unsent {
            backlog.stuck_since = now;
        }
        match result {
            Ok(()) if !backlog.queue.is_empty() => {}
            Ok(()) => self.backlog = None,
            Err(error) => self.not_written(&error),
        }
        written
    }

    /// Writes waiting output although no event has announced room. Returns how many bytes.
    pub(crate) fn retry(&mut self, now: Instant) -> usize {
        self.readiness.writable = true;
        self.flush(now)
    }

    /// Output has waited for the peer for a while. Makes the kernel wait for the peer too, as long as it answers.
    /// Returns whether that must end later, when the peer [has caught up](Self::has_caught_up).
    pub(crate) fn wait_for_slow_reader(&self) -> bool {
        !self.is_local && self.set_user_timeout(None)
    }

    /// Whether a slow reader has been sent everything, so that a peer that vanished can be told from it again.
    pub(crate) fn has_caught_up(&self, unsent: &mut Unsent) -> bool {
        let is_sent =
            self.backlog.is_none() && matches!(self.stream.socket.has_unsent(unsent), Ok(false));
        is_sent && self.set_user_timeout(Some(PEER_TIMEOUT))
    }

    fn set_user_timeout(&self, timeout: Option<Duration>) -> bool {
        let result = self.stream.socket.set_user_timeout(timeout);
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

    /// Sends our FIN: nothing more will be written. Returns whether it was sent. Under TLS a last record goes before it,
    /// which may have to wait for the socket as other output does.
    pub(crate) fn finish_output(&mut self, now: Instant) -> io::Result<bool> {
        match self.stream.finish() {
            Ok(()) => Ok(true),
            Err(error) if self.stream.unsent() > 0 && self.broken.is_none() => {
                self.await_stream(now);
                self.not_written(&error);
                match self.broken {
                    None => Ok(false),
                    Some(_) => Err(error),
                }
            }
            Err(error) => Err(error),
        }
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
                let backlog = self.backlog.get_or_insert_with(|| Backlog::since(now));
                backlog.queue.push(piece, taken);
            }
        }
    }

    /// Notes that output waits if the stream could not write out all that it took.
    fn await_stream(&mut self, now: Instant) {
        if self.stream.unsent() > 0 && self.broken.is_none() {
            self.backlog.get_or_insert_with(|| Backlog::since(now));
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
