//! `Standing`: the room and the settings of a person on the server, as its answers tell, and the commands that restore
//! all of it on a new connection. Facts go in, commands come out.

use std::mem;

use crate::moment::{Format, Offset, Stamp};
use crate::name::{RoomName, Username};

use super::line::Fact;
use super::words::command_of;

/// How many ignored people to remember: more than a server lets one person ignore.
const IGNORED: usize = 1000;

/// A person's room and settings.
#[derive(Debug)]
pub(super) struct Standing {
    /// The room that the typed lines are meant for.
    pub(super) room: RoomName,
    format: Format,
    /// The command that made them away.
    away: Option<String>,
    ignored: Vec<Ignored>,
}

/// A person to ignore.
#[derive(Debug)]
struct Ignored {
    /// Their name when that began.
    began: Username,
    /// Their name when they were last seen.
    name: Username,
    /// Whether this connection's server knows it, or we asked it again. If people were not there when we came back, we
    /// do not ask before they are seen.
    is_known: bool,
    is_asked: bool,
}

impl Standing {
    /// The standing of a newcomer.
    pub(super) fn new() -> Standing {
        Standing {
            room: RoomName::lobby(),
            format: Format::default(),
            away: None,
            ignored: Vec::new(),
        }
    }

    /// A new connection begins: its server knows nothing of us.
    pub(super) fn begin(&mut self) {
        for it in &mut self.ignored {
            (it.is_known, it.is_asked) = (false, false);
        }
    }

    /// Whether this person should be ignored and the server does not know it. If so, the result says whether this is
    /// the first time that we ask it again.
    pub(super) fn ignore_again(&mut self, name: &str) -> Option<bool> {
        if self.ignored.iter().all(|it| it.is_known) {
            return None;
        }
        let name = Username::parse_any(name)?;
        let mut unknown = self.ignored.iter_mut().filter(|it| !it.is_known);
        let found = unknown.find(|it| it.name == name)?;
        Some(!mem::replace(&mut found.is_asked, true))
    }

    /// Notes the wish behind a command, whatever the answer.
    pub(super) fn follow(&mut self, command: &str) {
        if let Some(("/unignore", name)) = command_of(command) {
            self.unignore(name);
        }
    }

    /// Learns a setting from an answer. `command` is the last command sent.
    pub(super) fn learn(&mut self, fact: &Fact<'_>, command: &str) {
        match fact {
            Fact::Timestamps { stamp, offset } => {
                self.format.stamp = *stamp;
                self.format.offset = offset.unwrap_or(self.format.offset);
            }
            Fact::Quiet(quiet) => self.format.quiet = *quiet,
            Fact::AwaySet if matches!(command_of(command), Some(("/away", _))) => {
                self.away = Some(command.into())
            }
            Fact::Back => self.away = None,
            Fact::IgnoreSet(name) => self.ignore(name),
            Fact::IgnoreLifted(name) => self.unignore(name),
            Fact::Renamed { from, to } if !self.ignored.is_empty() => self.rename(from, to),
            _ => {}
        }
    }

    fn ignore(&mut self, name: &str) {
        let Some(name) = Username::parse_any(name) else {
            return;
        };
        let known = self.ignored.iter_mut().find(|it| it.name == name);
        if let Some(known) = known {
            known.is_known = true;
        } else if self.ignored.len() < IGNORED {
            self.ignored.push(Ignored {
                began: name.clone(),
                name,
                is_known: true,
                is_asked: true,
            });
        }
    }

    fn unignore(&mut self, name: &str) {
        if let Some(name) = Username::parse_any(name) {
            let is_it = |it: &Ignored| it.began == name || it.name == name;
            self.ignored.retain(|it| !is_it(it));
        }
    }

    fn rename(&mut self, from: &str, to: &str) {
        let [from, to] = [from, to].map(Username::parse_any);
        if let (Some(from), Some(to)) = (from, to)
            && let Some(ignored) = self.ignored.iter_mut().find(|it| it.name == from)
        {
            ignored.name = to;
        }
    }

    /// The commands that a newcomer has to type to get here. The room comes last, so that the person reads it in the
    /// usual format.
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
        let ignored = self.ignored.iter();
        let ignored = ignored.map(|it| format!("/ignore {}", it.name));
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

    #[test]
    fn only_its_own_command_makes_one_away() {
        let mut standing = Standing::new();
        let answer = read("You are away. Type /back when you return.");
        for command in ["", "/msg Bob secret", "hello"] {
            standing.learn(&answer.fact, command);
            assert_eq!(standing.commands(), [""; 0], "{command}");
        }
        standing.learn(&answer.fact, "\u{ff0f}AWAY at lunch");
        assert_eq!(standing.commands(), ["\u{ff0f}AWAY at lunch"]);
    }

    #[test]
    fn people_are_ignored_under_whatever_spelling_until_that_is_undone() {
        let ignoring = || {
            let mut standing = Standing::new();
            standing.ignore("Cid");
            standing.rename("Cid", "Rob");
            standing
        };
        for name in ["Cid", "Rob", "rob"] {
            let mut standing = ignoring();
            standing.follow(&format!("/unignore {name}"));
            standing.begin();
            assert_eq!(standing.commands(), [""; 0]);
            assert_eq!(standing.ignore_again("Rob"), None);
        }
        let mut standing = ignoring();
        assert_eq!(standing.ignore_again("Rob"), None);
        standing.begin();
        assert_eq!(standing.commands(), ["/ignore Rob"]);
        assert_eq!(standing.ignore_again("Bob"), None);
        assert_eq!(standing.ignore_again("ROB"), Some(true));
        assert_eq!(standing.ignore_again("rob"), Some(false));
        standing.ignore("rob");
        assert_eq!(standing.ignore_again("Rob"), None);
    }
}
