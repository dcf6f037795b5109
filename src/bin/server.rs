//! The daemon: a command line, a log on standard error, signals, and a service manager around [`chinwag::Server`].

mod args;
mod output;
mod service;

use std::env;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::str::FromStr;
use std::time::Duration;

use chinwag::{Config, Error, Handle, Rate, Server, limits};
use getopts::{Matches, Options};
use log::LevelFilter;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook_mio::v1_0::Signals;

use args::Asked;
use output::{Output, complain};
use service::Notices;

const HELP: &str = "\
A chat server for lines of text. People connect with telnet, nc or any other line client.

server [OPTIONS]
  -l, --listen ADDR      address to listen on, repeatable; port 0 picks a free one     [127.0.0.1:8080]
      --anonymous        no login: people are named by their address
      --max-clients N    connections held at once                                      [10000, within the fd limit]
      --max-per-ip N     connections from one address, or IPv6 /64; 0 = no limit       [0]
      --max-line BYTES   longest line accepted                                         [8192]
      --send-queue BYTES what may wait for one slow reader                             [1048576]
      --login-timeout S  seconds to give a username in; 0 = no limit                   [60]
      --idle-timeout S   seconds of silence before a person is dropped; 0 = never      [0]
      --rate RATE        lines a second for one person, as RATE or RATE:BURST, or off  [16:128; off for loopback]
      --history N        lines that each room keeps                                    [200]
      --drain S          seconds to flush queues at shutdown                           [5]
      --motd FILE        text shown after the welcome; read again on SIGHUP
  -v, --verbose          repeat for debug and trace; RUST_LOG works too
  -q, --quiet            only warnings and errors
  -h, --help    -V, --version

CHAT_LISTEN sets the default of --listen; several addresses stand with commas between them. Sockets that a service
manager hands over (LISTEN_FDS) are listened on in place of all of these. It is told when the server is ready, alive and
about to stop (NOTIFY_SOCKET, WATCHDOG_USEC).
";

const VERSION: &str = concat!("chinwag server ", env!("CARGO_PKG_VERSION"), "\n");

/// What the command line asks for.
enum Wish {
    Serve(Daemon),
    Print(&'static str),
}

/// How the daemon is to run.
struct Daemon {
    config: Config,
    /// Whether the addresses to listen on were asked for, and are not the default.
    listen_asked: bool,
    /// The file of the message of the day.
    motd: Option<PathBuf>,
    level: Option<LevelFilter>,
}

fn main() -> ExitCode {
    let daemon = match parse(env::args_os().skip(1)) {
        Ok(Wish::Serve(daemon)) => daemon,
        Ok(Wish::Print(text)) => {
            // A reader who has gone needs no help text.
            let _ = io::stdout().write_all(text.as_bytes());
            return ExitCode::SUCCESS;
        }
        Err(sentence) => {
            complain(format!("server: {sentence}. Try 'server --help'."));
            return ExitCode::from(2);
        }
    };
    let given = match service::given_sockets() {
        Ok(given) => given,
        Err(error) => {
            complain(format!("server: cannot listen on a socket given: {error}"));
            return ExitCode::from(1);
        }
    };
    let mut output = Output::start(daemon.level);
    let served = serve(daemon, given, &mut output);
    // What is logged comes before the last word.
    drop(output);
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(format!("server: {error}"));
            ExitCode::from(1)
        }
    }
}

/// Serves until a signal asks for the end.
fn serve(daemon: Daemon, given: Vec<TcpListener>, output: &mut Output) -> Result<(), Error> {
    let mut server = listen(&daemon, given)?;
    let mut signals = Signals::new([SIGHUP, SIGINT, SIGTERM]).map_err(Error::Poll)?;
    server.watch(&mut signals)?;
    output.announce(announcement(&server.local_addrs()));
    let mut notices = Notices::start();
    notices.ready(&server.local_addrs());

    let handle = server.handle();
    let mut asked = false;
    while tick(&mut server, notices.longest_tick())?.is_continue() {
        notices.alive(|| handle.stats());
        for signal in signals.pending() {
            match (signal, &daemon.motd) {
                (SIGHUP, Some(motd)) => read_again(&handle, motd),
                // Without a file to read again, a hangup is what it says: the terminal was closed.
                _ => {
                    stop(&handle, signal, &mut asked);
                    notices.stopping();
                }
            }
        }
    }
    Ok(())
}

/// Listens on the sockets given, or else where the configuration says.
fn listen(daemon: &Daemon, given: Vec<TcpListener>) -> Result<Server, Error> {
    let mut config = daemon.config.clone();
    config.max_clients = within_fd_limit(config.max_clients);
    if given.is_empty() {
        return Server::bind(config);
    }
    if daemon.listen_asked {
        log::warn!("listening on the sockets given, and not where --listen or CHAT_LISTEN says");
    }
    Server::with_listeners(config, given)
}

fn tick(server: &mut Server, longest: Option<Duration>) -> Result<ControlFlow<()>, Error> {
    match longest {
        Some(longest) => server.tick_within(longest),
        None => server.tick(),
    }
}

/// Reads the message of the day again. Where that fails, the one before stays.
fn read_again(handle: &Handle, path: &Path) {
    let read = read_motd(path).and_then(|text| {
        let set = handle.set_motd(Some(&text));
        set.map_err(|error| error.to_string())
    });
    match read {
        Ok(()) => log::info!("read {} again", path.display()),
        Err(sentence) => log::warn!("{sentence}; keeping the message of the day as it was"),
    }
}

/// Reads the message of the day, of any encoding.
fn read_motd(path: &Path) -> Result<String, String> {
    let cannot = |error| format!("cannot read {}: {error}", path.display());
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(cannot)?;
    // One byte more than allowed tells a file that is too long from one that just fits, whatever is behind its name.
    let most = limits::MOTD_BYTES as u64 + 1;
    file.take(most).read_to_end(&mut bytes).map_err(cannot)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The first signal asks for a clean shutdown, the second ends the process as the signal alone would.
fn stop(handle: &Handle, signal: i32, asked: &mut bool) {
    if std::mem::replace(asked, true) {
        std::process::exit(128 + signal);
    }
    handle.shutdown();
}

/// Where people can connect, one line per listener.
fn announcement(addrs: &[SocketAddr]) -> String {
    let lines = addrs.iter();
    lines
        .map(|addr| format!("Chat server listening on {addr}\n"))
        .collect()
}

/// Raises the soft limit on open files as far as needed and allowed; returns how many clients fit under it.
fn within_fd_limit(clients: usize) -> usize {
    let wanted = clients + limits::RESERVED_DESCRIPTORS;
    match rlimit::increase_nofile_limit(wanted as u64) {
        Ok(limit) if (limit as usize) < wanted => {
            let fit = (limit as usize).saturating_sub(limits::RESERVED_DESCRIPTORS);
            let fit = fit.max(1);
            log::warn!("the limit on open files is {limit}: holding {fit} clients, not {clients}");
            fit
        }
        Ok(_) => clients,
        Err(error) => {
            log::warn!("cannot read the limit on open files: {error}");
            clients
        }
    }
}

fn options() -> Options {
    let mut options = Options::new();
    options
        .optmulti("l", "listen", "", "ADDR")
        .optflag("", "anonymous", "")
        .optopt("", "max-clients", "", "N")
        .optopt("", "max-per-ip", "", "N")
        .optopt("", "max-line", "", "BYTES")
        .optopt("", "send-queue", "", "BYTES")
        .optopt("", "login-timeout", "", "S")
        .optopt("", "idle-timeout", "", "S")
        .optopt("", "rate", "", "RATE")
        .optopt("", "history", "", "N")
        .optopt("", "drain", "", "S")
        .optopt("", "motd", "", "FILE")
        .optflagmulti("v", "verbose", "")
        .optflag("q", "quiet", "");
    options
}

fn parse(args: impl Iterator<Item = OsString>) -> Result<Wish, String> {
    let matches = match args::parse(&mut options(), args, HELP, VERSION)? {
        Asked::Run(matches) => matches,
        Asked::Print(text) => return Ok(Wish::Print(text)),
    };
    let mut config = Config::default();
    let listen = match (matches.opt_strs("listen"), env::var("CHAT_LISTEN")) {
        (given, _) if !given.is_empty() => given,
        (_, Ok(list)) => list.split(',').map(|addr| addr.trim().into()).collect(),
        _ => Vec::new(),
    };
    let listen_asked = !listen.is_empty();
    if listen_asked {
        config.listen = resolve(&listen)?;
    }
    config.anonymous = matches.opt_present("anonymous");
    number(&matches, "max-clients", &mut config.max_clients)?;
    let mut max_per_ip = 0;
    number(&matches, "max-per-ip", &mut max_per_ip)?;
    config.max_per_ip = (max_per_ip != 0).then_some(max_per_ip);
    number(&matches, "max-line", &mut config.max_line)?;
    number(&matches, "send-queue", &mut config.send_queue)?;
    let mut login_timeout = config.login_timeout.unwrap_or_default();
    seconds(&matches, "login-timeout", &mut login_timeout)?;
    config.login_timeout = (!login_timeout.is_zero()).then_some(login_timeout);
    let mut idle_timeout = Duration::ZERO;
    seconds(&matches, "idle-timeout", &mut idle_timeout)?;
    config.idle_timeout = (!idle_timeout.is_zero()).then_some(idle_timeout);
    if let Some(text) = matches.opt_str("rate") {
        config.rate = rate(&text)?;
        config.rate_on_loopback = true;
    }
    number(&matches, "history", &mut config.history)?;
    seconds(&matches, "drain", &mut config.drain)?;
    let motd = matches.opt_str("motd").map(PathBuf::from);
    config.motd = motd.as_deref().map(read_motd).transpose()?;

    let level = match (matches.opt_present("quiet"), matches.opt_count("verbose")) {
        (true, _) => Some(LevelFilter::Warn),
        (false, 0) => None,
        (false, 1) => Some(LevelFilter::Debug),
        (false, _) => Some(LevelFilter::Trace),
    };
    config.check().map_err(|error| error.to_string())?;
    Ok(Wish::Serve(Daemon {
        config,
        listen_asked,
        motd,
        level,
    }))
}

fn resolve(listen: &[String]) -> Result<Vec<SocketAddr>, String> {
    let mut addrs = Vec::new();
    for text in listen {
        match text.to_socket_addrs() {
            Ok(found) => addrs.extend(found),
            Err(_) => {
                return Err(format!(
                    "--listen takes ADDR:PORT, such as 127.0.0.1:8080 or [::1]:8080, not '{text}'"
                ));
            }
        }
    }
    Ok(addrs)
}

fn rate(text: &str) -> Result<Option<Rate>, String> {
    if text == "off" {
        return Ok(None);
    }
    let rate = text.parse().map_err(|_| {
        format!("--rate takes lines a second, such as 16, or with a burst, such as 16:128, each 1 to 1000000, or off; not '{text}'")
    })?;
    Ok(Some(rate))
}

fn number<T: FromStr>(matches: &Matches, option: &str, value: &mut T) -> Result<(), String> {
    if let Some(text) = matches.opt_str(option) {
        *value = text
            .parse()
            .map_err(|_| format!("--{option} takes a whole number, not '{text}'"))?;
    }
    Ok(())
}

fn seconds(matches: &Matches, option: &str, value: &mut Duration) -> Result<(), String> {
    let mut seconds = value.as_secs();
    number(matches, option, &mut seconds)?;
    *value = Duration::from_secs(seconds);
    Ok(())
}
