//! `Handle`: how the rest of a program speaks to a running server, from any thread.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::error::Error;
use crate::limits::{MOTD_BYTES, NOTICE_BYTES};
use crate::wire::clean;

use super::inbox::{Outside, Request};

/// Speaks to a running server, from any thread. Cheap to clone.
#[derive(Clone)]
pub struct Handle {
    inbox: Outside,
    figures: Arc<Figures>,
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

/// [`Stats`], as all threads see them.
#[derive(Debug, Default)]
struct Figures {
    connections: AtomicU64,
    online: AtomicU64,
    accepted: AtomicU64,
    said: AtomicU64,
    skipped: AtomicU64,
    dropped: AtomicU64,
}

impl Handle {
    pub(super) fn new(inbox: Outside) -> Handle {
        let figures = Arc::default();
        Handle { inbox, figures }
    }

    /// Says goodbye to everyone and stops the server once the queues are flushed, or when
    /// [`Config::drain`](crate::Config::drain) is over. Returns at once; [`Server::run`](crate::Server::run) returns
    /// when it is done.
    pub fn shutdown(&self) {
        self.inbox.shut_down();
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
        self.inbox.request(Request::Notice(text))
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
        self.inbox.request(Request::Motd(text.map(motd)))
    }

    /// Figures as of the server's last tick.
    pub fn stats(&self) -> Stats {
        let figures = &*self.figures;
        Stats {
            connections: figures.connections.load(Relaxed),
            online: figures.online.load(Relaxed),
            accepted: figures.accepted.load(Relaxed),
            said: figures.said.load(Relaxed),
            skipped: figures.skipped.load(Relaxed),
            dropped: figures.dropped.load(Relaxed),
        }
    }

    /// The figures of a tick.
    pub(super) fn publish(&self, stats: &Stats) {
        let figures = &*self.figures;
        figures.connections.store(stats.connections, Relaxed);
        figures.online.store(stats.online, Relaxed);
        figures.accepted.store(stats.accepted, Relaxed);
        figures.said.store(stats.said, Relaxed);
        figures.skipped.store(stats.skipped, Relaxed);
        figures.dropped.store(stats.dropped, Relaxed);
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Handle").field(&self.stats()).finish()
    }
}

/// The lines of a message of the day, each of them clean, without the byte order mark of its file.
pub(super) fn motd(text: &str) -> Arc<str> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines: Vec<_> = text.lines().map(|line| clean(line.as_bytes())).collect();
    lines.join("\n").into()
}
