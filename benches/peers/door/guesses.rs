//! What many who try wrong passwords do to a talker's line, and to somebody who comes in with the right one. They come from
//! as many addresses as there are guesses, because few are let try from one; half of them speak text, half JSON.

use std::collections::VecDeque;
use std::fs;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use socket2::{Domain, Socket, Type};

use crate::report::median;
use crate::servers::{Kind, Server};

use super::crowd::Crowd;
use super::hellos::say;
use super::way::Way;

/// Guesses in a second.
const EACH_SECOND: u64 = 200;

/// Members whose passwords are guessed. The first of them comes in meanwhile.
const MEMBERS: u64 = 20;

const RIGHT: &str = "correct horse";

/// How long somebody who guesses waits for what comes of it.
const WAITS: Duration = Duration::from_secs(2);

/// How long the line is measured without guesses.
const BEFORE: Duration = Duration::from_secs(3);

/// How long the owner stays away.
const AWAY: Duration = Duration::from_secs(1);

pub(crate) fn measure(seconds: Duration) -> io::Result<()> {
    let dir = std::env::temp_dir().join(format!("guesses-{}", std::process::id()));
    fs::create_dir_all(&dir)?;
    let measured = measure_in(&dir, seconds);
    fs::remove_dir_all(&dir)?;
    measured
}

fn measure_in(dir: &Path, seconds: Duration) -> io::Result<()> {
    for member in 0..MEMBERS {
        add(dir, &format!("m{member}"))?;
    }
    let server = Server::start_with(Kind::Chinwag, &["--data".into(), dir.into()])?;
    come_in(server.addr)?;
    let mut crowd = Crowd::new(server.addr)?;
    let talker = crowd.connect(Way::Text, 2)?;
    crowd.send_each(talker..talker + 2, |place| {
        Way::Text.login(&format!("p{place}"))
    })?;
    let (mut before, mut during) = (Vec::new(), Vec::new());
    let begun = Instant::now();
    while begun.elapsed() < BEFORE {
        before.push(say(&mut crowd, talker)?);
    }
    let guessing = Guessing::start(server.addr);
    let cpu = server.process().cpu();
    let begun = Instant::now();
    while begun.elapsed() < seconds {
        during.push(say(&mut crowd, talker)?);
    }
    let cpu = server.process().cpu().saturating_sub(cpu);
    let busy = cpu.as_secs_f64() / begun.elapsed().as_secs_f64();
    let found = guessing.end()?;
    print(&mut before, &mut during, &found, busy);
    Ok(())
}

fn print(before: &mut [Duration], during: &mut [Duration], found: &Found, busy: f64) {
    println!("\n## guesses\n");
    println!(
        "A line, from a talker to a reader, while {EACH_SECOND} passwords a second are guessed:\n"
    );
    println!("| | p50 | p99 | longest |\n|---|---:|---:|---:|");
    let p50 = [("before", before), ("meanwhile (goal: p50 5 ms)", during)].map(|(name, times)| {
        times.sort_unstable();
        let at = |part: f64| times[((times.len() - 1) as f64 * part) as usize].as_secs_f64() * 1e3;
        println!(
            "| {name} | {:.2} ms | {:.2} ms | {:.2} ms |",
            at(0.5),
            at(0.99),
            at(1.0)
        );
        at(0.5)
    });
    let ms = |it: &Vec<Duration>| median(it.iter().map(|it| it.as_secs_f64() * 1e3).collect());
    println!(
        "\nThe ratio in the middle is {:.2}. The server took {:.0} % of a processor.",
        p50[1] / p50[0],
        busy * 100.0
    );
    println!(
        "{} guesses were made, of which {} were answered that the password is wrong.",
        found.made, found.wrong
    );
    println!(
        "The owner of a name whose password was guessed too came in {} times, after {:.0} ms in the middle and {:.0} ms at \
         most, and {} attempts of theirs found the server busy.",
        found.came.len(),
        ms(&found.came),
        found
            .came
            .iter()
            .max()
            .map_or(0.0, |it| it.as_secs_f64() * 1e3),
        found.busy,
    );
}

/// Makes an account by the shell.
fn add(dir: &Path, name: &str) -> io::Result<()> {
    let server = std::env::var_os("CHINWAG").unwrap_or(env!("CARGO_BIN_EXE_server").into());
    let mut adding = Command::new(server)
        .args(["account", "add", name, "--data"])
        .arg(dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()?;
    let mut stdin = adding.stdin.take().ok_or(io::ErrorKind::BrokenPipe)?;
    writeln!(stdin, "{RIGHT}")?;
    drop(stdin);
    match adding.wait()?.success() {
        true => Ok(()),
        false => Err(io::Error::other(format!("{name} was not made"))),
    }
}

/// The first member comes in, and leaves. Returns how long that took, and how often the server was busy meanwhile.
fn come_in(addr: SocketAddr) -> io::Result<(Duration, u64)> {
    let begun = Instant::now();
    for busy in 0.. {
        let mut stream = TcpStream::connect(addr)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        let op = format!("{{\"op\":\"login\",\"name\":\"m0\",\"password\":\"{RIGHT}\"}}\n");
        stream.write_all(op.as_bytes())?;
        let mut read = Vec::new();
        let is_in = loop {
            let mut bytes = [0; 4096];
            let count = stream.read(&mut bytes)?;
            read.extend_from_slice(&bytes[..count]);
            let text = String::from_utf8_lossy(&read);
            match (text.contains("\"welcome\""), text.contains("\"refused\"")) {
                (true, _) => break true,
                (false, true) => break false,
                (false, false) if count == 0 => return Err(io::Error::other(text)),
                (false, false) => {}
            }
        };
        if is_in {
            return Ok((begun.elapsed(), busy));
        }
        thread::sleep(Duration::from_millis(100));
    }
    Err(io::ErrorKind::TimedOut.into())
}

/// What came of all guesses.
#[derive(Debug, Default)]
struct Found {
    made: u64,
    wrong: u64,
    /// How long the owner took to come in, each time.
    came: Vec<Duration>,
    busy: u64,
}

/// Those who guess, and the owner.
#[derive(Debug)]
struct Guessing {
    is_over: Arc<AtomicBool>,
    guesses: thread::JoinHandle<io::Result<(u64, u64)>>,
    owner: thread::JoinHandle<io::Result<(Vec<Duration>, u64)>>,
}

impl Guessing {
    fn start(addr: SocketAddr) -> Guessing {
        let is_over = Arc::new(AtomicBool::new(false));
        let (one, other) = (is_over.clone(), is_over.clone());
        Guessing {
            is_over,
            guesses: thread::spawn(move || guess(addr, &one)),
            owner: thread::spawn(move || come_and_go(addr, &other)),
        }
    }

    fn end(self) -> io::Result<Found> {
        self.is_over.store(true, Ordering::Relaxed);
        let died = |_| io::Error::other("a thread died");
        let (made, wrong) = self.guesses.join().map_err(died)??;
        let (came, busy) = self.owner.join().map_err(died)??;
        Ok(Found {
            made,
            wrong,
            came,
            busy,
        })
    }
}

fn come_and_go(addr: SocketAddr, is_over: &AtomicBool) -> io::Result<(Vec<Duration>, u64)> {
    let (mut came, mut busy) = (Vec::new(), 0);
    while !is_over.load(Ordering::Relaxed) {
        let (time, tries) = come_in(addr)?;
        came.push(time);
        busy += tries;
        thread::sleep(AWAY);
    }
    Ok((came, busy))
}

/// Guesses, each from another address. Returns how many there were, and how many were told that they are wrong.
fn guess(addr: SocketAddr, is_over: &AtomicBool) -> io::Result<(u64, u64)> {
    let (mut made, mut wrong) = (0, 0);
    let mut waiting: VecDeque<(Instant, TcpStream)> = VecDeque::new();
    let begun = Instant::now();
    while !is_over.load(Ordering::Relaxed) {
        let number = made;
        made += 1;
        waiting.push_back((Instant::now(), guess_once(addr, number)?));
        while waiting
            .front()
            .is_some_and(|(since, _)| since.elapsed() > WAITS)
        {
            let stream = waiting.pop_front().map(|(_, stream)| stream);
            wrong += u64::from(stream.is_some_and(is_wrong));
        }
        let next = begun + Duration::from_secs(1) * number as u32 / EACH_SECOND as u32;
        thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    Ok((made, wrong))
}

fn guess_once(addr: SocketAddr, number: u64) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    let [_, a, b, c] = (number as u32 + 1).to_be_bytes();
    let from = SocketAddr::from(([127, 1 + a, b, c], 0));
    socket.bind(&from.into())?;
    socket.connect(&addr.into())?;
    let mut stream = TcpStream::from(socket);
    let name = format!("m{}", number / 2 % MEMBERS);
    let guess = match number % 2 {
        0 => format!("{name}\nwrong horse {number}\n"),
        _ => format!(
            "{{\"op\":\"login\",\"name\":\"{name}\",\"password\":\"wrong horse {number}\"}}\n"
        ),
    };
    stream.write_all(guess.as_bytes())?;
    stream.set_nonblocking(true)?;
    Ok(stream)
}

fn is_wrong(mut stream: TcpStream) -> bool {
    let mut read = [0; 4096];
    let count = stream.read(&mut read).unwrap_or(0);
    String::from_utf8_lossy(&read[..count]).contains("not the password")
}
