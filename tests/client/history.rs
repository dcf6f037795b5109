//! The lines typed before, when their file is not an ordinary one.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, FileType, Mode, makedev, mknodat};

use crate::harness::{ChatServer, Home, Person, Scripted, client};

/// Makes the history a link to this, which everyone may read and write.
fn link_to(home: &Home, file: &Path) -> PathBuf {
    fs::set_permissions(file, Permissions::from_mode(0o666)).unwrap();
    let link = home.0.join("chinwag/history");
    fs::create_dir(home.0.join("chinwag")).unwrap();
    symlink(file, &link).unwrap();
    link
}

/// Says something, brings it back with Up, and leaves.
fn chat(server: &ChatServer, home: &Home) {
    let mut ann = Person::join(server.port, home, "Ann", 60, 10);
    ann.keys("what I said\r");
    ann.until_rows(&["Ann: what I said", ">"]);
    ann.keys("\x1b[A");
    ann.until_rows(&["Ann: what I said", "> what I said"]);
    ann.keys("\x15/quit\r");
    ann.end_with(0);
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn what_is_no_file_of_ones_own_is_left_alone() {
    let server = ChatServer::start();
    for kind in ["fifo", "device", "file of somebody else"] {
        let home = Home::new();
        let path = home.0.join("special");
        // Only root can make all but the first; the device is that of /dev/null.
        let made = match kind {
            "fifo" => mknodat(CWD, &path, FileType::Fifo, Mode::empty(), 0).is_ok(),
            "device" => {
                let null = makedev(1, 3);
                mknodat(CWD, &path, FileType::CharacterDevice, Mode::empty(), null).is_ok()
            }
            _ => fs::write(&path, "").is_ok() && chown(&path, Some(12_345), None).is_ok(),
        };
        if made {
            link_to(&home, &path);
            chat(&server, &home);
            assert_eq!(mode(&path), 0o666, "{kind}");
            assert_eq!(fs::metadata(&path).unwrap().len(), 0, "{kind}");
        }
    }
}

#[test]
fn a_link_to_a_long_file_stays_one() {
    let (server, home) = (ChatServer::start(), Home::new());
    let file = home.0.join("long");
    let lines: String = (0..200_000).map(|i| format!("line {i}\n")).collect();
    fs::write(&file, lines).unwrap();
    let hard = home.0.join("hard");
    fs::hard_link(&file, &hard).unwrap();
    let link = link_to(&home, &file);
    chat(&server, &home);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(mode(&file), 0o600);
    let kept = fs::read_to_string(&hard).unwrap();
    assert!(kept.starts_with("line 199000\n"), "{:.40}", kept);
    assert!(kept.ends_with("line 199999\nwhat I said\n/quit\n"));
}

#[test]
fn ctrl_r_finds_what_was_typed_and_sends_nothing_by_itself() {
    let (server, home) = (Scripted::start(), Home::new());
    let mut ann = Person::sit_down(client(server.port, &home.0, &["-n", "Ann"]), 80, 24);
    let (mut served, _) = server.welcome();
    ann.until_seen("Welcome");
    for line in ["deploy den", "hello", "deploy lab"] {
        ann.keys(&format!("{line}\r"));
        assert_eq!(served.reads(), line);
    }
    ann.keys("a draft\x12dep");
    ann.until_rows(&["(search: dep) > deploy lab"]);
    ann.keys("\x12");
    ann.until_rows(&["(search: dep) > deploy den"]);
    ann.keys("\x07");
    ann.until_rows(&["> a draft"]);
    // A lone Escape gives up, too.
    ann.keys("\x12hel");
    ann.until_rows(&["(search: hel) > hello"]);
    ann.keys("\x1b");
    ann.until_rows(&["> a draft"]);
    ann.keys("\x12den\r, again");
    ann.until_rows(&["> deploy den, again"]);
    ann.keys("\r");
    assert_eq!(served.reads(), "deploy den, again");
}
