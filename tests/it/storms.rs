//! Many connections that come or go at one moment. The tests look for what each leaves behind: in the room, among the
//! names, and among the process's descriptors.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Instant;

use crate::daemon::{Daemon, start};
use crate::harness::{DEADLINE, Person, reset_on_close, until};

/// Sockets of ours besides those that a test counts.
const OTHER_FILES: u64 = 1000;

fn make_room_for(sockets: usize) {
    let needed = sockets as u64 + OTHER_FILES;
    let limit = rlimit::increase_nofile_limit(needed).expect("the limit can be read");
    assert!(
        limit >= needed,
        "the limit on open files is {limit}; raise it to {needed} with 'ulimit -Hn'"
    );
}

/// One of thousands; the tests check them less closely than a [`Person`].
struct Guest {
    stream: TcpStream,
    addr: SocketAddr,
}

impl Guest {
    fn connect(addr: SocketAddr) -> Guest {
        let stream = TcpStream::connect(addr).expect("the server accepts");
        stream
            .set_read_timeout(Some(DEADLINE))
            .expect("a time limit can be set");
        let addr = stream.local_addr().expect("the socket has an address");
        Guest { stream, addr }
    }

    fn types(&mut self, line: &str) {
        self.stream
            .write_all(format!("{line}\n").as_bytes())
            .expect("the server takes what is sent");
    }

    /// Reads until this is the last line so far.
    fn reads_to(&mut self, line: &str) {
        let last = format!("{line}\r\n");
        let mut came = Vec::new();
        let mut buffer = [0; 16 * 1024];
        while !came.ends_with(last.as_bytes()) {
            let n = self.stream.read(&mut buffer).expect("something comes");
            let text = String::from_utf8_lossy(&came);
            assert!(n > 0, "{line:?} is not in {text:?}");
            came.extend_from_slice(&buffer[..n]);
        }
    }

    fn vanishes(self) {
        reset_on_close(&self.stream);
    }
}

/// This many people come in at once. Each asks for quiet at once, as otherwise they would read about everyone after
/// them.
fn crowd(addr: SocketAddr, size: usize) -> Vec<Guest> {
    let come_in = |_| {
        let mut guest = Guest::connect(addr);
        guest.types("/quiet on");
        guest
    };
    let mut guests: Vec<Guest> = (0..size).map(come_in).collect();
    for guest in &mut guests {
        guest.reads_to("Join and leave notices are off.");
    }
    guests
}

fn nothing_is_left_open(daemon: &Daemon, sockets: usize) {
    until("every socket is closed", || daemon.sockets() == sockets);
}

#[test]
fn five_thousand_resets_at_once_are_five_thousand_goodbyes() {
    const GUESTS: usize = 5000;
    const STAYERS: usize = 10;
    make_room_for(GUESTS + STAYERS);
    let most = (GUESTS + STAYERS).to_string();
    let (daemon, addr) = start(&["--anonymous", "--max-clients", &most]);
    let mut people: Vec<Person> = (0..STAYERS).map(|_| Person::connect(addr)).collect();
    let last = people[STAYERS - 1].addr();
    for person in &mut people {
        person.reads_until(&format!("{last} has joined the chat."));
    }
    let sockets = daemon.sockets();

    let mut guests = crowd(addr, GUESTS);
    assert_eq!(daemon.sockets(), sockets + GUESTS);
    // They read about the people who go, so that the server writes much to people who are gone already.
    for guest in &mut guests {
        guest.types("/quiet off");
        guest.reads_to("Join and leave notices are on.");
    }
    let joined: BTreeSet<String> = guests.iter().map(|guest| guest.addr.to_string()).collect();
    assert_eq!(joined.len(), GUESTS);
    for person in &mut people {
        assert_eq!(names(person, GUESTS, " has joined the chat."), joined);
    }

    daemon.hold();
    for (i, mut guest) in guests.into_iter().enumerate() {
        if i % 3 == 0 {
            guest.stream.write_all(b"half a li").unwrap();
        }
        guest.vanishes();
    }
    let released = Instant::now();
    daemon.release();
    for person in &mut people {
        assert_eq!(names(person, GUESTS, " has left the chat."), joined);
    }
    println!("{GUESTS} resets were told after {:?}", released.elapsed());
    nothing_is_left_open(&daemon, sockets);
    println!("and their sockets closed after {:?}", released.elapsed());
    everyone_talks_and_counts(&mut people);
    the_house_fills_again(addr, GUESTS);
}

/// Takes this many lines that end in these words, and returns the names before the words.
fn names(person: &mut Person, count: usize, words: &str) -> BTreeSet<String> {
    let name = |line: String| match line.strip_suffix(words) {
        Some(name) => name.to_string(),
        None => panic!("{line:?} does not say{words:?}"),
    };
    (0..count).map(|_| name(person.reads_line())).collect()
}

/// Each person reads the lines of all others and how many people there are, and nothing else.
fn everyone_talks_and_counts(people: &mut [Person]) {
    for speaker in 0..people.len() {
        let line = format!("{}: still here", people[speaker].addr());
        people[speaker].types("still here");
        for reader in (0..people.len()).filter(|&reader| reader != speaker) {
            people[reader].reads(&line);
        }
    }
    let count = format!("Users online: {}", people.len());
    for person in people {
        person.types("/users");
        person.reads(&count);
    }
}

fn the_house_fills_again(addr: SocketAddr, places: usize) {
    let _guests = crowd(addr, places);
    let mut one_more = Person::connect(addr);
    one_more.reads("Server is full. Try again later.");
    one_more.is_closed();
}

/// A hundred people who are gone before the server knows of them: closed or reset, with or without half a word.
fn come_and_go(addr: SocketAddr) -> BTreeSet<String> {
    let come_and_go = |i| {
        let mut guest = Guest::connect(addr);
        match i % 4 {
            0 => guest.stream.shutdown(Shutdown::Write).unwrap(),
            1 => reset_on_close(&guest.stream),
            2 => guest.stream.shutdown(Shutdown::Both).unwrap(),
            _ => {
                guest.stream.write_all(b"half a li").unwrap();
                reset_on_close(&guest.stream);
            }
        }
        guest.addr.to_string()
    };
    (0..100).map(come_and_go).collect()
}

#[test]
fn nothing_is_left_of_those_who_go_before_they_are_prompted() {
    let (daemon, addr) = start(&[]);
    let mut ann = Person::login(addr, "ann");
    let sockets = daemon.sockets();
    daemon.hold();
    come_and_go(addr);
    daemon.release();
    // The server serves them in the order in which they came.
    let bob = Person::login(addr, "bob");
    nothing_is_left_open(&daemon, sockets + 1);
    ann.reads("bob has joined the chat.");
    ann.types("/users");
    ann.reads("Users online: 2");
    drop(bob);
}

#[test]
fn those_who_go_before_they_are_welcomed_have_come_and_gone_once() {
    let (daemon, addr) = start(&["--anonymous"]);
    let mut ann = Person::connect(addr);
    ann.reads_until(&format!("{} has joined the chat.", ann.addr()));
    let sockets = daemon.sockets();
    daemon.hold();
    let guests = come_and_go(addr);
    daemon.release();
    let mut came = BTreeSet::new();
    let mut went = BTreeSet::new();
    while went.len() < guests.len() {
        let line = ann.reads_line();
        if let Some(name) = line.strip_suffix(" has joined the chat.") {
            assert!(came.insert(name.to_string()), "{name} came twice");
        } else if let Some(name) = line.strip_suffix(" has left the chat.") {
            assert!(came.contains(name), "{name} went without having come");
            assert!(went.insert(name.to_string()), "{name} went twice");
        } else {
            panic!("{line:?}");
        }
    }
    assert_eq!(came, guests);
    nothing_is_left_open(&daemon, sockets);
    everyone_talks_and_counts(&mut [ann]);
}
