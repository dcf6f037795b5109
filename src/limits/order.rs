//! The bounds of keeping order.

use std::time::Duration;

/// Bans that hold at once. Each costs some 300 bytes.
pub const BANS: usize = 4096;

/// Mutes that hold at once. They are fewer, as every line is held against all of them.
pub const MUTES: usize = 512;

/// Longest reason, in characters.
pub const REASON_CHARS: usize = 200;

/// The time that a ban or a mute lasts, unless its author says otherwise.
pub const SANCTION_TIME: Duration = Duration::from_secs(24 * 60 * 60);

/// Longest time for which somebody is kept out or silent, unless it is for ever.
pub const SANCTION_TIME_MOST: Duration = Duration::from_secs(10 * 366 * 24 * 60 * 60);

/// The time for which somebody who was kicked stays out.
pub const KICK_TIME: Duration = Duration::from_secs(60);

/// People who are sent away at once. More go in slices of this, so that nobody else waits for long.
pub const SENT_AWAY_AT_ONCE: usize = 128;

/// Kicks that are remembered. Beyond that somebody comes back earlier.
pub const KICKS: usize = 4096;

/// Time in which the same command typed again does what it had only counted.
pub const TYPE_AGAIN: Duration = Duration::from_secs(60);

/// Bans and mutes that `/bans` lists: half a kilobyte each, and a reason.
pub const SANCTIONS_LISTED: usize = 50;

/// The time that a lockdown lasts, unless its author says otherwise.
pub const LOCKDOWN: Duration = Duration::from_secs(60 * 60);

/// Longest lockdown. Members only for longer than that is `--accounts required`.
pub const LOCKDOWN_MOST: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Guests who came in this short a time before a lockdown are silent while it lasts.
pub const LOCKDOWN_BEFORE: Duration = Duration::from_secs(10 * 60);

/// The time after which operators are reminded of a lockdown.
pub const LOCKDOWN_REMINDER: Duration = Duration::from_secs(15 * 60);

/// Mutes and kicks that go on to meet one person under other names.
pub const FOLLOWED: usize = 32;

/// Acts that `/audit` shows, unless it says how many.
pub const AUDIT_SHOWN: usize = 20;

/// Most acts that it shows.
pub const AUDIT_SHOWN_MOST: usize = 50;

/// Numbers of lines that are gone in one object for programs.
pub const SEQS_TOLD: usize = 100;

/// How long what was taken back is remembered: longer than the file takes to answer a question that was asked before.
pub const ERASURE_REMEMBERED: Duration = Duration::from_secs(60);

/// Most that are remembered.
pub const ERASURES: usize = 1024;

/// Guests whom a lockdown tells at once that they are silent, or heard again. Others learn it from their next line.
pub const SILENCED_TOLD: usize = 100;

/// Reports that one person may make at once.
pub const REPORTS: u32 = 3;

/// The time that one of them takes to come back: three an hour.
pub const REPORT_INTERVAL: Duration = Duration::from_secs(20 * 60);

/// Longest report, in characters.
pub const REPORT_CHARS: usize = 500;

/// Reports that wait for an operator.
pub const REPORTS_WAITING: usize = 32;

/// People of whom it is remembered that they made a report in the last hour.
pub const REPORTERS: usize = 4096;

const _: () = {
    use super::{ANSWER_BYTES, USERNAME_CHARS};
    const LINE: usize = 3 * 4 * USERNAME_CHARS + 200;
    assert!(ANSWER_BYTES >= SANCTIONS_LISTED * (LINE + 4 * REASON_CHARS));
    assert!(ANSWER_BYTES >= AUDIT_SHOWN_MOST * (LINE + 4 * REPORT_CHARS) / 2);
    assert!(ANSWER_BYTES >= REPORTS_WAITING * (LINE + 4 * REPORT_CHARS));
};
