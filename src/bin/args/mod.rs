//! What both command lines have in common: help, version, and how what is wrong is told.

use std::ffi::OsString;
use std::io::{self, Write};

use getopts::{Matches, Options};

/// What a command line asks for.
pub(crate) enum Asked {
    /// To do what the program is for, with these options.
    Run(Matches),
    /// To print this and end.
    Print(&'static str),
}

/// Reads a command line that takes options alone. `--help` and `--version` are added to them.
pub(crate) fn parse(
    options: &mut Options,
    args: impl Iterator<Item = OsString>,
    help: &'static str,
    version: &'static str,
) -> Result<Asked, String> {
    options.optflag("h", "help", "").optflag("V", "version", "");
    let matches = options
        .parse(args)
        .map_err(|fail| lower_first(&fail.to_string()))?;
    if matches.opt_present("help") {
        return Ok(Asked::Print(help));
    }
    if matches.opt_present("version") {
        return Ok(Asked::Print(version));
    }
    match matches.free.first() {
        Some(extra) => Err(format!("unexpected argument '{extra}'")),
        None => Ok(Asked::Run(matches)),
    }
}

/// Says on standard error why the program ends. Whoever has closed that misses it, and the exit status tells the same.
pub(crate) fn complain(sentence: &str) {
    let _ = writeln!(io::stderr(), "{sentence}");
}

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_ascii_lowercase());
    first.into_iter().chain(chars).collect()
}
