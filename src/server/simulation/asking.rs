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

use super::play_all;
use super::stage::{Checked, Stage};

/// Seeds of an ordinary run.
const SEEDS: u64 = 32;

/// What stands in the place of a worker's thread.
pub(super) struct Thread {
    dice: Dice,
    jobs: Jobs<Job>,
    /// As many jobs as are out at most.
    most: usize,
    /// What is to be answered, in any order.
    taken: Vec<Job>,
    /// What is left lying for long.
    stuck: Vec<Job>,
    /// For whom something was asked that was not answered.
    failed: Vec<PeerId>,
}

impl Thread {
    /// Does a little. Returns whether the server hears of it.
    fn work(&mut self) -> bool {
        let dice = &mut self.dice;
        self.taken.extend(iter::from_fn(|| self.jobs.try_next()));
        if dice.below(30) == 0 {
            self.taken.append(&mut self.stuck);
        }
        let mut is_heard = false;
        for _ in 0..dice.below(4) {
            if self.taken.is_empty() {
                break;
            }
            let job = self.taken.swap_remove(dice.below(self.taken.len()));
            match dice.below(10) {
                0 => self.stuck.push(job),
                1 => {
                    self.failed.push(job.peer());
                    is_heard = true;
                }
                _ => {
                    answer(job);
                    is_heard = true;
                }
            }
        }
        is_heard
    }

    /// For whom something is still to be answered.
    fn asked_for(&mut self) -> impl Iterator<Item = PeerId> {
        self.taken.extend(iter::from_fn(|| self.jobs.try_next()));
        self.taken.iter().chain(&self.stuck).map(Job::peer)
    }
}

/// Gives back what a job is about.
pub(in crate::server) fn answer(job: Job) {
    let Question::Echo(line) = job.question().clone();
    job.answer(Finding::Echo(line));
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
        self.story.asks = true;
        let most = 1 + self.dice.below(5);
        let server = self.server.as_mut().expect("it has begun");
        server.talk.workers.set_most(most);
        self.thread = server.jobs().map(|jobs| Thread {
            dice: Dice::new(!self.story.seed),
            jobs,
            most,
            taken: Vec::new(),
            stuck: Vec::new(),
            failed: Vec::new(),
        });
    }

    /// The chat was told that there is no answer, which must be so.
    pub(super) fn check_unanswered(&mut self, peer: PeerId, why: Unanswered) -> Checked {
        let server = self.server.as_ref().ok_or("nobody serves")?;
        let is_behind = server.inbox.is_behind();
        let batched = server.talk.workers.batched();
        let thread = self.thread.as_mut().ok_or("nobody asked")?;
        let is_so = match why {
            // Results may wait in the inbox, behind requests for which the tick had no room.
            _ if is_behind => true,
            Unanswered::Busy => batched + thread.asked_for().count() >= thread.most,
            Unanswered::Failed => thread.failed.contains(&peer),
            Unanswered::Late => thread.asked_for().any(|it| it == peer),
        };
        match is_so {
            true => Ok(()),
            false => Err(format!("{peer} had an answer, and is told: {why:?}")),
        }
    }

    /// The workers do a little. Returns whether anything came of it.
    pub(super) fn work(&mut self) -> bool {
        let Some(thread) = &mut self.thread else {
            return false;
        };
        let is_heard = thread.work();
        self.is_woken |= is_heard;
        is_heard
    }
}

#[test]
fn whatever_workers_do_answers_come_to_those_who_asked() {
    play_all(SEEDS, false, true);
}

#[test]
fn answers_and_a_journal_that_is_late_do_not_get_into_each_others_way() {
    play_all(SEEDS, true, true);
}
