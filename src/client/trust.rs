//! `Trust`: the certificates that prove a server to be the one that is meant. It knows no socket.

use std::fmt::Write;
use std::io;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::version::{TLS12, TLS13};
use rustls::{
    CertificateError, ClientConfig, ClientConnection, DigitallySignedStruct, Error, RootCertStore,
    SignatureScheme,
};

use crate::net::Validity;

/// The most names of a certificate to tell the person.
const NAMES: usize = 4;

/// The certificates that a client trusts. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Trust {
    config: Arc<ClientConfig>,
    /// They are not those of the system.
    is_given: bool,
}

/// Why there is nothing to trust.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoTrust {
    /// There is no certificate.
    NoCertificate,
    /// A certificate cannot be read.
    BadCertificate,
}

impl Trust {
    /// Trusts these certificates in PEM and everything that they sign.
    ///
    /// # Errors
    ///
    /// [`NoTrust`] names the fault.
    pub fn from_pem(pem: &[u8]) -> Result<Trust, NoTrust> {
        let given: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
        let given = given.map_err(|_| NoTrust::BadCertificate)?;
        let mut roots = RootCertStore::empty();
        for certificate in &given {
            let added = roots.add(certificate.clone());
            added.map_err(|_| NoTrust::BadCertificate)?;
        }
        Trust::new(roots, given, true)
    }

    /// Trusts whatever this system trusts.
    ///
    /// # Errors
    ///
    /// When the system tells of no certificate.
    pub fn of_system() -> Result<Trust, NoTrust> {
        // A part of them may be out of reach. The others still count.
        let found = rustls_native_certs::load_native_certs().certs;
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(found.iter().cloned());
        Trust::new(roots, found, false)
    }

    fn new(
        roots: RootCertStore,
        trusted: Vec<CertificateDer<'static>>,
        is_given: bool,
    ) -> Result<Trust, NoTrust> {
        let provider = Arc::new(default_provider());
        let by_roots =
            WebPkiServerVerifier::builder_with_provider(roots.into(), provider.clone()).build();
        let by_roots = by_roots.map_err(|_| NoTrust::NoCertificate)?;
        let builder = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&TLS13, &TLS12])
            .map_err(|_| NoTrust::BadCertificate)?;
        let verifier = Arc::new(Verifier { by_roots, trusted });
        let config = builder
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth();
        Ok(Trust {
            config: config.into(),
            is_given,
        })
    }

    /// A session with a server that must be this host, or a sentence that says why there can be none.
    pub(super) fn begin(&self, host: &str) -> Result<ClientConnection, String> {
        // The zone of an address counts on this machine only.
        let bare = host.split('%').next().unwrap_or(host);
        let name = ServerName::try_from(bare.to_owned());
        let name = name.map_err(|_| format!("no certificate can be for '{host}'. Check --host"))?;
        ClientConnection::new(self.config.clone(), name)
            .map_err(|error| format!("cannot begin TLS: {error}. Connect without TLS"))
    }

    /// Says why a handshake failed, and what to do. Without an error, the server has closed the connection.
    pub(super) fn refusal(&self, error: Option<&io::Error>) -> String {
        let Some(error) = error else {
            return ended("it closed the connection");
        };
        let inner = error.get_ref().and_then(|it| it.downcast_ref::<Error>());
        match inner {
            Some(Error::InvalidCertificate(why)) => self.distrust(why),
            Some(Error::InvalidMessage(_)) => {
                "it does not speak TLS. Check --port, or connect without TLS".into()
            }
            Some(Error::PeerIncompatible(_)) => {
                "it speaks no TLS that this client knows. The server needs TLS 1.2 or 1.3".into()
            }
            Some(error) => format!("TLS failed: {error}. Check --host and --port"),
            None if error.kind() == io::ErrorKind::UnexpectedEof => {
                ended("it closed the connection")
            }
            None => ended(&super::link::cause(error)),
        }
    }

    fn distrust(&self, why: &CertificateError) -> String {
        match why {
            // The signature is bad where another root has the name of a trusted one.
            CertificateError::UnknownIssuer | CertificateError::BadSignature if self.is_given => {
                "its certificate is neither in the file of --ca nor signed by one in there. Check --ca"
            }
            CertificateError::UnknownIssuer | CertificateError::BadSignature => {
                "its certificate is not trusted. To trust it, give --ca FILE with it or with the one that signed it"
            }
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                "its certificate has expired. The server needs a new one, unless this machine's clock is wrong"
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                "its certificate is not valid yet. Check this machine's clock"
            }
            CertificateError::NotValidForNameContext {
                expected,
                presented,
            } => return for_another(&expected.to_str(), presented),
            why => return format!("its certificate is not valid: {why}. The server needs another one"),
        }
        .into()
    }
}

fn ended(how: &str) -> String {
    format!("{how} before TLS had begun. Check --port, or connect without TLS")
}

/// Names that contain anything odd are left out: they come from another machine.
fn for_another(expected: &str, presented: &[String]) -> String {
    let plain = |name: &&str| {
        let mut chars = name.chars();
        chars.all(|c| c.is_ascii_alphanumeric() || "-.*_:".contains(c))
    };
    let names = presented.iter().filter_map(|name| {
        let inside = name.split_once('(')?.1.strip_suffix(')')?;
        Some(inside.trim_matches('"')).filter(plain)
    });
    let names: Vec<&str> = names.take(NAMES + 1).collect();
    let mut sentence = String::from("its certificate is for ");
    let shown = &names[..names.len().min(NAMES)];
    match shown {
        [] => sentence.push_str("another name"),
        _ => sentence.push_str(&shown.join(", ")),
    }
    if names.len() > NAMES {
        sentence.push_str(" and others");
    }
    // Writing to a string cannot fail.
    let _ = write!(sentence, ", not for {expected}. Check --host");
    sentence
}

/// Trusts a server whose certificate is signed by a trusted one, as everybody does; and one whose certificate is itself
/// trusted. The first alone would refuse what `openssl req -x509` makes: a certificate that is its own root.
#[derive(Debug)]
struct Verifier {
    by_roots: Arc<WebPkiServerVerifier>,
    trusted: Vec<CertificateDer<'static>>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if self.trusted.contains(end_entity) {
            check_time(end_entity, now)?;
            verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
            return Ok(ServerCertVerified::assertion());
        }
        let by_roots = &self.by_roots;
        by_roots
            .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
            .map_err(|error| match error {
                // A root that is not trusted. The library asks this before it asks who signed it.
                Error::InvalidCertificate(CertificateError::Other(why))
                    if why.to_string() == "CaUsedAsEndEntity" =>
                {
                    CertificateError::UnknownIssuer.into()
                }
                error => error,
            })
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let by_roots = &self.by_roots;
        by_roots.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let by_roots = &self.by_roots;
        by_roots.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.by_roots.supported_verify_schemes()
    }
}

/// A certificate that does not tell its time is taken for one that cannot be read.
fn check_time(certificate: &CertificateDer<'_>, now: UnixTime) -> Result<(), CertificateError> {
    let validity = Validity::of(certificate).ok_or(CertificateError::BadEncoding)?;
    let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    if now < validity.not_before {
        return Err(CertificateError::NotValidYet);
    }
    if now > validity.not_after {
        return Err(CertificateError::Expired);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::simulated::tls::CERTIFICATE;

    fn verifier(trusted: &[u8]) -> Verifier {
        let trusted = vec![CertificateDer::from_pem_slice(trusted).unwrap()];
        let mut roots = RootCertStore::empty();
        roots.add(trusted[0].clone()).unwrap();
        let provider = Arc::new(default_provider());
        let builder = WebPkiServerVerifier::builder_with_provider(roots.into(), provider);
        let by_roots = builder.build().unwrap();
        Verifier { by_roots, trusted }
    }

    #[test]
    fn a_trusted_certificate_must_be_valid_now_and_for_this_host() {
        let verifier = verifier(CERTIFICATE);
        let certificate = &verifier.trusted[0];
        let validity = Validity::of(certificate).unwrap();
        let (begin, end) = (validity.not_before as u64, validity.not_after as u64);
        for (host, at, why) in [
            ("localhost", begin, None),
            ("localhost", end, None),
            ("localhost", begin - 1, Some("is not valid yet")),
            ("localhost", end + 1, Some("has expired")),
            (
                "localhost.example",
                begin,
                Some("is for localhost, not for localhost.example"),
            ),
            (
                "127.0.0.1",
                begin,
                Some("is for localhost, not for 127.0.0.1"),
            ),
        ] {
            let name = ServerName::try_from(host).unwrap();
            let now = UnixTime::since_unix_epoch(std::time::Duration::from_secs(at));
            let checked = verifier.verify_server_cert(certificate, &[], &name, &[], now);
            let trust = Trust::from_pem(CERTIFICATE).unwrap();
            let refusal = checked.err().map(|error| {
                let error = io::Error::new(io::ErrorKind::InvalidData, error);
                trust.refusal(Some(&error))
            });
            match why {
                None => assert_eq!(refusal, None, "{host} at {at}"),
                Some(why) => assert!(refusal.unwrap().contains(why), "{host} at {at}"),
            }
        }
    }

    #[test]
    fn names_of_a_certificate_are_told_unless_they_are_odd() {
        let quoted = |name: &str| format!("DnsName(\"{name}\")");
        let many: Vec<String> = ["a", "*.b", "c", "d", "e"].map(quoted).into();
        for (presented, told) in [
            (&[][..], "another name"),
            (
                &[quoted("\u{1b}[2J"), "DirectoryName".into()],
                "another name",
            ),
            (&["IpAddress(::1)".into(), quoted("a\"b")], "::1"),
            (&many[..4], "a, *.b, c, d"),
            (&many, "a, *.b, c, d and others"),
        ] {
            let expected = format!("its certificate is for {told}, not for h. Check --host");
            assert_eq!(for_another("h", presented), expected);
        }
    }

    #[test]
    fn what_is_no_certificate_is_not_trusted() {
        let broken = b"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
        let fault = |pem| Trust::from_pem(pem).unwrap_err();
        assert_eq!(fault(b""), NoTrust::NoCertificate);
        assert_eq!(fault(broken), NoTrust::BadCertificate);
        assert_eq!(
            fault(&[CERTIFICATE, broken].concat()),
            NoTrust::BadCertificate
        );
    }

    #[test]
    fn an_address_has_a_name_to_check_and_its_zone_does_not_count() {
        let trust = Trust::from_pem(CERTIFICATE).unwrap();
        for host in ["localhost", "127.0.0.1", "::1", "fe80::1%eth0"] {
            assert!(trust.begin(host).is_ok(), "{host}");
        }
        let expected = "no certificate can be for 'a b'. Check --host";
        assert_eq!(trust.begin("a b").unwrap_err(), expected);
    }
}
