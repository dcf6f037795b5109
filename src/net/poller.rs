//! `Poller`: where the server learns what has happened to its sockets, and what time it is. What an event means is not
//! known here.
//!
//! What comes from outside comes through here or through a [`Stream`](super::Stream), so that a simulation of both is a
//! simulation of the whole server.

use std::io;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use mio::{Events, Poll, Registry, Token};

use crate::limits::EVENTS_PER_POLL;
use crate::moment::Moment;

/// The kernel's event queue, and the clocks.
#[derive(Debug)]
pub(crate) struct Poller {
    poll: Poll,
    events: Events,
}

/// What the kernel says of one source.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Event {
    pub(crate) token: Token,
    pub(crate) readable: bool,
    pub(crate) writable: bool,
    pub(crate) read_closed: bool,
    /// Urgent data has come.
    pub(crate) priority: bool,
    pub(crate) error: bool,
}

impl From<&mio::event::Event> for Event {
    fn from(event: &mio::event::Event) -> Event {
        Event {
            token: event.token(),
            readable: event.is_readable(),
            writable: event.is_writable(),
            read_closed: event.is_read_closed(),
            priority: event.is_priority(),
            error: event.is_error(),
        }
    }
}

impl Poller {
    pub(crate) fn new() -> io::Result<Poller> {
        Ok(Poller {
            poll: Poll::new()?,
            events: Events::with_capacity(EVENTS_PER_POLL),
        })
    }

    /// Where sources are registered.
    pub(crate) fn registry(&self) -> &Registry {
        self.poll.registry()
    }

    /// Waits for events, or until the time is over.
    pub(crate) fn wait(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.poll.poll(&mut self.events, timeout)
    }

    /// The events of the last wait.
    pub(crate) fn events(&self) -> impl Iterator<Item = Event> {
        self.events.iter().map(Event::from)
    }

    /// Now, on the clock that only goes forward.
    pub(crate) fn instant(&self) -> Instant {
        Instant::now()
    }

    /// Now, on both clocks. The server reads no other.
    pub(crate) fn now(&self) -> Moment {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
        let unix = since_epoch.map_or(0, |it| i64::try_from(it.as_secs()).unwrap_or(i64::MAX));
        Moment {
            instant: self.instant(),
            unix,
        }
    }
}
