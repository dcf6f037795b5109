//! Whether an act that another server sent is one that a server could have sent. The texts of acts go to people as they are, so
//! a line end in one would forge a line, and one without a bound would fill the memory of all servers.
//!
//! Names need no check here: a [`Username`](crate::Username) that exists can forge nothing.

use crate::limits::accounts::USER_CHARS;
use crate::limits::cluster::NODE_CHARS;
use crate::limits::order::{BANS, MUTES, REASON_CHARS, REPORT_CHARS, SENT_AWAY_AT_ONCE};
use crate::limits::{
    AWAY_CHARS, CLEAN_GROWTH, IGNORED, LINE_BYTES_RANGE, NOTICE_BYTES, QUIT_CHARS, TOPIC_CHARS,
};

use super::{AccountAct, Act, OrderAct, OwnAct, Returning, ServerAct};

/// Why an act is none that a server sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// A text has a control character or the end of a line.
    Control,
    /// A text or a list is too long.
    Long,
    /// A time is hundreds of thousands of years away.
    Time,
}

impl std::fmt::Display for Unfit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Unfit::Control => "a text with a control character",
            Unfit::Long => "a text or a list beyond its limit",
            Unfit::Time => "a time beyond all limits",
        })
    }
}

/// The most bytes of what somebody typed, whatever limit their server has.
pub(crate) const TYPED_BYTES: usize = *LINE_BYTES_RANGE.end() * CLEAN_GROWTH;

/// The farthest time, in milliseconds before or behind 1970-01-01 00:00 UTC, so that no sum of two overflows.
const TIME_MOST: u64 = 1 << 53;

/// Checks a text of so many bytes at most.
pub(crate) fn check_text(text: &str, most: usize) -> Result<(), Unfit> {
    let is_bad = |c: char| c.is_control() && c != '\t' || matches!(c, '\u{2028}' | '\u{2029}');
    match text.len() <= most {
        false => Err(Unfit::Long),
        true if text.contains(is_bad) => Err(Unfit::Control),
        true => Ok(()),
    }
}

/// Checks a time.
pub(crate) fn check_time(time: Option<i64>) -> Result<(), Unfit> {
    let is_far = time.is_some_and(|it| it.unsigned_abs() > TIME_MOST);
    if is_far { Err(Unfit::Time) } else { Ok(()) }
}

/// Checks a text that may have so many characters.
fn check_short(text: Option<&str>, most: usize) -> Result<(), Unfit> {
    let Some(text) = text else { return Ok(()) };
    check_text(text, most * char::MAX.len_utf8())?;
    check_count(text.chars().count(), most)
}

fn check_count(count: usize, most: usize) -> Result<(), Unfit> {
    if count > most {
        return Err(Unfit::Long);
    }
    Ok(())
}

impl Act {
    /// Checks everything that people could not have typed, and that no server sends.
    pub(crate) fn check(&self) -> Result<(), Unfit> {
        match self {
            Act::ComeIn { proof, .. } => match proof {
                Some((_, returning)) => returning.check(),
                None => Ok(()),
            },
            Act::Say { text, .. } | Act::Do { text, .. } => check_text(text, TYPED_BYTES),
            // The house writes to people too.
            Act::Write { text, .. } => check_text(text, TYPED_BYTES),
            Act::Notice { text } | Act::Announce { text, .. } => {
                check_text(text, NOTICE_BYTES * CLEAN_GROWTH)
            }
            Act::SetTopic { topic } => check_short(topic.as_deref(), TOPIC_CHARS),
            Act::GoAway { text } => check_short(text.as_deref(), AWAY_CHARS),
            Act::Leave { word, .. } => check_short(word.as_deref(), QUIT_CHARS),
            Act::Account(act) => act.check(),
            Act::Order(act) => act.check(),
            Act::Own(act) => act.check(),
            Act::Server(act) => act.check(),
            Act::Go { .. }
            | Act::Listen { .. }
            | Act::Unlisten { .. }
            | Act::Switch { .. }
            | Act::Rename { .. }
            | Act::ComeBack
            | Act::Lose { .. }
            | Act::Return { .. }
            | Act::Ignore { .. }
            | Act::Unignore { .. } => Ok(()),
        }
    }
}

impl Returning {
    fn check(&self) -> Result<(), Unfit> {
        check_count(self.ignores.len(), IGNORED)
    }
}

impl AccountAct {
    fn check(&self) -> Result<(), Unfit> {
        match self {
            AccountAct::Leave { text, .. } => check_text(text, TYPED_BYTES),
            AccountAct::Add { by, .. }
            | AccountAct::Reset { by, .. }
            | AccountAct::SetRole { by, .. }
            | AccountAct::Remove { by, .. } => check_short(Some(by), USER_CHARS),
            AccountAct::Register | AccountAct::SetPassword | AccountAct::Unregister { .. } => {
                Ok(())
            }
        }
    }
}

impl OrderAct {
    fn check(&self) -> Result<(), Unfit> {
        match self {
            OrderAct::Kick { whom, reason } => {
                check_count(whom.len(), SENT_AWAY_AT_ONCE)?;
                check_short(reason.as_deref(), REASON_CHARS)
            }
            OrderAct::Sanction { until, reason, .. } => {
                check_time(*until)?;
                check_short(reason.as_deref(), REASON_CHARS)
            }
            OrderAct::Lift { ids } => check_count(ids.len(), BANS + MUTES),
            OrderAct::Erase { since: time, .. } | OrderAct::LockDown { until: time } => {
                check_time(*time)
            }
            OrderAct::Report { text } | OrderAct::Proclaim { text } => {
                check_short(Some(text), REPORT_CHARS)
            }
        }
    }
}

impl ServerAct {
    fn check(&self) -> Result<(), Unfit> {
        match self {
            ServerAct::Hello { name, .. } | ServerAct::Found { name } => {
                check_short(Some(name), NODE_CHARS)
            }
            ServerAct::Gone { .. } => Ok(()),
        }
    }
}

impl OwnAct {
    fn check(&self) -> Result<(), Unfit> {
        match self {
            OwnAct::SendOut { reason, .. } => check_short(reason.as_deref(), REASON_CHARS),
            OwnAct::Trust { .. }
            | OwnAct::Lock { .. }
            | OwnAct::LockTopic { .. }
            | OwnAct::OpenPast { .. }
            | OwnAct::Slow { .. }
            | OwnAct::Invite { .. }
            | OwnAct::Offer { .. }
            | OwnAct::Answer { .. }
            | OwnAct::SayHeld { .. } => Ok(()),
        }
    }
}
