//! The audiences that the chat names, as calls of the fan-out, for the server and for the benches of the hub.

use crate::chat::Audience;
use crate::message::Message;

use super::Fanout;

impl Fanout {
    /// Tells an audience something. `unix` is when: seconds since 1970-01-01 00:00 UTC.
    pub fn send(&mut self, to: &Audience, message: &Message, unix: i64) {
        match to {
            Audience::Peer(peer) => self.reply(peer.slot, message, unix),
            Audience::Room {
                room,
                except,
                hidden_from,
            } => {
                let except = except.iter().chain(hidden_from).map(|peer| peer.slot);
                self.say(*room, except, message, unix);
            }
        }
    }
}
