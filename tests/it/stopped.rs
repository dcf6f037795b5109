//! Real clients that stop for a minute, as by Ctrl-Z or a laptop's lid, while others talk on.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::Stdio;
use std::time::{Duration, Instant};

use chinwag::limits::{PEER_TIMEOUT, STALL};

use crate::crowd::skipped;
use crate::daemon::{Daemon, start};
use crate::harness::{DEADLINE, PROMPT, Person, room};
use crate::program::program;
use crate::real_clients::{NETCAT, can_play};

const MINUTE: Duration = Duration::from_secs(60);

/// The names under which the two clients come in: netcat, and the bundled one behind a pipe.
const NAMES: [&str; 2] = ["netcat", "pipe"];

fn clients(addr: SocketAddr) -> [Daemon; 2] {
    let mut netcat = program(NETCAT.program);
    netcat.args(NETCAT.args(addr));
    let mut pipe = program(env!("CARGO_BIN_EXE_client"));
    pipe.args(["--port", &addr.port().to_string(), "--name", NAMES[1]]);
    let mut clients = [netcat, pipe].map(|mut command| {
        command.stdin(Stdio::piped());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        Daemon::spawn(command)
    });
    clients[0].types(NAMES[0]);
    for (client, name) in clients.iter_mut().zip(NAMES) {
        prints_until(client, &format!("{name} has joined the chat."));
    }
    clients
}

fn prints_until(client: &mut Daemon, line: &str) {
    while client.prints() != line {}
}

/// The line of ann's with this number: no byte of its text may be missing.
fn text(number: usize, len: usize) -> String {
    format!("{number:06} {}.", "x".repeat(len))
}

/// Two people in a room with two clients, who have read about each other.
fn room_with_clients(addr: SocketAddr) -> ([Person; 2], [Daemon; 2]) {
    let [mut ann, mut bob] = room(addr, ["ann", "bob"]);
    let mut clients = clients(addr);
    for person in [&mut ann, &mut bob] {
        let mut joined = [person.reads_line(), person.reads_line()];
        joined.sort();
        assert_eq!(
            joined,
            NAMES.map(|name| format!("{name} has joined the chat."))
        );
    }
    ann.types("ready");
    bob.reads("ann: ready");
    for client in &mut clients {
        prints_until(client, "ann: ready");
    }
    ([ann, bob], clients)
}

/// Ann talks to bob while the clients stand still.
struct Talk<'a> {
    people: &'a mut [Person; 2],
    /// How long each line is.
    len: usize,
    said: usize,
    begun: Instant,
}

impl Talk<'_> {
    fn begin<'a>(people: &'a mut [Person; 2], clients: &[Daemon], len: usize) -> Talk<'a> {
        clients.iter().for_each(Daemon::hold);
        Talk {
            people,
            len,
            said: 0,
            begun: Instant::now(),
        }
    }

    fn say(&mut self) {
        let [ann, bob] = &mut *self.people;
        let text = text(self.said, self.len);
        ann.types(&text);
        bob.reads(&format!("ann: {text}"));
        self.said += 1;
    }

    /// Talks until this much time has passed since the beginning, as fast as the server lets her.
    fn go_on(&mut self, until: Duration) {
        while self.begun.elapsed() < until {
            self.say();
        }
    }

    /// Says one line each time that the server, by its own clock, has waited in vain for a stranger's name.
    fn go_on_calmly(&mut self, addr: SocketAddr, time: Duration) {
        while self.begun.elapsed() < time {
            self.say();
            let mut stranger = Person::connect(addr);
            stranger.sees(PROMPT);
            stranger.sees("\r\nLogin timed out. Goodbye!\r\n");
        }
    }
}

/// Ann's lines that a client has printed, in their order.
#[derive(Default)]
struct Heard {
    /// The number of the next line.
    next: usize,
    /// How many lines before it were skipped.
    missed: usize,
}

impl Heard {
    /// The client printed the next line, or the number of skipped lines.
    fn hear(&mut self, line: &str, len: usize) {
        if let Some(count) = skipped(line) {
            self.missed += count;
            self.next += count;
        } else {
            assert_eq!(line, format!("ann: {}", text(self.next, len)));
            self.next += 1;
        }
    }
}

/// The client prints every line, or the number of skipped lines. Returns how many were skipped.
fn catches_up(client: &mut Daemon, said: usize, len: usize) -> usize {
    let mut heard = Heard::default();
    while heard.next < said {
        heard.hear(&client.prints(), len);
    }
    assert_eq!(heard.next, said);
    heard.missed
}

fn everyone_talks(people: &mut [Person; 2], clients: &mut [Daemon; 2]) {
    let [ann, bob] = people;
    ann.types("awake?");
    for client in clients.iter_mut() {
        assert_eq!(client.prints(), "ann: awake?");
    }
    bob.reads("ann: awake?");
    for (client, name) in clients.iter_mut().zip(NAMES) {
        client.types("yes");
        bob.reads(&format!("{name}: yes"));
    }
}

#[test]
#[ignore = "takes a minute; .ci/run runs it"]
fn who_stands_still_for_a_minute_reads_all_of_it_then() {
    let test = "who_stands_still_for_a_minute_reads_all_of_it_then";
    if !can_play(test, &[&NETCAT]) {
        return;
    }
    // So little that the clients' sockets are full for only a part of the minute.
    let (_daemon, addr) = start(&["--rate", "100:100"]);
    let (mut people, mut clients) = room_with_clients(addr);
    let mut talk = Talk::begin(&mut people, &clients, 60);
    talk.go_on(MINUTE);
    let said = talk.said;
    clients.iter().for_each(Daemon::release);
    for client in &mut clients {
        assert_eq!(catches_up(client, said, 60), 0);
    }
    println!("{said} lines were said meanwhile");
    everyone_talks(&mut people, &mut clients);
}

#[test]
#[ignore = "takes a minute; .ci/run runs it"]
fn who_stands_still_for_too_much_reads_how_many_lines_were_skipped() {
    let test = "who_stands_still_for_too_much_reads_how_many_lines_were_skipped";
    if !can_play(test, &[&NETCAT]) {
        return;
    }
    const LEN: usize = 1000;
    const FLOOD: usize = 15_000;
    let (_daemon, addr) = start(&["--send-queue", "524288", "--login-timeout", "3"]);
    let (mut people, mut clients) = room_with_clients(addr);
    // Most of it comes towards the end: a person whose socket is full for a minute is dropped.
    let mut talk = Talk::begin(&mut people, &clients, LEN);
    talk.go_on_calmly(addr, MINUTE * 2 / 3);
    (0..FLOOD).for_each(|_| talk.say());
    talk.go_on_calmly(addr, MINUTE);
    let said = talk.said;
    clients.iter().for_each(Daemon::release);
    for (client, name) in clients.iter_mut().zip(NAMES) {
        let missed = catches_up(client, said, LEN);
        println!("{name} missed {missed} of {said} lines");
        assert!(missed > 0, "the kernel took all of it for {name}");
    }
    everyone_talks(&mut people, &mut clients);
}

#[test]
#[ignore = "takes a minute; .ci/run runs it"]
fn who_reads_nothing_for_a_minute_while_much_waits_is_dropped() {
    let test = "who_reads_nothing_for_a_minute_while_much_waits_is_dropped";
    if !can_play(test, &[&NETCAT]) {
        return;
    }
    let (mut daemon, addr) = start(&["--history", "0", "--keep-seat", "0"]);
    let ([mut ann, mut bob], clients) = room_with_clients(addr);
    clients.iter().for_each(Daemon::hold);
    let begun = Instant::now();
    const SAID: usize = 4000;
    for number in 0..SAID {
        ann.types(&text(number, 8000));
        bob.reads(&format!("ann: {}", text(number, 8000)));
    }
    let ears = bob.stream();
    // When the kernel takes a byte late, another minute begins.
    ears.set_read_timeout(Some(2 * STALL + DEADLINE)).unwrap();
    let mut left: Vec<String> = BufReader::new(ears)
        .lines()
        .take(2)
        .map(Result::unwrap)
        .collect();
    let took = begun.elapsed();
    assert!(took >= STALL.min(PEER_TIMEOUT), "{left:?} after {took:?}");
    println!("they were dropped after {took:?}");
    left.sort();
    assert_eq!(left, NAMES.map(|name| format!("{name} has left the chat.")));
    for _ in NAMES {
        let line = daemon.logs("left: ");
        // Either the kernel or the server notices first.
        let words = ["connection lost: timed out", "read nothing for a minute"];
        assert!(words.iter().any(|it| line.contains(it)), "{line}");
    }
    // Their names are free, and the room goes on.
    let newcomers = NAMES.map(|name| Person::login(addr, name));
    bob.reads_until(&format!("{} has joined the chat.", NAMES[1]));
    ann.types("still here");
    bob.reads("ann: still here");
    drop(newcomers);
    clients.iter().for_each(Daemon::release);
    for client in clients {
        let (_, printed, _) = client.ends();
        // The bundled client comes back by itself, and says so. The end may have cut the last line. Lines before it
        // may have been skipped, if the kernel took more than it had at first.
        let before = printed
            .iter()
            .take_while(|line| *line != "Welcome to the chat!");
        let whole = &printed[..before.count().saturating_sub(1)];
        let mut heard = Heard::default();
        whole.iter().for_each(|line| heard.hear(line, 8000));
        assert!(whole.len() > 1 && heard.next < SAID);
    }
}
