//! Taking back what somebody said: from all that memory has of it at once, and from the file when its writer gets to it.

use std::sync::Arc;

use crate::account::Rank;
use crate::erasure::{Erasure, Whose, messages};
use crate::id::RoomId;
use crate::limits::order::{ERASURE_REMEMBERED, ERASURES, SEQS_TOLD};
use crate::message::{AboutOrder, Answer, Audit, KeepOrder, News, Past, Waiting};
use crate::name::{RoomName, Username};
use crate::sanction::Target;
use crate::tally;

use super::{audit, millis};
use crate::chat::event::Effects;
use crate::chat::person::{Person, Place};
use crate::chat::{Author, Hub};

impl Hub {
    /// Whose words a typed name means. Nobody needs to have it now.
    pub(in crate::chat) fn whose(&self, typed: &str) -> Option<Whose> {
        let name = Username::parse_any(typed)?;
        if let Some(person) = self.roster.find(&name).and_then(|it| self.roster.get(it)) {
            return Some(Whose {
                account: self.account_of(person).map(|it| it.id),
                person: Some(person.id),
                name: person.name.clone(),
            });
        }
        // One that has no owner any more has lines all the same.
        let account = self.accounts.find(&name);
        let account = account.and_then(|it| self.accounts.get(it));
        Some(Whose {
            account: account.map(|it| it.id),
            person: None,
            name: account.map_or(name, |it| it.name.clone()),
        })
    }

    /// Whether somebody may take back those words: in the room that they keep, if they have more to say there than the
    /// other; an operator everywhere.
    pub(in crate::chat) fn may_erase(
        &self,
        by: Place,
        whose: &Whose,
        room: Option<&RoomName>,
    ) -> Result<(), Answer> {
        let person = self.roster.get(by);
        let Some(room) = room else {
            return match person.is_some_and(|it| self.is_operator(it)) {
                true => Ok(()),
                false => Err(AboutOrder::NotAllowed(Rank::Operator).into()),
            };
        };
        let own = person.and_then(|it| self.account_of(it)).map(|it| it.id);
        let target = match whose.account.filter(|it| Some(*it) != own) {
            Some(account) => Target::Account(account),
            None => Target::Name(whose.name.clone()),
        };
        self.may_keep_out(by, room, &target).map(|_| ())
    }

    /// Takes back what somebody said.
    pub(super) fn erase(&mut self, author: &Author, it: Erasure, effects: &mut Effects) {
        if let Err(why) = self.may_erase(author.place, &it.whose, it.room.as_ref()) {
            return effects.answer(author.peer, why);
        }
        let mut count = self.erase_asleep(&it);
        for (room, seqs) in self.erase_in_rooms(&it) {
            count += seqs.len();
            tell_erased(author, room, &it.whose.name, &seqs, effects);
        }
        self.erase_copies(&it, effects);
        let topics = self.erase_topics(author, &it, effects);
        let done = Audit {
            whom: Some(it.whose.name.as_str().into()),
            room: it.room.clone(),
            reason: Some(messages(count as u64).into()),
            ..audit(author, "erase")
        };
        self.keep_audit(done, effects);
        self.keep_order(KeepOrder::Erase(it.clone()), effects);
        let answer = AboutOrder::Erased {
            whose: it.whose.name.clone(),
            room: it.room.clone(),
            count,
            topics,
        };
        self.note_erasure(it, author.at);
        self.confirm(author, answer, effects);
    }

    /// Takes lines out of the history of the rooms. Returns their numbers, if there are any.
    fn erase_in_rooms(&mut self, it: &Erasure) -> Vec<(RoomId, Vec<u64>)> {
        let ids: Vec<RoomId> = self.rooms.iter().map(|(id, _)| id).collect();
        let mut found = Vec::new();
        for id in ids {
            let room = self.rooms.get_mut(id);
            let seqs = room.map(|room| room.history.erase(it)).unwrap_or_default();
            if !seqs.is_empty() {
                found.push((id, seqs));
            }
        }
        found
    }

    /// The same in rooms that nobody has come into since the start. Returns how many lines there were.
    fn erase_asleep(&mut self, it: &Erasure) -> usize {
        let mut count = 0;
        for page in self.rooms.asleep_mut().into_iter().map(|it| &mut it.page) {
            let Some(page) = page else { continue };
            let before = page.lines.len();
            tally::steps(before);
            page.lines.retain(|line| !it.meets(line));
            count += before - page.lines.len();
        }
        count
    }

    /// How many lines memory has that would be taken back, and whether the file may have others.
    pub(in crate::chat) fn erasable(&self, it: &Erasure) -> (usize, bool) {
        let is_meant = |name: &RoomName| it.room.as_ref().is_none_or(|room| room == name);
        let (mut count, mut in_file) = (0, false);
        for (_, room) in self.rooms.iter().filter(|(_, room)| is_meant(&room.name)) {
            count += room.history.count(it);
            in_file |= self.has_file && room.history.is_cut();
        }
        for room in self.rooms.asleep().filter(|room| is_meant(&room.name)) {
            let lines = room.page.iter().flat_map(|page| &page.lines);
            count += lines
                .inspect(|_| tally::steps(1))
                .filter(|line| it.meets(line))
                .count();
            in_file |= room.page.as_ref().is_none_or(|page| page.older.is_some());
        }
        (count, in_file)
    }

    /// Clears topics, and tells their rooms. Returns how many there were. The file loses them with their lines.
    fn erase_topics(&mut self, author: &Author, it: &Erasure, effects: &mut Effects) -> usize {
        let is_gone =
            |line: &Option<Arc<Past>>| line.as_ref().is_some_and(|line| it.meets_topic(line));
        let mut count = 0;
        for room in self.rooms.asleep_mut() {
            if is_gone(&room.topic_line) {
                (room.topic, room.topic_line) = (None, None);
                count += 1;
            }
        }
        let rooms = self
            .rooms
            .iter()
            .filter(|(_, room)| room.topic.is_some() && is_gone(&room.topic_line));
        let ids: Vec<RoomId> = rooms.map(|(id, _)| id).collect();
        for id in &ids {
            if let Some(room) = self.rooms.get_mut(*id) {
                (room.topic, room.topic_line) = (None, None);
            }
            let (by, topic) = (author.name.clone(), None);
            effects.tell_room(*id, None, Vec::new(), News::TopicSet { by, topic });
            self.rooms.end_if_over(*id);
        }
        count + ids.len()
    }

    /// Takes lines out of what is kept for people, and why they are away.
    fn erase_copies(&mut self, it: &Erasure, effects: &mut Effects) {
        let people = self.roster.people().inspect(|_| tally::steps(1));
        let with_extras = people.filter(|(_, person)| person.extras.is_some());
        let places: Vec<Place> = with_extras.map(|(place, _)| place).collect();
        for place in places {
            self.erase_away(place, it, effects);
            let person = self.roster.get_mut(place);
            let Some(extras) = person.and_then(|it| it.extras.as_mut()) else {
                continue;
            };
            if let Some(away) = &mut extras.away {
                away.missed.erase(it);
            }
            if let Some(lost) = &mut extras.lost {
                lost.erase(it);
            }
            if let Some(privates) = &mut extras.privates {
                privates.erase(it);
            }
            if let Some(repeats) = &mut extras.repeats {
                repeats.erase(it);
            }
            if let Some(recall) = &mut extras.recall {
                recall.erase(it);
            }
        }
    }

    /// Forgets why somebody is away. They are away all the same.
    fn erase_away(&mut self, place: Place, it: &Erasure, effects: &mut Effects) {
        let Some(person) = self.roster.get(place) else {
            return;
        };
        let account = self.account_of(person).map(|it| it.id);
        let is_gone = person.away().is_some_and(|away| {
            let who = (person.id, account, &person.name);
            away.text.is_some() && it.meets_away(away.absence, who)
        });
        if !is_gone {
            return;
        }
        if let Some(away) = self.roster.get_mut(place).and_then(Person::away_mut) {
            away.text = None;
        }
        self.tell_of_absence(place, true, None, effects);
    }

    /// Remembers an erasure for as long as the file may have been asked before it.
    fn note_erasure(&mut self, it: Erasure, at: i64) {
        let erased = &mut self.order.erased;
        let is_over = |then: i64| at.saturating_sub(then) > millis(ERASURE_REMEMBERED);
        while erased.len() >= ERASURES || erased.front().is_some_and(|(then, _)| is_over(*then)) {
            erased.pop_front();
        }
        erased.push_back((at, it));
    }

    /// Whether a line that the file had is taken back by now.
    pub(in crate::chat) fn is_erased(&self, past: &Past) -> bool {
        self.order.erased.iter().any(|(_, it)| it.meets(past))
    }

    /// The same of a message that waited.
    pub(in crate::chat) fn is_waiting_erased(&self, waiting: &Waiting) -> bool {
        let mut erased = self.order.erased.iter();
        erased.any(|(_, it)| it.meets_waiting(waiting))
    }
}

/// Tells a room which lines are gone. People read it once; programs read all numbers.
fn tell_erased(
    author: &Author,
    room: RoomId,
    whose: &Username,
    seqs: &[u64],
    effects: &mut Effects,
) {
    let mut count = Some(seqs.len());
    for some in seqs.chunks(SEQS_TOLD) {
        let news = News::Erased {
            whose: whose.clone(),
            by: author.name.clone(),
            count: count.take(),
            seqs: Arc::from(some),
        };
        effects.tell_room(room, None, Vec::new(), news);
    }
}
