//! Who is away, and who is told so. If anyone in a room is away, each line said there is searched once for the names of
//! those people. The author reads one answer, however many names the line has.

use std::collections::HashSet;
use std::sync::Arc;

use crate::id::RoomId;
use crate::limits::{AWAY_NAMED, MENTION_BYTES, MISSED_BYTES, MISSED_LINES};
use crate::message::{AboutAway, AboutReading, News, Past};
use crate::name::{Addressed, Username, addresses, beginning, words};
use crate::tally;

use super::event::Effects;
use super::history::History;
use super::person::{Away, Place};
use super::room::AwayPeople;
use super::{Author, Hub};

impl Hub {
    /// A person goes away, or gives a new reason.
    pub(super) fn go_away(
        &mut self,
        author: &Author,
        text: &Option<Arc<str>>,
        effects: &mut Effects,
    ) {
        let (absence, text) = (author.seq, text.clone());
        let Some(person) = self.roster.get_mut(author.place) else {
            return;
        };
        match person.away_mut() {
            Some(away) => (away.text, away.absence) = (text.clone(), absence),
            None => {
                let missed = History::new(MISSED_LINES, MISSED_BYTES);
                person.extras_mut().away = Some(Away {
                    text: text.clone(),
                    absence,
                    missed,
                });
                self.list_away(author.place);
            }
        }
        effects.answer(author.peer, AboutAway::AwaySet);
        self.tell_of_absence(author.place, true, text, effects);
    }

    /// Tells the programs in a person's rooms whether the person is away.
    pub(super) fn tell_of_absence(
        &self,
        place: Place,
        is_away: bool,
        text: Option<Arc<str>>,
        effects: &mut Effects,
    ) {
        if self.programs == 0 {
            return;
        }
        let Some(person) = self.roster.get(place) else {
            return;
        };
        let (hidden_from, peer) = (self.hidden_from(place), self.roster.peer(person));
        for room in person.rooms() {
            let (who, text) = (person.name.clone(), text.clone());
            let news = News::Away { who, is_away, text };
            effects.tell_room(room, peer, hidden_from.clone(), news);
        }
    }

    /// A person comes back, and reads the lines that were said to or about them meanwhile.
    pub(super) fn come_back(&mut self, author: &Author, effects: &mut Effects) {
        self.unlist_away(author.place);
        let person = self.roster.get_mut(author.place);
        let extras = person.and_then(|it| it.extras.as_mut());
        let Some(away) = extras.and_then(|it| it.away.take()) else {
            return effects.answer(author.peer, AboutAway::NotAway);
        };
        // Lines of people whom they began to ignore while they were away do not count either.
        let kept = away.missed.last(0, MISSED_LINES, |_, _| true).len();
        let mut lines = away.missed.last(0, MISSED_LINES, self.sees(author.place));
        if let Some(person) = self.roster.get(author.place) {
            lines.retain(|it| self.may_read(person, it));
        }
        let shown = lines.len();
        let missed = away.missed.total() - (kept - shown);
        effects.answer(author.peer, AboutAway::Back { shown, missed });
        self.tell_of_absence(author.place, false, None, effects);
        if missed > 0 {
            self.show_past(author.place, lines, AboutReading::End.into(), effects);
        }
    }

    /// Puts a person who is away on the lists of all their rooms, under their current name.
    pub(super) fn list_away(&mut self, place: Place) {
        if let Some(person) = self.roster.get(place) {
            for room in person.rooms() {
                self.rooms.list_away(room, place, person);
            }
        }
    }

    /// Takes a person off the lists of all their rooms, before they change their name, come back or leave.
    pub(super) fn unlist_away(&mut self, place: Place) {
        if let Some(person) = self.roster.get(place) {
            for room in person.rooms() {
                self.rooms.strike_away(room, place, person);
            }
        }
    }

    /// Keeps a line for the people in the room whom it names and who are away, and tells its author that they are away.
    pub(super) fn note_mentions(
        &mut self,
        author: &Author,
        room: RoomId,
        past: &Arc<Past>,
        effects: &mut Effects,
    ) {
        let Some(room) = self.rooms.get(room) else {
            return;
        };
        if room.away.is_empty() {
            return;
        }
        let Some((_, text)) = past.news.written() else {
            return;
        };
        let mut absent = Vec::new();
        for place in self.named(&room.away, text) {
            if place != author.place {
                absent.extend(self.note_missed(author, place, past));
            }
        }
        self.tell_away(author, absent, effects);
    }

    /// Keeps a line for a person, if they are away and do not ignore its author. Returns their name if the author
    /// should be told that they are away.
    pub(super) fn note_missed(
        &mut self,
        author: &Author,
        to: Place,
        past: &Arc<Past>,
    ) -> Option<(Username, Option<Arc<str>>)> {
        if self.does_ignore(to, author.place) {
            return None;
        }
        let person = self.roster.get_mut(to)?;
        let name = person.name.clone();
        let away = person.away_mut()?;
        away.missed.push(author.id, past.clone());
        let (text, absence) = (away.text.clone(), away.absence);
        if self.does_ignore(author.place, to) {
            return None;
        }
        // Only the server to which the author is connected needs to remember what they were told.
        author.peer?;
        let now = self.seconds(author.now);
        let told = &mut self.roster.get_mut(author.place)?.extras_mut().told;
        told.is_news(absence, now).then_some((name, text))
    }

    /// Tells the author of a line which of its recipients are away.
    pub(super) fn tell_away(
        &self,
        author: &Author,
        absent: Vec<(Username, Option<Arc<str>>)>,
        effects: &mut Effects,
    ) {
        let answer = match <[_; 1]>::try_from(absent) {
            Ok([(name, text)]) => AboutAway::Away(name, text),
            Err(absent) if absent.is_empty() => return,
            Err(absent) => {
                let shown = match absent.len() {
                    ..=AWAY_NAMED => AWAY_NAMED,
                    _ => AWAY_NAMED - 1,
                };
                let more = absent.len().saturating_sub(shown);
                let names = absent.into_iter().take(shown).map(|(name, _)| name);
                let names = names.collect();
                AboutAway::SeveralAway { names, more }
            }
        };
        effects.answer(author.peer, answer);
    }

    /// The people in `away` whom a text names, in the order of the text.
    fn named(&self, away: &AwayPeople, text: &str) -> Vec<Place> {
        let text = beginning(text);
        let mut folded = 0;
        let mut find = |word: &str| {
            let word = Some(word).filter(|_| folded < MENTION_BYTES);
            let word = Addressed::new(word?)?;
            folded += word.bytes();
            let people = away.named(word.key())?.iter();
            let people = people.inspect(|_| tally::steps(1));
            let mut people = people.filter_map(|it| Some((*it, self.roster.get(*it)?)));
            let (place, _) = people.find(|(_, person)| word.is_of(&person.name))?;
            Some(place)
        };
        let mut known = HashSet::new();
        let mut named = Vec::new();
        let mut add = |place: Place| {
            if known.insert(place) {
                named.push(place);
            }
        };
        for (_, word, bare) in words(text) {
            tally::steps(1);
            find(word).or_else(|| find(bare?)).map(&mut add);
        }
        if away.has_addresses() {
            for (_, word) in addresses(text) {
                find(word).map(&mut add);
            }
        }
        named
    }
}
