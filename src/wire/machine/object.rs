//! `Object`: what a program asks for.

use std::sync::Arc;

use crate::account::Secret;

/// An object of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Comes back as `re` in what answers it: a JSON string or number, as it was written.
    pub id: Option<Arc<str>>,
    /// What it asks for.
    pub op: Op,
}

/// A place in a journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The number of the entry.
    pub seq: u64,
    /// The journal, if it was named. One that cannot be is no server's.
    pub journal: Option<u64>,
}

/// What a program asks for. Texts are clean, and not blank; passwords are as they were sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Op {
    /// To come in.
    Login {
        /// Under this name.
        name: String,
        /// With this password, if the name is somebody's.
        password: Option<Secret>,
        /// Having read the journal up to here, if one's seat is still kept.
        position: Option<Position>,
    },
    /// To take one's seat again.
    Resume {
        /// By this token.
        token: Secret,
        /// Having read the journal up to here.
        position: Option<Position>,
    },
    /// To have the name as one's own.
    Register {
        /// With this password.
        password: Secret,
    },
    /// To have another password.
    Password {
        /// The present one.
        old: Secret,
        /// The one from now on.
        new: Secret,
    },
    /// To have no account any more.
    Unregister {
        /// The present password.
        password: Secret,
        /// The member who gets the rooms.
        to: Option<String>,
    },
    /// To say something.
    Say {
        /// What.
        text: String,
        /// In this room; else in the current one.
        room: Option<String>,
    },
    /// To tell a room what one does.
    Do {
        /// What.
        text: String,
        /// This room; else the current one.
        room: Option<String>,
    },
    /// To go to a room, or to hear it too.
    Join {
        /// Which.
        room: String,
        /// Whether to go there.
        is_current: bool,
    },
    /// To leave a room.
    Leave {
        /// Which; else the current one.
        room: Option<String>,
    },
    /// To write to one person.
    Write {
        /// To whom.
        to: String,
        /// What.
        text: String,
    },
    /// To read what was said in a room.
    History {
        /// The room; else the current one.
        room: Option<String>,
        /// Before the entry of this number; else up to now.
        before: Option<u64>,
        /// So many lines.
        count: Option<u64>,
    },
    /// To search for what was said.
    Search {
        /// What people type behind `/search`.
        query: String,
        /// Before the entry of this number; else up to now.
        before: Option<u64>,
    },
    /// To do what a command does that a person types.
    Command {
        /// The line with the command.
        line: String,
    },
    /// To see that the server is there.
    Ping,
    /// To leave the chat.
    Quit {
        /// With this last word.
        text: Option<String>,
    },
    /// Something with a text that is too long.
    TooLong {
        /// The longest text, in bytes.
        limit: usize,
    },
}

#[cfg(feature = "machine")]
impl Op {
    /// Whether it has a text or a password that is short enough.
    pub(crate) fn has_text(&self) -> bool {
        match self {
            Op::Say { .. }
            | Op::Do { .. }
            | Op::Write { .. }
            | Op::Command { .. }
            | Op::Search { .. }
            | Op::Login {
                password: Some(_), ..
            }
            | Op::Resume { .. }
            | Op::Register { .. }
            | Op::Password { .. }
            | Op::Unregister { .. }
            | Op::Quit { text: Some(_) } => true,
            Op::Login { password: None, .. }
            | Op::Join { .. }
            | Op::Leave { .. }
            | Op::History { .. }
            | Op::Ping
            | Op::Quit { text: None }
            | Op::TooLong { .. } => false,
        }
    }
}
