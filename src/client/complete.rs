//! Completion: commands at the beginning of a line, and the names of people who were seen, anywhere.

use std::collections::VecDeque;

use super::line::{Fact, read};

/// Names remembered: those seen last.
const NAMES: usize = 1000;

/// Commands remembered, more than any server has.
const COMMANDS: usize = 200;

/// What can be completed.
#[derive(Debug)]
pub(super) struct Completer {
    commands: Vec<String>,
    /// The name seen last comes first.
    names: VecDeque<String>,
}

/// What the Tab key finds.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Completion {
    Nothing,
    /// Text for the place of what stands from this byte offset up to the cursor.
    Replace {
        start: usize,
        text: String,
    },
    /// Nothing can be added without a choice between these.
    Choices(Vec<String>),
}

impl Completer {
    pub(super) fn new() -> Completer {
        let known = ["send", "leave", "/help", "/nick", "/quit", "/users"];
        Completer {
            commands: known.map(String::from).into(),
            names: VecDeque::new(),
        }
    }

    /// Learns names from a line of the server, and commands from its help.
    pub(super) fn learn(&mut self, line: &str) {
        match read(line).fact {
            Fact::Said { name, .. } | Fact::Action { name, .. } | Fact::Private { name, .. } => {
                self.see(name);
            }
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

    /// Completes the word before the cursor.
    pub(super) fn complete(&self, typed: &str) -> Completion {
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
        match &found[..] {
            [] => Completion::Nothing,
            [one] => Completion::Replace {
                start,
                text: one.clone(),
            },
            _ => {
                let common = common_beginning(&found);
                if common.chars().count() > word.chars().count() {
                    return Completion::Replace {
                        start,
                        text: common,
                    };
                }
                let bare = |text: String| text.trim_end_matches([' ', ':']).to_string();
                Completion::Choices(found.into_iter().map(bare).collect())
            }
        }
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
fn common_beginning(texts: &[String]) -> String {
    let first = &texts[0];
    let shared = |length: usize| texts.iter().all(|text| begins_with(text, &first[..length]));
    let ends = first.char_indices().map(|(at, c)| at + c.len_utf8());
    let length = ends.take_while(|&end| shared(end)).last().unwrap_or(0);
    first[..length].trim_end_matches([' ', ':']).into()
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

    fn replace(start: usize, text: &str) -> Completion {
        Completion::Replace {
            start,
            text: text.into(),
        }
    }

    #[test]
    fn commands_complete_at_the_beginning_of_a_line_only() {
        let completer = completer(&[]);
        assert_eq!(completer.complete("/us"), replace(0, "/users "));
        assert_eq!(completer.complete("le"), replace(0, "leave "));
        assert_eq!(completer.complete("hi /us"), Completion::Nothing);
    }

    #[test]
    fn names_complete_anywhere_in_any_case() {
        let completer = completer(&["Zoë: hi", "bob has joined the chat."]);
        assert_eq!(completer.complete("zo"), replace(0, "Zoë: "));
        assert_eq!(completer.complete("hi ZOË"), replace(3, "Zoë "));
        assert_eq!(completer.complete("thank you, b"), replace(11, "bob "));
    }

    #[test]
    fn several_names_complete_as_far_as_they_agree_and_are_then_listed() {
        let completer = completer(&["Alice: x", "alicia: y", "Bob: z"]);
        assert_eq!(completer.complete("a"), replace(0, "Alic"));
        assert_eq!(
            completer.complete("hey alic"),
            Completion::Choices(vec!["Alice".into(), "alicia".into()])
        );
    }

    #[test]
    fn who_left_is_not_offered_and_who_is_renamed_is_offered_by_the_new_name() {
        let completer = completer(&[
            "ann: x",
            "bob: y",
            "ann has left the chat.",
            "bob is now known as rob.",
        ]);
        assert_eq!(completer.complete("a"), Completion::Nothing);
        assert_eq!(completer.complete("b"), Completion::Nothing);
        assert_eq!(completer.complete("r"), replace(0, "rob: "));
    }

    #[test]
    fn commands_of_the_servers_help_are_learnt() {
        let completer = completer(&["/msg NAME TEXT  tell one person something"]);
        assert_eq!(completer.complete("/m"), replace(0, "/msg "));
    }
}
