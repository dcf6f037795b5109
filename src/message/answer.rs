//! `Answer`: what one person is told because they asked for it. Each topic has an enum of its own.

use std::sync::Arc;

use crate::error::Unanswered;
use crate::moment::Format;
use crate::name::{InvalidUsername, RoomName, Username};

/// The answer to what one person asked for, read by them alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// To a line or a key, whatever it was about.
    Input(AboutInput),
    /// About the chat.
    Chat(AboutChat),
    /// About rooms.
    Rooms(AboutRooms),
    /// About people.
    People(AboutPeople),
    /// About being away.
    Away(AboutAway),
    /// About the people whom they ignore.
    Ignoring(AboutIgnoring),
    /// About what they read.
    Reading(AboutReading),
}

/// Answers to a line or a key, whatever it was about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AboutInput {
    /// There is no such command; it is repeated as typed, cut when long.
    UnknownCommand(Box<str>),
    /// The command is right, but not what follows it. This is how it is used.
    Usage(&'static str),
    /// The line was longer than the limit, in bytes, and was not sent.
    TooLong {
        /// The limit in force.
        limit: usize,
    },
    /// They send faster than they may.
    TooFast {
        /// It is not they alone, but everyone at their address together.
        of_address: bool,
    },
    /// What they asked for cannot be had. Nothing that can be typed is asked of a worker yet.
    Unanswered(Unanswered),
    /// The last word that they want to leave with is too long.
    QuitTooLong,
    /// The answer to the key that interrupts.
    HowToQuit,
    /// The answer to a telnet client that asks whether we are still there: so many people have a name.
    StillHere(usize),
}

/// Answers about the chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AboutChat {
    /// The list of commands.
    Help(&'static [HelpRow]),
    /// How many people have a name.
    UsersOnline(usize),
}

/// Answers about rooms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AboutRooms {
    /// The rooms there are.
    Rooms {
        /// The largest of them first.
        rows: Vec<RoomRow>,
        /// How many there are besides.
        more: usize,
    },
    /// They are in this room now.
    InRoom(RoomName),
    /// They were in this room already.
    InRoomAlready(RoomName),
    /// That is no name of a room, for this reason.
    RoomInvalid(InvalidUsername),
    /// No room is made, as its name could be mistaken for that of another one.
    RoomLooksLike {
        /// The name as typed.
        typed: RoomName,
        /// The room that is there.
        room: RoomName,
    },
    /// There is no such room.
    NoSuchRoom {
        /// The name as typed.
        name: RoomName,
        /// A room that they may have meant.
        meant: Option<RoomName>,
    },
    /// No room can be made.
    TooManyRooms,
    /// They made as many rooms as one person may.
    TooManyRoomsMade,
    /// What the room is about, if it is about something.
    Topic {
        /// The room.
        room: RoomName,
        /// Its topic.
        topic: Option<Arc<str>>,
    },
    /// The topic is too long.
    TopicTooLong,
    /// Who is in a room.
    Who {
        /// The room.
        room: RoomName,
        /// The people in it, or the first of them.
        people: Vec<Presence>,
        /// How many there are besides.
        more: usize,
    },
}

/// Answers about people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AboutPeople {
    /// There is nobody of that name.
    Nobody {
        /// The name as typed, cut when long.
        typed: Box<str>,
        /// Whom they may have meant.
        meant: Option<Username>,
    },
    /// That is themselves.
    Yourself,
    /// That is their name already.
    NamedSoAlready,
    /// What is known of a person.
    Whois(Box<Whois>),
    /// A private message was not delivered, as this person ignores them.
    NotTaken(Username),
    /// Nobody has written to them privately.
    NothingToReplyTo,
    /// The person they reply to is not here any more.
    Gone(Username),
    /// Whom they typed has left since. Alone nobody can have.
    JustLeft,
}

/// Answers about being away: their own, or that of others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AboutAway {
    /// The person they wrote to, or named, is away.
    Away(Username, Option<Arc<str>>),
    /// Several people whom they named are away: these, and so many more.
    SeveralAway {
        /// The first of them.
        names: Vec<Username>,
        /// How many there are besides.
        more: usize,
    },
    /// They are away from now on.
    AwaySet,
    /// What they gave as the reason is too long.
    AwayTooLong,
    /// They are back. So many lines for or about them follow, of so many that came.
    Back {
        /// Lines that follow.
        shown: usize,
        /// Lines that came.
        missed: usize,
    },
    /// They were not away.
    NotAway,
}

/// Answers about the people whom a person ignores.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AboutIgnoring {
    /// Whom they ignore.
    Ignored(Vec<IgnoredRow>),
    /// They ignore this person from now on.
    IgnoreSet(Username),
    /// They ignore as many as they may.
    TooManyIgnored,
    /// They no longer ignore this person.
    IgnoreLifted(Username),
    /// They did not ignore this person; the name is repeated as typed, cut when long.
    NotIgnored(Box<str>),
}

/// Answers about what a person reads, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AboutReading {
    /// What stands before each line, now or from now on.
    TimeSet(Format),
    /// There is no such time zone.
    NoZone {
        /// It is repeated as typed, cut when long.
        typed: Box<str>,
        /// Whether zones have names here.
        by_name: bool,
    },
    /// Whether join and leave notices are hidden, now or from now on.
    QuietSet(bool),
    /// So many lines follow, which were said before.
    History(usize),
    /// Nothing was said in this room, or nothing is kept of it.
    NoHistory,
    /// What was said before ends here.
    End,
}

impl Answer {
    /// Whether it counts for the rate of whoever typed the line that it is told for. That others are away, and with what
    /// words, is their choice.
    pub(super) fn is_asked_for(&self) -> bool {
        match self {
            Answer::Away(AboutAway::Away(..) | AboutAway::SeveralAway { .. }) => false,
            Answer::Away(
                AboutAway::AwaySet
                | AboutAway::AwayTooLong
                | AboutAway::Back { .. }
                | AboutAway::NotAway,
            )
            | Answer::Input(_)
            | Answer::Chat(_)
            | Answer::Rooms(_)
            | Answer::People(_)
            | Answer::Ignoring(_)
            | Answer::Reading(_) => true,
        }
    }
}

/// One line of `/help`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HelpRow {
    /// The command and what follows it, such as `/nick NAME`.
    pub usage: &'static str,
    /// What it does.
    pub does: &'static str,
    /// Other words for the command.
    pub aliases: &'static [&'static str],
}

/// One line of `/rooms`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomRow {
    /// The room.
    pub name: RoomName,
    /// How many people are in it.
    pub people: usize,
    /// What it is about.
    pub topic: Option<Arc<str>>,
}

/// A person, as `/ignore` lists them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IgnoredRow {
    /// The name that they had when they were ignored.
    pub name: Username,
    /// The name that they have now, where it is another one.
    pub now: Option<Username>,
}

/// A person, as `/who` lists them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Presence {
    /// Their name.
    pub name: Username,
    /// Whether they are away.
    pub away: bool,
    /// For how many seconds they have typed nothing.
    pub idle: u32,
}

/// What `/whois` tells of a person. Never their address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whois {
    /// Their name, whether they are away, and for how long they have been idle.
    pub presence: Presence,
    /// The room they are in.
    pub room: RoomName,
    /// Since when they have been online: seconds since 1970-01-01 00:00 UTC.
    pub since: i64,
    /// Why they are away.
    pub away: Option<Arc<str>>,
}

impl From<AboutInput> for Answer {
    fn from(it: AboutInput) -> Answer {
        Answer::Input(it)
    }
}

impl From<AboutChat> for Answer {
    fn from(it: AboutChat) -> Answer {
        Answer::Chat(it)
    }
}

impl From<AboutRooms> for Answer {
    fn from(it: AboutRooms) -> Answer {
        Answer::Rooms(it)
    }
}

impl From<AboutPeople> for Answer {
    fn from(it: AboutPeople) -> Answer {
        Answer::People(it)
    }
}

impl From<AboutAway> for Answer {
    fn from(it: AboutAway) -> Answer {
        Answer::Away(it)
    }
}

impl From<AboutIgnoring> for Answer {
    fn from(it: AboutIgnoring) -> Answer {
        Answer::Ignoring(it)
    }
}

impl From<AboutReading> for Answer {
    fn from(it: AboutReading) -> Answer {
        Answer::Reading(it)
    }
}
