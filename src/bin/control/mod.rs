//! The socket by which `server account` asks a running server: one line in, and one line out.
//!
//! Only the user of the server can open it. A thread of its own serves it, one connection at a time, so that it never
//! holds up the chat.

use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use chinwag::store::{AccountRequest, CONTROL};
use chinwag::{Error, Handle};

use crate::args;
use crate::output::Job;

/// Longest line of a request, and of an answer, in bytes. A hash has some hundred, and a name at most 128.
const LINE_BYTES: u64 = 4096;

/// How long a program may take to send its line, and to read the answer. It has nothing else to do by then, and the next
/// one waits for it.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long it may take the server to answer: as long as it takes to answer a handle, and the disk's time.
const ANSWER_PATIENCE: Duration = Duration::from_secs(20);

/// What an answer begins with.
const DONE: &str = "done ";
const REFUSED: &str = "refused ";

/// The socket of a running server. It is removed when dropped.
pub(crate) struct Control(PathBuf);

impl Control {
    /// Answers requests from now on. This process must have the lock of the directory, so a socket that is there is stale.
    pub(crate) fn start(dir: &Path, handle: Handle) -> io::Result<Control> {
        let path = dir.join(CONTROL);
        // Others could open it before its mode is set.
        let new = dir.join(format!("{CONTROL}.new"));
        for stale in [&path, &new] {
            match fs::remove_file(stale) {
                Err(why) if why.kind() != io::ErrorKind::NotFound => return Err(why),
                _ => {}
            }
        }
        let listener = UnixListener::bind(&new)?;
        fs::set_permissions(&new, PermissionsExt::from_mode(0o600))?;
        fs::rename(&new, &path)?;
        let control = Control(path);
        Job::start("control", move || serve(&listener, &handle))?;
        Ok(control)
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        drop(fs::remove_file(&self.0));
    }
}

fn serve(listener: &UnixListener, handle: &Handle) {
    for stream in listener.incoming() {
        let answered = stream.and_then(|it| answer(it, handle));
        if let Err(why) = answered {
            log::debug!("a request of a shell failed: {}", args::cause(&why));
        }
    }
}

fn answer(stream: UnixStream, handle: &Handle) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut line = String::new();
    BufReader::new(Read::take(&stream, LINE_BYTES)).read_line(&mut line)?;
    let request = line.strip_suffix('\n').and_then(AccountRequest::from_line);
    let done = match request {
        Some(request) => handle.account(&request),
        None => Err(Error::Config(
            "the server is of another version; restart it".into(),
        )),
    };
    let line = match done {
        Ok(told) => format!("{DONE}{told}\n"),
        Err(why) => format!("{REFUSED}{why}\n"),
    };
    (&stream).write_all(line.as_bytes())
}

/// Asks the server that uses a directory. `None`: no server listens there.
pub(crate) fn ask(dir: &Path, request: &AccountRequest) -> Option<Result<String, String>> {
    let stream = UnixStream::connect(dir.join(CONTROL)).ok()?;
    let lost = |why: io::Error| {
        let why = args::cause(&why);
        format!("the server gave no answer: {why}; 'server account list' tells whether it was done")
    };
    Some(exchange(&stream, request).unwrap_or_else(|why| Err(lost(why))))
}

fn exchange(stream: &UnixStream, request: &AccountRequest) -> io::Result<Result<String, String>> {
    stream.set_read_timeout(Some(ANSWER_PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut line = request.to_line();
    line.push('\n');
    let mut out = stream;
    out.write_all(line.as_bytes())?;
    let mut answer = String::new();
    BufReader::new(stream.take(LINE_BYTES)).read_line(&mut answer)?;
    let answer = answer.trim_end_matches('\n');
    Ok(
        match (answer.strip_prefix(DONE), answer.strip_prefix(REFUSED)) {
            (Some(told), _) => Ok(told.into()),
            (_, Some(why)) => Err(why.into()),
            _ => Err("the server gave no answer; look at its log".into()),
        },
    )
}
