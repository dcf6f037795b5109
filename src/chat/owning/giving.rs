//! Giving a room away: an offer that somebody accepts, or what becomes of the rooms of an account that is forgotten.

use crate::account::{AccountId, Rank, Role};
use crate::id::RoomId;
use crate::limits::owning::{INVITATIONS_TOLD, OFFERED_FOR, OWNER_AWAY_FOR, ROOMS_OWNED};
use crate::message::{
    AboutKeeping, AboutOrder, AboutOwning, AboutPeople, Keep, KeepOwning, News, RoomMember,
    RoomNews,
};
use crate::name::{RoomName, Username};

use super::Keeper;
use crate::chat::event::Effects;
use crate::chat::person::Place;
use crate::chat::room::Room;
use crate::chat::{Author, Hub};

impl Hub {
    /// What a member may do in a room, and their name.
    pub(super) fn rank_of_account(
        &self,
        account: AccountId,
        room: RoomId,
    ) -> (Rank, Option<Username>) {
        let (Some(it), Some(room)) = (self.accounts.owned(account), self.rooms.get(room)) else {
            return (Rank::Guest, None);
        };
        let rank = match it.role {
            Role::Operator => Rank::Operator,
            Role::Member if room.owning.owner == Some(account) => Rank::Owner,
            Role::Member if room.is_trusted(account) => Rank::Trusted,
            Role::Member => Rank::Member,
        };
        (rank, Some(it.name.clone()))
    }

    /// The owner offers their room. Operators offer one that is nobody's, or whose owner has not been here for long.
    pub(super) fn offer(&mut self, it: &Keeper<'_>, account: AccountId, effects: &mut Effects) {
        let Some(who) = self.accounts.owned(account).map(|it| it.name.clone()) else {
            return effects.answer(it.author.peer, AboutPeople::JustLeft);
        };
        let author = self.roster.get(it.author.place);
        let own = author.and_then(|it| self.account_of(it)).map(|it| it.id);
        let room = it.name.clone();
        let Some(kept) = self.rooms.get(it.room) else {
            return;
        };
        let answer = match kept.owning.owner {
            Some(owner) if owner == account => Some(AboutKeeping::OwnAlready(room.clone())),
            Some(owner) if Some(owner) != own && !self.is_abandoned(owner, it.author.at) => {
                Some(AboutKeeping::HasOwner(room.clone()))
            }
            _ => None,
        };
        if let Some(answer) = answer {
            return effects.answer(it.author.peer, answer);
        }
        // They may look at it before they take it.
        let mut member = self.member(it.room, account);
        member.invited = member.invited.or(Some(it.author.seq));
        if !self.set_member(it.room, member, effects) {
            return effects.answer(it.author.peer, AboutKeeping::TooManyInvited(room));
        }
        if let Some(kept) = self.rooms.get_mut(it.room) {
            kept.owning.offered = Some((account, it.author.at));
        }
        self.keep_owning(it.room, effects);
        let by = Some(it.author.name.clone());
        let peer = self.peer_of_member(it, account);
        let told = AboutOwning::YouAreOffered {
            by,
            room: room.clone(),
        };
        effects.answer(peer, told);
        self.confirm(it.author, AboutKeeping::Offered { who, room }, effects);
    }

    /// Whether the owner of a room has been away for so long that operators may give it away.
    fn is_abandoned(&self, owner: AccountId, at: i64) -> bool {
        self.accounts
            .owned(owner)
            .is_none_or(|it| it.place.is_none() && at - it.last > OWNER_AWAY_FOR)
    }

    /// Tells somebody who comes in which rooms are offered to them.
    pub(in crate::chat) fn tell_offers(&self, place: Place, at: i64, effects: &mut Effects) {
        let Some(person) = self.roster.get(place) else {
            return;
        };
        let Some(account) = self.account_of(person).map(|it| it.id) else {
            return;
        };
        for (_, room) in self.rooms.iter() {
            if is_offered(room.owning.offered, account, at) {
                let room = room.name.clone();
                let told = AboutOwning::YouAreOffered { by: None, room };
                effects.answer(self.roster.peer(person), told);
            }
        }
    }

    /// Tells a member who comes in to which rooms they were invited since the entry by which they left.
    pub(in crate::chat) fn tell_invitations(&self, place: Place, left: u64, effects: &mut Effects) {
        let Some(person) = self.roster.get(place) else {
            return;
        };
        let Some(account) = self.account_of(person).map(|it| it.id) else {
            return;
        };
        let is_told = |(id, room): &(RoomId, &Room)| {
            let since = room.rank_of(account).and_then(|it| it.invited);
            // An offer of the room is told in its own words.
            let is_offered = room.owning.offered.is_some_and(|it| it.0 == account);
            let is_new = since.is_some_and(|it| it > left);
            let is_theirs = room.owning.owner == Some(account) || person.room == *id;
            is_new && !is_offered && !is_theirs
        };
        let mut told: Vec<_> = self
            .rooms
            .iter()
            .filter(is_told)
            .map(|(_, it)| it)
            .collect();
        told.sort_by_key(|it| it.life);
        let first = told.iter().take(INVITATIONS_TOLD);
        let rooms: Vec<RoomName> = first.map(|it| it.name.clone()).collect();
        let more = told.len() - rooms.len();
        if !rooms.is_empty() {
            let told = AboutOwning::WereInvited { rooms, more };
            effects.answer(self.roster.peer(person), told);
        }
    }

    /// The room that somebody means when they answer an offer and name no room: their current one, or else the oldest.
    pub(in crate::chat) fn offered_room(
        &self,
        place: Place,
        current: RoomId,
        at: i64,
    ) -> Option<RoomName> {
        let account = self.account_of(self.roster.get(place)?)?.id;
        let all = self.rooms.iter();
        let offered = all.filter(|(_, it)| is_offered(it.owning.offered, account, at));
        let (_, room) = offered.min_by_key(|(id, it)| (*id != current, it.made))?;
        Some(room.name.clone())
    }

    /// The author takes a room that is offered to them, or does not.
    pub(super) fn answer_offer(
        &mut self,
        author: &Author,
        room: &RoomName,
        is_accepted: bool,
        effects: &mut Effects,
    ) {
        let person = self.roster.get(author.place);
        let account = person.and_then(|it| self.account_of(it)).map(|it| it.id);
        let Some(account) = account else {
            return effects.answer(author.peer, AboutOrder::NotAllowed(Rank::Member));
        };
        let room = self.rooms.find(room);
        let offered = room.and_then(|id| Some((id, self.rooms.get(id)?)));
        let offered = offered.filter(|(_, it)| is_offered(it.owning.offered, account, author.at));
        let Some((id, name)) = offered.map(|(id, it)| (id, it.name.clone())) else {
            return effects.answer(author.peer, AboutOwning::NothingOffered);
        };
        if is_accepted && self.rooms.owned_by(account) >= ROOMS_OWNED {
            return effects.answer(author.peer, AboutOwning::TooManyOwned);
        }
        let former = self.rooms.get(id).and_then(|it| it.owning.owner);
        if is_accepted {
            self.hand_over(id, former, account, author.seq, effects);
            let owner = Some(author.name.clone());
            effects.tell_room(
                id,
                author.peer,
                Vec::new(),
                News::Room(RoomNews::Owner(owner)),
            );
            return self.confirm(author, AboutOwning::Yours(name), effects);
        }
        if let Some(it) = self.rooms.get_mut(id) {
            it.owning.offered = None;
        }
        self.keep_owning(id, effects);
        let place = former.and_then(|it| self.accounts.owned(it)?.place);
        let former = place.and_then(|it| self.roster.get(it));
        let peer = former.and_then(|it| self.roster.peer(it));
        let (who, room) = (author.name.clone(), name.clone());
        effects.answer(peer, AboutOwning::DeclinedBy { who, room });
        self.confirm(author, AboutOwning::Declined(name), effects);
    }

    /// Gives a room to an account. The former owner may still come in.
    fn hand_over(
        &mut self,
        id: RoomId,
        former: Option<AccountId>,
        to: AccountId,
        seq: u64,
        effects: &mut Effects,
    ) {
        let Some(it) = self.rooms.get_mut(id) else {
            return;
        };
        (it.owning.owner, it.owning.offered) = (Some(to), None);
        let life = it.life;
        self.keep_owning(id, effects);
        if let Some(former) = former.filter(|it| *it != to) {
            let mut member = self.member(id, former);
            // They have read all of it.
            member.invited = Some(life.min(seq));
            self.set_member(id, member, effects);
        }
    }

    /// The rooms of an account, the oldest first.
    pub(in crate::chat) fn rooms_of(&mut self, account: AccountId) -> Vec<RoomName> {
        let is_theirs = |owner: Option<AccountId>| owner == Some(account);
        let awake = self
            .rooms
            .iter()
            .filter(|(_, it)| is_theirs(it.owning.owner));
        let mut all: Vec<_> = awake.map(|(_, it)| (it.life, it.name.clone())).collect();
        let asleep = self.rooms.asleep_mut().into_iter();
        let asleep = asleep.filter(|it| is_theirs(it.owning.owner));
        all.extend(asleep.map(|it| (it.made, it.name.clone())));
        all.sort_by_key(|(made, name)| (*made, name.key()));
        all.into_iter().map(|(_, name)| name).collect()
    }

    /// An account is about to be forgotten, and is nothing in any room any more. Its rooms go to `heir`, or else to the
    /// members whom it trusted for the longest, or else to the operators. Returns to whom each of them went.
    pub(in crate::chat) fn inherit_rooms(
        &mut self,
        account: AccountId,
        heir: Option<AccountId>,
        effects: &mut Effects,
    ) -> Vec<(RoomName, Option<AccountId>)> {
        let all: Vec<RoomName> = self.rooms_of(account);
        let mut went = Vec::new();
        for name in all {
            let owner = self.heir_of(&name, account, heir);
            match self.rooms.find(&name) {
                Some(id) => self.leave_to(id, owner, effects),
                None => self.leave_asleep_to(&name, owner, effects),
            }
            went.push((name, owner));
        }
        self.forget_member(account, effects);
        went
    }

    /// Who gets a room of an account.
    fn heir_of(
        &mut self,
        name: &RoomName,
        account: AccountId,
        heir: Option<AccountId>,
    ) -> Option<AccountId> {
        let mut trusted = match self.rooms.find(name).and_then(|it| self.rooms.get(it)) {
            Some(room) => room.ranks.clone(),
            None => {
                let mut asleep = self.rooms.asleep_mut().into_iter();
                let room = asleep.find(|it| it.name == *name);
                room.map(|it| it.members.clone()).unwrap_or_default()
            }
        };
        trusted.retain(|it| it.trusted.is_some());
        trusted.sort_by_key(|it| (it.trusted, it.account));
        let heirs = heir.into_iter().chain(trusted.iter().map(|it| it.account));
        let mut heirs = heirs.filter(|it| *it != account && self.accounts.owned(*it).is_some());
        heirs.find(|it| self.rooms.owned_by(*it) < ROOMS_OWNED)
    }

    fn leave_to(&mut self, id: RoomId, owner: Option<AccountId>, effects: &mut Effects) {
        if let Some(it) = self.rooms.get_mut(id) {
            (it.owning.owner, it.owning.offered) = (owner, None);
        }
        self.keep_owning(id, effects);
        let owner = owner.and_then(|it| self.accounts.owned(it));
        let owner = owner.map(|it| it.name.clone());
        effects.tell_room(id, None, Vec::new(), News::Room(RoomNews::Owner(owner)));
    }

    fn leave_asleep_to(
        &mut self,
        name: &RoomName,
        owner: Option<AccountId>,
        effects: &mut Effects,
    ) {
        let mut asleep = self.rooms.asleep_mut().into_iter();
        if let Some(room) = asleep.find(|it| it.name == *name) {
            (room.owning.owner, room.owning.offered) = (owner, None);
            let state = KeepOwning::State {
                made: room.made,
                owning: Box::new(room.owning.clone()),
            };
            effects.keep(Keep::Owning(room.name.clone(), state));
        }
    }

    /// An account is nothing in any room any more. The file forgets that with the account.
    fn forget_member(&mut self, account: AccountId, effects: &mut Effects) {
        let is_theirs = |it: &RoomMember| it.account == account;
        let rooms = self.rooms.iter().filter(|(_, room)| {
            let is_offered = room.owning.offered.is_some_and(|it| it.0 == account);
            is_offered || room.rank_of(account).is_some()
        });
        let rooms: Vec<RoomId> = rooms.map(|(id, _)| id).collect();
        for id in rooms {
            let Some(room) = self.rooms.get_mut(id) else {
                continue;
            };
            room.ranks.retain(|it| !is_theirs(it));
            if room.owning.offered.is_some_and(|it| it.0 == account) {
                room.owning.offered = None;
                self.keep_owning(id, effects);
            }
        }
        for room in self.rooms.asleep_mut() {
            room.members.retain(|it| !is_theirs(it));
            room.owning.offered = room.owning.offered.filter(|it| it.0 != account);
        }
    }
}

/// Whether a room is offered to an account at a time.
fn is_offered(offered: Option<(AccountId, i64)>, account: AccountId, at: i64) -> bool {
    offered.is_some_and(|(to, since)| to == account && at < since.saturating_add(OFFERED_FOR))
}
