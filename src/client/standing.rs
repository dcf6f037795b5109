//! `Standing`: where a person wants to be on the server, and the settings that they have there, as its answers tell; and
//! what restores all of it on a new seat. Facts go in, ops come out.

use std::collections::VecDeque;
use std::mem;

use crate::name::{RoomName, Username};

use super::outgoing::Sent;
use super::protocol::{Event, Told};
use super::words::command_of;

/// How many ignored people to remember: more than a server lets one person ignore.
const IGNORED: usize = 1000;

/// How many commands to remember that were typed again and not answered.
const TYPED_AGAIN: usize = 2 * IGNORED;

/// A person's rooms and settings.
#[derive(Debug)]
pub(super) struct Standing {
    /// The room that the typed lines are meant for.
    pub(super) room: RoomName,
    /// The rooms to hear besides.
    pub(super) others: Vec<RoomName>,
    /// The command that made them away.
    away: Option<String>,
    ignored: Vec<Ignored>,
    /// What was typed for the person on a new seat, by its id.
    typed_again: VecDeque<(String, String)>,
}

/// What brings a person back to where they were.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Restore {
    Command(String),
    Join { room: RoomName, is_current: bool },
}

/// A person to ignore.
#[derive(Debug)]
struct Ignored {
    /// Their name when that began.
    began: Username,
    /// Their name when they were last seen.
    name: Username,
    /// Whether this seat's server knows it, or we asked it again. If people were not there when we came back, we do not
    /// ask before they are seen.
    is_known: bool,
    is_asked: bool,
}

impl Standing {
    /// The standing of a newcomer.
    pub(super) fn new() -> Standing {
        Standing {
            room: RoomName::lobby(),
            others: Vec::new(),
            away: None,
            ignored: Vec::new(),
            typed_again: VecDeque::new(),
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

    /// Notes that a command was typed for the person, under this id.
    pub(super) fn typed_again(&mut self, id: String, command: &str) {
        if self.typed_again.len() == TYPED_AGAIN {
            self.typed_again.pop_front();
        }
        self.typed_again.push_back((id, command.into()));
    }

    /// Learns a setting from an object. `sent` is the line that it answers, if the person typed one.
    pub(super) fn learn(&mut self, told: &Told, sent: Option<&Sent>) {
        if let Event::Renamed { from, to, .. } = &told.event
            && !self.ignored.is_empty()
        {
            self.rename(from, to);
        }
        let again = self.take_typed_again(told.re.as_deref());
        let typed = sent.filter(|it| it.spoken.is_none());
        let command = again.or_else(|| typed.map(|it| it.line.text.clone()));
        if let (Event::Answer(_), Some(command)) = (&told.event, command) {
            self.grant(&command);
        }
    }

    fn take_typed_again(&mut self, re: Option<&str>) -> Option<String> {
        let at = self.typed_again.iter().position(|it| Some(&*it.0) == re)?;
        self.typed_again.remove(at).map(|it| it.1)
    }

    /// The server has done what a command asks for.
    fn grant(&mut self, command: &str) {
        match command_of(command) {
            Some(("/away", _)) => self.away = Some(command.into()),
            Some(("/back", _)) => self.away = None,
            Some(("/ignore", name)) => self.ignore(name),
            Some(("/unignore", name)) => self.unignore(name),
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

    /// A new seat begins, whose server knows nothing of us. Returns what brings a newcomer here. The rooms come last.
    pub(super) fn restore(&mut self) -> Vec<Restore> {
        self.typed_again.clear();
        for it in &mut self.ignored {
            (it.is_known, it.is_asked) = (false, false);
        }
        let ignored = self.ignored.iter();
        let ignored = ignored.map(|it| format!("/ignore {}", it.name));
        let commands = ignored.chain(self.away.clone());
        let mut all: Vec<Restore> = commands.map(Restore::Command).collect();
        let mut join = |room: &RoomName, is_current| {
            let room = room.clone();
            all.push(Restore::Join { room, is_current });
        };
        if self.room != RoomName::lobby() {
            join(&self.room, true);
        }
        let others = self.others.iter().filter(|it| **it != self.room);
        others.for_each(|it| join(it, false));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::outgoing::Entered;
    use crate::client::tests::host::told_of;

    fn restored(standing: &mut Standing) -> Vec<String> {
        let all = standing.restore().into_iter();
        all.map(|it| match it {
            Restore::Command(line) => line,
            Restore::Join { room, is_current } => format!("{room} {is_current}"),
        })
        .collect()
    }

    /// The person types this, and the server answers.
    fn answered(standing: &mut Standing, command: &str, event: &str) {
        let sent = Sent {
            id: "c1".into(),
            line: Entered {
                text: command.into(),
                pasted: false,
            },
            spoken: None,
        };
        standing.follow(command);
        let answer = format!(r#"{{"event":"{event}","re":"c1","code":"nobody","text":"x"}}"#);
        standing.learn(&told_of(&answer), Some(&sent));
    }

    #[test]
    fn what_was_granted_is_asked_for_again() {
        let mut standing = Standing::new();
        assert_eq!(restored(&mut standing), [""; 0]);
        for (command, event) in [
            ("/ignore Bob", "answer"),
            ("/ignore Eve", "answer"),
            ("/ignore Nobody", "refused"),
            ("/unignore Bob", "refused"),
            ("/ignore", "answer"),
            ("\u{ff0f}AWAY at lunch", "answer"),
            ("/users", "answer"),
        ] {
            answered(&mut standing, command, event);
        }
        standing.room = RoomName::parse("den").unwrap();
        standing.others = ["lobby", "Den", "tea"]
            .map(|it| RoomName::parse(it).unwrap())
            .into();
        let rooms = ["#den true", "#lobby false", "#tea false"];
        let all = [&["/ignore Eve", "\u{ff0f}AWAY at lunch"], &rooms[..]].concat();
        assert_eq!(restored(&mut standing), all);
        answered(&mut standing, "/unignore Eve", "answer");
        answered(&mut standing, "/back", "answer");
        assert_eq!(restored(&mut standing), rooms);
    }

    #[test]
    fn people_are_ignored_under_whatever_spelling_until_that_is_undone() {
        let ignoring = || {
            let mut standing = Standing::new();
            standing.ignore("Cid");
            standing.learn(
                &told_of(r#"{"event":"renamed","from":"Cid","to":"Rob","person":3}"#),
                None,
            );
            standing
        };
        for name in ["Cid", "Rob", "rob"] {
            let mut standing = ignoring();
            standing.follow(&format!("/unignore {name}"));
            assert_eq!(restored(&mut standing), [""; 0]);
            assert_eq!(standing.ignore_again("Rob"), None);
        }
        let mut standing = ignoring();
        assert_eq!(standing.ignore_again("Rob"), None);
        assert_eq!(restored(&mut standing), ["/ignore Rob"]);
        assert_eq!(standing.ignore_again("Bob"), None);
        assert_eq!(standing.ignore_again("ROB"), Some(true));
        assert_eq!(standing.ignore_again("rob"), Some(false));
        standing.typed_again("j1".into(), "/ignore rob");
        for event in ["refused", "answer"] {
            let answer = format!(r#"{{"event":"{event}","re":"j1","code":"x","text":"x"}}"#);
            standing.learn(&told_of(&answer), None);
            standing.typed_again("j1".into(), "/ignore rob");
        }
        assert_eq!(standing.ignore_again("Rob"), None);
    }
}
