//! `Options`: which Redis, under which key, and by which name. User and password are in memory only: no `Debug`, no error
//! and no place that is shown has them.

use std::fmt;

use redis::{ConnectionAddr, ConnectionInfo, IntoConnectionInfo, RedisConnectionInfo};

use crate::limits::cluster::{KEY_BYTES, NODE_CHARS};

use super::error::Error;

/// The port of a Sentinel, unless the URL names one.
const SENTINEL_PORT: u16 = 26379;

const SENTINEL: &str = "redis+sentinel://";

/// Which cluster, and as whom.
#[derive(Clone)]
pub struct Options {
    pub(super) redis: Redis,
    /// Where Redis is, for people to read.
    place: String,
    node: Box<str>,
    key: Box<str>,
}

/// How Redis is found.
#[derive(Clone)]
pub(super) enum Redis {
    At(ConnectionInfo),
    /// Sentinels know where the one is that takes writes.
    By {
        sentinels: Vec<(String, u16)>,
        master: String,
        /// User, password and database, for Redis and not for the Sentinels.
        login: RedisConnectionInfo,
    },
}

impl Options {
    /// Checks what was given: a URL, the name of this server, and the key of the stream.
    ///
    /// The URL is `redis://[[USER]:PASSWORD@]HOST[:PORT][/DB]`, `rediss://…` for TLS, `unix:/PATH[?db=DB&user=…&pass=…]`, or
    /// `redis+sentinel://[[USER]:PASSWORD@]HOST[:PORT][,HOST[:PORT]…]/MASTER[/DB]`.
    ///
    /// # Errors
    ///
    /// [`Error::Url`], [`Error::Node`] or [`Error::Key`]. Their words have no part of the URL.
    pub fn new(url: &str, node: &str, key: &str) -> Result<Options, Error> {
        if !is_node(node) {
            return Err(Error::Node);
        }
        let is_of_key = |it: u8| is_of_node(it) || it == b':';
        if !(1..=KEY_BYTES).contains(&key.len()) || !key.bytes().all(is_of_key) {
            return Err(Error::Key);
        }
        let redis = match url.strip_prefix(SENTINEL) {
            Some(rest) => sentinels(rest)?,
            None => Redis::At(direct(url)?),
        };
        Ok(Options {
            place: place(&redis),
            redis,
            node: node.into(),
            key: key.into(),
        })
    }

    /// The name of this server.
    pub fn node(&self) -> &str {
        &self.node
    }

    /// The key of the stream.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Where Redis is, without user and password.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Another key of this cluster.
    pub(super) fn under(&self, rest: &str) -> String {
        format!("{}:{rest}", self.key)
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Options {
            place, node, key, ..
        } = self;
        write!(f, "Options {{ {place}, {node}, {key} }}")
    }
}

fn is_of_node(it: u8) -> bool {
    it.is_ascii_alphanumeric() || matches!(it, b'-' | b'_' | b'.')
}

/// Whether a server may be called so.
pub(super) fn is_node(name: &str) -> bool {
    (1..=NODE_CHARS).contains(&name.len()) && name.bytes().all(is_of_node)
}

/// A URL that the crate understands. What it says about a wrong one may quote it, and is not used.
fn direct(url: &str) -> Result<ConnectionInfo, Error> {
    let schemes = ["redis:", "rediss:", "unix:"];
    if !schemes.iter().any(|it| url.starts_with(it)) {
        return Err(Error::Url("the URL of Redis has another beginning"));
    }
    if url.contains('#') {
        return Err(Error::Url(
            "the URL of Redis has a '#', which is written %23",
        ));
    }
    let info = url.into_connection_info();
    let info = info.map_err(|_| Error::Url("the URL of Redis cannot be read"))?;
    let login = info.redis_settings().clone().set_skip_set_lib_name();
    Ok(info.set_redis_settings(login))
}

fn sentinels(rest: &str) -> Result<Redis, Error> {
    let (authority, path) = rest
        .split_once('/')
        .ok_or(Error::Url("the URL of the Sentinels names no master"))?;
    let (login, hosts) = match authority.rsplit_once('@') {
        Some((login, hosts)) => (format!("{login}@"), hosts),
        None => (String::new(), authority),
    };
    let (master, db) = path.split_once('/').unwrap_or((path, "0"));
    if !is_node(master) {
        return Err(Error::Url("the URL of the Sentinels names no master"));
    }
    let login = direct(&format!("redis://{login}sentinel/{db}"))?;
    let sentinels = hosts.split(',').map(|host| {
        let info = direct(&format!("redis://{host}"))?;
        match info.addr() {
            ConnectionAddr::Tcp(name, port) => {
                let has_port = host.ends_with(&format!(":{port}"));
                Ok((name.clone(), if has_port { *port } else { SENTINEL_PORT }))
            }
            _ => Err(Error::Url("the URL of the Sentinels names no host")),
        }
    });
    Ok(Redis::By {
        sentinels: sentinels.collect::<Result<_, _>>()?,
        master: master.into(),
        login: login.redis_settings().clone(),
    })
}

fn place(redis: &Redis) -> String {
    match redis {
        Redis::At(info) => info.addr().to_string(),
        Redis::By {
            sentinels, master, ..
        } => {
            let hosts = sentinels
                .iter()
                .map(|(host, port)| format!("{host}:{port}"));
            let hosts: Vec<String> = hosts.collect();
            format!("{master} of {}", hosts.join(","))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(url: &str) -> Result<Options, Error> {
        Options::new(url, "n1", "chinwag")
    }

    #[test]
    fn a_url_is_shown_without_its_secrets() {
        let places = [
            ("redis://zoe:hush@host:7000/3", "host:7000"),
            ("redis://:hush@host", "host:6379"),
            ("rediss://zoe:hush@[::1]:7/0", "::1:7"),
            ("unix:/run/redis.sock?user=zoe&pass=hush", "/run/redis.sock"),
            ("unix:///run/redis.sock?pass=hush", "/run/redis.sock"),
            (
                "redis+sentinel://zoe:hush@a:7,b/main/2",
                "main of a:7,b:26379",
            ),
        ];
        for (url, place) in places {
            let options = options(url).expect(url);
            assert_eq!(options.place(), place);
            let text = format!("{options:?}");
            assert!(!text.contains("hush") && !text.contains("zoe"), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_without_the_url() {
        let urls = [
            "",
            "hush",
            "http://zoe:hush@host",
            "redis://",
            "redis://zoe:hush@host:port",
            "redis://zoe:hush@host/hush",
            "redis://zoe:hush@host/?protocol=hush",
            "rediss://zoe:hush@host/#insecure",
            "redis://zoe:hu#sh@host/0",
            "redis://zoe:hush@0.0.0.0/",
            "redis+sentinel://zoe:hush@a,b",
            "redis+sentinel://zoe:hush@a,b/",
            "redis+sentinel://zoe:hush@a,,b/main",
            "redis+sentinel://zoe:hush@a/main/hush",
        ];
        for url in urls {
            let error = options(url).expect_err(url);
            assert!(matches!(error, Error::Url(_)), "{url}: {error}");
            let text = format!("{error} {error:?}");
            assert!(!text.contains("hush") && !text.contains("zoe"), "{text}");
        }
    }

    #[test]
    fn the_sentinels_get_what_the_url_says() {
        let options = options("redis+sentinel://zoe:h%40@a:7,b/main/2").expect("a URL");
        let Redis::By {
            sentinels, login, ..
        } = &options.redis
        else {
            panic!("no Sentinel");
        };
        assert_eq!(sentinels[1], ("b".into(), 26379));
        assert_eq!(login.username(), Some("zoe"));
        assert_eq!((login.password(), login.db()), (Some("h@"), 2));
    }

    #[test]
    fn names_and_keys_are_plain() {
        let with = |node: &str, key: &str| Options::new("redis://host", node, key).map(|_| ());
        assert_eq!(with("n1.example-org_x", "chat:one"), Ok(()));
        assert_eq!(with(&"n".repeat(32), &"k".repeat(64)), Ok(()));
        for node in ["", "a b", "a:b", "é", &"n".repeat(33)] {
            assert_eq!(with(node, "k"), Err(Error::Node));
        }
        for key in ["", "a b", "{k}", &"k".repeat(65)] {
            assert_eq!(with("n", key), Err(Error::Key));
        }
    }
}
