//! Reports to the operators, as the model knows them. Those who are muted may make them too.

use std::time::{Duration, Instant};

use crate::id::PeerId;
use crate::message::{AboutOrder, Report};
use crate::server::simulation::sightings::Sight;

use super::Model;
use super::commands::Typed;
use super::rows::Row;
use super::sanctions::Target;

/// So many reports are taken at once, and one more after each such time.
const AT_ONCE: u32 = 3;
const EACH: Duration = Duration::from_secs(20 * 60);

/// What was reported.
#[derive(Debug, Default)]
pub(super) struct Reports {
    /// What no operator has read.
    pub(super) waiting: Vec<Report>,
    /// When each of those who made some may make as many again as anybody.
    made: Vec<(Target, Instant)>,
}

impl Model {
    pub(super) fn report(&mut self, typed: &Typed, text: &str) {
        if !self.may_report(typed) {
            return;
        }
        let report = Report {
            at: self.at,
            by: typed.name.clone(),
            text: text.into(),
        };
        let is_muted = self.mute_on(self.person(typed.peer)).is_some();
        self.seen.add(Sight::ReportOfMuted, is_muted.into());
        let here = self.people.iter().filter(|it| it.name.is_some());
        let operators = here.filter(|it| self.is_operator(it)).map(|it| it.peer);
        let operators: Vec<PeerId> = operators.collect();
        self.keep(|| Row::Audit);
        if operators.is_empty() {
            self.reports.waiting.push(report.clone());
            self.keep(|| Row::Report(report));
        } else {
            for peer in &operators {
                self.answer(*peer, AboutOrder::Reported(report.clone()));
            }
        }
        self.confirm(typed.peer, AboutOrder::Sent(operators.len()));
    }

    fn may_report(&mut self, typed: &Typed) -> bool {
        let now = typed.now.instant;
        let target = self.target_of(typed.peer);
        let made = &mut self.reports.made;
        let before = made.iter().find(|it| it.0 == target).map(|it| it.1);
        let rested = before.unwrap_or(now).max(now) + EACH;
        let wait = rested.saturating_duration_since(now + EACH * AT_ONCE);
        if !wait.is_zero() {
            self.seen.add(Sight::TooManyReports, 1);
            let seconds = wait.as_millis().div_ceil(1000) as u64;
            self.answer(typed.peer, AboutOrder::TooManyReports(seconds));
            return false;
        }
        made.retain(|it| it.0 != target);
        made.push((target, rested));
        true
    }

    /// An operator who comes in reads what waits.
    pub(super) fn tell_reports(&mut self, peer: PeerId) {
        if !self.is_operator(self.person(peer)) || self.reports.waiting.is_empty() {
            return;
        }
        for report in std::mem::take(&mut self.reports.waiting) {
            self.seen.add(Sight::ReportWaited, 1);
            self.answer(peer, AboutOrder::Reported(report));
        }
        self.keep(|| Row::ReportsRead);
    }
}
