//! The one list of acts that carry somebody's words to others. Somebody who is muted does none of them.

use crate::name::RoomName;

use super::{AccountAct, Act, OrderAct, OwnAct};

/// Where an act carries its author's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Words<'a> {
    /// Nowhere.
    None,
    /// To a room that the author hears: this one, or else their current one.
    ToRoom(Option<&'a RoomName>),
    /// To every room that the author hears.
    ToRooms,
    /// To people, whatever room they are in.
    ToPeople,
    /// It makes a room of this name, if there is none yet.
    NameOf(&'a RoomName),
}

impl Act {
    /// Where it carries its author's words.
    pub(crate) fn words(&self) -> Words<'_> {
        match self {
            Act::Say { room, .. } | Act::Do { room, .. } => Words::ToRoom(room.as_ref()),
            Act::SetTopic { topic: Some(_) } => Words::ToRoom(None),
            Act::Write { .. } => Words::ToPeople,
            Act::Rename { .. }
            | Act::GoAway { text: Some(_) }
            | Act::Leave { word: Some(_), .. } => Words::ToRooms,
            Act::Go { room } | Act::Listen { room } => Words::NameOf(room),
            Act::Account(act) => act.words(),
            Act::Order(act) => act.words(),
            Act::Own(act) => act.words(),
            // A name is chosen at the door, where no mute is asked. The last three are acts of the house.
            Act::ComeIn { .. }
            | Act::SetTopic { topic: None }
            | Act::GoAway { text: None }
            | Act::Leave { word: None, .. }
            | Act::Unlisten { .. }
            | Act::Switch { .. }
            | Act::ComeBack
            | Act::Ignore { .. }
            | Act::Unignore { .. }
            | Act::Lose { .. }
            | Act::Return { .. }
            | Act::Notice { .. }
            | Act::Announce { .. }
            | Act::Server(_) => Words::None,
        }
    }
}

impl AccountAct {
    fn words(&self) -> Words<'_> {
        match self {
            AccountAct::Leave { .. } => Words::ToPeople,
            AccountAct::Register
            | AccountAct::SetPassword
            | AccountAct::Unregister { .. }
            | AccountAct::Add { .. }
            | AccountAct::Reset { .. }
            | AccountAct::SetRole { .. }
            | AccountAct::Remove { .. } => Words::None,
        }
    }
}

impl OrderAct {
    fn words(&self) -> Words<'_> {
        match self {
            OrderAct::Kick {
                reason: Some(_), ..
            }
            | OrderAct::Sanction {
                reason: Some(_), ..
            }
            | OrderAct::Proclaim { .. } => Words::ToPeople,
            // The muted may call for help.
            OrderAct::Report { .. }
            | OrderAct::Kick { reason: None, .. }
            | OrderAct::Sanction { reason: None, .. }
            | OrderAct::Lift { .. }
            | OrderAct::Erase { .. }
            | OrderAct::LockDown { .. } => Words::None,
        }
    }
}

impl OwnAct {
    fn words(&self) -> Words<'_> {
        match self {
            OwnAct::Invite { room, .. } | OwnAct::SayHeld { room } => Words::ToRoom(Some(room)),
            OwnAct::SendOut {
                room,
                reason: Some(_),
                ..
            } => Words::ToRoom(Some(room)),
            OwnAct::Offer { .. } => Words::ToPeople,
            OwnAct::Trust { .. }
            | OwnAct::Lock { .. }
            | OwnAct::LockTopic { .. }
            | OwnAct::OpenPast { .. }
            | OwnAct::Slow { .. }
            | OwnAct::SendOut { reason: None, .. }
            | OwnAct::Answer { .. } => Words::None,
        }
    }
}
