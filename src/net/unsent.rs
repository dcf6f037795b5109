//! Unsent data: bytes that the kernel holds for a peer because the peer leaves no room for them. This file bounds them,
//! and asks the kernel whether there are any. It knows nothing of output that waits outside the kernel.
//!
//! Linux has `TCP_NOTSENT_LOWAT` for both (tcp(7)): a socket takes more, and is writable, only while fewer bytes than
//! that are unsent. Without it the kernel takes megabytes for a peer that never reads. Other systems keep their own
//! bounds.

use std::io;

use mio::net::TcpStream;
use socket2::{SockRef, Socket};

#[cfg(any(target_os = "android", target_os = "linux"))]
use {
    crate::limits::UNSENT_BYTES,
    mio::unix::SourceFd,
    mio::{Events, Interest, Poll, Token},
    std::os::fd::AsRawFd,
    std::time::Duration,
};

/// Makes the kernel take no more for a peer than it can send and a bounded rest.
pub(super) fn bound(socket: &Socket) -> io::Result<()> {
    #[cfg(any(target_os = "android", target_os = "linux"))]
    socket.set_tcp_notsent_lowat(UNSENT_BYTES)?;
    #[cfg(not(any(target_os = "android", target_os = "linux")))]
    let _ = socket;
    Ok(())
}

/// Asks the kernel about sockets, apart from the server's own event queue, where an answer would be an edge among
/// others. One serves all sockets. It is made when it is first needed.
#[derive(Debug, Default)]
pub(crate) struct Unsent {
    #[cfg(any(target_os = "android", target_os = "linux"))]
    queue: Option<(Poll, Events)>,
}

#[cfg(any(target_os = "android", target_os = "linux"))]
impl Unsent {
    /// Whether anything written to the socket has not been sent yet. The question to the kernel is whether the socket
    /// would take more if a single unsent byte were too many.
    pub(super) fn is_any(&mut self, stream: &TcpStream) -> io::Result<bool> {
        let socket = SockRef::from(stream);
        socket.set_tcp_notsent_lowat(1)?;
        let is_writable = self.is_writable(stream);
        bound(&socket)?;
        Ok(!is_writable?)
    }

    fn is_writable(&mut self, stream: &TcpStream) -> io::Result<bool> {
        let (poll, events) = match &mut self.queue {
            Some(queue) => queue,
            none => none.insert((Poll::new()?, Events::with_capacity(1))),
        };
        let mut source = SourceFd(&stream.as_raw_fd());
        poll.registry()
            .register(&mut source, Token(0), Interest::WRITABLE)?;
        let polled = poll.poll(events, Some(Duration::ZERO));
        poll.registry().deregister(&mut source)?;
        polled?;
        Ok(events.iter().any(|event| event.is_writable()))
    }
}

#[cfg(not(any(target_os = "android", target_os = "linux")))]
impl Unsent {
    pub(super) fn is_any(&mut self, _: &TcpStream) -> io::Result<bool> {
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    #[test]
    #[cfg(any(target_os = "android", target_os = "linux"))]
    fn what_a_peer_leaves_no_room_for_is_unsent_until_it_reads() {
        use std::io::{ErrorKind, Read, Write};
        use std::net::{TcpListener, TcpStream};
        use std::time::{Duration, Instant};

        use super::Unsent;

        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut peer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (stream, _) = listener.accept().unwrap();
        stream.set_nonblocking(true).unwrap();
        let mut stream = mio::net::TcpStream::from_std(stream);
        let mut unsent = Unsent::default();
        stream.write_all(b"hello").unwrap();
        assert!(!unsent.is_any(&stream).unwrap());

        let mut written = 5;
        loop {
            match stream.write(&[b'x'; 65_536]) {
                Ok(n) => written += n,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => panic!("{error}"),
            }
        }
        assert!(unsent.is_any(&stream).unwrap());

        peer.read_exact(&mut vec![0; written]).unwrap();
        let give_up = Instant::now() + Duration::from_secs(10);
        while unsent.is_any(&stream).unwrap() {
            assert!(Instant::now() < give_up, "it stays unsent");
        }
        // The socket can be written to as before.
        assert!(stream.write(b"x").is_ok());
    }
}
