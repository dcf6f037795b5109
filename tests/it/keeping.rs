//! `server --data`: the directory, who may use it, and what is refused before anybody can connect.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use nix::sys::signal::Signal;

use crate::daemon::{Daemon, command, command_after, start};
use crate::harness::until;
use crate::output::ends_cleanly;
use crate::program::program;
use crate::real_clients::leave_out;

/// A folder for one test, which is not made, and is removed when dropped.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Folder {
        let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
        let path = dir.join(format!("{name}-{}", std::process::id()));
        drop(fs::remove_dir_all(&path));
        Folder(path)
    }

    /// A folder in which a server has made its file.
    pub(crate) fn used(name: &str) -> Folder {
        let folder = Folder::new(name);
        ends_cleanly(folder.serve(&[]).0);
        folder
    }

    /// Serves with this folder and these options.
    pub(crate) fn serve(&self, args: &[&str]) -> (Daemon, std::net::SocketAddr) {
        start(&[&["--data", self.path()], args].concat())
    }

    pub(crate) fn path(&self) -> &str {
        self.0.to_str().expect("the path is text")
    }

    /// The path of a file in it.
    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.at("chinwag.db")
    }

    /// Asks the file something, by the real `sqlite3`.
    pub(crate) fn ask(&self, sql: &str) -> String {
        sqlite(&self.file(), sql)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

/// Whether `sqlite3` is installed. If not, says that the test is left out, or fails.
pub(crate) fn has_sqlite(test: &str) -> bool {
    let is_there = program("sqlite3").arg("--version").output().is_ok();
    if !is_there {
        leave_out(test, "sqlite3");
    }
    is_there
}

/// What `sqlite3` prints, without the last line end. It waits for a lock of the server as long as any test waits.
pub(crate) fn sqlite(file: &Path, sql: &str) -> String {
    let mut asking = program("sqlite3");
    asking.args(["-cmd", ".timeout 10000"]).arg(file).arg(sql);
    let done = asking.output().expect("it can be run");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    assert!(done.status.success(), "{sql}: {}", text(done.stderr));
    text(done.stdout).trim_end().into()
}

/// Runs the program to its end. Returns its exit code and standard error; nothing may stand on standard output.
fn is_refused(args: &[&str]) -> (i32, String) {
    let (status, out, log) = Daemon::spawn(command(args)).ends();
    assert_eq!(out, [""; 0]);
    (status.code().expect("ended by itself"), log.join("\n"))
}

/// Checks that a server does not start with this folder, and says so in one line.
fn is_unfit(folder: &Folder, sentence: &str) {
    let (code, log) = is_refused(&["-l", "127.0.0.1:0", "--data", folder.path()]);
    assert_eq!((code, &*log), (1, &*format!("server: {sentence}.")));
}

#[test]
fn a_directory_has_one_server_and_the_second_names_the_first() {
    let folder = Folder::new("lock");
    let (first, _) = folder.serve(&[]);
    let (path, id) = (folder.path(), first.id());
    let sentence = format!("{path} is in use by another server (process {id})");
    is_unfit(&folder, &sentence);
    // However the first one ends, it leaves nothing that keeps the next one out.
    first.signal(Signal::SIGKILL);
    let (status, ..) = first.ends();
    assert_eq!(status.code(), None);
    let (next, _) = folder.serve(&[]);
    is_unfit(
        &folder,
        &sentence.replace(&id.to_string(), &next.id().to_string()),
    );
    ends_cleanly(next);
    ends_cleanly(folder.serve(&[]).0);
}

#[test]
fn a_directory_is_opened_before_the_server_listens() {
    let folder = Folder::used("before-listening");
    let (_first, addr) = folder.serve(&[]);
    let (code, log) = is_refused(&["-l", &addr.to_string(), "--data", folder.path()]);
    assert_eq!(code, 1);
    assert!(log.contains(" is in use by another server "), "{log}");
    // If listening fails, the directory is free again.
    let other = Folder::new("no-listener");
    let (code, log) = is_refused(&["-l", &addr.to_string(), "--data", other.path()]);
    assert!(
        (code, log.contains("cannot listen on")) == (1, true),
        "{log}"
    );
    ends_cleanly(other.serve(&[]).0);
}

#[test]
fn a_directory_that_cannot_be_made_or_is_none_is_refused() {
    let folder = Folder::new("no-directory");
    fs::create_dir(folder.path()).expect("it can be made");
    let file = folder.at("file");
    fs::write(&file, "text").expect("it can be written");
    let inside = file.join("chat");
    let places = [
        (&*file, format!("{} is not a directory", file.display())),
        (
            &*inside,
            format!("{} cannot be used: Not a directory", inside.display()),
        ),
        (
            Path::new("/proc/chat"),
            "/proc/chat cannot be used: No such file or directory".into(),
        ),
    ];
    for (place, sentence) in places {
        let place = place.to_str().expect("text");
        let (code, log) = is_refused(&["-l", "127.0.0.1:0", "--data", place]);
        assert_eq!((code, log), (1, format!("server: {sentence}.")));
    }
}

#[test]
fn a_file_that_is_something_else_is_left_as_it_is() {
    let folder = Folder::new("foreign");
    fs::create_dir(folder.path()).expect("it can be made");
    let file = folder.file();
    let sentence = format!(
        "{} is not a file of Chinwag; give another directory",
        file.display()
    );
    fs::write(&file, "a list of things to buy\n").expect("it can be written");
    is_unfit(&folder, &sentence);
    let text = fs::read_to_string(&file).expect("it is there");
    assert_eq!(text, "a list of things to buy\n");

    if has_sqlite("a_file_that_is_something_else_is_left_as_it_is") {
        fs::remove_file(&file).expect("it can be removed");
        folder.ask("CREATE TABLE shopping (item); INSERT INTO shopping VALUES ('tea')");
        let before = fs::read(&file).expect("it is there");
        is_unfit(&folder, &sentence);
        assert!(fs::read(&file).expect("it is there") == before);
    }
}

#[test]
fn a_file_of_a_newer_version_is_left_as_it_is() {
    if !has_sqlite("a_file_of_a_newer_version_is_left_as_it_is") {
        return;
    }
    let folder = Folder::used("newer");
    folder.ask("PRAGMA user_version = 99; CREATE TABLE later (x)");
    let file = folder.file();
    let before = fs::read(&file).expect("it is there");
    let sentence = format!(
        "{} is of a newer version (99) than this server reads; update the server",
        file.display()
    );
    is_unfit(&folder, &sentence);
    assert!(fs::read(&file).expect("it is there") == before);
}

#[test]
fn a_damaged_file_is_left_as_it_is() {
    let folder = Folder::used("damaged");
    let file = folder.file();
    let mut bytes = fs::read(&file).expect("it is there");
    bytes[100..4096].fill(0xff);
    fs::write(&file, &bytes).expect("it can be written");
    let sentence = format!(
        "{} is damaged (database disk image is malformed); restore it from a backup",
        file.display()
    );
    is_unfit(&folder, &sentence);
    assert!(fs::read(&file).expect("it is there") == bytes);
}

#[test]
fn only_its_owner_can_read_what_is_kept() {
    let folder = Folder::new("modes");
    let args = ["-l", "127.0.0.1:0", "--data", folder.path()];
    let mut server = Daemon::spawn(command_after("umask 0", &args));
    server.listens_on();
    let mode = |path: &Path| {
        let found = fs::metadata(path).expect("it is there");
        found.permissions().mode() & 0o7777
    };
    assert_eq!(mode(Path::new(folder.path())), 0o700);
    let files = fs::read_dir(folder.path()).expect("it is there");
    let files: Vec<PathBuf> = files.map(|it| it.expect("a name").path()).collect();
    // The file, its log, what its readers share, the lock, and the socket for shells.
    assert_eq!(files.len(), 5, "{files:?}");
    for file in files {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
    ends_cleanly(server);
    assert!(!folder.at("chinwag.db-wal").exists(), "one file is left");
}

#[test]
fn an_age_of_lines_is_a_number_of_days_hours_or_minutes_or_all() {
    let folder = Folder::new("age");
    for age in [
        "",
        "0d",
        "d",
        "90",
        "90s",
        "1.5d",
        "-1d",
        "+1d",
        "36501d",
        "99999999999999999999d",
        "All",
        "90 d",
        "1h30m",
    ] {
        let (code, log) = is_refused(&[
            "-l",
            "127.0.0.1:0",
            "--data",
            folder.path(),
            "--keep-lines",
            age,
        ]);
        let sentence = format!(
            "server: --keep-lines takes an age, such as 90d, 12h or 30m, at most 36500d, or all, not '{age}'. Try 'server --help'."
        );
        assert_eq!((code, log), (2, sentence));
    }
    assert!(!Path::new(folder.path()).exists(), "nothing is made");
    for (age, told) in [
        ("90d", "90d"),
        ("36500d", "36500d"),
        ("24h", "1d"),
        ("90m", "90m"),
        ("120m", "2h"),
        ("all", "all"),
    ] {
        let (mut server, _) = folder.serve(&["--keep-lines", age]);
        let first = server.logs("");
        let words = format!("; data {}; keep-lines {told}; durable off", folder.path());
        assert!(first.ends_with(&words), "{first}");
        ends_cleanly(server);
    }
}

#[test]
fn what_is_about_a_directory_needs_one() {
    for args in [
        &["--keep-lines", "90d"][..],
        &["--keep-lines", "all"],
        &["--durable"],
        &["--data-anywhere"],
    ] {
        let (code, log) = is_refused(args);
        let option = args[0];
        let sentence =
            format!("server: {option} needs a directory; give --data DIR. Try 'server --help'.");
        assert_eq!((code, log), (2, sentence));
    }
    for value in ["", "--durable"] {
        let (code, log) = is_refused(&["--data", value]);
        let sentence =
            format!("server: --data takes a directory, not '{value}'. Try 'server --help'.");
        assert_eq!((code, log), (2, sentence));
    }
}

#[test]
fn variables_set_the_defaults() {
    let folder = Folder::new("variables");
    let mut by_variables = command(&["-l", "127.0.0.1:0"]);
    by_variables
        .env("CHAT_DATA", folder.path())
        .env("CHAT_KEEP_LINES", "12h")
        .env("CHAT_DURABLE", "on")
        .env("CHAT_DATA_ANYWHERE", "on");
    let mut server = Daemon::spawn(by_variables);
    let first = server.logs("");
    let words = format!("; data {}; keep-lines 12h; durable on", folder.path());
    assert!(first.ends_with(&words), "{first}");
    ends_cleanly(server);

    for (variable, value, why) in [
        ("CHAT_KEEP_LINES", "soon", "takes an age, "),
        (
            "CHAT_KEEP_LINES",
            "90d",
            "needs a directory; give --data DIR. ",
        ),
        ("CHAT_DURABLE", "yes", "takes on or off, not 'yes'. "),
        ("CHAT_DURABLE", "on", "needs a directory; give --data DIR. "),
        (
            "CHAT_DATA_ANYWHERE",
            "on",
            "needs a directory; give --data DIR. ",
        ),
    ] {
        let mut wrong = command(&[]);
        wrong.env(variable, value);
        let (status, _, log) = Daemon::spawn(wrong).ends();
        let begin = format!("server: {variable} {why}");
        assert!(
            status.code() == Some(2) && log[0].starts_with(&begin),
            "{log:?}"
        );
    }
}

#[test]
fn without_a_directory_the_log_says_that_what_is_said_is_forgotten() {
    let (mut server, _) = start(&[]);
    let first = server.logs("");
    assert!(first.ends_with("; data off"), "{first}");
    let second = server.logs("");
    let words = "what is said is forgotten when the server stops; --data DIR keeps it";
    assert!(
        second.contains("INFO ") && second.ends_with(words),
        "{second}"
    );
    ends_cleanly(server);

    let folder = Folder::new("remembered");
    let (server, _) = folder.serve(&[]);
    server.signal(Signal::SIGTERM);
    let (status, _, log) = server.ends();
    assert_eq!(status.code(), Some(0));
    assert!(
        !log.iter().any(|line| line.contains("forgotten")),
        "{log:#?}"
    );
}

#[test]
#[cfg(target_os = "linux")]
fn the_threads_of_the_store_have_names() {
    let folder = Folder::new("threads");
    let (server, _) = folder.serve(&[]);
    let tasks = format!("/proc/{}/task", server.id());
    let name = |task: fs::DirEntry| fs::read_to_string(task.path().join("comm")).ok();
    // A thread takes its name itself.
    for thread in ["writer\n", "answers\n"] {
        until(thread, || {
            let tasks = fs::read_dir(&tasks).expect("it runs");
            let mut names = tasks.filter_map(|task| name(task.ok()?));
            names.any(|name| name == thread)
        });
    }
}

#[test]
fn the_unit_file_lets_the_server_keep_what_is_said() {
    let unit = include_str!("../../docs/systemd/chinwag.service");
    let value = |setting: &str| {
        let mut lines = unit.lines().filter_map(|line| line.strip_prefix(setting));
        lines.next().expect("it stands there")
    };
    let dir = value("StateDirectory=");
    assert_eq!(value("Environment=CHAT_DATA="), format!("%S/{dir}"));
    // The server must be able to read what it has made, and nobody else.
    let folder = Folder::new("unit");
    let umask = format!("umask {}", value("UMask="));
    let args = ["-l", "127.0.0.1:0", "--data", folder.path()];
    let mut server = Daemon::spawn(command_after(&umask, &args));
    server.listens_on();
    let found = fs::metadata(folder.file()).expect("it is there");
    assert_eq!(found.permissions().mode() & 0o7777, 0o600);
    ends_cleanly(server);
}
