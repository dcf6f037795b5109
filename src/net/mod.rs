//! Sockets, readiness and queues. Nothing of the chat is known here: bytes come in, bytes go out.

mod connection;
mod listener;
mod readiness;
mod send_queue;

pub(crate) use connection::{Connection, Received, State};
pub(crate) use listener::{Accepted, Listener};
pub use send_queue::{Log, Piece, SendQueue};
