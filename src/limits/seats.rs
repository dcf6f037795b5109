//! Bounds of seats that are kept while the connection is lost.

use std::time::Duration;

/// How long a guest's seat is kept.
pub const KEEP_GUEST: Duration = Duration::from_secs(60);

/// How long a member's seat is kept.
pub const KEEP_MEMBER: Duration = Duration::from_secs(600);

/// Of the people who may have a connection, one in so many may have a seat that is kept without one.
pub const KEPT_SHARE: usize = 4;

/// Private messages that are kept to be told again, and that may wait for somebody whose connection is lost.
pub const PRIVATE_LINES: usize = 100;

/// Bytes that these may take, as they are read later.
pub const PRIVATE_BYTES: usize = 64 * 1024;

/// Bytes of all lines together that somebody reads who is back. Of the older lines they read the count.
pub const TOLD_AGAIN_BYTES: usize = 64 * 1024;

/// What an object has besides the name and the text of a line that is told again, in bytes.
pub const AROUND_TOLD_AGAIN: usize = 160;
