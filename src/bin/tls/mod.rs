//! The files of the certificate and of its key. The key never goes anywhere but into the identity.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use chinwag::{Handle, InvalidTlsIdentity, TlsIdentity};

use crate::files::{self, Reader};

/// Longest file of certificates or of a key, in bytes. A chain has two or three certificates, of some 2 KB each.
const MOST: usize = 256 * 1024;

/// Where the certificate and its key are.
#[derive(Clone)]
pub(crate) struct Files {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

impl Files {
    /// Reads both files and checks them against each other, or says what is wrong with which of them.
    pub(crate) fn read(&self) -> Result<TlsIdentity, String> {
        let certificate = files::read(&self.certificate, MOST)?;
        let key = files::read(&self.key, MOST)?;
        TlsIdentity::from_pem(&certificate, &key).map_err(|why| self.blame(why))
    }

    fn blame(&self, why: InvalidTlsIdentity) -> String {
        let (certificate, key) = (self.certificate.display(), self.key.display());
        match why {
            InvalidTlsIdentity::NoCertificate => {
                format!("there is no certificate in {certificate}; it takes PEM")
            }
            InvalidTlsIdentity::BadCertificate => {
                format!("a certificate in {certificate} cannot be read; it takes X.509 version 3")
            }
            InvalidTlsIdentity::NoKey => {
                format!("there is no private key in {key}; it takes PEM without a password")
            }
            InvalidTlsIdentity::BadKey => {
                format!(
                    "the private key in {key} cannot be read; it takes an EC, Ed25519 or RSA key"
                )
            }
            InvalidTlsIdentity::WrongKey => {
                format!("the key in {key} is not that of the certificate in {certificate}")
            }
            other => format!("cannot speak TLS with {certificate} and {key}: {other}"),
        }
    }

    /// A warning for the operator about a certificate that can be used otherwise.
    pub(crate) fn remark(&self, identity: &TlsIdentity) -> Option<String> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
        let now = i64::try_from(now.as_secs()).ok()?;
        let file = self.certificate.display();
        if identity.not_after().is_some_and(|it| it < now) {
            return Some(format!(
                "the certificate in {file} has expired; clients refuse it"
            ));
        }
        let is_early = identity.not_before().is_some_and(|it| it > now);
        is_early.then(|| format!("the certificate in {file} is not valid yet; clients refuse it"))
    }

    /// Reads both files anew at each signal. Unless both are fit for use, newcomers get the certificate from before.
    pub(crate) fn reader(self, handle: Handle) -> Reader {
        let read_again = move || self.read_again(&handle);
        Reader::start("tls", "the certificate", read_again)
    }

    fn read_again(&self, handle: &Handle) {
        let read = self.read().and_then(|identity| {
            let remark = self.remark(&identity);
            let set = handle.set_tls(identity);
            set.map(|()| remark).map_err(|error| error.to_string())
        });
        match read {
            Ok(remark) => {
                let (certificate, key) = (self.certificate.display(), self.key.display());
                log::info!("read {certificate} and {key} again");
                if let Some(remark) = remark {
                    log::warn!("{remark}");
                }
            }
            Err(sentence) => log::warn!("{sentence}; keeping the certificate as it was"),
        }
    }
}
