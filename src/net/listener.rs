//! `Listener`: an address that people connect to. It keeps its readiness latched, since an edge comes once.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;

use mio::event::Source;
use mio::net::TcpListener;
use mio::{Interest, Registry, Token};
use socket2::{Domain, Protocol, SockRef, Type};

use crate::limits::BACKLOG;

#[cfg(test)]
use super::simulated::Backlog;
use super::{Socket, options};

/// A listening socket.
#[derive(Debug)]
pub(crate) struct Listener {
    acceptor: Acceptor,
    addr: SocketAddr,
    /// A peer may be waiting. Cleared only when accepting would block.
    pub(crate) ready: bool,
    /// Waiting peers may have come before the socket got the options for its connections. Cleared together with
    /// `ready`.
    is_new: bool,
}

/// The source of connections, of whatever kind.
#[derive(Debug)]
enum Acceptor {
    Tcp(TcpListener),
    /// In a simulation.
    #[cfg(test)]
    Simulated(Backlog),
}

impl Acceptor {
    fn accept(&self) -> io::Result<(Socket, SocketAddr)> {
        match self {
            Acceptor::Tcp(socket) => {
                let (stream, addr) = socket.accept()?;
                Ok((Socket::Tcp(stream), addr))
            }
            #[cfg(test)]
            Acceptor::Simulated(backlog) => {
                let (socket, addr) = backlog.accept()?;
                Ok((Socket::Simulated(socket), addr))
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

/// The result of one attempt to accept.
#[derive(Debug)]
pub(crate) enum Accepted {
    /// A connection, ready for use.
    Connection(Socket, SocketAddr),
    /// One connection failed before it was accepted; others may wait behind it.
    Failed(io::Error),
    /// Nobody waits.
    Nobody,
    /// The process or the system has no descriptor left. Linux reports this whether a peer waits or not.
    OutOfDescriptors(io::Error),
    /// The system has no memory left, or the error is unknown. Try again later.
    Exhausted(io::Error),
}

impl From<io::Error> for Accepted {
    fn from(error: io::Error) -> Accepted {
        match error.raw_os_error() {
            Some(number) if OUT_OF_DESCRIPTORS.contains(&number) => {
                return Accepted::OutOfDescriptors(error);
            }
            Some(number) if OF_ONE_CONNECTION.contains(&number) => return Accepted::Failed(error),
            _ => {}
        }
        match error.kind() {
            ErrorKind::WouldBlock => Accepted::Nobody,
            ErrorKind::Interrupted
            | ErrorKind::ConnectionAborted
            | ErrorKind::ConnectionReset
            | ErrorKind::HostUnreachable
            | ErrorKind::NetworkUnreachable
            | ErrorKind::NetworkDown
            | ErrorKind::PermissionDenied
            | ErrorKind::TimedOut => Accepted::Failed(error),
            // ENOBUFS and ENOMEM. After an unknown error it is also better to wait than to spin.
            _ => Accepted::Exhausted(error),
        }
    }
}

#[cfg(unix)]
const OUT_OF_DESCRIPTORS: [i32; 2] = [libc::EMFILE, libc::ENFILE];
/// WSAEMFILE.
#[cfg(not(unix))]
const OUT_OF_DESCRIPTORS: [i32; 1] = [10024];

/// Errors of a waiting connection that Linux passes on, as accept(2) says, and that have no `ErrorKind`. The others are
/// recognised by their kind.
#[cfg(any(target_os = "android", target_os = "linux"))]
const OF_ONE_CONNECTION: [i32; 5] = [
    libc::EPROTO,
    libc::ENOPROTOOPT,
    libc::EHOSTDOWN,
    libc::ENONET,
    libc::EOPNOTSUPP,
];
#[cfg(not(any(target_os = "android", target_os = "linux")))]
const OF_ONE_CONNECTION: [i32; 0] = [];

impl Listener {
    /// Listens on the address. An IPv6 address takes only IPv6, so that a server can listen on `0.0.0.0` beside `[::]`.
    pub(crate) fn bind(addr: SocketAddr) -> io::Result<Listener> {
        let socket =
            socket2::Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
        if addr.is_ipv6() {
            socket.set_only_v6(true)?;
        }
        // A restarted server need not wait until the old connections fade.
        #[cfg(unix)]
        socket.set_reuse_address(true)?;
        socket.bind(&addr.into())?;
        socket.listen(BACKLOG)?;
        Listener::adopt(socket.into())
    }

    /// Takes a socket that is already listening. Its backlog stays as it is.
    pub(crate) fn adopt(socket: std::net::TcpListener) -> io::Result<Listener> {
        let options = SockRef::from(&socket);
        // Checked where the system can tell: without it, every attempt to accept would fail.
        #[cfg(any(target_os = "android", target_os = "freebsd", target_os = "linux"))]
        if !options.is_listener()? {
            return Err(io::Error::new(
                ErrorKind::InvalidInput,
                "the socket does not listen",
            ));
        }
        options::set(&options)?;
        options.set_nonblocking(true)?;
        let addr = socket.local_addr()?;
        let acceptor = Acceptor::Tcp(TcpListener::from_std(socket));
        let ready = true;
        Ok(Listener {
            acceptor,
            addr,
            ready,
            is_new: true,
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
            Ok((socket, addr)) => {
                let addr = canonical(addr);
                match self.prepare(&socket, addr) {
                    Ok(()) => Accepted::Connection(socket, addr),
                    Err(error) => Accepted::Failed(error),
                }
            }
            Err(error) => {
                let accepted = Accepted::from(error);
                if let Accepted::Nobody = accepted {
                    self.ready = false;
                    self.is_new = false;
                }
                accepted
            }
        }
    }

    /// Sets options that a connection does not inherit, or may not have inherited, from its listener.
    fn prepare(&self, socket: &Socket, addr: SocketAddr) -> io::Result<()> {
        if self.is_new {
            socket.set_options()?;
        }
        if addr.ip().is_loopback() {
            socket.set_user_timeout(None)?;
        }
        socket.set_nodelay()
    }
}

/// People who reach an IPv6 socket by IPv4 get an IPv4 address. They can do so if a given socket takes both.
fn canonical(addr: SocketAddr) -> SocketAddr {
    match addr {
        SocketAddr::V6(v6) => match v6.ip().to_ipv4_mapped() {
            Some(v4) => SocketAddr::from((v4, v6.port())),
            None => addr,
        },
        SocketAddr::V4(_) => addr,
    }
}

#[cfg(test)]
impl Listener {
    /// A listener of a simulated world.
    pub(crate) fn simulated(backlog: Backlog, addr: SocketAddr) -> Listener {
        Listener {
            acceptor: Acceptor::Simulated(backlog),
            addr,
            ready: true,
            is_new: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_ipv4_address_in_disguise_is_undisguised() {
        for (came, known) in [
            ("[::ffff:127.0.0.1]:5000", "127.0.0.1:5000"),
            ("[::1]:5000", "[::1]:5000"),
            ("[fe80::1%2]:5000", "[fe80::1%2]:5000"),
            ("127.0.0.1:5000", "127.0.0.1:5000"),
        ] {
            let addr = canonical(came.parse().unwrap());
            assert_eq!(addr, known.parse().unwrap(), "{came}");
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn the_errors_of_one_connection_are_told_from_those_of_the_machine() {
        let taken_for = |number| match Accepted::from(io::Error::from_raw_os_error(number)) {
            Accepted::Connection(..) => "a connection",
            Accepted::Failed(_) => "that of one connection",
            Accepted::Nobody => "nobody",
            Accepted::OutOfDescriptors(_) => "no descriptor",
            Accepted::Exhausted(_) => "no memory",
        };
        for number in [
            libc::ECONNABORTED,
            libc::EINTR,
            libc::ENETDOWN,
            libc::EPROTO,
            libc::ENOPROTOOPT,
            libc::EHOSTDOWN,
            libc::ENONET,
            libc::EHOSTUNREACH,
            libc::EOPNOTSUPP,
            libc::ENETUNREACH,
            libc::EPERM,
            libc::ETIMEDOUT,
        ] {
            assert_eq!(taken_for(number), "that of one connection", "{number}");
        }
        assert_eq!(taken_for(libc::EAGAIN), "nobody");
        assert_eq!(taken_for(libc::EMFILE), "no descriptor");
        assert_eq!(taken_for(libc::ENFILE), "no descriptor");
        assert_eq!(taken_for(libc::ENOBUFS), "no memory");
        assert_eq!(taken_for(libc::ENOMEM), "no memory");
        assert_eq!(taken_for(libc::EBADF), "no memory");
    }
}
