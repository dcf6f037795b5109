//! The farewell phase: people whose connection has ended leave the hub here, and never while a line is handled.

use crate::chat::Event;
use crate::error::CloseReason;
use crate::limits::LOG_BYTES;
use crate::moment::Moment;

use super::Talk;

impl Talk {
    /// Tells the hub of the peers whose input has ended. Those that sent FIN still get their waiting output, and those
    /// with which TLS failed the alert that says so. Each of them may read that the ones before left. So if rooms are
    /// told much about them, the rest leaves in the next tick.
    pub(in crate::server) fn farewell(&mut self, now: Moment) {
        let before = self.fanout.said_bytes();
        while self.fanout.said_bytes() - before < LOG_BYTES
            && let Some((slot, reason)) = self.connections.next_doomed()
        {
            let peer = self.connections.id(slot);
            if self.connections.is_introduced(slot) {
                self.tell_hub(now, peer, Event::Disconnected(reason));
            }
            if let CloseReason::EndOfInput | CloseReason::TlsFailed = reason {
                self.connections.drain(slot, now.instant);
            } else {
                self.fanout.forget(slot);
                self.connections.finish(slot);
            }
        }
    }
}
