//! `Listener`: an address that people connect to. It keeps its readiness latched, since an edge comes once.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;

use mio::event::Source;
use mio::net::TcpListener;
use mio::{Interest, Registry, Token};
use socket2::{Domain, Protocol, Socket, Type};

use crate::limits::BACKLOG;

use super::Stream;
#[cfg(test)]
use super::simulated::Backlog;

/// A listening socket.
#[derive(Debug)]
pub(crate) struct Listener {
    acceptor: Acceptor,
    addr: SocketAddr,
    /// Someone may be waiting. Cleared only when accepting would block.
    pub(crate) ready: bool,
}

/// What accepts connections, of whatever kind.
#[derive(Debug)]
enum Acceptor {
    Tcp(TcpListener),
    /// In a simulation.
    #[cfg(test)]
    Simulated(Backlog),
}

impl Acceptor {
    fn accept(&self) -> io::Result<(Stream, SocketAddr)> {
        match self {
            Acceptor::Tcp(socket) => {
                let (stream, addr) = socket.accept()?;
                Ok((Stream::Tcp(stream), addr))
            }
            #[cfg(test)]
            Acceptor::Simulated(backlog) => {
                let (socket, addr) = backlog.accept()?;
                Ok((Stream::Simulated(socket), addr))
            }
        }
    }

    fn source(&mut self) -> &mut dyn Source {
        match self {
            Acceptor::Tcp(socket) => socket,
            #[cfg(test)]
            Acceptor::Simulated(backlog) => backlog,
        }
    }
}

/// What one attempt to accept gave.
#[derive(Debug)]
pub(crate) enum Accepted {
    /// A connection, ready for use.
    Connection(Stream, SocketAddr),
    /// One connection failed before it was accepted; others may wait behind it.
    Failed(io::Error),
    /// Nobody waits.
    Nobody,
    /// The process or the system has no descriptor or no memory left. Others wait; try again later.
    Exhausted(io::Error),
}

impl Listener {
    /// Listens on the address. An IPv6 address takes IPv6 alone, so that `0.0.0.0` can be listened on beside `[::]`.
    pub(crate) fn bind(addr: SocketAddr) -> io::Result<Listener> {
        let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
        if addr.is_ipv6() {
            socket.set_only_v6(true)?;
        }
        // A restarted server need not wait for the connections of the one before to fade.
        #[cfg(unix)]
        socket.set_reuse_address(true)?;
        // Telnet clients send the mark of a Synch as urgent data (RFC 854). Left out of line, it would be missing behind its
        // IAC, and the next byte be taken for the command. Connections have this from the listener.
        socket.set_out_of_band_inline(true)?;
        socket.bind(&addr.into())?;
        socket.listen(BACKLOG)?;
        socket.set_nonblocking(true)?;
        let socket = TcpListener::from_std(socket.into());
        let addr = socket.local_addr()?;
        let acceptor = Acceptor::Tcp(socket);
        let ready = true;
        Ok(Listener {
            acceptor,
            addr,
            ready,
        })
    }

    /// The address, with the real port.
    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    pub(crate) fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        registry.register(self.acceptor.source(), token, Interest::READABLE)
    }

    pub(crate) fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        registry.deregister(self.acceptor.source())
    }

    /// Accepts one connection.
    pub(crate) fn accept(&mut self) -> Accepted {
        match self.acceptor.accept() {
            Ok((stream, addr)) => match stream.set_nodelay() {
                Ok(()) => Accepted::Connection(stream, addr),
                Err(error) => Accepted::Failed(error),
            },
            Err(error) => match error.kind() {
                ErrorKind::WouldBlock => {
                    self.ready = false;
                    Accepted::Nobody
                }
                // Errors that accept(2) passes on from the one connection.
                ErrorKind::Interrupted
                | ErrorKind::ConnectionAborted
                | ErrorKind::ConnectionReset
                | ErrorKind::HostUnreachable
                | ErrorKind::NetworkUnreachable
                | ErrorKind::NetworkDown
                | ErrorKind::PermissionDenied
                | ErrorKind::TimedOut => Accepted::Failed(error),
                // EMFILE, ENFILE, ENOBUFS and ENOMEM; and what is not known is better waited out than spun on.
                _ => Accepted::Exhausted(error),
            },
        }
    }
}

#[cfg(test)]
impl Listener {
    /// A listener of a simulated world.
    pub(crate) fn simulated(backlog: Backlog, addr: SocketAddr) -> Listener {
        let acceptor = Acceptor::Simulated(backlog);
        let ready = true;
        Listener {
            acceptor,
            addr,
            ready,
        }
    }
}
