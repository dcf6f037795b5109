//! Taking one's seat again, and reading what was said meanwhile.

use std::sync::Arc;

use crate::account::Origin;
use crate::id::PeerId;
use crate::journal::{Act, Entry};
use crate::limits::seats::{AROUND_TOLD_AGAIN, TOLD_AGAIN_BYTES};
use crate::message::{
    AboutAway, AboutConnection, AboutReading, EntryFacts, ForProgram, Message, Past, Request,
};
use crate::moment::Moment;
use crate::name::RoomName;
use crate::token::Token;
use crate::wire::machine::Position;

use super::Hub;
use super::event::Effects;
use super::history::{self, Mark};
use super::person::Place;
use super::seats::{Claim, Kept};
use super::tokens::Ticket;

/// How somebody comes back to their seat.
#[derive(Debug)]
pub(super) struct Back {
    /// The last entry that they have read. `None`: nobody knows.
    pub(super) since: Option<u64>,
    marks: Vec<Mark>,
    /// The token by which they do.
    pub(super) ticket: Option<Ticket>,
}

/// Lines that somebody missed.
#[derive(Debug, Default)]
struct Missed {
    /// In the order in which they were said.
    lines: Vec<Arc<Past>>,
    /// How many more there were, by room. `None` in place of a room: private messages. `None` in place of a count: nobody
    /// knows.
    skipped: Vec<(Option<RoomName>, Option<u64>)>,
}

impl Hub {
    /// A program wants its seat again.
    pub(super) fn resume(
        &mut self,
        peer: PeerId,
        token: &str,
        position: Option<Position>,
        effects: &mut Effects,
    ) {
        let (Some((id, token)), Some(from)) = (Token::parse(token), self.roster.origin(peer))
        else {
            return self.refuse(peer, AboutConnection::SeatGone, effects);
        };
        let Some(ticket) = self.find_seat(id, &token, from.is_tls) else {
            return self.seek_owner(peer, token, position, effects);
        };
        let claim = Claim {
            position,
            ticket: Some(ticket),
            ..Claim::default()
        };
        self.seats.claim(peer, Some(claim));
        effects.append(peer, Some(id), Act::Return { from });
    }

    /// Gives somebody their seat again who proved that it is theirs.
    pub(super) fn return_to_seat(
        &mut self,
        now: Moment,
        entry: &Entry,
        from: Origin,
        origin: Option<PeerId>,
        effects: &mut Effects,
    ) {
        // Whoever is sent away with many others has a seat until it is their turn.
        let place = self.roster.place(entry.author);
        let place = place.filter(|_| !self.order.has_sent_away(entry.author));
        let Some((place, person)) = place.and_then(|it| Some((it, self.roster.get(it)?))) else {
            if let Some(peer) = origin {
                self.refuse(peer, AboutConnection::SeatGone, effects);
            }
            return;
        };
        let (name, account) = (person.name.clone(), person.account);
        match self.bar(&name, account, from, entry.at) {
            // Guests who are in already stay when no others come in.
            Some((word, Some(reason))) => {
                if let Some(peer) = origin {
                    self.dismiss(peer, word, reason, effects);
                }
            }
            Some((_, None)) | None => self.take_over(now, entry, place, from, origin, effects),
        }
    }

    /// How somebody comes back who sent this, and whose seat was kept so.
    pub(super) fn back(&self, claim: Option<Claim>, kept: Option<Kept>) -> Option<Back> {
        if claim.is_none() && kept.is_none() {
            return None;
        }
        let claim = claim.unwrap_or_default();
        let since = match claim.position {
            Some(it) => {
                let is_ours = it.journal.is_none_or(|it| it == self.rules.journal);
                Some(it.seq).filter(|seq| is_ours && *seq <= self.last)
            }
            None => Some(kept.as_ref().map_or(self.last, |it| it.since)),
        };
        Some(Back {
            since,
            marks: kept.map(|it| it.marks).unwrap_or_default(),
            ticket: claim.ticket,
        })
    }

    /// Tells somebody who is back what was said meanwhile.
    pub(super) fn tell_again(
        &self,
        place: Place,
        peer: PeerId,
        back: &Back,
        effects: &mut Effects,
    ) {
        let is_program = self.is_program(peer);
        let missed = self.missed_since(place, back, is_program);
        if !is_program {
            return self.tell_person_again(place, peer, missed, effects);
        }
        let request = effects.request();
        for (room, count) in missed.skipped {
            effects.tell(peer, ForProgram::Skipped { room, count });
        }
        for past in missed.lines {
            effects.set_request(self.request_of(place, peer, &past));
            let is_elsewhere = false;
            effects.tell(peer, Message::Past { past, is_elsewhere });
        }
        effects.set_request(request);
        effects.tell(peer, ForProgram::CaughtUp(self.last));
    }

    fn tell_person_again(&self, place: Place, peer: PeerId, missed: Missed, effects: &mut Effects) {
        let shown = missed.lines.len();
        let skipped: u64 = missed.skipped.iter().filter_map(|it| it.1).sum();
        let all = shown + usize::try_from(skipped).unwrap_or(0);
        if all > 0 {
            effects.answer(peer, AboutAway::Back { shown, missed: all });
            self.show_past(place, missed.lines, AboutReading::End.into(), effects);
        }
    }

    /// The object of a program by which it said a line itself, if that is remembered.
    fn request_of(&self, place: Place, peer: PeerId, past: &Past) -> Option<Arc<Request>> {
        let person = self.roster.get(place).filter(|it| it.id == past.author)?;
        let repeats = person.extras.as_ref()?.repeats.as_ref()?;
        let (id, command) = (Some(repeats.id_of(past.seq)?), None);
        Some(Arc::new(Request { peer, id, command }))
    }

    /// What was said to somebody behind the last entry that they have read.
    fn missed_since(&self, place: Place, back: &Back, is_program: bool) -> Missed {
        let Some(person) = self.roster.get(place) else {
            return Missed::default();
        };
        let mut missed = Missed::default();
        for room in person.rooms().filter_map(|it| self.rooms.get(it)) {
            let Some(since) = back.since else {
                missed.skipped.push((Some(room.name.clone()), None));
                continue;
            };
            let mark = back.marks.iter().find(|it| it.made == room.made);
            let gone = room.history.gone(since, mark);
            missed.skipped.push((Some(room.name.clone()), gone));
            let lines = room.history.behind(since, self.sees(place));
            missed.lines.extend(lines);
            let mut is_seen = self.sees(place);
            let topic = room.topic_line.iter().filter(|_| is_program);
            let topic = topic.filter(|it| it.seq > since && is_seen(it.author, &it.news));
            missed.lines.extend(topic.cloned());
        }
        let privates = person.extras.as_ref().and_then(|it| it.privates.as_ref());
        if let (Some(privates), Some(since)) = (privates, back.since) {
            missed.skipped.push((None, privates.gone(since, None)));
            missed
                .lines
                .extend(privates.behind(since, self.sees(place)));
        }
        missed.lines.retain(|it| self.may_read(person, it));
        missed.lines.sort_by_key(|it| it.seq);
        missed.shorten();
        missed.skipped.retain(|it| it.1 != Some(0));
        missed
    }
}

/// The entry that a program reads with its welcome. What it is told again has higher numbers, and it may lose the
/// connection before it has read that.
pub(super) fn from_where(entry: EntryFacts, back: Option<&Back>) -> EntryFacts {
    let seq = back.and_then(|it| it.since).unwrap_or(entry.seq);
    EntryFacts { seq, ..entry }
}

impl Missed {
    /// Leaves out the oldest lines, if they are too many to be told at once.
    fn shorten(&mut self) {
        let mut bytes = 0;
        let fit = self.lines.iter().rev().take_while(|it| {
            bytes += AROUND_TOLD_AGAIN + history::size(&it.news).unwrap_or(0);
            bytes <= TOLD_AGAIN_BYTES
        });
        let left_out = self.lines.len() - fit.count();
        for past in self.lines.drain(..left_out) {
            let of_room = self.skipped.iter_mut().find(|it| it.0 == past.room);
            if let Some((_, Some(count))) = of_room {
                *count += 1;
            }
        }
    }
}
