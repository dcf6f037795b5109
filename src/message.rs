//! `Message`: what people are told, as facts. How they read on the wire is the business of [`wire`](crate::wire).

use std::sync::Arc;

use crate::error::Protocol;
use crate::name::Username;

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
    /// Someone came into the room.
    Joined(Username),
    /// Someone left the room, however they left.
    Left(Username),
    /// Someone took another name.
    Renamed {
        /// The name before.
        from: Username,
        /// The name from now on.
        to: Username,
    },
    /// Said by whoever runs the server, through [`Handle::notice`](crate::Handle::notice).
    Notice(Arc<str>),

    // To one person, on coming in.
    /// The question for a username; the answer is typed on the same line.
    UsernamePrompt,
    /// They are in.
    Welcome,
    /// Someone else has that name.
    UsernameTaken,
    /// That is no username.
    UsernameInvalid,
    /// Too many refused usernames; the connection is closed.
    TooManyAttempts,
    /// No username in time; the connection is closed.
    LoginTimedOut,
    /// The client speaks another protocol; the connection is closed.
    WrongProtocol(Protocol),

    // To one person, in answer to a line.
    /// The list of commands.
    Help(&'static [HelpRow]),
    /// How many people have a name.
    UsersOnline(usize),
    /// There is no such command; it is repeated as typed, cut when long.
    UnknownCommand(Box<str>),
    /// The command is right, but not what follows it. This is how it is used.
    Usage(&'static str),
    /// The line was longer than the limit, in bytes, and was not sent.
    TooLong {
        /// The limit in force.
        limit: usize,
    },
    /// The answer to the key that interrupts.
    HowToQuit,
    /// The answer to a telnet client that asks whether we are still there: so many people have a name.
    StillHere(usize),
    /// The answer to `/quit`; the connection is closed.
    Goodbye,

    // To one person or to all, about the server.
    /// As many connections as the server holds are there already; this one is closed.
    ServerFull,
    /// The server shuts down; the connection is closed.
    ShuttingDown,
    /// Ends a line that holds nothing but a prompt, before something is told that nobody asked for.
    LineBreak,
}

/// One line of `/help`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HelpRow {
    /// The command and what follows it, such as `/nick NAME`.
    pub usage: &'static str,
    /// What it does.
    pub does: &'static str,
}
