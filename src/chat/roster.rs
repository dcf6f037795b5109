//! `Roster`: who is here. A peer is unknown, has no name yet, or is in the chat under a name nobody else has.

use std::collections::HashMap;

use crate::id::{PeerId, RoomId};
use crate::name::Username;

/// Everyone who is connected, by slot, and everyone who has a name, by name.
///
/// Invariant: `names` holds exactly the names of the sessions that have one, each with its peer.
#[derive(Debug, Default)]
pub(super) struct Roster {
    sessions: Vec<Option<(PeerId, Session)>>,
    names: HashMap<Username, PeerId>,
}

/// What the hub knows of one peer.
#[derive(Debug, Clone)]
pub(super) enum Session {
    /// At the username prompt.
    Naming {
        /// Usernames refused so far.
        attempts: u8,
    },
    /// In the chat.
    Chatting { name: Username, room: RoomId },
}

/// Someone else has that name.
#[derive(Debug)]
pub(super) struct NameTaken;

impl Roster {
    /// Takes in a newcomer, at the username prompt.
    pub(super) fn connect(&mut self, peer: PeerId) {
        let index = peer.index();
        if index >= self.sessions.len() {
            self.sessions.resize(index + 1, None);
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
        if let Session::Chatting { name, .. } = &session {
            self.names.remove(name);
        }
        Some(session)
    }

    pub(super) fn session(&self, peer: PeerId) -> Option<&Session> {
        match self.sessions.get(peer.index())? {
            Some((known, session)) if *known == peer => Some(session),
            _ => None,
        }
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

    /// Gives a known peer a name, and a room if they had no name before. Returns the name before.
    pub(super) fn name(
        &mut self,
        peer: PeerId,
        name: Username,
        room: RoomId,
    ) -> Result<Option<Username>, NameTaken> {
        match self.names.get(&name) {
            Some(&holder) if holder != peer => return Err(NameTaken),
            _ => {}
        }
        let Some(session) = self.session_mut(peer) else {
            return Ok(None);
        };
        let before = match session {
            Session::Naming { .. } => {
                let name = name.clone();
                *session = Session::Chatting { name, room };
                None
            }
            Session::Chatting { name: held, .. } => Some(std::mem::replace(held, name.clone())),
        };
        if let Some(before) = &before {
            self.names.remove(before);
        }
        self.names.insert(name, peer);
        Ok(before)
    }

    /// How many people have a name.
    pub(super) fn online(&self) -> usize {
        self.names.len()
    }

    /// Everyone, with or without a name.
    pub(super) fn peers(&self) -> impl Iterator<Item = PeerId> + '_ {
        self.sessions.iter().flatten().map(|&(peer, _)| peer)
    }

    fn session_mut(&mut self, peer: PeerId) -> Option<&mut Session> {
        match self.sessions.get_mut(peer.index())? {
            Some((known, session)) if *known == peer => Some(session),
            _ => None,
        }
    }
}
