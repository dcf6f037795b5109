//! The commands: the table of them, and one function for each.

use crate::error::CloseReason;
use crate::limits::ECHOED_CHARS;
use crate::message::{HelpRow, Message};
use crate::name::Username;

use super::event::Effects;
use super::{Hub, Seat};

/// A command: how it is used, what it does, and the function that does it.
struct Row {
    help: HelpRow,
    run: fn(&mut Hub, Seat, &str, &mut Effects),
}

/// Every command there is, in the order of `/help`. The word that is typed is the first of its usage.
const TABLE: [Row; 4] = [
    row("/help", "show this list", help),
    row("/users", "tell how many people are online", users),
    row("/nick NAME", "take another name", nick),
    row("/quit", "leave the chat", quit),
];

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

const fn row(
    usage: &'static str,
    does: &'static str,
    run: fn(&mut Hub, Seat, &str, &mut Effects),
) -> Row {
    Row {
        help: HelpRow { usage, does },
        run,
    }
}

impl Row {
    fn word(&self) -> &'static str {
        let usage = self.help.usage;
        usage.split_once(' ').map_or(usage, |(word, _)| word)
    }

    fn takes_args(&self) -> bool {
        self.help.usage.contains(' ')
    }
}

/// Runs the command that the word names, in any case.
pub(super) fn run(hub: &mut Hub, seat: Seat, word: &str, args: &str, effects: &mut Effects) {
    let Some(row) = TABLE
        .iter()
        .find(|row| row.word().eq_ignore_ascii_case(word))
    else {
        return effects.tell(seat.peer, Message::UnknownCommand(shorten(word)));
    };
    if row.takes_args() == args.is_empty() {
        return effects.tell(seat.peer, Message::Usage(row.help.usage));
    }
    (row.run)(hub, seat, args, effects);
}

fn help(_: &mut Hub, seat: Seat, _: &str, effects: &mut Effects) {
    effects.tell(seat.peer, Message::Help(&HELP));
}

fn users(hub: &mut Hub, seat: Seat, _: &str, effects: &mut Effects) {
    effects.tell(seat.peer, Message::UsersOnline(hub.online()));
}

fn nick(hub: &mut Hub, seat: Seat, args: &str, effects: &mut Effects) {
    let Ok(to) = Username::parse(args) else {
        return effects.tell(seat.peer, Message::UsernameInvalid);
    };
    match hub.roster.name(seat.peer, to.clone(), seat.room) {
        Err(_) => effects.tell(seat.peer, Message::UsernameTaken),
        Ok(Some(from)) if from.as_str() != to.as_str() => {
            effects.tell_room(seat.room, None, Message::Renamed { from, to });
        }
        Ok(_) => {}
    }
}

fn quit(hub: &mut Hub, seat: Seat, _: &str, effects: &mut Effects) {
    hub.dismiss(seat.peer, Message::Goodbye, CloseReason::Quit, effects);
}

/// As much of an unknown command as is repeated in the answer.
fn shorten(word: &str) -> Box<str> {
    match word.char_indices().nth(ECHOED_CHARS) {
        Some((end, _)) => format!("{}…", &word[..end]).into(),
        None => word.into(),
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
}
