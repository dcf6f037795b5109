//! `Message`: what people are told, as facts. [`wire`](crate::wire) decides how a message reads on the wire.
//!
//! Messages are nested by topic. Code that decides something about messages matches every variant of an enum, so that a
//! new variant does not compile until that decision is made for it too.

#![warn(clippy::wildcard_enum_match_arm)]

mod account;
mod answer;
mod cause;
mod keep;
mod order;
mod owning;
mod past;
mod program;

pub use account::{AboutAccount, SecretQuestion};
pub use answer::{
    AboutAway, AboutChat, AboutHearing, AboutIgnoring, AboutInput, AboutPast, AboutPeople,
    AboutReading, AboutRooms, Answer, Elsewhere, HelpRow, Here, IgnoredRow, Presence, RoomRow,
    Whois,
};
pub use cause::{Cause, EntryFacts, Request, Told};
pub use keep::{
    AccountFacts, Audit, Keep, KeepAccount, KeepOrder, KeepOwning, KeptAccount, KeptHouse, Owning,
    Report, RoomMember, Settings, Waiting,
};
pub use order::{AboutOrder, PersonRow, Retype, Silence, Why};
pub use owning::{AboutKeeping, AboutOwning, RoomNews};
pub use past::{Before, KeptRoom, Page, Past, Seen, Unseen};
pub use program::{ForProgram, Hello, Misuse, MisuseCode, RoomFacts, SeatFacts, Welcome};

use std::net::IpAddr;
use std::sync::Arc;

use crate::error::{Protocol, ProxyFault, Unanswered};
use crate::id::PersonId;
use crate::name::{InvalidUsername, RoomName, Username};

/// One thing that one person or many people are told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// Something that is told as it happens. It may have a stamp before it.
    News(News),
    /// Something that was told before. It carries a date, so that nobody takes it for something said now.
    Past {
        /// The message.
        past: Arc<Past>,
        /// Whether it was said in a room that is not the reader's current one. Then it carries the room's tag too.
        is_elsewhere: bool,
    },
    /// Something that one person is told about their connection.
    Connection(AboutConnection),
    /// The answer to something that one person asked for.
    Answer(Answer),
    /// What a program is told in place of words.
    Program(ForProgram),
}

/// Something that happens in the chat. Each variant is told as it happens.
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
    /// Something that a person does, in their own words.
    Action {
        /// Who does it.
        from: Username,
        /// What they do.
        text: Arc<str>,
    },
    /// Someone came into the chat.
    Joined(Username),
    /// Someone left the chat, for whatever reason.
    Left {
        /// Who.
        who: Username,
        /// Their last word, if they had one.
        word: Option<Arc<str>>,
    },
    /// Someone was kicked or banned, and has left the chat.
    SentAway {
        /// Who.
        who: Username,
        /// The name of the operator.
        by: Arc<str>,
        /// Whether they are banned.
        is_banned: bool,
        /// Why.
        reason: Option<Arc<str>>,
    },
    /// A server that was a part of the chat is gone, and people with it.
    ServerLost {
        /// Its name.
        server: Arc<str>,
        /// Who left with it, the first who had come first.
        who: Arc<[(PersonId, Username)]>,
    },
    /// Someone came from another room.
    Entered(Username),
    /// Someone hears the room too now.
    ListensIn {
        /// Who.
        who: Username,
        /// Their current room, if those who read it may see that room.
        from: Option<RoomName>,
    },
    /// Someone whose current room is another one no longer hears this room.
    ListensNoMore(Username),
    /// Someone went to another room.
    WentTo {
        /// Who.
        who: Username,
        /// The room they went to, if those who read it may see that room.
        room: Option<RoomName>,
    },
    /// Someone is away, or back. Only programs read it; people see who is away when they ask or write.
    Away {
        /// Who.
        who: Username,
        /// Whether they are away now.
        is_away: bool,
        /// Why they are away.
        text: Option<Arc<str>>,
    },
    /// Someone took another name.
    Renamed {
        /// The name before.
        from: Username,
        /// The name from now on.
        to: Username,
    },
    /// Someone set the room's topic, or removed it.
    TopicSet {
        /// Who.
        by: Username,
        /// The topic from now on.
        topic: Option<Arc<str>>,
    },
    /// The room is kept in another way, or somebody was sent out of it.
    Room(RoomNews),
    /// Lines of the room were taken back.
    Erased {
        /// Whose they were.
        whose: Username,
        /// Who took them back.
        by: Username,
        /// How many. `None`: they were counted already, and only programs read this.
        count: Option<usize>,
        /// The numbers of some of them.
        seqs: Arc<[u64]>,
    },
    /// A notice from the operator, through [`Handle::notice`](crate::Handle::notice). It is told to every room; people
    /// read it in their current room alone.
    Notice(Arc<str>),
    /// So many lines of the room were not kept, as the disk could not take them. It is told in their place, when it is
    /// read later.
    NotKept(u64),

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
        /// The recipient.
        to: Username,
        /// What they wrote.
        text: Arc<str>,
    },
}

/// Something that one person is told about their connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AboutConnection {
    // On coming in, and while they are in.
    /// The question for a username; the answer is typed on the same line.
    UsernamePrompt,
    /// They are in.
    Welcome,
    /// A question for a password, which the next line answers.
    Secret {
        /// The question.
        question: SecretQuestion,
        /// Whether their screen shows it as they type.
        shows: bool,
    },
    /// The message of the day, of one or more lines.
    Motd(Arc<str>),
    /// Someone else has that name, or a name that looks like it.
    UsernameTaken,
    /// That name, or one that it looks like, is for people who keep order.
    UsernameOfHouse,
    /// That is not a valid username, for this reason.
    UsernameInvalid(InvalidUsername),
    /// They are a guest, and only members come in until then: milliseconds since 1970-01-01 00:00 UTC.
    LockedDown(i64),
    /// This many lines were skipped, because their reader was too far behind.
    Skipped(u64),
    /// Ends a line that holds only a prompt, before a message that the person did not ask for.
    LineBreak,

    // The last message before the connection is closed.
    /// They asked to leave.
    Goodbye,
    /// The person gave too many usernames that were refused.
    TooManyAttempts,
    /// The person gave no username in time.
    LoginTimedOut,
    /// The person typed no line for a long time.
    IdleTimedOut,
    /// The client speaks another protocol.
    WrongProtocol(Protocol),
    /// The owner of an account is in again.
    WelcomeBack {
        /// Their name.
        name: Username,
        /// When they were last here: milliseconds since 1970-01-01 00:00 UTC.
        last: Option<i64>,
        /// How many wrong passwords were tried since.
        wrong: u32,
        /// Where the last of them came from.
        wrong_from: Option<IpAddr>,
    },
    /// The seat that they want again is not kept. For programs.
    SeatGone,
    /// The name is somebody's, and the password has to come with it. For programs.
    PasswordNeeded(Username),
    /// The password was wrong.
    WrongPassword {
        /// How many more may be tried by this connection.
        left: u8,
    },
    /// Passwords are tried too often.
    PasswordsTooOften {
        /// When to try again.
        seconds: u64,
    },
    /// Whether the password is right could not be found out.
    PasswordUnanswered(Unanswered),
    /// The server is for members, and they gave a name that is nobody's.
    ForMembers,
    /// Their password was changed by the operator.
    PasswordChanged,
    /// Their account was removed.
    AccountRemoved,
    /// They came in from elsewhere, and this connection ends.
    Replaced,
    /// The operator sends them away, and says why.
    SentAway(Arc<str>),
    /// They were kicked, and stay out for a moment.
    Kicked {
        /// The name of the operator.
        by: Arc<str>,
        /// Why.
        reason: Option<Arc<str>>,
        /// The number of seconds after which they may come back.
        seconds: u64,
    },
    /// They are banned.
    Banned {
        /// Until when: milliseconds since 1970-01-01 00:00 UTC. `None`: for ever.
        until: Option<i64>,
        /// Why.
        reason: Option<Arc<str>>,
    },
    /// They came from the address of a proxy, which did not tell on whose behalf.
    NoProxyHeader(ProxyFault),
    /// The server takes TLS only, and they came without.
    TlsOnly,
    /// The server already holds as many connections as it may.
    ServerFull,
    /// The address already holds as many connections as one address may.
    TooManyFromAddress,
    /// The server is shutting down.
    ShuttingDown,
}

impl Message {
    /// The author, if a person wrote it.
    pub fn author(&self) -> Option<&Username> {
        match self {
            Message::News(news) => news.author(),
            Message::Past { past, .. } => past.news.author(),
            Message::Connection(_) | Message::Answer(_) | Message::Program(_) => None,
        }
    }

    /// Whether it counts against the rate of the person whose line caused it.
    pub(crate) fn is_asked_for(&self) -> bool {
        match self {
            Message::News(_)
            | Message::Past { .. }
            | Message::Connection(_)
            | Message::Program(_) => true,
            Message::Answer(answer) => answer.is_asked_for(),
        }
    }
}

impl News {
    /// The author, if a person wrote it.
    pub fn author(&self) -> Option<&Username> {
        self.written().map(|(author, _)| author)
    }

    /// The author and the text, if a person wrote it. Only such messages are kept to be read again.
    pub(crate) fn written(&self) -> Option<(&Username, &str)> {
        match self {
            News::Said { from, text }
            | News::Action { from, text }
            | News::Private { from, text } => Some((from, text)),
            // The recipient's copy is the one that is kept.
            News::PrivateSent { .. } => None,
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
            | News::TopicSet { .. }
            | News::Room(_)
            | News::Erased { .. }
            | News::Notice(_)
            | News::NotKept(_) => None,
        }
    }

    /// The text, if a person wrote it to a room or to one other.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            News::PrivateSent { text, .. } => Some(text),
            News::Said { .. }
            | News::Action { .. }
            | News::Private { .. }
            | News::Joined(_)
            | News::Left { .. }
            | News::SentAway { .. }
            | News::ServerLost { .. }
            | News::Entered(_)
            | News::ListensIn { .. }
            | News::ListensNoMore(_)
            | News::WentTo { .. }
            | News::Away { .. }
            | News::Renamed { .. }
            | News::TopicSet { .. }
            | News::Room(_)
            | News::Erased { .. }
            | News::Notice(_)
            | News::NotKept(_) => self.written().map(|(_, text)| text),
        }
    }

    /// Whether it tells that someone came or went. People who want quiet do not see these messages.
    pub(crate) fn is_coming_or_going(&self) -> bool {
        self.reach() == Reach::NotTheQuiet
    }

    /// Whether only programs read it.
    pub(crate) fn is_for_programs(&self) -> bool {
        self.reach() == Reach::Programs
    }

    /// Whether every room is told of it, so that people read it in their current room alone.
    pub(crate) fn is_for_everyone(&self) -> bool {
        self.reach() == Reach::OnceForAll
    }

    fn reach(&self) -> Reach {
        match self {
            News::Said { .. }
            | News::Action { .. }
            | News::Renamed { .. }
            | News::TopicSet { .. }
            | News::SentAway { .. }
            | News::Room(_)
            | News::NotKept(_)
            | News::Private { .. }
            | News::PrivateSent { .. } => Reach::All,
            News::Joined(_)
            | News::Left { .. }
            | News::ServerLost { .. }
            | News::Entered(_)
            | News::ListensIn { .. }
            | News::ListensNoMore(_)
            | News::WentTo { .. } => Reach::NotTheQuiet,
            News::Notice(_) => Reach::OnceForAll,
            News::Erased { count: Some(_), .. } => Reach::All,
            News::Erased { count: None, .. } | News::Away { .. } => Reach::Programs,
        }
    }
}

/// Who reads news of the rooms that they are in.
#[derive(PartialEq)]
enum Reach {
    All,
    /// Everyone but people who want quiet.
    NotTheQuiet,
    /// Everyone, in their current room alone.
    OnceForAll,
    Programs,
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

impl From<ForProgram> for Message {
    fn from(it: ForProgram) -> Message {
        Message::Program(it)
    }
}

impl From<Answer> for Message {
    fn from(it: Answer) -> Message {
        Message::Answer(it)
    }
}
