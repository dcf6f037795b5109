//! Members, as the model knows them: what the file has for them, how they come back, and whose their rooms are.

use std::net::IpAddr;

use crate::account::Secret;
use crate::id::PeerId;
use crate::id::PersonId;
use crate::limits::owning::INVITATIONS_TOLD;
use crate::message::{
    AboutAccount, AboutConnection, AboutHearing, AboutOwning, AboutRooms, AccountFacts, Message,
    News, Past, RoomMember, RoomNews, Waiting,
};
use crate::moment::{Format, Moment};
use crate::name::{RoomName, Username};
use crate::server::simulation::sightings::Sight;

use super::accounts::Account;
use super::locks::Kept;
use super::rows::Row;
use super::{Ignored, Line, Model, Person, Readers};

/// Something about an account that the file is to have.
#[derive(Debug, Clone)]
pub(super) enum Change {
    Made(Username, Secret),
    Password(Secret, u64),
    Ended,
    CameIn(i64, IpAddr),
    Wrong(IpAddr),
    Left(Box<Leaving>),
    Waiting(Waiting),
    Read(u64),
}

/// How somebody left.
#[derive(Debug, Clone)]
pub(super) struct Leaving {
    pub(super) at: i64,
    pub(super) seq: u64,
    /// The rooms by name.
    pub(super) rooms: Vec<RoomName>,
    pub(super) format: Format,
    pub(super) ignores: Vec<Username>,
}

/// What the file has for the owner of an account.
#[derive(Debug, Clone)]
pub(super) struct Owner {
    pub(super) account: Account,
    pub(super) last: Option<i64>,
    pub(super) wrong: u32,
    pub(super) wrong_from: Option<IpAddr>,
    pub(super) left: Option<Leaving>,
    pub(super) waiting: Vec<Waiting>,
    /// The lives of rooms, with the entries by which they left.
    pub(super) rooms: Vec<(usize, RoomName, u64)>,
}

/// A room that is somebody's, in the file.
#[derive(Debug, Clone)]
pub(super) struct Owned {
    pub(super) life: usize,
    pub(super) room: RoomName,
    pub(super) made: u64,
    pub(super) kept: Kept,
}

/// What there is for the owner of an account who comes back, and the format that they had.
pub(super) type Facts = (AccountFacts, Option<Format>);

/// What is read as one: of IPv6 the first half.
pub(super) fn household(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(it) => it.into(),
        IpAddr::V6(it) => {
            let mut bytes = it.octets();
            bytes[8..].fill(0);
            IpAddr::from(bytes)
        }
    }
}

impl Person {
    pub(super) fn household(&self) -> IpAddr {
        household(self.address)
    }
}

impl Model {
    pub(super) fn keep_change(&mut self, id: u64, change: Change) {
        self.keep(|| Row::Account(id, change));
    }

    pub(super) fn keep_came(&mut self, peer: PeerId, id: u64) {
        let (at, address) = (self.entry.at, self.person(peer).address);
        self.keep_change(id, Change::CameIn(at, address));
    }

    /// A member leaves, or has changed what is kept for when they come back.
    pub(super) fn keep_left(&mut self, peer: PeerId) {
        let me = self.person(peer);
        let Some(id) = me.account else {
            return;
        };
        let rooms = me.rooms().into_iter().map(|it| self.room(it).name.clone());
        let leaving = Leaving {
            at: self.at,
            seq: self.entry.seq,
            rooms: rooms.collect(),
            format: me.format,
            ignores: me.ignores.iter().map(|it| it.name.clone()).collect(),
        };
        self.keep_change(id, Change::Left(leaving.into()));
    }

    /// Whoever has just made a room owns it, if they are a member.
    pub(super) fn own(&mut self, peer: PeerId, room: usize) {
        let owner = self.person(peer).account;
        if owner.is_some() {
            self.give_room(room, owner);
            self.seen.add(Sight::Owned, 1);
        }
    }

    fn give_room(&mut self, room: usize, owner: Option<u64>) {
        let it = self.rooms[room].as_mut().expect("it is there");
        it.kept.owner = owner;
        self.keep_owned(room);
    }

    /// The rooms of an account, the oldest first: when they were made, their places if they are awake, and their names.
    pub(super) fn rooms_owned(&self, id: u64) -> Vec<(u64, Option<usize>, RoomName)> {
        let rooms = self.rooms.iter().enumerate();
        let awake = rooms.filter_map(|(place, it)| Some((place, it.as_ref()?)));
        let awake = awake.filter(|(_, it)| it.kept.owner == Some(id));
        let mut all: Vec<_> = awake
            .map(|(place, it)| (it.began, Some(place), it.name.clone()))
            .collect();
        let file = self.file.as_ref().expect("there are accounts");
        for (life, name) in file.asleep() {
            if let Some(it) = file.owned(*life).filter(|it| it.kept.owner == Some(id)) {
                all.push((it.made, None, name.clone()));
            }
        }
        all.sort_by_key(|it| it.0);
        all
    }

    /// An account ends, and its rooms go to another one, or to the operators.
    pub(super) fn inherit(&mut self, id: u64, heir: Option<u64>) {
        for (made, place, name) in self.rooms_owned(id) {
            let file = self.file.as_ref().expect("there is one");
            let ranks = match place {
                Some(room) => self.room(room).ranks.clone(),
                None => file.members(file.sleeper(&name)),
            };
            let chosen = heir;
            let heir = self.heir_of(&ranks, id, heir);
            self.seen
                .add(Sight::Inherited, (heir.is_some() && heir != chosen).into());
            match place {
                Some(room) => {
                    self.give_room(room, heir);
                    let heir = heir.map(|it| self.account(it).name.clone());
                    let news = News::Room(RoomNews::Owner(heir));
                    self.tell_room(room, None, Readers::All, news);
                }
                None => {
                    let file = self.file.as_mut().expect("there is one");
                    let life = file.sleeper(&name);
                    file.owned
                        .iter_mut()
                        .filter(|it| it.life == life)
                        .for_each(|it| it.kept.owner = heir);
                    let kept = Kept {
                        owner: heir,
                        ..file.owned(life).expect("it is somebody's").kept.clone()
                    };
                    let room = name;
                    self.keep(|| {
                        Row::Owned(Owned {
                            life,
                            room,
                            made,
                            kept,
                        })
                    });
                }
            }
        }
        for room in self.rooms.iter_mut().flatten() {
            room.ranks.retain(|it| it.account.0 != id);
        }
    }

    /// The owner of an account has shown that they know the password.
    pub(super) fn come_back(
        &mut self,
        now: Moment,
        peer: PeerId,
        (id, changed): (u64, u64),
        (facts, format): Facts,
    ) {
        let account = self.account(id).clone();
        let seated = self.people.iter().find(|it| it.account == Some(id));
        let seated = seated.map(|it| it.peer);
        let is_right = !account.has_ended && account.changed == changed;
        if is_right && self.is_barred(peer, &account.name, Some(id)) {
            return;
        }
        if !is_right || seated.is_none() && self.is_taken(&account.name, peer) {
            self.person_mut(peer).asking = None;
            return self.refuse(peer, AboutConnection::UsernameTaken);
        }
        if let Some(former) = seated {
            self.seen.add(Sight::TakenOver, 1);
            return self.take_over(now, peer, former, id, &facts, format);
        }
        self.seen.add(Sight::CameBack, 1);
        self.comings += 1;
        let came = self.comings;
        let wanted = facts.settings.room.as_ref();
        let it = self.person_mut(peer);
        (it.name, it.came) = (Some(account.name.clone()), came);
        it.account = Some(id);
        let room = wanted.and_then(|it| self.find_room(it));
        let room = self.room_to_return(peer, room);
        let it = self.person_mut(peer);
        it.room = room;
        it.since = u32::try_from(now.unix).unwrap_or(0).into();
        for name in &facts.ignores {
            self.ignore_again(peer, name);
        }
        self.has_taken(peer, &account.name);
        self.begin_entry(Some(peer));
        self.keep_seen(&account.name);
        self.arrive(now, peer, id, &facts, format);
        let joined = News::Joined(account.name);
        self.tell_room(room, Some(peer), Readers::Joined, joined);
        self.tell_reports(peer);
    }

    /// Tells a member to which rooms they were invited since the entry by which they left.
    fn tell_invitations(&mut self, peer: PeerId, id: u64, left: u64) {
        let current = self.person(peer).room;
        let is_new = |it: &RoomMember| it.account.0 == id && it.invited.is_some_and(|it| it > left);
        let rooms = self.rooms.iter().enumerate();
        let rooms = rooms.filter_map(|(place, it)| Some((place, it.as_ref()?)));
        let others = rooms.filter(|(place, it)| *place != current && it.kept.owner != Some(id));
        let invited = others.filter(|(_, it)| it.ranks.iter().any(is_new));
        let mut names: Vec<_> = invited.map(|(_, it)| (it.life, it.name.clone())).collect();
        names.sort_by_key(|it| it.0);
        self.seen.add(Sight::ToldInvited, names.len());
        let mut rooms: Vec<RoomName> = names.into_iter().map(|it| it.1).collect();
        let more = rooms.split_off(rooms.len().min(INVITATIONS_TOLD)).len();
        if !rooms.is_empty() {
            self.answer(peer, AboutOwning::WereInvited { rooms, more });
        }
    }

    /// The room where a member goes on who comes back, if they may see it.
    fn room_to_return(&mut self, peer: PeerId, room: Option<usize>) -> usize {
        let Some(room) = room else {
            return 0;
        };
        let is_locked = self.room(room).kept.is_locked;
        let is_seen = self.may_see(self.person(peer), room);
        self.seen.add(Sight::LockedOut, (!is_seen).into());
        self.seen
            .add(Sight::BackInLocked, (is_locked && is_seen).into());
        if is_seen { room } else { 0 }
    }

    fn ignore_again(&mut self, peer: PeerId, name: &Username) {
        let holder = self.holder(name).filter(|it| *it != peer);
        let person = holder.map(|it| self.person(it).id());
        let ignores = &mut self.person_mut(peer).ignores;
        let is_there = |it: &Ignored| match holder {
            Some(holder) => it.is_here && it.peer == holder,
            None => it.name == *name && !it.is_here,
        };
        if !ignores.iter().any(is_there) {
            ignores.push(Ignored {
                name: name.clone(),
                peer: holder.unwrap_or(peer),
                person: person.unwrap_or(PersonId::HOUSE),
                is_here: holder.is_some(),
            });
        }
    }

    /// Somebody who is here has another connection from now on.
    fn take_over(
        &mut self,
        now: Moment,
        peer: PeerId,
        former: PeerId,
        id: u64,
        facts: &AccountFacts,
        format: Option<Format>,
    ) {
        self.begin_entry(Some(former));
        self.tell(former, AboutConnection::Replaced);
        let place = self.people.iter().position(|it| it.peer == peer);
        let newcomer = self.people.remove(place.expect("they are here"));
        let it = self.person_mut(former);
        let before = it.format;
        (it.asked, it.more, it.searches) = (None, None, None);
        (it.asking, it.late) = (None, None);
        (it.peer, it.address, it.format) = (peer, newcomer.address, newcomer.format);
        self.replace_peer(former, peer);
        self.arrive(now, peer, id, facts, format);
        let it = self.person_mut(peer);
        if !it.is_program() && !before.is_for_programs() {
            it.format = before;
        }
    }

    /// All that is known of a peer is known of another from now on.
    fn replace_peer(&mut self, former: PeerId, peer: PeerId) {
        for it in &mut self.people {
            let ignored = it.ignores.iter_mut().filter(|it| it.peer == former);
            ignored.for_each(|it| it.peer = peer);
            if let Some((known, _)) = it.correspondent.as_mut().filter(|it| it.0 == former) {
                *known = peer;
            }
        }
        for room in self.rooms.iter_mut().flatten() {
            room.maker = room.maker.map(|it| if it == former { peer } else { it });
        }
    }

    /// Shows a member who comes in what there is for them.
    fn arrive(
        &mut self,
        now: Moment,
        peer: PeerId,
        id: u64,
        facts: &AccountFacts,
        format: Option<Format>,
    ) {
        let idle_at = self.rules.idle_timeout.map(|it| now.instant + it);
        let active = self.seconds(now);
        let it = self.person_mut(peer);
        (it.name_by, it.asking) = (None, None);
        (it.active, it.idle_at) = (active, idle_at);
        let address = it.household();
        let account = self.account_mut(id);
        account.waiting = 0;
        account.addresses.retain(|it| *it != address);
        account.addresses.push(address);
        self.keep_came(peer, id);
        let welcome = AboutConnection::WelcomeBack {
            name: self.person(peer).name().clone(),
            last: facts.last,
            wrong: facts.wrong,
            wrong_from: facts.wrong_from,
        };
        if self.person(peer).is_program() {
            self.welcome_program(now, peer);
            self.tell(peer, welcome);
        } else {
            self.tell(peer, welcome);
            if let Some(motd) = self.motd.as_deref().map(Into::into) {
                self.tell(peer, AboutConnection::Motd(motd));
            }
            self.tell_rooms(peer);
        }
        let room = self.person(peer).room;
        self.show_room(peer, room);
        let it = self.person_mut(peer);
        let is_program = it.is_program();
        if let Some(format) = format {
            it.format.offset = format.offset;
            if !is_program {
                (it.format.stamp, it.format.quiet) = (format.stamp, format.quiet);
            }
        }
        self.tell_missed(peer, id, facts);
        let left = facts.left.iter().map(|it| it.1).max();
        self.tell_invitations(peer, id, left.unwrap_or(0));
    }

    /// Tells a member in which rooms they are again, unless that is the lobby alone.
    fn tell_rooms(&mut self, peer: PeerId) {
        let it = self.person(peer);
        let (current, hears) = (it.room, it.hears.clone());
        if current != 0 {
            let name = self.room(current).name.clone();
            self.answer(peer, AboutRooms::InRoom(name));
        }
        for room in hears {
            let name = self.room(room).name.clone();
            self.answer(peer, AboutHearing::Too(name));
        }
    }

    fn tell_missed(&mut self, peer: PeerId, id: u64, facts: &AccountFacts) {
        if let Some(last) = facts.waiting.last() {
            self.seen.add(Sight::MessageLeft, 1);
            self.answer(peer, AboutAccount::Waiting(facts.waiting.len()));
            for it in &facts.waiting {
                let past = Past {
                    seq: it.seq,
                    at: it.at,
                    author: PersonId::HOUSE,
                    account: None,
                    room: None,
                    news: News::Private {
                        from: it.from.clone(),
                        text: it.text.clone(),
                    },
                };
                let (past, is_elsewhere) = (past.into(), false);
                self.tell(peer, Message::Past { past, is_elsewhere });
            }
            self.answer(peer, AboutAccount::WaitingEnd);
            self.keep_change(id, Change::Read(last.seq));
        }
        let (room, eyes) = (self.room(self.person(peer).room), self.eyes(peer));
        let mut left = facts.left.iter();
        let Some((_, left)) = left.find(|(name, _)| *name == room.name) else {
            return;
        };
        let lines = &room.history.lines;
        let new = lines
            .iter()
            .filter(|it| it.entry.seq > *left && eyes.see(it) && eyes.may_read(it));
        let count = new.count();
        // Only what they may read counts.
        let since = eyes.reads_from(&room.name).unwrap_or(u64::MAX);
        let is_new = |it: &Line| it.entry.seq > *left && it.entry.seq >= since;
        let is_all_new = lines.first().is_none_or(is_new);
        let has_more = room.history.is_cut && is_all_new;
        if count > 0 {
            self.answer(peer, AboutAccount::Missed { count, has_more });
        }
    }
}
