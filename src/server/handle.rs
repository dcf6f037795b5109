//! `Handle`: how the rest of a program speaks to a running server, from any thread.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

use mio::{Registry, Token, Waker};

use crate::error::Error;
use crate::limits::{MOTD_BYTES, NOTICE_BYTES, REQUESTS};
use crate::wire::clean;

/// Speaks to a running server, from any thread. Cheap to clone.
#[derive(Clone)]
pub struct Handle {
    requests: SyncSender<Request>,
    shared: Arc<Shared>,
}

/// Figures of a running server, as of its last tick.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Stats {
    /// Connections held, with or without a name.
    pub connections: u64,
    /// People who have a name.
    pub online: u64,
    /// Connections accepted since the start.
    pub accepted: u64,
    /// Lines that people said to a room since the start, `/me` included.
    pub said: u64,
    /// Lines that readers were not sent since the start, as they were too far behind.
    pub skipped: u64,
    /// Peers dropped since the start because they read too slowly.
    pub dropped: u64,
}

/// What the handles and the server share.
#[derive(Debug)]
struct Shared {
    waker: Waker,
    shutdown: AtomicBool,
    connections: AtomicU64,
    online: AtomicU64,
    accepted: AtomicU64,
    said: AtomicU64,
    skipped: AtomicU64,
    dropped: AtomicU64,
}

/// What a handle asks of the server. The texts are clean.
#[derive(Debug)]
pub(super) enum Request {
    Notice(String),
    Motd(Option<Arc<str>>),
}

/// The server's end.
#[derive(Debug)]
pub(super) struct Requests {
    /// None once the server has ended.
    requests: Option<Receiver<Request>>,
    shared: Arc<Shared>,
}

/// Makes a handle, and the server's end of it.
pub(super) fn handle(registry: &Registry, token: Token) -> io::Result<(Handle, Requests)> {
    let (sender, receiver) = sync_channel(REQUESTS);
    let shared = Arc::new(Shared {
        waker: Waker::new(registry, token)?,
        shutdown: AtomicBool::new(false),
        connections: AtomicU64::new(0),
        online: AtomicU64::new(0),
        accepted: AtomicU64::new(0),
        said: AtomicU64::new(0),
        skipped: AtomicU64::new(0),
        dropped: AtomicU64::new(0),
    });
    let handle = Handle {
        requests: sender,
        shared: shared.clone(),
    };
    let requests = Requests {
        requests: Some(receiver),
        shared,
    };
    Ok((handle, requests))
}

impl Handle {
    /// Says goodbye to everyone and stops the server once the queues are flushed, or when
    /// [`Config::drain`](crate::Config::drain) is over. Returns at once; [`Server::run`](crate::Server::run) returns
    /// when it is done.
    pub fn shutdown(&self) {
        self.shared.shutdown.store(true, Relaxed);
        self.wake();
    }

    /// Says something to everyone in the chat, as the server. People read `-- text --`; control characters in the text
    /// become visible, line ends included.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`] when 64 requests wait already, [`Error::Stopped`] when the server has ended, [`Error::Config`] when
    /// the text is blank or longer than 8 KiB.
    pub fn notice(&self, text: &str) -> Result<(), Error> {
        if text.len() > NOTICE_BYTES {
            let sentence = format!("a notice has at most {NOTICE_BYTES} bytes; say it in several");
            return Err(Error::Config(sentence));
        }
        if text.trim().is_empty() {
            let sentence = "a notice cannot be blank; give it a text";
            return Err(Error::Config(sentence.into()));
        }
        let text = clean(text.as_bytes()).into_owned();
        self.request(Request::Notice(text))
    }

    /// Sets the text shown to every newcomer from now on. Control characters in it become visible.
    ///
    /// # Errors
    ///
    /// As for [`notice`](Self::notice), and [`Error::Config`] when it is longer than 16 KiB.
    pub fn set_motd(&self, text: Option<&str>) -> Result<(), Error> {
        if text.is_some_and(|it| it.len() > MOTD_BYTES) {
            let sentence = format!("a message of the day has at most {MOTD_BYTES} bytes");
            return Err(Error::Config(sentence));
        }
        self.request(Request::Motd(text.map(motd)))
    }

    /// Figures as of the server's last tick.
    pub fn stats(&self) -> Stats {
        let shared = &*self.shared;
        Stats {
            connections: shared.connections.load(Relaxed),
            online: shared.online.load(Relaxed),
            accepted: shared.accepted.load(Relaxed),
            said: shared.said.load(Relaxed),
            skipped: shared.skipped.load(Relaxed),
            dropped: shared.dropped.load(Relaxed),
        }
    }

    fn request(&self, request: Request) -> Result<(), Error> {
        self.requests
            .try_send(request)
            .map_err(|error| match error {
                TrySendError::Full(_) => Error::Busy,
                TrySendError::Disconnected(_) => Error::Stopped,
            })?;
        self.wake();
        Ok(())
    }

    fn wake(&self) {
        if let Err(error) = self.shared.waker.wake() {
            log::error!("cannot wake the server: {error}");
        }
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Handle").field(&self.stats()).finish()
    }
}

impl Requests {
    pub(super) fn shutdown(&self) -> bool {
        self.shared.shutdown.load(Relaxed)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Request> + '_ {
        let waiting = self.requests.iter().flat_map(Receiver::try_iter);
        waiting.take(REQUESTS)
    }

    /// Takes no more requests: the handles say from now on that the server has stopped.
    pub(super) fn end(&mut self) {
        self.requests = None;
    }

    pub(super) fn has_ended(&self) -> bool {
        self.requests.is_none()
    }

    pub(super) fn publish(&self, stats: &Stats) {
        let shared = &*self.shared;
        shared.connections.store(stats.connections, Relaxed);
        shared.online.store(stats.online, Relaxed);
        shared.accepted.store(stats.accepted, Relaxed);
        shared.said.store(stats.said, Relaxed);
        shared.skipped.store(stats.skipped, Relaxed);
        shared.dropped.store(stats.dropped, Relaxed);
    }
}

/// The lines of a message of the day, each of them clean, without the byte order mark of its file.
pub(super) fn motd(text: &str) -> Arc<str> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines: Vec<_> = text.lines().map(|line| clean(line.as_bytes())).collect();
    lines.join("\n").into()
}
