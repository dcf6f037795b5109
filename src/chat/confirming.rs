//! Confirming: an author is told that something was done once the file has it. Until then they are held.

use crate::error::Unanswered;
use crate::id::PeerId;
use crate::limits::HISTORY_BYTES;
use crate::message::{AboutOrder, Answer, Audit};

use super::event::Effects;
use super::recall::About;
use super::{Author, Caller, Finding, Hub, Question};

impl Hub {
    /// Tells the author of an entry that something was done, once the file has all that was kept so far. Without a file
    /// they are told at once, and also if they wait for the answer to another question already.
    pub(super) fn confirm(
        &mut self,
        author: &Author,
        answer: impl Into<Answer>,
        effects: &mut Effects,
    ) {
        let Some(peer) = author.peer else { return };
        if !self.has_file || self.is_asking(author.place) {
            return effects.answer(peer, answer);
        }
        let about = About::Confirmed(answer.into());
        self.ask_for(author.place, about, Question::Kept, effects);
    }

    /// The file has what was done, or does not have it yet.
    pub(super) fn confirmed(
        &self,
        peer: PeerId,
        answer: Answer,
        finding: Result<&Finding, Unanswered>,
        effects: &mut Effects,
    ) {
        effects.answer(peer, answer);
        if !matches!(finding, Ok(Finding::Kept)) {
            effects.answer(peer, AboutOrder::NotOnDisk);
        }
    }

    /// Asks the file what was done to people.
    pub(super) fn ask_audit(&mut self, caller: &Caller, count: usize, effects: &mut Effects) {
        self.ask_for(caller.place, About::Audit, Question::Audit(count), effects);
    }

    /// Shows what was done to people, or the last of it.
    pub(super) fn show_audit(&self, peer: PeerId, rows: &[Audit], effects: &mut Effects) {
        let mut bytes = 0;
        let fit = rows.iter().rev().take_while(|row| {
            let texts = [
                row.whom.as_deref(),
                row.network.as_deref(),
                row.reason.as_deref(),
            ];
            let texts = texts.into_iter().flatten().map(str::len);
            bytes += 200 + row.by.len() + texts.sum::<usize>();
            bytes <= HISTORY_BYTES
        });
        let first = rows.len() - fit.count();
        let rows = rows.get(first..).unwrap_or_default().to_vec();
        effects.answer(peer, AboutOrder::Audited(rows));
    }
}
