//! The names of the people in a scene, and their acts before the measurement.

use crate::Username;
use crate::limits::{AWAY_CHARS, HISTORY_BYTES, HISTORY_LINES, ROOMS, TOPIC_CHARS};

use super::{ANN, BOB, CARL, Scene};

/// Conditions that may make things more expensive than they need to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Load {
    /// Nothing.
    Plain,
    /// Everybody ignores the same people, Ann among them. Bob is not ignored and ignores nobody.
    Ignores,
    /// The history is full.
    History,
    /// Every time zone, with every stamp, with and without the news of who comes and goes.
    Formats,
    /// Names that grow most when they are compared; Ann ignores as many of them as she may. There is a history too.
    LongNames,
    /// Everyone else is away, and their names are words of the lines said.
    Away,
    /// The maximum number of rooms, each with a topic.
    Rooms,
    /// A tenth of all people hear the same four rooms besides the lobby, Ann among them.
    Several,
    /// Accounts, with bans, mutes and locked rooms.
    House,
}

impl Load {
    /// The names of the people in this many slots.
    pub(super) fn names(self, slots: u32) -> Vec<String> {
        let slots = 0..slots;
        match self {
            Load::Away => slots.map(word).collect(),
            Load::LongNames => {
                let (letter, count) = longest_letters();
                slots.map(|slot| long_name(letter, count, slot)).collect()
            }
            _ => slots.map(|slot| format!("p{slot}")).collect(),
        }
    }

    /// A line of text of nearly this length.
    pub(super) fn text(self, bytes: usize, names: &[String]) -> String {
        /// As many names as a line holds. There may be more people.
        const NAMED: usize = 900;
        let mut text = String::with_capacity(bytes);
        for i in 0.. {
            let word = match self {
                Load::Away | Load::LongNames => &names[i % names.len().min(NAMED)],
                _ => ["the", "quick", "brown", "fox", "jumps", "over"][i % 6],
            };
            if text.len() + word.len() + 1 > bytes {
                break;
            }
            text.push_str(word);
            text.push(' ');
        }
        text.truncate(text.trim_end().len());
        text
    }
}

impl Scene {
    /// One person does their part of the load. People who came back do it again.
    pub(super) fn settle(&mut self, slot: u32) {
        let ignores = match self.load {
            Load::Ignores => slot != BOB,
            Load::LongNames => slot == ANN,
            _ => false,
        };
        if ignores {
            for whom in self.ignored().filter(|&whom| whom != slot) {
                let line = format!("/ignore {}", self.names[whom as usize]);
                self.types(slot, &line);
            }
        }
        match self.load {
            Load::Formats => self.types(slot, &time_command(slot)),
            Load::Away if slot != ANN => {
                let line = format!("/away {}", "\u{1f334}".repeat(AWAY_CHARS));
                self.types(slot, &line);
            }
            _ => {}
        }
        if self.load == Load::Formats && slot % 2 == 1 {
            self.types(slot, "/quiet on");
        }
        if self.load == Load::House {
            self.settle_in_house(slot);
        }
        if self.load == Load::Several && slot.is_multiple_of(10) {
            for room in 1..5 {
                self.types(slot, &format!("/listen r{room}"));
            }
        }
        if self.load == Load::Rooms && slot > CARL && self.people as usize > ROOMS {
            let room = slot as usize % ROOMS;
            self.types(slot, &format!("/join r{room}"));
        }
    }

    /// The people whom the others ignore: Carl and those after him, but nobody at the end of the crowd; and Ann, last
    /// of all.
    fn ignored(&self) -> impl Iterator<Item = u32> + use<> {
        let most = (self.ignored + 1).min(self.people - 1);
        (CARL..most).chain([ANN])
    }

    /// Sets up everything besides the people.
    pub(super) fn furnish(&mut self) {
        match self.load {
            Load::History | Load::LongNames => {
                let line = self
                    .load
                    .text(HISTORY_BYTES / HISTORY_LINES - 50, &self.names);
                let crowd = self.people - CARL;
                for i in 0..HISTORY_LINES as u32 {
                    self.types(self.last() - i % crowd, &line);
                }
            }
            Load::Rooms => {
                let topic = "\u{53f0}".repeat(TOPIC_CHARS);
                let crowd = self.people - CARL - 1;
                for room in 1..ROOMS as u32 {
                    let founder = CARL + 1 + room % crowd;
                    self.types(founder, &format!("/join r{room}"));
                    self.types(founder, &format!("/topic {topic}"));
                }
            }
            _ => {}
        }
    }
}

/// One of all formats, through the zones of 15 minutes from -12:00 to +14:00.
fn time_command(slot: u32) -> String {
    let slot = slot / 2;
    let stamp = ["on", "full", "off"][slot as usize % 3];
    let quarters = (slot / 3 % 105) as i32 - 48;
    let (sign, minutes) = (if quarters < 0 { '-' } else { '+' }, quarters.abs() * 15);
    format!(
        "/time {stamp} {sign}{:02}:{:02}",
        minutes / 60,
        minutes % 60
    )
}

/// A plain word. No two of them look alike.
fn word(slot: u32) -> String {
    const SHORT: [&str; 3] = ["the", "of", "and"];
    const CONSONANTS: &[u8] = b"bcdfghjknprstvwz";
    const VOWELS: &[u8] = b"aeou";
    if let Some(word) = SHORT.get(slot as usize) {
        return (*word).into();
    }
    let mut rest = slot as usize;
    let letters = [CONSONANTS, VOWELS, CONSONANTS, VOWELS, CONSONANTS];
    let letter = |choice: &[u8]| {
        let letter = choice[rest % choice.len()];
        rest /= choice.len();
        char::from(letter)
    };
    letters.map(letter).iter().collect()
}

/// A letter, and the number of it that make a name with the longest compared text, among valid names.
fn longest_letters() -> (char, usize) {
    /// Letters that become several in compatible forms or capitals, and how many.
    const GROWING: [(char, usize); 5] = [
        ('\u{fdfa}', 18),
        ('\u{fdfb}', 8),
        ('\u{fb03}', 3),
        ('\u{390}', 3),
        ('\u{e9}', 2),
    ];
    let of = |(letter, growth)| {
        let is_name = |&count: &usize| Username::parse(&long_name(letter, count, 0)).is_ok();
        let count = (1..=27).rev().find(is_name)?;
        Some((count * growth, (letter, count)))
    };
    let longest = GROWING.into_iter().filter_map(of).max();
    longest.map_or(('x', 27), |(_, letters)| letters)
}

fn long_name(letter: char, count: usize, slot: u32) -> String {
    let letters: String = std::iter::repeat_n(letter, count).collect();
    format!("{letters}{slot:05}")
}
