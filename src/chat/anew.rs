//! Beginning anew: this server has lost its place among the others, and goes on from the state that they have now. Those who
//! are connected here come in again under their names. What they had said meanwhile follows them.

use std::collections::HashMap;

use crate::account::Origin;
use crate::id::{PeerId, PersonId, RoomId, ServerId};
use crate::journal::{Act, Entry};
use crate::moment::{Format, Moment};
use crate::name::Username;

use super::event::{Effect, Effects};
use super::person::Place;
use super::servers::Servers;
use super::state::{InvalidState, State};
use super::{Hub, Proposal};

/// What peers want once they are in again, in order.
pub(super) type Later = HashMap<PeerId, Vec<Proposal>>;

/// Somebody who is connected here.
#[derive(Debug)]
struct Comer {
    peer: PeerId,
    from: Origin,
    format: Format,
    /// The name that they have, and what brings them to where they are.
    was: Option<(Username, Vec<Act>)>,
    /// Whether they were still coming in again since the last time.
    is_anew: bool,
}

impl Hub {
    /// Goes on from the state of the others, or else from what this hub knows, without anybody. Everyone who is connected
    /// here proposes to come in again; what they are to want behind that is returned.
    pub(super) fn begin_anew(
        &mut self,
        now: Moment,
        state: Option<State>,
        effects: &mut Effects,
    ) -> Result<Later, InvalidState> {
        let peers: Vec<PeerId> = self.roster.peers().collect();
        let comers: Vec<Comer> = peers.iter().filter_map(|it| self.comer(*it)).collect();
        for peer in peers {
            self.stop_reading(peer, effects);
            self.part(peer, effects);
        }
        self.seats = super::Seats::default();
        match state {
            Some(state) => self.load_state(now, state)?,
            None => self.forget_everyone(now, effects),
        }
        let mut later = Later::new();
        for Comer {
            peer,
            from,
            format,
            was,
            is_anew,
        } in comers
        {
            self.roster.connect(peer, from, format);
            if is_anew {
                self.anew.insert(peer);
            }
            if let Some((name, wants)) = was {
                self.want_in(peer, name, effects);
                self.anew.insert(peer);
                let wants = wants.into_iter().map(|act| Proposal {
                    peer: Some(peer),
                    author: None,
                    act,
                    request: None,
                });
                later.insert(peer, wants.collect());
            } else if let Some(timeout) = self.rules.login_timeout {
                self.logins.set(peer, now.instant + timeout);
            }
        }
        Ok(later)
    }

    fn comer(&self, peer: PeerId) -> Option<Comer> {
        let from = self.roster.origin(peer)?;
        let was = self.roster.at(peer).map(|person| {
            let name = |room| self.room_name(room);
            // That is where they come in.
            let current = Some(person.room).filter(|it| *it != RoomId::LOBBY);
            let current = current.and_then(name).map(|room| Act::Go { room });
            let others = person.hears().iter().filter_map(|it| name(*it));
            let others = others.map(|room| Act::Listen { room });
            let away = person.away().map(|it| Act::GoAway {
                text: it.text.clone(),
            });
            let wants = current.into_iter().chain(others).chain(away);
            (person.name.clone(), wants.collect())
        });
        let format = self.roster.format(peer);
        let is_anew = self.anew.contains(&peer);
        Some(Comer {
            peer,
            from,
            format,
            was,
            is_anew,
        })
    }

    /// Everyone leaves whom this hub knows, and nobody is told.
    fn forget_everyone(&mut self, now: Moment, effects: &mut Effects) {
        let entry = Entry {
            seq: self.last,
            at: now.unix_millis(),
            author: PersonId::HOUSE,
            server: ServerId::ALONE,
            act: Act::ComeBack,
            id: None,
        };
        let places: Vec<Place> = self.roster.people().map(|(place, _)| place).collect();
        let told = effects.len();
        for place in places {
            self.take_off(now, &entry, place, effects);
        }
        effects.drop_sent(told);
        self.servers = Servers::default();
    }
}

/// Has that wanted again which was out as the server began anew: at once by newcomers and by the server itself, and by others
/// once they are in.
pub(super) fn again(
    out: impl IntoIterator<Item = Proposal>,
    later: &mut Later,
    is_naming: impl Fn(PeerId) -> bool,
    effects: &mut Effects,
) {
    for it in out {
        match (it.peer, &it.act) {
            // The servers have come anew too, and who was leaving has left.
            (_, Act::Server(_) | Act::Return { .. } | Act::Leave { .. } | Act::Lose { .. }) => {}
            (Some(peer), Act::ComeIn { .. }) => {
                if is_naming(peer) && !later.contains_key(&peer) {
                    effects.push(Effect::Append(it));
                }
            }
            (Some(peer), _) => {
                if let Some(wants) = later.get_mut(&peer) {
                    wants.push(it);
                }
            }
            (None, _) if it.author == Some(PersonId::HOUSE) => effects.push(Effect::Append(it)),
            (None, _) => {}
        }
    }
}
