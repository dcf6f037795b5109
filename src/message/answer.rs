//! `Answer`: what one person is told because they asked for it. Each topic has an enum of its own.

use std::sync::Arc;

use crate::account::Rank;
use crate::error::Unanswered;
use crate::id::PersonId;
use crate::moment::Format;
use crate::name::{InvalidUsername, RoomName, Username};
use crate::query::InvalidQuery;

use super::{AboutAccount, AboutKeeping, AboutOrder, AboutOwning, Seen};

/// The answer to something that one person asked for. Nobody else reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// To a line or a key, whatever it was about.
    Input(AboutInput),
    /// About the chat.
    Chat(AboutChat),
    /// About rooms.
    Rooms(AboutRooms),
    /// About hearing rooms besides the current one.
    Hearing(AboutHearing),
    /// About people.
    People(AboutPeople),
    /// About being away.
    Away(AboutAway),
    /// About the people whom they ignore.
    Ignoring(AboutIgnoring),
    /// About what they read.
    Reading(AboutReading),
    /// About what was said before.
    Past(AboutPast),
    /// About accounts.
    Account(AboutAccount),
    /// About order.
    Order(AboutOrder),
    /// About rooms that are somebody's.
    Owning(AboutOwning),
}

/// Answers to a line or a key, whatever it was about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AboutInput {
    /// There is no such command. It is repeated as typed, and cut if it is long.
    UnknownCommand(Box<str>),
    /// The command exists, but its arguments are wrong. This is its usage.
    Usage(&'static str),
    /// The line was longer than the limit and was not sent.
    TooLong {
        /// The limit in force, in bytes.
        limit: usize,
    },
    /// They send faster than they may.
    TooFast {
        /// Whether the limit is that of everyone at their address together, not their own.
        of_address: bool,
    },
    /// The answer to their question is not available.
    Unanswered(Unanswered),
    /// Their last word before leaving is too long.
    QuitTooLong,
    /// The answer to the key that interrupts.
    HowToQuit,
    /// How to get from the question for a password back to that for a name.
    HowToGoBack,
    /// The answer to a telnet client that asks whether we are still there: the number of people who have a name.
    StillHere(usize),
}

/// Answers about the chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AboutChat {
    /// The list of commands.
    Help {
        /// All commands.
        rows: &'static [HelpRow],
        /// What the reader may do in their room, where people have accounts.
        rank: Option<Rank>,
    },
    /// The number of people who have a name.
    UsersOnline(usize),
}

/// Answers about rooms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AboutRooms {
    /// The list of rooms.
    Rooms {
        /// The rooms, the largest first.
        rows: Vec<RoomRow>,
        /// The number of rooms that are not listed.
        more: usize,
    },
    /// They are in this room now.
    InRoom(RoomName),
    /// This was their current room already.
    InRoomAlready(RoomName),
    /// That is not a valid name for a room, for this reason.
    RoomInvalid(InvalidUsername),
    /// The room is not made, because its name could be mistaken for that of another room.
    RoomLooksLike {
        /// The name as typed.
        typed: RoomName,
        /// The existing room.
        room: RoomName,
    },
    /// There is no such room.
    NoSuchRoom {
        /// The name as typed.
        name: RoomName,
        /// A room that they may have meant.
        meant: Option<RoomName>,
    },
    /// The server holds as many rooms as it may.
    TooManyRooms,
    /// They have made as many rooms as one person may.
    TooManyRoomsMade,
    /// The topic of a room, if it has one.
    Topic {
        /// The room.
        room: RoomName,
        /// Its topic.
        topic: Option<Arc<str>>,
    },
    /// The topic is too long.
    TopicTooLong,
    /// The people in a room.
    Who {
        /// The room.
        room: RoomName,
        /// The people in it, or the first of them.
        people: Vec<Presence>,
        /// The number of people who are not listed.
        more: usize,
    },
}

/// Answers about hearing rooms besides the current one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AboutHearing {
    /// They hear this room too now.
    Too(RoomName),
    /// They heard this room already.
    Already(RoomName),
    /// They no longer hear these rooms.
    NoMore(Vec<RoomName>),
    /// They hear no room but their current one.
    NoOther,
    /// They want to stop hearing this room, but it is their current one.
    Current(RoomName),
    /// They do not hear the room that they named. It may not exist.
    NotHeard(RoomName),
    /// The same, so that their text was not sent.
    NotSent(RoomName),
    /// Their text for another room is a command of another kind.
    OnlySaid,
    /// They are in as many rooms as one person may be.
    TooMany,
}

/// Answers about people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AboutPeople {
    /// Nobody has that name.
    Nobody {
        /// The name as typed, cut if it is long.
        typed: Box<str>,
        /// A person whom they may have meant.
        meant: Option<Username>,
    },
    /// They named themselves.
    Yourself,
    /// That is already their name.
    NamedSoAlready,
    /// What the server tells about a person.
    Whois(Box<Whois>),
    /// A private message was not delivered, because this person ignores them.
    NotTaken(Username),
    /// Nobody has written to them privately.
    NothingToReplyTo,
    /// The person to whom they reply has left.
    Gone(Username),
    /// A private message waits for this person, whose connection is lost.
    LinkLost(Username),
    /// The same, but too many wait already, so it was not sent.
    TooManyWait(Username),
    /// This person left without having read their private message.
    NotRead(Username, Arc<str>),
    /// The person whom they named has left since. This cannot happen on a server that is alone.
    JustLeft,
}

/// Answers about being away, whether it is they or others who are away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AboutAway {
    /// The person whom they wrote to or named is away.
    Away(Username, Option<Arc<str>>),
    /// Several people whom they named are away.
    SeveralAway {
        /// The first of them.
        names: Vec<Username>,
        /// The number of people who are not listed.
        more: usize,
    },
    /// They are away from now on.
    AwaySet,
    /// Their reason is too long.
    AwayTooLong,
    /// They are back. Lines for or about them follow.
    Back {
        /// The number of lines that follow.
        shown: usize,
        /// The number of lines that came while they were away.
        missed: usize,
    },
    /// They were not away.
    NotAway,
}

/// Answers about the people whom a person ignores.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AboutIgnoring {
    /// The people whom they ignore.
    Ignored(Vec<IgnoredRow>),
    /// They ignore this person from now on.
    IgnoreSet(Username),
    /// They ignore as many people as they may.
    TooManyIgnored,
    /// They no longer ignore this person.
    IgnoreLifted(Username),
    /// They did not ignore this person. The name is repeated as typed, and cut if it is long.
    NotIgnored(Box<str>),
}

/// Answers about what a person reads, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AboutReading {
    /// What stands before each line, now or from now on.
    TimeSet(Format),
    /// There is no such time zone.
    NoZone {
        /// The name as typed, cut if it is long.
        typed: Box<str>,
        /// Whether this server knows zones by name.
        by_name: bool,
    },
    /// Whether join and leave notices are hidden, now or from now on.
    QuietSet(bool),
    /// This many lines follow that were said before.
    History(usize),
    /// Nobody has said anything in this room, or the server keeps none of it.
    NoHistory,
    /// The end of the lines that were said before.
    End,
}

/// Answers about what was said before, and about people who were here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AboutPast {
    /// This many lines follow, which are not the last ones.
    Earlier(usize),
    /// This is what a search found.
    Found {
        /// The number of lines that follow.
        count: usize,
        /// Whether there are older ones.
        has_more: bool,
        /// The words that were searched for.
        words: Box<str>,
    },
    /// The end of lines of which there are older ones.
    More,
    /// Nearly all lines up to here are by people whom they ignore. There are older ones.
    FurtherBack,
    /// They want to see more of nothing.
    NothingMore,
    /// Nothing was said in the room before that.
    NothingEarlier,
    /// The person is here now.
    Here(Username),
    /// When somebody was last here, if they ever were.
    Seen(Option<Seen>),
    /// What they typed is no search, or no date.
    NoQuery(InvalidQuery),
    /// The answer would take too long to find.
    TooMuch,
    /// They search too often. They may search again in this many seconds.
    TooManySearches(u64),
    /// What was said last is not in the file yet, as the disk is slow.
    Behind,
    /// The server keeps nothing.
    NothingKept,
}

impl Answer {
    /// Whether it counts against the rate of the person whose line caused it. Notices that others are away do not: the
    /// others chose to be away, and chose the words.
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
            | Answer::Hearing(_)
            | Answer::People(_)
            | Answer::Ignoring(_)
            | Answer::Reading(_)
            | Answer::Past(_)
            | Answer::Account(_)
            | Answer::Order(_)
            | Answer::Owning(_) => true,
        }
    }
}

/// One line of `/help`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HelpRow {
    /// The command and what follows it, such as `/nick NAME`.
    pub usage: &'static str,
    /// What the command does.
    pub does: &'static str,
    /// Other words for the command.
    pub aliases: &'static [&'static str],
    /// The least that somebody must be to type it. `None`: it is for everyone, also where nobody has an account.
    pub least: Option<Rank>,
}

impl HelpRow {
    /// Whether it is for a reader of this rank. Members may have rooms of their own.
    pub(crate) fn is_for(&self, rank: Option<Rank>) -> bool {
        match (self.least, rank) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(Rank::Trusted | Rank::Owner), Some(rank)) => rank >= Rank::Member,
            (Some(least), Some(rank)) => rank >= least,
        }
    }
}

/// One line of `/rooms`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomRow {
    /// The room.
    pub name: RoomName,
    /// How many people are in it.
    pub people: usize,
    /// Whether the reader is in it, and how.
    pub here: Option<Here>,
    /// What it is about.
    pub topic: Option<Arc<str>>,
}

/// How a person is in a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Here {
    /// It is their current room.
    Current,
    /// They hear it besides their current room.
    Hears,
}

/// A person in the list of `/ignore`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IgnoredRow {
    /// The name that they had when they were ignored.
    pub name: Username,
    /// The name that they have now, if it is a different one.
    pub now: Option<Username>,
}

/// A person in the list of `/who`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Presence {
    /// Their number.
    pub id: PersonId,
    /// Their name.
    pub name: Username,
    /// Where else they are, if they are listed in a room that they hear besides their current one.
    pub elsewhere: Option<Elsewhere>,
    /// Whether they are away.
    pub away: bool,
    /// Whether their connection is lost, and their seat is kept.
    pub lost: bool,
    /// The number of seconds since they last typed.
    pub idle: u32,
}

/// Where a person is who hears a room besides their current one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Elsewhere {
    /// In this room.
    In(RoomName),
    /// In a room that the reader may not see.
    Unseen,
}

/// What `/whois` tells about a person. It never includes their address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whois {
    /// Their name, whether they are away, and for how long they have been idle.
    pub presence: Presence,
    /// The room they are in, if the reader may see it.
    pub room: Option<RoomName>,
    /// When they came online, in seconds since 1970-01-01 00:00 UTC.
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

impl From<AboutHearing> for Answer {
    fn from(it: AboutHearing) -> Answer {
        Answer::Hearing(it)
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

impl From<AboutPast> for Answer {
    fn from(it: AboutPast) -> Answer {
        Answer::Past(it)
    }
}

impl From<AboutAccount> for Answer {
    fn from(it: AboutAccount) -> Answer {
        Answer::Account(it)
    }
}

impl From<AboutOrder> for Answer {
    fn from(it: AboutOrder) -> Answer {
        Answer::Order(it)
    }
}

impl From<AboutKeeping> for Answer {
    fn from(it: AboutKeeping) -> Answer {
        Answer::Owning(AboutOwning::Keeping(it))
    }
}

impl From<AboutOwning> for Answer {
    fn from(it: AboutOwning) -> Answer {
        Answer::Owning(it)
    }
}
