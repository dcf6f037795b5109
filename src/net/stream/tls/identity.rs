//! `TlsIdentity`: a certificate and its key, checked and ready for use.

use std::fmt;
use std::sync::Arc;

use rustls::Error;
use rustls::crypto::ring::{Ticketer, default_provider};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{NoServerSessionStorage, ServerConfig};
use rustls::version::{TLS12, TLS13};

use super::validity::Validity;

/// A certificate with its chain and its private key, for a server that speaks TLS. Cheap to clone.
///
/// ```no_run
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut config = chinwag::Config::default();
/// let (chain, key) = (std::fs::read("chain.pem")?, std::fs::read("key.pem")?);
/// config.tls = Some(chinwag::TlsIdentity::from_pem(&chain, &key)?);
/// config.greet_after = std::time::Duration::from_millis(300);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct TlsIdentity {
    config: Arc<ServerConfig>,
    validity: Option<Validity>,
}

/// Why a certificate and a key are not an identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidTlsIdentity {
    /// There is no certificate in PEM.
    NoCertificate,
    /// A certificate cannot be read, or is not of X.509 version 3.
    BadCertificate,
    /// There is no private key in PEM, or only one behind a password.
    NoKey,
    /// The key cannot be read, or is of a kind that TLS has no use for.
    BadKey,
    /// The key is not that of the first certificate.
    WrongKey,
    /// The system gives no random numbers.
    NoRandom,
}

impl TlsIdentity {
    /// Reads a chain of certificates, the server's own first, and its private key, both in PEM. Checks that they belong
    /// together. It does not check whether anybody trusts them, nor whether they have expired.
    ///
    /// # Errors
    ///
    /// [`InvalidTlsIdentity`] names the fault.
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<TlsIdentity, InvalidTlsIdentity> {
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(chain).collect();
        let chain = chain.map_err(|_| InvalidTlsIdentity::BadCertificate)?;
        let first = chain.first().ok_or(InvalidTlsIdentity::NoCertificate)?;
        let validity = Validity::of(first);
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| match error {
            pem::Error::NoItemsFound => InvalidTlsIdentity::NoKey,
            _ => InvalidTlsIdentity::BadKey,
        })?;
        Ok(TlsIdentity {
            config: config(chain, key)?.into(),
            validity,
        })
    }

    /// When the certificate begins to be valid, in seconds since 1970-01-01 00:00 UTC, if it tells.
    pub fn not_before(&self) -> Option<i64> {
        self.validity.map(|it| it.not_before)
    }

    /// When the certificate expires, in seconds since 1970-01-01 00:00 UTC, if it tells.
    pub fn not_after(&self) -> Option<i64> {
        self.validity.map(|it| it.not_after)
    }

    pub(super) fn config(&self) -> Arc<ServerConfig> {
        self.config.clone()
    }
}

/// Nothing is remembered of a session: the peer keeps the one ticket that it gets, which only this identity can read.
fn config(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<ServerConfig, InvalidTlsIdentity> {
    let builder = ServerConfig::builder_with_provider(default_provider().into())
        .with_protocol_versions(&[&TLS13, &TLS12]);
    let builder = builder.map_err(|_| InvalidTlsIdentity::BadKey)?;
    let built = builder.with_no_client_auth().with_single_cert(chain, key);
    let mut config = built.map_err(|error| match error {
        Error::InconsistentKeys(_) => InvalidTlsIdentity::WrongKey,
        Error::InvalidCertificate(_) => InvalidTlsIdentity::BadCertificate,
        _ => InvalidTlsIdentity::BadKey,
    })?;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.ticketer = Ticketer::new().map_err(|_| InvalidTlsIdentity::NoRandom)?;
    config.send_tls13_tickets = 1;
    Ok(config)
}

/// Not the key.
impl fmt::Debug for TlsIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TlsIdentity").field(&self.validity).finish()
    }
}

impl fmt::Display for InvalidTlsIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            InvalidTlsIdentity::NoCertificate => "there is no certificate in PEM",
            InvalidTlsIdentity::BadCertificate => "a certificate cannot be read as X.509 version 3",
            InvalidTlsIdentity::NoKey => "there is no private key in PEM without a password",
            InvalidTlsIdentity::BadKey => "the private key cannot be read",
            InvalidTlsIdentity::WrongKey => "the key is not that of the certificate",
            InvalidTlsIdentity::NoRandom => "the system gives no random numbers",
        })
    }
}

impl std::error::Error for InvalidTlsIdentity {}
