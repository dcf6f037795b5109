//! The server's command line and its environment: their meaning, and their mistakes.

use std::ffi::OsString;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;
use std::time::Duration;

use chinwag::{Accounts, ClusterOptions, Config, InvalidNetwork, Network, Rate, limits, store};
use getopts::{Matches, Options};
use log::LevelFilter;

use crate::args::{self, Asked, Given};
use crate::cluster;
use crate::keeping;
use crate::motd;
use crate::output::{Levels, complain};
use crate::places::{self, Place};
use crate::tls;

const HELP: &str = "\
A chat server for lines of text. People connect with a browser, telnet, nc or any other line client.

server [OPTIONS]
  -l, --listen ADDR      address to listen on, repeatable; port 0 picks a free one     [127.0.0.1:8080]
      --anonymous        no login: people are named by their address
      --max-clients N    connections held at once                                      [10000, within the fd limit]
      --max-per-ip N     connections from one address, or IPv6 /64; 0 = no limit       [0]
      --max-line BYTES   longest line accepted                                         [8192]
      --send-queue BYTES what may wait for one slow reader; for all of them 256 MiB    [1048576]
      --tls-cert FILE    certificate chain in PEM, for clients that speak TLS; read again on SIGHUP
      --tls-key FILE     its private key in PEM, without a password
      --tls-only         people from other machines must come by TLS
      --greet-after MS   milliseconds of silence after which a newcomer is greeted     [300; 0 = at once]
      --proxy-from NET   addresses of proxies that must send a PROXY header, repeatable
      --no-web           no page for browsers
      --origin HOST      pages from elsewhere that may use this chat, repeatable
      --login-timeout S  seconds to give a username in; 0 = no limit                   [60]
      --idle-timeout S   seconds of silence before a person is dropped; 0 = never      [0]
      --keep-seat S      seconds for which the seat of a lost connection is kept       [60, and 600 for members]
      --rate RATE        lines a second for one person, as RATE or RATE:BURST, or off  [16:128; off for loopback]
      --history N        lines that each room keeps, of 64 KiB together                [200]
      --drain S          seconds to flush queues at shutdown                           [5]
      --motd FILE        text shown after the welcome; read again on SIGHUP
      --metrics ADDR     Prometheus metrics and /healthz, on a listener of their own
      --data DIR         keep what is said in this directory
      --keep-lines AGE   how long, such as 90d, 12h or 30m                             [all]
      --durable          have each commit on the disk before it counts
      --data-anywhere    use DIR on a network file system too, where it can be damaged
      --accounts KIND    off, on or required, where only members come in               [on if there is a file]
      --registration R   open, or closed: only 'server account add' makes accounts     [open]
      --cluster URL      be one of several servers that are one chat, by the Redis at redis://HOST:PORT
      --node NAME        the name of this server among them
      --cluster-key KEY  what the keys of the chat in Redis begin with                 [chinwag]
  -v, --verbose          repeat for debug and trace; RUST_LOG works too
  -q, --quiet            only warnings and errors
  -h, --help    -V, --version

The default of --send-queue rises with --max-line, as a queue must hold what one line can become. --metrics takes a port
of 127.0.0.1, such as 9100, or ADDR:PORT; CHAT_METRICS sets its default.

Without --data, what is said is forgotten when the server stops. CHAT_DATA and CHAT_KEEP_LINES set the defaults of --data
and --keep-lines; CHAT_DURABLE=on and CHAT_DATA_ANYWHERE=on do what --durable and --data-anywhere do. 'server data backup
FILE' copies what is kept, and 'server data --help' tells more.

Accounts need --data. CHAT_ACCOUNTS and CHAT_REGISTRATION set the defaults of --accounts and --registration. 'server
account add NAME operator' makes the first operator, and 'server account --help' tells more.

--cluster also takes rediss://, unix: and redis+sentinel:, with a user and a password. As everyone can read the command
line of a program, a password belongs into CHAT_CLUSTER, which sets the default of --cluster. CHAT_NODE and
CHAT_CLUSTER_KEY set those of --node and --cluster-key. The servers of a chat have no accounts yet.

ADDR may begin with what is spoken there: tls:ADDR:PORT takes TLS alone, and line:ADDR:PORT only lines of text and telnet,
where everyone is greeted at once. HOST is a host, with its port unless that is the usual one.

NET is an address or, as in 10.0.0.0/8 or 2001:db8::/32, all that begin alike. A header of version 1 or 2 of the PROXY
protocol tells who connects through the proxy; a request of HTTP may come with X-Forwarded-For instead. From other
addresses neither is believed.

CHAT_LISTEN sets the default of --listen, CHAT_PROXY_FROM that of --proxy-from, and CHAT_ORIGIN that of --origin; several
stand with commas between them. CHAT_GREET_AFTER, CHAT_TLS_CERT and CHAT_TLS_KEY set those of --greet-after, --tls-cert
and --tls-key; CHAT_TLS_ONLY=on and CHAT_NO_WEB=on do what --tls-only and --no-web do. RUST_LOG takes a level, such as
debug, or TARGET=LEVEL, such as chinwag::server=debug, with commas between them; -v and -q win over it. Sockets that a
service manager hands over (LISTEN_FDS) are listened on in place of all of these. It is told when the server is ready,
alive and about to stop (NOTIFY_SOCKET, WATCHDOG_USEC).
";

pub(crate) const VERSION: &str = concat!("chinwag server ", env!("CARGO_PKG_VERSION"), "\n");

/// The wish behind the command line.
pub(crate) enum Wish {
    Serve(Box<Daemon>),
    Print(&'static str),
}

/// How to run the daemon.
pub(crate) struct Daemon {
    pub(crate) config: Config,
    /// Where to listen, if not where the configuration says.
    pub(crate) places: Vec<Place>,
    /// The file of the message of the day.
    pub(crate) motd: Option<PathBuf>,
    /// The files of the certificate and its key.
    pub(crate) tls: Option<tls::Files>,
    /// How to keep what is said.
    pub(crate) keeping: Option<store::Options>,
    /// What makes the server one of several. `None`: it is alone.
    pub(crate) cluster: Option<ClusterOptions>,
    pub(crate) levels: Levels,
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
        .optopt("", "tls-cert", "", "FILE")
        .optopt("", "tls-key", "", "FILE")
        .optflag("", "tls-only", "")
        .optopt("", "greet-after", "", "MS")
        .optmulti("", "proxy-from", "", "NET")
        .optflag("", "no-web", "")
        .optmulti("", "origin", "", "HOST")
        .optopt("", "login-timeout", "", "S")
        .optopt("", "idle-timeout", "", "S")
        .optopt("", "keep-seat", "", "S")
        .optopt("", "rate", "", "RATE")
        .optopt("", "history", "", "N")
        .optopt("", "drain", "", "S")
        .optopt("", "motd", "", "FILE")
        .optopt("", "metrics", "", "ADDR")
        .optopt("", "data", "", "DIR")
        .optopt("", "keep-lines", "", "AGE")
        .optflag("", "durable", "")
        .optflag("", "data-anywhere", "")
        .optopt("", "accounts", "", "KIND")
        .optopt("", "registration", "", "R")
        .optopt("", "cluster", "", "URL")
        .optopt("", "node", "", "NAME")
        .optopt("", "cluster-key", "", "KEY")
        .optflagmulti("v", "verbose", "")
        .optflag("q", "quiet", "");
    options
}

pub(crate) fn parse(args: impl Iterator<Item = OsString>) -> Result<Wish, String> {
    let matches = match args::parse(&mut options(), 0, args, HELP, VERSION)? {
        Asked::Run(matches) => matches,
        Asked::Print(text) => return Ok(Wish::Print(text)),
    };
    let motd = matches.opt_str("motd").map(PathBuf::from);
    let mut config = config(&matches)?;
    let read = motd.as_deref().map(motd::read).transpose();
    config.motd = read.map_err(|error| format!("--motd: {error}"))?;
    let tls = tls_files(&matches)?;
    config.tls = tls.as_ref().map(tls::Files::read).transpose()?;
    config.tls_only = is_tls_only(&matches, tls.is_some())?;
    config.check().map_err(|error| error.to_string())?;
    let places = places(&matches)?;
    if tls.is_none() && places.iter().any(Place::is_for_tls) {
        return Err("tls: needs a certificate; give --tls-cert FILE and --tls-key FILE".into());
    }
    let keeping = keeping::given(&matches, config.history)?;
    let is_anonymous = matches.opt_present("anonymous");
    let cluster = cluster::given(&matches, is_anonymous)?;
    config.accounts = match cluster {
        None => accounts(&matches, keeping.is_some(), is_anonymous)?,
        Some(_) => no_accounts(&matches)?,
    };
    config.is_registration_open = is_registration_open(&matches)?;
    Ok(Wish::Serve(Box::new(Daemon {
        config,
        places,
        motd,
        tls,
        keeping,
        cluster,
        levels: levels(&matches)?,
    })))
}

/// Does what the words behind `server account` or `server data` ask for, and tells the outcome.
pub(crate) fn run_task<T>(
    word: &str,
    help: &'static str,
    args: impl Iterator<Item = OsString>,
    task: impl FnOnce(&Matches) -> Result<T, String>,
    run: impl FnOnce(&T) -> Result<String, String>,
) -> ExitCode {
    let options = &mut Options::new();
    options.optopt("", "data", "", "DIR");
    let asked = args::parse(options, usize::MAX, args, help, VERSION);
    let task = asked.and_then(|asked| match asked {
        Asked::Run(matches) => task(&matches).map(Ok),
        Asked::Print(text) => Ok(Err(text)),
    });
    let done = match task {
        Ok(Ok(task)) => run(&task),
        Ok(Err(text)) => Ok(text.into()),
        Err(sentence) => {
            complain(format!("server: {sentence}. Try 'server {word} --help'."));
            return ExitCode::from(2);
        }
    };
    match done.and_then(|text| args::print(&text)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            complain(format!("server: {sentence}."));
            ExitCode::from(1)
        }
    }
}

fn config(matches: &Matches) -> Result<Config, String> {
    let mut config = Config::default();
    config.anonymous = matches.opt_present("anonymous");

    let (what, range) = ("a number of clients", limits::CLIENTS_RANGE);
    config.max_clients = number(matches, "max-clients", what, range, config.max_clients)?;
    let what = "a number of connections from one address";
    let range = 0..=*limits::CLIENTS_RANGE.end();
    let max_per_ip = number(matches, "max-per-ip", what, range, 0)?;
    config.max_per_ip = (max_per_ip != 0).then_some(max_per_ip);
    let range = limits::LINE_BYTES_RANGE;
    config.max_line = number(matches, "max-line", "bytes", range, config.max_line)?;
    config.fit_queues();
    let range = limits::SEND_QUEUE_BYTES_RANGE;
    config.send_queue = number(matches, "send-queue", "bytes", range, config.send_queue)?;
    config.all_queues = config.all_queues.max(config.send_queue);
    let range = limits::HISTORY_LINES_RANGE;
    config.history = number(matches, "history", "lines", range, config.history)?;

    let seconds = |option, what, default: Duration| {
        let range = 0..=limits::LONGEST_TIME.as_secs();
        number(matches, option, what, range, default.as_secs()).map(Duration::from_secs)
    };
    let greet_after = args::given(matches, "greet-after", "CHAT_GREET_AFTER")?;
    config.greet_after = greet_after.map_or(Ok(limits::GREET_AFTER), |it| silence(&it))?;
    let proxy_from = all_given(matches, "proxy-from", "CHAT_PROXY_FROM")?;
    config.proxy_from = proxy_from.iter().map(network).collect::<Result<_, _>>()?;
    config.page = switched_on(matches, "no-web", "CHAT_NO_WEB")?.is_none();
    let origins = all_given(matches, "origin", "CHAT_ORIGIN")?;
    config.origins = origins.into_iter().map(|it| it.text).collect();
    let not_0 = |time: Duration| Some(time).filter(|time| !time.is_zero());
    let login_timeout = config.login_timeout.unwrap_or_default();
    let login_timeout = seconds("login-timeout", "seconds to log in", login_timeout)?;
    config.login_timeout = not_0(login_timeout);
    config.idle_timeout = not_0(seconds("idle-timeout", "seconds", Duration::ZERO)?);
    let (what, keep) = ("seconds to keep a seat", config.keep_guests);
    config.keep_guests = seconds("keep-seat", what, keep)?;
    if matches.opt_present("keep-seat") {
        config.keep_members = config.keep_guests;
    }
    config.drain = seconds("drain", "seconds", config.drain)?;
    let metrics = args::given(matches, "metrics", "CHAT_METRICS")?;
    config.metrics = metrics.as_ref().map(places::local).transpose()?;

    if let Some(text) = matches.opt_str("rate") {
        config.rate = rate(&text)?;
        config.rate_on_loopback = true;
    }
    Ok(config)
}

/// Whether people have accounts.
fn accounts(matches: &Matches, has_data: bool, is_anonymous: bool) -> Result<Accounts, String> {
    let given = args::given(matches, "accounts", "CHAT_ACCOUNTS")?;
    let Some(Given { source, text }) = given else {
        return Ok(match has_data {
            true => Accounts::On,
            false => Accounts::Off,
        });
    };
    let accounts = match &*text {
        "off" => return Ok(Accounts::Off),
        "on" => Accounts::On,
        "required" => Accounts::Required,
        _ => return Err(format!("{source} takes off, on or required, not '{text}'")),
    };
    if is_anonymous {
        return Err(format!(
            "{source} {text} does not go with --anonymous, where nobody gives a name"
        ));
    }
    match has_data {
        true => Ok(accounts),
        false => Err(format!(
            "{source} {text} needs a directory that keeps the accounts; give --data DIR"
        )),
    }
}

/// Several servers that are one chat have no accounts.
fn no_accounts(matches: &Matches) -> Result<Accounts, String> {
    match args::given(matches, "accounts", "CHAT_ACCOUNTS")? {
        Some(Given { source, text }) if text != "off" => Err(format!(
            "{source} {text} does not go with --cluster yet; give --accounts off"
        )),
        _ => Ok(Accounts::Off),
    }
}

fn is_registration_open(matches: &Matches) -> Result<bool, String> {
    match args::given(matches, "registration", "CHAT_REGISTRATION")? {
        None => Ok(true),
        Some(it) if it.text == "open" => Ok(true),
        Some(it) if it.text == "closed" => Ok(false),
        Some(Given { source, text }) => Err(format!("{source} takes open or closed, not '{text}'")),
    }
}

/// The files for TLS: both or neither.
fn tls_files(matches: &Matches) -> Result<Option<tls::Files>, String> {
    let certificate = args::given(matches, "tls-cert", "CHAT_TLS_CERT")?;
    let key = args::given(matches, "tls-key", "CHAT_TLS_KEY")?;
    match (certificate, key) {
        (None, None) => Ok(None),
        (Some(certificate), Some(key)) => Ok(Some(tls::Files {
            certificate: certificate.text.into(),
            key: key.text.into(),
        })),
        (Some(Given { source, .. }), None) => {
            Err(format!("{source} needs a key; give --tls-key FILE"))
        }
        (None, Some(Given { source, .. })) => Err(format!(
            "{source} needs a certificate; give --tls-cert FILE"
        )),
    }
}

/// Whether an option without a value was given, or its variable is on. Returns what asks for it.
pub(crate) fn switched_on(
    matches: &Matches,
    option: &str,
    name: &str,
) -> Result<Option<String>, String> {
    if matches.opt_present(option) {
        return Ok(Some(format!("--{option}")));
    }
    let switch = args::switch(name)?;
    Ok(switch.and_then(|(source, on)| on.then_some(source)))
}

fn is_tls_only(matches: &Matches, has_certificate: bool) -> Result<bool, String> {
    let Some(source) = switched_on(matches, "tls-only", "CHAT_TLS_ONLY")? else {
        return Ok(false);
    };
    match has_certificate {
        true => Ok(true),
        false => Err(format!(
            "{source} needs a certificate; give --tls-cert FILE and --tls-key FILE"
        )),
    }
}

fn places(matches: &Matches) -> Result<Vec<Place>, String> {
    let given = all_given(matches, "listen", "CHAT_LISTEN")?;
    given.iter().map(Place::parse).collect()
}

/// The values of an option that may stand several times, or those of the variable that sets its default, which has commas
/// between them.
fn all_given(matches: &Matches, option: &str, name: &str) -> Result<Vec<Given>, String> {
    let given = matches.opt_strs(option).into_iter();
    let given: Vec<Given> = given.map(|text| Given::by_option(option, text)).collect();
    if !given.is_empty() {
        return Ok(given);
    }
    let Some(Given { source, text }) = args::variable(name)? else {
        return Ok(given);
    };
    let list = text.split(',').map(str::trim);
    let list = list.filter(|text| !text.is_empty());
    let list = list.map(|text| Given {
        source: source.clone(),
        text: text.into(),
    });
    Ok(list.collect())
}

fn levels(matches: &Matches) -> Result<Levels, String> {
    let level = match (matches.opt_present("quiet"), matches.opt_count("verbose")) {
        (true, _) => LevelFilter::Warn,
        (false, 0) => {
            let asked = args::variable("RUST_LOG")?.map(|asked| asked.text);
            return Ok(Levels::parse(&asked.unwrap_or_default()));
        }
        (false, 1) => LevelFilter::Debug,
        (false, _) => LevelFilter::Trace,
    };
    Ok(Levels::all(level))
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

/// The addresses of proxies, or a sentence that says what is wrong with them.
fn network(given: &Given) -> Result<Network, String> {
    let (source, text) = (&given.source, &given.text);
    text.parse().map_err(|why| match why {
        InvalidNetwork::Address(meant) => {
            format!("{source} cannot be '{text}', as that is one address of a network; give {meant}")
        }
        _ => format!(
            "{source} takes a network, such as 10.0.0.0/8 or 2001:db8::/32, or an address, not '{text}'"
        ),
    })
}

/// How long a newcomer may be silent before they are greeted.
fn silence(given: &Given) -> Result<Duration, String> {
    let millis = given.text.trim().parse().ok();
    let silence = millis.map(Duration::from_millis);
    let silence = silence.filter(|it| *it <= limits::GREET_AFTER_MOST);
    silence.ok_or_else(|| {
        let (source, most) = (&given.source, limits::GREET_AFTER_MOST.as_millis());
        let text = &given.text;
        format!("{source} takes milliseconds of silence, 0 to {most}, not '{text}'")
    })
}

/// A whole number, or the default if none is given.
fn number<T: FromStr + PartialOrd + Display>(
    matches: &Matches,
    option: &str,
    what: &str,
    range: RangeInclusive<T>,
    default: T,
) -> Result<T, String> {
    let Some(text) = matches.opt_str(option) else {
        return Ok(default);
    };
    let number = text.parse().ok().filter(|number| range.contains(number));
    number.ok_or_else(|| {
        let (least, most) = range.into_inner();
        format!("--{option} takes {what}, {least} to {most}, not '{text}'")
    })
}
