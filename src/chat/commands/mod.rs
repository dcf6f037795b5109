//! The commands: the table of them, and one function for each.

mod accounts;
mod order;
mod owning;
mod past;
mod people;
mod reading;
mod rooms;
mod spans;

use crate::account::Rank;
use crate::limits::{ECHOED_CHARS, QUIT_CHARS};
use crate::message::{AboutAccount, AboutChat, AboutInput, HelpRow};

use crate::wire::Command;

use super::event::Effects;
use super::{Caller, Hub};

pub(super) use people::write;
pub(super) use rooms::{join, leave, listen, room_named};

/// The function of a command. `args` is the text after its word, without the space around it.
type Run = fn(&mut Hub, &Caller, &str, &mut Effects);

/// A command: how it is used, what it does, other words for it, and the function that does it.
struct Row {
    help: HelpRow,
    args: Args,
    run: Run,
    /// What shows how things are if nothing stands behind the word, to everyone who may have an account.
    shows: Option<Run>,
}

/// Whether a command takes arguments.
#[derive(PartialEq)]
enum Args {
    None,
    /// None, as a password is asked for. One that is typed behind the word is refused.
    Alone,
    Optional,
    Required,
}

/// Every command, in the order of `/help`. The word to type is the first word of its usage. The last is `/quit`.
const FAMILIES: [&[Row]; 5] = [
    &EVERYDAY,
    &accounts::TABLE,
    &owning::TABLE,
    &order::TABLE,
    &[QUIT],
];

/// The number of commands.
const COUNT: usize =
    EVERYDAY.len() + accounts::TABLE.len() + owning::TABLE.len() + order::TABLE.len() + 1;

/// The commands for everyone.
const EVERYDAY: [Row; 26] = [
    row("/help", Args::None, help, "show this list"),
    row(
        "/users",
        Args::None,
        users,
        "tell how many people are online",
    ),
    row("/rooms", Args::None, rooms::rooms, "list the rooms").also(&["/list"]),
    row(
        "/join ROOM",
        Args::Required,
        rooms::join,
        "go to a room, or make one",
    ),
    row("/leave", Args::None, rooms::leave, "go back to the lobby").also(&["/part"]),
    row(
        "/listen ROOM",
        Args::Required,
        rooms::listen,
        "hear another room too, or make one",
    ),
    row(
        "/unlisten ROOM|all",
        Args::Required,
        rooms::unlisten,
        "stop hearing another room",
    ),
    row(
        "/switch ROOM",
        Args::Required,
        rooms::switch,
        "make a room that you hear your current one",
    ),
    row(
        "/in ROOM TEXT",
        Args::Required,
        rooms::within,
        "say something in another room that you hear",
    ),
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
    )
    .also(&["/names"]),
    row(
        "/msg NAME TEXT",
        Args::Required,
        people::msg,
        "write to one person, privately",
    )
    .also(&["/m", "/w", "/tell"]),
    row(
        "/reply TEXT",
        Args::Required,
        people::reply,
        "answer the last private message",
    )
    .also(&["/r"]),
    row(
        "/me ACTION",
        Args::Required,
        people::me,
        "say what you are doing",
    ),
    row(
        "/nick NAME",
        Args::Required,
        people::nick,
        "change your name",
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
        "show where a person is, and since when",
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
        "stop ignoring a person",
    ),
    row(
        "/history [N] [before DATE]",
        Args::Optional,
        past::history,
        "show the room's last lines",
    ),
    row(
        "/search WORDS",
        Args::Required,
        past::search,
        "find lines of the room that contain all the words",
    ),
    row("/more", Args::None, past::more, "show older lines"),
    row(
        "/seen NAME",
        Args::Required,
        past::seen,
        "tell when a person was last here",
    ),
    row(
        "/time [on|off|full] [ZONE]",
        Args::Optional,
        reading::time,
        "show when things are said, in your time zone",
    ),
    row(
        "/quiet [on|off]",
        Args::Optional,
        reading::quiet,
        "hide join and leave notices",
    ),
];

const QUIT: Row = row(
    "/quit [TEXT]",
    Args::Optional,
    quit,
    "leave the chat, with a last word",
)
.also(&["/q", "/exit"]);

/// Every command.
fn table() -> impl Iterator<Item = &'static Row> {
    FAMILIES.into_iter().flatten()
}

/// The usage of each command, for tests of all of them.
#[cfg(test)]
pub(super) const USAGES: [&str; COUNT] = {
    let mut usages = [""; COUNT];
    let mut i = 0;
    while i < COUNT {
        usages[i] = HELP[i].usage;
        i += 1;
    }
    usages
};

/// The words of the commands about accounts, order, and rooms that are somebody's.
#[cfg(test)]
pub(super) fn words_of_rank() -> impl Iterator<Item = &'static str> {
    let rows = accounts::TABLE.iter().chain(&owning::TABLE);
    rows.chain(&order::TABLE).map(Row::word)
}

/// Whether a command needs that people have accounts.
#[cfg(test)]
pub(super) fn needs_accounts(usage: &str) -> bool {
    let row = table().find(|it| it.help.usage == usage);
    row.is_some_and(|it| it.help.least.is_some())
}

/// The answer to `/help`.
const HELP: [HelpRow; COUNT] = {
    let mut rows = [QUIT.help; COUNT];
    let (mut all, mut family) = (0, 0);
    while family < FAMILIES.len() {
        let mut i = 0;
        while i < FAMILIES[family].len() {
            rows[all] = FAMILIES[family][i].help;
            (all, i) = (all + 1, i + 1);
        }
        family += 1;
    }
    rows
};

const fn row(usage: &'static str, args: Args, run: Run, does: &'static str) -> Row {
    let aliases = &[];
    let help = HelpRow {
        usage,
        does,
        aliases,
        least: None,
    };
    let shows = None;
    Row {
        help,
        args,
        run,
        shows,
    }
}

impl Row {
    const fn also(mut self, aliases: &'static [&'static str]) -> Row {
        self.help.aliases = aliases;
        self
    }

    /// Only people who are at least this, in the room where they are, may type it.
    const fn by(mut self, least: Rank) -> Row {
        self.help.least = Some(least);
        self
    }

    /// Without arguments it shows how things are.
    const fn or(mut self, shows: Run) -> Row {
        self.shows = Some(shows);
        self
    }

    fn is_called(&self, word: &str) -> bool {
        let aliases = self.help.aliases.iter().copied();
        let mut words = aliases.chain([self.word()]);
        words.any(|it| it.eq_ignore_ascii_case(word))
    }

    /// Whether a password is asked for.
    fn asks(&self) -> bool {
        self.args == Args::Alone || self.word() == "/unregister"
    }

    fn word(&self) -> &'static str {
        let usage = self.help.usage;
        usage.split_once(' ').map_or(usage, |(word, _)| word)
    }

    fn takes(&self, args: &str) -> bool {
        match self.args {
            Args::None | Args::Alone => args.is_empty(),
            Args::Optional => true,
            Args::Required => !args.is_empty(),
        }
    }
}

/// The words of all commands, without their aliases.
#[cfg(feature = "client")]
pub(crate) fn words() -> impl Iterator<Item = &'static str> {
    table().map(Row::word)
}

/// The command that a word names, in any case and after either slash.
fn find(word: &str) -> Option<&'static Row> {
    let with_plain_slash = word.replacen('\u{ff0f}', "/", 1);
    table().find(|row| row.is_called(&with_plain_slash))
}

/// The main word of the command that a word names.
#[cfg(feature = "client")]
pub(crate) fn named(word: &str) -> Option<&'static str> {
    find(word).map(Row::word)
}

/// The main word of the command in a line.
pub(super) fn word_of(line: &str) -> Option<&'static str> {
    match Command::parse(line) {
        Command::Slash { word, .. } => find(word).map(Row::word),
        Command::Say(_) | Command::Blank => None,
    }
}

/// Says that there is no such command.
pub(super) fn unknown(caller: &Caller, word: &str, effects: &mut Effects) {
    effects.answer(caller.peer, AboutInput::UnknownCommand(shorten(word)));
}

/// Runs the command that a word names.
pub(super) fn run(hub: &mut Hub, caller: &Caller, word: &str, args: &str, effects: &mut Effects) {
    let Some(row) = find(word) else {
        return unknown(caller, word, effects);
    };
    if let (Some(shows), true) = (row.shows, args.is_empty()) {
        return match hub.authorize(caller, Rank::Guest) {
            Ok(()) => shows(hub, caller, args, effects),
            Err(why) => effects.answer(caller.peer, why),
        };
    }
    if let Some(least) = row.help.least
        && let Err(why) = hub.authorize(caller, least)
    {
        if row.asks() {
            // The password may be typed already.
            hub.expect_late_answer(caller.peer);
        }
        return effects.answer(caller.peer, why);
    }
    if row.takes(args) {
        (row.run)(hub, caller, args, effects);
    } else if row.args == Args::Alone {
        hub.expect_late_answer(caller.peer);
        effects.answer(caller.peer, AboutAccount::TypedBehind(row.word()));
    } else {
        effects.answer(caller.peer, AboutInput::Usage(row.help.usage));
    }
}

fn help(hub: &mut Hub, caller: &Caller, _: &str, effects: &mut Effects) {
    let (rows, rank) = (&HELP, hub.rank_of(caller));
    effects.answer(caller.peer, AboutChat::Help { rows, rank });
}

fn users(hub: &mut Hub, caller: &Caller, _: &str, effects: &mut Effects) {
    effects.answer(caller.peer, AboutChat::UsersOnline(hub.online()));
}

pub(super) fn quit(hub: &mut Hub, caller: &Caller, args: &str, effects: &mut Effects) {
    if args.chars().count() > QUIT_CHARS {
        return effects.answer(caller.peer, AboutInput::QuitTooLong);
    }
    let word = (!args.is_empty()).then(|| args.into());
    hub.quit(caller.peer, word, effects);
}

/// Whether a word is that of the command to leave.
pub(super) fn is_quit(word: &str) -> bool {
    let row = table().find(|row| row.is_called(word));
    row.is_some_and(|row| row.word() == "/quit")
}

/// Whether a word is that of the command to tell what one is doing.
fn is_action(word: &str) -> bool {
    find(word).is_some_and(|row| row.word() == "/me")
}

/// The usage of a command, for its function to answer when the arguments are wrong.
fn usage(word: &str) -> AboutInput {
    let row = table().find(|row| row.word() == word);
    AboutInput::Usage(row.map_or("/help", |row| row.help.usage))
}

/// The part of the typed text that an answer repeats.
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
        let words = |row: &Row| [&[row.word()], row.help.aliases].concat();
        let mut all: Vec<&str> = table().flat_map(words).collect();
        assert!(all.iter().all(|word| word.starts_with('/')));
        let count = all.len();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), count);
    }

    #[test]
    fn the_usage_says_whether_something_follows() {
        for row in table() {
            let rest = row.help.usage.strip_prefix(row.word()).unwrap().trim();
            let expected = match rest {
                "" => Args::None,
                rest if rest.starts_with('[') => Args::Optional,
                _ => Args::Required,
            };
            let is_alone = row.args == Args::Alone && expected == Args::None;
            assert!(row.args == expected || is_alone, "{}", row.help.usage);
        }
    }
}
