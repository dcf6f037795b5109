//! `Standing`: where a person is on the server and what they have set there, as its answers tell, and the commands that
//! bring all of it about once more on a new connection. Facts in, commands out.

use std::mem;

use crate::moment::{Format, Offset, Stamp};
use crate::name::RoomName;

use super::line::Fact;

/// People whose being ignored is remembered: more than a server lets one person ignore.
const IGNORED: usize = 1000;

/// A person's room and settings.
#[derive(Debug)]
pub(super) struct Standing {
    /// The room that what they type is for.
    pub(super) room: RoomName,
    format: Format,
    /// The command that made them away.
    away: Option<String>,
    ignored: Vec<String>,
    /// Those of them whom this connection's server does not know as ignored, such as people who were not there when we
    /// came back, and whether it was asked again.
    unconfirmed: Vec<(String, bool)>,
}

impl Standing {
    /// That of a newcomer.
    pub(super) fn new() -> Standing {
        Standing {
            room: RoomName::lobby(),
            format: Format::default(),
            away: None,
            ignored: Vec::new(),
            unconfirmed: Vec::new(),
        }
    }

    /// A new connection begins: its server knows nothing of us.
    pub(super) fn begin(&mut self) {
        let ignored = self.ignored.iter();
        self.unconfirmed = ignored.map(|name| (name.clone(), false)).collect();
    }

    /// Whether this person is to be ignored and the server does not know it; and if so, whether it was not asked again
    /// before.
    pub(super) fn ignore_again(&mut self, name: &str) -> Option<bool> {
        let found = self.unconfirmed.iter_mut().find(|(it, _)| it == name);
        found.map(|(_, asked)| !mem::replace(asked, true))
    }

    /// Learns a setting from an answer. `command` is the one that was sent last.
    pub(super) fn learn(&mut self, fact: &Fact<'_>, command: &str) {
        match fact {
            Fact::Timestamps { stamp, offset } => {
                self.format.stamp = *stamp;
                self.format.offset = offset.unwrap_or(self.format.offset);
            }
            Fact::Quiet(quiet) => self.format.quiet = *quiet,
            Fact::AwaySet => self.away = Some(command.into()),
            Fact::Back => self.away = None,
            Fact::IgnoreSet(name) if self.ignored.len() < IGNORED => {
                self.unignore(name);
                self.ignored.push((*name).into());
            }
            Fact::IgnoreLifted(name) => self.unignore(name),
            Fact::Renamed { from, to } => {
                let renamed = self.ignored.iter_mut().find(|name| name == from);
                if let Some(name) = renamed {
                    *name = (*to).into();
                }
            }
            _ => {}
        }
    }

    fn unignore(&mut self, name: &str) {
        self.ignored.retain(|ignored| ignored != name);
        self.unconfirmed.retain(|(ignored, _)| ignored != name);
    }

    /// What a newcomer has to type to stand here. The room comes last, so that it is read as one is used to.
    pub(super) fn commands(&self) -> Vec<String> {
        let Format {
            stamp,
            offset,
            quiet,
        } = self.format;
        let mut commands = Vec::new();
        if offset != Offset::default() || stamp != Stamp::Off {
            let word = match stamp {
                Stamp::Off => "off",
                Stamp::Clock => "on",
                Stamp::Full => "full",
            };
            commands.push(format!("/time {word} {offset}"));
        }
        if quiet {
            commands.push("/quiet on".into());
        }
        let ignored = self.ignored.iter().map(|name| format!("/ignore {name}"));
        commands.extend(ignored);
        commands.extend(self.away.clone());
        if self.room != RoomName::lobby() {
            commands.push(format!("/join {}", self.room));
        }
        commands
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::line::read;

    #[test]
    fn what_was_set_is_typed_again() {
        let mut standing = Standing::new();
        assert_eq!(standing.commands(), [""; 0]);
        for (command, answer) in [
            ("/time on", "Timestamps are on (UTC)."),
            (
                "/time full +2",
                "Timestamps are on, with the date (+02:00).",
            ),
            ("/quiet on", "Join and leave notices are off."),
            (
                "/ignore Bob",
                "You are now ignoring Bob. Type /unignore Bob to undo it.",
            ),
            (
                "/ignore Eve",
                "You are now ignoring Eve. Type /unignore Eve to undo it.",
            ),
            ("/unignore Bob", "You are no longer ignoring Bob."),
            (
                "/away at lunch",
                "You are away. Type /back when you return.",
            ),
            ("/users", "Users online: 2"),
        ] {
            standing.learn(&read(answer).fact, command);
        }
        standing.room = RoomName::parse("den").unwrap();
        assert_eq!(
            standing.commands(),
            [
                "/time full +02:00",
                "/quiet on",
                "/ignore Eve",
                "/away at lunch",
                "/join #den"
            ]
        );
        standing.learn(&read("Timestamps are off.").fact, "/time off");
        standing.learn(&read("Join and leave notices are on.").fact, "/quiet off");
        standing.learn(
            &read("You are no longer ignoring Eve.").fact,
            "/unignore Eve",
        );
        standing.learn(&read("You are back. You missed nothing.").fact, "/back");
        assert_eq!(standing.commands(), ["/time off +02:00", "/join #den"]);
    }
}
