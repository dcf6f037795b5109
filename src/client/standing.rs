//! `Standing`: the rooms and the settings of a person on the server, as its answers tell, and the commands that restore
//! all of it on a new connection. Facts go in, commands come out.

use std::mem;

use crate::limits::ROOMS_HEARD;
use crate::moment::{Format, Offset, Stamp};
use crate::name::{RoomName, Username};

use super::line::{Fact, rooms};
use super::words::command_of;

/// How many ignored people to remember: more than a server lets one person ignore.
const IGNORED: usize = 1000;

/// A person's rooms and settings.
#[derive(Debug)]
pub(super) struct Standing {
    /// The room that the typed lines are meant for.
    pub(super) room: RoomName,
    others: Vec<Other>,
    format: Format,
    /// The command that made them away.
    away: Option<String>,
    ignored: Vec<Ignored>,
}

/// A room that the person hears besides the current one.
#[derive(Debug)]
struct Other {
    room: RoomName,
    /// Whether this connection's server has said so.
    is_heard: bool,
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
            others: Vec::new(),
            format: Format::default(),
            away: None,
            ignored: Vec::new(),
        }
    }

    /// A new connection begins: its server knows nothing of us.
    pub(super) fn begin(&mut self) {
        for it in &mut self.others {
            it.is_heard = false;
        }
        for it in &mut self.ignored {
            (it.is_known, it.is_asked) = (false, false);
        }
    }

    /// The rooms that the person hears besides the current one.
    pub(super) fn others(&self) -> Vec<RoomName> {
        self.others.iter().map(|it| it.room.clone()).collect()
    }

    /// This room as the server writes it, if the person hears it besides the current one.
    pub(super) fn other(&self, room: &RoomName) -> Option<&RoomName> {
        let known = self.others.iter().find(|it| it.room == *room);
        known.filter(|it| it.is_heard).map(|it| &it.room)
    }

    /// The person hears this room besides the current one.
    pub(super) fn hear(&mut self, room: RoomName) {
        let known = self.others.iter_mut().find(|it| it.room == room);
        if let Some(known) = known {
            known.is_heard = true;
        } else if self.others.len() < ROOMS_HEARD {
            let is_heard = true;
            self.others.push(Other { room, is_heard });
        }
    }

    /// The person no longer hears this room besides the current one.
    pub(super) fn unhear(&mut self, room: &RoomName) {
        self.others.retain(|it| it.room != *room);
    }

    /// We have come back into this room, and everything was answered. Returns the rooms that are not heard again.
    pub(super) fn settle(&mut self, current: &RoomName) -> Vec<RoomName> {
        self.unhear(current);
        let unheard = self.others.extract_if(.., |it| !it.is_heard);
        unheard.map(|it| it.room).collect()
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
            Fact::Hears(room) => self.hear(room.clone()),
            Fact::HearsNoLonger(list) => rooms(list).for_each(|it| self.unhear(&it)),
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

    /// The commands that a newcomer has to type to get here. The rooms come last, so that the person reads them in the
    /// usual format.
    pub(super) fn commands(&self) -> Vec<String> {
        let Format {
            stamp,
            offset,
            quiet,
            medium: _,
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
        let others = self.others.iter();
        commands.extend(others.map(|it| format!("/listen {}", it.room)));
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

    fn room(name: &str) -> RoomName {
        RoomName::parse(name).unwrap()
    }

    fn hears(standing: &mut Standing, answers: &[&str]) {
        for answer in answers {
            standing.learn(&read(answer).fact, "/listen");
        }
    }

    #[test]
    fn rooms_that_are_heard_are_listened_to_again_behind_the_current_one() {
        let mut standing = Standing::new();
        hears(
            &mut standing,
            &[
                "You hear #tea too. Say something there with /in tea TEXT.",
                "You hear #lobby too. Say something there with /in lobby TEXT.",
                "You hear #ops too. Say something there with /in ops TEXT.",
                "You hear #Ops already.",
            ],
        );
        assert_eq!(
            standing.commands(),
            ["/listen #tea", "/listen #lobby", "/listen #ops"]
        );
        standing.room = room("den");
        hears(&mut standing, &["You no longer hear #tea."]);
        assert_eq!(
            standing.commands(),
            ["/join #den", "/listen #lobby", "/listen #ops"]
        );
        hears(&mut standing, &["You no longer hear #lobby and #ops."]);
        assert_eq!(standing.commands(), ["/join #den"]);
    }

    #[test]
    fn rooms_that_are_not_heard_again_are_told_once_everything_was_answered() {
        let mut standing = Standing::new();
        let again = "You hear #tea too. Say something there with /in tea TEXT.";
        for name in ["tea", "ops", "den"] {
            standing.hear(room(name));
        }
        assert_eq!(standing.settle(&room("lobby")), []);
        assert_eq!(standing.other(&room("TEA")), Some(&room("tea")));
        standing.begin();
        assert_eq!(standing.other(&room("tea")), None);
        hears(&mut standing, &[again]);
        // Until then, another try asks for all of them.
        assert_eq!(standing.others(), ["tea", "ops", "den"].map(room));
        assert_eq!(standing.settle(&room("den")), [room("ops")]);
        assert_eq!(standing.others(), [room("tea")]);
    }

    #[test]
    fn no_server_makes_one_hear_endlessly_many_rooms() {
        let mut standing = Standing::new();
        (0..100).for_each(|i| standing.hear(room(&format!("r{i}"))));
        assert_eq!(standing.others().len(), ROOMS_HEARD);
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
