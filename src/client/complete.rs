//! Completion: commands at the beginning of a line, and the names of people who were seen, anywhere.

use std::collections::VecDeque;

use crate::chat::command_words;

use super::line::{Fact, read};

/// Names remembered: those seen last.
const NAMES: usize = 1000;

/// Commands remembered, more than any server has.
const COMMANDS: usize = 200;

/// Choices shown at once: some rows of them.
const CHOICES: usize = 100;

/// What can be completed.
#[derive(Debug)]
pub(super) struct Completer {
    commands: Vec<String>,
    /// The name seen last comes first.
    names: VecDeque<String>,
}

/// What the Tab key finds.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Completion {
    /// For the place of what stands from this byte offset up to the cursor.
    pub(super) start: usize,
    pub(super) text: String,
    /// What there is to choose from; nothing where the text is all there is.
    pub(super) choices: Vec<String>,
}

impl Completer {
    pub(super) fn new() -> Completer {
        let commands = ["send", "leave"].into_iter().chain(command_words());
        Completer {
            commands: commands.map(String::from).collect(),
            names: VecDeque::new(),
        }
    }

    /// Learns names from a line of the server, and commands from its help.
    pub(super) fn learn(&mut self, line: &str) {
        match read(line).fact {
            Fact::Said { name, .. }
            | Fact::Action { name, .. }
            | Fact::Private { name, .. }
            | Fact::PrivateSent { name, .. } => self.see(name),
            Fact::Renamed { from, to } => {
                self.forget(from);
                self.see(to);
            }
            Fact::Event { name, what } if what.starts_with("has left ") => self.forget(name),
            Fact::Event { name, .. } => self.see(name),
            Fact::Help { command, .. } => self.learn_command(command),
            _ => {}
        }
    }

    /// Completes the word before the cursor, as far as all that begin with it agree.
    pub(super) fn complete(&self, typed: &str) -> Option<Completion> {
        let start = typed.rfind(char::is_whitespace).map_or(0, |at| {
            at + typed[at..].chars().next().map_or(0, char::len_utf8)
        });
        let word = &typed[start..];
        let leading = start == 0;
        let mut found: Vec<String> = Vec::new();
        if leading && !word.is_empty() {
            let commands = self.commands.iter().filter(|c| begins_with(c, word));
            found.extend(commands.map(|command| format!("{command} ")));
        }
        if !word.starts_with('/') {
            let names = self.names.iter().filter(|name| begins_with(name, word));
            let behind = if leading { ": " } else { " " };
            found.extend(names.map(|name| format!("{name}{behind}")));
        }
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

    fn see(&mut self, name: &str) {
        self.forget(name);
        self.names.truncate(NAMES - 1);
        self.names.push_front(name.into());
    }

    fn forget(&mut self, name: &str) {
        self.names.retain(|seen| seen != name);
    }

    fn learn_command(&mut self, command: &str) {
        if self.commands.len() < COMMANDS && !self.commands.iter().any(|c| c == command) {
            self.commands.push(command.into());
        }
    }
}

/// Whether a text begins with a word, in any case.
fn begins_with(text: &str, word: &str) -> bool {
    let mut folded = text.chars().flat_map(char::to_lowercase);
    word.chars()
        .flat_map(char::to_lowercase)
        .all(|c| folded.next() == Some(c))
}

/// What all of them begin with, in any case, as the first one writes it.
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
        assert_eq!(completer.complete("/us"), only(0, "/users "));
        assert_eq!(completer.complete("le"), only(0, "leave "));
        assert_eq!(completer.complete("hi /us"), None);
    }

    #[test]
    fn the_servers_commands_are_known_from_the_start_and_no_aliases() {
        let completer = completer(&[]);
        let wh = completer.complete("/wh");
        assert_eq!(wh, completion(0, "/who", &["/who", "/whois"]));
        let qui = completer.complete("/q");
        assert_eq!(qui, completion(0, "/qui", &["/quiet", "/quit"]));
        assert_eq!(
            completer.complete("/m"),
            completion(0, "/m", &["/me", "/msg"])
        );
        assert_eq!(completer.complete("/exi"), None);
        for word in command_words() {
            let found = completer.complete(word).unwrap();
            assert!(found.text.starts_with(word));
        }
    }

    #[test]
    fn names_complete_anywhere_in_any_case() {
        let completer = completer(&["Zoë: hi", "bob has joined the chat."]);
        assert_eq!(completer.complete("zo"), only(0, "Zoë: "));
        assert_eq!(completer.complete("hi ZOË"), only(3, "Zoë "));
        assert_eq!(completer.complete("thank you, b"), only(11, "bob "));
    }

    #[test]
    fn several_names_complete_as_far_as_they_agree_and_are_listed() {
        let completer = completer(&["[12:30] Alice: x", "* alicia waves", "Bob: z"]);
        let both = ["Alice", "alicia"];
        assert_eq!(completer.complete("a"), completion(0, "Alic", &both));
        assert_eq!(completer.complete("hey alic"), completion(4, "alic", &both));
    }

    #[test]
    fn of_many_choices_some_are_listed() {
        let mut completer = Completer::new();
        (0..2000).for_each(|i| completer.learn(&format!("p{i}: x")));
        let choices = completer.complete("p").unwrap().choices;
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
        assert_eq!(completer.complete("a"), None);
        assert_eq!(completer.complete("b"), None);
        assert_eq!(completer.complete("r"), only(0, "rob.: "));
    }

    #[test]
    fn commands_of_a_newer_server_are_learnt_and_bounded() {
        let mut completer = completer(&["/wave NAME  wave at one person"]);
        assert_eq!(completer.complete("/wav"), only(0, "/wave "));
        let letters = || 'a'..='z';
        for word in letters().flat_map(|a| letters().map(move |b| format!("/x{a}{b}"))) {
            completer.learn(&format!("{word}  x"));
        }
        assert_eq!(completer.commands.len(), COMMANDS);
    }
}
