//! A talk drawn by dice, between Ann and the two witnesses, over a way on which one thing after another goes wrong. What
//! each side says, the other one reads: once, in order, in its room.
//!
//! `CHINWAG_TALKS=256 cargo test --lib talks_over` plays 256 of them, an ordinary run only some.

use std::env;
use std::time::Duration;

use crate::dice::Dice;
use crate::server::Config as Rules;

use super::dialogue::Pace;
use super::halt;
use super::person::{DEN, LOBBY, Person, Told};
use super::relay::{Fault, Kind, Relay, Side, Swap};

/// How many talks an ordinary run plays.
const TALKS: u64 = 64;

/// Steps of a talk. In one of a few, something begins to go wrong.
const STEPS: usize = 24;
const FAULTY: usize = 3;

/// A fault comes within so many bytes.
const BYTES: usize = 600;

/// What goes wrong. Ann has a way back into her rooms after each of these.
const KINDS: [Kind; 12] = [
    Kind::Drop,
    Kind::Drop,
    Kind::DropOneSide,
    Kind::DropOneSide,
    Kind::Cut,
    halt(1, true),
    halt(10, true),
    halt(20, false),
    halt(100, true),
    Kind::Swap(Swap::Fresh),
    Kind::Swap(Swap::Restarted),
    Kind::Swap(Swap::Absent),
];

/// A talk that was played.
struct Talk {
    ann: Person,
    /// The server keeps seats, and the way was never broken for longer than that.
    keeps: bool,
}

fn play(seed: u64) -> Talk {
    let mut dice = Dice::new(seed);
    let keeps_seats = dice.below(4) > 0;
    let is_rough = dice.below(2) == 0;
    let mut rules = Rules::default();
    if !keeps_seats {
        rules.keep_guests = Duration::ZERO;
    }
    let mut ann = Person::new(Pace::Careful, Relay::with("Ann", None, rules));
    ann.go(DEN);
    ann.command("/listen lobby", "You hear #lobby too.");
    for number in 0..STEPS {
        if ann.relay.fault.is_none() && dice.below(FAULTY) == 0 {
            ann.relay.fault = Some(fault(&mut dice, &ann.relay, is_rough));
        }
        ann.pace = [Pace::Careful, Pace::Eager][dice.below(2)];
        step(&mut dice, &mut ann, number);
    }
    ann.relay.fault = None;
    ann.pace = Pace::Careful;
    ann.wait_for_way();
    if ann.get_ready(DEN) {
        ann.relay.say_in_den("den last");
        ann.relay.witness_says(0, "lobby last");
        ann.leave_with(DEN, "ann last");
    }
    let keeps = keeps_seats && !is_rough;
    Talk { ann, keeps }
}

fn fault(dice: &mut Dice, relay: &Relay, is_rough: bool) -> Fault {
    let side = [Side::Up, Side::Down][dice.below(2)];
    let kinds = KINDS.into_iter();
    let is_gentle = |it: &Kind| *it != halt(100, true) && !matches!(it, Kind::Swap(_));
    let kinds: Vec<Kind> = kinds.filter(|it| is_rough || is_gentle(it)).collect();
    Fault {
        side,
        at: relay.passed(side) + dice.below(BYTES),
        kind: kinds[dice.below(kinds.len())],
        then: None,
    }
}

/// Somebody does something.
fn step(dice: &mut Dice, ann: &mut Person, number: usize) {
    let words = format!("ann {number}.");
    let (here, there) = match ann.room() {
        DEN => (DEN, LOBBY),
        _ => (LOBBY, DEN),
    };
    if !ann.hears(there) {
        // She was brought somewhere else than she knew.
        return match there {
            DEN => ann.command("/listen #den", "You hear #den too."),
            _ => ann.command("/listen #lobby", "You hear #lobby too."),
        };
    }
    match dice.below(10) {
        0..3 => ann.say(here, &words, ""),
        3 => ann.say_in(there, &words),
        4 => ann.paste(here, &[&format!("{words}1"), &format!("{words}2")]),
        5 => ann.switch(there),
        6 => ann.wait(),
        7 => ann.relay.witness_says(0, &format!("lobby {number}.")),
        _ => ann.relay.witness_says(1, &format!("den {number}.")),
    }
    ann.look();
}

impl Talk {
    fn check(&self) -> Result<(), String> {
        let ann = &self.ann;
        if ann.left.is_none() {
            return Err("she did not get away".into());
        }
        for text in &ann.texts {
            let count = ann.readings(text).len();
            let is_right = match text.told {
                Told::Nothing => count == 1,
                Told::NotConfirmed => count <= 1 && !self.keeps,
                Told::NotSent | Told::TakenBack => count == 0,
            };
            let is_there = ann.readings(text).iter().all(|it| it.room == text.room);
            if !is_right || !is_there {
                return Err(format!("{text:?} was read {count} times"));
            }
        }
        for room in [LOBBY, DEN] {
            self.check_room(room)?;
        }
        match self.keeps {
            true => self.check_notices(),
            false => Ok(()),
        }
    }

    /// What was said in a room, as its witness has read it, is what Ann has read of it: in that order, and once. What
    /// came before another server took over may be lost with the old one, and what is said where she is not is not for
    /// her.
    fn check_room(&self, room: &str) -> Result<(), String> {
        let heard = &self.ann.relay.heard;
        let may_be_lost = self.ann.relay.swaps.last().copied().unwrap_or(0);
        let mut is_gone = false;
        let said = heard.iter().enumerate().filter(|(_, it)| it.room == room);
        let said = said.filter_map(|(at, it)| {
            let comes = ["Ann has joined", "Ann has come in", "Ann listens in"];
            is_gone &= !comes.iter().any(|comes| it.row.starts_with(comes));
            is_gone |= it.row.starts_with("Ann has gone to");
            Some((at < may_be_lost || is_gone, words(&it.row)?))
        });
        let mut read = self.ann.rows.iter().filter_map(|row| {
            let words = words(row)?;
            let is_here = heard
                .iter()
                .any(|it| it.room == room && it.row.ends_with(words));
            is_here.then_some((row, words))
        });
        let mut next = read.next();
        for (may_be_lost, words) in said {
            match next {
                Some((row, it)) if it == words => {
                    let is_tagged = |tag: &str| row.contains(&format!("{tag} "));
                    if is_tagged(LOBBY) && room != LOBBY || is_tagged(DEN) && room != DEN {
                        return Err(format!("{row:?} was not said there"));
                    }
                    next = read.next();
                }
                // She leaves, and does not read it any more.
                _ if may_be_lost => {}
                next => return Err(format!("{room}: {words:?} is missing before {next:?}")),
            }
        }
        match next {
            None => Ok(()),
            Some((row, _)) => Err(format!("{room}: {row:?} is out of order, or there twice")),
        }
    }

    /// Nobody was told that she came or left but when she did.
    fn check_notices(&self) -> Result<(), String> {
        for room in [LOBBY, DEN] {
            let rows = self.ann.relay.heard.iter().filter(|it| it.room == room);
            let rows: Vec<&str> = rows.map(|it| it.row.as_str()).collect();
            let count = |what: &str| rows.iter().filter(|it| it.contains(what)).count();
            if count("Ann has joined") > 1 || count("Ann has left the chat") > 1 {
                return Err(format!("{room} was told that she came or left: {rows:#?}"));
            }
        }
        Ok(())
    }
}

/// What was said, behind the name, if a row is about something that was.
fn words(row: &str) -> Option<&str> {
    let names = ["Ann: ", "Den: ", "Lob: "];
    let at = names
        .iter()
        .find_map(|name| Some(row.find(name)? + name.len()))?;
    Some(&row[at..])
}

#[test]
fn talks_over_a_way_that_breaks_are_read_once_and_in_order() {
    let talks = env::var("CHINWAG_TALKS").ok();
    let talks = talks.map_or(TALKS, |it| it.parse().expect("a number"));
    let (mut kept, mut swapped) = (0, 0);
    for seed in 0..talks {
        // The last one is the one that did not end.
        println!("seed {seed}");
        let talk = play(seed);
        kept += usize::from(talk.keeps);
        swapped += usize::from(!talk.ann.relay.swaps.is_empty());
        if let Err(what) = talk.check() {
            panic!(
                "seed {seed}: {what}\nseen:\n  {}\nheard:\n  {}",
                talk.ann.rows.join("\n  "),
                talk.ann.relay.heard_rows().join("\n  ")
            );
        }
    }
    assert!(
        kept > 0 && swapped > 0,
        "{kept} seats were kept, {swapped} servers swapped"
    );
}
