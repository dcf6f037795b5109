//! Showing earlier lines of a room, to people who come in and to people who ask.

use crate::limits::{REPLAYED_LINES, ROOMS_REMEMBERED};
use crate::message::{AboutReading, AboutRooms};

use super::Hub;
use super::event::Effects;
use super::person::{Place, Visit};

impl Hub {
    /// Notes how far a person has read their room, when they are about to leave it.
    pub(super) fn note_visit(&mut self, place: Place) {
        let Some(person) = self.roster.get_mut(place) else {
            return;
        };
        let Some(room) = self.rooms.get(person.room) else {
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

    /// Shows a person who comes into a room its topic and its last lines. People who come for the first time see all of
    /// those lines; people who come back see the new ones.
    pub(super) fn show_room(&self, place: Place, effects: &mut Effects) {
        let Some(person) = self.roster.get(place) else {
            return;
        };
        let id = person.room;
        let Some(room) = self.rooms.get(id) else {
            return;
        };
        if room.topic.is_some() {
            let (room, topic) = (room.name.clone(), room.topic.clone());
            effects.answer(self.roster.peer(person), AboutRooms::Topic { room, topic });
        }
        let mut visits = person.extras.iter().flat_map(|it| &it.visits);
        let visit = visits.find(|it| it.made == room.made);
        let known = visit.map_or(0, |it| it.lines);
        self.replay(place, known, REPLAYED_LINES, effects);
    }

    /// Shows a person the last lines of their room: at most `count`, and none of the first `known` lines. Returns
    /// whether there were any.
    pub(super) fn replay(
        &self,
        place: Place,
        known: usize,
        count: usize,
        effects: &mut Effects,
    ) -> bool {
        let Some(person) = self.roster.get(place) else {
            return false;
        };
        let Some(room) = self.rooms.get(person.room) else {
            return false;
        };
        let lines = room.history.last(known, count, self.sees(place));
        if lines.is_empty() {
            return false;
        }
        let peer = self.roster.peer(person);
        effects.answer(peer, AboutReading::History(lines.len()));
        lines.into_iter().for_each(|line| effects.tell(peer, line));
        effects.answer(peer, AboutReading::End);
        true
    }
}
