//! `Stream`: bytes to and from the server. They pass through its socket as they are, or as records of TLS. It knows
//! nothing of readiness and of queues.
//!
//! Through TLS, text counts as written only once the socket has taken all of its record. So nothing that still waits
//! here is believed to be on its way.

use std::io::{self, ErrorKind, Read, Write};

use mio::net::TcpStream;
use rustls::ClientConnection;

/// The most text in one record (RFC 8446 §5.1).
const RECORD_BYTES: usize = 16 * 1024;

/// A connection to the server.
#[derive(Debug)]
pub(super) struct Stream {
    pub(super) socket: TcpStream,
    tls: Option<Box<Tls>>,
}

#[derive(Debug)]
struct Tls {
    session: ClientConnection,
    /// How much text is in the record that the socket has not taken in full.
    in_record: usize,
}

impl Stream {
    /// With a session of TLS, its handshake comes first.
    pub(super) fn new(socket: TcpStream, session: Option<ClientConnection>) -> Stream {
        let in_record = 0;
        let tls = session.map(|session| Tls { session, in_record }.into());
        Stream { socket, tls }
    }

    pub(super) fn is_handshaking(&self) -> bool {
        let tls = self.tls.as_ref();
        tls.is_some_and(|tls| tls.session.is_handshaking())
    }

    /// Whether TLS has something to write, be it of its own or text that was passed to [`write`](Write::write).
    pub(super) fn wants_write(&self) -> bool {
        let tls = self.tls.as_ref();
        tls.is_some_and(|tls| tls.session.wants_write())
    }
}

/// Through TLS, a read that fails as interrupted took something that was not text; there may be more.
impl Read for Stream {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match &mut self.tls {
            None => self.socket.read(into),
            Some(tls) => tls.read(&mut self.socket, into),
        }
    }
}

/// Through TLS, bytes that were refused for now must come again, and more may follow them.
impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.tls {
            None => self.socket.write(bytes),
            Some(tls) => tls.write(&mut self.socket, bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.tls {
            None => Ok(()),
            Some(tls) => tls.flush(&mut self.socket),
        }
    }
}

/// The server learns that nothing more comes, unless a record is not written in full: its rest would deliver lines that
/// count as undelivered.
impl Drop for Stream {
    fn drop(&mut self) {
        if let Some(tls) = &mut self.tls
            && !tls.session.is_handshaking()
            && !tls.session.wants_write()
        {
            tls.session.send_close_notify();
            // If the socket does not take it now, the server takes the connection for lost.
            let _ = tls.flush(&mut self.socket);
        }
    }
}

impl Tls {
    fn read(&mut self, socket: &mut TcpStream, into: &mut [u8]) -> io::Result<usize> {
        match self.session.reader().read(into) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            // The socket is at its end, and the server has not said that this is the end. Anybody on the way may have
            // cut it (RFC 8446 §6.1).
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
                return Err(io::Error::new(ErrorKind::UnexpectedEof, "it was cut off"));
            }
            read => return read,
        }
        self.session.read_tls(socket)?;
        if let Err(error) = self.session.process_new_packets() {
            // The alert tells the server why. It is no matter if it does not get there.
            let _ = self.session.write_tls(socket);
            return Err(io::Error::new(ErrorKind::InvalidData, error));
        }
        Err(ErrorKind::Interrupted.into())
    }

    fn write(&mut self, socket: &mut TcpStream, bytes: &[u8]) -> io::Result<usize> {
        if self.in_record == 0 {
            self.flush(socket)?;
            if self.session.is_handshaking() {
                return Err(ErrorKind::WouldBlock.into());
            }
            let text = &bytes[..bytes.len().min(RECORD_BYTES)];
            self.in_record = self.session.writer().write(text)?;
        }
        self.flush(socket)?;
        Ok(std::mem::take(&mut self.in_record))
    }

    fn flush(&mut self, socket: &mut TcpStream) -> io::Result<()> {
        while self.session.wants_write() {
            if self.session.write_tls(socket)? == 0 {
                return Err(ErrorKind::WriteZero.into());
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::simulated::tls::{VERSIONS, server_session, session};
    use mio::{Events, Interest, Poll, Token};
    use rustls::ServerConnection;
    use socket2::SockRef;
    use std::net::TcpListener;
    use std::thread;

    /// A client and a server that have just connected.
    fn connected(version: usize) -> (Stream, ServerConnection, std::net::TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let socket = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut peer, _) = listener.accept().unwrap();
        let session = session(VERSIONS[version], None);
        let mut stream = Stream::new(TcpStream::from_std(socket), Some(session));
        let server = thread::spawn(move || {
            let mut session = server_session();
            session.complete_io(&mut peer).unwrap();
            (session, peer)
        });
        // The socket of the client blocks until both have seen the end of the handshake.
        while stream.is_handshaking() {
            stream.flush().unwrap();
            let read = stream.read(&mut [0; 64]);
            assert_eq!(read.unwrap_err().kind(), ErrorKind::Interrupted);
        }
        stream.flush().unwrap();
        let (session, peer) = server.join().unwrap();
        let socket = SockRef::from(&stream.socket);
        socket.set_nonblocking(true).unwrap();
        assert_eq!(rest(&mut stream).unwrap_err().kind(), ErrorKind::WouldBlock);
        (stream, session, peer)
    }

    /// Reads text until there is no more for now.
    fn rest(stream: &mut Stream) -> io::Result<String> {
        let (mut text, mut bytes) = (Vec::new(), [0; 4]);
        loop {
            match stream.read(&mut bytes) {
                Ok(0) => return Ok(String::from_utf8(text).unwrap()),
                Ok(n) => text.extend_from_slice(&bytes[..n]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// What the server reads until the end, and whether the client has said that this is the end.
    fn heard(mut session: ServerConnection, mut peer: std::net::TcpStream) -> (Vec<u8>, bool) {
        let mut text = Vec::new();
        let read = rustls::Stream::new(&mut session, &mut peer).read_to_end(&mut text);
        (text, read.is_ok())
    }

    fn until_writable(socket: &mut TcpStream) {
        let (mut poll, mut events) = (Poll::new().unwrap(), Events::with_capacity(1));
        let registry = poll.registry();
        registry
            .register(socket, Token(0), Interest::WRITABLE)
            .unwrap();
        while events.is_empty() {
            poll.poll(&mut events, None).unwrap();
        }
    }

    #[test]
    fn an_end_is_announced_and_a_cut_is_seen() {
        for version in [0, 1] {
            let (mut stream, session, peer) = connected(version);
            assert_eq!(stream.write(b"hi\n").unwrap(), 3);
            drop(stream);
            assert_eq!(heard(session, peer), (b"hi\n".to_vec(), true));

            for is_announced in [true, false] {
                let (mut stream, mut session, mut peer) = connected(version);
                session.writer().write_all(b"hello hello").unwrap();
                if is_announced {
                    session.send_close_notify();
                }
                while session.wants_write() {
                    session.write_tls(&mut peer).unwrap();
                }
                drop(peer);
                let read = rest(&mut stream);
                match is_announced {
                    true => assert_eq!(read.unwrap(), "hello hello"),
                    false => assert_eq!(read.unwrap_err().to_string(), "it was cut off"),
                }
            }
        }
    }

    #[test]
    fn text_counts_as_written_with_the_last_byte_of_its_record() {
        for version in [0, 1] {
            let (mut stream, mut session, mut peer) = connected(version);
            let text = vec![b'x'; 64 * 1024];
            let mut taken = 0;
            let error = loop {
                match stream.write(&text) {
                    Ok(n) => taken += n,
                    Err(error) => break error,
                }
            };
            assert_eq!(error.kind(), ErrorKind::WouldBlock);
            assert!(stream.wants_write() && taken % RECORD_BYTES == 0);
            // There is room for the rest of it now, but nobody asks for that any more.
            let mut half = vec![0; taken / 2];
            let mut reading = rustls::Stream::new(&mut session, &mut peer);
            reading.read_exact(&mut half).unwrap();
            until_writable(&mut stream.socket);
            drop(stream);
            let (rest, is_announced) = heard(session, peer);
            assert_eq!((half.len() + rest.len(), is_announced), (taken, false));
        }
    }
}
