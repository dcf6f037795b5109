//! `Socket`: a connection to one peer, of whatever kind. It reads and writes and can be watched; it knows nothing of
//! readiness, and passes bytes as they are.

use std::io::{self, IoSlice, Read, Write};
use std::net::Shutdown;
use std::time::Duration;

use mio::event::Source;
use mio::net::TcpStream;
use mio::{Interest, Registry, Token};
use socket2::SockRef;

use crate::net::options;
use crate::net::unsent::Unsent;

#[cfg(test)]
use crate::net::simulated;

/// A connection, non-blocking.
#[derive(Debug)]
pub(crate) enum Socket {
    /// To a peer on a network.
    Tcp(TcpStream),
    /// To a peer in a simulation.
    #[cfg(test)]
    Simulated(simulated::Socket),
}

impl Socket {
    /// Makes the kernel send data at once, and not wait for more.
    pub(crate) fn set_nodelay(&self) -> io::Result<()> {
        match self {
            Socket::Tcp(stream) => stream.set_nodelay(true),
            #[cfg(test)]
            Socket::Simulated(_) => Ok(()),
        }
    }

    /// Sets the other options that a connection normally inherits from its listener.
    pub(crate) fn set_options(&self) -> io::Result<()> {
        match self {
            Socket::Tcp(stream) => options::set(&SockRef::from(stream)),
            #[cfg(test)]
            Socket::Simulated(_) => Ok(()),
        }
    }

    /// Makes the kernel give up a peer that acknowledges nothing for this long; or, with `None`, wait as long as the
    /// peer answers.
    pub(crate) fn set_user_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        match self {
            Socket::Tcp(stream) => options::set_user_timeout(&SockRef::from(stream), timeout),
            #[cfg(test)]
            Socket::Simulated(socket) => {
                socket.set_user_timeout(timeout);
                Ok(())
            }
        }
    }

    /// Whether the kernel holds unsent data, because the peer leaves no room for it.
    pub(crate) fn has_unsent(&self, unsent: &mut Unsent) -> io::Result<bool> {
        match self {
            Socket::Tcp(stream) => unsent.is_any(stream),
            #[cfg(test)]
            Socket::Simulated(socket) => Ok(socket.has_unsent()),
        }
    }

    /// Sends our FIN, or closes for reading too.
    pub(crate) fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        match self {
            Socket::Tcp(stream) => stream.shutdown(how),
            #[cfg(test)]
            Socket::Simulated(socket) => socket.shutdown(how),
        }
    }
}

impl Read for Socket {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Socket::Tcp(stream) => stream.read(into),
            #[cfg(test)]
            Socket::Simulated(socket) => socket.read(into),
        }
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Socket::Tcp(stream) => stream.write(bytes),
            #[cfg(test)]
            Socket::Simulated(socket) => socket.write(bytes),
        }
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        match self {
            Socket::Tcp(stream) => stream.write_vectored(slices),
            #[cfg(test)]
            Socket::Simulated(socket) => socket.write_vectored(slices),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Source for Socket {
    fn register(&mut self, to: &Registry, token: Token, interests: Interest) -> io::Result<()> {
        match self {
            Socket::Tcp(stream) => stream.register(to, token, interests),
            #[cfg(test)]
            Socket::Simulated(socket) => socket.register(to, token, interests),
        }
    }

    fn reregister(&mut self, to: &Registry, token: Token, interests: Interest) -> io::Result<()> {
        match self {
            Socket::Tcp(stream) => stream.reregister(to, token, interests),
            #[cfg(test)]
            Socket::Simulated(socket) => socket.reregister(to, token, interests),
        }
    }

    fn deregister(&mut self, from: &Registry) -> io::Result<()> {
        match self {
            Socket::Tcp(stream) => stream.deregister(from),
            #[cfg(test)]
            Socket::Simulated(socket) => socket.deregister(from),
        }
    }
}
