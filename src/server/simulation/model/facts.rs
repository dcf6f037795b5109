//! What the model knows, for those who write the plays and have an eye on them.

use std::net::IpAddr;

use crate::id::PeerId;
use crate::name::Username;
use crate::sanction::SanctionKind;

use super::accounts::{Account, Purpose, Stage};
use super::order::is_shared;
use super::past::Question;
use super::sanctions::Target;
use super::{Model, Person, Room};

/// A name and its password.
type Named = (String, String);

/// A room, and who is let into it. What follows from that, others say.
#[derive(Debug)]
pub(in crate::server::simulation) struct Door {
    pub(in crate::server::simulation) life: usize,
    pub(in crate::server::simulation) name: String,
    pub(in crate::server::simulation) is_locked: bool,
    pub(in crate::server::simulation) is_past_open: bool,
    /// Those who are in it.
    pub(in crate::server::simulation) inside: Vec<PeerId>,
    /// Those who keep it, and those who are invited, with the entries that invited them.
    pub(in crate::server::simulation) keepers: Vec<PeerId>,
    pub(in crate::server::simulation) invited: Vec<(PeerId, u64)>,
}

/// Somebody who is in the chat.
#[derive(Debug, Clone)]
pub(in crate::server::simulation) struct Guest {
    pub(in crate::server::simulation) name: Username,
    /// The name of their account.
    pub(in crate::server::simulation) account: Option<Username>,
    pub(in crate::server::simulation) is_operator: bool,
    pub(in crate::server::simulation) address: IpAddr,
}

/// The name of an account and its password, if it has an owner.
fn told(it: &Account) -> Option<Named> {
    let password = it.password.as_ref()?;
    Some((it.name.to_string(), password.reveal().to_string()))
}

impl Model {
    /// The right answer to what a peer is asked, if there is one.
    pub(in crate::server::simulation) fn right_answer(&self, peer: PeerId) -> Option<String> {
        let person = self.people.iter().find(|it| it.peer == peer)?;
        let asking = person.asking.as_ref()?;
        let account = match (&asking.stage, &asking.purpose) {
            (Stage::Again(first), _) => return Some(first.reveal().into()),
            (Stage::Present, Purpose::Login { account, .. }) => Some(*account),
            (Stage::Present, _) => person.account,
            _ => None,
        };
        let password = self.account(account?).password.as_ref();
        Some(password?.reveal().into())
    }

    /// All that is somebody's, with the passwords, and the account of a peer.
    pub(in crate::server::simulation) fn owners(
        &self,
        peer: PeerId,
    ) -> (Vec<Named>, Option<Named>) {
        let person = self.people.iter().find(|it| it.peer == peer);
        let own = person.and_then(|it| it.account);
        let own = own.and_then(|it| told(self.account(it)));
        (self.accounts.iter().filter_map(told).collect(), own)
    }

    /// Whether what a peer waits for is about a password.
    pub(in crate::server::simulation) fn asks_of_password(&self, peer: PeerId) -> bool {
        let person = self.people.iter().find(|it| it.peer == peer);
        let asked = person.and_then(|it| it.asked.as_ref());
        asked.is_some_and(|it| matches!(it.what, Question::Verify { .. } | Question::Hash(_)))
    }

    /// All rooms that are awake.
    pub(in crate::server::simulation) fn doors(&self) -> Vec<Door> {
        let rooms = self.rooms.iter().enumerate();
        let awake = rooms.filter_map(|(place, it)| Some((place, it.as_ref()?)));
        let door = |(place, room): (usize, &Room)| {
            let named = || self.people.iter().filter(|it| it.name.is_some());
            let keepers = named().filter(|it| self.keeps(it, room));
            let invited = named().filter_map(|it| Some((it.peer, room.invited_since(it)?)));
            Door {
                life: room.life,
                name: room.name.name().to_lowercase(),
                is_locked: room.kept.is_locked,
                is_past_open: room.kept.is_past_open,
                inside: self.peers_in(place),
                keepers: keepers.map(|it| it.peer).collect(),
                invited: invited.collect(),
            }
        };
        awake.map(door).collect()
    }

    /// In which life of a room somebody is, and whether they keep it.
    pub(in crate::server::simulation) fn keeps_life(&self, peer: PeerId) -> (usize, bool) {
        let me = self.person(peer);
        let room = self.room(me.room);
        (room.life, me.room != 0 && self.keeps(me, room))
    }

    /// All who are in the chat.
    pub(in crate::server::simulation) fn guests(&self) -> Vec<(PeerId, Guest)> {
        let here = self.people.iter();
        let here = here.filter_map(|it| Some((it, it.name.clone()?)));
        let guest = |(it, name): (&Person, Username)| Guest {
            name,
            account: it.account.map(|it| self.account(it).name.clone()),
            is_operator: self.is_operator(it),
            address: it.address,
        };
        here.map(|it| (it.0.peer, guest(it))).collect()
    }

    /// Whether a peer is an operator who is here.
    pub(in crate::server::simulation) fn is_operator_here(&self, peer: PeerId) -> bool {
        let mut people = self.people.iter();
        people.any(|it| it.peer == peer && it.name.is_some() && self.is_operator(it))
    }

    /// The name and password of an operator who is not here, if no other is.
    pub(in crate::server::simulation) fn absent_operator(&self) -> Option<Named> {
        if self.people.iter().any(|it| self.is_operator(it)) {
            return None;
        }
        let mut operators = self.accounts.iter().filter(|it| it.is_operator);
        operators.find_map(told)
    }

    /// The names and passwords of members who are not here, and are banned, or else invited to a room.
    pub(in crate::server::simulation) fn awaited(&self) -> Vec<Named> {
        let rooms = self.rooms.iter().flatten();
        let ranks: Vec<_> = rooms.flat_map(|it| &it.ranks).collect();
        let is_invited = |id| {
            let mut ranks = ranks.iter();
            ranks.any(|it| it.account.0 == id && it.invited.is_some())
        };
        let is_banned = |id| {
            let mut bans = self.sanctions.iter();
            bans.any(|it| it.kind == SanctionKind::Ban && it.target == Target::Account(id))
        };
        let is_here = |id| self.people.iter().any(|it| it.account == Some(id));
        let absent = self.accounts.iter().filter(|it| !is_here(it.id));
        let (banned, others): (Vec<_>, Vec<_>) = absent.partition(|it| is_banned(it.id));
        let invited = others.into_iter().filter(|it| is_invited(it.id));
        let awaited = if banned.is_empty() {
            invited.collect()
        } else {
            banned
        };
        awaited.into_iter().filter_map(told).collect()
    }

    /// Whether a peer is muted.
    pub(in crate::server::simulation) fn is_muted(&self, peer: PeerId) -> bool {
        self.mute_on(self.person(peer)).is_some()
    }

    /// The names of those who are in a room that they keep, but for operators.
    pub(in crate::server::simulation) fn keeper_names(&self) -> Vec<String> {
        let here = self.people.iter().filter(|it| it.name.is_some());
        let keepers = here.filter(|it| it.room != 0 && self.keeps(it, self.room(it.room)));
        let keepers = keepers.filter(|it| !self.is_operator(it));
        keepers.map(|it| it.name().to_string()).collect()
    }

    /// The names of those who are here and muted.
    pub(in crate::server::simulation) fn muted(&self) -> Vec<String> {
        let here = self.people.iter().filter(|it| it.name.is_some());
        let muted = here.filter(|it| self.mute_on(it).is_some());
        muted.map(|it| it.name().to_string()).collect()
    }

    /// The names of guests who are kept out, or silent, and the addresses and names of others.
    pub(in crate::server::simulation) fn sanctioned(
        &self,
        kind: SanctionKind,
    ) -> (Vec<String>, Vec<String>) {
        let (mut names, mut others) = (Vec::new(), Vec::new());
        for it in self.sanctions.iter().filter(|it| it.kind == kind) {
            match &it.target {
                Target::Household(address) => others.push(address.to_string()),
                Target::Account(id) => others.push(self.account(*id).name.to_string()),
                Target::Name(name) => names.push(name.to_string()),
            }
        }
        (names, others)
    }

    /// The address from which most people come, if it may be banned.
    pub(in crate::server::simulation) fn address_of_most(&self) -> String {
        let people = self.people.iter().filter(|it| it.name.is_some());
        let all: Vec<_> = people.map(Person::household).collect();
        let those = all.iter().filter(|it| !is_shared(**it));
        let count = |it: &IpAddr| all.iter().filter(|other| *other == it).count();
        let most = those.max_by_key(|it| (count(it), **it));
        most.map_or("192.0.2.7".into(), ToString::to_string)
    }

    /// The names that are somebody's.
    pub(in crate::server::simulation) fn owned_names(&self) -> Vec<String> {
        let owned = self.accounts.iter().filter(|it| !it.has_ended);
        owned.map(|it| it.name.to_string()).collect()
    }

    /// The names of those who are in a room besides somebody.
    pub(in crate::server::simulation) fn named_in(&self, life: usize, but: PeerId) -> Vec<String> {
        let is_there =
            |it: &&Person| self.room(it.room).life == life && it.name.is_some() && it.peer != but;
        let there = self.people.iter().filter(is_there);
        there.map(|it| it.name().to_string()).collect()
    }

    /// The names of all who are here.
    pub(in crate::server::simulation) fn named(&self) -> Vec<String> {
        let names = self.people.iter().filter_map(|it| it.name.as_ref());
        names.map(ToString::to_string).collect()
    }
}
