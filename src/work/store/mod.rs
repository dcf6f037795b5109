//! The store: what is said is kept in a file, and can be searched.
//!
//! A directory has one file, `chinwag.db`, which `sqlite3` reads too: `SELECT * FROM line` shows what was said. `open`
//! gives three ends of it. The loop has the `Sink`, which never waits. One thread runs the `Writer`, which keeps lines
//! in transactions. Another thread has the `Reader`, which searches. Nothing here starts a thread, reads a clock or
//! prints.
//!
//! What always holds:
//!
//! - A line is in the file once, whatever the disk did meanwhile. Numbers of lines and entries are never given twice.
//! - Lines that were not kept are counted. Where lines were refused, a gap stands.
//! - A question covers all that was handed over before it was asked, or is refused.
//! - A search that takes more than a quarter of a second is refused.
//! - Nothing is overwritten or removed but lines of an age that was asked for. A file that is damaged, newer or something
//!   else is left as it is.

#[cfg(feature = "accounts")]
mod accounts;
mod addresses;
mod backup;
mod batch;
mod erasing;
mod error;
mod house;
mod item;
mod line;
mod lock;
mod missed;
mod open;
mod pages;
#[cfg(feature = "accounts")]
mod passwords;
mod queue;
mod reader;
mod retention;
mod rooms;
mod schema;
mod search;
#[cfg(test)]
pub(crate) mod simulated;
#[cfg(feature = "accounts")]
mod tokens;
mod wal;
mod words;
mod writer;

use std::sync::Arc;

use crate::moment::Moment;

pub use crate::message::{Before, Keep, KeptHouse, KeptRoom, Page, Past, Seen, Unseen};
pub use crate::query::Query;

pub use backup::{backup, restore};
pub use error::{Error, Refused, Report};
#[cfg(feature = "accounts")]
pub use house::list_accounts;
pub use open::{Loaded, Options, Store, open};
#[cfg(feature = "accounts")]
pub use passwords::Checker;
#[cfg(feature = "accounts")]
pub(crate) use queue::Watch;
pub use queue::{Condition, Sink, Status};
pub use reader::Reader;
pub use writer::{Ended, Writer};

/// Tells the time.
pub type Clock = Arc<dyn Fn() -> Moment + Send + Sync>;

#[cfg(test)]
mod tests;
