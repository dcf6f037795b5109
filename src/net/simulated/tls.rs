//! `TlsClient`: somebody who speaks TLS over a simulated socket, and the certificate that they trust. The key is no
//! secret: it serves these tests alone.

use std::io::{ErrorKind, Read, Write};
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::ring::default_provider;
#[cfg(feature = "client")]
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
#[cfg(feature = "client")]
use rustls::server::{ServerConfig, ServerConnection};
use rustls::time_provider::TimeProvider;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, ClientConnection, RootCertStore, SupportedProtocolVersion};

use crate::net::TlsIdentity;

use super::{End, World};

pub(crate) const CERTIFICATE: &[u8] = include_bytes!("tls/certificate.pem");
const KEY: &[u8] = include_bytes!("tls/key.pem");

/// The server's certificate and key.
pub(crate) fn identity() -> TlsIdentity {
    TlsIdentity::from_pem(CERTIFICATE, KEY).expect("they belong together")
}

/// A server's side of a session.
#[cfg(feature = "client")]
pub(crate) fn server_session() -> ServerConnection {
    let certificate = CertificateDer::from_pem_slice(CERTIFICATE).expect("a certificate");
    let key = PrivateKeyDer::from_pem_slice(KEY).expect("a key");
    let config = ServerConfig::builder_with_provider(default_provider().into())
        .with_protocol_versions(&VERSIONS)
        .expect("the versions are spoken")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .expect("they belong together");
    ServerConnection::new(config.into()).expect("a session")
}

/// Both versions that the server speaks.
pub(crate) const VERSIONS: [&SupportedProtocolVersion; 2] = [&TLS12, &TLS13];

/// A moment at which the certificate is valid.
#[derive(Debug)]
struct In2030;

impl TimeProvider for In2030 {
    fn current_time(&self) -> Option<UnixTime> {
        let since_epoch = Duration::from_secs(60 * 365 * 24 * 60 * 60);
        Some(UnixTime::since_unix_epoch(since_epoch))
    }
}

/// A session of somebody who trusts the certificate. `longest` bounds the text of one record, in bytes.
pub(crate) fn session(
    version: &'static SupportedProtocolVersion,
    longest: Option<usize>,
) -> ClientConnection {
    let mut roots = RootCertStore::empty();
    let certificate = CertificateDer::from_pem_slice(CERTIFICATE).expect("a certificate");
    roots.add(certificate).expect("it can be trusted");
    let builder = ClientConfig::builder_with_details(default_provider().into(), Arc::new(In2030))
        .with_protocol_versions(&[version])
        .expect("the version is spoken");
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.max_fragment_size = longest;
    let name = ServerName::try_from("localhost").expect("a name");
    ClientConnection::new(config.into(), name).expect("a session")
}

/// Somebody who speaks TLS.
pub(crate) struct TlsClient {
    world: World,
    pub(crate) pair: usize,
    session: ClientConnection,
    /// Bytes for the server that are held back.
    pub(crate) held: Vec<u8>,
    heard: Vec<u8>,
    pub(crate) end: End,
    /// Why the session failed.
    pub(crate) failed: Option<String>,
    /// Whether the server said that nothing more will come.
    pub(crate) is_closed: bool,
}

impl TlsClient {
    /// `longest` bounds the text of one record, in bytes.
    pub(crate) fn new(
        world: &World,
        pair: usize,
        version: &'static SupportedProtocolVersion,
        longest: Option<usize>,
    ) -> TlsClient {
        TlsClient {
            world: world.clone(),
            pair,
            session: session(version, longest),
            held: Vec::new(),
            heard: Vec::new(),
            end: End::Open,
            failed: None,
            is_closed: false,
        }
    }

    /// Encrypts text, and holds it back.
    pub(crate) fn say(&mut self, text: &str) {
        let written = self.session.writer().write_all(text.as_bytes());
        written.expect("room for what is said");
        self.pull();
    }

    /// Says that nothing more will come, and holds that back.
    pub(crate) fn close(&mut self) {
        self.session.send_close_notify();
        self.pull();
    }

    /// Takes what the session has to send.
    pub(crate) fn pull(&mut self) {
        while self.session.wants_write() {
            let written = self.session.write_tls(&mut self.held);
            written.expect("a vector takes everything");
        }
    }

    /// Sends so many of the bytes that are held back, as far as they fit.
    pub(crate) fn send(&mut self, most: usize) -> usize {
        let n = most.min(self.held.len());
        let n = self.world.send(self.pair, &self.held[..n]);
        self.held.drain(..n);
        n
    }

    /// Takes up to so many bytes of what the server sent.
    pub(crate) fn receive(&mut self, most: usize) {
        let (bytes, end) = self.world.receive(self.pair, most);
        self.end = end;
        let mut bytes = &bytes[..];
        while !bytes.is_empty() && self.failed.is_none() {
            let read = self.session.read_tls(&mut bytes);
            read.expect("a slice can be read");
            match self.session.process_new_packets() {
                Ok(state) => self.is_closed |= state.peer_has_closed(),
                Err(error) => self.failed = Some(error.to_string()),
            }
            let mut text = [0; 4096];
            loop {
                match self.session.reader().read(&mut text) {
                    Ok(0) => break,
                    Ok(n) => self.heard.extend_from_slice(&text[..n]),
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    Err(error) => panic!("{error}"),
                }
            }
        }
        self.pull();
    }

    pub(crate) fn is_handshaking(&self) -> bool {
        self.session.is_handshaking()
    }

    /// The text that came since the last call.
    pub(crate) fn heard(&mut self) -> String {
        String::from_utf8(std::mem::take(&mut self.heard)).expect("text")
    }
}
