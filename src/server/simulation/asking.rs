//! Workers that answer by the dice: late, out of order, or never, and at times they are full or gone.
//!
//! A client asks by a line that exists in the tests alone: `/ask LINE` has a worker give the line back, which is then taken in
//! as if it had been typed: a name, something said, another question. The model knows who waits for what. So an answer that is
//! lost, told twice or told to somebody else is found, and so is somebody who is not held, or held for ever.

use std::iter;

use crate::chat::{Finding, Question};
use crate::dice::Dice;
use crate::error::Unanswered;
use crate::id::PeerId;
use crate::server::Job;
use crate::work::Jobs;

use super::model::Model;
use super::play_all;
use super::stage::{Checked, Stage};
#[cfg(feature = "store")]
use super::storing::Shelf;
use super::story::Kind;

/// Seeds of an ordinary run.
const SEEDS: u64 = 32;

/// What stands in the place of a worker's thread.
pub(super) struct Thread {
    dice: Dice,
    jobs: Jobs<Job>,
    /// The questions about passwords, if any are answered.
    secrets: Option<Jobs<Job>>,
    /// As many jobs as are out at most.
    most: usize,
    /// What is to be answered, in any order.
    taken: Vec<Job>,
    /// What is left lying for long.
    stuck: Vec<Job>,
    /// For whom something was asked that was not answered.
    failed: Vec<PeerId>,
    /// How many were answered, or will not be, since the last tick.
    fresh: usize,
    /// The numbers of questions whose answers nobody waits for any more.
    given_up: Vec<u64>,
    /// What has the answers, if they are in a file.
    #[cfg(feature = "store")]
    pub(super) shelf: Option<Shelf>,
}

impl Thread {
    /// Does a little. Returns whether the server hears of it.
    fn work(&mut self, model: &mut Model) -> bool {
        self.take();
        let dice = &mut self.dice;
        if dice.below(30) == 0 {
            self.taken.append(&mut self.stuck);
        }
        let mut is_heard = false;
        for _ in 0..self.dice.below(4) {
            if self.taken.is_empty() {
                break;
            }
            let place = self.dice.below(self.taken.len());
            let job = self.taken.swap_remove(place);
            match self.dice.below(10) {
                0 => self.stuck.push(job),
                1 => {
                    self.failed.push(job.peer());
                    self.fresh += 1;
                    is_heard = true;
                }
                _ => {
                    self.answer(job, model);
                    self.fresh += 1;
                    is_heard = true;
                }
            }
        }
        is_heard
    }

    fn answer(&mut self, job: Job, model: &mut Model) {
        #[cfg(feature = "store")]
        if let Some(shelf) = &mut self.shelf {
            let is_awaited = model.waits(job.peer()) && !self.given_up.contains(&job.number());
            return shelf.answer(job, is_awaited, model);
        }
        answer(job);
    }

    fn take(&mut self) {
        self.taken.extend(iter::from_fn(|| self.jobs.try_next()));
        if let Some(secrets) = &mut self.secrets {
            self.taken.extend(iter::from_fn(|| secrets.try_next()));
        }
    }

    /// Nobody waits any more for what is still to be answered for this peer.
    fn give_up(&mut self, peer: PeerId) {
        let all = self.taken.iter().chain(&self.stuck);
        let theirs = all.filter(|it| it.peer() == peer);
        self.given_up.extend(theirs.map(Job::number));
    }

    /// For whom something is still to be answered, about a password or not.
    fn asked_for(&mut self, is_secret: bool) -> impl Iterator<Item = PeerId> {
        self.take();
        let all = self.taken.iter().chain(&self.stuck);
        let all = all.filter(move |it| it.question().is_secret() == is_secret);
        all.map(Job::peer)
    }
}

/// Gives back what a job is about.
pub(in crate::server) fn answer(job: Job) {
    if let Question::Echo(line) = job.question().clone() {
        job.answer(Finding::Echo(line));
    }
}

/// A line, or at times a question for it.
pub(super) fn or_ask(asks: bool, dice: &mut Dice, line: String) -> String {
    match asks && dice.below(3) == 0 {
        true => or_ask(asks, dice, format!("/ask {line}")),
        false => line,
    }
}

impl Stage {
    /// From now on there are workers, and clients ask them.
    pub(super) fn begin_to_ask(&mut self) {
        let server = self.server.as_mut().expect("it has begun");
        let jobs = server.jobs();
        self.begin_to_work(
            jobs,
            None,
            #[cfg(feature = "store")]
            None,
        );
    }

    /// From now on somebody answers these questions.
    pub(super) fn begin_to_work(
        &mut self,
        jobs: Option<Jobs<Job>>,
        secrets: Option<Jobs<Job>>,
        #[cfg(feature = "store")] shelf: Option<Shelf>,
    ) {
        let (most, dice) = (1 + self.dice.below(5), self.dice.below(1 << 30));
        let server = self.server.as_mut().expect("it has begun");
        server.talk.workers.set_most(most);
        server.talk.workers.set_most_secrets(most);
        self.thread = jobs.map(|jobs| Thread {
            dice: Dice::new(!dice as u64),
            jobs,
            secrets,
            most,
            taken: Vec::new(),
            stuck: Vec::new(),
            failed: Vec::new(),
            fresh: 0,
            given_up: Vec::new(),
            #[cfg(feature = "store")]
            shelf,
        });
    }

    /// The chat was told that there is no answer, which must be so.
    pub(super) fn check_unanswered(&mut self, peer: PeerId, why: Unanswered) -> Checked {
        let server = self.server.as_ref().ok_or("nobody serves")?;
        let is_behind = server.inbox.is_behind();
        let is_secret = self.model.asks_of_password(peer);
        let batched = server.talk.workers.batched(is_secret);
        // What is done for one answer may ask something before the others are taken.
        let is_late = self.story.kind.is_late || self.story.kind.has_members;
        let thread = self.thread.as_mut().ok_or("nobody asked")?;
        let is_so = match why {
            // Results may wait in the inbox, behind requests for which the tick had no room.
            _ if is_behind => true,
            // What a late act asks, it asks before the results are taken.
            Unanswered::Busy if is_late => {
                batched + thread.asked_for(is_secret).count() + thread.fresh >= thread.most
            }
            Unanswered::Busy => batched + thread.asked_for(is_secret).count() >= thread.most,
            Unanswered::Failed => thread.failed.contains(&peer),
            Unanswered::Late => thread.asked_for(is_secret).any(|it| it == peer),
        };
        if why == Unanswered::Late {
            thread.give_up(peer);
        }
        match is_so {
            true => Ok(()),
            false => Err(format!("{peer} had an answer, and is told: {why:?}")),
        }
    }

    /// The server has taken all results, unless it had enough before.
    pub(super) fn end_tick(&mut self) {
        let server = self.server.as_ref();
        let is_behind = server.is_some_and(|it| it.inbox.is_behind());
        if let Some(thread) = self.thread.as_mut().filter(|_| !is_behind) {
            thread.fresh = 0;
        }
    }

    /// The workers do a little. Returns whether anything came of it.
    pub(super) fn work(&mut self) -> bool {
        let Some(thread) = &mut self.thread else {
            return false;
        };
        #[cfg(feature = "store")]
        if let Some(shelf) = &mut thread.shelf
            && let Some(step) = shelf.work(&mut thread.dice, &mut self.model)
        {
            self.story.add(step);
        }
        let is_heard = thread.work(&mut self.model);
        self.is_woken |= is_heard;
        is_heard
    }
}

#[test]
fn whatever_workers_do_answers_come_to_those_who_asked() {
    let kind = Kind {
        asks: true,
        ..Kind::default()
    };
    play_all(SEEDS, kind);
}

#[test]
fn answers_and_a_journal_that_is_late_do_not_get_into_each_others_way() {
    let kind = Kind {
        is_late: true,
        asks: true,
        ..Kind::default()
    };
    play_all(SEEDS, kind);
}
