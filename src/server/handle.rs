//! `Handle`: lets the rest of a program talk to a running server, from any thread.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

use crate::error::Error;
use crate::id::PersonId;
use crate::journal::Person;
use crate::limits::{MOTD_BYTES, NOTICE_BYTES};
use crate::name::{RoomName, Username};
#[cfg(feature = "tls")]
use crate::net::TlsIdentity;
use crate::wire::{clean, clean_typed, no_name};

use super::entries::Entries;
use super::inbox::{Outside, Request};

/// How long the loop may take to answer a question.
pub(super) const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// Talks to a running server, from any thread. Cheap to clone.
#[derive(Clone)]
pub struct Handle {
    inbox: Outside,
    published: Arc<Published>,
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
    /// Lines that people and programs said to a room since the start, `/me` included.
    pub said: u64,
    /// Lines not sent to readers since the start, because the readers were too far behind.
    pub skipped: u64,
    /// Peers dropped since the start because they read too slowly.
    pub dropped: u64,
}

/// [`Stats`], as all threads see them.
#[derive(Debug, Default)]
struct Published {
    connections: AtomicU64,
    online: AtomicU64,
    accepted: AtomicU64,
    said: AtomicU64,
    skipped: AtomicU64,
    dropped: AtomicU64,
}

impl Handle {
    pub(super) fn new(inbox: Outside) -> Handle {
        let published = Arc::default();
        Handle { inbox, published }
    }

    /// Says goodbye to everyone and stops the server once the queues are flushed, or when
    /// [`Config::drain`](crate::Config::drain) is over. Returns at once; [`Server::run`](crate::Server::run) returns
    /// when the shutdown is complete.
    pub fn shutdown(&self) {
        self.inbox.shut_down();
    }

    /// Says something to everyone in the chat, as the server. People read `-- text --`; control characters in the text
    /// become visible, line ends included, and of more than eight columns of space in a row only eight are left.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`] when 64 requests wait already, [`Error::Stopped`] when the server has ended, [`Error::Config`] when
    /// the text is blank or longer than 8 KiB.
    pub fn notice(&self, text: &str) -> Result<(), Error> {
        self.inbox.request(Request::Notice(told("a notice", text)?))
    }

    /// Says something in a room on behalf of a program, under a name of its own, which may also be that of a person. If
    /// there is no room of that name, nobody reads it. The text is made clean as that of a [`notice`](Self::notice).
    ///
    /// Nobody hides such a line by `/ignore`, and people who are away are not told that it names them.
    ///
    /// # Errors
    ///
    /// As for [`notice`](Self::notice), and [`Error::Config`] for an invalid name of a person or room.
    pub fn say(&self, room: &str, name: &str, text: &str) -> Result<(), Error> {
        let invalid = |subject, why| {
            let sentence = no_name(subject, why);
            Error::Config(sentence.trim_end_matches('.').into())
        };
        let room = RoomName::parse(room).map_err(|why| invalid("A room's name", why))?;
        let name = Username::parse(name).map_err(|why| invalid("A username", why))?;
        let text = told("a message", text)?;
        self.inbox.request(Request::Announce { room, name, text })
    }

    /// Tells one person something, as the server, in the form of a [`notice`](Self::notice). If they have left, nobody
    /// reads it. A person who is written more than they read is dropped like any slow reader of private messages.
    ///
    /// # Errors
    ///
    /// As for [`notice`](Self::notice).
    pub fn write(&self, to: PersonId, text: &str) -> Result<(), Error> {
        let text = told("a message", text)?;
        self.inbox.request(Request::Write { to, text })
    }

    /// Sends a person away with a reason that they read. The others read that they left.
    ///
    /// # Errors
    ///
    /// As for [`notice`](Self::notice).
    pub fn close(&self, person: PersonId, why: &str) -> Result<(), Error> {
        let why = told("a reason", why)?;
        self.inbox.request(Request::Close { person, why })
    }

    /// Everyone who has a name, in the order in which they came. It waits for the loop to answer, so the thread that
    /// runs the server must not call it. It can be ahead of the [`entries`](Self::entries), which come at the end of a tick.
    ///
    /// # Errors
    ///
    /// As for [`notice`](Self::notice), and [`Error::Busy`] if the server has not answered after 10 s.
    pub fn people(&self) -> Result<Vec<Person>, Error> {
        let (asker, answer) = sync_channel(1);
        self.inbox.request(Request::People(asker))?;
        answer
            .recv_timeout(ANSWER_TIMEOUT)
            .map_err(|error| match error {
                RecvTimeoutError::Timeout => Error::Busy,
                RecvTimeoutError::Disconnected => Error::Stopped,
            })
    }

    /// The entries of the journal from now on: what people say, and their comings and goings. They include private
    /// messages.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`] when 64 requests wait already, [`Error::Stopped`] when the server has ended.
    pub fn entries(&self) -> Result<Entries, Error> {
        let (entries, listener) = Entries::new();
        self.inbox.request(Request::Listen(listener))?;
        Ok(entries)
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

    /// Sets what newcomers who speak TLS are answered with from now on. People who are connected stay.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`] when 64 requests wait already, [`Error::Stopped`] when the server has ended.
    #[cfg(feature = "tls")]
    pub fn set_tls(&self, identity: TlsIdentity) -> Result<(), Error> {
        self.inbox.request(Request::Identity(identity))
    }

    /// Makes a request of the server.
    #[cfg(feature = "accounts")]
    pub(super) fn request(&self, request: Request) -> Result<(), Error> {
        self.inbox.request(request)
    }

    /// Figures as of the server's last tick.
    pub fn stats(&self) -> Stats {
        let figures = &*self.published;
        Stats {
            connections: figures.connections.load(Relaxed),
            online: figures.online.load(Relaxed),
            accepted: figures.accepted.load(Relaxed),
            said: figures.said.load(Relaxed),
            skipped: figures.skipped.load(Relaxed),
            dropped: figures.dropped.load(Relaxed),
        }
    }

    /// Publishes the figures of a tick.
    pub(super) fn publish(&self, stats: &Stats) {
        let figures = &*self.published;
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

/// A text for people, made clean.
fn told(what: &str, text: &str) -> Result<String, Error> {
    if text.len() > NOTICE_BYTES {
        let sentence = format!("{what} has at most {NOTICE_BYTES} bytes; say it in several");
        return Err(Error::Config(sentence));
    }
    let clean = clean_typed(text.as_bytes());
    // Cleaning makes control characters visible, and leaves no other character that shows nothing.
    if text.trim().is_empty() || clean.trim().is_empty() {
        let sentence = format!("{what} cannot be blank; give it a text");
        return Err(Error::Config(sentence));
    }
    Ok(clean.into_owned())
}

/// The lines of a message of the day, each made clean, without the byte order mark of its file.
pub(super) fn motd(text: &str) -> Arc<str> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines: Vec<_> = text.lines().map(|line| clean(line.as_bytes())).collect();
    lines.join("\n").into()
}
