//! Rows of the file as the model knows them.

use std::sync::Arc;

use crate::id::PersonId;
use crate::message::{EntryFacts, News, Report, RoomMember};
use crate::name::{RoomName, Username};

use super::Line;
use super::members::{Change, Owned};
use super::sanctions::Sanction;

/// A line, a change of the topic, or a gap, under the life of its room.
#[derive(Debug, Clone)]
pub(super) struct Shelved {
    pub(super) life: usize,
    pub(super) line: Line,
    /// What the topic is from then on.
    pub(super) topic: Option<Option<Arc<str>>>,
}

#[derive(Debug, Clone)]
pub(super) enum Row {
    Line(Shelved),
    Seen(Username, i64),
    End {
        life: usize,
        room: RoomName,
        seq: u64,
    },
    Account(u64, Change),
    Owned(Owned),
    Member(usize, RoomMember),
    Sanction(Sanction),
    Lifted(u64),
    Report(Report),
    ReportsRead,
    /// An account has no tokens any more. Nobody has any here.
    TokensOver,
    /// What was done to somebody. Nobody asks for it in a play.
    Audit,
}

impl Row {
    /// Whether it is refused if too much waits.
    pub(super) fn may_be_refused(&self) -> bool {
        matches!(
            self,
            Row::Line(_) | Row::Seen(..) | Row::End { .. } | Row::Account(_, Change::Left(_))
        )
    }

    /// For how many lines it stands.
    pub(super) fn lines(&self) -> u64 {
        match self {
            Row::Line(it) => it.count(),
            _ => 0,
        }
    }
}

impl Shelved {
    pub(super) fn room(&self) -> &RoomName {
        self.line.room.as_ref().expect("it was said in a room")
    }

    pub(super) fn is_gap(&self) -> bool {
        matches!(self.line.news, News::NotKept(_))
    }

    /// Whether people said or did it.
    pub(super) fn is_talk(&self) -> bool {
        matches!(self.line.news, News::Said { .. } | News::Action { .. })
    }

    /// The bytes of the texts and names.
    pub(super) fn held(&self) -> usize {
        let author = self.line.name.as_ref().map_or(0, |it| it.as_str().len());
        self.room().name().len() + author + self.line.typed
    }

    /// For how many lines it stands.
    pub(super) fn count(&self) -> u64 {
        match self.line.news {
            News::NotKept(count) => count,
            _ => 1,
        }
    }

    /// A gap in the place of lines of one room.
    pub(super) fn gap(missed: &[&Shelved]) -> Option<Shelved> {
        let first = missed.first()?;
        let count = missed.iter().map(|it| it.count()).sum();
        let line = Line {
            number: 0,
            entry: EntryFacts {
                author: PersonId::HOUSE,
                ..first.line.entry
            },
            name: None,
            room: first.line.room.clone(),
            news: News::NotKept(count),
            typed: 0,
        };
        let topics = missed.iter().rev();
        Some(Shelved {
            life: first.life,
            line,
            topic: topics.filter_map(|it| it.topic.clone()).next(),
        })
    }
}
