//! The daemon: a log on standard error, signals, and a service manager around [`chinwag::Server`].

mod account;
mod args;
mod cluster;
mod command_line;
mod contents;
mod control;
mod data;
mod files;
mod keeping;
mod motd;
mod output;
mod places;
mod service;
mod signals;
mod tls;
mod watch;

use std::env;
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};
use std::ops::ControlFlow;
use std::process::ExitCode;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use chinwag::{Accounts, Config, Error, Listen, ListenKind, Server, limits, store};

use cluster::Sharing;
use command_line::{Daemon, Wish};
use keeping::Keeping;
use output::{Output, complain};
use service::Notices;
use watch::Watch;

fn main() -> ExitCode {
    let mut args = env::args_os().skip(1).peekable();
    if args.next_if(|word| word == "data").is_some() {
        return data::run(args);
    }
    if args.next_if(|word| word == "account").is_some() {
        return account::run(args);
    }
    let daemon = match command_line::parse(args) {
        Ok(Wish::Serve(daemon)) => *daemon,
        Ok(Wish::Print(text)) => match args::print(text) {
            Ok(()) => return ExitCode::SUCCESS,
            Err(sentence) => {
                complain(format!("server: {sentence}."));
                return ExitCode::from(1);
            }
        },
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
    let mut output = Output::start(&daemon.levels);
    let metrics = daemon.config.metrics;
    let served = serve(daemon, given, &mut output);
    // The log comes before the last word.
    drop(output);
    match served {
        Ok(None) => ExitCode::SUCCESS,
        Ok(Some(sentence)) => {
            complain(format!("server: {sentence}."));
            ExitCode::from(1)
        }
        Err(error) => {
            complain(format!("server: {error}{}", what_to_try(&error, metrics)));
            ExitCode::from(1)
        }
    }
}

/// Advice after an error, in words that follow it.
fn what_to_try(error: &Error, metrics: Option<SocketAddr>) -> String {
    let Error::Listen { source, addr } = error else {
        return String::new();
    };
    let is_of_metrics = metrics == Some(*addr);
    let option = if is_of_metrics {
        "--metrics"
    } else {
        "--listen"
    };
    match source.kind() {
        ErrorKind::AddrInUse => {
            format!("; choose another with {option}, or stop what listens there")
        }
        ErrorKind::AddrNotAvailable => {
            format!("; choose an address of this machine with {option}, or 0.0.0.0 for all of them")
        }
        ErrorKind::PermissionDenied if is_of_metrics => {
            "; choose a port from 1024 on with --metrics".into()
        }
        ErrorKind::PermissionDenied => {
            "; choose a port from 1024 on with --listen, or let systemd listen there".into()
        }
        _ => String::new(),
    }
}

/// Serves until a signal asks for the end. Also ends, and says why, if it cannot keep what is said as asked for, or cannot
/// print where people can connect.
fn serve(
    daemon: Daemon,
    given: Vec<TcpListener>,
    output: &mut Output,
) -> Result<Option<String>, Error> {
    let mut remarks = Vec::new();
    let config = config(&daemon, given.is_empty(), &mut remarks);
    let drain = config.drain;
    // Until this is done a signal ends the process at once, as the disk can take any time.
    let opened = match daemon.keeping.as_ref().map(keeping::open).transpose() {
        Ok(opened) => opened,
        Err(sentence) => return Ok(Some(sentence)),
    };
    // This comes before the first line of the log, because its reader may send a signal at once.
    let mut watch = Watch::start().map_err(Error::Poll)?;
    // People who are greeted at once cannot come by a browser.
    let has_page = config.page && !config.greet_after.is_zero();
    let page = has_page.then_some(config.tls_only);
    let mut server = listen(config, daemon.keeping.as_ref(), given, &remarks)?;
    watch.wake(&mut server)?;
    let keeping = opened.map(|opened| Keeping::start(&mut server, opened));
    let mut keeping = match keeping.transpose() {
        Ok(keeping) => keeping,
        Err(sentence) => return Ok(Some(sentence)),
    };
    let sharing = Sharing::start(&mut server, daemon.cluster)?;
    let handle = server.handle();
    let (failed, failure) = channel();
    let stop_by = handle.clone();
    let text = announcement(&server.listens(), page, server.metrics_addr());
    output.announce(text, move |sentence| {
        // `serve` reads this once the server has ended.
        let _ = failed.send((sentence, Instant::now()));
        stop_by.shutdown();
    });
    let mut notices = Notices::start();
    notices.ready(&server.local_addrs());

    let motd = daemon.motd.map(|path| motd::reader(path, handle.clone()));
    let tls = daemon.tls.map(|files| files.reader(handle.clone()));
    watch.read_again(motd.into_iter().chain(tls));
    let served = turn(&mut server, &mut watch, &mut notices);
    // The lock of the directory may be somebody else's soon.
    if let Some(keeping) = &mut keeping {
        keeping.end_control();
    }
    // Nobody needs the sockets while the disk takes the last lines.
    drop(server);
    Sharing::end(sharing);
    let (failure, failed_at) = failure.try_recv().ok().unzip();
    let mut lost = None;
    if let Some(keeping) = keeping {
        watch.end_at_the_next(&handle).map_err(Error::Poll)?;
        let begun = watch.asked().or(failed_at);
        lost = keeping.end(begun.unwrap_or_else(Instant::now) + drain);
    }
    served.map(|()| failure.or(lost))
}

/// Lets the server turn until it has ended.
fn turn(server: &mut Server, watch: &mut Watch, notices: &mut Notices) -> Result<(), Error> {
    let handle = server.handle();
    while tick(server, notices.longest_tick())?.is_continue() {
        notices.alive(|| handle.stats());
        if watch.heed(&handle) {
            notices.stopping();
        }
    }
    Ok(())
}

/// The configuration to use, with remarks for the log if it differs from the one that was asked for.
fn config(daemon: &Daemon, is_to_bind: bool, remarks: &mut Vec<String>) -> Config {
    let mut config = daemon.config.clone();
    config.max_clients = within_fd_limit(config.max_clients, remarks);
    remarks.extend(daemon.levels.remark());
    if let (Some(files), Some(identity)) = (&daemon.tls, &config.tls) {
        remarks.extend(files.remark(identity));
    }
    if !daemon.places.is_empty() {
        if is_to_bind {
            config.listen = places::addresses(&daemon.places, places::is_here, remarks);
        } else {
            let sentence =
                "listening on the sockets given, and not where --listen or CHAT_LISTEN says";
            remarks.push(sentence.into());
        }
    }
    config
}

/// Listens, and logs the limits in force. That is the first line of the log; if listening fails, the log is empty.
fn listen(
    config: Config,
    keeping: Option<&store::Options>,
    given: Vec<TcpListener>,
    remarks: &[String],
) -> Result<Server, Error> {
    let in_force = in_force(&config, keeping);
    let listening = match given.is_empty() {
        true => Server::bind(config),
        false => Server::with_listeners(config, given),
    };
    if listening.is_ok() {
        log::info!("{in_force}");
        if keeping.is_none() {
            log::info!("what is said is forgotten when the server stops; --data DIR keeps it");
        }
    }
    for remark in remarks {
        log::warn!("{remark}");
    }
    listening
}

fn tick(server: &mut Server, longest: Option<Duration>) -> Result<ControlFlow<()>, Error> {
    match longest {
        Some(longest) => server.tick_within(longest),
        None => server.tick(),
    }
}

/// Where people can connect, one line per listener, and where the page and the figures are. `page` tells whether there is
/// one, and if it is only for browsers that speak TLS.
fn announcement(listens: &[Listen], page: Option<bool>, metrics: Option<SocketAddr>) -> String {
    let chat = listens.iter().map(|it| it.addr);
    let chat = chat.map(|addr| format!("Chat server listening on {addr}\n"));
    let mut urls = listens.iter().filter_map(|it| match it.kind {
        ListenKind::Tls => Some(format!("https://{}/", it.addr)),
        ListenKind::Auto if page == Some(true) => Some(format!("https://{}/", it.addr)),
        ListenKind::Auto => Some(format!("http://{}/", it.addr)),
        _ => None,
    });
    let url = page.and_then(|_| urls.next());
    let web = url.map(|url| format!("Open {url} in a browser.\n"));
    let metrics = metrics.map(|addr| format!("Metrics on http://{addr}/metrics\n"));
    chat.chain(web).chain(metrics).collect()
}

/// Who has an account, and who makes one.
fn accounts_in_force(config: &Config) -> String {
    let registration = match config.is_registration_open {
        true => "open",
        false => "closed",
    };
    match config.accounts {
        Accounts::Off => "accounts off".into(),
        Accounts::On => format!("accounts on; registration {registration}"),
        Accounts::Required => format!("accounts required; registration {registration}"),
    }
}

/// The version, and every limit in force.
fn in_force(config: &Config, keeping: Option<&store::Options>) -> String {
    let seconds = |time: Option<Duration>| or_off(time.map(|time| time.as_secs()));
    let rate = match (config.rate, config.rate_on_loopback) {
        (Some(rate), false) => format!("{rate}, off for loopback"),
        (rate, _) => or_off(rate),
    };
    let proxy_from = Some(&config.proxy_from).filter(|it| !it.is_empty());
    let tls = match (&config.tls, config.tls_only) {
        (None, _) => "off",
        (Some(_), false) => "on",
        (Some(_), true) => "only",
    };
    [
        format!("chinwag server {}", env!("CARGO_PKG_VERSION")),
        format!("anonymous {}", if config.anonymous { "on" } else { "off" }),
        format!("tls {tls}"),
        format!("max-clients {}", config.max_clients),
        format!("max-per-ip {}", or_off(config.max_per_ip)),
        format!("max-line {}", config.max_line),
        format!("send-queue {}", config.send_queue),
        format!("all send queues {}", config.all_queues),
        format!("greet-after {}", config.greet_after.as_millis()),
        format!("proxy-from {}", or_off(proxy_from)),
        format!("page {}", if config.page { "on" } else { "off" }),
        format!("login-timeout {}", seconds(config.login_timeout)),
        format!("idle-timeout {}", seconds(config.idle_timeout)),
        format!(
            "keep-seat {} and {} for members",
            config.keep_guests.as_secs(),
            config.keep_members.as_secs()
        ),
        format!("rate {rate}"),
        format!(
            "history {} in {} bytes",
            config.history,
            limits::HISTORY_BYTES
        ),
        format!("drain {}", config.drain.as_secs()),
        accounts_in_force(config),
        keeping::in_force(keeping),
    ]
    .join("; ")
}

fn or_off<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(|| "off".into(), |value| value.to_string())
}

/// Raises the soft limit on open files as far as needed and allowed; returns how many clients fit under it.
fn within_fd_limit(clients: usize, remarks: &mut Vec<String>) -> usize {
    let wanted = clients + limits::RESERVED_DESCRIPTORS;
    match rlimit::increase_nofile_limit(wanted as u64) {
        Ok(limit) if (limit as usize) < wanted => {
            let fit = (limit as usize).saturating_sub(limits::RESERVED_DESCRIPTORS);
            let fit = fit.max(1);
            remarks.push(format!(
                "the limit on open files is {limit}: holding {fit} clients, not {clients}"
            ));
            fit
        }
        Ok(_) => clients,
        Err(error) => {
            remarks.push(format!("cannot read the limit on open files: {error}"));
            clients
        }
    }
}
