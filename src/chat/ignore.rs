//! Who ignores whom. Both sides keep it: the one who ignores, so that it outlives the other's leaving and coming back
//! under the same name; the one who is ignored, so that a line of someone whom nobody ignores costs nothing.
//!
//! Invariant: of two people who are here, one stands in the other's `ignores` exactly when the other stands in the one's
//! `ignored_by`.

use crate::id::PeerId;
use crate::limits::IGNORED;
use crate::name::Username;

use super::Hub;
use super::roster::{Ignored, Person};

/// They ignore as many as they may.
#[derive(Debug)]
pub(super) struct TooMany;

impl Hub {
    /// Who does not read what this person causes.
    pub(super) fn hidden_from(&self, peer: PeerId) -> Vec<PeerId> {
        let person = self.roster.person(peer);
        person.map_or_else(Vec::new, |it| it.ignored_by().to_vec())
    }

    pub(super) fn ignore(
        &mut self,
        by: PeerId,
        whom: PeerId,
        name: &Username,
    ) -> Result<(), TooMany> {
        let Some(person) = self.roster.person_mut(by) else {
            return Ok(());
        };
        let ignores = &mut person.extras_mut().ignores;
        if ignores.iter().any(|it| it.peer == Some(whom)) {
            return Ok(());
        }
        if ignores.len() >= IGNORED {
            return Err(TooMany);
        }
        let name = name.clone();
        let peer = Some(whom);
        ignores.push(Ignored { name, peer });
        self.ignoring.insert(by);
        self.link(by, whom);
        Ok(())
    }

    /// Returns the name of whom they ignored, if they did.
    pub(super) fn unignore(&mut self, by: PeerId, name: &Username) -> Option<Username> {
        let ignores = &mut self.roster.person_mut(by)?.extras_mut().ignores;
        let place = ignores.iter().position(|it| it.name == *name)?;
        let lifted = ignores.remove(place);
        if ignores.is_empty() {
            self.ignoring.remove(&by);
        }
        if let Some(whom) = lifted.peer {
            self.unlink(by, whom);
        }
        Some(lifted.name)
    }

    /// A person goes by this name from now on: those who ignore them, or ignored someone of that name, do so now.
    pub(super) fn renamed(&mut self, peer: PeerId, name: &Username) {
        let ignoring: Vec<PeerId> = self.ignoring.iter().copied().collect();
        for by in ignoring {
            let person = self.roster.person_mut(by).filter(|_| by != peer);
            let Some(ignores) = person.map(|it| &mut it.extras_mut().ignores) else {
                continue;
            };
            if let Some(known) = ignores.iter_mut().find(|it| it.peer == Some(peer)) {
                known.name = name.clone();
            } else if let Some(awaited) = ignores
                .iter_mut()
                .find(|it| it.peer.is_none() && it.name == *name)
            {
                awaited.peer = Some(peer);
                self.link(by, peer);
            }
        }
    }

    /// A person is gone: nobody is linked to them any more.
    pub(super) fn forget_ignores(&mut self, peer: PeerId, person: &Person) {
        for ignored in person.ignores() {
            if let Some(whom) = ignored.peer {
                self.unlink(peer, whom);
            }
        }
        for &by in person.ignored_by() {
            let ignores = self
                .roster
                .person_mut(by)
                .map(|it| &mut it.extras_mut().ignores);
            for ignored in ignores.into_iter().flatten() {
                if ignored.peer == Some(peer) {
                    ignored.peer = None;
                }
            }
        }
        self.ignoring.remove(&peer);
    }

    fn link(&mut self, by: PeerId, whom: PeerId) {
        if let Some(person) = self.roster.person_mut(whom) {
            person.extras_mut().ignored_by.push(by);
        }
    }

    fn unlink(&mut self, by: PeerId, whom: PeerId) {
        if let Some(person) = self.roster.person_mut(whom) {
            person.extras_mut().ignored_by.retain(|&other| other != by);
        }
    }
}
