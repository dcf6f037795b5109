//! `Roster`: who is here. A peer is unknown, has no name yet, or is in the chat under a name nobody else has.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use hashbrown::HashTable;

use crate::id::{PeerId, RoomId};
use crate::moment::Format;
use crate::name::{LOOKS, Look, Username, find_slip};
use crate::tally;

use super::away::Told;
use super::history::History;
use super::replay::Visit;

/// Everyone who is connected, by slot, and everyone who has a name, by name.
///
/// Invariant: `names` and each of `looks` hold exactly the slots of the sessions that have a name, each by that key of the
/// name. The names themselves are not kept twice, as a server of many idle people holds little else.
#[derive(Debug, Default)]
pub(super) struct Roster {
    sessions: Vec<Option<(PeerId, Session)>>,
    names: HashTable<u32>,
    looks: [HashTable<u32>; LOOKS.len()],
    /// The names' keys are the same everywhere, so that people could choose names whose places in a table are the same.
    hasher: RandomState,
}

/// What the hub knows of one peer.
#[derive(Debug)]
pub(super) enum Session {
    /// At the username prompt.
    Naming {
        /// Usernames refused so far.
        attempts: u8,
    },
    /// In the chat.
    Chatting(Person),
}

/// Someone in the chat.
#[derive(Debug)]
pub(super) struct Person {
    pub(super) name: Username,
    pub(super) room: RoomId,
    /// How what they read is rendered.
    pub(super) format: Format,
    /// Since when they are online: seconds since 1970-01-01 00:00 UTC.
    pub(super) since: u32,
    /// When they last typed something: seconds since the hub's first event.
    pub(super) active: u32,
    /// What most people never have.
    pub(super) extras: Option<Box<Extras>>,
}

/// What few people have.
#[derive(Debug, Default)]
pub(super) struct Extras {
    /// They are away.
    pub(super) away: Option<Away>,
    /// Whom they ignore.
    pub(super) ignores: Vec<u32>,
    /// As whom they are ignored.
    pub(super) ignored_as: Vec<u32>,
    /// Absences of others that they were told of.
    pub(super) told: Told,
    /// Rooms that they left, the last one at the end.
    pub(super) visits: Vec<Visit>,
    /// Who wrote to them privately last.
    pub(super) correspondent: Option<(PeerId, Username)>,
}

#[derive(Debug)]
pub(super) struct Away {
    pub(super) text: Option<Arc<str>>,
    /// Which of all absences this is.
    pub(super) absence: u64,
    /// What was said to or about them meanwhile.
    pub(super) missed: History,
}

/// Someone else has that name, or one that looks like it.
#[derive(Debug)]
pub(super) struct NameTaken;

impl Person {
    pub(super) fn new(name: Username, room: RoomId, since: i64, active: u32) -> Person {
        Person {
            name,
            room,
            format: Format::default(),
            since: u32::try_from(since).unwrap_or(0),
            active,
            extras: None,
        }
    }

    pub(super) fn away(&self) -> Option<&Away> {
        self.extras.as_ref()?.away.as_ref()
    }

    pub(super) fn away_mut(&mut self) -> Option<&mut Away> {
        self.extras.as_mut()?.away.as_mut()
    }

    pub(super) fn ignores(&self) -> &[u32] {
        self.extras.as_ref().map_or(&[], |it| &it.ignores)
    }

    pub(super) fn ignored_as(&self) -> &[u32] {
        self.extras.as_ref().map_or(&[], |it| &it.ignored_as)
    }

    pub(super) fn extras_mut(&mut self) -> &mut Extras {
        self.extras.get_or_insert_default()
    }
}

impl Roster {
    /// Takes in a newcomer, at the username prompt.
    pub(super) fn connect(&mut self, peer: PeerId) {
        let index = peer.index();
        if index >= self.sessions.len() {
            self.sessions.resize_with(index + 1, || None);
        }
        debug_assert!(self.sessions[index].is_none(), "the slot was left before");
        self.sessions[index] = Some((peer, Session::Naming { attempts: 0 }));
    }

    /// Forgets a peer; their name is free from now on.
    pub(super) fn disconnect(&mut self, peer: PeerId) -> Option<Session> {
        let (_, session) = self
            .sessions
            .get_mut(peer.index())?
            .take_if(|(known, _)| *known == peer)?;
        if let Session::Chatting(person) = &session {
            self.strike(peer, &person.name);
        }
        Some(session)
    }

    pub(super) fn session(&self, peer: PeerId) -> Option<&Session> {
        match self.sessions.get(peer.index())? {
            Some((known, session)) if *known == peer => Some(session),
            _ => None,
        }
    }

    pub(super) fn person(&self, peer: PeerId) -> Option<&Person> {
        match self.session(peer)? {
            Session::Chatting(person) => Some(person),
            Session::Naming { .. } => None,
        }
    }

    pub(super) fn person_mut(&mut self, peer: PeerId) -> Option<&mut Person> {
        match self.session_mut(peer)? {
            Session::Chatting(person) => Some(person),
            Session::Naming { .. } => None,
        }
    }

    /// Who is addressed by this name.
    pub(super) fn find(&self, name: &Username) -> Option<PeerId> {
        self.find_in(&self.names, name.key(), |it| it == name)
    }

    /// Someone other than `but` whose name could be mistaken for this one.
    pub(super) fn find_alike(&self, name: &Username, but: PeerId) -> Option<PeerId> {
        let by_look = |look: Look| {
            let key = name.look_key(look);
            self.find_in(&self.looks[look as usize], key, |it| {
                it.has_look_of(name, look)
            })
        };
        let same = self.find(name).into_iter();
        let mut found = same.chain(LOOKS.into_iter().filter_map(by_look));
        found.find(|peer| *peer != but)
    }

    /// Whether this peer can have the name.
    pub(super) fn is_free(&self, name: &Username, peer: PeerId) -> bool {
        self.find_alike(name, peer).is_none()
    }

    /// Whom someone may have meant by what they typed, which is nobody's name: themselves aside, the person whose name
    /// looks like it, or is one slip of the finger away. The price does not grow with the number of people.
    pub(super) fn suggest(&self, typed: &str, asker: PeerId) -> Option<Username> {
        let parsed = Username::parse(typed).ok();
        let alike = parsed.and_then(|name| self.find_alike(&name, asker));
        let meant = alike.or_else(|| {
            find_slip(typed, |slip| {
                let found = self.find_in(&self.names, slip.key(), |it| slip.is_of(it));
                found.filter(|peer| *peer != asker)
            })
        });
        Some(self.person(meant?)?.name.clone())
    }

    fn find_in(
        &self,
        table: &HashTable<u32>,
        key: u64,
        is_it: impl Fn(&Username) -> bool,
    ) -> Option<PeerId> {
        let has_it = |slot: &u32| name_at(&self.sessions, *slot).is_some_and(&is_it);
        let slot = *table.find(self.hasher.hash_one(key), has_it)?;
        let (peer, _) = self.sessions[slot as usize].as_ref()?;
        Some(*peer)
    }

    /// Counts one more refused username, and tells how many there were.
    pub(super) fn count_attempt(&mut self, peer: PeerId) -> u8 {
        match self.session_mut(peer) {
            Some(Session::Naming { attempts }) => {
                *attempts = attempts.saturating_add(1);
                *attempts
            }
            _ => 0,
        }
    }

    /// Lets a newcomer into the chat.
    pub(super) fn admit(&mut self, peer: PeerId, person: Person) -> Result<(), NameTaken> {
        if !self.is_free(&person.name, peer) {
            return Err(NameTaken);
        }
        if let Some(session) = self.session_mut(peer) {
            *session = Session::Chatting(person);
            self.enrol(peer);
        }
        Ok(())
    }

    /// Gives a person another name, or their own in another spelling, and returns the one before.
    pub(super) fn rename(&mut self, peer: PeerId, to: Username) -> Result<Username, NameTaken> {
        if self.find_alike(&to, peer).is_some() {
            return Err(NameTaken);
        }
        let Some(person) = self.person_mut(peer) else {
            return Ok(to);
        };
        let before = std::mem::replace(&mut person.name, to);
        self.strike(peer, &before);
        self.enrol(peer);
        Ok(before)
    }

    /// How many people have a name.
    pub(super) fn online(&self) -> usize {
        self.names.len()
    }

    /// Everyone, with or without a name.
    pub(super) fn peers(&self) -> impl Iterator<Item = PeerId> + '_ {
        let sessions = self.sessions.iter().inspect(|_| tally::steps(1));
        sessions.flatten().map(|&(peer, _)| peer)
    }

    /// Who is in the chat at this slot.
    pub(super) fn occupant(&self, slot: u32) -> Option<&Person> {
        match self.sessions.get(slot as usize)? {
            Some((_, Session::Chatting(person))) => Some(person),
            _ => None,
        }
    }

    /// Lists a person under the name they have.
    fn enrol(&mut self, peer: PeerId) {
        let (sessions, hasher) = (&self.sessions, &self.hasher);
        let list = |table: &mut HashTable<u32>, key: fn(&Username, Look) -> u64, look| {
            let key_at = |slot: &u32| name_at(sessions, *slot).map_or(0, |name| key(name, look));
            let hash = |slot: &u32| hasher.hash_one(key_at(slot));
            table.insert_unique(hash(&peer.slot), peer.slot, hash);
        };
        list(&mut self.names, |name, _| name.key(), Look::Typed);
        for look in LOOKS {
            list(&mut self.looks[look as usize], Username::look_key, look);
        }
    }

    /// Lists a person no longer under a name they had.
    fn strike(&mut self, peer: PeerId, name: &Username) {
        let strike = |table: &mut HashTable<u32>, key: u64| {
            let hash = self.hasher.hash_one(key);
            if let Ok(listed) = table.find_entry(hash, |&slot| slot == peer.slot) {
                listed.remove();
            }
        };
        strike(&mut self.names, name.key());
        for look in LOOKS {
            strike(&mut self.looks[look as usize], name.look_key(look));
        }
    }

    fn session_mut(&mut self, peer: PeerId) -> Option<&mut Session> {
        match self.sessions.get_mut(peer.index())? {
            Some((known, session)) if *known == peer => Some(session),
            _ => None,
        }
    }
}

/// The name of whoever is in this slot.
fn name_at(sessions: &[Option<(PeerId, Session)>], slot: u32) -> Option<&Username> {
    match sessions.get(slot as usize)? {
        Some((_, Session::Chatting(person))) => Some(&person.name),
        _ => None,
    }
}
