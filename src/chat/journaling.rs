//! `Journaled`: a hub, and the journal by which its acts become entries. Alone, each act becomes an entry, and is applied, within
//! the call that caused it. If several servers share the journal, an act goes out to them, and is entered by each of them
//! when it comes back.

use std::mem;
use std::sync::Arc;
use std::time::Instant;

use crate::id::{PeerId, PersonId, ServerId};
use crate::journal::{Act, Entry, Heard, Journal, Person, ServerAct, Wanted};
use crate::message::{KeptHouse, KeptRoom};
use crate::moment::Moment;

#[cfg(feature = "cluster")]
use super::anew::Later;
#[cfg(any(test, fuzzing, feature = "cluster"))]
use super::out::Out;
use super::{Effect, Effects, Event, Hub, Proposal, Rules};

/// A hub and its journal. Its effects are those of the [`Hub`], without [`Effect::Append`].
#[derive(Debug)]
pub struct Journaled {
    pub(super) hub: Hub,
    pub(super) journal: Journal,
    /// The effects that follow the hub's first act, while that act is applied. Empty between calls.
    asked: Effects,
    /// The entries since the last call of [`take_entries`](Self::take_entries). `None`: nobody listens.
    heard: Option<Vec<Heard>>,
    /// This server, as the others know it.
    pub(super) server: ServerId,
    /// What is out. `None`: the server is alone, and nothing ever is.
    #[cfg(any(test, fuzzing, feature = "cluster"))]
    pub(super) out: Option<Out>,
    /// What those want who are to come in again first.
    #[cfg(feature = "cluster")]
    pub(super) later: Later,
}

impl Journaled {
    /// An empty chat.
    pub fn new(rules: Rules) -> Journaled {
        Journaled {
            hub: Hub::new(rules),
            journal: Journal::default(),
            asked: Effects::default(),
            heard: None,
            #[cfg(any(test, fuzzing, feature = "cluster"))]
            out: None,
            server: ServerId::ALONE,
            #[cfg(feature = "cluster")]
            later: Later::new(),
        }
    }

    /// Handles an event of a peer; see [`Hub::handle`].
    pub fn handle(&mut self, now: Moment, peer: PeerId, event: Event<'_>, effects: &mut Effects) {
        self.with_hub(now, effects, |hub, effects| {
            hub.handle(now, peer, event, effects)
        });
    }

    /// Acts on everything that is due by now, but sends away only a slice of a crowd.
    pub fn handle_timeout(&mut self, now: Moment, effects: &mut Effects) {
        self.with_hub(now, effects, Hub::send_some_away);
        let mut before = effects.len();
        while self.hub.handle_timeout(now, effects) {
            self.settle(now, before, effects);
            before = effects.len();
        }
    }

    /// Has the hub do something that no peer asked for, such as [`Hub::notice`].
    pub fn with_hub(
        &mut self,
        now: Moment,
        effects: &mut Effects,
        act: impl FnOnce(&mut Hub, &mut Effects),
    ) {
        let before = effects.len();
        act(&mut self.hub, effects);
        self.settle(now, before, effects);
    }

    /// Says something to everyone who is in the chat, as the server. The text must be clean.
    pub fn notice(&mut self, now: Moment, text: &str, effects: &mut Effects) {
        self.with_hub(now, effects, |hub, effects| hub.notice(text, effects));
    }

    /// Says goodbye to everyone and closes every connection. Other servers learn it in one act.
    pub fn shut_down(&mut self, now: Moment, effects: &mut Effects) {
        let server = self.server;
        let is_shared = server != ServerId::ALONE;
        self.with_hub(now, effects, |hub, effects| {
            let before = effects.len();
            hub.shut_down(effects);
            if is_shared {
                effects.drop_proposed(before);
                let gone = Act::Server(ServerAct::Gone { server });
                effects.propose(None, Some(PersonId::HOUSE), gone);
            }
        });
    }

    /// The time of the next call of [`handle_timeout`](Self::handle_timeout), if nothing else happens.
    pub fn next_timeout(&self) -> Option<Instant> {
        self.hub.next_timeout()
    }

    /// Sets the message that every newcomer reads. The text must be clean but for its line ends.
    pub fn set_motd(&mut self, text: Option<Arc<str>>) {
        self.hub.set_motd(text);
    }

    /// Goes on from what a file has; see [`Hub::go_on`]. `last` is the largest number of an entry that the file knows.
    pub fn go_on(&mut self, last: u64, rooms: Vec<KeptRoom>, house: KeptHouse) {
        self.journal = Journal::behind(last);
        self.hub.last = last;
        self.hub.go_on(rooms, house);
    }

    /// The number of the last entry.
    pub fn last(&self) -> u64 {
        self.hub.last()
    }

    /// Keeps each entry from now on, until [`take_entries`](Self::take_entries) takes it.
    pub fn listen(&mut self) {
        self.heard.get_or_insert_default();
    }

    /// Stops keeping entries.
    pub fn listen_no_more(&mut self) {
        self.heard = None;
    }

    /// Everyone who has a name, in the order in which they came.
    pub fn people(&self) -> Vec<Person> {
        self.hub.everyone()
    }

    /// Takes out the entries since the last call, in order, if somebody [listens](Self::listen).
    pub fn take_entries(&mut self) -> Vec<Heard> {
        self.heard.as_mut().map(mem::take).unwrap_or_default()
    }

    /// The number of people who have a name.
    pub fn online(&self) -> usize {
        self.hub.online()
    }

    /// The number of rooms, the lobby and empty ones included.
    pub fn rooms(&self) -> usize {
        self.hub.rooms()
    }

    /// Checks all invariants.
    ///
    /// # Panics
    ///
    /// If an invariant does not hold.
    #[cfg(any(test, fuzzing))]
    pub fn check(&self) {
        self.hub.check();
    }

    /// Enters each act after the first `before` effects and applies it, at its place among the effects.
    pub(super) fn settle(&mut self, now: Moment, before: usize, effects: &mut Effects) {
        let Some(first) = effects.take_proposed(before, &mut self.asked) else {
            return;
        };
        // Applying an act may propose others, which are settled in turn.
        let mut asked = mem::take(&mut self.asked);
        self.propose(now, first, effects);
        for effect in asked.drain() {
            // Every other effect passes unchanged.
            let Effect::Append(it) = effect else {
                effects.push(effect);
                continue;
            };
            self.propose(now, it, effects);
        }
        self.asked = asked;
    }

    /// Enters an act at once, unless the journal is shared.
    fn propose(&mut self, now: Moment, it: Proposal, effects: &mut Effects) {
        #[cfg(any(test, fuzzing, feature = "cluster"))]
        if let Some(out) = &mut self.out {
            return out.push(it, effects);
        }
        self.enter(now, it, effects);
    }

    /// Turns an act of this server into an entry and applies it.
    pub(super) fn enter(&mut self, now: Moment, it: Proposal, effects: &mut Effects) {
        let id = it.request.as_ref().and_then(|it| it.id.clone());
        let (author, act) = (it.author, it.act);
        let wanted = Wanted { author, act, id };
        let entry = self.journal.enter(now.unix_millis(), self.server, wanted);
        effects.set_request(it.request);
        self.apply(now, entry, it.peer, effects);
    }

    /// Applies an entry. The object that asked for it must have been set.
    pub(super) fn apply(
        &mut self,
        now: Moment,
        entry: Entry,
        peer: Option<PeerId>,
        effects: &mut Effects,
    ) {
        let before = self.heard.as_ref().and_then(|_| self.hub.author(&entry));
        let proposed = effects.len();
        self.hub.apply(now, &entry, peer, effects);
        effects.set_request(None);
        if let Some(heard) = &mut self.heard {
            let author = self.hub.author(&entry).or(before);
            heard.push(Heard::Entry { entry, author });
        }
        self.settle(now, proposed, effects);
    }
}
