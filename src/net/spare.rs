//! `Spare`: a descriptor kept for the time when no other is left. Giving it up makes room for one newcomer, who is told
//! so and closed, instead of waiting without a word. It knows nothing of listeners.

use socket2::{Domain, Socket, Type};

/// A descriptor that can be given up, if held. It belongs to a socket that is never used.
#[derive(Debug, Default)]
pub(crate) struct Spare(Option<Socket>);

impl Spare {
    /// Takes a descriptor, unless one is held. Returns whether one is held now.
    pub(crate) fn hold(&mut self) -> bool {
        if self.0.is_none() {
            self.0 = Socket::new(Domain::IPV4, Type::DGRAM, None).ok();
        }
        self.0.is_some()
    }

    /// Closes the descriptor. Returns whether one was held.
    pub(crate) fn give_up(&mut self) -> bool {
        self.0.take().is_some()
    }
}
