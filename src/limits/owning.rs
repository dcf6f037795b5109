//! The bounds of rooms that are somebody's.

/// Rooms that somebody reads the names of as they come in, of those to which they were invited meanwhile.
pub const INVITATIONS_TOLD: usize = 5;

/// Rooms that may belong to one account. More could be made to keep names from others.
pub const ROOMS_OWNED: usize = 20;

/// People who are trusted or invited in one room, members and guests each: at most 100 KiB for a room.
pub const ROOM_PEOPLE: usize = 1000;

/// People of those whom a list of them names.
pub const PEOPLE_SHOWN: usize = 50;

/// People who are kept out of one room at a time. The one who could come back first makes way.
pub const ROOM_KICKS: usize = 256;

/// The minutes after which somebody who was sent out of a room may come back.
pub const SENT_OUT_FOR: u64 = 10;

/// The most seconds between two lines of one person in a slow room.
pub const SLOW_SECONDS: u32 = 3600;

/// The people of a slow room whose last lines are remembered before those are forgotten that are long past.
pub const SLOW_PEOPLE: usize = 256;

/// How long an offer of a room is good: milliseconds.
pub const OFFERED_FOR: i64 = 24 * 60 * 60 * 1000;

/// How long the owner of a room must be away before an operator may give it away: milliseconds.
pub const OWNER_AWAY_FOR: i64 = 180 * 24 * 60 * 60 * 1000;

/// How long nobody has read a sentence yet that was sent to them: milliseconds. What comes meanwhile was typed before.
pub const UNREAD_FOR: i64 = 500;

/// How often a line is held back after its author was moved to another room.
pub const LINES_HELD: u8 = 2;
