//! `Config`: what the operator decides, with defaults that are safe.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::time::Duration;

use crate::error::Error;
use crate::limits::{
    ALL_QUEUES_BYTES, ANSWER_BYTES, AROUND_LINE, CLEAN_GROWTH, CLIENTS, CLIENTS_RANGE, DRAIN,
    HISTORY_LINES, HISTORY_LINES_RANGE, LINE_BYTES, LINE_BYTES_RANGE, LOG_BYTES, LOGIN_TIMEOUT,
    LONGEST_TIME, MOTD_BYTES, SEND_QUEUE_BYTES, SEND_QUEUE_BYTES_RANGE,
};
use crate::rate::Rate;

/// How a [`Server`](crate::Server) is to run. Begin with [`Config::default`] and change what you need.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Config {
    /// Addresses to listen on; port 0 picks a free one. An IPv6 address takes IPv6 alone. Default: 127.0.0.1:8080.
    pub listen: Vec<SocketAddr>,
    /// No login: people are named by their address. Default: false.
    pub anonymous: bool,
    /// Connections held at once; whoever comes then is told that the server is full. Default: 10,000. Keep it below
    /// the process's limit on open files.
    pub max_clients: usize,
    /// Connections held at once from one address, where all addresses of an IPv6 /64 count as one; whoever comes then is
    /// told to close one. `None` for no limit. Default: `None`.
    pub max_per_ip: Option<usize>,
    /// Longest line accepted, in bytes without its end: 64 to 1,048,576. Default: 8,192.
    pub max_line: usize,
    /// What may wait for one slow reader, in bytes: 524,288 to 1,073,741,824, and at least what
    /// [`fit_queues`](Self::fit_queues) gives for the longest line. Where more would wait, the oldest lines of the room are
    /// skipped, and the reader is told how many. What is told to one person alone is not skipped: who is owed more of
    /// that is dropped. Default: 1,048,576.
    pub send_queue: usize,
    /// The memory that what waits for all slow readers may take together, in bytes; at least `send_queue`. What several of
    /// them are to read counts once. Where more would be taken, the longest queues lose lines of their rooms; where those
    /// are not enough, the readers are dropped who are owed the most besides. Default: 268,435,456.
    pub all_queues: usize,
    /// How fast one person may send; `None` for no limit. Who sends faster is not read for a while, and loses nothing.
    /// Default: 16 lines a second, 128 at once.
    pub rate: Option<Rate>,
    /// Whether that applies to those who connect from this machine too. Default: false.
    pub rate_on_loopback: bool,
    /// Time to give a username in; `None` for no limit. Default: 60 s.
    pub login_timeout: Option<Duration>,
    /// Time after which a person who has typed nothing is dropped; `None` for never. Default: `None`.
    pub idle_timeout: Option<Duration>,
    /// Lines that each room keeps as its history, at most 10,000; of these the last that fit 64 KiB. Default: 200.
    pub history: usize,
    /// Text shown to every newcomer, at most 16 KiB. [`Handle::set_motd`](crate::Handle::set_motd) changes it.
    pub motd: Option<String>,
    /// Time to flush queues at shutdown. Default: 5 s.
    pub drain: Duration,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            listen: vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 8080))],
            anonymous: false,
            max_clients: CLIENTS,
            max_per_ip: None,
            max_line: LINE_BYTES,
            send_queue: SEND_QUEUE_BYTES,
            all_queues: ALL_QUEUES_BYTES,
            rate: Some(Rate::default()),
            rate_on_loopback: false,
            login_timeout: Some(LOGIN_TIMEOUT),
            idle_timeout: None,
            history: HISTORY_LINES,
            motd: None,
            drain: DRAIN,
        }
    }
}

impl Config {
    /// Checks every value against its range. [`Server::bind`](crate::Server::bind) does so too.
    ///
    /// # Errors
    ///
    /// [`Error::Config`], with a sentence that names the value and what may be given.
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
        let login_timeout = self.login_timeout.unwrap_or_default();
        in_range("the time to log in", login_timeout, NO_TIME..=LONGEST_TIME)?;
        in_range("the time to drain", self.drain, NO_TIME..=LONGEST_TIME)
    }

    /// Raises the bounds of the send queues as far as the longest line needs it.
    pub fn fit_queues(&mut self) {
        self.send_queue = self.send_queue.max(self.least_send_queue());
        self.all_queues = self.all_queues.max(self.send_queue);
    }

    /// Half of a send queue is what may wait for a peer who is still read; the other half holds what can come then: a
    /// tick's answers, and behind them a long line or a long answer.
    fn least_send_queue(&self) -> usize {
        // A line that is out of its range is refused for that.
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
        // What is enough already is left as it is.
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
