//! Two bare loops: the least that a server on this kernel can do for a crowd.
//!
//! Neither loop looks at the bytes that it receives, except that the second cuts at line ends. Senders also get their
//! own bytes: to leave them out, the loop would have to know whose they are. If a socket refuses bytes, the loop keeps
//! them and sends them when it can.

use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;

use chinwag::limits::BACKLOG;
use memchr::memchr;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use socket2::{Domain, Protocol, Socket, Type};

use crate::servers::WELCOME;

const LISTENER: Token = Token(usize::MAX - 1);

/// The most bytes that one read may take.
const READ_BYTES: usize = 64 * 1024;

/// When the loop writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Writes {
    /// Writes the bytes of a tick together, once to each socket: the floor.
    Ticks,
    /// Writes each line by itself, to each socket, as soon as it is read.
    Lines,
}

struct Peer {
    stream: TcpStream,
    refused: Vec<u8>,
}

impl Peer {
    fn send(&mut self, bytes: &[u8]) {
        let mut written = 0;
        if self.refused.is_empty() {
            written = self.stream.write(bytes).unwrap_or(0);
        }
        self.refused.extend_from_slice(&bytes[written..]);
    }

    fn flush(&mut self) {
        while !self.refused.is_empty() {
            let Ok(written) = self.stream.write(&self.refused) else {
                return;
            };
            self.refused.drain(..written);
        }
    }
}

/// Serves until the process is killed.
pub(crate) fn serve(writes: Writes) -> io::Result<()> {
    let mut listener = listen()?;
    println!("listening on {}", listener.local_addr()?);
    let mut poll = Poll::new()?;
    poll.registry()
        .register(&mut listener, LISTENER, Interest::READABLE)?;
    let mut events = Events::with_capacity(1024);
    let mut peers: Vec<Option<Peer>> = Vec::new();
    let mut tick = Vec::new();
    loop {
        poll.poll(&mut events, None)?;
        for event in &events {
            if event.token() == LISTENER {
                accept(&listener, &poll, &mut peers)?;
                continue;
            }
            let place = event.token().0;
            let Some(peer) = &mut peers[place] else {
                continue;
            };
            peer.flush();
            let begin = tick.len();
            if !read(&mut peer.stream, &mut tick) {
                peers[place] = None;
            }
            if writes == Writes::Lines {
                write_lines(&tick[begin..], &mut peers);
                tick.clear();
            }
        }
        if !tick.is_empty() {
            for peer in peers.iter_mut().flatten() {
                peer.send(&tick);
            }
            tick.clear();
        }
    }
}

/// Uses the same backlog as Chinwag, so that the kernel does not turn newcomers away.
fn listen() -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(TcpListener::from_std(socket.into()))
}

fn accept(listener: &TcpListener, poll: &Poll, peers: &mut Vec<Option<Peer>>) -> io::Result<()> {
    loop {
        let mut stream = match listener.accept() {
            Ok((stream, _)) => stream,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error),
        };
        stream.set_nodelay(true)?;
        let interests = Interest::READABLE | Interest::WRITABLE;
        poll.registry()
            .register(&mut stream, Token(peers.len()), interests)?;
        let refused = Vec::new();
        let mut peer = Peer { stream, refused };
        peer.send(WELCOME);
        peers.push(Some(peer));
    }
}

/// Appends the available bytes. Returns whether the peer is still there.
fn read(stream: &mut TcpStream, tick: &mut Vec<u8>) -> bool {
    loop {
        let begin = tick.len();
        tick.resize(begin + READ_BYTES, 0);
        let result = stream.read(&mut tick[begin..]);
        tick.truncate(begin + *result.as_ref().unwrap_or(&0));
        match result {
            Ok(0) => return false,
            // A short read has emptied the socket.
            Ok(n) if n < READ_BYTES => return true,
            Ok(_) => {}
            Err(error) => return error.kind() == ErrorKind::WouldBlock,
        }
    }
}

/// If the end of a read cuts a line, the line is written in two parts.
fn write_lines(mut bytes: &[u8], peers: &mut [Option<Peer>]) {
    while !bytes.is_empty() {
        let end = memchr(b'\n', bytes).map_or(bytes.len(), |at| at + 1);
        let (line, rest) = bytes.split_at(end);
        for peer in peers.iter_mut().flatten() {
            peer.send(line);
        }
        bytes = rest;
    }
}
