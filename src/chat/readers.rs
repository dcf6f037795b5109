//! `Readers`: everyone who is connected, and who of them reads a message that the hub has sent; for unit tests and the fuzzer, in
//! no other build. The server asks its fan-out for bytes; here the messages themselves are of interest.
//!
//! It knows nothing of the hub's state but what the effects tell, and checks that each of them fits those before it.

use std::collections::BTreeMap;

use crate::error::CloseReason;
use crate::id::{PeerId, RoomId};
use crate::limits::ROOMS_HEARD;
use crate::message::Message;
use crate::moment::Format;
use crate::name::Username;
use crate::wire::is_hidden;

use super::{Audience, Effect, Event};

/// How somebody reads a room.
#[derive(Debug, Clone, Copy)]
struct Reading {
    format: Format,
    is_current: bool,
}

/// Everyone who is connected.
#[derive(Debug, Default)]
pub struct Readers {
    /// Which rooms each of them reads, and how.
    connected: BTreeMap<PeerId, BTreeMap<RoomId, Reading>>,
    /// Who has a name, in the order in which they came.
    online: Vec<(PeerId, Username)>,
    closed: Vec<(PeerId, CloseReason)>,
    /// Who has ended their own connection, and is told nothing any more.
    leaving: Option<PeerId>,
}

impl Readers {
    /// The hub is told of this event next.
    pub fn expect(&mut self, peer: PeerId, event: &Event<'_>) {
        match event {
            Event::Connected { .. } => _ = self.connected.insert(peer, BTreeMap::new()),
            Event::Disconnected(_) => self.leaving = Some(peer).filter(|it| self.is_connected(*it)),
            _ => {}
        }
    }

    /// Does what an effect asks for. Returns who reads the message, if it is one.
    ///
    /// # Panics
    ///
    /// Where it does not fit what was asked for before. No act and no question of anyone may be out.
    pub fn apply(&mut self, effect: &Effect) -> Vec<PeerId> {
        match effect {
            Effect::Append(_)
            | Effect::Hold { .. }
            | Effect::Release { .. }
            | Effect::Ask { .. } => {
                assert_eq!(Some(effect), None, "nothing is out");
            }
            Effect::Keep(_)
            | Effect::SeatEnded { .. }
            | Effect::AskSecret { .. }
            | Effect::SecretOver { .. }
            | Effect::WrongPassword { .. } => {}
            Effect::Replaced { peer, name } | Effect::LinkLost { peer, name, .. } => {
                assert!(self.goes_by(*peer, name), "{peer} has no seat");
                self.online.retain(|(it, _)| it != peer);
            }
            Effect::Send { to, message, .. } => return self.readers(to, message),
            Effect::Enter {
                peer,
                room,
                format,
                is_current,
                ..
            } => {
                let reading = Reading {
                    format: *format,
                    is_current: *is_current,
                };
                let rooms = self.rooms_mut(*peer);
                rooms.insert(*room, reading);
                assert!(rooms.len() <= ROOMS_HEARD, "{peer} reads too many rooms");
            }
            Effect::Exit { peer, room } => {
                let left = self.rooms_mut(*peer).remove(room);
                assert!(left.is_some(), "{peer} does not read {room:?}");
            }
            Effect::Close { peer, reason } => {
                self.assert_connected(*peer);
                assert_ne!(self.leaving, Some(*peer), "{peer} has left by themselves");
                self.remove(*peer);
                self.closed.push((*peer, *reason));
            }
            Effect::CameOnline { peer, name } => {
                assert!(self.format(*peer).is_some(), "{peer} reads no room");
                assert_eq!(self.name(*peer), None, "{peer} is online already");
                self.online.push((*peer, name.clone()));
            }
            Effect::Renamed { peer, from, to } => {
                assert!(self.goes_by(*peer, from), "{peer} was not {from}");
                let known = self.online.iter_mut().find(|(it, _)| it == peer);
                known.into_iter().for_each(|it| it.1 = to.clone());
            }
            Effect::WentOffline { peer, name, .. } => {
                assert!(self.goes_by(*peer, name), "{peer} was not {name}");
                self.online.retain(|(it, _)| it != peer);
            }
        }
        Vec::new()
    }

    /// All that came of one event was applied. Of people who were sent away, some read nothing more before they go.
    ///
    /// # Panics
    ///
    /// Where it was not all that must come of it.
    pub fn check(&mut self, is_hushed: impl Fn(PeerId) -> bool) {
        if let Some(peer) = self.leaving.take() {
            self.remove(peer);
        }
        for (peer, rooms) in &self.connected {
            let current = rooms.values().filter(|it| it.is_current).count();
            let is_online = self.name(*peer).is_some() && !is_hushed(*peer);
            assert_eq!(current, usize::from(is_online), "current rooms of {peer}");
            assert!(is_online || rooms.is_empty(), "{peer} has no name");
        }
    }

    /// Whether they have come and not gone.
    pub fn is_connected(&self, peer: PeerId) -> bool {
        self.connected.contains_key(&peer)
    }

    /// Everyone who is connected.
    pub fn connected(&self) -> impl Iterator<Item = PeerId> + '_ {
        self.connected.keys().copied()
    }

    /// Who has a name, in the order in which they came.
    pub fn online(&self) -> &[(PeerId, Username)] {
        &self.online
    }

    /// Whom the hub has had closed.
    pub fn closed(&self) -> &[(PeerId, CloseReason)] {
        &self.closed
    }

    /// By what name they are online.
    pub fn name(&self, peer: PeerId) -> Option<&Username> {
        let (_, name) = self.online.iter().find(|(it, _)| *it == peer)?;
        Some(name)
    }

    /// Their current room.
    pub fn room(&self, peer: PeerId) -> Option<RoomId> {
        let (room, _) = self.current(peer)?;
        Some(room)
    }

    /// The rooms that they read.
    pub fn rooms(&self, peer: PeerId) -> impl Iterator<Item = RoomId> + '_ {
        let rooms = self.connected.get(&peer).into_iter();
        rooms.flat_map(BTreeMap::keys).copied()
    }

    /// How they read a room.
    pub fn format_in(&self, peer: PeerId, room: RoomId) -> Option<Format> {
        Some(self.connected.get(&peer)?.get(&room)?.format)
    }

    /// How they read their current room.
    pub fn format(&self, peer: PeerId) -> Option<Format> {
        let (_, reading) = self.current(peer)?;
        Some(reading.format)
    }

    fn current(&self, peer: PeerId) -> Option<(RoomId, Reading)> {
        let mut rooms = self.connected.get(&peer)?.iter();
        let (room, reading) = rooms.find(|(_, it)| it.is_current)?;
        Some((*room, *reading))
    }

    fn rooms_mut(&mut self, peer: PeerId) -> &mut BTreeMap<RoomId, Reading> {
        self.assert_connected(peer);
        self.connected.entry(peer).or_default()
    }

    /// Whether this is their name, letter by letter.
    fn goes_by(&self, peer: PeerId, name: &Username) -> bool {
        self.name(peer)
            .is_some_and(|it| it.as_str() == name.as_str())
    }

    fn readers(&self, to: &Audience, message: &Message) -> Vec<PeerId> {
        match to {
            Audience::Peer(peer) | Audience::Author { peer, .. } => {
                self.assert_connected(*peer);
                assert_ne!(self.leaving, Some(*peer), "{peer} is told {message:?}");
                vec![*peer]
            }
            Audience::Room {
                room,
                except,
                hidden_from,
            } => {
                let left_out = || hidden_from.iter().chain(except);
                left_out().for_each(|it| self.assert_connected(*it));
                let reads = |(peer, rooms): (&PeerId, &BTreeMap<RoomId, Reading>)| {
                    let is_shown = |it: &Reading| !is_hidden(message, it.format, !it.is_current);
                    let is_read = rooms.get(room).is_some_and(is_shown);
                    (is_read && left_out().all(|it| it != peer)).then_some(*peer)
                };
                let readers: Vec<PeerId> = self.connected.iter().filter_map(reads).collect();
                let reads_on = self.leaving.filter(|it| readers.contains(it));
                assert_eq!(reads_on, None, "and is told {message:?}");
                readers
            }
        }
    }

    fn remove(&mut self, peer: PeerId) {
        let rooms = self.connected.get(&peer);
        let is_empty = rooms.is_none_or(BTreeMap::is_empty);
        assert!(is_empty, "{peer} is gone and reads a room");
        assert_eq!(self.name(peer), None, "{peer} is gone and online");
        self.connected.remove(&peer);
    }

    fn assert_connected(&self, peer: PeerId) {
        assert!(self.is_connected(peer), "{peer} is not here");
    }
}
