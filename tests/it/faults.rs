//! The real `server` program when the machine fails it: no descriptor is left, for newcomers or for anything. Only for
//! Linux, which shows what a process holds and lets another process change its limits.

use std::net::SocketAddr;

use chinwag::Server;
use rlimit::{Resource, getrlimit, prlimit};

use crate::daemon::{Daemon, command_after, start};
use crate::harness::{PROMPT, Person, config, room, run, until};

const FULL: &str = "Server is full. Try again later.";

/// Stops a process from getting any descriptor from this number on.
fn limit_descriptors(daemon: &Daemon, number: u64) {
    let (_, hard) = getrlimit(Resource::NOFILE).expect("the limit can be read");
    let pid = i32::try_from(daemon.id()).expect("a process id fits");
    prlimit(pid, Resource::NOFILE, Some((number, hard)), None).expect("the limit can be set");
}

/// Lets a process keep its descriptors but get no others. Returns the first number that it cannot have.
fn leave_no_descriptor(daemon: &Daemon) -> u64 {
    let held = daemon.descriptors();
    let first = (0..).find(|number| !held.contains(number));
    let first = first.expect("not every number is a descriptor's");
    limit_descriptors(daemon, first);
    first
}

/// Checks that the process waits, and does not spin: it is asleep at five hundred looks in a row, and has not woken
/// more often than it tries to let somebody in, which is once a second.
fn is_calm(daemon: &Daemon) {
    let before = daemon.wakes();
    let mut asleep = 0;
    until("the process sleeps", || {
        asleep = if daemon.is_asleep() { asleep + 1 } else { 0 };
        asleep == 500
    });
    let woken = daemon.wakes() - before;
    assert!(woken <= 20, "woken {woken} times");
}

/// The first person of a crowd says something, and the others read that and nothing before it.
fn are_undisturbed(people: &mut [Person]) {
    let (first, others) = people.split_first_mut().expect("somebody is there");
    first.types("still here?");
    for other in others {
        other.reads("p0: still here?");
    }
}

/// People p0, p1 and so on, each of whom has read everything so far.
fn crowd(addr: SocketAddr, count: usize) -> Vec<Person> {
    let mut people: Vec<Person> = Vec::new();
    for i in 0..count {
        let name = format!("p{i}");
        let newcomer = Person::login(addr, &name);
        for person in &mut people {
            person.reads(&format!("{name} has joined the chat."));
        }
        people.push(newcomer);
    }
    people
}

/// The last person goes, and somebody else comes in once there is a descriptor.
fn one_goes_and_another_comes(daemon: &Daemon, addr: SocketAddr, people: &mut Vec<Person>) {
    let before = daemon.descriptors().len();
    let last = people.len() - 1;
    drop(people.pop());
    until("a descriptor is free", || {
        daemon.descriptors().len() < before
    });
    let newcomer = Person::login(addr, "newcomer");
    for person in people.iter_mut() {
        person.reads(&format!("p{last} has left the chat."));
        person.reads("newcomer has joined the chat.");
    }
    people.push(newcomer);
}

#[test]
fn as_many_come_in_as_the_limit_on_open_files_allows() {
    let args = ["-l", "127.0.0.1:0", "--history", "0"];
    let mut daemon = Daemon::spawn(command_after("ulimit -n 64", &args));
    let addr = daemon.listens_on();
    daemon.logs("the limit on open files is 64: holding 32 clients, not 10000");
    let mut people = crowd(addr, 32);
    let held = daemon.descriptors().len();

    // More people at once than get time to read it, and none of them is cut off.
    let mut others: Vec<Person> = (0..40).map(|_| Person::connect(addr)).collect();
    for other in &mut others {
        other.reads(FULL);
        other.is_closed();
    }
    drop(others);
    are_undisturbed(&mut people);
    until("those turned away are gone", || {
        daemon.descriptors().len() == held
    });
    one_goes_and_another_comes(&daemon, addr, &mut people);
    let mut late = Person::connect(addr);
    late.reads(FULL);
    late.is_closed();
}

#[test]
fn without_a_descriptor_newcomers_read_that_the_server_is_full() {
    let (mut daemon, addr) = start(&["--history", "0"]);
    let mut people = crowd(addr, 4);
    leave_no_descriptor(&daemon);

    let mut others: Vec<Person> = (0..40).map(|_| Person::connect(addr)).collect();
    for other in &mut others {
        other.reads(FULL);
        other.is_closed();
    }
    daemon.logs("cannot let anyone in for now: Too many open files");
    is_calm(&daemon);
    are_undisturbed(&mut people);
    one_goes_and_another_comes(&daemon, addr, &mut people);
    let mut late = Person::connect(addr);
    late.reads(FULL);
    late.is_closed();
    are_undisturbed(&mut people);
}

#[test]
fn newcomers_who_cannot_even_be_turned_away_wait_until_they_can_come_in() {
    let (mut daemon, addr) = start(&["--history", "0"]);
    let mut people = crowd(addr, 2);
    let (_, hard) = getrlimit(Resource::NOFILE).expect("the limit can be read");
    // The descriptor kept for turning people away is among those that it cannot get again.
    limit_descriptors(&daemon, 3);
    let mut waiting = [Person::connect(addr), Person::connect(addr)];
    daemon.logs("cannot let anyone in for now: Too many open files");
    is_calm(&daemon);
    are_undisturbed(&mut people);

    limit_descriptors(&daemon, hard);
    for (person, name) in waiting.iter_mut().zip(["ann", "bob"]) {
        person.sees(PROMPT);
        person.types(name);
        person.is_welcomed();
    }
}

/// People who are turned away after sending something read why, and then the end. There is no reset, which would say
/// that their text was lost.
#[test]
fn who_is_turned_away_in_the_middle_of_typing_reads_why() {
    let server = Server::bind(config(|config| config.max_clients = 1)).expect("a free port");
    let addr = server.local_addrs()[0];
    let mut ann = Person::connect(addr);
    let mut others: Vec<Person> = (0..40).map(|_| Person::connect(addr)).collect();
    for other in &mut others {
        other.sends(&b"bob\nhello there\n".repeat(2000));
    }
    let _server = run(server);
    ann.logs_in("ann");
    for other in &mut others {
        other.reads(FULL);
        other.is_closed();
        // After a reset this would fail.
        other.types("hello?");
    }
}

/// The first people who are turned away may go on typing until they have read why.
#[test]
fn who_goes_on_typing_while_turned_away_reads_why() {
    let server = run(Server::bind(config(|config| config.max_clients = 1)).expect("a free port"));
    let [_ann] = room(server.addr(), ["ann"]);
    let mut bob = server.connect();
    for _ in 0..100 {
        bob.sends(b"bob\nhello there\n");
    }
    bob.reads(FULL);
    bob.is_closed();
    // The second of these would fail if the server answered the first with a reset.
    bob.types("hello?");
    bob.types("anyone?");
    bob.ends_input();
}
