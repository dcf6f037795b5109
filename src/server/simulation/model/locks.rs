//! Rooms that are kept by somebody: how they are locked, who is invited, and who sees and reads what of them.

use crate::account::Rank;
use crate::id::{PeerId, PersonId};
use crate::message::{
    AboutKeeping, AboutOwning, AboutPeople, Elsewhere, News, RoomMember, RoomNews,
};
use crate::name::{RoomName, Username};
use crate::server::simulation::sightings::Sight;

use super::commands::Typed;
use super::members::Owned;
use super::past::Eyes;
use super::rows::Row;
use super::{Line, Model, Person, Readers, Room};

/// How a room is kept.
#[derive(Debug, Clone, Default)]
pub(super) struct Kept {
    /// Whose it is.
    pub(super) owner: Option<u64>,
    pub(super) is_locked: bool,
    pub(super) is_past_open: bool,
}

impl Model {
    pub(super) fn command_about_locks(&mut self, typed: &Typed, word: &str, args: &str) {
        let (name, rest) = args.split_once(char::is_whitespace).unwrap_or((args, ""));
        let is_off = rest.trim().eq_ignore_ascii_case("off");
        match (word, args.to_ascii_lowercase().as_str()) {
            ("/invite" | "/trust", _) if !rest.trim().is_empty() && !is_off => {
                self.misused(typed.peer, word);
            }
            ("/past", it) if !["open", "closed"].contains(&it) => self.misused(typed.peer, word),
            _ if typed.room == 0 => self.answer(typed.peer, AboutOwning::Lobby),
            ("/lock", _) => self.lock(typed, true),
            ("/unlock", _) => self.lock(typed, false),
            ("/past", it) => self.open_past(typed, it == "open"),
            ("/invite", _) => self.invite(typed, name, !is_off),
            ("/trust", _) => self.trust(typed, name, !is_off),
            ("/untrust", _) => self.trust(typed, args, false),
            (word, _) => panic!("the model does not know {word}"),
        }
    }

    /// What somebody may do in a room.
    pub(super) fn rank_in(&self, me: &Person, room: &Room) -> Rank {
        match me.account {
            None => Rank::Guest,
            Some(it) if self.account(it).is_operator => Rank::Operator,
            Some(it) if room.kept.owner == Some(it) => Rank::Owner,
            Some(it) if room.is_trusted(it) => Rank::Trusted,
            Some(_) => Rank::Member,
        }
    }

    pub(super) fn keeps(&self, me: &Person, room: &Room) -> bool {
        self.rank_in(me, room) >= Rank::Trusted
    }

    /// Whether somebody may see that a room is there, and who is in it.
    pub(super) fn may_see(&self, me: &Person, place: usize) -> bool {
        let room = self.room(place);
        !room.kept.is_locked
            || me.is_in(place)
            || self.keeps(me, room)
            || room.invited_since(me).is_some()
    }

    /// From which entry on somebody may read a room, if they may.
    pub(super) fn reads_from(&self, me: &Person, room: &Room) -> Option<u64> {
        if !room.kept.is_locked || self.keeps(me, room) {
            return Some(0);
        }
        let since = room.invited_since(me)?;
        Some(if room.kept.is_past_open { 0 } else { since })
    }

    /// Whether somebody may read a line now. Nobody hides a room that is there no longer.
    pub(super) fn may_read(&self, peer: PeerId, line: &Line) -> bool {
        let place = line.room.as_ref().and_then(|it| self.find_room(it));
        place.is_none_or(|it| {
            let since = self.reads_from(self.person(peer), self.room(it));
            since.is_some_and(|since| since <= line.entry.seq)
        })
    }

    /// The rooms that somebody may not read, or only from an entry on.
    pub(super) fn unread_rooms(&self, me: &Person) -> Vec<(RoomName, Option<u64>)> {
        let locked = self.rooms.iter().flatten().filter(|it| it.kept.is_locked);
        let all = locked.map(|it| (it.name.clone(), self.reads_from(me, it)));
        all.filter(|(_, since)| *since != Some(0)).collect()
    }

    /// Where a person is who is listed in a room, as somebody reads it.
    pub(super) fn elsewhere(&self, it: &Person, room: usize, me: &Person) -> Option<Elsewhere> {
        match it.room {
            place if place == room => None,
            place if self.may_see(me, place) => Some(Elsewhere::In(self.room(place).name.clone())),
            _ => Some(Elsewhere::Unseen),
        }
    }

    /// Whether somebody is in a room, or would be let in by those who keep it.
    fn belongs(&self, me: &Person, place: usize) -> bool {
        let room = self.room(place);
        let mut ranks = room.ranks.iter().map(|it| it.account.0);
        me.is_in(place)
            || room.invited_since(me).is_some()
            || me.account.is_some() && room.kept.owner == me.account
            || ranks.any(|it| me.account == Some(it))
    }

    /// Tells a room what somebody does that has to do with another one. Only those who are in that one, or belong there,
    /// read its name, and only in the room that is their current one. An operator as such does not.
    pub(super) fn tell_where(
        &mut self,
        by: PeerId,
        within: usize,
        of: usize,
        news: impl Fn(Option<RoomName>) -> News,
    ) {
        let (name, there) = (self.room(of).name.clone(), self.room(within).name.clone());
        if !self.room(of).kept.is_locked {
            return self.tell_room(within, Some(by), Readers::Comings, news(Some(name)));
        }
        let others = self.people.iter().filter(|it| it.peer != by);
        let named = others.filter(|it| it.name.is_some() && !it.does_ignore(by));
        let seers = named.filter(|it| it.room == within && self.belongs(it, of));
        let seers: Vec<PeerId> = seers.map(|it| it.peer).collect();
        self.seen.add(Sight::Unnamed, 1);
        self.tell_room_but(within, by, &seers, news(None));
        for peer in seers {
            if !self.person(peer).format.quiet {
                self.tell_in(peer, news(Some(name.clone())), Some(&there));
            }
        }
    }

    fn kept_mut(&mut self, room: usize) -> &mut Room {
        self.rooms[room].as_mut().expect("it is there")
    }

    /// The file is to have how a room is kept.
    pub(super) fn keep_owned(&mut self, room: usize) {
        let it = self.room(room);
        let owned = Owned {
            life: it.life,
            room: it.name.clone(),
            made: it.began,
            kept: it.kept.clone(),
        };
        self.keep(|| Row::Owned(owned));
    }

    fn set_member(&mut self, room: usize, member: RoomMember) {
        let it = self.kept_mut(room);
        let life = it.life;
        let was_known = it.ranks.iter().any(|it| it.account == member.account);
        it.ranks.retain(|it| it.account != member.account);
        let is_something = member.trusted.or(member.invited).is_some();
        it.ranks.extend(is_something.then_some(member));
        if is_something || was_known {
            self.keep(|| Row::Member(life, member));
        }
    }

    fn member(&self, room: usize, account: u64) -> RoomMember {
        let mut ranks = self.room(room).ranks.iter();
        let found = ranks.find(|it| it.account.0 == account).copied();
        found.unwrap_or(RoomMember {
            account: crate::account::AccountId(account),
            trusted: None,
            invited: None,
        })
    }

    fn lock(&mut self, typed: &Typed, is_locked: bool) {
        let place = typed.room;
        let is_change = self.room(place).kept.is_locked != is_locked;
        self.kept_mut(place).kept.is_locked = is_locked;
        if is_change && is_locked {
            self.seen.add(Sight::Locked, 1);
            let here = self.people.iter().filter(|it| it.name.is_some());
            let here: Vec<PersonId> = here.map(Person::id).collect();
            self.kept_mut(place)
                .guests
                .retain(|it| here.contains(&it.0));
            let began = self.room(place).began;
            for peer in self.peers_in(place) {
                let (id, account) = (self.person(peer).id(), self.person(peer).account);
                self.let_in(place, id, account, began);
            }
        }
        if is_change {
            self.seen.add(Sight::Unlocked, (!is_locked).into());
            let by = typed.name.clone();
            self.keep_owned(place);
            self.tell_kept(typed, RoomNews::Locked { by, is_locked });
        }
        let room = self.room(place).name.clone();
        self.confirm(typed.peer, AboutKeeping::Locked { room, is_locked });
    }

    pub(super) fn peers_in(&self, room: usize) -> Vec<PeerId> {
        let people = self.people.iter();
        let here = people.filter(|it| it.name.is_some() && it.is_in(room));
        here.map(|it| it.peer).collect()
    }

    /// Somebody is invited from an entry on, if they are not yet.
    fn let_in(&mut self, room: usize, id: PersonId, account: Option<u64>, since: u64) {
        if let Some(account) = account {
            let mut member = self.member(room, account);
            member.invited = member.invited.or(Some(since));
            return self.set_member(room, member);
        }
        let guests = &mut self.kept_mut(room).guests;
        if !guests.iter().any(|(it, _)| *it == id) {
            guests.push((id, since));
        }
    }

    /// Tells a room what somebody did to it, also those who ignore them.
    fn tell_kept(&mut self, typed: &Typed, news: RoomNews) {
        let (room, by) = (typed.room, Some(typed.peer));
        self.tell_room(room, by, Readers::Unhidden, News::Room(news));
    }

    fn open_past(&mut self, typed: &Typed, is_open: bool) {
        let kept = &mut self.kept_mut(typed.room).kept;
        if std::mem::replace(&mut kept.is_past_open, is_open) != is_open {
            self.seen.add(Sight::PastOpen, is_open.into());
            let by = typed.name.clone();
            self.keep_owned(typed.room);
            self.tell_kept(typed, RoomNews::PastOpened { by, is_open });
        }
        let room = self.room(typed.room).name.clone();
        self.confirm(typed.peer, AboutKeeping::Past { room, is_open });
    }

    /// The account of a member of this name: the one they have now, or their own.
    pub(super) fn member_named(&self, typed: &str) -> Option<u64> {
        let here = self.find(typed);
        let here = here.and_then(|(peer, _)| self.person(peer).account);
        let name = Username::parse(typed).ok();
        let mut owned = self.accounts.iter().filter(|it| !it.has_ended);
        here.or_else(|| Some(owned.find(|it| Some(&it.name) == name.as_ref())?.id))
    }

    fn invite(&mut self, typed: &Typed, name: &str, is_invited: bool) {
        let here = self.find(name).map(|it| it.0);
        let account = self.member_named(name);
        if here.is_none() && account.is_none() {
            return self.nobody(typed.peer, name);
        }
        if here == Some(typed.peer) {
            return self.answer(typed.peer, AboutPeople::Yourself);
        }
        if self.is_silenced(typed.peer, Sight::SilentInvitation) {
            return;
        }
        let of_account = |it: &&Person| account.is_some() && it.account == account;
        let here = here.or_else(|| Some(self.people.iter().find(of_account)?.peer));
        let who = match (here, account) {
            (Some(it), _) => self.person(it).name().clone(),
            (None, Some(it)) => self.account(it).name.clone(),
            (None, None) => panic!("{name} is nobody"),
        };
        if here.is_some_and(|it| it != typed.peer && self.person(it).does_ignore(typed.peer)) {
            return self.answer(typed.peer, AboutPeople::NotTaken(who));
        }
        let (place, seq) = (typed.room, self.entry.seq);
        let id = here.map(|it| self.person(it).id());
        match is_invited {
            true => {
                self.let_in(place, id.unwrap_or(PersonId::HOUSE), account, seq);
                let (by, room) = (typed.name.clone(), self.room(place).name.clone());
                if let Some(here) = here {
                    self.answer(here, AboutOwning::YouAreInvited { by, room });
                }
            }
            false => {
                self.kept_mut(place).guests.retain(|it| Some(it.0) != id);
                if let Some(account) = account {
                    let invited = None;
                    let member = self.member(place, account);
                    self.set_member(place, RoomMember { invited, ..member });
                }
            }
        }
        let stays = !is_invited && here.is_some_and(|it| self.stays(it, place));
        self.note_invited(place, here, is_invited);
        let room = self.room(place).name.clone();
        let invited = AboutKeeping::Invited {
            who,
            room,
            is_invited,
            stays,
        };
        self.confirm(typed.peer, invited);
    }

    /// Whether somebody stays in a locked room to which they are not invited.
    fn stays(&self, peer: PeerId, place: usize) -> bool {
        let (me, room) = (self.person(peer), self.room(place));
        room.kept.is_locked && me.is_in(place) && !self.keeps(me, room)
    }

    fn note_invited(&mut self, room: usize, whom: Option<PeerId>, is_invited: bool) {
        let is_locked = self.room(room).kept.is_locked;
        let is_in = whom.is_some_and(|it| self.person(it).is_in(room));
        self.seen
            .add(Sight::Invited, (is_locked && is_invited).into());
        let is_away = is_invited && whom.is_none();
        self.seen.add(Sight::InvitedAway, is_away.into());
        let is_off_inside = is_locked && is_in && !is_invited;
        self.seen.add(Sight::Uninvited, is_off_inside.into());
    }

    fn trust(&mut self, typed: &Typed, name: &str, is_trusted: bool) {
        let Some(account) = self.member_named(name) else {
            return match self.find(name) {
                Some((_, guest)) => self.answer(typed.peer, AboutOwning::NotAMember(guest)),
                None => self.nobody(typed.peer, name),
            };
        };
        let (room, by) = (self.room(typed.room).name.clone(), typed.name.clone());
        let mut member = self.member(typed.room, account);
        let before = member.trusted;
        member.trusted = is_trusted.then(|| before.unwrap_or(self.entry.seq));
        if !is_trusted {
            member.invited = member.invited.or(before);
        }
        self.set_member(typed.room, member);
        let whom = self.people.iter().find(|it| it.account == Some(account));
        let whom = whom.map(|it| it.peer).filter(|it| *it != typed.peer);
        if let (Some(whom), true, None) = (whom, is_trusted, before) {
            self.seen.add(Sight::Trusted, 1);
            let room = room.clone();
            self.answer(whom, AboutOwning::YouAreTrusted { by, room });
        }
        let who = self.account(account).name.clone();
        let trusted = AboutKeeping::Trusted {
            who,
            room,
            is_trusted,
        };
        self.confirm(typed.peer, trusted);
    }

    /// Who gets a room of an account that ends: the heir, or else the one who is trusted for longest.
    pub(super) fn heir_of(
        &self,
        ranks: &[RoomMember],
        account: u64,
        heir: Option<u64>,
    ) -> Option<u64> {
        let trusted = ranks
            .iter()
            .filter_map(|it| Some((it.trusted?, it.account.0)));
        let mut trusted: Vec<_> = trusted.collect();
        trusted.sort();
        let mut heirs = heir.into_iter().chain(trusted.into_iter().map(|it| it.1));
        heirs.find(|it| *it != account && !self.account(*it).has_ended)
    }
}

impl Room {
    fn is_trusted(&self, account: u64) -> bool {
        let mut ranks = self.ranks.iter();
        ranks.any(|it| it.account.0 == account && it.trusted.is_some())
    }

    pub(super) fn invited_since(&self, me: &Person) -> Option<u64> {
        let mut ranks = self.ranks.iter();
        let member = ranks.find(|it| me.account == Some(it.account.0));
        let mut guests = self.guests.iter();
        let guest = guests.find(|(it, _)| *it == me.id());
        let member = member.and_then(|it| it.invited);
        member.or_else(|| guest.map(|it| it.1))
    }
}

impl Eyes {
    /// From which entry on they may read a room, if they may. It is known by its name.
    pub(super) fn reads_from(&self, room: &RoomName) -> Option<u64> {
        let mut rooms = self.rooms.iter();
        let found = rooms.find(|(it, _)| it == room);
        found.map_or(Some(0), |(_, since)| *since)
    }

    /// Whether they may read a line, as far as rooms are locked.
    pub(super) fn may_read(&self, line: &Line) -> bool {
        let since = line.room.as_ref().map_or(Some(0), |it| self.reads_from(it));
        since.is_some_and(|since| since <= line.entry.seq)
    }
}
