//! A person, as they are when they connect.

use std::net::IpAddr;

use crate::id::{PeerId, PersonId};
use crate::moment::Format;
use crate::name::Username;
use crate::server::simulation::numbers::OWN;

use super::Person;

impl Person {
    pub(super) fn new(peer: PeerId, address: IpAddr) -> Person {
        Person {
            peer,
            address,
            account: None,
            asking: None,
            late: None,
            is_gone: false,
            name: None,
            attempts: 0,
            came: 0,
            name_by: None,
            room: 0,
            hears: Vec::new(),
            format: Format::default(),
            since: 0,
            active: 0,
            idle_at: None,
            away: None,
            told: Vec::new(),
            visits: Vec::new(),
            ignores: Vec::new(),
            correspondent: None,
            remembered: Vec::new(),
            asked: None,
            more: None,
            searches: None,
            again: None,
            followed: Vec::new(),
        }
    }

    pub(super) fn name(&self) -> &Username {
        self.name.as_ref().expect("they have a name")
    }

    pub(super) fn id(&self) -> PersonId {
        PersonId(OWN + self.came as u64)
    }

    pub(super) fn is_program(&self) -> bool {
        self.format.is_for_programs()
    }

    /// All rooms that they are in, their current one first.
    pub(super) fn rooms(&self) -> Vec<usize> {
        [&[self.room], &self.hears[..]].concat()
    }

    pub(super) fn is_in(&self, room: usize) -> bool {
        self.rooms().contains(&room)
    }

    /// Whether they read nothing that this other person causes.
    pub(super) fn does_ignore(&self, author: PeerId) -> bool {
        let mut ignores = self.ignores.iter();
        ignores.any(|it| it.is_here && it.peer == author)
    }
}
