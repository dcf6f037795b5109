//! What people ask about the past. What memory has of it is taken when they ask, the rest when the file is read.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::account::Secret;
use crate::id::{PeerId, PersonId};
use crate::limits::REPLAYED_LINES;
use crate::limits::past::{FOUND_LINES, HISTORY_SHOWN, LINES_ANSWERED, SEARCH_INTERVAL, SEARCHES};
use crate::message::{AboutPast, Answer, Before, Request, Seen};
use crate::name::{RoomName, Username};
use crate::query::{self, InvalidQuery, Query};

use super::commands::Typed;
use super::members::Facts;
use super::reading::Page;
use super::{Line, Model, Person, words};

/// What somebody asked a worker, and waits for.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) what: Question,
    pub(super) since: Instant,
    /// The object that asked.
    pub(super) request: Option<Arc<Request>>,
}

#[derive(Debug)]
pub(super) enum Question {
    Echo(String),
    Lines {
        sought: Box<Sought>,
        way: Way,
        newer: Vec<Line>,
        /// Where the lines of the file end, and how many are asked for.
        before: Before,
        count: usize,
        eyes: Eyes,
        found: Option<Found<Page>>,
    },
    Seen(Username, Option<Found<Option<Seen>>>),
    /// Whether the file has what was done, which the answer says.
    Kept(Box<Answer>, Option<Found<()>>),
    Verify {
        account: u64,
        changed: u64,
        password: Secret,
        found: Option<Found<Option<Box<Facts>>>>,
    },
    Hash(Secret),
}

/// What the file had.
#[derive(Debug, Clone)]
pub(super) enum Found<T> {
    This(T),
    Behind,
}

/// Lines that somebody wants to see.
#[derive(Debug, Clone)]
pub(super) struct Sought {
    pub(super) what: What,
    pub(super) before: Before,
    pub(super) count: usize,
}

#[derive(Debug, Clone)]
pub(super) enum What {
    History(RoomName),
    Search(Query, RoomName),
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Way {
    Arrival,
    Last,
    Page,
}

/// Whose lines somebody does not see.
#[derive(Debug, Clone, Default)]
pub(super) struct Eyes {
    ignores: Vec<(PersonId, Username)>,
    /// The others who are here, and the names that they have.
    others: Vec<(Username, PersonId)>,
    /// The rooms that they may not read, or only from an entry on.
    pub(super) rooms: Vec<(RoomName, Option<u64>)>,
}

impl Eyes {
    /// Not a line of those whom they ignore, nor one of an ignored name, unless its author has that name now and is not
    /// ignored.
    pub(super) fn see(&self, line: &Line) -> bool {
        let Some(name) = &line.name else {
            return true;
        };
        let author = line.entry.author;
        let mut others = self.others.iter();
        let is_other = others.any(|(it, person)| it == name && *person == author);
        let mut ignores = self.ignores.iter();
        !ignores.any(|(person, it)| *person == author || it == name && !is_other)
    }
}

impl Asked {
    pub(super) fn echo(line: &str, since: Instant) -> Asked {
        Asked {
            what: Question::Echo(line.into()),
            since,
            request: None,
        }
    }
}

impl Model {
    pub(super) fn eyes(&self, peer: PeerId) -> Eyes {
        let me = self.person(peer);
        let ignores = me.ignores.iter();
        let others = self.people.iter();
        let others = others.filter(|it| it.name.is_some() && !me.does_ignore(it.peer));
        Eyes {
            ignores: ignores.map(|it| (it.person, it.name.clone())).collect(),
            others: others.map(|it| (it.name().clone(), it.id())).collect(),
            rooms: self.unread_rooms(me),
        }
    }

    /// `/history [N] [before DATE]`.
    pub(super) fn history(&mut self, typed: &Typed, args: &str) {
        let first = args.split_whitespace().next().unwrap_or("");
        let is_before = |text: &str| {
            let begin = text.split_once(char::is_whitespace);
            let begin = begin.filter(|(word, _)| word.eq_ignore_ascii_case("before"));
            begin.map(|(_, date)| date.trim().to_string())
        };
        let rest = args[first.len()..].trim_start();
        let (count, date) = match (is_before(args), is_before(rest)) {
            (Some(date), _) => ("", Some(date)),
            (None, Some(date)) => (first, Some(date)),
            (None, None) => (args, None),
        };
        let count = match count {
            "" => Some(REPLAYED_LINES),
            count => count.parse().ok().filter(|count| *count > 0),
        };
        let Some(count) = count else {
            return self.misused(typed.peer, "/history");
        };
        let offset = self.person(typed.peer).format.offset;
        let (before, way) = match date {
            None => (Before::End, Way::Last),
            Some(date) => match query::time(&date, offset) {
                Some(at) => (Before::At(at), Way::Page),
                None => {
                    let why = InvalidQuery::Date(words::shorten(&date));
                    return self.answer(typed.peer, AboutPast::NoQuery(why));
                }
            },
        };
        let sought = Sought {
            what: What::History(self.room(typed.room).name.clone()),
            before,
            count: count.min(HISTORY_SHOWN),
        };
        self.recall(typed.peer, sought, way);
    }

    /// A program asks for lines of a room.
    pub(super) fn history_of(
        &mut self,
        typed: &Typed,
        room: usize,
        before: Option<u64>,
        count: Option<u64>,
    ) {
        let count = count.map_or(FOUND_LINES, |it| it as usize);
        let sought = Sought {
            what: What::History(self.room(room).name.clone()),
            before: before.map_or(Before::End, Before::Seq),
            count: count.min(LINES_ANSWERED),
        };
        self.recall(typed.peer, sought, Way::Page);
    }

    pub(super) fn search(&mut self, typed: &Typed, words: &str, before: Option<u64>) {
        if self.file.is_none() {
            return self.answer(typed.peer, AboutPast::NothingKept);
        }
        let offset = self.person(typed.peer).format.offset;
        let query = match Query::parse(words, offset) {
            Ok(query) => query,
            Err(why) => return self.answer(typed.peer, AboutPast::NoQuery(why)),
        };
        if !self.may_search(typed) {
            return;
        }
        let here = self.room(typed.room).name.clone();
        let sought = Sought {
            what: What::Search(query, here),
            before: before.map_or(Before::End, Before::Seq),
            count: FOUND_LINES,
        };
        self.recall(typed.peer, sought, Way::Page);
    }

    pub(super) fn more(&mut self, typed: &Typed) {
        let Some(sought) = self.person(typed.peer).more.clone() else {
            return self.answer(typed.peer, AboutPast::NothingMore);
        };
        match &sought.what {
            What::History(room) if self.find_own(typed.peer, room).is_none() => {
                return self.answer(typed.peer, AboutPast::NothingMore);
            }
            What::Search(..) if !self.may_search(typed) => return,
            _ => {}
        }
        self.recall(typed.peer, sought, Way::Page);
    }

    pub(super) fn seen(&mut self, typed: &Typed, args: &str) {
        let here = self.find(args).map(|(_, name)| name);
        match (here, Username::parse_any(args)) {
            (Some(name), _) => self.answer(typed.peer, AboutPast::Here(name)),
            (None, None) => self.answer(typed.peer, AboutPast::Seen(None)),
            (None, Some(_)) if self.file.is_none() => {
                self.answer(typed.peer, AboutPast::NothingKept);
            }
            (None, Some(name)) => self.ask(typed.peer, Question::Seen(name, None)),
        }
    }

    /// Each search takes an interval, and nobody may be ahead by more than so many of them.
    fn may_search(&mut self, typed: &Typed) -> bool {
        let now = typed.now.instant;
        let me = self.person_mut(typed.peer);
        let (taken, since) = me.searches.unwrap_or((Duration::ZERO, now));
        let taken = taken.saturating_sub(now.duration_since(since)) + SEARCH_INTERVAL;
        let over = taken.saturating_sub(SEARCH_INTERVAL * SEARCHES);
        if over.is_zero() {
            me.searches = Some((taken, now));
            return true;
        }
        let seconds = over.as_nanos().div_ceil(1_000_000_000) as u64;
        self.answer(typed.peer, AboutPast::TooManySearches(seconds));
        false
    }

    /// Whoever comes into a room for the first time reads its last lines, if need be from the file. Returns whether so.
    pub(super) fn arrive_by_file(&mut self, peer: PeerId, room: usize) -> bool {
        let room = self.room(room);
        let is_only_there = room.history.is_cut && room.history.lines.is_empty();
        if self.file.is_none() || !is_only_there {
            return false;
        }
        let sought = Sought {
            what: What::History(room.name.clone()),
            before: Before::End,
            count: REPLAYED_LINES,
        };
        self.recall(peer, sought, Way::Arrival);
        true
    }

    fn recall(&mut self, peer: PeerId, sought: Sought, way: Way) {
        let eyes = self.eyes(peer);
        let (mut newer, older) = match &sought.what {
            What::Search(..) => (Vec::new(), Some(sought.before)),
            What::History(name) => self.remembered(name, &eyes, sought.before),
        };
        let older = older.filter(|_| self.file.is_some());
        let has_more = newer.len() > sought.count;
        newer.drain(..newer.len().saturating_sub(sought.count));
        let count = sought.count - newer.len();
        match older {
            Some(before) if count > 0 => self.ask(
                peer,
                Question::Lines {
                    sought: sought.into(),
                    way,
                    newer,
                    before,
                    count,
                    eyes,
                    found: None,
                },
            ),
            older => {
                let first = newer.first().map(|it| Before::Seq(it.entry.seq));
                let older = first.filter(|_| has_more || older.is_some());
                self.show(peer, sought, way, newer, older);
            }
        }
    }

    /// The lines of a room in memory that somebody sees, and where those end that are not there any more.
    fn remembered(
        &self,
        room: &RoomName,
        eyes: &Eyes,
        before: Before,
    ) -> (Vec<Line>, Option<Before>) {
        let mut rooms = self.rooms.iter().flatten();
        let Some(room) = rooms.find(|it| it.name == *room) else {
            return (Vec::new(), None);
        };
        let Some(since) = eyes.reads_from(&room.name) else {
            return (Vec::new(), None);
        };
        let all = &room.history.lines;
        let lines = all.iter().filter(|it| it.is_before(before) && eyes.see(it));
        let lines = lines.filter(|it| it.entry.seq >= since);
        if all.first().is_some_and(|it| it.entry.seq < since) {
            return (lines.cloned().collect(), None);
        }
        let first = all.first().filter(|it| it.is_before(before));
        let older = first.map_or(before, |it| Before::Seq(it.entry.seq));
        (
            lines.cloned().collect(),
            room.history.is_cut.then_some(older),
        )
    }

    pub(super) fn ask(&mut self, peer: PeerId, what: Question) {
        let asked = Asked {
            what,
            since: self.now.expect("something has happened"),
            request: self.request.clone(),
        };
        if self.person_mut(peer).asked.replace(asked).is_some() {
            self.hurried.push(peer);
        }
    }
}

impl Person {
    /// Since when they wait for an answer.
    pub(super) fn waits_since(&self) -> Option<Instant> {
        self.asked.as_ref().map(|it| it.since)
    }
}
