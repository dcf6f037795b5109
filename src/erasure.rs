//! `Erasure`: what somebody said is taken back, from memory and from the file.

use crate::account::AccountId;
use crate::id::PersonId;
use crate::message::{News, Past};
use crate::name::{RoomName, Username};

/// Whose words are meant. Those of a member are known by the account, under whatever name they were said; those of a guest by
/// the name under which they were said, and by the person if they are here.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "cluster", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "cluster", serde(deny_unknown_fields))]
pub struct Whose {
    /// The account. `None`: a guest, or a program that is not in the chat.
    pub account: Option<AccountId>,
    /// The person of that name who is here.
    pub person: Option<PersonId>,
    /// The name by which they were meant.
    pub name: Username,
}

/// What somebody said is taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erasure {
    /// The number of its entry. What is said later stays.
    pub seq: u64,
    /// Whose words.
    pub whose: Whose,
    /// Those in this room. `None`: those everywhere, and private ones.
    pub room: Option<RoomName>,
    /// Those from then on: milliseconds since 1970-01-01 00:00 UTC. `None`: all.
    pub since: Option<i64>,
}

impl Whose {
    /// Whether somebody wrote something: a person, under a name, perhaps with an account.
    fn wrote(&self, author: PersonId, account: Option<AccountId>, name: Option<&Username>) -> bool {
        if self.person == Some(author) && author != PersonId::HOUSE {
            return true;
        }
        match self.account {
            Some(_) => account == self.account,
            None => account.is_none() && name.is_some_and(|it| it.has_key_of(&self.name)),
        }
    }
}

impl Erasure {
    /// Whether it takes back a line.
    pub(crate) fn meets(&self, past: &Past) -> bool {
        let is_there = |room| past.room.as_ref() == Some(room);
        self.room.as_ref().is_none_or(is_there)
            && self.is_of(past.seq, past.at)
            && self
                .whose
                .wrote(past.author, past.account, past.news.author())
    }

    /// Whether it takes back the topic that a line set.
    pub(crate) fn meets_topic(&self, past: &Past) -> bool {
        let News::TopicSet { by, .. } = &past.news else {
            return false;
        };
        let is_there = |room| past.room.as_ref() == Some(room);
        self.room.as_ref().is_none_or(is_there)
            && self.is_of(past.seq, past.at)
            && self.whose.wrote(past.author, past.account, Some(by))
    }

    /// Whether it takes back why somebody is away, as they said in this entry.
    pub(crate) fn meets_away(
        &self,
        seq: u64,
        (who, account, name): (PersonId, Option<AccountId>, &Username),
    ) -> bool {
        let at = PersonId(seq).second().saturating_mul(1000);
        self.room.is_none() && self.is_of(seq, at) && self.whose.wrote(who, account, Some(name))
    }

    /// Whether it takes back what is private: nothing, if it is about a room.
    pub(crate) fn meets_waiting(&self, it: &crate::message::Waiting) -> bool {
        self.room.is_none()
            && self.is_of(it.seq, it.at)
            && self
                .whose
                .wrote(it.author, it.author_account, Some(&it.from))
    }

    fn is_of(&self, seq: u64, at: i64) -> bool {
        seq < self.seq && self.since.is_none_or(|since| since <= at)
    }
}

/// So many messages, in words.
pub(crate) fn messages(count: u64) -> String {
    match count {
        1 => "1 message".into(),
        count => format!("{count} messages"),
    }
}
