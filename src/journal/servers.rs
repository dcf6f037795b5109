//! Acts of servers that are one chat.

use std::sync::Arc;

use crate::id::ServerId;

/// An act of a server. Only the [house](crate::PersonId::HOUSE) wants it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "cluster", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "cluster",
    serde(rename_all = "snake_case", deny_unknown_fields)
)]
pub enum ServerAct {
    /// To be one of the servers. The act of the server that comes.
    Hello {
        /// Its name.
        name: Arc<str>,
        /// How often it has said so. Another server answers each time, with all that people share.
        turn: u32,
    },
    /// To begin the chat with what the author has, since no other server lives.
    Found {
        /// Its name.
        name: Arc<str>,
    },
    /// To have a server counted as gone, and the people on it as having left.
    Gone {
        /// The server.
        server: ServerId,
    },
}
