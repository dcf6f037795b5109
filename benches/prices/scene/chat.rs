//! `Chat`: the hub with its fan-out, and no socket. What the server does of a tick between reading and writing is done here,
//! and nothing besides.
//!
//! Both benches of the hub have it, and a unit test that counts the work. So the crate is named as `crate` here, and a bench
//! has at its root what the library has there.

use crate::inner::chat::{Alone, Effect, Effects, Event, Rules};
use crate::inner::fanout::{Dealt, Fanout};
use crate::inner::net::Gauge;
use crate::inner::{Moment, PeerId, Slot};

pub(crate) struct Chat {
    pub(crate) hub: Alone,
    pub(crate) now: Moment,
    pub(crate) effects: Effects,
    pub(crate) fanout: Fanout,
    gauge: Gauge,
}

impl Chat {
    pub(crate) fn new(rules: Rules, now: Moment) -> Chat {
        Chat {
            hub: Alone::new(rules),
            now,
            effects: Effects::default(),
            fanout: Fanout::default(),
            gauge: Gauge::default(),
        }
    }

    /// Tells the hub what happened to a peer. Passes those on whom it has closed.
    pub(crate) fn happen(&mut self, peer: PeerId, event: Event<'_>, closed: impl FnMut(PeerId)) {
        self.hub.handle(self.now, peer, event, &mut self.effects);
        self.apply(closed);
    }

    /// Does what the server does of what the hub asked for, sockets aside. Passes those on whom it has closed.
    pub(crate) fn apply(&mut self, mut closed: impl FnMut(PeerId)) {
        let unix = self.now.unix;
        for effect in self.effects.drain() {
            match effect {
                Effect::Send { to, message } => self.fanout.send(&to, &message, unix),
                Effect::Enter { peer, room, format } => {
                    self.fanout.enter(peer.slot, room, format);
                }
                Effect::Exit { peer } => self.fanout.exit(peer.slot),
                Effect::Close { peer, .. } => closed(peer),
                _ => {}
            }
        }
    }

    /// Ends the tick: passes each peer's share on, piece by piece, as slices that a socket could be written.
    pub(crate) fn deal(&mut self, mut read: impl FnMut(Slot, &[u8])) {
        let mut readers = Vec::new();
        let logs = self.fanout.freeze(&self.gauge, |slot| readers.push(slot));
        self.fanout.deal(logs, &mut readers, |dealt| {
            if let Dealt::Share(slot, pieces) = dealt {
                pieces.iter().for_each(|piece| read(slot, piece.bytes()));
            }
        });
    }
}
