//! Sending somebody out of a room, and what follows: they are in the lobby, and their next line is held back, as it may
//! not be meant for the people there. Slow rooms.

use std::sync::Arc;

use crate::account::Rank;
use crate::id::{PeerId, PersonId, RoomId};
use crate::journal::{Act, Entry, Invited, OrderAct, OwnAct};
use crate::limits::owning::{LINES_HELD, ROOM_KICKS, SENT_OUT_FOR, SLOW_PEOPLE, UNREAD_FOR};
use crate::message::{
    AboutKeeping, AboutOrder, AboutOwning, AboutPeople, AboutRooms, Answer, Audit, ForProgram,
    Keep, KeepOrder, News, RoomNews,
};
use crate::name::{RoomName, Username};
use crate::network::Network;
use crate::sanction::{Sanction, SanctionKind, Target};
use crate::tally;

use super::Keeper;
use crate::chat::event::Effects;
use crate::chat::person::{Person, Place};
use crate::chat::{Author, Caller, Hub};

/// What is remembered of a person whose current room is another one by somebody else's doing.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(in crate::chat) struct Moved {
    /// When they were last told so: milliseconds since 1970-01-01 00:00 UTC.
    pub(in crate::chat) told: i64,
    /// How often something was held back since. What they type in one go counts once.
    pub(in crate::chat) held: u8,
    /// The last one of them, and whether it is an action.
    pub(in crate::chat) line: Option<(Arc<str>, bool)>,
}

impl Moved {
    /// Whether what comes at this time was typed before its author can have read where they are.
    fn is_unread(&self, at: i64) -> bool {
        // A clock that was set back holds nothing.
        (self.told..self.told.saturating_add(UNREAD_FOR)).contains(&at)
    }

    /// Notes that something is held back, and that its author is told so.
    fn hold(&mut self, at: i64) {
        self.held += u8::from(self.held == 0 || !self.is_unread(at));
        self.told = at;
    }
}

impl Hub {
    /// The author of a line sends somebody out of their current room.
    pub(in crate::chat) fn kick_from_room(
        &mut self,
        caller: &Caller,
        whom: PersonId,
        reason: Option<Arc<str>>,
        effects: &mut Effects,
    ) {
        if whom == caller.id {
            return effects.answer(caller.peer, AboutPeople::Yourself);
        }
        let place = self.roster.place(whom);
        let person = place.and_then(|it| self.roster.get(it));
        let (Some(person), Some(room)) = (person, self.room_name(caller.room)) else {
            return effects.answer(caller.peer, AboutPeople::JustLeft);
        };
        let target = self.target_in_room(person);
        let act = OwnAct::SendOut {
            room,
            whom,
            target,
            reason,
        };
        caller.wants(Act::Own(act), effects);
    }

    /// The author of a line keeps somebody silent in their current room.
    pub(in crate::chat) fn mute_in_room(
        &mut self,
        caller: &Caller,
        whom: PersonId,
        until: Option<i64>,
        reason: Option<Arc<str>>,
        effects: &mut Effects,
    ) {
        let place = self.roster.place(whom);
        let person = place.and_then(|it| self.roster.get(it));
        let (Some(person), Some(room)) = (person, self.room_name(caller.room)) else {
            return effects.answer(caller.peer, AboutPeople::JustLeft);
        };
        let (target, name) = (self.target_in_room(person), Some(person.name.clone()));
        if let Err(why) = self.may_keep_out(caller.place, &room, &target) {
            return effects.answer(caller.peer, why);
        }
        let act = OrderAct::Sanction {
            kind: SanctionKind::Mute,
            target,
            name,
            room: Some(room),
            is_for_all: false,
            until,
            reason,
        };
        caller.wants(Act::Order(act), effects);
    }

    /// Whether somebody keeps a room, and has more to say there than the person whom they mean. Applying a sanction for
    /// one room asks this again.
    pub(in crate::chat) fn may_keep_out(
        &self,
        by: Place,
        room: &RoomName,
        target: &Target,
    ) -> Result<RoomId, Answer> {
        let person = self.roster.get(by);
        let found = self.rooms.find(room).and_then(|id| {
            let rank = self.rank(person?, id);
            (rank >= Rank::Trusted).then_some((id, rank))
        });
        let Some((id, rank)) = found else {
            return Err(AboutOrder::NotAllowed(Rank::Trusted).into());
        };
        let Target::Account(account) = target else {
            return Ok(id);
        };
        let (whom, name) = self.rank_of_account(*account, id);
        match (name, whom < rank) {
            (Some(name), false) => Err(AboutKeeping::MayNotBeSentOut(name).into()),
            _ => Ok(id),
        }
    }

    /// By what a room keeps somebody out: a guest by their address, if it is theirs alone.
    pub(in crate::chat) fn target_in_room(&self, person: &Person) -> Target {
        if let Some(account) = self.account_of(person) {
            return Target::Account(account.id);
        }
        let address = person.from.address;
        let is_shared = || {
            let people = self.roster.people().inspect(|_| tally::steps(1));
            let mut others = people.filter(|(_, it)| it.id != person.id);
            others.any(|(_, it)| it.from.address == address)
        };
        let is_anyones = address.is_loopback() || address.is_unspecified();
        let is_theirs = !is_anyones && !self.rules.shared.contains(address) && !is_shared();
        let network = address.to_string().parse::<Network>().ok();
        match network.filter(|_| is_theirs) {
            Some(network) => Target::Network(network),
            None => Target::Name(person.name.clone()),
        }
    }

    pub(super) fn send_out(
        &mut self,
        it: &Keeper<'_>,
        entry: &Entry,
        (whom, target): (PersonId, &Target),
        reason: &Option<Arc<str>>,
        effects: &mut Effects,
    ) {
        let place = self.roster.place(whom);
        let Some((place, person)) = place.and_then(|it| Some((it, self.roster.get(it)?))) else {
            return effects.answer(it.author.peer, AboutPeople::JustLeft);
        };
        let (who, room) = (person.name.clone(), it.name.clone());
        if !person.rooms().any(|room| room == it.room) {
            return effects.answer(it.author.peer, AboutKeeping::NotInRoom { who, room });
        }
        let author = self.roster.get(it.author.place);
        let rank = author.map(|author| self.rank(author, it.room));
        if Some(self.rank(person, it.room)) >= rank {
            return effects.answer(it.author.peer, AboutKeeping::MayNotBeSentOut(who));
        }
        let peer = self.roster.peer(person);
        let (by, reason) = (it.author.name.clone(), reason.clone());
        let news = RoomNews::SentOut {
            who: who.clone(),
            by: by.clone(),
            reason: reason.clone(),
        };
        // They read it in other words.
        let hidden_from = peer.into_iter().collect();
        effects.tell_room(it.room, it.author.peer, hidden_from, News::Room(news));
        self.keep_out(it, entry, (&who, target), &reason);
        self.follow(whom, entry.seq);
        let told = AboutOwning::YouAreSentOut { room, by, reason };
        effects.answer(peer, told);
        self.take_out(it, place, peer, effects);
        if self.has_file {
            let audit = self.audit_of(it, entry, &who);
            effects.keep(Keep::Order(KeepOrder::Audit(audit)));
        }
        let room = it.name.clone();
        self.confirm(it.author, AboutKeeping::SentOut { who, room }, effects);
    }

    fn audit_of(&self, it: &Keeper<'_>, entry: &Entry, who: &Username) -> Audit {
        let sent_out = self.rooms.get(it.room).and_then(|it| it.sent_out.last());
        Audit {
            seq: entry.seq,
            at: entry.at,
            by: it.author.name.as_str().into(),
            act: "kick".into(),
            whom: Some(who.as_str().into()),
            network: None,
            room: Some(it.name.clone()),
            reason: sent_out.and_then(|it| it.reason.clone()),
        }
    }

    /// Keeps somebody out of a room for a while.
    fn keep_out(
        &mut self,
        it: &Keeper<'_>,
        entry: &Entry,
        (who, target): (&Username, &Target),
        reason: &Option<Arc<str>>,
    ) {
        let Some(room) = self.rooms.get_mut(it.room) else {
            return;
        };
        tally::steps(room.sent_out.len());
        room.sent_out.retain(|it| it.holds(entry.at));
        if room.sent_out.len() >= ROOM_KICKS {
            room.sent_out.remove(0);
        }
        let minutes = i64::try_from(SENT_OUT_FOR).unwrap_or(0);
        room.sent_out.push(Sanction {
            id: entry.seq,
            kind: SanctionKind::Ban,
            target: target.clone(),
            name: Some(who.clone()),
            room: Some(it.name.clone()),
            is_for_all: false,
            by: it.author.name.as_str().into(),
            reason: reason.clone(),
            at: entry.at,
            until: Some(entry.at.saturating_add(minutes * 60_000)),
        });
    }

    /// Whether somebody stays in a locked room to which they are not invited any more.
    pub(super) fn stays(&self, room: RoomId, whom: Invited) -> bool {
        let place = match whom {
            Invited::Member(account) => self.accounts.owned(account).and_then(|it| it.place),
            Invited::Guest(id) => self.roster.place(id),
        };
        let person = place.and_then(|it| self.roster.get(it));
        let is_locked = self.rooms.get(room).is_some_and(|it| it.owning.is_locked);
        is_locked
            && person.is_some_and(|it| {
                let is_in = it.rooms().any(|it| it == room);
                is_in && self.rank(it, room) < Rank::Trusted
            })
    }

    /// Takes somebody out of a room. If it was their current one, they are in the lobby.
    fn take_out(
        &mut self,
        it: &Keeper<'_>,
        place: Place,
        peer: Option<PeerId>,
        effects: &mut Effects,
    ) {
        let lobby = RoomId::LOBBY;
        self.exit(place, peer, it.room, effects);
        let Some(person) = self.roster.get_mut(place) else {
            return;
        };
        let (is_program, who) = (person.is_program(), person.name.clone());
        let was_current = person.room == it.room;
        let is_new = was_current && !person.hears().contains(&lobby);
        if was_current {
            person.forget_heard(lobby);
            person.room = lobby;
            let told = it.author.at;
            let moved = Moved {
                told,
                ..Moved::default()
            };
            person.extras_mut().moved = Some(Box::new(moved));
        }
        if is_new {
            self.add_member(lobby, place);
        }
        if was_current {
            self.read(place, lobby, effects);
        }
        let current = self
            .roster
            .get(place)
            .and_then(|it| self.room_name(it.room));
        if let (true, Some(current)) = (is_program, current) {
            let room = it.name.clone();
            effects.tell(peer, ForProgram::OutOf { room, current });
        }
        if was_current {
            let sentence = AboutRooms::InRoom(RoomName::lobby());
            self.tell_in_at(it.author.now, place, lobby, sentence, effects);
        }
        if is_new {
            self.show_room(place, lobby, effects);
            let hidden_from = self.hidden_from(place);
            effects.tell_room(lobby, peer, hidden_from, News::Entered(who));
        }
    }

    /// Whether a line of the author is held back, as they were moved to another room since they thought of it. It is said
    /// once they press Enter alone, and a third time it is not held back. Lines that are sent in one go are held back
    /// together, and the last of them is kept. Programs know at once where they are.
    pub(in crate::chat) fn holds_back(
        &mut self,
        author: &Author,
        news: &News,
        effects: &mut Effects,
    ) -> bool {
        let Some(room) = self.room_name(author.room) else {
            return false;
        };
        let Some(moved) = self.moved(author.place) else {
            return false;
        };
        let is_unread = moved.is_unread(author.at) && !author.is_program;
        if moved.held >= LINES_HELD && !is_unread {
            self.knows_room(author);
            return false;
        }
        moved.hold(author.at);
        let line = news
            .written()
            .map(|(_, text)| (text.into(), matches!(news, News::Action { .. })));
        let is_first = std::mem::replace(&mut moved.line, line).is_none();
        let told = match is_first {
            true => AboutOwning::Moved(room),
            false => AboutOwning::MovedAlone(room),
        };
        effects.answer(author.peer, told);
        true
    }

    /// Whether the author sets the topic of a room where they do not know to be. If so, they are told.
    pub(in crate::chat) fn holds_topic(&mut self, author: &Author, effects: &mut Effects) -> bool {
        let room = self.room_name(author.room);
        let (Some(room), Some(moved)) = (room, self.moved(author.place)) else {
            return false;
        };
        let is_unread = moved.is_unread(author.at) && !author.is_program;
        if moved.held > 0 && !is_unread {
            self.knows_room(author);
            return false;
        }
        moved.hold(author.at);
        effects.answer(author.peer, AboutOwning::MovedTopic(room));
        true
    }

    fn moved(&mut self, place: Place) -> Option<&mut Moved> {
        let extras = self.roster.get_mut(place)?.extras.as_mut()?;
        extras.moved.as_deref_mut()
    }

    /// The author knows where they are.
    pub(in crate::chat) fn knows_room(&mut self, author: &Author) {
        let person = self.roster.get_mut(author.place);
        if let Some(extras) = person.and_then(|it| it.extras.as_mut()) {
            extras.moved = None;
        }
    }

    /// The author of an empty line wants what was held back to be said.
    pub(in crate::chat) fn release_held(&self, caller: &Caller, effects: &mut Effects) {
        let person = self.roster.get(caller.place);
        let extras = person.and_then(|it| it.extras.as_ref());
        let moved = extras.and_then(|it| it.moved.as_ref());
        let is_held = moved.is_some_and(|it| it.line.is_some());
        if let Some(room) = self.room_name(caller.room).filter(|_| is_held) {
            caller.wants(Act::Own(OwnAct::SayHeld { room }), effects);
        }
    }

    /// Says what was held back, once. If Enter was pressed twice meanwhile, nothing is left the second time. An empty line
    /// that was sent together with the others is no answer.
    pub(super) fn say_held(
        &mut self,
        author: &Author,
        entry: &Entry,
        room: &RoomName,
        effects: &mut Effects,
    ) {
        let moved = self.moved(author.place);
        let moved = moved.filter(|it| !it.is_unread(author.at));
        let news = match moved.and_then(|it| it.line.take()) {
            Some((text, true)) => author.did(&text),
            Some((text, false)) => author.said(&text),
            None => return,
        };
        self.say(author, entry, &Some(room.clone()), news, effects);
    }

    /// Whether the author says something too soon after the last time, in a slow room. If not, notes that they do.
    pub(in crate::chat) fn is_too_soon(
        &mut self,
        author: &Author,
        id: RoomId,
        news: &News,
        effects: &mut Effects,
    ) -> bool {
        let Some(seconds) = self.rooms.get(id).map(|it| it.owning.slow) else {
            return false;
        };
        let person = self.roster.get(author.place);
        let is_exempt = person.is_none_or(|it| self.rank(it, id) >= Rank::Trusted);
        let Some(room) = self.rooms.get_mut(id).filter(|_| seconds > 0 && !is_exempt) else {
            return false;
        };
        let all = i64::from(seconds) * 1000;
        // A clock that was set back keeps nobody waiting.
        let is_recent = |then: i64| (then..then.saturating_add(all)).contains(&author.at);
        if let Some(then) = room.spoke.get(&author.id).filter(|it| is_recent(**it)) {
            let left = then.saturating_add(all).saturating_sub(author.at);
            let too_soon = AboutOwning::TooSoon {
                room: room.name.clone(),
                wait: u64::try_from(left).unwrap_or(0).div_ceil(1000),
                seconds,
                text: news.text().unwrap_or_default().into(),
            };
            effects.answer(author.peer, too_soon);
            return true;
        }
        if room.spoke.len() >= SLOW_PEOPLE {
            tally::steps(room.spoke.len());
            room.spoke.retain(|_, then| is_recent(*then));
        }
        room.spoke.insert(author.id, author.at);
        false
    }
}
