//! Showing earlier lines of a room, to people who come in and to people who ask.

use std::sync::Arc;

use crate::id::RoomId;
use crate::limits::{REPLAYED_LINES, ROOMS_REMEMBERED};
use crate::message::{AboutReading, AboutRooms, Answer, Before, Message, Past};

use super::Hub;
use super::event::Effects;
use super::person::{Place, Visit};
use super::recall::{Sought, Way, What};

impl Hub {
    /// Notes how far a person has read a room, when they are about to leave it.
    pub(super) fn note_visit(&mut self, place: Place, room: RoomId) {
        let (Some(person), Some(room)) = (self.roster.get_mut(place), self.rooms.get(room)) else {
            return;
        };
        let (made, lines) = (room.made, room.history.total());
        let visits = &mut person.extras_mut().visits;
        visits.retain(|it| it.made != made);
        if visits.len() >= ROOMS_REMEMBERED {
            visits.remove(0);
        }
        visits.push(Visit { made, lines });
    }

    /// Shows a person who begins to hear a room its topic and its last lines. People who come for the first time see all
    /// of those lines; people who come back see the new ones.
    pub(super) fn show_room(&mut self, place: Place, room: RoomId, effects: &mut Effects) {
        let (Some(person), Some(it)) = (self.roster.get(place), self.rooms.get(room)) else {
            return;
        };
        // A program has been told already.
        if it.topic.is_some() && !person.is_program() {
            let (room, topic) = (it.name.clone(), it.topic.clone());
            effects.answer(self.roster.peer(person), AboutRooms::Topic { room, topic });
        }
        let mut visits = person.extras.iter().flat_map(|it| &it.visits);
        let visit = visits.find(|visit| visit.made == it.made);
        let known = visit.map_or(0, |it| it.lines);
        let is_first = visit.is_none();
        let name = it.name.clone();
        if is_first && self.has_file && it.history.is_only_in_file() {
            let sought = Sought {
                what: What::History(name),
                before: Before::End,
                count: REPLAYED_LINES,
            };
            return self.recall(place, sought, Way::Arrival, effects);
        }
        self.replay(place, room, known, REPLAYED_LINES, effects);
    }

    /// Shows a person the last lines of a room: at most `count`, and none of the first `known` lines.
    fn replay(&self, place: Place, id: RoomId, known: usize, count: usize, effects: &mut Effects) {
        let (Some(person), Some(room)) = (self.roster.get(place), self.rooms.get(id)) else {
            return;
        };
        let Some(since) = self.reads_from(person, id) else {
            return;
        };
        let within = (since, Before::End);
        let lines = room
            .history
            .last_within(within, known, count, self.sees(place));
        if lines.is_empty() {
            return;
        }
        let peer = self.roster.peer(person);
        effects.answer(peer, AboutReading::History(lines.len()));
        self.show_past(place, lines, AboutReading::End.into(), effects);
    }

    /// Shows a person earlier lines, and what stands at their end.
    pub(super) fn show_past(
        &self,
        place: Place,
        lines: Vec<Arc<Past>>,
        end: Answer,
        effects: &mut Effects,
    ) {
        let Some(person) = self.roster.get(place) else {
            return;
        };
        let peer = self.roster.peer(person);
        let current = self.room_name(person.room);
        for past in lines.into_iter().filter(|it| self.may_read(person, it)) {
            let is_elsewhere = past.room.is_some() && past.room != current;
            effects.tell(peer, Message::Past { past, is_elsewhere });
        }
        effects.answer(peer, end);
    }
}
