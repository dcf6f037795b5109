//! Who may see a locked room. To all others it does not exist, but that they cannot make one of its name.

use std::collections::HashSet;

use crate::account::Rank;
use crate::id::{PeerId, PersonId, RoomId};
use crate::limits::owning::SENT_OUT_FOR;
use crate::message::{AboutOwning, AboutRooms, Answer, Elsewhere, News, Past, Unseen};
use crate::name::RoomName;
use crate::tally;

use crate::chat::event::Effects;
use crate::chat::moving::no_room;
use crate::chat::person::{Person, Place};
use crate::chat::room::{NoRoom, Room};
use crate::chat::{Author, Caller, Hub};

impl Hub {
    /// Whether somebody may see a room: that it exists, and who is in it.
    pub(in crate::chat) fn may_see(&self, person: &Person, id: RoomId) -> bool {
        let Some(room) = self.rooms.get(id) else {
            return false;
        };
        !room.owning.is_locked
            || person.rooms().any(|it| it == id)
            || self.rank(person, id) >= Rank::Trusted
            || self.invited_since(person, room).is_some()
    }

    /// Whether the author of a line may see a room.
    pub(in crate::chat) fn sees_room(&self, caller: &Caller, id: RoomId) -> bool {
        let person = self.roster.get(caller.place);
        person.is_some_and(|it| self.may_see(it, id))
    }

    /// The name of a room, if somebody may see it.
    pub(in crate::chat) fn name_for(&self, person: &Person, id: RoomId) -> Option<RoomName> {
        self.room_name(id).filter(|_| self.may_see(person, id))
    }

    /// Where a person is who is listed in a room for a reader.
    pub(in crate::chat) fn elsewhere(
        &self,
        person: &Person,
        room: RoomId,
        reader: &Person,
    ) -> Option<Elsewhere> {
        let is_elsewhere = person.room != room;
        is_elsewhere.then(|| match self.name_for(reader, person.room) {
            Some(name) => Elsewhere::In(name),
            None => Elsewhere::Unseen,
        })
    }

    /// The entry since which somebody is invited.
    fn invited_since(&self, person: &Person, room: &Room) -> Option<u64> {
        let account = self.account_of(person);
        let member = account.and_then(|it| room.rank_of(it.id));
        let member = member.and_then(|it| it.invited);
        member.or_else(|| room.guests.get(&person.id).copied())
    }

    /// The lowest number of a line of a room that somebody may read. `None`: they may read none. Those who were sent out of
    /// a locked room read it again once they may come back.
    pub(in crate::chat) fn reads_from(&self, person: &Person, id: RoomId) -> Option<u64> {
        let room = self.rooms.get(id)?;
        let is_open = !room.owning.is_locked || self.rank(person, id) >= Rank::Trusted;
        if !is_open && self.kept_out(self.last_at(), person, id).is_some() {
            return None;
        }
        match self.invited_since(person, room) {
            _ if is_open => Some(0),
            Some(_) if room.owning.is_past_open => Some(0),
            since => since,
        }
    }

    /// The time of the last entry, to the second: milliseconds since 1970-01-01 00:00 UTC.
    fn last_at(&self) -> i64 {
        PersonId(self.last).second().saturating_mul(1000)
    }

    /// Whether somebody may read a line of the past. A room that has ended is nobody's secret.
    pub(in crate::chat) fn may_read(&self, person: &Person, past: &Past) -> bool {
        let room = past.room.as_ref().and_then(|it| self.rooms.find(it));
        room.is_none_or(|it| {
            let since = self.reads_from(person, it);
            since.is_some_and(|since| since <= past.seq)
        })
    }

    /// The same for what the file has.
    pub(in crate::chat) fn hide_rooms(&self, place: Place, unseen: &mut Unseen) {
        let Some(person) = self.roster.get(place) else {
            return;
        };
        let locked = self.rooms.iter().filter(|(_, it)| it.owning.is_locked);
        for (id, room) in locked {
            match self.reads_from(person, id) {
                None => unseen.rooms.push(room.name.clone()),
                Some(0) => {}
                Some(since) => unseen.hidden_before.push((room.name.clone(), since)),
            }
        }
    }

    /// The room to which the author may go by a name, which is made if need be.
    pub(in crate::chat) fn way_to(
        &mut self,
        author: &Author,
        typed: &RoomName,
    ) -> Result<RoomId, Answer> {
        let person = self.roster.get(author.place);
        if let (Some(id), Some(person)) = (self.rooms.find(typed), person) {
            if !self.may_see(person, id) {
                return Err(AboutOwning::ForInvited.into());
            }
            return match self.kept_out(author.at, person, id) {
                Some(why) => Err(why.into()),
                None => Ok(id),
            };
        }
        match self.rooms.find_or_make(typed, author.seq, author.id) {
            Ok(room) => Ok(room),
            Err(NoRoom::LooksLike(_)) => Err(match self.seen_alike(author.place, typed) {
                Some(room) => AboutRooms::RoomLooksLike {
                    typed: typed.clone(),
                    room,
                }
                .into(),
                None => AboutOwning::ForInvited.into(),
            }),
            Err(why) => Err(no_room(typed, why).into()),
        }
    }

    /// A room that somebody may see and may have meant by a name that no such room has.
    pub(in crate::chat) fn seen_alike(&self, place: Place, typed: &RoomName) -> Option<RoomName> {
        let person = self.roster.get(place)?;
        self.rooms
            .find_alike(typed, |room| self.may_see(person, room))
    }

    /// Why somebody may not come back yet, at a time in milliseconds, into a room that they were sent out of.
    pub(in crate::chat) fn kept_out(
        &self,
        at: i64,
        person: &Person,
        id: RoomId,
    ) -> Option<AboutOwning> {
        let room = self.rooms.get(id)?;
        let is_in = person.rooms().any(|it| it == id);
        if is_in || self.rank(person, id) >= Rank::Trusted {
            return None;
        }
        let account = self.account_of(person).map(|it| it.id);
        tally::steps(room.sent_out.len());
        let meets = room.sent_out.iter().filter(|it| {
            let is_meant = it.meets(&person.name, account, person.from.address);
            it.holds(at) && (is_meant || self.is_followed(person, it.id))
        });
        let last = meets.max_by_key(|it| it.until)?;
        let left = last.until?.saturating_sub(at);
        Some(AboutOwning::NotYet {
            room: room.name.clone(),
            reason: last.reason.clone(),
            minutes: u64::try_from(left).ok()?.div_ceil(60_000).min(SENT_OUT_FOR),
        })
    }

    /// Tells a room what the author does, which names another room if its reader may see that.
    pub(in crate::chat) fn tell_where(
        &self,
        author: &Author,
        within: RoomId,
        of: RoomId,
        news: impl Fn(Option<RoomName>) -> News,
        effects: &mut Effects,
    ) {
        let mut hidden_from = self.hidden_from(author.place);
        let is_locked = self.rooms.get(of).is_some_and(|it| it.owning.is_locked);
        let names = (self.room_name(within), self.room_name(of));
        let (Some(within_name), Some(name), true) = (names.0, names.1.clone(), is_locked) else {
            return effects.tell_room(within, author.peer, hidden_from, news(names.1));
        };
        let ignoring: HashSet<PeerId> = hidden_from.iter().copied().collect();
        let mut seers = self.seers(author, within, of);
        seers.retain(|(peer, _)| !ignoring.contains(peer));
        hidden_from.extend(seers.iter().map(|(peer, _)| *peer));
        effects.tell_room(within, author.peer, hidden_from, news(None));
        for (peer, _) in seers.into_iter().filter(|(_, is_quiet)| !is_quiet) {
            effects.tell_author(peer, within_name.clone(), news(Some(name.clone())));
        }
    }

    /// The people whose current room is `within` and who are invited to `of`, or in it; and whether they want quiet.
    fn seers(&self, author: &Author, within: RoomId, of: RoomId) -> Vec<(PeerId, bool)> {
        let Some(room) = self.rooms.get(of) else {
            return Vec::new();
        };
        let members = room.ranks.iter().map(|it| it.account);
        let members = members.chain(room.owning.owner);
        let members = members.filter_map(|it| self.accounts.owned(it)?.place);
        let guests = room.guests.keys().filter_map(|it| self.roster.place(*it));
        let mut places: Vec<Place> = room.members.iter().chain(members).chain(guests).collect();
        tally::steps(places.len());
        places.sort();
        places.dedup();
        let others = places.into_iter().filter(|it| *it != author.place);
        let people = others.filter_map(|it| self.roster.get(it));
        let seers = people.filter(|it| it.room == within && self.may_see(it, of));
        let seers = seers.filter_map(|it| Some((self.roster.peer(it)?, it.format.quiet)));
        seers.collect()
    }
}
