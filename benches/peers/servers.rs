//! The servers under load: how to start, pin and end each, and the words of its protocol.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::{self, BufRead, BufReader};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::proc::Process;

/// The core of the load generator, and the core of each server in its turn.
const LOAD_CORE: &str = "0";
const SERVER_CORE: &str = "1";

/// The line that the servers of this bench send to newcomers once they are in.
pub(crate) const WELCOME: &[u8] = b"Welcome\n";

/// The program of Redis, and the Debian package that has it.
const REDIS: (&str, &str) = ("redis-server", "redis-server");

const START_TIMEOUT: Duration = Duration::from_secs(20);

const PORT_FREE: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Floor,
    AtOnce,
    Chinwag,
    /// Chinwag again; it keeps what is said in a file.
    Kept,
    /// Chinwag again, as one of several servers that are one chat by a Redis beside it. The others are missing: each line
    /// costs this one as much as it would then.
    Shared,
    /// Chinwag again; every other person turns on the time before each line.
    Stamped,
    /// Everyone shows the time, of one zone.
    Clock,
    /// Everyone shows the time, of 24 zones.
    Zones,
    /// Nobody shows the time, and each person has told their zone. There are all 105 of them.
    Unseen,
    /// People read in all possible formats: stamps, zones, with and without the news of who comes and goes.
    Formats,
    Redis,
    Nats,
    Ngircd,
    Tokio,
    Threads,
}

impl Kind {
    pub(crate) const ALL: [Kind; 15] = [
        Kind::Floor,
        Kind::AtOnce,
        Kind::Chinwag,
        Kind::Kept,
        Kind::Shared,
        Kind::Stamped,
        Kind::Clock,
        Kind::Zones,
        Kind::Unseen,
        Kind::Formats,
        Kind::Redis,
        Kind::Nats,
        Kind::Ngircd,
        Kind::Tokio,
        Kind::Threads,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::Floor => "floor",
            Kind::AtOnce => "at-once",
            Kind::Chinwag => "chinwag",
            Kind::Kept => "kept",
            Kind::Shared => "shared",
            Kind::Stamped => "stamped",
            Kind::Clock => "clock",
            Kind::Zones => "zones",
            Kind::Unseen => "unseen",
            Kind::Formats => "formats",
            Kind::Redis => "redis",
            Kind::Nats => "nats",
            Kind::Ngircd => "ngircd",
            Kind::Tokio => "tokio",
            Kind::Threads => "threads",
        }
    }

    /// The program of a server that is not part of this crate, and the Debian package that has it.
    fn program(self) -> Option<(&'static str, &'static str)> {
        match self {
            Kind::Redis => Some(REDIS),
            Kind::Nats => Some(("nats-server", "nats-server")),
            Kind::Ngircd => Some(("ngircd", "ngircd")),
            _ => None,
        }
    }

    pub(crate) fn is_chinwag(self) -> bool {
        use Kind::{Chinwag, Clock, Formats, Kept, Shared, Stamped, Unseen, Zones};
        matches!(
            self,
            Chinwag | Kept | Shared | Stamped | Clock | Zones | Unseen | Formats
        )
    }

    /// The processor time that a server has taken. Of one that keeps what is said, or shares it, it is that of the loop.
    pub(crate) fn cpu(self, server: Process) -> Duration {
        match self {
            Kind::Kept | Kind::Shared => server.cpu_of_main_thread(),
            _ => server.cpu(),
        }
    }

    /// The Debian package to install before this server can be measured.
    pub(crate) fn missing_package(self) -> Option<&'static str> {
        let beside = (self == Kind::Shared).then_some(REDIS);
        let (program, package) = self.program().or(beside)?;
        find(program).is_none().then_some(package)
    }

    /// The first bytes of a newcomer.
    pub(crate) fn greeting(self, person: usize) -> Vec<u8> {
        let text = match self {
            Kind::Stamped if person.is_multiple_of(2) => format!("p{person}\n/time on\n"),
            Kind::Clock => format!("p{person}\n/time on\n"),
            Kind::Zones => {
                let zone = ZONES.start + 60 * (person % 24) as i32;
                format!("p{person}\n/time on {}\n", offset(zone))
            }
            Kind::Unseen => format!("p{person}\n/time off {}\n", offset(zone(person))),
            Kind::Formats => format!("p{person}\n{}", format_of(person)),
            Kind::Chinwag | Kind::Kept | Kind::Shared | Kind::Stamped => format!("p{person}\n"),
            Kind::Redis => "SUBSCRIBE room\r\n".into(),
            Kind::Nats => {
                let options = r#"{"verbose":false,"pedantic":false,"echo":false}"#;
                format!("CONNECT {options}\r\nSUB room 1\r\nPING\r\n")
            }
            Kind::Ngircd => {
                format!("NICK p{person}\r\nUSER p{person} 0 * :p\r\nJOIN #room\r\n")
            }
            Kind::Floor | Kind::AtOnce | Kind::Tokio | Kind::Threads => String::new(),
        };
        text.into_bytes()
    }

    /// The bytes that a newcomer reads once they are in.
    pub(crate) fn welcome(self) -> &'static [u8] {
        match self {
            _ if self.is_chinwag() => b"Type /help for the list of commands.\r\n",
            Kind::Redis => b"$9\r\nsubscribe\r\n$4\r\nroom\r\n:1\r\n",
            Kind::Nats => b"PONG\r\n",
            Kind::Ngircd => b" 366 ",
            _ => WELCOME,
        }
    }

    /// The text before and after a line of this many bytes that someone says.
    pub(crate) fn frame(self, len: usize) -> (String, &'static str) {
        match self {
            Kind::Redis => (
                format!("*3\r\n$7\r\nPUBLISH\r\n$4\r\nroom\r\n${len}\r\n"),
                "\r\n",
            ),
            Kind::Nats => (format!("PUB room {len}\r\n"), "\r\n"),
            Kind::Ngircd => ("PRIVMSG #room :".into(), "\r\n"),
            _ => (String::new(), "\n"),
        }
    }

    /// Whether people also get their own lines.
    pub(crate) fn echoes(self) -> bool {
        matches!(self, Kind::Floor | Kind::AtOnce | Kind::Redis)
    }

    /// Whether a connection that listens cannot talk, so that a talker needs another one.
    pub(crate) fn talks_apart(self) -> bool {
        self == Kind::Redis
    }

    /// How many newcomers may wait to be let in: a little less than the server's listen backlog holds.
    pub(crate) fn joining_at_once(self) -> usize {
        match self {
            Kind::Ngircd => 8,
            Kind::Tokio | Kind::Threads => 100,
            Kind::Redis => 500,
            _ => 4000,
        }
    }

    fn command(self, addr: SocketAddr, dir: &Path) -> io::Result<Command> {
        let mut command = Command::new("taskset");
        command.args(["--cpu-list", SERVER_CORE]).current_dir(dir);
        if let Some((program, package)) = self.program() {
            let missing = || io::Error::other(format!("install the Debian package {package}"));
            command.arg(find(program).ok_or_else(missing)?);
        }
        let port = addr.port().to_string();
        match self {
            Kind::Redis => command
                .args(["--bind", "127.0.0.1", "--port", &port, "--save", ""])
                .args(["--maxclients", "12000"]),
            Kind::Nats => command.args(["--addr", "127.0.0.1", "--port", &port]),
            Kind::Ngircd => {
                let config = dir.join("ngircd.conf");
                fs::write(&config, ngircd_config(&port))?;
                command.arg("--nodaemon").arg("--config").arg(config)
            }
            _ if self.is_chinwag() => command
                .arg(env::var_os("CHINWAG").unwrap_or(env!("CARGO_BIN_EXE_server").into()))
                .args(["--listen", "127.0.0.1:0", "--quiet"])
                .args(["--max-clients", "12000"]),
            _ => command
                .arg(env::current_exe()?)
                .args(["--serve", self.name()]),
        };
        if self == Kind::Kept {
            command.arg("--data").arg(dir.join("data"));
        }
        Ok(command)
    }
}

/// Time zones, as minutes from UTC.
const ZONES: Range<i32> = -12 * 60..14 * 60 + 1;

/// The zone of a person, out of all zones.
fn zone(person: usize) -> i32 {
    let zones: Vec<i32> = ZONES.step_by(15).collect();
    zones[person % zones.len()]
}

fn offset(minutes: i32) -> String {
    let sign = if minutes < 0 { '-' } else { '+' };
    let minutes = minutes.abs();
    format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

/// The commands with which a person chooses a format of their own, as long as there are enough formats.
fn format_of(person: usize) -> String {
    const ZONES: usize = 105;
    let time = match person / ZONES % 4 {
        0 => "on",
        1 => "full",
        2 => "on",
        _ => "full",
    };
    let quiet = if person / ZONES % 4 < 2 { "on" } else { "off" };
    let offset = offset(zone(person));
    match person % 422 {
        420 => "/quiet on\n".into(),
        421 => String::new(),
        _ => format!("/time {time} {offset}\n/quiet {quiet}\n"),
    }
}

fn ngircd_config(port: &str) -> String {
    format!(
        "[Global]\nName = bench.example\nInfo = bench\nListen = 127.0.0.1\nPorts = {port}\nMotdPhrase = \"bench\"\n\
         [Limits]\nMaxConnections = 0\nMaxConnectionsIP = 0\nMaxJoins = 0\nMaxPenaltyTime = 0\nMaxNickLength = 16\n\
         PingTimeout = 3600\n\
         [Options]\nDNS = no\nIdent = no\nPAM = no\nChrootDir =\n"
    )
}

fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let usual = ["/usr/bin", "/usr/sbin", "/usr/local/bin"].map(PathBuf::from);
    let mut dirs = env::split_paths(&path).chain(usual);
    dirs.find_map(|dir| Some(dir.join(program)).filter(|path| path.is_file()))
}

/// A running server, pinned to its core, until this is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) kind: Kind,
    pub(crate) addr: SocketAddr,
    child: Child,
    /// The Redis beside it.
    redis: Option<Child>,
    dir: PathBuf,
}

/// Starts a Redis beside a server, on the other core, and waits until it accepts. Returns its address, too.
fn redis(dir: &Path) -> io::Result<(Child, SocketAddr)> {
    let addr = TcpListener::bind(PORT_FREE)?.local_addr()?;
    let missing = || io::Error::other(format!("install the Debian package {}", REDIS.1));
    let mut child = Command::new("taskset")
        .args(["--cpu-list", LOAD_CORE])
        .arg(find(REDIS.0).ok_or_else(missing)?)
        .args(["--port", &addr.port().to_string(), "--save", ""])
        .current_dir(dir)
        .stdout(Stdio::null())
        .spawn()?;
    wait_until_it_accepts(addr, &mut child)?;
    Ok((child, addr))
}

fn wait_until_it_accepts(addr: SocketAddr, child: &mut Child) -> io::Result<()> {
    let begun = Instant::now();
    while let Err(error) = TcpStream::connect(addr) {
        if begun.elapsed() > START_TIMEOUT || child.try_wait()?.is_some() {
            return Err(error);
        }
        thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}

impl Server {
    /// Starts the server, and waits until it accepts.
    pub(crate) fn start(kind: Kind) -> io::Result<Server> {
        Server::start_with(kind, &[])
    }

    /// The same with more options on its command line.
    pub(crate) fn start_with(kind: Kind, options: &[OsString]) -> io::Result<Server> {
        let dir = env::temp_dir().join(format!("peers-{}-{}", std::process::id(), kind.name()));
        fs::create_dir_all(&dir)?;
        // Some servers cannot pick a port themselves. They get one that was free a moment ago.
        let free = TcpListener::bind(PORT_FREE)?.local_addr()?;
        let mut command = kind.command(free, &dir)?;
        command.args(options);
        let redis = (kind == Kind::Shared).then(|| redis(&dir)).transpose()?;
        if let Some((_, addr)) = &redis {
            let url = format!("redis://{addr}/0");
            command.args(["--cluster", &url, "--node", "n1"]);
        }
        let speaks = kind.program().is_none();
        let log = || fs::File::create(dir.join("log")).map(Stdio::from);
        command.stdin(Stdio::null());
        if speaks {
            command.stdout(Stdio::piped());
        } else {
            command.stdout(log()?).stderr(Stdio::null());
        }
        let mut server = Server {
            kind,
            addr: free,
            child: command.spawn()?,
            redis: redis.map(|it| it.0),
            dir,
        };
        if speaks {
            server.addr = server.spoken_addr()?;
        } else {
            wait_until_it_accepts(server.addr, &mut server.child)?;
        }
        Ok(server)
    }

    pub(crate) fn process(&self) -> Process {
        Process(self.child.id())
    }

    /// The address at the end of the first line on the server's standard output.
    fn spoken_addr(&mut self) -> io::Result<SocketAddr> {
        let mut line = String::new();
        if let Some(stdout) = self.child.stdout.take() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        let addr = line.split_whitespace().last().unwrap_or_default();
        let said = |_| io::Error::other(format!("{} said {line:?}", self.kind.name()));
        addr.parse().map_err(said)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let killed = self.child.kill().and_then(|()| self.child.wait());
        if let Some(redis) = &mut self.redis {
            _ = redis.kill().and_then(|()| redis.wait());
        }
        if let Err(error) = killed.and_then(|_| fs::remove_dir_all(&self.dir)) {
            eprintln!("{}: {error}", self.kind.name());
        }
    }
}

/// Pins this process to the core of the load generator.
pub(crate) fn pin_load() -> io::Result<()> {
    let id = std::process::id().to_string();
    let status = Command::new("taskset")
        .args(["--cpu-list", "--pid", LOAD_CORE, &id])
        .stdout(Stdio::null())
        .status()?;
    if !status.success() {
        return Err(io::Error::other("taskset cannot pin the load generator"));
    }
    Ok(())
}
