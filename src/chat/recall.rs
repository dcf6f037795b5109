//! What was said before, as people ask for it: from memory, and what is older from the file. The file is read by a worker;
//! the person who asked is held until it has answered.

use std::sync::Arc;
use std::time::Instant;

use crate::erasure::Erasure;
use crate::error::Unanswered;
use crate::id::PeerId;
use crate::limits::HISTORY_BYTES;
use crate::limits::past::{FOUND_LINES, SEARCH_INTERVAL, SEARCHES};
use crate::message::{
    AboutAccount, AboutInput, AboutPast, AboutReading, Answer, Before, ForProgram, Past, Request,
};
use crate::name::{RoomName, Username};
use crate::query::Query;
use crate::tally;

use super::event::{Effect, Effects};
use super::history;
use super::person::Place;
use super::{Caller, Finding, Hub, Question};

/// What the hub remembers of a person who reads the past.
#[derive(Debug, Default)]
pub(super) struct Recall {
    /// What their question is about, while it is out.
    asked: Option<Asked>,
    /// What `/more` shows.
    more: Option<Sought>,
    /// When they may search as often at once as anybody.
    rested: Option<Instant>,
}

/// Lines that somebody asks for.
#[derive(Debug, Clone)]
pub(super) struct Sought {
    pub(super) what: What,
    pub(super) before: Before,
    pub(super) count: usize,
}

#[derive(Debug, Clone)]
pub(super) enum What {
    /// The lines of this room.
    History(RoomName),
    /// The lines that a search finds from this room.
    Search(Query, RoomName),
}

/// How lines are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// As the last lines of a room, to a person who comes in. Nothing is said if there are none.
    Arrival,
    /// As the last lines of a room, to a person who asked for them.
    Last,
    /// As a page of lines.
    Page,
    /// As what was said behind this entry, to a member who was not here.
    Since(u64),
}

#[derive(Debug)]
struct Asked {
    /// The object that asked, if a program did.
    request: Option<Arc<Request>>,
    about: About,
}

#[derive(Debug)]
pub(super) enum About {
    Lines {
        sought: Sought,
        way: Way,
        /// The lines from memory that follow.
        newer: Vec<Arc<Past>>,
    },
    Seen,
    /// Something was done, and is to be confirmed.
    Confirmed(Answer),
    /// What was done to people.
    Audit,
}

impl Recall {
    /// Forgets the lines of an answer that an erasure takes back. Those of the file are asked about when they come.
    pub(super) fn erase(&mut self, erasure: &Erasure) {
        if let Some(Asked {
            about: About::Lines { newer, .. },
            ..
        }) = &mut self.asked
        {
            tally::steps(newer.len());
            newer.retain(|it| !erasure.meets(it));
        }
    }
}

/// Lines to show, the oldest first.
struct Found {
    lines: Vec<Arc<Past>>,
    /// Where older ones end, if there are any.
    older: Option<Before>,
}

impl Found {
    fn new(mut lines: Vec<Arc<Past>>, mut older: Option<Before>) -> Found {
        let mut bytes = 0;
        let fit = lines.iter().rev().take_while(|line| {
            bytes += history::size(&line.news).unwrap_or(0);
            bytes <= HISTORY_BYTES
        });
        let more = lines.len() - fit.count().max(usize::from(!lines.is_empty()));
        if more > 0 {
            lines.drain(..more);
            older = lines.first().map(|it| Before::Seq(it.seq));
        }
        Found { lines, older }
    }
}

/// What stands before lines, or in place of them if there are none.
fn header(what: &What, way: Way, found: &Found) -> Option<Answer> {
    Some(match (what, way, found.lines.len()) {
        (What::Search(query, _), _, count) => {
            let found = AboutPast::Found {
                count,
                has_more: found.older.is_some(),
                words: query.words().into(),
            };
            found.into()
        }
        (_, Way::Since(_), 0) => AboutAccount::NothingMissed.into(),
        (_, Way::Since(_), count) => AboutReading::History(count).into(),
        (_, Way::Arrival, 0) => return None,
        (_, Way::Last | Way::Page, 0) if found.older.is_some() => AboutPast::FurtherBack.into(),
        (_, Way::Last, 0) => AboutReading::NoHistory.into(),
        (_, Way::Page, 0) => AboutPast::NothingEarlier.into(),
        (_, Way::Arrival | Way::Last, count) => AboutReading::History(count).into(),
        (_, Way::Page, count) => AboutPast::Earlier(count).into(),
    })
}

impl Hub {
    /// Shows a person lines of the past, now or once the file has been read.
    pub(super) fn recall(&mut self, place: Place, sought: Sought, way: Way, effects: &mut Effects) {
        let (mut newer, in_file) = match &sought.what {
            What::Search(..) => (Vec::new(), Some(sought.before)),
            What::History(room) => {
                let room = self.rooms.find(room);
                let person = self.roster.get(place);
                let since = room.and_then(|it| self.reads_from(person?, it));
                let history = room.and_then(|it| Some(&self.rooms.get(it)?.history));
                // Nothing is read of a room that they may not read.
                let within = (since.unwrap_or(u64::MAX), sought.before);
                let count = sought.count.saturating_add(1);
                let sees = self.sees(place);
                let lines = history.map(|it| it.last_within(within, 0, count, sees));
                let in_file = history.and_then(|it| it.in_file(within));
                let in_file = in_file.filter(|_| since.is_some());
                (lines.unwrap_or_default(), in_file)
            }
        };
        let in_file = in_file.filter(|_| self.has_file);
        let missing = sought.count.saturating_sub(newer.len());
        if let (Some(before), 1..) = (in_file, missing) {
            let question = self.question(place, &sought.what, before, missing);
            let about = About::Lines { sought, way, newer };
            return self.ask_for(place, about, question, effects);
        }
        let is_more = newer.len() > sought.count;
        newer.drain(..usize::from(is_more));
        let oldest = newer.first().map(|it| Before::Seq(it.seq));
        let older = oldest.filter(|_| is_more || in_file.is_some());
        self.show(place, sought, way, Found::new(newer, older), effects);
    }

    /// Shows a person the next older lines of what they were shown last.
    pub(super) fn recall_more(&mut self, caller: &Caller, effects: &mut Effects) {
        let recall = self.recall_of(caller.place);
        let Some(sought) = recall.and_then(|it| it.more.clone()) else {
            return effects.answer(caller.peer, AboutPast::NothingMore);
        };
        if let What::History(room) = &sought.what
            && self.heard(caller.place, room).is_none()
        {
            return effects.answer(caller.peer, AboutPast::NothingMore);
        }
        if matches!(sought.what, What::Search(..)) && !self.may_search(caller, effects) {
            return;
        }
        self.recall(caller.place, sought, Way::Page, effects);
    }

    /// Searches for a person, unless they do so too often.
    pub(super) fn search(
        &mut self,
        caller: &Caller,
        typed: &str,
        before: Before,
        effects: &mut Effects,
    ) {
        if !self.has_file {
            return effects.answer(caller.peer, AboutPast::NothingKept);
        }
        let Some(person) = self.roster.get(caller.place) else {
            return;
        };
        let query = match Query::parse(typed, person.format.offset) {
            Ok(query) => query,
            Err(why) => return effects.answer(caller.peer, AboutPast::NoQuery(why)),
        };
        let here = self.room_name(caller.room);
        let (Some(here), true) = (here, self.may_search(caller, effects)) else {
            return;
        };
        let sought = Sought {
            what: What::Search(query, here),
            before,
            count: FOUND_LINES,
        };
        self.recall(caller.place, sought, Way::Page, effects);
    }

    /// Tells when somebody of a name that nobody has now was last here.
    pub(super) fn tell_seen(&mut self, caller: &Caller, name: Username, effects: &mut Effects) {
        match self.has_file {
            true => self.ask_for(caller.place, About::Seen, Question::Seen(name), effects),
            false => effects.answer(caller.peer, AboutPast::NothingKept),
        }
    }

    /// Acts on the answer to a peer's question.
    pub(super) fn answered(
        &mut self,
        peer: PeerId,
        finding: Result<&Finding, Unanswered>,
        effects: &mut Effects,
    ) {
        let place = self.roster.place_at(peer);
        let recall = place.and_then(|it| self.recall_of(it));
        let asked = recall.and_then(|it| it.asked.take());
        let (Some(place), Some(Asked { request, about })) = (place, asked) else {
            let why = finding.err().unwrap_or(Unanswered::Failed);
            return self.answer_and_prompt(peer, AboutInput::Unanswered(why), effects);
        };
        effects.set_request(request);
        match (about, finding) {
            (About::Lines { sought, way, newer }, Ok(Finding::Page(page))) => {
                let lines: Vec<Arc<Past>> = page.lines.iter().cloned().chain(newer).collect();
                let older = page.older.map(Before::Id);
                self.show(place, sought, way, Found::new(lines, older), effects);
            }
            (About::Seen, Ok(Finding::Seen(seen))) => {
                effects.answer(peer, AboutPast::Seen(seen.clone()));
            }
            (About::Confirmed(answer), finding) => {
                self.confirmed(peer, answer, finding, effects);
            }
            (About::Audit, Ok(Finding::Audit(rows))) => self.show_audit(peer, rows, effects),
            (about, finding) => self.not_found(place, peer, about, finding, effects),
        }
        effects.set_request(None);
    }

    /// The file could not answer: shows what memory has of it, and why there is no more.
    fn not_found(
        &mut self,
        place: Place,
        peer: PeerId,
        about: About,
        finding: Result<&Finding, Unanswered>,
        effects: &mut Effects,
    ) {
        if let About::Lines { sought, way, newer } = about
            && way != Way::Page
            && !newer.is_empty()
        {
            self.show(place, sought, way, Found::new(newer, None), effects);
        }
        match finding {
            Ok(Finding::TooMuch) => effects.answer(peer, AboutPast::TooMuch),
            Ok(Finding::Behind) => effects.answer(peer, AboutPast::Behind),
            Ok(_) => effects.answer(peer, AboutInput::Unanswered(Unanswered::Failed)),
            Err(why) => effects.answer(peer, AboutInput::Unanswered(why)),
        }
    }

    /// Leaves out lines that somebody may not read any more. They may have been sent out of the room since they asked, or
    /// lines may have been taken back.
    fn keep_readable(&self, place: Place, lines: &mut Vec<Arc<Past>>) {
        if let Some(person) = self.roster.get(place) {
            lines.retain(|it| self.may_read(person, it) && !self.is_erased(it));
        }
    }

    /// Shows a person lines, and remembers how to show older ones.
    fn show(
        &mut self,
        place: Place,
        sought: Sought,
        way: Way,
        mut found: Found,
        effects: &mut Effects,
    ) {
        self.keep_readable(place, &mut found.lines);
        let Some(person) = self.roster.get_mut(place) else {
            return;
        };
        if let Way::Since(since) = way {
            let before = found.lines.len();
            found.lines.retain(|it| it.seq > since);
            found.older = found.older.filter(|_| found.lines.len() == before);
        }
        let is_program = person.is_program();
        let is_short = found.lines.len() < sought.count;
        let more = found.older.map(|before| Sought {
            what: sought.what.clone(),
            before,
            count: FOUND_LINES,
        });
        if more.is_some() || person.extras.is_some() {
            person.extras_mut().recall.get_or_insert_default().more = more;
        }
        let Some(peer) = self.roster.get(place).and_then(|it| self.roster.peer(it)) else {
            return;
        };
        if is_program && way == Way::Page {
            let room = match sought.what {
                What::History(room) => Some(room),
                What::Search(..) => None,
            };
            let page = ForProgram::Lines {
                room,
                has_more: found.older.is_some(),
                lines: found.lines,
            };
            return effects.tell(peer, page);
        }
        let is_cut = matches!(way, Way::Since(_) | Way::Page) || is_short;
        let end = match found.older.filter(|_| is_cut) {
            Some(_) => AboutPast::More.into(),
            None => AboutReading::End.into(),
        };
        let Some(header) = header(&sought.what, way, &found) else {
            return;
        };
        effects.answer(peer, header);
        if !found.lines.is_empty() {
            self.show_past(place, found.lines, end, effects);
        }
    }

    /// Asks the file something for a person, who has no other question out.
    pub(super) fn ask_for(
        &mut self,
        place: Place,
        about: About,
        question: Question,
        effects: &mut Effects,
    ) {
        let Some(person) = self.roster.get_mut(place) else {
            return;
        };
        let request = effects.request();
        let recall = person.extras_mut().recall.get_or_insert_default();
        recall.asked = Some(Asked { request, about });
        if let Some(peer) = self.roster.get(place).and_then(|it| self.roster.peer(it)) {
            effects.push(Effect::Ask { peer, question });
        }
    }

    fn question(&self, place: Place, what: &What, before: Before, count: usize) -> Question {
        let mut unseen = self.unseen(place);
        self.hide_rooms(place, &mut unseen);
        match what.clone() {
            What::History(room) => Question::History {
                room,
                before,
                count,
                unseen,
            },
            What::Search(query, here) => Question::Search {
                query,
                here,
                before,
                count,
                unseen,
            },
        }
    }

    /// Whether a person may search now. If not, tells them when they may. It is a bucket of [`SEARCHES`], one of which
    /// comes back each [`SEARCH_INTERVAL`], kept as the one time at which it will be full.
    fn may_search(&mut self, caller: &Caller, effects: &mut Effects) -> bool {
        let now = caller.now.instant;
        let Some(person) = self.roster.get_mut(caller.place) else {
            return false;
        };
        let recall = person.extras_mut().recall.get_or_insert_default();
        let rested = recall.rested.unwrap_or(now).max(now) + SEARCH_INTERVAL;
        let wait = rested.saturating_duration_since(now + SEARCH_INTERVAL * SEARCHES);
        if wait.is_zero() {
            recall.rested = Some(rested);
            return true;
        }
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        effects.answer(caller.peer, AboutPast::TooManySearches(seconds));
        false
    }

    /// Whether a person waits for the answer to a question.
    pub(super) fn is_asking(&mut self, place: Place) -> bool {
        self.recall_of(place).is_some_and(|it| it.asked.is_some())
    }

    fn recall_of(&mut self, place: Place) -> Option<&mut Recall> {
        let extras = self.roster.get_mut(place)?.extras.as_mut()?;
        extras.recall.as_deref_mut()
    }
}
