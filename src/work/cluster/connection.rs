//! `Connection`: one conversation with Redis, with a bound for each answer, and what its failures mean.
//!
//! Traps that this file keeps away from the others:
//!
//! - Connecting to a Redis that stands still succeeds. Only an answer proves life.
//! - A connection whose answer came too late is out of step. So every failure is the last thing that happens on it.
//! - The crate waits for each answer of a pipeline, even behind a timeout. Here the first one ends it.
//! - The first error of a pipeline hides the others. What must not be torn apart is a transaction, and is written as a
//!   whole or not at all.

use std::time::Duration;

use redis::{
    Cmd, ConnectionAddr, ConnectionInfo, ErrorKind, IntoConnectionInfo, RedisError, Value, cmd,
};

use crate::limits::cluster::{ANSWER_TIMEOUT, CONNECT_TIMEOUT};

use super::error::Error;
use super::options::{Options, Redis};

/// Why something failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trouble {
    /// It may go well later: Redis is away, starts, is full, or is a replica.
    Away(String),
    /// Redis refuses it. That may change without this server, but a start ends with it.
    Refused(String),
    /// It will never go well.
    Never(Error),
}

/// One conversation. After a failure it is dropped.
pub(super) struct Connection {
    redis: redis::Connection,
}

impl Connection {
    /// Connects. The timeout is for each answer.
    pub(super) fn open(options: &Options, timeout: Duration) -> Result<Connection, Trouble> {
        let info = match &options.redis {
            Redis::At(info) => info.clone(),
            Redis::By {
                sentinels,
                master,
                login,
            } => {
                let addr = ask_sentinels(sentinels, master)?;
                let info = addr.into_connection_info().map_err(|it| trouble(&it))?;
                info.set_redis_settings(login.clone())
            }
        };
        let mut connection = Connection::to(info, timeout)?;
        if let Redis::By { .. } = options.redis {
            connection.is_master()?;
        }
        Ok(connection)
    }

    fn to(info: ConnectionInfo, timeout: Duration) -> Result<Connection, Trouble> {
        let open = || {
            let client = redis::Client::open(info)?;
            let redis = client.get_connection_with_timeout(CONNECT_TIMEOUT)?;
            redis.set_read_timeout(Some(timeout))?;
            redis.set_write_timeout(Some(ANSWER_TIMEOUT))?;
            Ok(Connection { redis })
        };
        open().map_err(|it: RedisError| trouble(&it))
    }

    /// Sentinels may tell of one that is a replica by now.
    fn is_master(&mut self) -> Result<(), Trouble> {
        let role = self.ask(&cmd("ROLE"))?;
        let is_master = array(&role).first().and_then(bytes) == Some(b"master");
        is_master
            .then_some(())
            .ok_or_else(|| Trouble::Away("it is a replica".into()))
    }

    /// Asks something. An error that Redis answers is a failure, too.
    pub(super) fn ask(&mut self, command: &Cmd) -> Result<Value, Trouble> {
        let mut answers = self.ask_all(std::slice::from_ref(command))?;
        answers.pop().ok_or_else(out_of_step)
    }

    /// Asks several things at once, and has an answer for each.
    pub(super) fn ask_all(&mut self, commands: &[Cmd]) -> Result<Vec<Value>, Trouble> {
        let answers = self.send(commands)?;
        match answers.iter().find_map(refusal) {
            Some(trouble) => Err(trouble),
            None => Ok(answers),
        }
    }

    /// Has several things done as a whole. `None`: nothing was done, as what was watched has changed. An answer may be an
    /// error.
    pub(super) fn transact(&mut self, commands: &[Cmd]) -> Result<Option<Vec<Value>>, Trouble> {
        let mut all = vec![cmd("MULTI")];
        all.extend_from_slice(commands);
        all.push(cmd("EXEC"));
        match self.ask_all(&all)?.pop() {
            Some(Value::Nil) => Ok(None),
            Some(Value::Array(answers)) if answers.len() == commands.len() => Ok(Some(answers)),
            _ => Err(out_of_step()),
        }
    }

    fn send(&mut self, commands: &[Cmd]) -> Result<Vec<Value>, Trouble> {
        let mut packed = Vec::new();
        for command in commands {
            packed.extend(command.get_packed_command());
        }
        let sent = self.redis.send_packed_command(&packed);
        sent.map_err(|it| trouble(&it))?;
        let answers = commands.iter().map(|_| self.redis.recv_response());
        let answers: Result<Vec<Value>, RedisError> = answers.collect();
        answers.map_err(|it| trouble(&it))
    }
}

fn ask_sentinels(sentinels: &[(String, u16)], master: &str) -> Result<ConnectionAddr, Trouble> {
    let mut question = cmd("SENTINEL");
    question.arg("get-master-addr-by-name").arg(master);
    let mut last = Trouble::Away("no Sentinel is named".into());
    for (host, port) in sentinels {
        let info = (host.clone(), *port).into_connection_info();
        let info = info.map_err(|it| trouble(&it))?;
        let login = info.redis_settings().clone().set_skip_set_lib_name();
        let asked = Connection::to(info.set_redis_settings(login), ANSWER_TIMEOUT)
            .and_then(|mut it| it.ask(&question));
        let answer = match asked {
            Ok(answer) => answer,
            Err(why) => {
                last = why;
                continue;
            }
        };
        match array(&answer) {
            [host, port] => {
                let host = text(host).ok_or_else(out_of_step)?;
                let port = text(port).and_then(|it| it.parse().ok());
                return Ok(ConnectionAddr::Tcp(host, port.ok_or_else(out_of_step)?));
            }
            _ => last = Trouble::Away(format!("the Sentinels know no {master}")),
        }
    }
    Err(last)
}

/// An answer that does not belong to the question.
pub(super) fn out_of_step() -> Trouble {
    Trouble::Away("it answered something else".into())
}

/// What a failure of the crate means.
fn trouble(error: &RedisError) -> Trouble {
    match error.kind() {
        ErrorKind::Io => Trouble::Away(match error.is_timeout() {
            true => "it took too long".into(),
            false => plain(&error.to_string()),
        }),
        ErrorKind::AuthenticationFailed => Trouble::Refused("wrong user or password".into()),
        ErrorKind::Server(_) | ErrorKind::Extension => {
            meaning(error.code().unwrap_or("ERR"), error.detail().unwrap_or(""))
        }
        ErrorKind::InvalidClientConfig => {
            Trouble::Never(Error::Url("the URL of Redis cannot be used"))
        }
        _ => Trouble::Away(plain(&error.to_string())),
    }
}

/// Whether an answer is an error, and what it means.
pub(super) fn refusal(answer: &Value) -> Option<Trouble> {
    match answer {
        Value::ServerError(error) => {
            Some(meaning(error.code(), error.details().unwrap_or_default()))
        }
        _ => None,
    }
}

/// What an error of Redis means: its first word, and the rest.
fn meaning(code: &str, rest: &str) -> Trouble {
    let said = plain(&format!("{code} {rest}"));
    match code {
        "WRONGTYPE" => Trouble::Never(Error::Kind {
            key: "a key of the cluster".into(),
            kind: "thing of another type".into(),
        }),
        "NOAUTH" | "WRONGPASS" | "NOPERM" | "DENIED" | "EXECABORT" => Trouble::Refused(said),
        "ERR" if !rest.contains("max number of clients") => Trouble::Refused(said),
        // LOADING, BUSY, OOM, MISCONF, READONLY, MASTERDOWN, NOREPLICAS and such.
        _ => Trouble::Away(said),
    }
}

/// A failure in few words, without the system's number.
fn plain(text: &str) -> String {
    let text = text.split(" (os error ").next().unwrap_or(text);
    let line = text.lines().next().unwrap_or_default();
    line.trim().chars().take(200).collect()
}

/// The parts of an answer; none if it is not one of parts.
pub(super) fn array(value: &Value) -> &[Value] {
    match value {
        Value::Array(parts) => parts,
        _ => &[],
    }
}

/// The bytes of an answer.
pub(super) fn bytes(value: &Value) -> Option<&[u8]> {
    match value {
        Value::BulkString(bytes) => Some(bytes),
        Value::SimpleString(text) => Some(text.as_bytes()),
        _ => None,
    }
}

/// The text of an answer.
pub(super) fn text(value: &Value) -> Option<String> {
    String::from_utf8(bytes(value)?.to_vec()).ok()
}

/// The number of an answer.
pub(super) fn number(value: &Value) -> Option<i64> {
    match value {
        Value::Int(number) => Some(*number),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_go_well_later_is_told_from_the_rest() {
        for code in [
            "LOADING",
            "BUSY",
            "OOM",
            "MISCONF",
            "READONLY",
            "MASTERDOWN",
        ] {
            assert!(matches!(meaning(code, "x"), Trouble::Away(_)), "{code}");
        }
        for code in ["NOAUTH", "WRONGPASS", "NOPERM", "ERR"] {
            assert!(matches!(meaning(code, "x"), Trouble::Refused(_)), "{code}");
        }
        let full = meaning("ERR", "max number of clients reached");
        assert!(matches!(full, Trouble::Away(_)));
        assert!(matches!(meaning("WRONGTYPE", "x"), Trouble::Never(_)));
        assert_eq!(plain("no way (os error 5)\nmore"), "no way");
    }
}
