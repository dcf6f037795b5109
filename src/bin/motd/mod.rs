//! The file of the message of the day.

use std::path::{Path, PathBuf};

use chinwag::{Handle, limits};

use crate::files::{self, Reader};

/// Sets the message anew at each signal. If the file cannot be read, the message stays as it was.
pub(crate) fn reader(path: PathBuf, handle: Handle) -> Reader {
    let read_again = move || read_again(&handle, &path);
    Reader::start("motd", "the message of the day", read_again)
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
    let bytes = files::read(path, limits::MOTD_BYTES)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
