//! Completion: commands at the beginning of a line, rooms after a command that goes to one, and elsewhere the names of
//! people who were seen.

use std::collections::VecDeque;

use crate::chat::command_words;
use crate::name::{RoomName, Username};

use super::protocol::{Event, Someone, Told};
use super::words::{Rooms, takes_room};

/// How many names to remember, of people and of rooms each: the last ones seen.
const NAMES: usize = 1000;

/// How many choices to show at once: a few rows of them.
const CHOICES: usize = 100;

/// Everything that can be completed.
#[derive(Debug)]
pub(super) struct Completer {
    commands: Vec<String>,
    names: Names,
    /// With their `#`.
    rooms: Names,
}

/// Names that were seen, the latest first.
#[derive(Debug, Default)]
struct Names(VecDeque<String>);

/// The result of the Tab key.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Completion {
    /// The completion replaces the text from this byte offset up to the cursor.
    pub(super) start: usize,
    pub(super) text: String,
    /// The choices; empty if the text is the only one.
    pub(super) choices: Vec<String>,
}

impl Completer {
    pub(super) fn new() -> Completer {
        let commands = ["send", "leave"].into_iter().chain(command_words());
        Completer {
            commands: commands.map(String::from).collect(),
            names: Names::default(),
            rooms: Names::default(),
        }
    }

    /// Learns names of people and rooms from what the server tells.
    pub(super) fn learn(&mut self, told: &Told) {
        if let Some(room) = &told.room {
            self.rooms.see(&room.to_string());
        }
        match &told.event {
            Event::Welcome(welcome) => {
                for room in &welcome.rooms {
                    self.rooms.see(&room.room.to_string());
                    self.learn_people(&room.people);
                }
            }
            Event::Room { facts, .. } => self.learn_people(&facts.people),
            Event::Answer(answer) => {
                let rooms = answer.rooms.iter();
                rooms.for_each(|it| self.rooms.see(&it.to_string()));
                self.learn_people(&answer.people);
            }
            Event::Said { from, .. } | Event::Did { from, .. } | Event::Private { from, .. } => {
                self.names.see_person(from);
            }
            Event::Written { to, .. } => self.names.see_person(to),
            Event::Renamed { from, to, .. } => {
                self.names.forget(from);
                self.names.see_person(to);
            }
            Event::Left { who, .. } | Event::SentAway { who, .. } => self.names.forget(&who.name),
            Event::Lost { people, .. } => people.iter().for_each(|it| self.names.forget(&it.name)),
            Event::Joined(who) | Event::Entered { who, .. } => self.names.see_person(&who.name),
            Event::Went { who, to } => {
                self.names.see_person(&who.name);
                if let Some(room) = to {
                    self.rooms.see(&room.to_string());
                }
            }
            _ => {}
        }
    }

    /// Learns the people of a list.
    fn learn_people(&mut self, people: &[Someone]) {
        people
            .iter()
            .rev()
            .for_each(|it| self.names.see_person(&it.name));
    }

    /// All completions of a word after this text, each with the text that should follow it. `heard` are the rooms that
    /// the person hears besides the current one.
    fn find(&self, before: &str, word: &str, heard: &[RoomName]) -> Vec<String> {
        if let Some(which) = takes_room(before) {
            let mut rooms: Vec<String> = match which {
                Rooms::All => self.rooms.0.iter().cloned().collect(),
                Rooms::Heard => heard.iter().map(RoomName::to_string).collect(),
            };
            rooms.retain(|room| begins_with(room, word) || begins_with(&room[1..], word));
            return rooms.iter().map(|room| format!("{room} ")).collect();
        }
        let mut found: Vec<String> = Vec::new();
        let leading = before.is_empty();
        if leading && !word.is_empty() {
            let commands = self.commands.iter().filter(|c| begins_with(c, word));
            found.extend(commands.map(|command| format!("{command} ")));
        }
        if !word.starts_with('/') {
            let names = self.names.0.iter().filter(|name| begins_with(name, word));
            let behind = if leading { ": " } else { " " };
            found.extend(names.map(|name| format!("{name}{behind}")));
        }
        found
    }

    /// Completes the word before the cursor, as far as all the words that begin with it agree.
    pub(super) fn complete(&self, typed: &str, heard: &[RoomName]) -> Option<Completion> {
        let start = typed.rfind(char::is_whitespace).map_or(0, |at| {
            at + typed[at..].chars().next().map_or(0, char::len_utf8)
        });
        let word = &typed[start..];
        let mut found = self.find(&typed[..start], word, heard);
        found.sort_by_key(|text| text.to_lowercase());
        if let [_] = found[..] {
            let (text, choices) = (found.remove(0), Vec::new());
            return Some(Completion {
                start,
                text,
                choices,
            });
        }
        let common = common_beginning(&found)?;
        let is_longer = common.chars().count() > word.chars().count();
        let text = if is_longer { &common } else { word }.into();
        let more = found.len().saturating_sub(CHOICES);
        found.truncate(CHOICES);
        let bare = |text: String| text.trim_end_matches([' ', ':']).to_string();
        let mut choices: Vec<String> = found.into_iter().map(bare).collect();
        if more > 0 {
            choices.push(format!("and {more} more"));
        }
        Some(Completion {
            start,
            text,
            choices,
        })
    }
}

impl Names {
    /// A person was seen, if this can be one.
    fn see_person(&mut self, name: &str) {
        if Username::parse_any(name).is_some() {
            self.see(name);
        }
    }

    fn see(&mut self, name: &str) {
        self.forget(name);
        self.0.truncate(NAMES - 1);
        self.0.push_front(name.into());
    }

    fn forget(&mut self, name: &str) {
        self.0.retain(|seen| seen != name);
    }
}

/// Whether a text begins with a word, in any case.
fn begins_with(text: &str, word: &str) -> bool {
    let mut folded = text.chars().flat_map(char::to_lowercase);
    word.chars()
        .flat_map(char::to_lowercase)
        .all(|c| folded.next() == Some(c))
}

/// The longest beginning that all of them share, in any case, as the first one writes it.
fn common_beginning(texts: &[String]) -> Option<String> {
    let first = texts.first()?;
    let shared = |length: usize| texts.iter().all(|text| begins_with(text, &first[..length]));
    let ends = first.char_indices().map(|(at, c)| at + c.len_utf8());
    let length = ends.take_while(|&end| shared(end)).last().unwrap_or(0);
    Some(first[..length].trim_end_matches([' ', ':']).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::tests::host::told_of;

    /// What was learnt from these members of objects.
    fn completer(objects: &[&str]) -> Completer {
        let mut completer = Completer::new();
        for object in objects {
            completer.learn(&told_of(&format!("{{\"event\":{object}}}")));
        }
        completer
    }

    fn said(name: &str) -> String {
        format!(r#""said","from":"{name}","text":"x""#)
    }

    fn completion(start: usize, text: &str, choices: &[&str]) -> Option<Completion> {
        Some(Completion {
            start,
            text: text.into(),
            choices: choices.iter().map(|it| it.to_string()).collect(),
        })
    }

    fn only(start: usize, text: &str) -> Option<Completion> {
        completion(start, text, &[])
    }

    #[test]
    fn commands_complete_at_the_beginning_of_a_line_only() {
        let completer = completer(&[]);
        assert_eq!(completer.complete("/us", &[]), only(0, "/users "));
        assert_eq!(completer.complete("le", &[]), only(0, "leave "));
        assert_eq!(completer.complete("hi /us", &[]), None);
    }

    #[test]
    fn the_servers_commands_are_known_from_the_start_and_no_aliases() {
        let completer = completer(&[]);
        let wh = completer.complete("/wh", &[]);
        assert_eq!(wh, completion(0, "/who", &["/who", "/whois"]));
        let qui = completer.complete("/q", &[]);
        assert_eq!(qui, completion(0, "/qui", &["/quiet", "/quit"]));
        assert_eq!(
            completer.complete("/m", &[]),
            completion(0, "/m", &["/me", "/more", "/msg", "/mute"])
        );
        assert_eq!(completer.complete("/exi", &[]), None);
        for word in command_words() {
            let found = completer.complete(word, &[]).unwrap();
            assert!(found.text.starts_with(word));
        }
    }

    #[test]
    fn names_complete_anywhere_in_any_case() {
        let completer = completer(&[&said("Zoë"), r#""joined","name":"bob""#]);
        assert_eq!(completer.complete("zo", &[]), only(0, "Zoë: "));
        assert_eq!(completer.complete("hi ZOË", &[]), only(3, "Zoë "));
        assert_eq!(completer.complete("thank you, b", &[]), only(11, "bob "));
    }

    #[test]
    fn rooms_complete_behind_what_goes_to_one_and_people_elsewhere() {
        let completer = completer(&[
            r#""answer","to":"rooms","rooms":[{"room":"lobby"},{"room":"kitchen"},{"room":"Kitsch"}]"#,
            r#""room","room":"den","current":true"#,
            &said("Kai"),
        ]);
        assert_eq!(completer.complete("/join d", &[]), only(6, "#den "));
        assert_eq!(completer.complete("/JOIN #KITC", &[]), only(6, "#kitchen "));
        assert_eq!(
            completer.complete("\u{ff0f}join  l", &[]),
            only(9, "#lobby ")
        );
        let both = ["#kitchen", "#Kitsch"];
        assert_eq!(
            completer.complete("/join k", &[]),
            completion(6, "#kit", &both)
        );
        let all = ["#den", "#kitchen", "#Kitsch", "#lobby"];
        assert_eq!(completer.complete("/join ", &[]), completion(6, "#", &all));
        assert_eq!(completer.complete("/names de", &[]), only(7, "#den "));
        assert_eq!(completer.complete("/msg k", &[]), only(5, "Kai "));
        assert_eq!(completer.complete("/join x", &[]), None);
        for line in ["k", "go to k", "/join den k", "//join k", "/me /join k"] {
            let text = completer.complete(line, &[]).unwrap().text;
            assert_eq!(text.trim_end_matches([' ', ':']), "Kai", "{line}");
        }
        assert_eq!(completer.complete("#d", &[]), None);
    }

    #[test]
    fn only_rooms_that_are_heard_complete_behind_what_is_done_with_such_a_room() {
        let completer = completer(&[
            r#""went","name":"Kai","to":"kitchen""#,
            r#""room","room":"den","current":true"#,
            r#""room","room":"kiosk","current":false"#,
        ]);
        let heard = ["den", "Kitsch"].map(|it| RoomName::parse(it).unwrap());
        for command in ["/in", "/switch", "/UNLISTEN"] {
            let start = command.len() + 1;
            let found = |word| completer.complete(&format!("{command} {word}"), &heard);
            assert_eq!(found("k"), only(start, "#Kitsch "));
            assert_eq!(found("#d"), only(start, "#den "));
        }
        let all = ["#kiosk", "#kitchen"];
        let listen = completer.complete("/listen k", &heard);
        assert_eq!(listen, completion(8, "#ki", &all));
        assert_eq!(completer.complete("/in den k", &heard), only(8, "Kai "));
        assert_eq!(
            completer.complete("/in #den hi k", &heard),
            only(12, "Kai ")
        );
    }

    #[test]
    fn people_and_rooms_are_known_from_the_start() {
        let completer = completer(&[
            r#""welcome","name":"Ann","current":"lobby","rooms":[{"room":"lobby","people":[{"name":"Ann"},{"name":"Bob"}]}]"#,
            r#""room","room":"tea","current":false,"people":[{"name":"Cid"}]"#,
            r#""did","room":"ops","from":"Dan","text":"waves""#,
            r#""answer","to":"who","room":"attic","people":[{"name":"[::1]:5000"}]"#,
            r#""left","room":"ops","name":"Eve","person":5"#,
        ]);
        let all = ["[::1]:5000", "Ann", "Bob", "Cid", "Dan"];
        assert_eq!(completer.complete("/msg ", &[]), completion(5, "", &all));
        let all = ["#attic", "#lobby", "#ops", "#tea"];
        assert_eq!(completer.complete("/join ", &[]), completion(6, "#", &all));
    }

    #[test]
    fn several_names_complete_as_far_as_they_agree_and_are_listed() {
        let completer = completer(&[&said("Alice"), &said("alicia"), &said("Bob")]);
        let both = ["Alice", "alicia"];
        assert_eq!(completer.complete("a", &[]), completion(0, "Alic", &both));
        assert_eq!(
            completer.complete("hey alic", &[]),
            completion(4, "alic", &both)
        );
    }

    #[test]
    fn of_many_choices_some_are_listed() {
        let mut completer = Completer::new();
        let names = (0..2000).map(|i| format!("{{\"event\":{}}}", said(&format!("p{i}"))));
        names.for_each(|it| completer.learn(&told_of(&it)));
        let choices = completer.complete("p", &[]).unwrap().choices;
        assert_eq!(choices.len(), CHOICES + 1);
        assert_eq!(choices[CHOICES], "and 900 more");
    }

    #[test]
    fn who_left_is_not_offered_and_who_is_renamed_is_offered_by_the_new_name() {
        let completer = completer(&[
            &said("ann"),
            &said("bob"),
            r#""left","name":"ann","person":1,"why":"so long""#,
            r#""renamed","from":"bob","to":"rob.","person":2"#,
        ]);
        assert_eq!(completer.complete("a", &[]), None);
        assert_eq!(completer.complete("b", &[]), None);
        assert_eq!(completer.complete("r", &[]), only(0, "rob.: "));
    }
}
