//! `Twin`: a second hub that applies the entries of a first one, only in builds of unit tests and the fuzzer. All state
//! that people share must be the same in both, whoever is connected to the first, whatever its rules are and its clock
//! shows.
//!
//! In builds with several servers, entries reach it as they travel, written and read again. Now and then a new hub takes
//! its place, which has loaded the state of the first, and goes on from there.

use crate::journal::Heard;
#[cfg(feature = "cluster")]
use crate::journal::{Entry, Wanted};
use crate::message::{KeptHouse, KeptRoom};
use crate::moment::Moment;

#[cfg(feature = "cluster")]
use super::State;
use super::{Audience, Effect, Effects, Hub, Journaled, Rules};

/// After one in so many entries, a new hub takes the place of the former.
#[cfg(feature = "cluster")]
const RELOADED: u64 = 48;

/// The hub of a server to which nobody is connected.
#[derive(Debug)]
pub struct Twin {
    hub: Hub,
    /// A clock that stands still at the moment when the twin was made.
    now: Moment,
    /// A hash of all acts so far. It decides when the state is loaded, at other moments in each play and at the same ones
    /// whenever a play is repeated.
    #[cfg(feature = "cluster")]
    acts: u64,
    /// Whether the state is to be loaded at the end of this call.
    #[cfg(feature = "cluster")]
    is_due: bool,
}

impl Twin {
    /// The twin of a chat in which nothing has happened yet.
    pub fn of(alone: &mut Journaled, now: Moment) -> Twin {
        alone.listen();
        let rules = Rules {
            history: 2,
            ..Rules::default()
        };
        Twin {
            hub: Hub::new(rules),
            now,
            #[cfg(feature = "cluster")]
            acts: 0,
            #[cfg(feature = "cluster")]
            is_due: false,
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
    pub fn follow(&mut self, alone: &mut Journaled) {
        let mut effects = Effects::default();
        for heard in alone.take_entries() {
            let Heard::Entry { entry, .. } = heard else {
                continue;
            };
            #[cfg(feature = "cluster")]
            let entry = self.sent(entry);
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
        self.compare(alone);
        #[cfg(feature = "cluster")]
        if std::mem::take(&mut self.is_due) {
            self.reload(alone);
            self.compare(alone);
        }
    }

    fn compare(&self, alone: &Journaled) {
        self.hub.check();
        assert_eq!(self.hub.digest(), alone.hub.digest(), "{self:?} {alone:?}");
    }

    /// An entry as it arrives at another server.
    #[cfg(feature = "cluster")]
    fn sent(&mut self, entry: Entry) -> Entry {
        use std::hash::{DefaultHasher, Hash, Hasher};
        let wanted = Wanted {
            author: Some(entry.author),
            act: entry.act.clone(),
            id: entry.id.clone(),
        };
        let text = serde_json::to_string(&wanted).unwrap_or_default();
        let read = serde_json::from_str(&text).map_err(|why| why.to_string());
        assert_eq!(read.as_ref(), Ok(&wanted), "{text}");
        let mut hasher = DefaultHasher::new();
        (self.acts, text).hash(&mut hasher);
        self.acts = hasher.finish();
        self.is_due |= self.acts.is_multiple_of(RELOADED);
        let Wanted { act, id, .. } = read.unwrap_or(wanted);
        Entry { act, id, ..entry }
    }

    /// A new hub takes the place of the former, and goes on from the state of the other, as it travels.
    #[cfg(feature = "cluster")]
    fn reload(&mut self, alone: &Journaled) {
        let written = alone.hub.state().write().unwrap_or_default();
        let text = String::from_utf8_lossy(&written);
        let load = |rules: &Rules| {
            let mut hub = Hub::new(rules.clone());
            let state = State::read(&written).map_err(|why| why.to_string());
            let loaded = state.map(|it| hub.load_state(self.now, it));
            assert_eq!(loaded, Ok(Ok(())), "{text}");
            hub
        };
        // By the same rules it has the same state, also where the hash leaves it out.
        let again = load(&alone.hub.rules).state().write().unwrap_or_default();
        assert_eq!(String::from_utf8_lossy(&again), text);
        let mut hub = load(&self.hub.rules);
        hub.has_file = self.hub.has_file;
        assert_eq!(hub.last(), alone.hub.last());
        self.hub = hub;
    }
}
