//! The commands: the table of them, and one function for each.

mod people;
mod reading;
mod rooms;

use crate::error::CloseReason;
use crate::limits::ECHOED_CHARS;
use crate::message::{Answer, HelpRow, Message};

use super::event::Effects;
use super::{Caller, Hub};

/// What a command does. `args` is what follows its word, without the space around it.
type Run = fn(&mut Hub, &Caller, &str, &mut Effects);

/// A command: how it is used, what it does, and the function that does it.
struct Row {
    help: HelpRow,
    args: Args,
    run: Run,
}

/// Whether something follows the word.
#[derive(PartialEq)]
enum Args {
    None,
    Optional,
    Required,
}

/// Every command there is, in the order of `/help`. The word that is typed is the first of its usage.
const TABLE: [Row; 20] = [
    row("/help", Args::None, help, "show this list"),
    row(
        "/users",
        Args::None,
        users,
        "tell how many people are online",
    ),
    row("/rooms", Args::None, rooms::rooms, "list the rooms"),
    row(
        "/join ROOM",
        Args::Required,
        rooms::join,
        "go to a room, or make one",
    ),
    row("/leave", Args::None, rooms::leave, "go back to the lobby"),
    row(
        "/topic [TEXT]",
        Args::Optional,
        rooms::topic,
        "show or set the room's topic; - clears it",
    ),
    row(
        "/who [ROOM]",
        Args::Optional,
        rooms::who,
        "list who is in a room",
    ),
    row(
        "/msg NAME TEXT",
        Args::Required,
        people::msg,
        "write to one person, privately",
    ),
    row(
        "/reply TEXT",
        Args::Required,
        people::reply,
        "answer the last private message",
    ),
    row("/me ACTION", Args::Required, people::me, "tell what you do"),
    row(
        "/nick NAME",
        Args::Required,
        people::nick,
        "take another name",
    ),
    row(
        "/away [TEXT]",
        Args::Optional,
        people::away,
        "say that you are away",
    ),
    row(
        "/back",
        Args::None,
        people::back,
        "come back, and read what you missed",
    ),
    row(
        "/whois NAME",
        Args::Required,
        people::whois,
        "tell about a person",
    ),
    row(
        "/ignore [NAME]",
        Args::Optional,
        people::ignore,
        "hide what a person says, or list whom you ignore",
    ),
    row(
        "/unignore NAME",
        Args::Required,
        people::unignore,
        "show it again",
    ),
    row(
        "/history [N]",
        Args::Optional,
        reading::history,
        "show the room's last lines",
    ),
    row(
        "/time off|on|full [+HH:MM]",
        Args::Required,
        reading::time,
        "show when things are said, in your time zone",
    ),
    row(
        "/quiet on|off",
        Args::Required,
        reading::quiet,
        "hide who comes and goes",
    ),
    row("/quit", Args::None, quit, "leave the chat"),
];

/// How each command is used, for tests of all of them.
#[cfg(test)]
pub(super) const USAGES: [&str; TABLE.len()] = {
    let mut usages = [""; TABLE.len()];
    let mut i = 0;
    while i < TABLE.len() {
        usages[i] = TABLE[i].help.usage;
        i += 1;
    }
    usages
};

/// What `/help` tells.
static HELP: [HelpRow; TABLE.len()] = {
    let mut rows = [TABLE[0].help; TABLE.len()];
    let mut i = 1;
    while i < TABLE.len() {
        rows[i] = TABLE[i].help;
        i += 1;
    }
    rows
};

const fn row(usage: &'static str, args: Args, run: Run, does: &'static str) -> Row {
    let help = HelpRow { usage, does };
    Row { help, args, run }
}

impl Row {
    fn word(&self) -> &'static str {
        let usage = self.help.usage;
        usage.split_once(' ').map_or(usage, |(word, _)| word)
    }

    fn takes(&self, args: &str) -> bool {
        match self.args {
            Args::None => args.is_empty(),
            Args::Optional => true,
            Args::Required => !args.is_empty(),
        }
    }
}

/// Runs the command that the word names, in any case.
pub(super) fn run(hub: &mut Hub, caller: &Caller, word: &str, args: &str, effects: &mut Effects) {
    let Some(row) = TABLE
        .iter()
        .find(|row| row.word().eq_ignore_ascii_case(word))
    else {
        return effects.answer(caller.peer, Answer::UnknownCommand(shorten(word)));
    };
    if row.takes(args) {
        (row.run)(hub, caller, args, effects);
    } else {
        effects.answer(caller.peer, Answer::Usage(row.help.usage));
    }
}

fn help(_: &mut Hub, caller: &Caller, _: &str, effects: &mut Effects) {
    effects.answer(caller.peer, Answer::Help(&HELP));
}

fn users(hub: &mut Hub, caller: &Caller, _: &str, effects: &mut Effects) {
    effects.answer(caller.peer, Answer::UsersOnline(hub.online()));
}

fn quit(hub: &mut Hub, caller: &Caller, _: &str, effects: &mut Effects) {
    hub.dismiss(caller.peer, Message::Goodbye, CloseReason::Quit, effects);
}

/// How a command is used, for its function to tell when what follows its word is wrong.
fn usage(word: &str) -> Answer {
    let row = TABLE.iter().find(|row| row.word() == word);
    Answer::Usage(row.map_or("/help", |row| row.help.usage))
}

/// As much of what was typed as is repeated in an answer.
fn shorten(typed: &str) -> Box<str> {
    match typed.char_indices().nth(ECHOED_CHARS) {
        Some((end, _)) => format!("{}…", &typed[..end]).into(),
        None => typed.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_word_is_cut_when_repeated() {
        assert_eq!(&*shorten("/foo"), "/foo");
        let long = "/".to_string() + &"ß".repeat(8000);
        assert_eq!(shorten(&long).chars().count(), ECHOED_CHARS + 1);
    }

    #[test]
    fn the_words_of_the_table_are_distinct_and_begin_with_a_slash() {
        for (i, row) in TABLE.iter().enumerate() {
            assert!(row.word().starts_with('/'));
            assert!(TABLE[..i].iter().all(|other| other.word() != row.word()));
        }
    }

    #[test]
    fn the_usage_says_whether_something_follows() {
        for row in &TABLE {
            let rest = row.help.usage.strip_prefix(row.word()).unwrap().trim();
            let expected = match rest {
                "" => Args::None,
                rest if rest.starts_with('[') => Args::Optional,
                _ => Args::Required,
            };
            assert!(row.args == expected, "{}", row.help.usage);
        }
    }
}
