//! `Channels`: the rooms, and in each a channel for each format in which someone reads it.
//!
//! Invariant: a room has one channel for each format that shows, and none without members.

use crate::id::{RoomId, Slot};
use crate::moment::Format;
use crate::tally;

use super::ids::{ChannelId, LogId};

#[derive(Debug, Default)]
pub(super) struct Channels {
    pub(super) rooms: Vec<Room>,
    pub(super) channels: Vec<Channel>,
    /// Channels that are not in use.
    pub(super) free: Vec<ChannelId>,
}

#[derive(Debug, Default)]
pub(super) struct Room {
    pub(super) channels: Vec<ChannelId>,
    /// What was said in this tick, if anything was.
    pub(super) log: Option<LogId>,
    /// The longest stamp that anyone reads there.
    pub(super) stamp: usize,
}

/// Those in a room who read the same bytes.
#[derive(Debug)]
pub(super) struct Channel {
    pub(super) room: RoomId,
    pub(super) format: Format,
    pub(super) members: Vec<Slot>,
}

impl Channels {
    pub(super) fn get(&self, channel: ChannelId) -> &Channel {
        &self.channels[channel.index()]
    }

    pub(super) fn get_mut(&mut self, channel: ChannelId) -> &mut Channel {
        &mut self.channels[channel.index()]
    }

    /// The channel of a room and a format, made if need be.
    pub(super) fn find_or_make(&mut self, room: RoomId, format: Format) -> ChannelId {
        if self.rooms.len() <= room.index() {
            self.rooms.resize_with(room.index() + 1, Room::default);
        }
        let heard = &mut self.rooms[room.index()];
        let mut channels = heard.channels.iter().inspect(|_| tally::steps(1));
        if let Some(&found) = channels.find(|it| self.channels[it.index()].format == format) {
            return found;
        }
        let made = Channel {
            room,
            format,
            members: Vec::new(),
        };
        let channel = match self.free.pop() {
            Some(channel) => {
                self.channels[channel.index()] = made;
                channel
            }
            None => {
                self.channels.push(made);
                ChannelId::new(self.channels.len() - 1)
            }
        };
        heard.stamp = heard.stamp.max(format.stamp.len());
        heard.channels.push(channel);
        channel
    }

    /// Frees a channel that nobody reads any more.
    pub(super) fn free(&mut self, channel: ChannelId) {
        let room = self.channels[channel.index()].room;
        let heard = &mut self.rooms[room.index()];
        tally::steps(2 * heard.channels.len());
        heard.channels.retain(|&other| other != channel);
        let channels = heard.channels.iter();
        let stamps = channels.map(|&it| self.channels[it.index()].format.stamp.len());
        heard.stamp = stamps.max().unwrap_or(0);
        self.free.push(channel);
    }

    /// The log that a channel hears, if something was said in this tick, and in which format.
    pub(super) fn heard(&self, channel: Option<ChannelId>) -> Option<(LogId, Format)> {
        let channel = self.get(channel?);
        Some((self.rooms[channel.room.index()].log?, channel.format))
    }
}
