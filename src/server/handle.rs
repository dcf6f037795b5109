//! `Handle`: how the rest of a program speaks to a running server, from any thread.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

use mio::{Registry, Token, Waker};

use crate::error::Error;
use crate::limits::REQUESTS;
use crate::wire::clean;

/// Speaks to a running server, from any thread. Cheap to clone.
#[derive(Clone)]
pub struct Handle {
    notices: SyncSender<String>,
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
    /// Lines that people said since the start.
    pub said: u64,
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
    dropped: AtomicU64,
}

/// The server's end.
#[derive(Debug)]
pub(super) struct Requests {
    notices: Receiver<String>,
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
        dropped: AtomicU64::new(0),
    });
    let handle = Handle {
        notices: sender,
        shared: shared.clone(),
    };
    let requests = Requests {
        notices: receiver,
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
    /// [`Error::Busy`] when 64 notices wait already, [`Error::Stopped`] when the server is gone.
    pub fn notice(&self, text: &str) -> Result<(), Error> {
        let text = clean(text.as_bytes()).into_owned();
        self.notices.try_send(text).map_err(|error| match error {
            TrySendError::Full(_) => Error::Busy,
            TrySendError::Disconnected(_) => Error::Stopped,
        })?;
        self.wake();
        Ok(())
    }

    /// Figures as of the server's last tick.
    pub fn stats(&self) -> Stats {
        let shared = &*self.shared;
        Stats {
            connections: shared.connections.load(Relaxed),
            online: shared.online.load(Relaxed),
            accepted: shared.accepted.load(Relaxed),
            said: shared.said.load(Relaxed),
            dropped: shared.dropped.load(Relaxed),
        }
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

    pub(super) fn notices(&self) -> impl Iterator<Item = String> + '_ {
        self.notices.try_iter().take(REQUESTS)
    }

    pub(super) fn publish(&self, stats: &Stats) {
        let shared = &*self.shared;
        shared.connections.store(stats.connections, Relaxed);
        shared.online.store(stats.online, Relaxed);
        shared.accepted.store(stats.accepted, Relaxed);
        shared.said.store(stats.said, Relaxed);
        shared.dropped.store(stats.dropped, Relaxed);
    }
}
