//! What always holds of the fan-out between two ticks.

use std::collections::HashSet;

use crate::server::fanout::Fanout;
use crate::server::fanout::channels::Channel;
use crate::server::fanout::deal::SPARE_LOGS;
use crate::server::fanout::ids::Line;
use crate::server::fanout::shares::Membership;

impl Fanout {
    /// Whether every room log and every share is empty, and every channel has readers and a view of its own. Returns how many
    /// read.
    pub(in crate::server) fn check_between_ticks(&self) -> usize {
        assert_eq!((self.bytes, self.reply_bytes(), self.most_told), (0, 0, 0));
        assert!(self.spare.len() <= SPARE_LOGS && self.logs.is_empty());
        assert!(self.spoken.is_empty() && self.shares.is_empty());
        let mut readers = 0;
        for (room, heard) in self.channels.rooms.iter().enumerate() {
            assert_eq!(heard.log, None);
            let mut views = HashSet::new();
            let before = readers;
            let (mut stamp, mut tag) = (0, 0);
            for &channel in &heard.channels {
                let Channel {
                    room: of,
                    view,
                    members,
                } = self.channels.get(channel);
                assert_eq!((of.index(), view.format), (room, view.format.shown()));
                assert!(!members.is_empty(), "a channel that nobody reads");
                assert!(views.insert(format!("{view:?}")));
                for (seat, &slot) in members.iter().enumerate() {
                    let membership = Membership {
                        channel,
                        seat: seat as u32,
                        from: Line::FIRST,
                    };
                    assert!(self.shares.memberships(slot).any(|it| it == membership));
                }
                readers += members.len();
                (stamp, tag) = (stamp.max(view.format.stamp.len()), tag.max(view.tag.len()));
            }
            assert_eq!((heard.stamp, heard.tag), (stamp, tag));
            assert_eq!(heard.readers as usize, readers - before);
            let programs = heard.channels.iter().map(|it| self.channels.get(*it));
            let programs = programs.filter(|it| it.view.is_for_programs());
            let programs: usize = programs.map(|it| it.members.len()).sum();
            assert_eq!(heard.programs as usize, programs);
        }
        let several = self.shares.check_several();
        assert_eq!(self.shares.some_hear_several(), several > 0);
        assert!(self.channels.emptied.is_empty());
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
