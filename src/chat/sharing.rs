//! A journal that several servers share: an act goes out to all of them, and is entered by each when it comes back.

use std::mem;
use std::sync::Arc;

use crate::id::{PeerId, ServerId};
use crate::journal::{Act, Journal, Wanted};
use crate::moment::Moment;

use super::anew::again;
use super::out::Out;
use super::roster::Session;
use super::state::{InvalidState, State};
use super::{Effect, Effects, Journaled, Proposal};

impl Journaled {
    /// Goes on from what the others share, or else from what is known here. From now on an act goes out to other servers, and
    /// is entered when it comes back. This server is known to them as `server`, and has `written` acts already. Everyone who
    /// is connected here comes in again; what they had said follows them.
    pub(crate) fn begin_anew(
        &mut self,
        now: Moment,
        (server, written): (ServerId, u64),
        state: Option<State>,
        effects: &mut Effects,
    ) -> Result<(), InvalidState> {
        let before = effects.len();
        if let Some(state) = &state {
            self.journal = Journal::at(state.last());
        }
        let later = self.hub.begin_anew(now, state, effects)?;
        let before_that = mem::replace(&mut self.later, later);
        let out = self.out.replace(Out::behind(written));
        self.server = server;
        if let Some(out) = out {
            let naming = |peer| self.hub.roster.session(peer) == Some(Session::Naming);
            again(out.into_acts(), &mut self.later, naming, effects);
        }
        // Those who were not even in again since the last time still want what they wanted then.
        for (peer, wants) in before_that {
            if self.hub.roster.session(peer).is_some() {
                self.later.entry(peer).or_insert(wants);
            }
        }
        self.settle(now, before, effects);
        Ok(())
    }

    /// Somebody may be in again. Proposes what they wanted meanwhile.
    fn want_later(&mut self, now: Moment, peer: Option<PeerId>, effects: &mut Effects) {
        let Some(peer) = peer.filter(|_| !self.later.is_empty()) else {
            return;
        };
        let person = self.hub.roster.at(peer).map(|it| it.id);
        let is_gone = self.hub.roster.session(peer).is_none();
        if person.is_none() && !is_gone {
            // Their name was taken, and they are asked for another.
            return;
        }
        let before = effects.len();
        for it in self.later.remove(&peer).into_iter().flatten() {
            if person.is_some() {
                effects.push(Effect::Append(Proposal {
                    author: person,
                    ..it
                }));
            }
        }
        self.settle(now, before, effects);
    }

    /// The state that people share.
    pub(crate) fn state(&self) -> State {
        self.hub.state()
    }

    /// The servers that share the journal, with their names, in the order in which they came.
    pub(crate) fn servers(&self) -> impl Iterator<Item = (ServerId, &Arc<str>)> {
        self.hub.servers()
    }

    /// As [`Hub::counts`].
    pub(crate) fn counts(&self, server: ServerId, act: &Act) -> bool {
        self.hub.counts(server, act)
    }

    /// As [`Hub::answerer`].
    pub(crate) fn answerer(&self, to: ServerId, turn: u32) -> Option<ServerId> {
        self.hub.answerer(to, turn)
    }

    /// The acts that have come up since the last call, to be sent to the others, and the number of the first of them among
    /// all acts of this server.
    pub(crate) fn take_wanted(&mut self) -> Option<(u64, Vec<Wanted>)> {
        self.out.as_mut()?.take()
    }

    /// Enters an act of another server, at the time at which it got its place in the journal: milliseconds since 1970-01-01
    /// 00:00 UTC.
    pub(crate) fn enter_of(
        &mut self,
        now: Moment,
        at: i64,
        server: ServerId,
        wanted: Wanted,
        effects: &mut Effects,
    ) {
        let entry = self.journal.enter(at, server, wanted);
        self.apply(now, entry, None, effects);
    }

    /// Enters an act of this server that has come back.
    pub(crate) fn enter_own(
        &mut self,
        now: Moment,
        at: i64,
        number: u64,
        wanted: Wanted,
        effects: &mut Effects,
    ) {
        let came = self.out.as_mut().and_then(|it| it.pop_at(number));
        let (mine, held) = came.map_or((None, None), |it| (Some(it.it), it.held));
        let peer = mine.as_ref().and_then(|it| it.peer);
        let entry = self.journal.enter(at, self.server, wanted);
        effects.set_request(mine.and_then(|it| it.request));
        self.apply(now, entry, peer, effects);
        self.want_later(now, peer, effects);
        self.release(held, effects);
    }
}
