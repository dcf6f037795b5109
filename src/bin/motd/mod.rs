//! The file of the message of the day: read at the start, and again at each signal that asks for it.
//!
//! Later reads happen on a separate thread: a disk may be slow, and a network disk may not answer at all. Only regular
//! files are read, up to the length of a message; a pipe could keep its reader waiting forever.

use std::fs::OpenOptions;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};

use chinwag::{Handle, limits};

use crate::output::Job;

/// Reads the file again when asked to.
pub(crate) struct Reader {
    asks: SyncSender<()>,
}

impl Reader {
    pub(crate) fn start(path: PathBuf, handle: Handle) -> Reader {
        // The file is read after the waiting request was made, so that one request stands for many.
        let (asks, asked) = sync_channel(1);
        let reading = Job::start("motd", move || {
            for () in asked {
                read_again(&handle, &path);
            }
        });
        if let Err(error) = reading {
            log::warn!("cannot read the message of the day again: {error}");
        }
        Reader { asks }
    }

    /// Reads the file again. If that fails, the message stays as it was.
    pub(crate) fn read_again(&self) {
        if let Err(TrySendError::Disconnected(())) = self.asks.try_send(()) {
            log::warn!("cannot read the message of the day again: nothing is there to read it");
        }
    }
}

fn read_again(handle: &Handle, path: &Path) {
    let read = read(path).and_then(|text| {
        let set = handle.set_motd(Some(&text));
        set.map_err(|error| error.to_string())
    });
    match read {
        Ok(()) => log::info!("read {} again", path.display()),
        Err(sentence) => log::warn!("{sentence}; keeping the message of the day as it was"),
    }
}

/// Reads the message of the day, of any encoding.
pub(crate) fn read(path: &Path) -> Result<String, String> {
    let bytes = bytes(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    // Otherwise, opening a pipe waits for a writer.
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY)
        .open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    // One byte more than allowed tells a file that is too long from one that just fits.
    let most = limits::MOTD_BYTES as u64 + 1;
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes)?;
    if bytes.len() > limits::MOTD_BYTES {
        let sentence = format!("it has more than {} bytes", limits::MOTD_BYTES);
        return Err(io::Error::other(sentence));
    }
    Ok(bytes)
}
