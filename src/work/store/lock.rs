//! The lock of a directory. It is that of an open file and of the directory, so it ends with the process, however that
//! ends.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::error::Error;
use super::open::NONBLOCK;

/// The file whose lock it is. It holds the number of the process.
const NAME: &str = "lock";

/// A directory that this process alone uses.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
    /// The directory itself, since somebody may remove the file.
    _dir: Option<File>,
}

impl Lock {
    /// Locks a directory.
    pub(super) fn take(dir: &Path) -> Result<Lock, Error> {
        let path = dir.join(NAME);
        let failed = |why: std::io::Error| Error::disk(&path, &why);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = options
            .mode(0o600)
            .custom_flags(NONBLOCK)
            .open(&path)
            .map_err(failed)?;
        let in_use = |file: File| {
            let mut text = String::new();
            drop(file.take(32).read_to_string(&mut text));
            let process = text.trim().parse().ok();
            let dir = dir.into();
            Err(Error::InUse { dir, process })
        };
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return in_use(file),
            Err(TryLockError::Error(why)) => return Err(failed(why)),
        }
        // Some file systems lock no directories.
        let opened = File::open(dir).ok();
        if let Some(Err(TryLockError::WouldBlock)) = opened.as_ref().map(File::try_lock) {
            return in_use(file);
        }
        let note = |file: &mut File| {
            file.set_len(0)?;
            file.seek(SeekFrom::Start(0))?;
            writeln!(file, "{}", std::process::id())
        };
        // A full disk is no reason not to start: only the number is missing.
        drop(note(&mut file));
        Ok(Lock {
            _file: file,
            _dir: opened,
        })
    }
}

/// The kind of the file system of a path, if SQLite's locks and shared memory do not work there.
pub(super) fn network(path: &Path) -> Option<&'static str> {
    kind_of(path).and_then(named)
}

#[cfg(target_os = "linux")]
fn kind_of(path: &Path) -> Option<u32> {
    let found = rustix::fs::statfs(path).ok()?;
    Some(found.f_type as u32)
}

/// Elsewhere the kinds have other numbers.
#[cfg(not(target_os = "linux"))]
fn kind_of(_: &Path) -> Option<u32> {
    None
}

/// The name of a kind, by the numbers of statfs(2).
fn named(kind: u32) -> Option<&'static str> {
    match kind {
        0x6969 => Some("NFS"),
        0x517b | 0xff53_4d42 | 0xfe53_4d42 => Some("SMB"),
        0x0102_1997 => Some("9p"),
        0x6573_5546 => Some("FUSE"),
        0x5346_414f => Some("AFS"),
        0x00c3_6400 => Some("Ceph"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{kind_of, named, network};

    #[test]
    fn file_systems_of_other_machines_are_known_by_their_numbers() {
        let numbers = [
            0x6969,
            0x517b,
            0xff53_4d42,
            0xfe53_4d42,
            0x0102_1997,
            0x6573_5546,
        ];
        let names = ["NFS", "SMB", "SMB", "SMB", "9p", "FUSE"];
        assert_eq!(numbers.map(named), names.map(Some));
        // Those of ext4, XFS, Btrfs, ZFS, tmpfs and overlayfs.
        let numbers = [
            0xef53,
            0x5846_5342,
            0x9123_683e,
            0x2fc1_2fc1,
            0x0102_1994,
            0x794c_7630,
        ];
        assert_eq!(numbers.map(named), [None; 6]);
        if cfg!(target_os = "linux") {
            assert_eq!(kind_of(Path::new("/proc")), Some(0x9fa0));
        }
        assert_eq!(network(Path::new("/proc")), None);
    }
}
