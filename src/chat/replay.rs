//! What was said in a room before: for those who come in, and those who ask.

use crate::id::{PeerId, RoomId};
use crate::limits::{REPLAYED_LINES, ROOMS_REMEMBERED};
use crate::message::Answer;

use super::Hub;
use super::event::Effects;

/// A room that a person has left, and how far they have read it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Visit {
    /// The number of the room's life.
    life: u64,
    /// How many lines had been said in it by then.
    lines: usize,
}

impl Hub {
    /// Notes how far a person has read the room that they are in, as they are about to leave it.
    pub(super) fn note_visit(&mut self, peer: PeerId) {
        let Some(person) = self.roster.person_mut(peer) else {
            return;
        };
        let Some(room) = self.rooms.get(person.room) else {
            return;
        };
        let (life, lines) = (room.life, room.history.total());
        let visits = &mut person.extras_mut().visits;
        visits.retain(|it| it.life != life);
        if visits.len() >= ROOMS_REMEMBERED {
            visits.remove(0);
        }
        visits.push(Visit { life, lines });
    }

    /// Shows someone who comes into a room what it is about, and what was said last: all of that to those who come for the
    /// first time, what is new to those who come back.
    pub(super) fn show_room(&self, peer: PeerId, id: RoomId, effects: &mut Effects) {
        let Some(room) = self.rooms.get(id) else {
            return;
        };
        if room.topic.is_some() {
            let (room, topic) = (room.name.clone(), room.topic.clone());
            effects.answer(peer, Answer::Topic { room, topic });
        }
        let extras = self.roster.person(peer).and_then(|it| it.extras.as_ref());
        let mut visits = extras.into_iter().flat_map(|it| &it.visits);
        let visit = visits.find(|it| it.life == room.life);
        let known = visit.map_or(0, |it| it.lines);
        self.replay(peer, id, known, REPLAYED_LINES, effects);
    }

    /// Shows the last lines of a room, at most `count`, but for the first ones that are `known`. Returns whether there were
    /// any.
    pub(super) fn replay(
        &self,
        peer: PeerId,
        id: RoomId,
        known: usize,
        count: usize,
        effects: &mut Effects,
    ) -> bool {
        let Some(room) = self.rooms.get(id) else {
            return false;
        };
        let lines = room.history.last(known, count, self.sees(peer));
        if lines.is_empty() {
            return false;
        }
        effects.answer(peer, Answer::History(lines.len()));
        lines.into_iter().for_each(|line| effects.tell(peer, line));
        effects.answer(peer, Answer::End);
        true
    }
}
