//! A real Chromium without a window, which tests drive as a person would: its process, and the pipes to it.
//!
//! Commands and answers are in the DevTools protocol: JSON objects, each ended by a NUL. If a machine has no Chromium,
//! its tests are left out, as those of [`real_clients`](crate::real_clients) are. Each Chromium has a folder of its own,
//! which is removed when it is dropped. It cannot look up the names of other machines.

use std::cell::{Cell, Ref, RefCell};
use std::env;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Stdio};
use std::rc::Rc;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Instant;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use serde_json::{Value, json};

use crate::harness::{DEADLINE, until};
use crate::program::program;
use crate::real_clients::leave_out;
use crate::tab::Tab;

/// The names under which it is installed, and those by which it calls itself.
const PROGRAMS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];
const CALLED: [&str; 2] = ["Chromium ", "Google Chrome "];

/// They make it behave the same on every machine. Timers of hidden tabs run as in visible ones, so that tests can wait
/// there.
const OPTIONS: [&str; 15] = [
    "--headless",
    "--remote-debugging-pipe",
    "--disable-background-networking",
    "--disable-background-timer-throttling",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-gpu",
    "--disable-renderer-backgrounding",
    "--disable-sync",
    "--no-default-browser-check",
    "--no-first-run",
    "--no-proxy-server",
    "--password-store=basic",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1, EXCLUDE [::1]",
];

/// Chromium reads commands from descriptor 3 and answers on 4. A shell makes these of the standard ones, which are pipes.
const SCRIPT: &str = r#"exec "$0" "$@" 3<&0 4>&1 </dev/null >/dev/null"#;

/// The process. Dropping it ends all of its processes.
pub(crate) struct Chromium {
    pipe: Rc<Pipe>,
    child: Child,
    folder: PathBuf,
}

impl Chromium {
    /// Starts it, if this machine has one. If not, says that the test is left out, or fails.
    pub(crate) fn start(test: &str) -> Option<Chromium> {
        static FOUND: LazyLock<Option<&str>> = LazyLock::new(|| PROGRAMS.into_iter().find(is_one));
        let Some(name) = *FOUND else {
            leave_out(test, "Chromium");
            return None;
        };
        Some(Chromium::spawn(name))
    }

    fn spawn(name: &str) -> Chromium {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        // Not in the build's directory, as a path to a socket must be short.
        let folder = env::temp_dir().join(format!("chinwag-{}-tabs-{number}", std::process::id()));
        fs::create_dir(&folder).expect("a folder can be made");
        let log = folder.join("log");
        let mut shell = program("sh");
        shell.args(["-c", SCRIPT, name]).args(OPTIONS);
        shell.arg(format!("--user-data-dir={}", folder.display()));
        if rustix::process::geteuid().is_root() {
            shell.arg("--no-sandbox");
        }
        shell.env("HOME", &folder).env("TMPDIR", &folder);
        shell.stdin(Stdio::piped()).stdout(Stdio::piped());
        shell.stderr(File::create(&log).expect("a file can be made"));
        let mut child = shell.process_group(0).spawn().expect("a shell can be run");
        let commands = child.stdin.take().expect("standard input is piped");
        let answers = child.stdout.take().expect("standard output is piped");
        let pipe = Rc::new(Pipe {
            commands: RefCell::new(commands),
            messages: messages(answers),
            last_id: Cell::new(0),
            events: RefCell::default(),
            log,
        });
        Chromium {
            pipe,
            child,
            folder,
        }
    }

    /// An empty tab, in front of those opened before.
    pub(crate) fn opens_tab(&self) -> Tab {
        let url = json!({"url": "about:blank"});
        let tab = self.pipe.tells("", "Target.createTarget", url);
        Tab::attach(Rc::clone(&self.pipe), tab["targetId"].clone())
    }

    /// Where it keeps its files.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        let group = i32::try_from(self.child.id()).expect("a process id fits");
        // Fails if it has ended already, which is fine.
        let _ = killpg(Pid::from_raw(group), Signal::SIGKILL);
        let _ = self.child.wait();
        // Those of its processes that are not dead yet may make another file.
        let is_gone = || fs::remove_dir_all(&self.folder).is_ok() || !self.folder.exists();
        if !is_gone() && !thread::panicking() {
            until("its folder is gone", is_gone);
        }
    }
}

fn is_one(name: &&str) -> bool {
    let Ok(output) = program(name).arg("--version").output() else {
        return false;
    };
    let said = String::from_utf8_lossy(&output.stdout);
    CALLED.iter().any(|called| said.starts_with(called))
}

/// Takes the messages apart. At the end, the sender goes away.
fn messages(from: impl Read + Send + 'static) -> Receiver<Value> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        for message in BufReader::new(from).split(0).map_while(Result::ok) {
            let message = serde_json::from_slice(&message).expect("Chromium sends JSON");
            if sender.send(message).is_err() {
                break;
            }
        }
    });
    receiver
}

/// Something that Chromium reported by itself.
pub(crate) struct Event {
    /// The tab that it is about. Empty if it is about none.
    pub(crate) session: String,
    pub(crate) method: String,
    pub(crate) params: Value,
}

/// Both pipes, for all tabs.
pub(crate) struct Pipe {
    commands: RefCell<ChildStdin>,
    messages: Receiver<Value>,
    last_id: Cell<u64>,
    events: RefCell<Vec<Event>>,
    /// The file that takes its standard error.
    log: PathBuf,
}

impl Pipe {
    /// Gives a command to the tab of this session, or to Chromium itself if there is none, and returns the result.
    pub(crate) fn tells(&self, session: &str, method: &str, params: Value) -> Value {
        let result = self.tries(session, method, params);
        result.unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    /// The error is Chromium's.
    pub(crate) fn tries(
        &self,
        session: &str,
        method: &str,
        params: Value,
    ) -> Result<Value, String> {
        let id = self.last_id.get() + 1;
        self.last_id.set(id);
        let mut command = json!({"id": id, "method": method, "params": params});
        if !session.is_empty() {
            command["sessionId"] = session.into();
        }
        let sent = self
            .commands
            .borrow_mut()
            .write_all(format!("{command}\0").as_bytes());
        if let Err(error) = sent {
            self.fail(method, &error.to_string());
        }
        let by = Instant::now() + DEADLINE;
        loop {
            let left = by.saturating_duration_since(Instant::now());
            let mut message = match self.messages.recv_timeout(left) {
                Ok(message) => message,
                Err(error) => self.fail(method, &error.to_string()),
            };
            if message["id"] != id {
                self.notes(message);
            } else if message["error"].is_null() {
                return Ok(message["result"].take());
            } else {
                return Err(message["error"].to_string());
            }
        }
    }

    fn notes(&self, mut message: Value) {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        self.events.borrow_mut().push(Event {
            session: text(&message["sessionId"]),
            method: text(&message["method"]),
            params: message["params"].take(),
        });
    }

    /// All events that came while results were waited for.
    pub(crate) fn events(&self) -> Ref<'_, Vec<Event>> {
        self.events.borrow()
    }

    fn fail(&self, method: &str, why: &str) -> ! {
        let log = fs::read(&self.log).unwrap_or_default();
        panic!("{method}: {why}\n{}", String::from_utf8_lossy(&log));
    }
}
