//! `Message`: what people are told, as facts. How they read on the wire is the business of [`wire`](crate::wire).

use std::sync::Arc;

use crate::error::Protocol;
use crate::moment::Format;
use crate::name::{InvalidUsername, RoomName, Username};

/// One thing told to one person or to many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    // To a room.
    /// A line of text from one person to the others.
    Said {
        /// Who said it.
        from: Username,
        /// The line, clean of control characters.
        text: Arc<str>,
    },
    /// What someone does, as they tell it.
    Action {
        /// Who does it.
        from: Username,
        /// What they do.
        text: Arc<str>,
    },
    /// Someone came into the chat.
    Joined(Username),
    /// Someone left the chat, however they left.
    Left {
        /// Who.
        who: Username,
        /// Their last word, if they had one.
        word: Option<Arc<str>>,
    },
    /// Someone came from another room.
    Entered(Username),
    /// Someone went to another room.
    WentTo {
        /// Who.
        who: Username,
        /// Where to.
        room: RoomName,
    },
    /// Someone took another name.
    Renamed {
        /// The name before.
        from: Username,
        /// The name from now on.
        to: Username,
    },
    /// Someone set the room's topic, or took it away.
    TopicSet {
        /// Who.
        by: Username,
        /// The topic from now on.
        topic: Option<Arc<str>>,
    },
    /// Said by whoever runs the server, through [`Handle::notice`](crate::Handle::notice).
    Notice(Arc<str>),

    // From one person to one other.
    /// A private message, as its recipient reads it.
    Private {
        /// Who wrote it.
        from: Username,
        /// What they wrote.
        text: Arc<str>,
    },
    /// A private message, as its author reads it.
    PrivateSent {
        /// To whom it went.
        to: Username,
        /// What they wrote.
        text: Arc<str>,
    },
    /// Something that was told before. It is dated, so that it cannot pass for something said now.
    Past(Arc<Past>),

    // To one person, on coming in.
    /// The question for a username; the answer is typed on the same line.
    UsernamePrompt,
    /// They are in.
    Welcome,
    /// The message of the day, of one or more lines.
    Motd(Arc<str>),
    /// Someone else has that name, or one that looks like it.
    UsernameTaken,
    /// That is no username, for this reason.
    UsernameInvalid(InvalidUsername),
    /// So many lines stand no more here, as they waited for a reader who was too far behind.
    Skipped(u64),
    /// Ends a line that holds nothing but a prompt, before something is told that nobody asked for.
    LineBreak,

    /// The answer to what one person asked for.
    Answer(Answer),

    // To one person, whose connection is closed then.
    /// They asked to leave.
    Goodbye,
    /// Too many refused usernames.
    TooManyAttempts,
    /// No username in time.
    LoginTimedOut,
    /// No line in a long time.
    IdleTimedOut,
    /// The client speaks another protocol.
    WrongProtocol(Protocol),
    /// As many connections as the server holds are there already.
    ServerFull,
    /// As many connections as one address may hold are there already.
    TooManyFromAddress,
    /// The server shuts down.
    ShuttingDown,
}

impl Message {
    /// Who wrote it, if someone did.
    pub fn author(&self) -> Option<&Username> {
        match self {
            Message::Said { from, .. }
            | Message::Action { from, .. }
            | Message::Private { from, .. } => Some(from),
            Message::Past(past) => past.message.author(),
            _ => None,
        }
    }

    /// Whether it counts for the rate of whoever typed the line that it is told for. That others are away, and with what
    /// words, is their choice.
    pub(crate) fn is_asked_for(&self) -> bool {
        let is_away = |it: &Answer| matches!(it, Answer::Away(..) | Answer::SeveralAway { .. });
        !matches!(self, Message::Answer(it) if is_away(it))
    }
}

/// What was told before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    /// The number of its [entry](crate::Entry).
    pub seq: u64,
    /// When: milliseconds since 1970-01-01 00:00 UTC.
    pub at: i64,
    /// What.
    pub message: Message,
}

impl Past {
    /// When, in whole seconds since 1970-01-01 00:00 UTC.
    pub fn unix(&self) -> i64 {
        self.at.div_euclid(1000)
    }
}

/// The answer to what one person asked for, read by them alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    // To any line.
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
    /// The last word that they want to leave with is too long.
    QuitTooLong,
    /// The answer to the key that interrupts.
    HowToQuit,
    /// The answer to a telnet client that asks whether we are still there: so many people have a name.
    StillHere(usize),

    // About the chat.
    /// The list of commands.
    Help(&'static [HelpRow]),
    /// How many people have a name.
    UsersOnline(usize),

    // About rooms.
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
    /// So many lines follow, which were said before.
    History(usize),
    /// Nothing was said in this room, or nothing is kept of it.
    NoHistory,
    /// What was said before ends here.
    End,

    // About people.
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

    // About what they read.
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
