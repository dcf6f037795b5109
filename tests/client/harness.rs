//! A server, people at terminals, and their screens. Every wait is for an expected event, with a deadline.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use rexpect::process::PtyProcess;
use rexpect::process::WaitStatus;
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};
use serde_json::{Value, json};

use crate::program::program;

pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

/// The server binary, ended when dropped.
pub(crate) struct ChatServer {
    child: Child,
    pub(crate) port: u16,
}

impl ChatServer {
    pub(crate) fn start() -> ChatServer {
        ChatServer::start_on(0, &[])
    }

    /// Comes back on the port of an earlier server.
    pub(crate) fn start_on(port: u16, args: &[&str]) -> ChatServer {
        let mut command = program(env!("CARGO_BIN_EXE_server"));
        let listen = format!("127.0.0.1:{port}");
        command.args(["--quiet", "--listen", &listen]).args(args);
        ChatServer::spawn(command)
    }

    /// Runs a server by this command line, and waits until it listens.
    pub(crate) fn spawn(mut command: Command) -> ChatServer {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let port = line.trim().rsplit(':').next().unwrap().parse().unwrap();
        ChatServer { child, port }
    }

    /// Asks it to end, as a service manager does, and waits until it has.
    pub(crate) fn stop(mut self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for ChatServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A server that says what the test tells it to.
pub(crate) struct Scripted {
    listener: TcpListener,
    pub(crate) port: u16,
}

impl Scripted {
    pub(crate) fn start() -> Scripted {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        Scripted { listener, port }
    }

    /// Takes the next connection.
    pub(crate) fn accept(&self) -> TcpStream {
        let (stream, _) = self.listener.accept().unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream
    }

    /// Takes the next connection, and lets it in under whatever name it gives.
    pub(crate) fn welcome(&self) -> (Served, String) {
        let mut served = Served::new(self.accept());
        let login = served.reads_op();
        assert_eq!(login["op"], "login", "{login}");
        let name = login["name"].as_str().unwrap().to_string();
        served.lets_in(&login);
        (served, name)
    }
}

/// A client at a scripted server. What every server answers, it answers by itself: pings, and the rooms that there are.
pub(crate) struct Served {
    pub(crate) stream: TcpStream,
    name: String,
    room: String,
    seq: u64,
    /// What is said is confirmed.
    pub(crate) confirms: bool,
}

impl Served {
    pub(crate) fn new(stream: TcpStream) -> Served {
        Served {
            stream,
            name: String::new(),
            room: "lobby".into(),
            seq: 1000,
            confirms: true,
        }
    }

    /// Sends an object. It gets the next number of the journal.
    pub(crate) fn tells(&mut self, mut object: Value) {
        self.seq += 1;
        object["seq"] = self.seq.into();
        object["at"] = "2026-11-21T16:59:59.000Z".into();
        self.writes(&format!("{object}\n"));
    }

    pub(crate) fn writes(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).unwrap();
    }

    /// Answers a login, and lets its author in.
    pub(crate) fn lets_in(&mut self, login: &Value) {
        self.name = login["name"].as_str().unwrap().into();
        self.tells(json!({"event": "hello", "protocol": 1, "limits": {"rate": null}}));
        let people = json!([{"name": self.name, "person": 1}]);
        self.tells(json!({
            "event": "welcome", "re": login["id"], "name": self.name, "person": 1, "current": "lobby",
            "rooms": [{"room": "lobby", "topic": null, "people": people}], "journal": "j", "resumed": false,
        }));
    }

    /// Somebody says something in the room: `Bob: hello`.
    pub(crate) fn says(&mut self, line: &str) {
        let (from, text) = line.split_once(": ").unwrap();
        let room = self.room.clone();
        self.tells(json!({"event": "said", "room": room, "from": from, "person": 2, "text": text}));
    }

    /// Lets the author of this go to a room.
    pub(crate) fn moves(&mut self, op: &Value, room: &str) {
        self.tells(json!({"event": "out", "re": op["id"], "room": self.room, "current": room}));
        self.room = room.into();
        self.tells(
            json!({"event": "room", "re": op["id"], "room": room, "current": true, "people": []}),
        );
    }

    /// Answers everything until the client has come back to where it was.
    pub(crate) fn settles(&mut self) {
        loop {
            let line = read_line(&mut self.stream);
            let op: Value = serde_json::from_str(&line).unwrap();
            if op["op"] == "ping" {
                return self.tells(json!({"event": "pong", "re": op["id"]}));
            }
        }
    }

    /// Reads the next object that asks for something.
    pub(crate) fn reads_op(&mut self) -> Value {
        loop {
            let line = read_line(&mut self.stream);
            assert!(!line.is_empty(), "the client has gone");
            let op: Value = serde_json::from_str(&line).unwrap();
            match (op["op"].as_str(), op["line"].as_str()) {
                (Some("ping"), _) => self.tells(json!({"event": "pong", "re": op["id"]})),
                (_, Some("/rooms")) => {
                    self.tells(
                        json!({"event": "answer", "re": op["id"], "to": "rooms", "rooms": []}),
                    );
                }
                _ => return op,
            }
        }
    }

    /// Reads the next object, as the line that a person types for it. If it is said, it is confirmed.
    pub(crate) fn reads(&mut self) -> String {
        let op = self.reads_op();
        let text = |member: &str| op[member].as_str().unwrap_or_default().to_string();
        let (line, event) = match op["op"].as_str().unwrap() {
            "say" => (text("text"), "said"),
            "do" => (format!("/me {}", text("text")), "did"),
            "quit" => return "/quit".into(),
            "join" => return format!("/join #{}", text("room")),
            _ => return text("line"),
        };
        if self.confirms {
            let said = json!({
                "event": event, "re": op["id"], "room": op["room"], "from": self.name, "person": 1, "text": op["text"],
            });
            self.tells(said);
        }
        line
    }

    pub(crate) fn says_goodbye(&mut self, code: &str, again: bool) {
        let text = match code {
            "shutdown" => "Server is shutting down. Goodbye!",
            "full" => "Server is full. Try again later.",
            _ => "Goodbye!",
        };
        self.tells(
            json!({"event": "goodbye", "code": code, "text": text, "again": again, "after": 0}),
        );
    }
}

/// Reads one line and nothing beyond it. Empty at the end.
pub(crate) fn read_line(stream: &mut TcpStream) -> String {
    let mut line = Vec::new();
    let mut byte = [0];
    while stream.read(&mut byte).unwrap() == 1 && byte[0] != b'\n' {
        line.push(byte[0]);
    }
    String::from_utf8(line).unwrap()
}

/// A way to a server that can break only at the client's end: the server goes on believing in that client.
pub(crate) struct Relay {
    listener: TcpListener,
    pub(crate) port: u16,
    to: u16,
    /// The server's ends of broken connections.
    kept: Vec<TcpStream>,
}

impl Relay {
    pub(crate) fn to(port: u16) -> Relay {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        Relay {
            port: listener.local_addr().unwrap().port(),
            listener,
            to: port,
            kept: Vec::new(),
        }
    }

    /// Takes the next connection to the server and back.
    pub(crate) fn connect(&mut self) -> TcpStream {
        let (client, _) = self.listener.accept().unwrap();
        let server = TcpStream::connect(("127.0.0.1", self.to)).unwrap();
        for (mut from, mut to) in [
            (client.try_clone().unwrap(), server.try_clone().unwrap()),
            (server.try_clone().unwrap(), client.try_clone().unwrap()),
        ] {
            thread::spawn(move || {
                let _ = io::copy(&mut from, &mut to);
            });
        }
        self.kept.push(server);
        client
    }

    /// Breaks the last connection at both ends.
    pub(crate) fn forget(&mut self, client: TcpStream) {
        for end in self.kept.pop().into_iter().chain([client]) {
            end.shutdown(Shutdown::Both).unwrap();
        }
    }
}

/// A directory of this test, removed when dropped.
pub(crate) struct Home(pub(crate) PathBuf);

impl Home {
    pub(crate) fn new() -> Home {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let n = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("chinwag-client-{}-{n}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Home(path)
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The client's command line, without the environment of the person who runs the test.
pub(crate) fn client(port: u16, home: &Path, args: &[&str]) -> Command {
    let mut command = program(env!("CARGO_BIN_EXE_client"));
    command
        .env_clear()
        .env("TERM", "xterm-256color")
        .env("TZ", "UTC")
        .env("XDG_STATE_HOME", home)
        .args(["--port", &port.to_string()])
        .args(args);
    command
}

/// A person at a terminal.
pub(crate) struct Person {
    process: PtyProcess,
    keyboard: File,
    output: Receiver<Vec<u8>>,
    terminal: vt100::Parser,
    /// Everything that reached the terminal.
    pub(crate) raw: Vec<u8>,
}

impl Person {
    pub(crate) fn sit_down(command: Command, columns: u16, rows: u16) -> Person {
        let mut process = PtyProcess::new(command).unwrap();
        // A shell ignores requests to end.
        process.set_kill_timeout(Some(1000));
        let keyboard = process.get_file_handle().unwrap();
        let mut screen = process.get_file_handle().unwrap();
        let (sender, output) = channel();
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            // The end of a pseudo-terminal is an error, EIO.
            while let Ok(n @ 1..) = screen.read(&mut buffer) {
                if sender.send(buffer[..n].to_vec()).is_err() {
                    break;
                }
            }
        });
        let mut person = Person {
            process,
            keyboard,
            output,
            terminal: vt100::Parser::new(cells(rows), cells(columns), 1000),
            raw: Vec::new(),
        };
        person.resize(columns, rows);
        person
    }

    /// Comes into the chat of a server under a name.
    pub(crate) fn join(port: u16, home: &Home, name: &str, columns: u16, rows: u16) -> Person {
        let command = client(port, &home.0, &["--name", name]);
        let mut person = Person::sit_down(command, columns, rows);
        person.until_seen("Welcome to the chat!");
        person.until("the prompt", |screen| typed_line(screen).starts_with('>'));
        person
    }

    pub(crate) fn keys(&mut self, keys: &str) {
        self.send(keys.as_bytes()).unwrap();
    }

    /// The terminal sends these bytes. If the process has ended, nobody takes them.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.keyboard.write_all(bytes)
    }

    /// The window changes its size, and the terminal and the process learn it.
    pub(crate) fn resize(&mut self, columns: u16, rows: u16) {
        let size = Winsize {
            ws_row: rows,
            ws_col: columns,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        self.terminal
            .screen_mut()
            .set_size(cells(rows), cells(columns));
        tcsetwinsize(&self.keyboard, size).unwrap();
    }

    /// Waits until the screen is as expected.
    pub(crate) fn until(&mut self, what: &str, expected: impl Fn(&vt100::Screen) -> bool) {
        self.until_within(DEADLINE, what, expected);
    }

    /// Waits for so long until the screen is as expected.
    pub(crate) fn until_within(
        &mut self,
        time: Duration,
        what: &str,
        expected: impl Fn(&vt100::Screen) -> bool,
    ) {
        let deadline = Instant::now() + time;
        while !expected(self.terminal.screen()) {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.output.recv_timeout(left) {
                Ok(bytes) => {
                    self.terminal.process(&bytes);
                    self.raw.extend(bytes);
                }
                Err(error) => panic!("{error} while waiting for {what}; seen: {:#?}", self.rows()),
            }
        }
    }

    pub(crate) fn until_seen(&mut self, text: &str) {
        self.until(text, |screen| screen.contents().contains(text));
    }

    /// Waits until the last rows of the screen are these.
    pub(crate) fn until_rows(&mut self, expected: &[&str]) {
        self.until(&format!("{expected:?}"), |screen| {
            rows_of(screen).ends_with(&expected.iter().map(|r| r.to_string()).collect::<Vec<_>>())
        });
    }

    pub(crate) fn rows(&self) -> Vec<String> {
        rows_of(self.terminal.screen())
    }

    /// Column and row of the cursor.
    pub(crate) fn cursor(&self) -> (u16, u16) {
        let (row, column) = self.terminal.screen().cursor_position();
        (column, row)
    }

    pub(crate) fn signal(&mut self, signal: rexpect::process::Signal) {
        self.process.signal(signal).unwrap();
    }

    /// Whether the terminal echoes and edits lines by itself, as it does unless a program has changed it.
    pub(crate) fn terminal_edits(&self) -> bool {
        let modes = tcgetattr(&self.keyboard).unwrap().local_modes;
        modes.contains(LocalModes::ICANON | LocalModes::ISIG)
    }

    /// All settings of the terminal.
    pub(crate) fn modes(&self) -> String {
        format!("{:?}", tcgetattr(&self.keyboard).unwrap())
    }

    /// Waits for the process to end, and reads the rest of its output.
    pub(crate) fn end(&mut self) -> WaitStatus {
        let deadline = Instant::now() + DEADLINE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.output.recv_timeout(left) {
                Ok(bytes) => {
                    self.terminal.process(&bytes);
                    self.raw.extend(bytes);
                }
                Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => break,
                Err(error) => panic!("{error}: it does not end; seen: {:#?}", self.rows()),
            }
        }
        self.process.wait().unwrap()
    }

    pub(crate) fn end_with(&mut self, code: i32) {
        let status = self.end();
        let ended = matches!(status, WaitStatus::Exited(_, c) if c == code);
        assert!(ended, "{status:?}; seen: {:#?}", self.rows());
    }
}

/// The last row with anything in it.
fn typed_line(screen: &vt100::Screen) -> String {
    rows_of(screen).pop().unwrap_or_default()
}

fn rows_of(screen: &vt100::Screen) -> Vec<String> {
    let columns = screen.size().1.get();
    let mut rows: Vec<String> = screen
        .rows(0, columns)
        .map(|row| row.trim_end().into())
        .collect();
    let last = rows.iter().rposition(|row| !row.is_empty());
    rows.truncate(last.map_or(0, |last| last + 1));
    rows.retain(|row| !is_status(row));
    rows
}

/// The rows of a screen, without the one above the prompt.
pub(crate) fn text_of(screen: &vt100::Screen) -> String {
    rows_of(screen).join("\n")
}

/// Whether this is the row above the prompt that tells how the link is.
pub(crate) fn is_status(row: &str) -> bool {
    let links = ["online", "offline", "connecting", "coming back"];
    let before = links.iter().find_map(|it| row.strip_suffix(it));
    let is_end = |it: &str| it.ends_with("  ") || it.ends_with("not confirmed · ");
    row.starts_with('#') && before.is_some_and(is_end)
}

fn cells(n: u16) -> NonZero<u16> {
    NonZero::new(n).unwrap()
}
