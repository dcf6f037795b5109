//! The scenario *door*: what it costs to reach the chat by each way in: text, JSON over TCP, WebSocket, TLS, and WebSocket
//! under TLS.
//!
//! One server has a room for each way, with 1,000 readers who came by it. A few people who speak text talk there, in bursts
//! of some lines that come in at once; the next burst begins when all have read the last. All readers but one only count the
//! bytes of what they read, so that no way is slower than another on their side. Ways and sizes take turns within a
//! round, so that other work on the machine affects all of them. The figure is deliveries for a second of the server's CPU,
//! and the ratio of two ways is the median over the rounds of the ratio in a round.

mod crowd;
mod guesses;
mod hellos;
mod memory;
mod way;

use std::ffi::OsString;
use std::fs;
use std::io;
use std::ops::Range;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::load::MARK;
use crate::report::median;
use crate::servers::{Kind, Server};

use crowd::Crowd;
use way::Way;

pub(crate) use guesses::measure as measure_guesses;
pub(crate) use hellos::send_hellos;

const READERS: usize = 1000;
const TALKERS: usize = 4;

/// Lines of a burst.
const SIZES: [usize; 4] = [1, 10, 100, 200];

/// Lines that one person says in a burst, at most: a server reads no more of them in a tick.
const LINES_EACH: usize = 50;

/// With its end.
const LINE_BYTES: usize = 64;

const PATIENCE: Duration = Duration::from_secs(10);

/// Ways that are compared: the first should be at least this part of the second, at each size.
const GOALS: [(Way, Way, [f64; SIZES.len()]); 4] = [
    (Way::Json, Way::Text, [0.0; 4]),
    (Way::WebSocket, Way::Json, [0.95; 4]),
    (Way::Tls, Way::Text, [0.80, 0.80, 0.70, 0.70]),
    (Way::Wss, Way::WebSocket, [0.80, 0.80, 0.70, 0.70]),
];

/// A certificate and its key, in a directory of their own until this is dropped.
#[derive(Debug)]
pub(crate) struct Certificate {
    dir: PathBuf,
}

impl Certificate {
    fn new() -> io::Result<Certificate> {
        const PAIR: [(&str, &str); 2] = [
            (
                "certificate.pem",
                include_str!("../../../src/net/simulated/tls/certificate.pem"),
            ),
            (
                "key.pem",
                include_str!("../../../src/net/simulated/tls/key.pem"),
            ),
        ];
        let dir = std::env::temp_dir().join(format!("door-{}", std::process::id()));
        fs::create_dir_all(&dir)?;
        for (name, text) in PAIR {
            fs::write(dir.join(name), text)?;
        }
        Ok(Certificate { dir })
    }

    /// Starts a server that has it.
    fn serve(&self) -> io::Result<Server> {
        self.serve_with(&[])
    }

    fn serve_with(&self, more: &[&str]) -> io::Result<Server> {
        let path = |name| self.dir.join(name).into_os_string();
        let options = [
            "--tls-cert".into(),
            path("certificate.pem"),
            "--tls-key".into(),
            path("key.pem"),
        ];
        let more = more.iter().map(OsString::from);
        let options: Vec<OsString> = options.into_iter().chain(more).collect();
        Server::start_with(Kind::Chinwag, &options)
    }
}

impl Drop for Certificate {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.dir) {
            eprintln!("door: {error}");
        }
    }
}

/// The readers and talkers of one way.
#[derive(Debug)]
struct Room {
    readers: Range<usize>,
    talkers: Range<usize>,
}

/// What a way cost in a round, at one size.
#[derive(Debug, Clone, Copy, Default)]
struct Cost {
    /// Deliveries for a second of the server's CPU.
    per_second: f64,
    lines_per_tick: f64,
}

/// Measures and prints everything.
pub(crate) fn measure(seconds: Duration, rounds: usize) -> io::Result<()> {
    println!("\n## door\n");
    let certificate = Certificate::new()?;
    let mut costs: Vec<[[Cost; SIZES.len()]; Way::ALL.len()]> = Vec::new();
    {
        let server = certificate.serve()?;
        let mut crowd = Crowd::new(server.addr)?;
        let mut rooms = Vec::new();
        for way in Way::ALL {
            rooms.push(enter(&mut crowd, way)?);
        }
        for _ in 0..rounds {
            let mut round = [[Cost::default(); SIZES.len()]; Way::ALL.len()];
            for (size, lines) in SIZES.into_iter().enumerate() {
                for (room, cost) in rooms.iter().zip(&mut round) {
                    cost[size] = talk(&server, &mut crowd, room, lines, seconds)?;
                }
            }
            costs.push(round);
        }
    }
    print(&costs);
    memory::measure(&certificate)?;
    hellos::measure(&certificate, rounds)
}

/// Measures and prints the memory of connections alone.
pub(crate) fn measure_memory() -> io::Result<()> {
    memory::measure(&Certificate::new()?)
}

fn enter(crowd: &mut Crowd, way: Way) -> io::Result<Room> {
    let name = way.name();
    let first = crowd.connect(way, READERS)?;
    let readers = first..first + READERS;
    crowd.send_each(readers.clone(), |place| {
        let login = way.login(&format!("{name}{place}"));
        [login, way.join(name)].concat()
    })?;
    let first = crowd.connect(Way::Text, TALKERS)?;
    crowd.skim(readers.start + 1..readers.end);
    let talkers = first..first + TALKERS;
    crowd.send_each(talkers.clone(), |place| {
        format!("talker{place}\n/join {name}\n").into_bytes()
    })?;
    Ok(Room { readers, talkers })
}

/// Bursts of so many lines, for some time.
fn talk(
    server: &Server,
    crowd: &mut Crowd,
    room: &Room,
    lines: usize,
    time: Duration,
) -> io::Result<Cost> {
    let mut line = [b'x'; LINE_BYTES];
    line[LINE_BYTES - 2..].copy_from_slice(&[MARK, b'\n']);
    let sample = room.readers.start;
    let text = crowd.text.clone();
    // Everyone reads the same, however it comes.
    let are_even = |crowd: &Crowd| {
        let new = |place: usize| crowd.text[place] - text[place];
        room.readers.clone().all(|it| new(it) == new(sample))
    };
    let (marks, reads) = (crowd.marks[sample], crowd.reads[sample]);
    let (mut said, begun, cpu) = (0, Instant::now(), server.process().cpu());
    while begun.elapsed() < time {
        let mut left = lines;
        for talker in room.talkers.clone() {
            let count = left.min(LINES_EACH);
            crowd.send(talker, &line.repeat(count))?;
            left -= count;
        }
        said += lines;
        let since = Instant::now();
        while crowd.marks[sample] - marks < said as u64 || !are_even(crowd) {
            crowd.turn(Duration::from_millis(50))?;
            if since.elapsed() > PATIENCE {
                return Err(io::Error::other("lines are lost"));
            }
        }
    }
    let cpu = server.process().cpu().saturating_sub(cpu);
    Ok(Cost {
        per_second: (said * READERS) as f64 / cpu.as_secs_f64(),
        lines_per_tick: said as f64 / (crowd.reads[sample] - reads) as f64,
    })
}

fn print(costs: &[[[Cost; SIZES.len()]; Way::ALL.len()]]) {
    println!("Deliveries for a second of CPU, in millions, with 1,000 readers:\n");
    let sizes = SIZES.map(|it| format!("{it} lines"));
    println!(
        "| way | {} |\n|---|{}",
        sizes.join(" | "),
        "---:|".repeat(SIZES.len())
    );
    for (place, way) in Way::ALL.into_iter().enumerate() {
        let cell = |size: usize| {
            let of = |figure: fn(&Cost) -> f64| {
                median(costs.iter().map(|it| figure(&it[place][size])).collect())
            };
            format!(
                "{:.2} ({:.0} a tick)",
                of(|it| it.per_second) / 1e6,
                of(|it| it.lines_per_tick)
            )
        };
        let cells: Vec<String> = (0..SIZES.len()).map(cell).collect();
        println!("| {} | {} |", way.name(), cells.join(" | "));
    }
    println!("\nAs ratios, with the goal of each:\n");
    println!(
        "| ways | {} |\n|---|{}",
        sizes.join(" | "),
        "---:|".repeat(SIZES.len())
    );
    for (way, other, goals) in GOALS {
        let place = |way| Way::ALL.iter().position(|it| *it == way).unwrap_or(0);
        let cell = |size: usize| {
            let cost = |round: &[[Cost; SIZES.len()]; Way::ALL.len()], way| {
                round[place(way)][size].per_second
            };
            let ratios = costs.iter().map(|it| cost(it, way) / cost(it, other));
            format!("{:.3} ({:.2})", median(ratios.collect()), goals[size])
        };
        let cells: Vec<String> = (0..SIZES.len()).map(cell).collect();
        println!(
            "| {} / {} | {} |",
            way.name(),
            other.name(),
            cells.join(" | ")
        );
    }
}
