//! What always holds of the fan-out between two ticks.

use std::collections::HashSet;

use crate::server::fanout::Fanout;
use crate::server::fanout::deal::SPARE_LOGS;

impl Fanout {
    /// Whether every room log and every share is empty, and every channel has readers and a format of its own. Returns how many
    /// read.
    pub(in crate::server) fn check_between_ticks(&self) -> usize {
        assert_eq!((self.bytes, self.reply_bytes(), self.most_told), (0, 0, 0));
        assert!(self.spare.len() <= SPARE_LOGS && self.logs.is_empty());
        assert!(self.spoken.is_empty() && self.shares.is_empty());
        let mut readers = 0;
        for (room, heard) in self.channels.rooms.iter().enumerate() {
            assert_eq!(heard.log, None);
            let mut formats = HashSet::new();
            for &channel in &heard.channels {
                let it = self.channels.get(channel);
                assert_eq!((it.room.index(), it.format), (room, it.format.shown()));
                assert!(!it.members.is_empty(), "a channel that nobody reads");
                assert!(formats.insert(format!("{:?}", it.format)));
                for (seat, &slot) in it.members.iter().enumerate() {
                    let share = &self.shares.all()[slot.index()];
                    assert_eq!((share.channel, share.seat), (Some(channel), seat as u32));
                    assert_eq!(share.format.shown(), it.format);
                }
                readers += it.members.len();
            }
            let formats = heard.channels.iter();
            let stamps = formats.map(|&it| self.channels.get(it).format.stamp.len());
            assert_eq!(heard.stamp, stamps.max().unwrap_or(0));
        }
        let in_use = self
            .channels
            .rooms
            .iter()
            .flat_map(|it| &it.channels)
            .count();
        assert_eq!(
            in_use + self.channels.free.len(),
            self.channels.channels.len()
        );
        readers
    }
}
