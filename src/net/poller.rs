//! `Poller`: tells the server what has happened to its sockets, and what time it is. It does not know what an event
//! means.
//!
//! All that comes from outside comes through here or through a [`Stream`](super::Stream), so a simulation of both is a
//! simulation of the whole server.

use std::io;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use mio::{Events, Poll, Registry, Token};

use crate::limits::EVENTS_PER_POLL;
use crate::moment::Moment;

#[cfg(test)]
use super::simulated::World;

/// The kernel's event queue, and the clocks.
#[derive(Debug)]
pub(crate) struct Poller {
    poll: Poll,
    events: Events,
    /// Replaces the kernel, except for the waker and for sources of the embedding program.
    #[cfg(test)]
    simulated: Option<(World, Vec<Event>)>,
}

/// An event of one source, from the kernel.
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
            #[cfg(test)]
            simulated: None,
        })
    }

    /// The registry of sources.
    pub(crate) fn registry(&self) -> &Registry {
        self.poll.registry()
    }

    /// Waits for events, or until the time is over.
    pub(crate) fn wait(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        #[cfg(test)]
        if let Some((world, events)) = &mut self.simulated {
            world.wait(events)?;
            return self.poll.poll(&mut self.events, Some(Duration::ZERO));
        }
        self.poll.poll(&mut self.events, timeout)
    }

    /// The events of the last wait.
    pub(crate) fn events(&self) -> impl Iterator<Item = Event> {
        let events = self.events.iter().map(Event::from);
        #[cfg(test)]
        let events = {
            let simulated = self.simulated.iter().flat_map(|(_, events)| events);
            events.chain(simulated.copied())
        };
        events
    }

    /// The time now, on the clock that only goes forward.
    pub(crate) fn instant(&self) -> Instant {
        #[cfg(test)]
        if let Some((world, _)) = &self.simulated {
            return world.now().instant;
        }
        Instant::now()
    }

    /// The time now, on the wall clock: seconds since 1970-01-01 00:00 UTC.
    pub(crate) fn unix(&self) -> i64 {
        self.now().unix
    }

    /// Now, on both clocks.
    pub(crate) fn now(&self) -> Moment {
        #[cfg(test)]
        if let Some((world, _)) = &self.simulated {
            return world.now();
        }
        now()
    }
}

/// Now, on both clocks of the system.
pub(crate) fn now() -> Moment {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
    let since_epoch = since_epoch.unwrap_or_default();
    Moment {
        instant: Instant::now(),
        unix: i64::try_from(since_epoch.as_secs()).unwrap_or(i64::MAX),
        millis: since_epoch.subsec_millis() as u16,
    }
}

#[cfg(test)]
impl Poller {
    /// A poller of a simulated world.
    pub(crate) fn simulated(world: World) -> io::Result<Poller> {
        let mut poller = Poller::new()?;
        poller.simulated = Some((world, Vec::new()));
        Ok(poller)
    }
}
