//! `Chat`: the hub with its fan-out, without sockets. It does exactly what the server does in a tick between reading
//! and writing.
//!
//! Both benches of the hub use it, and so does a unit test that counts the work. So it names the crate `crate`, and a
//! bench has the same names at its root as the library.

use crate::inner::chat::{Effect, Effects, Event, Journaled, Question, Rules};
use crate::inner::fanout::{Dealt, Fanout};
use crate::inner::net::Gauge;
use crate::inner::{Moment, PeerId, Slot, Told};

pub(crate) struct Chat {
    pub(crate) hub: Journaled,
    pub(crate) now: Moment,
    pub(crate) effects: Effects,
    pub(crate) fanout: Fanout,
    /// Questions to workers that are still to be answered.
    pub(crate) asked: Vec<(PeerId, Question)>,
    gauge: Gauge,
}

impl Chat {
    pub(crate) fn new(rules: Rules, now: Moment) -> Chat {
        Chat {
            hub: Journaled::new(rules),
            now,
            effects: Effects::default(),
            fanout: Fanout::default(),
            asked: Vec::new(),
            gauge: Gauge::default(),
        }
    }

    /// Tells the hub about an event of a peer. Passes on the peers that it has closed.
    pub(crate) fn happen(&mut self, peer: PeerId, event: Event<'_>, closed: impl FnMut(PeerId)) {
        self.hub.handle(self.now, peer, event, &mut self.effects);
        self.apply(closed);
    }

    /// Handles the hub's effects as the server does, except for sockets. Passes on the peers that it has closed.
    pub(crate) fn apply(&mut self, mut closed: impl FnMut(PeerId)) {
        let unix = self.now.unix;
        for effect in self.effects.drain() {
            match effect {
                Effect::Send { to, message, cause } => {
                    let (message, cause) = (&message, &cause);
                    let told = Told {
                        message,
                        cause,
                        unix,
                    };
                    self.fanout.send(&to, &told);
                }
                Effect::Enter {
                    peer,
                    room,
                    format,
                    name,
                    is_current,
                } => {
                    self.fanout
                        .enter(peer.slot, room, &name, is_current, format);
                }
                Effect::Exit { peer, room } => self.fanout.exit(peer.slot, room),
                Effect::Close { peer, .. } => closed(peer),
                Effect::Ask { peer, question } => self.asked.push((peer, question)),
                _ => {}
            }
        }
    }

    /// Ends the tick: passes each peer's share on, piece by piece, as slices that could be written to a socket.
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
