//! How much CPU time of the loop each command and each event takes, by the number of people, under several loads.
//!
//! See README.md beside the benches for how to read it. Nothing here fails because it is slow.

mod cpu;
mod report;
mod scene;

use chinwag::limits::IGNORED;
use chinwag::{
    AccountId, CloseReason, Network, Protocol, Role, RoomName, Sanction, SanctionKind, Target,
    Username, inner, limits,
};

use cpu::Cpu;
use report::{Price, Report};
use scene::{Act, FEWEST, Load, REPETITIONS, Scene, acts, forgotten};

/// Numbers of people.
const PEOPLE: [u32; 3] = [10, 1_000, 10_000];

/// The loads, each with the name of its table.
const LOADS: [(Load, &str); 9] = [
    (Load::Plain, "plain"),
    (
        Load::Ignores,
        "ignores: all ignore the same 100, Ann among them",
    ),
    (Load::History, "history: as much as is kept"),
    (Load::Formats, "formats: all time zones, stamps and quiet"),
    (
        Load::LongNames,
        "names: they fold long, Ann ignores 99 of them, and a history",
    ),
    (
        Load::Away,
        "away: all but Ann are away, and are named in what is said",
    ),
    (Load::Rooms, "rooms: 1,000 of them, with topics"),
    (
        Load::Several,
        "several: a tenth of all hear the same five rooms",
    ),
    (
        Load::House,
        "house: accounts, 4,095 bans, 511 mutes, 997 locked rooms",
    ),
];

/// Each act, with the steps that make it possible again, is repeated until it has used this much CPU, in nanoseconds.
const ENOUGH: u64 = 150_000_000;

/// The measurements to make.
struct Asked {
    people: Vec<u32>,
    load: String,
    act: String,
}

fn asked() -> Result<Asked, String> {
    let mut asked = Asked {
        people: PEOPLE.to_vec(),
        load: String::new(),
        act: String::new(),
    };
    let mut words = std::env::args().skip(1).filter(|it| it != "--bench");
    while let Some(word) = words.next() {
        match word.as_str() {
            "--people" => {
                let number = words.next().and_then(|it| it.parse().ok());
                let number = number.filter(|it| *it >= FEWEST);
                let number = number.ok_or(format!("--people takes a number from {FEWEST} on"))?;
                asked.people = vec![number];
            }
            "--load" => asked.load = words.next().unwrap_or_default(),
            _ => asked.act = word,
        }
    }
    Ok(asked)
}

fn main() -> Result<(), String> {
    let asked = asked()?;
    let mut report = Report::new(&asked.people);
    for (load, title) in LOADS {
        if !title.starts_with(&asked.load) {
            continue;
        }
        let mut rows: Vec<(&str, Vec<Price>)> = Vec::new();
        for &people in &asked.people {
            for (i, (name, price)) in prices(load, people, &asked.act)?.into_iter().enumerate() {
                match rows.get_mut(i) {
                    Some((_, prices)) => prices.push(price),
                    None => rows.push((name, vec![price])),
                }
            }
        }
        report.table(title, &rows);
    }
    report.end();
    Ok(())
}

/// The price of everything in one scene.
fn prices(load: Load, people: u32, only: &str) -> Result<Vec<(&'static str, Price)>, String> {
    let mut scene = Scene::of(load, people, IGNORED as u32);
    let help = scene.answer("/help");
    let forgotten = forgotten(load, &help);
    if !forgotten.is_empty() {
        return Err(format!("no price is taken of {}", forgotten.join(", ")));
    }
    let asked_for = |act: &Act| act.name.contains(only);
    let mut prices: Vec<_> = acts(load)
        .into_iter()
        .filter(asked_for)
        .map(|act| (act.name, price(&mut scene, &act)))
        .collect();
    if only.is_empty() {
        if !scene.has_played_every_event() {
            return Err("no price is taken of a kind of event".into());
        }
        prices.push(("a shutdown, for each person", shutdown(&mut scene)));
    }
    Ok(prices)
}

fn price(scene: &mut Scene, act: &Act) -> Price {
    let mut price = Price::default();
    let begun = Cpu::now();
    for _ in 0..REPETITIONS {
        (act.ready)(scene);
        scene.end_tick();
        let before = Cpu::now();
        (act.act)(scene);
        let handled = Cpu::now();
        scene.end_tick();
        price.add(handled.since(before), Cpu::now().since(handled));
        (act.undo)(scene);
        scene.end_tick();
        if Cpu::now().since(begun) > ENOUGH {
            break;
        }
    }
    price
}

fn shutdown(scene: &mut Scene) -> Price {
    let people = u64::from(scene.people());
    let before = Cpu::now();
    scene.shut_down();
    let handled = Cpu::now();
    scene.end_tick();
    let mut price = Price::default();
    let dealt = Cpu::now().since(handled);
    price.add(handled.since(before) / people, dealt / people);
    price
}
