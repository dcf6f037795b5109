//! `Stream`: the bytes to and from one peer. They pass through its socket as they are, or as records of TLS. It knows
//! nothing of readiness and of queues.
//!
//! A plain stream from IPv4 holds nothing on the heap, as there is one for every idle connection.

mod socket;
#[cfg_attr(not(feature = "tls"), path = "no_tls.rs")]
mod tls;

pub(crate) use socket::Socket;
pub(crate) use tls::Handshake;
#[cfg(not(feature = "tls"))]
pub(crate) use tls::TlsIdentity;
#[cfg(feature = "client")]
pub(crate) use tls::Validity;
#[cfg(feature = "tls")]
pub use tls::{InvalidTlsIdentity, TlsIdentity};

use std::io::{self, IoSlice, Read, Write};
use std::net::{Shutdown, SocketAddr, SocketAddrV4};

use tls::Tls;

/// A connection, and what turns its bytes into ours.
#[derive(Debug)]
pub(super) struct Stream {
    pub(super) socket: Socket,
    peer: Peer,
}

/// The address of the peer, and TLS if it speaks that.
#[derive(Debug)]
enum Peer {
    V4(SocketAddrV4),
    Other(Box<Other>),
}

#[derive(Debug)]
struct Other {
    addr: SocketAddr,
    tls: Option<Box<Tls>>,
}

impl Peer {
    /// A peer that speaks plain text.
    fn new(addr: SocketAddr) -> Peer {
        match addr {
            SocketAddr::V4(addr) => Peer::V4(addr),
            SocketAddr::V6(_) => Peer::Other(Other { addr, tls: None }.into()),
        }
    }
}

impl Stream {
    pub(super) fn new(socket: Socket, addr: SocketAddr) -> Stream {
        let peer = Peer::new(addr);
        Stream { socket, peer }
    }

    pub(super) fn addr(&self) -> SocketAddr {
        match &self.peer {
            Peer::V4(addr) => (*addr).into(),
            Peer::Other(other) => other.addr,
        }
    }

    /// The address behind a proxy takes the place of the socket's own.
    pub(super) fn set_addr(&mut self, addr: SocketAddr) {
        debug_assert!(!self.is_tls());
        self.peer = Peer::new(addr);
    }

    /// From now on this is TLS. `first` is what has come so far. The handshake waits until it [begins](Self::begin).
    pub(super) fn start_tls(&mut self, identity: &TlsIdentity, first: Vec<u8>) {
        debug_assert!(!self.is_tls());
        let (addr, tls) = (self.addr(), Some(Tls::new(identity, first)));
        self.peer = Peer::Other(Other { addr, tls }.into());
    }

    pub(super) fn is_tls(&self) -> bool {
        self.tls().is_some()
    }

    /// How far the handshake of TLS is, if one is on.
    pub(super) fn handshake(&self) -> Option<Handshake> {
        self.tls()?.handshake()
    }

    /// Begins the handshake: from now on it takes memory.
    pub(super) fn begin(&mut self) {
        if let Some(tls) = self.split().1 {
            tls.begin();
        }
    }

    /// Whether bytes can be read that no event of the socket will announce.
    pub(super) fn has_input(&self) -> bool {
        self.tls().is_some_and(Tls::has_input)
    }

    /// Bytes that were taken and that the socket has not taken yet: one record at most, or a part of the handshake.
    /// [`flush`](Write::flush) writes them.
    pub(super) fn unsent(&self) -> usize {
        self.tls().map_or(0, Tls::unsent)
    }

    /// Whether the input ended without the word that says so. Somebody may have cut it.
    pub(super) fn is_cut(&self) -> bool {
        self.tls().is_some_and(Tls::is_cut)
    }

    /// Says that nothing more will be written, and sends our FIN.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        if let (socket, Some(tls)) = self.split() {
            tls.close(socket)?;
        }
        self.socket.shutdown(Shutdown::Write)
    }

    fn tls(&self) -> Option<&Tls> {
        match &self.peer {
            Peer::V4(_) => None,
            Peer::Other(other) => other.tls.as_deref(),
        }
    }

    fn split(&mut self) -> (&mut Socket, Option<&mut Tls>) {
        let tls = match &mut self.peer {
            Peer::V4(_) => None,
            Peer::Other(other) => other.tls.as_deref_mut(),
        };
        (&mut self.socket, tls)
    }
}

/// Through TLS, a read that fails as interrupted took something that was not text; there may be more.
impl Read for Stream {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self.split() {
            (socket, None) => socket.read(into),
            (socket, Some(tls)) => tls.read(socket, into),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.split() {
            (socket, None) => socket.write(bytes),
            (socket, Some(tls)) => tls.write(socket, &[IoSlice::new(bytes)]),
        }
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        match self.split() {
            (socket, None) => socket.write_vectored(slices),
            (socket, Some(tls)) => tls.write(socket, slices),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self.split() {
            (_, None) => Ok(()),
            (socket, Some(tls)) => tls.flush(socket),
        }
    }
}
