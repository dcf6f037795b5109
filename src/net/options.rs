//! The options of a listening socket that matter to its connections. Connections inherit them from the listener,
//! without a call for each, except those that came before they were set. This file knows no addresses and nothing of
//! readiness.
//!
//! A peer whose machine or network died sends no FIN, so the kernel has to find out. On Linux two options do that
//! together (tcp(7), and the timers of the kernel's `net/ipv4/tcp_timer.c`):
//!
//! - While sent data is unacknowledged, the kernel sends it again and again. The connection ends `PEER_TIMEOUT` after
//!   it was sent first. Keepalive rests meanwhile.
//! - While no data is, the kernel asks the peer after `KEEPALIVE_IDLE` of silence and then every `KEEPALIVE_INTERVAL`.
//!   With a user timeout set, the number of questions does not count: the connection ends at the first question for
//!   which the silence has lasted `PEER_TIMEOUT`.
//!
//! So a peer that vanished is gone after `PEER_TIMEOUT` if nothing is sent to it. If something is, it is gone that long
//! after the first line that it did not acknowledge. If that line comes just before keepalive would have ended the
//! connection, this takes twice `PEER_TIMEOUT`: two minutes after vanishing, at worst.
//!
//! The user timeout has a drawback. While a peer leaves no room for the next segment, the connection ends
//! `PEER_TIMEOUT` after the first probe of its window, although the peer answers each probe and reads on slowly. So
//! peers on this machine have no user timeout, as they cannot vanish. Peers that output waits for have none either.
//! While it waits in the server, the server sees whether the socket takes anything; after that it may wait in the
//! kernel, and a slow reader may take minutes for it.
//!
//! The client sets the same options on its connection. It removes the user timeout if the server limits how fast it
//! may send, and asks by itself whether the server is there.

use std::io;
use std::time::Duration;

use socket2::{Socket, TcpKeepalive};

use crate::limits;

use super::unsent;

/// Sets the options that connections need, on a listening socket or on a connection.
pub(super) fn set(socket: &Socket) -> io::Result<()> {
    // Telnet clients send the mark of a Synch as urgent data (RFC 854). If it were left out of line, it would be
    // missing after its IAC, and the next byte would be taken for the command.
    socket.set_out_of_band_inline(true)?;
    if let Err(error) = give_up_vanished_peers(socket) {
        // Not every system that calls itself Linux has these. The server can do without.
        log::warn!("peers that vanish will be noticed late: {error}");
    }
    if let Err(error) = unsent::bound(socket) {
        log::warn!("the kernel keeps as much for slow readers as it likes: {error}");
    }
    Ok(())
}

/// Makes the kernel notice within two minutes that a peer has vanished.
pub(crate) fn give_up_vanished_peers(socket: &Socket) -> io::Result<()> {
    let keepalive = TcpKeepalive::new().with_time(limits::KEEPALIVE_IDLE);
    #[cfg(any(
        target_os = "android",
        target_os = "freebsd",
        target_os = "linux",
        target_os = "macos",
        target_os = "netbsd",
        target_os = "windows"
    ))]
    let keepalive = keepalive
        .with_interval(limits::KEEPALIVE_INTERVAL)
        .with_retries(limits::KEEPALIVE_PROBES);
    socket.set_tcp_keepalive(&keepalive)?;
    set_user_timeout(socket, Some(limits::PEER_TIMEOUT))
}

/// Makes the kernel give up a peer that acknowledges nothing for this long; or, with `None`, wait as long as the peer
/// answers.
pub(crate) fn set_user_timeout(socket: &Socket, timeout: Option<Duration>) -> io::Result<()> {
    #[cfg(any(target_os = "android", target_os = "linux"))]
    socket.set_tcp_user_timeout(timeout)?;
    #[cfg(not(any(target_os = "android", target_os = "linux")))]
    let _ = (socket, timeout);
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    #[cfg(target_os = "linux")]
    fn an_accepted_connection_is_set_whenever_it_came() {
        use std::net::{TcpListener, TcpStream};

        use socket2::SockRef;

        use crate::limits;
        use crate::net::{Accepted, Listener, Socket};

        let given = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = given.local_addr().unwrap();
        let _early = TcpStream::connect(addr).unwrap();
        let same = given.try_clone().unwrap();
        let mut listener = Listener::adopt(given).unwrap();
        let for_others = SockRef::from(&same).tcp_user_timeout().unwrap();
        assert_eq!(for_others, Some(limits::PEER_TIMEOUT));
        for _ in 0..2 {
            let Accepted::Connection(Socket::Tcp(stream), _) = listener.accept() else {
                panic!("nobody came");
            };
            let socket = SockRef::from(&stream);
            // From this machine.
            assert_eq!(socket.tcp_user_timeout().unwrap(), None);
            assert!(socket.keepalive().unwrap());
            let keepalive = (
                socket.tcp_keepalive_time().unwrap(),
                socket.tcp_keepalive_interval().unwrap(),
                socket.tcp_keepalive_retries().unwrap(),
            );
            let expected = (
                limits::KEEPALIVE_IDLE,
                limits::KEEPALIVE_INTERVAL,
                limits::KEEPALIVE_PROBES,
            );
            assert_eq!(keepalive, expected);
            assert!(socket.out_of_band_inline().unwrap());
            assert_eq!(socket.tcp_notsent_lowat().unwrap(), limits::UNSENT_BYTES);

            // From here on, connections have it only from the listener.
            assert!(matches!(listener.accept(), Accepted::Nobody));
            TcpStream::connect(addr).unwrap();
        }
    }
}
