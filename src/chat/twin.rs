//! `Twin`: a second hub that applies the entries of a first one, only in builds of unit tests and the fuzzer. All state
//! that people share must be the same in both, whoever is connected to the first, whatever its rules are and its clock
//! shows.

use crate::journal::Heard;
use crate::message::{KeptHouse, KeptRoom};
use crate::moment::Moment;

use super::{Alone, Audience, Effect, Effects, Hub, Rules};

/// The hub of a server to which nobody is connected.
#[derive(Debug)]
pub struct Twin {
    hub: Hub,
    /// A clock that stands still at the moment when the twin was made.
    now: Moment,
}

impl Twin {
    /// The twin of a chat in which nothing has happened yet.
    pub fn of(alone: &mut Alone, now: Moment) -> Twin {
        alone.listen();
        let rules = Rules {
            history: 2,
            ..Rules::default()
        };
        Twin {
            hub: Hub::new(rules),
            now,
        }
    }

    /// Goes on from what a file has, as the other hub does.
    pub fn go_on(&mut self, rooms: Vec<KeptRoom>, house: KeptHouse) {
        self.hub.go_on(rooms, house);
    }

    /// Applies the entries made since the last call, and checks that both hubs are equal and that all invariants hold.
    ///
    /// # Panics
    ///
    /// If they differ or an invariant does not hold.
    pub fn follow(&mut self, alone: &mut Alone) {
        let mut effects = Effects::default();
        for heard in alone.take_entries() {
            let Heard::Entry { entry, .. } = heard else {
                continue;
            };
            self.hub.apply(self.now, &entry, None, &mut effects);
        }
        for effect in effects.drain() {
            let is_to_all = |to: &Audience| match to {
                Audience::Peer(_) | Audience::Author { .. } => false,
                Audience::Room {
                    except,
                    hidden_from,
                    ..
                } => except.is_none() && hidden_from.is_empty(),
            };
            let names_nobody = match &effect {
                Effect::Send { to, .. } => is_to_all(to),
                effect => matches!(effect, Effect::Keep(_)),
            };
            assert!(names_nobody, "nobody is connected, but: {effect:?}");
        }
        self.hub.check();
        assert_eq!(self.hub.digest(), alone.hub.digest(), "{self:?} {alone:?}");
    }
}
