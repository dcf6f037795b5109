//! The ways into the server, and somebody who has come in by one of them.

use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::sync::Arc;

use mio::net::TcpStream;
use mio::{Interest, Registry, Token};
use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme};

/// How somebody speaks with the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Text,
    Json,
    WebSocket,
    Tls,
    /// WebSocket under TLS.
    Wss,
}

impl Way {
    pub(super) const ALL: [Way; 5] = [Way::Text, Way::Json, Way::WebSocket, Way::Tls, Way::Wss];

    pub(super) fn name(self) -> &'static str {
        match self {
            Way::Text => "text",
            Way::Json => "json",
            Way::WebSocket => "websocket",
            Way::Tls => "tls",
            Way::Wss => "wss",
        }
    }

    pub(super) fn has_tls(self) -> bool {
        matches!(self, Way::Tls | Way::Wss)
    }

    /// What a nameless client sends, so that the server knows what it speaks.
    pub(super) fn hello(self) -> Vec<u8> {
        match self {
            // They are greeted when they have been silent for a while.
            Way::Text | Way::Tls => Vec::new(),
            Way::Json => b"{\"op\":\"ping\"}\n".to_vec(),
            Way::WebSocket | Way::Wss => b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\
                Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
                .to_vec(),
        }
    }

    /// What gives them a name.
    pub(super) fn login(self, name: &str) -> Vec<u8> {
        self.framed(
            format!("{name}\n"),
            format!("{{\"op\":\"login\",\"name\":\"{name}\"}}"),
        )
    }

    /// What brings them to a room.
    pub(super) fn join(self, room: &str) -> Vec<u8> {
        self.framed(
            format!("/join {room}\n"),
            format!("{{\"op\":\"join\",\"room\":\"{room}\"}}"),
        )
    }

    fn framed(self, line: String, object: String) -> Vec<u8> {
        match self {
            Way::Text | Way::Tls => line.into_bytes(),
            Way::Json => (object + "\n").into_bytes(),
            Way::WebSocket | Way::Wss => {
                // A short frame of text, with a mask of zeros.
                let head = [0x81, 0x80 | object.len() as u8, 0, 0, 0, 0];
                [&head[..], object.as_bytes()].concat()
            }
        }
    }
}

/// Sessions of TLS that trust any server and are not resumed.
pub(super) fn client_config() -> Arc<ClientConfig> {
    let builder = ClientConfig::builder_with_provider(default_provider().into());
    let builder = builder.with_safe_default_protocol_versions();
    let builder = builder.expect("the provider speaks them");
    let verifier = Arc::new(AnyServer);
    let mut config = builder
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    config.resumption = Resumption::disabled();
    config.into()
}

pub(super) fn session(config: &Arc<ClientConfig>) -> io::Result<ClientConnection> {
    let name = ServerName::try_from("localhost").map_err(io::Error::other)?;
    ClientConnection::new(config.clone(), name).map_err(io::Error::other)
}

/// The bench knows its server.
#[derive(Debug)]
struct AnyServer;

impl ServerCertVerifier for AnyServer {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let provider = default_provider();
        provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

/// Somebody with a connection.
#[derive(Debug)]
pub(super) struct Someone {
    stream: TcpStream,
    session: Option<Box<ClientConnection>>,
    /// What the socket has not taken.
    unsent: Vec<u8>,
    /// They count bytes and look at none of them.
    skim: Option<Skim>,
}

/// Counts the text in records of TLS 1.3, without a key.
#[derive(Debug, Default)]
struct Skim {
    header: Vec<u8>,
    /// Bytes of the present record that are still to come.
    left: usize,
}

impl Skim {
    fn text(&mut self, mut bytes: &[u8]) -> usize {
        /// The type of what is inside, and the tag (RFC 8446 §5.2).
        const AROUND: usize = 1 + 16;
        let mut text = 0;
        while !bytes.is_empty() {
            let rest = bytes.len().min(self.left);
            bytes = &bytes[rest..];
            self.left -= rest;
            let wanted = bytes.len().min(5 - self.header.len());
            self.header.extend_from_slice(&bytes[..wanted]);
            bytes = &bytes[wanted..];
            if let [_, _, _, high, low] = self.header[..] {
                self.left = usize::from(high) << 8 | usize::from(low);
                text += self.left.saturating_sub(AROUND);
                self.header.clear();
            }
        }
        text
    }
}

/// How many bytes were read, and how many of them are text.
#[derive(Debug, Default)]
pub(super) struct Count {
    pub(super) all: u64,
    pub(super) text: u64,
}

impl Someone {
    pub(super) fn connect(
        addr: SocketAddr,
        session: Option<ClientConnection>,
        registry: &Registry,
        token: Token,
    ) -> io::Result<Someone> {
        let stream = std::net::TcpStream::connect(addr)?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        let mut stream = TcpStream::from_std(stream);
        registry.register(&mut stream, token, Interest::READABLE | Interest::WRITABLE)?;
        Ok(Someone {
            stream,
            session: session.map(Box::new),
            unsent: Vec::new(),
            skim: None,
        })
    }

    /// From now on they look at nothing that they read: a reader who decrypts is slow, and what waits for slow readers takes
    /// the server other memory than what waits for those who are not.
    pub(super) fn skim(&mut self) {
        self.skim.get_or_insert_default();
    }

    pub(super) fn is_handshaking(&self) -> bool {
        self.session.as_ref().is_some_and(|it| it.is_handshaking())
    }

    pub(super) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.session {
            Some(session) => session.writer().write_all(bytes)?,
            None => self.unsent.extend_from_slice(bytes),
        }
        self.flush()
    }

    pub(super) fn flush(&mut self) -> io::Result<()> {
        if let Some(session) = &mut self.session {
            while session.wants_write() {
                session.write_tls(&mut self.unsent)?;
            }
        }
        while !self.unsent.is_empty() {
            match self.stream.write(&self.unsent) {
                Ok(written) => drop(self.unsent.drain(..written)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Reads what is there, in plain.
    pub(super) fn read(
        &mut self,
        scratch: &mut [u8],
        mut hear: impl FnMut(&[u8]),
    ) -> io::Result<Count> {
        let mut all = Count::default();
        loop {
            let count = match self.stream.read(scratch) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(all),
                Err(error) => return Err(error),
            };
            let read = &scratch[..count];
            all.all += count as u64;
            let mut hear = |text: &[u8]| {
                all.text += text.len() as u64;
                hear(text);
            };
            match (&mut self.session, &mut self.skim) {
                (None, None) => hear(read),
                (Some(session), None) => decrypt(session, read, &mut hear)?,
                (None, Some(_)) => all.text += count as u64,
                (Some(_), Some(skim)) => all.text += skim.text(read) as u64,
            }
            if self.session.as_ref().is_some_and(|it| it.wants_write()) {
                self.flush()?;
            }
            // A short read has emptied the socket.
            if count < scratch.len() {
                return Ok(all);
            }
        }
    }
}

fn decrypt(
    session: &mut ClientConnection,
    mut bytes: &[u8],
    hear: &mut impl FnMut(&[u8]),
) -> io::Result<()> {
    let mut plain = [0; 16 * 1024];
    while !bytes.is_empty() {
        session.read_tls(&mut bytes)?;
        session.process_new_packets().map_err(io::Error::other)?;
        loop {
            match session.reader().read(&mut plain) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(count) => hear(&plain[..count]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
    }
    Ok(())
}
