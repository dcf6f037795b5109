//! `Tls`: records of TLS on one side, text on the other. It knows nothing of lines and of queues.
//!
//! It is built on the unbuffered interface of rustls, so that an idle connection keeps nothing but its keys. What is to
//! be sent is encrypted only when the socket can take it: what has a number can be neither skipped nor reordered.
//!
//! Invariants: `unsent` holds one record at most, or messages of the handshake; no text is encrypted while it holds
//! anything; `incoming` and `text` hold nothing once the input has ended.

mod identity;
mod validity;

pub use identity::{InvalidTlsIdentity, TlsIdentity};
#[cfg(feature = "client")]
pub(crate) use validity::Validity;

use std::cell::RefCell;
use std::fmt;
use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::sync::Arc;

use rustls::server::{ServerConfig, ServerConnectionData, UnbufferedServerConnection};
use rustls::unbuffered::{
    ConnectionState, EncodeError, EncodeTlsData, EncryptError, UnbufferedStatus, WriteTraffic,
};

use crate::limits::{READ_TURN_BYTES, RECORD_BYTES, RECORD_OVERHEAD};

use super::Socket;

/// Bytes before each record: its type, a version, and the length of the rest (RFC 8446 §5.1).
const HEADER: usize = 5;

/// The types of records that are in use: change of the cipher, alert, handshake, text (RFC 8446 §B.1).
const RECORD_TYPES: std::ops::RangeInclusive<u8> = 20..=23;

thread_local! {
    /// All connections of a thread share it, as each uses it for a moment only.
    static SCRATCH: RefCell<Scratch> = RefCell::new(Scratch::default());
}

/// Room for one record.
struct Scratch {
    text: Vec<u8>,
    record: Box<[u8]>,
}

impl Default for Scratch {
    fn default() -> Scratch {
        let text = Vec::with_capacity(RECORD_BYTES);
        let record = vec![0; RECORD_BYTES + RECORD_OVERHEAD].into();
        Scratch { text, record }
    }
}

/// How far a handshake is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Handshake {
    /// Only the first bytes have come, and nothing was done about them.
    Waiting,
    Begun,
}

/// The state of one connection.
pub(super) struct Tls {
    session: Session,
    /// Bytes from the peer that were not turned into text.
    incoming: Vec<u8>,
    /// How many of these belong to records that the session has seen, and still needs.
    seen: usize,
    /// The rest of a record's text, if the text was longer than the buffer of its reader.
    text: Vec<u8>,
    /// Bytes for the peer that the socket did not take.
    unsent: Vec<u8>,
    input: Input,
    /// We have said that nothing more will come.
    is_closed: bool,
}

enum Session {
    /// It is begun with this when its turn comes.
    Waiting(Arc<ServerConfig>),
    Begun(Box<UnbufferedServerConnection>),
    /// The peer broke the protocol, or we cannot speak to it. Nothing can be read or written any more.
    Failed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Input {
    Open,
    /// The peer has said that nothing more will come.
    Closed,
    /// It ended, and the peer had not said so.
    Cut,
}

impl Tls {
    pub(super) fn new(identity: &TlsIdentity, first: Vec<u8>) -> Box<Tls> {
        Box::new(Tls {
            session: Session::Waiting(identity.config()),
            incoming: first,
            seen: 0,
            text: Vec::new(),
            unsent: Vec::new(),
            input: Input::Open,
            is_closed: false,
        })
    }

    pub(super) fn handshake(&self) -> Option<Handshake> {
        match &self.session {
            Session::Waiting(_) => Some(Handshake::Waiting),
            Session::Begun(session) => session.is_handshaking().then_some(Handshake::Begun),
            Session::Failed => None,
        }
    }

    pub(super) fn begin(&mut self) {
        if let Session::Waiting(config) = &self.session {
            let begun = UnbufferedServerConnection::new(config.clone());
            self.session = begun.map_or(Session::Failed, |it| Session::Begun(it.into()));
        }
    }

    pub(super) fn has_input(&self) -> bool {
        !self.text.is_empty() || self.record_end().is_some()
    }

    pub(super) fn unsent(&self) -> usize {
        self.unsent.len()
    }

    pub(super) fn is_cut(&self) -> bool {
        self.input == Input::Cut
    }

    /// Reads the text of one record, or the rest of it. The socket is read only if no whole record lies here.
    pub(super) fn read(&mut self, socket: &mut Socket, into: &mut [u8]) -> io::Result<usize> {
        if !self.text.is_empty() {
            let n = self.text.len().min(into.len());
            into[..n].copy_from_slice(&self.text[..n]);
            self.text.drain(..n);
            self.text.shrink_to_fit();
            return Ok(n);
        }
        let is_over = self.input != Input::Open || matches!(self.session, Session::Failed);
        if is_over || self.record_end().is_none() {
            let end = SCRATCH.with_borrow_mut(|scratch| {
                let record = &mut scratch.record[..READ_TURN_BYTES];
                let n = socket.read(record)?;
                if !is_over {
                    self.incoming.extend_from_slice(&record[..n]);
                }
                io::Result::Ok(n == 0)
            })?;
            if end {
                self.end_input(Input::Cut);
                return Ok(0);
            }
        }
        match self.record_end() {
            Some(end) => self.take_record(end, into),
            None => Err(ErrorKind::Interrupted.into()),
        }
    }

    /// Writes text, one record after the other, until the socket does not take all of one. Returns how much of the text
    /// is in records, of which the last may be [unsent](Self::unsent) in part.
    pub(super) fn write(
        &mut self,
        socket: &mut Socket,
        slices: &[IoSlice<'_>],
    ) -> io::Result<usize> {
        self.flush(socket)?;
        SCRATCH.with_borrow_mut(|Scratch { text, record }| {
            let mut taken = 0;
            loop {
                let next = gather(slices, taken, text);
                if next.is_empty() {
                    return Ok(taken);
                }
                let n = self.traffic(|traffic| traffic.encrypt(next, record))?;
                taken += next.len();
                if !self.send(socket, &record[..n])? {
                    return Ok(taken);
                }
            }
        })
    }

    /// Writes the unsent bytes.
    pub(super) fn flush(&mut self, socket: &mut Socket) -> io::Result<()> {
        while !self.unsent.is_empty() {
            match socket.write(&self.unsent)? {
                0 => return Err(ErrorKind::WriteZero.into()),
                n if n == self.unsent.len() => self.unsent = Vec::new(),
                n => drop(self.unsent.drain(..n)),
            }
        }
        Ok(())
    }

    /// Says that nothing more will come (RFC 8446 §6.1), unless nothing can be said.
    pub(super) fn close(&mut self, socket: &mut Socket) -> io::Result<()> {
        self.flush(socket)?;
        let can_talk = matches!(&self.session, Session::Begun(it) if !it.is_handshaking());
        if !can_talk || std::mem::replace(&mut self.is_closed, true) {
            return Ok(());
        }
        SCRATCH.with_borrow_mut(|Scratch { record, .. }| {
            let n = self.traffic(|traffic| traffic.queue_close_notify(record))?;
            self.send(socket, &record[..n])
        })?;
        self.flush(socket)
    }

    /// Writes a record, and keeps what the socket does not take. Returns whether it took everything.
    fn send(&mut self, socket: &mut Socket, record: &[u8]) -> io::Result<bool> {
        let mut written = 0;
        if self.unsent.is_empty() {
            written = match socket.write(record) {
                Ok(n) => n,
                Err(error) if is_for_now(&error) => 0,
                Err(error) => return Err(error),
            };
        }
        self.unsent.extend_from_slice(&record[written..]);
        Ok(self.unsent.is_empty())
    }

    /// Has the session encrypt something.
    fn traffic(
        &mut self,
        encrypt: impl FnOnce(&mut WriteTraffic<'_, ServerConnectionData>) -> Result<usize, EncryptError>,
    ) -> io::Result<usize> {
        let Session::Begun(session) = &mut self.session else {
            return Err(ErrorKind::NotConnected.into());
        };
        loop {
            let seen = &mut self.incoming[..self.seen];
            let UnbufferedStatus { state, .. } = session.process_tls_records(seen);
            match state {
                Ok(ConnectionState::EncodeTlsData(mut data)) => encode(&mut data, &mut self.unsent),
                Ok(ConnectionState::TransmitTlsData(data)) => data.done(),
                Ok(ConnectionState::WriteTraffic(mut traffic)) => {
                    return encrypt(&mut traffic).map_err(io::Error::other);
                }
                _ => return Err(ErrorKind::NotConnected.into()),
            }
        }
    }

    /// Where the first record ends that the session has not seen, if that is here. A record of an unknown kind ends
    /// where the input does, as the session refuses it anyway.
    fn record_end(&self) -> Option<usize> {
        let new = &self.incoming[self.seen..];
        let (&[kind, _, _, high, low], rest) = new.split_first_chunk::<HEADER>()?;
        let length = usize::from(u16::from_be_bytes([high, low]));
        if !RECORD_TYPES.contains(&kind) || length > RECORD_BYTES + RECORD_OVERHEAD {
            return Some(self.incoming.len());
        }
        (rest.len() >= length).then_some(self.seen + HEADER + length)
    }

    /// Has the session see the record that ends here. Returns how much text was in it.
    fn take_record(&mut self, end: usize, into: &mut [u8]) -> io::Result<usize> {
        let Session::Begun(session) = &mut self.session else {
            return Err(ErrorKind::Interrupted.into());
        };
        let (mut end, mut n, mut is_closed) = (end, 0, false);
        loop {
            let status = session.process_tls_records(&mut self.incoming[..end]);
            let discard = status.discard;
            let is_over = match status.state {
                Ok(ConnectionState::ReadTraffic(mut traffic)) => {
                    while let Some(Ok(record)) = traffic.next_record() {
                        let fits = record.payload.len().min(into.len() - n);
                        into[n..n + fits].copy_from_slice(&record.payload[..fits]);
                        self.text.extend_from_slice(&record.payload[fits..]);
                        n += fits;
                    }
                    false
                }
                Ok(ConnectionState::EncodeTlsData(mut data)) => {
                    encode(&mut data, &mut self.unsent);
                    false
                }
                Ok(ConnectionState::TransmitTlsData(data)) => {
                    data.done();
                    false
                }
                Ok(ConnectionState::PeerClosed) => {
                    is_closed = true;
                    false
                }
                Ok(_) => true,
                Err(error) => {
                    self.incoming.drain(..discard);
                    self.fail(end - discard);
                    return Err(io::Error::new(ErrorKind::InvalidData, error));
                }
            };
            self.incoming.drain(..discard);
            end -= discard;
            if is_over {
                break;
            }
        }
        self.seen = end;
        if self.incoming.is_empty() {
            self.incoming = Vec::new();
        }
        match n {
            0 if is_closed => {
                self.end_input(Input::Closed);
                Ok(0)
            }
            0 if self.seen > RECORD_BYTES => Err(self.refuse_long_message()),
            0 => Err(ErrorKind::Interrupted.into()),
            n => Ok(n),
        }
    }

    /// A message of the handshake is in so many records that nobody means it.
    fn refuse_long_message(&mut self) -> io::Error {
        self.fail(self.seen);
        let sentence = "a message of the handshake does not end";
        io::Error::new(ErrorKind::InvalidData, sentence)
    }

    /// Ends everything, but for the alert that tells the peer why. `end` is where the input ends that the session knows.
    fn fail(&mut self, end: usize) {
        // It is asked only once: without an alert to send it would take the bad record for a new one.
        if let Session::Begun(session) = &mut self.session
            && let Ok(ConnectionState::EncodeTlsData(mut data)) =
                session.process_tls_records(&mut self.incoming[..end]).state
        {
            encode(&mut data, &mut self.unsent);
        }
        self.session = Session::Failed;
        self.drop_input();
    }

    fn end_input(&mut self, how: Input) {
        if self.input == Input::Open {
            self.input = how;
        }
        self.drop_input();
    }

    fn drop_input(&mut self) {
        (self.incoming, self.seen, self.text) = Default::default();
    }
}

/// Appends a message of the handshake, or an alert.
fn encode(data: &mut EncodeTlsData<'_, ServerConnectionData>, unsent: &mut Vec<u8>) {
    let start = unsent.len();
    if let Err(EncodeError::InsufficientSize(size)) = data.encode(&mut []) {
        unsent.resize(start + size.required_size, 0);
        let written = data.encode(&mut unsent[start..]);
        unsent.truncate(start + written.unwrap_or(0));
    }
}

/// The next text for one record, behind the first bytes of the slices. It is copied only if it lies in several of them.
fn gather<'a>(slices: &'a [IoSlice<'_>], mut from: usize, text: &'a mut Vec<u8>) -> &'a [u8] {
    text.clear();
    for (i, slice) in slices.iter().enumerate() {
        let rest = &slice[from.min(slice.len())..];
        from -= slice.len() - rest.len();
        let most = RECORD_BYTES - text.len();
        let is_all = rest.len() >= most || i + 1 == slices.len();
        let rest = &rest[..rest.len().min(most)];
        if text.is_empty() && is_all {
            return rest;
        }
        text.extend_from_slice(rest);
        if is_all {
            break;
        }
    }
    text
}

fn is_for_now(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

/// Neither keys nor text.
impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("handshake", &self.handshake())
            .field("unsent", &self.unsent.len())
            .field("input", &self.input)
            .finish_non_exhaustive()
    }
}
