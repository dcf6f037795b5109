//! Files that are read whole. Only regular files are read, up to a bound; a pipe could keep its reader waiting forever.

use std::fs::OpenOptions;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// The contents of a file of at most so many bytes.
pub(crate) fn read(path: &Path, most: usize) -> io::Result<Vec<u8>> {
    // Otherwise, opening a pipe waits for a writer.
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY)
        .open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    // One byte more than allowed tells a file that is too long from one that just fits.
    let mut bytes = Vec::new();
    file.take(most as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > most {
        let sentence = format!("it has more than {most} bytes");
        return Err(io::Error::other(sentence));
    }
    Ok(bytes)
}
