//! Sockets, readiness and queues. This module knows nothing of the chat: bytes come in, bytes go out.

mod connection;
mod listener;
pub(crate) mod options;
mod poller;
mod readiness;
mod send_queue;
#[cfg(test)]
pub(crate) mod simulated;
mod spare;
mod stream;
mod unsent;

pub(crate) use connection::{Connection, Received};
pub(crate) use listener::{Accepted, Listener};
#[cfg(feature = "store")]
pub(crate) use poller::now;
pub(crate) use poller::{Event, Poller};
pub use send_queue::{Gauge, Log, Piece, SendQueue};
pub(crate) use spare::Spare;
#[cfg(feature = "tls")]
pub use stream::InvalidTlsIdentity;
#[cfg(not(feature = "tls"))]
pub(crate) use stream::TlsIdentity;
#[cfg(feature = "tls")]
pub use stream::TlsIdentity;
#[cfg(feature = "client")]
pub(crate) use stream::Validity;
pub(crate) use stream::{Handshake, Socket};
pub(crate) use unsent::Unsent;
