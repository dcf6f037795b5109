//! `Network`: hears from the kernel that the machine's network has changed, so that nobody waits in vain for the next attempt.
//! On Linux by a socket of rtnetlink(7); elsewhere it hears nothing.

use std::io;

use mio::{Registry, Token};

/// The groups of messages that are heard, as `linux/rtnetlink.h` numbers them: links, IPv4 addresses and routes, IPv6 addresses
/// and routes.
#[cfg(target_os = "linux")]
const GROUPS: u32 = 0x1 | 0x10 | 0x40 | 0x100 | 0x400;

/// Messages taken at once.
#[cfg(target_os = "linux")]
const MESSAGES: usize = 256;

/// What tells about the network.
#[derive(Debug)]
pub(super) struct Network {
    #[cfg(target_os = "linux")]
    socket: rustix::fd::OwnedFd,
}

#[cfg(target_os = "linux")]
impl Network {
    /// Begins to hear of changes, as an event of this token.
    ///
    /// # Errors
    ///
    /// Those of the system; some sandboxes forbid such sockets.
    pub(super) fn watch(registry: &Registry, token: Token) -> io::Result<Network> {
        use rustix::fd::AsRawFd;
        use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, netlink, socket_with};

        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, None)?;
        bind(&socket, &netlink::SocketAddrNetlink::new(0, GROUPS))?;
        let mut source = mio::unix::SourceFd(&socket.as_raw_fd());
        registry.register(&mut source, token, mio::Interest::READABLE)?;
        Ok(Network { socket })
    }

    /// Takes what has come. What it says does not matter, nor that some of it was lost. What still waits comes with the next
    /// change.
    pub(super) fn take(&self) {
        use rustix::io::Errno;
        use rustix::net::{RecvFlags, recv};

        let mut message = [0; 512];
        for _ in 0..MESSAGES {
            match recv(&self.socket, &mut message, RecvFlags::empty()) {
                Ok(_) | Err(Errno::NOBUFS | Errno::INTR) => {}
                Err(_) => break,
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
impl Network {
    /// Hears nothing.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](io::ErrorKind::Unsupported).
    pub(super) fn watch(_: &Registry, _: Token) -> io::Result<Network> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Nothing has come.
    pub(super) fn take(&self) {}
}
