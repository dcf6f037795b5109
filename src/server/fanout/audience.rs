//! The audiences that the chat names, as calls of the fan-out, for the server and for the benches of the hub.

use crate::chat::Audience;
use crate::message::Told;

use super::Fanout;

impl Fanout {
    /// Tells an audience something.
    pub fn send(&mut self, to: &Audience, told: &Told<'_>) {
        match to {
            Audience::Peer(peer) => self.reply(peer.slot, told),
            Audience::Author { peer, room } => self.reply_in(peer.slot, room, told),
            Audience::Room {
                room,
                except,
                hidden_from,
            } => {
                let except = except.iter().chain(hidden_from).map(|peer| peer.slot);
                self.say(*room, except, told);
            }
        }
    }
}
