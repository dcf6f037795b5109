//! Reports to the operators.

use std::sync::Arc;

use crate::limits::order::{REPORT_INTERVAL, REPORTERS, REPORTS, REPORTS_WAITING};
use crate::message::{AboutOrder, Audit, KeepOrder, Report};
use crate::tally;

use super::audit;
use crate::chat::event::Effects;
use crate::chat::{Author, Caller, Hub};

impl Hub {
    /// Tells the operators what somebody reports, now or when one of them comes in.
    pub(super) fn report(&mut self, author: &Author, text: &Arc<str>, effects: &mut Effects) {
        let report = Report {
            at: author.at,
            by: author.name.clone(),
            text: text.clone(),
        };
        let here = self.operators().len();
        if here == 0 && self.order.reports.len() >= REPORTS_WAITING {
            return effects.answer(author.peer, AboutOrder::ReportsFull);
        }
        let done = Audit {
            reason: Some(text.clone()),
            ..audit(author, "report")
        };
        self.keep_audit(done, effects);
        match here {
            0 => {
                self.order.reports.push(report.clone());
                self.keep_order(KeepOrder::Report(report), effects);
            }
            _ => self.tell_operators(None, &AboutOrder::Reported(report), effects),
        }
        self.confirm(author, AboutOrder::Sent(here), effects);
    }

    /// Whether somebody may report something now. If not, tells them when they may. It is a bucket of [`REPORTS`], one
    /// of which comes back each [`REPORT_INTERVAL`], and goes by what a ban of them would go by.
    pub(in crate::chat) fn may_report(&mut self, caller: &Caller, effects: &mut Effects) -> bool {
        let now = caller.now.instant;
        let Some(target) = self.target_of(caller.place) else {
            return false;
        };
        let reporters = &mut self.order.reporters;
        tally::steps(reporters.len());
        reporters.retain(|(_, rested)| *rested > now);
        let known = reporters.iter().position(|(it, _)| *it == target);
        let before = known.and_then(|it| reporters.get(it)).map(|(_, at)| *at);
        let rested = before.unwrap_or(now) + REPORT_INTERVAL;
        let wait = rested.saturating_duration_since(now + REPORT_INTERVAL * REPORTS);
        if !wait.is_zero() {
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            effects.answer(caller.peer, AboutOrder::TooManyReports(seconds));
            return false;
        }
        match known {
            Some(it) => reporters[it].1 = rested,
            None if reporters.len() >= REPORTERS => {
                effects.answer(caller.peer, AboutOrder::ReportsFull);
                return false;
            }
            None => reporters.push((target, rested)),
        }
        true
    }
}
