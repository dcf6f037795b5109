//! The end of the server while everyone talks as fast as they can, and some read slowly or not at all.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::daemon::start;
use crate::harness::{DEADLINE, Person};

const LAST_WORDS: &str = "Server is shutting down. Goodbye!";

/// The end comes when each of the steady readers has read this many bytes.
const SOME: usize = 256 * 1024;

/// Like [`SOME`], but more than the kernel keeps for a person who reads nothing.
const MUCH: usize = 6 * 1024 * 1024;

/// How someone's reading ended: the last line, and the end of the connection, `Ok` for a FIN.
type Ending = (String, Result<(), ErrorKind>);

struct Crowd {
    people: usize,
    /// How much each steady reader reads before the end.
    before_the_end: usize,
    /// People who take a little now and then, far less than is said.
    slow: usize,
    /// Whether these people take everything once the end has begun.
    wake: bool,
    /// People who read nothing.
    deaf: usize,
}

/// Talks until the server takes no more.
fn talk(mut stream: TcpStream) -> JoinHandle<()> {
    let lines = "all of us talk at once\n".repeat(64);
    thread::spawn(move || while stream.write_all(lines.as_bytes()).is_ok() {})
}

/// Reads to the end of the connection, slowly until woken, and tells when it has read a lot.
fn read(
    mut stream: TcpStream,
    mut wake: Option<Receiver<()>>,
    (much, tell): (usize, &Sender<()>),
) -> Ending {
    const PAUSE: Duration = Duration::from_millis(10);
    let (mut came, mut tail) = (0, Vec::new());
    let mut buffer = [0; 16 * 1024];
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    let end = loop {
        let woken = wake.as_ref().map(|it| it.recv_timeout(PAUSE));
        if woken == Some(Err(RecvTimeoutError::Disconnected)) {
            wake = None;
        }
        match stream.read(&mut buffer) {
            Ok(0) => break Ok(()),
            Ok(n) => {
                tail.extend_from_slice(&buffer[..n]);
                tail.drain(..tail.len().saturating_sub(1000));
                if wake.is_none() && (came..came + n).contains(&much) {
                    // Once the end has begun, nobody waits for it any more.
                    let _ = tell.send(());
                }
                came += n;
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => break Err(error.kind()),
        }
    };
    // As a client does then: nothing more is typed.
    let _ = stream.shutdown(Shutdown::Both);
    let text = String::from_utf8_lossy(&tail);
    let last = text
        .strip_suffix("\r\n")
        .and_then(|it| it.rsplit("\r\n").next());
    (last.unwrap_or("half a line").into(), end)
}

fn everyone_who_reads_is_told(crowd: &Crowd, drain: &str) {
    let (daemon, addr) = start(&["--drain", drain]);
    let login = |i| Person::login(addr, &format!("p{i}"));
    let people: Vec<Person> = (0..crowd.people).map(login).collect();
    let (tell, told) = channel();
    let mut wakers = Vec::new();
    let mut reading = Vec::new();
    let mut talking = Vec::new();
    for (i, person) in people.iter().enumerate() {
        talking.push(talk(person.stream()));
        if i < crowd.deaf {
            continue;
        }
        let wake = (i < crowd.deaf + crowd.slow).then(|| {
            let (waker, wake) = channel();
            wakers.push(waker);
            wake
        });
        let (stream, much, tell) = (person.stream(), crowd.before_the_end, tell.clone());
        reading.push(thread::spawn(move || read(stream, wake, (much, &tell))));
    }
    for _ in crowd.deaf + crowd.slow..crowd.people {
        told.recv_timeout(DEADLINE).expect("they read and read");
    }

    daemon.signal(Signal::SIGTERM);
    let signalled = Instant::now();
    if crowd.wake {
        wakers.clear();
    }
    let mut endings: BTreeMap<Ending, usize> = BTreeMap::new();
    for reading in reading {
        *endings.entry(reading.join().unwrap()).or_default() += 1;
    }
    println!(
        "those who read had read it all after {:?}",
        signalled.elapsed()
    );
    let (status, _, _) = daemon.ends();
    println!("and the server had ended after {:?}", signalled.elapsed());
    let all = ((LAST_WORDS.into(), Ok(())), crowd.people - crowd.deaf);
    assert_eq!(endings, BTreeMap::from([all]));
    assert_eq!(status.code(), Some(0));
    talking.into_iter().for_each(|it| it.join().unwrap());
}

/// The limit is longer than any test waits: a server that waited for it would fail the test.
#[test]
fn all_who_talk_and_read_are_told_of_the_end() {
    let crowd = Crowd {
        people: 200,
        before_the_end: SOME,
        slow: 20,
        wake: true,
        deaf: 0,
    };
    everyone_who_reads_is_told(&crowd, "3600");
}

#[test]
fn those_who_read_nothing_hold_up_the_end_no_longer_than_the_drain_limit() {
    let crowd = Crowd {
        people: 60,
        before_the_end: MUCH,
        slow: 6,
        wake: true,
        deaf: 6,
    };
    everyone_who_reads_is_told(&crowd, "2");
}

#[test]
fn who_reads_slowly_and_talks_on_is_told_of_the_end_too() {
    let crowd = Crowd {
        people: 60,
        before_the_end: MUCH,
        slow: 6,
        wake: false,
        deaf: 0,
    };
    everyone_who_reads_is_told(&crowd, "3600");
}
