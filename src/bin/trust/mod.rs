//! The certificates that the client's command line asks to trust.

use std::path::Path;

use chinwag::inner::client::{NoTrust, Trust};
use getopts::Matches;

use crate::args::{self, Given};
use crate::contents;
use crate::settings::{Settings, either};

/// Longest file of certificates, in bytes. Those that a system trusts have a quarter of a megabyte.
const MOST: usize = 4 * 1024 * 1024;

/// What to trust, if TLS is asked for. A file of certificates asks for it too, unless the same place says otherwise.
pub(crate) fn given(matches: &Matches, settings: &Settings) -> Result<Option<Trust>, String> {
    let by_option = either(matches, "tls", "no-tls")?;
    let of_option = matches.opt_str("ca");
    let of_option = of_option.map(|file| Given::by_option("ca", file));
    if of_option.is_some() && by_option == Some(false) {
        return Err("--ca asks for TLS, and --no-tls is against it; give one of them".into());
    }
    let by_option = by_option.or(of_option.as_ref().map(|_| true));
    let of_variable = args::variable("CHAT_CA")?;
    let by_variable = args::switch("CHAT_TLS")?.map(|(_, on)| on);
    let by_variable = of_variable.as_ref().map(|_| true).or(by_variable);
    let by_file = settings.tls.or(settings.ca.as_ref().map(|_| true));
    if by_option.or(by_variable).or(by_file) != Some(true) {
        return Ok(None);
    }
    match of_option.or(of_variable).as_ref().or(settings.ca.as_ref()) {
        Some(file) => of_file(file).map(Some),
        None => Trust::of_system()
            .map(Some)
            .map_err(|_| "this system has no certificates to trust; give --ca FILE".into()),
    }
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
