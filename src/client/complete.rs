//! Completion: commands at the beginning of a line, rooms after a command that goes to one, and elsewhere the names of
//! people who were seen.

use std::collections::VecDeque;

use crate::chat::command_words;
use crate::name::RoomName;

use super::line::{Fact, people, read};
use super::words::{Rooms, takes_room};

/// How many names to remember, of people and of rooms each: the last ones seen.
const NAMES: usize = 1000;

/// How many people to take from one row of `/who`: more than its columns can hold.
const LISTED: usize = 40;

/// How many commands to remember: more than any server has.
const COMMANDS: usize = 200;

/// How many choices to show at once: a few rows of them.
const CHOICES: usize = 100;

/// Everything that can be completed.
#[derive(Debug)]
pub(super) struct Completer {
    commands: Vec<String>,
    names: Names,
    /// With their `#`.
    rooms: Names,
    /// How many people are still to come in the rows of `/who`.
    to_come: usize,
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
            to_come: 0,
        }
    }

    /// Learns names of people and rooms from a line of the server, and commands from its help.
    pub(super) fn learn(&mut self, line: &str) {
        let to_come = std::mem::take(&mut self.to_come);
        let line = read(line);
        if !line.tag.is_empty() {
            self.rooms.see(line.tag.trim_end());
        }
        match line.fact {
            Fact::Said { name, .. }
            | Fact::Action { name, .. }
            | Fact::Private { name, .. }
            | Fact::PrivateSent { name, .. } => self.names.see(name),
            Fact::Renamed { from, to } => {
                self.names.forget(from);
                self.names.see(to);
            }
            Fact::Event { name, what } if has_gone(what) => self.names.forget(name),
            Fact::Event { name, .. } => self.names.see(name),
            Fact::InRoom(room) | Fact::Hears(room) | Fact::Room(room) => {
                self.rooms.see(&room.to_string());
            }
            Fact::Who { room, count } => {
                self.rooms.see(&room.to_string());
                self.to_come = count;
            }
            // Only a listed row counts. Any words that begin with two spaces look like one.
            Fact::People(row) if to_come > 0 => {
                let listed = people(row).take(LISTED);
                let listed = listed.map(|name| self.names.see(name)).count();
                self.to_come = to_come.saturating_sub(listed);
            }
            Fact::Help { command, .. } => self.learn_command(command),
            _ => {}
        }
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

    fn learn_command(&mut self, command: &str) {
        if self.commands.len() < COMMANDS && !self.commands.iter().any(|c| c == command) {
            self.commands.push(command.into());
        }
    }
}

impl Names {
    fn see(&mut self, name: &str) {
        self.forget(name);
        self.0.truncate(NAMES - 1);
        self.0.push_front(name.into());
    }

    fn forget(&mut self, name: &str) {
        self.0.retain(|seen| seen != name);
    }
}

/// Whether a person has left the chat, or was sent away from it, by what is said of them.
fn has_gone(what: &str) -> bool {
    let ways = ["has left ", "was kicked by ", "was banned by "];
    ways.iter().any(|it| what.starts_with(it))
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

    fn completer(lines: &[&str]) -> Completer {
        let mut completer = Completer::new();
        for line in lines {
            completer.learn(line);
        }
        completer
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
        let completer = completer(&["Zoë: hi", "bob has joined the chat."]);
        assert_eq!(completer.complete("zo", &[]), only(0, "Zoë: "));
        assert_eq!(completer.complete("hi ZOË", &[]), only(3, "Zoë "));
        assert_eq!(completer.complete("thank you, b", &[]), only(11, "bob "));
    }

    #[test]
    fn rooms_complete_behind_what_goes_to_one_and_people_elsewhere() {
        let completer = completer(&[
            "#lobby     2",
            "#kitchen   1  tea: all day",
            "#Kitsch   12",
            "and 7 more",
            "You are in #den now.",
            "Kai: kiss",
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
        let completer = completer(&["#kitchen   1", "#den Kai: kiss", "You hear #kiosk already."]);
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
    fn names_and_rooms_are_learnt_from_lines_behind_a_tag() {
        let completer = completer(&[
            "#den Alice: hi",
            "[13:05] #tea * Bob waves",
            "[2026-11-21 13:05] #ops Cid has joined the chat.",
            "#den Dan listens in from #attic.",
            "#den Eve: x",
            "#den Eve has left the chat.",
        ]);
        let all = ["Alice", "Bob", "Cid", "Dan"];
        assert_eq!(completer.complete("/msg ", &[]), completion(5, "", &all));
        let all = ["#den", "#ops", "#tea"];
        assert_eq!(completer.complete("/join ", &[]), completion(6, "#", &all));
    }

    #[test]
    fn people_who_were_listed_complete() {
        let completer = completer(&[
            "  Zoe, who is no row",
            "In #tea: 54",
            "  Kai, Bob (away, idle 2 h), [::1]:5000,",
            "  Lea (in #den, away, idle 5 min), and 50 more",
            "In #den: 1",
            "  Max",
            "  Tom",
        ]);
        let all = ["[::1]:5000", "Bob", "Kai", "Lea", "Max"];
        assert_eq!(completer.complete("/msg ", &[]), completion(5, "", &all));
        assert_eq!(completer.complete("/msg ka", &[]), only(5, "Kai "));
        assert_eq!(completer.complete("/who t", &[]), only(5, "#tea "));
    }

    #[test]
    fn several_names_complete_as_far_as_they_agree_and_are_listed() {
        let completer = completer(&["[12:30] Alice: x", "* alicia waves", "Bob: z"]);
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
        (0..2000).for_each(|i| completer.learn(&format!("p{i}: x")));
        let choices = completer.complete("p", &[]).unwrap().choices;
        assert_eq!(choices.len(), CHOICES + 1);
        assert_eq!(choices[CHOICES], "and 900 more");
    }

    #[test]
    fn who_left_is_not_offered_and_who_is_renamed_is_offered_by_the_new_name() {
        let completer = completer(&[
            "ann: x",
            "bob: y",
            "ann has left the chat: so long",
            "bob is now known as rob..",
        ]);
        assert_eq!(completer.complete("a", &[]), None);
        assert_eq!(completer.complete("b", &[]), None);
        assert_eq!(completer.complete("r", &[]), only(0, "rob.: "));
    }

    #[test]
    fn commands_of_a_newer_server_are_learnt_and_bounded() {
        let mut completer = completer(&["/wave NAME  wave at one person"]);
        assert_eq!(completer.complete("/wav", &[]), only(0, "/wave "));
        let letters = || 'a'..='z';
        for word in letters().flat_map(|a| letters().map(move |b| format!("/x{a}{b}"))) {
            completer.learn(&format!("{word}  x"));
        }
        assert_eq!(completer.commands.len(), COMMANDS);
    }
}
