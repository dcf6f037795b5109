//! The scenario *rooms*: people who hear several rooms each, beside the same people in one room each.
//!
//! 1,000 people hear 100 rooms, three each, so that a room has 30 people. All of them talk, in their three rooms by turns.
//! For comparison the same people are in 33 rooms, one each, so that a room has 30 people or 31. In both runs a line has as
//! many hearers, and as many lines are in flight for each reader, so the kernel has the same work to do for a delivery:
//! what differs is the price of several rooms. With one room of 10 people for each person in place of that, a line would
//! have a third of the hearers and a write a third of the lines, and the kernel's work alone would make several rooms look
//! cheap. The figure is CPU, not deliveries a second, which depend on the load generator too.
//!
//! Any two people share at most one room, so nobody reads the same bytes as somebody else. This is the worst case for a
//! server that renders once for all who read the same.

use std::io;
use std::ops::Range;
use std::time::{Duration, Instant};

use crate::load::{Ear, Heard, Load, MARK};
use crate::scenarios::{Outcome, WARM_UP, Window, note_latencies};
use crate::servers::{Kind, Server};

const PEOPLE: usize = 1000;

/// Rooms, if people hear [`HEARD`] each.
const ROOMS: usize = 100;
const HEARD: usize = 3;

/// Rooms of as many people, if each person is in one.
const ROOMS_OF_ONE: usize = 33;

/// Somebody's two other rooms, as distances from their current one. There is a row for each ten per cent of the people.
/// All distances between two rooms of a row, in all rows, differ: so two rooms have at most one person in common.
const STEPS: [[usize; HEARD - 1]; PEOPLE / ROOMS] = [
    [1, 10],
    [2, 24],
    [3, 40],
    [4, 48],
    [5, 35],
    [6, 47],
    [7, 20],
    [8, 23],
    [11, 36],
    [12, 31],
];

/// The people who take lines apart: a fifth, in the middle. Each room has six of them in both runs, so the load generator
/// has as much to do in both.
const LISTENERS: Range<usize> = 400..600;

/// The people, their rooms, and what was said so far.
#[derive(Debug)]
struct Rooms {
    /// The rooms that each person hears, beginning with their current one.
    heard: Vec<Vec<usize>>,
    /// The listeners of each room.
    listeners: Vec<Vec<usize>>,
    /// Lines said in each room.
    lines: Vec<u64>,
    /// Lines said by each person.
    said: Vec<usize>,
}

impl Rooms {
    fn new(rooms: usize, heard: impl Fn(usize) -> Vec<usize>) -> Rooms {
        let heard: Vec<_> = (0..PEOPLE).map(heard).collect();
        let listeners = |room| {
            let hears = |&person: &usize| heard[person].contains(&room);
            LISTENERS.filter(hears).collect()
        };
        Rooms {
            listeners: (0..rooms).map(listeners).collect(),
            lines: vec![0; rooms],
            said: vec![0; PEOPLE],
            heard,
        }
    }

    fn one_each() -> Rooms {
        Rooms::new(ROOMS_OF_ONE, |person| vec![person % ROOMS_OF_ONE])
    }

    fn several_each() -> Rooms {
        const { assert!(are_distinct(distances())) }
        Rooms::new(ROOMS, |person| {
            let current = person % ROOMS;
            let others = STEPS[person / ROOMS].map(|step| (current + step) % ROOMS);
            [&[current], &others[..]].concat()
        })
    }

    /// Makes everyone hear their rooms.
    fn enter(&self, load: &mut Load) -> io::Result<()> {
        for (person, rooms) in self.heard.iter().enumerate() {
            let commands = rooms.iter().enumerate().map(|(place, &room)| match place {
                0 => format!("/join {}\n", name(room)),
                _ => format!("/listen {}\n", name(room)),
            });
            load.send(person, commands.collect::<String>().as_bytes());
        }
        load.settle()
    }

    /// Says a person's next line, in their rooms by turns. Someone who has one room names it as often as the others name
    /// theirs, so that the server reads the same bytes.
    fn say(&mut self, load: &mut Load, person: usize) {
        let turn = self.said[person] % HEARD;
        let rooms = &self.heard[person];
        let room = rooms[turn % rooms.len()];
        self.said[person] += 1;
        self.lines[room] += 1;
        match turn {
            0 => load.say_to("", person),
            _ => load.say_to(&format!("/in {} ", name(room)), person),
        }
    }

    /// Whether this person observes the last line of the one who said it. If a person shares a room with another, they
    /// share no other room; so the listener who heard the line last is in the same room.
    fn observes(&self, line: &Heard) -> bool {
        let last = self.said[line.from].wrapping_sub(1) % HEARD;
        let rooms = &self.heard[line.from];
        let mut others = self.listeners[rooms[last % rooms.len()]].iter();
        others.find(|&&listener| listener != line.from) == Some(&line.by)
    }

    /// Says one line for each line that its observer hears.
    fn exchange(&mut self, load: &mut Load, time: Duration) -> io::Result<Vec<Duration>> {
        let (mut heard, mut latencies) = (Vec::new(), Vec::new());
        let begun = Instant::now();
        while begun.elapsed() < time {
            load.turn(Duration::from_millis(50), &mut heard)?;
            for line in heard.drain(..) {
                if self.observes(&line) {
                    latencies.push(line.latency);
                    self.say(load, line.from);
                }
            }
        }
        Ok(latencies)
    }

    /// The lines that each person should have got: those of their rooms, without their own.
    fn owed(&self) -> Vec<u64> {
        let of_rooms = |rooms: &Vec<usize>| rooms.iter().map(|&room| self.lines[room]).sum::<u64>();
        let own = self.said.iter().map(|&lines| lines as u64);
        self.heard
            .iter()
            .map(of_rooms)
            .zip(own)
            .map(|(all, own)| all - own)
            .collect()
    }
}

fn name(room: usize) -> String {
    format!("r{room:02}")
}

/// The distances between two rooms of a person, each in the direction in which it is shorter.
const fn distances() -> [usize; 3 * STEPS.len()] {
    let mut distances = [0; 3 * STEPS.len()];
    let mut row = 0;
    while row < STEPS.len() {
        let [a, b] = STEPS[row];
        (distances[3 * row], distances[3 * row + 1]) = (a, b);
        distances[3 * row + 2] = b - a;
        row += 1;
    }
    distances
}

const fn are_distinct(distances: [usize; 3 * STEPS.len()]) -> bool {
    let mut met = [false; ROOMS / 2];
    let mut i = 0;
    while i < distances.len() {
        if met[distances[i]] {
            return false;
        }
        met[distances[i]] = true;
        i += 1;
    }
    true
}

/// Runs the same people twice: in one room each, and in several.
pub(crate) fn run(kind: Kind, seconds: Duration) -> io::Result<Outcome> {
    if !kind.is_chinwag() {
        return Err(io::Error::other("only Chinwag has rooms here"));
    }
    let one = talk(kind, Rooms::one_each(), seconds)?;
    let mut outcome = talk(kind, Rooms::several_each(), seconds)?;
    outcome.cpu_in_one_room = one.cpu_per_delivery;
    outcome.rooms_ratio = one.cpu_per_delivery / outcome.cpu_per_delivery;
    outcome.lost += one.lost;
    Ok(outcome)
}

fn talk(kind: Kind, mut rooms: Rooms, seconds: Duration) -> io::Result<Outcome> {
    let server = Server::start(kind)?;
    let mut load = Load::join(&server, PEOPLE, MARK)?;
    rooms.enter(&mut load)?;
    load.begin();
    for person in LISTENERS {
        load.set_ear(person, Ear::Listens);
    }
    for person in 0..PEOPLE {
        rooms.say(&mut load, person);
    }
    rooms.exchange(&mut load, WARM_UP)?;
    let mut outcome = Outcome::default();
    let window = Window::open(&server);
    let before = load.deliveries;
    let latencies = rooms.exchange(&mut load, seconds)?;
    window.close(load.deliveries - before, &mut outcome);

    outcome.lost = load.lost_of(&rooms.owed())?;
    outcome.peak_memory = server.process().peak_memory();
    note_latencies(latencies, &mut outcome);
    Ok(outcome)
}
