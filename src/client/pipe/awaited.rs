//! `Awaited`: a command whose answer decides what becomes of the lines after it: it asks for another room, or for a
//! name.

use super::super::line::{Fact, read};
use super::super::{Status, marks};
use super::Pipe;

/// The aim of the command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    Name,
    Room,
}

/// A command that was sent. The server has answered it when it reaches the mark after it.
#[derive(Debug)]
pub(super) struct Awaited {
    wanted: Wanted,
    command: String,
    /// The mark after it was sent.
    is_marked: bool,
    is_granted: bool,
    /// The last line that came from the server itself.
    answer: String,
}

impl Awaited {
    fn new(wanted: Wanted, command: &str) -> Awaited {
        Awaited {
            wanted,
            command: command.trim().into(),
            is_marked: false,
            is_granted: false,
            answer: String::new(),
        }
    }

    /// Takes in a line of the server.
    pub(super) fn hear(&mut self, line: &str) {
        match (self.wanted, read(line).fact) {
            (Wanted::Name, Fact::Renamed { .. }) | (Wanted::Room, Fact::InRoom(_)) => {
                self.is_granted = true;
            }
            (_, Fact::Other) => self.answer = line.into(),
            _ => {}
        }
    }

    /// The answer is complete. Returns the reason, if it was a refusal.
    fn refusal(self) -> Option<(Wanted, String)> {
        let Awaited {
            command, answer, ..
        } = self;
        let sentence = match self.wanted {
            _ if self.is_granted => return None,
            Wanted::Name => {
                format!("the server refused the name: {answer} Choose another --name")
            }
            Wanted::Room => format!("'{command}' led to no other room: {answer}"),
        };
        Some((self.wanted, sentence))
    }
}

impl Pipe<'_> {
    /// Sends nothing before the server has answered this command. The lines after it are meant for a room, or under a
    /// name, that the server may refuse. A person reads the answer themselves.
    pub(super) fn wait_for_answer(&mut self, wanted: Wanted, command: &str) {
        if !self.person {
            self.awaited = Some(Awaited::new(wanted, command));
            self.mark_awaited();
        }
    }

    /// Sends the mark after the command, once it is known whether the server answers any.
    pub(super) fn mark_awaited(&mut self) {
        match (&mut self.awaited, self.session.answers_marks()) {
            (Some(awaited), Some(true)) if !awaited.is_marked => {
                awaited.is_marked = true;
                let event = self.link.send(&marks::ASK);
                self.follow(event, &[]);
            }
            (awaited, Some(false)) => *awaited = None,
            _ => {}
        }
    }

    /// The server has reached the mark.
    pub(super) fn hear_mark(&mut self) {
        match self.awaited.take().and_then(Awaited::refusal) {
            None => {}
            Some((Wanted::Name, sentence)) => self.end(Status::Refused, sentence),
            Some((Wanted::Room, sentence)) => self.end(Status::Closed, sentence),
        }
    }
}
