//! The phases of a tick, a file for each; `Server::turn` calls them in this order. They work on a [`Talk`], and on what is
//! theirs alone:
//!
//! | phase | besides the talk it needs |
//! |---|---|
//! | [`poll`], mark | the poller, the listeners |
//! | [`take`] | the inbox |
//! | [`accept`] | its [`Door`], where to register a socket |
//! | [`read`] | the clock, as its turns together take a bounded time |
//! | [`time`] | |
//! | [`farewell`] | |
//! | [`write`] | how long it took last time: its [`Pace`] |
//! | hand over, in [`workers`](super::workers) | |
//! | [`reap`] | where sockets are registered |
//!
//! Handlers queue, phases act: no write, close or free happens while a line is handled.

mod accept;
mod farewell;
mod pace;
mod poll;
mod read;
mod reap;
mod take;
mod time;
mod write;

pub(super) use accept::Door;
pub(super) use pace::Pace;

use super::talk::Talk;
use super::{LISTENERS, Server};
