//! `Config`: the operator's settings, with safe defaults.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::time::Duration;

use crate::account::Accounts;
use crate::error::Error;
use crate::limits::seats::{KEEP_GUEST, KEEP_MEMBER};
use crate::limits::{
    ALL_QUEUES_BYTES, ANSWER_BYTES, AROUND_LINE, CLEAN_GROWTH, CLIENTS, CLIENTS_RANGE, DRAIN,
    GREET_AFTER_MOST, HISTORY_LINES, HISTORY_LINES_RANGE, LINE_BYTES, LINE_BYTES_RANGE, LOG_BYTES,
    LOGIN_TIMEOUT, LONGEST_TIME, MOTD_BYTES, SEND_QUEUE_BYTES, SEND_QUEUE_BYTES_RANGE,
};
use crate::net::TlsIdentity;
use crate::network::Networks;
use crate::rate::Rate;
#[cfg(feature = "web")]
use crate::wire::http::is_origin;

use super::{Listen, ListenKind};

/// How a [`Server`](crate::Server) is to run. Begin with [`Config::default`] and change what you need.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Config {
    /// Addresses to listen on, and what is spoken there. Default: 127.0.0.1:8080, and everything.
    pub listen: Vec<Listen>,
    /// No login: people are named by their address. Default: false.
    pub anonymous: bool,
    /// Connections held at once. Further people are told that the server is full. Default: 10,000. Keep it below the
    /// process's limit on open files.
    pub max_clients: usize,
    /// Connections held at once from one address, where all addresses of an IPv6 /64 count as one. Further people are
    /// told to close one. `None` for no limit. Default: `None`.
    pub max_per_ip: Option<usize>,
    /// Longest line accepted, in bytes without its end: 64 to 1,048,576. Default: 8,192.
    pub max_line: usize,
    /// Output that may wait for one slow reader, in bytes: 524,288 to 1,073,741,824, and at least what
    /// [`fit_queues`](Self::fit_queues) gives for the longest line. Beyond that the oldest lines of the room are
    /// skipped, and the reader is told how many. Messages to one person alone are never skipped: a reader with more of
    /// those waiting is dropped. Default: 1,048,576.
    pub send_queue: usize,
    /// Memory that the waiting output of all slow readers together may take, in bytes; at least `send_queue`. Output
    /// that several of them share counts once. Beyond that the longest queues lose lines of their rooms. If that is not
    /// enough, the readers with the most other output waiting are dropped. Default: 268,435,456.
    pub all_queues: usize,
    /// How fast one person may send; `None` for no limit. A person who sends faster is not read for a while, and loses
    /// nothing. Default: 16 lines a second, 128 at once.
    pub rate: Option<Rate>,
    /// Whether the rate also applies to people who connect from this machine. Default: false.
    pub rate_on_loopback: bool,
    /// Silence after which a newcomer is greeted as a person, at most 5 s. Clients that speak another protocol send
    /// something before that. Zero greets everyone at once. Default: zero.
    pub greet_after: Duration,
    /// The addresses of proxies that tell who connects through them, by a header of the PROXY protocol, version 1 or 2. A
    /// connection from there is closed if no header comes within 3 s; from elsewhere no header is believed. The address in
    /// the header counts for `max_per_ip` and `rate`, names people who have no name, and stands in the log. Default: none.
    pub proxy_from: Networks,
    /// The certificate and key with which newcomers who begin with TLS are answered in TLS. `None` turns them away.
    /// [`Handle::set_tls`](crate::Handle::set_tls) changes it. It needs a moment before newcomers are
    /// [greeted](Self::greet_after). Default: `None`.
    #[cfg(feature = "tls")]
    pub tls: Option<TlsIdentity>,
    /// Whether people from other machines who come without TLS are told so and closed. Through a proxy on this machine
    /// they come from this machine. Default: false.
    #[cfg(feature = "tls")]
    pub tls_only: bool,
    /// Whether browsers get a page to chat on. Without it they can still open a WebSocket. Browsers need a moment before
    /// newcomers are [greeted](Self::greet_after). Default: true.
    #[cfg(feature = "web")]
    pub page: bool,
    /// Hosts of pages from elsewhere that may open a WebSocket here, each with a port unless that is the usual one, such as
    /// `chat.example.org` or `localhost:3000`. Default: none.
    #[cfg(feature = "web")]
    pub origins: Vec<String>,
    /// Time in which a newcomer must give a username; `None` for no limit. Default: 60 s.
    pub login_timeout: Option<Duration>,
    /// Time after which a person who has typed nothing is dropped; `None` for never. Default: `None`.
    pub idle_timeout: Option<Duration>,
    /// How long the seat of a guest is kept whose program loses the connection; zero for never. Until then they are in the
    /// chat, and the program can take the seat again. Default: 60 s.
    pub keep_guests: Duration,
    /// The same for a member, whose seat is also kept when the connection of `telnet` or the like breaks. Default: 600 s.
    pub keep_members: Duration,
    /// Whether people have accounts, if a [store](crate::Server::keep) keeps them; without one, and where people are named
    /// by their address, nobody has. Default: some
    /// have, and others are guests.
    pub accounts: Accounts,
    /// Whether people can register. Otherwise only the operator makes accounts. Default: true.
    pub is_registration_open: bool,
    /// Lines that each room keeps as its history, at most 10,000, and only the last ones that fit 64 KiB. Default: 200.
    pub history: usize,
    /// Text shown to every newcomer, at most 16 KiB. [`Handle::set_motd`](crate::Handle::set_motd) changes it.
    pub motd: Option<String>,
    /// Time to flush queues at shutdown. Default: 5 s.
    pub drain: Duration,
    /// Where programs that watch the server can read its figures, over HTTP: `/metrics` in Prometheus' text format, and
    /// `/healthz`. Port 0 picks a free one. Nobody is asked who they are. Default: `None`.
    pub metrics: Option<SocketAddr>,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            listen: vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)).into()],
            anonymous: false,
            max_clients: CLIENTS,
            max_per_ip: None,
            max_line: LINE_BYTES,
            send_queue: SEND_QUEUE_BYTES,
            all_queues: ALL_QUEUES_BYTES,
            rate: Some(Rate::default()),
            rate_on_loopback: false,
            greet_after: NO_TIME,
            proxy_from: Networks::default(),
            #[cfg(feature = "tls")]
            tls: None,
            #[cfg(feature = "tls")]
            tls_only: false,
            #[cfg(feature = "web")]
            page: true,
            #[cfg(feature = "web")]
            origins: Vec::new(),
            login_timeout: Some(LOGIN_TIMEOUT),
            idle_timeout: None,
            keep_guests: KEEP_GUEST,
            keep_members: KEEP_MEMBER,
            accounts: Accounts::On,
            is_registration_open: true,
            history: HISTORY_LINES,
            motd: None,
            drain: DRAIN,
            metrics: None,
        }
    }
}

impl Config {
    /// Checks every value against its range. [`Server::bind`](crate::Server::bind) does so too.
    ///
    /// # Errors
    ///
    /// [`Error::Config`], with a sentence that names the value and its range.
    pub fn check(&self) -> Result<(), Error> {
        if self.listen.is_empty() {
            let sentence = "there is no address to listen on; give one";
            return Err(Error::Config(sentence.into()));
        }
        in_range("the number of clients", self.max_clients, CLIENTS_RANGE)?;
        let max_per_ip = self.max_per_ip.unwrap_or(CLIENTS);
        in_range("connections from one address", max_per_ip, CLIENTS_RANGE)?;
        in_range("the longest line", self.max_line, LINE_BYTES_RANGE)?;
        in_range("the send queue", self.send_queue, SEND_QUEUE_BYTES_RANGE)?;
        self.check_queues()?;
        in_range("the history", self.history, HISTORY_LINES_RANGE)?;
        let motd = self.motd.as_deref().map_or(0, str::len);
        in_range("the length of the message of the day", motd, 0..=MOTD_BYTES)?;
        let idle_timeout = self.idle_timeout.unwrap_or_default();
        in_range("the time to be idle", idle_timeout, NO_TIME..=LONGEST_TIME)?;
        for keep in [self.keep_guests, self.keep_members] {
            in_range("the time to keep a seat", keep, NO_TIME..=LONGEST_TIME)?;
        }
        let greet_after = self.greet_after;
        in_range(
            "the time to greet after",
            greet_after,
            NO_TIME..=GREET_AFTER_MOST,
        )?;
        self.check_tls()?;
        self.check_origins()?;
        let is_tls = |it: &Listen| it.kind == ListenKind::Tls;
        if self.identity().is_none() && self.listen.iter().any(is_tls) {
            let sentence = "an address for TLS needs a certificate; give one";
            return Err(Error::Config(sentence.into()));
        }
        let login_timeout = self.login_timeout.unwrap_or_default();
        in_range("the time to log in", login_timeout, NO_TIME..=LONGEST_TIME)?;
        in_range("the time to drain", self.drain, NO_TIME..=LONGEST_TIME)
    }

    #[cfg(feature = "web")]
    fn check_origins(&self) -> Result<(), Error> {
        let mut origins = self.origins.iter();
        match origins.find(|it| !is_origin(it)) {
            None => Ok(()),
            Some(origin) => Err(Error::Config(format!(
                "pages cannot be from '{origin}'; give a host, such as chat.example.org or localhost:3000"
            ))),
        }
    }

    #[cfg(not(feature = "web"))]
    fn check_origins(&self) -> Result<(), Error> {
        Ok(())
    }

    #[cfg(feature = "tls")]
    fn check_tls(&self) -> Result<(), Error> {
        let sentence = match (&self.tls, self.tls_only) {
            (None, true) => "TLS only needs a certificate; give one",
            (Some(_), _) if self.greet_after.is_zero() => {
                "newcomers who are greeted at once cannot speak TLS; greet them after 1 ms or more"
            }
            _ => return Ok(()),
        };
        Err(Error::Config(sentence.into()))
    }

    #[cfg(not(feature = "tls"))]
    fn check_tls(&self) -> Result<(), Error> {
        Ok(())
    }

    /// The certificate and key for TLS.
    #[cfg(feature = "tls")]
    pub(super) fn identity(&self) -> Option<TlsIdentity> {
        self.tls.clone()
    }

    #[cfg(not(feature = "tls"))]
    pub(super) fn identity(&self) -> Option<TlsIdentity> {
        None
    }

    pub(super) fn is_tls_only(&self) -> bool {
        #[cfg(feature = "tls")]
        let is_only = self.tls_only;
        #[cfg(not(feature = "tls"))]
        let is_only = false;
        is_only
    }

    /// Raises the bounds of the send queues as far as the longest line requires.
    pub fn fit_queues(&mut self) {
        self.send_queue = self.send_queue.max(self.least_send_queue());
        self.all_queues = self.all_queues.max(self.send_queue);
    }

    /// A peer is read while its waiting output takes at most half of a send queue. The other half holds what can come
    /// then: a tick's answers, and behind them a long line or a long answer.
    fn least_send_queue(&self) -> usize {
        // A line length out of its range is refused for that reason.
        let line = self.max_line.min(*LINE_BYTES_RANGE.end()) * CLEAN_GROWTH + AROUND_LINE;
        2 * (LOG_BYTES + ANSWER_BYTES.max(line))
    }

    fn check_queues(&self) -> Result<(), Error> {
        let (queue, line, all) = (self.send_queue, self.max_line, self.all_queues);
        let least = self.least_send_queue();
        if queue < least {
            return Err(Error::Config(format!(
                "the send queue cannot be {queue} where a line can have {line} bytes; give {least} or more, or a shorter line"
            )));
        }
        if all < queue {
            return Err(Error::Config(format!(
                "what waits for all readers cannot be bounded by {all} where {queue} may wait for one; give {queue} or more"
            )));
        }
        Ok(())
    }
}

const NO_TIME: Duration = Duration::ZERO;

fn in_range<T: PartialOrd + fmt::Debug>(
    what: &str,
    value: T,
    range: RangeInclusive<T>,
) -> Result<(), Error> {
    if range.contains(&value) {
        return Ok(());
    }
    let (least, most) = range.into_inner();
    let sentence = format!("{what} cannot be {value:?}; give {least:?} to {most:?}");
    Err(Error::Config(sentence))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(change: impl FnOnce(&mut Config)) -> String {
        let mut config = Config::default();
        change(&mut config);
        config
            .check()
            .map_or_else(|error| error.to_string(), |()| "taken".into())
    }

    #[test]
    fn a_send_queue_holds_what_the_longest_line_becomes() {
        let long = |config: &mut Config| config.max_line = *LINE_BYTES_RANGE.end();
        assert_eq!(
            refused(long),
            "the send queue cannot be 1048576 where a line can have 1048576 bytes; give 6554624 or more, or a shorter line"
        );
        let fitting = |config: &mut Config| {
            long(config);
            config.fit_queues();
            assert_eq!(config.send_queue, 6_554_624);
        };
        assert_eq!(refused(fitting), "taken");
        // A bound that is large enough already does not change.
        let mut config = Config::default();
        config.fit_queues();
        assert_eq!(config.send_queue, SEND_QUEUE_BYTES);
        config.send_queue = *SEND_QUEUE_BYTES_RANGE.start();
        config.fit_queues();
        assert_eq!(config.send_queue, *SEND_QUEUE_BYTES_RANGE.start());
    }

    #[test]
    fn all_queues_hold_one() {
        assert_eq!(
            refused(|config| config.all_queues = 1000),
            "what waits for all readers cannot be bounded by 1000 where 1048576 may wait for one; give 1048576 or more"
        );
        let largest = |config: &mut Config| {
            config.send_queue = *SEND_QUEUE_BYTES_RANGE.end();
            config.fit_queues();
        };
        assert_eq!(refused(largest), "taken");
    }
}
