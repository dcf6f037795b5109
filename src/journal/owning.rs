//! Acts about rooms that are somebody's.

use std::sync::Arc;

use crate::account::AccountId;
use crate::id::PersonId;
use crate::name::RoomName;
use crate::sanction::Target;

/// An act about a room that is somebody's. Whether its author may do it is decided when it is applied.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "cluster", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "cluster",
    serde(rename_all = "snake_case", deny_unknown_fields)
)]
pub enum OwnAct {
    /// To let somebody keep order in a room, or no longer.
    Trust {
        /// The room.
        room: RoomName,
        /// The account.
        account: AccountId,
        /// Whether they are trusted from now on.
        is_trusted: bool,
    },
    /// To let in only those who are invited, or everyone.
    Lock {
        /// The room.
        room: RoomName,
        /// Whether it is locked from now on.
        is_locked: bool,
    },
    /// To let those alone set a room's topic who keep order in it, or everyone.
    LockTopic {
        /// The room.
        room: RoomName,
        /// Whether it is locked from now on.
        is_locked: bool,
    },
    /// To let those who are invited to a locked room read what was said before, or not.
    OpenPast {
        /// The room.
        room: RoomName,
        /// Whether they may from now on.
        is_open: bool,
    },
    /// To have a person wait between two lines.
    Slow {
        /// The room.
        room: RoomName,
        /// How long, in seconds. Zero: not at all.
        seconds: u32,
    },
    /// To let somebody into a locked room, or no longer.
    Invite {
        /// The room.
        room: RoomName,
        /// Whom.
        whom: Invited,
        /// Whether they are invited from now on.
        is_invited: bool,
    },
    /// To send somebody out of a room for a while.
    SendOut {
        /// The room.
        room: RoomName,
        /// Whom.
        whom: PersonId,
        /// Whom the room keeps out meanwhile.
        target: Target,
        /// Why.
        reason: Option<Arc<str>>,
    },
    /// To offer a room to somebody.
    Offer {
        /// The room.
        room: RoomName,
        /// The account.
        account: AccountId,
    },
    /// To take a room that is offered, or not.
    Answer {
        /// The room.
        room: RoomName,
        /// Whether they take it.
        is_accepted: bool,
    },
    /// To say a line that was held back, as its author was moved to this room.
    SayHeld {
        /// The room.
        room: RoomName,
    },
}

/// Somebody who is invited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "cluster", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "cluster",
    serde(rename_all = "snake_case", deny_unknown_fields)
)]
pub enum Invited {
    /// A member, whether they are here or not.
    Member(AccountId),
    /// A guest, while they are here.
    Guest(PersonId),
}

impl OwnAct {
    /// The room that it is about.
    pub fn room(&self) -> &RoomName {
        match self {
            OwnAct::Trust { room, .. }
            | OwnAct::Lock { room, .. }
            | OwnAct::LockTopic { room, .. }
            | OwnAct::OpenPast { room, .. }
            | OwnAct::Slow { room, .. }
            | OwnAct::Invite { room, .. }
            | OwnAct::SendOut { room, .. }
            | OwnAct::Offer { room, .. }
            | OwnAct::Answer { room, .. }
            | OwnAct::SayHeld { room } => room,
        }
    }

    /// The text that somebody wrote with the act.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            OwnAct::SendOut { reason, .. } => reason.as_deref(),
            OwnAct::Trust { .. }
            | OwnAct::Lock { .. }
            | OwnAct::LockTopic { .. }
            | OwnAct::OpenPast { .. }
            | OwnAct::Slow { .. }
            | OwnAct::Invite { .. }
            | OwnAct::Offer { .. }
            | OwnAct::Answer { .. }
            | OwnAct::SayHeld { .. } => None,
        }
    }
}
