//! The phases of a tick, with a file for each; `Server::turn` calls them in this order. They work on a [`Talk`], and on
//! data of their own:
//!
//! | phase | what it needs besides the talk |
//! |---|---|
//! | [`poll`], mark | the poller, the listeners |
//! | [`take`] | the inbox |
//! | [`accept`] | its [`Door`], and a registry for new sockets |
//! | [`read`] | the clock, as its turns together take a bounded time |
//! | [`time`] | |
//! | [`farewell`] | |
//! | [`write`] | how long it took the last time: its [`Pace`] |
//! | hand over, in [`workers`](super::workers) and `keeping` | |
//! | show, in [`metrics`](super::metrics) | the poller, and whether the server is stopping |
//! | [`reap`] | the registry of the sockets |
//!
//! For the read phase, [`decode`] turns what a peer sends into events for the hub, with `program` and `web` for what is not
//! lines of text. [`proxy`] finds out the address of a newcomer who comes through a proxy, and then [`opening`] the
//! protocol of each newcomer.
//!
//! Handlers queue, phases act: no write, close or free happens while a line is handled.

mod accept;
mod decode;
mod farewell;
mod opening;
mod pace;
mod poll;
#[cfg(feature = "machine")]
mod program;
mod proxy;
mod read;
mod reap;
mod take;
mod time;
#[cfg(feature = "web")]
mod web;
mod write;

pub(super) use accept::Door;
pub(super) use pace::Pace;

use super::talk::Talk;
use super::{LISTENERS, Server};
