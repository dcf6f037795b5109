//! The order of lines said in several rooms: everyone who hears these rooms reads them in the order in which they were
//! said, while others flood the rooms, and also if they read too slowly to read all.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::{self, JoinHandle};

use chinwag::limits::SEND_QUEUE_BYTES_RANGE;

use crate::crowd::skipped;
use crate::harness::{Person, serve_with};

/// How many lines are said in two rooms, by turns.
const LINES: usize = 1000;

/// A command that changes nothing, and its answer: by then the server has handled all that came before.
const FENCE: (&str, &str) = ("/back", "You were not away.");

fn is_heard(person: &mut Person) -> Vec<String> {
    person.types(FENCE.0);
    person.reads_until(FENCE.1)
}

/// Comes in and types these lines.
fn comes(addr: SocketAddr, name: &str, lines: &[&str]) -> Person {
    let mut person = Person::login(addr, name);
    lines.iter().for_each(|line| person.types(line));
    is_heard(&mut person);
    person
}

/// What stands before the lines of a reader: a stamp, and the tags of #a and #b.
type Marks = (&'static str, &'static str, &'static str);

/// People who hear #a and #b, with what they type to do so and what stands before their lines.
const READERS: [(&str, &[&str], Marks); 4] = [
    ("in-a", &["/join a", "/listen b"], ("", "", "#b ")),
    ("in-b", &["/join b", "/listen a"], ("", "#a ", "")),
    (
        "in-c",
        &["/join c", "/listen b", "/listen a"],
        ("", "#a ", "#b "),
    ),
    (
        "stamped",
        &["/join a", "/time on", "/listen b", "/switch b"],
        ("[00:00] ", "#a ", ""),
    ),
];

/// A line of #a or #b without its marks, and the room. Checks the shape of the marks. None for lines of other rooms.
fn unmarked(line: &str, (stamp, a, b): Marks) -> Option<(char, &str)> {
    let (shown, line) = line.split_at_checked(stamp.len())?;
    let shape = |c: char| if c.is_ascii_digit() { '0' } else { c };
    assert_eq!(shown.chars().map(shape).collect::<String>(), stamp);
    let (longer, other) = match a.len() > b.len() {
        true => (('a', a), ('b', b)),
        false => (('b', b), ('a', a)),
    };
    let rest = |(room, tag): (char, &str)| Some((room, line.strip_prefix(tag)?));
    let (room, said) = rest(longer).or_else(|| rest(other))?;
    (!said.starts_with('#') && !said.starts_with("fc: ")).then_some((room, said))
}

/// Reads lines of #a and #b, from line 0 of the authors to the last one, on a thread of its own.
fn read_all(mut person: Person, marks: Marks) -> JoinHandle<Vec<(char, String)>> {
    thread::spawn(move || {
        let mut lines: Vec<(char, String)> = Vec::new();
        let last = format!(": {}", LINES - 1);
        loop {
            let line = person.reads_line();
            let Some((room, said)) = unmarked(&line, marks) else {
                continue;
            };
            let is_authors = said.starts_with("ann: ") || said.starts_with("bob: ");
            if is_authors || !lines.is_empty() {
                lines.push((room, said.into()));
            }
            if is_authors && said.ends_with(&last) {
                return lines;
            }
        }
    })
}

/// The room of a line by its number: they are said by turns.
fn room_of(number: usize) -> char {
    if number.is_multiple_of(2) { 'a' } else { 'b' }
}

/// Checks that the lines of the authors and of each flooder are complete and in order.
fn are_in_order(lines: &[(char, String)], author_in: impl Fn(char) -> &'static str) {
    let is_flood = |said: &str| said.starts_with("fa: ") || said.starts_with("fb: ");
    let (flood, said): (Vec<_>, Vec<_>) = lines.iter().partition(|(_, said)| is_flood(said));
    let number = |i| (room_of(i), format!("{}: {i}", author_in(room_of(i))));
    let expected: Vec<_> = (0..LINES).map(number).collect();
    assert_eq!(said.into_iter().cloned().collect::<Vec<_>>(), expected);
    let mut next: HashMap<&str, usize> = HashMap::new();
    for (room, said) in flood {
        let (name, number) = said.split_once(": ").expect("a name and a number");
        assert!(name.ends_with(*room), "{said} in #{room}");
        let number: usize = number.trim().parse().expect("a number");
        let expected = next.insert(name, number + 1).unwrap_or(number);
        assert_eq!(number, expected, "of {name}");
    }
    assert_eq!(next.len(), 2, "both rooms are flooded");
}

/// Waits until lines of both floods came.
fn hears_floods(person: &mut Person) {
    let mut awaited = vec![" fa: ", " fb: "];
    while !awaited.is_empty() {
        let line = format!(" {}", person.reads_line());
        awaited.retain(|it| !line.contains(it));
    }
}

/// After so many lines a flood ends by itself, so that a test that fails ends too.
const MOST_LINES: usize = 200_000;

/// Floods a room until it is calm, `many` lines at a time. Waits each time until the server has handled them.
fn flood(
    addr: SocketAddr,
    room: &'static str,
    many: usize,
    calm: &Arc<AtomicBool>,
) -> JoinHandle<()> {
    let mut person = comes(addr, &format!("f{room}"), &[&format!("/join {room}")]);
    let calm = calm.clone();
    thread::spawn(move || {
        let mut number = 0;
        while !calm.load(Relaxed) && number < MOST_LINES {
            let lines = (number..number + many).map(|i| format!("{i:<60}\n"));
            person.sends(lines.collect::<String>().as_bytes());
            is_heard(&mut person);
            number += many;
        }
    })
}

/// Lets people talk by turns in #a and #b while these rooms and #c are flooded, and others read it. Checks what each of
/// them read.
fn talk_beside_floods(
    flooded_with: usize,
    author_in: impl Fn(char) -> &'static str,
    talk: impl FnOnce(SocketAddr),
) {
    let server = serve_with(|config| {
        config.send_queue = *SEND_QUEUE_BYTES_RANGE.end();
        config.fit_queues();
    });
    let addr = server.addr();
    let calm = Arc::default();
    let floods = ["a", "b", "c"].map(|room| flood(addr, room, flooded_with, &calm));
    let deaf = ["/join a", "/ignore fa", "/listen b"];
    let deaf = read_all(comes(addr, "deaf", &deaf), ("", "", "#b "));
    let readers = READERS.map(|(name, lines, marks)| read_all(comes(addr, name, lines), marks));
    talk(addr);
    calm.store(true, Relaxed);
    for flood in floods {
        flood.join().expect("a flooder");
    }
    let read = readers.map(|it| it.join().expect("a reader"));
    let deaf = deaf.join().expect("a reader");
    for lines in &read {
        are_in_order(lines, &author_in);
        // All of them read the lines of the two rooms in one order.
        assert!(*lines == read[0]);
    }
    let mut first = read.into_iter().next().expect("a reader");
    first.retain(|(_, said)| !said.starts_with("fa: "));
    assert!(deaf == first);
    assert_eq!(server.handle().stats().skipped, 0);
}

#[test]
fn a_thousand_lines_by_turns_into_two_rooms_are_read_in_that_order() {
    talk_beside_floods(
        200,
        |_| "ann",
        |addr| {
            let mut ann = comes(addr, "ann", &["/join a", "/listen b"]);
            let lines: Vec<String> = (0..LINES)
                .map(|i| match room_of(i) {
                    'a' => format!("{i}\n"),
                    _ => format!("/in b {i}\n"),
                })
                .collect();
            for lines in lines.chunks(25) {
                ann.sends(lines.concat().as_bytes());
                is_heard(&mut ann);
                hears_floods(&mut ann);
            }
        },
    );
}

#[test]
fn a_thousand_lines_of_two_who_wait_for_each_other_are_read_in_that_order() {
    talk_beside_floods(
        5,
        |room| if room == 'a' { "ann" } else { "bob" },
        |addr| {
            let mut ann = comes(addr, "ann", &["/join a", "/listen b"]);
            let mut bob = comes(addr, "bob", &["/join c", "/listen a", "/listen b"]);
            for i in (0..LINES).step_by(2) {
                ann.types(&i.to_string());
                bob.reads_until(&format!("#a ann: {i}"));
                bob.types(&format!("/in b {}", i + 1));
                ann.reads_until(&format!("#b bob: {}", i + 1));
                if i % 100 == 0 {
                    hears_floods(&mut ann);
                }
            }
        },
    );
}

/// Says this round's lines, some in #a and some in #b by turns, and lets others say theirs at the same time.
fn say_a_round(ann: &mut Person, flooders: &mut [Person; 3], round: usize) {
    let line = |i: usize| match room_of(i) {
        'a' => format!("{i} {:02000}\n", 0),
        _ => format!("/in b {i} {:02000}\n", 0),
    };
    let lines = (round * BATCH..(round + 1) * BATCH).map(line);
    ann.sends(lines.collect::<String>().as_bytes());
    for flooder in &mut *flooders {
        let lines = (0..FLOOD).map(|i| format!("{}\n", round * FLOOD + i));
        flooder.sends(lines.collect::<String>().as_bytes());
    }
    is_heard(ann);
    for flooder in flooders {
        is_heard(flooder);
    }
}

/// Lines of a round: of ann in #a and #b, and of each who floods a room.
const BATCH: usize = 20;
const FLOOD: usize = 10;

#[test]
fn slow_readers_of_two_rooms_are_told_how_many_of_their_lines_they_missed() {
    let server = serve_with(|config| config.send_queue = *SEND_QUEUE_BYTES_RANGE.start());
    let addr = server.addr();
    let mut ann = comes(addr, "ann", &["/join a", "/listen b"]);
    let mut flooders =
        ["a", "b", "c"].map(|it| comes(addr, &format!("f{it}"), &[&format!("/join {it}")]));
    let mut slow = READERS.map(|(name, lines, _)| {
        let mut slow = Person::taking(addr, 4096);
        slow.logs_in(&format!("slow-{name}"));
        // Nobody comes or goes for them from now on.
        slow.types("/quiet on");
        lines.iter().for_each(|line| slow.types(line));
        is_heard(&mut slow);
        slow
    });
    let mut readers = READERS.map(|(name, lines, _)| comes(addr, name, lines));
    for person in &mut readers {
        is_heard(person);
    }
    let mut read = READERS.map(|_| Vec::new());
    for round in 0..LINES / BATCH {
        say_a_round(&mut ann, &mut flooders, round);
        for (person, lines) in readers.iter_mut().zip(&mut read) {
            lines.extend(is_heard(person));
        }
    }
    for lines in &read {
        let numbers = lines
            .iter()
            .filter_map(|it| it.split_once("ann: ")?.1.split(' ').next());
        assert!(numbers.eq((0..LINES).map(|it| it.to_string())));
    }
    let mut all_missed = 0;
    for (slow, lines) in slow.iter_mut().zip(&read) {
        let (mut next, mut missed) = (0, 0);
        while next < lines.len() {
            let line = slow.reads_line();
            match skipped(&line) {
                Some(count) => (next, missed) = (next + count, missed + count),
                None => {
                    assert_eq!(line, lines[next]);
                    next += 1;
                }
            }
        }
        assert_eq!(next, lines.len());
        assert!(missed > 0, "everything fits the kernel's buffers");
        all_missed += missed;
        slow.types("/users");
        slow.reads("Users online: 12");
    }
    let stats = server.handle().stats();
    assert_eq!((stats.skipped, stats.dropped), (all_missed as u64, 0));
}
