//! The time phase: acts on everything that is due by now. [`Timer`] has the table of all timers.

use crate::error::{CloseReason, ProxyFault, Unanswered};
use crate::moment::Moment;
use crate::server::connections::Timer;

use super::Talk;

impl Talk {
    /// Acts on everything that is due by now.
    pub(in crate::server) fn time(&mut self, now: Moment) {
        #[cfg(test)]
        self.record.timeout(now);
        self.hub.handle_timeout(now, &mut self.effects);
        self.apply(now);
        #[cfg(feature = "cluster")]
        self.tell_away(now);
        for timer in Timer::ALL {
            while let Some(peer) = self.connections.pop_due(timer, now.instant) {
                match timer {
                    Timer::Greeting => self.greet(now, peer),
                    Timer::Header => self.refuse_header(now, peer, ProxyFault::Late),
                    Timer::Handshake => self.give_up_handshake(now, peer),
                    Timer::Haste if self.connections.is_stuck(peer, now.instant) => {
                        _ = self.connections.doom(peer.slot, CloseReason::TlsTimedOut)
                    }
                    Timer::Haste => {}
                    #[cfg(feature = "web")]
                    Timer::Head => self.refuse_slow_head(now, peer),
                    #[cfg(not(feature = "web"))]
                    Timer::Head => {}
                    Timer::EndKey => self.take_end_key(now, peer),
                    Timer::Pause => self.connections.mark_runnable(peer.slot, now.instant),
                    Timer::Answer => {
                        self.connections.forget_question(peer);
                        self.answer(now, peer, Err(Unanswered::Late));
                    }
                    Timer::Linger => self.connections.finish(peer.slot),
                    Timer::Close => self.connections.give_up_closing(peer.slot),
                }
            }
        }
        #[cfg(feature = "web")]
        while let Some(peer) = self.connections.pop_due_ping(now.instant) {
            self.ping(now, peer);
        }
        for slot in self.connections.stalled(now.instant) {
            self.drop_slow(slot, CloseReason::Stalled);
        }
    }
}
