//! The file of the message of the day: read at the start, and again whenever a signal asks for it.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use chinwag::{Handle, limits};

/// Reads the file again. Where that fails, the message stays as it was.
pub(crate) fn read_again(handle: &Handle, path: &Path) {
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
    let file = File::open(path)?;
    // One byte more than allowed tells a file that is too long from one that just fits.
    let most = limits::MOTD_BYTES as u64 + 1;
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}
