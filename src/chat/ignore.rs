//! Who ignores whom. Both sides keep it: the one who ignores, so that it outlives the other's leaving and coming back
//! under the same name; the one who is ignored, so that a line of someone whom nobody ignores costs nothing.
//!
//! Invariants: of two people who are here, one stands in the other's `ignores` exactly when the other stands in the one's
//! `ignored_by`. No name stands in a list twice. `awaited` holds exactly those names in the lists that nobody here has,
//! their owners aside, each with whose lists they are.

use std::collections::HashMap;

use crate::id::PeerId;
use crate::limits::IGNORED;
use crate::name::Username;

use super::Hub;
use super::roster::{Ignored, Person};

/// Ignored names that nobody who is here has, so that a newcomer is looked up once, and not in everyone's list.
pub(super) type Awaited = HashMap<Username, Vec<PeerId>>;

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
        if ignores.iter().any(|it| it.peer == whom) {
            return Ok(());
        }
        if ignores.len() >= IGNORED {
            return Err(TooMany);
        }
        ignores.push(Ignored {
            name: name.clone(),
            peer: whom,
            is_here: true,
        });
        self.link(by, whom);
        Ok(())
    }

    /// Returns the name of whom they ignored, if they did.
    pub(super) fn unignore(&mut self, by: PeerId, name: &Username) -> Option<Username> {
        let ignores = &mut self.roster.person_mut(by)?.extras_mut().ignores;
        let place = ignores.iter().position(|it| it.name == *name)?;
        let lifted = ignores.remove(place);
        self.let_go(by, &lifted);
        Some(lifted.name)
    }

    /// A person goes by this name from now on: those who ignore them, or ignored someone of that name, do so now.
    pub(super) fn renamed(&mut self, peer: PeerId, name: &Username) {
        for by in self.hidden_from(peer) {
            if let Some(known) = self.ignored_mut(by, peer) {
                known.name = name.clone();
            }
        }
        for by in self.awaited.remove(name).unwrap_or_default() {
            if by == peer {
                // Nobody ignores themselves; the name is not forgotten, for when they give it away.
                self.awaited.entry(name.clone()).or_default().push(by);
                continue;
            }
            let Some(person) = self.roster.person_mut(by) else {
                continue;
            };
            let ignores = &mut person.extras_mut().ignores;
            let known = ignores.iter().any(|it| it.peer == peer);
            let is_awaited = |it: &Ignored| !it.is_here && it.name == *name;
            let Some(place) = ignores.iter().position(is_awaited) else {
                continue;
            };
            if known {
                ignores.remove(place);
            } else {
                ignores[place] = Ignored {
                    name: name.clone(),
                    peer,
                    is_here: true,
                };
                self.link(by, peer);
            }
        }
    }

    /// A person is gone: nobody is linked to them any more.
    pub(super) fn forget_ignores(&mut self, peer: PeerId, person: &Person) {
        for ignored in person.ignores() {
            self.let_go(peer, ignored);
        }
        for &by in person.ignored_by() {
            if let Some(ignored) = self.ignored_mut(by, peer) {
                ignored.is_here = false;
                let name = person.name.clone();
                self.awaited.entry(name).or_default().push(by);
            }
        }
    }

    /// Where one person's list has the other.
    fn ignored_mut(&mut self, by: PeerId, whom: PeerId) -> Option<&mut Ignored> {
        let ignores = &mut self.roster.person_mut(by)?.extras_mut().ignores;
        ignores.iter_mut().find(|it| it.peer == whom)
    }

    /// Undoes what an entry of one person's list left elsewhere.
    fn let_go(&mut self, by: PeerId, ignored: &Ignored) {
        if ignored.is_here {
            return self.unlink(by, ignored.peer);
        }
        if let Some(waiting) = self.awaited.get_mut(&ignored.name) {
            waiting.retain(|&other| other != by);
            if waiting.is_empty() {
                self.awaited.remove(&ignored.name);
            }
        }
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
