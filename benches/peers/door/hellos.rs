//! What many who begin TLS at the same time do to a talker's line. Another process plays them, so that what they compute
//! does not delay those who are measured; it has the same core, and yields it.

use std::env;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::report::median;

use super::Certificate;
use super::crowd::Crowd;
use super::way::{Way, client_config, session};

const HELLOS: usize = 2000;

/// How often somebody says a line.
const PAUSE: Duration = Duration::from_millis(2);

/// What came of a round.
#[derive(Debug, Default)]
struct Round {
    before: Vec<Duration>,
    during: Vec<Duration>,
    /// Handshakes for a second of the server's CPU, and in a second.
    per_cpu_second: f64,
    per_second: f64,
}

pub(super) fn measure(certificate: &Certificate, rounds: usize) -> io::Result<()> {
    let rounds: Vec<Round> = (0..rounds)
        .map(|_| round(certificate))
        .collect::<Result<_, _>>()?;
    println!("\nA line, from a talker to a reader, while {HELLOS} begin TLS at the same time:\n");
    println!("| | p50 | p99 | longest |\n|---|---:|---:|---:|");
    let row = |name: &str, of: fn(&Round) -> &Vec<Duration>| {
        let cell = |part: f64| {
            let at = |round: &Round| {
                let mut times = of(round).clone();
                times.sort_unstable();
                let place = (times.len() as f64 * part) as usize;
                times.get(place.min(times.len().saturating_sub(1))).copied()
            };
            let times = rounds.iter().filter_map(at);
            median(times.map(|it| it.as_secs_f64() * 1e3).collect())
        };
        println!(
            "| {name} | {:.2} ms | {:.2} ms | {:.2} ms |",
            cell(0.5),
            cell(0.99),
            cell(1.0)
        );
    };
    row("before", |it| &it.before);
    row("meanwhile (goal: p50 15 ms)", |it| &it.during);
    let per_cpu_second = median(rounds.iter().map(|it| it.per_cpu_second).collect());
    let per_second = median(rounds.iter().map(|it| it.per_second).collect());
    println!(
        "\n{per_cpu_second:.0} handshakes for a second of the server's CPU, {per_second:.0} in a second"
    );
    Ok(())
}

fn round(certificate: &Certificate) -> io::Result<Round> {
    // Those who wait for their turn are not greeted meanwhile.
    let server = certificate.serve_with(&["--greet-after", "5000"])?;
    let mut crowd = Crowd::new(server.addr)?;
    let talker = crowd.connect(Way::Text, 2)?;
    crowd.send_each(talker..talker + 2, |place| {
        Way::Text.login(&format!("p{place}"))
    })?;
    let mut round = Round::default();
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(1) {
        round.before.push(say(&mut crowd, talker)?);
    }
    let mut others = Others::start(server.addr)?;
    let cpu = server.process().cpu();
    others.begin()?;
    let begun = Instant::now();
    while !others.are_done()? {
        round.during.push(say(&mut crowd, talker)?);
    }
    let time = begun.elapsed().as_secs_f64();
    let cpu = server.process().cpu().saturating_sub(cpu).as_secs_f64();
    (round.per_second, round.per_cpu_second) = (HELLOS as f64 / time, HELLOS as f64 / cpu);
    Ok(round)
}

/// One person says a line; returns how long it took until the other read it.
pub(super) fn say(crowd: &mut Crowd, talker: usize) -> io::Result<Duration> {
    let before = crowd.marks[talker + 1];
    let begun = Instant::now();
    crowd.send(talker, b"hello|\n")?;
    while crowd.marks[talker + 1] == before {
        crowd.turn(Duration::from_secs(1))?;
    }
    let time = begun.elapsed();
    std::thread::sleep(PAUSE);
    Ok(time)
}

/// The process that plays those who begin TLS.
#[derive(Debug)]
struct Others {
    child: Child,
    said: std::sync::mpsc::Receiver<String>,
}

impl Others {
    /// Has them connect.
    fn start(addr: SocketAddr) -> io::Result<Others> {
        let mut child = Command::new("nice")
            .args(["-n", "19"])
            .arg(env::current_exe()?)
            .args(["--hellos", &addr.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let stdout = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let (sender, said) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                // Nobody may listen any more.
                let _ = sender.send(line);
            }
        });
        let others = Others { child, said };
        let ready = others.said.recv_timeout(Duration::from_secs(60));
        ready.map_err(io::Error::other)?;
        Ok(others)
    }

    fn begin(&mut self) -> io::Result<()> {
        let stdin = self.child.stdin.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        stdin.write_all(b"\n")
    }

    fn are_done(&mut self) -> io::Result<bool> {
        match self.said.try_recv() {
            Ok(line) if line == "done" => Ok(true),
            Ok(line) => Err(io::Error::other(line)),
            Err(std::sync::mpsc::TryRecvError::Empty) => Ok(false),
            Err(error) => Err(io::Error::other(error)),
        }
    }
}

impl Drop for Others {
    fn drop(&mut self) {
        let killed = self.child.kill().and_then(|()| self.child.wait());
        if let Err(error) = killed {
            eprintln!("door: {error}");
        }
    }
}

/// The other process: connects, waits for a line, sends all hellos, and completes the handshakes.
pub(crate) fn send_hellos(addr: SocketAddr) -> io::Result<()> {
    let config = client_config();
    let mut sessions = Vec::new();
    for _ in 0..HELLOS {
        let mut session = session(&config)?;
        let mut hello = Vec::new();
        session.write_tls(&mut hello)?;
        sessions.push((session, hello));
    }
    let mut all = Vec::new();
    for (session, hello) in sessions {
        let stream = TcpStream::connect(addr)?;
        stream.set_nodelay(true)?;
        all.push((stream, session, hello));
    }
    println!("ready");
    io::stdin().read_exact(&mut [0])?;
    for (stream, _, hello) in &mut all {
        stream.write_all(hello)?;
    }
    for (stream, session, _) in &mut all {
        while session.is_handshaking() {
            session.complete_io(stream)?;
        }
    }
    println!("done");
    // Nobody leaves before the others are in.
    io::stdin().read_exact(&mut [0])
}
