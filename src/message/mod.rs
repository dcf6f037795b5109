//! `Message`: what people are told, as facts. How they read on the wire is the business of [`wire`](crate::wire).
//!
//! A message is nested by its topic. Each decision over messages matches every variant of an enum, so that a new variant
//! does not compile until it is decided too.

#![warn(clippy::wildcard_enum_match_arm)]

mod answer;

pub use answer::{
    AboutAway, AboutChat, AboutIgnoring, AboutInput, AboutPeople, AboutReading, AboutRooms, Answer,
    HelpRow, IgnoredRow, Presence, RoomRow, Whois,
};

use std::sync::Arc;

use crate::error::Protocol;
use crate::name::{InvalidUsername, RoomName, Username};

/// One thing told to one person or to many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// Something that happens, told as it happens: a stamp may stand before it.
    News(News),
    /// Something that was told before. It is dated, so that it cannot pass for something said now.
    Past(Arc<Past>),
    /// To one person, about their connection.
    Connection(AboutConnection),
    /// The answer to what one person asked for.
    Answer(Answer),
}

/// What happens in the chat. Each variant is told as it happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
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
}

/// What one person is told about their connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AboutConnection {
    // On coming in, and while they are in.
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

    // The last that they are told before the connection is closed.
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
            Message::News(news) => news.author(),
            Message::Past(past) => past.news.author(),
            Message::Connection(_) | Message::Answer(_) => None,
        }
    }

    /// Whether it counts for the rate of whoever typed the line that it is told for.
    pub(crate) fn is_asked_for(&self) -> bool {
        match self {
            Message::News(_) | Message::Past(_) | Message::Connection(_) => true,
            Message::Answer(answer) => answer.is_asked_for(),
        }
    }
}

impl News {
    /// Who wrote it, if someone did.
    pub fn author(&self) -> Option<&Username> {
        self.written().map(|(author, _)| author)
    }

    /// The author and the text, if someone wrote it. Nothing else is kept to be read again.
    pub(crate) fn written(&self) -> Option<(&Username, &str)> {
        match self {
            News::Said { from, text }
            | News::Action { from, text }
            | News::Private { from, text } => Some((from, text)),
            // It is kept as its recipient reads it.
            News::PrivateSent { .. } => None,
            News::Joined(_)
            | News::Left { .. }
            | News::Entered(_)
            | News::WentTo { .. }
            | News::Renamed { .. }
            | News::TopicSet { .. }
            | News::Notice(_) => None,
        }
    }

    /// Whether it tells that someone came or went. This is hidden from people who want it quiet.
    pub(crate) fn is_coming_or_going(&self) -> bool {
        match self {
            News::Joined(_) | News::Left { .. } | News::Entered(_) | News::WentTo { .. } => true,
            News::Said { .. }
            | News::Action { .. }
            | News::Renamed { .. }
            | News::TopicSet { .. }
            | News::Notice(_)
            | News::Private { .. }
            | News::PrivateSent { .. } => false,
        }
    }
}

impl From<News> for Message {
    fn from(it: News) -> Message {
        Message::News(it)
    }
}

impl From<AboutConnection> for Message {
    fn from(it: AboutConnection) -> Message {
        Message::Connection(it)
    }
}

impl From<Answer> for Message {
    fn from(it: Answer) -> Message {
        Message::Answer(it)
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
    pub news: News,
}

impl Past {
    /// When, in whole seconds since 1970-01-01 00:00 UTC.
    pub fn unix(&self) -> i64 {
        self.at.div_euclid(1000)
    }
}
