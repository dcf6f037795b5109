//! Files of the operator: read at the start, and again at each signal that asks for it.
//!
//! Later reads happen on a separate thread: a disk may be slow, and a network disk may not answer at all.

use std::path::Path;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};

use crate::contents;
use crate::output::Job;

/// Reads something again when asked to.
pub(crate) struct Reader {
    /// A name for the contents, for the log.
    what: &'static str,
    asks: SyncSender<()>,
}

impl Reader {
    /// Starts a thread of this name for it.
    pub(crate) fn start(
        name: &str,
        what: &'static str,
        read_again: impl Fn() + Send + 'static,
    ) -> Reader {
        // The file is read after the waiting request was made, so that one request stands for many.
        let (asks, asked) = sync_channel(1);
        let reading = Job::start(name, move || asked.iter().for_each(|()| read_again()));
        if let Err(error) = reading {
            log::warn!("cannot read {what} again: {error}");
        }
        Reader { what, asks }
    }

    /// Reads it again. If that fails, everything stays as it was.
    pub(crate) fn read_again(&self) {
        if let Err(TrySendError::Disconnected(())) = self.asks.try_send(()) {
            let what = self.what;
            log::warn!("cannot read {what} again: nothing is there to read it");
        }
    }
}

/// Reads a file of at most so many bytes, or says why not.
pub(crate) fn read(path: &Path, most: usize) -> Result<Vec<u8>, String> {
    contents::read(path, most).map_err(|error| format!("cannot read {}: {error}", path.display()))
}
