//! The real `server` program, run as an operator would.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Instant;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::harness::DEADLINE;
use crate::program::program;

/// A process. Dropping it ends the process.
pub(crate) struct Daemon {
    child: Child,
    out: Receiver<String>,
    log: Receiver<String>,
}

/// The program, without any environment that could change its behaviour.
pub(crate) fn command(args: &[&str]) -> Command {
    let mut command = program(env!("CARGO_BIN_EXE_server"));
    command
        .args(args)
        .env_remove("CHAT_CLUSTER")
        .env_remove("CHAT_CLUSTER_KEY")
        .env_remove("CHAT_DATA")
        .env_remove("CHAT_DATA_ANYWHERE")
        .env_remove("CHAT_DURABLE")
        .env_remove("CHAT_KEEP_LINES")
        .env_remove("CHAT_LISTEN")
        .env_remove("CHAT_METRICS")
        .env_remove("CHAT_NODE")
        .env_remove("CHAT_PROXY_FROM")
        .env_remove("RUST_LOG")
        .env_remove("NOTIFY_SOCKET")
        .env_remove("WATCHDOG_PID")
        .env_remove("WATCHDOG_USEC")
        .env_remove("LISTEN_PID")
        .env_remove("LISTEN_FDS")
        .env_remove("LISTEN_FDS_FIRST_FD")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// The program, started by a shell that first runs this script.
pub(crate) fn command_after(script: &str, args: &[&str]) -> Command {
    let server = command(args);
    let mut shell = program("sh");
    shell
        .args(["-c", &format!(r#"{script}; exec "$0" "$@""#)])
        .arg(server.get_program())
        .args(server.get_args());
    for (name, value) in server.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    shell
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    shell
}

/// Serves on a free port of 127.0.0.1, with these options as well.
pub(crate) fn start(args: &[&str]) -> (Daemon, SocketAddr) {
    let mut daemon = Daemon::spawn(command(&[&["-l", "127.0.0.1:0"], args].concat()));
    let addr = daemon.listens_on();
    (daemon, addr)
}

/// Sends every line to the receiver. At the end, the sender goes away.
fn lines(from: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    receiver
}

/// Nothing to read, for a stream that goes elsewhere.
fn nothing() -> Receiver<String> {
    channel().1
}

impl Daemon {
    pub(crate) fn spawn(mut command: Command) -> Daemon {
        let mut child = command.spawn().expect("the program can be run");
        let out = child.stdout.take().map_or_else(nothing, lines);
        let log = child.stderr.take().map_or_else(nothing, lines);
        Daemon { child, out, log }
    }

    /// From now on, reads the log from here, if it does not go to a pipe of our own.
    pub(crate) fn reads_log(&mut self, from: impl Read + Send + 'static) {
        self.log = lines(from);
    }

    /// The next line on standard output, which names an address where the server listens.
    pub(crate) fn listens_on(&mut self) -> SocketAddr {
        let line = self.prints();
        line.strip_prefix("Chat server listening on ")
            .and_then(|addr| addr.parse().ok())
            .unwrap_or_else(|| panic!("not a listener's line: {line:?}"))
    }

    /// Waits for a line of the log that holds these words, and returns it.
    pub(crate) fn logs(&mut self, words: &str) -> String {
        let by = Instant::now() + DEADLINE;
        let mut others = Vec::new();
        loop {
            let left = by.saturating_duration_since(Instant::now());
            match self.log.recv_timeout(left) {
                Ok(line) if line.contains(words) => return line,
                Ok(line) => others.push(line),
                Err(error) => panic!("no line with {words:?}: {error}, but {others:#?}"),
            }
        }
    }

    /// Sends a line to the program's standard input, which the command has made a pipe.
    pub(crate) fn types(&mut self, line: &str) {
        let input = self.child.stdin.as_mut().expect("standard input is piped");
        writeln!(input, "{line}").expect("the program takes its input");
    }

    /// The next line on standard output.
    pub(crate) fn prints(&mut self) -> String {
        let line = self.out.recv_timeout(DEADLINE);
        line.expect("a line on standard output")
    }

    /// The number of the process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.id()).expect("a process id fits");
        kill(Pid::from_raw(pid), signal).expect("the process can be signalled");
    }

    /// Waits for the end. Returns the status and the rest of standard output and standard error.
    pub(crate) fn ends(mut self) -> (ExitStatus, Vec<String>, Vec<String>) {
        // Some clients wait for the end of their input.
        drop(self.child.stdin.take());
        let by = Instant::now() + DEADLINE;
        let [out, log] = [&self.out, &self.log].map(|lines| {
            let mut rest = Vec::new();
            loop {
                let left = by.saturating_duration_since(Instant::now());
                match lines.recv_timeout(left) {
                    Ok(line) => rest.push(line),
                    Err(RecvTimeoutError::Disconnected) => return rest,
                    Err(RecvTimeoutError::Timeout) => panic!("the program still runs: {rest:#?}"),
                }
            }
        });
        let status = self.child.wait().expect("the program's status can be had");
        (status, out, log)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // Fails if the process has ended already, which is fine.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
