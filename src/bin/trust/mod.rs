//! The certificates that the client's command line asks to trust.

use std::path::Path;

use chinwag::inner::client::{NoTrust, Trust};
use getopts::Matches;

use crate::args::{self, Given};
use crate::contents;

/// Longest file of certificates, in bytes. Those that a system trusts have a quarter of a megabyte.
const MOST: usize = 4 * 1024 * 1024;

/// What to trust, if TLS is asked for.
pub(crate) fn given(matches: &Matches) -> Result<Option<Trust>, String> {
    let asked = args::switched_on(matches, "tls", "CHAT_TLS")?;
    if let Some(file) = args::given(matches, "ca", "CHAT_CA")? {
        return of_file(&file).map(Some);
    }
    let of_system = |_| {
        Trust::of_system()
            .map_err(|_| "this system has no certificates to trust; give --ca FILE".into())
    };
    asked.map(of_system).transpose()
}

fn of_file(Given { source, text: file }: &Given) -> Result<Trust, String> {
    let read = contents::read(Path::new(file), MOST);
    let pem = read.map_err(|error| {
        let why = args::cause(&error);
        format!("{source}: cannot read {file}: {why}")
    })?;
    Trust::from_pem(&pem).map_err(|why| match why {
        NoTrust::NoCertificate => {
            format!("{source}: there is no certificate in {file}; it takes PEM")
        }
        NoTrust::BadCertificate => {
            format!("{source}: a certificate in {file} cannot be read; it takes X.509 version 3")
        }
    })
}
