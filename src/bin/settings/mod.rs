//! The settings that a person keeps in a file: `chinwag/client.toml`, below their folder for configuration (XDG Base
//! Directory Specification). They count where neither the command line nor the environment says anything.

use std::env;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use getopts::Matches;
use toml_span::Value;
use toml_span::value::{Table, ValueInner};

use crate::args::{self, Given};
use crate::contents;

/// Longest file, in bytes.
const MOST: usize = 64 * 1024;

/// The settings of the file. Each text tells its line, too.
#[derive(Default)]
pub(crate) struct Settings {
    pub(crate) host: Option<Given>,
    pub(crate) port: Option<Given>,
    pub(crate) name: Option<Given>,
    pub(crate) tls: Option<bool>,
    pub(crate) ca: Option<Given>,
    pub(crate) time: Option<bool>,
    pub(crate) colours: Option<bool>,
}

/// Reads the file. There need not be one.
pub(crate) fn read() -> Result<Settings, String> {
    let Some(path) = path() else {
        return Ok(Settings::default());
    };
    let cannot = |why: &str| format!("cannot read {}: {why}", path.display());
    let bytes = match contents::read(&path, MOST) {
        Ok(bytes) => bytes,
        Err(error) if is_missing(error.kind()) => return Ok(Settings::default()),
        Err(error) => return Err(cannot(&args::cause(&error))),
    };
    let text = String::from_utf8(bytes).map_err(|_| cannot("it is not UTF-8"))?;
    parse(&path, text.strip_prefix('\u{feff}').unwrap_or(&text))
}

fn is_missing(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::NotFound | ErrorKind::NotADirectory)
}

fn path() -> Option<PathBuf> {
    let absolute = |variable| {
        let path = env::var_os(variable).map(PathBuf::from);
        path.filter(|path| path.is_absolute())
    };
    let folder = absolute("XDG_CONFIG_HOME");
    let folder = folder.or_else(|| absolute("HOME").map(|home| home.join(".config")))?;
    Some(folder.join("chinwag").join("client.toml"))
}

fn parse(path: &Path, text: &str) -> Result<Settings, String> {
    let file = File { path, text };
    let mut table = match toml_span::parse(text).map(|mut it| it.take()) {
        Ok(ValueInner::Table(table)) => table,
        Ok(_) => return Ok(Settings::default()),
        Err(error) => {
            let place = file.line(error.span.start);
            return Err(format!("{place} is not TOML: {error}"));
        }
    };
    let mut settings = Settings {
        host: file.text(&mut table, "host")?,
        port: file.number(&mut table, "port")?,
        name: file.text(&mut table, "name")?,
        tls: file.switch(&mut table, "tls")?,
        ca: file.text(&mut table, "ca")?,
        time: file.switch(&mut table, "time")?,
        colours: file.switch(&mut table, "colours")?,
    };
    // A path begins where the file is, and not where the client is started.
    if let (Some(ca), Some(folder)) = (&mut settings.ca, path.parent()) {
        ca.text = folder.join(&ca.text).to_string_lossy().into_owned();
    }
    match table.keys().min_by_key(|key| key.span.start) {
        None => Ok(settings),
        Some(key) => Err(file.unknown(key.span.start, &key.name)),
    }
}

/// The file, to name its lines.
struct File<'a> {
    path: &'a Path,
    text: &'a str,
}

impl File<'_> {
    /// The line at a byte offset, as a person knows it.
    fn line(&self, at: usize) -> String {
        let before = self.text.bytes().take(at);
        let number = 1 + before.filter(|&byte| byte == b'\n').count();
        format!("{}, line {number}", self.path.display())
    }

    fn text(&self, table: &mut Table<'_>, key: &str) -> Result<Option<Given>, String> {
        let takes = format!("text in quotes, such as {key} = \"{}\"", example(key));
        self.take(table, key, &takes, |value| match value {
            ValueInner::String(text) => Some(text.into_owned()),
            _ => None,
        })
    }

    fn number(&self, table: &mut Table<'_>, key: &str) -> Result<Option<Given>, String> {
        let takes = format!("a number without quotes, such as {key} = {}", example(key));
        self.take(table, key, &takes, |value| match value {
            ValueInner::Integer(number) => Some(number.to_string()),
            _ => None,
        })
    }

    fn switch(&self, table: &mut Table<'_>, key: &str) -> Result<Option<bool>, String> {
        let given = self.take(table, key, "true or false, without quotes", |value| {
            value.as_bool().map(|it| it.to_string())
        })?;
        Ok(given.map(|it| it.text == "true"))
    }

    fn take<'a>(
        &self,
        table: &mut Table<'a>,
        key: &str,
        takes: &str,
        read: impl FnOnce(ValueInner<'a>) -> Option<String>,
    ) -> Result<Option<Given>, String> {
        let Some(mut value): Option<Value<'a>> = table.remove(key) else {
            return Ok(None);
        };
        let source = format!("{}: {key}", self.line(value.span.start));
        match read(value.take()) {
            Some(text) => Ok(Some(Given { source, text })),
            None => Err(format!("{source} takes {takes}")),
        }
    }

    fn unknown(&self, at: usize, key: &str) -> String {
        let line = self.line(at);
        match key {
            "password" => format!("{line}: a password cannot stand here. Use --password-file"),
            _ => format!(
                "{line}: there is no setting '{key}'. There are host, port, name, tls, ca, time and colours"
            ),
        }
    }
}

fn example(key: &str) -> &'static str {
    match key {
        "host" => "chat.example.org",
        "port" => "8080",
        "ca" => "certificate.pem",
        _ => "Ann",
    }
}

/// Whether one or the other of two opposite options was given.
pub(crate) fn either(matches: &Matches, on: &str, off: &str) -> Result<Option<bool>, String> {
    match (matches.opt_present(on), matches.opt_present(off)) {
        (true, true) => Err(format!(
            "--{on} and --{off} are opposites; give one of them"
        )),
        (false, false) => Ok(None),
        (on, _) => Ok(Some(on)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Settings, String> {
        parse(Path::new("/etc/client.toml"), text)
    }

    #[test]
    fn every_setting_is_read() {
        let text = "# mine\nhost = 'chat.example.org'\nport = 4000\nname = \"Zoë\"\ntls = true\n\
                    ca = 'own.pem'\ntime = true\ncolours = false\n";
        let settings = parsed(text).unwrap_or_else(|error| panic!("{error}"));
        let text = |given: Option<Given>| given.map(|it| it.text).unwrap_or_default();
        let port = settings.port.as_ref().map(|it| it.source.as_str());
        assert_eq!(port, Some("/etc/client.toml, line 3: port"));
        assert_eq!(text(settings.host), "chat.example.org");
        assert_eq!(text(settings.port), "4000");
        assert_eq!(text(settings.name), "Zoë");
        assert_eq!(text(settings.ca), "/etc/own.pem");
        let switches = [settings.tls, settings.time, settings.colours];
        assert_eq!(switches, [Some(true), Some(true), Some(false)]);
        assert!(parsed("").is_ok_and(|it| it.host.is_none() && it.tls.is_none()));
    }

    #[test]
    fn a_mistake_is_told_with_its_line_and_what_is_right() {
        for (text, told) in [
            (
                "\nprot = 1",
                "line 2: there is no setting 'prot'. There are host,",
            ),
            (
                "\n[chat]\nhost = 'x'",
                "line 2: there is no setting 'chat'.",
            ),
            (
                "password = 'x'",
                "line 1: a password cannot stand here. Use --password-file",
            ),
            (
                "\n\nport = '1'",
                "line 3: port takes a number without quotes, such as port = 8080",
            ),
            (
                "host = 1",
                "line 1: host takes text in quotes, such as host = \"chat.example.org\"",
            ),
            (
                "time = 'on'",
                "line 1: time takes true or false, without quotes",
            ),
            ("host = 'a'\nhost = 'b'", "line 2 is not TOML: "),
            ("time = true\nhost = chat", "line 2 is not TOML: "),
        ] {
            let error = parsed(text).err().unwrap_or_default();
            assert!(
                error.starts_with(&format!("/etc/client.toml, {told}")),
                "{error}"
            );
        }
    }
}
