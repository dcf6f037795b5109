//! Coming in, as the entry that does it is applied: a newcomer gets a place, or an owner their seat.

use crate::account::{Origin, Proof};
use crate::error::{CloseReason, Unanswered};
use crate::id::{PeerId, RoomId};
use crate::journal::{Act, Entry, Returning};
use crate::message::{
    AboutConnection, AboutHearing, AboutRooms, AccountFacts, EntryFacts, Keep, KeepAccount, News,
};
use crate::moment::Moment;
use crate::name::Username;

use super::Hub;
use super::accounts::AccountIndex;
use super::event::{Effect, Effects};
use super::person::{Person, Place};
use super::returning::Back;
use super::roster::NameTaken;

/// Somebody who wants to come in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Newcomer<'a> {
    pub(super) name: &'a Username,
    pub(super) from: Origin,
    pub(super) proof: Option<&'a (Proof, Box<Returning>)>,
}

impl Hub {
    /// Lets a newcomer in under a name, unless someone has it or a name that looks like it. The connection may have
    /// ended since the newcomer gave the name. Only this server can know that, so it proposes that they leave at once.
    pub(super) fn come_in(
        &mut self,
        now: Moment,
        entry: &Entry,
        newcomer: Newcomer<'_>,
        origin: Option<PeerId>,
        effects: &mut Effects,
    ) {
        let Ok(account) = self.check_in(newcomer) else {
            return self.turn_back(newcomer, origin, effects);
        };
        let claim = (newcomer.name, newcomer.from);
        if self.is_barred(entry, claim, account, origin, effects) {
            return;
        }
        let seated = account.and_then(|it| self.accounts.get(it)?.place);
        if let Some(place) = seated {
            if self.order.has_sent_away(self.roster.number(place)) {
                return self.turn_away_for_now(origin, effects);
            }
            return self.take_over(now, entry, place, newcomer.from, origin, effects);
        }
        let Ok(place) = self.admit(entry, newcomer, account) else {
            return self.turn_back(newcomer, origin, effects);
        };
        let name = newcomer.name;
        self.servers.note(entry.server, entry.author);
        self.name_taken(place, name);
        self.keep_seen(name, entry.at, effects);
        self.note_arrival(entry, place, newcomer.from, effects);
        let is_seated = origin.map(|peer| self.seat(now, place, peer, None, effects));
        let joined = News::Joined(name.clone());
        let Some(person) = self.roster.get(place) else {
            return;
        };
        let (room, is_program) = (person.room, person.is_program());
        let except = self.roster.peer(person).filter(|_| is_program);
        effects.tell_room(room, except, self.hidden_from(place), joined);
        self.tell_reports(place, entry.at, effects);
        self.tell_offers(place, entry.at, effects);
        match is_seated {
            Some(true) => self.make_way(entry.server, effects),
            Some(false) => {
                let (reason, word) = (CloseReason::EndOfInput, None);
                effects.propose(None, Some(entry.author), Act::Leave { reason, word });
            }
            None => {}
        }
    }

    /// Whether somebody may come in under a name: as the owner of the account, or else as a guest. Returns the account.
    fn check_in(&self, it: Newcomer<'_>) -> Result<Option<AccountIndex>, NameTaken> {
        let Some((Proof { account, changed }, _)) = it.proof else {
            let alike = self.accounts.find_alike(it.name);
            return alike.map_or(Ok(None), |_| Err(NameTaken));
        };
        match self.accounts.owned(*account) {
            Some(it) if it.changed == *changed => Ok(self.accounts.index(*account)),
            _ => Err(NameTaken),
        }
    }

    /// A newcomer cannot come in under a name, and is asked for another. How many passwords are left to a guest who has
    /// tried some stays what it was.
    fn turn_back(&mut self, it: Newcomer<'_>, origin: Option<PeerId>, effects: &mut Effects) {
        if let Some(peer) = origin {
            if it.proof.is_some() {
                self.forget_asking(peer, effects);
            }
            self.name_again(it.name, peer, effects);
        }
    }

    /// The owner of an account cannot come in before they have left by their former connection.
    fn turn_away_for_now(&mut self, origin: Option<PeerId>, effects: &mut Effects) {
        if let Some(peer) = origin {
            self.forget_asking(peer, effects);
            let busy = AboutConnection::PasswordUnanswered(Unanswered::Busy);
            self.refuse(peer, busy, effects);
        }
    }

    /// Gives somebody a place in the chat.
    fn admit(
        &mut self,
        entry: &Entry,
        it: Newcomer<'_>,
        account: Option<AccountIndex>,
    ) -> Result<Place, NameTaken> {
        let returning = it.proof.map(|(_, returning)| &**returning);
        let lobby = RoomId::LOBBY;
        let mut person = Person::new(entry.author, it.name.clone(), lobby, entry.unix());
        (person.account, person.from) = (account, it.from);
        let room = returning.and_then(|it| it.room.as_ref());
        let room = self.room_to_return(entry.at, &person, room);
        person.room = room;
        let place = self.roster.admit(person)?;
        self.rooms.enter(room, place, |it| self.roster.number(it));
        if let Some(account) = account.and_then(|it| self.accounts.get_mut(it)) {
            account.place = Some(place);
        }
        if let Some(returning) = returning {
            self.restore(place, returning);
        }
        Ok(place)
    }

    /// Notes from where the owner of an account came in, and that their messages are read.
    fn note_arrival(&mut self, entry: &Entry, place: Place, from: Origin, effects: &mut Effects) {
        let index = self.roster.get(place).and_then(|it| it.account);
        let Some(account) = index.and_then(|it| self.accounts.get_mut(it)) else {
            return;
        };
        account.waiting = 0;
        account.addresses.note(from.address);
        account.last = entry.at;
        let (at, address) = (entry.at, from.address);
        effects.keep(Keep::Account(
            account.id,
            KeepAccount::CameIn { at, address },
        ));
    }

    /// Shows a newcomer who has just got a name, or their own seat again, the first messages, unless their connection has
    /// ended meanwhile.
    fn seat(
        &mut self,
        now: Moment,
        place: Place,
        peer: PeerId,
        back: Option<&Back>,
        effects: &mut Effects,
    ) -> bool {
        let claim = self.seats.take_claim(peer);
        let active = self.seconds(now);
        let facts = self.take_facts(peer);
        if !self.roster.seat(place, peer) {
            return false;
        }
        self.note_connection(place);
        if let Some(facts) = &facts {
            self.restore_format(now, place, &facts.settings);
        }
        let Some(person) = self.roster.get_mut(place) else {
            return false;
        };
        person.active = active;
        let (name, is_program) = (person.name.clone(), person.is_program());
        let rooms: Vec<RoomId> = person.rooms().collect();
        self.logins.clear(peer);
        if let Some(timeout) = self.rules.idle_timeout {
            self.idles.set(peer, now.instant + timeout);
        }
        let is_anew = self.anew.remove(&peer);
        if is_program {
            self.programs += 1;
            let used = back.and_then(|it| it.ticket.clone());
            let used = used.or(claim.and_then(|it| it.ticket));
            let seat = self.give_token(now, place, used, effects);
            self.welcome(now, place, peer, seat, back, effects);
            if facts.is_some() {
                effects.tell(peer, self.greeting(place, facts.as_deref()));
            }
        } else if !is_anew {
            effects.tell(peer, self.greeting(place, facts.as_deref()));
            if let Some(motd) = &self.motd {
                effects.tell(peer, AboutConnection::Motd(motd.clone()));
            }
            self.tell_rooms(peer, &rooms, effects);
        }
        match back {
            Some(back) => self.tell_again(place, peer, back, effects),
            None if is_anew => {}
            None => self.show_room(place, rooms[0], effects),
        }
        rooms.iter().for_each(|it| self.read(place, *it, effects));
        // Who has their own seat again has been told just now.
        if let (Some(facts), None) = (&facts, back) {
            self.tell_missed(place, peer, facts, effects);
        }
        effects.push(Effect::CameOnline { peer, name });
        true
    }

    /// Tells the owner of an account in which rooms they are again, unless that is the lobby alone.
    fn tell_rooms(&self, peer: PeerId, rooms: &[RoomId], effects: &mut Effects) {
        for (number, room) in rooms.iter().enumerate() {
            let Some(name) = self.room_name(*room) else {
                continue;
            };
            match number {
                0 if *room == RoomId::LOBBY => {}
                0 => effects.answer(peer, AboutRooms::InRoom(name)),
                _ => effects.answer(peer, AboutHearing::Too(name)),
            }
        }
    }

    fn greeting(&self, place: Place, facts: Option<&AccountFacts>) -> AboutConnection {
        let person = self.roster.get(place);
        match (facts, person) {
            (Some(facts), Some(person)) => AboutConnection::WelcomeBack {
                name: person.name.clone(),
                last: facts.last,
                wrong: facts.wrong,
                wrong_from: facts.wrong_from,
            },
            _ => AboutConnection::Welcome,
        }
    }

    /// Gives a person who is here another connection. The former one ends, and nobody else is told.
    pub(super) fn take_over(
        &mut self,
        now: Moment,
        entry: &Entry,
        place: Place,
        from: Origin,
        origin: Option<PeerId>,
        effects: &mut Effects,
    ) {
        // Other servers note this too, and do not know whether the connection is still there.
        let Some(person) = self.roster.get_mut(place) else {
            return;
        };
        person.from = from;
        person.come_again(entry.seq);
        let (id, format) = (person.id, person.format);
        self.servers.note(entry.server, id);
        self.note_arrival(entry, place, from, effects);
        // A connection that has ended meanwhile takes nothing.
        let is_here = origin.is_some_and(|it| self.roster.session(it).is_some());
        let (Some(peer), true) = (origin, is_here) else {
            if origin.is_some() && self.roster.peer_of(self.roster.number(place)).is_none() {
                self.lose_again(now, place, entry.seq, effects);
            }
            return;
        };
        // The person keeps the number that they have, whoever is the author of the entry.
        let author = self.roster.number(place);
        effects.set_entry(Some(EntryFacts {
            author,
            ..entry.into()
        }));
        if let Some(former) = self.roster.peer_of(author) {
            self.replace(place, former, effects);
        }
        let (claim, kept) = (self.seats.take_claim(peer), self.seats.release(author));
        let back = self.back(claim, kept);
        self.seat(now, place, peer, back.as_ref(), effects);
        let is_text = self.roster.get(place).is_some_and(|it| !it.is_program());
        if is_text && !format.is_for_programs() {
            self.set_format(place, format, effects);
        }
    }

    /// Ends the connection of a person who has another one now.
    fn replace(&mut self, place: Place, former: PeerId, effects: &mut Effects) {
        let reason = CloseReason::Replaced;
        self.stop_reading(former, effects);
        self.forget_asking(former, effects);
        self.logins.clear(former);
        self.idles.clear(former);
        let name = self.roster.get(place).map(|it| it.name.clone());
        if let Some(person) = self.roster.get_mut(place) {
            let is_program = person.is_program();
            if let Some(extras) = &mut person.extras {
                extras.recall = None;
            }
            self.programs -= usize::from(is_program);
        }
        self.roster.unseat(place);
        effects.tell(former, AboutConnection::Replaced);
        if let Some(name) = name {
            let peer = former;
            effects.push(Effect::Replaced { peer, name });
        }
        effects.push(Effect::Close {
            peer: former,
            reason,
        });
    }
}
