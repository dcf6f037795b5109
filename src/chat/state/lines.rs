//! Lines that are kept, as they travel.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::account::AccountId;
use crate::chat::history::History;
use crate::id::PersonId;
use crate::message::{News, Past};
use crate::name::{RoomName, Username};

use super::InvalidState;
use super::form::{Text, Time, is_counted, text};

/// A line that is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::chat) struct PastForm {
    seq: u64,
    at: Time,
    author: PersonId,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<AccountId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    room: Option<RoomName>,
    what: What,
}

/// What the line is.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum What {
    Said { by: Username, text: Text },
    Did { by: Username, text: Text },
    Private { by: Username, text: Text },
    Sent { to: Username, text: Text },
    Topic { by: Username, topic: Option<Text> },
    NotKept(u64),
}

/// Lines with their numbers, and what is known of those that are gone; see [`History`].
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::chat) struct HistoryForm {
    pub(in crate::chat) total: usize,
    pub(in crate::chat) is_cut: bool,
    pub(in crate::chat) last: u64,
    pub(in crate::chat) dropped: u64,
    pub(in crate::chat) lines: Vec<(usize, PastForm)>,
}

impl What {
    /// `None`: nobody keeps such news.
    fn of(news: &News) -> Option<What> {
        Some(match news {
            News::Said { from, text } => What::Said {
                by: from.clone(),
                text: text.into(),
            },
            News::Action { from, text } => What::Did {
                by: from.clone(),
                text: text.into(),
            },
            News::Private { from, text } => What::Private {
                by: from.clone(),
                text: text.into(),
            },
            News::PrivateSent { to, text } => What::Sent {
                to: to.clone(),
                text: text.into(),
            },
            News::TopicSet { by, topic } => What::Topic {
                by: by.clone(),
                topic: text(topic),
            },
            News::NotKept(count) => What::NotKept(*count),
            News::Joined(_)
            | News::Left { .. }
            | News::SentAway { .. }
            | News::ServerLost { .. }
            | News::Entered(_)
            | News::ListensIn { .. }
            | News::ListensNoMore(_)
            | News::WentTo { .. }
            | News::Away { .. }
            | News::Renamed { .. }
            | News::Room(_)
            | News::Erased { .. }
            | News::Notice(_) => return None,
        })
    }
}

impl From<What> for News {
    fn from(it: What) -> News {
        match it {
            What::Said { by: from, text } => News::Said {
                from,
                text: text.into(),
            },
            What::Did { by: from, text } => News::Action {
                from,
                text: text.into(),
            },
            What::Private { by: from, text } => News::Private {
                from,
                text: text.into(),
            },
            What::Sent { to, text } => News::PrivateSent {
                to,
                text: text.into(),
            },
            What::Topic { by, topic } => News::TopicSet {
                by,
                topic: topic.map(Arc::from),
            },
            What::NotKept(count) => News::NotKept(count),
        }
    }
}

impl PastForm {
    /// `None`: it is no line that anybody keeps.
    pub(in crate::chat) fn of(past: &Past) -> Option<PastForm> {
        Some(PastForm {
            seq: past.seq,
            at: Time(past.at),
            author: past.author,
            account: past.account,
            room: past.room.clone(),
            what: What::of(&past.news)?,
        })
    }

    /// The same of several lines.
    pub(super) fn of_all(lines: &[Arc<Past>]) -> Vec<PastForm> {
        lines.iter().filter_map(|it| PastForm::of(it)).collect()
    }

    pub(super) fn all(lines: Vec<PastForm>) -> Vec<Arc<Past>> {
        lines.into_iter().map(Arc::from).collect()
    }
}

impl From<PastForm> for Arc<Past> {
    fn from(it: PastForm) -> Arc<Past> {
        Arc::new(Past {
            seq: it.seq,
            at: it.at.0,
            author: it.author,
            account: it.account,
            room: it.room,
            news: it.what.into(),
        })
    }
}

impl HistoryForm {
    /// The lines of a history that keeps so many of them, and so many bytes.
    pub(super) fn load(self, lines: usize, bytes: usize) -> Result<History, InvalidState> {
        let numbers = || self.lines.iter().map(|(number, _)| *number);
        let is_sorted = numbers().is_sorted_by(|a, b| a < b);
        let is_over = numbers().any(|it| it >= self.total);
        if !is_sorted || is_over || !is_counted(self.total as u64) {
            return Err(InvalidState("lines in no order"));
        }
        Ok(History::of_form(self, lines, bytes))
    }
}
