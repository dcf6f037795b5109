//! What always holds of the fan-out between two ticks.

use crate::server::fanout::{Fanout, NONE, SPARE_LOGS};

impl Fanout {
    /// Whether every log and every share is empty, and every channel has readers. Returns how many read.
    pub(in crate::server) fn check_between_ticks(&self) -> usize {
        assert_eq!((self.bytes, self.reply_bytes()), (0, 0));
        assert!(self.spare.len() <= SPARE_LOGS && self.logs.len() == 1);
        assert!(self.spoken.is_empty() && self.sealed.is_empty() && self.spans.is_empty());
        for share in &self.shares {
            assert!(share.from == 0 && share.first == NONE && share.last == NONE);
        }
        let mut readers = 0;
        for &channel in self.rooms.iter().flatten() {
            let members = &self.channels[channel as usize].members;
            assert!(!members.is_empty(), "a channel that nobody reads");
            for (seat, &slot) in members.iter().enumerate() {
                let share = &self.shares[slot as usize];
                assert_eq!((share.channel, share.seat), (channel, seat as u32));
            }
            readers += members.len();
        }
        let in_use = self.rooms.iter().flatten().count();
        assert_eq!(in_use + self.free.len(), self.channels.len());
        readers
    }
}
