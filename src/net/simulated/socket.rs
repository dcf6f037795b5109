//! The server's end of a simulated connection, and its listener: the effects and results of the server's calls.

use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::time::Duration;

use mio::event::Source;
use mio::{Interest, Registry, Token};

use super::World;

/// The server's end of a connection. Dropping it closes it.
#[derive(Debug)]
pub(crate) struct Socket {
    world: World,
    pair: usize,
}

/// The server's listener.
#[derive(Debug)]
pub(crate) struct Backlog(pub(super) World);

impl Backlog {
    pub(crate) fn accept(&self) -> io::Result<(Socket, SocketAddr)> {
        let mut state = self.0.state();
        if let Some(failure) = state.backlog.failures.pop() {
            // EMFILE and ENFILE.
            state.backlog.is_short = matches!(failure.raw_os_error(), Some(23 | 24));
            let is_aborted = failure.kind() == ErrorKind::ConnectionAborted;
            if is_aborted && !state.backlog.waiting.is_empty() {
                let pair = state.backlog.waiting.remove(0);
                state.pairs[pair].server_closed = true;
                state.pairs[pair].refuse();
            }
            return Err(failure);
        }
        if state.backlog.waiting.is_empty() {
            return Err(ErrorKind::WouldBlock.into());
        }
        let pair = state.backlog.waiting.remove(0);
        state.pairs[pair].held_then = state.held();
        state.pairs[pair].was_short = std::mem::take(&mut state.backlog.is_short);
        state.pairs[pair].accepted = true;
        let world = self.0.clone();
        Ok((Socket { world, pair }, state.pairs[pair].addr))
    }
}

impl Source for Backlog {
    fn register(&mut self, _: &Registry, token: Token, _: Interest) -> io::Result<()> {
        let backlog = &mut self.0.state().backlog;
        (backlog.token, backlog.edge) = (Some(token), true);
        Ok(())
    }

    fn reregister(&mut self, to: &Registry, token: Token, interests: Interest) -> io::Result<()> {
        self.register(to, token, interests)
    }

    fn deregister(&mut self, _: &Registry) -> io::Result<()> {
        self.0.state().backlog.token = None;
        Ok(())
    }
}

impl Drop for Backlog {
    /// Peers that wait in the backlog are reset.
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.backlog.token = None;
        for pair in std::mem::take(&mut state.backlog.waiting) {
            state.pairs[pair].server_closed = true;
            state.pairs[pair].refuse();
        }
    }
}

impl Socket {
    pub(crate) fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        assert_eq!(how, Shutdown::Write, "the server closes no other half");
        let mut state = self.world.state();
        let now = state.now;
        let pair = &mut state.pairs[self.pair];
        if pair.is_broken {
            return Err(ErrorKind::NotConnected.into());
        }
        pair.outbound.fin = true;
        pair.fin_at = Some(now);
        Ok(())
    }

    pub(crate) fn set_user_timeout(&self, timeout: Option<Duration>) {
        self.world.state().pairs[self.pair].is_waited_for = timeout.is_none();
    }

    /// Whether the client has not read everything: unread data has no other place here.
    pub(crate) fn has_unsent(&self) -> bool {
        !self.world.state().pairs[self.pair]
            .outbound
            .bytes
            .is_empty()
    }
}

impl Read for Socket {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let mut state = self.world.state();
        state.interrupt()?;
        let pair = &mut state.pairs[self.pair];
        if pair.inbound.bytes.is_empty() {
            // If a FIN came before a reset, a read finds the FIN.
            if pair.inbound.fin {
                return Ok(0);
            }
            return match pair.error.take() {
                Some(kind) => Err(kind.into()),
                None if pair.is_broken => Ok(0),
                None => Err(ErrorKind::WouldBlock.into()),
            };
        }
        let mut n = into.len().min(pair.inbound.bytes.len());
        match pair.urgent {
            // One read takes the bytes before the mark, and the next one the mark with the bytes after it.
            Some(0) => pair.urgent = None,
            Some(mark) => {
                n = n.min(mark);
                pair.urgent = Some(mark - n);
            }
            None => {}
        }
        into[..n].copy_from_slice(&pair.inbound.bytes[..n]);
        pair.inbound.bytes.drain(..n);
        Ok(n)
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut state = self.world.state();
        state.interrupt()?;
        let (takes, capacity) = (state.nature.write_takes, state.nature.outbound);
        state.now += takes;
        let now = state.now;
        let pair = &mut state.pairs[self.pair];
        if let Some(kind) = pair.error.take() {
            return Err(kind.into());
        }
        if pair.is_broken || pair.outbound.fin {
            return Err(ErrorKind::BrokenPipe.into());
        }
        if pair.client_closed {
            // Nobody is there; the client's kernel answers with a reset.
            state.shatter(self.pair, false);
            return Ok(bytes.len());
        }
        let room = capacity.saturating_sub(pair.outbound.bytes.len());
        let n = bytes.len().min(room);
        pair.wants_room |= n < bytes.len();
        if n == 0 && !bytes.is_empty() {
            return Err(ErrorKind::WouldBlock.into());
        }
        pair.outbound.bytes.extend_from_slice(&bytes[..n]);
        pair.took_at = now;
        Ok(n)
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let slices: Vec<&[u8]> = slices.iter().map(|slice| &**slice).collect();
        let gathered = slices.concat();
        self.write(&gathered)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Source for Socket {
    fn register(&mut self, _: &Registry, token: Token, _: Interest) -> io::Result<()> {
        let mut state = self.world.state();
        state.pairs[self.pair].token = Some(token);
        state.edge(self.pair);
        Ok(())
    }

    fn reregister(&mut self, to: &Registry, token: Token, interests: Interest) -> io::Result<()> {
        self.register(to, token, interests)
    }

    fn deregister(&mut self, _: &Registry) -> io::Result<()> {
        let mut state = self.world.state();
        state.pairs[self.pair].token = None;
        state.pairs[self.pair].has_edge = false;
        state.edges.retain(|&pair| pair != self.pair);
        Ok(())
    }
}

impl Drop for Socket {
    /// If input is left unread, the client is sent a reset, which may overtake output that it has not read.
    fn drop(&mut self) {
        let mut state = self.world.state();
        let (now, overtakes) = (state.now, state.dice.below(2) == 0);
        let capacity = state.nature.outbound;
        let pair = &mut state.pairs[self.pair];
        pair.server_closed = true;
        pair.closed_at = Some(now);
        pair.had_room = pair.is_writable(capacity);
        pair.token = None;
        pair.has_edge = false;
        pair.outbound.fin = true;
        if !pair.inbound.bytes.is_empty() {
            pair.refuse();
            if overtakes {
                pair.outbound.bytes.clear();
            }
        }
        state.edges.retain(|&pair| pair != self.pair);
    }
}
