//! The side of Redis of a cluster: a stream that all servers read and write, and leases. It is for any act that can be
//! written as JSON, and knows neither the chat nor its journal, nor how what is read is applied. Nothing here starts a
//! thread, reads a clock or prints; a `Link` never waits.
//!
//! # How it goes
//!
//! `join` is the blocking start. It takes the lease of the server's name, says `Hello`, and comes back with the state of
//! the others, or with the word that this server has founded the chat. `link` then gives three ends. The loop has the
//! `Link`, by which it hands over `Errand`s, one batch a tick. One thread runs the `Publisher`, which writes acts and
//! states, renews the lease and watches those of others. Another one runs the `Follower`, which reads the stream. What the
//! two have to tell, they tell as `News` to a function of the caller.
//!
//! ```text
//! loop --Errand::Publish--> Publisher: Outbox --XADD--> the stream --XREAD--> Follower --News::Read--> loop: Seen
//!                                        ^                                       |
//!                                        +--------- came back, up to here -------+
//! ```
//!
//! In Redis there are:
//!
//! | key | what it is |
//! |---|---|
//! | `KEY` | the stream; an entry has the fields `v` (version), `n` (server), `e` (epoch, hexadecimal), `f` (number of the first act), `c` (how many), `a` (the acts, as a JSON array) |
//! | `KEY:lease:NODE` | `EPOCH waiting` or `EPOCH standing`, for 15 s |
//! | `KEY:nodes` | the names of the servers that have leases, or had them |
//! | `KEY:state:EPOCH` | the state for a newcomer, for 60 s; with `:NODE` behind it while it is being written |
//!
//! A user of Redis needs these keys, and the commands AUTH, DEL, EXEC, GET, INFO, LINDEX, LRANGE, MGET, MULTI, PEXPIRE,
//! PTTL, RENAME, ROLE (with Sentinel), RPUSH, SADD, SELECT, SET, SMEMBERS, SREM, TIME, TYPE, UNWATCH, WATCH, XADD,
//! XINFO STREAM, XRANGE, XREAD and XTRIM. There is no script.
//!
//! # What always holds
//!
//! - An act stays in the outbox until it comes back by the stream; that Redis has acknowledged it is not enough. What was
//!   sent and did not come back is sent again with the same numbers, once the reader is at what was the tail when the new
//!   connection was made. So the same act may stand in the stream more than once, and [`Seen`] tells which is the first.
//! - Acts of one epoch have numbers in a row, and stand in the stream in that order. What goes out together is one
//!   transaction: if Redis refuses a part of it, it refuses all.
//! - The follower tells each entry once, in order, or tells that it cannot ([`News::Lost`]). It knows that nothing is missing
//!   because it counts: Redis tells how many entries were ever added, and how many are there. It looks at that, and at the
//!   entry at its own position, on each new connection, each second, and while it is behind.
//! - An entry that cannot be read ends the server ([`News::Failed`]). It is never passed over.
//! - Redis that is away, starts, is full or refuses is asked again, behind 50 ms to 5 s. [`News::Away`] and [`News::Back`] are
//!   told once each, for both threads together.
//! - A lease that is missing means nothing for 15 s behind a new connection, because all may have run out while Redis
//!   was away.
//!
//! # What the loop has to do
//!
//! - It keeps to [`OUTBOX_ACTS`](crate::limits::cluster::OUTBOX_ACTS) and
//!   [`OUTBOX_BYTES`](crate::limits::cluster::OUTBOX_BYTES): an act is out until it was read again.
//! - It drops batches whose epoch is no longer its own, and asks `Seen` about each packet of the others.
//! - On a `Hello` of another epoch, if its turn has come and it stands, it hands over [`Errand::State`], as of that entry.
//! - It passes over any `Found`, unless its own decided the start. Of two that were written at once, the second means
//!   nothing.
//! - Behind [`News::Lost`], or when it reads that it is gone itself, it hands over [`Errand::Return`]. Numbers go on from
//!   [`Joined::next`] of the new epoch.

mod connection;
mod error;
mod follower;
mod id;
mod join;
mod lease;
mod link;
mod options;
mod outbox;
mod pace;
mod packet;
mod publisher;
mod seen;
mod state;
mod stream;

use std::sync::Arc;

use crate::moment::Moment;

pub use error::Error;
pub use follower::Follower;
pub use id::{Position, StreamId};
pub use join::{Entrance, Joined, Start, join};
pub use link::{Batch, Errand, Link, News, link};
pub use options::Options;
pub use packet::Packet;
pub use publisher::Publisher;
pub use seen::{Seen, Verdict};
pub use stream::Entry;

/// Tells the time.
pub type Clock = Arc<dyn Fn() -> Moment + Send + Sync>;

#[cfg(test)]
pub(crate) mod simulated;
#[cfg(test)]
mod tests;
