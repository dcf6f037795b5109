//! What a file with many accounts costs a server: at the start, in memory, and when one of their owners comes in.

use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use chinwag::inner::store::{Keep, Store, open};
use chinwag::inner::{Hashed, KeepAccount};
use chinwag::{AccountId, Role, Username};

use super::{BATCH, clock, directory, options};

const RIGHT: &str = "correct horse";

/// How often the server is started, and how often somebody comes in.
const TIMES: usize = 9;

/// Writes the accounts, each with the address of somebody who came in, and one by the shell, with a password that is known.
fn fill(dir: &Path, accounts: u64) {
    let Store {
        mut sink, writer, ..
    } = open(&options(dir), clock()).expect("it opens");
    let running = thread::spawn(move || writer.run(|report| println!("{report}")));
    let hash = Hashed::new(&format!(
        "$argon2id$v=19$m=19456,t=2,p=1${}${}",
        "c".repeat(22),
        "c".repeat(43)
    ));
    for seq in 1..=accounts {
        let id = AccountId(seq);
        let made = KeepAccount::Made {
            name: Username::parse(&format!("member{seq}")).expect("a name"),
            role: Role::Member,
            at: 0,
            hash: Some(hash.clone()),
        };
        let [_, a, b, c] = (seq as u32).to_be_bytes();
        let address = [10, a, b, c].into();
        let came = KeepAccount::CameIn { at: 0, address };
        sink.keep(Keep::Account(id, made));
        sink.keep(Keep::Account(id, came));
        if seq.is_multiple_of(BATCH) || seq == accounts {
            sink.hand_over(seq);
        }
        while sink.status().waiting.0 > 40_000 {
            thread::sleep(Duration::from_millis(1));
        }
    }
    sink.stop(Instant::now() + Duration::from_secs(600));
    running.join().expect("it ends");
    add(dir).expect("the shell makes an account");
}

fn server() -> Command {
    Command::new(std::env::var_os("CHINWAG").unwrap_or(env!("CARGO_BIN_EXE_server").into()))
}

fn add(dir: &Path) -> io::Result<()> {
    let mut adding = server()
        .args(["account", "add", "ann", "--data"])
        .arg(dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()?;
    let mut stdin = adding.stdin.take().ok_or(io::ErrorKind::BrokenPipe)?;
    writeln!(stdin, "{RIGHT}")?;
    drop(stdin);
    match adding.wait()?.success() {
        true => Ok(()),
        false => Err(io::Error::other("the account was not made")),
    }
}

/// A server that runs until this is dropped.
struct Running {
    child: Child,
    addr: SocketAddr,
    /// How long it took until it listened.
    took: Duration,
}

impl Running {
    fn start(dir: &Path) -> io::Result<Running> {
        let begun = Instant::now();
        let mut child = server()
            .args(["--listen", "127.0.0.1:0", "--quiet", "--data"])
            .arg(dir)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        let stdout = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        BufReader::new(stdout).read_line(&mut line)?;
        let took = begun.elapsed();
        let addr = line.split_whitespace().last().unwrap_or_default();
        let addr = addr.parse().map_err(|_| io::Error::other(line.clone()))?;
        Ok(Running { child, addr, took })
    }

    /// Its resident memory, in MiB.
    fn memory(&self) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        super::resident(&status.unwrap_or_default())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Err(error) = self.child.kill().and_then(|()| self.child.wait()) {
            eprintln!("{error}");
        }
    }
}

/// The member who is known comes in, and leaves. Returns how long that took.
fn come_in(addr: SocketAddr) -> io::Result<Duration> {
    let mut stream = TcpStream::connect(addr)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let begun = Instant::now();
    let op = format!("{{\"op\":\"login\",\"name\":\"ann\",\"password\":\"{RIGHT}\"}}\n");
    stream.write_all(op.as_bytes())?;
    let mut read = Vec::new();
    while !String::from_utf8_lossy(&read).contains("\"welcome\"") {
        let mut bytes = [0; 4096];
        let count = stream.read(&mut bytes)?;
        read.extend_from_slice(&bytes[..count]);
        if count == 0 {
            return Err(io::Error::other(String::from_utf8_lossy(&read)));
        }
    }
    Ok(begun.elapsed())
}

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}

/// Measures and prints.
pub(super) fn measure(accounts: u64) -> io::Result<()> {
    let dir = directory(&format!("accounts-{accounts}"));
    let none = directory("accounts-none");
    let is_whole = dir.join("whole");
    if !is_whole.exists() {
        drop(fs::remove_dir_all(&dir));
        let begun = Instant::now();
        fill(&dir, accounts);
        println!(
            "{accounts} accounts were written in {:.1} s",
            begun.elapsed().as_secs_f64()
        );
        fs::write(&is_whole, "")?;
    }
    if !none.exists() {
        add(&none)?;
    }
    println!("| accounts | start | memory | behind logins | a login |\n|---|---:|---:|---:|---:|");
    for (title, dir) in [("1", &none), (&*format!("{accounts}"), &dir)] {
        let (mut took, mut memory, mut behind, mut logins) = (vec![], vec![], vec![], vec![]);
        for _ in 0..TIMES {
            let running = Running::start(dir)?;
            took.push(running.took.as_secs_f64() * 1e3);
            memory.push(running.memory());
            for _ in 0..TIMES {
                logins.push(come_in(running.addr)?.as_secs_f64() * 1e3);
            }
            behind.push(running.memory());
        }
        let [took, memory, behind, logins] = [took, memory, behind, logins].map(median);
        println!("| {title} | {took:.0} ms | {memory:.1} MiB | {behind:.1} MiB | {logins:.1} ms |");
    }
    Ok(())
}
