//! `Channels`: the rooms, each with a channel for every view in which someone reads it.
//!
//! A channel that loses its last member is freed when the tick ends, because spans name it until then.
//!
//! Invariant: a room has one channel for each view, and between ticks none without members.

use crate::id::{RoomId, Slot};
use crate::name::RoomName;
use crate::tally;

use super::ids::{ChannelId, LogId};
use super::room_log::{Said, View};
use super::shares::{Lines, Membership};

#[derive(Debug, Default)]
pub(super) struct Channels {
    pub(super) rooms: Vec<Room>,
    pub(super) channels: Vec<Channel>,
    /// Channels that are not in use.
    pub(super) free: Vec<ChannelId>,
    /// Channels that lost their last member in this tick. Some may have members again.
    pub(super) emptied: Vec<ChannelId>,
}

#[derive(Debug, Default)]
pub(super) struct Room {
    pub(super) channels: Vec<ChannelId>,
    /// The room's log of this tick, if anything was said.
    pub(super) log: Option<LogId>,
    /// Its name, once anyone reads it.
    pub(super) name: Option<RoomName>,
    /// How many peers read it, and how many of them are programs.
    pub(super) readers: u32,
    pub(super) programs: u32,
    /// The longest stamp and the longest tag that anyone reads there, in bytes.
    pub(super) stamp: usize,
    pub(super) tag: usize,
}

/// The people in a room who read the same bytes.
#[derive(Debug)]
pub(super) struct Channel {
    pub(super) room: RoomId,
    pub(super) view: View,
    pub(super) members: Vec<Slot>,
}

impl Channels {
    pub(super) fn get(&self, channel: ChannelId) -> &Channel {
        &self.channels[channel.index()]
    }

    /// A room has this name. Ids are reused.
    pub(super) fn set_name(&mut self, room: RoomId, name: &RoomName) {
        if self.rooms.len() <= room.index() {
            self.rooms.resize_with(room.index() + 1, Room::default);
        }
        self.rooms[room.index()].name = Some(name.clone());
    }

    /// The channel of a named room and a view, made if need be.
    pub(super) fn find_or_make(&mut self, room: RoomId, view: View) -> ChannelId {
        let heard = &mut self.rooms[room.index()];
        let mut channels = heard.channels.iter().inspect(|_| tally::steps(1));
        if let Some(&found) = channels.find(|it| self.channels[it.index()].view == view) {
            return found;
        }
        heard.stamp = heard.stamp.max(view.format.stamp.len());
        heard.tag = heard.tag.max(view.tag.len());
        let made = Channel {
            room,
            view,
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
        heard.channels.push(channel);
        channel
    }

    /// Adds a member. Returns their place among the members.
    pub(super) fn add(&mut self, channel: ChannelId, slot: Slot) -> u32 {
        let channel = &mut self.channels[channel.index()];
        let room = &mut self.rooms[channel.room.index()];
        room.readers += 1;
        room.programs += u32::from(channel.view.is_for_programs());
        channel.members.push(slot);
        channel.members.len() as u32 - 1
    }

    /// Removes the member at this place. Returns the member who takes the place over.
    pub(super) fn remove(&mut self, channel: ChannelId, seat: u32) -> Option<Slot> {
        let left = &mut self.channels[channel.index()];
        let room = &mut self.rooms[left.room.index()];
        room.readers -= 1;
        room.programs -= u32::from(left.view.is_for_programs());
        left.members.swap_remove(seat as usize);
        if left.members.is_empty() {
            self.emptied.push(channel);
        }
        left.members.get(seat as usize).copied()
    }

    /// Begins the next tick: frees the channels that nobody reads any more.
    pub(super) fn free_emptied(&mut self) {
        while let Some(channel) = self.emptied.pop() {
            let it = &self.channels[channel.index()];
            let heard = &mut self.rooms[it.room.index()];
            tally::steps(heard.channels.len());
            let place = heard.channels.iter().position(|&it| it == channel);
            // It may have lost its last member twice in the tick, and so be free already.
            let Some(place) = place.filter(|_| it.members.is_empty()) else {
                continue;
            };
            heard.channels.swap_remove(place);
            tally::steps(heard.channels.len());
            (heard.stamp, heard.tag) = (0, 0);
            for &other in &heard.channels {
                let view = &self.channels[other.index()].view;
                heard.stamp = heard.stamp.max(view.format.stamp.len());
                heard.tag = heard.tag.max(view.tag.len());
            }
            self.free.push(channel);
        }
    }

    /// The log that a channel reads, if something was said in this tick, and the channel's view.
    pub(super) fn heard(&self, channel: ChannelId) -> Option<(LogId, &View)> {
        let channel = self.get(channel);
        Some((self.rooms[channel.room.index()].log?, &channel.view))
    }

    /// The lines of a peer's channel that are in none of their spans, if they read any.
    pub(super) fn unsealed(&self, said: &[Said], it: Membership) -> Option<Lines> {
        let (log, view) = self.heard(it.channel)?;
        let said = &said[log.index()];
        (it.from < said.end() && !said.is_hidden(view)).then(|| Lines {
            log,
            channel: it.channel,
            range: it.from..said.end(),
        })
    }
}
