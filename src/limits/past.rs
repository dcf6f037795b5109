//! The bounds of what people read and search of the past.

use std::time::Duration;

/// Longest text of a search, in bytes.
pub const SEARCH_BYTES: usize = 256;

/// Words and phrases of a search.
pub const SEARCH_TERMS: usize = 8;

/// Letters that the beginning of a word needs in a search. Fewer find nearly everything.
pub const PREFIX_CHARS: usize = 3;

/// Lines that a search shows at once.
pub const FOUND_LINES: usize = 20;

/// Searches that one person may make at once.
pub const SEARCHES: u32 = 10;

/// The time that one of them takes to come back.
pub const SEARCH_INTERVAL: Duration = Duration::from_secs(6);

/// Most lines that `/history` shows, whatever is kept in a file.
pub const HISTORY_SHOWN: usize = 1000;

/// Most lines that a program gets in one answer.
pub const LINES_ANSWERED: usize = 100;
