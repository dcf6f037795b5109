//! Who is away, and who is to be told of it. A line is looked through for the names of those who are away in its room,
//! once, and only where there are any; whatever it names, its author reads one answer.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use crate::id::PeerId;
use crate::limits::{
    ABSENCE_TOLD_FOR, ABSENCES_TOLD, AWAY_NAMED, MENTION_BYTES, MISSED_BYTES, MISSED_LINES,
};
use crate::message::{Answer, Past};
use crate::name::{Addressed, Username, addresses, beginning, words};
use crate::tally;

use super::event::Effects;
use super::history::History;
use super::room::Rooms;
use super::roster::{Away, Person};
use super::{Caller, Hub};

/// The people of a room who are away, by the keys of their names.
#[derive(Debug, Default)]
pub(super) struct AwayPeople(HashMap<u64, Vec<PeerId>>);

impl AwayPeople {
    fn add(&mut self, peer: PeerId, name: &Username) {
        self.0.entry(name.key()).or_default().push(peer);
    }

    fn remove(&mut self, peer: PeerId, name: &Username) {
        if let Some(people) = self.0.get_mut(&name.key()) {
            tally::steps(people.len());
            people.retain(|it| *it != peer);
            if people.is_empty() {
                self.0.remove(&name.key());
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    #[cfg(any(test, fuzzing))]
    pub(super) fn people(&self) -> impl Iterator<Item = PeerId> {
        self.0.values().flatten().copied()
    }
}

/// Absences that a person was told of lately: which, and when, in seconds since the hub's first event.
#[derive(Debug, Default)]
pub(super) struct Told(VecDeque<(u64, u32)>);

impl Told {
    /// Whether they are to be told of this absence. They are, but not again too soon.
    fn is_news(&mut self, absence: u64, now: u32) -> bool {
        let is_over = |at: u32| u64::from(now.saturating_sub(at)) >= ABSENCE_TOLD_FOR.as_secs();
        while self.0.front().is_some_and(|(_, at)| is_over(*at)) {
            self.0.pop_front();
        }
        tally::steps(self.0.len());
        if self.0.iter().any(|(told, _)| *told == absence) {
            return false;
        }
        if self.0.len() >= ABSENCES_TOLD {
            self.0.pop_front();
        }
        self.0.push_back((absence, now));
        true
    }
}

impl Hub {
    /// A person is away from now on, or says so anew.
    pub(super) fn go_away(&mut self, peer: PeerId, text: Option<Arc<str>>) {
        self.absences += 1;
        let absence = self.absences;
        let Some(person) = self.roster.person_mut(peer) else {
            return;
        };
        if let Some(away) = person.away_mut() {
            (away.text, away.absence) = (text, absence);
            return;
        }
        let missed = History::new(MISSED_LINES, MISSED_BYTES);
        person.extras_mut().away = Some(Away {
            text,
            absence,
            missed,
        });
        self.list_away(peer);
    }

    /// A person is back. Returns what they were away with, if they were.
    pub(super) fn come_back(&mut self, peer: PeerId) -> Option<Away> {
        self.unlist_away(peer);
        self.roster.person_mut(peer)?.extras.as_mut()?.away.take()
    }

    /// Puts a person who is away on the list of their room, under the name they have.
    pub(super) fn list_away(&mut self, peer: PeerId) {
        if let Some(person) = self.roster.person(peer)
            && person.away().is_some()
            && let Some(room) = self.rooms.get_mut(person.room)
        {
            room.away.add(peer, &person.name);
        }
    }

    /// Takes a person off it: before they change name or room.
    pub(super) fn unlist_away(&mut self, peer: PeerId) {
        if let Some(person) = self.roster.person(peer) {
            strike_away(&mut self.rooms, peer, person);
        }
    }

    /// Keeps a line for those in the room whom it names and who are away, and tells its author that they are.
    pub(super) fn note_mentions(
        &mut self,
        caller: &Caller,
        text: &str,
        past: &Arc<Past>,
        effects: &mut Effects,
    ) {
        let Some(room) = self.rooms.get(caller.room) else {
            return;
        };
        if room.away.is_empty() {
            return;
        }
        let mut absent = Vec::new();
        for peer in self.named(&room.away, text) {
            if peer != caller.peer {
                absent.extend(self.note_missed(caller, peer, past));
            }
        }
        self.tell_away(caller, absent, effects);
    }

    /// Keeps a line for a person, if they are away and do not ignore its author. Returns their name if its author is to be
    /// told that they are.
    pub(super) fn note_missed(
        &mut self,
        caller: &Caller,
        to: PeerId,
        past: &Arc<Past>,
    ) -> Option<(Username, Option<Arc<str>>)> {
        if self.does_ignore(to, caller.peer) {
            return None;
        }
        let person = self.roster.person_mut(to)?;
        let name = person.name.clone();
        let away = person.away_mut()?;
        away.missed.push(caller.peer, past.clone());
        let (text, absence) = (away.text.clone(), away.absence);
        if self.does_ignore(caller.peer, to) {
            return None;
        }
        let now = self.seconds(caller.now);
        let told = &mut self.roster.person_mut(caller.peer)?.extras_mut().told;
        told.is_news(absence, now).then_some((name, text))
    }

    /// Tells the author of a line who of those whom it was for is away.
    pub(super) fn tell_away(
        &self,
        caller: &Caller,
        absent: Vec<(Username, Option<Arc<str>>)>,
        effects: &mut Effects,
    ) {
        let answer = match <[_; 1]>::try_from(absent) {
            Ok([(name, text)]) => Answer::Away(name, text),
            Err(absent) if absent.is_empty() => return,
            Err(absent) => {
                let shown = match absent.len() {
                    ..=AWAY_NAMED => AWAY_NAMED,
                    _ => AWAY_NAMED - 1,
                };
                let more = absent.len().saturating_sub(shown);
                let names = absent.into_iter().take(shown).map(|(name, _)| name);
                let names = names.collect();
                Answer::SeveralAway { names, more }
            }
        };
        effects.answer(caller.peer, answer);
    }

    /// Those of the people who are away whom a text names, in the order in which it does.
    fn named(&self, away: &AwayPeople, text: &str) -> Vec<PeerId> {
        let text = beginning(text);
        let mut folded = 0;
        let mut find = |word: &str| {
            let word = Some(word).filter(|_| folded < MENTION_BYTES);
            let word = Addressed::new(word?)?;
            folded += word.bytes();
            let people = away.0.get(&word.key())?.iter();
            let people = people.inspect(|_| tally::steps(1));
            let mut people = people.filter_map(|it| Some((*it, self.roster.person(*it)?)));
            let (peer, _) = people.find(|(_, person)| word.is_of(&person.name))?;
            Some(peer)
        };
        let mut known = HashSet::new();
        let mut named = Vec::new();
        let mut add = |peer: PeerId| {
            if known.insert(peer) {
                named.push(peer);
            }
        };
        for (_, word, bare) in words(text) {
            tally::steps(1);
            find(word).or_else(|| find(bare?)).map(&mut add);
        }
        if self.rules.anonymous {
            for (_, word) in addresses(text) {
                find(word).map(&mut add);
            }
        }
        named
    }
}

/// Takes a person off the list of their room, if they are away.
pub(super) fn strike_away(rooms: &mut Rooms, peer: PeerId, person: &Person) {
    if person.away().is_some()
        && let Some(room) = rooms.get_mut(person.room)
    {
        room.away.remove(peer, &person.name);
    }
}
