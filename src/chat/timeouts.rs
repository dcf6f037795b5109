//! What is due at a time, and not because somebody sent something.

use std::time::Instant;

use crate::error::CloseReason;
use crate::message::AboutConnection;
use crate::moment::Moment;

use super::Hub;
use super::event::Effects;

impl Hub {
    /// Acts on the one thing that was due first, if it is due by now, and returns whether it was. The caller must carry
    /// out the effects before the next call, so that people who go at the same time leave one after the other.
    pub fn handle_timeout(&mut self, now: Moment, effects: &mut Effects) -> bool {
        if let Some(peer) = self.logins.pop_due(now.instant) {
            self.break_prompt(peer, effects);
            let reason = CloseReason::LoginTimedOut;
            self.dismiss(peer, AboutConnection::LoginTimedOut, reason, effects);
            return true;
        }
        if let Some(peer) = self.asked_until.pop_due(now.instant) {
            self.time_out_asking(peer, effects);
            return true;
        }
        if self.say_of_lockdown(now, effects) {
            return true;
        }
        if self.end_due_seat(now, effects) {
            return true;
        }
        let silent = self.idles.pop_due(now.instant);
        silent
            .inspect(|peer| self.idle(now, *peer, effects))
            .is_some()
    }

    /// The time of the next call of [`handle_timeout`](Self::handle_timeout), if nothing else happens.
    pub fn next_timeout(&self) -> Option<Instant> {
        let due = [
            self.logins.next(),
            self.asked_until.next(),
            self.idles.next(),
            self.seats.next(),
            self.order.wake(),
            self.order.crowd.since(),
        ];
        due.into_iter().flatten().min()
    }
}
