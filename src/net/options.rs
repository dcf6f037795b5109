//! What a listening socket is set to for the sake of the connections that it gives: they have it all from the listener,
//! without a call for each, but for those who came before it was set. It knows no addresses, and nothing of readiness.
//!
//! A peer whose machine or network died sends no FIN, so the kernel has to find out. On Linux two options do that
//! together (tcp(7), and the timers of the kernel's `net/ipv4/tcp_timer.c`):
//!
//! - While something sent is unacknowledged, it is sent again and again, and the connection ends `PEER_TIMEOUT` after it
//!   was sent first. Keepalive rests meanwhile.
//! - While nothing is, the peer is asked after `KEEPALIVE_IDLE` of silence and then every `KEEPALIVE_INTERVAL`. With a
//!   user timeout set, the number of questions does not count: the connection ends at the first moment of asking at
//!   which the silence has lasted `PEER_TIMEOUT`.
//!
//! So a peer that vanished is gone after `PEER_TIMEOUT` where nothing is sent to it, and that long after the first line
//! that it did not acknowledge where something is. Where that line comes just before keepalive would have ended the
//! connection, it takes twice `PEER_TIMEOUT`: within two minutes of vanishing, at worst.
//!
//! The user timeout has another side: while a peer leaves no room for the next segment, the connection ends `PEER_TIMEOUT`
//! after the first probe of its window, though it answers each probe and reads on slowly. So there is none for peers on
//! this machine, who cannot vanish, and none for a peer that something waits for: here, where it is seen whether the
//! socket takes anything, or then in the kernel, which may hold what a slow reader takes minutes for.
//!
//! The client sets its connection to the same, and takes the user timeout off once the server says that it slows it down.

use std::io;
use std::time::Duration;

use socket2::{Socket, TcpKeepalive};

use crate::limits;

use super::unsent;

/// Sets a socket that listens to what its connections need, or a connection to the same.
pub(super) fn set(socket: &Socket) -> io::Result<()> {
    // Telnet clients send the mark of a Synch as urgent data (RFC 854). Left out of line, it would be missing behind its
    // IAC, and the next byte be taken for the command.
    socket.set_out_of_band_inline(true)?;
    if let Err(error) = give_up_vanished_peers(socket) {
        // Not every system that calls itself Linux has these. One can serve without.
        log::warn!("peers that vanish will be noticed late: {error}");
    }
    if let Err(error) = unsent::bound(socket) {
        log::warn!("the kernel keeps as much for slow readers as it likes: {error}");
    }
    Ok(())
}

/// Has the kernel find out that a peer has vanished, within two minutes.
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

/// Has the kernel give up a peer that does not take in what was sent for so long, or wait as long as it answers.
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
        use crate::net::{Accepted, Listener, Stream};

        let given = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = given.local_addr().unwrap();
        let _early = TcpStream::connect(addr).unwrap();
        let same = given.try_clone().unwrap();
        let mut listener = Listener::adopt(given).unwrap();
        let for_others = SockRef::from(&same).tcp_user_timeout().unwrap();
        assert_eq!(for_others, Some(limits::PEER_TIMEOUT));
        for _ in 0..2 {
            let Accepted::Connection(Stream::Tcp(stream), _) = listener.accept() else {
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

            // From here on, connections have it from the listener alone.
            assert!(matches!(listener.accept(), Accepted::Nobody));
            TcpStream::connect(addr).unwrap();
        }
    }
}
