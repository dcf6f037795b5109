//! `Inbox`: the only way from other threads to the loop. A thread pushes first and wakes the loop after that, so that
//! the loop finds what it was woken for.
//!
//! Two kinds of items share one queue. Any thread may make requests, through handles; at most [`REQUESTS`] of them
//! wait. Results of workers are never refused, because each belongs to a question that is out: at most
//! [`QUESTIONS`](crate::limits::QUESTIONS) wait.

use std::io;
use std::iter;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel};
use std::time::Duration;

use mio::{Registry, Token, Waker};

use crate::chat::Finding;
#[cfg(feature = "accounts")]
use crate::chat::ShellRequest;
use crate::error::{Error, Unanswered};
use crate::id::PersonId;
use crate::journal::Person;
#[cfg(feature = "cluster")]
use crate::journal::Wanted;
use crate::limits::REQUESTS;
use crate::name::{RoomName, Username};
#[cfg(feature = "tls")]
use crate::net::TlsIdentity;

#[cfg(feature = "cluster")]
use crate::work::cluster::News;

use super::entries::Listener;
#[cfg(feature = "accounts")]
use super::shell::Done;
use super::workers::Asked;

/// An item of the queue.
#[derive(Debug)]
pub(super) enum Incoming {
    Request(Request),
    /// What a thread has to tell that reads or writes the journal of several servers. At most a few of these wait.
    #[cfg(feature = "cluster")]
    News(News<Wanted>),
    /// The result of a question, and how long the worker took.
    Result(Asked, Duration, Result<Finding, Unanswered>),
}

/// A request of a handle to the server. The texts are clean.
#[derive(Debug)]
pub(super) enum Request {
    Notice(String),
    Motd(Option<Arc<str>>),
    #[cfg(feature = "tls")]
    Identity(TlsIdentity),
    Announce {
        room: RoomName,
        name: Username,
        text: String,
    },
    Write {
        to: PersonId,
        text: String,
    },
    Close {
        person: PersonId,
        why: String,
    },
    Listen(Listener),
    People(SyncSender<Vec<Person>>),
    /// What somebody asks of an account, from a shell.
    #[cfg(feature = "accounts")]
    Account(ShellRequest, SyncSender<Done>),
}

/// The server's end.
#[derive(Debug)]
pub(super) struct Inbox {
    /// `None` once the server has ended.
    queue: Option<Receiver<Incoming>>,
    /// Whether the last tick left items in the queue that nothing wakes the loop for.
    is_behind: bool,
    shared: Arc<Shared>,
}

/// The end of all other threads.
#[derive(Debug, Clone)]
pub(super) struct Outside {
    queue: Sender<Incoming>,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    waker: Waker,
    /// Requests in the queue.
    requests: AtomicUsize,
    /// Whether a shutdown was requested. It needs no room in the queue.
    shutdown: AtomicBool,
    has_ended: AtomicBool,
}

/// Both ends.
pub(super) fn inbox(registry: &Registry, token: Token) -> io::Result<(Inbox, Outside)> {
    let (sender, receiver) = channel();
    let shared = Arc::new(Shared {
        waker: Waker::new(registry, token)?,
        requests: AtomicUsize::new(0),
        shutdown: AtomicBool::new(false),
        has_ended: AtomicBool::new(false),
    });
    let outside = Outside {
        queue: sender,
        shared: shared.clone(),
    };
    let queue = Some(receiver);
    let inbox = Inbox {
        queue,
        is_behind: false,
        shared,
    };
    Ok((inbox, outside))
}

impl Outside {
    /// Makes a request of the server, if there is room for it.
    pub(super) fn request(&self, request: Request) -> Result<(), Error> {
        let shared = &*self.shared;
        let more = |waiting| (waiting < REQUESTS).then_some(waiting + 1);
        if shared
            .requests
            .fetch_update(Relaxed, Relaxed, more)
            .is_err()
        {
            let has_ended = shared.has_ended.load(Relaxed);
            return Err(if has_ended {
                Error::Stopped
            } else {
                Error::Busy
            });
        }
        if self.queue.send(Incoming::Request(request)).is_err() {
            shared.requests.fetch_sub(1, Relaxed);
            return Err(Error::Stopped);
        }
        self.wake();
        Ok(())
    }

    /// Tells the server something for which there is always room, unless the server has ended.
    pub(super) fn tell(&self, incoming: Incoming) {
        if self.queue.send(incoming).is_ok() {
            self.wake();
        }
    }

    /// Asks the server to shut down.
    pub(super) fn shut_down(&self) {
        self.shared.shutdown.store(true, Relaxed);
        self.wake();
    }

    fn wake(&self) {
        if let Err(error) = self.shared.waker.wake() {
            log::error!("cannot wake the server: {error}");
        }
    }
}

impl Inbox {
    /// Takes out at least everything that was in the queue when the loop last woke. That was [`REQUESTS`] requests at
    /// most. Any request beyond that number, and everything behind it, was pushed since, and wakes the loop again.
    /// Results are bounded by the questions that are out, because no question is handed over meanwhile.
    pub(super) fn take(&self) -> impl Iterator<Item = Incoming> + '_ {
        let mut requests = 0;
        iter::from_fn(move || {
            let queue = self.queue.as_ref().filter(|_| requests <= REQUESTS)?;
            let incoming = queue.try_recv().ok()?;
            if let Incoming::Request(_) = incoming {
                requests += 1;
                self.shared.requests.fetch_sub(1, Relaxed);
            }
            Some(incoming)
        })
    }

    /// Notes whether the tick has had enough before everything was taken out. The next tick then goes on at once.
    pub(super) fn set_behind(&mut self, is_behind: bool) {
        self.is_behind = is_behind;
    }

    pub(super) fn is_behind(&self) -> bool {
        self.is_behind
    }

    /// Whether a shutdown was requested.
    pub(super) fn shutdown(&self) -> bool {
        self.shared.shutdown.load(Relaxed)
    }

    /// Takes nothing more. From now on the handles report that the server has stopped.
    pub(super) fn end(&mut self) {
        self.shared.has_ended.store(true, Relaxed);
        self.queue = None;
        self.is_behind = false;
    }

    pub(super) fn has_ended(&self) -> bool {
        self.queue.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mio::Poll;

    fn both() -> (Poll, Inbox, Outside) {
        let poll = Poll::new().expect("an event queue");
        let (inbox, outside) = inbox(poll.registry(), Token(0)).expect("a waker");
        (poll, inbox, outside)
    }

    #[test]
    fn requests_are_refused_while_too_many_wait() {
        let (_poll, mut inbox, outside) = both();
        let ask = || outside.request(Request::Motd(None));
        for _ in 0..3 {
            (0..REQUESTS).for_each(|_| ask().expect("room"));
            assert!(matches!(ask(), Err(Error::Busy)));
            assert_eq!(inbox.take().count(), REQUESTS);
        }
        (0..REQUESTS).for_each(|_| ask().expect("room"));
        inbox.end();
        assert!(matches!(ask(), Err(Error::Stopped)));
    }

    #[test]
    fn whoever_never_stops_asking_does_not_hold_the_loop() {
        let (_poll, inbox, outside) = both();
        let ask = || outside.request(Request::Motd(None)).expect("room");
        ask();
        assert_eq!(inbox.take().inspect(|_| ask()).count(), REQUESTS + 1);
        inbox.take().for_each(drop);
        outside.shut_down();
        assert!(inbox.shutdown() && inbox.take().next().is_none());
    }
}
