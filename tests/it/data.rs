//! `server data`: copies of what is kept, and the way back.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use crate::daemon::{Daemon, command};
use crate::keeping::{Folder, has_sqlite, sqlite};
use crate::output::ends_cleanly;
use crate::program::program;

/// Runs `server data` to its end. Returns its exit code, standard output and standard error.
pub(crate) fn data(args: &[&str]) -> (i32, String, String) {
    let (status, out, log) = Daemon::spawn(command(&[&["data"], args].concat())).ends();
    let code = status.code().expect("ended by itself");
    (code, out.join("\n"), log.join("\n"))
}

/// Checks that it does what it is told, and says this.
pub(crate) fn does(args: &[&str], sentence: &str) {
    assert_eq!(data(args), (0, sentence.into(), String::new()));
}

/// Checks that it refuses, with this status and sentence.
fn refuses(args: &[&str], code: i32, sentence: &str) {
    assert_eq!(
        data(args),
        (code, String::new(), format!("server: {sentence}"))
    );
}

fn text(path: &Path) -> &str {
    path.to_str().expect("the path is text")
}

#[test]
fn a_copy_can_be_made_while_a_server_runs_and_sqlite_reads_it() {
    let folder = Folder::new("backup");
    let (server, _) = folder.serve(&[]);
    let copy = folder.at("copy");
    let copy_path = text(&copy);
    let args = ["backup", copy_path, "--data", folder.path()];
    does(&args, &format!("Copied 0 lines to {copy_path}."));
    let mode = fs::metadata(&copy)
        .expect("it is there")
        .permissions()
        .mode();
    assert_eq!(mode & 0o7777, 0o600);
    if has_sqlite("a_copy_can_be_made_while_a_server_runs_and_sqlite_reads_it") {
        assert_eq!(sqlite(&copy, "PRAGMA integrity_check"), "ok");
        assert_eq!(sqlite(&copy, "SELECT count(*) FROM line"), "0");
    }
    // A copy is never overwritten.
    refuses(
        &args,
        1,
        &format!("{copy_path} exists already; choose another name, or move it away."),
    );
    ends_cleanly(server);

    // Without a server it is the same, and the variable names the directory too.
    let second = folder.at("second");
    let mut by_variable = command(&["data", "backup", text(&second)]);
    by_variable.env("CHAT_DATA", folder.path());
    let (status, out, log) = Daemon::spawn(by_variable).ends();
    assert_eq!((status.code(), log), (Some(0), vec![]));
    assert_eq!(out, [format!("Copied 0 lines to {}.", text(&second))]);
}

#[test]
fn a_copy_takes_the_place_of_what_is_there_which_is_moved_aside() {
    let folder = Folder::used("restore");
    let copy = folder.at("copy");
    let (copy, dir) = (text(&copy), folder.path());
    does(
        &["backup", copy, "--data", dir],
        &format!("Copied 0 lines to {copy}."),
    );
    for aside in ["chinwag.db.before", "chinwag.db.before-2"] {
        let sentence = format!("Restored {dir} from {copy}; what was there is in {dir}/{aside}.");
        does(&["restore", copy, "--data", dir], &sentence);
        assert!(folder.at(aside).exists());
    }
    ends_cleanly(folder.serve(&[]).0);

    // On another machine there is nothing yet.
    let other = Folder::new("restore-elsewhere");
    let dir = other.path();
    does(
        &["restore", copy, "--data", dir],
        &format!("Restored {dir} from {copy}."),
    );
    let mode = fs::metadata(dir).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o7777, 0o700);
    ends_cleanly(other.serve(&[]).0);
}

/// Only root can give a file to somebody else.
#[test]
fn what_root_restores_belongs_to_the_owner_of_the_directory() {
    let folder = Folder::used("restore-as-root");
    let copy = folder.at("copy");
    let (copy, dir) = (text(&copy), folder.path());
    does(
        &["backup", copy, "--data", dir],
        &format!("Copied 0 lines to {copy}."),
    );
    let given = program("chown").args(["12345:12345", dir]).output();
    if !given.is_ok_and(|it| it.status.success()) {
        return;
    }
    let aside = format!("{dir}/chinwag.db.before");
    let sentence = format!("Restored {dir} from {copy}; what was there is in {aside}.");
    does(&["restore", copy, "--data", dir], &sentence);
    for file in ["chinwag.db", "chinwag.db.before", "lock"] {
        let found = fs::metadata(folder.at(file)).expect("it is there");
        assert_eq!((found.uid(), found.gid()), (12345, 12345), "{file}");
    }
    let found = fs::metadata(copy).expect("it is there");
    assert_ne!(found.uid(), 12345, "it is none of ours");
}

#[test]
fn a_damaged_file_is_not_copied_and_the_reason_is_one_line() {
    let folder = Folder::used("damaged-copy");
    let file = folder.file();
    let mut bytes = fs::read(&file).expect("it is there");
    bytes[7 * 4096..9 * 4096].fill(0xff);
    fs::write(&file, &bytes).expect("it can be written");
    let copy = folder.at("copy");
    let (code, out, log) = data(&["backup", text(&copy), "--data", folder.path()]);
    assert_eq!((code, &*out), (1, ""));
    assert!(
        log.contains(" is damaged (") && log.ends_with("; restore it from a backup."),
        "{log}"
    );
    assert!(!log.contains('\n'), "{log}");
    assert!(!copy.exists());
}

#[test]
fn nothing_is_restored_while_a_server_runs() {
    let folder = Folder::new("restore-in-use");
    let (server, _) = folder.serve(&[]);
    let copy = folder.at("copy");
    let (copy, dir) = (text(&copy), folder.path());
    does(
        &["backup", copy, "--data", dir],
        &format!("Copied 0 lines to {copy}."),
    );
    let process = server.id();
    let sentence = format!("{dir} is in use by another server (process {process}).");
    refuses(&["restore", copy, "--data", dir], 1, &sentence);
    assert!(!folder.at("chinwag.db.before").exists());
    ends_cleanly(server);
}

#[test]
fn what_cannot_be_copied_or_restored_is_told_in_one_sentence() {
    let folder = Folder::used("no-copy");
    let (copy, text_file) = (folder.at("copy"), folder.at("text"));
    let (copy, text_file, dir) = (text(&copy), text(&text_file), folder.path());
    fs::write(text_file, "things to buy\n").expect("it can be written");
    let nowhere = folder.at("nowhere");
    let nowhere = text(&nowhere);
    for (args, sentence) in [
        (
            ["backup", copy, "--data", nowhere],
            format!("{nowhere}/chinwag.db cannot be used: No such file or directory."),
        ),
        (
            ["backup", copy, "--data", text_file],
            format!("{text_file} is not a directory."),
        ),
        (
            ["restore", copy, "--data", text_file],
            format!("{text_file} is not a directory."),
        ),
        (
            ["backup", "/proc/copy", "--data", dir],
            "/proc/copy cannot be used: No such file or directory.".into(),
        ),
        (
            ["restore", copy, "--data", dir],
            format!("{copy} cannot be used: No such file or directory."),
        ),
        (
            ["restore", text_file, "--data", dir],
            format!("{text_file} is not a file of Chinwag; give another file."),
        ),
    ] {
        refuses(&args, 1, &sentence);
    }
    let left = fs::read_dir(dir).expect("it is there").count();
    assert_eq!(left, 3, "the file, the lock and the text");
    ends_cleanly(folder.serve(&[]).0);
}

#[test]
fn a_wrong_command_line_is_refused() {
    let folder = Folder::new("wrong-data");
    let dir = folder.path();
    for (args, sentence) in [
        (&[][..], "data takes backup FILE or restore FILE"),
        (&["--data", dir], "data takes backup FILE or restore FILE"),
        (
            &["copy", "x", "--data", dir],
            "data takes backup FILE or restore FILE, not 'copy'",
        ),
        (&["backup", "--data", dir], "data backup takes a file"),
        (&["restore"], "data restore takes a file"),
        (
            &["backup", "x"],
            "data backup needs a directory; give --data DIR",
        ),
        (
            &["backup", "x", "--data", ""],
            "--data takes a directory, not ''",
        ),
        (
            &["backup", "x", "y", "--data", dir],
            "unexpected argument 'y'",
        ),
        (
            &["backup", "x", "--durable"],
            "unrecognized option: 'durable'",
        ),
    ] {
        let sentence = format!("{sentence}. Try 'server data --help'.");
        refuses(args, 2, &sentence);
    }
    assert!(!Path::new(dir).exists(), "nothing is made");
}

#[test]
fn help_tells_of_each_act() {
    for args in [&["--help"][..], &["-h"], &["backup", "--help"]] {
        let (code, out, log) = data(args);
        assert_eq!((code, &*log), (0, ""));
        for words in [
            "server data backup FILE ",
            "server data restore FILE ",
            "--data DIR",
        ] {
            assert!(out.contains(words), "{out}");
        }
    }
    let (code, out, _) = data(&["--version"]);
    let version = concat!("chinwag server ", env!("CARGO_PKG_VERSION"));
    assert_eq!((code, &*out), (0, version));
}
