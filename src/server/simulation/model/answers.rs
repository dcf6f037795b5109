//! The answers to what people ask about the past: what the file has at the moment at which it is read, and how it is shown.

use std::sync::Arc;

use crate::chat::Finding;
use crate::error::Unanswered;
use crate::id::PeerId;
use crate::limits::HISTORY_BYTES;
use crate::limits::past::FOUND_LINES;
use crate::message::{
    AboutInput, AboutOrder, AboutPast, AboutReading, Answer, Before, ForProgram, Past, Seen,
};
use crate::query::Place;
use crate::server::simulation::sightings::Sight;

use super::past::{Eyes, Found, Question, Sought, Way, What};
use super::reading::Page;
use super::rows::Shelved;
use super::words_found::finds;
use super::{Line, Model};

/// Whether the file is behind what was asked.
fn is_behind(what: &Question) -> bool {
    matches!(
        what,
        Question::Lines {
            found: Some(Found::Behind),
            ..
        } | Question::Seen(_, Some(Found::Behind))
    )
}

impl Line {
    pub(super) fn past(&self) -> Arc<Past> {
        Arc::new(Past {
            seq: self.entry.seq,
            at: self.entry.at,
            author: self.entry.author,
            account: None,
            room: self.room.clone(),
            news: self.news.clone(),
        })
    }

    pub(super) fn is_before(&self, before: Before) -> bool {
        match before {
            Before::End => true,
            Before::Seq(seq) => self.entry.seq < seq,
            Before::At(at) => self.entry.at < at,
            Before::Id(_) => false,
        }
    }
}

impl Model {
    /// A worker reads the file now, for somebody who waits.
    pub(in crate::server::simulation) fn look(&mut self, peer: PeerId) {
        let asked = self.person_mut(peer).asked.take();
        let mut asked = asked.expect("they wait");
        match &mut asked.what {
            Question::Echo(_) | Question::Hash(_) => {}
            Question::Kept(_, found) => {
                let file = self.file.as_ref().expect("it is asked");
                *found = Some(match file.is_all_kept() {
                    true => Found::This(()),
                    false => Found::Behind,
                });
            }
            Question::Verify {
                account,
                changed,
                password,
                found,
            } => {
                let file = self.file.as_ref().expect("it is asked");
                *found = Some(file.check(*account, *changed, password));
            }
            Question::Lines {
                sought,
                before,
                count,
                eyes,
                found,
                ..
            } => *found = Some(self.look_for(&sought.what, *before, *count, eyes)),
            Question::Seen(name, found) => {
                let file = self.file.as_ref().expect("it is asked");
                let seen = file.last_seen(name).map(|(name, at)| Seen { name, at });
                *found = Some(match file.is_settled() {
                    true => Found::This(seen),
                    false => Found::Behind,
                });
            }
        }
        self.person_mut(peer).asked = Some(asked);
    }

    fn look_for(&self, what: &What, before: Before, count: usize, eyes: &Eyes) -> Found<Page> {
        let file = self.file.as_ref().expect("it is asked");
        if !file.is_settled() {
            return Found::Behind;
        }
        let (end, life) = (file.end(before), |name| self.life_of(name));
        Found::This(match what {
            What::History(room) => {
                let life = life(room).filter(|_| eyes.reads_from(room).is_some());
                let gap = life.and_then(|it| file.untold(it));
                let gap = gap.filter(|it| it.is_before(before) && eyes.may_read(it));
                let count = count - gap.iter().len();
                let mut page = file.page(eyes, end, count, |it| {
                    Some(it.life) == life && (it.is_talk() || it.is_gap())
                });
                page.lines.extend(gap);
                page
            }
            What::Search(query, here) => {
                let life = match &query.place {
                    Place::Here => Some(life(here)),
                    Place::Room(room) => Some(life(room)),
                    Place::Everywhere => None,
                };
                let is_there = |it: &Shelved| match life {
                    Some(life) => life == Some(it.life),
                    None => !file.has_ended(it.life),
                };
                let until = query.before.map_or(end, |at| file.first_from(at).min(end));
                let from = query.after.map_or(0, |at| file.first_from(at));
                file.page(eyes, until, count, |it| {
                    is_there(it) && finds(query, it) && file.is_behind(it, from)
                })
            }
        })
    }

    /// Somebody has their answer, or none will come.
    pub(super) fn answered(&mut self, peer: PeerId, finding: &Result<Finding, Unanswered>) {
        let asked = self.person_mut(peer).asked.take().expect("they had asked");
        self.request = asked.request;
        let refusal: Answer = match (finding, asked.what) {
            (Ok(Finding::Kept), Question::Kept(answer, Some(Found::This(())))) => *answer,
            (Ok(Finding::Behind), Question::Kept(answer, Some(Found::Behind)))
            | (Err(_), Question::Kept(answer, _)) => {
                self.answer(peer, *answer);
                AboutOrder::NotOnDisk.into()
            }
            (Err(why), what) => {
                self.show_newer(peer, what);
                AboutInput::Unanswered(*why).into()
            }
            (
                Ok(Finding::Page(read)),
                Question::Lines {
                    sought,
                    way,
                    newer,
                    found,
                    ..
                },
            ) => {
                let Some(Found::This(mut page)) = found else {
                    panic!("{peer} reads {finding:?}, not {found:?}");
                };
                self.note_sights(peer, &sought, way, &page);
                let there: Vec<_> = read.lines.iter().map(|it| &it.news).collect();
                let owed: Vec<_> = page.lines.iter().map(|it| &it.news).collect();
                assert_eq!(
                    (there, read.older),
                    (owed, page.older),
                    "{peer} and {sought:?}"
                );
                page.lines.extend(newer);
                self.show(peer, *sought, way, page.lines, page.older.map(Before::Id));
                self.request = None;
                return;
            }
            (Ok(Finding::Seen(_)), Question::Seen(_, Some(Found::This(seen)))) => {
                AboutPast::Seen(seen).into()
            }
            (Ok(Finding::Behind), what) => {
                assert!(is_behind(&what), "{peer} is told so, not {what:?}");
                self.show_newer(peer, what);
                AboutPast::Behind.into()
            }
            (finding, what) => panic!("{peer} was told {finding:?}, and had asked {what:?}"),
        };
        self.answer(peer, refusal);
        self.request = None;
    }

    fn note_sights(&mut self, peer: PeerId, sought: &Sought, way: Way, page: &Page) {
        self.seen.add(Sight::Unseen, page.hides.into());
        self.seen.add(Sight::NotRead, page.locks.into());
        if page.lines.is_empty() {
            return;
        }
        let is_more = sought.before != Before::End;
        let is_program = self.person(peer).is_program();
        let (is_found, is_former) = match &sought.what {
            What::Search(..) => (true, false),
            What::History(room) => {
                let (file, life) = (self.file.as_ref(), self.life_of(room));
                let both = file.zip(life);
                (
                    false,
                    both.is_some_and(|(file, life)| file.has_former(life, room)),
                )
            }
        };
        let is_page = way != Way::Arrival && !is_found;
        for (sight, is_so) in [
            (Sight::Former, is_former),
            (Sight::Arrival, way == Way::Arrival),
            (Sight::FilePage, is_page),
            (Sight::Found, is_found),
            (Sight::MoreFound, is_found && is_more),
            (Sight::ProgramFound, is_found && is_program),
            (Sight::ProgramHistory, is_page && is_program),
        ] {
            self.seen.add(sight, is_so.into());
        }
    }

    /// Shows what memory has of what was asked for.
    fn show_newer(&mut self, peer: PeerId, what: Question) {
        match what {
            Question::Lines {
                sought, way, newer, ..
            } if way != Way::Page && !newer.is_empty() => {
                self.show(peer, *sought, way, newer, None);
            }
            _ => {}
        }
    }

    /// Shows lines, the newest that fit, and remembers where older ones are.
    pub(super) fn show(
        &mut self,
        peer: PeerId,
        sought: Sought,
        way: Way,
        mut lines: Vec<Line>,
        mut older: Option<Before>,
    ) {
        while lines.len() > 1 && lines.iter().map(Line::size).sum::<usize>() > HISTORY_BYTES {
            lines.remove(0);
            older = Some(Before::Seq(lines[0].entry.seq));
        }
        self.person_mut(peer).more = older.map(|before| Sought {
            what: sought.what.clone(),
            before,
            count: FOUND_LINES,
        });
        let hidden = lines.len();
        lines.retain(|it| self.may_read(peer, it));
        self.seen.add(Sight::HiddenMeanwhile, hidden - lines.len());
        let (count, has_more) = (lines.len(), older.is_some());
        if self.person(peer).is_program() && way == Way::Page {
            let room = match sought.what {
                What::History(room) => Some(room),
                What::Search(..) => None,
            };
            let lines = lines.iter().map(Line::past).collect();
            return self.tell(
                peer,
                ForProgram::Lines {
                    room,
                    lines,
                    has_more,
                },
            );
        }
        let title: Answer = match (&sought.what, way) {
            (_, Way::Arrival) if count == 0 => return,
            (What::History(_), _) if count == 0 && has_more => AboutPast::FurtherBack.into(),
            (_, Way::Last) if count == 0 => AboutReading::NoHistory.into(),
            (_, Way::Arrival | Way::Last) => AboutReading::History(count).into(),
            (What::History(_), Way::Page) if count == 0 => AboutPast::NothingEarlier.into(),
            (What::History(_), Way::Page) => AboutPast::Earlier(count).into(),
            (What::Search(query, _), Way::Page) => AboutPast::Found {
                count,
                has_more,
                words: query.words().into(),
            }
            .into(),
        };
        self.answer(peer, title);
        let end = match has_more && (way == Way::Page || count < sought.count) {
            true => AboutPast::More.into(),
            false => AboutReading::End.into(),
        };
        if count > 0 {
            self.show_lines(peer, &lines, end);
        }
    }
}
