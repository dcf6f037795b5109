//! `Connection`: one peer's socket, what is known of its readiness, the line it is in the middle of, and what it is
//! still owed.

use std::io::{self, ErrorKind, Read};
use std::net::{Shutdown, SocketAddr, SocketAddrV4, SocketAddrV6};

use mio::{Registry, Token};

use crate::error::CloseReason;
use crate::wire::Decoder;

use super::readiness::{INTERESTS, Readiness};
use super::send_queue::{Piece, SendQueue, write_slices};
use super::{Event, Stream};

/// One connection. It holds nothing on the heap while it is idle and up to date.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: Stream,
    addr: Address,
    /// Present while something has to be remembered.
    decoder: Option<Box<Decoder>>,
    /// Present while something waits.
    queue: Option<Box<SendQueue>>,
    pub(crate) readiness: Readiness,
    pub(crate) state: State,
    /// Bytes have come, and the first of them were looked at.
    pub(crate) heard: bool,
    /// The peer's FIN was read, or its socket failed: no byte will come any more.
    input_ended: bool,
    /// Why writing failed. What is sent from then on is dropped; what came in before is still read.
    write_error: Option<ErrorKind>,
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

/// How far a connection is on its way out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// In use.
    Open,
    /// To be closed once what is owed has been written. What comes in is read and thrown away.
    Draining,
    /// Everything is written, our FIN is sent; the peer's is awaited.
    Lingering,
    /// Not to be touched any more.
    Doomed,
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
            decoder: None,
            queue: None,
            readiness: Readiness::ACCEPTED,
            state: State::Open,
            heard: false,
            input_ended: false,
            write_error: None,
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
    }

    /// How many bytes wait to be written.
    pub(crate) fn queued(&self) -> usize {
        self.queue.as_ref().map_or(0, |queue| queue.len())
    }

    pub(crate) fn input_ended(&self) -> bool {
        self.input_ended
    }

    /// Takes the decoder out, to be put back after use.
    pub(crate) fn take_decoder(&mut self) -> Decoder {
        self.decoder.take().map_or_else(Decoder::default, |it| *it)
    }

    pub(crate) fn put_decoder(&mut self, decoder: Decoder) {
        self.decoder = (!decoder.is_idle()).then(|| decoder.into());
    }

    /// Reads once into the scratch.
    pub(crate) fn receive(&mut self, scratch: &mut [u8]) -> Received {
        match self.stream.read(scratch) {
            // A reset is told of once, and here a write was told; what stands without a line end was cut off by it.
            Ok(0) if self.write_error == Some(ErrorKind::ConnectionReset) => {
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
            Err(error) => match (error.kind(), self.write_error) {
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

    /// Writes the pieces, and queues what the socket does not take. With an empty queue they go straight from the log.
    pub(crate) fn send(&mut self, pieces: &[Piece<'_>]) {
        let mut written = 0;
        let may_write = self.queue.is_none() && self.readiness.writable;
        if may_write && self.write_error.is_none() && !pieces.is_empty() {
            match write_slices(&mut self.stream, pieces.iter().map(Piece::bytes)) {
                Ok(n) => written = n,
                Err(error) => self.not_written(&error),
            }
        }
        self.enqueue(pieces, written);
        self.flush();
    }

    /// Writes what waits, as far as the socket takes it.
    pub(crate) fn flush(&mut self) {
        let Some(queue) = &mut self.queue else { return };
        if !self.readiness.writable {
            return;
        }
        match queue.write_to(&mut self.stream) {
            Ok(()) => self.queue = None,
            Err(error) => self.not_written(&error),
        }
    }

    /// Sends our FIN: nothing more will be written.
    pub(crate) fn finish_output(&mut self) -> io::Result<()> {
        self.stream.shutdown(Shutdown::Write)
    }

    /// Queues what stands behind the first `written` bytes of the pieces.
    fn enqueue(&mut self, pieces: &[Piece<'_>], mut written: usize) {
        if self.write_error.is_some() {
            return;
        }
        for piece in pieces {
            let taken = written.min(piece.range.len());
            written -= taken;
            let range = piece.range.start + taken..piece.range.end;
            if !range.is_empty() {
                let queue = self.queue.get_or_insert_default();
                queue.push(&Piece { range, ..*piece });
            }
        }
    }

    fn not_written(&mut self, error: &io::Error) {
        match error.kind() {
            ErrorKind::Interrupted => {}
            ErrorKind::WouldBlock => self.readiness.writable = false,
            kind => {
                self.write_error = Some(kind);
                self.queue = None;
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
