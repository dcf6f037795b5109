//! People and servers for dialogues.
//!
//! Every wait has a deadline, and nothing sleeps. The tests compare every byte that a person reads, so that a line
//! which must not come makes the next comparison fail: any other line proves that it is absent.

use std::fmt::{Display, Write as _};
use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpStream};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use chinwag::{Config, Error, Handle, Server};
use socket2::{Domain, SockRef, Socket, Type};

/// How long anything may take before a test gives up on it.
pub(crate) const DEADLINE: Duration = Duration::from_secs(10);

pub(crate) const PROMPT: &str = "Enter your username: ";
pub(crate) const TAKEN: &str = "That username is taken.";
pub(crate) const INVALID: &str = "A username has 1 to 32 letters, digits, '_', '-' or '.'.";

/// The refusal of a name, with its reason.
pub(crate) fn invalid(reason: &str) -> String {
    let rule = &INVALID[..INVALID.len() - 1];
    format!("{rule}; {reason}.")
}

/// A server that runs on a thread of its own until it is dropped.
pub(crate) struct Running {
    addr: SocketAddr,
    handle: Handle,
    thread: Option<JoinHandle<Result<(), Error>>>,
}

/// The defaults on a free port, changed as a test needs. Rooms keep no history, so that newcomers read the same whoever
/// spoke before them.
pub(crate) fn config(change: impl FnOnce(&mut Config)) -> Config {
    let mut config = Config::default();
    config.listen = vec![SocketAddr::from(([127, 0, 0, 1], 0)).into()];
    config.history = 0;
    change(&mut config);
    config
}

/// Serves with the defaults.
pub(crate) fn serve() -> Running {
    serve_with(|_| ())
}

pub(crate) fn serve_with(change: impl FnOnce(&mut Config)) -> Running {
    run(Server::bind(config(change)).expect("a free port can be listened on"))
}

/// Runs a server that is already bound.
pub(crate) fn run(mut server: Server) -> Running {
    Running {
        addr: server.local_addrs()[0],
        handle: server.handle(),
        thread: Some(thread::spawn(move || server.run())),
    }
}

impl Running {
    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }

    pub(crate) fn connect(&self) -> Person {
        Person::connect(self.addr)
    }

    pub(crate) fn login(&self, name: &str) -> Person {
        Person::login(self.addr, name)
    }

    /// People who came in one after the other, and have read the notices about it.
    pub(crate) fn room<const N: usize>(&self, names: [&str; N]) -> [Person; N] {
        room(self.addr, names)
    }

    fn join(&mut self) {
        self.handle.shutdown();
        let Some(thread) = self.thread.take() else {
            return;
        };
        match thread.join() {
            _ if thread::panicking() => {}
            Ok(result) => result.expect("the server ran to its end"),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.join();
    }
}

/// Like [`Running::room`], for a server known by its address.
pub(crate) fn room<const N: usize>(addr: SocketAddr, names: [&str; N]) -> [Person; N] {
    let mut people: Vec<Person> = Vec::new();
    for name in names {
        let newcomer = Person::login(addr, name);
        for person in &mut people {
            person.reads(&format!("{name} has joined the chat."));
        }
        people.push(newcomer);
    }
    people
        .try_into()
        .unwrap_or_else(|_| unreachable!("one person per name"))
}

/// Waits for a condition that no socket reports.
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    until_seen(|| if holds() { Ok(()) } else { Err(what) });
}

/// Waits for a condition. The error is what is seen instead.
pub(crate) fn until_seen<E: Display>(mut look: impl FnMut() -> Result<(), E>) {
    let give_up = Instant::now() + DEADLINE;
    while let Err(seen) = look() {
        assert!(Instant::now() < give_up, "waited in vain: {seen}");
        thread::sleep(Duration::from_millis(1));
    }
}

/// Someone at the other end of a socket.
pub(crate) struct Person {
    stream: TcpStream,
    /// The bytes that came and were not looked at yet.
    pending: Vec<u8>,
}

/// The result of waiting for more bytes.
enum More {
    Some,
    End,
    Failed(String),
}

impl Person {
    pub(crate) fn connect(addr: SocketAddr) -> Person {
        Person::over(TcpStream::connect(addr).expect("the server accepts"))
    }

    /// A person who connects from this address of the machine.
    pub(crate) fn connect_from(ip: IpAddr, addr: SocketAddr) -> Person {
        let socket = Socket::new(Domain::for_address(addr), Type::STREAM, None)
            .and_then(|socket| socket.bind(&SocketAddr::new(ip, 0).into()).map(|()| socket))
            .expect("the address is one of this machine");
        socket.connect(&addr.into()).expect("the server accepts");
        Person::over(socket.into())
    }

    /// Several people who connect from the same port of this machine, each to a different listener.
    pub(crate) fn connect_alike<const N: usize>(addrs: [SocketAddr; N]) -> [Person; N] {
        let mut from = SocketAddr::from(([127, 0, 0, 1], 0));
        addrs.map(|addr| {
            let socket = Socket::new(Domain::IPV4, Type::STREAM, None)
                .and_then(|socket| socket.set_reuse_address(true).map(|()| socket))
                .and_then(|socket| socket.bind(&from.into()).map(|()| socket))
                .expect("a port that only connects elsewhere can be bound twice");
            socket.connect(&addr.into()).expect("the server accepts");
            let person = Person::over(socket.into());
            from = person.addr();
            person
        })
    }

    /// A person whose socket takes little, and who has read only as much as it took to come in as `sleeper`.
    pub(crate) fn sleeper(addr: SocketAddr) -> Person {
        let mut sleeper = Person::taking(addr, 4096);
        sleeper.logs_in("sleeper");
        sleeper
    }

    /// A person whose socket takes this many bytes, or a few more, until they read.
    pub(crate) fn taking(addr: SocketAddr, bytes: usize) -> Person {
        let socket = Socket::new(Domain::for_address(addr), Type::STREAM, None)
            .and_then(|socket| socket.set_recv_buffer_size(bytes).map(|()| socket))
            .expect("SO_RCVBUF can be set");
        socket.connect(&addr.into()).expect("the server accepts");
        Person::over(socket.into())
    }

    fn over(stream: TcpStream) -> Person {
        stream.set_nodelay(true).expect("TCP_NODELAY can be set");
        stream
            .set_write_timeout(Some(DEADLINE))
            .expect("a time limit can be set");
        let pending = Vec::new();
        Person { stream, pending }
    }

    pub(crate) fn login(addr: SocketAddr, name: &str) -> Person {
        let mut person = Person::connect(addr);
        person.logs_in(name);
        person
    }

    pub(crate) fn logs_in(&mut self, name: &str) {
        self.sees(PROMPT);
        self.types(name);
        self.is_welcomed();
        self.reads(&format!("{name} has joined the chat."));
    }

    /// Comes in where nobody is greeted before they speak.
    pub(crate) fn speaks_first(&mut self, name: &str) {
        self.types(name);
        self.sees(PROMPT);
        self.is_welcomed();
        self.reads(&format!("{name} has joined the chat."));
    }

    /// The next lines are those that everyone reads on coming in.
    pub(crate) fn is_welcomed(&mut self) {
        self.reads("Welcome to the chat!");
        self.reads("Type /help for the list of commands.");
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.stream.local_addr().expect("the socket has an address")
    }

    /// Another handle for the same socket, for a thread that types while this one reads.
    pub(crate) fn stream(&self) -> TcpStream {
        self.stream.try_clone().expect("a socket can be cloned")
    }

    /// Sends a line as netcat would.
    pub(crate) fn types(&mut self, line: &str) {
        self.sends(format!("{line}\n").as_bytes());
    }

    /// Sends bytes as they are.
    pub(crate) fn sends(&mut self, bytes: &[u8]) {
        self.stream
            .write_all(bytes)
            .expect("the server takes what is sent");
    }

    /// The next line is this one.
    pub(crate) fn reads(&mut self, line: &str) {
        self.sees(&format!("{line}\r\n"));
    }

    /// The next bytes are this text.
    pub(crate) fn sees(&mut self, text: &str) {
        self.gets(text.as_bytes());
    }

    /// The next bytes are these.
    pub(crate) fn gets(&mut self, expected: &[u8]) {
        let text = &*String::from_utf8_lossy(expected);
        let by = Instant::now() + DEADLINE;
        loop {
            let n = self.pending.len().min(expected.len());
            if self.pending[..n] != expected[..n] {
                self.fail(text, "something else came");
            }
            if n == expected.len() {
                self.pending.drain(..n);
                return;
            }
            match self.more(by) {
                More::Some => {}
                More::End => self.fail(text, "the connection ended"),
                More::Failed(why) => self.fail(text, &why),
            }
        }
    }

    /// Takes the next line, whatever it is, without its line end.
    pub(crate) fn reads_line(&mut self) -> String {
        self.reads_to(b"\r\n")
    }

    /// Takes everything up to this mark, and the mark too, which is not returned.
    pub(crate) fn reads_to(&mut self, mark: &[u8]) -> String {
        let by = Instant::now() + DEADLINE;
        loop {
            let mut places = self.pending.windows(mark.len());
            if let Some(end) = places.position(|it| it == mark) {
                let line: Vec<u8> = self.pending.drain(..end + mark.len()).take(end).collect();
                return String::from_utf8(line).expect("the server sends UTF-8");
            }
            match self.more(by) {
                More::Some => {}
                More::End => self.fail("a line", "the connection ended"),
                More::Failed(why) => self.fail("a line", &why),
            }
        }
    }

    /// Takes lines until this one comes, which is not returned.
    pub(crate) fn reads_until(&mut self, last: &str) -> Vec<String> {
        let lines = std::iter::from_fn(|| Some(self.reads_line()).filter(|line| line != last));
        lines.collect()
    }

    /// The server has closed its side, and nothing came before that.
    pub(crate) fn is_closed(&mut self) {
        let by = Instant::now() + DEADLINE;
        while self.pending.is_empty() {
            match self.more(by) {
                More::Some => {}
                More::End => return,
                More::Failed(why) => self.fail("the end", &why),
            }
        }
        self.fail("the end", "something else came");
    }

    /// Sends bytes to a server that may have closed already.
    pub(crate) fn sends_or_fails(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes);
    }

    /// Takes everything until the server has closed its side.
    pub(crate) fn reads_to_end(&mut self) -> String {
        if let Err(why) = self.ends() {
            self.fail("the end", &why);
        }
        String::from_utf8(std::mem::take(&mut self.pending)).expect("the server sends UTF-8")
    }

    /// Waits until the server has closed the connection. The error is what happened instead.
    pub(crate) fn ends(&mut self) -> Result<(), String> {
        let by = Instant::now() + DEADLINE;
        loop {
            match self.more(by) {
                More::Some => {}
                More::End => return Ok(()),
                More::Failed(why) => return Err(why),
            }
        }
    }

    /// Sends FIN: nothing more will be typed.
    pub(crate) fn ends_input(&mut self) {
        self.stream
            .shutdown(Shutdown::Write)
            .expect("the sending side can be closed");
    }

    /// Goes without a goodbye: the kernel sends RST.
    pub(crate) fn vanishes(self) {
        reset_on_close(&self.stream);
    }

    fn more(&mut self, by: Instant) -> More {
        let left = by.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return More::Failed("the deadline passed".into());
        }
        self.stream
            .set_read_timeout(Some(left))
            .expect("a time limit can be set");
        let mut buffer = [0; 16 * 1024];
        match self.stream.read(&mut buffer) {
            Ok(0) => More::End,
            Ok(n) => {
                self.pending.extend_from_slice(&buffer[..n]);
                More::Some
            }
            Err(error) => match error.kind() {
                ErrorKind::Interrupted | ErrorKind::WouldBlock | ErrorKind::TimedOut => {
                    self.more(by)
                }
                _ => More::Failed(error.to_string()),
            },
        }
    }

    #[track_caller]
    fn fail(&self, expected: &str, why: &str) -> ! {
        const SHOWN: usize = 1000;
        let came = String::from_utf8_lossy(&self.pending);
        let mut report = String::new();
        for (what, text) in [("expected", expected), ("came    ", &*came)] {
            let start: String = text.chars().take(SHOWN).collect();
            let _ = write!(report, "\n  {what}: {start:?} ({} bytes)", text.len());
        }
        panic!("{why}{report}");
    }
}

/// Makes the close of a socket a reset.
pub(crate) fn reset_on_close(stream: &TcpStream) {
    SockRef::from(stream)
        .set_linger(Some(Duration::ZERO))
        .expect("SO_LINGER can be set");
}
