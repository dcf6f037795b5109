//! The terminal client: a command line around the client of the library.

mod args;
mod contents;
mod destination;
mod settings;
mod signals;
mod trust;

use std::env;
use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use chinwag::inner::Secret;
use chinwag::inner::client::{self, Config, Outcome, Status};
use chinwag::limits::accounts::SECRET_BYTES;
use getopts::{Matches, Options};

use args::{Asked, Given};
use destination::Destination;
use settings::{Settings, either};

const HELP: &str = "\
A client for chats of lines. At a terminal it edits the line you type while others talk; in a pipe it sends each line
that comes in and prints each line it receives.

client [HOST[:PORT]] [OPTIONS]
  -H, --host HOST      the server's name or address            [CHAT_HOST, or 127.0.0.1]
  -p, --port PORT      its port                                [CHAT_PORT, or 8080]
  -n, --name NAME      your username                           [CHAT_NAME; asked for otherwise]
      --password-file FILE
                       where the password of that name is      [or CHAT_PASSWORD; asked for otherwise]
      --tls            speak TLS, and with nobody but HOST     [CHAT_TLS=on does so too]
      --ca FILE        PEM with what to trust; implies --tls   [CHAT_CA, or what the system trusts]
      --time           show the local time before each line
      --no-color       show no colours (NO_COLOR is honoured too)
      --plain          draw nothing but lines, for screen readers and logs (TERM=dumb does so too)
      --no-reconnect   end when the connection is lost
      --raw            in a pipe, say each line as it is, even if it begins with '/'
      --no-tls, --no-time, --color
                       the opposites, where the file of settings says otherwise
  -h, --help    -V, --version

Type to talk. 'send <MSG>' sends a message, 'leave' disconnects and exits, and a line that begins with '/' is a command
for the server: '/help' lists them.

Settings may stand in ~/.config/chinwag/client.toml: host, port, name, tls, ca, time and colours. The environment goes
before them, and the command line before both.

Exit status: 0 after leaving; 1 when the server closed or was lost, a line of a pipe was not confirmed, a '/join' in a pipe
led to no other room, or the input or output failed; 2 for a wrong command line or setting; 3 when it could not connect; 4 when the
server refused the name.
";

const VERSION: &str = concat!("chinwag client ", env!("CARGO_PKG_VERSION"), "\n");

/// The wish behind the command line.
enum Wish {
    Chat(Config),
    Print(&'static str),
}

fn main() -> ExitCode {
    let config = match parse(env::args_os().skip(1)) {
        Ok(Wish::Chat(config)) => config,
        Ok(Wish::Print(text)) => match args::print(text) {
            Ok(()) => return ExitCode::SUCCESS,
            Err(sentence) => {
                args::complain(&format!("client: {sentence}."));
                return ExitCode::from(1);
            }
        },
        Err(sentence) => {
            args::complain(&format!("client: {sentence}. Try 'client --help'."));
            return ExitCode::from(2);
        }
    };
    match client::run(&config) {
        Ok(outcome) => finish(&outcome),
        Err(error) => {
            args::complain(&format!("client: cannot go on: {}.", args::cause(&error)));
            ExitCode::from(1)
        }
    }
}

fn finish(outcome: &Outcome) -> ExitCode {
    if let Some(reason) = &outcome.reason {
        let end = if reason.ends_with(['.', '!', '?']) {
            ""
        } else {
            "."
        };
        args::complain(&format!("client: {reason}{end}"));
    }
    ExitCode::from(match outcome.status {
        Status::Left => 0,
        Status::Closed | Status::Failed => 1,
        Status::Unreachable => 3,
        Status::Refused => 4,
        Status::Signal(signal) => {
            // The process that waits for us should see that the signal ended us.
            let _ = signal_hook::low_level::emulate_default_handler(signal);
            128u8.saturating_add(signal as u8)
        }
    })
}

fn options() -> Options {
    let mut options = Options::new();
    options
        .optopt("H", "host", "", "HOST")
        .optopt("p", "port", "", "PORT")
        .optopt("n", "name", "", "NAME")
        .optopt("", "password-file", "", "FILE")
        .optflag("", "tls", "")
        .optopt("", "ca", "", "FILE")
        .optflag("", "no-tls", "")
        .optflag("", "time", "")
        .optflag("", "no-time", "")
        .optflag("", "color", "")
        .optflag("", "no-color", "")
        .optflag("", "plain", "")
        .optflag("", "no-reconnect", "")
        .optflag("", "raw", "");
    options
}

fn parse(args: impl Iterator<Item = OsString>) -> Result<Wish, String> {
    let matches = match args::parse(&mut options(), 1, args, HELP, VERSION)? {
        Asked::Run(matches) => matches,
        Asked::Print(text) => return Ok(Wish::Print(text)),
    };
    let mut settings = settings::read()?;
    let (host, port) = server(&matches, &mut settings)?;
    let name = args::given(&matches, "name", "CHAT_NAME")?;
    let name = name.or(settings.name.take());
    let terminal = set("TERM");
    let drawing = terminal.is_some_and(|terminal| terminal != "dumb");
    let color = either(&matches, "color", "no-color")?;
    let color = color.or(set("NO_COLOR").map(|_| false));
    let time = either(&matches, "time", "no-time")?;
    Ok(Wish::Chat(Config {
        host,
        port,
        tls: trust::given(&matches, &settings)?,
        name: name.map(|name| one_line(&name.text)),
        password: password(&matches)?,
        color: color.or(settings.colours).unwrap_or(true),
        time: time.or(settings.time).unwrap_or(false),
        reconnect: !matches.opt_present("no-reconnect"),
        raw: matches.opt_present("raw"),
        drawing: drawing && !matches.opt_present("plain"),
        signals: signals::heeded(&client::SIGNALS).0,
    }))
}

/// The host and the port: the word on the command line, the options, the environment and the settings, in this order.
fn server(matches: &Matches, settings: &mut Settings) -> Result<(String, u16), String> {
    let word = matches.free.first();
    let place = word.map(|word| {
        Destination::parse(word).ok_or_else(|| {
            format!("a server is given as HOST, HOST:PORT or [ADDRESS]:PORT, not '{word}'")
        })
    });
    let place = place.transpose()?;
    for (option, is_twice) in [
        ("host", place.is_some()),
        ("port", place.as_ref().is_some_and(|it| it.port.is_some())),
    ] {
        if is_twice && matches.opt_present(option) {
            return Err(format!(
                "the {option} is given twice; leave --{option} away"
            ));
        }
    }
    let given = |text: &str| Given {
        source: "HOST:PORT".into(),
        text: text.into(),
    };
    let host = place.as_ref().map(|it| given(it.host));
    let host = match host {
        None => args::given(matches, "host", "CHAT_HOST")?,
        host => host,
    };
    let host = host.or(settings.host.take());
    let port = place.and_then(|it| it.port).map(given);
    let port = match port {
        None => args::given(matches, "port", "CHAT_PORT")?,
        port => port,
    };
    let port = match port.or(settings.port.take()) {
        None => 8080,
        Some(Given { source, text }) => match text.trim().parse() {
            Ok(port) if port != 0 => port,
            _ => {
                return Err(format!(
                    "{source} takes a number from 1 to 65535, not '{text}'"
                ));
            }
        },
    };
    Ok((host.map_or_else(|| "127.0.0.1".into(), |it| it.text), port))
}

/// The password: the first line of a file, or a variable. It is never on the command line, which everybody can read.
fn password(matches: &Matches) -> Result<Option<Secret>, String> {
    let Some(path) = matches.opt_str("password-file") else {
        let given = args::variable("CHAT_PASSWORD")?;
        return Ok(given.map(|it| Secret::new(&it.text)));
    };
    let cannot = |why: &str| format!("--password-file: cannot use '{path}': {why}");
    let bytes = contents::read(Path::new(&path), SECRET_BYTES);
    let bytes = bytes.map_err(|error| cannot(&args::cause(&error)))?;
    let text = String::from_utf8(bytes).map_err(|_| cannot("it is not UTF-8"))?;
    match text.lines().next() {
        None | Some("") => Err(cannot("it is empty")),
        Some(line) => Ok(Some(Secret::new(line))),
    }
}

/// An environment variable with any bytes, unless it is empty.
fn set(variable: &str) -> Option<OsString> {
    env::var_os(variable).filter(|value| !value.is_empty())
}

/// Makes a name one line to send, whatever it contains; the server judges it.
fn one_line(name: &str) -> String {
    chinwag::inner::wire::clean(name.as_bytes()).into_owned()
}
