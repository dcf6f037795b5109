//! Servers that are one chat: who they are, and which of the people are on each. A server that is alone is none of them.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::error::CloseReason;
use crate::id::{PersonId, ServerId};
#[cfg(feature = "cluster")]
use crate::journal::Act;
use crate::journal::{Entry, ServerAct};
use crate::message::News;
use crate::moment::Moment;
use crate::name::Username;

use super::Hub;
use super::author::Author;
use super::event::Effects;
use super::person::{Person, Place};

/// The servers that are one chat, in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Servers {
    all: Vec<Member>,
    /// Those who have said Hello since the chat was last begun. Only they can begin another one.
    pub(super) greeted: BTreeSet<ServerId>,
}

/// One of them.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) id: ServerId,
    pub(super) name: Arc<str>,
    /// Who is on it.
    pub(super) people: BTreeSet<PersonId>,
}

impl Servers {
    #[cfg(any(test, fuzzing, feature = "cluster"))]
    pub(super) fn iter(&self) -> impl Iterator<Item = &Member> {
        self.all.iter()
    }

    /// The server on which somebody is, if there are several.
    fn of(&self, id: PersonId) -> Option<&Member> {
        self.all.iter().find(|it| it.people.contains(&id))
    }

    /// How many people are on a server, if there are several.
    pub(super) fn count(&self, id: ServerId) -> Option<usize> {
        let server = self.all.iter().find(|it| it.id == id)?;
        Some(server.people.len())
    }

    /// Adds one that has come, unless it is there.
    pub(super) fn add(&mut self, id: ServerId, name: &Arc<str>) {
        if self.all.iter().all(|it| it.id != id) {
            self.all.push(Member {
                id,
                name: name.clone(),
                people: BTreeSet::new(),
            });
        }
    }

    fn remove(&mut self, id: ServerId) -> Option<Member> {
        let at = self.all.iter().position(|it| it.id == id)?;
        Some(self.all.remove(at))
    }

    /// Notes that somebody is on a server now, and on no other one.
    pub(super) fn note(&mut self, server: ServerId, id: PersonId) {
        self.forget(id);
        if let Some(it) = self.all.iter_mut().find(|it| it.id == server) {
            it.people.insert(id);
        }
    }

    /// Forgets somebody who has left.
    pub(super) fn forget(&mut self, id: PersonId) {
        for it in &mut self.all {
            it.people.remove(&id);
        }
    }
}

impl Hub {
    /// The servers that are one chat, if several may be, with their names, in the order in which they came.
    #[cfg(feature = "cluster")]
    pub(crate) fn servers(&self) -> impl Iterator<Item = (ServerId, &Arc<str>)> {
        self.servers.iter().map(|it| (it.id, &it.name))
    }

    /// The name of the server on which somebody is, if there may be several.
    pub(super) fn server_of(&self, person: &Person) -> Option<Arc<str>> {
        Some(self.servers.of(person.id)?.name.clone())
    }

    /// Whether an act of a server counts. Only that counts which all servers know alike: acts of one that has said Hello and is
    /// not gone, and a beginning of the chat by one that has said Hello behind the last one.
    #[cfg(feature = "cluster")]
    pub(crate) fn counts(&self, server: ServerId, act: &Act) -> bool {
        if let Act::Server(ServerAct::Hello { .. }) = act {
            return true;
        }
        if let Act::Server(ServerAct::Found { .. }) = act {
            return self.servers.greeted.contains(&server);
        }
        self.servers.all.iter().any(|it| it.id == server)
    }

    /// The server that is to answer another one that has said so often that it is there: each of the others in turn, in the
    /// order in which they came.
    #[cfg(feature = "cluster")]
    pub(crate) fn answerer(&self, to: ServerId, turn: u32) -> Option<ServerId> {
        let others = || self.servers.iter().filter(|it| it.id != to);
        let count = others().count();
        let at = usize::try_from(turn).unwrap_or(0).checked_rem(count)?;
        others().nth(at).map(|it| it.id)
    }

    /// Applies an act of a server.
    pub(super) fn apply_server(
        &mut self,
        now: Moment,
        entry: &Entry,
        act: &ServerAct,
        effects: &mut Effects,
    ) {
        match act {
            ServerAct::Hello { name, .. } => {
                self.servers.add(entry.server, name);
                self.servers.greeted.insert(entry.server);
            }
            ServerAct::Found { name } => {
                self.servers.add(entry.server, name);
                self.servers.greeted.clear();
            }
            ServerAct::Gone { server } => self.lose_server(now, entry, *server, effects),
        }
    }

    /// A server is gone, and everyone who was on it leaves. Each room reads one sentence about them.
    fn lose_server(&mut self, now: Moment, entry: &Entry, server: ServerId, effects: &mut Effects) {
        self.servers.greeted.remove(&server);
        let Some(lost) = self.servers.remove(server) else {
            return;
        };
        let places: Vec<Place> = lost
            .people
            .iter()
            .filter_map(|it| self.roster.place(*it))
            .collect();
        self.tell_lost(&lost, &places, effects);
        for place in places {
            self.take_off(now, entry, place, effects);
        }
    }

    /// Tells each room who of its people were on a server that is gone, unless nobody is left there.
    fn tell_lost(&self, lost: &Member, places: &[Place], effects: &mut Effects) {
        for (room, it) in self.rooms.iter() {
            let people = places.iter().filter_map(|it| self.roster.get(*it));
            let of_room = people.filter(|person| person.rooms().any(|at| at == room));
            let who: Arc<[(PersonId, Username)]> =
                of_room.map(|it| (it.id, it.name.clone())).collect();
            if !who.is_empty() && it.members.len() > who.len() {
                let server = lost.name.clone();
                let news = News::ServerLost { server, who };
                effects.tell_room(room, None, Vec::new(), news);
            }
        }
    }

    /// Somebody who was on a server that is gone leaves. Their rooms have been told.
    pub(super) fn take_off(
        &mut self,
        now: Moment,
        entry: &Entry,
        place: Place,
        effects: &mut Effects,
    ) {
        let Some(person) = self.roster.get(place) else {
            return;
        };
        let account = self.account_of(person).map(|it| it.id);
        let author = Author::new(now, entry, place, person, account, None);
        self.remove_person(&author, CloseReason::Shutdown, effects);
        // What was said of it stands in the sentence.
        _ = self.news_of_leaving(author.id, author.name, None);
    }
}
