//! The work that each server gets, and the measurements during that work.

use std::io;
use std::thread;
use std::time::{Duration, Instant};

use crate::load::{Ear, Heard, Load, MARK};
use crate::proc::Process;
use crate::rooms;
use crate::servers::{Kind, Server};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scenario {
    Crowd,
    Everyone,
    Steady,
    Idle,
    Laggard,
    Formats,
    Rooms,
    /// They have measurements of their own.
    Door,
    Memory,
    Guesses,
}

/// The results of one run. If a scenario does not measure a figure, it is zero or empty.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outcome {
    pub(crate) deliveries_per_s: f64,
    /// For a crowd in which one person does not read.
    pub(crate) deliveries_with_laggard: f64,
    pub(crate) laggard_ratio: f64,
    /// In nanoseconds.
    pub(crate) cpu_per_delivery: f64,
    /// The same for the people of *rooms* in one room each, and its ratio to the figure above.
    pub(crate) cpu_in_one_room: f64,
    pub(crate) rooms_ratio: f64,
    /// How much of the time the server, and the load generator, were on their cores.
    pub(crate) server_busy: f64,
    pub(crate) load_busy: f64,
    pub(crate) lost: u64,
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
    pub(crate) p999: Duration,
    pub(crate) peak_memory: u64,
    pub(crate) memory_per_connection: f64,
    pub(crate) joined: Duration,
    pub(crate) joining_cpu: Duration,
    pub(crate) idle_cpu: Duration,
}

/// A crowd that talks in a closed loop.
#[derive(Debug, Clone, Copy)]
struct Talk {
    people: usize,
    talkers: usize,
    /// Lines said and not yet heard by the observer, for all talkers together.
    in_flight: usize,
    /// Bytes that each person receives before the measurement, in longer lines. Each talker has one of them in flight.
    prefill: u64,
    /// What one extra person does. Their deliveries do not count.
    extra: Option<Ear>,
}

/// How long a server is under load before the measurement.
pub(crate) const WARM_UP: Duration = Duration::from_millis(500);

/// How much longer lines are during the prefill.
const PADDING: usize = 4096;

/// More bytes than the kernel holds for a reader who does not read (4.3 MB were measured) and a server may add.
const LAGGARD_PREFILL: u64 = 6 * 1024 * 1024;

const CROWD: Talk = Talk {
    people: 1000,
    talkers: 10,
    in_flight: 200,
    prefill: 0,
    extra: None,
};

const EVERYONE: Talk = Talk {
    people: 100,
    talkers: 100,
    in_flight: 100,
    prefill: 0,
    extra: None,
};

/// Connections that say nothing.
const IDLE_PEOPLE: usize = 9000;

const STEADY_PEOPLE: usize = 100;
const STEADY_PAUSE: Duration = Duration::from_millis(1);

impl Scenario {
    pub(crate) const ALL: [Scenario; 10] = [
        Scenario::Crowd,
        Scenario::Everyone,
        Scenario::Steady,
        Scenario::Idle,
        Scenario::Laggard,
        Scenario::Formats,
        Scenario::Rooms,
        Scenario::Door,
        Scenario::Memory,
        Scenario::Guesses,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Scenario::Crowd => "crowd",
            Scenario::Everyone => "everyone",
            Scenario::Steady => "steady",
            Scenario::Idle => "idle",
            Scenario::Laggard => "laggard",
            Scenario::Formats => "time",
            Scenario::Rooms => "rooms",
            Scenario::Door => "door",
            Scenario::Memory => "memory",
            Scenario::Guesses => "guesses",
        }
    }

    /// The servers that run the scenario unless others are named.
    pub(crate) fn servers(self) -> &'static [Kind] {
        use Kind::{
            AtOnce, Chinwag, Clock, Floor, Formats, Kept, Nats, Ngircd, Redis, Shared, Stamped,
        };
        use Kind::{Threads, Tokio, Unseen, Zones};
        match self {
            Scenario::Crowd => &[Floor, Chinwag, Stamped, Redis, Nats, Ngircd, Tokio, Threads],
            Scenario::Everyone => &[
                Floor, Chinwag, Kept, Shared, Redis, Nats, Ngircd, Tokio, Threads,
            ],
            Scenario::Steady => &[Floor, AtOnce, Chinwag, Redis, Nats, Ngircd, Tokio, Threads],
            Scenario::Idle => &[Floor, Chinwag, Redis, Nats, Tokio],
            Scenario::Laggard => &[Floor, Chinwag, Redis],
            Scenario::Formats => &[Clock, Zones, Formats, Chinwag, Unseen],
            Scenario::Rooms | Scenario::Door | Scenario::Memory | Scenario::Guesses => &[Chinwag],
        }
    }

    /// Runs the scenario on a server that is started for it.
    pub(crate) fn run(self, kind: Kind, seconds: Duration) -> io::Result<Outcome> {
        match self {
            Scenario::Crowd | Scenario::Formats => talk(kind, CROWD, seconds),
            Scenario::Everyone => talk(kind, EVERYONE, seconds),
            Scenario::Steady => steady(kind, seconds),
            Scenario::Idle => idle(kind, seconds),
            Scenario::Laggard => laggard(kind, seconds),
            Scenario::Rooms => rooms::run(kind, seconds),
            Scenario::Door | Scenario::Memory | Scenario::Guesses => {
                Err(io::Error::other("it is not run for each server"))
            }
        }
    }
}

impl Talk {
    /// Where the talkers sit: evenly spread.
    fn talker(&self, voice: usize) -> usize {
        voice * self.people / self.talkers
    }

    fn voice(&self, person: usize) -> usize {
        person * self.talkers / self.people
    }

    /// A person in the middle. If a server writes to people in their order, it is half done when the next lines are
    /// sent, and never has to wait for them. This person observes the lines of the others; the person next to them
    /// observes their own lines.
    fn observer(&self, talker: usize) -> usize {
        let middle = self.people / 2 + 1;
        if talker == middle { middle + 1 } else { middle }
    }
}

/// The time on a core, and the deliveries in it.
pub(crate) struct Window {
    begun: Instant,
    server: Process,
    kind: Kind,
    server_cpu: Duration,
    load_cpu: Duration,
}

impl Window {
    pub(crate) fn open(server: &Server) -> Window {
        Window {
            server: server.process(),
            kind: server.kind,
            server_cpu: server.kind.cpu(server.process()),
            load_cpu: Process::this().cpu(),
            begun: Instant::now(),
        }
    }

    pub(crate) fn close(self, deliveries: u64, outcome: &mut Outcome) {
        let wall = self.begun.elapsed().as_secs_f64();
        let server_cpu = self.kind.cpu(self.server);
        let server_cpu = server_cpu.saturating_sub(self.server_cpu);
        let load_cpu = Process::this().cpu().saturating_sub(self.load_cpu);
        outcome.deliveries_per_s = deliveries as f64 / wall;
        outcome.cpu_per_delivery = server_cpu.as_nanos() as f64 / deliveries.max(1) as f64;
        outcome.server_busy = server_cpu.as_secs_f64() / wall;
        outcome.load_busy = load_cpu.as_secs_f64() / wall;
    }
}

fn talk(kind: Kind, plan: Talk, seconds: Duration) -> io::Result<Outcome> {
    let server = Server::start(kind)?;
    let mut load = Load::join(&server, plan.people, MARK)?;
    load.add_voices(&server, plan.talkers)?;
    load.settle()?;
    load.begin();
    for talker in [0, plan.people / 2 + 1] {
        load.set_ear(plan.observer(talker), Ear::Listens);
    }
    let extra = plan.people - 1;
    if let Some(ear) = plan.extra {
        load.set_ear(extra, ear);
    }

    let mut outcome = Outcome::default();
    let mut latencies = Vec::new();
    let mut ignored = Vec::new();
    let say = |load: &mut Load, lines| {
        for voice in 0..plan.talkers {
            load.say(plan.talker(voice), voice, lines, 0);
        }
    };
    say(&mut load, 1);
    let prefilled = |load: &Load| load.lines * PADDING as u64 >= plan.prefill;
    exchange(&mut load, plan, PADDING, &mut ignored, prefilled)?;
    say(&mut load, plan.in_flight / plan.talkers - 1);
    let passed = |time| {
        let begun = Instant::now();
        move |_: &Load| begun.elapsed() >= time
    };
    exchange(&mut load, plan, 0, &mut ignored, passed(WARM_UP))?;
    let window = Window::open(&server);
    let delivered = |load: &Load| load.deliveries - plan.extra.map_or(0, |_| load.marks()[extra]);
    let before = delivered(&load);
    exchange(&mut load, plan, 0, &mut latencies, passed(seconds))?;
    window.close(delivered(&load) - before, &mut outcome);

    outcome.lost = load.lost()?;
    outcome.peak_memory = server.process().peak_memory();
    note_latencies(latencies, &mut outcome);
    Ok(outcome)
}

/// Says one line for each line that the observer hears.
fn exchange(
    load: &mut Load,
    plan: Talk,
    padding: usize,
    latencies: &mut Vec<Duration>,
    done: impl Fn(&Load) -> bool,
) -> io::Result<()> {
    let mut heard: Vec<Heard> = Vec::new();
    let mut back = vec![0; plan.talkers];
    while !done(load) {
        load.turn(Duration::from_millis(50), &mut heard)?;
        for line in heard.drain(..) {
            if line.by == plan.observer(line.from) {
                back[plan.voice(line.from)] += 1;
                latencies.push(line.latency);
            }
        }
        for (voice, lines) in back.iter_mut().enumerate().filter(|(_, lines)| **lines > 0) {
            load.say(plan.talker(voice), voice, *lines, padding);
            *lines = 0;
        }
    }
    Ok(())
}

fn steady(kind: Kind, seconds: Duration) -> io::Result<Outcome> {
    let server = Server::start(kind)?;
    let mut load = Load::join(&server, STEADY_PEOPLE, MARK)?;
    load.add_voices(&server, 1)?;
    load.settle()?;
    load.begin();
    for person in 1..STEADY_PEOPLE {
        load.set_ear(person, Ear::Listens);
    }
    let mut outcome = Outcome::default();
    let mut heard = Vec::new();
    speak_steadily(&mut load, WARM_UP, &mut heard)?;
    heard.clear();
    let window = Window::open(&server);
    let before = load.deliveries;
    speak_steadily(&mut load, seconds, &mut heard)?;
    window.close(load.deliveries - before, &mut outcome);

    outcome.lost = load.lost()?;
    outcome.peak_memory = server.process().peak_memory();
    note_latencies(
        heard.iter().map(|line| line.latency).collect(),
        &mut outcome,
    );
    Ok(outcome)
}

/// One person says a line each millisecond. The load generator spins, so that it is never late to say or to hear a
/// line.
fn speak_steadily(load: &mut Load, time: Duration, heard: &mut Vec<Heard>) -> io::Result<()> {
    let begun = Instant::now();
    let mut next = Duration::ZERO;
    while next < time {
        if begun.elapsed() >= next {
            load.say(0, 0, 1, 0);
            next += STEADY_PAUSE;
        }
        load.turn(Duration::ZERO, heard)?;
    }
    Ok(())
}

fn idle(kind: Kind, seconds: Duration) -> io::Result<Outcome> {
    let server = Server::start(kind)?;
    let empty = server.process().memory();
    let started = server.process().cpu();
    let begun = Instant::now();
    let mut load = Load::join(&server, IDLE_PEOPLE, b'\n')?;
    let mut outcome = Outcome::default();
    if kind == Kind::Chinwag {
        outcome.lost = hear_all_joins(&mut load)?;
    }
    outcome.joined = begun.elapsed();
    outcome.joining_cpu = server.process().cpu().saturating_sub(started);
    load.settle()?;

    outcome.peak_memory = server.process().peak_memory();
    let grown = server.process().memory().saturating_sub(empty);
    outcome.memory_per_connection = grown as f64 / IDLE_PEOPLE as f64;
    let before = server.process().cpu();
    thread::sleep(seconds);
    outcome.idle_cpu = server.process().cpu().saturating_sub(before);
    Ok(outcome)
}

/// Reads until everyone knows of everyone who came later. Returns how many of these lines never came.
fn hear_all_joins(load: &mut Load) -> io::Result<u64> {
    let people = IDLE_PEOPLE as u64;
    // Each person reads a welcome of two lines, a line on their own joining, and one line for each person who came
    // later.
    let owed = 2 * people + people * (people + 1) / 2;
    let begun = Instant::now();
    while load.deliveries < owed && begun.elapsed() < Duration::from_secs(60) {
        load.turn(Duration::from_millis(100), &mut Vec::new())?;
    }
    let mut lines = load.marks();
    lines.sort_unstable();
    let expected = 3..people + 3;
    let amiss = lines.iter().zip(expected).map(|(a, b)| a.abs_diff(b));
    Ok(amiss.sum())
}

/// Runs the same crowd twice: one person in it reads, or does not. The others are compared.
fn laggard(kind: Kind, seconds: Duration) -> io::Result<Outcome> {
    let with = |ear| {
        let plan = Talk {
            prefill: LAGGARD_PREFILL,
            extra: Some(ear),
            ..CROWD
        };
        talk(kind, plan, seconds)
    };
    let before = with(Ear::Counts)?;
    let mut outcome = with(Ear::Shut)?;
    outcome.deliveries_with_laggard = outcome.deliveries_per_s;
    outcome.laggard_ratio = outcome.deliveries_per_s / before.deliveries_per_s;
    outcome.deliveries_per_s = before.deliveries_per_s;
    outcome.lost += before.lost;
    Ok(outcome)
}

pub(crate) fn note_latencies(mut latencies: Vec<Duration>, outcome: &mut Outcome) {
    latencies.sort_unstable();
    let at = |part: f64| {
        let place = (latencies.len() as f64 * part) as usize;
        latencies.get(place).copied().unwrap_or_default()
    };
    (outcome.p50, outcome.p99, outcome.p999) = (at(0.5), at(0.99), at(0.999));
}
