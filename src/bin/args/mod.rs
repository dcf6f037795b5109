//! The common parts of both command lines: help, version, values from the environment, how to print them, and how to
//! report a mistake.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::os::fd::AsFd;

use getopts::{Matches, Options};

/// The wish behind a command line.
pub(crate) enum Asked {
    /// To do the program's work, with these options.
    Run(Matches),
    /// To print this and end.
    Print(&'static str),
}

/// Reads a command line of options and at most so many words. Adds `--help` and `--version` to the options.
pub(crate) fn parse(
    options: &mut Options,
    words: usize,
    args: impl Iterator<Item = OsString>,
    help: &'static str,
    version: &'static str,
) -> Result<Asked, String> {
    options.optflag("h", "help", "").optflag("V", "version", "");
    let args: Vec<OsString> = args.collect();
    check_text(&args)?;
    let matches = options
        .parse(args)
        .map_err(|fail| lower_first(&fail.to_string()))?;
    if matches.opt_present("help") {
        return Ok(Asked::Print(help));
    }
    if matches.opt_present("version") {
        return Ok(Asked::Print(version));
    }
    if let Some(extra) = matches.free.get(words) {
        return Err(format!("unexpected argument '{extra}'"));
    }
    Ok(Asked::Run(matches))
}

/// Refuses a value with bytes that are not UTF-8, and names its option.
fn check_text(args: &[OsString]) -> Result<(), String> {
    let Some(at) = args.iter().position(|arg| arg.to_str().is_none()) else {
        return Ok(());
    };
    let text = args[at].to_string_lossy();
    let before = at.checked_sub(1).map(|at| args[at].to_string_lossy());
    let option = match (text.split_once('='), before) {
        (Some((option, _)), _) if option.starts_with("--") => option.into(),
        _ if text.starts_with('-') => text.chars().take(2).collect(),
        (_, Some(option)) if option.starts_with('-') => option.into_owned(),
        _ => String::from("the command line"),
    };
    Err(not_text(&option, &args[at]))
}

fn not_text(source: &str, value: &OsStr) -> String {
    format!("{source} takes text in UTF-8, not {value:?}")
}

/// A value as it was given.
pub(crate) struct Given {
    /// The source of the value, as a person knows it: `--port`, or `CHAT_PORT`.
    pub(crate) source: String,
    pub(crate) text: String,
}

impl Given {
    pub(crate) fn by_option(option: &str, text: String) -> Given {
        let source = format!("--{option}");
        Given { source, text }
    }
}

/// The value of an environment variable. An empty one counts as not set.
pub(crate) fn variable(name: &str) -> Result<Option<Given>, String> {
    let Some(value) = env::var_os(name).filter(|value| !value.is_empty()) else {
        return Ok(None);
    };
    match value.into_string() {
        Ok(text) => Ok(Some(Given {
            source: name.into(),
            text,
        })),
        Err(value) => Err(not_text(name, &value)),
    }
}

/// The value of an option, or of the variable that sets its default.
pub(crate) fn given(matches: &Matches, option: &str, name: &str) -> Result<Option<Given>, String> {
    match matches.opt_str(option) {
        Some(text) => Ok(Some(Given::by_option(option, text))),
        None => variable(name),
    }
}

/// The value of an environment variable that is on or off, and its name.
pub(crate) fn switch(name: &str) -> Result<Option<(String, bool)>, String> {
    match variable(name)? {
        None => Ok(None),
        Some(Given { source, text }) => match text.as_str() {
            "on" => Ok(Some((source, true))),
            "off" => Ok(Some((source, false))),
            _ => Err(format!("{source} takes on or off, not '{text}'")),
        },
    }
}

/// Prints on standard output, or says why that failed. A reader who is gone needs nothing.
pub(crate) fn print(text: &str) -> Result<(), String> {
    // The standard library's own handle ignores a descriptor that cannot be written to, so this does not use it. A
    // descriptor that was closed at the start is `/dev/null` by now.
    let out = io::stdout().as_fd().try_clone_to_owned();
    match out.and_then(|out| File::from(out).write_all(text.as_bytes())) {
        Err(error) if !has_gone(&error) => Err(format!(
            "cannot print on standard output: {}. Send the output where it can be written",
            cause(&error)
        )),
        _ => Ok(()),
    }
}

/// Whether a write error means that nobody reads any more.
fn has_gone(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::BrokenPipe | ErrorKind::ConnectionReset
    )
}

/// The system's words alone, without the number that the standard library appends.
pub(crate) fn cause(error: &io::Error) -> String {
    words(&error.to_string())
}

/// The same for a sentence that ends with those words.
pub(crate) fn words(text: &str) -> String {
    text.split(" (os error ").next().unwrap_or(text).into()
}

/// Says on standard error why the program ends. If that is closed, the exit status still tells.
pub(crate) fn complain(sentence: &str) {
    let _ = writeln!(io::stderr(), "{sentence}");
}

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_ascii_lowercase());
    first.into_iter().chain(chars).collect()
}
