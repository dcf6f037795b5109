//! The bounds of the store: of what waits for the disk, of the file's log, and of searches.

use std::time::Duration;

/// Lines that may wait for the disk: half a minute of full talk. Further ones are refused and counted.
pub const ROWS_WAITING: usize = 65_536;

/// The memory that they may take, in bytes.
pub const BYTES_WAITING: usize = 16 * 1024 * 1024;

/// Rooms whose refused lines are counted one by one, to be told there.
pub const GAPS: usize = 4096;

/// How long the writer waits after the first line, so that more come and one transaction keeps them all.
pub const GATHERING: Duration = Duration::from_millis(20);

/// Lines that one transaction keeps. More make it slower to no end.
pub const COMMIT_ROWS: usize = 8192;

/// How long the writer waits before it tries a full disk again.
pub const RETRY: Duration = Duration::from_secs(1);

/// How often an operator is told of one trouble that goes on.
pub const TELL_AGAIN: Duration = Duration::from_secs(60);

/// How long SQLite waits for a lock of another process.
pub const BUSY: Duration = Duration::from_millis(100);

/// Pages of the write-ahead log that are not in the file yet, from which on the writer copies them there.
pub const WAL_COPIED: i64 = 1000;

/// Pages of that log from which on the writer starts it over, and so waits for readers.
pub const WAL_RESTARTED: i64 = 4000;

/// The size of that log, in bytes, from which on an operator is told: another process holds the file.
pub const WAL_BYTES: i64 = 64 * 1024 * 1024;

/// The size to which that log shrinks when it starts over, in bytes.
pub const WAL_SHRUNK: i64 = 16 * 1024 * 1024;

/// Names of rooms and people whose numbers the writer remembers.
pub const NAMES_REMEMBERED: usize = 8192;

/// Lines that are removed at once because of their age, while no line waits.
pub const REMOVED_ROWS: usize = 500;

/// Lines that are removed at once because somebody takes them back.
pub const ERASED_ROWS: usize = 500;

/// Lines that are looked at meanwhile.
pub const ERASURE_READ: usize = 5000;

/// Pages of the index that are merged at once after that: less than a megabyte.
pub const MERGED_PAGES: i64 = 200;

/// How long the writer rests when no line is too old.
pub const REMOVAL_REST: Duration = Duration::from_secs(600);

/// How far the clock may be ahead of the newest line when lines are to be removed. Beyond it an operator is told.
pub const CLOCK_AHEAD: Duration = Duration::from_secs(30 * 24 * 3600);

/// Rooms that go on after a start, with their last lines. Others end then. A room whose lines could not be read in time has
/// them read when somebody comes in.
pub const ROOMS_LOADED: usize = 1000;

/// How long it may take to read those lines.
pub const LOAD_TIME: Duration = Duration::from_millis(1500);

/// How long a question of a reader waits until the file has what was said before it.
pub const SETTLING: Duration = Duration::from_millis(500);

/// How long one search may take.
pub const SEARCH_TIME: Duration = Duration::from_millis(250);

/// Operations of SQLite between two looks at the clock. A page of the index takes five, and holds a thousand lines.
pub const SEARCH_STEPS: i32 = 200;

/// Lines that show whether a room is so busy that a search in it begins with the other words.
pub const BUSY_SAMPLE: i64 = 256;

/// Lines of the room among them, from which on it is.
pub const BUSY_LINES: i64 = 64;

/// Lines with the words of a search, wherever they were said, that are tried for one in such a room.
pub const LINES_TRIED: i64 = 1000;

/// Lines on one page of what a reader asked for.
pub const PAGE_LINES: usize = 10_000;

/// The last lines of a room among which that of its topic is looked for at a start.
pub const TOPIC_READ: usize = 10_000;

const _: () = assert!(COMMIT_ROWS <= ROWS_WAITING && WAL_COPIED < WAL_RESTARTED);
const _: () = assert!(WAL_RESTARTED * 4096 <= WAL_SHRUNK && WAL_SHRUNK < WAL_BYTES);
