//! Rooms that are somebody's: what their owner, the people whom the owner trusts, and operators do in them.
//!
//! A room that a member makes is theirs. It vanishes with its last person like any other, unless it has a topic or is
//! locked. Its next life is another room, which is nobody's before somebody makes it.

mod giving;
mod sending_out;
mod sight;

pub(super) use sending_out::Moved;

use crate::account::{AccountId, Rank};
use crate::id::{PeerId, PersonId, RoomId};
use crate::journal::{Entry, Invited, OwnAct};
use crate::limits::owning::{ROOM_PEOPLE, ROOMS_OWNED, SLOW_SECONDS};
use crate::message::{
    AboutKeeping, AboutOrder, AboutOwning, AboutPeople, Keep, KeepOwning, News, RoomMember,
    RoomNews,
};
use crate::name::{RoomName, Username};
use crate::tally;

use super::event::Effects;
use super::person::Place;
use super::{Author, Hub};

/// An author who keeps a room, and the room.
struct Keeper<'a> {
    author: &'a Author,
    room: RoomId,
    name: RoomName,
}

/// What one has to be in a room for an act there.
fn least(act: &OwnAct) -> Rank {
    match act {
        OwnAct::Trust { .. } | OwnAct::OpenPast { .. } | OwnAct::Offer { .. } => Rank::Owner,
        OwnAct::Lock { .. }
        | OwnAct::LockTopic { .. }
        | OwnAct::Slow { .. }
        | OwnAct::Invite { .. }
        | OwnAct::SendOut { .. } => Rank::Trusted,
        OwnAct::Answer { .. } => Rank::Member,
        OwnAct::SayHeld { .. } => Rank::Guest,
    }
}

/// Whether the lobby is kept so too, by operators.
fn is_for_lobby(act: &OwnAct) -> bool {
    match act {
        OwnAct::LockTopic { .. } | OwnAct::Slow { .. } | OwnAct::SayHeld { .. } => true,
        OwnAct::Trust { .. }
        | OwnAct::OpenPast { .. }
        | OwnAct::Offer { .. }
        | OwnAct::Lock { .. }
        | OwnAct::Invite { .. }
        | OwnAct::SendOut { .. }
        | OwnAct::Answer { .. } => false,
    }
}

impl Hub {
    /// Applies an act about a room that is somebody's. All but the answer to an offer, and a line that was
    /// held back, happen in a room where the author is.
    pub(super) fn apply_own(
        &mut self,
        author: &Author,
        entry: &Entry,
        act: &OwnAct,
        effects: &mut Effects,
    ) {
        if let OwnAct::Answer { room, is_accepted } = act {
            return self.answer_offer(author, room, *is_accepted, effects);
        }
        if let OwnAct::SayHeld { room } = act {
            return self.say_held(author, entry, room, effects);
        }
        let least = least(act);
        let here = self.heard(author.place, act.room());
        let rank = here.as_ref().and_then(|(room, _)| {
            let person = self.roster.get(author.place)?;
            Some(self.rank(person, *room))
        });
        let Some((room, name)) = here.filter(|_| rank >= Some(least)) else {
            return effects.answer(author.peer, AboutOrder::NotAllowed(least));
        };
        if room == RoomId::LOBBY && !is_for_lobby(act) {
            return effects.answer(author.peer, AboutOwning::Lobby);
        }
        let it = Keeper { author, room, name };
        match act {
            OwnAct::Trust {
                account,
                is_trusted,
                ..
            } => self.trust(&it, *account, *is_trusted, effects),
            OwnAct::Lock { is_locked, .. } => self.lock(&it, *is_locked, effects),
            OwnAct::LockTopic { is_locked, .. } => self.lock_topic(&it, *is_locked, effects),
            OwnAct::OpenPast { is_open, .. } => self.open_past(&it, *is_open, effects),
            OwnAct::Slow { seconds, .. } => self.slow(&it, *seconds, effects),
            OwnAct::Invite {
                whom, is_invited, ..
            } => self.invite(&it, *whom, *is_invited, effects),
            OwnAct::SendOut {
                whom,
                target,
                reason,
                ..
            } => self.send_out(&it, entry, (*whom, target), reason, effects),
            OwnAct::Offer { account, .. } => self.offer(&it, *account, effects),
            // Handled above.
            OwnAct::Answer { .. } | OwnAct::SayHeld { .. } => {}
        }
    }

    /// A room that the author has just made is theirs, if they have an account and may have one more.
    pub(super) fn own_if_new(&mut self, author: &Author, room: RoomId, effects: &mut Effects) {
        let is_new = self.rooms.get(room).is_some_and(|it| it.life == author.seq);
        let person = self.roster.get(author.place);
        let account = person.and_then(|it| self.account_of(it)).map(|it| it.id);
        let Some(account) = account.filter(|_| is_new) else {
            return;
        };
        let is_full = self.rooms.owned_by(account) >= ROOMS_OWNED;
        let Some(it) = self.rooms.get_mut(room) else {
            return;
        };
        if is_full {
            let name = it.name.clone();
            return effects.answer(author.peer, AboutOwning::NobodysRoom(name));
        }
        it.owning.owner = Some(account);
        self.keep_owning(room, effects);
    }

    /// Has the file keep how a room is kept.
    fn keep_owning(&self, room: RoomId, effects: &mut Effects) {
        if let (Some(it), true) = (self.rooms.get(room), self.has_file) {
            let state = KeepOwning::State {
                made: it.life,
                owning: Box::new(it.owning.clone()),
            };
            effects.keep(Keep::Owning(it.name.clone(), state));
        }
    }

    /// Changes what a member is in a room. Returns whether there was room for one more, if it is one more.
    fn set_member(&mut self, room: RoomId, member: RoomMember, effects: &mut Effects) -> bool {
        let has_file = self.has_file;
        let Some(it) = self.rooms.get_mut(room) else {
            return false;
        };
        let found = it
            .ranks
            .binary_search_by_key(&member.account, |it| it.account);
        let is_nothing = member.trusted.is_none() && member.invited.is_none();
        let kept = match (found, is_nothing) {
            (Err(_), true) => return true,
            (Err(_), false) if it.ranks.len() >= ROOM_PEOPLE => return false,
            (Err(at), false) => {
                it.ranks.insert(at, member);
                KeepOwning::Member(member)
            }
            (Ok(at), true) => {
                it.ranks.remove(at);
                KeepOwning::MemberGone(member.account)
            }
            (Ok(at), false) => {
                it.ranks[at] = member;
                KeepOwning::Member(member)
            }
        };
        if has_file {
            effects.keep(Keep::Owning(it.name.clone(), kept));
        }
        true
    }

    /// What a member is in a room, to be changed.
    fn member(&self, room: RoomId, account: AccountId) -> RoomMember {
        let room = self.rooms.get(room);
        let member = room.and_then(|it| it.rank_of(account)).copied();
        member.unwrap_or(RoomMember {
            account,
            trusted: None,
            invited: None,
        })
    }

    /// Tells a room what the author did to it. The author reads an answer in its place.
    fn tell_kept(&self, it: &Keeper<'_>, news: RoomNews, effects: &mut Effects) {
        // The owner's doing is not hidden from those who ignore the owner.
        let except = it.author.peer;
        effects.tell_room(it.room, except, Vec::new(), News::Room(news));
    }

    /// The connection of a member who is here, unless they are the author.
    fn peer_of_member(&self, it: &Keeper<'_>, account: AccountId) -> Option<PeerId> {
        let place = self.accounts.owned(account)?.place?;
        let peer = self.roster.peer(self.roster.get(place)?);
        peer.filter(|_| place != it.author.place)
    }

    fn trust(
        &mut self,
        it: &Keeper<'_>,
        account: AccountId,
        is_trusted: bool,
        effects: &mut Effects,
    ) {
        let Some(who) = self.accounts.owned(account).map(|it| it.name.clone()) else {
            return effects.answer(it.author.peer, AboutPeople::JustLeft);
        };
        let mut member = self.member(it.room, account);
        let before = member.trusted;
        member.trusted = is_trusted.then(|| before.unwrap_or(it.author.seq));
        // A person who is trusted no more may still come in.
        if before.is_some() && !is_trusted {
            member.invited = member.invited.or(before);
        }
        let room = it.name.clone();
        if !self.set_member(it.room, member, effects) {
            return effects.answer(it.author.peer, AboutKeeping::TooManyInvited(room));
        }
        if is_trusted && before.is_none() {
            let (by, room) = (it.author.name.clone(), room.clone());
            let told = AboutOwning::YouAreTrusted { by, room };
            effects.answer(self.peer_of_member(it, account), told);
        }
        let trusted = AboutKeeping::Trusted {
            who,
            room,
            is_trusted,
        };
        self.confirm(it.author, trusted, effects);
    }

    /// Everyone who is in a room when it is locked is invited. They read all of it, as they could until now.
    fn lock(&mut self, it: &Keeper<'_>, is_locked: bool, effects: &mut Effects) {
        let Some(room) = self.rooms.get_mut(it.room) else {
            return;
        };
        let is_change = room.owning.is_locked != is_locked;
        room.owning.is_locked = is_locked;
        let life = room.life;
        let members: Vec<Place> = room.members.iter().collect();
        if is_change && is_locked {
            tally::steps(members.len());
            self.forget_invited(it.room);
            for place in members {
                self.invite_as_of(it.room, place, life, effects);
            }
        }
        if is_change {
            let by = it.author.name.clone();
            self.keep_owning(it.room, effects);
            self.tell_kept(it, RoomNews::Locked { by, is_locked }, effects);
        }
        let room = it.name.clone();
        self.confirm(it.author, AboutKeeping::Locked { room, is_locked }, effects);
    }

    /// Counts somebody as invited since an entry, unless they are already. Those for whom there is no room stay until
    /// they leave.
    fn invite_as_of(&mut self, room: RoomId, place: Place, seq: u64, effects: &mut Effects) {
        let Some(person) = self.roster.get(place) else {
            return;
        };
        let id = person.id;
        match self.account_of(person).map(|it| it.id) {
            Some(account) => {
                let mut member = self.member(room, account);
                member.invited = member.invited.or(Some(seq));
                self.set_member(room, member, effects);
            }
            None => _ = self.add_guest(room, id, seq),
        }
    }

    /// Counts a guest as invited. Returns whether there was room for one more.
    fn invite_guest(&mut self, room: RoomId, id: PersonId, seq: u64) -> bool {
        let guests = self.rooms.get(room).map(|it| it.guests.len());
        if guests >= Some(ROOM_PEOPLE) {
            self.forget_invited(room);
        }
        self.add_guest(room, id, seq)
    }

    /// Forgets the guests of a room who have left: an invitation ends with its guest.
    fn forget_invited(&mut self, room: RoomId) {
        if let Some(it) = self.rooms.get_mut(room) {
            tally::steps(it.guests.len());
            it.guests.retain(|id, _| self.roster.place(*id).is_some());
        }
    }

    /// The same as [`invite_guest`](Self::invite_guest), beside those who are remembered.
    fn add_guest(&mut self, room: RoomId, id: PersonId, seq: u64) -> bool {
        let Some(it) = self.rooms.get_mut(room) else {
            return false;
        };
        let has_room = it.guests.len() < ROOM_PEOPLE || it.guests.contains_key(&id);
        if has_room {
            it.guests.entry(id).or_insert(seq);
        }
        has_room
    }

    fn lock_topic(&mut self, it: &Keeper<'_>, is_locked: bool, effects: &mut Effects) {
        let Some(room) = self.rooms.get_mut(it.room) else {
            return;
        };
        if std::mem::replace(&mut room.owning.is_topic_locked, is_locked) != is_locked {
            let by = it.author.name.clone();
            self.keep_owning(it.room, effects);
            self.tell_kept(it, RoomNews::TopicLocked { by, is_locked }, effects);
        }
        let room = it.name.clone();
        let locked = AboutKeeping::TopicLocked { room, is_locked };
        self.confirm(it.author, locked, effects);
    }

    /// The author's current room, if they may not set its topic.
    pub(super) fn topic_lock(&self, author: &Author) -> Option<RoomName> {
        let room = self.rooms.get(author.room)?;
        let person = self.roster.get(author.place)?;
        let is_theirs = self.rank(person, author.room) >= Rank::Trusted;
        (room.owning.is_topic_locked && !is_theirs).then(|| room.name.clone())
    }

    fn open_past(&mut self, it: &Keeper<'_>, is_open: bool, effects: &mut Effects) {
        let Some(room) = self.rooms.get_mut(it.room) else {
            return;
        };
        if std::mem::replace(&mut room.owning.is_past_open, is_open) != is_open {
            let by = it.author.name.clone();
            self.keep_owning(it.room, effects);
            self.tell_kept(it, RoomNews::PastOpened { by, is_open }, effects);
        }
        let room = it.name.clone();
        self.confirm(it.author, AboutKeeping::Past { room, is_open }, effects);
    }

    fn slow(&mut self, it: &Keeper<'_>, seconds: u32, effects: &mut Effects) {
        let Some(room) = self.rooms.get_mut(it.room) else {
            return;
        };
        let seconds = seconds.min(SLOW_SECONDS);
        if std::mem::replace(&mut room.owning.slow, seconds) != seconds {
            room.spoke.clear();
            let by = it.author.name.clone();
            self.keep_owning(it.room, effects);
            self.tell_kept(it, RoomNews::Slowed { by, seconds }, effects);
        }
        let room = it.name.clone();
        self.confirm(it.author, AboutKeeping::Slowed { room, seconds }, effects);
    }

    fn invite(&mut self, it: &Keeper<'_>, whom: Invited, is_invited: bool, effects: &mut Effects) {
        let Some((who, peer)) = self.whom_invited(it, whom) else {
            return effects.answer(it.author.peer, AboutPeople::JustLeft);
        };
        let peer = match peer {
            Err(Ignored) => return effects.answer(it.author.peer, AboutPeople::NotTaken(who)),
            Ok(peer) => peer,
        };
        let room = it.name.clone();
        let seq = it.author.seq;
        let had_room = match whom {
            Invited::Member(account) => {
                if !is_invited {
                    self.forget_guest(it.room, account);
                }
                let mut member = self.member(it.room, account);
                member.invited = is_invited.then(|| member.invited.unwrap_or(seq));
                self.set_member(it.room, member, effects)
            }
            Invited::Guest(id) if is_invited => self.invite_guest(it.room, id, seq),
            Invited::Guest(id) => {
                let room = self.rooms.get_mut(it.room);
                room.map(|it| it.guests.remove(&id)).is_some()
            }
        };
        if !had_room {
            return effects.answer(it.author.peer, AboutKeeping::TooManyInvited(room));
        }
        if is_invited {
            let (by, room) = (it.author.name.clone(), room.clone());
            effects.answer(peer, AboutOwning::YouAreInvited { by, room });
        }
        let stays = !is_invited && self.stays(it.room, whom);
        let invited = AboutKeeping::Invited {
            who,
            room,
            is_invited,
            stays,
        };
        self.confirm(it.author, invited, effects);
    }

    /// A member who was invited as a guest, before they registered, is not invited by that any more.
    fn forget_guest(&mut self, room: RoomId, account: AccountId) {
        let place = self.accounts.owned(account).and_then(|it| it.place);
        let id = place.and_then(|it| self.roster.get(it)).map(|it| it.id);
        if let (Some(id), Some(room)) = (id, self.rooms.get_mut(room)) {
            room.guests.remove(&id);
        }
    }

    /// The name and the connection of somebody who is invited, unless they ignore the author.
    fn whom_invited(
        &self,
        it: &Keeper<'_>,
        whom: Invited,
    ) -> Option<(Username, Result<Option<PeerId>, Ignored>)> {
        let (name, place) = match whom {
            Invited::Member(account) => {
                let account = self.accounts.owned(account)?;
                (account.name.clone(), account.place)
            }
            Invited::Guest(id) => {
                let place = self.roster.place(id)?;
                (self.roster.get(place)?.name.clone(), Some(place))
            }
        };
        let Some(place) = place else {
            return Some((name, Ok(None)));
        };
        let person = self.roster.get(place)?;
        let name = person.name.clone();
        match self.does_ignore(place, it.author.place) {
            true => Some((name, Err(Ignored))),
            false => Some((name, Ok(self.roster.peer(person)))),
        }
    }
}

/// Somebody ignores the author.
struct Ignored;
