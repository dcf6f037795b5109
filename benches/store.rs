//! The store: lines a second and CPU time a line of the writer, and the times of searches, by what they search for.
//!
//! With `CHINWAG_ACCOUNTS`, it measures what so many accounts cost a server, and nothing else.
//!
//! `CHINWAG_ROWS` is the number of lines, 300,000 unless it says otherwise. They are written once, to a directory below
//! `target` that has their number in its name.

#[path = "store/accounts.rs"]
mod accounts;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use chinwag::inner::store::{
    Before, Clock, Keep, Options, Page, Past, Query, Reader, Refused, Store, Unseen, open,
};
use chinwag::inner::{Moment, News, Offset};
use chinwag::{PersonId, RoomName, Username};
use nix::time::{ClockId, clock_gettime};

/// Lines that are handed over at once, as in a tick of full talk.
const BATCH: u64 = 500;

/// Questions of each kind.
const QUESTIONS: u64 = 300;

/// Words of the language that is spoken here.
const WORDS: usize = 50_000;

/// The time of the first line, 2023-11-14 22:13:20 UTC. There is one a second.
const FIRST: i64 = 1_700_000_000_000;

fn clock() -> Clock {
    Arc::new(|| {
        let unix = SystemTime::now().duration_since(UNIX_EPOCH);
        let unix = unix.expect("the clock is behind 1970");
        Moment {
            instant: Instant::now(),
            unix: unix.as_secs() as i64,
            millis: unix.subsec_millis() as u16,
        }
    })
}

/// Numbers that look random and are the same in each run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}

/// The talk: words as rare as in a language, sixty bytes a line, in fifty rooms. Six lines of ten are said in the
/// first room, and one of a hundred thousand in the last.
struct Talk {
    words: Vec<String>,
    /// The sum of the weights of each word and those before it, in millionths. A word's weight is one by its rank.
    sums: Vec<u64>,
    rooms: Vec<RoomName>,
    people: Vec<Username>,
    dice: Dice,
}

impl Talk {
    fn new() -> Talk {
        let room = |it: usize| RoomName::parse(&format!("room{it}")).expect("a name");
        let person = |it: usize| Username::parse(&format!("person{it}")).expect("a name");
        let mut dice = Dice(3);
        let mut weight = 0.0;
        let weights = (1..=WORDS).map(|rank| {
            weight += 1.0 / rank as f64;
            (weight * 1e6) as u64
        });
        Talk {
            words: (0..WORDS).map(|rank| word(rank, &mut dice)).collect(),
            sums: weights.collect(),
            rooms: (0..50).map(room).collect(),
            people: (0..200).map(person).collect(),
            dice: Dice(1),
        }
    }

    /// The word of this rank, the most common one having 0.
    fn word(&self, rank: usize) -> &str {
        &self.words[rank]
    }

    fn line(&mut self, seq: u64) -> Past {
        let dice = &mut self.dice;
        let room = match dice.below(10) {
            _ if seq.is_multiple_of(100_000) => 49,
            0..6 => 0,
            _ => 1 + dice.below(48) as usize,
        };
        // The two words of a pair that never meets.
        let mut text = String::from(if seq.is_multiple_of(2) { "even" } else { "odd" });
        let all = self.sums[WORDS - 1];
        while text.len() < 35 + dice.below(40) as usize {
            let at = dice.below(all);
            let rank = self.sums.partition_point(|sum| *sum <= at);
            text.push(' ');
            text.push_str(&self.words[rank]);
        }
        let person = (dice.below(200) * dice.below(200)) / 200;
        Past {
            seq,
            at: FIRST + 1000 * seq as i64,
            author: PersonId((1_700_000_000 << 20) + person),
            account: None,
            room: Some(self.rooms[room].clone()),
            news: News::Said {
                from: self.people[person as usize].clone(),
                text: text.into(),
            },
        }
    }
}

/// A word of syllables. Common words are short.
fn word(rank: usize, dice: &mut Dice) -> String {
    const SYLLABLES: [&str; 32] = [
        "ba", "co", "de", "fi", "gu", "ha", "in", "jo", "ka", "le", "mi", "no", "or", "pe", "qui",
        "ro", "sa", "te", "un", "va", "wo", "xe", "ya", "zo", "ber", "lan", "ter", "sch", "tion",
        "ing", "er", "st",
    ];
    let syllables = 2 + usize::from(rank > 300) + usize::from(rank > 8000);
    let pick = |_| SYLLABLES[dice.below(32) as usize];
    (0..syllables).map(pick).collect()
}

/// Writes the lines. Tells how fast, and how much more memory that takes.
fn fill(dir: &Path, rows: u64, talk: &mut Talk) {
    let Store {
        mut sink, writer, ..
    } = open(&options(dir), clock()).expect("it opens");
    let (tell, told) = channel();
    let (start, before) = (Instant::now(), memory());
    let running = thread::spawn(move || {
        let ended = writer.run(|report| println!("{report}"));
        let cpu = clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).expect("a clock");
        tell.send(Duration::from(cpu)).expect("it is awaited");
        ended
    });
    for batch in 0..rows.div_ceil(BATCH) {
        let seqs = batch * BATCH + 1..=rows.min(batch * BATCH + BATCH);
        let last = *seqs.end();
        for seq in seqs {
            sink.keep(Keep::Line(Arc::new(talk.line(seq))));
        }
        sink.hand_over(last);
        while sink.status().waiting.0 > 40_000 {
            thread::sleep(Duration::from_millis(1));
        }
    }
    let more = memory() - before;
    sink.stop(Instant::now() + Duration::from_secs(600));
    let ended = running.join().expect("it ends");
    let took = start.elapsed();
    let cpu = told.recv().expect("it was told");
    let lines = rows as f64;
    println!(
        "writer: {:.0} lines/s, {:.2} µs of CPU a line, {} left, {} refused, {more:.1} MiB, {:.0} bytes a line",
        lines / took.as_secs_f64(),
        cpu.as_secs_f64() * 1e6 / lines,
        ended.left,
        ended.refused,
        std::fs::metadata(dir.join("chinwag.db")).map_or(0, |it| it.len()) as f64 / lines,
    );
}

/// The memory of this process, in MiB.
fn memory() -> f64 {
    resident(&std::fs::read_to_string("/proc/self/status").unwrap_or_default())
}

/// The resident memory in a process's status, in MiB.
fn resident(status: &str) -> f64 {
    let line = status.lines().find_map(|it| it.strip_prefix("VmRSS:"));
    let kib = line.and_then(|it| it.trim().trim_end_matches(" kB").parse::<f64>().ok());
    kib.unwrap_or_default() / 1024.0
}

fn options(dir: &Path) -> Options {
    Options {
        dir: dir.into(),
        is_durable: false,
        keep: None,
        may_be_network: false,
        lines: 200,
    }
}

/// Asks again and again, by numbers that look random. Tells the times.
fn time(title: &str, mut ask: impl FnMut(u64) -> Result<Page, Refused>) {
    let mut dice = Dice(7);
    let (mut found, mut refused) = (0, 0);
    let mut times: Vec<Duration> = Vec::new();
    for _ in 0..QUESTIONS {
        let number = dice.below(1000);
        let start = Instant::now();
        let page = ask(number);
        times.push(start.elapsed());
        match page {
            Ok(page) => found += page.lines.len(),
            Err(_) => refused += 1,
        }
    }
    times.sort();
    let at = |part: usize| times[(times.len() - 1) * part / 100].as_secs_f64() * 1000.0;
    println!(
        "{title:36} p50 {:8.3} ms  p99 {:8.3} ms  most {:8.3} ms  {:5.1} lines  {refused:3} refused",
        at(50),
        at(99),
        at(100),
        found as f64 / QUESTIONS as f64,
    );
}

/// A reader, and what searches are about.
struct Asking<'a> {
    reader: &'a mut Reader,
    talk: &'a Talk,
    rows: u64,
}

impl Asking<'_> {
    fn search(&mut self, room: usize, typed: &str, before: Before) -> Result<Page, Refused> {
        let query = Query::parse(typed, Offset::default()).expect("a search");
        let here = &self.talk.rooms[room];
        self.reader
            .search(&query, here, &Unseen::default(), before, 20)
    }

    /// Searches in the busy room, in a quiet one, in one between, and in all.
    fn everywhere(&mut self, title: &str, typed: impl Fn(&Talk, usize) -> String) {
        for (place, room, suffix) in [
            ("busy room", 0, ""),
            ("a room", 7, ""),
            ("quiet room", 49, ""),
            ("in:*", 0, " in:*"),
        ] {
            time(&format!("{title}, {place}"), |it| {
                let typed = typed(self.talk, it as usize) + suffix;
                self.search(room, &typed, Before::End)
            });
        }
    }

    fn searches(&mut self) {
        let word = |talk: &Talk, rank: usize| talk.word(rank).to_string();
        self.everywhere("common word", |talk, it| word(talk, it % 50));
        self.everywhere("word", |talk, it| word(talk, 300 + it * 2));
        self.everywhere("rare word", |talk, it| word(talk, 49_000 + it));
        self.everywhere("no word", |_, it| format!("nobody{it}"));
        self.everywhere("phrase of common words", |talk, it| {
            format!("\"{} {}\"", talk.word(it % 20), talk.word(it % 17))
        });
        self.everywhere("phrase", |talk, it| {
            format!("\"{} {}\"", talk.word(it), talk.word(2 * it))
        });
        self.everywhere("prefix of 3", |talk, it| {
            format!("{}*", &talk.word(500 + it)[..3])
        });
        self.everywhere("prefix of 5", |talk, it| {
            format!("{}*", &talk.word(500 + it)[..5])
        });
        self.everywhere("two common words", |talk, it| {
            format!("{} {}", talk.word(it % 50), talk.word(it % 47))
        });
        self.everywhere("two words", |talk, it| {
            format!("{} {}", talk.word(it), talk.word(300 + it))
        });
        self.everywhere("three words", |talk, it| {
            let (a, b, c) = (talk.word(it), talk.word(300 + it), talk.word(600 + 2 * it));
            format!("{a} {b} {c}")
        });
        self.everywhere("even odd", |_, _| "even odd".into());
        self.everywhere("word from:", |talk, it| {
            format!("{} from:person{}", talk.word(it), it % 200)
        });
        self.everywhere("from:", |_, it| format!("from:person{}", it % 200));
        self.everywhere("before:", |talk, it| {
            format!("{} before:2023-11-17", talk.word(it))
        });
    }

    /// Pages one after the other, from the newest on.
    fn pages(&mut self) {
        for (title, room, typed) in [
            ("/more of a common word", 0, self.talk.word(3)),
            ("/more of a prefix", 0, "ber*"),
            ("/more in:*", 0, "ban in:*"),
        ] {
            let typed = typed.to_string();
            let mut before = Before::End;
            time(title, |_| {
                let page = self.search(room, &typed, before)?;
                before = page.older.map_or(Before::End, Before::Id);
                Ok(page)
            });
        }
    }

    fn histories(&mut self) {
        let unseen = Unseen::default();
        let rows = self.rows;
        for (title, room) in [("busy room", 0), ("a room", 7), ("quiet room", 49)] {
            let room = self.talk.rooms[room].clone();
            let mut before = Before::End;
            time(&format!("history, page by page, {title}"), |_| {
                let page = self.reader.history(&room, &unseen, before, 200)?;
                before = page.older.map_or(Before::End, Before::Id);
                Ok(page)
            });
            time(&format!("history before a date, {title}"), |it| {
                let before = Before::At(FIRST + (rows * it) as i64);
                self.reader.history(&room, &unseen, before, 200)
            });
            time(&format!("history before an entry, {title}"), |it| {
                let before = Before::Seq(rows / 1000 * it);
                self.reader.history(&room, &unseen, before, 20)
            });
        }
    }
}

/// Has the page cache forget a file.
fn forget(file: &Path) {
    let mut input = std::ffi::OsString::from("if=");
    input.push(file);
    for (program, args) in [
        ("sync", vec![]),
        (
            "dd",
            vec![
                input.as_os_str(),
                "iflag=nocache".as_ref(),
                "count=0".as_ref(),
            ],
        ),
    ] {
        let output = Command::new(program).args(args).output();
        let is_done = output.is_ok_and(|it| it.status.success());
        if !is_done {
            println!("{program} failed: the file is in memory");
        }
    }
}

/// Opens the store. Tells how long that takes, and how much more memory.
fn opened(dir: &Path, title: &str) -> Store {
    let (start, before) = (Instant::now(), memory());
    let store = open(&options(dir), clock()).expect("it opens");
    println!(
        "{title}: {:.1} ms, {} rooms, {:.1} MiB",
        start.elapsed().as_secs_f64() * 1000.0,
        store.loaded.rooms.len(),
        memory() - before,
    );
    store
}

fn directory(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

fn main() {
    let accounts = std::env::var("CHINWAG_ACCOUNTS").ok();
    if let Some(accounts) = accounts.and_then(|it| it.parse().ok()) {
        return accounts::measure(accounts).expect("the server runs");
    }
    let rows = std::env::var("CHINWAG_ROWS").ok();
    let rows = rows.and_then(|it| it.parse().ok()).unwrap_or(300_000);
    let (dir, mut talk) = (directory(&format!("store-{rows}")), Talk::new());
    let is_whole = dir.join("whole");
    if !is_whole.exists() {
        drop(std::fs::remove_dir_all(&dir));
        fill(&dir, rows, &mut talk);
        std::fs::write(&is_whole, "").expect("it is written");
    }
    forget(&dir.join("chinwag.db"));
    drop(opened(&dir, "open, cold"));
    let store = opened(&dir, "open");
    drop(store.loaded);
    let mut reader = store.reader;
    let before = memory();
    let mut asking = Asking {
        reader: &mut reader,
        talk: &talk,
        rows,
    };
    asking.searches();
    asking.pages();
    asking.histories();
    println!("reader: {:.1} MiB", memory() - before);
}
