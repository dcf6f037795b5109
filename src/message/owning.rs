//! What people are told about rooms that are somebody's.

use std::sync::Arc;

use crate::name::{RoomName, Username};

/// Answers about rooms that are somebody's, and what one person is told of what another one did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AboutOwning {
    /// The room is for those who are invited.
    ForInvited,
    /// The lobby is nobody's.
    Lobby,
    /// The room that they made is nobody's, as so many are theirs.
    NobodysRoom(RoomName),
    /// Nobody of this name has an account.
    NotAMember(Username),

    /// To people who keep a room.
    Keeping(AboutKeeping),
    /// Somebody invites them to a room.
    YouAreInvited {
        /// Who.
        by: Username,
        /// The room.
        room: RoomName,
    },
    /// They were invited to rooms while they were not here.
    WereInvited {
        /// The first of them.
        rooms: Vec<RoomName>,
        /// How many more there are.
        more: usize,
    },
    /// Somebody trusts them to keep order in a room.
    YouAreTrusted {
        /// Who.
        by: Username,
        /// The room.
        room: RoomName,
    },
    /// A room is offered to them.
    YouAreOffered {
        /// By whom, if that is known.
        by: Option<Username>,
        /// The room.
        room: RoomName,
    },
    /// The room is theirs from now on.
    Yours(RoomName),
    /// They do not want the room.
    Declined(RoomName),
    /// Somebody does not want their room.
    DeclinedBy {
        /// Who.
        who: Username,
        /// The room.
        room: RoomName,
    },
    /// Nothing is offered to them.
    NothingOffered,
    /// As many rooms are theirs as may be.
    TooManyOwned,
    /// Somebody sent them out of a room.
    YouAreSentOut {
        /// The room.
        room: RoomName,
        /// Who.
        by: Username,
        /// Why.
        reason: Option<Arc<str>>,
    },
    /// They were sent out of a room, and may not come back yet.
    NotYet {
        /// The room.
        room: RoomName,
        /// Why they were sent out.
        reason: Option<Arc<str>>,
        /// How many minutes it takes.
        minutes: u64,
    },
    /// Their current room is another one by somebody else's doing. Their line was not said there yet.
    Moved(RoomName),
    /// The same, and this line takes the place of one that was not said either.
    MovedAlone(RoomName),
    /// The same, and they wanted to set a topic.
    MovedTopic(RoomName),
    /// They may not set the topic.
    TopicIsLocked(RoomName),
    /// They say things in a slow room too fast.
    TooSoon {
        /// The room.
        room: RoomName,
        /// In how many seconds they may say something.
        wait: u64,
        /// Seconds between two lines.
        seconds: u32,
        /// What they wanted to say.
        text: Arc<str>,
    },
}

/// Answers to people who keep a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AboutKeeping {
    /// Whether the room is locked from now on.
    Locked {
        /// The room.
        room: RoomName,
        /// Whether it is.
        is_locked: bool,
    },
    /// Whether only those who keep order set the topic from now on.
    TopicLocked {
        /// The room.
        room: RoomName,
        /// Whether it is so.
        is_locked: bool,
    },
    /// Whether those who are invited read what was said before.
    Past {
        /// The room.
        room: RoomName,
        /// Whether they do.
        is_open: bool,
    },
    /// Seconds between two lines of one person from now on.
    Slowed {
        /// The room.
        room: RoomName,
        /// The seconds. Zero: it is no longer slow.
        seconds: u32,
    },
    /// This is no number of seconds that a room can have.
    NoSeconds,
    /// Whether somebody keeps order in the room from now on.
    Trusted {
        /// Who.
        who: Username,
        /// The room.
        room: RoomName,
        /// Whether they do.
        is_trusted: bool,
    },
    /// Somebody may come into the room, or no longer.
    Invited {
        /// Who.
        who: Username,
        /// The room.
        room: RoomName,
        /// Whether they may.
        is_invited: bool,
        /// Whether they may not, and are still in it.
        stays: bool,
    },
    /// Who is invited to the room.
    WhoIsInvited {
        /// The room.
        room: RoomName,
        /// The first of them.
        who: Vec<Username>,
        /// How many more there are.
        more: usize,
    },
    /// Who keeps order in the room besides its owner.
    WhoIsTrusted {
        /// The room.
        room: RoomName,
        /// The first of them.
        who: Vec<Username>,
        /// How many more there are.
        more: usize,
    },
    /// How slow the room is.
    Pause {
        /// The room.
        room: RoomName,
        /// Seconds between two lines of one person. Zero: it is not slow.
        seconds: u32,
    },
    /// Whose the room is, and what is locked.
    Kept {
        /// The room.
        room: RoomName,
        /// Its owner, if it has one.
        owner: Option<Username>,
        /// Whether only those who are invited come in.
        is_locked: bool,
        /// Whether only those who keep order set the topic.
        is_topic_locked: bool,
    },
    /// As many people are trusted or invited in the room as may be.
    TooManyInvited(RoomName),
    /// Somebody was sent out of the room.
    SentOut {
        /// Who.
        who: Username,
        /// The room.
        room: RoomName,
    },
    /// They cannot send out this person.
    MayNotBeSentOut(Username),
    /// This person is not in the room.
    NotInRoom {
        /// Who.
        who: Username,
        /// The room.
        room: RoomName,
    },
    /// The room is offered to somebody.
    Offered {
        /// To whom.
        who: Username,
        /// The room.
        room: RoomName,
    },
    /// The room has an owner, so that operators do not give it away.
    HasOwner(RoomName),
    /// The room is theirs already.
    OwnAlready(RoomName),
}

/// What a room is told of how it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RoomNews {
    /// Somebody has locked it, or unlocked it.
    Locked {
        /// Who.
        by: Username,
        /// Whether it is locked.
        is_locked: bool,
    },
    /// Somebody has locked its topic, or unlocked it.
    TopicLocked {
        /// Who.
        by: Username,
        /// Whether it is locked.
        is_locked: bool,
    },
    /// Somebody has opened its past to those who are invited, or closed it.
    PastOpened {
        /// Who.
        by: Username,
        /// Whether it is open.
        is_open: bool,
    },
    /// Somebody has made it slow, or no longer.
    Slowed {
        /// Who.
        by: Username,
        /// Seconds between two lines of one person, or zero.
        seconds: u32,
    },
    /// Somebody was sent out.
    SentOut {
        /// Who.
        who: Username,
        /// By whom.
        by: Username,
        /// Why.
        reason: Option<Arc<str>>,
    },
    /// It is somebody's now, or nobody's.
    Owner(Option<Username>),
}
