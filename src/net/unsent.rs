//! Whether the kernel holds bytes for a peer that it has not sent, as the peer leaves no room for them. It knows nothing
//! of what waits outside the kernel.

use std::io;

use mio::net::TcpStream;

/// Whether anything that was written to the socket has not been sent yet.
///
/// Linux tells it by way of `TCP_NOTSENT_LOWAT` (tcp(7)): below that many unsent bytes, and only then, a socket is
/// writable. So it is asked about one byte. Other systems are not asked.
#[cfg(any(target_os = "android", target_os = "linux"))]
pub(super) fn has_unsent(stream: &TcpStream) -> io::Result<bool> {
    let socket = socket2::SockRef::from(stream);
    socket.set_tcp_notsent_lowat(1)?;
    let is_writable = is_writable(stream);
    // The system's own value.
    socket.set_tcp_notsent_lowat(0)?;
    Ok(!is_writable?)
}

#[cfg(not(any(target_os = "android", target_os = "linux")))]
pub(super) fn has_unsent(_: &TcpStream) -> io::Result<bool> {
    Ok(false)
}

/// Asks beside the server's own event queue, where an answer would be an edge among others.
#[cfg(any(target_os = "android", target_os = "linux"))]
fn is_writable(stream: &TcpStream) -> io::Result<bool> {
    use std::os::fd::AsRawFd;
    use std::time::Duration;

    use mio::unix::SourceFd;
    use mio::{Events, Interest, Poll, Token};

    let mut poll = Poll::new()?;
    let mut source = SourceFd(&stream.as_raw_fd());
    poll.registry()
        .register(&mut source, Token(0), Interest::WRITABLE)?;
    let mut events = Events::with_capacity(1);
    poll.poll(&mut events, Some(Duration::ZERO))?;
    Ok(events.iter().any(|event| event.is_writable()))
}

#[cfg(test)]
mod tests {
    #[test]
    #[cfg(any(target_os = "android", target_os = "linux"))]
    fn what_a_peer_leaves_no_room_for_is_unsent_until_it_reads() {
        use std::io::{ErrorKind, Read, Write};
        use std::net::{TcpListener, TcpStream};
        use std::time::{Duration, Instant};

        use super::has_unsent;

        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut peer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (stream, _) = listener.accept().unwrap();
        stream.set_nonblocking(true).unwrap();
        let mut stream = mio::net::TcpStream::from_std(stream);
        stream.write_all(b"hello").unwrap();
        assert!(!has_unsent(&stream).unwrap());

        let mut written = 5;
        loop {
            match stream.write(&[b'x'; 65_536]) {
                Ok(n) => written += n,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => panic!("{error}"),
            }
        }
        assert!(has_unsent(&stream).unwrap());

        peer.read_exact(&mut vec![0; written]).unwrap();
        let give_up = Instant::now() + Duration::from_secs(10);
        while has_unsent(&stream).unwrap() {
            assert!(Instant::now() < give_up, "it stays unsent");
        }
        // It can be written to as before.
        assert!(stream.write(b"x").is_ok());
    }
}
