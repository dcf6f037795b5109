//! A `redis-server` of a test's own, with a directory of its own.

use std::fs;
use std::io::{self, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio, id};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use redis::{Cmd, Value, cmd};

use crate::net;
use crate::work::cluster::connection::Connection;
use crate::work::cluster::{Clock, Options};

static COUNT: AtomicU32 = AtomicU32::new(0);

/// A server, which ends with it.
pub(super) struct RedisServer {
    child: Child,
    pub(super) port: u16,
    pub(super) dir: PathBuf,
    settings: Vec<String>,
}

pub(super) fn clock() -> Clock {
    Arc::new(net::now)
}

pub(super) fn pause(time: Duration) {
    let (_sender, receiver) = channel::<()>();
    let _ = receiver.recv_timeout(time);
}

/// Waits until something is so.
pub(super) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let by = Instant::now() + Duration::from_secs(60);
    while !is_so() {
        assert!(Instant::now() < by, "{what}: not within a minute");
        pause(Duration::from_millis(10));
    }
}

fn is_installed(test: &str) -> bool {
    let mut asked = Command::new("redis-server");
    let asked = asked.arg("--version").stdout(Stdio::null()).status();
    if asked.is_ok() {
        return true;
    }
    let sentence = format!("left out: {test}, as there is no redis-server");
    let is_required = std::env::var_os("CHINWAG_REQUIRE_CLIENTS").is_some_and(|it| it == "1");
    assert!(!is_required, "{sentence}");
    // Through the handle, as the test runner keeps what is printed with a macro to itself.
    let _ = writeln!(io::stderr(), "{sentence}");
    false
}

impl RedisServer {
    /// Starts one. `None`, and a word about it, where there is none.
    pub(super) fn start(test: &str, settings: &[&str]) -> Option<RedisServer> {
        is_installed(test).then(|| RedisServer::launched(settings))
    }

    /// Starts a Sentinel, where there is a `redis-server`.
    pub(super) fn sentinel(file: &Path) -> RedisServer {
        RedisServer::launched(&[file.to_str().expect("a path"), "--sentinel"])
    }

    fn launched(settings: &[&str]) -> RedisServer {
        let number = COUNT.fetch_add(1, Relaxed);
        let dir = std::env::temp_dir().join(format!("chinwag-redis-{}-{number}", id()));
        fs::create_dir_all(&dir).expect("a directory");
        let settings: Vec<String> = settings.iter().map(|&it| it.into()).collect();
        // Somebody else may take the port meanwhile.
        for _ in 0..10 {
            let free = TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr());
            let port = free.expect("a port").port();
            let child = launch(port, &dir, &settings);
            let mut server = RedisServer {
                child,
                port,
                dir: dir.clone(),
                settings: settings.clone(),
            };
            if server.is_up() {
                return server;
            }
        }
        panic!("redis-server does not start");
    }

    fn is_up(&mut self) -> bool {
        let by = Instant::now() + Duration::from_secs(20);
        while Instant::now() < by {
            if self.child.try_wait().expect("a process").is_some() {
                return false;
            }
            if self.try_to_ask(&cmd("PING")).is_some() {
                return true;
            }
            pause(Duration::from_millis(10));
        }
        false
    }

    pub(super) fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(self.child.id().try_into().expect("a pid"));
        kill(pid, signal).expect("a signal");
    }

    /// Kills it as a power failure does, but for the disk.
    pub(super) fn kill(&mut self) {
        self.signal(Signal::SIGKILL);
        self.child.wait().expect("its end");
    }

    /// Starts it again, with the files that it has.
    pub(super) fn start_again(&mut self) {
        for _ in 0..20 {
            self.child = launch(self.port, &self.dir, &self.settings);
            if self.is_up() {
                return;
            }
        }
        panic!("redis-server does not start again");
    }

    /// Removes what it has kept.
    pub(super) fn forget(&self) {
        let files = fs::read_dir(&self.dir).expect("a directory");
        for file in files {
            let path = file.expect("a file").path();
            let _ = fs::remove_file(&path).or_else(|_| fs::remove_dir_all(&path));
        }
    }

    fn password(&self) -> String {
        let mut settings = self.settings.iter();
        let found = settings.find(|it| *it == "--requirepass");
        let password = found.and_then(|_| settings.next());
        password.map_or(String::new(), |it| format!(":{it}@"))
    }

    pub(super) fn url(&self) -> String {
        format!("redis://{}127.0.0.1:{}/0", self.password(), self.port)
    }

    pub(super) fn options(&self, node: &str) -> Options {
        Options::new(&self.url(), node, "chat").expect("options")
    }

    fn try_to_ask(&self, command: &Cmd) -> Option<Value> {
        let mut connection =
            Connection::open(&self.options("test"), Duration::from_secs(10)).ok()?;
        connection.ask(command).ok()
    }

    /// Asks it something. The words are parted by spaces.
    pub(super) fn ask(&self, words: &str) -> Value {
        let mut words = words.split(' ');
        let mut command = cmd(words.next().expect("a word"));
        for word in words {
            command.arg(word);
        }
        self.try_to_ask(&command).expect("an answer")
    }
}

fn launch(port: u16, dir: &Path, settings: &[String]) -> Child {
    let mut command = Command::new("redis-server");
    // A file with settings comes first.
    let (files, settings): (Vec<_>, Vec<_>) = settings.iter().partition(|it| it.ends_with(".conf"));
    command.args(files);
    command.args(["--port", &port.to_string(), "--bind", "127.0.0.1"]);
    if !settings.iter().any(|it| *it == "--sentinel") {
        command.args(["--save", ""]);
    }
    command.arg("--dir").arg(dir).args(settings);
    let command = command.stdin(Stdio::null()).stdout(Stdio::null());
    command.spawn().expect("redis-server")
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.dir);
    }
}
